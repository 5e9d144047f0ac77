"""MB-11: what stocktakes found, against the books."""

from dataclasses import replace
from datetime import date

import pytest
from account_builders import account, at, entry, received
from claim_builders import FAIL, KG, NONE, OPEN, PASS, kilograms, lot
from rulebook_builders import finding_of

from standards.rulebook.accounts import Count
from standards.rulebook.rules import RULES

[RULE] = [one for one in RULES if one.id == "MB-11"]
HALF = {"irma__account_stock_tolerance": "0.005"}
CLAIM = kilograms("A", 20, 5)


def count(day=40, *, found=1000, books=1000, **changes):
    """A count of two lots, in kilograms; ranges as pairs."""
    low, high = books if isinstance(books, tuple) else (books, books)
    off = found if isinstance(found, tuple) else (found - low, found - high)
    usual = Count(
        entry=entry(f"count {day}"),
        facility="smelter:works",
        at=at(day),
        lots=2,
        book_low_mg=low * KG,
        book_high_mg=high * KG,
        off_low_mg=off[0] * KG,
        off_high_mg=off[1] * KG,
    )
    return replace(usual, **changes)


def counted(*counts, on=date(2026, 8, 1), **changes):
    record = account(received("one", 10, 10 * KG), claims=(CLAIM,), counts=counts, **changes)
    return lot(CLAIM, accounts=(record,), as_of=on)


TWO_SITES = {"facilities": ("smelter:works", "smelter:yard")}
CASES = [
    ("the books to the milligram, whatever is allowed", counted(count()), {}, PASS),
    ("five kilograms of a thousand less", counted(count(found=995)), HALF, PASS),
    ("six kilograms less", counted(count(found=994)), HALF, FAIL),
    ("five kilograms more", counted(count(found=1005)), HALF, PASS),
    ("six kilograms more", counted(count(found=1006)), HALF, FAIL),
    ("a kilogram less, and nobody has set a tolerance", counted(count(found=999)), {}, OPEN),
    ("no count is on file", counted(), HALF, OPEN),
    ("counted on the last day of the period", counted(count(day=89)), {}, PASS),
    ("counted on the day after it", counted(count(day=90)), {}, OPEN),
    ("counted on the first day of the period", counted(count(day=0)), {}, PASS),
    ("counted on the day before it", counted(count(day=-1)), {}, OPEN),
    ("counted after the day asked for", counted(count(day=40), on=date(2026, 2, 1)), {}, OPEN),
    ("the worst of two counts decides", counted(count(), count(day=50, found=990)), HALF, FAIL),
    (
        "the worse of two that are off decides",
        counted(count(found=998), count(day=50, found=990)),
        HALF,
        FAIL,
    ),
    ("one of two sites was not counted", counted(count(), **TWO_SITES), {}, OPEN),
    (
        "both were counted",
        counted(count(), count(day=41, facility="smelter:yard"), **TWO_SITES),
        {},
        PASS,
    ),
    (
        "one of two is off, the other not counted",
        counted(count(found=990), **TWO_SITES),
        HALF,
        FAIL,
    ),
    ("assays leave open how much the difference is", counted(count(found=(-7, -4))), HALF, OPEN),
    ("assays leave it open, and it is enough", counted(count(found=(-5, -4))), HALF, PASS),
    ("assays leave it open, and it is too much", counted(count(found=(6, 7))), HALF, FAIL),
    ("one lot gained and another lost, unassayed", counted(count(found=(-7, 2))), HALF, OPEN),
    (
        "the books held nothing and something was found",
        counted(count(books=0, found=1)),
        HALF,
        FAIL,
    ),
    ("nothing is claimed", lot(), HALF, NONE),
]


@pytest.mark.parametrize(
    ("about", "values", "outcome"), [one[1:] for one in CASES], ids=[one[0] for one in CASES]
)
def test_stocktakes_behind_a_claim(about, values, outcome):
    found = finding_of(RULE, about, **values)
    assert found.outcome is outcome, found.because
    assert bool(found.missing) is (outcome is OPEN)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (994, "found 6 kg less than the 1000 kg of 2 lots in the books; 0.5 % is allowed"),
        (1006, "found 6 kg more than the 1000 kg of 2 lots in the books; 0.5 % is allowed"),
        ((-7, -6), "found 6 kg to 7 kg less than"),
        ((6, 7), "found 6 kg to 7 kg more than"),
        ((-7, 2), "found from 7 kg less to 2 kg more than"),
    ],
)
def test_the_sentence_says_by_how_much_and_which_way(found, words):
    told = finding_of(RULE, counted(count(found=found)), **HALF)
    assert told.because.startswith(f"the stocktake of 2026-02-10 at smelter:works {words}")


def test_what_was_not_counted_is_named():
    told = finding_of(RULE, counted())
    assert told.missing == ("stocktake at smelter:works between 2026-01-01 and 2026-03-31",)


def test_the_stocktake_itself_is_evidence():
    assert entry("count 40") in finding_of(RULE, counted(count()), **HALF).evidence
