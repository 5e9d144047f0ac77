"""Flags: opened, kept and closed with reasons; decided on by people."""

import pytest
from django.contrib.auth import get_user_model

from standards.flagging import acknowledge_flags, resolve_flag
from standards.models import Flag, FlagDecision, Judgement
from tests.standards.world import NOW, World
from traceability.errors import FlagNotOpen, ReasonMissing
from traceability.models import Membership

pytestmark = pytest.mark.django_db(transaction=True)


def begun(**smelted: str) -> World:
    made = World()
    made.packs()
    made.policy()
    made.copper_chain(**smelted)
    made.catch_up()
    return made


@pytest.fixture
def world() -> World:
    """More copper came out of the smelter than went in."""
    return begun()


@pytest.fixture
def sound() -> World:
    """As much came out as went in, and nobody has certified anything."""
    return begun(cu="89.99")


@pytest.fixture
def officer(world):
    user = get_user_model().objects.create_user("officer")
    Membership.objects.create(user=user, organization_id="club", pseudonym="officer-0001")
    return user


def decisions(flag: Flag) -> list[tuple[str, str]]:
    return list(FlagDecision.objects.filter(flag=flag).values_list("decision", "by"))


def test_a_flag_says_why_how_grave_and_until_when(world):
    flag = world.flags()["MB-13"]

    assert (flag.verdict, flag.severity, flag.status) == ("fail", "critical", "open")
    assert "999 kg" in flag.because
    assert (flag.due_on - flag.raised_on).days == 3
    assert decisions(flag) == [("raised", "")]


def test_the_same_verdict_keeps_a_flag_and_a_better_one_closes_it(sound):
    flag = sound.flags()["IRMA-02"]
    sound.say(
        "custody.loss",
        "smelter",
        {
            "facility": "smelter:works",
            "lot": "smelter:cathode",
            "quantity": {"value": "1", "unit": "kg", "basis": "dry"},
            "reason": "spill",
        },
    )
    sound.catch_up()
    assert decisions(flag) == [("raised", "")]

    sound.audited()
    sound.catch_up()

    flag.refresh_from_db()
    assert (flag.status, flag.closed_on) == ("closed", NOW.date())
    assert [decision for decision, _ in decisions(flag)] == ["raised", "closed"]
    assert "IRMA-02" not in sound.flags()


def test_an_officer_takes_a_flag_on_once(world, officer):
    flags = Flag.objects.filter(club="club")
    count = flags.count()

    assert acknowledge_flags(flags, by=officer, now=NOW) == count
    assert acknowledge_flags(flags, by=officer, now=NOW) == 0

    flag = world.flags()["MB-13"]
    assert (flag.status, flag.owner) == ("acknowledged", officer)
    assert decisions(flag) == [("raised", ""), ("acknowledged", "officer-0001")]


def test_an_answer_stands_while_the_reason_does(world, officer):
    flag = world.flags()["IRMA-02"]
    resolve_flag(flag, by=officer, because="The audit is on its way.", now=NOW)
    world.policy(version="2")
    world.catch_up()
    flag.refresh_from_db()
    assert flag.status == "resolved"

    world.audited(level="IRMA Transparency")
    world.catch_up()

    flag.refresh_from_db()
    assert (flag.status, flag.verdict) == ("open", "fail")
    assert [decision for decision, _ in decisions(flag)][-1] == "reopened"


def test_a_settled_flag_takes_no_answer_and_no_answer_goes_without_a_reason(world, officer):
    flag = world.flags()["MB-13"]
    with pytest.raises(ReasonMissing):
        resolve_flag(flag, by=officer, because="  ")
    resolve_flag(flag, by=officer, because="Weighbridge certificate on file.")

    with pytest.raises(FlagNotOpen):
        resolve_flag(flag, by=officer, because="Again.")


def test_a_person_without_membership_stands_under_an_account(world):
    user = get_user_model().objects.create_user("nobody")
    flag = world.flags()["MB-13"]

    resolve_flag(flag, by=user, because="Seen.")

    assert decisions(flag)[-1] == ("resolved", f"account-{user.pk}")


def test_two_clubs_judge_under_their_own_values(sound):
    sound.audited()
    sound.policy("club-two", irma__minimum_level="IRMA 100")
    sound.say(
        "custody.offer",
        "smelter",
        {"lots": ["smelter:cathode"], "audience": ["club-two"]},
    )
    sound.catch_up()

    assert sound.finding("IRMA-02", club="club").outcome == "conforms"
    assert sound.finding("IRMA-02", club="club-two").outcome == "nonconforming"
    assert Judgement.objects.filter(is_current=True, lot="smelter:cathode").count() == 2
