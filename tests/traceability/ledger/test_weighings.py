"""The water of lots: what is weighed again at other water is the same dry metal."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.traceability.ledger.test_chronicle import KG, happening
from traceability.ledger.book import Movement
from traceability.ledger.chronicle import build_history
from traceability.ledger.grades import Assayed, measured, plainly_contained
from traceability.ledger.mass import Interval, Range
from traceability.ledger.provenance import propagate
from traceability.ledger.waters import at_moisture
from traceability.ledger.weighings import documents_in

ORE = "mine:ore"
WETTER = "0.117647058824"  # of 102 kg, where of 100 kg it was 0.1: as much dry substance


def copper(percent="30", basis="dry"):
    return [{"element": "Cu", "value": percent, "unit": "percent", "basis": basis}]


def wet(kg, moisture=None):
    told = {"value": str(kg), "unit": "kg", "basis": "wet"}
    return told if moisture is None else told | {"moisture": moisture}


def mined(moisture="0.1", *, lot=ORE, kg=100, assays=None, **facts):
    facts = {
        "material": "copper_concentrate",
        "form": "bulk",
        "source": "mined",
        "quantity": wet(kg, moisture),
        "assays": copper() if assays is None else assays,
    } | facts
    made = Movement(lot=lot, role="make", delta=kg * KG, unit="mg", facts=facts)
    return happening(1, "extraction", made)


def weighed(order, to, moisture=None, *, before=100, kind="receipt", lot=ORE, **members):
    facts = {"why": "received", "to": str(int(to * KG)), "quantity": wet(to, moisture)}
    delta = int((to - before) * KG)
    moved = Movement(lot=lot, role="adjust", delta=delta, unit="mg", facts=facts)
    return happening(order, kind, moved, **members)


def assayed(order, results, moisture=None, *, status="final", lot=ORE, **members):
    facts = {"status": status, "results": results}
    if moisture is not None:
        facts["moisture"] = moisture
    told = Movement(lot=lot, role="assay", delta=0, unit="mg", facts=facts)
    return happening(order, "assay", told, **members)


def split(order, part, kg, moisture=None, **facts):
    took = Movement(lot=ORE, role="take", delta=-kg * KG, unit="mg", facts={"into": part})
    facts = {"material": "m", "form": "bulk", "from": ORE, "quantity": wet(kg, moisture)} | facts
    return happening(
        order,
        "split",
        took,
        Movement(lot=part, role="make", delta=kg * KG, unit="mg", facts=facts),
    )


def copper_in(*happenings):
    """Return what each lot holds of copper, by its name in steps, and from where."""
    told = propagate(build_history(happenings).steps, elements=["Cu"])
    return {name: one.contents["Cu"] for name, one in told.items()}


def ends(content):
    return content.bounds.low / KG, content.bounds.high / KG


# ── the same dry metal ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["receipt", "stocktake"])
@pytest.mark.parametrize(("to", "moisture"), [(102, WETTER), (98, "0.081632653061")])
def test_the_same_dry_metal_at_other_water_is_neither_gained_nor_lost(kind, to, moisture):
    told = copper_in(mined(), weighed(2, to, moisture, kind=kind))

    assert ends(told[ORE]) == (27, 27)
    assert told["mine:ore~1"].sources == {"mined:mine:ore": pytest.approx(27 * KG, abs=1)}


@given(
    k=st.integers(1, 10**9),
    dry=st.tuples(st.integers(1, 100), st.integers(1, 100)),
    grade=st.integers(1, 100),
)
def test_whatever_the_water_the_metal_stays(k, dry, grade):
    """One dry mass, twice weighed: `dry` percent of each weight is dry."""
    first, second = dry
    before, after = 100 * k * second, 100 * k * first
    make = mined(f"{(100 - first) / 100:.2f}", assays=copper(str(grade)))
    make = happening(1, "extraction", _of(make, delta=before))
    facts = {"why": "received", "to": str(after), "quantity": wet(1, f"{(100 - second) / 100:.2f}")}
    moved = Movement(lot=ORE, role="adjust", delta=after - before, unit="mg", facts=facts)

    told = copper_in(make, happening(2, "receipt", moved))

    assert told["mine:ore~1"].sources == told[ORE].sources


def _of(one, *, delta):
    [made] = one.movements
    return Movement(lot=made.lot, role="make", delta=delta, unit="mg", facts=made.facts)


def test_what_was_weighed_at_the_same_water_is_gained_or_lost():
    for moisture in (None, "0.1"):
        told = copper_in(mined(), weighed(2, 102, moisture))["mine:ore~1"]
        assert told.sources == {
            "mined:mine:ore": 27 * KG,
            "unexplained:mine:ore~1": 540_000,
        }


def test_a_movement_recorded_without_the_quantity_is_read_as_it_was():
    old = weighed(2, 102)
    [moved] = old.movements
    facts = {"why": "received", "to": moved.facts["to"]}
    bare = Movement(lot=ORE, role="adjust", delta=moved.delta, unit="mg", facts=facts)

    told = copper_in(mined(), happening(2, "receipt", bare))

    assert ends(told["mine:ore~1"]) == (27.54, 27.54)


def test_the_same_weight_with_less_water_is_more_metal():
    told = copper_in(mined(), weighed(2, 100, "0.05"))

    assert ends(told[ORE]) == (27, 27)
    assert ends(told["mine:ore~1"]) == (28.5, 28.5)


def test_each_weighing_has_the_water_stated_last():
    told = copper_in(
        mined(),
        weighed(2, 102, WETTER),
        weighed(3, 101, before=102, kind="stocktake"),
        weighed(4, 90, "0", before=101, kind="stocktake"),
    )

    assert told["mine:ore~2"].bounds.low == pytest.approx(101 * KG * (1 - float(WETTER)) * 0.3)
    assert ends(told["mine:ore~3"]) == (27, 27)


def test_parts_taken_since_have_the_water_of_the_lot_as_weighed_last():
    told = copper_in(
        mined(),
        split(2, "mine:early", 10, assays=copper()),
        weighed(3, 90, "0.2", before=90),
        split(4, "mine:late", 10, assays=copper()),
    )

    assert ends(told["mine:early"]) == (2.7, 2.7)
    assert ends(told["mine:late"]) == (2.4, 2.4)


def test_water_stated_of_a_lot_of_which_none_was_known_is_of_what_is_weighed_alone():
    told = copper_in(mined(None), weighed(2, 102, WETTER))

    assert ends(told[ORE]) == (0, 30)
    assert told["mine:ore~1"].sources == {"mined:mine:ore": pytest.approx(27 * KG, abs=1)}


def test_what_a_distrusted_key_says_of_the_water_counts_for_nothing():
    told = copper_in(mined(), weighed(2, 102, WETTER, is_disputed=True))

    assert ends(told["mine:ore~1"]) == (27.54, 27.54)


def test_a_lot_whose_making_was_voided_is_weighed_all_the_same():
    told = copper_in(weighed(2, 102, WETTER), assayed(3, copper()))

    assert told["mine:ore~1"].sources == {"unexplained:mine:ore~1": pytest.approx(27 * KG, abs=1)}


# ── which weighing a document is of ───────────────────────────────────────────────────────


@pytest.mark.parametrize("stated", [None, WETTER])
def test_an_assay_at_the_receivers_tells_nothing_of_the_water_that_left_the_mine(stated):
    told = copper_in(mined(), weighed(2, 102, stated), assayed(3, copper(), WETTER))

    assert ends(told[ORE]) == (27, 27)
    assert told["mine:ore~1"].sources == {"mined:mine:ore": pytest.approx(27 * KG, abs=1)}


def test_what_an_assay_says_of_the_dry_part_holds_for_the_lot_from_its_beginning():
    told = copper_in(mined(), weighed(2, 102, WETTER), assayed(3, copper("20"), WETTER))

    assert ends(told[ORE]) == (18, 18)
    assert told["mine:ore~1"].bounds.high == pytest.approx(18 * KG, abs=1)


def test_an_assay_before_the_weighing_tells_nothing_of_the_water_that_arrived():
    told = copper_in(mined(None), assayed(2, copper(), "0.1"), weighed(3, 102, WETTER))

    assert ends(told[ORE]) == (27, 27)
    assert told["mine:ore~1"].bounds.high == pytest.approx(27 * KG, abs=1)


def test_an_assay_before_a_weighing_without_moisture_tells_of_both():
    told = copper_in(mined(None), assayed(2, copper(), "0.1"), weighed(3, 102))

    assert ends(told[ORE]) == (27, 27)
    assert ends(told["mine:ore~1"]) == (27.54, 27.54)


def test_who_finds_the_books_right_says_nothing_new():
    told = copper_in(mined(), weighed(2, 100), assayed(3, copper(), "0.2"))

    assert ends(told[ORE]) == (24, 24)
    assert "mine:ore~1" not in told


def test_a_weight_that_agreed_when_it_was_found_stands_when_the_books_are_corrected():
    """It is another weight than the books' now, and yet no weighing: the water stays one."""
    [made] = mined().movements
    less = Movement(lot=ORE, role="make", delta=90 * KG, unit="mg", facts=made.facts)
    corrected = happening(4, "extraction", less, replaces=f"{1:064x}")

    told = copper_in(mined(), weighed(2, 100), assayed(3, copper(), "0.2"), corrected)

    assert (ends(told[ORE]), ends(told["mine:ore~1"])) == ((21.6, 21.6), (24, 24))


def test_of_several_weighings_a_document_is_of_the_latest_before_it():
    tale = [
        mined(),
        weighed(2, 102, WETTER),
        assayed(3, copper(), "0.2"),
        weighed(4, 100, before=102, kind="stocktake"),
        assayed(5, copper(basis="as_received")),
        weighed(6, 80, before=100, kind="stocktake"),
        assayed(7, copper(), "0.05"),
    ]

    assert [(one.weighing, one.water) for _, one in documents_in(tale)] == [
        (0, None),
        (1, WETTER),
        (1, WETTER),
        (3, None),
    ]
    # Received with 20 % water, as a document of that weighing states, 30 % are 37.5 % of the dry.
    told = copper_in(*tale)
    assert ends(told[ORE]) == (27, 33.75)
    assert ends(told["mine:ore~1"]) == (24.48, 30.6)
    assert ends(told["mine:ore~2"]) == (24, 30)
    assert ends(told["mine:ore~3"]) == (22.8, 28.5)


def test_a_corrected_assay_is_of_the_weighing_of_the_first():
    late = assayed(4, copper("20"), "0.2", replaces=f"{2:064x}")

    told = copper_in(mined(), assayed(2, copper(), "0.3"), weighed(3, 102, WETTER), late)

    assert ends(told[ORE]) == (16, 16)
    assert told["mine:ore~1"].bounds.high == pytest.approx(18 * KG, abs=1)


def test_a_figure_as_received_counts_with_the_water_it_was_received_with():
    """26.47 % of what arrived with 11.76 % water is 30 % of the dry part, here and at the mine."""
    wetter, received = 102, copper("26.470588235280", basis="as_received")
    for stated, own in ((WETTER, None), (None, WETTER), (WETTER, WETTER)):
        told = copper_in(mined(), weighed(2, wetter, stated), assayed(3, received, own))
        assert told[ORE].bounds.high == pytest.approx(27 * KG, abs=1)
        assert told["mine:ore~1"].bounds.high == pytest.approx(27 * KG, abs=1)
    told = copper_in(mined(assays=copper("27", basis="wet")), weighed(2, wetter, WETTER))
    assert told["mine:ore~1"].sources == {"mined:mine:ore": pytest.approx(27 * KG, abs=1)}


def test_a_figure_as_received_of_unknown_water_is_taken_as_it_stands():
    received = copper("26", basis="as_received")

    told = copper_in(mined(), weighed(2, 102), assayed(3, received))

    assert (ends(told[ORE]), ends(told["mine:ore~1"])) == ((26, 26), (26.52, 26.52))


def test_water_that_cannot_be_measures_nothing():
    """As if nobody had: a figure of nothing but water tells of no dry part."""
    bad = Assayed(entry="e", status="final", results=copper(basis="wet"), moisture="1", weighing=1)
    quantity = wet(100, "0.1")

    assert plainly_contained(100 * KG, quantity, [bad], None) is None
    assert measured(100 * KG, quantity, [bad], None).contained == {
        "Cu": Interval(low=0, high=100 * KG)
    }


# ── weights, compared alike ───────────────────────────────────────────────────────────────


def test_a_weight_is_told_as_it_was_before_where_both_waters_are_known():
    told = build_history([mined(), weighed(2, 102, WETTER), weighed(3, 103, before=102)])

    assert told.weight_alike(f"{2:064x}", ORE, 102 * KG) == pytest.approx(100 * KG, abs=1)
    assert told.weight_alike(f"{3:064x}", ORE, 103 * KG) == 103 * KG
    assert build_history([mined(None), weighed(2, 102, WETTER)]).alike == {}


def test_a_weight_at_another_water_is_told_only_where_both_are_known_to_the_point():
    def water(low, high=None):
        return Range(low=Fraction(low), high=Fraction(low if high is None else high))

    assert at_moisture(90, water(0), water("0.1")) == 100
    for one, other in (
        (None, water("0.1")),
        (water("0.1"), None),
        (water("0.1"), water("0.1")),
        (water("0.1", "0.2"), water("0.1")),
        (water("0.1"), water("0.1", "0.2")),
        (water("0.1"), water(1)),
    ):
        assert at_moisture(90, one, other) is None
