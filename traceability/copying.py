"""The rows of a large batch that are only ever inserted go to the database while it is decided on.

COPY takes half of what a statement costs as JSON, and the database works on one core while this
process decides on another. The rows are in the transaction of the batch: nobody sees them before
its commit, and what fails takes them back.
"""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

from traceability import rows, wire

_TOGETHER = 240  # statements whose rows are sent at once
_STEP = 40  # statements between looks at the database: five tables take a set's time

Line = tuple[tuple[Any, ...], dict[str, Any]]
"""A row in two parts: what is first said of it, and the rest by column."""


class Copying:
    """Sends what is sealed in sets, one table after the other."""

    def __init__(self, orders: Sequence[str]) -> None:
        self._orders = orders  # drawn before, after the last read
        self._copy = wire.Copy()
        self._set: list[rows.Sealed] = []
        self._taken = 0

    def take(self, sealed: rows.Sealed) -> None:
        """Take the next statement."""
        self._set.append(sealed)
        self._taken += 1
        if len(self._set) == _TOGETHER:
            self._send()
        if not self._taken % _STEP:
            self._copy.step()

    def finish(self, new_lots: Iterable[dict[str, Any]]) -> None:
        """Send the rest; new lots by id, since each is its own lock against a twin."""
        self._send()
        lots = sorted(new_lots, key=itemgetter("id"))
        for lot in lots:
            lot["owners"] = rows.json_text(lot["owners"])
            lot["known_to"] = wire.array(lot["known_to"]).decode()
        self._add("lot", ("last_order",), [((0,), lot) for lot in lots])
        self._copy.drain()

    def pause(self) -> None:
        """Leave the connection to somebody else for a moment."""
        self._copy.drain()

    def abandon(self) -> None:
        """Take back what is under way, so that the transaction can be rolled back."""
        self._copy.abandon()

    def _send(self) -> None:
        first = self._taken - len(self._set)
        sealed = list(zip(self._orders[first : self._taken], self._set, strict=True))
        self._set = []
        bodies = [((order, one.entry.body.decode()), rows.entry_row(one)) for order, one in sealed]
        self._add("entry", ("recorded_order", "body"), bodies)
        self._add("statementtext", ("recorded_order",), [_text(*line) for line in sealed])
        links = [
            (order, subject, previous)
            for order, one in sealed
            for subject, previous in one.entry.previous.items()
        ]
        columns = ("recorded_order", "subject", "previous")
        self._add("entrysubject", columns, [(link, {}) for link in links])
        movements = [line for order, one in sealed for line in _movements(order, one)]
        self._add("movement", ("recorded_order",), movements)
        self._add("pending", ("recorded_order",), [((order,), {}) for order, _ in sealed])

    def _add(self, table: str, first: tuple[str, ...], lines: Sequence[Line]) -> None:
        if lines:
            columns = (*first, *lines[0][1])
            values = [(*said, *row.values()) for said, row in lines]
            self._copy.add(f"traceability_{table}", columns, values)


def _text(order: str, one: rows.Sealed) -> Line:
    disclosures = rows.json_text(one.statement.disclosures)
    return (order,), {"jws": one.statement.raw.decode(), "disclosures": disclosures}


def _movements(order: str, one: rows.Sealed) -> Iterable[Line]:
    for ordinal, movement in enumerate(one.effects.movements):
        row = rows.movement_row(ordinal, movement)
        row["facts"] = rows.json_text(row["facts"])
        yield (order,), row
