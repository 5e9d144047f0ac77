"""Inputs of accounts: what entered a boundary, what of it is certified, what it came to.

Metal is certified where a certificate of the scheme held at its mine, or recycler, on the day
it left there. What has no certificate on file is not: an account is proven by its holder. Where
a certificate's scope, status or days are unclear, the metal is in doubt.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from standards.rulebook.accounts import Adjustment, Certified, Claim, Count, Input
from standards.rulebook.certified import Held, level_held
from standards.rulebook.credential import Credential
from standards.rulebook.entitlement import Worked, followed
from standards.rulebook.findings import Outcome
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
        holder = self.boundaries[account].holder
        parts = dict(entering.parts)
        tiers = {
            self.boundaries[name].tier
            for name in parts
            if self.boundaries[name].holder == holder and name != account
        }
        return Input(
            lot_id=entering.lot,
            entry=entering.after,
            at=entering.at,
            total_low_mg=_part(content.bounds.low, parts[account], entering.whole),
            total_high_mg=_part(content.bounds.high, parts[account], entering.whole),
            certified=tuple(self._certified(account, one)),
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
            missing=tuple(f"assay of {self.market.element} for lot {lot}" for lot in one.missing),
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

    def _certified(self, account: str, one: Worked) -> Iterator[Certified]:
        proven: dict[str | None, int] = {}
        doubt: dict[str | None, int] = {}
        for label, mg in sorted(one.content.sources.items()):
            found = None if label[0] == "@" else self._level_of(label, one.entering.at.date())
            if found is not None:
                level, held = found
                into = proven if held.outcome is Outcome.CONFORMS else doubt
                into[level] = into.get(level, 0) + mg
        share = one.entering.parts[account], one.entering.whole
        for level in sorted(proven.keys() | doubt.keys(), key=lambda level: level or ""):
            yield Certified(
                level=level,
                proven_mg=_part(proven.get(level, 0), *share),
                doubt_mg=_part(doubt.get(level, 0), *share),
            )

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


def _part(mg: int, parts: int, whole: int) -> int:
    """Return an undivided share of milligrams, rounded down: all shares add up to no more."""
    return mg * parts // whole
