"""IRMA-COC-01, -02, -05, -08: who passed the claim, under which model, for whom they worked."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from account_builders import account
from msgspec import structs
from rulebook_builders import (
    DISPATCH,
    NOVEMBER,
    PROCESSING,
    booked_claim,
    claimed,
    credential,
    dossier,
    entry,
    finding_of,
    hand,
    path_lot,
    source,
)

from standards.rulebook.dossier import Agreement
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
MINE = credential(facility_id="pit:mine")
PARCEL = source(10, facility_id="pit:mine", lot_id="pit:ore")
ORE = path_lot(
    "pit:ore",
    maker="pit",
    facility_id="pit:mine",
    stage="extraction",
    made_on=DISPATCH,
    owners=("pit",),
    hands=(hand("pit", "smelter"),),
)
CATHODE = path_lot(
    "acme:L1", "pit:ore", maker="smelter", facility_id="smelter:works", owners=("smelter",)
)
CLAIM = claimed(claimant="smelter", model="segregated")


def coc(who, **changes):
    usual = credential(
        id=f"coc-{who}",
        level=None,
        standard_code="irma_chain_of_custody",
        facility_id=None,
        organization_id=who,
    )
    return replace(usual, **changes)


def judged(rule, *claims, lots=(CATHODE, ORE), credentials=(), sources=(PARCEL,), **values):
    about = dossier(
        *sources,
        credentials=(*values.pop("audits", (MINE,)), *credentials),
        declared=claims or (CLAIM,),
        lots=lots,
        agreements=values.pop("agreements", ()),
    )
    return finding_of(RULE[rule], about, **values)


# ── IRMA-COC-01 ───────────────────────────────────────────────────────────────────────────


def test_seller_and_buyer_are_assessed_but_for_the_mine():
    assert judged("IRMA-COC-01", credentials=(coc("smelter"),)).outcome is PASS
    found = judged("IRMA-COC-01")
    assert (found.outcome, found.missing) == (
        OPEN,
        (
            "chain-of-custody status of smelter under IRMA on 2026-10-15",
            "chain-of-custody status of smelter under IRMA on 2026-10-01",
        ),
    )


@pytest.mark.parametrize(
    ("first", "outcome"),
    [(DISPATCH, PASS), (DISPATCH + DAY, FAIL)],
    ids=["that day", "the day after"],
)
def test_the_status_counts_on_the_day_the_lot_passes(first, outcome):
    late = coc("smelter", valid_from=first)
    assert judged("IRMA-COC-01", credentials=(late,)).outcome is outcome


def test_the_site_that_worked_it_may_have_the_status_itself():
    at_site = coc("x", facility_id="smelter:works", organization_id=None)
    found = judged("IRMA-COC-01", credentials=(at_site,))
    assert (found.outcome, found.missing) == (
        OPEN,
        ("chain-of-custody status of smelter under IRMA on 2026-10-01",),
    )


def test_a_mine_that_claims_what_it_mined_needs_no_status():
    alone = replace(ORE, lot_id="acme:L1", hands=())
    of_mine = structs.replace(PARCEL, lot_id="acme:L1")
    found = judged("IRMA-COC-01", claimed(claimant="pit"), lots=(alone,), sources=(of_mine,))
    assert (found.outcome, found.because) == (
        PASS,
        "no one but the mine that mined it has had the lot",
    )


def test_a_part_that_a_mine_splits_off_is_still_as_mined_and_a_blend_with_others_is_not():
    part = path_lot("pit:part", "pit:ore", maker="pit", stage=None, hands=(hand("pit", "smelter"),))
    whole = replace(ORE, hands=())
    from_part = replace(CATHODE, parents=("pit:part",))
    lots = (from_part, part, whole)
    assert judged("IRMA-COC-01", lots=lots, credentials=(coc("smelter"),)).outcome is PASS
    others = path_lot("other:ore", maker="other", stage="extraction", facility_id="other:mine")
    blended = replace(part, parents=("pit:ore", "other:ore"))
    found = judged(
        "IRMA-COC-01", lots=(from_part, blended, whole, others), credentials=(coc("smelter"),)
    )
    assert "chain-of-custody status of pit" in found.missing[0]


TRADER = hand("smelter", "trader", kind="title")


@pytest.mark.parametrize(
    ("exemption", "outcome"), [(None, OPEN), ("title_only_traders", PASS), ("none", OPEN)]
)
def test_traders_without_custody_matter_only_as_the_standard_treats_them(exemption, outcome):
    traded = replace(CATHODE, hands=(TRADER,))
    found = judged(
        "IRMA-COC-01",
        lots=(traded, ORE),
        credentials=(coc("smelter"),),
        irma__coc_trader_exemption=exemption,
    )
    assert found.outcome is outcome
    if exemption is None:
        assert found.missing == ("a value of irma.coc_trader_exemption",)
    with_status = (coc("smelter"), coc("trader"))
    assert judged("IRMA-COC-01", lots=(traded, ORE), credentials=with_status).outcome is PASS


TOLLED = replace(CATHODE, owners=("brand",))


@pytest.mark.parametrize(
    ("terms", "outcome"), [(None, OPEN), ("written_agreement", PASS), ("own_assessment", OPEN)]
)
def test_a_contractor_without_status_is_left_to_the_terms_of_outsourcing(terms, outcome):
    found = judged(
        "IRMA-COC-01",
        claimed(claimant="brand"),
        lots=(TOLLED, replace(ORE, hands=())),
        credentials=(coc("brand"),),
        irma__coc_outsourcing=terms,
    )
    assert found.outcome is outcome


def test_who_has_no_key_and_what_came_from_outside_leave_the_chain_open():
    nobody = replace(CATHODE, maker=None)
    found = judged("IRMA-COC-01", lots=(nobody, ORE), credentials=(coc("smelter"),))
    assert found.missing == ("chain-of-custody status of who made lot acme:L1 on 2026-10-15",)
    bought = replace(ORE, stage="introduction", hands=())
    declared = structs.replace(PARCEL, kind="introduced", dispatched_on=None)
    found = judged(
        "IRMA-COC-01", lots=(CATHODE, bought), sources=(declared,), credentials=(coc("smelter"),)
    )
    assert (
        found.missing
        == (
            "chain of custody of lot pit:ore before it was introduced",
            "chain-of-custody status of smelter under IRMA on 2026-10-15",
        )
        or "chain of custody of lot pit:ore before it was introduced" in found.missing
    )


def test_what_went_to_somebody_without_a_key_is_asked_of_the_sender_only():
    left = replace(CATHODE, hands=(hand("smelter", None),))
    assert judged("IRMA-COC-01", lots=(left, ORE), credentials=(coc("smelter"),)).outcome is PASS


def test_those_who_bring_other_metal_pass_no_claim():
    scrap = path_lot("yard:scrap", maker="yard", stage="recovery", hands=(hand("yard", "smelter"),))
    blended = replace(CATHODE, parents=("pit:ore", "yard:scrap"))
    sources = (PARCEL, source(5, id="s2", kind="recycled", facility_id=None, lot_id="yard:scrap"))
    found = judged(
        "IRMA-COC-01", lots=(blended, ORE, scrap), sources=sources, credentials=(coc("smelter"),)
    )
    assert found.outcome is PASS


@pytest.mark.parametrize(
    "audits",
    [(), (replace(MINE, published_on=DISPATCH + DAY, valid_from=None),)],
    ids=["no audit", "published the day after"],
)
def test_without_metal_of_an_audited_mine_no_chain_begins(audits):
    for rule in ("IRMA-COC-01", "IRMA-COC-08"):
        assert judged(rule, audits=audits).outcome is NONE


@pytest.mark.parametrize("rule", ["IRMA-COC-01", "IRMA-COC-02", "IRMA-COC-05", "IRMA-COC-08"])
def test_a_lot_nobody_claims_anything_about_is_not_concerned(rule):
    assert judged(rule, claimed("copper_mark", code="site")).outcome is NONE


# ── IRMA-COC-02 ───────────────────────────────────────────────────────────────────────────

MATTE = path_lot(
    "smelter:matte",
    "pit:ore",
    maker="smelter",
    owners=("smelter",),
    hands=(hand("smelter", "acme", PROCESSING),),
)
REFINED = path_lot("acme:L1", "smelter:matte", stage="refining")
LONG = (REFINED, MATTE, ORE)


def upstream(model, **changes):
    return claimed(
        id="smelter:d1#0", lot_id="smelter:matte", claimant="smelter", model=model, **changes
    )


@pytest.mark.parametrize(
    ("model", "before", "outcome", "words"),
    [
        ("segregated", ("segregated",), PASS, ""),
        ("controlled_blending", ("segregated",), PASS, ""),
        ("segregated", ("mass_balance",), FAIL, "was passed as mass balance"),
        ("segregated", ("segregated", "controlled_blending"), FAIL, "as controlled blending"),
        ("segregated", (), OPEN, "under which model lot smelter:matte was passed"),
        ("segregated", (None,), OPEN, "under which model lot smelter:matte was passed"),
        ("book_and_claim", (), PASS, "is the weakest model"),
        (None, (), OPEN, "names no chain-of-custody model"),
        ("mixed", (), FAIL, "is none of the standard's models"),
    ],
)
def test_no_model_is_stricter_than_what_came_before(model, before, outcome, words):
    told = [upstream(one) for one in before]
    found = judged("IRMA-COC-02", claimed(model=model), *told, lots=LONG)
    assert (found.outcome, words in found.because) == (outcome, True), found.because


def test_what_a_mine_sends_out_needs_no_model_and_a_claim_in_an_account_tells_one():
    assert judged("IRMA-COC-02").outcome is PASS
    booked = booked_claim(lot_id="smelter:matte", holder="smelter")
    about = dossier(
        PARCEL,
        credentials=(MINE,),
        declared=(claimed(),),
        lots=LONG,
        accounts=(account(claims=(booked,)),),
    )
    found = finding_of(RULE["IRMA-COC-02"], about)
    assert (found.outcome, "was passed as mass balance" in found.because) == (FAIL, True)


# ── IRMA-COC-05 ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"code": "supports", "says": ("support",)}, PASS),
        ({"code": "supports", "says": None}, PASS),
        ({"code": "contains"}, FAIL),
        ({"code": "origin"}, FAIL),
        ({"code": "supports", "says": ("support", "content")}, FAIL),
        ({"code": "supports", "model": None}, OPEN),
        ({"code": "contains", "model": "mass_balance"}, NONE),
        ({"code": "site", "model": None}, NONE),
    ],
)
def test_book_and_claim_only_supports(change, outcome):
    told = claimed(**({"model": "book_and_claim"} | change))
    assert judged("IRMA-COC-05", told).outcome is outcome


# ── IRMA-COC-08 ───────────────────────────────────────────────────────────────────────────

TERMS = {"irma__coc_outsourcing": "written_agreement"}
PAPER = Agreement(
    principal="brand",
    contractor="smelter",
    facility_id=None,
    agreed_from=PROCESSING,
    agreed_until=PROCESSING,
    entry=entry("e"),
)


@pytest.mark.parametrize(
    ("lot", "agreements", "credentials", "values", "outcome"),
    [
        (CATHODE, (), (), {}, PASS),
        (TOLLED, (), (coc("smelter"),), {}, PASS),
        (TOLLED, (), (), {}, OPEN),
        (TOLLED, (PAPER,), (), {}, OPEN),
        (TOLLED, (PAPER,), (), TERMS, PASS),
        (TOLLED, (), (), TERMS, FAIL),
        (TOLLED, (replace(PAPER, agreed_from=PROCESSING + DAY),), (), TERMS, FAIL),
        (TOLLED, (replace(PAPER, agreed_until=PROCESSING - DAY),), (), TERMS, FAIL),
        (TOLLED, (replace(PAPER, agreed_until=None),), (), TERMS, PASS),
        (TOLLED, (replace(PAPER, facility_id="smelter:works"),), (), TERMS, PASS),
        (TOLLED, (replace(PAPER, facility_id="smelter:else"),), (), TERMS, FAIL),
        (TOLLED, (replace(PAPER, principal="other"),), (), TERMS, FAIL),
        (TOLLED, (PAPER,), (), {"irma__coc_outsourcing": "own_assessment"}, FAIL),
        (replace(TOLLED, maker=None), (), (), TERMS, FAIL),
        (replace(TOLLED, owners=()), (), (), TERMS, PASS),
    ],
    ids=[
        "it worked its own",
        "it has a status of its own",
        "no agreement, terms unset",
        "an agreement, terms unset",
        "an agreement is enough",
        "no agreement",
        "agreed the day after",
        "ended the day before",
        "without an end",
        "for that site",
        "for another site",
        "with somebody else",
        "only its own assessment is enough",
        "nobody knows who",
        "nobody knows whose",
    ],
)
def test_a_contractor_is_covered_by_status_or_agreement(
    lot, agreements, credentials, values, outcome
):
    found = judged(
        "IRMA-COC-08",
        claimed(claimant="brand"),
        lots=(lot, ORE),
        agreements=agreements,
        credentials=credentials,
        **values,
    )
    assert found.outcome is outcome, found.because


def test_the_day_of_a_claim_in_november_is_not_that_of_the_work():
    later = claimed(claimant="smelter", made_on=NOVEMBER)
    ended = coc("smelter", valid_until=date(2026, 10, 31))
    assert judged("IRMA-COC-01", later, credentials=(ended,)).outcome is FAIL
