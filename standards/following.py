"""Following the log: what published entries say goes into tables, and lots become due.

A cursor over log indices is safe: an index is gapless and final, and whatever a statement
relied on has a lower one (ADR 0003, 0007). Rows carry the index as their key, so that taking
an entry in twice fails instead of counting twice.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from standards.accounting import accounts_moved_by, claimed_from, freeze_closes
from standards.filing import entries_between
from standards.known import CURSOR
from standards.models import Cursor, DueAssessment, Setback
from standards.noting import note_statements
from standards.rulebook.evaluation import code_version
from standards.taking_in import TAKE_IN, Because, Due, assessed
from standards.withstanding import alone, overcome, to_try_again, together
from traceability.tracing import descendants, published_size

BATCH = 2_000

_LOCAL = frozenset({"custody.offer", "custody.withdrawal", "custody.transfer"})
"""Kinds that change who may see or owns a lot, and nothing of what came of it."""


def follow_log(*, now: datetime | None = None) -> int:
    """Take in every published entry after the cursor; return how many.

    Marks due the lots they touch and what came of these. It may die anywhere and be run again.
    An entry that cannot be taken in is set aside, seen by the operator, and tried again.
    """
    moment = now or timezone.now()
    followed = 0
    while batch := _follow_batch(moment):
        followed += batch
    for row in to_try_again(Setback.Kind.ENTRY, moment):
        _follow_again(int(row.about), moment)
    freeze_closes(now=moment)
    return followed


@transaction.atomic(durable=True)
def _follow_batch(now: datetime) -> int:
    Cursor.objects.get_or_create(name=CURSOR, defaults={"code_version": code_version()})
    cursor = Cursor.objects.select_for_update().get(name=CURSOR)
    until = min(published_size(), cursor.size + BATCH)
    due = Due(today=now.date(), known_at=until)
    if cursor.code_version != code_version():
        due.add(assessed() | _set_back(), Because.PACK)
        cursor.code_version = code_version()
    if until == cursor.size and not due.rows:
        return 0

    _take_in(cursor.size, until, due, now)
    _mark_touched(cursor.size, until, due)
    _queue(due)
    taken, cursor.size = until - cursor.size, until
    cursor.save()
    # From here, once committed, what these entries say counts, and the lots are in the queue.
    return taken


@transaction.atomic(durable=True)
def _follow_again(index: int, now: datetime) -> None:
    """Take in an entry that was set aside; what it makes due is due as of now."""
    cursor = Cursor.objects.select_for_update().get(name=CURSOR)
    if not Setback.objects.filter(kind=Setback.Kind.ENTRY, about=str(index)).exists():
        return  # another follower was first
    due = Due(today=now.date(), known_at=cursor.size)
    if _take_in(index, index + 1, due, now):
        overcome(Setback.Kind.ENTRY, [str(index)])
        _mark_touched(index, index + 1, due)
        _queue(due)


def _take_in(first: int, until: int, due: Due, now: datetime) -> bool:
    """Take in some entries together; where that fails by halves, so that one fails alone.

    Returns:
        Whether the last of them was taken in.
    """
    if until - first > 1:
        with together(f"take in the entries from {first} to {until - 1}") as whole:
            due.take(_said(first, until, due))
        if not whole.has_failed:
            return True
        middle = (first + until) // 2
        _take_in(first, middle, due, now)
        return _take_in(middle, until, due, now)
    if until == first:
        return True
    with alone(Setback.Kind.ENTRY, str(first), known_at=first, now=now) as attempt:
        due.take(_said(first, until, due))
    return not attempt.has_failed


def _said(first: int, until: int, due: Due) -> Due:
    """Put what entries say into tables, and return what that makes due."""
    told = Due(today=due.today, known_at=due.known_at)
    for followed in entries_between(first, until, TAKE_IN):
        TAKE_IN[followed.statement.kind](followed, told)
    doubted = note_statements(first, until)
    told.add(descendants(doubted) if doubted else (), Because.ENTRY)
    return told


def _queue(due: Due) -> None:
    _mark_claimed(due)
    rows = sorted(due.rows.values(), key=lambda one: one.lot)  # parts of one lot: judged at once
    DueAssessment.objects.bulk_create(rows, ignore_conflicts=True, batch_size=5_000)


# ── what becomes due ──────────────────────────────────────────────────────────────────────

_TOUCHED = """
SELECT substr(s.subject, 5), coalesce(e.event, e.kind) = ANY (%(local)s),
       EXISTS (SELECT FROM traceability_movement m
               WHERE m.recorded_order = s.recorded_order AND m.role = 'make'
                 AND m.lot = substr(s.subject, 5) AND e.replaces IS NULL)
FROM traceability_logindex i
JOIN traceability_entry e USING (recorded_order)
JOIN traceability_entrysubject s USING (recorded_order)
WHERE i.index >= %(first)s AND i.index < %(until)s AND s.subject LIKE 'lot:%%'
UNION
SELECT m.lot, false, false
FROM traceability_logindex i
JOIN traceability_entry e USING (recorded_order)
JOIN traceability_entrysubject s USING (recorded_order)
JOIN traceability_entrysubject o ON o.subject = s.subject
JOIN traceability_movement m ON m.recorded_order = o.recorded_order AND m.role = 'move'
WHERE i.index >= %(first)s AND i.index < %(until)s
  AND s.subject LIKE 'consignment:%%' AND coalesce(e.event, e.kind) = 'custody.assay'
"""


def _mark_touched(first: int, until: int, due: Due) -> None:
    """Mark the lots that entries touched, and whatever came of them, due."""
    with connection.cursor() as cursor:
        parameters: dict[str, int | list[str]] = {
            "first": first,
            "until": until,
            "local": sorted(_LOCAL),
        }
        cursor.execute(_TOUCHED, parameters)
        rows: Sequence[tuple[str, bool, bool]] = cursor.fetchall()
    new = {lot for lot, _, is_new in rows if is_new}
    changed = {lot for lot, is_local, _ in rows if not is_local}
    due.add(new, Because.NEW)
    touched = {lot for lot, _, _ in rows} | (descendants(changed) if changed else set())
    due.add(touched - new, Because.ENTRY)


def _mark_claimed(due: Due) -> None:
    """Mark the lots due that were claimed from accounts which any of this may change."""
    moved = accounts_moved_by({lot for lot, _ in due.rows})
    due.add(claimed_from(due.accounts | moved), Because.ENTRY)


def _set_back() -> set[str]:
    """Return the lots that could not be assessed: other code may be able to."""
    rows = Setback.objects.filter(kind=Setback.Kind.LOT)
    return set(rows.values_list("about", flat=True))
