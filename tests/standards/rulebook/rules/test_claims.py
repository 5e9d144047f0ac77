"""MB-01, MB-02, MB-08, ISO-MB-01 and ISO-MB-02: how much is claimed, and of what."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from account_builders import account, in_doubt, issue, received
from claim_builders import FAIL, KG, NONE, OPEN, PASS, judged, kilograms, lot, shares
from rulebook_builders import credential, dossier, source

from standards.rulebook.accounts import Certified
from standards.rulebook.claimed import input_share, next_day_of_accounts
from standards.rulebook.dossier import MassRange
from standards.rulebook.outside import Outside
from standards.rulebook.rules.claims import (
    attributes_are_sold_once_and_together as mb_08,
)
from standards.rulebook.rules.claims import (
    claimed_share_is_the_rolling_average as iso_mb_01,
)
from standards.rulebook.rules.claims import claims_are_covered_by_entitlement as iso_mb_02
from standards.rulebook.rules.claims import claims_are_within_the_contained_element as mb_01
from standards.rulebook.rules.claims import entitlement_rests_on_measured_recovery as mb_02

WINDOW = {"irma__account_window_days": 30}


@pytest.mark.parametrize("rule", [mb_01, mb_02, mb_08, iso_mb_01, iso_mb_02])
def test_without_a_claim_nothing_is_asked(rule):
    assert judged(rule, dossier(source(10))).outcome is NONE


# ── MB-01 ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("low", "high", "outcome"), [(10, 10, PASS), (9, 9, FAIL), (9, 11, OPEN), (None, None, OPEN)]
)
def test_no_more_is_claimed_than_the_lot_contains(low, high, outcome):
    contained = None if low is None else MassRange(low_mg=low * KG, high_mg=high * KG)
    about = lot(kilograms("A", 20, 6), kilograms("B", 21, 4), contained_mg=contained)
    found = judged(mb_01, about)
    assert found.outcome is outcome
    if outcome is FAIL:
        assert found.because == "10 kg is claimed under IRMA of a lot that contains 9 kg"
    if outcome is OPEN:
        assert "assay" in found.missing[0]


def test_claims_under_two_schemes_are_not_added_up():
    claims = (kilograms("A", 20, 6), kilograms("B", 21, 6, scheme="copper_mark"))
    accounts = (
        account(received("one", 10, 20 * KG), claims=claims[:1]),
        account(received("one", 10, 20 * KG), id="smelter:cm", scheme="copper_mark"),
    )
    about = lot(*claims, accounts=accounts, contained=6)
    assert judged(mb_01, about).outcome is PASS


# ── from outside the ledger ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("accepted", "outcome", "missing"),
    [
        (None, OPEN, ("a value of irma.account_outside_evidence",)),
        (["opening_statement"], PASS, ()),
        (["declared_origin"], FAIL, ()),
        (["nothing"], FAIL, ()),
    ],
)
def test_stock_from_outside_covers_a_claim_as_the_scheme_says(accepted, outcome, missing):
    stated = Certified(level="IRMA 75", proven_mg=10 * KG, doubt_mg=0, basis="opening_statement")
    stock = received("heel", 10, 10 * KG, certified=(stated,), outside=Outside(mg=10 * KG, why=""))
    claims = (kilograms("A", 20, 6),)
    about = lot(*claims, accounts=(account(stock, claims=claims),))
    values = {} if accepted is None else {"irma__account_outside_evidence": accepted}
    found = judged(iso_mb_02, about, **values)
    assert (found.outcome, found.missing) == (outcome, missing)


# ── MB-02 and ISO-MB-02 ───────────────────────────────────────────────────────────────────


def doubtful(kg, **changes):
    claims = (kilograms("A", 20, kg, **changes),)
    open_lot = replace(in_doubt("one", 10, 5 * KG, 12 * KG), missing=("assay of the anode",))
    return lot(*claims, accounts=(account(open_lot, claims=claims),))


@pytest.mark.parametrize(("kg", "outcome"), [(5, PASS), (6, OPEN)])
def test_entitlement_that_is_merely_possible_leaves_it_open(kg, outcome):
    found = judged(mb_02, doubtful(kg))
    assert found.outcome is outcome
    if outcome is OPEN:
        assert found.because == "claim smelter:A draws on 1 kg that is possible and not measured"
        assert found.missing == ("assay of the anode",)


def test_a_claim_that_nothing_covers_says_nothing_of_recovery():
    claims = (kilograms("A", 5, 5),)
    about = lot(*claims, accounts=(account(claims=claims),))
    assert judged(mb_02, about).outcome is NONE
    assert judged(mb_08, about).outcome is NONE
    assert judged(iso_mb_02, about).outcome is FAIL


@pytest.mark.parametrize(("kg", "outcome"), [(5, PASS), (12, OPEN), (13, FAIL)])
def test_claims_are_at_most_what_their_account_is_entitled_to(kg, outcome):
    found = judged(iso_mb_02, doubtful(kg))
    assert found.outcome is outcome
    if outcome is FAIL:
        assert found.because == (
            "claim smelter:A: 13 kg claimed, 5 kg to 12 kg covered, 1 kg over-claimed"
        )


def test_the_least_favorable_claim_decides():
    found = judged(iso_mb_02, lot(kilograms("A", 20, 8), kilograms("B", 21, 9)))
    assert found.outcome is FAIL
    assert "claim smelter:B: 9 kg claimed, 2 kg covered, 7 kg over-claimed" in found.because


# ── MB-08 ─────────────────────────────────────────────────────────────────────────────────


def two_schemes(first, second, **changes):
    """One receipt, counted under two schemes by one holder, and claimed towards two buyers."""
    one = kilograms("A", 20, first)
    usual = {
        "scheme": "copper_mark",
        "account": "smelter:cm",
        "recipient": "other",
        "lot_id": "acme:L2",
    }
    two = kilograms("B", 21, second, **usual | changes)
    accounts = (
        account(received("one", 10, 10 * KG), claims=(one,)),
        account(received("one", 10, 10 * KG), claims=(two,), id="smelter:cm", scheme="copper_mark"),
    )
    return lot(one, accounts=accounts)


@pytest.mark.parametrize(
    ("first", "second", "changes", "outcome"),
    [
        (6, 4, {}, PASS),
        (6, 5, {}, FAIL),
        (10, 10, {"recipient": "buyer"}, PASS),
    ],
)
def test_one_attribute_is_not_sold_to_one_buyer_and_the_next_to_another(
    first, second, changes, outcome
):
    found = judged(mb_08, two_schemes(first, second, **changes))
    assert found.outcome is outcome
    if outcome is FAIL:
        assert found.because == (
            "6 kg and 5 kg of lot mine:one are claimed towards two buyers under two schemes; it "
            "came to 10 kg"
        )


def test_a_credit_issued_elsewhere_is_a_sale_to_another():
    one = kilograms("A", 20, 6)
    accounts = (
        account(received("one", 10, 10 * KG), claims=(one,)),
        account(
            received("one", 10, 10 * KG),
            issues=(issue("S", 20, 5 * KG),),
            id="smelter:cm",
            scheme="copper_mark",
        ),
        account(received("one", 10, 10 * KG), id="rival:cu", holder="rival"),
    )
    assert judged(mb_08, lot(one, accounts=accounts)).outcome is FAIL


# ── ISO-MB-01 ─────────────────────────────────────────────────────────────────────────────


def averaged(kg, *, contained=1000, days=20, **changes):
    claims = (kilograms("A", days, kg),)
    inputs = (
        received("certified", 10, 30 * KG),
        received("plain", 11, 70 * KG, certified=()),
        received("old", 0, 900 * KG, certified=()),
        received("later", 100, 900 * KG, certified=()),
    )
    record = account(*inputs, claims=claims, method="rolling_average")
    return lot(*claims, accounts=(record,), contained=contained, **changes)


@pytest.mark.parametrize(
    ("kg", "values", "outcome"),
    [
        (30, {"irma__account_window_days": 20}, PASS),
        (300, {"irma__account_window_days": 20}, PASS),
        (301, {"irma__account_window_days": 20}, FAIL),
        (31, {"irma__account_window_days": 21}, FAIL),
        (30, {"irma__account_window_days": 21}, PASS),
        (30, {}, OPEN),
    ],
)
def test_the_claimed_share_is_at_most_the_average_of_the_window(kg, values, outcome):
    found = judged(iso_mb_01, averaged(kg), **values)
    assert found.outcome is outcome
    if kg == 301:
        assert found.because == ("30.1 % of the lot is claimed; the average over 20 days is 30 %")
        assert found.measured.worst == Fraction(1, 1000)


def test_an_average_of_nothing_is_nothing():
    assert judged(iso_mb_01, averaged(1, days=5), irma__account_window_days=2).outcome is FAIL
    assert input_share([]) == (0, 0)


def test_what_the_lot_contains_must_be_known_for_its_share():
    found = judged(iso_mb_01, averaged(30, contained_mg=None), **WINDOW)
    assert found.missing == ("assay or quality of lot acme:L1 for Cu",)
    ranged = averaged(30, contained_mg=MassRange(low_mg=90 * KG, high_mg=110 * KG))
    found = judged(iso_mb_01, ranged, irma__account_window_days=20)
    assert (found.outcome, "27.27 %" in found.because) == (OPEN, True)


def test_by_credit_and_by_book_and_claim_no_average_is_asked():
    retired = kilograms("B", 20, 5, account=None, model="book_and_claim", credits=("r:S1",))
    assert judged(iso_mb_01, lot(kilograms("A", 20, 5))).outcome is NONE
    assert judged(iso_mb_01, lot(retired, accounts=())).outcome is NONE


# ── physical and claimed, side by side ────────────────────────────────────────────────────


def test_the_claimed_share_stands_beside_the_physical_one():
    about = lot(
        kilograms("A", 20, 12),
        credentials=(credential(level="IRMA 75"),),
        contained_mg=MassRange(low_mg=800 * KG, high_mg=1000 * KG),
    )
    [one] = shares(about)
    assert (one.share_worst, one.share_best) == (Fraction(12, 800), Fraction(12, 1000))
    assert (one.physical_worst, one.physical_best) == (1, 1)
    assert (one.covered_mg, one.doubt_mg, one.over_mg) == (10 * KG, 0, 2 * KG)


def test_what_is_unclear_is_in_the_best_case_of_the_physical_share_alone():
    unclear = lot(
        kilograms("A", 20, 12), credentials=(credential(level="IRMA 75", materials=None),)
    )
    [one] = shares(unclear)
    assert (one.physical_worst, one.physical_best) == (0, 1)
    [other] = shares(lot(kilograms("A", 20, 12), credentials=(credential(level="IRMA 50"),)))
    assert (other.physical_worst, other.physical_best) == (0, 0)


def test_of_a_lot_of_unknown_content_no_share_can_be_told():
    [one] = shares(lot(kilograms("A", 20, 12), contained_mg=None))
    assert (one.share_worst, one.physical_worst) == (None, None)


def test_by_book_and_claim_retired_credits_stand_behind_it():
    retired = kilograms("A", 20, 5, account=None, model="book_and_claim", credits=("smelter:S1",))
    about = lot(retired, accounts=(), credits=(issue("S1", 5, 3 * KG),))
    [one] = shares(about)
    assert (one.covered_mg, one.doubt_mg, one.over_mg) == (3 * KG, 0, 2 * KG)


def test_a_lot_is_due_again_when_a_period_behind_its_claims_has_ended():
    about = lot(kilograms("A", 20, 5))
    assert next_day_of_accounts(about, date(2026, 3, 30)) == date(2026, 4, 1)
    assert next_day_of_accounts(about, date(2026, 3, 31)) == date(2026, 4, 1)
    assert next_day_of_accounts(dossier(source(10)), date(2026, 3, 30)) is None
    retired = kilograms("A", 20, 5, account=None, model="book_and_claim", credits=("r:S1",))
    assert next_day_of_accounts(lot(retired, accounts=()), date(2026, 3, 30)) is None
