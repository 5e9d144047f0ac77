"""Restatements: lots that, as now known, gave more than they held, and what that touches.

A correction or a void changes gross balances at once, also below zero; nothing else is
rewritten. What was made of such a lot has a part of unknown source until it is covered.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from traceability import seeing
from traceability.models import Entry, EntrySubject, Lot
from traceability.tracing import descendants

MOST_AFFECTED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Restatement:
    """A lot below zero.

    `shortfall` counts milligrams or pieces. `because` is the newest amendment on the lot's
    chain. `affected` names lots made of it that the reader may see, at most `MOST_AFFECTED`;
    `elsewhere` counts all others.
    """

    lot: Lot
    shortfall: int
    because: Entry | None
    affected: Sequence[str]
    elsewhere: int


def restatements(lots: Sequence[Lot], reader: str) -> list[Restatement]:
    """Return what is short in those of the lots that are, and that the reader sees in full."""
    in_full = seeing.lots_seen_in_full(lots, reader)
    return [_restatement(lot, reader) for lot in lots if lot.amount < 0 and lot.id in in_full]


def _restatement(lot: Lot, reader: str) -> Restatement:
    chain = EntrySubject.objects.filter(subject=f"lot:{lot.id}").values("recorded_order")
    amendments = Entry.objects.filter(recorded_order__in=chain, replaces__isnull=False)
    touched = descendants([lot.id]) - {lot.id}
    seen = seeing.lots_seen_by(reader).filter(id__in=touched)
    named = list(seen.order_by("id").values_list("id", flat=True)[:MOST_AFFECTED])
    return Restatement(
        lot=lot,
        shortfall=-lot.amount,
        because=amendments.order_by("-recorded_order").first(),
        affected=named,
        elsewhere=len(touched) - len(named),
    )
