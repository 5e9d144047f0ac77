"""Entries: what the ledger accepts, hashed and chained to the history of its subjects.

An entry is canonical JSON (RFC 8785). Its hash is `SHA-256(0x00 ‖ bytes)`, the RFC 6962
leaf hash, so the chain of a subject and the tree of the log speak of the same hashes. The
stored bytes are the hashed bytes.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Any, Literal

import orjson
from msgspec import Meta, Struct

from traceability.errors import EntryTooLarge, TooManySubjects
from traceability.ledger.canonical import parse_canonical
from traceability.ledger.merkle import leaf_hash
from traceability.ledger.shapes import Hash, Shape, Text
from traceability.ledger.statements import MAX_SUBJECTS, Statement, to_shape

FORMAT_VERSION = 1
MAX_ENTRY = 60_000
MAX_LINKS = MAX_SUBJECTS
SALT_SIZE = 16

_KIND = r"\A[a-z]+\.[a-z_]+\Z"
_RECEIVED_AT = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z"
_SALT = r"[0-9a-f]{32}"
_END = re.compile(
    rf'"received_at":"({_RECEIVED_AT})","salt":"({_SALT})","statement":"([0-9a-f]{{64}})"}}',
    re.ASCII,
)
_END_LENGTH = 165


class Link(Shape, frozen=True):
    """A subject's chain and the hash of its entry before this one; None at its first."""

    chain: Hash
    entry: Hash | None


class EntryBody(Shape, frozen=True):
    """The members of an entry."""

    format: Literal[1]
    kind: Annotated[str, Meta(pattern=_KIND)]
    ledger: Text
    previous: list[Link]  # more than are sealed now: what is recorded is read
    received_at: Annotated[str, Meta(pattern=rf"\A{_RECEIVED_AT}\Z")]
    salt: Annotated[str, Meta(pattern=rf"\A{_SALT}\Z")]
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
        TooManySubjects, EntryTooLarge: over 256, over 60 kB; refused before anything is written.
    """
    if len(subjects) > MAX_LINKS:  # a statement need not name all that it touches
        raise TooManySubjects(len(subjects), MAX_LINKS)
    body = _written(
        kind=statement.kind,
        ledger=statement.envelope.ledger,
        links=[(s.chain, s.head) for s in subjects],
        received_at=received_at,
        salt=salt.hex(),
        statement=statement.digest.hex(),
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


def statement_of(
    text: str, *, kind: str, ledger: str, links: Mapping[str, str | None]
) -> str | None:
    """Return the digest of the statement that an entry commits to, if it says just this.

    What only the entry knows is taken from it and the whole is written anew: where the same
    text comes out it is canonical and in every part as told, and needs no parsing. For all
    others the answer is None, and `parse_entry` tells why.

    Args:
        text: the stored entry.
        kind: what its kind must be.
        ledger: the ledger it must name.
        links: the chains it must name, each with the entry before.
    """
    own = _END.match(text, max(0, len(text) - _END_LENGTH))
    if own is None or not _is_kind(kind):
        return None
    received_at, salt, statement = own.groups()
    written = _written(
        kind=kind,
        ledger=ledger,
        links=links.items(),
        received_at=received_at,
        salt=salt,
        statement=statement,
    )
    return statement if written == text.encode() else None


def utc_text(moment: datetime) -> str:
    """Write an instant as entries and receipts do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def _written(
    *,
    kind: str,
    ledger: str,
    links: Iterable[tuple[str, str | None]],
    received_at: str,
    salt: str,
    statement: str,
) -> bytes:
    """Write an entry: of values within the profile, so that `canonical` would add nothing."""
    return orjson.dumps(  # its members, and those of its links, stand in order
        {
            "format": FORMAT_VERSION,
            "kind": kind,
            "ledger": ledger,
            "previous": [{"chain": chain, "entry": entry} for chain, entry in sorted(links)],
            "received_at": received_at,
            "salt": salt,
            "statement": statement,
        }
    )


@lru_cache(maxsize=256)
def _is_kind(kind: str) -> bool:
    return re.search(_KIND, kind) is not None
