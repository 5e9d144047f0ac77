"""From findings to judgements to flags: what a club makes of a lot, and whom it asks to act.

A flag is an open question to a person about (club, lot, mineral, rule). The ledger opens it
where a verdict fails or cannot be told, keeps it while the reason stays, opens it anew for
another reason, and closes it where there is none any more; each time it says why.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from standards.known import Adopted
from standards.models import Assessment, Flag, FlagDecision, Judgement
from standards.questioning import ask
from standards.rulebook.findings import Finding
from standards.rulebook.policy import Judgement as Judged
from standards.rulebook.policy import Reason, Verdict, judge
from standards.rulebook.waiving import Waiver
from traceability.errors import FlagNotOpen, ReasonMissing
from traceability.models import Membership

Decider = AbstractBaseUser | AnonymousUser | str
"""Who decides: a person who logged in, or the name under which a machine acts."""

_NEEDS_A_PERSON = (Verdict.FAIL, Verdict.INDETERMINATE)
_Decision = FlagDecision.Decision
_Status = Flag.Status
MAX_BECAUSE = 4_000


def raise_flags(
    assessment: Assessment,
    findings: Iterable[Finding],
    adopted: Adopted,
    *,
    waivers: Iterable[Waiver] = (),
    now: datetime,
) -> Judged:
    """Judge an assessment under a club's policy; open, keep or close the club's flags about it.

    Called within the transaction that keeps the assessment. The same findings judged again
    change nothing.

    Args:
        assessment: the current one of (lot, mineral, club).
        findings: what it holds, as values.
        waivers: the club's, as used for this lot and mineral.
    """
    findings = list(findings)
    judged = judge(findings, adopted.policy, waivers, now.date())
    row = _keep_judgement(assessment, adopted, judged)
    problems: dict[str, Reason] = {}
    for reason in judged.reasons:  # worst first
        if reason.verdict in _NEEDS_A_PERSON:
            problems.setdefault(reason.rule_id, reason)
    asked = ask(
        {one.rule_id: one.statements for one in findings if one.rule_id in problems}, now=now
    )

    flags = Flag.objects.filter(club_id=row.club_id, lot=row.lot, mineral=row.mineral).exclude(
        status=_Status.CLOSED
    )
    standing = {flag.rule_id: flag for flag in flags.select_for_update()}
    for rule_id, flag in standing.items():
        if rule_id not in problems:
            _close(flag, f"the verdict is now: {judged.verdict.value}", row, now)
            continue
        questions = list(asked.get(rule_id, ()))
        if _is_news(flag, problems[rule_id]):
            _change(flag, problems[rule_id], row, questions, now)
        elif flag.questions != questions:
            flag.questions, flag.judgement = questions, row
            flag.save(update_fields=["questions", "judgement"])
    for rule_id in problems.keys() - standing.keys():
        _open(problems[rule_id], row, list(asked.get(rule_id, ())), now)
    return judged


def withdraw_judgements(lot: str, minerals: Iterable[str], *, now: datetime) -> None:
    """Withdraw what was judged of minerals that a lot turned out not to hold."""
    rows = Judgement.objects.filter(lot=lot, mineral__in=list(minerals), is_current=True)
    for row in rows:
        flags = Flag.objects.filter(club_id=row.club_id, lot=lot, mineral=row.mineral)
        for flag in flags.exclude(status=_Status.CLOSED):
            _close(flag, f"nothing says any more that the lot holds {row.mineral}", row, now)
    rows.update(is_current=False)


@transaction.atomic
def acknowledge_flags(flags: QuerySet[Flag], *, by: Decider, now: datetime | None = None) -> int:
    """Take open flags on; return how many. Those that are not open are left as they are.

    Whoever acknowledges a flag without an owner becomes its owner.
    """
    moment = now or timezone.now()
    taken = list(flags.filter(status=_Status.OPEN).order_by("id").select_for_update())
    for flag in taken:
        flag.status = _Status.ACKNOWLEDGED
        if flag.owner_id is None and not isinstance(by, str):
            flag.owner_id = by.pk
        flag.save()
        _decide(flag, _Decision.ACKNOWLEDGED, "", moment, by=name_of(by))
    return len(taken)


@transaction.atomic
def resolve_flag(flag: Flag, *, by: Decider, because: str, now: datetime | None = None) -> Flag:
    """Answer a flag. The answer stands while its reason does; the verdict is not changed.

    Raises:
        ReasonMissing: `because` is empty.
        FlagNotOpen: somebody resolved it, or a new verdict closed it.
    """
    if not because.strip():
        raise ReasonMissing
    held = Flag.objects.select_for_update().get(pk=flag.pk)
    if held.status not in (_Status.OPEN, _Status.ACKNOWLEDGED):
        raise FlagNotOpen(flag=held.pk, status=held.status)
    moment = now or timezone.now()
    held.status, held.closed_on = _Status.RESOLVED, moment.date()
    held.save()
    said = because.strip()[:MAX_BECAUSE]
    _decide(held, _Decision.RESOLVED, said, moment, by=name_of(by))
    return held


def name_of(decider: Decider) -> str:
    """Return the name under which somebody stands in decisions: a person's pseudonym."""
    if isinstance(decider, str):
        return decider[:64]
    account = int(decider.pk or 0)
    membership = Membership.objects.filter(user_id=account).first()
    return membership.pseudonym if membership else f"account-{account}"


# ── rows ──────────────────────────────────────────────────────────────────────────────────


def _keep_judgement(assessment: Assessment, adopted: Adopted, judged: Judged) -> Judgement:
    """Keep a judgement where it differs from the current one."""
    reasons = [reason.as_json() for reason in judged.reasons]
    current = (
        Judgement.objects.select_for_update()
        .filter(
            club=adopted.row.club_id,
            lot=assessment.lot,
            mineral=assessment.mineral,
            is_current=True,
        )
        .first()
    )
    if current is not None:
        same = (current.policy_id, current.assessment_id, current.verdict, current.reasons)
        if same == (adopted.row.pk, assessment.pk, judged.verdict.value, reasons):
            return current
        current.is_current = False
        current.save(update_fields=["is_current"])
    return Judgement.objects.create(
        club_id=adopted.row.club_id,
        policy=adopted.row,
        lot=assessment.lot,
        mineral=assessment.mineral,
        assessment=assessment,
        verdict=judged.verdict.value,
        because=judged.because,
        reasons=reasons,
        judged_on=judged.on,
    )


def _open(reason: Reason, row: Judgement, questions: list[int], now: datetime) -> None:
    flag = Flag.objects.create(
        club_id=row.club_id,
        lot=row.lot,
        mineral=row.mineral,
        rule_id=reason.rule_id,
        severity=reason.severity,
        verdict=reason.verdict.value,
        because=reason.because,
        due_on=_due_on(reason, now),
        raised_on=now.date(),
        judgement=row,
        questions=questions,
    )
    _decide(flag, _Decision.RAISED, reason.because, now)


def _is_news(flag: Flag, reason: Reason) -> bool:
    told = (flag.verdict, flag.severity, flag.because)
    return told != (reason.verdict.value, reason.severity, reason.because)


def _change(
    flag: Flag, reason: Reason, row: Judgement, questions: list[int], now: datetime
) -> None:
    """Give a flag its new reason; an answer to the old one no longer stands."""
    was_resolved = flag.status == _Status.RESOLVED
    if was_resolved:
        flag.status, flag.closed_on, flag.due_on = _Status.OPEN, None, _due_on(reason, now)
    flag.verdict, flag.severity = reason.verdict.value, reason.severity
    flag.because, flag.judgement, flag.questions = reason.because, row, questions
    flag.save()
    decision = _Decision.REOPENED if was_resolved else _Decision.CHANGED
    _decide(flag, decision, reason.because, now)


def _close(flag: Flag, because: str, row: Judgement, now: datetime) -> None:
    flag.status, flag.closed_on, flag.judgement = _Status.CLOSED, now.date(), row
    flag.save()
    _decide(flag, _Decision.CLOSED, because, now)


def _due_on(reason: Reason, now: datetime) -> date:
    return now.date() + timedelta(days=reason.flag_due_days)


def _decide(flag: Flag, decision: str, because: str, now: datetime, *, by: str = "") -> None:
    FlagDecision.objects.create(
        flag=flag, decision=decision, because=because, by=by, decided_at=now
    )
