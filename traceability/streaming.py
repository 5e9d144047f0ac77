"""Rows of the database's functions, read as they are found.

A large answer is worked on while the server still looks up the rest of it, and several functions
are asked in one message. They are prepared once for a connection: planning takes a millisecond,
which is a tenth of the time that a trace is given.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import generators
from psycopg.adapt import Transformer
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGresult

from traceability import wire

Row = tuple[Any, ...]
Call = tuple[str, Sequence[str | None]]
"""A function of migrations/sql that returns rows, and its arguments as text."""

_ONE_PLAN: Call = "set_config", ("plan_cache_mode", "force_generic_plan", "true")
"""For what is asked together with it: a plan for each set of lots would be no better, and late."""
_AT_ONCE = 100  # rows that the server hands over together
_AHEAD = 40  # of these parts, before somebody asks for them


def rows_of(function: str, *arguments: str | None) -> list[Row]:
    """Return all rows of a function."""
    return [row for _, rows in Answers((function, arguments)) for row in rows]


class Answers:
    """The rows of some calls, asked for in one message and read in their order.

    They have to be read: until the last row the connection takes nothing else.
    """

    def __init__(self, *calls: Call, database: BaseDatabaseWrapper | None = None) -> None:
        """Ask, on Django's connection where no other is given.

        Raises:
            django.db.Error: as from a cursor.
        """
        self._database = database = database or wire.wrapper()
        self._calls = (_ONE_PLAN, *calls)
        self._ready: deque[PGresult | None] = deque()
        database.ensure_connection()
        names = [
            wire.prepared(database, name, len(given), columns="*") for name, given in self._calls
        ]
        self._wire = database.connection.pgconn
        with database.wrap_database_errors:
            self._wire.enter_pipeline_mode()
            for name, (_, given) in zip(names, self._calls, strict=True):
                texts = [None if one is None else one.encode() for one in given]
                self._wire.send_query_prepared(name, texts)
            self._wire.pipeline_sync()
            database.connection.wait(generators.send(self._wire))

    def __iter__(self) -> Iterator[tuple[int, list[Row]]]:
        """Yield the number of a call and some of its rows, as they are found.

        Raises:
            django.db.Error: as from a cursor; calls after the one that failed are not made.
        """
        adapting = Transformer.from_context(self._database.connection)
        try:
            for number, call in enumerate(self._calls):
                self._wire.set_chunked_rows_mode(_AT_ONCE)
                for part in self._parts():
                    if call is not _ONE_PLAN:
                        adapting.set_pgresult(part)
                        yield number - 1, adapting.load_rows(0, part.ntuples, tuple)
        finally:
            self._finish()

    def go_on(self) -> None:
        """Take what has come by now, so that the server need not wait; it is not waited for."""
        with self._database.wrap_database_errors:
            while len(self._ready) < _AHEAD and (not self._ready or self._ready[-1] is not None):
                self._wire.consume_input()
                if self._wire.is_busy():
                    return
                self._ready.append(self._wire.get_result())

    def _parts(self) -> Iterator[PGresult]:
        """Yield the parts of the next answer."""
        while (answer := self._next()) is not None:
            if answer.status == ExecStatus.TUPLES_CHUNK:
                yield answer
            elif answer.status != ExecStatus.TUPLES_OK:  # as which the end comes, empty
                wire.fail(self._database, answer, begins=False)

    def _next(self) -> PGresult | None:
        if self._ready:
            return self._ready.popleft()
        with self._database.wrap_database_errors:
            answer: PGresult | None = self._database.connection.wait(generators.fetch(self._wire))
        return answer

    def _finish(self) -> None:
        """Take what is still to come, which nobody needs, and leave the pipeline."""
        if self._wire.status == ConnStatus.BAD:
            return
        while (answer := self._next()) is None or answer.status != ExecStatus.PIPELINE_SYNC:
            pass
        self._wire.exit_pipeline_mode()
