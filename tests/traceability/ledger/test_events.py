"""The words of events and shapes: what fits, to the character."""

import pytest

from tests.builders import (
    assay,
    extraction,
    new_lot,
    owned_by,
    passing,
    pieces,
    quantity,
    receipt,
    received,
    shipment,
    taken,
    transfer,
    understood,
)
from traceability.errors import (
    DecimalMalformed,
    MalformedStatement,
    MassNotPositive,
    TraceabilityError,
)
from traceability.ledger.kinds import KINDS
from traceability.ledger.shapes import Quantity, Shape
from traceability.ledger.statements import to_shape


def refused_at(claim, author="alice"):
    with pytest.raises(MalformedStatement) as refused:
        understood(claim, author)
    return refused.value.at


def lots_of(name):
    return "custody.extraction", {"facility": "alice:mine", "lot": new_lot(name)}


@pytest.mark.parametrize(
    "name",
    ["a:L", "A1:L", "alice:", "alice:L/1", "alice:L 1", "alice:L\n", "alice:" + "x" * 65, "L1"],
)
def test_a_lot_id_is_an_organization_and_a_local_id(name):
    assert refused_at(lots_of(name)) == "$.body.lot.lot"


@pytest.mark.parametrize("name", ["alice:L", "alice-2:l._-9", "a1:" + "x" * 64])
def test_a_lot_id_of_the_grammar_is_accepted(name):
    assert understood(lots_of(name), "alice").body.lot.lot == name


@pytest.mark.parametrize(
    "value", ["", "-1", "+1", "01", "1.", ".5", "1e3", "1,5", "1 ", "\u0661", "1.0000000000001"]
)
def test_a_quantity_is_an_exact_decimal_in_a_string(value):
    with pytest.raises((DecimalMalformed, MassNotPositive)) as refused:
        understood(extraction("alice:L", quantity(value)), "alice")
    assert refused.value.at == "$.body.lot.quantity.value"


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("value", "-1", "mass_not_positive"),
        ("low", "-0.5", "mass_not_positive"),
        ("value", "1" + "0" * 30, "mass_out_of_range"),
        ("high", "9" * 19 + ".5", "mass_out_of_range"),
        ("value", "9" * 500, "mass_out_of_range"),
        ("value", "01", "decimal_malformed"),
        ("moisture", "-0.1", "decimal_malformed"),
        ("density", "1" * 19, "decimal_malformed"),
    ],
)
def test_a_number_that_no_quantity_has_says_why_in_a_code_of_its_own(member, value, code):
    told = extraction("alice:L", quantity("1") | {member: value})
    with pytest.raises(TraceabilityError) as refused:
        understood(told, "alice")
    assert (refused.value.code, refused.value.at) == (code, f"$.body.lot.quantity.{member}")
    assert refused.value.hint
    assert len(refused.value.message) < 200


def test_a_share_of_an_assay_is_no_mass_that_could_be_negative():
    told = {"element": "Cu", "value": "-3", "unit": "percent", "basis": "dry"}
    with pytest.raises(DecimalMalformed) as refused:
        understood(extraction("alice:L", assays=[told]), "alice")
    assert refused.value.at == "$.body.lot.assays[0].value"


def test_a_number_is_no_decimal():
    assert refused_at(extraction("alice:L", quantity("1") | {"value": 1})).endswith(".value")


def test_a_shape_refuses_a_member_it_does_not_know():
    with pytest.raises(MalformedStatement):
        to_shape(quantity("1") | {"colour": "red"}, Quantity)


def test_null_is_no_value_anywhere():
    with pytest.raises(MalformedStatement):
        to_shape(quantity("1") | {"moisture": None} | {"unit": None}, Quantity)


@pytest.mark.parametrize("parts", [0, -1, True, "1"])
def test_parts_are_whole_numbers_above_zero(parts):
    owners = [{"owner": {"organization": "alice"}, "parts": parts}]
    assert refused_at(extraction("alice:L", owners=owners)).startswith("$.body.lot.owners[0]")


def test_a_lot_has_at_least_one_owner_and_at_most_32():
    none = {"facility": "alice:mine", "lot": new_lot("alice:L") | {"owners": []}}
    assert refused_at(("custody.extraction", none)) == "$.body.lot.owners"
    many = owned_by(*[f"org-{n}" for n in range(33)])
    assert refused_at(extraction("alice:L", owners=many)) == "$.body.lot.owners"


def test_members_named_from_are_read_and_written_as_such():
    part = taken("alice:P", "1") | {"from": "alice:L"}
    body = understood(shipment("alice:C", "bob", part), "alice").body
    assert body.lots[0].taken_from == "alice:L"

    body = understood(transfer(passing("alice:L", "alice", "bob")), "alice").body
    assert (body.items[0].transferor.organization, body.items[0].transferee.organization) == (
        "alice",
        "bob",
    )


def test_an_event_names_at_least_one_lot():
    assert refused_at(shipment("alice:C", "bob")) == "$.body.lots"
    assert refused_at(receipt("alice:C", at="bob:mine"), "bob") == "$.body.lots"
    assert refused_at(transfer()) == "$.body.items"


def test_an_event_names_at_most_200_lots():
    lots = [received(f"alice:L{n}", "1") for n in range(201)]
    assert refused_at(receipt("alice:C", *lots, at="bob:mine"), "bob") == "$.body.lots"


def test_an_assay_has_results_of_elements():
    results = [{"element": "cu", "value": "1", "unit": "percent", "basis": "dry"}]
    assert refused_at(assay("alice:L", results=results)) == "$.body.results[0].element"
    assert refused_at(assay("alice:L", results=[])) == "$.body.results"


def test_pieces_are_a_unit_like_any_other():
    told = understood(extraction("alice:L", pieces(3)), "alice")
    assert told.body.lot.quantity.unit == "piece"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_body_refuses_unknown_members_and_is_immutable(kind):
    shape = KINDS[kind].body
    assert issubclass(shape, Shape)
    assert shape.__struct_config__.forbid_unknown_fields
    assert shape.__struct_config__.frozen
