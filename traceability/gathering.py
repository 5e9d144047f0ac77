"""Threads that come with the same work at the same time do it as one.

While one of them works, those who come wait; when it is done, the first of them does the work of
all who wait by then. So nobody waits for company, and the busier it is, the more is shared. It is
how PostgreSQL commits, one level higher.
"""

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")

_MOST = 32  # in one group


class _Turn(Generic[T]):
    """One thread's share, and the lock on which it waits to be told."""

    __slots__ = ("group", "is_done", "item", "told")

    def __init__(self, item: T) -> None:
        self.item = item
        self.group: list[_Turn[T]] = [self]  # whose work it does, itself first
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
        return self._do_for(turn.group)

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
            group, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            self._is_busy = bool(group)
        if group:
            group[0].group = group
            group[0].told.release()
