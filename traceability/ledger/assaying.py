"""Assays: what a document about a lot, or a consignment, must be to be taken.

A result changes no balance. It is kept beside the lot, and contained metal is derived from it
when somebody reads (`grades`).
"""

from typing import Any

import msgspec

from traceability.errors import UnknownConsignment
from traceability.ledger import events
from traceability.ledger.amendments import Amendment
from traceability.ledger.book import Effects, Lot
from traceability.ledger.draft import Draft
from traceability.ledger.feasibility import (
    check_assays,
    check_compound,
    check_moisture,
    check_substance,
)


def assay(draft: Draft, body: events.Assay) -> Effects:
    """Decide on an assay.

    Raises:
        UnknownLot, UnknownConsignment: nothing here that the author may have assayed.
        MoistureImpossible, AssayImpossible, AssaysExceedWhole, …: no substance is like that.
    """
    lot = draft.lot(body.lot, "$.body.lot") if body.lot is not None else None
    check_moisture(body.moisture, "$.body.moisture")
    check_compound(body.compound, "$.body.compound")
    check_assays(body.results, at="$.body.results", compound=body.compound)
    if draft.book.is_admitting:
        check_substance(
            body.results,
            at="$.body.results",
            materials=_materials(draft, body, lot),
            compound=body.compound,
            moisture=body.moisture,
            status=body.status.value,
        )
    if lot is not None:
        draft.move(lot, "assay", 0, _facts(body))
    return draft.effects()


def _materials(draft: Draft, body: events.Assay, lot: Lot | None) -> tuple[str, ...]:
    """Return the words for what is assayed; a consignment that was not shipped is refused."""
    if lot is not None:
        return (lot.material,)
    if isinstance(draft, Amendment):  # whose book holds what it replaces, and no consignment
        return ()
    known = draft.book.consignments.get(f"consignment:{body.consignment}:{body.consignee}")
    if known is None or not known.shipped:
        raise UnknownConsignment(body.consignment or "", at="$.body.consignment")
    return known.materials


def _facts(body: events.Assay) -> dict[str, Any]:
    facts = {
        "status": body.status.value,
        "party": body.party.value,
        "results": msgspec.to_builtins(body.results),
    }
    if body.moisture is not None:
        facts["moisture"] = body.moisture
    if body.compound is not None:
        facts["compound"] = msgspec.to_builtins(body.compound)
    return facts
