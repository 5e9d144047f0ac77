"""Who is asking, and what the pages may show them: `traceability.seeing`, for the admin."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from traceability.ledger.vocabulary import OrganizationRole
from traceability.models import (
    Audience,
    EntrySubject,
    Grant,
    LotOpening,
    Membership,
    NameOpening,
)

_COMPANY = OrganizationRole.COMPANY


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """An organization that reads, through one of its people."""

    organization: str
    person: str
    is_operator: bool


def viewer_of(request: HttpRequest) -> Viewer | None:
    """Return for whom this person reads; None for a person without an organization."""
    user = request.user
    member = (
        Membership.objects.filter(user_id=user.pk).select_related("organization").first()
    )
    if member is None:
        return None
    return Viewer(
        organization=member.organization_id,
        person=member.pseudonym,
        is_operator=OrganizationRole.OPERATOR in member.organization.roles,
    )


def seen_lots(rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
    """Return the lots that the viewer may see."""
    if viewer.is_operator:
        return rows
    today = timezone.now().date()
    audiences = list(
        Audience.objects.filter(members__contains=[viewer.organization]).values_list(
            "organization_id", flat=True
        )
    )
    opened = LotOpening.objects.filter(
        Q(until=None) | Q(until__gte=today),
        lot=OuterRef("pk"),
        closed_order=None,
        organization__in=[viewer.organization, *audiences],
    )
    granted = _granted(viewer, today)
    return rows.filter(
        Q(known_to__contains=[viewer.organization])
        | Q(Exists(opened))
        | Q(pk__in=granted["lots"])
        | Q(facility__in=granted["facilities"])
    )


def readable_entries(rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
    """Return the statements whose text the viewer may read."""
    if viewer.is_operator:
        return rows
    granted = _granted(viewer, timezone.now().date())
    mine = EntrySubject.objects.filter(
        recorded_order=OuterRef("pk"),
        subject__startswith="consignment:",
        subject__endswith=f":{viewer.organization}",
    )
    return rows.filter(
        Q(author=viewer.organization) | Q(Exists(mine)) | Q(facility__in=granted["facilities"])
    )


def known_organizations(rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
    """Return the organizations whose names the viewer may know."""
    if viewer.is_operator:
        return rows
    opened = _openings(viewer).filter(own_name=True).values("organization_id")
    return rows.filter(
        Q(pk=viewer.organization) | ~Q(roles__contains=[_COMPANY]) | Q(pk__in=opened)
    )


def known_facilities(rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
    """Return the facilities whose names the viewer may know."""
    if viewer.is_operator:
        return rows
    named = {
        facility
        for facilities in _openings(viewer).values_list("facilities", flat=True)
        for facility in facilities
    }
    granted = _granted(viewer, timezone.now().date())["facilities"]
    return rows.filter(
        Q(organization=viewer.organization)
        | Q(operator=viewer.organization)
        | Q(pk__in=named | granted)
    )


def _openings(viewer: Viewer) -> QuerySet[NameOpening]:
    today = timezone.now().date()
    return NameOpening.objects.filter(
        Q(until=None) | Q(until__gte=today),
        Q(public=True) | Q(audience__contains=[viewer.organization]),
    )


def _granted(viewer: Viewer, today: date) -> dict[str, set[str]]:
    grants = Grant.objects.filter(auditor=viewer.organization, until__gte=today)
    lots: set[str] = set()
    facilities: set[str] = set()
    for grant in grants:
        lots.update(grant.lots)
        facilities.update(grant.facilities)
    return {"lots": lots, "facilities": facilities}
