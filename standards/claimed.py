"""Claims and credits from rows, as they stood below a log size."""

from collections.abc import Collection
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from standards.models import Claim, Credit
from standards.rulebook.accounts import Claim as Claimed
from standards.rulebook.accounts import IssuedCredit
from standards.rulebook.stays import Stays, instant
from traceability import seeing
from traceability.models import Key


def claims_on(lots: Collection[str], size: int) -> dict[str, list[Claimed]]:
    """Return the claims made about lots below a log size, by lot."""
    told: dict[str, list[Claimed]] = {}
    for one in claims_from(size, None, Claim.objects.filter(lot__in=lots)):
        told.setdefault(one.lot_id, []).append(one)
    return told


def claims_from(size: int, told: Stays | None, rows: Any) -> list[Claimed]:
    """Return claims as they stand below a log size.

    Args:
        told: the walk over their lots, which knows owners; without it that is not asked.
        rows: some of the table; withdrawals are looked up.
    """
    made = list(rows.filter(index__lt=size, is_withdrawal=False).order_by("index"))
    names = [row.claim for row in made]
    gone = {
        row.claim: row
        for row in Claim.objects.filter(claim__in=names, is_withdrawal=True, index__lt=size)
    }
    disputed = _disputed([row.index for row in made], size)
    return [
        _claim(row, gone.get(row.claim), told, is_disputed=row.index in disputed) for row in made
    ]


def _claim(row: Claim, gone: Claim | None, told: Stays | None, *, is_disputed: bool) -> Claimed:
    owned = told.owned.get(row.lot, frozenset()) if told else {row.holder}
    return Claimed(
        id=row.claim,
        entry=row.entry,
        index=row.index,
        at=instant(row.effective, date.min),
        account=row.account or None,
        holder=row.holder,
        recipient=row.recipient,
        lot_id=row.lot,
        element=row.element,
        scheme=row.scheme,
        tier=row.tier,
        model=row.model,
        code=row.code,
        mg=row.mg,
        tranches=tuple(row.tranches),
        credits=tuple(row.credits),
        withdrawn_at=instant(gone.effective, date.min) if gone else None,
        withdrawn_index=gone.index if gone else None,
        is_owner=row.holder in owned,
        is_disputed=is_disputed,
    )


_DISPUTED = """
SELECT i.index FROM traceability_logindex i
JOIN traceability_entry e USING (recorded_order)
JOIN traceability_key k ON k.kid = e.kid AND k.distrusted_from <= i.index
JOIN traceability_logindex r ON r.recorded_order = k.revoked_order AND r.index < %(size)s
WHERE i.index = ANY (%(indices)s)
"""


def _disputed(indices: list[int], size: int) -> set[int]:
    """Return those of the entries whose key was later distrusted from before them."""
    if not indices or not Key.objects.filter(distrusted_from__isnull=False).exists():
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_DISPUTED, {"indices": indices, "size": size})
        return {row[0] for row in cursor.fetchall()}


def issues_from(size: int, accounts: list[str]) -> list[IssuedCredit]:
    """Return the credits that were issued out of accounts below a log size."""
    rows = Credit.objects.filter(
        account__in=accounts, action=Credit.Action.ISSUED, index__lt=size
    ).order_by("index")
    return [issued_credit(row) for row in rows]


def issued_credit(row: Credit) -> IssuedCredit:
    """Return a credit as it was issued."""
    return IssuedCredit(
        serial=row.serial,
        entry=row.entry,
        index=row.index,
        at=instant(row.effective, date.min),
        account=row.account or None,
        issuer=row.author,
        element=row.element,
        scheme=row.scheme,
        tier=row.tier,
        mg=row.mg,
        vintage=row.vintage,
    )


def credits_at(serials: Collection[str], size: int) -> dict[str, IssuedCredit]:
    """Return credits as issued below a log size, by serial."""
    rows = Credit.objects.filter(serial__in=serials, action=Credit.Action.ISSUED, index__lt=size)
    return {row.serial: issued_credit(row) for row in rows}


def credits_held_by(organization: str) -> QuerySet[Credit]:
    """Return the issues of the credits that an organization issued, holds or held."""
    passed = Credit.objects.filter(holder=organization).values("serial")
    rows = Credit.objects.filter(action=Credit.Action.ISSUED)
    if seeing.is_operator(organization):
        return rows
    return rows.filter(Q(author=organization) | Q(serial__in=passed))


def retired_by_claims(serials: Collection[str]) -> set[str]:
    """Return those of the credits that a claim retired."""
    rows = Claim.objects.filter(credits__overlap=list(serials), is_withdrawal=False)
    return {serial for row in rows for serial in row.credits}
