"""Reads what came of lots, passage by passage, so that a recall needs little memory.

The database keeps the whole answer, sorted; here are only the lots between their first event and
their last. Every look-up is a call of a function in migrations/sql/lineage.sql or
lineage_faster.sql.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date
from heapq import heappop, heappush
from operator import itemgetter
from typing import Any

import msgspec
from django.db import connection

from traceability.chronicling import (
    Row,
    ask_entries,
    asking,
    fetch,
    happenings_of,
    movements_of,
    told_by,
)
from traceability.ledger.chronicle import as_they_stand, documents_in
from traceability.ledger.grades import Assayed, compound_elements, elements_named
from traceability.ledger.history import carried
from traceability.ledger.recall import Passage, measured_in
from traceability.tracing import lot_histories
from traceability.wire import array_text

_AT_ONCE = 4_000  # movements
_COURSE = "SELECT * FROM ledger_course(%(lots)s::text[], %(assayed)s::jsonb)"
_DOCUMENTS = "SELECT * FROM ledger_documents(%(lots)s::text[])"
_MADE_AT = "SELECT * FROM ledger_made_at(%(facility)s, %(since)s, %(declared)s::jsonb)"
_CONTENTS = "SELECT * FROM ledger_contents(%(lots)s::text[])"
_movement = itemgetter(1, 2, 3, 4, 5, 6)  # of a row of `ledger_course`


def lots_of_facility(facility: str, *, since: date) -> list[str]:
    """Return the lots that may have been made at, or shipped from, a facility from a day on.

    `recall.OfFacility` tells which of them were: statements replaced since count here too.
    """
    declared = msgspec.json.encode([{"facility": facility}]).decode()
    known = {"facility": facility, "since": since, "declared": declared}
    return [lot for (lot,) in fetch(_MADE_AT, known)]


def elements_of(lots: Collection[str], *, size: int) -> frozenset[str]:
    """Return the elements to follow: those that documents about some lots speak of, or materials.

    Where nobody measured anything of these lots (a part of a lot is seldom assayed again), what
    was measured of those they were made of; where that is nothing either, everything measured in
    what came of them, and in what went into that.
    """
    told, named = set[str](), set[str]()
    for material, results, formula in fetch(_CONTENTS, {"lots": array_text(lots)}):
        named |= elements_named(material or "")
        told.update(msgspec.json.decode(results))
        told |= compound_elements(formula) if formula else frozenset()
    if told:
        return frozenset(told | named)
    history = lot_histories(lots, size=size)
    known = carried(history.steps)
    brought = set[str]().union(*(known.get(history.last.get(lot, lot), ()) for lot in lots))
    if brought:
        return frozenset(brought | named)
    return measured_in(passages(lots, size=size, elements=()))


def passages(lots: Collection[str], *, size: int, elements: Collection[str]) -> Iterator[Passage]:
    """Yield the history of some lots, of all that came of them, and of what went into that.

    Args:
        size: of the log.
        elements: those that will be followed. Of what only went into something else, nothing is
            read above a lot that was plainly assayed for all of them; everything where none.
    """
    assayed = msgspec.json.encode([{"element": one} for one in sorted(elements)]).decode()
    ending: list[tuple[int, str]] = []
    met: dict[str, int] = {}  # lots between their first event and their last, numbered
    count = 0
    for rows, is_last in _whole_places(
        {"lots": array_text(lots), "assayed": assayed if elements else None}
    ):
        for row in rows:
            lot = row[2]
            if lot not in met:
                met[lot] = count = count + 1
                heappush(ending, (row[7] or 0, lot))
        ended = []
        while ending and (is_last or ending[0][0] <= rows[-1][0]):
            ended.append(heappop(ending)[1])
        ended.sort(key=met.pop)
        yield _passage(rows, ended, size)


def _passage(rows: Sequence[Row], ended: Sequence[str], size: int) -> Passage:
    made = {row[2] for row in rows if row[8] and row[3] == "make"}
    with asking() as ask:
        entries = ask_entries(ask, [row[1] for row in rows], size)
        documents = ask(_DOCUMENTS, {"lots": array_text(sorted(made))})
        movements = movements_of(map(_movement, rows))
        stand = as_they_stand(happenings_of(movements, entries()))
        further = documents()
    return Passage(
        happenings=stand,
        documents=[*documents_in(stand), *_documents_in(further, size)],
        ended=ended,
    )


def _documents_in(rows: Sequence[Row], size: int) -> Iterator[tuple[str, Assayed]]:
    """Yield what assays say of some lots, or of the consignments they travelled in."""
    return documents_in(as_they_stand(happenings_of(*told_by(rows, size)))) if rows else iter(())


def _whole_places(known: Mapping[str, Any]) -> Iterator[tuple[list[Row], bool]]:
    """Yield rows in order, so many at once, and whether they are the last.

    What holds at one place is never cut in two.
    """
    with closing(connection.chunked_cursor()) as cursor:
        cursor.execute(_COURSE, known)
        rest: list[Row] = []
        while len(rows := cursor.fetchmany(_AT_ONCE)) == _AT_ONCE:
            rest += rows
            cut = next((n for n in range(len(rest), 0, -1) if rest[n - 1][0] != rest[-1][0]), 0)
            if cut:
                yield rest[:cut], False
                rest = rest[cut:]
        rest += rows
        if rest:
            yield rest, True
