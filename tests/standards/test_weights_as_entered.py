"""Weights count as round, or not, as they were entered: whatever the unit, whoever weighed."""

import pytest

from standards.models import BookedAmount
from standards.noted import noted_at
from standards.noting import note_digits
from tests.standards.doubtful import Doubtful
from tests.standards.world import NOW, kg, owned_by
from traceability.erasing import erase
from traceability.tracing import lot_histories, published_size

pytestmark = pytest.mark.django_db(transaction=True)

FINE, DOUBT = "conforms", "nonconforming"
ROUND = {
    "tonnes": [{"value": value, "unit": "t"} for value in ("18", "20", "0.95", "19.0")],
    "pounds": [{"value": value, "unit": "lb"} for value in ("40000", "42000", "38000", "40000.00")],
    "troy ounces": [{"value": value, "unit": "oz t"} for value in ("640000", "620000")],
    "cubic metres": [
        {"value": value, "unit": "m3", "basis": "volume", "density": "1.237"}
        for value in ("15", "16")
    ],
}
ROUND_ONCE_CONVERTED = {
    "pounds": [{"value": value, "unit": "lb"} for value in ("44092.452436976", "57320.188168068")],
    "cubic metres": [
        {"value": value, "unit": "m3", "basis": "volume", "density": "1.6"}
        for value in ("12.375", "13.125")
    ],
}


@pytest.fixture
def world() -> Doubtful:
    made = Doubtful()
    made.packs()
    return made


def weigh(world: Doubtful, entered: list[dict[str, str]]) -> None:
    for number in range(8):
        world.dug(f"mine:L{number + 1}", quantity=entered[number % len(entered)])


def rounded(world: Doubtful) -> list[tuple[int, int]]:
    """Return how many weights are round so far, and among how many, in the order of the log."""
    world.follow()
    size = published_size()
    history = lot_histories([f"mine:L{number + 1}" for number in range(8)], size=size)
    return [(one.round, one.among) for one in noted_at(size, history).weighed]


@pytest.mark.parametrize("entered", ROUND.values(), ids=ROUND)
def test_weights_that_were_entered_round_are_found_in_whatever_unit(world, entered):
    weigh(world, entered)

    assert rounded(world) == [(number, number) for number in range(1, 9)]
    assert world.outcomes("PL-10", "mine:L7", "mine:L8") == [FINE, DOUBT]


@pytest.mark.parametrize("entered", ROUND_ONCE_CONVERTED.values(), ids=ROUND_ONCE_CONVERTED)
def test_weights_that_are_round_once_converted_are_not(world, entered):
    weigh(world, entered)

    assert rounded(world) == [(0, number) for number in range(1, 9)]
    tonnes = set(BookedAmount.objects.filter(element="").values_list("high", flat=True))
    assert all(amount % 10**8 == 0 for amount in tonnes)
    assert world.outcomes("PL-10", "mine:L8") == [FINE]


@pytest.mark.parametrize(
    ("weighed", "digits", "is_weighed"),
    [
        ({"accepted": {"value": "66000", "unit": "lb", "basis": "dry"}}, 2, True),
        ({"accepted": {"value": "66138", "unit": "lb", "basis": "dry"}}, 5, True),
        ({"accepted": kg("29000"), "rejected": kg("1240"), "rejected_lot": "smelter:R"}, 3, True),
        ({"accepted": kg("30000") | {"quality": "estimated"}}, 1, False),
        ({"rejected": kg("30000") | {"quality": "declared"}}, 1, False),
    ],
)
def test_a_receiver_is_held_to_what_it_entered(world, weighed, digits, is_weighed):
    world.dug("mine:L1")
    world.shipped("mine:L1")
    world.arrived("mine:L1", body={"lots": [{"lot": "mine:L1"} | weighed]})
    world.follow()

    received = BookedAmount.objects.get(lot="mine:L1", facility="smelter:works")
    assert (received.digits, received.is_weighed) == (digits, is_weighed)


def test_a_corrected_receipt_is_held_to_the_correction_and_an_erased_one_to_its_milligrams(world):
    for lot in ("mine:L1", "mine:L2"):
        world.dug(lot)
        world.shipped(lot)
    first = world.arrived("mine:L1", "30000")
    body = {
        "facility": "smelter:works",
        "consignment": "mine:C-L1",
        "lots": [{"lot": "mine:L1", "accepted": {"value": "66150", "unit": "lb", "basis": "dry"}}],
    }
    again = world.corrected(
        first, body, ["mine:L1"], at="2026-03-01T10:00:00-05:00", author="smelter"
    )
    erased = world.arrived("mine:L2", "30200")
    erase(erased, "A court ordered it.", now=NOW)
    world.follow()

    rows = BookedAmount.objects.filter(facility="smelter:works")
    assert dict(rows.values_list("entry", "digits")) == {first: 1, again: 4, erased: 3}


def test_pieces_are_not_among_the_weights_of_a_month(world):
    world.dug("mine:L1")
    body = {
        "facility": "smelter:works",
        "reason": "purchase",
        "lot": {
            "lot": "smelter:P1",
            "material": "battery_pack",
            "form": "pack",
            "quantity": {"value": "500", "unit": "piece", "basis": "count"},
            "owners": owned_by("smelter"),
        },
    }
    world.tell("introduction", "smelter", body)
    world.introduced("smelter:X1")
    world.follow()
    size = published_size()

    [one] = noted_at(size, lot_histories(["smelter:X1"], size=size)).weighed

    assert (one.same, one.round, one.among) == (1, 1, 1)


def test_digits_of_amounts_followed_before_they_were_noted_are_noted_once(world):
    weigh(world, ROUND["pounds"])
    world.follow()
    noted = list(BookedAmount.objects.order_by("id").values())
    assert len(noted) == 16

    BookedAmount.objects.update(digits=0, is_weighed=False)
    for _ in range(2):
        note_digits(published_size())
    assert list(BookedAmount.objects.order_by("id").values()) == noted


def test_pounds_repeat_fill_a_capacity_and_gain_weight_as_kilograms_do(world):
    pounds = {"value": "39683", "unit": "lb", "basis": "dry"}  # 17,999.906… kg
    per_year = {"value": "158732.0001", "unit": "lb", "basis": "dry"}  # four times that
    world.registered(
        "mine:pit", "mine", capacities=[{"material": "copper_concentrate", "per_year": per_year}]
    )
    for number in range(1, 6):
        world.dug(f"mine:L{number}", quantity=pounds)

    assert world.outcomes("PL-08", "mine:L4", "mine:L5") == [FINE, DOUBT]
    assert world.found("PL-02", "mine:L4").outcome.value == FINE
    assert world.found("PL-02", "mine:L5").outcome.value == DOUBT

    for lot, received in (("mine:L1", "18.0"), ("mine:L2", "18.2")):
        world.shipped(lot, body={"lots": [{"lot": lot, "quantity": pounds}]})
        weighed = {"value": received, "unit": "t", "basis": "dry"}
        world.arrived(lot, body={"lots": [{"lot": lot, "accepted": weighed}]})
    assert world.outcomes("PL-13", "mine:L1", "mine:L2") == [FINE, DOUBT]
