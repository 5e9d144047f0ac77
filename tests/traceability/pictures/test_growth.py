"""The curve of the log's growth: whole pixels, nothing outside the frame."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from traceability.pictures.growth import HEIGHT, WIDTH, growth_picture

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def test_nothing_is_drawn_of_nothing():
    assert growth_picture([]) is None
    assert growth_picture([(BEGIN, 1)]) is None
    assert growth_picture([(BEGIN, 1), (BEGIN, 2)]) is None


@given(st.lists(st.integers(1, 10**9), min_size=2, max_size=60).map(sorted))
def test_the_curve_of_growth_stays_in_its_frame_and_never_falls(sizes):
    points = [(BEGIN + timedelta(hours=n), size) for n, size in enumerate(sizes)]

    drawn = [
        tuple(int(number) for number in point.split(","))
        for point in growth_picture(points).line.split()
    ]

    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in drawn)
    assert [y for _, y in drawn] == sorted((y for _, y in drawn), reverse=True)
    assert [x for x, _ in drawn] == sorted(x for x, _ in drawn)
