"""Lots weighed again at other water, as the database tells of them: up, down, and alike."""

import pytest

from tests.traceability.ledger.paper_ledger import company, new_lot
from tests.traceability.stored_ledger import StoredLedger
from traceability.descending import passages
from traceability.ledger.provenance import propagate
from traceability.ledger.recall import OfLot, recalled
from traceability.publishing import publish_checkpoint
from traceability.tracing import lot_histories
from traceability.upstream import provenance_of

pytestmark = pytest.mark.django_db
T = 10**9
WETTER = "0.117647058824"  # of 102 t, where of 100 t it was 0.1: as much dry substance
COPPER = {"element": "Cu", "value": "30", "unit": "percent", "basis": "dry"}


def wet(value, moisture=None):
    told = {"value": value, "unit": "t", "basis": "wet"}
    return told if moisture is None else told | {"moisture": moisture}


def lot(name, value, moisture=None, **more):
    return new_lot(name, value) | {"quantity": wet(value, moisture)} | more


def assay(ledger, author, name, percent="30", moisture=None):
    body = {
        "lot": name,
        "laboratory": {"name": "Lab"},
        "party": "buyer",
        "method": "ICP",
        "status": "final",
        "results": [COPPER | {"value": percent}],
    }
    if moisture is not None:
        body["moisture"] = moisture
    return ledger.say("custody.assay", author, body)


def send(ledger, name, left, *, by="acme", to="bolt", at="acme:mine", number=1):
    body = {
        "facility": at,
        "consignment": f"{by}:{number}",
        "consignee": {"organization": to},
        "lots": [{"lot": name, "quantity": wet(left)}],
    }
    ledger.say("custody.shipment", by, body)


def arrive(ledger, name, *, by="acme", to="bolt", at="bolt:plant", number=1, **weighed):
    body = {"facility": at, "consignment": f"{by}:{number}", "lots": [{"lot": name} | weighed]}
    return ledger.say("custody.receipt", to, body)


@pytest.fixture
def ledger():
    """Acme mines 100 t with 10 % water, of which 27 t are copper, and sends it to bolt."""
    told = StoredLedger()
    company(told, "acme", "acme:mine")
    company(told, "bolt", "bolt:plant")
    mined = {"facility": "acme:mine", "lot": lot("acme:L", "100", "0.1", assays=[COPPER])}
    told.say("custody.extraction", "acme", mined)
    send(told, "acme:L", "100")
    return told


def held(name):
    """Return the copper of a lot as it was made, and as it is, with the sources of that."""
    history = lot_histories([name], size=publish_checkpoint())
    contents = propagate(history.steps, elements=["Cu"])
    made, now = contents[name].contents["Cu"], contents[history.last[name]].contents["Cu"]
    return made.total_mg, now.total_mg, now.sources


def recall(name):
    """Return what is out of each lot that came of one, read passage by passage."""
    size = publish_checkpoint()
    hits = recalled(OfLot(lot=name), passages([name], size=size, elements=["Cu"]), elements=["Cu"])
    return {hit.lot: (hit.portions["Cu"].out_mg, hit.portions["Cu"].high_mg) for hit in hits}


def test_the_same_dry_metal_arrives(ledger):
    arrive(ledger, "acme:L", accepted=wet("102", WETTER))
    assay(ledger, "bolt", "acme:L", moisture=WETTER)

    assert held("acme:L") == (27 * T, 27 * T, {"mined:acme:L": 27 * T})
    assert recall("acme:L") == {"acme:L": (27 * T, 27 * T)}
    [line] = provenance_of("acme:L", size=publish_checkpoint(), reader="bolt").elements
    assert (line.low_mg, line.high_mg) == (str(27 * T), str(27 * T))
    assert [source.kind for source in line.sources] == ["mined"]


def test_a_moisture_that_only_an_assay_states_is_of_what_was_weighed(ledger):
    arrive(ledger, "acme:L", accepted=wet("102"))
    assay(ledger, "bolt", "acme:L", "20", moisture=WETTER)

    assert held("acme:L")[:2] == (18 * T, 18 * T)
    assert recall("acme:L") == {"acme:L": (18 * T, 18 * T)}


def test_a_receipt_that_is_corrected_or_voided_takes_its_water_along(ledger):
    entry = arrive(ledger, "acme:L", accepted=wet("102"))
    assert held("acme:L")[1] == 27_540_000_000
    body = {
        "facility": "bolt:plant",
        "consignment": "acme:1",
        "lots": [{"lot": "acme:L", "accepted": wet("102", WETTER)}],
    }
    amended = {"replaces": entry, "reason": "moisture left out", "lots": ["acme:L"]}
    replacement = {"effective": "2026-03-02T10:00:00-05:00", "body": body}
    amended = amended | {"replacement": replacement}
    entry = ledger.say("custody.correction", "bolt", amended, effective="2026-03-03")
    assert held("acme:L")[1] == 27 * T


def test_what_is_accepted_has_the_water_of_what_is_accepted(ledger):
    arrive(
        ledger,
        "acme:L",
        accepted=wet("60", "0.2"),
        rejected=wet("40", "0.1"),
        rejected_lot="bolt:R",
        rejection_reason="wet",
    )

    size = publish_checkpoint()
    history = lot_histories(["acme:L", "bolt:R"], size=size)
    contents = propagate(history.steps, elements=["Cu"])
    assert contents["acme:L~1"].contents["Cu"].total_mg == 24 * T
    assert contents["bolt:R"].contents["Cu"].total_mg == 9_600_000_000  # as part of the same


def test_what_was_wholly_rejected_has_the_water_it_was_weighed_with(ledger):
    arrive(ledger, "acme:L", rejected=wet("102", WETTER), rejection_reason="late")

    assert held("acme:L")[1:] == (27 * T, {"mined:acme:L": 27 * T})


def test_a_receipt_ahead_of_its_shipment_brings_its_water():
    told = StoredLedger()
    company(told, "acme", "acme:mine")
    company(told, "bolt", "bolt:plant")
    mined = {"facility": "acme:mine", "lot": lot("acme:L", "100", "0.1", assays=[COPPER])}
    told.say("custody.extraction", "acme", mined)
    arrive(told, "acme:L", accepted=wet("102", WETTER))
    send(told, "acme:L", "100")

    assert held("acme:L")[1] == 27 * T


def test_a_by_product_sold_and_weighed_elsewhere_keeps_the_water_it_was_made_with(ledger):
    """What its buyer finds tells nothing of the water, nor of the metal, that left the works."""
    arrive(ledger, "acme:L", accepted=wet("100"))
    outputs = [
        lot("bolt:C", "30", "0", role="product"),
        lot("bolt:B", "10", "0.5", role="by_product", assays=[COPPER]),
    ]
    feed = {"lot": "acme:L", "quantity": wet("100"), "role": "feed"}
    body = {"facility": "bolt:plant", "stage": "smelting", "inputs": [feed], "outputs": outputs}
    ledger.say("custody.transformation", "bolt", body)
    company(ledger, "carl", "carl:plant")
    send(ledger, "bolt:B", "10", by="bolt", to="carl", at="bolt:plant", number=2)
    arrive(ledger, "bolt:B", by="bolt", to="carl", at="carl:plant", number=2, accepted=wet("9"))
    assay(ledger, "carl", "bolt:B", moisture="0.1")

    made, _now, _sources = held("bolt:C")

    assert made == 25_500_000_000  # 27 t, but for 1.5 t in 10 t of by-product, half of it water
    assert recall("acme:L")["bolt:C"] == (made, made)
    assert recall("acme:L")["bolt:B"][1] == 2_430_000_000


def test_a_count_with_other_water_moves_no_metal(ledger):
    arrive(ledger, "acme:L", accepted=wet("100"))
    count = {"lot": "acme:L", "quantity": wet("98", "0.081632653061"), "reason": "dried"}
    ledger.say("custody.stocktake", "bolt", {"facility": "bolt:plant", "counts": [count]})

    assert held("acme:L")[1:] == (27 * T, {"mined:acme:L": 27 * T})
