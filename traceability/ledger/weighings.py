"""Weighings of a lot: which of them a document is of, and when a lot begins anew.

Whoever weighs or counts a lot says what it holds from then on and, where they state moisture, how
wet it is from then on (ADR 0039). A document recorded after that speaks of the water of the lot as
it was weighed then, one recorded before of the water as it was before: an assay at the receiver's
does not tell how wet a lot left the mine. Who finds the books right, and states no moisture, says
nothing new.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from traceability.ledger.book import Movement
from traceability.ledger.grades import Assayed
from traceability.ledger.waters import at_moisture, moisture_of

if TYPE_CHECKING:
    from traceability.ledger.chronicle import Happening

_place = attrgetter("order")
_DOCUMENTING = ("make", "assay")
_WEIGHED = ("adjust", "weighed")
"""Roles of weighings; `weighed` where a lot is not followed: that tells of its documents alone."""


def moisture_stated(movement: Movement) -> str | None:
    """Return the moisture that whoever weighed stated. Movements before ADR 0039 tell of none."""
    quantity = movement.facts.get("quantity") or {}
    stated: str | None = quantity.get("moisture")
    return stated


def is_weighing(movement: Movement) -> bool:
    """Tell whether an `adjust` found something else than the books of its time, or moisture."""
    if movement.delta:
        return True
    quantity = movement.facts.get("quantity")
    return quantity is not None and "moisture" in quantity


def begins_anew(movement: Movement, held: int) -> bool:
    """Tell whether a lot that held so much begins anew with an `adjust`, under another name."""
    to = int(movement.facts["to"])
    return to > 0 and (to != held or is_weighing(movement))


def document_in(entry: str, movement: Movement) -> Assayed | None:
    """Return what a movement says its lot contains; None where it says nothing of that."""
    facts = movement.facts
    results, compound = facts.get("results") or facts.get("assays") or (), facts.get("compound")
    if not results and compound is None:
        return None
    return Assayed(
        entry=entry,
        status=facts.get("status", "provisional"),
        results=results,
        compound=compound,
        moisture=facts.get("moisture"),
    )


@dataclass(slots=True)
class Weighings:
    """What is known of the water of lots while their history is told, weighing by weighing.

    `wet_since` tells of lots that were weighed how often, and which weighing's water they have;
    `alike` is as in `History`.
    """

    wet_since: dict[str, tuple[int, int]] = field(default_factory=dict)
    alike: dict[str, dict[str, int]] = field(default_factory=dict)

    def water_of(self, lot: str) -> int:
        """Return the weighing whose water a lot has."""
        return self.wet_since[lot][1] if lot in self.wet_since else 0

    def weigh(
        self,
        one: "Happening",
        movement: Movement,
        documents: list[Assayed],
        moisture: dict[str, str],
    ) -> None:
        """Take in a weighing.

        Args:
            documents: all about the lot. Those of the water it began with are given what was
                known of that.
            moisture: what is known of it without documents, by lot.
        """
        lot = movement.lot
        stated = None if one.is_disputed else moisture_stated(movement)
        if stated is None and not documents:
            return  # most lots: nobody told anything of the water since
        count, wet_since = self.wet_since.get(lot, (0, 0))
        count += 1
        if stated is not None or any(told.weighing == count for told in documents):
            known = moisture.get(lot)
            before = moisture_of(documents, known, wet_since)
            after = moisture_of(documents, stated, count)
            alike = at_moisture(int(movement.facts["to"]), after, before)
            if alike is not None:
                self.alike.setdefault(lot, {})[one.entry] = alike
            if stated is not None:
                moisture[lot] = stated
            if wet_since == 0:
                documents[:] = [_with_water(told, known) for told in documents]
            wet_since = count
        self.wet_since[lot] = count, wet_since

    def forget(self, lot: str) -> None:
        """Drop what is known of a lot that nothing more will happen to."""
        self.wet_since.pop(lot, None)
        self.alike.pop(lot, None)


def _with_water(document: Assayed, known: str | None) -> Assayed:
    return document if document.weighing else replace(document, water=known)


def documents_in(stand: Iterable["Happening"]) -> Iterator[tuple[str, Assayed]]:
    """Yield what happenings, as they stand, document of lots; a disputed word counts for nothing.

    An assay governs its lot, whenever it was made: it has to be heard before the lot is told of.
    """
    stated: dict[str, list[str | None]] = {}  # by lot, at each weighing
    later: dict[str, list[Assayed]] = {}
    for one in sorted(stand, key=_place):
        for movement in one.movements:
            role = movement.role
            if role in _WEIGHED:
                _note(stated, one, movement)
            elif role in _DOCUMENTING and not one.is_disputed:
                document = document_in(one.entry, movement)
                if document is None:
                    continue
                if role == "make" or movement.lot not in stated:
                    yield movement.lot, document
                    continue
                document = replace(document, weighing=len(stated[movement.lot]))
                later.setdefault(movement.lot, []).append(document)
    for lot, documents in later.items():
        yield from ((lot, told) for told in _of_their_water(documents, stated[lot]))


def _note(stated: dict[str, list[str | None]], one: "Happening", movement: Movement) -> None:
    if is_weighing(movement):
        known = None if one.is_disputed else moisture_stated(movement)
        stated.setdefault(movement.lot, []).append(known)


def _of_their_water(
    documents: Sequence[Assayed], stated: Sequence[str | None]
) -> Iterator[Assayed]:
    """Yield documents with the weighing whose water the lot had at theirs, and what it stated.

    That is the latest one up to theirs with which moisture was stated, or of which a document
    states it; where there is none, the lot is as wet as it began.
    """
    told = {one.weighing for one in documents if one.moisture is not None}
    for document in documents:
        number = document.weighing
        while number and stated[number - 1] is None and number not in told:
            number -= 1
        yield replace(document, weighing=number, water=stated[number - 1] if number else None)
