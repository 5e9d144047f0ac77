"""The London Metal Exchange: whether a site's brand may be delivered, and on which track.

A listing is about a brand of a refined metal: it rests on a due-diligence track and management
systems, and says nothing of a single lot.
"""

from standards.rulebook.composition import unmeasurable
from standards.rulebook.credential import Credential, Listing
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import Finding, not_applicable
from standards.rulebook.law import LawOnDate
from standards.rulebook.path import Visit, surveyed
from standards.rulebook.registers import Entry, entries_of, may_be_unmatched, name_of, word
from standards.rulebook.rule import rule
from standards.rulebook.schemes import LME
from standards.rulebook.sites import CheckedSite, finding_about_sites, threshold
from standards.rulebook.standing import (
    Standing,
    activity_standing,
    best,
    cannot_tell,
    disputed,
    fails,
    holds,
    listed,
    material_standing,
    status_standing,
    validity_standing,
    worst,
)


@rule(
    id="LME-01",
    title="The refined metal is of brands that the LME lists, on a responsible-sourcing track",
    source="LME responsible sourcing: tracks A to D, ISO 14001 and ISO 45001 or equivalent",
    governed_by="as_of",
    reads=(
        "lme.assessed_stages",
        "lme.good_statuses",
        "lme.metals",
        "lme.minimum_share",
        "lme.register_max_age",
        "lme.required_certificates",
        "lme.statuses",
        "lme.time_rule",
        "lme.tracks",
    ),
)
def the_brand_is_listed_with_track_and_certificates(dossier: Dossier, law: LawOnDate) -> Finding:
    """On the day it was refined the brand was listed, on one of the tracks there are.

    The site held the certificates that the LME asks for on that day too.
    """
    metals = law["lme.metals"]
    if dossier.mineral not in metals.value:
        return not_applicable(f"the LME lists no brands of {dossier.mineral}", metals)
    if (answer := unmeasurable(dossier)) is not None:
        return answer
    survey = surveyed(dossier, law, LME)
    if not survey.visits and survey.untold_mg == 0:
        stages = law["lme.assessed_stages"]
        because = f"no {' or '.join(stages.value)} took place on the path"
        return not_applicable(because, metals, stages)
    return finding_about_sites(
        [
            CheckedSite(
                facility_id=visit.facility_id,
                stage=visit.stage,
                mg=visit.mg,
                standing=visit.decided or _brand(dossier, law, visit),
            )
            for visit in survey.visits
        ],
        total_mg=survey.total_mg,
        untold_mg=survey.untold_mg,
        minimum=threshold(law, "lme.minimum_share"),
        mineral=dossier.mineral,
        words="was refined by sites whose brand the LME lists",
        missing=survey.missing,
        notices=survey.notices,
    )


def _brand(dossier: Dossier, law: LawOnDate, visit: Visit) -> Standing:
    site = visit.site
    found = entries_of(dossier, law, LME, visit.facility_id or "", visit.judged_on, site=site)
    if isinstance(found, Standing):
        return found
    brands = [_on_the_list(dossier, law, visit, one) for one in found]
    return worst([*brands, *_certificates(dossier, law, visit)])


def _on_the_list(dossier: Dossier, law: LawOnDate, visit: Visit, found: Entry) -> Standing:
    site, register = visit.site, name_of(LME, found.register)
    if not found.rows and may_be_unmatched(found.register, visit.country):
        because = f"{site}: rows of the {register} are not matched with sites; one may be it"
        missing = f"match of the rows of the {register} with sites"
        return cannot_tell(because, found.register.entry, missing=missing)
    own = [one for one in found.rows if dossier.mineral in (one.materials or ())]
    if not own and any(one.materials is None for one in found.rows):
        because = f"{site}: for which metal its brand is on the {register} is not coded"
        missing = f"metal for which {site} is on the {register}"
        return cannot_tell(because, found.register.entry, missing=missing)
    if not own:
        because = f"{site}: no brand of its {dossier.mineral} is on the {register}"
        return fails(because, found.register.entry)
    return best(_row(law, visit, found, one) for one in own)


def _row(law: LawOnDate, visit: Visit, found: Entry, row: Listing) -> Standing:
    name, register = row.name or visit.site, name_of(LME, found.register)
    status, entry = word(row.status), found.register.entry
    if status not in law["lme.statuses"].value:
        because = f"{visit.site}: in which state its brand is on the {register} cannot be read"
        missing = f"status of the brand {name} on the {register}"
        return cannot_tell(because, entry, missing=missing)
    if status not in law["lme.good_statuses"].value:
        because = f"{visit.site}: its brand is {status.replace('_', ' ')} on the {register}"
        return fails(because, entry)
    tracks = law["lme.tracks"].value
    track = (row.level or "").removeprefix("Track ").strip()
    if not track:
        because = f"{visit.site}: on which track its brand is on the {register} is not told"
        return cannot_tell(because, entry, missing=f"track of the brand {name} on the {register}")
    if track not in tracks:
        because = f"{visit.site}: its brand is on track {track}; there are {listed(tracks)}"
        return fails(because, entry)
    return holds(f"{visit.site}: its brand is listed on track {track} ({tracks[track]})", entry)


def _certificates(dossier: Dossier, law: LawOnDate, visit: Visit) -> list[Standing]:
    """Tell of each certificate that the LME asks for whether the site held it on the day."""
    required = law["lme.required_certificates"].value
    told = []
    for scheme, name in required.items():
        own = [
            one
            for one in dossier.credentials
            if one.scheme == scheme and one.facility_id == visit.facility_id
        ]
        if not own:
            because = f"{visit.site}: no certificate under {name} is on file"
            missing = f"certificate under {name} for {visit.site}"
            told.append(cannot_tell(because, missing=missing))
            continue
        told.append(best(_certificate(dossier, visit, name, one) for one in own))
    return told


def _certificate(dossier: Dossier, visit: Visit, name: str, own: Credential) -> Standing:
    site, day, size = visit.site, visit.judged_on, dossier.log_size
    return (
        disputed(own, site=site)
        or activity_standing(own, site=site, activity=visit.stage)
        or (material_standing(own, site=site, mineral=dossier.mineral) if own.materials else None)
        or status_standing(own, site=site, day=day, log_size=size)
        or validity_standing(own, site=site, day=day, log_size=size)
        or holds(f"{site}: certified under {name} on {day}", own.entry)
    )
