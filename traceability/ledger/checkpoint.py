"""C2SP tlog-checkpoint: what a log signs about its tree (c2sp.org/tlog-checkpoint).

    example.com/ledger                              origin: which log
    20852163                                        size: number of entries
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=    root hash

Extension lines are refused: monitors cannot audit them and ML-DSA-44 cosignatures do not cover
them. A log must never sign two checkpoints of which neither extends the other.
"""

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from traceability.errors import MalformedCheckpoint, WrongOrigin
from traceability.ledger.merkle import HASH_SIZE, is_size
from traceability.ledger.notes import (
    SignerKey,
    VerifierKey,
    decode_base64,
    fits_in_note,
    open_note,
    sign_note,
)

_DECIMAL: Final = re.compile("0|[1-9][0-9]{0,18}")  # ASCII digits only, unlike \d and int()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A tree head: the log's name, its number of entries and the root hash, 32 bytes."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        """Refuse what could not be written and read back."""
        if not self.origin or "\n" in self.origin or not fits_in_note(self.origin):
            raise MalformedCheckpoint("The origin of a checkpoint is one line of text.")
        if not is_size(self.size):
            raise MalformedCheckpoint(f"{self.size} is not a tree size.")
        if len(self.root) != HASH_SIZE:
            raise MalformedCheckpoint(f"A root hash has 32 bytes, not {len(self.root)}.")

    @property
    def text(self) -> str:
        """The three lines that are signed, each with its newline."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def parse_checkpoint_text(text: str) -> Checkpoint:
    """Read the text of a checkpoint.

    Raises:
        MalformedCheckpoint: anything but the three lines that `Checkpoint.text` would write.
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        raise MalformedCheckpoint("A checkpoint is three lines: origin, size and root hash.")

    size, root = parse_decimal(lines[1]), decode_base64(lines[2])
    if size is None:
        raise MalformedCheckpoint("The second line of a checkpoint is the size in decimal.")
    if root is None:
        raise MalformedCheckpoint("The third line of a checkpoint is the root hash in base64.")
    return Checkpoint(origin=lines[0], size=size, root=root)


def sign_checkpoint(checkpoint: Checkpoint, signers: Sequence[SignerKey]) -> str:
    """Return the checkpoint as a signed note, one line per signer (key rotation has two)."""
    return sign_note(checkpoint.text, signers)


def open_checkpoint(
    note: str | bytes, *, origin: str, verifiers: Iterable[VerifierKey]
) -> Checkpoint:
    """Return the checkpoint of a note that the log `origin` has signed.

    Args:
        note: the signed note, byte for byte as received.
        origin: the log one means to hear from.
        verifiers: keys of that log; a witness's key does not make a checkpoint the log's.

    Raises:
        MalformedNote: the note is not as signed-note writes it.
        AmbiguousVerifierKey: a line fits two of the keys.
        InvalidNoteSignature: a line by a known key does not verify.
        NoteNotSigned: none of the keys has signed.
        MalformedCheckpoint: the signed text is no checkpoint.
        WrongOrigin: it is the checkpoint of another log.
    """
    opened = open_note(note, verifiers)  # a text counts for nothing before this
    checkpoint = parse_checkpoint_text(opened.text)
    if checkpoint.origin != origin:
        raise WrongOrigin(
            f"This checkpoint is of the log {checkpoint.origin}, not of {origin}.",
            origin=checkpoint.origin,
            expected=origin,
        )
    return checkpoint


def parse_decimal(text: str) -> int | None:
    """Return a size or index written in ASCII decimal without leading zeros, else None."""
    value = int(text) if _DECIMAL.fullmatch(text) else None
    return value if is_size(value) else None
