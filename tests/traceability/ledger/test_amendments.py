"""Corrections and voids: what they change at once, and what they must leave alone."""

import pytest

from tests.builders import (
    assay,
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
    AlreadyActedOn,
    AlreadyReplaced,
    BasisMismatch,
    ImpossibleTime,
    InsufficientBalance,
    LotExists,
    LotsIncomplete,
    MalformedStatement,
    NotCorrectable,
    NotInTransit,
    UnitMismatch,
    UnknownFacility,
    UnknownLot,
    UnknownStatement,
)
from traceability.ledger.book import HELD, IN_TRANSIT

T = 10**9
L = "alice:L"


@pytest.fixture
def notes():
    return notebook("alice", "bob")


@pytest.fixture
def extracted(notes):
    return notes.says("alice", extraction(L))


def refusal(notes, author, claim, error):
    before = dict(notes.book.lots), dict(notes.book.consignments), dict(notes.book.statements)
    with pytest.raises(error) as refused:
        notes.says(author, claim)
    assert before == (notes.book.lots, notes.book.consignments, notes.book.statements)
    return refused.value


def corrected(notes, entry, by, *lots):
    return notes.says("alice", correction(entry, by, *(lots or [L])))


# ── chains ────────────────────────────────────────────────────────────────────────────────


def test_a_correction_replaces_an_amount_and_keeps_what_was_taken(notes, extracted):
    notes.says("alice", loss(L, "10"))
    corrected(notes, extracted, extraction(L, "120", material="copper_matte"))

    assert notes.amount(L) == 110 * T
    assert notes.book.lots[L].material == "copper_matte"


def test_only_the_head_of_a_correction_chain_is_replaced(notes, extracted):
    head = corrected(notes, extracted, extraction(L, "120"))

    told = refusal(notes, "alice", correction(extracted, extraction(L, "90"), L), AlreadyReplaced)
    assert (told.at, told.facts) == ("$.body.replaces", {"entry": extracted, "head": head})
    refusal(notes, "alice", void(extracted, L), AlreadyReplaced)

    last = corrected(notes, head, extraction(L, "90"))
    assert notes.amount(L) == 90 * T
    notes.says("alice", void(last, L))
    assert notes.amount(L) == 0


def test_nobody_amends_what_another_stated(notes, extracted):
    for claim in (correction(extracted, extraction(L, "1"), L), void(extracted, L)):
        assert refusal(notes, "bob", claim, UnknownStatement).at == "$.body.replaces"
        refusal(notes, "alice", void("ab" * 32), UnknownStatement)


def test_a_void_is_final(notes, extracted):
    entry = notes.says("alice", void(extracted, L))
    refusal(notes, "alice", void(entry, L), NotCorrectable)
    refusal(notes, "alice", correction(entry, extraction(L), L), NotCorrectable)


def test_an_amendment_names_exactly_the_lots_it_touches(notes, extracted):
    for lots in ([], [L, "alice:M"]):
        told = refusal(notes, "alice", void(extracted, *lots), LotsIncomplete)
        assert (told.at, told.facts["lots"]) == ("$.body.lots", [L])
        refusal(notes, "alice", correction(extracted, extraction(L, "1"), *lots), LotsIncomplete)


def test_lots_that_were_not_loaded_are_told_and_not_stumbled_over(notes, extracted):
    parted = notes.says("alice", split(L, taken("alice:P", "1")))
    del notes.book.lots["alice:P"]  # as a database answers that was asked for one lot only
    told = refusal(notes, "alice", void(parted, L), LotsIncomplete)
    assert told.facts["lots"] == [L, "alice:P"]


@pytest.mark.parametrize("claim", [offer(L, to=["bob"]), transfer(passing(L, "alice", "bob"))])
def test_what_is_voided_and_made_anew_is_not_corrected(notes, extracted, claim):
    entry = notes.says("alice", claim)
    refusal(notes, "alice", correction(entry, claim, L), NotCorrectable)
    notes.says("alice", void(entry, L))


def test_an_offer_and_its_withdrawal_are_voided(notes, extracted):
    offered = notes.says("alice", offer(L, to=["bob"]))
    closed = notes.says("alice", withdrawal(offered, L))
    notes.says("alice", void(closed, L))
    notes.says("alice", void(offered, L))
    assert notes.amount(L) == 100 * T


def test_a_registration_is_stated_again_and_not_corrected(notes):
    entry = notes.says("alice", facility("alice:mine"))
    refusal(notes, "alice", void(entry), UnknownStatement)  # a notebook keeps events only


def test_errors_name_their_place_inside_the_replacement(notes, extracted):
    wrong = extraction(L, quantity("1", "stone"))
    told = refusal(notes, "alice", correction(extracted, wrong, L), Exception)
    assert told.at == "$.body.replacement.body.lot.quantity"

    moon = extraction(L, at="alice:moon")
    told = refusal(notes, "alice", correction(extracted, moon, L), UnknownFacility)
    assert told.at == "$.body.replacement.body.facility"

    shapeless = ("custody.extraction", {"facility": "alice:mine"})
    told = refusal(notes, "alice", correction(extracted, shapeless, L), MalformedStatement)
    assert told.at == "$.body.replacement.body"

    dayless = correction(extracted, extraction(L), L, effective="2026-03-01")
    told = refusal(notes, "alice", dayless, ImpossibleTime)
    assert told.at == "$.body.replacement.effective"


# ── restated lots ─────────────────────────────────────────────────────────────────────────


def test_a_lot_that_gave_more_than_it_held_is_restated_and_gives_no_more(notes, extracted):
    notes.says("alice", loss(L, "60"))
    head = corrected(notes, extracted, extraction(L, "50"))

    assert notes.amount(L) == -10 * T
    told = refusal(notes, "alice", loss(L, "1"), InsufficientBalance)
    assert told.facts["holds"] == str(-10 * T)

    corrected(notes, head, extraction(L, "61"))
    notes.says("alice", loss(L, "1"))
    assert notes.amount(L) == 0


def test_a_stocktake_covers_a_shortfall(notes, extracted):
    notes.says("alice", loss(L, "60"))
    notes.says("alice", void(extracted, L))
    assert notes.amount(L) == -60 * T
    notes.says("alice", stocktake(taken(L, "5"), at="alice:mine"))
    assert notes.amount(L) == 5 * T


# ── corrections of what takes ─────────────────────────────────────────────────────────────


def test_a_correction_takes_no_more_than_is_left(notes, extracted):
    lost = notes.says("alice", loss(L, "10"))
    told = refusal(notes, "alice", correction(lost, loss(L, "101"), L), InsufficientBalance)
    assert told.at == "$.body.replacement"
    assert told.facts["holds"] == str(90 * T)

    lost = corrected(notes, lost, loss(L, "100"))
    assert notes.amount(L) == 0
    corrected(notes, lost, loss(L, "1"))
    assert notes.amount(L) == 99 * T


def test_a_correction_takes_no_more_out_of_a_lot_that_left(notes, extracted):
    lost = notes.says("alice", loss(L, "10"))
    notes.says("alice", shipment("alice:C", "bob", taken(L, "90")))

    told = refusal(notes, "alice", correction(lost, loss(L, "11"), L), InsufficientBalance)
    assert told.facts["holds"] == "0"
    corrected(notes, lost, loss(L, "9"))
    assert notes.amount(L) == 91 * T


def test_a_correction_may_take_from_another_lot_by_the_usual_rules(notes, extracted):
    notes.says("alice", extraction("alice:M", "5"))
    lost = notes.says("alice", loss(L, "10"))
    refusal(
        notes, "alice", correction(lost, loss("alice:M", "6"), L, "alice:M"), InsufficientBalance
    )
    refusal(notes, "alice", correction(lost, loss("alice:N", "6"), L, "alice:N"), UnknownLot)

    corrected(notes, lost, loss("alice:M", "5"), L, "alice:M")
    assert (notes.amount(L), notes.amount("alice:M")) == (100 * T, 0)


def test_a_transformation_is_corrected_in_inputs_and_outputs(notes):
    notes.says("alice", introduction("alice:I", at="alice:smelter"))

    def smelting(fed, *outputs):
        return transformation([taken("alice:I", fed)], outputs, at="alice:smelter")

    first = smelting("80", new_lot("alice:O", "30"), new_lot("alice:slag", "40"))
    entry = notes.says("alice", first)
    notes.says("alice", loss("alice:O", "5", at="alice:smelter"))
    again = smelting("90", new_lot("alice:O", "33"), new_lot("alice:dust", "1"))
    corrected(notes, entry, again, "alice:I", "alice:O", "alice:slag", "alice:dust")

    amounts = {lot: notes.amount(f"alice:{lot}") // T for lot in ("I", "O", "slag", "dust")}
    assert amounts == {"I": 10, "O": 28, "slag": 0, "dust": 1}


def test_a_correction_makes_no_lot_twice_nor_one_that_exists(notes, extracted):
    notes.says("alice", introduction("alice:I", at="alice:smelter"))

    def smelting(*outputs):
        return transformation([taken("alice:I", "1")], outputs, at="alice:smelter")

    entry = notes.says("alice", smelting(new_lot("alice:O")))
    twice = smelting(new_lot("alice:O"), new_lot("alice:O"))
    refusal(notes, "alice", correction(entry, twice, "alice:I", "alice:O"), LotExists)
    other = smelting(new_lot(L))
    refusal(notes, "alice", correction(entry, other, "alice:I", "alice:O", L), LotExists)


def test_a_lot_is_not_corrected_into_another_unit_or_basis(notes, extracted):
    counted = extraction(L, pieces(5))
    refusal(notes, "alice", correction(extracted, counted, L), UnitMismatch)
    dried = extraction(L, quantity("90", basis="dry"))
    refusal(notes, "alice", correction(extracted, dried, L), BasisMismatch)


def test_a_corrected_place_holds_while_the_lot_has_not_left(notes):
    entry = notes.says("alice", introduction(L, at="alice:mine"))
    head = corrected(notes, entry, introduction(L, at="alice:smelter"))
    assert notes.book.lots[L].facility == "alice:smelter"

    notes.says("alice", shipment("alice:C", "bob", taken(L, "100"), at="alice:smelter"))
    notes.says("bob", receipt("alice:C", received(L, "100"), at="bob:mine"))
    corrected(notes, head, introduction(L, "101", at="alice:mine"))
    assert notes.book.lots[L].facility == "bob:mine"
    assert notes.amount(L) == 100 * T  # as weighed


def test_corrected_owners_hold_unless_title_has_passed(notes, extracted):
    head = corrected(notes, extracted, extraction(L, owners=owned_by("bob")))
    lot = notes.book.lots[L]
    assert (lot.owners, lot.known_to) == (tuple(owned_by("bob")), {"alice", "bob"})

    notes.says("bob", transfer(passing(L, "bob", "alice")))
    mine = correction(head, extraction(L, owners=owned_by("alice")), L)
    refusal(notes, "alice", mine, AlreadyActedOn)
    corrected(notes, head, extraction(L, "90", owners=owned_by("bob")))
    assert notes.book.lots[L].owners == tuple(owned_by("alice"))


def test_a_new_part_of_a_corrected_split_begins_with_its_author(notes, extracted):
    entry = notes.says("alice", split(L, taken("alice:P", "40")))
    notes.says("alice", shipment("alice:C", "bob", taken(L, "60")))
    notes.says("bob", receipt("alice:C", received(L, "60"), at="bob:mine"))

    two = split(L, taken("alice:P", "30"), taken("alice:Q", "10"))
    corrected(notes, entry, two, L, "alice:P", "alice:Q")

    part = notes.book.lots["alice:Q"]
    assert (part.custodian, part.state, part.facility) == ("alice", HELD, "alice:mine")
    assert part.known_to == {"alice"}
    assert notes.amount(L) == 60 * T


def test_a_corrected_blend_still_conserves_gross_mass(notes, extracted):
    entry = notes.says("alice", blend([taken(L, "60")], new_lot("alice:B", "60"), at="alice:mine"))
    notes.says("alice", loss("alice:B", "10"))
    again = blend([taken(L, "70")], new_lot("alice:B", "70"), at="alice:mine")
    corrected(notes, entry, again, L, "alice:B")
    assert (notes.amount(L), notes.amount("alice:B")) == (30 * T, 60 * T)


def test_a_stocktake_is_corrected_by_the_difference(notes, extracted):
    entry = notes.says("alice", stocktake(taken(L, "90"), at="alice:mine"))
    notes.says("alice", loss(L, "20"))
    notes.says("alice", extraction("alice:M", "5"))
    again = stocktake(taken(L, "95"), taken("alice:M", "4"), at="alice:mine", reason="recount")
    head = corrected(notes, entry, again, L, "alice:M")

    assert (notes.amount(L), notes.amount("alice:M")) == (75 * T, 4 * T)
    assert notes.effects.movements[0].facts["why"] == "recount"
    notes.says("alice", void(head, L, "alice:M"))
    assert (notes.amount(L), notes.amount("alice:M")) == (80 * T, 5 * T)


def test_an_assay_is_corrected_without_moving_anything(notes, extracted):
    entry = notes.says("alice", assay(L))
    corrected(notes, entry, assay(L, status="final"))
    assert notes.effects.movements[0].facts["status"] == "final"


# ── shipments ─────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def shipped(notes, extracted):
    part = taken("alice:P", "40") | {"from": L}
    return notes.says("alice", shipment("alice:C", "bob", part, seals=["A1"]))


PART = taken("alice:P", "40") | {"from": L}


def test_a_corrected_shipment_tells_its_papers_anew_at_any_time(notes, shipped):
    papers = shipment("alice:C", "bob", PART, seals=["A2"], transport_mode="rail")
    head = corrected(notes, shipped, papers, L, "alice:P")
    assert notes.book.lots["alice:P"].state == IN_TRANSIT

    notes.says("bob", receipt("alice:C", received("alice:P", "39"), at="bob:mine"))
    corrected(notes, head, shipment("alice:C", "bob", PART, seals=["A3"]), L, "alice:P")
    assert (notes.amount(L), notes.amount("alice:P")) == (60 * T, 39 * T)
    assert notes.book.lots["alice:P"].custodian == "bob"


@pytest.mark.parametrize(
    "other",
    [
        shipment("alice:C", "bob", taken("alice:P", "41") | {"from": L}),
        shipment("alice:C", "bob", taken("alice:P", "40")),
        shipment("alice:C", "bob", taken(L, "40")),
        shipment("alice:D", "bob", PART),
        shipment("alice:C", "alice", PART),
        shipment("alice:C", {"name": "Trader"}, PART),
        shipment("alice:C", "bob", PART, at="alice:smelter"),
    ],
)
def test_a_correction_changes_no_custody(notes, shipped, other):
    refusal(notes, "alice", correction(shipped, other, L, "alice:P"), NotCorrectable)


def test_a_voided_shipment_brings_the_goods_back_and_frees_its_number(notes, shipped):
    notes.says("alice", void(shipped, L, "alice:P"))

    part = notes.book.lots["alice:P"]
    assert (part.state, part.facility, part.amount) == (HELD, "alice:mine", 0)
    assert notes.amount(L) == 100 * T
    assert "consignment:alice:C:bob" in notes.effects.subjects
    notes.says("alice", shipment("alice:C", "bob", taken(L, "100")))


def test_a_voided_shipment_to_a_stranger_brings_the_goods_back(notes, extracted):
    gone = notes.says("alice", shipment("alice:C", {"name": "Trader"}, taken(L, "100")))
    notes.says("alice", void(gone, L))
    assert notes.book.lots[L].state == HELD


def test_a_shipment_is_not_voided_once_received(notes, shipped):
    notes.says("bob", receipt("alice:C", received("alice:P", "39"), at="bob:mine"))
    told = refusal(notes, "alice", void(shipped, L, "alice:P"), AlreadyActedOn)
    assert told.facts == {"lot_id": "alice:P"}


def test_a_shipment_matched_by_an_early_receipt_is_not_voided(notes, extracted):
    # Even where sender and receiver use one warehouse, so that the place tells nothing.
    notes.says("bob", receipt("alice:C", received(L, "99"), at="alice:mine"))
    sent = notes.says("alice", shipment("alice:C", "bob", taken(L, "100")))
    refusal(notes, "alice", void(sent, L), AlreadyActedOn)
    corrected(notes, sent, shipment("alice:C", "bob", taken(L, "100"), seals=["A2"]))
    assert (notes.amount(L), notes.book.lots[L].custodian) == (99 * T, "bob")


# ── receipts ──────────────────────────────────────────────────────────────────────────────


def whole(notes, arrival):
    """Ship the whole lot to Bob, who receives it as told; return the receipt's entry."""
    notes.says("alice", shipment("alice:C", "bob", taken(L, "100")))
    return notes.says("bob", receipt("alice:C", arrival, at="bob:mine"))


def test_the_weight_of_a_receipt_is_corrected_by_the_difference(notes, extracted):
    entry = whole(notes, received(L, "98"))
    notes.says("bob", loss(L, "8", at="bob:mine"))
    again = receipt("alice:C", received(L, "99"), at="bob:smelter")
    notes.says("bob", correction(entry, again, L))

    lot = notes.book.lots[L]
    assert (lot.amount, lot.facility, lot.custodian) == (91 * T, "bob:smelter", "bob")


def test_a_voided_receipt_puts_the_goods_back_on_their_way(notes, extracted):
    entry = whole(notes, received(L, "98"))
    notes.says("bob", void(entry, L))

    lot = notes.book.lots[L]
    assert (lot.state, lot.custodian, lot.amount) == (IN_TRANSIT, "alice", 100 * T)
    assert (lot.consignment, lot.consignee, lot.facility) == ("alice:C", "bob", None)
    notes.says("bob", receipt("alice:C", received(L, "97"), at="bob:mine"))


@pytest.mark.parametrize(
    "since",
    [
        loss(L, "1", at="bob:mine"),
        shipment("bob:D", "alice", taken(L, "98"), at="bob:mine"),
    ],
)
def test_a_receipt_is_not_voided_once_the_goods_were_used_or_sent_on(notes, extracted, since):
    entry = whole(notes, received(L, "98"))
    notes.says("bob", since)
    refusal(notes, "bob", void(entry, L), AlreadyActedOn)


def test_a_receipt_in_part_rejected_is_corrected_without_moving_custody(notes, extracted):
    entry = whole(notes, received(L, "70", "29", "bob:R"))
    notes.says("alice", loss("bob:R", "9", at="bob:mine"))
    again = receipt("alice:C", received(L, "60", "38", "bob:R"), at="bob:mine")
    notes.says("bob", correction(entry, again, L, "bob:R"))

    kept, back = notes.book.lots[L], notes.book.lots["bob:R"]
    assert (kept.amount, kept.custodian) == (60 * T, "bob")
    assert (back.amount, back.custodian) == (29 * T, "alice")


def test_a_correction_may_reject_a_part_only_now(notes, extracted):
    entry = whole(notes, received(L, "99"))
    again = receipt("alice:C", received(L, "70", "29", "bob:R"), at="bob:mine")
    notes.says("bob", correction(entry, again, L, "bob:R"))

    assert (notes.amount(L), notes.amount("bob:R")) == (70 * T, 29 * T)
    back = notes.book.lots["bob:R"]
    assert (back.custodian, back.facility, back.state) == ("alice", "bob:mine", HELD)


def test_a_receipt_in_part_rejected_is_voided_unless_the_part_was_used(notes, extracted):
    entry = whole(notes, received(L, "70", "29", "bob:R"))
    notes.says("bob", void(entry, L, "bob:R"))
    assert (notes.amount(L), notes.amount("bob:R")) == (100 * T, 0)
    assert notes.book.lots[L].state == IN_TRANSIT

    entry = notes.says("bob", receipt("alice:C", received(L, "70", "30", "bob:S"), at="bob:mine"))
    notes.says("alice", loss("bob:S", "1", at="bob:mine"))
    refusal(notes, "bob", void(entry, L, "bob:S"), AlreadyActedOn)


def test_accepted_goods_are_not_corrected_into_rejected_ones(notes, extracted):
    entry = whole(notes, received(L, "98"))
    rejected = receipt("alice:C", received(L, rejected="98"), at="bob:mine")
    refusal(notes, "bob", correction(entry, rejected, L), NotCorrectable)

    notes.says("bob", void(entry, L))
    entry = notes.says("bob", rejected)
    assert notes.book.lots[L].custodian == "alice"
    notes.says("bob", void(entry, L))
    assert notes.book.lots[L].state == IN_TRANSIT


def test_a_stocktake_of_rejected_goods_is_voided_as_a_stocktake(notes, extracted):
    whole(notes, received(L, rejected="98"))
    counted = notes.says("alice", stocktake(taken(L, "97"), at="bob:mine"))
    notes.says("alice", void(counted, L))
    assert (notes.book.lots[L].state, notes.amount(L)) == (HELD, 98 * T)


def test_a_corrected_receipt_is_of_the_same_consignment_and_lots(notes, extracted):
    entry = whole(notes, received(L, "98"))
    other = receipt("alice:D", received(L, "98"), at="bob:mine")
    refusal(notes, "bob", correction(entry, other, L), NotInTransit)
    notes.says("alice", extraction("alice:M"))
    notes.says("alice", shipment("alice:D", "bob", taken("alice:M", "100")))
    swapped = receipt("alice:D", received("alice:M", "98"), at="bob:mine")
    refusal(notes, "bob", correction(entry, swapped, L, "alice:M"), NotCorrectable)


def test_a_corrected_receipt_may_add_what_was_forgotten(notes, extracted):
    notes.says("alice", extraction("alice:M"))
    both = [taken(L, "100"), taken("alice:M", "100")]
    notes.says("alice", shipment("alice:C", "bob", *both))
    entry = notes.says("bob", receipt("alice:C", received(L, "98"), at="bob:mine"))
    again = receipt("alice:C", received(L, "98"), received("alice:M", "99"), at="bob:mine")
    notes.says("bob", correction(entry, again, L, "alice:M"))
    assert notes.book.lots["alice:M"].custodian == "bob"


# ── receipts that came ahead ──────────────────────────────────────────────────────────────

AHEAD = receipt("alice:C", received(L, "98"), at="bob:mine")


def test_a_waiting_receipt_is_voided_and_not_corrected(notes, extracted):
    entry = notes.says("bob", AHEAD)
    told = refusal(notes, "bob", correction(entry, AHEAD), NotCorrectable)
    assert "still waits" in told.message

    notes.says("bob", void(entry))
    assert notes.effects.subjects == ("consignment:alice:C:bob", f"statement:{entry}")
    notes.says("alice", shipment("alice:C", "bob", taken(L, "100")))
    assert notes.book.lots[L].state == IN_TRANSIT


def test_an_early_receipt_that_took_effect_is_neither_voided_nor_corrected(notes, extracted):
    entry = notes.says("bob", AHEAD)
    notes.says("alice", shipment("alice:C", "bob", taken(L, "100")))
    for claim in (void(entry), correction(entry, AHEAD)):
        told = refusal(notes, "bob", claim, NotCorrectable)
        assert "stocktake" in told.message
    notes.says("bob", stocktake(taken(L, "97"), at="bob:mine"))
    assert notes.amount(L) == 97 * T


# ── reported events ───────────────────────────────────────────────────────────────────────

REPORTED = {"operator": {"name": "Old Mine"}, "basis": "delivery papers"}


@pytest.fixture
def reported(notes):
    """Bob reports on a mine whose operator has no key; the operator gets one: it is Alice."""
    notes.says("bob", facility("bob:old", operator={"name": "Old Mine"}))
    return notes.says("bob", extraction("bob:L", at="bob:old", reported=REPORTED))


def test_a_reported_event_is_superseded_by_the_operator(notes, reported):
    own = correction(reported, extraction("bob:L", "80", at="bob:old"), "bob:L")
    refusal(notes, "alice", own, UnknownStatement)
    notes.says("bob", facility("bob:old", operator={"organization": "alice"}))
    notes.says("alice", own)
    assert (notes.amount("bob:L"), notes.book.lots["bob:L"].custodian) == (80 * T, "bob")


def test_a_corrected_report_can_still_be_superseded(notes, reported):
    again = extraction("bob:L", "90", at="bob:old", reported=REPORTED)
    head = notes.says("bob", correction(reported, again, "bob:L"))
    notes.says("bob", facility("bob:old", operator={"organization": "alice"}))
    notes.says("alice", void(head, "bob:L"))
    assert notes.amount("bob:L") == 0


def test_an_own_event_is_never_superseded(notes):
    entry = notes.says("bob", extraction("bob:L"))
    notes.says("bob", facility("bob:mine", operator={"name": "Successor"}))
    notes.says("bob", facility("bob:mine", operator={"organization": "alice"}))
    refusal(notes, "alice", void(entry, "bob:L"), UnknownStatement)


# ── what was weighed since ────────────────────────────────────────────────────────────────


def test_a_supplier_takes_nothing_from_what_its_buyer_weighed(notes, extracted):
    whole(notes, received(L, "98"))
    corrected(notes, extracted, extraction(L, "80"))

    assert notes.amount(L) == 98 * T
    offset = notes.effects.movements[-1]
    assert (offset.role, offset.delta, offset.facts) == ("offset", 20 * T, {"why": "weighed"})
    notes.says("bob", loss(L, "98", at="bob:mine"))
    refusal(notes, "bob", loss(L, "0.001", at="bob:mine"), InsufficientBalance)


def test_what_is_voided_of_the_time_before_leaves_what_was_weighed(notes, extracted):
    lost = notes.says("alice", loss(L, "30"))
    notes.says("alice", stocktake(taken(L, "69"), at="alice:mine"))
    notes.says("alice", loss(L, "9"))
    notes.says("alice", void(lost, L))

    assert notes.amount(L) == 60 * T


def test_a_correction_takes_from_a_lot_that_was_weighed_since_without_changing_it(notes, extracted):
    lost = notes.says("alice", loss(L, "30"))
    notes.says("alice", stocktake(taken(L, "1"), at="alice:mine"))
    corrected(notes, lost, loss(L, "60"))

    assert notes.amount(L) == 1 * T


def test_once_a_count_is_withdrawn_what_was_corrected_before_it_holds(notes, extracted):
    count = notes.says("alice", stocktake(taken(L, "95"), at="alice:mine"))
    head = corrected(notes, extracted, extraction(L, "80"))
    assert notes.amount(L) == 95 * T
    notes.says("alice", void(count, L))
    assert notes.amount(L) == 80 * T
    corrected(notes, head, extraction(L, "81"))
    assert notes.amount(L) == 81 * T


def test_a_receipt_is_voided_to_what_was_shipped_as_corrected(notes, extracted):
    entry = whole(notes, received(L, "98"))
    corrected(notes, extracted, extraction(L, "80"))
    notes.says("bob", void(entry, L))

    lot = notes.book.lots[L]
    assert (lot.state, lot.custodian, lot.amount) == (IN_TRANSIT, "alice", 80 * T)
