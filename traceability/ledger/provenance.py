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

from collections.abc import Callable, Collection, Iterable, Sequence

from traceability.errors import LotMadeTwice, StepsOutOfOrder
from traceability.ledger.apportioning import half_even, scaled, withdraw
from traceability.ledger.composition import UNKNOWN_KINDS, Composition, Content
from traceability.ledger.history import Made, Source, Step, Taken
from traceability.ledger.mass import MAX_MASS_MG, Interval
from traceability.ledger.pooling import Input, Metal, pooled

ADJUSTING_KINDS = frozenset({"adjustment", "receipt", "stocktake", "loss"})
"""The lot is weighed again: the substance stays, less is a loss, more is unexplained."""

CONSERVING_KINDS = ADJUSTING_KINDS | {"blend", "split", "assembly", "shipment", "transfer"}
"""The substance does not change: an output holds its gross proportion of everything."""


Relabel = Callable[[Step, str, str], str]
"""`(step, element, label) -> label` of what enters, or passes through, a step."""


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
    tracked = sorted(elements)
    states: dict[str, _Lot] = {}
    unknown: set[str] = set()
    last = -1

    for step in steps:
        if step.order <= last:
            raise StepsOutOfOrder(entry=step.entry, order=step.order, last=last)
        last = step.order
        inputs: dict[str, list[Input]] = {element: [] for element in tracked}
        for take in step.takes:
            _take(states.get(take.lot), take, inputs)
        metals = [
            _pass_through(step, element, inputs[element], relabel)
            if step.takes
            else _enter(step, element, relabel)
            for element in tracked
        ]
        for place, made in enumerate(step.makes):
            if made.lot in states and states[made.lot].is_held():
                raise LotMadeTwice(entry=step.entry, lot=made.lot)
            states[made.lot] = _Lot(
                made.amount,
                {element: row[place] for element, row in zip(tracked, metals, strict=True)},
            )
            if made.source is not None and made.source.kind in UNKNOWN_KINDS:
                unknown.update({made.source.id, *dict(made.source.split)})

    asked = states if lots is None else [name for name in lots if name in states]
    return {name: _composition(name, states[name], unknown) for name in asked}


class _Lot:
    """A lot as made, for its composition and its grade, and what is left of it."""

    __slots__ = ("amount", "left", "made")

    def __init__(self, amount: int, made: dict[str, Metal]) -> None:
        self.amount = amount
        self.made = made
        self.left = dict(made)

    def is_held(self) -> bool:
        return any(metal.parcels for metal in self.left.values())


# ── taking ────────────────────────────────────────────────────────────────────────────────


def _take(lot: _Lot | None, take: Taken, inputs: dict[str, list[Input]]) -> None:
    """Move `amount / held` of everything out of a lot; what it did not hold is a shortfall."""
    held = take.held if lot is not None else 0
    covered = min(take.amount, max(held, 0))
    if lot is not None and covered:
        for element, metal in lot.left.items():
            taken, left = withdraw(metal.parcels, covered, held)
            inputs[element].append((metal.part(taken, covered, held), take))
            lot.left[element] = metal.part(left, held - covered, held)
    if take.amount > covered:
        for element, row in inputs.items():
            row.append((_shortfall(lot, element, take, take.amount - covered), take))


def _shortfall(lot: _Lot | None, element: str, take: Taken, amount: int) -> Metal:
    """Return what a lot gave beyond what it held: of its grade, from nobody knows where."""
    label = f"shortfall:{take.lot}"
    if lot is None or not lot.amount:
        return Metal({label: MAX_MASS_MG}, label, MAX_MASS_MG, take.lot)
    metal = lot.made[element]
    mass = half_even(sum(metal.parcels.values()) * amount, lot.amount)
    short = metal.part({label: mass} if mass else {}, amount, lot.amount)
    # Whatever the lot was in doubt about, all of this is of one unknown source.
    short.slack, short.doubt, short.kin = min(short.slack + short.doubt, mass), 0, label
    return short


# ── making ────────────────────────────────────────────────────────────────────────────────


def _enter(step: Step, element: str, relabel: Relabel | None) -> list[Metal]:
    """Make lots out of their sources."""
    return [_entered(step, element, made, relabel) for made in step.makes]


def _entered(step: Step, element: str, made: Made, relabel: Relabel | None) -> Metal:
    source = made.source or Source(id=f"unknown:{made.lot}", kind="unknown")
    bounds = made.contained.get(element) or Interval(low=0, high=_cap(made))
    parts = {name: 0 for name, _ in source.split} or {source.id: 1}
    for name, share in source.split:
        parts[name] += share
    parcels = scaled(parts, bounds.high, sum(parts.values()))
    return Metal(
        _relabeled(step, element, parcels, relabel),
        f"{step.order}:{made.lot}",
        bounds.high - bounds.low,
        "" if _is_measured(made, element) else made.lot,
        silent=_is_silent(made, element),
    )


def _pass_through(
    step: Step, element: str, inputs: list[Input], relabel: Relabel | None
) -> list[Metal]:
    """Spread a pool over the outputs: measured ones first, then by what the kind allows."""
    pool = pooled(str(step.order), inputs, presume=step.kind not in CONSERVING_KINDS)
    renamed = _relabeled(step, element, pool.parcels, relabel)
    if renamed != pool.parcels:
        pool.parcels, pool.kin = renamed, str(step.order)
    measured = [made for made in step.makes if _is_measured(made, element)]
    others = [made for made in step.makes if not _is_measured(made, element)]
    done, rest = _give_measured(step, element, pool, measured)
    if step.kind in CONSERVING_KINDS:
        done |= _give_by_gross(step, pool, rest, others, scale=not measured)
    else:
        certain = sum(made.contained[element].low for made in measured)
        done |= {made.lot: _give_bound(element, pool, made, certain) for made in others}
    return [done[made.lot] for made in step.makes]


def _give_measured(
    step: Step, element: str, pool: Metal, measured: list[Made]
) -> tuple[dict[str, Metal], dict[str, int]]:
    """Give each measured output its amount; beyond the pool it is unexplained."""
    wanted = {made.lot: made.contained[element].high for made in measured}
    rest, left = pool.parcels, sum(pool.parcels.values())
    total = sum(wanted.values())
    granted = wanted if total <= left else scaled(wanted, left, total)
    done = {}
    for made in measured:
        grant = granted.get(made.lot, 0)
        parcels: dict[str, int] = {}
        if grant:
            parcels, rest = withdraw(rest, grant, left)
            left -= grant
        kin = pool.kin
        if wanted[made.lot] > grant:
            kin, label = f"{step.order}:{made.lot}", f"unexplained:{made.lot}"
            parcels = {**parcels, label: parcels.get(label, 0) + wanted[made.lot] - grant}
        bounds = made.contained[element]
        slack = bounds.high - bounds.low
        done[made.lot] = Metal(parcels, kin, slack, presumed=pool.presumed)
    return done, rest


def _give_by_gross(
    step: Step, pool: Metal, rest: dict[str, int], others: list[Made], *, scale: bool
) -> dict[str, Metal]:
    """Give each output its gross proportion of what is left; nothing is lost but by weight."""
    pool.parcels = rest
    if scale and step.kind in ADJUSTING_KINDS:
        pool = _reweighed(step, pool)
    if len(others) == 1:
        return {others[0].lot: pool}
    rest = pool.parcels
    total = weight = sum(made.amount for made in others)
    done = {}
    for made in others:
        parcels, rest = withdraw(rest, made.amount, weight)
        done[made.lot] = pool.part(parcels, made.amount, total)
        weight -= made.amount
    return done


def _reweighed(step: Step, pool: Metal) -> Metal:
    """Scale a pool to the new weight: less is lost of all alike, more is unexplained."""
    before = sum(take.amount for take in step.takes)
    after = sum(made.amount for made in step.makes)
    if after <= before:
        kept, _ = withdraw(pool.parcels, after, before)
        return pool.part(kept, after, before)
    label = f"unexplained:{step.makes[0].lot}"
    if not before:
        cap = sum(_cap(made) for made in step.makes)
        return Metal({label: cap}, label, cap, step.makes[0].lot)
    gained = half_even(sum(pool.parcels.values()) * (after - before), before)
    if gained:
        parcels = {**pool.parcels, label: pool.parcels.get(label, 0) + gained}
        pool = pool.part(parcels, 1, 1)
        pool.kin = str(step.order)
    return pool


def _give_bound(element: str, pool: Metal, made: Made, certain: int) -> Metal:
    """Give an output nobody measured the ratio of the pool, and a bound instead of an amount."""
    whole = sum(pool.parcels.values())
    told = made.contained.get(element)
    bound = min(whole - certain, _cap(made), told.high if told else whole)
    parcels = scaled(pool.parcels, bound, whole) if bound > 0 else {}
    return Metal(
        parcels,
        pool.kin,
        max(bound, 0),
        made.lot if whole else "",
        silent=pool.silent or _is_silent(made, element),
        presumed=pool.presumed,
    )


def _is_measured(made: Made, element: str) -> bool:
    """Whether the element was measured; from nothing up to something is but a bound."""
    told = made.contained.get(element)
    return told is not None and (told.low > 0 or told.high == 0)


def _is_silent(made: Made, element: str) -> bool:
    """Whether a lot was assayed, but not for this element."""
    return element not in made.contained and any(
        _is_measured(made, other) for other in made.contained
    )


def _cap(made: Made) -> int:
    """Return the most that a lot can hold of anything, in milligrams."""
    return made.amount if made.unit == "mg" else MAX_MASS_MG


def _relabeled(
    step: Step, element: str, parcels: dict[str, int], relabel: Relabel | None
) -> dict[str, int]:
    if relabel is None:
        return parcels
    renamed: dict[str, int] = {}
    for name, mass in parcels.items():
        label = relabel(step, element, name)
        renamed[label] = renamed.get(label, 0) + mass
    return renamed


def _composition(name: str, lot: _Lot, unknown: Collection[str]) -> Composition:
    contents = {}
    for element, metal in lot.made.items():
        total = sum(metal.parcels.values())
        missing = {metal.missing} if metal.missing else set()
        if metal.doubt:
            labels = (label for label in metal.parcels if label.startswith("unmeasured:"))
            missing |= {label.removeprefix("unmeasured:") for label in labels}
        contents[element] = Content(
            sources=metal.parcels,
            left=lot.left[element].parcels,
            bounds=Interval(low=max(total - metal.slack - metal.doubt, 0), high=total),
            measured=not (metal.missing or metal.doubt),
            missing=tuple(sorted(missing)),
            presumed=metal.presumed,
            unknown_sources=unknown,
            silent=metal.silent,
        )
    return Composition(lot=name, contents=contents)
