"""IRMA-04 to IRMA-08: audits of mines in time, and the standard behind them."""

from datetime import date, timedelta

import pytest
from rulebook_builders import (
    DISPATCH,
    claimed,
    credential,
    dossier,
    entry,
    finding_of,
    snapshot,
    source,
    status,
)

from standards.rulebook.findings import Outcome
from standards.rulebook.rules.irma_audits import an_audit_of_the_mine_was_published as irma_04
from standards.rulebook.rules.irma_audits import no_level_rests_on_a_draft as irma_07
from standards.rulebook.rules.irma_audits import surveillance_is_done_or_not_yet_due as irma_05
from standards.rulebook.rules.irma_audits import the_latest_published_audit_is_relied_on as irma_06
from standards.rulebook.rules.irma_audits import the_mine_is_what_irma_audits as irma_08

PASS, FAIL, OPEN, NONE = (
    Outcome.CONFORMS,
    Outcome.NONCONFORMING,
    Outcome.INDETERMINATE,
    Outcome.NOT_APPLICABLE,
)
DAY = timedelta(days=1)
ORE = (source(10),)
EVERY = (irma_04, irma_05, irma_06, irma_07, irma_08)
SOUND = {
    "standard_code": "irma_mining",
    "version": "1.0",
    "assessed_on": date(2024, 12, 1),
    "assessment_type": "initial",
    "operation": "industrial",
    "next_action_on": DISPATCH,
}


def audit(**changes):
    return credential(**(SOUND | changes))


def judged(rule, *audits, sources=ORE, mineral="Cu", declared=(), **values):
    about = dossier(
        *sources,
        mineral=mineral,
        credentials=audits,
        snapshots=values.pop("snapshots", ()),
        declared=declared,
    )
    return finding_of(rule, about, **values)


# ── what all have in common ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("rule", EVERY)
def test_a_sound_audit_passes(rule):
    assert judged(rule, audit()).outcome is PASS


@pytest.mark.parametrize("rule", EVERY)
@pytest.mark.parametrize(
    ("sources", "outcome"),
    [
        ((source(0),), NONE),
        ((source(10, kind="recycled"),), NONE),
        ((source(10, kind="unexplained"),), OPEN),
        ((source(10, dispatched_on=None),), OPEN),
    ],
)
def test_lots_without_a_mine_or_a_day(rule, sources, outcome):
    assert judged(rule, audit(), sources=sources).outcome is outcome


@pytest.mark.parametrize("rule", EVERY)
def test_a_mine_without_audit_is_open_until_a_register_shows_it(rule):
    assert judged(rule).outcome is OPEN
    assert judged(rule, snapshots=(snapshot(),)).outcome is FAIL


# ── IRMA-04 ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "outcome", "words"),
    [
        ({"assessment_type": "surveillance"}, PASS, ""),
        ({"assessment_type": "renewal"}, PASS, ""),
        ({"published_on": DISPATCH}, PASS, ""),
        (
            {"published_on": DISPATCH + DAY, "stage_2_on": date(2026, 1, 2)},
            FAIL,
            "after 2026-10-01; stage 2 was on 2026-01-02",
        ),
        ({"assessment_type": "self_assessment"}, FAIL, "has no status of its own"),
        (
            {"published_on": None, "statuses": (status("in_process"),)},
            FAIL,
            "in process, no level is published",
        ),
        ({"published_on": None}, OPEN, "the day its audit was published is not known"),
        ({"assessment_type": None}, PASS, ""),
        ({"assessment_type": None, "statuses": ()}, OPEN, "which assessment was published"),
        (
            {"assessment_type": None, "statuses": (status("suspended"),)},
            OPEN,
            "which assessment was published",
        ),
    ],
    ids=[
        "surveillance",
        "renewal",
        "published that day",
        "published the day after",
        "a self-assessment",
        "in process",
        "no day of publication",
        "an audit that says it is published",
        "of an unknown kind",
        "of an unknown kind, suspended",
    ],
)
def test_stages_are_no_publication(change, outcome, words):
    found = judged(irma_04, audit(**change))
    assert (found.outcome, words in found.because) == (outcome, True), found.because


# ── IRMA-05 ───────────────────────────────────────────────────────────────────────────────

PUBLISHED = date(2025, 1, 10)


def surveillance(on, **changes):
    return audit(
        id="c2",
        level=None,
        assessment_type="surveillance",
        published_on=on,
        entry=entry("e"),
        **changes,
    )


@pytest.mark.parametrize(
    ("more", "announced", "months", "outcome"),
    [
        ((), DISPATCH, None, PASS),
        ((), DISPATCH - DAY, None, OPEN),
        ((), None, None, OPEN),
        ((), None, 21, PASS),
        ((), None, 20, FAIL),
        ((), DISPATCH - DAY, 21, PASS),
        ((surveillance(DISPATCH),), None, None, PASS),
        ((surveillance(DISPATCH + DAY),), None, None, OPEN),
        ((surveillance(DISPATCH + DAY),), None, 20, FAIL),
        ((surveillance(PUBLISHED - DAY),), None, 20, FAIL),
        ((surveillance(None, stage_2_on=DISPATCH),), None, None, PASS),
        ((surveillance(None),), None, None, OPEN),
    ],
    ids=[
        "announced for that day",
        "announced for the day before, no term",
        "nothing announced, no term",
        "inside the term",
        "beyond the term",
        "announced and past, inside the term",
        "done that day",
        "done the day after",
        "done the day after, beyond the term",
        "one of before the audit",
        "on site, not published",
        "one without any day",
    ],
)
def test_surveillance_is_done_or_not_yet_due(more, announced, months, outcome):
    found = judged(
        irma_05, audit(next_action_on=announced), *more, irma__surveillance_months=months
    )
    assert found.outcome is outcome, found.because


def test_an_audit_without_a_day_of_publication_leaves_it_open():
    assert judged(irma_05, audit(published_on=None)).outcome is OPEN


# ── IRMA-06 ───────────────────────────────────────────────────────────────────────────────

OLD = audit(id="old", level="IRMA 75", published_on=date(2022, 1, 1), entry=entry("e"))
ON_SITE = {"facility_id": "acme:mine", "level": "IRMA 75"}


@pytest.mark.parametrize(
    ("audits", "declared", "outcome", "words"),
    [
        ((audit(), OLD), (), PASS, ""),
        ((audit(), OLD), (claimed(**ON_SITE),), FAIL, "acme claims IRMA 75, which IRMA 50"),
        ((audit(), OLD), (claimed(**ON_SITE | {"level": "IRMA 50"}),), PASS, ""),
        ((audit(), OLD), (claimed(**ON_SITE | {"level": "IRMA 100"}),), PASS, ""),
        ((audit(), OLD), (claimed(**ON_SITE | {"facility_id": "acme:else"}),), PASS, ""),
        ((audit(), OLD), (claimed("copper_mark", **ON_SITE),), PASS, ""),
        ((audit(level="IRMA 75"), OLD), (claimed(**ON_SITE),), PASS, ""),
        ((audit(published_on=DISPATCH + DAY), OLD), (claimed(**ON_SITE),), PASS, ""),
        ((audit(published_on=DISPATCH + DAY),), (), FAIL, "no audit with a level was published"),
        ((audit(level=None),), (), FAIL, "no audit with a level was published"),
        ((audit(), audit(id="c2", level="IRMA 75")), (), OPEN, "tell IRMA 50 and IRMA 75"),
        ((audit(), audit(id="c2")), (), PASS, ""),
        ((audit(), audit(id="c2", published_on=None)), (), OPEN, "was published is not known"),
        (
            (audit(), audit(id="c2", published_on=None, statuses=(status("in_process"),))),
            (),
            PASS,
            "",
        ),
    ],
    ids=[
        "a later audit takes the place of the older",
        "the older one's level is claimed",
        "the latest one's level is claimed",
        "a level nobody published is claimed",
        "claimed of another site",
        "claimed under another scheme",
        "both of one level",
        "the later one is not published yet",
        "none is published yet",
        "no level",
        "two levels on one day",
        "one level twice on one day",
        "an audit without a day",
        "an audit in process",
    ],
)
def test_the_latest_audit_published_by_the_day_is_relied_on(audits, declared, outcome, words):
    found = judged(irma_06, *audits, declared=declared)
    assert (found.outcome, words in found.because) == (outcome, True), found.because


# ── IRMA-07, IRMA-08 ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"version": "2.0"}, FAIL),
        ({"standard_code": "irma_mineral_processing"}, FAIL),
        ({"standard_code": "irma_ready"}, FAIL),
        ({"version": "2.0", "level": None}, PASS),
        ({"version": "2.0", "assessed_on": date(2025, 12, 1)}, OPEN),
        ({"standard_code": None}, OPEN),
        ({"version": None}, OPEN),
        ({"assessed_on": None, "stage_2_on": date(2024, 1, 1)}, PASS),
    ],
    ids=[
        "draft 2.0",
        "mineral processing",
        "IRMA-Ready",
        "a draft, and no level",
        "after the last news of the draft",
        "no standard",
        "no version",
        "by the day of stage 2",
    ],
)
def test_no_level_rests_on_a_draft(change, outcome):
    assert judged(irma_07, audit(**change)).outcome is outcome


def test_a_level_without_any_day_of_assessment_leaves_it_open():
    assert judged(irma_07, audit(assessed_on=None, published_on=None)).outcome is OPEN


@pytest.mark.parametrize(
    ("operation", "mineral", "outcome"),
    [
        ("artisanal_small_scale", "Cu", FAIL),
        (None, "Cu", OPEN),
        ("industrial", "U", FAIL),
        (None, "U", FAIL),
    ],
)
def test_small_scale_mines_and_energy_fuels_are_outside(operation, mineral, outcome):
    assert judged(irma_08, audit(operation=operation), mineral=mineral).outcome is outcome
