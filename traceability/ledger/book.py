"""The book: what the ledger knows when it decides on the next statement.

A `Book` holds the states that a statement may look at; a `Draft` is one statement's
working copy of them. A draft either becomes `Effects` as a whole or is dropped, so a
refused statement changes nothing. All amounts are gross (milligrams or pieces): contained
metal is derived when read and never refuses anything.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from traceability.ledger import events, registry
from traceability.ledger.feasibility import check_quantity
from traceability.ledger.keys import PublicKey
from traceability.ledger.mass import gross_amount, parse_decimal
from traceability.ledger.shapes import Quantity
from traceability.ledger.statements import MAX_SUBJECTS, State, Statement
from traceability.ledger.turns import Turn, turns_of, with_turns

HELD = "held"
IN_TRANSIT = "in_transit"
EXITED = "exited"  # custody went to a party without a key; the ledger's knowledge ends

MOST_SUBJECTS = MAX_SUBJECTS - 1
"""What an event may touch: whatever amends it touches that statement, too."""

_AFTER_ALL_STORED = 1 << 62
"""Where statements begin that the database has not numbered yet."""

_WATER = {"wet": "wet", "as_received": "wet", "volume": "wet", "dry": "dry", "count": "count"}


class Lot(Struct, frozen=True, kw_only=True):
    """A lot's mutable state: who has it, where, how much gross is left.

    `amount` below zero means restated: it gave more than, as now known, it ever held.
    `known_to` names everybody who holds, held or owns it, and who may therefore see it. Who
    knows a lot knows no part that somebody else made of it.
    """

    id: str
    custodian: str
    state: str
    facility: str | None
    amount: int
    unit: str
    basis: str
    material: str
    form: str
    owners: tuple[Mapping[str, Any], ...]
    known_to: frozenset[str]
    consignment: str | None = None
    consignee: str | None = None


class Key(Struct, frozen=True, kw_only=True):
    """An enrolled key as it stands now."""

    kid: str
    organization: str
    public: bytes
    held_by: str
    revoked: bool = False


class Facility(Struct, frozen=True, kw_only=True):
    """What recording needs of a facility. `operator` is None where it has no key."""

    id: str
    operator: str | None
    types: frozenset[str]


class Consignment(Struct, frozen=True, kw_only=True):
    """A consignment towards one consignee, what it is of, and the receipts that wait for it."""

    subject: str
    shipped: bool = False
    waiting: tuple[Mapping[str, Any], ...] = ()
    materials: tuple[str, ...] = ()


class Movement(Struct, frozen=True, kw_only=True, gc=False):
    """What one statement did to one lot; `delta` is signed, gross.

    `facts` keeps what shares and assays are derived from, also after an erasure of texts.
    """

    lot: str
    role: str  # make, take, adjust, move, title, assay, open, close
    delta: int
    unit: str
    facts: Mapping[str, Any]


class Recorded(Struct, frozen=True, kw_only=True):
    """A statement recorded before, as far as a correction needs it."""

    entry: str
    author: str
    kind: str  # of the statement or, for a correction, of what it replaced
    statement_id: str
    facility: str | None
    movements: tuple[Movement, ...]
    replaced_by: str | None = None  # the entry that is now the head of its correction chain
    waits_on: str | None = None  # the consignment subject, for a receipt ahead of its shipment
    reported: bool = False  # signed for an operator without a key
    superseder: str | None = None  # for a reported event: the operator, once it has a key
    order: int = 0  # where it stands: of a correction, with the first of its chain


class Effects(Struct, frozen=True, kw_only=True):
    """Everything a statement changes: new lot states, movements, the subjects it chains."""

    subjects: tuple[str, ...]
    lots: Mapping[str, Lot]
    movements: tuple[Movement, ...]
    consignments: Mapping[str, Consignment]
    replaces: str | None = None
    waits_on: str | None = None  # the consignment for which a receipt waits
    event: str | None = None  # of an amendment: the kind of the event it stands for
    states: Mapping[str, State] = {}  # of subjects whose kind keeps one


@dataclass(slots=True, kw_only=True)
class Book:
    """States by id. Absent means unknown to the ledger.

    `is_admitting` while statements are recorded. Rules of admission that came later than the
    record are asked then alone: what was recorded before them verifies as it did (ADR 0034).
    """

    organizations: dict[str, frozenset[str]] = field(default_factory=dict)  # id → roles
    keys: dict[str, Key] = field(default_factory=dict)
    facilities: dict[str, Facility] = field(default_factory=dict)
    lots: dict[str, Lot] = field(default_factory=dict)
    consignments: dict[str, Consignment] = field(default_factory=dict)
    statements: dict[str, Recorded] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)  # by subject, of other apps' kinds
    turns: dict[str, list[Turn]] = field(default_factory=dict)  # by lot, in their order
    once_known_to: dict[str, frozenset[str]] = field(default_factory=dict)  # by part
    begun: set[str] = field(default_factory=set)  # subjects, but lots, of which something is said
    is_admitting: bool = False
    most_subjects: int = MOST_SUBJECTS  # when verified: at least those that the entry chains

    def is_known(self, lot: Lot, organization: str) -> bool:
        """Tell whether an organization may know a lot.

        Where a record is verified, so may whoever knew what a part was taken from: that was the
        rule once.
        """
        if organization in lot.known_to or self.is_admitting:
            return organization in lot.known_to
        return organization in self.once_known_to.get(lot.id, ())

    def accept(self, statement: Statement, effects: Effects, entry: str) -> None:
        """Take over what a statement changed, so that the next one sees it."""
        self.lots.update(effects.lots)
        self.consignments.update(effects.consignments)
        self.states.update(effects.states)
        self.begun.update(effects.subjects)
        if statement.kind.startswith("custody."):
            self._accept_event(self._recorded(statement, effects, entry), effects)
        else:
            self._accept_registry(statement.body)
        if effects.replaces is not None:
            old = self.statements[effects.replaces]
            self.statements[effects.replaces] = replace(old, replaced_by=entry)

    def _accept_event(self, event: Recorded, effects: Effects) -> None:
        self.statements[event.entry] = event
        if not self.is_admitting:
            self._hand_on(event.movements)
        new = turns_of(event.order, event.movements)
        if effects.replaces is None:
            for lot, turns in new.items():
                self.turns.setdefault(lot, []).extend(turns)
            return
        for lot in effects.lots:
            turns = with_turns(self.turns.get(lot, ()), event.order, new.get(lot, ()))
            self.turns[lot] = turns

    def _hand_on(self, movements: Iterable[Movement]) -> None:
        """Remember who knew what parts were taken from."""
        for one in movements:
            if one.role == "make" and "from" in one.facts:
                whole = one.facts["from"]
                known = self.lots[whole].known_to | self.once_known_to.get(whole, frozenset())
                self.once_known_to[one.lot] = known

    def _recorded(self, statement: Statement, effects: Effects, entry: str) -> Recorded:
        return Recorded(
            entry=entry,
            author=statement.author,
            kind=effects.event or statement.kind,
            statement_id=statement.envelope.id,
            facility=event_facility(statement),
            movements=effects.movements,
            waits_on=effects.waits_on,
            reported=is_reported(statement),
            order=self._order_of(effects),
        )

    def _order_of(self, effects: Effects) -> int:
        if effects.replaces is not None:
            return self.statements[effects.replaces].order
        return _AFTER_ALL_STORED + len(self.statements)

    def _accept_registry(self, body: Any) -> None:
        record = body.operator if isinstance(body, registry.Genesis) else body
        if isinstance(record, registry.OrganizationRecord):
            self.organizations[record.organization] = frozenset(r.value for r in record.roles)
        enrolled = getattr(body, "key", None)
        if isinstance(enrolled, registry.EnrolledKey):
            key = PublicKey.from_jwk(msgspec.to_builtins(enrolled.jwk))
            self.keys[key.kid] = Key(
                kid=key.kid,
                organization=record.organization,
                public=key.raw,
                held_by=enrolled.held_by.value,
            )
        if isinstance(body, registry.KeyRevocation):
            self.keys[body.kid] = replace(self.keys[body.kid], revoked=True)
        if isinstance(body, registry.FacilityStatement):
            self.facilities[body.facility] = Facility(
                id=body.facility,
                operator=body.operator.organization,
                types=frozenset(kind.value for kind in body.types),
            )


def event_facility(statement: Statement) -> str | None:
    """Return the facility an event, or what a correction puts in its place, happened at."""
    if not statement.kind.startswith("custody."):
        return None
    body = statement.body
    if isinstance(body, events.Correction):
        named = body.replacement.body.get("facility")
    else:
        named = getattr(body, "facility", None)
    return named if isinstance(named, str) else None


def is_reported(statement: Statement) -> bool:
    """Tell whether an event, or what a correction makes of it, was signed for another operator."""
    body = statement.body
    if isinstance(body, events.Correction):
        return body.replacement.body.get("reported") is not None
    return getattr(body, "reported", None) is not None


def is_same_water(booked: str, given: str) -> bool:
    """Tell whether two bases count water alike: what is weighed wet is not dry mass."""
    return water_of(booked) == water_of(given)


def water_of(basis: str) -> str:
    """Return how a basis counts water: what is received, or a volume, is weighed wet."""
    return _WATER[basis]


def gross(quantity: Quantity, at: str, *, may_be_none: bool = False) -> tuple[int, str]:
    """Return a quantity in whole milligrams or pieces.

    Args:
        may_be_none: what was counted or received may be nothing, written `0`.
    """
    density = quantity.density
    check_quantity(quantity, at)
    value = parse_decimal(quantity.value, at=at)
    is_none = may_be_none and not value
    amount, unit = gross_amount(
        value=_SOMETHING if is_none else value,
        unit=quantity.unit,
        basis=quantity.basis.value,
        density_kg_l=parse_decimal(density, at=at) if density else None,
        at=at,
    )
    return 0 if is_none else amount, unit


_SOMETHING = Decimal(1)
"""Stands for nothing where only unit and basis are looked at."""
