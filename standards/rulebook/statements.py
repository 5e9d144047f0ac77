"""The kinds of statements this app owns, `standards.*`: certificates, lists, policies, packs.

Shapes of their bodies, the subjects they touch, and what a shape cannot say. Pure, so that
every door refuses the same bad statement. Who may sign each stands with all other kinds in
`traceability.ledger.kinds.WHO_MAY_SIGN`.

An id (`certificate`, `snapshot`) lies in the name space of its author, so nobody changes the
certificate of another. A certificate stated again under its id replaces what was known about
it from that log index on; the earlier statement stays for questions about earlier sizes.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from standards.rulebook.account_statements import KINDS as ACCOUNT_KINDS
from standards.rulebook.certificate_shapes import (
    Certificate,
    CertificateState,
    CertificateStatus,
    Snapshot,
    check_certificate,
    check_snapshot,
    check_status,
    need_rows,
    need_subject,
    settle_certificate,
    settle_snapshot,
    settle_status,
)
from standards.rulebook.declaration_shapes import (
    Declaration,
    check_declaration,
    need_named,
    settle_declaration,
)
from standards.rulebook.errors import BadPolicy, NotAClubsToSet
from standards.rulebook.law import Pack, Parameter
from standards.rulebook.pack_format import shipped_packs
from standards.rulebook.policy import ClubPolicy
from standards.rulebook.policy_format import parse_policy
from standards.rulebook.waiver_shapes import (
    WaiverStatement,
    WaiverUse,
    check_use,
    check_waiver,
)
from traceability.errors import NotYourNameSpace
from traceability.ledger.shapes import Day, Element, Hash, OrganizationId, Shape, Text, Word
from traceability.ledger.statements import Kind, Statement

__all__ = [
    "KINDS",
    "Certificate",
    "CertificateState",
    "CertificateStatus",
    "Declaration",
    "PackActivation",
    "Policy",
    "Snapshot",
    "WaiverStatement",
    "WaiverUse",
    "policy_form",
    "policy_of",
    "policy_statement",
]

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


TABLES = frozenset({"table", "shares", "counts"})
"""Units whose values go by name, and whose names may be any text."""


class TableEntry(Shape, frozen=True):
    """A name and its value: how a statement writes a table, whose names may be any text."""

    name: Text
    value: Text | Count


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
        if parameter["unit"] in TABLES:
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


def _of(pack: Pack) -> Iterable[tuple[str, Parameter]]:
    return () if pack.overlays else pack.parameters.items()


def _check_is_a_clubs(known: Parameter, unit: str, at: str) -> None:
    """Refuse what a club cannot set, and a value of another kind than rules expect."""
    if not known.club:
        problem = "law or a scheme says it, and no club's policy sets it"
        raise NotAClubsToSet(problem, key=known.key, at=f"{at}.key")
    if unit != known.unit:
        problem = f"its unit is {known.unit}, not {unit}"
        raise NotAClubsToSet(problem, key=known.key, at=f"{at}.unit")


def _check_policy(body: Policy, statement: Statement) -> None:
    if body.club != statement.author:
        raise NotYourNameSpace(body.club, author=statement.author, at="$.body.club")
    keys = [parameter.key for parameter in body.parameters]
    if len(set(keys)) != len(keys):
        raise BadPolicy("A parameter stands there twice", at="$.body.parameters")
    shipped = {key: one for pack in shipped_packs() for key, one in _of(pack)}
    for place, parameter in enumerate(body.parameters):
        if parameter.key in shipped:
            _check_is_a_clubs(shipped[parameter.key], parameter.unit, f"$.body.parameters[{place}]")
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
            check=check_certificate,
            needs=need_subject,
            settle=settle_certificate,
        ),
        Kind(
            name="standards.certificate_status",
            body=CertificateStatus,
            subjects=lambda body, _author: [f"certificate:{body.certificate}"],
            check=check_status,
            settle=settle_status,
        ),
        Kind(
            name="standards.snapshot",
            body=Snapshot,
            subjects=lambda body, _author: [f"snapshot:{body.snapshot}"],
            check=check_snapshot,
            needs=need_rows,
            settle=settle_snapshot,
            times=lambda body: [(body.retrieved_at, "$.body.retrieved_at")],
        ),
        Kind(
            name="standards.declaration",
            body=Declaration,
            subjects=lambda body, _author: [f"declaration:{body.declaration}"],
            check=check_declaration,
            needs=need_named,
            settle=settle_declaration,
        ),
        Kind(
            name="standards.policy",
            body=Policy,
            subjects=lambda body, _author: [f"policy:{body.club}"],
            check=_check_policy,
        ),
        Kind(
            name="standards.waiver",
            body=WaiverStatement,
            subjects=lambda body, author: [f"waiver:{body.waiver}", f"policy:{author}"],
            check=check_waiver,
        ),
        Kind(
            name="standards.waiver_use",
            body=WaiverUse,
            subjects=lambda body, author: [f"waiver:{body.waiver}", f"policy:{author}"],
            check=check_use,
        ),
        Kind(
            name="standards.pack_activation",
            body=PackActivation,
            subjects=lambda body, _author: [f"pack:{body.pack}"],
        ),
        Kind(name="standards.verdicts", body=Verdicts, subjects=lambda _body, _author: []),
    )
} | ACCOUNT_KINDS
