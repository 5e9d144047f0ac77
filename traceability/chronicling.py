"""From rows to happenings: what the ledger keeps of some lots, as `chronicle` reads it.

Every look-up is a call of a function in migrations/sql/lineage.sql or lineage_faster.sql, which
say what is read.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, cast

import msgspec
from django.conf import settings
from django.db import connection

from traceability.ledger import events
from traceability.ledger.book import Movement
from traceability.ledger.chronicle import Happening
from traceability.ledger.kinds import KINDS
from traceability.ledger.statements import Statement, parse_statement, to_shape
from traceability.wire import array_text

Row = tuple[Any, ...]
Movements = dict[int, list[Movement]]
"""Movements by the recorded order of their entry, in their order there."""
Entries = dict[int, Row]
"""Rows of `ledger_entries` by recorded order."""
Rows = Callable[[], list[Row]]
Ask = Callable[[str, Mapping[str, Any]], Rows]

_ENTRIES = "SELECT * FROM ledger_entries(%(orders)s::bigint[], %(size)s)"
_BY_HASH = "SELECT recorded_order FROM traceability_entry WHERE hash = ANY (%(hashes)s)"
_CONSIGNMENT_ASSAYS = "SELECT * FROM ledger_consignment_assays(%(orders)s::bigint[], %(size)s)"
_facts = msgspec.json.Decoder().decode


def fetch(sql: str, parameters: Mapping[str, Any]) -> list[Row]:
    """Return all rows of a query."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[Row] = cursor.fetchall()
    return rows


@contextmanager
def asking() -> Iterator[Ask]:
    """Send queries at once; while the database works, whoever asks does something else.

    What is yielded sends a query and returns a function that waits for its rows.
    """
    connection.ensure_connection()
    with ExitStack() as stack:
        stack.enter_context(connection.connection.pipeline())

        def ask(sql: str, parameters: Mapping[str, Any]) -> Rows:
            cursor = stack.enter_context(connection.cursor())
            cursor.execute(sql, parameters)
            return cast("Rows", cursor.fetchall)

        yield ask


def movements_of(rows: Iterable[Row]) -> Movements:
    """Return movements from rows of recorded order, lot, role, delta, unit and facts."""
    movements: Movements = {}
    known: dict[str, Any] = {}  # withdrawals say the same few things
    told: list[Movement] = []
    before = None
    for order, lot, role, delta, unit, text in rows:
        if role == "take":
            facts = known.get(text)
            if facts is None:
                facts = known[text] = _facts(text)
        else:
            facts = _facts(text)
        movement = Movement(lot=lot, role=role, delta=delta, unit=unit, facts=facts)
        if order != before:  # most rows are in the order of their entries
            before, told = order, movements.setdefault(order, [])
        told.append(movement)
    return movements


def told_by(rows: Sequence[Row], size: int) -> tuple[Movements, Entries]:
    """Return the movements in rows, as for `movements_of`, and their entries below a log size.

    An assay on a consignment is told of each lot that travelled in it. The database looks up
    entries and such assays while the rows are decoded.
    """
    shipments = dict.fromkeys(row[0] for row in rows if row[2] == "move" and '"gross"' in row[5])
    with asking() as ask:
        entries = ask_entries(ask, [row[0] for row in rows], size)
        assays = ask(_CONSIGNMENT_ASSAYS, {"orders": _orders(shipments), "size": size})
        movements = movements_of(rows)
        return movements, _with_assays(assays(), movements, entries(), size)


def ask_entries(ask: Ask, orders: Iterable[int], size: int) -> Callable[[], Entries]:
    """Ask for entries below a log size; the answer has all that amends them, too."""
    first = ask(_ENTRIES, {"orders": _orders(dict.fromkeys(orders)), "size": size})
    return lambda: _with_amendments(first(), size)


def _with_amendments(rows: list[Row], size: int) -> Entries:
    """Return entries by recorded order, with all that amends them."""
    found: Entries = {}
    while rows:
        found.update([(row[0], row) for row in rows])
        # What amends them, and what a correction replaced, wherever that moved something.
        asked = [row[10] for row in rows if row[10] is not None and row[10] not in found]
        named = {row[8] for row in rows if row[8] is not None}
        if named:
            named -= {row[1] for row in found.values()}
        if named:
            asked += [order for (order,) in fetch(_BY_HASH, {"hashes": list(named)})]
        rows = _entry_rows(asked, size) if asked else []
    return found


def _orders(orders: Iterable[int]) -> str:
    return array_text(map(str, orders))


def _entry_rows(orders: Iterable[int], size: int) -> list[Row]:
    return fetch(_ENTRIES, {"orders": _orders(orders), "size": size})


def happenings_of(movements: Movements, entries: Entries) -> list[Happening]:
    """Return what happened, every entry with those of its movements that were read."""
    return [
        Happening(
            entry=entry,
            order=order,
            kind=kind,
            author=author,
            facility=facility,
            stage=stage,
            on=on,
            effective=time,
            replaces=replaces,
            movements=tuple(movements.get(order, ())),
            is_disputed=is_disputed,
        )
        for (
            order,
            entry,
            kind,
            author,
            facility,
            stage,
            on,
            time,
            replaces,
            is_disputed,
            _amended_by,
        ) in entries.values()
    ]


def _with_assays(assays: list[Row], movements: Movements, entries: Entries, size: int) -> Entries:
    """Return entries with those of the assays, which speak of each lot that travelled."""
    added: set[int] = set()
    for shipment, order, jws, disclosures in assays:
        if shipment not in entries:
            continue
        body = _assay_of(_statement(jws, json_value(disclosures)))
        facts = msgspec.to_builtins(body)
        for move in movements[shipment]:
            if move.role == "move" and move.facts.get("gross"):
                told = Movement(lot=move.lot, role="assay", delta=0, unit=move.unit, facts=facts)
                movements.setdefault(order, []).append(told)
        added.add(order)
    added -= entries.keys()
    return entries | _with_amendments(_entry_rows(added, size), size) if added else entries


def _assay_of(statement: Statement) -> events.Assay:
    body = statement.body
    if isinstance(body, events.Correction):
        return to_shape(body.replacement.body, events.Assay)
    assay: events.Assay = body
    return assay


def _statement(jws: str, disclosures: Sequence[Mapping[str, Any]]) -> Statement:
    return parse_statement(
        jws.encode(), kinds=KINDS, ledger=settings.LEDGER_ORIGIN, disclosures=tuple(disclosures)
    )


def json_value(value: Any) -> Any:
    """Return a JSON column as data: Django's own connections hand it over as text."""
    return msgspec.json.decode(value) if isinstance(value, str) else value
