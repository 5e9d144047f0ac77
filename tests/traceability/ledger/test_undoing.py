"""A void takes back its own author's statement, and nothing that anybody stated since."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.builders import (
    ORIGIN,
    correction,
    extraction,
    facility,
    loss,
    notebook,
    owned_by,
    passing,
    quantity,
    receipt,
    received,
    shipment,
    signed,
    split,
    statement,
    stocktake,
    taken,
    transfer,
    void,
)
from traceability.errors import AlreadyActedOn, TraceabilityError
from traceability.ledger.book import IN_TRANSIT, Book
from traceability.ledger.decision import decide
from traceability.ledger.kinds import KINDS
from traceability.ledger.statements import parse_statement

NAMES = ("alice", "bob", "carol")
L = "alice:L"


def companies():
    notes = notebook(*NAMES)
    for name in NAMES:
        notes.says(name, facility(f"{name}:shaft", "mine"))
    return notes


@pytest.fixture
def notes():
    notes = companies()
    notes.says("alice", extraction(L))
    return notes


def hand_over(notes, number, seller, buyer, *, at=None, to=None, lot=L):
    """Ship a lot and let it arrive; return both entries."""
    at, to = at or f"{seller}:mine", to or f"{buyer}:mine"
    name = f"{seller}:{number}"
    mass = quantity(str(notes.amount(lot)), "mg")
    sent = notes.says(seller, shipment(name, buyer, taken(lot, mass), at=at))
    return sent, notes.says(buyer, receipt(name, received(lot, "100"), at=to))


def is_refused(notes, author, claim, lot=L):
    before = notes.book.lots[lot]
    with pytest.raises(AlreadyActedOn) as refused:
        notes.says(author, claim)
    assert refused.value.facts == {"lot_id": lot}
    assert notes.book.lots[lot] == before


@pytest.mark.parametrize("buyer", ["carol", {"name": "Trader", "country": "CA"}])
def test_a_seller_does_not_take_back_what_its_buyer_has_sent_on(notes, buyer):
    sent, _ = hand_over(notes, 1, "alice", "bob")
    notes.says("bob", shipment("bob:2", buyer, taken(L, "100"), at="bob:mine"))
    is_refused(notes, "alice", void(sent, L))


def test_a_sale_is_not_taken_back_by_who_bought_the_lot_back_of_another(notes):
    first = notes.says("alice", transfer(passing(L, "alice", "bob")))
    notes.says("bob", transfer(passing(L, "bob", "carol")))
    notes.says("carol", transfer(passing(L, "carol", "bob")))
    is_refused(notes, "alice", void(first, L))


def test_a_sale_is_not_taken_back_of_a_lot_that_was_divided_since(notes):
    sold = notes.says("alice", transfer(passing(L, "alice", "bob")))
    parted = notes.says("alice", split(L, taken("alice:P", "10")))
    is_refused(notes, "alice", void(sold, L))

    notes.says("alice", void(parted, L, "alice:P"))
    notes.says("alice", void(sold, L))
    assert notes.book.lots[L].owners[0]["owner"] == {"organization": "alice"}


def test_a_receipt_is_not_taken_back_of_a_lot_that_went_and_came_again(notes):
    sent, arrived = hand_over(notes, 1, "alice", "bob")
    hand_over(notes, 2, "bob", "carol")
    _, again = hand_over(notes, 3, "carol", "bob")
    is_refused(notes, "bob", void(arrived, L))
    is_refused(notes, "alice", void(sent, L))

    notes.says("bob", void(again, L))  # the last one still is
    assert (notes.book.lots[L].custodian, notes.book.lots[L].state) == ("carol", IN_TRANSIT)


def test_a_receipt_is_not_taken_back_once_the_goods_were_counted(notes):
    _, arrived = hand_over(notes, 1, "alice", "bob")
    count = notes.says("bob", stocktake(taken(L, "100"), at="bob:mine"))
    is_refused(notes, "bob", void(arrived, L))
    notes.says("bob", void(count, L))
    notes.says("bob", void(arrived, L))


def test_a_rejected_part_that_went_and_came_again_stays(notes):
    notes.says("alice", shipment("alice:1", "bob", taken(L, "100")))
    part = received(L, "60", "40", "bob:R")
    arrived = notes.says("bob", receipt("alice:1", part, at="bob:mine"))
    notes.says("alice", shipment("alice:2", "carol", taken("bob:R", "40"), at="bob:mine"))
    notes.says("carol", receipt("alice:2", received("bob:R", "40"), at="bob:mine"))
    is_refused(notes, "bob", void(arrived, L, "bob:R"), "bob:R")


def test_a_part_that_was_sold_does_not_go_back_into_the_lot(notes):
    parted = notes.says("alice", split(L, taken("alice:P", "10")))
    sold = notes.says("alice", transfer(passing("alice:P", "alice", "bob")))
    is_refused(notes, "alice", void(parted, L, "alice:P"), "alice:P")
    notes.says("alice", void(sold, "alice:P"))
    notes.says("alice", void(parted, L, "alice:P"))
    assert notes.amount(L) == 100 * 10**9


def test_a_corrected_place_moves_no_lot_that_was_brought_there_by_another(notes):
    [first] = [entry for entry, one in notes.book.statements.items() if one.facility]
    hand_over(notes, 1, "alice", "bob", to="alice:mine")  # in a shared warehouse
    is_refused(notes, "alice", correction(first, extraction(L, at="alice:shaft"), L))


def test_corrected_owners_do_not_take_back_a_sale_and_a_sale_back(notes):
    [first] = [entry for entry, one in notes.book.statements.items() if one.facility]
    notes.says("alice", transfer(passing(L, "alice", "bob")))
    notes.says("bob", transfer(passing(L, "bob", "alice")))
    is_refused(notes, "alice", correction(first, extraction(L, owners=owned_by("carol")), L))


def test_a_void_that_was_recorded_before_this_was_asked_is_verified_as_it_was(notes):
    sent, _ = hand_over(notes, 1, "alice", "bob")
    hand_over(notes, 2, "bob", "carol")
    notes.book.is_admitting = False
    notes.says("carol", shipment("carol:3", "bob", taken(L, "100"), at="carol:mine"))
    notes.says("alice", void(sent, L))
    assert (notes.book.lots[L].custodian, notes.book.lots[L].state) == ("carol", "held")


def test_the_checks_of_before_stand_where_records_are_verified(notes):
    sent, arrived = hand_over(notes, 1, "alice", "bob")
    sold = notes.says("alice", transfer(passing(L, "alice", "bob")))
    notes.says("bob", transfer(passing(L, "bob", "carol")))
    notes.says("bob", loss(L, "1", at="bob:mine"))
    notes.says("alice", extraction("alice:M"))
    notes.says("alice", shipment("alice:2", "bob", taken("alice:M", "100")))
    part = received("alice:M", "60", "40", "bob:R")
    parted = notes.says("bob", receipt("alice:2", part, at="bob:mine"))
    notes.says("alice", loss("bob:R", "1", at="bob:mine"))

    notes.book.is_admitting = False
    is_refused(notes, "alice", void(sent, L))
    is_refused(notes, "bob", void(arrived, L))
    is_refused(notes, "alice", void(sold, L))
    is_refused(notes, "bob", void(parted, "alice:M", "bob:R"), "bob:R")


# ── histories at random ───────────────────────────────────────────────────────────────────


class Histories:
    """Three companies send, receive, sell, use, correct and take back a few lots."""

    def __init__(self, draw):
        self.draw = draw
        self.notes = companies()
        self.begun = _copy(self.notes.book)
        self.said = []  # (statement, entry) in order
        for name in NAMES[:2]:
            self.say(name, extraction(f"{name}:L", "50"))

    def say(self, author, claim):
        """Let the book decide; return the entry, or None where it refuses."""
        told = parse_statement(signed(statement(claim, author)), kinds=KINDS, ledger=ORIGIN)
        entry = f"{len(self.said):064x}"
        try:
            effects = decide(told, self.notes.book)
        except TraceabilityError:
            return None
        self.notes.book.accept(told, effects, entry)
        self.said.append((told, entry))
        return entry

    def step(self):
        draw, lots = self.draw, self.notes.book.lots
        there = [name for name, lot in lots.items() if lot.amount > 0]  # nothing is nobody's
        lot = lots[draw(st.sampled_from(there or sorted(lots)))]
        has, other = lot.custodian, draw(st.sampled_from(NAMES))
        at = lot.facility or f"{has}:mine"
        some = str(draw(st.integers(1, 9)))
        owner = lot.owners[0]["owner"]["organization"]
        whole = taken(lot.id, quantity(str(max(lot.amount, 1)), "mg"))
        steps = ["pass", "pass", "sell", "use"]
        steps += ["correct", "void", "void"] if self.standing() else []
        match draw(st.sampled_from(steps)):
            case "pass" if lot.state == IN_TRANSIT:
                self.arrive(lot, whole["quantity"])
            case "pass":
                name = f"{has}:{len(self.said)}"
                self.say(has, shipment(name, other, whole, at=at))
            case "sell":
                # The whole share: a quantity is a share of what the lot then was known to hold.
                self.say(owner, transfer(passing(lot.id, owner, other)))
            case "use":
                new = taken(f"{has}:P{len(self.said)}", some)
                uses = [
                    loss(lot.id, some, at=at),
                    split(lot.id, new, at=at),
                    stocktake(whole, at=at),
                ]
                self.say(has, draw(st.sampled_from(uses)))
            case "correct":
                self.correct(some)
            case "void":
                self.void()

    def arrive(self, lot, mass):
        """Take a lot in wholly, or reject all or a part of it, at one of two places."""
        body = {"lot": lot.id, "accepted": mass}
        match self.draw(st.integers(0, 5)):
            case 0:
                body = {"lot": lot.id, "rejected": mass}
            case 1:
                part = f"{lot.consignee}:R{len(self.said)}"
                body |= {"rejected": quantity("1"), "rejected_lot": part}
        at = self.draw(st.sampled_from([f"{lot.consignee}:mine", "alice:mine"]))
        self.say(lot.consignee, receipt(lot.consignment, body, at=at))

    def amendable(self):
        """Draw a statement that stands, with its lots."""
        one = self.draw(st.sampled_from(self.standing()))
        return one.entry, one, sorted({movement.lot for movement in one.movements})

    def correct(self, some):
        entry, one, lots = self.amendable()
        makes = [m.lot for m in one.movements if m.role == "make"]
        match one.kind:
            case "custody.extraction":
                owners = owned_by(self.draw(st.sampled_from(NAMES)))
                at = self.place_of(one, lots[0], "shaft")
                again = extraction(lots[0], some, at=at, owners=owners)
            case "custody.split":
                [source] = [m.lot for m in one.movements if m.role == "take"]
                again = split(source, taken(makes[0], some), at=one.facility)
            case "custody.receipt" if not makes:
                [old] = [m for m in one.movements if m.role == "adjust"]
                told = received(old.lot, some if old.facts["why"] == "received" else None)
                told |= {} if "accepted" in told else {"rejected": quantity(some)}
                at = self.place_of(one, old.lot, "smelter")
                again = receipt(old.facts["consignment"], told, at=at)
            case _:
                return
        before = dict(self.notes.book.lots)
        if self.say(one.author, correction(entry, again, *lots)):
            self.check_left_alone(before, one)

    def place_of(self, one, lot, other):
        """Draw the place a correction tells: another only while the lot stands somewhere.

        While a lot is away, a correction of how it came moves it nowhere.
        """
        has_stayed = self.notes.book.lots[lot].facility == one.facility
        other = f"{one.author}:{other}" if has_stayed else one.facility
        return self.draw(st.sampled_from([one.facility, other]))

    def check_left_alone(self, before, one):
        """A correction passes nothing; place and owners it changes only where they are its own."""
        for name, was in before.items():
            now = self.notes.book.lots[name]
            assert _custody(now) == _custody(was)
            since = [
                movement
                for other in self.notes.book.statements.values()
                if other.replaced_by is None and other.order > one.order
                for movement in other.movements
                if movement.lot == name
            ]
            if any(movement.role == "title" for movement in since):
                assert now.owners == was.owners
            if any(movement.role == "move" for movement in since):
                assert now.facility == was.facility

    def void(self):
        entry, one, lots = self.amendable()
        before = dict(self.notes.book.lots)
        if not self.say(one.author, void(entry, *lots)):
            return
        if one.kind in ("custody.shipment", "custody.receipt", "custody.transfer"):
            self.check_as_if_never_said(one)
        else:
            for name, was in before.items():  # it changes amounts and nothing else
                assert replace(self.notes.book.lots[name], amount=was.amount) == was

    def check_as_if_never_said(self, gone):
        """What stands is decided alike where the voided statement was never made."""
        book, recorded = _copy(self.begun), self.notes.book.statements
        taken_back = {one.order for one in recorded.values() if self.is_void(one)}
        for told, entry in self.said:
            if recorded[entry].order == gone.order:
                continue  # the statement, its corrections and its void
            try:
                effects = decide(told, book)
            except TraceabilityError:
                # Only what somebody has taken back since, too, can have rested on it.
                assert recorded[entry].order in taken_back, told.kind
                continue
            book.accept(told, effects, entry)
        moved = [movement for one in self.standing() for movement in one.movements]
        begun = {movement.lot for movement in moved if movement.role == "make"}
        for name in {movement.lot for movement in moved}:
            was, now = book.lots[name], self.notes.book.lots[name]
            if name in begun or now.amount:  # of what never was nobody owns anything
                assert _seen(was) == _seen(now)

    def is_void(self, one):
        told = next(told for told, entry in self.said if entry == one.entry)
        return told.kind == "custody.void"

    def standing(self):
        entries = {entry for _, entry in self.said}
        return [
            one
            for entry, one in self.notes.book.statements.items()
            if entry in entries and one.replaced_by is None and not self.is_void(one)
        ]


def _copy(book):
    return Book(
        organizations=dict(book.organizations),
        keys=dict(book.keys),
        facilities=dict(book.facilities),
        lots=dict(book.lots),
        consignments=dict(book.consignments),
        statements=dict(book.statements),
        turns={lot: list(turns) for lot, turns in book.turns.items()},
        is_admitting=True,
    )


def _custody(lot):
    return lot.custodian, lot.state, lot.consignment, lot.consignee


def _seen(lot):
    """Whoever was told of a lot once still knows it."""
    return replace(lot, known_to=frozenset())


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_after_a_void_the_lots_are_as_if_it_had_never_been_said(data):
    history = Histories(data.draw)
    for _ in range(data.draw(st.integers(4, 22))):
        history.step()
