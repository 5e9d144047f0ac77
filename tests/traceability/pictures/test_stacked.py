"""A bar cut into parts: nothing lost, nothing hidden, nothing outside."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from traceability.pictures.stacked import WIDTH, stacked_bar

LOOKS = ("official", "secondary", "unverified", "unset")
COUNTS = st.tuples(*(st.integers(0, 400) for _ in LOOKS)).map(
    lambda told: dict(zip(LOOKS, told, strict=True))
)


def test_nothing_is_drawn_of_nothing():
    assert stacked_bar(dict.fromkeys(LOOKS, 0), longest=7) == []
    assert stacked_bar({}, longest=0) == []


@given(COUNTS, st.integers(0, 2000))
def test_every_part_that_there_is_can_be_seen_and_the_bar_stays_in_its_frame(counts, longest):
    bar = stacked_bar(counts, longest=longest)

    assert [one.look for one in bar] == [look for look in LOOKS if counts[look]]
    assert [one.count for one in bar] == [count for count in counts.values() if count]
    assert all(one.width >= 3 for one in bar)
    ends = [0, *(one.x + one.width for one in bar)]
    assert [one.x for one in bar] == ends[:-1]
    assert ends[-1] <= WIDTH + 3 * len(LOOKS)


@given(COUNTS.filter(lambda counts: sum(counts.values()) > 0))
def test_the_longest_bar_fills_the_width_and_more_is_never_drawn_shorter(counts):
    bar = stacked_bar(counts, longest=sum(counts.values()))

    assert sum(one.width for one in bar) == WIDTH
    by_count = sorted(bar, key=lambda one: one.count)
    widths = [one.width for one in by_count]
    assert all(later >= earlier - 1 for earlier, later in pairwise(widths))
