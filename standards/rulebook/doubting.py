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

_NOTHING = Fraction(0)
_RANK = {Outcome.CONFORMS: 0, Outcome.INDETERMINATE: 1, Outcome.NONCONFORMING: 2}


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


_Weight = tuple[int, int, Fraction]


class Judged(Struct, kw_only=True):
    """An observation with what comes of comparing it.

    `weight` is by what the deciding statement is chosen: failed before open, then how far.
    """

    one: Observation
    outcome: Outcome
    weight: _Weight
    measured: Measured | None
    told: str  # the threshold, in words
    missing: tuple[str, ...] = ()
    written: StatementLine | None = None

    @property
    def line(self) -> StatementLine:
        """Return the fact, and the threshold it was compared with: few are ever written out."""
        if self.written is None:
            one = self.one
            self.written = StatementLine(
                entry=one.entry,
                author=one.author,
                outcome=self.outcome,
                because=f"{one.sentence}; {self.told}" if self.told else one.sentence,
            )
        return self.written


_weight = attrgetter("weight")
_Compared = dict[tuple[int, ...], tuple[Limit, Measured, Outcome, Fraction]]
"""What came of comparing figures with a limit: observations have few different ones."""


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
    counts = check.counts_others or check.comparison in ("never", "outside_hours")
    known: _Compared = {}
    for one in told:
        limit = limits.of(one)
        if not _is_fine(check, one, limit):
            doubted.append(_judge(check, one, limit, known))
        elif not (doubted or counts or one.worst is None or limit.spares):
            farthest = _farther(check, one, farthest)
    doubted.sort(key=_weight, reverse=True)
    at_sites = {one.one.facility: one for one in reversed(doubted)}
    return Summed(
        entries=frozenset([one.entry for one in told]),
        doubted=doubted,
        at_sites=[one for one in doubted if at_sites[one.one.facility] is one],
        farthest=_judge(check, farthest, limits.of(farthest), known) if farthest else None,
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


def _is_fine(check: Check, one: Observation, limit: Limit) -> bool:
    """Tell whether an observation gives no reason to doubt, at worst."""
    if one.worst is None:
        return not one.missing
    if check.comparison == "never":
        return not one.worst
    if limit.missing:
        return False
    if check.comparison == "outside_hours":
        return not limit.threshold
    if check.comparison == "at_least":
        return one.worst >= limit.threshold
    return limit.spares or one.worst <= limit.threshold


def _judge(check: Check, one: Observation, limit: Limit, known: _Compared) -> Judged:
    measured, far, told, missing = None, _NOTHING, "", one.missing
    if limit.missing or one.worst is None or one.best is None:
        outcome = Outcome.INDETERMINATE
        missing = (limit.missing,) if limit.missing else missing
    elif check.comparison in ("never", "outside_hours"):
        outcome, told, missing = Outcome.NONCONFORMING, limit.told, ()
    else:
        ratios = (one.worst, one.best)
        question = (id(limit), *(n for ratio in ratios for n in ratio.as_integer_ratio()))
        if question not in known:
            compare = at_least if check.comparison == "at_least" else at_most
            measured = compare(*ratios, limit.threshold, check.unit)
            known[question] = limit, measured, measured.outcome, -measured.margin
        _, measured, outcome, far = known[question]
        told = limit.told
        missing = missing if outcome is Outcome.INDETERMINATE else ()
    return Judged(
        one=one,
        outcome=outcome,
        # Whole numbers are compared first: nearly always they decide, in a tenth of the time.
        weight=(_RANK[outcome] + limit.is_gravest, far.__floor__(), far),
        measured=measured,
        told=told,
        missing=missing,
    )
