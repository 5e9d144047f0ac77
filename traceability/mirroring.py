"""Tables that mirror registry statements, written in the transaction that records them."""

import msgspec
from traceability.ledger import events, registry
from traceability.ledger.book import Effects
from traceability.ledger.keys import PublicKey
from traceability.ledger.shapes import Shape
from traceability.ledger.statements import Statement
from traceability.models import (
    Audience,
    Facility,
    Grant,
    Key,
    LotOpening,
    NameOpening,
    Organization,
    Relationship,
)


def mirror(statement: Statement, effects: Effects, order: int, entry: str) -> None:
    """Write what a statement says about who, where and who may see."""
    body = statement.body
    if isinstance(body, registry.Genesis):
        _organization(body.operator, order)
        _key(body.key, body.operator.organization, order)
    elif isinstance(body, registry.OrganizationStatement):
        _organization(body, order)
        if body.key is not None:
            _key(body.key, body.organization, order)
    elif isinstance(body, registry.KeyStatement):
        _key(body.key, body.organization, order)
    elif isinstance(body, registry.KeyRevocation):
        Key.objects.filter(kid=body.kid).update(
            revoked_order=order, distrusted_from=body.distrusted_from, reason=body.reason
        )
    elif isinstance(body, registry.FacilityStatement):
        _facility(body, statement.author, order)
    elif isinstance(body, registry.Relationship):
        Relationship.objects.update_or_create(
            id=body.relationship,
            defaults={
                "organization_id": statement.author,
                "record": msgspec.to_builtins(body),
                "effective": statement.envelope.effective,
                "recorded_order": order,
            },
        )
    elif isinstance(body, registry.Audience):
        Audience.objects.update_or_create(
            organization_id=body.audience,
            defaults={"members": body.members, "recorded_order": order},
        )
    elif isinstance(body, registry.Grant):
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
    elif isinstance(body, registry.Opening):
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
    elif isinstance(body, events.Offer):
        _open(body, order, entry)
    elif isinstance(body, events.Withdrawal):
        LotOpening.objects.filter(offer=body.offer, lot__in=body.lots, closed_order=None).update(
            closed_order=order
        )


def is_mirrored(statement: Statement) -> bool:
    """Tell whether a statement has rows outside the ledger's own tables."""
    kind = statement.kind
    return kind.startswith("registry.") or kind in ("custody.offer", "custody.withdrawal")


def _organization(body: registry.OrganizationRecord, order: int) -> None:
    Organization.objects.update_or_create(
        id=body.organization,
        defaults={
            "name": body.name,
            "country": body.country,
            "roles": [role.value for role in body.roles],
            "record": _without_key(body),
            "recorded_order": order,
        },
    )


def _without_key(body: Shape) -> dict[str, object]:
    record: dict[str, object] = msgspec.to_builtins(body)
    record.pop("key", None)
    return record


def _key(enrolled: registry.EnrolledKey, organization: str, order: int) -> None:
    key = PublicKey.from_jwk(msgspec.to_builtins(enrolled.jwk))
    Key.objects.create(
        kid=key.kid,
        organization_id=organization,
        public=key.raw,
        held_by=enrolled.held_by.value,
        enrolled_order=order,
    )


def _facility(body: registry.FacilityStatement, author: str, order: int) -> None:
    Facility.objects.update_or_create(
        id=body.facility,
        defaults={
            "organization_id": author,
            "operator_id": body.operator.organization,
            "name": body.name,
            "types": [kind.value for kind in body.types],
            "country": body.country,
            "subdivision": body.subdivision or "",
            "record": msgspec.to_builtins(body),
            "recorded_order": order,
        },
    )


def _open(body: events.Offer, order: int, entry: str) -> None:
    LotOpening.objects.bulk_create(
        LotOpening(
            lot=lot, organization=audience, until=body.until, offer=entry, opened_order=order
        )
        for lot in body.lots
        for audience in body.audience
    )
