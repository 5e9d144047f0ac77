"""The guard: a database that was rolled back, or another log's, is never built upon."""

from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, connections

from tests.builders import extraction, key_of, loss
from tests.traceability.parallel import at_once
from traceability import guarding, publishing
from traceability.errors import (
    GuardConflict,
    GuardMissing,
    LedgerRolledBack,
    LogDamaged,
    TraceabilityError,
)
from traceability.guarding import guarded_checkpoint, restore_guard, swap_guard, verify_guard
from traceability.ledger.checkpoint import Checkpoint as Head
from traceability.ledger.checkpoint import sign_checkpoint
from traceability.ledger.notes import SignerKey
from traceability.models import Checkpoint, Entry, LogState
from traceability.publishing import latest_checkpoint, publish_checkpoint, sequence
from traceability.tracing import log_state
from traceability.verifying import verify_stored_log

pytestmark = pytest.mark.django_db(transaction=True)


def guard():
    return Path(settings.GUARD_PATH)


def another_process():
    """Forget what this process knows, as after a restart."""
    connections.close_all()


@pytest.fixture
def published(alice):
    alice.records(extraction("alice:L"))
    publish_checkpoint()
    another_process()
    return alice


def refused(company, error):
    """Assert that nothing is recorded, sequenced, signed or declared sound."""
    before = Entry.objects.count(), Checkpoint.objects.count()
    another_process()
    for work in (lambda: company.records(loss("alice:L", "1")), publish_checkpoint):
        with pytest.raises(error):
            work()
        another_process()
    with pytest.raises(TraceabilityError):
        verify_stored_log()
    assert before == (Entry.objects.count(), Checkpoint.objects.count())


def copied(cluster, name, source):
    """Copy a whole database, as a file-level backup does."""
    connections.close_all()
    cluster.sql(
        f"DROP DATABASE IF EXISTS {name} WITH (FORCE);"
        f"CREATE DATABASE {name} OWNER ledger_owner TEMPLATE {source};"
    )


@pytest.fixture
def backup(cluster):
    """Return how a backup is taken and restored; what was taken goes away with the test."""

    def take():
        copied(cluster, "backup", "ledger")

    def restore():
        copied(cluster, "ledger", "backup")

    yield take, restore
    connections.close_all()
    cluster.sql("DROP DATABASE IF EXISTS backup WITH (FORCE)")


def test_a_ledger_that_published_nothing_needs_no_guard(alice):
    assert guarded_checkpoint() is None
    verify_guard()
    alice.records(extraction("alice:L"))


def test_the_guard_holds_the_last_signed_checkpoint(published):
    assert guard().read_text() == latest_checkpoint().note
    verify_guard()
    published.records(loss("alice:L", "1"))
    verify_guard()
    assert guarded_checkpoint().size == Entry.objects.count() - 1
    assert publish_checkpoint() == guarded_checkpoint().size == Entry.objects.count()


def test_a_database_that_was_rolled_back_is_refused(published, backup):
    take, restore = backup
    take()
    published.records(loss("alice:L", "1"))
    publish_checkpoint()
    restore()
    refused(published, LedgerRolledBack)


def test_a_restored_database_that_grew_as_long_again_is_refused(published, backup, monkeypatch):
    take, restore = backup
    take()
    published.records(loss("alice:L", "1"))
    publish_checkpoint()
    restore()
    with monkeypatch.context() as patch:  # somebody records past the guard
        patch.setattr(guarding, "verify_guard", lambda: None)
        patch.setattr(publishing, "verify_guard", lambda _state: None)
        published.records(loss("alice:L", "2"), loss("alice:L", "3"))
        sequence()
    refused(published, LedgerRolledBack)


def test_the_newest_copy_is_accepted_again(published, backup):
    take, restore = backup
    published.records(loss("alice:L", "1"))
    publish_checkpoint()
    take()
    restore()
    published.records(loss("alice:L", "1"))
    assert publish_checkpoint() == Entry.objects.count()


def test_a_running_process_notices_the_restore_since_its_connection_ended(published, backup):
    take, restore = backup
    take()
    published.records(loss("alice:L", "1"))
    publish_checkpoint()
    published.records(loss("alice:L", "1"))
    restore()
    with pytest.raises(LedgerRolledBack):
        published.records(loss("alice:L", "1"))


def test_a_guard_that_is_gone_stops_everything(published):
    guard().unlink()
    refused(published, GuardMissing)


def test_an_emptied_guard_is_a_guard_that_is_gone(published):
    guard().write_text("")
    refused(published, GuardMissing)


@pytest.mark.parametrize("rest", [-1, 10, 60])
def test_a_truncated_guard_stops_everything(published, rest):
    guard().write_text(guard().read_text()[:rest])
    refused(published, TraceabilityError)


@pytest.mark.parametrize("text", ["garbage", "\x00", "demo.ledger.example\n1\nAAAA\n\n"])
def test_a_guard_of_other_bytes_stops_everything(published, text):
    guard().write_text(text)
    refused(published, TraceabilityError)


def test_a_guard_that_was_tampered_with_stops_everything(published):
    size = guarded_checkpoint().size
    guard().write_text(guard().read_text().replace(f"\n{size}\n", f"\n{size - 1}\n"))
    refused(published, TraceabilityError)


def test_another_logs_guard_stops_everything(published):
    signer = SignerKey(name="other.example", private_key=key_of("other"))
    guard().write_text(
        sign_checkpoint(Head(origin="other.example", size=1, root=bytes(32)), [signer])
    )
    refused(published, TraceabilityError)


def test_a_guard_signed_by_another_key_in_our_name_stops_everything(published):
    signer = SignerKey(name=settings.LEDGER_ORIGIN, private_key=key_of("forger"))
    ours = guarded_checkpoint()
    guard().write_text(sign_checkpoint(ours, [signer]))
    refused(published, TraceabilityError)


def test_an_older_guard_of_ours_lets_the_newer_database_go_on(published):
    older = guard().read_text()
    published.records(loss("alice:L", "1"))
    publish_checkpoint()
    guard().write_text(older)
    another_process()
    published.records(loss("alice:L", "1"))
    assert publish_checkpoint() == Entry.objects.count()


def test_a_database_with_another_history_is_refused(published):
    LogState.objects.update(edge=["ab" * 32 * log_state().size])
    refused(published, LedgerRolledBack)


def test_a_missing_tile_is_told_as_damage(published, cluster):
    """The published part lies inside a tile that was full when the machine went down."""
    published.records(*[loss("alice:L", "0.001") for _ in range(260)])
    sequence()
    cluster.sql(
        "ALTER TABLE traceability_tile DISABLE TRIGGER append_only; DELETE FROM traceability_tile;",
        database="ledger",
    )
    refused(published, LogDamaged)


def test_recording_while_another_process_publishes_raises_no_false_alarm(published, monkeypatch):
    """The guard is read before the tree: a checkpoint signed in between is never ahead."""
    opened = guarding.guarded_checkpoint

    def slowly():
        known = opened()
        published_meanwhile()
        return known

    def published_meanwhile():
        monkeypatch.setattr(guarding, "guarded_checkpoint", opened)
        published.records(loss("alice:L", "1"))
        publish_checkpoint()

    monkeypatch.setattr(guarding, "guarded_checkpoint", slowly)
    verify_guard()
    assert guarded_checkpoint().size == Entry.objects.count()


def test_the_guard_is_swapped_only_against_what_one_knew(published):
    known, note = guarded_checkpoint(), guard().read_text()
    with pytest.raises(GuardConflict):
        swap_guard(note, expected=None)
    swap_guard(note, expected=known)
    assert guard().read_text() == note


def test_of_two_that_swap_at_once_one_is_refused(published):
    known, note = guarded_checkpoint(), guard().read_text()
    published.records(loss("alice:L", "1"))
    publish_checkpoint()
    newer = guard().read_text()
    guard().write_text(note)

    def swap():
        try:
            swap_guard(newer, expected=known)
        except GuardConflict:
            return "refused"
        return "swapped"

    assert sorted(at_once(*[swap] * 4)) == [*["refused"] * 3, "swapped"]
    assert guard().read_text() == newer


def test_a_lost_guard_is_made_again_from_what_somebody_else_kept(published):
    kept = latest_checkpoint().note
    with pytest.raises(GuardConflict):
        restore_guard(kept)
    guard().unlink()
    with pytest.raises(TraceabilityError):
        restore_guard(kept.replace("\n", "\n\n", 1))
    assert restore_guard(kept) == Entry.objects.count()
    published.records(loss("alice:L", "1"))


def test_a_rolled_back_database_gets_no_guard(published, backup):
    take, restore = backup
    take()
    published.records(loss("alice:L", "1"))
    publish_checkpoint()
    kept = latest_checkpoint().note
    restore()
    guard().unlink()
    with pytest.raises(LedgerRolledBack):
        restore_guard(kept)
    assert not guard().exists()


def test_the_guard_is_asked_once_per_connection(published, monkeypatch):
    asked = []
    monkeypatch.setattr(guarding, "verify_guard", lambda *_args: asked.append(1))
    published.records(loss("alice:L", "1"))
    published.records(loss("alice:L", "1"))
    assert len(asked) == 1
    connection.close()
    published.records(loss("alice:L", "1"))
    assert len(asked) == 2
