"""From gross mass to contained metal: `contained = gross * (1 - moisture) * assay`, dry basis.

Gross mass alone may refuse a statement; contained metal is derived and never refuses. Ratios are
exact, and the result is rounded once, half to even.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from traceability.errors import (
    AssayImpossible,
    MoistureImpossible,
    TraceabilityError,
    UnknownUnit,
)
from traceability.ledger.apportioning import half_even
from traceability.ledger.mass import (
    ASSAY_TOLERANCE,
    ASSAY_UNITS,
    AssayBasis,
    Interval,
    MassBasis,
    Range,
    exactly,
)


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
