"""Lithium in tonnes of carbonate is an amount of lithium, exact, and no weight of anything."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.errors import (
    EquivalentIsNoMass,
    EquivalentOfAnotherElement,
    MassNotPositive,
    MassOutOfRange,
    UnitDoesNotFitBasis,
    UnknownUnit,
)
from traceability.ledger.elements import ATOMIC_WEIGHTS
from traceability.ledger.equivalents import EQUIVALENTS, capacity_amount, contained_mass_mg
from traceability.ledger.mass import MASS_UNITS, gross_amount, mass_mg

LITHIUM, CARBON, OXYGEN = (Fraction(ATOMIC_WEIGHTS[one]) for one in ("Li", "C", "O"))
LITHIUM_SHARE = 2 * LITHIUM / (2 * LITHIUM + CARBON + 3 * OXYGEN)


@given(
    value=st.decimals("0.000001", "99999", places=6),
    unit=st.sampled_from(sorted(EQUIVALENTS)),
)
def test_two_lithium_of_each_carbonate_are_counted_and_rounded_once(value, unit):
    milligrams = Fraction(value) * Fraction(MASS_UNITS[unit.removesuffix(" LCE")])
    exact = milligrams * LITHIUM_SHARE
    if exact > 1:
        assert abs(contained_mass_mg(value, unit, "Li") - exact) <= Fraction(1, 2)


def test_a_tonne_of_lithium_is_five_point_three_of_lce():
    told = contained_mass_mg(Decimal("5.3233"), "t LCE", "Li")
    assert abs(told - 10**9) < 10**5
    assert contained_mass_mg(Decimal(1000), "kg LCE", "Li") == 187_851_884


def test_a_mass_of_the_element_itself_is_what_it_is():
    assert contained_mass_mg(Decimal("1.5"), "kg", "Cu") == mass_mg(Decimal("1.5"), "kg")
    with pytest.raises(UnknownUnit):
        contained_mass_mg(Decimal(1), "stone", "Cu")


def test_it_counts_no_other_element():
    with pytest.raises(EquivalentOfAnotherElement) as refused:
        contained_mass_mg(Decimal(1), "t LCE", "Ni", at="$.here")
    assert (refused.value.at, refused.value.facts["element"]) == ("$.here", "Ni")
    assert refused.value.hint


@pytest.mark.parametrize(("value", "error"), [("0", MassNotPositive), ("9" * 13, MassOutOfRange)])
def test_nothing_and_too_much_are_refused(value, error):
    with pytest.raises(error):
        contained_mass_mg(Decimal(value), "t LCE", "Li")


@pytest.mark.parametrize("unit", ["t LCE", "kg LCE", "LCE", "tLCE", "lb LCE"])
def test_no_lot_weighs_an_equivalent_and_the_hint_says_what_to_write(unit):
    with pytest.raises(EquivalentIsNoMass) as refused:
        gross_amount(value=Decimal(1), unit=unit, basis="dry", at="$.q")
    assert refused.value.at == "$.q"
    assert "`expressed_as` Li2CO3" in refused.value.hint


def capacity(unit="t LCE", basis="dry", element="Li"):
    return capacity_amount(
        value=Decimal(1), unit=unit, basis=basis, density_kg_l=None, element=element
    )


def test_a_capacity_of_lithium_may_be_an_equivalent():
    assert capacity() == (contained_mass_mg(Decimal(1), "t LCE", "Li"), "mg")
    assert capacity(unit="t", element=None) == (10**9, "mg")
    with pytest.raises(UnitDoesNotFitBasis):
        capacity(basis="wet")
    with pytest.raises(EquivalentIsNoMass):
        capacity(element=None)
    with pytest.raises(EquivalentOfAnotherElement):
        capacity(element="Co")
