"""Provenance: whose metal is in a lot, to the milligram. The one propagation of the code base.

Origin, custody, certification and recall all ask `propagate`; they differ in `rename`.
A history is a sequence of `Step`s in log order. A lot's content is, per element, whole
milligrams by source. A withdrawal takes its part of every source that is left, in chain
order, by largest remainder (`apportioning`), so every source conserves through any depth and
the result depends on the chain, not on the order of evaluation.

What is not measured stays so. The content of a lot is then an upper bound in the ratio of its
sources; `bounds` tells from where to where it may lie and `missing` which lots lack an assay.

- A single input, or several of one ratio, pass it on: known even if the amount is not.
- Where a lot of unknown amount meets other sources, the ratio is unknown too. What is certain
  keeps its sources; what may or may not be there becomes `unmeasured:<lot>`, unknown. The share
  of any source then lies in [share, share + unknown share]: worst and best case.
- In a transformation a lot assayed for some elements but silent on this one is presumed to
  bring none where other inputs declare it (nobody assays nickel sulfate for copper). It is not
  hidden: `presumed` is then true from there downstream. Where no input declares the element,
  and in a blend, the silent lot counts as unmeasured.
- Each of several outputs of a step that nobody measured may hold all that the measured ones left:
  that is its bound. Together they hold it once. So each has a part of it set aside (`reserves`),
  and no more than that of what is measured further down is certain metal of a source. What is
  measured beyond it, within the bound, is `unmeasured:<that lot>`: of the pool or not, nobody
  knows. What is set aside is decided with the step and parted with the lot, so a lot depends on
  its ancestors and what was made beside them alone, never on what became of those. Where
  siblings meet, they hold together no more than their pool did. A range counts at its high end
  before them.
- Measured output beyond the pooled input is `unexplained:<lot>`; an amount taken from a lot
  beyond what it held is `shortfall:<lot>`. Both are unknown and never spread over inputs.

Source: ISO 22095:2020, 3.3.3 (controlled blending). The mass-proportional split is ours.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from traceability.errors import LotMadeTwice, StepsOutOfOrder
from traceability.ledger.apportioning import half_even, part_of, without
from traceability.ledger.composition import UNKNOWN_KINDS, Composition, Content
from traceability.ledger.history import Step, Taken
from traceability.ledger.mass import MAX_MASS_MG, Interval
from traceability.ledger.pooling import Input, Metal
from traceability.ledger.spreading import (
    ADJUSTING_KINDS,
    CONSERVING_KINDS,
    Outputs,
    Rename,
    Wanted,
    entered,
    is_measured,
    lighter,
    renamed,
    spread,
)

# ── the propagation ───────────────────────────────────────────────────────────────────────


def propagate(
    steps: Sequence[Step],
    *,
    elements: Iterable[str] | None = None,
    rename: Rename | None = None,
    lots: Collection[str] | None = None,
) -> dict[str, Composition]:
    """Tell, for every lot, how much of each element came from which source.

    Args:
        steps: a history in log order, from the sources on (`restrict` cuts one).
        elements: those to follow, each on its own; all that some step measures if None.
        rename: of what enters or passes a step, for questions about stages (`by_label`).
        lots: those to answer for; all that the history makes if None.

    Returns:
        A composition per lot made, milligrams by source. Sources add up to the amount made;
        what is unknown is a source of its own (see the module).

    Raises:
        StepsOutOfOrder: `order` does not increase.
        LotMadeTwice: a lot is made while some of it is left.
    """
    if elements is None:
        told = [made.contained for step in steps for made in step.makes if made.contained]
        elements = set[str]().union(*told)
    flow = Flow(sorted(elements), rename)
    for step, wanted in _all_of(steps) if lots is None else _what_leads_to(steps, set(lots)):
        flow.add(step, wanted)
    asked = flow.lots if lots is None else [name for name in lots if name in flow.lots]
    return {name: flow.composition(name) for name in asked}


def _all_of(steps: Iterable[Step]) -> Iterator[tuple[Step, Wanted]]:
    for step in steps:
        yield step, (True,) * len(step.makes)


def _what_leads_to(steps: Sequence[Step], lots: set[str]) -> Iterator[tuple[Step, Wanted]]:
    """Yield the steps on which lots depend, as `restrict` does, with the outputs that count."""
    kept: list[tuple[Step, Wanted]] = []
    for step in reversed(steps):
        wanted = tuple([made.lot in lots for made in step.makes])
        if True in wanted:
            lots.update([take.lot for take in step.takes])
            kept.append((step, wanted))
            continue
        takes = tuple([take for take in step.takes if take.lot in lots])
        if takes:
            kept.append((replace(step, takes=takes, makes=()), ()))
    return reversed(kept)


class _Lot(Struct, gc=False):
    """A lot as made, for its composition and its grade, and what is left of it.

    An element of which it holds nothing, for certain, is not in `made`; one of which nothing is
    left is not in `left`. What the last withdrawal leaves is worked out when somebody asks
    (`_left_of`): of most lots nobody does.
    """

    amount: int
    made: dict[str, Metal]
    left: dict[str, Metal]
    given: "_Given | None" = None


class _Given(Struct, gc=False):
    """What a lot gave last, and what part of all that was left then."""

    metals: dict[str, Metal]
    part: int
    whole: int


class Flow:
    """All lots of a history on the way through it, step by step in log order."""

    def __init__(self, tracked: Sequence[str], rename: Rename | None) -> None:
        self.lots: dict[str, _Lot] = {}
        self._tracked = tracked
        self._rename = rename
        self._unknown: set[str] = set()
        self._last = -1

    def add(self, step: Step, wanted: Wanted) -> None:
        """Let one step happen; what it makes and nobody wants is not worked out."""
        if step.order <= self._last:
            raise StepsOutOfOrder(entry=step.entry, order=step.order, last=self._last)
        self._last = step.order
        handed = self._handed_on(step)
        metals = [handed] if handed is not None else self._changed(step, wanted)
        for place, made in enumerate(step.makes):
            before = self.lots.get(made.lot)
            if before is not None and _left_of(before):
                raise LotMadeTwice(entry=step.entry, lot=made.lot)
            if wanted[place]:
                of_lot = metals[place]
                self.lots[made.lot] = _Lot(made.amount, of_lot, _without_nothing(of_lot))
            if made.source is not None and made.source.kind in UNKNOWN_KINDS:
                self._unknown.update({made.source.id, *dict(made.source.split)})

    # ── answers ───────────────────────────────────────────────────────────────────────────

    def contents(self, name: str) -> tuple[Mapping[str, Metal], Mapping[str, Metal]]:
        """Return a lot as it was when it was last made, and what is left of it, by element.

        An element that is in neither is not in the lot.
        """
        lot = self.lots[name]
        return lot.made, _left_of(lot)

    def forget(self, name: str) -> Mapping[str, Metal]:
        """Drop a lot that no later step speaks of; return what it was when it was last made."""
        lot = self.lots.pop(name, None)
        return lot.made if lot is not None else {}

    def composition(self, name: str) -> Composition:
        """Return what a lot was when it was last made, and what is left of it."""
        made, left = self.contents(name)
        return Composition(
            lot=name,
            contents={
                element: _content(
                    made.get(element, _NOTHING), left.get(element, _NOTHING).parcels, self._unknown
                )
                for element in self._tracked
            },
        )

    # ── steps ─────────────────────────────────────────────────────────────────────────────

    def _handed_on(self, step: Step) -> dict[str, Metal] | None:
        """Return what of one lot becomes another of the same substance; None in other cases.

        That is most of what happens: a lot is shipped, weighed on arrival, a part split off.
        It is what pooling a single input comes to.
        """
        if len(step.takes) != 1 or len(step.makes) != 1 or step.kind not in CONSERVING_KINDS:
            return None
        [take], [made] = step.takes, step.makes
        lot, amount = self.lots.get(take.lot), made.amount
        if lot is None or made.contained or take.role == "reagent":
            return None
        if not 0 < take.amount <= take.held:
            return None
        is_weighed = amount != take.amount and step.kind in ADJUSTING_KINDS
        if is_weighed and amount > take.amount:
            return None
        taken = _take(lot, take.amount, take.held)
        if self._rename is None and not is_weighed:
            return taken
        handed = {}
        for element, metal in taken.items():
            named = renamed(step, element, metal, self._rename)
            handed[element] = lighter(named, amount, take.amount) if is_weighed else named
        return handed

    def _changed(self, step: Step, wanted: Wanted) -> list[dict[str, Metal]]:
        makes = step.makes
        outputs: Outputs = [{} for _ in makes]
        if not step.takes:
            for place, made in enumerate(makes):
                if wanted[place]:
                    outputs[place] = entered(step, made, self._tracked, self._rename)
            return outputs
        inputs = self._taken(step.takes)
        # What is weighed where the books held nothing may hold anything.
        is_found = step.kind in ADJUSTING_KINDS and not any(take.amount for take in step.takes)
        for element in self._tracked if outputs else ():
            pool = inputs.get(element)
            if pool or is_found or any(is_measured(made, element) for made in makes):
                spread(step, element, pool or [], wanted, self._rename, outputs)
        return outputs

    def _taken(self, takes: Iterable[Taken]) -> dict[str, list[Input]]:
        """Move `amount / held` of everything out of lots; what they did not hold is a shortfall."""
        inputs: dict[str, list[Input]] = {}
        for take in takes:
            lot = self.lots.get(take.lot)
            held = take.held if lot is not None else 0
            covered = take.amount if take.amount <= held else max(held, 0)
            if lot is not None and covered:
                for element, metal in _take(lot, covered, held).items():
                    inputs.setdefault(element, []).append((metal, take))
            if take.amount > covered:
                for element in self._tracked:
                    short = _shortfall(lot, element, take, take.amount - covered)
                    inputs.setdefault(element, []).append((short, take))
        return inputs


def _take(lot: _Lot, amount: int, held: int) -> dict[str, Metal]:
    """Take `amount / held` of everything out of a lot, element by element."""
    metals = _left_of(lot)
    if amount == held:
        lot.left = {}
        return metals
    found = {}
    for element, metal in metals.items():
        taken = part_of(metal.parcels, amount, held)
        if taken:
            found[element] = metal.part(taken, amount, held)
    lot.given = _Given(found, amount, held)
    return found


def _left_of(lot: _Lot) -> dict[str, Metal]:
    """Return what is left of a lot, element by element; nothing changes it in place."""
    given = lot.given
    if given is not None:
        left, rest = {}, given.whole - given.part
        for element, metal in lot.left.items():
            taken = given.metals.get(element)
            parcels = metal.parcels if taken is None else without(metal.parcels, taken.parcels)
            if parcels:
                kept = left[element] = metal.part(parcels, rest, given.whole)
                if metal.reserve is not None:
                    kept.reserve = metal.reserve.without(None if taken is None else taken.reserve)
        lot.left, lot.given = left, None
    return lot.left


def _without_nothing(metals: dict[str, Metal]) -> dict[str, Metal]:
    for metal in metals.values():
        if not metal.parcels:
            return {element: metal for element, metal in metals.items() if metal.parcels}
    return metals


def _shortfall(lot: _Lot | None, element: str, take: Taken, amount: int) -> Metal:
    """Return what a lot gave beyond what it held: of its grade, from nobody knows where."""
    label = f"shortfall:{take.lot}"
    if lot is None or not lot.amount:
        return Metal({label: MAX_MASS_MG}, label, MAX_MASS_MG, take.lot)
    metal = lot.made.get(element, _NOTHING)
    mass = half_even(sum(metal.parcels.values()) * amount, lot.amount)
    short = metal.part({label: mass} if mass else {}, amount, lot.amount)
    # Whatever the lot was in doubt about, all of this is of one unknown source.
    short.slack, short.doubt, short.kin = min(short.slack + short.doubt, mass), 0, label
    short.reserve = None
    return short


_NOTHING = Metal({}, "")


def _content(metal: Metal, left: Mapping[str, int], unknown: Collection[str]) -> Content:
    total = sum(metal.parcels.values())
    missing = {metal.missing} if metal.missing else set()
    if metal.doubt:
        labels = (label for label in metal.parcels if label.startswith("unmeasured:"))
        missing |= {label.removeprefix("unmeasured:") for label in labels}
    return Content(
        sources=metal.parcels,
        left=left,
        bounds=Interval(low=max(total - metal.slack - metal.doubt, 0), high=total),
        measured=not (metal.missing or metal.doubt),
        missing=tuple(sorted(missing)),
        presumed=metal.presumed,
        unknown_sources=unknown,
        silent=metal.silent,
    )
