"""Assessing lots: claim what is due, build dossiers, evaluate, keep what changed, judge.

A due row in the database is the queue. Lots are taken in batches, new ones first; what the
lots of a batch have in common upstream is read and propagated once. A row is kept only when
a reader would see a difference, and each run that changed verdicts is logged as one statement
with the Merkle root over them (DESIGN 3.1).
"""

import gc
import logging
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import uuid4

from django.db import connection, transaction
from django.utils import timezone

from standards.dossiers import gathered
from standards.flagging import Assessed, raise_flags, withdraw_judgements, withdraw_unseen
from standards.footing import Terms, terms_at
from standards.known import clubs_that_see, first_closing, followed_size, operator_id
from standards.models import Assessment, DueAssessment, Judgement, Setback, VerdictRun
from standards.rulebook.assembly import Assembler
from standards.rulebook.assessment import PACKS_ALONE
from standards.rulebook.claimed import next_day_of_accounts
from standards.rulebook.evaluation import code_version
from standards.rulebook.findings import Finding, canonical_json
from standards.rulebook.traced import Traced
from standards.rulebook.waiving import Waiver
from standards.shelving import Place, Shelf
from standards.withstanding import alone, overcome, together
from traceability.errors import NoServiceKey
from traceability.ledger.entries import chain_handle
from traceability.ledger.merkle import leaf_hash, tree_root
from traceability.models import Lot
from traceability.registering import record_as_service, statement_document
from traceability.tracing import led_by_more_than

BATCH = 64
MOST_UPSTREAM = 3_000
"""Lots whose history is in memory at once, but for one lot with more: 20 kB each."""
RUN_LIMIT = 10_000
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
        gc.collect()  # what lots have in common keeps questions that keep the lots: rings
    log_verdicts(now=now)
    return assessed


@transaction.atomic(durable=True)
def assess_lot(lot: str, *, now: datetime | None = None) -> None:
    """Assess one lot now, due or not."""
    _lock([lot], wait=True)
    _assess([lot], terms_at(followed_size(), now or timezone.now()))


@transaction.atomic(durable=True)
def _assess_batch(now: datetime) -> int:
    claimed = _claim(now.date())
    if not claimed:
        return 0
    size = followed_size()  # read after the claim: a row that we see was followed by now
    terms = terms_at(size, now)
    for lots in _in_bounds(claimed):
        if not _together(lots, terms):
            _one_by_one(lots, terms)
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


def _in_bounds(lots: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield lots in parts whose history fits into memory, each as large as it may be.

    Those with names alike are mostly of one family, whose history is then read once.
    """
    while lots and led_by_more_than(MOST_UPSTREAM, lots):
        longer = range(2, len(lots))
        fitting = 1 + bisect_left(
            longer, x=True, key=lambda count: led_by_more_than(MOST_UPSTREAM, lots[:count])
        )
        yield lots[:fitting]
        lots = lots[fitting:]
    if lots:
        yield lots


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


def _together(lots: Sequence[str], terms: Terms) -> bool:
    """Assess lots in one go; tell whether that worked."""
    with together(f"assess {', '.join(lots)}") as attempt:
        _assess(lots, terms)
        overcome(Setback.Kind.LOT, lots, but_for=terms.left_out)
    return not attempt.has_failed


def _one_by_one(lots: Sequence[str], terms: Terms) -> None:
    """Assess each lot alone, so that one with a broken history does not hold up the others."""
    for lot in lots:
        if len(lots) == 1 or not _together([lot], terms):
            _club_by_club(lot, terms)
            _due_again({lot: terms.now.date() + timedelta(days=1)}, terms.size)


def _club_by_club(lot: str, terms: Terms) -> None:
    """Assess a lot under the packs alone and for each club by itself, as far as that works.

    Where it does not, what was found before is no answer any more. Flags stay as they are.
    """
    named = [*terms.adopted, *terms.left_out]
    seen = clubs_that_see([lot], named, on=terms.now.date())
    with together(f"withdraw what clubs see no more of {lot}"):
        withdraw_unseen(seen, now=terms.now)
    clubs = seen[lot] - terms.left_out
    found = Assessment.objects.filter(lot=lot, is_current=True)
    judged = Judgement.objects.filter(lot=lot, is_current=True)
    for club in (PACKS_ALONE, *sorted(clubs)):
        with alone(Setback.Kind.LOT, lot, club=club, known_at=terms.size, now=terms.now) as attempt:
            _assess([lot], terms.of(club))
            overcome(Setback.Kind.LOT, [lot], club=club)
        if attempt.has_failed and club == PACKS_ALONE:
            found.update(is_current=False)
            judged.update(is_current=False)
            return  # what stops it has nothing to do with a club
        if attempt.has_failed:
            found.filter(club=club).update(is_current=False)
            judged.filter(club=club).update(is_current=False)


def _due_again(days: Mapping[str, date], size: int) -> None:
    DueAssessment.objects.bulk_create(
        [
            DueAssessment(
                lot=lot,
                because=DueAssessment.Because.CALENDAR,
                due_on=on,
                known_at=size,
                priority=1,
            )
            for lot, on in days.items()
        ],
        ignore_conflicts=True,
    )


# ── one batch ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """What the lots of one part of a batch are assessed with."""

    terms: Terms
    traced: Traced
    assembler: Assembler
    shelf: Shelf
    asked: list[tuple[Place, Sequence[Finding], Sequence[Waiver]]]


def _assess(lots: Sequence[str], terms: Terms) -> None:
    traced, evidence = gathered(lots, terms.size)
    today = terms.now.date()
    seen = clubs_that_see(lots, [*terms.adopted, *terms.left_out], on=today)
    salts = dict(Lot.objects.filter(id__in=lots).values_list("id", "salt"))
    turn = _Round(
        terms=terms,
        traced=traced,
        assembler=Assembler(traced, evidence, as_of=today),
        shelf=Shelf(lots, size=terms.size, packs=terms.packs, now=terms.now),
        asked=[],
    )
    if terms.is_whole:
        withdraw_unseen(seen, now=terms.now)
    closing = first_closing(lots, on=today)
    days: dict[str, date | None] = {}
    for lot in lots:
        handle = chain_handle(f"lot:{lot}", bytes.fromhex(salts[lot]))
        days[lot] = _assess_one(lot, handle, sorted(seen[lot] - terms.left_out), turn)
        days[lot] = min((day for day in (days[lot], closing.get(lot)) if day), default=None)
        if seen[lot] & terms.left_out:
            days[lot] = today + timedelta(days=1)
    rows = turn.shelf.close(lots)
    raise_flags(
        [
            Assessed(
                lot=place[0],
                mineral=place[1],
                assessment=rows[place],
                findings=findings,
                adopted=terms.adopted[place[2]],
                waivers=waivers,
            )
            for place, findings, waivers in turn.asked
        ],
        now=terms.now,
    )
    _next_by_calendar(days, terms)


def _assess_one(lot: str, handle: str, clubs: Sequence[str], turn: _Round) -> date | None:
    """Assess every mineral of a lot, without a club and for each that may judge it.

    Returns:
        The next day on which law or policy changes by itself.
    """
    terms, today = turn.terms, turn.terms.now.date()
    digests = {club: terms.adopted[club].policy.digest for club in clubs}
    minerals = turn.traced.minerals_of(lot)
    days = [terms.next_policy]
    days += [terms.granted[club].next_day(today) for club in clubs]
    for mineral in minerals:
        dossier = turn.assembler.dossier(lot, mineral)
        told = terms.bench.assess(dossier, clubs)
        days.append(terms.bench.next_day(told, today))
        days.append(next_day_of_accounts(dossier, today))
        turn.shelf.put(dossier, handle, told, digests)
        for club in clubs:
            waivers = terms.granted[club].for_lot(
                lot, mineral, dossier.contained_mg, failed=told[PACKS_ALONE].failed
            )
            turn.asked.append(((lot, mineral, club), told[club].findings, waivers))

    gone = turn.shelf.minerals_of(lot) - set(minerals)
    if gone:
        Assessment.objects.filter(lot=lot, mineral__in=gone).update(is_current=False)
        withdraw_judgements(lot, gone, now=terms.now)
    return min((day for day in days if day), default=None)


def _next_by_calendar(days: Mapping[str, date | None], terms: Terms) -> None:
    """Put lots in the queue for the next day on which law or policy changes by itself."""
    DueAssessment.objects.filter(
        lot__in=list(days), because=DueAssessment.Because.CALENDAR, due_on__gt=terms.now.date()
    ).delete()
    _due_again({lot: day for lot, day in days.items() if day}, terms.size)


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
        .order_by("id")
        .only("lot_handle", "mineral", "policy", "verdict_digest", "log_size")[:RUN_LIMIT]
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
