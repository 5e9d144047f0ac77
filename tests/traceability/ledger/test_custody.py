"""Custody: for each event what must hold, what it does, and how it is refused."""

import pytest

from tests.builders import (
    assay,
    assembly,
    blend,
    correction,
    extraction,
    facility,
    introduction,
    loss,
    new_lot,
    notebook,
    offer,
    owned_by,
    passing,
    pieces,
    quantity,
    receipt,
    received,
    recovery,
    shipment,
    split,
    stocktake,
    taken,
    transfer,
    transformation,
    void,
    withdrawal,
)
from traceability.errors import (
    BasisMismatch,
    ConsignmentExists,
    CountNotWhole,
    DensityMissing,
    GrossNotConserved,
    InsufficientBalance,
    LotExists,
    LotIntoItself,
    MassNotPositive,
    MassOutOfRange,
    NotAtThisFacility,
    NotInCustody,
    NotInTransit,
    NotWholeLot,
    NotYourNameSpace,
    NotYoursToAssay,
    TooManySubjects,
    UnitDoesNotFitBasis,
    UnitMismatch,
    UnknownFacility,
    UnknownLot,
    UnknownOrganization,
    UnknownStatement,
    UnknownUnit,
    WrongFacility,
)
from traceability.ledger.book import EXITED, HELD, IN_TRANSIT

T = 10**9  # milligrams in a tonne
SMELTER = "alice:smelter"
SMELTER_OF_BOB = "bob:smelter"
NONE = MassNotPositive


@pytest.fixture
def notes():
    """Alice has 100 t in L at her mine; Bob has places and nothing in them."""
    notes = notebook("alice", "bob")
    notes.says("alice", extraction("alice:L"))
    return notes


def refusal(notes, author, claim, error):
    """Return the error of a refused claim; nothing has changed."""
    before = dict(notes.book.lots), dict(notes.book.consignments), dict(notes.book.statements)
    with pytest.raises(error) as refused:
        notes.says(author, claim)
    assert before == (notes.book.lots, notes.book.consignments, notes.book.statements)
    assert refused.value.at.startswith("$")
    assert refused.value.hint
    return refused.value


def at_smelter(notes, lot="alice:S", amount="100"):
    notes.says("alice", introduction(lot, amount, at=SMELTER))
    return lot


# ── what begins lots ──────────────────────────────────────────────────────────────────────


def test_an_extraction_begins_a_lot(notes):
    lot = notes.book.lots["alice:L"]

    assert (lot.amount, lot.unit, lot.basis, lot.state) == (100 * T, "mg", "wet", HELD)
    assert (lot.custodian, lot.facility) == ("alice", "alice:mine")
    assert lot.owners == tuple(owned_by("alice"))
    assert lot.known_to == {"alice"}
    [movement] = notes.effects.movements
    assert (movement.role, movement.delta) == ("make", 100 * T)
    assert movement.facts["source"] == "mined"


@pytest.mark.parametrize(
    ("claim", "error", "at"),
    [
        (extraction("alice:L2", at="alice:moon"), UnknownFacility, "$.body.facility"),
        (extraction("alice:L2", at=SMELTER), WrongFacility, "$.body.facility"),
        (extraction("alice:L2", at="bob:mine"), UnknownFacility, "$.body.facility"),
        (extraction("bob:L2", at="alice:mine"), NotYourNameSpace, "$.body.lot"),
        (extraction("alice:L"), LotExists, "$.body.lot"),
        (
            extraction("alice:L2", owners=owned_by("zoe")),
            UnknownOrganization,
            "$.body.lot.owners[0].owner.organization",
        ),
        (extraction("alice:L2", quantity("0")), MassNotPositive, "$.body.lot.quantity"),
        (extraction("alice:L2", quantity("1", "stone")), UnknownUnit, "$.body.lot.quantity"),
        (extraction("alice:L2", quantity("1", basis="count")), UnitDoesNotFitBasis, "quantity"),
        (extraction("alice:L2", quantity("1", "m3", "volume")), DensityMissing, "quantity"),
        (extraction("alice:L2", quantity("1.5", "piece", "count")), CountNotWhole, "quantity"),
        (extraction("alice:L2", quantity("1" + "0" * 13)), MassOutOfRange, "quantity"),
    ],
)
def test_an_extraction_is_refused(notes, claim, error, at):
    assert refusal(notes, "alice", claim, error).at.endswith(at)


def test_a_volume_is_booked_by_its_density(notes):
    brine = quantity("2", "m3", "volume", density="1.25")
    notes.says("alice", extraction("alice:brine", brine))
    assert notes.amount("alice:brine") == 2_500_000_000


def test_owners_of_a_new_lot_may_see_it_and_a_name_is_nobody(notes):
    owners = [*owned_by("alice", "bob"), {"owner": {"name": "Stranger"}, "parts": 2}]
    notes.says("alice", extraction("alice:L2", owners=owners))
    assert notes.book.lots["alice:L2"].known_to == {"alice", "bob"}


def test_of_anothers_facility_not_even_that_there_is_one_is_told(notes):
    notes.says("bob", facility("bob:foreign", "port", operator={"name": "Old", "country": "CA"}))
    reported = {"operator": {"name": "Old", "country": "CA"}, "basis": "papers"}
    for more in ({}, {"reported": reported}):
        told = [
            str(refusal(notes, "alice", extraction("alice:X", at=name, **more), UnknownFacility))
            for name in ("bob:nothing", "bob:mine", "bob:smelter", "bob:foreign")
        ]
        assert len({one.rpartition("bob:")[0] for one in told}) == 1
    for name in ("bob:smelter", "bob:foreign"):  # his own, and what he registered
        refusal(notes, "bob", extraction("bob:X", at=name, reported=reported), WrongFacility)


def test_an_event_may_be_reported_for_an_operator_without_a_key(notes):
    notes.says("bob", facility("bob:foreign", operator={"name": "Old Mine", "country": "CA"}))
    reported = {"operator": {"name": "Old Mine"}, "basis": "delivery papers"}

    told = refusal(notes, "bob", extraction("bob:L", at="bob:foreign"), WrongFacility)
    assert told.facts == {"facility": "bob:foreign"}
    notes.says("bob", extraction("bob:L", at="bob:foreign", reported=reported))
    assert notes.amount("bob:L") == 100 * T


def test_nobody_reports_on_a_place_whose_operator_has_a_key(notes):
    reported = {"operator": {"name": "Alice"}, "basis": "hearsay"}
    claim = extraction("bob:L", at="alice:mine", reported=reported)
    refusal(notes, "bob", claim, UnknownFacility)


def test_an_introduction_begins_a_lot_at_any_known_place(notes):
    origin = [{"stage": "extraction", "parts": 1, "country": "CL"}]
    notes.says("alice", introduction("alice:W", at="bob:smelter", declared_origin=origin))

    [movement] = notes.effects.movements
    assert movement.facts["source"] == "introduced"
    assert movement.facts["declared_origin"] == origin
    refusal(notes, "alice", introduction("alice:X", at="bob:moon"), UnknownFacility)


def test_a_recovery_takes_scrap_and_begins_recycled_lots(notes):
    scrap = [taken("alice:L", "1")]
    notes.says("alice", recovery("alice:R", inputs=scrap, at="alice:mine", collected_in="CA"))

    assert notes.amount("alice:L") == 99 * T
    made = notes.effects.movements[-1]
    assert (made.lot, made.facts["source"]) == ("alice:R", "recycled")
    assert (made.facts["feedstock"], made.facts["collected_in"]) == ("post_consumer", "CA")
    refusal(notes, "alice", recovery("alice:R2", at=SMELTER), WrongFacility)


# ── what takes from lots ──────────────────────────────────────────────────────────────────


def test_a_transformation_takes_inputs_and_begins_outputs(notes):
    at_smelter(notes)
    outputs = [
        new_lot("alice:cathode", "28"),
        new_lot("alice:slag", "70") | {"role": "residue"},
    ]
    notes.says("alice", transformation([taken("alice:S", "98")], outputs, at=SMELTER))

    assert notes.amount("alice:S") == 2 * T
    assert notes.amount("alice:cathode") == 28 * T
    assert [(m.lot, m.delta) for m in notes.effects.movements] == [
        ("alice:S", -98 * T),
        ("alice:cathode", 28 * T),
        ("alice:slag", 70 * T),
    ]


TAKE = [taken("alice:L", "1")]


@pytest.mark.parametrize(
    ("claim", "error", "at"),
    [
        (
            transformation(TAKE, [new_lot("alice:O")], at="bob:smelter"),
            UnknownFacility,
            "$.body.facility",
        ),
        (
            transformation(TAKE, [new_lot("alice:O")], at=SMELTER),
            NotAtThisFacility,
            "$.body.inputs[0]",
        ),
        (
            transformation(TAKE, [new_lot("alice:L")], at="alice:mine"),
            LotIntoItself,
            "$.body.outputs[0]",
        ),
        (
            transformation(TAKE, [new_lot("alice:O"), new_lot("alice:O")], at="alice:mine"),
            LotExists,
            "$.body.outputs[1]",
        ),
        (
            transformation([taken("alice:no", "1")], [new_lot("alice:O")], at="alice:mine"),
            UnknownLot,
            "$.body.inputs[0]",
        ),
        (
            transformation(
                [taken("alice:L", "60"), taken("alice:L", "41")],
                [new_lot("alice:O")],
                at="alice:mine",
            ),
            InsufficientBalance,
            "$.body.inputs[1]",
        ),
        (
            transformation([taken("alice:L", pieces(1))], [new_lot("alice:O")], at="alice:mine"),
            UnitMismatch,
            "$.body.inputs[0]",
        ),
        (
            transformation(
                [taken("alice:L", quantity("1", basis="dry"))],
                [new_lot("alice:O")],
                at="alice:mine",
            ),
            BasisMismatch,
            "$.body.inputs[0]",
        ),
    ],
)
def test_a_transformation_is_refused(notes, claim, error, at):
    assert refusal(notes, "alice", claim, error).at == at


def test_wet_and_as_received_are_one_basis(notes):
    notes.says("alice", loss("alice:L", quantity("1", basis="as_received")))
    assert notes.amount("alice:L") == 99 * T


def test_a_lot_gives_exactly_what_it_holds_and_not_a_milligram_more(notes):
    told = refusal(
        notes, "alice", loss("alice:L", quantity("100000000001", "mg")), InsufficientBalance
    )
    assert told.facts["holds"] == str(100 * T)
    assert told.facts["asked"] == str(100 * T + 1)
    notes.says("alice", loss("alice:L", "100"))
    assert notes.amount("alice:L") == 0


def test_a_blend_conserves_gross_mass_to_the_milligram(notes):
    notes.says("alice", extraction("alice:M", "50"))
    inputs = [taken("alice:L", "100"), taken("alice:M", "25")]

    less = new_lot("alice:B", quantity("124999999999", "mg"))
    told = refusal(notes, "alice", blend(inputs, less, at="alice:mine"), GrossNotConserved)
    assert (told.facts["taken"], told.facts["made"]) == (str(125 * T), str(125 * T - 1))

    notes.says("alice", blend(inputs, new_lot("alice:B", "125"), at="alice:mine"))
    assert notes.amount("alice:B") == 125 * T


def test_a_blend_adds_up_only_what_is_counted_alike(notes):
    notes.says("alice", extraction("alice:dry", quantity("1", basis="dry")))
    notes.says("alice", extraction("alice:cans", pieces(10**9)))
    wet, dry = taken("alice:L", "1"), taken("alice:dry", quantity("1", basis="dry"))
    cans = taken("alice:cans", pieces(10**9))

    mixed = blend([wet, dry], new_lot("alice:B", "2"), at="alice:mine")
    refusal(notes, "alice", mixed, BasisMismatch)
    dried = blend([wet], new_lot("alice:B", quantity("1", basis="dry")), at="alice:mine")
    refusal(notes, "alice", dried, BasisMismatch)  # drying is a transformation
    counted = blend([cans], new_lot("alice:B", "1"), at="alice:mine")
    refusal(notes, "alice", counted, UnitMismatch)
    refusal(notes, "alice", blend([wet], new_lot("alice:B", "1"), at="x1:y"), UnknownFacility)


def test_a_split_divides_a_lot_and_parts_are_like_it(notes):
    notes.says("alice", split("alice:L", taken("alice:P", "30"), taken("alice:Q", "70")))

    whole, part = notes.book.lots["alice:L"], notes.book.lots["alice:P"]
    assert (whole.amount, part.amount) == (0, 30 * T)
    assert (part.material, part.owners, part.facility) == (
        whole.material,
        whole.owners,
        whole.facility,
    )
    assert notes.effects.movements[0].facts == {"into": "alice:P"}
    assert notes.effects.movements[1].facts["from"] == "alice:L"


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ([taken("alice:P", "101")], InsufficientBalance),
        ([taken("alice:P", "60"), taken("alice:Q", "41")], InsufficientBalance),
        ([taken("alice:L", "1")], LotIntoItself),
        ([taken("alice:P", "1"), taken("alice:P", "1")], LotExists),
        ([taken("bob:P", "1")], NotYourNameSpace),
    ],
)
def test_a_split_is_refused(notes, parts, error):
    refusal(notes, "alice", split("alice:L", *parts), error)


def test_an_assembly_makes_pieces_out_of_lots(notes):
    at_smelter(notes)
    inputs = [taken("alice:S", "1")]
    notes.says("alice", assembly(inputs, new_lot("alice:cell", pieces(1)), at=SMELTER))

    assert notes.book.lots["alice:cell"].unit == "piece"
    assert notes.effects.movements[-1].facts["product"]["serial"] == "S-1"
    weighed = assembly(inputs, new_lot("alice:cell2", "1"), at=SMELTER)
    assert refusal(notes, "alice", weighed, UnitMismatch).at == "$.body.output.quantity"


def test_a_loss_and_a_stocktake_are_the_custodians(notes):
    notes.says("alice", loss("alice:L", "3"))
    assert notes.amount("alice:L") == 97 * T
    notes.says("alice", stocktake(taken("alice:L", "98"), at="alice:mine"))
    assert notes.amount("alice:L") == 98 * T
    [movement] = notes.effects.movements
    assert (movement.role, movement.delta) == ("adjust", T)
    assert movement.facts == {
        "why": "yearly count",
        "to": str(98 * T),
        "custodian": "alice",
        "quantity": {"value": "98", "unit": "t", "basis": "wet"},
    }

    refusal(notes, "alice", stocktake(taken("alice:L", "98"), at=SMELTER), NotAtThisFacility)
    refusal(notes, "bob", stocktake(taken("alice:L", "98"), at="alice:mine"), UnknownLot)
    refusal(notes, "bob", loss("alice:L", "1"), UnknownLot)


def test_nothing_found_is_counted_as_nothing(notes):
    notes.says("alice", stocktake(taken("alice:L", "0"), at="alice:mine"))
    assert notes.amount("alice:L") == 0
    [movement] = notes.effects.movements
    assert (movement.delta, movement.facts["to"]) == (-100 * T, "0")
    refusal(notes, "alice", loss("alice:L", "1"), InsufficientBalance)

    empty = {"lot": "alice:L", "quantity": quantity("0", "stone")}
    refusal(notes, "alice", stocktake(empty, at="alice:mine"), UnknownUnit)
    refusal(notes, "alice", stocktake(taken("alice:L", "0.000000000001"), at="alice:mine"), NONE)
    dry = {"lot": "alice:L", "quantity": quantity("0", basis="dry")}
    refusal(notes, "alice", stocktake(dry, at="alice:mine"), BasisMismatch)
    refusal(notes, "alice", extraction("alice:L9", "0"), NONE)
    refusal(notes, "alice", loss("alice:L", "0"), NONE)


@pytest.mark.parametrize("is_ahead", [False, True])
def test_a_cargo_that_never_arrived_is_received_as_nothing(notes, is_ahead):
    ship = "alice", shipment("alice:C", "bob", taken("alice:L", "100"))
    arrive = "bob", receipt("alice:C", received("alice:L", "0"), at=SMELTER_OF_BOB)
    for author, claim in (arrive, ship) if is_ahead else (ship, arrive):
        notes.says(author, claim)
    lot = notes.book.lots["alice:L"]
    assert (lot.amount, lot.custodian, lot.state) == (0, "bob", "held")


@pytest.mark.parametrize(
    "told", [received("alice:L", "0", "100", "bob:R"), received("alice:L", None, "0")]
)
def test_what_is_rejected_is_no_nothing_and_of_a_part_nothing_is_no_rest(notes, told):
    notes.says("alice", shipment("alice:C", "bob", taken("alice:L", "100")))
    refusal(notes, "bob", receipt("alice:C", told, at=SMELTER_OF_BOB), NONE)


def test_a_lot_one_may_not_see_and_one_that_does_not_exist_are_refused_alike(notes):
    seen = refusal(notes, "bob", loss("alice:L", "1"), UnknownLot).as_json()
    missing = refusal(notes, "bob", loss("alice:X", "1"), UnknownLot).as_json()
    assert str(seen).replace("alice:L", "alice:X") == str(missing)


# ── custody between organizations ─────────────────────────────────────────────────────────


def ship(notes, *lots, consignee="bob", consignment="alice:C"):
    return notes.says(
        "alice", shipment(consignment, consignee, *(lots or [taken("alice:L", "100")]))
    )


def test_from_shipment_to_receipt_custody_stays_with_the_sender(notes):
    ship(notes)
    lot = notes.book.lots["alice:L"]
    assert (lot.state, lot.custodian, lot.facility) == (IN_TRANSIT, "alice", None)
    assert (lot.consignment, lot.consignee) == ("alice:C", "bob")
    assert lot.known_to == {"alice", "bob"}

    told = refusal(notes, "alice", loss("alice:L", "1"), NotInCustody)
    assert told.facts["state"] == IN_TRANSIT
    refusal(notes, "bob", loss("alice:L", "1", at="bob:mine"), NotInCustody)

    notes.says("bob", receipt("alice:C", received("alice:L", "99"), at="bob:smelter"))
    lot = notes.book.lots["alice:L"]
    assert (lot.state, lot.custodian, lot.facility) == (HELD, "bob", "bob:smelter")
    assert (lot.amount, lot.consignment, lot.consignee) == (99 * T, None, None)
    assert lot.owners == tuple(owned_by("alice"))  # title is another matter
    told = refusal(notes, "alice", loss("alice:L", "1"), NotInCustody)
    assert told.facts["state"] == "elsewhere"


def test_nothing_is_received_twice(notes):
    ship(notes)
    arrival = receipt("alice:C", received("alice:L", "99"), at="bob:smelter")
    notes.says("bob", arrival)
    assert refusal(notes, "bob", arrival, NotInTransit).at == "$.body.lots[0]"


def test_a_weight_gained_at_receipt_is_accepted(notes):
    ship(notes)
    notes.says("bob", receipt("alice:C", received("alice:L", "101"), at="bob:smelter"))
    assert notes.amount("alice:L") == 101 * T
    assert notes.effects.movements[0].delta == T


def test_only_the_consignee_receives_and_only_in_that_consignment(notes):
    notes.says("alice", split("alice:L", taken("alice:P", "10")))
    ship(notes, taken("alice:L", "90"))
    notes.says("alice", shipment("alice:D", "bob", taken("alice:P", "10")))

    other = receipt("alice:D", received("alice:L", "90"), at="bob:smelter")
    refusal(notes, "bob", other, NotInTransit)
    # A stranger's receipt waits on a consignment of its own name and touches nothing.
    before = notes.book.lots["alice:L"]
    notes.says("alice", receipt("alice:C", received("alice:L", "90"), at="alice:mine"))
    assert notes.book.lots["alice:L"] == before
    unknown = receipt("alice:D", received("alice:nothing", "1"), at="bob:smelter")
    refusal(notes, "bob", unknown, UnknownLot)


def test_a_partial_shipment_names_a_new_lot(notes):
    ship(notes, taken("alice:P", "40") | {"from": "alice:L"})

    assert notes.amount("alice:L") == 60 * T
    assert notes.book.lots["alice:P"].state == IN_TRANSIT
    assert notes.book.lots["alice:L"].state == HELD
    assert [(m.lot, m.role) for m in notes.effects.movements] == [
        ("alice:L", "take"),
        ("alice:P", "make"),
        ("alice:P", "move"),
    ]


@pytest.mark.parametrize(
    ("claim", "error", "at"),
    [
        (shipment("alice:C", "bob", taken("alice:L", "99")), NotWholeLot, "$.body.lots[0]"),
        (shipment("bob:C", "bob", *TAKE, at="alice:mine"), NotYourNameSpace, "$.body.consignment"),
        (
            shipment("alice:C", "zoe", taken("alice:L", "100")),
            UnknownOrganization,
            "$.body.consignee.organization",
        ),
        (
            shipment("alice:C", "bob", taken("alice:L", "100"), at=SMELTER),
            NotAtThisFacility,
            "$.body.lots[0]",
        ),
        (
            shipment("alice:C", "bob", taken("alice:P", "101") | {"from": "alice:L"}),
            InsufficientBalance,
            "$.body.lots[0]",
        ),
    ],
)
def test_a_shipment_is_refused(notes, claim, error, at):
    assert refusal(notes, "alice", claim, error).at == at


def test_a_consignment_is_shipped_once(notes):
    ship(notes)
    notes.says("alice", extraction("alice:M"))
    again = shipment("alice:C", "bob", taken("alice:M", "100"))
    assert refusal(notes, "alice", again, ConsignmentExists).at == "$.body.consignment"


def test_custody_ends_with_a_consignee_without_a_key(notes):
    ship(notes, consignee={"name": "Trader", "country": "CH"})

    lot = notes.book.lots["alice:L"]
    assert (lot.state, lot.consignee, lot.known_to) == (EXITED, None, {"alice"})
    refusal(notes, "alice", loss("alice:L", "1"), NotInCustody)
    assert not notes.book.consignments


def test_a_company_ships_to_itself_between_its_places(notes):
    ship(notes, consignee="alice")
    notes.says("alice", receipt("alice:C", received("alice:L", "100"), at=SMELTER))
    assert notes.book.lots["alice:L"].facility == SMELTER


# ── rejected goods ────────────────────────────────────────────────────────────────────────


def test_a_rejected_part_stays_with_the_shipper_where_it_was_rejected(notes):
    ship(notes)
    arrival = received("alice:L", "70", "29", "bob:R")
    notes.says("bob", receipt("alice:C", arrival, at="bob:smelter"))

    kept, back = notes.book.lots["alice:L"], notes.book.lots["bob:R"]
    assert (kept.amount, kept.custodian) == (70 * T, "bob")
    assert (back.amount, back.custodian, back.facility) == (29 * T, "alice", "bob:smelter")
    assert back.known_to == {"alice", "bob"}
    refusal(notes, "bob", loss("bob:R", "1", at="bob:smelter"), NotInCustody)

    home = shipment("alice:home", "alice", taken("bob:R", "29"), at="bob:smelter")
    notes.says("alice", home)
    notes.says("alice", receipt("alice:home", received("bob:R", "29"), at="alice:mine"))
    assert notes.book.lots["bob:R"].facility == "alice:mine"


def test_a_rejected_part_begins_in_the_receivers_name_space(notes):
    ship(notes)
    arrival = received("alice:L", "70", "29", "alice:R")
    refusal(notes, "bob", receipt("alice:C", arrival, at="bob:smelter"), NotYourNameSpace)


def test_a_wholly_rejected_lot_stays_the_shippers(notes):
    ship(notes)
    rejected = receipt("alice:C", received("alice:L", rejected="100"), at="bob:smelter")
    notes.says("bob", rejected)

    lot = notes.book.lots["alice:L"]
    assert (lot.custodian, lot.state, lot.facility) == ("alice", HELD, "bob:smelter")
    assert (lot.consignment, lot.consignee) == (None, None)
    refusal(notes, "bob", rejected, NotInTransit)
    redirected = shipment("alice:D", "bob", taken("alice:L", "100"), at="bob:smelter")
    notes.says("alice", redirected)


# ── receipts ahead of their shipments ─────────────────────────────────────────────────────

AHEAD = receipt("alice:C", received("alice:L", "98"), at="bob:smelter")


def test_a_receipt_ahead_of_its_shipment_waits_and_touches_no_lot(notes):
    before = notes.book.lots["alice:L"]
    notes.says("bob", AHEAD)

    assert notes.book.lots["alice:L"] == before
    assert notes.effects.subjects == ("consignment:alice:C:bob",)
    assert notes.effects.waits_on == "consignment:alice:C:bob"

    ship(notes)
    lot = notes.book.lots["alice:L"]
    assert (lot.state, lot.custodian, lot.amount) == (HELD, "bob", 98 * T)
    assert notes.book.consignments["consignment:alice:C:bob"].waiting == ()


def test_receipts_for_other_lots_of_the_consignment_go_on_waiting(notes):
    notes.says("bob", AHEAD)
    notes.says("bob", receipt("alice:C", received("alice:M", "1"), at="bob:smelter"))
    ship(notes)

    [waiting] = notes.book.consignments["consignment:alice:C:bob"].waiting
    assert waiting["body"]["lots"][0]["lot"] == "alice:M"


def test_a_receipt_ahead_may_reject_a_part(notes):
    early = receipt("alice:C", received("alice:L", "70", "29", "bob:R"), at="bob:smelter")
    notes.says("bob", early)
    ship(notes)

    assert notes.amount("alice:L") == 70 * T
    assert notes.book.lots["bob:R"].custodian == "alice"
    assert set(notes.effects.subjects) >= {"lot:alice:L", "lot:bob:R"}


@pytest.mark.parametrize(
    "wrong",
    [
        received("alice:L", "98") | {"accepted": pieces(3)},
        received("alice:L", "98") | {"accepted": quantity("98", basis="dry")},
        received("alice:L", "70", "28", "alice:R"),
    ],
)
def test_a_wrong_receipt_ahead_never_stops_the_shipment(notes, wrong):
    notes.says("bob", receipt("alice:C", wrong, at="bob:smelter"))
    ship(notes)

    assert notes.book.lots["alice:L"].state == IN_TRANSIT
    assert notes.amount("alice:L") == 100 * T
    assert len(notes.book.consignments["consignment:alice:C:bob"].waiting) == 1
    notes.says("bob", AHEAD)  # the right one
    assert notes.book.lots["alice:L"].custodian == "bob"


# ── assays, offers ────────────────────────────────────────────────────────────────────────


def test_an_assay_changes_no_amount_and_needs_sight_of_the_lot(notes):
    compound = {"formula": "CuFeS2", "purity": "0.8", "basis": "dry"}
    notes.says("alice", assay("alice:L", moisture="0.08", compound=compound))

    [movement] = notes.effects.movements
    assert (movement.role, movement.delta) == ("assay", 0)
    assert movement.facts["moisture"] == "0.08"
    assert movement.facts["compound"] == compound
    assert notes.amount("alice:L") == 100 * T
    assert refusal(notes, "bob", assay("alice:L"), UnknownLot).at == "$.body.lot"


def test_an_assay_of_a_consignment_touches_only_the_consignment(notes):
    ship(notes)
    notes.says("bob", assay(consignment="alice:C", consignee="bob", party="buyer"))
    assert notes.effects.subjects == ("consignment:alice:C:bob",)
    assert notes.effects.movements == ()


def test_the_holder_offers_lots_and_withdraws_the_offer(notes):
    entry = notes.says("alice", offer("alice:L", to=["bob"], until="2026-06-30"))
    [movement] = notes.effects.movements
    assert (movement.role, movement.facts) == ("open", {"to": ["bob"], "until": "2026-06-30"})

    notes.says("alice", withdrawal(entry, "alice:L"))
    assert notes.effects.movements[0].role == "close"
    refusal(notes, "alice", offer("alice:L", to=["zoe"]), UnknownOrganization)
    refusal(notes, "bob", offer("alice:L", to=["bob"]), UnknownLot)


def test_nobody_withdraws_what_another_offered(notes):
    notes.says("alice", extraction("alice:M", owners=owned_by("bob")))
    entry = notes.says("alice", offer("alice:M", to=["bob"]))

    assert (
        refusal(notes, "bob", withdrawal(entry, "alice:M"), UnknownStatement).at == "$.body.offer"
    )
    refusal(notes, "alice", withdrawal("ab" * 32, "alice:M"), UnknownStatement)
    assayed = notes.says("alice", assay("alice:M"))
    refusal(notes, "alice", withdrawal(assayed, "alice:M"), UnknownStatement)
    refusal(notes, "alice", withdrawal(entry, "alice:nothing"), UnknownLot)


def test_a_voided_event_leaves_nothing_behind(notes):
    entry = notes.says("alice", loss("alice:L", "3"))
    notes.says("alice", void(entry, "alice:L"))
    assert notes.amount("alice:L") == 100 * T


def test_only_who_has_is_sent_or_owns_a_lot_says_what_it_contains(notes):
    before = notes.says("alice", assay("alice:L"))
    notes.says("alice", transfer(passing("alice:L", "alice", "bob")))
    ship(notes)
    notes.says("bob", receipt("alice:C", received("alice:L", "100"), at="bob:mine"))
    assert refusal(notes, "alice", assay("alice:L"), NotYoursToAssay).at == "$.body.lot"

    notes.says("alice", correction(before, assay("alice:L", moisture="0.05"), "alice:L"))
    entry = list(notes.book.statements)[-1]
    certain = {"element": "Cu", "value": "28", "unit": "percent", "basis": "dry"}
    for risen in ({"status": "final"}, {"results": [certain | {"status": "umpire"}]}):
        claim = correction(entry, assay("alice:L", **risen), "alice:L")
        refusal(notes, "alice", claim, NotYoursToAssay)


def test_an_event_touches_no_more_than_an_amendment_of_it_can(notes):
    notes.book.most_subjects = 3
    parts = [taken(f"alice:P{n}", "1") for n in range(3)]
    told = refusal(notes, "alice", split("alice:L", *parts), TooManySubjects)
    assert told.facts == {"count": 4, "limit": 3}

    rejected = received("alice:L", "60", "40", "bob:R")
    notes.says("bob", receipt("alice:C", rejected, at="bob:mine"))
    notes.book.most_subjects = 2
    ship(notes)
    assert len(notes.book.consignments["consignment:alice:C:bob"].waiting) == 1
    assert notes.book.lots["alice:L"].state == IN_TRANSIT
