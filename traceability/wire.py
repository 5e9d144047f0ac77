"""PostgreSQL spoken to directly: on Django's connection, inside its transactions, past its cursors.

Recording a statement is one millisecond of work, of which cursors would take a quarter. Here a
call is one message to the server, for which libpq waits without the interpreter lock. BEGIN goes
with the first message of a transaction and COMMIT with the last, so that recording takes two
round trips and not four; Django opens and closes the transaction as ever, and finds it begun and
committed.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, NoReturn
from weakref import WeakKeyDictionary

import psycopg
from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import generators
from psycopg.abc import PQGen
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.waiting import Wait

Row = Sequence[str | None]


class ConnectionStale(psycopg.OperationalError):
    """The connection was found dead by the message that would have begun the transaction."""


def call(function: str, *arguments: bytes | None, is_last: bool = False) -> bytes | None:
    """Call a function of the database; return its answer as text.

    Args:
        function: a name of migrations/sql.
        arguments: as text, None for null.
        is_last: commit with it, unless somebody else's transaction is around this one.

    Raises:
        django.db.Error: as from a cursor; `ConnectionStale` is its cause where nothing was sent.
    """
    database = wrapper()
    wire = database.connection.pgconn
    begins = wire.transaction_status == TransactionStatus.IDLE
    name = prepared(database, function, len(arguments), begins=begins)
    ends = is_last and not database.savepoint_ids
    with database.wrap_database_errors:
        try:
            answers = _exchange(database, name, arguments, begins=begins, ends=ends)
        except psycopg.OperationalError as error:
            if begins and not ends and wire.status == ConnStatus.BAD:
                raise ConnectionStale(str(error)) from error
            raise
    for answer in answers:
        if answer.status not in _FINE:
            fail(database, answer, begins=begins)
    answer = answers[begins]
    return answer.get_value(0, 0) if answer.ntuples else None


def _exchange(
    database: BaseDatabaseWrapper,
    name: bytes,
    arguments: Sequence[bytes | None],
    *,
    begins: bool,
    ends: bool,
) -> list[PGresult]:
    """Send one message, and wait for all its answers."""
    wire = database.connection.pgconn
    wire.enter_pipeline_mode()
    try:
        if begins:
            wire.send_query_params(b"BEGIN", None)
        wire.send_query_prepared(name, arguments)
        if ends:
            wire.send_query_params(b"COMMIT", None)
        wire.pipeline_sync()
        answers: list[PGresult] = database.connection.wait(_answers(wire))
    finally:
        if wire.status != ConnStatus.BAD:
            wire.exit_pipeline_mode()
    return answers


def _answers(wire: PGconn) -> PQGen[list[PGresult]]:
    """Send what is queued and gather the answers, up to that of the synchronization."""
    while wire.flush():
        yield Wait.RW
        wire.consume_input()
    answers: list[PGresult] = []
    while not answers or answers[-1].status != ExecStatus.PIPELINE_SYNC:
        while wire.is_busy():
            yield Wait.R
            wire.consume_input()
        answer = wire.get_result()
        if answer is not None:  # which only parts one query's answer from the next
            answers.append(answer)
    return answers


_PREPARED: WeakKeyDictionary[Any, set[bytes]] = WeakKeyDictionary()
"""Names of the statements that a connection knows."""


def prepared(
    database: BaseDatabaseWrapper,
    function: str,
    arguments: int,
    *,
    begins: bool = False,
    columns: str = "",
) -> bytes:
    """Return the name of the prepared call of a function; `columns` of one that returns rows."""
    name = f"{columns}{function}".encode()
    known = _PREPARED.setdefault(database.connection, set())
    if name not in known:
        places = ",".join(f"${place}" for place in range(1, arguments + 1))
        source = f"{columns} FROM " if columns else ""
        text = f"SELECT {source}{function}({places})"
        answer = database.connection.pgconn.prepare(name, text.encode())
        if answer.status != ExecStatus.COMMAND_OK:
            fail(database, answer, begins=begins)
        known.add(name)
    return name


_FINE = frozenset({ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK, ExecStatus.PIPELINE_SYNC})


def trust_connection() -> None:
    """Let the first call find out whether the connection still works: it can be made again.

    Django would ask the database before every request (`conn_health_checks`), which is one
    more round trip.
    """
    database: Any = connections[DEFAULT_DB_ALIAS]
    if database.connection is not None:
        database.health_check_done = True


def connected() -> "psycopg.Connection[Any]":
    """Return the connection of this thread to the database, made now if need be."""
    connected: psycopg.Connection[Any] = wrapper().connection
    return connected


def array(items: Iterable[str]) -> bytes:
    """Return a text[] as PostgreSQL reads it, for the wire; see `array_text`."""
    return array_text(items).encode()


def array_text(items: Iterable[str]) -> str:
    """Return an array as PostgreSQL reads it; the driver takes ten times as long for a list."""
    names = list(items)
    text = '","'.join(names)
    if "\\" in text or text.count('"') > 2 * (len(names) - 1):
        text = '","'.join(one.replace("\\", "\\\\").replace('"', '\\"') for one in names)
    return f'{{"{text}"}}' if names else "{}"


class Copy:
    """Rows on their way into tables by COPY, while this thread does something else.

    One table after the other; until `drain` the connection takes nothing else.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[bytes, bytes]] = deque()
        self._rows: bytes | None = None  # of the table that the server was asked to take them for
        self._is_under_way = False

    def add(
        self, table: str, columns: Sequence[str], rows: Sequence[Row], *, null: str = ""
    ) -> None:
        r"""Let rows wait for their turn. None is null; no text is empty in the tables of the log.

        Args:
            null: with `\N` texts may be empty and nothing is null.
        """
        if rows:
            command = f"COPY {table} ({','.join(columns)}) FROM STDIN (NULL '{null}')"
            self._waiting.append((command.encode(), _lines(rows)))

    def go_on(self) -> None:
        """Take the next step if the server has answered the last one; it is not waited for."""
        database = wrapper()
        wire = database.connection.pgconn
        if self._is_under_way:
            with database.wrap_database_errors:
                wire.flush()
                wire.consume_input()
            if wire.is_busy():
                return
        self._step(database)

    def drain(self) -> None:
        """Finish everything: from here the connection may be used for something else."""
        database = wrapper()
        while self._is_under_way or self._waiting:
            self._step(database)

    def abandon(self) -> None:
        """Finish what is under way, whatever comes of it, so that all can be rolled back."""
        self._waiting.clear()
        with suppress(Error):
            self.drain()

    def _step(self, database: BaseDatabaseWrapper) -> None:
        """Send rows that the server is ready for; else end with a table and ask for the next."""
        if self._rows is not None:
            self._send(database)
            return
        if self._is_under_way:
            self._end(database)
        if self._waiting:
            self._ask(database)

    def _ask(self, database: BaseDatabaseWrapper) -> None:
        command, rows = self._waiting.popleft()
        wire = database.connection.pgconn
        if wire.transaction_status == TransactionStatus.IDLE:
            command = b"BEGIN;" + command
        with database.wrap_database_errors:
            wire.send_query(command)
            wire.flush()
        self._rows, self._is_under_way = rows, True

    def _send(self, database: BaseDatabaseWrapper) -> None:
        rows, self._rows = self._rows, None
        wire = database.connection.pgconn
        with database.wrap_database_errors:
            *_, answer = database.connection.wait(generators.execute(wire))
        if answer.status != ExecStatus.COPY_IN:
            self._is_under_way = False
            fail(database, answer, begins=False)
        with database.wrap_database_errors:
            wire.put_copy_data(rows)  # kept by libpq as far as the server does not take it yet
            wire.put_copy_end()
            wire.flush()

    def _end(self, database: BaseDatabaseWrapper) -> None:
        self._is_under_way = False
        with database.wrap_database_errors:
            answers = database.connection.wait(generators.execute(database.connection.pgconn))
        for answer in answers:
            if answer.status != ExecStatus.COMMAND_OK:
                fail(database, answer, begins=False)


def _lines(rows: Sequence[Row]) -> bytes:
    """Return rows in the text format of COPY: tab, line feed, and backslash before either."""
    text = "\n".join(["\t".join([one or "" for one in row]) for row in rows])
    text = text.replace("\\", "\\\\")
    tabs, ends = len(rows) * (len(rows[0]) - 1), len(rows) - 1
    if text.count("\t") != tabs or text.count("\n") != ends or "\r" in text:
        # Not only we set them: look at every value.
        told = [[(one or "").translate(_ESCAPES) for one in row] for row in rows]
        text = "\n".join(["\t".join(row) for row in told])
    return text.encode() + b"\n"


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def wrapper() -> BaseDatabaseWrapper:
    """Return Django's connection of this thread, which looking up costs more than using."""
    database = connections[DEFAULT_DB_ALIAS]
    database.ensure_connection()
    return database


def fail(database: BaseDatabaseWrapper, answer: PGresult, *, begins: bool) -> NoReturn:
    """Raise what the server answered instead of an answer, as Django's cursors would."""
    error: psycopg.Error = psycopg.errors.error_from_result(answer)
    if database.connection.pgconn.status == ConnStatus.BAD:
        kind = ConnectionStale if begins else psycopg.OperationalError
        error = kind(answer.get_error_message())
    with database.wrap_database_errors:
        raise error
