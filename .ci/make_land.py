"""Make the outline of the land, and the middles of countries, from Natural Earth.

Run once, by hand, beside an unpacked `npm pack world-atlas@2.0.2`:

    python .ci/make_land.py package/

writes `land.svg` and `SHA256SUMS` into traceability/static/vendor/natural-earth/ and
`countries.json` into traceability/pictures/. Standard library only; the same input gives the
same bytes. Tenths of a degree, x from 180° W, y from 90° N. What crosses the antimeridian is cut
there, so that nothing streaks across the map; Antarctica is left out.
"""

import json
import sys
from collections.abc import Iterator
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pycountry

ROOT = Path(__file__).resolve().parents[1]
LAND = ROOT / "traceability" / "static" / "vendor" / "natural-earth"
SOUTHERNMOST = -60
ANTARCTICA = "010"

Point = tuple[float, float]
Ring = list[Point]


class Atlas:
    """A TopoJSON file: its arcs in degrees, and geometries as rings of points."""

    def __init__(self, path: Path) -> None:
        told = json.loads(path.read_bytes())
        (sx, sy), (tx, ty) = told["transform"]["scale"], told["transform"]["translate"]
        self.objects = told["objects"]
        self.arcs = []
        for arc in told["arcs"]:
            x = y = 0
            points = []
            for dx, dy in arc:
                x, y = x + dx, y + dy
                points.append((x * sx + tx, y * sy + ty))
            self.arcs.append(points)

    def line(self, number: int) -> Ring:
        return self.arcs[number] if number >= 0 else self.arcs[~number][::-1]

    def ring(self, numbers: list[int]) -> Ring:
        points: Ring = []
        for number in numbers:
            points += self.line(number)[1 if points else 0 :]
        return points

    def polygons(self, geometry: dict[str, Any]) -> list[list[Ring]]:
        if geometry["type"] == "GeometryCollection":
            return [one for part in geometry["geometries"] for one in self.polygons(part)]
        many = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        return [[self.ring(numbers) for numbers in rings] for rings in many]


def unwrapped(ring: Ring) -> Ring:
    """Return a ring whose longitudes run on where it crosses the antimeridian."""
    points = [ring[0]]
    for (before, _), (x, y) in pairwise(ring):
        jump = x - before
        shift = -360 if jump > 180 else 360 if jump < -180 else 0
        points.append((points[-1][0] + jump + shift, y))
    return points


def clipped(ring: Ring, edge: float, *, keeps_less: bool) -> Ring:
    """Return the part of a closed ring on one side of a meridian (Sutherland and Hodgman)."""

    def is_in(x: float) -> bool:
        return x <= edge if keeps_less else x >= edge

    out = []
    for (x1, y1), (x2, y2) in pairwise([*ring, ring[0]]):
        if is_in(x1) != is_in(x2):
            out.append((edge, y1 + (y2 - y1) * (edge - x1) / (x2 - x1)))
        if is_in(x2):
            out.append((x2, y2))
    return out


def cut(ring: Ring) -> Iterator[Ring]:
    """Yield the rings that a ring becomes on a map from 180° W to 180° E."""
    continuous = unwrapped(ring)
    for shift in (-360, 0, 360):
        part = [(x + shift, y) for x, y in continuous]
        for edge, keeps_less in ((180, True), (-180, False)):
            part = clipped(part, edge, keeps_less=keeps_less) if part else part
        if len(part) > 2:
            yield part


def whole(x: float, y: float) -> tuple[int, int]:
    """Return a point in tenths of a degree from the upper left corner of the world."""
    return round((x + 180) * 10), round((90 - y) * 10)


def path_of(points: Ring, end: str = "") -> str:
    """Return a path in whole tenths of a degree, relative, without points on the spot."""
    drawn = [whole(*point) for point in points]
    text = [f"M{drawn[0][0]} {drawn[0][1]}l"]
    steps = [(x2 - x1, y2 - y1) for (x1, y1), (x2, y2) in pairwise(drawn)]
    text.append(" ".join(f"{dx} {dy}" for dx, dy in steps if dx or dy))
    return "".join(text) + end if any(dx or dy for dx, dy in steps) else ""


def land(atlas: Atlas) -> Iterator[str]:
    """Yield the coasts."""
    for polygon in atlas.polygons(atlas.objects["land"]):
        if max(y for _x, y in polygon[0]) < SOUTHERNMOST:
            continue
        for ring in polygon:
            for part in cut(ring):
                yield path_of(part, "z")


def borders(atlas: Atlas) -> Iterator[str]:
    """Yield the arcs that two countries share."""
    users: dict[int, set[int]] = {}
    for place, country in enumerate(atlas.objects["countries"]["geometries"]):
        many = country["arcs"] if country["type"] == "MultiPolygon" else [country["arcs"]]
        for number in (n for rings in many for ring in rings for n in ring):
            users.setdefault(number if number >= 0 else ~number, set()).add(place)
    for number in sorted(n for n, places in users.items() if len(places) > 1):
        line = unwrapped(atlas.arcs[number])
        if all(-180 <= x <= 180 for x, _y in line):
            yield path_of(line)


def middle(ring: Ring) -> tuple[float, Point]:
    """Return area and centroid of a ring."""
    area = x = y = 0.0
    for (x1, y1), (x2, y2) in pairwise([*ring, ring[0]]):
        cross = x1 * y2 - x2 * y1
        area, x, y = area + cross, x + (x1 + x2) * cross, y + (y1 + y2) * cross
    return abs(area / 2), (x / (3 * area), y / (3 * area)) if area else ring[0]


def countries(atlas: Atlas) -> dict[str, list[float]]:
    """Return the middle of each country's largest part, by its code."""
    found = {}
    for country in atlas.objects["countries"]["geometries"]:
        known = pycountry.countries.get(numeric=country.get("id", ""))
        if known is None or country["id"] == ANTARCTICA:
            continue
        rings = [middle(unwrapped(polygon[0])) for polygon in atlas.polygons(country)]
        x, y = max(rings)[1]
        x = (x + 180) % 360 - 180
        found[known.alpha_2] = [round(x, 1), round(y, 1)]
    return dict(sorted(found.items()))


def main(package: Path) -> None:
    """Write the files."""
    paths = [one for one in land(Atlas(package / "land-110m.json")) if one]
    lines = [one for one in borders(Atlas(package / "countries-110m.json")) if one]
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 3600 1800">\n'
        f'<path id="land" d="{"".join(paths)}"/>\n'
        f'<path id="borders" d="{"".join(lines)}"/>\n</svg>\n'
    )
    (LAND / "land.svg").write_text(svg)
    told = json.dumps(countries(Atlas(package / "countries-50m.json")), separators=(",", ":"))
    middles = ROOT / "traceability" / "pictures" / "countries.json"
    middles.write_text(told.replace("],", "],\n") + "\n")
    digest = sha256(svg.encode()).hexdigest()
    (LAND / "SHA256SUMS").write_text(f"{digest}  land.svg\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
