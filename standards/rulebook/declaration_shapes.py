"""What a company declares: forms and their answers, claims in coded words, attestations.

A declaration is what somebody says of himself or his goods. It is evidence of having said it,
of nothing else: rules compare it with what is on record.
"""

from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta

from standards.rulebook.account_shapes import ClaimCode
from standards.rulebook.certificate_shapes import check_days, check_once, check_own
from traceability.errors import (
    AmbiguousParty,
    MalformedStatement,
    UnknownFacility,
    UnknownLot,
    UnknownOrganization,
)
from traceability.ledger.book import Book
from traceability.ledger.needs import Needs
from traceability.ledger.shapes import (
    Country,
    Day,
    DecimalText,
    Element,
    FacilityId,
    Identifier,
    LongText,
    LotId,
    OrganizationId,
    OwnId,
    Party,
    Shape,
    Text,
    Word,
)
from traceability.ledger.statements import State, Statement
from traceability.ledger.vocabulary import CustodyModel

Lots = Annotated[list[LotId], Meta(max_length=100)]


class Assertion(StrEnum):
    """What the wording of a claim was coded to assert; one wording may assert several."""

    LEVEL = "level"  # names the published level or mark
    SITE = "site"  # names the site that was assessed
    CERTIFIED = "certified"  # says "certified", "certification" or a like word
    CONTENT = "content"  # says that the product contains or is made of such material
    MARK = "mark"  # says that a site or product bears a mark
    SUPPORT = "support"  # says that responsible production is supported
    MEMBERSHIP = "membership"  # names membership or participation only
    RECYCLED_CONTENT = "recycled_content"
    ORIGIN = "origin"  # says where the metal was mined
    DUE_DILIGENCE = "due_diligence"  # says that a due-diligence system was assessed
    EU_RECOGNIZED = "eu_recognized"  # says that the scheme is recognized by the European Union


class ClaimText(Shape, frozen=True):
    """One claim about the lots of the declaration, in the words chosen and as coded.

    `says` is left out while nobody coded the wording. `share` is the part of each lot that is
    claimed for. `site` is the facility that the claim names.
    """

    scheme: Word
    code: ClaimCode
    wording: LongText
    level: Text | None = None
    model: CustodyModel | None = None
    element: Element | None = None
    site: FacilityId | None = None
    share: DecimalText | None = None
    says: Annotated[list[Assertion], Meta(max_length=16)] | None = None
    certificate: OwnId | None = None


class FormAnswer(Shape, frozen=True):
    """The answer to one question of a form; `about` tells of which part it asks."""

    question: Word
    answer: Literal["yes", "no", "unknown", "not_applicable"] | None = None
    text: LongText | None = None
    element: Element | None = None
    about: Text | None = None


class SourceSite(Shape, frozen=True):
    """One line of a form's list of smelters or of mines, as filled in.

    `lookup` says what was chosen from the list of known smelters: `listed`, `not_listed` or
    `not_yet_identified`. `identifier` is that of the list (`rmi_cid`). `mine_countries` are those
    of the mines that a smelter buys from.
    """

    role: Literal["smelter", "mine"]
    element: Element
    lookup: Literal["listed", "not_listed", "not_yet_identified"] | None = None
    name: Text | None = None
    country: Country | None = None
    identifier: Identifier | None = None
    mine_countries: Annotated[list[Country], Meta(max_length=32)] | None = None
    recycled_only: bool | None = None


class Declaration(Shape, frozen=True):
    """A company fills in a form: what it claims, or attests, about lots, sites or itself.

    `form` is `claims`, `attestation`, or the name of an established form (`cmrt`, `emrt`, `amrt`),
    then with its `form_version`; questions go by their number there (`q1`, `a`). `sources` are
    its lists of smelters and mines. Without `lots` it is about all that the company hands on.
    Stated again under its id it replaces what it said before; `withdrawn` takes it back.
    `recipients` are those for whom it is meant, and who may read it.
    """

    declaration: OwnId
    form: Word
    form_version: Text | None = None
    lots: Lots | None = None
    facilities: Annotated[list[FacilityId], Meta(max_length=100)] | None = None
    recipients: Annotated[list[Party], Meta(max_length=32)] | None = None
    claims: Annotated[list[ClaimText], Meta(max_length=32)] | None = None
    answers: Annotated[list[FormAnswer], Meta(max_length=200)] | None = None
    sources: Annotated[list[SourceSite], Meta(max_length=300)] | None = None
    authorized_by: Text | None = None
    authorized_on: Day | None = None
    valid_from: Day | None = None
    valid_until: Day | None = None
    withdrawn: bool = False

    def readers(self) -> set[OrganizationId]:
        """Return the organizations of this ledger it is meant for."""
        return {one.organization for one in self.recipients or () if one.organization}


def check_declaration(body: Declaration, statement: Statement) -> None:
    """Refuse a declaration that says nothing, twice the same, or what cannot be."""
    check_own(body.declaration, "declaration", statement)
    check_days(body, "$.body", "authorized_on", "valid_from", "valid_until")
    if body.valid_from and body.valid_until and body.valid_until < body.valid_from:
        raise MalformedStatement("It ends before it begins.", at="$.body.valid_until")
    check_once(body.lots or (), "$.body.lots")
    check_once(body.facilities or (), "$.body.facilities")
    for place, party in enumerate(body.recipients or ()):
        if (party.organization is None) == (party.name is None):
            raise AmbiguousParty(at=f"$.body.recipients[{place}]")
    asked = ((one.question, one.element, one.about) for one in body.answers or ())
    check_once(asked, "$.body.answers")
    for place, answer in enumerate(body.answers or ()):
        if answer.answer is None and answer.text is None:
            at = f"$.body.answers[{place}]"
            raise MalformedStatement("Say its `answer`, its `text`, or both.", at=at)
    if not body.withdrawn and not body.claims and not body.answers:
        raise MalformedStatement("It neither claims nor answers anything.", at="$.body")
    _check_claims(body)


def _check_claims(body: Declaration) -> None:
    if body.claims and not body.lots and any(one.code != "site" for one in body.claims):
        raise MalformedStatement("A claim about material names its lots.", at="$.body.lots")
    for place, claim in enumerate(body.claims or ()):
        at = f"$.body.claims[{place}]"
        if claim.share is not None and Decimal(claim.share) > 1:
            raise MalformedStatement("A share lies between 0 and 1.", at=f"{at}.share")
        check_once(claim.says or (), f"{at}.says")
        if claim.code is ClaimCode.SITE and claim.site is None:
            raise MalformedStatement("A claim about a site names it.", at=f"{at}.site")


# ── what recording looks at ───────────────────────────────────────────────────────────────


def need_named(body: Declaration, needs: Needs) -> None:
    """Ask for the lots, facilities and organizations that a declaration names."""
    needs.lots.update(body.lots or ())
    needs.facilities.update(site for site, _ in _sites(body))
    needs.organizations.update(body.readers())


def settle_declaration(statement: Statement, book: Book) -> dict[str, State]:
    """Refuse lots that the author may not know, and what nobody registered."""
    body: Declaration = statement.body
    for place, name in enumerate(body.lots or ()):
        lot = book.lots.get(name)
        if lot is None or not book.is_known(lot, statement.author):
            raise UnknownLot(name, at=f"$.body.lots[{place}]")
    for site, at in _sites(body):
        if site not in book.facilities:
            raise UnknownFacility(site, at=at)
    for place, party in enumerate(body.recipients or ()):
        if party.organization and party.organization not in book.organizations:
            raise UnknownOrganization(party.organization, at=f"$.body.recipients[{place}]")
    return {}


def _sites(body: Declaration) -> Iterator[tuple[str, str]]:
    """Yield the facilities it names, each with its place."""
    for place, name in enumerate(body.facilities or ()):
        yield name, f"$.body.facilities[{place}]"
    for place, claim in enumerate(body.claims or ()):
        if claim.site is not None:
            yield claim.site, f"$.body.claims[{place}].site"
