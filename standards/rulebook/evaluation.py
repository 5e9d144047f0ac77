"""Evaluating rules: exactly one finding per rule, and a record of everything that was read.

What authors of rules would forget is done here, once: a missing governing date, an unset
parameter and a day no version covers are *indeterminate*; a version that says `repealed` or
`not_yet_in_force` is *not applicable*; every provision read is cited; values nobody compared
with the official text show as notices.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

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
from standards.rulebook.remembering import Memory, RecordingDossier
from standards.rulebook.rule import Rule
from traceability.ledger import plausibility


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The findings of one dossier, in the order of the rules, and what they rest on.

    Args:
        keys_read: parameter keys any rule asked for, found or not.
        inputs_read: fields of the dossier any rule looked at; a governing date is
            `dates.<name>`.
    """

    findings: tuple[Finding, ...]
    keys_read: frozenset[str]
    inputs_read: frozenset[str]

    def as_json(self) -> list[dict[str, Any]]:
        """Return the findings as JSON, in the order of the rules."""
        return [finding.as_json() for finding in self.findings]


def evaluate(
    dossier: Dossier, law: Law, rules: Iterable[Rule], memory: Memory | None = None
) -> Evaluation:
    """Return one finding per rule for this lot and mineral.

    Args:
        memory: what rules computed of this dossier before, to have it back; none: nothing yet.
    """
    inputs_read: set[str] = set()
    keys_read: set[str] = set()
    known: Memory = {} if memory is None else memory
    recording = cast("Dossier", RecordingDossier(dossier, inputs_read, known))
    subject = Subject(kind="lot", id=recording.lot_id, mineral=recording.mineral)
    findings: list[Finding] = []
    for rule in rules:
        finding, read = _apply(rule, recording, law, inputs_read, keys_read)
        treat_as = finding.treat_as
        if rule.burden_on_claimant and finding.outcome is Outcome.INDETERMINATE:
            treat_as = Outcome.NONCONFORMING
        told = _cited(finding, read) | {"subject": subject, "treat_as": treat_as}
        findings.append(replace(finding, rule_id=rule.id, **told))
    return Evaluation(
        findings=tuple(findings),
        keys_read=frozenset(keys_read),
        inputs_read=frozenset(inputs_read),
    )


def _apply(
    rule: Rule, dossier: Dossier, law: Law, inputs_read: set[str], keys_read: set[str]
) -> tuple[Finding, Iterable[Provision]]:
    """Return the answer of a rule, and the provisions it read."""
    day = _governing_day(rule, dossier, inputs_read)
    if day is None:
        answer = _not_concerned(rule, dossier, law, keys_read)
        if answer is not None:
            return answer
        words = rule.governed_by.replace("_", " ")
        because = f"the law of the day it was {words.removesuffix(' on')} applies, which is unknown"
        return indeterminate(because, missing=(f"the date: {words}",)), ()

    law_on_day = law.on(day)
    try:
        finding = rule(dossier, law_on_day)
    except Unavailable as signal:
        finding = _answer_without_law(signal)
    keys_read |= law_on_day.keys_read
    return finding, law_on_day.provisions_read.values()


def _not_concerned(
    rule: Rule, dossier: Dossier, law: Law, keys_read: set[str]
) -> tuple[Finding, Iterable[Provision]] | None:
    """Return the answer of a rule's guard where the governing day is not known."""
    if rule.guard is None:
        return None
    law_on_day = law.on(dossier.as_of)
    try:
        answer = rule.guard(dossier, law_on_day)
    except Unavailable:
        answer = None
    keys_read |= law_on_day.keys_read
    return None if answer is None else (answer, law_on_day.provisions_read.values())


def _governing_day(rule: Rule, dossier: Dossier, inputs_read: set[str]) -> date | None:
    if rule.governed_by == "as_of":
        return dossier.as_of
    inputs_read.add(f"dates.{rule.governed_by}")
    return dossier.dates.get(rule.governed_by)


def _answer_without_law(signal: Unavailable) -> Finding:
    cites = () if signal.provision is None else (signal.provision,)
    if not signal.applicable:
        return not_applicable(signal.because, *cites)
    return indeterminate(signal.because, *cites, missing=(value_of(signal.key),))


def _cited(finding: Finding, read: Iterable[Provision]) -> dict[str, Any]:
    """Return all provisions that were read or cited, and what they are not certain about."""
    cites = (*finding.cites, *(one for one in read if one not in finding.cites))
    notices = [notice for provision in cites for notice in _notices(provision)]
    notices = [notice for notice in notices if notice not in finding.notices]
    return {"cites": cites, "notices": (*finding.notices, *notices)}


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
