"""Processes that die at a named step: what runs in the child, and nothing of it in the product.

A step is a function of the product and whether death comes just before or just after it. The
child replaces that one name in its own memory, then does its work as any process would; at the
step it sends SIGKILL to itself (`kill -9`: no handler, no cleanup, nothing flushed) or to the
server of its database. The forkserver imports this module once and forks every child off, so
that a process costs milliseconds and none shares a connection or a thread with another.
"""

import os
import signal
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.apps import apps
from django.urls import get_resolver

if not apps.ready:  # in the forkserver, before anything is forked off
    from traceability.project.wsgi import application

    get_resolver().url_patterns  # noqa: B018 - reads all that answers to an address

from django.conf import settings
from django.db import connections

from standards.assessing import assess_due
from standards.following import follow_log
from traceability.publishing import publish_checkpoint
from traceability.recording import Submission, record_statements

BEFORE, AFTER = "before", "after"
COMMIT = "django.db.backends.base.base.BaseDatabaseWrapper._commit"
THREADS = 8  # of the web server
LAST_BREATH = 0.1  # seconds in which the children of a killed server notice


@dataclass(frozen=True, kw_only=True)
class Step:
    """A place in the product's code, and who is killed there.

    `turn`: at which call of the function, counted from 1; of calls made while the function
    `within` runs, where one is named. `server`: the process id of the database server that
    dies; without it the process itself does.
    """

    when: str
    at: str
    turn: int = 1
    within: str = ""
    server: int | None = None
    by: int = signal.SIGKILL

    def arm(self) -> None:
        """Replace the function by one that kills when its turn has come."""
        counts = not self.within
        calls = 0

        def surrounding(original: Any, *args: Any, **more: Any) -> Any:
            nonlocal counts
            counts = True
            try:
                return original(*args, **more)
            finally:
                counts = False

        def deadly(original: Any, *args: Any, **more: Any) -> Any:
            nonlocal calls
            calls += counts
            is_time = counts and calls == self.turn
            if is_time and self.when == BEFORE:
                self.kill()
            result = original(*args, **more)
            if is_time and self.when == AFTER:
                self.kill()
            return result

        _replace(self.at, deadly)
        if self.within:
            _replace(self.within, surrounding)

    def kill(self) -> None:
        """Kill; where the server was killed, come back once it is gone."""
        os.kill(self.server or os.getpid(), self.by)
        while _runs(self.server):
            time.sleep(0.01)
        time.sleep(LAST_BREATH)


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a process of the product finds in its environment: the database, the keys, the guard."""

    databases: Mapping[str, Mapping[str, Any]]
    settings: Mapping[str, Any]
    constants: Mapping[str, Any] = field(default_factory=dict)  # by dotted name

    def enter(self) -> None:
        for alias, parameters in self.databases.items():
            connections.settings.setdefault(alias, {}).update(parameters)
        for name, value in self.settings.items():
            setattr(settings, name, value)
        for path, value in self.constants.items():
            holder, name = _found(path)
            setattr(holder, name, value)


def live(
    surroundings: Surroundings, step: Step | None, work: Callable[..., Any], answer: Connection
) -> None:
    """Be a process: do the work, die at the step if there is one, else tell the result."""
    surroundings.enter()
    if step is not None:
        step.arm()
    try:
        answer.send((work(answer=answer) if work is serve else work(), ""))
    except Exception as error:  # noqa: BLE001 - whatever it is, the test is told
        answer.send((None, f"{type(error).__module__}.{type(error).__name__}: {error}"))


# ── what processes do ─────────────────────────────────────────────────────────────────────


def serve(*, answer: Connection) -> None:
    """Be the web server of the product; tell the port, then answer requests until killed."""
    with make_server("127.0.0.1", 0, application, _Threads, _WithoutWords) as server:
        answer.send(server.server_port)
        server.serve_forever()


def record_each(statements: list[bytes], *, receipts: Connection) -> None:
    """Record one statement after the other; hand each receipt out as soon as there is one."""
    for jws in statements:
        [outcome] = record_statements([Submission(jws=jws)])
        receipts.send((outcome.kind, outcome.entry))


def publish_for_ever() -> None:
    """Publish again and again, until killed."""
    while True:
        publish_checkpoint()


def turn(now: Any) -> int:
    """Do what the periodic task does: publish, follow, assess."""
    publish_checkpoint(now=now)
    follow_log(now=now)
    return assess_due(now=now)


class _Threads(WSGIServer):
    """Answers in threads that stay, as the web server of `./run` does, each with a connection."""

    threads = ThreadPoolExecutor(THREADS)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.threads.submit(self._answer, request, client_address)

    def _answer(self, request: Any, client_address: Any) -> None:
        self.finish_request(request, client_address)
        self.shutdown_request(request)


class _WithoutWords(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test's output clean."""


def _replace(path: str, by: Callable[..., Any]) -> None:
    """Put a function in the place of another one, which it gets as its first argument."""
    holder, name = _found(path)
    original = getattr(holder, name)

    def instead(*args: Any, **more: Any) -> Any:
        return by(original, *args, **more)

    setattr(holder, name, instead)


def _found(path: str) -> tuple[Any, str]:
    """Return the holder of a dotted name (module, class or object) and the last part."""
    parts = path.split(".")
    for end in range(len(parts) - 1, 0, -1):
        try:
            holder: Any = import_module(".".join(parts[:end]))
        except ImportError:
            continue
        for part in parts[end:-1]:
            holder = getattr(holder, part)
        return holder, parts[-1]
    raise LookupError(path)


def _runs(process: int | None) -> bool:
    """Tell whether a process still does something: one that waits for its parent does not."""
    try:
        return process is not None and Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False
