"""A ledger to which every test goes back, and the processes that work on it."""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from signal import SIGKILL
from typing import Any

from django.conf import settings
from django.db import connections

from tests.faults import dying
from tests.faults.dying import Step, Surroundings
from traceability.project.embedded_postgres import LEDGER_DATABASE, OWNER, Cluster

TEMPLATE = "staged"
PATIENCE = 120  # seconds until a process is taken for stuck

Constants = Mapping[str, Any]  # of the product, by dotted name, as a process is to find them
NONE: Constants = {}

_forkserver = get_context("forkserver")
_forkserver.set_forkserver_preload(["pytest", dying.__name__])  # or each process imports both


@dataclass
class Scene:
    """The database and the guard as they were kept, and processes that find both."""

    cluster: Cluster
    place: Path
    facts: Any = None
    _running: list[BaseProcess] = field(default_factory=list)

    # ── going back ────────────────────────────────────────────────────────────────────────

    def keep(self) -> None:
        """Keep database and guard as they are now."""
        self._copy(TEMPLATE, LEDGER_DATABASE)
        shutil.copytree(self._guard.parent, self.place / "kept", dirs_exist_ok=True)

    def go_back(self) -> None:
        """Put database and guard back as they were kept."""
        self._copy(LEDGER_DATABASE, TEMPLATE)
        shutil.rmtree(self._guard.parent)
        shutil.copytree(self.place / "kept", self._guard.parent)

    def forget(self) -> None:
        connections.close_all()
        self.cluster.sql(f"DROP DATABASE IF EXISTS {TEMPLATE} WITH (FORCE)")

    def end_all(self) -> None:
        """End what a failed test left running."""
        for process in self._running:
            process.kill()
            process.join()
        self._running.clear()

    def _copy(self, name: str, source: str) -> None:
        connections.close_all()
        self.cluster.sql(
            f"DROP DATABASE IF EXISTS {name} WITH (FORCE);"
            f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {source};"
        )

    @property
    def _guard(self) -> Path:
        return Path(settings.GUARD_PATH)

    # ── processes ─────────────────────────────────────────────────────────────────────────

    def dies(self, work: Callable[..., Any], step: Step, constants: Constants = NONE) -> None:
        """Let a process do the work and die at the step: it must get there."""
        with self.process(work, step, constants) as (process, answer):
            process.join(PATIENCE)
            assert process.exitcode == -SIGKILL, f"not reached: {step} ({told(answer)})"

    def does(
        self, work: Callable[..., Any], step: Step | None = None, constants: Constants = NONE
    ) -> Any:
        """Let a process do the work to its end; return the result or raise what it raised."""
        with self.process(work, step, constants) as (process, answer):
            result, error = told(answer)
            process.join(PATIENCE)
        if error:
            raise ProcessFailed(error)
        return result

    @contextmanager
    def serving(
        self, step: Step | None = None, constants: Constants = NONE
    ) -> Iterator[tuple[BaseProcess, int]]:
        """Run the web server while the block lasts; give the process and its port."""
        with self.process(dying.serve, step, constants) as (process, answer):
            assert answer.poll(PATIENCE), "the web server did not start"
            yield process, answer.recv()

    @contextmanager
    def process(
        self, work: Callable[..., Any], step: Step | None = None, constants: Constants = NONE
    ) -> Iterator[tuple[BaseProcess, Connection]]:
        """Start a process; whatever became of it, it is gone after the block."""
        connections.close_all()  # this process holds no lock and no snapshot meanwhile
        receiver, sender = _forkserver.Pipe(duplex=False)
        process = _forkserver.Process(
            target=dying.live, args=(self._surroundings(constants), step, work, sender)
        )
        process.start()
        self._running.append(process)
        sender.close()
        try:
            yield process, receiver
        finally:
            process.kill()
            process.join()
            self._running.remove(process)
            receiver.close()

    def _surroundings(self, constants: Constants) -> Surroundings:
        names = ("HOST", "USER", "NAME")
        kept = ("GUARD_PATH", "KEY_ENCRYPTION_KEY", "LOG_KEY_FILE", "SECURE_SSL_REDIRECT")
        return Surroundings(
            databases={
                alias: {name: connections[alias].settings_dict[name] for name in names}
                for alias in connections
            },
            settings={name: getattr(settings, name) for name in kept},
            constants=dict(constants),
        )


def kill(cluster: Cluster) -> None:
    """Kill a database server, and come back once it is gone."""
    assert cluster.pid
    os.kill(cluster.pid, SIGKILL)
    while cluster.is_ready():
        time.sleep(0.01)


class ProcessFailed(Exception):
    """A process told an error instead of a result."""


def told(answer: Connection) -> tuple[Any, str]:
    """Return what a process told at its end: its result or its error."""
    try:
        result, error = answer.recv() if answer.poll(PATIENCE) else (None, "no answer")
    except EOFError:
        return None, "it died"
    return result, error
