"""Assessing one dossier under the packs alone and under the policies of clubs on top.

A policy lays its own parameters over those of the packs. A rule that reads none of them finds
the same under the policy as without it, and is not asked twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from standards.rulebook.dossier import Dossier
from standards.rulebook.evaluation import Evaluation, evaluate
from standards.rulebook.law import Law
from standards.rulebook.policy import ClubPolicy
from standards.rulebook.remembering import Memory
from standards.rulebook.rule import Rule
from standards.rulebook.rules import RULES

PACKS_ALONE = ""
"""The name under which the findings without any club's policy stand."""


def assess(
    dossier: Dossier, law: Law, policies: Mapping[str, ClubPolicy], rules: Sequence[Rule] = RULES
) -> dict[str, Evaluation]:
    """Return the findings by club, and those of all rules under the packs alone.

    A club's are those of the rules it requires, under its own parameters.
    """
    memory: Memory = {}
    alone = {rule.id: evaluate(dossier, law, [rule], memory) for rule in rules}
    told = {PACKS_ALONE: _together(alone[rule.id] for rule in rules)}
    for club, policy in policies.items():
        under = Law(law.packs, policy.parameters)
        required = {requirement.rule_id for requirement in policy.requirements}
        told[club] = _together(
            alone[rule.id]
            if alone[rule.id].keys_read.isdisjoint(policy.parameters)
            else evaluate(dossier, under, [rule], memory)
            for rule in rules
            if rule.id in required
        )
    return told


def next_day(
    law: Law, evaluations: Mapping[str, Evaluation], policies: Mapping[str, ClubPolicy], after: date
) -> date | None:
    """Return the next day on which the calendar alone may change one of the findings."""
    days = [law.next_change(evaluations[PACKS_ALONE].keys_read, after=after)]
    for club, policy in policies.items():
        under = Law(law.packs, policy.parameters)
        days.append(under.next_change(evaluations[club].keys_read, after=after))
    return min((day for day in days if day is not None), default=None)


def _together(evaluations: Iterable[Evaluation]) -> Evaluation:
    parts = list(evaluations)
    return Evaluation(
        findings=tuple(finding for part in parts for finding in part.findings),
        keys_read=frozenset[str]().union(*(part.keys_read for part in parts)),
        inputs_read=frozenset[str]().union(*(part.inputs_read for part in parts)),
    )
