"""Codes of other people's lists: countries, subdivisions, identifiers with check digits."""

import re
from collections.abc import Callable, Iterable
from functools import cache

from traceability.errors import UnknownCountry, WrongIdentifier
from traceability.ledger.shapes import Identifier

_RMI_CID = re.compile(r"CID[0-9]{6}")


def check_country(country: str | None, subdivision: str | None, at: str) -> None:
    """Refuse a country or subdivision that ISO 3166 does not have, or that do not belong together.

    Raises:
        UnknownCountry: with the code.
    """
    if country is not None and country not in _countries():
        raise UnknownCountry(country, at=at)
    if subdivision is None:
        return
    if subdivision not in _subdivisions():
        raise UnknownCountry(subdivision, at=at)
    if country is not None and not subdivision.startswith(f"{country}-"):
        raise UnknownCountry(f"{subdivision} in {country}", at=at)


def check_identifiers(identifiers: Iterable[Identifier] | None, at: str) -> None:
    """Refuse an identifier of a known scheme whose form or check digits are wrong.

    Raises:
        WrongIdentifier: `lei` (ISO 17442), `gln` (GS1), `rmi_cid` (RMI facility lists).
    """
    for place, identifier in enumerate(identifiers or ()):
        is_sound = _SCHEMES.get(identifier.scheme)
        if is_sound is not None and not is_sound(identifier.value):
            raise WrongIdentifier(
                identifier.scheme, identifier.value, at=f"{at}.identifiers[{place}]"
            )


def _is_lei(value: str) -> bool:
    from stdnum import lei  # imported late: the offline verifier rarely needs it

    return bool(lei.is_valid(value)) and lei.compact(value) == value


def _is_gln(value: str) -> bool:
    from stdnum import ean

    return len(value) == 13 and value.isascii() and bool(ean.is_valid(value))


def _is_rmi_cid(value: str) -> bool:
    return _RMI_CID.fullmatch(value) is not None


_SCHEMES: dict[str, Callable[[str], bool]] = {
    "lei": _is_lei,
    "gln": _is_gln,
    "rmi_cid": _is_rmi_cid,
}


@cache
def _countries() -> frozenset[str]:
    import pycountry

    return frozenset(country.alpha_2 for country in pycountry.countries)


@cache
def _subdivisions() -> frozenset[str]:
    import pycountry

    return frozenset(subdivision.code for subdivision in pycountry.subdivisions)
