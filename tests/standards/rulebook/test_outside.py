"""Metal from outside the ledger: what proves it, what it brings, and why it brings nothing."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from account_builders import account, booked, claim, received
from hypothesis import given
from hypothesis import strategies as st
from test_inputs import (
    ACCOUNT,
    IRMA,
    KG,
    PIT,
    REFINERY,
    Story,
    entitled,
    held_by,
    inputs,
    make,
    owned,
    take,
)

from standards.rulebook.accounts import Certified
from standards.rulebook.claimed import missing_for
from standards.rulebook.outside import Declared, Opening, Outside, declared_sites
from standards.rulebook.terms import Terms

MINED_AT_PIT = {"stage": "extraction", "parts": 1, "facility": PIT, "left_on": "2026-02-01"}
UNDATED = {"stage": "extraction", "parts": 1, "facility": PIT}


def introduced(*declared, lot="smelter:old", kg=10, owners=None, **changes):
    """Ten kilograms with three of copper enter from outside."""
    facts = {"source": "introduced", "declared_origin": list(declared)}
    made = make(lot, kg, 30, owners=owners or owned(smelter=1), **facts)
    return Story().add("introduction", made, **changes)


def opened(mg=2 * KG, *, documents=True, level="IRMA 75", lot="smelter:old", **changes):
    """The account, with an opening statement about a lot."""
    told = Opening(lot_id=lot, level=level, mg=mg, has_documents=documents)
    return replace(ACCOUNT, opening={lot: told}, **changes)


def brought(one):
    return [(part.basis, part.proven_mg, part.doubt_mg) for part in one.certified]


# ── a declared origin ─────────────────────────────────────────────────────────────────────


def test_a_declared_site_whose_certificate_held_on_the_day_told_is_evidence():
    [one] = inputs(introduced(MINED_AT_PIT))
    assert brought(one) == [("declared_origin", 3 * KG, 0)]
    assert one.outside == Outside(mg=3 * KG, why="")
    assert one.missing == ()


def test_without_the_day_on_which_it_left_a_declared_origin_stays_in_doubt():
    [one] = inputs(introduced(UNDATED))
    assert brought(one) == [("declared_origin", 0, 3 * KG)]
    assert one.missing == ("the day on which the metal of lot smelter:old left mine:pit",)


def test_a_certificate_that_is_unclear_leaves_a_declared_origin_in_doubt():
    [one] = inputs(introduced(MINED_AT_PIT), credentials=(replace(IRMA, materials=None),))
    assert brought(one) == [("declared_origin", 0, 3 * KG)]


@pytest.mark.parametrize(
    ("declared", "why"),
    [
        ((), "no_origin"),
        (({"stage": "extraction", "parts": 1, "country": "CL"},), "no_site"),
        (({**MINED_AT_PIT, "element": "Ni"},), "no_site"),
        (({**MINED_AT_PIT, "facility": "other:pit"},), "no_certificate"),
        (({**MINED_AT_PIT, "left_on": "2020-01-01"},), "no_certificate"),
    ],
)
def test_without_evidence_it_brings_nothing_and_says_why(declared, why):
    [one] = inputs(introduced(*declared))
    assert (one.certified, one.outside) == ((), Outside(mg=3 * KG, why=why))
    [counted] = booked(account(one)).inputs
    assert (counted.low_mg, counted.high_mg, counted.outside) == (0, 0, why)


def test_of_several_lots_from_outside_the_nearest_to_a_proof_is_told():
    story = introduced(lot="smelter:a", facility=REFINERY)
    other = {"stage": "extraction", "parts": 1, "country": "CL"}
    facts = {"source": "introduced", "declared_origin": [other], "owners": owned(smelter=1)}
    story.add("introduction", make("smelter:b", 10, 30, **facts), facility=REFINERY)
    mix = make("smelter:mix", 20, owners=owned(smelter=1))
    story.add("blend", take("smelter:a", 10), take("smelter:b", 10), mix, facility=REFINERY)
    story.sent("smelter:mix", 20, frm=REFINERY)
    [one] = inputs(story)
    assert one.outside == Outside(mg=6 * KG, why="no_site")


def test_parts_are_divided_as_declared_and_by_undivided_shares():
    half = {"stage": "extraction", "parts": 1, "country": "CL"}
    [one] = inputs(introduced(MINED_AT_PIT, half, owners=owned(smelter=1, other=2)))
    assert brought(one) == [("declared_origin", KG // 2, 0)]
    assert one.outside == Outside(mg=KG, why="")


@pytest.mark.parametrize(
    ("rows", "sites"),
    [
        ([], []),
        ([("extraction", 3, "a"), ("extraction", 1, "b")],
         [("a", "extraction", 3, 4), ("b", "extraction", 1, 4)]),
        ([("extraction", 1, "a"), ("recovery", 1, "r")], [("a", "extraction", 1, 1)]),
        ([("recovery", 2, "r"), ("recovery", 1, "s")],
         [("r", "recovery", 2, 3), ("s", "recovery", 1, 3)]),
        ([("extraction", 1, "a"), ("collection", 3, None), ("recovery", 1, "r")],
         [("a", "extraction", 1, 4), ("r", "recovery", 3, 4)]),
        ([("smelting", 1, "s")], []),
    ],
)  # fmt: skip
def test_what_was_collected_begins_with_its_recovery(rows, sites):
    told = [
        {"stage": stage, "parts": parts} | ({"facility": site} if site else {})
        for stage, parts, site in rows
    ]
    assert list(declared_sites(told, "Cu")) == [
        Declared(facility=site, activity=activity, parts=parts, whole=whole, left_on=None)
        for site, activity, parts, whole in sites
    ]


@given(
    st.lists(
        st.builds(
            lambda stage, parts: {"stage": stage, "parts": parts, "facility": "site"},
            st.sampled_from(["extraction", "collection", "recovery", "smelting"]),
            st.integers(1, 10**6),
        ),
        max_size=8,
    )
)
def test_declared_parts_never_add_up_to_more_than_the_whole(rows):
    assert sum(one.parts / one.whole for one in declared_sites(rows, "Cu")) <= 1 + 1e-9


# ── the opening statement ─────────────────────────────────────────────────────────────────


def test_what_the_opening_states_with_documents_is_evidence():
    [one] = inputs(introduced(), opened())
    assert brought(one) == [("opening_statement", 2 * KG, 0)]
    assert one.outside == Outside(mg=3 * KG, why="")


def test_an_opening_without_documents_brings_nothing_and_says_so():
    [one] = inputs(introduced(), opened(documents=False))
    assert (one.certified, one.outside.why) == ((), "no_document")


def test_no_more_is_stated_than_the_holder_has_from_outside():
    [one] = inputs(introduced(owners=owned(smelter=1, other=1)), opened(5 * KG))
    assert brought(one) == [("opening_statement", 3 * KG // 2, 0)]


def test_what_was_there_before_the_account_began_enters_as_it_begins():
    begins = date(2026, 3, 20)
    assert inputs(introduced(UNDATED), replace(ACCOUNT, begins=begins)) == ()
    [one] = inputs(introduced(MINED_AT_PIT), opened(begins=begins))
    assert one.at == datetime(2026, 3, 20, tzinfo=UTC)
    assert brought(one) == [("opening_statement", 2 * KG, 0)]  # of what was declared, some is gone


def test_only_what_was_introduced_may_have_been_there_before():
    late = opened(lot="mine:ore", begins=date(2026, 3, 20))
    assert inputs(Story().mined().sent(), late) == ()


def test_traced_metal_is_not_stated():
    [one] = inputs(Story().mined().sent(), opened(lot="mine:ore"))
    assert brought(one) == [("traced", 30 * KG, 0)]
    assert one.outside is None


def test_a_disputed_introduction_leaves_what_is_stated_in_doubt():
    [one] = inputs(introduced(MINED_AT_PIT, is_disputed=True), opened(5 * KG))
    assert brought(one) == [("opening_statement", 0, 5 * KG)]  # its assays count for nothing


def test_opening_stock_is_entitlement_by_its_measured_recovery():
    story = introduced().worked("smelter:old", 10, make("smelter:c", 3, 90, role="product"))
    [one] = inputs(story, opened())
    assert entitled(one) == (2, 1.8, 1.8)


def test_metal_that_another_account_has_counted_is_not_opening_stock_again():
    story = introduced(lot="smelter:old")
    story.sent("smelter:old", 10, facility=REFINERY, frm="smelter:works")
    second = held_by("smelter", REFINERY, account="smelter:second")
    second = replace(second, opening=opened().opening)
    assert inputs(story, opened(), second, account="smelter:second")[0].certified == ()


# ── what the scheme says of it ────────────────────────────────────────────────────────────

BOTH = (
    Certified(level="IRMA 75", proven_mg=4, doubt_mg=1, basis="declared_origin"),
    Certified(level="IRMA 75", proven_mg=6, doubt_mg=0, basis="opening_statement"),
)
TRACED = Certified(level="IRMA 75", proven_mg=10, doubt_mg=0)


def outside(*certified):
    return received("one", 10, 100, certified=certified, outside=Outside(mg=20, why=""))


@pytest.mark.parametrize(
    ("accepted", "low", "high", "standing"),
    [
        (None, 0, 6, "unset"),
        (("nothing",), 0, 0, "not_accepted"),
        (("declared_origin",), 4, 5, "counted"),
        (("opening_statement",), 6, 6, "counted"),
        (("declared_origin", "opening_statement"), 6, 6, "counted"),
    ],
)
def test_evidence_counts_as_the_scheme_says_and_never_twice(accepted, low, high, standing):
    terms = Terms(outside_evidence=accepted)
    [counted] = booked(account(outside(*BOTH)), terms=terms).inputs
    assert (counted.low_mg, counted.high_mg, counted.outside) == (low, high, standing)


def test_traced_metal_adds_up_with_metal_from_outside():
    terms = Terms(outside_evidence=("declared_origin",))
    [counted] = booked(account(outside(TRACED, *BOTH)), terms=terms).inputs
    assert (counted.low_mg, counted.high_mg) == (14, 15)


def test_an_unset_rule_of_the_scheme_is_named_and_the_claim_stays_open():
    record = account(outside(*BOTH), claims=(claim("C1", 20, 5),))
    told = booked(record)
    assert told.covered("smelter:C1") == (0, 5)
    assert missing_for(told) == ("a value of irma.account_outside_evidence",)
