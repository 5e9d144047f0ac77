"""What came of a facility or a lot, over HTTP: who is told what, in which form, and bad input."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.traceability.api.world import CALLERS, client
from traceability.models import Reading

pytestmark = pytest.mark.django_db

ASKED = "facilities/acme:mine/recall?from=2026-03-01"
HIT = ["acme:L1", "acme:L2", "bolt:C", "bolt:D"]


def told(answer):
    content = b"".join(answer.streaming_content)
    assert answer.status_code == 200, content
    return json.loads(content)


def lots(answer):
    return [line["lot"] for line in told(answer)["lots"]]


def opened(world, author, facility, *audience):
    """Let others know a facility by name."""
    body = {"opening": f"{author}:o", "own_name": True, "facilities": [facility]}
    world.ledger.say(
        "registry.opening", author, body | {"audience": list(audience), "public": False}
    )


# ── who is told what ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("caller", CALLERS)
def test_a_facility_one_may_not_name_is_like_one_that_does_not_exist(world, caller):
    answer = world.get(caller, ASKED)
    if caller in ("acme", "audit", "operator"):
        assert answer.status_code == 200
        return
    missing = world.get(caller, ASKED.replace("acme:mine", "nobody:mine"))
    assert answer.status_code == missing.status_code == 404
    assert answer.json()["code"] == "unknown_facility"
    assert answer.content == missing.content.replace(b"nobody:mine", b"acme:mine")


def test_the_operators_staff_see_every_lot_and_holder(world):
    answer = told(world.get("operator", ASKED))
    assert [line["lot"] for line in answer["lots"]] == HIT
    assert answer["totals"]["blinded_lots"] == 0
    assert {one["organization"] for one in answer["totals"]["holders"]} == {"acme", "bolt"}


def test_the_facilitys_operator_sees_its_own_lots_and_its_direct_customers(world):
    title = {"lot": "acme:L2", "from": {"organization": "acme"}, "to": {"organization": "bolt"}}
    world.ledger.say("custody.transfer", "acme", {"items": [title]})
    answer = told(world.get("acme", ASKED))
    own, sold = answer["lots"]
    assert (own["lot"], own["holder"], own["state"]) == ("acme:L1", "acme", "in_transit")
    assert (sold["lot"], sold["state"], sold["sent_to"]) == ("acme:L2", "passed_on", ["bolt"])
    assert {sold[name] for name in ("made", "left", "holder", "facility")} == {None}
    assert [one["organization"] for one in answer["totals"]["holders"]] == ["acme"]
    assert answer["totals"]["customers"] == [{"organization": "bolt", "lots": 1, "audiences": []}]


def test_a_member_sees_hits_among_its_lots_and_the_way_to_them_is_counted(world):
    opened(world, "acme", "acme:mine", "club", "cell")
    answer = told(world.get("buyer", ASKED))
    [line] = answer["lots"]
    assert (line["lot"], line["elements"][0]["share"]["percent"]) == ("bolt:C", "85.7143")
    assert answer["totals"]["blinded_lots"] == 2  # acme:L1 and acme:L2 lead to it
    [holder] = answer["totals"]["holders"]
    assert (holder["organization"], holder["audiences"]) == ("bolt", [])

    answer = told(world.get("cell", ASKED))
    assert [line["lot"] for line in answer["lots"]] == ["bolt:D"]
    assert answer["totals"]["blinded_lots"] == 3
    assert b"acme:L" not in json.dumps(answer).encode()


def test_holders_in_a_club_are_told_to_those_of_the_club(world):
    opened(world, "acme", "acme:mine", "club")
    world.ledger.say(
        "registry.audience", "club", {"audience": "club", "members": ["buyer", "bolt"]}
    )
    for caller, audiences in (("buyer", ["club"]), ("operator", ["club"]), ("acme", [])):
        holders = told(world.get(caller, ASKED))["totals"]["holders"]
        [bolt] = [one for one in holders if one["organization"] == "bolt"]
        assert bolt["audiences"] == audiences, caller


def test_a_granted_auditor_sees_what_happened_at_the_site(world):
    assert set(lots(world.get("audit", ASKED))) == {"acme:L1", "acme:L2"}


def test_descendants_are_those_the_caller_sees_and_never_the_lot_itself(world):
    for caller, seen in (
        ("acme", ["acme:L2"]),
        ("bolt", ["acme:L2", "bolt:C", "bolt:D"]),
        ("operator", ["acme:L2", "bolt:C", "bolt:D"]),
    ):
        assert lots(world.get(caller, "lots/acme:L1/descendants")) == seen, caller
    assert lots(world.get("buyer", "lots/bolt:C/descendants")) == []


def test_a_recall_leaves_one_reading_a_day_with_every_other_owner(world):
    for _ in range(2):
        told(world.get("operator", ASKED))
        told(world.get("acme", ASKED))
        told(world.get("bolt", "lots/acme:L2/descendants"))
    noted = Reading.objects.filter(what__in=("recall", "descent"))
    assert set(noted.values_list("reader", "owner", "lot", "what")) == {
        ("operator", "acme", "acme:mine", "recall"),
        ("operator", "bolt", "acme:mine", "recall"),
    }
    assert noted.count() == 2


# ── form ──────────────────────────────────────────────────────────────────────────────────


def test_an_answer_comes_as_a_document_or_line_by_line(world):
    document = world.get("operator", ASKED)
    assert document["Content-Type"] == "application/json"
    assert document["Cache-Control"] == "private, no-store"
    whole = told(document)

    lines = world.get("operator", f"{ASKED}&form=lines")
    assert lines["Content-Type"] == "application/x-ndjson"
    first, *between, last = [json.loads(line) for line in b"".join(lines).splitlines()]
    head = {name: whole[name] for name in ("facility", "from", "log_size", "elements")}
    assert first == {"question": head}
    assert [line["lot"] for line in between] == whole["lots"]
    assert last == {"totals": whole["totals"]}


def test_a_recall_takes_as_many_queries_for_a_few_lots_as_for_many(world):
    def queries(path):
        told(world.get("operator", path))  # readings are noted once
        with CaptureQueriesContext(connection) as asked:
            told(world.get("operator", path))
        return len(asked)

    few = queries("facilities/bolt:plant/recall?from=2026-03-01")
    assert few == queries(ASKED) <= 20


def test_an_element_is_followed_alone(world):
    [element] = {
        one["element"]
        for line in told(world.get("operator", f"{ASKED}&element=Ni"))["lots"]
        for one in line["elements"]
    }
    assert element == "Ni"


def test_a_recall_is_asked_for_as_it_was_known(world):
    before = told(world.get("operator", f"{ASKED}&known_at=0"))
    assert (before["lots"], before["log_size"]) == ([], 0)
    now = told(world.get("operator", ASKED))
    assert now["log_size"] == world.published


def test_a_day_after_everything_recalls_nothing(world):
    answer = told(world.get("operator", ASKED.replace("2026", "2126")))
    assert answer["lots"] == []
    assert (answer["totals"]["lots"], answer["totals"]["holders"]) == (0, [])


# ── bad input ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("from=2026-02-30", "not_a_day"),
        ("from=20260301", "not_a_day"),
        ("from=", "not_a_day"),
        ("", "invalid_request"),
        ("since=2026-03-01", "invalid_request"),
        ("from=2026-03-01&depth=0", "depth_out_of_range"),
        ("from=2026-03-01&depth=-1", "depth_out_of_range"),
        ("from=2026-03-01&depth=1000000000", "depth_out_of_range"),
        ("from=2026-03-01&depth=1e1", "invalid_request"),
        ("from=2026-03-01&depth=x", "invalid_request"),
        ("from=2026-03-01&known_at=-1", "invalid_request"),
        ("from=2026-03-01&element=Xx", "unknown_element"),
        ("from=2026-03-01&form=xml", "invalid_request"),
        ("from=2026-03-01&from=2026-03-02", "invalid_request"),
    ],
)
def test_a_question_that_means_nothing_is_refused(world, query, code):
    answer = world.get("acme", f"facilities/acme:mine/recall?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.json()["hint"]


@pytest.mark.parametrize("depth", ["0", "-1", "999999999"])
@pytest.mark.parametrize("path", ["lots/bolt:C/provenance", "lots/bolt:C/descendants"])
def test_a_depth_that_no_history_has_is_refused(world, path, depth):
    answer = world.get("bolt", f"{path}?depth={depth}")
    assert (answer.status_code, answer.json()["code"]) == (400, "depth_out_of_range")
    assert answer.json()["at"] == "depth"


def test_without_a_token_nothing_is_told():
    assert client().get(f"/api/v1/{ASKED}").status_code == 401


# ── provenance, to a depth ────────────────────────────────────────────────────────────────


def test_lots_upstream_are_named_to_those_who_see_them_and_counted_for_others(world):
    told_bolt = world.get("bolt", "lots/bolt:C/provenance").json()
    lines = {line["lot"]: line for line in told_bolt["lots"]}
    assert lines.keys() == {"acme:L2", "bolt:S", "acme:L1"}
    assert (lines["acme:L2"]["taken"], lines["acme:L2"]["amount"]) == (
        "30000000000",
        "40000000000",
    )
    told_buyer = world.get("buyer", "lots/bolt:C/provenance").json()
    assert {line["lot"] for line in told_buyer["lots"]} == {None}
    assert {line["amount"] for line in told_buyer["lots"]} == {None}
    assert told_buyer["blinded_lots"] == 3
    assert [line["depth"] for line in told_buyer["lots"]] == [1, 1, 2]

    near = world.get("bolt", "lots/bolt:C/provenance?depth=1").json()
    assert {line["lot"] for line in near["lots"]} == {"acme:L2", "bolt:S"}
    assert not near["is_complete"]
    assert near["elements"] == told_bolt["elements"]
    assert len(near["hops"]) < len(told_bolt["hops"])
