"""One dossier under the packs alone and under policies: nothing is asked twice for nothing."""

from datetime import date
from decimal import Decimal

from rulebook_builders import dossier, exactly, source, step

from standards.rulebook.assessment import PACKS_ALONE, assess, next_day
from standards.rulebook.evaluation import evaluate, verdict_digest
from standards.rulebook.findings import Outcome
from standards.rulebook.law import Law
from standards.rulebook.pack_format import shipped_packs
from standards.rulebook.policy_format import parse_policy
from standards.rulebook.rules import RULES

PACKS = [pack for pack in shipped_packs() if not pack.overlays]


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
    told = assess(excess(), Law(PACKS), adopted)

    assert next_day(Law(PACKS), told, adopted, date(2026, 11, 30)) == date(2026, 12, 1)
    assert next_day(Law([]), assess(excess(), Law([]), {}), {}, date(2026, 11, 1)) is None
