"""Beginning a ledger, and statements made with keys the service holds."""

import json

import pytest
from django.conf import settings

from tests.builders import OPERATOR, extraction, facility, organization
from traceability.errors import GenesisMisplaced, InsufficientBalance, NoServiceKey
from traceability.keeping import keep_new_key, log_verifier, service_key
from traceability.ledger.signing import RECEIPT_TYPE, STATEMENT_TYPE, parse_jws, verify_jws
from traceability.models import Entry, Facility, Key, Organization, ServiceKey, StatementText
from traceability.publishing import publish_checkpoint
from traceability.registering import (
    begin_ledger,
    enrolment,
    record_as_service,
    sign_as_service,
    statement_document,
)

pytestmark = pytest.mark.django_db(transaction=True)


def begin():
    return begin_ledger(operator=OPERATOR, name="Operator", country="CA", effective="2026-01-01")


def test_a_ledger_begins_with_operator_key_and_log_key_in_entry_0(transactional_db):
    outcome = begin()

    assert Organization.objects.get().roles == ["operator", "registrar"]
    assert Key.objects.get().held_by == "service"
    text = StatementText.objects.get()
    document = json.loads(parse_jws(text.jws.encode(), typ=STATEMENT_TYPE).payload)
    assert document["body"]["log_vkey"] == log_verifier().vkey
    assert (document["ledger"], outcome.key_held_by) == (settings.LEDGER_ORIGIN, "service")
    assert publish_checkpoint() == 1


def test_a_ledger_begins_once_and_a_failed_beginning_leaves_no_statement(transactional_db):
    begin()
    with pytest.raises(GenesisMisplaced):
        begin_ledger(operator="usurper", name="U", country="CA", effective="2026-01-01")
    assert Entry.objects.count() == 1
    assert Organization.objects.count() == 1


@pytest.fixture
def held(ledger, operator):
    """A company whose key the service holds."""
    key = keep_new_key("carol")
    kind, body = organization("carol")
    operator(kind, body | {"key": enrolment(key, "carol", held_by="service")})
    return key


def document(claim, author="carol", effective="2026-03-01T10:00:00-05:00", **members):
    kind, body = claim
    return statement_document(kind=kind, author=author, effective=effective, body=body, **members)


def test_the_service_signs_for_who_has_no_key_and_every_receipt_says_so(held):
    [outcome] = record_as_service([document(facility("carol:mine"))])

    told = json.loads(parse_jws(outcome.receipt.encode(), typ=RECEIPT_TYPE).payload)
    assert told["key_held_by"] == outcome.key_held_by == "service"
    assert Entry.objects.get(hash=outcome.entry).held_by == "service"
    assert Facility.objects.get(id="carol:mine").operator_id == "carol"


def test_a_statement_names_the_acting_person_and_who_asserted_it(held):
    told = document(facility("carol:mine"), acting_person="p" * 16, asserted_by={"name": "Clerk"})
    sent = sign_as_service(told)
    jws = parse_jws(sent.jws, typ=STATEMENT_TYPE)
    verify_jws(jws, service_key("carol").public.raw)
    assert json.loads(jws.payload)["acting_person"] == "p" * 16
    record_as_service([told])


def test_the_service_signs_for_nobody_who_has_a_key(alice):
    with pytest.raises(NoServiceKey):
        record_as_service([document(extraction("alice:L"), author="alice")])


def test_the_first_refusal_is_raised(held):
    record_as_service([document(facility("carol:mine"))])
    loss = ("custody.loss", extraction("carol:L")[1] | {"lot": "carol:L", "reason": "x"})
    loss = (loss[0], {**loss[1], "quantity": {"value": "200", "unit": "t", "basis": "wet"}})
    with pytest.raises(InsufficientBalance):
        record_as_service([document(extraction("carol:L")), document(loss)])
    assert ServiceKey.objects.count() == 2


def test_every_document_has_an_id_of_its_own():
    one, other = (document(facility("carol:mine")) for _ in range(2))
    assert one["id"] != other["id"]
