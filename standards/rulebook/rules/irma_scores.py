"""IRMA: whether the published level and ratings of a mine agree with what is asked of them.

Scores and levels are taken as published. What a rule derives it compares with what was
published; it never puts a level in the place of another.
"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from standards.rulebook.appraisal import Appraisal
from standards.rulebook.asking import Asked
from standards.rulebook.credential import Credential, CredentialOutcome
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import Finding, Outcome, percent_text
from standards.rulebook.law import LawOnDate
from standards.rulebook.remembering import remembered
from standards.rulebook.rule import rule
from standards.rulebook.rules.irma import USUAL, about_mines
from standards.rulebook.standing import Standing, cannot_tell, fails, holds, listed, published

RATINGS = ("does_not_meet", "partially", "substantially", "fully")
"""IRMA's ratings of a requirement, the lowest first; `not_relevant` stands beside them."""
NOT_RELEVANT = "not_relevant"

# ── IRMA-01 ───────────────────────────────────────────────────────────────────────────────


@rule(
    id="IRMA-01",
    title="The published level is one that the published scores and ratings allow",
    source="IRMA levels: a least score in each of four areas, and critical requirements",
    governed_by="as_of",
    reads=(
        *USUAL,
        "irma.areas",
        "irma.critical_ratings",
        "irma.critical_requirement_count",
        "irma.level_thresholds",
        "irma.levels",
    ),
)
def published_levels_follow_from_published_scores(dossier: Dossier, law: LawOnDate) -> Finding:
    """No level is higher than scores and ratings allow; a lower one is a notice.

    A level is no average: one area below its least score is enough against it, whatever is
    missing of the others.
    """
    words = "comes from mines whose level follows from the published audit"
    return about_mines(dossier, law, words, _consistent, on_any_day=True)


def _consistent(asked: Asked, told: Appraisal, audit: Credential) -> Standing:
    site, levels = told.visit.site, asked.law["irma.levels"].value
    if audit.level is None:
        missing = f"achievement level of audit {audit.id} of {site}"
        return cannot_tell(f"{site}: no level is published", audit.entry, missing=missing)
    if audit.level not in levels:
        because = f"{site}: {published(audit)} is none of IRMA's levels ({listed(levels)})"
        return fails(because, audit.entry)
    lacking = _lacking(asked, audit)
    worst_of = _worst_of(audit)
    against = [_against(asked, worst_of, level) for level in levels]
    place = levels.index(audit.level)
    if against[place]:
        because = f"{site}: {published(audit)} does not follow: {against[place]}"
        return fails(because, audit.entry)
    if lacking:
        because = f"{site}: of {published(audit)} {lacking[0]} are not on file"
        return Standing(
            outcome=Outcome.INDETERMINATE,
            because=because,
            missing=tuple(f"{one} of audit {audit.id} of {site}" for one in lacking),
            evidence=(audit.entry,),
        )
    because = f"{site}: {published(audit)} follows from its scores and ratings"
    higher = [level for level, why in zip(levels, against, strict=True) if not why][-1]
    if higher == audit.level:
        return holds(because, audit.entry)
    notice = f"{site}: scores and ratings would allow {higher}; {audit.level} is what was published"
    return holds(because, audit.entry, notices=(notice,))


class _Worst(NamedTuple):
    """What of the published speaks most against a level: the lowest score, the lowest rating."""

    area: CredentialOutcome | None
    critical: CredentialOutcome | None


def _worst_of(audit: Credential) -> _Worst:
    scored = [one for one in _of_kind(audit, "area") if one.score_percent is not None]
    rated = [one for one in _critical(audit) if one.rating in RATINGS]
    return _Worst(
        area=min(scored, key=_score, default=None),
        critical=min(rated, key=_rank, default=None),
    )


def _of_kind(audit: Credential, kind: str) -> list[CredentialOutcome]:
    return [one for one in audit.outcomes or () if one.kind == kind]


def _lacking(asked: Asked, audit: Credential) -> list[str]:
    """Return what is not on file of the scores and ratings that a level rests on."""
    areas = asked.law["irma.areas"].value
    scored = {one.code for one in _of_kind(audit, "area") if one.score_percent is not None}
    lacking = [area for area in areas if area not in scored]
    told = [f"scores of {listed(lacking)}"] if lacking else []
    count = asked.law["irma.critical_requirement_count"].value
    rated = sum(one.rating in (*RATINGS, NOT_RELEVANT) for one in _critical(audit))
    if rated < count:
        told.append(f"ratings of {count - rated} of {count} critical requirements")
    return told


def _critical(audit: Credential) -> list[CredentialOutcome]:
    return _of_kind(audit, "critical_requirement")


def _against(asked: Asked, worst_of: _Worst, level: str) -> str:
    """Return what of the published speaks against a level; empty: nothing."""
    least = asked.law["irma.level_thresholds"].value.get(level)
    needed = asked.law["irma.critical_ratings"].value.get(level)
    area, critical = worst_of.area, worst_of.critical
    if least is not None and area is not None and _score(area) < 100 * least:
        name, percent = area.code.replace("_", " "), percent_text(Fraction(least))
        return f"{name} is scored {area.score_percent} %, and {level} needs {percent}"
    if needed is not None and critical is not None and _rank(critical) < RATINGS.index(needed):
        rating = _words(critical.rating)
        return f"critical requirement {critical.code} is rated {rating}, not {needed}"
    return ""


def _score(area: CredentialOutcome) -> Decimal:
    return Decimal(area.score_percent or 0)


def _rank(requirement: CredentialOutcome) -> int:
    return RATINGS.index(requirement.rating or RATINGS[0])


def _words(rating: str | None) -> str:
    return (rating or "not at all").replace("_", " ")


# ── IRMA-03 ───────────────────────────────────────────────────────────────────────────────


@rule(
    id="IRMA-03",
    title="Critical requirements are met as the level asks, with plans for the rest",
    source="IRMA, What are Critical Requirements (2022)",
    governed_by="as_of",
    reads=(*USUAL, "irma.critical_ratings", "irma.critical_requirement_count"),
)
def critical_requirements_are_met(dossier: Dossier, law: LawOnDate) -> Finding:
    """IRMA 100 meets all fully; any other level substantially, with a plan that is not overdue.

    What is not relevant to a site is left out. Of IRMA Transparency, for which the text names
    no rating, the lowest that it names is asked.
    """
    words = "comes from mines that meet IRMA's critical requirements"
    return about_mines(dossier, law, words, _critical_met)


def _critical_met(asked: Asked, told: Appraisal, audit: Credential) -> Standing:
    site, day = told.visit.site, told.day
    by_level = asked.law["irma.critical_ratings"].value
    count = asked.law["irma.critical_requirement_count"].value
    question = ("critical requirements", audit.id, tuple(sorted(by_level.items())), count)
    settled, planned = remembered(
        asked.dossier, question, lambda _one: _settled(audit, site, by_level, count)
    )
    overdue = next((one for one in planned if one.is_overdue(day)), None)
    if overdue is None or settled.outcome is Outcome.NONCONFORMING:
        return settled
    because = (
        f"{site}: {published(audit)} has a corrective action plan for critical requirement "
        f"{overdue.code} that was due on {overdue.plan_due_on}"
    )
    return fails(because, audit.entry)


def _settled(
    audit: Credential, site: str, by_level: Mapping[str, str], count: int
) -> tuple[Standing, list[CredentialOutcome]]:
    """Return what holds on any day, and the requirements whose plan may be overdue on one."""
    lowest = min(by_level.values(), key=RATINGS.index)
    needed = by_level.get(audit.level or "", lowest)
    rated = _critical(audit)
    planned = [one for one in rated if one.rating not in (RATINGS[-1], NOT_RELEVANT)]
    for one in rated:
        why = _unmet(one, needed)
        if why:
            because = f"{site}: {published(audit)} critical requirement {one.code} {why}"
            return fails(because, audit.entry), planned
    known = [one for one in rated if one.rating in (*RATINGS, NOT_RELEVANT)]
    if len(known) < count:
        because = f"{site}: {count - len(known)} of {count} critical requirements are not on file"
        missing = f"ratings of critical requirements of audit {audit.id} of {site}"
        return cannot_tell(because, audit.entry, missing=missing), planned
    open_ones = [one.code for one in known if _is_open(one)]
    if open_ones:
        because = f"{site}: critical requirement {listed(open_ones)} is met substantially only"
        missing = f"corrective action plan with its due day for {listed(open_ones)} of {site}"
        return cannot_tell(because, audit.entry, missing=missing), planned
    because = f"{site}: {published(audit)} meets every critical requirement at least {needed}"
    return holds(because, audit.entry), planned


def _unmet(one: CredentialOutcome, needed: str) -> str:
    """Return why a critical requirement is not met as needed, or an empty text."""
    if one.rating not in RATINGS:
        return ""
    if RATINGS.index(one.rating) < RATINGS.index(needed):
        return f"is rated {_words(one.rating)}; {needed} is needed"
    if one.rating != RATINGS[-1] and one.plan is False:
        return f"is rated {_words(one.rating)} and has no corrective action plan"
    return ""


def _is_open(one: CredentialOutcome) -> bool:
    """Tell whether a requirement met substantially lacks a plan, or the plan its time frame."""
    if one.rating in (RATINGS[-1], NOT_RELEVANT):
        return False
    return one.plan is None or (one.plan_due_on is None and one.plan_closed_on is None)
