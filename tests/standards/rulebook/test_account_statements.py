"""The kinds about accounts: what they touch, and what is refused, each with a code of its own."""

from copy import deepcopy
from fractions import Fraction
from uuid import uuid4

import pytest

from standards.rulebook import errors
from standards.rulebook.account_shapes import milligrams
from standards.rulebook.statements import KINDS
from traceability import errors as ledger_errors
from traceability.ledger.book import Book, Facility, Lot
from traceability.ledger.canonical import canonical
from traceability.ledger.keys import PrivateKey
from traceability.ledger.needs import Needs
from traceability.ledger.signing import STATEMENT_TYPE, sign_jws
from traceability.ledger.statements import Statement, parse_statement

LEDGER = "demo.ledger.example"
KEY = PrivateKey(seed=bytes(32))
ACCOUNT = {
    "account": "smelter:cu",
    "facilities": ["smelter:works", "toll:works"],
    "element": "Cu",
    "scheme": "irma",
    "tier": "IRMA 75",
    "method": "credit",
    "begins": "2026-01-01",
    "months": 3,
}
OPENING = {
    "lot": "smelter:heel",
    "level": "IRMA 75",
    "quantity": {"value": "5", "unit": "kg"},
    "because": "Counted on New Year's Eve.",
}
MADE = {
    "recipient": {"organization": "buyer"},
    "lot": "smelter:cathode",
    "quantity": {"value": "5", "unit": "t"},
    "element": "Cu",
    "scheme": "irma",
    "tier": "IRMA 75",
    "model": "mass_balance",
    "code": "contains",
    "wording": "Contains copper of IRMA 75 mines, by mass balance.",
}
CLAIM = {"claim": "smelter:C1", "account": "smelter:cu", "made": MADE}
WITHDRAWN = {
    "claim": "smelter:C1",
    "account": "smelter:cu",
    "withdrawn": {"because": "Claimed in error."},
}
ISSUED = {
    "serial": "smelter:S1",
    "issued": {
        "registry": "A registry",
        "holder": "buyer",
        "element": "Cu",
        "scheme": "irma",
        "tier": "IRMA 75",
        "quantity": {"value": "2", "unit": "t"},
        "vintage": "2026",
        "account": "smelter:cu",
    },
}
CLOSE = {"account": "smelter:cu", "until": "2026-03-31"}
BOOKED = {
    "claim": "smelter:C2",
    "made": {**MADE, "model": "book_and_claim", "code": "supports", "credits": ["smelter:S1"]},
}


def said(
    kind: str, body: dict, *, author: str = "smelter", effective: str = "2026-04-02T10:00:00Z"
) -> Statement:
    document = {
        "ledger": LEDGER,
        "id": str(uuid4()),
        "kind": f"standards.{kind}",
        "schema": 1,
        "author": author,
        "effective": effective,
        "body": body,
    }
    jws = sign_jws(canonical(document), KEY, typ=STATEMENT_TYPE)
    return parse_statement(jws, kinds=KINDS, ledger=LEDGER)


def lot(name: str, *known_to: str) -> Lot:
    return Lot(
        id=name,
        custodian=known_to[0],
        state="held",
        facility=None,
        amount=1,
        unit="mg",
        basis="dry",
        material="copper",
        form="cathode",
        owners=(),
        known_to=frozenset(known_to),
    )


class Ledger:
    """The book of recording, where statements about accounts settle one after the other."""

    def __init__(self) -> None:
        self.book = Book(
            organizations={
                "smelter": frozenset({"company"}),
                "buyer": frozenset({"company"}),
                "registry": frozenset({"registrar"}),
            },
            facilities={
                name: Facility(id=name, operator="smelter", types=frozenset())
                for name in ("smelter:works", "toll:works", "smelter:other")
            },
            lots={
                "smelter:cathode": lot("smelter:cathode", "smelter"),
                "mine:ore": lot("mine:ore", "smelter", "mine"),
                "rival:ore": lot("rival:ore", "rival"),
            },
        )

    def record(self, kind: str, body: dict, **said_by: str) -> Statement:
        statement = said(kind, body, **said_by)
        self.book.states.update(statement.of_kind.settle(statement, self.book))
        return statement


@pytest.fixture
def ledger() -> Ledger:
    made = Ledger()
    made.record("account", ACCOUNT)
    return made


def changed(body: dict, path: str, value: object) -> dict:
    """Return a body with one value replaced, or left out where it is None."""
    told = deepcopy(body)
    *place, last = path.split(".")
    inner = told
    for name in place:
        inner = inner[name]
    if value is None:
        inner.pop(last, None)
    else:
        inner[last] = value
    return told


# ── subjects ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "body", "subjects"),
    [
        ("claim", CLAIM, {"account:smelter:cu", "claim:smelter:C1"}),
        ("claim", WITHDRAWN, {"account:smelter:cu", "claim:smelter:C1"}),
        ("claim", BOOKED, {"claim:smelter:C2", "credit:smelter:S1"}),
        ("credit", ISSUED, {"credit:smelter:S1", "account:smelter:cu"}),
        (
            "credit",
            {"serial": "smelter:S1", "retired": {"because": "Done."}},
            {"credit:smelter:S1"},
        ),
        ("close", CLOSE, {"account:smelter:cu"}),
    ],
)
def test_statements_about_one_account_are_chained(kind, body, subjects):
    assert set(said(kind, body).subjects) == subjects


def test_an_account_takes_its_scope_at_every_site():
    subjects = said("account", ACCOUNT).subjects
    assert [one for one in subjects if one.startswith("account:")] == ["account:smelter:cu"]
    assert sum(one.startswith("account_scope:") for one in subjects) == 2
    assert all(len(one) <= 160 for one in subjects)


def test_recording_looks_at_lots_sites_and_parties_without_chaining_them():
    needs = Needs()
    for kind, body in (
        ("account", {**ACCOUNT, "opening": [OPENING]}),
        ("claim", changed(CLAIM, "made.tranches", ["mine:ore"])),
        ("claim", WITHDRAWN),
        ("claim", changed(CLAIM, "made.recipient", {"name": "Somebody"})),
        ("credit", ISSUED),
        ("credit", {"serial": "smelter:S1", "transferred": {"to": "next"}}),
        ("credit", {"serial": "smelter:S1", "retired": {"because": "Done."}}),
    ):
        needs.add(said(kind, body))
    assert needs.facilities == {"smelter:works", "toll:works"}
    assert needs.lots == {"smelter:cathode", "mine:ore", "smelter:heel"}
    assert {"buyer", "next"} <= needs.organizations


# ── what a statement alone cannot say ─────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "body", "path", "value", "error", "at"),
    [
        ("account", ACCOUNT, "account", "rival:cu", errors.NotYourAccount, "account"),
        ("account", ACCOUNT, "begins", "2026-02-30", ledger_errors.MalformedStatement, "begins"),
        ("account", ACCOUNT, "months", 0, ledger_errors.MalformedStatement, "months"),
        (
            "account", ACCOUNT, "facilities", ["a1:b", "a1:b"],
            ledger_errors.MalformedStatement, "facilities",
        ),
        (
            "account", ACCOUNT, "opening", [OPENING, OPENING],
            ledger_errors.MalformedStatement, "opening",
        ),
        (
            "account", ACCOUNT, "opening", [{**OPENING, "quantity": {"value": "0", "unit": "kg"}}],
            ledger_errors.MassNotPositive, "opening[0].quantity",
        ),
        ("claim", CLAIM, "claim", "rival:C1", ledger_errors.NotYourNameSpace, "claim"),
        ("claim", CLAIM, "account", "rival:cu", errors.NotYourAccount, "account"),
        ("claim", CLAIM, "account", None, ledger_errors.MalformedStatement, "account"),
        ("claim", CLAIM, "withdrawn", {"because": "x"}, ledger_errors.MalformedStatement, ""),
        ("claim", CLAIM, "made", None, ledger_errors.MalformedStatement, ""),
        (
            "claim", CLAIM, "made.quantity.value", "0",
            ledger_errors.MassNotPositive, "made.quantity",
        ),
        (
            "claim", CLAIM, "made.quantity.value", "-5",
            ledger_errors.MassNotPositive, "made.quantity.value",
        ),
        (
            "claim", CLAIM, "made.quantity.basis", "wet",
            ledger_errors.MalformedStatement, "made.quantity",
        ),
        ("claim", CLAIM, "made.recipient", {}, ledger_errors.AmbiguousParty, "made.recipient"),
        (
            "claim", CLAIM, "made.tranches", ["mine:ore", "mine:ore"],
            ledger_errors.MalformedStatement, "made.tranches",
        ),
        (
            "claim", CLAIM, "made.credits", ["smelter:S1"],
            ledger_errors.MalformedStatement, "made.credits",
        ),
        ("claim", BOOKED, "account", "smelter:cu", ledger_errors.MalformedStatement, "account"),
        ("claim", BOOKED, "made.credits", None, ledger_errors.MalformedStatement, "made.credits"),
        (
            "claim", BOOKED, "made.tranches", ["mine:ore"],
            ledger_errors.MalformedStatement, "account",
        ),
        ("credit", ISSUED, "serial", "rival:S1", ledger_errors.NotYourNameSpace, "serial"),
        ("credit", ISSUED, "issued.account", "rival:cu", errors.NotYourAccount, "issued.account"),
        (
            "credit", ISSUED, "issued.quantity.value", "0.0000000001",
            ledger_errors.MassNotPositive, "issued.quantity",
        ),
        ("credit", ISSUED, "retired", {"because": "x"}, ledger_errors.MalformedStatement, ""),
        (
            "credit", {"serial": "smelter:S1", "retired": {"because": "x", "beneficiary": {}}},
            "serial", "smelter:S1", ledger_errors.AmbiguousParty, "retired.beneficiary",
        ),
        ("close", CLOSE, "account", "rival:cu", errors.NotYourAccount, "account"),
        ("close", CLOSE, "until", "2026-02-30", ledger_errors.MalformedStatement, "until"),
        ("close", CLOSE, "until", "2026-04-02", errors.PeriodNotOver, "until"),
        ("close", CLOSE, "known_at", 7, ledger_errors.MalformedStatement, "digest"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_own_code_and_place(kind, body, path, value, error, at):
    with pytest.raises(error) as refused:
        said(kind, changed(body, path, value))
    assert refused.value.at == f"$.body.{at}".rstrip(".")
    assert refused.value.hint


@pytest.mark.parametrize("kind", ["claim", "credit"])
@pytest.mark.parametrize("when", ["2026-04-02", "2026-04-02T10:00:00Z/2026-04-03T10:00:00Z"])
def test_claims_and_credits_are_kept_by_instants(kind, when):
    with pytest.raises(ledger_errors.ImpossibleTime, match="instants"):
        said(kind, CLAIM if kind == "claim" else ISSUED, effective=when)


# ── what was stated before ────────────────────────────────────────────────────────────────


def test_an_account_is_opened_once_and_covers_a_site_once_for_a_tier(ledger):
    with pytest.raises(errors.AccountExists):
        ledger.record("account", ACCOUNT)
    with pytest.raises(errors.AccountsOverlap) as refused:
        ledger.record("account", {**ACCOUNT, "account": "smelter:two", "method": "rolling_average"})
    assert (refused.value.facts["account"], refused.value.at) == (
        "smelter:cu",
        "$.body.facilities[0]",
    )
    ledger.record("account", {**ACCOUNT, "account": "smelter:50", "tier": "IRMA 50"})
    ledger.record("account", {**ACCOUNT, "account": "smelter:co", "element": "Co"})
    other = {**ACCOUNT, "account": "smelter:other", "facilities": ["smelter:other"]}
    ledger.record("account", other)


def test_a_boundary_is_of_sites_the_ledger_knows(ledger):
    with pytest.raises(ledger_errors.UnknownFacility) as refused:
        ledger.record("account", {**ACCOUNT, "account": "smelter:x", "facilities": ["nobody:x"]})
    assert refused.value.at == "$.body.facilities[0]"


@pytest.mark.parametrize("name", ["nobody:heel", "rival:ore"])
def test_opening_stock_is_of_lots_that_the_holder_may_know(ledger, name):
    opening = [{**OPENING, "lot": "mine:ore"}, {**OPENING, "lot": name}]
    with pytest.raises(ledger_errors.UnknownLot) as refused:
        ledger.record(
            "account", {**ACCOUNT, "account": "smelter:x", "tier": "x", "opening": opening}
        )
    assert refused.value.at == "$.body.opening[1].lot"


@pytest.mark.parametrize(
    ("path", "value", "error", "at"),
    [
        ("account", "smelter:none", errors.UnknownAccount, "account"),
        ("made.element", "Co", errors.ClaimDoesNotFit, "made.element"),
        ("made.scheme", "copper_mark", errors.ClaimDoesNotFit, "made.scheme"),
        ("made.lot", "nobody:lot", ledger_errors.UnknownLot, "made.lot"),
        ("made.lot", "rival:ore", ledger_errors.UnknownLot, "made.lot"),
        ("made.tranches", ["mine:ore", "rival:ore"], errors.UnknownTranche, "made.tranches[1]"),
        ("made.tranches", ["nobody:lot"], errors.UnknownTranche, "made.tranches[0]"),
        (
            "made.recipient",
            {"organization": "nobody"},
            ledger_errors.UnknownOrganization,
            "made.recipient.organization",
        ),
    ],
)
def test_a_claim_is_refused_for_what_does_not_exist_or_fit(ledger, path, value, error, at):
    before = dict(ledger.book.states)
    with pytest.raises(error) as refused:
        ledger.record("claim", changed(CLAIM, path, value))
    assert refused.value.at == f"$.body.{at}"
    assert ledger.book.states == before


def test_a_claim_is_never_refused_for_its_amount_its_tier_or_a_recipient_without_a_key(ledger):
    outside = changed(CLAIM, "made.recipient", {"name": "A maker of wire", "country": "US"})
    ledger.record("claim", {**outside, "claim": "smelter:C8"})
    ledger.record("claim", changed(CLAIM, "made.quantity.value", "999999"))
    ledger.record("claim", {**changed(CLAIM, "made.tier", "IRMA 100"), "claim": "smelter:C9"})


def test_a_claim_is_made_once_and_withdrawn_once(ledger):
    with pytest.raises(errors.UnknownClaim):
        ledger.record("claim", WITHDRAWN)
    ledger.record("claim", CLAIM)
    with pytest.raises(errors.ClaimExists):
        ledger.record("claim", CLAIM)
    with pytest.raises(errors.UnknownClaim):
        ledger.record("claim", {**WITHDRAWN, "account": "smelter:other"})
    ledger.record("claim", WITHDRAWN)
    with pytest.raises(errors.ClaimWithdrawn):
        ledger.record("claim", WITHDRAWN)
    with pytest.raises(errors.ClaimExists):
        ledger.record("claim", CLAIM)


def test_a_credit_goes_from_hand_to_hand_until_it_is_retired(ledger):
    passed = {"serial": "smelter:S1", "transferred": {"to": "smelter"}}
    retired = {"serial": "smelter:S1", "retired": {"because": "For our annual report."}}
    with pytest.raises(errors.UnknownCredit):
        ledger.record("credit", passed, author="buyer")
    ledger.record("credit", ISSUED)
    with pytest.raises(errors.CreditExists):
        ledger.record("credit", ISSUED)
    with pytest.raises(errors.NotCreditHolder):
        ledger.record("credit", retired)
    with pytest.raises(errors.UnknownCredit):  # a stranger learns nothing
        ledger.record("credit", retired, author="registry")
    nobody = {"serial": "smelter:S1", "transferred": {"to": "nobody"}}
    with pytest.raises(ledger_errors.UnknownOrganization):
        ledger.record("credit", nobody, author="buyer")
    ledger.record("credit", passed, author="buyer")
    with pytest.raises(errors.NotCreditHolder):
        ledger.record("credit", passed, author="buyer")
    ledger.record("credit", retired)
    with pytest.raises(errors.CreditRetired):
        ledger.record("credit", retired)
    with pytest.raises(errors.CreditRetired):
        ledger.record("claim", BOOKED)


def test_a_claim_by_book_and_claim_retires_its_credits(ledger):
    ledger.record("credit", changed(ISSUED, "issued.holder", "smelter"))
    with pytest.raises(errors.ClaimDoesNotFit) as refused:
        ledger.record("claim", changed(BOOKED, "made.element", "Ni"))
    assert refused.value.at == "$.body.made.element"
    with pytest.raises(errors.UnknownCredit) as refused:
        ledger.record("claim", changed(BOOKED, "made.credits", ["smelter:S1", "smelter:S9"]))
    assert refused.value.at == "$.body.made.credits[1]"
    ledger.record("claim", BOOKED)
    with pytest.raises(errors.CreditRetired):
        ledger.record("claim", {**BOOKED, "claim": "smelter:C3"})
    ledger.record("claim", {"claim": "smelter:C2", "withdrawn": {"because": "In error."}})
    with pytest.raises(errors.CreditRetired):  # what is retired stays so
        ledger.record("claim", {**BOOKED, "claim": "smelter:C3"})


def test_a_company_issues_credits_out_of_its_account_and_a_registry_without(ledger):
    with pytest.raises(errors.CreditNotBacked):
        ledger.record("credit", changed(ISSUED, "issued.account", None))
    with pytest.raises(errors.UnknownAccount):
        ledger.record("credit", changed(ISSUED, "issued.account", "smelter:none"))
    with pytest.raises(errors.ClaimDoesNotFit) as refused:
        ledger.record("credit", changed(ISSUED, "issued.element", "Ni"))
    assert refused.value.at == "$.body.issued.element"
    with pytest.raises(ledger_errors.UnknownOrganization):
        ledger.record("credit", changed(ISSUED, "issued.holder", "nobody"))
    own = changed({**ISSUED, "serial": "registry:S1"}, "issued.account", None)
    ledger.record("credit", own, author="registry")


def test_periods_are_closed_in_order_and_once(ledger):
    late = "2027-04-02T10:00:00Z"
    for until in ("2026-06-30", "2026-03-30"):
        with pytest.raises(errors.NotTheNextPeriod) as refused:
            ledger.record("close", {**CLOSE, "until": until}, effective=late)
        assert refused.value.facts["next_end"] == "2026-03-31"
    with pytest.raises(errors.UnknownAccount):
        ledger.record("close", {**CLOSE, "account": "smelter:none"})
    ledger.record("close", CLOSE)
    for until in ("2026-03-31", "2026-02-28"):
        with pytest.raises(errors.PeriodClosed):
            ledger.record("close", {**CLOSE, "until": until}, effective=late)
    signed = {"until": "2026-06-30", "known_at": 40, "digest": "a" * 64}
    ledger.record("close", CLOSE | signed, effective=late)


# ── lithium in tonnes of carbonate ────────────────────────────────────────────────────────

LCE = {"value": "5323.3", "unit": "kg LCE"}


def in_lithium(body, path):
    """Return a body about lithium, with a quantity of 5,323.3 kg LCE."""
    return changed(changed(body, path.replace("quantity", "element"), "Li"), path, LCE)


@pytest.mark.parametrize(
    ("kind", "body", "of"),
    [
        ("claim", in_lithium(CLAIM, "made.quantity"), lambda body: body.made),
        ("credit", in_lithium(ISSUED, "issued.quantity"), lambda body: body.issued),
    ],
)
def test_lithium_is_stated_in_carbonate_equivalent_and_kept_as_entered(kind, body, of):
    told = of(said(kind, body).body)
    assert (told.quantity.value, told.quantity.unit) == ("5323.3", "kg LCE")
    # two lithium of 6.94 in 73.888 of Li2CO3
    assert milligrams(told.quantity, told.element, "$") == round(
        Fraction("5323.3e6") * 13880 / 73888
    )


def test_opening_stock_of_lithium_may_be_stated_so_too():
    stock = OPENING | {"quantity": LCE}
    account = said("account", ACCOUNT | {"element": "Li", "opening": [stock]}).body
    assert account.opening[0].quantity.unit == "kg LCE"


@pytest.mark.parametrize(
    ("kind", "body", "at"),
    [
        ("claim", changed(CLAIM, "made.quantity", LCE), "$.body.made.quantity"),
        ("credit", changed(ISSUED, "issued.quantity", LCE), "$.body.issued.quantity"),
        (
            "account",
            ACCOUNT | {"opening": [OPENING | {"quantity": LCE}]},
            "$.body.opening[0].quantity",
        ),
    ],
)
def test_no_other_metal_is_stated_in_lithium_carbonate(kind, body, at):
    with pytest.raises(ledger_errors.EquivalentOfAnotherElement) as refused:
        said(kind, body)
    assert (refused.value.at, refused.value.facts["element"]) == (at, "Cu")
    assert refused.value.hint
