"""What must hold for each custody event, and what it does to the lots.

`apply` decides on one statement, in log order, from the book alone: the same function
runs when a statement is recorded, when a batch is, and when the offline verifier replays
a bundle. Hard rules refuse; what is implausible but possible is accepted and flagged
elsewhere.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from traceability.errors import (
    BasisMismatch,
    ConsignmentExists,
    GrossNotConserved,
    NotWholeLot,
    NotYourNameSpace,
    TooManySubjects,
    TraceabilityError,
    UnitMismatch,
    UnknownStatement,
)
from traceability.ledger import amendments, events
from traceability.ledger.assaying import assay
from traceability.ledger.book import (
    EXITED,
    HELD,
    IN_TRANSIT,
    Book,
    Consignment,
    Effects,
    Lot,
    gross,
    is_same_water,
)
from traceability.ledger.commingling import Inputs, Owners, blended
from traceability.ledger.draft import Draft, knowing
from traceability.ledger.kinds import consignment as consignment_subject
from traceability.ledger.shapes import Quantity
from traceability.ledger.statements import Statement, in_replacement, to_shape
from traceability.ledger.title import pass_title


def apply(statement: Statement, book: Book) -> Effects:
    """Decide on a custody statement: what it changes, or why it is refused.

    Args:
        statement: parsed, its signature and authority already checked.
        book: everything the statement touches, as it stands now.

    Raises:
        TraceabilityError: the rule that does not hold; the book is unchanged.
    """
    if statement.kind == "custody.void":
        return amendments.void(book, statement)
    if statement.kind == "custody.correction":
        draft, replacement = amendments.correction(book, statement)
        with in_replacement():
            changed = _APPLY[replacement.kind](draft, replacement.body)
        return amendments.settled(draft, changed)
    effects = _APPLY[statement.kind](Draft(book, statement), statement.body)
    if book.is_admitting and len(effects.subjects) > book.most_subjects:
        raise TooManySubjects(len(effects.subjects), book.most_subjects)
    return effects


def _extraction(draft: Draft, body: events.Extraction) -> Effects:
    draft.facility(body.facility, operated=True, reported=body.reported is not None)
    draft.make(body.lot, body.facility, "$.body.lot", source="mined")
    return draft.effects()


def _introduction(draft: Draft, body: events.Introduction) -> Effects:
    draft.facility(body.facility, operated=False)
    declared = msgspec.to_builtins(body.declared_origin or [])
    draft.make(
        body.lot,
        body.facility,
        "$.body.lot",
        source="introduced",
        reason=body.reason.value,
        declared_origin=declared,
    )
    return draft.effects()


def _recovery(draft: Draft, body: events.Recovery) -> Effects:
    draft.facility(body.facility, operated=True, reported=body.reported is not None)
    for place, item in enumerate(body.inputs or ()):
        draft.take(item.lot, item.quantity, body.facility, f"$.body.inputs[{place}]")
    for place, new in enumerate(body.outputs):
        draft.make(
            new,
            body.facility,
            f"$.body.outputs[{place}]",
            role=new.role.value,
            source="recycled",
            feedstock=body.feedstock.value,
            collected_in=body.collected_in or "",
        )
    return draft.effects()


def _transformation(draft: Draft, body: events.Transformation) -> Effects:
    draft.facility(body.facility, operated=True, reported=body.reported is not None)
    if draft.book.is_admitting:
        _check_losses(body)
    for place, item in enumerate(body.inputs):
        at = f"$.body.inputs[{place}]"
        draft.take(item.lot, item.quantity, body.facility, at, role=item.role.value)
    for place, new in enumerate(body.outputs):
        draft.make(new, body.facility, f"$.body.outputs[{place}]", role=new.role.value)
    return draft.effects()


def _check_losses(body: events.Transformation) -> None:
    """Refuse amounts that nothing can lose: they change no balance, so nobody else looks."""
    for place, lost in enumerate(body.losses or ()):
        if lost.quantity is not None:
            gross(lost.quantity, f"$.body.losses[{place}].quantity", may_be_none=True)


def _blend(draft: Draft, body: events.Blend) -> Effects:
    draft.facility(body.facility, operated=False)
    inputs = [
        draft.take(item.lot, item.quantity, body.facility, f"$.body.inputs[{place}]")
        for place, item in enumerate(body.inputs)
    ]
    total = sum(amount for _, amount in inputs)
    owners = _owners_of_blend(draft, body, [(amount, lot.owners) for lot, amount in inputs])
    at = "$.body.output.quantity"
    made = draft.make(body.output, body.facility, "$.body.output", owners)
    for lot, _ in inputs:  # only what is counted alike can be added up
        if lot.unit != made.unit:
            raise UnitMismatch(made.id, booked=made.unit, given=lot.unit, at=at)
        if not is_same_water(lot.basis, made.basis):
            raise BasisMismatch(made.id, booked=made.basis, given=lot.basis, at=at)
    if total != made.amount:
        raise GrossNotConserved(taken=total, made=made.amount, unit=made.unit, at=at)
    return draft.effects()


def _owners_of_blend(draft: Draft, body: events.Blend, inputs: Inputs) -> Owners:
    """Return the shares declared for a blend, with what is backed of them (ADR 0034)."""
    declared: Owners = msgspec.to_builtins(body.output.owners)
    if isinstance(draft, amendments.Amendment):
        return draft.owners_again(declared, [owners for _, owners in inputs])
    if not draft.book.is_admitting:
        return declared
    return blended(declared, sum(amount for amount, _ in inputs), inputs)


def _split(draft: Draft, body: events.Split) -> Effects:
    draft.facility(body.facility, operated=False)
    for place, part in enumerate(body.parts):
        _part(draft, part.lot, body.lot, part.quantity, body.facility, f"$.body.parts[{place}]")
    return draft.effects()


def _part(draft: Draft, name: str, source: str, quantity: Quantity, facility: str, at: str) -> Lot:
    """Take a part out of a lot as a new lot of the same material and owners."""
    whole, amount = draft.take(source, quantity, facility, at, into=name)
    known_to = knowing(draft.author, whole.owners)  # not to whoever had the whole before
    part = replace(whole, id=name, amount=amount, known_to=known_to)
    facts = {"material": part.material, "form": part.form, "from": source}
    return draft.begin(part, f"{at}.lot", facts | {"quantity": msgspec.to_builtins(quantity)})


def _assembly(draft: Draft, body: events.Assembly) -> Effects:
    draft.facility(body.facility, operated=True, reported=body.reported is not None)
    for place, item in enumerate(body.inputs):
        draft.take(item.lot, item.quantity, body.facility, f"$.body.inputs[{place}]")
    product = msgspec.to_builtins(body.product)
    made = draft.make(body.output, body.facility, "$.body.output", product=product)
    if made.unit != "piece":
        raise UnitMismatch(made.id, booked="piece", given=made.unit, at="$.body.output.quantity")
    return draft.effects()


# ── custody between organizations ─────────────────────────────────────────────────────────


def _shipment(draft: Draft, body: events.Shipment) -> Effects:
    if isinstance(draft, amendments.Amendment):
        return draft.same_lots(body)
    draft.facility(body.facility, operated=False)
    if body.consignment.partition(":")[0] != draft.author:
        raise NotYourNameSpace(body.consignment, author=draft.author, at="$.body.consignment")
    consignee = body.consignee.organization
    if consignee is not None:
        draft.organization(consignee, "$.body.consignee.organization")
    for place, item in enumerate(body.lots):
        lot = _consigned(draft, item, body.facility, f"$.body.lots[{place}]")
        gone = replace(
            lot,
            state=IN_TRANSIT if consignee else EXITED,
            facility=None,
            consignment=body.consignment,
            consignee=consignee,
            known_to=lot.known_to | {consignee} if consignee else lot.known_to,
        )
        facts = {
            "to": consignee or "",
            "gross": str(lot.amount),
            "consignment": body.consignment,
        }
        draft.move(gone, "move", 0, facts)
    if consignee is None:
        return draft.effects()
    return _match_waiting(draft, body, consignee)


def _consigned(draft: Draft, item: events.Consigned, facility: str, at: str) -> Lot:
    if item.taken_from is not None:
        return _part(draft, item.lot, item.taken_from, item.quantity, facility, at)
    lot = draft.held_lot(item.lot, facility, at)
    amount = draft.amount_of(lot, item.quantity, at)
    if amount != lot.amount:
        raise NotWholeLot(item.lot, holds=lot.amount, given=amount, unit=lot.unit, at=at)
    return lot


def _match_waiting(draft: Draft, body: events.Shipment, consignee: str) -> Effects:
    """Record the shipment and let receipts that came ahead of it take effect."""
    subject = consignment_subject(body, consignee)
    known = draft.book.consignments.get(subject, Consignment(subject=subject))
    if known.shipped:
        raise ConsignmentExists(body.consignment, at="$.body.consignment")
    shipped = {item.lot for item in body.lots}
    still_waiting = []
    for waiting in known.waiting:
        receipt = to_shape(waiting["body"], events.Receipt)
        fits = {item.lot for item in receipt.lots} <= shipped
        if not (fits and _arrived(draft, receipt, consignee)):
            still_waiting.append(waiting)
    materials = tuple(sorted({draft.lots[name].material for name in shipped}))
    draft.consignments[subject] = replace(
        known, shipped=True, waiting=tuple(still_waiting), materials=materials
    )
    return draft.effects()


def _receipt(draft: Draft, body: events.Receipt) -> Effects:
    draft.facility(body.facility, operated=False)
    if isinstance(draft, amendments.Amendment):
        arrive(draft, body, draft.author)
        return draft.effects()
    subject = consignment_subject(body, draft.author)
    known = draft.book.consignments.get(subject, Consignment(subject=subject))
    if known.shipped:
        arrive(draft, body, draft.author)
        return draft.effects()
    if draft.book.is_admitting:
        _check_received(body)
    # Ahead of its shipment: it waits on its own consignment and touches no lot.
    waiting = {"statement": draft.statement.id, "body": msgspec.to_builtins(body)}
    draft.consignments[subject] = replace(known, waiting=(*known.waiting, waiting))
    return draft.effects(subjects=(subject,), waits_on=subject)


def _check_received(body: events.Receipt) -> None:
    """Refuse amounts that are none in any lot: once it waits, nobody is told of them."""
    for place, item in enumerate(body.lots):
        at = f"$.body.lots[{place}]"
        if item.accepted is not None:
            gross(item.accepted, f"{at}.accepted", may_be_none=item.rejected is None)
        if item.rejected is not None:
            gross(item.rejected, f"{at}.rejected")


def _arrived(draft: Draft, body: events.Receipt, receiver: str) -> bool:
    """Let a waiting receipt take effect if it can: a wrong one never stops the shipment.

    Nor do the parts it rejects where they are more than the entry of the shipment can chain.
    """
    lots, movements = dict(draft.lots), list(draft.movements)
    try:
        arrive(draft, body, receiver)
        if len(draft.effects().subjects) <= draft.book.most_subjects:
            return True
    except TraceabilityError:
        pass
    draft.lots, draft.movements = lots, movements
    return False


def arrive(draft: Draft, body: events.Receipt, receiver: str) -> None:
    """Let a receipt take effect: custody passes, at the receiver's weight."""
    author, draft.author = draft.author, receiver
    try:
        for place, item in enumerate(body.lots):
            _arrive_one(draft, body, item, f"$.body.lots[{place}]")
    finally:
        draft.author = author


def _arrive_one(draft: Draft, body: events.Receipt, item: events.Received, at: str) -> None:
    lot = draft.in_transit(item.lot, body.consignment, at)
    accepted = 0
    if item.accepted is not None:  # of a cargo that was lost, nothing
        may_be_none = item.rejected is None
        accepted = draft.amount_of(lot, item.accepted, f"{at}.accepted", may_be_none=may_be_none)
    rejected = draft.amount_of(lot, item.rejected, f"{at}.rejected") if item.rejected else 0
    landed: dict[str, Any] = {
        "state": HELD,
        "facility": body.facility,
        "consignee": None,
        "consignment": None,
    }
    if item.accepted is None:  # wholly rejected: it stays with the shipper, there
        draft.adjust(lot, rejected, "rejected", item.rejected, **landed)
        return

    shipper = draft.shipper_of(lot)
    weight = accepted + rejected
    draft.adjust(lot, weight, "received", item.accepted, **landed, custodian=draft.author)
    if item.rejected_lot is None or item.rejected is None:
        return
    _part(draft, item.rejected_lot, lot.id, item.rejected, body.facility, f"{at}.rejected")
    draft.give_back(item.rejected_lot, shipper, item.rejection_reason or "")


# ── title, books ──────────────────────────────────────────────────────────────────


def _transfer(draft: Draft, body: events.Transfer) -> Effects:
    for place, item in enumerate(body.items):
        pass_title(draft, item, f"$.body.items[{place}]")
    return draft.effects()


def _stocktake(draft: Draft, body: events.Stocktake) -> Effects:
    for place, item in enumerate(body.counts):
        at = f"$.body.counts[{place}]"
        lot = draft.held_lot(item.lot, body.facility, at)
        found = draft.amount_of(lot, item.quantity, f"{at}.quantity", may_be_none=True)
        draft.adjust(lot, found, item.reason, item.quantity)
    return draft.effects()


def _loss(draft: Draft, body: events.LossEvent) -> Effects:
    draft.take(body.lot, body.quantity, body.facility, "$.body.quantity", loss=body.reason)
    return draft.effects()


def _offer(draft: Draft, body: events.Offer) -> Effects:
    for place, audience in enumerate(body.audience):
        draft.organization(audience, f"$.body.audience[{place}]")
    for place, name in enumerate(body.lots):
        lot = draft.held_lot(name, None, f"$.body.lots[{place}]")
        draft.move(lot, "open", 0, {"to": list(body.audience), "until": body.until or ""})
    return draft.effects()


def _withdrawal(draft: Draft, body: events.Withdrawal) -> Effects:
    offer = draft.book.statements.get(body.offer)
    if offer is None or (offer.author, offer.kind) != (draft.author, "custody.offer"):
        raise UnknownStatement(body.offer, at="$.body.offer")
    for place, name in enumerate(body.lots):
        lot = draft.lot(name, f"$.body.lots[{place}]")
        draft.move(lot, "close", 0, {"offer": body.offer})
    return draft.effects()


_APPLY: dict[str, Callable[[Draft, Any], Effects]] = {
    "custody.extraction": _extraction,
    "custody.introduction": _introduction,
    "custody.recovery": _recovery,
    "custody.transformation": _transformation,
    "custody.blend": _blend,
    "custody.split": _split,
    "custody.assembly": _assembly,
    "custody.shipment": _shipment,
    "custody.receipt": _receipt,
    "custody.transfer": _transfer,
    "custody.assay": assay,
    "custody.stocktake": _stocktake,
    "custody.loss": _loss,
    "custody.offer": _offer,
    "custody.withdrawal": _withdrawal,
}
