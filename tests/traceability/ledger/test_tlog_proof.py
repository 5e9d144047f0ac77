"""Proof files: what one can keep of an entry, and what no change of them survives."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceability.errors import (
    InclusionNotProven,
    MalformedTlogProof,
    NoteNotSigned,
    TraceabilityError,
    WrongOrigin,
)
from traceability.ledger import tlog_proof
from traceability.ledger.checkpoint import Checkpoint, sign_checkpoint
from traceability.ledger.keys import PrivateKey
from traceability.ledger.merkle import inclusion_proof, leaf_hash, tree_root
from traceability.ledger.notes import SignerKey
from traceability.ledger.tlog_proof import TlogProof, verify_proof

ORIGIN = "ledger.example"
LOG = SignerKey(name=ORIGIN, private_key=PrivateKey(seed=bytes(32)))
LEAVES = [leaf_hash(bytes([number])) for number in range(11)]
CHECKPOINT = Checkpoint(origin=ORIGIN, size=11, root=tree_root(LEAVES))
NOTE = sign_checkpoint(CHECKPOINT, [LOG])
PROOF = TlogProof(
    index=3, hashes=tuple(inclusion_proof(LEAVES, 3)), checkpoint_note=NOTE, extra=b"lot 7"
)
TEXT = tlog_proof.format(PROOF)

proofs = st.builds(
    TlogProof,
    index=st.integers(0, 2**63 - 1),
    hashes=st.lists(st.binary(min_size=32, max_size=32), max_size=63).map(tuple),
    checkpoint_note=st.just(NOTE),
    extra=st.binary(max_size=50),
)


def verified(text):
    return verify_proof(tlog_proof.parse(text), LEAVES[3], origin=ORIGIN, verifiers=[LOG.verifier])


@given(proof=proofs)
def test_a_proof_is_read_back_from_its_file(proof):
    assert tlog_proof.parse(tlog_proof.format(proof)) == proof
    assert tlog_proof.parse(tlog_proof.format(proof).encode()) == proof


@given(index=st.integers(0, 10))
def test_every_entry_has_a_proof_file_that_verifies(index):
    proof = TlogProof(
        index=index, hashes=tuple(inclusion_proof(LEAVES, index)), checkpoint_note=NOTE
    )
    told = verify_proof(proof, LEAVES[index], origin=ORIGIN, verifiers=[LOG.verifier])
    assert told == CHECKPOINT


@given(index=st.integers(0, 10), leaf=st.sampled_from(LEAVES))
def test_no_other_entry_is_proven_by_it(index, leaf):
    proof = TlogProof(index=index, hashes=tuple(inclusion_proof(LEAVES, 3)), checkpoint_note=NOTE)
    if (index, leaf) == (3, LEAVES[3]):
        return
    with pytest.raises(InclusionNotProven):
        verify_proof(proof, leaf, origin=ORIGIN, verifiers=[LOG.verifier])


@settings(deadline=None, max_examples=300)
@given(place=st.integers(0, len(TEXT.encode()) - 1), byte=st.integers(0, 255))
def test_a_change_of_one_byte_is_noticed_or_changes_nothing_verified(place, byte):
    changed = bytearray(TEXT.encode())
    changed[place] = byte
    try:
        told = verified(bytes(changed))
    except TraceabilityError:
        return
    # Only `extra` is not covered, and nobody is asked to believe it.
    assert told == CHECKPOINT
    assert tlog_proof.parse(bytes(changed)).hashes == PROOF.hashes
    assert tlog_proof.parse(bytes(changed)).index == PROOF.index


def test_no_part_of_a_proof_file_is_a_proof():
    encoded = TEXT.encode()
    for cut in range(1, len(encoded)):
        for part in (encoded[cut:], encoded[:-cut]):
            with pytest.raises(TraceabilityError):
                verified(part)


def test_a_proof_file_reads_as_tlog_proof_prescribes():
    lines = TEXT.split("\n")
    assert lines[:3] == ["c2sp.org/tlog-proof@v1", "extra bG90IDc=", "index 3"]
    assert lines[3 + len(PROOF.hashes)] == ""
    assert TEXT.endswith(NOTE)


def test_the_only_entry_of_a_log_has_a_proof_without_hashes():
    checkpoint = Checkpoint(origin=ORIGIN, size=1, root=LEAVES[0])
    note = sign_checkpoint(checkpoint, [LOG])
    text = tlog_proof.format(TlogProof(index=0, hashes=(), checkpoint_note=note))
    assert text == f"c2sp.org/tlog-proof@v1\nindex 0\n\n{note}"
    told = verify_proof(tlog_proof.parse(text), LEAVES[0], origin=ORIGIN, verifiers=[LOG.verifier])
    assert told == checkpoint


def test_a_proof_from_another_log_or_without_the_log_s_key_is_refused():
    with pytest.raises(WrongOrigin):
        verify_proof(PROOF, LEAVES[3], origin="demo.example", verifiers=[LOG.verifier])
    with pytest.raises(NoteNotSigned):
        verify_proof(PROOF, LEAVES[3], origin=ORIGIN, verifiers=[])


PLAIN = tlog_proof.format(TlogProof(index=3, hashes=PROOF.hashes, checkpoint_note=NOTE))


@pytest.mark.parametrize(
    "text",
    [
        "",
        PLAIN.replace("@v1", "@v2"),
        PLAIN.replace("c2sp", "\ufeffc2sp"),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("index 3\n", ""),
        PLAIN.replace("index 3\n", "\n"),
        PLAIN.replace("index 3", "index  3"),
        PLAIN.replace("index 3", "index 03"),
        PLAIN.replace("index 3", "index -3"),
        PLAIN.replace("index 3", "index \u0663"),
        PLAIN.replace("index 3", "index 9223372036854775808"),
        PLAIN.replace("index 3", "extra \nindex 3"),
        PLAIN.replace("index 3", "extra a\nindex 3"),
        PLAIN.replace("index 3", "extra YQ==\nextra YQ==\nindex 3"),
        PLAIN.replace("index 3", "index 3\nextra YQ=="),
        PLAIN.replace("index 3", "index 3\nYQ=="),
        PLAIN.replace("index 3", "index 3\n???"),
        "c2sp.org/tlog-proof@v1\nindex 0\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\n\n" + NOTE,
        b"\xff" + PLAIN.encode(),
    ],
)
def test_what_is_no_proof_file_is_refused(text):
    with pytest.raises(MalformedTlogProof):
        tlog_proof.parse(text)


@pytest.mark.parametrize(
    ("index", "hashes", "note"),
    [
        (-1, (), NOTE),
        (True, (), NOTE),
        (0, (b"short",), NOTE),
        (0, (bytes(32),) * 64, NOTE),
        (0, (), "no note"),
    ],
)
def test_a_proof_that_could_not_be_written_cannot_be_made(index, hashes, note):
    with pytest.raises(MalformedTlogProof):
        TlogProof(index=index, hashes=hashes, checkpoint_note=note)
