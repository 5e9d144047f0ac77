"""Stocktakes at an account's boundary: what the books held of the element, and what was found.

Goods are weighed, metal is not: what a count finds is taken to be of the grade in the books.
"""

from collections.abc import Iterable, Iterator

from standards.rulebook.accounts import Count
from standards.rulebook.entitlement import Weighed
from standards.rulebook.stays import Boundary, Stays, instant
from traceability.ledger.apportioning import ceiling
from traceability.ledger.chronicle import History


def counts_at(
    history: History, told: Stays, boundary: Boundary, weighed: Iterable[Weighed]
) -> Iterator[Count]:
    """Yield the stocktakes at the sites of an account, each with the lots of its holder.

    Lots of others are not the account's stock, nor lots that were assayed and not for the element.
    """
    by_entry: dict[str, list[Weighed]] = {}
    for one in weighed:
        is_own = boundary.holder in told.owned.get(one.lot, frozenset())
        if is_own and one.content.bounds.high > 0 and not one.content.silent:
            by_entry.setdefault(one.entry, []).append(one)
    for entry, lots in by_entry.items():
        happening = history.happenings[entry]
        if happening.facility in boundary.facilities:
            at = instant(happening.effective, happening.on)
            off = [_metal(one, one.found - one.held) for one in lots]
            book = [_metal(one, one.held) for one in lots]
            yield Count(
                entry=entry,
                facility=happening.facility,
                at=at,
                lots=len(lots),
                book_low_mg=sum(low for low, _ in book),
                book_high_mg=sum(high for _, high in book),
                off_low_mg=sum(low for low, _ in off),
                off_high_mg=sum(high for _, high in off),
            )


def _metal(one: Weighed, amount: int) -> tuple[int, int]:
    """Return the element in an amount of a lot, which may be below zero; at least and at most."""
    low, high = one.content.bounds.low, one.content.bounds.high
    ends = amount * low, amount * high
    return min(ends) // one.whole, ceiling(max(ends), one.whole)
