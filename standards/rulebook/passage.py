"""Passage of metal: the sources of a lot and the steps that it passed, as a dossier has them.

Lots that were divided from one often hold the same of everything. What they have alike is told
once, under one number, so that rules need not look at it again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypedDict, get_args

from msgspec.structs import replace

from standards.rulebook.dossier import MassRange, Source, SourceKind, Step
from standards.rulebook.parts import Numbered
from standards.rulebook.traced import LEAF_STAGE, Traced, parcel_of
from traceability.ledger import history as flow
from traceability.ledger.apportioning import half_even, scaled
from traceability.ledger.chronicle import Beginning, lot_of
from traceability.ledger.plausibility.registered import Registered

EXTRACTION, RECOVERY = "extraction", "recovery"
MOST_REMEMBERED = 16
"""How many passages are remembered: lots that hold the same come one after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A facility as stated below the log size."""

    id: str
    name: str
    country: str
    subdivision: str | None
    organization: str
    has_operator: bool = True  # an organization of this ledger runs it
    registered: Registered | None = None


class _Spot(TypedDict):
    """Where something happened, as sources and steps name it."""

    facility_id: str | None
    facility_name: str | None
    country: str | None
    subdivision: str | None


_NOWHERE = _Spot(facility_id=None, facility_name=None, country=None, subdivision=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Where the metal of a lot entered the record, and the steps that it passed since."""

    sources: Numbered[Source]
    steps: Numbered[Step]


_Told = tuple[str, tuple[tuple[str, int], ...], tuple[tuple[str, tuple[tuple[str, int], ...]], ...]]
"""All that a passage depends on: the mineral, its sources, and by stage the steps it passed."""


class Passages:
    """The passages of the lots of one history, between sites as known at one log size."""

    def __init__(self, traced: Traced, sites: Mapping[str, Site]) -> None:
        self.traced, self.sites = traced, sites
        self._worked: dict[tuple[str, str, str], Step] = {}
        self._parcels: dict[str, tuple[Source, Step | None]] = {}
        self._known: dict[_Told, Passage] = {}

    def of(self, name: str, mineral: str) -> Passage:
        """Return the passage of one mineral of a lot."""
        content = self.traced.sources[name].contents.get(mineral)
        told: _Told = (
            mineral,
            tuple(sorted(content.sources.items())) if content else (),
            tuple(
                (stage, tuple(passed.items()))
                for stage, passed in self.traced.stages_of(name, mineral)
            ),
        )
        known = self._known.get(told)
        if known is None:
            if len(self._known) == MOST_REMEMBERED:
                del self._known[next(iter(self._known))]
            known = self._known[told] = self._passage(told)
        return known

    def contained(self, name: str, mineral: str) -> MassRange | None:
        """Return the mineral in a lot; None where nothing at all says how much it may be."""
        return contained_of(self.traced, name, mineral)

    def _passage(self, told: _Told) -> Passage:
        mineral, sources, stages = told
        work = _Telling(
            traced=self.traced,
            mineral=mineral,
            sites=self.sites,
            worked=self._worked,
            parcels=self._parcels,
        )
        for label, mg in sources:
            work.add_source(label, mg)
        for stage, passed in stages:
            work.add_stage(stage, passed)
        return Passage(sources=Numbered(work.sources), steps=Numbered(work.steps))


@dataclass(slots=True, kw_only=True)
class _Telling:
    """One passage on its way."""

    traced: Traced
    mineral: str
    sites: Mapping[str, Site]
    worked: dict[tuple[str, str, str], Step]
    """What is known of a step (entry, stage, mineral), whichever lot passed it."""
    parcels: dict[str, tuple[Source, Step | None]]
    """What is known of a parcel by its label, in whichever lot it is, and of what made it."""
    sources: list[Source] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    leaves: dict[tuple[str, str], int] = field(default_factory=dict)  # where among the steps

    # ── where it began ────────────────────────────────────────────────────────────────────

    def add_source(self, label: str, mg: int) -> None:
        """Add a parcel, with the step that made it or what its introduction declared."""
        told, name, day = parcel_of(label)
        kind, lot = _source_kind(told), lot_of(name)
        begun = self.traced.history.beginnings.get(lot)
        if kind == "introduced" and begun is not None:
            self._add_introduced(label, begun, mg)
            return
        known = self.parcels.get(label)
        if known is None:
            known = self.parcels[label] = self._parcel(label, kind, lot, day, begun)
        parcel, leaf = known
        self.sources.append(replace(parcel, mg=mg))
        if leaf is not None:
            self._add_leaf(leaf, mg)

    def _parcel(
        self, label: str, kind: SourceKind, lot: str, day: str, begun: Beginning | None
    ) -> tuple[Source, Step | None]:
        """Return a parcel and what made it, without the mass that is in one lot."""
        happening = begun.happening if begun else None
        is_leaf = kind in LEAF_STAGE
        place = self._place(happening.facility) if happening and is_leaf else _NOWHERE
        country = place["country"]
        if kind == "recycled" and begun is not None:
            country = begun.facts.get("collected_in") or None
        parcel = Source(
            id=label,
            kind=kind,
            facility_id=place["facility_id"],
            facility_name=place["facility_name"],
            country=country,
            subdivision=place["subdivision"] if kind == "mined" else None,
            mg=0,
            dispatched_on=date.fromisoformat(day) if day else None,
            organization_id=happening.author if happening else None,
            lot_id=lot,
            entry=happening.entry if happening else "",
        )
        if happening is None or not is_leaf:
            return parcel, None
        return parcel, Step(
            entry=happening.entry,
            stage=LEAF_STAGE[kind],
            organization_id=happening.author,
            performed_on=happening.on,
            mg=0,
            input_mg=None,
            output_mg=None,
            **place,
        )

    def _add_leaf(self, leaf: Step, mg: int) -> None:
        """Add the extraction or recovery, once, for all its parcels together."""
        known = self.leaves.setdefault((leaf.entry, leaf.stage), len(self.steps))
        if known < len(self.steps):
            self.steps[known] = replace(leaf, mg=self.steps[known].mg + mg)
            return
        self.steps.append(replace(leaf, mg=mg))

    def _add_introduced(self, label: str, begun: Beginning, mg: int) -> None:
        """Divide a parcel from outside as its declaration does; what it leaves out is unknown."""
        rows = [row for row in begun.declared if row.get("element", self.mineral) == self.mineral]
        mined = [row for row in rows if row["stage"] == EXTRACTION]
        collected = [row for row in rows if row["stage"] == "collection"]
        recovered = [row for row in rows if row["stage"] == RECOVERY]
        origin = mined + collected or recovered or [{"stage": "", "parts": 1}]
        for place, (row, part) in enumerate(zip(origin, _divided(origin, mg), strict=True)):
            self.sources.append(self._declared_source(f"{label}#{place}", row, begun, part))
        if collected and not recovered:
            recovered = [{"stage": RECOVERY, "parts": 1}]  # somewhere, and nobody says where
        of_recycled = sum(one.mg for one in self.sources[-len(origin) :] if one.kind == "recycled")
        self._add_declared(recovered, begun, of_recycled)
        stages = sorted({row["stage"] for row in rows} - {EXTRACTION, "collection", RECOVERY})
        for stage in stages:
            self._add_declared([row for row in rows if row["stage"] == stage], begun, mg)

    def _declared_source(
        self, label: str, row: Mapping[str, Any], begun: Beginning, mg: int
    ) -> Source:
        place = self._place(row.get("facility"), row)
        was_recycled = row["stage"] in ("collection", RECOVERY)
        if row["stage"] == RECOVERY:  # says where it was recovered, not where collected
            place = _NOWHERE
        return Source(
            id=label,
            kind="recycled" if was_recycled else "introduced",
            mg=mg,
            dispatched_on=None,  # it had left its source before it entered the record
            organization_id=begun.happening.author,
            lot_id=begun.lot,
            entry=begun.happening.entry,
            **place,
        )

    def _add_declared(self, rows: Sequence[Mapping[str, Any]], begun: Beginning, mg: int) -> None:
        for row, part in zip(rows, _divided(rows, mg), strict=True):
            self.steps.append(
                Step(
                    entry=begun.happening.entry,
                    stage=row["stage"],
                    organization_id=None,
                    performed_on=None,
                    mg=part,
                    input_mg=None,
                    output_mg=None,
                    missing=(_masses_before(row["stage"], begun.lot),),
                    **self._place(row.get("facility"), row),
                )
            )

    # ── through whose hands ───────────────────────────────────────────────────────────────

    def add_stage(self, stage: str, passed: Iterable[tuple[str, int]]) -> None:
        """Add the steps of a stage that the metal passed, once each."""
        self.steps += [replace(self._worked(stage, entry), mg=mg) for entry, mg in passed]

    def _worked(self, stage: str, entry: str) -> Step:
        """Return what is the same of a step for every lot that passed it: all but the mass."""
        question = (entry, stage, self.mineral)
        known = self.worked.get(question)
        if known is None:
            known = self.worked[question] = self._told_of(stage, entry)
        return known

    def _told_of(self, stage: str, entry: str) -> Step:
        happening = self.traced.history.happenings[entry]
        steps = self.traced.steps[entry]
        taken = [take for one in steps for take in one.takes]
        made = [one for step in steps for one in step.makes]
        carries = self.traced.carries
        feeds = [one for one in taken if self.mineral in carries.get(one.lot, frozenset())]
        gives = [one for one in made if self.mineral in carries[one.lot]]
        lacking = [one.lot for one in feeds if not self._is_measured(one.lot)]
        lacking += [one.lot for one in gives if not self._is_measured(one.lot)]
        lacking = lacking or ([] if feeds else [one.lot for one in taken])
        return Step(
            entry=entry,
            stage=stage,
            organization_id=happening.author,
            performed_on=happening.on,
            mg=0,
            input_mg=_added(self._taken(one) for one in feeds) if feeds else None,
            # Of the outputs, what nobody measured is at most what the measured ones left over.
            output_mg=_added(self._bounds(one.lot) for one in gives),
            missing=tuple(
                f"assay of {self.mineral} for lot {lot_of(name)}" for name in dict.fromkeys(lacking)
            ),
            **self._place(happening.facility),
        )

    def _taken(self, take: flow.Taken) -> MassRange | None:
        """Return the mineral in what was taken out of a lot, in proportion to its gross."""
        whole = contained_of(self.traced, take.lot, self.mineral)
        made = self.traced.made[take.lot]
        if whole is None:
            return None
        return MassRange(
            low_mg=half_even(whole.low_mg * take.amount, made.amount),
            high_mg=half_even(whole.high_mg * take.amount, made.amount),
        )

    def _bounds(self, name: str) -> MassRange:
        bounds = self.traced.sources[name].contents[self.mineral].bounds
        return MassRange(low_mg=bounds.low, high_mg=bounds.high)

    def _is_measured(self, name: str) -> bool:
        content = self.traced.sources[name].contents.get(self.mineral)
        return content is not None and content.measured

    def _place(self, facility: str | None, declared: Mapping[str, Any] | None = None) -> _Spot:
        site = self.sites.get(facility or "")
        declared = declared or {}
        return _Spot(
            facility_id=facility,
            facility_name=site.name if site else None,
            country=site.country if site else declared.get("country"),
            subdivision=site.subdivision if site else declared.get("subdivision"),
        )


def _source_kind(told: str) -> SourceKind:
    """Return the kind of a source; what nobody measured is of unknown origin."""
    kinds: tuple[SourceKind, ...] = get_args(SourceKind)
    return next((one for one in kinds if one == told), "unknown")


def _divided(rows: Sequence[Mapping[str, Any]], mg: int) -> list[int]:
    """Divide milligrams by the declared parts, to the milligram."""
    if not rows:
        return []
    parts = {f"{place:04}": int(row["parts"]) for place, row in enumerate(rows)}
    divided = scaled(parts, mg, sum(parts.values()))
    return [divided.get(name, 0) for name in parts]


def _added(masses: Iterable[MassRange | None]) -> MassRange | None:
    """Add up masses; unknown where one is."""
    low = high = 0
    for mass in masses:
        if mass is None:
            return None
        low, high = low + mass.low_mg, high + mass.high_mg
    return MassRange(low_mg=low, high_mg=high)


def _masses_before(stage: str, lot: str) -> str:
    words = stage.replace("_", " ")
    return f"masses in and out of {words} of lot {lot} before it entered the ledger"


def contained_of(traced: Traced, name: str, mineral: str) -> MassRange | None:
    """Return the mineral in a lot; None where nothing at all says how much it may be."""
    content = traced.sources[name].contents.get(mineral)
    if content is None or (content.bounds.high == 0 and content.missing):
        return None
    return MassRange(low_mg=content.bounds.low, high_mg=content.bounds.high)
