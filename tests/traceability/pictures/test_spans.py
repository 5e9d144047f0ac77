"""Spans of days: bars where their days are, today where it is, and firsts of months below."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from traceability.pictures.spans import WIDTH, Span, spans_picture

DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))
SPANS = st.lists(
    st.builds(
        lambda first, days, mark: Span(
            name="W", look="good", first=first, last=first + timedelta(days=days), marks=(mark,)
        ),
        DAYS,
        st.integers(0, 3000),
        st.tuples(st.just("due"), DAYS),
    ),
    min_size=1,
    max_size=6,
)


@given(SPANS, DAYS)
def test_everything_is_in_the_picture_and_in_the_order_of_its_days(spans, today):
    drawn = spans_picture(spans, today=today)
    places = [(today, drawn.today)]
    for bar in drawn.bars:
        assert 0 < bar.x < bar.x + bar.width <= WIDTH
        assert drawn.floor > bar.y
        places += [(bar.span.first, bar.x), *((mark.day, mark.x) for mark in bar.marks)]
    places += [(day, x) for x, day in drawn.ticks]
    ordered = [x for _, x in sorted(places)]
    assert ordered == sorted(ordered)
    assert len(drawn.ticks) <= 7
    assert all(day.day == 1 for _, day in drawn.ticks)


def test_a_bar_covers_both_of_its_days():
    one = Span(name="W", look="good", first=date(2026, 1, 1), last=date(2026, 12, 31))
    drawn = spans_picture([one], today=date(2026, 7, 2))
    [bar] = drawn.bars
    assert (bar.x, bar.width) == (8, WIDTH - 16)
    assert abs(drawn.today - WIDTH // 2) <= 2
    assert [day.month for _, day in drawn.ticks] == [2, 4, 6, 8, 10, 12]


def test_of_nothing_there_is_no_picture():
    assert spans_picture([], today=date(2026, 1, 1)) is None
