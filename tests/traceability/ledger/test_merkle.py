"""RFC 6962 trees: everybody in the log can prove it, nobody else can, and nothing is rewritten."""

from hashlib import sha256

import orjson
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from traceability.errors import (
    BrokenFrontier,
    ConsistencyNotProven,
    InclusionNotProven,
    NotAHash,
    OutsideTheTree,
)
from traceability.ledger.merkle import (
    EMPTY_ROOT,
    Frontier,
    Inclusions,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    tree_root,
    verify_consistency,
    verify_inclusion,
)

entries = st.binary(max_size=8).map(leaf_hash)
logs = st.lists(entries, min_size=1, max_size=300)
logs_without_repetition = st.lists(entries, min_size=1, max_size=300, unique=True)
NUMBERED = [leaf_hash(number.to_bytes(8, "big")) for number in range(600)]


# ── the definitions of RFC 6962 §2.1, written down as they stand there ────────────────────


def rfc_root(leaves):
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = rfc_split(len(leaves))
    children = rfc_root(leaves[:split]) + rfc_root(leaves[split:])
    return sha256(b"\x01" + children).digest()


def rfc_path(index, leaves):
    if len(leaves) == 1:
        return []
    split = rfc_split(len(leaves))
    if index < split:
        return [*rfc_path(index, leaves[:split]), rfc_root(leaves[split:])]
    return [*rfc_path(index - split, leaves[split:]), rfc_root(leaves[:split])]


def rfc_subproof(old_size, leaves, *, whole):
    if old_size == len(leaves):
        return [] if whole else [rfc_root(leaves)]
    split = rfc_split(len(leaves))
    if old_size <= split:
        return [*rfc_subproof(old_size, leaves[:split], whole=whole), rfc_root(leaves[split:])]
    return [*rfc_subproof(old_size - split, leaves[split:], whole=False), rfc_root(leaves[:split])]


def rfc_split(size):
    split = 1
    while split * 2 < size:
        split *= 2
    return split


# ── properties ────────────────────────────────────────────────────────────────────────────


@settings(deadline=None)
@given(leaves=logs, data=st.data())
def test_every_entry_of_a_log_can_prove_that_it_is_included(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof = inclusion_proof(leaves, index)
    verify_inclusion(
        leaves[index], index=index, size=len(leaves), proof=proof, root=tree_root(leaves)
    )


@settings(deadline=None)
@given(leaves=logs, data=st.data(), other=st.binary(max_size=8).map(leaf_hash))
def test_no_other_entry_can_borrow_that_proof(leaves, data, other):
    index = data.draw(st.integers(0, len(leaves) - 1))
    assume(other != leaves[index])
    proof, root = inclusion_proof(leaves, index), tree_root(leaves)
    with pytest.raises(InclusionNotProven):
        verify_inclusion(other, index=index, size=len(leaves), proof=proof, root=root)


@settings(deadline=None)
@given(leaves=logs_without_repetition, data=st.data())
def test_an_entry_proves_its_own_index_and_no_other(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    claimed = data.draw(st.integers(0, len(leaves) + 1))
    proof, root = inclusion_proof(leaves, index), tree_root(leaves)
    assume(claimed != index)
    with pytest.raises(InclusionNotProven):
        verify_inclusion(leaves[index], index=claimed, size=len(leaves), proof=proof, root=root)


@settings(deadline=None)
@given(leaves=logs, data=st.data())
def test_an_inclusion_proof_does_not_survive_any_change(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    root = tree_root(leaves)
    changed = data.draw(changes_of(inclusion_proof(leaves, index)))
    with pytest.raises(InclusionNotProven):
        verify_inclusion(leaves[index], index=index, size=len(leaves), proof=changed, root=root)


def verdict(verify, *arguments, **named):
    try:
        verify(*arguments, **named)
    except InclusionNotProven as error:
        return error.message
    return "included"


def written(proof):
    """Return a proof as bundles write it."""
    return orjson.dumps([value.hex() for value in proof])


def holds(function, *args, **named):
    try:
        function(*args, **named)
    except InclusionNotProven:
        return False
    return True


@settings(deadline=None)
@given(leaves=logs, data=st.data())
def test_many_entries_are_judged_as_each_would_be_alone(leaves, data):
    size, root = len(leaves), tree_root(leaves)
    together = Inclusions(size=size, root=root)
    for index in data.draw(st.lists(st.integers(0, size - 1), max_size=12)):
        leaf, proof = leaves[index], inclusion_proof(leaves, index)
        if data.draw(st.booleans()):
            proof = data.draw(changes_of(proof))
            leaf = data.draw(st.sampled_from([leaf, leaves[0], leaves[-1]]))
            index = data.draw(st.integers(0, size))
        alone = holds(verify_inclusion, leaf, index=index, size=size, proof=proof, root=root)
        assert holds(together.verify, leaf, index=index, proof=written(proof)) == alone


@given(
    index=st.integers(0, 8),
    place=st.integers(0, 280),
    new=st.sampled_from([b"", b" ", b"0", b"A", b"a", b'"', b",", b"[", b"]", b"\xff", b"\\"]),
)
def test_a_proof_is_read_in_its_one_canonical_form_only(index, place, new):
    leaves = NUMBERED[:9]
    proof = written(inclusion_proof(leaves, index))
    changed = proof[:place] + new + proof[place + 1 :]
    for before in ([], [index], range(9)):
        together = Inclusions(size=9, root=tree_root(leaves))
        for one in before:
            together.verify(leaves[one], index=one, proof=written(inclusion_proof(leaves, one)))
        is_held = holds(together.verify, leaves[index], index=index, proof=changed)
        assert is_held == (changed == proof)


def test_hashes_of_other_lengths_do_not_pass_for_a_node_that_was_shown():
    """The same bytes, parted otherwise between two children, have the same parent hash."""
    leaves, root = NUMBERED[:4], tree_root(NUMBERED[:4])
    together = Inclusions(size=4, root=root)
    first, upper = inclusion_proof(leaves, 0)
    together.verify(leaves[0], index=0, proof=written((first, upper)))

    shorter, longer = leaves[0][:-1], leaves[0][-1:] + first
    assert node_hash(shorter, longer) == node_hash(leaves[0], first)
    with pytest.raises(InclusionNotProven):
        together.verify(shorter, index=0, proof=written((longer, upper)))
    with pytest.raises(InclusionNotProven):
        together.verify(longer, index=1, proof=written((shorter, upper)))


@settings(deadline=None)
@given(leaves=logs, data=st.data())
def test_every_older_tree_is_proven_to_be_the_beginning_of_the_newer(leaves, data):
    old_size = data.draw(st.integers(1, len(leaves)))
    verify_consistency(
        old_size=old_size,
        new_size=len(leaves),
        old_root=tree_root(leaves[:old_size]),
        new_root=tree_root(leaves),
        proof=consistency_proof(leaves, old_size),
    )


@settings(deadline=None)
@given(leaves=logs, data=st.data())
def test_a_rewritten_entry_breaks_consistency(leaves, data):
    old_size = data.draw(st.integers(1, len(leaves)))
    place = data.draw(st.integers(0, old_size - 1))
    rewritten = [*leaves]
    rewritten[place] = leaf_hash(b"something else entirely")
    with pytest.raises(ConsistencyNotProven):
        verify_consistency(
            old_size=old_size,
            new_size=len(leaves),
            old_root=tree_root(leaves[:old_size]),
            new_root=tree_root(rewritten),
            proof=consistency_proof(rewritten, old_size),
        )


@settings(deadline=None)
@given(leaves=logs, data=st.data())
def test_a_consistency_proof_does_not_survive_any_change(leaves, data):
    old_size = data.draw(st.integers(1, len(leaves)))
    changed = data.draw(changes_of(consistency_proof(leaves, old_size)))
    with pytest.raises(ConsistencyNotProven):
        verify_consistency(
            old_size=old_size,
            new_size=len(leaves),
            old_root=tree_root(leaves[:old_size]),
            new_root=tree_root(leaves),
            proof=changed,
        )


@st.composite
def changes_of(draw, proof):
    """A proof with one bit flipped, one hash cut, dropped or repeated, or one put in."""
    place = draw(st.integers(0, len(proof)))
    stranger = draw(st.binary(min_size=32, max_size=32))
    choices = [[*proof[:place], stranger, *proof[place:]]]
    if proof:
        place = min(place, len(proof) - 1)
        flipped = bytearray(proof[place])
        flipped[draw(st.integers(0, 31))] ^= 1 << draw(st.integers(0, 7))
        choices += [
            [*proof[:place], bytes(flipped), *proof[place + 1 :]],
            [*proof[:place], proof[place][:31], *proof[place + 1 :]],
            [*proof[:place], *proof[place + 1 :]],
            [*proof, proof[place]],
        ]
    return draw(st.sampled_from(choices))


@settings(deadline=None)
@given(first=logs, second=logs)
def test_a_frontier_can_be_put_down_and_taken_up_again(first, second):
    frontier = Frontier()
    frontier.extend(first)
    taken_up = Frontier(frontier.size, frontier.hashes)
    taken_up.extend(second)
    assert taken_up.size == len(first) + len(second)
    assert taken_up.root() == tree_root(first + second)


# ── against the definitions, for every small size ─────────────────────────────────────────


def test_roots_and_frontiers_follow_the_definition_of_the_rfc():
    frontier = Frontier()
    for size in range(131):
        assert tree_root(NUMBERED[:size]) == rfc_root(NUMBERED[:size])
        assert frontier.root() == rfc_root(NUMBERED[:size])
        assert len(frontier.hashes) == bin(size).count("1")
        frontier.append(NUMBERED[size])


def test_inclusion_proofs_follow_the_definition_of_the_rfc():
    for size in range(1, 50):
        for index in range(size):
            leaves = NUMBERED[:size]
            assert inclusion_proof(leaves, index) == rfc_path(index, leaves)


def test_consistency_proofs_follow_the_definition_of_the_rfc():
    for size in range(1, 50):
        for old_size in range(1, size + 1):
            leaves = NUMBERED[:size]
            assert consistency_proof(leaves, old_size) == rfc_subproof(old_size, leaves, whole=True)


# ── published vectors ─────────────────────────────────────────────────────────────────────

# transparency-dev/merkle, testonly/constants.go at 417fb0c (Apache-2.0).
PUBLISHED_ENTRIES = [
    bytes.fromhex(entry)
    for entry in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
PUBLISHED_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_the_published_trees_have_their_published_roots():
    leaves = [leaf_hash(entry) for entry in PUBLISHED_ENTRIES]
    roots = [tree_root(leaves[:size]).hex() for size in range(9)]
    assert roots == PUBLISHED_ROOTS


# ── examples ──────────────────────────────────────────────────────────────────────────────


def test_the_empty_tree_has_the_hash_of_nothing():
    assert Frontier().root() == tree_root([]) == EMPTY_ROOT == sha256(b"").digest()


def test_leaves_and_nodes_are_hashed_in_domains_of_their_own():
    left, right = NUMBERED[:2]
    assert leaf_hash(left + right) != node_hash(left, right)


@pytest.mark.parametrize("index", [-1, 3, True, 2**63])
def test_there_is_no_proof_for_an_entry_outside_the_tree(index):
    with pytest.raises(OutsideTheTree):
        inclusion_proof(NUMBERED[:3], index)
    with pytest.raises(InclusionNotProven):
        verify_inclusion(NUMBERED[0], index=index, size=3, proof=[], root=EMPTY_ROOT)


@pytest.mark.parametrize("old_size", [-1, 4, True])
def test_there_is_no_proof_from_a_tree_larger_than_the_newer_one(old_size):
    with pytest.raises(OutsideTheTree):
        consistency_proof(NUMBERED[:3], old_size)


def test_an_index_beyond_the_tree_is_not_proven_by_a_proof_that_would_fit():
    proof, root = inclusion_proof(NUMBERED[:2], 1), tree_root(NUMBERED[:2])
    with pytest.raises(InclusionNotProven):
        verify_inclusion(NUMBERED[1], index=3, size=2, proof=proof, root=root)


def test_from_the_empty_tree_the_proof_is_empty_and_there_is_nothing_to_verify():
    assert consistency_proof(NUMBERED[:3], 0) == []
    with pytest.raises(ConsistencyNotProven):
        verify_consistency(
            old_size=0,
            new_size=3,
            old_root=EMPTY_ROOT,
            new_root=tree_root(NUMBERED[:3]),
            proof=[],
        )


def test_two_different_trees_of_one_size_are_never_consistent():
    with pytest.raises(ConsistencyNotProven) as refused:
        verify_consistency(
            old_size=2, new_size=2, old_root=NUMBERED[0], new_root=NUMBERED[1], proof=[]
        )
    assert refused.value.as_json()["old_size"] == 2


@pytest.mark.parametrize("proof", [[], NUMBERED[:1], NUMBERED[:9]])
def test_a_proof_of_the_wrong_length_proves_nothing(proof):
    with pytest.raises(ConsistencyNotProven):
        verify_consistency(
            old_size=3,
            new_size=7,
            old_root=tree_root(NUMBERED[:3]),
            new_root=tree_root(NUMBERED[:7]),
            proof=proof,
        )
    with pytest.raises(InclusionNotProven):
        verify_inclusion(NUMBERED[3], index=3, size=7, proof=proof, root=tree_root(NUMBERED[:7]))


def test_a_proof_that_ends_below_the_root_of_its_tree_proves_nothing():
    # Everything fits a tree of 2; only the size that the checkpoint states is larger.
    root = tree_root(NUMBERED[:2])
    with pytest.raises(ConsistencyNotProven):
        verify_consistency(
            old_size=1, new_size=3, old_root=NUMBERED[0], new_root=root, proof=NUMBERED[1:2]
        )
    with pytest.raises(InclusionNotProven):
        verify_inclusion(NUMBERED[0], index=0, size=3, proof=NUMBERED[1:2], root=root)


def test_a_cut_root_is_not_proven():
    root = tree_root(NUMBERED[:3])[:31]
    proof = inclusion_proof(NUMBERED[:3], 0)
    with pytest.raises(InclusionNotProven):
        verify_inclusion(NUMBERED[0], index=0, size=3, proof=proof, root=root)
    with pytest.raises(ConsistencyNotProven):
        verify_consistency(
            old_size=1,
            new_size=3,
            old_root=NUMBERED[0],
            new_root=root,
            proof=consistency_proof(NUMBERED[:3], 1),
        )


def test_a_leaf_that_is_no_hash_changes_nothing():
    frontier = Frontier()
    frontier.append(NUMBERED[0])
    with pytest.raises(NotAHash):
        frontier.append(b"too short")
    assert (frontier.size, frontier.hashes) == (1, (NUMBERED[0],))
    with pytest.raises(NotAHash):
        tree_root([NUMBERED[0], b"too short"])


@pytest.mark.parametrize(
    ("size", "hashes"),
    [
        (1, []),
        (0, NUMBERED[:1]),
        (3, NUMBERED[:1]),
        (1, [b"short"]),
        (-1, []),
        (True, NUMBERED[:1]),
    ],
)
def test_a_frontier_refuses_hashes_that_do_not_fit_its_size(size, hashes):
    with pytest.raises(BrokenFrontier):
        Frontier(size, hashes)
