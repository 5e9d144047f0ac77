"""By which way metal came: conserved at every stop, and never more than a step took."""

import pytest
from hypothesis import given, settings

from tests.traceability.ledger.histories import (
    ELEMENTS,
    KG,
    histories,
    history,
    made,
    mined,
    taken,
    worlds,
)
from traceability.errors import LotMadeTwice
from traceability.ledger.flows import entries_on_the_way, flows_into
from traceability.ledger.provenance import propagate


def ancestors(steps, lot):
    """Every lot that a lot was made from, through any number of steps."""
    found = {lot}
    for step in reversed(steps):
        if any(made.lot in found for made in step.makes):
            found.update(take.lot for take in step.takes)
    return found - {lot}


def flows(steps, lot, element="Cu"):
    return flows_into(lot, element, steps=steps, contents=propagate(steps))


def links_of(told):
    return {(link.source, link.target): dict(link.parcels) for link in told.links}


def added(rows):
    total = {}
    for row in rows:
        for label, mg in row.items():
            total[label] = total.get(label, 0) + mg
    return total


# ── properties ────────────────────────────────────────────────────────────────────────────


@given(steps=histories())
def test_what_enters_a_stop_leaves_it_and_what_enters_the_record_is_the_lots_sources(steps):
    answers = propagate(steps, elements=ELEMENTS)
    for lot, composition in answers.items():
        for element in ELEMENTS:
            content = composition.contents[element]
            told = flows_into(lot, element, steps=steps, contents=answers)

            assert told.total_mg == content.total_mg
            into_lot = [link.parcels for link in told.links if link.target is None]
            entering = [link.parcels for link in told.links if link.source is None]
            assert added(into_lot) == content.sources
            assert added(entering) == content.sources
            for stop in told.passed:
                into = [link.parcels for link in told.links if link.target == stop.order]
                out = [link.parcels for link in told.links if link.source == stop.order]
                assert added(into) == added(out)
                assert sum(added(into).values()) == stop.mg > 0


@given(steps=histories())
def test_stops_come_in_the_order_of_the_log_and_links_lead_forward(steps):
    answers = propagate(steps, elements=["Cu"])
    for lot in answers:
        told = flows_into(lot, "Cu", steps=steps, contents=answers)
        orders = [stop.order for stop in told.passed]
        assert orders == sorted(orders)
        for link in told.links:
            assert link.source is None or link.target is None or link.source < link.target
            assert all(mg > 0 for mg in link.parcels.values())


@settings(max_examples=60)
@given(world=worlds(measured=True))
def test_where_all_is_measured_no_lot_passes_on_more_than_it_held(world):
    """The lots that leave one by one ask, together, for no more than a step gave out."""
    answers = propagate(world.steps, elements=["Cu"])
    for lot in answers:
        told = flows_into(lot, "Cu", steps=world.steps, contents=answers)
        upstream = ancestors(world.steps, lot) | {lot}
        for stop in told.passed:
            assert set(stop.lots) <= upstream
            gave = sum(answers[one].contents["Cu"].total_mg for one in stop.lots)
            assert stop.mg <= gave


@given(steps=histories())
def test_the_way_of_a_lot_holds_every_step_that_its_metal_passed(steps):
    answers = propagate(steps, elements=["Cu"])
    for lot in answers:
        told = flows_into(lot, "Cu", steps=steps, contents=answers)
        assert {stop.entry for stop in told.passed} <= entries_on_the_way(lot, steps)


# ── examples ──────────────────────────────────────────────────────────────────────────────


def test_a_smelter_with_two_mines_and_something_unexplained():
    steps = history(
        ("extraction", [], [mined("a:ore", 100 * KG, Cu=30 * KG)]),
        ("extraction", [], [mined("b:ore", 100 * KG, Cu=10 * KG)]),
        ("blend", [taken("a:ore", 100 * KG), taken("b:ore", 100 * KG)], [made("c:pile", 200 * KG)]),
        ("transformation", [taken("c:pile", 200 * KG)], [made("c:matte", 50 * KG, Cu=44 * KG)]),
    )

    told = links_of(flows(steps, "c:matte"))

    assert told == {
        (3, None): {
            "mined:a:ore": 30 * KG,
            "mined:b:ore": 10 * KG,
            "unexplained:c:matte": 4 * KG,
        },
        (None, 3): {
            "mined:a:ore": 30 * KG,
            "mined:b:ore": 10 * KG,
            "unexplained:c:matte": 4 * KG,
        },
    }


def test_a_blend_divides_what_it_took_among_those_who_took_from_it():
    steps = history(
        ("extraction", [], [mined("a:ore", 90, Cu=90)]),
        (
            "transformation",
            [taken("a:ore", 90)],
            [made("a:c1", 30, Cu=30), made("a:c2", 60, Cu=60)],
        ),
        ("transformation", [taken("a:c2", 60)], [made("b:c3", 60, Cu=60)]),
        ("blend", [taken("a:c1", 30), taken("b:c3", 60)], [made("d:mix", 90)]),
        ("split", [taken("d:mix", 45, held=90)], [made("d:x", 45)]),
        ("transformation", [taken("d:x", 45)], [made("e:left", 45, Cu=45)]),
        ("transformation", [taken("d:mix", 45)], [made("f:right", 45, Cu=45)]),
        ("blend", [taken("e:left", 45), taken("f:right", 45)], [made("g:end", 90)]),
    )

    told = links_of(flows(steps, "g:end"))

    assert told[(1, 5)] == {"mined:a:ore": 15}
    assert told[(2, 5)] == {"mined:a:ore": 30}
    assert told[(1, 6)] == {"mined:a:ore": 15}
    assert told[(1, 2)] == {"mined:a:ore": 60}
    assert told[(None, 1)] == {"mined:a:ore": 90}


def test_a_lot_assayed_for_something_else_is_no_way_where_another_declares_the_metal():
    ore = mined("a:ore", 100, Cu=50)
    steps = history(
        ("extraction", [], [ore]),
        (
            "transformation",
            [taken("a:ore", 100)],
            [made("a:ni", 40, Ni=10), made("a:cu", 20, Cu=20)],
        ),
        ("transformation", [taken("a:ni", 40), taken("a:cu", 20)], [made("b:end", 30, Cu=20)]),
    )

    contents = propagate(steps)
    assert contents["a:ni"].contents["Cu"].silent
    told = flows(steps, "b:end")

    assert links_of(told)[(1, 2)] == {"mined:a:ore": 20}
    assert [stop.lots for stop in told.passed] == [("a:cu",), ("b:end",)]


def test_what_a_lot_gave_beyond_what_it_held_comes_from_nowhere():
    steps = history(
        ("extraction", [], [mined("a:ore", 10, Cu=10)]),
        ("transformation", [taken("a:ore", 20, held=10)], [made("b:end", 20, Cu=20)]),
    )

    told = links_of(flows(steps, "b:end"))

    assert told[(None, 1)] == {"mined:a:ore": 10, "shortfall:a:ore": 10}


def test_a_lot_nobody_made_and_a_lot_without_the_element_have_no_way():
    steps = history(("extraction", [], [mined("a:ore", 10, Cu=0)]))

    for lot in ("a:ore", "nobody:knows"):
        told = flows(steps, lot)
        assert (told.total_mg, told.passed, told.links) == (0, (), ())


def test_a_name_that_is_made_again_is_refused():
    steps = history(
        ("extraction", [], [mined("a:ore", 10, Cu=1)]),
        ("adjustment", [taken("a:ore", 10)], [made("a:ore", 10)]),
    )

    with pytest.raises(LotMadeTwice):
        flows(steps, "a:ore")


def test_what_became_of_the_rest_of_an_ancestor_is_not_on_the_way():
    steps = history(
        ("extraction", [], [mined("a:ore", 10, Cu=1)]),
        ("split", [taken("a:ore", 4, held=10)], [made("a:part", 4)]),
        ("split", [taken("a:ore", 6)], [made("a:other", 6)]),
        ("transformation", [taken("a:part", 4)], [made("b:end", 2)]),
    )

    assert entries_on_the_way("b:end", steps) == {"e0", "e1", "e3"}
