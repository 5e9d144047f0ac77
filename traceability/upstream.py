"""Upstream of a lot: whose metal is in it and what it came of, as far as one reader may know.

Shares are exact ratios of whole milligrams. Sources that the reader may not tell apart by name
are added up by kind and country, so that their number tells nothing either (DESIGN 3.5).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from msgspec import Struct

from traceability import seeing
from traceability.ledger.chronicle import Happening, History, lot_of
from traceability.ledger.composition import UNKNOWN_PREFIXES, Content
from traceability.ledger.flows import happenings_of
from traceability.ledger.history import Step
from traceability.ledger.lineage import Reached, check_depth, junctions, upstream
from traceability.ledger.pooling import Parcels
from traceability.ledger.provenance import propagate
from traceability.ledger.shapes import Country
from traceability.ledger.spreading import Rename, by_label
from traceability.models import Facility, Lot
from traceability.shares import Share, share_of
from traceability.tracing import lot_history

# ── what is answered ──────────────────────────────────────────────────────────────────────


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


class AncestorLine(Struct, frozen=True, kw_only=True):
    """A lot that the lot came of. Its id and amounts are null where the reader may not see it.

    `depth` counts steps, the shortest way. `entry` made it; null where that was voided since.
    `taken` is what went into the steps on the way here.
    `is_apart`: a recovery lies on every way, at which the metal began anew.
    """

    lot: str | None
    depth: int
    is_apart: bool
    entry: str | None
    unit: str | None
    amount: str | None
    taken: str | None


class Provenance(Struct, frozen=True, kw_only=True):
    """Everything that led to a lot, as known at a log size. Shares of an element add up to 1.

    `lots` and `hops` reach as far up as was asked; `is_complete` tells that there is no more.
    `blinded_lots` counts those among `lots` that the reader may not see.
    """

    lot: str
    log_size: int
    elements: list[ElementLine]
    processing: list[ProcessingLine]
    lots: list[AncestorLine]
    blinded_lots: int
    hops: list[HopLine]
    is_complete: bool


# ── one history, told to one reader ───────────────────────────────────────────────────────


class _Seen(Struct, frozen=True, gc=False):
    """What tells whose a lot is: a model instance of each of a thousand takes ten milliseconds."""

    id: str
    custodian: str
    consignee: str | None
    owners: Any


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


def provenance_of(lot: str, *, size: int, reader: str, depth: int | None = None) -> Provenance:
    """Return where a lot's metal is from, as known below a log size, as one reader may know it.

    Args:
        reader: an organization; the operator's own sees all.
        depth: how many steps up lots and hops are told; all where None. Shares are of all.

    Raises:
        DepthOutOfRange: the depth is none that a history can have.
    """
    check_depth(depth)
    history = lot_history(lot, size=size)
    happenings = list(history.happenings.values())
    orders = {one.order: one.entry for one in happenings}
    readable = seeing.readable_orders(reader, orders)
    view = _Told(
        history=history,
        names=seeing.names_open_to(reader),
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
    reached = upstream(history.steps, lot)
    near = {one: way for one, way in reached.items() if depth is None or way.depth <= depth}
    lots = _ancestors(view, near, {lot, *near}, reader)
    told = [one for one, way in near.items() if not way.is_apart]
    is_open = bool(seeing.lots_seen_in_full(list(Lot.objects.filter(pk=lot)), reader))
    led_to = happenings_of(
        lot, history, told, may_know=lambda one: is_open or one.entry in view.readable
    )
    return Provenance(
        lot=lot,
        log_size=size,
        elements=[_element(view, *item) for item in contents.items()],
        processing=_processing(view, name, contents),
        lots=lots,
        blinded_lots=sum(line.lot is None for line in lots),
        hops=[_hop(view, one) for one in led_to],
        is_complete=len(near) == len(reached),
    )


def _ancestors(
    view: _Told, reached: Mapping[str, Reached], within: Collection[str], reader: str
) -> list[AncestorLine]:
    """Return the lots reached, nearest first; amounts where the reader may know them."""
    rows = seeing.lots_seen_by(reader).filter(id__in=list(reached)).order_by()
    seen = [_Seen(*row) for row in rows.values_list(*_Seen.__struct_fields__)]
    in_full = seeing.lots_seen_in_full(seen, reader)
    seen_ids = {one.id for one in seen}
    takes: dict[str, list[tuple[str, int]]] = {}
    for junction in junctions(view.history.steps):
        if any(lot_of(made.lot) in within for made in junction.makes):
            for take in junction.takes:
                takes.setdefault(lot_of(take.lot), []).append((junction.entry, take.amount))
    lines = []
    for lot, way in sorted(reached.items(), key=lambda one: (one[1].depth, -one[1].since)):
        begun, taken = view.history.beginnings.get(lot), takes[lot]
        entry = begun.happening.entry if begun else None
        may_know = lot in seen_ids and (lot in in_full or entry in view.readable)
        lines.append(
            AncestorLine(
                lot=lot if lot in seen_ids else None,
                depth=way.depth,
                is_apart=way.is_apart,
                entry=entry,
                unit=begun.unit if begun else None,
                amount=str(begun.amount) if begun and may_know else None,
                taken=str(sum(amount for _entry, amount in taken)) if may_know else None,
            )
        )
    return lines


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
            rename=_at_stage(view.history, stage),
            lots=[name],
        )
        for element, content in answer[name].contents.items() if name in answer else ():
            parts = _passed(view, content)
            if parts:
                lines.append(ProcessingLine(element=element, stage=stage, parts=parts))
    return lines


_PASSED, _NOT_YET = "at ", "-"


def _at_stage(history: History, stage: str) -> Rename:
    """Return the renaming that says where metal last passed a stage, and nothing else of it."""
    entries = [name for name, one in history.happenings.items() if one.stage == stage]
    passed = {name: f"{_PASSED}{name}" for name in entries}
    known = frozenset({_NOT_YET, *passed.values()})
    forget = by_label(lambda _step, _element, label: label if label in known else _NOT_YET)

    def rename(step: Step, element: str, parcels: Parcels) -> Parcels:
        label = passed.get(step.entry)
        if label is not None:
            return {label: sum(parcels.values())} if parcels else parcels
        return parcels if known.issuperset(parcels) else forget(step, element, parcels)

    return rename


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
