"""Certificates, registers, declarations and agreements: followed once, read as of a size."""

from datetime import date

import pytest

from standards.credentials import agreements_at, credentials_at, snapshots_at
from standards.declarations import claims_at
from standards.models import Certificate, Declaration, DueAssessment, RegistryRow, RegistrySnapshot
from tests.standards.world import NOW, World
from traceability.errors import TraceabilityError
from traceability.models import Key
from traceability.registering import record_as_service, statement_document

pytestmark = pytest.mark.django_db(transaction=True)

FULL = {
    "standard_code": "irma_mining",
    "version": "1.0",
    "assessment_type": "initial",
    "operation": "industrial",
    "assessor": {"name": "Careful Audits", "level": "third_party"},
    "issuer": {"organization": "scheme"},
    "stage_2_on": "2025-03-01",
    "next_action_on": "2026-12-01",
    "renewal_of": "scheme:before",
    "supersedes": ["scheme:before", "scheme:other"],
    "outcomes": [
        {"kind": "area", "code": "business_integrity", "score_percent": "72.5"},
        {
            "kind": "critical_requirement",
            "code": "1.1.1.1",
            "rating": "substantially",
            "plan": {"due_on": "2026-06-20", "closed_on": "2026-06-01"},
        },
    ],
    "complaints": [{"reference": "2026-007", "opened_on": "2026-02-01"}],
}
REGISTER = {
    "snapshot": "scheme:register",
    "scheme": "irma",
    "title": "Audits",
    "url": "https://scheme.example/audits",
    "retrieved_at": "2026-10-30T23:30:00-05:00",
    "sha256": "a" * 64,
    "complete": True,
    "left_out": 3,
    "rows": [
        {"name": "Elsewhere", "country": "PE"},
        {
            "name": "Pit",
            "facility": "mine:pit",
            "level": "IRMA 75",
            "status": "completed",
            "materials": ["Cu"],
            "from": "2025-06-01",
            "to": "2028-05-31",
        },
        {"name": "Mine Ltd", "organization": "mine"},
    ],
}
DECLARED = {
    "declaration": "smelter:d1",
    "form": "claims",
    "lots": ["smelter:cathode"],
    "recipients": [{"organization": "buyer"}],
    "claims": [
        {
            "scheme": "irma",
            "code": "contains",
            "level": "IRMA 75",
            "wording": "Contains copper of an IRMA 75 mine.",
            "says": ["content", "level"],
        }
    ],
}


@pytest.fixture
def world() -> World:
    made = World()
    made.packs()
    made.policy()
    made.copper_chain()
    made.catch_up()
    return made


def due(because):
    rows = DueAssessment.objects.filter(due_on__lte=NOW.date(), because=because)
    return set(rows.values_list("lot", flat=True))


def distrust(world, organization):
    """Let everything that an organization's key ever signed be unknown."""
    kid = Key.objects.get(organization_id=organization).kid
    body = {
        "organization": organization,
        "kid": kid,
        "reason": "compromised",
        "distrusted_from": 1,
    }
    world.say("registry.key_revocation", "operator", body, on="2026-10-01")
    world.follow()
    return world.publish()


# ── certificates ──────────────────────────────────────────────────────────────────────────


def test_a_certificate_is_kept_and_read_in_full(world):
    world.audited(**FULL)
    world.follow()

    kept = Certificate.objects.get()
    assert (kept.next_action_on, kept.stated_on) == (date(2026, 12, 1), NOW.date())
    assert kept.evidence is None  # nobody said whether there are documents
    [one] = credentials_at(world.publish(), ["mine:pit"])["mine:pit"]
    assert (one.standard_code, one.assessment_type, one.operation) == (
        "irma_mining",
        "initial",
        "industrial",
    )
    assert (one.assessor_name, one.assessor_level) == ("Careful Audits", "third_party")
    assert (one.issuer_id, one.author) == ("scheme", "scheme")
    assert one.supersedes == ("scheme:before", "scheme:other")
    area, critical = one.outcomes
    assert (area.score_percent, area.plan) == ("72.5", None)
    assert (critical.plan, critical.plan_due_on) == (True, date(2026, 6, 20))
    assert not critical.is_overdue(date(2026, 7, 1))
    assert one.complaints[0].is_open(date(2026, 3, 1))
    assert not one.is_disputed


def test_an_earlier_size_reads_what_was_known_then(world):
    world.audited()
    world.follow()
    before = world.publish()
    world.audited(level="IRMA 50")
    world.status("suspended", "2026-06-01")
    world.follow()
    after = world.publish()

    [then] = credentials_at(before, ["mine:pit"])["mine:pit"]
    [now] = credentials_at(after, ["mine:pit"])["mine:pit"]

    assert (then.level, [one.status for one in then.statuses]) == ("IRMA 75", ["published"])
    assert (now.level, now.statuses[-1].status) == ("IRMA 50", "suspended")
    assert now.statuses[-1].stated_on == NOW.date()
    assert credentials_at(after, [], ["mine"]) == {}  # about a site, not about its company


def test_what_a_distrusted_key_signed_is_disputed(world):
    world.audited()
    world.say("standards.declaration", "smelter", DECLARED)
    world.follow()
    before = world.publish()
    distrust(world, "scheme")
    after = distrust(world, "smelter")

    [then] = credentials_at(before, ["mine:pit"])["mine:pit"]
    [now] = credentials_at(after, ["mine:pit"])["mine:pit"]
    assert (then.is_disputed, now.is_disputed) == (False, True)
    assert [one.status for one in now.statuses] == ["disputed"]
    assert claims_at(before, ["smelter:cathode"]) != {}
    assert claims_at(after, ["smelter:cathode"]) == {}


# ── registers ─────────────────────────────────────────────────────────────────────────────


def test_a_register_is_kept_with_its_rows_where_they_are_sought(world):
    before = world.publish()
    world.say("standards.snapshot", "scheme", REGISTER, on="2026-10-31")
    world.follow()

    kept = RegistrySnapshot.objects.get()
    assert (kept.retrieved_on, kept.left_out, kept.unmatched) == (date(2026, 10, 30), 3, ["PE"])
    assert kept.retrieved_at.isoformat() == "2026-10-31T04:30:00+00:00"
    rows = RegistryRow.objects.order_by("place").values_list("place", "subject", "listed_until")
    assert list(rows) == [(1, "mine:pit", date(2028, 5, 31)), (2, "mine", None)]
    [read] = snapshots_at(world.publish(), ["mine:pit", "smelter:works"])
    [row] = read.rows
    assert (row.subject_id, row.level, row.status) == ("mine:pit", "IRMA 75", "completed")
    assert row.materials == ("Cu",)
    assert row.covers(date(2028, 5, 31))
    assert not row.covers(date(2028, 6, 1))
    assert (read.complete, read.unmatched) == (True, ("PE",))
    assert snapshots_at(before, ["mine:pit"]) == ()
    assert due("certificate") != set()


# ── declarations ──────────────────────────────────────────────────────────────────────────


def test_a_declaration_makes_its_lots_due_and_is_read_as_declared_last(world):
    world.say("standards.declaration", "smelter", DECLARED)
    world.follow()
    first = world.publish()
    assert due("entry") == {"smelter:cathode"}
    world.catch_up()
    other = DECLARED["claims"][0] | {"wording": "Supports responsible mining.", "code": "supports"}
    world.say("standards.declaration", "smelter", DECLARED | {"claims": [other]})
    world.follow()
    second = world.publish()
    world.say("standards.declaration", "smelter", DECLARED | {"withdrawn": True})
    world.follow()

    def read(size):
        return [
            (one.code, one.claimant, one.recipient, one.says)
            for one in claims_at(size, ["smelter:cathode"]).get("smelter:cathode", ())
        ]

    assert read(first) == [("contains", "smelter", "buyer", ("content", "level"))]
    assert read(second) == [("supports", "smelter", "buyer", ("content", "level"))]
    assert read(world.publish()) == []
    assert claims_at(second, []) == claims_at(second, ["mine:ore"]) == {}
    assert Declaration.objects.count() == 3


def test_a_declaration_that_names_a_lot_no_more_still_makes_it_due(world):
    world.say("standards.declaration", "smelter", DECLARED)
    world.catch_up()
    without = DECLARED | {"lots": [], "claims": [], "answers": [{"question": "q", "answer": "no"}]}
    world.say("standards.declaration", "smelter", without)
    world.follow()

    # Without lots it is about all that the smelter ever held, the ore among it.
    assert due("entry") == {"mine:ore", "smelter:cathode"}
    assert claims_at(world.publish(), ["smelter:cathode"]) == {}


# ── agreements ────────────────────────────────────────────────────────────────────────────


def test_contract_work_is_agreed_by_a_party_to_it_and_read_for_the_contractor(world):
    def agreed(author, name, nature="toll", **target):
        body = {"relationship": f"{author}:{name}", "holder": {"organization": "mine"}}
        target = target or {"target_facility": "smelter:works"}
        world.say("registry.relationship", author, body | {"nature": nature} | target)
        world.follow()
        return world.publish()

    before = world.publish()
    size = agreed("mine", "toll", valid_until="2027-12-31", target_facility="smelter:works")
    assert due("facility") == {"smelter:cathode"}
    agreed("stranger", "hearsay")
    agreed("mine", "shares", nature="ownership", target_organization="smelter", equity="1")
    world.catch_up()

    [one] = agreements_at(world.publish(), [], ["smelter:works"])["smelter"]
    assert (one.principal, one.facility_id) == ("mine", "smelter:works")
    assert one.agreed_until == date(2027, 12, 31)
    assert agreements_at(before, [], ["smelter:works"]) == agreements_at(size, [], []) == {}
    later = agreed("smelter", "whole", nature="outsourcing", target_organization="smelter")
    assert due("facility") == {"smelter:cathode"}
    assert len(agreements_at(later, ["smelter"], ["smelter:works"])["smelter"]) == 2


# ── what has not happened, and what nobody stated ─────────────────────────────────────────


def refused(kind, body):
    document = statement_document(kind=kind, author="scheme", effective="2026-10-31", body=body)
    with pytest.raises(TraceabilityError) as told:
        record_as_service([document], now=NOW)
    return told.value.code, told.value.at


def test_no_copy_of_a_register_was_retrieved_later_than_now(world):
    ahead = REGISTER | {"snapshot": "scheme:ahead", "retrieved_at": "2099-01-01T00:00:00Z"}
    told = refused("standards.snapshot", ahead)
    assert told == ("time_in_the_future", "$.body.retrieved_at")
    assert world.say(
        "standards.snapshot", "scheme", ahead | {"retrieved_at": "2026-10-31T00:00:00Z"}
    )


def test_a_status_is_of_a_certificate_that_was_stated(world):
    body = {
        "certificate": "scheme:irma-9",
        "status": "suspended",
        "effective_from": "2026-05-22",
        "because": "A clause.",
        "retroactive": False,
    }
    told = refused("standards.certificate_status", body)
    assert told == ("unknown_certificate", "$.body.certificate")
    world.audited("scheme:irma-9")
    assert world.say("standards.certificate_status", "scheme", body)
