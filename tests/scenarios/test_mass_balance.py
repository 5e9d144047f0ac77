"""A balance below zero in the middle of a quarter, under three rule sets; then what comes late."""

import pytest

from standards.demonstrating import shipped_scenario
from standards.models import Account, ClosedPeriod
from standards.replaying import replay
from traceability.models import Entry, Rejection

pytestmark = pytest.mark.django_db(transaction=True)


def findings(done, rule):
    return [
        one.value["Cu"][rule]
        for one in done.answers
        if one.question["ask"] == "findings" and one.question["rule"] == rule
    ]


def test_the_same_balance_is_judged_by_each_rule_set_and_closed_for_ever():
    done = replay(shipped_scenario("mass_balance"))

    assert [one.differences for one in done.answers] == [[]] * len(done.answers)
    asked = [one["outcome"] for one in findings(done, "MB-03")]
    assert asked == ["indeterminate", "nonconforming", "conforms"]
    assert all("-1200.88 kg, on 2026-02-05" in one["because"] for one in findings(done, "MB-03"))
    [late] = findings(done, "MB-04")[1:]
    assert "was closed before it was made" in late["because"]
    accounts = [one.value for one in done.answers if one.question["ask"] == "account"]
    closed = [one["periods"][0]["closing_worst_mg"] for one in accounts if one["closes"]]
    assert set(closed) == {"1738826000"}
    assert ClosedPeriod.objects.count() == Account.objects.count() == 1


def test_told_again_the_story_adds_nothing_and_answers_the_same():
    first = replay(shipped_scenario("mass_balance"))
    before = (Entry.objects.count(), Rejection.objects.count())
    again = replay(shipped_scenario("mass_balance"))

    assert (again.recorded, again.refused) == (0, first.refused)
    assert (Entry.objects.count(), Rejection.objects.count()) == before
    assert [one.value for one in again.answers] == [one.value for one in first.answers]
