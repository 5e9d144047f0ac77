"""Equivalents: contained lithium as trade states it, in tonnes of the carbonate that would hold it.

1 t LCE is the lithium of 1 t of Li2CO3, two atoms in each, by the table of atomic weights. It is an
amount of a contained element, never what a lot weighs: a tonne of LCE is no tonne of anything
that lies in a yard. What was entered is kept by the statement, as everywhere.
"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType

from traceability.errors import EquivalentOfAnotherElement, UnitDoesNotFitBasis
from traceability.ledger.apportioning import half_even
from traceability.ledger.elements import mass_fraction
from traceability.ledger.mass import (
    MASS_UNITS,
    MAX_MASS_MG,
    GrossUnit,
    gross_amount,
    limited,
    mass_mg,
)

EQUIVALENTS: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {"kg LCE": ("kg", "Li2CO3", "Li"), "t LCE": ("t", "Li2CO3", "Li")}
)
"""Unit of mass, of which compound, for which element, by the unit of the equivalent."""


def contained_mass_mg(value: Decimal, unit: str, element: str, *, at: str = "") -> int:
    """Convert a mass of a contained element to whole milligrams, rounding once, half to even.

    Args:
        unit: a key of `MASS_UNITS`, of the element itself, or of `EQUIVALENTS`.
        element: what is counted; an equivalent counts one element only.

    Raises:
        EquivalentOfAnotherElement: the unit counts another element.
        UnknownUnit, MassNotPositive, MassOutOfRange: see `mass_mg`.
    """
    if unit not in EQUIVALENTS:
        return mass_mg(value, unit, at=at)
    of_compound, formula, counted = EQUIVALENTS[unit]
    if element != counted:
        raise EquivalentOfAnotherElement(unit=unit, element=element, at=at)
    exact = Fraction(value) * Fraction(MASS_UNITS[of_compound]) * mass_fraction(formula, counted)
    whole = half_even(exact.numerator, exact.denominator)
    return limited(whole, MAX_MASS_MG, value=value, unit=unit, at=at)


def capacity_amount(
    *,
    value: Decimal,
    unit: str,
    basis: str,
    density_kg_l: Decimal | None,
    element: str | None,
    at: str = "",
) -> tuple[int, GrossUnit]:
    """Convert a capacity: of a material, or of the element that `element` says it is of.

    Raises:
        UnitDoesNotFitBasis: an equivalent is dry.
        EquivalentIsNoMass: an equivalent of no element.
        others: see `gross_amount` and `contained_mass_mg`.
    """
    if element is None or unit not in EQUIVALENTS:
        return gross_amount(value=value, unit=unit, basis=basis, density_kg_l=density_kg_l, at=at)
    if basis != "dry":
        raise UnitDoesNotFitBasis(unit=unit, basis=basis, fitting=("dry",), at=at)
    return contained_mass_mg(value, unit, element, at=at), "mg"
