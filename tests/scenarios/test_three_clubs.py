"""One battery, three clubs: what the facts of the North American chain demand under each policy.

The northern buyers' club is the scenario's own. Beside it stand a lenient and a strict one, so
that the same facts are judged three times. What is expected was derived by hand:

*Lithium.* All of LIOH-26-04 is of Harricana: IRMA 75, Canada. None of LCE-26-01 is of an audited
mine: the register of 2026-10-15 is complete and does not list the wellfield. The cells hold 75.98 %
of the first (5,265,385 of 6,930,000 mg a vehicle): enough for 25 % and 75 %, not for all of it.

*Nickel.* 31,211.8 of the 49,474.6 kg in NISO4-09 (63.09 %) are of Whitefish, IRMA 50; the rest came
as hydroxide from Indonesia, its mine and refinery unnamed. 25 % is passed whatever they were, 75 %
may be passed, all at IRMA 75 cannot be: what is of IRMA 50 fails already. Of what smelters and
refiners worked, 63.09 % passed none but sites with the mark. RNISO4-04 is recycled in Nevada:
left apart by two clubs, "not of an audited mine" for the strict one.

*Cobalt.* 20.49 % of COSO4-09 is of Whitefish, the rest of the Congo and Indonesia: 25 % may be
passed, half mined in North America cannot be. In the cells recycled cobalt counts as of where it
was collected: (936,404 + 1,370,769) of 5,940,000 mg, 38.84 %.

*Copper.* CATH-26-04 left the Sonora mine (IRMA 50) before its suspension, CATH-26-09 on 2026-09-05,
after it. Both were worked by sites that hold the Copper Mark.

*Graphite.* CSG-A left Mauricie (IRMA 50) in time, CSG-B eight days after the audit expired, the
re-assessment over by then. CELLS-02 hold 12 kg from China in 20.

*Manganese.* No club asks for an audit of it; the lenient one asks for nothing at all, and what
nobody asks for is not passed.
"""

import json
import shutil

import pytest
from django.core.management import call_command
from django.test import override_settings

from standards.assessing import assess_due
from standards.demonstrating import SCENARIOS
from standards.following import follow_log
from standards.models import Assessment, DueAssessment, Judgement
from standards.replaying import replay
from standards.scenario import parse_scenario
from tests.scenarios.test_recall_of_battery import SHIPPED, came, standing
from traceability.ledger.effective import parse_effective
from traceability.publishing import publish_checkpoint
from traceability.registering import record_as_service, statement_document

pytestmark = pytest.mark.django_db
STORY = json.loads((SCENARIOS / "battery.json").read_bytes())
ON, NOW = "2026-10-20", parse_effective("2026-10-20T18:00:00Z").start  # the story's last day
CLUBS = ("lenient-club", "northern-club", "strict-club")
METALS = ["Li", "Ni", "Co", "Cu", "graphite"]

# ── the policies ──────────────────────────────────────────────────────────────────────────


def value(club, clause, key, unit, told):
    version = {"in_force_from": "2026-01-01", "value": told, "source": f"{club}, clause {clause}"}
    return {"key": key, "title": key, "unit": unit, "versions": [version]}


def asked(rule, minerals=None, **more):
    row = {"rule_id": rule, "severity": "major", "flag_due_days": 30, **more}
    return row | ({"minerals": minerals} if minerals else {})


PARAMETERS = {
    "lenient-club": [
        (1, "irma.minimum_level", "text", "IRMA Transparency"),
        (1, "irma.minimum_share", "share", "0.25"),
        (2, "irma.recycled_treatment", "text", "apart"),
        (3, "copper_mark.minimum_share", "share", "0.5"),
    ],
    "strict-club": [
        (1, "irma.minimum_level", "text", "IRMA 75"),
        (1, "irma.minimum_share", "share", "1"),
        (2, "irma.recycled_treatment", "text", "outside"),
        (3, "geography.mined_group", "text", "geography.usmca_parties"),
        (3, "geography.minimum_mined_share", "share", "0.9"),
        (3, "geography.recycled_treatment", "text", "where_collected"),
        (4, "copper_mark.minimum_share", "share", "1"),
    ],
}
REQUIREMENTS = {
    "lenient-club": [asked("IRMA-02", METALS, grace_days=180), asked("CM-01", ["Cu", "Ni"])],
    "strict-club": [
        asked("IRMA-02", METALS),
        asked("B1"),
        asked("B4"),
        asked("CM-02", ["Cu", "Ni"]),
        asked("MB-13"),
    ],
}

# ── what each club must say ───────────────────────────────────────────────────────────────

P, G, I, F = "pass", "grace", "indeterminate", "fail"  # noqa: E741 - the words of the tables
OPEN = {"MB-13": I}  # nobody says what went into a refinery that is not named
NICKEL = [
    (P, {}),
    (I, {"IRMA-02": I, "CM-02": I} | OPEN),
    (F, {"IRMA-02": F, "B1": F, "CM-02": I} | OPEN),
]
COBALT = [
    (I, {"IRMA-02": I}),
    (F, {"IRMA-02": I, "B1": F, "B4": I} | OPEN),
    (F, {"IRMA-02": F, "B1": F, "B4": I} | OPEN),
]
COPPER = [(P, {}), (P, {}), (F, {"IRMA-02": F})]
LITHIUM = [(P, {}), (P, {}), (F, {"IRMA-02": F})]
MANGANESE = [(I, {}), (I, OPEN), (I, OPEN)]
GRAPHITE = [(P, {}), (P, {}), (F, {"IRMA-02": F})]
CHINESE = [
    (P, {}),
    (F, {"IRMA-02": I, "B1": F, "B4": F} | OPEN),
    (F, {"IRMA-02": F, "B1": F, "B4": F} | OPEN),
]
CELL = {"Li": LITHIUM, "Ni": NICKEL, "Co": COBALT, "Cu": COPPER, "Mn": MANGANESE}
EXPECTED = {
    "st-maurice-conversion:LIOH-26-04": {"Li": [(P, {})] * 3},
    "great-basin-brine:LCE-26-01": {"Li": [(F, {"IRMA-02": F})] * 3},
    "temiskaming-refining:NISO4-09": {"Ni": NICKEL},
    "temiskaming-refining:COSO4-09": {"Co": COBALT},
    "nevada-recovery:RNISO4-04": {"Ni": [(P, {}), (P, {}), (F, {"IRMA-02": F})]},
    "mauricie-graphite:CSG-A": {"graphite": GRAPHITE},
    "mauricie-graphite:CSG-B": {
        "graphite": [(G, {"IRMA-02": G}), (G, {"IRMA-02": G}), (F, {"IRMA-02": F})]
    },
    "gulf-refining:CATH-26-04": {"Cu": COPPER},
    "gulf-refining:CATH-26-09": {"Cu": [(F, {"IRMA-02": F})] * 3},
    "ohio-cells:CELLS-01": CELL | {"graphite": GRAPHITE},
    "ohio-cells:CELLS-02": CELL | {"graphite": CHINESE},
    "superior-motors:EV-70001": CELL | {"graphite": GRAPHITE},
    "superior-motors:EV-70002": CELL | {"graphite": CHINESE},
}
"""By lot and mineral, for each club: its verdict, and the requirements that are not met."""

CITING = (
    "temiskaming-refining:NISO4-09",
    "nevada-recovery:RNISO4-04",
    "gulf-refining:CATH-26-09",
    "ohio-cells:CELLS-02",
)
"""Lots whose findings are looked at clause by clause: all minerals and all rules are here."""

FIGURES = {
    ("temiskaming-refining:NISO4-09", "northern-club", "Ni", "IRMA-02"): "63.09 % to 100 %",
    ("temiskaming-refining:NISO4-09", "northern-club", "Ni", "CM-02"): "63.09 % to 100 %",
    ("temiskaming-refining:NISO4-09", "strict-club", "Ni", "IRMA-02"): "0 % to 36.91 %",
    ("temiskaming-refining:COSO4-09", "lenient-club", "Co", "IRMA-02"): "20.49 % to 100 %",
    ("temiskaming-refining:COSO4-09", "northern-club", "Co", "B1"): "20.49 %",
    ("ohio-cells:CELLS-01", "northern-club", "Co", "B1"): "38.84 %",
    ("ohio-cells:CELLS-01", "strict-club", "Li", "IRMA-02"): "75.98 %",
    ("ohio-cells:CELLS-01", "strict-club", "Ni", "B1"): "70.07 %",
    ("ohio-cells:CELLS-02", "northern-club", "graphite", "B1"): "40 %",
    ("ohio-cells:CELLS-02", "strict-club", "graphite", "B4"): "at least 60 %",
}


def whole_story():
    """Return the scenario with two more clubs, and every lot asked about under all three."""
    steps = [step for step in STORY["steps"] if "ask" not in step]
    for club, parameters in PARAMETERS.items():
        members = {"audience": club, "members": ["superior-motors", "cascadia-trucks"]}
        body = {
            "club": club,
            "version": "1",
            "title": club,
            "effective_from": "2026-01-01",
            "parameters": [value(club, *told) for told in parameters],
            "requirements": REQUIREMENTS[club],
        }
        for kind, told in (("registry.audience", members), ("standards.policy", body)):
            steps.append({"kind": kind, "author": club, "effective": "2026-10-01", "body": told})
    steps.append({"publish": True})
    for lot in EXPECTED:
        for club in CLUBS:
            about = {"subject": lot, "policy": club, "as_of": ON}
            steps.append({"ask": "verdict"} | about)
            if lot in CITING:
                steps.append({"ask": "findings"} | about)
    clubs = [
        {"organization": club, "name": f"{club} (illustrative)", "country": "US", "roles": ["club"]}
        for club in PARAMETERS
    ]
    return STORY | {"organizations": STORY["organizations"] + clubs, "steps": steps}


@pytest.fixture(scope="module")
def told(django_db_setup, django_db_blocker, tmp_path_factory):
    """Tell the story once; answers by question, lot and club, and where the ledger's guard is."""
    guard = str(tmp_path_factory.mktemp("guard") / "checkpoint")
    with django_db_blocker.unblock(), override_settings(GUARD_PATH=guard):
        done = replay(parse_scenario(json.dumps(whole_story()).encode()))
    answers = {}
    for one in done.answers:
        about = one.question
        answers[about["ask"], about["subject"], about["policy"]] = one.value
    yield answers, guard
    with django_db_blocker.unblock():
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture
def answers(told, settings, tmp_path):
    """Return the answers; what a test adds to the ledger ends with it, so the guard is its own."""
    settings.GUARD_PATH = shutil.copy(told[1], tmp_path / "own_checkpoint")
    return told[0]


# ── the verdicts ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("lot", EXPECTED)
def test_each_club_says_of_a_lot_what_the_facts_demand(answers, lot):
    for place, club in enumerate(CLUBS):
        told = answers["verdict", lot, club]["minerals"]
        assert told.keys() == EXPECTED[lot].keys()
        for mineral, by_club in EXPECTED[lot].items():
            unmet = {
                rule: one["verdict"]
                for rule, one in told[mineral]["rules"].items()
                if one["verdict"] != P
            }
            assert (told[mineral]["verdict"], unmet) == by_club[place], (club, mineral)


def test_the_figures_are_those_reckoned_by_hand(answers):
    for (lot, club, mineral, rule), figure in FIGURES.items():
        because = answers["verdict", lot, club]["minerals"][mineral]["rules"][rule]["because"]
        assert because.startswith(figure), (lot, club, because)


@pytest.mark.parametrize("club", CLUBS)
def test_every_finding_names_the_clauses_of_the_club_and_of_the_scheme(answers, club):
    own = {"northern-club": "Northern buyers' club, policy 2026-1, clause "}.get(
        club, f"{club}, clause "
    )
    clubs_word = {
        "IRMA-02": {"irma.minimum_level", "irma.minimum_share"},
        "CM-01": {"copper_mark.minimum_share"},
        "CM-02": {"copper_mark.minimum_share"},
        "B1": {"geography.mined_group", "geography.minimum_mined_share"},
    }
    schemes_word = {
        "IRMA-02": {"irma.levels", "irma.time_rule", "irma.assessed_stages"},
        "CM-01": {"copper_mark.assessed_stages"},
        "CM-02": {"copper_mark.marks"},
        "B1": {"geography.usmca_parties"},
        "B4": {"geography.covered_nations"},
    }
    for lot in CITING:
        for by_rule in answers["findings", lot, club].values():
            for rule, finding in by_rule.items():
                if finding["outcome"] == "not_applicable":
                    continue
                sources = {one["key"]: one["source"] for one in finding["cites"]}
                for key in clubs_word.get(rule, ()):
                    assert sources[key].startswith(own), (lot, rule)
                assert schemes_word.get(rule, set()) <= sources.keys(), (lot, rule)
                assert all(source for source in sources.values())


# ── one certificate changes ───────────────────────────────────────────────────────────────


def passed(site):
    """Lots of metal that was mined or worked at a site, by the JSON alone.

    What is recovered from scrap begins anew, as recycled: no certificate of a mine is behind it.
    """
    found = set()
    for kind, body, _day in standing(SHIPPED):
        here = body.get("facility") == site and kind in ("extraction", "transformation")
        for made, takes in came(kind, body):
            if here or (takes & found and kind != "recovery"):
                found.add(made)
    return found


def standing_now():
    """What is kept of each lot: its current assessments, and what the clubs make of them."""
    rows = Assessment.objects.filter(is_current=True)
    judged = Judgement.objects.filter(is_current=True)
    kept = {(row.lot, row.mineral, row.club): row.pk for row in rows}
    return kept, {(row.lot, row.mineral, row.club_id): row.verdict for row in judged}


def change(certificate, status):
    body = {
        "certificate": certificate,
        "status": status,
        "effective_from": "2026-03-01",
        "because": "Changed for this test (invented).",
        "retroactive": False,
    }
    document = statement_document(
        kind="standards.certificate_status",
        author="mine-registrar",
        effective=ON,
        body=body,
    )
    record_as_service([document], now=NOW)
    publish_checkpoint(now=NOW)
    follow_log(now=NOW)


@pytest.mark.parametrize(
    ("certificate", "site"),
    [
        ("mine-registrar:AUD-101", "harricana-lithium:mine"),
        ("mine-registrar:AUD-102", "whitefish-nickel:mine"),
        ("mine-registrar:AUD-103", "mauricie-graphite:mine"),
        ("mine-registrar:MRK-201", "gila-smelting:smelter"),
    ],
)
def test_a_changed_certificate_lets_exactly_the_lots_be_judged_again_that_it_can_affect(
    answers, certificate, site
):
    change(certificate, "suspended")

    due = DueAssessment.objects.filter(due_on__lte=NOW.date())
    assert {row.lot for row in due} == passed(site) != set()
    assert {row.because for row in due} == {"certificate"}


def test_a_suspended_mine_changes_the_verdicts_that_rest_on_it_and_no_other(answers):
    kept, before = standing_now()

    change("mine-registrar:AUD-102", "suspended")  # Whitefish, before anything left it
    while assess_due(now=NOW):
        pass

    kept_now, after = standing_now()
    again = {name for name, row in kept_now.items() if kept.get(name) != row}
    assert kept_now.keys() == kept.keys()
    assert {mineral for _, mineral, _ in again} == {"Ni", "Co", "Cu"}  # what the audit covers
    # The ore itself never left the mine: there is no day on which the audit would have to hold.
    ore = {"whitefish-nickel:ORE-12"}
    assert {lot for lot, _, _ in again} == passed("whitefish-nickel:mine") - ore
    # The northern club sees the nickel sulfate and what its members hold. Of the nickel at most
    # 36.91 % may now be of an audited mine: 75 % fails. 25 % may still be passed, or not.
    changed = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
    assert changed["temiskaming-refining:NISO4-09", "Ni", "northern-club"] == (I, F)
    assert {mineral for _, mineral, _ in changed} == {"Ni"}
    assert {lot for lot, _, _ in changed} <= passed("whitefish-nickel:mine")
    vehicle = "superior-motors:EV-70001"
    assert changed[vehicle, "Ni", "northern-club"] == (I, F)
    assert changed[vehicle, "Ni", "lenient-club"] == (P, I)
    assert (vehicle, "Ni", "strict-club") not in changed  # it failed before
