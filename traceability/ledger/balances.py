"""The mass balance of a site: what came in, what went out, what is there, to the milligram.

Every movement of a lot at the site is a line: gross as booked, and per element what it held, as
`propagate` tells, from a lower to an upper end where not all is measured. Each end is divided
when a lot is, as the parcels of a lot are, so each adds up by itself: what was there, and all
lines of a period, are what is there at its end, for every material and every element.

Lines stand on the day on which something happened, whenever it was recorded. A correction
stands in the place of what it replaces. Custody counts: what is on its way belongs to no site,
and a rejected lot stays its shipper's.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple, get_args

from traceability.ledger.apportioning import half_even
from traceability.ledger.book import Movement, water_of
from traceability.ledger.chronicle import Happening, History
from traceability.ledger.composition import Composition
from traceability.ledger.history import carried
from traceability.ledger.weighings import begins_anew

Category = Literal[
    "extracted",
    "recovered",
    "introduced",
    "received",
    "consumed",
    "produced",
    "regrouped",
    "shipped",
    "returned",
    "lost",
    "counted",
]
CATEGORIES: tuple[Category, ...] = get_args(Category)
"""What can happen to a stock, in the order of a balance.

`regrouped` is blending and splitting: nothing for the site, but material may change its name.
`returned` is what was rejected of a lot and so never became the site's; `counted` is the
difference that a stocktake found.
"""
_MADE: Mapping[str, Category] = {
    "custody.extraction": "extracted",
    "custody.recovery": "recovered",
    "custody.introduction": "introduced",
    "custody.transformation": "produced",
    "custody.assembly": "produced",
}
_TAKEN: Mapping[str, Category] = {
    "custody.transformation": "consumed",
    "custody.assembly": "consumed",
    "custody.recovery": "consumed",
    "custody.loss": "lost",
}


class Amount(NamedTuple):
    """An amount from its lower to its upper end; signed."""

    low: int = 0
    high: int = 0

    def plus(self, other: "Amount", sign: int = 1) -> "Amount":
        """Return the sum, end by end; the difference with a sign of -1."""
        return Amount(self.low + sign * other.low, self.high + sign * other.high)


Contained = Mapping[str, Amount]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one movement did to the stock of the site. `gross` and `contained` are signed.

    `material` is empty where what made the lot was withdrawn.
    """

    on: date
    entry: str
    lot: str
    category: Category
    material: str
    unit: str
    basis: str
    gross: int
    contained: Contained


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A stock over a period: opening and what happened, by category, make up `closing`."""

    material: str
    unit: str
    basis: str
    opening: Amount
    flows: Mapping[Category, Amount]
    closing: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteBalance:
    """A site's stocks over a period: gross by material, and by element by material."""

    first: date
    last: date
    materials: tuple[Row, ...]
    elements: Mapping[str, tuple[Row, ...]]


def stock_lines(
    history: History,
    contents: Mapping[str, Composition],
    *,
    is_here: Callable[[Happening], bool],
    ahead: Mapping[str, date] | None = None,
) -> list[Line]:
    """Return the lines of a site, in the order of the log.

    Args:
        history: everything that happened to the lots in question and their ancestors.
        contents: what `propagate` answers for the steps of the history without dispatches.
        is_here: tells whether something happened at the site, by whose stock it is.
        ahead: consignments whose receipt at the site was recorded ahead of the shipment and
            took effect with it, with the day of the receipt.
    """
    work = _Walk(history=history, contents=contents, is_here=is_here, ahead=ahead or {})
    work.carries = carried(history.steps)
    for one in history.happenings.values():
        work.add(one)
    return work.lines


def balance(lines: Iterable[Line], first: date, last: date) -> SiteBalance:
    """Return the balance of a period, both days included."""
    told = [line for line in lines if line.on <= last]
    elements = sorted({name for line in told for name in line.contained})
    materials = _rows(told, first, lambda line: Amount(line.gross, line.gross))
    by_element = {
        element: _rows(
            [line for line in told if element in line.contained],
            first,
            lambda line, element=element: line.contained[element],  # type: ignore[misc]
        )
        for element in elements
    }
    return SiteBalance(
        first=first,
        last=last,
        materials=materials,
        elements={element: rows for element, rows in by_element.items() if rows},
    )


def total_of(rows: Iterable[Row]) -> Row:
    """Return rows of one element added up over all materials."""
    opening, closing = Amount(), Amount()
    flows: dict[Category, Amount] = {}
    for row in rows:
        opening, closing = opening.plus(row.opening), closing.plus(row.closing)
        for category, amount in row.flows.items():
            flows[category] = flows.get(category, Amount()).plus(amount)
    return Row(material="", unit="mg", basis="dry", opening=opening, flows=flows, closing=closing)


def _rows(
    lines: Iterable[Line], first: date, amount_of: Callable[[Line], Amount]
) -> tuple[Row, ...]:
    """Return a row for each material that was there, or moved, in the period."""
    by_stock: dict[tuple[str, str, str], list[Line]] = {}
    for line in lines:
        by_stock.setdefault((line.material, line.unit, line.basis), []).append(line)
    rows = []
    for (material, unit, basis), own in sorted(by_stock.items()):
        opening = closing = Amount()
        flows: dict[Category, Amount] = {}
        for line in own:
            amount = amount_of(line)
            closing = closing.plus(amount)
            if line.on < first:
                opening = opening.plus(amount)
            else:
                flows[line.category] = flows.get(line.category, Amount()).plus(amount)
        if flows or opening != Amount():
            rows.append(
                Row(
                    material=material,
                    unit=unit,
                    basis=basis,
                    opening=opening,
                    flows=flows,
                    closing=closing,
                )
            )
    return tuple(rows)


# ── walking the record ────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Stock:
    """A lot as it stands: what is left of it, under which name it was last made."""

    name: str
    amount: int
    metal: dict[str, Amount]


@dataclass(slots=True, kw_only=True)
class _Walk:
    """Lots while the record is walked, as `chronicle` does; and the lines of one site."""

    history: History
    contents: Mapping[str, Composition]
    is_here: Callable[[Happening], bool]
    ahead: Mapping[str, date]
    carries: Mapping[str, frozenset[str]] = field(default_factory=dict)
    lots: dict[str, _Stock] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    receiver: str = ""  # to whom what happens now is delivered

    def add(self, one: Happening) -> None:
        """Carry out what happened; what it did here is a line each."""
        here, self.receiver = self.is_here(one), one.author
        arrived: dict[str, date | None] = {}  # with a shipment whose receipt came ahead of it
        for movement in one.movements:
            day = one.on if here else None
            origin = movement.lot if movement.lot in arrived else movement.facts.get("from")
            if one.kind == "custody.shipment" and movement.role == "adjust":
                arrived[movement.lot] = self.ahead.get(movement.facts["consignment"])
                day = arrived[movement.lot]
            elif origin in arrived:
                day = arrived[movement.lot] = arrived[origin]
            change = self._carry_out(one, movement)
            if change is not None and day is not None:
                self._line(one, movement, day, *change)

    def _carry_out(
        self, one: Happening, movement: Movement
    ) -> tuple[Category, int, dict[str, Amount]] | None:
        """Change the lot; return what that is for the stock of a site, None where nothing."""
        if movement.role == "make":
            return self._make(one, movement)
        # What made a lot may have been withdrawn since: it then gave what it never held.
        stock = self.lots.setdefault(movement.lot, _Stock(movement.lot, 0, {}))
        if movement.role == "take":
            return self._take(one, movement, stock)
        if movement.role == "adjust":
            return self._weigh(one, movement, stock)
        if movement.role == "move" and "gross" in movement.facts:
            self.receiver = movement.facts["to"]
            return "shipped", -stock.amount, _negative(stock.metal)
        if movement.role == "move" and movement.facts["to"] != self.receiver:
            return "returned", -stock.amount, _negative(stock.metal)
        return None

    def _make(self, one: Happening, movement: Movement) -> tuple[Category, int, dict[str, Amount]]:
        stock = _Stock(movement.lot, movement.delta, self._metal_of(movement.lot))
        self.lots[movement.lot] = stock
        return _MADE.get(one.kind, "regrouped"), stock.amount, dict(stock.metal)

    def _take(
        self, one: Happening, movement: Movement, stock: _Stock
    ) -> tuple[Category, int, dict[str, Amount]]:
        """Take a part of everything, as `propagate` does; what was not there holds nothing."""
        amount, held = -movement.delta, max(0, stock.amount)
        covered = min(amount, held)
        taken = {
            name: Amount(*(half_even(end * covered, held) for end in metal)) if held else Amount()
            for name, metal in stock.metal.items()
        }
        stock.amount -= amount
        stock.metal = {name: metal.plus(taken[name], -1) for name, metal in stock.metal.items()}
        return _TAKEN.get(one.kind, "regrouped"), -amount, _negative(taken)

    def _weigh(
        self, one: Happening, movement: Movement, stock: _Stock
    ) -> tuple[Category, int, dict[str, Amount]] | None:
        """Let the lot begin anew at its new weight; a lot received comes in whole."""
        before, metal = stock.amount, stock.metal
        stock.amount = int(movement.facts["to"])
        if stock.amount == 0:  # nothing was found, or arrived
            stock.metal = {}
        elif begins_anew(movement, max(0, before)):
            lot, _mark, count = stock.name.partition("~")
            stock.name = f"{lot}~{int(count or 0) + 1}"
            stock.metal = self._metal_of(stock.name)
        if movement.facts["why"] == "rejected" and one.kind != "custody.stocktake":
            return None
        if one.kind != "custody.stocktake":
            return "received", stock.amount, dict(stock.metal)
        names = metal.keys() | stock.metal.keys()
        change = {
            name: stock.metal.get(name, Amount()).plus(metal.get(name, Amount()), -1)
            for name in names
        }
        return "counted", stock.amount - before, change

    def _metal_of(self, name: str) -> dict[str, Amount]:
        """Return what a lot held when it was made, of the elements it is known to hold."""
        lot = name.partition("~")[0]
        elements = self.carries.get(name, frozenset()) | self.history.elements_of(lot)
        return {
            element: Amount(content.bounds.low, content.bounds.high)
            for element, content in self.contents[name].contents.items()
            if element in elements
        }

    def _line(
        self,
        one: Happening,
        movement: Movement,
        day: date,
        category: Category,
        gross: int,
        contained: dict[str, Amount],
    ) -> None:
        begun = self.history.beginnings.get(movement.lot)
        self.lines.append(
            Line(
                on=day,
                entry=one.entry,
                lot=movement.lot,
                category=category,
                material=str(begun.facts["material"]) if begun else "",
                unit=movement.unit,
                basis=water_of(begun.facts["quantity"]["basis"]) if begun else "",
                gross=gross,
                contained=contained,
            )
        )


def _negative(metal: Mapping[str, Amount]) -> dict[str, Amount]:
    return {name: Amount().plus(amount, -1) for name, amount in metal.items()}
