"""Deciding on the whole log again: what the database keeps of statements is what they make.

`verifying` recomputes bytes, hashes and signatures. What people read is derived from the
statements and kept in tables: who holds a lot and how much of it, where its metal is from, whose
key is whose, what is open to whom. Here every statement happens again, in the order of the log,
on an empty book; what comes of it is compared with every row that is kept of it.

A statement whose text was erased cannot happen again. What it touched, and what rests on that,
is counted as open and not compared. Rows that were written before a fact was kept lack it still:
the quantity of a weighing, and the materials of a consignment (ADR 0039).
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import msgspec
from django.db.models import Model
from psycopg.rows import dict_row

from traceability import rows
from traceability.chronicling import recorded_statement
from traceability.errors import LogDamaged, TraceabilityError
from traceability.ledger import events, registry
from traceability.ledger.book import Book, Effects
from traceability.ledger.decision import decide, decide_genesis
from traceability.ledger.entries import Entry, parse_entry, utc_text
from traceability.ledger.statements import Kinds, Statement
from traceability.mirroring import mirrored
from traceability.models import Key
from traceability.recording import known_kinds
from traceability.verifying import Connection, Progress, connection_parameters, snapshot_of

_AT_ONCE = 1_000

_PLACES = "SELECT recorded_order FROM traceability_logindex ORDER BY index"
_WAITING = "SELECT recorded_order FROM traceability_pending ORDER BY recorded_order"
_ENTRIES = """
SELECT e.*, e.statement_id::text AS statement_id, t.jws, t.disclosures
FROM traceability_entry e LEFT JOIN traceability_statementtext t USING (recorded_order)
WHERE e.recorded_order = ANY (%s)
"""
_MOVEMENTS = """
SELECT recorded_order, ordinal, lot, role, delta, unit, facts FROM traceability_movement
WHERE recorded_order = ANY (%s) ORDER BY recorded_order, ordinal
"""
_TOUCHED = """
SELECT recorded_order, array_agg(subject::text) AS subjects FROM traceability_entrysubject
WHERE recorded_order = ANY (%s) GROUP BY recorded_order
"""
_OPENED = ("lot", "organization", "until", "offer", "opened_order", "closed_order")
_ONCE = {"revoked_order": None, "distrusted_from": None, "reason": ""}  # a key as it is enrolled


@dataclass(frozen=True, slots=True, kw_only=True)
class Redecided:
    """How many statements and lots were compared, and how many statements could not be."""

    entries: int
    lots: int
    open: int


def verify_decisions(*, using: str | None = None, progress: Progress | None = None) -> Redecided:
    """Let every statement of the log happen again, and compare what is kept of it.

    It holds all lots and statements in memory. It trusts the texts as they are stored: that they
    are what was signed is for `verify_stored_log` to say, before.

    Raises:
        LogDamaged: a row is not what the statements make; with the place.
    """
    with snapshot_of(connection_parameters(using)) as (connection, _):
        again = _Again(connection=connection, kinds=known_kinds())
        places = [
            order for sql in (_PLACES, _WAITING) for (order,) in connection.execute(sql).fetchall()
        ]
        for start in range(0, len(places), _AT_ONCE):
            for kept in _read(connection, places[start : start + _AT_ONCE]):
                again.happen(kept)
            if progress is not None:
                progress(min(start + _AT_ONCE, len(places)), len(places))
        lots = again.compare()
        return Redecided(entries=len(places) - len(again.open), lots=lots, open=len(again.open))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """An entry with all that is kept of it alone."""

    row: Mapping[str, Any]
    movements: list[tuple[Any, ...]]
    subjects: frozenset[str]


def _read(connection: Connection, orders: list[int]) -> Iterator[_Kept]:
    movements: dict[int, list[tuple[Any, ...]]] = {}
    for order, *movement in connection.execute(_MOVEMENTS, [orders]):
        movements.setdefault(order, []).append(tuple(movement))
    touched = dict(connection.execute(_TOUCHED, [orders]).fetchall())
    with connection.cursor(row_factory=dict_row) as cursor:
        found = {row["recorded_order"]: row for row in cursor.execute(_ENTRIES, [orders])}
    for order in orders:
        yield _Kept(
            row=found[order],
            movements=movements.get(order, []),
            subjects=frozenset(touched.get(order, ())),
        )


@dataclass(slots=True, kw_only=True)
class _Again:
    """The ledger as it comes about once more."""

    connection: Connection
    kinds: Kinds
    book: Book = field(default_factory=Book)
    open: set[int] = field(default_factory=set)  # entries that are not compared
    _doubted: set[str] = field(default_factory=set)  # subjects of which something is unknown
    _streams: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    _rows: dict[Any, dict[str, dict[str, Any]]] = field(default_factory=dict)  # by model and id
    _openings: "_Openings" = field(default_factory=lambda: _Openings())

    def happen(self, kept: _Kept) -> None:
        """Let one statement happen, and compare what is kept of it alone."""
        statement, effects = self._decided(kept)
        if statement is None or effects is None or not self._doubted.isdisjoint(kept.subjects):
            self.open.add(kept.row["recorded_order"])
            self._doubted |= kept.subjects
        else:
            _compare_entry(kept, statement, effects, self.book)
        if statement is not None and effects is not None:
            self._keep(statement, kept.row["recorded_order"], kept.row["hash"])

    def _decided(self, kept: _Kept) -> tuple[Statement | None, Effects | None]:
        """Return what is stated and what it changes; nothing where that cannot be known."""
        row = kept.row
        if row["jws"] is None:
            return None, None
        try:
            statement = recorded_statement(row["jws"], row["disclosures"], kinds=self.kinds)
            effects = self._effects(statement, kept)
        except TraceabilityError as error:
            if self.open:  # it may rest on what was erased
                return None, None
            raise _other(row, f"would be refused where it stands: {error}") from error
        self.book.accept(statement, effects, row["hash"])
        return statement, effects

    def _effects(self, statement: Statement, kept: _Kept) -> Effects:
        """Decide by the rules of today or, where these did not hold yet, by those of the record.

        Rules of admission that came later also book some things otherwise (ADR 0034).
        """
        if statement.kind == "registry.genesis":
            return decide_genesis(statement)
        self.book.is_admitting = True
        try:
            with suppress(TraceabilityError):
                effects = decide(statement, self.book)
                if _did(effects, kept):
                    return effects
        finally:
            self.book.is_admitting = False  # what is taken over is what any record may rest on
        return decide(statement, self.book)

    # ── what is derived of many statements ────────────────────────────────────────────────

    def _keep(self, statement: Statement, order: int, entry: str) -> None:
        place, body = statement.envelope.stream, statement.body
        if place is not None:
            self._streams[statement.author, place.id] = (place.seq, statement.digest.hex())
        for one in mirrored(statement, order):
            known = self._rows.setdefault(one.model, {})
            once = _ONCE if one.model is Key else one.begins
            known[one.id] = {**once, **known.get(one.id, {}), **one.values}
        if isinstance(body, registry.KeyRevocation):
            self._rows[Key][body.kid] |= {
                "revoked_order": order,
                "distrusted_from": body.distrusted_from,
                "reason": body.reason,
            }
        self._openings.follow(body, order, entry)

    def compare(self) -> int:
        """Compare what is derived of many statements; return how many lots are as they must be."""
        stored = {row["id"]: rows.lot_of(row) for row in self._read("lot")}
        made = self.book.lots
        compared = [name for name in {*stored, *made} if f"lot:{name}" not in self._doubted]
        for name in compared:
            if stored.get(name) != made.get(name):
                raise LogDamaged(f"Lot {name} is not as the log leaves it.", lot=name)
        self._compare_subjects()
        if not self.open:
            self._compare_streams()
        for model, told in self._rows.items():
            self._compare_rows(model, told)
        self._compare_openings()
        return len(compared)

    def _compare_subjects(self) -> None:
        for row in self._read("subject"):
            name, expected = row["id"], rows.state_in(self.book, row["id"])
            told = _known_then(_as_json(expected), row["state"], "materials")
            if name not in self._doubted and row["state"] != told:
                raise LogDamaged(f"Subject {name} is not as the log leaves it.", subject=name)

    def _compare_streams(self) -> None:
        stored = {
            (row["author"], row["stream"]): (row["seq"], row["head"])
            for row in self._read("stream")
        }
        for place in stored.keys() | self._streams.keys():
            if stored.get(place) != self._streams.get(place):
                named = "/".join(place)
                raise LogDamaged(f"Stream {named} does not stand where the log says.", stream=named)

    def _compare_rows(self, model: type[Model], told: Mapping[str, Mapping[str, Any]]) -> None:
        """Compare a table that mirrors the registry; a row of an entry that is open is left."""
        fields = {one.attname: one for one in model._meta.concrete_fields}
        key = model._meta.pk.attname
        placed = "enrolled_order" if model is Key else "recorded_order"
        stored = {row[key]: row for row in self._read(model._meta.model_name or "")}
        for name in stored.keys() | told.keys():
            row, expected = stored.get(name), told.get(name)
            if row is not None and row[placed] in self.open:
                continue
            if row is None or expected is None or not _agree(row, expected, fields):
                what = model._meta.model_name
                raise LogDamaged(f"The {what} {name} is not as the log leaves it.", id=name)

    def _compare_openings(self) -> None:
        stored = {tuple(row[name] for name in _OPENED) for row in self._read("lotopening")}
        for one in stored ^ self._openings.rows():
            if not self.open:
                raise LogDamaged(
                    f"Lot {one[0]} is not opened to {one[1]} as the log says.", lot=one[0]
                )

    def _read(self, table: str) -> list[dict[str, Any]]:
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(f"SELECT * FROM traceability_{table}").fetchall()  # noqa: S608


@dataclass(slots=True)
class _Openings:
    """To whom lots are opened, as offers, withdrawals and voids leave it."""

    _all: list[dict[str, Any]] = field(default_factory=list)
    _withdrawn: dict[str, int] = field(default_factory=dict)  # withdrawals, and where they stand

    def rows(self) -> set[tuple[Any, ...]]:
        return {tuple(one[name] for name in _OPENED) for one in self._all}

    def follow(self, body: Any, order: int, entry: str) -> None:
        if isinstance(body, events.Offer):
            until = None if body.until is None else date.fromisoformat(body.until)
            for lot in body.lots:
                for audience in body.audience:
                    self._open(order, (lot, audience, until, entry))
        elif isinstance(body, events.Withdrawal):
            self._withdrawn[entry] = order
            self._close(order, body.offer, body.lots)
        elif isinstance(body, events.Void):
            self._close(order, body.replaces, None)
            before = self._withdrawn.get(body.replaces, 0)
            for one in [one for one in self._all if one["closed_order"] == before]:
                self._open(order, tuple(one[name] for name in _OPENED[:4]))

    def _open(self, order: int, what: tuple[Any, ...]) -> None:
        self._all.append(dict(zip(_OPENED, (*what, order, None), strict=True)))

    def _close(self, order: int, offer: str, lots: Collection[str] | None) -> None:
        for one in self._all:
            is_meant = one["offer"] == offer and (lots is None or one["lot"] in lots)
            if is_meant and one["closed_order"] is None:
                one["closed_order"] = order


def _compare_entry(kept: _Kept, statement: Statement, effects: Effects, book: Book) -> None:
    """Compare the columns of an entry, its subjects and its movements."""
    row = kept.row
    told = parse_entry(row["body"].encode())
    sealed = rows.Sealed(
        statement=statement,
        effects=effects,
        entry=Entry(body=b"", hash=row["hash"], received_at=told.received_at, previous={}),
        held_by=book.keys[statement.kid].held_by,
        payload_digest=statement.payload_digest.hex(),
    )
    for name, expected in zip(rows.ENTRY, rows.entry_row(sealed), strict=True):
        if _as_text(row[name]) != expected:
            raise _other(row, f"has another {name} than it was stated with")
    if kept.subjects != frozenset(effects.subjects):
        raise _other(row, "touches other subjects than those it names")
    if not _did(effects, kept):
        raise _other(row, "did something else to its lots than is kept")


def _did(effects: Effects, kept: _Kept) -> bool:
    """Tell whether the movements that are kept are those that a statement makes."""
    made = [rows.movement_row(place, one) for place, one in enumerate(effects.movements)]
    return len(made) == len(kept.movements) and all(map(_is_same, kept.movements, made))


def _is_same(stored: tuple[Any, ...], made: rows.Row) -> bool:
    *columns, facts = stored
    *expected, text = made
    return list(map(_as_text, columns)) == expected and facts == _known_then(
        msgspec.json.decode(text or "{}"), facts, "quantity"
    )


def _known_then(told: Any, stored: Any, later: str) -> Any:
    """Return data without a member that came later, where what is stored does not have it."""
    if isinstance(told, dict) and isinstance(stored, dict) and later not in stored:
        return {name: value for name, value in told.items() if name != later}
    return told


def _other(row: Mapping[str, Any], what: str) -> LogDamaged:
    return LogDamaged(f"Entry {row['hash']} {what}.", entry=row["hash"])


def _agree(row: Mapping[str, Any], expected: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    return all(
        _as_json(fields[name].to_python(value)) == _as_json(row[name])
        for name, value in expected.items()
    )


def _as_text(value: Any) -> str | None:
    """Return a column as `rows` writes it."""
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, datetime):
        return utc_text(value)
    return value.isoformat() if isinstance(value, date) else value if value is None else str(value)


def _as_json(value: Any) -> Any:
    """Return data as it comes back from a JSON column."""
    return msgspec.json.decode(msgspec.json.encode(value))
