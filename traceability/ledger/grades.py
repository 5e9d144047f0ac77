"""What is measured of a lot: its contained metal by element, from quantity, assays, compound.

An assay governs from its subject downstream, never upstream: a lot without one of its own
is asked here in vain, and `provenance` passes on what its ancestors hold. Umpire over final
over provisional; of several of the best status the whole range is possible until settled. So
with the water: a document that states it goes by its own, any other by what the best ones state.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, cast

from msgspec import Struct

from traceability.errors import TraceabilityError
from traceability.ledger.apportioning import half_even
from traceability.ledger.contained import assay_fraction, contained_interval
from traceability.ledger.elements import compound_fraction, mass_fraction, parse_formula
from traceability.ledger.mass import (
    ASSAY_UNITS,
    COUNT_UNIT,
    AssayBasis,
    Interval,
    MassBasis,
    Range,
    parse_decimal,
    recorded_end,
)
from traceability.ledger.materials import in_use
from traceability.ledger.waters import Figure, Waters

_RANK: Mapping[str, int] = {"provisional": 1, "final": 2, "umpire": 3}


class Assayed(Struct, frozen=True, kw_only=True, gc=False):
    """What one document says of a lot: results, and moisture or compound where it has them.

    `results` and `compound` are as in the statement (`AssayResult`, `Compound`); `entry` is
    the document's entry. `weighing` is that which its water is of (`weighings`), and `water` what
    was known of it without documents; a document of another weighing tells of the dry part alone.
    """

    entry: str
    status: str
    results: Sequence[Mapping[str, Any]] = ()
    compound: Mapping[str, Any] | None = None
    moisture: str | None = None
    weighing: int = 0
    water: str | None = None

    @property
    def rank(self) -> int:
        """Return how much it weighs; a producer's own figures weigh as provisional."""
        return _RANK[self.status]


class Measured(Struct, frozen=True, kw_only=True, gc=False):
    """Contained milligrams per element, and the entries that say so."""

    contained: Mapping[str, Interval]
    entries: tuple[str, ...]


def measured(
    amount: int,
    quantity: Mapping[str, Any],
    documents: Iterable[Assayed],
    moisture: str | None,
    weighing: int = 0,
) -> Measured:
    """Return what documents about this very lot say it contains.

    Args:
        amount: gross milligrams that the balance counts.
        quantity: as in the statement, for its basis and range.
        documents: about this lot; an empty list leaves every element unmeasured.
        moisture: of the lot, where neither a document nor the quantity states one.
        weighing: the one whose water the lot has now.

    Returns:
        An interval per element that a document speaks of. Where the moisture is missing, its
        low end is 0: a bound and no measurement (`provenance.Made`).
    """
    found = list(documents)
    if quantity.get("unit") == COUNT_UNIT or not found:
        return Measured(contained={}, entries=())
    if len(found) == 1:
        plain = plainly_contained(amount, quantity, found, moisture, weighing)
        if plain is not None:
            return Measured(contained=plain, entries=(found[0].entry,) if plain else ())
    water = Waters(found, weighing, quantity.get("moisture") or moisture)
    gross = _gross_range(amount, quantity)
    contained: dict[str, Interval] = {}
    entries: list[str] = []
    for element in sorted({name for one in found for name in _elements_of(one)}):
        try:
            figures = _governing(found, element)
            contained[element] = _contained(gross, quantity["basis"], water, figures)
        except TraceabilityError:  # a figure that cannot be: as if nobody had measured
            contained[element] = Interval(low=0, high=gross.high)
            continue
        entries += [document.entry for document, _, _ in figures]
    return Measured(contained=contained, entries=tuple(dict.fromkeys(entries)))


def _contained(gross: Interval, basis: str, water: Waters, figures: Sequence[Figure]) -> Interval:
    """Return the range that the governing documents leave possible, all of them together."""
    parts = [
        contained_interval(
            gross,
            basis=_mass_basis(basis),
            moisture=moisture,
            fraction=fraction,
            fraction_basis=fraction_basis,
        ).bounds
        for moisture, fraction, fraction_basis in map(water.count, figures)
    ]
    return Interval(low=min(part.low for part in parts), high=max(part.high for part in parts))


# ── the ordinary case, in integers ────────────────────────────────────────────────────────

_PLAIN_RESULT = 4  # element, value, unit and basis, which every result has, and no range
_MASSES = {"dry", "wet", "as_received", "volume"}
_NOT_PLAIN = {"low", "high"}
_Ratio = tuple[int, int]
_Scale = tuple[int, int, int, int]
_NOT_ONE = "not one"
_DRY = {"basis": "dry"}
_NO_SCALES: Mapping[str, _Scale | None] = {"dry": None, "wet": None}


def plainly_contained(
    amount: int,
    quantity: Mapping[str, Any],
    documents: Sequence[Assayed],
    moisture: str | None,
    weighing: int = 0,
) -> dict[str, Interval] | None:
    """Return what `measured` tells is contained where documents tell single figures.

    That is nearly every lot, and a history has thousands: the same arithmetic, but on integers
    alone, a tenth of the time. None where anything is out of the ordinary; a property test
    holds both ways equal.
    """
    basis = quantity["basis"]
    if basis not in _MASSES or not quantity.keys().isdisjoint(_NOT_PLAIN):
        return None
    told = _water_told(documents, weighing)
    if told == _NOT_ONE:
        return None
    scales = _scales(amount, basis, told or quantity.get("moisture") or moisture)
    contained: dict[str, Interval] = {}
    ranks: dict[str, int] = {}
    for element, fraction, of_basis, rank in _plain_figures(documents):
        scale = scales["dry" if of_basis == "dry" else "wet"]
        if fraction is None or scale is None:
            return None
        (part, whole), (times, over, most, of_all) = fraction, scale
        if part * of_all > whole * most:
            return None
        mass = half_even(times * part, over * whole)
        best = ranks.get(element, 0)
        if rank > best:
            contained[element] = Interval(low=mass, high=mass)
            ranks[element] = rank
        elif rank == best:
            contained[element] = _with(contained[element], mass)
    return dict(sorted(contained.items())) if len(contained) > 1 else contained


def _scales(amount: int, basis: str, water: str | None) -> Mapping[str, _Scale | None]:
    """Return how dry and wet fractions become masses: times, over; most, of all."""
    if basis == "dry":
        is_dry = water is None or _dry_part(water)[0] > 0
        return {"dry": (amount, 1, 1, 1) if is_dry else None, "wet": None}
    if water is None:
        return {"dry": None, "wet": (amount, 1, 1, 1)}
    dry, whole = _dry_part(water)
    if dry <= 0:
        return _NO_SCALES
    return {"dry": (amount * dry, whole, 1, 1), "wet": (amount, 1, dry, whole)}


def _water_told(documents: Sequence[Assayed], weighing: int) -> str | None:
    """Return the moisture that the best documents of a weighing state.

    `_NOT_ONE` where they disagree, or where other water than that of this weighing counts.
    """
    told, best = None, 0
    for document in documents:
        if document.weighing != weighing:
            if not is_dry(document):
                return _NOT_ONE
            continue
        moisture = document.moisture
        if moisture is not None:
            rank = document.rank
            if rank > best:
                told, best = moisture, rank
            elif rank == best and moisture != told:
                told = _NOT_ONE
    return told


def is_dry(document: Assayed) -> bool:
    """Tell whether all that a document states is of the dry part."""
    told = [result["basis"] for result in document.results]
    return all(basis == "dry" for basis in (*told, (document.compound or _DRY)["basis"]))


def _with(before: Interval, mass: int) -> Interval:
    return Interval(low=min(before.low, mass), high=max(before.high, mass))


def _plain_figures(documents: Sequence[Assayed]) -> list[tuple[str, _Ratio | None, str, int]]:
    """Return element, fraction (None where it is no single figure), basis and rank of results."""
    told = [
        (
            result["element"],
            _plain_fraction(result["value"], result["unit"])
            if len(result) - ("status" in result) == _PLAIN_RESULT
            else None,
            result["basis"],
            _RANK[result.get("status", document.status)],
        )
        for document in documents
        for result in document.results
    ]
    for document in documents:
        compound = document.compound
        if compound is not None:
            counted = in_use().counted
            shares = _compound_shares(compound["formula"], compound["purity"], counted)
            told += [(one, share, compound["basis"], document.rank) for one, share in shares]
    return told


@lru_cache(maxsize=8192)
def _plain_fraction(value: str, unit: str) -> _Ratio | None:
    """Return the mass fraction that a figure states; None for no figure, or no unit of assays."""
    known, figure = ASSAY_UNITS.get(unit), _digits(value)
    if known is None or figure is _BEYOND:
        return None
    return figure[0] * known.numerator, figure[1] * known.denominator


@lru_cache(maxsize=4096)
def _compound_shares(
    formula: str, purity: str, counted: frozenset[str]
) -> tuple[tuple[str, _Ratio], ...]:
    """Return the elements that a compound is counted for, and how much of it each is."""
    share = parse_decimal(purity)
    return tuple(
        (element, compound_fraction(share, formula, element).as_integer_ratio())
        for element in _counted_in(formula, counted)
    )


def _digits(text: str) -> _Ratio:
    """Return a number of the record as a ratio; of any other text a ratio above every limit."""
    whole, _, places = text.partition(".")
    digits = whole + places
    if not (digits.isascii() and digits.isdigit()):
        return _BEYOND
    return int(digits), 10 ** len(places)


@lru_cache(maxsize=1024)
def _dry_part(water: str) -> _Ratio:
    """Return what is left of a mass without its water."""
    wet, whole = _digits(water)
    return whole - wet, whole


_BEYOND = (2, 1)


# ── in general ────────────────────────────────────────────────────────────────────────────


def _elements_of(document: Assayed) -> set[str]:
    elements = {str(result["element"]) for result in document.results}
    if document.compound is not None:
        elements |= compound_elements(str(document.compound["formula"]))
    return elements


def compound_elements(formula: str) -> frozenset[str]:
    """Return the elements that a compound is counted for."""
    return _counted_in(formula, in_use().counted)


@lru_cache(maxsize=1024)
def _counted_in(formula: str, counted: frozenset[str]) -> frozenset[str]:
    return frozenset(
        element
        for element in {*parse_formula(formula), "graphite"} & counted
        if mass_fraction(formula, element)
    )


def _governing(documents: Sequence[Assayed], element: str) -> list[Figure]:
    """Return the fractions of the best status that speaks of an element, with their documents."""
    told: list[tuple[int, Figure]] = []
    for document in documents:
        for result in document.results:
            if result["element"] == element:
                rank = _RANK[result.get("status", document.status)]
                told.append((rank, (document, *_result_range(result))))
        if document.compound and element in compound_elements(document.compound["formula"]):
            told.append((document.rank, (document, *_compound_range(document, element))))
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
    """Return the lot's mass as a range where the quantity states one, whatever it states."""
    if "low" not in quantity and "high" not in quantity:
        return Interval(low=amount, high=amount)
    low, high = (
        recorded_end(
            quantity.get(end, quantity["value"]), quantity["unit"], quantity.get("density")
        )
        for end in ("low", "high")
    )
    return Interval(low=min(low, high), high=max(low, high))


def _mass_basis(basis: str) -> MassBasis:
    """A volume converted by density is the substance as it was received."""
    return cast("MassBasis", "as_received" if basis == "volume" else basis)


def _assay_basis(basis: str) -> AssayBasis:
    return "dry" if basis == "dry" else "as_received"
