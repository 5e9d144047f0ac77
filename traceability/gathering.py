"""Threads that come with the same work at the same time do it as one.

While one of them works, those who come wait; when it is done, the first of them is woken, and does
the work of all who wait by the time it is awake: other threads may run before it does. So nobody
waits for company, and the busier it is, the more is shared. It is how PostgreSQL commits, one level
higher.
"""

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")

_MOST = 32  # in one group


class _Turn(Generic[T]):
    """One thread's share, and the lock on which it waits to be told."""

    __slots__ = ("is_done", "item", "told")

    def __init__(self, item: T) -> None:
        self.item = item
        self.is_done: bool | None = None  # None: not yet, it is its turn to work
        self.told = Lock()


class Gathering(Generic[T]):
    """Does work for groups of threads, one group at a time."""

    def __init__(self, work: Callable[[list[T]], object]) -> None:
        self._work = work
        self._lock = Lock()
        self._waiting: list[_Turn[T]] = []
        self._is_busy = False

    def do(self, item: T) -> bool:
        """Have an item worked on, by this thread or for it.

        Returns:
            False where the work of the group failed: nothing is done, and each of its threads
            is free to try alone, where an error is its own.
        """
        turn = _Turn(item)
        with self._lock:
            waits = self._is_busy
            self._is_busy = True
            if waits:
                turn.told.acquire()
                self._waiting.append(turn)
        if waits:
            turn.told.acquire()  # until somebody releases it
            if turn.is_done is not None:
                return turn.is_done
        return self._do_for(self._group_of(turn))

    def _group_of(self, turn: _Turn[T]) -> list[_Turn[T]]:
        """Return whose work a thread does when it is its turn: its own, and of who waits by now."""
        with self._lock:
            others, self._waiting = self._waiting[: _MOST - 1], self._waiting[_MOST - 1 :]
        return [turn, *others]

    def _do_for(self, group: list[_Turn[T]]) -> bool:
        is_done = False
        try:
            self._work([turn.item for turn in group])
            is_done = True
        except Exception:  # noqa: BLE001 - it is met again, alone, and then raised
            return False
        finally:
            self._pass_on()
            for turn in group[1:]:
                turn.is_done = is_done
                turn.told.release()
        return True

    def _pass_on(self) -> None:
        """Let the first who waits work for the others."""
        with self._lock:
            following = self._waiting.pop(0) if self._waiting else None
            self._is_busy = following is not None
        if following is not None:
            following.told.release()
