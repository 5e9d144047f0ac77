"""Every error: one code, a sentence, a hint, a status; and the page that lists them."""

import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from rest_framework import exceptions

from traceability import problems
from traceability.api.errors import bad_request, not_found, server_error, translated
from traceability.errors import InsufficientBalance, TraceabilityError
from traceability.problems import STATUS, errors_page, every_error, problem

PAGE = Path(__file__).resolve().parents[2] / "docs" / "errors.md"


def test_no_code_is_used_twice():
    codes = [error.code for error in every_error()]
    assert sorted(set(codes)) == codes


def test_every_error_of_both_apps_is_listed_once_with_what_it_tells():
    rows = re.findall(r"^\| `([a-z_]+)` \| (\d+) \| (.+) \| (.+) \|$", errors_page(), re.MULTILINE)
    listed = {code: int(status) for code, status, _tells, _hint in rows}
    assert listed.keys() == {error.code for error in every_error()}
    assert {"insufficient_balance", "bad_pack", "address_in_use"} <= listed.keys()
    assert listed["insufficient_balance"] == 409
    assert listed["malformed_statement"] == 400


@pytest.mark.parametrize("error", every_error(), ids=lambda error: error.code)
def test_every_error_has_a_code_a_sentence_and_a_hint(error):
    assert re.fullmatch(r"[a-z][a-z0-9_]{2,59}", error.code)
    assert problems._title(error).endswith((".", "`"))
    assert error.hint or "self.hint" in Path(_file_of(error)).read_text()


def _file_of(error):
    import sys

    return sys.modules[error.__module__].__file__


def test_every_code_with_a_status_belongs_to_an_error():
    assert STATUS.keys() <= {error.code for error in every_error()}


def test_the_page_in_the_documentation_is_current():
    assert PAGE.read_text(encoding="utf-8") == errors_page(), "run manage.py list_errors"


def test_the_command_writes_the_page_and_tells_when_it_is_old(tmp_path):
    page = tmp_path / "errors.md"
    with pytest.raises(CommandError, match="not current"):
        call_command("list_errors", "--check", output=page, stdout=StringIO())
    call_command("list_errors", output=page, stdout=StringIO())
    call_command("list_errors", "--check", output=page, stdout=StringIO())
    page.write_text(page.read_text() + " ")
    with pytest.raises(CommandError, match="not current"):
        call_command("list_errors", "--check", output=page, stdout=StringIO())


def test_facts_stand_beside_the_members_and_never_replace_them():
    told = problem(InsufficientBalance(lot_id="a:L", holds=10, asked=11, unit="mg", at="$.body"))
    assert told["status"] == 409
    assert told["type"].endswith("/errors/insufficient_balance")
    assert told["at"] == "$.body"
    assert told["lot_id"] == "a:L"
    sly = problem(TraceabilityError("Hm.", status=200, type="mine", title="mine"))
    assert (sly["status"], sly["type"] != "mine", sly["title"] != "mine") == (400, True, True)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (exceptions.NotAuthenticated(), "not_authenticated"),
        (exceptions.AuthenticationFailed(), "not_authenticated"),
        (exceptions.PermissionDenied(), "not_permitted"),
        (exceptions.NotFound(), "no_such_address"),
        (exceptions.MethodNotAllowed("PUT"), "method_not_allowed"),
        (exceptions.UnsupportedMediaType("text/x"), "unsupported_content_type"),
        (exceptions.NotAcceptable(), "unsupported_content_type"),
        (exceptions.ParseError(), "invalid_request"),
        (exceptions.Throttled(), "invalid_request"),
        (ValueError("not foreseen"), None),
    ],
)
def test_errors_of_the_framework_become_ours(rf, error, code):
    known = translated(error, rf.get("/api/v1/lots"))
    assert (known.code if known else None) == code


@pytest.mark.parametrize(
    ("handler", "arguments", "status"),
    [
        (not_found, (Exception(),), 404),
        (bad_request, (exceptions.ParseError(),), 400),
        (server_error, (), 500),
    ],
)
def test_machines_get_problems_and_people_get_pages(rf, handler, arguments, status):
    machine = handler(rf.get("/api/v1/x"), *arguments)
    person = handler(rf.get("/x"), *arguments)
    assert machine.status_code == person.status_code == status
    assert machine["Content-Type"] == "application/problem+json"
    assert person["Content-Type"].startswith("text/html")


@pytest.mark.django_db
def test_a_fault_nobody_foresaw_tells_nothing_about_itself(client, monkeypatch):
    from traceability.api import log

    def fail():
        raise RuntimeError("a secret")

    monkeypatch.setattr(log, "_newest", fail)
    client.raise_request_exception = False
    answer = client.get("/api/v1/log/checkpoint")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_fault"
    assert b"secret" not in answer.content


@pytest.mark.django_db
def test_before_the_ledger_has_begun_the_log_says_when_to_ask_again(client):
    answer = client.get("/api/v1/log/checkpoint")
    assert (answer.status_code, answer.json()["code"]) == (503, "ledger_not_begun")
    assert answer["Retry-After"]
