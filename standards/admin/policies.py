"""Policies of clubs, version by version."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from standards.admin.waivers import WaiverPages
from standards.models import ClubPolicy
from standards.reading import clubs_of, policy_rows
from standards.rulebook.policy_format import parse_policy
from traceability.admin.access import Viewer
from traceability.admin.base import column


@admin.register(ClubPolicy)
class ClubPolicyAdmin(WaiverPages):
    """Adopted versions of the policies of one's clubs, the newest first."""

    list_display = ("title", "club_name", "version", "effective_from", "requires")
    list_select_related = ("club__organization",)
    list_filter = ("club",)
    search_fields = ("title", "version")
    ordering = ("club", "-index")
    page_template = "standards/admin/policy.html"
    read_only_note = _("A policy changes by adopting another version; the club's key signs it.")

    def scoped(self, rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
        """Return the policies of the clubs the viewer is or belongs to."""
        return rows.filter(club__in=clubs_of(viewer.organization).values("pk"))

    @column(description=_("club"), ordering="club")
    def club_name(self, policy: ClubPolicy) -> str:
        """Return the club's name."""
        return policy.club.organization.name

    @column(description=_("requirements"))
    def requires(self, policy: ClubPolicy) -> int:
        """Return how many requirements it has."""
        return len(policy.form["requirements"])

    def page_context(self, request: HttpRequest, row: ClubPolicy) -> dict[str, Any]:
        """Return the requirements, the club's own parameters, and the other versions."""
        parsed = parse_policy(row.form)
        return {
            "policy": row,
            "title": row.title,
            "club": row.club.organization.name,
            "requirements": policy_rows(parsed),
            "parameters": sorted(parsed.parameters.items()),
            "versions": ClubPolicy.objects.filter(club=row.club).order_by("-index"),
        }
