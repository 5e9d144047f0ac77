"""Words for materials are data: what they name, what bounds them, and how more are added."""

import pytest

from traceability.errors import MaterialsMalformed
from traceability.ledger.elements import is_element, mass_fraction
from traceability.ledger.grades import compound_elements
from traceability.ledger.materials import (
    elements_named,
    in_use,
    packaged,
    read_materials,
    use,
)

VANADIUM = """
[minerals]
vanadium = "V"

[substances]
vanadium_pentoxide = "V2O5"
vanadium_oxide = ["V2O5", "V2O3"]
"""


@pytest.fixture
def with_vanadium():
    before = in_use()
    use(read_materials(VANADIUM, known=packaged()))
    yield in_use()
    use(before)


def test_a_material_names_its_elements():
    assert elements_named("copper_concentrate") == {"Cu"}
    assert elements_named("nickel_cobalt_hydroxide") == {"Ni", "Co"}
    assert elements_named("aluminium_foil") == elements_named("aluminum_foil") == {"Al"}
    assert elements_named("slag") == frozenset()


def test_every_mineral_is_counted_by_an_element_of_the_table_or_as_graphite():
    assert all(map(is_element, packaged().minerals.values()))
    rare_earths = {"La", "Ce", "Pr", "Nd", "Sm", "Gd", "Tb", "Dy", "Y", "Sc"}
    assert packaged().counted >= {"Li", "Ni", "Co", "Mn", "Cu", "Al", "P", "graphite"} | rare_earths


def test_every_pure_substance_bounds_a_mineral_by_its_richest_formula():
    known = packaged()
    for word, formulas in known.substances.items():
        bounded = [one for one in sorted(known.counted) if known.most(word, one) < 1]
        assert bounded, word
        for element in bounded:
            shares = [mass_fraction(one, element) for one in formulas]
            assert known.most(word, element) == max(shares)


def test_a_word_that_is_no_pure_substance_bounds_nothing():
    assert packaged().most("copper_concentrate", "Cu") == 1
    assert packaged().most("lithium_carbonate", "Na") == 1


def test_a_mineral_that_nobody_foresaw_is_added_as_data(with_vanadium):
    assert elements_named("vanadium_concentrate") == {"V"}
    assert elements_named("copper_concentrate") == {"Cu"}
    assert compound_elements("V2O5") == {"V"}
    assert with_vanadium.most("vanadium_pentoxide", "V") == mass_fraction("V2O5", "V")
    assert with_vanadium.most("vanadium_oxide", "V") == mass_fraction("V2O3", "V")


def test_without_the_addition_it_is_not_counted():
    assert elements_named("vanadium_concentrate") == frozenset()
    assert compound_elements("V2O5") == frozenset()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("minerals", ""),
        ("[metals]", "metals"),
        ("minerals = 3", "minerals"),
        ("[minerals]\nVanadium = 'V'", "minerals.Vanadium"),
        ("[minerals]\nvanadium_ore = 'V'", "minerals.vanadium_ore"),
        ("[minerals]\nvanadium = 'Vx'", "minerals.vanadium"),
        ("[minerals]\nvanadium = 5", "minerals.vanadium"),
        ("[minerals]\ncopper = 'Co'", "minerals.copper"),
        ("[substances]\n'a b' = 'V2O5'", "substances.a b"),
        ("[substances]\nvanadium_oxide = 'V2O('", "substances.vanadium_oxide"),
        ("[substances]\nvanadium_oxide = ['V2O5', 5]", "substances.vanadium_oxide"),
        ("[substances]\nvanadium_oxide = []", "substances.vanadium_oxide"),
        ("[substances]\nvanadium_oxide = 'Vx2O5'", "substances.vanadium_oxide"),
        ("[substances]\nlithium_carbonate = 'Li2O'", "substances.lithium_carbonate"),
    ],
)
def test_a_table_that_cannot_be_is_refused_with_its_place(text, place):
    with pytest.raises(MaterialsMalformed) as refused:
        read_materials(text, known=packaged())
    assert refused.value.at == place
    assert refused.value.hint
    assert in_use() is packaged()


def test_a_word_that_is_known_may_be_said_again():
    again = "[minerals]\ncopper = 'Cu'\n[substances]\nlithium_carbonate = 'Li2CO3'"
    assert read_materials(again, known=packaged()).minerals == packaged().minerals
