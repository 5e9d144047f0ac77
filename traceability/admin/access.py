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
    Entry,
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
