"""Tracing metal: where it began, when it left there, and which steps it passed, by stage.

All of it by the one propagation of the code base, `traceability.ledger.provenance`: origins
with the day of dispatch in one go, then once for every stage, with the steps of that stage
written down as metal passes them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from standards.rulebook.dossier import PathLot
from standards.rulebook.handing import holders_of, path_lots
from traceability.ledger import history as flow
from traceability.ledger.chronicle import History
from traceability.ledger.composition import Composition
from traceability.ledger.pooling import Parcels
from traceability.ledger.provenance import propagate
from traceability.ledger.spreading import Relabel, Rename, by_label

LEAF_STAGE: Mapping[str, str] = {"mined": "extraction", "recycled": "recovery"}
"""The stage that makes a first lot, by the kind of source."""
_CONSUMING = frozenset({"transformation", "assembly"})
_NEW = "-"  # the label of metal that has passed no step of the stage in question


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """The metal of the lots of one history: its sources, and what it passed by stage."""

    history: History
    sources: Mapping[str, Composition]
    passed: Mapping[str, Mapping[str, Composition]]  # by stage
    stage_steps: Mapping[str, Sequence[str]]  # by stage: entries, in order
    steps: Mapping[str, Sequence[flow.Step]]  # by entry
    made: Mapping[str, flow.Made]
    carries: Mapping[str, frozenset[str]]
    lots: Mapping[str, PathLot]

    def minerals_of(self, lot: str) -> tuple[str, ...]:
        """Return the elements to ask about: those documents or the material's name speak of.

        A lot with an assay is asked for what it was assayed for; one without, for all that
        occurs upstream.
        """
        name = self.history.last.get(lot)
        if name is None:
            return ()
        return tuple(sorted(self.carries[name] | self.history.elements_of(lot)))

    def stages_of(self, name: str, mineral: str) -> list[tuple[str, Mapping[str, int]]]:
        """Return the stages that metal of a lot passed: by entry, the milligrams, in log order.

        The stages stand in the order in which this metal first passed them, whatever other lots
        the history leads to.
        """
        stages = [(stage, self._passed(stage, name, mineral)) for stage in self.stage_steps]
        happenings = self.history.happenings
        return sorted(
            (one for one in stages if one[1]), key=lambda one: happenings[next(iter(one[1]))].order
        )

    def _passed(self, stage: str, name: str, mineral: str) -> dict[str, int]:
        content = self.passed[stage][name].contents.get(mineral)
        mass: dict[int, int] = {}
        for label, mg in content.sources.items() if content else ():
            for place in passed_steps(label):
                mass[place] = mass.get(place, 0) + mg
        return {self.stage_steps[stage][place]: mass[place] for place in sorted(mass)}

    def facilities(self) -> set[str]:
        """Return every facility at which something of this history happened, or is said to."""
        found = {one.facility for one in self.history.happenings.values() if one.facility}
        for begun in self.history.beginnings.values():
            found |= {row["facility"] for row in begun.declared if "facility" in row}
        return found

    def organizations(self) -> set[str]:
        """Return every organization that made, held or owned a lot of this history."""
        return holders_of(self.lots.values())


def trace(history: History, lots: Iterable[str]) -> Traced:
    """Follow the metal of a history once, for all the lots in question.

    Args:
        lots: those that dossiers are wanted for.
    """
    carries = flow.carried(history.steps)
    made = {one.lot: one for step in history.steps for one in step.makes}
    elements = {name for found in carries.values() for name in found}
    for lot in lots:
        elements |= history.elements_of(lot)
    stage_steps: dict[str, list[str]] = {}
    steps: dict[str, list[flow.Step]] = {}
    for step in history.steps:
        steps.setdefault(step.entry, []).append(step)
    for one in history.happenings.values():
        if one.stage:
            stage_steps.setdefault(one.stage, []).append(one.entry)

    return Traced(
        history=history,
        sources=propagate(history.steps, elements=elements, rename=_stamped(history)),
        passed={
            stage: propagate(history.steps, elements=elements, rename=_through(entries))
            for stage, entries in stage_steps.items()
        },
        stage_steps=stage_steps,
        steps=steps,
        made=made,
        carries=carries,
        lots=path_lots(history),
    )


def dispatched(history: History) -> Relabel:
    """Return the relabeling that stamps the day on which a parcel left where it began.

    That is its first shipment, or, used on site, the event that consumed it.
    """

    def relabel(step: flow.Step, _element: str, label: str) -> str:
        if "|" in label or not step.takes or not label.startswith(tuple(LEAF_STAGE)):
            return label
        if history.is_dispatch(step) or step.kind in _CONSUMING:
            return f"{label}|{history.happenings[step.entry].on.isoformat()}"
        return label

    return relabel


def _stamped(history: History) -> Rename:
    """Return the same for all parcels at once; most steps stamp none."""
    stamp = by_label(dispatched(history))

    def rename(step: flow.Step, element: str, parcels: Parcels) -> Parcels:
        if step.takes and (step.kind in _CONSUMING or history.is_dispatch(step)):
            return stamp(step, element, parcels)
        return parcels

    return rename


def _through(entries: Sequence[str]) -> Rename:
    """Return the renaming that writes down which steps of one stage metal passed."""
    number = {entry: str(place) for place, entry in enumerate(entries)}

    def relabel(step: flow.Step, _element: str, label: str) -> str:
        passed = number[step.entry]
        if not label[0].isdigit():
            return passed
        before = label.split("+")
        return label if passed in before else "+".join([*before, passed])

    write_down = by_label(relabel)

    def rename(step: flow.Step, element: str, parcels: Parcels) -> Parcels:
        if not step.takes:
            return {_NEW: sum(parcels.values())} if parcels else parcels
        return write_down(step, element, parcels) if step.entry in number else parcels

    return rename


@lru_cache(maxsize=4096)
def passed_steps(label: str) -> tuple[int, ...]:
    """Return which steps of a stage, by place in `Traced.stage_steps`, a label has passed."""
    return tuple(int(place) for place in label.split("+")) if label[0].isdigit() else ()


def parcel_of(label: str) -> tuple[str, str, str]:
    """Return kind, name of the lot and day of dispatch (or empty) that a source label tells."""
    text, _, day = label.partition("|")
    kind, _, name = text.removeprefix("unknown:").partition(":")
    if text.startswith("unknown:") and kind != "introduced":
        return "unknown", text.removeprefix("unknown:"), day
    return kind, name, day
