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

from standards.rulebook.findings import Finding, Outcome, Subject
from standards.rulebook.law import Parameter

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
class Waiver:
    """A club's dated decision to accept, for a while and within a scope, what does not conform.

    Args:
        lot_ids, facility_ids, minerals: what it is limited to; None for no limit. Where
            facilities are named, every site that does not conform must be among them.
        valid_from, valid_until: both days included.
        cap_mg, used_mg: contained metal it covers at most (None: no cap), and what has been
            used of it, the lot in question included.
        void_because: what voided it (a new hard stop, fraud), or empty.
    """

    id: str
    club: str
    rule_ids: tuple[str, ...]
    lot_ids: tuple[str, ...] | None
    facility_ids: tuple[str, ...] | None
    minerals: tuple[str, ...] | None
    valid_from: date
    valid_until: date
    cap_mg: int | None
    used_mg: int = 0
    void_because: str = ""
    entry: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What one requirement contributes to a judgement.

    Args:
        outcome: of the finding; None where there is no finding.
        waiver_id: the waiver used, or None.
    """

    rule_id: str
    subject: Subject
    verdict: Verdict
    outcome: Outcome | None
    severity: Severity
    flag_due_days: int
    because: str
    waiver_id: str | None = None

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
    in_force = [waiver for waiver in waivers if _is_in_force(waiver, club=policy.club, on=on)]
    reasons: list[Reason] = []
    for requirement in policy.requirements:
        for subject, finding in _required(findings, requirement):
            reasons.append(_reason(requirement, subject, finding, in_force))

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


def _reason(
    requirement: Requirement, subject: Subject, finding: Finding | None, waivers: list[Waiver]
) -> Reason:
    verdict, because = _verdict(requirement, finding)
    waiver = None
    if finding is not None and verdict in (Verdict.FAIL, Verdict.INDETERMINATE):
        waiver = next((one for one in waivers if _covers(one, finding)), None)
    if waiver is not None and not requirement.waivable:
        because = f"{because} (no waiver reaches this rule; {waiver.id} names it)"
        waiver = None
    if waiver is not None:
        verdict = Verdict.WAIVED
        because = f"{because} (waived by {waiver.id} until {waiver.valid_until})"
    return Reason(
        rule_id=requirement.rule_id,
        subject=subject,
        verdict=verdict,
        outcome=None if finding is None else finding.outcome,
        severity=requirement.severity,
        flag_due_days=requirement.flag_due_days,
        because=because,
        waiver_id=None if waiver is None else waiver.id,
    )


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


def _is_in_force(waiver: Waiver, *, club: str, on: date) -> bool:
    within_cap = waiver.cap_mg is None or waiver.used_mg <= waiver.cap_mg
    in_time = waiver.valid_from <= on <= waiver.valid_until
    return waiver.club == club and in_time and within_cap and not waiver.void_because


def _covers(waiver: Waiver, finding: Finding) -> bool:
    """Tell whether the waiver's scope holds everything that keeps this finding from conforming."""
    subject = finding.subject
    if finding.rule_id not in waiver.rule_ids:
        return False
    if waiver.lot_ids is not None and subject.id not in waiver.lot_ids:
        return False
    if waiver.minerals is not None and subject.mineral not in waiver.minerals:
        return False
    if waiver.facility_ids is None:
        return True
    sites = [line.facility_id for line in finding.lines if line.outcome is not Outcome.CONFORMS]
    return bool(sites) and all(site in waiver.facility_ids for site in sites)
