"""Lots: what is where, in whose hands, and how it came there."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from traceability.admin.access import (
    Viewer,
    known_facilities,
    known_organizations,
    note_lot_read,
    readable_entries,
    seen_lots,
    viewer_of,
)
from traceability.admin.base import ReadOnlyAdmin
from traceability.ledger.book import EXITED, HELD, IN_TRANSIT
from traceability.models import Entry, Lot
from traceability.reading import chain_of
from traceability.templatetags.ledger import amount, words

NEWEST = 200  # links of a chain on one page


@admin.register(Lot)
class LotAdmin(ReadOnlyAdmin):
    """Lots as they stand now; names only where the reader may know them."""

    list_display = ("id", "what", "how_much", "custody", "holder", "place")
    list_filter = ("state", "material", "form")
    search_fields = ("id", "material")
    ordering = ("-last_order",)
    page_template = "traceability/admin/lot.html"

    def scoped(self, rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
        """Return the lots this viewer holds, held, was offered or audits."""
        holder = known_organizations(viewer).filter(pk=OuterRef("custodian"))
        place = known_facilities(viewer).filter(pk=OuterRef("facility"))
        return seen_lots(rows, viewer).annotate(
            holder_name=Subquery(holder.values("name")[:1]),
            place_name=Subquery(place.values("name")[:1]),
        )

    @display(description=_("material"), ordering="material")
    def what(self, lot: Lot) -> str:
        """Return material and form in words."""
        material, form = words(lot.material), words(lot.form)
        return material if form in material else f"{material}, {form}"

    @display(description=_("amount"), ordering="amount")
    def how_much(self, lot: Lot) -> str:
        """Return what is left of the lot, and on which basis it was weighed."""
        return f"{amount(lot.amount, lot.unit)} {words(lot.basis)}"

    @display(
        description=_("custody"),
        ordering="state",
        label={HELD: "success", IN_TRANSIT: "info", EXITED: "default", "restated": "danger"},
    )
    def custody(self, lot: Lot) -> tuple[str, Any]:
        """Return the state; a lot below zero gave more than, as now known, it held."""
        if lot.amount < 0:
            return "restated", _("restated: gave more than it held")
        return lot.state, lot.get_state_display()

    @display(description=_("held by"))
    def holder(self, lot: Any) -> str:
        """Return the custodian's name, where the reader may know it."""
        return lot.holder_name or str(_("name not opened"))

    @display(description=_("at"))
    def place(self, lot: Any) -> str:
        """Return the facility's name, where there is one and the reader may know it."""
        if lot.facility is None:
            return "—"
        return lot.place_name or str(_("name not opened"))

    def page_context(self, request: HttpRequest, row: Lot) -> dict[str, Any]:
        """Return the lot, its chain and which statements the reader may open."""
        viewer = viewer_of(request)
        if viewer is not None:
            note_lot_read(row, viewer, "lot")
        links = chain_of(f"lot:{row.pk}", newest=NEWEST)
        orders = [link.entry.pk for link in links]
        readable = readable_entries(Entry.objects.filter(pk__in=orders), viewer) if viewer else []
        return {
            "lot": row,
            "title": f"{_('Lot')} {row.pk}",
            "links": links,
            "readable": {entry.pk for entry in readable},
            "material": self.what(row),
            "gross": self.how_much(row),
            "custody": self.custody(row)[1],
            "holder": self.holder(row),
            "place": self.place(row),
        }
