"""Reads for plausibility: what the statements of a history name, and what stood before them.

A handful of queries for a batch of lots, whatever its size. Everything is read below one log size,
and *before* is in log order, so that a later statement changes nothing about an earlier one.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from traceability.chronicling import fetch, json_value, recorded_statement
from traceability.ledger import events
from traceability.ledger.book import Movement
from traceability.ledger.chronicle import History
from traceability.ledger.effective import parse_effective
from traceability.ledger.mass import Interval
from traceability.ledger.plausibility.habits import ROUND_DIGITS
from traceability.ledger.plausibility.view import (
    Arrival,
    Mined,
    NamedBefore,
    Noted,
    SisterAssay,
    Titled,
    Told,
    Weighed,
)
from traceability.ledger.vocabulary import OrganizationRole
from traceability.ledger.weighings import document_in
from traceability.models import Organization, StatementText


def noted_at(size: int, history: History) -> Noted:
    """Return what is known of the statements of a history besides what they move."""
    if not history.happenings:
        return Noted()
    entries = list(history.happenings)
    lots = list(history.beginnings)
    ahead = _arrived_ahead(history, size)
    told = _told(history, [*entries, *(entry for entry, _, _ in ahead.values())])
    known = {"entries": entries, "lots": lots, "size": size, "round": ROUND_DIGITS}
    return Noted(
        told=told,
        weighed=tuple(_weighed(known)),
        mined=tuple(_mined(known)),
        before=tuple(_before(known | {"entries": list(told)})),
        titles=tuple(_titles(known)),
        arrivals={
            place: Arrival(entry=entry, author=author, facility=facility, told=told[entry])
            for place, (entry, author, facility) in ahead.items()
            if entry in told
        },
        sisters=tuple(_sisters(history, size)),
        clubs=_clubs(),
    )


# ── what statements say of themselves ─────────────────────────────────────────────────────

_HEADS = """
SELECT e.hash, e.recorded_order, e.effective, e.received_at, e.replaces IS NOT NULL,
       EXISTS (SELECT FROM traceability_statementtext t WHERE t.recorded_order = e.recorded_order)
FROM traceability_entry e WHERE e.hash = ANY (%(entries)s)
"""
_RECEIVED = """
SELECT recorded_order, received_at, effective
FROM traceability_entry WHERE recorded_order = ANY (%(orders)s)
"""
_CLOSED = """
SELECT DISTINCT ON (asked.entry) asked.entry, c.until, c.entry
FROM unnest(%(entries)s::text[], %(orders)s::bigint[]) AS asked(entry, recorded_order)
JOIN traceability_entry e ON e.recorded_order = asked.recorded_order
JOIN traceability_logindex i ON i.recorded_order = e.recorded_order
JOIN standards_account a ON a.holder = e.author AND e.facility = ANY (a.facilities)
JOIN standards_accountclose c ON c.account = a.account AND c.index < i.index
ORDER BY asked.entry, c.until DESC, c.index
"""
_NAMES = """
SELECT entry, kind, value FROM standards_particular WHERE entry = ANY (%(entries)s)
ORDER BY entry, kind, value
"""


def _told(history: History, entries: Sequence[str]) -> dict[str, Told]:
    names: dict[str, dict[str, tuple[str, ...]]] = {}
    for entry, kind, value in fetch(_NAMES, {"entries": entries}):
        named = names.setdefault(entry, {})
        named[kind] = (*named.get(kind, ()), value)
    heads = fetch(_HEADS, {"entries": entries})
    corrected = {entry: order for entry, order, _, _, replaces, _ in heads if replaces}
    roots = {entry: history.happenings[entry].order for entry in corrected}
    known = fetch(_RECEIVED, {"orders": list(roots.values())}) if roots else []
    first = {order: (received_at, effective) for order, received_at, effective in known}
    times = _corrected_times(corrected)
    # A correction that leaves the time alone came when what it corrects came.
    of = {entry: (order, roots.get(entry, order)) for entry, order, *_ in heads}
    orders = [
        own if times.get(entry, "") != first.get(root, ("", ""))[1] else root
        for entry, (own, root) in of.items()
    ]
    rows = fetch(_CLOSED, {"entries": list(of), "orders": orders})
    closed = {entry: {"closed_until": until, "closed_by": by} for entry, until, by in rows}
    told = {}
    for entry, _, effective, received_at, _, has_text in heads:
        start, end = parse_effective(times.get(entry) or effective).moments
        told[entry] = Told(
            start=start,
            end=end,
            received_at=first.get(of[entry][1], (received_at, ""))[0],
            names=names.get(entry, {}),
            has_text=has_text,
            **closed.get(entry, {}),
        )
    return told


def _corrected_times(corrected: Mapping[str, int]) -> dict[str, str]:
    """Return when what a correction states happened; that of the correction where it is erased."""
    entries = {order: entry for entry, order in corrected.items()}
    texts = StatementText.objects.filter(pk__in=entries).values_list("pk", "jws", "disclosures")
    times = {}
    for order, jws, disclosures in texts:
        body = recorded_statement(jws, disclosures).body
        if isinstance(body, events.Correction):
            times[entries[order]] = body.replacement.effective
    return times


# ── what was named before ─────────────────────────────────────────────────────────────────

_BEFORE = """
SELECT p.entry, p.kind, p.value, b.entry, b.named_at,
       CASE WHEN p.kind = 'container' THEN (
           SELECT min(r.named_at) FROM standards_particular r
           WHERE r.kind = 'received' AND r.matter = b.matter
             AND r.index < %(size)s AND (r.until IS NULL OR r.until >= %(size)s)
       ) END
FROM standards_particular p
CROSS JOIN LATERAL (
    SELECT b.entry, b.named_at, b.matter FROM standards_particular b
    WHERE b.kind = p.kind AND b.value = p.value AND b.entry <> p.entry
      AND b.index < %(size)s AND (b.until IS NULL OR b.until >= %(size)s)
      AND CASE p.kind
          WHEN 'received' THEN true
          WHEN 'document' THEN b.place < p.place AND NOT b.lots && p.lots AND (
              (b.begins AND p.begins) OR (b.author = p.author AND b.begins <> p.begins))
          WHEN 'container' THEN b.place < p.place AND b.matter <> p.matter
              AND b.matter NOT LIKE '%%:'
          ELSE b.place < p.place AND b.matter <> p.matter END
    ORDER BY b.place DESC LIMIT 5
) b
WHERE p.entry = ANY (%(entries)s)
  AND p.kind IN ('seal', 'container', 'document', 'certificate', 'received')
ORDER BY p.entry, p.kind, p.value, b.named_at DESC, b.entry
"""


def _before(known: Mapping[str, Any]) -> Iterator[NamedBefore]:
    for entry, kind, value, before, before_at, arrived_at in fetch(_BEFORE, known):
        yield NamedBefore(
            entry=entry,
            kind=kind,
            value=value,
            before=before,
            before_at=before_at,
            arrived_at=arrived_at,
        )


# ── what was booked so far ────────────────────────────────────────────────────────────────

_WEIGHED = """
WITH wanted AS MATERIALIZED (
    SELECT id, facility, year, month FROM standards_bookedamount
    WHERE entry = ANY (%(entries)s) AND lot = ANY (%(lots)s)
      AND index < %(size)s AND (until IS NULL OR until >= %(size)s)
), figures AS (
    SELECT a.id, count(*) FILTER (WHERE a.is_weighed) OVER of_month AS among,
           count(*) FILTER (WHERE a.is_weighed AND a.digits <= %(round)s) OVER of_month AS round,
           count(*) FILTER (WHERE a.is_weighed) OVER (
               PARTITION BY a.facility, a.year, a.month, a.high
               ORDER BY a.place, a.lot ROWS UNBOUNDED PRECEDING) AS same
    FROM standards_bookedamount a
    JOIN (SELECT DISTINCT facility, year, month FROM wanted) w USING (facility, year, month)
    WHERE a.element = ''
      AND a.index < %(size)s AND (a.until IS NULL OR a.until >= %(size)s)
    WINDOW of_month AS (PARTITION BY a.facility, a.year, a.month
                        ORDER BY a.place, a.lot ROWS UNBOUNDED PRECEDING)
), made AS (
    SELECT a.id,
           sum(a.low) OVER of_year AS year_low, sum(a.high) OVER of_year AS year_high,
           sum(a.low) OVER of_month AS month_low, sum(a.high) OVER of_month AS month_high
    FROM standards_bookedamount a
    JOIN (SELECT DISTINCT facility, year FROM wanted) w USING (facility, year)
    WHERE a.is_made AND a.index < %(size)s AND (a.until IS NULL OR a.until >= %(size)s)
    WINDOW of_year AS (PARTITION BY a.facility, a.year, a.material, a.element, a.unit,
                           CASE WHEN a.element = '' THEN a.basis = 'dry' END
                       ORDER BY a.place, a.lot ROWS UNBOUNDED PRECEDING),
        of_month AS (PARTITION BY a.facility, a.year, a.material, a.element, a.unit,
                         CASE WHEN a.element = '' THEN a.basis = 'dry' END, a.month
                     ORDER BY a.place, a.lot ROWS UNBOUNDED PRECEDING)
)
SELECT a.entry, a.lot, a.facility, a.high, a.unit, a.basis, a.material, a.year, a.month,
       a.is_weighed, a.is_made, a.element, coalesce(f.same, 0), coalesce(f.round, 0),
       coalesce(f.among, 0), m.year_low, m.year_high, m.month_low, m.month_high
FROM wanted
JOIN standards_bookedamount a USING (id)
LEFT JOIN figures f USING (id)
LEFT JOIN made m USING (id)
ORDER BY a.place, a.lot, a.element
"""


def _weighed(known: Mapping[str, Any]) -> Iterator[Weighed]:
    """Yield amounts, gross ones with what is contained of each element beside them.

    Shares of figures are told of figures alone, and sums of what a facility made.
    """
    gross: tuple[Any, ...] | None = None
    sums: dict[str, tuple[Interval, Interval]] = {}
    for row in fetch(_WEIGHED, known):
        if not row[_ELEMENT]:
            if gross is not None:
                yield _amount(gross, sums)
            gross, sums = row, {}
        if gross is not None and row[_IS_MADE]:
            year_low, year_high, month_low, month_high = map(int, row[_SUMS:])
            sums[row[_ELEMENT]] = (
                Interval(low=year_low, high=year_high),
                Interval(low=month_low, high=month_high),
            )
    if gross is not None:
        yield _amount(gross, sums)


_IS_MADE, _ELEMENT, _SUMS = 10, 11, 15


def _amount(row: tuple[Any, ...], sums: Mapping[str, tuple[Interval, Interval]]) -> Weighed:
    entry, lot, facility, amount, unit, basis, material, year, month, is_weighed, *rest = row
    _, _, same, round_, among = rest[:5]
    return Weighed(
        entry=entry,
        lot=lot,
        facility=facility,
        amount=amount,
        unit=unit,
        basis=basis,
        material=material,
        year=year,
        month=month,
        same=same,
        round=round_,
        among=among,
        is_weighed=is_weighed,
        of_year={element: of_year for element, (of_year, _) in sums.items()},
        of_month={element: of_month for element, (_, of_month) in sums.items()},
    )


_MINED = """
WITH asked AS (
    SELECT DISTINCT country, element, year FROM standards_bookedamount
    WHERE entry = ANY (%(entries)s) AND is_mined AND element <> ''
), so_far AS (
    SELECT a.entry, a.lot, a.country, a.element, a.year,
           sum(a.low) OVER w AS low, sum(a.high) OVER w AS high
    FROM standards_bookedamount a JOIN asked USING (country, element, year)
    WHERE a.is_mined AND a.index < %(size)s AND (a.until IS NULL OR a.until >= %(size)s)
    WINDOW w AS (PARTITION BY a.country, a.element, a.year
                 ORDER BY a.place, a.lot ROWS UNBOUNDED PRECEDING)
)
SELECT entry, lot, country, element, year, low, high FROM so_far WHERE entry = ANY (%(entries)s)
ORDER BY entry, lot, element
"""


def _mined(known: Mapping[str, Any]) -> Iterator[Mined]:
    for entry, lot, country, element, year, low, high in fetch(_MINED, known):
        yield Mined(
            entry=entry,
            lot=lot,
            country=country,
            element=element,
            year=year,
            so_far=Interval(low=int(low), high=int(high)),
        )


# ── titles, arrivals, sisters ─────────────────────────────────────────────────────────────

_TITLES = """
SELECT m.recorded_order, e.hash, m.lot, m.role, e.author, m.facts,
       EXISTS (SELECT FROM traceability_entry v
               JOIN traceability_logindex j USING (recorded_order)
               WHERE v.replaces = e.hash AND j.index < %(size)s)
       OR EXISTS (SELECT FROM traceability_movement c
                  JOIN traceability_logindex j USING (recorded_order)
                  WHERE c.lot = m.lot AND c.role = 'close' AND c.facts ->> 'offer' = e.hash
                    AND j.index < %(size)s)
FROM traceability_movement m
JOIN traceability_entry e USING (recorded_order)
JOIN traceability_logindex i USING (recorded_order)
WHERE m.lot = ANY (%(lots)s) AND m.role IN ('title', 'open') AND i.index < %(size)s
ORDER BY m.recorded_order, m.ordinal
"""


def _titles(known: Mapping[str, Any]) -> Iterator[Titled]:
    for order, entry, lot, role, author, stored, is_withdrawn in fetch(_TITLES, known):
        facts = json_value(stored)
        owners = [share["owner"].get("organization") for share in facts.get("owners", ())]
        yield Titled(
            entry=entry,
            order=order,
            lot=lot,
            author=author,
            to=tuple(facts["to"]) if role == "open" else (facts["to"],),
            is_offer=role == "open",
            owners=tuple(name for name in owners if name),
            is_withdrawn=is_withdrawn,
        )


_AHEAD = """
SELECT DISTINCT ON (p.value) p.value, p.entry, p.author, e.facility
FROM standards_particular p
JOIN traceability_entry e ON e.hash = p.entry
WHERE p.kind = 'received' AND p.value = ANY (%(values)s)
  AND p.index < %(size)s AND (p.until IS NULL OR p.until >= %(size)s)
ORDER BY p.value, p.place
"""


def _arrived_ahead(history: History, size: int) -> dict[str, tuple[str, str, str]]:
    """Return the receipts that came ahead of shipments, by `<consignment>/<lot>`."""
    places: dict[str, str] = {}
    for one in history.happenings.values():
        if one.kind != "custody.shipment":
            continue
        to = {m.lot: m.facts["to"] for m in one.movements if "gross" in m.facts}
        for m in one.movements:
            if m.role == "adjust" and m.lot in to:
                consignment = m.facts["consignment"]
                places[f"{consignment}:{to[m.lot]}/{m.lot}"] = f"{consignment}/{m.lot}"
    rows = fetch(_AHEAD, {"values": list(places), "size": size}) if places else []
    return {places[value]: (entry, author, facility) for value, entry, author, facility in rows}


_SISTERS = """
SELECT m.recorded_order, e.hash, e.author, m.lot, m.role, m.unit, m.facts
FROM traceability_movement m
JOIN traceability_entry e USING (recorded_order)
JOIN traceability_logindex i USING (recorded_order)
WHERE m.lot = ANY (%(lots)s) AND m.role IN ('make', 'assay') AND i.index < %(size)s
  AND NOT EXISTS (SELECT FROM traceability_entry v JOIN traceability_logindex j
                  USING (recorded_order) WHERE v.replaces = e.hash AND j.index < %(size)s)
ORDER BY m.recorded_order, m.ordinal
"""


def _sisters(history: History, size: int) -> Iterator[SisterAssay]:
    """Yield what documents say of parts of the same lots that are not in the history."""
    parents = {
        m.facts["into"]: m.lot
        for one in history.happenings.values()
        for m in one.movements
        if m.role == "take" and "into" in m.facts and m.facts["into"] not in history.beginnings
    }
    quantities: dict[str, Mapping[str, Any]] = {}
    rows = fetch(_SISTERS, {"lots": list(parents), "size": size}) if parents else []
    for order, entry, author, lot, role, unit, stored in rows:
        facts = json_value(stored)
        if role == "make":
            quantities[lot] = facts["quantity"]
        movement = Movement(lot=lot, role=role, delta=0, unit=unit, facts=facts)
        document = document_in(entry, movement)
        if document is not None and lot in quantities:
            yield SisterAssay(
                lot=lot,
                parent=parents[lot],
                order=order,
                author=author,
                quantity=quantities[lot],
                document=document,
            )


def _clubs() -> frozenset[str]:
    rows = Organization.objects.filter(roles__contains=[OrganizationRole.CLUB.value])
    return frozenset(rows.values_list("pk", flat=True))
