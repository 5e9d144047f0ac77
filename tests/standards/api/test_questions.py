"""Questions about one's own statements over HTTP, and replies beside flags."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from standards.models import Question

pytestmark = pytest.mark.django_db(transaction=True)

QUESTIONS = "/api/v1/questions"


def listed(client, query="") -> list[dict]:
    return client.get(f"{QUESTIONS}{query}").json()["items"]


def post(client, number, body):
    return client.post(f"{QUESTIONS}/{number}/replies", body, content_type="application/json")


@pytest.fixture
def number(world) -> int:
    return Question.objects.get(rule_id="MB-13").pk


def test_a_company_sees_the_open_questions_about_its_own_statements(client_of, number):
    [told] = listed(client_of("smelter"))

    assert (told["id"], told["rule_id"], told["is_open"]) == (number, "MB-13", True)
    assert told["lots"] == ["mine:ore", "smelter:cathode"]
    assert "an excess of 999 kg" in told["because"]
    assert told["replies"] == []
    assert "club" not in str(told)
    assert client_of("smelter", "x").get(f"{QUESTIONS}/{number}").json() == told


def test_others_see_none_of_it(client_of, number):
    for other in ("mine", "buyer", "stranger", "club"):
        client = client_of(other, "reply_question")
        assert listed(client) == []
        for answer in (
            client.get(f"{QUESTIONS}/{number}"),
            post(client, number, {"text": "We say so."}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "unknown_question")


def test_the_operator_reads_and_answers_for_nobody(client_of, number):
    client = client_of("operator", "reply_question")

    assert [one["id"] for one in listed(client)] == [number]
    assert post(client, number, {"text": "For them."}).status_code == 404


def test_a_reply_is_shown_to_its_author_and_beside_the_flag(client_of, number):
    client = client_of("smelter", "reply_question")
    body = {"text": "The furnace was emptied that week.", "evidence": ["a" * 64]}

    answer = post(client, number, body)

    assert answer.status_code == 200
    [told] = answer.json()["replies"]
    assert (told["by"], told["text"]) == ("person-smelter-1", body["text"])
    [flag] = [
        one
        for one in client_of("club").get("/api/v1/flags").json()["items"]
        if one["rule_id"] == "MB-13"
    ]
    [seen] = flag["replies"]
    assert (seen["text"], seen["evidence"]) == (body["text"], ["a" * 64])
    assert seen["by"] == ""  # the club does not know the smelter by name
    assert flag["status"] == "open"


def test_reading_is_not_replying(client_of, number):
    answer = post(client_of("smelter"), number, {"text": "Hello."})

    assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")


def test_a_reply_has_a_text_digests_and_nothing_else(client_of, number):
    client = client_of("smelter", "reply_question")

    for body in (
        {},
        {"text": ""},
        {"text": "x", "evidence": ["a"]},
        {"text": "x", "evidence": "a" * 64},
        {"text": "x", "verdict": "pass"},
    ):
        answer = post(client, number, body)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    blank = post(client, number, {"text": "   "})
    assert (blank.status_code, blank.json()["code"]) == (400, "malformed_reply")
    assert blank.json()["at"] == "$.text"


def test_a_settled_question_is_listed_on_demand_and_takes_no_reply(world, client_of, number):
    world.policy(version="2", custody__output_excess_tolerance="0.2")
    world.catch_up()
    client = client_of("smelter", "reply_question")

    assert listed(client) == []
    [told] = listed(client, "?status=all")
    assert told["is_open"] is False
    answer = post(client, number, {"text": "Too late."})
    assert (answer.status_code, answer.json()["code"]) == (409, "question_not_open")
    assert client.get(f"{QUESTIONS}?status=odd").status_code == 400


def test_a_list_of_questions_costs_the_same_however_long(client_of, number):
    client, one = client_of("smelter"), Question.objects.get(pk=number)
    listed(client)
    counts = []
    for more in (0, 5):
        for place in range(more):
            Question.objects.create(
                rule_id=f"PL-{place + 1:02}",
                entry=one.entry,
                organization="smelter",
                because="so it was",
                asked_at=one.asked_at,
            )
        with CaptureQueriesContext(connection) as queries:
            listed(client, "?status=all")
        counts.append(len(queries))

    assert counts[0] == counts[1]
