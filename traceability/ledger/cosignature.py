"""C2SP tlog-cosignature: witnesses confirm a checkpoint (c2sp.org/tlog-cosignature).

A cosigner says: at this time, the largest tree I have seen of this log has this root. Ed25519
signs `cosignature/v1`, the time and the checkpoint text; ML-DSA-44 signs a structure that also
names the cosigner. An Ed25519 cosigner must not share its key with another one, since what it
signs does not say who signs. How many cosignatures are enough is the policy of who verifies.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from traceability.errors import InvalidNoteSignature, TimeOutOfRange
from traceability.ledger.checkpoint import Checkpoint, parse_checkpoint_text
from traceability.ledger.keys import PrivateKey
from traceability.ledger.merkle import is_size
from traceability.ledger.notes import (
    ED25519_COSIGNATURE,
    MLDSA44_COSIGNATURE,
    NoteSignature,
    VerifierKey,
    find_verifier,
    parse_note,
)
from traceability.ledger.signing import is_signed, sign_ed25519

COSIGNATURE_TYPES: Final = frozenset({ED25519_COSIGNATURE, MLDSA44_COSIGNATURE})

_TIMESTAMP_BYTES: Final = 8
_MLDSA44_LABEL: Final = b"subtree/v1\n\x00"
_MAX_NAME_BYTES: Final = 255  # names in the ML-DSA-44 message have a one-byte length


class Cosignature(NamedTuple):
    """A verified cosignature: whose, and when it was made, in POSIX seconds.

    An ML-DSA-44 cosigner that does not say whether the tree is the largest it saw writes time 0.
    """

    name: str
    timestamp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CosignerKey:
    """The private half of an Ed25519 cosigner; its key is used for nothing else."""

    name: str
    private_key: PrivateKey

    @property
    def verifier(self) -> VerifierKey:
        """The public half, for everybody who relies on this witness."""
        public_key = self.private_key.public.raw
        return VerifierKey(name=self.name, key_type=ED25519_COSIGNATURE, public_key=public_key)


def cosign(note: str | bytes, cosigner: CosignerKey, *, timestamp: int) -> str:
    """Return the signature line, with its newline, by which a witness confirms a checkpoint.

    The caller has verified that the log signed the note and that its tree extends the largest
    one the witness confirmed before; `notes.add_signatures` joins the line to the note.

    Args:
        note: the checkpoint as signed by its log.
        cosigner: who confirms it.
        timestamp: POSIX seconds, at most 2**63 - 1.

    Raises:
        MalformedNote: the note is not as signed-note writes it.
        MalformedCheckpoint: its text is no checkpoint.
        TimeOutOfRange: `timestamp` cannot be written in a cosignature.
    """
    if not is_size(timestamp):
        raise TimeOutOfRange(f"{timestamp} is not a time a cosignature can carry.")
    text = parse_note(note).text
    parse_checkpoint_text(text)

    message = _ed25519_message(timestamp, text)
    signature = timestamp.to_bytes(_TIMESTAMP_BYTES, "big") + sign_ed25519(
        cosigner.private_key, message
    )
    key_id = cosigner.verifier.key_id
    return NoteSignature(name=cosigner.name, key_id=key_id, signature=signature).line + "\n"


def verify_cosignatures(note: str | bytes, verifiers: Iterable[VerifierKey]) -> list[Cosignature]:
    """Return the cosignatures on a checkpoint by the cosigners one trusts, in their order.

    A key that signed more than once counts once, with its latest time. Keys of other types are
    passed over: that the log itself signed is for `open_checkpoint` to say.

    Raises:
        MalformedNote: the note is not as signed-note writes it.
        MalformedCheckpoint: its text is no checkpoint.
        AmbiguousVerifierKey: a line fits two of the keys.
        InvalidNoteSignature: a line by a known cosigner does not verify.
    """
    parsed = parse_note(note)
    checkpoint = parse_checkpoint_text(parsed.text)
    known = [verifier for verifier in verifiers if verifier.key_type in COSIGNATURE_TYPES]

    latest: dict[VerifierKey, int] = {}
    for signature in parsed.signatures:
        verifier = find_verifier(signature, known)
        if verifier is None:
            continue
        timestamp = _verified_timestamp(signature, verifier, checkpoint)
        latest[verifier] = max(timestamp, latest.get(verifier, 0))
    return [Cosignature(verifier.name, timestamp) for verifier, timestamp in latest.items()]


def _verified_timestamp(
    cosignature: NoteSignature, verifier: VerifierKey, checkpoint: Checkpoint
) -> int:
    """Return the time a cosignature was made, after verifying it."""
    timestamp = int.from_bytes(cosignature.signature[:_TIMESTAMP_BYTES], "big")
    signature = cosignature.signature[_TIMESTAMP_BYTES:]
    if verifier.key_type == ED25519_COSIGNATURE:
        message = _ed25519_message(timestamp, checkpoint.text)
        good = is_signed(verifier.public_key, message, signature)
    else:
        good = _verify_mldsa44(verifier, timestamp, checkpoint, signature)

    if not good or not is_size(timestamp):
        raise InvalidNoteSignature(
            f"The cosignature of {verifier.name} does not belong to this checkpoint.",
            name=verifier.name,
            key_id=verifier.key_id.hex(),
        )
    return timestamp


def _ed25519_message(timestamp: int, checkpoint_text: str) -> bytes:
    """Return what an Ed25519 cosigner signs."""
    return f"cosignature/v1\ntime {timestamp}\n{checkpoint_text}".encode()


def _verify_mldsa44(
    verifier: VerifierKey, timestamp: int, checkpoint: Checkpoint, signature: bytes
) -> bool:
    """Tell whether an ML-DSA-44 cosignature is good (FIPS 204, empty context)."""
    # Few bundles have one; the library takes as long to load as two hundred entries to verify.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

    names = [verifier.name.encode(), checkpoint.origin.encode()]
    if any(len(name) > _MAX_NAME_BYTES for name in names):
        return False

    cosigner, origin = (bytes([len(name)]) + name for name in names)
    first_leaf = 0  # a checkpoint is the subtree that starts at the first leaf
    numbers = [value.to_bytes(8, "big") for value in (timestamp, first_leaf, checkpoint.size)]
    message = b"".join(
        [_MLDSA44_LABEL, cosigner, numbers[0], origin, numbers[1], numbers[2], checkpoint.root]
    )
    try:
        MLDSA44PublicKey.from_public_bytes(verifier.public_key).verify(signature, message)
    except InvalidSignature:
        return False
    return True
