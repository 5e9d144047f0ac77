"""ASI-01 and ASI-02: both certificates at each step, and an input percentage by the year."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from account_builders import account, claim, issue, received
from claim_builders import KG, kilograms
from rulebook_builders import (
    PROCESSING,
    UNSET,
    claimed,
    credential,
    dossier,
    exactly,
    finding_of,
    path_lot,
    snapshot,
    source,
    status,
)

from standards.rulebook.accounts import Certified
from standards.rulebook.findings import Outcome
from standards.rulebook.rules import RULES

PASS, FAIL, OPEN, NONE = (
    Outcome.CONFORMS,
    Outcome.NONCONFORMING,
    Outcome.INDETERMINATE,
    Outcome.NOT_APPLICABLE,
)
DAY = timedelta(days=1)
RULE = {one.id: one for one in RULES}
PERFORMANCE = credential("asi", standard_code="asi_performance", materials=("Al",))
CUSTODY = credential("asi", id="coc", standard_code="asi_chain_of_custody", materials=("Al",))
BOTH = (PERFORMANCE, CUSTODY)


def own(**changes):
    return claimed("asi", **changes)


EARLIER = own(id="ore:d1", lot_id="acme:ore", claimant="mine", facility_id="acme:mine")
AT_THE_MINE = (
    replace(PERFORMANCE, id="p2", facility_id="acme:mine"),
    replace(CUSTODY, id="coc2", facility_id=None, organization_id="mine"),
)
PAIR = [
    ("both are held", {}, {}, PASS),
    ("without performance certification", {"credentials": (CUSTODY,)}, {}, OPEN),
    (
        "the register shows that there is none",
        {"credentials": (CUSTODY,), "snapshots": (snapshot("asi"),)},
        {},
        FAIL,
    ),
    ("without chain of custody", {"credentials": (PERFORMANCE,)}, {}, OPEN),
    (
        "the register of custody shows that there is none",
        {"credentials": (PERFORMANCE,), "snapshots": (snapshot("asi_chain_of_custody"),)},
        {},
        FAIL,
    ),
    (
        "performance certification is suspended",
        {"credentials": (replace(PERFORMANCE, statuses=(status("suspended"),)), CUSTODY)},
        {},
        FAIL,
    ),
    (
        "it ended the day before the claim",
        {"credentials": (replace(PERFORMANCE, valid_until=PROCESSING - DAY), CUSTODY)},
        {},
        FAIL,
    ),
    (
        "it ended on the day of the claim",
        {"credentials": (replace(PERFORMANCE, valid_until=PROCESSING), CUSTODY)},
        {},
        PASS,
    ),
    (
        "custody certification ended the day before",
        {"credentials": (PERFORMANCE, replace(CUSTODY, valid_until=PROCESSING - DAY))},
        {},
        FAIL,
    ),
    (
        "performance certification is disputed",
        {"credentials": (replace(PERFORMANCE, is_disputed=True), CUSTODY)},
        {},
        OPEN,
    ),
    ("the site behind the claim is not known", {"lots": ()}, {}, OPEN),
    (
        "a claim before it, of a mine with both",
        {"declared": (own(), EARLIER), "credentials": (*BOTH, *AT_THE_MINE)},
        {},
        PASS,
    ),
    (
        "a claim before it, of a mine with custody only",
        {"declared": (own(), EARLIER), "credentials": (*BOTH, AT_THE_MINE[1])},
        {},
        OPEN,
    ),
    ("a claim before it, and none about the lot", {"declared": (EARLIER,)}, {}, NONE),
    ("a claim about the site", {"declared": (own(code="site"),)}, {}, NONE),
    ("nothing is claimed", {"declared": ()}, {}, NONE),
    ("copper is no aluminium", {"mineral": "Cu"}, {}, NONE),
    ("nobody has named the custody standard", {}, {"asi__custody_standard": UNSET}, OPEN),
    ("nobody has named the performance standard", {}, {"asi__performance_standards": UNSET}, OPEN),
    ("nobody has said which day counts", {}, {"asi__time_rule": UNSET}, OPEN),
]


def lot(**told):
    usual = {"mineral": "Al", "lots": (path_lot(),), "credentials": BOTH, "declared": (own(),)}
    return dossier(source(10), **(usual | told))


OF_ASI = {"scheme": "asi", "tier": "ASI", "element": "Al"}


def half(lot, day, kg, **changes):
    """A lot of which half is ASI material."""
    part = (Certified(level=None, proven_mg=kg * KG // 2, doubt_mg=0),)
    return received(lot, day, kg * KG, certified=part, **changes)


def out(name, day, kg, **changes):
    return kilograms(name, day, kg, **(OF_ASI | changes))


HUNDRED = (half("one", 10, 100),)


def booked(*claims, inputs=HUNDRED, on=date(2027, 1, 1), **changes):
    """A lot claimed from an account that received a hundred kilograms in its first year."""
    kept = account(*inputs, claims=claims, months=12, **OF_ASI, **changes)
    return {
        "mineral": "Al",
        "claims": claims,
        "accounts": (kept,),
        "as_of": on,
        "contained_mg": exactly(1000 * KG),
    }


YEAR = [
    ("no larger share goes out than came in", booked(out("A", 20, 50)), {}, PASS),
    ("a kilogram more does", booked(out("A", 20, 51)), {}, FAIL),
    ("two claims together do", booked(out("A", 20, 30), out("B", 40, 21)), {}, FAIL),
    (
        "credits issued from the account count",
        booked(out("A", 20, 30), issues=(issue("S", 30, 21 * KG, **OF_ASI),)),
        {},
        FAIL,
    ),
    (
        "a claim that was withdrawn does not count",
        booked(out("A", 20, 30), replace(out("B", 40, 21), withdrawn_at=received("x", 50, 1).at)),
        {},
        PASS,
    ),
    (
        "one withdrawn after the day asked for does",
        booked(out("A", 20, 30), replace(out("B", 40, 21), withdrawn_at=received("x", 400, 1).at)),
        {},
        FAIL,
    ),
    (
        "on the last day of the year it is not over",
        booked(out("A", 20, 50), on=date(2026, 12, 31)),
        {},
        OPEN,
    ),
    (
        "too much, and the year is not over",
        booked(out("A", 20, 51), on=date(2026, 12, 31)),
        {},
        OPEN,
    ),
    (
        "what came in on the last day of the year counts",
        booked(out("A", 20, 50), inputs=(half("one", 364, 100),)),
        {},
        PASS,
    ),
    (
        "what came in on the first day of the next does not",
        booked(out("A", 20, 50), inputs=(half("one", 365, 100),)),
        {},
        FAIL,
    ),
    (
        "half was lost in working it, so half as much may go out",
        booked(
            out("A", 20, 26),
            inputs=(half("one", 10, 100, given_low_mg=50 * KG, given_high_mg=50 * KG),),
        ),
        {},
        FAIL,
    ),
    (
        "nobody measured what came out",
        booked(
            out("A", 20, 26),
            inputs=(half("one", 10, 100, given_low_mg=0, missing=("assay of mine:one",)),),
        ),
        {},
        OPEN,
    ),
    ("nothing came in", booked(out("A", 20, 1), inputs=()), {}, FAIL),
    (
        "nobody has set the year",
        booked(out("A", 20, 50)),
        {"asi__account_period_months": UNSET},
        OPEN,
    ),
    ("nothing is claimed from an account", booked(), {}, NONE),
    (
        "a claim under another scheme",
        {
            "mineral": "Cu",
            "claims": (claim("A", 20, 1),),
            "accounts": (account(claims=(claim("A", 20, 1),)),),
        },
        {},
        NONE,
    ),
]
CASES = [("ASI-01", *one) for one in PAIR] + [("ASI-02", *one) for one in YEAR]


@pytest.mark.parametrize(
    ("rule", "told", "values", "outcome"),
    [(rule, *rest) for rule, _, *rest in CASES],
    ids=[f"{rule}: {title}" for rule, title, *_ in CASES],
)
def test_claims_under_asi(rule, told, values, outcome):
    found = finding_of(RULE[rule], lot(**told), **values)
    assert found.outcome is outcome, found.because
    assert bool(found.missing) is (outcome is OPEN)


def test_the_sentence_names_the_year_the_shares_and_the_masses():
    found = finding_of(RULE["ASI-02"], lot(**booked(out("A", 20, 51))))
    assert found.because == (
        "smelter:cu in the year to 2026-12-31: 50 % of what came in is ASI material, "
        "50 kg of what came out; 51 kg went out as such"
    )
    assert found.measured.margin_text == "\N{MINUS SIGN}1 kg"


def test_an_open_year_names_its_end():
    about = lot(**booked(out("A", 20, 50), on=date(2026, 12, 31)))
    found = finding_of(RULE["ASI-02"], about)
    assert found.missing == ("the end of the year of smelter:cu on 2026-12-31",)
