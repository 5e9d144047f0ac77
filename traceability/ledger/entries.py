"""Entries: what the ledger accepts, hashed and chained to the history of its subjects.

An entry is canonical JSON (RFC 8785). Its hash is `SHA-256(0x00 ‖ bytes)`, the RFC 6962
leaf hash, so the chain of a subject and the tree of the log speak of the same hashes. The
stored bytes are the hashed bytes.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any, Literal

import orjson
from msgspec import Meta, Struct

from traceability.errors import EntryTooLarge
from traceability.ledger.canonical import parse_canonical
from traceability.ledger.merkle import leaf_hash
from traceability.ledger.shapes import Hash, Shape, Text
from traceability.ledger.statements import Statement, to_shape

FORMAT_VERSION = 1
MAX_ENTRY = 60_000
SALT_SIZE = 16


class Link(Shape, frozen=True):
    """A subject's chain and the hash of its entry before this one; None at its first."""

    chain: Hash
    entry: Hash | None


class EntryBody(Shape, frozen=True):
    """The members of an entry."""

    format: Literal[1]
    kind: Annotated[str, Meta(pattern=r"\A[a-z]+\.[a-z_]+\Z")]
    ledger: Text
    previous: Annotated[list[Link], Meta(max_length=256)]
    received_at: Annotated[str, Meta(pattern=r"\A\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z\Z")]
    salt: Annotated[str, Meta(pattern=r"\A[0-9a-f]{32}\Z")]
    statement: Hash


class Subject(Struct, frozen=True, kw_only=True):
    """A subject's chain as it stands: its secret salt and the hash of its latest entry."""

    id: str
    salt: bytes
    chain: str  # the handle under which entries name this subject
    head: str | None = None


class Entry(Struct, frozen=True, kw_only=True):
    """A sealed entry: the canonical bytes, their hash, and the links that were put in."""

    body: bytes
    hash: str  # hex, the RFC 6962 leaf hash
    received_at: str
    previous: Mapping[str, str | None]  # by subject id: the hash of its entry before


def chain_handle(subject: str, salt: bytes) -> str:
    """Return `SHA-256(0x02 ‖ salt ‖ subject id)` in hex.

    The salt is known to those who may see the subject; nobody else can tell whose chain
    an entry belongs to.
    """
    return sha256(b"\x02" + salt + subject.encode()).hexdigest()


def begin_subject(name: str, salt: bytes) -> Subject:
    """Return a subject at the beginning of its chain."""
    return Subject(id=name, salt=salt, chain=chain_handle(name, salt))


def seal(
    statement: Statement, subjects: Sequence[Subject], *, salt: bytes, received_at: str
) -> Entry:
    """Let a statement take its place in the chains of the subjects it touches.

    Args:
        statement: already checked.
        subjects: what it touches, with the present heads.
        salt: 128 random bits, so that the entry hash tells nothing about the statement.
        received_at: when the ledger learnt of it, as `utc_text` writes it.

    Raises:
        EntryTooLarge: over 60 kB; refused before anything is written.
    """
    # Every value here is made by us and within the profile, so that sorting is all that
    # `canonical` would add; a property test holds the two equal.
    body = orjson.dumps(
        {
            "format": FORMAT_VERSION,
            "kind": statement.kind,
            "ledger": statement.envelope.ledger,
            "previous": [
                {"chain": chain, "entry": head}
                for chain, head in sorted((s.chain, s.head) for s in subjects)
            ],
            "received_at": received_at,
            "salt": salt.hex(),
            "statement": statement.digest.hex(),
        },
        option=orjson.OPT_SORT_KEYS,
    )
    if len(body) > MAX_ENTRY:
        raise EntryTooLarge(len(body), MAX_ENTRY)
    previous = {s.id: s.head for s in subjects}
    return Entry(body=body, hash=leaf_hash(body).hex(), received_at=received_at, previous=previous)


def parse_entry(body: bytes) -> EntryBody:
    """Read the bytes of an entry; they must be canonical and of exactly this shape.

    Raises:
        MalformedStatement, or the profile's errors: not an entry.
    """
    document: Any = parse_canonical(body, limit=MAX_ENTRY, allow_null=True)
    return to_shape(document, EntryBody)


def utc_text(moment: datetime) -> str:
    """Write an instant as entries and receipts do."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
