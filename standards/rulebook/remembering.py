"""Remembering, per dossier, what several rules ask of it, and still knowing who read what.

Rules are pure, so what one of them computed of a dossier another may have back. Each rule is
charged with the fields behind the answer as if it had computed it itself: that is what later
tells whom a change makes due.
"""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

from standards.rulebook.dossier import Dossier

T = TypeVar("T")
Memory = dict[Hashable, tuple[Any, frozenset[str]]]
"""Answers by question, each with the fields of the dossier it rests on. One per dossier."""


class RecordingDossier:
    """A dossier that notes which fields are looked at."""

    def __init__(self, dossier: Dossier, seen: set[str], memory: Memory) -> None:
        self._dossier = dossier
        self._seen = seen
        self._memory = memory

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._dossier, name)
        self._seen.add(name)
        return value

    def recalled(self, question: Hashable, compute: Callable[[Dossier], Any]) -> Any:
        """Return the answer to a question about this dossier, computed at most once."""
        known = self._memory.get(question)
        if known is None:
            seen: set[str] = set()
            told = compute(cast("Dossier", RecordingDossier(self._dossier, seen, self._memory)))
            known = self._memory[question] = (told, frozenset(seen))
        self._seen |= known[1]
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
