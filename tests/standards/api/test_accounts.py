"""Accounts, credits and claimed shares over HTTP: whose they are, and what they say."""

import pytest

from tests.standards.world import World
from traceability.models import Reading

pytestmark = pytest.mark.django_db(transaction=True)
KG = 10**6


@pytest.fixture
def world() -> World:
    made = World()
    made.packs()
    made.register("auditor", "auditor")
    made.accounted()
    made.claimed("C1", "5000")
    made.claimed("C2", "4000", on="2026-03-26")
    made.catch_up()
    return made


def grant(world, *facilities, until="2099-12-31", name="one"):
    body = {
        "grant": f"smelter:{name}",
        "auditor": "auditor",
        "until": until,
        "facilities": list(facilities),
        "lots": [],
    }
    world.say("registry.grant", "smelter", body, on="2026-10-01")


def issued(serial="smelter:S1", holder="buyer"):
    return {
        "serial": serial,
        "issued": {
            "registry": "A registry",
            "holder": holder,
            "element": "Cu",
            "scheme": "irma",
            "tier": "IRMA 75",
            "quantity": {"value": "1", "unit": "kg"},
            "vintage": "2026",
            "account": "smelter:cu",
        },
    }


# ── who may see ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("caller", ["mine", "buyer", "stranger", "scheme", "club", "auditor"])
def test_an_account_does_not_exist_for_anybody_but_its_holder(world, client_of, caller):
    client = client_of(caller)

    answer = client.get("/api/v1/accounts/smelter:cu")
    nothing = client.get("/api/v1/accounts/nobody:cu")

    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_account")
    assert answer.content == nothing.content.replace(b"nobody:cu", b"smelter:cu")
    assert client.get("/api/v1/accounts").json()["items"] == []
    assert not Reading.objects.filter(what="account").exists()


@pytest.mark.parametrize("caller", ["smelter", "operator"])
def test_holder_and_operator_read_it(world, client_of, caller):
    [line] = client_of(caller).get("/api/v1/accounts").json()["items"]

    assert (line["account"], line["method"], line["months"]) == ("smelter:cu", "credit", 3)
    assert client_of(caller, "view_flag").get("/api/v1/accounts/smelter:cu").status_code == 200


def test_an_auditor_reads_while_the_grant_covers_every_site_inside(world, client_of):
    world.site("smelter:refinery", "smelter", "refinery", "CA")
    world.site("smelter:rod", "smelter", "semi_fabricator", "CA")
    world.account(
        account="smelter:group",
        facilities=["smelter:refinery", "smelter:rod", "buyer:plant"],
        tier="IRMA 50",
    )
    client = client_of("auditor")

    grant(world, "smelter:refinery", name="half")
    world.catch_up()
    assert client.get("/api/v1/accounts").json()["items"] == []

    grant(world, "smelter:refinery", "smelter:rod", name="whole")
    world.catch_up()
    [line] = client.get("/api/v1/accounts").json()["items"]
    assert line["account"] == "smelter:group"
    assert client.get("/api/v1/accounts/smelter:cu").status_code == 404


def test_an_auditors_grant_ends_and_what_it_read_is_told_to_the_holder(world, client_of):
    grant(world, "smelter:works", until="2026-01-31", name="lapsed")
    world.catch_up()
    client = client_of("auditor")
    assert client.get("/api/v1/accounts/smelter:cu").status_code == 404

    grant(world, "smelter:works")
    world.catch_up()
    assert client.get("/api/v1/accounts/smelter:cu").status_code == 200
    client_of("smelter").get("/api/v1/accounts/smelter:cu")

    [trace] = Reading.objects.filter(what="account")
    assert (trace.reader, trace.owner, trace.lot) == ("auditor", "smelter", "smelter:cu")


def test_accounts_are_found_by_element_scheme_and_site(world, client_of):
    world.account(account="smelter:co", element="Co", scheme="rmi")
    world.catch_up()
    client = client_of("smelter")

    def found(query):
        told = client.get(f"/api/v1/accounts?{query}").json()["items"]
        return [one["account"] for one in told]

    assert found("") == ["smelter:co", "smelter:cu"]
    assert found("element=Co") == ["smelter:co"]
    assert found("scheme=irma") == ["smelter:cu"]
    assert found("facility=smelter:works&limit=1") == ["smelter:co"]
    assert found("facility=mine:pit") == []


# ── how it stands ─────────────────────────────────────────────────────────────────────────


def test_an_account_is_told_as_it_is_booked(world, client_of):
    told = client_of("smelter").get("/api/v1/accounts/smelter:cu?on=2026-04-15").json()

    assert told["over_claimed_mg"] == str(200 * KG)
    assert told["balance_worst_mg"] == told["balance_best_mg"] == str(-200 * KG)
    assert told["terms"] == {
        "carry_over_days": None,
        "carry_over_periods": None,
        "tier_mixing": None,
        "outside_evidence": None,
    }
    [tranche] = told["tranches"]
    assert (tranche["lot"], tranche["low_mg"], tranche["left_mg"]) == (
        "mine:ore",
        str(8800 * KG),
        "0",
    )
    first, second = told["claims"]
    assert (first["id"], first["covered_mg"], first["over_mg"]) == (
        "smelter:C1",
        str(5000 * KG),
        "0",
    )
    assert second["uses"][0] == {"source": "over_claimed", "mg": str(200 * KG)}
    assert [one["state"] for one in told["periods"]] == ["ended", "open"]
    assert told["periods"][0]["input_share_display"] == "1"
    assert told["to_close"]["until"] == "2026-03-31"
    assert len(told["to_close"]["digest"]) == 64


def test_an_account_is_told_as_it_was_known(world, client_of):
    client = client_of("smelter")
    size = client.get("/api/v1/accounts/smelter:cu").json()["log_size"]
    world.withdrew("C2", on="2026-04-01")
    world.catch_up()

    now = client.get("/api/v1/accounts/smelter:cu").json()
    then = client.get(f"/api/v1/accounts/smelter:cu?known_at={size}").json()

    assert (now["over_claimed_mg"], then["over_claimed_mg"]) == ("0", str(200 * KG))
    assert now["claims"][1]["withdrawn_at"] == "2026-04-01T10:00:00-05:00"
    answer = client.get("/api/v1/accounts/smelter:cu?known_at=99999")
    assert (answer.status_code, answer.json()["code"]) == (400, "not_followed_yet")
    answer = client.get("/api/v1/accounts/smelter:cu?known_at=3")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_account")
    answer = client.get("/api/v1/accounts/smelter:cu?on=2026-02-30")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


def test_a_list_of_accounts_takes_few_queries(world, client_of, django_assert_max_num_queries):
    client = client_of("smelter")
    with django_assert_max_num_queries(15):
        client.get("/api/v1/accounts")


# ── credits ───────────────────────────────────────────────────────────────────────────────


def test_credits_are_seen_by_whoever_has_or_had_them(world, client_of):
    world.say("standards.credit", "smelter", issued(), on="2026-03-27")
    world.say("standards.credit", "smelter", issued("smelter:S2", "smelter"), on="2026-03-27")
    passed = {"serial": "smelter:S1", "transferred": {"to": "mine"}}
    world.say("standards.credit", "buyer", passed, on="2026-03-28")
    world.say(
        "standards.credit",
        "mine",
        {"serial": "smelter:S1", "retired": {"because": "For our report."}},
        on="2026-03-29",
    )
    made = {
        "recipient": {"organization": "buyer"},
        "lot": "smelter:cathode",
        "quantity": {"value": "1", "unit": "kg"},
        "element": "Cu",
        "scheme": "irma",
        "tier": "IRMA 75",
        "model": "book_and_claim",
        "code": "supports",
        "wording": "Supports responsible mining by credits.",
        "credits": ["smelter:S2"],
    }
    world.say("standards.claim", "smelter", {"claim": "smelter:B1", "made": made}, on="2026-03-30")
    world.catch_up()

    def seen(caller):
        items = client_of(caller).get("/api/v1/credits").json()["items"]
        return {one["serial"]: (one["holder"], one["is_retired"]) for one in items}

    both = {"smelter:S1": ("mine", True), "smelter:S2": ("smelter", True)}
    assert seen("smelter") == seen("operator") == both
    assert seen("buyer") == seen("mine") == {"smelter:S1": ("mine", True)}
    assert seen("stranger") == {}
    [claimed] = [
        one
        for one in _copper(client_of("smelter", "view_flag"))["claimed"]
        if one["model"] == "book_and_claim"
    ]
    assert (claimed["covered_mg"], claimed["over_claimed_mg"]) == (str(KG), "0")
    assert world.finding("ISO-BC-01", club="").outcome == "conforms"


# ── beside the verdicts of a lot ──────────────────────────────────────────────────────────


def _copper(client):
    answer = client.get("/api/v1/lots/smelter:cathode/verdicts")
    [copper] = answer.json()["minerals"]
    return copper


def test_what_is_claimed_stands_beside_what_is_physically_there(world, client_of):
    told = _copper(client_of("smelter"))

    assert [(one["share_display"], one["physical_display"]) for one in told["claimed"]] == [
        ("0.568182", "1"),
        ("0.454545", "1"),
    ]
    assert [one["over_claimed_mg"] for one in told["claimed"]] == ["0", str(200 * KG)]
    [mined] = told["where_from"]["mined_in"]
    assert (mined["country"], mined["share"]) == ("CL", "1/1")


def test_whoever_sees_the_lot_reads_its_claims_without_names_that_are_not_open(world, client_of):
    world.offered(to="buyer")
    world.catch_up()

    told = _copper(client_of("buyer"))

    assert {one["tier"] for one in told["claimed"]} == {"IRMA 75"}
    assert "smelter:C1" not in str(told)
    assert "smelter:cu" not in str(told)
