"""What rules about sites share: visits, governing credentials, and who handed lots to whom."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rulebook_builders import (
    DISPATCH,
    NOVEMBER,
    credential,
    dossier,
    entry,
    exactly,
    finding_of,
    law,
    listed,
    path_lot,
    snapshot,
    source,
    status,
    step,
)

from standards.rulebook.appraisal import live_on
from standards.rulebook.chain import unworked
from standards.rulebook.evaluation import evaluate
from standards.rulebook.findings import Outcome
from standards.rulebook.handing import upstream
from standards.rulebook.law import Law
from standards.rulebook.months import after_months, last_day
from standards.rulebook.path import nothing_surveyed, surveyed
from standards.rulebook.rules import RULES
from standards.rulebook.schemes import COPPER_MARK, IRMA, scheme_name
from standards.rulebook.versions import status_of_standard

DAY = timedelta(days=1)
RULE = {one.id: one for one in RULES}


# ── visits ────────────────────────────────────────────────────────────────────────────────


def survey(about, scheme=IRMA, **values):
    return surveyed(about, law(**values).on(NOVEMBER), scheme)


def test_parcels_of_one_site_and_day_are_one_visit():
    parcels = (source(1, id="a"), source(2, id="b"), source(4, dispatched_on=DISPATCH - DAY))
    told = survey(dossier(*parcels))
    assert [(one.mg, one.day) for one in told.visits] == [(3, DISPATCH), (4, DISPATCH - DAY)]
    assert told.total_mg == exactly(7)


def test_metal_without_a_source_and_unrecorded_processing_are_untold():
    about = dossier(
        source(7),
        source(2, id="b", kind="introduced", lot_id="acme:b", entry=entry("e")),
        contained_mg=exactly(10),
        steps=(step(7),),
    )
    told = survey(about, COPPER_MARK)
    assert (told.untold_mg, told.total_mg) == (3, exactly(10))
    assert told.missing == (
        "declaration of where lot acme:b was worked",
        "origin of 1 mg that no source explains",
    )


def test_metal_worked_twice_at_a_stage_is_looked_at_once():
    steps = (
        step(10, "refining"),
        step(4, "refining", facility_id=None, entry=entry("c")),
        step(6, facility_id="acme:smelter"),
    )
    told = survey(dossier(source(10), steps=steps), COPPER_MARK)
    assert told.total_mg == exactly(10)  # refined twice or not, there are ten
    some = survey(dossier(source(10), steps=(step(3), step(4, "refining"))), COPPER_MARK)
    assert (some.total_mg.low_mg, some.total_mg.high_mg) == (4, 7)
    both = {"irma__assessed_stages": ["extraction", "refining"]}
    assert survey(dossier(source(10), steps=steps), **both).total_mg == exactly(10)


def test_a_site_that_nobody_named_is_told_by_the_lot_that_was_brought_in():
    bought = source(10, kind="introduced", lot_id="acme:BOUGHT", entry=entry("c"))
    unnamed = step(10, "refining", facility_id=None, entry=entry("c"))
    told = survey(dossier(bought, steps=(unnamed,)), COPPER_MARK)
    [visit] = told.visits
    of = "of refining of lot acme:BOUGHT, before it entered the ledger"
    assert visit.decided.because == f"the site {of}, is not named"
    assert visit.decided.missing == (f"name of the site {of}",)


def test_a_lot_without_any_source_tells_where_nothing_of():
    about = dossier(contained_mg=exactly(5))
    assert nothing_surveyed(about, survey(about)) is None
    empty = replace(about, contained_mg=exactly(0))
    found = nothing_surveyed(empty, survey(empty))
    assert found.missing == ("origin of lot acme:L1",)


# ── which credential governs ──────────────────────────────────────────────────────────────

FIRST = credential(id="first", published_on=date(2022, 1, 1))
SECOND = credential(id="second", published_on=DISPATCH)
RENEWED = replace(SECOND, supersedes=("first",))
UNDATED = replace(FIRST, published_on=None, supersedes=("x",), valid_from=None)


@pytest.mark.parametrize(
    ("credentials", "day", "latest_governs", "live"),
    [
        ((FIRST, SECOND), DISPATCH - DAY, True, ["first"]),
        ((FIRST, SECOND), DISPATCH, True, ["second"]),
        ((FIRST, SECOND), DISPATCH, False, ["first", "second"]),
        ((FIRST, RENEWED), DISPATCH, False, ["second"]),
        ((FIRST, RENEWED), DISPATCH - DAY, False, ["first", "second"]),
        ((SECOND,), DISPATCH - DAY, True, ["second"]),
        (
            (FIRST, replace(SECOND, level=None, assessment_type="surveillance")),
            DISPATCH,
            True,
            ["first"],
        ),
        (
            (replace(FIRST, level=None, assessment_type="self_assessment"),),
            DISPATCH,
            True,
            ["first"],
        ),
        ((UNDATED,), DISPATCH, True, ["first"]),
    ],
    ids=[
        "the later is not published yet",
        "the later is published that day",
        "awards stand beside each other",
        "one takes the place of another by name",
        "not before it begins",
        "none is published yet",
        "surveillance without a level leaves the level",
        "a self-assessment is better than nothing to speak of",
        "one without any day takes no place",
    ],
)
def test_what_is_live_on_a_day(credentials, day, latest_governs, live):
    told = live_on(credentials, day, latest_governs=latest_governs)
    assert [one.id for one in told] == live


def test_of_awards_the_best_governs_and_of_audits_of_one_day_the_worst():
    sound, suspended = credential(id="a"), credential(id="b", statuses=(status("suspended"),))
    about = dossier(source(10), credentials=(sound, suspended))
    assert finding_of(RULE["CRED-06"], about).outcome is Outcome.NONCONFORMING
    award = credential("copper_mark", id="a", complaints=())
    worse = replace(award, id="b", statuses=(status("suspended"),))
    about = dossier(source(10), steps=(step(10),), credentials=(award, worse))
    found = finding_of(RULE["CRED-06"], about, credentials__required_schemes=["copper_mark"])
    assert found.outcome is Outcome.CONFORMS


def test_a_key_that_no_pack_defines_is_named_and_cites_nothing():
    known = dict(law().parameters)
    del known["irma.register_max_age"]
    sound = credential(stated_on=NOVEMBER)
    about = dossier(source(10), credentials=(sound,))
    [found] = evaluate(about, Law((), known), [RULE["CRED-09"]]).findings
    assert found.missing == ("a value of irma.register_max_age",)


def test_a_threshold_that_was_repealed_makes_the_rule_not_applicable():
    version = {
        "in_force_from": "2020-01-01",
        "published_on": "2020-01-01",
        "checked_on": "2020-01-01",
        "source": "Policy, clause 9",
        "url": "https://club.example/9",
        "status": "repealed",
        "verification": "official",
    }
    gone = {"title": "Least share", "unit": "share", "versions": [version]}
    about = dossier(source(10), credentials=(credential(),))
    found = finding_of(RULE["IRMA-02"], about, irma__minimum_share=gone)
    assert found.outcome is Outcome.NOT_APPLICABLE


# ── registers ─────────────────────────────────────────────────────────────────────────────


def without_audit(*registers):
    return finding_of(RULE["IRMA-04"], dossier(source(10), snapshots=registers))


def test_a_register_that_lists_the_site_is_no_audit_and_no_absence():
    row = listed()
    told = without_audit(replace(snapshot(), rows=(row,)))
    assert told.outcome is Outcome.INDETERMINATE
    assert "lists it, unrecorded" in told.because
    over = replace(row, listed_until=DISPATCH - DAY)
    assert without_audit(replace(snapshot(), rows=(over,))).outcome is Outcome.NONCONFORMING
    later = replace(row, listed_from=DISPATCH + DAY)
    assert without_audit(replace(snapshot(), rows=(later,))).outcome is Outcome.NONCONFORMING


@pytest.mark.parametrize(
    ("unmatched", "outcome"),
    [
        ((), Outcome.NONCONFORMING),
        (("PE",), Outcome.NONCONFORMING),
        (("CL",), Outcome.INDETERMINATE),
        (("",), Outcome.INDETERMINATE),
    ],
)
def test_rows_nobody_matched_leave_it_open_for_sites_of_their_country(unmatched, outcome):
    assert without_audit(replace(snapshot(), unmatched=unmatched)).outcome is outcome


def test_the_register_retrieved_next_after_the_day_speaks_of_it():
    early = snapshot(on=DISPATCH)
    late = replace(snapshot(on=NOVEMBER), unmatched=("CL",))
    assert without_audit(late, early).outcome is Outcome.NONCONFORMING
    assert without_audit(late).outcome is Outcome.INDETERMINATE


# ── months, versions, names ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("day", "months", "told"),
    [
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2023, 1, 31), 1, date(2023, 2, 28)),
        (date(2023, 10, 16), 36, date(2026, 10, 16)),
        (date(2023, 12, 5), 1, date(2024, 1, 5)),
        (date(2023, 12, 5), 0, date(2023, 12, 5)),
    ],
)
def test_a_term_of_months_ends_on_the_same_day_or_the_last_of_the_month(day, months, told):
    assert after_months(day, months) == told
    assert last_day(day, months) == told - DAY


@given(day=st.dates(max_value=date(2200, 1, 1)), months=st.integers(0, 120))
def test_months_add_up_to_at_most_the_days_they_have(day, months):
    later = after_months(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day <= day.day


def test_of_rows_that_overlap_the_one_that_began_last_holds():
    row = {"standard": "s", "version": "1", "status": "draft", "from": date(2020, 1, 1)}
    rows = (row, row | {"status": "final", "from": date(2021, 1, 1), "until": date(2021, 12, 31)})
    assert status_of_standard(rows, "s", "1", date(2019, 12, 31)) is None
    assert status_of_standard(rows, "s", "1", date(2020, 12, 31)) == "draft"
    assert status_of_standard(rows, "s", "1", date(2021, 12, 31)) == "final"
    assert status_of_standard(rows, "s", "1", date(2022, 1, 1)) == "draft"
    assert status_of_standard(rows, "s", "2", date(2021, 1, 1)) is None


def test_schemes_are_called_by_their_names_and_strangers_by_their_ids():
    assert [scheme_name(one) for one in ("irma", "copper_mark", "rmap")] == [
        "IRMA",
        "the Copper Mark",
        "rmap",
    ]


# ── lots on the path ──────────────────────────────────────────────────────────────────────


def test_the_path_holds_every_lot_once_also_through_a_diamond():
    lots = {
        one.lot_id: one
        for one in (
            path_lot("d", "b", "c"),
            path_lot("b", "a"),
            path_lot("c", "a", "elsewhere"),
            path_lot("a"),
            path_lot("other"),
        )
    }
    assert sorted(one.lot_id for one in upstream(lots, "d")) == ["a", "b", "c", "d"]


def test_a_lot_of_unknown_parents_is_not_as_mined():
    mined = path_lot("a", stage="extraction")
    part, odd = path_lot("b", "a", stage=None), path_lot("c", "z", stage=None)
    assert unworked([mined, part, odd]) == {"a", "b"}
