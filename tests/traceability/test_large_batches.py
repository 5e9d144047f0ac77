"""Large batches, whose rows are copied while the next statements are decided on.

They must leave what the same statements leave otherwise, but for salts and what is hashed with
them, and nothing at all where they fail.
"""

import json
from threading import Event

import pytest
from django.db import DatabaseError, connection, transaction
from psycopg import errors as database_errors

from tests.builders import (
    correction,
    extraction,
    genesis,
    loss,
    owned_by,
    quantity,
    receipt,
    received,
    shipment,
    split,
    taken,
)
from tests.traceability.parallel import at_once
from traceability import copying, holding
from traceability import outcomes as outcomes_module
from traceability.ledger.signing import RECEIPT_TYPE, parse_jws
from traceability.models import Entry, EntrySubject, Lot, Movement, Pending, StatementText
from traceability.outcomes import sign_receipts
from traceability.publishing import publish_checkpoint
from traceability.recording import record_statements
from traceability.verifying import verify_stored_log

pytestmark = pytest.mark.django_db(transaction=True)

L = "alice:L"


def parts(count, lot=L):
    name = lot.partition(":")[0]
    return [split(lot, taken(f"{name}:P{n}", quantity("1", "kg"))) for n in range(count)]


def story(one, other):
    """Return statements of two companies that leave every sort of row."""
    lot = f"{one.name}:L"
    hauled, owned = f"{one.name}:H", f"{one.name}:O"
    return [
        one.submission(extraction(lot), stream={"id": "scale", "seq": 1}),
        one.submission(extraction(hauled)),
        one.submission(extraction(owned, owners=owned_by(one.name, other.name, parts=[1, 2]))),
        *(one.submission(claim) for claim in parts(130, lot)),
        one.submission(
            shipment(f"{one.name}:1", other.name, taken(hauled, "100"), at=f"{one.name}:mine")
        ),
        other.submission(
            receipt(f"{one.name}:1", received(hauled, "99"), at=f"{other.name}:smelter")
        ),
        other.submission(
            receipt(f"{one.name}:2", received(owned, "1"), at=f"{other.name}:smelter")
        ),
        one.submission(loss(lot, "1", reason="tab\there, line\nfeed, \\ and é")),
    ]


def left(one, other):
    """Return what two companies have left, without what is random, under neutral names."""
    ours = Entry.objects.filter(author__in=[one.name, other.name], kind__startswith="custody.")
    orders = list(ours.order_by("recorded_order").values_list("recorded_order", flat=True))
    entries = ours.order_by("recorded_order").values_list(
        *("kind", "author", "held_by", "facility", "stage", "event", "reported", "effective"),
        *("effective_on", "replaces", "waits_on"),
    )
    links = EntrySubject.objects.filter(recorded_order__in=orders)
    movements = Movement.objects.filter(recorded_order__in=orders)
    lots = Lot.objects.filter(id__startswith=f"{one.name}:").order_by("id").values(
        *("id", "custodian", "state", "facility", "amount", "unit", "basis", "material", "form"),
        *("owners", "known_to", "consignment", "consignee", "last_order"),
    )  # fmt: skip
    told = [
        list(entries),
        list(links.order_by("recorded_order", "subject").values_list("subject")),
        list(
            movements.order_by("recorded_order", "ordinal").values_list(
                "ordinal", "lot", "role", "delta", "unit", "facts"
            )
        ),
        list(lots),
    ]
    text = json.dumps(told, default=str, sort_keys=True)
    return text.replace(one.name, "one").replace(other.name, "other"), orders


def test_a_large_batch_leaves_what_its_statements_leave_otherwise(ledger, monkeypatch):
    large, small = [(ledger(a), ledger(b)) for a, b in (("anna", "bert"), ("cora", "dirk"))]
    sent = story(*large)
    assert {one.kind for one in record_statements(sent)} == {"recorded"}
    monkeypatch.setattr(holding, "_LARGE", 10_000)
    assert {one.kind for one in record_statements(story(*small))} == {"recorded"}

    told, orders = left(*large)
    assert told == left(*small)[0]
    assert orders == list(range(orders[0], orders[0] + len(sent)))
    texts = StatementText.objects.filter(recorded_order__in=orders).order_by("recorded_order")
    assert [text.jws.encode() for text in texts] == [one.jws for one in sent]
    assert Pending.objects.count() == Entry.objects.count() == publish_checkpoint()
    assert verify_stored_log(processes=1).size == Entry.objects.count()


def test_refused_ones_and_twins_leave_no_gap_in_what_is_copied(alice):
    alice.records(extraction(L))
    claims = [claim for part in parts(90) for claim in (part, loss(L, "1000"))]
    sent = [alice.submission(claim) for claim in claims]
    outcomes = record_statements([*sent, sent[0]])

    kinds = [outcome.kind for outcome in outcomes]
    assert kinds == [*["recorded", "rejected"] * 90, "duplicate"]
    assert outcomes[-1].entry == outcomes[0].entry
    assert Movement.objects.filter(lot=L, role="take").count() == 90
    assert publish_checkpoint() == Entry.objects.count()


def test_receipts_of_many_are_those_of_each(alice):
    outcomes = alice.sends(extraction(L), *parts(80), loss(L, "1000"))
    sign_receipts(outcomes)
    again = record_statements([outcome.submission for outcome in outcomes])
    assert [one.receipt for one in again] == [one.receipt for one in outcomes]
    assert [bool(one.receipt) for one in outcomes] == [*[True] * 81, False]


def test_receipts_that_are_signed_while_the_database_writes_are_the_same(alice, monkeypatch):
    alice.records(extraction(L))
    begun, sign_many, states = Event(), outcomes_module.sign_many, holding.Held._states

    def sign(*arguments, **more):
        begun.set()
        return sign_many(*arguments, **more)

    def write_states(*arguments, **more):
        assert begun.wait(timeout=60)  # nobody asked for a receipt yet, and nothing is committed
        return states(*arguments, **more)

    monkeypatch.setattr(outcomes_module, "sign_many", sign)
    monkeypatch.setattr(holding.Held, "_states", write_states)
    sent = [alice.submission(claim) for claim in [*parts(200), loss(L, "1000")]]
    outcomes = record_statements(sent, receipts=True)
    receipts = [one.receipt for one in outcomes]
    assert receipts[-1] == ""
    assert [one.receipt for one in record_statements(sent)] == receipts


def test_a_receipt_is_that_of_the_entry_that_was_committed(alice, monkeypatch):
    """What was signed for an entry that was taken back is not shown for another one."""
    alice.records(extraction(L))
    states, failed = holding.Held._states, []

    def fail_once(held, *arguments, **more):
        if not failed:
            failed.append([one.entry.hash for one in held.sealed])
            raise database_errors.DeadlockDetected
        return states(held, *arguments, **more)

    monkeypatch.setattr(holding.Held, "_states", fail_once)
    sent = [alice.submission(claim) for claim in parts(200)]
    outcomes = record_statements(sent, receipts=True)
    assert not {one.entry for one in outcomes} & set(failed[0])
    assert [one.receipt for one in record_statements(sent)] == [one.receipt for one in outcomes]
    told = [parse_jws(one.receipt.encode(), typ=RECEIPT_TYPE).payload for one in outcomes]
    assert [json.loads(text)["entry"] for text in told] == [one.entry for one in outcomes]


def everything():
    return [
        model.objects.count()
        for model in (Entry, StatementText, EntrySubject, Movement, Lot, Pending)
    ]


def test_an_atomic_batch_that_fails_late_takes_back_what_was_copied(alice):
    alice.records(extraction(L))
    before = everything()
    outcomes = alice.sends(*parts(400), loss(L, "1000"), atomic=True)
    assert {one.error.code for one in outcomes[:-1]} == {"batch_not_recorded"}
    assert everything() == before
    assert {one.kind for one in alice.sends(*parts(400), atomic=True)} == {"recorded"}


def test_a_failure_in_the_midst_takes_back_what_was_copied(alice, monkeypatch):
    alice.records(extraction(L))
    before = everything()
    seal, sealed = holding.seal, []

    def fail(*arguments, **more):
        sealed.append(arguments)
        if len(sealed) == 300:
            raise ZeroDivisionError
        return seal(*arguments, **more)

    monkeypatch.setattr(holding, "seal", fail)
    with pytest.raises(ZeroDivisionError):
        alice.sends(*parts(400))
    assert everything() == before


def test_a_batch_meets_its_twin_and_is_told_so(alice):
    """Both copy the same lots; the later one starts over, and finds the first one's entries."""
    alice.records(extraction("alice:A"), extraction("alice:B"))
    sent = [alice.submission(extraction(f"alice:N{n}")) for n in range(150)]
    both = at_once(lambda: record_statements(sent), lambda: record_statements(sent[::-1]))
    first, second = both
    for one, other in zip(first, second[::-1], strict=True):
        assert one.entry == other.entry
        assert sorted([one.kind, other.kind]) == ["duplicate", "recorded"]


def test_rows_that_the_database_refuses_stop_the_batch(alice, monkeypatch):
    before = everything()
    monkeypatch.setattr(copying.rows, "json_text", lambda _value: "no JSON")
    with pytest.raises(DatabaseError, match="json"):
        alice.sends(*[extraction(f"alice:N{n}") for n in range(150)])
    assert everything() == before


def test_whoever_needs_the_connection_in_the_midst_gets_it(alice, operator):
    """A second genesis is looked into in the database while rows are under way."""
    early = [extraction(f"alice:N{n}") for n in range(150)]
    batch = [alice.submission(claim) for claim in early]
    batch.append(type(alice)("operator").submission(genesis()))
    batch += [alice.submission(extraction("alice:Late"))]
    outcomes = record_statements(batch)
    assert [one.kind for one in outcomes] == [*["recorded"] * 150, "rejected", "recorded"]


def test_a_large_correction_and_what_it_corrects_are_chained(alice):
    entries = alice.records(*[extraction(f"alice:N{n}", "10") for n in range(70)])
    amended = alice.records(
        *[
            correction(entry, extraction(f"alice:N{n}", "11"), f"alice:N{n}")
            for n, entry in enumerate(entries)
        ]
    )
    links = EntrySubject.objects.filter(subject="lot:alice:N7").order_by("recorded_order")
    assert [link.previous for link in links] == [None, entries[7]]
    assert Lot.objects.get(id="alice:N7").head == amended[7]


def test_a_batch_within_a_transaction_is_committed_with_it(alice):
    with transaction.atomic():
        connection.atomic_blocks[-1]._from_testcase = True  # as in a test case, which allows it
        alice.records(extraction(L), *parts(70))
        connection.set_rollback(True)
    assert not Lot.objects.filter(id=L).exists()
