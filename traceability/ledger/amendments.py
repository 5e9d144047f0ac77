"""Corrections and voids: statements that replace or withdraw an earlier one.

Nothing is edited. An amendment names the head of the correction chain it replaces,
removes its own author's movements and puts new ones in their place; it never undoes what
somebody else stated. Gross balances change at once, also below zero: a lot that then has
given more than it held is *restated*, and gives no more until it is covered. What was weighed
or counted since stands, whatever is corrected of the time before (`turns`).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from traceability.errors import (
    AlreadyActedOn,
    AlreadyReplaced,
    BasisMismatch,
    InsufficientBalance,
    LotExists,
    LotsIncomplete,
    NotCorrectable,
    NotInTransit,
    UnitMismatch,
    UnknownStatement,
)
from traceability.ledger import events
from traceability.ledger.book import (
    HELD,
    Book,
    Consignment,
    Effects,
    Lot,
    Movement,
    Recorded,
    gross,
    is_same_water,
)
from traceability.ledger.commingling import Owners, are_equal, mixed
from traceability.ledger.draft import Draft, found, knowing
from traceability.ledger.effective import parse_effective
from traceability.ledger.kinds import CUSTODY
from traceability.ledger.shapes import Quantity
from traceability.ledger.statements import Statement, check, in_replacement, to_shape
from traceability.ledger.turns import (
    OFFSET,
    Turn,
    amount_after,
    is_moved_after,
    is_sold_after,
    is_weighed_after,
    turns_of,
    with_turns,
)
from traceability.ledger.undoing import (
    check_untouched,
    consignments_of,
    has_arrived,
    put_back,
)

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


_CAME_AHEAD = "it came ahead and took effect with its shipment; count the lot (`custody.stocktake`)"


class Amendment(Draft):
    """A draft in which the replaced statement's movements are undone.

    Towards the lots of that statement it is lenient: they may have moved on since, and
    only their amounts change. `settled` then refuses what would take more than is left.

    Raises:
        LotsIncomplete: the amendment does not name every lot of what it replaces.
    """

    def __init__(
        self, book: Book, statement: Statement, replaced: Recorded, named: Iterable[str]
    ) -> None:
        super().__init__(book, statement)
        self.replaced = replaced
        self.named = set(named)
        self.before: dict[str, Lot] = {}
        self.old = {m.lot: m for m in replaced.movements if m.role == "adjust"}
        self.made = {m.lot: m for m in replaced.movements if m.role == "make"}
        self.made_again: set[str] = set()
        touched = {m.lot for m in replaced.movements}
        if touched - book.lots.keys():
            raise LotsIncomplete(sorted(touched), at="$.body.lots")
        for movement in replaced.movements:
            lot = self.lots.get(movement.lot) or book.lots[movement.lot]
            self.before.setdefault(lot.id, lot)
            self.lots[lot.id] = replace(lot, amount=lot.amount - movement.delta)

    def held_lot(self, name: str, facility: str | None, at: str) -> Lot:
        """Return a lot the replaced statement touched, wherever it is now."""
        return self.lots[name] if name in self.before else super().held_lot(name, facility, at)

    def in_transit(self, name: str, consignment: str, at: str) -> Lot:
        """Return a lot the replaced receipt brought."""
        old = self.old.get(name)
        if old is None:
            return super().in_transit(name, consignment, at)
        if old.facts["consignment"] != consignment:
            raise NotInTransit(name, consignment=consignment, at=at)
        return self.lots[name]

    def take(
        self, name: str, quantity: Quantity, facility: str | None, at: str, **facts: Any
    ) -> tuple[Lot, int]:
        """Withdraw; what is taken beyond the replaced statement is settled at the end.

        The lot is returned as its author had it, for parts that begin only now.
        """
        if name not in self.before:
            return super().take(name, quantity, facility, at, **facts)
        lot = self.lots[name]
        amount = self.amount_of(lot, quantity, at)
        self.move(replace(lot, amount=lot.amount - amount), "take", -amount, facts)
        as_it_was = replace(
            lot,
            custodian=self.author,
            state=HELD,
            facility=facility,
            consignment=None,
            consignee=None,
            known_to=knowing(self.author, lot.owners),
        )
        return as_it_was, amount

    def begin(self, lot: Lot, at: str, facts: Mapping[str, Any]) -> Lot:
        """Make a lot again with another amount, or a new one; return it as stated."""
        old = self.made.get(lot.id)
        if old is None:
            return super().begin(lot, at, facts)
        if lot.id in self.made_again:
            raise LotExists(lot.id, at=at)
        self.made_again.add(lot.id)
        known = self.lots[lot.id]
        if known.unit != lot.unit:
            raise UnitMismatch(lot.id, booked=known.unit, given=lot.unit, at=at)
        if not is_same_water(known.basis, lot.basis):
            raise BasisMismatch(lot.id, booked=known.basis, given=lot.basis, at=at)
        again = replace(
            known,
            amount=known.amount + lot.amount,
            material=lot.material,
            form=lot.form,
            facility=self._place(known, lot.facility),
        )
        if facts.get("owners") != old.facts.get("owners"):
            if list(known.owners) != old.facts["owners"] or self._is_since(is_sold_after, lot.id):
                raise AlreadyActedOn(lot.id)  # title has passed since
            again = replace(again, owners=lot.owners, known_to=known.known_to | lot.known_to)
        self.move(again, "make", lot.amount, facts)
        return lot

    def _place(self, lot: Lot, facility: str | None) -> str | None:
        """Return where a lot is: as corrected if it never left, else where it is now.

        Raises:
            AlreadyActedOn: it was brought to where it is by what somebody stated since.
        """
        has_stayed = (lot.state, lot.facility) == (HELD, self.replaced.facility)
        if not has_stayed or facility == lot.facility:
            return lot.facility
        if self._is_since(is_moved_after, lot.id):
            raise AlreadyActedOn(lot.id)
        return facility

    def _is_since(self, has_been: Callable[[Iterable[Turn], int], bool], name: str) -> bool:
        """Tell what came to a lot after what is replaced; asked only of what comes in now."""
        turns = self.book.turns.get(name, ())
        return self.book.is_admitting and has_been(turns, self.replaced.order)

    def adjust(
        self, lot: Lot, amount: int, why: str, quantity: Quantity | None, **changes: Any
    ) -> Lot:
        """Weigh or count again: the difference to the books of that time is what counts.

        Raises:
            NotCorrectable: goods accepted are now rejected, or the reverse.
        """
        old = self.old.get(lot.id)
        if old is None:
            return super().adjust(lot, amount, why, quantity, **changes)
        if "consignment" in old.facts and old.facts["why"] != why:
            raise NotCorrectable(self.replaced.kind, "it says who has the goods otherwise")
        delta = amount - (int(old.facts["to"]) - old.delta)
        facility = self._place(lot, changes.get("facility", lot.facility))
        adjusted = replace(lot, amount=lot.amount + delta, facility=facility)
        self.move(adjusted, "adjust", delta, {**old.facts, **found(amount, why, quantity)})
        return adjusted

    def shipper_of(self, lot: Lot) -> str:
        """Return who had the lot until the receipt that is corrected."""
        old = self.old.get(lot.id)
        return old.facts["custodian"] if old else super().shipper_of(lot)

    def give_back(self, name: str, shipper: str, why: str) -> None:
        """Leave a rejected part where it is; only one that is new goes to the shipper."""
        if name not in self.made:
            super().give_back(name, shipper, why)
            return
        self.move(self.lots[name], "move", 0, {"to": shipper, "why": why})

    def is_weighed_since(self, name: str) -> bool:
        """Tell whether a lot was weighed or counted after what is replaced."""
        return is_weighed_after(self.book.turns.get(name, ()), self.replaced.order)

    def leave_what_was_weighed(self) -> None:
        """Set each lot to what its turns give, as amended; write down what that takes back."""
        order = self.replaced.order
        new = turns_of(order, self.movements)
        for name, lot in list(self.lots.items()):
            turns = with_turns(self.book.turns.get(name, ()), order, new.get(name, ()))
            left = amount_after(turns) - lot.amount
            if left:
                settled = replace(lot, amount=lot.amount + left)
                self.move(settled, OFFSET, left, {"why": "weighed"})

    def owners_again(self, declared: Owners, owners: Iterable[Owners]) -> Owners:
        """Return the shares in a blend that is corrected; `owners` are those of its inputs now.

        Raises:
            NotCorrectable: something else went in, or it is to be another's, and several owners
                have a part in it: title to an input may have passed since.
        """
        before, booked = mixed(self.replaced.movements)
        after, _ = mixed(self.movements)
        if before == after and are_equal(declared, booked):
            return booked
        shares = [share for one in (*owners, booked, declared) for share in one]
        if self.book.is_admitting and any(one["owner"] != shares[0]["owner"] for one in shares):
            raise NotCorrectable(self.replaced.kind, "goods of several owners were mixed")
        return declared

    def same_lots(self, body: events.Shipment) -> Effects:
        """A corrected shipment may tell its route and papers anew, not what went to whom.

        Raises:
            NotCorrectable: other lots or quantities, another place, consignment or consignee.
        """
        to = body.consignee.organization or ""
        told = {
            (
                item.lot,
                str(gross(item.quantity, f"$.body.lots[{place}].quantity")[0]),
                item.taken_from,
                body.consignment,
                to,
            )
            for place, item in enumerate(body.lots)
        }
        sources = {m.facts["into"]: m.lot for m in self.replaced.movements if m.facts.get("into")}
        moved = {
            (m.lot, m.facts["gross"], sources.get(m.lot), m.facts["consignment"], m.facts["to"])
            for m in self.replaced.movements
            if m.role == "move" and "gross" in m.facts
        }
        if moved != told or body.facility != self.replaced.facility:
            raise NotCorrectable(
                self.replaced.kind, "lots, quantities, place or consignee differ from the shipment"
            )
        self.lots.update(self.before)
        self.movements.extend(self.replaced.movements)
        return self.effects()


def correction(book: Book, statement: Statement) -> tuple[Amendment, Statement]:
    """Undo the replaced statement in a draft and return the statement that takes its place.

    Raises:
        UnknownStatement, AlreadyReplaced: not the head of a correction chain of the author.
        NotCorrectable: a kind that is voided instead, or a receipt that came ahead.
    """
    body: events.Correction = statement.body
    replaced = _head(book, statement, body.replaces)
    if replaced.kind not in CORRECTABLE:
        raise NotCorrectable(replaced.kind, "statements of this kind are voided and made anew")
    if replaced.waits_on is not None:
        if has_arrived(book, replaced):
            raise NotCorrectable(replaced.kind, _CAME_AHEAD)
        raise NotCorrectable(replaced.kind, "it still waits for its shipment")
    kind = CUSTODY[replaced.kind]
    new = to_shape(body.replacement.body, kind.body, at="$.body.replacement.body")
    with in_replacement():
        effective = parse_effective(body.replacement.effective)
        replacement = replace(statement, kind=replaced.kind, body=new, effective=effective)
        check(kind, new, replacement)
    return Amendment(book, replacement, replaced, body.lots), replacement


def settled(draft: Amendment, changed: Effects) -> Effects:
    """Check a correction's balances and name every lot it touched.

    Raises:
        InsufficientBalance: it takes more out of a lot than the author still has there.
        LotsIncomplete: the correction names other lots than it touches.
        NotCorrectable: a receipt that leaves out what was received.
    """
    weighed = {movement.lot for movement in changed.movements if movement.role == "adjust"}
    if draft.replaced.kind == "custody.receipt" and draft.old.keys() - weighed:
        raise NotCorrectable(draft.replaced.kind, "it leaves out a lot that was received")
    extra: Counter[str] = Counter()
    for movement in changed.movements:
        extra[movement.lot] += -movement.delta if movement.role == "take" else 0
    for movement in draft.replaced.movements:
        extra[movement.lot] -= -movement.delta if movement.role == "take" else 0
    for name, amount in extra.items():
        lot = draft.before.get(name)
        if lot is None or amount <= 0 or draft.is_weighed_since(name):
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
        NotCorrectable: a receipt that came ahead and has taken effect since.
    """
    body: events.Void = statement.body
    replaced = _head(book, statement, body.replaces)
    draft = Amendment(book, statement, replaced, body.lots)
    for movement in reversed(replaced.movements):
        if book.is_admitting:
            check_untouched(movement, book.turns.get(movement.lot, ()), replaced.order)
        draft.lots[movement.lot] = put_back(draft.lots[movement.lot], movement, replaced)
    for subject in consignments_of(replaced):
        known = book.consignments.get(subject, Consignment(subject=subject))
        waiting = tuple(w for w in known.waiting if w["statement"] != replaced.statement_id)
        if replaced.waits_on is None:
            draft.consignments[subject] = replace(known, shipped=False)
        elif len(waiting) < len(known.waiting):
            draft.consignments[subject] = replace(known, waiting=waiting)
        else:
            raise NotCorrectable(replaced.kind, _CAME_AHEAD)
    return _closed(draft, (), statement.kind)


def _head(book: Book, statement: Statement, entry: str) -> Recorded:
    found = book.statements.get(entry)
    if found is None or statement.author not in (found.author, _superseder(book, found)):
        raise UnknownStatement(entry, at="$.body.replaces")
    if found.replaced_by is not None:
        raise AlreadyReplaced(entry, head=found.replaced_by, at="$.body.replaces")
    if not found.kind.startswith("custody.") or found.kind == "custody.void":
        raise NotCorrectable(found.kind, "only custody events are corrected or voided")
    return found


def _superseder(book: Book, found: Recorded) -> str | None:
    """Return who operates the place of a reported event, once that is known."""
    place = book.facilities.get(found.facility or "")
    return place.operator if found.reported and place else found.superseder


def _closed(draft: Amendment, movements: tuple[Movement, ...], event: str) -> Effects:
    if draft.named != set(draft.lots):
        raise LotsIncomplete(sorted(draft.lots), at="$.body.lots")
    draft.movements = list(movements)
    draft.leave_what_was_weighed()
    chained = (*draft.statement.subjects, *draft.consignments)
    return draft.effects(chained, replaces=draft.replaced.entry, event=event)
