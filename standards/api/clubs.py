"""`/api/v1/clubs`: the caller's clubs, their members and every adopted policy."""

from datetime import date
from typing import Any

from msgspec import Struct
from rest_framework.request import Request
from rest_framework.response import Response

from standards.models import ClubPolicy
from standards.reading import clubs_of
from traceability.api.lists import LedgerView, Page, PageParameters, page_of, parameters, told
from traceability.api.schema import described
from traceability.errors import UnknownClub
from traceability.models import Audience, Organization


class PolicyLine(Struct, frozen=True, kw_only=True):
    """One adopted version of a policy. `form` is all it says: parameters and requirements."""

    version: str
    title: str
    effective_from: date
    digest: str
    entry: str
    index: int
    form: dict[str, Any]


class ClubLine(Struct, frozen=True, kw_only=True):
    """A club, whom it judges for, and its policies, newest first."""

    id: str
    name: str
    members: list[str]
    policies: list[PolicyLine]


class ClubsView(LedgerView):
    """The clubs the caller is, or belongs to."""

    @described(
        "List clubs",
        "The caller's own clubs. A policy is adopted by a `standards.policy` statement.",
        parameters=PageParameters,
        answers={200: Page[ClubLine]},
    )
    def get(self, request: Request) -> Response:
        """List the caller's clubs."""
        asked = parameters(request, PageParameters)
        return page_of(clubs_of(self.caller.organization), asked, key="id", show=_lines)


class ClubView(LedgerView):
    """One club."""

    @described("One club", "", answers={200: ClubLine}, refused=(404,))
    def get(self, request: Request, club: str) -> Response:
        """Show one club of the caller's."""
        found = _lines(list(clubs_of(self.caller.organization).filter(pk=club)))
        if not found:
            raise UnknownClub(club)
        return told(found[0])


def _lines(rows: list[Organization]) -> list[ClubLine]:
    named = [row.pk for row in rows]
    members = {
        audience.organization_id: audience.members
        for audience in Audience.objects.filter(organization_id__in=named)
    }
    policies: dict[str, list[PolicyLine]] = {}
    for policy in ClubPolicy.objects.filter(club__in=named).order_by("-index"):
        policies.setdefault(policy.club_id, []).append(_policy(policy))
    return [
        ClubLine(
            id=row.pk,
            name=row.name,
            members=sorted(members.get(row.pk, ())),
            policies=policies.get(row.pk, []),
        )
        for row in rows
    ]


def _policy(row: ClubPolicy) -> PolicyLine:
    return PolicyLine(
        version=row.version,
        title=row.title,
        effective_from=row.effective_from,
        digest=row.digest,
        entry=row.entry,
        index=row.index,
        form=row.form,
    )
