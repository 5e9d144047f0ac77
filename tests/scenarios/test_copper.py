"""The copper of the published transparency samples: it passes every schema and no balance."""

import pytest

from standards.demonstrating import shipped_scenario
from standards.models import Flag
from standards.replaying import replay
from traceability.models import Entry, Rejection

pytestmark = pytest.mark.django_db(transaction=True)

KG = 10**6


def answers(done, ask, subject):
    return [
        one.value
        for one in done.answers
        if (one.question["ask"], one.question["subject"]) == (ask, subject)
    ]


def test_the_ledger_catches_what_every_schema_lets_through():
    done = replay(shipped_scenario("copper"))

    assert [one.differences for one in done.answers] == [[]] * len(done.answers)

    [verdict] = answers(done, "verdict", "seto-bay:CATH-014")
    balance = verdict["minerals"]["Cu"]["rules"]["MB-13"]
    assert balance["verdict"] == "fail"
    assert "9999 kg of Cu came out of 9000 kg, an excess of 999 kg" in balance["because"]

    [shares] = answers(done, "shares", "lakeshore-cells:BAT-000117")
    countries = {name: int(told["mg"]) for name, told in shares["Cu"]["countries"].items()}
    assert countries == {"ZM": 18 * KG, "unknown": 1_998_000}
    assert "JP" not in countries

    [rejections] = answers(done, "rejections", "lakeshore-cells")
    assert [one["problem"]["asked"] for one in rejections] == [str(16 * KG)]

    flagged = Flag.objects.filter(club="copper-club", lot="seto-bay:CATH-014")
    assert set(flagged.values_list("rule_id", flat=True)) == {"MB-13", "B1", "B4"}


def test_told_again_the_story_adds_nothing_and_answers_the_same():
    first = replay(shipped_scenario("copper"))
    before = (Entry.objects.count(), Rejection.objects.count())
    again = replay(shipped_scenario("copper"))

    assert (again.recorded, again.refused) == (0, first.refused)
    assert again.known == first.recorded
    assert (Entry.objects.count(), Rejection.objects.count()) == before
    assert [one.value for one in again.answers] == [one.value for one in first.answers]
