"""Assessing dossiers under the packs alone and under the policies of clubs on top.

A policy lays its own parameters over those of the packs. A rule that reads none of them finds
the same under the policy as without it, and is not asked twice; nor is one about a lot that is
like another in all that the rule reads.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from standards.rulebook.dossier import Dossier
from standards.rulebook.evaluation import Answer, Applied, Evaluation, evaluated
from standards.rulebook.law import Law
from standards.rulebook.policy import ClubPolicy
from standards.rulebook.remembering import Sight
from standards.rulebook.rule import Rule
from standards.rulebook.rules import RULES

MOST_REMEMBERED = 64
"""How many lots and minerals are told before what was said of them is forgotten."""
PACKS_ALONE = ""
"""The name under which the findings without any club's policy stand."""


class Bench:
    """Assesses one lot and mineral after the other, under one law and the same policies."""

    def __init__(
        self, law: Law, policies: Mapping[str, ClubPolicy], rules: Sequence[Rule] = RULES
    ) -> None:
        self._laws = {PACKS_ALONE: law}
        self._laws |= {club: Law(law.packs, policy.parameters) for club, policy in policies.items()}
        self._policies, self._rules = policies, rules
        self._required = {
            club: {requirement.rule_id for requirement in policy.requirements}
            for club, policy in policies.items()
        }
        self._applied: dict[tuple[str, str], Applied] = {}
        self._told = 0
        self._changes: dict[tuple[str, frozenset[str], date], date | None] = {}

    def assess(self, dossier: Dossier, clubs: Iterable[str]) -> dict[str, Evaluation]:
        """Return the findings by club, and those of all rules under the packs alone.

        A club's are those of the rules it requires, under its own parameters.
        """
        if self._told == MOST_REMEMBERED:
            self._applied.clear()
            self._told = 0
        self._told += 1
        sight = Sight(dossier)
        alone = {rule.id: self._answer(PACKS_ALONE, rule, sight) for rule in self._rules}
        told = {PACKS_ALONE: evaluated(dossier, alone.values())}
        for club in clubs:
            own, required = self._policies[club].parameters, self._required[club]
            answers = [
                alone[rule.id]
                if alone[rule.id].keys_read.isdisjoint(own)
                else self._answer(club, rule, sight)
                for rule in self._rules
                if rule.id in required
            ]
            told[club] = evaluated(dossier, answers)
        return told

    def next_day(self, told: Mapping[str, Evaluation], after: date) -> date | None:
        """Return the next day on which the calendar alone may change one of the findings."""
        days = [self._next_change(club, one.keys_read, after) for club, one in told.items()]
        days += [one.next_day for one in told.values()]
        return min((day for day in days if day is not None and day > after), default=None)

    def _answer(self, club: str, rule: Rule, sight: Sight) -> Answer:
        applied = self._applied.get((club, rule.id))
        if applied is None:
            applied = self._applied[club, rule.id] = Applied(rule, self._laws[club])
        return applied.to(sight)

    def _next_change(self, club: str, keys: frozenset[str], after: date) -> date | None:
        """Return the next change of what was read: of most lots the same."""
        question = (club, keys, after)
        if question not in self._changes:
            self._changes[question] = self._laws[club].next_change(keys, after=after)
        return self._changes[question]


def assess(
    dossier: Dossier, law: Law, policies: Mapping[str, ClubPolicy], rules: Sequence[Rule] = RULES
) -> dict[str, Evaluation]:
    """Return the findings about one lot and mineral by club, and under the packs alone."""
    return Bench(law, policies, rules).assess(dossier, policies)
