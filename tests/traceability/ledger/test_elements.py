"""Compounds hold what their formula says, the water included."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.errors import FormulaMalformed, UnknownElement
from traceability.ledger.elements import (
    ATOMIC_WEIGHTS,
    compound_fraction,
    mass_fraction,
    parse_formula,
)

atoms_of_a_compound = st.dictionaries(
    st.sampled_from(sorted(ATOMIC_WEIGHTS)), st.integers(1, 40), min_size=1, max_size=6
)


def written(atoms: dict[str, int]) -> str:
    return "".join(f"{symbol}{count if count > 1 else ''}" for symbol, count in atoms.items())


@given(atoms=atoms_of_a_compound)
def test_a_formula_is_read_as_it_was_written(atoms):
    assert parse_formula(written(atoms)) == atoms


@given(atoms=atoms_of_a_compound, water=st.integers(1, 24))
def test_water_is_counted_whether_the_point_is_high_or_low(atoms, water):
    anhydrous = written(atoms)
    expected = dict(atoms)
    expected["H"] = expected.get("H", 0) + 2 * water
    expected["O"] = expected.get("O", 0) + water
    assert parse_formula(f"{anhydrous}·{water}H2O") == expected
    assert parse_formula(f"({anhydrous}).{water}H2O") == expected
    assert parse_formula(f"{anhydrous}.{water}H2O") == expected


@given(atoms=atoms_of_a_compound)
def test_the_fractions_of_a_compound_add_up_to_one(atoms):
    formula = written(atoms)
    assert sum(mass_fraction(formula, symbol) for symbol in atoms) == 1


# Computed once more, by hand and by other people's tables: weights of the CIAAW table rounded
# to five figures, factors as metal traders print them.
PUBLISHED = [
    ("Li2CO3", "Li", "0.18785"),
    ("LiOH.H2O", "Li", "0.16539"),
    ("LiOH", "Li", "0.28981"),
    ("Li2O", "Li", "0.46454"),
    ("LiCl", "Li", "0.16372"),
    ("LiAlSi2O6", "Li", "0.03729"),
    ("LiPF6", "Li", "0.04569"),
    ("Li3PO4", "Li", "0.17981"),
    ("NiSO4.6H2O", "Ni", "0.22331"),
    ("NiSO4.7H2O", "Ni", "0.20898"),
    ("NiSO4", "Ni", "0.37928"),
    ("Ni(OH)2", "Ni", "0.63310"),
    ("NiO", "Ni", "0.78580"),
    ("CoSO4.7H2O", "Co", "0.20966"),
    ("CoSO4.H2O", "Co", "0.34065"),
    ("Co(OH)2", "Co", "0.63405"),
    ("Co3O4", "Co", "0.73423"),
    ("MnSO4.H2O", "Mn", "0.32506"),
    ("MnO2", "Mn", "0.63194"),
    ("Mn3O4", "Mn", "0.72031"),
    ("CuSO4.5H2O", "Cu", "0.25451"),
    ("CuFeS2", "Cu", "0.34628"),
    ("LiFePO4", "Li", "0.04399"),
    ("LiFePO4", "Fe", "0.35400"),
    ("LiFePO4", "P", "0.19634"),
    ("LiCoO2", "Co", "0.60215"),
    ("LiNi0.8Mn0.1Co0.1O2", "Ni", "0.48268"),
    ("LiNi0.6Mn0.2Co0.2O2", "Co", "0.12160"),
    ("Nd2O3", "Nd", "0.85736"),
    ("Pr6O11", "Pr", "0.82770"),
    ("Dy2O3", "Dy", "0.87132"),
    ("Tb4O7", "Tb", "0.85022"),
    ("V2O5", "V", "0.56017"),
    ("Sb2O3", "Sb", "0.83535"),
    ("Al2O3", "Al", "0.52926"),
]


@pytest.mark.parametrize(("formula", "element", "published"), PUBLISHED)
def test_fractions_agree_with_published_factors(formula, element, published):
    tolerance = Fraction("0.00001")
    assert abs(mass_fraction(formula, element) - Fraction(published)) < tolerance


def test_the_carbonate_equivalent_of_lithium_is_the_printed_one():
    assert round(1 / mass_fraction("Li2CO3", "Li"), 4) == Fraction("5.3233")


def test_basic_nickel_carbonate_reads_the_same_however_it_is_written():
    assert parse_formula("NiCO3·2Ni(OH)2·4H2O") == parse_formula("Ni3(CO3)(OH)4.4H2O")
    assert parse_formula("2PbCO3·Pb(OH)2") == parse_formula("Pb(OH)2.Pb2(CO3)2")
    assert parse_formula("CaSO4·0.5H2O")["H"] == 1


@pytest.mark.parametrize(
    "formula",
    [
        "",
        "ni",
        "6H2O.",
        "NiSO4..6H2O",
        "NiSO4,6H2O",
        "Ni(OH",
        "NiOH)2",
        "Ni()2",
        "Ni0",
        "Ni00000",
        "2",
        "NiSO4 6H2O",
        "NiSO4.6H2O\n",
        "CaSO4.0.5H2O",
        "NiCO3.2Ni(OH)2",
        "LiNi.6Mn.2Co.2O2",
        "Fe2.5O4",
        "(" * 12 + "Ni" + ")" * 12,
        "H" * 81,
        "Ni\N{ARABIC-INDIC DIGIT TWO}",
        7,
    ],
)
def test_a_formula_that_cannot_be_read_in_one_way_is_refused(formula):
    with pytest.raises(FormulaMalformed) as refused:
        parse_formula(formula)
    assert refused.value.code == "formula_malformed"


@pytest.mark.parametrize("formula", ["Xx2O", "Tc", "Pm2O3"])
def test_an_element_without_a_standard_weight_is_unknown(formula):
    with pytest.raises(UnknownElement):
        parse_formula(formula)


@pytest.mark.parametrize("symbol", ["Xx", "li", "", None])
def test_asking_for_something_that_is_no_element_is_an_error(symbol):
    with pytest.raises(UnknownElement):
        mass_fraction("Li2CO3", symbol)


def test_an_element_that_is_not_in_the_formula_is_none_of_it():
    assert mass_fraction("Li2CO3", "Ni") == 0


def test_graphite_is_fixed_carbon_and_a_carbonate_has_none():
    assert mass_fraction("C", "graphite") == 1
    assert mass_fraction("Li2CO3", "graphite") == 0
    assert mass_fraction("Li2CO3", "C") > 0


def test_purity_and_assays_as_oxide_are_converted_to_the_element():
    assert compound_fraction(Decimal("0.06"), "Li2O", "Li") == Fraction(6, 100) * mass_fraction(
        "Li2O", "Li"
    )
