"""Proof bundles: one file that proves a lot's history against one signed checkpoint.

    chain        the handle of the lot's chain, which binds the lot's name
    checkpoint   the signed note; every proof leads to its root hash
    earlier      checkpoints the reader may hold, each with a proof that this one continues it
    entries      by log index: the entry, its inclusion proof, and what the reader may read of it
    format       1
    lot          whose history it is
    subjects     ids and salts of the chains that the reader may see

The document is canonical and its schema closed, so every byte is hashed into the checkpoint,
bound by a signature, a salt or a digest, or follows from the rest. A *blinded* entry has no
statement; an *erased* one names the index of the erasure instead. Nothing is verified here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import repeat
from typing import Annotated, Any, Literal, TypeVar

import msgspec
import orjson
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from traceability.errors import MalformedBundle, OutsideProfile, TraceabilityError
from traceability.ledger.canonical import canonical, check_profile, parse_canonical
from traceability.ledger.entries import EntryBody
from traceability.ledger.merkle import HASH_SIZE, leaf_hash
from traceability.ledger.shapes import Hash, LotId, Shape
from traceability.ledger.statements import UNREADABLE, to_shape

FORMAT_VERSION = 1
MAX_BUNDLE = 512_000_000

_Key = TypeVar("_Key", int, str)
_Index = Annotated[int, Meta(ge=0, le=2**53 - 1)]
_Proof = Annotated[list[str], Meta(max_length=63)]  # the height of the largest tree


class _Named(Shape, frozen=True):
    id: Annotated[str, Meta(pattern=r"\A[a-z]+:.{1,150}\Z")]
    salt: Annotated[str, Meta(pattern=r"\A[0-9a-f]{32}\Z")]


class _Item(Shape, frozen=True):
    entry: EntryBody
    index: _Index
    statement: str | UnsetType = UNSET
    disclosures: Annotated[list[dict[str, Any]], Meta(min_length=1)] | UnsetType = UNSET
    erased_at: _Index | UnsetType = UNSET


class _Proven(_Item, frozen=True, kw_only=True):
    proof: _Proof


class _Skimmed(_Item, frozen=True, kw_only=True):
    proof: msgspec.Raw


class _Earlier(Shape, frozen=True):
    checkpoint: str
    proof: Annotated[list[str], Meta(max_length=126)]


class _Hashes(Shape, frozen=True):
    proof: list[Hash]


class _Frame(Shape, frozen=True):
    chain: Hash
    checkpoint: str
    earlier: list[_Earlier]
    format: Literal[1]
    lot: LotId
    subjects: Annotated[list[_Named], Meta(min_length=1)]


class _Bundle(_Frame, frozen=True):
    entries: Annotated[list[_Proven], Meta(min_length=1)]


class _SkimmedBundle(_Frame, frozen=True):
    entries: Annotated[list[_Skimmed], Meta(min_length=1)]


_shape = msgspec.json.Decoder(_Bundle)
_skimmed = msgspec.json.Decoder(_SkimmedBundle)
_sorted = msgspec.json.Encoder(order="sorted")
_ENTRIES = b'"entries":['


class ProvenEntry(Struct, frozen=True, kw_only=True):
    """An entry with its place in the log and, where the reader may read it, its statement.

    `body` are the hashed bytes. `disclosures` may leave hidden values hidden.
    """

    index: int
    body: bytes
    leaf: bytes
    hash: str  # the leaf hash in hex: the entry hash
    entry: EntryBody
    links: Mapping[str, str | None]  # the entry before this one, by chain
    proof: tuple[bytes, ...]
    statement: bytes | None = None
    disclosures: tuple[Mapping[str, Any], ...] = ()
    erased_at: int | None = None


class EarlierCheckpoint(Struct, frozen=True, kw_only=True):
    """A checkpoint published before, and the consistency proof that leads from it to now."""

    note: str
    proof: tuple[bytes, ...]


class ProofBundle(Struct, frozen=True, kw_only=True):
    """A bundle as read or as about to be written. `subjects` has the salt of each subject id."""

    lot: str
    chain: str
    checkpoint: str
    entries: tuple[ProvenEntry, ...]
    subjects: Mapping[str, bytes]
    earlier: tuple[EarlierCheckpoint, ...] = ()


def proven_entry(
    *,
    index: int,
    body: bytes,
    proof: Sequence[bytes],
    statement: bytes | None = None,
    disclosures: Sequence[Mapping[str, Any]] = (),
    erased_at: int | None = None,
) -> ProvenEntry:
    """Return an entry for a bundle from its stored bytes."""
    entry = to_shape(orjson.loads(body), EntryBody)
    leaf = leaf_hash(body)
    return ProvenEntry(
        index=index,
        body=body,
        leaf=leaf,
        hash=leaf.hex(),
        entry=entry,
        links={link.chain: link.entry for link in entry.previous},
        proof=tuple(proof),
        statement=statement,
        disclosures=tuple(disclosures),
        erased_at=erased_at,
    )


def format_bundle(bundle: ProofBundle) -> bytes:
    """Return the bundle as canonical JSON; `parse_bundle` reads the same bundle back."""
    return canonical(
        {
            "chain": bundle.chain,
            "checkpoint": bundle.checkpoint,
            "earlier": [
                {"checkpoint": known.note, "proof": _hex(known.proof)} for known in bundle.earlier
            ],
            "entries": [_formatted(item) for item in bundle.entries],
            "format": FORMAT_VERSION,
            "lot": bundle.lot,
            "subjects": [
                {"id": name, "salt": salt.hex()} for name, salt in sorted(bundle.subjects.items())
            ],
        }
    )


def parse_bundle(data: bytes) -> ProofBundle:
    """Read a bundle; nothing is verified yet.

    Raises:
        MalformedBundle: anything but the bytes that `format_bundle` would write.
    """
    try:
        shape = _canonical_shape(data)
        proofs = [_unhex(item.proof, f"$.entries[{n}]") for n, item in enumerate(shape.entries)]
        return _bundle_of(shape, shape.entries, proofs)
    except MalformedBundle:
        raise
    except TraceabilityError as error:
        raise MalformedBundle(f"This is no bundle: {error.message}", at=error.at) from error


def skim_bundle(data: bytes) -> tuple[ProofBundle, list[msgspec.Raw]]:
    """Read a bundle, its proofs of inclusion apart and as they are written, in half the time.

    Where every proof is written canonically (`merkle.Inclusions` reads it so), this is what
    `parse_bundle` reads: the shape has room for nothing else. What is wrong, that one tells.

    Raises:
        MalformedBundle: it is none.
    """
    try:
        shape = _read_closed(data, _skimmed)
        if shape is not None:
            proofs = [item.proof for item in shape.entries]
            return _bundle_of(shape, shape.entries, repeat(())), proofs
    except TraceabilityError as error:
        raise MalformedBundle("This is no bundle.") from error
    raise MalformedBundle("This is no bundle.")


def _bundle_of(
    shape: _Frame, items: Sequence[_Item], proofs: Iterable[tuple[bytes, ...]]
) -> ProofBundle:
    entries = tuple(_parsed(items, proofs))
    earlier = [
        EarlierCheckpoint(note=known.checkpoint, proof=_unhex(known.proof, f"$.earlier[{n}]"))
        for n, known in enumerate(shape.earlier)
    ]
    _require_order([item.index for item in entries], at="$.entries")
    _require_order([named.id for named in shape.subjects], at="$.subjects")
    return ProofBundle(
        lot=shape.lot,
        chain=shape.chain,
        checkpoint=shape.checkpoint,
        entries=entries,
        subjects={named.id: bytes.fromhex(named.salt) for named in shape.subjects},
        earlier=tuple(earlier),
    )


def _canonical_shape(data: bytes) -> _Bundle:
    """Read a canonical document of the bundle's shape.

    Those that cannot be read the short way go the way of every document, which finds out what is
    wrong with them.
    """
    shape = _read_closed(data, _shape)
    return shape or to_shape(parse_canonical(data, limit=MAX_BUNDLE, allow_null=True), _Bundle)


_AnyBundle = TypeVar("_AnyBundle", _Bundle, _SkimmedBundle)


def _read_closed(data: bytes, decoder: msgspec.json.Decoder[_AnyBundle]) -> _AnyBundle | None:
    """Read a canonical document of a bundle's shape the short way, if it can be read so.

    What is read into the closed shape and comes back byte for byte is canonical and within the
    profile: the shape has no room for anything else but in disclosures, which are looked at.
    """
    if len(data) > MAX_BUNDLE or _may_hold_null(data):
        return None
    with suppress(*UNREADABLE, OutsideProfile):
        shape = decoder.decode(data)
        disclosed = [
            {"disclosures": item.disclosures} for item in shape.entries if item.disclosures
        ]
        check_profile({"entries": disclosed}, allow_null=True)
        if _is_written_as(shape, data):
            return shape
    return None


def _is_written_as(shape: _Bundle | _SkimmedBundle, data: bytes) -> bool:
    """Tell whether a document is what its shape is written as; item by item, to copy no file."""
    frame = _sorted.encode(replace(shape, entries=[]))
    place = head = frame.index(_ENTRIES) + len(_ENTRIES)
    between = b""
    for item in shape.entries:
        written = between + _sorted.encode(item)
        if not data.startswith(written, place):
            return False
        place += len(written)
        between = b","
    return data.startswith(frame[:head]) and data[place:] == frame[head:]


def _may_hold_null(data: bytes) -> bool:
    """Tell whether U+0000 may stand in a document, which it can as an escape only.

    Entries seldom hold any escape, and one character is found ten times as fast as five.
    """
    entries = max(data.find(_ENTRIES), 0)
    return b"u0000" in data[:entries] or (data.find(b"\\", entries) >= 0 and b"u0000" in data)


def _formatted(item: ProvenEntry) -> dict[str, Any]:
    told: dict[str, Any] = {
        "entry": orjson.loads(item.body),
        "index": item.index,
        "proof": _hex(item.proof),
    }
    if item.statement is not None:
        told["statement"] = item.statement.decode()
    if item.disclosures:
        told["disclosures"] = [dict(disclosure) for disclosure in item.disclosures]
    if item.erased_at is not None:
        told["erased_at"] = item.erased_at
    return told


def _parsed(items: Sequence[_Item], proofs: Iterable[tuple[bytes, ...]]) -> Iterator[ProvenEntry]:
    for place, (item, proof) in enumerate(zip(items, proofs, strict=False)):
        at = f"$.entries[{place}]"
        body = _sorted.encode(item.entry)  # as it stood there: the document is canonical
        links = {link.chain: link.entry for link in item.entry.previous}
        if len(links) != len(item.entry.previous):
            raise MalformedBundle("An entry names a chain twice.", at=f"{at}.entry.previous")
        leaf = leaf_hash(body)
        yield ProvenEntry(
            index=item.index,
            body=body,
            leaf=leaf,
            hash=leaf.hex(),
            entry=item.entry,
            links=links,
            proof=proof,
            statement=_statement(item, at),
            disclosures=() if item.disclosures is UNSET else tuple(item.disclosures),
            erased_at=None if item.erased_at is UNSET else item.erased_at,
        )


def _statement(item: _Item, at: str) -> bytes | None:
    if item.statement is UNSET:
        if item.disclosures is not UNSET:
            raise MalformedBundle("There are disclosures without a statement.", at=at)
        return None
    if item.erased_at is not UNSET:
        raise MalformedBundle("A statement is given, and called erased.", at=at)
    return item.statement.encode()


def _require_order(keys: list[_Key], *, at: str) -> None:
    if sorted(set(keys)) != keys:
        raise MalformedBundle("The items are not in order, or one is there twice.", at=at)


def _hex(hashes: Sequence[bytes]) -> list[str]:
    return [value.hex() for value in hashes]


def _unhex(hashes: Sequence[str], at: str) -> tuple[bytes, ...]:
    """Return the hashes of a proof, which are checked together: one by one takes ten times as long.

    Raises:
        MalformedStatement: with the place of the first that is no hash in lower-case hex.
    """
    joined = "".join(hashes)
    try:
        raw = bytes.fromhex(joined)
    except ValueError:
        raw = b""
    if raw.hex() != joined or any(len(text) != 2 * HASH_SIZE for text in hashes):
        to_shape({"proof": hashes}, _Hashes, at=at)
    return tuple([raw[begin : begin + HASH_SIZE] for begin in range(0, len(raw), HASH_SIZE)])
