"""Reads of waivers, as known below a log size.

Waivers need no table: they lie on the chain of their club's policy, a handful for each club, and
are read from there. What was signed with a key that is distrusted from before is left out.
"""

from collections.abc import Collection
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection

from standards.credentials import disputed_entries
from standards.rulebook.statements import KINDS, WaiverStatement
from standards.rulebook.waiver_shapes import use_of, waiver_of
from standards.rulebook.waiving import Granted, Use, Waiver
from traceability.ledger.statements import Statement, parse_statement

_SAID = """
SELECT e.hash, i.index, t.jws, t.disclosures
FROM traceability_entrysubject s
JOIN traceability_logindex i ON i.recorded_order = s.recorded_order AND i.index < %s
JOIN traceability_entry e ON e.recorded_order = s.recorded_order
 AND e.kind IN ('standards.waiver', 'standards.waiver_use')
JOIN traceability_statementtext t ON t.recorded_order = s.recorded_order
WHERE s.subject = ANY (%s)
ORDER BY i.index
"""


def granted_at(size: int, clubs: Collection[str]) -> dict[str, Granted]:
    """Return each club's waivers and their uses, as stated below a log size."""
    if not clubs:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_SAID, [size, [f"policy:{club}" for club in clubs]])
        rows = cursor.fetchall()
    disputed = disputed_entries(size, [index for _, index, _, _ in rows])
    waivers: dict[str, dict[str, Waiver]] = {club: {} for club in clubs}
    uses: dict[str, list[Use]] = {club: [] for club in clubs}
    for entry, index, jws, disclosures in rows:
        if index in disputed:
            continue
        statement = _statement(jws, disclosures)
        club, body = statement.author, statement.body
        if isinstance(body, WaiverStatement):
            waivers[club][body.waiver] = waiver_of(body, club, entry)
        else:
            uses[club].append(use_of(body))
    return {club: Granted(waivers=waivers[club], uses=tuple(uses[club])) for club in clubs}


def _statement(jws: str, disclosures: Any) -> Statement:
    hidden = msgspec.json.decode(disclosures) if isinstance(disclosures, str) else disclosures
    return parse_statement(
        jws.encode(), kinds=KINDS, ledger=settings.LEDGER_ORIGIN, disclosures=tuple(hidden)
    )
