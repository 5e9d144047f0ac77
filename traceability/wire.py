"""PostgreSQL spoken to directly: on Django's connection, inside its transactions, past its cursors.

Recording a statement is one millisecond of work, of which cursors would take a quarter. Here a
call is one message to the server, for which libpq waits without the interpreter lock. BEGIN goes
with the first message of a transaction and COMMIT with the last, so that recording takes two
round trips and not four; Django opens and closes the transaction as ever, and finds it begun and
committed.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from django.db import connection
from psycopg import generators
from psycopg.pq import ConnStatus, Escaping, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult


class ConnectionStale(psycopg.OperationalError):
    """The connection was found dead by the message that would have begun the transaction."""


def call(function: str, *arguments: bytes | None, is_last: bool = False) -> bytes | None:
    """Call a function of the database; return its answer as text.

    Args:
        function: a name of migrations/sql.
        arguments: as text, None for null; each becomes a literal, quoted by libpq.
        is_last: commit with it, unless somebody else's transaction is around this one. There
            is no answer then.

    Raises:
        django.db.Error: as from a cursor; `ConnectionStale` is its cause where nothing was sent.
    """
    wire = _wire()
    quoted = Escaping(wire).escape_literal
    literals = b",".join([b"NULL" if one is None else quoted(one) for one in arguments])
    message = b"SELECT %b(%b)" % (function.encode(), literals)
    begins = wire.transaction_status == TransactionStatus.IDLE
    if begins:
        message = b"BEGIN;" + message
    if is_last and not connection.savepoint_ids:
        message += b";COMMIT"
    answer = wire.exec_(message)
    if answer.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        _fail(wire, answer, begins=begins)
    return answer.get_value(0, 0) if answer.ntuples else None


def trust_connection() -> None:
    """Let the first call find out whether the connection still works: it can be made again.

    Django would ask the database before every request (`conn_health_checks`), which is one
    more round trip.
    """
    if connection.connection is not None:
        connection.health_check_done = True


def array(items: Iterable[str]) -> bytes:
    """Return a text[] as PostgreSQL reads it."""
    quoted = ['"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"' for item in items]
    return b"{%b}" % ",".join(quoted).encode()


class Copy:
    """Rows on their way into tables by COPY, while this thread does something else.

    One table after the other: `step` waits for the rows under way and sends the next. Between
    steps the database works, and the connection takes nothing else until `drain`.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[bytes, bytes]] = deque()
        self._is_under_way = False

    def add(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Let rows wait for their turn. None is null; no text is empty in the tables of the log."""
        if rows:
            command = f"COPY {table} ({','.join(columns)}) FROM STDIN (NULL '')"
            self._waiting.append((command.encode(), _lines(rows)))

    def step(self) -> None:
        """Finish what is under way and begin what waits longest."""
        wire = _wire()
        if self._is_under_way:
            self._is_under_way = False
            with connection.wrap_database_errors:
                connection.connection.wait(generators.copy_end(wire, None))
        if not self._waiting:
            return
        command, rows = self._waiting.popleft()
        answer = wire.exec_(command)
        if answer.status != ExecStatus.COPY_IN:
            _fail(wire, answer, begins=False)
        self._is_under_way = True
        with connection.wrap_database_errors:
            wire.put_copy_data(rows)  # kept by libpq as far as the server does not take it yet
            wire.flush()

    def drain(self) -> None:
        """Finish everything: from here the connection may be used for something else."""
        while self._waiting or self._is_under_way:
            self.step()

    def abandon(self) -> None:
        """Take back what is under way, so that the transaction can be rolled back."""
        self._waiting.clear()
        if self._is_under_way:
            self._is_under_way = False
            wire = _wire()
            try:
                connection.connection.wait(generators.copy_end(wire, b"abandoned"))
            except psycopg.Error:
                pass  # it always fails: that is what was asked for


def _lines(rows: Sequence[Sequence[Any]]) -> bytes:
    """Return rows in the text format of COPY: tab, line feed, and backslash before either."""
    told = [[one if type(one) is str else _told(one) for one in row] for row in rows]
    text = "\n".join(["\t".join(row) for row in told]).replace("\\", "\\\\")
    tabs, ends = len(rows) * (len(rows[0]) - 1), len(rows) - 1
    if text.count("\t") != tabs or text.count("\n") != ends or "\r" in text:
        # Not only we set them: look at every value.
        told = [[one.translate(_ESCAPES) for one in row] for row in told]
        text = "\n".join(["\t".join(row) for row in told])
    return text.encode() + b"\n"


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _told(value: object) -> str:
    return "" if value is None else str(value)


def _wire() -> PGconn:
    connection.ensure_connection()
    wire: PGconn = connection.connection.pgconn
    return wire


def _fail(wire: PGconn, answer: PGresult, *, begins: bool) -> None:
    with connection.wrap_database_errors:
        if wire.status == ConnStatus.BAD:
            kind = ConnectionStale if begins else psycopg.OperationalError
            raise kind(answer.get_error_message())
        raise psycopg.errors.error_from_result(answer)
