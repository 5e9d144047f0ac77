"""`/api/v1/lots/{id}/provenance`: whose metal is in a lot, as far as the caller may know.

Shares are exact ratios of whole milligrams. Sources that the caller may not tell apart by name
are added up by kind and country, so that their number tells nothing either (DESIGN 3.5).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import partial
from typing import Annotated, Any

from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from traceability import seeing
from traceability.api import examples
from traceability.api.lists import LedgerView, Parameters, parameters, told
from traceability.api.lots import note
from traceability.api.schema import described
from traceability.http import Caller
from traceability.ledger.chronicle import Happening, History, lot_of
from traceability.ledger.composition import UNKNOWN_PREFIXES, Content
from traceability.ledger.history import Step, ancestors
from traceability.ledger.provenance import propagate
from traceability.ledger.shapes import Country
from traceability.models import Facility
from traceability.tracing import lot_history, published_size

_PERCENT_DIGITS = 4


# ── what is answered ──────────────────────────────────────────────────────────────────────


class Share(Struct, frozen=True, kw_only=True):
    """An exact ratio, and the same in percent, rounded half-even, for display."""

    numerator: str
    denominator: str
    percent: str


class SourceLine(Struct, frozen=True, kw_only=True):
    """Where a part of the metal entered the record. Names are null where not open.

    `kind`: mined, recycled, introduced, or, of unknown origin: unknown, unexplained (measured
    output above input), shortfall, unmeasured. `declared` is what whoever brought it in said.
    """

    kind: str
    is_known: bool
    country: Country | None
    facility: str | None
    organization: str | None
    first_on: date | None
    last_on: date | None
    declared: list[dict[str, Any]]
    mass_mg: str
    share: Share


class ElementLine(Struct, frozen=True, kw_only=True):
    """One element of the lot, as it was made. `is_presumed`: an input was presumed to hold none."""

    element: str
    low_mg: str
    high_mg: str
    is_measured: bool
    is_presumed: bool
    lots_without_assay: int
    unknown_share: Share
    sources: list[SourceLine]


class ProcessingPart(Struct, frozen=True, kw_only=True):
    """How much of an element went through a stage at one place."""

    country: Country | None
    facility: str | None
    organization: str | None
    share: Share


class ProcessingLine(Struct, frozen=True, kw_only=True):
    """Where an element went through one stage; what is missing to 1 did not pass it here."""

    element: str
    stage: str
    parts: list[ProcessingPart]


class HopLine(Struct, frozen=True, kw_only=True):
    """One event upstream, or of the lot itself."""

    entry: str
    kind: str
    stage: str | None
    country: Country | None
    on: date
    facility: str | None
    organization: str | None


class Provenance(Struct, frozen=True, kw_only=True):
    """Everything that led to a lot, as known at a log size. Shares of an element add up to 1."""

    lot: str
    log_size: int
    elements: list[ElementLine]
    processing: list[ProcessingLine]
    hops: list[HopLine]


class ProvenanceParameters(Parameters, frozen=True, kw_only=True):
    """What was known when."""

    known_at: (
        Annotated[int, Meta(ge=0, le=2**53 - 1, description="a log size; the newest if left out")]
        | None
    ) = None


class ProvenanceView(LedgerView):
    """Where a lot's metal is from."""

    @described(
        "Provenance of a lot",
        "Per element: sources with exact shares, and where it went through each stage; then "
        "every event upstream. What is unknown is a source of its own and is never spread over "
        "the others.",
        parameters=ProvenanceParameters,
        answers={200: Provenance},
        refused=(404,),
        answered=examples.PROVENANCE,
    )
    def get(self, request: Request, lot: str) -> Response:
        """Tell where a lot's metal is from."""
        asked, caller = parameters(request, ProvenanceParameters), self.caller
        found = seeing.lot_seen_by(lot, caller.organization)
        newest = published_size()
        size = newest if asked.known_at is None else min(asked.known_at, newest)
        note(found, caller, "provenance")
        return told(_provenance(lot, size, caller))


# ── one history, told to one reader ───────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """A history and what of its names the reader may know."""

    history: History
    names: seeing.OpenNames
    readable: frozenset[str]  # entries
    places: Mapping[str, Facility]

    def country(self, facility: str | None) -> str | None:
        place = self.places.get(facility or "")
        return place.country if place else None

    def facility(self, name: str | None, entry: str = "") -> str | None:
        """Return the facility's id, if the reader may know it."""
        return name if entry in self.readable or self.names.has_facility(name) else None

    def organization(self, name: str, entry: str) -> str | None:
        """Return the author's id, if the reader may know it."""
        return name if entry in self.readable or self.names.has_organization(name) else None


def _provenance(lot: str, size: int, caller: Caller) -> Provenance:
    history = lot_history(lot, size=size)
    happenings = list(history.happenings.values())
    orders = {one.order: one.entry for one in happenings}
    readable = seeing.readable_orders(caller.organization, orders)
    view = _Told(
        history=history,
        names=seeing.names_open_to(caller.organization),
        readable=frozenset(orders[order] for order in readable),
        places=Facility.objects.in_bulk(
            {one.facility for one in happenings if one.facility is not None}
        ),
    )
    name = history.last.get(lot, lot)
    measured = {one for step in history.steps for made in step.makes for one in made.contained}
    elements = measured | history.elements_of(lot)
    whole = propagate(history.steps, elements=elements, lots=[name])
    contents = {
        element: content
        for element, content in (whole[name].contents if name in whole else {}).items()
        if content.total_mg
    }
    upstream = {lot_of(one) for one in ancestors(history.steps, name)} | {lot}
    return Provenance(
        lot=lot,
        log_size=size,
        elements=[_element(view, *item) for item in contents.items()],
        processing=_processing(view, name, contents),
        hops=[_hop(view, one) for one in happenings if _led_to(one, upstream)],
    )


def _element(view: _Told, element: str, content: Content) -> ElementLine:
    total = content.total_mg
    return ElementLine(
        element=element,
        low_mg=str(content.bounds.low),
        high_mg=str(content.bounds.high),
        is_measured=content.measured,
        is_presumed=content.presumed,
        lots_without_assay=len(content.missing),
        unknown_share=share_of(content.unknown_mg, total),
        sources=_sources(view, content),
    )


def _sources(view: _Told, content: Content) -> list[SourceLine]:
    """Return the sources, largest first; those that look alike to the reader are one."""
    groups: dict[tuple[Any, ...], list[tuple[int, date | None]]] = {}
    for label, mass in content.sources.items():
        key, day = _source_of(view, label)
        groups.setdefault(key, []).append((mass, day))
    lines = []
    for (kind, country, facility, organization, declared), parcels in groups.items():
        mass = sum(part for part, _day in parcels)
        days = [day for _part, day in parcels if day is not None]
        lines.append(
            SourceLine(
                kind=kind,
                is_known=not f"{kind}:".startswith(UNKNOWN_PREFIXES),
                country=country,
                facility=facility,
                organization=organization,
                first_on=min(days, default=None),
                last_on=max(days, default=None),
                declared=[dict(row) for row in declared],
                mass_mg=str(mass),
                share=share_of(mass, content.total_mg),
            )
        )
    return sorted(lines, key=lambda line: (-int(line.mass_mg), line.kind, line.country or ""))


def _source_of(view: _Told, label: str) -> tuple[tuple[Any, ...], date | None]:
    """Return what the reader may know of a source, and the day it entered the record."""
    parts = label.split(":")
    kind, lot = parts[0], lot_of(":".join(parts[-2:]))
    begun = view.history.beginnings.get(lot)
    if begun is None:
        return (kind, None, None, None, ()), None
    one = begun.happening
    is_mine = kind in ("mined", "recycled")
    country = view.country(one.facility) if is_mine else None
    declared = tuple(
        tuple(sorted(row.items()))
        for row in map(partial(_declared, view, one.entry), begun.declared)
    )
    facility = view.facility(one.facility, one.entry) if is_mine else None
    organization = view.organization(one.author, one.entry)
    return (kind, country, facility, organization, declared), one.on


def _declared(view: _Told, entry: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a declared origin without a facility that the reader may not know."""
    told_row = dict(row)
    if "facility" in told_row and view.facility(told_row["facility"], entry) is None:
        told_row.pop("facility")
    return told_row


def _processing(view: _Told, name: str, contents: Mapping[str, Content]) -> list[ProcessingLine]:
    """Ask the one propagation once per stage: what passes the stage takes the place's name."""
    stages = {one.stage for one in view.history.happenings.values() if one.stage is not None}
    lines = []
    for stage in sorted(stages):
        answer = propagate(
            view.history.steps,
            elements=contents,
            relabel=_at_stage(view.history, stage),
            lots=[name],
        )
        for element, content in answer[name].contents.items() if name in answer else ():
            parts = _passed(view, content)
            if parts:
                lines.append(ProcessingLine(element=element, stage=stage, parts=parts))
    return lines


_PASSED = "at "


def _at_stage(history: History, stage: str) -> Callable[[Step, str, str], str]:
    def relabel(step: Step, _element: str, label: str) -> str:
        one = history.happenings.get(step.entry)
        if one is None or one.stage != stage:
            return label
        return f"{_PASSED}{one.entry}"

    return relabel


def _passed(view: _Told, content: Content) -> list[ProcessingPart]:
    masses: dict[tuple[str | None, str | None, str | None], int] = {}
    for label, mass in content.sources.items():
        if label.startswith(_PASSED):
            one = view.history.happenings[label.removeprefix(_PASSED)]
            key = (
                view.country(one.facility),
                view.facility(one.facility, one.entry),
                view.organization(one.author, one.entry),
            )
            masses[key] = masses.get(key, 0) + mass
    return [
        ProcessingPart(
            country=country,
            facility=facility,
            organization=organization,
            share=share_of(mass, content.total_mg),
        )
        for (country, facility, organization), mass in masses.items()
    ]


def _led_to(one: Happening, upstream: Iterable[str]) -> bool:
    return any(movement.lot in upstream for movement in one.movements)


def _hop(view: _Told, one: Happening) -> HopLine:
    return HopLine(
        entry=one.entry,
        kind=one.kind,
        stage=one.stage,
        country=view.country(one.facility),
        on=one.on,
        facility=view.facility(one.facility, one.entry),
        organization=view.organization(one.author, one.entry),
    )


def share_of(part: int, whole: int) -> Share:
    """Return `part / whole`, in lowest terms and in percent, without a float on the way."""
    ratio = Fraction(part, whole)
    percent = round(ratio * 100 * 10**_PERCENT_DIGITS)
    units, rest = divmod(percent, 10**_PERCENT_DIGITS)
    return Share(
        numerator=str(ratio.numerator),
        denominator=str(ratio.denominator),
        percent=f"{units}.{rest:0{_PERCENT_DIGITS}d}",
    )
