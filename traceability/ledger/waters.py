"""The water of a lot: by which moisture each of its documents counts.

A lot that is weighed again may have taken up water, or dried. Each document is of one weighing
(`weighings`): its moisture is of that one alone, what it says of the dry part holds for all.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from traceability.errors import MoistureImpossible
from traceability.ledger.apportioning import half_even
from traceability.ledger.mass import AssayBasis, Range, parse_decimal

if TYPE_CHECKING:
    from traceability.ledger.grades import Assayed

Figure = tuple["Assayed", Range, AssayBasis]
"""A document, the fraction of an element that it states, and whether that counts the water."""


def moisture_of(
    documents: Iterable["Assayed"], otherwise: str | None, weighing: int = 0
) -> Range | None:
    """Return what is known of a lot's moisture: from documents of the weighing, or otherwise."""
    return Waters(list(documents), weighing, otherwise).here


class Waters:
    """The moisture by which documents count, of the weighing that is asked about and of others.

    Args:
        otherwise: of that weighing, where no document states it.
    """

    def __init__(
        self, documents: Sequence["Assayed"], weighing: int, otherwise: str | None
    ) -> None:
        self._weighing = weighing
        self._told: dict[int, tuple[int, Range]] = {}
        for number in {one.weighing for one in documents if one.moisture is not None}:
            told = [one for one in documents if one.weighing == number and one.moisture is not None]
            best = max(one.rank for one in told)
            stated = [parse_decimal(one.moisture) for one in told if one.rank == best]
            self._told[number] = best, Range(low=min(stated), high=max(stated))
        self.here = self._told[weighing][1] if weighing in self._told else _point(otherwise)

    def _of(self, document: "Assayed", otherwise: Range | None) -> Range | None:
        """Return the document's own moisture, unless better ones of its weighing state it."""
        best, told = self._told.get(document.weighing, (0, otherwise))
        if document.moisture is None or document.rank < best:
            return told
        return _point(document.moisture)

    def count(self, figure: Figure) -> tuple[Range | None, Range, AssayBasis]:
        """Return moisture, fraction and its basis, as they hold for the weighing asked about."""
        document, fraction, basis = figure
        if document.weighing == self._weighing:
            return self._of(document, self.here), fraction, basis
        there = self._of(document, _point(document.water))
        if basis == "dry" or there is None:
            return self.here, fraction, basis
        return self.here, _dried(fraction, there), "dry"


def at_moisture(mass_mg: int, moisture: Range | None, other: Range | None) -> int | None:
    """Return what a wet mass would weigh at another moisture; None where one is not known exactly.

    None, too, where both are the same.
    """
    if moisture is None or other is None or moisture == other:
        return None
    if moisture.low != moisture.high or other.low != other.high or other.high >= 1:
        return None
    share = (1 - Fraction(moisture.low)) / (1 - Fraction(other.low))
    return half_even(mass_mg * share.numerator, share.denominator)


def _dried(fraction: Range, moisture: Range) -> Range:
    """Return the share in the dry part of what is a fraction of the whole, water included."""
    if moisture.high >= 1:
        raise MoistureImpossible(moisture=str(moisture.high))
    return Range(
        low=Fraction(fraction.low) / (1 - Fraction(moisture.low)),
        high=Fraction(fraction.high) / (1 - Fraction(moisture.high)),
    )


def _point(text: str | None) -> Range | None:
    if text is None:
        return None
    value = parse_decimal(text)
    return Range(low=value, high=value)
