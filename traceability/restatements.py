"""Restatements: lots that, as now known, gave more than they held, and what that touches.

A correction or a void changes gross balances at once, also below zero; nothing else is
rewritten. What was made of such a lot has a part of unknown source until it is covered. A count
says what is there now and covers nothing: so the turns of a lot tell what it is short of.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from traceability import seeing
from traceability.chronicling import fetch
from traceability.models import Entry, EntrySubject, Lot
from traceability.tracing import descendants

MOST_AFFECTED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Restatement:
    """A lot that gave more than it held.

    `shortfall` counts milligrams or pieces. `because` is the newest amendment on the lot's
    chain. `affected` names lots made of it that the reader may see, at most `MOST_AFFECTED`;
    `elsewhere` counts all others.
    """

    lot: Lot
    shortfall: int
    because: Entry | None
    affected: Sequence[str]
    elsewhere: int


_AMENDED = """
SELECT substr(s.subject, 5) FROM traceability_entry e
JOIN traceability_entrysubject s USING (recorded_order)
WHERE e.replaces IS NOT NULL AND s.subject LIKE 'lot:%%'
"""
_SHORT = """
SELECT lot, ledger_shortfall(lot) FROM unnest(%(lots)s::text[]) AS lot
"""


def restated(rows: QuerySet[Lot]) -> QuerySet[Lot]:
    """Return those of some lots that gave more than they held.

    Only an amendment makes a lot short, so that few are looked into.
    """
    amended = rows.filter(pk__in=RawSQL(_AMENDED, ())).order_by()  # noqa: S611 - no parameters
    return rows.filter(pk__in=list(shortfalls(amended.values_list("pk", flat=True))))


def shortfalls(lots: Collection[str]) -> dict[str, int]:
    """Return how much lots gave beyond what they held, of those that did."""
    rows = fetch(_SHORT, {"lots": list(lots)})
    return {lot: int(short) for lot, short in rows if short}


def restatements(lots: Sequence[Lot], reader: str) -> list[Restatement]:
    """Return what is short in those of the lots that are, and that the reader sees in full."""
    in_full = seeing.lots_seen_in_full(lots, reader)
    short = shortfalls([lot.id for lot in lots if lot.id in in_full])
    return [_restatement(lot, short[lot.id], reader) for lot in lots if lot.id in short]


def _restatement(lot: Lot, shortfall: int, reader: str) -> Restatement:
    chain = EntrySubject.objects.filter(subject=f"lot:{lot.id}").values("recorded_order")
    amendments = Entry.objects.filter(recorded_order__in=chain, replaces__isnull=False)
    touched = descendants([lot.id]) - {lot.id}
    seen = seeing.lots_seen_by(reader).filter(id__in=touched)
    named = list(seen.order_by("id").values_list("id", flat=True)[:MOST_AFFECTED])
    return Restatement(
        lot=lot,
        shortfall=shortfall,
        because=amendments.order_by("-recorded_order").first(),
        affected=named,
        elsewhere=len(touched) - len(named),
    )
