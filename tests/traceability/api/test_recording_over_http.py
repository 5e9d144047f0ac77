"""`POST statements`, `POST statement-batches`: what is recorded, what is refused and how."""

import json
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.traceability.api.world import client, token
from tests.traceability.ledger.paper_ledger import WHEN, key_of, new_lot, tonnes
from traceability.api.batches import BATCH_LIMIT
from traceability.api.submitting import BODY_LIMIT, JOSE_JSON
from traceability.ledger.canonical import canonical
from traceability.ledger.disclosures import hide
from traceability.ledger.signing import STATEMENT_TYPE, parse_jws, sign_jws
from traceability.models import Entry, Membership, Rejection, StatementText
from traceability.registering import statement_document

pytestmark = pytest.mark.django_db
STATEMENTS, BATCHES = "/api/v1/statements", "/api/v1/statement-batches"


def document(author="acme", lot="acme:N1", **more):
    body = {"facility": f"{author}:mine", "lot": new_lot(lot, "5")}
    return statement_document(
        kind="custody.extraction", author=author, effective=WHEN, body=body, **more
    )


def signed(told, key=None):
    return sign_jws(canonical(told), key_of(key or told["author"]), typ=STATEMENT_TYPE).decode()


def opening_stock(lot="buyer:S1"):
    """Return a plain document of an organization whose key the service holds."""
    body = {"facility": "acme:mine", "reason": "opening_stock", "lot": new_lot(lot, "1")}
    return statement_document(
        kind="custody.introduction", author="buyer", effective=WHEN, body=body
    )


def post(told, caller="acme", media="application/jose", path=STATEMENTS):
    data = told if isinstance(told, str) else json.dumps(told)
    return client(caller).post(path, data=data, content_type=media)


def send_batch(statements, caller="acme", **more):
    return post({"statements": statements} | more, caller, "application/json", BATCHES)


# ── one statement ─────────────────────────────────────────────────────────────────────────


def test_a_jws_is_recorded_and_answered_with_a_receipt(world):
    answer = post(signed(document()))
    assert answer.status_code == 201
    told = answer.json()
    assert told["outcome"] == "recorded"
    assert told["key_held_by"] == "organization"
    receipt = json.loads(parse_jws(told["receipt"].encode(), typ="custody-receipt+jws").payload)
    assert receipt["entry"] == told["entry"]
    assert Entry.objects.get(hash=told["entry"]).author == "acme"


def test_the_same_bytes_again_are_answered_with_the_first_receipt(world):
    jws = signed(document())
    first, second = post(jws), post(jws)
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["outcome"] == "duplicate"
    assert first.json()["receipt"] == second.json()["receipt"]


def test_bytes_are_kept_as_they_were_sent(world):
    jws = signed(document())
    entry = Entry.objects.get(hash=post(jws).json()["entry"])
    assert StatementText.objects.get(pk=entry.pk).jws == jws


def test_disclosures_travel_beside_the_signature(world):
    hidden, disclosures = hide(document(), ["$.body.lot.quantity.value"], lambda: b"s" * 16)
    told = {"statement": signed(hidden), "disclosures": disclosures}
    for media in ("application/jose+json", "application/json"):
        assert post(told, media=media).status_code in (200, 201)
    assert post(signed(hidden | {"id": str(uuid4())})).json()["code"] == "undisclosed_value"


def test_the_service_signs_for_those_whose_key_it_holds(world):
    answer = post(opening_stock(), "buyer", "application/json")
    assert answer.status_code == 201
    assert answer.json()["key_held_by"] == "service"


def test_the_service_signs_for_nobody_else(world):
    assert post(document(), "acme", "application/json").json()["code"] == "no_service_key"
    refused = post(opening_stock(), "acme", "application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_submitted_by_author")
    assert not Entry.objects.filter(author="buyer").exists()


REFUSED = [
    (lambda: signed(document(), key="rival"), 403, "wrong_author"),
    (lambda: signed(document(), key="stranger"), 403, "unknown_key"),
    (lambda: signed(document())[:-8] + "AAAAAAAA", 403, "invalid_signature"),
    (lambda: signed(document(author="rival", lot="rival:N")), 403, "not_submitted_by_author"),
    (lambda: signed(document(ledger="elsewhere.example")), 400, "not_for_this_ledger"),
    (lambda: signed(document(lot="acme:L1")), 409, "lot_exists"),
    (lambda: signed(document(lot="rival:X")), 403, "not_your_name_space"),
    (lambda: signed(document() | {"kind": "custody.nothing"}), 400, "unknown_kind"),
    (lambda: signed(document() | {"effective": "2999-01-01T00:00:00Z"}), 400, "time_in_the_future"),
    (lambda: "no.jws.here", 400, "malformed_jws"),
    (lambda: " ", 400, "malformed_jws"),
    (lambda: "ü", 400, "malformed_jws"),
    (lambda: "x" * (BODY_LIMIT + 1), 413, "document_too_large"),
]


@pytest.mark.parametrize(("make", "status", "code"), REFUSED)
def test_a_refused_statement_changes_nothing_and_says_why(world, make, status, code):
    before = Entry.objects.count()
    answer = post(make())
    told = answer.json()
    assert answer.status_code == told["status"] == status, told
    assert told["code"] == code
    assert answer["Content-Type"] == "application/problem+json"
    assert told["type"].endswith(f"/errors/{told['code']}")
    assert told["title"]
    assert told["detail"]
    assert told["hint"]
    assert Entry.objects.count() == before


def test_a_wrong_signature_is_not_confused_with_a_wrong_key(world):
    head, payload, _ = signed(document()).split(".")
    other = signed(document()).split(".")[2]
    assert post(f"{head}.{payload}.{other}").json()["code"] == "invalid_signature"


def test_a_lot_of_a_rival_is_as_unknown_as_one_that_does_not_exist(world):
    told = []
    for lot in ("rival:R", "nobody:X"):
        body = {"facility": "acme:mine", "lot": lot, "quantity": tonnes("1"), "reason": "spill"}
        loss = statement_document(kind="custody.loss", author="acme", effective=WHEN, body=body)
        answer = post(signed(loss))
        told.append((answer.status_code, {**answer.json(), "id": ""}, lot))
    (one_status, one, first), (two_status, two, second) = told
    assert one_status == two_status == 404
    assert json.loads(json.dumps(one).replace(first, second)) == two


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        ("{}", "text/plain", 415),
        ("{}", "application/xml", 415),
        ("{", "application/json", 400),
        ("[]", "application/json", 400),
        ('{"a":1,"a":2}', "application/json", 400),
        ('{"statement":1}', "application/jose+json", 400),
        ('{"statement":"a.b.c","more":1}', "application/jose+json", 400),
        ("\x00", "application/jose+json", 400),
        ('"a.b.c"', "application/json", 400),
        ('"a', "application/json", 400),
        ('"\\ud800"', "application/json", 400),
        ("", "", 415),
    ],
)
def test_a_body_that_is_no_statement_is_a_problem(world, body, media, status):
    answer = post(body, media=media)
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"


def test_what_was_refused_is_kept_for_its_sender_only(world):
    post(signed(document(lot="acme:L1")))
    [kept] = client("acme").get("/api/v1/rejections").json()["items"]
    assert kept["problem"]["code"] == "lot_exists"
    assert kept["problem"]["at"] == "$.body.lot"
    assert client("rival").get("/api/v1/rejections").json()["items"] == []
    assert client("acme").get("/api/v1/rejections?code=id_reused").json()["items"] == []


def test_a_token_that_may_only_read_records_nothing(world):
    token("acme", name="reader", scope="read")
    answer = post(signed(document()), "reader")
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert client("reader").get("/api/v1/lots").status_code == 200


DEEP = "[" * 5000 + "]" * 5000


@pytest.mark.parametrize(
    ("body", "media", "path"),
    [
        ('{"statement":"a.b.c","disclosures":[{"a":DEEP}]}', JOSE_JSON, STATEMENTS),
        ('{"a":DEEP}', "application/json", STATEMENTS),
        ('{"statements":[DEEP]}', "application/json", BATCHES),
        (
            '{"statements":[{"statement":"a.b.c","disclosures":[{"a":DEEP}]}]}',
            "application/json",
            BATCHES,
        ),
    ],
)
def test_what_is_nested_without_end_is_a_problem_and_no_fault(world, body, media, path):
    answer = post(body.replace("DEEP", DEEP), media=media, path=path)
    told = answer.json()
    if answer.status_code == 200:  # of a batch, the item is refused in its place
        [told] = [one["problem"] for one in told["outcomes"]]
    assert told["status"] == 400
    assert told["hint"]


def test_nobody_records_without_a_token(world):
    answer = post(signed(document()), None)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


# ── somebody in a browser ─────────────────────────────────────────────────────────────────


@pytest.fixture
def clerk(world):
    user = User.objects.create(username="clerk")
    Membership.objects.create(user=user, organization_id="buyer", pseudonym="clerk-0001")
    return user


def test_a_person_is_named_by_the_pseudonym_in_what_the_service_signs(clerk):
    browser = Client()
    browser.force_login(clerk)
    answer = browser.post(STATEMENTS, opening_stock(), content_type="application/json")
    assert answer.status_code == 201
    entry = Entry.objects.get(hash=answer.json()["entry"])
    jws = StatementText.objects.get(pk=entry.pk).jws
    payload = json.loads(parse_jws(jws.encode(), typ=STATEMENT_TYPE).payload)
    assert payload["acting_person"] == "clerk-0001"


def test_a_person_does_not_sign_as_another(clerk):
    browser = Client()
    browser.force_login(clerk)
    told = opening_stock() | {"acting_person": "somebody-else"}
    answer = browser.post(STATEMENTS, told, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")


@pytest.mark.parametrize("path", [STATEMENTS, BATCHES])
def test_a_session_needs_the_csrf_token_to_record(clerk, path):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(clerk)
    answer = browser.post(path, opening_stock(), content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")


# ── batches ───────────────────────────────────────────────────────────────────────────────


def test_a_batch_answers_each_item_in_order_and_later_items_see_earlier_ones(world):
    made = document(lot="acme:B1")
    split = statement_document(
        kind="custody.split",
        author="acme",
        effective=WHEN,
        body={
            "facility": "acme:mine",
            "lot": "acme:B1",
            "parts": [{"lot": "acme:B2", "quantity": tonnes("1")}],
        },
    )
    answer = send_batch([signed(made), {"statement": signed(split)}, signed(made), "a.b.c", {}])
    assert answer.status_code == 200
    told = answer.json()
    assert [one["outcome"] for one in told["outcomes"]] == [
        *("recorded", "recorded", "duplicate", "rejected", "rejected")
    ]
    assert (told["recorded"], told["duplicate"], told["rejected"]) == (2, 1, 2)
    assert told["outcomes"][4]["problem"]["at"].startswith("$.statements[4]")
    assert told["outcomes"][1]["id"] == split["id"]


def test_a_batch_of_plain_documents_is_signed_by_the_service(world):
    told = send_batch([opening_stock("buyer:S1"), opening_stock("buyer:S2")], "buyer").json()
    assert told["recorded"] == 2


@pytest.mark.parametrize("bad", ["a.b.c", {"author": "rival"}])
def test_an_atomic_batch_records_all_or_none(world, bad):
    before = Entry.objects.count()
    answer = send_batch([signed(document()), bad], atomic=True)
    assert answer.status_code == 409
    told = answer.json()
    assert told["code"] == "batch_not_recorded"
    assert [one["outcome"] for one in told["outcomes"]] == ["rejected", "rejected"]
    assert told["outcomes"][0]["problem"]["code"] == "batch_not_recorded"
    assert told["outcomes"][1]["problem"]["code"] != "batch_not_recorded"
    assert Entry.objects.count() == before


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ('{"statements":[]}', 400, "invalid_request"),
        ('{"statements":"a.b.c"}', 400, "invalid_request"),
        ('{"statements":["a.b.c"],"atomic":1}', 400, "invalid_request"),
        ('{"statements":["a.b.c"],"more":1}', 400, "invalid_request"),
        ("{", 400, "invalid_request"),
        ('{"statements":[' + ",".join(["0"] * (BATCH_LIMIT + 1)) + "]}", 413, "batch_too_large"),
    ],
)
def test_a_batch_of_another_form_is_refused_as_a_whole(world, body, status, code):
    answer = post(body, "acme", "application/json", BATCHES)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Rejection.objects.exists()


@pytest.mark.parametrize("path", [STATEMENTS, BATCHES])
def test_more_bytes_than_allowed_are_not_even_read(world, settings, path):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    answer = post("x" * 101, "acme", "application/json", path)
    assert (answer.status_code, answer.json()["code"]) == (413, "document_too_large")
    assert answer.json()["limit_bytes"] == 100


def test_a_batch_has_one_content_type(world):
    assert post("a.b.c", "acme", "application/jose", BATCHES).status_code == 415


def test_a_lean_post_asks_the_database_as_little_as_recording_does(
    world, django_assert_num_queries
):
    post(signed(document(lot="acme:W1")))  # warm: token and guard are known now
    with django_assert_num_queries(2) as asked:  # what recording opens and commits
        post(signed(document(lot="acme:W2")))
    assert all("SAVEPOINT" in one["sql"] for one in asked.captured_queries)
