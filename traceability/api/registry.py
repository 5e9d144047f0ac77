"""`/api/v1/organizations`, `…/facilities`, `…/keys`: who and where, as far as it is open."""

from typing import Any

from django.db.models import QuerySet
from msgspec import Struct
from rest_framework.request import Request
from rest_framework.response import Response

from traceability import seeing
from traceability.api.lists import LedgerView, Page, PageParameters, page_of, parameters, told
from traceability.api.schema import described
from traceability.errors import UnknownFacility, UnknownOrganization
from traceability.ledger.shapes import Country
from traceability.ledger.vocabulary import FacilityType, KeyHolder, OrganizationRole
from traceability.models import Facility, Key, LogIndex, Organization


class OrganizationLine(Struct, frozen=True, kw_only=True):
    """An organization. `record` is what it registered; null for another company's."""

    id: str
    name: str
    country: Country
    roles: list[str]
    record: dict[str, Any] | None


class FacilityLine(Struct, frozen=True, kw_only=True):
    """A facility. `operator` is null where it has no key, or may not be named."""

    id: str
    name: str
    types: list[str]
    country: Country
    subdivision: str
    operator: str | None
    record: dict[str, Any] | None


class KeyLine(Struct, frozen=True, kw_only=True):
    """A key of the caller's: good from the index of its enrolment to that of its revocation."""

    kid: str
    held_by: str
    is_revoked: bool
    enrolled_index: int | None
    revoked_index: int | None
    distrusted_from: int | None
    reason: str


class OrganizationParameters(PageParameters, frozen=True, kw_only=True):
    """Which organizations."""

    role: OrganizationRole | None = None
    country: Country | None = None


class FacilityParameters(PageParameters, frozen=True, kw_only=True):
    """Which facilities."""

    type: FacilityType | None = None
    country: Country | None = None


class KeyParameters(PageParameters, frozen=True, kw_only=True):
    """Which keys."""

    held_by: KeyHolder | None = None


class OrganizationsView(LedgerView):
    """Organizations that may be named."""

    @described(
        "List organizations",
        "The caller's own, the offices of this ledger, and those that opened their name.",
        parameters=OrganizationParameters,
        answers={200: Page[OrganizationLine]},
    )
    def get(self, request: Request) -> Response:
        """List organizations."""
        asked = parameters(request, OrganizationParameters)
        rows = _organizations(self.caller.organization)
        if asked.role is not None:
            rows = rows.filter(roles__contains=[asked.role.value])
        if asked.country is not None:
            rows = rows.filter(country=asked.country)
        return page_of(rows, asked, key="id", show=self._lines)

    def _lines(self, rows: list[Organization]) -> list[OrganizationLine]:
        return [_organization(row, self.caller.organization) for row in rows]


class OrganizationView(LedgerView):
    """One organization."""

    @described("One organization", "", answers={200: OrganizationLine}, refused=(404,))
    def get(self, request: Request, organization: str) -> Response:
        """Show one organization."""
        found = _organizations(self.caller.organization).filter(id=organization).first()
        if found is None:
            raise UnknownOrganization(organization, at="")
        return told(_organization(found, self.caller.organization))


class FacilitiesView(LedgerView):
    """Facilities that may be named."""

    @described(
        "List facilities",
        "The caller's own, and those that others opened to it.",
        parameters=FacilityParameters,
        answers={200: Page[FacilityLine]},
    )
    def get(self, request: Request) -> Response:
        """List facilities."""
        asked = parameters(request, FacilityParameters)
        names = seeing.names_open_to(self.caller.organization)
        rows = _facilities(names)
        if asked.type is not None:
            rows = rows.filter(types__contains=[asked.type.value])
        if asked.country is not None:
            rows = rows.filter(country=asked.country)
        caller = self.caller.organization
        return page_of(
            rows,
            asked,
            key="id",
            show=lambda found: [_facility(row, caller, names) for row in found],
        )


class FacilityView(LedgerView):
    """One facility."""

    @described("One facility", "", answers={200: FacilityLine}, refused=(404,))
    def get(self, request: Request, facility: str) -> Response:
        """Show one facility."""
        names = seeing.names_open_to(self.caller.organization)
        found = _facilities(names).filter(id=facility).first()
        if found is None:
            raise UnknownFacility(facility, at="")
        return told(_facility(found, self.caller.organization, names))


class KeysView(LedgerView):
    """The caller's keys."""

    @described(
        "List keys",
        "The caller's own. Enrolling and revoking are statements (`registry.key`, "
        "`registry.key_revocation`), sent like any other.",
        parameters=KeyParameters,
        answers={200: Page[KeyLine]},
    )
    def get(self, request: Request) -> Response:
        """List the caller's keys."""
        asked = parameters(request, KeyParameters)
        rows = Key.objects.filter(organization=self.caller.organization)
        if asked.held_by is not None:
            rows = rows.filter(held_by=asked.held_by.value)
        return page_of(rows, asked, key="kid", show=_keys)


def _organizations(reader: str) -> QuerySet[Organization]:
    names = seeing.names_open_to(reader)
    rows = Organization.objects.all()
    return rows if names.all_of_them else rows.filter(id__in=names.organizations)


def _organization(row: Organization, reader: str) -> OrganizationLine:
    return OrganizationLine(
        id=row.id,
        name=row.name,
        country=row.country,
        roles=row.roles,
        record=row.record if row.id == reader else None,
    )


def _facilities(names: seeing.OpenNames) -> QuerySet[Facility]:
    rows = Facility.objects.all()
    return rows if names.all_of_them else rows.filter(id__in=names.facilities)


def _facility(row: Facility, reader: str, names: seeing.OpenNames) -> FacilityLine:
    own = reader in (row.operator_id, row.organization_id)
    named = own or names.has_organization(row.operator_id)
    return FacilityLine(
        id=row.id,
        name=row.name,
        types=row.types,
        country=row.country,
        subdivision=row.subdivision,
        operator=row.operator_id if named else None,
        record=row.record if own else None,
    )


def _keys(rows: list[Key]) -> list[KeyLine]:
    orders = {row.enrolled_order for row in rows}
    orders |= {row.revoked_order for row in rows if row.revoked_order is not None}
    found = LogIndex.objects.filter(recorded_order__in=orders)
    index = dict(found.values_list("recorded_order", "index"))
    return [
        KeyLine(
            kid=row.kid,
            held_by=row.held_by,
            is_revoked=row.revoked_order is not None,
            enrolled_index=index.get(row.enrolled_order),
            revoked_index=None if row.revoked_order is None else index.get(row.revoked_order),
            distrusted_from=row.distrusted_from,
            reason=row.reason,
        )
        for row in rows
    ]
