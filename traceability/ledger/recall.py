"""Recall: where the metal of a lot, or of a facility from a day on, went, and at what share.

No second arithmetic: `provenance` follows the metal with three labels. OUT is what passed where
the question begins, MAYBE what may have (an amount nobody measured, a surplus or a shortfall of
a lot that is hit), REST everything else. The share of a lot that is out then lies between OUT
and OUT with MAYBE, of its whole.

The labels are coarser than the sources that a trace upstream tells apart. Each label is
conserved to the milligram, but which label gives the odd milligram of a withdrawal depends on
the labels: sums of finer answers may differ by one milligram per withdrawal on the way.

A history is told passage by passage, and a lot is answered for and forgotten as soon as nothing
more happens to it: what is kept in memory are the lots between their first event and their last.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import partial
from typing import Any, Protocol

from msgspec import Struct, structs

from traceability.ledger.chronicle import Beginning, Chronicler, Happening, lot_of
from traceability.ledger.composition import UNKNOWN_PREFIXES
from traceability.ledger.grades import Assayed
from traceability.ledger.history import Made, Step, Taken
from traceability.ledger.lineage import Descent, Reached, Ways
from traceability.ledger.pooling import Metal, Parcels
from traceability.ledger.provenance import Flow

OUT, MAYBE, REST = "out", "maybe", "rest"
_LABELS = frozenset({OUT, MAYBE, REST})
_are_labels = _LABELS.issuperset
_END = 2**62  # an order after every step
_NEVER = _END + 1
_Part = tuple[str, int]
_KEPT = frozenset({"custody.receipt", "custody.stocktake", "custody.loss"})
"""Events that leave the material as it came: a lot that merely lies at a place is not of it."""


class Portion(Struct, frozen=True, kw_only=True):
    """One element of a lot: what of it is out for certain, what at most, and how much there is.

    `high_mg` is the whole of all sources; some of it may not be there, down to `low_mg`.
    `left_mg` and `left_at_most_mg` are the same of what the lot has not given away.
    """

    out_mg: int
    at_most_mg: int
    low_mg: int
    high_mg: int
    left_mg: int
    left_at_most_mg: int


_NONE = Portion(out_mg=0, at_most_mg=0, low_mg=0, high_mg=0, left_mg=0, left_at_most_mg=0)


class Hit(Struct, frozen=True, kw_only=True):
    """A lot that holds, or held, something of what is looked for; `left` of it is gross."""

    lot: str
    reached: Reached
    portions: Mapping[str, Portion]
    begun: Beginning | None
    left: int
    number: int  # among the lots met, for `Ways`


class Passage(Struct, frozen=True, kw_only=True):
    """A part of a history, in order: what happened, as it stands after corrections.

    `documents` are those about lots that are made in it, whenever they were written. `ended`
    are lots that nothing more happens to.
    """

    happenings: Sequence[Happening]
    documents: Iterable[tuple[str, Assayed]] = ()
    ended: Sequence[str] = ()


# ── questions ─────────────────────────────────────────────────────────────────────────────


class Part(Struct, frozen=True):
    """A step as a question sees it.

    `begins` are those of the lots it makes that begin to be hit there; `is_out`: all that
    passes the step is out.
    """

    step: Step
    begins: Collection[str]
    is_out: bool


class Question(Protocol):
    """What is looked for in a history. `given` are lots looked for from the beginning on."""

    @property
    def given(self) -> Collection[str]:
        """Return lots that are looked for whatever happens."""

    def parts(
        self, step: Step, one: Happening, beginnings: Mapping[str, Beginning]
    ) -> Iterable[Part]:
        """Return a step of a happening as the question sees it, perhaps with one after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfFacility:
    """All that was made at, or left, a facility from a day on.

    An event that lasted into that day counts whole: what of it was made before nobody knows.
    What was merely received, weighed or assayed there is not its product. Material from
    outside whose declared origin names the facility is hit from the day it was introduced,
    for the declared part.
    """

    facility: str
    since: date
    given: Collection[str] = ()

    def parts(
        self, step: Step, one: Happening, beginnings: Mapping[str, Beginning]
    ) -> Iterable[Part]:
        """See `Question`."""
        declaring = () if step.takes else self._declaring(step, beginnings)
        if declaring:
            step = _divided(step, declaring)
        is_here = one.facility == self.facility and one.kind not in _KEPT
        if is_here and one.until >= self.since:
            return (Part(step, [lot_of(made.lot) for made in step.makes], is_out=True),)
        return (Part(step, declaring, is_out=False),)

    def _declaring(
        self, step: Step, beginnings: Mapping[str, Beginning]
    ) -> Mapping[str, tuple[_Part, ...]]:
        """Return the lots that enter the record here whose declared origin names the facility."""
        found = {}
        for made in step.makes:
            begun = beginnings.get(made.lot)
            if begun is not None and begun.declared and begun.happening.until >= self.since:
                split = _declared_split(begun.declared, self.facility)
                if split:
                    found[made.lot] = split
        return found


@dataclass(slots=True, kw_only=True)
class OfLot:
    """All that came of one lot. It is asked of one history, once.

    Of a lot whose making was voided, what others took is of no known source, and may be hit.
    """

    lot: str
    is_marked: bool = False

    @property
    def given(self) -> Collection[str]:
        """See `Question`."""
        return (self.lot,)

    def parts(
        self, step: Step, _one: Happening, _beginnings: Mapping[str, Beginning]
    ) -> Iterable[Part]:
        """See `Question`."""
        yield Part(step, (), is_out=False)
        for made in step.makes:
            if not self.is_marked and lot_of(made.lot) == self.lot:
                self.is_marked = True
                # Taken whole and made the same: nothing but the lot itself passes this step.
                mark = Step(
                    entry=step.entry,
                    order=step.order,
                    kind="adjustment",
                    takes=(Taken(lot=made.lot, amount=made.amount, held=made.amount),),
                    makes=(Made(lot=made.lot, amount=made.amount, unit=made.unit),),
                )
                yield Part(mark, (), is_out=True)


# ── answers ───────────────────────────────────────────────────────────────────────────────


def recalled(
    question: Question,
    passages: Iterable[Passage],
    *,
    elements: Iterable[str],
    ways: Ways | None = None,
) -> Iterator[Hit]:
    """Yield every lot that is hit, with exact shares, as soon as nothing more happens to it.

    Args:
        elements: those to follow.
        ways: takes down which lots came of which, where somebody asks.
    """
    teller, recall = Chronicler(), Recall(question, elements, ways=ways)
    for passage in passages:
        teller.hear(passage.documents)
        for one in passage.happenings:
            for step in teller.tell(one):
                recall.add(step, one, teller.beginnings)
        for lot in sorted(passage.ended, key=partial(_began, teller.beginnings)):
            hit = recall.hit(lot, teller)
            teller.forget(lot)
            if hit is not None:
                yield hit


def _began(beginnings: Mapping[str, Beginning], lot: str) -> int:
    """Return the order of the event that a lot began with; -1 where that was voided."""
    begun = beginnings.get(lot)
    return -1 if begun is None else begun.happening.order


def measured_in(passages: Iterable[Passage]) -> frozenset[str]:
    """Return every element that somebody measured in a history."""
    teller, found = Chronicler(), set[str]()
    for passage in passages:
        teller.hear(passage.documents)
        for one in passage.happenings:
            for step in teller.tell(one):
                found.update(name for made in step.makes for name in made.contained)
        for lot in passage.ended:
            teller.forget(lot)
    return frozenset(found)


class Recall:
    """A question on its way through a history, step by step in log order."""

    def __init__(
        self, question: Question, elements: Iterable[str], *, ways: Ways | None = None
    ) -> None:
        self._question = question
        self._elements = sorted(elements)
        self._flow = Flow(self._elements, self.rename)
        self._descent = Descent(question.given)
        self._ways = ways
        self._order = -1
        self._is_out = False
        self._made_out: dict[str, int] = {}  # what was made of nothing known where all is out
        self._unmeasured: dict[str, int] = {}  # lots forgotten whose name is still on labels

    def add(self, step: Step, one: Happening, beginnings: Mapping[str, Beginning]) -> None:
        """Let the next step happen."""
        for part in self._question.parts(step, one, beginnings):
            self._order += 1
            step = part.step
            if step.order != self._order:  # one after a step that the question put in
                step = structs.replace(step, order=self._order)
            self._is_out = part.is_out
            junction = self._descent.add(step, part.begins)
            if junction is not None and self._ways is not None:
                self._ways.add(junction, self._descent.found)
            if part.is_out:
                for made in step.makes:
                    self._made_out.setdefault(f"unexplained:{made.lot}", self._order)
            self._flow.add(step, (True,) * len(step.makes))

    def hit(self, lot: str, teller: Chronicler) -> Hit | None:
        """Return what is hit of a lot, if anything, and forget it."""
        reached = self._descent.found.get(lot)
        name = teller.names.get(lot)
        hit = None
        if reached is not None and name is not None:
            hit = Hit(
                lot=lot,
                reached=reached,
                portions=self._portions(name),
                begun=teller.beginnings.get(lot),
                left=teller.balances[lot],
                number=self._ways.end(lot) if self._ways is not None else 0,
            )
        self._forget(lot, name or lot)
        return hit

    def _forget(self, lot: str, last: str) -> None:
        """Drop a lot under all its names, but for what labels of later lots may say of it."""
        reached = self._descent.found.pop(lot, None)
        for name in (lot,) if lot == last else _names(lot, last):
            if self._made_out:
                self._made_out.pop(f"unexplained:{name}", None)
            made = self._flow.forget(name)
            if reached is not None:
                for metal in made.values():
                    if metal.missing and lot_of(metal.missing) == lot:
                        self._unmeasured[lot] = reached.since

    # ── labels ────────────────────────────────────────────────────────────────────────────

    def rename(self, step: Step, _element: str, parcels: Parcels) -> Parcels:
        """Return the parcels that pass the step by what they stand for there."""
        if self._is_out:
            return {OUT: sum(parcels.values())} if parcels else parcels
        if _are_labels(parcels):
            return parcels
        return self._counted(parcels, step.order)

    def _counted(self, parcels: Parcels, order: int) -> Parcels:
        counted: Parcels = {}
        for label, mass in parcels.items():
            meaning = self._meaning(label, order)
            counted[meaning] = counted.get(meaning, 0) + mass
        return counted

    def _meaning(self, label: str, order: int) -> str:
        """Return what a label stands for at a step; what is unknown of a lot hit may be out."""
        if label in _LABELS:
            return label
        if not label.startswith(UNKNOWN_PREFIXES):
            return REST
        if order >= self._made_out.get(label, _NEVER):
            return OUT
        return MAYBE if order >= self._since(_lot_in(label)) else REST

    def _since(self, lot: str) -> int:
        reached = self._descent.found.get(lot)
        return self._unmeasured.get(lot, _NEVER) if reached is None else reached.since

    def _portions(self, name: str) -> dict[str, Portion]:
        made, left = self._flow.contents(name)
        portions = dict.fromkeys(self._elements, _NONE)
        for element, metal in made.items():
            portions[element] = self._portion(metal, left.get(element))
        return portions

    def _portion(self, made: Metal, left: Metal | None) -> Portion:
        out, most = self._amounts(made.parcels)
        if left is None:
            left_out, left_most = 0, 0
        else:  # most lots that are asked for gave nothing away
            left_out, left_most = (out, most) if left is made else self._amounts(left.parcels)
        whole = sum(made.parcels.values())
        return Portion(
            out_mg=out,
            at_most_mg=most,
            low_mg=max(whole - made.slack - made.doubt, 0),
            high_mg=whole,
            left_mg=left_out,
            left_at_most_mg=left_most,
        )

    def _amounts(self, parcels: Parcels) -> tuple[int, int]:
        """Return what of a lot at the end is out for certain, and at most."""
        if not _are_labels(parcels):
            parcels = self._counted(parcels, _END)
        out = parcels.get(OUT, 0)
        return out, out + parcels.get(MAYBE, 0)


def _lot_in(label: str) -> str:
    """Return the lot that the label of an unknown source names."""
    return lot_of(":".join(label.split(":")[-2:]))


def _names(lot: str, last: str) -> Iterator[str]:
    """Yield the names that a lot had in steps: its own, and one for each time it was weighed."""
    yield lot
    for count in range(1, int(last.partition("~")[2] or 0) + 1):
        yield f"{lot}~{count}"


# ── declared origins ──────────────────────────────────────────────────────────────────────


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
    """Return a step with the declared part of what is introduced as a source of its own."""
    makes = tuple(
        structs.replace(made, source=structs.replace(made.source, split=parts[made.lot]))
        if made.source is not None and made.lot in parts
        else made
        for made in step.makes
    )
    return structs.replace(step, makes=makes)
