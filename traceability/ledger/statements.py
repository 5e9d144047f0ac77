"""Statements: what a company signed, parsed and understood, whoever brings it.

The same parser stands behind every door (REST, admin, files, replay, the offline
verifier), so that all refuse the same bad statement.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from traceability.errors import (
    MalformedStatement,
    NotForThisLedger,
    TooManySubjects,
    UnknownKind,
)
from traceability.ledger.canonical import parse_json
from traceability.ledger.disclosures import reveal
from traceability.ledger.effective import Effective, parse_effective
from traceability.ledger.shapes import Evidence, Hash, LocalId, OrganizationId, Party, Shape, Text
from traceability.ledger.signing import STATEMENT_TYPE, Jws, parse_jws

if TYPE_CHECKING:
    from traceability.ledger.book import Book
    from traceability.ledger.needs import Needs

MAX_SUBJECTS = 256
MAX_STATEMENT = 60_000


class StreamPlace(Shape, frozen=True):
    """A site's or device's own chain: `prev` is the SHA-256 of its previous statement's JWS."""

    id: LocalId
    seq: Annotated[int, Meta(ge=0, le=2**53 - 1)]
    prev: Hash | None = None


class Envelope(Shape, frozen=True):
    """What every statement says about itself, whatever its kind."""

    ledger: Text
    id: Annotated[
        str,
        Meta(pattern=r"\A[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z"),
    ]
    kind: Annotated[str, Meta(pattern=r"\A[a-z]+\.[a-z_]+\Z")]
    schema: Literal[1]
    author: OrganizationId
    effective: Text
    body: dict[str, Any]
    evidence: Annotated[list[Evidence], Meta(max_length=64)] | None = None
    stream: StreamPlace | None = None
    asserted_by: Party | None = None
    acting_person: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{8,64}\Z")] | None = None


State = Mapping[str, Any]
"""What recording keeps of a subject, as JSON, so that the next statement about it can be judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of statement: the shape of its body, the subjects it touches, its own checks.

    Args:
        check: refuses what the shape cannot; knows nothing but the statement.
        needs: adds what `settle` looks at besides the subjects.
        settle: refuses what the states of the subjects do not allow, and returns the states
            that they have after it. It runs under the locks of recording, so of two statements
            about one subject the second sees what the first did. For kinds of other apps;
            `decision` has the rules of this one's.
    """

    name: str
    body: type[Shape]
    subjects: Callable[[Any, str], list[str]]
    check: Callable[[Any, "Statement"], None] | None = None
    needs: "Callable[[Any, Needs], None] | None" = None
    settle: "Callable[[Statement, Book], Mapping[str, State]] | None" = None


class Statement(Struct, frozen=True, kw_only=True):
    """A statement as understood: the bytes that were signed and what they say."""

    raw: bytes
    digest: bytes  # SHA-256 of the compact JWS
    payload_digest: bytes  # SHA-256 of the signed document: same id, same payload, same receipt
    jws: Jws
    kid: str
    id: UUID
    author: str
    kind: str
    of_kind: Kind
    effective: Effective
    envelope: Envelope
    body: Any
    subjects: tuple[str, ...]  # sorted, unique
    disclosures: tuple[Mapping[str, Any], ...]


Kinds = Mapping[str, Kind]
S = TypeVar("S", bound=Shape)
_PLACE = re.compile(r" - at `(\$.*)`")


def parse_statement(
    raw: bytes,
    *,
    kinds: Kinds,
    ledger: str,
    disclosures: tuple[Mapping[str, Any], ...] = (),
) -> Statement:
    """Read a compact JWS; the signature is not verified here, since the key is elsewhere.

    Args:
        raw: the compact JWS, ASCII.
        kinds: the kinds this ledger knows.
        ledger: the origin the statement must name.
        disclosures: salts and values of what the statement hides.

    Raises:
        MalformedSignature, MalformedStatement and the profile's errors: not understood.
        NotForThisLedger: made for another ledger.
        UnknownKind: no parser for its kind.
    """
    jws = parse_jws(raw, typ=STATEMENT_TYPE)
    document = parse_json(jws.payload, limit=MAX_STATEMENT)
    # Without the mark, written plainly or with an escape, there is nothing to reveal.
    if disclosures or b'"sd"' in jws.payload or b"\\u" in jws.payload:
        document = reveal(document, disclosures)
    envelope = to_shape(document, Envelope)
    if envelope.ledger != ledger:
        raise NotForThisLedger(named=envelope.ledger, ledger=ledger)
    kind = kinds.get(envelope.kind)
    if kind is None:
        raise UnknownKind(envelope.kind)
    body = to_shape(envelope.body, kind.body, at="$.body")

    subjects = tuple(sorted(set(kind.subjects(body, envelope.author))))
    if len(subjects) > MAX_SUBJECTS:
        raise TooManySubjects(len(subjects), MAX_SUBJECTS)
    statement = Statement(
        raw=raw,
        digest=sha256(raw).digest(),
        payload_digest=sha256(jws.payload).digest(),
        jws=jws,
        kid=jws.kid,
        id=UUID(envelope.id),
        author=envelope.author,
        kind=envelope.kind,
        of_kind=kind,
        effective=parse_effective(envelope.effective),
        envelope=envelope,
        body=body,
        subjects=subjects,
        disclosures=disclosures,
    )
    check(kind, body, statement)
    return statement


def check(kind: Kind, body: Shape, statement: Statement) -> None:
    """Verify what the shape of a kind cannot say; many kinds have nothing of the sort."""
    if kind.check is not None:
        kind.check(body, statement)


def to_shape(value: object, shape: type[S], *, at: str = "$") -> S:
    """Turn a parsed JSON value into a shape.

    Raises:
        MalformedStatement: with the JSON path of the first thing that does not fit.
    """
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        text = str(error)
        found = _PLACE.search(text)
        place = at + found.group(1)[1:] if found else at
        raise MalformedStatement(f"{_PLACE.sub('', text)}.", at=place) from None
