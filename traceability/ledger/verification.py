"""Verifying a bundle, offline: eight numbered steps that stop at the first which fails.

1 checkpoint   the file is a bundle; its checkpoint is signed by the log; every line verifies
2 entries      each is of this ledger and included, at its index, in the tree of the checkpoint
3 statements   each is the one its entry commits to, strictly signed with a key good at its index
4 chains       every chain in reach is without gap from its first entry on; nothing is added
5 balances     every open statement is replayed: custody, gross balances, authority
6 disclosures  values fit their digests; missing texts are explained by an erasure
7 documents    those at hand have the digests that were signed
8 consistency  the checkpoint continues those that the reader holds

What a bundle cannot show: that a chain goes on after its last entry here. Whoever exported it
vouches for that; a second export, or the log itself, tells.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from traceability.errors import (
    ConsistencyNotProven,
    ConsistencyUnproven,
    DocumentDiffers,
    HeadsContradict,
    TraceabilityError,
)
from traceability.ledger import contents, continuity, heads
from traceability.ledger.ahead import Ahead
from traceability.ledger.bundle import ProofBundle, ProvenEntry, parse_bundle, skim_bundle
from traceability.ledger.checkpoint import Checkpoint
from traceability.ledger.notes import VerifierKey
from traceability.ledger.replaying import Tally

OK = "ok"
SKIPPED = "skipped"

_NAMES = (
    "checkpoint",
    "entries",
    "statements",
    "chains",
    "balances",
    "disclosures",
    "documents",
    "consistency",
)

DigestOf = Callable[[str], str | None]
"""Given the SHA-256 that was signed, in hex, the digest of the file at hand, if there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one step found: `ok`, `failed`, or `skipped` where the reader brought nothing."""

    number: int
    name: str
    outcome: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many entries a bundle has, and how much of them could be judged."""

    entries: int = 0
    open: int = 0
    blinded: int = 0
    partly_hidden: int = 0
    judged_in_full: int = 0
    judged_with_assumptions: int = 0
    unjudged: int = 0
    lots_begun_blinded: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationReport:
    """The answer: the steps that were run, what was counted, and the sentence at the end.

    `erased` and `disputed` are log indices; `erased` with the index of the erasure.
    `misbehaviour` is kept where the log signed heads that cannot both be true.
    """

    lot: str
    size: int
    steps: tuple[Step, ...]
    counts: Counts
    erased: tuple[tuple[int, int], ...]
    disputed: tuple[int, ...]
    documents_missing: tuple[str, ...]
    error: TraceabilityError | None
    misbehaviour: dict[str, Any] | None

    @property
    def is_verified(self) -> bool:
        """Tell whether no step failed."""
        return self.error is None

    @property
    def sentence(self) -> str:
        """The last line: up to where the answer holds, or at which step it failed."""
        if self.error is not None:
            last = self.steps[-1]
            return f"Not verified: step {last.number}, {last.name}, failed."
        return (
            f"Verified: unbroken as of size {self.size}. That no chain goes on after its last "
            "entry here, its exporter vouches for; later events are not covered."
        )

    def as_json(self) -> dict[str, Any]:
        """Return the report for programs."""
        counts = {name: getattr(self.counts, name) for name in Counts.__slots__}
        return {
            "verified": self.is_verified,
            "sentence": self.sentence,
            "lot": self.lot,
            "size": self.size,
            "steps": [
                {"number": s.number, "name": s.name, "outcome": s.outcome, "sentence": s.sentence}
                for s in self.steps
            ],
            "counts": counts,
            "erased": [{"index": index, "erased_at": at} for index, at in self.erased],
            "disputed": list(self.disputed),
            "documents_missing": list(self.documents_missing),
            "error": None if self.error is None else self.error.as_json(),
        }


def verify_bundle(
    data: bytes,
    *,
    verifiers: Sequence[VerifierKey],
    earlier: Sequence[str] = (),
    documents: DigestOf | None = None,
    processes: int = 1,
) -> VerificationReport:
    """Verify a bundle against nothing but the keys and notes its reader brings.

    Args:
        data: the file.
        verifiers: the log's key, and those of witnesses that one relies on.
        earlier: checkpoints of this log that one holds, as signed notes.
        documents: finds evidence files by digest; None where there are none at hand.
        processes: how many may work at once.

    Returns:
        A report; `error` tells what is wrong with the first step that failed.
    """
    given = _Given(data=data, verifiers=verifiers, earlier=earlier, documents=documents)
    with Ahead(data, processes=processes) as ahead:
        report = _verified(given, ahead)
    if report.is_verified:
        return report
    return _verified(given, None)  # each step in its turn, to tell which one fails


def _verified(given: "_Given", ahead: Ahead | None) -> VerificationReport:
    found = _Found()
    steps: list[Step] = []
    error: TraceabilityError | None = None
    run = _run(found, given, ahead)
    for number, name in enumerate(_NAMES, 1):
        try:
            outcome, sentence = next(run)
        except TraceabilityError as failure:
            error = failure
            steps.append(Step(number=number, name=name, outcome="failed", sentence=error.message))
            break
        steps.append(Step(number=number, name=name, outcome=outcome, sentence=sentence))
    return _report(found, tuple(steps), error)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What the reader brings."""

    data: bytes
    verifiers: Sequence[VerifierKey]
    earlier: Sequence[str]
    documents: DigestOf | None


@dataclass(slots=True, kw_only=True)
class _Found:
    """What the steps found so far."""

    lot: str = ""
    size: int = 0
    entries: tuple[ProvenEntry, ...] = ()
    partly_hidden: int = 0
    begun_blinded: int = 0
    tally: Tally = field(default_factory=Tally)
    disputed: tuple[int, ...] = ()
    documents_missing: tuple[str, ...] = ()
    misbehaviour: dict[str, Any] | None = None


def _run(found: _Found, given: _Given, ahead: Ahead | None) -> Iterator[tuple[str, str]]:
    """Run the steps, one at each `next`; yields outcome and sentence of each.

    With `ahead` all is read the short way, and proofs and signatures are verified last, by others
    meanwhile: that everything holds is sure after the last step only, and what fails need not be
    the first.
    """
    bundle, written = (parse_bundle(given.data), ()) if ahead is None else skim_bundle(given.data)
    checkpoint = heads.open_exactly(bundle.checkpoint, given.verifiers)
    found.lot, found.size, found.entries = bundle.lot, checkpoint.size, bundle.entries
    witnesses = heads.witnesses_of(bundle.checkpoint, given.verifiers)
    yield (
        OK,
        f"{checkpoint.origin} signed size {checkpoint.size}; cosigned by {witnesses} witnesses.",
    )

    if ahead is None:
        contents.verify_entries(bundle, checkpoint)
    else:
        ahead.tell_tree(size=checkpoint.size, root=checkpoint.root)
        for number, item in enumerate(bundle.entries):
            contents.verify_origin(item, checkpoint.origin, number)
    yield OK, f"{len(bundle.entries)} entries are in the log, each at its index."

    read = contents.understand(bundle, checkpoint.origin)
    found.partly_hidden = read.partly_hidden
    found.disputed = contents.verify_signers(read)
    if ahead is None:
        contents.verify_signatures(read)
    yield OK, f"{len(read.said)} statements are signed with keys that were good at their index."

    found.begun_blinded = continuity.verify_chains(read)
    yield OK, f"{len(read.whole)} chains are without gap; {found.begun_blinded} lots begin blinded."

    found.tally = contents.verify_balances(read).tally
    yield OK, _told(found.tally)

    disclosed = contents.verify_disclosures(read)
    yield OK, f"{disclosed} disclosed values fit; every missing text was erased or is blinded."

    yield _verify_documents(found, read, given.documents)

    consistency = _verify_consistency(found, bundle, checkpoint, given)
    if ahead is not None:
        contents.verify_inclusions(bundle, checkpoint, written, ahead)
        contents.verify_signatures(read, ahead)
    yield consistency


def _told(tally: Tally) -> str:
    return (
        f"{tally.in_full} events hold in full, {tally.with_assumptions} given what blinded hops "
        f"hide; {tally.unjudged} could not be judged."
    )


def _verify_documents(
    found: _Found, read: contents.Contents, documents: DigestOf | None
) -> tuple[str, str]:
    if documents is None:
        return SKIPPED, "No documents were given."
    seen: dict[str, bool] = {}
    for number, item in enumerate(read.bundle.entries):
        said = read.said.get(item.hash)
        evidence = said.statement.envelope.evidence if said and said.statement else None
        for document in evidence or ():
            digest = documents(document.sha256)
            if digest is not None and digest != document.sha256:
                raise DocumentDiffers(document.sha256, at=contents.at_entry(number))
            seen[document.sha256] = digest is not None
    found.documents_missing = tuple(sorted(name for name, is_there in seen.items() if not is_there))
    there = sum(seen.values())
    return OK, f"{there} of {len(seen)} documents are at hand and have the signed digests."


def _verify_consistency(
    found: _Found,
    bundle: ProofBundle,
    checkpoint: Checkpoint,
    given: _Given,
) -> tuple[str, str]:
    verifiers, held = given.verifiers, given.earlier
    try:
        known = heads.verify_earlier(bundle.earlier, checkpoint, verifiers)
    except ConsistencyNotProven as error:
        notes = [bundle.checkpoint, *(item.note for item in bundle.earlier)]
        found.misbehaviour = heads.evidence(error.code, notes)
        raise
    known[checkpoint.size] = checkpoint
    for note in held:
        head = heads.open_exactly(note, verifiers)
        try:
            heads.verify_continues(head, known)
        except (HeadsContradict, ConsistencyUnproven) as error:
            other = _note_of_size(bundle, head.size, verifiers)
            found.misbehaviour = heads.evidence(error.code, [note, other])
            raise
    if not held:
        return SKIPPED, "No earlier checkpoint was given."
    return OK, f"The checkpoint continues the {len(held)} given."


def _note_of_size(bundle: ProofBundle, size: int, verifiers: Sequence[VerifierKey]) -> str:
    for item in bundle.earlier:
        if heads.open_exactly(item.note, verifiers).size == size:
            return item.note
    return bundle.checkpoint


def _report(
    found: _Found, steps: tuple[Step, ...], error: TraceabilityError | None
) -> VerificationReport:
    erased = [(e.index, e.erased_at) for e in found.entries if e.erased_at is not None]
    opened = sum(item.statement is not None for item in found.entries)
    return VerificationReport(
        lot=found.lot,
        size=found.size,
        steps=steps,
        counts=Counts(
            entries=len(found.entries),
            open=opened,
            blinded=len(found.entries) - opened - len(erased),
            partly_hidden=found.partly_hidden,
            judged_in_full=found.tally.in_full,
            judged_with_assumptions=found.tally.with_assumptions,
            unjudged=found.tally.unjudged,
            lots_begun_blinded=found.begun_blinded,
        ),
        erased=tuple(erased),
        disputed=found.disputed,
        documents_missing=found.documents_missing,
        error=error,
        misbehaviour=found.misbehaviour,
    )
