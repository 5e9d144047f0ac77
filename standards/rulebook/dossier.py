"""The dossier: everything a rule may look at, for one lot and one mineral, at one log size.

A value is here only because a rule reads it (a test holds us to that). What nobody recorded
is `None`, never a default: `()` says "known to be none". Masses are integer milligrams of
contained metal, dry basis; days are local calendar days of the place.

Every row comes from an entry with `index < log_size`; the dossier is built once per
assessment (`standards.assessing`) and rules do no queries.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from msgspec import Struct

from standards.rulebook.accounts import AccountRecord, Claim, IssuedCredit
from standards.rulebook.credential import Credential, Snapshot
from standards.rulebook.forms import Form
from traceability.ledger.plausibility.view import Observation

GoverningDate = Literal[
    "as_of",  # the day the question is asked for
    "dispatched_on",
    "delivered_on",
    "produced_on",
    "sold_on",
    "acquired_on",
    "imported_on",
    "construction_started_on",
    "placed_in_service_on",
    "placed_on_eu_market_on",
]
"""The day whose law a rule applies. Every regime keys on another one."""

SourceKind = Literal["mined", "recycled", "introduced", "unknown", "unexplained", "shortfall"]
"""Where a parcel of metal entered the record; the last three have no known origin."""

ORIGIN_UNKNOWN: frozenset[str] = frozenset({"unknown", "unexplained", "shortfall"})
LEAF_STAGES: frozenset[str] = frozenset({"extraction", "recovery"})
"""Stages that make a first lot: they have no metal input to compare with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MassRange:
    """A mass known to lie between two values, in milligrams; equal when exactly known."""

    low_mg: int
    high_mg: int

    def __post_init__(self) -> None:
        """Refuse a range that is no range."""
        if not 0 <= self.low_mg <= self.high_mg:
            raise ValueError(f"no mass lies between {self.low_mg} mg and {self.high_mg} mg")


class Source(Struct, frozen=True, kw_only=True):
    """A parcel of the lot's metal, where it entered the record.

    Args:
        mg: exact integer milligrams of the lot's contained metal from this source.
        facility_id: the mine or recycler; None where it is not known or not declared.
        country: ISO 3166-1 alpha-2 of extraction, or of collection where recycled; declared
            for `introduced`; None where unknown.
        dispatched_on: first shipment of the parcel, or its use on site; None while unknown.
        entry: hash of the entry that made the source, 64 hex characters.
    """

    id: str
    kind: SourceKind
    facility_id: str | None
    facility_name: str | None = None
    country: str | None
    subdivision: str | None = None
    mg: int
    dispatched_on: date | None
    organization_id: str | None
    lot_id: str | None
    entry: str


class Step(Struct, frozen=True, kw_only=True):
    """One extraction, recovery or transformation that metal of this lot passed through.

    Processing that a party declared for material it introduced is a step too: it carries the
    entry of the introduction. Declared processing at an unknown place has `country` None.

    Args:
        mg: contained metal of this lot's mineral, as it is in the lot, that passed this step.
        input_mg, output_mg: the whole step's contained metal of this mineral, in and out;
            None where an assay or quality is missing.
        missing: names of the documents missing for this step.
    """

    entry: str
    stage: str
    facility_id: str | None
    facility_name: str | None
    country: str | None
    subdivision: str | None = None
    organization_id: str | None
    performed_on: date | None
    mg: int
    input_mg: MassRange | None
    output_mg: MassRange | None
    missing: tuple[str, ...] = ()


HandKind = Literal["custody", "title"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Custody of, or title to, a lot passed from one organization to another on a day.

    `taker` is None where it went to somebody who has no key on this ledger; `countries` are those
    that a shipment states to pass or to go to.
    """

    kind: HandKind
    giver: str
    taker: str | None
    on: date
    entry: str
    countries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PathLot:
    """A lot on the path: what it was made of, by whom and where, and through whose hands it went.

    Args:
        parents: lots it took metal from, in no order.
        maker: the organization that made it, `facility_id` where; None where others reported
            what a party without a key made.
        owners: whose it was when it was made; those without a key on this ledger by name.
        hands: each passing of custody and title, in order.
    """

    lot_id: str
    parents: tuple[str, ...]
    maker: str | None
    facility_id: str | None
    stage: str | None
    made_on: date
    owners: tuple[str, ...]
    hands: tuple[Hand, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredClaim:
    """What a company claims of a lot on the path: said by it, not found by anybody.

    Args:
        claimant: who claims; `recipient` towards whom, an id or a name.
        level: the level, tier or mark that is claimed.
        model: chain-of-custody model; None where none is named.
        code: what the claim says: `contains`, `supports`, `origin`, `recycled` or `site`.
        facility_id: the site that the claim names.
        share: part of the lot it is claimed for, an exact decimal from 0 to 1.
        says: what the wording was coded to assert; None while nobody coded it.
        fields: names of the members that were stated, for rules about documents.
    """

    id: str
    lot_id: str
    claimant: str
    recipient: str | None
    scheme: str
    mineral: str | None
    level: str | None
    model: str | None
    code: str
    facility_id: str | None
    share: str | None
    says: tuple[str, ...] | None
    wording: str
    fields: tuple[str, ...]
    made_on: date
    entry: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A dated agreement under which a contractor works somebody else's material."""

    principal: str
    contractor: str
    facility_id: str | None
    agreed_from: date
    agreed_until: date | None
    entry: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """One lot and one mineral, as recorded before `log_size`.

    Args:
        mineral: an element by its symbol (`Cu`, `Ni`, …), or `graphite`.
        as_of: the day the question is asked for.
        dates: the other governing days that are known, by their name in `GoverningDate`.
        contained_mg: this mineral in the lot; None where an assay or quality is missing.
        sources: the lot's composition. What they lack to `contained_mg` is of unknown origin.
        steps: every step on the path, each once.
        credentials: certificates of facilities on the path, and of their organizations.
        snapshots: registers of schemes, retrieved whole or in part.
        lots: every lot on the path, this one included.
        declared: claims that holders made about lots on the path.
        agreements: under which contractors on the path work for others.
        forms: filled in by those who held lots on the path, about these or about all they hand
            on.
        observations: what plausibility checks measured of the statements on the path, by the
            check's id.
        claims: what was claimed of this mineral of the lot; claimed and physical share are two
            numbers, and no rule about origin reads this one.
        accounts: those that the claims draw on, those that supply them, and their holders'
            others of the mineral.
        credits: those that claims of the lot retired, as they were issued.
    """

    lot_id: str
    mineral: str
    log_size: int
    as_of: date
    dates: Mapping[str, date]
    contained_mg: MassRange | None
    sources: tuple[Source, ...]
    steps: tuple[Step, ...]
    credentials: tuple[Credential, ...]
    snapshots: tuple[Snapshot, ...]
    lots: tuple[PathLot, ...] = ()
    declared: tuple[DeclaredClaim, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    forms: tuple[Form, ...] = ()
    observations: Mapping[str, tuple[Observation, ...]] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    accounts: tuple[AccountRecord, ...] = ()
    credits: tuple[IssuedCredit, ...] = ()

    def observed(self, check: str) -> tuple[Observation, ...]:
        """Return what one plausibility check measured on the path."""
        return self.observations.get(check, ())

    def governing_day(self, name: GoverningDate) -> date | None:
        """Return the day whose law applies; None while it is not known."""
        return self.as_of if name == "as_of" else self.dates.get(name)
