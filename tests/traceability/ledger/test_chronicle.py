"""The chronicle: what entries did to lots, in the order in which it holds."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from traceability.ledger.book import Movement
from traceability.ledger.chronicle import Happening, as_they_stand, build_history, lot_of
from traceability.ledger.provenance import propagate

KG = 1_000_000


def kg(value: int) -> dict:
    return {"value": str(value), "unit": "kg", "basis": "dry"}


def make(lot: str, amount: int, *, unit: str = "mg", **facts) -> Movement:
    usual = {"material": "copper_concentrate", "form": "bulk", "quantity": kg(amount)}
    return Movement(lot=lot, role="make", delta=amount * KG, unit=unit, facts=usual | facts)


def take(lot: str, amount: int, **facts) -> Movement:
    return Movement(lot=lot, role="take", delta=-amount * KG, unit="mg", facts=facts)


def weigh(lot: str, delta: int, to: int, why: str = "received") -> Movement:
    facts = {"why": why, "to": str(to * KG), "custodian": "mine"}
    return Movement(lot=lot, role="adjust", delta=delta * KG, unit="mg", facts=facts)


def copper(percent: int) -> list[dict]:
    return [{"element": "Cu", "value": str(percent), "unit": "percent", "basis": "dry"}]


def happening(order: int, kind: str, *movements: Movement, **changes) -> Happening:
    usual = {
        "entry": f"{order:064x}",
        "order": order,
        "kind": f"custody.{kind}",
        "author": "mine",
        "facility": "mine:pit",
        "stage": None,
        "on": date(2026, 3, order),
    }
    return Happening(**usual | changes, movements=movements)


def mined(order: int, lot: str = "mine:ore", amount: int = 100, grade: int = 30) -> Happening:
    return happening(order, "extraction", make(lot, amount, source="mined", assays=copper(grade)))


def entry(order: int) -> str:
    return f"{order:064x}"


# ── corrections ───────────────────────────────────────────────────────────────────────────


def test_the_head_of_a_correction_chain_stands_where_the_original_stood():
    chain = [
        mined(1),
        mined(2, "mine:other"),
        happening(3, "extraction", make("mine:ore", 90, source="mined"), replaces=entry(1)),
        happening(
            4, "extraction", make("mine:ore", 80, source="mined"), replaces=entry(3), facility=None
        ),
    ]

    first, second = as_they_stand(reversed(chain))

    assert (first.entry, first.order, first.facility) == (entry(4), 1, "mine:pit")
    assert second.entry == entry(2)


def test_what_is_voided_is_gone():
    history = build_history([mined(1), happening(2, "void", replaces=entry(1))])

    assert history.steps == ()
    assert history.last == {}
    assert history.elements_of("mine:ore") == frozenset()


def test_a_withdrawal_counts_what_the_lot_held_as_now_known():
    split = happening(
        2, "split", take("mine:ore", 40, into="mine:a"), make("mine:a", 40, **{"from": "mine:ore"})
    )
    corrected = happening(3, "extraction", make("mine:ore", 80, source="mined"), replaces=entry(1))

    [_, step] = build_history([mined(1), split, corrected]).steps

    assert (step.kind, step.takes[0].amount, step.takes[0].held) == ("split", 40 * KG, 80 * KG)


def test_a_correction_takes_from_a_lot_that_began_later_after_its_beginning():
    lost = happening(1, "loss", take("mine:ore", 1))
    again = happening(4, "loss", take("mine:late", 30), replaces=entry(1))

    history = build_history([lost, mined(2), mined(3, "mine:late"), again])

    assert [one.entry for one in as_they_stand([lost, mined(2), mined(3, "mine:late"), again])] == [
        entry(3),
        entry(4),
        entry(2),
    ]
    assert history.balances["mine:late"] == 70 * KG
    assert history.steps[1].takes[0].held == 100 * KG


# ── steps ─────────────────────────────────────────────────────────────────────────────────


def test_parts_leave_one_by_one_and_one_nobody_asked_about_just_leaves():
    split = happening(
        2,
        "split",
        take("mine:ore", 40, into="mine:a"),
        make("mine:a", 40, **{"from": "mine:ore"}),
        take("mine:ore", 10, into="mine:b"),
    )

    _, first, second = build_history([mined(1), split]).steps

    assert [made.lot for made in first.makes] == ["mine:a"]
    assert (second.takes[0].amount, second.takes[0].held, second.makes) == (10 * KG, 60 * KG, ())


def test_a_new_weight_begins_the_lot_anew_under_a_name_of_its_own():
    smelting = happening(3, "transformation", take("mine:ore", 98, role="feed"), stage="smelting")
    history = build_history(
        [mined(1), happening(2, "receipt", weigh("mine:ore", -2, 98)), smelting]
    )

    _, weighed, consumed = history.steps

    assert (weighed.kind, weighed.makes[0].lot) == ("receipt", "mine:ore~1")
    assert weighed.makes[0].contained["Cu"].low == 98 * KG * 30 // 100
    assert consumed.takes[0].lot == history.last["mine:ore"] == "mine:ore~1"
    assert lot_of("mine:ore~1") == "mine:ore"


def test_books_that_were_right_change_nothing():
    history = build_history([mined(1), happening(2, "stocktake", weigh("mine:ore", 0, 100))])

    assert len(history.steps) == 1


def test_what_is_found_where_the_books_held_nothing_is_unexplained():
    gone = happening(2, "loss", take("mine:ore", 100, loss="spill"))
    found = happening(3, "stocktake", weigh("mine:ore", 5, 5, "found behind the silo"))

    *_, step = build_history([mined(1), gone, found]).steps

    assert (step.kind, step.takes) == ("stocktake", ())
    assert step.makes[0].source.id == "unexplained:mine:ore~1"


def test_a_shipment_takes_the_lot_whole_and_makes_it_the_same():
    move = Movement(lot="mine:ore", role="move", delta=0, unit="mg", facts={"to": "smelter"})
    history = build_history([mined(1), happening(2, "shipment", move)])

    _, step = history.steps
    compositions = propagate(history.steps)

    assert history.is_dispatch(step)
    assert not history.is_dispatch(history.steps[0])
    assert compositions["mine:ore"].contents["Cu"].sources == {"mined:mine:ore": 30 * KG}


def test_a_shipment_of_nothing_is_no_step():
    move = Movement(lot="mine:ore", role="move", delta=0, unit="mg", facts={"to": "smelter"})
    history = build_history(
        [mined(1), happening(2, "loss", take("mine:ore", 100)), happening(3, "shipment", move)]
    )

    assert [step.kind for step in history.steps] == ["extraction", "loss"]


def test_what_is_recovered_begins_anew_and_what_went_in_leaves():
    recovery = happening(
        2,
        "recovery",
        take("mine:ore", 50),
        make("mine:powder", 10, source="recycled", role="product", collected_in="US"),
    )

    _, went_in, came_out = build_history([mined(1), recovery]).steps

    assert (went_in.makes, came_out.takes) == ((), ())
    assert came_out.makes[0].source.kind == "recycled"


def test_collected_scrap_needs_no_input():
    recovery = happening(1, "recovery", make("mine:powder", 10, source="recycled"))

    [step] = build_history([recovery]).steps

    assert step.makes[0].source.id == "recycled:mine:powder"


def test_an_introduction_without_a_declared_origin_is_of_unknown_origin():
    declared = [{"stage": "extraction", "parts": 1, "country": "CL"}]
    refined = [{"stage": "refining", "parts": 1, "country": "CN"}]
    history = build_history(
        [
            happening(
                1, "introduction", make("mine:a", 1, source="introduced", declared_origin=declared)
            ),
            happening(
                2, "introduction", make("mine:b", 1, source="introduced", declared_origin=refined)
            ),
        ]
    )

    assert [step.makes[0].source.id for step in history.steps] == [
        "introduced:mine:a",
        "unknown:introduced:mine:b",
    ]
    assert history.beginnings["mine:a"].declared == declared


def test_an_assay_governs_the_lot_whenever_it_was_made_and_what_came_of_it():
    assay = Movement(
        lot="mine:ore",
        role="assay",
        delta=0,
        unit="mg",
        facts={"status": "final", "party": "buyer", "results": copper(20)},
    )
    split = happening(
        2, "split", take("mine:ore", 50, into="mine:a"), make("mine:a", 50, **{"from": "mine:ore"})
    )
    history = build_history([mined(1), split, happening(3, "assay", assay)])

    compositions = propagate(history.steps)

    assert compositions["mine:a"].contents["Cu"].total_mg == 10 * KG


def test_a_part_has_the_moisture_of_its_whole():
    wet = {"value": "100", "unit": "kg", "basis": "wet", "moisture": "0.1"}
    part = {"value": "50", "unit": "kg", "basis": "wet"}
    history = build_history(
        [
            happening(1, "extraction", make("mine:ore", 100, source="mined", quantity=wet)),
            happening(
                2,
                "split",
                take("mine:ore", 50, into="mine:a"),
                make("mine:a", 50, quantity=part, assays=copper(20), **{"from": "mine:ore"}),
            ),
        ]
    )

    assert history.steps[1].makes[0].contained["Cu"].high == 9 * KG


@given(amounts=st.lists(st.integers(1, 30), min_size=1, max_size=6))
def test_every_milligram_of_a_divided_lot_is_in_one_of_its_parts(amounts):
    total = sum(amounts)
    parts = [
        happening(
            place + 2,
            "split",
            take("mine:ore", amount, into=f"mine:p{place}"),
            make(f"mine:p{place}", amount, **{"from": "mine:ore"}),
        )
        for place, amount in enumerate(amounts)
    ]
    compositions = propagate(build_history([mined(1, amount=total), *parts]).steps)

    held = [compositions[f"mine:p{place}"].contents["Cu"].total_mg for place in range(len(amounts))]

    assert sum(held) == total * KG * 30 // 100


def test_what_a_distrusted_key_said_moves_mass_and_tells_nothing():
    smelting = happening(
        2,
        "transformation",
        take("mine:ore", 50),
        make("mine:cathode", 15, role="product", assays=copper(99)),
        weigh("mine:cathode", -5, 10),
        is_disputed=True,
    )

    _, went_in, came_out, weighed = build_history([mined(1), smelting]).steps

    assert (went_in.takes[0].amount, went_in.makes) == (50 * KG, ())
    assert came_out.takes == ()
    assert came_out.makes[0].source.id == "unknown:introduced:mine:cathode"
    assert not came_out.makes[0].contained
    assert weighed.makes[0].amount == 10 * KG


def test_a_distrusted_sender_leaves_the_lot_as_it_was():
    shipment = happening(2, "shipment", take("mine:ore", 1, into="mine:x"), is_disputed=True)
    moved = happening(
        3, "shipment", structs.replace(take("mine:ore", 0), role="move"), is_disputed=True
    )

    steps = build_history([mined(1), shipment, moved]).steps

    assert [step.kind for step in steps] == ["extraction", "shipment"]
