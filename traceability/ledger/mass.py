"""Mass: from what was entered to whole milligrams, and from gross mass to contained metal.

What was entered is kept by the statement; this module gives what the ledger counts with.
Conversion rounds once, half to even, at the door. Everything before the rounding is exact:
decimals are multiplied in a context that refuses to lose a digit, ratios are `Fraction`s.
Gross mass alone may refuse a statement; contained metal is derived and never refuses.

Sources: exact unit factors from NIST Handbook 44 (2024), Appendix C (pound 0.45359237 kg,
troy ounce 31.1034768 g). Moisture and assay: `contained = gross * (1 - moisture) * assay`,
dry basis.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from traceability.errors import (
    AssayImpossible,
    CountNotWhole,
    DecimalMalformed,
    DensityMissing,
    EquivalentIsNoMass,
    MassNotPositive,
    MassOutOfRange,
    MoistureImpossible,
    RangeReversed,
    TraceabilityError,
    UnitDoesNotFitBasis,
    UnknownUnit,
)
from traceability.ledger.apportioning import half_even

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


# ── contained metal ───────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Contained:
    """How much of an element a lot holds, as far as documents tell.

    `mass` is None where a document is missing: then `bounds` says what is possible at all
    and `missing` names the documents. Where it is known, `bounds` equals `mass`.
    """

    mass: Interval | None
    bounds: Interval
    missing: tuple[str, ...] = ()


def assay_fraction(value: Decimal, unit: str, *, at: str = "") -> Fraction:
    """Return an assay as an exact mass fraction.

    Raises:
        UnknownUnit: `unit` is not one of `ASSAY_UNITS`.
    """
    factor = ASSAY_UNITS.get(unit)
    if factor is None:
        raise UnknownUnit(unit=unit, known=tuple(ASSAY_UNITS), at=at)
    return Fraction(value) * factor


def contained_mg(
    gross_mg: int,
    *,
    basis: MassBasis,
    moisture: Decimal | None,
    fraction: Decimal | Fraction,
    fraction_basis: AssayBasis,
    at_most: Fraction = Fraction(1),
    at: str = "",
) -> int | None:
    """Return the milligrams of an element in a lot, or None where the moisture is missing.

    Moisture is needed only to step between a wet mass and a dry assay, or the reverse.

    Args:
        gross_mg: the lot's mass on `basis`; `wet` and `as_received` both include the water.
        basis: of `gross_mg`.
        moisture: water as a fraction of the wet mass, in [0, 1).
        fraction: the assay, or purity times stoichiometric fraction (`elements.compound_fraction`).
        fraction_basis: of `fraction`.
        at_most: the stoichiometric maximum of the substance, dry.
        at: the JSON path of the assay, for errors.

    Raises:
        MoistureImpossible, AssayImpossible: named for the fact.
    """
    contained = contained_interval(
        exactly(gross_mg),
        basis=basis,
        moisture=None if moisture is None else Range(low=moisture, high=moisture),
        fraction=Range(low=fraction, high=fraction),
        fraction_basis=fraction_basis,
        at_most=at_most,
        at=at,
    )
    return None if contained.mass is None else contained.mass.low


def contained_interval(
    gross_mg: Interval,
    *,
    basis: MassBasis,
    moisture: Range | None,
    fraction: Range | None,
    fraction_basis: AssayBasis,
    at_most: Fraction = Fraction(1),
    at: str = "",
) -> Contained:
    """Return how much of an element a lot holds where mass, moisture or assay is a range.

    Arguments and errors as for `contained_mg`. A missing assay leaves everything from
    nothing to the stoichiometric maximum possible, a missing moisture everything from
    nothing to the assay's yield of the bone-dry lot. The part of an assay range above the
    maximum is cut off; a range that lies above it as a whole is impossible.
    Both ends round half to even, so a point stays a point.
    """
    try:
        least, most = _share_of_gross(basis, moisture, fraction, fraction_basis, at_most)
    except TraceabilityError as error:
        error.at = at
        raise
    bounds = Interval(
        low=half_even(gross_mg.low * least.numerator, least.denominator),
        high=half_even(gross_mg.high * most.numerator, most.denominator),
    )
    missing = _missing_documents(basis, moisture, fraction, fraction_basis)
    return Contained(mass=None if missing else bounds, bounds=bounds, missing=missing)


@lru_cache(maxsize=8192)
def _share_of_gross(
    basis: MassBasis,
    moisture: Range | None,
    fraction: Range | None,
    fraction_basis: AssayBasis,
    at_most: Fraction,
) -> tuple[Fraction, Fraction]:
    """Return the least and the most of a gross mass that is the element.

    Kept, since the lots of a history repeat the figures of a few documents.
    """
    dry = _dry_share(moisture)
    limit = min(Fraction(1), at_most * (1 + ASSAY_TOLERANCE))
    assay = _dry_assay(fraction, fraction_basis, dry=dry, limit=limit)
    if fraction is not None and basis != "dry" and fraction_basis != "dry":
        # The assay already counts the water: moisture only bounds it, it does not enter twice.
        return Fraction(fraction.low), min(Fraction(fraction.high), limit * dry[1])
    if basis == "dry":
        return assay
    return dry[0] * assay[0], dry[1] * assay[1]


def _missing_documents(
    basis: MassBasis, moisture: Range | None, fraction: Range | None, fraction_basis: AssayBasis
) -> tuple[str, ...]:
    if fraction is None:
        return ("assay",)
    needs_moisture = (basis == "dry") != (fraction_basis == "dry")
    return ("moisture",) if needs_moisture and moisture is None else ()


def _dry_share(moisture: Range | None) -> tuple[Fraction, Fraction]:
    """Return the least and the most of a wet mass that can be dry; (0, 1) where not measured."""
    if moisture is None:
        return Fraction(0), Fraction(1)
    low, high = Fraction(moisture.low), Fraction(moisture.high)
    if low < 0 or high >= 1:
        raise MoistureImpossible(moisture=str(moisture.low if low < 0 else moisture.high))
    return 1 - high, 1 - low


def _dry_assay(
    fraction: Range | None,
    fraction_basis: AssayBasis,
    *,
    dry: tuple[Fraction, Fraction],
    limit: Fraction,
) -> tuple[Fraction, Fraction]:
    """Return the least and the most that the dry substance can hold, per unit of dry mass."""
    if fraction is None:
        return Fraction(0), limit
    low, high = Fraction(fraction.low), Fraction(fraction.high)
    if fraction_basis != "dry":
        # An assay of the wet substance says more of the dry one: 0.9 at 20 % water is 1.125.
        low, high = low / dry[1], high / dry[0] if dry[0] else limit
    if low < 0 or low > limit:
        raise AssayImpossible(fraction=str(fraction.low), at_most=_shown(limit))
    return low, min(high, limit)


def _shown(limit: Fraction) -> str:
    """Write a limit with five decimals, for people."""
    return f"{Decimal(limit.numerator) / Decimal(limit.denominator):.5f}"
