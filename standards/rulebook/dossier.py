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

from standards.rulebook.accounts import AccountRecord, Claim, IssuedCredit
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
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


POSITIVE_STATUSES: frozenset[str] = frozenset(
    {
        "published",  # IRMA: an audit with its level
        "awarded",
        "awarded_with_improvement_plan",
        "reinstated",
        "renewal_stage_2_done",  # on-site re-assessment over: the ground for grace after expiry
    }
)
NEGATIVE_STATUSES: frozenset[str] = frozenset(
    {
        "participant",
        "self_assessed",
        "in_process",
        "under_assessment",
        "suspended",
        "withdrawn",
        "void",
        "expired",
        "left",
    }
)
"""Normalized words for the states of all schemes (ours; each certificate keeps its own)."""
RENEWAL_STATUS = "renewal_stage_2_done"


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialStatus:
    """One row of a certificate's timeline.

    Args:
        status: one of the normalized words above; any other word proves nothing.
        effective_from: first day of the status.
        known_from: log index of the entry that told us.
        retroactive: void from the beginning (fraud): holds on every day, also before.
    """

    status: str
    effective_from: date
    known_from: int
    retroactive: bool = False
    because: str = ""
    entry: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A third-party statement about a facility, as known at the dossier's log size.

    Args:
        scheme: pack id of the scheme (`irma`, `copper_mark`, …).
        level: the published level; None where the scheme has none or none is published.
        activities: words of the stage vocabulary the scope covers; None while nobody coded it.
        materials: minerals the scope covers, named as `Dossier.mineral`; None while not coded.
        valid_from, valid_until: first and last day, both included; None where not stated.
        published_on: None while nothing is published.
        entry: hash of the entry that recorded it.
    """

    id: str
    scheme: str
    standard: str | None
    version: str | None
    level: str | None
    facility_id: str
    activities: tuple[str, ...] | None
    materials: tuple[str, ...] | None
    valid_from: date | None
    valid_until: date | None
    published_on: date | None
    entry: str
    statuses: tuple[CredentialStatus, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A copy of a scheme's public register; a complete one shows who is *not* on it."""

    scheme: str
    retrieved_on: date
    complete: bool
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
        credentials: certificates of facilities on the path.
        snapshots: registers of schemes, retrieved whole or in part.
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
    observations: Mapping[str, tuple[Observation, ...]] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    accounts: tuple[AccountRecord, ...] = ()
    credits: tuple[IssuedCredit, ...] = ()
