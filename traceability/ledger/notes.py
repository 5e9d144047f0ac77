"""C2SP signed-note: a text and the lines of those who signed it (c2sp.org/signed-note@v1.0.0).

    <text, ending in a newline>
    <an empty line>
    — <key name> base64(4-byte key id || signature)

A text counts for nothing until `open_note` has found a signature by a key one already trusts.
What is here signs and verifies plain Ed25519 notes; cosignatures, which sign more than the text,
are in `cosignature`.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from traceability.errors import (
    AmbiguousVerifierKey,
    InvalidNoteSignature,
    InvalidVerifierKey,
    MalformedNote,
    NoteNotSigned,
)
from traceability.ledger.keys import PrivateKey
from traceability.ledger.signing import is_signed, sign_ed25519

ED25519: Final = 0x01
ED25519_COSIGNATURE: Final = 0x04
MLDSA44_COSIGNATURE: Final = 0x06
PUBLIC_KEY_SIZES: Final = {ED25519: 32, ED25519_COSIGNATURE: 32, MLDSA44_COSIGNATURE: 1312}

MAX_SIGNATURES: Final = 100  # signed-note asks for at least 16; the Go implementation takes 100
MAX_NOTE_BYTES: Final = 1_000_000

_SIGNATURE_LINE: Final = re.compile("— ([^ ]+) ([A-Za-z0-9+/=]+)")
_CONTROL_CHARACTER: Final = re.compile(rb"[\x00-\x09\x0b-\x1f]")
_KEY_ID: Final = re.compile("[0-9a-f]{8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A public key under the name of its owner; `vkey` is its one-line text form.

    `key_type` is the signature type byte: `ED25519`, `ED25519_COSIGNATURE` (each with a 32-byte
    key) or `MLDSA44_COSIGNATURE` (1,312 bytes).
    """

    name: str
    key_type: int
    public_key: bytes

    def __post_init__(self) -> None:
        """Refuse what could not be written as a vkey and read back."""
        if not is_key_name(self.name):
            raise InvalidVerifierKey("A key name is not empty and has no space and no plus sign.")
        if self.key_type not in PUBLIC_KEY_SIZES:
            raise InvalidVerifierKey(f"Keys of type {self.key_type} are not supported.")
        if len(self.public_key) != PUBLIC_KEY_SIZES[self.key_type]:
            message = (
                f"A public key of type {self.key_type} cannot be {len(self.public_key)} bytes."
            )
            raise InvalidVerifierKey(message)

    @property
    def key_id(self) -> bytes:
        """The four bytes that, with the name, say whose signature a line holds."""
        typed_key = bytes([self.key_type]) + self.public_key
        return sha256(self.name.encode() + b"\n" + typed_key).digest()[:4]

    @property
    def vkey(self) -> str:
        """The key as one line: name, key id in hexadecimal, type and key in base64."""
        typed_key = bytes([self.key_type]) + self.public_key
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(typed_key).decode()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSignature:
    """One signature line of a note: whose it claims to be, and the bytes after the key id."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """The line as it stands in a note, without its newline."""
        return f"— {self.name} {base64.b64encode(self.key_id + self.signature).decode()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerKey:
    """The private half of an Ed25519 note key."""

    name: str
    private_key: PrivateKey

    @property
    def verifier(self) -> VerifierKey:
        """The public half, to give to everybody."""
        public_key = self.private_key.public.raw
        return VerifierKey(name=self.name, key_type=ED25519, public_key=public_key)

    def sign(self, text: str) -> NoteSignature:
        """Sign a note text; the same text always gives the same bytes (RFC 8032)."""
        signature = sign_ed25519(self.private_key, text.encode())
        return NoteSignature(name=self.name, key_id=self.verifier.key_id, signature=signature)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedNote:
    """A note taken apart, nothing verified."""

    text: str
    signatures: tuple[NoteSignature, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedNote:
    """A note whose text at least one trusted key has signed.

    `signatures` were verified, one per key; `unverified` are by keys one does not know.
    """

    text: str
    signatures: tuple[NoteSignature, ...]
    unverified: tuple[NoteSignature, ...]


def parse_vkey(text: str) -> VerifierKey:
    """Read a verifier key from its one-line form.

    Raises:
        InvalidVerifierKey: anything but the exact line that `VerifierKey.vkey` would write.
    """
    parts = text.split("+", 2)  # the base64 part may itself contain plus signs
    if len(parts) != 3 or not _KEY_ID.fullmatch(parts[1]):
        raise InvalidVerifierKey("A verifier key is a name, a key id and a key, joined by +.")

    typed_key = decode_base64(parts[2])
    if not typed_key:
        raise InvalidVerifierKey("The key is not base64 as RFC 4648 writes it.")

    verifier = VerifierKey(name=parts[0], key_type=typed_key[0], public_key=typed_key[1:])
    if verifier.key_id.hex() != parts[1]:
        raise InvalidVerifierKey(f"Key id {parts[1]} does not belong to this name and key.")
    return verifier


def sign_note(text: str, signers: Sequence[SignerKey]) -> str:
    """Return the note of a text with one signature line per signer, in their order.

    Raises:
        MalformedNote: the text does not end in a newline, no note may hold it, or nobody signs.
    """
    if not (text.endswith("\n") and fits_in_note(text)):
        raise MalformedNote("A note text is UTF-8 without control characters, ending in a newline.")

    lines = "".join(f"{signer.sign(text).line}\n" for signer in signers)
    note = f"{text}\n{lines}"
    parse_note(note)  # refuses what nobody could open: no signature, too many, too large
    return note


def add_signatures(note: str, lines: str) -> str:
    """Return the note with further signature lines, such as a witness sends back, at its end.

    Raises:
        MalformedNote: the note, or a line, is not as signed-note writes it.
    """
    signed = note + lines
    before, after = parse_note(note), parse_note(signed)
    if after.text != before.text or len(after.signatures) <= len(before.signatures):
        raise MalformedNote("What was to be added is not a list of signature lines.")
    return signed


def open_note(note: str | bytes, verifiers: Iterable[VerifierKey]) -> OpenedNote:
    """Verify a note against the plain Ed25519 keys among those one trusts.

    Every line by a known key must verify; lines by unknown keys are passed over.

    Raises:
        MalformedNote: the note is not as signed-note writes it.
        AmbiguousVerifierKey: a line fits two of the keys.
        InvalidNoteSignature: a line by a known key does not verify.
        NoteNotSigned: no known key has signed.
    """
    parsed = parse_note(note)
    known = [verifier for verifier in verifiers if verifier.key_type == ED25519]
    message = parsed.text.encode()

    verified: dict[VerifierKey, NoteSignature] = {}
    unverified = []
    for signature in parsed.signatures:
        verifier = find_verifier(signature, known)
        if verifier is None:
            unverified.append(signature)
            continue
        if not is_signed(verifier.public_key, message, signature.signature):
            raise InvalidNoteSignature(
                f"The signature of {signature.name} does not belong to this text.",
                name=signature.name,
                key_id=signature.key_id.hex(),
            )
        verified.setdefault(verifier, signature)

    if not verified:
        raise NoteNotSigned("None of the trusted keys has signed this note.")
    return OpenedNote(
        text=parsed.text,
        signatures=tuple(verified.values()),
        unverified=tuple(dict.fromkeys(unverified)),
    )


def parse_note(note: str | bytes) -> ParsedNote:
    """Take a note apart, byte for byte, and verify nothing.

    Raises:
        MalformedNote: the note is not as signed-note writes it.
    """
    decoded = _decode_note(note)

    # The text may hold empty lines; the signatures follow the last one.
    split = decoded.rfind("\n\n")
    if split < 0 or not decoded.endswith("\n"):
        raise MalformedNote("A note is a text, an empty line and signature lines.")

    lines = decoded[split + 2 : -1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        message = f"A note may have {MAX_SIGNATURES} signatures, this one has {len(lines)}."
        raise MalformedNote(message)
    return ParsedNote(
        text=decoded[: split + 1], signatures=tuple(_parse_signature(line) for line in lines)
    )


def find_verifier(signature: NoteSignature, verifiers: Sequence[VerifierKey]) -> VerifierKey | None:
    """Return the one key that a signature line names, or None if it is not among them.

    Raises:
        AmbiguousVerifierKey: two keys share that name and key id.
    """
    named = [
        verifier
        for verifier in verifiers
        if verifier.name == signature.name and verifier.key_id == signature.key_id
    ]
    if len(named) > 1:
        raise AmbiguousVerifierKey(
            f"Two trusted keys are named {signature.name} with id {signature.key_id.hex()}.",
            name=signature.name,
            key_id=signature.key_id.hex(),
        )
    return named[0] if named else None


def decode_base64(text: str) -> bytes | None:
    """Return what standard base64 encodes, or None unless it is written in the one right way.

    `b64decode` lets stray padding bits pass, so the result is encoded again and compared.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode() == text else None


def fits_in_note(text: str) -> bool:
    """Tell whether a note may hold this text: UTF-8, no control characters but newlines."""
    try:
        return not _CONTROL_CHARACTER.search(text.encode())
    except UnicodeEncodeError:
        return False


def is_key_name(name: str) -> bool:
    """Tell whether a note may name a key so: not empty, no space, no plus sign."""
    unfit = any(character == "+" or character.isspace() for character in name)
    return bool(name) and not unfit and fits_in_note(name)


def _decode_note(note: str | bytes) -> str:
    """Return the note as text: UTF-8, of sane size, no control characters but newlines."""
    try:
        encoded = note.encode() if isinstance(note, str) else note
        decoded = encoded.decode()
    except UnicodeError:
        raise MalformedNote("A note is UTF-8 text.") from None

    if len(encoded) > MAX_NOTE_BYTES:
        raise MalformedNote(f"A note may have {MAX_NOTE_BYTES} bytes, this has {len(encoded)}.")
    if _CONTROL_CHARACTER.search(encoded):
        raise MalformedNote("A note has no control characters but newlines.")
    return decoded


def _parse_signature(line: str) -> NoteSignature:
    """Read one signature line."""
    matched = _SIGNATURE_LINE.fullmatch(line)
    identified = decode_base64(matched[2]) if matched else None
    if matched is None or identified is None or len(identified) < 5:
        raise MalformedNote("A signature line is an em dash, a key name and base64.")
    if not is_key_name(matched[1]):
        raise MalformedNote("The key name in a signature line has a space or a plus sign.")
    return NoteSignature(name=matched[1], key_id=identified[:4], signature=identified[4:])
