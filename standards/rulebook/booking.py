"""Booking an account: double entry over what the record says, in the order of event time.

Every line debits one place and credits another with the same whole milligrams. Entitlement
comes in as tranches, one for each lot received; what measurement leaves open of it is kept
apart, in `doubt:`. A claim draws on the tranches it names, or on the oldest: first on what is
proven, then on what is possible. The excess is booked as `over_claimed` and stays debited until
it is withdrawn, or until entitlement that comes later covers it. Nothing refuses a claim here.

The result depends on the event times and names of what was stated, never on the order in which
it was recorded: but for closed periods. Those are taken as they were closed; what is learnt of
them since is booked in the open period, on its first day, as a restatement.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import partial
from typing import Literal, get_args

from standards.rulebook.accounts import (
    AccountRecord,
    Adjustment,
    Claim,
    Closed,
    Draw,
    Input,
    PeriodSummary,
    Tranche,
)
from standards.rulebook.bookkeeping import Books
from standards.rulebook.outside import Basis, Standing
from standards.rulebook.periods import next_period
from standards.rulebook.posted import OVER, Line, Point, Restatement
from standards.rulebook.summing import summaries
from standards.rulebook.terms import Terms
from traceability.ledger.apportioning import ceiling


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What an input brings under the terms: certified metal, before it was worked.

    `outside` tells how metal from outside the ledger stands, empty where there is none.
    """

    source: Input
    outside: Standing
    certified_low_mg: int
    certified_high_mg: int
    low_mg: int
    high_mg: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """An account as booked: closed periods as they are, the open ones from their lines.

    Args:
        lines, points: of the open periods.
        draws: what stands debited, by id (`claim:<id>`, `credit:<serial>`, …).
    """

    record: AccountRecord
    terms: Terms
    inputs: tuple[Counted, ...]
    lines: tuple[Line, ...]
    points: tuple[Point, ...]
    tranches: tuple[Tranche, ...]
    draws: Mapping[str, Draw]
    restatements: tuple[Restatement, ...]
    periods: tuple[PeriodSummary, ...]

    @property
    def over_mg(self) -> int:
        """Return what stands over-claimed."""
        return sum(draw.of(OVER) for draw in self.draws.values())

    @property
    def worst_mg(self) -> int:
        """Return the balance if everything unknown speaks against the holder."""
        doubted = sum(draw.of("doubt") for draw in self.draws.values())
        return sum(one.left_mg for one in self.tranches) - doubted - self.over_mg

    @property
    def best_mg(self) -> int:
        """Return the balance if everything unknown speaks for the holder."""
        left = sum(one.left_mg + one.doubt_left_mg for one in self.tranches)
        return left - self.over_mg

    def covered(self, claim: str) -> tuple[int, int]:
        """Return how much of a claim is covered: proven, and at most."""
        draw = self.draws.get(f"claim:{claim}")
        if draw is None:
            return 0, 0
        proven = draw.of("tranche")
        return proven, proven + draw.of("doubt")


_BASES: tuple[Basis, ...] = get_args(Basis)
Coverage = Mapping[str, tuple[int, int]]
"""By claim: how much of it its own account covers, proven and at most."""


def book(
    record: AccountRecord,
    terms: Terms,
    *,
    upstream: Mapping[str, Claim],
    covered: Coverage,
    on: date,
) -> Booked:
    """Book an account up to the end of a day.

    Args:
        upstream: claims that came with the inputs, by id; covered: what stands behind them.
        on: the last day that is booked; entitlement too old by then has expired.
    """
    inputs = counted(record, terms, upstream, covered)
    frozen = record.closes[-1] if record.closes else None
    first_open = next_period(record.begins, record.months, frozen.until if frozen else None).first
    books = Books(
        frozen.tranches if frozen else (),
        frozen.draws if frozen else (),
        first=first_open,
        last_day=partial(terms.last_day, record),
    )
    for posting in _postings(record, inputs, frozen, first_open):
        if posting.at.date() <= on:
            books.pass_to(posting.at.date())
            _post(posting, books)
    books.pass_to(on)
    return Booked(
        record=record,
        terms=terms,
        inputs=inputs,
        lines=tuple(books.lines),
        points=tuple(books.points),
        tranches=books.tranches(),
        draws=books.draws(),
        restatements=tuple(books.restatements),
        periods=(
            *(one.period for one in record.closes),
            *summaries(record, books.lines, books.points, first_open, on),
        ),
    )


def counted(
    record: AccountRecord, terms: Terms, upstream: Mapping[str, Claim], covered: Coverage
) -> tuple[Counted, ...]:
    """Return what each input brings: certified metal that counts, and claims that came with it."""
    return tuple(
        _counted(one, record.tier, terms, upstream, covered)
        for one in sorted(record.inputs, key=lambda one: (one.at, one.lot_id))
    )


def _counted(
    source: Input, tier: str, terms: Terms, upstream: Mapping[str, Claim], covered: Coverage
) -> Counted:
    known = {basis: _certified(source, basis, tier, terms) for basis in _BASES}
    low, high = (
        sums["traced"] + max(sums["declared_origin"], sums["opening_statement"])
        for sums in ({basis: ends[end] for basis, ends in known.items()} for end in (0, 1))
    )
    for name in source.came_with:
        claim = upstream[name]
        counts = terms.counts(claim.tier, tier, source.siblings)
        proven, most = covered.get(name, (0, claim.mg))
        low += proven if counts and not claim.is_disputed else 0
        high += 0 if counts is False else most
    low, high = (min(mg, source.total_high_mg) for mg in (low, high))  # no lot is richer
    proven, most = source.recovered(low, high)
    return Counted(
        source=source,
        certified_low_mg=low,
        certified_high_mg=high,
        low_mg=proven,
        high_mg=max(proven, most),
        outside=_outside(source, terms),
    )


def _certified(source: Input, basis: Basis, tier: str, terms: Terms) -> tuple[int, int]:
    """Return the metal known on one basis that counts for a tier: for sure, and at most."""
    low = high = 0
    for part in source.certified:
        if part.basis == basis:
            told = terms.accepts(basis), terms.counts(part.level, tier, source.siblings)
            low += part.proven_mg if all(told) else 0
            high += 0 if False in told else part.proven_mg + part.doubt_mg
    return low, high


def _outside(source: Input, terms: Terms) -> Standing:
    """Return how metal from outside the ledger stands."""
    if source.outside is None:
        return ""
    if source.outside.why:
        return source.outside.why
    told = {terms.accepts(part.basis) for part in source.certified if part.basis != "traced"}
    return "counted" if True in told else "unset" if None in told else "not_accepted"


# ── what is to be booked, in order ────────────────────────────────────────────────────────

_What = Literal["restatement", "entitlement", "adjustment", "claim", "withdrawal"]
_RANK: Mapping[_What, int] = {
    "restatement": 0,
    "entitlement": 1,  # what comes in at the very time of a claim stands behind it
    "adjustment": 2,
    "claim": 3,
    "withdrawal": 4,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Posting:
    """Something to book: `name` is the tranche's lot, or what is debited."""

    what: _What
    at: datetime
    name: str
    mg: int = 0
    low_mg: int = 0
    high_mg: int = 0
    named: tuple[str, ...] = ()
    arrived: datetime | None = None
    is_late: bool = False

    @property
    def order(self) -> tuple[datetime, int, str]:
        """Return the place in the order of event time; ties go by what it is, then by name."""
        return self.at, _RANK[self.what], self.name


def _post(one: _Posting, books: Books) -> None:
    if one.what == "entitlement":
        books.entitle(one.name, one.at, one.low_mg, one.high_mg)
    elif one.what == "restatement":
        arrived = one.arrived or one.at
        books.restate(one.name, arrived, one.at, one.low_mg, one.high_mg, adjusted=one.mg)
    elif one.what == "adjustment":
        books.adjust(one.name, one.named[0], one.at, one.mg)
    elif one.what == "claim":
        books.draw(one.name, one.at, one.mg, one.named, is_late=one.is_late)
    else:
        books.withdraw(one.name, one.at)


def _postings(
    record: AccountRecord,
    inputs: tuple[Counted, ...],
    frozen: Closed | None,
    first_open: date,
) -> list[_Posting]:
    told = [
        *_entitled(record, tuple(one for one in inputs if one.high_mg), frozen, first_open),
        *_drawn(record, frozen, first_open),
    ]
    return sorted(told, key=lambda one: one.order)


def _when(at: datetime, first_open: date) -> datetime:
    """Return when something is booked: when it happened, or on the first day that is open."""
    return at if at.date() >= first_open else datetime.combine(first_open, time.min, at.tzinfo)


def _entitled(
    record: AccountRecord,
    inputs: tuple[Counted, ...],
    frozen: Closed | None,
    first_open: date,
) -> Iterator[_Posting]:
    """Yield what comes in and is lost in the open periods, and what is restated of closed ones."""
    past = {one.id: one for one in frozen.tranches} if frozen else {}
    lost = dict.fromkeys((one.source.lot_id for one in inputs), 0)
    for loss, source, mg in _losses(record, inputs):
        at, lot = max(loss.at, source.source.at), loss.lot_id
        if at.date() < first_open:
            lost[lot] += mg
        else:
            name = f"{loss.entry}:{lot}"
            yield _Posting(what="adjustment", at=at, name=name, mg=mg, named=(lot,))
    for one in inputs:
        lot, at = one.source.lot_id, one.source.at
        before = past.pop(lot, None)
        if before is None and at.date() >= first_open:
            yield _Posting(
                what="entitlement", at=at, name=lot, low_mg=one.low_mg, high_mg=one.high_mg
            )
        elif (one.low_mg, one.high_mg, lost[lot]) != _before(before):
            yield _Posting(
                what="restatement", at=_when(at, first_open), name=lot, arrived=at,
                low_mg=one.low_mg, high_mg=one.high_mg, mg=lost[lot],
            )  # fmt: skip
    for lot, gone in past.items():  # its receipt was voided, or it is certified no more
        if _before(gone) != (0, 0, 0):
            yield _Posting(what="restatement", at=_when(gone.at, first_open), name=lot)


def _losses(
    record: AccountRecord, inputs: tuple[Counted, ...]
) -> Iterator[tuple[Adjustment, Counted, int]]:
    """Yield losses in stock with what they take of the entitlement of their input, rounded up."""
    by_lot = {one.source.lot_id: one for one in inputs}
    for loss in sorted(record.adjustments, key=lambda one: (one.at, one.entry, one.lot_id)):
        source = by_lot.get(loss.lot_id)
        if source is not None and source.source.arrived_mg:
            mg = ceiling(source.certified_low_mg * loss.mg, source.source.arrived_mg)
            if mg:
                yield loss, source, mg


def _before(frozen: Tranche | None) -> tuple[int, int, int]:
    return (frozen.low_mg, frozen.high_mg, frozen.adjusted_mg) if frozen else (0, 0, 0)


def _drawn(record: AccountRecord, frozen: Closed | None, first_open: date) -> Iterator[_Posting]:
    """Yield claims, issued credits and withdrawals that no closed period has taken in."""
    debited = {one.id for one in frozen.draws} if frozen else set()
    for one in record.claims:
        name, at = f"claim:{one.id}", _when(one.at, first_open)
        if not _is_taken_in(one.index, one.at, frozen):
            debited.add(name)
            yield _Posting(
                what="claim", at=at, name=name, mg=one.mg, named=one.tranches,
                is_late=one.at.date() < first_open,
            )  # fmt: skip
        if one.withdrawn_at is not None and name in debited:
            yield _Posting(
                what="withdrawal", at=max(at, _when(one.withdrawn_at, first_open)), name=name
            )
    for issue in record.issues:
        if not _is_taken_in(issue.index, issue.at, frozen):
            yield _Posting(
                what="claim", at=_when(issue.at, first_open), name=f"credit:{issue.serial}",
                mg=issue.mg, is_late=issue.at.date() < first_open,
            )  # fmt: skip


def _is_taken_in(index: int, at: datetime, frozen: Closed | None) -> bool:
    """Tell whether the last close knew of something, and it had happened by then."""
    return frozen is not None and index < frozen.known_at and at.date() <= frozen.until
