"""Days and months from a day on: as calendars have them, and never beyond the last day."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st
from rulebook_builders import NOVEMBER, law_of, parameter, provision, waiver

from standards.rulebook.months import after_days, after_months, day_after, last_day
from standards.rulebook.periods import next_period, period, period_of
from standards.rulebook.terms import Terms
from standards.rulebook.waiving import Granted

MANY = st.integers(0, 10**9)
DAY = timedelta(days=1)


@given(day=st.dates(), number=MANY)
def test_no_term_is_too_long_to_be_reckoned_with(day, number):
    assert day <= after_days(day, number) <= date.max
    assert day <= after_months(day, number) <= date.max
    assert last_day(day, number + 1) >= day - DAY


@given(day=st.dates(date(1900, 1, 1), date(2200, 1, 1)), months=st.integers(1, 600))
def test_a_term_ends_on_the_day_before_the_next_one_begins(day, months):
    assert day_after(last_day(day, months)) == after_months(day, months)
    assert after_days(day, months) == day + timedelta(days=months)


@given(begins=st.dates(), months=st.integers(1, 36), number=st.integers(1, 10**6), day=st.dates())
def test_periods_of_accounts_are_told_up_to_the_last_day(begins, months, number, day):
    assert period(begins, months, number).first <= date.max
    assert period_of(begins, months, day).number >= 1
    assert next_period(begins, months, day).number >= 1


def test_what_never_ends_is_never_over_by_the_calendar():
    forever = parameter(provision(in_force_until=date.max))
    assert law_of(forever).next_change(["demo.value"], after=NOVEMBER) == date.max
    granted = Granted(waivers={"W1": waiver(valid_until=date.max)})
    assert granted.next_day(NOVEMBER) == date.max
    assert granted.next_day(date.max) is None
    assert Terms(carry_over_days=10**9).last_day(None, NOVEMBER) == date.max
