"""Taking notes for plausibility: what published statements name, and what they put on the books.

Called by the follower for every stretch of the log it takes in, in the same transaction. Pure
checks then ask what was named or booked before (`standards.noted`).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db import connection

from standards.happened import BRINGING, Event, events_between, places_of
from standards.models import BookedAmount, Particular
from traceability.chronicling import json_value
from traceability.ledger import events
from traceability.ledger.grades import Assayed, measured
from traceability.ledger.mass import Interval, significant_digits
from traceability.ledger.materials import elements_named
from traceability.ledger.shapes import Quantity
from traceability.models import Facility

_BEGINNING = BRINGING - {"custody.receipt"}
_MAKING = _BEGINNING | {"custody.transformation"}
_BOOKING = _MAKING | {"custody.receipt"}
_UNWEIGHED = frozenset({"declared", "estimated"})
_AT_ONCE = 10_000  # entries

_MOVEMENTS = """
SELECT recorded_order, lot, role, delta, unit, facts FROM traceability_movement
WHERE recorded_order = ANY (%s) AND role IN ('make', 'adjust')
ORDER BY recorded_order, ordinal
"""


def note_statements(first: int, until: int) -> set[str]:
    """Take notes of the published entries from `first` up to `until`.

    Returns:
        The lots about which something else was noted before that these entries replace: what was
        said about them may no longer hold.
    """
    read = list(events_between(first, until))
    happened = [one for one in read if one.kind != "registry.erasure"]
    places = places_of(happened)
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
        read = events_between(first, min(first + _AT_ONCE, until))
        shipments = [one for one in read if one.kind == "custody.shipment"]
        known = Particular.objects.filter(entry__in=[one.entry for one in shipments])
        noted = set(known.filter(kind="transit").values_list("entry", flat=True))
        ended = dict(known.exclude(until=None).values_list("entry", "until"))
        places = places_of(shipments)
        fresh = [one for one in shipments if one.entry not in noted]
        rows = [row for one in fresh for row in _particulars(one, places[one.entry])]
        for row in rows:
            row.until = ended.get(row.entry)
        Particular.objects.bulk_create([row for row in rows if row.kind == "transit"])


def note_digits(until: int) -> None:
    """Take notes of how amounts were entered, of what was followed before that was noted.

    For the migration of a ledger that is older than the notes; on any other it changes nothing.
    """
    for first in range(0, until, _AT_ONCE):
        read = list(events_between(first, min(first + _AT_ONCE, until)))
        happened = [one for one in read if one.kind != "registry.erasure"]
        rows = _amounts(happened, places_of(happened))
        entered = {(row.index, row.lot): (row.digits, row.is_weighed) for row in rows}
        known = BookedAmount.objects.filter(index__in={index for index, _ in entered})
        noted = [one for one in known if (one.index, one.lot) in entered]
        for one in noted:
            one.digits, one.is_weighed = entered[one.index, one.lot]
        BookedAmount.objects.bulk_update(noted, ["digits", "is_weighed"], batch_size=2_000)


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
    if event.kind in BRINGING:
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
    quantity = facts["quantity"]
    row: dict[str, Any] = {
        "material": facts["material"],
        "unit": unit,
        "basis": quantity["basis"],
        "digits": significant_digits(quantity["value"]),
        "is_weighed": unit == "mg" and quantity.get("quality") not in _UNWEIGHED,
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
    amount, entered = int(facts["to"]), _entered(event, lot)
    # What the receiver entered is in its statement alone; of an erased one the milligrams tell.
    figures = [one.value for one in entered] or [str(amount)]
    row = {
        "material": "",
        "unit": unit,
        "basis": "",
        "digits": max(map(significant_digits, figures)),
        "is_weighed": unit == "mg" and not any(one.quality in _UNWEIGHED for one in entered),
    }
    if amount > 0:
        yield _amount(event, lot, "", Interval(low=amount, high=amount), row)


def _entered(event: Event, lot: str) -> list[Quantity]:
    """Return what a receipt says of the weight of a lot: what was accepted, what rejected."""
    body = event.body
    items = body.lots if isinstance(body, events.Receipt) else []
    told = [(one.accepted, one.rejected) for one in items if one.lot == lot]
    return [quantity for pair in told for quantity in pair if quantity is not None]


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
