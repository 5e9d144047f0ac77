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

_ENTRIES = "SELECT * FROM ledger_entries(%(orders)s, %(size)s)"
_BY_HASH = "SELECT recorded_order FROM traceability_entry WHERE hash = ANY (%(hashes)s)"
_CONSIGNMENT_ASSAYS = "SELECT * FROM ledger_consignment_assays(%(orders)s, %(size)s)"
_SHORT = 40  # characters: `{"role": "recirculated"}`


def fetch(sql: str, parameters: Mapping[str, Any]) -> list[Row]:
    """Return all rows of a query."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[Row] = cursor.fetchall()
    return rows


def movements_of(rows: Iterable[Row]) -> Movements:
    """Return movements from rows of recorded order, lot, role, delta, unit and facts."""
    movements: Movements = {}
    known: dict[str, Any] = {}  # most withdrawals say the same few things
    for order, lot, role, delta, unit, text in rows:
        facts = known.get(text)
        if facts is None:
            facts = msgspec.json.decode(text)
            if len(text) < _SHORT:
                known[text] = facts
        movement = Movement(lot=lot, role=role, delta=delta, unit=unit, facts=facts)
        if order in movements:
            movements[order].append(movement)
        else:
            movements[order] = [movement]
    return movements


def entries_of(orders: Iterable[int], size: int) -> dict[int, Row]:
    """Return entries below a log size by recorded order, with all that amends them.

    A row is that of `ledger_entries`.
    """
    found: dict[int, Row] = {}
    asked = list(orders)
    while asked:
        rows = fetch(_ENTRIES, {"orders": asked, "size": size})
        found.update((row[0], row) for row in rows)
        # What amends them, and what a correction replaced, wherever that moved something.
        named = {row[8] for row in rows if row[8]} - {row[1] for row in found.values()}
        replaced = fetch(_BY_HASH, {"hashes": list(named)}) if named else []
        amending = {row[10] for row in rows if row[10] is not None} - found.keys()
        asked = [*amending, *(order for (order,) in replaced)]
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
    shipped = {
        order: moves
        for order, told in movements.items()
        if order in entries
        and (moves := [one for one in told if one.role == "move" and one.facts.get("gross")])
    }
    if not shipped:
        return
    added: set[int] = set()
    for shipment, order, jws, disclosures in fetch(
        _CONSIGNMENT_ASSAYS, {"orders": list(shipped), "size": size}
    ):
        body = _assay_of(_statement(jws, _json_value(disclosures)))
        facts = msgspec.to_builtins(body)
        for move in shipped[shipment]:
            told = Movement(lot=move.lot, role="assay", delta=0, unit=move.unit, facts=facts)
            movements.setdefault(order, []).append(told)
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
