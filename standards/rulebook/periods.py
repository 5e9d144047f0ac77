"""Accounting periods: so many months each, from an account's first day on."""

from dataclasses import dataclass
from datetime import date

from standards.rulebook.months import after_months, day_after, last_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """An accounting period, both days included; `number` counts from 1."""

    number: int
    first: date
    last: date

    def has(self, day: date) -> bool:
        """Tell whether a day lies in the period."""
        return self.first <= day <= self.last


def period(begins: date, months: int, number: int) -> Period:
    """Return the period of a number. Each is counted from the first day, so none drifts."""
    return Period(
        number=number,
        first=after_months(begins, months * (number - 1)),
        last=last_day(begins, months * number),
    )


def period_of(begins: date, months: int, day: date) -> Period:
    """Return the period in which a day lies; the first one for any day before it."""
    passed = (day.year - begins.year) * 12 + day.month - begins.month
    number = max(1, passed // months + 1)
    found = period(begins, months, number)
    if day < found.first and number > 1:  # the month has come, its day has not
        return period(begins, months, number - 1)
    return found


def next_period(begins: date, months: int, closed_until: date | None) -> Period:
    """Return the first period that is not closed."""
    if closed_until is None:
        return period(begins, months, 1)
    return period_of(begins, months, day_after(closed_until))
