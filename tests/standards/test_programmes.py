"""Programmes of sites from signed statement to verdict, on PostgreSQL."""

import pytest

from standards.certifying import adopt_policy
from tests.standards.world import NOW, World

pytestmark = pytest.mark.django_db(transaction=True)

ASKS = {
    "tsm.minimum_ratings": ("table", {"tailings 1": "A", "child labour 1": "yes"}),
    "tsm.minimum_share": ("share", "1"),
}


@pytest.fixture
def world() -> World:
    made = World()
    made.packs()
    form = {
        "club": "club",
        "version": "1",
        "title": "Letters of mines",
        "effective_from": "2026-01-01",
        "parameters": {
            key: {
                "title": key,
                "unit": unit,
                "versions": [{"value": value, "in_force_from": "2026-01-01", "source": "Policy"}],
            }
            for key, (unit, value) in ASKS.items()
        },
        "requirements": [
            {"rule_id": rule, "severity": "major", "flag_due_days": 14}
            for rule in ("TSM-01", "TSM-02", "TSM-03")
        ],
    }
    adopt_policy(form, effective="2026-01-01", now=NOW)
    return made


def report(world, name, *, letter="a", **changes):
    """Say that the mine got these letters from an external verifier."""
    body = {
        "certificate": f"scheme:{name}",
        "scheme": "tsm",
        "facility": "mine:pit",
        "standard_code": "towards_sustainable_mining",
        "activities": ["extraction"],
        "materials": ["Cu"],
        "outcomes": [
            {"kind": "indicator", "code": "tailings 1", "rating": letter},
            {"kind": "indicator", "code": "child labour 1", "rating": "yes"},
        ],
        "assessment_type": "initial",
        "assessor": {"name": "A verification service", "level": "third_party"},
        "assessed_on": "2025-03-01",
        "published_on": "2025-06-01",
        "status": "published",
        "status_from": "2025-06-01",
    }
    return world.say("standards.certificate", "scheme", body | changes, on="2026-02-01")


def letters(world):
    return {one: world.finding(one).outcome.value for one in ("TSM-01", "TSM-02", "TSM-03")}


def test_verified_letters_pass_until_a_later_self_assessment_lowers_one(world):
    report(world, "verified")
    world.copper_chain(cu="89.99")
    world.catch_up()
    assert set(letters(world).values()) == {"conforms"}
    assert world.verdict() == "pass"

    own = {"name": "The mine itself", "level": "first_party"}
    days = {"published_on": "2026-02-01", "assessed_on": "2026-01-10"}
    report(world, "own", letter="b", assessor=own, assessment_type="self_assessment", **days)
    world.catch_up()
    assert letters(world) == {
        "TSM-01": "nonconforming",
        "TSM-02": "conforms",
        "TSM-03": "conforms",
    }
    assert world.finding("TSM-01").because.endswith("tailings 1 is rated B; A is asked for")
    assert world.verdict() == "fail"
    assert world.flags()["TSM-01"].severity == "major"


def test_without_a_report_it_cannot_be_told_and_says_what_is_missing(world):
    world.copper_chain(cu="89.99")
    world.catch_up()
    found = world.finding("TSM-01")
    assert found.outcome == "indeterminate"
    assert any("report of Towards Sustainable Mining for" in name for name in found.missing)
    assert letters(world)["TSM-03"] == "not_applicable"
