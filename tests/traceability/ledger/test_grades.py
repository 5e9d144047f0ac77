"""What documents say that a lot contains."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from traceability.ledger import grades
from traceability.ledger.grades import Assayed, measured, plainly_contained
from traceability.ledger.mass import MASS_UNITS, MAX_MASS_MG, VOLUME_UNITS, Interval

KG = 1_000_000
DRY = {"value": "100", "unit": "kg", "basis": "dry"}
WET = {"value": "100", "unit": "kg", "basis": "wet"}


def assay(
    value: str, status: str = "final", *, element: str = "Cu", moisture=None, **result
) -> Assayed:
    told = {"element": element, "value": value, "unit": "percent", "basis": "dry"} | result
    return Assayed(entry=f"{status}:{value}", status=status, results=[told], moisture=moisture)


def contained(documents, quantity=DRY, amount=100 * KG, moisture=None):
    return measured(amount, quantity, documents, moisture).contained


def test_nothing_is_measured_without_a_document():
    assert contained([]) == {}


def test_umpire_over_final_over_provisional():
    told = [assay("28", "provisional"), assay("30"), assay("31", "umpire")]

    for count, percent in ((1, 28), (2, 30), (3, 31)):
        found = measured(100 * KG, DRY, told[:count], None)
        assert found.contained == {"Cu": Interval(low=percent * KG, high=percent * KG)}
        assert found.entries == (told[count - 1].entry,)


def test_disagreeing_finals_leave_the_range_open():
    assert contained([assay("30"), assay("32")]) == {"Cu": Interval(low=30 * KG, high=32 * KG)}


def test_a_result_may_be_more_final_than_its_document():
    told = {"element": "Cu", "value": "31", "unit": "percent", "basis": "dry", "status": "umpire"}
    nickel = {"element": "Ni", "value": "1", "unit": "percent", "basis": "dry"}
    document = Assayed(entry="e", status="provisional", results=[told, nickel])

    found = contained([assay("30"), document])

    assert found["Cu"] == Interval(low=31 * KG, high=31 * KG)
    assert found["Ni"] == Interval(low=KG, high=KG)


DECIMALS = st.from_regex(r"(0|[1-9][0-9]{0,17})(\.[0-9]{1,12})?", fullmatch=True)


@given(
    st.sampled_from([*MASS_UNITS, *VOLUME_UNITS]),
    st.fixed_dictionaries({}, optional={"low": DECIMALS, "high": DECIMALS}),
    st.none() | DECIMALS,
    st.none() | DECIMALS,
)
def test_whatever_range_was_recorded_can_be_read(unit, ends, density, moisture):
    stated = {"value": "100", "unit": unit, "basis": "volume" if unit in VOLUME_UNITS else "dry"}
    more = {"density": density, "moisture": moisture}
    quantity = stated | ends | {name: value for name, value in more.items() if value is not None}

    found = contained([assay("30")], quantity)["Cu"]

    assert 0 <= found.low <= found.high <= MAX_MASS_MG


def test_a_quantity_that_may_be_nothing_leaves_a_bound():
    assert contained([assay("30")], {**DRY, "low": "0", "high": "200"}) == {
        "Cu": Interval(low=0, high=60 * KG)
    }


def test_a_range_of_an_assay_and_of_a_quantity_stay_ranges():
    ranged = {**DRY, "low": "90", "high": "110"}

    told = contained([assay("30", low="29", high="31")], ranged)

    assert told == {"Cu": Interval(low=26_100_000, high=34_100_000)}


def test_a_volume_counts_by_its_density():
    liquid = {"value": "50", "unit": "L", "basis": "volume", "density": "2", "low": "40"}

    told = contained([assay("10", basis="as_received")], liquid)

    assert told == {"Cu": Interval(low=8 * KG, high=10 * KG)}


def test_moisture_comes_from_the_document_then_the_quantity_then_the_whole():
    told = Assayed(
        entry="e",
        status="final",
        results=[{"element": "Cu", "value": "30", "unit": "percent", "basis": "dry"}],
        moisture="0.2",
    )

    assert contained([told], {**WET, "moisture": "0.1"})["Cu"].high == 24 * KG
    assert contained([assay("30")], {**WET, "moisture": "0.1"})["Cu"].high == 27 * KG
    assert contained([assay("30")], WET, moisture="0.5")["Cu"].high == 15 * KG


@pytest.mark.parametrize("turn", [1, -1])
def test_finals_that_disagree_in_moisture_leave_the_range_open_whichever_came_first(turn):
    told = [assay("25", moisture="0.08"), assay("25", moisture="0.12")][::turn]

    assert contained(told, WET) == {"Cu": Interval(low=22 * KG, high=23 * KG)}


def test_each_document_goes_by_its_own_moisture():
    told = [assay("20", moisture="0.08"), assay("30", moisture="0.12")]

    assert contained(told, WET) == {"Cu": Interval(low=18_400_000, high=26_400_000)}


def test_the_best_moisture_counts_for_documents_of_less_weight_and_for_those_without():
    nickel = assay("1", "umpire", element="Ni", moisture="0.2")
    told = [assay("30", moisture="0.1"), nickel, assay("2", "umpire", element="Co")]

    found = contained(told, WET, moisture="0.5")

    assert {name: mass.high for name, mass in found.items()} == {
        "Cu": 24 * KG,
        "Ni": 800_000,
        "Co": 1_600_000,
    }
    assert all(mass.is_point for mass in found.values())


def test_a_document_without_moisture_goes_by_all_that_the_best_ones_state():
    told = [
        assay("30"),
        assay("1", element="Ni", moisture="0.1"),
        assay("1", element="Ni", moisture="0.2"),
        assay("1", "provisional", element="Ni", moisture="0.9"),
    ]

    assert contained(told, WET)["Cu"] == Interval(low=24 * KG, high=27 * KG)


def test_a_missing_moisture_leaves_a_bound():
    assert contained([assay("30")], WET) == {"Cu": Interval(low=0, high=30 * KG)}


def test_a_compound_counts_by_its_formula_and_purity():
    pure = Assayed(
        entry="e",
        status="provisional",
        compound={"formula": "CuO", "purity": "0.5", "basis": "dry"},
    )

    told = contained([pure])

    assert set(told) == {"Cu"}
    assert told["Cu"].low == round(100 * KG * 63546 / 79545 / 2)


def test_graphite_is_carbon_alone():
    told = Assayed(
        entry="e", status="final", compound={"formula": "C", "purity": "1", "basis": "dry"}
    )

    assert contained([told])["graphite"].high == 100 * KG


def test_an_assay_expressed_as_a_compound_counts_the_element():
    told = contained([assay("6", element="Li", expressed_as="Li2O")])

    assert told["Li"].high < 3 * KG


@pytest.mark.parametrize(
    "impossible",
    [assay("130"), assay("-3"), assay("30", unit="bushels"), assay("6", expressed_as="Xx")],
)
def test_a_figure_that_cannot_be_measures_nothing(impossible):
    assert contained([impossible]) == {"Cu": Interval(low=0, high=100 * KG)}


def test_pieces_are_not_assayed():
    assert contained([assay("30")], {"value": "3", "unit": "piece", "basis": "count"}) == {}


def test_a_compound_says_nothing_of_an_element_it_does_not_hold():
    sodium = {"element": "Na", "value": "0.02", "unit": "percent", "basis": "dry"}
    compound = {"formula": "LiOH.H2O", "purity": "0.99", "basis": "dry"}
    for count in (1, 2):  # alone, and beside another document
        document = Assayed(entry="e", status="final", results=[sodium], compound=compound)
        told = contained([document, assay("30", "provisional")][:count])
        assert told["Na"] == Interval(low=20_000, high=20_000)


# ── the ordinary case, in integers ────────────────────────────────────────────────────────

decimals = st.decimals(0, 120, places=4).map(lambda value: f"{value:f}")
shares = st.sampled_from(["0", "0.08", "0.5", "0.999999999999", "1", "1.2"])
results = st.fixed_dictionaries(
    {
        "element": st.sampled_from(["Cu", "Ni", "Li"]),
        "value": decimals,
        "unit": st.sampled_from(["percent", "percent", "fraction", "ppm", "g_per_t", "ounces"]),
        "basis": st.sampled_from(["dry", "dry", "wet", "as_received"]),
    },
    optional={
        "status": st.just("final"),
        "low": st.just("0"),
        "expressed_as": st.just("Li2O"),
    },
)
compounds = st.fixed_dictionaries(
    {
        "formula": st.sampled_from(["Li2CO3", "NiSO4.6H2O", "C", "H2O"]),
        "purity": shares,
        "basis": st.sampled_from(["dry", "wet"]),
    }
)
documents = st.builds(
    Assayed,
    entry=st.just("e"),
    status=st.sampled_from(["provisional", "final", "umpire"]),
    results=st.lists(results, max_size=3),
    compound=st.none() | compounds,
    moisture=st.none() | shares,
    weighing=st.sampled_from([0, 0, 0, 1]),
    water=st.none() | shares,
)
quantities = st.builds(
    dict.__or__,
    st.sampled_from(
        [
            {"unit": "kg", "basis": "dry"},
            {"unit": "kg", "basis": "wet"},
            {"unit": "t", "basis": "as_received"},
            {"unit": "L", "basis": "volume", "density": "2"},
            {"unit": "piece", "basis": "count"},
        ]
    ),
    st.fixed_dictionaries({"value": st.just("1")}, optional={"moisture": shares}),
) | st.just({"unit": "kg", "basis": "dry", "value": "1", "high": "2"})


@settings(max_examples=300)
@given(
    amount=st.integers(1, 10**18),
    quantity=quantities,
    told=st.lists(documents, max_size=4),
    moisture=st.none() | shares,
    weighing=st.sampled_from([0, 0, 1]),
    data=st.data(),
)
def test_the_ordinary_case_in_integers_is_the_general_one(
    amount, quantity, told, moisture, weighing, data
):
    """Whatever documents say, in any order: the quick way declines, or all say the same."""
    turned = data.draw(st.permutations(told))
    quick = plainly_contained(amount, quantity, told, moisture, weighing)
    again = plainly_contained(amount, quantity, turned, moisture, weighing)
    alone = measured(amount, quantity, told[:1], moisture, weighing)
    grades.plainly_contained = lambda *_: None
    try:
        general = measured(amount, quantity, told, moisture, weighing).contained
        assert general == measured(amount, quantity, turned, moisture, weighing).contained
        assert quick in (None, general)
        assert again == quick
        assert alone == measured(amount, quantity, told[:1], moisture, weighing)
    finally:
        grades.plainly_contained = plainly_contained


ordinary = st.builds(
    Assayed,
    entry=st.just("e"),
    status=st.sampled_from(["provisional", "final", "umpire"]),
    results=st.lists(
        st.fixed_dictionaries(
            {
                "element": st.sampled_from(["Cu", "Ni"]),
                "value": st.sampled_from(["1", "25", "30.5"]),
                "unit": st.just("percent"),
                "basis": st.sampled_from(["dry", "as_received"]),
            }
        ),
        min_size=1,
        max_size=2,
    ),
    moisture=st.sampled_from([None, None, "0.08", "0.12"]),
)


@settings(max_examples=200)
@given(
    told=st.lists(ordinary, min_size=2, max_size=4),
    basis=st.sampled_from(["wet", "wet", "dry"]),
    data=st.data(),
)
def test_several_possible_documents_say_the_same_in_any_order(told, basis, data):
    """Figures that can be: what is contained lies between what each moisture alone would say."""
    quantity = {"value": "1", "unit": "kg", "basis": basis, "moisture": "0.1"}
    found = measured(KG, quantity, told, None).contained

    assert measured(KG, quantity, data.draw(st.permutations(told)), None).contained == found
    assert plainly_contained(KG, quantity, told, None) in (None, found)
    each = [
        measured(KG, quantity, [structs.replace(one, moisture=water) for one in told], None)
        for water in {one.moisture or "0.1" for one in told}
    ]
    for element, mass in found.items():
        assert mass.low >= min(one.contained[element].low for one in each)
        assert mass.high <= max(one.contained[element].high for one in each)


def test_ordinary_documents_take_the_quick_way():
    told = [
        ({"value": "1", "unit": "kg", "basis": "dry"}, "dry", 300_000),
        ({"value": "1", "unit": "kg", "basis": "wet", "moisture": "0.1"}, "dry", 270_000),
        ({"value": "1", "unit": "kg", "basis": "wet"}, "as_received", 300_000),
    ]
    for quantity, basis, expected in told:
        found = plainly_contained(KG, quantity, [assay("30", basis=basis)], None)
        assert found == {"Cu": Interval(low=expected, high=expected)}


def test_several_ordinary_documents_take_the_quick_way():
    quantity = {"value": "1", "unit": "kg", "basis": "dry"}
    finals = [assay("30"), assay("28", "provisional"), assay("31")]

    found = plainly_contained(KG, quantity, finals, None)

    assert found == {"Cu": Interval(low=300_000, high=310_000)}
