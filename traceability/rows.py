"""Rows of the write path, from and to core values; nothing here talks to the database."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import orjson
from msgspec import Struct

from traceability import wire
from traceability.ledger import events
from traceability.ledger.book import (
    Book,
    Consignment,
    Effects,
    Facility,
    Key,
    Lot,
    Movement,
    Recorded,
    event_facility,
    is_reported,
)
from traceability.ledger.effective import parse_effective
from traceability.ledger.entries import Entry, Subject, chain_handle
from traceability.ledger.statements import Statement
from traceability.ledger.turns import Turn


class Known(Struct, frozen=True, kw_only=True):
    """An entry that a statement id stands for already, or now."""

    entry: str
    body: bytes
    payload_digest: str
    held_by: str
    waits: bool


class Sealed(Struct, frozen=True, kw_only=True):
    """A statement with its place in the chains, ready to be written."""

    statement: Statement
    effects: Effects
    entry: Entry
    held_by: str
    payload_digest: str


# ── from rows ─────────────────────────────────────────────────────────────────────────────


def subject_of(name: str, row: Mapping[str, Any]) -> Subject:
    """Return a chain."""
    salt = bytes.fromhex(row["salt"])
    return Subject(id=name, salt=salt, chain=chain_handle(name, salt), head=row["head"])


def key_of(row: Mapping[str, Any]) -> Key:
    """Return a key as it stands."""
    return Key(
        kid=row["kid"],
        organization=row["organization_id"],
        public=bytes.fromhex(row["public"]),
        held_by=row["held_by"],
        revoked=row["revoked_order"] is not None,
    )


def facility_of(row: Mapping[str, Any]) -> Facility:
    """Return what recording needs of a facility."""
    return Facility(id=row["id"], operator=row["operator_id"], types=frozenset(row["types"]))


def lot_of(row: Mapping[str, Any]) -> Lot:
    """Return a lot's state."""
    return Lot(
        id=row["id"],
        custodian=row["custodian"],
        state=row["state"],
        facility=row["facility"],
        amount=int(row["amount"]),
        unit=row["unit"],
        basis=row["basis"],
        material=row["material"],
        form=row["form"],
        owners=tuple(row["owners"]),
        known_to=frozenset(row["known_to"]),
        consignment=row["consignment"],
        consignee=row["consignee"],
    )


def is_consignment(row: Mapping[str, Any]) -> bool:
    """Tell whether the state of a subject is that of a consignment; others' are their kinds'."""
    return str(row["id"]).startswith("consignment:")


def consignment_of(row: Mapping[str, Any]) -> Consignment:
    """Return a consignment with the receipts that wait for it."""
    state = row["state"]
    return Consignment(
        subject=row["id"],
        shipped=state["shipped"],
        waiting=tuple(state["waiting"]),
        materials=tuple(state.get("materials", ())),  # of those shipped before it was kept: none
    )


def state_in(book: Book, subject: str) -> Mapping[str, Any] | None:
    """Return the state that a book has of a subject that is no lot, as its row keeps it."""
    consignment = book.consignments.get(subject)
    if consignment is None:
        return book.states.get(subject)
    return {
        "shipped": consignment.shipped,
        "waiting": consignment.waiting,
        "materials": consignment.materials,
    }


def recorded_of(row: Mapping[str, Any]) -> Recorded:
    """Return a statement that a correction names."""
    movements = tuple(
        Movement(
            lot=m["lot"], role=m["role"], delta=int(m["delta"]), unit=m["unit"], facts=m["facts"]
        )
        for m in row["movements"] or ()
    )
    return Recorded(
        entry=row["hash"],
        author=row["author"],
        kind=row["kind"],
        statement_id=row["statement_id"],
        facility=row["facility"],
        movements=movements,
        replaced_by=row["replaced_by"],
        waits_on=row["waits_on"],
        reported=row["reported"],
        superseder=row["superseder"],
    )


def turn_of(row: Mapping[str, Any]) -> Turn:
    """Return what a standing statement did to the amount of a lot."""
    weighed = row["to"]
    return Turn(
        order=row["place"],
        delta=int(row["delta"]),
        to=None if weighed is None else int(weighed),
        begins=row["begins"],
    )


def known_of(row: Mapping[str, Any]) -> Known:
    """Return the entry that a statement id stands for."""
    return Known(
        entry=row["hash"],
        body=row["body"].encode(),
        payload_digest=row["payload_digest"],
        held_by=row["held_by"],
        waits=row["waits_on"] is not None,
    )


# ── to rows: text by column, for JSON and for COPY alike ──────────────────────────────────

Row = tuple[str | None, ...]

LOT = (
    *("id", "custodian", "state", "facility", "amount", "unit", "basis", "material", "form"),
    *("owners", "known_to", "consignment", "consignee", "salt", "head"),
)
ENTRY = (
    *("hash", "kind", "author", "kid", "held_by", "statement_id", "payload_digest", "facility"),
    *("stage", "event", "reported", "effective", "effective_on", "received_at", "replaces"),
    "waits_on",
)
MOVEMENT = ("ordinal", "lot", "role", "delta", "unit", "facts")


def lot_row(lot: Lot, chain: Subject) -> Row:
    """Return a lot's state and chain."""
    return (
        lot.id,
        lot.custodian,
        lot.state,
        lot.facility,
        str(lot.amount),
        lot.unit,
        lot.basis,
        lot.material,
        lot.form,
        json_text(lot.owners),
        wire.array(sorted(lot.known_to)).decode(),
        lot.consignment,
        lot.consignee,
        chain.salt.hex(),
        chain.head,
    )


def entry_row(sealed: Sealed) -> Row:
    """Return an entry, without its order and its bytes."""
    statement, effects = sealed.statement, sealed.effects
    return (
        sealed.entry.hash,
        statement.kind,
        statement.author,
        statement.kid,
        sealed.held_by,
        statement.envelope.id,
        sealed.payload_digest,
        event_facility(statement),
        _stage(statement),
        effects.event,
        "t" if is_reported(statement) else "f",
        statement.envelope.effective,
        _event_day(statement).isoformat(),
        sealed.entry.received_at,
        effects.replaces,
        effects.waits_on,
    )


def movement_row(ordinal: int, movement: Movement) -> Row:
    """Return a movement, without the order of its entry."""
    return (
        str(ordinal),
        movement.lot,
        movement.role,
        str(movement.delta),
        movement.unit,
        json_text(movement.facts),
    )


def json_text(value: object) -> str:
    """Write a value as JSON."""
    return orjson.dumps(value).decode()


def _stage(statement: Statement) -> str | None:
    """Return what an event, or what a correction puts in its place, does."""
    if isinstance(statement.body, events.Correction):
        return statement.body.replacement.body.get("stage")
    return getattr(statement.body, "stage", None)


def _event_day(statement: Statement) -> date:
    """Return the day whose law counts: of a correction, that of the event it puts right."""
    if isinstance(statement.body, events.Correction):
        return parse_effective(statement.body.replacement.effective).day
    return statement.effective.day
