"""Towards Sustainable Mining: a letter for each indicator of a facility, and who verified it.

There is no grade of a facility: letters are compared one by one with what the club asks of each.
Verified letters go before self-assessed ones; a later self-assessment lowers a letter and never
raises one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial

from standards.rulebook.appraisal import Appraisal, performance_credentials
from standards.rulebook.asking import Asked, answered_for, asked_of
from standards.rulebook.claims import LotClaim, about, claims_on, least_favorable
from standards.rulebook.credential import Credential
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import Finding, not_applicable
from standards.rulebook.law import LawOnDate, Provision, Unavailable, value_of
from standards.rulebook.months import after_months
from standards.rulebook.rule import rule
from standards.rulebook.schemes import TSM
from standards.rulebook.standing import Standing, cannot_tell, disputed, fails, holds, listed
from standards.rulebook.terms import optional

SOURCE = "Towards Sustainable Mining, rating system"
USUAL = (
    "tsm.assessed_stages",
    "tsm.minimum_share",
    "tsm.performance_standards",
    "tsm.time_rule",
)
"""What every rule about facilities reads."""
EVERY = "every"
"""In the club's table: each indicator that it does not name."""
NOT_RELEVANT = "not_relevant"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asks:
    """What the club asks of which indicator, and the scales on which it is compared.

    Args:
        named: least rating by indicator; `every`: of all others, None where nothing is asked.
        scales: letters and answers, the lowest first.
        indicators: all that there are; None while nobody has listed them.
    """

    named: Mapping[str, str]
    every: str | None
    scales: tuple[tuple[str, ...], ...]
    indicators: tuple[str, ...] | None

    def least(self, code: str) -> str | None:
        """Return the least rating of an indicator; None where nothing is asked of it."""
        return self.named.get(code, self.every)

    def told(self, word: str) -> str:
        """Return a rating as its scale writes it; one that is on none, as it is."""
        names = (name for scale in self.scales for name in scale)
        return next((name for name in names if name.lower() == word), word)

    def scale_of(self, rating: str) -> tuple[str, ...]:
        """Return the scale that a rating is on; empty where it is on none."""
        return next((scale for scale in self.scales if rating in scale), ())

    def is_enough(self, code: str, rating: str) -> bool | None:
        """Tell whether a rating is enough; None where it cannot be compared with what is asked.

        What is asked of every indicator is asked on two scales: an answer is compared with the
        best answer, as a letter with the least letter.
        """
        least, scale = self.least(code) or "", self.scale_of(rating)
        if least in scale:
            return scale.index(rating) >= scale.index(least)
        if code in self.named or not scale:
            return None
        return rating == scale[-1]


def _asks(law: LawOnDate) -> _Asks:
    """Return what the club asks.

    Raises:
        Unavailable: it asks nothing yet, or something that is on no scale.
    """
    minimum = law["tsm.minimum_ratings"]
    scales = tuple(law["tsm.levels"].value), tuple(law["tsm.answers"].value)
    strange = [one for one in minimum.value.values() if not any(one in scale for scale in scales)]
    if strange:
        words = listed(name for scale in scales for name in scale)
        because = f"{minimum.key} asks for {strange[0]}; there are {words}"
        raise Unavailable(minimum.key, because, provision=minimum)
    named = {code: least for code, least in minimum.value.items() if code != EVERY}
    known = optional(law, "tsm.indicators") if EVERY in minimum.value else None
    return _Asks(
        named=named,
        every=minimum.value.get(EVERY),
        scales=scales,
        indicators=None if known is None else tuple(known.value),
    )


# ── TSM-01 ────────────────────────────────────────────────────────────────────────────────


@rule(
    id="TSM-01",
    title="Every indicator that the club asks about has at least the letter it asks for",
    source=f"{SOURCE}: a letter per indicator; which letters are enough is the club's",
    governed_by="as_of",
    reads=(*USUAL, "tsm.answers", "tsm.indicators", "tsm.levels", "tsm.minimum_ratings"),
)
def indicators_have_the_letters_asked_for(dossier: Dossier, law: LawOnDate) -> Finding:
    """One letter below what is asked is enough against a facility, whatever the others are.

    Whether *every* indicator is rated cannot be told while nobody has listed them.
    """
    asked = asked_of(dossier, law, TSM)
    if isinstance(asked, Finding):
        return asked
    words = "comes from facilities whose indicators have the letters asked for"
    question = partial(_letters, _asks(law))
    return answered_for(asked, words, question, minimum="tsm.minimum_share")


def _letters(asks: _Asks, asked: Asked, told: Appraisal, report: Credential) -> Standing:
    site, rated = told.visit.site, _rated(asks, asked, told, report)
    open_ones: list[str] = []
    for code, (rating, entry) in rated.items():
        if asks.least(code) is None or (rating == NOT_RELEVANT and code not in asks.named):
            continue
        enough = asks.is_enough(code, rating)
        if enough is False:
            because = f"{site}: {code} is rated {rating}; {asks.least(code)} is asked for"
            return fails(because, entry)
        if enough is None:
            open_ones.append(code)
    name = f"letters of {TSM.name} of {site}"
    if open_ones:
        words = f"{open_ones[0]} is rated {rated[open_ones[0]][0]}"
        because = f"{site}: {words}, which is not compared with {asks.least(open_ones[0])}"
        return cannot_tell(because, report.entry, missing=f"{name} for {listed(open_ones)}")
    lacking = [code for code in (*asks.named, *(asks.indicators or ())) if code not in rated]
    if lacking:
        because = f"{site}: no rating of {listed(lacking)} is on file"
        return cannot_tell(because, report.entry, missing=f"{name} for {listed(lacking)}")
    if asks.every is not None and asks.indicators is None:
        because = f"{site}: whether every indicator is rated is not known"
        return cannot_tell(because, report.entry, missing=value_of("tsm.indicators"))
    return holds(f"{site}: every indicator asked about has its letter", report.entry)


def _rated(
    asks: _Asks, asked: Asked, told: Appraisal, report: Credential
) -> dict[str, tuple[str, str]]:
    """Return the ratings that count and the entries that tell them, by indicator."""
    own = [one for one in _self_assessed(asked, told) if _is_public(one, told.day)]
    if own and _is_self_assessed(report):  # then the last of them counts, as it stands
        report, own = max(own, key=lambda one: one.published_on or date.min), []
    rated = {code: (asks.told(word), report.entry) for code, word in _ratings(report)}
    for later in own:
        if not _is_later(later, report):
            continue
        for code, word in _ratings(later):
            rating, counts = asks.told(word), rated.get(code, ("", ""))[0]
            scale = asks.scale_of(rating)
            if counts in scale and scale.index(rating) < scale.index(counts):
                rated[code] = (rating, later.entry)
    return rated


def _ratings(report: Credential) -> Iterable[tuple[str, str]]:
    """Return indicators and the words that they are rated with."""
    for one in report.outcomes or ():
        if one.kind == "indicator" and one.rating is not None:
            yield one.code, one.rating


def _self_assessed(asked: Asked, told: Appraisal) -> list[Credential]:
    facility = told.visit.facility_id or ""
    return [
        one
        for one in performance_credentials(asked.dossier, TSM, facility, asked.standards)
        if _is_self_assessed(one) and not one.is_disputed
    ]


def _is_self_assessed(report: Credential) -> bool:
    return report.assessment_type == "self_assessment" or report.assessor_level == "first_party"


def _is_public(report: Credential, day: date) -> bool:
    return report.published_on is not None and report.published_on <= day


def _is_later(later: Credential, report: Credential) -> bool:
    begun, published = later.published_on or date.min, report.published_on
    return published is None or begun > published


# ── TSM-02 ────────────────────────────────────────────────────────────────────────────────


@rule(
    id="TSM-02",
    title="The letters were verified by an external verifier within three years",
    source=f"{SOURCE}: self-assessed every year, verified externally every three years",
    governed_by="as_of",
    reads=(
        *USUAL,
        "tsm.minimum_ratings",
        "tsm.verification_counting",
        "tsm.verification_months",
    ),
)
def letters_were_verified_in_time(dossier: Dossier, law: LawOnDate) -> Finding:
    """An external verification is on file that is not too old and covers what is asked about.

    Whether its term runs by the day or by the year is not said where it was read: in the rest of
    the last year it cannot be told.
    """
    asked = asked_of(dossier, law, TSM)
    if isinstance(asked, Finding):
        return asked
    words = "comes from facilities whose letters were verified externally in time"
    return answered_for(asked, words, _verified, minimum="tsm.minimum_share")


def _verified(asked: Asked, told: Appraisal, report: Credential) -> Standing:
    site = told.visit.site
    if _is_self_assessed(report):
        return fails(f"{site}: its letters are its own; no verification is on file", report.entry)
    if report.assessor_level is None:
        because = f"{site}: who gave its letters, and how independently, is not known"
        missing = f"verifier of report {report.id} of {site}"
        return cannot_tell(because, report.entry, missing=missing)
    if report.assessor_level != "third_party":
        words = report.assessor_level.replace("_", " ")
        return fails(f"{site}: its letters are those of a {words}", report.entry)
    own = _own_only(asked, told, report)
    if own:
        because = f"{site}: {listed(own)} is rated by the facility itself only"
        return fails(because, report.entry)
    return _in_time(asked, told, report)


def _own_only(asked: Asked, told: Appraisal, report: Credential) -> list[str]:
    """Return the indicators asked about that self-assessments rate and the verifier does not."""
    minimum = optional(asked.law, "tsm.minimum_ratings")
    wanted = {} if minimum is None else minimum.value
    verified = {code for code, _ in _ratings(report)}
    own = {code for one in _self_assessed(asked, told) for code, _ in _ratings(one)} - verified
    return sorted(code for code in own if not wanted or EVERY in wanted or code in wanted)


def _in_time(asked: Asked, told: Appraisal, report: Credential) -> Standing:
    site, day, begun = told.visit.site, told.day, report.assessed_on
    if begun is None:
        because = f"{site}: the day of its external verification is not known"
        missing = f"day of the verification behind report {report.id} of {site}"
        return cannot_tell(because, report.entry, missing=missing)
    if day < begun:
        return fails(f"{site}: verified on {begun}, after {day}", report.entry)
    months = asked.parameter("tsm.verification_months")
    if isinstance(months, Standing):
        return months
    due_on = after_months(begun, months.value)
    if day <= due_on:
        return holds(f"{site}: verified on {begun}, again by {due_on}", report.entry)
    because = f"{site}: verified on {begun}, and not again by {day}"
    if day.year > due_on.year:
        return fails(because, report.entry)
    counting = asked.parameter("tsm.verification_counting")
    if isinstance(counting, Standing):
        return cannot_tell(
            f"{because}; {counting.because}", report.entry, missing=counting.missing[0]
        )
    if counting.value == "by_year":
        return holds(f"{site}: verified on {begun}, again in {due_on.year}", report.entry)
    return fails(because, report.entry)


# ── TSM-03 ────────────────────────────────────────────────────────────────────────────────


@rule(
    id="TSM-03",
    title="Nobody makes one grade of the letters",
    source=f"{SOURCE}: letters stand by indicator; a grade of a facility is not published",
    governed_by="as_of",
    reads=("tsm.levels",),
)
def nobody_makes_one_grade_of_the_letters(dossier: Dossier, law: LawOnDate) -> Finding:
    """Neither a report on file nor a claim about the lot names one grade for all indicators."""
    levels = law["tsm.levels"]
    told = [_graded(one) for one in dossier.credentials if one.scheme == TSM.id]
    told += [_graded_claim(claim, levels) for claim in claims_on(dossier, TSM)]
    if not told:
        return not_applicable(f"nothing of {TSM.name} is on file or claimed", levels)
    return least_favorable(told, levels)


def _graded(report: Credential) -> Standing:
    site = report.facility_id or report.organization_id or ""
    if (open_one := disputed(report, site=site)) is not None:
        return open_one
    if report.level is not None:
        because = f"{site}: its report is recorded with one grade, {report.level}"
        return fails(
            f"{because}; there is a letter for each indicator, and none for all", report.entry
        )
    return holds(f"{site}: its letters stand by indicator", report.entry)


def _graded_claim(claim: LotClaim, levels: Provision) -> Standing:
    if claim.level is not None:
        because = f"{about(claim)} names one grade, {claim.level}"
        return fails(f"{because}; there are {listed(levels.value)} by indicator only", claim.entry)
    if claim.says is None:
        because = f"{about(claim)}: nobody has coded whether it names a grade"
        missing = f"coding of the wording of claim {claim.id}"
        return cannot_tell(because, claim.entry, missing=missing)
    if "level" in claim.says:
        return fails(f"{about(claim)} names one grade; letters stand by indicator", claim.entry)
    return holds(f"{about(claim)} names no grade", claim.entry)
