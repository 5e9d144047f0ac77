"""The kinds of statements this app owns, `standards.*`: certificates, lists, policies, packs.

Shapes of their bodies, the subjects they touch, and what a shape cannot say. Pure, so that
every door refuses the same bad statement. Who may sign each stands with all other kinds in
`traceability.ledger.kinds.WHO_MAY_SIGN`.

An id (`certificate`, `snapshot`) lies in the name space of its author, so nobody changes the
certificate of another. A certificate stated again under its id replaces what was known about
it from that log index on; the earlier statement stays for questions about earlier sizes.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, field

from standards.rulebook.account_statements import KINDS as ACCOUNT_KINDS
from standards.rulebook.errors import BadPolicy
from standards.rulebook.policy import ClubPolicy
from standards.rulebook.policy_format import parse_policy
from traceability.errors import MalformedStatement, NotYourNameSpace
from traceability.ledger.effective import parse_effective
from traceability.ledger.shapes import (
    Country,
    Day,
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
from traceability.ledger.statements import Kind, Statement

ParameterKey = Annotated[
    str,
    Meta(
        pattern=r"\A[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*\Z",
        max_length=100,
        description="`<pack>.<parameter>`",
    ),
]
PackId = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9_]{0,39}\Z")]
Version = Annotated[str, Meta(pattern=r"\A[0-9A-Za-z][0-9A-Za-z.+-]{0,59}\Z")]
Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Words = Annotated[list[Word], Meta(max_length=64)]


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


class Assessor(Shape, frozen=True):
    """Who assessed, and how independent of the site it is."""

    name: Text
    level: Literal["first_party", "second_party", "third_party"]
    organization: OrganizationId | None = None


class Certificate(Shape, frozen=True):
    """A third party's statement about a facility or an organization, as it published it.

    Also a published audit without a certificate (IRMA). `level` is the published one, never
    computed. `activities` are words of the stage vocabulary (`extraction`, `smelting`),
    `materials` elements; left out while nobody coded the scope, and then it covers nothing
    for sure. `status` holds from `status_from`, or else from the first day of `effective`.
    """

    certificate: OwnId
    scheme: Word
    facility: FacilityId | None = None
    organization: OrganizationId | None = None
    standard: Text | None = None
    version: Text | None = None
    standard_status: Word | None = None
    activities: Words | None = None
    materials: Annotated[list[Element], Meta(max_length=64)] | None = None
    exclusions: Annotated[list[Text], Meta(max_length=64)] | None = None
    level: Text | None = None
    outcome: Text | None = None
    assessor: Assessor | None = None
    issuer: Party | None = None
    assessed_on: Day | None = None
    published_on: Day | None = None
    valid_from: Day | None = None
    valid_until: Day | None = None
    next_action_on: Day | None = None
    status: CertificateState | None = None
    status_from: Day | None = None
    url: Annotated[str, Meta(pattern=r"\Ahttps?://[^\s]{1,480}\Z")] | None = None


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
    """One row of a list: somebody or something, and the days for which it stands there."""

    name: Text
    identifiers: Annotated[list[Identifier], Meta(max_length=8)] | None = None
    facility: FacilityId | None = None
    organization: OrganizationId | None = None
    country: Country | None = None
    materials: Annotated[list[Element], Meta(max_length=16)] | None = None
    status: Text | None = None
    listed_from: Day | None = field(name="from", default=None)
    listed_until: Day | None = field(name="to", default=None)


class Snapshot(Shape, frozen=True):
    """A copy of a scheme's register or an authority's list, by digest, with the rows coded.

    A `complete` register shows also who is *not* on it.
    """

    snapshot: OwnId
    scheme: Word
    title: Text
    url: Annotated[str, Meta(pattern=r"\Ahttps?://[^\s]{1,480}\Z")]
    retrieved_at: Text
    sha256: Hash
    complete: bool
    rows: Annotated[list[SnapshotRow], Meta(max_length=500)]
    published_on: Day | None = None


class TableEntry(Shape, frozen=True):
    """A name and its text: how a statement writes a `table`, whose names may be any text."""

    name: Text
    value: Text


class ParameterVersion(Shape, frozen=True):
    """One dated version of a club's own parameter, with the clause that decides it."""

    in_force_from: Day
    source: Text
    value: Any = None
    in_force_until: Day | None = None
    published_on: Day | None = None
    url: Text | None = None
    status: Word | None = None
    note: Text | None = None


class PolicyParameter(Shape, frozen=True):
    """A parameter of a club's policy, laid over the one of that key in the rule packs."""

    key: ParameterKey
    title: Text
    unit: Word
    versions: Annotated[list[ParameterVersion], Meta(min_length=1, max_length=64)]


class PolicyRequirement(Shape, frozen=True):
    """A finding that the club requires, and how much it matters."""

    rule_id: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,39}\Z")]
    severity: Literal["info", "minor", "major", "critical"]
    flag_due_days: Annotated[int, Meta(ge=0, le=3650)]
    minerals: Annotated[list[Element], Meta(min_length=1, max_length=64)] | None = None
    grace_days: Annotated[int, Meta(ge=0, le=3650)] | None = None
    waivable: bool | None = None
    second_approver: bool | None = None


class Policy(Shape, frozen=True):
    """One adopted version of a club's policy; the club itself signs it."""

    club: OrganizationId
    version: Version
    title: Text
    effective_from: Day
    parameters: Annotated[list[PolicyParameter], Meta(max_length=200)]
    requirements: Annotated[list[PolicyRequirement], Meta(min_length=1, max_length=200)]


class PackActivation(Shape, frozen=True):
    """The operator puts a rule pack in force, by the digest of its exact bytes.

    It replaces the pack of the same id that was active before.
    """

    pack: PackId
    version: Version
    digest: Hash
    title: Text | None = None


class Verdicts(Shape, frozen=True):
    """What an assessing run changed: an RFC 6962 root over its verdicts, in order.

    Leaves are the canonical JSON of `[lot handle, mineral, policy digest, verdict digest]`,
    sorted. It touches no subject, and whoever follows the log passes it by.
    """

    run: Annotated[
        str, Meta(pattern=r"\A[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
    ]
    root: Hash
    count: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    log_size: Count
    code_version: Hash


# ── the policy, between statement and rulebook ────────────────────────────────────────────


def policy_form(body: Policy) -> dict[str, Any]:
    """Return a policy in the form that `parse_policy` reads.

    Parameters go by key, and a `table` by name: names that a statement may not use as members.
    """
    told: dict[str, Any] = msgspec.to_builtins(body)
    parameters = {}
    for parameter in told["parameters"]:
        key = parameter.pop("key")
        if parameter["unit"] == "table":
            parameter["versions"] = [
                {**version, "value": _by_name(version["value"])} if "value" in version else version
                for version in parameter["versions"]
            ]
        parameters[key] = parameter
    return told | {"parameters": parameters}


def policy_statement(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of the statement that adopts a policy; the inverse of `policy_form`."""
    parameters = []
    for key, parameter in form["parameters"].items():
        versions = [
            {**version, "value": [{"name": n, "value": v} for n, v in version["value"].items()]}
            if isinstance(version.get("value"), Mapping)
            else version
            for version in parameter["versions"]
        ]
        parameters.append({"key": key, **parameter, "versions": versions})
    return {**form, "parameters": parameters}


def policy_of(body: Policy) -> ClubPolicy:
    """Return the policy that a statement adopts.

    Raises:
        BadPolicy: a value does not have the form of its unit, or two rows contradict.
    """
    return parse_policy(policy_form(body))


def _by_name(pairs: Any) -> Any:
    """Turn `[{name, value}]` into a table; anything else is left for the reader to refuse."""
    if not isinstance(pairs, list):
        return pairs
    entries = msgspec.convert(pairs, list[TableEntry])
    return {entry.name: entry.value for entry in entries}


# ── checks that a shape cannot express ────────────────────────────────────────────────────


def _check_own(name: str, member: str, statement: Statement) -> None:
    if name.partition(":")[0] != statement.author:
        raise NotYourNameSpace(name, author=statement.author, at=f"$.body.{member}")


def _check_days(body: Shape, at: str, *members: str) -> None:
    """Refuse a day that no calendar has, such as 2026-02-30."""
    for member in members:
        told = getattr(body, member)
        if told is None:
            continue
        try:
            date.fromisoformat(told)
        except ValueError:
            raise MalformedStatement(f"There is no day {told}.", at=f"{at}.{member}") from None


def _check_certificate(body: Certificate, statement: Statement) -> None:
    _check_own(body.certificate, "certificate", statement)
    if (body.facility is None) == (body.organization is None):
        raise MalformedStatement(
            "A certificate is about one facility or one organization.", at="$.body.facility"
        )
    days = ("assessed_on", "published_on", "valid_from", "valid_until", "next_action_on")
    _check_days(body, "$.body", *days, "status_from")
    if body.valid_from and body.valid_until and body.valid_until < body.valid_from:
        raise MalformedStatement("It ends before it begins.", at="$.body.valid_until")
    if body.status is None and body.status_from is not None:
        raise MalformedStatement("Say which status holds from that day.", at="$.body.status")


def _check_status(body: CertificateStatus, statement: Statement) -> None:
    _check_own(body.certificate, "certificate", statement)
    _check_days(body, "$.body", "effective_from")


def _check_snapshot(body: Snapshot, statement: Statement) -> None:
    _check_own(body.snapshot, "snapshot", statement)
    _check_days(body, "$.body", "published_on")
    retrieved = parse_effective(body.retrieved_at)
    if not retrieved.is_instant or retrieved.end is not None:
        raise MalformedStatement(
            "The moment of retrieval is an instant with an offset.", at="$.body.retrieved_at"
        )
    for place, row in enumerate(body.rows):
        _check_days(row, f"$.body.rows[{place}]", "listed_from", "listed_until")


def _check_policy(body: Policy, statement: Statement) -> None:
    if body.club != statement.author:
        raise NotYourNameSpace(body.club, author=statement.author, at="$.body.club")
    keys = [parameter.key for parameter in body.parameters]
    if len(set(keys)) != len(keys):
        raise BadPolicy("A parameter stands there twice", at="$.body.parameters")
    try:
        policy_of(body)
    except BadPolicy as error:
        error.at = f"$.body{error.at.removeprefix('$')}"
        raise
    except msgspec.ValidationError as error:
        raise BadPolicy(
            f"A table is a list of `name` and `value` ({error})", at="$.body.parameters"
        ) from None


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            name="standards.certificate",
            body=Certificate,
            subjects=lambda body, _author: [f"certificate:{body.certificate}"],
            check=_check_certificate,
        ),
        Kind(
            name="standards.certificate_status",
            body=CertificateStatus,
            subjects=lambda body, _author: [f"certificate:{body.certificate}"],
            check=_check_status,
        ),
        Kind(
            name="standards.snapshot",
            body=Snapshot,
            subjects=lambda body, _author: [f"snapshot:{body.snapshot}"],
            check=_check_snapshot,
        ),
        Kind(
            name="standards.policy",
            body=Policy,
            subjects=lambda body, _author: [f"policy:{body.club}"],
            check=_check_policy,
        ),
        Kind(
            name="standards.pack_activation",
            body=PackActivation,
            subjects=lambda body, _author: [f"pack:{body.pack}"],
        ),
        Kind(name="standards.verdicts", body=Verdicts, subjects=lambda _body, _author: []),
    )
} | ACCOUNT_KINDS
