"""Adds up what a recall tells line by line: all of it, by holder, by direct customer."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec import Struct

from traceability import seeing
from traceability.ledger.recall import Hit
from traceability.models import Audience

# ── what is answered ──────────────────────────────────────────────────────────────────────


class ElementLeft(Struct, frozen=True, kw_only=True):
    """How much of an element is hit of what lots have left, for certain and at most."""

    element: str
    hit_mg: str
    at_most_mg: str


class HolderLine(Struct, frozen=True, kw_only=True):
    """What one company has that is hit: lots with something left, gross and metal left in them.

    `audiences` are the clubs it is a member of, of those the reader is one of, or runs.
    """

    organization: str
    lots: int
    products: int
    left_mg: str
    left_pieces: str
    elements: list[ElementLeft]
    audiences: list[str]


class CustomerLine(Struct, frozen=True, kw_only=True):
    """A company that the reader shipped lots to that are hit."""

    organization: str
    lots: int
    audiences: list[str]


class Totals(Struct, frozen=True, kw_only=True):
    """All lines together. What is left is counted where the reader knows it, and counted once.

    `blinded_lots`: lots on the way to those told that the reader may not see. `is_complete`:
    no lot that it may see lies deeper than was asked.
    """

    lots: int
    products: int
    blinded_lots: int
    is_complete: bool
    left_mg: str
    left_pieces: str
    elements: list[ElementLeft]
    holders: list[HolderLine]
    customers: list[CustomerLine]


# ── adding up ─────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Sum:
    """What is left of lots that are hit."""

    lots: int = 0
    products: int = 0
    gross: dict[str, int] = field(default_factory=dict)  # by unit
    metal: dict[str, tuple[int, int]] = field(default_factory=dict)

    def add(self, hit: Hit, unit: str, *, is_product: bool) -> None:
        self.lots += 1
        self.products += is_product
        self.gross[unit] = self.gross.get(unit, 0) + hit.left
        for element, portion in hit.portions.items():
            certain, most = self.metal.get(element, (0, 0))
            # Of a lot nobody assayed all of it may be hit, and yet nothing be there for certain.
            there = portion.left_mg * portion.low_mg // portion.high_mg if portion.high_mg else 0
            self.metal[element] = (certain + there, most + portion.left_at_most_mg)

    def elements(self) -> list[ElementLeft]:
        return [
            ElementLeft(element=element, hit_mg=str(certain), at_most_mg=str(most))
            for element, (certain, most) in sorted(self.metal.items())
        ]

    def left(self, unit: str) -> str:
        return str(self.gross.get(unit, 0))


@dataclass(slots=True)
class Tally:
    """Lines added up as they are told."""

    lots: int = 0
    products: int = 0
    whole: _Sum = field(default_factory=_Sum)
    holders: dict[str, _Sum] = field(default_factory=dict)
    customers: dict[str, int] = field(default_factory=dict)

    def add(
        self, hit: Hit, unit: str, *, holder: str | None, sent_to: Iterable[str], is_product: bool
    ) -> None:
        """Add a line; `holder` is null where the reader may not know it."""
        self.lots += 1
        self.products += is_product
        for name in sent_to:
            self.customers[name] = self.customers.get(name, 0) + 1
        if holder is not None and hit.left > 0:
            self.whole.add(hit, unit, is_product=is_product)
            self.holders.setdefault(holder, _Sum()).add(hit, unit, is_product=is_product)

    def totals(self, *, blinded: int, is_complete: bool, reader: str) -> Totals:
        """Return all lines together, with the clubs that the reader may know."""
        member_of = _audiences({*self.holders, *self.customers}, reader)
        return Totals(
            lots=self.lots,
            products=self.products,
            blinded_lots=blinded,
            is_complete=is_complete,
            left_mg=self.whole.left("mg"),
            left_pieces=self.whole.left("piece"),
            elements=self.whole.elements(),
            holders=[
                HolderLine(
                    organization=name,
                    lots=held.lots,
                    products=held.products,
                    left_mg=held.left("mg"),
                    left_pieces=held.left("piece"),
                    elements=held.elements(),
                    audiences=member_of.get(name, []),
                )
                for name, held in sorted(self.holders.items())
            ],
            customers=[
                CustomerLine(organization=name, lots=lots, audiences=member_of.get(name, []))
                for name, lots in sorted(self.customers.items())
            ],
        )


def _audiences(organizations: set[str], reader: str) -> dict[str, list[str]]:
    """Return which of the audiences that the reader may know each organization is in."""
    known = Audience.objects.filter(members__overlap=sorted(organizations))
    if not seeing.is_operator(reader):
        known = known.filter(organization_id__in=seeing.audiences_of(reader))
    found: dict[str, list[str]] = {}
    for audience in known.order_by("organization_id"):
        for name in organizations & set(audience.members):
            found.setdefault(name, []).append(audience.organization_id)
    return found
