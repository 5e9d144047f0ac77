"""Work done ahead: by other processes, while this one reads on.

Half of the work on a bundle needs nothing but the file: its form and its proofs of inclusion,
and its signatures, since a statement names its key and the file enrols it. On form and proofs
the answer is one for the whole file. On signatures they are facts about bytes: the digest of each
JWS that is strictly signed by the key whose thumbprint it names. Whether that key was good there
is judged where everything is judged, and what nobody vouched for is verified there too.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from typing import Any, Self

import orjson

from traceability.errors import MalformedBundle, TraceabilityError
from traceability.ledger.keys import PublicKey
from traceability.ledger.signing import STATEMENT_TYPE, Jws, is_signed, parse_jws

WORTHWHILE = 1_000_000  # bytes of a bundle; a smaller one is verified before processes have begun

_DIGEST = sha256().digest_size
_ENTRY = b'{"entry":'
_ABOUT_KEYS = b'{"format":1,"kind":"registry.'
_STATEMENT = b'"statement":"'

_HOLDS, _NOTHING = b"\x01", b"\x00"


class Ahead:
    """Processes that work on a file: the first on the check, all others on its signatures."""

    def __init__(self, data: bytes, check: Callable[[], None], *, processes: int) -> None:
        """Begin, where there are cores for it and a process may be copied.

        Args:
            data: the file.
            check: returns, or raises an error of ours.
            processes: how many may work at once, this one included.
        """
        self._begun: list[tuple[Any, Any]] = []  # processes, and the pipes they answer by
        # A copy shares the file. No copy must be made while another thread holds a lock.
        may_copy = sys.platform == "linux" and threading.active_count() == 1
        if processes < 2 or len(data) < WORTHWHILE or not may_copy:
            return
        from multiprocessing import get_context  # takes as long as to verify a small bundle

        context = get_context("fork")
        for job in _jobs(check, processes - 1):
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(theirs, data, *job), daemon=True)
            process.start()
            theirs.close()
            self._begun.append((process, ours))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End what is still at work."""
        for process, pipe in self._begun:
            process.kill()
            process.join()
            pipe.close()

    @property
    def has_begun(self) -> bool:
        """Tell whether other processes are at work."""
        return bool(self._begun)

    def vouched(self) -> frozenset[bytes]:
        """Wait, and return the digests of the statements that are signed.

        Raises:
            MalformedBundle: the check failed, or a process was ended before it told.
        """
        told = [_received(pipe) for _, pipe in self._begun]
        if told[0][:1] != _HOLDS or b"" in told:
            raise MalformedBundle("Its form and its proofs are not vouched for.")
        return frozenset(
            answer[at : at + _DIGEST] for answer in told for at in range(1, len(answer), _DIGEST)
        )


def _received(pipe: Any) -> bytes:
    try:
        return bytes(pipe.recv_bytes())
    except EOFError:
        return b""


_Job = tuple[Callable[[], None] | None, int, int]


def _jobs(check: Callable[[], None], processes: int) -> list[_Job]:
    """Part the work: the check for one process, the signatures for the others, if there are."""
    if processes == 1:
        return [(check, 0, 1)]
    others = processes - 1
    return [(check, 0, 0), *((None, share, others) for share in range(others))]


def _work(
    pipe: Any, data: bytes, check: Callable[[], None] | None, share: int, shares: int
) -> None:
    """Do a job, in a process of its own, and tell the outcome in one message."""
    told = _NOTHING
    if check is not None:
        try:
            check()
        except TraceabilityError:  # all is verified again, to say where
            pipe.send_bytes(told)
            return
        told = _HOLDS
    pipe.send_bytes(told + b"".join(digests_signed(data, share=share, shares=shares)))


def digests_signed(data: bytes, *, share: int = 0, shares: int = 1) -> Iterator[bytes]:
    """Yield the SHA-256 of each JWS in a share of a file that is signed by the key it names.

    Args:
        data: a bundle, or anything else.
        share: which share, from 0; every `shares`-th statement is in it.
        shares: how many there are; of none, nothing is looked at.
    """
    keys: dict[str, bytes] = {}
    for place, (is_about_keys, raw) in enumerate(_statements(data) if shares else ()):
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
    """Yield whatever looks like a statement, and whether it may be about keys."""
    begin = data.find(_ENTRY)
    while begin >= 0:
        end = data.find(_ENTRY, begin + 1)
        item = data[begin + len(_ENTRY) : end if end >= 0 else len(data)]
        _, _, text = item.rpartition(_STATEMENT)
        yield item.startswith(_ABOUT_KEYS), text.partition(b'"')[0]
        begin = end


def _enrolled(jws: Jws) -> Iterator[tuple[str, bytes]]:
    """Yield the key that a statement brings, if it does, by its thumbprint."""
    with suppress(orjson.JSONDecodeError, KeyError, TypeError, TraceabilityError):
        key = PublicKey.from_jwk(orjson.loads(jws.payload)["body"]["key"]["jwk"])
        yield key.kid, key.raw
