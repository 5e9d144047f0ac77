"""Taking notes for plausibility: what published statements name, and what they put on the books.

Called by the follower for every stretch of the log it takes in, in the same transaction. Pure
checks then ask what was named or booked before (`standards.noted`).
"""

from base64 import urlsafe_b64decode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from standards.known import statement_of
from standards.models import BookedAmount, Particular
from traceability.chronicling import json_value
from traceability.ledger import events
from traceability.ledger.effective import Effective, parse_effective
from traceability.ledger.grades import Assayed, measured
from traceability.ledger.kinds import CUSTODY
from traceability.ledger.mass import Interval
from traceability.ledger.materials import elements_named
from traceability.ledger.shapes import Evidence
from traceability.ledger.statements import Statement, to_shape
from traceability.models import Facility

_BRINGING = frozenset(
    {"custody.receipt", "custody.extraction", "custody.introduction", "custody.recovery"}
)
"""Kinds that put goods on somebody's books."""
_BEGINNING = _BRINGING - {"custody.receipt"}
_MAKING = _BEGINNING | {"custody.transformation"}
_BOOKING = _MAKING | {"custody.receipt"}
_NAMING = _BRINGING | {"custody.shipment", "custody.assay", "registry.erasure"}
_UNWEIGHED = frozenset({"declared", "estimated"})
_AT_ONCE = 10_000  # entries

_ENTRIES = """
SELECT i.index, e.recorded_order, e.hash, e.kind, coalesce(e.event, e.kind), e.author, e.facility,
       e.effective_on, e.replaces, t.jws, t.disclosures
FROM traceability_logindex i
JOIN traceability_entry e USING (recorded_order)
LEFT JOIN traceability_statementtext t USING (recorded_order)
WHERE i.index >= %s AND i.index < %s AND (e.kind LIKE 'custody.%%' OR e.kind = 'registry.erasure')
ORDER BY i.index
"""
_MOVEMENTS = """
SELECT recorded_order, lot, role, delta, unit, facts FROM traceability_movement
WHERE recorded_order = ANY (%s) AND role IN ('make', 'adjust')
ORDER BY recorded_order, ordinal
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A published event, or what a correction puts in its place."""

    index: int
    order: int
    entry: str
    kind: str  # `custody.void` for what withdraws one
    author: str
    facility: str | None
    on: date
    replaces: str | None
    statement: Statement | None  # None: erased

    @property
    def body(self) -> Any:
        """Return what the event says."""
        said = self.statement.body if self.statement else None
        if isinstance(said, events.Correction):
            return to_shape(said.replacement.body, CUSTODY[self.kind].body)
        return said

    @property
    def effective(self) -> Effective:
        """Return when it happened."""
        said = self.statement.body if self.statement else None
        if isinstance(said, events.Correction):
            return parse_effective(said.replacement.effective)
        return self.statement.effective if self.statement else parse_effective(str(self.on))

    @property
    def evidence(self) -> list[Evidence]:
        """Return the documents it names."""
        if self.statement is None:
            return []
        said = self.statement.body
        own = self.statement.envelope.evidence or []
        return (said.replacement.evidence or own) if isinstance(said, events.Correction) else own


def note_statements(first: int, until: int) -> set[str]:
    """Take notes of the published entries from `first` up to `until`.

    Returns:
        The lots about which something else was noted before that these entries replace: what was
        said about them may no longer hold.
    """
    read = list(_read(first, until))
    happened = [one for one in read if one.kind != "registry.erasure"]
    places = _places(happened)
    particulars = [row for one in happened for row in _particulars(one, places[one.entry])]
    Particular.objects.bulk_create(particulars, batch_size=2_000)
    BookedAmount.objects.bulk_create(list(_amounts(happened, places)), batch_size=2_000)
    _forget_erased(read)
    return _replace(happened)


def note_transit(until: int) -> None:
    """Take notes of the countries that shipments pass, of what was followed before that was noted.

    For the migration of a ledger that is older than the notes; on any other it changes nothing.
    """
    for first in range(0, until, _AT_ONCE):
        read = _read(first, min(first + _AT_ONCE, until))
        shipments = [one for one in read if one.kind == "custody.shipment"]
        known = Particular.objects.filter(entry__in=[one.entry for one in shipments])
        noted = set(known.filter(kind="transit").values_list("entry", flat=True))
        ended = dict(known.exclude(until=None).values_list("entry", "until"))
        places = _places(shipments)
        fresh = [one for one in shipments if one.entry not in noted]
        rows = [row for one in fresh for row in _particulars(one, places[one.entry])]
        for row in rows:
            row.until = ended.get(row.entry)
        Particular.objects.bulk_create([row for row in rows if row.kind == "transit"])


def _read(first: int, until: int) -> Iterator[Event]:
    with connection.cursor() as cursor:
        cursor.execute(_ENTRIES, [first, until])
        rows = cursor.fetchall()
    for index, order, entry, kind, event, author, facility, on, replaces, jws, hidden in rows:
        is_read = jws is not None and _may_name(event if kind.startswith("custody.") else kind, jws)
        yield Event(
            index=index,
            order=order,
            entry=entry,
            kind=kind if kind in ("custody.void", "registry.erasure") else event,
            author=author,
            facility=facility,
            on=on,
            replaces=replaces,
            statement=statement_of(jws, hidden) if is_read else None,
        )


def _may_name(kind: str, jws: str) -> bool:
    """Tell whether a statement may name something of interest, without understanding it.

    Most do not, and understanding costs ten times as much as looking for a person.
    """
    if kind in _NAMING:
        return True
    payload = urlsafe_b64decode(jws.split(".")[1] + "==")
    return kind != "custody.void" and (b'"acting_person"' in payload or b"\\u" in payload)


_CHAIN = """
WITH RECURSIVE chain(entry, root) AS (
    SELECT hash, replaces FROM traceability_entry WHERE hash = ANY (%s)
    UNION
    SELECT c.entry, e.replaces FROM chain c JOIN traceability_entry e ON e.hash = c.root
    WHERE e.replaces IS NOT NULL
)
SELECT c.entry, min(i.index) FROM chain c
JOIN traceability_entry e ON e.hash = c.root
JOIN traceability_logindex i USING (recorded_order)
GROUP BY c.entry
"""


def _places(happened: Iterable[Event]) -> dict[str, int]:
    """Return where in the log each event holds: a correction where the original stands."""
    places = {one.entry: one.index for one in happened}
    corrections = [one.entry for one in happened if one.replaces is not None]
    if corrections:
        with connection.cursor() as cursor:
            cursor.execute(_CHAIN, [corrections])
            places.update(cursor.fetchall())
    return places


def _forget_erased(found: Iterable[Event]) -> None:
    for one in found:
        if one.kind == "registry.erasure" and one.statement is not None:
            Particular.objects.filter(entry=one.statement.body.entry).delete()


# ── what is named ─────────────────────────────────────────────────────────────────────────


def _particulars(event: Event, place: int) -> Iterator[Particular]:
    if event.statement is None:
        return
    matter, lots = _matter(event), _lots(event)
    for kind, value in sorted(set(_named(event, event.body))):
        yield Particular(
            index=event.index,
            place=place,
            entry=event.entry,
            author=event.author,
            kind=kind,
            value=value,
            matter=matter,
            lots=lots,
            begins=event.kind in _BEGINNING,
            named_at=event.effective.moments[0],
        )


def _named(event: Event, body: Any) -> Iterator[tuple[str, str]]:
    if event.statement is not None and event.statement.envelope.acting_person is not None:
        yield "person", ""
    if event.kind in _BRINGING:
        yield from (("document", one.sha256) for one in event.evidence)
    if event.kind == "custody.assay":
        yield from (("certificate", one.sha256) for one in event.evidence)
    if isinstance(body, events.Shipment):
        yield from (("seal", seal) for seal in body.seals or () if _is_number(seal))
        yield from (("container", box) for box in body.containers or () if _is_number(box))
        yield from [("unsealed", "")] if body.seals == [] else []
        yield from [("mode", body.transport_mode)] if body.transport_mode else []
        yield from (("transit", country) for country in _passed(body))
    elif isinstance(body, events.Receipt):
        yield from (("received", f"{_matter(event)}/{one.lot}") for one in body.lots)
    elif isinstance(body, events.Extraction) and body.licence is not None:
        yield "licence", body.licence
    elif isinstance(body, events.Introduction) and body.supplier is not None:
        yield "supplier", ""


def _passed(body: events.Shipment) -> Iterator[str]:
    """Yield the countries that a shipment states to pass, or to go to."""
    places = [point.place for point in body.route or ()]
    places += [body.destination] if body.destination else []
    yield from (one.country for one in places if one.country)


def _is_number(text: str) -> bool:
    """Tell a number from a word such as `none` that somebody put in its place."""
    return any(character.isdigit() for character in text)


def _matter(event: Event) -> str:
    """Return what an event is about, so that the same thing may be named for it again."""
    body = event.body
    if isinstance(body, events.Shipment):
        return f"{body.consignment}:{body.consignee.organization or ''}"
    if isinstance(body, events.Receipt):
        return f"{body.consignment}:{event.author}"
    if isinstance(body, events.Assay):
        return body.lot or f"{body.consignment}:{body.consignee}"
    return event.entry


def _lots(event: Event) -> list[str]:
    told = event.statement.subjects if event.statement else ()
    return [name.removeprefix("lot:") for name in told if name.startswith("lot:")]


# ── what is booked ────────────────────────────────────────────────────────────────────────


def _amounts(found: Iterable[Event], places: Mapping[str, int]) -> Iterator[BookedAmount]:
    booking = {one.order: one for one in found if one.kind in _BOOKING and one.facility}
    if not booking:
        return
    countries = dict(
        Facility.objects.filter(pk__in={one.facility for one in booking.values()}).values_list(
            "pk", "country"
        )
    )
    with connection.cursor() as cursor:
        cursor.execute(_MOVEMENTS, [list(booking)])
        rows = cursor.fetchall()
    for order, lot, role, delta, unit, facts in rows:
        event, told = booking[order], json_value(facts)
        if role == "make" and event.kind in _MAKING:
            booked = _made(event, lot, int(delta), unit, told)
        elif role == "adjust" and "consignment" in told:
            booked = _received(event, lot, unit, told)
        else:
            continue
        for one in booked:
            one.country = countries.get(one.facility, "")
            one.place = places[one.entry]
            yield one


def _made(
    event: Event, lot: str, amount: int, unit: str, facts: Mapping[str, Any]
) -> Iterator[BookedAmount]:
    is_product = facts.get("role", "product") == "product"
    is_made = is_product and event.kind != "custody.introduction"
    is_mined = event.kind == "custody.extraction"
    quality = facts["quantity"].get("quality")
    row: dict[str, Any] = {
        "material": facts["material"],
        "unit": unit,
        "basis": facts["quantity"]["basis"],
        "is_weighed": quality not in _UNWEIGHED,
        "is_made": is_made,
        "is_mined": is_mined,
    }
    yield _amount(event, lot, "", Interval(low=amount, high=amount), row)
    if is_made:
        for element, mass in _contained(event, amount, unit, facts).items():
            yield _amount(event, lot, element, mass, row)


def _contained(
    event: Event, amount: int, unit: str, facts: Mapping[str, Any]
) -> dict[str, Interval]:
    """Return the metal as its maker states it; all of the mass may be what nobody assayed."""
    document = Assayed(
        entry=event.entry,
        status="provisional",
        results=facts.get("assays", ()),
        compound=facts.get("compound"),
    )
    known = document.results or document.compound
    told = measured(amount, facts["quantity"], [document] if known else [], None).contained
    anything = Interval(low=0, high=amount if unit == "mg" else 0)
    unknown = dict.fromkeys(elements_named(facts["material"]) - told.keys(), anything)
    return unknown | dict(told)


def _received(
    event: Event, lot: str, unit: str, facts: Mapping[str, Any]
) -> Iterator[BookedAmount]:
    amount = int(facts["to"])
    row = {"material": "", "unit": unit, "basis": "", "is_weighed": True}
    if amount > 0:
        yield _amount(event, lot, "", Interval(low=amount, high=amount), row)


def _amount(
    event: Event, lot: str, element: str, mass: Interval, row: Mapping[str, Any]
) -> BookedAmount:
    usual = {"is_made": False, "is_mined": False}
    return BookedAmount(
        index=event.index,
        entry=event.entry,
        lot=lot,
        facility=event.facility or "",
        element=element,
        low=mass.low,
        high=mass.high,
        year=event.on.year,
        month=event.on.month,
        **(usual | dict(row)),
    )


# ── what is replaced ──────────────────────────────────────────────────────────────────────

_SAME_YEAR = """
SELECT DISTINCT later.lot FROM standards_bookedamount replaced
JOIN standards_bookedamount later
  ON later.facility = replaced.facility AND later.year = replaced.year
 AND later.place > replaced.place AND later.until IS NULL
WHERE replaced.entry = ANY (%s)
"""
_SAME_NAME = """
SELECT DISTINCT unnest(later.lots) FROM standards_particular replaced
JOIN standards_particular later
  ON later.kind = replaced.kind AND later.value = replaced.value
 AND later.place > replaced.place AND later.until IS NULL
WHERE replaced.entry = ANY (%s)
  AND replaced.kind IN ('seal', 'container', 'document', 'certificate', 'received')
"""
_BOX = """
SELECT DISTINCT unnest(later.lots) FROM standards_particular arrived
JOIN standards_particular sent ON sent.kind = 'container' AND sent.matter = arrived.matter
JOIN standards_particular later
  ON later.kind = 'container' AND later.value = sent.value
 AND later.place > sent.place AND later.until IS NULL
WHERE arrived.entry = ANY (%s) AND arrived.kind = 'received'
"""


def _replace(found: Iterable[Event]) -> set[str]:
    """End what replaced entries said; return the lots that were seen in its light."""
    replaced = [one for one in found if one.replaces is not None]
    for one in replaced:
        for model in (Particular, BookedAmount):
            model.objects.filter(entry=one.replaces, until=None).update(until=one.index)
    entries = [one.replaces for one in replaced]
    arrived = [one.entry for one in found if one.kind == "custody.receipt"]
    return _lots_by(_SAME_YEAR, entries) | _lots_by(_SAME_NAME, entries) | _lots_by(_BOX, arrived)


def _lots_by(sql: str, entries: list[Any]) -> set[str]:
    if not entries:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(sql, [entries])
        return {row[0] for row in cursor.fetchall()}
