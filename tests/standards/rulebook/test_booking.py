"""Booking: nothing is used twice, debits are credits, and event time alone decides."""

import random
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from account_builders import (
    END,
    FIRST_END,
    SECOND_END,
    account,
    at,
    booked,
    claim,
    close,
    in_doubt,
    issue,
    loss,
    received,
)
from hypothesis import given
from hypothesis import strategies as st

from standards.rulebook.accounts import Certified
from standards.rulebook.closing import closed_as_json, closing, digest_of, parse_closed
from standards.rulebook.terms import Terms

DAYS = st.integers(0, 300)
MASS = st.integers(1, 50)


@st.composite
def inputs(draw):
    told = []
    for number in range(draw(st.integers(0, 6))):
        high = draw(st.integers(0, 50))
        low = draw(st.integers(0, high))
        told.append(in_doubt(f"L{number}", draw(DAYS), low, high))
    return tuple(told)


@st.composite
def claims(draw, lots=6):
    told = []
    for number in range(draw(st.integers(0, 8))):
        day = draw(DAYS)
        withdrawn = draw(st.none() | st.integers(0, 320))
        named = draw(st.just(()) | st.sets(st.integers(0, lots - 1), min_size=1, max_size=2))
        told.append(
            claim(
                f"C{number}",
                day,
                draw(MASS),
                index=draw(st.integers(0, 400)),
                tranches=tuple(f"mine:L{one}" for one in sorted(named)),
                withdrawn_at=None if withdrawn is None else at(withdrawn),
                withdrawn_index=None if withdrawn is None else draw(st.integers(0, 400)),
            )
        )
    return tuple(told)


@st.composite
def records(draw):
    told = draw(inputs())
    losses = tuple(
        loss(one.lot_id.removeprefix("mine:"), draw(DAYS), draw(st.integers(1, one.given_high_mg)))
        for one in told
        if one.given_high_mg and draw(st.booleans())
    )
    return account(
        *told,
        claims=draw(claims()),
        adjustments=losses,
        issues=tuple(
            issue(f"S{n}", draw(DAYS), draw(MASS)) for n in range(draw(st.integers(0, 2)))
        ),
    )


terms = st.builds(
    Terms,
    carry_over_days=st.none() | st.integers(0, 200),
    carry_over_periods=st.none() | st.integers(0, 3),
)


def trial_balance(told, opening=()):
    """Return what each place holds: its debits less its credits."""
    places = Counter(dict(opening))
    for line in told.lines:
        assert line.mg > 0
        places[line.debit] += line.mg
        places[line.credit] -= line.mg
    return places


def verify_books(told, opening=()):
    """Whatever happened: debits are credits, no tranche gives more than it had."""
    places = trial_balance(told, opening)
    assert sum(places.values()) == 0
    for one in told.tranches:
        assert min(one.left_mg, one.doubt_left_mg, one.expired_mg, one.doubt_expired_mg) >= 0
        assert places[f"tranche:{one.id}"] == one.left_mg
        assert places[f"doubt:{one.id}"] == one.doubt_left_mg
        used = sum(
            use.mg
            for draw in told.draws.values()
            for use in draw.uses
            if use.source == f"tranche:{one.id}"
        )
        doubted = sum(
            use.mg
            for draw in told.draws.values()
            for use in draw.uses
            if use.source == f"doubt:{one.id}"
        )
        assert used + one.left_mg + one.expired_mg == max(0, one.low_mg - one.adjusted_mg)
        assert doubted + one.doubt_left_mg + one.doubt_expired_mg == one.high_mg - one.low_mg
    for draw in told.draws.values():
        assert sum(use.mg for use in draw.uses) == draw.mg == places[draw.id]
        assert all(use.mg > 0 for use in draw.uses)
    assert places["over_claimed"] == -told.over_mg
    expired = sum(one.expired_mg + one.doubt_expired_mg for one in told.tranches)
    assert places["expired"] == expired
    if told.points:
        assert (told.points[-1].worst_mg, told.points[-1].best_mg) == (told.worst_mg, told.best_mg)


@given(record=records(), terms=terms)
def test_debits_are_credits_and_no_tranche_is_used_twice(record, terms):
    verify_books(booked(record, terms=terms))


@given(record=records(), terms=terms, seed=st.integers())
def test_the_order_in_which_things_were_recorded_makes_no_difference(record, terms, seed):
    shuffle = random.Random(seed)  # noqa: S311 - no secret
    indices = [one.index for one in record.claims]
    shuffle.shuffle(indices)
    told = [replace(one, index=index) for one, index in zip(record.claims, indices, strict=True)]
    shuffle.shuffle(told)
    changed = replace(
        record,
        claims=tuple(told),
        inputs=tuple(shuffle.sample(record.inputs, len(record.inputs))),
        adjustments=tuple(shuffle.sample(record.adjustments, len(record.adjustments))),
    )
    first, second = booked(record, terms=terms), booked(changed, terms=terms)
    assert (first.lines, first.tranches, dict(first.draws), first.periods) == (
        second.lines,
        second.tranches,
        dict(second.draws),
        second.periods,
    )


# ── closing ───────────────────────────────────────────────────────────────────────────────


def as_opening(closed):
    """Return what the books hold in each place when a closed period is over."""
    places = Counter()
    for one in closed.tranches:
        places[f"tranche:{one.id}"] += one.left_mg
        places[f"doubt:{one.id}"] += one.doubt_left_mg
        places["expired"] += one.expired_mg + one.doubt_expired_mg
    for draw in closed.draws:
        places[draw.id] += draw.mg
        places["over_claimed"] -= sum(u.mg for u in draw.uses if u.source == "over_claimed")
    places["before"] = -sum(places.values())
    return places


@given(record=records(), later=inputs(), more=claims(), terms=terms, known=st.integers(0, 400))
def test_what_is_closed_never_changes_and_the_books_still_agree(record, later, more, terms, known):
    closed = close(record, terms, FIRST_END, known)
    frozen = closed.closes[0]
    changed = replace(
        closed,
        inputs=later,
        claims=(*record.claims, *(replace(one, id=f"{one.id}-late", index=500) for one in more)),
    )
    told = booked(changed, terms=terms)
    assert told.periods[0] == frozen.period
    assert closed.closes[0] == changed.closes[0]
    assert digest_of(record.id, changed.closes[0]) == frozen.digest
    verify_books(told, opening=as_opening(frozen))
    assert all(line.at.date() > FIRST_END for line in told.lines)

    again = close(changed, terms, SECOND_END, 600)
    after = booked(again, terms=terms)
    assert after.periods[:2] == (frozen.period, again.closes[1].period)
    verify_books(after, opening=as_opening(again.closes[1]))


@given(record=records(), terms=terms)
def test_a_close_with_nothing_learnt_since_changes_nothing(record, terms):
    whole = booked(record, terms=terms)
    closed = close(record, terms, FIRST_END, 1000)
    told = booked(closed, terms=terms)
    assert (told.tranches, dict(told.draws)) == (whole.tranches, dict(whole.draws))
    assert told.periods == whole.periods
    assert not told.restatements


@given(record=records(), terms=terms)
def test_a_digest_is_reproducible_and_a_closed_period_comes_back_as_it_was_kept(record, terms):
    [one] = close(record, terms, FIRST_END, 300).closes
    [two] = close(record, terms, FIRST_END, 300).closes
    assert one == two == parse_closed(closed_as_json(one))
    assert one.digest == digest_of(record.id, two)
    assert digest_of("smelter:other", one) != one.digest


# ── one at a time ─────────────────────────────────────────────────────────────────────────


def uses(told, name):
    return {use.source: use.mg for use in told.draws[f"claim:smelter:{name}"].uses}


def balances(told):
    return [(one.what, one.worst_mg, one.best_mg) for one in told.points]


def test_claims_take_the_oldest_entitlement_first():
    told = booked(
        account(
            received("new", 20, 10),
            received("old", 10, 10),
            claims=(claim("A", 30, 12), claim("B", 40, 5)),
        )
    )
    assert uses(told, "A") == {"tranche:mine:old": 10, "tranche:mine:new": 2}
    assert uses(told, "B") == {"tranche:mine:new": 5}
    assert (told.over_mg, told.worst_mg, told.best_mg) == (0, 3, 3)
    assert told.covered("smelter:A") == (12, 12)
    assert told.covered("smelter:nobody") == (0, 0)


def test_a_claim_takes_only_what_it_names():
    told = booked(
        account(
            received("old", 10, 10),
            received("new", 20, 10),
            claims=(claim("A", 30, 12, tranches=("mine:new", "mine:nothing")),),
        )
    )
    assert uses(told, "A") == {"tranche:mine:new": 10, "over_claimed": 2}
    assert told.draws["claim:smelter:A"].over_mg == 2


def test_what_is_proven_is_taken_before_what_is_merely_possible():
    told = booked(
        account(in_doubt("open", 10, 2, 10), received("sure", 20, 5), claims=(claim("A", 30, 9),))
    )
    assert uses(told, "A") == {
        "tranche:mine:open": 2,
        "tranche:mine:sure": 5,
        "doubt:mine:open": 2,
    }
    assert told.covered("smelter:A") == (7, 9)
    assert (told.worst_mg, told.best_mg) == (-2, 6)


def test_the_excess_stays_debited_until_later_entitlement_covers_it():
    told = booked(
        account(
            received("one", 10, 10),
            received("two", 30, 7),
            claims=(claim("A", 20, 12), claim("B", 25, 3)),
        )
    )
    assert balances(told) == [
        ("tranche:mine:one", 10, 10),
        ("claim:smelter:A", -2, -2),
        ("claim:smelter:B", -5, -5),
        ("tranche:mine:two", 2, 2),
    ]
    assert uses(told, "A") == {"tranche:mine:one": 10, "tranche:mine:two": 2}
    assert told.draws["claim:smelter:A"].over_mg == 2  # as it was when it was claimed
    assert told.over_mg == 0


def test_a_withdrawn_claim_gives_back_what_it_took_to_those_that_lacked_it():
    told = booked(
        account(
            received("one", 10, 10),
            claims=(claim("A", 20, 10, withdrawn_at=at(40)), claim("B", 30, 4)),
        )
    )
    assert "claim:smelter:A" not in told.draws
    assert uses(told, "B") == {"tranche:mine:one": 4}
    assert told.worst_mg == 6


def test_a_claim_of_the_very_time_of_a_receipt_is_covered_by_it():
    told = booked(account(received("one", 10, 10), claims=(claim("A", 10, 10),)))
    assert told.over_mg == 0


def test_entitlement_expires_after_its_days_and_not_on_the_last():
    record = account(received("one", 10, 10), claims=(claim("A", 40, 4), claim("B", 41, 4)))
    told = booked(record, terms=Terms(carry_over_days=30))
    assert uses(told, "A") == {"tranche:mine:one": 4}
    assert uses(told, "B") == {"over_claimed": 4}
    [tranche] = told.tranches
    assert (tranche.expired_mg, tranche.left_mg) == (6, 0)
    assert uses(booked(record), "B") == {"tranche:mine:one": 4}
    assert booked(account(received("one", 10, 10)), terms=Terms(carry_over_days=30)).worst_mg == 0


def test_entitlement_expires_with_the_last_period_into_which_it_is_carried():
    record = account(received("one", 10, 10), claims=(claim("A", 180, 4), claim("B", 181, 4)))
    told = booked(record, terms=Terms(carry_over_periods=1))
    assert uses(told, "A") == {"tranche:mine:one": 4}
    assert uses(told, "B") == {"over_claimed": 4}
    own = account(received("one", 10, 10), claims=(claim("A", 89, 4), claim("B", 90, 4)))
    told = booked(own, terms=Terms(carry_over_periods=0))
    assert (uses(told, "A"), uses(told, "B")) == ({"tranche:mine:one": 4}, {"over_claimed": 4})


def test_what_is_given_back_after_it_had_expired_expires_at_once():
    record = account(
        received("one", 0, 10),
        received("two", 50, 10),
        claims=(
            claim("A", 5, 4, withdrawn_at=at(60)),
            claim("B", 61, 12),
        ),
    )
    told = booked(record, terms=Terms(carry_over_days=30))
    assert [one.expired_mg for one in told.tranches] == [10, 0]
    assert told.over_mg == 2


def test_of_days_and_periods_the_shorter_counts():
    record = account(received("one", 10, 10), claims=(claim("A", 41, 4),))
    both = Terms(carry_over_days=30, carry_over_periods=1)
    assert uses(booked(record, terms=both), "A") == {"over_claimed": 4}
    longer = Terms(carry_over_days=300, carry_over_periods=0)
    late = account(received("one", 10, 10), claims=(claim("A", 90, 4),))
    assert uses(booked(late, terms=longer), "A") == {"over_claimed": 4}


def test_a_period_that_was_closed_before_there_was_a_limit_by_periods_keeps_its_digest():
    record = account(received("one", 10, 10), claims=(claim("A", 20, 4),))
    [closed] = close(record, Terms(carry_over_days=90), FIRST_END, 1000).closes
    told = closed_as_json(closed)
    del told["carry_over_periods"]
    assert digest_of(record.id, parse_closed(told)) == closed.digest
    [other] = close(record, Terms(carry_over_periods=1), FIRST_END, 1000).closes
    assert parse_closed(closed_as_json(other)) == other
    assert other.digest != closed.digest


def test_an_issued_credit_is_debited_like_a_claim():
    told = booked(account(received("one", 10, 10), issues=(issue("S1", 20, 4),)))
    assert told.draws["credit:smelter:S1"].of("tranche") == 4
    assert told.periods[0].claimed_mg == 4


def test_a_loss_in_stock_takes_its_part_and_then_what_was_claimed_last():
    record = account(
        received("one", 10, 10),
        adjustments=(loss("one", 30, 4), loss("nothing", 31, 4)),
        claims=(claim("A", 20, 6), claim("B", 25, 3)),
    )
    told = booked(record)
    assert uses(told, "A") == {"tranche:mine:one": 6}
    assert uses(told, "B") == {"over_claimed": 3}
    assert (told.tranches[0].adjusted_mg, told.worst_mg) == (4, -3)
    half = replace(
        record,
        inputs=(
            received(
                "one", 10, 10, certified=(Certified(level="IRMA 75", proven_mg=5, doubt_mg=0),)
            ),
        ),
        claims=(),
    )
    assert booked(half).tranches[0].adjusted_mg == 2
    doubtful = (Certified(level="IRMA 75", proven_mg=0, doubt_mg=5),)
    plain = replace(record, inputs=(received("one", 10, 10, certified=doubtful),), claims=())
    assert booked(plain).tranches[0].adjusted_mg == 0


@pytest.mark.parametrize(
    ("terms", "level", "siblings", "low", "high"),
    [
        (Terms(), "IRMA 75", (), 10, 10),
        (Terms(), "IRMA 50", (), 0, 10),
        (Terms(), None, (), 10, 10),
        (Terms(), None, ("IRMA 50",), 0, 10),
        (Terms(levels=("IRMA 50", "IRMA 75", "IRMA 100")), None, (), 0, 10),
        (Terms(levels=("IRMA 50", "IRMA 75", "IRMA 100")), "IRMA 50", (), 0, 0),
        (Terms(levels=("IRMA 50", "IRMA 75", "IRMA 100")), "IRMA 100", (), 0, 10),
        (
            Terms(levels=("IRMA 50", "IRMA 75", "IRMA 100"), tier_mixing="minimum"),
            "IRMA 100",
            (),
            10,
            10,
        ),
        (
            Terms(levels=("IRMA 50", "IRMA 75", "IRMA 100"), tier_mixing="separate"),
            "IRMA 100",
            (),
            0,
            0,
        ),
        (
            Terms(levels=("IRMA 50", "IRMA 75", "IRMA 90", "IRMA 100"), tier_mixing="minimum"),
            "IRMA 100",
            ("IRMA 90",),
            0,
            0,
        ),
        (
            Terms(levels=("IRMA 50", "IRMA 75", "IRMA 100"), tier_mixing="minimum"),
            "IRMA 100",
            ("IRMA 50", "of another scheme"),
            10,
            10,
        ),
        (Terms(levels=("IRMA 75", "IRMA 100")), "IRMA 100", ("IRMA 100",), 0, 0),
        (Terms(levels=("IRMA 75",)), "gold", (), 0, 0),
    ],
)
def test_metal_counts_for_a_tier_as_the_scheme_says(terms, level, siblings, low, high):
    part = Certified(level=level, proven_mg=10, doubt_mg=0)
    source = received("one", 10, 10, certified=(part,), siblings=siblings)
    [counted] = booked(account(source), terms=terms).inputs
    assert (counted.low_mg, counted.high_mg) == (low, high)


def test_recovery_is_what_came_out_over_what_arrived_to_the_milligram():
    source = received("one", 10, 1000, given_low_mg=333, given_high_mg=334)
    told = replace(source, certified=(Certified(level="IRMA 75", proven_mg=500, doubt_mg=1),))
    [counted] = booked(account(told)).inputs
    assert (counted.certified_low_mg, counted.certified_high_mg) == (500, 501)
    assert (counted.low_mg, counted.high_mg) == (166, 168)
    nothing = received("two", 10, 0, given_low_mg=0, given_high_mg=0)
    assert booked(account(nothing)).tranches == ()


def test_periods_follow_each_other_and_take_over_what_is_left():
    told = booked(
        account(
            received("one", 10, 10),
            received("two", 100, 5),
            claims=(claim("A", 20, 12, withdrawn_at=at(110)),),
        ),
        on=date(2026, 7, 15),
    )
    first, second, third = told.periods
    assert (first.opening_worst_mg, first.entitled_low_mg, first.claimed_mg) == (0, 10, 12)
    assert (first.lowest_worst_mg, first.lowest_on, first.over_mg) == (-2, date(2026, 1, 21), 2)
    assert (second.opening_best_mg, second.entitled_high_mg, second.withdrawn_mg) == (-2, 5, 12)
    assert (second.closing_worst_mg, second.over_mg, second.lowest_on) == (15, 0, None)
    assert (third.first, third.opening_worst_mg, third.closing_best_mg) == (
        date(2026, 7, 1),
        15,
        15,
    )


# ── restatements ──────────────────────────────────────────────────────────────────────────


def restated(before, after, *claims_made, terms=None, more=()):
    """Close the first quarter with one receipt, and book again with what is known of it now."""
    record = account(before, claims=claims_made)
    closed = close(record, terms or Terms(), FIRST_END, 1000, inputs=(after, *more))
    return booked(closed, terms=terms or Terms())


def test_less_entitlement_than_was_closed_is_lacked_by_the_latest_claims():
    told = restated(
        received("one", 10, 10), received("one", 10, 6), claim("A", 20, 5), claim("B", 30, 4)
    )
    assert uses(told, "A") == {"tranche:mine:one": 5}
    assert uses(told, "B") == {"tranche:mine:one": 1, "over_claimed": 3}
    [one] = told.restatements
    assert (one.before_low_mg, one.low_mg, one.short_mg) == (10, 6, 3)
    assert one.at.date() == date(2026, 4, 1)
    assert (told.periods[0].closing_worst_mg, told.periods[1].closing_worst_mg) == (1, -3)
    assert told.periods[1].restated_mg == -4


def test_more_entitlement_than_was_closed_covers_what_lacked():
    told = restated(received("one", 10, 4), received("one", 10, 9), claim("A", 20, 6))
    assert uses(told, "A") == {"tranche:mine:one": 6}
    assert (told.periods[0].over_mg, told.periods[1].over_mg, told.worst_mg) == (2, 0, 3)
    assert told.restatements[0].short_mg == 0


def test_a_voided_receipt_takes_its_entitlement_away():
    record = account(received("one", 10, 10), claims=(claim("A", 20, 5),))
    closed = close(record, Terms(), FIRST_END, 1000, inputs=())
    assert booked(closed).worst_mg == -5
    again = close(closed, Terms(), SECOND_END, 2000)
    assert booked(again).restatements == ()  # it is in the books of the second quarter now


def test_a_receipt_learnt_of_after_its_period_was_closed_is_booked_in_the_open_one():
    late = received("late", 12, 7)
    told = restated(received("one", 10, 10), received("one", 10, 10), more=(late,))
    assert [(one.lot_id, one.before_high_mg, one.low_mg) for one in told.restatements] == [
        ("mine:late", 0, 7)
    ]
    assert told.periods[1].restated_mg == 7


def test_doubt_that_settles_becomes_proven_use_and_what_is_not_there_lacks():
    before = in_doubt("one", 10, 0, 10)
    settled = restated(before, received("one", 10, 9), claim("A", 20, 6))
    assert uses(settled, "A") == {"tranche:mine:one": 6}
    assert settled.worst_mg == 3
    lacking = restated(before, received("one", 10, 4), claim("A", 20, 6))
    assert uses(lacking, "A") == {"tranche:mine:one": 4, "over_claimed": 2}
    wider = restated(before, in_doubt("one", 10, 0, 12), claim("A", 20, 11))
    assert uses(wider, "A") == {"doubt:mine:one": 11}


def test_what_had_expired_takes_the_first_loss():
    terms = Terms(carry_over_days=20)
    told = restated(received("one", 10, 10), received("one", 10, 7), claim("A", 20, 5), terms=terms)
    assert uses(told, "A") == {"tranche:mine:one": 5}
    assert told.tranches[0].expired_mg == 2
    open_ = restated(
        in_doubt("one", 10, 5, 10), in_doubt("one", 10, 5, 6), claim("A", 20, 5), terms=terms
    )
    assert open_.tranches[0].doubt_expired_mg == 1


def test_a_claim_of_a_closed_period_is_late_and_booked_in_the_open_one():
    record = account(received("one", 10, 10), claims=(claim("A", 20, 4),))
    late = claim("B", 50, 5, index=2000)
    closed = close(record, Terms(), FIRST_END, 1000, claims=(*record.claims, late))
    told = booked(closed)
    draw = told.draws["claim:smelter:B"]
    assert (draw.is_late, draw.at.date()) == (True, date(2026, 4, 1))
    assert not told.draws["claim:smelter:A"].is_late
    assert told.periods[0].claimed_mg == 4


def test_a_loss_learnt_of_after_the_close_is_restated_with_its_tranche():
    record = account(received("one", 10, 10))
    closed = close(record, Terms(), FIRST_END, 1000, adjustments=(loss("one", 20, 3),))
    told = booked(closed)
    assert (told.worst_mg, told.periods[1].restated_mg) == (7, -3)
    assert told.periods[1].adjusted_mg == 0


def test_what_is_to_be_closed_ends_with_a_period():
    told = booked(account(received("one", 10, 10)), on=date(2026, 3, 31))
    with pytest.raises(ValueError, match="not enough values"):
        closing(told, until=date(2026, 3, 30), known_at=0)


# ── accounts that supply each other ───────────────────────────────────────────────────────


def refinery(**changes):
    """An account whose only input came with a claim of the smelter."""
    lot = received(
        "cathode", 40, 10, lot_id="smelter:cathode", certified=(), came_with=("smelter:A",)
    )
    usual = {
        "id": "buyer:cu",
        "holder": "buyer",
        "claims": (claim("R", 60, 8, id="buyer:R", account="buyer:cu", holder="buyer"),),
    }
    return account(lot, **usual | changes)


def test_a_claim_that_is_covered_is_entitlement_of_its_recipient():
    smelter = account(received("one", 10, 10), claims=(claim("A", 30, 8),))
    told = booked(refinery(), smelter)
    assert [(one.low_mg, one.high_mg) for one in told.tranches] == [(8, 8)]
    assert told.over_mg == 0


def test_what_its_own_account_does_not_cover_brings_the_recipient_nothing():
    smelter = account(in_doubt("one", 10, 3, 5), claims=(claim("A", 30, 8),))
    told = booked(refinery(), smelter)
    assert [(one.low_mg, one.high_mg) for one in told.tranches] == [(3, 5)]
    assert told.over_mg == 3


def test_a_withdrawn_claim_brings_nothing_and_a_disputed_one_nothing_for_sure():
    made = claim("A", 30, 8)
    smelter = account(received("one", 10, 10), claims=(replace(made, withdrawn_at=at(35)),))
    assert booked(refinery(), smelter).tranches == ()
    disputed = account(received("one", 10, 10), claims=(replace(made, is_disputed=True),))
    assert [one.low_mg for one in booked(refinery(), disputed).tranches] == [0]


def test_a_claim_of_a_lower_tier_brings_nothing_for_a_higher_one():
    smelter = account(received("one", 10, 10), claims=(claim("A", 30, 8, tier="IRMA 50"),))
    order = Terms(levels=("IRMA 50", "IRMA 75"))
    assert booked(refinery(), smelter, terms=order).tranches == ()


def test_no_lot_brings_more_than_it_holds():
    smelter = account(received("one", 10, 50), claims=(claim("A", 30, 40),))
    assert [one.low_mg for one in booked(refinery(), smelter).tranches] == [10]


def test_accounts_in_a_circle_prove_nothing_of_each_other():
    back = claim("R", 20, 8, id="buyer:R", account="buyer:cu", holder="buyer", recipient="smelter")
    smelter = account(
        received("back", 25, 9, certified=(), came_with=("buyer:R",)),
        claims=(claim("A", 30, 8),),
    )
    circle = refinery(claims=(back,))
    for one, other in ((smelter, circle), (circle, smelter)):
        told = booked(one, other)
        assert [(each.low_mg, each.high_mg) for each in told.tranches] == [(0, 8)]
    assert booked(smelter, circle, on=END).over_mg == 0
