"""Spreading: what a step makes out of its sources, or out of the pool of what it took.

The rules are argued in `provenance`, which calls this for every step and element.
"""

from collections.abc import Callable, Iterable, Sequence

from traceability.ledger.apportioning import half_even, part_of, scaled, withdraw, without
from traceability.ledger.history import Made, Step
from traceability.ledger.mass import MAX_MASS_MG, Interval
from traceability.ledger.pooling import Input, Metal, Parcels, pooled
from traceability.ledger.reserves import Reserve, inner_pot, set_aside

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

Outputs = list[dict[str, Metal]]
"""The lots that a step makes, element by element."""


def entered(
    step: Step, made: Made, elements: Iterable[str], rename: Rename | None
) -> dict[str, Metal]:
    """Return a lot that begins out of its sources; all it may hold of what nobody measured."""
    kin, cap, is_assayed = f"{step.order}:{made.lot}", _cap(made), _is_assayed(made)
    metals = {}
    for element in elements:
        told = made.contained.get(element)
        low, high = (0, cap) if told is None else (told.low, told.high)
        parcels = _of_source(made, high) if high else {}
        metals[element] = Metal(
            parcels if rename is None else rename(step, element, parcels),
            kin,
            high - low,
            "" if is_measured(made, element) else made.lot,
            silent=is_assayed and told is None,
        )
    return metals


def _of_source(made: Made, mass: int) -> Parcels:
    """Return the parcels that a lot enters the record with."""
    source = made.source
    if source is None:
        return {f"unknown:{made.lot}": mass}
    if not source.split:
        return {source.id: mass}
    parts = dict.fromkeys((name for name, _ in source.split), 0)
    for name, share in source.split:
        parts[name] += share
    return scaled(parts, mass, sum(parts.values()))


def spread(
    step: Step,
    element: str,
    inputs: list[Input],
    wanted: Wanted,
    rename: Rename | None,
    outputs: Outputs,
) -> None:
    """Spread a pool over the outputs: measured ones first, then by what the kind allows."""
    is_conserving = step.kind in CONSERVING_KINDS
    pool = pooled(str(step.order), inputs, presume=not is_conserving)
    if rename is not None:
        pool = renamed(step, element, pool, rename)
    measured: list[int] = []
    others: list[int] = []
    for place, made in enumerate(step.makes):
        (measured if is_measured(made, element) else others).append(place)
    if not is_conserving and not any(wanted[place] for place in others):
        others = []  # of residues, mostly, nothing is asked
    rest = pool.parcels if pool.reserve is None else pool.reserve.parcels
    if measured:
        rest = _give_measured(
            step, element, pool, measured, wanted, rename, outputs, is_shared=bool(others)
        )
    if not others:
        return
    if not is_conserving:
        certain = sum([step.makes[place].contained[element].low for place in measured])
        _give_bounds(step, element, pool, rest, certain, others, wanted, outputs)
        return
    if measured:
        told = [step.makes[place].contained[element] for place in measured]
        pool = _remaining(pool, rest, told)
    _give_by_gross(step, element, pool, others, outputs, is_weighed=not measured)


def _give_measured(
    step: Step,
    element: str,
    pool: Metal,
    measured: list[int],
    wanted: Wanted,
    rename: Rename | None,
    outputs: Outputs,
    *,
    is_shared: bool,
) -> Parcels:
    """Give each measured output its amount; return the rest, if it is shared among others.

    Beyond what is set aside an amount is not known to be of the pool, beyond the pool it is
    unexplained. What comes after the last one that is wanted is not worked out.
    """
    makes, amounts = [], []
    for place in measured:
        made = step.makes[place]
        makes.append(made)
        amounts.append(made.contained[element].high)
    rest = pool.parcels if pool.reserve is None else pool.reserve.parcels
    left, total = sum(rest.values()), sum(amounts)
    granted = amounts if total <= left else _rationed(makes, amounts, left, total)
    beyond = total - left
    asked = len(measured)
    while asked and not is_shared and not wanted[measured[asked - 1]]:
        asked -= 1
    for n in range(asked):
        place, made, grant = measured[n], makes[n], granted[n]
        parcels = part_of(rest, grant, left) if grant else {}
        if is_shared or n + 1 < asked:
            rest = without(rest, parcels)
            left -= grant
        if not wanted[place]:
            continue
        kin, excess = pool.kin, amounts[n] - grant
        if excess:
            kin, open_ = f"{step.order}:{made.lot}", {}
            if pool.reserve is not None:
                open_ = _open(step, element, pool, excess, beyond, rename)
            parcels = _with(parcels, open_, f"unexplained:{made.lot}", excess)
        slack = amounts[n] - made.contained[element].low
        outputs[place][element] = Metal(parcels, kin, slack, presumed=pool.presumed)
    return rest


def _open(
    step: Step, element: str, pool: Metal, excess: int, beyond: int, rename: Rename | None
) -> Parcels:
    """Return what of an excess may be of the pool, though set aside for siblings of its lot."""
    whole, own = sum(pool.parcels.values()), sum(pool.own().values())
    mass = excess * min(whole - own, beyond) // beyond
    if not mass:
        return {}
    parcels = {f"unmeasured:{pool.missing}": mass}
    return parcels if rename is None else rename(step, element, parcels)


def _with(parcels: Parcels, open_: Parcels, label: str, excess: int) -> Parcels:
    """Return parcels with those that are open, and what else is in excess under a label."""
    told = dict(parcels)
    for name, mass in open_.items():
        told[name] = told.get(name, 0) + mass
        excess -= mass
    if excess:
        told[label] = told.get(label, 0) + excess
    return told


def _rationed(makes: Sequence[Made], amounts: Sequence[int], left: int, total: int) -> list[int]:
    """Divide too little among measured outputs in proportion; the odd milligrams by name."""
    named = {made.lot: amount for made, amount in zip(makes, amounts, strict=True)}
    granted = scaled(named, left, total)
    return [granted.get(made.lot, 0) for made in makes]


def _give_by_gross(
    step: Step,
    element: str,
    pool: Metal,
    others: list[int],
    outputs: Outputs,
    *,
    is_weighed: bool,
) -> None:
    """Give each output its gross proportion of what is left; nothing is lost but by weight."""
    if is_weighed and step.kind in ADJUSTING_KINDS:
        pool = _reweighed(step, pool)
    if len(others) == 1:
        outputs[others[0]][element] = pool
        return
    rest, reserve = pool.parcels, pool.reserve
    total = weight = sum([step.makes[place].amount for place in others])
    for place in others:
        amount = step.makes[place].amount
        parcels, rest = withdraw(rest, amount, weight)
        metal = outputs[place][element] = pool.part(parcels, amount, total)
        if reserve is not None:
            metal.reserve = reserve.part(amount, weight)
            reserve = reserve.without(metal.reserve)
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
        own, open_ = pool.reserve, pool.slack + pool.doubt
        pool = pool.part(parcels, 1, 1)
        pool.kin = str(step.order)
        # Of metal that may not be there, there may not be more either.
        pool.slack += min(gained, -(-open_ * (after - before) // before))
        if own is not None:  # it may hold more now than its pot did
            pool.reserve = Reserve(own.parcels, None)
    return pool


def lighter(metal: Metal, after: int, before: int) -> Metal:
    """Return a metal at a lower weight: of all its sources alike some is lost."""
    if after == before:
        return metal
    kept = part_of(metal.parcels, after, before)
    return metal.part(kept, after, before)


def _remaining(pool: Metal, rest: Parcels, told: Sequence[Interval]) -> Metal:
    """Return what is left of a pool by amount, where measured outputs held more than low ends."""
    whole, low = sum(pool.parcels.values()), sum([one.low for one in told])
    bound = max(0, whole - low)
    if sum(rest.values()) == bound:
        metal = pool.part(rest, 1, 1)
        metal.reserve = None
        return metal
    metal = pool.part(scaled(pool.parcels, bound, whole) if bound else {}, 1, 1)
    metal.slack += sum([one.high for one in told]) - low
    metal.reserve = Reserve(rest, pool.reserve.pot if pool.reserve is not None else None)
    return metal


def _give_bounds(
    step: Step,
    element: str,
    pool: Metal,
    rest: Parcels,
    certain: int,
    others: list[int],
    wanted: Wanted,
    outputs: Outputs,
) -> None:
    """Give outputs nobody measured the ratio of the pool, and a bound instead of an amount.

    Together they hold no more than the rest: that is set aside for one or the other.
    """
    whole, left = sum(pool.parcels.values()), sum(rest.values())
    makes = [step.makes[place] for place in others]
    bounds = [_bound(element, whole - certain, made) for made in makes]
    shares, pot, is_shared = bounds, None, sum(bounds) > left
    if is_shared:
        shares = set_aside(makes, bounds, left)
        pot = pool.reserve.pot if pool.reserve is not None else None
        if len(others) > 1:
            pot = inner_pot(pot, step.order, max(0, whole - certain))
    last = max(n for n, place in enumerate(others) if wanted[place])
    for n, place in enumerate(others[: last + 1]):
        made, bound, share = makes[n], bounds[n], shares[n]
        own = rest if share == left else scaled(rest, share, left)
        if n < last:
            rest, left = without(rest, own), left - share
        if not wanted[place]:
            continue
        parcels = own
        if share != bound:
            parcels = scaled(pool.parcels, bound, whole) if bound != whole else pool.parcels
        outputs[place][element] = Metal(
            parcels,
            pool.kin,
            bound,
            made.lot if whole else "",
            silent=pool.silent or (element not in made.contained and _is_assayed(made)),
            presumed=pool.presumed,
            reserve=Reserve(own, pot) if is_shared else None,
        )


def _bound(element: str, most: int, made: Made) -> int:
    """Return what an output nobody measured holds at most."""
    told = made.contained.get(element)
    bound = min(most, _cap(made))
    return max(0, bound if told is None else min(bound, told.high))


def is_measured(made: Made, element: str) -> bool:
    """Whether the element was measured; from nothing up to something is but a bound."""
    told = made.contained.get(element)
    return told is not None and (told.low > 0 or told.high == 0)


def _is_assayed(made: Made) -> bool:
    """Whether a lot was assayed for anything: it is silent on all else."""
    return any(told.low > 0 or told.high == 0 for told in made.contained.values())


def _cap(made: Made) -> int:
    """Return the most that a lot can hold of anything, in milligrams."""
    return made.amount if made.unit == "mg" else MAX_MASS_MG


def renamed(step: Step, element: str, metal: Metal, rename: Rename | None) -> Metal:
    """Return a metal whose parcels bear the names they have after a step."""
    if rename is None:
        return metal
    parcels = rename(step, element, metal.parcels)
    own = metal.reserve
    if own is not None:
        own = Reserve(rename(step, element, own.parcels), own.pot)
    elif parcels is metal.parcels or parcels == metal.parcels:
        return metal
    fresh = metal.part(parcels, 1, 1)
    fresh.reserve = own
    if parcels is not metal.parcels and parcels != metal.parcels:
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
