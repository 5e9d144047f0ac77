"""Rechecking a range of the stored log: what each process of `verify_stored_log` runs.

Without Django, so that a process starts quickly; the rows come over a connection of its own, in
the snapshot of the process that asked, a few thousand at a time.
"""

import gc
import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import msgspec
import psycopg

from traceability.errors import LogDamaged, NotCanonical, TraceabilityError
from traceability.ledger.entries import chain_handle, parse_entry, statement_of
from traceability.ledger.merkle import Frontier, leaf_hash, tree_root
from traceability.ledger.signing import STATEMENT_TYPE, is_signed, parse_jws
from traceability.ledger.tiles import TILE_WIDTH

RANGE = 4 * TILE_WIDTH  # entries at once: about 5 MB of rows

# The rows of a range are looked up through indexes, which costs the same however long the log
# is. Left alone, the planner reads whole tables for it, once for every range.
_BY_INDEX = "SET LOCAL enable_seqscan = off; SET LOCAL max_parallel_workers_per_gather = 0"

_SEQUENCED = """
SELECT recorded_order FROM traceability_logindex WHERE index >= %s AND index < %s ORDER BY index
"""
_PENDING = """
SELECT recorded_order FROM traceability_pending ORDER BY recorded_order OFFSET %s LIMIT %s
"""
_ENTRIES = """
SELECT recorded_order, hash, body, kind, author, kid, statement_id::text, payload_digest
FROM traceability_entry WHERE recorded_order = ANY (%s::bigint[])
"""
_TEXTS = """
SELECT recorded_order, jws FROM traceability_statementtext
WHERE recorded_order = ANY (%s::bigint[])
"""
_LINKS = """
SELECT recorded_order, subject, previous FROM traceability_entrysubject
WHERE recorded_order = ANY (%s::bigint[])
"""
_SALTS = """
SELECT 'lot:' || id, salt FROM traceability_lot WHERE id = ANY (string_to_array(%s, chr(10)))
UNION ALL
SELECT id, salt FROM traceability_subject WHERE id = ANY (string_to_array(%s, chr(10)))
"""
_HANDLES = 50_000  # that a process keeps: the chains that were met of late are met again


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """An enrolled key and the log positions from and until which it is good."""

    organization: str
    public: bytes
    enrolled: int
    revoked: int | None

    def is_good_at(self, position: int) -> bool:
        """Tell whether the key may sign the entry there; the genesis brings its own."""
        is_enrolled = position > self.enrolled or position == self.enrolled == 0
        return is_enrolled and (self.revoked is None or position <= self.revoked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What every range is checked against.

    `heads` are the sizes of signed checkpoints, ascending. Entries without an index yet have
    positions from `size` on.
    """

    connection: Mapping[str, Any]
    snapshot: str
    origin: str
    size: int
    keys: Mapping[str, Good]
    erased: frozenset[str]
    heads: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A range that holds: the roots of its full tiles, the leaves of a last partial one.

    `frontiers` has, by checkpoint size, the perfect subtrees of the range up to that size.
    """

    begin: int
    end: int
    tile_roots: bytes
    tail: bytes
    frontiers: Mapping[int, tuple[bytes, ...]]
    texts_erased: int


class _Told(msgspec.Struct):
    """What every statement says about itself, as far as its entry repeats it."""

    ledger: str
    id: str
    kind: str
    author: str


@dataclass(slots=True, kw_only=True)
class Reader:
    """A connection that sees the snapshot, and handles of chains by subject."""

    connection: "psycopg.Connection[Any]"
    handles: dict[str, str] = field(default_factory=dict)

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Return the answer to a query."""
        return self.connection.execute(sql, parameters).fetchall()


_told = msgspec.json.Decoder(_Told)


def connect(common: Common) -> Reader:
    """Open a connection that sees the snapshot and can write nothing."""
    connection = psycopg.connect(**common.connection)
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    connection.execute(f"SET TRANSACTION SNAPSHOT '{common.snapshot}'")
    connection.execute(_BY_INDEX)
    return Reader(connection=connection)


def check_range(reader: Reader, common: Common, begin: int, end: int) -> Checked:
    """Recheck the entries at log positions from `begin` to before `end`.

    Raises:
        LogDamaged: with the place of the first thing that is not what it must be.
    """
    rows = _read(reader, common, begin, end)
    orders = _array(row[0] for row in rows)
    texts = dict(reader.rows(_TEXTS, orders))
    links = _links(reader, orders)
    leaves, texts_erased = [], 0
    for position, row in enumerate(rows, begin):
        leaf, statement = _checked_leaf(row, common, links.get(row[0], {}))
        leaves.append(leaf)
        text = texts.get(row[0])
        if text is None:
            texts_erased += 1
            _require_erasure(row, common)
            continue
        try:
            _check_statement(row, text.encode(), statement, common, position)
        except LogDamaged:
            raise
        except (TraceabilityError, msgspec.DecodeError) as error:
            raise _damaged(row, f"its statement is unreadable: {error}") from error
    is_sequenced = begin < common.size
    tiles, tail = _tiles(reader, begin, leaves) if is_sequenced else (b"", b"")
    return Checked(
        begin=begin,
        end=end,
        tile_roots=tiles,
        tail=tail,
        frontiers=_frontiers(common.heads, begin, leaves) if is_sequenced else {},
        texts_erased=texts_erased,
    )


def _read(reader: Reader, common: Common, begin: int, end: int) -> list[tuple[Any, ...]]:
    """Return the rows of the entries at these positions, in log order."""
    if begin < common.size:
        placed = reader.rows(_SEQUENCED, begin, end)
    else:
        placed = reader.rows(_PENDING, begin - common.size, end - begin)
    found = {row[0]: row for row in reader.rows(_ENTRIES, _array(order for (order,) in placed))}
    if not len(placed) == len(found) == end - begin:
        raise LogDamaged(
            f"Of the entries {begin} to {end - 1} only {len(found)} are there.",
            begin=begin,
            end=end,
        )
    return [found[order] for (order,) in placed]


def _links(reader: Reader, orders: str) -> dict[int, dict[str, str | None]]:
    """Return the links of each entry by chain handle, as the tables of chains have them."""
    rows = reader.rows(_LINKS, orders)
    _learn_handles(reader, {subject for _, subject, _ in rows})
    found: dict[int, dict[str, str | None]] = {}
    for order, subject, previous in rows:
        found.setdefault(order, {})[reader.handles[subject]] = previous
    return found


def _learn_handles(reader: Reader, subjects: set[str]) -> None:
    if len(reader.handles) > _HANDLES:
        reader.handles.clear()
    unknown = subjects - reader.handles.keys()
    lots = [subject.removeprefix("lot:") for subject in unknown if subject.startswith("lot:")]
    others = [subject for subject in unknown if not subject.startswith("lot:")]
    for subject, salt in reader.rows(_SALTS, "\n".join(lots), "\n".join(others)):
        reader.handles[subject] = chain_handle(subject, bytes.fromhex(salt))
    for subject in unknown - reader.handles.keys():
        raise LogDamaged(f"The chain of {subject} has no salt.", subject=subject)


def _array(orders: Iterable[int]) -> str:
    """Write an array as PostgreSQL reads it, which is faster than an adapted list."""
    return f"{{{','.join(map(str, orders))}}}"


def _checked_leaf(
    row: tuple[Any, ...], common: Common, links: Mapping[str, str | None]
) -> tuple[bytes, str]:
    """Recompute the hash from the stored bytes, and compare what tables repeat of them.

    Returns:
        The leaf hash, and the digest of the statement that the entry commits to.
    """
    _, entry_hash, text, kind, *_ = row
    leaf = leaf_hash(text.encode())
    if leaf.hex() != entry_hash:
        raise _damaged(row, "its stored bytes have another hash")
    committed = statement_of(text, kind=kind, ledger=common.origin, links=links)
    if committed is None:
        raise _damaged(row, _difference(text.encode(), kind, common.origin))
    return leaf, committed


def _difference(body: bytes, kind: str, origin: str) -> str:
    """Return how an entry differs from what the tables repeat of it."""
    try:
        entry = parse_entry(body)
    except NotCanonical:
        return "its bytes are not canonical"
    except TraceabilityError as error:
        return f"its bytes are no entry: {error.message}"
    if (entry.ledger, entry.kind) != (origin, kind):
        return "its ledger or its kind is another one"
    return "it names other chains, or other entries before it, than the tables"


def _check_statement(
    row: tuple[Any, ...], raw: bytes, committed: str, common: Common, position: int
) -> None:
    """Verify digest and signature, and that the key was good where the entry stands."""
    _, _, _, kind, author, kid, statement_id, payload_digest = row
    if sha256(raw).hexdigest() != committed:
        raise _damaged(row, "its statement is another one than it commits to")
    jws = parse_jws(raw, typ=STATEMENT_TYPE)
    key = common.keys.get(jws.kid)
    if key is None or not key.is_good_at(position):
        raise _damaged(row, f"the key {jws.kid} was not good there")
    if not is_signed(key.public, jws.signing_input, jws.signature):
        raise _damaged(row, "its signature does not verify")
    told = _told.decode(jws.payload)
    if (told.ledger, told.kind, told.author, told.id) != (
        common.origin,
        kind,
        author,
        statement_id,
    ):
        raise _damaged(row, "its statement says another ledger, kind, author or id")
    digest = sha256(jws.payload).hexdigest()
    if (key.organization, jws.kid, digest) != (author, kid, payload_digest):
        raise _damaged(row, "its columns repeat another signer or content")


def _require_erasure(row: tuple[Any, ...], common: Common) -> None:
    if row[1] not in common.erased:
        raise _damaged(row, "its text is missing, and no erasure names it")


def _tiles(reader: Reader, begin: int, leaves: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Compare the stored tiles of leaves; return their roots and what is over."""
    full, first = len(leaves) // TILE_WIDTH, begin // TILE_WIDTH
    stored = dict(
        reader.rows(
            "SELECT index, hashes FROM traceability_tile "
            "WHERE level = 0 AND index >= %s AND index < %s",
            first,
            first + full,
        )
    )
    roots = []
    for number in range(full):
        content = leaves[number * TILE_WIDTH : (number + 1) * TILE_WIDTH]
        if stored.get(first + number) != b"".join(content):
            raise LogDamaged(
                f"Tile {first + number} of level 0 has other hashes than its entries.",
                level=0,
                index=first + number,
            )
        roots.append(tree_root(content))
    return b"".join(roots), b"".join(leaves[full * TILE_WIDTH :])


def _frontiers(
    heads: Sequence[int], begin: int, leaves: Sequence[bytes]
) -> dict[int, tuple[bytes, ...]]:
    """Return the perfect subtrees of the range up to each checkpoint that ends in it."""
    within = [size for size in heads if begin < size <= begin + len(leaves)]
    found: dict[int, tuple[bytes, ...]] = {}
    frontier = Frontier()
    for size in within:
        frontier.extend(leaves[frontier.size : size - begin])
        found[size] = frontier.hashes
    return found


def _damaged(row: tuple[Any, ...], why: str) -> LogDamaged:
    return LogDamaged(f"Entry {row[1]}: {why}.", entry=row[1], recorded_order=row[0])


# ── a process of its own ──────────────────────────────────────────────────────────────────

_PROCESS: list[Any] = []


def start(common: Common) -> None:
    """Prepare a process for `run`: it ends when told, whatever the process that began it does."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.freeze()
    _PROCESS[:] = [connect(common), common]


def run(limits: tuple[int, int]) -> Checked:
    """Check one range in a prepared process."""
    reader, common = _PROCESS
    return check_range(reader, common, *limits)


def ranges(size: int, pending: int) -> Iterator[tuple[int, int]]:
    """Yield the ranges of a log; none reaches over the border of what is sequenced."""
    for begin in range(0, size, RANGE):
        yield begin, min(begin + RANGE, size)
    for begin in range(size, size + pending, RANGE):
        yield begin, min(begin + RANGE, size + pending)
