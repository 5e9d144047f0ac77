"""IRMA-COC-06, -10, -11 and CM-COC-04: accounts and credits as the schemes ask of them."""

from dataclasses import replace
from datetime import date

import pytest
from account_builders import FIRST_END, account, at, claim, close, in_doubt, issue, received
from account_builders import NOTHING as NO_TERMS
from claim_builders import FAIL, KG, NONE, OPEN, PASS, kilograms, lot
from rulebook_builders import UNSET, finding_of

from standards.rulebook.accounts import Certified
from standards.rulebook.rules import RULES

RULE = {one.id: one for one in RULES}
FORBIDDEN, WITHIN = "forbidden", "within_period"
MARK = {"scheme": "copper_mark", "tier": "the Copper Mark"}


def on(*claims, inputs=None, **changes):
    """A lot with claims on an account that received ten kilograms in January."""
    told = {"scheme": claims[0].scheme, "tier": claims[0].tier} | changes
    kept = account(*(inputs or (metal("one", 10, 10, **told),)), claims=claims, **told)
    return lot(*claims, accounts=(kept,))


def metal(name, day, kg, *, scheme="irma", tier="IRMA 75", **changes):
    part = Certified(level=tier if scheme == "irma" else None, proven_mg=kg * KG, doubt_mg=0)
    usual = {"certified": (part,)} | {k: v for k, v in changes.items() if k in ("given_low_mg",)}
    return received(name, day, kg * KG, **usual)


def credits(name, *issued, known=None, **changes):
    serials = tuple(one.serial for one in issued)
    told = kilograms(
        name, 20, 4, account=None, model="book_and_claim", **({"credits": serials} | changes)
    )
    return replace(lot(told, accounts=()), credits=issued if known is None else known)


FOUR = issue("S", 10, 4 * KG)
QUANTITY = [
    ("covered, at the level booked", on(kilograms("A", 20, 10)), {}, PASS),
    ("a kilogram more than is booked", on(kilograms("A", 20, 11)), {}, FAIL),
    (
        "of a higher level than the account",
        on(kilograms("A", 20, 5, tier="IRMA 100"), tier="IRMA 75"),
        {},
        FAIL,
    ),
    (
        "of a lower level than the account",
        on(kilograms("A", 20, 5, tier="IRMA 50"), tier="IRMA 75"),
        {},
        PASS,
    ),
    (
        "nobody measured what came in",
        on(kilograms("A", 20, 10), inputs=(in_doubt("one", 10, 5 * KG, 10 * KG),)),
        {},
        OPEN,
    ),
    ("credits for all of it", credits("A", FOUR), {}, PASS),
    ("credits for less", credits("A", issue("S", 10, 3 * KG)), {}, FAIL),
    ("credits of a lower level", credits("A", issue("S", 10, 4 * KG, tier="IRMA 50")), {}, FAIL),
    ("what a credit amounts to is not known", credits("A", FOUR, known=()), {}, OPEN),
    (
        "levels are not listed",
        on(kilograms("A", 20, 5, tier="IRMA 50"), tier="IRMA 75"),
        {"irma__levels": UNSET},
        OPEN,
    ),
    ("nothing is claimed", lot(), {}, NONE),
    ("a claim under the Copper Mark", on(kilograms("A", 20, 5, **MARK)), {}, NONE),
]
DEEP = on(kilograms("A", 20, 12), inputs=(metal("one", 10, 10), metal("two", 30, 7)))
SHORT = on(kilograms("A", 20, 12))
MADE_GOOD = on(
    kilograms("A", 20, 12),
    kilograms("B", 100, 1),
    inputs=(metal("one", 10, 10), metal("two", 95, 9)),
)
LATER = on(kilograms("A", 20, 10), kilograms("late", 150, 5), inputs=(metal("one", 10, 10),))
SHARE = "account_end_overdraft_share"
LIMITS = [
    ("never below zero, and young", on(kilograms("A", 20, 10)), {}, PASS),
    ("below zero in between, nothing set", DEEP, {}, OPEN),
    ("below zero in between, forbidden", DEEP, {"account_overdraft": FORBIDDEN}, FAIL),
    (
        "below zero in between, allowed within a period of three months",
        DEEP,
        {"account_overdraft": WITHIN, "account_period_months": 3},
        PASS,
    ),
    ("allowed within a period, whose length is not set", DEEP, {"account_overdraft": WITHIN}, OPEN),
    (
        "allowed within a period of two months",
        DEEP,
        {"account_overdraft": WITHIN, "account_period_months": 2},
        FAIL,
    ),
    (
        "a longer period than is allowed, never below zero",
        on(kilograms("A", 20, 10)),
        {"account_period_months": 2},
        FAIL,
    ),
    (
        "a period as long as is allowed",
        on(kilograms("A", 20, 10)),
        {"account_period_months": 3},
        PASS,
    ),
    (
        "below zero at the end",
        SHORT,
        {"account_overdraft": WITHIN, "account_period_months": 3, SHARE: "0"},
        FAIL,
    ),
    (
        "below zero at the end, by as much as is allowed, and never made good",
        SHORT,
        {"account_overdraft": WITHIN, "account_period_months": 3, SHARE: "0.2"},
        FAIL,
    ),
    (
        "by as much as is allowed, and made good",
        MADE_GOOD,
        {"account_overdraft": WITHIN, "account_period_months": 3, SHARE: "0.2"},
        PASS,
    ),
    (
        "by more than is allowed",
        MADE_GOOD,
        {"account_overdraft": WITHIN, "account_period_months": 3, SHARE: "0.1"},
        FAIL,
    ),
    (
        "below zero before the period of the claim",
        replace(MADE_GOOD, claims=MADE_GOOD.claims[1:]),
        {"account_overdraft": FORBIDDEN},
        FAIL,
    ),
    (
        "below zero only after the period of the claim",
        replace(LATER, claims=LATER.claims[:1]),
        {"account_overdraft": FORBIDDEN},
        PASS,
    ),
    (
        "entitlement of three months to the day",
        on(kilograms("A", 100, 10), inputs=(metal("one", 10, 10),)),
        {},
        PASS,
    ),
    (
        "entitlement of a day more, nothing set",
        on(kilograms("A", 101, 10), inputs=(metal("one", 10, 10),)),
        {},
        OPEN,
    ),
    (
        "the same, and it may be claimed for ninety-one days",
        on(kilograms("A", 101, 10), inputs=(metal("one", 10, 10),)),
        {"account_carry_over_days": 91},
        PASS,
    ),
    (
        "the same, and it may be claimed for ninety days",
        on(kilograms("A", 101, 10, tranches=("mine:one",)), inputs=(metal("one", 10, 10),)),
        {"account_carry_over_days": 90},
        FAIL,
    ),
    (
        "the same, and it may be claimed in the next period",
        on(kilograms("A", 101, 10), inputs=(metal("one", 10, 10),)),
        {"account_carry_over_periods": 1},
        PASS,
    ),
    (
        "the same, and it may be claimed in its own period only",
        on(kilograms("A", 101, 10, tranches=("mine:one",)), inputs=(metal("one", 10, 10),)),
        {"account_carry_over_periods": 0},
        FAIL,
    ),
    (
        "within its own period no days are counted",
        on(kilograms("A", 89, 10), inputs=(metal("one", 1, 10),)),
        {"account_carry_over_days": 90},
        PASS,
    ),
    (
        "nobody has said what the shortest period is",
        on(kilograms("A", 20, 10)),
        {"custody__shortest_period_months": UNSET},
        OPEN,
    ),
    (
        "nothing stands behind it at all",
        on(kilograms("A", 20, 10), inputs=(metal("one", 60, 10),)),
        {"account_overdraft": FORBIDDEN},
        FAIL,
    ),
    ("nothing is claimed", lot(), {}, NONE),
]


def closed_too_early():
    claims = (kilograms("A", 20, 5), kilograms("B", 40, 1, index=200))
    record = account(metal("one", 10, 10), claims=claims)
    return lot(claims[1], accounts=(close(record, NO_TERMS, FIRST_END, 100),))


CREDITS = [
    ("known, and retired for it alone", credits("A", FOUR), {}, PASS),
    ("it retires none", credits("A"), {}, FAIL),
    ("issued nobody knows by whom", credits("A", FOUR, known=()), {}, OPEN),
    ("of another element", credits("A", issue("S", 10, 4 * KG, element="Co")), {}, FAIL),
    ("of another scheme", credits("A", issue("S", 10, 4 * KG, scheme="rjc")), {}, FAIL),
    ("of a lower level", credits("A", issue("S", 10, 4 * KG, tier="IRMA 50")), {}, FAIL),
    ("of a higher level", credits("A", issue("S", 10, 4 * KG, tier="IRMA 100")), {}, PASS),
    (
        "of another level, and levels are not listed",
        credits("A", issue("S", 10, 4 * KG, tier="IRMA 100")),
        {"irma__levels": UNSET},
        OPEN,
    ),
    ("issued at the time of the claim", credits("A", issue("S", 20, 4 * KG)), {}, PASS),
    ("issued the day after", credits("A", issue("S", 21, 4 * KG)), {}, FAIL),
    ("signed with a distrusted key", credits("A", FOUR, is_disputed=True), {}, OPEN),
    ("a claim on an account retires none", on(kilograms("A", 20, 5)), {}, NONE),
    ("a credit claim of another scheme", credits("A", FOUR, scheme="rjc"), {}, NONE),
    ("nothing is claimed", lot(), {}, NONE),
]


def twice():
    one = credits("A", FOUR)
    again = replace(one.claims[0], id="smelter:B")
    return replace(one, claims=(*one.claims, again))


def of_copper_mark(about):
    """Return the same lot, with everything booked under the Copper Mark."""

    def marked(row):
        told = {name: value for name, value in MARK.items() if hasattr(row, name)}
        return replace(row, **told)

    records = tuple(
        replace(
            marked(one),
            claims=tuple(marked(claim) for claim in one.claims),
            inputs=tuple(
                replace(row, certified=tuple(replace(p, level=None) for p in row.certified))
                for row in one.inputs
            ),
        )
        for one in about.accounts
    )
    return replace(about, claims=tuple(marked(one) for one in about.claims), accounts=records)


def values_for(scheme, values):
    return {name if "__" in name else f"{scheme}__{name}": value for name, value in values.items()}


BALANCE = [
    *(
        (title, of_copper_mark(about), values_for("copper_mark", values), outcome)
        for title, about, values, outcome in LIMITS
    ),
    ("over-claimed, whatever is set", of_copper_mark(SHORT), {}, FAIL),
    (
        "nobody measured what came in",
        of_copper_mark(on(kilograms("A", 20, 10), inputs=(in_doubt("one", 10, 5 * KG, 10 * KG),))),
        {},
        OPEN,
    ),
    ("a claim under IRMA", on(kilograms("A", 20, 5)), {}, NONE),
]
CASES = [
    *(("IRMA-COC-06", *one) for one in QUANTITY),
    *(
        ("IRMA-COC-10", title, about, values_for("irma", values), outcome)
        for title, about, values, outcome in LIMITS
    ),
    ("IRMA-COC-10", "made of a time that was closed", closed_too_early(), {}, FAIL),
    *(("IRMA-COC-11", *one) for one in [*CREDITS, ("retired twice", twice(), {}, FAIL)]),
    *(("CM-COC-04", *one) for one in BALANCE),
]


@pytest.mark.parametrize(
    ("rule", "about", "values", "outcome"),
    [(rule, *rest) for rule, _, *rest in CASES],
    ids=[f"{rule}: {title}" for rule, title, *_ in CASES],
)
def test_accounts_and_credits_of_schemes(rule, about, values, outcome):
    found = finding_of(RULE[rule], about, **values)
    assert found.outcome is outcome, found.because
    assert bool(found.missing) is (outcome is OPEN)


def test_the_sentence_says_since_when_the_balance_turns_on_what_is_not_set():
    found = finding_of(RULE["IRMA-COC-10"], DEEP)
    assert found.because.startswith(
        "the lowest balance of smelter:cu in the period to 2026-03-31 was -2 kg, on 2026-01-21; "
    )
    assert found.missing[0] == "a value of irma.account_overdraft"


def test_what_is_young_rests_on_the_shortest_period_of_comparable_schemes():
    found = finding_of(RULE["IRMA-COC-10"], on(kilograms("A", 20, 10)))
    assert "custody.shortest_period_months" in {one.key for one in found.cites}


def test_the_sentence_names_the_credit_and_what_is_wrong_with_it():
    found = finding_of(RULE["IRMA-COC-11"], twice())
    assert (
        found.because == "claim smelter:A: credit smelter:S is retired for claim smelter:B as well"
    )


def test_nothing_is_judged_before_it_was_claimed():
    about = replace(SHORT, as_of=date(2026, 1, 20))
    assert claim("A", 20, 1).at == at(20)
    for rule in ("IRMA-COC-06", "IRMA-COC-10"):
        assert finding_of(RULE[rule], about).outcome is NONE
