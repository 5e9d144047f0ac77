"""Waivers end to end: stated, followed, judged, and taken back."""

from datetime import date

import pytest

from standards.models import DueAssessment, Judgement
from standards.waiving import granted_at
from tests.standards.world import World
from traceability.models import Entry, Key, LogIndex
from traceability.tracing import published_size

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    """A copper chain without an audit of the mine, which the policy asks for."""
    made = World()
    made.packs()
    made.policy()
    made.copper_chain()
    made.awarded()
    made.catch_up()
    return made


def waive(world, club="club", **changes):
    body = {
        "waiver": f"{club}:W1",
        "rules": ["IRMA-02", "MB-13"],
        "because": "No audit yet.",
        "valid_from": "2026-10-01",
        "valid_until": "2026-12-31",
        "decided_by": "The panel",
        "decided_on": "2026-09-30",
    }
    return world.say("standards.waiver", club, body | changes, on="2026-09-30")


def used(world, kg, lot="smelter:cathode"):
    body = {
        "waiver": "club:W1",
        "lot": lot,
        "element": "Cu",
        "quantity": {"value": kg, "unit": "kg"},
    }
    return world.say("standards.waiver_use", "club", body, on="2026-10-01")


def reasons(world):
    world.catch_up()
    row = Judgement.objects.get(lot="smelter:cathode", mineral="Cu", club="club", is_current=True)
    return {one["rule_id"]: one for one in row.reasons}


def test_a_waiver_changes_the_judgement_until_it_is_void(world):
    assert reasons(world)["IRMA-02"]["verdict"] == "indeterminate"
    waive(world, "club-two")  # another club's waives nothing
    assert reasons(world)["IRMA-02"]["waiver_id"] is None
    assert "IRMA-02" in world.flags()
    before = published_size()

    waive(world)
    told = reasons(world)["IRMA-02"]
    assert (told["verdict"], told["waiver_id"], told["policy_check"]) == (
        "waived",
        "club:W1",
        "POL-05",
    )
    assert "IRMA-02" not in world.flags()
    assert world.finding("IRMA-02").outcome.value == "indeterminate"  # as before
    assert granted_at(before, ["club"])["club"].waivers == {}
    assert set(granted_at(published_size(), ["club"])["club"].waivers) == {"club:W1"}
    assert granted_at(before, []) == {}

    waive(world, void_because="The report was forged.")
    told = reasons(world)["IRMA-02"]
    assert told["verdict"] == "indeterminate"
    assert "club:W1 is void: The report was forged." in told["because"]
    assert "IRMA-02" in world.flags()


def test_tonnage_is_used_as_stated_and_not_beyond_the_cap(world):
    waive(world, minerals=["Cu"], cap={"value": "10000", "unit": "kg"})
    assert "its use for this lot is not stated" in reasons(world)["IRMA-02"]["because"]
    used(world, "9999")
    assert reasons(world)["IRMA-02"]["verdict"] == "waived"
    used(world, "2")
    assert "10001000000 of 10000000000 mg are used" in reasons(world)["IRMA-02"]["because"]


def test_the_lot_is_due_again_after_the_waiver_and_a_distrusted_key_grants_nothing(world):
    waive(world, valid_until="2026-11-05")
    world.catch_up()
    due = DueAssessment.objects.filter(because="calendar", lot="smelter:cathode")
    assert due.values_list("due_on", flat=True).get() == date(2026, 11, 6)
    recorded = Entry.objects.get(kind="standards.waiver").recorded_order
    body = {
        "organization": "club",
        "kid": Key.objects.get(organization_id="club").kid,
        "reason": "The key was on a stolen laptop.",
        "distrusted_from": LogIndex.objects.get(recorded_order=recorded).index,
    }
    world.say("registry.key_revocation", "operator", body, on="2026-10-02")
    world.follow()
    assert granted_at(published_size(), ["club"])["club"].waivers == {}
