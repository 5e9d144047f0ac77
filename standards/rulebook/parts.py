"""Parts: runs of things that several lots have in common, with what was made of them before.

Lots that came of the same metal share nearly all of their paths. What is asked of the shared part
does not depend on the lot, so it is answered once for all of them (ADR 0017).
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import chain, count
from typing import Any, Self, TypeVar, cast

T = TypeVar("T")
Answer = TypeVar("Answer")


_NUMBERS = count(1)


class Kept(tuple[T, ...]):
    """Things in order, and answers about them by question."""

    memory: dict[Hashable, Any]

    def __new__(cls, things: Iterable[T] = ()) -> Self:
        """Return the things, about which nothing was asked yet."""
        told = super().__new__(cls, things)
        told.memory = {}
        return told

    def recalled(self, question: Hashable, compute: Callable[[Self], Answer]) -> Answer:
        """Return what `compute` makes of these things, computed at most once.

        Args:
            question: what is asked, with everything the answer depends on besides the things.
            compute: pure; called with the things.
        """
        if question not in self.memory:
            self.memory[question] = compute(self)
        return cast("Answer", self.memory[question])


class Part(Kept[T]):
    """Things that several lots have in common."""


class Numbered(Kept[T]):
    """Things under a number that no others have, so that they are known again by it."""

    number: int

    def __new__(cls, things: Iterable[T] = ()) -> Self:
        """Return the things under a number of their own."""
        told = super().__new__(cls, things)
        told.number = next(_NUMBERS)
        return told


class Parted(Numbered[T]):
    """Things in order, which still know the parts that they were put together from."""

    parts: Sequence[Part[T]]

    @classmethod
    def of(cls, parts: Sequence[Part[T]]) -> Self:
        """Put parts together, one after the other."""
        whole = cls(chain.from_iterable(parts))
        whole.parts = parts
        return whole


def parted(things: Sequence[T]) -> Parted[T]:
    """Return things put together of parts: of one, where they were not."""
    return things if isinstance(things, Parted) else Parted.of([Part(things)])
