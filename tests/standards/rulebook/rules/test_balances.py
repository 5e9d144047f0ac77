"""MB-03 to MB-06 and MB-12: what a scheme allows decides, and is asked only where it matters."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from account_builders import FIRST_END, account, at, close, in_doubt, received
from claim_builders import (
    DAY,
    FAIL,
    FORBIDDEN,
    KG,
    NONE,
    OPEN,
    PASS,
    WITHIN,
    judged,
    kilograms,
    lot,
)
from rulebook_builders import dossier, source

from standards.rulebook.rules.balances import (
    account_ended_its_period_at_zero_or_above as mb_04,
)
from standards.rulebook.rules.balances import account_was_never_below_zero as mb_03
from standards.rulebook.rules.balances import (
    claims_draw_on_entitlement_that_had_not_expired as mb_05,
)
from standards.rulebook.rules.balances import (
    overdraft_was_made_good_in_the_next_period as mb_06,
)
from standards.rulebook.rules.balances import (
    restatements_left_no_claim_uncovered as mb_12,
)
from standards.rulebook.terms import Terms

EVERY = (mb_03, mb_04, mb_05, mb_06, mb_12)
MONTHS = {"irma__account_period_months": 3}
SHARE = {"irma__account_end_overdraft_share": "0.2"}
CURED = (kilograms("A", 20, 12),)


def cured(*, by=30, kg=7, claims=CURED):
    """Twelve kilograms claimed of ten, and seven more received later."""
    inputs = (received("one", 10, 10 * KG), received("two", by, kg * KG))
    return lot(*claims, accounts=(account(*inputs, claims=claims),))


@pytest.mark.parametrize("rule", EVERY)
def test_without_a_claim_nothing_is_asked(rule):
    found = judged(rule, dossier(source(10)))
    assert found.outcome is NONE
    retired = kilograms("A", 20, 5, account=None, model="book_and_claim", credits=("r:S1",))
    assert judged(rule, lot(retired, accounts=())).outcome is NONE
    withdrawn = kilograms("A", 20, 5, withdrawn_at=at(30))
    assert judged(rule, lot(withdrawn)).outcome is NONE
    future = kilograms("A", 250, 5)
    assert judged(rule, lot(future)).outcome is NONE


# ── MB-03 ─────────────────────────────────────────────────────────────────────────────────


def test_a_balance_that_never_was_below_zero_turns_on_no_parameter():
    found = judged(mb_03, lot(kilograms("A", 20, 10)))
    assert (found.outcome, found.cites, found.missing) == (PASS, (), ())
    assert "the lowest balance of smelter:cu in the period to 2026-03-31 was 0 kg" in found.because


@pytest.mark.parametrize(
    ("values", "outcome", "words"),
    [
        (FORBIDDEN, FAIL, "was -2 kg, on 2026-01-21; the scheme allows no balance below zero"),
        (WITHIN, PASS, "the scheme allows it within a period"),
        ({}, OPEN, "was -2 kg, on 2026-01-21; “Balances below zero"),
    ],
)
def test_below_zero_in_between_under_three_rule_sets(values, outcome, words):
    found = judged(mb_03, cured(), **values)
    assert found.outcome is outcome
    assert words in found.because
    assert found.evidence == (CURED[0].entry,)
    if outcome is OPEN:
        assert found.missing == ("a value of irma.account_overdraft",)


def test_what_is_not_measured_leaves_it_open_and_names_the_document():
    claims = (kilograms("A", 20, 9),)
    open_lot = replace(in_doubt("one", 10, 5 * KG, 12 * KG), missing=("assay of the anode",))
    about = lot(*claims, accounts=(account(open_lot, claims=claims),))
    found = judged(mb_03, about, **FORBIDDEN)
    assert (found.outcome, found.missing) == (OPEN, ("assay of the anode",))
    assert found.measured.worst == -4 * KG
    assert found.measured.best == 0
    assert "was -4 kg to 0 kg" in found.because
    unnamed = lot(*claims, accounts=(account(in_doubt("one", 10, 0, 12 * KG), claims=claims),))
    assert judged(mb_03, unnamed, **FORBIDDEN).missing == ("what became of lot mine:one",)


def test_a_period_that_was_opened_below_zero_was_below_zero():
    claims = (kilograms("A", 20, 12), kilograms("B", 100, 1))
    about = lot(claims[1], accounts=(account(received("one", 10, 10 * KG), claims=claims),))
    assert judged(mb_03, about, **FORBIDDEN).outcome is FAIL


def test_a_scheme_without_a_pack_cannot_be_told():
    claims = (kilograms("A", 20, 12, scheme="rjc"),)
    record = account(received("one", 10, 10 * KG), claims=claims, scheme="rjc")
    found = judged(mb_03, lot(*claims, accounts=(record,)))
    assert "no rule pack in force defines rjc.account_overdraft" in found.because


def test_a_scheme_without_such_a_limit_is_not_asked():
    repealed = {
        "title": "t",
        "unit": "text",
        "versions": [
            {
                "in_force_from": "2026-01-01",
                "published_on": "2026-01-01",
                "checked_on": "2026-11-23",
                "source": "Scheme",
                "url": "",
                "status": "repealed",
                "verification": "unverified",
            }
        ],
    }
    with pytest.raises(Exception, match="address"):
        judged(mb_03, cured(), irma__account_overdraft=repealed)
    repealed["versions"][0]["url"] = "https://scheme.example/"
    found = judged(mb_03, cured(), irma__account_overdraft=repealed)
    assert found.outcome is NONE
    assert "repealed" in found.because


# ── MB-04 ─────────────────────────────────────────────────────────────────────────────────


def test_a_period_that_never_was_below_zero_ends_in_order():
    assert judged(mb_04, lot(kilograms("A", 20, 10))).outcome is PASS


@pytest.mark.parametrize(
    ("values", "outcome", "words"),
    [
        (MONTHS, PASS, "the period of smelter:cu to 2026-03-31 ends with 5 kg"),
        ({}, OPEN, "account_period_months"),
        (
            {"irma__account_period_months": 2},
            FAIL,
            "smelter:cu has periods of 3 months, the scheme at most 2",
        ),
    ],
)
def test_what_was_made_good_before_the_end_is_in_order_if_the_period_is(values, outcome, words):
    found = judged(mb_04, cured(), **values)
    assert found.outcome is outcome
    assert words in found.because


@pytest.mark.parametrize(
    ("claimed", "values", "outcome"),
    [
        (12, {}, OPEN),
        (12, {"irma__account_end_overdraft_share": "0"}, FAIL),
        (12, SHARE, PASS),
        (13, SHARE, FAIL),
    ],
)
def test_a_period_may_end_below_zero_by_the_schemes_share_only(claimed, values, outcome):
    about = lot(kilograms("A", 20, claimed))
    assert judged(mb_04, about, **MONTHS, **values).outcome is outcome


def test_an_end_in_doubt_is_open():
    claims = (kilograms("A", 20, 9),)
    about = lot(*claims, accounts=(account(in_doubt("one", 10, 0, 12 * KG), claims=claims),))
    found = judged(mb_04, about, **MONTHS, irma__account_end_overdraft_share="0")
    assert (found.outcome, found.missing) == (OPEN, ("what became of lot mine:one",))


@pytest.mark.parametrize(("day", "outcome"), [(date(2026, 3, 31), OPEN), (date(2026, 4, 1), FAIL)])
def test_before_a_period_is_over_its_end_cannot_be_told(day, outcome):
    about = replace(lot(kilograms("A", 20, 12)), as_of=day)
    values = {"irma__account_end_overdraft_share": "0"} | MONTHS
    assert judged(mb_04, about, **values).outcome is outcome


def test_a_claim_against_a_closed_period_is_not_in_order_whatever_the_balance():
    record = account(received("one", 10, 10 * KG))
    late = kilograms("B", 50, 5, index=2000)
    closed = close(record, Terms(), FIRST_END, 1000, claims=(late,))
    found = judged(mb_04, lot(late, accounts=(closed,)))
    assert found.outcome is FAIL
    assert found.because == (
        "claim smelter:B is of 2026-02-20, and that period of smelter:cu was closed before it was "
        "made"
    )
    assert found.evidence == (late.entry,)


# ── MB-05 ─────────────────────────────────────────────────────────────────────────────────


def carried(day, **values):
    return judged(mb_05, lot(kilograms("A", day, 5)), **values)


def test_what_is_claimed_in_its_own_period_cannot_have_expired():
    found = carried(80)
    assert (found.outcome, found.cites) == (PASS, ())


@pytest.mark.parametrize(
    ("day", "days", "outcome"),
    [(100, 90, PASS), (100, 89, FAIL), (100, None, OPEN), (101, 90, FAIL)],
)
def test_what_is_carried_over_is_claimed_within_its_days(day, days, outcome):
    values = {"irma__account_carry_over_days": days} if days is not None else {}
    found = carried(day, **values)
    if outcome is FAIL:  # the tranche has expired: nothing covers the claim
        assert found.outcome is PASS
        named = lot(kilograms("A", day, 5, tranches=("mine:one",)))
        found = judged(mb_05, named, **values)
    assert found.outcome is outcome
    if outcome is OPEN:
        assert found.missing == ("a value of irma.account_carry_over_days",)
    else:
        assert "claim smelter:A draws on lot mine:one, received on 2026-01-11" in found.because


@pytest.mark.parametrize(
    ("day", "periods", "outcome"),
    [(180, 1, PASS), (181, 1, FAIL), (90, 0, FAIL), (89, 0, PASS)],
    ids=["the last day of the next", "the day after it", "the day after its own", "in its own"],
)
def test_what_is_carried_over_is_claimed_within_its_periods(day, periods, outcome):
    named = lot(kilograms("A", day, 5, tranches=("mine:one",)))
    found = judged(mb_05, named, irma__account_carry_over_periods=periods)
    assert found.outcome is outcome
    if day != 89:
        assert {"irma.account_carry_over_periods"} <= {one.key for one in found.cites}


# ── MB-06 ─────────────────────────────────────────────────────────────────────────────────


def test_an_overdraft_at_the_end_is_asked_only_where_there_is_one():
    assert judged(mb_06, lot(kilograms("A", 20, 10)), **SHARE).outcome is NONE
    assert judged(mb_06, lot(kilograms("A", 20, 12))).outcome is OPEN


@pytest.mark.parametrize(
    ("by", "as_of", "outcome"),
    [
        (100, DAY, PASS),
        (190, DAY, FAIL),
        (190, date(2026, 6, 30), OPEN),
        (190, date(2026, 3, 31), NONE),
    ],
)
def test_an_overdraft_is_made_good_by_the_end_of_the_next_period(by, as_of, outcome):
    found = judged(mb_06, replace(cured(by=by), as_of=as_of), **SHARE)
    assert found.outcome is outcome
    if outcome is OPEN:
        assert found.missing == ("the end of the next period of smelter:cu",)


# ── MB-12 ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("now", "outcome"), [(10, NONE), (8, PASS), (4, FAIL)])
def test_a_restatement_leaves_no_claim_without_entitlement(now, outcome):
    claims = (kilograms("A", 20, 6),)
    record = account(received("one", 10, 10 * KG), claims=claims)
    closed = close(record, Terms(), FIRST_END, 1000, inputs=(received("one", 10, now * KG),))
    found = judged(mb_12, lot(*claims, accounts=(closed,)))
    assert found.outcome is outcome
    if outcome is FAIL:
        assert found.because == (
            "mine:one is restated from 10 kg to 4 kg on smelter:cu, and claims lack 2 kg of it"
        )
        assert found.measured.margin == Fraction(-2 * KG)
