"""C2SP tlog-tiles: a log's tree and entries as static files (c2sp.org/tlog-tiles).

A tile at level L holds up to 256 hashes, each the root of 256**L consecutive leaves. Full tiles
never change; the partial tiles at the right edge of the tree are kept as its *edge*: the bytes of
the partial tile of each level, from the leaves upward, `b""` where a level ends in a full tile.

Roots and proofs read O(log size) tiles through a function `read(level, index, width)`, which
returns at least the first `width` hashes of that tile.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from traceability.errors import InvalidEntryBundle, InvalidTile, InvalidTilePath, OutsideTheTree
from traceability.ledger.merkle import (
    HASH_SIZE,
    Frontier,
    consistency_ranges,
    inclusion_ranges,
    is_size,
    node_hash,
    require_hash,
    tree_root,
)

TILE_WIDTH: Final = 256
TILE_HEIGHT: Final = 8  # tree levels in a tile: 2**8 hashes
MAX_LEVEL: Final = 63
MAX_ENTRY_BYTES: Final = 65_535  # the length prefix has two bytes

ReadTile = Callable[[int, int, int], bytes]

_TILE_PATH: Final = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A tile of hashes: level 0 is leaf hashes; `width` below 256 makes it a partial tile."""

    level: int
    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        """Refuse a tile that no tree can have."""
        if not (is_size(self.level) and self.level <= MAX_LEVEL):
            raise InvalidTilePath(f"There is no tile level {self.level}.")
        _require_place(self.index, self.width)

    @property
    def path(self) -> str:
        """The path of the tile below the log's URL prefix."""
        return f"tile/{self.level}/{_place_path(self.index, self.width)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryTile:
    """An entry bundle: the bytes of up to 256 entries, those of the level 0 tile of its index."""

    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        """Refuse a bundle that no log can have."""
        _require_place(self.index, self.width)

    @property
    def path(self) -> str:
        """The path of the bundle below the log's URL prefix."""
        return f"tile/entries/{_place_path(self.index, self.width)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TileGrowth:
    """What new leaves change: tiles that became full, in order, and the edge afterwards."""

    full_tiles: tuple[tuple[Tile, bytes], ...]
    edge: tuple[bytes, ...]


def parse_tile_path(path: str) -> Tile | EntryTile:
    """Read the path of a tile or an entry bundle.

    Raises:
        InvalidTilePath: anything but the path that `Tile.path` or `EntryTile.path` would write.
    """
    matched = _TILE_PATH.fullmatch(path)
    if matched is None:
        raise InvalidTilePath("The path does not name a tile.", path=path)

    index = int(matched[2].replace("x", "").replace("/", ""))
    width = int(matched[3]) if matched[3] else TILE_WIDTH
    tile: Tile | EntryTile
    if matched[1] == "entries":
        tile = EntryTile(index=index, width=width)
    else:
        tile = Tile(level=int(matched[1]), index=index, width=width)

    # One tile, one path: no x000 in front, no partial tile that is 256 wide.
    if tile.path != path:
        raise InvalidTilePath("The path does not name a tile in the one right way.", path=path)
    return tile


def tiles_of_size(size: int) -> Iterator[Tile]:
    """Yield every tile of a tree of this size, level by level, partial ones last in each."""
    for level, hashes in enumerate(_hashes_per_level(size)):
        for index, width in _places(hashes):
            yield Tile(level=level, index=index, width=width)


def entry_tiles_of_size(size: int) -> Iterator[EntryTile]:
    """Yield every entry bundle of a log of this size, in order."""
    for index, width in _places(size):
        yield EntryTile(index=index, width=width)


def extend_tiles(old_size: int, edge: Sequence[bytes], leaves: Iterable[bytes]) -> TileGrowth:
    """Append leaf hashes to a tree kept as tiles.

    Args:
        old_size: leaves before.
        edge: partial tile of each level at `old_size`; `()` for the empty tree.
        leaves: new leaf hashes, in order.

    Raises:
        InvalidTile: `edge` is not the edge of a tree of `old_size`.
        NotAHash: a leaf is not 32 bytes.
    """
    _require_edge(old_size, edge)
    full_tiles: list[tuple[Tile, bytes]] = []
    new_edge: list[bytes] = []

    level, arriving = 0, list(leaves)
    for leaf in arriving:
        require_hash(leaf)
    while arriving or level < len(edge):
        hashes = (_split_hashes(edge[level]) if level < len(edge) else []) + arriving
        first = old_size >> TILE_HEIGHT * (level + 1)
        full = len(hashes) // TILE_WIDTH
        arriving = []
        for number in range(full):
            content = hashes[number * TILE_WIDTH : (number + 1) * TILE_WIDTH]
            full_tiles.append((Tile(level=level, index=first + number), b"".join(content)))
            arriving.append(tree_root(content))
        new_edge.append(b"".join(hashes[full * TILE_WIDTH :]))
        level += 1
    return TileGrowth(full_tiles=tuple(full_tiles), edge=tuple(new_edge))


def frontier_from_edge(size: int, edge: Sequence[bytes]) -> Frontier:
    """Return the frontier, and with it the root, of a tree whose edge is known.

    Raises:
        InvalidTile: `edge` is not the edge of a tree of `size`.
    """
    _require_edge(size, edge)
    hashes: list[bytes] = []
    for partial_tile in reversed(edge):
        level = Frontier()
        level.extend(_split_hashes(partial_tile))
        hashes.extend(level.hashes)
    return Frontier(size, hashes)


def root_from_tiles(size: int, read: ReadTile) -> bytes:
    """Return the root hash of the tree of the first `size` leaves.

    Raises:
        OutsideTheTree: `size` is no tree size.
        InvalidTile: a tile that was read is too short.
    """
    if not is_size(size):
        raise OutsideTheTree(f"{size} is not a tree size.", size=size)
    return _TileTree(size, read).range_root(0, size)


def inclusion_proof_from_tiles(index: int, size: int, read: ReadTile) -> list[bytes]:
    """Return the inclusion proof of entry `index` in the tree of the first `size` leaves.

    Raises:
        OutsideTheTree: there is no such entry.
        InvalidTile: a tile that was read is too short.
    """
    return inclusion_proofs_from_tiles([index], size, read)[0]


def inclusion_proofs_from_tiles(
    indices: Iterable[int], size: int, read: ReadTile
) -> list[list[bytes]]:
    """Return the inclusion proofs of many entries in one tree; every tile is read once.

    Raises:
        OutsideTheTree: one of the entries does not exist.
        InvalidTile: a tile that was read is too short.
    """
    tree = _TileTree(size, read)
    return [
        [tree.range_root(begin, end) for begin, end in inclusion_ranges(index, size)]
        for index in indices
    ]


def consistency_proof_from_tiles(old_size: int, new_size: int, read: ReadTile) -> list[bytes]:
    """Return the proof that the first `new_size` leaves extend the first `old_size`.

    Raises:
        OutsideTheTree: the sizes are not in this order.
        InvalidTile: a tile that was read is too short.
    """
    ranges = consistency_ranges(old_size, new_size)
    tree = _TileTree(new_size, read)
    return [tree.range_root(begin, end) for begin, end in ranges]


def format_entry_bundle(entries: Sequence[bytes]) -> bytes:
    """Return entries as one bundle, each behind its length in two bytes, big-endian.

    Raises:
        InvalidEntryBundle: there are none, more than 256, or one is over 65,535 bytes.
    """
    if not 1 <= len(entries) <= TILE_WIDTH:
        raise InvalidEntryBundle(f"A bundle cannot hold {len(entries)} entries.")
    if any(len(entry) > MAX_ENTRY_BYTES for entry in entries):
        raise InvalidEntryBundle(f"An entry is larger than {MAX_ENTRY_BYTES} bytes.")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def parse_entry_bundle(bundle: bytes) -> list[bytes]:
    """Return the entries of a bundle.

    Raises:
        InvalidEntryBundle: its lengths do not add up to its bytes, or it holds none or over 256.
    """
    entries = []
    offset = 0
    while offset < len(bundle):
        begin = offset + 2
        offset = begin + int.from_bytes(bundle[offset:begin], "big")
        entries.append(bundle[begin:offset])
    if offset != len(bundle):
        raise InvalidEntryBundle("The last entry of the bundle is cut off.")
    if not 1 <= len(entries) <= TILE_WIDTH:
        raise InvalidEntryBundle(f"A bundle cannot hold {len(entries)} entries.")
    return entries


class _TileTree:
    """One tree seen through its tiles; remembers every tile read and every node computed."""

    def __init__(self, size: int, read: ReadTile) -> None:
        self._size = size
        self._read = read
        self._tiles: dict[tuple[int, int], bytes] = {}
        self._nodes: dict[tuple[int, int], bytes] = {}

    def range_root(self, begin: int, end: int) -> bytes:
        """Return the root of the leaves [begin, end), where a subtree of the RFC begins."""
        peaks = []
        size = end - begin
        while begin < end:
            height = (end - begin).bit_length() - 1
            peaks.append(self._node(height, begin >> height))
            begin += 1 << height
        return Frontier(size, peaks).root()

    def _node(self, height: int, position: int) -> bytes:
        """Return the root of the perfect subtree of 2**height leaves at this position."""
        if height % TILE_HEIGHT == 0:
            return self._hash_in_tile(height // TILE_HEIGHT, position)

        node = self._nodes.get((height, position))
        if node is None:
            left, right = 2 * position, 2 * position + 1
            node = node_hash(self._node(height - 1, left), self._node(height - 1, right))
            self._nodes[height, position] = node
        return node

    def _hash_in_tile(self, level: int, position: int) -> bytes:
        """Return one hash that stands in a tile."""
        index, place = divmod(position, TILE_WIDTH)
        tile = self._tiles.get((level, index))
        if tile is None:
            width = min(TILE_WIDTH, (self._size >> TILE_HEIGHT * level) - index * TILE_WIDTH)
            tile = self._read(level, index, width)
            if len(tile) < width * HASH_SIZE:
                raise InvalidTile(
                    f"Tile {index} of level {level} has {len(tile)} bytes, not {width} hashes.",
                    level=level,
                    index=index,
                    width=width,
                )
            self._tiles[level, index] = tile
        return tile[place * HASH_SIZE : (place + 1) * HASH_SIZE]


def _hashes_per_level(size: int) -> list[int]:
    """Return how many hashes each tile level of a tree holds, from the leaves upward."""
    if not is_size(size):
        raise OutsideTheTree(f"{size} is not a tree size.", size=size)

    levels = []
    while size > 0:
        levels.append(size)
        size >>= TILE_HEIGHT
    return levels


def _places(hashes: int) -> Iterator[tuple[int, int]]:
    """Yield index and width of the tiles that hold so many hashes."""
    full, partial = divmod(hashes, TILE_WIDTH)
    for index in range(full):
        yield index, TILE_WIDTH
    if partial:
        yield full, partial


def _require_edge(size: int, edge: Sequence[bytes]) -> None:
    """Refuse an edge whose levels or widths are not those of a tree of this size."""
    expected = [hashes % TILE_WIDTH * HASH_SIZE for hashes in _hashes_per_level(size)]
    if [len(partial_tile) for partial_tile in edge] != expected:
        raise InvalidTile(f"These partial tiles are not the edge of a tree of {size}.", size=size)


def _require_place(index: int, width: int) -> None:
    """Refuse an index or a width that no tile has."""
    if not is_size(index):
        raise InvalidTilePath(f"{index} is not the index of a tile.")
    if not (is_size(width) and 1 <= width <= TILE_WIDTH):
        raise InvalidTilePath(f"A tile cannot be {width} wide.")


def _place_path(index: int, width: int) -> str:
    """Return index and width as tlog-tiles writes them: 1234067 is x001/x234/067."""
    index, group = divmod(index, 1000)
    path = f"{group:03d}"
    while index:
        index, group = divmod(index, 1000)
        path = f"x{group:03d}/{path}"
    return path if width == TILE_WIDTH else f"{path}.p/{width}"


def _split_hashes(tile: bytes) -> list[bytes]:
    """Return the hashes that stand one behind the other in a tile."""
    return [tile[begin : begin + HASH_SIZE] for begin in range(0, len(tile), HASH_SIZE)]
