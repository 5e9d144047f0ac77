"""What the entries of a bundle say: included, understood, signed, and judged again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import msgspec
from msgspec import Struct

from traceability.errors import (
    DisclosureMalformed,
    DisclosureUnused,
    EntryOfAnotherLedger,
    InclusionNotProven,
    InvalidSignature,
    KeyHistoryWithheld,
    NotErased,
    NotForThisLedger,
    OutsideProfile,
    StatementNotOfEntry,
    TraceabilityError,
    UndisclosedValue,
)
from traceability.ledger import closure, registry
from traceability.ledger.ahead import Ahead
from traceability.ledger.bundle import ProofBundle, ProvenEntry
from traceability.ledger.canonical import parse_json
from traceability.ledger.checkpoint import Checkpoint
from traceability.ledger.decision import authorize
from traceability.ledger.entries import chain_handle
from traceability.ledger.kinds import KINDS
from traceability.ledger.merkle import Inclusions, verify_inclusion
from traceability.ledger.replaying import Place, Replay
from traceability.ledger.signing import STATEMENT_TYPE, Jws, parse_jws, verify_many
from traceability.ledger.statements import MAX_STATEMENT, Statement, parse_statement

_GLANCE = 32  # signatures between glances at what other processes have found
_ABOUT_DISCLOSURES = (DisclosureMalformed, DisclosureUnused, OutsideProfile)


class Said(Struct, frozen=True, kw_only=True):
    """An open entry. `statement` is None where values that it needs stay hidden.

    `brings` are the subjects whose chains it takes to judge the statement.
    """

    item: ProvenEntry
    digest: bytes  # SHA-256 of the JWS
    jws: Jws
    author: str
    kind: str
    statement: Statement | None
    brings: frozenset[str] = frozenset()
    fault: TraceabilityError | None = None  # of its disclosures; step 6 tells


Signer = tuple[int, Said, bytes]
"""Number of an open entry in the file, what it says, and the public key it must be signed by."""


@dataclass(slots=True, kw_only=True)
class Contents:
    """The entries of a bundle as understood, by hash; `chains` in log order, by handle.

    `signers` are known once their right to sign was verified.
    """

    bundle: ProofBundle
    said: dict[str, Said]
    names: dict[str, str]  # subject id by handle
    places: dict[str, Place]
    by_hash: dict[str, ProvenEntry]
    chains: dict[str, list[ProvenEntry]]
    signers: list[Signer] = field(default_factory=list)
    whole: frozenset[str] = frozenset()  # handles; known after the chains were verified

    @property
    def partly_hidden(self) -> int:
        """How many open statements keep values hidden that are needed to judge them."""
        return sum(said.statement is None for said in self.said.values())

    def is_lot(self, chain: str) -> bool:
        """Tell whether a chain is known to be a lot's."""
        return self.names.get(chain, "").startswith("lot:")

    def replay(self) -> Replay:
        """Return an empty book for these contents."""
        return Replay(
            whole={self.names[chain] for chain in self.whole if chain in self.names},
            entries={entry: item.index for entry, item in self.by_hash.items()},
        )


def verify_entries(bundle: ProofBundle, checkpoint: Checkpoint) -> None:
    """Verify that every entry is of this ledger and stands in the tree at its index.

    Args:
        bundle: its entries are verified.
        checkpoint: verified before.

    Raises:
        EntryOfAnotherLedger, InclusionNotProven: at the entry that is not.
    """
    size, root = checkpoint.size, checkpoint.root
    for number, item in enumerate(bundle.entries):
        verify_origin(item, checkpoint.origin, number)
        try:
            verify_inclusion(item.leaf, index=item.index, size=size, proof=item.proof, root=root)
        except InclusionNotProven as error:
            raise placed(error, number) from None


def verify_origin(item: ProvenEntry, origin: str, number: int) -> None:
    """Verify that an entry is of this ledger.

    Raises:
        EntryOfAnotherLedger: it names another one.
    """
    if item.entry.ledger != origin:
        raise EntryOfAnotherLedger(item.entry.ledger, ledger=origin, at=at_entry(number))


def verify_inclusions(
    bundle: ProofBundle, checkpoint: Checkpoint, written: Sequence[msgspec.Raw], ahead: Ahead
) -> None:
    """Verify that every entry stands in the tree, where its proof was not read yet.

    Args:
        bundle: read without its proofs.
        checkpoint: verified before, and told to `ahead`.
        written: the proofs as they are written.
        ahead: what others have proven is not proven here, from the end: they come to meet it.

    Raises:
        InclusionNotProven: of an entry, not always the first.
    """
    together = Inclusions(size=checkpoint.size, root=checkpoint.root)
    for number in range(len(bundle.entries) - 1, -1, -1):
        item = bundle.entries[number]
        if not (ahead.has_begun and ahead.has_proven(number, item.leaf, item.index)):
            together.verify(item.leaf, index=item.index, proof=bytes(written[number]))


def understand(bundle: ProofBundle, origin: str) -> Contents:
    """Read every statement that is given; each must be the one its entry commits to.

    Raises:
        StatementNotOfEntry, NotForThisLedger, MalformedStatement and the like: at the entry.
    """
    names = {chain_handle(name, salt): name for name, salt in bundle.subjects.items()}
    said: dict[str, Said] = {}
    places: dict[str, Place] = {}
    chains: dict[str, list[ProvenEntry]] = {}
    for number, item in enumerate(bundle.entries):
        for chain in item.links:
            chains.setdefault(chain, []).append(item)
        places[item.hash] = _place(item, names)
        if item.statement is None:
            continue
        try:
            said[item.hash] = _said(item, item.statement, origin)
        except TraceabilityError as error:
            raise placed(error, number) from None
    return Contents(
        bundle=bundle,
        said=said,
        names=names,
        places=places,
        by_hash={item.hash: item for item in bundle.entries},
        chains=chains,
    )


def verify_signers(contents: Contents) -> tuple[int, ...]:
    """Verify that whoever signs had the right to, with a key that was good at the entry's index.

    Returns:
        Indices of disputed statements: signed with a key that was later said to be distrusted
        from an index at or before theirs. They are listed, not refused.

    Raises:
        KeyHistoryWithheld: a statement about keys is not shown, so no key can be judged.
        TraceabilityError: at the entry whose signer had no right to it.
    """
    replay = contents.replay()
    for number, item in enumerate(contents.bundle.entries):
        said = contents.said.get(item.hash)
        try:
            key = _authorized(replay, said, item, contents.places[item.hash])
        except TraceabilityError as error:
            raise placed(error, number) from None
        if said is not None and key is not None:
            contents.signers.append((number, said, key))
    return _disputed(contents)


def verify_signatures(contents: Contents, ahead: Ahead | None = None) -> None:
    """Verify, strictly, that the statements are signed by their signers.

    Args:
        contents: its signers are verified.
        ahead: where others work on it, only what they have not vouched for is verified here, from
            the end, so that this process and they meet.

    Raises:
        InvalidSignature: at the entry; with `ahead` not always the first.
    """
    signers = contents.signers
    if ahead is None or not ahead.has_begun:
        _verify_signed(signers, threads=None)
        return
    for end in range(len(signers), 0, -_GLANCE):
        left = [
            signer
            for signer in signers[max(0, end - _GLANCE) : end]
            if not ahead.has_vouched(signer[0], signer[1].digest)
        ]
        _verify_signed(left, threads=1)


def _verify_signed(signers: Sequence[Signer], *, threads: int | None) -> None:
    items = [(key, said.jws.signing_input, said.jws.signature) for _, said, key in signers]
    answers = verify_many(items, threads=threads)
    for (number, said, _), is_valid in zip(signers, answers, strict=True):
        if not is_valid:
            raise placed(InvalidSignature(kid=said.jws.kid), number)


def verify_balances(contents: Contents) -> Replay:
    """Replay every open statement in log order, as the ledger decided on it.

    Raises:
        TraceabilityError: the rule that does not hold, at the entry.
    """
    replay = contents.replay()
    for number, item in enumerate(contents.bundle.entries):
        said, place = contents.said.get(item.hash), contents.places[item.hash]
        try:
            if said is None or said.statement is None:
                replay.skip(place)
            else:
                replay.take(said.statement, place)
        except TraceabilityError as error:
            raise placed(error, number) from None
    return replay


def verify_disclosures(contents: Contents) -> int:
    """Verify that disclosed values are those that were hidden, and missing texts were erased.

    Returns:
        The number of disclosed values.

    Raises:
        DisclosureUnused, DisclosureMalformed, NotErased: at the entry.
    """
    by_index = {item.index: item for item in contents.bundle.entries}
    for number, item in enumerate(contents.bundle.entries):
        said = contents.said.get(item.hash)
        if said is not None and said.fault is not None:
            raise placed(said.fault, number)
        if item.erased_at is None:
            continue
        named = by_index.get(item.erased_at)
        erasure = contents.said.get(named.hash) if named else None
        body = erasure.statement.body if erasure and erasure.statement else None
        if not isinstance(body, registry.Erasure) or body.entry != item.hash:
            raise NotErased(
                f"No erasure at index {item.erased_at} names this entry.", at=at_entry(number)
            )
    return sum(len(item.disclosures) for item in contents.bundle.entries)


def at_entry(number: int) -> str:
    """Return the place of an entry in the file; `number` counts from 0."""
    return f"$.entries[{number}]"


def placed(error: TraceabilityError, number: int) -> TraceabilityError:
    """Return the error with its place in the file."""
    at = at_entry(number)
    error.at = f"{at}.statement {error.at}" if error.at else at
    return error


# ── statements ────────────────────────────────────────────────────────────────────────────


def _place(item: ProvenEntry, names: Mapping[str, str]) -> Place:
    """Return where an entry stands, by the names of the chains that are known."""
    named = {names[chain]: before for chain, before in item.links.items() if chain in names}
    return Place(
        index=item.index,
        entry=item.hash,
        kind=item.entry.kind,
        links=named,
        unnamed=len(item.links) - len(named),
        lots=tuple([(n[4:], before) for n, before in named.items() if n.startswith("lot:")]),
    )


def _said(item: ProvenEntry, raw: bytes, origin: str) -> Said:
    digest = sha256(raw)
    if digest.hexdigest() != item.entry.statement:
        raise StatementNotOfEntry("The statement is not the one that the entry commits to.")
    said = _understood(item, raw, digest.digest(), origin)
    if said.kind != item.entry.kind:
        raise StatementNotOfEntry(f"The statement is {said.kind}, the entry {item.entry.kind}.")
    return said


def _understood(item: ProvenEntry, raw: bytes, digest: bytes, origin: str) -> Said:
    fault: TraceabilityError | None = None
    try:
        statement = parse_statement(
            raw, kinds=KINDS, ledger=origin, disclosures=item.disclosures, digest=digest
        )
    except UndisclosedValue:
        pass  # it may stay hidden; that what is disclosed fits was looked at first
    except _ABOUT_DISCLOSURES as error:
        fault = error
    else:
        return Said(
            item=item,
            digest=digest,
            jws=statement.jws,
            author=statement.author,
            kind=statement.kind,
            statement=statement,
            brings=closure.brought_by(statement),  # while all of it is at hand
        )
    jws = parse_jws(raw, typ=STATEMENT_TYPE)
    document = parse_json(jws.payload, limit=MAX_STATEMENT)
    ledger, author, kind = (str(document.get(name)) for name in ("ledger", "author", "kind"))
    if ledger != origin:
        raise NotForThisLedger(named=ledger, ledger=origin)
    return Said(
        item=item, digest=digest, jws=jws, author=author, kind=kind, statement=None, fault=fault
    )


def _authorized(replay: Replay, said: Said | None, item: ProvenEntry, place: Place) -> bytes | None:
    """Return the public key with which an entry's statement must be signed."""
    if said is None:
        _require_key_history(item, place)
        replay.skip(place)
        return None
    if item.index == 0 and said.statement is not None:
        replay.take(said.statement, place)  # the genesis brings the key that signed it
    key = authorize(kid=said.jws.kid, author=said.author, kind=said.kind, book=replay.book)
    if item.index > 0 and said.statement is not None and said.kind.startswith("registry."):
        replay.take(said.statement, place)
    return key.public


def _require_key_history(item: ProvenEntry, place: Place) -> None:
    if item.entry.kind not in closure.KEY_KINDS or item.erased_at is not None:
        return
    held = [name for name in place.links if name.startswith("organization:")]
    if held:
        raise KeyHistoryWithheld(held[0].removeprefix("organization:"), at="")


def _disputed(contents: Contents) -> tuple[int, ...]:
    distrusted: dict[str, tuple[int, int]] = {}
    for item in contents.bundle.entries:
        if item.entry.kind != "registry.key_revocation":
            continue
        said = contents.said.get(item.hash)
        body = said.statement.body if said and said.statement else None
        if isinstance(body, registry.KeyRevocation) and body.distrusted_from is not None:
            distrusted[body.kid] = (body.distrusted_from, item.index)
    if not distrusted:
        return ()
    disputed = []
    for said in contents.said.values():
        first, end = distrusted.get(said.jws.kid, (0, 0))
        if first <= said.item.index < end:
            disputed.append(said.item.index)
    return tuple(sorted(disputed))
