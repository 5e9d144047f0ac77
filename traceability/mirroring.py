"""Tables that mirror registry statements, written in the transaction that records them."""

from collections.abc import Callable
from typing import Any

import msgspec

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


def mirror(statement: Statement, order: int, entry: str) -> None:
    """Write what a statement says about who, where and who may see; most say nothing."""
    write = _MIRRORS.get(statement.kind)
    if write is not None:
        write(statement, statement.body, order, entry)


def is_mirrored(statement: Statement) -> bool:
    """Tell whether `mirror` writes anything for a statement."""
    return statement.kind in _MIRRORS


def _genesis(_statement: Statement, body: registry.Genesis, order: int, _entry: str) -> None:
    _organization_row(body.operator, order)
    _key_row(body.key, body.operator.organization, order)


def _organization(
    _statement: Statement, body: registry.OrganizationStatement, order: int, _entry: str
) -> None:
    _organization_row(body, order)
    if body.key is not None:
        _key_row(body.key, body.organization, order)


def _key(_statement: Statement, body: registry.KeyStatement, order: int, _entry: str) -> None:
    _key_row(body.key, body.organization, order)


def _key_revocation(
    _statement: Statement, body: registry.KeyRevocation, order: int, _entry: str
) -> None:
    Key.objects.filter(kid=body.kid).update(
        revoked_order=order, distrusted_from=body.distrusted_from, reason=body.reason
    )


def _facility(
    statement: Statement, body: registry.FacilityStatement, order: int, _entry: str
) -> None:
    stated = {
        "operator_id": body.operator.organization,
        "name": body.name,
        "types": [kind.value for kind in body.types],
        "country": body.country,
        "subdivision": body.subdivision or "",
        "record": msgspec.to_builtins(body),
        "recorded_order": order,
    }
    Facility.objects.update_or_create(
        id=body.facility,
        defaults=stated,
        create_defaults=stated | {"organization_id": statement.author},
    )


def _relationship(
    statement: Statement, body: registry.Relationship, order: int, _entry: str
) -> None:
    Relationship.objects.update_or_create(
        id=body.relationship,
        defaults={
            "organization_id": statement.author,
            "record": msgspec.to_builtins(body),
            "effective": statement.envelope.effective,
            "recorded_order": order,
        },
    )


def _audience(_statement: Statement, body: registry.Audience, order: int, _entry: str) -> None:
    Audience.objects.update_or_create(
        organization_id=body.audience,
        defaults={"members": body.members, "recorded_order": order},
    )


def _grant(statement: Statement, body: registry.Grant, order: int, _entry: str) -> None:
    Grant.objects.update_or_create(
        id=body.grant,
        defaults={
            "organization_id": statement.author,
            "auditor_id": body.auditor,
            "until": body.until,
            "facilities": body.facilities,
            "lots": body.lots,
            "recorded_order": order,
        },
    )


def _opening(statement: Statement, body: registry.Opening, order: int, _entry: str) -> None:
    NameOpening.objects.update_or_create(
        id=body.opening,
        defaults={
            "organization_id": statement.author,
            "own_name": body.own_name,
            "facilities": body.facilities,
            "audience": body.audience,
            "public": body.public,
            "until": body.until,
            "recorded_order": order,
        },
    )


def _offer(_statement: Statement, body: events.Offer, order: int, entry: str) -> None:
    LotOpening.objects.bulk_create(
        LotOpening(
            lot=lot, organization=audience, until=body.until, offer=entry, opened_order=order
        )
        for lot in body.lots
        for audience in body.audience
    )


def _withdrawal(_statement: Statement, body: events.Withdrawal, order: int, _entry: str) -> None:
    LotOpening.objects.filter(offer=body.offer, lot__in=body.lots, closed_order=None).update(
        closed_order=order
    )


def _void(_statement: Statement, body: events.Void, order: int, _entry: str) -> None:
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


# ── rows ──────────────────────────────────────────────────────────────────────────────────


def _organization_row(body: registry.OrganizationRecord, order: int) -> None:
    record = msgspec.to_builtins(body)
    record.pop("key", None)
    Organization.objects.update_or_create(
        id=body.organization,
        defaults={
            "name": body.name,
            "country": body.country,
            "roles": [role.value for role in body.roles],
            "record": record,
            "recorded_order": order,
        },
    )


def _key_row(enrolled: registry.EnrolledKey, organization: str, order: int) -> None:
    key = PublicKey.from_jwk(msgspec.to_builtins(enrolled.jwk))
    Key.objects.create(
        kid=key.kid,
        organization_id=organization,
        public=key.raw,
        held_by=enrolled.held_by.value,
        enrolled_order=order,
    )


_MIRRORS: dict[str, Callable[[Statement, Any, int, str], None]] = {
    "registry.genesis": _genesis,
    "registry.organization": _organization,
    "registry.key": _key,
    "registry.key_revocation": _key_revocation,
    "registry.facility": _facility,
    "registry.relationship": _relationship,
    "registry.audience": _audience,
    "registry.grant": _grant,
    "registry.opening": _opening,
    "custody.offer": _offer,
    "custody.withdrawal": _withdrawal,
    "custody.void": _void,
}
