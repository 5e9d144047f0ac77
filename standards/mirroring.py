"""What statements about accounts say, into rows: called by the follower, once per entry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from standards.models import Account, AccountClose, Claim, Credit
from standards.rulebook import account_shapes as said
from traceability.ledger.statements import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """What a statement about accounts touches: accounts, and lots that it is about."""

    accounts: frozenset[str] = frozenset()
    lots: frozenset[str] = frozenset()


def mirror(index: int, entry: str, statement: Statement) -> Touched:
    """Keep a statement about an account, claim or credit; return what it touches."""
    return _MIRROR[statement.kind](index, entry, statement)


def _account(index: int, entry: str, statement: Statement) -> Touched:
    """Keep an account as it was opened."""
    body: said.Account = statement.body
    Account.objects.create(
        index=index,
        entry=entry,
        account=body.account,
        holder=statement.author,
        facilities=body.facilities,
        element=body.element,
        scheme=body.scheme,
        tier=body.tier,
        method=body.method.value,
        begins=date.fromisoformat(body.begins),
        months=body.months,
        opening=[
            {
                "lot": one.lot,
                "level": one.level,
                "mg": str(said.milligrams(one.quantity, body.element, "$.body.opening")),
                "because": one.because,
            }
            for one in body.opening or ()
        ],
        documents=[
            {"title": one.title, "sha256": one.sha256} for one in statement.envelope.evidence or ()
        ],
    )
    return Touched(accounts=frozenset({body.account}))


def _claim(index: int, entry: str, statement: Statement) -> Touched:
    """Keep a claim, or its withdrawal."""
    body: said.Claim = statement.body
    row = Claim(
        index=index,
        entry=entry,
        claim=body.claim,
        account=body.account or "",
        holder=statement.author,
        effective=statement.envelope.effective,
        is_withdrawal=body.withdrawn is not None,
        because=body.withdrawn.because if body.withdrawn else "",
    )
    if body.made is not None:
        made = body.made
        row.lot = made.lot
        row.recipient = made.recipient.organization or made.recipient.name or ""
        row.is_recipient_known = made.recipient.organization is not None
        row.element, row.scheme, row.tier = made.element, made.scheme, made.tier
        row.model, row.code, row.wording = made.model.value, made.code.value, made.wording
        row.mg = said.milligrams(made.quantity, made.element, "$.body.made.quantity")
        row.tranches, row.credits = made.tranches or [], made.credits or []
    else:
        row.lot = Claim.objects.get(claim=body.claim, is_withdrawal=False).lot
    row.save(force_insert=True)
    return Touched(accounts=frozenset({row.account} - {""}), lots=frozenset({row.lot}))


def _credit(index: int, entry: str, statement: Statement) -> Touched:
    """Keep what happened to a credit."""
    body: said.Credit = statement.body
    row = Credit(
        index=index,
        entry=entry,
        serial=body.serial,
        author=statement.author,
        effective=statement.envelope.effective,
    )
    if body.issued is not None:
        issued = body.issued
        row.action, row.holder = Credit.Action.ISSUED, issued.holder
        row.account, row.registry, row.vintage = (
            issued.account or "",
            issued.registry,
            issued.vintage,
        )
        row.element, row.scheme, row.tier = issued.element, issued.scheme, issued.tier
        row.mg = said.milligrams(issued.quantity, issued.element, "$.body.issued.quantity")
    elif body.transferred is not None:
        row.action, row.holder = Credit.Action.TRANSFERRED, body.transferred.to
    elif body.retired is not None:
        row.action, row.because = Credit.Action.RETIRED, body.retired.because
    row.save(force_insert=True)
    retired_for = Claim.objects.filter(credits__contains=[body.serial])
    return Touched(
        accounts=frozenset({row.account} - {""}),
        lots=frozenset(retired_for.values_list("lot", flat=True)),
    )


def _close(index: int, entry: str, statement: Statement) -> Touched:
    """Keep that a period was closed; its state is frozen by `accounting`."""
    body: said.Close = statement.body
    AccountClose.objects.create(
        index=index,
        entry=entry,
        account=body.account,
        until=date.fromisoformat(body.until),
        known_at=body.known_at,
        digest=body.digest or "",
    )
    return Touched(accounts=frozenset({body.account}))


_MIRROR: Mapping[str, Callable[[int, str, Statement], Touched]] = {
    "standards.account": _account,
    "standards.claim": _claim,
    "standards.credit": _credit,
    "standards.close": _close,
}
ABOUT_ACCOUNTS = tuple(_MIRROR)
"""The kinds that are kept here."""
