"""Steps: what moved material, in log order, and which of them the answer for a lot needs.

These are the values that `provenance` works on.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from traceability.ledger.mass import GrossUnit, Interval

SourceKind = Literal["mined", "recycled", "introduced", "unknown", "unexplained", "shortfall"]
InputRole = Literal["feed", "recirculated", "reagent"]
OutputRole = Literal["product", "by_product", "residue"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where material enters the record.

    `split` gives declared shares as (source id, parts); without it all is of source `id`.
    An id that starts with `unknown:` is unknown whatever the kind.
    """

    id: str
    kind: SourceKind
    split: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """`amount` gross units taken out of the `held` gross units there were before."""

    lot: str
    amount: int
    held: int
    role: InputRole = "feed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A lot that begins, or begins anew, with a step.

    `contained` is what is measured, per element, in milligrams; a low of 0 with a high above
    it is a bound, not a measurement. An absent element is not measured. `source` is set where
    the material enters the record here.
    """

    lot: str
    amount: int
    contained: Mapping[str, Interval] = field(default_factory=dict)
    source: Source | None = None
    role: OutputRole = "product"
    unit: GrossUnit = "mg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One entry that moves material: what it takes is pooled and spread over what it makes.

    Without takes it makes lots out of their sources. With takes and without makes the
    material leaves the record.
    """

    entry: str
    order: int
    kind: str
    takes: tuple[Taken, ...] = ()
    makes: tuple[Made, ...] = ()


def restrict(steps: Sequence[Step], lots: Collection[str]) -> list[Step]:
    """Return the part of a history that decides the composition of some lots.

    Kept are the steps that made the lots and everything upstream of them, and, of other
    steps, what they took out of these lots before: it decides which milligram is left.
    """
    needed = set(lots)
    kept: list[Step] = []
    for step in reversed(steps):
        if any(made.lot in needed for made in step.makes):
            needed.update(take.lot for take in step.takes)
            kept.append(step)
            continue
        takes = tuple(take for take in step.takes if take.lot in needed)
        if takes:
            kept.append(replace(step, takes=takes, makes=()))
    kept.reverse()
    return kept


def ancestors(steps: Sequence[Step], lot: str) -> set[str]:
    """Return every lot that a lot was made from, through any number of steps."""
    found = {lot}
    for step in reversed(steps):
        if any(made.lot in found for made in step.makes):
            found.update(take.lot for take in step.takes)
    return found - {lot}


def descendants(steps: Iterable[Step], lots: Collection[str]) -> set[str]:
    """Return every lot that holds something of the given lots, through any number of steps."""
    found = set(lots)
    for step in steps:
        if any(take.lot in found for take in step.takes):
            found.update(made.lot for made in step.makes)
    return found - set(lots)
