"""Circling: no correction makes a lot of what came of it.

A correction may name lots that began later than what it corrects, and so may say that a lot went
into its own ancestor. That is looked up where a correction takes from lots that it did not take
from before; nothing else can close a circle, since what is stated anew makes only new lots.

Two corrections over different lots could close one together. So they are looked up one at a
time, until they are committed: each sees what the one before it added. An advisory lock is taken
for it after those of the lots, and nothing is locked under it but lots that begin.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection

from traceability.errors import MadeOfItself
from traceability.ledger.book import Effects, Movement, Recorded

_ONE_AT_A_TIME = 0x636972636C65  # advisory lock
_ANCESTORS = """
WITH RECURSIVE up(lot) AS (
    SELECT unnest(%(lots)s::varchar[])
    UNION
    SELECT t.lot FROM up
    JOIN traceability_movement m ON m.lot = up.lot AND m.role = 'make'
    JOIN traceability_entry e ON e.recorded_order = m.recorded_order
    JOIN traceability_movement t ON t.recorded_order = m.recorded_order AND t.role = 'take'
        AND coalesce(t.facts ->> 'into', m.lot) = m.lot
    WHERE NOT EXISTS (SELECT FROM traceability_entry n WHERE n.replaces = e.hash)
)
SELECT lot FROM up
"""


def closes(effects: Effects, replaced: Recorded) -> tuple[set[str], set[str]]:
    """Return the lots that a correction newly takes from, and those it makes.

    It can close a circle only where there are both.
    """
    added = _lots(effects.movements, "take") - _lots(replaced.movements, "take")
    return added, _lots(effects.movements, "make")


def check_no_circle(added: set[str], made: set[str], earlier: Iterable[Effects]) -> None:
    """Refuse a correction whose inputs came of what it makes.

    Args:
        earlier: what was decided before it in the same transaction, and is not written yet.

    Raises:
        MadeOfItself: a lot that is taken from, and one that is made, of which it came.
    """
    taken_for = _taken_for(earlier)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_AT_A_TIME])
        # By index, whatever the statistics say: a lot has few ancestors in any ledger.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off")
        if _ancestors(cursor, added, taken_for).isdisjoint(made):
            return
        for lot in sorted(added):  # which of them is to be named
            if found := _ancestors(cursor, {lot}, taken_for) & made:
                raise MadeOfItself(lot, made=min(found))


def _ancestors(cursor: Any, lots: set[str], taken_for: Mapping[str, set[str]]) -> set[str]:
    """Return lots and all that they were made of, written or not."""
    found: set[str] = set()
    fresh = lots
    while fresh:
        cursor.execute(_ANCESTORS, {"lots": sorted(fresh)})
        found |= fresh | {row[0] for row in cursor.fetchall()}
        fresh = {name for one in found for name in taken_for.get(one, ())} - found
    return found


def _taken_for(earlier: Iterable[Effects]) -> Mapping[str, set[str]]:
    """Return what lots are made of, as far as the database does not know it yet."""
    told: dict[str, set[str]] = {}
    for effects in earlier:
        taken = _lots(effects.movements, "take")
        for lot in _lots(effects.movements, "make"):
            told.setdefault(lot, set()).update(taken - {lot})
    return told


def _lots(movements: Iterable[Movement], role: str) -> set[str]:
    return {one.lot for one in movements if one.role == role}
