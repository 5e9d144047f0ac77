"""Supplier due diligence end to end: lists and forms as stated, followed and found."""

import msgspec
import pytest

from standards.certifying import adopt_policy
from standards.models import ClubPolicy, DueAssessment
from standards.rulebook.findings import Outcome
from tests.standards.world import NOW, World
from traceability.chronicling import recorded_statement
from traceability.models import Entry, StatementText

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    """A copper chain, assessed under the packs alone."""
    made = World()
    made.packs()
    made.policy()
    made.copper_chain()
    made.catch_up()
    return made


def facility_list(world, *rows, scheme="rmi", name="scheme:rmi-1", on="2026-03-20"):
    body = {
        "snapshot": name,
        "scheme": scheme,
        "title": "Facility list",
        "url": "https://example.org/list",
        "retrieved_at": f"{on}T12:00:00+00:00",
        "sha256": "0" * 64,
        "complete": True,
        "rows": list(rows),
        "left_out": 0,
    }
    return world.say("standards.snapshot", "scheme", body, on=on)


def works(**changes):
    return {
        "name": "Works",
        "facility": "smelter:works",
        "country": "CA",
        "identifiers": [{"scheme": "rmi_cid", "value": "CID000001"}],
        "materials": ["Cu"],
        "status": "Conformant",
        "assessed_on": "2025-06-01",
        "next_action_on": "2026-06-01",
    } | changes


ELSEWHERE = {
    "name": "Works of nobody here",
    "country": "FI",
    "identifiers": [{"scheme": "rmi_cid", "value": "CID000002"}],
    "materials": ["Cu"],
}


def line(number, **changes):
    return {
        "role": "smelter",
        "element": "Cu",
        "lookup": "listed",
        "country": "FI",
        "identifier": {"scheme": "rmi_cid", "value": number},
    } | changes


def declared(world, *lines, **changes):
    gates = [{"question": one, "element": "Cu", "answer": "yes"} for one in ("q1", "q2")]
    body = {
        "declaration": "smelter:emrt-2026",
        "form": "emrt",
        "form_version": "2.1",
        "answers": [*gates, {"question": "q3", "element": "Cu", "answer": "no"}],
        "sources": list(lines),
        "authorized_by": "A. Person",
        "authorized_on": "2026-03-01",
    }
    return world.say("standards.declaration", "smelter", body | changes, on="2026-03-01")


def found(world, rule):
    world.catch_up()
    return world.finding(rule, club="")


def test_the_list_of_the_day_tells_the_status_of_a_smelter(world):
    assert "no RMI facility list of 2026-03-20" in found(world, "RMI-01").lines[0].because
    facility_list(world, works())
    told, unrecorded = found(world, "RMI-01").lines
    assert (unrecorded.facility_id, unrecorded.outcome) == (None, Outcome.INDETERMINATE)
    assert (told.facility_id, told.outcome) == ("smelter:works", Outcome.CONFORMS)
    facility_list(world, works(status="Active"), name="scheme:rmi-2", on="2026-10-30")
    assert found(world, "RMI-01").lines[0].outcome is Outcome.CONFORMS  # of that day


def test_the_planned_day_of_a_list_is_read(world):
    facility_list(world, works(), on="2026-11-01")
    told, _unrecorded = found(world, "RMI-03").lines
    assert "its next assessment was planned for 2026-06-01" in told.because


def test_numbers_that_a_form_names_are_looked_up_whoever_they_are_of(world):
    declared(world, line("CID000001", country="CA"), line("CID000002"))
    facility_list(world, works(), ELSEWHERE, on="2026-11-01")
    assert found(world, "RMI-07").outcome is Outcome.CONFORMS
    declared(world, line("CID000002"), line("CID000003"))
    assert "smelter 2 of Cu: its number is not on the" in found(world, "RMI-07").because


def test_a_form_about_all_that_a_company_sells_makes_its_lots_due_and_is_read(world):
    assert "no supplier on the path" in found(world, "RMI-04").because
    declared(world, line("CID000002", mine_countries=["FI"], recycled_only=False))
    world.follow()
    due = DueAssessment.objects.filter(because="entry").values_list("lot", flat=True)
    assert "smelter:cathode" in set(due)
    assert found(world, "RMI-04").outcome is Outcome.CONFORMS
    assert "blank for Cu: Q4" in found(world, "RMI-05").because


def test_a_form_that_was_withdrawn_says_nothing(world):
    declared(world, line("CID000002"))
    assert found(world, "RMI-04").outcome is Outcome.CONFORMS
    declared(world, withdrawn=True)
    assert found(world, "RMI-04").outcome is Outcome.INDETERMINATE


def test_a_claim_is_no_form(world):
    claim = {"scheme": "irma", "code": "site", "wording": "IRMA 50.", "site": "mine:pit"}
    body = {"declaration": "smelter:claims", "form": "emrt", "claims": [claim]}
    world.say("standards.declaration", "smelter", body)
    assert "no supplier on the path" in found(world, "RMI-04").because


def test_a_shipment_through_an_area_the_club_names_is_a_red_flag_until_looked_into(world):
    [cahra] = [{"code": "CD", "from": "2026-01-01", "source": "Policy, annex"}]
    area = {
        "title": "Areas",
        "unit": "country_group",
        "versions": [{"value": [cahra], "in_force_from": "2026-01-01", "source": "Policy"}],
    }
    form = ClubPolicy.objects.get(club="club").form
    row = {"rule_id": "OECD-01", "severity": "major", "flag_due_days": 1}
    adopted = form | {
        "version": "2",
        "parameters": form["parameters"] | {"oecd.cahra_countries": area},
        "requirements": [*form["requirements"], row],
    }
    adopt_policy(adopted, effective="2026-03-22", now=NOW)
    world.catch_up()
    before = world.finding("OECD-01")
    assert not [one for one in before.missing if "enhanced" in one]
    [notice] = [one for one in before.notices if "transit" in one]
    assert notice == "1 shipment on the path states no country on the way: transit is not known"

    shipment = Entry.objects.get(kind="custody.shipment")
    text = StatementText.objects.get(recorded_order=shipment.recorded_order)
    body = recorded_statement(text.jws, text.disclosures).body
    told = msgspec.to_builtins(body) | {"route": [{"place": {"name": "Port", "country": "CD"}}]}
    kept = {name: value for name, value in told.items() if value is not None}
    correction = {
        "replaces": shipment.hash,
        "reason": "The way was left out.",
        "lots": ["mine:ore"],
        "replacement": {"effective": "2026-03-10T10:00:00-05:00", "body": kept},
    }
    corrected = world.say("custody.correction", "mine", correction, on="2026-03-22")
    world.catch_up()
    found = world.finding("OECD-01")
    assert [one for one in found.missing if one.startswith("enhanced due diligence on a company")]
    assert corrected in found.evidence
    assert not [one for one in found.notices if "transit" in one]
