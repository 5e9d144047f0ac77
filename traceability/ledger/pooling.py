"""Metal in a lot or a pool: milligrams by source, and what of it may not be there.

Bringing several inputs together is where something unknown could turn into a known; the
rules of `pooled` are argued in `provenance`.
"""

from msgspec import Struct

from traceability.ledger.apportioning import part_of, scaled
from traceability.ledger.history import Taken
from traceability.ledger.reserves import Reserve, common_pot, that_fit

Parcels = dict[str, int]
"""Milligrams by the label of their source, all above zero."""


class Metal(Struct, gc=False):
    """One element of one lot, or of a pool. Its parcels are never changed in place.

    `slack` of the sum may not be there, out of all sources alike; `doubt` may not be there,
    out of `unmeasured:` sources. `missing` is the lot without assay that left the slack.
    `silent` says that the lot was assayed, but not for this element, `presumed` that an input
    of that kind was left out. Metals of one `kin` hold their sources in one ratio. `reserve` is
    what of it may become certain metal of a source (see `reserves`); None: all of it.
    """

    parcels: Parcels
    kin: str
    slack: int = 0
    missing: str = ""
    doubt: int = 0
    silent: bool = False
    presumed: bool = False
    reserve: Reserve | None = None

    def part(self, parcels: Parcels, part: int, whole: int) -> "Metal":
        """Return `part / whole` of this metal, as these parcels."""
        slack, doubt, reserve = self.slack, self.doubt, self.reserve
        if part != whole:
            if slack or doubt:
                slack, doubt = -(-slack * part // whole), -(-doubt * part // whole)  # rounded up
            if reserve is not None:
                reserve = reserve.part(part, whole)
        return Metal(
            parcels, self.kin, slack, self.missing, doubt, self.silent, self.presumed, reserve
        )

    def own(self) -> Parcels:
        """Return what of it may become certain metal of a source."""
        return self.parcels if self.reserve is None else self.reserve.parcels


Input = tuple[Metal, Taken]


def pooled(kin: str, inputs: list[Input], *, presume: bool) -> Metal:
    """Bring together what is taken of one element, keeping what is certain apart.

    Args:
        kin: of the pool where its inputs differ.
        inputs: a metal with the withdrawal it came by.
        presume: leave out what is silent where other inputs declare the element.
    """
    counted, declared, presumed, is_reserved = [], [], False, False
    for pair in inputs:
        metal, take = pair
        if not metal.parcels or (take.role == "reagent" and _may_be_nothing(metal)):
            continue
        counted.append(pair)
        presumed = presumed or metal.presumed
        if metal.reserve is not None:
            is_reserved = True
        if not metal.silent:
            declared.append(pair)
    if len(counted) == 1:
        return counted[0][0]
    silent = bool(counted) and not declared
    if presume and 0 < len(declared) < len(counted):
        counted, presumed = declared, True
    if is_reserved:
        is_one = _have_one_ratio(counted)
        pool = _joined_reserves(counted) if is_one else _mixed(kin, _laid_open(counted))
    else:
        pool = _joined(counted) if _have_one_ratio(counted) else _mixed(kin, counted)
    pool.silent, pool.presumed = silent, presumed
    return pool


def _may_be_nothing(metal: Metal) -> bool:
    return sum(metal.parcels.values()) <= metal.slack


def _have_one_ratio(inputs: list[Input]) -> bool:
    """Whether any amounts of these inputs mix to the same ratio of sources."""
    if not inputs:
        return False
    first = inputs[0][0]
    is_one_kin, is_one_source = True, len(first.parcels) == 1
    for metal, _ in inputs[1:]:
        is_one_kin = is_one_kin and metal.kin == first.kin
        is_one_source = is_one_source and metal.parcels.keys() == first.parcels.keys()
    return is_one_kin or is_one_source


def _joined(inputs: list[Input]) -> Metal:
    """Add up inputs of one ratio: amounts may be uncertain, the ratio is not."""
    parcels: Parcels = {}
    missing = (metal.missing for metal, _ in inputs if metal.missing)
    for metal, _ in inputs:
        _add(parcels, metal.parcels)
    return Metal(
        parcels,
        inputs[0][0].kin,
        sum(metal.slack for metal, _ in inputs),
        next(missing, ""),
        doubt=sum(metal.doubt for metal, _ in inputs),
    )


def _joined_reserves(inputs: list[Input]) -> Metal:
    """Add up inputs of one ratio with what is set aside for them: no more than their pots held."""
    metals = [metal for metal, _ in inputs]
    reserves = [metal.reserve for metal in metals]
    totals = [sum(metal.parcels.values()) for metal in metals]
    open_ = [
        min(metal.slack + metal.doubt, total) for metal, total in zip(metals, totals, strict=True)
    ]
    certain = [total - maybe for total, maybe in zip(totals, open_, strict=True)]
    whole, total = sum(totals), sum(certain) + sum(that_fit(reserves, certain, open_))
    slack, doubt = sum(metal.slack for metal in metals), sum(metal.doubt for metal in metals)
    slack, doubt = max(0, slack - (whole - total)), doubt - max(0, whole - total - slack)
    parcels: Parcels = {}
    own: Parcels = {}
    for metal in metals:
        _add(parcels, metal.parcels)
        _add(own, metal.own())
    is_whole = sum(own.values()) == total
    if is_whole:
        parcels = own
    elif total != whole:
        parcels = scaled(parcels, total, whole)
    return Metal(
        parcels,
        metals[0].kin,
        slack,
        next((metal.missing for metal in metals if metal.reserve is not None), metals[0].missing),
        doubt=doubt,
        reserve=None if is_whole else Reserve(own, common_pot(reserves)),
    )


def _mixed(kin: str, inputs: list[Input]) -> Metal:
    """Add up inputs of different ratios; what may not be there gets a source of its own."""
    parcels: Parcels = {}
    doubt = 0
    for metal, take in inputs:
        certain = metal.parcels
        doubt += metal.doubt
        if metal.slack:
            total = sum(certain.values())
            maybe = min(metal.slack, total)
            label = f"unmeasured:{metal.missing or take.lot}"
            parcels[label] = parcels.get(label, 0) + maybe
            doubt += maybe
            certain = {} if maybe == total else part_of(certain, total - maybe, total)
        _add(parcels, certain)
    return Metal(parcels, kin, doubt=doubt)


def _laid_open(inputs: list[Input]) -> list[Input]:
    """Part what is certain from what may be there: no more than the pots held."""
    reserves = [metal.reserve for metal, _ in inputs]
    certain, open_ = [], []
    for metal, _ in inputs:
        total = sum(metal.parcels.values())
        sure = min(max(0, total - metal.slack), sum(metal.own().values()))
        certain.append(sure)
        open_.append(total - sure)
    fitting = that_fit(reserves, certain, open_)
    parted: list[Input] = []
    for place, (metal, take) in enumerate(inputs):
        if metal.reserve is None:
            parted.append((metal, take))
            continue
        own, maybe = metal.own(), fitting[place]
        known = part_of(own, certain[place], sum(own.values()))
        parted.append((Metal(known, metal.kin, doubt=metal.doubt), take))
        if maybe:
            parted.append((Metal({"": maybe}, metal.kin, maybe, metal.missing), take))
    return parted


def _add(parcels: Parcels, more: Parcels) -> None:
    if parcels:
        for name, mass in more.items():
            parcels[name] = parcels.get(name, 0) + mass
    else:
        parcels.update(more)
