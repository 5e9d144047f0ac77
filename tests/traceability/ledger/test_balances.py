"""The balance of a site: to the milligram what the books say is there, for every material."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import (
    correction,
    extraction,
    introduction,
    loss,
    new_lot,
    receipt,
    received,
    shipment,
    split,
    stocktake,
    taken,
    transformation,
    void,
)
from tests.traceability.ledger.stories import COPPER, NICKEL, SITES, Story, T, stories
from traceability.ledger.balances import CATEGORIES, Amount, balance, total_of
from traceability.ledger.book import water_of

LONG_AGO, TODAY, DAY = date(2026, 1, 1), date(2026, 12, 31), timedelta(days=1)


# ── properties ────────────────────────────────────────────────────────────────────────────


@settings(max_examples=100, deadline=None)
@given(stories())
def test_the_closing_stock_of_every_site_is_what_the_books_say(story):
    contents, history = story.contents(), story.history()
    for site in SITES:
        lines = story.lines(site)
        told = balance(lines, LONG_AGO, TODAY)
        books = {}
        for lot in story.stock(site):
            is_known = lot.id in history.beginnings
            key = (lot.material, lot.unit, water_of(lot.basis)) if is_known else ("", lot.unit, "")
            books[key] = books.get(key, 0) + lot.amount
        closing = {key_of(row): row.closing.low for row in told.materials}
        assert without_zeros(closing) == without_zeros(books), f"{site}\n{story!r}"
        for element, rows in told.elements.items():
            named = {line.lot for line in lines if element in line.contained}
            left = [
                sum(contents[history.last[lot.id]].contents[element].left.values())
                for lot in story.stock(site)
                if lot.id in named and lot.amount > 0
            ]
            assert total_of(rows).closing.high == sum(left)


def without_zeros(amounts):
    return {key: mg for key, mg in amounts.items() if mg}


@settings(max_examples=60, deadline=None)
@given(stories(), st.integers(1, 9), st.integers(1, 9))
def test_periods_follow_each_other_and_every_row_adds_up(story, one, two):
    begin, cut = sorted((date(2026, 3, one), date(2026, 3, two)))
    for site in SITES:
        lines = story.lines(site)
        before = balance(lines, LONG_AGO, begin - DAY)
        during, after = balance(lines, begin, cut), balance(lines, cut + DAY, TODAY)
        for told in (during, after):
            for row in [*told.materials, *(r for rows in told.elements.values() for r in rows)]:
                assert added(row.opening, *row.flows.values()) == row.closing
                assert row.flows.keys() <= set(CATEGORIES)
        for early, late in ((before, during), (during, after)):
            closing = {key_of(row): row.closing for row in early.materials}
            for row in late.materials:
                assert row.opening == closing.get(key_of(row), Amount())


def key_of(row):
    return row.material, row.unit, row.basis


def added(*amounts):
    total = Amount()
    for amount in amounts:
        total = total.plus(amount)
    return total


# ── examples ──────────────────────────────────────────────────────────────────────────────


def row_of(told, material):
    [row] = [row for row in told.materials if row.material == material]
    return row


def test_a_month_at_a_smelter():
    story = Story()
    story.says("alice", extraction("alice:ore", "100", assays=COPPER))
    story.says("alice", shipment("alice:1", "bob", taken("alice:ore", "100")), 2)
    story.says("bob", receipt("alice:1", received("alice:ore", "99"), at="bob:smelter"), 3)
    out = new_lot("bob:matte", "40", material="copper_matte", assays=[COPPER[0] | {"value": "60"}])
    story.says("bob", transformation([taken("alice:ore", "90")], [out], at="bob:smelter"), 4)
    story.says("bob", loss("bob:matte", "1", at="bob:smelter"), 5)
    story.says("bob", stocktake(taken("bob:matte", "38"), at="bob:smelter"), 6)
    story.says(
        "bob",
        shipment(
            "bob:1", "alice", taken("bob:part", "8", **{"from": "bob:matte"}), at="bob:smelter"
        ),
        7,
    )

    mine, smelter = (story.lines(site) for site in ("alice:mine", "bob:smelter"))

    march = (LONG_AGO, TODAY)
    assert row_of(balance(mine, *march), "copper_concentrate").flows == {
        "extracted": Amount(100 * T, 100 * T),
        "shipped": Amount(-100 * T, -100 * T),
    }
    told = balance(smelter, *march)
    ore, matte = row_of(told, "copper_concentrate"), row_of(told, "copper_matte")
    assert {name: one.low // T for name, one in ore.flows.items()} == {
        "received": 99,
        "consumed": -90,
    }
    assert {name: one.low // T for name, one in matte.flows.items()} == {
        "produced": 40,
        "lost": -1,
        "counted": -1,
        "regrouped": 0,
        "shipped": -8,
    }
    assert matte.closing == Amount(30 * T, 30 * T)
    copper = total_of(told.elements["Cu"])
    assert copper.flows["received"] == Amount(29_700_000_000, 29_700_000_000)
    assert copper.flows["consumed"] == Amount(-27 * T, -27 * T)
    assert copper.flows["produced"] == Amount(24 * T, 24 * T)
    assert balance(smelter, date(2026, 3, 5), date(2026, 3, 5)).materials[1].flows.keys() == {
        "lost"
    }


def test_an_element_that_is_not_measured_is_an_interval_and_one_nobody_names_is_none():
    story = Story()
    story.says("alice", extraction("alice:ore", "100", assays=NICKEL))
    story.says("alice", introduction("alice:coke", "10"))

    told = balance(story.lines("alice:mine"), LONG_AGO, TODAY)

    assert told.elements.keys() == {"Cu", "Ni"}  # the concentrate's name speaks of copper
    assert total_of(told.elements["Ni"]).closing == Amount(1 * T, 3 * T)
    assert total_of(told.elements["Cu"]).closing.low == 0


def test_what_was_rejected_never_becomes_the_sites():
    story = Story()
    story.says("alice", extraction("alice:ore", "100"))
    story.says("alice", shipment("alice:1", "bob", taken("alice:ore", "100")))
    story.says(
        "bob", receipt("alice:1", received("alice:ore", "90", "10", "bob:back"), at="bob:mine")
    )

    [row] = balance(story.lines("bob:mine"), LONG_AGO, TODAY).materials

    assert {name: one.low // T for name, one in row.flows.items()} == {
        "received": 100,
        "regrouped": 0,
        "returned": -10,
    }
    assert row.closing == Amount(90 * T, 90 * T)


def test_what_is_rejected_whole_stays_its_shippers():
    story = Story()
    story.says("alice", extraction("alice:ore", "100"))
    story.says("alice", shipment("alice:1", "bob", taken("alice:ore", "100")))
    story.says("bob", receipt("alice:1", received("alice:ore", None, "100"), at="bob:mine"))

    assert story.lines("bob:mine") == []
    assert story.notes.book.lots["alice:ore"].custodian == "alice"


def test_a_receipt_ahead_of_its_shipment_counts_on_its_own_day_at_its_own_site():
    story = Story()
    story.says("alice", extraction("alice:ore", "100"))
    item = received("alice:ore", "90", "10", "bob:back")
    story.says("bob", receipt("alice:1", item, at="bob:mine"), 5)
    story.says("alice", shipment("alice:1", "bob", taken("alice:ore", "100")), 4)

    here = {line.category: (line.on.day, line.gross // T) for line in story.lines("bob:mine")}
    there = {line.category: (line.on.day, line.gross // T) for line in story.lines("alice:mine")}

    assert here == {"received": (5, 100), "regrouped": (5, 10), "returned": (5, -10)}
    assert there == {"extracted": (1, 100), "shipped": (4, -100)}


def test_what_is_rejected_of_a_shipment_to_oneself_stays():
    story = Story()
    story.says("alice", extraction("alice:ore", "100"))
    story.says("alice", shipment("alice:1", "alice", taken("alice:ore", "100")))
    item = received("alice:ore", "90", "10", "alice:back")
    story.says("alice", receipt("alice:1", item, at="alice:smelter"))

    [row] = balance(story.lines("alice:smelter"), LONG_AGO, TODAY).materials

    assert row.closing == Amount(100 * T, 100 * T)


def test_what_was_made_by_a_statement_that_is_withdrawn_was_never_there():
    story = Story()
    extracted = story.says("alice", extraction("alice:ore", "100"))
    story.says("alice", split("alice:ore", taken("alice:a", "80"), at="alice:mine"))
    story.says("alice", void(extracted, "alice:ore"))

    told = balance(story.lines("alice:mine"), LONG_AGO, TODAY)

    assert {row.material: row.closing.low // T for row in told.materials} == {
        "": -80,
        "copper_concentrate": 80,
    }


def test_an_empty_silo_and_a_lost_cargo_leave_nothing_of_gross_or_metal():
    story = Story()
    story.says("alice", extraction("alice:ore", "100", assays=COPPER))
    story.says("alice", extraction("alice:heel", "10", assays=COPPER))
    story.says("alice", stocktake(taken("alice:heel", "0"), at="alice:mine"), 2)
    story.says("alice", shipment("alice:1", "bob", taken("alice:ore", "100")), 3)
    story.says("bob", receipt("alice:1", received("alice:ore", "0"), at="bob:smelter"), 4)

    mine, smelter = (
        balance(story.lines(one), LONG_AGO, TODAY) for one in ("alice:mine", "bob:smelter")
    )
    assert row_of(mine, "copper_concentrate").flows["counted"] == Amount(-10 * T, -10 * T)
    assert total_of(mine.elements["Cu"]).flows["counted"] == Amount(-3 * T, -3 * T)
    for told in (mine, smelter):
        assert all(row.closing == Amount() for row in told.materials)
        assert all(total_of(rows).closing == Amount() for rows in told.elements.values())

    story.says("alice", stocktake(taken("alice:heel", "5"), at="alice:mine"), 5)
    found = story.contents()[story.history().last["alice:heel"]].contents["Cu"]
    assert found.sources == {"unexplained:alice:heel~1": 1_500_000_000}


def test_a_lot_below_zero_holds_no_metal():
    story = Story()
    extracted = story.says("alice", extraction("alice:ore", "100", assays=COPPER))
    story.says("alice", split("alice:ore", taken("alice:a", "80"), at="alice:mine"))
    story.says("alice", shipment("alice:1", "bob", taken("alice:a", "80")))
    less = extraction("alice:ore", "50", assays=COPPER)
    story.says("alice", correction(extracted, less, "alice:ore"))

    told = balance(story.lines("alice:mine"), LONG_AGO, TODAY)

    assert row_of(told, "copper_concentrate").closing == Amount(-30 * T, -30 * T)
    assert total_of(told.elements["Cu"]).closing.high >= 0


def test_amounts_are_added_end_by_end():
    assert Amount(1, 2).plus(Amount(1, 5)) == Amount(2, 7)
    assert Amount(1, 2).plus(Amount(1, 5), -1) == Amount(0, -3)


def test_a_stock_that_came_and_went_before_the_period_has_no_row():
    story = Story()
    story.says("alice", extraction("alice:ore", "100"))
    story.says("alice", loss("alice:ore", "100"))

    assert balance(story.lines("alice:mine"), TODAY + DAY, TODAY + DAY).materials == ()
