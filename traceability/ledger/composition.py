"""What a lot is made of: the answer of `provenance`, in milligrams by source."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from traceability.ledger.mass import Interval

UNKNOWN_KINDS = frozenset({"unknown", "unexplained", "shortfall"})
UNKNOWN_PREFIXES = ("unknown:", "unexplained:", "shortfall:", "unmeasured:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One element of one lot: milligrams by source when it was made, and what is left.

    `sources` adds up to the upper end of `bounds`. `measured` says whether the amount rests
    on measurements alone, `missing` names the lots that lack an assay where it does not.
    `presumed` says that an input silent on the element was presumed to hold none; `silent`,
    that the lot itself is such a one: assayed, but not for this element.
    """

    sources: Mapping[str, int]
    left: Mapping[str, int]
    bounds: Interval
    measured: bool
    missing: tuple[str, ...]
    presumed: bool
    unknown_sources: Collection[str] = field(repr=False, compare=False)
    silent: bool = False

    @property
    def total_mg(self) -> int:
        """The milligrams of all sources: the upper end of `bounds`."""
        return self.bounds.high

    @property
    def unknown_mg(self) -> int:
        """The milligrams whose source is not known."""
        unknown = self.unknown_sources
        return sum(
            mass
            for name, mass in self.sources.items()
            if name in unknown or name.startswith(UNKNOWN_PREFIXES)
        )

    def shares(self) -> dict[str, Fraction]:
        """Return the exact share of each source; they add up to 1, or there are none."""
        total = self.total_mg
        return {name: Fraction(mass, total) for name, mass in self.sources.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """What a lot is made of: the content of every element that was followed."""

    lot: str
    contents: Mapping[str, Content]
