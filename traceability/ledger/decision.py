"""One decision per statement: whether its author may say this, and whether it fits.

Recording, replay and the offline verifier call `decide`, in log order, with a book that
holds what the statement touches. Signatures are verified before, since that needs no book.
"""

from collections.abc import Mapping
from typing import Any

from traceability.errors import (
    GenesisMisplaced,
    KeyExists,
    MayNotSign,
    NotErasable,
    NotYourNameSpace,
    OrganizationNeedsKey,
    PossessionNotProven,
    UnknownFacility,
    UnknownKey,
    UnknownOrganization,
    UnknownStatement,
    WrongAuthor,
)
from traceability.ledger import custody, registry
from traceability.ledger.book import Book, Effects, Facility, Key
from traceability.ledger.keys import PublicKey, check_enrollable
from traceability.ledger.kinds import roles_for
from traceability.ledger.possession import verify_possession
from traceability.ledger.statements import Statement
from traceability.ledger.vocabulary import OrganizationRole

_NOTHING: Mapping[str, Any] = {}


def decide(statement: Statement, book: Book) -> Effects:
    """Return what a statement changes.

    Raises:
        TraceabilityError: the rule that refuses it; nothing is changed then.
    """
    if statement.kind == "registry.genesis":
        raise GenesisMisplaced("This ledger has begun already.")
    authorize(kid=statement.kid, author=statement.author, kind=statement.kind, book=book)
    if statement.kind.startswith("custody."):
        return custody.apply(statement, book)
    check = _REGISTRY.get(statement.kind)
    if check is not None:
        check(statement, statement.body, book)
    settle = statement.of_kind.settle
    return Effects(
        subjects=statement.subjects,
        lots=_NOTHING,
        movements=(),
        consignments=_NOTHING,
        states=settle(statement, book) if settle is not None else _NOTHING,
    )


def decide_genesis(statement: Statement) -> Effects:
    """Return what entry 0 changes: the operator vouches for itself.

    Raises:
        GenesisMisplaced: not a genesis, not signed by the key it brings, or no operator.
    """
    body = statement.body
    if not isinstance(body, registry.Genesis):
        raise GenesisMisplaced("A ledger begins with its genesis statement.")
    if OrganizationRole.OPERATOR not in body.operator.roles:
        raise GenesisMisplaced("The genesis names an operator without that role.")
    key = check_key(body.key, statement, body.operator.organization)
    if key.kid != statement.kid or statement.author != body.operator.organization:
        raise GenesisMisplaced("The genesis is signed by the operator with the key it brings.")
    return Effects(subjects=statement.subjects, lots=_NOTHING, movements=(), consignments=_NOTHING)


def check_key(enrolled: registry.EnrolledKey, statement: Statement, organization: str) -> PublicKey:
    """Return a new public key, if it is sound and its holder has the private part."""
    at = "$.body.key"
    key = PublicKey.from_jwk(
        {"kty": enrolled.jwk.kty, "crv": enrolled.jwk.crv, "x": enrolled.jwk.x}, at=f"{at}.jwk"
    )
    check_enrollable(key, at=f"{at}.jwk")
    try:
        verify_possession(
            enrolled.possession.encode(),
            key,
            ledger=statement.envelope.ledger,
            organization=organization,
        )
    except PossessionNotProven as error:
        error.at = f"{at}.possession"
        raise
    return key


def authorize(*, kid: str, author: str, kind: str, book: Book) -> Key:
    """Return the key that signed, if it is good and its owner may say this as `author`.

    Raises:
        UnknownKey, WrongAuthor, MayNotSign: why not.
    """
    key = book.keys.get(kid)
    if key is None or key.revoked:
        raise UnknownKey(kid, revoked=key is not None)
    if key.organization != author:
        raise WrongAuthor(author=author)
    roles = book.organizations.get(author, frozenset())
    if not roles & roles_for(kind):
        raise MayNotSign(kind, author=author)
    return key


def _is_operator(statement: Statement, book: Book) -> bool:
    return OrganizationRole.OPERATOR in book.organizations[statement.author]


def _new_key(
    enrolled: registry.EnrolledKey, statement: Statement, organization: str, book: Book
) -> None:
    key = check_key(enrolled, statement, organization)
    if key.kid in book.keys:
        raise KeyExists(key.kid)


def _organization(statement: Statement, body: registry.OrganizationStatement, book: Book) -> None:
    known = book.organizations.get(body.organization)
    if known is None and body.key is None:
        raise OrganizationNeedsKey(body.organization)
    is_operator = known is not None and OrganizationRole.OPERATOR in known
    if (OrganizationRole.OPERATOR in body.roles) != is_operator:
        raise MayNotSign("second operator", author=statement.author)
    if body.key is not None:
        _new_key(body.key, statement, body.organization, book)


def _key(statement: Statement, body: registry.KeyStatement, book: Book) -> None:
    _of_organization(statement, body.organization, book)
    _new_key(body.key, statement, body.organization, book)


def _key_revocation(statement: Statement, body: registry.KeyRevocation, book: Book) -> None:
    _of_organization(statement, body.organization, book)
    key: Key | None = book.keys.get(body.kid)
    if key is None or key.organization != body.organization or key.revoked:
        raise UnknownKey(body.kid, revoked=key is not None and key.revoked)


def _of_organization(statement: Statement, organization: str, book: Book) -> None:
    """An organization answers for its own keys; the operator helps after theft."""
    if organization not in book.organizations:
        raise UnknownOrganization(organization, at="$.body.organization")
    if statement.author != organization and not _is_operator(statement, book):
        raise MayNotSign(statement.kind, author=statement.author)


def _facility(statement: Statement, body: registry.FacilityStatement, book: Book) -> None:
    known = book.facilities.get(body.facility)
    is_keyless = known is not None and known.operator is None
    took_over = is_keyless and body.operator.organization == statement.author
    if book.is_admitting or not took_over:  # once, an operator that got a key did it by itself
        _check_facility(statement, body, book, known)


def _check_facility(
    statement: Statement, body: registry.FacilityStatement, book: Book, known: Facility | None
) -> None:
    """One states one's own facility; one of an operator without a key is handed over by name.

    That is for who registered it, or for the ledger's operator, which also mends whom it is with.
    """
    author, operator = statement.author, body.operator.organization
    present = known.operator if known else None
    registrant = body.facility.partition(":")[0]
    is_operator = _is_operator(statement, book)
    hands_over = known is not None and present is None and operator is not None
    mends = is_operator and present not in (None, registrant)
    if mends or (hands_over and (is_operator or author == registrant)):
        _known_organizations([operator] if operator else [], book, "$.body.operator.organization")
        return
    if present != author:  # to strangers it is as if there were none
        _own_name(body.facility, statement, "$.body.facility")
    if {operator, present} - {None, author}:
        raise MayNotSign("facility operated by another", author=author)


def _relationship(statement: Statement, body: registry.Relationship, _book: Book) -> None:
    _own_name(body.relationship, statement, "$.body.relationship")


def _audience(statement: Statement, body: registry.Audience, book: Book) -> None:
    if body.audience != statement.author:
        raise NotYourNameSpace(body.audience, author=statement.author, at="$.body.audience")
    _known_organizations(body.members, book, "$.body.members")


def _grant(statement: Statement, body: registry.Grant, book: Book) -> None:
    _own_name(body.grant, statement, "$.body.grant")
    _known_organizations([body.auditor], book, "$.body.auditor")
    _own_facilities(body.facilities, statement, book)
    for place, lot in enumerate(body.lots):
        _own_name(lot, statement, f"$.body.lots[{place}]")


def _opening(statement: Statement, body: registry.Opening, book: Book) -> None:
    _own_name(body.opening, statement, "$.body.opening")
    _known_organizations(body.audience, book, "$.body.audience")
    _own_facilities(body.facilities, statement, book)


def _own_facilities(names: list[str], statement: Statement, book: Book) -> None:
    for place, name in enumerate(names):
        known = book.facilities.get(name)
        if known is None or known.operator != statement.author:
            raise UnknownFacility(name, at=f"$.body.facilities[{place}]")


def _known_organizations(names: list[str], book: Book, at: str) -> None:
    for name in names:
        if name not in book.organizations:
            raise UnknownOrganization(name, at=at)


def _erasure(_statement: Statement, body: registry.Erasure, book: Book) -> None:
    named = book.statements.get(body.entry)
    if named is None:
        raise UnknownStatement(body.entry, at="$.body.entry")
    if book.is_admitting and named.kind in _NEEDED:
        raise NotErasable(named.kind)


_NEEDED = frozenset({"registry.genesis", "registry.erasure"})
"""What nobody could verify a ledger without: its first key, and why other texts are missing."""


def _own_name(name: str, statement: Statement, at: str) -> None:
    if name.partition(":")[0] != statement.author:
        raise NotYourNameSpace(name, author=statement.author, at=at)


_REGISTRY: dict[str, Any] = {
    "registry.organization": _organization,
    "registry.key": _key,
    "registry.key_revocation": _key_revocation,
    "registry.facility": _facility,
    "registry.relationship": _relationship,
    "registry.audience": _audience,
    "registry.grant": _grant,
    "registry.opening": _opening,
    "registry.erasure": _erasure,
}
