"""Figures as people read them: rounded for display only, with the unit; verdicts are exact."""

from fractions import Fraction
from typing import Literal

from traceability.ledger.plausibility.words import number

Unit = Literal["share", "mg", "ratio", "km/h", "days", "count"]
"""What is measured; the last four are of plausibility, where a share is of cases or of weight."""


def decimal_text(value: Fraction, places: int = 6) -> str:
    """Return the value rounded half-even to so many places, without trailing zeros: display."""
    return number(value, places)


def percent_text(share: Fraction, places: int = 2) -> str:
    """Return a share as people read it, rounded, to two places if not told: `42.66 %`.

    A share that is not all or nothing never reads as if it were.
    """
    text = decimal_text(share * 100, places)
    if text == "0" and share > 0:
        return "under 0.01 %"
    if text == "100" and share < 1:
        return "over 99.99 %"
    return f"{text} %"


def figure_text(value: Fraction, unit: Unit, places: int = 2) -> str:
    """Return a measured value with its unit, as people read it."""
    if unit in ("share", "ratio"):
        return percent_text(value, places)
    if unit == "mg":
        return f"{decimal_text(value / 10**6, max(6, places))} kg"
    text = decimal_text(value, places)
    return text if unit == "count" else f"{text} {unit}"


def interval_text(worst: Fraction, best: Fraction) -> str:
    """Return a share's interval as people read it: `40 %`, or `40 % to 60 %`."""
    if worst == best:
        return percent_text(worst)
    return f"{percent_text(worst)} to {percent_text(best)}"
