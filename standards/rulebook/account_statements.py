"""The kinds about mass-balance accounts: `account`, `claim`, `credit` and `close`.

The subjects they touch and what a shape cannot say. What is refused because of what was stated
before is in `account_states`.
"""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from standards.rulebook.account_shapes import Account, Claim, Close, Credit, milligrams
from standards.rulebook.account_states import (
    Desk,
    account_subject,
    scope_subject,
    settle_account,
    settle_claim,
    settle_close,
    settle_credit,
)
from standards.rulebook.errors import NotYourAccount, PeriodNotOver
from traceability.errors import (
    AmbiguousParty,
    ImpossibleTime,
    MalformedStatement,
    NotYourNameSpace,
)
from traceability.ledger.book import Book
from traceability.ledger.needs import Needs
from traceability.ledger.shapes import Party, Shape
from traceability.ledger.statements import Kind, State, Statement
from traceability.ledger.vocabulary import CustodyModel

# ── subjects ──────────────────────────────────────────────────────────────────────────────


def _account_subjects(body: Account, author: str) -> list[str]:
    return [
        account_subject(body.account),
        *(scope_subject(author, site, body) for site in body.facilities),
    ]


def _claim_subjects(body: Claim, _author: str) -> list[str]:
    credits = (body.made.credits if body.made else None) or ()
    account = [account_subject(body.account)] if body.account else []
    return [f"claim:{body.claim}", *account, *(f"credit:{serial}" for serial in credits)]


def _credit_subjects(body: Credit, _author: str) -> list[str]:
    account = body.issued.account if body.issued else None
    return [f"credit:{body.serial}", *([account_subject(account)] if account else [])]


# ── what needs no state ───────────────────────────────────────────────────────────────────


def _check_own(name: str, member: str, statement: Statement) -> None:
    if name.partition(":")[0] != statement.author:
        raise NotYourNameSpace(name, author=statement.author, at=f"$.body.{member}")


def _check_own_account(name: str, at: str, statement: Statement) -> None:
    if name.partition(":")[0] != statement.author:
        raise NotYourAccount(name, author=statement.author, at=at)


def _check_day(text: str, at: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise MalformedStatement(f"There is no day {text}.", at=at) from None


def _check_once(names: Iterable[str] | None, at: str) -> None:
    told = list(names or ())
    if len(set(told)) != len(told):
        raise MalformedStatement("It names one of them twice.", at=at)


def _check_one_of(body: Shape, *members: str) -> None:
    if sum(getattr(body, member) is not None for member in members) != 1:
        names = ", ".join(f"`{member}`" for member in members)
        raise MalformedStatement(f"Say exactly one of {names}.", at="$.body")


def _check_instant(statement: Statement) -> None:
    """Refuse a time that cannot be put in order with receipts: balances are by the clock."""
    effective = statement.effective
    if not effective.is_instant or effective.end is not None:
        raise ImpossibleTime(
            effective.text, why="an account is kept by instants with an offset, not by days"
        )


def _check_party(party: Party, at: str) -> None:
    if (party.organization is None) == (party.name is None):
        raise AmbiguousParty(at=at)


def _check_account(body: Account, statement: Statement) -> None:
    _check_own_account(body.account, "$.body.account", statement)
    _check_once(body.facilities, "$.body.facilities")
    _check_day(body.begins, "$.body.begins")
    _check_once([one.lot for one in body.opening or ()], "$.body.opening")
    for place, one in enumerate(body.opening or ()):
        milligrams(one.quantity, body.element, f"$.body.opening[{place}].quantity")


def _check_claim(body: Claim, statement: Statement) -> None:
    _check_own(body.claim, "claim", statement)
    _check_one_of(body, "made", "withdrawn")
    _check_instant(statement)
    if body.account is not None:
        _check_own_account(body.account, "$.body.account", statement)
    if body.made is None:
        return
    made, is_credit = body.made, body.made.model is CustodyModel.BOOK_AND_CLAIM
    _check_party(made.recipient, "$.body.made.recipient")
    _check_once(made.tranches, "$.body.made.tranches")
    _check_once(made.credits, "$.body.made.credits")
    milligrams(made.quantity, made.element, "$.body.made.quantity")
    if is_credit != (made.credits is not None):
        raise MalformedStatement(
            "Book and claim, and nothing else, names the `credits` it retires.",
            at="$.body.made.credits",
        )
    if is_credit != (body.account is None) or (is_credit and made.tranches):
        raise MalformedStatement(
            "Every model but book and claim draws on an `account`.", at="$.body.account"
        )


def _check_credit(body: Credit, statement: Statement) -> None:
    _check_one_of(body, "issued", "transferred", "retired")
    _check_instant(statement)
    if body.issued is not None:
        _check_own(body.serial, "serial", statement)
        milligrams(body.issued.quantity, body.issued.element, "$.body.issued.quantity")
        if body.issued.account is not None:
            _check_own_account(body.issued.account, "$.body.issued.account", statement)
    if body.retired is not None and body.retired.beneficiary is not None:
        _check_party(body.retired.beneficiary, "$.body.retired.beneficiary")


def _check_close(body: Close, statement: Statement) -> None:
    _check_own_account(body.account, "$.body.account", statement)
    if _check_day(body.until, "$.body.until") >= statement.effective.day:
        raise PeriodNotOver(body.account, until=body.until, at="$.body.until")
    if (body.known_at is None) != (body.digest is None):
        raise MalformedStatement(
            "A digest is that of a log size: give `known_at` and `digest`, or neither.",
            at="$.body.digest",
        )


# ── what recording looks at ───────────────────────────────────────────────────────────────


def _account_needs(body: Account, needs: Needs) -> None:
    needs.facilities.update(body.facilities)
    needs.lots.update(one.lot for one in body.opening or ())


def _claim_needs(body: Claim, needs: Needs) -> None:
    if body.made is None:
        return
    needs.lots.update([body.made.lot, *(body.made.tranches or ())])
    if body.made.recipient.organization is not None:
        needs.organizations.add(body.made.recipient.organization)


def _credit_needs(body: Credit, needs: Needs) -> None:
    if body.issued is not None:
        needs.organizations.add(body.issued.holder)
    if body.transferred is not None:
        needs.organizations.add(body.transferred.to)


def _settled(
    settle: Callable[[Desk, Any], dict[str, State]],
) -> Callable[[Statement, Book], dict[str, State]]:
    return lambda statement, book: settle(Desk(statement, book), statement.body)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            name="standards.account",
            body=Account,
            subjects=_account_subjects,
            check=_check_account,
            needs=_account_needs,
            settle=_settled(settle_account),
        ),
        Kind(
            name="standards.claim",
            body=Claim,
            subjects=_claim_subjects,
            check=_check_claim,
            needs=_claim_needs,
            settle=_settled(settle_claim),
        ),
        Kind(
            name="standards.credit",
            body=Credit,
            subjects=_credit_subjects,
            check=_check_credit,
            needs=_credit_needs,
            settle=_settled(settle_credit),
        ),
        Kind(
            name="standards.close",
            body=Close,
            subjects=lambda body, _author: [account_subject(body.account)],
            check=_check_close,
            settle=_settled(settle_close),
        ),
    )
}
