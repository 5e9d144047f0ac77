"""A log that we export is read and verified by `tlog-scales`, a tool that we did not write."""

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from traceability.errors import InclusionNotProven
from traceability.ledger import tlog_proof
from traceability.ledger.checkpoint import Checkpoint, sign_checkpoint
from traceability.ledger.cosignature import CosignerKey, cosign, verify_cosignatures
from traceability.ledger.keys import PrivateKey
from traceability.ledger.merkle import consistency_proof, inclusion_proof, leaf_hash, tree_root
from traceability.ledger.notes import SignerKey, add_signatures, parse_vkey
from traceability.ledger.tiles import (
    entry_tiles_of_size,
    extend_tiles,
    format_entry_bundle,
    frontier_from_edge,
    tiles_of_size,
)
from traceability.ledger.tlog_proof import verify_proof

pytest.importorskip("tlog_scales", reason="tlog-scales, the second opinion, is not installed")

from tlog_scales import signing, tlog
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader

ORIGIN = "ledger.example/minerals"
LOG = SignerKey(name=ORIGIN, private_key=PrivateKey(seed=bytes(32)))
WITNESS = CosignerKey(name="auditor.example/w1", private_key=PrivateKey(seed=b"\1" * 32))
SIZE = 66_100  # three tile levels, a partial tile in each of them
ENTRIES = [f'{{"entry":{number}}}'.encode() for number in range(SIZE)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
SAMPLE = [0, 255, 256, 65_535, 65_536, 66_000, SIZE - 1]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The log as a folder of static files, appended in two steps."""
    folder = tmp_path_factory.mktemp("log")
    first = extend_tiles(0, (), LEAVES[:30_000])
    second = extend_tiles(30_000, first.edge, LEAVES[30_000:])
    full = dict(first.full_tiles + second.full_tiles)
    for tile in tiles_of_size(SIZE):
        write(folder / tile.path, full.get(tile) or second.edge[tile.level])
    for bundle in entry_tiles_of_size(SIZE):
        begin = bundle.index * 256
        write(folder / bundle.path, format_entry_bundle(ENTRIES[begin : begin + bundle.width]))

    root = frontier_from_edge(SIZE, second.edge).root()
    note = sign_checkpoint(Checkpoint(origin=ORIGIN, size=SIZE, root=root), [LOG])
    note = add_signatures(note, cosign(note, WITNESS, timestamp=1_700_000_000))
    write(folder / "checkpoint", note.encode())
    return folder


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@pytest.fixture
def reader(exported):
    reader = TilesReader(LocalBackend(exported))
    reader.get_checkpoint()
    return reader


def test_it_accepts_our_checkpoint_and_both_signatures(reader):
    checkpoint = reader.get_checkpoint()
    assert (checkpoint.origin, checkpoint.size) == (ORIGIN, SIZE)
    for verifier in (LOG.verifier, WITNESS.verifier):
        checkpoint.verify(signing.Vkey.from_string(verifier.vkey))


def test_it_refuses_our_checkpoint_once_altered(exported):
    text = (exported / "checkpoint").read_text(encoding="utf-8")
    altered = tlog.Checkpoint.from_text(text.replace(f"\n{SIZE}\n", f"\n{SIZE + 1}\n"))
    with pytest.raises(InvalidSignature):
        altered.verify(signing.Vkey.from_string(LOG.verifier.vkey))


def test_it_computes_our_root_from_our_tiles(reader):
    assert reader.calculate_root_hash() == reader.get_checkpoint().root_hash == tree_root(LEAVES)


@pytest.mark.parametrize("index", SAMPLE)
def test_it_finds_our_entries_and_makes_the_proofs_that_we_make(reader, index):
    assert reader.get_entry(index) == ENTRIES[index]
    proof = reader.get_inclusion_proof(index, SIZE)
    assert proof.node_hashes == inclusion_proof(LEAVES, index)


@pytest.mark.parametrize("index", SAMPLE)
def test_it_verifies_our_inclusion_proofs_and_nothing_else(index):
    proof = tlog.InclusionProof(index, SIZE, inclusion_proof(LEAVES, index))
    proof.check(LEAVES[index], tree_root(LEAVES))
    with pytest.raises(tlog.InclusionProofInvalid):
        proof.check(LEAVES[1], tree_root(LEAVES))


@pytest.mark.parametrize("old_size", [1, 255, 256, 257, 30_000, 65_536, SIZE - 1])
def test_it_makes_and_verifies_the_consistency_proofs_that_we_make(reader, old_size):
    ours = consistency_proof(LEAVES, old_size)
    theirs = reader.get_consistency_proof(old_size, SIZE)
    assert theirs.node_hashes == ours
    theirs.check(tree_root(LEAVES[:old_size]), tree_root(LEAVES))


def test_its_command_line_checks_an_entry_and_writes_a_proof_that_we_accept(exported):
    index = 65_536
    entry = run_tool("get-leaf", "-c", str(exported), str(index))
    assert entry == ENTRIES[index]

    proof = tlog_proof.parse(run_tool("gen-proof", str(exported), str(index)))
    told = verify_proof(proof, leaf_hash(entry), origin=ORIGIN, verifiers=[LOG.verifier])
    assert told.size == SIZE
    with pytest.raises(InclusionNotProven):
        verify_proof(proof, leaf_hash(b"forged"), origin=ORIGIN, verifiers=[LOG.verifier])


def run_tool(*arguments):
    tool = Path(sys.executable).with_name("tlog-tiles")
    return subprocess.run([tool, *arguments], check=True, capture_output=True).stdout  # noqa: S603


def test_we_believe_its_post_quantum_cosignature(exported):
    note = (exported / "checkpoint").read_text(encoding="utf-8")
    cosigner = signing.MLDSA44CosignatureSigner(
        "witness.example/pq", MLDSA44PrivateKey.from_seed_bytes(bytes(32))
    )
    line = cosigner.sign(tlog.Checkpoint.from_text(note)).serialize() + "\n"
    verifier = parse_vkey(cosigner.vkey.serialize())
    told = verify_cosignatures(add_signatures(note, line), [verifier, WITNESS.verifier])
    assert [cosignature.name for cosignature in told] == [WITNESS.name, "witness.example/pq"]
