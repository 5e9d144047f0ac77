"""The kinds `standards.*`: what they say, whose they are, and what is refused."""

from copy import deepcopy
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standards.rulebook.credential import NEGATIVE_STATUSES, POSITIVE_STATUSES, RENEWAL_STATUS
from standards.rulebook.errors import BadPolicy
from standards.rulebook.policy_format import parse_policy
from standards.rulebook.statements import (
    KINDS,
    CertificateState,
    policy_form,
    policy_of,
    policy_statement,
)
from traceability.errors import ImpossibleTime, MalformedStatement, NotYourNameSpace
from traceability.ledger.canonical import canonical
from traceability.ledger.keys import PrivateKey
from traceability.ledger.kinds import WHO_MAY_SIGN
from traceability.ledger.signing import STATEMENT_TYPE, sign_jws
from traceability.ledger.statements import Statement, parse_statement

LEDGER = "demo.ledger.example"
KEY = PrivateKey(seed=bytes(32))
CERTIFICATE = {
    "certificate": "scheme:c1",
    "scheme": "copper_mark",
    "facility": "smelter:works",
    "activities": ["smelting"],
    "materials": ["Cu"],
    "valid_from": "2025-01-10",
    "valid_until": "2028-01-09",
    "published_on": "2025-01-10",
    "status": "awarded",
    "status_from": "2025-01-10",
}
STATUS = {
    "certificate": "scheme:c1",
    "status": "suspended",
    "effective_from": "2026-05-01",
    "because": "An open finding.",
    "retroactive": False,
}
SNAPSHOT = {
    "snapshot": "scheme:list-1",
    "scheme": "copper_mark",
    "title": "Award holders",
    "url": "https://scheme.example/holders",
    "retrieved_at": "2026-05-01T10:00:00+00:00",
    "sha256": "a" * 64,
    "complete": True,
    "rows": [{"name": "Works", "facility": "smelter:works", "from": "2025-01-10"}],
}
FORM = {
    "club": "scheme",
    "version": "1",
    "title": "Policy",
    "effective_from": "2026-01-01",
    "parameters": {
        "irma.minimum_level": {
            "title": "Lowest level",
            "unit": "text",
            "versions": [
                {"value": "IRMA 50", "in_force_from": "2026-01-01", "source": "Clause 4"},
                {"in_force_from": "2028-01-01", "source": "Clause 5", "status": "repealed"},
            ],
        },
        "copper_mark.marks": {
            "title": "Marks",
            "unit": "table",
            "versions": [
                {"value": {"Cu": "a mark"}, "in_force_from": "2026-01-01", "source": "Clause 6"},
                {"in_force_from": "2028-01-01", "source": "Clause 7", "status": "repealed"},
            ],
        },
    },
    "requirements": [{"rule_id": "MB-13", "severity": "critical", "flag_due_days": 3}],
}


def said(kind: str, body: dict, *, author: str = "scheme") -> Statement:
    document = {
        "ledger": LEDGER,
        "id": str(uuid4()),
        "kind": kind,
        "schema": 1,
        "author": author,
        "effective": "2026-06-01",
        "body": body,
    }
    jws = sign_jws(canonical(document), KEY, typ=STATEMENT_TYPE)
    return parse_statement(jws, kinds=KINDS, ledger=LEDGER)


def test_every_kind_says_who_may_sign_it():
    assert set(KINDS) == {kind for kind in WHO_MAY_SIGN if kind.startswith("standards.")}


def test_the_states_of_certificates_are_those_the_rules_know():
    known = POSITIVE_STATUSES | NEGATIVE_STATUSES | {RENEWAL_STATUS}
    assert {state.value for state in CertificateState} == known


@pytest.mark.parametrize(
    ("kind", "body", "subjects"),
    [
        ("certificate", CERTIFICATE, ("certificate:scheme:c1",)),
        ("certificate_status", STATUS, ("certificate:scheme:c1",)),
        ("snapshot", SNAPSHOT, ("snapshot:scheme:list-1",)),
        ("policy", policy_statement(FORM), ("policy:scheme",)),
        (
            "pack_activation",
            {"pack": "irma", "version": "2026.11.23", "digest": "b" * 64},
            ("pack:irma",),
        ),
        (
            "verdicts",
            {
                "run": str(uuid4()),
                "root": "c" * 64,
                "count": 2,
                "log_size": 9,
                "code_version": "d" * 64,
            },
            (),
        ),
    ],
)
def test_a_statement_touches_the_subject_it_is_about(kind, body, subjects):
    assert said(f"standards.{kind}", body).subjects == subjects


@pytest.mark.parametrize(
    ("kind", "body", "member"),
    [
        ("certificate", CERTIFICATE, "certificate"),
        ("certificate_status", STATUS, "certificate"),
        ("snapshot", SNAPSHOT, "snapshot"),
        ("policy", policy_statement(FORM), "club"),
    ],
)
def test_nobody_speaks_in_the_name_space_of_another(kind, body, member):
    with pytest.raises(NotYourNameSpace) as refused:
        said(f"standards.{kind}", body, author="stranger")
    assert refused.value.at == f"$.body.{member}"


@pytest.mark.parametrize(
    ("kind", "body", "change", "at"),
    [
        ("certificate", CERTIFICATE, {"organization": "smelter"}, "facility"),
        ("certificate", CERTIFICATE, {"valid_until": "2026-02-30"}, "valid_until"),
        ("certificate", CERTIFICATE, {"valid_until": "2025-01-09"}, "valid_until"),
        ("certificate", CERTIFICATE, {"status": None}, "status"),
        ("certificate_status", STATUS, {"effective_from": "2026-06-31"}, "effective_from"),
        ("certificate_status", STATUS, {"status": "fine"}, "status"),
        ("snapshot", SNAPSHOT, {"retrieved_at": "2026-05-01"}, "retrieved_at"),
        (
            "snapshot",
            SNAPSHOT,
            {"rows": [{"name": "Works", "to": "2026-02-30"}]},
            "rows[0].listed_until",
        ),
        ("policy", policy_statement(FORM), {"effective_from": "2026-02-30"}, "effective_from"),
    ],
)
def test_what_cannot_be_is_refused_at_its_place(kind, body, change, at):
    changed = {name: value for name, value in {**body, **change}.items() if value is not None}
    with pytest.raises((MalformedStatement, BadPolicy)) as refused:
        said(f"standards.{kind}", changed)
    assert refused.value.at == f"$.body.{at}"


def test_a_certificate_may_be_about_an_organization_without_days():
    body = {"certificate": "scheme:c2", "scheme": "rmi_rmap", "organization": "smelter"}
    assert said("standards.certificate", body).body.facility is None


def test_a_retrieval_is_no_period():
    with pytest.raises((MalformedStatement, ImpossibleTime)):
        said("standards.snapshot", SNAPSHOT | {"retrieved_at": "yesterday"})


def test_a_policy_says_each_parameter_once():
    body = policy_statement(FORM)
    body["parameters"].append(body["parameters"][0])
    with pytest.raises(BadPolicy, match="twice"):
        said("standards.policy", body)


@pytest.mark.parametrize("value", [[{"name": "Cu"}], "no table"])
def test_a_table_that_is_none_is_refused(value):
    body = deepcopy(policy_statement(FORM))
    body["parameters"][1]["versions"][0]["value"] = value
    with pytest.raises(BadPolicy):
        said("standards.policy", body)


texts = st.text(
    alphabet=st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=8
)


@given(marks=st.dictionaries(texts, texts, min_size=1, max_size=4))
def test_a_policy_comes_through_a_statement_unchanged(marks):
    form = deepcopy(FORM)
    form["parameters"]["copper_mark.marks"]["versions"][0]["value"] = marks
    body = said("standards.policy", policy_statement(form)).body
    assert policy_form(body) == form
    assert policy_of(body) == parse_policy(form)
