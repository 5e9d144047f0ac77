"""Where a lot travelled: exact for whom a site is open, by country for everybody else."""

import pytest

from tests.traceability.api.world import register
from tests.traceability.ledger.paper_ledger import (
    company,
    extract,
    mine_and_buyer,
    receive,
    ship,
    smelt,
    split,
    tonnes,
)
from tests.traceability.stored_ledger import StoredLedger
from traceability import journeys
from traceability.journeys import journey_of
from traceability.publishing import publish_checkpoint
from traceability.tracing import lot_history, published_size

pytestmark = pytest.mark.django_db


def place(ledger, facility, country, latitude, longitude):
    """State where a company's site is."""
    body = {
        "facility": facility,
        "name": f"The {facility.partition(':')[2]} of {facility.partition(':')[0]}",
        "types": ["mine", "smelter"],
        "country": country,
        "operator": {"organization": facility.partition(":")[0]},
        "latitude": latitude,
        "longitude": longitude,
    }
    ledger.say("registry.facility", facility.partition(":")[0], body, effective="2026-01-03")


@pytest.fixture
def ledger():
    """Acme mines L2 in Zambia, bolt smelts it into C in Japan and ships D to cell in Canada."""
    ledger = mine_and_buyer(StoredLedger())
    place(ledger, "acme:mine", "ZM", "-12.40", "26.60")
    place(ledger, "bolt:plant", "JP", "34.46", "133.99")
    company(ledger, "cell", "cell:plant")
    return ledger


def sent_on(ledger, **more):
    body = {
        "facility": "bolt:plant",
        "consignment": "bolt:7",
        "consignee": {"organization": "cell"},
        "lots": [{"lot": "bolt:C", "quantity": tonnes("12")}],
    }
    return ledger.say("custody.shipment", "bolt", body | more)


def arrives(ledger):
    body = {
        "facility": "cell:plant",
        "consignment": "bolt:7",
        "lots": [{"lot": "bolt:C", "accepted": tonnes("12")}],
    }
    ledger.say("custody.receipt", "cell", body, effective="2026-03-09T10:00:00-05:00")


def journey(lot, organization):
    publish_checkpoint()
    return journey_of(lot_history(lot, size=published_size()), lot, organization)


def legs_of(told):
    return [
        (row.source.label, row.target.label if row.target else None, row.leg.shipments, row.km)
        for row in told.legs
    ]


def test_the_operator_sees_sites_dates_and_distances(ledger):
    told = journey("bolt:C", "operator")

    assert legs_of(told) == [("The mine of acme", "The plant of bolt", 1, 12_369)]
    [row] = told.legs
    assert (str(row.leg.first_on), str(row.leg.arrived_on)) == ("2026-03-01", "2026-03-01")
    assert [(one.number, one.label) for one in told.places] == [
        (1, "The mine of acme"),
        (2, "The plant of bolt"),
    ]
    assert all(marker.is_exact for marker in told.picture.markers)
    assert len(told.picture.arcs) == 1


def test_a_buyer_sees_of_a_site_that_is_not_open_its_country_and_no_position(ledger):
    told = journey("bolt:C", "cell")

    assert legs_of(told) == [
        ("Zambia (name not opened)", "Japan (name not opened)", 1, None),
    ]
    assert [place.is_exact for place in told.places] == [False, False]
    positions = [place.position for place in told.places]
    assert (26.6, -12.4) not in positions
    assert (133.99, 34.46) not in positions
    assert not any(marker.is_exact for marker in told.picture.markers)


def test_who_runs_one_end_sees_that_end_exactly(ledger):
    assert legs_of(journey("bolt:C", "bolt")) == [
        ("Zambia (name not opened)", "The plant of bolt", 1, None)
    ]


def test_sites_of_one_country_that_are_not_open_are_one_place(ledger):
    place(ledger, "bolt:plant", "ZM", "-15", "28")

    told = journey("bolt:C", "cell")

    assert [one.label for one in told.places] == ["Zambia (name not opened)"]
    assert legs_of(told) == [("Zambia (name not opened)", "Zambia (name not opened)", 1, None)]
    assert told.picture.arcs == ()


def test_what_became_of_the_rest_of_an_ancestor_is_not_on_the_way(ledger):
    ship(ledger, "acme:L1", "60", number=2)
    receive(ledger, "acme:L1", "60", number=2)

    assert [leg[2] for leg in legs_of(journey("bolt:C", "operator"))] == [1]


def test_a_shipment_that_has_not_arrived_has_no_end(ledger):
    sent_on(ledger)

    assert legs_of(journey("bolt:C", "operator"))[1:] == [("The plant of bolt", None, 1, None)]


def test_a_receipt_ahead_of_its_shipment_tells_where_it_arrived(ledger):
    arrives(ledger)
    sent_on(ledger)

    told = journey("bolt:C", "operator")

    assert legs_of(told)[1][:3] == ("The plant of bolt", "cell:plant", 1)
    assert str(told.legs[1].leg.arrived_on) == "2026-03-09"


ROUTE = [
    {
        "place": {"name": "Kobe", "country": "JP", "latitude": "34.7", "longitude": "135.2"},
        "transport_mode": "sea",
        "under_customs_control": True,
    },
    {"place": {"unlocode": "CAVAN"}},
    {"place": {}},
]


def test_what_was_passed_on_the_way_is_told_to_who_may_read_the_statement(ledger):
    sent_on(ledger, route=ROUTE, transport_mode="rail")
    arrives(ledger)

    for reader in ("operator", "cell", "bolt"):
        row = journey("bolt:C", reader).legs[-1]
        assert row.leg.modes == ["rail", "sea"]
        assert row.leg.past == ["Kobe, Japan (under customs control)", "CAVAN"]
        assert row.leg.positions == [(135.2, 34.7)]


def test_what_was_passed_is_not_told_to_others(ledger):
    sent_on(ledger, route=ROUTE)
    arrives(ledger)
    register(ledger, "club", "club")
    ledger.say("custody.offer", "cell", {"lots": ["bolt:C"], "audience": ["club"]})

    row = journey("bolt:C", "club").legs[-1]

    assert (row.leg.modes, row.leg.past, row.leg.positions) == ([], [], [])


def test_a_former_holder_does_not_learn_where_the_buyer_sent_the_lot(ledger):
    later = {
        "facility": "cell:plant",
        "consignment": "cell:1",
        "consignee": {"name": "Somebody", "country": "DE"},
        "lots": [{"lot": "bolt:C", "quantity": tonnes("12")}],
    }
    sent_on(ledger)
    arrives(ledger)
    sold = {"lot": "bolt:C", "from": {"organization": "bolt"}, "to": {"organization": "cell"}}
    ledger.say("custody.transfer", "bolt", {"items": [sold]})
    ledger.say("custody.shipment", "cell", later)

    assert [leg[0] for leg in legs_of(journey("bolt:C", "cell"))][-1] == "cell:plant"
    known = legs_of(journey("bolt:C", "bolt"))
    assert [leg[0] for leg in known] == ["Zambia (name not opened)", "The plant of bolt"]


def test_a_correction_of_a_shipment_tells_its_route_anew(ledger):
    shipped = sent_on(ledger)
    body = {
        "facility": "bolt:plant",
        "consignment": "bolt:7",
        "consignee": {"organization": "cell"},
        "lots": [{"lot": "bolt:C", "quantity": tonnes("12")}],
        "transport_mode": "road",
    }
    replacement = {"effective": "2026-03-01T10:00:00-05:00", "body": body}
    correction = {
        "replaces": shipped,
        "reason": "by road",
        "lots": ["bolt:C"],
        "replacement": replacement,
    }
    ledger.say("custody.correction", "bolt", correction, effective="2026-03-02")

    assert journey("bolt:C", "cell").legs[-1].leg.modes == ["road"]


def test_a_lot_that_never_moved_has_a_place_and_no_leg(ledger):
    told = journey("acme:L1", "acme")

    assert [one.label for one in told.places] == ["The mine of acme"]
    assert told.legs == ()


def test_many_legs_become_legs_between_countries(ledger, monkeypatch):
    monkeypatch.setattr(journeys, "MOST_LEGS", 1)
    monkeypatch.setattr(journeys, "MOST_DRAWN", 1)
    monkeypatch.setattr(journeys, "MOST_TOLD", 2)
    ledger.say(
        "registry.facility",
        "acme",
        {
            "facility": "acme:second",
            "name": "Second",
            "types": ["mine"],
            "country": "ZM",
            "operator": {"organization": "acme"},
        },
        effective="2026-01-03",
    )
    extract(ledger, "acme:L3", "10")
    split(ledger, "acme:L3", "acme:L4", "5")
    ship(ledger, "acme:L4", "5", number=3)
    receive(ledger, "acme:L4", "5", number=3)
    smelt(ledger, [("acme:L4", "5"), ("bolt:C", "12")], "bolt:E", "9")
    sent_on(ledger, lots=[{"lot": "bolt:E", "quantity": tonnes("9")}])

    told = journey("bolt:E", "operator")

    assert legs_of(told) == [("Zambia", "Japan", 2, None), ("Japan", None, 1, None)]
    assert not any(one.is_exact for one in told.places)
    assert (told.undrawn, told.more) == (0, 0)


def test_a_lot_takes_a_handful_of_queries(ledger, django_assert_max_num_queries):
    publish_checkpoint()
    history = lot_history("bolt:C", size=published_size())

    with django_assert_max_num_queries(20):
        journey_of(history, "bolt:C", "cell")
