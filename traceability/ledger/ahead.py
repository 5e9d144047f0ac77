"""Signatures and proofs verified ahead: by other processes, while this one reads on.

Half of the work on a bundle needs nothing but the file: a statement names its key and the file
enrols it. What other processes tell are facts about bytes: the digest of each JWS that is strictly
signed by the key whose thumbprint it names, at the place of its entry; then, once this process has
told them the tree of the verified checkpoint, each leaf that stands in it, with its index. Whether
a key was good there is judged where everything is judged, and what nobody vouched for is verified
there too.
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
from traceability.ledger.merkle import HASH_SIZE, Inclusions, leaf_hash
from traceability.ledger.signing import STATEMENT_TYPE, is_signed, parse_jws, signature_of

WORTHWHILE = 1_000_000  # bytes of a bundle; a smaller one is verified before processes have begun

_DIGEST = sha256().digest_size
_NUMBER = 8  # bytes of a size or an index
_TREE = _NUMBER + HASH_SIZE  # its size and root, which come first in what is told
_LEAF = HASH_SIZE + _NUMBER  # a leaf and its index, which come after all digests
_ENTRY = b'{"entry":'
_INDEX = b',"index":'
_PROOF = b',"proof":'
_ABOUT_KEYS = b'{"format":1,"kind":"registry.'
_STATEMENT = b'"statement":"'
_END = b'],"format":'  # of the entries
_NEAR = 20_000  # bytes


class Ahead:
    """Processes that verify the signatures of a file from its beginning, each a share of them.

    One of them goes on to its proofs. They write what they found into memory that this process
    reads: a digest, a leaf and an index for each entry. They are never waited for: whoever comes
    from the end of the file meets them.
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
        self._count = data.count(_ENTRY)
        self._told = mmap(-1, _TREE + self._count * (_DIGEST + _LEAF))
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
        begin = _TREE + place * _DIGEST
        return place < self._count and self._told[begin : begin + _DIGEST] == digest

    def tell_tree(self, *, size: int, root: bytes) -> None:
        """Tell the others by which tree to prove that entries are included.

        Args:
            size: of a checkpoint that was verified here.
            root: root hash, from the same checkpoint.
        """
        if self.has_begun:
            self._told[:_TREE] = size.to_bytes(_NUMBER) + root

    def has_proven(self, place: int, leaf: bytes, index: int) -> bool:
        """Tell whether one has found by now that a leaf stands in the tree, at this index.

        Args:
            place: number of its entry in the file, from 0.
            leaf: the leaf hash, as computed here.
            index: its place in the tree, as read here.
        """
        begin = _TREE + self._count * _DIGEST + place * _LEAF
        return self._told[begin : begin + _LEAF] == leaf + index.to_bytes(_NUMBER)


def _work_and_end(told: mmap, data: bytes, share: int, shares: int) -> NoReturn:
    """Do a share of the work, in a process of its own, which never comes back from here."""
    try:
        work(told, data, share=share, shares=shares)
    finally:
        os._exit(0)  # nothing of what the copied process was about to do is this one's


def work(told: mmap, data: bytes, *, share: int, shares: int) -> None:
    """Do a share of the work; tell each fact at its place, once it is verified."""
    for place, digest in digests_signed(data, share=share, shares=shares):
        begin = _TREE + place * _DIGEST
        told[begin : begin + _DIGEST] = digest
    size = int.from_bytes(told[:_NUMBER])
    if share or not size:  # nobody has said yet in which tree; this process proves it all
        return
    leaves = _TREE + data.count(_ENTRY) * _DIGEST
    for place, leaf, index in leaves_proven(data, size=size, root=told[_NUMBER:_TREE]):
        begin = leaves + place * _LEAF
        told[begin : begin + _LEAF] = leaf + index.to_bytes(_NUMBER)


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


def leaves_proven(data: bytes, *, size: int, root: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Yield place, leaf and index of each entry of a file that is proven to stand in a tree.

    Args:
        data: a bundle, or anything else.
        size: of the tree, from a checkpoint that was verified.
        root: its root hash, from the same checkpoint.
    """
    together = Inclusions(size=size, root=root)
    for place, (begin, end) in enumerate(_entries(data)):
        at_index = data.find(_INDEX, begin, end)
        at_proof = data.find(_PROOF, at_index, end)
        end_of_proof = data.find(b"]", at_proof, end) + 1
        written = data[at_index + len(_INDEX) : at_proof]
        if min(at_index, at_proof, end_of_proof - 1) < 0 or not written.isdigit():
            continue
        leaf = leaf_hash(data[begin + len(_ENTRY) : at_index])
        with suppress(TraceabilityError, ValueError):  # too many digits are no number either
            index = int(written)
            together.verify(leaf, index=index, proof=data[at_proof + len(_PROOF) : end_of_proof])
            yield place, leaf, index


def _statements(data: bytes) -> Iterator[tuple[bool, bytes]]:
    """Yield whatever looks like the statement of an entry, and whether it may be about keys.

    Found by its end, since what a bundle says of an entry ends with its statement.
    """
    for begin, end in _entries(data):
        last = data.rfind(b'"}', begin, end)
        first = data.rfind(b'"', begin, max(begin, last)) + 1
        is_statement = data.endswith(_STATEMENT, begin, first)
        is_about_keys = data.startswith(_ABOUT_KEYS, begin + len(_ENTRY))
        yield is_about_keys, data[first:last] if is_statement else b""


def _entries(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield where whatever looks like an entry begins, and where it has ended."""
    begin = data.find(_ENTRY)
    while begin >= 0:
        following = _find_entry(data, begin + len(_ENTRY))
        yield begin, max(begin, following if following >= 0 else data.rfind(_END))
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
