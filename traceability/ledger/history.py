"""A history of material: what enters the record, and each step that moves it.

`provenance.propagate` reads a sequence of `Step`s in log order.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from traceability.ledger.mass import GrossUnit, Interval

SourceKind = Literal["mined", "recycled", "introduced", "unknown", "unexplained", "shortfall"]
InputRole = Literal["feed", "recirculated", "reagent"]
OutputRole = Literal["product", "by_product", "residue"]


class Source(Struct, frozen=True, kw_only=True, gc=False):
    """Where material enters the record.

    `split` gives declared shares as (source id, parts); without it all is of source `id`.
    An id that starts with `unknown:` is unknown whatever the kind.
    """

    id: str
    kind: SourceKind
    split: tuple[tuple[str, int], ...] = ()


class Taken(Struct, frozen=True, kw_only=True, gc=False):
    """`amount` gross units taken out of the `held` gross units there were before."""

    lot: str
    amount: int
    held: int
    role: InputRole = "feed"


class Made(Struct, frozen=True, kw_only=True, gc=False):
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


class Step(Struct, frozen=True, kw_only=True, gc=False):
    """One entry that moves material: what it takes is pooled and spread over what it makes.

    Without takes it makes lots out of their sources. With takes and without makes the
    material leaves the record.
    """

    entry: str
    order: int
    kind: str
    takes: tuple[Taken, ...] = ()
    makes: tuple[Made, ...] = ()


def restrict(steps: Sequence[Step], lots: Iterable[str]) -> list[Step]:
    """Return the part of a history that leads to these lots, in order.

    Every withdrawal from an ancestor stays, also where it went elsewhere: what is left
    depends on it. What such a step made of others' material is left out.
    """
    wanted = set(lots)
    kept: list[Step] = []
    for step in reversed(steps):
        made = {one.lot for one in step.makes}
        if made & wanted:
            wanted |= {take.lot for take in step.takes}
            kept.append(step)
            continue
        takes = tuple(take for take in step.takes if take.lot in wanted)
        if takes:
            kept.append(replace(step, takes=takes, makes=()))
    return kept[::-1]


def carried(steps: Iterable[Step]) -> dict[str, frozenset[str]]:
    """Return which elements each lot is known to hold: its own documents', or its inputs'."""
    carries: dict[str, frozenset[str]] = {}
    for step in steps:
        brought = frozenset[str]().union(
            *(carries.get(take.lot, frozenset()) for take in step.takes)
        )
        for one in step.makes:
            own = frozenset(name for name, mass in one.contained.items() if mass.high > 0)
            carries[one.lot] = own if one.contained else brought
    return carries
