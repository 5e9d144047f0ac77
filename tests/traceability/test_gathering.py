"""Work of threads that come together: each gets its answer, and failures go back to each alone."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from traceability.gathering import Gathering


class Work:
    """Notes each group; the first may be held back until others wait."""

    def __init__(self, *, failing=frozenset()):
        self.groups = []
        self.failing = failing
        self.is_open = Event()
        self.has_begun = Event()

    def __call__(self, items):
        self.groups.append(list(items))
        self.has_begun.set()
        assert self.is_open.wait(10)
        if self.failing & set(items):
            raise ZeroDivisionError


def waiting(gathering):
    return len(gathering._waiting)


def at_once(work, count):
    """Let item 0 begin, let the others come meanwhile, then open the gate."""
    gathering = Gathering(work)
    with ThreadPoolExecutor(count) as pool:
        first = pool.submit(gathering.do, 0)
        assert work.has_begun.wait(10)
        others = [pool.submit(gathering.do, item) for item in range(1, count)]
        while waiting(gathering) < count - 1:
            pass
        work.is_open.set()
        return [one.result(10) for one in (first, *others)]


def test_who_comes_alone_works_alone():
    work = Work()
    work.is_open.set()
    gathering = Gathering(work)

    assert gathering.do("a")
    assert gathering.do("b")
    assert work.groups == [["a"], ["b"]]


def test_those_who_come_while_one_works_are_the_next_group():
    work = Work()
    assert at_once(work, 5) == [True] * 5
    assert work.groups[0] == [0]
    assert [sorted(group) for group in work.groups[1:]] == [[1, 2, 3, 4]]


def test_who_is_woken_takes_along_who_came_while_it_woke():
    class Sleepy(Gathering):
        def _group_of(self, turn):
            while turn.item == 1 and waiting(self) < 1:
                pass
            return super()._group_of(turn)

    work = Work()
    gathering = Sleepy(work)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(gathering.do, 0)
        assert work.has_begun.wait(10)
        second = pool.submit(gathering.do, 1)
        while waiting(gathering) < 1:
            pass
        work.is_open.set()
        assert first.result(10)
        third = pool.submit(gathering.do, 2)
        assert second.result(10)
        assert third.result(10)
    assert work.groups == [[0], [1, 2]]


def test_a_group_has_a_limit_and_nobody_is_forgotten():
    work = Work()
    assert at_once(work, 40) == [True] * 40
    assert [len(group) for group in work.groups] == [1, 32, 7]
    assert sorted(item for group in work.groups for item in group) == list(range(40))


def test_where_a_group_fails_each_is_told_to_try_alone():
    work = Work(failing={3})
    assert at_once(work, 5) == [True, False, False, False, False]


def test_a_failure_of_one_does_not_reach_the_group_after():
    work = Work(failing={0})
    assert at_once(work, 3) == [False, True, True]


def test_whoever_is_interrupted_lets_the_others_go_on():
    class Interrupted(Work):
        def __call__(self, items):
            super().__call__(items)
            if 0 in items:
                raise KeyboardInterrupt

    work = Interrupted()
    gathering = Gathering(work)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(gathering.do, 0)
        assert work.has_begun.wait(10)
        others = [pool.submit(gathering.do, item) for item in (1, 2)]
        while waiting(gathering) < 2:
            pass
        work.is_open.set()
        assert [one.result(10) for one in others] == [True, True]
        with pytest.raises(KeyboardInterrupt):
            first.result(10)
    assert gathering.do(3)
