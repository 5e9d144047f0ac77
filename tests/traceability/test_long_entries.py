"""Entries that chain much: what is taken, and what was taken before it was counted."""

from functools import partial

import pytest

from tests.builders import extraction, receipt, received, shipment, taken, void
from traceability import holding
from traceability.bundling import build_bundle
from traceability.keeping import log_verifier
from traceability.ledger import entries
from traceability.ledger.book import Book
from traceability.ledger.verification import verify_bundle
from traceability.models import Entry, EntrySubject
from traceability.publishing import publish_checkpoint
from traceability.verifying import verify_stored_log

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("limit", [None, 500])
def test_what_a_shipment_meets_fits_its_entry_and_longer_ones_of_before_verify(
    alice, bob, monkeypatch, limit
):
    if limit is not None:  # as entries were sealed before they were counted
        monkeypatch.setattr(entries, "MAX_LINKS", limit)
        monkeypatch.setattr(holding, "Book", partial(Book, most_subjects=limit))
    lots = [f"alice:{n}" for n in range(130)]
    alice.records(*(extraction(lot) for lot in lots))
    for half in (lots[:65], lots[65:]):
        parts = [received(lot, "60", "40", f"bob:{lot[6:]}") for lot in half]
        bob.records(receipt("alice:C", *parts, at="bob:mine"))
    [sent] = alice.records(shipment("alice:C", "bob", *(taken(lot, "100") for lot in lots)))
    publish_checkpoint()

    chained = EntrySubject.objects.filter(recorded_order=Entry.objects.get(hash=sent).pk)
    assert chained.count() == (261 if limit else 130 + 1 + 65)
    assert verify_stored_log().size == Entry.objects.count()
    for reader in (None, "alice", "bob"):
        bundle = build_bundle("alice:0", reader=reader)
        assert verify_bundle(bundle, verifiers=[log_verifier()]).error is None


def test_what_an_event_touches_leaves_room_to_take_it_back(alice, bob):
    lots = [f"alice:{n}" for n in range(200)]
    alice.records(*(extraction(lot) for lot in lots))
    parts = [taken(f"alice:P{n}", "40") | {"from": f"alice:{n}"} for n in range(55)]
    sold = [*parts, *(taken(lot, "100") for lot in lots[55:])]
    told = alice.is_refused(shipment("alice:C", "bob", *sold))
    assert (told.code, told.facts) == ("too_many_subjects", {"count": 256, "limit": 255})

    [sent] = alice.records(shipment("alice:C", "bob", *sold[:-1]))
    alice.records(void(sent, *lots[:-1], *(part["lot"] for part in parts)))
    publish_checkpoint()
    assert verify_stored_log().size == Entry.objects.count()
