"""Signatures verified ahead: by other processes, while this one reads on.

Half of the work on a bundle needs nothing but the file: a statement names its key and the file
enrols it. What other processes tell are facts about bytes: the digest of each JWS that is strictly
signed by the key whose thumbprint it names, at the place of its entry. Whether that key was good
there is judged where everything is judged, and what nobody vouched for is verified there too.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from mmap import mmap
from typing import NoReturn, Self

import orjson

from traceability.errors import TraceabilityError
from traceability.ledger.keys import PublicKey
from traceability.ledger.signing import STATEMENT_TYPE, is_signed, parse_jws, signature_of

WORTHWHILE = 1_000_000  # bytes of a bundle; a smaller one is verified before processes have begun

_DIGEST = sha256().digest_size
_ENTRY = b'{"entry":'
_ABOUT_KEYS = b'{"format":1,"kind":"registry.'
_STATEMENT = b'"statement":"'
_END = b'],"format":'  # of the entries
_NEAR = 20_000  # bytes


class Ahead:
    """Processes that verify the signatures of a file from its beginning, each a share of them.

    They write what they found into memory that this process reads, a digest for each entry. It is
    never waited for: whoever comes from the end of the file meets them.
    """

    def __init__(self, data: bytes, *, processes: int) -> None:
        """Begin, where there are cores for it and a process may be copied.

        Args:
            data: the file.
            processes: how many may work at once, this one included.
        """
        self._begun: list[int] = []
        # A copy shares the file. No copy must be made while another thread holds a lock.
        may_copy = sys.platform == "linux" and threading.active_count() == 1
        if processes < 2 or len(data) < WORTHWHILE or not may_copy:
            return
        self._told = mmap(-1, max(1, data.count(_ENTRY)) * _DIGEST)
        others = processes - 1
        with suppress(OSError):  # too many processes: what nobody does is done here
            for share in range(others):
                self._begun.append(os.fork() or _work_and_end(self._told, data, share, others))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End what is still at work."""
        for process in self._begun:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)

    @property
    def has_begun(self) -> bool:
        """Tell whether other processes are at work."""
        return bool(self._begun)

    def has_vouched(self, place: int, digest: bytes) -> bool:
        """Tell whether one has found by now that the statement at a place is signed.

        Args:
            place: number of its entry in the file, from 0.
            digest: SHA-256 of the statement, as read here.
        """
        return self._told[place * _DIGEST : (place + 1) * _DIGEST] == digest


def _work_and_end(told: mmap, data: bytes, share: int, shares: int) -> NoReturn:
    """Do a share of the work, in a process of its own, which never comes back from here."""
    try:
        work(told, data, share=share, shares=shares)
    finally:
        os._exit(0)  # nothing of what the copied process was about to do is this one's


def work(told: mmap, data: bytes, *, share: int, shares: int) -> None:
    """Do a share of the work; tell each digest at its place, once its signature is verified."""
    for place, digest in digests_signed(data, share=share, shares=shares):
        told[place * _DIGEST : (place + 1) * _DIGEST] = digest


def digests_signed(data: bytes, *, share: int = 0, shares: int = 1) -> Iterator[tuple[int, bytes]]:
    """Yield place and SHA-256 of each JWS in a share of a file that is signed by the key it names.

    Args:
        data: a bundle, or anything else.
        share: which share, from 0; every `shares`-th entry is in it.
        shares: how many there are.
    """
    keys: dict[str, bytes] = {}
    for place, (is_about_keys, raw) in enumerate(_statements(data)):
        with suppress(TraceabilityError):
            if is_about_keys:
                keys.update(_enrolled(raw))
            if place % shares == share:
                kid, signing_input, signature = signature_of(raw, typ=STATEMENT_TYPE)
                if is_signed(keys.get(kid, b""), signing_input, signature):
                    yield place, sha256(raw).digest()


def _statements(data: bytes) -> Iterator[tuple[bool, bytes]]:
    """Yield whatever looks like the statement of an entry, and whether it may be about keys.

    Found by its end, since what a bundle says of an entry ends with its statement.
    """
    begin = data.find(_ENTRY)
    while begin >= 0:
        following = _find_entry(data, begin + len(_ENTRY))
        end = following if following >= 0 else data.rfind(_END)
        end = data.rfind(b'"}', begin, max(begin, end))
        first = data.rfind(b'"', begin, max(begin, end)) + 1
        is_statement = data.endswith(_STATEMENT, begin, first)
        is_about_keys = data.startswith(_ABOUT_KEYS, begin + len(_ENTRY))
        yield is_about_keys, data[first:end] if is_statement else b""
        begin = following


def _find_entry(data: bytes, begin: int) -> int:
    """Return where the next entry begins, or -1. Most are near: found in a tenth of the time."""
    near = data.find(_ENTRY, begin, begin + _NEAR)
    return near if near >= 0 else data.find(_ENTRY, begin)


def _enrolled(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the key that a statement brings, if it does, by its thumbprint."""
    with suppress(orjson.JSONDecodeError, KeyError, TypeError, TraceabilityError):
        jws = parse_jws(raw, typ=STATEMENT_TYPE)
        key = PublicKey.from_jwk(orjson.loads(jws.payload)["body"]["key"]["jwk"])
        yield key.kid, key.raw
