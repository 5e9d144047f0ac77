"""Geometry of drawings: whole pixels, nothing lost, nothing outside the frame."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from traceability.pictures import HEIGHT, WIDTH, Part, flow_picture, growth_picture

masses = st.lists(st.integers(1, 10**12), min_size=1, max_size=9)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def parts_of(weights):
    total = sum(weights)
    return [
        Part(label=str(n), detail="", share=Fraction(weight, total), share_text="")
        for n, weight in enumerate(weights)
    ]


@given(masses)
def test_every_source_is_drawn_and_ribbons_neither_overlap_nor_leave_the_lot(weights):
    flow = flow_picture(parts_of(weights))

    assert len(flow.ribbons) == len(weights)
    assert flow.lot_height == sum(ribbon.bar[1] for ribbon in flow.ribbons)
    assert flow.lot_top >= 0
    assert flow.lot_top + flow.lot_height <= flow.height
    end = 0
    for ribbon in flow.ribbons:
        top, height = ribbon.bar
        assert height >= 1
        assert end <= top
        end = top + height
    assert end <= flow.height


def test_nothing_is_drawn_of_nothing():
    assert flow_picture([]) is None
    assert growth_picture([]) is None
    assert growth_picture([(BEGIN, 1)]) is None
    assert growth_picture([(BEGIN, 1), (BEGIN, 2)]) is None


def test_metal_of_unknown_origin_has_a_colour_of_its_own():
    unknown = Part(label="", detail="", share=Fraction(1), share_text="100 %", is_known=False)

    assert flow_picture([unknown]).ribbons[0].colour == "l-cu"


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
