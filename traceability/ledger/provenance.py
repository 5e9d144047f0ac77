"""Provenance: whose metal is in a lot, to the milligram. The one propagation of the code base.

Origin, custody, certification and recall all ask `propagate`; they differ in `relabel`.
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
- Measured output beyond the pooled input is `unexplained:<lot>`; an amount taken from a lot
  beyond what it held is `shortfall:<lot>`. Both are unknown and never spread over inputs.

Source: ISO 22095:2020, 3.3.3 (controlled blending). The mass-proportional split is ours.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from traceability.errors import LotMadeTwice, StepsOutOfOrder
from traceability.ledger.apportioning import half_even, withdraw
from traceability.ledger.composition import UNKNOWN_KINDS, Composition, Content
from traceability.ledger.history import Step, Taken
from traceability.ledger.mass import MAX_MASS_MG, Interval
from traceability.ledger.pooling import Input, Metal
from traceability.ledger.spreading import (
    ADJUSTING_KINDS,
    CONSERVING_KINDS,
    Relabel,
    Wanted,
    entered,
    is_measured,
    pass_through,
)

# ── the propagation ───────────────────────────────────────────────────────────────────────


def propagate(
    steps: Sequence[Step],
    *,
    elements: Iterable[str] | None = None,
    relabel: Relabel | None = None,
    lots: Collection[str] | None = None,
) -> dict[str, Composition]:
    """Tell, for every lot, how much of each element came from which source.

    Args:
        steps: a history in log order, from the sources on (`restrict` cuts one).
        elements: those to follow, each on its own; all that some step measures if None.
        relabel: renames what enters or passes a step, for questions about stages.
        lots: those to answer for; all that the history makes if None.

    Returns:
        A composition per lot made, milligrams by source. Sources add up to the amount made;
        what is unknown is a source of its own (see the module).

    Raises:
        StepsOutOfOrder: `order` does not increase.
        LotMadeTwice: a lot is made while some of it is left.
    """
    if elements is None:
        elements = {name for step in steps for made in step.makes for name in made.contained}
    flow = _Flow(sorted(elements), relabel)
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


class _Lot:
    """A lot as made, for its composition and its grade, and what is left of it.

    An element of which it holds nothing, for certain, is in neither.
    """

    __slots__ = ("amount", "left", "made")

    def __init__(self, amount: int, made: dict[str, Metal]) -> None:
        self.amount = amount
        self.made = made
        self.left = dict(made)

    def is_held(self) -> bool:
        return any(metal.parcels for metal in self.left.values())


class _Flow:
    """All lots of a history on the way through it, step by step in log order."""

    def __init__(self, tracked: Sequence[str], relabel: Relabel | None) -> None:
        self.lots: dict[str, _Lot] = {}
        self._tracked = tracked
        self._relabel = relabel
        self._unknown: set[str] = set()
        self._last = -1

    def add(self, step: Step, wanted: Wanted) -> None:
        """Let one step happen; what it makes and nobody wants is not worked out."""
        if step.order <= self._last:
            raise StepsOutOfOrder(entry=step.entry, order=step.order, last=self._last)
        self._last = step.order
        metals = self._unchanged(step) or self._changed(step, wanted)
        for made, of_lot, is_wanted in zip(step.makes, metals, wanted, strict=True):
            before = self.lots.get(made.lot)
            if before is not None and before.is_held():
                raise LotMadeTwice(entry=step.entry, lot=made.lot)
            if is_wanted:
                self.lots[made.lot] = _Lot(made.amount, of_lot)
            if made.source is not None and made.source.kind in UNKNOWN_KINDS:
                self._unknown.update({made.source.id, *dict(made.source.split)})

    def composition(self, name: str) -> Composition:
        """Return what a lot was when it was last made, and what is left of it."""
        lot = self.lots[name]
        return Composition(
            lot=name,
            contents={
                element: _content(
                    lot.made.get(element, _NOTHING),
                    lot.left.get(element, _NOTHING).parcels,
                    self._unknown,
                )
                for element in self._tracked
            },
        )

    def _unchanged(self, step: Step) -> list[dict[str, Metal]] | None:
        """Return all of a lot that becomes another as it is; None where more happens to it."""
        if self._relabel is not None or len(step.takes) != 1 or len(step.makes) != 1:
            return None
        [take], [made] = step.takes, step.makes
        lot = self.lots.get(take.lot)
        if (
            lot is None
            or not take.held == take.amount > 0
            or take.role == "reagent"
            or made.contained
            or step.kind not in CONSERVING_KINDS
            or (made.amount != take.amount and step.kind in ADJUSTING_KINDS)
        ):
            return None
        taken, lot.left = lot.left, {}
        return [{element: metal for element, metal in taken.items() if metal.parcels}]

    def _changed(self, step: Step, wanted: Wanted) -> list[dict[str, Metal]]:
        if not step.takes:
            return [
                {one: entered(step, one, made, self._relabel) for one in self._tracked}
                if is_wanted
                else {}
                for made, is_wanted in zip(step.makes, wanted, strict=True)
            ]
        inputs = self._taken(step.takes)
        outputs: list[dict[str, Metal]] = [{} for _ in step.makes]
        # What is weighed where the books held nothing may hold anything.
        is_found = step.kind in ADJUSTING_KINDS and not any(take.amount for take in step.takes)
        for element in self._tracked if outputs else ():
            pool = inputs.get(element, [])
            if pool or is_found or any(is_measured(made, element) for made in step.makes):
                metals = pass_through(step, element, pool, wanted, self._relabel)
                for output, metal in zip(outputs, metals, strict=True):
                    if metal is not None:
                        output[element] = metal
        return outputs

    # ── taking ────────────────────────────────────────────────────────────────────────────

    def _taken(self, takes: Iterable[Taken]) -> dict[str, list[Input]]:
        """Move `amount / held` of everything out of lots; what they did not hold is a shortfall."""
        inputs: dict[str, list[Input]] = {}
        for take in takes:
            lot = self.lots.get(take.lot)
            held = take.held if lot is not None else 0
            covered = min(take.amount, max(held, 0))
            if lot is not None and covered:
                _take(lot, take, covered, inputs)
            if take.amount > covered:
                for element in self._tracked:
                    short = _shortfall(lot, element, take, take.amount - covered)
                    inputs.setdefault(element, []).append((short, take))
        return inputs


def _take(lot: _Lot, take: Taken, covered: int, inputs: dict[str, list[Input]]) -> None:
    held = take.held
    if covered == held:
        for element, metal in lot.left.items():
            if metal.parcels:
                inputs.setdefault(element, []).append((metal, take))
        lot.left = {}
        return
    for element, metal in lot.left.items():
        if metal.parcels:
            taken, left = withdraw(metal.parcels, covered, held)
            inputs.setdefault(element, []).append((metal.part(taken, covered, held), take))
            lot.left[element] = metal.part(left, held - covered, held)


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
