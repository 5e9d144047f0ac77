"""CM-07 and CM-COC-01 to -06: claims about sites, about products, and what they rest on."""

from dataclasses import replace
from datetime import timedelta

import pytest
from rulebook_builders import (
    PROCESSING,
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

from standards.rulebook.dossier import MassRange
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
ORE = (source(10),)
AWARD = credential("copper_mark", standard_code="copper_mark_criteria")
COC = credential("copper_mark", id="coc", standard_code="copper_mark_chain_of_custody")
OF_MINE = credential("copper_mark", id="mine", facility_id="acme:mine", activities=("extraction",))
COC_RULES = tuple(f"CM-COC-{number:02}" for number in (1, 2, 3, 5, 6))
INPUT = {"copper_mark__coc_eligible_input": "mines_with_the_mark"}
LEAST = INPUT | {"copper_mark__coc_minimum_claim_share": "0.6"}


def claim(**changes):
    return claimed("copper_mark", **changes)


def judged(rule, *claims, credentials=(AWARD, COC), sources=ORE, mineral="Cu", **values):
    about = dossier(
        *sources,
        mineral=mineral,
        credentials=credentials,
        declared=claims,
        lots=values.pop("lots", (path_lot(),)),
        snapshots=values.pop("snapshots", ()),
        **values.pop("about", {}),
    )
    return finding_of(RULE[rule], about, **values)


@pytest.mark.parametrize("rule", ["CM-07", *COC_RULES])
def test_a_lot_that_nobody_claims_anything_about_is_not_concerned(rule):
    assert judged(rule, claimed()).outcome is NONE


@pytest.mark.parametrize("rule", COC_RULES)
def test_a_claim_about_the_site_is_none_about_the_product(rule):
    assert judged(rule, claim(code="site", says=("mark",))).outcome is NONE


# ── CM-07 ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "credentials", "outcome"),
    [
        ({"code": "site", "says": ("mark", "site")}, (AWARD,), PASS),
        ({"code": "site", "says": None}, (AWARD,), OPEN),
        ({"code": "site", "says": ("content",)}, (AWARD,), OPEN),
        ({"code": "site", "says": ("content",)}, (AWARD, COC), PASS),
        ({"code": "contains"}, (AWARD, COC), PASS),
        ({"code": "contains"}, (AWARD,), OPEN),
        ({"code": "contains"}, (AWARD, replace(COC, statuses=(status("expired"),))), FAIL),
        ({"code": "contains"}, (AWARD, replace(COC, valid_until=PROCESSING - DAY)), FAIL),
        ({"code": "contains"}, (AWARD, replace(COC, valid_until=PROCESSING)), PASS),
    ],
    ids=[
        "about the site",
        "not coded",
        "worded as about the product, no status",
        "worded as about the product, with status",
        "about the product, with status",
        "about the product, status unknown",
        "the status has expired",
        "it ended the day before",
        "it ended that day",
    ],
)
def test_a_product_claim_rests_on_chain_of_custody(change, credentials, outcome):
    assert judged("CM-07", claim(**change), credentials=credentials).outcome is outcome


def test_a_complete_list_shows_who_is_not_assessed_for_chain_of_custody():
    registers = (snapshot("copper_mark_chain_of_custody"),)
    found = judged("CM-07", claim(), credentials=(AWARD,), snapshots=registers)
    assert found.outcome is FAIL


# ── CM-COC-01, -02, -03 ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("credentials", "outcome", "words"),
    [
        ((AWARD, COC), PASS, ""),
        ((COC,), OPEN, "no award of the Copper Mark is on file"),
        ((AWARD,), OPEN, "whether it was assessed for chain of custody"),
        ((replace(AWARD, statuses=(status("suspended"),)), COC), FAIL, "suspended since"),
        ((replace(AWARD, materials=("Ni",)), COC), FAIL, "Cu is not in its scope"),
        ((replace(AWARD, valid_until=PROCESSING - DAY), COC), FAIL, "was valid until"),
    ],
    ids=["both", "no award", "no status", "suspended", "another metal", "ended the day before"],
)
def test_award_and_chain_of_custody_hold_together(credentials, outcome, words):
    found = judged("CM-COC-01", claim(), credentials=credentials)
    assert (found.outcome, words in found.because) == (outcome, True), found.because


def test_without_a_site_behind_the_claim_it_cannot_be_told():
    nowhere = (path_lot(facility_id=None),)
    found = judged("CM-COC-01", claim(), lots=nowhere)
    assert found.outcome is OPEN
    named = judged("CM-COC-01", claim(facility_id="acme:plant"), lots=nowhere)
    assert named.outcome is OPEN  # the status is of the site, which did not make the lot


@pytest.mark.parametrize(
    ("mineral", "of", "outcome"),
    [
        ("Cu", None, PASS),
        ("Cu", "Cu", PASS),
        ("Ni", "Ni", FAIL),
        ("Mo", "Mo", FAIL),
        ("Ni", None, OPEN),
    ],
)
def test_there_is_no_product_claim_for_another_metal(mineral, of, outcome):
    assert judged("CM-COC-02", claim(mineral=of), mineral=mineral).outcome is outcome


@pytest.mark.parametrize(
    ("model", "models", "outcome"),
    [
        ("segregated", ["segregated", "mass_balance"], PASS),
        ("book_and_claim", ["segregated", "mass_balance"], FAIL),
        (None, ["segregated"], OPEN),
        ("segregated", None, OPEN),
    ],
)
def test_the_model_is_one_that_the_standard_allows(model, models, outcome):
    found = judged("CM-COC-03", claim(model=model), copper_mark__coc_models=models)
    assert found.outcome is outcome


# ── CM-COC-05, -06 ────────────────────────────────────────────────────────────────────────

BLEND = (source(6), source(4, id="s2", facility_id="acme:south", lot_id="acme:b"))


@pytest.mark.parametrize("rule", ["CM-COC-05", "CM-COC-06"])
@pytest.mark.parametrize(
    ("change", "sources", "snapshots", "values", "outcome"),
    [
        ({}, ORE, (), LEAST, PASS),
        ({"share": "0.6"}, BLEND, (snapshot("copper_mark"),), LEAST, PASS),
        ({"share": "0.6"}, BLEND, (), LEAST, PASS),
        ({"model": "mass_balance"}, ORE, (), LEAST, OPEN),
        ({"model": None}, ORE, (), LEAST, OPEN),
        ({}, ORE, (), {}, OPEN),
        ({}, ORE, (), LEAST | {"copper_mark__coc_eligible_input": "anything"}, OPEN),
        ({}, (source(10, kind="recycled"),), (), LEAST, FAIL),
        ({}, (source(10, kind="unknown"),), (), LEAST, OPEN),
    ],
    ids=[
        "all eligible",
        "as much as is claimed and needed",
        "the rest not known",
        "mass balance stands in an account",
        "no model",
        "definitions unset",
        "a definition no rule knows",
        "recycled only",
        "of unknown origin",
    ],
)
def test_only_eligible_input_counts(rule, change, sources, snapshots, values, outcome):
    found = judged(
        rule,
        claim(**change),
        credentials=(AWARD, COC, OF_MINE),
        sources=sources,
        snapshots=snapshots,
        **values,
    )
    assert found.outcome is outcome, found.because


@pytest.mark.parametrize(("share", "outcome"), [("0.6", PASS), ("0.61", FAIL)])
def test_acceptable_input_is_not_counted_as_eligible(share, outcome):
    jdds = replace(OF_MINE, facility_id="acme:south", id="d", standard_code="joint_due_diligence")
    found = judged(
        "CM-COC-05",
        claim(share=share),
        credentials=(OF_MINE, jdds),
        sources=BLEND,
        snapshots=(snapshot("copper_mark"),),
        **INPUT,
    )
    assert found.outcome is outcome


@pytest.mark.parametrize(("least", "outcome"), [("0.6", PASS), ("0.61", FAIL)])
def test_the_eligible_share_reaches_the_least_share(least, outcome):
    found = judged(
        "CM-COC-06",
        claim(),
        credentials=(OF_MINE,),
        sources=BLEND,
        snapshots=(snapshot("copper_mark"),),
        **INPUT,
        copper_mark__coc_minimum_claim_share=least,
    )
    assert found.outcome is outcome


@pytest.mark.parametrize("rule", ["CM-COC-05", "CM-COC-06"])
@pytest.mark.parametrize(("contained", "outcome"), [(None, OPEN), (exactly(0), NONE)])
def test_contained_metal_must_be_known_and_present(rule, contained, outcome):
    found = judged(rule, claim(), about={"contained_mg": contained}, **LEAST)
    assert found.outcome is outcome


@pytest.mark.parametrize("rule", ["CM-COC-05", "CM-COC-06"])
def test_a_lot_without_a_source_has_no_eligible_input(rule):
    empty = judged(rule, claim(), sources=(), about={"contained_mg": exactly(5)}, **LEAST)
    assert empty.outcome is OPEN
    perhaps = MassRange(low_mg=0, high_mg=5)
    nothing = judged(rule, claim(), sources=(), about={"contained_mg": perhaps}, **LEAST)
    assert nothing.outcome is FAIL
