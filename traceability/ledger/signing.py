"""Compact JWS with Ed25519: what a company signed is kept and verified byte for byte.

Verification is strict: libsodium refuses S out of range, non-canonical and low-order keys and
R, and so accepts one set of signatures that other strict verifiers accept too.
"""

import os
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import TypeVar

from msgspec import Struct
from nacl.bindings import crypto_sign, crypto_sign_open
from nacl.exceptions import CryptoError

from traceability.errors import InvalidSignature, MalformedJws, TraceabilityError
from traceability.ledger.canonical import canonical, parse_json
from traceability.ledger.keys import KEY_BYTES, PrivateKey, from_base64url, thumbprint, to_base64url

STATEMENT_TYPE = "custody-statement+jws"
RECEIPT_TYPE = "custody-receipt+jws"

SIGNATURE_BYTES = 64

_ALGORITHMS = frozenset({"Ed25519", "EdDSA"})  # RFC 9864 and, still accepted, RFC 8037
_HEADER_LIMIT = 512  # bytes, encoded
_THREADED_FROM = 64  # signatures; below, starting threads costs more than it saves

T = TypeVar("T")
R = TypeVar("R")
Signed = tuple[bytes, bytes, bytes]
"""Public key (32 bytes), message, signature (64 bytes)."""


class Jws(Struct, frozen=True, kw_only=True):
    """A compact JWS as received; its signature is not yet verified.

    `raw` are the bytes as sent, which are the bytes that are stored.
    """

    raw: bytes
    alg: str
    kid: str
    typ: str
    payload: bytes
    signature: bytes

    @property
    def signing_input(self) -> bytes:
        """The bytes under the signature (RFC 7515, section 5.2)."""
        return self.raw[: self.raw.rindex(b".")]


def parse_jws(raw: bytes, *, typ: str) -> Jws:
    """Take a compact JWS apart. The signature is left to `verify_jws` or `verify_many`.

    The header holds exactly `alg` (`Ed25519` or `EdDSA`), `kid` and `typ`, in any layout; each
    part must be the one base64url text of its bytes, so no byte can change unnoticed.

    Args:
        raw: the bytes as received, without white space around them.
        typ: the type the reader expects, so that a receipt never passes for a statement.

    Raises:
        MalformedJws: anything else than the above.

    Source: RFC 7515, section 7.1; RFC 8725, sections 3.1 and 3.11.
    """
    header, payload, signature = _parts(raw)
    alg, kid = _parse_header(header, typ)
    return Jws(
        raw=raw,
        alg=alg,
        kid=kid,
        typ=typ,
        payload=_decode(payload, "payload"),
        signature=_signature(signature),
    )


def signature_of(raw: bytes, *, typ: str) -> tuple[str, bytes, bytes]:
    """Return key id, signing input and signature of a compact JWS, its payload not looked at.

    Raises:
        MalformedJws: as `parse_jws`, but for the payload.
    """
    header, payload, signature = _parts(raw)
    _, kid = _parse_header(header, typ)
    return kid, raw[: len(header) + 1 + len(payload)], _signature(signature)


def verify_jws(jws: Jws, public_key: bytes) -> None:
    """Verify that the key named in the header signed these bytes.

    Raises:
        InvalidSignature: another key, other bytes, or a signature that is not strictly valid.
    """
    if thumbprint(public_key) != jws.kid:
        raise InvalidSignature(kid=jws.kid)
    if not is_signed(public_key, jws.signing_input, jws.signature):
        raise InvalidSignature(kid=jws.kid)


def sign_jws(payload: bytes, private_key: PrivateKey, *, typ: str) -> bytes:
    """Sign a payload as it is and return the compact JWS."""
    return sign_many([payload], private_key, typ=typ)[0]


def sign_many(payloads: Sequence[bytes], private_key: PrivateKey, *, typ: str) -> list[bytes]:
    """Sign payloads as they are and return the compact JWS of each, using all cores."""
    header = _header(private_key.kid, typ)
    inputs = [f"{header}.{to_base64url(payload)}".encode() for payload in payloads]
    signatures = _spread(partial(_sign_chunk, private_key), inputs, threads=None)
    return [
        b"%b.%b" % (signing_input, to_base64url(signature).encode())
        for signing_input, signature in zip(inputs, signatures, strict=True)
    ]


@lru_cache(maxsize=64)
def _header(kid: str, typ: str) -> str:
    return to_base64url(canonical({"alg": "Ed25519", "kid": kid, "typ": typ}))


def sign_ed25519(private_key: PrivateKey, message: bytes) -> bytes:
    """Return the 64-byte signature of a message (RFC 8032, section 5.1.6)."""
    # libsodium's secret key is the seed and the public key that was derived from it.
    signed: bytes = crypto_sign(message, private_key.seed + private_key.public.raw)
    return signed[:SIGNATURE_BYTES]


def is_signed(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether a signature is strictly valid (RFC 8032, section 5.1.7, cofactorless).

    Refuses S ≥ L, non-canonical encodings, and low-order points as key or as R.
    """
    if len(public_key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        crypto_sign_open(signature + message, public_key)
    except CryptoError:
        return False
    return True


def verify_ed25519(public_key: bytes, message: bytes, signature: bytes) -> None:
    """Verify a signature by the rules of `is_signed`.

    Raises:
        InvalidSignature: it is not strictly valid, or key or signature has another length.
    """
    if not is_signed(public_key, message, signature):
        raise InvalidSignature(kid=thumbprint(public_key))


def verify_many(items: Sequence[Signed], *, threads: int | None = None) -> list[bool]:
    """Tell for each of many signatures whether it is strictly valid, using all cores.

    Args:
        items: public key, message and signature of each.
        threads: how many at once; by default one for each core.

    Returns:
        One answer per item, in the order of `items`.
    """
    return _spread(_verify_chunk, items, threads=threads)


def _spread(
    work: Callable[[Sequence[T]], list[R]], items: Sequence[T], *, threads: int | None
) -> list[R]:
    """Work on many items in threads, a slice each: libsodium runs without the interpreter lock.

    The work of one item must be little else than its signature: where threads wait for the
    interpreter, passing it on costs more than they win.
    """
    threads = 1 if len(items) < _THREADED_FROM else threads or os.cpu_count() or 1
    if threads < 2:
        return work(items)

    from concurrent.futures import ThreadPoolExecutor  # where it pays

    # A pool of its own per call survives forks, and costs less than one signature per thread.
    size = -(-len(items) // threads)
    chunks = [items[start : start + size] for start in range(0, len(items), size)]
    with ThreadPoolExecutor(max_workers=threads) as pool:
        return [answer for chunk in pool.map(work, chunks) for answer in chunk]


def _verify_chunk(items: Sequence[Signed]) -> list[bool]:
    return [is_signed(key, message, signature) for key, message, signature in items]


def _sign_chunk(private_key: PrivateKey, messages: Sequence[bytes]) -> list[bytes]:
    return [sign_ed25519(private_key, message) for message in messages]


@lru_cache(maxsize=1024)
def _parse_header(encoded: bytes, typ: str) -> tuple[str, str]:
    """Return `alg` and `kid`. One key writes one header, so most are read from the cache."""
    raw = _decode(encoded, "header")
    try:
        header = parse_json(raw, limit=_HEADER_LIMIT)
    except TraceabilityError as error:
        raise MalformedJws(f"its header is unreadable ({error.code})") from error

    if header.keys() != {"alg", "kid", "typ"}:
        raise MalformedJws('its header must hold exactly "alg", "kid" and "typ"')
    if header["alg"] not in _ALGORITHMS:
        raise MalformedJws('its "alg" must be "Ed25519"')
    if header["typ"] != typ:
        raise MalformedJws(f'its "typ" must be "{typ}"')
    kid = header["kid"]
    if not isinstance(kid, str) or not _is_thumbprint(kid):
        raise MalformedJws('its "kid" must be the RFC 7638 thumbprint of the key')
    return header["alg"], kid


def _parts(raw: bytes) -> list[bytes]:
    parts = raw.split(b".")
    if len(parts) != 3:
        raise MalformedJws(f"it has {len(parts)} parts, not 3")
    if len(parts[0]) > _HEADER_LIMIT:
        raise MalformedJws(f"its header has more than {_HEADER_LIMIT} characters")
    return parts


def _signature(encoded: bytes) -> bytes:
    signature = _decode(encoded, "signature")
    if len(signature) != SIGNATURE_BYTES:
        raise MalformedJws(f"its signature has {len(signature)} bytes, not {SIGNATURE_BYTES}")
    return signature


def _is_thumbprint(kid: str) -> bool:
    try:
        return len(from_base64url(kid)) == KEY_BYTES
    except ValueError:
        return False


def _decode(encoded: bytes, part: str) -> bytes:
    try:
        return from_base64url(encoded)
    except ValueError as error:
        raise MalformedJws(f"its {part} is not base64url without padding") from error
