"""Time and place: travel, statements made late, entries made at night; and how far is far."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.traceability.ledger.plausibility.doubts import (
    PIT,
    START,
    WORKS,
    Tale,
    assayed,
    figures,
    make,
    take,
)
from traceability.ledger.plausibility.distance import POLAR_RADIUS_KM, straight_line_km
from traceability.ledger.plausibility.journeys import CLOSED

latitudes = st.decimals(-90, 90, places=4)
longitudes = st.decimals(-180, 180, places=4)
places = st.tuples(latitudes, longitudes)

# ── distance ──────────────────────────────────────────────────────────────────────────────


@given(places, places)
def test_a_distance_is_the_same_both_ways_and_never_longer_than_through_the_earth(one, other):
    far = straight_line_km(one, other)

    assert far == straight_line_km(other, one)
    assert 0 <= far <= Fraction(2 * POLAR_RADIUS_KM)


@given(places)
def test_a_place_is_nowhere_but_where_it_is(one):
    assert straight_line_km(one, one) == 0


def test_known_distances():
    pole, equator = (Decimal(90), Decimal(0)), (Decimal(0), Decimal(0))
    antipode = (Decimal(0), Decimal(180))

    assert straight_line_km(equator, antipode) == Fraction("12713.504")
    assert straight_line_km(pole, equator) == Fraction("8989.805")  # a chord of sqrt(2) radii
    santiago, toronto = (
        (Decimal("-33.45"), Decimal("-70.67")),
        (Decimal("43.65"), Decimal("-79.38")),
    )
    assert 7900 < straight_line_km(santiago, toronto) < 8610  # the great circle is 8,600 km


# ── travel ────────────────────────────────────────────────────────────────────────────────


def travelled(hours=10, *, sites=(), **sent):
    tale = Tale(*sites)
    tale.mined()
    tale.sent(at=START, **sent)
    tale.received(at=START + timedelta(hours=hours))
    return tale


def test_speed_is_the_straight_line_over_the_time_between_the_two_statements():
    [one] = travelled(10, names={"mode": ("road",)}).observed("PL-05")

    far = straight_line_km(PIT.coordinates, WORKS.coordinates)
    assert one.worst == far / 10
    assert (one.against, one.author, one.evidence) == ("road", "bolt", (f"{2:064x}",))
    assert "from Pit (acme:pit) to Works (bolt:works), at least 151 km by road, in 10 h 0 min" in (
        one.sentence
    )


def test_periods_count_from_their_first_moment_to_their_last():
    tale = travelled(10, end=START + timedelta(hours=9))
    slow = travelled(10)

    assert figures(tale.observed("PL-05")) == figures(slow.observed("PL-05"))
    [one] = slow.observed("PL-05")
    assert one.against == "unstated"
    assert " by " not in one.sentence


def test_who_arrives_before_leaving_is_faster_than_anything():
    [one] = travelled(-3).observed("PL-05")

    assert one.worst == straight_line_km(PIT.coordinates, WORKS.coordinates) * 3600
    assert "arrived before it left" in one.sentence


def test_without_coordinates_it_cannot_be_told():
    nowhere = replace(WORKS, coordinates=None)
    [one] = travelled(sites=(PIT, nowhere)).observed("PL-05")
    assert (one.worst, one.missing) == (None, ("coordinates of Works (bolt:works)",))

    [one] = travelled(sites=(replace(PIT, coordinates=None),)).observed("PL-05")
    assert one.missing == ("coordinates of Pit (acme:pit)", "coordinates of bolt:works")


def test_only_a_journey_between_two_places_is_measured():
    tale = Tale()
    tale.mined()
    tale.received()
    assert tale.observed("PL-05") == []

    tale = Tale()
    tale.mined()
    tale.sent()
    tale.received(facility="acme:pit")
    assert tale.observed("PL-05") == []


# ── late, and at night ────────────────────────────────────────────────────────────────────


def test_a_delay_counts_from_the_end_of_the_event():
    tale = Tale()
    tale.mined(end=START, received_at=START + timedelta(days=40))
    tale.mined("acme:L2", end=START, received_at=START - timedelta(minutes=3))

    told = tale.observed("PL-06")

    assert figures(told) == [40, 0]
    assert told[0].sentence == "the extraction of 2026-03-01 was stated 40 days later"


LATE = START + timedelta(days=60)


def test_what_waited_for_a_lot_that_was_stated_late_counts_from_when_the_lot_was_known():
    tale = Tale()
    tale.mined(end=START, received_at=LATE)
    tale.sent(received_at=LATE + timedelta(hours=12))

    dug, sent = tale.observed("PL-06")

    assert (dug.worst, sent.worst) == (60, Fraction(1, 2))
    assert sent.sentence == (
        "the shipment of 2026-03-03 was stated 12 h 0 min later than its lots were on the ledger"
    )


@given(
    steps=st.lists(
        st.tuples(st.integers(0, 90), st.integers(0, 90), st.booleans()), min_size=1, max_size=6
    )
)
def test_of_what_is_stated_late_something_is_always_doubted(steps):
    """Waiting excuses nobody: the latest statement is no later than all delays together."""
    tale, lot = Tale(), "acme:L0"
    known = START
    for number, (happened, waited, is_making) in enumerate(steps):
        end = START + timedelta(days=happened)
        known = max(known, end) + timedelta(days=waited)
        told = {"at": end, "end": end, "received_at": known}
        if not number:
            tale.mined(lot, **told)
        elif is_making:
            lot, before = f"acme:L{number}", lot
            tale.add("transformation", take(before), make(lot), **told)
        else:
            tale.sent(lot, **told)

    observed = tale.observed("PL-06")

    entry = f"{len(steps):064x}"
    late = (known - tale.told[entry].end) / timedelta(days=1)
    assert sum(max(one.worst for one in observed if one.entry == act) for act in tale.told) >= late


def test_nothing_is_waited_for_but_the_lots_that_a_statement_is_about():
    tale = Tale()
    tale.mined(end=START, received_at=START)
    tale.add("assay", assayed("acme:L1", "30"), at=LATE, received_at=LATE)
    tale.sent(at=START + timedelta(days=1), received_at=LATE)

    assert [one.worst for one in tale.observed("PL-06")] == [0, 0, 59]


def test_a_receipt_may_come_ahead_and_so_waits_for_nothing():
    tale = Tale()
    tale.mined(end=START, received_at=LATE)
    tale.sent(received_at=LATE)
    tale.received(at=START + timedelta(days=4), received_at=LATE)

    assert [one.worst for one in tale.observed("PL-06")] == [60, 0, 56]


def test_what_happened_before_its_lot_began_did_not_wait_for_it():
    tale = Tale()
    tale.mined(at=START + timedelta(days=9), received_at=LATE)
    tale.sent(at=START, received_at=LATE)

    assert [one.worst for one in tale.observed("PL-06")] == [51, 60]


def test_a_product_waits_for_all_that_went_into_it_and_each_of_them_for_itself():
    """So what is said of a lot is the same whether or not its fellows are looked at too."""
    tale = Tale()
    tale.mined("acme:L1", end=START, received_at=START)
    tale.mined("acme:L2", end=START, received_at=LATE)
    tale.add(
        "transformation",
        take("acme:L1"),
        take("acme:L2"),
        make("acme:K"),
        at=START + timedelta(days=5),
        received_at=LATE + timedelta(days=1),
    )

    late = {one.lot: one.worst for one in tale.observed("PL-06")[2:]}

    assert late == {"acme:L1": 56, "acme:L2": 1, "acme:K": 1}


@pytest.mark.parametrize(("day", "is_closed"), [(1, True), (2, True), (3, False)])
def test_what_happened_within_books_that_were_closed_by_then_says_so(day, is_closed):
    tale = Tale()
    closed = {"closed_until": START.date() + timedelta(days=1), "closed_by": "c" * 64}
    end = START + timedelta(days=day - 1)
    tale.mined(end=end, received_at=end + timedelta(days=4), **closed)

    [told] = tale.observed("PL-06")

    assert (told.against == CLOSED) is is_closed
    assert told.evidence == (("c" * 64,) if is_closed else ())
    assert ("after its author had closed its books up to 2026-03-02" in told.sentence) is is_closed


@pytest.mark.parametrize(("hour", "minute"), [(3, 180), (23, 1380)])
def test_the_hour_of_entry_is_that_of_the_place(hour, minute):
    zone = timezone(timedelta(hours=-5))
    tale = Tale()
    tale.mined(
        end=datetime(2026, 3, 1, 10, tzinfo=zone),
        received_at=datetime(2026, 3, 2, (hour + 5) % 24, tzinfo=UTC),
        names={"person": ("",)},
    )
    tale.mined("acme:L2")

    [one] = tale.observed("PL-09")

    assert one.worst == minute
    assert f"was entered by hand at {hour:02}:00" in one.sentence
