"""What is set aside for lots of one making that nobody assayed, so that no metal counts twice.

Each of several such outputs may hold all that its measured siblings left: that is its bound. All
of them together hold no more than it once. So each has a reserve, milligrams by source taken off
the pool one after the other, and only out of it does anything measured further down become certain
metal of a source. It is decided when the lots are made, by what is known of that step: products
first, then by-products, then residues, within one role by weight, none beyond its bound.
Argued in `provenance`, decided in ADR 0038.
"""

from collections.abc import Sequence
from fractions import Fraction

from msgspec import Struct

from traceability.ledger.apportioning import half_even, part_of, scaled, without
from traceability.ledger.history import Made

_ROLES = ("product", "by_product", "residue")


class Pot(Struct, frozen=True, gc=False):
    """The pool that several lots came out of: what they hold together at most.

    `within` is the pot that the pool itself came out of, where that holds more.
    """

    order: int
    most: int
    within: "Pot | None" = None


class Reserve(Struct, frozen=True, gc=False):
    """What is set aside for a lot, by source; `pot` where siblings share it."""

    parcels: dict[str, int]
    pot: Pot | None

    def part(self, part: int, whole: int) -> "Reserve":
        """Return `part / whole` of the reserve."""
        return Reserve(part_of(self.parcels, part, whole), self.pot)

    def without(self, taken: "Reserve | None") -> "Reserve":
        """Return what is left of the reserve."""
        if taken is None:
            return self
        return Reserve(without(self.parcels, taken.parcels), self.pot)


def set_aside(outputs: Sequence[Made], bounds: Sequence[int], total: int) -> list[int]:
    """Return what is set aside for each output, in milligrams: no more than `total` in all.

    Args:
        outputs: those of one step that nobody measured.
        bounds: what each may hold at most.
        total: what is certain to be there for all of them.
    """
    shares = [0] * len(outputs)
    for role in _ROLES:
        places = [place for place, made in enumerate(outputs) if made.role == role]
        if not places or not total:
            continue
        is_weighed = all(outputs[place].unit == "mg" for place in places)
        weights = {place: max(outputs[place].amount, 1) if is_weighed else 1 for place in places}
        # Those that are full first: what they cannot hold goes to the others.
        places.sort(key=lambda n: (Fraction(bounds[n], weights[n]), outputs[n].lot))
        left = sum(weights.values())
        for place in places:
            shares[place] = min(bounds[place], half_even(total * weights[place], left))
            total -= shares[place]
            left -= weights[place]
    return shares


def inner_pot(pot: Pot | None, order: int, most: int) -> Pot:
    """Return the pot of a pool that came out of another; the same where that holds no more."""
    return pot if pot is not None and pot.most <= most else Pot(order, most, pot)


def common_pot(reserves: Sequence[Reserve | None]) -> Pot | None:
    """Return the innermost pot that all of these came out of."""
    common: list[Pot] | None = None
    for reserve in reserves:
        mine = _pots(reserve)
        orders = {pot.order for pot in mine}
        common = mine if common is None else [pot for pot in common if pot.order in orders]
    return common[0] if common else None


def that_fit(
    reserves: Sequence[Reserve | None], certain: Sequence[int], open_: Sequence[int]
) -> list[int]:
    """Return what else of lots may be there, so that no pot gives more than it held.

    Args:
        certain: what each holds for certain.
        open_: what each may hold beyond that, on its own.
    """
    rest = list(open_)
    pots: dict[int, Pot] = {}
    members: dict[int, list[int]] = {}
    for place, reserve in enumerate(reserves):
        for pot in _pots(reserve):
            pots[pot.order] = pot
            members.setdefault(pot.order, []).append(place)
    for order in sorted(pots, reverse=True):  # the inner ones first
        places = members[order]
        most = max(0, pots[order].most - sum(certain[n] for n in places))
        whole = sum(rest[n] for n in places)
        if whole > most:
            named = {f"{n:04}": rest[n] for n in places}
            fitting = scaled(named, most, whole)
            for n in places:
                rest[n] = fitting.get(f"{n:04}", 0)
    return rest


def _pots(reserve: Reserve | None) -> list[Pot]:
    """Return the pots that a lot came out of, the innermost first."""
    pots = []
    pot = None if reserve is None else reserve.pot
    while pot is not None:
        pots.append(pot)
        pot = pot.within
    return pots
