"""Verdicts over HTTP: who may read which, and what names they see."""

import pytest

from standards.rulebook.findings import Finding
from traceability.models import Reading

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS = "/api/v1/lots/smelter:cathode/verdicts"


def test_the_club_reads_findings_and_its_judgement(client_of):
    answer = client_of("club").get(ADDRESS)

    assert answer.status_code == 200
    [copper] = answer.json()["minerals"]
    assert copper["mineral"] == "Cu"
    [judgement] = copper["judgements"]
    assert (judgement["club"], judgement["verdict"]) == ("club", "fail")
    excess = next(one for one in judgement["findings"] if one["rule_id"] == "MB-13")
    assert excess["measured"]["display"]["worst"] == "999000000"
    assert len(copper["logged_in"]) == 64


def test_five_answers_and_never_one(client_of):
    [copper] = client_of("club").get(ADDRESS).json()["minerals"]

    told = copper["where_from"]

    assert [(one["country"], one["kind"]) for one in told["mined_in"]] == [
        ("CL", "mined"),
        (None, "unknown"),
    ]
    assert told["mined_in"][1]["mg"] == "999000000"
    assert [(one["stage"], one["country"]) for one in told["processed_in"]] == [("smelting", "CA")]
    assert (told["customs_origin"], told["value_added"], told["controlled_by"]) == (None,) * 3
    assert len(told["missing"]) == 3


def test_names_upstream_stay_hidden_from_who_may_not_know_them(client_of):
    text = client_of("club").get(ADDRESS).content.decode()

    for name in ("mine:pit", "Mine:Pit", "mine:ore"):
        assert name not in text
    assert "Chile" in text


def test_the_owner_reads_every_finding_and_no_club_judgement(client_of):
    [copper] = client_of("smelter").get(ADDRESS).json()["minerals"]

    assert copper["judgements"] == []
    assert {one["rule_id"] for one in copper["findings"]} >= {"MB-13", "IRMA-02", "CM-02"}


def test_findings_come_back_as_they_were_found_for_the_operator(client_of):
    [copper] = client_of("operator").get(ADDRESS).json()["minerals"]

    for told in copper["findings"]:
        assert Finding.from_json(told).as_json() == told


@pytest.mark.parametrize("organization", ["stranger", "club-two", "scheme"])
def test_a_lot_one_may_not_see_is_not_there(client_of, organization):
    answer = client_of(organization).get(ADDRESS)
    nothing = client_of(organization, "acknowledge_flag").get(
        "/api/v1/lots/smelter:nothing/verdicts"
    )

    assert answer.status_code == nothing.status_code == 404
    assert answer.json()["code"] == nothing.json()["code"] == "unknown_lot"


def test_reading_anothers_verdicts_is_written_down(client_of):
    client_of("club").get(ADDRESS)

    reading = Reading.objects.get()
    assert (reading.reader, reading.owner, reading.what) == ("club", "smelter", "verdicts")


def test_nobody_reads_without_an_account(client):
    assert client.get(ADDRESS).status_code == 401
