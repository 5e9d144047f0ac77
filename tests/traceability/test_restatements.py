"""Late knowledge: a correction leaves a lot below zero, and everybody it touches learns it."""

import pytest

from tests.builders import (
    Company,
    blend,
    correction,
    extraction,
    loss,
    new_lot,
    receipt,
    received,
    shipment,
    split,
    stocktake,
    taken,
)
from tests.traceability.api.world import client, token
from tests.traceability.conftest import register
from tests.traceability.logbook import verify_states
from traceability.models import Lot
from traceability.publishing import publish_checkpoint
from traceability.registering import begin_ledger
from traceability.restatements import restatements
from traceability.tracing import lot_history, published_size
from traceability.upstream import provenance_of
from traceability.verifying import verify_stored_log

pytestmark = pytest.mark.django_db(transaction=True)
T = 1_000_000_000


@pytest.fixture
def short(settings, tmp_path):
    """Alice splits 60 t off 100 t, blends them on, and then finds that she had mined 50 t."""
    settings.GUARD_PATH = str(tmp_path / "checkpoint")
    begin_ledger(operator="operator", name="O", country="CA", effective="2026-01-01")
    for name in ("alice", "bob"):
        register(name)
    alice = Company("alice")
    [mined] = alice.records(extraction("alice:0", "100"))
    alice.records(
        split("alice:0", taken("alice:1", "60"), at="alice:mine"),
        blend([taken("alice:1", "10")], new_lot("alice:2", "10"), at="alice:mine"),
    )
    [amended] = alice.records(correction(mined, extraction("alice:0", "50"), "alice:0"))
    publish_checkpoint()
    return amended


def test_a_lot_below_zero_is_reported_with_the_amount_the_cause_and_what_was_made_of_it(short):
    lots = list(Lot.objects.all())
    [told] = restatements(lots, "alice")
    assert (told.lot.id, told.shortfall) == ("alice:0", 10 * T)
    assert told.because.hash == short
    assert told.affected == ["alice:1", "alice:2"]
    assert told.elsewhere == 0


def test_the_interface_lists_restatements_to_who_sees_the_lot_and_to_nobody_else(short):
    for name in ("alice", "bob", "operator"):
        token(name)
    [line] = client("alice").get("/api/v1/restatements").json()["items"]
    assert line == {
        "lot": "alice:0",
        "shortfall": str(10 * T),
        "unit": "mg",
        "because": short,
        "on": "2026-03-01",
        "affected": ["alice:1", "alice:2"],
        "elsewhere": 0,
    }
    assert client("operator").get("/api/v1/restatements").json()["items"] == [line]
    assert client("bob").get("/api/v1/restatements").json()["items"] == []


def test_once_covered_a_lot_is_no_longer_restated(short):
    Company("alice").records(correction(short, extraction("alice:0", "60"), "alice:0"))
    assert restatements(list(Lot.objects.all()), "alice") == []


def test_a_lot_that_was_counted_since_is_still_short_of_what_it_gave(settings, tmp_path):
    settings.GUARD_PATH = str(tmp_path / "checkpoint")
    begin_ledger(operator="operator", name="O", country="CA", effective="2026-01-01")
    register("alice")
    token("alice")
    alice = Company("alice")
    pure = [{"element": "Cu", "value": "100", "unit": "percent", "basis": "wet"}]
    [mined] = alice.records(extraction("alice:0", "100", assays=pure))
    alice.records(
        split("alice:0", taken("alice:1", "80"), at="alice:mine"),
        stocktake(taken("alice:0", "20.5"), at="alice:mine"),
    )
    assert client("alice").get("/api/v1/restatements").json()["items"] == []

    amended = correction(mined, extraction("alice:0", "50", assays=pure), "alice:0")
    [head] = alice.records(amended)
    publish_checkpoint()

    assert Lot.objects.get(id="alice:0").amount == 20.5 * T
    [told] = restatements(list(Lot.objects.all()), "alice")
    assert (told.lot.id, told.shortfall, told.because.hash) == ("alice:0", 30 * T, head)
    assert told.affected == ["alice:1"]
    [line] = client("alice").get("/api/v1/restatements").json()["items"]
    assert line["shortfall"] == str(30 * T)
    [copper] = provenance_of("alice:1", size=published_size(), reader="alice").elements
    assert {one.kind: one.mass_mg for one in copper.sources} == {
        "mined": str(50 * T),
        "shortfall": str(30 * T),
    }
    verify_states()


def test_what_a_buyer_weighed_stands_through_everything_its_supplier_amends(settings, tmp_path):
    settings.GUARD_PATH = str(tmp_path / "checkpoint")
    begin_ledger(operator="operator", name="O", country="CA", effective="2026-01-01")
    for name in ("alice", "bob"):
        register(name)
    alice, bob = Company("alice"), Company("bob")
    [mined] = alice.records(extraction("alice:0", "100"))
    alice.records(shipment("alice:C", "bob", taken("alice:0", "100"), at="alice:mine"))
    [received_at] = bob.records(receipt("alice:C", received("alice:0", "98"), at="bob:smelter"))
    [head] = alice.records(correction(mined, extraction("alice:0", "60"), "alice:0"))
    assert Lot.objects.get(id="alice:0").amount == 98 * T

    # In one batch, and on top of what a correction left as it was.
    alice.records(
        extraction("alice:1", "5"), correction(head, extraction("alice:0", "70"), "alice:0")
    )
    bob.records(loss("alice:0", "8", at="bob:smelter"))
    bob.records(
        correction(
            received_at, receipt("alice:C", received("alice:0", "97"), at="bob:smelter"), "alice:0"
        )
    )
    assert Lot.objects.get(id="alice:0").amount == 89 * T
    publish_checkpoint()
    verify_states()
    verify_stored_log()
    told = lot_history("alice:0", size=published_size())
    assert told.balances["alice:0"] == 89 * T
