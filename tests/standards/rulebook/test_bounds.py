"""What bounds waivers: the packs' lists, which a club may lengthen, and limits that a club sets."""

from datetime import date

import pytest
from rulebook_builders import BOUNDS as USUAL
from rulebook_builders import NOVEMBER

from standards.rulebook.bounds import (
    BOUNDS,
    HARD_STOPS,
    MOST_AT_ONCE,
    MOST_DAYS,
    MOST_MASS,
    UNTOLD,
    VOIDING,
    bounds_of,
    next_change,
)
from standards.rulebook.law import Law
from standards.rulebook.pack_format import shipped_packs
from standards.rulebook.policy_format import parse_policy

LAW = Law(shipped_packs())
UNITS = {
    HARD_STOPS: "list",
    VOIDING: "list",
    MOST_DAYS: "days",
    MOST_MASS: "counts",
    MOST_AT_ONCE: "count",
}
LIMITS = {MOST_DAYS: 120, MOST_MASS: {"Cu": 100}, MOST_AT_ONCE: 2}


def own(values, **version):
    """Return a club's own parameters, as its policy says them."""
    usual = {"in_force_from": "2026-01-01", "source": "Policy 1, clause 9"}
    parameters = {
        key: {
            "title": key,
            "unit": UNITS[key],
            "versions": [{"value": value} | usual | version],
        }
        for key, value in values.items()
    }
    row = {"rule_id": "IRMA-02", "severity": "major", "flag_due_days": 1}
    return parse_policy(
        {
            "club": "club",
            "version": "1",
            "title": "Policy",
            "effective_from": "2026-01-01",
            "parameters": parameters,
            "requirements": [row],
        }
    ).parameters


def test_the_packs_say_what_no_waiver_reaches_and_leave_the_limits_open():
    told = bounds_of(LAW, {}, NOVEMBER)
    assert (told.hard_stops, told.voiding) == (USUAL.hard_stops, USUAL.voiding)
    assert told.untold.keys() == {MOST_DAYS, MOST_MASS, MOST_AT_ONCE}
    assert "Most days that a waiver lasts" in told.open_about("Cu")


def test_a_club_sets_the_limits_and_then_nothing_is_open_but_what_it_says_nothing_about():
    told = bounds_of(LAW, own(LIMITS), NOVEMBER)
    assert told == USUAL
    assert told.open_about("Cu") is None
    assert told.open_about(None) is None
    assert told.open_about("Ni") == "policy.waiver_mass says nothing about Ni"


@pytest.mark.parametrize("key", [HARD_STOPS, VOIDING])
def test_a_club_may_name_more_rules_and_never_fewer(key):
    told = bounds_of(LAW, own({key: ["IRMA-02"]}), NOVEMBER)
    name = "hard_stops" if key == HARD_STOPS else "voiding"
    assert getattr(told, name) == getattr(USUAL, name) | {"IRMA-02"}


@pytest.mark.parametrize("key", [HARD_STOPS, VOIDING])
def test_without_the_pack_nobody_can_tell_whatever_the_club_says(key):
    told = bounds_of(Law(()), own(LIMITS | {key: ["IRMA-02"]}), NOVEMBER)
    assert told.untold.keys() == {HARD_STOPS, VOIDING}
    assert told.open_about("Cu") == f"no rule pack in force defines {HARD_STOPS}"


def test_a_list_of_the_club_that_is_over_is_told_and_takes_nothing_away():
    told = bounds_of(LAW, own({HARD_STOPS: ["IRMA-02"]}, in_force_until="2026-06-30"), NOVEMBER)
    assert told.hard_stops == USUAL.hard_stops


def test_bounds_change_by_the_calendar():
    later = own(LIMITS, in_force_from="2026-12-01")
    assert next_change(LAW, later, after=NOVEMBER) == date(2026, 12, 1)
    assert next_change(LAW, later, after=date(2026, 12, 1)) is None
    assert bounds_of(LAW, later, NOVEMBER).most_days is None


def test_what_nobody_looked_up_is_open_throughout():
    assert UNTOLD.untold.keys() == BOUNDS
    assert UNTOLD.open_about("Cu") is not None
