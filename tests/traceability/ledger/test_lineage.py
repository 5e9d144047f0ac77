"""Which lots came of which: forward is the inverse of backward, and parts come of one lot."""

import pytest
from hypothesis import given

from tests.traceability.ledger.chronicles import chronicles
from tests.traceability.ledger.histories import T, history, made, mined, taken
from traceability.errors import DepthOutOfRange
from traceability.ledger.chronicle import as_they_stand, build_history, lot_of
from traceability.ledger.lineage import MOST_DEPTH, Descent, Reached, check_depth, upstream


def downstream(steps, begins, *, given=()):
    """Every lot that came of those that begin to be looked for, step by step."""
    descent = Descent(given)
    for step in steps:
        descent.add(step, begins(step))
    return descent.found


def came_of(steps, lot):
    """Every lot that came of one."""
    found = downstream(steps, lambda _step: (), given=[lot])
    return {name: way for name, way in found.items() if name != lot}


@given(happenings=chronicles())
def test_forward_is_the_exact_inverse_of_backward(happenings):
    steps = build_history(happenings).steps
    lots = {lot_of(one.lot) for step in steps for one in step.makes}
    forward = {
        (lot, other, way.depth, way.is_apart)
        for lot in lots
        for other, way in came_of(steps, lot).items()
    }
    backward = {
        (other, lot, way.depth, way.is_apart)
        for lot in lots
        for other, way in upstream(steps, lot).items()
        if other in lots
    }
    assert forward == backward


@given(happenings=chronicles())
def test_descent_is_what_movements_say_one_by_one(happenings):
    """Written again from the movements: a part of its lot, all other makes of all takes."""
    parents = {}
    for one in as_they_stand(happenings):
        takes = [m for m in one.movements if m.role == "take"]
        for made_here in (m for m in one.movements if m.role == "make"):
            source = made_here.facts.get("from")
            parents.setdefault(made_here.lot, set()).update(
                m.lot for m in takes if source in (None, m.lot)
            )
    steps = build_history(happenings).steps
    for lot in parents:
        found, level = set(), {lot}
        while level:
            level = set().union(*(parents.get(name, set()) for name in level)) - found
            found |= level
        assert upstream(steps, lot).keys() == found


@given(happenings=chronicles())
def test_no_lot_comes_of_itself(happenings):
    """Cycles cannot be recorded: a lot begins once, and is taken from only afterwards."""
    steps = build_history(happenings).steps
    for lot in {lot_of(one.lot) for step in steps for one in step.makes}:
        assert lot not in upstream(steps, lot)
        assert lot not in came_of(steps, lot)


def test_a_diamond_is_reached_once_by_its_shortest_way():
    steps = history(
        ("extraction", [], [mined("ore", T)]),
        ("split", [taken("ore", 1, T)], [made("left", 1)]),
        ("split", [taken("ore", 1, T - 1)], [made("right", 1)]),
        ("blend", [taken("right", 1)], [made("longer", 1)]),
        ("blend", [taken("left", 1), taken("longer", 1)], [made("again", 2)]),
    )
    assert upstream(steps, "again") == {
        "left": Reached(since=1, depth=1),
        "longer": Reached(since=3, depth=1),
        "right": Reached(since=2, depth=2),
        "ore": Reached(since=0, depth=2),
    }
    assert {lot: way.depth for lot, way in came_of(steps, "ore").items()} == {
        "left": 1,
        "right": 1,
        "longer": 2,
        "again": 2,
    }


def test_what_a_lot_gave_away_before_it_was_looked_for_did_not_come_of_it():
    steps = history(
        ("extraction", [], [mined("ore", 9)]),
        ("split", [taken("ore", 3, 9)], [made("before", 3)]),
        ("adjustment", [taken("ore", 6, 6)], [made("ore", 6)]),
        ("split", [taken("ore", 3, 6)], [made("after", 3)]),
    )
    found = downstream(steps, lambda step: ["ore"] if step.kind == "adjustment" else [])
    assert {lot: way.since for lot, way in found.items()} == {"ore": 2, "after": 3}


def test_lots_may_be_given_that_no_step_makes():
    steps = history(("split", [taken("gone", 3, 0)], [made("part", 3)]))
    found = downstream(steps, lambda _step: (), given=["gone"])
    assert found == {"gone": Reached(since=-1, depth=0), "part": Reached(since=0, depth=1)}


def test_what_is_recovered_is_reached_apart_unless_it_is_also_reached_otherwise():
    steps = history(
        ("extraction", [], [mined("ore", 9)]),
        ("recovery", [taken("ore", 3, 9)], []),
        ("recovery", [], [mined("scrap", 3)]),
        ("blend", [taken("scrap", 3)], [made("only scrap", 3)]),
        ("blend", [taken("only scrap", 1, 3), taken("ore", 6)], [made("both", 7)]),
    )
    steps[2] = type(steps[2])(entry="e1", order=2, kind="recovery", makes=steps[2].makes)
    assert {lot: way.is_apart for lot, way in came_of(steps, "ore").items()} == {
        "scrap": True,
        "only scrap": True,
        "both": False,
    }
    assert {lot: way.is_apart for lot, way in upstream(steps, "both").items()} == {
        "only scrap": False,
        "scrap": False,
        "ore": False,
    }


@pytest.mark.parametrize("depth", [0, -1, MOST_DEPTH + 1, 10**30])
def test_a_depth_that_no_history_has_is_refused(depth):
    with pytest.raises(DepthOutOfRange) as refused:
        check_depth(depth)
    assert refused.value.facts == {"most": MOST_DEPTH}


@pytest.mark.parametrize("depth", [None, 1, MOST_DEPTH])
def test_a_depth_from_one_step_on_is_taken(depth):
    check_depth(depth)
