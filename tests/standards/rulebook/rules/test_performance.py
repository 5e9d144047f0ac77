"""ISO-CL-01: chain of custody and an assessed site together."""

from dataclasses import replace

import pytest
from account_builders import account, in_doubt, issue, received
from claim_builders import KG, kilograms
from claim_builders import lot as booked_lot
from rulebook_builders import (
    UNSET,
    claimed,
    credential,
    dossier,
    finding_of,
    path_lot,
    snapshot,
    source,
    status,
)

from standards.rulebook.findings import Outcome
from standards.rulebook.rules import RULES

PASS, FAIL, OPEN, NONE = (
    Outcome.CONFORMS,
    Outcome.NONCONFORMING,
    Outcome.INDETERMINATE,
    Outcome.NOT_APPLICABLE,
)
[RULE] = [one for one in RULES if one.id == "ISO-CL-01"]
AUDIT = credential(standard_code="irma_mining")
COC = credential(
    id="coc", standard_code="irma_chain_of_custody", facility_id=None, organization_id="acme"
)
AWARD = credential("copper_mark", standard_code="copper_mark_criteria")
MARK_COC = credential("copper_mark", id="mcoc", standard_code="copper_mark_chain_of_custody")
SMELTER = replace(COC, organization_id="smelter")


def said(*credentials, snapshots=(), sources=None, lots=None, mineral="Cu", **changes):
    """A lot with a declared claim on it, under IRMA and segregated where nothing else is said."""
    return dossier(
        *((source(10),) if sources is None else sources),
        mineral=mineral,
        credentials=credentials,
        snapshots=snapshots,
        lots=(path_lot(),) if lots is None else lots,
        declared=(claimed(**({"scheme": "irma"} | changes)),),
    )


def drawn(*inputs, credentials=(SMELTER,), **changes):
    """A lot with a claim that draws on an account."""
    one = kilograms("A", 200, 5, **changes)
    about = booked_lot(one, accounts=(account(*inputs, claims=(one,)),))
    return replace(about, credentials=credentials)


def credited(*issued, serials=None, scheme="irma"):
    named = tuple(one.serial for one in issued) if serials is None else serials
    one = kilograms("A", 200, 5, account=None, model="book_and_claim", credits=named, scheme=scheme)
    about = booked_lot(one, accounts=())
    return replace(about, credentials=(SMELTER,), credits=issued)


TEN = received("one", 10, 10 * KG)
CREDIT = issue("S", 10, 5 * KG)
NOWHERE = {"sources": (), "lots": ()}
CASES = [
    ("custody of the claimant, and an audited mine", said(AUDIT, COC), {}, PASS),
    ("custody alone", said(COC), {}, OPEN),
    (
        "custody alone, as registers show",
        said(COC, snapshots=(snapshot(),)),
        {},
        FAIL,
    ),
    ("an audited mine alone", said(AUDIT), {}, OPEN),
    (
        "an audited mine alone, as the register of custody shows",
        said(AUDIT, snapshots=(snapshot("irma_chain_of_custody"),)),
        {},
        FAIL,
    ),
    (
        "the audit is suspended, and there is no other site",
        said(replace(AUDIT, statuses=(status("suspended"),)), COC, lots=()),
        {},
        FAIL,
    ),
    (
        "the audit covers another metal",
        said(replace(AUDIT, materials=("Ni",)), COC, lots=()),
        {},
        FAIL,
    ),
    (
        "the audit has no days of validity",
        said(replace(AUDIT, valid_until=None), COC, lots=()),
        {},
        OPEN,
    ),
    ("no site is known", said(COC, **NOWHERE), {}, OPEN),
    (
        "the Copper Mark, award and custody of one site",
        said(AWARD, MARK_COC, scheme="copper_mark"),
        {},
        PASS,
    ),
    ("the Copper Mark, custody only", said(MARK_COC, scheme="copper_mark"), {}, OPEN),
    (
        "mass balance that is declared and not booked",
        said(AUDIT, COC, model="mass_balance"),
        {},
        OPEN,
    ),
    ("no model is named", said(AUDIT, COC, model=None), {}, OPEN),
    ("a scheme without chain of custody", said(scheme="tsm"), {}, OPEN),
    ("a scheme that no rule knows", said(scheme="rjc"), {}, OPEN),
    ("a claim about the site", said(AUDIT, COC, code="site"), {}, NONE),
    ("a claim about another lot on the path", said(AUDIT, COC, lot_id="acme:ore"), {}, NONE),
    (
        "nobody has named the custody standard",
        said(AUDIT, COC),
        {"irma__custody_standard": UNSET},
        OPEN,
    ),
    ("an account with metal of assessed sites", drawn(TEN), {}, PASS),
    ("an account with none", drawn(), {}, FAIL),
    ("an account with metal that perhaps is", drawn(in_doubt("one", 10, 0, 10 * KG)), {}, OPEN),
    ("an account whose holder has no custody status on file", drawn(TEN, credentials=()), {}, OPEN),
    ("credits of the scheme", credited(CREDIT), {}, PASS),
    ("credits nobody knows", credited(serials=("smelter:S",)), {}, OPEN),
    ("credits of another scheme only", credited(replace(CREDIT, scheme="rjc")), {}, OPEN),
    ("no credit at all", credited(), {}, FAIL),
]


@pytest.mark.parametrize(
    ("about", "values", "outcome"), [one[1:] for one in CASES], ids=[one[0] for one in CASES]
)
def test_claims_rest_on_custody_and_performance(about, values, outcome):
    found = finding_of(RULE, about, **values)
    assert found.outcome is outcome, found.because
    assert bool(found.missing) is (outcome is OPEN)


def test_both_missing_documents_are_named():
    missing = finding_of(RULE, said(**NOWHERE)).missing
    assert missing == (
        "site behind claim acme:d1#0",
        "chain-of-custody status of acme under IRMA on 2026-10-15",
    )


def test_metal_in_doubt_names_what_would_tell():
    open_one = replace(in_doubt("one", 10, 0, 10 * KG), missing=("assay of Cu for lot mine:one",))
    assert finding_of(RULE, drawn(open_one)).missing == ("assay of Cu for lot mine:one",)
