"""Lists, one lot, provenance, registry, log: what they say, in how many queries, and bad input."""

import base64
import json
import re
from fractions import Fraction

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLResolver, get_resolver

from tests.traceability.api.world import client
from tests.traceability.ledger.paper_ledger import new_lot, tonnes
from traceability.keeping import log_verifier
from traceability.ledger import tlog_proof
from traceability.ledger.bundle import parse_bundle
from traceability.ledger.checkpoint import open_checkpoint
from traceability.ledger.merkle import leaf_hash
from traceability.models import Checkpoint, Entry, LogIndex

pytestmark = pytest.mark.django_db
LISTS = (
    "statements",
    "rejections",
    "organizations",
    "facilities",
    "keys",
    "lots",
    "restatements",
)


def items(world, caller, path):
    answer = world.get(caller, path)
    assert answer.status_code == 200, answer.content
    return answer.json()["items"]


# ── lists ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", LISTS)
def test_pages_put_together_are_the_whole_list(world, path):
    whole = items(world, "operator", f"{path}?limit=200")
    paged, cursor = [], ""
    while cursor is not None:
        told = world.get("operator", f"{path}?limit=1{cursor and '&cursor=' + cursor}").json()
        assert len(told["items"]) <= 1
        paged += told["items"]
        cursor = told["next"]
    assert paged == whole


@pytest.mark.parametrize("path", LISTS)
def test_a_list_takes_as_many_queries_for_a_few_rows_as_for_many(world, path):
    def queries(limit):
        world.get("bolt", f"{path}?limit={limit}")  # readings are noted once
        with CaptureQueriesContext(connection) as asked:
            assert world.get("bolt", f"{path}?limit={limit}").status_code == 200
        return len(asked)

    assert queries(3) == queries(200) <= 16


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=",
        "limit=1e2",
        "limit=1&limit=2",
        "mineral=copper",
        "cursor=%00",
        "cursor=",
        "cursor=" + "1" * 200,
        "LIMIT=1",
    ],
)
@pytest.mark.parametrize("path", LISTS)
def test_a_query_that_means_nothing_is_refused(world, path, query):
    answer = world.get("bolt", f"{path}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("cursor", ["a", "-1", "9" * 19, "1.0"])
def test_a_cursor_of_another_list_is_refused(world, cursor):
    assert world.get("bolt", f"statements?cursor={cursor}").status_code == 400


def test_lots_are_filtered(world):
    def ids(query):
        return [lot["id"] for lot in items(world, "bolt", f"lots?{query}")]

    assert ids("creator=bolt") == ["bolt:C", "bolt:D", "bolt:S"]
    assert ids("state=in_transit") == ["acme:L1", "bolt:D"]
    assert ids("custodian=acme") == ["acme:L1"]
    assert ids("facility=bolt:plant&creator=acme") == ["acme:L2"]
    assert ids("material=copper_concentrate&limit=200") == ids("")
    assert ids("material=nickel_matte") == []


def test_a_filter_tells_a_former_holder_nothing_about_the_buyer(world):
    # audit sees acme:L2 through its grant; what bolt has of it is bolt's to tell.
    assert items(world, "audit", "lots?custodian=bolt") == []
    assert items(world, "audit", "lots?facility=bolt:plant") == []


def test_statements_are_filtered_by_kind_and_lot(world):
    kinds = {one["kind"] for one in items(world, "bolt", "statements?lot=bolt:C")}
    assert kinds == {"custody.transformation", "custody.offer", "custody.shipment"}
    [offer] = items(world, "bolt", "statements?lot=bolt:C&kind=custody.offer")
    assert offer["entry"] == world.entries["offer"]
    assert world.get("bolt", "statements?lot=rival:R").json()["code"] == "unknown_lot"


def test_a_statement_is_recorded_then_sequenced_then_published(world):
    newest, *_, oldest = items(world, "acme", "statements?limit=200")
    assert (newest["state"], newest["index"]) == ("recorded", None)
    assert (oldest["state"], oldest["index"]) == ("published", 1)  # it was registered first


def test_the_body_of_an_entry_hashes_to_its_name(world):
    told = world.get("cell", f"statements/{world.entries['to cell']}").json()
    assert leaf_hash(told["body"].encode()).hex() == told["entry"]


@pytest.mark.parametrize("entry", ["x", "0" * 63, "A" * 64, "é", "0" * 65])
@pytest.mark.parametrize("path", ["statements", "log/proofs"])
def test_what_is_no_hash_is_an_unknown_statement(world, path, entry):
    assert world.get("bolt", f"{path}/{entry}").json()["code"] == "unknown_statement"


# ── a lot ─────────────────────────────────────────────────────────────────────────────────


def test_a_lot_tells_its_state_and_its_history(world):
    told = world.get("bolt", "lots/acme:L2").json()
    lot = told["lot"]
    assert (lot["custodian"], lot["facility"], lot["country"]) == ("bolt", "bolt:plant", "CA")
    assert (lot["amount"], lot["unit"], lot["state"]) == (str(9_900_000_000), "mg", "held")
    assert [one["kind"] for one in told["history"]] == [
        *("custody.split", "custody.shipment", "custody.receipt", "custody.transformation")
    ]
    split, shipment, receipt, smelting = told["history"]
    assert (split["organization"], split["facility"], split["delta"]) == (None, None, None)
    assert (split["country"], split["on"]) == ("CA", "2026-03-01")
    assert shipment["organization"] == "acme"  # addressed to bolt
    assert receipt["delta"] == str(-100_000_000)
    assert smelting["delta"] == str(-30_000_000_000)
    assert told["is_complete"]


def test_a_former_holder_knows_the_lot_and_nothing_of_what_became_of_it(world):
    title = {"lot": "acme:L2", "from": {"organization": "acme"}, "to": {"organization": "bolt"}}
    world.ledger.say("custody.transfer", "acme", {"items": [title]})
    told = world.get("acme", "lots/acme:L2").json()
    known = {"id", "material", "form", "basis", "unit", "state"}
    assert told["lot"]["state"] == "passed_on"
    assert {name for name, value in told["lot"].items() if value is not None} == known
    kinds = [one["kind"] for one in told["history"]]
    assert "custody.receipt" in kinds  # it was the shipper
    assert "custody.transformation" not in kinds
    assert [lot["id"] for lot in items(world, "acme", "lots?custodian=bolt")] == []


def test_a_lot_on_its_way_names_the_sender_to_the_consignee(world):
    lot = world.get("cell", "lots/bolt:D").json()["lot"]
    assert (lot["state"], lot["custodian"], lot["consignee"]) == ("in_transit", "bolt", "cell")
    assert (lot["facility"], lot["consignment"]) == (None, "bolt:7")


def test_a_buyer_in_the_club_sees_the_offered_lot_without_the_sellers_sites(world):
    told = world.get("buyer", "lots/bolt:C").json()
    assert told["lot"]["amount"] == str(10_000_000_000)
    assert told["lot"]["facility"] is None
    assert {one["facility"] for one in told["history"]} == {None}
    assert {one["country"] for one in told["history"]} >= {"CA"}


def test_a_bundle_is_made_for_its_reader_and_verifies(world):
    answer = world.get("cell", "lots/bolt:D/bundle")
    assert "attachment" in answer["Content-Disposition"]
    assert parse_bundle(answer.content).lot == "bolt:D"


# ── provenance ────────────────────────────────────────────────────────────────────────────


def shares(told):
    return [
        Fraction(int(line["share"]["numerator"]), int(line["share"]["denominator"]))
        for line in told["sources"]
    ]


@pytest.mark.parametrize(
    ("caller", "mine"), [("bolt", None), ("buyer", None), ("operator", "acme:mine")]
)
def test_shares_of_every_element_add_up_to_one(world, caller, mine):
    told = world.get(caller, "lots/bolt:C/provenance").json()
    assert told["log_size"] == world.published
    [copper] = told["elements"]
    assert copper["element"] == "Cu"
    assert sum(shares(copper)) == 1
    mined = next(line for line in copper["sources"] if line["kind"] == "mined")
    assert (mined["country"], mined["facility"], mined["is_known"]) == ("CA", mine, True)
    stock = next(line for line in copper["sources"] if line["kind"] != "mined")
    assert (stock["is_known"], stock["country"]) == (False, None)
    [smelting] = told["processing"]
    assert smelting["stage"] == "smelting"
    assert smelting["parts"][0]["share"]["percent"] == "100.0000"


def test_hops_tell_stage_country_and_day_and_no_name_that_is_not_open(world):
    hops = world.get("buyer", "lots/bolt:C/provenance").json()["hops"]
    assert {hop["kind"] for hop in hops} >= {"custody.extraction", "custody.transformation"}
    assert {hop["country"] for hop in hops if hop["kind"] != "custody.assay"} == {"CA"}
    assert {(hop["facility"], hop["organization"]) for hop in hops} == {(None, None)}


def test_a_name_that_its_owner_opened_is_shown(world):
    world.ledger.say(
        "registry.opening",
        "acme",
        {
            "opening": "acme:open",
            "own_name": True,
            "facilities": ["acme:mine"],
            "audience": ["club"],
            "public": False,
        },
    )
    told = world.get("buyer", "lots/bolt:C/provenance").json()
    [mined] = [line for line in told["elements"][0]["sources"] if line["kind"] == "mined"]
    assert (mined["facility"], mined["organization"]) == ("acme:mine", "acme")
    names = {one["id"] for one in items(world, "buyer", "organizations")}
    assert "acme" in names
    assert {one["id"] for one in items(world, "cell", "organizations")}.isdisjoint({"acme"})
    [mine] = items(world, "buyer", "facilities")
    assert (mine["id"], mine["operator"], mine["record"]) == ("acme:mine", "acme", None)
    assert world.get("buyer", "facilities/acme:mine").status_code == 200
    assert world.get("cell", "facilities/acme:mine").status_code == 404


def test_provenance_is_asked_for_as_it_was_known(world):
    made = LogIndex.objects.get(
        recorded_order=Entry.objects.get(kind="custody.transformation").recorded_order
    )
    before = world.get("bolt", f"lots/bolt:C/provenance?known_at={made.index}").json()
    after = world.get("bolt", f"lots/bolt:C/provenance?known_at={made.index + 1}").json()
    assert (before["elements"], before["log_size"]) == ([], made.index)
    assert len(after["elements"]) == 1
    assert world.get("bolt", "lots/bolt:C/provenance?known_at=-1").status_code == 400


def test_a_declared_origin_is_told_without_a_site_that_is_not_open(world):
    row = {"stage": "extraction", "parts": 1, "facility": "acme:mine", "country": "CA"}
    world.ledger.say(
        "custody.introduction",
        "bolt",
        {
            "facility": "bolt:plant",
            "reason": "opening_stock",
            "lot": new_lot("bolt:I", "3"),
            "declared_origin": [row],
        },
    )
    order = Entry.objects.latest("recorded_order").recorded_order
    waiting = Entry.objects.get(hash=world.entries["waiting"]).recorded_order
    for place, one in enumerate((waiting, order)):  # as if sequenced and published
        LogIndex.objects.create(index=world.published + place, recorded_order=one)
    Checkpoint.objects.create(
        size=world.published + 2, root="", note="", published_at="2026-03-02T00:00:00Z"
    )
    world.ledger.say("custody.offer", "bolt", {"lots": ["bolt:I"], "audience": ["club"]})
    without = {name: value for name, value in row.items() if name != "facility"}
    for caller, declared in (("operator", row), ("bolt", row), ("buyer", without)):
        told = world.get(caller, "lots/bolt:I/provenance").json()
        [source] = told["elements"][0]["sources"]
        assert source["declared"] == [declared], caller


# ── registry ──────────────────────────────────────────────────────────────────────────────


def test_an_organization_reads_its_own_record_and_keys(world):
    told = world.get("acme", "organizations/acme").json()
    assert told["record"]["name"] == "Acme"
    [key] = items(world, "acme", "keys")
    assert (key["held_by"], key["is_revoked"]) == ("organization", False)
    assert key["enrolled_index"] == 1
    assert items(world, "acme", "keys?held_by=service") == []
    assert world.get("acme", "organizations/rival").json()["code"] == "unknown_organization"


def test_organizations_and_facilities_are_filtered(world):
    offices = items(world, "acme", "organizations?role=operator")
    assert [one["id"] for one in offices] == ["operator"]
    assert items(world, "acme", "organizations?country=CL") == []
    assert [one["id"] for one in items(world, "acme", "facilities?type=mine&country=CA")] == [
        "acme:mine"
    ]
    assert items(world, "acme", "facilities?type=vehicle") == []


def test_a_member_knows_its_club_and_a_stranger_does_not(world):
    assert "club" in {one["id"] for one in items(world, "buyer", "organizations")}
    assert "club" not in {one["id"] for one in items(world, "rival", "organizations")}


# ── the log ───────────────────────────────────────────────────────────────────────────────


def test_checkpoint_and_proof_verify_with_the_published_key(world):
    verifier = log_verifier()
    assert client().get("/api/v1/log/vkey").content.decode().strip() == verifier.vkey
    note = client().get("/api/v1/log/checkpoint").content.decode()
    head = open_checkpoint(note, origin=verifier.name, verifiers=[verifier])
    assert head.size == world.published
    for entry in Entry.objects.filter(recorded_order__in=LogIndex.objects.values("recorded_order")):
        proof = tlog_proof.parse(client().get(f"/api/v1/log/proofs/{entry.hash}").content)
        proven = tlog_proof.verify_proof(
            proof, bytes.fromhex(entry.hash), origin=verifier.name, verifiers=[verifier]
        )
        assert proven == head


def test_an_entry_that_is_not_published_has_no_proof_yet(world):
    answer = client().get(f"/api/v1/log/proofs/{world.entries['waiting']}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_statement")


def test_tiles_hold_the_hashes_of_the_entries(world):
    whole = client().get(f"/api/v1/log/tile/0/000.p/{world.published}")
    assert whole["Cache-Control"].endswith("immutable")
    orders = LogIndex.objects.order_by("index").values_list("recorded_order", flat=True)
    by_order = dict(Entry.objects.values_list("recorded_order", "hash"))
    assert whole.content.hex() == "".join(by_order[order] for order in orders)
    part = client().get("/api/v1/log/tile/0/000.p/3")
    assert part.content == whole.content[: 3 * 32]


@pytest.mark.parametrize(
    "place",
    [
        "0/000",
        "0/000.p/200",
        "0/001.p/1",
        "1/000.p/1",
        "7/000",
        "entries/000",
        "entries/000.p/3",
        "0/0",
        "0/x000/001",
        "64/000",
        "-1/000",
    ],
)
def test_a_tile_that_is_not_there_and_every_entry_bundle_is_unknown(world, place):
    answer = client().get(f"/api/v1/log/tile/{place}")
    assert (answer.status_code, answer.json()["code"]) == (404, "invalid_tile_path")


def test_a_text_client_gets_text(world):
    answer = client().get("/api/v1/log/checkpoint", HTTP_ACCEPT="text/plain")
    assert answer["Content-Type"].startswith("text/plain")
    assert base64.b64decode(answer.content.decode().split("\n")[2])


def test_amounts_are_text_so_that_no_reader_rounds_them(world):
    raw = world.get("bolt", "lots/acme:L2").content.decode()
    assert json.loads(raw)["lot"]["amount"] == tonnes("9900000000")["value"]


# ── addresses that nothing can have ───────────────────────────────────────────────────────


def routes(resolver=None, before=""):
    """Every address of the interface, as it is declared."""
    for one in (resolver or get_resolver()).url_patterns:
        here = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from routes(one, here)
        elif here.startswith("api/v1/"):
            yield here.removeprefix("api/v1/")


@pytest.mark.parametrize("route", [one for one in routes() if re.search("<(str|path):", one)])
def test_a_name_with_a_character_that_none_has_is_refused(world, route):
    asked = re.sub("<[a-z]+:[a-z]+>", "a%00b", route)
    for caller in ("acme", "operator"):
        answer = world.get(caller, asked)
        assert answer.status_code in (400, 404, 405), answer.content
        assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("route", [one for one in routes() if "<int:" in one])
def test_a_number_that_no_reader_of_json_keeps_is_told_as_text(world, route):
    most = "9" * 20
    answer = world.get("acme", re.sub("<int:[a-z]+>", most, route))
    assert answer.status_code in (404, 405)
    if answer.status_code == 404:
        assert most in answer.json().values()


@pytest.mark.parametrize("query", ["lots?material=a%00", "statements?lot=a:b%00", "lots?%00=1"])
def test_a_query_with_such_a_character_is_refused(world, query):
    answer = world.get("acme", query)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
