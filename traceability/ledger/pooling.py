"""Metal in a lot or a pool: milligrams by source, and what of it may not be there.

Bringing several inputs together is where something unknown could turn into a known; the
rules of `pooled` are argued in `provenance`.
"""

from msgspec import Struct

from traceability.ledger.apportioning import part_of
from traceability.ledger.history import Taken

Parcels = dict[str, int]
"""Milligrams by the label of their source, all above zero."""


class Metal(Struct, gc=False):
    """One element of one lot, or of a pool. Its parcels are never changed in place.

    `slack` of the sum may not be there, out of all sources alike; `doubt` may not be there,
    out of `unmeasured:` sources. `missing` is the lot without assay that left the slack.
    `silent` says that the lot was assayed, but not for this element, `presumed` that an input
    of that kind was left out. Metals of one `kin` hold their sources in one ratio.
    """

    parcels: Parcels
    kin: str
    slack: int = 0
    missing: str = ""
    doubt: int = 0
    silent: bool = False
    presumed: bool = False

    def part(self, parcels: Parcels, part: int, whole: int) -> "Metal":
        """Return `part / whole` of this metal, as these parcels."""
        slack, doubt = self.slack, self.doubt
        if part != whole and (slack or doubt):
            slack, doubt = -(-slack * part // whole), -(-doubt * part // whole)  # rounded up
        return Metal(parcels, self.kin, slack, self.missing, doubt, self.silent, self.presumed)


Input = tuple[Metal, Taken]


def pooled(kin: str, inputs: list[Input], *, presume: bool) -> Metal:
    """Bring together what is taken of one element, keeping what is certain apart.

    Args:
        kin: of the pool where its inputs differ.
        inputs: a metal with the withdrawal it came by.
        presume: leave out what is silent where other inputs declare the element.
    """
    counted, declared, presumed = [], [], False
    for pair in inputs:
        metal, take = pair
        if not metal.parcels or (take.role == "reagent" and _may_be_nothing(metal)):
            continue
        counted.append(pair)
        presumed = presumed or metal.presumed
        if not metal.silent:
            declared.append(pair)
    if len(counted) == 1:
        return counted[0][0]
    silent = bool(counted) and not declared
    if presume and 0 < len(declared) < len(counted):
        counted, presumed = declared, True
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


def _add(parcels: Parcels, more: Parcels) -> None:
    if parcels:
        for name, mass in more.items():
            parcels[name] = parcels.get(name, 0) + mass
    else:
        parcels.update(more)
