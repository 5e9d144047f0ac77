"""How far two places are from each other at least, without a float.

The straight line through the Earth, on a sphere of its polar radius, is shorter than any way
over it: whoever is too fast for it is too fast for every road. Sine and cosine are summed in
decimals of 40 digits, so that every machine finds the same millimeter.

Source: WGS 84, semi-minor axis 6,356.752314 km (NGA.STND.0036, table 3.2).
"""

from decimal import ROUND_FLOOR, Context, Decimal, localcontext
from fractions import Fraction
from functools import lru_cache

Coordinates = tuple[Decimal, Decimal]
"""Latitude and longitude, in degrees."""

POLAR_RADIUS_KM = Decimal("6356.752314")
_PI = Decimal("3.14159265358979323846264338327950288419716939937510")
_CONTEXT = Context(prec=40)
_NEGLIGIBLE = Decimal("1e-36")


def straight_line_km(one: Coordinates, other: Coordinates) -> Fraction:
    """Return the least distance between two places in kilometers, rounded down to a meter."""
    with localcontext(_CONTEXT):
        squares = sum(
            ((a - b) ** 2 for a, b in zip(_unit_vector(*one), _unit_vector(*other), strict=True)),
            Decimal(0),
        )
        line = squares.sqrt() * POLAR_RADIUS_KM
        return Fraction(line.quantize(Decimal("0.001"), rounding=ROUND_FLOOR))


@lru_cache(maxsize=4096)
def _unit_vector(latitude: Decimal, longitude: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    with localcontext(_CONTEXT):
        sin_lat, cos_lat = _sine_and_cosine(latitude)
        sin_lon, cos_lon = _sine_and_cosine(longitude)
        return cos_lat * cos_lon, cos_lat * sin_lon, sin_lat


def _sine_and_cosine(degrees: Decimal) -> tuple[Decimal, Decimal]:
    """Sum the Taylor series of both, term by term in turns."""
    angle = degrees * _PI / 180
    sums = [Decimal(0), Decimal(0)]
    term, power = Decimal(1), 0
    while abs(term) > _NEGLIGIBLE or power <= 2:
        sums[power % 2] += term if power % 4 < 2 else -term
        power += 1
        term = term * angle / power
    return sums[1], sums[0]
