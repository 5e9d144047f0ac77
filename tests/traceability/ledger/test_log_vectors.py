"""Other people's test vectors for the tree and the C2SP formats.

They are read from `shared/tlog` beside the checkout; its SOURCES.md says where each comes from.
"""

import base64
import json
from pathlib import Path

import pytest

from traceability.errors import TraceabilityError
from traceability.ledger import tlog_proof
from traceability.ledger.checkpoint import open_checkpoint, parse_checkpoint_text
from traceability.ledger.cosignature import COSIGNATURE_TYPES, verify_cosignatures
from traceability.ledger.merkle import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from traceability.ledger.notes import open_note, parse_note, parse_vkey
from traceability.ledger.tiles import (
    EntryTile,
    Tile,
    entry_tiles_of_size,
    extend_tiles,
    format_entry_bundle,
    parse_entry_bundle,
    parse_tile_path,
    tiles_of_size,
)
from traceability.ledger.tlog_proof import verify_proof

VECTORS = Path(__file__).resolve().parents[3].parent / "shared" / "tlog"

if not VECTORS.is_dir():
    pytest.skip("no folder shared/tlog beside the checkout", allow_module_level=True)


def document(name):
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


def cases(name):
    """One parameter per line of a JSON lines file, named as the file names it."""
    lines = (VECTORS / name).read_text(encoding="utf-8").split("\n")
    loaded = [json.loads(line) for line in lines if line]
    assert loaded
    return pytest.mark.parametrize("case", [pytest.param(case, id=label(case)) for case in loaded])


def label(case):
    return str(case.get("name") or case.get("vkey"))


def holds(function, *arguments, **named):
    """Tell whether a verifier or parser accepts what it is given."""
    try:
        function(*arguments, **named)
    except TraceabilityError:
        return False
    return True


def hashes(encoded):
    return [base64.b64decode(value) for value in encoded or []]


# ── RFC 6962 ──────────────────────────────────────────────────────────────────────────────


def test_the_published_trees_are_computed_alike():
    trees = document("rfc6962/trees.json")
    leaves = [leaf_hash(bytes.fromhex(data)) for data in trees["leaf_inputs_hex"]]
    roots = [tree_root(leaves[:size]).hex() for size in range(len(leaves) + 1)]
    assert roots == trees["root_hex_by_size"]

    level = leaves
    for nodes in trees["node_hash_hex_by_level"]:
        assert [node.hex() for node in level] == nodes
        level = [node_hash(*pair) for pair in zip(level[::2], level[1::2], strict=False)]


def test_larger_trees_have_the_derived_roots():
    for size, root in document("rfc6962/derived_roots.json")["root_hex_by_size"].items():
        assert tree_root(numbered(int(size))).hex() == root


@cases("rfc6962/derived_proofs.jsonl")
def test_proofs_are_the_derived_ones(case):
    if case["kind"] == "inclusion":
        proof = inclusion_proof(numbered(case["size"]), case["index"])
    else:
        proof = consistency_proof(numbered(case["size2"]), case["size1"])
    assert [value.hex() for value in proof] == case["proof_hex"]


def numbered(size):
    return [leaf_hash(number.to_bytes(8, "big")) for number in range(size)]


@cases("rfc6962/inclusion.jsonl")
def test_inclusion_is_verified_as_published(case):
    leaf, root = hashes([case["leafHash"], case["root"]])
    accepted = holds(
        verify_inclusion,
        leaf,
        index=case["leafIdx"],
        size=case["treeSize"],
        proof=hashes(case["proof"]),
        root=root,
    )
    assert accepted != case["wantErr"]


@cases("rfc6962/consistency.jsonl")
def test_consistency_is_verified_as_published(case):
    old_root, new_root = hashes([case["root1"], case["root2"]])
    accepted = holds(
        verify_consistency,
        old_size=case["size1"],
        new_size=case["size2"],
        old_root=old_root,
        new_root=new_root,
        proof=hashes(case["proof"]),
    )
    assert accepted != case["wantErr"]


# ── signed-note, tlog-checkpoint, tlog-cosignature ────────────────────────────────────────


@cases("signed-note/vkeys.jsonl")
def test_verifier_keys_are_read_as_published(case):
    assert holds(parse_vkey, case["vkey"]) == case["ok"]
    if case["ok"]:
        assert parse_vkey(case["vkey"]).vkey == case["vkey"]


@cases("signed-note/notes.jsonl")
def test_notes_open_as_published(case):
    note = bytes.fromhex(case.get("note_prefix_hex", "")) + case["note"].encode()
    verifiers = [parse_vkey(vkey) for vkey in case["vkeys"]]
    assert holds(open_note, note, verifiers) == ("error" not in case)
    if "verified" in case:
        opened = open_note(note, verifiers)
        assert [signature.name for signature in opened.signatures] == case["verified"]
        assert [signature.name for signature in opened.unverified] == case["unverified"]


@cases("checkpoint/bodies.jsonl")
def test_checkpoint_texts_are_read_as_published(case):
    # Stricter than the Go package: extension lines and roots of other lengths are refused.
    lines = case["body"].count("\n")
    refused_here = case.get("root_is_not_32_bytes", False) or lines != 3
    assert holds(parse_checkpoint_text, case["body"]) == (case["ok"] and not refused_here)


@cases("checkpoint/signed.jsonl")
def test_signed_checkpoints_open_as_published(case):
    note, verifier = case["note"], parse_vkey(case["vkey"])
    origin = note.partition("\n")[0]
    assert holds(open_checkpoint, note, origin=origin, verifiers=[verifier]) == case["ok"]
    if case["ok"]:
        assert open_checkpoint(note, origin=origin, verifiers=[verifier]).text in note


@cases("cosignature/ed25519.jsonl")
def test_cosignatures_of_live_witnesses_verify_as_published(case):
    assert_verifies_as_published(case)


def test_the_published_post_quantum_cosignature_verifies():
    published = document("cosignature/mldsa44.json")
    listed = published if isinstance(published, list) else [published]
    for case in listed:
        assert_verifies_as_published(case)


def assert_verifies_as_published(case):
    """A key either opens the note, as the log's, or is told among its cosigners."""
    verifier = parse_vkey(case["vkey"])
    if verifier.key_type not in COSIGNATURE_TYPES:
        assert holds(open_note, case["note"], [verifier]) == case["ok"]
        return

    assert holds(verify_cosignatures, case["note"], [verifier]) == case["ok"]
    if case["ok"]:
        told = verify_cosignatures(case["note"], [verifier])
        assert [cosignature.name for cosignature in told] == [verifier.name]
        assert case.get("timestamp") in (None, told[0].timestamp)


# ── tlog-proof ────────────────────────────────────────────────────────────────────────────


@cases("tlog-proof/parse_errors.jsonl")
def test_published_broken_proofs_are_refused(case):
    assert not holds(tlog_proof.parse, case["proof"])


@cases("tlog-proof/proofs.jsonl")
def test_proofs_of_a_published_log_verify(case):
    verifier = parse_vkey(case["log_vkey"])

    def verify():
        proof = tlog_proof.parse(case["proof"])
        leaf = leaf_hash(case["leaf_data"].encode())
        verify_proof(proof, leaf, origin=verifier.name, verifiers=[verifier])
        assert tlog_proof.format(proof) == case["proof"]
        assert parse_note(proof.checkpoint_note).text

    assert holds(verify) == case["ok"]


# ── tlog-tiles ────────────────────────────────────────────────────────────────────────────


def test_tile_paths_are_the_published_ones():
    paths = document("tiles/paths.json")
    for index, path in paths["index_to_path"].items():
        assert Tile(level=0, index=int(index)).path == f"tile/0/{path}"
    for path in paths["bad_paths"]:
        assert not holds(parse_tile_path, path)


def test_trees_have_the_published_numbers_of_tiles():
    paths = document("tiles/paths.json")
    for name in ("tree_256", "tree_70000"):
        counted = {}
        for tile in tiles_of_size(int(name.removeprefix("tree_"))):
            if tile.width == 256:
                key = f"level{tile.level}_full"
                counted[key] = counted.get(key, 0) + 1
            else:
                counted[f"level{tile.level}_partial"] = tile.width
        assert counted == paths[name]


def test_tiles_and_bundles_of_a_published_log_are_made_alike():
    log = document("tiles/tessera_15.json")
    entries = [entry.encode() for entry in log["entries"]]
    files = {path: base64.b64decode(data) for path, data in log["files_base64"].items()}
    for path, content in files.items():
        tile = parse_tile_path(path)
        assert tile.path == path
        if isinstance(tile, EntryTile):
            assert parse_entry_bundle(content) == entries[: tile.width]
            assert format_entry_bundle(entries[: tile.width]) == content
            assert tile in entry_tiles_of_size(tile.width)
        else:
            leaves = [leaf_hash(entry) for entry in entries[: tile.width]]
            assert extend_tiles(0, (), leaves).edge == (content,)
            assert tile in tiles_of_size(tile.width)
