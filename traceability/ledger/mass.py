"""Mass: from what was entered to whole milligrams.

What was entered is kept by the statement; this module gives what the ledger counts with.
Conversion rounds once, half to even, at the door. Everything before the rounding is exact:
decimals are multiplied in a context that refuses to lose a digit, ratios are `Fraction`s.

Source: exact unit factors from NIST Handbook 44 (2024), Appendix C (pound 0.45359237 kg,
troy ounce 31.1034768 g).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation
from fractions import Fraction
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from traceability.errors import (
    CountNotWhole,
    DecimalMalformed,
    DensityMissing,
    EquivalentIsNoMass,
    MassNotPositive,
    MassOutOfRange,
    RangeReversed,
    UnitDoesNotFitBasis,
    UnknownUnit,
)

MassBasis = Literal["wet", "dry", "as_received"]
AssayBasis = Literal["dry", "as_received"]
GrossUnit = Literal["mg", "piece"]

MASS_UNITS: Mapping[str, Decimal] = MappingProxyType(
    {
        "mg": Decimal(1),
        "g": Decimal(1_000),
        "kg": Decimal(1_000_000),
        "t": Decimal(1_000_000_000),
        "dmt": Decimal(1_000_000_000),
        "wmt": Decimal(1_000_000_000),
        "lb": Decimal("453592.37"),
        "oz t": Decimal("31103.4768"),
    }
)
"""Milligrams in one unit of mass. `dmt` and `wmt` are tonnes that name their basis themselves."""

VOLUME_UNITS: Mapping[str, Decimal] = MappingProxyType(
    {"m3": Decimal(1_000_000_000), "L": Decimal(1_000_000)}
)
"""Milligrams in one unit of volume of a substance of 1 kg/L."""

COUNT_UNIT = "piece"
UNITS: tuple[str, ...] = (*MASS_UNITS, *VOLUME_UNITS, COUNT_UNIT)
MASS_BASES: tuple[str, ...] = ("wet", "dry", "as_received")
_BASES_OF_TONNES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"dmt": ("dry",), "wmt": ("wet", "as_received")}
)

MAX_MASS_MG = 10**18  # 10^12 kg, some thirty times the copper ore mined in a year
MAX_PIECES = 10**12

ASSAY_UNITS: Mapping[str, Fraction] = MappingProxyType(
    {
        "fraction": Fraction(1),
        "percent": Fraction(1, 100),
        "ppm": Fraction(1, 1_000_000),
        "g_per_t": Fraction(1, 1_000_000),
    }
)
"""Mass fraction that one unit of an assay stands for."""

ASSAY_TOLERANCE = Fraction(1, 2_000)
"""Relative room above the stoichiometric maximum: natural lithium alone spans this much."""

_EQUIVALENT = re.compile(r"(?:[A-Za-z]{1,8} ?)?LCE")
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,12})?")

# Thirty digits of value, thirty of density and ten of unit fit; losing one is an error.
_EXACT = Context(prec=80, traps=[Inexact, InvalidOperation])


# ── numbers and ranges ────────────────────────────────────────────────────────────────────


class Interval(Struct, frozen=True, kw_only=True, gc=False):
    """Whole milligrams from `low` to `high`, both included."""

    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise RangeReversed(low=str(self.low), high=str(self.high))

    @property
    def is_point(self) -> bool:
        """Whether the amount is known to the milligram."""
        return self.low == self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A fraction (moisture, assay) known to lie from `low` to `high`, both included."""

    low: Decimal | Fraction
    high: Decimal | Fraction

    def __post_init__(self) -> None:
        if Fraction(self.low) > Fraction(self.high):
            raise RangeReversed(low=str(self.low), high=str(self.high))


def exactly(mass_mg: int) -> Interval:
    """Return the interval that holds one amount."""
    return Interval(low=mass_mg, high=mass_mg)


def parse_decimal(text: object, *, at: str = "") -> Decimal:
    """Read a number of the record: `(0|[1-9][0-9]{0,17})(\\.[0-9]{1,12})?`, as a string.

    Raises:
        DecimalMalformed: anything else, JSON numbers and booleans included.
    """
    if not isinstance(text, str) or _DECIMAL.fullmatch(text) is None:
        raise DecimalMalformed(value=text, at=at)
    return Decimal(text)


def significant_digits(text: str) -> int:
    """Count the digits of a number of the record from its first to its last that is no zero."""
    return len(text.replace(".", "").strip("0"))


# ── gross quantities ──────────────────────────────────────────────────────────────────────


def mass_mg(value: Decimal, unit: str, *, at: str = "") -> int:
    """Convert a mass to whole milligrams, rounding once, half to even.

    Args:
        value: as `parse_decimal` returns it.
        unit: a key of `MASS_UNITS`.
        at: the JSON path of the quantity, for errors.

    Raises:
        UnknownUnit: `unit` is no unit of mass.
        MassNotPositive: zero, negative, or less than half a milligram.
        MassOutOfRange: more than 10^12 kg.
    """
    factor = MASS_UNITS.get(unit)
    if factor is None:
        raise UnknownUnit(unit=unit, known=tuple(MASS_UNITS), at=at)
    return _rounded(_EXACT.multiply(value, factor), MAX_MASS_MG, value=value, unit=unit, at=at)


def gross_amount(
    *, value: Decimal, unit: str, basis: str, density_kg_l: Decimal | None = None, at: str = ""
) -> tuple[int, GrossUnit]:
    """Convert a quantity, as booked, to the whole units that balances count.

    Args:
        value: as `parse_decimal` returns it.
        unit: one of `UNITS`.
        basis: `wet`, `dry` or `as_received` with a unit of mass; `volume` with one of volume;
            `count` with `piece`.
        density_kg_l: needed with a volume, in kilograms per liter.
        at: the JSON path of the quantity, for errors.

    Returns:
        `(milligrams, "mg")` or `(pieces, "piece")`, above zero.

    Raises:
        UnknownUnit, UnitDoesNotFitBasis, DensityMissing, CountNotWhole: named for the fact.
        EquivalentIsNoMass: lithium carbonate equivalent is no mass of a lot (`equivalents`).
        MassNotPositive, MassOutOfRange: see `mass_mg`.
    """
    fitting = _bases_of(unit, at=at)
    if basis not in fitting:
        raise UnitDoesNotFitBasis(unit=unit, basis=basis, fitting=fitting, at=at)
    if unit in MASS_UNITS:
        return mass_mg(value, unit, at=at), "mg"
    if unit == COUNT_UNIT:
        return _pieces(value, at=at), "piece"
    if density_kg_l is None:
        raise DensityMissing(unit=unit, at=at)

    mass = _EXACT.multiply(_EXACT.multiply(value, VOLUME_UNITS[unit]), density_kg_l)
    return _rounded(mass, MAX_MASS_MG, value=value, unit=unit, at=at), "mg"


def end_amount(text: str, unit: str, density_kg_l: str | None = None, *, at: str = "") -> int:
    """Convert an end of the range around a quantity, which may be nothing.

    Args:
        text: the end, a number of the record.
        unit: one of `UNITS`, as that of the quantity; `density_kg_l` with a unit of volume.

    Raises:
        CountNotWhole, MassOutOfRange: it is no amount that a lot can have.
    """
    amount = _converted(text, unit, density_kg_l)
    if unit == COUNT_UNIT and amount != amount.to_integral_value():
        raise CountNotWhole(value=text, at=at)
    if amount > _limit(unit):
        raise MassOutOfRange(value=text, unit=unit, at=at)
    return _whole(amount)


def recorded_end(text: str, unit: str, density_kg_l: str | None = None) -> int:
    """Convert an end as it was recorded, whatever it says: no lot holds more than the limit."""
    return min(_whole(_converted(text, unit, density_kg_l)), _limit(unit))


def _converted(text: str, unit: str, density_kg_l: str | None) -> Decimal:
    value = parse_decimal(text)
    if unit in VOLUME_UNITS and density_kg_l is not None:
        mass = _EXACT.multiply(value, VOLUME_UNITS[unit])
        return _EXACT.multiply(mass, parse_decimal(density_kg_l))
    return _EXACT.multiply(value, MASS_UNITS.get(unit, Decimal(1)))


def _limit(unit: str) -> int:
    return MAX_PIECES if unit == COUNT_UNIT else MAX_MASS_MG


def _whole(amount: Decimal) -> int:
    return int(amount.to_integral_value(rounding="ROUND_HALF_EVEN"))


def _bases_of(unit: str, *, at: str) -> tuple[str, ...]:
    if unit in MASS_UNITS:
        return _BASES_OF_TONNES.get(unit, MASS_BASES)
    if unit in VOLUME_UNITS:
        return ("volume",)
    if unit == COUNT_UNIT:
        return ("count",)
    if isinstance(unit, str) and _EQUIVALENT.fullmatch(unit):
        raise EquivalentIsNoMass(unit=unit, at=at)
    raise UnknownUnit(unit=unit, known=UNITS, at=at)


def _pieces(value: Decimal, *, at: str) -> int:
    if value != value.to_integral_value():
        raise CountNotWhole(value=f"{value:f}", at=at)
    return _rounded(value, MAX_PIECES, value=value, unit=COUNT_UNIT, at=at)


def _rounded(amount: Decimal, limit: int, *, value: Decimal, unit: str, at: str) -> int:
    return limited(_whole(amount), limit, value=value, unit=unit, at=at)


def limited(whole: int, limit: int, *, value: Decimal, unit: str, at: str) -> int:
    """Return a converted amount, unless it is nothing or more than there can be.

    Raises:
        MassNotPositive, MassOutOfRange: named for the fact, with what was entered.
    """
    if whole <= 0:
        raise MassNotPositive(value=f"{value:f}", unit=unit, at=at)
    if whole > limit:
        raise MassOutOfRange(value=f"{value:f}", unit=unit, at=at)
    return whole
