"""Spreading: what a step makes out of its sources, or out of the pool of what it took.

The rules are argued in `provenance`, which calls this for every step and element.
"""

from collections.abc import Callable, Mapping

from traceability.ledger.apportioning import half_even, scaled, withdraw
from traceability.ledger.history import Made, Step
from traceability.ledger.mass import MAX_MASS_MG, Interval
from traceability.ledger.pooling import Input, Metal, Parcels, pooled

ADJUSTING_KINDS = frozenset({"adjustment", "receipt", "stocktake", "loss"})
"""The lot is weighed again: the substance stays, less is a loss, more is unexplained."""

CONSERVING_KINDS = ADJUSTING_KINDS | {"blend", "split", "assembly", "shipment", "transfer"}
"""The substance does not change: an output holds its gross proportion of everything."""


Relabel = Callable[[Step, str, str], str]
"""`(step, element, label) -> label` of what enters, or passes through, a step."""

Rename = Callable[[Step, str, Parcels], Parcels]
"""The same for all parcels at once: those it returns as they are keep their ratio."""

Wanted = tuple[bool, ...]
"""Of the lots that a step makes: whether anything is asked of them."""


def entered(step: Step, element: str, made: Made, rename: Rename | None) -> Metal:
    """Return an element of a lot that begins out of its sources; all it may hold, unassayed."""
    bounds = made.contained.get(element) or Interval(low=0, high=_cap(made))
    source = made.source
    if source is None:
        parcels = {f"unknown:{made.lot}": bounds.high} if bounds.high else {}
    elif source.split:
        parts = dict.fromkeys((name for name, _ in source.split), 0)
        for name, share in source.split:
            parts[name] += share
        parcels = scaled(parts, bounds.high, sum(parts.values()))
    else:
        parcels = {source.id: bounds.high} if bounds.high else {}
    return Metal(
        parcels if rename is None else rename(step, element, parcels),
        f"{step.order}:{made.lot}",
        bounds.high - bounds.low,
        "" if is_measured(made, element) else made.lot,
        silent=_is_silent(made, element),
    )


def pass_through(
    step: Step, element: str, inputs: list[Input], wanted: Wanted, rename: Rename | None
) -> list[Metal | None]:
    """Spread a pool over the outputs: measured ones first, then by what the kind allows."""
    pool = pooled(str(step.order), inputs, presume=step.kind not in CONSERVING_KINDS)
    pool = renamed(step, element, pool, rename)
    done: list[Metal | None] = [None] * len(wanted)
    measured = [place for place, made in enumerate(step.makes) if is_measured(made, element)]
    rest = pool.parcels
    if measured:
        rest = _give_measured(step, element, pool, measured, wanted, done)
    others = [place for place in range(len(wanted)) if place not in measured]
    if step.kind in CONSERVING_KINDS:
        _give_by_gross(step, pool, rest, others, done, scale=not measured)
    else:
        certain = sum(step.makes[place].contained[element].low for place in measured)
        for place in others:
            if wanted[place]:
                done[place] = _give_bound(element, pool, step.makes[place], certain)
    return done


def _give_measured(
    step: Step,
    element: str,
    pool: Metal,
    measured: list[int],
    wanted: Wanted,
    done: list[Metal | None],
) -> Parcels:
    """Give each measured output its amount; beyond the pool it is unexplained."""
    amounts = {place: step.makes[place].contained[element].high for place in measured}
    rest, left = pool.parcels, sum(pool.parcels.values())
    total = sum(amounts.values())
    granted = amounts if total <= left else _rationed(step, amounts, left, total)
    for place in measured:
        if step.kind not in CONSERVING_KINDS and not any(wanted[place:]):
            break  # nobody asks for this one, and no later one depends on it
        made, grant = step.makes[place], granted[place]
        parcels: Parcels = {}
        if grant:
            parcels, rest = withdraw(rest, grant, left)
            left -= grant
        kin = pool.kin
        if amounts[place] > grant:
            kin, label = f"{step.order}:{made.lot}", f"unexplained:{made.lot}"
            parcels = {**parcels, label: parcels.get(label, 0) + amounts[place] - grant}
        bounds = made.contained[element]
        if wanted[place]:
            slack = bounds.high - bounds.low
            done[place] = Metal(parcels, kin, slack, presumed=pool.presumed)
    return rest


def _rationed(step: Step, amounts: Mapping[int, int], left: int, total: int) -> dict[int, int]:
    """Divide too little among measured outputs in proportion; the odd milligrams by name."""
    granted = scaled({step.makes[n].lot: amount for n, amount in amounts.items()}, left, total)
    return {place: granted.get(step.makes[place].lot, 0) for place in amounts}


def _give_by_gross(
    step: Step,
    pool: Metal,
    rest: Parcels,
    others: list[int],
    done: list[Metal | None],
    *,
    scale: bool,
) -> None:
    """Give each output its gross proportion of what is left; nothing is lost but by weight."""
    if rest is not pool.parcels:
        pool = pool.part(rest, 1, 1)
    if scale and step.kind in ADJUSTING_KINDS:
        pool = _reweighed(step, pool)
    if len(others) == 1:
        done[others[0]] = pool
        return
    rest = pool.parcels
    total = weight = sum(step.makes[place].amount for place in others)
    for place in others:
        amount = step.makes[place].amount
        parcels, rest = withdraw(rest, amount, weight)
        done[place] = pool.part(parcels, amount, total)
        weight -= amount


def _reweighed(step: Step, pool: Metal) -> Metal:
    """Scale a pool to the new weight: less is lost of all alike, more is unexplained."""
    before = sum(take.amount for take in step.takes)
    after = sum(made.amount for made in step.makes)
    if after <= before:
        return lighter(pool, after, before)
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


def lighter(metal: Metal, after: int, before: int) -> Metal:
    """Return a metal at a lower weight: of all its sources alike some is lost."""
    if after == before:
        return metal
    kept, _ = withdraw(metal.parcels, after, before)
    return metal.part(kept, after, before)


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


def is_measured(made: Made, element: str) -> bool:
    """Whether the element was measured; from nothing up to something is but a bound."""
    told = made.contained.get(element)
    return told is not None and (told.low > 0 or told.high == 0)


def _is_silent(made: Made, element: str) -> bool:
    """Whether a lot was assayed, but not for this element."""
    return element not in made.contained and any(
        is_measured(made, other) for other in made.contained
    )


def _cap(made: Made) -> int:
    """Return the most that a lot can hold of anything, in milligrams."""
    return made.amount if made.unit == "mg" else MAX_MASS_MG


def renamed(step: Step, element: str, metal: Metal, rename: Rename | None) -> Metal:
    """Return a metal whose parcels bear the names they have after a step."""
    parcels = metal.parcels if rename is None else rename(step, element, metal.parcels)
    if parcels is metal.parcels or parcels == metal.parcels:
        return metal
    fresh = metal.part(parcels, 1, 1)
    fresh.kin = str(step.order)
    return fresh


def by_label(relabel: Relabel) -> Rename:
    """Return the renaming that asks for every label on its own."""

    def rename(step: Step, element: str, parcels: Parcels) -> Parcels:
        named: Parcels = {}
        for name, mass in parcels.items():
            label = relabel(step, element, name)
            named[label] = named.get(label, 0) + mass
        return named

    return rename
