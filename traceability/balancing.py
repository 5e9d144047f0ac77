"""Reads the mass balance of a site and a period: which lots it needs, and what came of them.

Who may read it is `seeing.sites_seen_in_full`; whoever calls asks that first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import connection

from traceability.errors import ImpossiblePeriod, SiteTooBusy
from traceability.ledger.balances import (
    Line,
    Row,
    SiteBalance,
    balance,
    stock_lines,
    total_of,
)
from traceability.ledger.provenance import propagate
from traceability.models import Facility
from traceability.tracing import lot_histories, published_size

MOST_LOTS = 3_000
"""Lots whose history one page computes."""

# What happened at the site by whose stock it is; of a correction chain its head. A lot's
# `change` is what the movement did to the site's stock, so that those gone can be left out.
_MOVED = """
SELECT m.lot, e.effective_on,
       CASE WHEN m.role = 'adjust' AND coalesce(e.event, e.kind) <> 'custody.stocktake'
            THEN CASE WHEN m.facts ->> 'why' = 'received' THEN (m.facts ->> 'to')::bigint ELSE 0 END
            WHEN m.role = 'move' AND m.facts ? 'gross' THEN -(m.facts ->> 'gross')::bigint
            WHEN m.role = 'move' THEN NULL  -- what was rejected: counted by its history
            WHEN m.role = 'offset' THEN NULL  -- corrected before it was counted: the same
            ELSE m.delta END
FROM traceability_entry e
JOIN traceability_logindex i ON i.recorded_order = e.recorded_order AND i.index < %(size)s
JOIN traceability_movement m ON m.recorded_order = e.recorded_order
    AND m.role IN ('make', 'take', 'adjust', 'move', 'offset')
WHERE (e.facility = %(facility)s OR (m.role = 'offset' AND e.facility IS NULL))  -- voids name none
  AND e.author = %(author)s AND e.effective_on <= %(last)s
  AND NOT EXISTS (
      SELECT FROM traceability_entry r
      JOIN traceability_logindex n ON n.recorded_order = r.recorded_order AND n.index < %(size)s
      WHERE r.replaces = e.hash)
"""
# Receipts that were recorded ahead of their shipment took effect with it, in its entry.
_AHEAD = """
SELECT m.lot, r.effective_on,
       split_part(r.waits_on, ':', 2) || ':' || split_part(r.waits_on, ':', 3)
FROM traceability_entry r
JOIN traceability_logindex i ON i.recorded_order = r.recorded_order AND i.index < %(size)s
JOIN traceability_entrysubject s ON s.subject = r.waits_on
JOIN traceability_movement m ON m.recorded_order = s.recorded_order AND m.role = 'adjust'
WHERE r.facility = %(facility)s AND r.author = %(author)s AND r.effective_on <= %(last)s
  AND r.waits_on IS NOT NULL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementBalance:
    """One element at a site over a period: by material, and all together."""

    element: str
    rows: tuple[Row, ...]
    total: Row


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteBooks:
    """The balance of a site as known at a log size, and the lines it is made of."""

    size: int
    lots: int
    balance: SiteBalance
    elements: tuple[ElementBalance, ...]
    lines: tuple[Line, ...]


def period_of(first: str, last: str, *, today: date) -> tuple[date, date]:
    """Return a period as asked for; this year so far where not.

    Raises:
        ImpossiblePeriod: no calendar days, or in the wrong order.
    """
    try:
        begins = date.fromisoformat(first) if first else date(today.year, 1, 1)
        ends = date.fromisoformat(last) if last else max(today, begins)
    except ValueError:
        raise ImpossiblePeriod(first, last) from None
    if begins > ends:
        raise ImpossiblePeriod(first, last)
    return begins, ends


def site_books(site: Facility, first: date, last: date) -> SiteBooks:
    """Return the mass balance of a site over a period, both days included.

    Raises:
        SiteTooBusy: more lots than a page computes.
    """
    author, size = site.operator_id or site.organization_id, published_size()
    asked = {"facility": site.pk, "author": author, "last": last, "size": size}
    needed = _Needed(first=first)
    for lot, on, change in _rows(_MOVED, asked):
        needed.add(lot, on, change)
    ahead = {}
    for lot, on, consignment in _rows(_AHEAD, asked):
        ahead[consignment] = on
        needed.lots.add(lot)
    lots = needed.chosen()
    if len(lots) > MOST_LOTS:
        raise SiteTooBusy(lots=len(lots), most=MOST_LOTS)
    history = lot_histories(sorted(lots), size=size)
    steps = [step for step in history.steps if not history.is_dispatch(step)]
    elements = {name for step in steps for made in step.makes for name in made.contained}
    for lot in lots:
        elements |= history.elements_of(lot)
    lines = stock_lines(
        history,
        propagate(steps, elements=elements),
        is_here=lambda one: one.facility == site.pk and one.author == author,
        ahead=ahead,
    )
    told = balance(lines, first, last)
    return SiteBooks(
        size=size,
        lots=len(lots),
        balance=told,
        elements=tuple(
            ElementBalance(element=element, rows=rows, total=total_of(rows))
            for element, rows in told.elements.items()
        ),
        lines=tuple(line for line in lines if first <= line.on <= last),
    )


@dataclass(slots=True, kw_only=True)
class _Needed:
    """Lots that were there when the period began, or moved in it."""

    first: date
    before: dict[str, int] = field(default_factory=dict)
    lots: set[str] = field(default_factory=set)

    def add(self, lot: str, on: date, change: int | None) -> None:
        if on >= self.first or change is None:
            self.lots.add(lot)
        else:
            self.before[lot] = self.before.get(lot, 0) + int(change)

    def chosen(self) -> set[str]:
        return self.lots | {lot for lot, amount in self.before.items() if amount}


def _rows(sql: str, asked: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, asked)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
