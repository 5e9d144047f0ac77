"""Through which steps a lot's metal came: a backward reading of what `propagate` answered.

`propagate` tells whose metal is in a lot; this module tells by which way. From the lot's own
sources it goes back, step by step, and divides what is asked of each step over what the step
took, source by source, in whole milligrams. So what comes into a step for the lot is what goes
out of it for the lot, and all that enters adds up to the lot, source by source.

Only steps that work material are stops on the way (transformations, assemblies). Blends,
splits, shipments and weighings are passed through: what they took is divided among those who
were waiting for it. Metal enters where a lot begins, and where a source is first met: what is
unexplained, a shortfall, or not measured comes from nowhere.

Where several outputs of one step that nobody measured lead to the lot, each may hold as much as
all that went in, all of them together no more than that (`reserves`). The milligrams are then
upper bounds, as those of the lot itself are.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from traceability.errors import LotMadeTwice
from traceability.ledger.apportioning import scaled, withdraw
from traceability.ledger.chronicle import Happening, History, lot_of
from traceability.ledger.composition import UNKNOWN_PREFIXES, Composition, Content
from traceability.ledger.history import Step, Taken
from traceability.ledger.spreading import CONSERVING_KINDS

Parcels = dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A step that worked some of the lot's metal: how much of it, and as which lots it left."""

    entry: str
    order: int
    lots: tuple[str, ...]
    mg: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Metal of the lot on its way from one stop to the next, in milligrams by source.

    `source` is the order of the step it comes from, None where it enters the record here;
    `target` that of the step it goes into, None for the lot itself.
    """

    source: int | None
    target: int | None
    parcels: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """The way of one element into one lot. What enters a stop is what leaves it."""

    total_mg: int
    passed: tuple[Passed, ...]
    links: tuple[Link, ...]


def flows_into(
    lot: str, element: str, *, steps: Sequence[Step], contents: Mapping[str, Composition]
) -> Flows:
    """Return through which steps the element came into a lot.

    Args:
        lot: its name in the last step that made it.
        steps: a history in which every name is made once (leave out dispatches).
        contents: what `propagate` answers for every lot of these steps, not relabeled.

    Raises:
        LotMadeTwice: a name is made again.
    """
    work = _Backward(element=element, contents=contents)
    work.replay(steps)
    content = work.content_of(lot)
    sources = dict(content.sources) if content else {}
    work.wanted[lot] = {None: sources}
    for step in reversed(steps):
        work.go_back(step)
    return Flows(
        total_mg=sum(sources.values()),
        passed=tuple(reversed(work.passed)),
        links=tuple(
            Link(source=source, target=target, parcels=parcels)
            for (source, target), parcels in work.links.items()
        ),
    )


def entries_on_the_way(lot: str, steps: Sequence[Step]) -> set[str]:
    """Return the entries through which a lot, whatever it holds, became what it is.

    What was done with the rest of an ancestor after its part had left is not among them. Where
    the word of a maker counts for nothing, what it took led to the lot all the same; past a
    recovery the way does not go, for the metal begins anew there.
    """
    wanted, found = {lot}, set[str]()
    begun = ""  # the entry of a step that made a wanted lot of nothing
    for step in reversed(steps):
        made = {one.lot for one in step.makes}
        if made & wanted:
            found.add(step.entry)
            wanted = (wanted - made) | {take.lot for take in step.takes}
            begun = "" if step.takes else step.entry
        elif step.entry == begun and not made and step.kind != "recovery":
            wanted |= {take.lot for take in step.takes}
    return found


def happenings_of(
    lot: str,
    history: History,
    ancestors: Collection[str],
    *,
    may_know: Callable[[Happening], bool],
) -> Iterator[Happening]:
    """Yield what made a lot what it is, or tells what is in it, of the lot and some ancestors.

    What was done with the rest of a lot after a part had left is not of the part, nor is what
    took of the lot itself.

    Args:
        may_know: whether what happened to the lot after it was made is for whoever asks.
    """
    on_the_way = entries_on_the_way(history.last.get(lot, lot), history.steps)
    left: dict[str, int] = {}
    for step in history.steps:
        if step.entry in on_the_way:
            order = history.happenings[step.entry].order
            left.update({lot_of(take.lot): order for take in step.takes})
    within = frozenset(ancestors)
    for one in history.happenings.values():
        roles = {movement.role for movement in one.movements if movement.lot == lot}
        if roles:
            is_of_it = "make" in roles or (roles != {"take"} and may_know(one))
        else:
            is_of_it = any(
                movement.role == "assay" or one.order <= left.get(movement.lot, -1)
                for movement in one.movements
                if movement.lot in within and (movement.role != "take" or one.entry in on_the_way)
            )
        if is_of_it:
            yield one


@dataclass(slots=True, kw_only=True)
class _Backward:
    """What is asked of the lots, by who is waiting for it, while steps are walked back."""

    element: str
    contents: Mapping[str, Composition]
    taken: dict[int, list[Parcels]] = field(default_factory=dict)
    wanted: dict[str, dict[int | None, Parcels]] = field(default_factory=dict)
    passed: list[Passed] = field(default_factory=list)
    links: dict[tuple[int | None, int | None], Parcels] = field(default_factory=dict)

    def content_of(self, lot: str) -> Content | None:
        told = self.contents.get(lot)
        return told.contents.get(self.element) if told else None

    def replay(self, steps: Sequence[Step]) -> None:
        """Withdraw once more, as `propagate` did, to know what each step took."""
        left: dict[str, Parcels] = {}
        for step in steps:
            rows = []
            for take in step.takes:
                part, left[take.lot] = _withdrawn(left.get(take.lot, {}), take)
                rows.append(part)
            self.taken[step.order] = rows
            for made in step.makes:
                if made.lot in left:
                    raise LotMadeTwice(entry=step.entry, lot=made.lot)
                content = self.content_of(made.lot)
                left[made.lot] = dict(content.sources) if content else {}

    def go_back(self, step: Step) -> None:
        """Pass on what is wanted of a step's outputs to its inputs."""
        asked: dict[int | None, Parcels] = {}
        lots = []
        for made in step.makes:
            waiting = self.wanted.pop(made.lot, {})
            lots += [made.lot] if any(waiting.values()) else []
            for target, parcels in waiting.items():
                _add(asked.setdefault(target, {}), parcels)
        if not any(asked.values()):
            return
        if step.takes and _is_stop(step):
            asked = self._stop(step, asked, tuple(lots))
        counted = _counted(step, [self.content_of(take.lot) for take in step.takes])
        for label, amounts in _by_label(asked):
            self._divide(step, counted, label, amounts)

    def _stop(
        self, step: Step, asked: dict[int | None, Parcels], lots: tuple[str, ...]
    ) -> dict[int | None, Parcels]:
        """Let everybody's metal have come from this step, which now waits for all of it."""
        together: Parcels = {}
        for target, parcels in asked.items():
            self._link(step.order, target, parcels)
            _add(together, parcels)
        mg = sum(together.values())
        self.passed.append(Passed(entry=step.entry, order=step.order, lots=lots, mg=mg))
        return {step.order: together}

    def _divide(
        self, step: Step, counted: Sequence[int], label: str, amounts: dict[int | None, int]
    ) -> None:
        """Divide what is asked of one source over what the step took of it, in proportion."""
        rows = self.taken[step.order]
        held = {f"{place:04}": rows[place].get(label, 0) for place in counted}
        if not any(held.values()):
            held = {f"{place:04}": row.get(label, 0) for place, row in enumerate(rows)}
        whole, total = sum(held.values()), sum(amounts.values())
        born = max(0, total - whole) if not whole or label.startswith(UNKNOWN_PREFIXES) else 0
        given = scaled(held, total - born, whole) if whole else {}
        parts = {**given, "": born} if born else given
        for target, mg in amounts.items():
            mine, parts = withdraw(parts, mg, total)
            total -= mg
            for place, part in mine.items():
                self._pass_on(step, place, target, {label: part})

    def _pass_on(self, step: Step, place: str, target: int | None, parcels: Parcels) -> None:
        if not place:
            self._link(None, target, parcels)
            return
        lot = step.takes[int(place)].lot
        _add(self.wanted.setdefault(lot, {}).setdefault(target, {}), parcels)

    def _link(self, source: int | None, target: int | None, parcels: Parcels) -> None:
        _add(self.links.setdefault((source, target), {}), parcels)


def _is_stop(step: Step) -> bool:
    return step.kind not in CONSERVING_KINDS or step.kind == "assembly"


def _withdrawn(left: Parcels, take: Taken) -> tuple[Parcels, Parcels]:
    covered = min(take.amount, max(take.held, 0))
    return withdraw(left, covered, take.held) if covered else ({}, left)


def _counted(step: Step, contents: Sequence[Content | None]) -> list[int]:
    """Return the places of the inputs that count, as in `pooling`.

    A reagent that may hold nothing does not; in a transformation, neither does a lot that was
    assayed but not for this element, where another declares it.
    """
    told = [
        (place, one)
        for place, (take, one) in enumerate(zip(step.takes, contents, strict=True))
        if one is not None and one.total_mg and not (take.role == "reagent" and not one.bounds.low)
    ]
    declared = [place for place, one in told if not one.silent]
    if declared and step.kind not in CONSERVING_KINDS:
        return declared
    return [place for place, _one in told]


def _by_label(asked: Mapping[int | None, Parcels]) -> Iterator[tuple[str, dict[int | None, int]]]:
    labels: dict[str, dict[int | None, int]] = {}
    for target, parcels in asked.items():
        for label, mg in parcels.items():
            labels.setdefault(label, {})[target] = mg
    yield from labels.items()


def _add(parcels: Parcels, more: Mapping[str, int]) -> None:
    for label, mg in more.items():
        parcels[label] = parcels.get(label, 0) + mg
