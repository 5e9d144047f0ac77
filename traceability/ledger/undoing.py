"""Undoing movements: what a void puts back, and where it must leave things alone."""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from traceability.errors import AlreadyActedOn
from traceability.ledger.book import EXITED, HELD, IN_TRANSIT, Lot, Movement, Recorded


def put_back(lot: Lot, movement: Movement, replaced: Recorded) -> Lot:
    """Return a lot without what a movement of a voided statement did to custody or title.

    Its amount is undone already.

    Raises:
        AlreadyActedOn: somebody received, used or passed on what the statement brought.
    """
    undo = _UNDO.get(movement.role)
    return undo(lot, movement, replaced) if undo else lot


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
