"""How a lot, and what it was made of, came to where it is: sites and shipments for one reader.

A site whose name is not open is known by its country alone, and stands on the map in the middle
of it with all other such sites (DESIGN 3.5). What a shipment passed on its way is told to those
who may read its statement.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from traceability import seeing
from traceability.ledger.chronicle import Happening, History, lot_of
from traceability.ledger.disclosures import partially_reveal
from traceability.ledger.flows import entries_on_the_way
from traceability.ledger.signing import STATEMENT_TYPE, parse_jws
from traceability.models import Entry, Facility, Lot, StatementText
from traceability.pictures.route import (
    Position,
    RoutePicture,
    Spot,
    Trip,
    distance_km,
    route_picture,
)
from traceability.templatetags.ledger import country_name, words

MOST_LEGS = 40
"""Different legs beyond which a map would be a tangle: legs between countries are told then."""
MOST_DRAWN, MOST_TOLD = 24, 120
"""Of those, how many are drawn and how many are told, the busiest first."""
_MIDDLES = Path(__file__).parent / "pictures" / "countries.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A site or a country, as the reader may know it. `number` is that on the map."""

    key: str
    label: str
    country: str
    position: Position | None
    is_exact: bool
    number: int = 0


@dataclass(slots=True, kw_only=True)
class Leg:
    """All shipments between two places. `target` is None while nothing has arrived."""

    source: str
    target: str | None
    shipments: int = 0
    first_on: date | None = None
    last_on: date | None = None
    arrived_on: date | None = None
    modes: list[str] = field(default_factory=list)
    past: list[str] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)

    def add(self, sent: date, arrived: date | None) -> None:
        """Add a shipment."""
        self.shipments += 1
        self.first_on = min(self.first_on or sent, sent)
        self.last_on = max(self.last_on or sent, sent)
        if arrived is not None:
            self.arrived_on = max(self.arrived_on or arrived, arrived)


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRow:
    """A leg in words. `km` only where the reader knows both ends exactly."""

    source: Place
    target: Place | None
    leg: Leg
    km: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """The map, its places by number, and the legs in the order in which they were begun."""

    picture: RoutePicture | None
    places: tuple[Place, ...]
    legs: tuple[LegRow, ...]
    undrawn: int
    more: int


def journey_of(history: History, lot: str, organization: str) -> Journey:
    """Return the way of a lot, as one organization may know it; takes a handful of queries."""
    on_the_way = entries_on_the_way(history.last.get(lot, lot), history.steps)
    happenings = [one for one in history.happenings.values() if one.entry in on_the_way]
    work = _Journey(
        organization=organization,
        happenings=sorted(
            _without_secrets(happenings, lot, organization), key=lambda one: (one.on, one.order)
        ),
        arrivals=_arrivals(history.happenings.values()),
    )
    work.look_up()
    work.add_all()
    if len(work.legs) > MOST_LEGS:
        work.by_country = True
        work.add_all()
    return work.result()


@dataclass(slots=True, kw_only=True)
class _Journey:
    """A journey on its way."""

    organization: str
    happenings: Sequence[Happening]
    arrivals: Mapping[tuple[str, str], Happening]
    places: dict[str, Place] = field(default_factory=dict)
    legs: dict[tuple[str, str | None], Leg] = field(default_factory=dict)
    facilities: dict[str, Facility] = field(default_factory=dict)
    waiting: dict[str, tuple[str, date]] = field(default_factory=dict)
    texts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    names: seeing.OpenNames | None = None
    by_country: bool = False

    def look_up(self) -> None:
        """Read what is needed besides the history."""
        shipped = [one for one in self.happenings if one.kind == "custody.shipment"]
        self.names = seeing.names_open_to(self.organization)
        self.texts = _texts([one.entry for one in shipped], self.organization)
        self.waiting = _came_ahead(shipped)
        named = {one.facility for one in [*self.happenings, *self.arrivals.values()]}
        named |= {facility for facility, _on in self.waiting.values()}
        self.facilities = Facility.objects.in_bulk({one for one in named if one})

    def add_all(self) -> None:
        """Add everything that happened, from the beginning."""
        self.places, self.legs = {}, {}
        for one in self.happenings:
            self._add(one)

    def _add(self, one: Happening) -> None:
        """Add the place where something happened, and the leg that a shipment is."""
        source = self._place(one.facility)
        if one.kind != "custody.shipment" or source is None:
            return
        for lot, consignment in _consigned(one):
            facility, arrived = self._arrival(one, lot, consignment)
            target = self._place(facility)
            key = source.key, target.key if target else None
            leg = self.legs.setdefault(key, Leg(source=key[0], target=key[1]))
            leg.add(one.on, arrived)
            self._pass(leg, self.texts.get(one.entry, {}))
            return  # lots that travel together are one shipment

    def _arrival(
        self, shipped: Happening, lot: str, consignment: str
    ) -> tuple[str | None, date | None]:
        received = self.arrivals.get((consignment, lot))
        if received is not None and received.entry != shipped.entry:
            return received.facility, received.on
        return self.waiting.get(consignment, (None, None))

    def _place(self, facility: str | None) -> Place | None:
        """Return where a facility is for the reader: itself, or the country it is in."""
        row = self.facilities.get(facility or "")
        if row is None or self.names is None:
            return None
        country = country_name(row.country)
        is_open = self.names.has_facility(row.pk) and not self.by_country
        exact = _position(row.record) if is_open else None
        label = country if self.by_country else _("%(country)s (name not opened)")
        place = Place(
            key=row.pk if is_open else f"country {row.country}",
            label=row.name if is_open else label % {"country": country},
            country=country,
            position=exact or _middle_of(row.country),
            is_exact=exact is not None,
        )
        return self.places.setdefault(place.key, place)

    def _pass(self, leg: Leg, body: Mapping[str, Any]) -> None:
        """Note means of transport, and what was passed, as its statement tells."""
        points = body.get("route") or ()
        modes = [body.get("transport_mode"), *(point.get("transport_mode") for point in points)]
        leg.modes += [words(mode) for mode in modes if mode and words(mode) not in leg.modes]
        for point in points:
            told = _told(point)
            if told and told not in leg.past:
                leg.past.append(told)
                where = _position(point.get("place") or {})
                if where is not None:
                    leg.positions.append(where)

    def result(self) -> Journey:
        """Return map, places and legs."""
        ranked = sorted(self.legs.values(), key=lambda leg: -leg.shipments)
        limit = MOST_DRAWN if self.by_country else MOST_LEGS
        abroad = [leg for leg in ranked if leg.target not in (None, leg.source)]
        told = {id(leg) for leg in ranked[:MOST_TOLD]}
        legs = [leg for leg in self.legs.values() if id(leg) in told]
        on_map = [place for place in self.places.values() if place.position is not None]
        numbers = {place.key: number for number, place in enumerate(on_map, 1)}
        spots = [_spot(place) for place in on_map]
        drawn = [leg for leg in abroad if {leg.source, leg.target} <= numbers.keys()][:limit]
        return Journey(
            picture=route_picture(spots, [self._trip(leg) for leg in drawn]),
            places=tuple(
                _numbered(place, numbers.get(place.key, 0)) for place in self.places.values()
            ),
            legs=tuple(self._row(leg, numbers) for leg in legs),
            undrawn=len(abroad) - len(drawn),
            more=len(self.legs) - len(legs),
        )

    def _row(self, leg: Leg, numbers: Mapping[str, int]) -> LegRow:
        source = self.places[leg.source]
        target = self.places[leg.target] if leg.target else None
        km = None
        if target and source.is_exact and target.is_exact and source.position and target.position:
            stops = [source.position, *leg.positions, target.position]
            km = sum(map(distance_km, stops, stops[1:]))
        return LegRow(
            source=_numbered(source, numbers.get(leg.source, 0)),
            target=_numbered(target, numbers.get(leg.target or "", 0)) if target else None,
            leg=leg,
            km=km,
        )

    def _trip(self, leg: Leg) -> Trip:
        source, target = self.places[leg.source], self.places[leg.target or ""]
        count = ngettext("%(n)s shipment", "%(n)s shipments", leg.shipments)
        return Trip(
            source=leg.source,
            target=target.key,
            title=f"{source.label} → {target.label}: {count % {'n': leg.shipments}}",
            weight=leg.shipments,
            past=tuple(leg.positions),
        )


def _without_secrets(
    happenings: Sequence[Happening], lot: str, organization: str
) -> list[Happening]:
    """Leave out what a former holder may not know: where its buyer took or sent the lot."""
    if seeing.lots_seen_in_full(list(Lot.objects.filter(pk=lot)), organization):
        return list(happenings)
    later = {one.entry for one in happenings if _moves_on(one, lot)}
    orders = dict(Entry.objects.filter(hash__in=later).values_list("recorded_order", "hash"))
    readable = {orders[order] for order in seeing.readable_orders(organization, orders)}
    return [one for one in happenings if one.entry not in later - readable]


def _moves_on(one: Happening, lot: str) -> bool:
    roles = {movement.role for movement in one.movements if movement.lot == lot}
    return bool(roles) and "make" not in roles


def _arrivals(happenings: Iterable[Happening]) -> dict[tuple[str, str], Happening]:
    """Return receipts by consignment and lot."""
    found = {}
    for one in happenings:
        for movement in one.movements:
            consignment = movement.facts.get("consignment")
            if movement.role == "adjust" and consignment:
                found[str(consignment), movement.lot] = one
    return found


def _consigned(one: Happening) -> list[tuple[str, str]]:
    """Return lots and consignment of a shipment."""
    return [
        (lot_of(movement.lot), str(movement.facts["consignment"]))
        for movement in one.movements
        if movement.role == "move" and "gross" in movement.facts
    ]


def _came_ahead(shipped: Iterable[Happening]) -> dict[str, tuple[str, date]]:
    """Return where and when receipts arrived that were recorded ahead of their shipment."""
    subjects = {
        f"consignment:{movement.facts['consignment']}:{movement.facts['to']}": str(
            movement.facts["consignment"]
        )
        for one in shipped
        for movement in one.movements
        if movement.role == "move" and "gross" in movement.facts
    }
    rows = Entry.objects.filter(waits_on__in=subjects)
    return {subjects[row.waits_on or ""]: (row.facility or "", row.effective_on) for row in rows}


def _texts(entries: Collection[str], organization: str) -> dict[str, Mapping[str, Any]]:
    """Return the bodies of those statements that the organization may read, by entry."""
    orders = dict(Entry.objects.filter(hash__in=entries).values_list("recorded_order", "hash"))
    readable = seeing.readable_orders(organization, orders)
    texts = StatementText.objects.filter(recorded_order__in=readable)
    return {orders[text.recorded_order]: _body(text) for text in texts}


def _body(text: StatementText) -> Mapping[str, Any]:
    document = json.loads(parse_jws(text.jws.encode(), typ=STATEMENT_TYPE).payload)
    body = partially_reveal(document, text.disclosures)["body"]
    told: Mapping[str, Any] = body["replacement"]["body"] if "replacement" in body else body
    return told


def _told(point: Mapping[str, Any]) -> str:
    """Return a point of a route in words; empty where its place is hidden."""
    place = point.get("place") or {}
    name = place.get("name") or place.get("unlocode") or place.get("facility")
    if not isinstance(name, str):
        return ""
    country = place.get("country")
    where = f"{name}, {country_name(country)}" if isinstance(country, str) else name
    if point.get("under_customs_control"):
        return _("%(place)s (under customs control)") % {"place": where}
    return where


def _position(record: Mapping[str, Any]) -> Position | None:
    """Return the position that a place states; None where it states none, or hides it."""
    try:
        x, y = float(record["longitude"]), float(record["latitude"])
    except (KeyError, TypeError, ValueError):
        return None
    return (x, y) if abs(x) <= 180 and abs(y) <= 90 else None


@cache
def _middles() -> Mapping[str, Position]:
    return {code: (x, y) for code, (x, y) in json.loads(_MIDDLES.read_text()).items()}


def _middle_of(country: str) -> Position | None:
    return _middles().get(country)


def _spot(place: Place) -> Spot:
    return Spot(
        key=place.key,
        label=place.label,
        position=place.position or (0.0, 0.0),
        is_exact=place.is_exact,
    )


def _numbered(place: Place, number: int) -> Place:
    return Place(
        key=place.key,
        label=place.label,
        country=place.country,
        position=place.position,
        is_exact=place.is_exact,
        number=number,
    )
