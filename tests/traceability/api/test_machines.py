"""Machines pass by the middleware of pages: what they are spared, and what they still get."""

import pytest
from django.contrib.auth.models import User
from django.http import StreamingHttpResponse
from django.test import Client, RequestFactory

from tests.traceability.api.world import client
from traceability.models import Membership
from traceability.project import machines

pytestmark = pytest.mark.django_db
LOTS = "/api/v1/lots"
FOR_ALL = ("X-Content-Type-Options", "Referrer-Policy", "X-Frame-Options", "Content-Length")


def person():
    """Return a client of a person who logged in for acme."""
    user = User.objects.create_user("ana")
    Membership.objects.create(user=user, organization_id="acme", pseudonym="person-ana")
    visitor = Client()
    visitor.force_login(user)
    return visitor


def test_machines_and_people_are_told_the_same_with_headers_that_protect_them(world):
    machine, human = client("acme").get(LOTS), person().get(LOTS)

    assert machine.json() == human.json()
    for header in FOR_ALL:
        assert machine[header] == human[header]
    assert machine["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert "default-src 'self'" in human["Content-Security-Policy"]
    assert not machine.cookies


def test_a_page_is_not_answered_as_to_a_machine_whatever_it_sends(world):
    answer = client("acme").get("/")
    assert "default-src 'self'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("/api/v1/nowhere", 404, "no_such_address"), ("/api/v1/lots/bolt:nothing", 404, None)],
)
def test_a_machine_gets_problem_details_where_there_is_nothing(world, path, status, code):
    answer = client("acme").get(path)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert code in (None, answer.json()["code"])


def test_a_fault_is_answered_and_logged_as_ever(world, monkeypatch, caplog):
    from traceability.api import statements

    def fail(*_arguments, **_more):
        raise ZeroDivisionError

    monkeypatch.setattr(statements, "record_statements", fail)
    machine = client("acme", raise_request_exception=False)
    answer = machine.post("/api/v1/statements", data="x.y.z", content_type="application/jose")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_fault")
    assert "ZeroDivisionError" in caplog.text


def test_transport_is_secured_before_anything_is_answered(world, settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 60
    machine = client("acme")
    assert machine.get(LOTS).status_code == 301
    assert machine.get(LOTS, secure=True)["Strict-Transport-Security"].startswith("max-age=60")


def test_a_post_without_a_token_is_no_machines_and_needs_the_token_of_the_form(world):
    visitor = person()
    visitor.handler.enforce_csrf_checks = True
    answer = visitor.post("/api/v1/statements", data="x", content_type="application/jose")
    assert answer.status_code == 403


def test_what_is_streamed_has_no_length():
    answered = machines.for_machines(None)
    request = RequestFactory().get(LOTS, HTTP_AUTHORIZATION="Bearer x")
    machines_answer = machines.Straight.answer
    try:
        machines.Straight.answer = lambda *_: StreamingHttpResponse([b"a"])
        answered = machines.for_machines(None)
        assert "Content-Length" not in answered(request).headers
    finally:
        machines.Straight.answer = machines_answer


@pytest.mark.parametrize(
    ("path", "header", "is_one"),
    [
        (LOTS, "Bearer token", True),
        (LOTS, "bearer token", True),
        ("/epcis/events", "Bearer token", True),
        (LOTS, "Basic token", False),
        (LOTS, "", False),
        ("/admin/", "Bearer token", False),
        ("/o/token/", "Bearer token", False),
    ],
)
def test_a_machine_is_told_by_token_and_place(path, header, is_one):
    request = RequestFactory().get(path, HTTP_AUTHORIZATION=header)
    assert machines.is_machine(request) is is_one
