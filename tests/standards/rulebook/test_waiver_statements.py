"""Waivers and their uses as statements: what is refused, and what judgements see of them."""

from datetime import date
from uuid import uuid4

import pytest

from standards.rulebook.statements import KINDS
from standards.rulebook.waiver_shapes import use_of, waiver_of
from standards.rulebook.waiving import Condition, Use
from traceability.errors import (
    EquivalentOfAnotherElement,
    MalformedStatement,
    NotYourNameSpace,
)
from traceability.ledger.canonical import canonical
from traceability.ledger.keys import PrivateKey
from traceability.ledger.signing import STATEMENT_TYPE, sign_jws
from traceability.ledger.statements import parse_statement

LEDGER = "demo.ledger.example"
KEY = PrivateKey(seed=bytes(32))
WAIVER = {
    "waiver": "club:W1",
    "rules": ["IRMA-02", "CM-02"],
    "because": "No mine of this metal has been audited yet.",
    "valid_from": "2026-06-01",
    "valid_until": "2026-11-28",
    "decided_by": "The panel",
    "decided_on": "2026-05-20",
    "noticed_on": "2026-04-01",
    "comments": [{"by": "A community", "said": "Not longer.", "disposition": "180 days."}],
    "lots": ["mine:ore"],
    "facilities": ["mine:pit"],
    "minerals": ["Cu"],
    "cap": {"value": "2", "unit": "kg"},
    "conditions": [
        {"what": "An audit is booked", "due_on": "2026-08-01", "met_on": "2026-07-15"},
        {"what": "Stage 1 is done", "due_on": "2026-10-01"},
    ],
}
USE = {
    "waiver": "club:W1",
    "lot": "mine:ore",
    "element": "Cu",
    "quantity": {"value": "1.5", "unit": "kg"},
}


def said(kind, body, author="club"):
    document = {
        "ledger": LEDGER,
        "id": str(uuid4()),
        "kind": f"standards.{kind}",
        "schema": 1,
        "author": author,
        "effective": "2026-05-20",
        "body": body,
    }
    jws = sign_jws(canonical(document), KEY, typ=STATEMENT_TYPE)
    return parse_statement(jws, kinds=KINDS, ledger=LEDGER)


def test_a_waiver_is_read_as_it_was_stated():
    statement = said("waiver", WAIVER)
    assert list(statement.subjects) == ["policy:club", "waiver:club:W1"]
    found = waiver_of(statement.body, "club", "a" * 64)
    assert (found.rule_ids, found.cap_mg) == (("IRMA-02", "CM-02"), 2_000_000)
    assert (found.lot_ids, found.facility_ids, found.minerals) == (
        ("mine:ore",),
        ("mine:pit",),
        ("Cu",),
    )
    assert (found.valid_from, found.valid_until) == (date(2026, 6, 1), date(2026, 11, 28))
    assert found.conditions[0] == Condition(
        what="An audit is booked", due_on=date(2026, 8, 1), met_on=date(2026, 7, 15)
    )
    assert found.conditions[1].met_on is None
    assert found.seconded_by == ""
    seconded = said("waiver", WAIVER | {"seconded_by": "The chair"}).body
    assert waiver_of(seconded, "club", "a" * 64).seconded_by == "The chair"


def test_a_cap_and_its_uses_in_lithium_carbonate_equivalent_are_of_lithium():
    lce = {"value": "2", "unit": "t LCE"}
    body = said("waiver", WAIVER | {"minerals": ["Li"], "cap": lce}).body
    assert waiver_of(body, "club", "a" * 64).cap_mg == 375_703_768
    use = said("waiver_use", USE | {"element": "Li", "quantity": lce}).body
    assert use_of(use).mg == 375_703_768
    for kind, told in (("waiver", WAIVER | {"cap": lce}), ("waiver_use", USE | {"quantity": lce})):
        with pytest.raises(EquivalentOfAnotherElement):
            said(kind, told)


def test_what_is_not_named_does_not_limit_a_waiver():
    kept = ("waiver", "rules", "because", "valid_from", "valid_until", "decided_by", "decided_on")
    body = said("waiver", {name: WAIVER[name] for name in kept} | {"void_because": "fraud"}).body
    found = waiver_of(body, "club", "a" * 64)
    assert (found.lot_ids, found.facility_ids, found.minerals, found.cap_mg) == (None,) * 4
    assert (found.conditions, found.void_because) == ((), "fraud")


def test_a_use_is_read_as_it_was_stated():
    statement = said("waiver_use", USE)
    assert list(statement.subjects) == ["policy:club", "waiver:club:W1"]
    assert use_of(statement.body) == Use(
        waiver="club:W1", lot="mine:ore", mineral="Cu", mg=1_500_000
    )


@pytest.mark.parametrize(
    ("kind", "change", "at"),
    [
        ("waiver", {"valid_until": "2026-05-31"}, "$.body.valid_until"),
        ("waiver", {"valid_until": "2026-02-30"}, "$.body.valid_until"),
        ("waiver", {"noticed_on": "2026-05-21"}, "$.body.decided_on"),
        ("waiver", {"rules": ["IRMA-02", "IRMA-02"]}, "$.body.rules"),
        ("waiver", {"seconded_by": "The panel"}, "$.body.seconded_by"),
        ("waiver", {"minerals": None}, "$.body.minerals"),
        ("waiver", {"minerals": ["Cu", "Ni"]}, "$.body.minerals"),
        (
            "waiver",
            {"conditions": [{"what": "x", "due_on": "2026-02-30"}]},
            "$.body.conditions[0].due_on",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(kind, change, at):
    body = {name: told for name, told in (WAIVER | change).items() if told is not None}
    with pytest.raises(MalformedStatement) as refused:
        said(kind, body)
    assert refused.value.at == at


@pytest.mark.parametrize(("kind", "body"), [("waiver", WAIVER), ("waiver_use", USE)])
def test_nobody_waives_for_another_club(kind, body):
    with pytest.raises(NotYourNameSpace) as refused:
        said(kind, body, author="club-two")
    assert refused.value.at == "$.body.waiver"
