"""Who is asking: the organization a person acts for, and its rows as `traceability.seeing` says."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from traceability import noting, seeing
from traceability.ledger.vocabulary import OrganizationRole
from traceability.models import Entry, Facility, Lot, Membership, Organization


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """An organization that reads, through one of its people (by pseudonym)."""

    organization: str
    person: str
    is_operator: bool


def viewer_of(request: HttpRequest) -> Viewer | None:
    """Return for whom this person reads; None for a person without an organization."""
    member = (
        Membership.objects.filter(user_id=request.user.pk or 0)
        .select_related("organization")
        .first()
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
    return rows.filter(pk__in=seeing.lots_seen_by(viewer.organization).order_by().values("pk"))


def readable_entries(rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
    """Return the statements whose text the viewer may read."""
    if viewer.is_operator:
        return rows
    readable = seeing.entries_readable_by(viewer.organization)
    return rows.filter(pk__in=readable.order_by().values("pk"))


def known_organizations(viewer: Viewer) -> QuerySet[Organization]:
    """Return the organizations whose names the viewer may know."""
    names = seeing.names_open_to(viewer.organization)
    rows = Organization.objects.order_by()
    return rows if names.all_of_them else rows.filter(pk__in=names.organizations)


def known_facilities(viewer: Viewer) -> QuerySet[Facility]:
    """Return the facilities whose names the viewer may know."""
    names = seeing.names_open_to(viewer.organization)
    rows = Facility.objects.order_by()
    return rows if names.all_of_them else rows.filter(pk__in=names.facilities)


def note_lot_read(lot: Lot, viewer: Viewer, what: str) -> None:
    """Leave a reading for the lot's owner, where it is another company's."""
    noting.note_reading([lot], reader=viewer.organization, what=what, person=viewer.person)


def note_statement_read(entry: Entry, viewer: Viewer) -> None:
    """Leave a reading for the statement's author, where it is another company's."""
    noting.note_statement_read(entry, reader=viewer.organization, person=viewer.person)
