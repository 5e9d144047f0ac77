"""Who comes in: tokens, sessions, and those who act for nobody."""

import base64

import pytest
from django.contrib.auth.models import User
from django.test import Client
from oauth2_provider.models import AccessToken, Application

from tests.traceability.api.world import client, token
from traceability.api import auth
from traceability.models import Membership, Reading

pytestmark = pytest.mark.django_db
LOTS = "/api/v1/lots"


def test_a_client_gets_a_token_with_its_secret_and_reads_with_it(world):
    user = User.objects.create(username="sap")
    Membership.objects.create(user=user, organization_id="bolt", pseudonym="sap-00001")
    Application.objects.create(
        user=user,
        client_id="sap",
        client_secret="a long secret",  # noqa: S106
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
    )
    basic = base64.b64encode(b"sap:a long secret").decode()
    told = Client().post(
        "/o/token/",
        {"grant_type": "client_credentials", "scope": "read"},
        HTTP_AUTHORIZATION=f"Basic {basic}",
    )
    assert told.status_code == 200, told.content
    answer = Client(HTTP_AUTHORIZATION=f"Bearer {told.json()['access_token']}").get(LOTS)
    assert [lot["id"] for lot in answer.json()["items"]][-1] == "bolt:S"


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer nothing", "bearer token-acme x"])
def test_a_token_that_is_not_good_is_refused(world, header):
    answer = Client(HTTP_AUTHORIZATION=header).get(LOTS)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


def test_an_expired_token_is_refused_also_when_it_is_remembered(world):
    token("acme", name="old", expires_in=-1)
    assert client("old").get(LOTS).status_code == 401
    assert client("old").get(LOTS).status_code == 401


def test_a_revoked_token_is_refused_within_seconds(world, monkeypatch):
    token("acme", name="lost")
    assert client("lost").get(LOTS).status_code == 200
    AccessToken.objects.filter(token="token-lost").delete()  # noqa: S106
    now = auth.monotonic()
    monkeypatch.setattr(auth, "monotonic", lambda: now + 5.1)
    assert client("lost").get(LOTS).status_code == 401


def test_a_token_is_looked_up_in_one_query_and_then_remembered(world, django_assert_num_queries):
    with django_assert_num_queries(1):
        auth.bearer(_request("token-acme"))
    with django_assert_num_queries(0):
        auth.bearer(_request("token-acme"))


def test_what_is_remembered_has_a_limit(world, monkeypatch):
    monkeypatch.setattr(auth, "_MOST", 1)
    for name in ("acme", "bolt", "cell"):
        auth.bearer(_request(f"token-{name}"))
    assert len(auth._KNOWN) == 1


def test_a_closed_account_is_refused(world):
    given = token("acme", name="closed")
    User.objects.filter(pk=given.application.user_id).update(is_active=False)
    answer = client("closed").get(LOTS)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


def test_an_account_that_acts_for_nobody_sees_nothing(world):
    token("acme", name="nobody", acts=False)
    answer = client("nobody").get(LOTS)
    assert (answer.status_code, answer.json()["code"]) == (403, "no_organization")


@pytest.mark.parametrize(("scope", "status"), [("read", 200), ("write", 403), ("", 403)])
def test_reading_needs_the_scope(world, scope, status):
    token("acme", name="scoped", scope=scope)
    assert client("scoped").get(LOTS).status_code == status


def test_a_person_reads_in_a_session_and_is_named_in_the_trace(world):
    user = User.objects.create(username="officer")
    Membership.objects.create(user=user, organization_id="buyer", pseudonym="officer-0001")
    browser = Client()
    browser.force_login(user)
    assert browser.get(f"{LOTS}/bolt:C").status_code == 200
    [trace] = Reading.objects.filter(reader="buyer", what="lot")
    assert trace.person == "officer-0001"


def test_a_person_without_an_organization_is_told_so(world):
    browser = Client()
    browser.force_login(User.objects.create(username="guest", is_superuser=True, is_staff=True))
    answer = browser.get(LOTS)
    assert (answer.status_code, answer.json()["code"]) == (403, "no_organization")


def test_a_token_of_a_person_names_the_person(world):
    given = token("acme", name="app")
    given.user = User.objects.create(username="driver")
    given.save()
    Membership.objects.create(user=given.user, organization_id="bolt", pseudonym="driver-0001")
    caller = auth.bearer(_request("token-app"))
    assert (caller.organization, caller.person) == ("bolt", "driver-0001")


def _request(text):
    from django.test import RequestFactory

    return RequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {text}")
