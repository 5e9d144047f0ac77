"""Recall: where the metal of a lot, or of a facility from a day on, went, and at what share.

No second arithmetic: `provenance.propagate` follows the metal with three labels. OUT is what
passed where the question begins, MAYBE what may have (an amount nobody measured, a surplus or
a shortfall of a lot that is hit), REST everything else. The share of a lot that is out then
lies between OUT and OUT with MAYBE, of its whole.

The labels are coarser than the sources that a trace upstream tells apart. Each label is
conserved to the milligram, but which label gives the odd milligram of a withdrawal depends on
the labels: sums of finer answers may differ by one milligram per withdrawal on the way.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from msgspec import Struct, structs

from traceability.ledger.chronicle import History, lot_of
from traceability.ledger.composition import UNKNOWN_PREFIXES, Content
from traceability.ledger.history import Made, Step, Taken
from traceability.ledger.lineage import Reached, downstream
from traceability.ledger.mass import Interval
from traceability.ledger.provenance import propagate

OUT, MAYBE, REST = "out", "maybe", "rest"
_LABELS = frozenset({OUT, MAYBE, REST})
_END = 2**62  # an order after every step
_NEVER = _END + 1
_Part = tuple[str, int]
_KEPT = frozenset({"custody.receipt", "custody.stocktake", "custody.loss"})
"""Events that leave the material as it came: a lot that merely lies at a place is not of it."""


class Portion(Struct, frozen=True, kw_only=True):
    """One element of a lot: what of it is out for certain, what at most, and how much there is.

    `left_mg` and `left_at_most_mg` are the same of what the lot has not given away.
    """

    out_mg: int
    at_most_mg: int
    bounds: Interval
    left_mg: int
    left_at_most_mg: int


class Hit(Struct, frozen=True, kw_only=True):
    """A lot that holds, or held, something of what is looked for."""

    lot: str
    reached: Reached
    portions: Mapping[str, Portion]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is looked for in a history.

    `begins` tells which of the lots a step makes begin to be hit there; `marks` whether all
    that passes the step is out. `steps` are those of the history, prepared for it; `given` are
    lots that are looked for from the beginning on.
    """

    steps: Sequence[Step]
    begins: Callable[[Step], Collection[str]]
    marks: Callable[[Step], bool]
    given: Collection[str] = ()

    def reached(self) -> dict[str, Reached]:
        """Return the lots that are hit, in the order in which they came to be."""
        return downstream(self.steps, self.begins, given=self.given)


def of_facility(history: History, facility: str, *, since: date) -> Question:
    """Return the question after all that was made at, or left, a facility from a day on.

    What was merely received, weighed or assayed there is not its product. Material from
    outside whose declared origin names the facility is hit from the day it was introduced,
    for the declared part.
    """
    at_facility = {
        one.entry
        for one in history.happenings.values()
        if one.facility == facility and one.on >= since and one.kind not in _KEPT
    }
    steps, declaring = _declared(history, facility, since)

    def begins(step: Step) -> Collection[str]:
        if step.entry in at_facility:
            return [lot_of(made.lot) for made in step.makes]
        return [made.lot for made in step.makes if made.lot in declaring and not step.takes]

    return Question(steps=steps, begins=begins, marks=lambda step: step.entry in at_facility)


def of_lot(history: History, lot: str) -> Question:
    """Return the question after all that came of one lot.

    Of a lot whose making was voided, what others took is of no known source, and may be hit.
    """
    steps = list(history.steps)
    for number, step in enumerate(steps):
        made = next((made for made in step.makes if lot_of(made.lot) == lot), None)
        if made is not None:
            # Taken whole and made the same: nothing but the lot itself passes this step.
            mark = Step(
                entry=step.entry,
                order=step.order + 1,
                kind="adjustment",
                takes=(Taken(lot=made.lot, amount=made.amount, held=made.amount),),
                makes=(Made(lot=made.lot, amount=made.amount, unit=made.unit),),
            )
            later = [structs.replace(one, order=one.order + 1) for one in steps[number + 1 :]]
            steps[number + 1 :] = [mark, *later]
            return _of_given(lot, steps, mark)
    return _of_given(lot, steps, None)


def _of_given(lot: str, steps: Sequence[Step], mark: Step | None) -> Question:
    return Question(
        steps=steps, begins=lambda _step: (), marks=lambda step: step is mark, given=[lot]
    )


def elements_of(history: History, question: Question) -> frozenset[str]:
    """Return the elements to follow: those measured in, or named by, the lots it begins with.

    Where nobody measured anything of these lots, everything measured in the history.
    """
    lots = {lot for step in question.steps for lot in question.begins(step)}
    lots.update(question.given)
    found = {name for lot in lots for name in history.elements_of(lot)}
    everything = set[str]()
    for step in question.steps:
        for made in step.makes:
            everything |= made.contained.keys()
            if lot_of(made.lot) in lots:
                found |= made.contained.keys()
    return frozenset(found or everything)


def hits(
    history: History, question: Question, *, elements: Iterable[str] | None = None
) -> list[Hit]:
    """Return every lot that is hit, in the order in which it came to be, with exact shares.

    Args:
        elements: those to follow; `elements_of` the question where None.
    """
    reached = question.reached()
    names = {lot: history.last[lot] for lot in reached if lot in history.last}
    labels = _Labels(question, reached)
    told = propagate(
        question.steps,
        elements=elements_of(history, question) if elements is None else elements,
        relabel=labels.relabel,
        lots=names.values(),
    )
    return [
        Hit(
            lot=lot,
            reached=reached[lot],
            portions={
                element: labels.portion(content) for element, content in told[name].contents.items()
            },
        )
        for lot, name in names.items()
    ]


class _Labels:
    """What the label of a source means in a question."""

    def __init__(self, question: Question, reached: Mapping[str, Reached]) -> None:
        self._marks = question.marks
        self._since = {lot: one.since for lot, one in reached.items()}
        self._made_out = {  # what was made of nothing known where all is out, is out too
            f"unexplained:{made.lot}": step.order
            for step in question.steps
            if question.marks(step)
            for made in step.makes
        }

    def relabel(self, step: Step, _element: str, label: str) -> str:
        return OUT if self._marks(step) else self.meaning(label, step.order)

    def meaning(self, label: str, order: int) -> str:
        """Return what a label stands for at a step; what is unknown of a lot hit may be out."""
        if label in _LABELS:
            return label
        if not label.startswith(UNKNOWN_PREFIXES):
            return REST
        if order >= self._made_out.get(label, _NEVER):
            return OUT
        return MAYBE if order >= self._since.get(_lot_in(label), _NEVER) else REST

    def portion(self, content: Content) -> Portion:
        out, most = self._counted(content.sources)
        left, left_most = self._counted(content.left)
        return Portion(
            out_mg=out,
            at_most_mg=most,
            bounds=content.bounds,
            left_mg=left,
            left_at_most_mg=left_most,
        )

    def _counted(self, parcels: Mapping[str, int]) -> tuple[int, int]:
        """Return what of a lot at the end is out for certain, and at most."""
        sums = {OUT: 0, MAYBE: 0, REST: 0}
        for label, mass in parcels.items():
            sums[self.meaning(label, _END)] += mass
        return sums[OUT], sums[OUT] + sums[MAYBE]


def _lot_in(label: str) -> str:
    """Return the lot that the label of an unknown source names."""
    return lot_of(":".join(label.split(":")[-2:]))


# ── declared origins ──────────────────────────────────────────────────────────────────────


def _declared(
    history: History, facility: str, since: date
) -> tuple[Sequence[Step], frozenset[str]]:
    """Return the steps with the declared part of what is introduced as a source of its own."""
    parts = {
        lot: split
        for lot, begun in history.beginnings.items()
        if begun.happening.on >= since and (split := _declared_split(begun.declared, facility))
    }
    if not parts:
        return history.steps, frozenset()
    return [_divided(step, parts) for step in history.steps], frozenset(parts)


def _declared_split(rows: Sequence[Mapping[str, Any]], facility: str) -> tuple[_Part, ...]:
    """Return the parts that a declaration gives a facility and others; none where it is silent.

    The parts of one stage make up the whole; of several stages the largest share counts.
    Where a stage is declared element by element, all of it may be.
    """
    shares = []
    for stage in {row["stage"] for row in rows if row.get("facility") == facility}:
        told = [row for row in rows if row["stage"] == stage]
        if any("element" in row for row in told):
            return ((MAYBE, 1),)
        mine = sum(row["parts"] for row in told if row.get("facility") == facility)
        shares.append(Fraction(mine, sum(row["parts"] for row in told)))
    if not shares:
        return ()
    best = max(shares)
    return ((OUT, best.numerator), (REST, best.denominator - best.numerator))


def _divided(step: Step, parts: Mapping[str, tuple[_Part, ...]]) -> Step:
    if step.takes or not any(made.lot in parts for made in step.makes):
        return step
    makes = tuple(
        structs.replace(made, source=structs.replace(made.source, split=parts[made.lot]))
        if made.source is not None and made.lot in parts
        else made
        for made in step.makes
    )
    return structs.replace(step, makes=makes)
