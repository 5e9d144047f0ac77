"""Many stops as few groups: every total stays what it was, and all flows from left to right."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.traceability.pictures.ways import END_STOP, arrow, source, stop, total_of, ways
from traceability.pictures.grouping import (
    DEEP,
    END,
    MOST,
    MOST_OPENED,
    REST,
    SOURCES,
    Arrow,
    Stop,
    grouped,
)


def flow_at(told, key):
    into = sum(one.mg for one in told.arrows if one.target == key)
    return into, sum(one.mg for one in told.arrows if one.source == key)


def assert_sound(told, stops, arrows):
    """Nothing is lost, nothing is shown twice, and nothing flows back."""
    shown = [name for group in told.groups for name in group.stops]
    assert sorted(shown) == sorted(one.id for one in stops)
    assert len({group.key for group in told.groups}) == len(told.groups)
    place = {turn: n for n, turns in enumerate(told.columns) for turn in turns}
    at = {group.key: place[group.turn] for group in told.groups}
    for one in told.arrows:
        assert at[one.source] < at[one.target]
        assert all(one.bands.values())
    for group in told.groups:
        into, out = flow_at(told, group.key)
        assert group.mg == (out if group.stage == SOURCES else into) > 0
        assert group.stage in (SOURCES, END) or into == out
    for side in ("source", "target"):
        before, after = bands_at(arrows, side, {"source": SOURCES, "target": END}[side], stops)
        assert before == bands_of(told, side)
        assert after == total_of(arrows)


def bands_at(arrows, side, stage, stops):
    stages = {one.id: one.stage for one in stops}
    row = {}
    for one in arrows:
        if stages[getattr(one, side)] == stage:
            for band, mg in one.bands.items():
                row[band] = row.get(band, 0) + mg
    return row, sum(row.values())


def bands_of(told, side):
    wanted = SOURCES if side == "source" else END
    keys = {group.key for group in told.groups if group.stage == wanted}
    row = {}
    for one in told.arrows:
        if getattr(one, side) in keys:
            for band, mg in one.bands.items():
                row[band] = row.get(band, 0) + mg
    return row


@given(ways())
def test_grouping_keeps_every_total_and_flows_forward(way):
    stops, arrows = way
    assert_sound(grouped(stops, arrows), stops, arrows)


@given(ways(), st.integers(2, 4), st.data())
def test_so_does_opening_a_group_and_its_members(way, most, data):
    stops, arrows = way
    told = grouped(stops, arrows, most=most)
    for _depth in range(3):
        can_open = [group for group in told.groups if group.can_open]
        if not can_open:
            return
        chosen = data.draw(st.sampled_from(can_open))
        told = grouped(stops, arrows, opened=chosen.key, most=most)
        assert_sound(told, stops, arrows)
        holding = [one for one in told.groups if set(one.stops) & set(chosen.stops)]
        assert len(holding) > 1


@given(ways(), st.text(max_size=12))
def test_opening_what_is_not_there_does_no_harm(way, opened):
    stops, arrows = way
    assert_sound(grouped(stops, arrows, opened=opened), stops, arrows)


@given(ways(most_steps=30), st.integers(2, MOST))
def test_no_stage_shows_more_groups_than_can_be_read(way, most):
    stops, arrows = way
    told = grouped(stops, arrows, most=most)
    for stage in {group.stage for group in told.groups}:
        paths = {group.path for group in told.groups if group.stage == stage}
        assert len(paths) <= most


def chain(count, countries):
    """A thousand mines and smelters, one lot."""
    names = [f"n{number}" for number in range(count)]
    stops, arrows = [END_STOP], []
    for number, name in enumerate(names):
        country = f"C{number % countries:02}"
        stops += [source(f"m-{name}", country), stop(name, country=country)]
        arrows += [arrow(f"m-{name}", name, x=number + 1), arrow(name, END, x=number + 1)]
    return stops, arrows


def test_a_thousand_ancestors_are_few_groups_and_open_step_by_step():
    stops, arrows = chain(500, 20)

    told = grouped(stops, arrows)
    assert len(told.groups) == 2 * MOST + 1
    assert_sound(told, stops, arrows)

    opened = grouped(stops, arrows, opened=f"smelting/{REST}")
    assert len([one for one in opened.groups if one.stage == "smelting"]) == 20
    opened = grouped(stops, arrows, opened="smelting/C03")
    mine = [one for one in opened.groups if one.path[:1] == ("C03",) and one.stage == "smelting"]
    assert len(mine) == MOST_OPENED
    assert ("C03", REST) in {one.path for one in mine}
    assert_sound(opened, stops, arrows)
    assert len(opened.groups) <= 3 * MOST + MOST_OPENED + 1


def test_what_is_kept_apart_is_in_no_rest_however_little_it_is():
    stops, arrows = chain(500, 20)
    stops.append(Stop(id="u", stage=SOURCES, path=("unknown", "unknown"), is_apart=True))
    arrows.append(arrow("u", END, x=1))

    [group] = [one for one in grouped(stops, arrows).groups if "u" in one.stops]

    assert (group.path, group.mg) == (("unknown",), 1)


def test_few_sites_are_shown_one_by_one_and_open_to_their_lots():
    stops = [source("m"), stop("a", site="ca:x"), stop("b", site="ca:x"), END_STOP]
    arrows = [arrow("m", "a", x=2), arrow("m", "b"), arrow("a", END, x=2), arrow("b", END)]

    told = {group.key: group for group in grouped(stops, arrows).groups}
    assert told["smelting/CA/ca:x"].stops == ("a", "b")
    assert told["smelting/CA/ca:x"].can_open
    assert not told["sources/CL/cl:m"].can_open
    opened = grouped(stops, arrows, opened="smelting/CA/ca:x")
    assert {group.key for group in opened.groups} >= {"smelting/CA/ca:x/a", "smelting/CA/ca:x/b"}


def test_a_sealed_site_does_not_open():
    stops = [
        source("m"),
        stop("a", site="hidden", is_sealed=True),
        stop("b", site="hidden", is_sealed=True),
        END_STOP,
    ]
    arrows = [arrow("m", "a"), arrow("m", "b"), arrow("a", END), arrow("b", END)]

    for opened in ("", "smelting/CA/hidden"):
        [group] = [
            one for one in grouped(stops, arrows, opened=opened).groups if one.stage == "smelting"
        ]
        assert (group.key, group.can_open) == ("smelting/CA/hidden", False)


@pytest.mark.parametrize("count", [2, 3, 8])
def test_a_stage_that_is_passed_again_stands_further_right_but_not_for_ever(count):
    """Refined at one site, then at another: the second is a column of its own."""
    names = [f"r{number}" for number in range(count)]
    stops = [source("m"), *(stop(name, "refining") for name in names), END_STOP]
    ways = ["m", *names, END]
    arrows = [arrow(*pair) for pair in pairwise(ways)]

    told = grouped(stops, arrows)

    assert_sound(told, stops, arrows)
    levels = [turn for turns in told.columns for turn in turns if turn[0] == "refining"]
    assert levels == [("refining", level) for level in range(min(count, 3))]
    deep = [group for group in told.groups if group.stage.startswith(DEEP)]
    assert [len(group.stops) for group in deep] == ([count - 3] if count > 3 else [])
    assert not any(group.can_open for group in deep)


def test_metal_that_stays_within_a_group_is_not_drawn():
    stops = [
        source("m"),
        stop("one", "refining", site="ca:x"),
        stop("two", "refining", site="ca:x"),
        END_STOP,
    ]
    arrows = [arrow("m", "one"), arrow("one", "two"), arrow("two", END)]

    told = grouped(stops, arrows)

    assert {(one.source, one.target) for one in told.arrows} == {
        ("sources/CL/cl:m", "refining/CA/ca:x"),
        ("refining/CA/ca:x", "end/end/end"),
    }
    opened = grouped(stops, arrows, opened="refining/CA/ca:x")
    assert_sound(opened, stops, arrows)
    assert (("refining", 1),) in opened.columns


def test_a_way_without_arrows_is_no_picture():
    assert grouped([], []).groups == ()
    assert Arrow(source="a", target="b", bands={"x": 1, "y": 2}).mg == 3
    assert Stop(id="a", stage="b", path=("c", "d")).is_sealed is False
