"""Tiles hold the same tree as a list of leaves does, and need few reads to prove it."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceability.errors import (
    InvalidEntryBundle,
    InvalidTile,
    InvalidTilePath,
    NotAHash,
    OutsideTheTree,
)
from traceability.ledger.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from traceability.ledger.tiles import (
    MAX_ENTRY_BYTES,
    TILE_WIDTH,
    EntryTile,
    Tile,
    consistency_proof_from_tiles,
    entry_tiles_of_size,
    extend_tiles,
    format_entry_bundle,
    frontier_from_edge,
    inclusion_proof_from_tiles,
    inclusion_proofs_from_tiles,
    parse_entry_bundle,
    parse_tile_path,
    root_from_tiles,
    tiles_of_size,
)

LEAVES = [sha256(number.to_bytes(4, "big")).digest() for number in range(70_000)]
SMALL_SIZES = range(601)

indices = st.integers(0, 2**63 - 1)
widths = st.integers(1, 256)
tiles = st.builds(Tile, level=st.integers(0, 63), index=indices, width=widths)
entry_tiles = st.builds(EntryTile, index=indices, width=widths)


class Shelf:
    """Full tiles and one edge, as a store keeps them; counts what is read."""

    def __init__(self):
        self.size = 0
        self.full = {}
        self.edge = ()
        self.reads = []

    def extend(self, leaves):
        growth = extend_tiles(self.size, self.edge, leaves)
        for tile, content in growth.full_tiles:
            assert (tile.level, tile.index) not in self.full, "a full tile never changes"
            self.full[tile.level, tile.index] = content
        self.size += len(leaves)
        self.edge = growth.edge

    def read(self, level, index, width):
        self.reads.append((level, index))
        content = self.full.get((level, index), self.edge[level])
        assert 32 * width <= len(content)
        return content


@pytest.fixture(scope="module")
def large_log():
    shelf = Shelf()
    shelf.extend(LEAVES)
    return shelf


# ── properties ────────────────────────────────────────────────────────────────────────────


@given(tile=tiles | entry_tiles)
def test_a_tile_is_found_again_by_its_path(tile):
    assert parse_tile_path(tile.path) == tile


@given(tile=tiles | entry_tiles, data=st.data())
def test_another_path_never_names_the_same_tile(tile, data):
    place = data.draw(st.integers(0, len(tile.path)))
    character = data.draw(st.sampled_from("0159x./p e\n\u0663"))
    removed = data.draw(st.integers(0, 1))
    path = tile.path[:place] + character + tile.path[place + removed :]
    try:
        found = parse_tile_path(path)
    except InvalidTilePath:
        return
    assert found.path == path


@settings(deadline=None)
@given(steps=st.lists(st.integers(0, 400), max_size=6))
def test_tiles_do_not_depend_on_how_leaves_arrived(steps):
    in_steps, at_once = Shelf(), Shelf()
    for step in steps:
        in_steps.extend(LEAVES[in_steps.size : in_steps.size + step])
    at_once.extend(LEAVES[: sum(steps)])
    assert (in_steps.full, in_steps.edge) == (at_once.full, at_once.edge)


@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_proofs_beyond_65536_leaves_verify_against_the_root_of_the_leaves(large_log, data):
    old_size = data.draw(st.integers(1, len(LEAVES)))
    size = data.draw(st.integers(max(old_size, 65_530), len(LEAVES)))
    index = data.draw(st.integers(0, size - 1))
    root, read = tree_root(LEAVES[:size]), large_log.read

    assert root_from_tiles(size, read) == root
    verify_inclusion(
        LEAVES[index],
        index=index,
        size=size,
        proof=inclusion_proof_from_tiles(index, size, read),
        root=root,
    )
    verify_consistency(
        old_size=old_size,
        new_size=size,
        old_root=tree_root(LEAVES[:old_size]),
        new_root=root,
        proof=consistency_proof_from_tiles(old_size, size, read),
    )


@settings(deadline=None, max_examples=10)
@given(data=st.data())
def test_proofs_beyond_65536_leaves_equal_those_made_from_the_leaves(large_log, data):
    size = data.draw(st.integers(65_537, len(LEAVES)))
    index = data.draw(st.integers(0, size - 1))
    leaves, read = LEAVES[:size], large_log.read
    assert inclusion_proof_from_tiles(index, size, read) == inclusion_proof(leaves, index)
    assert consistency_proof_from_tiles(index, size, read) == consistency_proof(leaves, index)


@given(entries=st.lists(st.binary(max_size=40), min_size=1, max_size=256))
def test_a_bundle_gives_back_its_entries(entries):
    assert parse_entry_bundle(format_entry_bundle(entries)) == entries


@given(bundle=st.binary(max_size=60))
def test_a_bundle_is_read_in_one_way_or_not_at_all(bundle):
    try:
        entries = parse_entry_bundle(bundle)
    except InvalidEntryBundle:
        return
    assert format_entry_bundle(entries) == bundle


# ── every small size ──────────────────────────────────────────────────────────────────────


def test_at_every_small_size_the_tiles_are_those_the_tree_has():
    shelf = Shelf()
    for size in SMALL_SIZES:
        kept = {(level, index, TILE_WIDTH) for level, index in shelf.full}
        for level, partial in enumerate(shelf.edge):
            if partial:
                kept.add((level, (size >> 8 * level) // TILE_WIDTH, len(partial) // 32))
        assert kept == {(tile.level, tile.index, tile.width) for tile in tiles_of_size(size)}
        shelf.extend(LEAVES[size : size + 1])


def test_at_every_small_size_root_and_proofs_equal_those_made_from_the_leaves():
    shelf, frontier = Shelf(), Frontier()
    for size in SMALL_SIZES:
        assert frontier_from_edge(size, shelf.edge).hashes == frontier.hashes
        assert root_from_tiles(size, shelf.read) == frontier.root()
        for index in {0, size // 3, size - 2, size - 1} & set(range(size)):
            leaves = LEAVES[:size]
            assert inclusion_proof_from_tiles(index, size, shelf.read) == inclusion_proof(
                leaves, index
            )
            assert consistency_proof_from_tiles(index, size, shelf.read) == consistency_proof(
                leaves, index
            )
        shelf.extend(LEAVES[size : size + 1])
        frontier.append(LEAVES[size])


def test_tiles_of_a_larger_log_still_prove_every_smaller_one():
    shelf = Shelf()
    shelf.extend(LEAVES[:600])
    for size in range(1, 600, 7):
        assert root_from_tiles(size, shelf.read) == tree_root(LEAVES[:size])


# ── few reads ─────────────────────────────────────────────────────────────────────────────


def test_a_proof_reads_each_tile_once_and_few_of_them(large_log):
    for prove in (
        lambda: inclusion_proof_from_tiles(12_345, len(LEAVES), large_log.read),
        lambda: consistency_proof_from_tiles(12_345, len(LEAVES), large_log.read),
        lambda: root_from_tiles(len(LEAVES), large_log.read),
    ):
        large_log.reads.clear()
        prove()
        assert len(large_log.reads) == len(set(large_log.reads)) <= 6


def test_many_proofs_share_their_reads(large_log):
    wanted = [7, 8, 300, 301, 69_999]
    large_log.reads.clear()
    proofs = inclusion_proofs_from_tiles(wanted, len(LEAVES), large_log.read)
    assert len(large_log.reads) == len(set(large_log.reads)) <= 7
    assert proofs == [
        inclusion_proof_from_tiles(index, len(LEAVES), large_log.read) for index in wanted
    ]


# ── published vectors and examples ────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("index", "path"),
    [(0, "000"), (999, "999"), (1000, "x001/000"), (1_234_067, "x001/x234/067")],
)
def test_tile_indices_are_written_as_in_tlog_tiles(index, path):
    assert Tile(level=0, index=index).path == f"tile/0/{path}"
    assert Tile(level=2, index=index, width=7).path == f"tile/2/{path}.p/7"
    assert EntryTile(index=index).path == f"tile/entries/{path}"


@pytest.mark.parametrize(
    "path",
    [
        "tile/3/5/123/456/078",
        "tile/0/x001/067x",
        "tile/0/1",
        "tile/00/000",
        "tile/64/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/257",
        "tile/0/000.p/01",
        "tile/0/x000/001",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "/tile/0/000",
        "tile/0/000\n",
        "tile/0/\u0660\u0660\u0660",
        "tile/entries/000.p/",
        "",
    ],
)
def test_other_paths_are_refused(path):
    with pytest.raises(InvalidTilePath):
        parse_tile_path(path)


def test_a_tree_of_70000_has_the_tiles_that_tlog_tiles_counts():
    shapes = [(tile.level, tile.width) for tile in tiles_of_size(70_000)]
    assert shapes.count((0, 256)) == 273
    assert shapes.count((1, 256)) == 1
    assert sorted(set(shapes)) == [(0, 112), (0, 256), (1, 17), (1, 256), (2, 1)]


def test_a_tree_of_256_has_one_full_tile_and_one_hash_above_it():
    assert [tile.path for tile in tiles_of_size(256)] == ["tile/0/000", "tile/1/000.p/1"]
    assert [tile.path for tile in entry_tiles_of_size(300)] == [
        "tile/entries/000",
        "tile/entries/001.p/44",
    ]


def test_the_empty_log_has_no_tiles():
    assert list(tiles_of_size(0)) == list(entry_tiles_of_size(0)) == []
    assert root_from_tiles(0, Shelf().read) == EMPTY_ROOT
    assert extend_tiles(0, (), []).edge == ()


@pytest.mark.parametrize("size", [-1, True, 2**63])
def test_what_is_no_size_is_refused(size):
    with pytest.raises(OutsideTheTree):
        list(tiles_of_size(size))
    with pytest.raises(OutsideTheTree):
        root_from_tiles(size, Shelf().read)


def test_an_entry_beyond_the_log_has_no_proof(large_log):
    with pytest.raises(OutsideTheTree):
        inclusion_proofs_from_tiles([0, 5], 5, large_log.read)
    with pytest.raises(OutsideTheTree):
        consistency_proof_from_tiles(6, 5, large_log.read)


@pytest.mark.parametrize("edge", [(), (b"",), (LEAVES[0], b""), (LEAVES[0] + LEAVES[1],)])
def test_an_edge_that_does_not_fit_the_size_is_refused(edge):
    with pytest.raises(InvalidTile):
        extend_tiles(1, edge, LEAVES[:1])
    with pytest.raises(InvalidTile):
        frontier_from_edge(1, edge)


def test_a_tile_that_is_cut_is_noticed():
    with pytest.raises(InvalidTile) as refused:
        root_from_tiles(3, lambda level, index, width: b"".join(LEAVES[:2]))
    assert refused.value.facts == {"level": 0, "index": 0, "width": 3}


def test_a_leaf_that_is_no_hash_is_refused():
    with pytest.raises(NotAHash):
        extend_tiles(0, (), [LEAVES[0], b"short"])


@pytest.mark.parametrize(
    ("level", "index", "width"), [(64, 0, 1), (-1, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)]
)
def test_a_tile_that_no_tree_has_cannot_be_named(level, index, width):
    with pytest.raises(InvalidTilePath):
        Tile(level=level, index=index, width=width)


def test_a_bundle_holds_up_to_256_entries_of_up_to_65535_bytes():
    largest = bytes(MAX_ENTRY_BYTES)
    assert parse_entry_bundle(format_entry_bundle([largest] * 2)) == [largest] * 2
    for entries in ([], [b""] * 257, [largest + b"\0"]):
        with pytest.raises(InvalidEntryBundle):
            format_entry_bundle(entries)


@pytest.mark.parametrize("bundle", [b"", b"\0", b"\0\x02a", b"\0\x01ab", b"\0\0" * 257])
def test_a_bundle_whose_lengths_do_not_add_up_is_refused(bundle):
    with pytest.raises(InvalidEntryBundle):
        parse_entry_bundle(bundle)
