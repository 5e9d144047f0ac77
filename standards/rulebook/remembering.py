"""Remembering what rules made of dossiers, and still knowing who read what.

Rules are pure, so what one of them computed of a dossier another may have back, and what a rule
said of one dossier holds for every other that is alike in all that the rule read of it. Each rule
is charged with the fields behind the answer as if it had computed it itself: that is what later
tells whom a change makes due.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from datetime import date
from itertools import zip_longest
from typing import Any, Generic, TypeVar, cast

from standards.rulebook.dossier import Dossier, GoverningDate
from standards.rulebook.parts import Numbered
from standards.rulebook.watching import Today, Watch

T = TypeVar("T")
Place = str | tuple[str, str]
"""What is read of a dossier: a field, or of dates and observations one by its name."""
Places = dict[Place, None]
"""Places in the order in which they were first read."""


class Sight:
    """A dossier, with what was computed of it, and by what its fields are told from others'."""

    __slots__ = ("_keys", "dossier", "known")

    def __init__(self, dossier: Dossier) -> None:
        self.dossier = dossier
        self.known: dict[Hashable, tuple[Any, Places, Watch]] = {}
        self._keys: dict[Place, Hashable] = {}

    def key(self, place: Place) -> Hashable:
        """Return what is equal for two dossiers only where they are alike in this place."""
        known = self._keys.get(place)
        if known is None:
            known = self._keys[place] = _key(self._at(place))
        return known

    def _at(self, place: Place) -> object:
        if isinstance(place, str):
            return getattr(self.dossier, place)
        name, member = place
        return getattr(self.dossier, name).get(member, ())


def _key(value: object) -> Hashable:
    """Return a value itself where it is small, and for things in order the number they have."""
    if isinstance(value, Numbered):
        return value.number
    if isinstance(value, tuple | dict):
        return object() if value else ()  # not looked into: like nothing else
    return value


class RecordingDossier:
    """A dossier that notes what is looked at, and what its day is compared with."""

    def __init__(self, sight: Sight, seen: Places, watch: Watch) -> None:
        self._sight = sight
        self._dossier = sight.dossier
        self._seen = seen
        self._watch = watch

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._dossier, name)
        self._seen[name] = None
        return value

    @property
    def as_of(self) -> date:
        """Return the day of the question, under watch."""
        self._seen["as_of"] = None
        return Today.of(self._dossier.as_of, self._watch)

    def observed(self, check: str) -> Any:
        """Return what one check measured on the path, and nothing about the others."""
        self._seen["observations", check] = None
        return self._dossier.observed(check)

    def governing_day(self, name: GoverningDate) -> date | None:
        """Return the day whose law applies, and nothing about other days."""
        if name == "as_of":
            return self.as_of
        self._seen["dates", name] = None
        return self._dossier.governing_day(name)

    def recalled(self, question: Hashable, compute: Callable[[Dossier], Any]) -> Any:
        """Return the answer to a question about this dossier, computed at most once."""
        known = self._sight.known.get(question)
        if known is None:
            seen: Places = {}
            watch = Watch()
            told = compute(cast("Dossier", RecordingDossier(self._sight, seen, watch)))
            known = self._sight.known[question] = (told, seen, watch)
        self._seen.update(known[1])
        self._watch.take(known[2])
        return known[0]


def remembered(dossier: Dossier, question: Hashable, compute: Callable[[Dossier], T]) -> T:
    """Return what `compute` makes of a dossier, the first time as every other time.

    Args:
        question: what is asked, with everything the answer depends on besides the dossier.
        compute: pure; called with the dossier.
    """
    if isinstance(dossier, RecordingDossier):
        return cast("T", dossier.recalled(question, compute))
    return compute(dossier)


def fields_of(places: Iterable[Place]) -> frozenset[str]:
    """Return the fields that were looked at; a governing date is also `dates.<name>`."""
    names: set[str] = set()
    for place in places:
        if isinstance(place, str):
            names.add(place)
            continue
        names.add(place[0])
        if place[0] == "dates":
            names.add(f"dates.{place[1]}")
    return frozenset(names)


@dataclass(slots=True)
class _Fork(Generic[T]):
    """What is read next, and for each thing that was found there how it goes on."""

    place: Place
    ways: "dict[Hashable, _Fork[T] | _End[T]]" = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _End(Generic[T]):
    answer: T


class Recall(Generic[T]):
    """The answers of one pure function of dossiers, found again by what it read of them.

    What such a function reads first does not depend on the dossier, and what it reads next only
    on what it found so far. So its answers stand at the ends of a tree of readings, and what is
    found on the way to one is all that it rests on.
    """

    __slots__ = ("_root",)

    def __init__(self) -> None:
        self._root: _Fork[T] | _End[T] | None = None

    def find(self, sight: Sight) -> T | None:
        """Return the answer to a dossier that was alike in all that was read of it, if any."""
        node = self._root
        while isinstance(node, _Fork):
            node = node.ways.get(sight.key(node.place))
        return None if node is None else node.answer

    def keep(self, sight: Sight, seen: Iterable[Place], answer: T) -> None:
        """Keep an answer that was not found, by everything that was read for it, in order.

        An answer for which something else was read than for those that were found alike so far
        is of no pure function: it is not kept.
        """
        end = _End(answer)
        places = list(seen)
        if self._root is None:
            self._root = _Fork(places[0]) if places else end
        node = self._root
        for place, after in zip_longest(places, places[1:]):
            if not isinstance(node, _Fork) or node.place != place:
                return
            node = node.ways.setdefault(sight.key(place), end if after is None else _Fork(after))
