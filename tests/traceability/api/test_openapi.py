"""The OpenAPI document is true: it validates, and what it promises holds for odd requests too."""

import io

import msgspec
import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from tests.traceability.api.world import client
from traceability.api import examples
from traceability.api.lots import LotDetail
from traceability.api.statements import RecordedStatement
from traceability.api.submitting import Signed
from traceability.downstream import Recall
from traceability.ledger.canonical import canonical
from traceability.ledger.keys import new_private_key
from traceability.ledger.shapes import LotId
from traceability.ledger.signing import STATEMENT_TYPE, sign_jws
from traceability.ledger.statements import parse_statement
from traceability.models import Entry
from traceability.recording import known_kinds
from traceability.upstream import Provenance

pytestmark = pytest.mark.django_db
CHECKS = (not_a_server_error, content_type_conformance, response_schema_conformance)


@pytest.fixture(autouse=True)
def one_connection():
    """Keep the test's transaction open between requests, as Django's own test client does."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


def test_the_document_validates_without_a_warning():
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", "/dev/null")


def test_the_document_is_served_to_everybody_and_so_is_its_reader(world):
    told = client().get("/api/schema/", HTTP_ACCEPT="application/json").json()
    assert told["openapi"].startswith("3.1")
    assert client().get("/api/").headers["Location"] == "/api/docs/"
    page = client().get("/api/docs/").content.decode()
    assert "//cdn" not in page
    assert "https://" not in page  # works offline


def test_every_operation_says_how_it_is_refused(world):
    told = client().get("/api/schema/", HTTP_ACCEPT="application/json").json()
    names = []
    for path, operations in told["paths"].items():
        for operation in operations.values():
            names.append(operation["operationId"])
            if "/log/" not in path:
                assert {"401", "403"} <= operation["responses"].keys(), path
    assert len(set(names)) == len(names)
    assert r"\A" not in str(told)  # an anchor of Python's that no other reader knows
    assert LotId.__metadata__[0].pattern.startswith(r"\A")


@pytest.mark.parametrize(
    ("example", "shape"),
    [
        (examples.SIGNED, Signed),
        (examples.RECORDED, RecordedStatement),
        (examples.LOT, LotDetail),
        (examples.PROVENANCE, Provenance),
        (examples.RECALL, Recall),
    ],
)
def test_every_example_is_of_the_shape_it_is_an_example_of(example, shape):
    assert msgspec.to_builtins(msgspec.convert(example, shape)) == example | (
        {"state": None} if shape is RecordedStatement else {}
    )


def test_the_example_of_a_document_is_a_statement_this_ledger_understands():
    jws = sign_jws(canonical(examples.DOCUMENT), new_private_key(), typ=STATEMENT_TYPE)
    told = parse_statement(jws, kinds=known_kinds(), ledger=examples.DOCUMENT["ledger"])
    assert "lot:north-mine:L7-a" in told.subjects


def test_the_examples_stand_in_the_document(world):
    told = client().get("/api/schema/", HTTP_ACCEPT="application/json").json()
    sent = told["paths"]["/api/v1/statements"]["post"]["requestBody"]["content"]
    assert "north-mine:L7-a" in str(sent["application/json"])
    answered = told["paths"]["/api/v1/lots/{lot}/provenance"]["get"]["responses"]["200"]
    assert "bay-smelter" in str(answered)


def _document():
    out = io.StringIO()
    call_command("spectacular", "--format", "openapi-json", stdout=out)
    return schemathesis.openapi.from_file(io.StringIO(out.getvalue()))


OPERATIONS = [
    operation.ok()
    for operation in _document().get_all_operations()
    if operation.ok().method == "get" and operation.ok().path.startswith("/api/v1/")
]


QUESTIONS = [
    pytest.param(operation, mode, id=f"{operation.path} {mode.value}")
    for operation in OPERATIONS
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or list(operation.query)  # else nothing can be wrong
]


@pytest.mark.parametrize(("operation", "mode"), QUESTIONS)
def test_no_question_makes_the_service_fail_or_answer_off_its_schema(world, operation, mode):
    known = {"entry": Entry.objects.first().hash, "lot": "acme:L1"}

    @settings(
        max_examples=8,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case):
        case.headers = {**(case.headers or {}), "Authorization": "Bearer token-acme"}
        _send(case)

    ask()
    case = operation.Case(
        path_parameters={name: known.get(name, "acme") for name in _names(operation)},
        headers={"Authorization": "Bearer token-acme"},
    )
    _send(case)


def _names(operation):
    return [parameter.name for parameter in operation.path_parameters]


def _send(case):
    answer = case.call(app=WSGIHandler(), base_url="http://127.0.0.1")
    case.validate_response(answer, checks=list(CHECKS))
