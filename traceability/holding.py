"""The two calls that recording makes to the database: hold what is touched, write what changed.

Written by hand and not with the ORM, which costs seven core-milliseconds a statement where
the whole budget is under two (ADR 0003). Rows travel as JSON in both directions, so that a
single statement and a batch of thousands take the same two round trips; the SQL is in
migrations/sql/functions.sql.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any

import orjson
from msgspec.structs import replace

from traceability import rows, wire
from traceability.copying import Copying
from traceability.errors import StreamOutOfStep
from traceability.ledger.amendments import consignments_of
from traceability.ledger.book import Book, Effects
from traceability.ledger.entries import SALT_SIZE, Subject, begin_subject, seal
from traceability.ledger.needs import Needs
from traceability.ledger.statements import Statement

_LARGE = 64  # statements; below, a second thread costs more than it saves
_DRAWN = 16  # salts at once: each call gives the interpreter away, and has to get it back


def _salts() -> Iterator[bytes]:
    """Yield random salts without end, none of them twice."""
    while True:
        drawn = os.urandom(_DRAWN * SALT_SIZE)
        yield from (drawn[at : at + SALT_SIZE] for at in range(0, len(drawn), SALT_SIZE))


@dataclass(slots=True, kw_only=True)
class Held:
    """What the transaction holds: the book, the chains, the streams, the ids used before."""

    book: Book
    subjects: dict[str, Subject]
    streams: dict[tuple[str, str], tuple[int, str]]
    known: dict[tuple[str, str], rows.Known]
    stored_lots: frozenset[str]
    stored_streams: frozenset[tuple[str, str]]
    sealed: list[rows.Sealed] = field(default_factory=list)
    orders: Sequence[str] = ()  # drawn for a large batch, whose rows are copied meanwhile
    copying: Copying | None = None
    salts: Iterator[bytes] = field(default_factory=_salts)

    def __enter__(self) -> "Held":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_details: object) -> None:
        if kind is not None and self.copying is not None:
            self.copying.abandon()

    def check_stream(self, statement: Statement) -> None:
        """Refuse a statement that does not follow the head of its stream."""
        place = statement.envelope.stream
        if place is None:
            return
        head = self.streams.get((statement.author, place.id))
        expected = (head[0] + 1, head[1]) if head else (place.seq, None)
        if (place.seq, place.prev) != expected:
            raise StreamOutOfStep(place.id, next_seq=expected[0], head=expected[1] or "")

    def seal(self, statement: Statement, effects: Effects, received_at: str) -> rows.Known:
        """Give a statement its place and let the next one see what it changed."""
        chained = [
            self.subjects.get(name) or begin_subject(name, next(self.salts))
            for name in effects.subjects
        ]
        entry = seal(statement, chained, salt=next(self.salts), received_at=received_at)
        for subject in chained:
            self.subjects[subject.id] = Subject(
                id=subject.id, salt=subject.salt, chain=subject.chain, head=entry.hash
            )
        place = statement.envelope.stream
        if place is not None:
            self.streams[statement.author, place.id] = (place.seq, statement.digest.hex())
        self.book.accept(statement, effects, entry.hash)

        held_by = self.book.keys[statement.kid].held_by
        payload_digest = statement.payload_digest.hex()
        sealed = rows.Sealed(
            statement=statement,
            effects=effects,
            entry=entry,
            held_by=held_by,
            payload_digest=payload_digest,
        )
        self.sealed.append(sealed)
        if self.copying is not None:
            self.copying.take(sealed)
        known = rows.Known(
            entry=entry.hash,
            body=entry.body,
            payload_digest=payload_digest,
            held_by=held_by,
            waits=effects.waits_on is not None,
        )
        self.known[statement.author, statement.envelope.id] = known
        return known

    def write(self, *, commit: bool) -> list[int]:
        """Write everything sealed; return the recorded order of each entry.

        Args:
            commit: commit with the last message.
        """
        if self.copying is None:
            return self._record(commit=commit) if self.sealed else []
        self.copying.rest()
        new, changed = self._lots()
        self.copying.finish(new)
        self._states(changed, commit=commit)
        return [int(order) for order in self.orders[: len(self.sealed)]]

    def pause(self) -> None:
        """Leave the connection to somebody else for a moment."""
        if self.copying is not None:
            self.copying.pause()

    def _record(self, *, commit: bool) -> list[int]:
        """Write all in one call."""
        new, changed = self._lots()
        numbered = list(enumerate(self.sealed, 1))
        orders = wire.call(
            "ledger_record",
            str(len(numbered)).encode(),
            _json([{"n": n} | _named(rows.ENTRY, rows.entry_row(one)) for n, one in numbered]),
            wire.array([one.entry.body.decode() for one in self.sealed]),
            wire.array([one.statement.raw.decode() for one in self.sealed]),
            wire.array([rows.json_text(one.statement.disclosures) for one in self.sealed]),
            _json(
                [
                    {"n": n, "subject": subject, "previous": previous}
                    for n, one in numbered
                    for subject, previous in one.entry.previous.items()
                ]
            ),
            _json([_named(rows.LOT, lot) for lot in new]),
            _json([_named(rows.LOT, lot) for lot in changed]),
            _json(
                [
                    {"n": n} | _named(rows.MOVEMENT, rows.movement_row(ordinal, movement))
                    for n, one in numbered
                    for ordinal, movement in enumerate(one.effects.movements)
                ]
            ),
            _json(self._subject_rows()),
            _json(self._stream_rows()),
            is_last=commit,
        )
        return [int(order) for order in _items(orders)]

    def _states(self, changed: Sequence[rows.Row], *, commit: bool) -> None:
        """Write the states after a large batch, whose other rows were copied."""
        nothing = [None] * 5
        wire.call(
            "ledger_record",
            b"0",
            *nothing,
            None,
            _json([_named(rows.LOT, lot) for lot in changed]),
            None,
            _json(self._subject_rows()),
            _json(self._stream_rows()),
            is_last=commit,
        )

    def _lots(self) -> tuple[list[rows.Row], list[rows.Row]]:
        """Return the lots that began, and the others that changed, as rows."""
        touched = {lot for sealed in self.sealed for lot in sealed.effects.lots}
        new: list[rows.Row] = []
        changed: list[rows.Row] = []
        for name in sorted(touched):
            row = rows.lot_row(self.book.lots[name], self.subjects[f"lot:{name}"])
            (changed if name in self.stored_lots else new).append(row)
        return new, changed

    def _subject_rows(self) -> list[dict[str, Any]]:
        names = {
            name
            for sealed in self.sealed
            for name in sealed.effects.subjects
            if not name.startswith("lot:")
        }
        told = []
        for name in sorted(names):
            subject, state = self.subjects[name], rows.state_in(self.book, name)
            told.append(
                {"id": name, "salt": subject.salt.hex(), "head": subject.head, "state": state}
            )
        return told

    def _stream_rows(self) -> list[dict[str, Any]]:
        used = {
            (s.statement.author, s.statement.envelope.stream.id)
            for s in self.sealed
            if s.statement.envelope.stream is not None
        }
        return [
            {
                "author": author,
                "stream": stream,
                "seq": seq,
                "head": head,
                "is_new": (author, stream) not in self.stored_streams,
            }
            for (author, stream) in sorted(used)
            for seq, head in [self.streams[author, stream]]
        ]


def hold(needs: Needs, ids: Sequence[tuple[str, str]], *, patience: str | None = None) -> Held:
    """Lock what the statements touch and read what their decision needs.

    A consignment may have receipts waiting whose rejected parts are lots too, and a void of
    a shipment or of a waiting receipt touches its consignment. Both are known only once the
    first rows are read, so a second call may follow.
    """
    row = _hold(needs, ids, patience)
    lots, subjects = set(needs.lots), set(needs.subjects)
    for subject in row["subjects"] or ():
        for receipt in (subject["state"] or {}).get("waiting", ()):
            lots |= {
                item["rejected_lot"] for item in receipt["body"]["lots"] if "rejected_lot" in item
            }
    for recorded in row["statements"] or ():
        subjects |= consignments_of(rows.recorded_of(recorded))
    if (lots, subjects) != (needs.lots, needs.subjects):
        needs.lots, needs.subjects = lots, subjects
        row = _hold(needs, ids, patience)
    held = _held(row)
    if held.book.statements:
        _add_turns(held.book)
    if len(ids) >= _LARGE:
        # All locks are taken and everything is read: what these orders follow is settled.
        held.orders = _items(wire.call("ledger_record", str(len(ids)).encode(), *[None] * 10))
        held.copying = Copying(held.orders)
    return held


def _add_turns(book: Book) -> None:
    """Read what came to the lots in turn, which an amendment of the past must not undo."""
    told = wire.call("ledger_turns", wire.array(book.statements), wire.array(book.lots))
    row = orjson.loads(told or b"")
    for entry, place in row["places"].items():
        book.statements[entry] = replace(book.statements[entry], order=place)
    for turn in row["turns"] or ():
        book.turns.setdefault(turn["lot"], []).append(rows.turn_of(turn))


def _hold(needs: Needs, ids: Sequence[tuple[str, str]], patience: str | None) -> dict[str, Any]:
    text = wire.call(
        "ledger_hold",
        patience.encode() if patience else None,
        _numbers(needs.relied_on),
        _numbers(needs.changed),
        wire.array([author for author, _ in ids]),
        wire.array([name for _, name in ids]),
        wire.array(needs.kids),
        _json([{"author": author, "stream": name} for author, name in needs.streams]),
        wire.array(needs.subjects),
        wire.array(needs.lots),
        wire.array(needs.facilities),
        wire.array(needs.organizations),
        wire.array(needs.statements),
    )
    row: dict[str, Any] = orjson.loads(text or b"")
    return row


def _numbers(names: Iterable[str]) -> bytes:
    """Return the advisory locks that names stand for, in the order in which all take them."""
    return b"{%b}" % ",".join(map(str, sorted(map(_number, names)))).encode()


@lru_cache(maxsize=4096)
def _number(name: str) -> int:
    return int.from_bytes(sha256(name.encode()).digest()[:8], "big", signed=True)


def _json(items: Sequence[Any]) -> bytes | None:
    """Return rows as JSON, or null where there are none."""
    return orjson.dumps(items) if items else None


def _named(columns: Sequence[str], row: rows.Row) -> dict[str, str | None]:
    return dict(zip(columns, row, strict=True))


def _items(array: bytes | None) -> list[str]:
    """Read an array of numbers; none where there was no answer."""
    return array.decode()[1:-1].split(",") if array else []


def _held(row: Mapping[str, Any]) -> Held:
    lots = row["lots"] or ()
    others = [*(row["subjects"] or ()), *(row.get("accounts") or ())]
    subjects = {s["id"]: rows.subject_of(s["id"], s) for s in others}
    subjects |= {f"lot:{lot['id']}": rows.subject_of(f"lot:{lot['id']}", lot) for lot in lots}
    book = Book(
        organizations={o["id"]: frozenset(o["roles"]) for o in row["organizations"] or ()},
        keys={key["kid"]: rows.key_of(key) for key in row["keys"] or ()},
        facilities={f["id"]: rows.facility_of(f) for f in row["facilities"] or ()},
        lots={lot["id"]: rows.lot_of(lot) for lot in lots},
        consignments={
            s["id"]: rows.consignment_of(s)
            for s in others
            if s["state"] is not None and rows.is_consignment(s)
        },
        states={
            s["id"]: s["state"]
            for s in others
            if s["state"] is not None and not rows.is_consignment(s)
        },
        statements={s["hash"]: rows.recorded_of(s) for s in row["statements"] or ()},
        is_admitting=True,
    )
    streams = {(s["author"], s["stream"]): (s["seq"], s["head"]) for s in row["streams"] or ()}
    return Held(
        book=book,
        subjects=subjects,
        streams=streams,
        known={(k["author"], k["id"]): rows.known_of(k) for k in row["known"] or ()},
        stored_lots=frozenset(book.lots),
        stored_streams=frozenset(streams),
    )
