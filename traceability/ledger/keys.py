"""Ed25519 keys: their JWK, their id, which are fit to be enrolled, and how they are kept.

A key id is the RFC 7638 thumbprint, so it cannot be chosen and never names two keys.
"""

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from nacl.bindings import crypto_core_ed25519_is_valid_point, crypto_sign_seed_keypair

from traceability.errors import FileUnusable, MalformedKey, SealedKeyUnreadable, WeakKey
from traceability.ledger.canonical import canonical, parse_json

KEY_BYTES = 32
_KEY_FILE_LIMIT = 1_000

_TO_STANDARD = bytes.maketrans(b"-_+/=", b"+/***")  # what only the other alphabet has is refused

_SEAL_VERSION = b"\x01"
_SEAL_NONCE_BYTES = 12
_SEAL_OVERHEAD = len(_SEAL_VERSION) + _SEAL_NONCE_BYTES + 16


def to_base64url(raw: bytes) -> str:
    """Return base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def from_base64url(text: str | bytes) -> bytes:
    """Return the bytes of base64url without padding; no other text stands for the same bytes.

    Raises:
        ValueError: another alphabet, padding, white space, or unused bits that are not zero.
    """
    encoded = (text.encode() if isinstance(text, str) else text).translate(_TO_STANDARD)
    over = len(encoded) % 4
    raw = binascii.a2b_base64(encoded + b"=" * (-len(encoded) % 4), strict_mode=True)
    # Unused bits can only be in the last character: that group must be written as it stands.
    if over and binascii.b2a_base64(raw[1 - over :])[:over] != encoded[-over:]:
        raise binascii.Error("not base64url without padding")
    return raw


@lru_cache(maxsize=4096)
def thumbprint(public_key: bytes) -> str:
    """Return the key id of a public key of 32 bytes: 43 characters of base64url.

    Source: RFC 7638, section 3; RFC 8037, appendix A.3.
    """
    return to_base64url(hashlib.sha256(canonical(_public_jwk(public_key))).digest())


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """An Ed25519 public key as written; whether it may be enrolled is `check_enrollable`."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != KEY_BYTES:
            raise MalformedKey(f"a public key has {KEY_BYTES} bytes, not {len(self.raw)}")

    @property
    def kid(self) -> str:
        """The RFC 7638 thumbprint."""
        return thumbprint(self.raw)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any], *, at: str = "$") -> "PublicKey":
        """Read a JWK of exactly `kty`, `crv` and `x` (RFC 8037, section 2).

        Raises:
            MalformedKey: another member, another kind of key, or `x` is not 32 bytes.
        """
        if dict(jwk).keys() != {"kty", "crv", "x"}:
            raise MalformedKey('its members must be exactly "kty", "crv" and "x"', at=at)
        if jwk["kty"] != "OKP" or jwk["crv"] != "Ed25519":
            raise MalformedKey('"kty" must be "OKP" and "crv" must be "Ed25519"', at=at)
        return cls(raw=_key_bytes(jwk["x"], at=f"{at}.x"))

    def as_jwk(self) -> dict[str, str]:
        """Return the JWK, public members only."""
        return _public_jwk(self.raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateKey:
    """An Ed25519 private key (the seed of RFC 8032) with the public key derived from it.

    The public key cannot be given: signing with a wrong one would leak the private key.
    """

    seed: bytes = field(repr=False)
    public: PublicKey = field(init=False)

    def __post_init__(self) -> None:
        if len(self.seed) != KEY_BYTES:
            raise MalformedKey(f"a private key has {KEY_BYTES} bytes, not {len(self.seed)}")
        public, _ = crypto_sign_seed_keypair(self.seed)
        object.__setattr__(self, "public", PublicKey(raw=public))

    @property
    def kid(self) -> str:
        """The key id of the public key."""
        return self.public.kid

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any], *, at: str = "$") -> "PrivateKey":
        """Read a JWK of exactly `kty`, `crv`, `x` and `d` (RFC 8037, section 2).

        Raises:
            MalformedKey: another member or kind of key, or `x` does not belong to `d`.
        """
        if "d" not in jwk:
            raise MalformedKey('a private key has the member "d"', at=at)
        public = PublicKey.from_jwk({name: jwk[name] for name in jwk if name != "d"}, at=at)
        key = cls(seed=_key_bytes(jwk["d"], at=f"{at}.d"))
        if key.public != public:
            raise MalformedKey('"x" is not the public key of "d"', at=at)
        return key

    def as_jwk(self) -> dict[str, str]:
        """Return the JWK with its private member: only ever for a key file."""
        return {**self.public.as_jwk(), "d": to_base64url(self.seed)}


def new_private_key() -> PrivateKey:
    """Make a private key from the system's random source."""
    return PrivateKey(seed=secrets.token_bytes(KEY_BYTES))


def check_enrollable(key: PublicKey, *, at: str = "$") -> None:
    """Verify that a public key can hold its owner to what it signs.

    A key of low order has signatures that fit many messages, and one outside the prime-order
    subgroup lets verifiers disagree, so that its owner could later deny what was recorded.

    Raises:
        WeakKey: not a point, not canonically encoded, of low order, or of mixed order.

    Source: Chalkias, Garillot, Nikolaenko: Taming the many EdDSAs (2020), section 3.
    """
    if not crypto_core_ed25519_is_valid_point(key.raw):
        raise WeakKey(kid=key.kid, at=at)


def write_private_key(path: Path, key: PrivateKey) -> None:
    """Write a private key to a new file that only its owner can read.

    Raises:
        FileUnusable: the file exists already, or cannot be written.
    """
    write_secret_file(path, canonical(key.as_jwk()) + b"\n")


def write_secret_file(path: Path, content: bytes) -> None:
    """Write a new file that only its owner can read, durably.

    Raises:
        FileUnusable: the file exists already, or cannot be written.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise FileUnusable(str(path), error.strerror or "it cannot be written") from error


def read_private_key(path: Path) -> PrivateKey:
    """Read a private key from its file.

    Raises:
        FileUnusable: the file cannot be read.
        MalformedKey, NotJson and other errors of the profile: it holds no private key.
    """
    raw = read_file(path, limit=_KEY_FILE_LIMIT)
    return PrivateKey.from_jwk(parse_json(raw, limit=_KEY_FILE_LIMIT))


def read_file(path: Path, *, limit: int) -> bytes:
    """Return a file's content, or its first `limit` + 1 bytes, for a parser to refuse.

    Raises:
        FileUnusable: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(limit + 1)
    except OSError as error:
        raise FileUnusable(str(path), error.strerror or "it cannot be read") from error


def seal_private_key(key: PrivateKey, encryption_key: bytes, *, aad: bytes) -> bytes:
    """Encrypt a private key that the service holds for a company.

    Args:
        key: the private key.
        encryption_key: 32 bytes, kept outside the database.
        aad: what the sealed key belongs to (ledger, organization, key id), so that it
            opens in no other row.

    Returns:
        Version (1 byte), nonce (12), ciphertext and tag of AES-256-GCM (48).

    Raises:
        MalformedKey: the encryption key is not 32 bytes.
    """
    nonce = secrets.token_bytes(_SEAL_NONCE_BYTES)
    sealed: bytes = _cipher(encryption_key).encrypt(nonce, key.seed, _SEAL_VERSION + aad)
    return _SEAL_VERSION + nonce + sealed


def open_private_key(sealed: bytes, encryption_key: bytes, *, aad: bytes) -> PrivateKey:
    """Decrypt what `seal_private_key` made, for the same `aad`.

    Raises:
        SealedKeyUnreadable: another version, another encryption key, another owner, or altered.
        MalformedKey: the encryption key is not 32 bytes.
    """
    from cryptography.exceptions import InvalidTag  # as in `_cipher`

    cipher = _cipher(encryption_key)
    if not sealed.startswith(_SEAL_VERSION) or len(sealed) != _SEAL_OVERHEAD + KEY_BYTES:
        raise SealedKeyUnreadable
    nonce, ciphertext = sealed[1 : 1 + _SEAL_NONCE_BYTES], sealed[1 + _SEAL_NONCE_BYTES :]
    try:
        return PrivateKey(seed=cipher.decrypt(nonce, ciphertext, _SEAL_VERSION + aad))
    except InvalidTag as error:
        raise SealedKeyUnreadable from error


def _public_jwk(public_key: bytes) -> dict[str, str]:
    return {"crv": "Ed25519", "kty": "OKP", "x": to_base64url(public_key)}


def _key_bytes(text: Any, *, at: str) -> bytes:
    if not isinstance(text, str):
        raise MalformedKey("it must be a string", at=at)
    try:
        raw = from_base64url(text)
    except ValueError as error:
        raise MalformedKey("it is not base64url without padding", at=at) from error
    if len(raw) != KEY_BYTES:
        raise MalformedKey(f"it has {len(raw)} bytes, not {KEY_BYTES}", at=at)
    return raw


def _cipher(encryption_key: bytes) -> Any:
    # Only the service seals keys; a verifier starts without it.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if len(encryption_key) != KEY_BYTES:
        raise MalformedKey(f"the encryption key has {len(encryption_key)} bytes, not {KEY_BYTES}")
    return AESGCM(encryption_key)
