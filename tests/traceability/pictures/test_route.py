"""The map: every place in the frame, north up, and nothing streaks across the world."""

import json
import re
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

import traceability
from traceability.pictures.route import HEIGHT, WIDTH, Spot, Trip, distance_km, route_picture

PACKAGE = Path(traceability.__file__).parent
LAND = PACKAGE / "static" / "vendor" / "natural-earth"

positions = st.tuples(st.floats(-180, 180, allow_nan=False), st.floats(-56, 80, allow_nan=False))


def spot(key, position, **more):
    return Spot(key=key, label=f"Site {key}", position=position, is_exact=True, **more)


def trip(source, target, **more):
    return Trip(source=source, target=target, title=f"{source} to {target}", **more)


def spots_at(places):
    return [spot(str(number), place) for number, place in enumerate(places)]


@given(st.lists(positions, min_size=1, max_size=12))
def test_every_place_is_in_the_frame_and_has_its_number(places):
    picture = route_picture(spots_at(places), [])

    numbers = [number for marker in picture.markers for number in marker.numbers]
    assert sorted(numbers) == list(range(1, len(places) + 1))
    for marker in picture.markers:
        assert 0 <= marker.at[0] <= WIDTH
        assert 0 <= marker.at[1] <= HEIGHT
        assert marker.label.startswith(str(marker.numbers[0]))
    _west, _north, wide, high = map(int, picture.view.split())
    assert 0 < wide <= 3601
    assert 0 < high <= 1421
    assert picture.shifts


@given(st.lists(positions, min_size=2, max_size=12))
def test_north_is_up_and_the_picture_goes_round_the_world_where_it_is_shorter(places):
    picture = route_picture(spots_at(places), [])
    at = {number: marker.at for marker in picture.markers for number in marker.numbers}
    for one, two in pairwise(sorted(places, key=lambda place: place[1])):
        lower, upper = at[places.index(one) + 1], at[places.index(two) + 1]
        assert lower[1] >= upper[1] - 16


@given(st.lists(positions, min_size=2, max_size=8), st.lists(positions, max_size=3))
def test_trips_begin_and_end_at_their_places_and_pass_what_they_passed(places, past):
    spots = spots_at(places)
    trips = [trip(one.key, two.key, past=tuple(past)) for one, two in pairwise(spots)]
    picture = route_picture(spots, trips)
    at = {number: marker.at for marker in picture.markers for number in marker.numbers}
    drawn = {arc.title: arc for arc in picture.arcs}
    for number, one in enumerate(trips, 1):
        if one.title not in drawn:
            assert at[number] == at[number + 1]
            continue
        path = [int(value) for value in re.findall(r"-?\d+", drawn[one.title].path)]
        assert tuple(path[-2:]) == at[number + 1] or len(set(drawn[one.title].passed)) > 0
        assert tuple(path[:2]) == at[number] or len(set(drawn[one.title].passed)) > 0
        assert len(drawn[one.title].passed) == len(past)
        assert len(drawn[one.title].arrow.split()) == 3


def test_a_voyage_across_the_pacific_does_not_run_round_the_world():
    spots = [spot("tokyo", (139.8, 35.6)), spot("vancouver", (-123.1, 49.3))]

    picture = route_picture(spots, [trip("tokyo", "vancouver")])

    [tokyo, vancouver] = [marker.at for marker in picture.markers]
    assert tokyo[0] < vancouver[0]
    assert len(picture.shifts) == 2
    assert int(picture.view.split()[2]) < 2000


def test_there_and_back_are_two_curves():
    spots = [spot("a", (0, 0)), spot("b", (20, 10))]

    there, back = route_picture(spots, [trip("a", "b"), trip("b", "a")]).arcs

    assert there.path != back.path
    assert there.arrow != back.arrow


def test_places_near_each_other_share_a_marker_and_labels_do_not_touch():
    spots = [
        spot("a", (10, 50)),
        spot("b", (10.01, 50)),
        spot("c", (30, 50)),
        spot("d", (30.9, 50)),
    ]
    spots += [spot("e", (10, 50.01)), spot("f", (-20, 20))]

    markers = route_picture(spots, [trip("a", "b")]).markers

    shared = next(marker for marker in markers if 1 in marker.numbers)
    assert (shared.numbers, shared.text, shared.label) == ((1, 2, 5), "1 … 5", "1 … 5")
    assert shared.title == "1 Site a; 2 Site b; 5 Site e"
    assert route_picture(spots, [trip("a", "b")]).arcs == ()


def test_where_only_the_country_is_known_a_trip_says_so():
    vague = Spot(key="b", label="Canada", position=(-100, 58), is_exact=False)

    picture = route_picture([spot("a", (0, 50)), vague], [trip("a", "b")])

    assert [marker.is_exact for marker in picture.markers] == [True, False]
    assert [arc.is_exact for arc in picture.arcs] == [False]


def test_nothing_is_drawn_of_no_place():
    assert route_picture([], []) is None


@pytest.mark.parametrize(
    ("one", "two", "km"),
    [
        ((-0.1278, 51.5074), (2.3522, 48.8566), 344),  # London, Paris
        ((179, 0), (-179, 0), 222),
        ((0, 0), (180, 0), 20015),
        ((25.5, -10.7), (25.5, -10.7), 0),
    ],
)
def test_distances_are_those_of_the_great_circle(one, two, km):
    assert distance_km(one, two) == km
    assert distance_km(two, one) == km


# ── the vendored outline ──────────────────────────────────────────────────────────────────


def test_the_outline_is_the_file_whose_digest_is_listed():
    for line in (LAND / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert sha256((LAND / name).read_bytes()).hexdigest() == digest
    assert "public domain" in (LAND / "LICENSE.txt").read_text()


def test_no_line_of_the_outline_streaks_across_the_map():
    root = ElementTree.fromstring((LAND / "land.svg").read_text())  # noqa: S314 - our own file
    paths = {one.get("id"): one.get("d") for one in root}
    assert paths.keys() == {"land", "borders"}
    for drawn in paths.values():
        for part in re.findall(r"M(\d+) (\d+)l([^Mz]+)", drawn):
            x, y = int(part[0]), int(part[1])
            for dx, dy in zip(*[iter(re.findall(r"-?\d+", part[2]))] * 2, strict=True):
                assert abs(int(dx)) < 600
                x, y = x + int(dx), y + int(dy)
                assert 0 <= x <= 3600
                assert 0 <= y <= 1600


def test_the_middle_of_a_country_lies_on_the_globe():
    middles = json.loads((PACKAGE / "pictures" / "countries.json").read_text())

    assert {"CA", "CD", "CL", "ID", "SG", "US", "ZM"} <= middles.keys()
    assert all(-180 <= x <= 180 and -60 < y < 85 for x, y in middles.values())
