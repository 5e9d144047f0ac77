"""CM-01, CM-03 to CM-06: what stands behind an award."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from rulebook_builders import (
    PROCESSING,
    UNSET,
    claimed,
    credential,
    dossier,
    finding_of,
    rated,
    snapshot,
    source,
    status,
    step,
)

from standards.rulebook.findings import Outcome
from standards.rulebook.rules import RULES

PASS, FAIL, OPEN, NONE = (
    Outcome.CONFORMS,
    Outcome.NONCONFORMING,
    Outcome.INDETERMINATE,
    Outcome.NOT_APPLICABLE,
)
DAY = timedelta(days=1)
RULE = {one.id: one for one in RULES}
EVERY = ("CM-01", "CM-03", "CM-04", "CM-05", "CM-06")
HARD = {"copper_mark__hard_criteria": ["9", "10"]}


def criteria(first=None, count=33):
    told = [rated(str(number), "fully") for number in range(1, count + 1)]
    return tuple(first if first and one.code == first.code else one for one in told)


def award(**changes):
    usual = {
        "standard_code": "copper_mark_criteria",
        "version": "3.0",
        "assessed_on": date(2024, 12, 1),
        "outcomes": criteria(),
    }
    return credential("copper_mark", **(usual | changes))


SMELTED = (step(10),)


def judged(rule, *awards, steps=SMELTED, mineral="Cu", **values):
    about = dossier(
        values.pop("parcel", source(10)),
        mineral=mineral,
        steps=steps,
        credentials=awards,
        snapshots=values.pop("snapshots", ()),
        declared=values.pop("declared", ()),
    )
    return finding_of(RULE[rule], about, **(HARD | values))


@pytest.mark.parametrize("rule", EVERY)
def test_a_sound_award_passes(rule):
    assert judged(rule, award()).outcome is PASS


@pytest.mark.parametrize("rule", EVERY)
@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"mineral": "Li"}, NONE),
        ({"mineral": "graphite"}, NONE),
        ({"steps": ()}, NONE),
        ({"steps": (step(10, "conversion"),)}, NONE),
        ({"parcel": source(0)}, NONE),
        ({"steps": (step(10, facility_id=None),)}, OPEN),
        ({"steps": (), "parcel": source(10, kind="unknown")}, OPEN),
    ],
    ids=[
        "lithium has no mark",
        "graphite has no mark",
        "not smelted yet",
        "no smelter or refiner",
        "no metal",
        "a site nobody named",
        "worked nobody knows where",
    ],
)
def test_metals_without_a_mark_and_lots_without_a_smelter_are_not_concerned(rule, change, outcome):
    assert judged(rule, award(), **change).outcome is outcome


@pytest.mark.parametrize("rule", ["CM-01", "CM-03", "CM-04", "CM-05"])
def test_a_site_without_award_is_open_until_the_list_of_holders_shows_it(rule):
    assert judged(rule).outcome is OPEN
    assert judged(rule, snapshots=(snapshot("copper_mark"),)).outcome is FAIL


@pytest.mark.parametrize("mineral", ["Ni", "Mo", "Zn"])
def test_nickel_molybdenum_and_zinc_have_marks_of_their_own(mineral):
    own, copper = award(materials=(mineral,)), award(materials=("Cu",))
    assert judged("CM-02", own, mineral=mineral).outcome is PASS
    assert judged("CM-02", copper, mineral=mineral).outcome is FAIL
    for rule in ("CM-01", "CM-03", "CM-04", "CM-05"):
        assert judged(rule, own, mineral=mineral).outcome is PASS
        assert judged(rule, own, copper, mineral=mineral).outcome is PASS
        found = judged(rule, copper, mineral=mineral)
        assert found.outcome is FAIL
        assert f"covers Cu at this site; {mineral} is not in its scope" in found.because
        assert judged(rule, award(materials=None), mineral=mineral).outcome is OPEN


# ── CM-01 ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"statuses": (status("awarded_with_improvement_plan"),)}, PASS),
        ({"statuses": (status("participant"),)}, FAIL),
        ({"statuses": (status("under_assessment"),)}, FAIL),
        ({"statuses": (status("self_assessed"),)}, FAIL),
        ({"statuses": (status("awarded"), status("suspended", on=PROCESSING))}, FAIL),
        ({"statuses": (status("awarded"), status("suspended", on=PROCESSING + DAY))}, PASS),
        ({"statuses": ()}, OPEN),
        ({"valid_until": PROCESSING - DAY}, FAIL),
        ({"valid_until": PROCESSING}, PASS),
        ({"valid_until": None}, OPEN),
        ({"materials": ("Zn",)}, FAIL),
        ({"materials": None}, OPEN),
        ({"is_disputed": True}, OPEN),
        ({"standard_code": "joint_due_diligence"}, OPEN),
        ({"standard_code": "copper_mark_chain_of_custody"}, OPEN),
        ({"standard_code": None}, PASS),
        ({"product": "Rod"}, OPEN),
    ],
    ids=[
        "with an improvement plan",
        "a participant",
        "under assessment",
        "self-assessed",
        "suspended that day",
        "suspended the day after",
        "no status",
        "expired the day before",
        "the last day",
        "no last day",
        "for another metal",
        "for metals nobody coded",
        "signed with a distrusted key",
        "due diligence only",
        "chain of custody only",
        "a standard nobody coded",
        "about a product",
    ],
)
def test_only_an_award_in_good_standing_is_one(change, outcome):
    assert judged("CM-01", award(**change)).outcome is outcome


def test_of_two_awards_the_one_that_carries_counts_unless_it_was_replaced():
    expired = award(id="old", valid_until=PROCESSING - DAY)
    assert judged("CM-01", expired, award()).outcome is PASS
    replaced = award(id="old")
    renewed = award(supersedes=("old",), statuses=(status("suspended"),))
    assert judged("CM-03", replaced, renewed).outcome is PASS
    for rule in ("CM-01", "CM-02"):
        assert judged(rule, replaced, renewed).outcome is FAIL
        later = replace(renewed, published_on=PROCESSING + DAY)
        assert judged(rule, replaced, later).outcome is PASS


# ── CM-03 ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("told", "values", "outcome", "words"),
    [
        (criteria(rated("9", "partially")), {}, FAIL, "criterion 9 is met only partially"),
        (criteria(rated("33", "partially")), {}, PASS, ""),
        (criteria(rated("33", "does_not_meet")), {}, FAIL, "33 is rated does not meet"),
        (criteria(rated("33", "does_not_meet")), {"copper_mark__hard_criteria": None}, FAIL, ""),
        (criteria(), {"copper_mark__hard_criteria": None}, OPEN, "copper_mark.hard_criteria"),
        (None, {}, OPEN, "without the ratings of criteria"),
        ((), {}, OPEN, "without the ratings of criteria"),
        (criteria(count=32), {}, OPEN, "only 32 of 33 ratings of criteria is on file"),
        (criteria(count=8), {}, OPEN, "of criterion 9 and 10 no rating is on file"),
        (criteria(), {"copper_mark__criteria_counts": UNSET}, OPEN, "how many criteria version"),
    ],
    ids=[
        "a hard criterion partially",
        "another one partially",
        "one missed",
        "one missed, and no list",
        "no list of hard criteria",
        "nothing on file",
        "no ratings",
        "one rating short",
        "hard criteria not rated",
        "no count of criteria",
    ],
)
def test_hard_criteria_are_fully_met_and_none_is_missed(told, values, outcome, words):
    found = judged("CM-03", award(outcomes=told), **values)
    assert (found.outcome, words in found.because) == (outcome, True), found.because


@pytest.mark.parametrize(("version", "outcome"), [("2.0", PASS), ("3.0", OPEN), (None, OPEN)])
def test_how_many_criteria_there_are_depends_on_the_version(version, outcome):
    found = judged("CM-03", award(version=version, outcomes=criteria(count=32)))
    assert found.outcome is outcome


# ── CM-04 ─────────────────────────────────────────────────────────────────────────────────

YEAR_BEFORE = date(2025, 10, 15)


def partial(**changes):
    return (rated("5", "partially", **changes),)


@pytest.mark.parametrize(
    ("told", "assessed_on", "values", "outcome"),
    [
        (partial(plan_due_on=PROCESSING), None, {}, PASS),
        (partial(plan_due_on=PROCESSING - DAY), None, {}, FAIL),
        (partial(plan_due_on=PROCESSING - DAY, plan_closed_on=PROCESSING), None, {}, PASS),
        (partial(plan_due_on=PROCESSING - DAY, plan_closed_on=PROCESSING + DAY), None, {}, FAIL),
        (partial(plan_closed_on=PROCESSING), None, {}, PASS),
        (partial(), YEAR_BEFORE, {}, PASS),
        (partial(), YEAR_BEFORE - DAY, {}, OPEN),
        (partial(), None, {}, OPEN),
        (partial(), YEAR_BEFORE - DAY, {"copper_mark__improvement_plan_months": UNSET}, OPEN),
        (partial(), YEAR_BEFORE - DAY, {"copper_mark__improvement_plan_anchor": "odd_on"}, OPEN),
        (
            partial(),
            YEAR_BEFORE - DAY,
            {"copper_mark__improvement_plan_anchor": "assessed_on"},
            FAIL,
        ),
        (
            partial(),
            YEAR_BEFORE - DAY,
            {
                "copper_mark__improvement_plan_anchor": "published_on",
                "copper_mark__improvement_plan_months": 22,
            },
            PASS,
        ),
        (
            partial(),
            None,
            {"copper_mark__improvement_plan_anchor": "assessed_on"},
            OPEN,
        ),
        ((rated("5", "fully"),), None, {}, PASS),
        (None, None, {}, OPEN),
        ((*partial(), rated("6", "partially", plan_due_on=PROCESSING - DAY)), None, {}, FAIL),
        ((*partial(), rated("6", "partially")), None, {}, OPEN),
    ],
    ids=[
        "due that day",
        "due the day before",
        "overdue, closed that day",
        "overdue, closed the day after",
        "closed, no due day",
        "twelve months after the assessment to the day",
        "a day more, and no anchor",
        "no day of assessment",
        "no term",
        "an anchor no rule knows",
        "from the assessment, a day too late",
        "from the publication, in time",
        "from an assessment without a day",
        "nothing partial",
        "no ratings",
        "one open, one overdue",
        "two open",
    ],
)
def test_improvement_plans_are_done_or_not_yet_due(told, assessed_on, values, outcome):
    found = judged("CM-04", award(outcomes=told, assessed_on=assessed_on), **values)
    assert found.outcome is outcome, found.because


# ── CM-05 ─────────────────────────────────────────────────────────────────────────────────


def test_the_months_of_a_plan_may_run_from_the_publication():
    one = award(
        outcomes=partial(), assessed_on=date(2024, 1, 1), published_on=PROCESSING - 365 * DAY
    )
    from_publication = {"copper_mark__improvement_plan_anchor": "published_on"}
    assert judged("CM-04", one, **from_publication).outcome is PASS
    late = award(
        outcomes=partial(), assessed_on=date(2024, 1, 1), published_on=PROCESSING - 366 * DAY
    )
    assert judged("CM-04", late, **from_publication).outcome is FAIL


def awarded(on, *more):
    return award(statuses=(status("awarded", on=on), *more), published_on=None)


LAST_AWARD = date(2023, 10, 16)  # three years from it end on the day of processing


@pytest.mark.parametrize(
    ("one", "outcome", "lapse"),
    [
        (awarded(LAST_AWARD), PASS, None),
        (awarded(LAST_AWARD - DAY), FAIL, None),
        (awarded(LAST_AWARD - DAY, status("renewal_stage_2_done", PROCESSING - DAY)), FAIL, 1),
        (awarded(PROCESSING), PASS, None),
        (awarded(PROCESSING + DAY), FAIL, None),
        (award(statuses=(), published_on=LAST_AWARD), PASS, None),
        (award(statuses=(), published_on=None), OPEN, None),
        (award(statuses=(status("awarded", known_from=100),), published_on=None), OPEN, None),
    ],
    ids=[
        "the last day of the term",
        "the day after it",
        "the day after it, with the renewal under way",
        "awarded that day",
        "awarded the day after",
        "by the day of publication",
        "no date",
        "an award not known yet",
    ],
)
def test_an_award_carries_for_three_years(one, outcome, lapse):
    found = judged("CM-05", one)
    assert (found.outcome, found.lapse_days) == (outcome, lapse), found.because


def test_without_a_term_no_award_is_too_old():
    assert judged("CM-05", award(), copper_mark__validity_months=UNSET).outcome is OPEN


def test_a_renewal_counts_from_its_own_day():
    old = awarded(date(2020, 1, 1))
    renewed = award(id="c2", statuses=(status("awarded", on=PROCESSING),), supersedes=("c1",))
    assert judged("CM-05", old, renewed).outcome is PASS


# ── CM-06 ─────────────────────────────────────────────────────────────────────────────────

JDDS = {"standard_code": "joint_due_diligence", "statuses": (status("published"),)}
OF_SITE = {"facility_id": "acme:plant", "code": "site"}


@pytest.mark.parametrize(
    ("awards", "declared", "outcome"),
    [
        ((award(**JDDS),), (), PASS),
        ((award(**JDDS, level="Copper Mark"),), (), FAIL),
        ((award(**JDDS | {"statuses": (status("awarded"),)}),), (), FAIL),
        ((award(**JDDS),), (claimed("copper_mark", **OF_SITE, says=("mark",)),), FAIL),
        ((award(**JDDS),), (claimed("copper_mark", **OF_SITE, says=("site",)),), PASS),
        ((award(**JDDS),), (claimed("copper_mark", **OF_SITE),), OPEN),
        ((award(**JDDS),), (claimed(**OF_SITE, says=("mark",)),), PASS),
        ((award(), award(**JDDS, id="c2")), (claimed("copper_mark", **OF_SITE),), PASS),
        ((), (claimed("copper_mark", **OF_SITE, says=("mark",)),), PASS),
    ],
    ids=[
        "a status that claims nothing",
        "recorded with the level of a mark",
        "recorded as awarded",
        "claimed as a mark",
        "claimed as a site",
        "claimed in words nobody coded",
        "claimed under another scheme",
        "beside an award",
        "nothing on file",
    ],
)
def test_due_diligence_is_no_mark(awards, declared, outcome):
    assert judged("CM-06", *awards, declared=declared).outcome is outcome


# ── Nickel, Molybdenum and Zinc Marks ─────────────────────────────────────────────────────


def mark(metal, **changes):
    return award(id=f"mark of {metal}", materials=(metal,), **changes)


def lot(mineral, *awards, claims=(), rows=()):
    return dossier(
        source(10),
        mineral=mineral,
        steps=SMELTED,
        credentials=awards,
        declared=claims,
        snapshots=rows,
    )


SUSPENDED = (status("awarded"), status("suspended", on=PROCESSING))
OLD = {"published_on": date(2022, 1, 1), "statuses": (status("awarded", on=date(2022, 1, 1)),)}
PARTIAL = criteria(rated("9", "partially"))
OVERDUE = criteria(rated("9", "partially", plan_due_on=PROCESSING - DAY))
LEAD = award(
    materials=("Pb",), standard_code="joint_due_diligence", version="3", statuses=(), level=None
)
AS_A_MARK = claimed("copper_mark", facility_id="acme:plant", code="site", says=("mark",))
MARKS = [
    *(
        case
        for metal, other in (("Ni", "Cu"), ("Mo", "Ni"), ("Zn", "Cu"))
        for case in (
            (f"CM-02: {metal} by its own mark", "CM-02", lot(metal, mark(metal)), PASS),
            (f"CM-02: {metal} by a mark for {other}", "CM-02", lot(metal, mark(other)), FAIL),
            (
                f"CM-02: {metal} where the site holds both marks",
                "CM-02",
                lot(metal, mark(metal), mark(other)),
                PASS,
            ),
            (
                f"CM-02: {metal} where its own mark is suspended, and {other} is not",
                "CM-02",
                lot(metal, mark(metal, statuses=SUSPENDED), mark(other)),
                FAIL,
            ),
            (
                f"CM-02: {metal} of a mark whose metals nobody coded",
                "CM-02",
                lot(metal, award(materials=None)),
                OPEN,
            ),
            (f"CM-02: {metal} without a mark on file", "CM-02", lot(metal), OPEN),
            (
                f"CM-02: {metal} of a site that is not on the register",
                "CM-02",
                lot(metal, rows=(snapshot("copper_mark"),)),
                FAIL,
            ),
            (
                f"CM-01: {metal} where its own mark is suspended, and {other} is not",
                "CM-01",
                lot(metal, mark(metal, statuses=SUSPENDED), mark(other)),
                FAIL,
            ),
            (
                f"CM-03: {metal} by the criteria of its own mark",
                "CM-03",
                lot(metal, mark(metal, outcomes=PARTIAL, statuses=SUSPENDED), mark(other)),
                FAIL,
            ),
            (
                f"CM-04: {metal} by the plans of its own mark",
                "CM-04",
                lot(metal, mark(metal, outcomes=OVERDUE, statuses=SUSPENDED), mark(other)),
                FAIL,
            ),
            (
                f"CM-05: {metal} by the term of its own mark",
                "CM-05",
                lot(metal, mark(metal, valid_until=PROCESSING - DAY, **OLD), mark(other)),
                FAIL,
            ),
        )
    ),
    ("CM-02: cobalt has no mark", "CM-02", lot("Co", mark("Ni")), NONE),
    ("CM-02: lead has no mark", "CM-02", lot("Pb", mark("Zn")), NONE),
    (
        "CM-06: a due-diligence status for lead, not offered as a mark",
        "CM-06",
        lot("Pb", LEAD),
        PASS,
    ),
    (
        "CM-06: a due-diligence status for lead, claimed as a mark",
        "CM-06",
        lot("Pb", LEAD, claims=(AS_A_MARK,)),
        FAIL,
    ),
    (
        "CM-06: a due-diligence status for nickel, recorded as an award",
        "CM-06",
        lot("Ni", award(materials=("Ni",), standard_code="joint_due_diligence")),
        FAIL,
    ),
    ("CM-06: cobalt has no due-diligence status", "CM-06", lot("Co", LEAD), NONE),
]


@pytest.mark.parametrize(
    ("rule", "about", "outcome"), [one[1:] for one in MARKS], ids=[one[0] for one in MARKS]
)
def test_a_metal_is_judged_by_its_own_mark(rule, about, outcome):
    found = finding_of(RULE[rule], about, **HARD)
    assert found.outcome is outcome, found.because
    assert bool(found.missing) is (outcome is OPEN)


def test_of_two_marks_the_one_for_the_metal_is_quoted():
    about = lot("Zn", mark("Zn", statuses=SUSPENDED, outcomes=PARTIAL), mark("Cu"))
    because = finding_of(RULE["CM-03"], about, **HARD).because
    assert because.endswith("criterion 9 is met only partially; fully is asked for")
