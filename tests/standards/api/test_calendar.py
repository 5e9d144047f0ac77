"""The calendar over HTTP: days in pages, as the caller may know them."""

import pytest

pytestmark = pytest.mark.django_db(transaction=True)


def listed(client, query=""):
    answer = client.get(f"/api/v1/calendar?{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_days_come_in_pages_by_day_with_what_they_touch_and_what_they_rest_on(world, client_of):
    world.awarded()
    world.audited("scheme:undated", valid_until="2027-01-31", facility="smelter:works")
    world.catch_up()
    client = client_of("operator")

    first = listed(client, "limit=1")
    rest = listed(client, f"cursor={first['next']}&limit=200")
    every = listed(client)["items"]

    assert [*first["items"], *rest["items"]] == every
    assert rest["next"] is None
    days = [one["on"] for one in every]
    assert days == sorted(days, key=lambda day: day or "9999")
    assert days[-1] is None  # surveillance: its term is unset
    expiry = next(one for one in every if one["about"] == "scheme:irma-1" and one["on"])
    assert (expiry["kind"], expiry["on"], expiry["basis"]) == ("expiry", "2028-05-31", "stated")
    assert (expiry["lots"], expiry["clubs"]) == (["mine:ore", "smelter:cathode"], ["club"])
    [unset] = listed(client, "dated=false&facility=mine:pit")["items"]
    assert (unset["kind"], unset["missing"]) == (
        "surveillance",
        "a value of irma.surveillance_months",
    )
    assert unset["cites"][0]["verification"] == "unset"


def test_days_are_filtered(world, client_of):
    client = client_of("operator")

    def kinds(query):
        return {one["kind"] for one in listed(client, query)["items"]}

    assert kinds("kind=expiry") == {"expiry"}
    assert kinds("from=2028-05-31&until=2028-05-31&dated=true") == {"expiry"}
    assert kinds("from=2028-06-01&dated=true") == set()
    assert kinds("club=club&lot=mine:ore") == {"expiry", "surveillance"}
    assert kinds("scheme=copper_mark") == set()
    for wrong in ("kind=party", "from=soon", "cursor=x", "cursor=2026-12-01:short", "dated=yes"):
        answer = client.get(f"/api/v1/calendar?{wrong}")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request"), wrong


def test_a_rivals_sites_are_in_nobody_elses_calendar(client_of):
    assert listed(client_of("mine"))["items"] != []
    for caller in ("buyer", "stranger", "club", "smelter"):
        told = listed(client_of(caller))["items"]
        assert [one for one in told if one["about"] == "scheme:irma-1"] == [], caller
