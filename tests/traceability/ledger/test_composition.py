"""What the answer says: sources by name, labels by question, what counts as unknown."""

import pytest

from tests.traceability.ledger.histories import (
    T,
    content,
    history,
    made,
    mined,
    taken,
)
from traceability.ledger.history import Made, Source
from traceability.ledger.mass import Interval, exactly
from traceability.ledger.provenance import propagate
from traceability.ledger.spreading import by_label

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
    assert content(steps, "mix", rename=by_label(by_smelter)).sources == {
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
    told = content(steps, "mix", elements=["Cu"], rename=by_label(by_step))
    assert told.sources == {"unmeasured:x": 500, "unmeasured:y": 500}


def test_doubt_that_got_another_label_is_still_doubt():
    def shipped_as(label):
        return lambda step, _element, old: label if step.kind == "shipment" and label else old

    steps = history(
        ("extraction", [], [mined("c", 300), mined("d", T, Cu=100)]),
        ("blend", [taken("c", 300), taken("d", T)], [made("mix", T + 300)]),
        ("shipment", [taken("mix", T + 300)], [made("mix", T + 300)]),
    )
    told = content(steps, "mix", rename=by_label(shipped_as("all")))
    assert told.sources == {"all": 400}
    assert (told.bounds, told.measured, told.missing) == (Interval(low=100, high=400), False, ())
    assert content(steps, "mix", rename=by_label(shipped_as(""))).missing == ("c",)


def test_elements_are_those_that_somebody_measured_unless_named():
    steps = history(("extraction", [], [mined("ore", T, Cu=1, Ni=2)]))
    assert set(propagate(steps)["ore"].contents) == {"Cu", "Ni"}
    assert set(propagate(steps, elements=["Li"])["ore"].contents) == {"Li"}
