"""What is measured of a lot: its contained metal by element, from quantity, assays, compound.

An assay governs from its subject downstream, never upstream: a lot without one of its own
is asked here in vain, and `provenance` passes on what its ancestors hold. Umpire over final
over provisional; of several of the best status the whole range is possible until settled.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, cast

from traceability.errors import TraceabilityError
from traceability.ledger.elements import MINERALS, compound_fraction, mass_fraction, parse_formula
from traceability.ledger.mass import (
    COUNT_UNIT,
    AssayBasis,
    Interval,
    MassBasis,
    Range,
    assay_fraction,
    contained_interval,
    gross_amount,
    parse_decimal,
)

COUNTED: frozenset[str] = frozenset(MINERALS.values())
"""Elements that a compound is counted for; hydrogen, oxygen and sulfur are nobody's question."""

_RANK: Mapping[str, int] = {"provisional": 1, "final": 2, "umpire": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assayed:
    """What one document says of a lot: results, and moisture or compound where it has them.

    `results` and `compound` are as in the statement (`AssayResult`, `Compound`); `entry` is
    the document's entry.
    """

    entry: str
    status: str
    results: Sequence[Mapping[str, Any]] = ()
    compound: Mapping[str, Any] | None = None
    moisture: str | None = None

    @property
    def rank(self) -> int:
        """Return how much it weighs; a producer's own figures weigh as provisional."""
        return _RANK[self.status]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Contained milligrams per element, and the entries that say so."""

    contained: Mapping[str, Interval]
    entries: tuple[str, ...]


def measured(
    amount: int, quantity: Mapping[str, Any], documents: Iterable[Assayed], moisture: str | None
) -> Measured:
    """Return what documents about this very lot say it contains.

    Args:
        amount: gross milligrams that the balance counts.
        quantity: as in the statement, for its basis and range.
        documents: about this lot; an empty list leaves every element unmeasured.
        moisture: of the lot, where neither a document nor the quantity states one.

    Returns:
        An interval per element that a document speaks of. Where the moisture is missing, its
        low end is 0: a bound and no measurement (`provenance.Made`).
    """
    found = sorted(documents, key=lambda one: one.rank)
    if quantity.get("unit") == COUNT_UNIT or not found:
        return Measured(contained={}, entries=())
    water = next((one.moisture for one in reversed(found) if one.moisture is not None), None)
    water = water or quantity.get("moisture") or moisture
    gross = _gross_range(amount, quantity)
    contained: dict[str, Interval] = {}
    entries: list[str] = []
    for element in sorted({name for one in found for name in _elements_of(one)}):
        try:
            fractions = _governing(found, element)
            contained[element] = _contained(gross, quantity["basis"], water, fractions)
        except TraceabilityError:  # a figure that cannot be: as if nobody had measured
            contained[element] = Interval(low=0, high=gross.high)
            continue
        entries += [entry for entry, _, _ in fractions]
    return Measured(contained=contained, entries=tuple(dict.fromkeys(entries)))


def _contained(
    gross: Interval,
    basis: str,
    water: str | None,
    fractions: Sequence[tuple[str, Range, AssayBasis]],
) -> Interval:
    """Return the range that the governing documents leave possible, all of them together."""
    parts = [
        contained_interval(
            gross,
            basis=_mass_basis(basis),
            moisture=None if water is None else _point(water),
            fraction=fraction,
            fraction_basis=fraction_basis,
        ).bounds
        for _, fraction, fraction_basis in fractions
    ]
    return Interval(low=min(part.low for part in parts), high=max(part.high for part in parts))


def elements_named(material: str) -> frozenset[str]:
    """Return the elements that the word for a material names: `copper_concentrate` is Cu."""
    return frozenset(MINERALS[word] for word in material.split("_") if word in MINERALS)


def _elements_of(document: Assayed) -> set[str]:
    elements = {str(result["element"]) for result in document.results}
    if document.compound is not None:
        formula = str(document.compound["formula"])
        elements |= {
            element
            for element in {*parse_formula(formula), "graphite"} & COUNTED
            if mass_fraction(formula, element)
        }
    return elements


def _governing(documents: Sequence[Assayed], element: str) -> list[tuple[str, Range, AssayBasis]]:
    """Return the fractions of the best status that speaks of an element, with their entries."""
    told: list[tuple[int, tuple[str, Range, AssayBasis]]] = []
    for document in documents:
        for result in document.results:
            if result["element"] == element:
                rank = _RANK[result.get("status", document.status)]
                told.append((rank, (document.entry, *_result_range(result))))
        if document.compound is not None and element in _elements_of(document):
            told.append((document.rank, (document.entry, *_compound_range(document, element))))
    best = max(rank for rank, _ in told)
    return [one for rank, one in told if rank == best]


def _result_range(result: Mapping[str, Any]) -> tuple[Range, AssayBasis]:
    low, high = result.get("low", result["value"]), result.get("high", result["value"])
    fractions = _fractions(
        low, high, result["unit"], result.get("expressed_as"), str(result["element"])
    )
    return fractions, _assay_basis(result["basis"])


@lru_cache(maxsize=8192)
def _fractions(low: str, high: str, unit: str, expressed_as: str | None, element: str) -> Range:
    """Return the range of mass fractions of an element that a result states."""

    def fraction(text: str) -> Fraction:
        share = assay_fraction(parse_decimal(text), unit)
        return compound_fraction(share, expressed_as, element) if expressed_as else share

    return Range(low=fraction(low), high=fraction(high))


def _compound_range(document: Assayed, element: str) -> tuple[Range, AssayBasis]:
    compound = document.compound or {}
    share = compound_fraction(parse_decimal(compound["purity"]), compound["formula"], element)
    return Range(low=share, high=share), _assay_basis(compound["basis"])


def _gross_range(amount: int, quantity: Mapping[str, Any]) -> Interval:
    """Return the lot's mass as a range where the quantity states one, in proportion."""
    if "low" not in quantity and "high" not in quantity:
        return Interval(low=amount, high=amount)
    density = quantity.get("density")
    ends = [
        gross_amount(
            value=parse_decimal(quantity.get(end, quantity["value"])),
            unit=quantity["unit"],
            basis=quantity["basis"],
            density_kg_l=None if density is None else parse_decimal(density),
        )[0]
        for end in ("low", "high")
    ]
    return Interval(low=ends[0], high=ends[1])


def _point(text: str) -> Range:
    value: Decimal = parse_decimal(text)
    return Range(low=value, high=value)


def _mass_basis(basis: str) -> MassBasis:
    """A volume converted by density is the substance as it was received."""
    return cast("MassBasis", "as_received" if basis == "volume" else basis)


def _assay_basis(basis: str) -> AssayBasis:
    return "dry" if basis == "dry" else "as_received"
