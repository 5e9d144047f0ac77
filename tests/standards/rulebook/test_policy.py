"""Judgement: the worst requirement decides, and a waiver changes no finding."""

from copy import copy
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rulebook_builders import NOVEMBER, finding, policy, requirement, waiver

from standards.rulebook.findings import Outcome, SiteLine, Subject
from standards.rulebook.policy import Verdict, judge

WORST_FIRST = [
    Verdict.FAIL,
    Verdict.INDETERMINATE,
    Verdict.WAIVED,
    Verdict.GRACE,
    Verdict.PASS,
]


def one_of_each(verdict, number):
    """A requirement and a finding that come out as the verdict."""
    rule_id = f"R{number}"
    made = {
        Verdict.FAIL: finding(Outcome.NONCONFORMING, rule_id),
        Verdict.INDETERMINATE: finding(Outcome.INDETERMINATE, rule_id),
        Verdict.WAIVED: finding(Outcome.NONCONFORMING, rule_id),
        Verdict.GRACE: finding(Outcome.NONCONFORMING, rule_id, lapse_days=30),
        Verdict.PASS: finding(Outcome.CONFORMS, rule_id),
    }[verdict]
    return requirement(rule_id, grace_days=30), made


@given(verdicts=st.lists(st.sampled_from(WORST_FIRST), min_size=1, max_size=6))
def test_the_worst_requirement_decides(verdicts):
    pairs = [one_of_each(verdict, number) for number, verdict in enumerate(verdicts)]
    waived = tuple(f"R{n}" for n, verdict in enumerate(verdicts) if verdict is Verdict.WAIVED)
    judged = judge(
        [made for _, made in pairs],
        policy(*(row for row, _ in pairs)),
        [waiver(rule_ids=waived)],
        NOVEMBER,
    )
    ranks = [WORST_FIRST.index(reason.verdict) for reason in judged.reasons]
    assert sorted(ranks) == ranks
    assert sorted(WORST_FIRST.index(verdict) for verdict in verdicts) == ranks
    assert judged.verdict is judged.reasons[0].verdict


def verdict_of(made, *waivers, on=NOVEMBER, **row):
    return judge([made], policy(requirement(**row)), waivers, on).verdict


def test_not_applicable_is_neutral():
    assert verdict_of(finding(Outcome.NOT_APPLICABLE)) is Verdict.PASS


def test_what_law_says_to_treat_as_not_met_fails():
    made = finding(Outcome.INDETERMINATE, treat_as=Outcome.NONCONFORMING)
    assert verdict_of(made) is Verdict.FAIL


@pytest.mark.parametrize(("lapse", "verdict"), [(30, Verdict.GRACE), (31, Verdict.FAIL)])
def test_grace_covers_its_last_day_and_no_more(lapse, verdict):
    made = finding(Outcome.NONCONFORMING, lapse_days=lapse)
    assert verdict_of(made, grace_days=30) is verdict


def test_a_failure_that_is_no_lapse_gets_no_grace():
    assert verdict_of(finding(Outcome.NONCONFORMING), grace_days=90) is Verdict.FAIL


def test_a_waiver_changes_the_judgement_and_says_so():
    made = finding(Outcome.NONCONFORMING)
    judged = judge([made], policy(requirement()), [waiver()], NOVEMBER)
    [reason] = judged.reasons
    assert (reason.verdict, reason.outcome, reason.waiver_id) == (
        Verdict.WAIVED,
        Outcome.NONCONFORMING,
        "W1",
    )
    assert reason.because == "so it is (waived by W1 until 2026-12-31)"


def test_no_waiver_reaches_a_hard_stop():
    judged = judge(
        [finding(Outcome.NONCONFORMING)],
        policy(requirement(waivable=False)),
        [waiver()],
        NOVEMBER,
    )
    assert judged.verdict is Verdict.FAIL
    assert "no waiver reaches this rule; W1 names it" in judged.because


def line(facility_id, outcome):
    return SiteLine(facility_id=facility_id, share=Fraction(1, 2), outcome=outcome, because="b")


AT_M1 = (line("acme:M1", Outcome.NONCONFORMING), line("acme:M2", Outcome.CONFORMS))


@pytest.mark.parametrize(
    ("change", "covers"),
    [
        ({}, True),
        ({"rule_ids": ("R2",)}, False),
        ({"club": "other"}, False),
        ({"lot_ids": ("acme:L1",)}, True),
        ({"lot_ids": ("acme:L2",)}, False),
        ({"minerals": ("Cu",)}, True),
        ({"minerals": ("Ni",)}, False),
        ({"facility_ids": ("acme:M1",)}, True),
        ({"facility_ids": ("acme:M2",)}, False),
        ({"valid_from": NOVEMBER}, True),
        ({"valid_from": date(2026, 11, 2)}, False),
        ({"valid_until": NOVEMBER}, True),
        ({"valid_until": date(2026, 10, 31)}, False),
        ({"cap_mg": 5, "used_mg": 5}, True),
        ({"cap_mg": 5, "used_mg": 6}, False),
        ({"void_because": "fraud"}, False),
    ],
)
def test_a_waiver_reaches_exactly_its_scope(change, covers):
    made = finding(Outcome.NONCONFORMING, lines=AT_M1)
    expected = Verdict.WAIVED if covers else Verdict.FAIL
    assert verdict_of(made, waiver(**change)) is expected


def test_a_waiver_for_sites_does_not_reach_a_finding_without_sites():
    made = finding(Outcome.NONCONFORMING)
    assert verdict_of(made, waiver(facility_ids=("acme:M1",))) is Verdict.FAIL


def test_a_required_rule_without_a_finding_is_indeterminate_for_every_lot_and_mineral():
    nickel = finding(subject=Subject(kind="lot", id="acme:L1", mineral="Ni"))
    judged = judge(
        [finding(), nickel],
        policy(requirement(), requirement("R9"), requirement("R8", minerals=("Ni",))),
        [],
        NOVEMBER,
    )
    missing = [(one.rule_id, one.subject.mineral) for one in judged.reasons if not one.outcome]
    assert missing == [("R9", "Cu"), ("R9", "Ni"), ("R8", "Ni")]
    assert judged.because == "there is no finding of rule R9"


def test_a_waiver_does_not_stand_in_for_a_finding_that_is_not_there():
    judged = judge([finding()], policy(requirement("R9")), [waiver(rule_ids=("R9",))], NOVEMBER)
    assert judged.verdict is Verdict.INDETERMINATE


def test_a_rule_about_claims_asks_no_lot_for_a_finding():
    claim = finding(rule_id="R9", subject=Subject(kind="claim", id="c1"))
    judged = judge([finding(), claim], policy(requirement("R9")), [], NOVEMBER)
    assert [reason.subject.kind for reason in judged.reasons] == ["claim"]


def test_a_policy_that_requires_nothing_of_a_mineral_does_not_pass_it():
    judged = judge([finding()], policy(requirement(minerals=("Ni",))), [], NOVEMBER)
    assert judged.verdict is Verdict.INDETERMINATE
    assert judged.reasons == ()


def test_a_policy_applies_from_its_day():
    made, later = finding(), policy(requirement(), effective_from=NOVEMBER)
    assert judge([made], later, [], NOVEMBER).verdict is Verdict.PASS
    before = judge([made], later, [], date(2026, 10, 31))
    assert (before.verdict, before.because) == (
        Verdict.INDETERMINATE,
        "the policy applies from 2026-11-01",
    )


def test_a_judgement_tells_verdict_reasons_and_the_policy_it_rests_on():
    judged = judge([finding()], policy(requirement()), [], NOVEMBER).as_json()
    assert (judged["verdict"], judged["policy_digest"], judged["on"]) == (
        "pass",
        "0" * 64,
        "2026-11-01",
    )
    assert judged["reasons"][0]["severity"] == "major"
    gone = judge([finding()], policy(requirement("R9")), [], NOVEMBER).as_json()
    assert gone["reasons"][0]["outcome"] is None


def test_a_finding_is_left_as_it_was():
    made = finding(Outcome.NONCONFORMING)
    kept = copy(made)
    judge([made], policy(requirement()), [waiver()], NOVEMBER)
    assert made == kept
