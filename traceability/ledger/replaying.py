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

from msgspec.structs import replace

from traceability.errors import ChainBroken, UnknownStatement
from traceability.ledger import events, registry
from traceability.ledger.book import HELD, IN_TRANSIT, Book, Consignment, Effects, Facility, Lot
from traceability.ledger.book import gross as gross_of
from traceability.ledger.decision import authorize, decide, decide_genesis
from traceability.ledger.shapes import Quantity
from traceability.ledger.statements import Statement
from traceability.ledger.vocabulary import FacilityType, OrganizationRole

_KNOWN_AFTER = (events.Receipt, events.Stocktake)
"""Events after which a lot holds what was weighed or counted, whatever it held before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a statement stands: its log index and entry, the subjects its links name by id.

    `links` has, per subject, the hash of the entry before; chains whose subject is not known
    are counted in `unnamed`.
    """

    index: int
    entry: str
    kind: str
    links: Mapping[str, str | None]
    unnamed: int = 0


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

    def skip(self, place: Place) -> None:
        """Pass an entry whose statement is not known: what it touched is not known any more."""
        for subject in place.links:
            self._forget(subject)
            kind, _, name = subject.partition(":")
            if kind == "facility" and place.kind == "registry.facility":
                self.book.facilities[name] = _any_facility(name)
            if kind == "organization" and place.kind == "registry.organization":
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
        self.take_registry(statement, place)

    def take_registry(self, statement: Statement, place: Place) -> None:
        """Judge a statement about who and where."""
        effects = self._registry_effects(statement, place)
        self.book.accept(statement, effects, place.entry)
        self._verify_subjects(effects, place, is_certain=True)

    def _registry_effects(self, statement: Statement, place: Place) -> Effects:
        if place.index == 0:
            return decide_genesis(statement)
        if isinstance(statement.body, registry.Erasure):
            # `decide` looks the entry up among statements that a replay may not have seen.
            authorize(
                kid=statement.kid, author=statement.author, kind=statement.kind, book=self.book
            )
            if self.entries.get(statement.body.entry, place.index) >= place.index:
                raise UnknownStatement(statement.body.entry, at="$.body.entry")
            return Effects(
                subjects=statement.subjects, lots={}, movements=(), consignments={}
            )
        return decide(statement, self.book)

    def _take_event(self, statement: Statement, place: Place) -> None:
        if not self._is_judgeable(statement):
            authorize(
                kid=statement.kid, author=statement.author, kind=statement.kind, book=self.book
            )
            self.tally.unjudged += 1
            self._forget_all(place)
            return
        assumed = self._assume(statement, place)
        effects = decide(statement, self.book)
        self._verify_subjects(effects, place, is_certain=not assumed)
        self.book.accept(statement, effects, place.entry)
        if assumed:
            self.tally.with_assumptions += 1
        else:
            self.tally.in_full += 1
        self._forget_assumed(statement, place, assumed)

    def _is_judgeable(self, statement: Statement) -> bool:
        """Tell whether a correction's forerunner, and what it touched, is known."""
        body = statement.body
        if not isinstance(body, events.Correction | events.Void):
            return True
        replaced = self.book.statements.get(body.replaces)
        if replaced is None:
            return False
        touched = {movement.lot for movement in replaced.movements} | set(body.lots)
        begun = touched & self.book.lots.keys()
        return all(name in begun or f"lot:{name}" in self.whole for name in touched) and {
            movement.lot for movement in replaced.movements
        } <= begun

    def _assume(self, statement: Statement, place: Place) -> set[str]:
        """Put into the book what the statement rests on and a blinded hop hides."""
        assumed = set()
        for subject, before in place.links.items():
            kind, _, name = subject.partition(":")
            if kind == "consignment" and before is not None and subject not in self.whole:
                self.book.consignments.pop(subject, None)
            if before is None:
                continue
            if kind == "consignment" and subject not in self.book.consignments:
                has_lots = any(link.startswith("lot:") for link in place.links)
                shipped = isinstance(statement.body, events.Receipt) and has_lots
                self.book.consignments[subject] = Consignment(subject=subject, shipped=shipped)
                assumed.add(subject)
            elif kind == "lot" and self._assume_lot(name, statement):
                assumed.add(subject)
        return assumed

    def _assume_lot(self, name: str, statement: Statement) -> bool:
        known = self.book.lots.get(name)
        if known is None:
            known = _any_lot(name, statement)
        elif known.owners:
            return False
        # An assumed lot has no owners: whose it was, and who may see it, a blinded hop hides.
        own = {"owner": {"organization": statement.author}, "parts": 1}
        owners: tuple[Mapping[str, Any], ...] = ()
        if isinstance(statement.body, events.Transfer):
            owners = (own,)
        self.book.lots[name] = replace(
            known, owners=owners, known_to=known.known_to | {statement.author}
        )
        return True

    def _forget_assumed(self, statement: Statement, place: Place, assumed: set[str]) -> None:
        for subject in place.links:
            is_kept = subject in self.whole and (
                subject not in assumed or isinstance(statement.body, _KNOWN_AFTER)
            )
            if not is_kept:
                self._forget(subject)
        if any(subject.startswith("consignment:") for subject in assumed):
            # Receipts that waited for this shipment, if any, took effect with it.
            self._forget_all(place)

    def _verify_subjects(self, effects: Effects, place: Place, *, is_certain: bool) -> None:
        missing = set(effects.subjects) - place.links.keys()
        more = place.unnamed or len(place.links) > len(effects.subjects)
        if missing or (is_certain and more):
            raise ChainBroken(
                "The entry does not chain to exactly what its statement touches.",
                subjects=sorted(missing),
            )

    def _forget_all(self, place: Place) -> None:
        for subject in place.links:
            self._forget(subject)

    def _forget(self, subject: str) -> None:
        kind, _, name = subject.partition(":")
        if kind == "lot":
            self.book.lots.pop(name, None)
        elif kind == "consignment":
            self.book.consignments.pop(subject, None)


def _any_facility(name: str) -> Facility:
    return Facility(id=name, operator=None, types=frozenset(kind.value for kind in FacilityType))


def _any_lot(name: str, statement: Statement) -> Lot:
    """Return the lot in the state that suits the statement best."""
    body = statement.body
    amounts = [gross_of(quantity, "$.body") for quantity in _quantities(body, name)]
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
