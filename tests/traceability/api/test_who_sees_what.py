"""Every address by every kind of caller: nobody reads a rival's lot."""

import pytest

from tests.traceability.api.world import CALLERS, LOTS, client
from traceability.models import Entry, Reading

pytestmark = pytest.mark.django_db

SEEN = {  # lot: who sees it
    "acme:L1": {"acme", "audit", "bolt", "operator"},  # bolt: on its way to it
    "acme:L2": {"acme", "bolt", "audit", "operator"},
    "bolt:S": {"bolt", "operator"},
    "bolt:C": {"bolt", "buyer", "operator"},
    "bolt:D": {"bolt", "cell", "operator"},
    "rival:R": {"rival", "operator"},
}
IN_FULL = {  # lot: who may know what is left of it, and where
    "acme:L1": {"acme", "audit", "bolt", "operator"},
    "acme:L2": {"acme", "bolt", "audit", "operator"},  # acme still owns what bolt has
    "bolt:S": {"bolt", "operator"},
    "bolt:C": {"bolt", "buyer", "operator"},
    "bolt:D": {"bolt", "cell", "operator"},
    "rival:R": {"rival", "operator"},
}
OF_A_LOT = ("lots/{}", "lots/{}/provenance", "lots/{}/bundle", "lots/{}/descendants")
LISTS = (
    "statements",
    "rejections",
    "organizations",
    "facilities",
    "keys",
    "lots",
    "restatements",
)
PUBLIC = ("log/checkpoint", "log/vkey", "log/tile/0/000.p/{size}", "log/proofs/{hash}")


@pytest.mark.parametrize("lot", LOTS)
@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("path", OF_A_LOT)
def test_a_lot_answers_those_who_may_see_it_and_is_unknown_to_all_others(world, path, caller, lot):
    answer = world.get(caller, path.format(lot))
    if caller in SEEN[lot]:
        assert answer.status_code == 200, answer.content
        return
    missing = world.get(caller, path.format("nobody:N"))
    assert answer.status_code == missing.status_code == 404
    same = missing.content.replace(b"nobody:N", lot.encode())
    assert answer.content == same  # not a byte tells that it exists
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "unknown_lot"


@pytest.mark.parametrize("caller", CALLERS)
def test_the_list_of_lots_holds_exactly_what_each_may_see(world, caller):
    told = {lot["id"]: lot for lot in world.get(caller, "lots").json()["items"]}
    assert set(told) == {lot for lot in LOTS if caller in SEEN[lot]}
    assert {name for name, lot in told.items() if lot["state"] != "passed_on"} == {
        lot for lot in LOTS if caller in IN_FULL[lot]
    }
    for lot in told.values():
        assert (lot["amount"] is None) == (lot["state"] == "passed_on")


@pytest.mark.parametrize("path", [*LISTS, *(path.format("acme:L1") for path in OF_A_LOT)])
def test_without_a_token_nothing_is_told(world, path):
    answer = client().get(f"/api/v1/{path}")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["code"] == "not_authenticated"


@pytest.mark.parametrize("path", PUBLIC)
def test_the_log_is_open_to_everybody(world, path):
    known = Entry.objects.order_by("recorded_order").first().hash
    answer = client().get("/api/v1/" + path.format(size=world.published, hash=known))
    assert answer.status_code == 200
    assert "public" in answer["Cache-Control"]


READABLE = {  # entry: who reads its text
    "rival": {"rival", "operator"},
    "offer": {"bolt", "operator"},
    "to cell": {"bolt", "cell", "operator"},
    "waiting": {"acme", "bolt", "audit", "operator"},
}
ON_A_SEEN_LOT = {"offer": {"buyer"}, "to cell": {"buyer"}}


@pytest.mark.parametrize("name", READABLE)
@pytest.mark.parametrize("caller", CALLERS)
def test_a_statement_is_read_by_its_parties_and_blinded_on_a_lot_that_is_seen(world, caller, name):
    entry = world.entries[name]
    answer = world.get(caller, f"statements/{entry}")
    if caller in READABLE[name]:
        assert answer.json()["is_readable"]
        assert answer.json()["statement"].count(".") == 2
    elif caller in ON_A_SEEN_LOT.get(name, ()):
        told = answer.json()
        assert (told["is_readable"], told["statement"], told["disclosures"]) == (False, None, [])
        assert not told["is_erased"]
    else:
        missing = world.get(caller, f"statements/{'0' * 64}")
        assert answer.status_code == missing.status_code == 404
        assert answer.content == missing.content.replace(b"0" * 64, entry.encode())


@pytest.mark.parametrize("caller", CALLERS)
def test_the_list_of_statements_is_what_may_be_read_one_by_one(world, caller):
    listed = {one["entry"] for one in world.get(caller, "statements?limit=200").json()["items"]}
    readable = set()
    for entry in Entry.objects.all():
        answer = world.get(caller, f"statements/{entry.hash}")
        if answer.status_code == 200 and answer.json()["is_readable"]:
            readable.add(entry.hash)
    assert listed == readable


@pytest.mark.parametrize("caller", [name for name in CALLERS if name != "operator"])
def test_names_are_shown_only_where_they_were_opened(world, caller):
    body = b"".join(
        world.get(caller, path).content
        for path in (
            "organizations",
            "facilities",
            "lots",
            *(path.format(lot) for lot in LOTS if caller in SEEN[lot] for path in OF_A_LOT[:2]),
        )
    )
    if caller != "rival":
        assert b"rival" not in body.lower()
    if caller in ("buyer", "cell"):  # two hops below the mine
        assert b"acme" not in body.lower()
    assert b"operator" in body.lower()  # an office of this ledger


def test_reading_another_companys_lot_leaves_one_trace_a_day(world):
    for _ in range(3):
        world.get("buyer", "lots/bolt:C")
        world.get("bolt", "lots/bolt:C")
    [trace] = Reading.objects.filter(lot="bolt:C", what="lot")
    assert (trace.reader, trace.owner) == ("buyer", "bolt")
    world.get("buyer", "lots/bolt:C/provenance")
    world.get("buyer", "lots/bolt:C/bundle")
    assert set(Reading.objects.filter(reader="buyer").values_list("what", flat=True)) == {
        "lot",
        "provenance",
        "bundle",
    }


def test_reading_anothers_statement_leaves_a_trace_for_its_author(world):
    world.get("cell", f"statements/{world.entries['to cell']}")
    world.get("bolt", f"statements/{world.entries['to cell']}")
    [trace] = Reading.objects.filter(what="statement")
    assert (trace.reader, trace.owner, trace.lot) == ("cell", "bolt", world.entries["to cell"])


@pytest.mark.parametrize("path", [*LISTS, *(path.format("acme:L1") for path in OF_A_LOT)])
@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_nothing_is_changed_or_deleted(world, path, method):
    answer = getattr(client("acme"), method)(f"/api/v1/{path}")
    assert answer.status_code == 405
    assert answer.json()["code"] == "method_not_allowed"
    assert "GET" in answer["Allow"]


@pytest.mark.parametrize("path", ["", "nothing", "lots/", "lots/acme:L1/nothing", "log/tile"])
def test_an_address_that_nobody_serves_is_a_problem_too(world, path):
    answer = client("acme").get(f"/api/v1/{path}")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "no_such_address"
