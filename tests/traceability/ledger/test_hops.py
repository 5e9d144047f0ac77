"""What happened on the way to a lot, and what did not concern it."""

import pytest
from hypothesis import given

from tests.traceability.ledger.chronicles import chronicles
from tests.traceability.ledger.test_chronicle import (
    copper,
    entry,
    happening,
    make,
    mined,
    take,
    weigh,
)
from tests.traceability.ledger.test_recall import split
from traceability.ledger.book import Movement
from traceability.ledger.chronicle import build_history
from traceability.ledger.flows import entries_on_the_way, happenings_of
from traceability.ledger.lineage import upstream

ORE, PART, REST = "mine:ore", "mine:part", "mine:rest"


def numbers(happenings, lot, *, ancestors=(ORE,), may_know=True):
    history = build_history(happenings)
    told = happenings_of(lot, history, ancestors, may_know=lambda _one: may_know)
    return [one.order for one in told]


def assayed(order, lot):
    told = {"results": copper(31), "status": "final"}
    return happening(
        order, "assay", Movement(lot=lot, role="assay", delta=0, unit="mg", facts=told)
    )


def weighed(order, lot, to):
    return happening(order, "receipt", weigh(lot, 0, to))


def sold(order, lot):
    return happening(
        order, "transfer", Movement(lot=lot, role="title", delta=0, unit="mg", facts={"to": "b"})
    )


def test_what_was_done_with_the_rest_after_a_part_left_is_not_of_the_part():
    story = [mined(1), weighed(2, ORE, 99), sold(3, ORE), split(4, ORE, PART, 9)]
    rest = [split(5, ORE, REST, 8), weighed(6, ORE, 80), sold(7, ORE)]
    assert numbers(story + rest, PART) == [1, 2, 3, 4]
    assert numbers(story + rest, REST) == [1, 2, 3, 5]


def test_an_assay_of_the_whole_tells_of_the_part_whenever_it_was_made():
    assert numbers([mined(1), split(2, ORE, PART, 9), assayed(3, ORE)], PART) == [1, 2, 3]


def test_lots_beside_and_below_are_not_asked():
    story = [mined(1), mined(2, "mine:other"), split(3, ORE, PART, 9), split(4, PART, REST, 1)]
    assert numbers(story, PART) == [1, 3]
    assert numbers(story, PART, ancestors=()) == [3]


@pytest.mark.parametrize(("may_know", "told"), [(True, [1, 2, 3, 4]), (False, [1, 2])])
def test_what_happened_to_a_lot_since_is_for_those_who_may_know(may_know, told):
    story = [mined(1), split(2, ORE, PART, 9), sold(3, PART), assayed(4, PART)]
    story.append(happening(5, "transformation", take(PART, 9), make("b:matte", 3)))
    assert numbers(story, PART, may_know=may_know) == told


def test_the_way_goes_through_a_word_that_counts_for_nothing_and_ends_at_a_recovery():
    made = take(ORE, 50), make("mine:matte", 20)
    doubted = [mined(1), happening(2, "transformation", *made, is_disputed=True)]
    assert numbers(doubted, "mine:matte") == [1, 2]
    steps = build_history([mined(1), happening(2, "recovery", *made)]).steps
    assert entries_on_the_way("mine:matte", steps) == {entry(2)}


@given(happenings=chronicles())
def test_whatever_made_a_lot_or_an_ancestor_is_on_the_way(happenings):
    history = build_history(happenings)
    for lot, name in history.last.items():
        way = entries_on_the_way(name, history.steps)
        near = [one for one, how in upstream(history.steps, lot).items() if not how.is_apart]
        for one in (lot, *near):
            begun = history.beginnings.get(one)
            assert begun is None or begun.happening.entry in way
