"""RFC 6962 and RFC 9162 Merkle trees over SHA-256: roots, proofs and their verification.

    leaf_hash(d) = SHA-256(0x00 || d)         node_hash(l, r) = SHA-256(0x01 || l || r)

Leaves are given as their 32-byte leaf hashes, in log order. Indices count from 0. Size and root
to verify against come from a checkpoint whose signature was verified, never from whoever brings
the proof. Functions that read tiles instead of a list of leaves are in `tiles`.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

from traceability.errors import (
    BrokenFrontier,
    ConsistencyNotProven,
    InclusionNotProven,
    NotAHash,
    OutsideTheTree,
)

HASH_SIZE: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
_WRITTEN: Final = 2 + 2 * HASH_SIZE + 1  # characters of a hash in JSON, with what parts it
SIZE_LIMIT: Final = 2**63  # indices and sizes stay below, so that every implementation holds them


def leaf_hash(data: bytes) -> bytes:
    """Return the RFC 6962 leaf hash of an entry's exact bytes."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the RFC 6962 hash of an inner node over its two children."""
    return sha256(b"\x01" + left + right).digest()


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """Return the root hash of the tree over these leaf hashes (RFC 6962 §2.1).

    Raises:
        NotAHash: a leaf is not 32 bytes.
    """
    level = list(leaves)
    for leaf in level:
        require_hash(leaf)
    if not level:
        return EMPTY_ROOT

    # A lone last node moves up unchanged: that is the RFC's recursion, read from below.
    while len(level) > 1:
        lone = level[-1:] if len(level) & 1 else []
        level = [node_hash(*pair) for pair in zip(level[::2], level[1::2], strict=False)] + lone
    return level[0]


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the hashes that lead from the leaf at `index` to the root, leaf side first.

    Raises:
        OutsideTheTree: there is no leaf at `index`.
    """
    return [tree_root(leaves[begin:end]) for begin, end in inclusion_ranges(index, len(leaves))]


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """Return the proof that the tree of these leaves extends its first `old_size` leaves.

    The proof from the empty tree, and from the tree to itself, is empty (RFC 6962 §2.1.2).

    Raises:
        OutsideTheTree: the tree has fewer than `old_size` leaves.
    """
    ranges = consistency_ranges(old_size, len(leaves))
    return [tree_root(leaves[begin:end]) for begin, end in ranges]


def inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """Return the leaf ranges [begin, end) whose roots make up an inclusion proof, in its order."""
    if not (is_size(size) and is_size(index) and index < size):
        message = f"There is no entry {index} in a tree of {size}."
        raise OutsideTheTree(message, index=index, size=size)

    ranges = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _left_size(end - begin)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    return ranges[::-1]


def consistency_ranges(old_size: int, new_size: int) -> list[tuple[int, int]]:
    """Return the leaf ranges [begin, end) whose roots make up a consistency proof, in its order.

    This is SUBPROOF of RFC 6962 §2.1.2; its flag `b` is true exactly while `begin` is 0.
    """
    if not (is_size(new_size) and is_size(old_size) and old_size <= new_size):
        message = f"A tree of {new_size} does not extend a tree of {old_size}."
        raise OutsideTheTree(message, old_size=old_size, new_size=new_size)
    if old_size == 0:
        return []

    ranges = []
    begin, end = 0, new_size
    while end != old_size:
        middle = begin + _left_size(end - begin)
        if old_size <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    if begin > 0:
        ranges.append((begin, end))
    return ranges[::-1]


def verify_inclusion(
    leaf: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Verify that `leaf` is entry `index` of the tree with this size and root (RFC 9162 §2.1.3.2).

    Args:
        leaf: the leaf hash, 32 bytes.
        index: its position, from 0.
        size: leaves of the tree, from a verified checkpoint.
        proof: hashes from the leaf to the root.
        root: root hash, from the same checkpoint.

    Raises:
        InclusionNotProven: the proof shows anything else.
    """
    if not (is_size(size) and is_size(index) and index < size):
        message = f"There is no entry {index} in a tree of {size}."
        raise InclusionNotProven(message, index=index, size=size)
    if not _are_hashes([leaf, root, *proof]):
        message = "A hash of the inclusion proof is not 32 bytes."
        raise InclusionNotProven(message, index=index, size=size)

    node, last, computed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            message = "The inclusion proof is longer than its tree is high."
            raise InclusionNotProven(message, index=index, size=size)
        node, last, computed = _parent(node, last, computed, sibling)

    if last != 0 or computed != root:
        message = f"The proof does not lead from the entry at index {index} to the root hash."
        raise InclusionNotProven(message, index=index, size=size)


class Inclusions:
    """Inclusion of entry after entry in one tree, without hashing twice what two paths share.

    A proof is read as it is written in a bundle: `["<64 hex digits>","..."]`. Kept is the path of
    the entry before: by level, the node it passed with its hash and the text that was still to
    come. A path that arrives at the same node with the same hash, and the same text to come,
    would go on to compute the same: it ends there, and that text is not even read.
    """

    __slots__ = ("_passed", "_root", "_size")

    def __init__(self, *, size: int, root: bytes) -> None:
        """Take size and root from a verified checkpoint."""
        self._size = size
        self._root = root
        self._passed: dict[int, tuple[int, bytes, bytes]] = {}

    def verify(self, leaf: bytes, *, index: int, proof: bytes) -> None:
        """Verify what `verify_inclusion` verifies, and that the proof is written canonically.

        Raises:
            InclusionNotProven: the proof shows anything else, or is written otherwise.
        """
        passed: dict[int, tuple[int, bytes, bytes]] = {}
        if index >= self._size or not self._leads_to_root(leaf, index, proof, passed):
            message = f"The proof does not lead from the entry at index {index} to the root hash."
            raise InclusionNotProven(message, index=index, size=self._size)
        self._passed.update(passed)

    def _leads_to_root(
        self, leaf: bytes, index: int, proof: bytes, passed: dict[int, tuple[int, bytes, bytes]]
    ) -> bool:
        """Climb as far as nobody has before; add to `passed` where it was climbed."""
        node, last, computed = index, self._size - 1, leaf
        begin, rest = b'["', proof if proof != b"[]" else b"]"
        while rest != b"]":
            here = node, computed, rest
            if self._passed.get(last) == here:
                return True
            sibling = _written_hash(rest, begin)
            if last == 0 or sibling is None:
                return False
            passed[last] = here
            node, last, computed = _parent(node, last, computed, sibling)
            begin, rest = b',"', rest[_WRITTEN:]
        return last == 0 and computed == self._root


def verify_consistency(
    *, old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Verify that the new tree begins with the old one (RFC 9162 §2.1.4.2).

    Every tree extends the empty tree, so there is nothing to prove from size 0 and a caller
    who asks has mixed something up: `old_size` 0 is refused.

    Raises:
        ConsistencyNotProven: the proof shows anything else.
    """
    if not (is_size(new_size) and is_size(old_size) and 0 < old_size <= new_size):
        message = f"No proof can lead from a tree of {old_size} to a tree of {new_size}."
        raise ConsistencyNotProven(message, old_size=old_size, new_size=new_size)
    if old_size == new_size:
        if proof or old_root != new_root:
            message = f"Two different trees cannot both be the log at size {old_size}."
            raise ConsistencyNotProven(message, old_size=old_size, new_size=new_size)
        return
    if not _are_hashes([old_root, new_root, *proof]):
        message = "A hash of the consistency proof is not 32 bytes."
        raise ConsistencyNotProven(message, old_size=old_size, new_size=new_size)

    if _roots_of_consistency(old_size, new_size, old_root, proof) != (old_root, new_root):
        message = f"The proof does not show that the tree of {new_size} extends that of {old_size}."
        raise ConsistencyNotProven(message, old_size=old_size, new_size=new_size)


class Frontier:
    """The right edge of a growing tree: all that appending and its root need (compact range).

    `hashes` are the roots of the perfect subtrees that make up the tree, left to right, one per
    bit that is set in `size`: at most 63 hashes, however large the log.
    """

    __slots__ = ("_hashes", "_size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        """Take up a tree where it was left.

        Raises:
            BrokenFrontier: `hashes` is not what a tree of `size` leaves has.
        """
        self._size = size
        self._hashes = list(hashes)
        fits = is_size(size) and len(self._hashes) == size.bit_count()
        if not fits or not _are_hashes(self._hashes):
            message = f"{len(self._hashes)} hashes cannot be the right edge of a tree of {size}."
            raise BrokenFrontier(message, size=size, hashes=len(self._hashes))

    @property
    def size(self) -> int:
        """Number of leaves so far."""
        return self._size

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """Roots of the perfect subtrees, left to right."""
        return tuple(self._hashes)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash at the end of the tree.

        Raises:
            NotAHash: the leaf is not 32 bytes; the tree stays as it was.
        """
        require_hash(leaf)
        node, position, hashes = leaf, self._size, self._hashes
        while position & 1:
            node = node_hash(hashes.pop(), node)
            position >>= 1
        hashes.append(node)
        self._size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add leaf hashes at the end of the tree, in order."""
        for leaf in leaves:
            self.append(leaf)

    def root(self) -> bytes:
        """Return the root hash of the tree as it is now."""
        if not self._hashes:
            return EMPTY_ROOT

        root = self._hashes[-1]
        for subtree in reversed(self._hashes[:-1]):
            root = node_hash(subtree, root)
        return root


def is_size(value: object) -> bool:
    """Tell whether a value may be a tree size or index; `True` and `False` are not."""
    return type(value) is int and 0 <= value < SIZE_LIMIT


def require_hash(leaf: bytes) -> None:
    """Refuse a leaf that is not a hash.

    Raises:
        NotAHash: the leaf is not 32 bytes.
    """
    if len(leaf) != HASH_SIZE:
        raise NotAHash(f"A leaf hash has 32 bytes, this value has {len(leaf)}.", bytes=len(leaf))


def _roots_of_consistency(
    old_size: int, new_size: int, old_root: bytes, proof: Sequence[bytes]
) -> tuple[bytes, bytes] | None:
    """Return both roots that a consistency proof leads to, or None if its length is wrong."""
    # When the old tree is one perfect subtree, its root is the proof's first node, left out.
    path = [old_root, *proof] if old_size.bit_count() == 1 else list(proof)
    if not path:
        return None

    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1

    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return None
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            node, last = _skip_lone_levels(node, last)
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    return (old, new) if last == 0 else None


def _written_hash(text: bytes, begin: bytes) -> bytes | None:
    """Return the hash with which a text begins, after its separator; None where there is none."""
    digits = text[2 : _WRITTEN - 1]
    try:
        value = bytes.fromhex(digits.decode())
    except ValueError:
        return None
    is_written_so = text[:2] == begin and text[_WRITTEN - 1 : _WRITTEN] == b'"'
    is_whole = len(value) == HASH_SIZE and value.hex().encode() == digits
    return value if is_written_so and is_whole else None


def _parent(node: int, last: int, computed: bytes, sibling: bytes) -> tuple[int, int, bytes]:
    """Climb to the parent of a node: its place, that of the last node of its level, its hash."""
    if node & 1 or node == last:
        computed = node_hash(sibling, computed)
        node, last = _skip_lone_levels(node, last)
    else:
        computed = node_hash(computed, sibling)
    return node >> 1, last >> 1, computed


def _left_size(size: int) -> int:
    """Return the largest power of two below `size`: how many leaves go left (RFC 6962 §2.1)."""
    return 1 << (size - 1).bit_length() - 1


def _skip_lone_levels(node: int, last: int) -> tuple[int, int]:
    """Climb past the levels where the node on the right edge has no sibling."""
    while node and not node & 1:
        node, last = node >> 1, last >> 1
    return node, last


def _are_hashes(values: Iterable[bytes]) -> bool:
    return all(isinstance(value, bytes) and len(value) == HASH_SIZE for value in values)
