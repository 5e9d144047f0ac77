"""Statements about who and where: genesis, organizations, facilities, keys, relationships."""

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta

from traceability.errors import ImpossibleFigure
from traceability.ledger.equivalents import capacity_amount
from traceability.ledger.shapes import (
    Country,
    Day,
    DecimalText,
    Element,
    FacilityId,
    Hash,
    Identifier,
    KeyId,
    LongText,
    LotId,
    OrganizationId,
    OwnId,
    Party,
    Quantity,
    Shape,
    SignedDecimalText,
    Subdivision,
    Text,
    Word,
)
from traceability.ledger.vocabulary import FacilityType, KeyHolder, OrganizationRole, Stage


class Jwk(Shape, frozen=True):
    """An Ed25519 public key (RFC 8037): exactly these members."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{43}\Z")]


class EnrolledKey(Shape, frozen=True):
    """A key with proof that its holder has the private part; `held_by` says who that is."""

    jwk: Jwk
    possession: Annotated[str, Meta(max_length=2000)]
    held_by: KeyHolder


class OrganizationRecord(Shape, frozen=True):
    """Who answers for statements."""

    organization: OrganizationId
    name: Text
    country: Country
    roles: Annotated[list[OrganizationRole], Meta(min_length=1, max_length=8)]
    identifiers: Annotated[list[Identifier], Meta(max_length=32)] | None = None
    subdivision: Subdivision | None = None
    address: Text | None = None


class Genesis(Shape, frozen=True):
    """Entry 0: the ledger, its log key, its operator and the operator's key."""

    log_vkey: Text
    operator: OrganizationRecord
    key: EnrolledKey


class OrganizationStatement(OrganizationRecord, frozen=True):
    """Registers an organization or changes its record; the first brings its first key."""

    key: EnrolledKey | None = None


class KeyStatement(Shape, frozen=True):
    """Enrols a further key of the organization, or one after theft, signed by the operator."""

    organization: OrganizationId
    key: EnrolledKey
    reason: Text | None = None


class KeyRevocation(Shape, frozen=True):
    """Ends a key. Statements from `distrusted_from` (a log index) on count as unknown."""

    organization: OrganizationId
    kid: KeyId
    reason: LongText
    distrusted_from: Annotated[int, Meta(ge=0, le=2**53 - 1)] | None = None


class Capacity(Shape, frozen=True):
    """Nameplate capacity of one material (or contained element), per calendar year.

    Of lithium it may be stated in lithium carbonate equivalent (`t LCE`, dry).
    """

    material: Word
    per_year: Quantity
    element: Element | None = None


class RecoveryRange(Shape, frozen=True):
    """The share of an element that the plant registers to recover from a material at a stage.

    Without `material` or `stage` it holds for all of them.
    """

    element: Element
    low: DecimalText
    high: DecimalText
    material: Word | None = None
    stage: Stage | None = None


class FacilityStatement(Shape, frozen=True):
    """A place where material is worked or kept; registered in its organization's name space."""

    facility: FacilityId
    name: Text
    types: Annotated[list[FacilityType], Meta(min_length=1, max_length=8)]
    country: Country
    operator: Party
    subdivision: Subdivision | None = None
    latitude: SignedDecimalText | None = None
    longitude: SignedDecimalText | None = None
    address: Text | None = None
    identifiers: Annotated[list[Identifier], Meta(max_length=32)] | None = None
    materials: Annotated[list[Word], Meta(max_length=64)] | None = None
    capacities: Annotated[list[Capacity], Meta(max_length=64)] | None = None
    recoveries: Annotated[list[RecoveryRange], Meta(max_length=64)] | None = None
    licences: Annotated[list[Text], Meta(max_length=64)] | None = None


_LATITUDE, _LONGITUDE = 90, 180


def check_figures(body: FacilityStatement) -> None:
    """Refuse figures that no facility can have: plausibility is measured against them.

    Raises:
        ImpossibleFigure: no place on Earth, or half of one; a range of recovery that is
            reversed, or above all there is.
        UnknownUnit, UnitDoesNotFitBasis, …: a capacity that is no quantity.
    """
    places = (("latitude", body.latitude, _LATITUDE), ("longitude", body.longitude, _LONGITUDE))
    for name, told, limit in places:
        if told is not None and abs(Decimal(told)) > limit:
            raise ImpossibleFigure(f"No {name} is {told}.", at=f"$.body.{name}")
    if (body.latitude is None) != (body.longitude is None):
        lacking = "latitude" if body.latitude is None else "longitude"
        raise ImpossibleFigure(f"A place needs its {lacking} too.", at=f"$.body.{lacking}")
    for place, capacity in enumerate(body.capacities or ()):
        quantity = capacity.per_year
        capacity_amount(
            value=Decimal(quantity.value),
            unit=quantity.unit,
            basis=quantity.basis.value,
            density_kg_l=None if quantity.density is None else Decimal(quantity.density),
            element=capacity.element,
            at=f"$.body.capacities[{place}].per_year",
        )
    for place, recovery in enumerate(body.recoveries or ()):
        if not Decimal(recovery.low) <= Decimal(recovery.high) <= 1:
            problem = f"{recovery.low} to {recovery.high} is no share that can be recovered."
            raise ImpossibleFigure(problem, at=f"$.body.recoveries[{place}]")


class Relationship(Shape, frozen=True):
    """A dated edge between a holder and a target; what is missing to 100 % is unknown.

    Shares are decimals of 1, each measured alone.
    """

    relationship: OwnId
    holder: Party
    nature: Literal["ownership", "operation", "outsourcing", "toll", "debt", "contract"]
    target_organization: OrganizationId | None = None
    target_facility: FacilityId | None = None
    votes: DecimalText | None = None
    equity: DecimalText | None = None
    value: DecimalText | None = None
    debt_at_issue: DecimalText | None = None
    board_seats: Annotated[int, Meta(ge=0, le=1000)] | None = None
    board_size: Annotated[int, Meta(ge=1, le=1000)] | None = None
    appointment_right: bool | None = None
    contract_rights: Annotated[list[Word], Meta(max_length=32)] | None = None
    valid_until: Day | None = None


class Audience(Shape, frozen=True):
    """A named set of organizations to whom lots may be opened; replaces the former set."""

    audience: OrganizationId
    members: Annotated[list[OrganizationId], Meta(max_length=1000)]


class Grant(Shape, frozen=True):
    """Lets an auditor read in full what happened at facilities, or to lots, for a time.

    Stated again with another `until` it is extended or ended.
    """

    grant: OwnId
    auditor: OrganizationId
    until: Day
    facilities: Annotated[list[FacilityId], Meta(max_length=64)]
    lots: Annotated[list[LotId], Meta(max_length=256)]


class Opening(Shape, frozen=True):
    """Opens the author's names, else hidden from those downstream, to buyers or to all."""

    opening: OwnId
    own_name: bool
    facilities: Annotated[list[FacilityId], Meta(max_length=64)]
    audience: Annotated[list[OrganizationId], Meta(max_length=256)]
    public: bool
    until: Day | None = None


class Erasure(Shape, frozen=True):
    """Removes the text of a statement on a legal ground; the entry stays."""

    entry: Hash
    ground: LongText
    fields: Annotated[list[Text], Meta(max_length=64)]
