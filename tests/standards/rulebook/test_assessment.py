"""One dossier under the packs alone and under policies: nothing is asked twice for nothing."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from rulebook_builders import credential, dossier, entry, exactly, snapshot, source, step

from standards.rulebook import assessment
from standards.rulebook.assessment import PACKS_ALONE, Bench, assess
from standards.rulebook.evaluation import evaluate, verdict_digest
from standards.rulebook.findings import Outcome
from standards.rulebook.law import Law
from standards.rulebook.pack_format import shipped_packs
from standards.rulebook.parts import Numbered, Part, Parted
from standards.rulebook.policy_format import parse_policy
from standards.rulebook.rules import RULES
from traceability.ledger.plausibility.view import Observation

PACKS = [pack for pack in shipped_packs() if not pack.overlays]

LATE = Observation(
    entry=entry("a"),
    author="acme",
    lot="acme:L1",
    facility="acme:plant",
    because="it was stated late",
    missing=("a reason",),
)


def policy(tolerance: str, *, later: str | None = None, rules: tuple[str, ...] = ("MB-13",)):
    versions = [{"value": tolerance, "in_force_from": "2026-01-01", "source": "Clause 1"}]
    if later:
        versions.append({"value": "0", "in_force_from": later, "source": "Clause 2"})
    return parse_policy(
        {
            "club": "acme-club",
            "version": "1",
            "title": "Policy",
            "effective_from": "2026-01-01",
            "parameters": {
                "custody.output_excess_tolerance": {
                    "title": "Tolerance",
                    "unit": "share",
                    "versions": versions,
                }
            },
            "requirements": [
                {"rule_id": rule, "severity": "major", "flag_due_days": 3} for rule in rules
            ],
        }
    )


def excess():
    return dossier(source(105), steps=(step(105, input_mg=exactly(100), output_mg=exactly(105)),))


def test_a_policy_decides_with_its_own_values_and_only_what_it_requires():
    told = assess(excess(), Law(PACKS), {"acme-club": policy("0.1")})

    [under] = told["acme-club"].findings
    assert (under.rule_id, under.outcome) == ("MB-13", Outcome.CONFORMS)
    assert under.cites[0].value == Decimal("0.1")
    assert [one.rule_id for one in told[PACKS_ALONE].findings] == [rule.id for rule in RULES]


def test_the_findings_are_those_of_evaluating_everything_anew():
    adopted = policy("0.1", rules=("B4", "MB-13"))
    law, under = Law(PACKS), Law(PACKS, adopted.parameters)

    told = assess(excess(), law, {"acme-club": adopted})

    required = [rule for rule in RULES if rule.id in ("B4", "MB-13")]
    assert verdict_digest(told["acme-club"]) == verdict_digest(evaluate(excess(), under, required))
    assert verdict_digest(told[PACKS_ALONE]) == verdict_digest(evaluate(excess(), law, RULES))


def test_the_calendar_counts_the_changes_that_somebody_read():
    adopted = {"acme-club": policy("0.1", later="2026-12-01")}
    bench, nothing = Bench(Law(PACKS), adopted), Bench(Law([]), {})

    told = bench.assess(excess(), ["acme-club"])

    for _ in range(2):
        assert bench.next_day(told, date(2026, 11, 30)) == date(2026, 12, 1)
    assert nothing.next_day(nothing.assess(excess(), []), date(2026, 11, 1)) is None


FEW = st.sampled_from
LOTS = st.builds(
    dossier,
    st.builds(source, FEW([1, 2]), FEW(["CL", "CN", None])),
    lot_id=FEW(["acme:L1", "acme:L2"]),
    mineral=FEW(["Cu", "Co"]),
    steps=FEW([(), (step(2),), (step(2, country=None), step(1, stage="refining"))]),
    credentials=FEW([(), (credential(),), (credential("copper_mark"),)]),
    snapshots=FEW([(), (snapshot(),)]),
    dates=FEW([{}, {"imported_on": date(2026, 5, 1)}]),
    observations=FEW([{}, {"PL-06": (LATE,)}, {"PL-06": (LATE, LATE), "PL-13": (LATE,)}]),
)


@settings(max_examples=25, deadline=None)
@given(lots=st.lists(LOTS, min_size=2, max_size=6), data=st.data())
def test_a_bench_says_of_every_lot_what_it_would_say_of_that_lot_alone(lots, data):
    """In whatever company, and whichever things of several lots are known to be the same."""
    adopted = {"acme-club": policy("0.1")}
    bench = Bench(Law(PACKS), adopted)
    numbered: dict[object, Numbered] = {}
    for lot in lots:
        alike = {
            name: numbered.setdefault((name, told), Numbered(told))
            for name in ("sources", "steps", "credentials", "snapshots")
            if data.draw(st.booleans()) and (told := getattr(lot, name))
        }
        measured = {
            check: numbered.setdefault((check, told), Parted.of([Part(told)]))
            for check, told in lot.observations.items()
        }
        about = replace(lot, observations=measured, **alike)
        assert bench.assess(about, adopted) == assess(lot, Law(PACKS), adopted)


def test_what_was_said_of_many_lots_is_forgotten_and_said_again(monkeypatch):
    monkeypatch.setattr(assessment, "MOST_REMEMBERED", 1)
    bench, adopted = Bench(Law(PACKS), {}), {}

    for lot in ("acme:L1", "acme:L2", "acme:L3"):
        about = replace(excess(), lot_id=lot)
        assert bench.assess(about, adopted) == assess(about, Law(PACKS), adopted)


# ── what cannot be worked out ─────────────────────────────────────────────────────────────


def test_a_rule_that_fails_leaves_its_own_finding_open_and_no_other(caplog):
    def fails(_dossier, law):
        law["irma.levels"]
        raise OverflowError("date value out of range")

    broken = replace(RULES[0], id="X-1", check=fails)
    guarded = replace(broken, id="X-2", governed_by="sold_on", guard=fails)
    told = Bench(Law(PACKS), {}, [broken, guarded, *RULES]).assess(excess(), [])[PACKS_ALONE]
    first, second, *others = told.findings
    assert first.outcome is second.outcome is Outcome.INDETERMINATE
    assert first.because == "X-1 could not be worked out (OverflowError); the operator is told why"
    assert first.missing == ("a correction of X-1, or of what it reads",)
    assert told.answers[0].keys_read == {"irma.levels"}
    assert others == list(assess(excess(), Law(PACKS), {})[PACKS_ALONE].findings)
    logged = [one for one in caplog.records if one.name == "standards.rulebook.evaluation"]
    assert [one.getMessage() for one in logged] == [
        "Rule X-1 failed on lot acme:L1.",
        "Rule X-2 failed on lot acme:L1.",
    ]
    assert all(one.exc_info for one in logged)
