"""The only writer of the ledger: statements become entries, or are refused with a reason."""

import random
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib import import_module
from typing import Any
from weakref import WeakSet

from django.conf import settings
from django.db import Error, connection, transaction
from django.utils import timezone
from psycopg import errors as database_errors

from traceability import guarding, holding, rows, wire
from traceability.circling import check_no_circle, closes
from traceability.errors import (
    BatchNotRecorded,
    GenesisMisplaced,
    IdReused,
    InvalidSignature,
    NotSubmittedByAuthor,
    StreamOutOfStep,
    TimeInTheFuture,
    TooBusy,
    TraceabilityError,
    UnknownKey,
    WrongAuthor,
)
from traceability.gathering import Gathering
from traceability.keeping import log_verifier
from traceability.ledger import events
from traceability.ledger.book import Effects
from traceability.ledger.decision import decide, decide_genesis
from traceability.ledger.effective import parse_effective
from traceability.ledger.entries import utc_text
from traceability.ledger.needs import Needs, new_keys
from traceability.ledger.shapes import prepare_shapes
from traceability.ledger.signing import verify_many
from traceability.ledger.statements import Kind, Kinds, Statement, in_replacement, parse_statement
from traceability.mirroring import is_mirrored, mirror
from traceability.models import Entry, Key, Rejection
from traceability.outcomes import Outcome, Submission, signing_meanwhile

_RETRIED = (
    database_errors.DeadlockDetected,
    database_errors.SerializationFailure,
    database_errors.UniqueViolation,
    wire.ConnectionStale,
)
_TRIES = 12
_ONE_GENESIS = 0x67656E  # advisory lock

__all__ = ["Outcome", "Submission", "known_kinds", "record_statements"]


@dataclass(slots=True)
class _Item:
    """A statement that was understood, on its way to an outcome."""

    outcome: Outcome
    statement: Statement


def record_statements(
    submissions: Sequence[Submission],
    *,
    submitted_by: str | None = None,
    atomic: bool = False,
    receipts: bool = False,
    now: datetime | None = None,
) -> list[Outcome]:
    """Append statements to the ledger, in the order given, and move the mass of their lots.

    Locks only what the statements touch, always in the same order (key, stream, subjects,
    lots), so balances are race-free and unrelated companies never wait for each other. The
    order is drawn after the last read: whatever a statement relied on is sequenced before
    it (ADR 0003).

    Args:
        submissions: one, or a batch; later items see what earlier ones did.
        submitted_by: the organization whose credentials came with them; None for the
            service's own work.
        atomic: record all or none.
        receipts: they will be asked for, so that those of a large batch are signed in time.
        now: the time of recording; the clock's where not given.

    Returns:
        One outcome per submission: recorded with receipt, duplicate with the first receipt,
        or rejected with the error. Without `atomic` one rejection does not stop the others.
    """
    moment = now or timezone.now()
    outcomes = [Outcome(submission=submission) for submission in submissions]
    items = _verified(_understood(outcomes, submitted_by))
    is_to_be_tried = bool(items) and not (atomic and len(items) < len(outcomes))
    is_single = len(submissions) == 1 and now is None
    if is_to_be_tried and not (is_single and _record_in_company(items[0])):
        _record_with_retries(items, now=moment, atomic=atomic, receipts=receipts)
        # From here the statements are recorded; sequencing will find them.

    if atomic and any(outcome.error for outcome in outcomes):
        for outcome in outcomes:
            outcome.error = outcome.error or BatchNotRecorded()
    _keep_rejections(outcomes, submitted_by, moment)
    return outcomes


@lru_cache(maxsize=1)
def known_kinds() -> Kinds:
    """Return every kind of statement that `STATEMENT_KINDS` names, by kind."""
    kinds: dict[str, Kind] = {}
    for name, path in settings.STATEMENT_KINDS.items():
        module, _, table = path.rpartition(".")
        kinds[name] = getattr(import_module(module), table)[name]
    prepare_shapes()
    return kinds


# ── before the database is touched ────────────────────────────────────────────────────────


def _understood(outcomes: Sequence[Outcome], submitted_by: str | None) -> list[_Item]:
    """Parse every statement; what cannot be understood is rejected."""
    kinds = known_kinds()
    items = []
    for outcome in outcomes:
        try:
            statement = parse_statement(
                outcome.submission.jws,
                kinds=kinds,
                ledger=settings.LEDGER_ORIGIN,
                disclosures=outcome.submission.disclosures,
            )
            outcome.statement = statement
            if submitted_by is not None and statement.author != submitted_by:
                raise NotSubmittedByAuthor(author=statement.author)
        except TraceabilityError as error:
            outcome.error = error
        else:
            items.append(_Item(outcome, statement))
    return items


def _verified(items: Sequence[_Item]) -> list[_Item]:
    """Check every signature before any lock is taken: a stranger can hold nothing up."""
    publics = _public_keys([item.statement for item in items])
    for item in items:
        if item.statement.kid not in publics:
            item.outcome.error = UnknownKey(item.statement.kid)
    signed = [item for item in items if item.outcome.error is None]
    answers = verify_many(
        [
            (publics[jws.kid], jws.signing_input, jws.signature)
            for jws in (item.statement.jws for item in signed)
        ]
    )
    for item, is_valid in zip(signed, answers, strict=True):
        if not is_valid:
            item.outcome.error = InvalidSignature(kid=item.statement.kid)
    return [item for item in signed if item.outcome.error is None]


_PUBLIC_KEYS: dict[str, bytes] = {}
"""Public keys by thumbprint. The thumbprint is the key's own hash: this never goes stale."""


def _public_keys(statements: Sequence[Statement]) -> Mapping[str, bytes]:
    """Return the public keys the statements name: enrolled ones, and those they bring."""
    missing = {s.kid for s in statements} - _PUBLIC_KEYS.keys()
    if not missing:
        return _PUBLIC_KEYS
    if len(_PUBLIC_KEYS) > 50_000:
        _PUBLIC_KEYS.clear()
    found = Key.objects.filter(kid__in={s.kid for s in statements})
    _PUBLIC_KEYS.update({key.kid: bytes(key.public) for key in found})
    brought = {key.kid: key.raw for statement in statements for key in new_keys(statement)}
    return {**brought, **_PUBLIC_KEYS}


# ── one transaction ───────────────────────────────────────────────────────────────────────


def _record_in_company(item: _Item) -> bool:
    """Record a statement in one transaction with those that arrive with it; tell if it is.

    Statements share a transaction only where no lock keeps one of them, so that companies still
    never wait for each other.
    """
    return not connection.in_atomic_block and _TOGETHER.do(item)


def _record_gathered(items: Sequence[_Item]) -> None:
    _trust_connection()
    _record(items, now=timezone.now(), atomic=False, patience=_PATIENCE)


_PATIENCE = "20ms"
_TOGETHER = Gathering(_record_gathered)


def _record_with_retries(
    items: Sequence[_Item], *, now: datetime, atomic: bool, receipts: bool
) -> None:
    """Run the transaction again after a collision: deadlocks are retried, never shown.

    So is the first message on a connection that died since its last use: nothing was sent.
    """
    _trust_connection()
    for attempt in range(_TRIES):
        for item in items:
            item.outcome.error, item.outcome.known = None, None
        try:
            _record(items, now=now, atomic=atomic, receipts=receipts)
        except (*_RETRIED, Error) as error:
            if not isinstance(error, _RETRIED) and not isinstance(error.__cause__, _RETRIED):
                raise
            time.sleep(random.uniform(0, 0.002 * 2**attempt))  # noqa: S311 - only a pause
        except _Refused:
            return
        else:
            return
    for item in items:
        item.outcome.error, item.outcome.known = TooBusy(), None


class _Refused(Exception):
    """An atomic batch holds a refused item: the transaction is rolled back."""


@transaction.atomic(durable=True)
def _record(
    items: Sequence[_Item],
    *,
    now: datetime,
    atomic: bool,
    receipts: bool = False,
    patience: str | None = None,
) -> None:
    _verify_guard_once()
    needs = Needs()
    for item in items:
        needs.add(item.statement)
    ids = [(item.statement.author, item.statement.envelope.id) for item in items]
    held = holding.hold(needs, ids, patience=patience)

    received_at = utc_text(now)
    with held:
        for item in items:
            try:
                item.outcome.known = _record_one(item, held, now, received_at)
            except TraceabilityError as error:
                item.outcome.error = error
                if atomic:
                    raise _Refused from error
        mirrored = any(is_mirrored(sealed.statement) for sealed in held.sealed)
        to_sign = [item.outcome for item in items] if receipts and held.copying else []
        with signing_meanwhile(to_sign) if to_sign else nullcontext():
            orders = held.write(commit=not mirrored)
    if mirrored:
        for sealed, order in zip(held.sealed, orders, strict=True):
            mirror(sealed.statement, order, sealed.entry.hash)


def _record_one(item: _Item, held: holding.Held, now: datetime, received_at: str) -> rows.Known:
    """Decide on one statement; ids are looked up first, for their author only."""
    statement = item.statement
    key = held.book.keys.get(statement.kid)
    if key is None and statement.kind != "registry.genesis":
        raise UnknownKey(statement.kid)  # it brings its key, and proves nothing about its author
    if key is not None and key.organization != statement.author:
        raise WrongAuthor(author=statement.author)
    place = (statement.author, statement.envelope.id)
    first = held.known.get(place) if key is not None else None
    item.outcome.is_duplicate = first is not None
    if first is not None:
        if first.payload_digest != statement.payload_digest.hex():
            raise IdReused(statement.id, entry=first.entry)
        return first
    _check_time(statement, now)
    held.check_stream(statement)
    return held.seal(statement, _decided(statement, held), received_at)


def _check_time(statement: Statement, now: datetime) -> None:
    """Refuse what has not happened yet, also where a correction says so."""
    if statement.effective.is_ahead_of(now):
        raise TimeInTheFuture(statement.envelope.effective)
    times = statement.of_kind.times
    for text, at in times(statement.body) if times else ():
        if parse_effective(text).is_ahead_of(now):
            raise TimeInTheFuture(text, at=at)
    if isinstance(statement.body, events.Correction):
        text = statement.body.replacement.effective
        at = "$.body.replacement.effective"
        with in_replacement():
            effective = parse_effective(text)
        if effective.is_ahead_of(now):
            raise TimeInTheFuture(text, at=at)


def _decided(statement: Statement, held: holding.Held) -> Effects:
    if statement.kind == "custody.correction":
        return _corrected(statement, held)
    if statement.kind != "registry.genesis":
        return decide(statement, held.book)
    held.pause()
    with connection.cursor() as cursor:  # two at once would not see each other
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_GENESIS])
    if held.sealed or Entry.objects.exists():
        return decide(statement, held.book)
    effects = decide_genesis(statement)
    if statement.body.log_vkey != log_verifier().vkey:
        raise GenesisMisplaced("The genesis names another log key than this ledger's.")
    return effects


def _corrected(statement: Statement, held: holding.Held) -> Effects:
    """Decide on a correction, which alone could make a lot of what came of it."""
    effects = decide(statement, held.book)
    added, made = closes(effects, held.book.statements[effects.replaces or ""])
    if added and made:
        held.pause()
        check_no_circle(added, made, [sealed.effects for sealed in held.sealed])
    return effects


_GUARD_VERIFIED_FOR: WeakSet[Any] = WeakSet()
"""Connections over which database and guard were compared; every thread has one."""


def _trust_connection() -> None:
    """Let the first call find out whether a connection that recorded before still works.

    Another one is first asked something else, and asked whether it works before that.
    """
    if connection.connection in _GUARD_VERIFIED_FOR:
        wire.trust_connection()


def _verify_guard_once() -> None:
    """Compare database and guard once per connection: a restore ends every connection."""
    connected = wire.connected()
    if connected not in _GUARD_VERIFIED_FOR:
        guarding.verify_guard()
        _GUARD_VERIFIED_FOR.add(connected)


# ── afterwards ────────────────────────────────────────────────────────────────────────────


def _keep_rejections(outcomes: Sequence[Outcome], submitted_by: str | None, now: datetime) -> None:
    """Keep what was refused for whoever proved to be its sender, never for a claimed name."""
    refused = [outcome for outcome in outcomes if outcome.error is not None]
    kept = [row for outcome in refused if (row := _rejection(outcome, submitted_by, now))]
    if kept:
        Rejection.objects.bulk_create(kept)


def _rejection(outcome: Outcome, submitted_by: str | None, now: datetime) -> Rejection | None:
    error, statement = outcome.error, outcome.statement
    if error is None:
        return None
    is_proven = statement is not None and not (
        statement.kind == "registry.genesis"  # signed with whatever key it brings
        or isinstance(error, InvalidSignature | UnknownKey | WrongAuthor)
    )
    author = submitted_by or (statement.author if statement and is_proven else None)
    if author is None:
        return None
    is_evidence = isinstance(error, StreamOutOfStep)
    return Rejection(
        author=author,
        statement_id=statement.id if statement else "",
        kind=statement.kind if statement else "",
        received_at=now,
        code=error.code,
        problem=error.as_json(),
        jws=outcome.submission.jws.decode("ascii", "replace") if is_evidence else "",
    )
