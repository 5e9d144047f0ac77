"""Assembling dossiers: from traced metal to what a rule may look at.

Pure: the caller brings the history, the sites and the certificates as they were at the log
size in question.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypedDict

from standards.rulebook.accounting import with_suppliers
from standards.rulebook.accounts import AccountRecord, Claim, IssuedCredit
from standards.rulebook.credential import Credential, Snapshot
from standards.rulebook.dossier import Agreement, DeclaredClaim, Dossier, PathLot
from standards.rulebook.forms import Form, forms_about
from standards.rulebook.handing import holders_of, upstream
from standards.rulebook.observing import NOTHING_OBSERVED, Observed
from standards.rulebook.parts import Numbered
from standards.rulebook.passage import Passages, Site
from standards.rulebook.traced import Traced


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
    passed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # countries, by shipment
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Path:
    """Lots with their names, and who made, held or owned one of them."""

    lots: tuple[PathLot, ...] = ()
    names: frozenset[str] = frozenset()
    holders: frozenset[str] = frozenset()


_NO_PATH = _Path()


class Assembler:
    """Assembles the dossiers of lots that were traced together.

    What lots came of is the same for all that came of it: it is put together once.
    """

    def __init__(self, traced: Traced, evidence: Evidence, *, as_of: date) -> None:
        self._traced, self._evidence, self._as_of = traced, evidence, as_of
        self._passages = Passages(traced, evidence.sites)
        self._paths: dict[str, _Path] = {}
        self._credentials: dict[frozenset[str], tuple[Credential, ...]] = {}

    def dossier(
        self, lot: str, mineral: str, *, dates: Mapping[str, date] | None = None
    ) -> Dossier:
        """Return the dossier of one lot and one mineral.

        Args:
            lot: one of the lots that were traced.
            mineral: one of `traced.minerals_of(lot)`, or any other element.
            dates: further governing days that are known.
        """
        evidence, name = self._evidence, self._traced.history.last[lot]
        passage, path = self._passages.of(name, mineral), self._path(lot)
        sites = {one.facility_id for one in passage.sources if one.facility_id}
        sites |= {one.facility_id for one in passage.steps if one.facility_id}
        return Dossier(
            lot_id=lot,
            mineral=mineral,
            log_size=evidence.log_size,
            as_of=self._as_of,
            dates=dict(dates or {}),
            contained_mg=self._passages.contained(name, mineral),
            sources=passage.sources,
            steps=passage.steps,
            credentials=self._credentials_of(path.holders | sites),
            snapshots=evidence.snapshots,
            lots=path.lots,
            declared=tuple(_declared(path.lots, evidence, mineral)) if evidence.declared else (),
            agreements=tuple(
                one for name in sorted(path.holders) for one in evidence.agreements.get(name, ())
            ),
            forms=forms_about(path.names, path.holders, evidence.forms) if evidence.forms else (),
            observations=evidence.observed.of(lot, mineral),
            **_claims_on(lot, mineral, evidence.claimed),
        )

    def _path(self, lot: str) -> _Path:
        """Return the lots that a lot was made of, itself first, and who held them."""
        known = self._paths.get(lot)
        if known is None:
            known = self._paths[lot] = self._path_of(lot)
        return known

    def _path_of(self, lot: str) -> _Path:
        own = self._traced.lots.get(lot)
        if own is not None and len(own.parents) == 1:
            [parent] = own.parents
            rest = self._paths.get(parent)
            if rest is None:
                rest = self._put_together(upstream(self._traced.lots, parent))
                self._paths[parent] = rest
            if lot not in rest.names:  # else some of it went round
                return self._put_together([own], rest)
        return self._put_together(upstream(self._traced.lots, lot))

    def _put_together(self, lots: Iterable[PathLot], rest: _Path = _NO_PATH) -> _Path:
        sites, passed = self._evidence.sites, self._evidence.passed
        told = tuple(_with_countries(_operated(one, sites), passed) for one in lots)
        return _Path(
            lots=(*told, *rest.lots),
            names=rest.names.union(one.lot_id for one in told),
            holders=rest.holders | holders_of(told),
        )

    def _credentials_of(self, subjects: frozenset[str]) -> tuple[Credential, ...]:
        known = self._credentials.get(subjects)
        if known is None:
            by_subject = self._evidence.credentials
            known = self._credentials[subjects] = Numbered(
                one for name in sorted(subjects) for one in by_subject.get(name, ())
            )
        return known


def assemble(
    traced: Traced,
    lot: str,
    mineral: str,
    *,
    evidence: Evidence,
    as_of: date,
    dates: Mapping[str, date] | None = None,
) -> Dossier:
    """Return the dossier of one lot and one mineral; see `Assembler`.

    Args:
        as_of: the day the question is asked for.
    """
    return Assembler(traced, evidence, as_of=as_of).dossier(lot, mineral, dates=dates)


def _operated(lot: PathLot, sites: Mapping[str, Site]) -> PathLot:
    """Return a lot, without a maker where others reported what a party without a key made."""
    site = sites.get(lot.facility_id or "")
    if lot.stage is None or site is None or site.has_operator:
        return lot
    return replace(lot, maker=None)


def _with_countries(lot: PathLot, passed: Mapping[str, tuple[str, ...]]) -> PathLot:
    """Return a lot with the countries that its shipments state to pass."""
    if not any(hand.entry in passed for hand in lot.hands):
        return lot
    hands = (replace(one, countries=passed.get(one.entry, ())) for one in lot.hands)
    return replace(lot, hands=tuple(hands))


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
