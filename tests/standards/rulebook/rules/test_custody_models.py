"""Custody models: whose, where, of what, and that none moves up the ladder."""

from dataclasses import replace
from datetime import date

import pytest
from account_builders import account, at, issue, received
from claim_builders import FAIL, KG, NONE, OPEN, PASS, judged, kilograms, lot
from rulebook_builders import credential, dossier, source

from standards.rulebook.accounts import STRICTNESS
from standards.rulebook.dossier import MassRange
from standards.rulebook.rules.custody_models import (
    claim_is_of_no_higher_tier_than_its_source as irma_coc_04,
)
from standards.rulebook.rules.custody_models import claimant_owned_the_lot as mb_09
from standards.rulebook.rules.custody_models import (
    controlled_blending_claims_the_measured_share as iso_cb_01,
)
from standards.rulebook.rules.custody_models import credits_retired_cover_the_claim as iso_bc_01
from standards.rulebook.rules.custody_models import identity_preserved_has_one_source as iso_ip_01
from standards.rulebook.rules.custody_models import (
    lot_was_at_the_boundary_of_the_account as mb_07,
)
from standards.rulebook.rules.custody_models import models_never_move_up_the_ladder as iso_tr_01
from standards.rulebook.rules.custody_models import one_element_never_pays_for_another as mb_10
from standards.rulebook.rules.custody_models import segregated_metal_is_all_certified as iso_sg_01
from standards.rulebook.rules.irma_custody import (
    book_and_claim_claims_no_content as irma_coc_05,
)
from traceability.ledger.vocabulary import CustodyModel

EVERY = (
    mb_07, mb_09, mb_10, irma_coc_04, irma_coc_05, iso_tr_01, iso_ip_01, iso_sg_01, iso_cb_01,
    iso_bc_01,
)  # fmt: skip
GOOD = credential(level="IRMA 75")


@pytest.mark.parametrize("rule", EVERY)
def test_without_a_claim_nothing_is_asked(rule):
    assert judged(rule, dossier(source(10))).outcome is NONE


@pytest.mark.parametrize("rule", [irma_coc_05, iso_ip_01, iso_sg_01, iso_cb_01, iso_bc_01])
def test_a_rule_about_one_model_does_not_concern_another(rule):
    assert judged(rule, lot(kilograms("A", 20, 5))).outcome is NONE


def test_the_ladder_holds_every_model_once():
    assert set(STRICTNESS) == {one.value for one in CustodyModel}
    assert len(STRICTNESS) == len(CustodyModel)


# ── whose, where, of what ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("inside", "sites", "values", "outcome"),
    [
        (True, 1, {}, PASS),
        (False, 1, {}, FAIL),
        (True, 2, {}, OPEN),
        (True, 2, {"irma__account_boundary": "group"}, PASS),
        (True, 2, {"irma__account_boundary": "site"}, FAIL),
    ],
)
def test_a_lot_is_claimed_from_the_account_of_its_site(inside, sites, values, outcome):
    claims = (kilograms("A", 20, 5, is_inside=inside),)
    facilities = ("smelter:works", "smelter:other")[:sites]
    record = account(received("one", 10, 10 * KG), claims=claims, facilities=facilities)
    assert judged(mb_07, lot(*claims, accounts=(record,)), **values).outcome is outcome


@pytest.mark.parametrize(
    ("changes", "outcome", "words"),
    [
        ({}, PASS, "smelter owned some of lot acme:L1"),
        ({"is_owner": False}, FAIL, "smelter never owned some of lot acme:L1"),
        ({"is_disputed": True}, OPEN, "a key that was later distrusted"),
    ],
)
def test_nobody_claims_for_metal_of_another(changes, outcome, words):
    found = judged(mb_09, lot(kilograms("A", 20, 5, **changes)))
    assert found.outcome is outcome
    assert words in found.because


def test_one_element_never_pays_for_another():
    claims = (kilograms("A", 20, 5),)
    assert judged(mb_10, lot(*claims)).outcome is PASS
    cobalt = account(received("one", 10, 10 * KG), claims=claims, element="Co")
    found = judged(mb_10, lot(*claims, accounts=(cobalt,)))
    assert (found.outcome, found.because) == (FAIL, "claim smelter:A is for Cu and draws on Co")
    retired = kilograms("A", 20, 5, account=None, model="book_and_claim", credits=("smelter:S1",))
    credits = (issue("S1", 5, 9 * KG, element="Ni"), issue("S2", 5, 9 * KG, element="Zn"))
    assert judged(mb_10, lot(retired, accounts=(), credits=credits)).outcome is FAIL


@pytest.mark.parametrize(
    ("tier", "outcome"),
    [("IRMA 75", PASS), ("IRMA 50", PASS), ("IRMA 100", FAIL), ("gold", FAIL)],
)
def test_a_claim_is_of_no_higher_tier_than_its_account(tier, outcome):
    assert judged(irma_coc_04, lot(kilograms("A", 20, 5, tier=tier))).outcome is outcome


def test_without_an_order_of_levels_another_tier_cannot_be_told():
    claims = (kilograms("A", 20, 5, tier="silver", scheme="copper_mark"),)
    record = account(received("one", 10, 10 * KG), claims=claims, scheme="copper_mark")
    found = judged(irma_coc_04, lot(*claims, accounts=(record,)))
    assert (found.outcome, found.missing) == (OPEN, ("a value of copper_mark.levels",))


# ── the ladder ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("upstream", "model", "outcome"),
    [
        ("segregated", "segregated", PASS),
        ("segregated", "mass_balance", PASS),
        ("mass_balance", "segregated", FAIL),
        ("controlled_blending", "identity_preserved", FAIL),
        ("identity_preserved", "identity_preserved", PASS),
    ],
)
def test_a_model_never_moves_up_the_ladder(upstream, model, outcome):
    first = kilograms("A", 15, 8, model=upstream, lot_id="smelter:cathode")
    supplier = account(received("ore", 10, 10 * KG), claims=(first,))
    own = kilograms("R", 60, 5, id="buyer:R", account="buyer:cu", holder="buyer", model=model)
    came = received("cathode", 40, 10 * KG, certified=(), came_with=("smelter:A",))
    record = account(came, claims=(own,), id="buyer:cu", holder="buyer")
    found = judged(iso_tr_01, lot(own, accounts=(record, supplier)))
    assert found.outcome is outcome


def test_entitlement_straight_from_a_mine_limits_no_model():
    found = judged(iso_tr_01, lot(kilograms("A", 20, 5, model="segregated")))
    assert (found.outcome, "no weaker claim is behind it" in found.because) == (PASS, True)


def preserved(*sources, **changes):
    claims = (kilograms("A", 20, 5, model="identity_preserved"),)
    record = account(received("one", 10, 10 * KG), claims=claims)
    usual = {"claims": claims, "accounts": (record,), "credentials": (GOOD,)}
    return dossier(*sources, **usual | changes)


@pytest.mark.parametrize(
    ("sources", "outcome"),
    [
        ((source(10),), PASS),
        ((source(10), source(5, id="s2")), PASS),
        ((source(10), source(5, id="s2", facility_id="other:mine")), FAIL),
        ((source(10), source(5, id="s2", kind="unknown", facility_id=None)), OPEN),
        ((source(0, id="s2"),), OPEN),
        (
            (
                source(10),
                source(5, id="s2", facility_id="other:mine"),
                source(5, id="s3", kind="unknown"),
            ),
            FAIL,
        ),
    ],
)
def test_identity_preserved_has_one_source(sources, outcome):
    assert judged(iso_ip_01, preserved(*sources)).outcome is outcome


@pytest.mark.parametrize(
    ("sources", "changes", "outcome"),
    [
        ((source(10),), {}, PASS),
        ((source(10),), {"credentials": ()}, FAIL),
        ((source(10), source(1, id="s2", facility_id="other:mine")), {}, FAIL),
        ((source(10), source(1, id="s2", kind="introduced")), {}, FAIL),
        ((source(10), source(1, id="s2", kind="unknown", facility_id=None)), {}, OPEN),
        ((source(10, dispatched_on=None),), {}, OPEN),
        ((source(10),), {"credentials": (replace(GOOD, materials=None),)}, OPEN),
        ((source(10),), {"credentials": (replace(GOOD, level="IRMA 50"),)}, FAIL),
        ((source(10),), {"credentials": (replace(GOOD, level="IRMA 100"),)}, OPEN),
        ((), {}, OPEN),
    ],
)
def test_segregated_metal_is_all_certified(sources, changes, outcome):
    assert judged(iso_sg_01, preserved(*sources, **changes)).outcome is outcome


def test_a_kilogram_that_is_not_certified_is_named():
    about = preserved(
        source(10 * KG), source(KG, id="s2", facility_id="other:mine", entry="e" * 64)
    )
    found = judged(iso_sg_01, about)
    assert found.because == "1 kg in the lot is not certified as IRMA 75"
    assert "e" * 64 in found.evidence


@pytest.mark.parametrize(
    ("claimed", "changes", "outcome"),
    [
        (6, {}, PASS),
        (7, {}, FAIL),
        (7, {"credentials": (replace(GOOD, materials=None),)}, FAIL),
        (6, {"credentials": (replace(GOOD, materials=None),)}, OPEN),
        (6, {"contained_mg": None}, OPEN),
        (6, {"contained_mg": MassRange(low_mg=0, high_mg=0)}, OPEN),
    ],
)
def test_controlled_blending_claims_what_is_in_the_lot(claimed, changes, outcome):
    claims = (kilograms("A", 20, claimed, model="controlled_blending"),)
    record = account(received("one", 10, 10 * KG), claims=claims)
    mixed = (source(6 * KG), source(4 * KG, id="s2", facility_id="other:mine"))
    usual = {"claims": claims, "accounts": (record,), "credentials": (GOOD,)}
    found = judged(iso_cb_01, dossier(*mixed, **usual | changes))
    assert found.outcome is outcome


# ── book and claim ────────────────────────────────────────────────────────────────────────


def booked_and_claimed(kg, *credits, **changes):
    usual = {"account": None, "model": "book_and_claim", "code": "supports"}
    retired = kilograms("A", 20, kg, credits=("smelter:S1", "smelter:S2"), **usual | changes)
    return lot(retired, accounts=(), credits=credits)


@pytest.mark.parametrize(
    ("kg", "amounts", "outcome"),
    [(5, (3, 2), PASS), (6, (3, 2), FAIL), (5, (3,), OPEN)],
)
def test_retired_credits_amount_to_what_is_claimed(kg, amounts, outcome):
    credits = [issue(f"S{n}", 5, amount * KG) for n, amount in enumerate(amounts, 1)]
    found = judged(iso_bc_01, booked_and_claimed(kg, *credits))
    assert found.outcome is outcome
    if outcome is FAIL:
        assert found.because == "claim smelter:A: 6 kg claimed, credits for 5 kg retired"
    if outcome is OPEN:
        assert found.missing == ("issue of credit smelter:S2",)


@pytest.mark.parametrize(("code", "outcome"), [("supports", PASS), ("contains", FAIL)])
def test_book_and_claim_says_nothing_of_what_is_in_the_lot(code, outcome):
    about = booked_and_claimed(5, issue("S1", 5, 3 * KG), code=code)
    assert judged(irma_coc_05, about).outcome is outcome


def test_a_claim_withdrawn_later_still_stood_on_the_day():
    claims = (kilograms("A", 20, 5, withdrawn_at=at(100), is_owner=False),)
    about = lot(*claims)
    assert judged(mb_09, replace(about, as_of=date(2026, 3, 1))).outcome is FAIL
    assert judged(mb_09, replace(about, as_of=date(2026, 6, 1))).outcome is NONE
