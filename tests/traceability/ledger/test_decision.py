"""Decisions: who may say what, from the genesis to a stolen key."""

import pytest
from msgspec.structs import replace

from tests.builders import (
    OPERATOR,
    ORIGIN,
    Notebook,
    audience,
    correction,
    enrolled,
    erasure,
    extraction,
    facility,
    genesis,
    grant,
    key,
    key_of,
    key_revocation,
    loss,
    notebook,
    opening,
    organization,
    relationship,
    signed,
    statement,
    understood,
    void,
)
from traceability.errors import (
    GenesisMisplaced,
    KeyExists,
    MalformedKey,
    MayNotSign,
    NotErasable,
    NotYourNameSpace,
    OrganizationNeedsKey,
    PossessionNotProven,
    UnknownFacility,
    UnknownKey,
    UnknownOrganization,
    UnknownStatement,
    WeakKey,
    WrongAuthor,
)
from traceability.ledger.decision import authorize, decide, decide_genesis
from traceability.ledger.kinds import KINDS, roles_for
from traceability.ledger.statements import Kind, parse_statement
from traceability.ledger.vocabulary import OrganizationRole as Role


@pytest.fixture
def notes():
    return notebook("alice", "bob")


def refusal(notes, author, claim, error, **more):
    before = (dict(notes.book.organizations), dict(notes.book.keys), dict(notes.book.facilities))
    with pytest.raises(error) as refused:
        notes.says(author, claim, **more)
    assert before == (notes.book.organizations, notes.book.keys, notes.book.facilities)
    return refused.value


# ── the genesis ───────────────────────────────────────────────────────────────────────────


def test_a_genesis_makes_the_operator_and_its_key():
    notes = Notebook()
    notes.says(OPERATOR, genesis())

    assert notes.book.organizations == {OPERATOR: {"operator", "registrar"}}
    assert notes.book.keys[key_of(OPERATOR).kid].organization == OPERATOR


def test_a_ledger_begins_once(notes):
    told = refusal(notes, OPERATOR, genesis(), GenesisMisplaced)
    assert told.at == "$.kind"


def no_operator():
    kind, body = genesis()
    return kind, body | {"operator": body["operator"] | {"roles": ["company"]}}


@pytest.mark.parametrize(
    ("author", "claim", "signer", "error"),
    [
        (OPERATOR, organization(OPERATOR), OPERATOR, GenesisMisplaced),
        (OPERATOR, no_operator(), OPERATOR, GenesisMisplaced),
        (OPERATOR, genesis(), "mallory", GenesisMisplaced),
        ("mallory", genesis(), OPERATOR, GenesisMisplaced),
    ],
)
def test_a_ledger_begins_with_nothing_else(author, claim, signer, error):
    with pytest.raises(error):
        Notebook().says(author, claim, key=signer)


def test_the_genesis_proves_possession_of_its_key():
    kind, body = genesis()
    body["key"]["possession"] = enrolled(OPERATOR, "mallory")["possession"]
    with pytest.raises(PossessionNotProven):
        decide_genesis(understood((kind, body), OPERATOR))


# ── authority: every kind by every role ───────────────────────────────────────────────────


@pytest.mark.parametrize("role", sorted(Role))
def test_an_organization_says_only_what_its_role_allows(role):
    notes = notebook()
    notes.book.organizations["acme"] = frozenset({role.value})
    kid = key_of("acme").kid
    notes.says(OPERATOR, organization("other"))
    notes.book.keys[kid] = _replaced(notes.book.keys[key_of("other").kid], "acme", kid)
    for kind in KINDS:
        if role in roles_for(kind):
            assert authorize(kid=kid, author="acme", kind=kind, book=notes.book).kid == kid
            continue
        with pytest.raises(MayNotSign) as refused:
            authorize(kid=kid, author="acme", kind=kind, book=notes.book)
        assert refused.value.facts == {"kind": kind, "author": "acme"}


def _replaced(known, organization, kid):
    return replace(known, organization=organization, kid=kid)


def test_nobody_signs_in_anothers_name(notes):
    told = refusal(notes, "alice", extraction("alice:L"), WrongAuthor, key="bob")
    assert (told.at, told.facts) == ("$.author", {"author": "alice"})


def test_a_key_that_is_not_enrolled_signs_nothing(notes):
    told = refusal(notes, "alice", extraction("alice:L"), UnknownKey, key="mallory")
    assert told.facts == {"kid": key_of("mallory").kid}


def test_a_kind_without_a_check_of_its_own_needs_authority_only(notes):
    shape = KINDS["registry.audience"]
    kinds = KINDS | {
        "standards.policy": Kind(name="standards.policy", body=shape.body, subjects=shape.subjects)
    }
    notes.says(OPERATOR, organization("club", "club"))
    raw = signed(statement(("standards.policy", audience("club")[1]), "club"))
    told = parse_statement(raw, kinds=kinds, ledger=ORIGIN)
    assert decide(told, notes.book).subjects == ("audience:club",)


# ── keys over time ────────────────────────────────────────────────────────────────────────


def test_a_company_enrols_a_further_key_and_signs_with_it(notes):
    notes.says("alice", key("alice", "second"))
    notes.says("alice", extraction("alice:L"), key="second")
    assert notes.amount("alice:L")


def test_a_revoked_key_signs_nothing_and_does_not_come_back(notes):
    notes.says("alice", key("alice", "second"))
    notes.says("alice", key_revocation("alice", "alice"), key="second")

    told = refusal(notes, "alice", extraction("alice:L"), UnknownKey)
    assert "revoked" in told.message
    refusal(notes, "alice", key("alice", "alice"), KeyExists, key="second")
    refusal(notes, "alice", key_revocation("alice", "alice"), UnknownKey, key="second")
    notes.says("alice", extraction("alice:L"), key="second")


def test_the_operator_helps_after_theft(notes):
    notes.says(OPERATOR, key_revocation("alice", "alice", distrusted_from=3))
    notes.says(OPERATOR, key("alice", "recovered"))
    notes.says("alice", extraction("alice:L"), key="recovered")


def test_a_company_enrols_and_revokes_its_own_keys_only(notes):
    refusal(notes, "alice", key("bob", "second"), MayNotSign)
    refusal(notes, "alice", key_revocation("bob", "bob"), MayNotSign)
    refusal(notes, "alice", key_revocation("alice", "bob"), UnknownKey)
    refusal(notes, "alice", key_revocation("alice", "nobody"), UnknownKey)
    told = refusal(notes, OPERATOR, key("zoe", "zoe"), UnknownOrganization)
    assert told.at == "$.body.organization"


def test_a_key_is_enrolled_once_for_one_organization(notes):
    assert refusal(notes, "alice", key("alice", "alice"), KeyExists).at == "$.body.key"
    refusal(notes, OPERATOR, organization("carol", key="bob"), KeyExists)


def test_a_key_comes_with_proof_for_this_organization_and_ledger(notes):
    stolen = ("registry.key", {"organization": "alice", "key": enrolled("second", "bob")})
    refusal(notes, "alice", stolen, PossessionNotProven)
    elsewhere = enrolled("second", "alice", ledger="test.example")
    refusal(
        notes,
        "alice",
        ("registry.key", {"organization": "alice", "key": elsewhere}),
        PossessionNotProven,
    )


@pytest.mark.parametrize(
    ("x", "error"),
    [("A" * 43, WeakKey), ("AQ" + "A" * 41, WeakKey), ("_" * 43, MalformedKey)],
)
def test_a_key_that_binds_nobody_is_refused(notes, x, error):
    body = {"organization": "alice", "key": enrolled("second", "alice")}
    body["key"]["jwk"]["x"] = x
    assert refusal(notes, "alice", ("registry.key", body), error).at.startswith("$.body.key.jwk")


def without_key(claim):
    kind, body = claim
    return kind, {name: told for name, told in body.items() if name != "key"}


# ── organizations ─────────────────────────────────────────────────────────────────────────


def test_an_organization_comes_with_its_first_key(notes):
    told = refusal(notes, OPERATOR, without_key(organization("carol")), OrganizationNeedsKey)
    assert told.at == "$.body.key"


def test_the_operator_changes_a_record_and_its_roles(notes):
    notes.says(OPERATOR, without_key(organization("alice", "auditor")))
    assert notes.book.organizations["alice"] == {"auditor"}
    refusal(notes, "alice", extraction("alice:L"), MayNotSign)
    refusal(notes, "alice", organization("carol"), MayNotSign)


def test_there_is_one_operator_and_it_stays_one(notes):
    refusal(notes, OPERATOR, organization("mallory", "operator"), MayNotSign)
    refusal(notes, OPERATOR, without_key(organization("alice", "company", "operator")), MayNotSign)
    refusal(notes, OPERATOR, without_key(organization(OPERATOR, "company")), MayNotSign)
    notes.says(OPERATOR, without_key(organization(OPERATOR, "operator")))


# ── facilities ────────────────────────────────────────────────────────────────────────────

UNKEYED = {"name": "Old Mine", "country": "CA"}
ALICE, BOB = {"organization": "alice"}, {"organization": "bob"}


def test_a_facility_is_registered_in_ones_own_name_space(notes):
    assert (
        refusal(notes, "alice", facility("bob:new", operator=ALICE), NotYourNameSpace).at
        == "$.body.facility"
    )
    refusal(notes, "alice", facility("alice:new", operator=BOB), MayNotSign)
    notes.says("alice", facility("alice:new", operator=UNKEYED))
    notes.says("alice", facility("alice:new", "port", operator=UNKEYED))
    assert notes.book.facilities["alice:new"].types == {"port"}


def test_a_facility_of_an_operator_without_a_key_is_handed_over_by_who_registered_it(notes):
    notes.says("alice", facility("alice:foreign", operator=UNKEYED))
    told = refusal(notes, "bob", facility("alice:foreign", operator=BOB), NotYourNameSpace)
    assert told.at == "$.body.facility"
    nobody = facility("alice:foreign", operator={"organization": "zoe"})
    told = refusal(notes, "alice", nobody, UnknownOrganization)
    assert told.at == "$.body.operator.organization"
    notes.says("alice", facility("alice:foreign", "smelter", operator=BOB))
    assert notes.book.facilities["alice:foreign"].operator == "bob"

    # From then on it alone speaks for the place.
    refusal(notes, "alice", facility("alice:foreign"), MayNotSign)
    refusal(notes, "alice", facility("alice:foreign", operator=UNKEYED), MayNotSign)
    notes.says("bob", facility("alice:foreign", "refinery", operator=BOB))
    notes.says("bob", facility("alice:foreign", operator=UNKEYED))
    notes.says("alice", facility("alice:foreign"))


def test_nobody_takes_over_a_facility_that_has_an_operator(notes):
    told = [
        refusal(notes, "bob", facility(name, operator=operator), NotYourNameSpace).as_json()
        for operator in (BOB, UNKEYED)
        for name in ("alice:mine", "alice:nothing")
    ]
    assert str(told[0]) == str(told[1]).replace("nothing", "mine")  # nor learns that there is one
    refusal(notes, OPERATOR, facility("alice:mine", operator=BOB), NotYourNameSpace)
    refusal(notes, "alice", facility("alice:mine", operator=BOB), MayNotSign)
    notes.says("alice", facility("alice:foreign", operator=UNKEYED))
    refusal(notes, "bob", facility("alice:foreign", operator=UNKEYED), NotYourNameSpace)


def test_the_ledgers_operator_hands_over_too_and_mends_whom_a_facility_is_with(notes):
    notes.says("alice", facility("alice:foreign", operator=UNKEYED))
    refusal(notes, OPERATOR, facility("alice:foreign", operator=UNKEYED), NotYourNameSpace)
    notes.says(OPERATOR, facility("alice:foreign", operator=BOB))
    assert notes.book.facilities["alice:foreign"].operator == "bob"
    refusal(notes, "bob", facility("alice:foreign", operator=ALICE), MayNotSign)
    notes.says(OPERATOR, facility("alice:foreign", operator=UNKEYED))
    assert notes.book.facilities["alice:foreign"].operator is None
    notes.says("alice", facility("alice:foreign"))
    refusal(notes, OPERATOR, facility("alice:foreign", operator=UNKEYED), NotYourNameSpace)


def test_what_was_reported_for_another_is_nobodys_to_correct_who_names_himself_operator(notes):
    notes.says("alice", facility("alice:foreign", operator=UNKEYED))
    reported = {"operator": UNKEYED, "basis": "papers"}
    told = extraction("alice:R", at="alice:foreign", reported=reported)
    entry = notes.says("alice", told)
    refusal(notes, "bob", facility("alice:foreign", operator=BOB, country="CN"), NotYourNameSpace)
    less = correction(entry, extraction("alice:R", "1", at="alice:foreign"), "alice:R")
    refusal(notes, "bob", less, UnknownStatement)
    refusal(notes, "bob", void(entry, "alice:R"), UnknownStatement)

    notes.says("alice", facility("alice:foreign", operator=BOB))
    notes.says("bob", less)
    assert notes.amount("alice:R") == 10**9


def test_a_facility_that_was_once_taken_over_is_with_its_operator_still(notes):
    notes.book.is_admitting = False
    notes.says("alice", facility("alice:foreign", operator=UNKEYED))
    refusal(notes, "bob", facility("alice:foreign", operator=UNKEYED), NotYourNameSpace)
    notes.says("bob", facility("alice:foreign", operator=BOB))
    assert notes.book.facilities["alice:foreign"].operator == "bob"


# ── relationships, audiences, grants, openings, erasures ──────────────────────────────────


def test_relationships_have_ids_of_their_authors_name_space(notes):
    notes.says("alice", relationship("alice:r", "bob", "alice"))
    told = refusal(notes, "alice", relationship("bob:r", "bob", "alice"), NotYourNameSpace)
    assert told.at == "$.body.relationship"


def test_an_audience_is_its_organizations_own(notes):
    notes.says("alice", audience("alice", "bob"))
    assert refusal(notes, "alice", audience("bob"), NotYourNameSpace).at == "$.body.audience"
    assert refusal(notes, "alice", audience("alice", "zoe"), UnknownOrganization).at == (
        "$.body.members"
    )


@pytest.mark.parametrize(
    ("claim", "error", "at"),
    [
        (grant("bob:g", "bob"), NotYourNameSpace, "$.body.grant"),
        (grant("alice:g", "zoe"), UnknownOrganization, "$.body.auditor"),
        (grant("alice:g", "bob", facilities=["bob:mine"]), UnknownFacility, "$.body.facilities[0]"),
        (grant("alice:g", "bob", facilities=["alice:no"]), UnknownFacility, "$.body.facilities[0]"),
        (grant("alice:g", "bob", lots=["alice:L", "bob:L"]), NotYourNameSpace, "$.body.lots[1]"),
        (opening("bob:o"), NotYourNameSpace, "$.body.opening"),
        (opening("alice:o", "zoe"), UnknownOrganization, "$.body.audience"),
        (opening("alice:o", facilities=["bob:mine"]), UnknownFacility, "$.body.facilities[0]"),
    ],
)
def test_nobody_opens_what_is_not_his(notes, claim, error, at):
    assert refusal(notes, "alice", claim, error).at == at


def test_grants_and_openings_of_ones_own_are_accepted(notes):
    notes.says("alice", grant("alice:g", "bob", facilities=["alice:mine"], lots=["alice:L"]))
    notes.says("alice", opening("alice:o", "bob", facilities=["alice:mine"]))


def test_an_erasure_names_an_entry_that_is_there(notes):
    entry = notes.says("alice", extraction("alice:L"))
    notes.says(OPERATOR, erasure(entry))
    assert refusal(notes, OPERATOR, erasure("ab" * 32), UnknownStatement).at == "$.body.entry"
    refusal(notes, "alice", erasure(entry), MayNotSign)

    # A store knows registrations by their entries, too.
    genesis = replace(notes.book.statements[entry], kind="registry.genesis")
    notes.book.statements["cd" * 32] = genesis
    refusal(notes, OPERATOR, erasure("cd" * 32), NotErasable)


def test_a_custody_event_is_decided_by_custody(notes):
    notes.says("alice", extraction("alice:L"))
    notes.says("alice", loss("alice:L", "1"))
    assert notes.amount("alice:L") == 99 * 10**9
