"""Provenance: whose metal is in a lot, to the milligram. The one propagation of the code base.

Origin, custody, certification and recall all ask `propagate`; they differ in `relabel`.
A history is a sequence of `Step`s in log order. A lot's content is, per element, whole
milligrams by source. A withdrawal takes its part of every source that is left, in chain
order, by largest remainder (`apportioning`), so every source conserves through any depth and
the result depends on the chain, not on the order of evaluation.

What is not measured stays so. The content of a lot is then an upper bound in the ratio of its
sources; `bounds` tells from where to where it may lie and `missing` which lots lack an assay.

- A single input passes its ratio on: the ratio is known even if the amount is not.
- Where a lot of unknown amount meets other sources, the ratio is unknown too. What is certain
  keeps its sources; what may or may not be there becomes `unmeasured:<lot>`, unknown. The share
  of any source then lies in [share, share + unknown share] (DESIGN 3.4: worst and best case).
- In a transformation a lot assayed for some elements but silent on this one is presumed to
  bring none where other inputs declare it (nobody assays nickel sulfate for copper). It is not
  hidden: `presumed` is then true from there downstream. Where no input declares the element,
  and in a blend, the silent lot counts as unmeasured.
- Measured output beyond the pooled input is `unexplained:<lot>`; an amount taken from a lot
  beyond what it held is `shortfall:<lot>`. Both are unknown and never spread over inputs.

Source: ISO 22095:2020, 3.3.3 (controlled blending). The mass-proportional split is ours.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from traceability.errors import StepsOutOfOrder
from traceability.ledger.apportioning import ceiling
from traceability.ledger.mass import GrossUnit, Interval

SourceKind = Literal["mined", "recycled", "introduced", "unknown", "unexplained", "shortfall"]
InputRole = Literal["feed", "recirculated", "reagent"]
OutputRole = Literal["product", "by_product", "residue"]

UNKNOWN_KINDS = frozenset({"unknown", "unexplained", "shortfall"})
UNKNOWN_PREFIXES = ("unknown:", "unexplained:", "shortfall:", "unmeasured:")

ADJUSTING_KINDS = frozenset({"adjustment", "receipt", "stocktake", "loss"})
"""The lot is weighed again: the substance stays, less is a loss, more is unexplained."""

CONSERVING_KINDS = ADJUSTING_KINDS | {"blend", "split", "assembly"}
"""The substance does not change: an output holds its gross proportion of everything."""


# ── the history ───────────────────────────────────────────────────────────────────────────


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


Relabel = Callable[[Step, str, str], str]
"""`(step, element, label) -> label` of what enters, or passes through, a step."""


# ── the answer ────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One element of one lot: milligrams by source when it was made, and what is left.

    `sources` adds up to the upper end of `bounds`. `missing` names the lots that lack an
    assay; `presumed` says that an input silent on the element was presumed to hold none.
    """

    sources: Mapping[str, int]
    left: Mapping[str, int]
    bounds: Interval
    missing: tuple[str, ...]
    presumed: bool
    unknown_sources: Collection[str] = field(repr=False)

    @property
    def total_mg(self) -> int:
        """The milligrams of all sources: the upper end of `bounds`."""
        return self.bounds.high

    @property
    def measured(self) -> bool:
        """Whether the amount rests on measurements alone."""
        return not self.missing

    @property
    def unknown_mg(self) -> int:
        """The milligrams whose source is not known."""
        unknown = self.unknown_sources
        return sum(mass for name, mass in self.sources.items() if name in unknown)

    def shares(self) -> dict[str, Fraction]:
        """Return the exact share of each source; they add up to 1, or there are none."""
        total = self.total_mg
        return {name: Fraction(mass, total) for name, mass in self.sources.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """What a lot is made of, by element. An element without content is absent."""

    lot: str
    contents: Mapping[str, Content]


# ── the propagation ───────────────────────────────────────────────────────────────────────


class _Metal:
    """One element of one lot, or of a pool.

    `slack` of the sum may not be there, out of all sources alike; `doubt` may not be there,
    out of `unmeasured:` sources. `missing` is the lot without assay that left the slack.
    """

    __slots__ = ("doubt", "missing", "parcels", "presumed", "silent", "slack")

    def __init__(
        self,
        parcels: dict[str, int],
        *,
        slack: int = 0,
        doubt: int = 0,
        missing: str = "",
        silent: bool = False,
        presumed: bool = False,
    ) -> None:
        self.parcels = parcels
        self.slack = slack
        self.doubt = doubt
        self.missing = missing
        self.silent = silent
        self.presumed = presumed

    def part(self, parcels: dict[str, int], part: int, whole: int) -> "_Metal":
        """Return `part / whole` of this metal, whose parcels are known."""
        if part == whole or not (self.slack or self.doubt):
            slack, doubt = self.slack, self.doubt
        else:
            slack = ceiling(self.slack * part, whole)
            doubt = ceiling(self.doubt * part, whole)
        return _Metal(
            parcels,
            slack=slack,
            doubt=doubt,
            missing=self.missing,
            silent=self.silent,
            presumed=self.presumed,
        )


class _Lot:
    """A lot as made, for its composition and its grade, and what is left of it."""

    __slots__ = ("amount", "left", "made")

    def __init__(self, amount: int, made: dict[str, _Metal]) -> None:
        self.amount = amount
        self.made = made
        self.left = dict(made)


def propagate(
    steps: Sequence[Step],
    *,
    elements: Iterable[str] | None = None,
    relabel: Relabel | None = None,
) -> dict[str, Composition]:
    """Tell, for every lot, how much of each element came from which source.

    Args:
        steps: a history in log order, from the sources on (`restrict` cuts one).
        elements: those to follow, each on its own; all that some step measures if None.
        relabel: renames what enters or passes a step, for questions about stages.

    Returns:
        A composition per lot, milligrams by source. Sources add up to the amount made;
        what is unknown is a source of its own (see the module).

    Raises:
        StepsOutOfOrder: `order` does not increase.
        LotMadeTwice: a lot is made while some of it is left.
    """
    if elements is None:
        elements = {name for step in steps for made in step.makes for name in made.contained}
    tracked = sorted(elements)
    lots: dict[str, _Lot] = {}
    unknown: set[str] = set()
    last = -1

    for step in steps:
        if step.order <= last:
            raise StepsOutOfOrder(entry=step.entry, order=step.order, last=last)
        last = step.order
        made: list[dict[str, _Metal]] = [{} for _ in step.makes]
        taken = [_take_from(lots.get(take.lot), take, tracked) for take in step.takes]
        for element in tracked:
            if step.takes:
                metals = [metals[element] for metals in taken if element in metals]
                _pass_through(step, element, metals, made, relabel)
            else:
                _enter(step, element, made, relabel)
        _place(step, made, lots, unknown)

    return {lot: _composition(lot, state, unknown) for lot, state in lots.items()}
