"""Whether the chains of a bundle are whole: no gap, no fork, nothing missing, nothing added."""

from collections.abc import Collection, Iterable, Sequence

from traceability.errors import ChainBroken, EntryNotOfHistory, StreamOutOfStep
from traceability.ledger import closure
from traceability.ledger.bundle import ProvenEntry
from traceability.ledger.contents import Contents, Said, at_entry, placed
from traceability.ledger.statements import Statement


def verify_chains(contents: Contents) -> int:
    """Verify that the history is whole: no gap, no fork, nothing missing, nothing added.

    Returns:
        How many of the lots begin where the reader may not read.

    Raises:
        ChainBroken, EntryNotOfHistory, StreamOutOfStep: at the entry where it shows.
    """
    bundle = contents.bundle
    if contents.names.get(bundle.chain) != f"lot:{bundle.lot}":
        raise EntryNotOfHistory(f"The chain is not that of lot {bundle.lot}.", at="$.lot")
    found = closure.closure_of(bundle.lot, _Shelf(contents))
    contents.whole = found.whole
    for chain, items in contents.chains.items():
        _verify_chain(contents, chain, items)
    for number, item in enumerate(bundle.entries):
        if item.hash not in found.entries:
            raise EntryNotOfHistory(
                f"The entry {item.index} is no part of the history of {bundle.lot}.",
                at=at_entry(number),
            )
        _verify_subjects(contents, item, number)
    for chain, name in contents.names.items():
        if chain not in contents.chains:
            raise EntryNotOfHistory(f"No entry is on the chain of {name}.", at="$.subjects")
    _verify_streams(contents)
    firsts = [contents.chains[c][0] for c in found.whole if contents.is_lot(c)]
    return sum(item.hash not in contents.said for item in firsts)


class _Shelf:
    """The bundle as the archive of its own history: what is not in it is missing."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._handles = {name: chain for chain, name in contents.names.items()}
        self._hops: dict[str, closure.Hop] = {}

    def prefetch(self, chains: Collection[str]) -> None:
        """Everything is at hand."""

    def handle(self, subject: str) -> str | None:
        """Return the chain of a named subject."""
        return self._handles.get(subject)

    def chain(self, chain: str) -> Sequence[closure.Hop]:
        """Return the entries of a chain that are in the bundle."""
        return [self._hop(item) for item in self._contents.chains.get(chain, ())]

    def hop(self, chain: str, entry: str) -> closure.Hop:
        """Return an entry that another one continues.

        Raises:
            ChainBroken: it is not in the bundle, or not on that chain.
        """
        item = self._contents.by_hash.get(entry)
        if item is None or chain not in item.links:
            raise ChainBroken(f"The entry {entry} is missing.", entry=entry, chain=chain)
        return self._hop(item)

    def _hop(self, item: ProvenEntry) -> closure.Hop:
        known = self._hops.get(item.hash)
        if known is None:
            said = self._contents.said.get(item.hash)
            known = self._hops[item.hash] = closure.Hop(
                hash=item.hash,
                kind=item.entry.kind,
                links=item.links,
                is_open=said is not None,
                brings=_brings(item, said, self._handles),
            )
        return known


def _brings(item: ProvenEntry, said: Said | None, named: Iterable[str]) -> frozenset[str]:
    if item.erased_at is not None:
        return closure.brought_by_erasure(item.hash)
    if said is None:
        return frozenset()
    if said.statement is None:
        return closure.brought_by_hidden(named)
    return said.brings


def _verify_chain(contents: Contents, chain: str, items: Sequence[ProvenEntry]) -> None:
    last: str | None = None
    for item in items:
        before = item.links[chain]
        is_first = last is None
        is_gap = before != last and (
            chain in contents.whole
            or before in contents.by_hash
            or (before is None and not is_first)
        )
        if is_gap:
            raise ChainBroken(
                f"The entry {item.index} does not continue its chain where it stood.",
                at=at_entry(contents.bundle.entries.index(item)),
                chain=chain,
                index=item.index,
            )
        last = item.hash


def _verify_subjects(contents: Contents, item: ProvenEntry, number: int) -> None:
    """Every subject that a statement touches is named, and its chain is one of the entry's."""
    said = contents.said.get(item.hash)
    if said is None or said.statement is None:
        return
    place = contents.places[item.hash]
    missing = [name for name in said.statement.subjects if name not in place.links]
    if said.kind == "custody.receipt" and not place.lots:
        missing = [name for name in missing if name.startswith("consignment:")]
    if missing:
        raise ChainBroken(
            "The entry does not chain to what its statement touches.",
            at=at_entry(number),
            subjects=missing,
        )


def _verify_streams(contents: Contents) -> None:
    """Statements that their author chained follow each other; a fork is a fault of its author."""
    streams: dict[tuple[str, str], dict[int, Statement]] = {}
    for number, item in enumerate(contents.bundle.entries):
        said = contents.said.get(item.hash)
        if said is None or said.statement is None or said.statement.envelope.stream is None:
            continue
        place = said.statement.envelope.stream
        known = streams.setdefault((said.author, place.id), {})
        before = known.get(place.seq - 1)
        follows = before is None or place.prev == before.digest.hex()
        if not follows or any(seq >= place.seq for seq in known):
            head = before.digest.hex() if before else ""
            raise placed(StreamOutOfStep(place.id, next_seq=max(known) + 1, head=head), number)
        known[place.seq] = said.statement
