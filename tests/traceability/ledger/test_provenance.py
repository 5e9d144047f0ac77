"""Whose metal is in a lot: conserved to the milligram, and nothing unknown becomes known."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.traceability.ledger.histories import (
    ELEMENTS,
    KG,
    T,
    content,
    histories,
    history,
    made,
    mined,
    taken,
    worlds,
)
from traceability.errors import LotMadeTwice, StepsOutOfOrder
from traceability.ledger.history import Step, restrict
from traceability.ledger.mass import MAX_MASS_MG, Interval
from traceability.ledger.provenance import propagate
from traceability.ledger.spreading import by_label

# ── properties ────────────────────────────────────────────────────────────────────────────


@given(world=worlds(measured=True, lossless=True))
def test_every_source_is_conserved_to_the_milligram_through_blends_and_splits(world):
    entered, held = {}, {}
    for step in world.steps:
        for one in step.makes:
            if one.source is not None:
                name = one.source.id
                entered[name] = entered.get(name, 0) + one.contained["Cu"].high
    for composition in propagate(world.steps, elements=["Cu"]).values():
        for name, mass in composition.contents["Cu"].left.items():
            held[name] = held.get(name, 0) + mass
    assert held == {name: mass for name, mass in entered.items() if mass}


@given(world=worlds(measured=True))
def test_every_step_gives_out_what_it_takes_less_what_it_loses(world):
    """In is out plus losses, source by source, for every single step of a measured history."""
    before = {}
    for size in range(1, len(world.steps) + 1):
        now = propagate(world.steps[:size], elements=["Cu"])
        step = world.steps[size - 1]
        out, gone = {}, {}
        for one in step.makes:
            for name, mass in now[one.lot].contents["Cu"].sources.items():
                out[name] = out.get(name, 0) + mass
        for take in step.takes:
            old, new = before[take.lot].contents["Cu"].left, now[take.lot].contents["Cu"].left
            for name, mass in old.items():
                gone[name] = gone.get(name, 0) + mass - new.get(name, 0)
        declared = {name: mass for name, mass in out.items() if name.startswith("mined:")}
        if step.takes:
            assert all(gone.get(name, 0) >= mass for name, mass in declared.items())
        if step.kind in ("blend", "split"):
            assert out == {name: mass for name, mass in gone.items() if mass}
        before = now


@given(steps=histories())
def test_shares_are_positive_and_add_up_to_one(steps):
    for composition in propagate(steps, elements=ELEMENTS).values():
        for told in composition.contents.values():
            shares = told.shares()
            assert sum(shares.values()) == (1 if told.total_mg else 0)
            assert all(share > 0 for share in shares.values())
            assert 0 <= told.unknown_mg <= told.total_mg
            assert sum(told.sources.values()) == told.total_mg == told.bounds.high


@given(steps=histories())
def test_a_lot_needs_its_ancestors_and_nothing_else(steps):
    whole = propagate(steps, elements=ELEMENTS)
    for lot, composition in whole.items():
        assert propagate(restrict(steps, {lot}), elements=ELEMENTS)[lot] == composition


@given(steps=histories())
def test_asking_for_some_lots_answers_the_same(steps):
    whole = propagate(steps, elements=ELEMENTS)
    some = sorted(whole)[::2]
    assert propagate(steps, elements=ELEMENTS, lots=[*some, "nobody:knows"]) == {
        lot: whole[lot] for lot in some
    }


@given(steps=histories(), data=st.data())
def test_the_order_of_evaluation_decides_nothing_the_chain_does(steps, data):
    """Steps that share no lot may come in any order."""
    shuffled = list(steps)
    for place in data.draw(st.lists(st.integers(0, max(len(steps) - 2, 0)), max_size=20)):
        pair = shuffled[place : place + 2]
        if len(pair) == 2 and not lots_of(pair[0]) & lots_of(pair[1]):
            shuffled[place : place + 2] = reversed(pair)
    renumbered = [replace(step, order=order) for order, step in enumerate(shuffled)]
    assert propagate(renumbered, elements=ELEMENTS) == propagate(steps, elements=ELEMENTS)


def lots_of(step):
    return {take.lot for take in step.takes} | {one.lot for one in step.makes}


@given(steps=histories())
def test_every_element_is_followed_on_its_own(steps):
    both = propagate(steps, elements=ELEMENTS)
    for element in ELEMENTS:
        for lot, composition in propagate(steps, elements=[element]).items():
            assert composition.contents == {element: both[lot].contents[element]}


@given(steps=histories())
def test_renaming_every_source_to_itself_changes_nothing(steps):
    same = propagate(
        steps, elements=ELEMENTS, rename=by_label(lambda _step, _element, label: label)
    )
    assert same == propagate(steps, elements=ELEMENTS)


@given(steps=histories(), data=st.data())
def test_what_is_unknown_never_shrinks_by_blending(steps, data):
    whole = propagate(steps, elements=ELEMENTS)
    held = {}
    for step in steps:
        for take in step.takes:
            held[take.lot] = max(0, take.held - take.amount)
        held |= {one.lot: one.amount for one in step.makes}
    lots = sorted(lot for lot, amount in held.items() if amount)
    if not lots:
        return
    chosen = data.draw(st.lists(st.sampled_from(lots), unique=True, min_size=1))
    blend = Step(
        entry="last",
        order=len(steps),
        kind="blend",
        takes=tuple(taken(lot, held[lot]) for lot in chosen),
        makes=(made("blend", sum(held[lot] for lot in chosen)),),
    )
    blended = propagate([*steps, blend], elements=ELEMENTS)["blend"]
    for element in ELEMENTS:
        before = [whole[lot].contents[element] for lot in chosen]
        unknown = sum(
            mass
            for one in before
            for name, mass in one.left.items()
            if not name.startswith(("mined:", "introduced:"))
        )
        # Siblings that nobody assayed may each hold it all, together they do not.
        told = blended.contents[element]
        twice = sum(sum(one.left.values()) for one in before) - told.total_mg
        assert twice >= 0
        assert told.unknown_mg + twice >= unknown


@settings(max_examples=300)
@given(world=worlds())
def test_the_truth_lies_between_worst_and_best_case(world):
    """Whatever really happened within what documents say, no share and no amount denies it."""
    for lot, composition in propagate(world.steps, elements=["Cu"]).items():
        told, truth = composition.contents["Cu"], world.truth[lot]
        total = sum(truth.values())
        rounding = 4 * len(world.steps) + 4
        assert told.bounds.low - rounding <= total <= told.bounds.high + rounding
        if told.total_mg < 10**6 or total < 10**6:
            continue
        tolerance = Fraction(rounding, min(told.total_mg, int(total)))
        shares, unknown = told.shares(), Fraction(told.unknown_mg, told.total_mg)
        for name, mass in truth.items():
            worst = shares.get(name, Fraction(0))
            assert worst - tolerance <= mass / total <= worst + unknown + tolerance


# ── examples ──────────────────────────────────────────────────────────────────────────────


def test_copper_that_nobody_put_in_is_unexplained():
    """UNTP sample of a smelting event: 9,000 kg of copper in, 9,999 kg out."""
    steps = history(
        ("extraction", [], [mined("concentrate", 30_000 * KG, Cu=9_000 * KG)]),
        (
            "transformation",
            [taken("concentrate", 30_000 * KG)],
            [made("cathode", 10_000 * KG, Cu=9_999 * KG)],
        ),
    )
    cathode = content(steps, "cathode")
    assert cathode.sources == {
        "mined:concentrate": 9_000 * KG,
        "unexplained:cathode": 999 * KG,
    }
    assert cathode.unknown_mg == 999 * KG
    assert cathode.shares()["unexplained:cathode"] == Fraction(999, 9_999)


def test_more_out_than_in_is_unexplained_in_every_output_by_its_part():
    steps = history(
        ("extraction", [], [mined("ore", T, Cu=90)]),
        ("transformation", [taken("ore", T)], [made("a", T, Cu=60), made("b", T, Cu=120)]),
    )
    assert content(steps, "a").sources == {"mined:ore": 30, "unexplained:a": 30}
    assert content(steps, "b").sources == {"mined:ore": 60, "unexplained:b": 60}


def test_unexplained_metal_that_passes_the_same_lot_name_again_adds_up():
    steps = history(
        ("extraction", [], [mined("ore", 100, Cu=10)]),
        ("stocktake", [taken("ore", 100)], [made("ore", 150)]),
        ("stocktake", [taken("ore", 150)], [made("ore", 300)]),
        ("receipt", [taken("ore", 300)], [made("ore", 300, Cu=40)]),
    )
    assert content(steps, "ore").sources == {"mined:ore": 10, "unexplained:ore": 30}


def test_less_out_than_in_is_lost_by_every_source_alike():
    steps = history(
        ("extraction", [], [mined("a", T, Cu=60), mined("b", T, Cu=40)]),
        ("transformation", [taken("a", T), taken("b", T)], [made("metal", T, Cu=50)]),
    )
    assert content(steps, "metal").sources == {"mined:a": 30, "mined:b": 20}


def test_a_withdrawal_takes_its_part_of_what_is_left_and_ties_go_by_name():
    steps = history(
        ("extraction", [], [mined("a", 3, Cu=1), mined("b", 3, Cu=1)]),
        ("blend", [taken("a", 3), taken("b", 3)], [made("mix", 6)]),
        ("split", [taken("mix", 3, 6)], [made("first", 3)]),
        ("split", [taken("mix", 3, 3)], [made("second", 3)]),
    )
    assert content(steps, "first").sources == {"mined:a": 1}
    assert content(steps, "second").sources == {"mined:b": 1}
    assert content(steps, "mix").sources == {"mined:a": 1, "mined:b": 1}
    assert content(steps, "mix").left == {}


def test_more_taken_than_held_is_a_shortfall_of_the_lots_own_grade():
    steps = history(
        ("extraction", [], [mined("ore", 100, Cu=50)]),
        ("split", [taken("ore", 80, 100)], [made("a", 80)]),
        ("split", [taken("ore", 40, 20)], [made("b", 40)]),
        ("split", [taken("ore", 10, 0)], [made("c", 10)]),
    )
    assert content(steps, "b").sources == {"mined:ore": 10, "shortfall:ore": 10}
    assert content(steps, "c").sources == {"shortfall:ore": 5}
    assert content(steps, "c").unknown_mg == 5
    assert content(steps, "ore").left == {}


def test_a_lot_that_was_withdrawn_from_the_record_gives_what_nobody_can_bound():
    steps = history(
        ("extraction", [], [mined("ore", 100, Cu=50)]),
        ("blend", [taken("ore", 100), taken("void", 1)], [made("mix", 101)]),
    )
    mix = content(steps, "mix")
    assert mix.sources == {"mined:ore": 50, "unmeasured:void": MAX_MASS_MG}
    assert (mix.bounds.low, mix.measured, mix.missing) == (50, False, ("void",))


def test_a_lot_adjusted_to_nothing_has_no_grade_for_a_shortfall():
    steps = history(
        ("extraction", [], [mined("ore", 100, Cu=50)]),
        ("loss", [taken("ore", 100)], [made("ore", 0)]),
        ("split", [taken("ore", 5, 0)], [made("part", 5)]),
    )
    assert content(steps, "ore").sources == {}
    assert set(content(steps, "part").sources) == {"shortfall:ore"}
    assert not content(steps, "part").measured


def test_a_shortfall_of_a_lot_without_metal_is_no_metal():
    steps = history(
        ("extraction", [], [mined("sand", 100, Cu=0)]),
        ("split", [taken("sand", 120, 100)], [made("part", 120)]),
    )
    part = content(steps, "part")
    assert (part.sources, part.measured, part.shares()) == ({}, True, {})


# ── weighing again ────────────────────────────────────────────────────────────────────────


def test_weight_lost_is_lost_and_weight_gained_is_unexplained():
    begin = ("extraction", [], [mined("ore", 1000, Cu=500)])
    less = history(begin, ("receipt", [taken("ore", 1000)], [made("ore", 900)]))
    more = history(begin, ("receipt", [taken("ore", 1000)], [made("ore", 1100)]))
    assert content(less, "ore").sources == {"mined:ore": 450}
    assert content(more, "ore").sources == {"mined:ore": 500, "unexplained:ore": 50}


def test_a_gain_too_small_for_a_milligram_of_metal_changes_no_metal():
    steps = history(
        ("extraction", [], [mined("ore", 1000, Cu=1)]),
        ("receipt", [taken("ore", 1000)], [made("ore", 1001)]),
    )
    assert content(steps, "ore").sources == {"mined:ore": 1}


def test_a_receivers_own_assay_governs_from_there():
    steps = history(
        ("extraction", [], [mined("ore", 1000, Cu=500)]),
        ("receipt", [taken("ore", 1000)], [made("ore", 1000, Cu=480)]),
    )
    assert content(steps, "ore").sources == {"mined:ore": 480}


def test_what_is_found_where_nothing_was_booked_is_unexplained_and_unmeasured():
    steps = history(
        ("extraction", [], [mined("ore", 1000, Cu=500)]),
        ("split", [taken("ore", 1000)], [made("gone", 1000)]),
        ("stocktake", [taken("ore", 0, 0)], [made("ore", 30)]),
    )
    found = content(steps, "ore")
    assert (found.sources, found.bounds) == ({"unexplained:ore": 30}, Interval(low=0, high=30))
    assert found.missing == ("ore",)


def test_a_shipment_leaves_the_lot_as_it_is():
    steps = history(
        ("extraction", [], [mined("ore", 1000, Cu=Interval(low=400, high=500))]),
        ("shipment", [taken("ore", 1000)], [made("ore", 1000)]),
    )
    assert content(steps, "ore").bounds == Interval(low=400, high=500)
    assert content(steps, "ore").measured


# ── what a history must be ────────────────────────────────────────────────────────────────


def test_a_history_out_of_log_order_is_refused():
    steps = history(
        ("extraction", [], [mined("a", T, Cu=1)]), ("extraction", [], [mined("b", T, Cu=1)])
    )
    with pytest.raises(StepsOutOfOrder) as refused:
        propagate(steps[::-1])
    assert refused.value.facts == {"entry": "e0", "order": 0, "last": 1}


def test_a_lot_that_still_holds_material_is_not_made_again():
    steps = history(
        ("extraction", [], [mined("a", T, Cu=10)]), ("extraction", [], [mined("a", T, Cu=10)])
    )
    with pytest.raises(LotMadeTwice) as refused:
        propagate(steps)
    assert refused.value.facts == {"entry": "e1", "lot": "a"}


def test_thousands_of_blends_hold_no_more_than_their_sources():
    steps = history(("extraction", [], [mined(f"ore{n}", 3 * 10**9, Cu=10**9) for n in range(5)]))
    left = {f"ore{n}": 3 * 10**9 for n in range(5)}
    silo, held = "ore0", left["ore0"]
    for order in range(1, 2_001):
        feed = f"ore{order % 4 + 1}"
        takes = (taken(silo, held // 2, held), taken(feed, 10**6, left[feed]))
        left[feed] -= 10**6
        silo, held = f"silo{order}", held // 2 + 10**6
        steps.append(
            Step(
                entry=f"e{order}", order=order, kind="blend", takes=takes, makes=(made(silo, held),)
            )
        )
    told = content(steps, silo)
    assert len(told.sources) <= 5
    assert abs(Fraction(told.total_mg, held) - Fraction(1, 3)) < Fraction(1, 10**3)
