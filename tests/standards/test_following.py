"""Following the log: each entry once, and exactly the affected lots become due."""

from datetime import date, timedelta

import pytest

from standards import following
from standards.assessing import assess_due
from standards.certifying import activate_pack
from standards.dossiers import examine
from standards.following import follow_log
from standards.known import policies_at
from standards.models import (
    Assessment,
    Certificate,
    CertificateStatus,
    Cursor,
    DueAssessment,
    FlagDecision,
    Judgement,
)
from standards.rulebook.pack_format import overridden_pack, shipped_packs
from tests.standards.world import NOW, World
from traceability.publishing import publish_checkpoint

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    made = World()
    made.packs()
    made.policy()
    return made


def due(because: str | None = None) -> set[str]:
    rows = DueAssessment.objects.filter(due_on__lte=NOW.date())
    rows = rows.filter(because=because) if because else rows
    return set(rows.values_list("lot", flat=True))


def test_only_what_is_published_is_followed(world):
    world.follow()
    world.audited()

    assert follow_log(now=NOW) == 0
    assert not Certificate.objects.exists()

    publish_checkpoint(now=NOW)
    assert follow_log(now=NOW) == 1
    assert Certificate.objects.get().level == "IRMA 75"


def test_the_cursor_skips_nothing_and_repeats_nothing(world, monkeypatch):
    monkeypatch.setattr(following, "BATCH", 3)
    for number in range(5):
        world.audited(f"scheme:irma-{number}")
    size = world.publish()

    assert follow_log(now=NOW) == size
    assert Cursor.objects.get().size == size
    assert CertificateStatus.objects.count() == Certificate.objects.count() == 5
    assert follow_log(now=NOW) == 0


def test_a_batch_that_dies_is_followed_again(world, monkeypatch):
    world.follow()
    world.audited()
    world.publish()

    def die(*_):
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(following, "_mark_touched", die)
        with pytest.raises(RuntimeError):
            follow_log(now=NOW)
    assert not Certificate.objects.exists()

    assert follow_log(now=NOW) == 1
    assert Certificate.objects.count() == 1


def test_new_lots_come_first_and_touched_ones_bring_what_came_of_them(world):
    world.copper_chain()
    world.follow()
    assert due("new_lot") == {"mine:ore", "smelter:cathode"}
    world.catch_up()
    assert due() == set()

    body = {
        "laboratory": {"name": "Umpire Ltd"},
        "party": "umpire",
        "method": "fire assay",
        "status": "umpire",
        "results": [{"element": "Cu", "value": "33", "unit": "percent", "basis": "dry"}],
        "lot": "mine:ore",
    }
    world.say("custody.assay", "mine", body)
    world.follow()

    assert due("entry") == {"mine:ore", "smelter:cathode"}
    world.catch_up()
    assert "9900 kg" in world.finding("MB-13").because


def test_an_assay_of_a_consignment_governs_what_travelled_in_it(world):
    world.copper_chain()
    world.catch_up()
    body = {
        "laboratory": {"name": "Harbor Lab"},
        "party": "buyer",
        "method": "fire assay",
        "status": "final",
        "results": [{"element": "Cu", "value": "34", "unit": "percent", "basis": "dry"}],
        "consignment": "mine:to-smelter-ore",
        "consignee": "smelter",
    }
    world.say("custody.assay", "smelter", body)
    world.follow()

    assert due("entry") == {"mine:ore", "smelter:cathode"}
    world.catch_up()
    assert world.finding("MB-13").outcome == "conforms"


def test_an_offer_concerns_the_offered_lot_alone(world):
    world.mined()
    world.sent()
    world.smelted()
    world.catch_up()

    world.say("custody.offer", "smelter", {"lots": ["mine:ore"], "audience": ["club"]})
    world.follow()

    assert due() == {"mine:ore"}


# ── certificates ──────────────────────────────────────────────────────────────────────────


@pytest.fixture
def two_chains(world) -> World:
    """One lot through the mine and the smelter, and another mine's that no one certified."""
    world.audited()
    world.awarded()
    world.site("mine:other", "mine", "mine", "PE")
    world.copper_chain(cu="89.99")
    body = {
        "facility": "mine:other",
        "lot": {
            "lot": "mine:elsewhere",
            "material": "copper_concentrate",
            "form": "concentrate",
            "quantity": {"value": "1", "unit": "t", "basis": "dry"},
            "owners": [{"owner": {"organization": "mine"}, "parts": 1}],
        },
    }
    world.say("custody.extraction", "mine", body)
    world.catch_up()
    return world


def test_a_suspension_does_not_reach_back(two_chains):
    two_chains.status("suspended", "2026-06-01")
    two_chains.follow()

    assert due("certificate") == {"mine:ore", "smelter:cathode"}
    two_chains.catch_up()
    assert two_chains.finding("IRMA-02").outcome == "conforms"
    assert two_chains.verdict() == "pass"


def test_fraud_reaches_back_and_re_opens_exactly_what_passed_the_site(two_chains):
    before = two_chains.publish()
    two_chains.status("void", "2026-10-01", retroactive=True)
    two_chains.follow()

    assert due("certificate") == {"mine:ore", "smelter:cathode"}
    two_chains.catch_up()
    assert two_chains.verdict() == "fail"
    assert set(two_chains.flags()) == {"IRMA-02"}

    [told] = examine("smelter:cathode", size=before, as_of=NOW.date(), club="club")
    assert told.judgement.verdict == "pass"


def test_a_certificate_of_the_smelter_concerns_what_it_made(two_chains):
    two_chains.status("withdrawn", "2026-01-01", "scheme:cm-1")
    two_chains.follow()

    assert due("certificate") == {"smelter:cathode"}


def test_a_certificate_stated_again_replaces_what_was_known(two_chains):
    two_chains.audited(level="IRMA Transparency")
    two_chains.catch_up()

    assert two_chains.finding("IRMA-02").outcome == "nonconforming"


def test_a_complete_register_shows_who_is_not_on_it(world):
    world.copper_chain(cu="89.99")
    world.catch_up()
    assert world.finding("IRMA-02").outcome == "indeterminate"
    body = {
        "snapshot": "scheme:register",
        "scheme": "irma",
        "title": "Mines under assessment",
        "url": "https://scheme.example/mines",
        "retrieved_at": "2026-10-30T10:00:00+00:00",
        "sha256": "a" * 64,
        "complete": True,
        "rows": [],
    }
    world.say("standards.snapshot", "scheme", body, on="2026-10-30")
    world.catch_up()

    assert world.finding("IRMA-02").outcome == "nonconforming"


# ── sites, members, packs ─────────────────────────────────────────────────────────────────


def test_a_site_stated_anew_is_read_as_it_was_at_the_time(world):
    world.copper_chain(cu="89.99")
    before = world.publish()
    world.catch_up()
    world.site("mine:pit", "mine", "mine", "PE")
    world.follow()

    assert due("facility") == {"mine:ore", "smelter:cathode"}

    def country(size):
        [told] = examine("smelter:cathode", size=size, as_of=NOW.date())
        return told.dossier.sources[0].country

    assert (country(before), country(world.publish())) == ("CL", "PE")


def test_a_member_brings_the_lots_it_holds(world):
    world.mined()
    world.catch_up()
    assert due() == set()

    world.say("registry.audience", "club", {"audience": "club", "members": ["mine"]})
    world.follow()

    assert due("policy") == {"mine:ore"}
    world.catch_up()
    assert world.verdict("mine:ore") == "indeterminate"


def test_a_policy_of_a_distrusted_key_judges_nothing_any_more(world):
    world.copper_chain()
    world.catch_up()
    assert world.verdict() == "fail"
    assert world.flags()
    before = world.publish()

    world.distrust("club", "standards.policy")
    world.follow()
    assert due("policy") == {"smelter:cathode"}
    world.catch_up()
    assert not Judgement.objects.filter(is_current=True).exists()
    assert not world.flags()
    assert set(policies_at(before, on=NOW.date())) == {"club"}
    assert not Assessment.objects.filter(club="club", is_current=True).exists()
    assert Assessment.objects.filter(club="", lot="smelter:cathode", is_current=True).exists()


def test_a_register_of_a_distrusted_key_shows_nothing_any_more(world):
    world.copper_chain(cu="89.99")
    snapshot = {
        "snapshot": "scheme:S1",
        "scheme": "irma",
        "title": "Register",
        "url": "https://example.org/register",
        "retrieved_at": "2026-10-01T00:00:00Z",
        "sha256": "a" * 64,
        "complete": True,
        "rows": [],
    }
    world.say("standards.snapshot", "scheme", snapshot, on="2026-10-01")
    world.catch_up()
    assert world.finding("IRMA-02").outcome == "nonconforming"

    world.distrust("scheme", "standards.snapshot")
    world.catch_up()
    assert world.finding("IRMA-02").outcome == "indeterminate"


def test_a_claim_of_a_distrusted_key_has_its_lot_assessed_again(world):
    world.accounted()
    world.claimed("c1", "100")
    world.catch_up()
    world.distrust("smelter", "standards.claim")
    world.follow()
    assert "smelter:cathode" in due("entry")


# ── a club that sees a lot no more ────────────────────────────────────────────────────────


def test_a_member_that_left_takes_its_lots_along(world):
    world.mined()
    world.say("registry.audience", "club", {"audience": "club", "members": ["mine"]})
    world.catch_up()
    assert world.verdict("mine:ore") == "indeterminate"
    assert world.flags()

    world.say(
        "registry.audience", "club", {"audience": "club", "members": ["buyer"]}, on="2026-04-01"
    )
    world.follow()
    assert due("policy") == {"mine:ore"}
    world.catch_up()
    assert not Judgement.objects.filter(club="club", is_current=True).exists()
    assert not world.flags()
    last = FlagDecision.objects.order_by("id").last()
    assert (last.decision, last.because) == ("closed", "the club sees the lot no more")

    world.say(
        "registry.audience", "club", {"audience": "club", "members": ["mine"]}, on="2026-05-01"
    )
    world.catch_up()
    assert world.verdict("mine:ore") == "indeterminate"
    assert world.flags()


def test_an_offer_that_is_over_takes_the_judgement_along_on_the_day_after(world):
    world.mined()
    body = {"lots": ["mine:ore"], "audience": ["club"], "until": "2026-11-03"}
    world.say("custody.offer", "mine", body, on="2026-03-21")
    world.catch_up()
    assert world.verdict("mine:ore") == "indeterminate"
    [on] = DueAssessment.objects.filter(because="calendar").values_list("due_on", flat=True)
    assert on == date(2026, 11, 4)

    assert assess_due(now=NOW + timedelta(days=2)) == 0
    assert assess_due(now=NOW + timedelta(days=3)) == 1
    assert not Judgement.objects.filter(club="club", is_current=True).exists()
    assert not world.flags()


def test_a_pack_makes_due_what_read_a_changed_key(world):
    world.copper_chain(cu="89.99")
    world.catch_up()
    packs = {pack.id: pack for pack in shipped_packs()}

    activate_pack(packs["irma"], effective=date(2026, 6, 1), now=NOW)
    world.follow()
    assert due() == set()

    assumed = overridden_pack(packs["irma"], {"irma.levels": ["IRMA 50", "IRMA 75"]})
    activate_pack(assumed, effective=date(2026, 6, 1), now=NOW)
    world.follow()
    # The ore is no club's to judge: without a minimum level nobody asked for the levels.
    assert due("pack") == {"smelter:cathode"}


def test_new_rules_make_everything_due(world, monkeypatch):
    world.mined()
    world.catch_up()
    monkeypatch.setattr(following, "code_version", lambda: "f" * 64)

    world.follow()

    assert due("pack") == {"mine:ore"}
    assert follow_log(now=NOW) == 0


# ── exactly what a change can affect ──────────────────────────────────────────────────────


def _a_status(world):
    world.status("suspended", "2026-06-01", "scheme:cm-1")


def _a_policy(world):
    world.policy(version="2", irma__minimum_share="0.5")


def _a_policy_of_a_club_that_sees_nothing(world):
    world.policy("club-two")


def _a_pack(world):
    packs = {pack.id: pack for pack in shipped_packs()}
    assumed = overridden_pack(packs["irma"], {"irma.levels": ["IRMA 50", "IRMA 75"]})
    activate_pack(assumed, effective=date(2026, 6, 1), now=NOW)


@pytest.mark.parametrize(
    ("change", "affected"),
    [
        (_a_status, {"smelter:cathode"}),
        (_a_policy, {"smelter:cathode"}),
        (_a_policy_of_a_club_that_sees_nothing, set()),
        (_a_pack, {"mine:ore", "smelter:cathode"}),  # the other mine has no audit to read
    ],
)
def test_one_change_has_exactly_the_lots_judged_again_that_it_can_affect(
    two_chains, change, affected
):
    def kept():
        rows = Assessment.objects.filter(is_current=True).order_by("id")
        return [(row.lot, row.pk) for row in rows if row.lot not in affected]

    before = kept()
    change(two_chains)
    two_chains.follow()

    assert due() == affected
    assert assess_due(now=NOW) == len(affected)
    assert due() == set()
    assert kept() == before
