"""Days and months from a day on: terms that standards give, and the day after a last one.

Calendars end: what lies beyond the last day there is counts as that day, so that no term and no
day that anybody states is too far off to be reckoned with.
"""

from calendar import monthrange
from datetime import MAXYEAR, date

_LAST = date.max.toordinal()


def after_days(day: date, days: int) -> date:
    """Return the day so many days later; the last there is where it would lie beyond."""
    return date.fromordinal(min(day.toordinal() + days, _LAST))


def day_after(day: date) -> date:
    """Return the next day."""
    return after_days(day, 1)


def after_months(day: date, months: int) -> date:
    """Return the same day so many months later; the last of the month where it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    if year > MAXYEAR:
        return date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def last_day(day: date, months: int) -> date:
    """Return the last day of a term of months that begins on a day, that day included."""
    end = after_months(day, months)
    return end if end == date.max else date.fromordinal(end.toordinal() - 1)
