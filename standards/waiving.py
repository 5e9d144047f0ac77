"""Reads of waivers, as known below a log size, under what bounds them on a day.

Waivers need no table: they lie on the chain of their club's policy, a handful for each club, and
are read from there. What was signed with a key that is distrusted from before is left out.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from django.db import connection

from standards.credentials import disputed_entries
from standards.rulebook.bounds import bounds_of, next_change
from standards.rulebook.law import Law
from standards.rulebook.policy import ClubPolicy
from standards.rulebook.statements import KINDS, WaiverStatement
from standards.rulebook.waiver_shapes import use_of, waiver_of
from standards.rulebook.waiving import Granted, Use, Waiver
from traceability.chronicling import recorded_statement
from traceability.ledger.statements import Statement

_SAID = """
SELECT e.hash, i.index, e.recorded_order, t.jws, t.disclosures
FROM traceability_entrysubject s
JOIN traceability_logindex i ON i.recorded_order = s.recorded_order AND i.index < %s
JOIN traceability_entry e ON e.recorded_order = s.recorded_order
 AND e.kind IN ('standards.waiver', 'standards.waiver_use')
JOIN traceability_statementtext t ON t.recorded_order = s.recorded_order
WHERE s.subject = ANY (%s)
ORDER BY i.index
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """One statement about a waiver, as it lies on the chain of its club's policy.

    Args:
        order: of its entry; is_disputed: signed with a key that is distrusted from before.
    """

    entry: str
    order: int
    statement: Statement
    is_disputed: bool

    @property
    def club(self) -> str:
        """Return who stated it."""
        return self.statement.author

    @property
    def waiver(self) -> str:
        """Return the waiver it is about."""
        return str(self.statement.body.waiver)


def stated_at(size: int, clubs: Collection[str]) -> list[Stated]:
    """Return what clubs stated about waivers below a log size, in log order."""
    if not clubs:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_SAID, [size, [f"policy:{club}" for club in clubs]])
        rows = cursor.fetchall()
    disputed = disputed_entries(size, [index for _, index, _, _, _ in rows])
    return [
        Stated(
            entry=entry,
            order=order,
            statement=recorded_statement(jws, disclosures, kinds=KINDS),
            is_disputed=index in disputed,
        )
        for entry, index, order, jws, disclosures in rows
    ]


def granted_at(
    size: int, policies: Mapping[str, ClubPolicy], law: Law, *, on: date
) -> dict[str, Granted]:
    """Return each club's waivers and their uses, as stated below a log size, as of a day.

    Args:
        policies: by club, those whose waivers are asked for.
        law: the active packs, which with a club's policy say what bounds its waivers.
    """
    waivers: dict[str, dict[str, Waiver]] = {club: {} for club in policies}
    uses: dict[str, list[Use]] = {club: [] for club in policies}
    for one in stated_at(size, list(policies)):
        if one.is_disputed:
            continue
        body = one.statement.body
        if isinstance(body, WaiverStatement):
            waivers[one.club][body.waiver] = waiver_of(body, one.club, one.entry)
        else:
            uses[one.club].append(use_of(body))
    return {
        club: Granted(
            waivers=waivers[club],
            uses=tuple(uses[club]),
            bounds=bounds_of(law, policy.parameters, on),
            bounds_change=next_change(law, policy.parameters, after=on),
        ).on(on)
        for club, policy in policies.items()
    }
