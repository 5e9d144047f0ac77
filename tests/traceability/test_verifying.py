"""The whole stored log: sound, attacked by its database's administrator, and by commands."""

import io
import threading
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.traceability.ledger.paper_ledger import (
    company,
    enrolment,
    extract,
    key_of,
    mine_and_buyer,
    receive,
    split,
    tonnes,
)
from tests.traceability.stored_ledger import StoredLedger
from traceability import rechecking, verifying
from traceability.errors import GuardMissing, LedgerRolledBack, LogDamaged
from traceability.keeping import log_signer
from traceability.ledger.canonical import canonical
from traceability.ledger.checkpoint import Checkpoint as Head
from traceability.ledger.checkpoint import sign_checkpoint
from traceability.ledger.merkle import leaf_hash, tree_root
from traceability.ledger.signing import STATEMENT_TYPE, sign_jws
from traceability.ledger.tiles import extend_tiles
from traceability.models import Checkpoint, Entry, StatementText
from traceability.publishing import publish_checkpoint, sequence
from traceability.recording import Submission, record_statements
from traceability.registering import statement_document
from traceability.verifying import VerifiedLog, verify_stored_log

pytestmark = pytest.mark.django_db(transaction=True)

APPEND_ONLY = (
    "entry",
    "entrysubject",
    "movement",
    "logindex",
    "tile",
    "checkpoint",
    "statementtext",
)


@pytest.fixture
def ledger():
    ledger = mine_and_buyer(StoredLedger())
    publish_checkpoint()
    return ledger


@pytest.fixture
def as_superuser(cluster):
    """Run SQL past every grant and trigger, as whoever owns the disk can."""

    def run(sql):
        connection.close()
        off = "".join(f"ALTER TABLE traceability_{t} DISABLE TRIGGER ALL;" for t in APPEND_ONLY)
        cluster.sql(f"{off} {sql}", database="ledger")

    return run


def grow_to(size):
    """Record a mine, if there is none, and splits of its lot until there are so many entries."""
    if not Entry.objects.exists():
        ledger = StoredLedger()
        company(ledger, "acme", "acme:mine")
        extract(ledger)
    submissions = []
    for number in range(Entry.objects.count(), size):
        part = {"lot": f"acme:S{number}", "quantity": {**tonnes("1"), "unit": "kg"}}
        document = statement_document(
            kind="custody.split",
            author="acme",
            effective="2026-03-01T10:00:00-05:00",
            body={"facility": "acme:mine", "lot": "acme:L1", "parts": [part]},
        )
        jws = sign_jws(canonical(document), key_of("acme"), typ=STATEMENT_TYPE)
        submissions.append(Submission(jws=jws))
    assert {outcome.kind for outcome in record_statements(submissions)} == {"recorded"}


# ── sound ─────────────────────────────────────────────────────────────────────────────────


def test_an_empty_log_verifies():
    assert verify_stored_log() == VerifiedLog(
        size=0, waiting=0, checkpoints=0, chains=0, lots=0, texts_erased=0
    )


def test_a_sound_log_verifies_also_with_entries_that_wait(ledger):
    split(ledger, part="acme:L3", value="1")
    waits = verify_stored_log()
    assert (waits.size, waits.waiting, waits.checkpoints) == (11, 1, 1)

    sequence()
    assert verify_stored_log().size == 12
    publish_checkpoint()
    assert verify_stored_log() == VerifiedLog(
        size=12, waiting=0, checkpoints=2, chains=11, lots=5, texts_erased=0
    )


def test_corrections_keys_and_erasures_leave_a_sound_log(ledger):
    key = enrolment("acme-2", "acme", ledger.origin)
    ledger.say("registry.key", "acme", {"organization": "acme", "key": key}, effective="2026-02-01")
    revoked = {"organization": "acme", "kid": key_of("acme").kid, "reason": "old"}
    ledger.say("registry.key_revocation", "acme", revoked, effective="2026-02-01")
    wrong = split(ledger, part="acme:L3", value="2", key="acme-2")
    void = {"replaces": wrong, "reason": "never", "lots": ["acme:L1", "acme:L3"]}
    ledger.say("custody.void", "acme", void, key="acme-2")
    for kind in ("registry.organization", "registry.key", "registry.key_revocation"):
        entry = Entry.objects.filter(kind=kind).first()
        erasure = {"entry": entry.hash, "ground": "Article 17", "fields": []}
        told = ledger.say("registry.erasure", "operator", erasure, effective="2026-03-02")
        with connection.cursor() as cursor:
            cursor.execute("SELECT ledger_erase(%s, %s)", [entry.hash, told])
    publish_checkpoint()

    assert verify_stored_log().texts_erased == 3


@pytest.mark.parametrize(("processes", "threads"), [(1, 1), (2, 1), (2, 2)])
def test_a_log_of_many_tiles_and_ranges_verifies(monkeypatch, processes, threads):
    # With another thread alive no process is copied: each begins afresh.
    monkeypatch.setattr(threading, "active_count", lambda: threads)
    for module in (rechecking, verifying):
        monkeypatch.setattr(module, "RANGE", 256)
    monkeypatch.setattr(verifying, "_ALONE", 0)
    for size in (256, 300, 512, 700):
        grow_to(size)
        publish_checkpoint()
    told = []

    log = verify_stored_log(
        processes=processes, progress=lambda done, total: told.append((done, total))
    )
    assert (log.size, log.checkpoints) == (700, 4)
    assert told == [(256, 700), (512, 700), (700, 700)]


# ── attacked ──────────────────────────────────────────────────────────────────────────────

SPLIT = "(SELECT recorded_order FROM traceability_entry WHERE kind = 'custody.split')"

ATTACKS = {
    "an entry's bytes": (
        "UPDATE traceability_entry SET body = replace(body, 'T', 't') WHERE recorded_order = SPLIT",
        "stored bytes have another hash",
    ),
    "an entry's bytes and hash": (
        (
            "UPDATE traceability_entry SET body = b,"
            " hash = encode(sha256('\\x00' || b::bytea), 'hex') "
            "FROM (SELECT recorded_order AS o, replace(body, '2026-', '2025-') AS b "
            "FROM traceability_entry) c WHERE o = recorded_order AND recorded_order = SPLIT"
        ),
        "signed for another tree",
    ),
    "bytes that are no entry": (
        (
            "UPDATE traceability_entry SET body = '{}', hash = encode(sha256('\\x007b7d'), 'hex') "
            "WHERE recorded_order = SPLIT"
        ),
        "no entry",
    ),
    "bytes in another layout": (
        (
            "UPDATE traceability_entry SET body = b,"
            " hash = encode(sha256('\\x00' || b::bytea), 'hex') "
            "FROM (SELECT recorded_order AS o, body || ' ' AS b FROM traceability_entry) c "
            "WHERE o = recorded_order AND recorded_order = SPLIT"
        ),
        "not canonical",
    ),
    "a column that repeats the entry": (
        "UPDATE traceability_entry SET kind = 'custody.loss' WHERE recorded_order = SPLIT",
        "kind",
    ),
    "a column that repeats the statement": (
        (
            "UPDATE traceability_entry SET statement_id = gen_random_uuid() "
            "WHERE recorded_order = SPLIT"
        ),
        "another ledger, kind, author or id",
    ),
    "the signer's column": (
        "UPDATE traceability_entry SET kid = 'x' WHERE recorded_order = SPLIT",
        "another signer",
    ),
    "a statement swapped for another": (
        (
            "UPDATE traceability_statementtext"
            " SET jws = (SELECT jws FROM traceability_statementtext "
            "WHERE recorded_order = 3) WHERE recorded_order = SPLIT"
        ),
        "another one than it commits to",
    ),
    "a statement that is none": (
        "UPDATE traceability_statementtext SET jws = 'x' WHERE recorded_order = 3",
        "another one than it commits to",
    ),
    "a genesis that is none": (
        "UPDATE traceability_statementtext SET jws = 'x' WHERE recorded_order = 1",
        "1 parts, not 3",
    ),
    "a text that is gone without erasure": (
        "DELETE FROM traceability_statementtext WHERE recorded_order = SPLIT",
        "text is missing",
    ),
    "an index that is gone": (
        "DELETE FROM traceability_logindex WHERE recorded_order = SPLIT",
        "indices",
    ),
    "an entry that is gone": (
        "DELETE FROM traceability_entry WHERE recorded_order = SPLIT",
        "entries are recorded",
    ),
    "two entries in each other's place": (
        (
            "UPDATE traceability_logindex SET index = -1 WHERE index = 5;"
            "UPDATE traceability_logindex SET index = 5 WHERE index = 6;"
            "UPDATE traceability_logindex SET index = 6 WHERE index = -1"
        ),
        "signed for another tree",
    ),
    "an entry that is in the log and waits": (
        "INSERT INTO traceability_pending VALUES (3)",
        "or both",
    ),
    "a link to another entry": (
        "UPDATE traceability_entrysubject SET previous = null WHERE recorded_order = SPLIT",
        "names other chains",
    ),
    "a chain's salt": (
        "UPDATE traceability_lot SET salt = repeat('0', 32) WHERE id = 'acme:L1'",
        "names other chains",
    ),
    "a chain without salt": (
        "DELETE FROM traceability_lot WHERE id = 'acme:L1'",
        "has no salt",
    ),
    "a chain's head": (
        "UPDATE traceability_lot SET head = repeat('0', 64) WHERE id = 'acme:L1'",
        "another head",
    ),
    "a lot's amount": (
        "UPDATE traceability_lot SET amount = amount + 1 WHERE id = 'acme:L1'",
        "movements give",
    ),
    "a movement": (
        "UPDATE traceability_movement SET delta = delta + 1 WHERE recorded_order = SPLIT",
        "movements give",
    ),
    "a key in the table": (
        "UPDATE traceability_key SET revoked_order = 3 WHERE organization_id = 'acme'",
        "table of keys",
    ),
    "a movement of no entry": (
        (
            "INSERT INTO traceability_movement (recorded_order, ordinal, lot, role, delta, unit, "
            "facts) VALUES (99, 0, 'acme:L1', 'adjust', 5, 'mg', '{}');"
            "UPDATE traceability_lot SET amount = amount + 5 WHERE id = 'acme:L1'"
        ),
        "movements give",
    ),
    "a statement replaced behind its back": (
        (
            "UPDATE traceability_entry SET replaces = (SELECT hash FROM traceability_entry "
            "WHERE kind = 'custody.extraction' LIMIT 1) WHERE recorded_order = SPLIT"
        ),
        "movements give",
    ),
    "a head of a chain that never began": (
        (
            "INSERT INTO traceability_subject (id, salt, head, state) "
            "VALUES ('facility:acme:ghost', repeat('0', 32), repeat('0', 64), '{}')"
        ),
        "another head",
    ),
    "the root": ("UPDATE traceability_logstate SET root = repeat('0', 64)", "root of the tree"),
    "the edge": ("UPDATE traceability_logstate SET edge = '[]'", "edge of the tree"),
    "a tile that no tree has": (
        "INSERT INTO traceability_tile VALUES (3, 0, 'x')",
        "more tiles",
    ),
    "a checkpoint's columns": (
        "UPDATE traceability_checkpoint SET root = repeat('0', 64)",
        "its note says",
    ),
}


@pytest.mark.parametrize("what", ATTACKS)
def test_whatever_an_administrator_changes_is_found_with_its_place(ledger, as_superuser, what):
    sql, told = ATTACKS[what]
    as_superuser(sql.replace("SPLIT", SPLIT))

    with pytest.raises(LogDamaged, match=told):
        verify_stored_log()


@pytest.mark.parametrize("what", ["an entry's bytes", "a link to another entry"])
@pytest.mark.parametrize("threads", [1, 2])
def test_damage_is_found_by_other_processes_too(ledger, as_superuser, monkeypatch, what, threads):
    monkeypatch.setattr(threading, "active_count", lambda: threads)
    monkeypatch.setattr(verifying, "_ALONE", 0)
    sql, told = ATTACKS[what]
    as_superuser(sql.replace("SPLIT", SPLIT))

    with pytest.raises(LogDamaged, match=told):
        verify_stored_log(processes=2)


def test_a_forged_signature_is_found_though_the_entry_commits_to_it(ledger, as_superuser):
    entry = Entry.objects.get(kind="custody.split")
    jws = StatementText.objects.get(recorded_order=entry.recorded_order).jws
    head, _, signature = jws.rpartition(".")
    forged = f"{head}.{signature[:10]}{'A' if signature[10] != 'A' else 'B'}{signature[11:]}"
    old, new = (sha256(text.encode()).hexdigest() for text in (jws, forged))
    body = entry.body.replace(old, new)
    order = entry.recorded_order
    as_superuser(
        f"UPDATE traceability_statementtext SET jws = '{forged}' WHERE recorded_order = {order};"  # noqa: S608
        f"UPDATE traceability_entry SET body = '{body}', hash = '{leaf_hash(body.encode()).hex()}'"
        f" WHERE recorded_order = {order}"
    )

    with pytest.raises(LogDamaged, match="signature does not verify"):
        verify_stored_log()


def test_the_tiles_above_are_the_tiles_of_the_roots_below():
    """What `verify_stored_log` relies on where it meets more entries than a test can record."""
    leaves = [leaf_hash(number.to_bytes(4, "big")) for number in range(256 * 256 + 300)]
    whole = extend_tiles(0, (), leaves)
    roots = [tree_root(leaves[begin : begin + 256]) for begin in range(0, len(leaves) - 255, 256)]
    above = extend_tiles(0, (), roots)

    assert whole.edge == (b"".join(leaves[len(roots) * 256 :]), *above.edge)
    assert [(t.level, t.index, h) for t, h in whole.full_tiles if t.level > 0] == [
        (t.level + 1, t.index, h) for t, h in above.full_tiles
    ]


def test_a_rewritten_history_contradicts_the_checkpoints_and_the_guard(ledger, as_superuser):
    """A new tree for changed bytes, consistent within itself: the old head still tells."""
    as_superuser("DELETE FROM traceability_checkpoint")
    put_head(ledger, 11)

    with pytest.raises(LedgerRolledBack):
        verify_stored_log()


def put_head(ledger, size):
    """Store a head that the log's own key signs, for a tree that is not there."""
    head = Head(origin=ledger.origin, size=size, root=b"r" * 32)
    Checkpoint.objects.create(
        size=size,
        root=head.root.hex(),
        note=sign_checkpoint(head, [log_signer()]),
        published_at=datetime(2026, 3, 1, tzinfo=UTC),
    )


def test_a_head_signed_for_another_tree_is_found(ledger):
    put_head(ledger, 9)

    with pytest.raises(LogDamaged, match="signed for another tree"):
        verify_stored_log()


def test_a_lost_guard_and_a_longer_guard_are_noticed(ledger, settings):
    guard = Path(settings.GUARD_PATH)
    kept = guard.read_text()
    guard.unlink()
    with pytest.raises(GuardMissing):
        verify_stored_log()

    guard.write_text(
        sign_checkpoint(Head(origin=ledger.origin, size=99, root=b"r" * 32), [log_signer()])
    )
    with pytest.raises(LedgerRolledBack):
        verify_stored_log()
    guard.write_text(kept)
    assert verify_stored_log().size == 11


def test_tiles_are_compared_with_the_entries(as_superuser):
    grow_to(300)
    publish_checkpoint()
    verify_stored_log()
    as_superuser("UPDATE traceability_tile SET hashes = substr(hashes, 2) WHERE level = 0")

    with pytest.raises(LogDamaged, match="Tile 0 of level 0"):
        verify_stored_log()


def test_a_statement_with_a_key_that_was_revoked_before_is_found(ledger, as_superuser):
    revoked = {"organization": "acme", "kid": key_of("acme").kid, "reason": "old"}
    ledger.say("registry.key_revocation", "operator", revoked, effective="2026-02-01")
    publish_checkpoint()
    verify_stored_log()
    # The revocation, moved to an earlier place, with hashes and tree left as they are.
    as_superuser(
        "UPDATE traceability_logindex SET index = -1 WHERE index = 11;"
        "UPDATE traceability_logindex SET index = 11 WHERE index = 6;"
        "UPDATE traceability_logindex SET index = 6 WHERE index = -1"
    )
    with pytest.raises(LogDamaged, match="was not good there"):
        verify_stored_log()


# ── commands ──────────────────────────────────────────────────────────────────────────────


def called(name, *arguments):
    out = io.StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue().strip()


def test_verify_log_says_in_one_line_what_it_verified(ledger):
    assert called("verify_log").startswith("11 entries, 10 chains, 1 checkpoints and 4 lots")


def test_verify_log_ends_with_status_two_and_the_place(ledger, as_superuser):
    as_superuser(ATTACKS["a lot's amount"][0])

    with pytest.raises(CommandError, match=r"acme:L1.*\n.*evidence") as refused:
        called("verify_log")
    assert refused.value.returncode == 2


def test_verify_log_shows_progress_when_it_takes_long(ledger, monkeypatch):
    from traceability.management.commands import verify_log

    monkeypatch.setattr(verify_log, "QUIET_SECONDS", -1)
    monkeypatch.setattr(verify_log, "EVERY_SECONDS", -1)
    told = io.StringIO()
    call_command("verify_log", stdout=io.StringIO(), stderr=told)

    assert told.getvalue() == "11 of 11 entries\n"


def test_a_ledger_begins_once_by_command():
    arguments = ["--operator", "operator", "--name", "Operator", "--country", "CA"]
    assert "begins with entry" in called("begin_ledger", *arguments)
    assert "begun already" in called("begin_ledger", *arguments)
    assert Entry.objects.count() == 1

    with pytest.raises(CommandError, match="begun by operator"):
        called("begin_ledger", "--operator", "other", "--name", "Other", "--country", "CA")


def test_a_ledger_that_cannot_begin_says_why():
    with pytest.raises(CommandError) as refused:
        called("begin_ledger", "--operator", "operator", "--name", "O", "--country", "Canada")
    assert refused.value.returncode == 2


def test_publishing_by_command_says_the_size(ledger):
    receive(ledger, "acme:none", "1", number=4)
    assert called("publish_checkpoint") == "Published: 12 entries."


def test_publishing_by_command_fails_without_the_guard(ledger, settings):
    Path(settings.GUARD_PATH).unlink()
    receive(ledger, "acme:none", "1", number=4)

    with pytest.raises(CommandError, match="guard") as refused:
        called("publish_checkpoint")
    assert refused.value.returncode == 2


def test_a_lost_guard_comes_back_from_a_checkpoint_that_somebody_holds(ledger, settings, tmp_path):
    guard = Path(settings.GUARD_PATH)
    (tmp_path / "held").write_text(guard.read_text())
    guard.unlink()

    assert called("restore_guard", str(tmp_path / "held")).endswith("of size 11.")
    assert guard.read_text() == (tmp_path / "held").read_text()
    with pytest.raises(CommandError):  # it is there already
        called("restore_guard", str(tmp_path / "held"))


@pytest.mark.parametrize("head", [(99, b"r"), (11, b"r"), (5, b"r")])
def test_a_guard_is_not_made_from_a_head_that_the_database_does_not_continue(
    ledger, settings, tmp_path, head
):
    Path(settings.GUARD_PATH).unlink()
    size, byte = head
    note = sign_checkpoint(Head(origin=ledger.origin, size=size, root=byte * 32), [log_signer()])
    (tmp_path / "held").write_text(note)

    with pytest.raises(CommandError) as refused:
        called("restore_guard", str(tmp_path / "held"))
    assert refused.value.returncode == 2
    assert not Path(settings.GUARD_PATH).exists()


@pytest.mark.parametrize("content", [b"", b"\xff", b"no note\n"])
def test_a_guard_is_not_made_from_what_is_no_checkpoint(ledger, settings, tmp_path, content):
    Path(settings.GUARD_PATH).unlink()
    (tmp_path / "held").write_bytes(content)

    with pytest.raises(CommandError):
        called("restore_guard", str(tmp_path / "held"))
