"""Erasing the text of a statement: itself a statement, carried out by the owner of the tables.

The entry, its hash and what balances need stay; what goes is the signed text and what it
disclosed. A backup brings erased texts back, so a restore repeats every erasure before it
serves (`replay_erasures`).
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.utils import timezone

from traceability.errors import LedgerNotBegun
from traceability.ledger.vocabulary import OrganizationRole
from traceability.models import Entry, EntrySubject, Organization
from traceability.recording import Outcome
from traceability.registering import record_as_service, statement_document

_ERASE = "SELECT ledger_erase(%s, %s)"


def erase(
    entry: str,
    ground: str,
    fields: Sequence[str] = (),
    *,
    acting_person: str | None = None,
    now: datetime | None = None,
) -> Outcome:
    """Record an erasure as the operator, then remove the text it names.

    Args:
        entry: the hash of the entry whose text goes.
        ground: the legal ground, in words.
        fields: which values gave the reason; the text goes as a whole.
        acting_person: the pseudonym of who decided.
        now: the time of recording; the clock's where not given.

    Raises:
        LedgerNotBegun: there is no operator who could say so.
        UnknownStatement: there is no such entry.
    """
    operator = Organization.objects.filter(roles__contains=[OrganizationRole.OPERATOR]).first()
    if operator is None:
        raise LedgerNotBegun
    document = statement_document(
        kind="registry.erasure",
        author=operator.id,
        effective=(now or timezone.now()).date().isoformat(),
        body={"entry": entry, "ground": ground, "fields": list(fields)},
        **({"acting_person": acting_person} if acting_person else {}),
    )
    outcome = record_as_service([document], now=now)[0]
    # From here on the text must not be shown; where this process dies, a replay removes it.
    _remove(entry, outcome.entry)
    return outcome


def replay_erasures() -> int:
    """Carry out every recorded erasure again; return how many texts were still there."""
    erasures = Entry.objects.filter(kind="registry.erasure").order_by("recorded_order")
    orders = dict(erasures.values_list("recorded_order", "hash"))
    links = EntrySubject.objects.filter(
        recorded_order__in=orders, subject__startswith="statement:"
    ).order_by("recorded_order")
    named = links.values_list("subject", "recorded_order")
    return sum(
        _remove(subject.removeprefix("statement:"), orders[order]) for subject, order in named
    )


def _remove(entry: str, erasure: str) -> bool:
    """Remove the text of an entry through the owner's function, which checks the erasure."""
    with connection.cursor() as cursor:
        cursor.execute(_ERASE, [entry, erasure])
        (is_removed,) = cursor.fetchone()
    return bool(is_removed)
