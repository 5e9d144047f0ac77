"""Findings: three-valued comparison, and JSON that loses nothing."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rulebook_builders import finding, provision

from standards.rulebook.errors import BadFinding
from standards.rulebook.findings import (
    Finding,
    Measured,
    Outcome,
    SiteLine,
    Subject,
    at_least,
    at_most,
    canonical_json,
    concluded,
    conforms,
    decimal_text,
    indeterminate,
    nonconforming,
    not_applicable,
    percent_text,
)

ratios = st.fractions(min_value=0, max_value=1, max_denominator=1000)


@given(low=ratios, high=ratios, threshold=ratios)
def test_a_minimum_passes_if_the_worst_passes_and_fails_if_the_best_fails(low, high, threshold):
    worst, best = min(low, high), max(low, high)
    outcome = at_least(worst, best, threshold).outcome
    assert (outcome is Outcome.CONFORMS) == (worst >= threshold)
    assert (outcome is Outcome.NONCONFORMING) == (best < threshold)


@given(low=ratios, high=ratios, threshold=ratios)
def test_a_maximum_mirrors_a_minimum(low, high, threshold):
    worst, best = max(low, high), min(low, high)
    mirrored = at_least(1 - worst, 1 - best, 1 - threshold)
    assert at_most(worst, best, threshold).outcome is mirrored.outcome
    assert at_most(worst, best, threshold).margin == mirrored.margin


close = st.fractions(0, 2, max_denominator=10**9)


@given(worst=close, best=close, threshold=close, unit=st.sampled_from(["share", "mg", "count"]))
def test_a_figure_reads_as_the_threshold_only_where_it_is_the_threshold(
    worst, best, threshold, unit
):
    for one in (worst, best):
        told = at_least(one, one, threshold, unit)
        alike = told.interval_text == told.threshold_text.removeprefix("at least ")
        assert alike == (one == threshold)
    told = at_least(min(worst, best), max(worst, best), threshold, unit)
    ends = told.interval_text.split(" to ")
    assert (told.threshold_text.removeprefix("at least ") in ends) == (threshold in (worst, best))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Fraction(749_999, 1_000_000), "74.9999 %"),
        (Fraction(3, 4), "75 %"),
        (Fraction(750_001, 1_000_000), "75.0001 %"),
        (Fraction(2, 3), "66.67 %"),
    ],
)
def test_what_is_just_short_of_the_threshold_is_told_with_the_places_that_show_it(value, words):
    assert at_least(value, value, Fraction(3, 4)).interval_text == words


lines = st.builds(
    SiteLine,
    facility_id=st.none() | st.text(max_size=5),
    share=ratios,
    outcome=st.sampled_from(Outcome),
    because=st.text(max_size=5),
    lapse_days=st.none() | st.integers(0, 400),
)
findings = st.builds(
    Finding,
    rule_id=st.text(max_size=5),
    subject=st.builds(Subject, kind=st.just("lot"), id=st.text(), mineral=st.none() | st.text()),
    outcome=st.sampled_from(Outcome),
    because=st.text(max_size=9),
    measured=st.none()
    | st.builds(
        Measured,
        worst=ratios,
        best=ratios,
        threshold=ratios,
        comparison=st.sampled_from(["at_least", "at_most"]),
        unit=st.sampled_from(["share", "mg"]),
    ),
    cites=st.just((provision(), provision(value=({"code": "NO", "from": date(2026, 1, 1)},)))),
    evidence=st.lists(st.text(max_size=4), max_size=2).map(tuple),
    notices=st.lists(st.text(max_size=4), max_size=2).map(tuple),
    missing=st.lists(st.text(max_size=4), max_size=2).map(tuple),
    treat_as=st.none() | st.sampled_from(Outcome),
    lines=st.lists(lines, max_size=2).map(tuple),
    lapse_days=st.none() | st.integers(0, 400),
)


@given(told=findings)
def test_a_finding_survives_being_written_and_read(told):
    assert Finding.from_json(told.as_json()) == told
    assert canonical_json(told.as_json()) == canonical_json(
        Finding.from_json(told.as_json()).as_json()
    )


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "perhaps"},
        {"colour": "red"},
        {"measured": {"worst": "1/2"}},
        {"lines": [3]},
        {"subject": {"kind": "lot"}},
        {"cites": [{"value": {"decimal": "x"}}]},
    ],
)
def test_a_stored_finding_that_was_tampered_with_is_refused(change):
    with pytest.raises(BadFinding):
        Finding.from_json(finding().as_json() | change)


def test_a_display_figure_must_be_that_of_its_ratio():
    told = finding(measured=at_least(Fraction(1, 3), Fraction(1), Fraction(1, 2))).as_json()
    told["measured"]["display"]["worst"] = "0.9"
    with pytest.raises(BadFinding, match="not what its own members give"):
        Finding.from_json(told)


def test_figures_are_exact_and_decimals_are_for_display():
    told = at_least(Fraction(1, 3), Fraction(1), Fraction(1, 2)).as_json()
    assert (told["worst"], told["best"], told["margin"]) == ("1/3", "1/1", "-1/6")
    assert told["display"]["worst"] == "0.333333"


def test_the_constructors_say_the_outcome_and_sort_the_evidence():
    cited = provision()
    answer = conforms("yes", cited, evidence=["b", "a", "b"])
    assert (answer.outcome, answer.cites, answer.evidence) == (
        Outcome.CONFORMS,
        (cited,),
        ("a", "b"),
    )
    assert nonconforming("no").outcome is Outcome.NONCONFORMING
    assert not_applicable("no").outcome is Outcome.NOT_APPLICABLE
    assert indeterminate("?", missing=("a", "b", "a")).missing == ("a", "b")


def test_a_measured_answer_names_missing_documents_only_where_they_would_settle_it():
    half = Fraction(1, 2)
    open_answer = concluded(at_least(Fraction(0), Fraction(1), half), "?", missing=("assay",))
    settled = concluded(at_least(half, half, half), "yes", missing=("assay",))
    assert (open_answer.outcome, open_answer.missing) == (Outcome.INDETERMINATE, ("assay",))
    assert (settled.outcome, settled.missing) == (Outcome.CONFORMS, ())


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (Fraction(0), "0 %"),
        (Fraction(1), "100 %"),
        (Fraction(4266, 10000), "42.66 %"),
        (Fraction(1, 10**9), "under 0.01 %"),
        (Fraction(10**9 - 1, 10**9), "over 99.99 %"),
    ],
)
def test_a_share_never_reads_as_all_or_nothing_unless_it_is(share, text):
    assert percent_text(share) == text


def test_intervals_and_thresholds_read_as_people_say_them():
    measured = at_least(Fraction(2, 5), Fraction(3, 5), Fraction(1, 2))
    assert measured.interval_text == "40 % to 60 %"
    assert measured.threshold_text == "at least 50 %"
    assert at_most(Fraction(1), Fraction(1), Fraction(0)).interval_text == "100 %"


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        ("share", "150 %"),
        ("ratio", "150 %"),
        ("mg", "0.000002 kg"),
        ("km/h", "1.5 km/h"),
        ("days", "1.5 days"),
        ("count", "1.5"),
    ],
)
def test_a_figure_is_written_with_its_unit(unit, text):
    value = Fraction(3, 2)
    measured = at_most(value, value, value, unit)

    assert (measured.interval_text, measured.threshold_text) == (text, f"at most {text}")


def test_a_margin_is_written_with_its_sign():
    margins = [
        at_least(Fraction(worst, 10), Fraction(1), Fraction(1, 2)).margin_text
        for worst in (3, 5, 8)
    ]

    assert margins == ["\N{MINUS SIGN}20 %", "0 %", "+30 %"]
    assert decimal_text(Fraction(-5, 2)) == "-2.5"
    assert decimal_text(Fraction(7), places=0) == "7"
