"""Notes for plausibility: what statements name and book, at a log size, and what ends it."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from standards.models import BookedAmount, DueAssessment, Particular
from standards.noted import noted_at
from standards.noting import note_transit
from tests.standards.doubtful import SOON, Doubtful, paper
from tests.standards.world import NOW, kg, owned_by, percent
from traceability.erasing import erase
from traceability.tracing import lot_histories, published_size

pytestmark = pytest.mark.django_db(transaction=True)

FINE, DOUBT, OPEN = "conforms", "nonconforming", "indeterminate"


@pytest.fixture
def world() -> Doubtful:
    made = Doubtful()
    made.packs()
    return made


def settle(world: Doubtful) -> None:
    """Follow, and empty the queue, so that what becomes due next can be seen."""
    world.follow()
    DueAssessment.objects.all().delete()


def due() -> set[str]:
    return set(DueAssessment.objects.values_list("lot", flat=True))


# ── what is named before ──────────────────────────────────────────────────────────────────


def test_the_second_use_of_a_seal_is_doubted_and_the_first_is_not(world):
    for lot in ("mine:L1", "mine:L2"):
        world.dug(lot)
        world.shipped(lot, body={"seals": ["S1", "none"]})

    assert world.outcomes("PL-07", "mine:L1", "mine:L2") == [FINE, DOUBT]
    assert Particular.objects.filter(kind="seal").count() == 2  # `none` is no number


def test_a_corrected_shipment_keeps_its_place_and_a_voided_one_has_none(world):
    first = [world.dug(lot) for lot in ("mine:L1", "mine:L2", "mine:L3")]
    assert first
    one = world.shipped("mine:L1", body={"seals": ["S1"]})
    world.shipped("mine:L2", body={"seals": ["S1"]})
    body = {
        "facility": "mine:pit",
        "consignment": "mine:C-L1",
        "consignee": {"organization": "smelter"},
        "lots": [{"lot": "mine:L1", "quantity": kg("30000")}],
        "seals": ["S1", "S9"],
    }
    again = world.corrected(one, body, ["mine:L1"], at="2026-03-01T10:00:00-05:00")
    assert world.outcomes("PL-07", "mine:L1", "mine:L2") == [FINE, DOUBT]
    size = published_size()

    settle(world)
    world.voided(again, ["mine:L1"])
    world.follow()
    assert "mine:L2" in due()
    assert world.outcomes("PL-07", "mine:L2") == [FINE]
    assert world.found("PL-07", "mine:L2", size=size).outcome.value == DOUBT


def test_a_container_is_doubted_until_the_other_consignment_has_arrived(world):
    for lot, day in (("mine:L1", "01"), ("mine:L2", "20")):
        world.dug(lot)
        when = f"2026-03-{day}T10:00:00-05:00"
        world.shipped(lot, body={"containers": ["C1"]}, at=when)
    assert world.outcomes("PL-11", "mine:L1", "mine:L2") == [OPEN, DOUBT]

    settle(world)
    world.arrived("mine:L1", at="2026-03-09T10:00:00-05:00")
    world.follow()
    assert "mine:L2" in due()
    assert world.outcomes("PL-11", "mine:L2") == [OPEN]  # its extraction names no paper


def test_a_container_that_left_the_ledger_is_not_waited_for(world):
    for lot in ("mine:L1", "mine:L2"):
        world.dug(lot, evidence=[paper(lot[-1])])
        gone = {"containers": ["C1"], "consignee": {"name": "Somebody", "country": "CL"}}
        world.shipped(lot, body=gone)

    assert world.outcomes("PL-11", "mine:L2") == [FINE]


def test_a_document_brings_goods_in_once(world):
    world.dug("mine:L1", evidence=[paper("a")])
    world.shipped("mine:L1", evidence=[paper("a")])
    world.arrived("mine:L1", evidence=[paper("a")])  # the same goods, at the next company
    assert world.outcomes("PL-11", "mine:L1") == [FINE]

    world.introduced("smelter:X1", evidence=[paper("a")])
    world.introduced("buyer:X2", "buyer", evidence=[paper("b")])
    world.introduced("buyer:X3", "buyer", evidence=[paper("b")])
    assert world.outcomes("PL-11", "smelter:X1", "buyer:X2", "buyer:X3") == [DOUBT, FINE, DOUBT]


def test_a_certificate_stands_for_one_lot(world):
    body = {
        "laboratory": {"name": "Laboratory"},
        "party": "seller",
        "method": "icp",
        "status": "final",
        "results": [percent("Cu", "30")],
    }
    for lot in ("mine:L1", "mine:L2"):
        world.dug(lot)
        for status in ("provisional", "final"):  # twice of the same lot is one matter
            told = body | {"lot": lot, "status": status}
            world.tell("assay", "mine", told, evidence=[paper("c")])

    assert world.outcomes("PL-15", "mine:L1", "mine:L2") == [FINE, DOUBT]


def test_a_receipt_repeated_ahead_of_its_shipment_is_doubted(world):
    world.dug("mine:L1", evidence=[paper("a")])
    for _ in range(2):
        world.arrived("mine:L1", "30300", at="2026-03-05T10:00:00-05:00")
    world.shipped("mine:L1", at="2026-03-01T10:00:00-05:00")

    finding = world.found("PL-11", "mine:L1")
    gained = world.found("PL-13", "mine:L1")

    assert "received twice from one consignment" in finding.because
    assert [one.author for one in finding.statements] == ["smelter"]
    assert [one.author for one in gained.statements] == ["smelter"]  # the receiver's weight


# ── what is booked so far ─────────────────────────────────────────────────────────────────


def test_amounts_so_far_are_those_that_stand_before_and_with_a_statement(world):
    """The sums of the database against a loop that anybody understands."""
    rng, told = Random(7), []  # noqa: S311 - the same amounts every time
    for number in range(24):
        month, tonnes = rng.choice((3, 4)), rng.choice((20, 20, 25, 27, 33))
        lot = f"mine:L{number}"
        world.dug(
            lot,
            f"{tonnes}000" if tonnes < 33 else "33333",
            at=f"2026-{month:02}-0{1 + number % 9}T10:00:00-05:00",
            quantity={"quality": "estimated"} if tonnes == 27 else {},
        )
        told.append((lot, month, tonnes * 1000 if tonnes < 33 else 33333, tonnes != 27))
    world.follow()
    size = published_size()
    history = lot_histories([lot for lot, *_ in told], size=size)

    seen = {one.lot: one for one in noted_at(size, history).weighed}

    year, months = 0, Counter()
    figures: list[tuple[int, int]] = []
    for lot, month, weight, is_weighed in told:
        year, months[month] = year + weight, months[month] + weight
        figures += [(month, weight)] if is_weighed else []
        one = seen[lot]
        assert one.of_year[""].high == one.of_year[""].low == year * 10**6
        assert one.of_month[""].high == months[month] * 10**6
        assert one.of_year["Cu"].high == year * 300_000
        assert one.is_weighed == is_weighed
        assert one.among == sum(1 for when, _ in figures if when == month)
        assert one.same == sum(1 for found in figures if found == (month, weight))
        assert one.round == sum(1 for when, w in figures if when == month and w != 33333)


def test_a_later_statement_changes_nothing_about_an_earlier_one(world):
    world.registered(
        "mine:pit",
        "mine",
        capacities=[{"material": "copper_concentrate", "per_year": kg("50000")}],
    )
    world.dug("mine:L1")
    before = world.found("PL-02", "mine:L1")
    world.dug("mine:L2")

    assert world.found("PL-02", "mine:L1") == before
    assert world.outcomes("PL-02", "mine:L1", "mine:L2") == [FINE, DOUBT]


def test_a_correction_counts_at_its_place_and_lets_later_lots_be_judged_again(world):
    world.registered(
        "mine:pit",
        "mine",
        capacities=[{"material": "copper_concentrate", "per_year": kg("50000")}],
    )
    first = world.dug("mine:L1")
    world.dug("mine:L2")
    assert world.outcomes("PL-02", "mine:L2") == [DOUBT]
    size = published_size()

    settle(world)
    body = {
        "facility": "mine:pit",
        "lot": {
            "lot": "mine:L1",
            "material": "copper_concentrate",
            "form": "concentrate",
            "quantity": kg("3000"),
            "owners": owned_by("mine"),
            "assays": [percent("Cu", "30")],
        },
    }
    again = world.corrected(first, body, ["mine:L1"], at="2026-03-01T10:00:00-05:00")
    world.follow()

    assert "mine:L2" in due()
    assert world.outcomes("PL-02", "mine:L1", "mine:L2") == [FINE, FINE]
    assert world.found("PL-02", "mine:L2", size=size).outcome.value == DOUBT
    rows = BookedAmount.objects.filter(lot="mine:L1", element="").order_by("index")
    assert [row.entry for row in rows] == [first, again]
    assert rows[0].place == rows[1].place == rows[0].index
    assert rows[0].until == rows[1].index


def test_metal_of_a_country_adds_up_over_its_mines(world):
    world.registered("buyer:pit", "mine", "US")
    world.registered("mine:pit", "mine", "US")
    cobalt = {
        "lot": {
            "lot": "buyer:L2",
            "material": "cobalt_concentrate",
            "form": "concentrate",
            "quantity": {"value": "10000", "unit": "t", "basis": "dry"},
            "owners": owned_by("buyer"),
            "assays": [percent("Co", "1.6")],
        }
    }
    world.tell("extraction", "buyer", {"facility": "buyer:pit"} | cobalt)
    lot = cobalt["lot"] | {"lot": "mine:L1", "owners": owned_by("mine")}
    world.tell("extraction", "mine", {"facility": "mine:pit", "lot": lot})
    lot = lot | {"lot": "mine:L2"}
    del lot["assays"]
    world.tell("extraction", "mine", {"facility": "mine:pit", "lot": lot})

    told = [world.found("PL-04", name, "Co") for name in ("buyer:L2", "mine:L1", "mine:L2")]

    assert [one.outcome.value for one in told] == [FINE, DOUBT, DOUBT]
    assert "the country produced 300 t in 2025" in told[1].because
    assert told[1].measured.worst == 320 * 10**9
    # What nobody assayed may be nothing or all of it: at least the rest is there.
    assert (told[2].measured.best, told[2].measured.worst) == (320 * 10**9, 10_320 * 10**9)


def test_what_a_warehouse_registers_lets_lots_be_judged_again_that_only_passed_there(world):
    world.site("buyer:shed", "buyer", "warehouse", "US")
    world.registered("mine:pit", "mine", latitude="-24", longitude="-69")
    world.dug("mine:L1")
    world.shipped("mine:L1", to="buyer")
    received = {
        "facility": "buyer:shed",
        "consignment": "mine:C-L1",
        "lots": [{"lot": "mine:L1", "accepted": kg("30000")}],
    }
    world.tell("receipt", "buyer", received, at="2026-03-02T10:00:00-05:00")
    world.catch_up()
    assert world.found("PL-05", "mine:L1").missing == ("coordinates of Buyer:Shed (buyer:shed)",)

    settle(world)
    world.registered("buyer:shed", "warehouse", "US", latitude="30", longitude="-95")
    world.follow()
    assert "mine:L1" in due()
    assert world.outcomes("PL-05", "mine:L1") == [DOUBT]


# ── times, titles, sisters ────────────────────────────────────────────────────────────────


def test_a_correction_is_as_late_as_what_it_corrects(world):
    first = world.dug("mine:L1", now=SOON)
    assert world.outcomes("PL-06", "mine:L1") == [FINE]
    body = {
        "facility": "mine:pit",
        "lot": {
            "lot": "mine:L1",
            "material": "copper_concentrate",
            "form": "concentrate",
            "quantity": kg("29000"),
            "owners": owned_by("mine"),
        },
    }
    again = world.corrected(first, body, ["mine:L1"], at="2026-01-20T10:00:00-05:00")

    finding = world.found("PL-06", "mine:L1")

    assert finding.statements[0].entry == again
    assert "the extraction of 2026-01-20 was stated 40.1 days later" in finding.because
    assert world.found("PL-06", "mine:L1").measured.worst < 41  # and not eight months


def test_what_is_stated_of_a_period_its_author_had_closed_is_doubted(world):
    world.dug("mine:L1", now=SOON)
    world.account("mine", facilities=["mine:pit"], months=1)
    world.account("buyer", facilities=["mine:pit"], months=2)  # its books are no word of the mine's
    world.closed("2026-01-31", on="2026-02-02", holder="mine")
    world.closed("2026-02-28", on="2026-03-02", holder="buyer")
    within = world.dug("mine:L2", at="2026-01-31T23:00:00-05:00", now=SOON)
    world.dug("mine:L3", at="2026-02-01T01:00:00-05:00", now=SOON)

    assert world.outcomes("PL-06", "mine:L1", "mine:L2", "mine:L3") == [FINE, DOUBT, FINE]
    finding = world.found("PL-06", "mine:L2")
    assert [one.entry for one in finding.statements] == [within]
    assert "after its author had closed its books up to 2026-01-31" in finding.because


def test_a_correction_into_a_closed_period_is_doubted_and_one_that_keeps_its_day_is_not(world):
    first = world.dug("mine:L1", at="2026-02-10T10:00:00-05:00", now=SOON)
    second = world.dug("mine:L2", at="2026-01-10T10:00:00-05:00", now=SOON)
    world.account("mine", facilities=["mine:pit"], months=1)
    world.closed("2026-01-31", on="2026-02-02", holder="mine")
    for lot, entry in (("mine:L1", first), ("mine:L2", second)):
        body = {
            "facility": "mine:pit",
            "lot": {
                "lot": lot,
                "material": "copper_concentrate",
                "form": "concentrate",
                "quantity": kg("29000"),
                "owners": owned_by("mine"),
            },
        }
        world.corrected(entry, body, [lot], at="2026-01-10T10:00:00-05:00")

    assert ["closed its books" in world.found("PL-06", lot).because
            for lot in ("mine:L1", "mine:L2")] == [True, False]  # fmt: skip


def test_an_erased_correction_holds_on_the_day_that_is_kept_of_it(world):
    first = world.dug("mine:L1", now=SOON)
    body = {
        "facility": "mine:pit",
        "lot": {
            "lot": "mine:L1",
            "material": "copper_concentrate",
            "form": "concentrate",
            "quantity": kg("29000"),
            "owners": owned_by("mine"),
        },
    }
    again = world.corrected(first, body, ["mine:L1"], at="2026-01-20T10:00:00-05:00")
    erase(again, "A court ordered it.", now=NOW)

    told = world.found("PL-06", "mine:L1")

    assert told.outcome.value == FINE  # only the time of the correction itself is left


def test_entries_by_hand_are_held_against_the_clock_of_the_place(world):
    night = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)  # 02:30 where it happened
    world.dug("mine:L1", now=night, acting_person="clerk-0001")
    world.dug("mine:L2", now=night)
    world.dug("mine:L3", now=night + timedelta(hours=8), acting_person="clerk-0001")

    assert world.outcomes("PL-09", "mine:L1", "mine:L2", "mine:L3") == [
        DOUBT,
        "not_applicable",
        FINE,
    ]


def test_a_split_by_hand_is_noticed_too(world):
    night = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)
    world.dug("mine:L1")
    parts = [{"lot": "mine:P1", "quantity": kg("100")}]
    body = {"facility": "mine:pit", "lot": "mine:L1", "parts": parts}
    world.tell("split", "mine", body, now=night, acting_person="clerk-0001")

    assert world.outcomes("PL-09", "mine:P1") == [DOUBT]


def test_a_sale_withdrawn_and_made_again_is_noticed(world):
    world.dug("mine:L1")

    def sold(to: str) -> str:
        item = {"lot": "mine:L1", "from": {"organization": "mine"}, "to": {"organization": to}}
        return world.tell("transfer", "mine", {"items": [item]})

    first = sold("buyer")
    assert world.outcomes("PL-16", "mine:L1") == [FINE]
    world.voided(first, ["mine:L1"])
    second = sold("smelter")

    finding = world.found("PL-16", "mine:L1")

    assert finding.outcome.value == DOUBT
    assert [one.entry for one in finding.statements] == [second]
    assert first in finding.evidence


def test_a_lot_offered_to_two_and_sent_to_a_third_is_noticed_unless_the_offers_ended(world):
    for lot in ("mine:L1", "mine:L2"):
        world.dug(lot)
        offers = [
            world.tell("offer", "mine", {"lots": [lot], "audience": [to]})
            for to in ("buyer", "stranger", "club")
        ]
        if lot == "mine:L2":
            for offer in offers:
                world.tell("withdrawal", "mine", {"offer": offer, "lots": [lot]})
        world.shipped(lot)

    assert world.outcomes("PL-16", "mine:L1", "mine:L2") == [DOUBT, FINE]


def test_the_sister_of_a_part_speaks_of_the_same_material(world):
    world.dug("mine:L1")
    parts = [{"lot": f"mine:P{n}", "quantity": kg("1000")} for n in (1, 2)]
    world.tell("split", "mine", {"facility": "mine:pit", "lot": "mine:L1", "parts": parts})
    for part, value in (("mine:P1", "30"), ("mine:P2", "20")):
        world.tell(
            "assay",
            "mine",
            {
                "lot": part,
                "laboratory": {"name": "Laboratory"},
                "party": "seller",
                "method": "icp",
                "status": "final",
                "results": [percent("Cu", value)],
            },
        )

    finding = world.found("PL-14", "mine:P2")

    assert world.outcomes("PL-14", "mine:P1") == [FINE]
    assert finding.outcome.value == DOUBT
    assert "20 %" in finding.because


def test_the_countries_a_shipment_passes_are_noted_once_and_also_afterwards(world):
    world.dug("mine:L1")
    points = [{"place": {"name": "A port", "country": one}} for one in ("ZM", "CD", "ZM")]
    entry = world.shipped("mine:L1", body={"route": points, "destination": {"country": "FI"}})
    world.follow()
    named = Particular.objects.filter(kind="transit", entry=entry).order_by("value")
    first = list(named.values())
    assert [one["value"] for one in first] == ["CD", "FI", "ZM"]
    noted = noted_at(published_size(), lot_histories(["mine:L1"], size=published_size()))
    assert noted.countries_passed() == {entry: ("CD", "FI", "ZM")}

    named.delete()  # a ledger from before they were noted
    for _ in range(2):
        note_transit(published_size())
    again = list(named.values())
    assert [one | {"id": 0} for one in again] == [one | {"id": 0} for one in first]


def test_an_erasure_takes_the_notes_of_a_statement_with_it(world):
    entry = world.dug("mine:L1", evidence=[paper("a")], body={"licence": "L-1"})
    world.tell(
        "transfer",
        "mine",
        {
            "items": [
                {
                    "lot": "mine:L1",
                    "from": {"organization": "mine"},
                    "to": {"organization": "buyer"},
                }
            ]
        },
    )
    assert world.outcomes("PL-17", "mine:L1") == [FINE]

    erase(entry, "A court ordered it.", now=NOW)
    finding = world.found("PL-17", "mine:L1")

    assert not Particular.objects.filter(entry=entry).exists()
    assert finding.outcome.value == OPEN
    assert finding.missing == (
        f"evidence of entry {entry}, erased",
        f"licence of entry {entry}, erased",
    )


def test_a_statement_erased_before_it_was_followed_leaves_no_note(world):
    entry = world.dug("mine:L1", evidence=[paper("a")])
    erase(entry, "A court ordered it.", now=NOW)
    world.follow()

    assert not Particular.objects.exists()
    assert BookedAmount.objects.filter(entry=entry, element="").exists()


def test_pieces_and_products_of_a_works_are_booked_as_what_they_are(world):
    world.dug("mine:L1")
    world.shipped("mine:L1")
    world.arrived("mine:L1")
    body = {
        "facility": "smelter:works",
        "stage": "smelting",
        "inputs": [{"lot": "mine:L1", "quantity": kg("30000"), "role": "feed"}],
        "outputs": [
            {
                "lot": f"smelter:{name}",
                "material": material,
                "form": "x",
                "quantity": kg("1000"),
                "owners": owned_by("smelter"),
                "role": role,
            }
            for name, material, role in (
                ("K", "copper_cathode", "product"),
                ("S", "slag", "residue"),
            )
        ],
    }
    world.tell("transformation", "smelter", body)
    world.follow()

    rows = {
        (row.lot, row.element): (row.low, row.high, row.is_made, row.is_mined)
        for row in BookedAmount.objects.exclude(lot="mine:L1")
    }
    assert rows == {
        ("smelter:K", ""): (10**9, 10**9, True, False),
        ("smelter:K", "Cu"): (0, 10**9, True, False),
        ("smelter:S", ""): (10**9, 10**9, False, False),
    }
    received = BookedAmount.objects.get(lot="mine:L1", facility="smelter:works")
    assert (received.high, received.is_made, received.year) == (30 * 10**9, False, 2026)


def test_without_anything_to_ask_about_nothing_is_read(world):
    assert noted_at(published_size(), lot_histories([], size=0)).told == {}
    assert date(2026, 1, 1) < NOW.date()
