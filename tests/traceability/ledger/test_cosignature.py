"""Cosignatures: a known witness is believed, a forged one spoils the checkpoint."""

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from traceability.errors import (
    AmbiguousVerifierKey,
    InvalidNoteSignature,
    MalformedCheckpoint,
    MalformedNote,
    TimeOutOfRange,
    TraceabilityError,
)
from traceability.ledger.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from traceability.ledger.cosignature import CosignerKey, cosign, verify_cosignatures
from traceability.ledger.keys import PrivateKey
from traceability.ledger.merkle import EMPTY_ROOT
from traceability.ledger.notes import (
    MLDSA44_COSIGNATURE,
    NoteSignature,
    SignerKey,
    VerifierKey,
    add_signatures,
    parse_note,
    sign_note,
)
from traceability.ledger.signing import sign_ed25519


def private_key(seed):
    return PrivateKey(seed=bytes([seed]) * 32)


LOG = SignerKey(name="ledger.example", private_key=private_key(1))
AUDITOR = CosignerKey(name="auditor.example/w1", private_key=private_key(2))
BUYER = CosignerKey(name="buyer.example", private_key=private_key(3))
CHECKPOINT = Checkpoint(origin="ledger.example", size=7, root=EMPTY_ROOT[::-1])
SIGNED = sign_checkpoint(CHECKPOINT, [LOG])
NOON = 1_700_000_000
COSIGNED = add_signatures(SIGNED, cosign(SIGNED, AUDITOR, timestamp=NOON))

PQ_NAME = "witness.example/pq"
PQ_KEY = MLDSA44PrivateKey.from_seed_bytes(bytes(32))
PQ_VERIFIER = VerifierKey(
    name=PQ_NAME,
    key_type=MLDSA44_COSIGNATURE,
    public_key=PQ_KEY.public_key().public_bytes_raw(),
)


def mldsa44_line(verifier, checkpoint, timestamp):
    """A cosignature as tlog-cosignature lays it out, written here from its struct."""
    message = (
        b"subtree/v1\n\0"
        + bytes([len(verifier.name) % 256])
        + verifier.name.encode()
        + timestamp.to_bytes(8, "big")
        + bytes([len(checkpoint.origin) % 256])
        + checkpoint.origin.encode()
        + (0).to_bytes(8, "big")
        + checkpoint.size.to_bytes(8, "big")
        + checkpoint.root
    )
    signature = timestamp.to_bytes(8, "big") + PQ_KEY.sign(message)
    return (
        NoteSignature(name=verifier.name, key_id=verifier.key_id, signature=signature).line + "\n"
    )


@given(timestamp=st.integers(0, 2**63 - 1))
def test_a_cosignature_tells_who_saw_the_tree_and_when(timestamp):
    note = add_signatures(SIGNED, cosign(SIGNED, AUDITOR, timestamp=timestamp))
    assert verify_cosignatures(note, [AUDITOR.verifier]) == [(AUDITOR.name, timestamp)]
    opened = open_checkpoint(note, origin="ledger.example", verifiers=[LOG.verifier])
    assert opened == CHECKPOINT


@settings(deadline=None)
@given(place=st.integers(0, len(COSIGNED.encode()) - 1), byte=st.integers(0, 255))
def test_a_change_of_one_byte_is_noticed_or_changes_nothing_verified(place, byte):
    changed = bytearray(COSIGNED.encode())
    changed[place] = byte
    try:
        told = verify_cosignatures(bytes(changed), [AUDITOR.verifier])
    except TraceabilityError:
        return
    # A line that no longer names the witness is a line by somebody unknown.
    assert told in ([], [(AUDITOR.name, NOON)])
    if told:
        assert parse_note(bytes(changed)).text == CHECKPOINT.text


def test_several_witnesses_are_told_in_the_order_they_signed():
    note = add_signatures(COSIGNED, cosign(SIGNED, BUYER, timestamp=NOON + 5))
    told = verify_cosignatures(note, [BUYER.verifier, LOG.verifier, AUDITOR.verifier])
    assert told == [(AUDITOR.name, NOON), (BUYER.name, NOON + 5)]


def test_a_witness_counts_once_with_its_latest_time():
    note = COSIGNED
    for timestamp in (NOON + 60, NOON + 30):
        note = add_signatures(note, cosign(SIGNED, AUDITOR, timestamp=timestamp))
    assert verify_cosignatures(note, [AUDITOR.verifier]) == [(AUDITOR.name, NOON + 60)]


def test_unknown_witnesses_are_passed_over():
    assert verify_cosignatures(COSIGNED, [BUYER.verifier]) == []
    assert verify_cosignatures(SIGNED, [AUDITOR.verifier]) == []


def test_a_cosignature_of_another_checkpoint_spoils_the_note():
    other = sign_checkpoint(Checkpoint(origin="ledger.example", size=8, root=EMPTY_ROOT), [LOG])
    note = add_signatures(other, cosign(SIGNED, AUDITOR, timestamp=NOON))
    with pytest.raises(InvalidNoteSignature):
        verify_cosignatures(note, [AUDITOR.verifier])


def test_a_cosignature_without_a_time_or_a_signature_is_refused():
    for signature in (b"x", bytes(8), bytes(72)):
        line = NoteSignature(
            name=AUDITOR.name, key_id=AUDITOR.verifier.key_id, signature=signature
        ).line
        with pytest.raises(InvalidNoteSignature):
            verify_cosignatures(f"{SIGNED}{line}\n", [AUDITOR.verifier])


def test_a_time_beyond_two_to_the_63_is_refused_even_when_signed():
    timestamp = 2**63
    message = f"cosignature/v1\ntime {timestamp}\n{CHECKPOINT.text}".encode()
    signature = timestamp.to_bytes(8, "big") + sign_ed25519(AUDITOR.private_key, message)
    line = NoteSignature(
        name=AUDITOR.name, key_id=AUDITOR.verifier.key_id, signature=signature
    ).line
    with pytest.raises(InvalidNoteSignature):
        verify_cosignatures(f"{SIGNED}{line}\n", [AUDITOR.verifier])


@pytest.mark.parametrize("timestamp", [-1, 2**63, True])
def test_no_witness_signs_a_time_that_cannot_be_written(timestamp):
    with pytest.raises(TimeOutOfRange):
        cosign(SIGNED, AUDITOR, timestamp=timestamp)


def test_a_witness_signs_only_checkpoints():
    with pytest.raises(MalformedNote):
        cosign(CHECKPOINT.text, AUDITOR, timestamp=NOON)
    extended = sign_note(CHECKPOINT.text + "extension\n", [LOG])
    with pytest.raises(MalformedCheckpoint):
        cosign(extended, AUDITOR, timestamp=NOON)
    with pytest.raises(MalformedCheckpoint):
        verify_cosignatures(extended, [AUDITOR.verifier])


def test_a_witness_given_twice_is_ambiguous():
    with pytest.raises(AmbiguousVerifierKey):
        verify_cosignatures(COSIGNED, [AUDITOR.verifier, AUDITOR.verifier])


def test_the_same_key_as_log_and_as_witness_has_two_ids():
    as_witness = CosignerKey(name=LOG.name, private_key=LOG.private_key)
    assert as_witness.verifier.key_id != LOG.verifier.key_id


# ── ML-DSA-44 ─────────────────────────────────────────────────────────────────────────────


def test_a_post_quantum_cosignature_is_believed_beside_others():
    note = add_signatures(COSIGNED, mldsa44_line(PQ_VERIFIER, CHECKPOINT, NOON + 9))
    told = verify_cosignatures(note, [PQ_VERIFIER, AUDITOR.verifier])
    assert told == [(AUDITOR.name, NOON), (PQ_NAME, NOON + 9)]


@pytest.mark.parametrize(
    "other",
    [
        Checkpoint(origin="ledger.example", size=8, root=CHECKPOINT.root),
        Checkpoint(origin="ledger.exampl3", size=7, root=CHECKPOINT.root),
        Checkpoint(origin="ledger.example", size=7, root=EMPTY_ROOT),
    ],
)
def test_a_post_quantum_cosignature_of_another_checkpoint_spoils_the_note(other):
    note = add_signatures(SIGNED, mldsa44_line(PQ_VERIFIER, other, NOON))
    with pytest.raises(InvalidNoteSignature):
        verify_cosignatures(note, [PQ_VERIFIER])


@pytest.mark.parametrize(("name", "origin"), [("w" * 256, "ledger.example"), (PQ_NAME, "l" * 256)])
def test_names_too_long_for_the_signed_structure_are_refused(name, origin):
    verifier = VerifierKey(
        name=name, key_type=MLDSA44_COSIGNATURE, public_key=PQ_VERIFIER.public_key
    )
    checkpoint = Checkpoint(origin=origin, size=7, root=EMPTY_ROOT)
    note = add_signatures(
        sign_checkpoint(checkpoint, [LOG]), mldsa44_line(verifier, checkpoint, NOON)
    )
    with pytest.raises(InvalidNoteSignature):
        verify_cosignatures(note, [verifier])
