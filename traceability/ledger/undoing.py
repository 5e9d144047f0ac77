"""Undoing movements: what a void puts back, and where it must leave things alone.

That a lot looks as a movement left it does not say that it still is that movement: sold on and
bought back, it is another's sale that brought it here. So what came to the lot since is asked.
"""

from collections.abc import Callable, Iterable, Mapping

from msgspec.structs import replace

from traceability.errors import AlreadyActedOn
from traceability.ledger.book import EXITED, HELD, IN_TRANSIT, Book, Lot, Movement, Recorded
from traceability.ledger.turns import Turn, is_divided_after, is_sold_after, is_used_after


def check_untouched(movement: Movement, turns: Iterable[Turn], order: int) -> None:
    """Verify that nobody acted on what a movement did to custody or title; others may be undone.

    Args:
        movement: of the statement that is voided.
        turns: what came to its lot, of what stands.
        order: where the statement stands.

    Raises:
        AlreadyActedOn: the lot was used, received, sent or sold on since, whoever has it now.
    """
    if movement.role == "title":  # what was taken since is its new owner's too
        is_acted_on = is_sold_after(turns, order) or is_divided_after(turns, order)
    elif movement.role == "make":  # a part goes back into the lot, whose owner is another now
        is_acted_on = "from" in movement.facts and is_sold_after(turns, order)
    else:
        passes = movement.role == "move" or "consignment" in movement.facts
        is_acted_on = passes and is_used_after(turns, order)
    if is_acted_on:
        raise AlreadyActedOn(movement.lot)


def put_back(lot: Lot, movement: Movement, replaced: Recorded) -> Lot:
    """Return a lot without what a movement of a voided statement did to custody or title.

    Its amount is undone already.

    Raises:
        AlreadyActedOn: somebody received, used or passed on what the statement brought.
    """
    undo = _UNDO.get(movement.role)
    return undo(lot, movement, replaced) if undo else lot


def consignments_of(recorded: Recorded) -> set[str]:
    """Return the consignment subjects a statement shipped, or waits on as a receipt."""
    if recorded.waits_on is not None:
        return {recorded.waits_on}
    return {
        f"consignment:{m.facts['consignment']}:{m.facts['to']}"
        for m in recorded.movements
        if m.role == "move" and m.facts.get("consignment") and m.facts["to"]
    }


def has_arrived(book: Book, receipt: Recorded) -> bool:
    """Tell whether a receipt that came ahead of its shipment waits no more."""
    known = book.consignments.get(receipt.waits_on or "")
    return known is not None and all(
        waiting["statement"] != receipt.statement_id for waiting in known.waiting
    )


def _undo_move(lot: Lot, movement: Movement, replaced: Recorded) -> Lot:
    if "why" in movement.facts:  # a rejected part went back to the shipper
        if (lot.state, lot.facility, lot.amount) != (HELD, replaced.facility, 0):
            raise AlreadyActedOn(lot.id)
        return replace(lot, custodian=replaced.author)
    if lot.state not in (IN_TRANSIT, EXITED):
        raise AlreadyActedOn(lot.id)
    return replace(lot, state=HELD, facility=replaced.facility, consignment=None, consignee=None)


def _undo_title(lot: Lot, movement: Movement, _replaced: Recorded) -> Lot:
    if list(lot.owners) != movement.facts["owners"]:
        raise AlreadyActedOn(lot.id)
    return replace(lot, owners=tuple(movement.facts["before"]))


def _undo_adjust(lot: Lot, movement: Movement, replaced: Recorded) -> Lot:
    if "consignment" not in movement.facts:  # a stocktake: only the amount
        return lot
    # Received in this very shipment's entry by its consignee, used, or moved on since.
    was_shipped = int(movement.facts["to"]) - movement.delta
    stands = (HELD, replaced.facility, was_shipped)
    if replaced.kind != "custody.receipt" or (lot.state, lot.facility, lot.amount) != stands:
        raise AlreadyActedOn(lot.id)
    return replace(
        lot,
        state=IN_TRANSIT,
        facility=None,
        custodian=movement.facts["custodian"],
        consignment=movement.facts["consignment"],
        consignee=replaced.author,
    )


_UNDO: Mapping[str, Callable[[Lot, Movement, Recorded], Lot]] = {
    "move": _undo_move,
    "title": _undo_title,
    "adjust": _undo_adjust,
}
