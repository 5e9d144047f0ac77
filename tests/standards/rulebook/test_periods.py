"""Accounting periods follow each other without a gap, from any first day."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standards.rulebook.months import after_months
from standards.rulebook.periods import next_period, period, period_of

DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))
MONTHS = st.integers(1, 36)


@given(begins=DAYS, months=MONTHS, number=st.integers(1, 40))
def test_a_period_begins_on_the_day_after_the_one_before_it(begins, months, number):
    one, after = period(begins, months, number), period(begins, months, number + 1)
    assert one.first <= one.last
    assert after.first == one.last + timedelta(days=1)
    assert next_period(begins, months, one.last) == after


@given(begins=DAYS, months=MONTHS, later=st.integers(-400, 4000))
def test_every_day_lies_in_the_period_that_is_found_for_it(begins, months, later):
    day = begins + timedelta(days=later)
    found = period_of(begins, months, day)
    if later < 0:
        assert found == period(begins, months, 1)
        assert not found.has(day)
    else:
        assert found.has(day)
        assert found == period(begins, months, found.number)


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2026, 3, 15), 12, date(2027, 3, 15)),
    ],
)
def test_months_end_where_calendars_end_them(day, months, later):
    assert after_months(day, months) == later


def test_the_first_period_is_open_until_it_is_closed():
    assert next_period(date(2026, 1, 1), 3, None) == period(date(2026, 1, 1), 3, 1)
