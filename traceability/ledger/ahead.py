"""Signatures verified ahead: by other processes, while this one still reads the bundle.

Nearly half of the work on a bundle is its signatures, and nothing is needed for them but the
file: a statement names its key, and the file enrols it. What comes back are facts about bytes:
the digest of every JWS that is strictly signed by the key whose thumbprint it names. Whether that
key was good there is judged where everything is judged, and what no process vouched for,
whatever the reason, is verified there too.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from typing import Any

import orjson

from traceability.errors import TraceabilityError
from traceability.ledger.keys import PublicKey
from traceability.ledger.signing import STATEMENT_TYPE, Jws, is_signed, parse_jws

_WORTHWHILE = 1_000_000  # bytes of a bundle; less is read faster than a process begins

_ENTRY = b'{"entry":'
_ABOUT_KEYS = b'{"format":1,"kind":"registry.'
_STATEMENT = b'"statement":"'


class Ahead:
    """What other processes find out about the signatures in a file."""

    def __init__(self, data: bytes, *, processes: int | None = None) -> None:
        """Begin, where there are cores for it and a process may be copied."""
        self._pipes: list[Any] = []
        helpers = (processes or os.cpu_count() or 1) - 1
        # A copied process shares the file. It must not be copied while a thread holds a lock.
        is_safe = sys.platform == "linux" and threading.active_count() == 1
        if helpers < 1 or len(data) < _WORTHWHILE or not is_safe:
            return
        from multiprocessing import get_context

        context = get_context("fork")
        for share in range(helpers):
            ours, theirs = context.Pipe(duplex=False)
            context.Process(target=_tell, args=(theirs, data, share, helpers), daemon=True).start()
            theirs.close()
            self._pipes.append(ours)

    def signed(self) -> frozenset[bytes]:
        """Wait, and return the SHA-256 of each JWS that is signed by the key it names."""
        found: set[bytes] = set()
        for pipe in self._pipes:
            with suppress(EOFError):  # it was ended: its share is verified here
                told = pipe.recv_bytes()
                found.update(told[at : at + 32] for at in range(0, len(told), 32))
        self._pipes.clear()
        return frozenset(found)


def digests_signed(data: bytes, *, share: int = 0, shares: int = 1) -> Iterator[bytes]:
    """Yield the SHA-256 of each JWS in a share of a file that is signed by the key it names.

    Args:
        data: a bundle, or anything else.
        share: which share, from 0; every `shares`-th statement is in it.
        shares: how many there are.
    """
    keys: dict[str, bytes] = {}
    for place, (is_about_keys, raw) in enumerate(_statements(data)):
        is_mine = place % shares == share
        if not (is_about_keys or is_mine):
            continue
        try:
            jws = parse_jws(raw, typ=STATEMENT_TYPE)
        except TraceabilityError:
            continue
        if is_about_keys:
            keys.update(_enrolled(jws))
        public = keys.get(jws.kid)
        if is_mine and public and is_signed(public, jws.signing_input, jws.signature):
            yield sha256(raw).digest()


def _statements(data: bytes) -> Iterator[tuple[bool, bytes]]:
    """Yield what looks like a statement, and whether it may be about keys."""
    begin = data.find(_ENTRY)
    while begin >= 0:
        end = data.find(_ENTRY, begin + 1)
        item = data[begin + len(_ENTRY) : end if end >= 0 else len(data)]
        _, _, text = item.rpartition(_STATEMENT)
        yield item.startswith(_ABOUT_KEYS), text.partition(b'"')[0]
        begin = end


def _enrolled(jws: Jws) -> Iterator[tuple[str, bytes]]:
    """Yield the key that a statement brings, if there is one, by its thumbprint."""
    with suppress(orjson.JSONDecodeError, KeyError, TypeError, TraceabilityError):
        key = PublicKey.from_jwk(orjson.loads(jws.payload)["body"]["key"]["jwk"])
        yield key.kid, key.raw


def _tell(pipe: Any, data: bytes, share: int, shares: int) -> None:
    """Run in a process of its own."""
    pipe.send_bytes(b"".join(digests_signed(data, share=share, shares=shares)))
