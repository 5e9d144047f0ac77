"""Due days of credentials and registers: stated before derived, and unset where nobody said."""

from dataclasses import replace
from datetime import date

import pytest
from rulebook_builders import UNSET, credential, law, rated, status

from standards.rulebook.due_days import DueDay, due_days_of, of_club, register_due

ON = date(2026, 11, 1)
AUDIT = {
    "published_on": date(2026, 1, 10),
    "valid_from": date(2026, 1, 10),
    "valid_until": date(2029, 1, 9),
    "standard_code": "irma_mining",
}


def days(*credentials, on=ON, **values):
    told = due_days_of(credentials, law(**values).on(on), on=on, log_size=100)
    return {(one.kind, one.detail): one for one in told}


def audit(**changes):
    return credential(**(AUDIT | changes))


def award(**changes):
    usual = {"valid_from": None, "valid_until": None, "assessed_on": date(2026, 2, 1)}
    return credential("copper_mark", **(usual | {"published_on": date(2026, 3, 1)} | changes))


# ── the last day ──────────────────────────────────────────────────────────────────────────


def test_a_stated_last_day_goes_before_a_derived_one():
    told = days(audit(), irma__validity_anchor="published_on")[("expiry", "")]

    assert (told.on, told.basis) == (date(2029, 1, 9), "stated")
    assert (told.about, told.facility) == ("c1", "acme:mine")
    assert told.cites == ()


def test_a_derived_last_day_cites_the_term_and_the_day_it_runs_from():
    told = days(audit(valid_until=None), irma__validity_anchor="published_on")[("expiry", "")]

    assert (told.on, told.basis) == (date(2029, 1, 9), "derived")
    assert [one.key for one in told.cites] == ["irma.validity_months", "irma.validity_anchor"]
    assert told.because == "the audit holds 36 months from 2026-01-10"


@pytest.mark.parametrize(
    ("changes", "values", "missing"),
    [
        ({}, {}, "a value of irma.validity_anchor"),
        ({}, {"irma__validity_months": UNSET}, "a value of irma.validity_months"),
        (
            {"published_on": None},
            {"irma__validity_anchor": "published_on"},
            "day on which audit c1 was published",
        ),
        ({}, {"irma__validity_anchor": "decided_on"}, "day on which audit c1 was decided"),
    ],
)
def test_a_last_day_that_nobody_can_tell_names_what_is_missing(changes, values, missing):
    told = days(audit(valid_until=None, **changes), **values)[("expiry", "")]

    assert (told.on, told.basis, told.missing) == (None, "unset", missing)


def test_a_scheme_without_a_pack_has_no_terms():
    told = days(credential("rmap", valid_until=None))[("expiry", "")]

    assert told.missing == "a value of rmap.validity_months"
    assert told.cites == ()
    assert "no rule pack in force defines rmap.validity_months" in told.because


# ── what comes before it ──────────────────────────────────────────────────────────────────


def test_surveillance_is_due_as_announced_else_by_the_term_else_nobody_can_tell():
    announced = audit(next_action_on=date(2027, 3, 1))

    def due(one, **values):
        told = days(one, **values)[("surveillance", "")]
        return told.on, told.basis

    assert due(announced) == (date(2027, 3, 1), "stated")
    assert due(audit(), irma__surveillance_months=18) == (date(2027, 7, 10), "derived")
    assert due(audit()) == (None, "unset")
    late = audit(next_action_on=date(2026, 10, 31))
    assert due(late, irma__surveillance_months=18) == (date(2027, 7, 10), "derived")
    told = days(late)[("surveillance", "")]
    assert (told.on, "it was announced for 2026-10-31" in told.because) == (None, True)
    undated = days(audit(published_on=None), irma__surveillance_months=18)[("surveillance", "")]
    assert undated.missing == "publication date of audit c1"


def test_surveillance_that_was_done_is_due_no_more():
    done = audit(id="c2", assessment_type="surveillance", level=None, published_on=ON)
    before = replace(done, published_on=date(2026, 1, 9))
    staged = replace(done, published_on=None, stage_2_on=date(2026, 10, 1))
    undated = replace(done, published_on=None)

    assert ("surveillance", "") not in days(audit(), done)
    assert ("surveillance", "") not in days(audit(), staged)
    assert ("surveillance", "") not in days(audit(published_on=None), done)
    for other in (before, undated):
        assert ("surveillance", "") in days(audit(), other)


def test_the_next_action_of_another_scheme_is_as_announced():
    told = days(award(next_action_on=date(2027, 1, 1)))[("next_action", "")]

    assert (told.on, told.basis) == (date(2027, 1, 1), "stated")
    assert ("next_action", "") not in days(award())


def test_plans_are_due_as_stated_else_by_the_term_until_they_are_closed():
    told = days(
        award(
            outcomes=(
                rated("1", "partially", plan=True, plan_due_on=date(2026, 12, 1)),
                rated("2", "partially"),
                rated("3", "partially", plan=True, plan_closed_on=ON),
                rated("4", "fully"),
            )
        ),
        copper_mark__improvement_plan_anchor="assessed_on",
    )

    plans = {detail: (one.on, one.basis) for (kind, detail), one in told.items() if kind == "plan"}
    assert plans == {
        "criterion 1": (date(2026, 12, 1), "stated"),
        "criterion 2": (date(2027, 2, 1), "derived"),
    }


def test_a_plan_without_a_day_or_a_term_cannot_be_told():
    unset = days(award(outcomes=(rated("2", "partially"),)))[("plan", "criterion 2")]
    corrective = rated("1.1", "substantially", kind="critical_requirement", plan=True)
    silent = days(audit(outcomes=(corrective,)))[("plan", "critical requirement 1.1")]

    assert unset.missing == "a value of copper_mark.improvement_plan_anchor"
    assert silent.missing == "due day of the plan for critical requirement 1.1 of audit c1"
    assert (unset.on, silent.on) == (None, None)


# ── which credentials ─────────────────────────────────────────────────────────────────────


def test_what_another_has_taken_the_place_of_is_left_out():
    old = audit(id="old", published_on=date(2023, 1, 10), valid_until=date(2026, 1, 9))
    named = award(id="new", supersedes=("c1",))

    assert {one.about for one in days(old, audit()).values()} == {"c1"}
    assert {one.about for one in days(award(), named).values()} == {"new"}
    both = days(award(), award(id="zinc", product="zinc"))
    assert {one.about for one in both.values()} <= {"c1", "zinc"}


@pytest.mark.parametrize("word", ["withdrawn", "void", "expired", "left", "in_process"])
def test_what_is_over_or_never_was_falls_due_no_more(word):
    assert days(audit(statuses=(status(word),))) == {}
    assert days(audit(statuses=(status(word, on=date(2027, 1, 1)),))) != {}
    assert days(audit(statuses=(status(word, known_from=100),))) != {}


def test_a_suspended_credential_still_runs_out_and_a_disputed_one_says_nothing():
    assert days(audit(statuses=(status("suspended"),))) != {}
    assert days(audit(is_disputed=True)) == {}


# ── registers and clubs ───────────────────────────────────────────────────────────────────


def test_a_copy_of_a_register_is_good_until_the_last_day_it_may_be_old():
    told = register_due("irma", date(2026, 10, 1), "e", law(irma__register_max_age=30).on(ON))
    unset = register_due("irma", date(2026, 10, 1), "e", law().on(ON))
    unknown = register_due("rmap", date(2026, 10, 1), "e", law().on(ON))

    assert (told.on, told.basis, told.about) == (date(2026, 10, 31), "derived", "irma")
    assert (unset.on, unset.missing) == (None, "a value of irma.register_max_age")
    assert len(unset.cites) == 1
    assert unknown.cites == ()


def day(on=None, basis="unset", about="c1", kind="expiry"):
    return DueDay(kind=kind, about=about, scheme="irma", on=on, basis=basis, because="x")


def test_a_clubs_own_parameters_show_where_they_make_another_day():
    plain = [day(ON, "stated"), day(kind="register"), day(kind="surveillance")]
    same = [day(ON, "stated"), day(kind="register"), day(kind="surveillance")]
    own = [day(ON, "stated"), day(ON, "derived", kind="register"), day(kind="surveillance")]
    more = [day(ON, "derived", kind="plan")]

    told = of_club(plain, {"b": own, "a": same, "c": more})

    assert [(one.kind, one.basis, one.club) for one in told] == [
        ("expiry", "stated", ""),
        ("surveillance", "unset", ""),
        ("register", "derived", "b"),
        ("plan", "derived", "c"),
    ]
    assert of_club(plain, {}) == plain
