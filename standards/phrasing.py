"""Sentences of findings in a reader's language.

Findings keep their sentences in English, byte for byte: the pure core knows no gettext, and what
is kept is part of a verdict's digest. Read backwards, a sentence is a template with facts in it:
every f-string of the core is one, and `standards.sentences` lists them for translators. Here a
kept sentence is matched against that list, and its template's translation is filled with the same
facts, which may be sentences themselves. Nothing has to be kept besides, so that findings of any
age can be read; a sentence that no template explains stays in English as it is.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from django.utils.translation import get_language, gettext

from standards.sentences import SENTENCES

_PLACE = re.compile(r"%\((\w+)\)s|%%")
_WORD = re.compile(r"[^\W\d_]{2,}")
_PHRASE = re.compile(r"[^\W\d_]{2,}[,;]? [a-zé-ÿ]{2,}")
_BESIDE = re.compile(r"(.+) \(([^()]+(?:\([^()]*\)[^()]*)*)\)", re.DOTALL)
_SLIGHT = 8
_DEEP = 6
"""So many sentences stand in each other at most."""


@dataclass(frozen=True, kw_only=True)
class Template:
    """Words with named places between them, as gettext writes it: `%(site)s: awarded on %(on)s`."""

    text: str

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Return the names of its places, in order."""
        return tuple(found[1] for found in _PLACE.finditer(self.text) if found[1])

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Return what stands before, between and behind its places in a sentence."""
        parts, held, end = [], "", 0
        for found in _PLACE.finditer(self.text):
            held += self.text[end : found.start()]
            end = found.end()
            if found[1]:
                parts.append(held)
                held = ""
            else:
                held += "%"
        return (*parts, held + self.text[end:])

    @cached_property
    def longest(self) -> str:
        """Return its longest run of words: a sentence without it is none of this template."""
        return max(self.words, key=len)

    @cached_property
    def weight(self) -> tuple[int, int]:
        """Return how much it explains: of two templates that fit, the weightier is meant."""
        return sum(map(len, self.words)), -len(self.names)

    @cached_property
    def is_slight(self) -> bool:
        """Tell whether it has so few words that other sentences may have them by chance."""
        return sum(map(len, _WORD.findall("".join(self.words)))) < _SLIGHT

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Return what matches its sentences and captures their facts."""
        return re.compile("(.+?)".join(map(re.escape, self.words)), re.DOTALL)

    def facts_in(self, sentence: str) -> dict[str, str] | None:
        """Return the facts in a sentence by name; None where it is none of this template."""
        if self.longest not in sentence:
            return None
        found = self.pattern.fullmatch(sentence)
        if found is None:
            return None
        return dict(zip(self.names, found.groups(), strict=True))


@lru_cache(maxsize=1)
def _templates() -> Sequence[Template]:
    every = [Template(text=text) for text in SENTENCES]
    return sorted(every, key=lambda one: one.weight, reverse=True)


def in_language(sentence: str) -> str:
    """Return a sentence of the rulebook in the language of the reader; English where unknown."""
    language = get_language()
    if language is None or language.partition("-")[0] == "en":
        return sentence
    return told(sentence, _templates(), gettext)


def told(
    sentence: str, templates: Sequence[Template], translate: Callable[[str], str], deep: int = _DEEP
) -> str:
    """Return a sentence as its template's translation says it, and the facts in it likewise.

    Args:
        templates: the weightiest first.
        translate: gives the translation of a template's text, or the text itself.
        deep: how many sentences may stand in each other.
    """
    if deep == 0 or not _WORD.search(sentence):
        return sentence

    def again(part: str) -> str:
        return told(part, templates, translate, deep - 1)

    for one in templates:
        facts = one.facts_in(sentence)
        if facts is not None and (not one.is_slight or _all_known(facts.values(), templates)):
            try:
                return translate(one.text) % {name: again(fact) for name, fact in facts.items()}
            except (KeyError, TypeError, ValueError):  # a translation with other places than ours
                return sentence
    return _in_parts(sentence, again)


def _all_known(facts: Iterable[str], templates: Sequence[Template]) -> bool:
    """Tell whether none of some facts is a phrase that nobody knows: too few words beside it."""
    weighty = [one for one in templates if not one.is_slight]
    return not any(
        _PHRASE.search(fact) and all(one.facts_in(fact) is None for one in weighty)
        for fact in facts
    )


def _in_parts(sentence: str, again: Callable[[str], str]) -> str:
    """Return a sentence that is put together of others, with each of them told again."""
    for joint in ("; ", ": "):
        before, found, after = sentence.partition(joint)
        if found:
            return f"{again(before)}{joint}{again(after)}"
    beside = _BESIDE.fullmatch(sentence)
    if beside:
        return f"{again(beside[1])} ({again(beside[2])})"
    first, _, rest = sentence.partition(" ")
    return f"{first} {again(rest)}" if rest and not first.isalpha() else sentence


# ── the list of templates, from the source ────────────────────────────────────────────────

PACKAGES = ("standards/rulebook", "traceability/ledger/plausibility")
_NO_FINDINGS = (
    *("_format.py", "_shapes.py", "_statements.py", "errors.py", "catalogue.py", "checking.py"),
    *("parameters.py", "register_file.py", "statements.py", "vectors.py"),
)
"""Ends of names of files whose texts are for those who write packs, files and statements."""
_NO_SENTENCES = frozenset({"source", "description", "pattern", "governed_by"})
"""Arguments whose texts are citations or patterns, and nothing of our own words."""


def templates_of(root: Path) -> list[str]:
    """Return the text of every template in the core's source below a folder, sorted."""
    files = [path for package in PACKAGES for path in sorted((root / package).rglob("*.py"))]
    found: set[str] = set()
    for path in files:
        if not path.name.endswith(_NO_FINDINGS):
            found.update(_texts(ast.parse(path.read_text(encoding="utf-8"))))
    return sorted(found)


def _texts(tree: ast.AST) -> Iterator[str]:
    """Yield f-strings with words in them, and texts of several words."""
    if isinstance(tree, ast.keyword) and tree.arg in _NO_SENTENCES:
        return
    if isinstance(tree, ast.Expr) and isinstance(tree.value, ast.Constant):
        return  # a docstring
    text = _text(tree)
    if text is not None:
        yield text
    inner = [one for one in ast.iter_child_nodes(tree) if not _is_part(tree, one)]
    for child in inner:
        yield from _texts(child)


def _text(tree: ast.AST) -> str | None:
    """Return the template that one place in the source is; None where it has no words."""
    if isinstance(tree, ast.JoinedStr):
        text = _template(tree)
        return text if _WORD.search(_PLACE.sub("", text)) else None
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        return tree.value.replace("%", "%%") if _PHRASE.search(tree.value) else None
    return None


def _is_part(tree: ast.AST, child: ast.AST) -> bool:
    """Tell whether a text is but a part of an f-string, or says how a fact is written."""
    if isinstance(tree, ast.FormattedValue):
        return child is tree.format_spec
    return isinstance(tree, ast.JoinedStr) and isinstance(child, ast.Constant)


def _template(joined: ast.JoinedStr) -> str:
    names: list[str] = []
    text = ""
    for value in joined.values:
        if isinstance(value, ast.Constant):
            text += str(value.value).replace("%", "%%")
        elif isinstance(value, ast.FormattedValue):
            name = _name(value.value)
            names.append(name)
            number = names.count(name)
            text += f"%({name}{number if number > 1 else ''})s"
    return text


def _name(value: ast.expr) -> str:
    """Return what a translator may call the fact: the last name in the expression."""
    if isinstance(value, ast.Name):
        return value.id
    if isinstance(value, ast.Attribute):
        return value.attr
    if isinstance(value, ast.Call):
        inner = value.args[0] if value.args else value.func
        return _name(inner)
    if isinstance(value, ast.Subscript | ast.BinOp):
        return _name(value.value if isinstance(value, ast.Subscript) else value.left)
    return "fact"
