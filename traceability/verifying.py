"""Verifying the whole stored log: every hash, signature, link, tile and checkpoint, again.

What is recomputed from the stored bytes: leaf hashes, canonical form, tiles, root, every signed
checkpoint and the guard's; statement digests and strict signatures, with the key good at that
place; handles and links of every chain against the entries really before. What is compared
table with table: chain heads, keys, and each lot's amount with the movements of the statements
that were not replaced. That each statement was rightly accepted, and what else is derived of it,
is not judged again here: `redeciding` does that, and the offline verifier from a bundle.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

import psycopg
from django.conf import settings
from django.db import connections

from traceability import guarding
from traceability.errors import GuardMissing, LedgerRolledBack, LogDamaged
from traceability.keeping import log_verifier
from traceability.keyring import erased_entries, keys_over_time
from traceability.ledger.checkpoint import Checkpoint, open_checkpoint
from traceability.ledger.merkle import EMPTY_ROOT, HASH_SIZE, Frontier, tree_root
from traceability.ledger.tiles import TILE_WIDTH, extend_tiles, frontier_from_edge
from traceability.rechecking import (
    RANGE,
    Checked,
    Common,
    check_range,
    connect,
    ranges,
    run,
    start,
)

Connection = psycopg.Connection[Any]
Progress = Callable[[int, int], None]

_ALONE = 4 * RANGE  # a shorter log is checked in this process: another one starts too slowly


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedLog:
    """What was verified: entries with an index, entries that still wait for one, and so on."""

    size: int
    waiting: int
    checkpoints: int
    chains: int
    lots: int
    texts_erased: int


def verify_stored_log(
    *,
    using: str | None = None,
    processes: int | None = None,
    progress: Progress | None = None,
    earlier: Sequence[str] = (),
) -> VerifiedLog:
    """Verify the stored log from its first byte, in one snapshot, on all cores.

    Recording may go on meanwhile: what comes later is not looked at.

    Args:
        using: the database; `verifier`, a role that can only read, where it is configured.
        processes: how many at once; by default one for each core.
        progress: is told how many of how many entries are done.
        earlier: checkpoints of this log that somebody else kept. Whoever holds the database,
            the guard and the log key can write a history that is sound within itself, but it
            does not continue these.

    Raises:
        LogDamaged: something is not what it must be; with the place.
        GuardMissing, LedgerRolledBack: the guard, or a checkpoint that was kept, knows another
            or a longer log.
        TraceabilityError: a signed checkpoint does not verify.
    """
    parameters = connection_parameters(using)
    with snapshot_of(parameters) as (connection, snapshot):
        size, root, edge = _state(connection)
        waiting = _verify_places(connection, size)
        heads = _signed_heads(connection, size, earlier)
        common = Common(
            connection=parameters,
            snapshot=snapshot,
            origin=settings.LEDGER_ORIGIN,
            size=size,
            keys=keys_over_time(connection, settings.LEDGER_ORIGIN, size),
            erased=erased_entries(connection, settings.LEDGER_ORIGIN),
            heads=tuple(sorted(heads)),
        )
        tree = _Tree(heads=heads)
        total = size + waiting
        with (
            _checking(common, waiting, processes or os.cpu_count() or 1) as ranges,
            _meanwhile(connection, _verify_links, _verify_amounts) as (chains, lots),
        ):
            for checked in ranges:
                tree.take(checked)
                if progress is not None:
                    progress(checked.end, total)
            _verify_tree(connection, tree, size, root, edge)
            return VerifiedLog(
                size=size,
                waiting=waiting,
                checkpoints=len(heads),
                chains=chains.result(),
                lots=lots.result(),
                texts_erased=tree.texts_erased,
            )


# ── one snapshot for all ──────────────────────────────────────────────────────────────────


def connection_parameters(using: str | None) -> dict[str, Any]:
    """Return what psycopg needs of a database, without what Django adds for itself.

    By default of `verifier`, a role that can only read, where it is configured.
    """
    alias = using or ("verifier" if "verifier" in settings.DATABASES else "default")
    told = connections[alias].get_connection_params()
    kept = ("dbname", "user", "password", "host", "port", "sslmode", "sslrootcert", "options")
    return {name: told[name] for name in kept if told.get(name)}


@contextmanager
def snapshot_of(parameters: dict[str, Any]) -> Iterator[tuple[Connection, str]]:
    """Yield a connection in a transaction that only reads, and the name of its snapshot."""
    with psycopg.connect(**parameters) as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.execute("SET LOCAL max_parallel_workers_per_gather = 0")  # the cores are busy
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        yield connection, str(row[0]) if row else ""
        connection.rollback()


def _state(connection: Connection) -> tuple[int, str, list[str]]:
    row = connection.execute("SELECT size, root, edge FROM traceability_logstate").fetchone()
    return row or (0, EMPTY_ROOT.hex(), [])


@contextmanager
def _checking(common: Common, waiting: int, processes: int) -> Iterator[Iterable[Checked]]:
    """Yield the ranges of the log as they are verified, in order."""
    limits = list(ranges(common.size, waiting))
    if processes == 1 or common.size + waiting <= _ALONE:
        reader = connect(common)
        with reader.connection:
            yield (check_range(reader, common, begin, end) for begin, end in limits)
            reader.connection.rollback()
        return
    # A copy of a process starts ten times as fast, and is safe while no other thread holds a lock.
    is_alone = sys.platform == "linux" and threading.active_count() == 1
    context: Any = get_context("fork" if is_alone else "spawn")
    with context.Pool(processes, start, [common]) as pool:
        yield pool.imap(run, limits)


@contextmanager
def _meanwhile(
    connection: Connection, *checks: Callable[[Connection], int]
) -> Iterator[list[Future[int]]]:
    """Let the database compare table with table while processes recheck the entries."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        try:
            yield [thread.submit(check, connection) for check in checks]
        except BaseException:
            thread.shutdown(wait=False, cancel_futures=True)
            connection.cancel_safe()
            raise


# ── places and heads ───────────────────────────────────────────────────────────────────────


def _verify_places(connection: Connection, size: int) -> int:
    """Verify that indices have no gap and that every entry has one or waits for it.

    Returns:
        How many wait.
    """
    placed = connection.execute(
        "SELECT count(*), coalesce(max(index) + 1, 0), coalesce(min(index), 0) "
        "FROM traceability_logindex"
    ).fetchone()
    if placed != (size, size, 0):
        raise LogDamaged(
            f"The log has size {size}, and indices {placed} (how many, end, first).", size=size
        )
    waiting, recorded, both = connection.execute(
        "SELECT count(*), (SELECT count(*) FROM traceability_entry), count(i.recorded_order) "
        "FROM traceability_pending LEFT JOIN traceability_logindex i USING (recorded_order)"
    ).fetchone() or (0, 0, 0)
    # That there is an entry in each place is seen when it is read; so many fit, if none has two.
    if both == 0 and recorded == size + waiting:
        return int(waiting)
    lost = connection.execute(
        "SELECT e.hash FROM traceability_entry e "
        "LEFT JOIN traceability_logindex i USING (recorded_order) "
        "LEFT JOIN traceability_pending p USING (recorded_order) "
        "WHERE (i.recorded_order IS NULL) = (p.recorded_order IS NULL) LIMIT 1"
    ).fetchone()
    if lost is not None:
        raise LogDamaged(
            f"Entry {lost[0]} has no index and does not wait for one, or both.", entry=lost[0]
        )
    raise LogDamaged(
        f"{recorded} entries are recorded; {size} are in the log and {waiting} wait.",
        recorded=recorded,
    )


def _signed_heads(connection: Connection, size: int, earlier: Sequence[str]) -> dict[int, bytes]:
    """Return the root of every checkpoint: stored, in the guard, and kept by others; by size."""
    heads: dict[int, bytes] = {}
    rows = connection.execute("SELECT size, root, note FROM traceability_checkpoint")
    for stored_size, stored_root, note in rows:
        head = _opened(note)
        if (head.size, head.root.hex()) != (stored_size, stored_root) or head.size > size:
            raise LogDamaged(
                f"The checkpoint of size {stored_size} is another one than its note says.",
                size=stored_size,
            )
        heads[head.size] = head.root
    guarded = guarding.guarded_checkpoint()
    if guarded is not None:
        _add_head(heads, guarded, size, held="The guard")
    elif heads:
        raise GuardMissing(settings.GUARD_PATH)
    for note in earlier:
        _add_head(heads, _opened(note), size, held="Somebody")
    return heads


def _add_head(heads: dict[int, bytes], head: Checkpoint, size: int, *, held: str) -> None:
    """Add a checkpoint that is kept outside the database to those the tree must have had."""
    if head.size > size or heads.setdefault(head.size, head.root) != head.root:
        raise LedgerRolledBack(
            f"{held} holds a checkpoint of size {head.size} that this log does not have.",
            size=size,
            published=head.size,
        )


def _opened(note: str) -> Checkpoint:
    return open_checkpoint(note, origin=settings.LEDGER_ORIGIN, verifiers=[log_verifier()])


# ── the tree ──────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True, kw_only=True)
class _Tree:
    """The tree as it grows from verified ranges; every signed head must be one of its states."""

    heads: dict[int, bytes]
    ranges: Frontier = field(default_factory=Frontier)  # over roots of whole ranges
    level_one: list[bytes] = field(default_factory=list)
    tail: bytes = b""
    texts_erased: int = 0

    def take(self, checked: Checked) -> None:
        """Append a range.

        Raises:
            LogDamaged: a checkpoint that ends in it has another root.
        """
        self.texts_erased += checked.texts_erased
        roots = _split(checked.tile_roots)
        before = self.ranges.hashes
        if len(roots) == RANGE // TILE_WIDTH:
            self.ranges.append(tree_root(roots))
        for size, inner in checked.frontiers.items():
            is_whole = size == checked.begin + RANGE
            hashes = self.ranges.hashes if is_whole else (*before, *inner)
            if Frontier(size, hashes).root() != self.heads[size]:
                raise LogDamaged(
                    f"The checkpoint of size {size} was signed for another tree.", size=size
                )
        self.level_one.extend(roots)
        self.tail += checked.tail


def _verify_tree(
    connection: Connection, tree: _Tree, size: int, root: str, edge: list[str]
) -> None:
    """Compare root, edge and the tiles above the leaves."""
    growth = extend_tiles(0, (), tree.level_one)
    expected = [tree.tail, *growth.edge] if size else []
    stored_edge = [bytes.fromhex(part) for part in edge]
    if stored_edge != expected:
        raise LogDamaged("The right edge of the tree has other hashes than the entries.")
    if frontier_from_edge(size, stored_edge).root().hex() != (root or EMPTY_ROOT.hex()):
        raise LogDamaged("The root of the tree is not that of the entries.")

    tiles = 0
    for tile, hashes in growth.full_tiles:
        tiles += 1
        stored = connection.execute(
            "SELECT hashes FROM traceability_tile WHERE level = %s AND index = %s",
            [tile.level + 1, tile.index],
        ).fetchone()
        if stored is None or bytes(stored[0]) != hashes:
            raise LogDamaged(
                f"Tile {tile.index} of level {tile.level + 1} has other hashes than its tree.",
                level=tile.level + 1,
                index=tile.index,
            )
    row = connection.execute("SELECT count(*) FROM traceability_tile").fetchone()
    if row != (tiles + len(tree.level_one),):
        raise LogDamaged("There are more tiles than the tree has.")


def _split(hashes: bytes) -> list[bytes]:
    return [hashes[at : at + HASH_SIZE] for at in range(0, len(hashes), HASH_SIZE)]


# ── chains and amounts ────────────────────────────────────────────────────────────────────


def _verify_links(connection: Connection) -> int:
    """Verify every link against the entry really before it, and the heads of all chains.

    Returns:
        The number of chains.
    """
    # The head is read as one more link, after the last: it too names the entry before it. That
    # a chain has a head at all is seen where its salt, in the same row, is asked for.
    broken = connection.execute(
        "SELECT subject, recorded_order FROM ("
        " SELECT subject, recorded_order, previous,"
        "  lag(hash) OVER (PARTITION BY subject ORDER BY recorded_order NULLS LAST) AS before"
        " FROM ("
        "  SELECT s.subject, s.recorded_order, s.previous, e.hash"
        "  FROM traceability_entrysubject s LEFT JOIN traceability_entry e USING (recorded_order)"
        "  UNION ALL SELECT 'lot:' || id, NULL, head, NULL FROM traceability_lot"
        "  UNION ALL SELECT id, NULL, head, NULL FROM traceability_subject) linked"
        ") links WHERE previous IS DISTINCT FROM before LIMIT 1"
    ).fetchone()
    if broken is not None:
        subject, order = broken
        if order is None:
            raise LogDamaged(f"The chain of {subject} has another head.", subject=subject)
        raise LogDamaged(
            f"The chain of {subject} is broken at order {order}.",
            subject=subject,
            recorded_order=order,
        )
    row = connection.execute(
        "SELECT (SELECT count(*) FROM traceability_lot) + "
        "(SELECT count(*) FROM traceability_subject)"
    ).fetchone()
    return int(row[0]) if row else 0


def _verify_amounts(connection: Connection) -> int:
    """Verify that each lot holds what the statements that still stand moved.

    Returns:
        The number of lots.
    """
    wrong = connection.execute(
        "SELECT coalesce(l.id, m.lot), l.amount, m.total FROM traceability_lot l FULL JOIN ("
        " SELECT m.lot, sum(m.delta) AS total FROM traceability_movement m"
        " JOIN traceability_entry USING (recorded_order)"
        " LEFT JOIN ("
        "  SELECT e.recorded_order, n.replaces FROM traceability_entry n"
        "  JOIN traceability_entry e ON e.hash = n.replaces WHERE n.replaces IS NOT NULL"
        " ) replaced USING (recorded_order)"
        " WHERE replaced.replaces IS NULL GROUP BY m.lot"
        ") m ON m.lot = l.id WHERE l.amount IS DISTINCT FROM coalesce(m.total, 0) LIMIT 1"
    ).fetchone()
    if wrong is not None:
        raise LogDamaged(
            f"Lot {wrong[0]} is booked at {wrong[1]}; its movements give {wrong[2]}.", lot=wrong[0]
        )
    row = connection.execute("SELECT count(*) FROM traceability_lot").fetchone()
    return int(row[0]) if row else 0
