"""Waivers end to end: stated, followed, judged, and taken back."""

from datetime import date

import pytest

from standards.certifying import activate_pack
from standards.known import law_at, policies_at
from standards.models import DueAssessment, Judgement
from standards.rulebook.pack_format import overridden_pack, shipped_packs
from standards.waiving import granted_at
from tests.standards.world import NOW, World
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


CAP = {"value": "10000", "unit": "kg"}


def waive(world, club="club", name="W1", **changes):
    body = {
        "waiver": f"{club}:{name}",
        "rules": ["IRMA-02", "MB-13"],
        "because": "No audit yet.",
        "valid_from": "2026-10-01",
        "valid_until": "2026-12-31",
        "decided_by": "The panel",
        "decided_on": "2026-09-30",
        "minerals": ["Cu"],
        "cap": CAP,
    }
    told = {key: value for key, value in (body | changes).items() if value is not None}
    return world.say("standards.waiver", club, told, on="2026-09-30")


def used(world, kg, lot="smelter:cathode", name="W1"):
    body = {
        "waiver": f"club:{name}",
        "lot": lot,
        "element": "Cu",
        "quantity": {"value": kg, "unit": "kg"},
    }
    return world.say("standards.waiver_use", "club", body, on="2026-10-01")


def reasons(world):
    world.catch_up()
    row = Judgement.objects.get(lot="smelter:cathode", mineral="Cu", club="club", is_current=True)
    return {one["rule_id"]: one for one in row.reasons}


def granted(size, *clubs):
    policies = {club: one.policy for club, one in policies_at(size, on=NOW.date()).items()}
    asked = {club: policies[club] for club in clubs}
    return granted_at(size, asked, law_at(size), on=NOW.date())


def test_a_waiver_changes_the_judgement_until_it_is_void(world):
    assert reasons(world)["IRMA-02"]["verdict"] == "indeterminate"
    waive(world, "club-two")  # another club's waives nothing
    assert reasons(world)["IRMA-02"]["waiver_id"] is None
    assert "IRMA-02" in world.flags()
    before = published_size()

    waive(world)
    used(world, "9999")
    told = reasons(world)["IRMA-02"]
    assert (told["verdict"], told["waiver_id"], told["policy_check"]) == (
        "waived",
        "club:W1",
        "POL-05",
    )
    assert "IRMA-02" not in world.flags()
    assert world.finding("IRMA-02").outcome.value == "indeterminate"  # as before
    assert granted(before, "club")["club"].waivers == {}
    assert set(granted(published_size(), "club")["club"].waivers) == {"club:W1"}
    assert granted(before) == {}

    waive(world, void_because="The report was forged.")
    told = reasons(world)["IRMA-02"]
    assert told["verdict"] == "indeterminate"
    assert "club:W1 is void: The report was forged." in told["because"]
    assert "IRMA-02" in world.flags()


def test_tonnage_is_used_as_stated_and_not_beyond_the_cap(world):
    waive(world)
    assert "its use for this lot is not stated" in reasons(world)["IRMA-02"]["because"]
    used(world, "9999")
    assert reasons(world)["IRMA-02"]["verdict"] == "waived"
    used(world, "2")
    assert "10001000000 of 10000000000 mg are used" in reasons(world)["IRMA-02"]["because"]


def test_a_gram_of_use_waives_no_cathode(world):
    waive(world)
    used(world, "0.001")
    told = reasons(world)["IRMA-02"]
    assert "1000 mg of use are stated, and this lot holds up to" in told["because"]
    assert (told["verdict"], told["policy_check"]) == ("indeterminate", "POL-05")


def test_a_waiver_beyond_the_limits_of_its_club_holds_for_nothing_until_they_allow_it(world):
    waive(world, valid_until="2027-01-29")  # 121 days
    used(world, "9999")
    told = reasons(world)["IRMA-02"]
    assert "club:W1 lasts 121 days, and 120 are allowed" in told["because"]
    assert (told["verdict"], told["policy_check"]) == ("indeterminate", "POL-05")

    world.policy(version="2", policy__waiver_days=121)
    assert reasons(world)["IRMA-02"]["waiver_id"] == "club:W1"
    world.policy(version="3", policy__waiver_days=121, policy__waivers_at_once=0)
    assert "number 1 in force at once, and 0 are allowed" in reasons(world)["IRMA-02"]["because"]


def test_where_the_pack_names_another_hard_stop_the_lots_are_judged_again(world):
    waive(world)
    used(world, "9999")
    assert reasons(world)["IRMA-02"]["waiver_id"] == "club:W1"
    stop = {"policy.hard_stops": ["CRED-01", "IRMA-02"]}
    [shipped] = [one for one in shipped_packs() if one.id == "policy"]
    activate_pack(overridden_pack(shipped, stop), effective=date(2026, 11, 1), now=NOW)
    told = reasons(world)["IRMA-02"]
    assert (told["verdict"], told["policy_check"]) == ("indeterminate", "POL-06")


def test_the_lot_is_due_again_after_the_waiver_and_a_distrusted_key_grants_nothing(world):
    waive(world, valid_until="2026-11-05")
    world.catch_up()
    due = DueAssessment.objects.filter(because="calendar", lot="smelter:cathode")
    assert due.values_list("due_on", flat=True).get() == date(2026, 11, 6)
    world.distrust("club", "standards.waiver")
    world.follow()
    assert granted(published_size(), "club")["club"].waivers == {}


def test_a_forged_audit_voids_the_waiver_although_the_club_asks_for_the_level_alone(world):
    world.audited(level="IRMA Transparency")
    waive(world)
    used(world, "9999")
    assert reasons(world)["IRMA-02"]["verdict"] == "waived"
    world.status("void", "2026-10-01", retroactive=True)
    told = reasons(world)["IRMA-02"]
    assert told["verdict"] == "fail"
    assert "club:W1 is void for this lot: CRED-11 fails" in told["because"]
    assert "IRMA-02" in world.flags()


def test_what_a_waiver_let_through_is_judged_again_once_its_key_is_distrusted(world):
    waive(world)
    used(world, "9999")
    assert reasons(world)["IRMA-02"]["verdict"] == "waived"
    world.distrust("club", "standards.waiver")
    assert reasons(world)["IRMA-02"]["verdict"] == "indeterminate"
    assert "IRMA-02" in world.flags()
