"""Elements and compounds: how much of an element a pure substance holds.

Stoichiometric fractions are computed from atomic weights, never typed. The fraction of a
hydrate is another one than that of the dry salt, so the water is part of the formula.

The label of an element is its symbol, and `graphite` for graphite, which counts as fixed
carbon: the carbon of a carbonate is none of it.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType

from traceability.errors import FormulaMalformed, UnknownElement

ATOMIC_WEIGHTS_VERSION = "CIAAW 2021"
ATOMIC_WEIGHTS_SOURCE = (
    "Standard atomic weights of the elements 2021 (IUPAC Technical Report), Pure Appl. Chem. "
    "94 (2022) 573-600, doi:10.1515/pac-2019-0603, Table 1; conventional value where the "
    "standard one is an interval (H, Li, B, C, N, O, Mg, Si, S, Cl, Br, Tl, Pb)"
)

# Elements without a standard atomic weight (Tc, Pm, Po and up, except Th, Pa, U) are left out.
_WEIGHTS = """
    H 1.008 He 4.002602 Li 6.94 Be 9.0121831 B 10.81 C 12.011 N 14.007 O 15.999
    F 18.998403162 Ne 20.1797 Na 22.98976928 Mg 24.305 Al 26.9815384 Si 28.085
    P 30.973761998 S 32.06 Cl 35.45 Ar 39.95 K 39.0983 Ca 40.078 Sc 44.955907 Ti 47.867
    V 50.9415 Cr 51.9961 Mn 54.938043 Fe 55.845 Co 58.933194 Ni 58.6934 Cu 63.546 Zn 65.38
    Ga 69.723 Ge 72.630 As 74.921595 Se 78.971 Br 79.904 Kr 83.798 Rb 85.4678 Sr 87.62
    Y 88.905838 Zr 91.224 Nb 92.90637 Mo 95.95 Ru 101.07 Rh 102.90549 Pd 106.42 Ag 107.8682
    Cd 112.414 In 114.818 Sn 118.710 Sb 121.760 Te 127.60 I 126.90447 Xe 131.293
    Cs 132.90545196 Ba 137.327 La 138.90547 Ce 140.116 Pr 140.90766 Nd 144.242 Sm 150.36
    Eu 151.964 Gd 157.25 Tb 158.925354 Dy 162.500 Ho 164.930329 Er 167.259 Tm 168.934219
    Yb 173.045 Lu 174.9668 Hf 178.486 Ta 180.94788 W 183.84 Re 186.207 Os 190.23 Ir 192.217
    Pt 195.084 Au 196.966570 Hg 200.592 Tl 204.38 Pb 207.2 Bi 208.98040 Th 232.0377
    Pa 231.03588 U 238.02891
"""

ATOMIC_WEIGHTS: Mapping[str, Decimal] = MappingProxyType(
    {symbol: Decimal(weight) for symbol, weight in re.findall(r"(\S+) (\S+)", _WEIGHTS)}
)
"""Atomic weight by symbol, in grams per mole."""

GRAPHITE = "graphite"

_MAX_LENGTH = 80
_MAX_DEPTH = 8

_COUNT = r"[0-9]{1,4}(?:\.[0-9]{1,6})?"
_TOKEN = re.compile(rf"([A-Z][a-z]?)({_COUNT})?|(\()|(\))({_COUNT})?")
_PART = re.compile(rf"({_COUNT})?([A-Z(].*)")
# `CaSO4.0.5H2O` can be read in two ways, and silence about it would change the water.
_TWO_POINTS = re.compile(r"[0-9]\.[0-9]+\.[0-9]")
_JOINT = re.compile(r"\.(?=[A-Z(])|(?<!·[0-9])\.(?=[0-9]{1,2}H2O(?:[.·]|\Z))")


def is_element(label: str) -> bool:
    """Tell whether a label is one that amounts are kept by."""
    return label in ATOMIC_WEIGHTS or label == GRAPHITE


def parse_formula(formula: str) -> Mapping[str, Fraction]:
    """Read a formula such as `NiSO4.6H2O`, `Co(OH)2` or `LiNi0.8Mn0.1Co0.1O2`.

    Parts are joined by `·`, or by a point before a letter, a bracket or a whole number of
    waters. Another point is a decimal point, and only in counts below 2, as mixed oxides have
    them: `NiCO3.2Ni(OH)2` holds no 3.2 oxygen, so it is refused rather than misread.

    Returns:
        Atoms per formula unit, by symbol.

    Raises:
        FormulaMalformed: it cannot be read, or in two ways.
        UnknownElement: a symbol has no standard atomic weight.
    """
    if not isinstance(formula, str) or len(formula) > _MAX_LENGTH or _TWO_POINTS.search(formula):
        raise FormulaMalformed(formula=formula)
    return _parse(formula)


def mass_fraction(formula: str, element: str) -> Fraction:
    """Return the exact mass fraction of an element in a pure compound, in [0, 1].

    Args:
        formula: as `parse_formula` takes it, water included.
        element: a symbol, or `graphite`, of which only elemental carbon has any.

    Raises:
        FormulaMalformed, UnknownElement: named for the fact.
    """
    atoms = parse_formula(formula)
    if element == GRAPHITE:
        return Fraction(int(set(atoms) == {"C"}))
    if element not in ATOMIC_WEIGHTS:
        raise UnknownElement(symbol=element)
    return _share_of(formula, element)


def compound_fraction(share: Decimal | Fraction, formula: str, element: str) -> Fraction:
    """Return the mass fraction of an element in a material of which `share` is a compound.

    Serves purity (`0.995` of `Li2CO3`) and assays that a laboratory expresses as a compound
    (`0.06` as `Li2O`).
    """
    return Fraction(share) * mass_fraction(formula, element)


@lru_cache(maxsize=4096)
def _share_of(formula: str, element: str) -> Fraction:
    atoms = _parse(formula)
    return atoms.get(element, Fraction(0)) * Fraction(ATOMIC_WEIGHTS[element]) / _molar_mass(atoms)


@lru_cache(maxsize=1024)
def _parse(formula: str) -> Mapping[str, Fraction]:
    atoms: dict[str, Fraction] = {}
    for part in _JOINT.sub("·", formula).split("·"):
        match = _PART.fullmatch(part)
        if match is None:
            raise FormulaMalformed(formula=formula)
        _add(atoms, _parse_part(match[2], formula), _count(match[1], formula))
    return MappingProxyType(atoms)


def _parse_part(part: str, formula: str) -> dict[str, Fraction]:
    """Count the atoms of one part, brackets included."""
    groups: list[dict[str, Fraction]] = [{}]
    place = 0
    while place < len(part):
        token = _TOKEN.match(part, place)
        if token is None:
            raise FormulaMalformed(formula=formula)
        symbol, count, opens, _, group_count = token.groups()
        if symbol:
            _add(groups[-1], {_known(symbol): Fraction(1)}, _atoms(count, formula))
        elif opens:
            groups.append({})
        else:
            _close_group(groups, _atoms(group_count, formula), formula)
        place = token.end()
    if len(groups) != 1:
        raise FormulaMalformed(formula=formula)
    return groups[0]


def _close_group(groups: list[dict[str, Fraction]], count: Fraction, formula: str) -> None:
    """Add the innermost group to the one around it."""
    group = groups.pop()
    if not group or not 0 < len(groups) <= _MAX_DEPTH:
        raise FormulaMalformed(formula=formula)
    _add(groups[-1], group, count)


def _add(atoms: dict[str, Fraction], more: Mapping[str, Fraction], times: Fraction) -> None:
    for symbol, count in more.items():
        atoms[symbol] = atoms.get(symbol, Fraction(0)) + count * times


def _count(text: str | None, formula: str) -> Fraction:
    """Read a count; a count of zero says that the formula was meant in another way."""
    count = Fraction(text or "1")
    if not count:
        raise FormulaMalformed(formula=formula)
    return count


def _atoms(text: str | None, formula: str) -> Fraction:
    """Read the count of an atom or a group, where a decimal is below 2."""
    count = _count(text, formula)
    if count.denominator != 1 and count > 2:
        raise FormulaMalformed(formula=formula)
    return count


def _known(symbol: str) -> str:
    if symbol not in ATOMIC_WEIGHTS:
        raise UnknownElement(symbol=symbol)
    return symbol


def _molar_mass(atoms: Mapping[str, Fraction]) -> Fraction:
    weights = (count * Fraction(ATOMIC_WEIGHTS[symbol]) for symbol, count in atoms.items())
    return sum(weights, Fraction(0))
