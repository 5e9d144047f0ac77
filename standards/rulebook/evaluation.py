"""Evaluating rules: exactly one finding per rule, and a record of everything that was read.

What authors of rules would forget is done here, once: a missing governing date, an unset
parameter and a day no version covers are *indeterminate*; a version that says `repealed` or
`not_yet_in_force` is *not applicable*; every provision read is cited; values nobody compared
with the official text show as notices.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from msgspec import Struct
from msgspec.structs import replace

from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import (
    Finding,
    Outcome,
    Subject,
    canonical_json,
    indeterminate,
    not_applicable,
)
from standards.rulebook.law import Law, Provision, Unavailable, value_of
from standards.rulebook.remembering import (
    Places,
    Recall,
    RecordingDossier,
    Sight,
    fields_of,
)
from standards.rulebook.rule import Rule
from standards.rulebook.watching import Watch
from traceability.ledger import plausibility

logger = logging.getLogger(__name__)

_OF_EVERY_LOT = frozenset({"lot_id", "mineral"})
"""What every finding says of its lot."""


class Answer(Struct, frozen=True, kw_only=True):
    """What a rule says of dossiers that are alike in all that it read, under one law.

    `finding` lacks its subject: that is each lot's own. `next_day` is the first later one on which
    the rule may say something else by the calendar, but for what the law itself says then.
    """

    finding: Finding
    next_day: date | None
    keys_read: frozenset[str]
    inputs_read: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What rules answered about one lot and mineral, in their order."""

    subject: Subject
    answers: tuple[Answer, ...]

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Return the findings about this subject, in the order of the rules."""
        return tuple([replace(one.finding, subject=self.subject) for one in self.answers])

    @cached_property
    def failed(self) -> frozenset[str]:
        """Return the rules that are not met."""
        found = (one.finding for one in self.answers)
        return frozenset(one.rule_id for one in found if one.outcome is Outcome.NONCONFORMING)

    @cached_property
    def keys_read(self) -> frozenset[str]:
        """Return the parameter keys that any rule asked for, found or not."""
        return frozenset[str]().union(*[one.keys_read for one in self.answers])

    @cached_property
    def inputs_read(self) -> frozenset[str]:
        """Return the fields of the dossier that any rule looked at; see `fields_of`."""
        return _OF_EVERY_LOT.union(*[one.inputs_read for one in self.answers])

    @cached_property
    def next_day(self) -> date | None:
        """Return the first later day on which a finding may be another one by the calendar."""
        days = (one.next_day for one in self.answers)
        return min((day for day in days if day is not None), default=None)

    def as_json(self) -> list[dict[str, Any]]:
        """Return the findings as JSON, in the order of the rules."""
        return [finding.as_json() for finding in self.findings]


class Applied:
    """A rule under one law, with what it answered so far."""

    __slots__ = ("_answers", "_law", "_rule")

    def __init__(self, rule: Rule, law: Law) -> None:
        self._rule, self._law = rule, law
        self._answers: Recall[Answer] = Recall()

    def to(self, sight: Sight) -> Answer:
        """Return what the rule says of a dossier: worked out, or as it said of one alike."""
        known = self._answers.find(sight)
        if known is not None:
            return known
        seen: Places = {}
        watch = Watch()
        dossier = cast("Dossier", RecordingDossier(sight, seen, watch))
        finding, read, keys = _apply(self._rule, dossier, self._law)
        treat_as = finding.treat_as
        if self._rule.burden_on_claimant and finding.outcome is Outcome.INDETERMINATE:
            treat_as = Outcome.NONCONFORMING
        cites, notices = _cited(finding, read)
        answer = Answer(
            finding=replace(
                finding, rule_id=self._rule.id, cites=cites, notices=notices, treat_as=treat_as
            ),
            next_day=watch.first,
            keys_read=frozenset(keys),
            inputs_read=fields_of(seen),
        )
        self._answers.keep(sight, seen, answer)
        return answer


def evaluate(dossier: Dossier, law: Law, rules: Iterable[Rule]) -> Evaluation:
    """Return one finding per rule for this lot and mineral."""
    sight = Sight(dossier)
    return evaluated(dossier, (Applied(rule, law).to(sight) for rule in rules))


def evaluated(dossier: Dossier, answers: Iterable[Answer]) -> Evaluation:
    """Return what rules answered, as said of this lot and mineral."""
    subject = Subject(kind="lot", id=dossier.lot_id, mineral=dossier.mineral)
    return Evaluation(subject=subject, answers=tuple(answers))


def _apply(
    rule: Rule, dossier: Dossier, law: Law
) -> tuple[Finding, Iterable[Provision], Iterable[str]]:
    """Return the answer of a rule, the provisions it read, and the keys it asked for."""
    day = dossier.governing_day(rule.governed_by)
    if day is None:
        return _not_concerned(rule, dossier, law)
    law_on_day = law.on(day)
    try:
        finding = rule(dossier, law_on_day)
    except Unavailable as signal:
        finding = _answer_without_law(signal)
    except Exception as error:  # noqa: BLE001 - whatever anybody stated, the other rules are told
        finding = _broken(rule, dossier, error)
    return finding, law_on_day.provisions_read.values(), law_on_day.keys_read


def _not_concerned(
    rule: Rule, dossier: Dossier, law: Law
) -> tuple[Finding, Iterable[Provision], Iterable[str]]:
    """Return what is so where the governing day is not known: what the rule's guard says, if so."""
    words = rule.governed_by.replace("_", " ")
    because = f"the law of the day it was {words.removesuffix(' on')} applies, which is unknown"
    answer = indeterminate(because, missing=(f"the date: {words}",))
    if rule.guard is None:
        return answer, (), ()
    law_on_day = law.on(dossier.as_of)
    try:
        told = rule.guard(dossier, law_on_day)
    except Unavailable:
        told = None
    except Exception as error:  # noqa: BLE001 - as in `_apply`
        told = _broken(rule, dossier, error)
    read = () if told is None else law_on_day.provisions_read.values()
    return told or answer, read, law_on_day.keys_read


def _broken(rule: Rule, dossier: Dossier, error: Exception) -> Finding:
    """Say of a rule that cannot be worked out that nothing is known, and log why it cannot be."""
    logger.error("Rule %s failed on lot %s.", rule.id, dossier.lot_id, exc_info=error)
    because = (
        f"{rule.id} could not be worked out ({type(error).__name__}); the operator is told why"
    )
    return indeterminate(because, missing=(f"a correction of {rule.id}, or of what it reads",))


def _answer_without_law(signal: Unavailable) -> Finding:
    cites = () if signal.provision is None else (signal.provision,)
    if not signal.applicable:
        return not_applicable(signal.because, *cites)
    return indeterminate(signal.because, *cites, missing=(value_of(signal.key),))


def _cited(
    finding: Finding, read: Iterable[Provision]
) -> tuple[tuple[Provision, ...], tuple[str, ...]]:
    """Return all provisions that were read or cited, and what they are not certain about."""
    cites = (*finding.cites, *(one for one in read if one not in finding.cites))
    notices = [notice for provision in cites for notice in _notices(provision)]
    notices = [notice for notice in notices if notice not in finding.notices]
    return cites, (*finding.notices, *notices)


def _notices(provision: Provision) -> list[str]:
    notices = []
    if provision.verification in ("secondary", "unverified"):
        words = {
            "secondary": "is read from a secondary source, not from the official text",
            "unverified": "has not been compared with any source",
        }
        notices.append(f"{provision.key} {words[provision.verification]}")
    if provision.status == "hypothetical":
        notices.append(f"{provision.key} is hypothetical: no law, standard or club has set it")
    return notices


def verdict_digest(evaluation: Evaluation) -> str:
    """Return the SHA-256 (hex) of the findings in canonical JSON, ordered by rule and subject.

    Log size, time and code version are no part of it, so it changes only when something a
    reader would see changes (DESIGN §3.1).
    """
    told = evaluation.as_json()
    told.sort(key=lambda one: (one["rule_id"], canonical_json(one["subject"])))
    return sha256(canonical_json(told)).hexdigest()


@cache
def code_version() -> str:
    """Return the SHA-256 (hex) over the source files of this package, read once.

    The plausibility checks of the ledger, on which rules rest as a whole, are among them. Packs
    are left out: they have digests of their own.
    """
    ours, checks = Path(__file__).parent, Path(plausibility.__file__).parent
    sources = [(ours, path) for path in ours.rglob("*.py")]
    sources += [(checks.parent, path) for path in checks.rglob("*.py")]
    names = {path.relative_to(folder).as_posix(): path for folder, path in sources}
    listing = "".join(
        f"{sha256(path.read_bytes()).hexdigest()}  {name}\n" for name, path in sorted(names.items())
    )
    return sha256(listing.encode()).hexdigest()
