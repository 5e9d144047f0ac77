"""A draft: one statement's working copy of the book, kept as a whole or dropped as a whole."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from traceability.errors import (
    BasisMismatch,
    InsufficientBalance,
    LotExists,
    LotIntoItself,
    NotAtThisFacility,
    NotInCustody,
    NotInTransit,
    NotYourNameSpace,
    UnitMismatch,
    UnknownFacility,
    UnknownLot,
    UnknownOrganization,
    WrongFacility,
)
from traceability.ledger.book import (
    EXITED,
    HELD,
    IN_TRANSIT,
    Book,
    Consignment,
    Effects,
    Facility,
    Lot,
    Movement,
    gross,
    is_same_water,
)
from traceability.ledger.feasibility import (
    check_assays,
    check_compound,
    check_ends,
    check_substance,
)
from traceability.ledger.shapes import NewLot, Quantity
from traceability.ledger.statements import Statement
from traceability.ledger.vocabulary import PRODUCING_FACILITIES


class Draft:
    """One statement's working copy of the book."""

    def __init__(self, book: Book, statement: Statement) -> None:
        self.book = book
        self.statement = statement
        self.author = statement.author
        self.lots: dict[str, Lot] = {}
        self.movements: list[Movement] = []
        self.consignments: dict[str, Consignment] = {}

    # ── looking ───────────────────────────────────────────────────────────────────────────

    def organization(self, name: str, at: str) -> str:
        """Return the id of a registered organization, or refuse."""
        if name not in self.book.organizations:
            raise UnknownOrganization(name, at=at)
        return name

    def facility(self, name: str, *, operated: bool, reported: bool = False) -> Facility:
        """Return a facility; with `operated` it must be the author's, or be reported on.

        What is wrong with it is told of one's own, and of what one registered for another; of
        somebody else's not even that there is one.
        """
        facility = self.book.facilities.get(name)
        at = "$.body.facility"
        if facility is None:
            raise UnknownFacility(name, at=at)
        is_reporter = reported and facility.operator is None
        is_able = not operated or facility.operator == self.author or is_reporter
        is_own = self.author in (facility.operator, name.partition(":")[0])
        allowed = PRODUCING_FACILITIES.get(self.statement.kind, frozenset())
        is_fit = not allowed or not allowed.isdisjoint(facility.types)
        if not (is_able and is_fit) and not is_own:
            raise UnknownFacility(name, at=at)
        if not is_fit:
            raise WrongFacility(
                f"{name} is not registered as {' or '.join(sorted(allowed))}.", at=at, facility=name
            )
        if not is_able:
            raise WrongFacility(f"{name} is not operated by {self.author}.", at=at, facility=name)
        return facility

    def lot(self, name: str, at: str) -> Lot:
        """Return a lot that the author may see."""
        found = self.lots.get(name) or self.book.lots.get(name)
        if found is None or not self.book.is_known(found, self.author):
            raise UnknownLot(name, at=at)
        return found

    def held_lot(self, name: str, facility: str | None, at: str) -> Lot:
        """Return a lot that the author has, at that facility, not in transit."""
        found = self.lot(name, at)
        if found.custodian != self.author or found.state == EXITED:
            raise NotInCustody(name, author=self.author, at=at)
        if found.state != HELD:
            raise NotInCustody(name, author=self.author, at=at, state=found.state)
        if facility is not None and found.facility != facility:
            raise NotAtThisFacility(name, facility=facility, at=at)
        return found

    def amount_of(self, lot: Lot, quantity: Quantity, at: str, *, may_be_none: bool = False) -> int:
        """Return a quantity in the units the lot is booked in; nothing only where that is said."""
        amount, unit = self._gross(quantity, at, may_be_none=may_be_none)
        if unit != lot.unit:
            raise UnitMismatch(lot.id, booked=lot.unit, given=unit, at=at)
        if not is_same_water(lot.basis, quantity.basis):
            raise BasisMismatch(lot.id, booked=lot.basis, given=quantity.basis.value, at=at)
        return amount

    def _gross(self, quantity: Quantity, at: str, *, may_be_none: bool = False) -> tuple[int, str]:
        told = gross(quantity, at, may_be_none=may_be_none)
        if self.book.is_admitting:
            check_ends(quantity, at)
        return told

    # ── moving ────────────────────────────────────────────────────────────────────────────

    def move(self, lot: Lot, role: str, delta: int, facts: Mapping[str, Any]) -> None:
        """Keep a lot's new state and write down what was done."""
        self.lots[lot.id] = lot
        self.movements.append(
            Movement(lot=lot.id, role=role, delta=delta, unit=lot.unit, facts=facts)
        )

    def take(
        self, name: str, quantity: Quantity, facility: str | None, at: str, **facts: Any
    ) -> tuple[Lot, int]:
        """Withdraw from a lot in custody.

        Raises:
            InsufficientBalance: more than the lot now holds.
        """
        lot = self.held_lot(name, facility, at)
        amount = self.amount_of(lot, quantity, at)
        if amount > lot.amount:
            raise InsufficientBalance(
                lot_id=name, holds=lot.amount, asked=amount, unit=lot.unit, at=at
            )
        self.move(replace(lot, amount=lot.amount - amount), "take", -amount, facts)
        return lot, amount

    def make(
        self,
        new: NewLot,
        facility: str | None,
        at: str,
        owners: Sequence[Mapping[str, Any]] | None = None,
        **facts: Any,
    ) -> Lot:
        """Begin a lot in the author's name space.

        Args:
            owners: the shares to book, where they say more than those declared.
        """
        amount, unit = self._gross(new.quantity, f"{at}.quantity")
        check_compound(new.compound, f"{at}.compound")
        check_assays(new.assays or (), at=f"{at}.assays", compound=new.compound)
        if self.book.is_admitting:
            check_substance(
                new.assays or (),
                at=f"{at}.assays",
                materials=(new.material,),
                compound=new.compound,
                moisture=new.quantity.moisture,
            )
        for place, share in enumerate(new.owners):
            if share.owner.organization is not None:
                name = f"{at}.owners[{place}].owner.organization"
                self.organization(share.owner.organization, name)
        lot = Lot(
            id=new.lot,
            custodian=self.author,
            state=HELD,
            facility=facility,
            amount=amount,
            unit=unit,
            basis=new.quantity.basis.value,
            material=new.material,
            form=new.form,
            owners=tuple(msgspec.to_builtins(new.owners) if owners is None else owners),
            known_to=knowing(self.author, msgspec.to_builtins(new.owners)),
        )
        return self.begin(lot, at, described(new) | {"owners": list(lot.owners)} | facts)

    def begin(self, lot: Lot, at: str, facts: Mapping[str, Any]) -> Lot:
        """Begin a lot whose state is ready.

        Raises:
            NotYourNameSpace: only the organization in its id may create a lot.
            LotIntoItself: it is made of itself.
            LotExists: it has begun before.
        """
        if lot.id.partition(":")[0] != self.author:
            raise NotYourNameSpace(lot.id, author=self.author, at=at)
        if any(one.lot == lot.id and one.role == "take" for one in self.movements):
            raise LotIntoItself(lot.id, at=at)
        if lot.id in self.lots or lot.id in self.book.lots:
            raise LotExists(lot.id, at=at)
        self.move(lot, "make", lot.amount, facts)
        return lot

    def adjust(
        self, lot: Lot, amount: int, why: str, quantity: Quantity | None, **changes: Any
    ) -> Lot:
        """Set what a lot holds to what was weighed or counted.

        Args:
            quantity: as stated, of what stays the lot, for its water.
        """
        adjusted = replace(lot, amount=amount, **changes)
        facts = {**found(amount, why, quantity), "custodian": lot.custodian}
        if lot.consignment is not None:
            facts["consignment"] = lot.consignment
        self.move(adjusted, "adjust", amount - lot.amount, facts)
        return adjusted

    def shipper_of(self, lot: Lot) -> str:
        """Return who has a lot while it is in transit."""
        return lot.custodian

    def give_back(self, name: str, shipper: str, why: str) -> None:
        """Leave a rejected part with its shipper, at the place where it was rejected."""
        part = self.lots[name]
        back = replace(part, custodian=shipper, known_to=part.known_to | {shipper})
        self.move(back, "move", 0, {"to": shipper, "why": why})

    def in_transit(self, name: str, consignment: str, at: str) -> Lot:
        """Return a lot on its way to the author in that consignment."""
        lot = self.lots.get(name) or self.book.lots.get(name)
        if lot is None or not (
            self.author == lot.consignee or self.book.is_known(lot, self.author)
        ):
            raise UnknownLot(name, at=at)
        if (lot.state, lot.consignment, lot.consignee) != (IN_TRANSIT, consignment, self.author):
            raise NotInTransit(name, consignment=consignment, at=at)
        return lot

    def effects(self, subjects: tuple[str, ...] | None = None, **more: Any) -> Effects:
        """Close the draft."""
        chained = subjects if subjects is not None else self.statement.subjects
        touched = {f"lot:{name}" for name in self.lots} | set(chained)
        return Effects(
            subjects=tuple(sorted(touched)),
            lots=self.lots,
            movements=tuple(self.movements),
            consignments=self.consignments,
            **more,
        )


def knowing(author: str, owners: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Return who may know a lot as it begins: whoever makes it, and its owners."""
    named = (share["owner"].get("organization") for share in owners)
    return frozenset({author, *(name for name in named if name)})


def found(amount: int, why: str, quantity: Quantity | None) -> dict[str, Any]:
    """Return what somebody who weighs or counts a lot finds, as JSON values."""
    return {"why": why, "to": str(amount), "quantity": msgspec.to_builtins(quantity)}


def described(new: NewLot) -> dict[str, Any]:
    """Return what shares and contained metal are derived from, as JSON values."""
    names = ("material", "form", "quantity", "assays", "compound")
    stated = {name: getattr(new, name) for name in names if getattr(new, name) is not None}
    facts: dict[str, Any] = msgspec.to_builtins(stated)
    return facts
