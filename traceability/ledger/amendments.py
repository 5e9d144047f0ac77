"""Corrections and voids: statements that replace or withdraw an earlier one.

Nothing is edited. An amendment names the head of the correction chain it replaces,
removes its own author's movements and puts new ones in their place; it never undoes what
somebody else stated. Gross balances change at once, also below zero: a lot that then has
given more than it held is *restated*, and gives no more until it is covered.
"""

from collections import Counter
from typing import Any

from msgspec.structs import replace

from traceability.errors import (
    AlreadyActedOn,
    AlreadyReplaced,
    InsufficientBalance,
    LotsIncomplete,
    NotCorrectable,
    UnknownStatement,
)
from traceability.ledger import events
from traceability.ledger.book import (
    EXITED,
    HELD,
    IN_TRANSIT,
    Book,
    Draft,
    Effects,
    Lot,
    Movement,
    Recorded,
    gross,
)
from traceability.ledger.effective import parse_effective
from traceability.ledger.kinds import CUSTODY
from traceability.ledger.shapes import Quantity
from traceability.ledger.statements import Statement, to_shape

CORRECTABLE = frozenset(
    {
        "custody.assay",
        "custody.assembly",
        "custody.blend",
        "custody.extraction",
        "custody.introduction",
        "custody.loss",
        "custody.receipt",
        "custody.recovery",
        "custody.shipment",
        "custody.split",
        "custody.stocktake",
        "custody.transformation",
    }
)
"""Kinds a correction may replace; transfers, offers and withdrawals are voided instead."""


class Amendment(Draft):
    """A draft in which the replaced statement's movements are undone.

    Towards the lots of that statement it is lenient: they may have moved on since, and
    only their amounts change. `settled` then refuses what would take more than is left.
    """

    def __init__(self, book: Book, statement: Statement, replaced: Recorded) -> None:
        super().__init__(book, statement)
        self.replaced = replaced
        self.before: dict[str, Lot] = {}
        self.old = {m.lot: m for m in replaced.movements if m.role == "adjust"}
        self.made = {m.lot for m in replaced.movements if m.role == "make"}
        for movement in replaced.movements:
            lot = self.lots.get(movement.lot) or book.lots[movement.lot]
            self.before.setdefault(lot.id, lot)
            self.lots[lot.id] = replace(lot, amount=lot.amount - movement.delta)

    def held_lot(self, name: str, facility: str | None, at: str) -> Lot:
        """Return a lot the replaced statement touched, wherever it is now."""
        return self.lots[name] if name in self.before else super().held_lot(name, facility, at)

    def in_transit(self, name: str, consignment: str, at: str) -> Lot:
        """Return a lot the replaced receipt brought."""
        return self.lots[name] if name in self.before else super().in_transit(name, consignment, at)

    def take(
        self, name: str, quantity: Quantity, facility: str | None, at: str, **facts: Any
    ) -> tuple[Lot, int]:
        """Withdraw; what is taken beyond the replaced statement is settled at the end."""
        if name not in self.before:
            return super().take(name, quantity, facility, at, **facts)
        lot = self.lots[name]
        amount = self.amount_of(lot, quantity, at)
        self.move(replace(lot, amount=lot.amount - amount), "take", -amount, facts)
        return lot, amount

    def begin(self, lot: Lot, at: str, facts: Any) -> Lot:
        """Make a lot again with another amount, or a new one."""
        if lot.id not in self.made:
            return super().begin(lot, at, facts)
        known = self.lots[lot.id]
        again = replace(known, amount=known.amount + lot.amount, material=lot.material)
        self.move(again, "make", lot.amount, facts)
        return lot

    def adjust(self, lot: Lot, amount: int, why: str, **changes: Any) -> Lot:
        """Weigh or count again: the difference to the books of that time is what counts."""
        old = self.old.get(lot.id)
        if old is None:
            return super().adjust(lot, amount, why, **changes)
        delta = amount - (int(old.facts["to"]) - old.delta)
        adjusted = replace(lot, amount=lot.amount + delta)
        self.move(adjusted, "adjust", delta, dict(old.facts) | {"to": str(amount)})
        return adjusted

    def same_lots(self, body: events.Shipment) -> Effects:
        """A corrected shipment may tell its route and papers anew, not its lots.

        Raises:
            NotCorrectable: other lots or quantities.
        """
        moved = {m.lot: m.facts["gross"] for m in self.replaced.movements if m.role == "move"}
        told = {
            item.lot: str(gross(item.quantity, f"$.body.replacement.body.lots[{place}]")[0])
            for place, item in enumerate(body.lots)
        }
        if moved != told:
            raise NotCorrectable(
                self.replaced.kind, "the lots or quantities differ from what was shipped"
            )
        self.lots.update(self.before)
        self.movements.extend(self.replaced.movements)
        return self.effects()


def correction(book: Book, statement: Statement) -> tuple[Amendment, Statement]:
    """Undo the replaced statement in a draft and return the statement that takes its place.

    Raises:
        UnknownStatement, AlreadyReplaced: not the head of a correction chain of the author.
        NotCorrectable: a kind that is voided instead, or a receipt that still waits.
    """
    body: events.Correction = statement.body
    replaced = _head(book, statement, body.replaces)
    if replaced.kind not in CORRECTABLE:
        raise NotCorrectable(replaced.kind, "statements of this kind are voided and made anew")
    if replaced.waits_on is not None:
        raise NotCorrectable(replaced.kind, "it still waits for its shipment")
    kind = CUSTODY[replaced.kind]
    new = to_shape(body.replacement.body, kind.body, at="$.body.replacement.body")
    replacement = replace(
        statement,
        kind=replaced.kind,
        body=new,
        effective=parse_effective(body.replacement.effective),
    )
    if kind.check is not None:
        kind.check(new, replacement)
    return Amendment(book, replacement, replaced), replacement


def settled(draft: Amendment, changed: Effects) -> Effects:
    """Check a correction's balances and name every lot it touched.

    Raises:
        InsufficientBalance: it takes more out of a lot than the author still has there.
        LotsIncomplete: the correction names other lots than it touches.
    """
    extra: Counter[str] = Counter()
    for movement in changed.movements:
        extra[movement.lot] += -movement.delta if movement.role == "take" else 0
    for movement in draft.replaced.movements:
        extra[movement.lot] -= -movement.delta if movement.role == "take" else 0
    for name, amount in extra.items():
        lot = draft.before.get(name)
        if lot is None or amount <= 0:
            continue
        available = lot.amount if (lot.custodian, lot.state) == (draft.author, HELD) else 0
        if amount > available:
            raise InsufficientBalance(
                lot_id=name, holds=available, asked=amount, unit=lot.unit, at="$.body.replacement"
            )
    return _closed(draft, changed.movements, draft.replaced.kind)


def void(book: Book, statement: Statement) -> Effects:
    """Withdraw a statement as if it had not been made.

    Raises:
        UnknownStatement, AlreadyReplaced: not the head of a correction chain of the author.
        AlreadyActedOn: somebody received or passed on what it sent.
    """
    body: events.Void = statement.body
    replaced = _head(book, statement, body.replaces)
    draft = Amendment(book, statement, replaced)
    for movement in replaced.movements:
        draft.lots[movement.lot] = _put_back(draft.lots[movement.lot], movement, replaced)
    if replaced.waits_on is not None:
        known = book.consignments[replaced.waits_on]
        waiting = tuple(w for w in known.waiting if w["statement"] != replaced.statement_id)
        draft.consignments[known.subject] = replace(known, waiting=waiting)
    return _closed(draft, (), statement.kind)


def _head(book: Book, statement: Statement, entry: str) -> Recorded:
    found = book.statements.get(entry)
    if found is None or statement.author not in (found.author, found.superseder):
        raise UnknownStatement(entry, at="$.body.replaces")
    if found.replaced_by is not None:
        raise AlreadyReplaced(entry, head=found.replaced_by, at="$.body.replaces")
    if not found.kind.startswith("custody.") or found.kind == "custody.void":
        raise NotCorrectable(found.kind, "only custody events are corrected or voided")
    return found


def _put_back(lot: Lot, movement: Movement, replaced: Recorded) -> Lot:
    """Undo what a movement did to custody or title; its amount is undone already."""
    if movement.role == "move":
        if lot.state not in (IN_TRANSIT, EXITED):
            raise AlreadyActedOn(lot.id)
        return replace(
            lot, state=HELD, facility=replaced.facility, consignment=None, consignee=None
        )
    if movement.role == "title":
        if list(lot.owners) != movement.facts["owners"]:
            raise AlreadyActedOn(lot.id)
        return replace(lot, owners=tuple(movement.facts["before"]))
    if movement.role == "adjust" and "consignment" in movement.facts:
        if (lot.state, lot.facility) != (HELD, replaced.facility):
            raise AlreadyActedOn(lot.id)
        return replace(
            lot,
            state=IN_TRANSIT,
            facility=None,
            custodian=movement.facts["custodian"],
            consignment=movement.facts["consignment"],
            consignee=replaced.author,
        )
    return lot


def _closed(draft: Amendment, movements: tuple[Movement, ...], event: str) -> Effects:
    named = set(draft.statement.envelope.body["lots"])
    if named != set(draft.lots):
        raise LotsIncomplete(sorted(draft.lots), at="$.body.lots")
    draft.movements = list(movements)
    return draft.effects(replaces=draft.replaced.entry, event=event)
