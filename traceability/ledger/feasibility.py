"""What a quantity or an assay cannot be: refused at the door, whoever sends it.

A figure is impossible where no substance could have it, not where it is merely unlikely
(`plausibility`). What a producer calls its material bounds it only where the name is that of
a pure substance or mineral: the limit is computed from the formula, never typed (`materials`).

`check_assays` and `check_compound` are asked of every statement, also when a record is verified.
`check_substance`, which rests on words for materials, is asked only as a statement comes in.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction

from traceability.errors import (
    AssayImpossible,
    AssaysExceedWhole,
    ExpressedWithoutElement,
    FormulaMalformed,
    MoistureImpossible,
    UnitDoesNotFitBasis,
    UnknownElement,
    ValueOutsideRange,
)
from traceability.ledger.contained import assay_fraction
from traceability.ledger.elements import (
    compound_fraction,
    is_element,
    mass_fraction,
    parse_formula,
)
from traceability.ledger.mass import ASSAY_TOLERANCE, MASS_BASES, end_amount, parse_decimal
from traceability.ledger.materials import in_use
from traceability.ledger.shapes import AssayResult, Compound, Quantity

_RANK: Mapping[str, int] = {"provisional": 1, "final": 2, "umpire": 3}
_WHOLE = Fraction(1)


def check_quantity(quantity: Quantity, at: str) -> None:
    """Verify that moisture is a fraction of a wet mass, and that the range holds the value.

    Raises:
        MoistureImpossible, ValueOutsideRange: with the place below `at`.
    """
    check_moisture(quantity.moisture, f"{at}.moisture")
    if quantity.low is None and quantity.high is None:
        return
    value = parse_decimal(quantity.value, at=at)
    _check_within(value, quantity.low, quantity.high, at)


def check_ends(quantity: Quantity, at: str) -> None:
    """Verify that both ends of a quantity's range are amounts that a lot can have, or nothing.

    A rule of admission: what was recorded before it is read, and verifies, as it did.

    Raises:
        CountNotWhole, MassOutOfRange: with the place of the end below `at`.
    """
    for end, text in (("low", quantity.low), ("high", quantity.high)):
        if text is not None:
            end_amount(text, quantity.unit, quantity.density, at=f"{at}.{end}")


def check_moisture(moisture: str | None, at: str) -> None:
    """Verify that a stated moisture lies in [0, 1).

    Raises:
        MoistureImpossible: it does not, such as 110 % or 8 where 0.08 was meant.
    """
    if moisture is not None and parse_decimal(moisture, at=at) >= 1:
        raise MoistureImpossible(moisture=moisture, at=at)


def check_assays(
    results: Iterable[AssayResult],
    *,
    at: str,
    compound: Compound | None = None,
) -> None:
    """Verify that some substance can hold what a document finds in it.

    Args:
        results: of one document about one lot.
        at: the JSON path of the results.
        compound: stated beside the results; what is not the compound may be anything.

    Raises:
        UnknownUnit, UnitDoesNotFitBasis, ValueOutsideRange: the figure has no meaning.
        UnknownElement, FormulaMalformed: what was found cannot be told.
        AssayImpossible: more than the substance can hold of the element.
        AssaysExceedWhole: the elements together outweigh the substance.
    """
    found: dict[tuple[str, str | None], dict[str, Fraction]] = {}
    for place, result in enumerate(results):
        here = f"{at}[{place}]"
        if not is_element(result.element):
            raise UnknownElement(symbol=result.element, at=f"{here}.element")
        share = _check_result(result, here, _most_beside(compound, result.element))
        status = result.status.value if result.status else None
        elements = found.setdefault((result.basis.value, status), {})
        elements[result.element] = min(share, elements.get(result.element, share))
        if sum(elements.values()) > _tolerated(_WHOLE):
            raise AssaysExceedWhole(elements=sorted(elements), at=here)


def check_compound(compound: Compound | None, at: str) -> None:
    """Verify a stated compound: its formula can be read, its purity is a fraction up to 1.

    Raises:
        FormulaMalformed, UnknownElement: the formula.
        AssayImpossible: purer than pure.
    """
    if compound is None:
        return
    with _read_at(f"{at}.formula"):
        mass_fraction(compound.formula, "H")  # refuses what cannot be read
    purity = parse_decimal(compound.purity, at=f"{at}.purity")
    if purity > 1:
        raise AssayImpossible(fraction=compound.purity, at_most="1", at=f"{at}.purity")


def check_substance(
    results: Sequence[AssayResult],
    *,
    at: str,
    materials: Iterable[str] = (),
    compound: Compound | None = None,
    moisture: str | None = None,
    status: str = "provisional",
) -> None:
    """Verify that the dry substance of that name can hold what a document finds in it.

    Asked after `check_assays`. What was found of the wet substance is more of the dry one, with
    the moisture that the same statement tells or, without any, no less. Of an element that is
    found twice the better status counts, and of one status the least.

    Args:
        materials: words for the material; a pure substance bounds its elements.
        moisture: as the same statement tells it.
        status: of the document, where a result has none of its own.

    Raises:
        ExpressedWithoutElement: the compound it is expressed as has nothing of the element.
        UnitDoesNotFitBasis: the purity of a compound is of pieces or volumes.
        AssayImpossible: more than the dry substance can hold of the element.
        AssaysExceedWhole: what would count of the elements outweighs the dry substance.
    """
    if compound is None and not results:
        return
    words = tuple(materials)
    dry = _WHOLE if moisture is None else 1 - Fraction(parse_decimal(moisture))
    shares = [
        _dry_share(result, dry, words, f"{at}[{place}]") for place, result in enumerate(results)
    ]
    pure = _check_purity(compound, dry, words, f"{at.rpartition('.')[0]}.compound")
    counted: dict[str, tuple[int, Fraction]] = {}
    for result, share in zip(results, shares, strict=True):
        rank = _RANK[result.status.value if result.status else status]
        best, least = counted.get(result.element, (0, share))
        if rank >= best:
            counted[result.element] = rank, min(share, least) if rank == best else share
    beside = {element: share - pure.get(element, 0) for element, (_, share) in counted.items()}
    whole = sum((share for share in beside.values() if share > 0), pure.get("", Fraction(0)))
    if whole > _tolerated(_WHOLE):
        raise AssaysExceedWhole(elements=sorted(counted), at=at)


def _dry_share(result: AssayResult, dry: Fraction, words: Sequence[str], at: str) -> Fraction:
    """Return the least share of the dry substance that a result means, if it can hold that."""
    expressed = result.expressed_as
    if expressed is not None and not mass_fraction(expressed, result.element):
        raise ExpressedWithoutElement(
            element=result.element, expressed_as=expressed, at=f"{at}.expressed_as"
        )
    lowest = result.value if result.low is None else result.low
    share = assay_fraction(parse_decimal(lowest), result.unit)
    if expressed is not None:
        share = compound_fraction(share, expressed, result.element)
    if result.basis.value != "dry":
        share /= dry
    most = min((in_use().most(word, result.element) for word in words), default=_WHOLE)
    if share > _tolerated(most):
        raise AssayImpossible(fraction=_shown(share), at_most=_shown(most), at=at)
    return share


def _check_purity(
    compound: Compound | None, dry: Fraction, words: Sequence[str], at: str
) -> Mapping[str, Fraction]:
    """Return the shares of the dry substance that a compound is, under "", and its elements."""
    if compound is None:
        return {}
    basis = compound.basis.value
    if basis not in MASS_BASES:
        raise UnitDoesNotFitBasis(
            unit="fraction", basis=basis, fitting=MASS_BASES, at=f"{at}.basis"
        )
    pure = Fraction(parse_decimal(compound.purity)) / (_WHOLE if basis == "dry" else dry)
    if pure > _tolerated(_WHOLE):
        raise AssayImpossible(fraction=_shown(pure), at_most="1", at=f"{at}.purity")
    shares = {
        element: pure * mass_fraction(compound.formula, element)
        for element in parse_formula(compound.formula)
    }
    for element, share in shares.items():
        most = min((in_use().most(word, element) for word in words), default=_WHOLE)
        if share > _tolerated(most):
            raise AssayImpossible(fraction=_shown(share), at_most=_shown(most), at=f"{at}.formula")
    return {"": pure, **shares}


def _check_result(result: AssayResult, at: str, most: Fraction) -> Fraction:
    """Return the share of the element that a result certainly means."""
    if result.basis.value not in MASS_BASES:
        raise UnitDoesNotFitBasis(
            unit=result.unit, basis=result.basis.value, fitting=MASS_BASES, at=f"{at}.basis"
        )
    value = parse_decimal(result.value, at=f"{at}.value")
    _check_within(value, result.low, result.high, at)
    lowest = parse_decimal(result.low, at=at) if result.low is not None else value
    share = assay_fraction(lowest, result.unit, at=f"{at}.unit")
    if result.expressed_as is not None:
        if share > _tolerated(_WHOLE):
            raise AssayImpossible(fraction=_shown(share), at_most="1", at=at)
        with _read_at(f"{at}.expressed_as"):
            share = compound_fraction(share, result.expressed_as, result.element)
    if share > _tolerated(most):
        raise AssayImpossible(fraction=_shown(share), at_most=_shown(most), at=at)
    return share


@contextmanager
def _read_at(at: str) -> Iterator[None]:
    """Say where it stands what cannot be read as an element or a formula."""
    try:
        yield
    except (FormulaMalformed, UnknownElement) as error:
        error.at = at
        raise


def _check_within(value: Decimal, low: str | None, high: str | None, at: str) -> None:
    least = value if low is None else parse_decimal(low, at=f"{at}.low")
    most = value if high is None else parse_decimal(high, at=f"{at}.high")
    if not least <= value <= most:
        raise ValueOutsideRange(value=f"{value:f}", low=f"{least:f}", high=f"{most:f}", at=at)


def _most_beside(compound: Compound | None, element: str) -> Fraction:
    """Return the largest share of an element where so much of the substance is a compound."""
    if compound is None:
        return _WHOLE
    purity = Fraction(parse_decimal(compound.purity))
    return min(_WHOLE, purity * mass_fraction(compound.formula, element) + 1 - purity)


def _tolerated(limit: Fraction) -> Fraction:
    return limit * (1 + ASSAY_TOLERANCE)


def _shown(share: Fraction) -> str:
    return f"{Decimal(share.numerator) / Decimal(share.denominator):.6f}".rstrip("0").rstrip(".")
