"""The book: states as the next statement sees them; a draft changes nothing by itself."""

import pytest

from tests.builders import (
    OPERATOR,
    correction,
    extraction,
    facility,
    key_of,
    key_revocation,
    loss,
    notebook,
    organization,
    passing,
    quantity,
    shipment,
    taken,
    transfer,
    understood,
    void,
)
from traceability.ledger.book import (
    Book,
    event_facility,
    gross,
    is_reported,
    is_same_water,
)
from traceability.ledger.decision import decide
from traceability.ledger.draft import Draft, described
from traceability.ledger.shapes import NewLot, Quantity
from traceability.ledger.statements import to_shape

REPORTED = {"operator": {"name": "Old Mine"}, "basis": "papers"}


def test_a_decision_changes_nothing_until_it_is_accepted():
    notes = notebook("alice")
    notes.says("alice", extraction("alice:L"))
    before = notes.book.lots["alice:L"]

    told = understood(loss("alice:L", "1"), "alice")
    effects = decide(told, notes.book)
    assert notes.book.lots["alice:L"] is before

    notes.book.accept(told, effects, "ab" * 32)
    assert notes.amount("alice:L") == 99 * 10**9
    assert notes.book.statements["ab" * 32].movements == effects.movements


def test_the_book_keeps_what_a_later_correction_needs():
    notes = notebook("alice")
    entry = notes.says("alice", extraction("alice:L"))
    kept = notes.book.statements[entry]
    assert (kept.author, kept.kind, kept.facility) == ("alice", "custody.extraction", "alice:mine")
    assert (kept.replaced_by, kept.waits_on, kept.reported) == (None, None, False)

    head = notes.says("alice", correction(entry, extraction("alice:L", "1"), "alice:L"))
    assert notes.book.statements[entry].replaced_by == head
    assert notes.book.statements[head].kind == "custody.extraction"
    gone = notes.says("alice", void(head, "alice:L"))
    assert notes.book.statements[gone].kind == "custody.void"


def test_registrations_are_kept_as_last_stated():
    notes = notebook("alice")
    assert notes.book.organizations["alice"] == {"company"}
    key = notes.book.keys[key_of("alice").kid]
    assert (key.organization, key.held_by, key.revoked) == ("alice", "organization", False)
    notes.says(OPERATOR, key_revocation("alice", "alice"))
    assert notes.book.keys[key.kid].revoked
    notes.says(OPERATOR, organization("bob", "auditor", "company"))
    assert notes.book.organizations["bob"] == {"auditor", "company"}


def test_the_place_of_an_event_is_that_of_what_a_correction_brings():
    there = correction("ab" * 32, extraction("alice:L", at="alice:pit"), "alice:L")
    nowhere = correction("ab" * 32, ("", {"facility": 7}), "alice:L")
    assert event_facility(understood(extraction("alice:L"), "alice")) == "alice:mine"
    assert event_facility(understood(there, "alice")) == "alice:pit"
    assert event_facility(understood(nowhere, "alice")) is None
    assert event_facility(understood(transfer(passing("alice:L", "alice", "bob")), "alice")) is None
    assert event_facility(understood(facility("alice:mine"), "alice")) is None


@pytest.mark.parametrize(
    ("claim", "reported"),
    [
        (extraction("alice:L"), False),
        (extraction("alice:L", reported=REPORTED), True),
        (correction("ab" * 32, extraction("alice:L")), False),
        (correction("ab" * 32, extraction("alice:L", reported=REPORTED)), True),
        (void("ab" * 32), False),
    ],
)
def test_a_reported_event_is_told_apart(claim, reported):
    assert is_reported(understood(claim, "alice")) is reported


def test_a_draft_names_every_lot_it_touched_and_the_subjects_it_was_given():
    notes = notebook("alice", "bob")
    notes.says("alice", extraction("alice:L"))
    told = understood(shipment("alice:C", "bob", taken("alice:L", "100")), "alice")
    draft = Draft(notes.book, told)
    assert draft.effects().subjects == told.subjects
    draft.take("alice:L", _quantity("1"), "alice:mine", "$")
    assert draft.effects(("statement:x",)).subjects == ("lot:alice:L", "statement:x")


def test_an_empty_book_knows_nothing():
    assert Book() == Book()
    assert not Book().lots


def _quantity(value, **more):
    return to_shape(quantity(value) | more, Quantity)


def test_gross_is_counted_in_milligrams_or_pieces():
    assert gross(_quantity("1.5"), "$") == (1_500_000_000, "mg")
    assert gross(_quantity("2", unit="piece", basis="count"), "$") == (2, "piece")
    litres = _quantity("2", unit="L", basis="volume", density="1.5")
    assert gross(litres, "$") == (3_000_000, "mg")


@pytest.mark.parametrize(
    ("booked", "given", "same"),
    [
        ("wet", "as_received", True),
        ("volume", "wet", True),
        ("dry", "dry", True),
        ("dry", "wet", False),
        ("count", "wet", False),
    ],
)
def test_water_counts_alike_or_not(booked, given, same):
    assert is_same_water(booked, given) is same
    assert is_same_water(given, booked) is same


def test_what_metal_follows_from_is_kept_as_facts():
    plain = {
        "lot": "alice:L",
        "material": "ore",
        "form": "lump",
        "quantity": quantity("1"),
        "owners": [{"owner": {"organization": "alice"}, "parts": 1}],
    }
    assert described(to_shape(plain, NewLot)) == {
        "material": "ore",
        "form": "lump",
        "quantity": quantity("1"),
    }
    assays = [{"element": "Cu", "value": "1", "unit": "percent", "basis": "dry"}]
    compound = {"formula": "CuO", "purity": "1", "basis": "dry"}
    full = described(to_shape(plain | {"assays": assays, "compound": compound}, NewLot))
    assert (full["assays"], full["compound"]) == (assays, compound)
