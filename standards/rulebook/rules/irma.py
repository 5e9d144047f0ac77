"""IRMA: the Standard for Responsible Mining, as the published audits of mines tell it.

IRMA publishes audits with an achievement level for a mine site; it issues no certificate and
its level is no average, so levels are taken as published and never computed.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

from standards.rulebook.appraisal import (
    Appraisal,
    absence,
    keeps_the_level,
    performance_credentials,
    performance_standards,
)
from standards.rulebook.asking import Asked, Question, answered_for, of_visits, told_of_sites
from standards.rulebook.composition import unmeasurable
from standards.rulebook.credential import NEGATIVE_STATUSES, Credential
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import Finding, Outcome, indeterminate
from standards.rulebook.law import LawOnDate, Unavailable
from standards.rulebook.path import Survey, Visit, nothing_surveyed, surveyed
from standards.rulebook.rule import rule
from standards.rulebook.schemes import IRMA
from standards.rulebook.sites import CheckedSite, finding_about_sites, threshold
from standards.rulebook.standing import (
    Standing,
    best,
    cannot_tell,
    fails,
    published,
    standing,
    status_on,
    worst,
)
from standards.rulebook.versions import drafted

TREATMENTS = ("apart", "outside")
USUAL = (
    "irma.assessed_stages",
    "irma.minimum_share",
    "irma.performance_standards",
    "irma.time_rule",
)
"""What every rule about mines reads."""


@rule(
    id="IRMA-02",
    title="Enough of the metal comes from mines with the required IRMA level",
    source="IRMA Standard for Responsible Mining v1.0, achievement levels; minimum set by the club",
    governed_by="as_of",
    reads=(
        *USUAL,
        "irma.levels",
        "irma.minimum_level",
        "irma.recycled_treatment",
        "irma.standards",
    ),
)
def metal_comes_from_mines_with_the_required_level(dossier: Dossier, law: LawOnDate) -> Finding:
    """The minimum share comes from mines whose published level held on the day of dispatch.

    The mine is judged on the day each parcel left it (or was used on site), as known at the
    dossier's log size; the minimum is the policy's on the day the question is asked for.
    Recycled metal cannot be audited: `apart` (in no share) or `outside` (as without a level).
    What a mine says of itself is no audit, and a draft earns no level.
    """
    if (answer := unmeasurable(dossier)) is not None:
        return answer
    minimum, levels = law["irma.minimum_level"], law["irma.levels"]
    if minimum.value not in levels.value:
        because = f"{minimum.value} is none of IRMA's levels ({', '.join(levels.value)})"
        return indeterminate(because, minimum, levels, missing=("a minimum that is an IRMA level",))
    told = _mines(dossier, law)
    if (answer := nothing_surveyed(dossier, told)) is not None:
        return answer
    enough = levels.value[levels.value.index(minimum.value) :]
    standards, versions = performance_standards(law, IRMA), law["irma.standards"].value
    return finding_about_sites(
        [
            CheckedSite(
                facility_id=visit.facility_id,
                mg=visit.mg,
                standing=_mine_standing(dossier, visit, enough, standards, versions),
            )
            for visit in told.visits
        ],
        total_mg=told.total_mg,
        untold_mg=told.untold_mg,
        minimum=threshold(law, "irma.minimum_share"),
        mineral=dossier.mineral,
        words=f"comes from mines that held {minimum.value} or better at dispatch",
        missing=told.missing,
        notices=told.notices,
    )


def _mines(dossier: Dossier, law: LawOnDate) -> Survey:
    """Return the mines of a lot, with recycled metal counted as the parameter says.

    Raises:
        Unavailable: there is recycled metal, and nobody has set how it counts, or said what
            rules do not know.
    """
    treatment = "apart"
    if any(one.kind == "recycled" and one.mg > 0 for one in dossier.sources):
        provision = law["irma.recycled_treatment"]
        treatment = provision.value
        if treatment not in TREATMENTS:
            because = f"{provision.key} is {treatment}; the rule knows {', '.join(TREATMENTS)}"
            raise Unavailable(provision.key, because, provision=provision)
    return surveyed(dossier, law, IRMA, recycled=treatment)


def about_mines(
    dossier: Dossier, law: LawOnDate, words: str, question: Question, *, on_any_day: bool = False
) -> Finding:
    """Ask the audit that governs at each mine; recycled metal has none and is left apart.

    Args:
        on_any_day: as in `asking.answered`.
    """
    told = _asked(dossier, law)
    if isinstance(told, Finding):
        return told
    return answered_for(told, words, question, minimum="irma.minimum_share", on_any_day=on_any_day)


def about_visits(
    dossier: Dossier, law: LawOnDate, words: str, ask: Callable[[Asked, Appraisal], Standing]
) -> Finding:
    """Ask about each mine itself, whatever audits it has."""
    told = _asked(dossier, law)
    if isinstance(told, Finding):
        return told
    return told_of_sites([told], words, of_visits(ask), minimum="irma.minimum_share")


def _asked(dossier: Dossier, law: LawOnDate) -> Asked | Finding:
    if (answer := unmeasurable(dossier)) is not None:
        return answer
    survey = surveyed(dossier, law, IRMA)
    if (answer := nothing_surveyed(dossier, survey)) is not None:
        return answer
    standards = performance_standards(law, IRMA)
    return Asked(dossier=dossier, law=law, scheme=IRMA, standards=standards, survey=survey)


def _mine_standing(
    dossier: Dossier,
    visit: Visit,
    enough: Sequence[str],
    standards: frozenset[str],
    versions: Sequence[Mapping[str, Any]],
) -> Standing:
    """Tell the level on a day by the latest audit published by then; an older one is past."""
    if visit.decided is not None:
        return visit.decided
    site, day = visit.site, visit.judged_on
    audits = [
        one
        for one in performance_credentials(dossier, IRMA, visit.facility_id or "", standards)
        if not keeps_the_level(one)
    ]
    if not audits:
        return absence(dossier, IRMA, visit, day)
    judged = partial(
        _audit_standing, site=site, day=day, log_size=dossier.log_size, activity=visit.stage,
        mineral=dossier.mineral, enough=enough, versions=versions,
    )  # fmt: skip
    by_then = [one for one in audits if one.published_on and one.published_on <= day]
    undated = [one for one in audits if one.published_on is None]
    latest_on = max((one.published_on for one in by_then if one.published_on), default=None)
    latest = [judged(one) for one in by_then if one.published_on == latest_on]
    unsure = [undated_audit(one, site=site, day=day, log_size=dossier.log_size) for one in undated]
    if latest:  # an audit still under way does not take away the level published before it
        open_ones = [one for one in unsure if one.outcome is Outcome.INDETERMINATE]
        return worst([*latest, *open_ones])
    if not unsure:
        first = min(one.published_on for one in audits if one.published_on)
        entries = [one.entry for one in audits]
        return fails(f"{site}: no audit was published by {day}, the first on {first}", *entries)
    return best(unsure)


def undated_audit(audit: Credential, *, site: str, day: date, log_size: int) -> Standing:
    """Tell what an audit without a publication date means: none, if it says it is under way."""
    status = status_on([one for one in audit.statuses if one.known_from < log_size], day)
    if status is not None and status.status in NEGATIVE_STATUSES:
        words = status.status.replace("_", " ")
        return fails(f"{site}: {words}, no level is published", audit.entry)
    because = f"{site}: the day its audit was published is not known"
    missing = f"publication date of audit {audit.id} of {site}"
    return cannot_tell(because, audit.entry, missing=missing)


def _audit_standing(
    audit: Credential,
    *,
    site: str,
    day: date,
    log_size: int,
    activity: str,
    mineral: str,
    enough: Sequence[str],
    versions: Sequence[Mapping[str, Any]],
) -> Standing:
    held = standing(
        audit, site=site, day=day, log_size=log_size, activity=activity, mineral=mineral
    )
    if audit.level is None:
        missing = f"achievement level of audit {audit.id} of {site}"
        return cannot_tell(f"{site}: no level is published", audit.entry, missing=missing)
    if audit.level not in enough:
        because = f"{site}: {published(audit)} is below {enough[0]}"
        return fails(because, audit.entry)
    return drafted(audit, versions, site=site) or held
