"""Inputs of accounts: what entered a boundary, what of it is certified, what it came to.

Metal is certified where a certificate of the scheme held at its mine, or recycler, on the day
it left there. What has no certificate on file is not: an account is proven by its holder. Where
a certificate's scope, status or days are unclear, the metal is in doubt. For metal from outside
the ledger a declared origin, or the account's opening statement, stands in (`outside`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cache

from standards.rulebook.accounts import Adjustment, Certified, Claim, Count, Input
from standards.rulebook.certified import Held, level_held
from standards.rulebook.credential import Credential
from standards.rulebook.entitlement import Worked, followed
from standards.rulebook.findings import Outcome
from standards.rulebook.outside import Basis, Declared, Outside, Why, declared_sites
from standards.rulebook.stays import Boundary, Stays, instant
from standards.rulebook.stocktaking import counts_at
from standards.rulebook.traced import LEAF_STAGE, parcel_of
from traceability.ledger.chronicle import History, lot_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What is kept of one element under one scheme: everything that entitlement turns on.

    Args:
        boundaries: those of every account; of all, since what one counts no other can.
        told: the walk over the history for these.
        claims: made on accounts of the element and scheme, by the lot that they went with.
        credentials: by facility, as known below `log_size`.
    """

    element: str
    scheme: str
    history: History
    boundaries: Sequence[Boundary]
    told: Stays
    claims: Mapping[str, Sequence[Claim]]
    credentials: Mapping[str, Sequence[Credential]]
    log_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """The inputs of one account, what was lost of them in stock, and counts of the stock."""

    inputs: tuple[Input, ...]
    adjustments: tuple[Adjustment, ...]
    counts: tuple[Count, ...] = ()


def entered(market: Market, accounts: Iterable[str]) -> dict[str, Entered]:
    """Return what entered the boundaries of some accounts."""
    boundaries = {one.account: one for one in market.boundaries}
    sites = {name: boundaries[name].facilities for name in accounts}
    found = followed(market.history, market.told, element=market.element, sites=sites)
    work = _Certifying(market, boundaries)
    return {
        name: Entered(
            inputs=tuple(_first_of_each(work.input_of(name, one) for one in rows)),
            adjustments=tuple(work.adjustments(rows)),
            counts=tuple(counts_at(market.history, market.told, boundaries[name], found.weighed)),
        )
        for name, rows in found.worked.items()
    }


def _first_of_each(inputs: Iterable[Input]) -> Iterator[Input]:
    """Yield one input for each lot: a lot that comes again brings nothing new."""
    seen = set[str]()
    for one in inputs:
        if one.lot_id not in seen:
            seen.add(one.lot_id)
            yield one


class _Certifying:
    """Tells what is certified of what entered."""

    def __init__(self, market: Market, boundaries: Mapping[str, Boundary]) -> None:
        self.market = market
        self.boundaries = boundaries
        self.level = cache(self._level)

    def input_of(self, account: str, one: Worked) -> Input:
        """Return the input that a lot is to one account: the holder's part of it."""
        entering, content = one.entering, one.content
        boundary = self.boundaries[account]
        holder, parts = boundary.holder, dict(entering.parts)
        told = self._told(boundary, one)
        begins = datetime.combine(boundary.begins, time.min, UTC)
        tiers = {
            self.boundaries[name].tier
            for name in parts
            if self.boundaries[name].holder == holder and name != account
        }
        return Input(
            lot_id=entering.lot,
            entry=entering.after,
            at=entering.at if entering.at.date() >= boundary.begins else begins,
            total_low_mg=_part(content.bounds.low, parts[account], entering.whole),
            total_high_mg=_part(content.bounds.high, parts[account], entering.whole),
            certified=told.certified(),
            came_with=tuple(
                sorted(
                    claim.id
                    for claim in self.market.claims.get(entering.lot, ())
                    if claim.recipient == holder and claim.account != account
                )
            ),
            arrived_mg=one.own_mg,
            given_low_mg=one.given_low_mg,
            given_high_mg=one.given_high_mg,
            siblings=tuple(sorted(tiers)),
            missing=(
                *(f"assay of {self.market.element} for lot {lot}" for lot in one.missing),
                *told.missing,
            ),
            outside=told.outside(),
        )

    def adjustments(self, rows: Iterable[Worked]) -> Iterator[Adjustment]:
        """Yield what was lost of some inputs in stock."""
        for one in rows:
            for entry, mg in one.lost.items():
                happening = self.market.history.happenings[entry]
                yield Adjustment(
                    entry=entry,
                    lot_id=one.entering.lot,
                    at=instant(happening.effective, happening.on),
                    mg=mg,
                )

    def _told(self, boundary: Boundary, one: Worked) -> "_Certifiable":
        """Return what is known of the levels of the metal that an account counts in a lot."""
        entering = one.entering
        told = _Certifiable(parts=entering.parts[boundary.account], whole=entering.whole)
        for label, mg in sorted(one.content.sources.items()):
            if label[0] == "@":
                continue
            kind, name, _ = parcel_of(label)
            if kind != "introduced":
                self._add(told, "traced", self._level_of(label, entering.at.date()), mg)
                continue
            told.outside_mg += mg
            if self._is_since(boundary, name):
                self._add_declared(told, lot_of(name), mg)
        self._add_opening(told, boundary, entering.lot)
        return told

    def _add(
        self, told: "_Certifiable", basis: Basis, found: Held | None, mg: int, *, sure: bool = True
    ) -> None:
        if found is not None:
            level, held = found
            is_proven = sure and held.outcome is Outcome.CONFORMS
            told.add(basis, level, mg if is_proven else 0, 0 if is_proven else mg)

    def _is_since(self, boundary: Boundary, name: str) -> bool:
        """Tell whether a lot was introduced since the account began: else some may be gone."""
        return self.market.history.beginnings[lot_of(name)].happening.on >= boundary.begins

    def _add_declared(self, told: "_Certifiable", lot: str, mg: int) -> None:
        """Add metal whose origin was declared, at the sites whose certificates held."""
        begun = self.market.history.beginnings[lot]
        sites = list(declared_sites(begun.declared, self.market.element))
        told.note("no_certificate" if sites else "no_site" if begun.declared else "no_origin")
        for site in sites:
            found = self._level_at(site, begun.happening.on)
            is_day_told = site.left_on is not None
            part = mg * site.parts // site.whole
            self._add(told, "declared_origin", found, part, sure=is_day_told)
            if found is not None and not is_day_told:
                told.missing.append(f"the day on which the metal of lot {lot} left {site.facility}")

    def _level_at(self, site: Declared, introduced_on: date) -> Held | None:
        return self.level(site.facility, site.activity, site.left_on or introduced_on)

    def _add_opening(self, told: "_Certifiable", boundary: Boundary, lot: str) -> None:
        """Add what the account's opening statement says of a lot that was introduced."""
        opening = boundary.opening.get(lot)
        if opening is None or not told.outside_mg:
            return
        if not opening.has_documents:
            told.note("no_document")
            return
        is_disputed = self.market.history.beginnings[lot].happening.is_disputed
        doubt = opening.mg if is_disputed else 0
        told.state(opening.level, opening.mg - doubt, doubt)

    def _level_of(self, label: str, entered_on: date) -> Held | None:
        kind, name, day = parcel_of(label)
        begun = self.market.history.beginnings.get(lot_of(name))
        if kind not in LEAF_STAGE or begun is None or begun.happening.facility is None:
            return None
        left_on = date.fromisoformat(day) if day else entered_on
        return self.level(begun.happening.facility, LEAF_STAGE[kind], left_on)

    def _level(self, site: str, activity: str, day: date) -> Held | None:
        return level_held(
            self.market.credentials.get(site, ()),
            scheme=self.market.scheme,
            site=site,
            activity=activity,
            mineral=self.market.element,
            day=day,
            log_size=self.market.log_size,
        )


@dataclass(slots=True, kw_only=True)
class _Certifiable:
    """What is known of one lot for one account, while it is looked at.

    Args:
        parts, whole: the holder's undivided share.
        outside_mg: metal in the lot, whosever, that came from outside the ledger.
    """

    parts: int
    whole: int
    outside_mg: int = 0
    missing: list[str] = field(default_factory=list)
    _why: Why = ""
    _found: dict[tuple[Basis, str | None], tuple[int, int]] = field(default_factory=dict)
    _stated: list[Certified] = field(default_factory=list)

    def add(self, basis: Basis, level: str | None, proven: int, doubt: int) -> None:
        """Add metal of a level, whosever."""
        before = self._found.get((basis, level), (0, 0))
        self._found[basis, level] = before[0] + proven, before[1] + doubt

    def state(self, level: str | None, proven: int, doubt: int) -> None:
        """Take in what is stated of the holder's own metal: no more than came from outside."""
        most = self._own(self.outside_mg)
        self._stated.append(
            Certified(
                level=level,
                proven_mg=min(proven, most),
                doubt_mg=min(doubt, most),
                basis="opening_statement",
            )
        )

    def note(self, why: Why) -> None:
        """Note why nothing may prove metal from outside; what is nearer to a proof counts."""
        self._why = max(self._why, why, key=_WHYS.index)

    def certified(self) -> tuple[Certified, ...]:
        """Return the holder's part, by level and basis."""
        return (
            *(
                Certified(
                    level=level,
                    proven_mg=self._own(self._found[basis, level][0]),
                    doubt_mg=self._own(self._found[basis, level][1]),
                    basis=basis,
                )
                for basis, level in sorted(self._found, key=lambda one: (one[0], one[1] or ""))
            ),
            *self._stated,
        )

    def outside(self) -> Outside | None:
        """Return what came from outside; None where nothing did."""
        if not self.outside_mg:
            return None
        is_proven = any(one.basis != "traced" for one in self.certified())
        return Outside(mg=self._own(self.outside_mg), why="" if is_proven else self._why)

    def _own(self, mg: int) -> int:
        """Return an undivided share, rounded down: all shares add up to no more."""
        return _part(mg, self.parts, self.whole)


_WHYS: tuple[Why, ...] = ("", "no_origin", "no_site", "no_certificate", "no_document")


def _part(mg: int, parts: int, whole: int) -> int:
    """Return an undivided share of milligrams, rounded down: all shares add up to no more."""
    return mg * parts // whole
