"""Assessing lots: claim what is due, build dossiers, evaluate, keep what changed, judge.

A due row in the database is the queue. Lots are taken in batches, new ones first; what the
lots of a batch have in common upstream is read and propagated once. A row is kept only when
a reader would see a difference, and each run that changed verdicts is logged as one statement
with the Merkle root over them (DESIGN 3.1).
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import uuid4

from django.db import connection, transaction
from django.utils import timezone

from standards.dossiers import gathered
from standards.flagging import raise_flags, withdraw_judgements
from standards.known import (
    Adopted,
    clubs_that_see,
    followed_size,
    law_at,
    next_policy_day,
    operator_id,
    policies_at,
)
from standards.models import Assessment, DueAssessment, VerdictRun
from standards.rulebook.assembly import Evidence, assemble
from standards.rulebook.assessment import assess, next_day
from standards.rulebook.claimed import next_day_of_accounts
from standards.rulebook.dossier import Dossier
from standards.rulebook.evaluation import Evaluation, code_version, verdict_digest
from standards.rulebook.findings import canonical_json
from standards.rulebook.law import Law
from standards.rulebook.traced import Traced
from standards.rulebook.waiving import Granted
from standards.waiving import granted_at
from traceability.errors import NoServiceKey, TraceabilityError
from traceability.ledger.entries import chain_handle
from traceability.ledger.merkle import leaf_hash, tree_root
from traceability.models import Lot
from traceability.registering import record_as_service, statement_document

BATCH = 64
RUN_LIMIT = 50_000
_ASSESSING = 0x617373  # class of the advisory locks: one worker at a time for a lot

logger = logging.getLogger(__name__)


# ── the queue ─────────────────────────────────────────────────────────────────────────────


def assess_due(*, now: datetime | None = None, limit: int = 1_000) -> int:
    """Assess lots that are due, new ones first; return how many. Log the verdicts that changed.

    Several workers share the queue. A run that dies leaves its lots in it.

    Args:
        limit: stop after about so many, so that the next turn publishes and follows first.
    """
    moment = now or timezone.now()
    assessed = 0
    while assessed < limit and (batch := _assess_batch(moment)):
        assessed += batch
    log_verdicts(now=now)
    return assessed


@transaction.atomic(durable=True)
def assess_lot(lot: str, *, now: datetime | None = None) -> None:
    """Assess one lot now, due or not."""
    _lock([lot], wait=True)
    _assess([lot], followed_size(), now or timezone.now())


@transaction.atomic(durable=True)
def _assess_batch(now: datetime) -> int:
    claimed = _claim(now.date())
    if not claimed:
        return 0
    size = followed_size()  # read after the claim: a row that we see was followed by now
    try:
        with transaction.atomic():
            _assess(claimed, size, now)
    except TraceabilityError:
        _one_by_one(claimed, size, now)
    _settle(claimed, size, now.date())
    # From here, once committed, verdicts are kept and the lots are out of the queue.
    return len(claimed)


def _claim(today: date) -> list[str]:
    """Return lots to assess, each locked against other workers until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT lot FROM standards_dueassessment WHERE due_on <= %s "
            "ORDER BY priority, due_on, id LIMIT %s FOR UPDATE SKIP LOCKED",
            [today, BATCH],
        )
        lots = sorted({row[0] for row in cursor.fetchall()})
    return _lock(lots)


def _lock(lots: Sequence[str], *, wait: bool = False) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_WAIT if wait else _TRY, [_ASSESSING, list(lots)])
        return [lot for lot, locked in cursor.fetchall() if locked]


_TRY = "SELECT lot, pg_try_advisory_xact_lock(%s, hashtext(lot)) FROM unnest(%s::text[]) AS lot"
_WAIT = """
SELECT lot, pg_advisory_xact_lock(%s, hashtext(lot)) IS NOT NULL FROM unnest(%s::text[]) AS lot
"""


def _settle(lots: Sequence[str], size: int, today: date) -> None:
    """Take the lots out of the queue, but for what became due at a later size."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM standards_dueassessment WHERE id IN ("
            "  SELECT id FROM standards_dueassessment"
            "  WHERE lot = ANY (%s) AND due_on <= %s AND known_at <= %s"
            "  FOR UPDATE SKIP LOCKED)",
            [list(lots), today, size],
        )


def _one_by_one(lots: Sequence[str], size: int, now: datetime) -> None:
    """Assess each lot alone, so that one with a broken history does not hold up the others."""
    for lot in lots:
        try:
            with transaction.atomic():
                _assess([lot], size, now)
        except TraceabilityError:
            logger.exception("Lot %s cannot be assessed; it is due again tomorrow.", lot)
            _due_again(lot, now.date() + timedelta(days=1), size)


def _due_again(lot: str, on: date, size: int) -> None:
    DueAssessment.objects.bulk_create(
        [
            DueAssessment(
                lot=lot,
                because=DueAssessment.Because.CALENDAR,
                due_on=on,
                known_at=size,
                priority=1,
            )
        ],
        ignore_conflicts=True,
    )


# ── one batch ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """What the lots of one batch are assessed with."""

    size: int
    now: datetime
    traced: Traced
    evidence: Evidence
    law: Law
    packs: Mapping[str, str]
    adopted: Mapping[str, Adopted]
    granted: Mapping[str, Granted]


def _assess(lots: Sequence[str], size: int, now: datetime) -> None:
    traced, evidence = gathered(lots, size)
    law = law_at(size)
    adopted = policies_at(size, on=now.date())
    turn = _Round(
        size=size,
        now=now,
        traced=traced,
        evidence=evidence,
        law=law,
        packs={pack.id: pack.digest for pack in law.packs},
        adopted=adopted,
        granted=granted_at(size, adopted),
    )
    seen = clubs_that_see(lots, adopted, on=now.date())
    salts = dict(Lot.objects.filter(id__in=lots).values_list("id", "salt"))
    kept: dict[str, dict[tuple[str, str], Assessment]] = {lot: {} for lot in lots}
    for row in Assessment.objects.filter(lot__in=lots, is_current=True):
        kept[row.lot][row.mineral, row.club] = row
    for lot in lots:
        handle = chain_handle(f"lot:{lot}", bytes.fromhex(salts[lot]))
        _assess_one(lot, handle, sorted(seen[lot]), kept[lot], turn)


def _assess_one(
    lot: str,
    handle: str,
    clubs: Sequence[str],
    kept: Mapping[tuple[str, str], Assessment],
    turn: _Round,
) -> None:
    """Assess every mineral of a lot, without a club and for each that may judge it."""
    today = turn.now.date()
    policies = {club: turn.adopted[club].policy for club in clubs}
    minerals = turn.traced.minerals_of(lot)
    days = [next_policy_day(turn.size, after=today)]
    days += [turn.granted[club].next_day(today) for club in clubs]
    for mineral in minerals:
        dossier = assemble(turn.traced, lot, mineral, evidence=turn.evidence, as_of=today)
        told = assess(dossier, turn.law, policies)
        days.append(next_day(turn.law, told, policies, today))
        days.append(next_day_of_accounts(dossier, today))
        for club, evaluation in told.items():
            row = _keep(dossier, handle, club, evaluation, kept.get((mineral, club)), turn)
            if club:
                waivers = turn.granted[club].for_lot(lot, mineral)
                raise_flags(
                    row, evaluation.findings, turn.adopted[club], waivers=waivers, now=turn.now
                )

    gone = {mineral for mineral, _ in kept} - set(minerals)
    if gone:
        Assessment.objects.filter(lot=lot, mineral__in=gone).update(is_current=False)
        withdraw_judgements(lot, gone, now=turn.now)
    _next_by_calendar(lot, min((day for day in days if day), default=None), turn)


def _keep(
    dossier: Dossier,
    handle: str,
    club: str,
    evaluation: Evaluation,
    current: Assessment | None,
    turn: _Round,
) -> Assessment:
    """Keep an evaluation where a reader would see a difference; return the row that holds."""
    digest = verdict_digest(evaluation)
    policy = turn.adopted[club].policy.digest if club else ""
    if current is not None:
        if (current.verdict_digest, current.policy) == (digest, policy):
            return current
        Assessment.objects.filter(pk=current.pk).update(is_current=False)
    facilities = {one.facility_id for one in dossier.sources} | {
        one.facility_id for one in dossier.steps
    }
    return Assessment.objects.create(
        lot=dossier.lot_id,
        mineral=dossier.mineral,
        club=club,
        policy=policy,
        log_size=turn.size,
        as_of=dossier.as_of,
        packs=turn.packs,
        code_version=code_version(),
        keys_read=sorted(evaluation.keys_read),
        inputs_read=sorted(evaluation.inputs_read),
        facilities=sorted(name for name in facilities if name),
        findings=evaluation.as_json(),
        verdict_digest=digest,
        lot_handle=handle,
        assessed_at=turn.now,
    )


def _next_by_calendar(lot: str, day: date | None, turn: _Round) -> None:
    """Put the lot in the queue for the next day on which law or policy changes by itself."""
    waiting = DueAssessment.objects.filter(
        lot=lot, because=DueAssessment.Because.CALENDAR, due_on__gt=turn.now.date()
    )
    waiting.delete()
    if day is not None:
        _due_again(lot, day, turn.size)


# ── logging what changed ──────────────────────────────────────────────────────────────────


def log_verdicts(*, now: datetime | None = None) -> int:
    """Record one statement over the verdicts that changed since the last; return how many runs.

    The run is put together first and the statement carries its id, so that a run that dies in
    between is recorded once by the next.
    """
    _gather_run(now or timezone.now())
    logged = 0
    for run in VerdictRun.objects.filter(entry="").order_by("log_size"):
        body = {
            "run": str(run.pk),
            "root": run.root,
            "count": run.count,
            "log_size": run.log_size,
            "code_version": run.code_version,
        }
        document = statement_document(
            kind="standards.verdicts",
            author=operator_id(),
            effective=run.effective_on.isoformat(),
            body=body,
            id=str(run.pk),
        )
        try:
            [outcome] = record_as_service([document], now=now)
        except NoServiceKey:
            logger.warning("Verdicts are not logged: the operator keeps its own key.")
            return logged
        VerdictRun.objects.filter(pk=run.pk).update(entry=outcome.entry)
        logged += 1
    return logged


@transaction.atomic(durable=True)
def _gather_run(now: datetime) -> None:
    rows = list(
        Assessment.objects.select_for_update(skip_locked=True)
        .filter(run=None)
        .order_by("id")[:RUN_LIMIT]
    )
    if not rows:
        return
    run = VerdictRun.objects.create(
        run=uuid4(),
        root=verdict_root(rows).hex(),
        count=len(rows),
        log_size=max(row.log_size for row in rows),
        code_version=code_version(),
        effective_on=now.date(),
    )
    Assessment.objects.filter(pk__in=[row.pk for row in rows]).update(run=run)


def verdict_root(rows: Iterable[Assessment]) -> bytes:
    """Return the RFC 6962 root over verdicts: `[lot handle, mineral, policy, verdict digest]`.

    Leaves are canonical JSON, in the order of their bytes.
    """
    leaves = sorted(
        canonical_json([row.lot_handle, row.mineral, row.policy, row.verdict_digest])
        for row in rows
    )
    return tree_root([leaf_hash(leaf) for leaf in leaves])
