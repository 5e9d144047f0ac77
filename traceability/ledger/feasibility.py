"""What a quantity or an assay cannot be: refused at the door, whoever sends it.

A figure is impossible where no substance could have it, not where it is merely unlikely
(`plausibility`). What a producer calls its material bounds it only where the name is that of
a pure substance or mineral: the limit is computed from the formula, never typed.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType

from traceability.errors import (
    AssayImpossible,
    AssaysExceedWhole,
    FormulaMalformed,
    MoistureImpossible,
    UnitDoesNotFitBasis,
    UnknownElement,
    ValueOutsideRange,
)
from traceability.ledger.elements import compound_fraction, is_element, mass_fraction
from traceability.ledger.mass import (
    ASSAY_TOLERANCE,
    MASS_BASES,
    assay_fraction,
    end_amount,
    parse_decimal,
)
from traceability.ledger.shapes import AssayResult, Compound, Quantity

PURE_SUBSTANCES: Mapping[str, str] = MappingProxyType(
    {
        "cobalt_carbonate": "CoCO3",
        "cobalt_sulfate": "CoSO4",
        "copper_sulfate": "CuSO4",
        "lithium_carbonate": "Li2CO3",
        "lithium_chloride": "LiCl",
        "lithium_hydroxide": "LiOH",
        "lithium_phosphate": "Li3PO4",
        "lithium_sulfate": "Li2SO4",
        "manganese_sulfate": "MnSO4",
        "nickel_sulfate": "NiSO4",
        "spodumene_concentrate": "LiAlSi2O6",
    }
)
"""Formula of the richest form of a material, without water, by the word for the material.

Only substances and minerals that one formula describes; a concentrate of copper has none.
"""

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
    material: str = "",
    compound: Compound | None = None,
) -> None:
    """Verify that a substance can hold what a document finds in it.

    Args:
        results: of one document about one lot.
        at: the JSON path of the results.
        material: the word for the lot's material; a pure substance bounds its elements.
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
        share = _check_result(result, here, _most(result.element, material, compound))
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


def _most(element: str, material: str, compound: Compound | None) -> Fraction:
    """Return the largest share of an element that the dry substance can have."""
    if compound is not None:
        purity = Fraction(parse_decimal(compound.purity))
        return min(_WHOLE, purity * mass_fraction(compound.formula, element) + 1 - purity)
    formula = PURE_SUBSTANCES.get(material)
    bound = mass_fraction(formula, element) if formula else Fraction(0)
    return bound or _WHOLE


def _tolerated(limit: Fraction) -> Fraction:
    return limit * (1 + ASSAY_TOLERANCE)


def _shown(share: Fraction) -> str:
    return f"{Decimal(share.numerator) / Decimal(share.denominator):.6f}".rstrip("0").rstrip(".")
