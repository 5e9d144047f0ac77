"""The custody events: what each says, and what it must say to be understood.

Field names follow EPCIS 2.0 and UNTP where they have a word. The envelope's `effective`
is the event time (EPCIS `eventTime`; a period also gives `event_time_end`). What must hold
about custody and balances is in `custody`; this module only knows the words.
"""

from typing import Annotated, Any

from msgspec import Meta, field

from traceability.ledger.shapes import (
    AssayResult,
    Compound,
    Country,
    Day,
    DecimalText,
    Element,
    Evidence,
    FacilityId,
    Hash,
    LongText,
    LotId,
    NewLot,
    OrganizationId,
    OwnId,
    Party,
    Place,
    ProducedLot,
    Quantity,
    Shape,
    Subdivision,
    TakenLot,
    Text,
    Word,
)
from traceability.ledger.vocabulary import (
    AssayParty,
    AssayStatus,
    FeedstockClass,
    InputRole,
    IntroductionReason,
    OriginStage,
    Stage,
)

Many = Meta(min_length=1, max_length=200)
Some = Meta(max_length=200)


class Reported(Shape, frozen=True):
    """Marks an event signed by a later holder for an operator that has no key."""

    operator: Party
    basis: LongText


class Extraction(Shape, frozen=True):
    """A mine produces a lot."""

    facility: FacilityId
    lot: NewLot
    licence: Text | None = None
    reported: Reported | None = None


class Recovery(Shape, frozen=True):
    """A recycler makes lots from collected scrap, packs, black mass or production waste."""

    facility: FacilityId
    feedstock: FeedstockClass
    outputs: Annotated[list[ProducedLot], Many]
    collected_in: Country | None = None
    collected_in_subdivision: Subdivision | None = None
    inputs: Annotated[list[TakenLot], Some] | None = None
    serials: Annotated[list[Text], Some] | None = None
    reported: Reported | None = None


class DeclaredOrigin(Shape, frozen=True):
    """One part of a declared origin: a facility, or a country, at a stage.

    `left_on` is the day on which the material left there, where a document tells.
    """

    stage: OriginStage
    parts: Annotated[int, Meta(ge=1, le=10**12)]
    facility: FacilityId | None = None
    country: Country | None = None
    subdivision: Subdivision | None = None
    element: Element | None = None
    left_on: Day | None = None


class Introduction(Shape, frozen=True):
    """Material enters from outside the ledger; what is not declared about it is unknown."""

    facility: FacilityId
    lot: NewLot
    reason: IntroductionReason
    supplier: Party | None = None
    declared_origin: Annotated[list[DeclaredOrigin], Meta(max_length=64)] | None = None
    explanation: LongText | None = None


class Feed(TakenLot, frozen=True):
    """An input of a transformation."""

    role: InputRole


class Loss(Shape, frozen=True):
    """Mass that left a transformation: slag, dust, solution, moisture."""

    reason: Word
    quantity: Quantity | None = None
    element: Element | None = None


class Transformation(Shape, frozen=True):
    """Inputs become outputs at one facility in one step."""

    facility: FacilityId
    stage: Stage
    inputs: Annotated[list[Feed], Many]
    outputs: Annotated[list[ProducedLot], Many]
    losses: Annotated[list[Loss], Some] | None = None
    reported: Reported | None = None


class Blend(Shape, frozen=True):
    """Physical commingling: gross mass is conserved to the milligram."""

    facility: FacilityId
    inputs: Annotated[list[TakenLot], Many]
    output: NewLot
    reported: Reported | None = None


class Split(Shape, frozen=True):
    """Physical division: parts leave a lot and carry their share of everything."""

    facility: FacilityId
    lot: LotId
    parts: Annotated[list[TakenLot], Many]
    reported: Reported | None = None


class Consigned(Shape, frozen=True):
    """A lot on a shipment: whole, or a part that becomes a new lot, taken `from` another."""

    lot: LotId
    quantity: Quantity
    taken_from: LotId | None = field(name="from", default=None)


class RoutePoint(Shape, frozen=True):
    """A place on the way, with what happened to the goods there."""

    place: Place
    arrived: Text | None = None
    departed: Text | None = None
    under_customs_control: bool | None = None
    handling: Annotated[list[Word], Some] | None = None
    transport_mode: Word | None = None


class Shipment(Shape, frozen=True):
    """Custody leaves towards a consignee; until receipt the lots are in transit."""

    facility: FacilityId
    consignment: OwnId
    consignee: Party
    lots: Annotated[list[Consigned], Many]
    destination: Place | None = None
    route: Annotated[list[RoutePoint], Some] | None = None
    seals: Annotated[list[Text], Some] | None = None
    containers: Annotated[list[Text], Some] | None = None
    transport_mode: Word | None = None
    reported: Reported | None = None


class Received(Shape, frozen=True):
    """A lot on arrival: the receiver's own weight, split into accepted and rejected."""

    lot: LotId
    accepted: Quantity | None = None
    rejected: Quantity | None = None
    rejected_lot: LotId | None = None
    rejection_reason: Text | None = None


class Receipt(Shape, frozen=True):
    """Custody arrives. It may be recorded before its shipment, and then waits unmatched."""

    facility: FacilityId
    consignment: OwnId
    lots: Annotated[list[Received], Many]
    seals_intact: bool | None = None
    reported: Reported | None = None


class TitleTransfer(Shape, frozen=True):
    """Title to a lot, or to a quantity of it, passes from one owner to another."""

    lot: LotId
    transferor: Party = field(name="from")
    transferee: Party = field(name="to")
    quantity: Quantity | None = None


class Transfer(Shape, frozen=True):
    """Title changes without custody; two items that cross are a swap."""

    items: Annotated[list[TitleTransfer], Many]
    contract: Text | None = None
    price: Text | None = None
    currency: Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z")] | None = None


class Assay(Shape, frozen=True):
    """A laboratory's result on a lot, or on a consignment to a consignee.

    It governs from its subject downstream, never upstream.
    """

    laboratory: Party
    party: AssayParty
    method: Text
    status: AssayStatus
    results: Annotated[list[AssayResult], Many]
    lot: LotId | None = None
    consignment: OwnId | None = None
    consignee: OrganizationId | None = None
    sampled_on: Day | None = None
    moisture: DecimalText | None = None
    compound: Compound | None = None


class Count(Shape, frozen=True):
    """What was physically found of a lot, and why the books differ."""

    lot: LotId
    quantity: Quantity
    reason: Text


class Stocktake(Shape, frozen=True):
    """Books are set to what is physically there."""

    facility: FacilityId
    counts: Annotated[list[Count], Many]


class LossEvent(Shape, frozen=True):
    """An amount of a lot is gone: spilled, burnt, stolen, evaporated."""

    facility: FacilityId
    lot: LotId
    quantity: Quantity
    reason: Text


class Product(Shape, frozen=True):
    """A serialised product: what it is, for whom it counts."""

    serial: Text
    model: Text
    category: Word
    use_class: Word
    gtin: Annotated[str, Meta(pattern=r"\A[0-9]{8,14}\Z")] | None = None
    vin_hash: Hash | None = None
    plant: FacilityId | None = None
    covered_material_share: DecimalText | None = None


class Assembly(Shape, frozen=True):
    """A serialised product takes quantities of lots, or other products as pieces."""

    facility: FacilityId
    inputs: Annotated[list[TakenLot], Many]
    output: NewLot
    product: Product
    stage: Stage | None = None
    reported: Reported | None = None


class Offer(Shape, frozen=True):
    """The holder opens lots to a club or buyer, who may then read and judge them."""

    lots: Annotated[list[LotId], Many]
    audience: Annotated[list[OrganizationId], Meta(min_length=1, max_length=64)]
    until: Day | None = None
    terms: Text | None = None


class Withdrawal(Shape, frozen=True):
    """An offer is withdrawn."""

    offer: Hash
    lots: Annotated[list[LotId], Many]
    reason: Text | None = None


class Replacement(Shape, frozen=True):
    """The statement as it should have been; same kind as the one it replaces."""

    effective: Text
    body: dict[str, Any]
    evidence: list[Evidence] | None = None


class Correction(Shape, frozen=True):
    """Replaces the current head of a correction chain of the same organization."""

    replaces: Hash
    reason: LongText
    lots: Annotated[list[LotId], Meta(max_length=256)]
    replacement: Replacement


class Void(Shape, frozen=True):
    """Withdraws the current head of a correction chain of the same organization."""

    replaces: Hash
    reason: LongText
    lots: Annotated[list[LotId], Meta(max_length=256)]
