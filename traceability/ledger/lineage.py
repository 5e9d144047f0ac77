"""Lineage: which lots came of which, and how many steps apart.

What goes into a step is pooled, so every lot that it makes comes of every lot that it takes
from; a part comes of the lot it was taken from alone. A lot that is weighed again stays the
same lot. What a recovery makes begins anew for its origin and yet came of something: such a
lot is reached *apart*. The same holds for mass whose maker's word counts for nothing
(`Happening.is_disputed`), which is reached like any other: its metal is merely unknown.
"""

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from traceability.errors import DepthOutOfRange
from traceability.ledger.chronicle import lot_of
from traceability.ledger.history import Made, Step, Taken

MOST_DEPTH = 100_000
"""Steps: more than any history is deep, and a bound on what somebody may mean."""


def check_depth(depth: int | None) -> None:
    """Verify that a history can be told to this depth.

    Raises:
        DepthOutOfRange: it is less than one step, or more than any history has.
    """
    if depth is not None and not 1 <= depth <= MOST_DEPTH:
        raise DepthOutOfRange(depth=depth, most=MOST_DEPTH)


class Junction(Struct, frozen=True, kw_only=True, gc=False):
    """A place where lots came of lots. `order` is that of the step that made them."""

    order: int
    entry: str
    takes: tuple[Taken, ...]
    makes: tuple[Made, ...]
    is_apart: bool = False


class Reached(Struct, frozen=True, kw_only=True, gc=False):
    """How a lot is reached: from which step on, over how many others, and whether only apart."""

    since: int
    depth: int
    is_apart: bool = False


class Junctions:
    """Finds where lots came of lots, step by step; what only weighs or ships a lot is left out."""

    def __init__(self) -> None:
        self._gone: Step | None = None  # took without making: the next of its entry may make of it

    def at(self, step: Step) -> Junction | None:
        """Return what meets in the next step; None where nothing does."""
        if not step.makes:
            self._gone = step if step.takes else self._gone
            return None
        if step.takes:
            return None if _is_same_lot(step) else _junction(step, step.takes)
        gone = self._gone
        if gone is None or gone.entry != step.entry:
            return None
        return _junction(step, gone.takes, is_apart=gone.kind == "recovery")


def junctions(steps: Iterable[Step]) -> Iterator[Junction]:
    """Yield where lots came of lots, in order."""
    meeting = Junctions()
    for step in steps:
        junction = meeting.at(step)
        if junction is not None:
            yield junction


class Descent:
    """The lots that hold what some lots held from a step on, found step by step.

    `found` tells how each is reached; a lot may be forgotten once nothing more happens to it.
    """

    def __init__(self, given: Collection[str] = ()) -> None:
        self.found = {lot: Reached(since=-1, depth=0) for lot in given}
        self._meeting = Junctions()

    def add(self, step: Step, begins: Collection[str] = ()) -> Junction | None:
        """Take the next step; return the junction whose lots are reached by it, if any are.

        Args:
            begins: lots that the step makes and that are looked for from there on; what such a
                lot gave away before is not.
        """
        junction = self._meeting.at(step)
        reached = None if junction is None else self._reached(junction)
        if junction is not None and reached is not None:
            for made in junction.makes:
                self.found[lot_of(made.lot)] = reached
        for lot in begins:
            if lot not in self.found or self.found[lot].is_apart:
                self.found[lot] = Reached(since=step.order, depth=0)
        return None if reached is None else junction

    def _reached(self, junction: Junction) -> Reached | None:
        depth, is_apart = None, True
        for take in junction.takes:
            way = self.found.get(lot_of(take.lot))
            if way is not None:
                depth = way.depth if depth is None else min(depth, way.depth)
                is_apart = is_apart and way.is_apart
        if depth is None:
            return None
        return Reached(
            since=junction.order, depth=depth + 1, is_apart=junction.is_apart or is_apart
        )


@dataclass(slots=True)
class Ways:
    """Which lots hit came of which, in sixteen bytes each: lots are numbered, names forgotten."""

    _numbers: dict[str, int] = field(default_factory=dict)
    _count: int = 0
    _parents: "array[int]" = field(default_factory=lambda: array("Q"))
    _children: "array[int]" = field(default_factory=lambda: array("Q"))
    _told: set[int] = field(default_factory=set)

    def add(self, junction: Junction, found: Mapping[str, Reached]) -> None:
        """Take down a junction, from the lots that are hit to those that it makes."""
        takes = {lot for take in junction.takes if (lot := lot_of(take.lot)) in found}
        parents = [self._number(lot) for lot in sorted(takes)]
        for made in junction.makes:
            child = self._number(lot_of(made.lot))
            for parent in parents:
                self._parents.append(parent)
                self._children.append(child)

    def end(self, lot: str) -> int:
        """Return the number of a lot that nothing more happens to."""
        number = self._number(lot)
        del self._numbers[lot]
        return number

    def tell(self, number: int) -> None:
        """Take down that a lot was told of."""
        self._told.add(number)

    def untold(self) -> int:
        """Return how many lots lie on the way to those told without being told themselves."""
        wanted = bytearray(self._count)
        for number in self._told:
            wanted[number] = 1
        found = 0
        for parent, child in zip(reversed(self._parents), reversed(self._children), strict=True):
            if wanted[child] and not wanted[parent]:
                wanted[parent] = 1
                found += 1
        return found

    def _number(self, lot: str) -> int:
        if lot not in self._numbers:
            self._numbers[lot] = self._count
            self._count += 1
        return self._numbers[lot]


def upstream(steps: Sequence[Step], lot: str) -> dict[str, Reached]:
    """Return every lot that a lot came of, nearest first along each way; `since` is its making."""
    found = {lot: Reached(since=-1, depth=0)}
    made = {lot_of(one.lot): step.order for step in reversed(steps) for one in step.makes}
    for junction in reversed(list(junctions(steps))):
        ways = [found[name] for one in junction.makes if (name := lot_of(one.lot)) in found]
        if not ways:
            continue
        depth = min(way.depth for way in ways) + 1
        is_apart = junction.is_apart or all(way.is_apart for way in ways)
        for take in junction.takes:
            name = lot_of(take.lot)
            before = found.get(name)
            found[name] = Reached(
                since=made.get(name, -1),
                depth=depth if before is None else min(depth, before.depth),
                is_apart=is_apart and (before is None or before.is_apart),
            )
    del found[lot]
    return found


def _junction(step: Step, takes: tuple[Taken, ...], *, is_apart: bool = False) -> Junction:
    return Junction(
        order=step.order, entry=step.entry, takes=takes, makes=step.makes, is_apart=is_apart
    )


def _is_same_lot(step: Step) -> bool:
    if len(step.makes) != 1:
        return False
    made, taken = step.makes[0].lot, step.takes[0].lot
    return made == taken or lot_of(made) == lot_of(taken)
