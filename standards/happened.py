"""What happened, as notes are taken of it: published events, as corrections leave them.

Read from entries and the texts of statements; a text that was erased leaves an event without words.
"""

from base64 import urlsafe_b64decode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from traceability.chronicling import recorded_statement
from traceability.ledger import events
from traceability.ledger.effective import Effective, parse_effective
from traceability.ledger.kinds import CUSTODY
from traceability.ledger.shapes import Evidence
from traceability.ledger.statements import Statement, to_shape

BRINGING = frozenset(
    {"custody.receipt", "custody.extraction", "custody.introduction", "custody.recovery"}
)
"""Kinds that put goods on somebody's books."""
_NAMING = BRINGING | {"custody.shipment", "custody.assay", "registry.erasure"}

_ENTRIES = """
SELECT i.index, e.recorded_order, e.hash, e.kind, coalesce(e.event, e.kind), e.author, e.facility,
       e.effective_on, e.replaces, t.jws, t.disclosures
FROM traceability_logindex i
JOIN traceability_entry e USING (recorded_order)
LEFT JOIN traceability_statementtext t USING (recorded_order)
WHERE i.index >= %s AND i.index < %s AND (e.kind LIKE 'custody.%%' OR e.kind = 'registry.erasure')
ORDER BY i.index
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A published event, or what a correction puts in its place."""

    index: int
    order: int
    entry: str
    kind: str  # `custody.void` for what withdraws one
    author: str
    facility: str | None
    on: date
    replaces: str | None
    statement: Statement | None  # None: erased

    @property
    def body(self) -> Any:
        """Return what the event says."""
        said = self.statement.body if self.statement else None
        if isinstance(said, events.Correction):
            return to_shape(said.replacement.body, CUSTODY[self.kind].body)
        return said

    @property
    def effective(self) -> Effective:
        """Return when it happened."""
        said = self.statement.body if self.statement else None
        if isinstance(said, events.Correction):
            return parse_effective(said.replacement.effective)
        return self.statement.effective if self.statement else parse_effective(str(self.on))

    @property
    def evidence(self) -> list[Evidence]:
        """Return the documents it names."""
        if self.statement is None:
            return []
        said = self.statement.body
        own = self.statement.envelope.evidence or []
        return (said.replacement.evidence or own) if isinstance(said, events.Correction) else own


def events_between(first: int, until: int) -> Iterator[Event]:
    """Yield the published events from `first` up to `until`, and erasures, in log order."""
    with connection.cursor() as cursor:
        cursor.execute(_ENTRIES, [first, until])
        rows = cursor.fetchall()
    for index, order, entry, kind, event, author, facility, on, replaces, jws, hidden in rows:
        is_read = jws is not None and _may_name(event if kind.startswith("custody.") else kind, jws)
        yield Event(
            index=index,
            order=order,
            entry=entry,
            kind=kind if kind in ("custody.void", "registry.erasure") else event,
            author=author,
            facility=facility,
            on=on,
            replaces=replaces,
            statement=recorded_statement(jws, hidden) if is_read else None,
        )


def _may_name(kind: str, jws: str) -> bool:
    """Tell whether a statement may name something of interest, without understanding it.

    Most do not, and understanding costs ten times as much as looking for a person.
    """
    if kind in _NAMING:
        return True
    payload = urlsafe_b64decode(jws.split(".")[1] + "==")
    return kind != "custody.void" and (b'"acting_person"' in payload or b"\\u" in payload)


_CHAIN = """
WITH RECURSIVE chain(entry, root) AS (
    SELECT hash, replaces FROM traceability_entry WHERE hash = ANY (%s)
    UNION
    SELECT c.entry, e.replaces FROM chain c JOIN traceability_entry e ON e.hash = c.root
    WHERE e.replaces IS NOT NULL
)
SELECT c.entry, min(i.index) FROM chain c
JOIN traceability_entry e ON e.hash = c.root
JOIN traceability_logindex i USING (recorded_order)
GROUP BY c.entry
"""


def places_of(happened: Iterable[Event]) -> dict[str, int]:
    """Return where in the log each event holds: a correction where the original stands."""
    places = {one.entry: one.index for one in happened}
    corrections = [one.entry for one in happened if one.replaces is not None]
    if corrections:
        with connection.cursor() as cursor:
            cursor.execute(_CHAIN, [corrections])
            places.update(cursor.fetchall())
    return places
