"""When a statement holds: an instant, a calendar day, or a period of either.

Written as `2026-03-01T10:00:00-05:00`, `2026-03-01`, or two of a kind with a slash
between (ISO 8601-1:2019, 5.5). An instant carries the offset of the place; the governing
day of a law is the calendar day there.
"""

import re
from datetime import UTC, date, datetime, time, timedelta

from msgspec import Struct

from traceability.errors import ImpossibleTime, NotADay

_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(?:Z|[+-]\d{2}:\d{2})", re.ASCII
)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

MAX_AHEAD = timedelta(minutes=5)


class Effective(Struct, frozen=True, kw_only=True):
    """A time as stated. `end` is None for a single instant or day."""

    text: str
    start: datetime | date
    end: datetime | date | None

    @property
    def is_instant(self) -> bool:
        """Tell whether the times carry a clock and an offset."""
        return isinstance(self.start, datetime)

    @property
    def day(self) -> date:
        """Return the local calendar day on which it began."""
        return self.start.date() if isinstance(self.start, datetime) else self.start

    @property
    def last_day(self) -> date:
        """Return the local calendar day on which it ended."""
        last = self.end or self.start
        return last.date() if isinstance(last, datetime) else last

    @property
    def moments(self) -> tuple[datetime, datetime]:
        """Return its first and its last moment; of a calendar day the whole of it, in UTC."""
        return _at(self.start, time.min), _at(self.end or self.start, time.max)

    def is_ahead_of(self, now: datetime) -> bool:
        """Tell whether it begins or ends more than five minutes after `now`.

        A calendar day has begun somewhere on Earth fourteen hours before UTC.
        """
        last = self.end or self.start
        if isinstance(last, datetime):
            return last > now + MAX_AHEAD
        return last > (now + timedelta(hours=14)).astimezone(UTC).date()


def parse_effective(text: str) -> Effective:
    """Read an instant, a day or a period.

    Raises:
        ImpossibleTime: not of the grammar, no such day, or a period that ends before it begins.
    """
    first, slash, second = text.partition("/")
    start = _moment(first)
    if not slash:
        return Effective(text=text, start=start, end=None)
    end = _moment(second)
    if isinstance(start, datetime) and isinstance(end, datetime):
        in_order = start <= end
    elif isinstance(start, datetime) or isinstance(end, datetime):
        raise ImpossibleTime(text)
    else:
        in_order = start <= end
    if not in_order:
        raise ImpossibleTime(text)
    return Effective(text=text, start=start, end=end)


def _at(told: datetime | date, clock: time) -> datetime:
    return told if isinstance(told, datetime) else datetime.combine(told, clock, tzinfo=UTC)


def parse_day(text: str, *, at: str = "") -> date:
    """Read a calendar day.

    Raises:
        NotADay: it is written otherwise, or there is no such day.
    """
    if _DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise NotADay(text, at=at)


def _moment(text: str) -> datetime | date:
    try:
        if _INSTANT.fullmatch(text):
            return datetime.fromisoformat(text)
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        raise ImpossibleTime(text) from None
    raise ImpossibleTime(text)
