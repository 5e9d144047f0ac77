"""Doubting: the observations of one check on a part of a path, compared with its thresholds.

What comes of it is the same for every lot on whose path the part is, and for every club with the
same thresholds, so it is kept with the part (`standards.rulebook.parts`).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, islice
from operator import attrgetter, itemgetter

from msgspec import Struct

from standards.rulebook.composition import MOST_NAMED, abridged_of
from standards.rulebook.findings import Measured, Outcome, StatementLine, at_least, at_most
from standards.rulebook.law import Provision
from standards.rulebook.parts import Part
from traceability.ledger.plausibility.check import Check
from traceability.ledger.plausibility.view import Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What an observation is compared with: a threshold, or why there is none.

    `told` ends the sentence; `spares` says that there are too few cases to say anything, and
    `is_gravest` that such a doubt comes before all that were measured.
    """

    threshold: Fraction = Fraction(0)
    told: str = ""
    spares: bool = False
    missing: str = ""
    is_gravest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What observations are compared with, and the parameters that say so, which tell it apart."""

    of: Callable[[Observation], Limit]
    read: tuple[Provision, ...] = ()


class Far:
    """How far a figure lies beyond its threshold: a ratio that is only ever compared."""

    __slots__ = ("over", "parts")

    def __init__(self, over: int, parts: int) -> None:
        self.over, self.parts = over, parts

    def __eq__(self, other: object) -> bool:
        """Tell whether another lies as far."""
        return isinstance(other, Far) and self.over * other.parts == other.over * self.parts

    def __lt__(self, other: "Far") -> bool:
        """Tell whether another lies farther."""
        return self.over * other.parts < other.over * self.parts


_Weight = tuple[int, int, Far]
_NOT_MEASURED = Far(0, 1)
_FINE: tuple[Outcome, _Weight] = (Outcome.CONFORMS, (0, 0, _NOT_MEASURED))
_OPEN: tuple[Outcome, _Weight] = (Outcome.INDETERMINATE, (1, 0, _NOT_MEASURED))
_FAILED: tuple[Outcome, _Weight] = (Outcome.NONCONFORMING, (2, 0, _NOT_MEASURED))


class Judged(Struct, kw_only=True):
    """An observation with what comes of comparing it by a check.

    `weight` is by what the deciding statement is chosen: failed before open, then how far.
    """

    one: Observation
    check: Check
    limit: Limit
    outcome: Outcome
    weight: _Weight
    written: StatementLine | None = None

    @property
    def is_compared(self) -> bool:
        """Tell whether there was something to compare, and to compare it with."""
        return not (self.limit.missing or self.one.worst is None or self.one.best is None)

    @property
    def missing(self) -> tuple[str, ...]:
        """Return what would settle it, where it is open."""
        if self.outcome is not Outcome.INDETERMINATE:
            return ()
        return (self.limit.missing,) if self.limit.missing else self.one.missing

    @property
    def measured(self) -> Measured | None:
        """Return the figure beside its threshold, where one is compared with the other."""
        compare = _COMPARE.get(self.check.comparison)
        worst, best = self.one.worst, self.one.best
        if compare is None or self.limit.missing or worst is None or best is None:
            return None
        return compare(worst, best, self.limit.threshold, self.check.unit)

    @property
    def line(self) -> StatementLine:
        """Return the fact, and the threshold it was compared with: few are ever written out."""
        if self.written is None:
            one, told = self.one, self.limit.told if self.is_compared else ""
            self.written = StatementLine(
                entry=one.entry,
                author=one.author,
                outcome=self.outcome,
                because=f"{one.sentence}; {told}" if told else one.sentence,
            )
        return self.written


_COMPARE = {"at_least": at_least, "at_most": at_most}
_weight = attrgetter("weight")


class Alike(Struct, frozen=True, kw_only=True):
    """The doubts of one outcome on a part of a path.

    Args:
        entries: of the statements that are doubted.
        names: all that is missing; `first`: the first of them, each with the weight of the doubt.
    """

    entries: frozenset[str]
    names: frozenset[str]
    first: Sequence[tuple[_Weight, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summed:
    """What one check found on a part of a path: the doubts, worst first, and what is fine.

    Args:
        entries: of all statements it looked at.
        farthest: of the figures that were compared, the one that went farthest.
        at_sites: by facility, the worst doubt.
    """

    entries: frozenset[str]
    doubted: Sequence[Judged]
    at_sites: Sequence[Judged]
    farthest: Judged | None
    _alike: dict[Outcome, Alike] = field(default_factory=dict)

    def alike(self, outcome: Outcome) -> Alike:
        """Return the doubts of one outcome, added up."""
        known = self._alike.get(outcome)
        if known is None:
            told = [one for one in self.doubted if one.outcome is outcome]
            names: dict[str, _Weight] = {}
            for one in told:
                for name in one.missing:
                    names.setdefault(name, one.weight)
            known = self._alike[outcome] = Alike(
                entries=frozenset([one.one.entry for one in told]),
                names=frozenset(names),
                first=[(weight, name) for name, weight in islice(names.items(), MOST_NAMED)],
            )
        return known


def doubts(check: Check, part: Part[Observation], mineral: str, limits: Limits) -> Summed:
    """Return what one check finds on a part of a path, worked out once."""
    # The limits are kept with the answer, so that nothing else gets the identity of what they read.
    question = (check.id, mineral, *map(id, limits.read))
    return part.recalled(question, lambda told: (_summed(check, told, limits), limits))[0]


def _summed(check: Check, told: Sequence[Observation], limits: Limits) -> Summed:
    """Judge a part of a path. Nearly all of it is of no interest: what is fine is only counted."""
    doubted = []
    farthest: Observation | None = None
    counts = check.counts_others or check.comparison not in _COMPARE
    for one in told:
        limit = limits.of(one)
        outcome, weight = _compared(check, one, limit)
        if outcome is not Outcome.CONFORMS:
            doubted.append(
                Judged(one=one, check=check, limit=limit, outcome=outcome, weight=weight)
            )
        elif not (doubted or counts or one.worst is None or limit.spares):
            farthest = _farther(check, one, farthest)
    doubted.sort(key=_weight, reverse=True)
    at_sites = {one.one.facility: one for one in reversed(doubted)}
    return Summed(
        entries=frozenset([one.entry for one in told]),
        doubted=doubted,
        at_sites=[one for one in doubted if at_sites[one.one.facility] is one],
        farthest=_judge(check, farthest, limits.of(farthest)) if farthest else None,
    )


def _farther(check: Check, one: Observation, than: Observation | None) -> Observation:
    """Return which of two figures went farther; the earlier one if neither did."""
    if than is None or one.worst is None or than.worst is None:
        return one
    is_farther = (
        one.worst < than.worst if check.comparison == "at_least" else one.worst > than.worst
    )
    return one if is_farther else than


def merged(parts: Iterable[Sequence[Judged]]) -> list[Judged]:
    """Merge doubts of parts, worst first; where they are alike, those of the earlier part first."""
    return sorted(chain.from_iterable(parts), key=_weight, reverse=True)


def named_missing(parts: Iterable[Alike]) -> tuple[str, ...]:
    """Return what is missing by name, of the worst doubts first; of many, how many more."""
    told = list(parts)
    first = sorted(chain.from_iterable(one.first for one in told), key=itemgetter(0), reverse=True)
    distinct = list(dict.fromkeys(name for _, name in first))
    others = len(frozenset[str]().union(*(one.names for one in told))) - len(distinct)
    # Of each part there are as many as are named in the end, so that the first of all are these.
    return abridged_of(distinct, others)


def _judge(check: Check, one: Observation, limit: Limit) -> Judged:
    outcome, weight = _compared(check, one, limit)
    return Judged(one=one, check=check, limit=limit, outcome=outcome, weight=weight)


def _compared(check: Check, one: Observation, limit: Limit) -> tuple[Outcome, _Weight]:
    """Compare an observation: fine, open, or failed, and how far it lies beyond its threshold."""
    worst, best = one.worst, one.best
    if worst is None:
        return _OPEN if one.missing else _FINE
    if check.comparison == "never":
        is_fine = not worst
    elif limit.missing:
        return _OPEN
    elif check.comparison == "outside_hours":
        is_fine = not limit.threshold
    else:
        return _beyond(worst, best, limit, is_least=check.comparison == "at_least")
    if is_fine:
        return _FINE
    return _OPEN if best is None else _FAILED


def _beyond(
    worst: Fraction, best: Fraction | None, limit: Limit, *, is_least: bool
) -> tuple[Outcome, _Weight]:
    """Compare with a threshold in whole numbers: there are many, in exact ratios."""
    sign = -1 if is_least else 1
    wanted, wanted_parts = limit.threshold.as_integer_ratio()
    over, parts = worst.as_integer_ratio()
    over, parts = sign * (over * wanted_parts - wanted * parts), parts * wanted_parts
    if over <= 0 or (limit.spares and not is_least):
        return _FINE
    if best is None:
        return _OPEN
    # What lies beyond the gravest limit goes before everything else that is failed, or open.
    rank = 1 + limit.is_gravest
    least, least_parts = best.as_integer_ratio()
    is_sure = sign * (least * wanted_parts - wanted * least_parts) > 0
    outcome = Outcome.NONCONFORMING if is_sure else Outcome.INDETERMINATE
    # Whole parts are compared first: nearly always they decide.
    return outcome, (rank + is_sure, (over << 40) // parts, Far(over, parts))
