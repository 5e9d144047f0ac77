"""C2SP tlog-proof: one entry's place in a log, in one file to keep (c2sp.org/tlog-proof@v1).

c2sp.org/tlog-proof@v1
extra <base64>              optional; nobody vouches for it
index <number>
<base64 hash>               from the leaf's sibling to the root's child, one per line
                            an empty line
<checkpoint note>           byte for byte, cosignatures included
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from traceability.errors import MalformedNote, MalformedTlogProof
from traceability.ledger.checkpoint import Checkpoint, open_checkpoint, parse_decimal
from traceability.ledger.merkle import HASH_SIZE, is_size, verify_inclusion
from traceability.ledger.notes import VerifierKey, decode_base64, parse_note

HEADER: Final = "c2sp.org/tlog-proof@v1"
MAX_HASHES: Final = 63  # the height of the largest tree


@dataclass(frozen=True, slots=True, kw_only=True)
class TlogProof:
    """The index of an entry, its inclusion proof and the checkpoint it leads to.

    `extra` is opaque and not authenticated; empty when there is none.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint_note: str
    extra: bytes = b""

    def __post_init__(self) -> None:
        """Refuse what could not be written and read back."""
        if not is_size(self.index):
            raise MalformedTlogProof(f"{self.index} is not the index of an entry.")
        if len(self.hashes) > MAX_HASHES:
            raise MalformedTlogProof(f"A proof cannot have {len(self.hashes)} hashes.")
        if any(len(value) != HASH_SIZE for value in self.hashes):
            raise MalformedTlogProof("A hash of the proof is not 32 bytes.")
        try:
            parse_note(self.checkpoint_note)
        except MalformedNote as error:
            raise MalformedTlogProof(f"The checkpoint: {error.message}") from error


def format(proof: TlogProof) -> str:
    """Return the proof as the text of a `.tlog-proof` file."""
    extra = [f"extra {base64.b64encode(proof.extra).decode()}"] if proof.extra else []
    hashes = [base64.b64encode(value).decode() for value in proof.hashes]
    return "\n".join([HEADER, *extra, f"index {proof.index}", *hashes, "", proof.checkpoint_note])


def parse(text: str | bytes) -> TlogProof:
    """Read a `.tlog-proof` file; nothing is verified yet.

    Raises:
        MalformedTlogProof: anything but the text that `format` would write.
    """
    head, separator, checkpoint_note = _decode(text).partition("\n\n")
    lines = head.split("\n")
    if not separator or lines.pop(0) != HEADER:
        raise MalformedTlogProof(f"A proof begins with {HEADER} and holds a checkpoint.")

    extra: bytes | None = b""
    if lines and lines[0].startswith("extra "):
        extra = decode_base64(lines.pop(0).removeprefix("extra ")) or None
    if extra is None:
        raise MalformedTlogProof("The extra data is not base64, or it is empty.")

    if not lines or not lines[0].startswith("index "):
        raise MalformedTlogProof("The proof does not say the index of the entry.")
    index = parse_decimal(lines.pop(0).removeprefix("index "))
    if index is None:
        raise MalformedTlogProof("The index is not a decimal number.")

    hashes = [decode_base64(line) for line in lines]
    decoded = tuple(value for value in hashes if value is not None)
    if len(decoded) != len(hashes):
        raise MalformedTlogProof("A hash of the proof is not base64.")
    return TlogProof(index=index, hashes=decoded, checkpoint_note=checkpoint_note, extra=extra)


def verify_proof(
    proof: TlogProof, leaf_hash: bytes, *, origin: str, verifiers: Iterable[VerifierKey]
) -> Checkpoint:
    """Verify that the log `origin` has this leaf at the proof's index; return its checkpoint.

    Args:
        proof: the proof as parsed.
        leaf_hash: RFC 6962 leaf hash of the entry one holds, 32 bytes.
        origin: the log one means to hear from.
        verifiers: keys of that log.

    Raises:
        InclusionNotProven: the proof does not lead from this leaf to the checkpoint's root.
        TraceabilityError: the checkpoint is refused, see `open_checkpoint`.
    """
    checkpoint = open_checkpoint(proof.checkpoint_note, origin=origin, verifiers=verifiers)
    verify_inclusion(
        leaf_hash,
        index=proof.index,
        size=checkpoint.size,
        proof=proof.hashes,
        root=checkpoint.root,
    )
    return checkpoint


def _decode(text: str | bytes) -> str:
    """Return the file as text."""
    if isinstance(text, str):
        return text
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise MalformedTlogProof("A proof is UTF-8 text.") from None
