"""Replaying the open statements of a history through the same `decide` that recorded them.

A reader's history has blinded hops. What a lot went through there is not known, so wherever a
statement rests on it, the lot's state is *assumed* in the statement's favour: in its author's
custody, at its place, holding just what is taken. Everything else about the statement is
judged in full, and what was assumed is counted.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from traceability.errors import ChainBroken, UnknownStatement
from traceability.ledger import events, registry
from traceability.ledger.book import (
    HELD,
    IN_TRANSIT,
    MOST_SUBJECTS,
    Book,
    Consignment,
    Effects,
    Facility,
    Lot,
    event_facility,
    gross,
    is_reported,
)
from traceability.ledger.decision import authorize, decide, decide_genesis
from traceability.ledger.shapes import Quantity
from traceability.ledger.statements import Statement
from traceability.ledger.vocabulary import FacilityType, OrganizationRole

_KNOWN_AFTER = (events.Receipt, events.Stocktake)
"""Events after which a lot holds what was weighed or counted, whatever it held before."""


class Place(Struct, frozen=True, kw_only=True):
    """Where a statement stands: its log index and entry, the subjects its links name by id.

    `links` has, per subject, the hash of the entry before, and `lots` those of lots by lot id;
    chains whose subject is not known are counted in `unnamed`.
    """

    index: int
    entry: str
    kind: str
    links: Mapping[str, str | None]
    lots: tuple[tuple[str, str | None], ...]
    unnamed: int


@dataclass(slots=True, kw_only=True)
class Tally:
    """What a replay could judge: in full, with something assumed, or not at all."""

    in_full: int = 0
    with_assumptions: int = 0
    unjudged: int = 0


@dataclass(slots=True, kw_only=True)
class Replay:
    """The book of a history in log order. `whole` are the subjects whose chains are complete."""

    whole: Collection[str]
    entries: Mapping[str, int]  # log index of each entry of the history, by hash
    book: Book = field(default_factory=Book)
    tally: Tally = field(default_factory=Tally)
    _hidden_facilities: set[str] = field(default_factory=set)
    _hidden_consignments: set[str] = field(default_factory=set)

    def skip(self, place: Place) -> None:
        """Pass an entry whose statement is not known: what it touched is not known any more."""
        for subject in place.links:
            self._forget(subject)
            kind, _, name = subject.partition(":")
            if kind == "facility" and place.kind == "registry.facility":
                self._hidden_facilities.add(name)
            if kind == "organization" and place.kind == "registry.organization":
                # Erased: that it was registered is known, and that there is one operator.
                roles = frozenset(OrganizationRole) - {OrganizationRole.OPERATOR}
                self.book.organizations.setdefault(name, roles)

    def take(self, statement: Statement, place: Place) -> None:
        """Judge a statement as the ledger did, and let the next one see what it changed.

        Raises:
            TraceabilityError: the rule that does not hold.
            ChainBroken: the entry chains to other subjects than the statement touches.
        """
        if statement.kind.startswith("custody."):
            self._take_event(statement, place)
            return
        effects = self._registry_effects(statement, place)
        _verify_subjects(effects, place, is_certain=True)
        self.book.accept(statement, effects, place.entry)
        if isinstance(statement.body, registry.FacilityStatement):
            self._hidden_facilities.discard(statement.body.facility)

    def _registry_effects(self, statement: Statement, place: Place) -> Effects:
        if place.index == 0:
            return decide_genesis(statement)
        if isinstance(statement.body, registry.FacilityStatement):
            self._assume_forerunner(statement, statement.body)
        if not isinstance(statement.body, registry.Erasure):
            return decide(statement, self.book)
        # `decide` looks the entry up among statements that a replay need not have seen.
        self._authorize(statement)
        if self.entries.get(statement.body.entry, place.index) >= place.index:
            raise UnknownStatement(statement.body.entry, at="$.body.entry")
        return Effects(subjects=statement.subjects, lots={}, movements=(), consignments={})

    def _take_event(self, statement: Statement, place: Place) -> None:
        if not self._is_judgeable(statement, place):
            self._authorize(statement)
            self.tally.unjudged += 1
            self._forget_all(place)
            return
        assumed, is_lenient = self._assume(statement, place)
        without_owners = [name for name, _ in place.lots if self._lacks_owners(name)]
        if isinstance(statement.body, events.Transfer):
            for name in without_owners:
                self.book.lots[name] = _owned(self.book.lots[name], statement.author)
        # More were chained before they were counted when the entry is sealed.
        chained = len(place.links) + place.unnamed
        self.book.most_subjects = max(MOST_SUBJECTS, chained)
        effects = decide(statement, self.book)
        _verify_subjects(effects, place, is_certain=not is_lenient)
        self.book.accept(statement, effects, place.entry)

        self.tally.with_assumptions += is_lenient
        self.tally.in_full += not is_lenient
        for name in without_owners:
            self.book.lots[name] = replace(self.book.lots[name], owners=())
        self._forget_assumed(statement, place, assumed)

    def _forget_assumed(self, statement: Statement, place: Place, assumed: set[str]) -> None:
        """Drop what is not known after a statement either."""
        if isinstance(statement.body, events.Shipment) and "consignment" in assumed:
            self._forget_all(place)
        for subject in place.links:
            is_known = subject not in assumed or isinstance(statement.body, _KNOWN_AFTER)
            if subject not in self.whole or not is_known:
                self._forget(subject)

    def _is_judgeable(self, statement: Statement, place: Place) -> bool:
        """Tell whether all is known that is taken back; other events need nothing."""
        body = statement.body
        if isinstance(body, events.Withdrawal):
            return body.offer in self.book.statements
        if not isinstance(body, events.Correction | events.Void):
            return True
        replaced = self.book.statements.get(body.replaces)
        if replaced is None:
            return False
        if replaced.waits_on is not None and replaced.waits_on in self._hidden_consignments:
            return False
        there = {name for name, before in place.lots if before is not None}
        there |= {movement.lot for movement in replaced.movements}
        return all(self._is_known(name, replaced.order) for name in there)

    def _is_known(self, name: str, order: int) -> bool:
        """Tell whether a lot's owners are known, and what it held before that statement."""
        lot = self.book.lots.get(name)
        turns = [turn for turn in self.book.turns.get(name, ()) if turn.is_of_amount]
        return bool(lot and lot.owners) and not (
            turns and turns[0].order == order and not turns[0].begins
        )

    def _assume(self, statement: Statement, place: Place) -> tuple[set[str], bool]:
        """Put into the book what the statement rests on and a blinded hop hides.

        Returns:
            The subjects whose state is assumed, and whether anything was assumed at all. The
            word `consignment` among them says that unknown receipts may wait for a shipment.
        """
        assumed: set[str] = set()
        is_lenient = self._assume_facility(statement)
        for name, before in place.lots:
            if before is None:
                continue
            known = self.book.lots.get(name)
            if known is None:
                assumed.add(f"lot:{name}")
            if known is None or not known.owners:
                seen = known or _any_lot(name, statement)
                known_to = seen.known_to | {statement.author}
                self.book.lots[name] = replace(seen, known_to=known_to)
                is_lenient = True
        for subject, before in place.links.items():
            if subject.startswith("consignment:") and self._assume_consignment(
                subject, before, statement, place
            ):
                assumed |= {subject, "consignment"}
        return assumed, is_lenient or bool(assumed)

    def _assume_facility(self, statement: Statement) -> bool:
        name = event_facility(statement)
        if name is None or name not in self._hidden_facilities:
            return False
        operator = None if is_reported(statement) else statement.author
        self.book.facilities[name] = _any_facility(name, operator)
        return True

    def _assume_forerunner(self, statement: Statement, body: registry.FacilityStatement) -> None:
        """Assume that a facility stated again was its author's to state."""
        if body.facility not in self._hidden_facilities:
            return
        is_given_back = body.operator.organization is None
        is_registrant = body.facility.partition(":")[0] == statement.author
        operator = statement.author if is_given_back and not is_registrant else None
        self.book.facilities[body.facility] = _any_facility(body.facility, operator)

    def _assume_consignment(
        self, subject: str, before: str | None, statement: Statement, place: Place
    ) -> bool:
        is_known = subject in self.whole and subject not in self._hidden_consignments
        if before is None or is_known:
            return False
        has_arrived = isinstance(statement.body, events.Receipt) and bool(place.lots)
        self.book.consignments[subject] = Consignment(subject=subject, shipped=has_arrived)
        return True

    def _lacks_owners(self, name: str) -> bool:
        """Tell whether a lot's owners are hidden; whose it was, a blinded hop knows."""
        lot = self.book.lots.get(name)
        return lot is not None and not lot.owners

    def _authorize(self, statement: Statement) -> None:
        authorize(kid=statement.kid, author=statement.author, kind=statement.kind, book=self.book)

    def _forget_all(self, place: Place) -> None:
        for subject in place.links:
            self._forget(subject)

    def _forget(self, subject: str) -> None:
        kind, _, name = subject.partition(":")
        if kind == "lot":
            self.book.lots.pop(name, None)
            self.book.turns.pop(name, None)
        elif kind == "consignment":
            self.book.consignments.pop(subject, None)
            self._hidden_consignments.add(subject)


def _verify_subjects(effects: Effects, place: Place, *, is_certain: bool) -> None:
    missing = set(effects.subjects) - place.links.keys()
    more = place.unnamed or len(place.links) > len(effects.subjects)
    if missing or (is_certain and more):
        raise ChainBroken(
            "The entry does not chain to exactly what its statement touches.",
            subjects=sorted(missing),
        )


def _owned(lot: Lot, author: str) -> Lot:
    return replace(lot, owners=({"owner": {"organization": author}, "parts": 1},))


def _any_facility(name: str, operator: str | None) -> Facility:
    types = frozenset(kind.value for kind in FacilityType)
    return Facility(id=name, operator=operator, types=types)


def _any_lot(name: str, statement: Statement) -> Lot:
    """Return the lot in the state that suits the statement best."""
    body = statement.body
    amounts = [gross(quantity, "$.body") for quantity in _quantities(body, name)]
    basis = next((quantity.basis.value for quantity in _quantities(body, name)), "wet")
    arrives = isinstance(body, events.Receipt)
    return Lot(
        id=name,
        custodian=statement.author,
        state=IN_TRANSIT if arrives else HELD,
        facility=getattr(body, "facility", None),
        amount=sum(amount for amount, _ in amounts),
        unit=amounts[0][1] if amounts else "mg",
        basis=basis,
        material="unknown",
        form="unknown",
        owners=(),
        known_to=frozenset(),
        consignment=body.consignment if arrives else None,
        consignee=statement.author if arrives else None,
    )


def _quantities(body: Any, name: str) -> Iterator[Quantity]:
    """Return the quantities that an event states of a lot that was there before."""
    for member in ("inputs", "lots", "counts", "items"):
        for item in getattr(body, member, None) or ():
            if name in (getattr(item, "lot", None), getattr(item, "taken_from", None)):
                yield from _stated(item)
    if getattr(body, "lot", None) == name:
        yield from chain.from_iterable(map(_stated, getattr(body, "parts", None) or [body]))


def _stated(item: Any) -> Iterator[Quantity]:
    for member in ("quantity", "accepted", "rejected"):
        quantity = getattr(item, member, None)
        if quantity is not None:
            yield quantity
