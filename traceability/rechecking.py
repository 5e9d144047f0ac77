"""Rechecking a range of the stored log: what each process of `verify_stored_log` runs.

Without Django, so that a process starts quickly; the rows come over a connection of its own, in
the snapshot of the process that asked, a few thousand at a time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec
import psycopg

from traceability.errors import LogDamaged, NotCanonical, TraceabilityError
from traceability.ledger.entries import chain_handle, parse_entry, statement_of
from traceability.ledger.merkle import Frontier, leaf_hash, tree_root
from traceability.ledger.signing import STATEMENT_TYPE, is_signed, parse_jws
from traceability.ledger.tiles import TILE_WIDTH

RANGE = 8 * TILE_WIDTH  # entries at once: about 10 MB of rows

_ROWS = """
SELECT e.recorded_order, e.hash, e.body, e.kind, e.author, e.kid, e.statement_id::text,
       e.payload_digest, t.jws
FROM {source} e LEFT JOIN traceability_statementtext t USING (recorded_order)
"""
_SEQUENCED = _ROWS.format(
    source="(SELECT index, en.* FROM traceability_logindex JOIN traceability_entry en "
    "USING (recorded_order) WHERE index >= %(begin)s AND index < %(end)s)"
)
_PENDING = _ROWS.format(
    source="(SELECT en.* FROM traceability_pending JOIN traceability_entry en "
    "USING (recorded_order) ORDER BY recorded_order OFFSET %(begin)s LIMIT %(end)s - %(begin)s)"
)
_LINKS = """
SELECT s.recorded_order, s.subject, s.previous, coalesce(l.salt, b.salt)
FROM traceability_entrysubject s
LEFT JOIN traceability_lot l ON s.subject LIKE 'lot:%%' AND l.id = substr(s.subject, 5)
LEFT JOIN traceability_subject b ON s.subject NOT LIKE 'lot:%%' AND b.id = s.subject
WHERE s.recorded_order = ANY (%(orders)s)
"""


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


_told = msgspec.json.Decoder(_Told)


def connect(common: Common) -> "psycopg.Connection[Any]":
    """Open a connection that sees the snapshot and can write nothing."""
    connection = psycopg.connect(**common.connection)
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    connection.execute(f"SET TRANSACTION SNAPSHOT '{common.snapshot}'")
    return connection


def check_range(
    connection: "psycopg.Connection[Any]", common: Common, begin: int, end: int
) -> Checked:
    """Recheck the entries at log positions from `begin` to before `end`.

    Raises:
        LogDamaged: with the place of the first thing that is not what it must be.
    """
    rows = _read(connection, common, begin, end)
    links = _links(connection, [row[0] for row in rows])
    leaves, texts_erased = [], 0
    for position, row in enumerate(rows, begin):
        leaf, statement = _checked_leaf(row, common, links.get(row[0], {}))
        leaves.append(leaf)
        if row[8] is None:
            texts_erased += 1
            _require_erasure(row, common)
            continue
        try:
            _check_statement(row, statement, common, position)
        except LogDamaged:
            raise
        except (TraceabilityError, msgspec.DecodeError) as error:
            raise _damaged(row, f"its statement is unreadable: {error}") from error
    is_sequenced = begin < common.size
    tiles, tail = _tiles(connection, begin, leaves) if is_sequenced else (b"", b"")
    return Checked(
        begin=begin,
        end=end,
        tile_roots=tiles,
        tail=tail,
        frontiers=_frontiers(common.heads, begin, leaves) if is_sequenced else {},
        texts_erased=texts_erased,
    )


def _read(
    connection: "psycopg.Connection[Any]", common: Common, begin: int, end: int
) -> list[tuple[Any, ...]]:
    if begin < common.size:
        sql, first = f"{_SEQUENCED} ORDER BY index", 0
    else:
        sql, first = f"{_PENDING} ORDER BY recorded_order", common.size
    rows = connection.execute(sql, {"begin": begin - first, "end": end - first}).fetchall()
    if len(rows) != end - begin:
        raise LogDamaged(
            f"Of the entries {begin} to {end - 1} only {len(rows)} are there.", begin=begin, end=end
        )
    return rows


def _links(
    connection: "psycopg.Connection[Any]", orders: Sequence[int]
) -> dict[int, dict[str, str | None]]:
    """Return the links of each entry by chain handle, as the tables of chains have them."""
    found: dict[int, dict[str, str | None]] = {}
    for order, subject, previous, salt in connection.execute(_LINKS, {"orders": list(orders)}):
        if salt is None:
            raise LogDamaged(f"The chain of {subject} has no salt.", subject=subject)
        handle = chain_handle(subject, bytes.fromhex(salt))
        found.setdefault(order, {})[handle] = previous
    return found


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


def _check_statement(row: tuple[Any, ...], committed: str, common: Common, position: int) -> None:
    """Verify digest and signature, and that the key was good where the entry stands."""
    _, _, _, kind, author, kid, statement_id, payload_digest, signed = row
    raw = signed.encode()
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


def _tiles(
    connection: "psycopg.Connection[Any]", begin: int, leaves: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """Compare the stored tiles of leaves; return their roots and what is over."""
    full, first = len(leaves) // TILE_WIDTH, begin // TILE_WIDTH
    stored = dict(
        connection.execute(
            "SELECT index, hashes FROM traceability_tile "
            "WHERE level = 0 AND index >= %s AND index < %s",
            [first, first + full],
        ).fetchall()
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
    """Prepare a process for `run`."""
    _PROCESS[:] = [connect(common), common]


def run(limits: tuple[int, int]) -> Checked:
    """Check one range in a prepared process."""
    connection, common = _PROCESS
    return check_range(connection, common, *limits)


def ranges(size: int, pending: int) -> Iterator[tuple[int, int]]:
    """Yield the ranges of a log; none reaches over the border of what is sequenced."""
    for begin in range(0, size, RANGE):
        yield begin, min(begin + RANGE, size)
    for begin in range(size, size + pending, RANGE):
        yield begin, min(begin + RANGE, size + pending)
