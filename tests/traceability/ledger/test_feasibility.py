"""What no lot can be is refused at the door; what is only unlikely is not."""

from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import assay, correction, extraction, notebook, quantity
from traceability.errors import (
    AssayImpossible,
    AssaysExceedWhole,
    CountNotWhole,
    FormulaMalformed,
    MassOutOfRange,
    MoistureImpossible,
    TraceabilityError,
    UnitDoesNotFitBasis,
    UnknownUnit,
    ValueOutsideRange,
)
from traceability.ledger.elements import mass_fraction
from traceability.ledger.feasibility import (
    PURE_SUBSTANCES,
    check_assays,
    check_compound,
    check_ends,
    check_quantity,
)
from traceability.ledger.mass import ASSAY_TOLERANCE
from traceability.ledger.shapes import AssayResult, Compound, Quantity


def result(element="Cu", value="28", unit="percent", basis="dry", **more):
    told = {"element": element, "value": value, "unit": unit, "basis": basis} | more
    return msgspec.convert(told, AssayResult)


def compound(formula, purity="1"):
    return msgspec.convert({"formula": formula, "purity": purity, "basis": "dry"}, Compound)


@pytest.mark.parametrize(
    ("told", "code", "at"),
    [
        ({"element": "Xx"}, "unknown_element", "$[0].element"),
        ({"expressed_as": "Xx2O"}, "unknown_element", "$[0].expressed_as"),
        ({"expressed_as": "Cu2("}, "formula_malformed", "$[0].expressed_as"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(told, code, at):
    with pytest.raises(TraceabilityError) as refused:
        check_assays([result(**told)], at="$", material="copper_sulfate")
    assert (refused.value.code, refused.value.at) == (code, at)


@pytest.mark.parametrize(
    ("formula", "code"), [("Xx2O", "unknown_element"), ("Cu2(", "formula_malformed")]
)
def test_a_compound_that_cannot_be_read_is_told_with_its_place(formula, code):
    with pytest.raises(TraceabilityError) as refused:
        check_compound(compound(formula), "$.body.lot.compound")
    assert (refused.value.code, refused.value.at) == (code, "$.body.lot.compound.formula")


purities = st.integers(0, 1000).map(lambda n: Decimal(n) / 1000)


@given(material=st.sampled_from(sorted(PURE_SUBSTANCES)), share=st.fractions(0, 1))
def test_a_pure_substance_holds_up_to_its_stoichiometric_maximum_and_no_more(material, share):
    formula = PURE_SUBSTANCES[material]
    element = next(one for one in ("Li", "Ni", "Co", "Cu", "Mn") if mass_fraction(formula, one))
    limit = mass_fraction(formula, element)
    ppm = int(share * limit * 1_000_000)
    check_assays([result(element, str(ppm), "ppm")], at="$", material=material)

    above = int(limit * (1 + 2 * ASSAY_TOLERANCE) * 1_000_000) + 1
    with pytest.raises(AssayImpossible) as refused:
        check_assays([result(element, str(above), "ppm")], at="$.body.results", material=material)
    assert refused.value.at == "$.body.results[0]"


@given(purity=purities)
def test_what_is_not_the_stated_compound_may_be_anything(purity):
    most = Fraction(purity) * mass_fraction("NiSO4.6H2O", "Ni") + 1 - Fraction(purity)
    stated = compound("NiSO4.6H2O", f"{purity:f}")
    fits, exceeds = str(int(most * 10**6)), str(int(most * (1 + 2 * ASSAY_TOLERANCE) * 10**6) + 1)

    check_assays([result("Ni", fits, "ppm")], at="$", compound=stated)
    with pytest.raises((AssayImpossible, AssaysExceedWhole)):
        check_assays([result("Ni", exceeds, "ppm")], at="$", compound=stated)


@pytest.mark.parametrize(
    ("told", "error", "at"),
    [
        (result(value="101"), AssayImpossible, "$[0]"),
        (result("Li", "101", expressed_as="Li2O"), AssayImpossible, "$[0]"),
        (result(unit="carat"), UnknownUnit, "$[0].unit"),
        (result(basis="volume"), UnitDoesNotFitBasis, "$[0].basis"),
        (result(low="29"), ValueOutsideRange, "$[0]"),
        (result(high="27"), ValueOutsideRange, "$[0]"),
    ],
)
def test_a_result_that_no_substance_has_is_refused_with_its_place(told, error, at):
    with pytest.raises(error) as refused:
        check_assays([told], at="$")
    assert refused.value.at == at
    assert refused.value.hint


def test_what_a_laboratory_expresses_as_an_oxide_counts_as_the_element():
    check_assays([result("Li", "8", expressed_as="Li2O")], at="$", material="spodumene_concentrate")
    with pytest.raises(AssayImpossible):
        check_assays([result("Li", "8")], at="$", material="spodumene_concentrate")


def test_elements_that_outweigh_the_lot_are_refused_but_two_laboratories_may_repeat_one():
    ranged = result(value="60", low="28", high="70")
    check_assays([ranged, result(value="60"), result("Ni", "70")], at="$")
    with pytest.raises(AssaysExceedWhole) as refused:
        check_assays([result(value="60"), result("Ni", "45")], at="$.body.results")
    assert refused.value.facts["elements"] == ["Cu", "Ni"]
    assert refused.value.at == "$.body.results[1]"


def test_results_on_another_basis_or_of_another_status_are_not_added_up():
    check_assays(
        [
            result(value="60"),
            result("Ni", "45", basis="wet"),
            result("Ni", "45", status="umpire"),
        ],
        at="$",
    )


@pytest.mark.parametrize(
    ("more", "error", "at"),
    [
        ({"moisture": "1.1"}, MoistureImpossible, "$.q.moisture"),
        ({"moisture": "8"}, MoistureImpossible, "$.q.moisture"),
        ({"low": "12"}, ValueOutsideRange, "$.q"),
        ({"high": "9"}, ValueOutsideRange, "$.q"),
    ],
)
def test_a_quantity_says_nothing_impossible_of_itself(more, error, at):
    told = {"value": "10", "unit": "t", "basis": "wet"} | more
    with pytest.raises(error) as refused:
        check_quantity(msgspec.convert(told, Quantity), "$.q")
    assert refused.value.at == at


@pytest.mark.parametrize(
    ("told", "error", "at"),
    [
        ({"unit": "t", "basis": "wet", "high": "1000000000.1"}, MassOutOfRange, "$.q.high"),
        ({"unit": "kg", "basis": "dry", "low": "1000000000001"}, MassOutOfRange, "$.q.low"),
        (
            {"unit": "m3", "basis": "volume", "density": "2", "high": "500000001"},
            MassOutOfRange,
            "$.q.high",
        ),
        ({"unit": "piece", "basis": "count", "low": "9.5"}, CountNotWhole, "$.q.low"),
        ({"unit": "piece", "basis": "count", "high": "1000000000001"}, MassOutOfRange, "$.q.high"),
    ],
)
def test_the_ends_of_a_range_are_amounts_that_a_lot_can_have(told, error, at):
    with pytest.raises(error) as refused:
        check_ends(msgspec.convert({"value": "10"} | told, Quantity), "$.q")
    assert refused.value.at == at
    assert refused.value.hint


def test_an_end_is_refused_where_it_is_stated_and_verifies_where_it_was_recorded_before():
    claim = extraction("alice:L", quantity("10", high="999999999999999999"))
    notes = notebook("alice")
    notes.book.is_admitting = True
    with pytest.raises(MassOutOfRange) as refused:
        notes.says("alice", claim)
    assert refused.value.at == "$.body.lot.quantity.high"

    notes.book.is_admitting = False
    notes.says("alice", claim)
    assert notes.amount("alice:L") == 10 * 10**9


@pytest.mark.parametrize(
    "told",
    [
        {"unit": "t", "basis": "wet", "low": "0", "high": "1000000000"},
        {"unit": "m3", "basis": "volume", "density": "2", "low": "0", "high": "500000000"},
        {"unit": "piece", "basis": "count", "low": "0", "high": "12"},
        {"unit": "t", "basis": "wet"},
    ],
)
def test_a_range_may_begin_with_nothing_and_end_with_the_most(told):
    check_ends(msgspec.convert({"value": "10"} | told, Quantity), "$.q")


def test_a_range_around_the_value_is_taken():
    told = {"value": "10", "unit": "t", "basis": "wet", "low": "9", "high": "11"}
    check_quantity(msgspec.convert(told, Quantity), "$.q")


def test_a_compound_has_a_formula_and_is_at_most_pure():
    check_compound(None, "$.body.compound")
    check_compound(compound("LiOH.H2O", "0.995"), "$.body.compound")
    with pytest.raises(FormulaMalformed):
        check_compound(compound("Li2(", "0.9"), "$.body.compound")
    with pytest.raises(AssayImpossible) as refused:
        check_compound(compound("LiOH", "1.2"), "$.body.compound")
    assert refused.value.at == "$.body.compound.purity"


# ── at the door ───────────────────────────────────────────────────────────────────────────


@pytest.fixture
def notes():
    return notebook("alice")


def assayed_lot(*results, **more):
    kind, body = extraction("alice:L2")
    return kind, body | {"lot": body["lot"] | {"assays": list(results)} | more}


CU = {"element": "Cu", "value": "130", "unit": "percent", "basis": "dry"}
WET = {"value": "10", "unit": "t", "basis": "wet", "moisture": "1.1"}


@pytest.mark.parametrize(
    ("claim", "code", "at"),
    [
        (assayed_lot(CU), "assay_impossible", "$.body.lot.assays[0]"),
        (extraction("alice:L2", WET), "moisture_impossible", "$.body.lot.quantity.moisture"),
        (
            extraction("alice:L2", {"value": "10", "unit": "dmt", "basis": "wet"}),
            "unit_does_not_fit_basis",
            "$.body.lot.quantity",
        ),
        (
            assayed_lot(compound={"formula": "Cu", "purity": "1.01", "basis": "dry"}),
            "assay_impossible",
            "$.body.lot.compound.purity",
        ),
        (assay("alice:L", results=[CU]), "assay_impossible", "$.body.results[0]"),
        (assay("alice:L", moisture="1.1"), "moisture_impossible", "$.body.moisture"),
    ],
)
def test_an_impossible_figure_is_refused_with_its_place_and_nothing_changes(notes, claim, code, at):
    notes.says("alice", extraction("alice:L"))
    before = dict(notes.book.lots)
    with pytest.raises(TraceabilityError) as refused:
        notes.says("alice", claim)
    assert (refused.value.code, refused.value.at) == (code, at)
    assert refused.value.hint
    assert notes.book.lots == before


def test_a_correction_may_not_bring_an_impossible_figure_either(notes):
    entry = notes.says("alice", extraction("alice:L"))
    kind, body = extraction("alice:L")
    wrong = (kind, body | {"lot": body["lot"] | {"assays": [CU]}})
    with pytest.raises(AssayImpossible) as refused:
        notes.says("alice", correction(entry, wrong, "alice:L"))
    assert refused.value.at == "$.body.replacement.body.lot.assays[0]"
