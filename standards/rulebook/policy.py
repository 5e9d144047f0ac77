"""A club's policy: which findings it requires, how much they matter, and what it waives.

`judge()` turns findings (facts) into a judgement. The worst requirement decides:
FAIL > INDETERMINATE > WAIVED > GRACE > PASS. A waiver or a grace period changes the judgement,
never the finding, and earns no credit. Parsing lives in `standards.rulebook.policy_format`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Literal, get_args

from msgspec.structs import replace

from standards.rulebook.findings import (
    Finding,
    Outcome,
    Subject,
    conforms,
    indeterminate,
    nonconforming,
    not_applicable,
)
from standards.rulebook.law import Parameter
from standards.rulebook.waiving import Reach, Waiver, best_reach

Severity = Literal["info", "minor", "major", "critical"]
SEVERITIES: tuple[str, ...] = get_args(Severity)


class Verdict(StrEnum):
    """What a club makes of a lot, the worst first."""

    FAIL = "fail"
    INDETERMINATE = "indeterminate"
    WAIVED = "waived"
    GRACE = "grace"
    PASS = "pass"  # noqa: S105 - a verdict, no password


_WORST_FIRST = tuple(Verdict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One row of a policy.

    Args:
        minerals: those it is required for; None for all.
        grace_days: accepted days between expiry of a certificate and the day that counted,
            where its renewal was under way; 0 for none.
        flag_due_days: days an officer has to work a flag about it.
        waivable: False for hard stops, which no waiver reaches.
        second_approver: whether a waiver needs two people.
    """

    rule_id: str
    minerals: tuple[str, ...] | None
    severity: Severity
    grace_days: int = 0
    flag_due_days: int
    waivable: bool = True
    second_approver: bool = False

    def concerns(self, mineral: str | None) -> bool:
        """Tell whether a finding about this mineral (None: about no mineral) is required."""
        return self.minerals is None or mineral is None or mineral in self.minerals


@dataclass(frozen=True, slots=True, kw_only=True)
class ClubPolicy:
    """One adopted version of a club's policy.

    Args:
        club: id of the club's organization.
        effective_from: first day it applies.
        parameters: the club's own dated provisions by key; laid over the packs' (`Law`).
        digest: SHA-256 of the canonical JSON of the body, hex.
    """

    club: str
    version: str
    title: str
    effective_from: date
    parameters: Mapping[str, Parameter]
    requirements: tuple[Requirement, ...]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What one requirement contributes to a judgement.

    Args:
        outcome: of the finding; None where there is no finding.
        waiver_id: the waiver used, or None.
        policy_check: the check behind the verdict: POL-04 for grace, POL-05 for a waiver that
            covers it, POL-06 for one that may not.
    """

    rule_id: str
    subject: Subject
    verdict: Verdict
    outcome: Outcome | None
    severity: Severity
    flag_due_days: int
    because: str
    waiver_id: str | None = None
    policy_check: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the reason as JSON."""
        return {
            "rule_id": self.rule_id,
            "subject": self.subject.as_json(),
            "verdict": self.verdict.value,
            "outcome": None if self.outcome is None else self.outcome.value,
            "severity": self.severity,
            "flag_due_days": self.flag_due_days,
            "because": self.because,
            "waiver_id": self.waiver_id,
            "policy_check": self.policy_check,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A club's verdict with one reason per requirement and subject, worst first.

    `because` is the worst reason's sentence, or why there is no reason at all.
    """

    club: str
    policy_version: str
    policy_digest: str
    on: date
    verdict: Verdict
    because: str
    reasons: tuple[Reason, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the judgement as JSON."""
        return {
            "club": self.club,
            "policy_version": self.policy_version,
            "policy_digest": self.policy_digest,
            "on": self.on.isoformat(),
            "verdict": self.verdict.value,
            "because": self.because,
            "reasons": [reason.as_json() for reason in self.reasons],
        }


def judge(
    findings: Sequence[Finding], policy: ClubPolicy, waivers: Iterable[Waiver], on: date
) -> Judgement:
    """Judge findings under a policy on a day: one reason per requirement and subject.

    A required rule without a finding is INDETERMINATE, and so are a day before the policy
    applies and a subject of which it requires nothing: absence is never a pass.
    `not_applicable` is neutral: it counts as PASS.
    """
    if on < policy.effective_from:
        because = f"the policy applies from {policy.effective_from}"
        return _judgement(policy, on, Verdict.INDETERMINATE, because, ())
    own = [waiver for waiver in waivers if waiver.club == policy.club]
    told = [*findings, *waiver_findings(findings, policy, own, on)]
    reasons: list[Reason] = []
    for requirement in policy.requirements:
        for subject, finding in _required(told, requirement):
            about = [one for one in findings if one.subject == subject]
            reasons.append(_reason(requirement, subject, finding, _Bench(own, about, on)))

    reasons.sort(key=lambda reason: _WORST_FIRST.index(reason.verdict))  # stable: policy order
    if not reasons:
        because = "the policy requires nothing of what was assessed"
        return _judgement(policy, on, Verdict.INDETERMINATE, because, ())
    return _judgement(policy, on, reasons[0].verdict, reasons[0].because, tuple(reasons))


def _judgement(
    policy: ClubPolicy, on: date, verdict: Verdict, because: str, reasons: tuple[Reason, ...]
) -> Judgement:
    return Judgement(
        club=policy.club,
        policy_version=policy.version,
        policy_digest=policy.digest,
        on=on,
        verdict=verdict,
        because=because,
        reasons=reasons,
    )


def _required(
    findings: Sequence[Finding], requirement: Requirement
) -> list[tuple[Subject, Finding | None]]:
    """Return the findings a row asks for, and None for each lot and mineral without one."""
    found: list[tuple[Subject, Finding | None]] = [
        (finding.subject, finding)
        for finding in findings
        if finding.rule_id == requirement.rule_id and requirement.concerns(finding.subject.mineral)
    ]
    answered = {subject for subject, _ in found}
    lots = {f.subject for f in findings if f.subject.kind == "lot"} - answered
    if any(subject.kind != "lot" for subject in answered):
        return found  # the rule is about claims, products or sites: no lot lacks a finding
    for subject in sorted(lots, key=lambda subject: (subject.id, subject.mineral or "")):
        if requirement.concerns(subject.mineral):
            found.append((subject, None))
    return found


@dataclass(frozen=True, slots=True)
class _Bench:
    """What a requirement is judged with: the club's waivers, all findings of the lot, the day."""

    waivers: Sequence[Waiver]
    findings: Sequence[Finding]
    on: date


def _reason(
    requirement: Requirement, subject: Subject, finding: Finding | None, bench: _Bench
) -> Reason:
    verdict, because = _verdict(requirement, finding)
    waiver_id = None
    check = "POL-04" if verdict is Verdict.GRACE else None
    if finding is not None and verdict in (Verdict.FAIL, Verdict.INDETERMINATE):
        verdict, because, waiver_id, check = _waived(requirement, finding, verdict, because, bench)
    return Reason(
        rule_id=requirement.rule_id,
        subject=subject,
        verdict=verdict,
        outcome=None if finding is None else finding.outcome,
        severity=requirement.severity,
        flag_due_days=requirement.flag_due_days,
        because=because,
        waiver_id=waiver_id,
        policy_check=check,
    )


def _waived(
    requirement: Requirement, finding: Finding, verdict: Verdict, because: str, bench: _Bench
) -> tuple[Verdict, str, str | None, str | None]:
    """Return verdict, reason, waiver and check of a finding that does not pass by itself."""
    covering = [one for one in bench.waivers if one.covers(finding)]
    needs_second = requirement.second_approver
    found = best_reach(covering, bench.findings, bench.on, needs_second=needs_second)
    if found is None:
        return verdict, because, None, None
    reach, why, waiver = found
    if not may_be_waived(requirement, waiver):
        told = f"{because} (no waiver reaches this rule; {waiver.id} names it)"
        return verdict, told, None, "POL-06"
    if reach is Reach.HOLDS:
        return Verdict.WAIVED, f"{because} ({why})", waiver.id, "POL-05"
    if reach is Reach.PENDING:
        return Verdict.INDETERMINATE, f"{because} ({why})", None, "POL-05"
    return verdict, f"{because} ({why})", None, "POL-05"


def may_be_waived(requirement: Requirement, waiver: Waiver) -> bool:
    """Tell whether a waiver may reach a rule: the policy allows it, and it is no hard stop."""
    return requirement.waivable and requirement.rule_id not in waiver.bounds.hard_stops


def waiver_findings(
    findings: Sequence[Finding], policy: ClubPolicy, waivers: Sequence[Waiver], on: date
) -> list[Finding]:
    """Return the findings POL-05 and POL-06 about the club's own waivers, one per lot each.

    POL-05: what does not conform and a waiver covers is waived by one that holds. POL-06: no
    waiver names a rule that none may reach.
    """
    rows = {one.rule_id: one for one in policy.requirements}
    told = []
    for subject in sorted({one.subject for one in findings}, key=lambda one: one.id):
        about = [one for one in findings if one.subject == subject and one.rule_id in rows]
        covered = [
            (one, waiver)
            for one in about
            if _verdict(rows[one.rule_id], one)[0] in (Verdict.FAIL, Verdict.INDETERMINATE)
            for waiver in waivers
            if waiver.covers(one)
        ]
        barred = [pair for pair in covered if not may_be_waived(rows[pair[0].rule_id], pair[1])]
        open_to = [pair for pair in covered if may_be_waived(rows[pair[0].rule_id], pair[1])]
        told.append(replace(_holding(open_to, about, rows, on), rule_id="POL-05", subject=subject))
        told.append(replace(_barred(barred), rule_id="POL-06", subject=subject))
    return told


def _holding(
    covered: Sequence[tuple[Finding, Waiver]],
    findings: Sequence[Finding],
    rows: Mapping[str, Requirement],
    on: date,
) -> Finding:
    by_rule: dict[str, list[Waiver]] = {}
    for finding, waiver in covered:
        by_rule.setdefault(finding.rule_id, []).append(waiver)
    best = [
        best_reach(waivers, findings, on, needs_second=rows[rule].second_approver)
        for rule, waivers in by_rule.items()
    ]
    told = sorted((one for one in best if one), key=lambda one: -list(Reach).index(one[0]))
    if not told:
        return not_applicable("no waiver covers what does not conform")
    worst, why, waiver = told[0]
    evidence = (waiver.entry,) if waiver.entry else ()
    if worst is Reach.HOLDS:
        return conforms(why, evidence=evidence)
    if worst is Reach.PENDING:
        return indeterminate(why, evidence=evidence, missing=(why,))
    return nonconforming(why, evidence=evidence)


def _barred(covered: Sequence[tuple[Finding, Waiver]]) -> Finding:
    if not covered:
        return not_applicable("no waiver names a rule that none may reach")
    finding, waiver = covered[0]
    evidence = (waiver.entry,) if waiver.entry else ()
    because = f"{waiver.id} names {finding.rule_id}, which no waiver reaches"
    return nonconforming(because, evidence=evidence)


def _verdict(requirement: Requirement, finding: Finding | None) -> tuple[Verdict, str]:
    if finding is None:
        return Verdict.INDETERMINATE, f"there is no finding of rule {requirement.rule_id}"
    acted_on = finding.treat_as or finding.outcome
    if acted_on in (Outcome.CONFORMS, Outcome.NOT_APPLICABLE):
        return Verdict.PASS, finding.because
    if acted_on is Outcome.INDETERMINATE:
        return Verdict.INDETERMINATE, finding.because
    if finding.lapse_days is not None and finding.lapse_days <= requirement.grace_days:
        days = f"{finding.lapse_days} of {requirement.grace_days} days of grace"
        return Verdict.GRACE, f"{finding.because} ({days}, renewal under way)"
    return Verdict.FAIL, finding.because
