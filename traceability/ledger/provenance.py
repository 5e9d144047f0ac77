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

from msgspec import Struct
from msgspec.structs import replace

from traceability.errors import LotMadeTwice, StepsOutOfOrder
from traceability.ledger.apportioning import half_even, part_of, without
from traceability.ledger.composition import UNKNOWN_KINDS, Composition, Content
from traceability.ledger.history import Made, Step, Taken
from traceability.ledger.mass import MAX_MASS_MG, Interval
from traceability.ledger.pooling import Input, Metal
from traceability.ledger.spreading import (
    ADJUSTING_KINDS,
    CONSERVING_KINDS,
    Outputs,
    Relabel,
    Rename,
    Wanted,
    by_label,
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
    flow = Flow(sorted(elements), relabel and by_label(relabel))
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

    An element of which it holds nothing, for certain, is in neither. What the last withdrawal
    leaves is worked out when somebody asks (`_settle`): of most lots nobody does.
    """

    amount: int
    made: dict[str, Metal]
    left: dict[str, Metal]
    given: "_Given | None" = None


class _Given(Struct, gc=False):
    """What a lot gave last, and its part of what was left then."""

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
        if handed is not None:
            self._begin(step, step.makes[0], handed, is_wanted=wanted[0])
            return
        metals = self._changed(step, wanted)
        for made, of_lot, is_wanted in zip(step.makes, metals, wanted, strict=True):
            self._begin(step, made, of_lot, is_wanted=is_wanted)

    def _begin(self, step: Step, made: Made, metals: dict[str, Metal], *, is_wanted: bool) -> None:
        before = self.lots.get(made.lot)
        if before is not None and any(metal.parcels for metal in _settled(before).values()):
            raise LotMadeTwice(entry=step.entry, lot=made.lot)
        if is_wanted:
            self.lots[made.lot] = _Lot(made.amount, metals, metals)
        if made.source is not None and made.source.kind in UNKNOWN_KINDS:
            self._unknown.update({made.source.id, *dict(made.source.split)})

    # ── answers ───────────────────────────────────────────────────────────────────────────

    def made(self, name: str, element: str) -> Metal:
        """Return an element of a lot as it was when the lot was last made."""
        return self.lots[name].made.get(element, _NOTHING)

    def left(self, name: str, element: str) -> Metal:
        """Return what is left of an element of a lot."""
        return _settled(self.lots[name]).get(element, _NOTHING)

    def forget(self, name: str) -> list[str]:
        """Drop a lot that no later step speaks of; return whose lack of an assay it carried on."""
        lot = self.lots.pop(name, None)
        return [metal.missing for metal in lot.made.values() if metal.missing] if lot else []

    def composition(self, name: str) -> Composition:
        """Return what a lot was when it was last made, and what is left of it."""
        return Composition(
            lot=name,
            contents={
                element: _content(
                    self.made(name, element), self.left(name, element).parcels, self._unknown
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
        handed = _take(lot, take.amount, take.held)
        if self._rename is not None:
            handed = {
                element: renamed(step, element, metal, self._rename)
                for element, metal in handed.items()
            }
        if is_weighed:
            handed = {
                element: lighter(metal, amount, take.amount) for element, metal in handed.items()
            }
        return handed

    def _changed(self, step: Step, wanted: Wanted) -> list[dict[str, Metal]]:
        makes = step.makes
        if not step.takes:
            return [
                entered(step, made, self._tracked, self._rename) if is_wanted else {}
                for made, is_wanted in zip(makes, wanted, strict=True)
            ]
        inputs = self._taken(step.takes)
        outputs: Outputs = [{} for _ in makes]
        # What is weighed where the books held nothing may hold anything.
        is_found = step.kind in ADJUSTING_KINDS and not any(take.amount for take in step.takes)
        for element in self._tracked if outputs else ():
            pool = inputs.get(element, [])
            if pool or is_found or any(is_measured(made, element) for made in makes):
                spread(step, element, pool, wanted, self._rename, outputs)
        return outputs

    def _taken(self, takes: Iterable[Taken]) -> dict[str, list[Input]]:
        """Move `amount / held` of everything out of lots; what they did not hold is a shortfall."""
        inputs: dict[str, list[Input]] = {}
        for take in takes:
            lot = self.lots.get(take.lot)
            held = take.held if lot is not None else 0
            covered = min(take.amount, max(held, 0))
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
    metals = _settled(lot)
    if amount == held:
        lot.left = {}
        return {element: metal for element, metal in metals.items() if metal.parcels}
    found = {}
    for element, metal in metals.items():
        taken = part_of(metal.parcels, amount, held)
        if taken:
            found[element] = metal.part(taken, amount, held)
    lot.given = _Given(found, amount, held)
    return found


def _settled(lot: _Lot) -> dict[str, Metal]:
    """Return what is left of a lot, less what it gave last."""
    given = lot.given
    if given is not None:
        lot.given, metals, rest = None, lot.left, given.whole - given.part
        lot.left = {}
        for element, metal in metals.items():
            taken = given.metals.get(element)
            left = metal.parcels if taken is None else without(metal.parcels, taken.parcels)
            if left:
                lot.left[element] = metal.part(left, rest, given.whole)
    return lot.left


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
