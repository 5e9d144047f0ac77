"""What statements about certificates, their status and registers say, and what is impossible."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Literal

from msgspec import Meta, field

from traceability.errors import (
    MalformedStatement,
    NotYourNameSpace,
    UnknownCertificate,
    UnknownFacility,
    UnknownOrganization,
)
from traceability.ledger.book import Book
from traceability.ledger.effective import parse_effective
from traceability.ledger.needs import Needs
from traceability.ledger.shapes import (
    Country,
    Day,
    DecimalText,
    Element,
    FacilityId,
    Hash,
    Identifier,
    LongText,
    OrganizationId,
    OwnId,
    Party,
    Shape,
    Text,
    Word,
)
from traceability.ledger.statements import State, Statement

Words = Annotated[list[Word], Meta(max_length=64)]
Address = Annotated[str, Meta(pattern=r"\Ahttps?://[^\s]{1,480}\Z")]


class CertificateState(StrEnum):
    """Normalized states of certificates of all schemes; what each proves is the rulebook's."""

    PUBLISHED = "published"  # IRMA: an audit with its level
    AWARDED = "awarded"
    AWARDED_WITH_IMPROVEMENT_PLAN = "awarded_with_improvement_plan"
    REINSTATED = "reinstated"
    RENEWAL_STAGE_2_DONE = "renewal_stage_2_done"  # on-site re-assessment over
    PARTICIPANT = "participant"
    SELF_ASSESSED = "self_assessed"
    IN_PROCESS = "in_process"
    UNDER_ASSESSMENT = "under_assessment"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    VOID = "void"
    EXPIRED = "expired"
    LEFT = "left"


class OutcomeKind(StrEnum):
    """What an assessment rates: the schemes' own units, none of which is an average."""

    AREA = "area"  # IRMA: one of four areas, with a score
    CRITICAL_REQUIREMENT = "critical_requirement"  # IRMA
    CRITERION = "criterion"  # the Copper Mark
    INDICATOR = "indicator"  # Towards Sustainable Mining
    PERFORMANCE_EXPECTATION = "performance_expectation"  # ICMM
    PROGRESS_LEVEL = "progress_level"  # ResponsibleSteel


class Assessor(Shape, frozen=True):
    """Who assessed, and how independent of the site it is."""

    name: Text
    level: Literal["first_party", "second_party", "third_party"]
    organization: OrganizationId | None = None


class Plan(Shape, frozen=True):
    """A corrective action or improvement plan: by when, and since when it is closed."""

    due_on: Day | None = None
    closed_on: Day | None = None
    url: Address | None = None


class RatedOutcome(Shape, frozen=True):
    """What was found about one area, requirement, criterion or indicator, as published.

    `rating` is the scheme's word in snake case (`fully`, `substantially`, `partially`,
    `does_not_meet`, `not_relevant`, `aa`); `score_percent` a published score from 0 to 100.
    `has_plan` false says that there is none; silence, that nobody looked.
    """

    kind: OutcomeKind
    code: Text
    rating: Word | None = None
    score_percent: DecimalText | None = None
    has_plan: bool | None = None
    plan: Plan | None = None


class Complaint(Shape, frozen=True):
    """A complaint that the scheme registered; without `closed_on` it is open."""

    reference: Text
    opened_on: Day | None = None
    closed_on: Day | None = None
    url: Address | None = None


class CertifiedProduct(Shape, frozen=True):
    """The one product that a certificate is about."""

    name: Text
    identifiers: Annotated[list[Identifier], Meta(max_length=8)] | None = None


class Certificate(Shape, frozen=True):
    """A third party's statement about a facility or an organization, as it published it.

    Also a published audit without a certificate (IRMA). `level` is the published one, never
    computed: what somebody claims is a declaration. `standard_code` is the standard by the
    word that rule packs know it by. `activities` are words of the stage vocabulary
    (`extraction`, `smelting`), `materials` elements; left out while nobody coded the scope,
    and then it covers nothing for sure; `exclusions` are what the scope names as left out. With
    `product` it is about that product only. `outcomes` and `complaints` are written as `[]`
    where there are none. `status` holds from `status_from`, or else from the first day of
    `effective`.
    """

    certificate: OwnId
    scheme: Word
    facility: FacilityId | None = None
    organization: OrganizationId | None = None
    product: CertifiedProduct | None = None
    standard: Text | None = None
    standard_code: Word | None = None
    version: Text | None = None
    standard_status: Word | None = None
    activities: Words | None = None
    materials: Annotated[list[Element], Meta(max_length=64)] | None = None
    exclusions: Annotated[list[Text], Meta(max_length=64)] | None = None
    operation: Literal["industrial", "artisanal_small_scale"] | None = None
    level: Text | None = None
    outcome: Text | None = None
    outcomes: Annotated[list[RatedOutcome], Meta(max_length=200)] | None = None
    assessment_type: Literal["self_assessment", "initial", "surveillance", "renewal"] | None = None
    assessor: Assessor | None = None
    issuer: Party | None = None
    accreditation: Text | None = None
    assessed_on: Day | None = None
    stage_1_on: Day | None = None
    stage_2_on: Day | None = None
    published_on: Day | None = None
    valid_from: Day | None = None
    valid_until: Day | None = None
    next_action_on: Day | None = None
    renewal_of: OwnId | None = None
    supersedes: Annotated[list[OwnId], Meta(max_length=16)] | None = None
    complaints: Annotated[list[Complaint], Meta(max_length=32)] | None = None
    status: CertificateState | None = None
    status_from: Day | None = None
    url: Address | None = None


class CertificateStatus(Shape, frozen=True):
    """A certificate's status changes from a day on.

    `retroactive` says that it was void from the beginning (fraud) and reaches back; a
    suspension does not.
    """

    certificate: OwnId
    status: CertificateState
    effective_from: Day
    because: LongText
    retroactive: bool


class SnapshotRow(Shape, frozen=True):
    """One row of a list: somebody or something, and the days for which it stands there.

    `assessed_on` and `next_action_on` are the days of the last and of the next planned
    assessment, where the list tells them.
    """

    name: Text
    identifiers: Annotated[list[Identifier], Meta(max_length=8)] | None = None
    facility: FacilityId | None = None
    organization: OrganizationId | None = None
    country: Country | None = None
    materials: Annotated[list[Element], Meta(max_length=16)] | None = None
    level: Text | None = None
    status: Text | None = None
    listed_from: Day | None = field(name="from", default=None)
    listed_until: Day | None = field(name="to", default=None)
    assessed_on: Day | None = None
    next_action_on: Day | None = None


class Snapshot(Shape, frozen=True):
    """A copy of a scheme's register or an authority's list, by digest, with the rows coded.

    A `complete` register shows also who is *not* on it. `left_out` counts rows that are known
    to be of nobody on this ledger; a row here without a facility or organization was not
    matched, and may be anybody's in its country.
    """

    snapshot: OwnId
    scheme: Word
    title: Text
    url: Address
    retrieved_at: Text
    sha256: Hash
    complete: bool
    rows: Annotated[list[SnapshotRow], Meta(max_length=500)]
    published_on: Day | None = None
    left_out: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None


# ── checks that a shape cannot express ────────────────────────────────────────────────────


def check_own(name: str, member: str, statement: Statement) -> None:
    """Refuse an id in the name space of another."""
    if name.partition(":")[0] != statement.author:
        raise NotYourNameSpace(name, author=statement.author, at=f"$.body.{member}")


def check_days(body: Shape, at: str, *members: str) -> None:
    """Refuse a day that no calendar has, such as 2026-02-30."""
    for member in members:
        told = getattr(body, member)
        if told is None:
            continue
        try:
            date.fromisoformat(told)
        except ValueError:
            raise MalformedStatement(f"There is no day {told}.", at=f"{at}.{member}") from None


def check_once(names: Iterable[Any], at: str) -> None:
    """Refuse what is named twice."""
    told = list(names)
    if len(set(told)) != len(told):
        raise MalformedStatement("It names one of them twice.", at=at)


_DAYS = ("assessed_on", "stage_1_on", "stage_2_on", "published_on", "valid_from", "valid_until")
_IN_ORDER = ("stage_1_on", "stage_2_on", "published_on")


def check_certificate(body: Certificate, statement: Statement) -> None:
    """Refuse a certificate about nothing or two things, and days in an impossible order."""
    check_own(body.certificate, "certificate", statement)
    if (body.facility is None) == (body.organization is None):
        raise MalformedStatement(
            "A certificate is about one facility or one organization.", at="$.body.facility"
        )
    check_days(body, "$.body", *_DAYS, "next_action_on", "status_from")
    if body.valid_from and body.valid_until and body.valid_until < body.valid_from:
        raise MalformedStatement("It ends before it begins.", at="$.body.valid_until")
    stated = [(name, told) for name in _IN_ORDER if (told := getattr(body, name)) is not None]
    for (before, earlier), (name, later) in pairwise(stated):
        if later < earlier:
            words = f"`{name}` is before `{before}`."
            raise MalformedStatement(words, at=f"$.body.{name}")
    if body.status is None and body.status_from is not None:
        raise MalformedStatement("Say which status holds from that day.", at="$.body.status")
    _check_succession(body)
    _check_outcomes(body.outcomes or ())
    check_once((one.reference for one in body.complaints or ()), "$.body.complaints")
    for place, complaint in enumerate(body.complaints or ()):
        check_days(complaint, f"$.body.complaints[{place}]", "opened_on", "closed_on")


def _check_succession(body: Certificate) -> None:
    names = [*(body.supersedes or ()), *([body.renewal_of] if body.renewal_of else ())]
    if body.certificate in names:
        raise MalformedStatement("It cannot take its own place.", at="$.body.supersedes")
    check_once(body.supersedes or (), "$.body.supersedes")


def _check_outcomes(outcomes: Iterable[RatedOutcome]) -> None:
    told = list(outcomes)
    check_once(((one.kind, one.code) for one in told), "$.body.outcomes")
    for place, one in enumerate(told):
        at = f"$.body.outcomes[{place}]"
        if one.rating is None and one.score_percent is None:
            raise MalformedStatement("Say its `rating`, its `score_percent`, or both.", at=at)
        if one.score_percent is not None and Decimal(one.score_percent) > 100:
            raise MalformedStatement("There is at most 100 %.", at=f"{at}.score_percent")
        if one.plan is not None:
            if one.has_plan is False:
                raise MalformedStatement("It says that there is no plan.", at=f"{at}.plan")
            check_days(one.plan, f"{at}.plan", "due_on", "closed_on")


def check_status(body: CertificateStatus, statement: Statement) -> None:
    """Refuse the status of another's certificate, and a day that there is not."""
    check_own(body.certificate, "certificate", statement)
    check_days(body, "$.body", "effective_from")


def check_snapshot(body: Snapshot, statement: Statement) -> None:
    """Refuse a copy of a register that was retrieved at no instant, or has impossible days."""
    check_own(body.snapshot, "snapshot", statement)
    check_days(body, "$.body", "published_on")
    retrieved = parse_effective(body.retrieved_at)
    if not retrieved.is_instant or retrieved.end is not None:
        raise MalformedStatement(
            "The moment of retrieval is an instant with an offset.", at="$.body.retrieved_at"
        )
    for place, row in enumerate(body.rows):
        at = f"$.body.rows[{place}]"
        check_days(row, at, "listed_from", "listed_until", "assessed_on", "next_action_on")
        if row.listed_from and row.listed_until and row.listed_until < row.listed_from:
            raise MalformedStatement("It ends before it begins.", at=f"{at}.to")


# ── what recording looks at ───────────────────────────────────────────────────────────────

_NOTHING: dict[str, State] = {}


def need_subject(body: Certificate, needs: Needs) -> None:
    """Ask for the facility or organization that a certificate is about."""
    if body.organization is not None:
        needs.organizations.add(body.organization)


def settle_certificate(statement: Statement, book: Book) -> dict[str, State]:
    """Refuse a certificate about a facility or organization that nobody registered."""
    body: Certificate = statement.body
    if body.facility is not None and body.facility not in book.facilities:
        raise UnknownFacility(body.facility, at="$.body.facility")
    if body.organization is not None and body.organization not in book.organizations:
        raise UnknownOrganization(body.organization, at="$.body.organization")
    return _NOTHING


def settle_status(statement: Statement, book: Book) -> dict[str, State]:
    """Refuse the status of a certificate that nobody stated."""
    body: CertificateStatus = statement.body
    if book.is_admitting and f"certificate:{body.certificate}" not in book.begun:
        raise UnknownCertificate(body.certificate, at="$.body.certificate")
    return _NOTHING


def need_rows(body: Snapshot, needs: Needs) -> None:
    """Ask for the facilities and organizations that rows of a register were matched with."""
    needs.facilities.update(row.facility for row in body.rows if row.facility)
    needs.organizations.update(row.organization for row in body.rows if row.organization)


def settle_snapshot(statement: Statement, book: Book) -> dict[str, State]:
    """Refuse a row that was matched with a facility or organization nobody registered."""
    body: Snapshot = statement.body
    for place, row in enumerate(body.rows):
        at = f"$.body.rows[{place}]"
        if row.facility is not None and row.facility not in book.facilities:
            raise UnknownFacility(row.facility, at=f"{at}.facility")
        if row.organization is not None and row.organization not in book.organizations:
            raise UnknownOrganization(row.organization, at=f"{at}.organization")
    return _NOTHING
