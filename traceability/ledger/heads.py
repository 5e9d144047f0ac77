"""Checkpoints of one log held against each other: signed by whom, and which contradict.

Two signed heads of one size with different roots are a proof of misbehaviour that anybody can
check. Where a proof is only missing, the two notes are a demand for one.
"""

from collections.abc import Sequence
from typing import Any

from traceability.errors import (
    ConsistencyNotProven,
    ConsistencyUnproven,
    HeadsContradict,
    InvalidVerifierKey,
    UnverifiedSignatureLine,
)
from traceability.ledger.bundle import EarlierCheckpoint
from traceability.ledger.checkpoint import Checkpoint, open_checkpoint
from traceability.ledger.cosignature import COSIGNATURE_TYPES, verify_cosignatures
from traceability.ledger.merkle import verify_consistency
from traceability.ledger.notes import ED25519, VerifierKey, find_verifier, parse_note

EVIDENCE_FORMAT = 1


def origin_of(verifiers: Sequence[VerifierKey]) -> str:
    """Return the log that the keys speak for: log keys bear its name, witness keys their own.

    Raises:
        InvalidVerifierKey: no log key among them, or those of two logs.
    """
    names = {verifier.name for verifier in verifiers if verifier.key_type == ED25519}
    if len(names) != 1:
        raise InvalidVerifierKey("Give the verifier key of one log, and keys of its witnesses.")
    return names.pop()


def open_exactly(note: str, verifiers: Sequence[VerifierKey]) -> Checkpoint:
    """Return a checkpoint of which every signature line was verified, each by another key.

    Raises:
        UnverifiedSignatureLine: a line that nobody vouches for could be anything.
        TraceabilityError: the log did not sign it, or a line is false; see `open_checkpoint`.
    """
    checkpoint = open_checkpoint(note, origin=origin_of(verifiers), verifiers=verifiers)
    verify_cosignatures(note, verifiers)
    signed_by = []
    for signature in parse_note(note).signatures:
        verifier = find_verifier(signature, verifiers)
        if verifier is None or verifier in signed_by:
            raise UnverifiedSignatureLine(signature.name)
        signed_by.append(verifier)
    return checkpoint


def witnesses_of(note: str, verifiers: Sequence[VerifierKey]) -> int:
    """Return how many witnesses among the keys have cosigned a checkpoint that was opened."""
    known = [verifier for verifier in verifiers if verifier.key_type in COSIGNATURE_TYPES]
    return sum(find_verifier(line, known) is not None for line in parse_note(note).signatures)


def verify_earlier(
    known: Sequence[EarlierCheckpoint], newest: Checkpoint, verifiers: Sequence[VerifierKey]
) -> dict[int, Checkpoint]:
    """Return the earlier heads that a bundle brings, by size; the newest continues each.

    Raises:
        ConsistencyNotProven: it does not, or they are not in order of size.
        TraceabilityError: one is not signed by the log.
    """
    heads: dict[int, Checkpoint] = {}
    for item in known:
        head = open_exactly(item.note, verifiers)
        if head.size <= max(heads, default=0):
            raise ConsistencyNotProven("Earlier checkpoints are given in order of size.")
        verify_consistency(
            old_size=head.size,
            new_size=newest.size,
            old_root=head.root,
            new_root=newest.root,
            proof=item.proof,
        )
        heads[head.size] = head
    return heads


def verify_continues(held: Checkpoint, heads: dict[int, Checkpoint]) -> None:
    """Verify that what a reader holds is one of the heads that were shown consistent.

    Args:
        held: a checkpoint of the reader's.
        heads: by size: the bundle's own, and the earlier ones it continues.

    Raises:
        HeadsContradict: the log signed two trees of one size.
        ConsistencyUnproven: no head of that size is at hand.
    """
    same_size = heads.get(held.size)
    if same_size is None:
        raise ConsistencyUnproven(
            f"Nothing here connects the checkpoint of size {held.size} with this bundle.",
            size=held.size,
        )
    if same_size.root != held.root:
        raise HeadsContradict(
            f"The log signed two different trees of size {held.size}.", size=held.size
        )


def evidence(what: str, notes: Sequence[str]) -> dict[str, Any]:
    """Return an artefact to show around: the notes as signed, and what contradicts.

    Args:
        what: code of the error: `heads_contradict` speaks for itself; the others ask the log
            for a consistency proof, which it has if it did not rewrite its history.
        notes: the signed notes, byte for byte.
    """
    return {"format": EVIDENCE_FORMAT, "contradiction": what, "notes": list(notes)}
