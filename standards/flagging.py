"""From findings to judgements to flags: what a club makes of a lot, and whom it asks to act.

A flag is an open question to a person about (club, lot, mineral, rule). The ledger opens it
where a verdict fails or cannot be told, keeps it while the reason stays, opens it anew for
another reason, and closes it where there is none any more; each time it says why.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from standards.known import Adopted
from standards.models import Assessment, Flag, FlagDecision, Judgement
from standards.questioning import ask
from standards.rulebook.findings import Finding
from standards.rulebook.months import after_days
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
_Place = tuple[str, str, str]
"""Club, lot, mineral."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """The current assessment of (lot, mineral, club): its key, its findings, the club's policy.

    `waivers` are the club's, as used for this lot and mineral.
    """

    lot: str
    mineral: str
    assessment: int
    findings: Sequence[Finding]
    adopted: Adopted
    waivers: Sequence[Waiver] = ()

    @property
    def place(self) -> _Place:
        """Return whose judgement, of what."""
        return self.adopted.row.club_id, self.lot, self.mineral


def raise_flags(assessed: Sequence[Assessed], *, now: datetime) -> None:
    """Judge assessments under policies of clubs; open, keep or close the clubs' flags about them.

    Called within the transaction that keeps the assessments. The same findings judged again
    change nothing.
    """
    if not assessed:
        return
    judged = [judge(one.findings, one.adopted.policy, one.waivers, now.date()) for one in assessed]
    rows = _keep_judgements(assessed, judged)
    work = _Work(now)
    problems: list[dict[str, Reason]] = []
    for told in judged:
        worst: dict[str, Reason] = {}
        for reason in told.reasons:  # worst first
            if reason.verdict in _NEEDS_A_PERSON:
                worst.setdefault(reason.rule_id, reason)
        problems.append(worst)
    asked = ask(
        [
            {one.rule_id: one.statements for one in found.findings if one.rule_id in worst}
            for found, worst in zip(assessed, problems, strict=True)
        ],
        now=now,
    )
    standing = _standing(rows)
    for row, worst, questions in zip(rows, problems, asked, strict=True):
        _settle(standing[_place_of(row)], worst, row, questions, work)
    work.finish()


def _settle(
    standing: Mapping[str, Flag],
    problems: Mapping[str, Reason],
    row: Judgement,
    asked: Mapping[str, Sequence[int]],
    work: "_Work",
) -> None:
    """Bring the flags about one lot and mineral in line with what a club makes of it now."""
    for rule_id, flag in standing.items():
        if rule_id not in problems:
            _close(flag, f"the verdict is now: {row.verdict}", row, work)
            continue
        questions = list(asked.get(rule_id, ()))
        if _is_news(flag, problems[rule_id]):
            _change(flag, problems[rule_id], row, questions, work)
        elif flag.questions != questions:
            flag.questions, flag.judgement = questions, row
            work.save(flag)
    for rule_id in problems.keys() - standing.keys():
        _open(problems[rule_id], row, list(asked.get(rule_id, ())), work)


def withdraw_judgements(lot: str, minerals: Iterable[str], *, now: datetime) -> None:
    """Withdraw what was judged of minerals that a lot turned out not to hold."""
    rows = Judgement.objects.filter(lot=lot, mineral__in=list(minerals), is_current=True)
    _withdraw(rows, "nothing says any more that the lot holds {row.mineral}", now)


def withdraw_unseen(seen: Mapping[str, Collection[str]], *, now: datetime) -> None:
    """Withdraw what clubs made of lots that they see no more; what was found stays on file.

    Args:
        seen: by lot, the clubs that see it.
    """
    rows = Judgement.objects.filter(lot__in=list(seen), is_current=True)
    found = set(rows.values_list("club_id", "lot"))
    for club, lot in sorted((club, lot) for club, lot in found if club not in seen[lot]):
        _withdraw(rows.filter(club=club, lot=lot), "the club sees the lot no more", now)
        Assessment.objects.filter(club=club, lot=lot, is_current=True).update(is_current=False)


def _withdraw(rows: QuerySet[Judgement], because: str, now: datetime) -> None:
    work = _Work(now)
    for row in rows:
        flags = Flag.objects.filter(club_id=row.club_id, lot=row.lot, mineral=row.mineral)
        for flag in flags.exclude(status=_Status.CLOSED):
            _close(flag, because.format(row=row), row, work)
    rows.update(is_current=False)
    work.finish()


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


class _Work:
    """Flags and decisions on their way into the tables, a batch in one go."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._opened: list[Flag] = []
        self._changed: dict[int, Flag] = {}
        self._decisions: list[tuple[Flag, str, str]] = []

    def open(self, flag: Flag) -> None:
        """Let a new flag be kept."""
        self._opened.append(flag)

    def save(self, flag: Flag) -> None:
        """Let a flag that changed be kept."""
        self._changed[flag.pk] = flag

    def decide(self, flag: Flag, decision: str, because: str) -> None:
        """Let be kept what the ledger itself decided."""
        self._decisions.append((flag, decision, because))

    def finish(self) -> None:
        """Write it all."""
        Flag.objects.bulk_create(self._opened)  # which gives them their keys
        if self._changed:
            rows = msgspec.json.encode([_as_row(one) for one in self._changed.values()])
            with connection.cursor() as cursor:
                cursor.execute(_CHANGED, [rows.decode()])
        FlagDecision.objects.bulk_create(
            FlagDecision(flag=flag, decision=decision, because=because, decided_at=self.now)
            for flag, decision, because in self._decisions
        )


_CHANGED = """
UPDATE standards_flag f SET status = t.status, severity = t.severity, verdict = t.verdict,
    because = t.because, due_on = t.due_on, closed_on = t.closed_on,
    judgement_id = t.judgement, questions = t.questions
FROM jsonb_to_recordset(%s::jsonb) AS t(
    id bigint, status text, severity text, verdict text, because text, due_on date,
    closed_on date, judgement bigint, questions bigint[])
WHERE f.id = t.id
"""


def _as_row(flag: Flag) -> dict[str, Any]:
    return {
        "id": flag.pk,
        "status": str(flag.status),
        "severity": flag.severity,
        "verdict": flag.verdict,
        "because": flag.because,
        "due_on": flag.due_on.isoformat(),
        "closed_on": flag.closed_on.isoformat() if flag.closed_on else None,
        "judgement": flag.judgement_id,
        "questions": flag.questions,
    }


def _standing(rows: Sequence[Judgement]) -> dict[_Place, dict[str, Flag]]:
    """Return the flags that are not closed, by whose they are and of what, and by rule."""
    found: dict[_Place, dict[str, Flag]] = {_place_of(one): {} for one in rows}
    flags = Flag.objects.filter(
        club_id__in={one.club_id for one in rows}, lot__in={one.lot for one in rows}
    )
    for flag in flags.exclude(status=_Status.CLOSED).order_by("id").select_for_update():
        place = (flag.club_id, flag.lot, flag.mineral)
        if place in found:
            found[place][flag.rule_id] = flag
    return found


def _keep_judgements(assessed: Sequence[Assessed], judged: Sequence[Judged]) -> list[Judgement]:
    """Keep judgements where they differ from the current ones; return those that hold."""
    current = {
        (row.club_id, row.lot, row.mineral): row
        for row in Judgement.objects.filter(
            club__in={one.adopted.row.club_id for one in assessed},
            lot__in={one.lot for one in assessed},
            is_current=True,
        )
        .order_by("id")
        .select_for_update()
    }
    rows: list[Judgement] = []
    for one, told in zip(assessed, judged, strict=True):
        kept, row = current.get(one.place), _judgement(one, told)
        rows.append(kept if kept is not None and _is_same(kept, row) else row)
    new = [row for row in rows if row.pk is None]
    replaced = [kept.pk for row in new if (kept := current.get(_place_of(row)))]
    Judgement.objects.filter(pk__in=replaced).update(is_current=False)
    Judgement.objects.bulk_create(new)
    return rows


def _place_of(row: Judgement) -> _Place:
    return row.club_id, row.lot, row.mineral


def _judgement(assessed: Assessed, judged: Judged) -> Judgement:
    return Judgement(
        club_id=assessed.adopted.row.club_id,
        policy=assessed.adopted.row,
        lot=assessed.lot,
        mineral=assessed.mineral,
        assessment_id=assessed.assessment,
        verdict=judged.verdict.value,
        because=judged.because,
        reasons=[reason.as_json() for reason in judged.reasons],
        judged_on=judged.on,
    )


def _is_same(kept: Judgement, row: Judgement) -> bool:
    names = ("policy_id", "assessment_id", "verdict", "reasons")
    return all(getattr(kept, name) == getattr(row, name) for name in names)


def _open(reason: Reason, row: Judgement, questions: list[int], work: _Work) -> None:
    flag = Flag(
        club_id=row.club_id,
        lot=row.lot,
        mineral=row.mineral,
        rule_id=reason.rule_id,
        severity=reason.severity,
        verdict=reason.verdict.value,
        because=reason.because,
        due_on=_due_on(reason, work.now),
        raised_on=work.now.date(),
        judgement=row,
        questions=questions,
    )
    work.open(flag)
    work.decide(flag, _Decision.RAISED, reason.because)


def _is_news(flag: Flag, reason: Reason) -> bool:
    told = (flag.verdict, flag.severity, flag.because)
    return told != (reason.verdict.value, reason.severity, reason.because)


def _change(flag: Flag, reason: Reason, row: Judgement, questions: list[int], work: _Work) -> None:
    """Give a flag its new reason; an answer to the old one no longer stands."""
    was_resolved = flag.status == _Status.RESOLVED
    if was_resolved:
        flag.status, flag.closed_on, flag.due_on = _Status.OPEN, None, _due_on(reason, work.now)
    flag.verdict, flag.severity = reason.verdict.value, reason.severity
    flag.because, flag.judgement, flag.questions = reason.because, row, questions
    work.save(flag)
    work.decide(flag, _Decision.REOPENED if was_resolved else _Decision.CHANGED, reason.because)


def _close(flag: Flag, because: str, row: Judgement, work: _Work) -> None:
    flag.status, flag.closed_on, flag.judgement = _Status.CLOSED, work.now.date(), row
    work.save(flag)
    work.decide(flag, _Decision.CLOSED, because)


def _due_on(reason: Reason, now: datetime) -> date:
    return after_days(now.date(), reason.flag_due_days)


def _decide(flag: Flag, decision: str, because: str, now: datetime, *, by: str) -> None:
    FlagDecision.objects.create(
        flag=flag, decision=decision, because=because, by=by, decided_at=now
    )
