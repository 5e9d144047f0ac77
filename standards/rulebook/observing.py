"""Observing: the plausibility checks over one history, once for all lots that came of it.

What a check says of a statement does not depend on the lot that is assessed. So it is measured
once for a batch, and each lot takes from it what happened on its path: to itself, and to every
ancestor until the last of it left towards the lot.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from standards.rulebook.parts import Part, Parted
from standards.rulebook.traced import Traced
from traceability.ledger import history as flow
from traceability.ledger.apportioning import half_even
from traceability.ledger.chronicle import lot_of
from traceability.ledger.mass import Interval
from traceability.ledger.plausibility import CHECKS
from traceability.ledger.plausibility.registered import Registered
from traceability.ledger.plausibility.view import Flow, Noted, Observation, View

ALWAYS = 2**63


class KnownSite(Protocol):
    """A facility with what was registered about it, if anybody read that."""

    @property
    def registered(self) -> Registered | None:
        """Return what was registered."""


_Way = tuple[tuple[str, int], ...]
"""Lots that metal came through, each with the last entry that matters, in the order of the way."""
_ByCheck = Mapping[str, Part[Observation]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What the checks measured, by lot: the place in the log, the check, the observation.

    What lots have in common upstream is put together once, and is the same `Part` for all.
    """

    traced: Traced | None = None
    by_lot: Mapping[str, Sequence[tuple[int, str, Observation]]] = field(default_factory=dict)
    inputs: Mapping[str, Sequence[tuple[str, int]]] = field(default_factory=dict)
    _told: dict[tuple[str, _Way], _ByCheck] = field(default_factory=dict, compare=False)
    _ways: dict[tuple[str, _Way], _Way] = field(default_factory=dict, compare=False)
    _whole: dict[tuple[int, ...], Parted[Observation]] = field(default_factory=dict, compare=False)

    def of(self, lot: str, mineral: str) -> dict[str, tuple[Observation, ...]]:
        """Return what was measured on the path of one mineral of a lot, by check."""
        if self.traced is None:
            return {}
        told: dict[str, list[Part[Observation]]] = {}
        for way in self._path(self.traced, lot, mineral):
            for check, found in self._measured(mineral, way).items():
                told.setdefault(check, []).append(found)
        return {check: self._parted(parts) for check, parts in sorted(told.items())}

    def _parted(self, parts: Sequence[Part[Observation]]) -> Parted[Observation]:
        """Return parts put together; of the same parts the same, under one number."""
        question = tuple(map(id, parts))  # which stay, since they are kept in what was told
        known = self._whole.get(question)
        if known is None:
            known = self._whole[question] = Parted.of(parts)
        return known

    def _measured(self, mineral: str, way: _Way) -> _ByCheck:
        """Return what was measured on a stretch of the way, by check."""
        known = self._told.get((mineral, way))
        if known is None:
            told: dict[str, list[Observation]] = {}
            for name, until in way:
                for order, check, one in self.by_lot.get(name, ()):
                    if order <= until and one.element in (None, mineral):
                        told.setdefault(check, []).append(one)
            known = {check: Part(found) for check, found in told.items()}
            self._told[mineral, way] = known
        return known

    def _path(self, traced: Traced, lot: str, mineral: str) -> list[_Way]:
        """Return the way of this mineral of a lot: lot by lot while it came of one, then the rest.

        Lots that were divided from one, one after the other, so have all but the first in common.
        """
        name, until = traced.history.last[lot], ALWAYS
        single = [(lot, until)]
        while len(before := self._inputs_of(traced, name, mineral, until)) == 1:
            [(name, until)] = before
            if lot_of(name) != single[-1][0]:
                single.append((lot_of(name), until))
        rest = self._ways.get((mineral, before))
        if rest is None:
            rest = self._ways[mineral, before] = self._all_before(traced, before, mineral)
        if {one for one, _ in single}.isdisjoint(one for one, _ in rest):
            return [*((one,) for one in single), rest]
        return [tuple(_latest([*single, *rest]).items())]

    def _all_before(self, traced: Traced, before: _Way, mineral: str) -> _Way:
        """Return these lots and every lot through which this mineral came to them."""
        path: dict[str, int] = {}
        waiting: list[str] = []
        found = before
        while True:
            for source, limit in found:
                if path.get(source, -1) < limit:
                    path[source] = limit
                    waiting.append(source)
            if not waiting:
                break
            name = waiting.pop()
            found = self._inputs_of(traced, name, mineral, path[name])
        return tuple(_latest((lot_of(name), order) for name, order in path.items()).items())

    def _inputs_of(self, traced: Traced, name: str, mineral: str, until: int) -> _Way:
        """Return the lots of which one was made, as far as they may have brought this mineral."""
        return tuple(
            (source, until if lot_of(source) == lot_of(name) else order)
            for source, order in self.inputs.get(name, ())
            if mineral in traced.carries.get(source, ()) or not traced.carries.get(source)
        )


def _latest(path: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return the last entry that matters of each lot."""
    until: dict[str, int] = {}
    for lot, order in path:
        until[lot] = max(until.get(lot, -1), order)
    return until


NOTHING_OBSERVED = Observed()


def observe(traced: Traced, sites: Mapping[str, KnownSite], noted: Noted) -> Observed:
    """Run every check over a history.

    Args:
        sites: the facilities on the paths.
        noted: what was read beside the history.
    """
    registered = {name: one.registered for name, one in sites.items() if one.registered}
    view = View(history=traced.history, sites=registered, noted=noted, flows=tuple(_flows(traced)))
    orders = {entry: one.order for entry, one in traced.history.happenings.items()}
    orders |= {one.entry: one.order for one in noted.titles}
    by_lot: dict[str, list[tuple[int, str, Observation]]] = {}
    for check in CHECKS:
        for one in check.measure(view):
            order = orders.get(one.entry, 0)
            by_lot.setdefault(one.lot, []).append((order, check.id, one))
    inputs: dict[str, list[tuple[str, int]]] = {}
    for step in traced.history.steps:
        order = orders[step.entry]
        for made in step.makes:
            inputs.setdefault(made.lot, []).extend(
                (take.lot, order)
                for take in step.takes
                if take.lot != made.lot  # a shipment changes nothing but the place
            )
    return Observed(traced=traced, by_lot=by_lot, inputs=inputs)


# ── metal through steps ───────────────────────────────────────────────────────────────────


def _flows(traced: Traced) -> Iterator[Flow]:
    """Yield each element through each transformation and blend."""
    for step in traced.history.steps:
        if step.kind not in ("transformation", "blend") or not step.takes:
            continue
        takes = [take for take in step.takes if take.role == "feed"]
        makes = [made for made in step.makes if made.role != "residue"]
        carried = frozenset[str]().union(
            *(traced.carries.get(take.lot, frozenset()) for take in takes)
        )
        for element in sorted(carried):
            yield _flow(traced, step, element, takes, makes)


def _flow(
    traced: Traced,
    step: flow.Step,
    element: str,
    takes: Sequence[flow.Taken],
    makes: Sequence[flow.Made],
) -> Flow:
    feeds = [take for take in takes if element in traced.carries.get(take.lot, ())]
    given = [_taken(traced, take, element) for take in feeds]
    is_blend = step.kind == "blend"
    # A blend is asked for its own assay; of other products the metal may be derived.
    came = [_stated(made, element) if is_blend else _held(traced, made, element) for made in makes]
    lacking = [take.lot for take in feeds if not _is_measured(traced, take.lot, element)]
    lacking += [
        made.lot
        for made, mass in zip(makes, came, strict=True)
        if mass is None or not _is_measured(traced, made.lot, element)
    ]
    beginnings = traced.history.beginnings
    return Flow(
        entry=step.entry,
        kind=step.kind,
        element=element,
        given=_added(given),
        came=_added(came) if makes else None,
        lots=tuple(lot_of(made.lot) for made in makes),
        materials=frozenset(
            str(beginnings[lot_of(take.lot)].facts["material"])
            for take in feeds
            if lot_of(take.lot) in beginnings
        ),
        missing=tuple(
            f"assay of {element} for lot {lot_of(name)}" for name in dict.fromkeys(lacking)
        ),
    )


def _taken(traced: Traced, take: flow.Taken, element: str) -> Interval | None:
    """Return the element in what was taken out of a lot, in proportion to its gross."""
    made = traced.made.get(take.lot)
    whole = _held(traced, made, element) if made else None
    if whole is None or made is None:
        return None
    return Interval(
        low=half_even(whole.low * take.amount, made.amount),
        high=half_even(whole.high * take.amount, made.amount),
    )


def _held(traced: Traced, made: flow.Made, element: str) -> Interval | None:
    content = traced.sources[made.lot].contents.get(element)
    if content is None or (content.bounds.high == 0 and content.missing):
        return None
    return content.bounds


def _stated(made: flow.Made, element: str) -> Interval | None:
    told = made.contained.get(element)
    return told if told is not None and (told.low > 0 or told.high == 0) else None


def _is_measured(traced: Traced, name: str, element: str) -> bool:
    content = traced.sources[name].contents.get(element) if name in traced.sources else None
    return content is not None and content.measured


def _added(masses: Sequence[Interval | None]) -> Interval | None:
    """Add up masses; unknown where one is."""
    low = high = 0
    for mass in masses:
        if mass is None:
            return None
        low, high = low + mass.low, high + mass.high
    return Interval(low=low, high=high)
