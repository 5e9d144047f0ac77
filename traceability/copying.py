"""The rows of a large batch that are only ever inserted go to the database while it is decided on.

COPY takes half of what a statement costs as JSON, and the database works on one core while this
process decides on another. The rows are in the transaction of the batch: nobody sees them before
its commit, and what fails takes them back.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from traceability import rows, wire

_TOGETHER = 240  # statements whose rows are sent at once
_STEP = 40  # statements between looks at the database: five tables take a set's time


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

    def finish(self, new_lots: Iterable[tuple[Any, ...]]) -> None:
        """Send the rest; new lots by id, since each is its own lock against a twin."""
        self._send()
        columns = (*rows.LOT, "last_order")
        lots = [(*rows.copied_lot(lot), 0) for lot in sorted(new_lots)]
        self._copy.add("traceability_lot", columns, lots)
        self._copy.drain()

    def pause(self) -> None:
        """Leave the connection to somebody else for a moment."""
        self._copy.drain()

    def abandon(self) -> None:
        """Take back what is under way, so that the transaction can be rolled back."""
        self._copy.abandon()

    def _send(self) -> None:
        first = self._taken - len(self._set)
        ordered = list(zip(self._orders[first : self._taken], self._set, strict=True))
        self._set = []
        for table, columns, lines in _tables(ordered):
            self._copy.add(table, columns, lines)


def _tables(
    ordered: Sequence[tuple[str, rows.Sealed]],
) -> Iterator[tuple[str, Sequence[str], Sequence[Sequence[Any]]]]:
    yield (
        "traceability_entry",
        ("recorded_order", "body", *rows.ENTRY),
        [(order, one.entry.body.decode(), *rows.entry_row(one)) for order, one in ordered],
    )
    yield (
        "traceability_statementtext",
        ("recorded_order", "jws", "disclosures"),
        [
            (order, one.statement.raw.decode(), rows.json_text(one.statement.disclosures))
            for order, one in ordered
        ],
    )
    yield (
        "traceability_entrysubject",
        ("recorded_order", "subject", "previous"),
        [
            (order, subject, previous)
            for order, one in ordered
            for subject, previous in one.entry.previous.items()
        ],
    )
    yield (
        "traceability_movement",
        ("recorded_order", *rows.MOVEMENT),
        [
            (order, *rows.copied_movement(rows.movement_row(ordinal, movement)))
            for order, one in ordered
            for ordinal, movement in enumerate(one.effects.movements)
        ],
    )
    yield "traceability_pending", ("recorded_order",), [(order,) for order, _ in ordered]
