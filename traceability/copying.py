"""The rows of a large batch that are only ever inserted go to the database while it is decided on.

COPY takes half of what a statement costs as JSON, and the database works on one core while this
process decides on another. The rows are in the transaction of the batch: nobody sees them before
its commit, and what fails takes them back.
"""

from collections.abc import Iterable, Sequence
from operator import itemgetter

from traceability import rows, wire

_TOGETHER = 125  # statements whose rows are sent at once
_GLANCE = 8  # statements between glances at the database


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
        if not self._taken % _GLANCE:
            self._copy.go_on()

    def rest(self) -> None:
        """Let the last statements wait for their turn."""
        self._send()
        self._copy.go_on()

    def finish(self, new_lots: Iterable[rows.Row]) -> None:
        """Finish all; new lots come last, by id, since each is its own lock against a twin."""
        lots = [("0", *lot) for lot in sorted(new_lots, key=itemgetter(0))]
        self._copy.go_on()
        self._copy.add("traceability_lot", ("last_order", *rows.LOT), lots)
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
        for table, columns, lines in (
            (
                "traceability_entry",
                ("body", *rows.ENTRY),
                [(order, one.entry.body.decode(), *rows.entry_row(one)) for order, one in sealed],
            ),
            (
                "traceability_statementtext",
                ("jws", "disclosures"),
                [
                    (order, one.statement.raw.decode(), rows.json_text(one.statement.disclosures))
                    for order, one in sealed
                ],
            ),
            (
                "traceability_entrysubject",
                ("subject", "previous"),
                [(order, *link) for order, one in sealed for link in one.entry.previous.items()],
            ),
            (
                "traceability_movement",
                rows.MOVEMENT,
                [
                    (order, *rows.movement_row(ordinal, movement))
                    for order, one in sealed
                    for ordinal, movement in enumerate(one.effects.movements)
                ],
            ),
            ("traceability_pending", (), [(order,) for order, _ in sealed]),
        ):
            self._copy.add(table, ("recorded_order", *columns), lines)
