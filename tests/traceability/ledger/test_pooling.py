"""What is not measured: bounds, ratios that stay known, and ratios that do not."""

from fractions import Fraction

from tests.traceability.ledger.histories import (
    T,
    content,
    history,
    made,
    mined,
    taken,
)
from traceability.ledger.history import Made, Source
from traceability.ledger.mass import MAX_MASS_MG, Interval, exactly
from traceability.ledger.pooling import Metal
from traceability.ledger.spreading import lighter

# ── what is not measured ──────────────────────────────────────────────────────────────────


def test_an_output_nobody_assayed_has_the_ratio_of_the_pool_and_a_bound():
    steps = history(
        ("extraction", [], [mined("a", T, Cu=60), mined("b", T, Cu=40)]),
        (
            "transformation",
            [taken("a", T), taken("b", T)],
            [made("matte", T, Cu=80), made("slag", T), made("dust", 5)],
        ),
    )
    slag, dust = content(steps, "slag"), content(steps, "dust")
    assert slag.shares() == {"mined:a": Fraction(3, 5), "mined:b": Fraction(2, 5)}
    assert slag.bounds == Interval(low=0, high=20)
    assert (slag.measured, slag.missing) == (False, ("slag",))
    assert dust.bounds == Interval(low=0, high=5)  # no more than it weighs


def test_what_measured_outputs_leave_over_bounds_the_others_even_at_nothing():
    steps = history(
        ("extraction", [], [mined("a", T, Cu=60)]),
        ("transformation", [taken("a", T)], [made("metal", T, Cu=70), made("slag", T)]),
    )
    slag = content(steps, "slag")
    assert slag.bounds == exactly(0)
    assert (slag.measured, slag.missing) == (False, ("slag",))


def test_unassayed_ore_of_one_mine_gives_metal_of_that_mine():
    steps = history(
        ("extraction", [], [mined("day1", T, "mined:a"), mined("day2", T, "mined:a")]),
        ("blend", [taken("day1", T), taken("day2", T)], [made("heap", 2 * T)]),
        ("transformation", [taken("heap", 2 * T)], [made("metal", T, Cu=500)]),
    )
    heap, metal = content(steps, "heap"), content(steps, "metal")
    assert (heap.bounds, heap.missing) == (Interval(low=0, high=2 * T), ("day1",))
    assert (metal.sources, metal.measured) == ({"mined:a": 500}, True)


def test_unassayed_ore_that_meets_other_ore_is_unknown_and_takes_no_ones_place():
    steps = history(
        ("extraction", [], [mined("a", T), mined("b", T, Cu=100)]),
        ("blend", [taken("a", 300, T), taken("b", T)], [made("mix", T + 300)]),
        ("transformation", [taken("mix", T + 300)], [made("metal", T, Cu=200)]),
    )
    mix, metal = content(steps, "mix"), content(steps, "metal")
    assert mix.sources == {"unmeasured:a": 300, "mined:b": 100}
    assert (mix.bounds, mix.missing) == (Interval(low=100, high=400), ("a",))
    assert metal.sources == {"unmeasured:a": 150, "mined:b": 50}
    assert (metal.measured, metal.unknown_mg) == (True, 150)


def test_parts_of_one_unmeasured_lot_may_meet_again():
    steps = history(
        ("extraction", [], [mined("a", T, Cu=61), mined("b", T, Cu=39)]),
        ("transformation", [taken("a", T), taken("b", T)], [made("salt", 1000)]),
        ("split", [taken("salt", 300, 1000)], [made("part", 300)]),
        ("blend", [taken("salt", 700), taken("part", 300)], [made("again", 1000)]),
    )
    assert content(steps, "again").sources == {"mined:a": 61, "mined:b": 39}
    assert content(steps, "again").bounds.low == 0
    assert content(steps, "again").missing == ("salt",)


def test_an_output_with_unexplained_metal_is_not_like_its_sister():
    steps = history(
        ("extraction", [], [mined("a", T, Cu=60), mined("b", T, Cu=40)]),
        (
            "transformation",
            [taken("a", T), taken("b", T)],
            [made("metal", T, Cu=Interval(low=90, high=120)), made("slag", T)],
        ),
        ("blend", [taken("metal", T), taken("slag", T)], [made("mix", 2 * T)]),
    )
    assert content(steps, "metal").sources == {
        "mined:a": 60,
        "mined:b": 40,
        "unexplained:metal": 20,
    }
    mix = content(steps, "mix")
    assert (mix.sources["unmeasured:metal"], mix.sources["unmeasured:slag"]) == (30, 10)
    assert mix.bounds == Interval(low=90, high=130)


def test_an_uncertain_amount_makes_the_ratio_of_a_blend_uncertain_by_as_much():
    steps = history(
        ("extraction", [], [mined("a", T, Cu=Interval(low=90, high=95)), mined("b", T, Cu=100)]),
        ("blend", [taken("a", T), taken("b", T)], [made("mix", 2 * T)]),
    )
    mix = content(steps, "mix")
    assert mix.sources == {"mined:a": 90, "unmeasured:a": 5, "mined:b": 100}
    assert mix.bounds == Interval(low=190, high=195)


def test_a_lot_silent_on_an_element_brings_none_into_a_reaction_and_says_so():
    """Nobody assays cobalt sulfate for nickel."""
    steps = history(
        ("extraction", [], [mined("nickel", T, Ni=200), mined("cobalt", T, Co=100)]),
        ("transformation", [taken("nickel", T), taken("cobalt", T)], [made("pcam", T, Ni=190)]),
        ("transformation", [taken("pcam", T)], [made("cam", T, Ni=180), made("waste", T)]),
    )
    assert content(steps, "pcam", "Ni").sources == {"mined:nickel": 190}
    assert content(steps, "pcam", "Ni").presumed
    assert content(steps, "cam", "Ni").presumed
    assert content(steps, "waste", "Ni").presumed
    assert not content(steps, "nickel", "Ni").presumed


def test_a_lot_silent_on_an_element_is_unmeasured_in_a_blend():
    """Who leaves copper out of the assay of a copper concentrate does not get rid of it."""
    steps = history(
        ("extraction", [], [mined("clean", T, Cu=200), mined("dirty", 500, Fe=100)]),
        ("blend", [taken("clean", T), taken("dirty", 500)], [made("mix", T + 500)]),
    )
    mix = content(steps, "mix")
    assert mix.sources == {"mined:clean": 200, "unmeasured:dirty": 500}
    assert not mix.presumed


def test_an_element_first_measured_downstream_comes_from_who_was_silent():
    steps = history(
        ("extraction", [], [mined("laterite", T, Ni=200)]),
        (
            "transformation",
            [taken("laterite", T)],
            [made("hydroxide", T, Ni=190, Co=20), made("tails", T)],
        ),
    )
    hydroxide, tails = content(steps, "hydroxide", "Co"), content(steps, "tails", "Co")
    assert (hydroxide.sources, hydroxide.presumed) == ({"mined:laterite": 20}, False)
    assert tails.bounds == Interval(low=0, high=T - 20)


def test_a_reagent_without_an_assay_brings_nothing():
    steps = history(
        ("extraction", [], [mined("ore", T, Cu=200), mined("flux", T)]),
        (
            "transformation",
            [taken("ore", T), taken("flux", T, role="reagent")],
            [made("metal", T, Cu=190)],
        ),
    )
    assert content(steps, "metal").sources == {"mined:ore": 190}


def test_a_reagent_with_an_assay_counts():
    steps = history(
        ("extraction", [], [mined("ore", T, Cu=100), mined("scrap", T, Cu=100)]),
        (
            "transformation",
            [taken("ore", T), taken("scrap", T, role="reagent")],
            [made("metal", T, Cu=100)],
        ),
    )
    assert content(steps, "metal").sources == {"mined:ore": 50, "mined:scrap": 50}


def test_pieces_have_no_weight_that_could_bound_them():
    cells = Made(
        lot="cells",
        amount=10,
        unit="piece",
        source=Source(id="introduced:cells", kind="introduced"),
    )
    steps = history(("introduction", [], [cells]))
    assert content(steps, "cells", elements=["Cu"]).bounds == Interval(low=0, high=MAX_MASS_MG)


def test_an_assembly_holds_everything_that_went_into_it():
    pack = Made(lot="pack", amount=1, unit="piece")
    steps = history(
        ("extraction", [], [mined("cells", 1000, Cu=70), mined("busbar", 1000, Cu=900)]),
        ("assembly", [taken("cells", 500, 1000), taken("busbar", 100, 1000)], [pack]),
    )
    assert content(steps, "pack").sources == {"mined:cells": 35, "mined:busbar": 90}


def test_a_measured_part_of_a_split_leaves_the_rest_to_the_others():
    steps = history(
        ("extraction", [], [mined("ore", 100, Cu=50)]),
        ("split", [taken("ore", 100)], [made("a", 50, Cu=30), made("b", 25), made("c", 25)]),
    )
    assert [content(steps, lot).total_mg for lot in "abc"] == [30, 10, 10]


def test_a_metal_that_weighs_the_same_is_the_same_metal():
    metal = Metal({"mined:a": 60, "mined:b": 40}, "pool")

    assert lighter(metal, 5, 5) is metal
    assert lighter(metal, 1, 2).parcels == {"mined:a": 30, "mined:b": 20}
