"""Waivers: what they reach, what ends them, and how their tonnage is counted."""

import dataclasses
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rulebook_builders import BOUNDS, NOVEMBER, exactly, finding, policy, requirement, waiver

from standards.rulebook.bounds import UNTOLD
from standards.rulebook.dossier import MassRange
from standards.rulebook.findings import Outcome, Subject
from standards.rulebook.policy import Verdict, judge, waiver_findings
from standards.rulebook.waiving import Condition, Granted, Reach, Use, reach, standing

DAY = timedelta(days=1)
FAILED = finding(Outcome.NONCONFORMING)
OPEN = finding(Outcome.INDETERMINATE, missing=("a paper",))


def within(**changes):
    return dataclasses.replace(BOUNDS, **changes)


def condition(due, met=None):
    return Condition(what="a plan", due_on=due, met_on=met)


@pytest.mark.parametrize(
    ("change", "expected", "why"),
    [
        ({}, Reach.HOLDS, "waived by W1 until 2026-12-31"),
        ({"valid_until": NOVEMBER}, Reach.HOLDS, "until 2026-11-01"),
        ({"valid_until": NOVEMBER - DAY}, Reach.LAPSED, "ended on 2026-10-31"),
        ({"valid_from": NOVEMBER}, Reach.HOLDS, "waived"),
        ({"valid_from": NOVEMBER + DAY}, Reach.LAPSED, "begins on 2026-11-02"),
        ({"void_because": "fraud"}, Reach.LAPSED, "is void: fraud"),
        ({"cap_mg": 10, "used_mg": 10}, Reach.HOLDS, "waived"),
        ({"cap_mg": 10, "used_mg": 11}, Reach.LAPSED, "11 of 10 mg are used"),
        ({"cap_mg": 10, "is_used": False}, Reach.PENDING, "its use for this lot is not stated"),
        ({"own_mg": 7, "whole_mg": 7}, Reach.HOLDS, "waived"),
        (
            {"own_mg": 6, "whole_mg": 7},
            Reach.PENDING,
            "6 mg of use are stated, and this lot holds up to 7 mg",
        ),
        ({"own_mg": 6, "whole_mg": None}, Reach.PENDING, "how much of the metal this lot holds"),
        ({"conditions": (condition(NOVEMBER),)}, Reach.HOLDS, "waived"),
        (
            {"conditions": (condition(NOVEMBER - DAY),)},
            Reach.PENDING,
            "“a plan”, due on 2026-10-31",
        ),
        ({"conditions": (condition(NOVEMBER - DAY, NOVEMBER),)}, Reach.HOLDS, "waived"),
        ({"conditions": (condition(NOVEMBER - DAY, NOVEMBER + DAY),)}, Reach.PENDING, "missing"),
        # within what bounds waivers, and beyond it
        ({"bounds": within(most_days=92)}, Reach.HOLDS, "waived"),
        (
            {"bounds": within(most_days=91)},
            Reach.LAPSED,
            "lasts 92 days, and 91 are",
        ),
        ({"place": 2}, Reach.HOLDS, "waived"),
        ({"place": 3}, Reach.LAPSED, "it is number 3 in force at once, and 2 are allowed"),
        ({"cap_mg": 100}, Reach.HOLDS, "waived"),
        ({"cap_mg": 101}, Reach.LAPSED, "covers 101 mg of Cu, and 100 are allowed"),
        ({"cap_mg": None}, Reach.LAPSED, "has no cap, and at most 100 mg of Cu may be waived"),
        # what nobody has said
        ({"bounds": UNTOLD}, Reach.PENDING, "no rule pack says what bounds waivers"),
        (
            {"bounds": within(most_mg={"Ni": 1})},
            Reach.PENDING,
            "policy.waiver_mass says nothing about Cu",
        ),
    ],
)
def test_a_waiver_holds_on_its_days_within_its_terms(change, expected, why):
    found, told = reach(waiver(**change), [FAILED], NOVEMBER)
    assert (found, why in told) == (expected, True), told


@pytest.mark.parametrize("stop", ["LAW-01", "OECD-02"])
def test_a_new_hard_stop_voids_every_waiver_for_the_lot(stop):
    found = [FAILED, finding(Outcome.NONCONFORMING, rule_id=stop)]
    assert reach(waiver(), found, NOVEMBER) == (
        Reach.LAPSED,
        f"W1 is void for this lot: {stop} fails",
    )
    assert reach(waiver(), [FAILED, finding(rule_id=stop)], NOVEMBER)[0] is Reach.HOLDS


def test_a_hard_stop_under_the_packs_voids_a_waiver_of_a_club_that_does_not_ask_for_it():
    granted = Granted(waivers={"W1": waiver(cap_mg=None, bounds=within(most_mg={"Cu": 0}))})
    [told] = granted.for_lot("acme:L1", "Cu", exactly(1), failed=frozenset({"CRED-11"}))
    assert reach(told, [FAILED], NOVEMBER) == (
        Reach.LAPSED,
        "W1 is void for this lot: CRED-11 fails",
    )


@pytest.mark.parametrize(
    ("change", "expected", "why"),
    [
        ({}, Reach.HOLDS, "W1 is in force until 2026-12-31"),
        ({"minerals": ("Cu",), "is_used": False}, Reach.HOLDS, "in force"),
        ({"minerals": ("Cu", "Ni")}, Reach.PENDING, "W1: policy.waiver_mass says nothing about Ni"),
        ({"minerals": ("Ni", "Cu"), "cap_mg": 101}, Reach.LAPSED, "101 mg of Cu, and 100 are"),
        ({"valid_from": NOVEMBER + DAY}, Reach.LAPSED, "begins on"),
        ({"conditions": (condition(NOVEMBER - DAY),)}, Reach.PENDING, "“a plan”"),
    ],
)
def test_a_waiver_stands_somewhere_whatever_lot_is_asked_about(change, expected, why):
    found, told = standing(waiver(**change), NOVEMBER)
    assert (found, why in told) == (expected, True), told


# ── judged ────────────────────────────────────────────────────────────────────────────────


def judged(made, *waivers, rule="R1", **row):
    told = judge([made], policy(requirement(rule, **row)), waivers, NOVEMBER)
    [reason] = told.reasons
    return reason


def test_what_is_waived_names_the_waiver_and_the_check():
    reason = judged(FAILED, waiver())
    assert (reason.verdict, reason.waiver_id, reason.policy_check) == (
        Verdict.WAIVED,
        "W1",
        "POL-05",
    )
    assert reason.outcome is Outcome.NONCONFORMING  # the finding stays what it is


def test_what_lapsed_waives_nothing_and_says_so():
    reason = judged(FAILED, waiver(valid_until=NOVEMBER - DAY))
    assert (reason.verdict, reason.waiver_id, reason.policy_check) == (
        Verdict.FAIL,
        None,
        "POL-05",
    )
    assert reason.because == "so it is (W1 ended on 2026-10-31)"


def test_what_two_people_have_to_approve_awaits_the_second():
    reason = judged(FAILED, waiver(), second_approver=True)
    assert reason.verdict is Verdict.INDETERMINATE
    assert "W1: no second approver is named" in reason.because
    assert judged(FAILED, waiver(seconded_by="B"), second_approver=True).waiver_id == "W1"
    [seconded, _] = checked([FAILED], waiver(), second_approver=True).values()
    assert seconded.outcome is Outcome.INDETERMINATE


def test_a_condition_that_awaits_evidence_leaves_it_open():
    pending = waiver(conditions=(condition(NOVEMBER - DAY),))
    assert judged(FAILED, pending).verdict is Verdict.INDETERMINATE
    assert judged(FAILED, pending, waiver(id="W2")).waiver_id == "W2"


@pytest.mark.parametrize("rule", sorted(BOUNDS.hard_stops))
def test_no_policy_lets_a_waiver_reach_a_hard_stop(rule):
    made = replace(FAILED, rule_id=rule)
    reason = judged(made, waiver(rule_ids=(rule,)), rule=rule, waivable=True)
    assert (reason.verdict, reason.policy_check) == (Verdict.FAIL, "POL-06")


def test_grace_is_told_as_such():
    reason = judged(replace(FAILED, lapse_days=3), grace_days=3)
    assert (reason.verdict, reason.policy_check) == (Verdict.GRACE, "POL-04")
    assert judged(finding()).policy_check is None


# ── POL-05, POL-06 ────────────────────────────────────────────────────────────────────────

WAIVERS = {"POL-05": "requires a waiver that holds", "POL-06": "none for what may not be"}


def checked(made, *waivers, **row):
    rows = policy(requirement("R1", **row), *(requirement(one) for one in WAIVERS))
    return {one.rule_id: one for one in waiver_findings(made, rows, waivers, NOVEMBER)}


@pytest.mark.parametrize(
    ("made", "waivers", "row", "first", "second"),
    [
        (FAILED, (), {}, Outcome.NOT_APPLICABLE, Outcome.NOT_APPLICABLE),
        (finding(), (waiver(),), {}, Outcome.NOT_APPLICABLE, Outcome.NOT_APPLICABLE),
        (FAILED, (waiver(),), {}, Outcome.CONFORMS, Outcome.NOT_APPLICABLE),
        (FAILED, (waiver(entry="a" * 64),), {}, Outcome.CONFORMS, Outcome.NOT_APPLICABLE),
        (
            FAILED,
            (waiver(conditions=(condition(NOVEMBER - DAY),)),),
            {},
            Outcome.INDETERMINATE,
            Outcome.NOT_APPLICABLE,
        ),
        (FAILED, (waiver(void_because="x"),), {}, Outcome.NONCONFORMING, Outcome.NOT_APPLICABLE),
        (
            FAILED,
            (waiver(void_because="x"), waiver(id="W2")),
            {},
            Outcome.CONFORMS,
            Outcome.NOT_APPLICABLE,
        ),
        (
            FAILED,
            (waiver(entry="a" * 64),),
            {"waivable": False},
            Outcome.NOT_APPLICABLE,
            Outcome.NONCONFORMING,
        ),
        (OPEN, (waiver(),), {"waivable": False}, Outcome.NOT_APPLICABLE, Outcome.NONCONFORMING),
    ],
)
def test_waivers_are_findings_too(made, waivers, row, first, second):
    found = checked([made], *waivers, **row)
    assert (found["POL-05"].outcome, found["POL-06"].outcome) == (first, second)
    assert all(
        (one.outcome is Outcome.INDETERMINATE) == bool(one.missing) for one in found.values()
    )


def test_they_are_judged_where_the_policy_requires_them():
    rows = policy(requirement("R1"), requirement("POL-05"), requirement("POL-06"))
    told = judge([FAILED], rows, [waiver(void_because="fraud")], NOVEMBER)
    assert {one.rule_id: one.verdict for one in told.reasons} == {
        "R1": Verdict.FAIL,
        "POL-05": Verdict.FAIL,
        "POL-06": Verdict.PASS,
    }


def test_there_is_one_of_each_for_each_lot():
    other = replace(FAILED, subject=Subject(kind="lot", id="acme:L2", mineral="Cu"))
    rows = policy(requirement("R1"))
    told = waiver_findings([FAILED, other], rows, [waiver(lot_ids=("acme:L2",))], NOVEMBER)
    assert [(one.subject.id, one.rule_id, one.outcome.value) for one in told] == [
        ("acme:L1", "POL-05", "not_applicable"),
        ("acme:L1", "POL-06", "not_applicable"),
        ("acme:L2", "POL-05", "conforms"),
        ("acme:L2", "POL-06", "not_applicable"),
    ]


# ── what was granted, and used ────────────────────────────────────────────────────────────


def use(lot, mg, mineral="Cu", name="W1"):
    return Use(waiver=name, lot=lot, mineral=mineral, mg=mg)


def test_earlier_uses_count_first_and_later_ones_do_not_reach_back():
    granted = Granted(
        waivers={"W1": waiver(cap_mg=10)},
        uses=(use("a", 6), use("b", 5), use("c", 1, name="W2"), use("a", 1, "Ni")),
    )
    [of_a], [of_b] = (granted.for_lot(lot, "Cu", exactly(6)) for lot in "ab")
    assert (of_a.used_mg, of_a.is_used) == (6, True)
    assert (of_b.used_mg, of_b.is_used) == (11, True)
    assert [(one.own_mg, one.whole_mg) for one in (of_a, of_b)] == [(6, 6), (5, 6)]
    [of_d] = granted.for_lot("d", "Cu", None)
    assert of_d.whole_mg is None
    assert (of_d.used_mg, of_d.is_used) == (12, False)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5)), max_size=12),
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2)), min_size=3, max_size=3),
)
def test_what_a_capped_waiver_covers_is_used_whole_and_no_more_than_the_cap(stated, masses):
    uses = tuple(use(lot, mg) for lot, mg in stated)
    granted = Granted(waivers={"W1": waiver(cap_mg=8)}, uses=uses)
    held = {
        lot: MassRange(low_mg=low, high_mg=low + more)
        for lot, (low, more) in zip("abc", masses, strict=True)
    }
    covered = [
        lot
        for lot in "abc"
        if reach(granted.for_lot(lot, "Cu", held[lot])[0], [], NOVEMBER)[0] is Reach.HOLDS
    ]
    assert sum(one.mg for one in uses if one.lot in covered) <= 8
    assert sum(held[lot].high_mg for lot in covered) <= 8


def test_the_calendar_knows_when_a_waiver_begins_ends_or_awaits_evidence():
    one = waiver(
        valid_from=NOVEMBER + 2 * DAY,
        valid_until=NOVEMBER + 9 * DAY,
        conditions=(condition(NOVEMBER + 4 * DAY),),
    )
    granted = Granted(waivers={"W1": one}, bounds_change=NOVEMBER + 20 * DAY)
    assert granted.next_day(NOVEMBER + 10 * DAY) == NOVEMBER + 20 * DAY
    assert Granted(bounds_change=NOVEMBER + 20 * DAY).next_day(NOVEMBER) is None
    granted = Granted(waivers={"W1": one})
    assert granted.next_day(NOVEMBER) == NOVEMBER + 2 * DAY
    assert granted.next_day(NOVEMBER + 2 * DAY) == NOVEMBER + 5 * DAY
    assert granted.next_day(NOVEMBER + 5 * DAY) == NOVEMBER + 10 * DAY
    assert granted.next_day(NOVEMBER + 10 * DAY) is None
    assert Granted().next_day(NOVEMBER) is None


def test_waivers_in_force_count_in_the_order_in_which_they_were_granted():
    waivers = {
        "W1": waiver(valid_until=NOVEMBER - DAY),
        "W2": waiver(id="W2"),
        "W3": waiver(id="W3", void_because="fraud"),
        "W4": waiver(id="W4"),
    }
    granted = Granted(waivers=waivers, bounds=BOUNDS).on(NOVEMBER)
    assert [one.place for one in granted.waivers.values()] == [0, 1, 0, 2]
    earlier = Granted(waivers=waivers, bounds=BOUNDS).on(NOVEMBER - DAY)
    assert [one.place for one in earlier.waivers.values()] == [1, 2, 0, 3]
    assert reach(earlier.waivers["W4"], [FAILED], NOVEMBER)[0] is Reach.LAPSED
    assert Granted(waivers=waivers).on(NOVEMBER).waivers["W2"].bounds is UNTOLD


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 5), st.booleans()), max_size=8))
def test_no_more_waivers_hold_at_once_than_may(spans):
    made = {
        f"W{number}": waiver(
            id=f"W{number}",
            valid_from=NOVEMBER + first * DAY,
            valid_until=NOVEMBER + (first + days) * DAY,
            void_because="void" if is_void else "",
        )
        for number, (first, days, is_void) in enumerate(spans)
    }
    granted = Granted(waivers=made, bounds=BOUNDS).on(NOVEMBER)
    holding = [
        name
        for name, one in granted.waivers.items()
        if reach(one, [FAILED], NOVEMBER)[0] is Reach.HOLDS
    ]
    in_force = [name for name, one in made.items() if one.is_in_force(NOVEMBER)]
    assert holding == in_force[: BOUNDS.most_at_once]  # the first ones, none for the later
