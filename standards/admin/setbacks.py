"""What could not be worked on, for the operator: why, since when, and how often it was tried."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from standards.models import Setback
from traceability.admin.base import ReadOnlyAdmin, column


@admin.register(Setback)
class SetbackAdmin(ReadOnlyAdmin):
    """Setbacks, newest first; for the operator alone, since a traceback may name anything."""

    list_display = ("what", "about", "club", "because", "first_at", "last_at", "tries")
    list_display_links = ("what", "about")
    list_filter = ("kind",)
    search_fields = ("about", "because")
    ordering = ("-last_at", "id")
    page_template = "standards/admin/setback.html"
    read_only_note = _("A setback is tried again by itself, and is gone once that works.")

    @column(description=_("could not"), ordering="kind")
    def what(self, row: Setback) -> str:
        """Return what could not be done."""
        return row.get_kind_display()

    def page_context(self, request: HttpRequest, row: Setback) -> dict[str, Any]:
        """Return the setback, named after what it is about."""
        return {"setback": row, "title": f"{row.get_kind_display()}: {row.about}"}
