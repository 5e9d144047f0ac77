"""Colours and patterns of a picture, and the legend that explains them.

Colours stand for countries, patterns for what is recycled, only declared, not known, or not opened.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from standards.ways import Told, Way
from traceability.pictures.flow import Band
from traceability.pictures.grouping import SOURCES
from traceability.templatetags.ledger import country_name

COLOURS, FEW_COLOURS = 7, 4
"""Countries with a colour of their own; those of less metal share one."""
OTHERS = "l-cx"
Palette = Callable[[int], dict[str, str]]
"""Colours by country, of which so many have one of their own."""
_APART = ("recycled", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A line of the legend."""

    colour: str
    look: str
    text: str


def colours_of(ways: Iterable[Way], most: int) -> dict[str, str]:
    """Give countries colours, the same in all ways: first those the metal comes from, by mass."""
    mass: dict[tuple[bool, str], int] = {}
    for way in ways:
        for arrow in way.arrows:
            for name in (arrow.source, arrow.target):
                told = way.told[name]
                if told.country and told.kind != "recycled":
                    key = (told.kind == "step", told.country)
                    mass[key] = mass.get(key, 0) + arrow.mg
    ranked = sorted(mass, key=lambda one: (one[0], -mass[one], one[1]))
    countries = list(dict.fromkeys(country for _is_step, country in ranked))
    named = {country: f"l-c{place}" for place, country in enumerate(countries[:most])}
    return named | dict.fromkeys(countries[most:], OTHERS)


def colour_of(country: str | None, colours: Mapping[str, str]) -> str:
    """Return the colour of a country."""
    return colours.get(country or "", OTHERS)


def bands_of(way: Way, colours: Mapping[str, str]) -> dict[str, Band]:
    """Return how the metal of each source is drawn, by its id; alike sources are one band."""
    return {
        stop.id: _band(way.told[stop.id], colours) for stop in way.stops if stop.stage == SOURCES
    }


def _band(told: Told, colours: Mapping[str, str]) -> Band:
    if told.kind in _APART:
        name = _("recycled") if told.kind == "recycled" else _("origin not known")
        order = 1000 * (2 + _APART.index(told.kind))
        return Band(order=order, colour="", look=told.kind, title=name)
    look = "declared" if told.kind == "declared" else "known"
    colour, name, place = colour_of(told.country, colours), _origin_text(told), len(colours)
    if colour != OTHERS:
        place = list(colours).index(told.country or "")
    elif told.country is not None:
        name = _("other countries")
        if look == "declared":
            name = _("other countries, declared only")
    return Band(order=1000 * (look == "declared") + place, colour=colour, look=look, title=name)


def legend(
    way: Way, bands: Mapping[str, Band], colours: Mapping[str, str], *, has_closed: bool
) -> tuple[Key, ...]:
    """Return the legend: every band, countries that only work the metal, and closed names."""
    told = {band.title: band for band in sorted(bands.values(), key=lambda one: one.order)}
    keys = [Key(colour=one.colour, look=one.look, text=one.title) for one in told.values()]
    named = {key.text for key in keys}
    worked = {one.country for one in way.told.values() if one.kind == "step"}
    for country, colour in colours.items():
        if country in worked and country_name(country) not in named and colour != OTHERS:
            keys.append(Key(colour=colour, look="worked", text=country_name(country)))
    if has_closed:
        keys.append(Key(colour=OTHERS, look="closed", text=_("site whose name is not opened")))
    return tuple(keys)


def _origin_text(told: Told) -> str:
    if told.kind != "declared":
        return country_name(told.country)
    country = country_name(told.country) if told.country else _("several countries")
    return _("%(country)s, declared only") % {"country": country}
