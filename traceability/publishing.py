"""From recorded to published: sequence, extend the tiles, sign, guard, serve.

One process at a time; each step may die anywhere and be run again. What was signed is a
function of the tree alone (Ed25519 is deterministic), so a step that was interrupted after
signing signs the same bytes again.
"""

from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from traceability.errors import LogDamaged
from traceability.guarding import guarded_checkpoint, swap_guard, verify_guard
from traceability.keeping import log_signer
from traceability.ledger.checkpoint import Checkpoint, sign_checkpoint
from traceability.ledger.merkle import leaf_hash
from traceability.ledger.tiles import extend_tiles, frontier_from_edge
from traceability.models import Checkpoint as CheckpointRow
from traceability.models import LogState, Tile
from traceability.tracing import log_state

BATCH = 5_000
_ONE_SEQUENCER = 0x6C6F67  # advisory lock


def publish_checkpoint(*, now: datetime | None = None) -> int:
    """Publish everything recorded so far; return the size of the published tree.

    Running it twice, or in two processes at once, changes nothing more.
    """
    while sequence() == BATCH:
        pass
    return sign(now=now)


@transaction.atomic(durable=True)
def sequence() -> int:
    """Give up to a batch of recorded entries their gapless index; return how many.

    Raises:
        LogDamaged: the bytes read back do not have the hash they were recorded with.
        GuardMissing, LedgerRolledBack: the database is not the one that was published from.
    """
    state = _locked_state()
    rows = _read_pending()
    if not rows:
        return 0
    verify_guard(state)
    leaves = []
    for _, entry_hash, body in rows:
        leaf = leaf_hash(body.encode())
        if leaf.hex() != entry_hash:
            raise LogDamaged(f"The entry {entry_hash} has other bytes.", entry=entry_hash)
        leaves.append(leaf)

    growth = extend_tiles(state.size, [bytes.fromhex(part) for part in state.edge], leaves)
    _insert_indices(state.size, [order for order, _, _ in rows])
    Tile.objects.bulk_create(
        Tile(level=tile.level, index=tile.index, hashes=hashes)
        for tile, hashes in growth.full_tiles
    )
    state.size += len(rows)
    state.root = frontier_from_edge(state.size, growth.edge).root().hex()
    state.edge = [part.hex() for part in growth.edge]
    state.save()
    return len(rows)


@transaction.atomic(durable=True)
def sign(*, now: datetime | None = None) -> int:
    """Sign the tree as sequenced, put it in the guard, then serve it; return its size."""
    state = _locked_state()
    guarded = guarded_checkpoint()
    verify_guard(state)
    if state.size == 0:
        return 0
    checkpoint = Checkpoint(
        origin=log_signer().name, size=state.size, root=bytes.fromhex(state.root)
    )
    note = sign_checkpoint(checkpoint, [log_signer()])
    if guarded != checkpoint:
        swap_guard(note, expected=guarded)
        # From here on nothing may be signed that does not continue this checkpoint.
    CheckpointRow.objects.bulk_create(
        [
            CheckpointRow(
                size=state.size, root=state.root, note=note, published_at=now or timezone.now()
            )
        ],
        ignore_conflicts=True,
    )
    # From here, once committed, every entry below the size can be proven.
    return state.size


def latest_checkpoint() -> CheckpointRow | None:
    """Return the newest published checkpoint."""
    return CheckpointRow.objects.order_by("-size").first()


def _locked_state() -> LogState:
    """Return the state row, locked: one sequencer, one signer at a time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_SEQUENCER])
    LogState.objects.get_or_create(pk=1, defaults={"root": "", "edge": []})
    return LogState.objects.select_for_update().get(pk=1)


def _read_pending() -> list[tuple[int, str, str]]:
    """Return what waits, in recorded order, with the bytes as read back.

    Looked up by order, however long the log is: for a join the whole log would be read, since
    nobody can tell the database beforehand how little is waiting.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT recorded_order, hash, body FROM traceability_entry WHERE recorded_order = ANY"
            " (ARRAY(SELECT recorded_order FROM traceability_pending"
            " ORDER BY recorded_order LIMIT %s)) ORDER BY recorded_order",
            [BATCH],
        )
        rows: list[tuple[int, str, str]] = cursor.fetchall()
    return rows


def _insert_indices(first: int, orders: list[int]) -> None:
    """Give entries the indices from `first` on, and take them off the waiting list."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH taken AS ("
            " SELECT * FROM unnest(%(orders)s::bigint[]) WITH ORDINALITY AS t(recorded_order, n)"
            "), done AS ("
            " DELETE FROM traceability_pending p USING taken t"
            " WHERE p.recorded_order = t.recorded_order"
            ") INSERT INTO traceability_logindex (index, recorded_order)"
            " SELECT %(first)s + n - 1, recorded_order FROM taken ORDER BY n",
            {"orders": "{" + ",".join(map(str, orders)) + "}", "first": first},
        )


__all__ = ["latest_checkpoint", "log_state", "publish_checkpoint", "sequence", "sign"]
