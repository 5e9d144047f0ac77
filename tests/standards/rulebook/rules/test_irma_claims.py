"""IRMA-09, IRMA-COC-03, -07 and -09: what may be claimed, in which words, of which share."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from rulebook_builders import (
    PROCESSING,
    UNSET,
    booked_claim,
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
OF_COMPANY = credential(
    id="coc",
    level=None,
    standard_code="irma_chain_of_custody",
    facility_id=None,
    organization_id="acme",
)
BOOKED = booked_claim()


def judged(rule, *claims, sources=ORE, credentials=(), booked=(), **values):
    about = dossier(
        *sources,
        credentials=(credential(), *credentials),
        declared=claims,
        claims=booked,
        lots=(path_lot(),),
        snapshots=values.pop("snapshots", ()),
        **values.pop("about", {}),
    )
    return finding_of(RULE[rule], about, **values)


@pytest.mark.parametrize("rule", ["IRMA-09", "IRMA-COC-03", "IRMA-COC-07", "IRMA-COC-09"])
@pytest.mark.parametrize(
    "claims",
    [
        (),
        (claimed("copper_mark"),),
        (claimed(lot_id="acme:upstream"),),
        (claimed(made_on=date(2026, 11, 2)),),
    ],
    ids=["none", "under another scheme", "of another lot", "made after the day in question"],
)
def test_a_lot_that_nobody_claims_anything_about_is_not_concerned(rule, claims):
    assert judged(rule, *claims).outcome is NONE


# ── IRMA-09 ───────────────────────────────────────────────────────────────────────────────

SITE = {"code": "site", "facility_id": "acme:mine"}
STATES = ("level", "site")


@pytest.mark.parametrize(
    ("change", "credentials", "outcome", "words"),
    [
        (SITE | {"says": STATES}, (), PASS, "states level and site"),
        (SITE | {"says": None}, (), OPEN, "nobody has coded what it says"),
        (SITE | {"says": (*STATES, "certified")}, (), FAIL, "only IRMA 100 may be called so"),
        (SITE | {"says": (*STATES, "certified"), "level": "IRMA 100"}, (), PASS, ""),
        (SITE | {"says": ("certified",), "level": None}, (), OPEN, "not state both"),
        (SITE | {"says": ("level",)}, (), OPEN, "does not state both level and site"),
        (SITE | {"says": ("membership",)}, (), OPEN, "does not state both level and site"),
        (SITE | {"says": STATES, "level": None}, (), OPEN, "does not state both"),
        ({"says": STATES}, (), OPEN, "whether it was assessed for chain of custody"),
        (SITE | {"says": (*STATES, "content")}, (), OPEN, "speaks of content"),
        ({"says": STATES}, (OF_COMPANY,), PASS, ""),
        (
            {"says": STATES},
            (replace(OF_COMPANY, statuses=(status("suspended"),)),),
            FAIL,
            "suspended since",
        ),
        ({"says": STATES}, (replace(OF_COMPANY, is_disputed=True),), OPEN, "distrusted key"),
        (
            {"says": STATES},
            (replace(OF_COMPANY, valid_until=PROCESSING - DAY),),
            FAIL,
            "was valid until",
        ),
        ({"code": "supports", "says": ("support",)}, (), OPEN, "not state both level and site"),
    ],
    ids=[
        "level and site",
        "not coded",
        "certified, IRMA 50",
        "certified, IRMA 100",
        "certified, no level",
        "no site",
        "membership only",
        "no level named",
        "content without status",
        "a site claim that speaks of content",
        "content with status",
        "the status is suspended",
        "the status was signed with a distrusted key",
        "the status ended the day before",
        "support only",
    ],
)
def test_claims_say_level_and_site_and_nothing_irma_does_not(change, credentials, outcome, words):
    found = judged("IRMA-09", claimed(**change), credentials=credentials)
    assert (found.outcome, words in found.because) == (outcome, True), found.because


def test_a_register_of_custody_shows_who_has_no_status():
    register = replace(snapshot("irma_chain_of_custody"), retrieved_on=PROCESSING)
    found = judged("IRMA-09", claimed(says=STATES), snapshots=(register,))
    assert found.outcome is FAIL
    of_mines = judged("IRMA-09", claimed(says=STATES), snapshots=(snapshot(),))
    assert of_mines.outcome is OPEN


def test_a_time_rule_may_ask_for_todays_status_and_must_say_which_day():
    later = replace(OF_COMPANY, statuses=(status("suspended", on=date(2026, 11, 1)),))
    rule = {"mine": "dispatch", "processor": "processing"}
    today = rule | {"chain_of_custody": "as_of"}
    claim = claimed(says=STATES)
    found = judged("IRMA-09", claim, credentials=(later,), irma__time_rule=today)
    assert found.outcome is FAIL
    silent = judged("IRMA-09", claim, credentials=(later,), irma__time_rule=rule)
    assert (silent.outcome, silent.missing) == (OPEN, ("a value of irma.time_rule",))


def test_a_claim_that_was_booked_and_not_coded_is_open():
    assert judged("IRMA-09", booked=(BOOKED,)).outcome is OPEN


def test_a_long_wording_is_cut_and_the_first_of_several_is_quoted():
    long = claimed(id="acme:d2#0", wording="x" * 100)
    found = judged("IRMA-09", claimed(), long)
    assert found.outcome is OPEN
    assert found.because.endswith("nobody has coded what it says (and 1 more)")
    assert f'{"x" * 79}…"' in judged("IRMA-09", long).because


# ── IRMA-COC-03 ───────────────────────────────────────────────────────────────────────────

BLEND = (source(6), source(4, id="s2", facility_id="acme:south", lot_id="acme:b"))


@pytest.mark.parametrize(
    ("change", "sources", "snapshots", "outcome"),
    [
        ({}, ORE, (), PASS),
        ({}, BLEND, (), OPEN),
        ({}, BLEND, (snapshot(),), FAIL),
        ({"share": "0.6"}, BLEND, (snapshot(),), PASS),
        ({"share": "0.61"}, BLEND, (snapshot(),), FAIL),
        ({"code": "origin", "model": "identity_preserved"}, ORE, (), PASS),
        ({"code": "supports"}, ORE, (), NONE),
        ({"model": "mass_balance"}, ORE, (), OPEN),
        ({"model": None}, ORE, (), OPEN),
        ({}, (source(10, kind="recycled"),), (), FAIL),
    ],
    ids=[
        "all of it",
        "a mine nobody knows",
        "a mine without a level",
        "the claimed share to the milligram",
        "a hundredth more",
        "of origin",
        "supports claims no content",
        "mass balance stands in an account",
        "no model",
        "recycled only",
    ],
)
def test_the_claimed_share_comes_from_mines_with_a_level(change, sources, snapshots, outcome):
    found = judged("IRMA-COC-03", claimed(**change), sources=sources, snapshots=snapshots)
    assert found.outcome is outcome, found.because


@pytest.mark.parametrize(
    ("audit", "outcome"),
    [
        ({"level": "IRMA Transparency"}, PASS),
        ({"level": None}, OPEN),
        ({"published_on": None, "statuses": (status("in_process"),)}, FAIL),
        ({"published_on": date(2026, 10, 2)}, FAIL),
        ({"published_on": date(2026, 10, 1)}, PASS),
    ],
    ids=["transparency", "no level", "in process", "published the day after", "that day"],
)
def test_a_source_has_a_level_once_it_is_published(audit, outcome):
    about = dossier(*ORE, credentials=(credential(**audit),), declared=(claimed(),))
    assert finding_of(RULE["IRMA-COC-03"], about).outcome is outcome


def test_what_is_booked_is_judged_by_the_rules_about_accounts():
    assert judged("IRMA-COC-03", booked=(BOOKED,)).outcome is NONE
    segregated = replace(BOOKED, model="segregated")
    assert judged("IRMA-COC-03", booked=(segregated,)).outcome is PASS
    half = replace(segregated, mg=6)
    found = judged("IRMA-COC-03", booked=(half,), sources=BLEND, snapshots=(snapshot(),))
    assert found.outcome is PASS


@pytest.mark.parametrize(("contained", "outcome"), [(None, OPEN), (exactly(0), NONE)])
def test_contained_metal_must_be_known_and_present(contained, outcome):
    found = judged("IRMA-COC-03", claimed(), about={"contained_mg": contained})
    assert found.outcome is outcome


def test_withdrawn_claims_are_none():
    withdrawn = replace(BOOKED, withdrawn_at=datetime(2026, 10, 20, tzinfo=UTC))
    assert judged("IRMA-09", booked=(withdrawn,)).outcome is NONE
    later = replace(BOOKED, withdrawn_at=datetime(2026, 11, 20, tzinfo=UTC))
    assert judged("IRMA-09", booked=(later,)).outcome is OPEN


# ── IRMA-COC-07, IRMA-COC-09 ──────────────────────────────────────────────────────────────

MIXED = (source(7), source(3, id="s2", kind="recycled"))


@pytest.mark.parametrize(
    ("share", "treatment", "outcome"),
    [
        ("0.7", None, PASS),
        ("0.71", "outside", FAIL),
        ("0.71", "apart", PASS),
        ("0.71", None, OPEN),
        (None, "outside", FAIL),
        (None, "apart", PASS),
        (None, None, OPEN),
    ],
)
def test_the_claimed_share_leaves_room_for_what_is_recycled(share, treatment, outcome):
    treated = UNSET if treatment is None else treatment
    found = judged(
        "IRMA-COC-07", claimed(share=share), sources=MIXED, irma__recycled_treatment=treated
    )
    assert found.outcome is outcome, found.because


def test_without_recycled_metal_nothing_is_counted_twice():
    assert judged("IRMA-COC-07", claimed()).outcome is NONE


FIELDS = {"irma__coc_document_fields": ["recipient", "level", "quantity"]}


@pytest.mark.parametrize(
    ("fields", "values", "outcome"),
    [
        (("recipient", "level", "quantity"), FIELDS, PASS),
        (("recipient", "level"), FIELDS, FAIL),
        (("recipient", "level"), {}, OPEN),
    ],
)
def test_every_field_asked_for_was_stated(fields, values, outcome):
    assert judged("IRMA-COC-09", claimed(fields=fields), **values).outcome is outcome


def test_what_stands_on_a_booked_claim_is_always_stated():
    assert judged("IRMA-COC-09", booked=(BOOKED,), **FIELDS).outcome is PASS
