"""Concluding the period of an account, in two steps: what would be frozen, then the statement.

The statement is the same `standards.close` that anybody's machine may send: signed with the key
that the service holds for the account's holder, with the digest of what was shown.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from standards.balances import closed_at
from standards.known import followed_size
from standards.models import Account
from standards.rulebook.accounts import Closed
from standards.rulebook.closing import digest_of
from standards.rulebook.errors import CloseMoved, NotTheNextPeriod, PeriodNotOver
from traceability.outcomes import Outcome
from traceability.registering import record_as_service, statement_document

KIND = "standards.close"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closable:
    """The first open period of an account, as a close would freeze it."""

    account: str
    holder: str
    closed: Closed

    def document(self, *, on: date, person: str = "") -> dict[str, Any]:
        """Return the statement, unsigned: for whoever has a key of its own.

        Args:
            on: the day on which it is stated.
            person: the pseudonym of whoever states it.
        """
        acting = {"acting_person": person} if person else {}
        return statement_document(
            kind=KIND,
            author=self.holder,
            effective=on.isoformat(),
            body={
                "account": self.account,
                "until": self.closed.until.isoformat(),
                "known_at": self.closed.known_at,
                "digest": self.closed.digest,
            },
            **acting,
        )


def closable(row: Account, *, on: date) -> Closable:
    """Return what a close of the next period would freeze, as known by now.

    Raises:
        PeriodNotOver: its last day has not passed.
    """
    record, closed = closed_at(row.account, size=followed_size())
    if closed.until >= on:
        raise PeriodNotOver(row.account, until=closed.until.isoformat(), at="until")
    return Closable(account=record.id, holder=record.holder, closed=closed)


def conclude(
    row: Account,
    *,
    until: str,
    known_at: int,
    digest: str,
    person: str = "",
    now: datetime | None = None,
) -> Outcome:
    """Close a period as it was shown.

    Args:
        until, known_at, digest: of the period that whoever closes it was shown.
        person: the pseudonym of whoever closes it.

    Raises:
        NotTheNextPeriod, PeriodNotOver: it is not the first open period, or not over.
        CloseMoved: something learnt since would change what is frozen.
        PeriodClosed: somebody else has closed it meanwhile.
        NoServiceKey: the holder signs with a key of its own.
    """
    today = (now or timezone.now()).date()
    found = closable(row, on=today)
    if found.closed.until.isoformat() != until:
        told = {"until": until[:10], "next_end": found.closed.until.isoformat()}
        raise NotTheNextPeriod(row.account, **told, at="until")
    # The same figures known below another size have another digest: sign the one that was shown.
    shown = replace(found.closed, known_at=known_at)
    if known_at > found.closed.known_at or digest_of(row.account, shown) != digest:
        raise CloseMoved(row.account, until=until)
    stated = replace(found, closed=replace(shown, digest=digest))
    return record_as_service([stated.document(on=today, person=person)], now=now)[0]
