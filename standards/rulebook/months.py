"""Calendar months: terms that standards give in months or years."""

from calendar import monthrange
from datetime import date


def after_months(day: date, months: int) -> date:
    """Return the same day so many months later; the last of the month where it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def last_day(day: date, months: int) -> date:
    """Return the last day of a term of months that begins on a day, that day included."""
    return date.fromordinal(after_months(day, months).toordinal() - 1)
