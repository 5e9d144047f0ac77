"""The drawing of a way: proportional to the pixel, nothing outside the frame, nothing overlaps."""

import re
from itertools import pairwise

from hypothesis import given, settings

from tests.traceability.pictures.ways import BANDS, END_STOP, arrow, source, stop, ways
from traceability.pictures.captions import Caption
from traceability.pictures.flow import BAR, TALL, Band, flow_picture
from traceability.pictures.grouping import END, SOURCES, grouped
from traceability.pictures.lettering import width_of

STYLES = {
    name: Band(order=order, colour=f"l-c{order}", look="known", title=name)
    for order, name in enumerate(BANDS)
}


def drawn(stops, arrows, *, captions=None, **more):
    told = grouped(stops, arrows, **more)
    written = {
        group.key: Caption(name=f"{group.stage} {group.key}", detail=("12 %", "Canada"), title="")
        for group in told.groups
    }
    titles = {group.turn: group.stage for group in told.groups}
    return flow_picture(told, captions=written | (captions or {}), bands=STYLES, titles=titles)


def numbers(path):
    return [int(one) for one in re.findall(r"-?\d+", path)]


def total_of(picture):
    return sum(bar.group.mg for bar in picture.bars if bar.group.stage == SOURCES)


@given(ways())
def test_bars_are_as_tall_as_their_metal_to_the_pixel(way):
    picture = drawn(*way)
    total = total_of(picture)
    for bar in picture.bars:
        assert bar.height == 1 or abs(bar.height * total - bar.group.mg * TALL) <= total
        if bar.group.stage == END:
            assert bar.height == TALL


@given(ways())
def test_bars_and_captions_of_a_column_do_not_touch_and_stay_in_the_frame(way):
    picture = drawn(*way)
    columns = {}
    for bar in picture.bars:
        columns.setdefault(bar.x, []).append(bar)
        assert 0 <= bar.x <= picture.width - BAR
        assert all(bar.x + width_of(line.text) <= bar.x + bar.room for line in bar.lines)
        assert bar.x + bar.room <= picture.width
        assert [line.y for line in bar.lines] == sorted({line.y for line in bar.lines})
        assert all(bar.top < line.y < bar.y for line in bar.lines)
    for bars in columns.values():
        bars.sort(key=lambda bar: bar.top)
        end = 0
        for bar in bars:
            assert end < bar.top
            end = bar.y + bar.height
        assert end < picture.height


@settings(max_examples=60)
@given(ways())
def test_ribbons_leave_and_enter_bars_side_by_side_and_cover_them(way):
    picture = drawn(*way)
    for bar in picture.bars:
        for x, is_side in ((bar.x + BAR, bar.group.stage != END), (bar.x, False)):
            ends = ribbon_ends(picture, x, bar)
            if not ends and not is_side:
                continue
            ends.sort()
            assert ends[0][0] == bar.y
            for one, two in pairwise(ends):
                assert two[0] <= one[1] <= two[0] + 1 or one[1] - one[0] == 1
            assert abs(max(bottom for _top, bottom in ends) - (bar.y + bar.height)) <= 1


def ribbon_ends(picture, x, bar):
    """Return (top, bottom) of every ribbon that ends or begins at a bar's side."""
    found = []
    for ribbon in picture.ribbons:
        top, bottom = ends_of(ribbon.path)
        for at, upper, lower in (top, bottom):
            if at == x and bar.y <= upper <= bar.y + bar.height:
                found.append((upper, lower))
    return found


def ends_of(path):
    """Return (x, top, bottom) of the left and of the right end of an outline."""
    start = re.match(r"M(\d+) (\d+)", path)
    left, top = int(start[1]), int(start[2])
    there, back = re.split(r" V(?=\d)", path, maxsplit=1)
    x, y = left, top
    for step in re.findall(r"H\d+|C[\d ]+", there):
        values = numbers(step)
        x, y = (values[0], y) if step[0] == "H" else (values[4], values[5])
    bottom = numbers(back)[0]
    right = (x, y, bottom)
    x, y = right[0], bottom
    for step in re.findall(r"H\d+|C[\d ]+", back):
        values = numbers(step)
        x, y = (values[0], y) if step[0] == "H" else (values[4], values[5])
    assert x == left
    return (left, top, y), right


@given(ways())
def test_every_ribbon_is_drawn_in_whole_pixels_within_the_frame(way):
    stops, arrows = way
    picture = drawn(stops, arrows)
    told = grouped(stops, arrows)
    assert len(picture.ribbons) == sum(len(one.bands) for one in told.arrows)
    for ribbon in picture.ribbons:
        assert re.fullmatch(r"M[\d VHCZ]+Z", ribbon.path)
        (left, top, bottom), (right, upper, lower) = ends_of(ribbon.path)
        assert left < right <= picture.width
        assert 0 < top < bottom <= picture.height
        assert 0 < upper < lower <= picture.height
        assert abs((bottom - top) - (lower - upper)) <= 1


@settings(max_examples=60)
@given(ways())
def test_ribbons_rise_and_fall_between_columns_only_and_cross_no_text(way):
    picture = drawn(*way)
    written = [(bar.x, bar.x + bar.room) for bar in picture.bars]
    for ribbon in picture.ribbons:
        x = 0
        for step in re.findall(r"[MHC][\d ]+", ribbon.path):
            before, x = x, numbers(step)[{"M": 0, "H": 0, "C": 4}[step[0]]]
            if step[0] == "C":
                begin, end = sorted((before, x))
                assert all(end <= left or right <= begin for left, right in written)


def test_a_way_with_many_columns_is_wider_than_a_page_and_cuts_no_name():
    stages = [f"stage {number}" for number in range(9)]
    names = [source("s"), *(stop(f"p{n}", stages[n], site=f"x:{n}") for n in range(9)), END_STOP]
    arrows = [arrow(one.id, two.id) for one, two in pairwise(names)]
    told = grouped(names, arrows)
    plant = Caption(name="Superior vehicle assembly plant", detail=("100 %", "Canada"), title="")

    picture = drawn(names, arrows, captions={one.key: plant for one in told.groups})

    assert picture.width > 924
    for bar in picture.bars:
        strong = [line.text for line in bar.lines if line.look == "l-strong"]
        assert " ".join(strong) == plant.name


def test_a_thousand_ancestors_fit_a_page():
    stops, arrows = [END_STOP], []
    for number in range(500):
        country = f"C{number % 40:02}"
        stops += [source(f"m{number}", country), stop(f"s{number}", country=country)]
        arrows += [arrow(f"m{number}", f"s{number}", CA=number + 1)]
        arrows += [arrow(f"s{number}", END, CA=number + 1)]

    picture = drawn(stops, arrows)

    assert len(picture.bars) <= 17
    assert picture.width <= 924
    assert picture.height <= 1000


def test_what_is_kept_apart_stands_at_the_bottom():
    stops = [source("a"), source("b", "US"), source("u", "ZZ"), stop("x"), END_STOP]
    arrows = [arrow("a", "x", CA=1), arrow("u", "x", unknown=98), arrow("x", END, CA=1, unknown=98)]
    arrows.append(arrow("b", END, CA=1))
    apart = Caption(name="not known", detail=(), title="", rank=1)

    picture = drawn(stops, arrows, captions={"sources/ZZ/zz:u": apart})

    sources = [bar for bar in picture.bars if bar.group.stage == SOURCES]
    assert max(sources, key=lambda bar: bar.y).caption is apart


def test_a_caption_is_wrapped_and_its_mark_has_a_line_of_its_own():
    long = Caption(
        name="A refinery with a very long name that goes on" + ", and on" * 12,
        detail=("99.9 %", "Congo, The Democratic Republic of the, and more"),
        title="",
        mark=("l-bad", "✕", "does not conform"),
    )
    stops, arrows = [source("a"), END_STOP], [arrow("a", END)]

    [bar, _end] = drawn(stops, arrows, captions={"sources/CL/cl:a": long}).bars

    assert [line.look for line in bar.lines] == [
        "l-strong", "l-strong", "l-strong", "l-strong", "l-faint", "l-faint", "l-faint", "l-bad",
    ]  # fmt: skip
    assert bar.lines[3].text.endswith("…")
    assert bar.lines[-1].text == "✕\N{NO-BREAK SPACE}does not conform"


def test_nothing_is_drawn_of_nothing():
    assert drawn([END_STOP], []) is None
