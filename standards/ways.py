"""The way of one mineral into a lot, as one reader may know it: stops and what flows between.

A stop whose site is not open to the reader has no name and no identity: all such stops of one
stage, country and outcome are told as one (DESIGN 3.5), and their keys tell nothing either.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _

from standards.reading import MineralVerdict, Row
from standards.rulebook.assembly import Evidence
from standards.rulebook.findings import Outcome
from standards.rulebook.passage import EXTRACTION, RECOVERY
from standards.rulebook.traced import Traced, parcel_of
from standards.veiling import Veil
from traceability import seeing
from traceability.ledger.chronicle import Happening, lot_of
from traceability.ledger.flows import Flows, flows_into
from traceability.ledger.provenance import propagate
from traceability.pictures.grouping import END, SOURCES, Arrow, Stop

Kind = Literal["mined", "recycled", "declared", "unknown", "step", "lot"]

MOST_PARCELS = 150_000
"""Parcels of a history beyond which a way is not computed: it would not be seen either."""
_WORST_FIRST = (
    Outcome.NONCONFORMING,
    Outcome.INDETERMINATE,
    Outcome.CONFORMS,
    Outcome.NOT_APPLICABLE,
)
_UNNAMED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the reader may know of a stop. `place` is empty where no name was opened.

    `what` names the lots that left, where the reader may see them; `origin` is the country
    where the metal of a source comes from.
    """

    kind: Kind
    stage: str
    country: str | None
    place: str = ""
    what: str = ""
    on: date | None = None
    schemes: tuple[str, ...] = ()
    outcome: Outcome | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Stops by id, with what flows between them; `bands` of arrows are sources' ids."""

    mineral: str
    total_mg: int
    told: Mapping[str, Told]
    stops: Sequence[Stop]
    arrows: Sequence[Arrow]


Standing = Mapping[str, Outcome]
"""The worst outcome of a site, by facility."""


def standing_of(rows: Iterable[Row]) -> Standing:
    """Return how sites stand by the findings on a page: the worst of what was found."""
    found: dict[str, Outcome] = {}
    for row in rows:
        for line in row.finding.lines if row.finding else ():
            if line.facility_id is not None:
                before = found.get(line.facility_id, line.outcome)
                found[line.facility_id] = worst_outcome([before, line.outcome]) or line.outcome
    return found


def worst_outcome(outcomes: Iterable[Outcome | None]) -> Outcome | None:
    """Return the worst of some outcomes; None where nothing was found."""
    told = set(outcomes)
    return next((one for one in _WORST_FIRST if one in told), None)


def rows_about(
    mineral: str, verdicts: Iterable[MineralVerdict], findings: Mapping[str, Sequence[Row]]
) -> list[Row]:
    """Return the rows of a page that are about one mineral, whoever judged."""
    judged = [row for one in verdicts if one.mineral == mineral for row in one.rows]
    return [*judged, *findings.get(mineral, ())]


@dataclass(slots=True, kw_only=True)
class WayFinder:
    """Finds the ways of a lot's minerals for one reader; the history is read by the caller."""

    traced: Traced
    evidence: Evidence
    lot: str
    veil: Veil
    organization: str
    schemes: Mapping[str, tuple[str, ...]]  # by facility, in words
    _flows: dict[str, Flows] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    def find(self, minerals: Iterable[str]) -> None:
        """Compute the flows of these minerals, with one propagation for all of them."""
        history = self.traced.history
        steps = [step for step in history.steps if not history.is_dispatch(step)]
        wanted = list(minerals)
        contents = propagate(steps, elements=wanted)
        name = history.last[self.lot]
        for mineral in wanted:
            parcels = sum(len(one.contents[mineral].sources) for one in contents.values())
            if parcels <= MOST_PARCELS:
                self._flows[mineral] = flows_into(name, mineral, steps=steps, contents=contents)
        lots = {lot_of(lot) for one in self._flows.values() for lot in _lots_of(one)}
        seen = seeing.lots_seen_by(self.organization).filter(pk__in=lots)
        self._seen = set(seen.order_by().values_list("pk", flat=True))

    def way(self, mineral: str, standing: Standing) -> Way | None:
        """Return the way of a mineral that was found; None where it holds nothing to follow."""
        flows = self._flows.get(mineral)
        if flows is None or not flows.total_mg:
            return None
        work = _Telling(finder=self, mineral=mineral, standing=standing)
        return work.way(flows)

    def sees(self, lot: str) -> bool:
        """Tell whether the reader may see a lot."""
        return lot in self._seen


@dataclass(slots=True, kw_only=True)
class _Telling:
    """One way, being told."""

    finder: WayFinder
    mineral: str
    standing: Standing
    told: dict[str, Told] = field(default_factory=dict)
    stops: list[Stop] = field(default_factory=list)

    def way(self, flows: Flows) -> Way:
        labels = sorted({label for link in flows.links for label in link.parcels})
        ids = {label: f"s{number}" for number, label in enumerate(labels)}
        for label, name in ids.items():
            self._add_source(name, label)
        for passed in flows.passed:
            self._add_step(str(passed.order), passed.entry, passed.lots)
        self.stops.append(Stop(id=END, stage=END, path=(END, END)))
        self.told[END] = Told(kind="lot", stage=END, country=None)
        bands: dict[tuple[str, str], dict[str, int]] = {}
        for link in flows.links:
            target = END if link.target is None else str(link.target)
            for label, mg in link.parcels.items():
                source = ids[label] if link.source is None else str(link.source)
                row = bands.setdefault((source, target), {})
                row[ids[label]] = row.get(ids[label], 0) + mg
        return Way(
            mineral=self.mineral,
            total_mg=flows.total_mg,
            told=self.told,
            stops=self.stops,
            arrows=[
                Arrow(source=source, target=target, bands=row)
                for (source, target), row in bands.items()
            ],
        )

    def _add(self, name: str, told: Told, path: tuple[str, str], *, is_sealed: bool) -> None:
        stage = told.stage if told.kind == "step" else SOURCES
        self.told[name] = told
        is_apart = told.kind in ("recycled", "declared", "unknown")
        stop = Stop(id=name, stage=stage, path=path, is_sealed=is_sealed, is_apart=is_apart)
        self.stops.append(stop)

    # ── sources ───────────────────────────────────────────────────────────────────────────

    def _add_source(self, name: str, label: str) -> None:
        kind, made, _day = parcel_of(label)
        lot = lot_of(made)
        begun = self.finder.traced.history.beginnings.get(lot)
        if begun is None or kind not in ("mined", "recycled", "introduced"):
            self._add_unknown(name, kind)
            return
        happening = begun.happening
        if kind == "introduced":
            self._add_declared(name, begun.declared, happening, lot)
            return
        stage = EXTRACTION if kind == "mined" else RECOVERY
        collected = begun.facts.get("collected_in") or None
        told = self._at(happening, stage, (lot,), kind="mined" if kind == "mined" else "recycled")
        if kind == "recycled":
            told = replace(told, country=collected)  # it comes from where it was collected
        path = self._path(told.country or "", happening.facility, told)
        if kind == "recycled":
            path = (kind, f"{told.country}:{path[1]}")
        self._add(name, told, path, is_sealed=not told.place)

    def _add_declared(
        self, name: str, rows: Sequence[Mapping[str, Any]], happening: Happening, lot: str
    ) -> None:
        """Add metal from outside: its origin is what whoever brought it in said."""
        mine = [row for row in rows if row.get("element", self.mineral) == self.mineral]
        begins = [row for row in mine if row["stage"] in (EXTRACTION, "collection")]
        begins = begins or [row for row in mine if row["stage"] == RECOVERY]
        if not begins:
            self._add_unknown(name, "introduced")
            return
        countries = {self._country(row) for row in begins}
        country = countries.pop() if len(countries) == 1 else None
        told = Told(
            kind="declared",
            stage=begins[0]["stage"],
            country=country,
            what=lot if self.finder.sees(lot) else "",
            on=happening.on,
            reason="" if country else str(_("several countries, or none named")),
        )
        self._add(name, told, ("declared", f"declared:{country or ''}"), is_sealed=False)

    def _country(self, row: Mapping[str, Any]) -> str | None:
        site = self.finder.evidence.sites.get(row.get("facility", ""))
        return site.country if site else row.get("country")

    def _add_unknown(self, name: str, kind: str) -> None:
        known = kind if kind in _REASONS else "unknown"
        told = Told(kind="unknown", stage="", country=None, reason=str(_REASONS[known]))
        self._add(name, told, ("unknown", f"unknown:{known}"), is_sealed=True)

    # ── steps ─────────────────────────────────────────────────────────────────────────────

    def _add_step(self, name: str, entry: str, lots: Sequence[str]) -> None:
        happening = self.finder.traced.history.happenings[entry]
        stage = happening.stage or happening.kind.removeprefix("custody.")
        told = self._at(happening, stage, lots, kind="step")
        path = self._path(told.country or "", happening.facility, told)
        self._add(name, told, path, is_sealed=not told.place)

    def _at(self, one: Happening, stage: str, lots: Sequence[str], *, kind: Kind) -> Told:
        """Return what the reader may know of something that happened at a site."""
        site = self.finder.evidence.sites.get(one.facility or "")
        is_open = site is not None and self.finder.veil.names.has_facility(site.id)
        seen = [lot for lot in map(lot_of, lots) if self.finder.sees(lot)]
        return Told(
            kind=kind,
            stage=stage,
            country=site.country if site else None,
            place=site.name if site is not None and is_open else "",
            what=", ".join(seen),
            on=one.on,
            schemes=self.finder.schemes.get(one.facility or "", ()),
            outcome=self.standing.get(one.facility or ""),
        )

    def _path(self, area: str, facility: str | None, told: Told) -> tuple[str, str]:
        """Return area and site; sites whose names are closed are one for each outcome."""
        if told.place and facility:
            return area, facility
        return area, f"{_UNNAMED}-{told.outcome or ''}"


_REASONS: Mapping[str, Any] = {
    "introduced": _("origin not declared"),
    "unexplained": _("more came out than went in"),
    "shortfall": _("a lot gave more than it held"),
    "unmeasured": _("not measured"),
    "unknown": _("origin not known"),
}


def _lots_of(flows: Flows) -> Iterable[str]:
    yield from (lot for passed in flows.passed for lot in passed.lots)
    for link in flows.links:
        if link.source is None:
            yield from (parcel_of(label)[1] for label in link.parcels)
