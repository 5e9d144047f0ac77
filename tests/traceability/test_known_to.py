"""Who may know a lot is derived from what happened to it; rows of before are derived anew."""

from importlib import import_module

import pytest
from django.db import connection

from tests.builders import (
    correction,
    extraction,
    facility,
    owned_by,
    passing,
    receipt,
    received,
    shipment,
    split,
    taken,
    transfer,
    void,
)
from tests.traceability.api.world import client, token
from traceability.models import Lot, Movement
from traceability.publishing import publish_checkpoint

pytestmark = pytest.mark.django_db(transaction=True)
RECOMPUTED = import_module("traceability.migrations.0010_known_to_parts").RECOMPUTED
MINE_CO = {"name": "Mine Co", "country": "CA"}


@pytest.fixture
def sold(alice, bob, ledger):
    """Alice sells N to bob, who sells a part of it to carol, who parts that; the entries."""
    carol = ledger("carol")
    alice.records(
        extraction("alice:N"),
        shipment("alice:c1", "bob", taken("alice:N", "100")),
        transfer(passing("alice:N", "alice", "bob")),
    )
    bob.records(
        receipt("alice:c1", received("alice:N", "100"), at="bob:smelter"),
        shipment("bob:c2", "carol", taken("bob:P", "3", **{"from": "alice:N"}), at="bob:smelter"),
    )
    carol.records(receipt("bob:c2", received("bob:P", "3"), at="carol:smelter"))
    [entry] = carol.records(split("bob:P", taken("carol:PART", "1"), at="carol:smelter"))
    publish_checkpoint()
    return entry


def known():
    return {lot.id: list(lot.known_to) for lot in Lot.objects.all()}


def derived():
    """What the movements say of every lot."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, ledger_known_to(id) FROM traceability_lot")
        return dict(cursor.fetchall())


def recorded_as_once():
    """Let everybody who knows a lot know its parts, and theirs, as it was recorded before."""
    parts = Movement.objects.filter(role="make").order_by("recorded_order")
    for row in parts:
        if "from" in row.facts:
            part, whole = Lot.objects.get(id=row.lot), Lot.objects.get(id=row.facts["from"])
            part.known_to = sorted({*part.known_to, *whole.known_to})
            Lot.objects.filter(id=part.id).update(known_to=part.known_to)


def derive_anew():
    with connection.cursor() as cursor:
        cursor.execute(RECOMPUTED)


def test_a_mine_that_sold_learns_nothing_of_its_customers_customers(sold):
    token("alice")
    told = client("alice").get("/api/v1/lots").json()["items"]
    assert [lot["id"] for lot in told] == ["alice:N"]
    for lot in ("bob:P", "carol:PART"):
        for path in ("", "/provenance", "/bundle", "/descendants", "/verdicts"):
            answer = client("alice").get(f"/api/v1/lots/{lot}{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "unknown_lot")
    assert client("alice").get(f"/api/v1/statements/{sold}").status_code == 404


def test_rows_of_before_are_derived_anew_from_what_happened(sold):
    as_it_should_be = known()
    recorded_as_once()
    assert "alice" in known()["carol:PART"]
    derive_anew()
    assert known() == as_it_should_be


def test_what_is_kept_of_every_lot_is_what_its_movements_say(alice, bob, ledger):
    carol = ledger("carol")
    owners = owned_by("alice", "carol")
    alice.records(
        extraction("alice:A", owners=owned_by("alice", "bob")),
        extraction("alice:B"),
        facility("alice:foreign", operator=MINE_CO),
    )
    reported = {"operator": MINE_CO, "basis": "papers"}
    [told, other] = alice.records(
        extraction("alice:R", at="alice:foreign", reported=reported), extraction("alice:O")
    )
    alice.records(correction(other, extraction("alice:O", owners=owners), "alice:O"))
    [passed] = alice.records(transfer(passing("alice:B", "alice", "bob", "20")))
    alice.records(void(passed, "alice:B"))
    [parted] = alice.records(split("alice:B", taken("alice:B1", "5")))
    alice.records(correction(parted, split("alice:B", taken("alice:B2", "5")), *B_AND_PARTS))
    alice.records(transfer(passing("alice:B", "alice", {"name": "Fund"}, "20")))
    [gone] = alice.records(transfer(passing("alice:B2", "alice", "carol")))
    alice.records(void(gone, "alice:B2"))
    bob.records(
        receipt("alice:c1", received("alice:A", "60", "40", "bob:REJECTED"), at="bob:smelter")
    )
    alice.records(shipment("alice:c1", "bob", taken("alice:A", "100")))
    alice.records(shipment("alice:c2", "carol", taken("alice:B2", "5")))
    carol.records(
        receipt("alice:c2", received("alice:B2", "4", "1", "carol:REJECTED"), at="carol:smelter")
    )
    alice.records(facility("alice:foreign", operator={"organization": "carol"}))
    replacement = extraction("alice:R", at="alice:foreign", owners=owned_by("bob"))
    carol.records(correction(told, replacement, "alice:R"))

    assert derived() == known()
    assert known()["alice:B2"] == ["alice", "carol"]
    assert known()["alice:R"] == ["alice", "bob", "carol"]
    assert known()["bob:REJECTED"] == ["alice", "bob"]
    assert known()["carol:REJECTED"] == ["alice", "carol"]


B_AND_PARTS = ("alice:B", "alice:B1", "alice:B2")
