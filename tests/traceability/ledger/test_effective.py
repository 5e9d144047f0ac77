"""When a statement holds: what can be written, and when it lies ahead."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.errors import ImpossibleTime
from traceability.ledger.effective import parse_effective

offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=offsets)  # noqa: DTZ001
NOW = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)


@given(moment=instants)
def test_an_instant_is_read_with_the_offset_of_its_place(moment):
    told = parse_effective(moment.isoformat())

    assert told.is_instant
    assert (told.start, told.end, told.text) == (moment, None, moment.isoformat())
    assert (told.day, told.last_day) == (moment.date(), moment.date())


@given(day=st.dates())
def test_a_day_is_read_as_a_day(day):
    told = parse_effective(day.isoformat())

    assert (told.start, told.is_instant, told.day, told.last_day) == (day, False, day, day)


@given(first=instants, second=instants)
def test_a_period_of_instants_runs_forwards(first, second):
    begin, end = sorted([first, second])
    told = parse_effective(f"{begin.isoformat()}/{end.isoformat()}")

    assert (told.start, told.end) == (begin, end)
    assert (told.day, told.last_day) == (begin.date(), end.date())
    if begin != end:
        with pytest.raises(ImpossibleTime):
            parse_effective(f"{end.isoformat()}/{begin.isoformat()}")


@given(first=st.dates(), second=st.dates())
def test_a_period_of_days_runs_forwards(first, second):
    begin, end = sorted([first, second])
    told = parse_effective(f"{begin}/{end}")

    assert (told.start, told.end, told.last_day) == (begin, end, end)
    if begin != end:
        with pytest.raises(ImpossibleTime):
            parse_effective(f"{end}/{begin}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "2026",
        "2026-3-1",
        "20260301",
        "2026-02-30",
        "2026-13-01",
        "0000-01-01",
        "2026-03-01T10:00:00",  # no offset: nobody knows when
        "2026-03-01 10:00:00Z",
        "2026-03-01T10:00Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T23:59:60Z",
        "2026-03-01T10:00:00.1234567Z",
        "2026-03-01T10:00:00+25:00",
        "2026-03-01T10:00:00z",
        "2026-03-01\n",
        "\u0662026-03-01",
        "2026-03-01/",
        "2026-03-01/2026-03-01T10:00:00Z",
        "2026-03-01T10:00:00Z/2026-03-02",
        "2026-03-01/2026-03-02/2026-03-03",
    ],
)
def test_what_is_no_time_is_refused_with_its_place(text):
    with pytest.raises(ImpossibleTime) as refused:
        parse_effective(text)

    assert refused.value.at == "$.effective"


@pytest.mark.parametrize(
    ("text", "is_ahead"),
    [
        ("2026-03-01T10:05:00-05:00", False),  # exactly five minutes ahead
        ("2026-03-01T10:05:00.000001-05:00", True),
        ("2026-03-01T15:00:00Z", False),
        ("2026-02-01T00:00:00Z/2026-03-01T15:05:00Z", False),
        ("2026-02-01T00:00:00Z/2026-03-01T15:06:00Z", True),
        ("2026-03-02", False),  # has begun on the Line Islands, at UTC+14
        ("2026-03-03", True),
        ("2026-03-01/2026-03-03", True),
        ("9999-12-31T23:59:59-14:00", True),
        ("0001-01-01T00:00:00+14:00", False),
    ],
)
def test_what_begins_or_ends_later_than_in_five_minutes_lies_ahead(text, is_ahead):
    assert parse_effective(text).is_ahead_of(NOW) is is_ahead


def test_the_day_is_that_of_the_place_not_of_utc():
    assert parse_effective("2026-03-01T23:30:00-05:00").day == date(2026, 3, 1)
    assert parse_effective("2026-03-02T00:30:00+09:00").day == date(2026, 3, 2)
