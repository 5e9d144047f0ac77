"""`manage.py assess`, and the task that the clock runs."""

import json

import pytest
from django.core.management import CommandError, call_command

from standards.models import Assessment, PackActivation
from standards.tasks import follow_ledger
from tests.standards.world import World
from traceability.tasks import publish_checkpoint

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    made = World()
    made.packs()
    made.policy()
    made.copper_chain()
    made.catch_up()
    return made


def assessed(capsys, *arguments: str):
    capsys.readouterr()
    call_command("assess", *arguments)
    return capsys.readouterr().out


def test_a_lot_is_assessed_as_of_a_day_and_as_known_at_a_size(world, capsys):
    size = world.publish()
    world.audited()
    world.follow()
    question = ("smelter:cathode", "--policy", "club", "--as-of", "2026-11-01", "--json")

    before = json.loads(assessed(capsys, *question, "--known-at", str(size)))
    after = json.loads(assessed(capsys, *question))

    assert (before["known_at"], after["known_at"]) == (size, size + 1)
    [copper] = before["minerals"]
    assert copper["judgement"]["verdict"] == "fail"
    assert copper["verdict_digest"] != after["minerals"][0]["verdict_digest"]


def test_what_is_asked_is_what_was_kept(world, capsys):
    told = json.loads(
        assessed(capsys, "smelter:cathode", "--policy", "club", "--as-of", "2026-11-01", "--json")
    )
    kept = Assessment.objects.get(lot="smelter:cathode", club="club", is_current=True)

    assert told["minerals"][0]["verdict_digest"] == kept.verdict_digest
    assert told["minerals"][0]["findings"] == kept.findings


def test_people_read_lines(world, capsys):
    told = assessed(capsys, "smelter:cathode", "--policy", "club")

    assert "Cu: fail" in told
    assert "MB-13      nonconforming" in told
    assert "missing: " in told


def test_a_pack_that_was_activated_can_be_named(world, capsys):
    digest = PackActivation.objects.get(pack="irma").digest

    told = assessed(
        capsys, "lot:smelter:cathode", "--pack", f"irma@{digest}", "--key-date", "entry=2026-04-01"
    )

    assert "Cu" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("mine:nothing",), "There is no lot"),
        (("mine:ore", "--policy", "club-two"), "has no policy"),
        (("mine:ore", "--pack", "irma@" + "0" * 64), "There is no rule pack"),
        (("mine:ore", "--as-of", "2026-02-30"), "is no calendar day"),
        (("mine:ore", "--known-at", "all"), "is no log size"),
        (("mine:ore", "--key-date", "payday=2026-01-01"), "is no key date"),
    ],
)
def test_a_question_that_makes_no_sense_is_answered_with_a_sentence(world, arguments, told):
    with pytest.raises(CommandError, match=told):
        call_command("assess", *arguments)


def test_the_clock_publishes_follows_and_assesses(world):
    world.mined("mine:ore-2")

    assert follow_ledger() >= 1
    assert Assessment.objects.filter(lot="mine:ore-2").exists()
    follow_ledger()
    assert follow_ledger() == 0
    assert publish_checkpoint() == publish_checkpoint()
