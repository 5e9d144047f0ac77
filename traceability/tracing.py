"""Reads that build core values: tiles, entries, lots and their histories."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection

from traceability.ledger import events
from traceability.ledger.book import Movement
from traceability.ledger.chronicle import Happening, History, build_history
from traceability.ledger.kinds import KINDS
from traceability.ledger.statements import Statement, parse_statement, to_shape
from traceability.ledger.tiles import TILE_WIDTH
from traceability.models import Checkpoint, LogState, Tile


def log_state() -> LogState:
    """Return the tree as sequenced so far; empty where nothing is sequenced yet."""
    return LogState.objects.filter(pk=1).first() or LogState(size=0, root="", edge=[])


def tile_reader(state: LogState) -> Callable[[int, int, int], bytes]:
    """Return a reader of tiles of the tree in `state`: full ones stored, the edge in its row."""

    def read(level: int, index: int, width: int) -> bytes:
        hashes = state.size >> 8 * level
        if index == hashes // TILE_WIDTH:  # the partial tile at the right edge
            return bytes.fromhex(state.edge[level])[: width * 32]
        return bytes(Tile.objects.get(level=level, index=index).hashes)[: width * 32]

    return read


def published_size() -> int:
    """Return how many entries a signed checkpoint commits to."""
    newest = Checkpoint.objects.order_by("-size").values_list("size", flat=True).first()
    return newest or 0


def size_known_at(size: int | None) -> int:
    """Return the log size to read at: the one asked for, or the newest that is published."""
    newest = published_size()
    return newest if size is None else min(size, newest)


# ── what led to a lot, and what came of it ────────────────────────────────────────────────

# A part of a lot (split, partial shipment) comes from that lot alone, whatever else the entry
# moves: `into` and `from` name each other. Otherwise all that goes in is pooled.
_SAME_FLOW = """
    CASE WHEN made.facts ? 'from' THEN taken.lot = made.facts ->> 'from'
         ELSE NOT taken.facts ? 'into' END
"""
# Lots with what led to them (`is_up`), and what else a step made out of the same pool: its
# measured part is not the others'. Entries are not looked at here: `lot_histories` does.
_LED = """
WITH RECURSIVE led(lot, is_up) AS (
    SELECT unnest(%(lots)s::text[]), true
    UNION
    SELECT other.lot, other.role = 'take' FROM led
    JOIN traceability_movement made ON made.lot = led.lot AND made.role = 'make'
    {below}
    JOIN traceability_movement other ON other.recorded_order = made.recorded_order
      AND CASE WHEN made.facts ? 'from'
          THEN other.role = 'take' AND other.lot = made.facts ->> 'from'
          ELSE other.role IN ('take', 'make') AND NOT other.facts ?| '{{into,from}}' END
    WHERE led.is_up
)
"""
_LED_TO = """{led}
SELECT m.recorded_order, m.lot, m.role, m.delta, m.unit, m.facts
FROM (SELECT lot, bool_or(is_up) AS is_up FROM led GROUP BY lot) lots
JOIN traceability_movement m ON m.lot = lots.lot
  AND (m.role IN ('make', 'move', 'assay') OR is_up AND m.role IN ('take', 'adjust', 'title'))
ORDER BY m.recorded_order, m.ordinal
"""
_UPSTREAM = _LED_TO.format(led=_LED.format(below=""))
_UPSTREAM_BELOW = _LED_TO.format(
    led=_LED.format(
        below="JOIN traceability_logindex i "
        "ON i.recorded_order = made.recorded_order AND i.index < %(size)s"
    )
)
# The recursion goes no further than the limit asks.
_HOW_MANY = f"""{_LED.format(below="")}
SELECT count(*) FROM (SELECT FROM led LIMIT %(most)s) found
"""  # noqa: S608
_DOWNSTREAM = f"""
WITH RECURSIVE down(lot) AS (
    SELECT unnest(%(lots)s::text[])
    UNION
    SELECT made.lot FROM down
    JOIN traceability_movement taken ON taken.lot = down.lot AND taken.role = 'take'
    JOIN traceability_movement made
      ON made.recorded_order = taken.recorded_order AND made.role = 'make' AND {_SAME_FLOW}
)
SELECT lot FROM down
"""  # noqa: S608
_MADE_AT = """
SELECT m.lot FROM traceability_entry e
JOIN traceability_movement m ON m.recorded_order = e.recorded_order AND m.role IN ('make', 'move')
WHERE e.facility = %(facility)s AND e.effective_on >= %(since)s
UNION
SELECT m.lot FROM traceability_movement m
WHERE m.role = 'make' AND m.facts -> 'declared_origin' @> %(declared)s::jsonb
"""
# Entries, and what amends them, where they are below the size.
_ENTRIES = """
SELECT e.recorded_order, e.hash, coalesce(e.event, e.kind), e.author, e.facility, e.stage,
       e.effective_on, e.effective, e.replaces, coalesce(k.distrusted_from <= i.index, false)
FROM (
    SELECT unnest(%(orders)s::bigint[]) AS recorded_order
    UNION
    SELECT n.recorded_order FROM traceability_entry e
    JOIN traceability_entry n ON n.replaces = e.hash
    WHERE e.recorded_order = ANY (%(orders)s)
) asked
JOIN traceability_logindex i ON i.recorded_order = asked.recorded_order AND i.index < %(size)s
JOIN traceability_entry e ON e.recorded_order = asked.recorded_order
LEFT JOIN (
    SELECT kid, distrusted_from FROM traceability_key
    JOIN traceability_logindex r ON r.recorded_order = revoked_order AND r.index < %(size)s
) k ON k.kid = e.kid
"""
_CONSIGNMENT_ASSAYS = """
SELECT shipped.recorded_order, a.recorded_order, t.jws, t.disclosures
FROM traceability_entrysubject shipped
JOIN traceability_entrysubject s ON s.subject = shipped.subject
JOIN traceability_entry a
  ON a.recorded_order = s.recorded_order AND coalesce(a.event, a.kind) = 'custody.assay'
JOIN traceability_logindex i ON i.recorded_order = a.recorded_order AND i.index < %(size)s
JOIN traceability_statementtext t ON t.recorded_order = a.recorded_order
WHERE shipped.recorded_order = ANY (%(orders)s) AND shipped.subject LIKE 'consignment:%%'
"""


def lot_history(lot_id: str, *, size: int) -> History:
    """Return everything that led to a lot, as the entries below a log size tell it."""
    return lot_histories([lot_id], size=size)


def lot_histories(lots: Collection[str], *, size: int) -> History:
    """Return one history that leads to several lots, so that what they share is read once.

    Corrections are carried out; assays on a lot, or on the consignment it travelled in,
    govern it and what came of it. See `chronicle.build_history`.
    """
    if not lots:
        return build_history(())
    known = {"lots": list(lots), "size": size}
    movements = _movements(_UPSTREAM, known)
    entries = _entries(movements, size)
    unknown = movements.keys() - entries.keys()
    if any(one.role == "make" for order in unknown for one in movements[order]):
        # Something above the size made one of these lots: it must not lead anywhere.
        movements = _movements(_UPSTREAM_BELOW, known)
        entries = _entries(movements, size)
    _add_consignment_assays(movements, entries, size)
    return build_history(
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
            is_disputed=disputed,
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
            disputed,
        ) in entries.values()
    )


def led_by_more_than(most: int, lots: Collection[str]) -> bool:
    """Tell whether more than so many lots, themselves included, led to some lots."""
    [(found,)] = _rows(_HOW_MANY, {"lots": list(lots), "most": most + 1})
    return bool(found > most)


def onward_history(lots: Collection[str], *, size: int) -> History:
    """Return one history of some lots, of all that came of them, and of what that is made of."""
    return lot_histories(descendants(lots), size=size)


def facility_history(facility: str, *, since: date, size: int) -> History:
    """Return the history of all that may have come of what left a facility from a day on.

    `recall.of_facility` tells what of it did: statements replaced since are among the lots
    that are looked for here, not among the steps.
    """
    declared = msgspec.json.encode([{"facility": facility}]).decode()
    known = {"facility": facility, "since": since, "declared": declared}
    return onward_history([lot for (lot,) in _rows(_MADE_AT, known)], size=size)


def descendants(lots: Iterable[str]) -> set[str]:
    """Return these lots and every lot that took from them, also by statements replaced since."""
    return {row[0] for row in _rows(_DOWNSTREAM, {"lots": list(lots)})}


def _movements(sql: str, known: Mapping[str, Any]) -> dict[int, list[Movement]]:
    """Return movements by the recorded order of their entry, in their order there."""
    movements: dict[int, list[Movement]] = {}
    for order, lot, role, delta, unit, facts in _rows(sql, known):
        movement = Movement(lot=lot, role=role, delta=delta, unit=unit, facts=_json_value(facts))
        movements.setdefault(order, []).append(movement)
    return movements


def _entries(orders: Iterable[int], size: int) -> dict[int, tuple[Any, ...]]:
    """Return entries below a size by recorded order, with all corrections and voids of them."""
    found: dict[int, tuple[Any, ...]] = {}
    asked = list(orders)
    while asked:
        rows = _rows(_ENTRIES, {"orders": asked, "size": size})
        fresh = [row for row in rows if row[0] not in found]
        found.update((row[0], row) for row in fresh)
        # What a correction replaced, wherever it moved, and a correction's own correction.
        named = {row[8] for row in fresh if row[8]} - {row[1] for row in found.values()}
        replaced = _rows(_BY_HASH, {"hashes": list(named)}) if named else []
        amending = {row[0] for row in fresh} - set(asked)
        asked = [*amending, *(order for (order,) in replaced)]
    return found


_BY_HASH = "SELECT recorded_order FROM traceability_entry WHERE hash = ANY (%(hashes)s)"


def _add_consignment_assays(
    movements: dict[int, list[Movement]], entries: dict[int, tuple[Any, ...]], size: int
) -> None:
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
    for shipment, order, jws, disclosures in _rows(
        _CONSIGNMENT_ASSAYS, {"orders": list(shipped), "size": size}
    ):
        body = _assay_of(_statement(jws, _json_value(disclosures)))
        facts = msgspec.to_builtins(body)
        for move in shipped[shipment]:
            told = Movement(lot=move.lot, role="assay", delta=0, unit=move.unit, facts=facts)
            movements.setdefault(order, []).append(told)
        added.add(order)
    entries.update(_entries(added - entries.keys(), size))


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


def _rows(sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _json_value(value: Any) -> Any:
    """Return a JSON column as data: Django's own connections hand it over as text."""
    return msgspec.json.decode(value) if isinstance(value, str) else value
