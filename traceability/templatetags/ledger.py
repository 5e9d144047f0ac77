"""How amounts, hashes and days read on a page."""

from datetime import date
from fractions import Fraction
from typing import Any

import pycountry
from django import template
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

register = template.Library()

_SHORT_NAMES = {"CD": "DR Congo", "KP": "North Korea", "RU": "Russia"}
"""Where the list has but the long name, and it does not fit a picture."""
_SCALES = ((1_000_000_000, "t"), (1_000_000, "kg"), (1_000, "g"))


@register.filter
def amount(value: int | None, unit: str = "mg") -> str:
    """Return milligrams in the unit people would use, to three places; or pieces.

    Exact integer arithmetic, rounded half-even for display only.
    """
    if value is None:
        return _("unknown")
    if unit != "mg":
        return ngettext("%(n)s piece", "%(n)s pieces", value) % {"n": grouped(value)}
    for scale, name in _SCALES:
        if abs(value) >= scale:
            thousandths = round(Fraction(value * 1000, scale))
            whole, rest = divmod(abs(thousandths), 1000)
            sign = "\N{MINUS SIGN}" if value < 0 else ""
            places = f".{rest:03d}".rstrip("0") if rest else ""
            return f"{sign}{grouped(whole)}{places} {name}"
    return f"{value} mg" if value else "0 kg"


def percent(share: Fraction) -> str:
    """Return a share in percent, rounded half-even to two places for display only."""
    hundredths = round(share * 10_000)
    whole, rest = divmod(hundredths, 100)
    places = f".{rest:02d}".rstrip("0") if rest else ""
    return f"{grouped(whole)}{places} %"


@register.filter
def milligrams(value: str | None) -> str:
    """Return milligrams that came as text, so that no reader rounds them, as people read them."""
    return amount(None if value is None else int(value))


@register.filter
def grouped(value: int) -> str:
    """Return an integer with thin spaces between thousands, as the SI writes it."""
    return f"{value:,}".replace(",", "\u202f")


@register.filter
def short_hash(value: str) -> str:
    """Return the beginning of a hash: enough to compare two by eye."""
    return f"{value[:12]}…" if len(value) > 12 else value


@register.filter
def words(value: Any) -> str:
    """Return a term in snake case as words: `copper_concentrate` → `copper concentrate`."""
    return str(value or "").replace("_", " ")


@register.filter
def country_name(code: str | None) -> str:
    """Return a country's English name by its ISO 3166-1 code; the code where unknown."""
    if not code:
        return _("country not known")
    if code in _SHORT_NAMES:
        return _SHORT_NAMES[code]
    found = pycountry.countries.get(alpha_2=code)
    return str(getattr(found, "common_name", found.name)) if found else code


@register.filter
def day(value: date | str | None) -> str:
    """Return a calendar day as the reader's language writes it."""
    if not value:
        return "—"
    return formats.date_format(date.fromisoformat(value) if isinstance(value, str) else value)


@register.filter
def kind_name(kind: str) -> str:
    """Return a kind of statement in words: `custody.transfer` → `Transfer`."""
    return words(kind.rpartition(".")[2]).capitalize() or _("Statement")


@register.filter
def halved(value: int) -> int:
    """Return the middle of a length in whole pixels."""
    return value // 2
