"""Putting a story into a ledger: through the write path, or the same rows by COPY.

By COPY the very functions of the write path run (parse, decide, seal, rows, tiles), only that
the book is kept in memory from one batch to the next instead of being read back, and rows are
copied instead of inserted. Signatures, hashes, chains, movements and tiles are real: `verify_log`
passes on what this wrote. It is for ledgers too large to wait for, and needs one of its own.
"""

import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from typing import Any
from uuid import UUID

import topology
from topology import Claim

BATCH = 1_000
RECEIVED = datetime(2026, 10, 1, 12, tzinfo=UTC)
Signed = tuple[bytes, tuple[str, ...]]  # a statement, and what nobody will speak of again


def key_of(seed: int, organization: str) -> Any:
    """Return the key of a company of this story."""
    from traceability.ledger.keys import PrivateKey

    return PrivateKey(seed=sha256(f"{seed}/{organization}".encode()).digest())


def register(seed: int, networks: int) -> None:
    """Record the companies of a story with their keys and sites, through the write path."""
    from common import record_all

    from traceability.registering import enrolment, record_as_service, statement_document

    companies = {
        name: types
        for number in range(networks)
        for name, types in topology.Network(number=number, seed=seed).organizations().items()
    }
    record_as_service(
        [
            statement_document(
                kind="registry.organization",
                author="operator",
                effective="2024-01-01",
                body={
                    "organization": name,
                    "name": name,
                    "country": "CA",
                    "roles": ["company"],
                    "key": enrolment(key_of(seed, name), name, held_by="organization"),
                },
            )
            for name in companies
        ]
    )
    sites = [
        Claim(
            name,
            "registry.facility",
            "2024-01-01",
            {
                "facility": f"{name}:site",
                "name": name,
                "types": types,
                "country": "CA",
                "operator": {"organization": name},
            },
            (),
        )
        for name, types in companies.items()
    ]
    record_all([jws for jws, _ in signed(seed, sites, first=-len(sites))])


# ── signing, in processes of their own ────────────────────────────────────────────────────


def signed(
    seed: int, claims: Iterable[Claim], *, first: int = 0, processes: int = 1
) -> Iterator[Signed]:
    """Yield claims as signed statements, in order; ids follow from seed and place."""
    from django.conf import settings

    chunks = _chunks(claims, first, seed, settings.LEDGER_ORIGIN)
    if processes < 2:
        for chunk in chunks:
            yield from _sign(chunk)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        waiting: deque[Any] = deque()
        for chunk in chunks:
            waiting.append(pool.apply_async(_sign, (chunk,)))
            if len(waiting) > 2 * processes:  # `imap` would sign everything at once
                yield from waiting.popleft().get()
        for done in waiting:
            yield from done.get()


Chunk = tuple[int, str, int, list[Claim]]


def _chunks(claims: Iterable[Claim], first: int, seed: int, origin: str) -> Iterator[Chunk]:
    remaining = iter(claims)
    while chunk := list(islice(remaining, BATCH)):
        yield seed, origin, first, chunk
        first += len(chunk)


def _sign(work: Chunk) -> list[Signed]:
    from traceability.ledger.canonical import canonical
    from traceability.ledger.signing import STATEMENT_TYPE, sign_jws

    seed, origin, first, claims = work
    keys: dict[str, Any] = {}
    told = []
    for number, claim in enumerate(claims, first):
        if claim.author not in keys:
            keys[claim.author] = key_of(seed, claim.author)
        document = {
            "author": claim.author,
            "body": claim.body,
            "effective": claim.effective,
            "evidence": [
                {"sha256": "ab" * 32, "title": "weighbridge ticket", "media_type": "text/plain"}
            ],
            "id": str(UUID(bytes=sha256(f"{seed}/{number}".encode()).digest()[:16], version=4)),
            "kind": claim.kind,
            "ledger": origin,
            "schema": 1,
        }
        jws = sign_jws(canonical(document), keys[claim.author], typ=STATEMENT_TYPE)
        told.append((jws, claim.ends))
    return told


# ── two ways in ───────────────────────────────────────────────────────────────────────────


def record(statements: Iterable[Signed]) -> None:
    """Record statements batch by batch, through the write path, and publish them."""
    from traceability.publishing import publish_checkpoint
    from traceability.recording import Submission, record_statements

    remaining = iter(statements)
    while batch := list(islice(remaining, BATCH)):
        for outcome in record_statements([Submission(jws=jws) for jws, _ in batch], now=RECEIVED):
            if outcome.error is not None:
                raise outcome.error
    publish_checkpoint()


def copy(statements: Iterable[Signed]) -> None:
    """Copy statements batch by batch into a ledger that nobody else writes to; publish them."""
    from traceability.publishing import publish_checkpoint

    publish_checkpoint()
    loader = Loader()
    remaining = iter(statements)
    while batch := list(islice(remaining, BATCH)):
        loader.add(batch)
    loader.finish()
    publish_checkpoint()


class Loader:
    """The book and the chains of a ledger, kept in memory as long as somebody speaks of them."""

    def __init__(self) -> None:
        import psycopg
        from django.db import connection, transaction

        from traceability import holding

        with transaction.atomic():
            self.held = holding.hold(_everybody(), [])
        self.resume()
        connection.ensure_connection()
        self.connection: psycopg.Connection[Any] = connection.connection

    def resume(self) -> None:
        """Go on where the ledger stands now, whoever wrote to it since `pause`."""
        from traceability.models import Entry
        from traceability.tracing import log_state

        self.state = log_state()
        self.edge = [bytes.fromhex(part) for part in self.state.edge]
        newest = Entry.objects.order_by("-recorded_order").values_list("recorded_order", flat=True)
        self.order = newest[0]

    def pause(self) -> None:
        """Let the ledger be used; lots that are spoken of again have no row of their own yet."""
        from django.db import connections

        self.state.edge = [part.hex() for part in self.edge]
        self.state.save()
        with connections["owner"].cursor() as cursor:  # the application may only draw from it
            cursor.execute("SELECT setval('recorded_order', %s)", [self.order])

    def add(self, batch: Sequence[Signed]) -> None:
        """Decide on statements in order, as recording does, and copy what came of it."""
        from django.conf import settings

        from traceability.ledger.decision import decide
        from traceability.ledger.entries import utc_text
        from traceability.ledger.statements import parse_statement
        from traceability.recording import known_kinds

        kinds, received_at = known_kinds(), utc_text(RECEIVED)
        ended: set[str] = set()
        for jws, ends in batch:
            statement = parse_statement(jws, kinds=kinds, ledger=settings.LEDGER_ORIGIN)
            self.held.seal(statement, decide(statement, self.held.book), received_at)
            ended.update(ends)
        self._copy_entries()
        self._copy_ended(ended)
        self.held.sealed.clear()
        self.held.known.clear()
        self.held.book.statements.clear()

    def finish(self) -> None:
        """Copy the state of all that is left."""
        self._copy_ended({*self.held.book.lots, *self.held.book.consignments})
        self.pause()

    def _copy_entries(self) -> None:
        from traceability import rows

        first = self.order + 1
        sealed = list(enumerate(self.held.sealed, first))
        self.order += len(sealed)
        self._copy(
            "entry",
            ("recorded_order", "body", *rows.ENTRY),
            [(order, one.entry.body.decode(), *rows.entry_row(one)) for order, one in sealed],
        )
        self._copy(
            "statementtext",
            ("recorded_order", "jws", "disclosures"),
            [(order, one.statement.raw.decode(), "[]") for order, one in sealed],
        )
        self._copy(
            "entrysubject",
            ("recorded_order", "subject", "previous"),
            [(order, *link) for order, one in sealed for link in one.entry.previous.items()],
        )
        self._copy(
            "movement",
            ("recorded_order", *rows.MOVEMENT),
            [
                (order, *rows.movement_row(ordinal, movement))
                for order, one in sealed
                for ordinal, movement in enumerate(one.effects.movements)
            ],
        )
        self._sequence(
            [order for order, _ in sealed], [bytes.fromhex(one.entry.hash) for _, one in sealed]
        )

    def _sequence(self, orders: Sequence[int], leaves: Sequence[bytes]) -> None:
        """Give entries their place in the log and extend its tiles, as the sequencer does."""
        from traceability.ledger.tiles import extend_tiles, frontier_from_edge

        state = self.state
        growth = extend_tiles(state.size, self.edge, leaves)
        places = [(state.size + place, order) for place, order in enumerate(orders)]
        self._copy("logindex", ("index", "recorded_order"), places)
        tiles = [(tile.level, tile.index, hashes) for tile, hashes in growth.full_tiles]
        self._copy("tile", ("level", "index", "hashes"), tiles)
        self.edge = list(growth.edge)
        state.size += len(leaves)
        state.root = frontier_from_edge(state.size, self.edge).root().hex()

    def _copy_ended(self, names: set[str]) -> None:
        """Copy the last state of lots and consignments and forget them."""
        from traceability import rows

        book, subjects = self.held.book, self.held.subjects
        lots, others = [], []
        for name in sorted(names):
            if name in book.consignments:
                told, chain = rows.json_text(rows.state_in(book, name)), subjects.pop(name)
                others.append((name, chain.salt.hex(), chain.head, told))
                del book.consignments[name]
                continue
            lots.append((*rows.lot_row(book.lots.pop(name), subjects.pop(f"lot:{name}")), "0"))
        self._copy("lot", (*rows.LOT, "last_order"), lots)
        self._copy("subject", ("id", "salt", "head", "state"), others)

    def _copy(self, table: str, columns: Sequence[str], lines: Sequence[tuple[Any, ...]]) -> None:
        if not lines:
            return
        into = f"COPY traceability_{table} ({', '.join(columns)}) FROM STDIN"
        with self.connection.cursor() as cursor, cursor.copy(into) as copied:
            for line in lines:
                copied.write_row(line)


def _everybody() -> Any:
    """Return the ids of all keys, facilities and organizations."""
    from traceability.ledger.needs import Needs
    from traceability.models import Facility, Key, Organization

    return Needs(
        kids=set(Key.objects.values_list("kid", flat=True)),
        facilities=set(Facility.objects.values_list("id", flat=True)),
        organizations=set(Organization.objects.values_list("id", flat=True)),
    )
