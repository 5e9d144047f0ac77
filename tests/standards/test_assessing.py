"""From the published log to findings, verdicts and flags, on PostgreSQL."""

from datetime import timedelta
from itertools import zip_longest
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standards import assessing
from standards.assessing import assess_due, assess_lot, verdict_root
from standards.dossiers import build_dossier, examine
from standards.known import followed_size
from standards.models import Assessment, DueAssessment, Flag, Judgement, Setback, VerdictRun
from tests.standards.world import NOW, World, kg, owned_by
from traceability.errors import NoSuchPolicy, NotFollowedYet, UnknownLot
from traceability.models import Entry, Key, LogIndex

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    made = World()
    made.packs()
    made.policy()
    return made


def test_more_metal_out_than_in_is_found_with_its_figures(world):
    world.copper_chain()
    world.catch_up()

    finding = world.finding("MB-13")

    assert finding.outcome == "nonconforming"
    for figure in ("9000 kg", "9999 kg", "999 kg"):
        assert figure in finding.because
    assert world.verdict() == "fail"
    assert world.flags()["MB-13"].severity == "critical"


def test_an_audit_and_an_award_let_the_lot_pass(world):
    world.audited()
    world.awarded()
    world.copper_chain(cu="89.99")
    world.catch_up()

    assert world.finding("IRMA-02").outcome == "conforms"
    assert world.finding("CM-02").outcome == "conforms"
    assert world.finding("MB-13").outcome == "conforms"
    assert world.verdict() == "pass"
    assert world.flags() == {}


def test_what_nobody_certified_cannot_be_told_and_says_what_is_missing(world):
    world.copper_chain(cu="89.99")
    world.catch_up()

    finding = world.finding("IRMA-02")

    assert finding.outcome == "indeterminate"
    assert any("audit of IRMA" in name for name in finding.missing)
    assert world.verdict() == "indeterminate"


def test_the_sources_and_steps_of_a_dossier_add_up(world):
    world.copper_chain(cu="89.99")
    world.follow()
    size = world.publish()

    dossier = build_dossier("smelter:cathode", "Cu", size=size, as_of=NOW.date())

    assert dossier.contained_mg.low_mg == dossier.contained_mg.high_mg == 8_999_000_000
    [source] = dossier.sources
    assert (source.kind, source.facility_id, source.country) == ("mined", "mine:pit", "CL")
    assert source.mg == 8_999_000_000
    assert source.dispatched_on.isoformat() == "2026-03-10"
    assert {(step.stage, step.facility_id, step.mg) for step in dossier.steps} == {
        ("extraction", "mine:pit", 8_999_000_000),
        ("smelting", "smelter:works", 8_999_000_000),
    }
    [smelting] = [step for step in dossier.steps if step.stage == "smelting"]
    assert smelting.input_mg.high_mg == 9_000_000_000
    assert smelting.performed_on.isoformat() == "2026-03-20"


def test_a_key_distrusted_from_an_earlier_entry_makes_what_it_said_unknown(world):
    world.audited()
    world.awarded()
    world.copper_chain(cu="89.99")
    world.catch_up()
    assert world.finding("IRMA-02").outcome == "conforms"
    begun = LogIndex.objects.get(
        recorded_order=Entry.objects.get(kind="custody.extraction").recorded_order
    )
    before = world.publish()

    key = Key.objects.get(organization_id="mine")
    body = {
        "organization": "mine",
        "kid": key.kid,
        "reason": "The key was on a stolen laptop.",
        "distrusted_from": begun.index,
    }
    world.say("registry.key_revocation", "operator", body, on="2026-04-01")
    world.catch_up()

    assert world.finding("IRMA-02").outcome == "indeterminate"
    size = world.publish()
    day = NOW.date()
    [now] = build_dossier("smelter:cathode", "Cu", size=size, as_of=day).sources
    [then] = build_dossier("smelter:cathode", "Cu", size=before, as_of=day).sources
    assert (now.facility_id, then.facility_id) == (None, "mine:pit")


def test_what_runs_out_is_judged_again_on_the_day_after_without_anybody_asking(world):
    """Sites are judged on the day of the question here: a verdict holds until the audit ends."""
    today = ("table", {"mine": "as_of", "processor": "as_of"})
    world.policy(version="2", irma__time_rule=today, copper_mark__time_rule=today)
    world.audited(valid_until="2026-11-20")
    world.awarded(valid_until="2026-12-31")
    world.copper_chain(cu="89.99")
    world.catch_up()
    assert world.verdict() == "pass"

    found = []
    for days in range(1, 80):
        moment = NOW + timedelta(days=days)
        before = world.verdict()
        if assess_due(now=moment):
            found.append((moment.date().isoformat(), before, world.verdict()))
        elif days % 13 == 0:  # by hand it is the same on a day on which it was not due
            assess_lot("smelter:cathode", now=moment)
            assert world.verdict() == before
    assert [one for one in found if one[1] != one[2]] == [("2026-11-21", "pass", "fail")]
    assert "2027-01-01" in [one[0] for one in found]


def test_assessing_twice_changes_nothing(world):
    world.copper_chain()
    world.catch_up()
    before = list(Assessment.objects.order_by("id").values())

    world.catch_up()
    DueAssessment.objects.create(
        lot="smelter:cathode", because="entry", due_on="2026-01-01", known_at=1, priority=1
    )
    world.catch_up()

    assert list(Assessment.objects.order_by("id").values()) == before


def test_every_changed_verdict_is_logged_under_one_root(world):
    world.copper_chain()
    world.catch_up()

    [run] = VerdictRun.objects.all()

    rows = list(run.assessments.all())
    assert run.entry != ""
    assert run.count == len(rows) == Assessment.objects.count()
    assert run.root == verdict_root(rows).hex()


def test_a_new_policy_is_judged_without_a_new_event(world):
    world.audited()
    world.awarded()
    world.copper_chain(cu="89.99")
    world.catch_up()
    assert world.verdict() == "pass"

    world.policy(version="2", irma__minimum_level="IRMA 100")
    world.catch_up()

    assert world.verdict() == "fail"
    assert set(world.flags()) == {"IRMA-02"}


def test_a_correction_upstream_re_assesses_what_came_of_it(world):
    mined = world.mined()
    world.sent()
    world.smelted()
    world.offered()
    world.catch_up()
    assert world.finding("MB-13").outcome == "nonconforming"

    body = {
        "replaces": mined,
        "reason": "The assay was of another lot.",
        "lots": ["mine:ore"],
        "replacement": {
            "effective": "2026-03-01T10:00:00-05:00",
            "body": ore([{"element": "Cu", "value": "34", "unit": "percent", "basis": "dry"}]),
        },
    }
    world.say("custody.correction", "mine", body, on="2026-04-01")
    world.catch_up()

    assert world.finding("MB-13").outcome == "conforms"
    assert "MB-13" not in world.flags()


def test_an_old_question_gets_its_old_answer(world):
    world.copper_chain(cu="89.99")
    world.follow()
    before = world.publish()
    world.audited()
    world.awarded()
    world.catch_up()

    def verdict(size):
        [told] = examine("smelter:cathode", size=size, as_of=NOW.date(), club="club")
        return told.judgement.verdict

    assert verdict(before) == "indeterminate"
    assert verdict(world.publish()) == "pass"


def test_a_mineral_that_is_no_longer_there_takes_its_judgement_along(world):
    nickel = [
        {"element": "Cu", "value": "30", "unit": "percent", "basis": "dry"},
        {"element": "Ni", "value": "1", "unit": "percent", "basis": "dry"},
    ]
    mined = world.say("custody.extraction", "mine", ore(nickel))
    world.say("custody.offer", "mine", {"lots": ["mine:ore"], "audience": ["club"]})
    world.catch_up()
    current = Judgement.objects.filter(lot="mine:ore", is_current=True)
    assert set(current.values_list("mineral", flat=True)) == {"Cu", "Ni"}

    body = {
        "replaces": mined,
        "reason": "There is no nickel in it.",
        "lots": ["mine:ore"],
        "replacement": {"effective": "2026-03-01T10:00:00-05:00", "body": ore(nickel[:1])},
    }
    world.say("custody.correction", "mine", body)
    world.catch_up()

    assert set(current.values_list("mineral", flat=True)) == {"Cu"}
    assert not Flag.objects.filter(mineral="Ni").exclude(status="closed").exists()


def ore(assays):
    return {
        "facility": "mine:pit",
        "lot": {
            "lot": "mine:ore",
            "material": "copper_concentrate",
            "form": "concentrate",
            "quantity": {"value": "30000", "unit": "kg", "basis": "dry"},
            "owners": [{"owner": {"organization": "mine"}, "parts": 1}],
            "assays": assays,
        },
    }


def test_a_lot_is_assessed_on_demand(world):
    world.mined()
    world.follow()

    assess_lot("mine:ore", now=NOW)

    assert Assessment.objects.filter(lot="mine:ore", mineral="Cu", is_current=True).exists()


def test_questions_about_nothing_are_refused(world):
    world.mined()
    world.follow()
    size = world.publish()
    with pytest.raises(UnknownLot):
        examine("mine:nothing", size=size, as_of=NOW.date())
    with pytest.raises(NotFollowedYet):
        examine("mine:ore", size=size + 1, as_of=NOW.date())
    with pytest.raises(NoSuchPolicy):
        examine("mine:ore", size=size, as_of=NOW.date(), club="club-two")


def test_a_broken_history_waits_and_holds_up_nobody(world, monkeypatch):
    from standards import assessing

    world.mined()
    world.mined("mine:ore-2")
    world.follow()
    real = assessing.gathered

    def gathered(lots, size):
        if "mine:ore" in lots:
            raise UnknownLot("mine:ore", at="")
        return real(lots, size)

    monkeypatch.setattr(assessing, "gathered", gathered)
    assessing.assess_due(now=NOW)

    assert set(Assessment.objects.values_list("lot", flat=True)) == {"mine:ore-2"}
    [waiting] = DueAssessment.objects.filter(lot="mine:ore")
    assert (waiting.lot, waiting.due_on.isoformat()) == ("mine:ore", "2026-11-02")


def test_a_correction_after_the_buyer_weighed_the_lot_is_judged_like_any_other(world):
    mined = world.mined()
    world.sent()
    world.catch_up()
    before = followed_size()
    body = {
        "facility": "mine:pit",
        "lot": {
            "lot": "mine:ore",
            "material": "copper_concentrate",
            "form": "concentrate",
            "quantity": kg("29000"),
            "owners": owned_by("mine"),
        },
    }
    amended = {
        "replaces": mined,
        "reason": "The truck scale was read wrongly.",
        "lots": ["mine:ore"],
        "replacement": {"effective": "2026-03-01T10:00:00-05:00", "body": body},
    }
    world.say("custody.correction", "mine", amended)
    world.catch_up()

    assert not Setback.objects.exists()
    row = Assessment.objects.get(lot="mine:ore", mineral="Cu", club="", is_current=True)
    assert row.log_size > before


# ── many lots at once ─────────────────────────────────────────────────────────────────────


def found_of(row):
    """Return what an assessment says, without the entries' own names."""
    return row.lot, row.mineral, row.club, row.verdict_digest, row.keys_read, row.inputs_read


def test_lots_in_parts_that_fit_into_memory_are_judged_as_they_are_together(world, monkeypatch):
    world.copper_chain()
    for number in range(3):
        world.say("custody.split", "smelter", a_part(number))
        world.offered(f"smelter:part-{number}")
    world.catch_up()
    together = [found_of(row) for row in Assessment.objects.order_by("lot", "mineral", "club")]

    monkeypatch.setattr(assessing, "MOST_UPSTREAM", 4)
    monkeypatch.setattr(assessing, "_assess", counted := Counted(assessing._assess))
    Assessment.objects.all().update(is_current=False)
    for lot in {lot for lot, *_ in together}:
        assessing._due_again({lot: NOW.date()}, followed_size())
    assert assessing.assess_due(now=NOW) == 5

    rows = Assessment.objects.filter(is_current=True).order_by("lot", "mineral", "club")
    assert [found_of(row) for row in rows] == together
    assert max(counted.lots) < 5
    assert sum(counted.lots) == 5


@given(st.lists(st.frozensets(st.integers(0, 30), min_size=1, max_size=12), max_size=20))
def test_a_part_of_a_batch_is_as_large_as_its_bound_allows(upstream):
    """`upstream` are the ancestors of each lot; a lot with more than the bound is alone."""
    names = [str(place) for place in range(len(upstream))]
    most = 10

    def led_by(lots):
        return len(frozenset[int]().union(*(upstream[int(name)] for name in lots)))

    with (
        patch.object(assessing, "MOST_UPSTREAM", most),
        patch.object(assessing, "led_by_more_than", lambda bound, lots: led_by(lots) > bound),
    ):
        parts = list(assessing._in_bounds(names))

    assert [name for part in parts for name in part] == names
    for part, following in zip_longest(parts, parts[1:], fillvalue=[]):
        assert len(part) == 1 or led_by(part) <= most
        assert not following or led_by([*part, following[0]]) > most


class Counted:
    """Counts how many lots are assessed at once."""

    def __init__(self, assess):
        self.assess, self.lots = assess, []

    def __call__(self, lots, terms):
        self.lots.append(len(lots))
        self.assess(lots, terms)


def a_part(number: int) -> dict:
    taken = {"lot": f"smelter:part-{number}", "quantity": kg("100")}
    return {"facility": "smelter:works", "lot": "smelter:cathode", "parts": [taken]}
