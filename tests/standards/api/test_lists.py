"""Certificates, clubs and flags over HTTP."""

import pytest

pytestmark = pytest.mark.django_db(transaction=True)


# ── certificates ──────────────────────────────────────────────────────────────────────────


def test_a_certificate_comes_with_its_timeline(world, client_of):
    world.status("suspended", "2026-06-01")
    world.catch_up()

    found = client_of("scheme").get("/api/v1/certificates/scheme:irma-1").json()

    assert (found["scheme"], found["level"]) == ("irma", "IRMA 75")
    assert [one["status"] for one in found["statuses"]] == ["published", "suspended"]
    assert found["statuses"][1]["known_from"] > found["statuses"][0]["known_from"]


def test_a_certificate_stated_again_is_listed_once(world, client_of):
    world.audited(level="IRMA 50")
    world.awarded()
    world.catch_up()
    client = client_of("scheme")

    listed = client.get("/api/v1/certificates?scheme=irma").json()["items"]
    about = client.get("/api/v1/certificates?facility=smelter:works").json()["items"]

    assert [(one["certificate"], one["level"]) for one in listed] == [("scheme:irma-1", "IRMA 50")]
    assert [one["certificate"] for one in about] == ["scheme:cm-1"]


def test_the_site_sees_its_certificates_and_others_do_not(client_of):
    assert len(client_of("mine").get("/api/v1/certificates").json()["items"]) == 1
    assert len(client_of("operator").get("/api/v1/certificates").json()["items"]) == 1
    buyer = client_of("buyer")
    assert buyer.get("/api/v1/certificates").json()["items"] == []
    answer = buyer.get("/api/v1/certificates/scheme:irma-1")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_certificate")


# ── clubs ─────────────────────────────────────────────────────────────────────────────────


def test_a_club_tells_its_members_and_policies_to_its_own(world, client_of):
    world.say("registry.audience", "club", {"audience": "club", "members": ["buyer"]})
    world.policy(version="2")
    world.catch_up()

    [listed] = client_of("buyer").get("/api/v1/clubs").json()["items"]

    assert listed["members"] == ["buyer"]
    assert [one["version"] for one in listed["policies"]] == ["2", "1"]
    assert listed["policies"][0]["form"]["requirements"][0]["rule_id"] == "MB-13"
    assert client_of("club").get("/api/v1/clubs/club").json()["id"] == "club"
    answer = client_of("stranger").get("/api/v1/clubs/club")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_club")


# ── flags ─────────────────────────────────────────────────────────────────────────────────


def flag_of(client, rule="MB-13"):
    listed = client.get("/api/v1/flags?status=open&lot=smelter:cathode").json()["items"]
    return next(one for one in listed if one["rule_id"] == rule)


def test_flags_are_the_clubs_alone(client_of):
    assert flag_of(client_of("club"))["severity"] == "critical"
    for other in ("smelter", "stranger", "club-two"):
        assert client_of(other).get("/api/v1/flags").json()["items"] == []


def test_reasons_of_flags_hide_the_names_that_are_not_open(client_of):
    assert "mine:" not in client_of("club").get("/api/v1/flags").content.decode()


def test_an_officer_takes_a_flag_on_and_answers_it(client_of):
    client = client_of("club", "acknowledge_flag", "resolve_flag")
    number = flag_of(client)["id"]

    taken = client.post(f"/api/v1/flags/{number}/acknowledge")
    again = client.post(f"/api/v1/flags/{number}/acknowledge")
    answered = client.post(
        f"/api/v1/flags/{number}/resolve",
        {"because": "The weighbridge was recalibrated."},
        content_type="application/json",
    )

    assert (taken.status_code, taken.json()["status"]) == (200, "acknowledged")
    assert (again.status_code, again.json()["code"]) == (409, "flag_not_open")
    assert answered.json()["status"] == "resolved"
    [*_, last] = client.get(f"/api/v1/flags/{number}").json()["decisions"]
    assert (last["decision"], last["by"]) == ("resolved", "person-club-2")
    assert last["because"] == "The weighbridge was recalibrated."


def test_an_answer_has_a_reason_and_nothing_else(client_of):
    client = client_of("club", "resolve_flag")
    number = flag_of(client)["id"]

    for body in ({}, {"because": ""}, {"because": "x", "verdict": "pass"}):
        answer = client.post(
            f"/api/v1/flags/{number}/resolve", body, content_type="application/json"
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


def test_reading_is_not_deciding(client_of):
    client = client_of("club")
    number = flag_of(client)["id"]

    answer = client.post(f"/api/v1/flags/{number}/acknowledge")

    assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")


def test_a_flag_of_another_club_is_not_there(client_of):
    number = flag_of(client_of("club"))["id"]

    stranger = client_of("club-two", "acknowledge_flag")

    for answer in (
        stranger.get(f"/api/v1/flags/{number}"),
        stranger.post(f"/api/v1/flags/{number}/acknowledge"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_flag")
