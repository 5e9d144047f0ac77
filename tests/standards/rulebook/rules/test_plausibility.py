"""Plausibility as rules: thresholds, what is said, who is asked; cases are the pack's vectors."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rulebook_builders import UNSET, dossier, entry, finding_of, source, step

from standards.rulebook.findings import Finding, Outcome
from standards.rulebook.parts import Part, Parted
from standards.rulebook.rules.plausibility import MOST_STATEMENTS, PLAUSIBILITY
from traceability.ledger.plausibility import CHECKS
from traceability.ledger.plausibility.view import Observation

RULE = {one.id: one for one in PLAUSIBILITY}


def observed(value=None, letter="a", **changes) -> Observation:
    worst = None if value is None else Fraction(value)
    usual = Observation(
        entry=entry(letter),
        author="acme",
        lot="acme:L1",
        facility="acme:plant",
        because="so it was measured",
        worst=worst,
        best=worst,
    )
    return replace(usual, **changes)


def found(check: str, *observations: Observation, mineral: str = "Cu", **values) -> Finding:
    about = dossier(
        source(100), steps=(step(40),), mineral=mineral, observations={check: observations}
    )
    return finding_of(RULE[check], about, **values)


def test_there_is_a_rule_for_every_check_under_its_id():
    assert [one.id for one in PLAUSIBILITY] == [one.id for one in CHECKS]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_nothing_of_the_kind_on_the_path_is_not_applicable(check):
    finding = finding_of(RULE[check.id], dossier(source(1)))

    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert check.concerns in finding.because


def test_a_doubt_names_the_statement_its_author_and_honest_reasons():
    finding = found("PL-13", observed("0.001"), observed("0.02", "b", evidence=(entry("c"),)))

    assert finding.outcome is Outcome.NONCONFORMING
    assert finding.because == "so it was measured; at most 0.5 % is plausible (lot acme:L1)"
    assert finding.evidence == (entry("b"), entry("c"))
    assert [(one.entry, one.author) for one in finding.statements] == [(entry("b"), "acme")]
    assert "honest reasons may be: another weighbridge" in finding.notices[0]
    assert any("hypothetical" in notice for notice in finding.notices)
    assert Finding.from_json(finding.as_json()) == finding


def test_the_worst_decides_and_the_others_are_counted():
    finding = found("PL-06", observed(40, "a"), observed(90, "b"), observed(3, "c"))

    assert finding.measured.worst == 90
    assert finding.because.endswith("(lot acme:L1), and 1 more statement on the path")
    three = found("PL-06", observed(40, "a"), observed(90, "b"), observed(50, "c"))
    assert three.because.endswith(", and 2 more statements on the path")
    assert [one.entry for one in finding.statements] == [entry("b"), entry("a")]


def test_what_comes_after_a_close_is_late_however_few_days_it_is():
    soon = observed(1, "a", against="closed", evidence=(entry("c"),))
    finding = found("PL-06", observed(90, "b"), soon, observed(2, "d"))

    assert [one.entry for one in finding.statements] == [entry("a"), entry("b")]
    assert finding.statements[0].because.endswith("nothing is plausible that comes after a close")
    assert found("PL-06", soon).evidence == (entry("a"), entry("c"))


def test_a_close_needs_no_threshold():
    key = "plausibility.stated_within"
    soon = observed(1, "a", against="closed")
    alone = found("PL-06", soon, observed(2, "d"), **{key: UNSET})

    assert alone.outcome is Outcome.NONCONFORMING
    assert [one.outcome for one in alone.statements] == [
        Outcome.NONCONFORMING,
        Outcome.INDETERMINATE,
    ]
    assert found("PL-06", observed(2, "d"), **{key: UNSET}).outcome is Outcome.INDETERMINATE


def test_doubted_comes_before_open_comes_before_fine():
    open_one = observed(letter="b", missing=("coordinates of acme:pit",))
    doubted = found("PL-05", observed(1000, against="road"), open_one)
    untold = found("PL-05", observed(10, against="road"), open_one)

    assert doubted.outcome is Outcome.NONCONFORMING
    assert [one.outcome for one in doubted.statements] == [
        Outcome.NONCONFORMING,
        Outcome.INDETERMINATE,
    ]
    assert (untold.outcome, untold.missing) == (
        Outcome.INDETERMINATE,
        ("coordinates of acme:pit",),
    )


def test_a_finding_names_so_many_statements_and_no_more():
    many = [observed(1000 + n, f"{n % 16:x}", entry=f"{n:064x}") for n in range(80)]

    finding = found("PL-06", *many)

    assert len(finding.statements) == len(finding.evidence) == MOST_STATEMENTS
    assert "and 79 more statements" in finding.because
    assert finding.statements[0].entry == f"{79:064x}"


def test_two_lots_of_one_statement_are_one_statement():
    finding = found("PL-06", observed(90), observed(90, lot="acme:L2"))

    assert len(finding.statements) == 1
    assert "more statements" not in finding.because


def test_a_site_that_worked_the_metal_has_a_line_and_another_has_none():
    finding = found(
        "PL-13",
        observed("0.02"),
        observed("0.03", "b", facility="acme:port"),
        observed("0.04", "c"),
    )

    [line] = finding.lines
    assert (line.facility_id, line.share, line.outcome) == (
        "acme:plant",
        Fraction(40, 100),
        Outcome.NONCONFORMING,
    )
    anonymous = finding_of(
        RULE["PL-13"],
        dossier(source(100, facility_id=None), observations={"PL-13": (observed("0.02"),)}),
    )
    assert anonymous.lines == ()


def test_what_is_fine_says_no_figure_of_others():
    """How much a site or a country makes is nobody else's business while nothing is doubted."""
    for check in ("PL-02", "PL-03", "PL-08", "PL-10"):
        finding = found(check, observed("0.1", because="the site made 120 t", cases=9))
        assert finding.outcome is Outcome.CONFORMS
        assert finding.measured is None
        assert "120 t" not in finding.because

    own = found("PL-13", observed("0.001"), observed("0.002", "b"))
    assert own.measured.worst == Fraction("0.002")
    assert "none of 2 statements gives reason to doubt" in own.because


def test_the_nearest_seal_is_the_figure_of_what_is_fine():
    assert found("PL-07", observed(9000), observed(5000, "b")).measured.worst == 5000


def test_a_clubs_own_threshold_replaces_the_packs():
    strict = found("PL-13", observed("0.002"), plausibility__weight_gain="0.001")
    unlisted = found(
        "PL-05", observed(10, against="mule"), plausibility__fastest_kmh={"road": "50"}
    )

    assert strict.outcome is Outcome.NONCONFORMING
    assert (unlisted.outcome, unlisted.missing) == (
        Outcome.INDETERMINATE,
        ("fastest speed of transport by mule",),
    )


def test_a_share_of_a_countrys_production_can_be_the_limit():
    finding = found(
        "PL-04",
        observed(10**12 * 2, against="CA 2026"),
        mineral="Co",
        plausibility__production_share="0.5",
    )

    assert finding.measured.threshold == 3500 * 10**9 // 2
    assert "the country produced 3500 t in 2025, of which 50 % is plausible" in finding.because


def test_a_night_may_lie_within_one_day():
    hours = {"from": "01:00", "until": "03:00"}
    inside, outside = (
        found("PL-09", observed(minute), plausibility__night=hours) for minute in (120, 200)
    )

    assert (inside.outcome, outside.outcome) == (Outcome.NONCONFORMING, Outcome.CONFORMS)
    assert "night is from 01:00 to 03:00" in inside.because


@given(
    told=st.lists(
        st.tuples(
            st.sampled_from([None, "0", "0.004", "0.01", "0.02", "0.021"]),
            st.sampled_from("abcdef"),
            st.sampled_from(["acme:plant", "bolt:works", None]),
            st.booleans(),
        ),
        max_size=9,
    ),
    cuts=st.lists(st.integers(0, 9), max_size=2),
    check=st.sampled_from(["PL-01", "PL-05", "PL-06", "PL-07", "PL-08", "PL-11", "PL-13"]),
)
def test_a_path_in_parts_is_judged_as_it_is_in_one_piece(told, cuts, check):
    every = tuple(
        observed(
            value,
            letter,
            facility=facility,
            best=None if value is None else Fraction(0) if is_wide else Fraction(value),
            missing=(f"paper {letter}",) if is_wide else (),
            cases=20,
        )
        for value, letter, facility, is_wide in told
    )
    places = sorted({0, len(every), *(min(cut, len(every)) for cut in cuts)})
    parts = [Part(every[first:last]) for first, last in pairwise(places)]
    in_parts = Parted.of([part for part in parts if part])
    sites = (step(40), step(30, facility_id="bolt:works"))

    whole, again, once_more = (
        finding_of(RULE[check], dossier(source(100), steps=sites, observations={check: path}))
        for path in (every, in_parts, in_parts)  # the second time each part knows its answer
    )

    assert whole == again == once_more


def test_of_two_figures_that_lie_nearly_as_far_beyond_the_farther_one_decides():
    farther = Fraction("0.02") + Fraction(1, 10**30)
    finding = found("PL-13", observed("0.02"), observed(farther, "b"), observed("0.02", "c"))

    assert finding.measured.worst == farther
    assert [one.entry for one in finding.statements] == [entry("b"), entry("a"), entry("c")]


def test_a_figure_beyond_its_threshold_at_worst_only_without_another_is_open():
    finding = found("PL-13", observed("0.02", best=None, missing=("a weight",)))

    assert (finding.outcome, finding.missing) == (Outcome.INDETERMINATE, ("a weight",))
    assert finding.measured is None


def test_what_two_paths_share_is_added_up_once():
    """Each path has something of its own before it, and says of it what it says alone."""
    shared = Part([observed(90, "b"), observed(80, "c")])
    for own in (Part([observed(70, "d")]), Part([observed(95, "e")])):
        about = dossier(source(100), observations={"PL-06": Parted.of([own, shared])})
        alone = replace(found("PL-06", *own, *shared), lines=())
        assert replace(finding_of(RULE["PL-06"], about), lines=()) == alone
