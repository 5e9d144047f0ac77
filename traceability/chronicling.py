"""From rows to happenings: what the ledger keeps of some lots, as `chronicle` reads it.

Every look-up is a call of a function in migrations/sql, where lineage*.sql say what is read.
"""

from collections.abc import Iterable, Iterator, Mapping
from operator import itemgetter
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection

from traceability.ledger import events
from traceability.ledger.book import Movement
from traceability.ledger.chronicle import Happening
from traceability.ledger.kinds import KINDS
from traceability.ledger.statements import Kinds, Statement, parse_statement, to_shape
from traceability.streaming import Answers, Row, rows_of
from traceability.wire import array_text

Movements = dict[int, list[Movement]]
"""Movements by the recorded order of their entry, in their order there."""
Entries = dict[int, Row]
"""Rows of `ledger_entries` by recorded order."""

_TEXTS = """
SELECT recorded_order, jws, disclosures FROM traceability_statementtext
WHERE recorded_order = ANY (%(orders)s::bigint[])
"""
_BY_HASH = "SELECT recorded_order FROM traceability_entry WHERE hash = ANY (%(hashes)s)"
_facts = msgspec.json.Decoder().decode
_place = itemgetter(0, 1)


def fetch(sql: str, parameters: Mapping[str, Any]) -> list[Row]:
    """Return all rows of a query. Lists go over as the text of an array, quoted as a whole."""
    told = {
        name: array_text(map(str, value)) if isinstance(value, list) else value
        for name, value in parameters.items()
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, told)
        rows: list[Row] = cursor.fetchall()
    return rows


def told_by(rows: Iterable[Row], size: int) -> tuple[Movements, Entries]:
    """Return movements by their entries, and those entries as they stand below a log size.

    An assay on a consignment is told of each lot that travelled in it. Rows are decoded as they
    come, and put in order while the database looks up their entries.

    Args:
        rows: recorded order, ordinal, lot, role, delta, unit, facts; in any order.
        size: of the log.
    """
    shipments: dict[int, None] = {}
    told = list(_decoded(rows, shipments))
    orders = dict.fromkeys([row[0] for row in told])
    found: tuple[list[Row], list[Row]] = [], []
    asked = ("ledger_entries", orders), ("ledger_consignment_assays", shipments)
    answers = Answers(*[(name, (_orders(which), str(size))) for name, which in asked])
    movements = _movements_of(told)
    for number, some in answers:
        found[number].extend(some)
    entries, assays = found
    return movements, _with_assays(assays, movements, with_amendments(entries, size), size)


def _decoded(rows: Iterable[Row], shipments: dict[int, None]) -> Iterator[Row]:
    """Yield rows with their facts as data, and note what was shipped in consignments."""
    known: dict[str, Any] = {}  # withdrawals say the same few things
    for order, ordinal, lot, role, delta, unit, text in rows:
        if role == "take":
            facts = known.get(text)
            if facts is None:
                facts = known[text] = _facts(text)
        else:
            facts = _facts(text)
            if role == "move" and "gross" in facts:
                shipments[order] = None
        yield order, ordinal, lot, role, delta, unit, facts


def _movements_of(rows: list[Row]) -> Movements:
    movements: Movements = {}
    rows.sort(key=_place)
    told: list[Movement] = []
    before = None
    for order, _ordinal, lot, role, delta, unit, facts in rows:
        if order != before:
            before, told = order, movements.setdefault(order, [])
        told.append(Movement(lot=lot, role=role, delta=delta, unit=unit, facts=facts))
    return movements


def with_amendments(rows: list[Row], size: int) -> Entries:
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
    return found | _corrections_of(found.values())


def _corrections_of(rows: Iterable[Row]) -> Entries:
    """Return corrections with the time of the event that they put right; theirs is another.

    Where the text was erased it is the day, which the entry tells.
    """
    found = {row[0]: row for row in rows if row[8] is not None and row[2] != "custody.void"}
    times = {order: row[6].isoformat() for order, row in found.items()}
    texts = fetch(_TEXTS, {"orders": list(found)}) if found else ()
    for order, jws, disclosures in texts:
        body = recorded_statement(jws, disclosures).body
        if isinstance(body, events.Correction):
            times[order] = body.replacement.effective
    return {order: (*row[:7], times[order], *row[8:]) for order, row in found.items()}


def _orders(orders: Iterable[int]) -> str:
    return array_text(map(str, orders))


def _entry_rows(orders: Iterable[int], size: int) -> list[Row]:
    return rows_of("ledger_entries", _orders(orders), str(size))


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
        body = _assay_of(recorded_statement(jws, disclosures))
        facts = msgspec.to_builtins(body)
        for move in movements[shipment]:
            if move.role == "move" and move.facts.get("gross"):
                told = Movement(lot=move.lot, role="assay", delta=0, unit=move.unit, facts=facts)
                movements.setdefault(order, []).append(told)
        added.add(order)
    added -= entries.keys()
    return entries | with_amendments(_entry_rows(added, size), size) if added else entries


def _assay_of(statement: Statement) -> events.Assay:
    body = statement.body
    if isinstance(body, events.Correction):
        return to_shape(body.replacement.body, events.Assay)
    assay: events.Assay = body
    return assay


def recorded_statement(jws: str, disclosures: Any, *, kinds: Kinds = KINDS) -> Statement:
    """Return a statement from its stored text, whatever a later rule of admission would say."""
    return parse_statement(
        jws.encode(),
        kinds=kinds,
        ledger=settings.LEDGER_ORIGIN,
        disclosures=tuple(json_value(disclosures)),
        is_recorded=True,
    )


def json_value(value: Any) -> Any:
    """Return a JSON column as data: Django's own connections hand it over as text."""
    return msgspec.json.decode(value) if isinstance(value, str) else value
