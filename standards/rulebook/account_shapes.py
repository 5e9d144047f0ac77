"""What statements about mass-balance accounts say: accounts, claims, credits, closes."""

from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta

from traceability.ledger.equivalents import contained_mass_mg
from traceability.ledger.mass import parse_decimal
from traceability.ledger.shapes import (
    Day,
    DecimalText,
    Element,
    FacilityId,
    Hash,
    LongText,
    LotId,
    OrganizationId,
    OwnId,
    Party,
    Shape,
    Text,
    Word,
)
from traceability.ledger.vocabulary import CustodyModel

Serials = Annotated[list[OwnId], Meta(min_length=1, max_length=64)]


class Method(StrEnum):
    """How entitlement is given to outputs (ISO 22095-2:2026)."""

    ROLLING_AVERAGE = "rolling_average"  # every output has the average share of the inputs
    CREDIT = "credit"  # inputs earn, outputs draw


class ClaimCode(StrEnum):
    """What a claim says of its material, whatever the words chosen for it."""

    CONTAINS = "contains"
    SUPPORTS = "supports"
    ORIGIN = "origin"
    RECYCLED = "recycled"
    SITE = "site"


class Contained(Shape, frozen=True):
    """A mass of the contained element, on the dry basis: never gross, never wet.

    Lithium may be stated in lithium carbonate equivalent (`t LCE`), as trade does: it is
    converted by the atomic weights and kept as entered.
    """

    value: DecimalText
    unit: Literal["mg", "g", "kg", "t", "lb", "oz t", "kg LCE", "t LCE"]


class OpeningStock(Shape, frozen=True):
    """Certified metal in a lot that came from outside the ledger, as the account begins.

    The `evidence` of the statement shows it; without any it counts for nothing. `level` is left
    out where the scheme publishes none. `quantity` is the holder's metal of that level in the
    lot: when the account begins or, where the lot is introduced later, as it then is.
    """

    lot: LotId
    quantity: Contained
    because: LongText
    level: Text | None = None


class Account(Shape, frozen=True):
    """Opens a mass-balance account, for ever as it is stated.

    The boundary is one site, or several of one group; a site of somebody who works the
    holder's metal on toll may be among them. `tier` is the level or mark that claims name.
    Periods of `months` months follow each other from `begins`; what was received before is
    not counted, but for the lots of `opening`.
    """

    account: OwnId
    facilities: Annotated[list[FacilityId], Meta(min_length=1, max_length=64)]
    element: Element
    scheme: Word
    tier: Text
    method: Method
    begins: Day
    months: Annotated[int, Meta(ge=1, le=36)]
    opening: Annotated[list[OpeningStock], Meta(min_length=1, max_length=200)] | None = None


class ClaimMade(Shape, frozen=True):
    """What is claimed of a lot, towards whom.

    A claim of any model but book and claim draws on its account: on the tranches named by the
    lots that brought them, or else on the oldest. One of book and claim retires `credits`.
    """

    recipient: Party
    lot: LotId
    quantity: Contained
    element: Element
    scheme: Word
    tier: Text
    model: CustodyModel
    code: ClaimCode
    wording: LongText
    tranches: Annotated[list[LotId], Meta(min_length=1, max_length=64)] | None = None
    credits: Serials | None = None


class ClaimWithdrawal(Shape, frozen=True):
    """Why a claim is withdrawn: nobody may rely on it any more, and nothing is debited."""

    because: LongText


class Claim(Shape, frozen=True):
    """A claim is made, or withdrawn; it is never changed.

    `account` is left out for book and claim, which draws on credits.
    """

    claim: OwnId
    account: OwnId | None = None
    made: ClaimMade | None = None
    withdrawn: ClaimWithdrawal | None = None


class CreditIssue(Shape, frozen=True):
    """A credit begins: so much entitlement, apart from material, under one serial.

    A company issues it out of its account, which is debited. A registry keeps its own books.
    """

    registry: Text
    holder: OrganizationId
    element: Element
    scheme: Word
    tier: Text
    quantity: Contained
    vintage: Annotated[str, Meta(pattern=r"\A[0-9]{4}\Z", description="year")]
    account: OwnId | None = None


class CreditTransfer(Shape, frozen=True):
    """The holder passes a credit on."""

    to: OrganizationId


class CreditRetirement(Shape, frozen=True):
    """The holder retires a credit without a claim of this ledger."""

    because: LongText
    beneficiary: Party | None = None


class Credit(Shape, frozen=True):
    """A book-and-claim credit is issued, transferred or retired (ISO 22095-3:2026)."""

    serial: OwnId
    issued: CreditIssue | None = None
    transferred: CreditTransfer | None = None
    retired: CreditRetirement | None = None


class Close(Shape, frozen=True):
    """An accounting period of an account is closed, and stays closed.

    With `digest` its holder says what it closed: the account's state up to that day as known
    below the log size `known_at`, as the ledger tells it. Without, that of this entry counts.
    """

    account: OwnId
    until: Day
    known_at: Annotated[int, Meta(ge=0, le=2**53 - 1)] | None = None
    digest: Hash | None = None


def milligrams(quantity: Contained, element: str, at: str) -> int:
    """Return a quantity of a contained element in whole milligrams of it.

    Raises:
        MassNotPositive, MassOutOfRange: nothing, or more than there is.
        EquivalentOfAnotherElement: `LCE` of anything but lithium.
    """
    value = parse_decimal(quantity.value, at=at)
    return contained_mass_mg(value, quantity.unit, element, at=at)
