"""Declarations: what companies said of lots, sites and themselves, to whom."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from standards.declared import declarations_readable_by, declarations_seen_by, replaced
from standards.models import Declaration
from standards.templatetags.verdicts import badge
from traceability import noting
from traceability.admin.access import Viewer, known_facilities, seen_lots, viewer_of
from traceability.admin.base import ReadOnlyAdmin, column
from traceability.models import Lot
from traceability.templatetags.ledger import words


@admin.register(Declaration)
class DeclarationAdmin(ReadOnlyAdmin):
    """Declarations of the viewer's organization and those made to it, as stated last."""

    list_display = ("declaration", "what", "author", "about", "effective_on", "standing")
    list_filter = ("form", "withdrawn")
    search_fields = ("declaration", "author", "lots")
    ordering = ("-index",)
    page_template = "standards/admin/declaration.html"
    read_only_note = gettext_lazy(
        "A declaration proves that it was said. Rules compare it with what is on record."
    )

    def scoped(self, rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
        """Return the last statement of each declaration that the viewer may read."""
        seen = declarations_seen_by(viewer.organization)
        return rows.filter(pk__in=seen.order_by().values("pk"))

    @column(description=gettext_lazy("form"), ordering="form")
    def what(self, row: Declaration) -> str:
        """Return the form in words."""
        return words(row.form)

    @column(description=gettext_lazy("lots"))
    def about(self, row: Declaration) -> str:
        """Return the lots it is about; of many, the first ones."""
        shown = ", ".join(row.lots[:3])
        return f"{shown} +{len(row.lots) - 3}" if len(row.lots) > 3 else shown or "—"

    @column(description=gettext_lazy("standing"), ordering="withdrawn")
    def standing(self, row: Declaration) -> str:
        """Return whether it still holds."""
        if row.withdrawn:
            return badge("l-ask", "!", _("withdrawn"))
        return badge("l-good", "✓", _("stands"))

    def page_context(self, request: HttpRequest, row: Declaration) -> dict[str, Any]:
        """Return the declaration, its claims and answers, and how it changed."""
        viewer = viewer_of(request)
        if viewer is None:  # the list of somebody without an organization is empty
            raise Http404
        noting.note_record_read(
            row.declaration,
            owner=row.author,
            reader=viewer.organization,
            what="declaration",
            person=viewer.person,
        )
        lots = seen_lots(Lot.objects.filter(pk__in=row.lots), viewer)
        seen = set(lots.order_by().values_list("pk", flat=True))
        versions = declarations_readable_by(viewer.organization).filter(declaration=row.declaration)
        return {
            "declaration": row,
            "title": row.declaration,
            "told": row.record,
            "is_replaced": row.declaration in replaced([row]),
            "lots": [(lot, lot in seen) for lot in row.lots],
            "sites": dict(known_facilities(viewer).values_list("pk", "name")),
            "versions": versions.order_by("-index"),
        }
