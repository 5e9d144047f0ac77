"""Assembling dossiers: from traced metal to what a rule may look at.

Pure: the caller brings the history, the sites and the certificates as they were at the log
size in question.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, TypedDict, get_args

from standards.rulebook.accounting import with_suppliers
from standards.rulebook.accounts import AccountRecord, Claim, IssuedCredit
from standards.rulebook.credential import Credential, Snapshot
from standards.rulebook.dossier import (
    Agreement,
    DeclaredClaim,
    Dossier,
    MassRange,
    PathLot,
    Source,
    SourceKind,
    Step,
)
from standards.rulebook.forms import Form, forms_about
from standards.rulebook.handing import holders_of, upstream
from standards.rulebook.observing import NOTHING_OBSERVED, Observed
from standards.rulebook.traced import LEAF_STAGE, Traced, parcel_of
from traceability.ledger import history as flow
from traceability.ledger.apportioning import half_even, scaled
from traceability.ledger.chronicle import Beginning, Happening, lot_of
from traceability.ledger.plausibility.registered import Registered

EXTRACTION, RECOVERY = "extraction", "recovery"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """Claims by the lot they are about, and the accounts and credits they turn on, by id."""

    claims: Mapping[str, Sequence[Claim]]
    accounts: Mapping[str, AccountRecord]
    credits: Mapping[str, IssuedCredit]


NOTHING_CLAIMED = Claimed(claims={}, accounts={}, credits={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything besides the history that dossiers are made of, at one log size."""

    log_size: int
    sites: Mapping[str, Site]
    credentials: Mapping[str, Sequence[Credential]]  # by facility, or organization
    snapshots: tuple[Snapshot, ...]
    declared: Mapping[str, Sequence[DeclaredClaim]] = field(default_factory=dict)  # by lot
    agreements: Mapping[str, Sequence[Agreement]] = field(default_factory=dict)  # by contractor
    forms: Sequence[Form] = ()
    observed: Observed = NOTHING_OBSERVED
    claimed: Claimed = NOTHING_CLAIMED


class _Claimed(TypedDict):
    """What was claimed of a lot, as a dossier has it."""

    claims: tuple[Claim, ...]
    accounts: tuple[AccountRecord, ...]
    credits: tuple[IssuedCredit, ...]


def _claims_on(lot: str, mineral: str, claimed: Claimed) -> _Claimed:
    """Return the claims about a lot's mineral with the accounts and credits they turn on."""
    claims = tuple(one for one in claimed.claims.get(lot, ()) if one.element == mineral)
    holders = {one.holder for one in claims}
    drawn = {one.account for one in claims if one.account}
    drawn |= {
        one.id
        for one in claimed.accounts.values()
        if one.holder in holders and one.element == mineral
    }
    serials = {serial for one in claims for serial in one.credits}
    return _Claimed(
        claims=claims,
        accounts=tuple(
            claimed.accounts[name] for name in sorted(with_suppliers(drawn, claimed.accounts))
        ),
        credits=tuple(one for serial, one in sorted(claimed.credits.items()) if serial in serials),
    )


class _Spot(TypedDict):
    """Where something happened, as sources and steps name it."""

    facility_id: str | None
    facility_name: str | None
    country: str | None
    subdivision: str | None


_NOWHERE = _Spot(facility_id=None, facility_name=None, country=None, subdivision=None)


def assemble(
    traced: Traced,
    lot: str,
    mineral: str,
    *,
    evidence: Evidence,
    as_of: date,
    dates: Mapping[str, date] | None = None,
) -> Dossier:
    """Return the dossier of one lot and one mineral.

    Args:
        lot: one of the lots that were traced.
        mineral: one of `traced.minerals_of(lot)`, or any other element.
        as_of: the day the question is asked for.
        dates: further governing days that are known.
    """
    work = _Assembly(traced=traced, mineral=mineral, sites=evidence.sites)
    content = traced.sources[traced.history.last[lot]].contents.get(mineral)
    for label, mg in sorted(content.sources.items()) if content else ():
        work.add_source(label, mg)
    work.add_stages(traced.history.last[lot])

    lots = [_operated(one, evidence.sites) for one in upstream(traced.lots, lot)]
    holders = holders_of(lots)
    subjects = holders | {one.facility_id for one in work.sources if one.facility_id}
    subjects |= {one.facility_id for one in work.steps if one.facility_id}
    return Dossier(
        lot_id=lot,
        mineral=mineral,
        log_size=evidence.log_size,
        as_of=as_of,
        dates=dict(dates or {}),
        contained_mg=work.contained(traced.history.last[lot]),
        sources=tuple(work.sources),
        steps=tuple(work.steps),
        credentials=tuple(
            one for name in sorted(subjects) for one in evidence.credentials.get(name, ())
        ),
        snapshots=evidence.snapshots,
        lots=tuple(lots),
        declared=tuple(_declared(lots, evidence, mineral)),
        agreements=tuple(
            one for name in sorted(holders) for one in evidence.agreements.get(name, ())
        ),
        forms=forms_about({one.lot_id for one in lots}, holders, evidence.forms),
        observations=evidence.observed.of(lot, mineral),
        **_claims_on(lot, mineral, evidence.claimed),
    )


def _operated(lot: PathLot, sites: Mapping[str, Site]) -> PathLot:
    """Return a lot, without a maker where others reported what a party without a key made."""
    site = sites.get(lot.facility_id or "")
    if lot.stage is None or site is None or site.has_operator:
        return lot
    return replace(lot, maker=None)


def _declared(lots: Iterable[PathLot], evidence: Evidence, mineral: str) -> Iterator[DeclaredClaim]:
    """Yield the claims about lots on the path that a holder of the lot made about this mineral.

    What anybody else says of a lot is not his to declare.
    """
    for lot in lots:
        claims = evidence.declared.get(lot.lot_id, ())
        holders = holders_of([lot]) if claims else set()
        for claim in claims:
            if claim.claimant in holders and claim.mineral in (None, mineral):
                yield claim


@dataclass(slots=True, kw_only=True)
class _Assembly:
    """One dossier on its way."""

    traced: Traced
    mineral: str
    sites: Mapping[str, Site]
    sources: list[Source] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    leaves: dict[tuple[str, str], int] = field(default_factory=dict)  # where among the steps

    def contained(self, name: str) -> MassRange | None:
        """Return the mineral in a lot; None where nothing at all says how much it may be."""
        content = self.traced.sources[name].contents.get(self.mineral)
        if content is None or (content.bounds.high == 0 and content.missing):
            return None
        return MassRange(low_mg=content.bounds.low, high_mg=content.bounds.high)

    # ── where it began ────────────────────────────────────────────────────────────────────

    def add_source(self, label: str, mg: int) -> None:
        """Add a parcel, with the step that made it or what its introduction declared."""
        told, name, day = parcel_of(label)
        kind, lot = _source_kind(told), lot_of(name)
        begun = self.traced.history.beginnings.get(lot)
        if kind == "introduced" and begun is not None:
            self._add_introduced(label, begun, mg)
            return
        happening = begun.happening if begun else None
        is_leaf = kind in LEAF_STAGE
        place = self._place(happening.facility) if happening and is_leaf else _NOWHERE
        country = place["country"]
        if kind == "recycled" and begun is not None:
            country = begun.facts.get("collected_in") or None
        self.sources.append(
            Source(
                id=label,
                kind=kind,
                facility_id=place["facility_id"],
                facility_name=place["facility_name"],
                country=country,
                subdivision=place["subdivision"] if kind == "mined" else None,
                mg=mg,
                dispatched_on=date.fromisoformat(day) if day else None,
                organization_id=happening.author if happening else None,
                lot_id=lot,
                entry=happening.entry if happening else "",
            )
        )
        if happening is not None and is_leaf:
            self._add_leaf(LEAF_STAGE[kind], happening, mg)

    def _add_leaf(self, stage: str, happening: Happening, mg: int) -> None:
        """Add the extraction or recovery, once, for all its parcels together."""
        known = self.leaves.setdefault((happening.entry, stage), len(self.steps))
        if known < len(self.steps):
            self.steps[known] = replace(self.steps[known], mg=self.steps[known].mg + mg)
            return
        self.steps.append(
            Step(
                entry=happening.entry,
                stage=stage,
                organization_id=happening.author,
                performed_on=happening.on,
                mg=mg,
                input_mg=None,
                output_mg=None,
                **self._place(happening.facility),
            )
        )

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

    def add_stages(self, name: str) -> None:
        """Add the steps that metal of this lot passed, once each, stage by stage."""
        for stage, passed in self.traced.stages_of(name, self.mineral):
            self.steps += [self._worked(stage, entry, mg) for entry, mg in passed.items()]

    def _worked(self, stage: str, entry: str, mg: int) -> Step:
        """Return a step as this lot passed it: only the mass is its own."""
        question = (entry, stage, self.mineral)
        known = self.traced.worked.get(question)
        if known is None or known[0] is not self.sites:
            known = self.traced.worked[question] = self.sites, self._told_of(stage, entry)
        return Step(mg=mg, **known[1])

    def _told_of(self, stage: str, entry: str) -> dict[str, Any]:
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
        return {
            "entry": entry,
            "stage": stage,
            "organization_id": happening.author,
            "performed_on": happening.on,
            "input_mg": _added(self._taken(one) for one in feeds) if feeds else None,
            # Of the outputs, what nobody measured is at most what the measured ones left over.
            "output_mg": _added(self._bounds(one.lot) for one in gives),
            "missing": tuple(
                f"assay of {self.mineral} for lot {lot_of(name)}" for name in dict.fromkeys(lacking)
            ),
            **self._place(happening.facility),
        }

    def _taken(self, take: flow.Taken) -> MassRange | None:
        """Return the mineral in what was taken out of a lot, in proportion to its gross."""
        whole, made = self.contained(take.lot), self.traced.made[take.lot]
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
