"""Lineage: which lots came of which, and how many steps apart.

What goes into a step is pooled, so every lot that it makes comes of every lot that it takes
from; a part comes of the lot it was taken from alone. A lot that is weighed again stays the
same lot. What a recovery makes begins anew for its origin and yet came of something: such a
lot is reached *apart*. The same holds for mass whose maker's word counts for nothing
(`Happening.is_disputed`), which is reached like any other: its metal is merely unknown.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

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


class Junction(Struct, frozen=True, kw_only=True):
    """A place where lots came of lots. `order` is that of the step that made them."""

    order: int
    entry: str
    takes: tuple[Taken, ...]
    makes: tuple[Made, ...]
    is_apart: bool = False


class Reached(Struct, frozen=True, kw_only=True):
    """How a lot is reached: from which step on, over how many others, and whether only apart."""

    since: int
    depth: int
    is_apart: bool = False


def junctions(steps: Iterable[Step]) -> Iterator[Junction]:
    """Yield where lots came of lots, in order; what only weighs or ships a lot is left out."""
    gone: Step | None = None  # took without making: the next step of its entry may make of it
    for step in steps:
        if step.takes and step.makes:
            if not _is_same_lot(step):
                yield Junction(
                    order=step.order, entry=step.entry, takes=step.takes, makes=step.makes
                )
        elif step.takes:
            gone = step
        elif gone is not None and gone.entry == step.entry:
            yield Junction(
                order=step.order,
                entry=step.entry,
                takes=gone.takes,
                makes=step.makes,
                is_apart=gone.kind == "recovery",
            )


def downstream(
    steps: Sequence[Step],
    begins: Callable[[Step], Collection[str]],
    *,
    given: Collection[str] = (),
) -> dict[str, Reached]:
    """Return the lots that hold what some lots held from a step on, in the order of reaching.

    Args:
        steps: in log order.
        begins: tells which of the lots that a step makes are looked for from there on; what
            such a lot gave away before is not.
        given: lots looked for from the beginning on.
    """
    found = {lot: Reached(since=-1, depth=0) for lot in given}
    meeting = {one.order: one for one in junctions(steps)}
    for step in steps:
        junction = meeting.get(step.order)
        if junction is not None:
            _reach(found, junction)
        for lot in begins(step):
            if lot not in found or found[lot].is_apart:
                found[lot] = Reached(since=step.order, depth=0)
    return found


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


def _reach(found: dict[str, Reached], junction: Junction) -> None:
    ways = [found[name] for one in junction.takes if (name := lot_of(one.lot)) in found]
    if not ways:
        return
    reached = Reached(
        since=junction.order,
        depth=min(way.depth for way in ways) + 1,
        is_apart=junction.is_apart or all(way.is_apart for way in ways),
    )
    for made in junction.makes:
        found[lot_of(made.lot)] = reached


def _is_same_lot(step: Step) -> bool:
    return len(step.makes) == 1 and lot_of(step.makes[0].lot) == lot_of(step.takes[0].lot)
