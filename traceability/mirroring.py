"""Tables that mirror registry statements, written in the transaction that records them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from django.db.models import Model

from traceability.ledger import events, registry
from traceability.ledger.keys import PublicKey
from traceability.ledger.statements import Statement
from traceability.models import (
    Audience,
    Entry,
    Facility,
    Grant,
    Key,
    LotOpening,
    NameOpening,
    Organization,
    Relationship,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrored:
    """A row as a statement leaves it: `begins` are values that only its first statement sets."""

    model: type[Model]
    id: str
    values: Mapping[str, Any]
    begins: Mapping[str, Any] = field(default_factory=dict)


def mirror(statement: Statement, order: int, entry: str) -> None:
    """Write what a statement says about who, where and who may see; most say nothing."""
    for row in mirrored(statement, order):
        row.model._default_manager.update_or_create(
            pk=row.id, defaults=row.values, create_defaults={**row.values, **row.begins}
        )
    write = _CHANGES.get(statement.kind)
    if write is not None:
        write(statement.body, order, entry)


def is_mirrored(statement: Statement) -> bool:
    """Tell whether `mirror` writes anything for a statement."""
    return statement.kind in _ROWS or statement.kind in _CHANGES


def mirrored(statement: Statement, order: int) -> tuple[Mirrored, ...]:
    """Return the rows that a statement leaves by itself, whatever there was before."""
    tell = _ROWS.get(statement.kind)
    return () if tell is None else tell(statement, statement.body, order)


def _genesis(_statement: Statement, body: registry.Genesis, order: int) -> tuple[Mirrored, ...]:
    operator = body.operator
    return (_organization_row(operator, order), _key_row(body.key, operator.organization, order))


def _organization(
    _statement: Statement, body: registry.OrganizationStatement, order: int
) -> tuple[Mirrored, ...]:
    row = _organization_row(body, order)
    return (row,) if body.key is None else (row, _key_row(body.key, body.organization, order))


def _key(_statement: Statement, body: registry.KeyStatement, order: int) -> tuple[Mirrored, ...]:
    return (_key_row(body.key, body.organization, order),)


def _facility(
    statement: Statement, body: registry.FacilityStatement, order: int
) -> tuple[Mirrored, ...]:
    stated = {
        "operator_id": body.operator.organization,
        "name": body.name,
        "types": [kind.value for kind in body.types],
        "country": body.country,
        "subdivision": body.subdivision or "",
        "record": msgspec.to_builtins(body),
        "recorded_order": order,
    }
    begins = {"organization_id": statement.author}
    return (Mirrored(model=Facility, id=body.facility, values=stated, begins=begins),)


def _relationship(
    statement: Statement, body: registry.Relationship, order: int
) -> tuple[Mirrored, ...]:
    stated = {
        "organization_id": statement.author,
        "record": msgspec.to_builtins(body),
        "effective": statement.envelope.effective,
        "recorded_order": order,
    }
    return (Mirrored(model=Relationship, id=body.relationship, values=stated),)


def _audience(_statement: Statement, body: registry.Audience, order: int) -> tuple[Mirrored, ...]:
    stated = {"members": body.members, "recorded_order": order}
    return (Mirrored(model=Audience, id=body.audience, values=stated),)


def _grant(statement: Statement, body: registry.Grant, order: int) -> tuple[Mirrored, ...]:
    stated = {
        "organization_id": statement.author,
        "auditor_id": body.auditor,
        "until": body.until,
        "facilities": body.facilities,
        "lots": body.lots,
        "recorded_order": order,
    }
    return (Mirrored(model=Grant, id=body.grant, values=stated),)


def _opening(statement: Statement, body: registry.Opening, order: int) -> tuple[Mirrored, ...]:
    stated = {
        "organization_id": statement.author,
        "own_name": body.own_name,
        "facilities": body.facilities,
        "audience": body.audience,
        "public": body.public,
        "until": body.until,
        "recorded_order": order,
    }
    return (Mirrored(model=NameOpening, id=body.opening, values=stated),)


def _organization_row(body: registry.OrganizationRecord, order: int) -> Mirrored:
    record = msgspec.to_builtins(body)
    record.pop("key", None)
    stated = {
        "name": body.name,
        "country": body.country,
        "roles": [role.value for role in body.roles],
        "record": record,
        "recorded_order": order,
    }
    return Mirrored(model=Organization, id=body.organization, values=stated)


def _key_row(enrolled: registry.EnrolledKey, organization: str, order: int) -> Mirrored:
    key = PublicKey.from_jwk(msgspec.to_builtins(enrolled.jwk))
    stated = {
        "organization_id": organization,
        "public": key.raw,
        "held_by": enrolled.held_by.value,
        "enrolled_order": order,
    }
    return Mirrored(model=Key, id=key.kid, values=stated)


_ROWS: Mapping[str, Callable[[Statement, Any, int], tuple[Mirrored, ...]]] = {
    "registry.genesis": _genesis,
    "registry.organization": _organization,
    "registry.key": _key,
    "registry.facility": _facility,
    "registry.relationship": _relationship,
    "registry.audience": _audience,
    "registry.grant": _grant,
    "registry.opening": _opening,
}


# ── what changes rows that are there ──────────────────────────────────────────────────────


def _key_revocation(body: registry.KeyRevocation, order: int, _entry: str) -> None:
    Key.objects.filter(kid=body.kid).update(
        revoked_order=order, distrusted_from=body.distrusted_from, reason=body.reason
    )


def _offer(body: events.Offer, order: int, entry: str) -> None:
    LotOpening.objects.bulk_create(
        LotOpening(
            lot=lot, organization=audience, until=body.until, offer=entry, opened_order=order
        )
        for lot in body.lots
        for audience in body.audience
    )


def _withdrawal(body: events.Withdrawal, order: int, _entry: str) -> None:
    LotOpening.objects.filter(offer=body.offer, lot__in=body.lots, closed_order=None).update(
        closed_order=order
    )


def _void(body: events.Void, order: int, _entry: str) -> None:
    """Close what a voided offer opened; open again what a voided withdrawal closed."""
    LotOpening.objects.filter(offer=body.replaces, closed_order=None).update(closed_order=order)
    voided = Entry.objects.filter(hash=body.replaces).values("recorded_order")
    again = LotOpening.objects.filter(closed_order__in=voided)
    LotOpening.objects.bulk_create(
        LotOpening(
            lot=one.lot,
            organization=one.organization,
            until=one.until,
            offer=one.offer,
            opened_order=order,
        )
        for one in again
    )


_CHANGES: Mapping[str, Callable[[Any, int, str], None]] = {
    "registry.key_revocation": _key_revocation,
    "custody.offer": _offer,
    "custody.withdrawal": _withdrawal,
    "custody.void": _void,
}
