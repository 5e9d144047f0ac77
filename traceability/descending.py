"""Reads what came of lots, passage by passage, so that a recall needs little memory.

The database knows the whole answer, and tells it in order; here are only the lots between their
first event and their last. Every look-up is a call of a function in migrations/sql/lineage*.sql.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from heapq import heappop, heappush
from itertools import chain

import msgspec
from django.db import connection

from traceability.chronicling import fetch, happenings_of, told_by, with_amendments
from traceability.ledger.book import Movement
from traceability.ledger.chronicle import Happening, as_they_stand
from traceability.ledger.grades import Assayed, compound_elements
from traceability.ledger.history import carried
from traceability.ledger.materials import elements_named
from traceability.ledger.recall import Passage, measured_in
from traceability.ledger.weighings import documents_in
from traceability.streaming import Answers, Row, rows_of
from traceability.tracing import lot_histories
from traceability.wire import array_text

_AT_FIRST, _AT_ONCE = 500, 2_000  # entries, whose documents are looked up together
_PART = 100  # of them, after which the server may go on
_movements = msgspec.json.Decoder(list[Movement]).decode
# Of a row of `ledger_passages`; an entry is as in `ledger_entries`.
_PLACE, _ORDER, _HASH, _REPLACES, _MOVEMENTS, _ENDED, _DOCUMENTED = 0, 1, 2, 9, 12, 13, 14
_ENTRY = slice(1, 12)
_MADE_AT = "SELECT * FROM ledger_made_at(%(facility)s, %(since)s, %(declared)s::jsonb)"
_CONTENTS = "SELECT * FROM ledger_contents(%(lots)s::text[])"


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
    for material, results, formula in fetch(_CONTENTS, {"lots": list(lots)}):
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
        lots: to begin with.
        size: of the log.
        elements: those that will be followed. Of what only went into something else, nothing is
            read above a lot that was plainly assayed for all of them; everything where none.
    """
    assayed = msgspec.json.encode([{"element": one} for one in sorted(elements)]).decode()
    with _asked(array_text(lots), assayed if elements else None, str(size)) as (answers, go_on):
        ending: list[tuple[int, str]] = []
        for rows, is_last in _whole_places(rows for _, rows in answers):
            documents = _documents(rows, size)
            stand = _as_they_stand(rows, size)
            ended = _ended(rows, ending, is_last=is_last)
            yield Passage(happenings=(), documents=chain(documents_in(stand), documents))
            for start in range(0, len(stand), _PART):
                go_on()
                yield Passage(happenings=stand[start : start + _PART])
            yield Passage(happenings=(), ended=ended)


def _ended(rows: Sequence[Row], ending: list[tuple[int, str]], *, is_last: bool) -> list[str]:
    """Return the lots that nothing more happens to; `ending` are those of which it is not sure."""
    ended: dict[str, None] = {}
    for row in rows:
        if row[_ENDED] and row[_REPLACES] is None:
            ended.update(dict.fromkeys(row[_ENDED]))
        elif row[_ENDED]:  # it stands earlier than others, which it was written after
            for lot in row[_ENDED]:
                heappush(ending, (row[_ORDER], lot))
    while ending and (is_last or ending[0][0] <= rows[-1][_PLACE]):
        ended[heappop(ending)[1]] = None
    return list(ended)


def _as_they_stand(rows: Sequence[Row], size: int) -> list[Happening]:
    """Return what happened; of what nothing was read but its end, nothing is told."""
    told = [row for row in rows if row[_MOVEMENTS] is not None and row[_HASH] is not None]
    movements = {row[_ORDER]: _movements(row[_MOVEMENTS]) for row in told}
    entries = with_amendments([row[_ENTRY] for row in told], size)
    return as_they_stand(happenings_of(movements, entries))


def _documents(rows: Sequence[Row], size: int) -> Iterator[tuple[str, Assayed]]:
    """Return what assays say of lots made here, or of the consignments they travelled in."""
    lots = [lot for row in rows for lot in row[_DOCUMENTED] or ()]
    if not lots:
        return iter(())
    told = told_by(rows_of("ledger_documents_weighed", array_text(lots)), size)
    return documents_in(as_they_stand(happenings_of(*told)))


def _whole_places(parts: Iterable[list[Row]]) -> Iterator[tuple[list[Row], bool]]:
    """Yield rows in order, so many at once, and whether they are the last.

    What holds at one place is never cut in two. The first are few: there is no waiting for more.
    """
    rest: list[Row] = []
    enough = _AT_FIRST
    for rows in parts:
        if len(rest) >= enough and rest[-1][_PLACE] != rows[0][_PLACE]:
            yield rest, False
            rest = []
            enough = min(2 * enough, _AT_ONCE)
        rest += rows
    if rest:
        yield rest, True


@contextmanager
def _asked(
    *arguments: str | None,
) -> Iterator[tuple[Iterable[tuple[int, list[Row]]], Callable[[], None]]]:
    """Ask for passages on a connection of its own, since the other is needed meanwhile.

    Yields parts of the answer, and what lets the server go on while these are worked on. What a
    transaction wrote nobody else sees: within one, all is read first.
    """
    call = "ledger_passages", arguments
    if connection.in_atomic_block:
        yield list(Answers(call)), _nothing
        return
    own = connection.copy()
    try:
        answers = Answers(call, database=own)
        yield answers, answers.go_on
    finally:
        own.close()


def _nothing() -> None:
    """Let nobody go on who has ended."""
