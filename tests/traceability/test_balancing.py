"""The books of a site: read from the record, period by period, for those who may."""

from datetime import date

import pytest

from tests.traceability.api.world import register
from tests.traceability.ledger.paper_ledger import (
    company,
    extract,
    mine_and_buyer,
    new_lot,
    receive,
    ship,
    tonnes,
)
from tests.traceability.stored_ledger import StoredLedger
from traceability import balancing, seeing
from traceability.balancing import period_of, site_books
from traceability.errors import ImpossiblePeriod, SiteTooBusy
from traceability.ledger.balances import Amount
from traceability.models import Facility, Lot
from traceability.publishing import publish_checkpoint

pytestmark = pytest.mark.django_db
T = 10**9
YEAR = (date(2026, 1, 1), date(2026, 12, 31))


@pytest.fixture
def ledger():
    """Acme mines L1, splits L2 off and ships it to bolt, who smelts it with own stock into C."""
    return mine_and_buyer(StoredLedger())


def books(site, first=YEAR[0], last=YEAR[1]):
    publish_checkpoint()
    return site_books(Facility.objects.get(pk=site), first, last)


def tons(told, material="copper_concentrate"):
    [row] = [row for row in told.balance.materials if row.material == material]
    flows = {category: one.low / T for category, one in row.flows.items()}
    return row.opening.low / T, flows, row.closing.low / T


def test_the_books_of_a_mine_and_of_a_smelter(ledger):
    assert tons(books("acme:mine")) == (
        0,
        {"extracted": 100, "regrouped": 0, "shipped": -40},
        60,
    )
    assert tons(books("bolt:plant")) == (
        0,
        {"received": 39.9, "introduced": 5, "consumed": -35, "produced": 12},
        21.9,
    )


def test_the_closing_stock_is_what_the_lots_there_hold(ledger):
    for site in ("acme:mine", "bolt:plant"):
        held = Lot.objects.filter(facility=site).values_list("amount", flat=True)
        assert sum(row.closing.low for row in books(site).balance.materials) == sum(held)


def test_a_later_period_opens_with_what_the_earlier_one_closed_with(ledger):
    extract(ledger, "acme:L9", "7", effective="2026-05-01T10:00:00-05:00")

    early, late = books("acme:mine", last=date(2026, 4, 30)), books("acme:mine", date(2026, 5, 1))

    assert tons(early)[2] == tons(late)[0] == 60
    assert tons(late) == (60, {"extracted": 7}, 67)
    assert [line.lot for line in late.lines] == ["acme:L9"]


def test_lots_that_were_gone_before_the_period_are_not_read(ledger):
    extract(ledger, "acme:L9", "7", effective="2026-05-01T10:00:00-05:00")

    assert books("acme:mine", date(2026, 5, 1)).lots == 2  # what is left of L1, and L9
    assert books("acme:mine").lots == 3


def test_a_receipt_ahead_of_its_shipment_is_in_the_books_of_its_site(ledger):
    receive(ledger, "acme:L1", "58", number=2, effective="2026-03-04T10:00:00-05:00")
    ship(ledger, "acme:L1", "60", number=2, effective="2026-03-02T10:00:00-05:00")

    assert tons(books("acme:mine"))[2] == 0
    only_then = books("bolt:plant", date(2026, 3, 4), date(2026, 3, 4))
    assert tons(only_then) == (21.9, {"received": 58}, 79.9)


def test_a_correction_stands_in_the_place_of_what_it_replaces(ledger):
    entry = extract(ledger, "acme:L9", "7", effective="2026-05-01T10:00:00-05:00")
    body = {"facility": "acme:mine", "lot": new_lot("acme:L9", "9")}
    correction = {
        "replaces": entry,
        "reason": "typing error",
        "lots": ["acme:L9"],
        "replacement": {"effective": "2026-05-01T10:00:00-05:00", "body": body},
    }
    ledger.say("custody.correction", "acme", correction, effective="2026-06-01")

    assert tons(books("acme:mine", date(2026, 5, 1), date(2026, 5, 31)))[1] == {"extracted": 9}


def test_a_lot_corrected_before_it_was_counted_stays_in_the_books(ledger):
    entry = extract(ledger, "acme:L9", "100", effective="2026-04-01T10:00:00-05:00")
    count = {"lot": "acme:L9", "quantity": tonnes("90"), "reason": "monthly count"}
    taking = {"facility": "acme:mine", "counts": [count]}
    ledger.say("custody.stocktake", "acme", taking, effective="2026-04-30T10:00:00-05:00")
    body = {"facility": "acme:mine", "lot": new_lot("acme:L9", "10")}
    correction = {
        "replaces": entry,
        "reason": "typing error",
        "lots": ["acme:L9"],
        "replacement": {"effective": "2026-04-01T10:00:00-05:00", "body": body},
    }
    ledger.say("custody.correction", "acme", correction, effective="2026-06-01")

    assert Lot.objects.get(pk="acme:L9").amount == 90 * T
    assert tons(books("acme:mine", date(2026, 5, 1)))[0] == 60 + 90


def test_what_others_keep_at_a_site_is_not_in_its_books(ledger):
    company(ledger, "cell", "cell:plant")
    body = {
        "facility": "bolt:plant",
        "consignment": "bolt:7",
        "consignee": {"organization": "cell"},
        "lots": [{"lot": "bolt:C", "quantity": tonnes("12")}],
    }
    ledger.say("custody.shipment", "bolt", body)
    arrived = {
        "facility": "acme:mine",  # a warehouse for others
        "consignment": "bolt:7",
        "lots": [{"lot": "bolt:C", "accepted": tonnes("12")}],
    }
    ledger.say("custody.receipt", "cell", arrived)

    assert tons(books("acme:mine"))[2] == 60


def test_what_is_rejected_in_part_leaves_the_books(ledger):
    ship(ledger, "acme:L1", "60", number=2)
    item = {
        "lot": "acme:L1",
        "accepted": tonnes("50"),
        "rejected": tonnes("10"),
        "rejected_lot": "bolt:back",
        "rejection_reason": "wet",
    }
    body = {"facility": "bolt:plant", "consignment": "acme:2", "lots": [item]}
    ledger.say("custody.receipt", "bolt", body)

    told = tons(books("bolt:plant"))
    assert told[1]["returned"] == -10
    assert told[2] == 21.9 + 50


def test_contained_metal_is_a_range_where_it_is_not_measured(ledger):
    assay = {
        "lot": "acme:L1",
        "laboratory": {"name": "A laboratory"},
        "party": "seller",
        "method": "ICP",
        "status": "final",
        "results": [{"element": "Cu", "value": "30", "unit": "percent", "basis": "wet"}],
    }
    ledger.say("custody.assay", "acme", assay)

    [mine] = books("acme:mine").elements
    [smelter] = books("bolt:plant").elements

    assert (mine.element, mine.total.closing) == ("Cu", Amount(18 * T, 18 * T))
    closing = smelter.total.closing
    assert closing.low < closing.high


def test_a_site_of_too_many_lots_is_refused_with_a_hint(ledger, monkeypatch):
    monkeypatch.setattr(balancing, "MOST_LOTS", 1)

    with pytest.raises(SiteTooBusy) as refused:
        books("bolt:plant")
    assert refused.value.as_json()["lots"] == 3


def test_an_empty_site_has_empty_books(ledger):
    company(ledger, "cell", "cell:plant")

    told = books("cell:plant")
    assert (told.lots, told.balance.materials, told.elements, told.lines) == (0, (), (), ())


# ── periods ───────────────────────────────────────────────────────────────────────────────

TODAY = date(2026, 8, 9)


def test_a_period_is_this_year_so_far_unless_told():
    assert period_of("", "", today=TODAY) == (date(2026, 1, 1), TODAY)
    assert period_of("2026-02-03", "", today=TODAY) == (date(2026, 2, 3), TODAY)
    assert period_of("2027-01-01", "", today=TODAY) == (date(2027, 1, 1),) * 2
    assert period_of("2026-02-03", "2026-02-03", today=TODAY) == (date(2026, 2, 3),) * 2


@pytest.mark.parametrize(
    ("first", "last"),
    [("2026-02-30", ""), ("yesterday", ""), ("2026-03-02", "2026-03-01"), ("", "2025-12-31")],
)
def test_a_period_that_cannot_be_is_refused(first, last):
    with pytest.raises(ImpossiblePeriod):
        period_of(first, last, today=TODAY)


# ── who may read them ─────────────────────────────────────────────────────────────────────


def sites(organization, on=date(2026, 6, 1)):
    return set(seeing.sites_seen_in_full(organization, on=on).values_list("pk", flat=True))


def test_books_are_open_to_the_site_itself_to_its_auditors_and_to_the_operator(ledger):
    register(ledger, "audit", "auditor")
    body = {
        "grant": "acme:g",
        "auditor": "audit",
        "until": "2026-06-30",
        "facilities": ["acme:mine"],
        "lots": [],
    }
    ledger.say("registry.grant", "acme", body)

    assert sites("acme") == {"acme:mine"}
    assert sites("bolt") == {"bolt:plant"}
    assert sites("audit") == {"acme:mine"}
    assert sites("audit", on=date(2026, 7, 1)) == set()
    assert sites("operator") == {"acme:mine", "bolt:plant"}
    assert sites("nobody") == set()


def test_a_site_whose_operator_has_no_key_is_read_by_who_registered_it(ledger):
    body = {
        "facility": "acme:other",
        "name": "Other",
        "types": ["mine"],
        "country": "CA",
        "operator": {"name": "Somebody", "country": "CA"},
    }
    ledger.say("registry.facility", "acme", body, effective="2026-01-02")

    assert sites("acme") == {"acme:mine", "acme:other"}
