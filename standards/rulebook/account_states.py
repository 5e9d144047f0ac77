"""What recording keeps of accounts, claims and credits, and what it refuses for it.

The states stand with their subjects and are read and written under their locks, so of two
statements about one account, claim or credit the second sees what the first did. Balances are
not among them: a claim beyond its entitlement is recorded, and shown as what it is (ADR 0013).
"""

from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from standards.rulebook.account_shapes import (
    Account,
    Claim,
    ClaimMade,
    Close,
    Credit,
    CreditIssue,
)
from standards.rulebook.errors import (
    AccountExists,
    AccountsOverlap,
    ClaimDoesNotFit,
    ClaimExists,
    ClaimWithdrawn,
    CreditExists,
    CreditNotBacked,
    CreditRetired,
    NotCreditHolder,
    NotTheNextPeriod,
    PeriodClosed,
    UnknownAccount,
    UnknownClaim,
    UnknownCredit,
    UnknownTranche,
)
from standards.rulebook.periods import next_period
from traceability.errors import UnknownFacility, UnknownLot, UnknownOrganization
from traceability.ledger.book import Book
from traceability.ledger.canonical import canonical
from traceability.ledger.statements import State, Statement
from traceability.ledger.vocabulary import OrganizationRole


def account_subject(name: str) -> str:
    """Return the subject of an account."""
    return f"account:{name}"


def scope_subject(holder: str, facility: str, body: Account) -> str:
    """Return the subject under which one account of a holder covers a site for a claim tier."""
    key = canonical([holder, facility, body.element, body.scheme, body.tier])
    return f"account_scope:{sha256(key).hexdigest()}"


# ── what the states allow ─────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Desk:
    """One statement with the book that recording holds for it."""

    statement: Statement
    book: Book

    @property
    def author(self) -> str:
        """Return who speaks."""
        return self.statement.author

    def account(self, name: str, at: str) -> State:
        """Return the state of an account that is open."""
        found = self.book.states.get(account_subject(name))
        if found is None:
            raise UnknownAccount(name, at=at)
        return found

    def organization(self, name: str, at: str) -> None:
        """Refuse an organization that is not registered."""
        if name not in self.book.organizations:
            raise UnknownOrganization(name, at=at)

    def knows(self, lot: str) -> bool:
        """Tell whether the author may know a lot."""
        found = self.book.lots.get(lot)
        return found is not None and self.book.is_known(found, self.author)

    def held_credit(self, serial: str, at: str) -> State:
        """Return the state of a credit that the author holds and nobody has retired.

        Whoever never held it learns nothing of it, not even that it exists.
        """
        found = self.book.states.get(f"credit:{serial}")
        if found is None or self.author not in found["known_to"]:
            raise UnknownCredit(serial, at=at)
        if found["retired"]:
            raise CreditRetired(serial, at=at)
        if found["holder"] != self.author:
            raise NotCreditHolder(serial, author=self.author, at=at)
        return found


def settle_account(desk: Desk, body: Account) -> dict[str, State]:
    """Open an account, and let it cover its sites for this element, scheme and tier."""
    if account_subject(body.account) in desk.book.states:
        raise AccountExists(body.account, at="$.body.account")
    states: dict[str, State] = {}
    for place, site in enumerate(body.facilities):
        at = f"$.body.facilities[{place}]"
        if site not in desk.book.facilities:
            raise UnknownFacility(site, at=at)
        scope = scope_subject(desk.author, site, body)
        taken = desk.book.states.get(scope)
        if taken is not None:
            raise AccountsOverlap(taken["account"], facility=site, at=at)
        states[scope] = {"account": body.account}
    for place, stock in enumerate(body.opening or ()):
        if not desk.knows(stock.lot):
            raise UnknownLot(stock.lot, at=f"$.body.opening[{place}].lot")
    states[account_subject(body.account)] = {
        "element": body.element,
        "scheme": body.scheme,
        "begins": body.begins,
        "months": body.months,
        "closed_until": None,
    }
    return states


def settle_claim(desk: Desk, body: Claim) -> dict[str, State]:
    """Make a claim, or withdraw it."""
    claim = f"claim:{body.claim}"
    known = desk.book.states.get(claim)
    if body.made is not None:
        if known is not None:
            raise ClaimExists(body.claim, at="$.body.claim")
        state = {"account": body.account, "withdrawn": False}
        return {claim: state, **_settle_made(desk, body, body.made)}
    if known is None or known["account"] != body.account:
        raise UnknownClaim(body.claim, at="$.body.claim")
    if known["withdrawn"]:
        raise ClaimWithdrawn(body.claim, at="$.body.claim")
    return {claim: {**known, "withdrawn": True}}


def _settle_made(desk: Desk, body: Claim, made: ClaimMade) -> dict[str, State]:
    at = "$.body.made"
    if made.recipient.organization is not None:
        desk.organization(made.recipient.organization, f"{at}.recipient.organization")
    if not desk.knows(made.lot):
        raise UnknownLot(made.lot, at=f"{at}.lot")
    for place, lot in enumerate(made.tranches or ()):
        if not desk.knows(lot):
            raise UnknownTranche(lot, at=f"{at}.tranches[{place}]")
    if body.account is not None:
        _check_fits(f"Account {body.account}", desk.account(body.account, "$.body.account"), made)
        return {}
    states: dict[str, State] = {}
    for place, serial in enumerate(made.credits or ()):
        state = desk.held_credit(serial, f"{at}.credits[{place}]")
        _check_fits(f"Credit {serial}", state, made)
        states[f"credit:{serial}"] = {**state, "retired": True}
    return states


def _check_fits(source: str, state: State, made: ClaimMade | CreditIssue) -> None:
    for member in ("element", "scheme"):
        holds, asked = state[member], getattr(made, member)
        if holds != asked:
            at = f"$.body.{'made' if isinstance(made, ClaimMade) else 'issued'}.{member}"
            raise ClaimDoesNotFit(source, member=member, holds=holds, asked=asked, at=at)


_REGISTRIES = frozenset({OrganizationRole.ASSURANCE_SCHEME, OrganizationRole.REGISTRAR})


def settle_credit(desk: Desk, body: Credit) -> dict[str, State]:
    """Issue a credit, pass it on or retire it."""
    credit = f"credit:{body.serial}"
    if body.issued is not None:
        return {credit: _issued(desk, body.serial, body.issued)}
    state = desk.held_credit(body.serial, "$.body.serial")
    if body.transferred is not None:
        to = body.transferred.to
        desk.organization(to, "$.body.transferred.to")
        known = sorted({*state["known_to"], to})
        return {credit: {**state, "holder": to, "known_to": known}}
    return {credit: {**state, "retired": True}}


def _issued(desk: Desk, serial: str, issue: CreditIssue) -> State:
    if f"credit:{serial}" in desk.book.states:
        raise CreditExists(serial, at="$.body.serial")
    desk.organization(issue.holder, "$.body.issued.holder")
    if issue.account is not None:
        state = desk.account(issue.account, "$.body.issued.account")
        _check_fits(f"Account {issue.account}", state, issue)
    elif not desk.book.organizations[desk.author] & _REGISTRIES:
        raise CreditNotBacked(serial, at="$.body.issued.account")
    return {
        "element": issue.element,
        "scheme": issue.scheme,
        "holder": issue.holder,
        "known_to": sorted({desk.author, issue.holder}),
        "retired": False,
    }


def settle_close(desk: Desk, body: Close) -> dict[str, State]:
    """Close the first open period."""
    state = desk.account(body.account, "$.body.account")
    closed, at = state["closed_until"], "$.body.until"
    if closed is not None and body.until <= closed:
        raise PeriodClosed(body.account, until=body.until, closed_until=closed, at=at)
    closed_until = None if closed is None else date.fromisoformat(closed)
    due = next_period(date.fromisoformat(state["begins"]), state["months"], closed_until)
    if body.until != due.last.isoformat():
        told = {"until": body.until, "next_end": due.last.isoformat()}
        raise NotTheNextPeriod(body.account, **told, at=at)
    return {account_subject(body.account): {**state, "closed_until": body.until}}
