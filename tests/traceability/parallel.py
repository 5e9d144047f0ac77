"""Doing several things at once, each in a thread with a database connection of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connections


def at_once(*works: Callable[[], object]) -> list:
    """Run works from one start and return what each returned, in their order."""
    start = threading.Barrier(len(works))

    def run(work):
        try:
            start.wait(10)
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=len(works)) as pool:
        return [done.result(60) for done in [pool.submit(run, work) for work in works]]
