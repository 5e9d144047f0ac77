"""Whether a certificate held on a day: scope, status on two time axes, validity."""

from datetime import date, timedelta

import pytest
from rulebook_builders import credential, entry, snapshot, status

from standards.rulebook.findings import Outcome
from standards.rulebook.standing import (
    best,
    cannot_tell,
    fails,
    holds,
    standing,
    status_on,
    unlisted,
    worst,
)

DAY = date(2026, 10, 1)
FIRST, LAST = date(2025, 1, 10), date(2028, 1, 9)
AFTER = timedelta(days=1)


def judged(on=DAY, log_size=100, **changes):
    return standing(
        credential(**changes),
        site="Mine",
        day=on,
        log_size=log_size,
        activity="extraction",
        mineral="Cu",
    )


def test_a_valid_certificate_held_and_is_its_own_evidence():
    told = judged()
    assert (told.outcome, told.evidence) == (Outcome.CONFORMS, (entry("c"),))


@pytest.mark.parametrize(
    ("on", "outcome"),
    [
        (FIRST - AFTER, Outcome.NONCONFORMING),
        (FIRST, Outcome.CONFORMS),
        (LAST, Outcome.CONFORMS),
        (LAST + AFTER, Outcome.NONCONFORMING),
    ],
)
def test_both_end_days_of_validity_count(on, outcome):
    always = (status(on=date(2020, 1, 1)),)
    assert judged(on=on, statuses=always).outcome is outcome


@pytest.mark.parametrize(
    ("change", "outcome", "words"),
    [
        ({"activities": None}, Outcome.INDETERMINATE, "nobody has coded the activities"),
        (
            {"activities": ()},
            Outcome.NONCONFORMING,
            "covers nothing at this site; extraction is not",
        ),
        (
            {"activities": ("refining",)},
            Outcome.NONCONFORMING,
            "covers refining at this site; extraction is not in its scope",
        ),
        ({"materials": None}, Outcome.INDETERMINATE, "nobody has coded the materials"),
        (
            {"materials": ("Ni", "Co")},
            Outcome.NONCONFORMING,
            "covers Ni and Co at this site; Cu is not in its scope",
        ),
        ({"valid_from": None}, Outcome.INDETERMINATE, "days of validity"),
        ({"valid_until": None}, Outcome.INDETERMINATE, "days of validity"),
        ({"statuses": ()}, Outcome.INDETERMINATE, "status of its audit"),
        ({"statuses": (status("odd"),)}, Outcome.INDETERMINATE, "status of its audit"),
        ({"statuses": (status(on=DAY + AFTER),)}, Outcome.NONCONFORMING, "no status yet"),
        (
            {"statuses": (status("suspended", because="spill", entry="e"),)},
            Outcome.NONCONFORMING,
            "suspended since 2025-01-10: spill",
        ),
        ({"statuses": (status("withdrawn"),)}, Outcome.NONCONFORMING, "withdrawn since"),
    ],
)
def test_what_is_missing_is_open_and_what_is_known_against_it_fails(change, outcome, words):
    told = judged(**change)
    assert told.outcome is outcome
    assert words in told.because
    assert bool(told.missing) == (outcome is Outcome.INDETERMINATE)


SUSPENDED = status("suspended", on=DAY, known_from=50)
VOID = status("void", on=DAY + 90 * AFTER, known_from=50, retroactive=True)


def test_a_suspension_does_not_reach_back():
    rows = (status(), SUSPENDED)
    assert judged(on=DAY - AFTER, statuses=rows).outcome is Outcome.CONFORMS
    assert judged(on=DAY, statuses=rows).outcome is Outcome.NONCONFORMING


def test_fraud_reaches_back_to_every_day():
    assert judged(statuses=(status(), VOID)).outcome is Outcome.NONCONFORMING


@pytest.mark.parametrize("row", [SUSPENDED, VOID])
def test_what_was_not_known_yet_changes_nothing_that_was_known(row):
    rows = (status(), row)
    assert judged(log_size=50, statuses=rows).outcome is Outcome.CONFORMS
    assert judged(log_size=51, statuses=rows).outcome is Outcome.NONCONFORMING


def test_of_two_rows_of_one_day_the_later_known_governs():
    rows = [status("suspended", known_from=9), status("reinstated", known_from=10)]
    assert status_on(rows, DAY).status == "reinstated"
    assert status_on(rows[::-1], DAY).status == "reinstated"
    assert status_on([], DAY) is None


STAGE_2 = status("renewal_stage_2_done", on=DAY, known_from=60)


@pytest.mark.parametrize(
    ("rows", "outcome", "words"),
    [
        ((status(),), Outcome.CONFORMS, "held"),
        ((status(), status("suspended", on=DAY)), Outcome.NONCONFORMING, "suspended since"),
        ((status(), VOID), Outcome.NONCONFORMING, "void from the beginning"),
        ((status("participant"),), Outcome.NONCONFORMING, "participant since"),
        ((status(on=DAY + AFTER),), Outcome.NONCONFORMING, "no status yet"),
        ((), Outcome.INDETERMINATE, "is not known"),
    ],
)
def test_that_a_renewal_has_got_so_far_is_an_event_and_changes_no_status(rows, outcome, words):
    for event in (STAGE_2, status("renewal_stage_2_done", on=DAY, retroactive=True)):
        told = judged(statuses=(*rows, event))
        assert told.outcome is outcome
        assert words in told.because


RENEWING = status("renewal_stage_2_done", on=LAST, known_from=50)


@pytest.mark.parametrize(
    ("row", "log_size", "lapse"),
    [
        (RENEWING, 100, 30),
        (RENEWING, 50, None),
        (status("renewal_stage_2_done", on=LAST + AFTER), 100, None),
    ],
    ids=["in time", "not known yet", "too late"],
)
def test_an_expiry_with_its_renewal_under_way_in_time_says_for_how_long(row, log_size, lapse):
    told = judged(on=LAST + 30 * AFTER, log_size=log_size, statuses=(status(), row))
    assert (told.outcome, told.lapse_days) == (Outcome.NONCONFORMING, lapse)


@pytest.mark.parametrize(
    ("register", "outcome"),
    [
        (snapshot(on=DAY), Outcome.NONCONFORMING),
        (snapshot(on=DAY - AFTER), Outcome.INDETERMINATE),
        (snapshot(on=DAY, complete=False), Outcome.INDETERMINATE),
        (snapshot("copper_mark", on=DAY), Outcome.INDETERMINATE),
    ],
    ids=["complete", "stale", "in part", "another scheme"],
)
def test_only_a_complete_register_of_the_day_or_later_shows_that_a_site_is_not_on_it(
    register, outcome
):
    told = unlisted([register], scheme="irma", site="Mine", day=DAY)
    assert told.outcome is outcome


def test_of_several_one_that_holds_is_enough_and_grace_is_preferred_to_none():
    every = [fails("no"), fails("late", lapse_days=3), cannot_tell("?", missing="m"), holds("yes")]
    assert best(every).because == "yes"
    assert best(every[:3]).because == "?"
    assert best(every[:2]).because == "late"
    assert worst(every[1:]).because == "late"
