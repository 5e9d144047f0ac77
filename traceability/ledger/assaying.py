"""Assays: what a document about a lot, or a consignment, must be to be taken.

A result changes no balance. It is kept beside the lot, and contained metal is derived from it
when somebody reads (`grades`).
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from traceability.errors import NotYoursToAssay, UnknownConsignment
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
        NotYoursToAssay: a lot that the author once knew.
        MoistureImpossible, AssayImpossible, AssaysExceedWhole, …: no substance is like that.
    """
    lot = draft.lot(body.lot, "$.body.lot") if body.lot is not None else None
    check_moisture(body.moisture, "$.body.moisture")
    check_compound(body.compound, "$.body.compound")
    check_assays(body.results, at="$.body.results", compound=body.compound)
    if draft.book.is_admitting:
        _check_party(draft, body, lot)
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


def _check_party(draft: Draft, body: events.Assay, lot: Lot | None) -> None:
    """Verify that a lot is the author's to assay now, or was and gains no weight by a correction.

    Of a consignment only its shipper and its consignee speak: their names are part of its own.
    """
    if lot is None:
        return
    parties = {lot.custodian, lot.consignee}
    parties |= {share["owner"].get("organization") for share in lot.owners}
    if draft.author in parties:
        return
    if isinstance(draft, Amendment):
        before = [old.facts for old in draft.replaced.movements if old.lot == lot.id]
        if any(_statuses(_facts(body)) <= _statuses(facts) for facts in before):
            return
    raise NotYoursToAssay(lot.id, author=draft.author, at="$.body.lot")


def _statuses(facts: Mapping[str, Any]) -> set[str]:
    return {facts["status"], *(one["status"] for one in facts["results"] if "status" in one)}


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
