"""The Copper Mark: what stands behind an award: its status, its criteria, its plans, its term.

An award may rest on criteria met only partially, with an improvement plan: "awarded" alone
hides that. The Joint Due Diligence Standard leads to no mark at all. Each metal has an award of
its own: the mark of another is none, and of one without coded metals it cannot be told.
"""

from collections.abc import Callable
from datetime import date

from standards.rulebook.appraisal import (
    Appraisal,
    absence,
    credentials_of,
    live_on,
    performance_credentials,
    performance_standards,
)
from standards.rulebook.asking import Asked, Question, answered_for, of_visits, told_of_sites
from standards.rulebook.claims import LotClaim, every_claim
from standards.rulebook.composition import unmeasurable
from standards.rulebook.credential import Credential, CredentialOutcome
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import Finding, not_applicable
from standards.rulebook.law import LawOnDate
from standards.rulebook.months import after_months, last_day
from standards.rulebook.path import surveyed
from standards.rulebook.rule import rule
from standards.rulebook.schemes import COPPER_MARK
from standards.rulebook.standing import (
    Standing,
    best,
    cannot_tell,
    disputed,
    fails,
    holds,
    listed,
    material_standing,
    renews_in_time,
    status_standing,
    validity_standing,
    worst,
)

USUAL = (
    "copper_mark.assessed_stages",
    "copper_mark.marks",
    "copper_mark.minimum_share",
    "copper_mark.performance_standards",
    "copper_mark.time_rule",
)
"""What every rule about sites with a mark reads."""
AWARDED = frozenset({"awarded", "awarded_with_improvement_plan"})
PARTIALLY, MISSED, FULLY = "partially", "does_not_meet", "fully"
ANCHORS = ("assessed_on", "published_on")


def _about_sites(
    dossier: Dossier,
    law: LawOnDate,
    words: str,
    ask: Callable[[Asked, Appraisal], Standing],
    *,
    metals: str = "copper_mark.marks",
) -> Finding:
    """Ask about each smelter or refiner itself, whatever awards it has.

    Args:
        metals: parameter that names the metals concerned.
    """
    told = _asked(dossier, law, metals)
    if isinstance(told, Finding):
        return told
    return told_of_sites([told], words, of_visits(ask), minimum="copper_mark.minimum_share")


def _about_awards(
    dossier: Dossier, law: LawOnDate, words: str, question: Question, *, on_any_day: bool = False
) -> Finding:
    """Ask the award for this metal that governs at each smelter or refiner.

    Args:
        on_any_day: as in `asking.answered`.
    """
    told = _asked(dossier, law)
    if isinstance(told, Finding):
        return told
    return answered_for(
        told,
        words,
        _of_this_metal(question),
        minimum="copper_mark.minimum_share",
        on_any_day=on_any_day,
    )


def _asked(dossier: Dossier, law: LawOnDate, metals: str = "copper_mark.marks") -> Asked | Finding:
    marks = law[metals]
    if dossier.mineral not in marks.value:
        what = "mark" if metals == "copper_mark.marks" else "due-diligence status"
        return not_applicable(f"there is no {what} for {dossier.mineral}", marks)
    if (answer := unmeasurable(dossier)) is not None:
        return answer
    survey = surveyed(dossier, law, COPPER_MARK)
    if not survey.visits and survey.untold_mg == 0:
        stages = law["copper_mark.assessed_stages"]
        because = f"no {' or '.join(stages.value)} took place on the path"
        return not_applicable(because, marks, stages)
    standards = performance_standards(law, COPPER_MARK)
    return Asked(dossier=dossier, law=law, scheme=COPPER_MARK, standards=standards, survey=survey)


# ── CM-01 ─────────────────────────────────────────────────────────────────────────────────


@rule(
    id="CM-01",
    title="Smelters and refiners held an award when they worked the metal",
    source="The Copper Mark Assurance Process: awarded, not participating or under assessment",
    governed_by="as_of",
    reads=USUAL,
)
def smelters_and_refiners_held_an_award(dossier: Dossier, law: LawOnDate) -> Finding:
    """The site's award for this metal carried on the day, at whatever stage; the stage is CM-02's.

    A site awarded for another metal only holds none: nonconforming, since "not applicable" would
    let a club that asks for an award take what was never assessed.
    """
    words = "was worked by sites that held an award on the day"
    return _about_sites(dossier, law, words, _awarded)


def _awarded(asked: Asked, told: Appraisal) -> Standing:
    visit, day, size = told.visit, told.day, asked.dossier.log_size
    site = visit.site
    facility = visit.facility_id or ""
    own = performance_credentials(asked.dossier, COPPER_MARK, facility, asked.standards)
    if not own:
        return absence(asked.dossier, COPPER_MARK, visit, day)
    return best(
        disputed(one, site=site)
        or material_standing(one, site=site, mineral=asked.dossier.mineral)
        or status_standing(one, site=site, day=day, log_size=size)
        or validity_standing(one, site=site, day=day, log_size=size)
        or holds(f"{site}: awarded for {listed(one.materials or ())} on {day}", one.entry)
        for one in live_on(own, day, latest_governs=COPPER_MARK.latest_governs)
    )


def _of_this_metal(question: Question) -> Question:
    """Return a question that an award for another metal answers as if there were none."""

    def ask(asked: Asked, told: Appraisal, award: Credential) -> Standing:
        other = material_standing(award, site=told.visit.site, mineral=asked.dossier.mineral)
        return other or question(asked, told, award)

    return ask


# ── CM-03, CM-04 ──────────────────────────────────────────────────────────────────────────


@rule(
    id="CM-03",
    title="The criteria that matter most are fully met, and none is missed",
    source="The Copper Mark: an award needs every criterion met fully or partially",
    governed_by="as_of",
    reads=(*USUAL, "copper_mark.criteria_counts", "copper_mark.hard_criteria"),
)
def the_criteria_that_matter_are_fully_met(dossier: Dossier, law: LawOnDate) -> Finding:
    """Those on the club's list are met fully; of the others none is rated as not met."""
    words = "was worked by sites that meet the criteria asked for"
    return _about_awards(dossier, law, words, _criteria, on_any_day=True)


def _criteria(asked: Asked, told: Appraisal, award: Credential) -> Standing:
    site, rated = told.visit.site, _rated(award)
    missed = [one.code for one in rated if one.rating == MISSED]
    if missed:
        return fails(f"{site}: criterion {listed(missed)} is rated does not meet", award.entry)
    hard = asked.parameter("copper_mark.hard_criteria")
    by_code = {one.code: one for one in rated}
    listed_ones = () if isinstance(hard, Standing) else hard.value
    partial = [code for code in listed_ones if _rating(by_code, code) == PARTIALLY]
    if partial:
        because = f"{site}: criterion {listed(partial)} is met only partially; fully is asked for"
        return fails(because, award.entry)
    if not rated:
        because = f"{site}: its award is on file without the ratings of criteria"
        missing = f"ratings of the criteria behind award {award.id} of {site}"
        return cannot_tell(because, award.entry, missing=missing)
    if isinstance(hard, Standing):
        return hard
    unrated = [code for code in listed_ones if _rating(by_code, code) is None]
    lacking = _unrated(asked, award, rated)
    if unrated or lacking:
        words = f"of criterion {listed(unrated)} no rating" if unrated else lacking
        missing = f"ratings of all criteria behind award {award.id} of {site}"
        return cannot_tell(f"{site}: {words} is on file", award.entry, missing=missing)
    return holds(f"{site}: {listed(listed_ones)} fully met, no criterion missed", award.entry)


def _rated(award: Credential) -> list[CredentialOutcome]:
    return [one for one in award.outcomes or () if one.kind == "criterion" and one.rating]


def _rating(by_code: dict[str, CredentialOutcome], code: str) -> str | None:
    return by_code[code].rating if code in by_code else None


def _unrated(asked: Asked, award: Credential, rated: list[CredentialOutcome]) -> str:
    """Say how many ratings are on file of how many there are; empty where all are."""
    counts = asked.parameter("copper_mark.criteria_counts")
    count = None if isinstance(counts, Standing) else counts.value.get(award.version or "")
    if count is None:
        return f"how many criteria version {award.version or 'that is not stated'} has"
    return "" if len(rated) >= count else f"only {len(rated)} of {count} ratings of criteria"


@rule(
    id="CM-04",
    title="Improvement plans of criteria met partially are done or not yet due",
    source="The Copper Mark, FAQ: improvement plans within 12 months",
    governed_by="as_of",
    reads=(
        *USUAL,
        "copper_mark.improvement_plan_anchor",
        "copper_mark.improvement_plan_months",
    ),
)
def improvement_plans_are_done_or_not_yet_due(dossier: Dossier, law: LawOnDate) -> Finding:
    """By the due day stated for a criterion, or by the scheme's months.

    From which day the months run could not be read. Before they have passed since the
    assessment no plan can be due; after that it cannot be told.
    """
    words = "was worked by sites whose improvement plans are not overdue"
    return _about_awards(dossier, law, words, _plans)


def _plans(asked: Asked, told: Appraisal, award: Credential) -> Standing:
    site = told.visit.site
    rated = _rated(award)
    if not rated:
        because = f"{site}: its award is on file without the ratings of criteria"
        missing = f"ratings of the criteria behind award {award.id} of {site}"
        return cannot_tell(because, award.entry, missing=missing)
    open_one: Standing | None = None
    for one in rated:
        standing = _plan(asked, told, award, one) if one.rating == PARTIALLY else None
        if standing is None:
            continue
        if not standing.missing:
            return standing
        open_one = open_one or standing
    return open_one or holds(f"{site}: no improvement plan is overdue", award.entry)


def _plan(
    asked: Asked, told: Appraisal, award: Credential, one: CredentialOutcome
) -> Standing | None:
    """Tell whether the plan of a criterion met partially is overdue; None: it is not."""
    site, day = told.visit.site, told.day
    what = f"the improvement plan for criterion {one.code}"
    if one.plan_closed_on is not None and one.plan_closed_on <= day:
        return None
    if one.plan_due_on is not None:
        if not one.is_overdue(day):
            return None
        return fails(f"{site}: {what} was due on {one.plan_due_on}", award.entry)
    due_on = _due_by_term(asked, award, site, what, day)
    if due_on is None or isinstance(due_on, Standing):
        return due_on
    if day <= due_on:
        return None
    return fails(f"{site}: {what} was due on {due_on} and is not closed", award.entry)


def _due_by_term(
    asked: Asked, award: Credential, site: str, what: str, day: date
) -> date | Standing | None:
    """Return the due day by the scheme's months; None where none can have passed by the day."""
    months = asked.parameter("copper_mark.improvement_plan_months")
    if isinstance(months, Standing):
        return months
    if award.assessed_on is not None and day <= after_months(award.assessed_on, months.value):
        return None
    anchor = asked.parameter("copper_mark.improvement_plan_anchor")
    if isinstance(anchor, Standing):
        because = f"{site}: {what} has no due day, and {anchor.because}"
        missing = f"due day of {what} of {site}"
        return cannot_tell(because, award.entry, missing=missing)
    begun: date | None = getattr(award, anchor.value) if anchor.value in ANCHORS else None
    if begun is None:
        because = f"{site}: from which day the months for {what} run is not known"
        missing = f"due day of {what} of {site}"
        return cannot_tell(because, award.entry, missing=missing)
    return after_months(begun, months.value)


# ── CM-05, CM-06 ──────────────────────────────────────────────────────────────────────────


@rule(
    id="CM-05",
    title="The metal was worked within three years of the site's award",
    source="The Copper Mark: re-assessment every three years",
    governed_by="as_of",
    reads=(*USUAL, "copper_mark.validity_months"),
)
def the_award_is_not_older_than_its_term(dossier: Dossier, law: LawOnDate) -> Finding:
    """Between the award and the end of its term, or of the term of the award that renewed it."""
    words = "was worked within the term of the site's award"
    return _about_awards(dossier, law, words, _in_term)


def _in_term(asked: Asked, told: Appraisal, award: Credential) -> Standing:
    site, day, size = told.visit.site, told.day, asked.dossier.log_size
    begun = awarded_on(award, size)
    if begun is None:
        because = f"{site}: the day of its award is not known"
        missing = f"date of award {award.id} of {site}"
        return cannot_tell(because, award.entry, missing=missing)
    months = asked.parameter("copper_mark.validity_months")
    if isinstance(months, Standing):
        return months
    last = last_day(begun, months.value)
    if day < begun:
        return fails(f"{site}: awarded on {begun}, after {day}", award.entry)
    if day > last:
        lapse = (day - last).days if renews_in_time(award, last, size) else None
        because = f"{site}: the term of its award of {begun} ended on {last}, with no renewal"
        return fails(because, award.entry, lapse_days=lapse)
    return holds(f"{site}: awarded on {begun}, to be assessed again by {last}", award.entry)


def awarded_on(award: Credential, log_size: int) -> date | None:
    """Return the first day of an award: of its status, or of its publication."""
    days = [
        one.effective_from
        for one in award.statuses
        if one.status in AWARDED and one.known_from < log_size
    ]
    return min(days, default=award.published_on)


@rule(
    id="CM-06",
    title="No due-diligence status is offered as a mark",
    source="The Copper Mark: the Joint Due Diligence Standard leads to no claim",
    governed_by="as_of",
    reads=(
        *(key for key in USUAL if key != "copper_mark.marks"),
        "copper_mark.due_diligence_metals",
        "copper_mark.due_diligence_standard",
    ),
)
def no_due_diligence_status_is_offered_as_a_mark(dossier: Dossier, law: LawOnDate) -> Finding:
    """A site assessed for due diligence only is neither recorded nor claimed to bear a mark.

    The standard is for more metals than there are marks: lead has a status and no mark at all.
    """
    words = "was worked by sites whose due-diligence status is not offered as a mark"
    metals = "copper_mark.due_diligence_metals"
    return _about_sites(dossier, law, words, _not_offered, metals=metals)


def _not_offered(asked: Asked, told: Appraisal) -> Standing:
    site, facility = told.visit.site, told.visit.facility_id or ""
    standard = asked.law["copper_mark.due_diligence_standard"].value
    awards = performance_credentials(asked.dossier, COPPER_MARK, facility, asked.standards)
    status = [
        one
        for one in credentials_of(asked.dossier, COPPER_MARK, facility)
        if one.standard_code == standard
    ]
    if awards or not status:
        return holds(f"{site}: no due-diligence status stands in for a mark")
    for one in status:
        if one.level is not None or any(row.status in AWARDED for row in one.statuses):
            because = f"{site}: its due-diligence status is recorded as if it were a mark"
            return fails(because, one.entry)
    claimed = [
        _claimed_as(claim, site, status[0])
        for claim in every_claim(asked.dossier)
        if claim.scheme == COPPER_MARK.id and claim.site == facility
    ]
    not_offered = f"{site}: a due-diligence status, not offered as a mark"
    return worst(claimed or [holds(not_offered, status[0].entry)])


def _claimed_as(claim: LotClaim, site: str, status: Credential) -> Standing:
    if claim.says is None:
        because = f"{site}: nobody has coded what {claim.claimant} claims of it"
        missing = f"coding of the wording of claim {claim.id}"
        return cannot_tell(because, claim.entry, missing=missing)
    if "mark" in claim.says:
        because = f"{site}: {claim.claimant} claims a mark; it has a due-diligence status only"
        return fails(because, claim.entry, status.entry)
    return holds(f"{site}: {claim.claimant} claims no mark for it", claim.entry, status.entry)
