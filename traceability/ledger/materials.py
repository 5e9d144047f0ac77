"""Materials: which mineral a word names, and what a substance of that name can be, as data.

`materials.toml` beside this file has the words that every ledger knows. A deployment adds words
of its own in a file of the same form, which whoever starts the process reads and puts in use
before anything is asked; this module reads no other file and no environment. What rests on these
words is told or asked when a statement comes in, never when a record is verified: so a word that
is added, or a release that knows one more, makes no statement of before invalid.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property, lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from traceability.errors import FormulaMalformed, MaterialsMalformed, UnknownElement
from traceability.ledger.elements import is_element, mass_fraction, parse_formula

_NAME = re.compile(r"[a-z][a-z0-9]{0,31}")
_WORD = re.compile(r"[a-z][a-z0-9_]{0,63}")
_TABLES = frozenset({"minerals", "substances"})


@dataclass(frozen=True, kw_only=True, eq=False)
class Materials:
    """What words for materials mean.

    Args:
        minerals: label of the element that is counted, by the name of the mineral.
        substances: by the word for a pure substance, formulas of what it can be.
    """

    minerals: Mapping[str, str]
    substances: Mapping[str, tuple[str, ...]]

    @cached_property
    def counted(self) -> frozenset[str]:
        """Return the elements that a compound is counted for; oxygen is nobody's question."""
        return frozenset(self.minerals.values())

    def named_in(self, material: str) -> frozenset[str]:
        """Return the elements that the word for a material names: `copper_concentrate` is Cu."""
        names = self.minerals
        return frozenset(names[word] for word in material.split("_") if word in names)

    def most(self, material: str, element: str) -> Fraction:
        """Return the largest share of an element that a dry substance of that name can have.

        It is 1 where the word is not that of a pure substance, or the element no part of it: what
        is not the substance may be anything, and water of crystallization goes without saying.
        """
        if element in _OF_WATER:
            return _WHOLE
        formulas = self.substances.get(material)
        return _WHOLE if formulas is None else _richest(formulas, element)


@lru_cache(maxsize=4096)
def _richest(formulas: tuple[str, ...], element: str) -> Fraction:
    return max(mass_fraction(one, element) for one in formulas) or _WHOLE


_WHOLE = Fraction(1)
_OF_WATER = frozenset({"H", "O"})


def read_materials(text: str, *, known: Materials | None = None) -> Materials:
    """Read a table of materials, and add it to what is known.

    Args:
        text: TOML with the tables `minerals` and `substances`, as `materials.toml` has them.
        known: words that the new ones are added to; what they mean stays.

    Raises:
        MaterialsMalformed: with the table and word that cannot be; nothing is taken of it.
    """
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MaterialsMalformed(f"it is no TOML: {error}", at="") from None
    for name in sorted(told.keys() - _TABLES):
        raise MaterialsMalformed("there is no such table", at=name)
    minerals = {
        name: _label(name, label) for name, label in _table(told, "minerals", _NAME).items()
    }
    substances = {
        word: _formulas(word, formulas)
        for word, formulas in _table(told, "substances", _WORD).items()
    }
    if known is None:
        known = Materials(minerals={}, substances={})
    return Materials(
        minerals=_added("minerals", known.minerals, minerals),
        substances=_added("substances", known.substances, substances),
    )


@cache
def packaged() -> Materials:
    """Return the words that every ledger knows."""
    file = resources.files("traceability.ledger") / "materials.toml"
    return read_materials(file.read_text(encoding="utf-8"))


_chosen: list[Materials] = []


def in_use() -> Materials:
    """Return the words that this process knows."""
    return _chosen[-1] if _chosen else packaged()


def use(materials: Materials) -> None:
    """Let this process know these words from now on; called once, as it starts."""
    _chosen[:] = [materials]


def elements_named(material: str) -> frozenset[str]:
    """Return the elements that the word for a material names: `copper_concentrate` is Cu."""
    return in_use().named_in(material)


# ── reading ───────────────────────────────────────────────────────────────────────────────


def _table(told: Mapping[str, Any], name: str, word: re.Pattern[str]) -> Mapping[str, Any]:
    table = told.get(name, {})
    if not isinstance(table, dict):
        raise MaterialsMalformed("it is no table", at=name)
    for key in table:
        if word.fullmatch(key) is None:
            raise MaterialsMalformed("this is no word of the record", at=f"{name}.{key}")
    return table


def _label(name: str, label: object) -> str:
    if not isinstance(label, str) or not is_element(label):
        problem = f"{label!r} is no symbol of an element with an atomic weight, nor graphite"
        raise MaterialsMalformed(problem, at=f"minerals.{name}")
    return label


def _formulas(word: str, told: object) -> tuple[str, ...]:
    formulas: list[Any] = told if isinstance(told, list) else [told]
    if not formulas:
        raise MaterialsMalformed("it names no formula", at=f"substances.{word}")
    try:
        for formula in formulas:
            parse_formula(formula)
    except (FormulaMalformed, UnknownElement) as error:
        raise MaterialsMalformed(error.message, at=f"substances.{word}") from None
    return tuple(formulas)


def _added(table: str, known: Mapping[str, Any], new: Mapping[str, Any]) -> Mapping[str, Any]:
    for word in sorted(known.keys() & new.keys()):
        if known[word] != new[word]:
            raise MaterialsMalformed("the word has another meaning already", at=f"{table}.{word}")
    return MappingProxyType({**known, **new})
