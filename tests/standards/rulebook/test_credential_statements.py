"""Certificates, registers and declarations as statements: what is refused, and where."""

from uuid import uuid4

import pytest
from msgspec.structs import replace

from standards.rulebook.statements import KINDS
from traceability.errors import (
    AmbiguousParty,
    MalformedStatement,
    NotYourNameSpace,
    UnknownFacility,
    UnknownLot,
    UnknownOrganization,
)
from traceability.ledger.book import Book, Facility, Lot
from traceability.ledger.canonical import canonical
from traceability.ledger.keys import PrivateKey
from traceability.ledger.needs import Needs
from traceability.ledger.signing import STATEMENT_TYPE, sign_jws
from traceability.ledger.statements import Statement, parse_statement
from traceability.ledger.vocabulary import OrganizationRole

LEDGER = "demo.ledger.example"
KEY = PrivateKey(seed=bytes(32))
AUDIT = {
    "certificate": "scheme:c1",
    "scheme": "irma",
    "facility": "mine:pit",
    "standard_code": "irma_mining",
    "version": "1.0",
    "assessment_type": "initial",
    "operation": "industrial",
    "level": "IRMA 50",
    "stage_1_on": "2022-01-10",
    "stage_2_on": "2022-04-29",
    "published_on": "2023-06-20",
    "outcomes": [
        {"kind": "area", "code": "business_integrity", "score_percent": "72.5"},
        {
            "kind": "critical_requirement",
            "code": "1.1.1.1",
            "rating": "substantially",
            "plan": {"due_on": "2024-06-20"},
        },
    ],
    "complaints": [{"reference": "2024-001", "opened_on": "2024-02-01"}],
    "renewal_of": "scheme:c0",
    "supersedes": ["scheme:c00"],
}
REGISTER = {
    "snapshot": "scheme:list-1",
    "scheme": "irma",
    "title": "Audits",
    "url": "https://scheme.example/audits",
    "retrieved_at": "2026-05-01T10:00:00+00:00",
    "sha256": "a" * 64,
    "complete": True,
    "left_out": 3,
    "rows": [
        {"name": "Pit", "facility": "mine:pit", "from": "2023-06-20", "level": "IRMA 50"},
        {"name": "Mine", "organization": "mine"},
        {"name": "Else", "country": "PE"},
    ],
}
DECLARATION = {
    "declaration": "smelter:d1",
    "form": "claims",
    "lots": ["smelter:cathode"],
    "facilities": ["smelter:works"],
    "recipients": [{"organization": "buyer"}, {"name": "Somebody Ltd"}],
    "claims": [
        {
            "scheme": "irma",
            "code": "contains",
            "wording": "Contains copper of an IRMA 50 mine.",
            "level": "IRMA 50",
            "model": "mass_balance",
            "site": "mine:pit",
            "share": "0.5",
            "says": ["level", "content"],
        }
    ],
    "answers": [{"question": "has_policy", "answer": "yes"}],
}
AUTHOR = {"certificate": "scheme", "snapshot": "scheme", "declaration": "smelter"}


def said(kind: str, body: dict, author: str = "") -> Statement:
    document = {
        "ledger": LEDGER,
        "id": str(uuid4()),
        "kind": f"standards.{kind}",
        "schema": 1,
        "author": author or AUTHOR[kind],
        "effective": "2026-06-01",
        "body": body,
    }
    jws = sign_jws(canonical(document), KEY, typ=STATEMENT_TYPE)
    return parse_statement(jws, kinds=KINDS, ledger=LEDGER)


def changed(base: dict, path: str, value: object) -> dict:
    """Return a body with one member of it, or of one of its lists, changed; None takes it away."""
    head, _, rest = path.partition(".")
    if rest and isinstance(base[head], list):
        place, _, rest = rest.partition(".")
        rows = list(base[head])
        rows[int(place)] = changed(rows[int(place)], rest, value)
        return base | {head: rows}
    if rest:
        return base | {head: changed(base[head], rest, value)}
    if value is None:
        return {name: told for name, told in base.items() if name != head}
    return base | {head: value}


@pytest.mark.parametrize(
    ("kind", "body", "subject"),
    [
        ("certificate", AUDIT, "certificate:scheme:c1"),
        ("snapshot", REGISTER, "snapshot:scheme:list-1"),
        ("declaration", DECLARATION, "declaration:smelter:d1"),
    ],
)
def test_each_is_understood_and_touches_its_own_subject(kind, body, subject):
    assert said(kind, body).subjects == (subject,)
    with pytest.raises(NotYourNameSpace):
        said(kind, body, author="stranger")


@pytest.mark.parametrize(
    ("path", "value", "at"),
    [
        ("organization", "mine", "$.body.facility"),
        ("facility", None, "$.body.facility"),
        ("stage_1_on", "2022-02-30", "$.body.stage_1_on"),
        ("stage_2_on", "2022-01-09", "$.body.stage_2_on"),
        ("published_on", "2022-04-28", "$.body.published_on"),
        ("renewal_of", "scheme:c1", "$.body.supersedes"),
        ("supersedes", ["scheme:c0", "scheme:c0"], "$.body.supersedes"),
        ("outcomes.0.score_percent", "100.5", "$.body.outcomes[0].score_percent"),
        ("outcomes.0.score_percent", None, "$.body.outcomes[0]"),
        ("outcomes.0.kind", "opinion", "$.body.outcomes[0].kind"),
        ("outcomes.1.plan.due_on", "2024-06-31", "$.body.outcomes[1].plan.due_on"),
        ("outcomes.1.has_plan", False, "$.body.outcomes[1].plan"),
        ("outcomes", [{"kind": "area", "code": "a", "rating": "x"}] * 2, "$.body.outcomes"),
        ("complaints.0.opened_on", "2024-13-01", "$.body.complaints[0].opened_on"),
        ("complaints", [{"reference": "a"}, {"reference": "a"}], "$.body.complaints"),
        ("operation", "large", "$.body.operation"),
        ("assessment_type", "renewed", "$.body.assessment_type"),
        ("colour", "red", "$.body"),
    ],
)
def test_a_certificate_that_cannot_be_is_refused_at_its_place(path, value, at):
    with pytest.raises(MalformedStatement) as refused:
        said("certificate", changed(AUDIT, path, value))
    assert refused.value.at == at


def test_the_day_before_and_the_day_of_a_stage():
    for member, day in (("stage_2_on", "2022-01-10"), ("published_on", "2022-04-29")):
        assert said("certificate", changed(AUDIT, member, day))


@pytest.mark.parametrize(
    ("path", "value", "at"),
    [
        ("rows.0.to", "2023-06-19", "$.body.rows[0].to"),
        ("rows.0.from", "2023-02-30", "$.body.rows[0].listed_from"),
        ("rows.0.next_action_on", "2026-02-30", "$.body.rows[0].next_action_on"),
        ("retrieved_at", "2026-05-01", "$.body.retrieved_at"),
        ("left_out", -1, "$.body.left_out"),
    ],
)
def test_a_register_that_cannot_be_is_refused_at_its_place(path, value, at):
    with pytest.raises(MalformedStatement) as refused:
        said("snapshot", changed(REGISTER, path, value))
    assert refused.value.at == at


@pytest.mark.parametrize(
    ("path", "value", "at"),
    [
        ("valid_from", "2026-02-30", "$.body.valid_from"),
        ("lots", ["smelter:a", "smelter:a"], "$.body.lots"),
        ("lots", None, "$.body.lots"),
        ("facilities", ["mine:pit", "mine:pit"], "$.body.facilities"),
        ("answers", [{"question": "q"}], "$.body.answers[0]"),
        ("answers", [{"question": "q", "answer": "yes"}] * 2, "$.body.answers"),
        ("claims.0.share", "1.01", "$.body.claims[0].share"),
        ("claims.0.says", ["level", "level"], "$.body.claims[0].says"),
        ("claims.0.says", ["nonsense"], "$.body.claims[0].says[0]"),
        ("claims.0.code", "mentions", "$.body.claims[0].code"),
    ],
)
def test_a_declaration_that_cannot_be_is_refused_at_its_place(path, value, at):
    with pytest.raises(MalformedStatement) as refused:
        said("declaration", changed(DECLARATION, path, value))
    assert refused.value.at == at


def test_a_claim_about_a_site_names_it_and_needs_no_lot():
    about_site = changed(changed(DECLARATION, "claims.0.code", "site"), "lots", None)
    assert said("declaration", about_site)
    with pytest.raises(MalformedStatement) as refused:
        said("declaration", changed(about_site, "claims.0.site", None))
    assert refused.value.at == "$.body.claims[0].site"


def test_a_declaration_says_something_or_takes_something_back():
    silent = {"declaration": "smelter:d1", "form": "claims"}
    with pytest.raises(MalformedStatement):
        said("declaration", silent)
    assert said("declaration", silent | {"withdrawn": True}).body.readers() == set()


def test_it_ends_after_it_begins_and_names_its_parties_clearly():
    window = {"valid_from": "2026-02-02", "valid_until": "2026-02-01"}
    with pytest.raises(MalformedStatement):
        said("declaration", DECLARATION | window)
    assert said("declaration", DECLARATION | {"valid_from": "2026-02-01"})
    with pytest.raises(AmbiguousParty):
        said("declaration", changed(DECLARATION, "recipients", [{"country": "CA"}]))


# ── what recording looks at ───────────────────────────────────────────────────────────────

COMPANY = frozenset({OrganizationRole.COMPANY})
CATHODE = Lot(
    id="smelter:cathode",
    custodian="smelter",
    state="held",
    facility="smelter:works",
    amount=1,
    unit="mg",
    basis="dry",
    material="copper_cathode",
    form="cathode",
    owners=(),
    known_to=frozenset({"smelter"}),
)


def book(**changes) -> Book:
    usual = {
        "organizations": {"mine": COMPANY, "buyer": COMPANY},
        "facilities": {
            name: Facility(id=name, operator=name.partition(":")[0], types=frozenset())
            for name in ("mine:pit", "smelter:works")
        },
        "lots": {"smelter:cathode": CATHODE},
    }
    return Book(**(usual | changes))


def settled(kind: str, body: dict, known: Book):
    statement = said(kind, body)
    return statement.of_kind.settle(statement, known)


ALL = (("certificate", AUDIT), ("snapshot", REGISTER), ("declaration", DECLARATION))


@pytest.mark.parametrize(("kind", "body"), ALL)
def test_what_is_registered_may_be_spoken_of(kind, body):
    assert settled(kind, body, book()) == {}


@pytest.mark.parametrize(
    ("kind", "body", "lacking", "error", "at"),
    [
        ("certificate", AUDIT, "facilities", UnknownFacility, "$.body.facility"),
        (
            "certificate",
            changed(AUDIT, "facility", None) | {"organization": "mine"},
            "organizations",
            UnknownOrganization,
            "$.body.organization",
        ),
        ("snapshot", REGISTER, "facilities", UnknownFacility, "$.body.rows[0].facility"),
        ("snapshot", REGISTER, "organizations", UnknownOrganization, "$.body.rows[1].organization"),
        ("declaration", DECLARATION, "facilities", UnknownFacility, "$.body.facilities[0]"),
        (
            "declaration",
            changed(DECLARATION, "facilities", None),
            "facilities",
            UnknownFacility,
            "$.body.claims[0].site",
        ),
        (
            "declaration",
            DECLARATION,
            "organizations",
            UnknownOrganization,
            "$.body.recipients[0]",
        ),
        ("declaration", DECLARATION, "lots", UnknownLot, "$.body.lots[0]"),
    ],
)
def test_what_nobody_registered_is_refused_at_its_place(kind, body, lacking, error, at):
    with pytest.raises(error) as refused:
        settled(kind, body, book(**{lacking: {}}))
    assert refused.value.at == at


def test_a_claim_that_names_no_site_is_about_the_lots_alone():
    assert settled("declaration", changed(DECLARATION, "claims.0.site", None), book()) == {}


def test_a_lot_that_is_not_yours_to_see_is_unknown():
    rivals = replace(CATHODE, known_to=frozenset({"rival"}))
    with pytest.raises(UnknownLot):
        settled("declaration", DECLARATION, book(lots={"smelter:cathode": rivals}))


@pytest.mark.parametrize(
    ("kind", "body", "lots", "facilities", "organizations"),
    [
        ("certificate", AUDIT, set(), {"mine:pit"}, {"scheme"}),
        (
            "certificate",
            changed(AUDIT, "facility", None) | {"organization": "mine"},
            set(),
            set(),
            {"scheme", "mine"},
        ),
        ("snapshot", REGISTER, set(), {"mine:pit"}, {"scheme", "mine"}),
        (
            "declaration",
            DECLARATION,
            {"smelter:cathode"},
            {"smelter:works", "mine:pit"},
            {"smelter", "buyer"},
        ),
    ],
)
def test_recording_is_told_what_to_look_at(kind, body, lots, facilities, organizations):
    needs = Needs()
    needs.add(said(kind, body))
    assert (needs.lots, needs.facilities, needs.organizations) == (lots, facilities, organizations)
