"""Keys over time, and what was erased: read from the stored statements, not from tables."""

from typing import Any

import psycopg

from traceability.errors import LogDamaged, TraceabilityError
from traceability.ledger import closure, registry
from traceability.ledger.keys import PublicKey
from traceability.ledger.kinds import KINDS
from traceability.ledger.needs import new_keys
from traceability.ledger.statements import Statement, parse_statement
from traceability.rechecking import Good

Connection = psycopg.Connection[Any]

_PLACED = """
SELECT e.recorded_order, e.hash, e.kind, t.jws, t.disclosures, coalesce(i.index, %(size)s + (
    SELECT count(*) FROM traceability_pending p WHERE p.recorded_order < e.recorded_order))
FROM traceability_entry e
LEFT JOIN traceability_statementtext t USING (recorded_order)
LEFT JOIN traceability_logindex i USING (recorded_order)
WHERE e.kind = ANY (%(kinds)s) ORDER BY 6
"""

_CHAINED = """
SELECT substr(subject, length('statement:') + 1) FROM traceability_entrysubject
WHERE recorded_order = ANY (%s) AND subject LIKE 'statement:%%'
"""


def keys_over_time(connection: Connection, origin: str, size: int) -> dict[str, Good]:
    """Return the keys as the statements say; the table must say the same.

    Where the text of an enrolment was erased the table has the key: its id is its own hash.

    Args:
        connection: sees the snapshot to verify.
        origin: the ledger.
        size: of the log; entries without an index yet have positions from there on.

    Raises:
        LogDamaged: table and statements differ.
    """
    stored = {
        row[0]: row[1:]
        for row in connection.execute(
            "SELECT kid, organization_id, public, enrolled_order, revoked_order "
            "FROM traceability_key"
        )
    }
    keys: dict[str, Good] = {}
    rows = connection.execute(_PLACED, {"size": size, "kinds": sorted(closure.KEY_KINDS)})
    for order, entry, _, jws, disclosures, position in rows.fetchall():
        if jws is None:
            _keys_of_erased(keys, stored, order, position)
            continue
        statement = _parsed(entry, jws, disclosures, origin)
        body = statement.body
        if isinstance(body, registry.KeyRevocation):
            known = keys.get(body.kid)
            if known is None:
                raise LogDamaged(f"Entry {entry} revokes a key that nobody enrolled.", entry=entry)
            keys[body.kid] = _revoked(known, position)
        holder = body.operator if isinstance(body, registry.Genesis) else body
        for key in new_keys(statement):
            keys[key.kid] = Good(
                organization=holder.organization, public=key.raw, enrolled=position, revoked=None
            )
    told = {kid: (key.organization, key.public, key.revoked is None) for kid, key in keys.items()}
    if told != {kid: (row[0], bytes(row[1]), row[3] is None) for kid, row in stored.items()}:
        raise LogDamaged("The table of keys differs from the statements that enrol and revoke.")
    return keys


def _keys_of_erased(
    keys: dict[str, Good], stored: dict[str, tuple[Any, ...]], order: int, position: int
) -> None:
    for kid, (organization, public, enrolled, revoked) in stored.items():
        if enrolled == order and PublicKey(raw=bytes(public)).kid == kid:
            keys[kid] = Good(
                organization=organization, public=bytes(public), enrolled=position, revoked=None
            )
        if revoked == order and kid in keys:
            keys[kid] = _revoked(keys[kid], position)


def _revoked(key: Good, position: int) -> Good:
    return Good(
        organization=key.organization,
        public=key.public,
        enrolled=key.enrolled,
        revoked=position,
    )


def _parsed(entry: str, jws: str, disclosures: list[dict[str, Any]], origin: str) -> Statement:
    try:
        return parse_statement(
            jws.encode(),
            kinds=KINDS,
            ledger=origin,
            disclosures=tuple(disclosures),
        )
    except TraceabilityError as error:
        raise LogDamaged(f"Entry {entry}: {error.message}", entry=entry) from error


def erased_entries(connection: Connection, origin: str) -> frozenset[str]:
    """Return the hashes of the entries that erasure statements name.

    Of an erasure whose own text was erased, which was taken once, the chain it is in tells.
    """
    rows = connection.execute(_PLACED, {"size": 0, "kinds": ["registry.erasure"]}).fetchall()
    told = {
        _parsed(entry, jws, disclosures, origin).body.entry
        for _, entry, _, jws, disclosures, _ in rows
        if jws is not None
    }
    silent = [order for order, _, _, jws, _, _ in rows if jws is None]
    chained = connection.execute(_CHAINED, (silent,)).fetchall() if silent else []
    return frozenset(told | {entry for (entry,) in chained})
