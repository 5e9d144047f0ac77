"""The books of one account while it is booked: tranches, what stands debited, and every line.

Each line debits one place and credits another with the same whole milligrams:

- `tranche:<lot>` and `doubt:<lot>`: entitlement of one input, proven and merely possible;
- `claim:<id>`, `credit:<serial>`: what was claimed, or issued, out of the account;
- `over_claimed`: the excess of claims over all there was, until something covers it;
- `received`, `restated`, `adjusted`, `expired`: where entitlement comes from and goes to.
"""

from bisect import insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from standards.rulebook.accounts import Draw, Tranche, Use
from standards.rulebook.months import day_after
from standards.rulebook.posted import OVER, Line, Point, Restatement


@dataclass(slots=True, kw_only=True, eq=False)
class _Held:
    """A tranche as it stands."""

    id: str
    at: datetime
    low: int
    high: int
    adjusted: int = 0
    left: int = 0
    doubt: int = 0
    expired: int = 0
    doubt_expired: int = 0
    last: date | None = None  # on which it may be claimed
    is_open: bool = False  # among those with something left

    @property
    def net(self) -> tuple[int, int]:
        """Return what it came to after losses in stock, proven and at most."""
        low = max(0, self.low - self.adjusted)
        return low, low + self.high - self.low

    def frozen(self) -> Tranche:
        return Tranche(
            id=self.id,
            at=self.at,
            low_mg=self.low,
            high_mg=self.high,
            adjusted_mg=self.adjusted,
            left_mg=self.left,
            doubt_left_mg=self.doubt,
            expired_mg=self.expired,
            doubt_expired_mg=self.doubt_expired,
        )


@dataclass(slots=True, kw_only=True)
class _Debit:
    """A claim, or an issued credit, and where its milligrams come from."""

    id: str
    at: datetime
    mg: int
    uses: dict[str, int] = field(default_factory=dict)
    over: int = 0
    is_late: bool = False

    def frozen(self) -> Draw:
        return Draw(
            id=self.id,
            at=self.at,
            mg=self.mg,
            uses=tuple(Use(source=name, mg=mg) for name, mg in sorted(self.uses.items())),
            over_mg=self.over,
            is_late=self.is_late,
        )


class Books:
    """The books of one account, from what a closed period left, or from nothing.

    Args:
        first: the first day that is open; nothing is booked before it.
        last_day: the last day to claim what came in on a day; None where it never expires.
    """

    def __init__(
        self,
        tranches: Iterable[Tranche],
        draws: Iterable[Draw],
        *,
        first: date,
        last_day: Callable[[date], date | None],
    ) -> None:
        self._last_day = last_day
        self._now = datetime.combine(first, time.min, UTC)
        self.lines: list[Line] = []
        self.points: list[Point] = []
        self.restatements: list[Restatement] = []
        self._tranches = {
            one.id: _Held(
                id=one.id,
                at=one.at,
                low=one.low_mg,
                high=one.high_mg,
                adjusted=one.adjusted_mg,
                left=one.left_mg,
                doubt=one.doubt_left_mg,
                expired=one.expired_mg,
                doubt_expired=one.doubt_expired_mg,
                last=last_day(one.at.date()),
            )
            for one in tranches
        }
        self._debits = {
            one.id: _Debit(
                id=one.id,
                at=one.at,
                mg=one.mg,
                uses={use.source: use.mg for use in one.uses},
                over=one.over_mg,
                is_late=one.is_late,
            )
            for one in draws
        }
        # Running totals and the tranches with something left: a site has thousands of receipts.
        self._left = sum(one.left for one in self._tranches.values())
        self._doubt = sum(one.doubt for one in self._tranches.values())
        self._over = sum(one.uses.get(OVER, 0) for one in self._debits.values())
        self._doubted = sum(
            mg
            for one in self._debits.values()
            for name, mg in one.uses.items()
            if name.startswith("doubt:")
        )
        self._open = self._oldest_first()
        for one in self._open:
            one.is_open = True
        self._none_expires_before = date.min  # the first look tells

    # ── as they stand ─────────────────────────────────────────────────────────────────────

    def tranches(self) -> tuple[Tranche, ...]:
        """Return the tranches, the oldest first."""
        return tuple(one.frozen() for one in self._oldest_first())

    def draws(self) -> dict[str, Draw]:
        """Return what stands debited, in the order of event time."""
        return {one.id: one.frozen() for one in self._in_order()}

    def balance(self) -> tuple[int, int]:
        """Return the balance in the worst and in the best case."""
        return (
            self._left - self._doubted - self._over,
            self._left + self._doubt - self._over,
        )

    def _oldest_first(self) -> list[_Held]:
        return sorted(self._tranches.values(), key=_age)

    def _in_order(self) -> list[_Debit]:
        return sorted(self._debits.values(), key=lambda one: (one.at, one.id))

    # ── what is booked ────────────────────────────────────────────────────────────────────

    def entitle(self, lot: str, at: datetime, low: int, high: int) -> None:
        """Let entitlement come in, and cover first what was claimed beyond it before."""
        self._now = at
        held = self._tranches[lot] = self._held(lot, at, low, high)
        self._put(held, low, high - low)
        self._line(at, f"tranche:{lot}", "received", low)
        self._line(at, f"doubt:{lot}", "received", high - low)
        self._cover(at)
        self._point(at, f"tranche:{lot}")

    def draw(
        self, name: str, at: datetime, mg: int, named: tuple[str, ...] = (), *, is_late: bool
    ) -> None:
        """Debit a claim or credit: on the tranches named, or on the oldest; else as over-claim."""
        self._now = at
        debit = _Debit(id=name, at=at, mg=mg, is_late=is_late)
        self._debits[name] = debit
        tranches = (
            [self._tranches[lot] for lot in named if lot in self._tranches]
            if named
            else self._available()
        )
        rest = self._take(debit, tranches, mg, at)
        debit.over = rest
        self._use(debit, OVER, rest)
        self._line(at, name, OVER, rest)
        self._point(at, name)

    def withdraw(self, name: str, at: datetime) -> None:
        """Put back what a claim took; what lacked for others is covered by it."""
        self._now = at
        debit = self._debits[name]
        for source, mg in sorted(debit.uses.items()):
            kind, _, lot = source.partition(":")
            if kind == "tranche":
                self._put(self._tranches[lot], mg, 0)
            elif kind == "doubt":
                self._put(self._tranches[lot], 0, mg)
            self._use(debit, source, -mg)
            self._line(at, source, name, mg)
        del self._debits[name]
        self._expire_before(at.date())
        self._cover(at)
        self._point(at, f"withdrawal of {name}")

    def adjust(self, entry: str, lot: str, at: datetime, mg: int) -> None:
        """Take a loss in stock from its tranche, or else from the latest claims on it."""
        self._now = at
        held = self._tranches[lot]
        held.adjusted += mg
        short = self._shrink(held, mg, at, "adjusted")
        self._lack(f"tranche:{lot}", short, at, "adjusted")
        self._cover(at)
        self._point(at, f"adjustment:{entry}:{lot}")

    def restate(
        self, lot: str, arrived: datetime, at: datetime, low: int, high: int, adjusted: int
    ) -> None:
        """Bring a tranche of a closed period to what is known of it now.

        What claims used of it and never was there, they lack from now on, the latest first.
        """
        self._now = at
        held = self._tranches.setdefault(lot, self._held(lot, arrived, 0, 0))
        (was_low, was_high), lacked = held.net, self._over
        held.low, held.high, held.adjusted = low, high, adjusted
        now_low, now_high = held.net
        if now_low > was_low:
            self._put(held, now_low - was_low, 0)
            self._line(at, f"tranche:{lot}", "restated", now_low - was_low)
        short = self._shrink(held, was_low - now_low, at, "restated")
        self._lack(f"tranche:{lot}", short, at, "restated")
        self._redoubt(held, (now_high - now_low) - (was_high - was_low), at)
        self._expire_before(at.date())
        self._cover(at)
        self._point(at, f"restatement:{lot}")
        self.restatements.append(
            Restatement(
                lot_id=lot,
                at=at,
                before_low_mg=was_low,
                before_high_mg=was_high,
                low_mg=now_low,
                high_mg=now_high,
                short_mg=max(0, self._over - lacked),
            )
        )

    def pass_to(self, day: date) -> None:
        """Let time pass to the beginning of a day: what may no longer be claimed expires."""
        self._expire_before(day)

    # ── movements ─────────────────────────────────────────────────────────────────────────

    def _take(
        self, debit: _Debit, tranches: list[_Held], mg: int, at: datetime, *, debited: str = ""
    ) -> int:
        """Take from tranches, first what is proven, then what is possible; return what lacks."""
        place = debited or debit.id
        for held in tranches if self._left else ():
            if not mg:
                return 0
            taken = min(mg, held.left)
            if taken:
                mg -= taken
                self._put(held, -taken, 0)
                self._use(debit, f"tranche:{held.id}", taken)
                self._line(at, place, f"tranche:{held.id}", taken)
        for held in tranches if self._doubt else ():
            if not mg:
                return 0
            taken = min(mg, held.doubt)
            if taken:
                mg -= taken
                self._put(held, 0, -taken)
                self._use(debit, f"doubt:{held.id}", taken)
                self._line(at, place, f"doubt:{held.id}", taken)
        return mg

    def _cover(self, at: datetime) -> None:
        """Let what is left cover what was claimed beyond it, the earliest claim first."""
        for debit in self._in_order() if self._over and self._available() else ():
            lacking = debit.uses.get(OVER, 0)
            rest = self._take(debit, self._available(), lacking, at, debited=OVER)
            self._use(debit, OVER, rest - lacking)

    def _shrink(self, held: _Held, mg: int, at: datetime, place: str) -> int:
        """Take from what is left, then from what had expired; return what claims have used."""
        mg = max(0, mg)
        taken = min(mg, held.left)
        self._put(held, -taken, 0)
        self._line(at, place, f"tranche:{held.id}", taken)
        lapsed = min(mg - taken, held.expired)
        held.expired -= lapsed
        self._line(at, place, "expired", lapsed)
        return mg - taken - lapsed

    def _lack(self, source: str, mg: int, at: datetime, place: str) -> None:
        """Let the latest claims on a source lack what was never there, or is no more."""
        for debit in reversed(self._in_order()):
            lost = min(mg, debit.uses.get(source, 0))
            mg -= lost
            self._use(debit, source, -lost)
            self._use(debit, OVER, lost)
            self._line(at, place, OVER, lost)

    def _redoubt(self, held: _Held, change: int, at: datetime) -> None:
        """Widen or narrow what is in doubt of a tranche; settled doubt becomes proven use."""
        source = f"doubt:{held.id}"
        if change > 0:
            self._put(held, 0, change)
            self._line(at, source, "restated", change)
            return
        mg = -change
        taken = min(mg, held.doubt)
        self._put(held, 0, -taken)
        self._line(at, "restated", source, taken)
        lapsed = min(mg - taken, held.doubt_expired)
        held.doubt_expired -= lapsed
        self._line(at, "restated", "expired", lapsed)
        mg -= taken + lapsed
        for debit in self._in_order():
            settled = min(mg, held.left, debit.uses.get(source, 0))
            mg -= settled
            self._put(held, -settled, 0)
            self._use(debit, source, -settled)
            self._use(debit, f"tranche:{held.id}", settled)
            self._line(at, "restated", f"tranche:{held.id}", settled)
        self._lack(source, mg, at, "restated")

    def _expire_before(self, day: date) -> None:
        if self._none_expires_before >= day:
            return
        for held in self._available():
            if held.last is None or held.last >= day:
                continue
            gone = datetime.combine(day_after(held.last), time.min, held.at.tzinfo)
            at = max(self._now, gone)
            self._line(at, "expired", f"tranche:{held.id}", held.left)
            self._line(at, "expired", f"doubt:{held.id}", held.doubt)
            held.expired += held.left
            held.doubt_expired += held.doubt
            self._put(held, -held.left, -held.doubt)
            self._point(at, f"expiry:{held.id}")
        lasts = (one.last or date.max for one in self._open if one.left or one.doubt)
        self._none_expires_before = min(lasts, default=date.max)

    # ── running totals ────────────────────────────────────────────────────────────────────

    def _held(self, lot: str, at: datetime, low: int, high: int) -> _Held:
        return _Held(id=lot, at=at, low=low, high=high, last=self._last_day(at.date()))

    def _available(self) -> list[_Held]:
        """Return the tranches with something left, the oldest first."""
        for one in self._open:
            one.is_open = bool(one.left or one.doubt)
        self._open = [one for one in self._open if one.is_open]
        return list(self._open)

    def _put(self, held: _Held, left: int, doubt: int) -> None:
        """Change what is left of a tranche."""
        if not held.is_open:
            held.is_open = True
            insort(self._open, held, key=_age)
        self._none_expires_before = min(self._none_expires_before, held.last or date.max)
        held.left += left
        held.doubt += doubt
        self._left += left
        self._doubt += doubt

    def _use(self, debit: _Debit, source: str, mg: int) -> None:
        if source == OVER:
            self._over += mg
        elif source.startswith("doubt:"):
            self._doubted += mg
        left = debit.uses.get(source, 0) + mg
        if left:
            debit.uses[source] = left
        else:
            debit.uses.pop(source, None)

    def _line(self, at: datetime, debit: str, credit: str, mg: int) -> None:
        if mg:
            self.lines.append(Line(at=at, debit=debit, credit=credit, mg=mg))

    def _point(self, at: datetime, what: str) -> None:
        worst, best = self.balance()
        self.points.append(Point(at=at, what=what, worst_mg=worst, best_mg=best))


def _age(held: _Held) -> tuple[datetime, str]:
    return held.at, held.id
