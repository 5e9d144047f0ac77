"""Geometry of a map: places, the trips between them, and the piece of the world around them.

Equirectangular, its standard parallel in the middle of the picture, so that shapes look right
there. The outline of the land is a file of its own, in tenths of a degree; a picture only says
which piece of it to show. Positions on paper are whole pixels. Whatever crosses the
antimeridian is shown across it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from traceability.pictures.lettering import width_of

Position = tuple[float, float]
"""Longitude and latitude in degrees, east and north positive."""
Point = tuple[int, int]

WIDTH, HEIGHT = 920, 430
_NORTHERNMOST, _SOUTHERNMOST = 84.0, -58.0
_LEAST_SPAN = 9.0  # degrees of latitude
_MARGIN = 46  # pixels around the outermost places
_NEAR = 15  # pixels within which places share a marker
_LINE = 15
_EARTH_KM = 6371.0088  # mean radius, IUGG


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place on the map. `is_exact` is false where only its country is known."""

    key: str
    label: str
    position: Position
    is_exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """Goods from one place to another, past others (positions); `weight`: how many times."""

    source: str
    target: str
    title: str
    weight: int = 1
    past: tuple[Position, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """Places that are one point on paper: their numbers, and a label where there is room."""

    at: Point
    numbers: tuple[int, ...]
    title: str
    is_exact: bool
    label: str = ""
    label_at: Point = (0, 0)
    anchor: str = "start"

    @property
    def text(self) -> str:
        """Return the numbers as they stand in the marker's place."""
        if len(self.numbers) < 3:
            return ", ".join(map(str, self.numbers))
        return f"{self.numbers[0]} … {self.numbers[-1]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arc:
    """A trip, drawn: a path, an arrowhead in its middle, and the points that it passes."""

    path: str
    arrow: str
    passed: tuple[Point, ...]
    title: str
    is_exact: bool
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutePicture:
    """A map. `view` is the piece of the land's drawing; `shifts` where copies of it lie."""

    view: str
    shifts: tuple[int, ...]
    markers: tuple[Marker, ...]
    arcs: tuple[Arc, ...]
    width: int = WIDTH
    height: int = HEIGHT


def distance_km(one: Position, two: Position) -> int:
    """Return the length of the great circle between two places, in whole kilometres."""
    (x1, y1), (x2, y2) = (tuple(map(math.radians, place)) for place in (one, two))
    chord = (
        math.sin((y2 - y1) / 2) ** 2 + math.cos(y1) * math.cos(y2) * math.sin((x2 - x1) / 2) ** 2
    )
    return round(2 * _EARTH_KM * math.asin(min(1.0, math.sqrt(chord))))


def route_picture(spots: Sequence[Spot], trips: Sequence[Trip]) -> RoutePicture | None:
    """Return the map of places, numbered as given, and the trips between them; None without.

    Trips whose ends are one point on paper are not drawn.
    """
    if not spots:
        return None
    passed = [position for trip in trips for position in trip.past]
    frame = _Frame.around([*(spot.position for spot in spots), *passed])
    markers = _markers(frame, spots)
    where = {
        spot.key: marker.at
        for number, spot in enumerate(spots, 1)
        for marker in markers
        if number in marker.numbers
    }
    exact = {spot.key: spot.is_exact for spot in spots}
    most = max((trip.weight for trip in trips), default=1)
    arcs = [_arc(frame, trip, where, exact, most) for trip in trips]
    return RoutePicture(
        view=frame.view,
        shifts=frame.shifts,
        markers=tuple(_labelled(markers, spots)),
        arcs=tuple(arc for arc in arcs if arc is not None),
    )


# ── which piece of the world ──────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """A window: its western and northern edge, and pixels a degree in both directions."""

    west: float
    north: float
    across: float
    down: float

    @classmethod
    def around(cls, positions: Sequence[Position]) -> "_Frame":
        """Return the closest window around places, leaving out the widest empty part."""
        west, east = _longitudes([x for x, _y in positions])
        south = min(y for _x, y in positions)
        north = max(y for _x, y in positions)
        middle = max(-75.0, min(75.0, (south + north) / 2))
        narrow = math.cos(math.radians(middle))
        room = WIDTH - 2 * _MARGIN, HEIGHT - 2 * _MARGIN
        down = min(
            room[1] / max(north - south, _LEAST_SPAN),
            room[0] / max((east - west) * narrow, _LEAST_SPAN),
        )
        down = max(down, HEIGHT / (_NORTHERNMOST - _SOUTHERNMOST))
        across = max(down * narrow, WIDTH / 360)
        top = (south + north) / 2 + HEIGHT / down / 2
        top = max(min(top, _NORTHERNMOST), _SOUTHERNMOST + HEIGHT / down)
        left = (west + east) / 2 - WIDTH / across / 2
        return cls(west=left, north=top, across=across, down=down)

    @property
    def view(self) -> str:
        """Return the window in the units of the land's drawing."""
        values = (
            (self.west + 180) * 10,
            (90 - self.north) * 10,
            WIDTH / self.across * 10,
            HEIGHT / self.down * 10,
        )
        return " ".join(str(round(value)) for value in values)

    @property
    def shifts(self) -> tuple[int, ...]:
        """Return by how much copies of the land are moved to fill the window."""
        east = self.west + WIDTH / self.across
        return tuple(turn * 3600 for turn in (-1, 0, 1) if self._reaches(turn, east))

    def _reaches(self, turn: int, east: float) -> bool:
        return self.west < 180 + 360 * turn and east > -180 + 360 * turn

    def pixel(self, position: Position) -> Point:
        """Return a place on paper."""
        x, y = position
        x = self.west + (x - self.west) % 360
        return round((x - self.west) * self.across), round((self.north - y) * self.down)


def _longitudes(values: Iterable[float]) -> tuple[float, float]:
    """Return from where to where, eastward, some longitudes lie: the widest gap is left out."""
    ranked = sorted({value % 360 for value in values})
    gaps = [(after - before, after) for before, after in pairwise([*ranked, ranked[0] + 360])]
    widest, begin = max(gaps)
    west = (begin + 180) % 360 - 180
    return west, west + 360 - widest


# ── what is drawn ─────────────────────────────────────────────────────────────────────────


def _markers(frame: _Frame, spots: Sequence[Spot]) -> list[Marker]:
    """Bring places that are near each other on paper together."""
    together: list[tuple[Point, list[int]]] = []
    for number, spot in enumerate(spots, 1):
        at = frame.pixel(spot.position)
        near = (numbers for other, numbers in together if math.dist(at, other) <= _NEAR)
        found = next(near, None)
        if found is None:
            together.append((at, [number]))
        else:
            found.append(number)
    return [
        Marker(
            at=at,
            numbers=tuple(numbers),
            title="; ".join(f"{number} {spots[number - 1].label}" for number in numbers),
            is_exact=all(spots[number - 1].is_exact for number in numbers),
        )
        for at, numbers in together
    ]


def _labelled(markers: Sequence[Marker], spots: Sequence[Spot]) -> Iterable[Marker]:
    """Write beside each marker what fits without touching another; its number always does."""
    taken = [_box(x - 9, y - 9, 18, 18) for x, y in (marker.at for marker in markers)]
    for marker in markers:
        name = spots[marker.numbers[0] - 1].label if len(marker.numbers) == 1 else ""
        for text in (f"{marker.text} {name}" if name else marker.text, marker.text):
            place = _place_for(marker.at, text, taken)
            if place is not None:
                break
        text, place = (text, place) if place else (marker.text, _beside(marker.at, marker.text)[0])
        box, at, anchor = place
        taken.append(box)
        yield Marker(
            at=marker.at,
            numbers=marker.numbers,
            title=marker.title,
            is_exact=marker.is_exact,
            label=text,
            label_at=at,
            anchor=anchor,
        )


Box = tuple[int, int, int, int]
Placed = tuple[Box, Point, str]


def _box(x: int, y: int, width: int, height: int) -> Box:
    return x, y, x + width, y + height


def _beside(at: Point, text: str) -> list[Placed]:
    """Return where a label may stand: right, left, above, below."""
    (x, y), wide = at, width_of(text)
    return [
        (_box(x + 9, y - 8, wide, _LINE), (x + 9, y + 4), "start"),
        (_box(x - 9 - wide, y - 8, wide, _LINE), (x - 9, y + 4), "end"),
        (_box(x - wide // 2, y - 24, wide, _LINE), (x, y - 12), "middle"),
        (_box(x - wide // 2, y + 9, wide, _LINE), (x, y + 20), "middle"),
    ]


def _place_for(at: Point, text: str, taken: Sequence[Box]) -> Placed | None:
    for placed in _beside(at, text):
        left, top, right, bottom = placed[0]
        fits = left >= 0 and right <= WIDTH and top >= 0 and bottom <= HEIGHT
        if fits and not any(
            left < other[2] and other[0] < right and top < other[3] and other[1] < bottom
            for other in taken
        ):
            return placed
    return None


def _arc(
    frame: _Frame,
    trip: Trip,
    where: Mapping[str, Point],
    exact: Mapping[str, bool],
    most: int,
) -> Arc | None:
    """Return a trip as curves that bend to the left, so that there and back are two."""
    passed = tuple(frame.pixel(position) for position in trip.past)
    points = [where[trip.source], *passed, where[trip.target]]
    legs = [(one, two) for one, two in pairwise(points) if one != two]
    if not legs:
        return None
    path = [f"M{legs[0][0][0]} {legs[0][0][1]}"]
    for one, two in legs:
        bend = _bend(one, two)
        path.append(f"Q{bend[0]} {bend[1]} {two[0]} {two[1]}")
    longest = max(legs, key=lambda leg: math.dist(*leg))
    return Arc(
        path=" ".join(path),
        arrow=_arrow(*longest),
        passed=passed,
        title=trip.title,
        is_exact=exact[trip.source] and exact[trip.target],
        width=2 if most == 1 else 1 + 3 * trip.weight // most,
    )


def _bend(one: Point, two: Point) -> Point:
    (x1, y1), (x2, y2) = one, two
    return (x1 + x2) // 2 + (y2 - y1) // 6, (y1 + y2) // 2 - (x2 - x1) // 6


def _arrow(one: Point, two: Point) -> str:
    """Return an arrowhead in the middle of a curve, as the points of a polygon."""
    bend = _bend(one, two)
    middle = (one[0] + 2 * bend[0] + two[0]) / 4, (one[1] + 2 * bend[1] + two[1]) / 4
    length = math.dist(one, two)
    along = (two[0] - one[0]) / length, (two[1] - one[1]) / length
    corners = [(6, 0), (-5, 5), (-5, -5)]
    drawn = [
        (
            round(middle[0] + ahead * along[0] - aside * along[1]),
            round(middle[1] + ahead * along[1] + aside * along[0]),
        )
        for ahead, aside in corners
    ]
    return " ".join(f"{x},{y}" for x, y in drawn)
