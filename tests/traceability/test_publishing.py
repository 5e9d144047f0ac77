"""Publishing: a gapless final index, one tree, checkpoints that commit to it."""

import random
import threading

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from tests.builders import (
    extraction,
    facility,
    key,
    key_revocation,
    loss,
    organization,
    quantity,
    split,
    taken,
)
from tests.traceability.logbook import entries_in_order, root_of_entries, verify_states
from tests.traceability.parallel import at_once
from traceability import publishing
from traceability.errors import GuardConflict, LedgerRolledBack, LogDamaged
from traceability.guarding import guarded_checkpoint
from traceability.holding import Held
from traceability.keeping import log_verifier
from traceability.ledger.checkpoint import open_checkpoint
from traceability.ledger.merkle import verify_consistency, verify_inclusion
from traceability.ledger.tiles import consistency_proof_from_tiles, inclusion_proof_from_tiles
from traceability.models import Checkpoint, Entry, LogIndex, LogState, Pending, Tile
from traceability.publishing import latest_checkpoint, publish_checkpoint, sequence, sign
from traceability.tracing import log_state, tile_reader
from traceability.verifying import verify_stored_log

pytestmark = pytest.mark.django_db(transaction=True)


def opened(row):
    return open_checkpoint(row.note, origin=settings.LEDGER_ORIGIN, verifiers=[log_verifier()])


def test_nothing_is_published_of_a_ledger_that_has_not_begun(transactional_db):
    assert publish_checkpoint() == 0
    assert latest_checkpoint() is None
    assert guarded_checkpoint() is None


def test_what_is_recorded_is_sequenced_then_published(alice):
    waiting = Pending.objects.count()
    assert (log_state().size, latest_checkpoint()) == (0, None)

    assert sequence() == waiting
    assert not Pending.objects.exists()
    assert latest_checkpoint() is None

    assert sign() == waiting
    checkpoint = opened(latest_checkpoint())
    assert (checkpoint.size, checkpoint.root) == (waiting, root_of_entries())
    assert guarded_checkpoint() == checkpoint


def test_publishing_again_changes_nothing(alice):
    size = publish_checkpoint()
    note = latest_checkpoint().note
    assert publish_checkpoint() == size
    assert Checkpoint.objects.get().note == note


def test_a_checkpoint_says_when_it_was_published(alice):
    now = timezone.now()
    publish_checkpoint(now=now)
    assert latest_checkpoint().published_at == now


def test_every_entry_is_proven_from_the_tiles_and_every_head_continues_the_last(alice):
    alice.records(extraction("alice:L"))
    heads = [opened(_published())]
    for batch in (1, 250, 5, 300):
        parts = [quantity(str(n + 1), "mg") for n in range(batch)]
        alice.records(*[loss("alice:L", part) for part in parts])
        heads.append(opened(_published()))

    read, hashes = tile_reader(log_state()), [entry.hash for entry in entries_in_order()]
    newest = heads[-1]
    assert Tile.objects.filter(level=0).count() == newest.size // 256 == 2
    for index, entry in enumerate(hashes):
        proof = inclusion_proof_from_tiles(index, newest.size, read)
        verify_inclusion(
            bytes.fromhex(entry), index=index, size=newest.size, proof=proof, root=newest.root
        )
    for older in heads:
        proof = consistency_proof_from_tiles(older.size, newest.size, read)
        verify_consistency(
            old_size=older.size,
            new_size=newest.size,
            old_root=older.root,
            new_root=newest.root,
            proof=proof,
        )
    assert newest.root == root_of_entries()


def _published():
    publish_checkpoint()
    return latest_checkpoint()


def test_a_backlog_is_sequenced_in_batches(alice, monkeypatch):
    monkeypatch.setattr(publishing, "BATCH", 2)
    alice.records(*[extraction(f"alice:{n}") for n in range(7)])
    assert publish_checkpoint() == Entry.objects.count()
    verify_states()


def test_an_index_is_given_in_recorded_order_whatever_committed_first(alice):
    publish_checkpoint()
    alice.records(*[extraction(f"alice:{n}") for n in range(5)])
    publish_checkpoint()
    orders = list(LogIndex.objects.order_by("index").values_list("recorded_order", flat=True))
    assert orders == sorted(orders)


def test_two_sequencers_at_once_give_each_entry_one_index(alice):
    alice.records(*[extraction(f"alice:{n}") for n in range(50)])
    waiting = Pending.objects.count()
    assert sorted(at_once(*[sequence] * 4)) == [0, 0, 0, waiting]
    assert LogIndex.objects.count() == waiting
    assert set(at_once(*[publish_checkpoint] * 4)) == {waiting}
    assert opened(latest_checkpoint()).root == root_of_entries()


def test_two_publishers_never_sign_apart(alice, monkeypatch):
    """One that lost its lock, as after a failover, finds that the guard has moved on."""
    publish_checkpoint()
    before = guarded_checkpoint()
    alice.records(extraction("alice:L"))
    publish_checkpoint()
    monkeypatch.setattr(publishing, "guarded_checkpoint", lambda: before)
    alice.records(extraction("alice:M"))
    sequence()
    with pytest.raises(GuardConflict):
        sign()
    assert Checkpoint.objects.count() == 2


def test_bytes_that_changed_since_they_were_recorded_stop_the_sequencer(alice, cluster):
    alice.records(extraction("alice:L"))
    cluster.sql(
        "SET session_replication_role = replica;"
        "ALTER TABLE traceability_entry DISABLE TRIGGER append_only;"
        "UPDATE traceability_entry SET body = replace(body, '\"format\":1', '\"format\":2')"
        " WHERE kind = 'custody.extraction';",
        database="ledger",
    )
    with pytest.raises(LogDamaged):
        publish_checkpoint()
    assert not LogIndex.objects.exists()
    with pytest.raises(LogDamaged):
        verify_stored_log()


def test_a_rewritten_tree_is_never_signed(alice):
    publish_checkpoint()
    LogState.objects.update(edge=["cd" * 32 * log_state().size], root="ab" * 32)
    with pytest.raises(LedgerRolledBack):
        sign()
    assert Checkpoint.objects.count() == 1


# ── many writers, one log ─────────────────────────────────────────────────────────────────


def test_whatever_a_statement_relied_on_has_a_lower_index(ledger, alice, bob):
    """Writers, revocations, changes of facilities and publishers at once; then decide again."""
    companies = {"alice": alice, "bob": bob}
    for name, company in companies.items():
        company.records(*[extraction(f"{name}:{n}", "1000") for n in range(3)])
        company.records(key(name, f"{name}'s stolen key"))

    def write(name, seed):
        company, chance = companies[name], random.Random(seed)  # noqa: S311 - a fixed run
        outcomes = []
        for n in range(12):
            lot = f"{name}:{chance.randrange(3)}"
            part = taken(f"{name}:{seed}-{n}", quantity(str(chance.randrange(1, 9)), "kg"))
            members = {"key": f"{name}'s stolen key"} if chance.random() < 0.4 else {}
            digs = extraction(f"{name}:{seed}-{n}")  # only while the place is a mine
            claim = chance.choice([split(lot, part), loss(lot, part["quantity"]), digs, digs])
            outcomes += company.sends(claim, **members)
        return outcomes

    def interfere(name):
        mine, smelter = (facility(f"{name}:mine", kind) for kind in ("mine", "smelter"))
        for claim in (smelter, mine) * 6:
            companies[name].records(claim)
        companies[name].records(key_revocation(name, f"{name}'s stolen key"))

    def publish():
        return [publish_checkpoint() for _ in range(8)]

    at_once(
        *[lambda s=s, name=name: write(name, s) for s, name in enumerate(["alice", "bob"] * 2)],
        lambda: interfere("alice"),
        lambda: interfere("bob"),
        publish,
        publish,
    )
    publish_checkpoint()

    book = verify_states()
    assert len(book.statements) > 20
    assert opened(latest_checkpoint()).root == root_of_entries()
    with connection.cursor() as cursor:  # every link points to an entry with a lower index
        cursor.execute(
            "SELECT count(*) FROM traceability_entrysubject s"
            " JOIN traceability_logindex i USING (recorded_order)"
            " JOIN traceability_entry p ON p.hash = s.previous"
            " JOIN traceability_logindex j ON j.recorded_order = p.recorded_order"
            " WHERE j.index >= i.index"
        )
        assert cursor.fetchone() == (0,)
    assert verify_stored_log().size == Entry.objects.count()


@pytest.mark.parametrize("what", ["facility", "roles", "key"])
def test_who_changes_what_a_statement_relies_on_comes_after_it(alice, operator, monkeypatch, what):
    """The statement has read everything and has not written yet when the change arrives."""
    alice.records(key("alice", "second"))
    kind, record = organization("alice", "auditor")
    record.pop("key")
    change = {
        "facility": lambda: alice.records(facility("alice:mine", "port"), key="second"),
        "roles": lambda: operator(kind, record),
        "key": lambda: alice.records(key_revocation("alice", "alice"), key="second"),
    }[what]
    has_read, has_changed, write = threading.Event(), threading.Event(), Held.write

    def slowly(held, **more):
        if held.sealed[0].statement.kind == "custody.extraction":
            has_read.set()
            has_changed.wait(0.5)  # the change must not get past us, however long we take
        return write(held, **more)

    def interfere():
        assert has_read.wait(10)
        change()
        has_changed.set()

    monkeypatch.setattr(Held, "write", slowly)
    at_once(lambda: alice.records(extraction("alice:L")), interfere)

    publish_checkpoint()
    first, last = entries_in_order()[-2:]
    assert first.kind == "custody.extraction"
    assert last.kind.startswith("registry.")
    verify_states()
