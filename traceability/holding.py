"""The two calls that recording makes to the database: hold what is touched, write what changed.

Written by hand and not with the ORM, which costs seven core-milliseconds a statement where
the whole budget is under two (ADR 0003). Rows travel as JSON in both directions, so that a
single statement and a batch of thousands take the same two round trips; the SQL is in
migrations/sql/functions.sql.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
import psycopg
from django.db import connection

from traceability import rows
from traceability.errors import StreamOutOfStep
from traceability.ledger.amendments import consignments_of
from traceability.ledger.book import Book, Effects
from traceability.ledger.entries import SALT_SIZE, Subject, begin_subject, seal
from traceability.ledger.needs import Needs
from traceability.ledger.statements import Statement

_LARGE = 64  # statements; below, a second thread costs more than it saves
_HOLD = "SELECT ledger_hold(%s::json, %s, %s, %s::json, %s, %s, %s, %s, %s)::text"
_WRITE = (
    "SELECT ledger_record(%s::json, %s::json, %s::json, %s::json, %s::json, %s::json, %s::json)"
)


@dataclass(slots=True, kw_only=True)
class Held:
    """What the transaction holds: the book, the chains, the streams, the ids used before."""

    book: Book
    subjects: dict[str, Subject]
    streams: dict[tuple[str, str], tuple[int, str]]
    known: dict[tuple[str, UUID], rows.Known]
    stored_lots: frozenset[str]
    stored_streams: frozenset[tuple[str, str]]
    sealed: list[rows.Sealed] = field(default_factory=list)

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
            self.subjects.get(name) or begin_subject(name, os.urandom(SALT_SIZE))
            for name in effects.subjects
        ]
        entry = seal(statement, chained, salt=os.urandom(SALT_SIZE), received_at=received_at)
        for subject in chained:
            self.subjects[subject.id] = Subject(
                id=subject.id, salt=subject.salt, chain=subject.chain, head=entry.hash
            )
        place = statement.envelope.stream
        if place is not None:
            self.streams[statement.author, place.id] = (place.seq, statement.digest.hex())
        self.book.accept(statement, effects, entry.hash)

        held_by = self.book.keys[statement.kid].held_by
        self.sealed.append(
            rows.Sealed(statement=statement, effects=effects, entry=entry, held_by=held_by)
        )
        known = rows.Known(
            entry=entry.hash,
            body=entry.body,
            payload_digest=statement.payload_digest.hex(),
            held_by=held_by,
            waits=effects.waits_on is not None,
        )
        self.known[statement.author, statement.id] = known
        return known

    def write(self, *, meanwhile: Callable[[], None]) -> list[int]:
        """Write everything sealed; return the recorded order of each entry.

        Args:
            meanwhile: work for this thread; for a large batch it is done while the
                database is busy, which takes as long.
        """
        if len(self.sealed) < _LARGE:
            meanwhile()
        if not self.sealed:
            return []
        call = _Call(_WRITE, [_json(part) for part in self._rows()])
        orders: list[int]
        if len(self.sealed) < _LARGE:
            orders = call.run()
            return orders
        with ThreadPoolExecutor(max_workers=1) as pool:
            written = pool.submit(call.run)
            meanwhile()
            orders = written.result()
        return orders

    def _rows(self) -> tuple[list[dict[str, Any]], ...]:
        touched = {lot for sealed in self.sealed for lot in sealed.effects.lots}
        lots = [
            rows.lot_row(self.book.lots[name], self.subjects[f"lot:{name}"])
            for name in sorted(touched)
        ]
        return (
            [rows.entry_row(n, sealed) for n, sealed in enumerate(self.sealed, 1)],
            [
                {"n": n, "subject": subject, "previous": previous}
                for n, sealed in enumerate(self.sealed, 1)
                for subject, previous in sealed.entry.previous.items()
            ],
            [lot for lot in lots if lot["id"] not in self.stored_lots],
            [lot for lot in lots if lot["id"] in self.stored_lots],
            [
                rows.movement_row(n, ordinal, movement)
                for n, sealed in enumerate(self.sealed, 1)
                for ordinal, movement in enumerate(sealed.effects.movements)
            ],
            self._subject_rows(),
            self._stream_rows(),
        )

    def _subject_rows(self) -> list[dict[str, Any]]:
        names = {
            name
            for sealed in self.sealed
            for name in sealed.effects.subjects
            if not name.startswith("lot:")
        }
        told = []
        for name in sorted(names):
            subject, consignment = self.subjects[name], self.book.consignments.get(name)
            state = self.book.states.get(name)
            if consignment is not None:
                state = {"shipped": consignment.shipped, "waiting": consignment.waiting}
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


def hold(needs: Needs, ids: Sequence[tuple[str, UUID]]) -> Held:
    """Lock what the statements touch and read what their decision needs.

    A consignment may have receipts waiting whose rejected parts are lots too, and a void of
    a shipment or of a waiting receipt touches its consignment. Both are known only once the
    first rows are read, so a second call may follow.
    """
    row = _hold(needs, ids)
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
        row = _hold(needs, ids)
    return _held(row)


def _hold(needs: Needs, ids: Sequence[tuple[str, UUID]]) -> dict[str, Any]:
    text = _Call(
        _HOLD,
        [
            _json([{"author": author, "id": str(name)} for author, name in ids]),
            list(needs.kids),
            list(needs.revoked_kids),
            _json([{"author": author, "stream": name} for author, name in needs.streams]),
            list(needs.subjects),
            list(needs.lots),
            list(needs.facilities),
            list(needs.organizations),
            list(needs.statements),
        ],
    ).run()
    row: dict[str, Any] = orjson.loads(text)
    return row


class _Call:
    """One prepared call on Django's own connection, inside its transaction.

    The connection is looked up here, in the thread that owns it, so that `run` may wait for
    the database in another one.
    """

    def __init__(self, sql: str, parameters: Sequence[Any]) -> None:
        connection.ensure_connection()
        self._connection = connection.connection
        self._sql, self._parameters = sql, parameters

    def run(self) -> Any:
        """Return the one value the call answers with."""
        with psycopg.Cursor(self._connection) as cursor:
            cursor.execute(self._sql, self._parameters, prepare=True)
            found = cursor.fetchone()
            return found[0] if found else None


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


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
    )
    streams = {(s["author"], s["stream"]): (s["seq"], s["head"]) for s in row["streams"] or ()}
    return Held(
        book=book,
        subjects=subjects,
        streams=streams,
        known={(k["author"], UUID(k["id"])): rows.known_of(k) for k in row["known"] or ()},
        stored_lots=frozenset(book.lots),
        stored_streams=frozenset(streams),
    )
