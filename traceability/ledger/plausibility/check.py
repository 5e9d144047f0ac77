"""What a check is: a named question put to every statement it concerns."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from traceability.ledger.plausibility.view import Observation, View

Comparison = Literal["at_most", "at_least", "never", "outside_hours"]
"""How an observed value is read: against a threshold; a sign at all is a doubt; a time of day."""

Severity = Literal["critical", "major", "minor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A soft check. It never refuses anything: it measures, and others compare and decide.

    Args:
        id: permanent.
        title: what is so where nothing is doubted, as a sentence people read.
        concerns: which statements it looks at.
        explanations: honest reasons for the same figures; said with every doubt.
        severity: a hint for who writes a policy.
        unit: of what it measures.
        measure: a pure function; one observation per statement and lot (and element).
        counts_others: it counts what else a site or a country did, which readers of one lot
            must not learn as long as nothing is doubted.
    """

    id: str
    title: str
    concerns: str
    explanations: str
    severity: Severity
    comparison: Comparison
    unit: Literal["share", "ratio", "mg", "km/h", "days", "count"]
    measure: Callable[[View], Iterator[Observation]]
    counts_others: bool = False
