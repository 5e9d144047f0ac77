"""IRMA-01 and IRMA-03: whether published level and ratings agree with what is asked of them."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from rulebook_builders import (
    DISPATCH,
    UNSET,
    credential,
    dossier,
    finding_of,
    rated,
    snapshot,
    source,
)

from standards.rulebook.findings import Outcome
from standards.rulebook.rules.irma_scores import critical_requirements_are_met as irma_03
from standards.rulebook.rules.irma_scores import (
    published_levels_follow_from_published_scores as irma_01,
)

PASS, FAIL, OPEN, NONE = (
    Outcome.CONFORMS,
    Outcome.NONCONFORMING,
    Outcome.INDETERMINATE,
    Outcome.NOT_APPLICABLE,
)
DAY = timedelta(days=1)
ORE = (source(10),)
AREAS = (
    "business_integrity",
    "positive_legacies",
    "social_responsibility",
    "environmental_responsibility",
)


def area(code, score):
    return rated(code, kind="area", score_percent=score)


def critical(number, rating="fully", **changes):
    return rated(str(number), rating, kind="critical_requirement", **changes)


def outcomes(scores="80", first=None, count=40):
    """Scores of the four areas, and ratings of critical requirements: `first`, then fully."""
    per_area = [scores] * 4 if isinstance(scores, str) else scores
    told = [area(code, score) for code, score in zip(AREAS, per_area, strict=True) if score]
    requirements = [first] if first else []
    requirements += [critical(number) for number in range(len(requirements), count)]
    return (*told, *requirements)


def audit(level="IRMA 50", **changes):
    return credential(level=level, **({"outcomes": outcomes()} | changes))


def judged(rule, *audits, sources=ORE, snapshots=(), **values):
    about = dossier(*sources, credentials=audits, snapshots=snapshots)
    return finding_of(rule, about, irma__minimum_share="1", **values)


# ── IRMA-01 ───────────────────────────────────────────────────────────────────────────────

SUBSTANTIAL = critical(0, "substantially")
PARTIAL = critical(0, "partially")


@pytest.mark.parametrize(
    ("level", "told", "outcome", "words"),
    [
        ("IRMA 50", outcomes("50"), PASS, ""),
        ("IRMA 50", outcomes(["49.99", "90", "90", "90"]), FAIL, "is scored 49.99 %"),
        ("IRMA 75", outcomes("75"), PASS, ""),
        ("IRMA 75", outcomes(["70", "99", "99", "99"]), FAIL, "IRMA 75 needs 75 %"),
        ("IRMA 75", outcomes("80", SUBSTANTIAL), PASS, ""),
        ("IRMA 50", outcomes("80", PARTIAL), FAIL, "0 is rated partially, not substantially"),
        ("IRMA 50", outcomes("80", critical(0, "does_not_meet")), FAIL, "does not meet"),
        ("IRMA 50", outcomes("80", critical(0, "not_relevant")), PASS, ""),
        ("IRMA 100", outcomes("100"), PASS, ""),
        ("IRMA 100", outcomes(["99.9", "100", "100", "100"]), FAIL, "IRMA 100 needs 100 %"),
        ("IRMA 100", outcomes("100", SUBSTANTIAL), FAIL, "is rated substantially, not fully"),
        ("IRMA Transparency", outcomes("20", PARTIAL), PASS, ""),
        ("IRMA 25", outcomes("80"), FAIL, "is none of IRMA's levels"),
        (None, outcomes("80"), OPEN, "no level is published"),
    ],
)
def test_a_level_needs_its_score_in_every_area_and_its_critical_requirements(
    level, told, outcome, words
):
    found = judged(irma_01, audit(level, outcomes=told))
    assert (found.outcome, words in found.because) == (outcome, True), found.because


def test_an_average_is_no_level():
    """About 70 % overall, one area below 75 %: the published level is IRMA 50."""
    scores = outcomes(["60", "72", "74", "76"])
    assert judged(irma_01, audit("IRMA 50", outcomes=scores)).outcome is PASS
    assert judged(irma_01, audit("IRMA 75", outcomes=scores)).outcome is FAIL


@pytest.mark.parametrize(
    ("told", "missing"),
    [
        (None, "scores of business integrity"),
        ((), "ratings of 40 of 40 critical requirements"),
        (outcomes([None, "80", "80", "80"]), "scores of business integrity of audit"),
        (outcomes(count=39), "ratings of 1 of 40 critical requirements"),
        (outcomes(first=critical(0, "odd")), "ratings of 1 of 40 critical requirements"),
        (outcomes(first=critical(0, None, score_percent="1")), "ratings of 1 of 40"),
    ],
    ids=["nothing on file", "none", "an area", "a requirement", "an odd rating", "no rating"],
)
def test_a_score_or_rating_that_is_missing_leaves_it_open(told, missing):
    found = judged(irma_01, audit(outcomes=told))
    assert found.outcome is OPEN
    assert any(missing in one for one in found.missing), found.missing


def test_one_score_below_is_enough_whatever_else_is_missing():
    found = judged(irma_01, audit(outcomes=(area("positive_legacies", "40"),)))
    assert found.outcome is FAIL
    assert "positive legacies is scored 40 %, and IRMA 50 needs 50" in found.because


def test_a_level_published_lower_than_it_might_be_is_a_notice():
    found = judged(irma_01, audit("IRMA 50", outcomes=outcomes("99")))
    assert found.outcome is PASS
    assert "would allow IRMA 75; IRMA 50 is what was published" in found.notices[0]


@pytest.mark.parametrize("rule", [irma_01, irma_03])
@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"sources": (source(0),)}, NONE),
        ({"sources": (source(10, kind="recycled"),)}, NONE),
        ({"sources": (source(10, kind="unknown"),)}, OPEN),
        ({"sources": (source(10, dispatched_on=None),)}, OPEN),
    ],
)
def test_lots_without_a_mine_or_a_day(rule, change, outcome):
    assert judged(rule, audit(), **change).outcome is outcome


@pytest.mark.parametrize("rule", [irma_01, irma_03])
def test_a_mine_without_audit_is_open_until_a_register_shows_it(rule):
    assert judged(rule).outcome is OPEN
    assert judged(rule, snapshots=(snapshot(),)).outcome is FAIL


@pytest.mark.parametrize(
    "key", ["irma__levels", "irma__level_thresholds", "irma__areas", "irma__critical_ratings"]
)
def test_without_its_parameters_no_level_is_compared(key):
    assert judged(irma_01, audit(), **{key: UNSET}).outcome is OPEN


# ── IRMA-03 ───────────────────────────────────────────────────────────────────────────────

DUE = DISPATCH


def with_plan(due_on=DUE, closed_on=None, rating="substantially"):
    return critical(0, rating, plan=True, plan_due_on=due_on, plan_closed_on=closed_on)


@pytest.mark.parametrize(
    ("level", "first", "outcome", "words"),
    [
        ("IRMA 50", None, PASS, ""),
        ("IRMA 100", None, PASS, ""),
        ("IRMA 100", with_plan(), FAIL, "is rated substantially; fully is needed"),
        ("IRMA 50", PARTIAL, FAIL, "is rated partially; substantially is needed"),
        ("IRMA Transparency", PARTIAL, FAIL, "substantially is needed"),
        ("IRMA 50", critical(0, "does_not_meet"), FAIL, "is rated does not meet"),
        ("IRMA 50", critical(0, "not_relevant"), PASS, ""),
        ("IRMA 50", with_plan(), PASS, ""),
        ("IRMA 50", with_plan(due_on=DISPATCH - DAY), FAIL, "was due on 2026-09-30"),
        ("IRMA 50", with_plan(due_on=DISPATCH - DAY, closed_on=DISPATCH), PASS, ""),
        ("IRMA 50", with_plan(due_on=DISPATCH - DAY, closed_on=DISPATCH + DAY), FAIL, "was due"),
        ("IRMA 50", with_plan(due_on=None), OPEN, "is met substantially only"),
        ("IRMA 50", with_plan(due_on=None, closed_on=DISPATCH), PASS, ""),
        ("IRMA 50", SUBSTANTIAL, OPEN, "is met substantially only"),
        ("IRMA 50", replace(SUBSTANTIAL, plan=False), FAIL, "has no corrective action plan"),
        ("IRMA 50", critical(0, "odd"), OPEN, "1 of 40 critical requirements are not on file"),
        (None, SUBSTANTIAL, OPEN, "is met substantially only"),
    ],
)
def test_critical_requirements_are_met_as_the_level_asks(level, first, outcome, words):
    found = judged(irma_03, audit(level, outcomes=outcomes(first=first)))
    assert (found.outcome, words in found.because) == (outcome, True), found.because


def test_ratings_that_are_not_available_leave_it_open():
    assert judged(irma_03, audit(outcomes=None)).outcome is OPEN
    assert judged(irma_03, audit(outcomes=outcomes(count=39))).outcome is OPEN
    assert judged(irma_03, audit(), irma__critical_requirement_count=UNSET).outcome is OPEN


def test_a_plan_that_is_overdue_later_was_not_when_the_ore_left():
    parcels = (
        source(4, id="s1", dispatched_on=DUE),
        source(6, id="s2", lot_id="acme:b", dispatched_on=DUE + DAY),
    )
    found = judged(irma_03, audit(outcomes=outcomes(first=with_plan())), sources=parcels)
    assert [(line.share.numerator, line.outcome) for line in found.lines] == [(3, FAIL), (2, PASS)]


def test_the_first_day_of_the_list_of_levels_is_the_rules_first_day():
    about = dossier(source(10), credentials=(audit(),))
    eve = replace(about, as_of=date(2023, 6, 19))
    assert finding_of(irma_01, eve).missing == ("a value of irma.levels",)
    assert finding_of(irma_01, replace(about, as_of=date(2023, 6, 20))).outcome is PASS
