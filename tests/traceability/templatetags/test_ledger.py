"""How amounts, hashes, countries and days read."""

from datetime import date

import pytest

from traceability.templatetags.ledger import (
    amount,
    country_name,
    day,
    grouped,
    kind_name,
    short_hash,
    words,
)

THIN = "\N{NARROW NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("mg", "told"),
    [
        (0, "0 kg"),
        (999, "999 mg"),
        (1_000, "1 g"),
        (1_500_000, "1.5 kg"),
        (999_999_999, f"1{THIN}000 kg"),
        (9_980_000_000, "9.98 t"),
        (1_234_567_000_000_000, f"1{THIN}234{THIN}567 t"),
        (-2_500_000, "\N{MINUS SIGN}2.5 kg"),
        (None, "unknown"),
    ],
)
def test_an_amount_is_told_in_the_unit_people_use(mg, told):
    assert amount(mg) == told


def test_pieces_are_counted_not_weighed():
    assert amount(1, "piece") == "1 piece"
    assert amount(12_000, "piece") == f"12{THIN}000 pieces"


def test_terms_and_names_read_as_words():
    assert words("copper_concentrate") == "copper concentrate"
    assert words(None) == ""
    assert kind_name("custody.pack_activation") == "Pack activation"
    assert kind_name("") == "Statement"
    assert short_hash("a" * 64) == "aaaaaaaaaaaa…"
    assert short_hash("abc") == "abc"
    assert grouped(1000) == f"1{THIN}000"


def test_a_country_that_is_not_known_says_so():
    assert country_name("CD") == "DR Congo"
    assert country_name("") == country_name(None) == "country not known"
    assert country_name("QQ") == "QQ"


def test_days_are_told_from_dates_and_from_texts():
    assert day(date(2026, 3, 1)) == day("2026-03-01") == "March 1, 2026"
    assert day(None) == "—"
