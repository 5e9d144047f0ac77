"""Lists of restricted parties, as they stand now: forced labour (UFLPA) and sanctions.

Lists apply on the day of the question, to everybody and every place on the physical path, however
little metal passed there. No certificate, claim or credit changes that.
"""

import re
from collections.abc import Iterable

from standards.rulebook.claims import least_favorable
from standards.rulebook.composition import unmeasurable
from standards.rulebook.credential import Snapshot
from standards.rulebook.dossier import Dossier, Source, Step
from standards.rulebook.findings import Finding
from standards.rulebook.handing import holders_of
from standards.rulebook.law import LawOnDate, Provision
from standards.rulebook.registers import recorded_by
from standards.rulebook.rule import rule
from standards.rulebook.rules.oecd import strangers_on, subjects_on, who
from standards.rulebook.schemes import Scheme
from standards.rulebook.sites import told_or_open
from standards.rulebook.standing import Standing, cannot_tell, fails, holds

_ORGANIZATION = re.compile(r"[a-z0-9][a-z0-9-]{1,31}")


@rule(
    id="LAW-01",
    title="Nobody on the physical path is on a list of restricted parties today",
    source="Pub. L. 117-78 (UFLPA), section 3, and the lists that the policy names",
    governed_by="as_of",
    reads=(
        "entity_lists.presumed_regions",
        "entity_lists.register_max_age",
        "entity_lists.required_lists",
        "entity_lists.trusted_recorders",
    ),
    aliases=("UFLPA_NEXUS",),
    burden_on_claimant=True,
)
def nobody_on_the_path_is_on_a_list(dossier: Dossier, law: LawOnDate) -> Finding:
    """Sites and companies that mined, worked, held or owned it; and regions under presumption.

    The last copy of each list counts. A hit on an old copy is a hit; to find nobody a copy must
    be recent, complete and matched with whoever it names.
    """
    regions, required = law["entity_lists.presumed_regions"], law["entity_lists.required_lists"]
    if (answer := unmeasurable(dossier)) is not None:
        return answer
    told = [*_regions(dossier, regions.value)]
    trusted = told_or_open(law, "entity_lists.trusted_recorders")
    if isinstance(trusted, Standing):
        return least_favorable([*told, trusted], regions, required)
    told += [_list(dossier, law, name, title, trusted) for name, title in required.value.items()]
    return least_favorable(told, regions, required, trusted)


def _regions(dossier: Dossier, regions: tuple[str, ...]) -> Iterable[Standing]:
    """Yield what stands against places: a region under presumption, or a part not told."""
    spots: list[Source | Step] = [*dossier.sources, *dossier.steps]
    countries = {one.partition("-")[0] for one in regions}
    for one in spots:
        site = one.facility_id or "an unnamed site"
        if one.mg == 0:
            continue
        if one.subdivision in regions:
            because = f"{site} lies in {one.subdivision}; goods from there are presumed to be made"
            yield fails(f"{because} with forced labour, in whole or in part", one.entry)
        elif one.country in countries and one.subdivision is None:
            because = f"in which part of {one.country} {site} lies is not known"
            yield cannot_tell(because, one.entry, missing=f"subdivision of {site}")


def _list(dossier: Dossier, law: LawOnDate, name: str, title: str, trusted: Provision) -> Standing:
    scheme = Scheme(id=name, name=title, document=title, latest_governs=True)
    known = recorded_by(dossier, scheme, trusted)
    if not known:
        because = f"no copy of the {title} of {dossier.as_of} or earlier, recorded by somebody"
        because = f"{because} on the trust list, is on file"
        return cannot_tell(because, missing=f"{title} of {dossier.as_of}")
    last = known[0]
    subjects = subjects_on(dossier)
    hits = [row for row in last.rows if row.subject_id in subjects and row.covers(dossier.as_of)]
    if hits:
        row = hits[0]
        named = f'as "{row.name}"' if row.name else "without a name"
        because = f"{who(row.subject_id)} is on the {title} of {last.retrieved_on}, {named}"
        return fails(because, last.entry)
    return _nobody(dossier, law, title, last)


def _nobody(dossier: Dossier, law: LawOnDate, title: str, last: Snapshot) -> Standing:
    """Tell whether a copy without a hit shows that nobody is on the list."""
    name, day = f"{title} of {last.retrieved_on}", dossier.as_of
    age = (day - last.retrieved_on).days
    longest = told_or_open(law, "entity_lists.register_max_age") if age else None
    if isinstance(longest, Standing):
        return longest
    if longest is not None and age > longest.value:
        because = f"the {name} is {age} days old; {longest.value} days are allowed"
        return cannot_tell(because, last.entry, missing=f"{title} of {day}")
    if not last.complete:
        because = f"the {name} is on file only in part"
        return cannot_tell(because, last.entry, missing=f"complete {title} of {day}")
    unresolved = _unresolved(dossier)
    if unresolved:
        because = f"not everybody on the path is known: {unresolved[0]} is missing"
        return cannot_tell(because, last.entry, missing=unresolved[0])
    if last.unmatched:  # whoever held the lot may be of any country, whatever its sites are of
        because = f"rows of the {name} are not matched with anybody, and may be of the path"
        missing = f"match of the rows of the {name} with sites and companies"
        return cannot_tell(because, last.entry, missing=missing)
    return holds(f"nobody on the path is on the {name}", last.entry)


def _unresolved(dossier: Dossier) -> list[str]:
    """Name the parties on the path of whom it is not known who they are."""
    missing = strangers_on(dossier)
    missing += [
        f"identity of who made lot {one.lot_id}" for one in dossier.lots if one.maker is None
    ]
    if any(not _ORGANIZATION.fullmatch(one) for one in holders_of(dossier.lots)):
        missing.append("identity of an owner on the path without a key on this ledger")
    return missing
