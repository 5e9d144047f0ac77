"""Watching the day: when what a rule said of today would be said otherwise, by the calendar alone.

A rule asks whether today lies before, on or after some other day: of a certificate, a register's
age, a plan, a list. The day that rules are given notes each such comparison, and from which later
day on it comes out differently. The first of these days is when a lot has to be assessed again,
whatever rule it was and however it came by the day that it compared with.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Self, SupportsIndex, overload

from standards.rulebook.months import after_days, day_after


@dataclass(slots=True, eq=False)
class Watch:
    """The first day on which something that was compared comes out differently."""

    _first: date | None = None
    _within: list["Watch"] = field(default_factory=list)

    def note(self, flips: date, today: date) -> None:
        """Note a day from which on a comparison comes out differently.

        None where it has passed, and what is only over with the calendar itself never is.
        """
        if today < flips < (self._first or date.max):
            self._first = flips

    def take(self, other: "Watch") -> None:
        """Watch what another one watches, too: what it saw may be compared again."""
        if other is not self and other not in self._within:
            self._within.append(other)

    @property
    def first(self) -> date | None:
        """Return the first day noted here or in what was taken."""
        days = [self._first, *(one.first for one in self._within)]
        return min((day for day in days if day is not None), default=None)


class Today(date):
    """A day that notes what it is compared with; in all else like any other day."""

    __slots__ = ("_plain", "_watch")
    _plain: date
    _watch: Watch

    @classmethod
    def of(cls, day: date, watch: Watch) -> Self:
        """Return a day under watch."""
        told = plain(day)
        today = date.__new__(cls, told.year, told.month, told.day)
        today._plain, today._watch = told, watch
        return today

    def note(self, flips: date) -> None:
        """Note a day from which on something is otherwise."""
        self._watch.note(flips, self._plain)

    def _flips(self, other: object, *, after: bool) -> date | None:
        """Return the other day plain, after noting from when on the comparison is otherwise."""
        if not isinstance(other, date):
            return None
        told = plain(other)
        self.note(day_after(told) if after else told)
        return told

    def __lt__(self, other: Any) -> bool:
        """Tell whether it is earlier: from that very day on it no longer is."""
        told = self._flips(other, after=False)
        return NotImplemented if told is None else self._plain < told

    def __ge__(self, other: Any) -> bool:
        """Tell whether it is that day or later: from that day on it is."""
        told = self._flips(other, after=False)
        return NotImplemented if told is None else self._plain >= told

    def __le__(self, other: Any) -> bool:
        """Tell whether it is that day or earlier: from the day after on it is not."""
        told = self._flips(other, after=True)
        return NotImplemented if told is None else self._plain <= told

    def __gt__(self, other: Any) -> bool:
        """Tell whether it is later: from the day after on it is."""
        told = self._flips(other, after=True)
        return NotImplemented if told is None else self._plain > told

    def __eq__(self, other: object) -> bool:
        """Tell whether it is that day. Rules ask for order: this is for whoever looks it up."""
        told = self._flips(other, after=False)
        return NotImplemented if told is None else self._plain == told

    __hash__ = date.__hash__

    @property
    def year(self) -> int:
        """Return the year, which is another one after it."""
        self.note(date(min(self._plain.year + 1, date.max.year), 1, 1))
        return self._plain.year

    @property
    def month(self) -> int:
        """Return the month, which is another one after it."""
        months = self._plain.year * 12 + self._plain.month
        self.note(date(min(months // 12, date.max.year), months % 12 + 1, 1))
        return self._plain.month

    @overload  # type: ignore[override]
    def __sub__(self, other: timedelta) -> date: ...
    @overload
    def __sub__(self, other: date) -> "Span": ...
    def __sub__(self, other: date | timedelta) -> "date | Span":
        """Return how far it is from a day, which is compared as the day itself is."""
        if isinstance(other, timedelta):
            self.note(day_after(self._plain))
            return self._plain - other
        return Span(days=Days.since(plain(other), self))

    def __add__(self, other: timedelta) -> date:  # type: ignore[override]
        """Return a later day: tomorrow it is another one."""
        self.note(day_after(self._plain))
        return self._plain + other

    __radd__ = __add__  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Span:
    """How far today is from a day."""

    days: "Days"


class Days(int):
    """So many days from a day to today: compared with a number, as today is with a day."""

    _begun: date
    _today: Today

    @classmethod
    def since(cls, begun: date, today: Today) -> Self:
        """Return the days that have passed since a day."""
        days = cls(date.toordinal(today) - begun.toordinal())
        days._begun, days._today = begun, today
        return days

    def _day(self, number: SupportsIndex) -> date:
        return after_days(self._begun, int(number))

    def __lt__(self, other: int) -> bool:
        """Tell whether there are fewer."""
        return self._today < self._day(other)

    def __ge__(self, other: int) -> bool:
        """Tell whether there are as many, or more."""
        return self._today >= self._day(other)

    def __le__(self, other: int) -> bool:
        """Tell whether there are as many, or fewer."""
        return self._today <= self._day(other)

    def __gt__(self, other: int) -> bool:
        """Tell whether there are more."""
        return self._today > self._day(other)

    def __eq__(self, other: object) -> bool:
        """Tell whether there are as many: from some day on, and not any more on the next."""
        return self >= other and self <= other if isinstance(other, int) else NotImplemented

    def __ne__(self, other: object) -> bool:
        """Tell whether there are more or fewer."""
        return not self == other

    def __bool__(self) -> bool:
        """Tell whether it is not that very day."""
        return self != 0

    __hash__ = int.__hash__

    def kept(self) -> int:
        """Return the number to be kept as it is: tomorrow it is another one."""
        self._today.note(day_after(plain(self._today)))
        return int(self)


def plain(day: date) -> date:
    """Return a day that is watched by nobody."""
    return day._plain if isinstance(day, Today) else day


def kept(days: int | None) -> int | None:
    """Return a number of days as a finding keeps it."""
    return days.kept() if isinstance(days, Days) else days
