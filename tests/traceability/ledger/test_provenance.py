"""Whose metal is in a lot: conserved to the milligram, and nothing unknown becomes known."""

from dataclasses import replace
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceability.errors import LotMadeTwice, StepsOutOfOrder
from traceability.ledger.history import (
    Made,
    Source,
    Step,
    Taken,
    ancestors,
    descendants,
    restrict,
)
from traceability.ledger.mass import MAX_MASS_MG, Interval, exactly
from traceability.ledger.provenance import propagate

KG = 10**6
T = 10**9
ELEMENTS = ("Cu", "Ni")


def mined(lot, amount, source=None, **contained):
    """A lot out of a mine; contained metal in milligrams, or as an interval."""
    return Made(
        lot=lot,
        amount=amount,
        contained=intervals(contained),
        source=Source(id=source or f"mined:{lot}", kind="mined"),
    )


def made(lot, amount, **contained):
    return Made(lot=lot, amount=amount, contained=intervals(contained))


def intervals(contained):
    return {
        element: told if isinstance(told, Interval) else exactly(told)
        for element, told in contained.items()
    }


def taken(lot, amount, held=None, role="feed"):
    return Taken(lot=lot, amount=amount, held=amount if held is None else held, role=role)


def history(*rows):
    """Steps from (kind, takes, makes), numbered in order."""
    return [
        Step(entry=f"e{order}", order=order, kind=kind, takes=tuple(takes), makes=tuple(makes))
        for order, (kind, takes, makes) in enumerate(rows)
    ]


def content(steps, lot, element="Cu", **options):
    return propagate(steps, **options)[lot].contents[element]


# ── random histories ──────────────────────────────────────────────────────────────────────


class World:
    """A history under construction, and the truth that its documents were written about.

    `truth` holds what every lot really contains of copper when it is made, by source;
    `held` what is left of it, with its gross milligrams.
    """

    def __init__(self, draw, *, measured=False):
        self.draw = draw
        self.measured = measured
        self.steps = []
        self.truth = {}
        self.held = {}

    def add(self, kind, takes, makes):
        order = len(self.steps)
        self.steps.append(
            Step(entry=f"e{order}", order=order, kind=kind, takes=tuple(takes), makes=tuple(makes))
        )

    def new_lot(self, amount, truth):
        lot = f"lot{len(self.truth)}"
        self.truth[lot] = truth
        self.held[lot] = (amount, truth)
        return lot

    def told(self, true):
        """What documents say of an amount: it, a range or a bound around it, or nothing."""
        kinds = ["point"] if self.measured else ["point", "point", "range", "bound", "nothing"]
        kind = self.draw(st.sampled_from(kinds))
        if kind == "nothing":
            return {}
        if kind == "point":
            return {"Cu": exactly(round(true))}
        low = 0 if kind == "bound" else int(true * self.draw(st.integers(5, 10)) / 10)
        return {"Cu": Interval(low=low, high=ceil(true * self.draw(st.integers(10, 15)) / 10))}

    def take(self, count):
        takes, pool = [], {}
        lots = sorted(lot for lot, (amount, _) in self.held.items() if amount)
        chosen = self.draw(st.permutations(lots))[:count]
        for lot in chosen:
            held, truth = self.held[lot]
            amount = self.draw(st.one_of(st.just(held), st.integers(1, held)))
            part = Fraction(amount, held)
            takes.append(Taken(lot=lot, amount=amount, held=held))
            for source, mass in truth.items():
                pool[source] = pool.get(source, 0) + mass * part
            left = {source: mass * (1 - part) for source, mass in truth.items()}
            self.held[lot] = (held - amount, left)
        return takes, pool

    def enter(self):
        amount = self.draw(st.integers(T, 100 * T))
        true = Fraction(amount * self.draw(st.integers(0, 40)), 100)
        mine = f"mined:{self.draw(st.integers(0, 3))}"
        contained = self.told(true)
        lot = self.new_lot(amount, {mine: true})
        self.add(
            "extraction",
            [],
            [
                Made(
                    lot=lot,
                    amount=amount,
                    contained=contained,
                    source=Source(id=mine, kind="mined"),
                )
            ],
        )

    def move(self, kind):
        """Blend or split: what goes in comes out, in one to three parts."""
        takes, pool = self.take(self.draw(st.integers(1, 3)))
        gross = sum(take.amount for take in takes)
        if not gross:
            return
        makes, rest = [], gross
        for _ in range(self.draw(st.integers(0, 2))):
            if rest > 1:
                makes.append(self.draw(st.integers(1, rest - 1)))
                rest -= makes[-1]
        parts = [
            (amount, {name: mass * Fraction(amount, gross) for name, mass in pool.items()})
            for amount in (*makes, rest)
        ]
        self.add(kind, takes, [made(self.new_lot(*part), part[0]) for part in parts])

    def transform(self):
        """Pool and refine: every output holds some of the pool in its ratio, the rest is lost."""
        takes, pool = self.take(self.draw(st.integers(1, 3)))
        if not takes:
            return
        left, makes = 100, []
        for _ in range(self.draw(st.integers(1, 3))):
            percent = self.draw(st.integers(0, left))
            left -= percent
            truth = {name: mass * percent / 100 for name, mass in pool.items()}
            true = sum(truth.values())
            contained = self.told(true)
            amount = ceil(true) + self.draw(st.integers(1, T))
            lot = self.new_lot(amount, truth)
            makes.append(Made(lot=lot, amount=amount, contained=contained))
        self.add("transformation", takes, makes)

    def weigh_less(self):
        takes, pool = self.take(1)
        if not takes:
            return
        gross = takes[0].amount
        amount = self.draw(st.integers(max(1, gross // 2), gross))
        truth = {name: mass * Fraction(amount, gross) for name, mass in pool.items()}
        self.add("stocktake", takes, [made(self.new_lot(amount, truth), amount)])


@st.composite
def worlds(draw, *, measured=False, lossless=False):
    world = World(draw, measured=measured)
    world.enter()
    actions = [world.enter, lambda: world.move("blend"), lambda: world.move("split")]
    if not lossless:
        actions += [world.transform, world.transform, world.weigh_less]
    for _ in range(draw(st.integers(0, 10))):
        draw(st.sampled_from(actions))()
    return world


@st.composite
def histories(draw):
    """Any history a ledger can hold: two elements, shortfalls, pieces, gains, wild documents."""
    held, steps = {}, []
    told = st.one_of(
        st.integers(0, 10**4).map(exactly),
        st.tuples(st.integers(0, 99), st.integers(100, 9999)).map(
            lambda ends: Interval(low=ends[0], high=ends[1])
        ),
    )
    documents = st.dictionaries(st.sampled_from(ELEMENTS), told, max_size=2)
    kinds = ["extraction", "blend", "split", "transformation", "stocktake", "assembly", "loss"]
    for order in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from(kinds)) if held else "extraction"
        takes, makes = [], []
        if kind != "extraction":
            for lot in draw(st.lists(st.sampled_from(sorted(held)), max_size=3, unique=True)):
                amount = draw(st.one_of(st.just(max(held[lot], 1)), st.integers(1, 10**4)))
                role = draw(st.sampled_from(["feed", "feed", "reagent"]))
                takes.append(taken(lot, amount, held[lot], role))
                held[lot] = max(0, held[lot] - amount)
        for place in range(draw(st.integers(0 if takes else 1, 3))):
            lot, amount = f"l{order}.{place}", draw(st.integers(1, 10**4))
            kind_of = draw(st.sampled_from(["mined", "unknown", "introduced"]))
            source = Source(id=f"{kind_of}:{draw(st.integers(0, 4))}", kind=kind_of)
            makes.append(
                Made(
                    lot=lot,
                    amount=amount,
                    contained=draw(documents),
                    source=None if takes else source,
                    unit=draw(st.sampled_from(["mg", "mg", "piece"])),
                )
            )
            held[lot] = amount
        steps.append(
            Step(entry=f"e{order}", order=order, kind=kind, takes=tuple(takes), makes=tuple(makes))
        )
    return steps


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
    same = propagate(steps, elements=ELEMENTS, relabel=lambda _step, _element, label: label)
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
            for told in before
            for name, mass in told.left.items()
            if not name.startswith(("mined:", "introduced:"))
        )
        assert blended.contents[element].unknown_mg >= unknown


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


# ── sources and labels ────────────────────────────────────────────────────────────────────


def test_a_declared_split_divides_the_metal_and_keeps_the_undeclared_part_unknown():
    source = Source(
        id="introduced:stock",
        kind="introduced",
        split=(("CL", 2), ("PE", 1), ("unknown:stock", 1), ("CL", 1)),
    )
    stock = Made(lot="stock", amount=T, contained={"Cu": exactly(101)}, source=source)
    told = content(history(("introduction", [], [stock])), "stock")
    assert told.sources == {"CL": 61, "PE": 20, "unknown:stock": 20}
    assert told.unknown_mg == 20


@pytest.mark.parametrize("kind", ["unknown", "unexplained", "shortfall"])
def test_a_source_of_an_unknown_kind_is_unknown_whatever_its_name(kind):
    stock = Made(
        lot="stock", amount=T, contained={"Cu": exactly(9)}, source=Source(id="x", kind=kind)
    )
    assert content(history(("introduction", [], [stock])), "stock").unknown_mg == 9


def test_a_lot_that_begins_without_a_source_is_unknown():
    steps = history(("introduction", [], [made("stock", T, Cu=9)]))
    assert content(steps, "stock").sources == {"unknown:stock": 9}
    assert content(steps, "stock").unknown_mg == 9


def test_labels_answer_where_metal_was_smelted():
    def by_smelter(step, _element, label):
        return f"smelted:{step.entry}" if step.kind == "transformation" else label

    steps = history(
        ("extraction", [], [mined("a", T, Cu=60), mined("b", T, Cu=40)]),
        ("transformation", [taken("a", T), taken("b", T)], [made("matte", T, Cu=110)]),
        ("extraction", [], [mined("c", T, Cu=90)]),
        ("blend", [taken("matte", T), taken("c", T)], [made("mix", 2 * T)]),
    )
    assert content(steps, "mix", relabel=by_smelter).sources == {
        "smelted:e1": 100,
        "unexplained:matte": 10,
        "mined:c": 90,
    }


def test_halves_of_an_unmeasured_lot_that_got_other_labels_are_no_longer_alike():
    def by_step(step, _element, label):
        return step.entry if step.kind == "transformation" else label

    steps = history(
        ("extraction", [], [mined("ore", 1000)]),
        ("transformation", [taken("ore", 500, 1000)], [made("x", 500)]),
        ("transformation", [taken("ore", 500)], [made("y", 500)]),
        ("blend", [taken("x", 500), taken("y", 500)], [made("mix", 1000)]),
    )
    told = content(steps, "mix", elements=["Cu"], relabel=by_step)
    assert told.sources == {"unmeasured:x": 500, "unmeasured:y": 500}


def test_doubt_that_got_another_label_is_still_doubt():
    def shipped_as(label):
        return lambda step, _element, old: label if step.kind == "shipment" and label else old

    steps = history(
        ("extraction", [], [mined("c", 300), mined("d", T, Cu=100)]),
        ("blend", [taken("c", 300), taken("d", T)], [made("mix", T + 300)]),
        ("shipment", [taken("mix", T + 300)], [made("mix", T + 300)]),
    )
    told = content(steps, "mix", relabel=shipped_as("all"))
    assert told.sources == {"all": 400}
    assert (told.bounds, told.measured, told.missing) == (Interval(low=100, high=400), False, ())
    assert content(steps, "mix", relabel=shipped_as("")).missing == ("c",)


def test_elements_are_those_that_somebody_measured_unless_named():
    steps = history(("extraction", [], [mined("ore", T, Cu=1, Ni=2)]))
    assert set(propagate(steps)["ore"].contents) == {"Cu", "Ni"}
    assert set(propagate(steps, elements=["Li"])["ore"].contents) == {"Li"}


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


def test_ancestors_and_descendants_go_through_any_number_of_steps():
    steps = history(
        ("extraction", [], [mined("a", T), mined("b", T), mined("other", T)]),
        ("blend", [taken("a", T), taken("b", 9, T)], [made("mix", T + 9)]),
        ("split", [taken("mix", 5, T + 9)], [made("part", 5)]),
        ("split", [taken("other", 5, T)], [made("stranger", 5)]),
    )
    assert ancestors(steps, "part") == {"mix", "a", "b"}
    assert descendants(steps, {"a"}) == {"mix", "part"}
    assert ancestors(steps, "a") == set()


def test_a_restricted_history_keeps_earlier_withdrawals_and_drops_later_ones():
    steps = history(
        ("extraction", [], [mined("ore", 9, Cu=3)]),
        ("split", [taken("ore", 3, 9)], [made("before", 3)]),
        ("split", [taken("ore", 3, 6)], [made("asked", 3)]),
        ("split", [taken("ore", 3, 3)], [made("after", 3)]),
    )
    kept = restrict(steps, {"asked"})
    assert [(step.entry, len(step.makes)) for step in kept] == [("e0", 1), ("e1", 0), ("e2", 1)]


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
