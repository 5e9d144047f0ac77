"""No metal counts twice: what is set aside for lots that nobody assayed, out of what there was."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.traceability.ledger.histories import (
    ELEMENTS,
    T,
    content,
    histories,
    history,
    made,
    mined,
    taken,
    worlds,
)
from traceability.ledger.composition import UNKNOWN_PREFIXES
from traceability.ledger.history import Made, Step
from traceability.ledger.mass import Interval
from traceability.ledger.provenance import propagate
from traceability.ledger.reserves import Pot, Reserve, common_pot, set_aside, that_fit
from traceability.ledger.spreading import by_label

# ── properties ────────────────────────────────────────────────────────────────────────────


@settings(max_examples=100)
@given(world=worlds(), data=st.data())
def test_what_is_certain_of_a_source_is_never_more_than_came_from_it(world, data):
    """Whatever nobody assayed is measured in the end, at all it may hold: still no more."""
    check_sources(world.steps, ["Cu"], data)


@settings(max_examples=100)
@given(steps=histories(), data=st.data())
def test_nor_in_any_history_that_a_ledger_can_hold(steps, data):
    check_sources(steps, ELEMENTS, data)


def check_sources(steps, elements, data):
    told = propagate(steps, elements=elements)
    for element in elements:
        entered = {}
        for step in steps:
            for one in step.makes if not step.takes else ():
                add_known(entered, told[one.lot].contents[element].sources)
        ending = [*steps, *measured_at_last(steps, told, element, data)]
        found = {}
        for composition in propagate(ending, elements=[element]).values():
            add_known(found, composition.contents[element].left)
        assert all(mass <= entered[name] for name, mass in found.items())


def add_known(masses, parcels):
    for name, mass in parcels.items():
        if not name.startswith(UNKNOWN_PREFIXES):
            masses[name] = masses.get(name, 0) + mass


def measured_at_last(steps, told, element, data):
    """Yield a step for each lot of which something is left, measured at the most it may be."""
    held = {}
    for step in steps:
        for take in step.takes:
            held[take.lot] = max(0, take.held - take.amount)
        held |= {one.lot: one.amount for one in step.makes}
    lots = sorted(lot for lot, amount in held.items() if amount)
    for number, lot in enumerate(data.draw(st.permutations(lots))):
        most = sum(told[lot].contents[element].left.values())
        told_end = made(f"end{number}", most + 1, **{element: most})
        order = len(steps) + number
        yield Step(
            entry=f"e{order}",
            order=order,
            kind="transformation",
            takes=(taken(lot, held[lot]),),
            makes=(told_end,),
        )


# ── examples ──────────────────────────────────────────────────────────────────────────────


def refined(*outputs, grade=100, gross=T):
    """A hundred milligrams of copper of one mine, in a step that makes these lots."""
    return [
        ("extraction", [], [mined("ore", gross, Cu=grade)]),
        ("transformation", [taken("ore", gross)], list(outputs)),
    ]


def measured(lot, into, amount, gross=T):
    """All of a lot becomes one that is measured."""
    return ("transformation", [taken(lot, gross)], [made(into, T, Cu=amount)])


def residue(lot, amount, role="residue"):
    return Made(lot=lot, amount=amount, role=role)


def test_metal_of_one_mine_is_counted_once_over_two_outputs_nobody_assayed():
    steps = history(
        *refined(made("p", T), made("q", T)), measured("p", "r", 100), measured("q", "s", 100)
    )
    for lot in "pq":
        told = content(steps, lot)
        assert (told.sources, told.bounds) == ({"mined:ore": 100}, Interval(low=0, high=100))
    assert content(steps, "r").sources == {"mined:ore": 50, "unmeasured:p": 50}
    assert content(steps, "s").sources == {"mined:ore": 50, "unmeasured:q": 50}
    assert content(steps, "r").unknown_mg == 50


def test_what_is_measured_beyond_all_that_went_in_is_unexplained():
    steps = history(*refined(made("p", T), made("q", T)), measured("p", "r", 130))
    assert content(steps, "r").sources == {
        "mined:ore": 50,
        "unmeasured:p": 50,
        "unexplained:r": 30,
    }


def test_where_all_is_set_aside_for_one_more_than_that_is_unexplained():
    steps = history(*refined(made("matte", T), residue("slag", T)), measured("matte", "r", 120))
    assert content(steps, "r").sources == {"mined:ore": 100, "unexplained:r": 20}


def test_outputs_of_all_of_an_output_share_its_pot():
    steps = history(
        *refined(made("p", T), made("q", T)),
        ("transformation", [taken("p", T)], [made("x", T), made("y", T)]),
        ("blend", [taken("x", T), taken("y", T), taken("q", T)], [made("all", 3 * T)]),
    )
    assert content(steps, "all").bounds == Interval(low=0, high=100)


def test_an_assay_of_one_output_leaves_the_rest_to_the_other():
    steps = history(
        *refined(made("p", T, Cu=80), made("q", T)), measured("p", "r", 80), measured("q", "s", 20)
    )
    assert content(steps, "r").sources == {"mined:ore": 80}
    assert content(steps, "s").sources == {"mined:ore": 20}


def test_products_come_before_by_products_and_those_before_residues():
    outputs = [residue("slag", 3 * T), residue("dust", T, "by_product"), made("matte", 70)]
    steps = history(
        *refined(*outputs),
        measured("slag", "a", 10, 3 * T),
        measured("dust", "b", 60),
        measured("matte", "c", 70, 70),
    )
    assert content(steps, "c").sources == {"mined:ore": 70}
    assert content(steps, "b").sources == {"mined:ore": 30, "unmeasured:dust": 30}
    assert content(steps, "a").sources == {"unmeasured:slag": 10}
    assert content(steps, "slag").sources == {"mined:ore": 100}


def test_ore_that_nobody_assayed_is_of_its_mine_whatever_it_becomes():
    """Of what may be a whole lot of metal, each output may hold all that it weighs."""
    steps = history(
        ("extraction", [], [mined("ore", T)]),
        ("transformation", [taken("ore", T)], [made("p", 600), residue("slag", 300)]),
        measured("p", "r", 500, 600),
        measured("slag", "s", 5, 300),
    )
    assert content(steps, "r").sources == {"mined:ore": 500}
    assert content(steps, "s").sources == {"mined:ore": 5}


def test_a_range_is_counted_at_its_high_end_before_what_nobody_assayed():
    steps = history(
        *refined(made("p", T, Cu=Interval(low=80, high=95)), made("q", T)),
        measured("p", "r", 95),
        measured("q", "s", 20),
    )
    assert content(steps, "q").bounds == Interval(low=0, high=20)
    assert content(steps, "r").sources == {"mined:ore": 95}
    assert content(steps, "s").sources == {"mined:ore": 5, "unmeasured:q": 15}


def test_what_is_set_aside_is_parted_with_the_lot_and_no_milligram_is_lost_or_made():
    steps = history(
        *refined(made("p", T), made("q", T), grade=101),
        ("split", [taken("p", T)], [made("a", T // 2), made("b", T // 2)]),
        ("split", [taken("a", T // 4, T // 2)], [made("c", T // 4)]),
        *(
            measured(lot, f"{lot}+", 99, T // parts)
            for lot, parts in [("a", 4), ("b", 2), ("c", 4)]
        ),
        measured("q", "q+", 99),
    )
    own = {lot: content(steps, f"{lot}+").sources["mined:ore"] for lot in "abcq"}
    assert sum(own.values()) == 101


def test_a_crumb_takes_nothing_of_what_is_set_aside():
    steps = history(
        *refined(made("p", T), made("q", T)),
        ("split", [taken("p", 1, T)], [made("crumb", 1)]),
        measured("p", "r", 100, T - 1),
    )
    assert content(steps, "crumb").sources == {}
    assert content(steps, "r").sources == {"mined:ore": 50, "unmeasured:p": 50}


def test_it_is_the_same_whoever_is_asked_about_and_whatever_sources_are_called():
    steps = history(
        *refined(made("p", T), made("q", T)), measured("p", "r", 100), measured("q", "s", 100)
    )
    assert propagate(steps, lots=["s"])["s"].contents["Cu"] == content(steps, "s")
    same = by_label(lambda _step, _element, label: label)
    assert content(steps, "s", rename=same) == content(steps, "s")
    called = by_label(lambda _step, _element, label: label.replace("mined:ore", "the mine"))
    assert content(steps, "s", rename=called).sources == {"the mine": 50, "unmeasured:q": 50}
    late = by_label(lambda step, _element, label: "late" if step.order > 1 else label)
    assert content(steps, "s", rename=late).sources == {"late": 100}


def test_siblings_that_meet_again_hold_together_what_went_in():
    steps = history(
        *refined(made("p", T), made("q", T)),
        ("blend", [taken("p", T), taken("q", T)], [made("both", 2 * T)]),
        measured("both", "r", 100, 2 * T),
    )
    both = content(steps, "both")
    assert (both.sources, both.bounds) == ({"mined:ore": 100}, Interval(low=0, high=100))
    assert (both.measured, both.missing) == (False, ("p",))
    assert content(steps, "r").sources == {"mined:ore": 100}


def test_a_part_of_one_and_all_of_another_hold_no_more_either():
    steps = history(
        *refined(made("p", T), made("q", T)),
        ("blend", [taken("p", T // 2, T), taken("q", T)], [made("some", T)]),
        measured("some", "r", 100),
        measured("p", "s", 50, T // 2),
    )
    assert content(steps, "some").bounds == Interval(low=0, high=100)
    assert content(steps, "r").sources == {"mined:ore": 75, "unmeasured:p": 25}
    assert content(steps, "s").sources == {"mined:ore": 25, "unmeasured:p": 25}


def test_siblings_that_meet_another_source_leave_no_more_open_than_went_in():
    steps = history(
        *refined(made("p", T), made("q", T)),
        ("extraction", [], [mined("other", T, Cu=100)]),
        ("blend", [taken("p", T), taken("q", T), taken("other", T)], [made("mix", 3 * T)]),
    )
    mix = content(steps, "mix")
    assert mix.sources == {"unmeasured:p": 50, "unmeasured:q": 50, "mined:other": 100}
    assert mix.bounds == Interval(low=100, high=200)


def test_a_milligram_is_open_in_one_of_them():
    steps = history(
        *refined(made("p", T), made("q", T), grade=1),
        ("extraction", [], [mined("other", T, Cu=100)]),
        ("blend", [taken("p", T), taken("q", T), taken("other", T)], [made("mix", 3 * T)]),
    )
    assert content(steps, "mix").sources == {"unmeasured:p": 1, "mined:other": 100}


def test_what_is_certain_of_a_lot_with_open_parts_comes_out_of_what_is_set_aside():
    steps = history(
        ("extraction", [], [mined("ore", 2 * T, Cu=200)]),
        ("transformation", [taken("ore", T, 2 * T)], [made("p", T), made("q", T)]),
        ("blend", [taken("p", T), taken("ore", T)], [made("like", 2 * T)]),
        ("extraction", [], [mined("other", T, Cu=100)]),
        ("blend", [taken("like", 2 * T), taken("other", T)], [made("mix", 3 * T)]),
    )
    assert content(steps, "like").bounds == Interval(low=100, high=200)
    mix = content(steps, "mix")
    assert mix.sources == {"mined:ore": 100, "unmeasured:p": 100, "mined:other": 100}


def test_outputs_of_outputs_share_what_the_first_ones_held():
    steps = history(
        *refined(made("p", T), made("q", T)),
        ("split", [taken("p", T // 2, T)], [made("half", T // 2)]),
        ("transformation", [taken("half", T // 2)], [made("x", T), made("y", T)]),
        ("blend", [taken("x", T), taken("y", T)], [made("xy", 2 * T)]),
        ("blend", [taken("xy", 2 * T), taken("q", T), taken("p", T // 2)], [made("all", 3 * T)]),
        measured("all", "r", 100, 3 * T),
    )
    assert content(steps, "x").bounds.high == 50
    assert content(steps, "xy").bounds.high == 50
    assert content(steps, "all").bounds.high == 100
    assert content(steps, "r").sources == {"mined:ore": 100}


def test_a_measured_part_of_a_lot_that_shares_leaves_the_rest_of_its_bound():
    steps = history(
        *refined(made("p", T), made("q", T)),
        ("split", [taken("p", T)], [made("a", T // 2, Cu=60), made("b", T // 2)]),
        measured("b", "c", 40, T // 2),
    )
    assert content(steps, "a").sources == {"mined:ore": 50, "unmeasured:p": 10}
    assert content(steps, "b").bounds == Interval(low=0, high=40)
    assert content(steps, "c").sources == {"unmeasured:p": 40}


def test_a_part_measured_as_a_range_leaves_a_range():
    steps = history(
        ("extraction", [], [mined("ore", T, Cu=100)]),
        ("split", [taken("ore", T)], [made("a", 10, Cu=Interval(low=60, high=70)), made("b", 10)]),
        measured("a", "a+", 70, 10),
        measured("b", "b+", 40, 10),
    )
    b = content(steps, "b")
    assert (b.sources, b.bounds, b.measured) == (
        {"mined:ore": 40},
        Interval(low=30, high=40),
        True,
    )
    assert content(steps, "a+").sources == {"mined:ore": 70}
    assert content(steps, "b+").sources["mined:ore"] == 30


def test_what_is_weighed_more_or_given_beyond_the_books_is_set_aside_for_nobody():
    steps = history(
        *refined(made("p", T), made("q", T)),
        ("stocktake", [taken("p", T)], [made("p~1", 2 * T)]),
        ("split", [taken("q", 2 * T, T)], [made("more", 2 * T)]),
        measured("p~1", "r", 200, 2 * T),
        measured("more", "s", 200, 2 * T),
    )
    assert content(steps, "p~1").bounds.high == 200
    assert content(steps, "r").sources["mined:ore"] == 50
    assert content(steps, "p~1").bounds.low == 0
    assert content(steps, "s").sources == {"unmeasured:q": 200}


def test_pieces_have_equal_parts_set_aside():
    cells = Made(lot="cells", amount=9, unit="piece")
    steps = history(
        *refined(cells, made("q", T)),
        ("transformation", [taken("cells", 9)], [made("r", T, Cu=100)]),
    )
    assert content(steps, "r").sources == {"mined:ore": 50, "unmeasured:cells": 50}


# ── the arithmetic ────────────────────────────────────────────────────────────────────────

outputs = st.lists(
    st.tuples(
        st.sampled_from(["product", "by_product", "residue"]),
        st.sampled_from(["mg", "mg", "piece"]),
        st.integers(0, 1000),
        st.integers(0, 500),
    ),
    min_size=1,
    max_size=6,
)


@given(told=outputs, total=st.integers(0, 2000))
def test_all_is_set_aside_that_bounds_allow_and_no_more(told, total):
    makes = [
        Made(lot=f"l{n}", amount=amount, unit=unit, role=role)
        for n, (role, unit, amount, _bound) in enumerate(told)
    ]
    bounds = [bound for *_rest, bound in told]
    shares = set_aside(makes, bounds, total)
    assert all(0 <= share <= bound for share, bound in zip(shares, bounds, strict=True))
    assert sum(shares) == min(total, sum(bounds))


@given(
    lots=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40), st.integers(0, 200)), max_size=6)
)
def test_lots_of_one_pot_hold_together_what_fits_in_it(lots):
    outer = Pot(1, 300)
    pots = [None, outer, Pot(2, 120, outer), Pot(3, 90, outer)]
    reserves = [Reserve({}, pots[pot]) for pot, _, _ in lots]
    certain, more = [one for _, one, _ in lots], [one for _, _, one in lots]
    fitting = that_fit(reserves, certain, more)
    assert all(0 <= fit <= most for fit, most in zip(fitting, more, strict=True))
    for pot in pots[1:]:
        inside = [n for n, (at, _, _) in enumerate(lots) if pots[at] in (pot, *below(pot, pots))]
        sure = sum(certain[n] for n in inside)
        assert sum(fitting[n] for n in inside) <= max(0, pot.most - sure)


def below(pot, pots):
    return [one for one in pots[1:] if one.within is pot]


def test_the_innermost_pot_that_lots_have_in_common_is_theirs():
    outer = Pot(1, 300)
    left, right = (Reserve({}, Pot(order, 100, outer)) for order in (2, 3))
    assert common_pot([left, left]) == left.pot
    assert common_pot([left, right]) == outer
    assert common_pot([left, None]) is None
    assert common_pot([]) is None
