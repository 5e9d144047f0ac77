"""Statements: what a company signed, parsed and understood, whoever brings it.

The same parser stands behind every door (REST, admin, files, replay, the offline
verifier), so that all refuse the same bad statement.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from traceability.errors import (
    DecimalMalformed,
    MalformedStatement,
    MassNotPositive,
    MassOutOfRange,
    NotForThisLedger,
    TooManySubjects,
    TraceabilityError,
    UnknownKind,
)
from traceability.ledger.canonical import DEPTH_LIMIT, INTEGER_LIMIT, is_name, parse_json
from traceability.ledger.disclosures import reveal
from traceability.ledger.effective import Effective, parse_effective
from traceability.ledger.shapes import (
    DECIMAL_PATTERN,
    Evidence,
    Hash,
    LocalId,
    OrganizationId,
    Party,
    Shape,
    Text,
)
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


class Head(Shape, frozen=True):
    """What a statement says about itself, besides its body."""

    ledger: Text
    id: Annotated[
        str,
        Meta(pattern=r"\A[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z"),
    ]
    kind: Annotated[str, Meta(pattern=r"\A[a-z]+\.[a-z_]+\Z")]
    schema: Literal[1]
    author: OrganizationId
    effective: Text
    evidence: Annotated[list[Evidence], Meta(max_length=64)] | None = None
    stream: StreamPlace | None = None
    asserted_by: Party | None = None
    acting_person: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{8,64}\Z")] | None = None


class Envelope(Head, frozen=True, kw_only=True):
    """What every statement says about itself, whatever its kind."""

    body: dict[str, Any]


class _Plain(Head, frozen=True, kw_only=True):
    """The same, its body as it is written."""

    body: msgspec.Raw


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
        times: the moments a body says have come, each with its place: none may lie ahead.
    """

    name: str
    body: type[Shape]
    subjects: Callable[[Any, str], list[str]]
    check: Callable[[Any, "Statement"], None] | None = None
    needs: "Callable[[Any, Needs], None] | None" = None
    settle: "Callable[[Statement, Book], Mapping[str, State]] | None" = None
    times: Callable[[Any], Iterable[tuple[str, str]]] | None = None

    @property
    def decoder(self) -> "msgspec.json.Decoder[Shape] | None":
        """Return what reads a body from its text, if its shape alone keeps it in the profile."""
        return _decoder(self.body)


class Statement(Struct, frozen=True, kw_only=True):
    """A statement as understood: the bytes that were signed and what they say."""

    raw: bytes
    digest: bytes  # SHA-256 of the compact JWS
    jws: Jws
    kid: str
    author: str
    kind: str
    of_kind: Kind
    effective: Effective
    envelope: Head
    body: Any
    subjects: tuple[str, ...]  # sorted, unique
    disclosures: tuple[Mapping[str, Any], ...]

    @property
    def id(self) -> str:
        """The UUID that its author gave it."""
        return self.envelope.id

    @property
    def payload_digest(self) -> bytes:
        """SHA-256 of the signed document: same id, same payload, same receipt."""
        return sha256(self.jws.payload).digest()


UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder of shapes raises on bytes that do not fit."""


Kinds = Mapping[str, Kind]
S = TypeVar("S", bound=Shape)
_PLACE = re.compile(r" - at `(\$.*)`")
_STEP = re.compile(r"\.([a-z0-9_]+)|\[([0-9]+)\]")
_DECIMAL = f"matching regex {DECIMAL_PATTERN!r}"
_NEGATIVE = re.compile(r"-[0-9]+(\.[0-9]+)?")
_TOO_LONG = re.compile(r"[1-9][0-9]{18,}(\.[0-9]+)?")


def parse_statement(
    raw: bytes,
    *,
    kinds: Kinds,
    ledger: str,
    disclosures: tuple[Mapping[str, Any], ...] = (),
    digest: bytes | None = None,
    is_recorded: bool = False,
) -> Statement:
    """Read a compact JWS; the signature is not verified here, since the key is elsewhere.

    Args:
        raw: the compact JWS, ASCII.
        kinds: the kinds this ledger knows.
        ledger: the origin the statement must name.
        disclosures: salts and values of what the statement hides.
        digest: the SHA-256 of `raw`, where it is known already.
        is_recorded: the ledger took it: it is read whatever a later rule of admission would say.

    Raises:
        MalformedSignature, MalformedStatement and the profile's errors: not understood.
        NotForThisLedger: made for another ledger.
        UnknownKind: no parser for its kind.
    """
    jws = parse_jws(raw, typ=STATEMENT_TYPE)
    told = None if disclosures else _read_plain(jws.payload, kinds)
    envelope, body = told or _read(jws.payload, kinds, ledger, disclosures)
    if envelope.ledger != ledger:
        raise NotForThisLedger(named=envelope.ledger, ledger=ledger)
    kind = kinds[envelope.kind]

    subjects = tuple(sorted(set(kind.subjects(body, envelope.author))))
    if len(subjects) > MAX_SUBJECTS:
        raise TooManySubjects(len(subjects), MAX_SUBJECTS)
    statement = Statement(
        raw=raw,
        digest=digest or sha256(raw).digest(),
        jws=jws,
        kid=jws.kid,
        author=envelope.author,
        kind=envelope.kind,
        of_kind=kind,
        effective=parse_effective(envelope.effective),
        envelope=envelope,
        body=body,
        subjects=subjects,
        disclosures=disclosures,
    )
    if not is_recorded:
        check(kind, body, statement)
    return statement


def _read(
    payload: bytes, kinds: Kinds, ledger: str, disclosures: tuple[Mapping[str, Any], ...]
) -> tuple[Envelope, Shape]:
    """Read a document in any layout; what is wrong with it is told from here."""
    document = parse_json(payload, limit=MAX_STATEMENT)
    # Without the mark, written plainly or with an escape, there is nothing to reveal.
    if disclosures or b'"sd"' in payload or b"\\u" in payload:
        document = reveal(document, disclosures)
    envelope = to_shape(document, Envelope)
    if envelope.ledger != ledger:
        raise NotForThisLedger(named=envelope.ledger, ledger=ledger)
    kind = kinds.get(envelope.kind)
    if kind is None:
        raise UnknownKind(envelope.kind)
    return envelope, to_shape(envelope.body, kind.body, at="$.body")


def _read_plain(payload: bytes, kinds: Kinds) -> tuple[_Plain, Shape] | None:
    """Read a document that is written canonically and hides nothing, in a quarter of the time.

    The text that is written anew from what was understood is the text that was read: so it held
    no member twice, no null, no number of another form. The shape says the rest of the profile.
    For everything else the answer is None, and `_read` tells why.
    """
    if len(payload) > MAX_STATEMENT or b'"sd"' in payload or b"\\u" in payload:
        return None
    try:
        envelope = _PLAIN.decode(payload)
        kind = kinds.get(envelope.kind)
        decoder = kind.decoder if kind is not None else None
        if decoder is None:
            return None
        body = decoder.decode(envelope.body)
    except UNREADABLE:
        return None
    if _SORTED.encode(body) != bytes(envelope.body) or _SORTED.encode(envelope) != payload:
        return None
    return envelope, body


def check(kind: Kind, body: Shape, statement: Statement) -> None:
    """Verify what the shape of a kind cannot say; many kinds have nothing of the sort."""
    if kind.check is not None:
        kind.check(body, statement)


def to_shape(value: object, shape: type[S], *, at: str = "$") -> S:
    """Turn a parsed JSON value into a shape.

    Raises:
        MalformedStatement: with the JSON path of the first thing that does not fit.
        MassNotPositive, MassOutOfRange, DecimalMalformed: the same, of a number.
    """
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        text = str(error)
        found = _PLACE.search(text)
        below = found.group(1)[1:] if found else ""
        if _DECIMAL in text:
            raise _no_number(value, below, at + below) from None
        raise MalformedStatement(f"{_PLACE.sub('', text)}.", at=at + below) from None


def _no_number(document: object, below: str, at: str) -> TraceabilityError:
    """Return what is wrong with a text that should be a decimal of the record."""
    beside: Any = None
    told: Any = document
    name = ""
    for name, place in _STEP.findall(below):
        beside, told = told, told[name] if name else told[int(place)]
    if name in ("value", "low", "high") and "unit" in beside and "element" not in beside:
        unit = str(beside["unit"])
        if _NEGATIVE.fullmatch(told):
            return MassNotPositive(value=told[:60], unit=unit[:60], at=at)
        if _TOO_LONG.fullmatch(told):
            return MassOutOfRange(value=told[:60], unit=unit[:60], at=at)
    return DecimalMalformed(value=told, at=at)


@lru_cache
def _decoder(shape: type[Shape]) -> msgspec.json.Decoder[Shape] | None:
    return msgspec.json.Decoder(shape) if _keeps_to_profile(shape) else None


def _keeps_to_profile(shape: type[Shape]) -> bool:
    """Tell whether every value of a shape is within the profile of `canonical`.

    It is not where anything may stand: free members, numbers without bounds, shapes within
    themselves, which have no end.
    """
    waiting: list[tuple[Any, int]] = [(msgspec.inspect.type_info(shape), DEPTH_LIMIT - 1)]
    while waiting:
        kind, levels = waiting.pop()
        parts = _parts(kind)
        if parts is None or levels < 0:
            return False
        is_container = isinstance(kind, msgspec.inspect.StructType | msgspec.inspect.ListType)
        waiting.extend((part, levels - is_container) for part in parts)
    return True


def _parts(kind: Any) -> tuple[Any, ...] | None:
    """Return what a type of shapes is made of; None where it allows what the profile does not."""
    match kind:
        case msgspec.inspect.StructType(fields=fields):
            return tuple(one.type for one in fields) if all(map(_is_named_well, fields)) else None
        case msgspec.inspect.Metadata(type=part) | msgspec.inspect.ListType(item_type=part):
            return (part,)
        case msgspec.inspect.UnionType(types=parts):
            return parts
        case msgspec.inspect.IntType(ge=int(low), le=int(high)):
            return () if low >= -INTEGER_LIMIT and high <= INTEGER_LIMIT else None
    return () if isinstance(kind, _WITHIN) else None


def _is_named_well(member: msgspec.inspect.Field) -> bool:
    return is_name(member.encode_name)


_WITHIN = (
    msgspec.inspect.StrType,
    msgspec.inspect.EnumType,
    msgspec.inspect.LiteralType,
    msgspec.inspect.BoolType,
    msgspec.inspect.NoneType,
)
_PLAIN = msgspec.json.Decoder(_Plain)
_SORTED = msgspec.json.Encoder(order="sorted")


@contextmanager
def in_replacement() -> Iterator[None]:
    """Let errors about an event name their place in the correction that brings it."""
    try:
        yield
    except TraceabilityError as error:
        error.at = re.sub(r"\A\$\.(?=body\b|effective\b)", "$.body.replacement.", error.at)
        raise
