"""Booking: nothing is used twice, debits are credits, and event time alone decides."""

import random
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from account_builders import (
    END,
    account,
    at,
    booked,
    claim,
    entry,
    in_doubt,
    issue,
    loss,
    received,
)
from hypothesis import given
from hypothesis import strategies as st

from standards.rulebook.accounts import Certified, Terms
from standards.rulebook.closing import closed_as_json, closing, digest_of, parse_closed

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


terms = st.builds(Terms, carry_over_days=st.none() | st.integers(0, 200))


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

FIRST_END = date(2026, 3, 31)
SECOND_END = date(2026, 6, 30)


def known_below(record, size):
    """Return the record as it was known below a log size."""
    return replace(
        record,
        claims=tuple(
            replace(
                one,
                withdrawn_at=None if (one.withdrawn_index or 0) >= size else one.withdrawn_at,
                withdrawn_index=None if (one.withdrawn_index or 0) >= size else one.withdrawn_index,
            )
            for one in record.claims
            if one.index < size
        ),
        issues=tuple(one for one in record.issues if one.index < size),
    )


def close(record, terms, until, known_at, **changes):
    """Close the next period with what was known below a log size; `changes` came later."""
    told = booked(known_below(record, known_at), terms=terms, on=until)
    closed = closing(told, until=until, known_at=known_at, index=known_at, entry=entry("close"))
    return replace(record, closes=(*record.closes, closed), **changes)


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
