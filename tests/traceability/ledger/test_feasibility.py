"""What no lot can be is refused at the door; what is only unlikely is not."""

from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import (
    assay,
    correction,
    extraction,
    new_lot,
    notebook,
    quantity,
    receipt,
    received,
    shipment,
    taken,
    transformation,
)
from traceability.errors import (
    AssayImpossible,
    AssaysExceedWhole,
    CountNotWhole,
    ExpressedWithoutElement,
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
    check_assays,
    check_compound,
    check_ends,
    check_quantity,
    check_substance,
)
from traceability.ledger.mass import ASSAY_TOLERANCE
from traceability.ledger.materials import packaged
from traceability.ledger.shapes import AssayResult, Compound, Quantity


def result(element="Cu", value="28", unit="percent", basis="dry", **more):
    told = {"element": element, "value": value, "unit": unit, "basis": basis} | more
    return msgspec.convert(told, AssayResult)


def compound(formula, purity="1", basis="dry"):
    return msgspec.convert({"formula": formula, "purity": purity, "basis": basis}, Compound)


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
        check_assays([result(**told)], at="$")
    assert (refused.value.code, refused.value.at) == (code, at)


@pytest.mark.parametrize(
    ("formula", "code"), [("Xx2O", "unknown_element"), ("Cu2(", "formula_malformed")]
)
def test_a_compound_that_cannot_be_read_is_told_with_its_place(formula, code):
    with pytest.raises(TraceabilityError) as refused:
        check_compound(compound(formula), "$.body.lot.compound")
    assert (refused.value.code, refused.value.at) == (code, "$.body.lot.compound.formula")


purities = st.integers(0, 1000).map(lambda n: Decimal(n) / 1000)


@given(material=st.sampled_from(sorted(packaged().substances)), share=st.fractions(0, 1))
def test_a_pure_substance_holds_up_to_its_stoichiometric_maximum_and_no_more(material, share):
    known = packaged()
    elements = ("Li", "Ni", "Co", "Cu", "Mn", "Al", "P", *(known.counted - {"graphite"}))
    element = next(one for one in elements if known.most(material, one) < 1)
    limit = known.most(material, element)
    ppm = int(share * limit * 1_000_000)
    check_substance([result(element, str(ppm), "ppm")], at="$", materials=[material])

    above = int(limit * (1 + 2 * ASSAY_TOLERANCE) * 1_000_000) + 1
    with pytest.raises(AssayImpossible) as refused:
        check_substance([result(element, str(above), "ppm")], at="$.x", materials=[material])
    assert refused.value.at == "$.x[0]"


@pytest.mark.parametrize(
    ("material", "element", "percent"),
    [
        ("cobalt_hydroxide", "Co", "75"),
        ("nickel_hydroxide", "Ni", "75"),
        ("nickel_sulfate_hexahydrate", "Ni", "37"),
        ("alumina", "Al", "80"),
        ("aluminum_oxide", "Al", "80"),
        ("neodymium_oxide", "Nd", "99"),
        ("neodymium_carbonate", "Nd", "80"),
        ("lithium_iron_phosphate", "Li", "50"),
        ("lithium_hydroxide_monohydrate", "Li", "28"),
        ("nmc811", "Ni", "90"),
        ("spodumene", "Li", "8"),
        ("manganese_dioxide", "Mn", "80"),
        ("copper_oxide", "Cu", "95"),
        ("phosphoric_acid", "P", "60"),
    ],
)
def test_what_a_material_is_called_bounds_what_it_can_hold(material, element, percent):
    with pytest.raises(AssayImpossible) as refused:
        check_substance([result(element, percent)], at="$.x", materials=[material])
    assert refused.value.at == "$.x[0]"


@pytest.mark.parametrize(
    ("material", "formula"),
    [
        ("nickel_sulfate", "NiSO4.6H2O"),
        ("lithium_hydroxide", "LiOH.H2O"),
        ("manganese_sulfate", "MnSO4.H2O"),
        ("cobalt_hydroxide", "Co(OH)2"),
    ],
)
def test_a_hydrate_may_go_by_the_name_of_the_salt(material, formula):
    check_substance([], at="$.x", materials=[material], compound=compound(formula, "0.999"))


def test_an_assay_of_the_wet_substance_is_more_of_the_dry_one():
    wet = result(value="95", basis="wet")
    check_substance([wet], at="$")
    check_substance([wet], at="$", moisture="0.05")
    with pytest.raises(AssayImpossible) as refused:
        check_substance([wet], at="$.x", moisture="0.1")
    assert refused.value.at == "$.x[0]"
    assert refused.value.facts["fraction"].startswith("1.0555")


@given(
    share=st.integers(1, 1000).map(lambda n: Fraction(n, 1000)),
    water=st.integers(0, 999).map(lambda n: Decimal(n) / 1000),
)
def test_moisture_never_makes_more_room_than_the_dry_substance_has(share, water):
    told = result(value=f"{share.numerator * 1000 // share.denominator}", unit="ppm", basis="wet")
    dry = Fraction(told.value) / 1_000_000 / (1 - Fraction(water))
    limit = mass_fraction("Li2CO3", "Li") * (1 + ASSAY_TOLERANCE)
    lithium = result("Li", told.value, "ppm", "wet")
    if dry <= limit:
        check_substance([lithium], at="$", materials=["lithium_carbonate"], moisture=f"{water:f}")
    else:
        with pytest.raises(AssayImpossible):
            check_substance(
                [lithium], at="$", materials=["lithium_carbonate"], moisture=f"{water:f}"
            )


@pytest.mark.parametrize(
    ("element", "expressed_as"), [("Cu", "Li2O"), ("graphite", "CO2"), ("Ni", "Co3O4")]
)
def test_a_figure_for_a_compound_without_the_element_says_nothing_and_is_refused(
    element, expressed_as
):
    told = result(element, "50", expressed_as=expressed_as)
    with pytest.raises(ExpressedWithoutElement) as refused:
        check_substance([told], at="$.x")
    assert refused.value.at == "$.x[0].expressed_as"
    assert refused.value.hint


def test_all_that_would_count_of_one_document_weighs_no_more_than_the_dry_substance():
    together = [result(value="60"), result("Ni", "45", basis="wet")]
    check_assays(together, at="$")  # as it was asked from the first
    with pytest.raises(AssaysExceedWhole) as refused:
        check_substance(together, at="$.x")
    assert (refused.value.at, refused.value.facts["elements"]) == ("$.x", ["Cu", "Ni"])


def test_the_better_status_counts_whatever_the_worse_says():
    told = [result(value="60"), result(value="30", status="final"), result("Ni", "65")]
    check_substance(told, at="$")
    with pytest.raises(AssaysExceedWhole):
        check_substance(told, at="$", status="umpire")  # of those that say nothing themselves
    with pytest.raises(AssaysExceedWhole):
        check_substance([result(value="60", status="final"), result("Ni", "45")], at="$")


def test_of_two_laboratories_the_lower_figure_counts():
    check_substance([result(value="60"), result(value="30"), result("Ni", "65")], at="$")


def test_a_compound_and_what_is_found_beside_it_weigh_no_more_than_the_whole():
    stated = compound("NiSO4.6H2O", "0.99")
    check_substance([result("Ni", "22"), result("Cu", "0.9")], at="$.assays", compound=stated)
    with pytest.raises(AssaysExceedWhole):
        check_substance([result("Cu", "0.9"), result("Co", "0.9")], at="$.x", compound=stated)


@pytest.mark.parametrize(
    ("stated", "more", "error", "at"),
    [
        (compound("NiSO4", "1", "count"), {}, UnitDoesNotFitBasis, "$.lot.compound.basis"),
        (compound("NiSO4", "1", "volume"), {}, UnitDoesNotFitBasis, "$.lot.compound.basis"),
        (
            compound("NiSO4", "0.95", "wet"),
            {"moisture": "0.1"},
            AssayImpossible,
            "$.lot.compound.purity",
        ),
        (
            compound("NiSO4"),
            {"materials": ["nickel_sulfate_hexahydrate"]},
            AssayImpossible,
            "$.lot.compound.formula",
        ),
    ],
)
def test_a_compound_that_the_lot_cannot_be_is_refused_with_its_place(stated, more, error, at):
    with pytest.raises(error) as refused:
        check_substance([], at="$.lot.assays", compound=stated, **more)
    assert refused.value.at == at


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
    words = ["spodumene_concentrate"]
    check_substance([result("Li", "8", expressed_as="Li2O")], at="$", materials=words)
    with pytest.raises(AssayImpossible):
        check_substance([result("Li", "8")], at="$", materials=words)


def test_elements_that_outweigh_the_lot_are_refused_but_two_laboratories_may_repeat_one():
    ranged = result(value="60", low="28", high="70")
    check_assays([ranged, result(value="60"), result("Ni", "70")], at="$")
    with pytest.raises(AssaysExceedWhole) as refused:
        check_assays([result(value="60"), result("Ni", "45")], at="$.body.results")
    assert refused.value.facts["elements"] == ["Cu", "Ni"]
    assert refused.value.at == "$.body.results[1]"


def test_what_is_asked_of_every_record_adds_up_neither_bases_nor_statuses():
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
    return notebook("alice", "bob")


def assayed_lot(*results, **more):
    kind, body = extraction("alice:L2")
    return kind, body | {"lot": body["lot"] | {"assays": list(results)} | more}


CU = {"element": "Cu", "value": "130", "unit": "percent", "basis": "dry"}
WET = {"value": "10", "unit": "t", "basis": "wet", "moisture": "1.1"}
CU60 = CU | {"value": "60"}
CU95 = CU | {"value": "95", "basis": "wet"}
NI60_WET = CU60 | {"element": "Ni", "basis": "as_received"}
LI = CU | {"element": "Li", "value": "99"}


def lot_of(**more):
    return "custody.extraction", {"facility": "alice:mine", "lot": new_lot("alice:L2", **more)}


def losing(lost):
    losses = [{"reason": "dust", "quantity": lost}, {"reason": "slag"}]
    made = new_lot("alice:O", "90")
    return transformation([taken("alice:L", "100")], [made], at="alice:mine", losses=losses)


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
        (
            lot_of(amount=quantity("10", moisture="0.1"), assays=[CU95]),
            "assay_impossible",
            "$.body.lot.assays[0]",
        ),
        (
            lot_of(assays=[CU60, NI60_WET]),
            "assays_exceed_whole",
            "$.body.lot.assays",
        ),
        (
            lot_of(assays=[CU60 | {"expressed_as": "Li2O"}]),
            "expressed_without_element",
            "$.body.lot.assays[0].expressed_as",
        ),
        (
            lot_of(compound={"formula": "CuSO4", "purity": "1", "basis": "count"}),
            "unit_does_not_fit_basis",
            "$.body.lot.compound.basis",
        ),
        (
            lot_of(assays=[CU60 | {"element": "Co"}], material="cobalt_carbonate"),
            "assay_impossible",
            "$.body.lot.assays[0]",
        ),
        (assay("alice:L", results=[CU95], moisture="0.1"), "assay_impossible", "$.body.results[0]"),
        (
            assay(consignment="alice:C", consignee="bob", results=[LI]),
            "assay_impossible",
            "$.body.results[0]",
        ),
        (
            assay(consignment="alice:never", consignee="bob"),
            "unknown_consignment",
            "$.body.consignment",
        ),
        (
            losing(quantity("5", "stone")),
            "unknown_unit",
            "$.body.losses[0].quantity",
        ),
        (
            losing(quantity("5", moisture="7")),
            "moisture_impossible",
            "$.body.losses[0].quantity.moisture",
        ),
        (extraction("alice:L2", "-1"), "mass_not_positive", "$.body.lot.quantity.value"),
        (extraction("alice:L2", "1" + "0" * 30), "mass_out_of_range", "$.body.lot.quantity.value"),
        (extraction("alice:L2", "1e3"), "decimal_malformed", "$.body.lot.quantity.value"),
        (
            extraction("alice:L2", quantity("1", moisture="-0.1")),
            "decimal_malformed",
            "$.body.lot.quantity.moisture",
        ),
        (
            lot_of(assays=[CU60 | {"value": "-60"}]),
            "decimal_malformed",
            "$.body.lot.assays[0].value",
        ),
        (
            extraction("alice:L2", quantity("1", "t LCE", "dry")),
            "equivalent_is_no_mass",
            "$.body.lot.quantity",
        ),
    ],
)
def test_an_impossible_figure_is_refused_with_its_place_and_nothing_changes(notes, claim, code, at):
    notes.says("alice", extraction("alice:L"))
    carbonate = new_lot("alice:Li", material="lithium_carbonate")
    notes.says("alice", ("custody.extraction", {"facility": "alice:mine", "lot": carbonate}))
    notes.says("alice", shipment("alice:C", "bob", taken("alice:Li", "100")))
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


@pytest.mark.parametrize(
    ("told", "code", "at"),
    [
        ({"accepted": quantity("5", "stone")}, "unknown_unit", "$.body.lots[0].accepted"),
        ({"accepted": quantity("5", moisture="7")}, "moisture_impossible", "accepted.moisture"),
        ({"rejected": quantity("0")}, "mass_not_positive", "$.body.lots[0].rejected"),
    ],
)
def test_a_receipt_ahead_of_its_shipment_says_no_more_than_any_lot_can_be(notes, told, code, at):
    with pytest.raises(TraceabilityError) as refused:
        notes.says("bob", receipt("alice:C", {"lot": "alice:L"} | told, at="bob:smelter"))
    assert refused.value.code == code
    assert refused.value.at.endswith(at)
    assert notes.book.consignments == {}


def test_what_was_recorded_before_these_rules_verifies_as_it_did(notes):
    notes.book.is_admitting = False
    notes.says("alice", lot_of(assays=[CU95], amount=quantity("10", moisture="0.1")))
    notes.says("alice", extraction("alice:L"))
    notes.says("alice", losing(quantity("5", "stone")))
    notes.says("alice", assay(consignment="alice:never", consignee="bob"))
    early = received("alice:M", "5") | {"accepted": quantity("5", "stone")}
    notes.says("bob", receipt("alice:C", early, at="bob:smelter"))


def test_a_loss_of_nothing_is_said_as_nothing(notes):
    notes.says("alice", extraction("alice:L"))
    notes.says("alice", losing(quantity("0")))


def test_an_assay_of_a_consignment_is_corrected_without_looking_the_consignment_up(notes):
    notes.says("alice", extraction("alice:L"))
    notes.says("alice", shipment("alice:C", "bob", taken("alice:L", "100")))
    entry = notes.says("alice", assay(consignment="alice:C", consignee="bob"))
    again = assay(consignment="alice:C", consignee="bob", results=[CU60])
    notes.says("alice", correction(entry, again))
