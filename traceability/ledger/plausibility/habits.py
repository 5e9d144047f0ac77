"""Checks of habits: weights that repeat, and weights that are round, more often than scales do."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial

from traceability.ledger.plausibility.check import Check
from traceability.ledger.plausibility.view import Observation, View, Weighed
from traceability.ledger.plausibility.words import amount, percent

ROUND_DIGITS = 2
"""A weight is round that has this many significant digits at most, in the unit it came in."""


def _repeated(view: View) -> Iterator[Observation]:
    for weighed in _by_scale(view):
        yield from _share(view, weighed, weighed.same, _equal_weights)


def _equal_weights(view: View, weighed: Weighed) -> str:
    part = percent(Fraction(weighed.same, weighed.among))
    weight = amount(weighed.amount, weighed.unit)
    return f"{weight} is the weight of {part} of the amounts at {_where_and_when(view, weighed)}"


def _round(view: View) -> Iterator[Observation]:
    for weighed in _by_scale(view):
        yield from _share(view, weighed, weighed.round, _round_weights)


def _round_weights(view: View, weighed: Weighed) -> str:
    part = percent(Fraction(weighed.round, weighed.among))
    return f"{part} of the amounts at {_where_and_when(view, weighed)} are round"


def _where_and_when(view: View, weighed: Weighed) -> str:
    month = f"{weighed.year}-{weighed.month:02}"
    return f"{view.called(weighed.facility)} in {month} up to this one"


def _by_scale(view: View) -> Iterator[Weighed]:
    return (one for one in view.noted.weighed if one.is_weighed and one.unit == "mg")


def _share(
    view: View, weighed: Weighed, cases: int, words: Callable[[View, Weighed], str]
) -> Iterator[Observation]:
    act = view.by_entry.get(weighed.entry)
    if act is not None:
        share, because = Fraction(cases, weighed.among), partial(words, view, weighed)
        yield act.observed(weighed.lot, because, worst=share, best=share, cases=cases)


REPEATED = Check(
    id="PL-08",
    title="Weights do not repeat to the milligram",
    concerns="amounts put on the books of a facility by weight, with those of the calendar month "
    "before; what is stated as declared or estimated is left out",
    explanations="big bags and drums filled to a set weight, a coarse scale",
    severity="minor",
    comparison="at_most",
    unit="share",
    measure=_repeated,
    counts_others=True,
)
ROUND = Check(
    id="PL-10",
    title="Most weights are not round",
    concerns="as PL-08; a weight is round that was entered with two significant digits at most",
    explanations="big bags and drums filled to a set weight, a scale that shows tonnes",
    severity="minor",
    comparison="at_most",
    unit="share",
    measure=_round,
    counts_others=True,
)
