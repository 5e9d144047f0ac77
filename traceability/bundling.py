"""Building proof bundles: a lot's history against one checkpoint, for one reader."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings

from traceability import seeing
from traceability.chronicling import recorded_statement
from traceability.errors import NotPublishedYet, OutsideTheTree, UnknownLot
from traceability.keeping import log_verifier
from traceability.ledger import closure
from traceability.ledger.bundle import (
    EarlierCheckpoint,
    ProofBundle,
    format_bundle,
    proven_entry,
)
from traceability.ledger.checkpoint import open_checkpoint
from traceability.ledger.entries import chain_handle, parse_entry
from traceability.ledger.statements import Statement
from traceability.ledger.tiles import consistency_proof_from_tiles, inclusion_proofs_from_tiles
from traceability.models import (
    Checkpoint,
    Entry,
    EntrySubject,
    LogIndex,
    Lot,
    StatementText,
    Subject,
)
from traceability.tracing import log_state, tile_reader

_AT_ONCE = 2_000  # entries read in one query


def build_bundle(
    lot_id: str, *, reader: str | None, since: Sequence[str] = (), on: date | None = None
) -> bytes:
    """Return the bundle that proves a lot's history to one reader.

    Args:
        lot_id: the lot.
        reader: the organization it is made for; None for all there is, which is for the
            operator and for an auditor whom every owner granted it.
        since: signed checkpoints that the reader holds already; the bundle shows that its
            own continues them.
        on: the day on which the reader's rights are looked at; today's where not given.

    Raises:
        UnknownLot: there is none, or the reader may not see it.
        NotPublishedYet: no checkpoint commits to the lot yet.
        TraceabilityError: a note in `since` is not a checkpoint of this log.
    """
    if reader is not None:
        seeing.lot_seen_by(lot_id, reader, on=on)
    lot = Lot.objects.filter(id=lot_id).first()
    if lot is None:
        raise UnknownLot(lot_id, at="")
    checkpoint = Checkpoint.objects.order_by("-size").first()
    if checkpoint is None:
        raise NotPublishedYet(lot_id)

    shelf = _Shelf(size=checkpoint.size, reader=reader, on=on)
    found = closure.closure_of(lot_id, shelf)
    if not found.entries:
        raise NotPublishedYet(lot_id)
    rows = sorted((shelf.rows[entry] for entry in found.entries), key=lambda row: row.index)

    read = tile_reader(log_state())
    proofs = inclusion_proofs_from_tiles([row.index for row in rows], checkpoint.size, read)
    bundle = ProofBundle(
        lot=lot_id,
        chain=chain_handle(f"lot:{lot_id}", bytes.fromhex(lot.salt)),
        checkpoint=checkpoint.note,
        entries=tuple(
            proven_entry(
                index=row.index,
                body=row.body.encode(),
                proof=proof,
                statement=row.text.jws.encode() if row.text else None,
                disclosures=row.text.disclosures if row.text else (),
                erased_at=row.erased_at,
            )
            for row, proof in zip(rows, proofs, strict=True)
        ),
        subjects=shelf.subjects_named(rows, lot_id),
        earlier=_earlier(since, checkpoint),
    )
    return format_bundle(bundle)


def _earlier(since: Sequence[str], checkpoint: Checkpoint) -> tuple[EarlierCheckpoint, ...]:
    read, log = tile_reader(log_state()), log_verifier()
    known: dict[int, EarlierCheckpoint] = {}
    for note in since:
        head = open_checkpoint(note, origin=settings.LEDGER_ORIGIN, verifiers=[log])
        if head.size > checkpoint.size:
            raise OutsideTheTree(
                f"The checkpoint of size {head.size} is newer than the bundle's.", size=head.size
            )
        proof = consistency_proof_from_tiles(head.size, checkpoint.size, read)
        known[head.size] = EarlierCheckpoint(note=note, proof=tuple(proof))
    return tuple(known[size] for size in sorted(known))


# ── the closure's archive, from rows ──────────────────────────────────────────────────────


@dataclass(slots=True, kw_only=True)
class _Row:
    """A published entry. `text` is there where the reader may read it."""

    order: int
    index: int
    hash: str
    body: str
    kind: str
    author: str
    subjects: tuple[str, ...]
    links: Mapping[str, str | None]
    text: StatementText | None = None
    statement: Statement | None = None
    erased_at: int | None = None

    def hop(self) -> closure.Hop:
        """Return the entry as the closure sees it."""
        brings: frozenset[str] = frozenset()
        if self.erased_at is not None:
            brings = closure.brought_by_erasure(self.hash)
        elif self.statement is not None:
            brings = closure.brought_by(self.statement)
        return closure.Hop(
            hash=self.hash,
            kind=self.kind,
            links=self.links,
            is_open=self.text is not None,
            brings=brings,
        )


class _Shelf:
    """Entries below a size as one reader may see them, read chain by chain and kept."""

    def __init__(self, *, size: int, reader: str | None, on: date | None) -> None:
        self.size = size
        self.reader = reader
        self.on = on
        self.rows: dict[str, _Row] = {}
        self._orders: dict[int, _Row] = {}
        self._hops: dict[str, closure.Hop] = {}
        self._chains: dict[str, list[_Row]] = {}
        self._salts: dict[str, bytes] = {}
        self._names: dict[str, str] = {}  # subject id by handle
        self._absent: set[str] = set()
        self._unjudged: dict[str, bool] = {}  # authors whose keys an erasure hides

    def prefetch(self, chains: Collection[str]) -> None:
        """Read these chains, as far as they are not at hand, in a few queries."""
        wanted = [self._names[chain] for chain in chains if chain not in self._chains]
        if not wanted:
            return
        placed: dict[str, list[int]] = {name: [] for name in wanted}
        links = EntrySubject.objects.filter(subject__in=wanted).order_by("recorded_order")
        for subject, order in links.values_list("subject", "recorded_order"):
            placed[subject].append(order)
        self._read({order for orders in placed.values() for order in orders})
        for name, orders in placed.items():
            chain = chain_handle(name, self._salts[name])
            self._chains[chain] = [self._orders[order] for order in orders if order in self._orders]

    def handle(self, subject: str) -> str | None:
        """Return the chain of a subject; None where there is no such subject."""
        self._learn_salts([subject])
        salt = self._salts.get(subject)
        return None if salt is None else chain_handle(subject, salt)

    def chain(self, chain: str) -> Sequence[closure.Hop]:
        """Return the published entries of a chain."""
        return [self._hop(row) for row in self._chains[chain]]

    def hop(self, chain: str, entry: str) -> closure.Hop:
        """Return an entry of a chain that was read."""
        return self._hop(self.rows[entry])

    def subjects_named(self, rows: Iterable[_Row], lot_id: str) -> dict[str, bytes]:
        """Return ids and salts of the chains that the reader may know by name."""
        named = {f"lot:{lot_id}"}
        for row in rows:
            hop = self._hop(row)
            named |= hop.brings
            if hop.is_open:
                named |= set(row.subjects)
        self._learn_salts(named)
        return {name: self._salts[name] for name in named if name in self._salts}

    def _hop(self, row: _Row) -> closure.Hop:
        hop = self._hops.get(row.hash)
        if hop is None:
            hop = self._hops[row.hash] = row.hop()
        return hop

    def _read(self, orders: set[int]) -> None:
        fresh = sorted(orders - self._orders.keys())
        for begin in range(0, len(fresh), _AT_ONCE):
            self._read_some(fresh[begin : begin + _AT_ONCE])

    def _read_some(self, orders: Sequence[int]) -> None:
        indices = dict(
            LogIndex.objects.filter(recorded_order__in=orders, index__lt=self.size).values_list(
                "recorded_order", "index"
            )
        )
        subjects: dict[int, list[str]] = {order: [] for order in indices}
        links = EntrySubject.objects.filter(recorded_order__in=list(indices))
        for order, subject in links.values_list("recorded_order", "subject"):
            subjects[order].append(subject)
        self._learn_salts({name for names in subjects.values() for name in names})
        rows = []
        for entry in Entry.objects.filter(recorded_order__in=list(indices)):
            row = _Row(
                order=entry.recorded_order,
                index=indices[entry.recorded_order],
                hash=entry.hash,
                body=entry.body,
                kind=entry.kind,
                author=entry.author,
                subjects=tuple(subjects[entry.recorded_order]),
                links={
                    link.chain: link.entry for link in parse_entry(entry.body.encode()).previous
                },
            )
            self.rows[row.hash] = self._orders[row.order] = row
            rows.append(row)
        self._open(rows)

    def _open(self, rows: Sequence[_Row]) -> None:
        """Give the entries their texts, where the reader may read them and they are there."""
        orders = [row.order for row in rows]
        texts = StatementText.objects.in_bulk(orders)
        readable = set(orders)
        if self.reader is not None:
            readable = seeing.readable_orders(self.reader, orders, on=self.on)
        for row in rows:
            text = texts.get(row.order)
            if text is None:
                row.erased_at = self._erased_at(row)
            elif self._is_open(row, readable):
                row.text = text
                row.statement = recorded_statement(text.jws, text.disclosures)
        self._learn_salts({name for row in rows for name in self._hop(row).brings})

    def _is_open(self, row: _Row, readable: set[int]) -> bool:
        if row.kind in closure.KEY_KINDS or row.kind == "registry.erasure":
            return True  # without them no key, and no missing text, could be judged
        is_part = row.kind.startswith("custody.") or row.kind == "registry.facility"
        return is_part and row.order in readable and not self._is_unjudged(row.author)

    def _is_unjudged(self, author: str) -> bool:
        """Tell whether a statement about an author's keys was erased: nothing can be judged."""
        known = self._unjudged.get(author)
        if known is None:
            told = EntrySubject.objects.filter(subject=f"organization:{author}")
            about_keys = Entry.objects.filter(
                recorded_order__in=told.values("recorded_order"), kind__in=closure.KEY_KINDS
            )
            texts = StatementText.objects.filter(
                recorded_order__in=about_keys.values("recorded_order")
            )
            known = self._unjudged[author] = about_keys.count() != texts.count()
        return known

    def _erased_at(self, row: _Row) -> int | None:
        """Return the log index of the erasure that removed a text, if it is published."""
        told = EntrySubject.objects.filter(subject=f"statement:{row.hash}")
        erasures = Entry.objects.filter(
            recorded_order__in=told.values("recorded_order"), kind="registry.erasure"
        )
        published = LogIndex.objects.filter(
            recorded_order__in=erasures.values("recorded_order"), index__lt=self.size
        )
        first = published.order_by("index").first()
        return None if first is None else first.index

    def _learn_salts(self, subjects: Iterable[str]) -> None:
        fresh = {name for name in subjects if name not in self._salts} - self._absent
        lots = [name.removeprefix("lot:") for name in fresh if name.startswith("lot:")]
        others = [name for name in fresh if not name.startswith("lot:")]
        if lots:
            for name, salt in Lot.objects.filter(id__in=lots).values_list("id", "salt"):
                self._learn(f"lot:{name}", salt)
        if others:
            for name, salt in Subject.objects.filter(id__in=others).values_list("id", "salt"):
                self._learn(name, salt)
        self._absent |= fresh - self._salts.keys()

    def _learn(self, subject: str, salt: str) -> None:
        self._salts[subject] = bytes.fromhex(salt)
        self._names[chain_handle(subject, self._salts[subject])] = subject
