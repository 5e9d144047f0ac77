"""From rows to happenings: what the ledger keeps of some lots, as `chronicle` reads it.

Every look-up is a call of a function in migrations/sql/lineage.sql, which says what is read.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection

from traceability.ledger import events
from traceability.ledger.book import Movement
from traceability.ledger.chronicle import Happening
from traceability.ledger.kinds import KINDS
from traceability.ledger.statements import Statement, parse_statement, to_shape

Row = tuple[Any, ...]
Movements = dict[int, list[Movement]]
"""Movements by the recorded order of their entry, in their order there."""

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


def bigints(numbers: Iterable[int]) -> str:
    """Return numbers as PostgreSQL writes an array; the driver takes ten times as long."""
    return f"{{{','.join(map(str, numbers))}}}"


def movements_of(rows: Iterable[Row]) -> Movements:
    """Return movements from rows of recorded order, lot, role, delta, unit and facts."""
    movements: Movements = {}
    known: dict[str, Any] = {}  # withdrawals say the same few things
    for order, lot, role, delta, unit, text in rows:
        if role == "take":
            facts = known.get(text)
            if facts is None:
                facts = known[text] = _facts(text)
        else:
            facts = _facts(text)
        movement = Movement(lot=lot, role=role, delta=delta, unit=unit, facts=facts)
        told = movements.get(order)
        if told is None:
            movements[order] = [movement]
        else:
            told.append(movement)
    return movements


def entries_of(orders: Iterable[int], size: int) -> dict[int, Row]:
    """Return entries below a log size by recorded order, with all that amends them.

    A row is that of `ledger_entries`.
    """
    found: dict[int, Row] = {}
    asked = list(orders)
    while asked:
        rows = fetch(_ENTRIES, {"orders": bigints(asked), "size": size})
        found.update([(row[0], row) for row in rows])
        # What amends them, and what a correction replaced, wherever that moved something.
        asked = [row[10] for row in rows if row[10] is not None and row[10] not in found]
        named = {row[8] for row in rows if row[8] is not None}
        if named:
            named -= {row[1] for row in found.values()}
        if named:
            asked += [order for (order,) in fetch(_BY_HASH, {"hashes": list(named)})]
    return found


def happenings_of(movements: Movements, entries: Mapping[int, Row]) -> list[Happening]:
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


def add_consignment_assays(movements: Movements, entries: dict[int, Row], size: int) -> None:
    """Let an assay on a consignment speak of each lot that travelled in it."""
    shipped: Movements = {}
    for order, told in movements.items():
        for one in told:
            if one.role == "move" and one.facts.get("gross") and order in entries:
                shipped.setdefault(order, []).append(one)
    if not shipped:
        return
    added: set[int] = set()
    for shipment, order, jws, disclosures in fetch(
        _CONSIGNMENT_ASSAYS, {"orders": bigints(shipped), "size": size}
    ):
        body = _assay_of(_statement(jws, _json_value(disclosures)))
        facts = msgspec.to_builtins(body)
        for move in shipped[shipment]:
            assayed = Movement(lot=move.lot, role="assay", delta=0, unit=move.unit, facts=facts)
            movements.setdefault(order, []).append(assayed)
        added.add(order)
    entries.update(entries_of(added - entries.keys(), size))


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


def _json_value(value: Any) -> Any:
    """Return a JSON column as data: Django's own connections hand it over as text."""
    return msgspec.json.decode(value) if isinstance(value, str) else value
