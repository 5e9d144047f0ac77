"""MB-13: more metal out than in."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rulebook_builders import dossier, entry, exactly, finding_of, source, step

from standards.rulebook.dossier import MassRange
from standards.rulebook.findings import Outcome
from standards.rulebook.rules.mass import no_step_gave_more_metal_than_it_took as mb_13

PASS, FAIL, OPEN, NONE = (
    Outcome.CONFORMS,
    Outcome.NONCONFORMING,
    Outcome.INDETERMINATE,
    Outcome.NOT_APPLICABLE,
)


def judged(*steps, **values):
    return finding_of(mb_13, dossier(source(100), steps=steps), **values)


def between(taken, given_, **changes):
    low_in, high_in = taken
    low_out, high_out = given_
    return step(
        100,
        input_mg=MassRange(low_mg=low_in, high_mg=high_in),
        output_mg=MassRange(low_mg=low_out, high_mg=high_out),
        **changes,
    )


@pytest.mark.parametrize(
    ("taken", "given_", "outcome"),
    [
        ((100, 100), (90, 90), PASS),
        ((100, 100), (100, 100), PASS),
        ((100, 100), (102, 102), PASS),
        ((100, 100), (103, 103), FAIL),
        ((0, 0), (1, 1), FAIL),
        ((90, 110), (95, 105), OPEN),
        ((90, 100), (103, 105), FAIL),
        ((100, 110), (90, 102), PASS),
    ],
)
def test_output_is_at_most_input_and_tolerance(taken, given_, outcome):
    assert judged(between(taken, given_)).outcome is outcome


@given(taken=st.integers(0, 1000), out=st.integers(0, 1000))
def test_exact_masses_are_never_open(taken, out):
    found = judged(between((taken, taken), (out, out)))
    assert found.outcome is (PASS if out * 100 <= taken * 102 else FAIL)


def test_the_tolerance_matters_only_where_more_came_out():
    unset = {
        "title": "t",
        "unit": "share",
        "versions": [
            {
                "in_force_from": "2018-01-01",
                "published_on": "2018-01-01",
                "checked_on": "2026-11-23",
                "source": "nobody",
                "url": "",
                "status": "hypothetical",
                "verification": "unset",
            }
        ],
    }
    fine, excess = between((100, 100), (99, 99)), between((100, 100), (101, 101))
    assert judged(fine, custody__output_excess_tolerance=unset).outcome is PASS
    found = judged(excess, custody__output_excess_tolerance=unset)
    assert found.missing == ("a value of custody.output_excess_tolerance",)


def test_a_failure_gives_figures_place_and_day():
    found = judged(
        between((10_000_000, 10_000_000), (12_500_000, 12_500_000), facility_name="Plant")
    )
    assert found.because == (
        "smelting at Plant (acme:plant) on 2026-10-15: 12.5 kg of Cu came out of 10 kg, an excess "
        "of 2.5 kg against the tolerance"
    )
    assert found.measured.worst == 12_500_000 - Fraction(102, 100) * 10_000_000
    assert (found.measured.unit, found.evidence) == ("mg", (entry("b"),))


def test_an_excess_within_tolerance_is_told_and_an_interval_is_shown():
    assert "within the tolerance" in judged(between((100, 100), (101, 101))).because
    found = judged(between((9_000_000, 11_000_000), (9_500_000, 10_500_000), facility_id=None))
    assert found.because.startswith(
        "smelting at an unnamed site on 2026-10-15: 9.5 to 10.5 kg of Cu came out of 9 to 11 kg, "
        "an excess of 0 to 1.5 kg against the tolerance"
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"input_mg": None}, "went into"), ({"output_mg": None}, "came out of")],
)
def test_a_mass_nobody_measured_is_open_and_names_the_document(changes, words):
    found = judged(step(100, **changes))
    assert found.outcome is OPEN
    assert words in found.because
    assert found.missing == ("assay of Cu for smelting at acme:plant on 2026-10-15",)
    named = judged(step(100, missing=("assay certificate 7",), **changes))
    assert named.missing == ("assay certificate 7",)


def test_what_was_only_declared_is_told_by_the_lot_that_was_brought_in():
    bought = source(100, kind="introduced", lot_id="acme:BOUGHT", entry=entry("b"))
    declared = step(100, "refining", facility_id=None, performed_on=None, input_mg=None)
    found = finding_of(mb_13, dossier(bought, steps=(declared,)))
    assert found.because == (
        "how much Cu went into refining of lot acme:BOUGHT before it entered the ledger is not "
        "known"
    )


def test_one_failing_step_decides_over_open_and_fine_ones():
    failing = between((100, 100), (150, 150), entry=entry("e"))
    worse = between((100, 100), (160, 160), entry=entry("f"))
    found = judged(step(100), step(100, input_mg=None), failing, worse)
    assert found.outcome is FAIL
    assert "an excess of 0.00006 kg" in found.because
    assert found.evidence == (entry("e"), entry("f"))
    assert [(line.outcome, line.share) for line in found.lines] == [(PASS, 1), (OPEN, 1), (FAIL, 1)]
    assert "0.00016 kg" in found.lines[2].because
    assert judged(step(100), step(100, input_mg=None)).outcome is OPEN


def test_an_open_interval_names_the_documents_of_its_step():
    found = judged(between((90, 110), (95, 105), missing=("umpire assay",)))
    assert (found.outcome, found.missing) == (OPEN, ("umpire assay",))


@pytest.mark.parametrize("stage", ["extraction", "recovery"])
def test_a_first_lot_has_no_input_to_compare_with(stage):
    assert judged(step(100, stage, input_mg=None)).outcome is NONE
    assert judged().outcome is NONE


def test_a_line_tells_the_part_of_the_lot_that_passed_the_site():
    steps = (
        step(25),
        step(300, facility_id="acme:p2"),
        step(1, facility_id="acme:p3", output_mg=exactly(0)),
        step(30),
    )
    found = finding_of(mb_13, dossier(source(100), steps=steps))
    assert [(line.facility_id, line.share) for line in found.lines] == [
        ("acme:plant", Fraction(55, 100)),
        ("acme:p2", 1),
        ("acme:p3", Fraction(1, 100)),
    ]
