"""What belongs to a lot's history: the rule by which a bundle is filled and then checked.

Chains are named by their handles, so that the rule works on blinded entries too:

- the lot's own chain, and that of every lot which an entry that may be read leads back to,
  whole, from its first entry to the last one published;
- from an entry that may not be read back to the beginning of the chains it continues;
- an entry leads back to the other chains it names where a chain begins with it (a lot is made
  of others there) and where it is a correction (which may name other inputs);
- an entry that may be read brings the consignments, organizations and facilities it names;
  one whose text was erased brings the chain on which the erasure stands.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from msgspec import Struct

from traceability.ledger.needs import Needs
from traceability.ledger.statements import Statement

CORRECTION = "custody.correction"
KEY_KINDS = frozenset(
    {"registry.genesis", "registry.organization", "registry.key", "registry.key_revocation"}
)
"""Kinds that say whose a key is. In a bundle they are always open, else no key can be judged."""


class Hop(Struct, frozen=True, kw_only=True):
    """An entry as the closure sees it: what it continues, and what it brings."""

    hash: str
    kind: str
    links: Mapping[str, str | None]
    is_open: bool
    brings: frozenset[str] = frozenset()  # subject ids


class Archive(Protocol):
    """Where the hops of one log come from."""

    def prefetch(self, chains: Collection[str]) -> None:
        """Hear which chains will be asked for next."""

    def handle(self, subject: str) -> str | None:
        """Return the chain of a subject, or None where none is known."""

    def chain(self, chain: str) -> Sequence[Hop]:
        """Return every published entry of a chain, in order."""

    def hop(self, chain: str, entry: str) -> Hop:
        """Return the entry of a chain with this hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """The entries of a history by hash, and the chains that are in it from end to end."""

    entries: frozenset[str]
    whole: frozenset[str]


def closure_of(lot: str, archive: Archive) -> Closure:
    """Return everything that the history of a lot consists of."""
    whole: dict[str, bool] = {}  # chain: whether it is a lot's, made of others
    reached: set[_Step] = set()
    chains: dict[str, bool] = {}
    steps: set[_Step] = set()
    _need(chains, _handles([f"lot:{lot}"], archive), made=True)
    while chains or steps:
        archive.prefetch({*chains, *(chain for chain, _, _ in steps)})
        whole |= chains
        hops = [
            (chain, hop, made) for chain, made in chains.items() for hop in archive.chain(chain)
        ]
        hops += [(chain, archive.hop(chain, entry), made) for chain, entry, made in steps]
        found, steps = _followed(hops, reached, archive)
        chains = {c: made for c, made in found.items() if c not in whole or made > whole[c]}
    return Closure(entries=frozenset(entry for _, entry, _ in reached), whole=frozenset(whole))


def brought_by(statement: Statement) -> frozenset[str]:
    """Return the subjects whose chains are needed to judge a statement."""
    needs = Needs()
    needs.add_named(statement)
    consignments = [name for name in statement.subjects if name.startswith("consignment:")]
    named = _named(frozenset(needs.organizations), frozenset(needs.facilities))
    return named.union(consignments) if consignments else named


@lru_cache(maxsize=1024)
def _named(organizations: frozenset[str], facilities: frozenset[str]) -> frozenset[str]:
    """Return subjects by name: statement after statement names the same, kept once."""
    return frozenset(
        [
            *[f"organization:{name}" for name in organizations],
            *[f"facility:{name}" for name in facilities],
        ]
    )


def brought_by_hidden(named: Iterable[str]) -> frozenset[str]:
    """Return what a statement that keeps values hidden may need, of the subjects named."""
    kinds = ("organization:", "facility:", "consignment:")
    return frozenset(name for name in named if name.startswith(kinds))


def brought_by_erasure(entry: str) -> frozenset[str]:
    """Return the subject on whose chain the erasure of an entry stands."""
    return frozenset({f"statement:{entry}"})


_Step = tuple[str, str, bool]
"""An entry reached on a chain: the chain, the entry, whether the chain is a lot's."""


def _followed(
    hops: Iterable[tuple[str, Hop, bool]], reached: set[_Step], archive: Archive
) -> tuple[dict[str, bool], set[_Step]]:
    """Return the chains that are needed whole, and the entries that are needed, one step on."""
    chains: dict[str, bool] = {}
    back: set[_Step] = set()
    brought: set[str] = set()
    for chain, hop, made in hops:
        step = (chain, hop.hash, made)
        if step in reached:
            continue
        reached.add(step)
        brought |= hop.brings
        begins = hop.links[chain] is None or hop.kind == CORRECTION
        named = list(hop.links) if made and begins else [chain]
        if hop.is_open:
            _need(chains, named, made=made)
            continue
        for link in named:
            before = hop.links[link]
            if before is not None:
                back.add((link, before, made))
    _need(chains, _handles(brought, archive), made=False)
    return chains, back


def _need(chains: dict[str, bool], named: Iterable[str], *, made: bool) -> None:
    for chain in named:
        chains[chain] = made or chains.get(chain, False)


def _handles(subjects: Iterable[str], archive: Archive) -> list[str]:
    return [chain for subject in subjects if (chain := archive.handle(subject)) is not None]
