"""Organizations, facilities and keys, as last stated."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from traceability import noting
from traceability.admin.access import (
    Viewer,
    known_facilities,
    known_organizations,
    viewer_of,
)
from traceability.admin.balances import balance_page, may_read_books
from traceability.admin.base import ReadOnlyAdmin, column, shown
from traceability.downstream import recall_of
from traceability.errors import TraceabilityError
from traceability.ledger.effective import parse_day
from traceability.ledger.vocabulary import KeyHolder
from traceability.models import Facility, Key, Membership, Organization
from traceability.templatetags.ledger import country_name, words
from traceability.tracing import published_size


@admin.register(Organization)
class OrganizationAdmin(ReadOnlyAdmin):
    """Who answers for statements; companies are named to others only where they opened it."""

    list_display = ("name", "id", "place", "does", "key_holder")
    search_fields = ("id", "name")
    list_filter = ("country",)
    ordering = ("name",)
    fields = ("name", "id", "place", "does", "key_holder")
    readonly_fields = fields

    def scoped(self, rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
        """Return the organizations whose names this viewer may know."""
        held = Key.objects.filter(
            organization=OuterRef("pk"), held_by=KeyHolder.SERVICE, revoked_order=None
        )
        known = rows.filter(pk__in=known_organizations(viewer).values("pk"))
        told: QuerySet[Any] = known.annotate(held_by_service=Exists(held))
        return told

    @column(description=_("country"), ordering="country")
    def place(self, organization: Organization) -> str:
        """Return the country by name."""
        return country_name(organization.country)

    @column(description=_("roles"))
    def does(self, organization: Organization) -> str:
        """Return the roles in words."""
        return ", ".join(words(role) for role in organization.roles)

    @column(description=_("signs with"))
    def key_holder(self, organization: Any) -> str:
        """Say whose hands the signing key is in."""
        held = organization.held_by_service
        return str(_("a key held by the service") if held else _("its own key"))


@admin.register(Facility)
class FacilityAdmin(ReadOnlyAdmin):
    """Where material is worked or kept."""

    list_display = ("name", "id", "kinds", "place", "capacity", "run_by")
    search_fields = ("id", "name")
    list_filter = ("country",)
    list_select_related = ("operator",)
    ordering = ("name",)
    page_template = "traceability/admin/facility.html"

    def scoped(self, rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
        """Return the facilities whose names this viewer may know."""
        return rows.filter(pk__in=known_facilities(viewer).values("pk"))

    def page_context(self, request: HttpRequest, row: Facility) -> dict[str, Any]:
        """Return the facility and, where a day is asked for, what would be hit from it on."""
        context: dict[str, Any] = {
            "facility": row,
            "title": row.name,
            "facts": [
                (_("types"), self.kinds(row)),
                (_("country"), self.place(row)),
                (_("subdivision"), row.subdivision),
                (_("position"), _position_text(row.record)),
                (_("capacity a year"), self.capacity(row)),
                (_("operated by"), self.run_by(row)),
                (_("materials"), self.materials(row)),
            ],
        }
        viewer, day = viewer_of(request), request.GET.get("from")
        context["may_read_books"] = viewer is not None and may_read_books(row, viewer)
        if viewer is None or day is None:
            return context
        try:
            telling = recall_of(
                row.pk,
                since=parse_day(day, at="from"),
                size=published_size(),
                reader=viewer.organization,
                person=viewer.person,
            )
        except TraceabilityError as error:
            return context | {"since": day, "error": error}
        return context | {"since": day} | shown(telling)

    @column(description=_("types"))
    def kinds(self, facility: Facility) -> str:
        """Return the types in words."""
        return ", ".join(words(kind) for kind in facility.types)

    @column(description=_("country"), ordering="country")
    def place(self, facility: Facility) -> str:
        """Return the country by name."""
        return country_name(facility.country)

    @column(description=_("capacity a year"))
    def capacity(self, facility: Facility) -> str:
        """Return the nameplate capacity as it was stated."""
        stated = facility.record.get("capacities") or []
        return "; ".join(
            f"{one['per_year']['value']} {one['per_year']['unit']} {words(one['material'])}"
            for one in stated
        )

    @column(description=_("operated by"))
    def run_by(self, facility: Facility) -> str:
        """Return the operator's name, also of one without a key here."""
        if facility.operator is not None:
            return facility.operator.name
        return str((facility.record.get("operator") or {}).get("name", ""))

    def get_urls(self) -> list[URLPattern]:
        """Add the page of a site's mass balance."""
        view = self.admin_site.admin_view(require_safe(self.balance))
        mine = path("<path:object_id>/balance/", view, name="traceability_facility_balance")
        return [mine, *super().get_urls()]

    def balance(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the mass balance of a site over a period; 404 to who may not read its books."""
        viewer, site = viewer_of(request), Facility.objects.filter(pk=unquote(object_id)).first()
        if (
            viewer is None
            or site is None
            or not self.has_view_permission(request, site)
            or not may_read_books(site, viewer)
        ):
            raise Http404
        noting.note_record_read(
            site.pk,
            owner=site.operator_id or site.organization_id,
            reader=viewer.organization,
            what="balance",
            person=viewer.person,
        )
        context = balance_page(site, request.GET.get("from", ""), request.GET.get("to", ""))
        response = self.rendered(request, "traceability/admin/balance.html", context)
        if "error" in context:
            response.status_code = 400
        return response

    @column(description=_("materials"))
    def materials(self, facility: Facility) -> str:
        """Return the materials worked, as stated."""
        return ", ".join(words(one) for one in facility.record.get("materials") or [])


def _position_text(record: dict[str, Any]) -> str:
    if "latitude" not in record or "longitude" not in record:
        return ""
    return f"{record['latitude']}, {record['longitude']}"


@admin.register(Key)
class KeyAdmin(ReadOnlyAdmin):
    """Enrolled keys: whose, who holds them, and whether they are still good."""

    list_display = ("kid", "organization", "holder", "state")
    list_filter = ("held_by",)
    list_select_related = ("organization",)
    search_fields = ("kid", "organization__id")
    fields = ("kid", "organization", "holder", "state", "reason")
    readonly_fields = fields

    def scoped(self, rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
        """Return the keys of one's own organization."""
        return rows if viewer.is_operator else rows.filter(organization=viewer.organization)

    @column(description=_("held by"))
    def holder(self, key: Key) -> str:
        """Say in whose hands the private key is."""
        by_service = key.held_by == KeyHolder.SERVICE
        return str(_("the service") if by_service else _("the organization"))

    @column(
        description=_("state"),
        label={"good": "success", "revoked": "danger", "distrusted": "danger"},
    )
    def state(self, key: Key) -> tuple[str, Any]:
        """Return whether the key is good, revoked, or distrusted from an earlier entry."""
        if key.revoked_order is None:
            return "good", _("good")
        if key.distrusted_from is not None:
            return "distrusted", _("revoked, distrusted from an earlier entry")
        return "revoked", _("revoked")


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    """Which person acts for which organization, and under which pseudonym."""

    list_display = ("user", "organization", "pseudonym")
    list_select_related = ("user", "organization")
    search_fields = ("user__username", "organization__id")
    fields = list_display
    readonly_fields = fields

    def scoped(self, rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
        """Return the colleagues of the viewer."""
        return rows if viewer.is_operator else rows.filter(organization=viewer.organization)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the list to whoever may view it."""
        return bool(self.has_view_permission(request))
