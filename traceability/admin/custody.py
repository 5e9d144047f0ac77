"""Lots: what is where, in whose hands, and how it came there."""

import time
from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from traceability import seeing
from traceability.admin.access import (
    Viewer,
    known_facilities,
    known_organizations,
    note_lot_read,
    readable_entries,
    seen_lots,
    viewer_of,
)
from traceability.admin.base import ReadOnlyAdmin, column, shown
from traceability.bundling import build_bundle
from traceability.downstream import descent_of
from traceability.errors import TraceabilityError
from traceability.keeping import log_verifier
from traceability.ledger.book import EXITED, HELD, IN_TRANSIT
from traceability.ledger.verification import verify_bundle
from traceability.models import Entry, Lot
from traceability.reading import chain_of, summary_of
from traceability.restatements import restated, restatements
from traceability.templatetags.ledger import amount, words
from traceability.tracing import published_size

PASSED_ON = "passed_on"
NEWEST = 200  # links of a chain on one page


class StateFilter(admin.SimpleListFilter):
    """Lots in one state, of those the reader has: how others stand is theirs to tell."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the states."""
        return list(Lot.STATES)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Lot]) -> QuerySet[Lot]:
        """Return the lots in that state, where asked."""
        chosen = self.value()
        if chosen is None:
            return queryset
        return _own(queryset, request).filter(state=chosen)


class RestatedFilter(admin.SimpleListFilter):
    """Lots that, as now known, gave more than they held, of those the reader has."""

    title = _("restated")
    parameter_name = "restated"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the one choice there is."""
        return [("yes", _("gave more than it held"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Lot]) -> QuerySet[Lot]:
        """Return the lots that are short, where asked."""
        if self.value() != "yes":
            return queryset
        return restated(_own(queryset, request))


def _own(rows: QuerySet[Lot], request: HttpRequest) -> QuerySet[Lot]:
    """Return the lots whose present state the reader may ask about: a filter tells it, too."""
    viewer = viewer_of(request)
    if viewer is None or viewer.is_operator:
        return rows
    return seeing.held_by(rows, viewer.organization)


@admin.register(Lot)
class LotAdmin(ReadOnlyAdmin):
    """Lots as they stand now, to those who may know that; names where the reader knows them."""

    list_display: tuple[Any, ...] = ("id", "what", "how_much", "custody", "holder", "place")
    list_filter: tuple[Any, ...] = (StateFilter, RestatedFilter, "material", "form")
    search_fields = ("id", "material")
    ordering = ("id",)
    page_template = "traceability/admin/lot.html"

    def scoped(self, rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
        """Return the lots this viewer holds, held, was offered or audits."""
        holder = known_organizations(viewer).filter(pk=OuterRef("custodian"))
        place = known_facilities(viewer).filter(pk=OuterRef("facility"))
        told: QuerySet[Any] = seen_lots(rows, viewer).annotate(
            holder_name=Subquery(holder.values("name")[:1]),
            place_name=Subquery(place.values("name")[:1]),
        )
        return told

    def get_sortable_by(self, request: HttpRequest) -> Any:
        """Let only the operator's staff sort by what is kept from former holders."""
        viewer = viewer_of(request)
        if viewer is not None and viewer.is_operator:
            return super().get_sortable_by(request)
        return {"id", "what"}

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Mark the lots whose present state the reader may know."""
        changes = super().get_changelist_instance(request)
        viewer = viewer_of(request)
        if viewer is not None:
            _mark(changes.result_list, viewer)
        return changes

    @column(description=_("material"), ordering="material")
    def what(self, lot: Lot) -> str:
        """Return material and form in words."""
        material, form = words(lot.material), words(lot.form)
        return material if form in material else f"{material}, {form}"

    @column(description=_("amount"), ordering="amount")
    def how_much(self, lot: Lot) -> str:
        """Return what is left of the lot, and on which basis it was weighed."""
        if not _is_in_full(lot):
            return "—"
        told = amount(lot.amount, lot.unit)
        return f"{told} {words(lot.basis)}" if lot.unit == "mg" else told

    @column(
        description=_("custody"),
        ordering="state",
        label={
            HELD: "success",
            IN_TRANSIT: "info",
            EXITED: "default",
            "restated": "danger",
            PASSED_ON: "default",
        },
    )
    def custody(self, lot: Lot) -> tuple[str, Any]:
        """Return the state; a lot below zero gave more than, as now known, it held."""
        if not _is_in_full(lot):
            return PASSED_ON, _("passed on")
        if lot.amount < 0:
            return "restated", _("restated: gave more than it held")
        return lot.state, lot.get_state_display()

    @column(description=_("held by"))
    def holder(self, lot: Any) -> str:
        """Return the custodian's name, where the reader may know it."""
        if not _is_in_full(lot):
            return "—"
        return lot.holder_name or str(_("name not opened"))

    @column(description=_("at"))
    def place(self, lot: Any) -> str:
        """Return the facility's name, where there is one and the reader may know it."""
        if lot.facility is None or not _is_in_full(lot):
            return "—"
        return lot.place_name or str(_("name not opened"))

    def get_urls(self) -> list[URLPattern]:
        """Add the address that the button of a lot's page posts to."""
        wrap = self.admin_site.admin_view
        mine = [
            path(
                "<path:object_id>/verify/",
                wrap(require_POST(self.verify)),
                name="traceability_lot_verify",
            ),
            path(
                "<path:object_id>/descendants/",
                wrap(require_safe(self.descendants)),
                name="traceability_lot_descendants",
            ),
            path(
                "<path:object_id>/bundle/",
                wrap(require_safe(self.bundle)),
                name="traceability_lot_bundle",
            ),
        ]
        return mine + list(super().get_urls())

    def verify(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Build the lot's proof bundle for this reader, verify it, and show the steps."""
        lot, viewer = self.lot_and_viewer(request, object_id)
        began = time.monotonic()
        told: dict[str, Any] = {}
        try:
            bundle = build_bundle(lot.pk, reader=_reader(viewer))
            told["report"] = verify_bundle(bundle, verifiers=[log_verifier()])
        except TraceabilityError as error:
            told["error"] = error
        told["milliseconds"] = round((time.monotonic() - began) * 1000)
        context = self.page_context(request, lot) | {"checked": told}
        return self.rendered(request, self.page_template, {"original": lot} | context)

    def bundle(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send the lot's proof bundle, made for this reader."""
        lot, viewer = self.lot_and_viewer(request, object_id)
        try:
            content = build_bundle(lot.pk, reader=_reader(viewer))
        except TraceabilityError as error:
            self.message_user(request, f"{error} {error.hint}", messages.WARNING)
            address = reverse("admin:traceability_lot_change", args=[quote(lot.pk)])
            return HttpResponseRedirect(address)
        note_lot_read(lot, viewer, "bundle")
        name = f"{lot.pk.replace(':', '_')}.bundle.json"
        response = HttpResponse(content, content_type="application/json")
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    def descendants(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what came of a lot, as far as this reader may know it."""
        lot, viewer = self.lot_and_viewer(request, object_id)
        telling = descent_of(
            lot.pk,
            size=published_size(),
            reader=viewer.organization,
            person=viewer.person,
        )
        context = {"lot": lot, "size": telling.head.log_size, **shown(telling)}
        return self.rendered(
            request, "traceability/admin/descendants.html", {"original": lot} | context
        )

    def lot_and_viewer(self, request: HttpRequest, object_id: str) -> tuple[Lot, Viewer]:
        """Return a lot this person may see, and for whom; anything else is not found."""
        viewer, lot = viewer_of(request), self.get_object(request, unquote(object_id))
        if viewer is None or lot is None or not self.has_view_permission(request, lot):
            raise Http404
        return lot, viewer

    def page_context(self, request: HttpRequest, row: Lot) -> dict[str, Any]:
        """Return the lot, its chain and which statements the reader may open."""
        viewer = viewer_of(request)
        if viewer is not None:
            note_lot_read(row, viewer, "lot")
            _mark([row], viewer)
        links = chain_of(f"lot:{row.pk}", newest=NEWEST)
        orders = [link.entry.pk for link in links]
        rows = readable_entries(Entry.objects.filter(pk__in=orders), viewer) if viewer else []
        readable = {entry.pk for entry in rows}
        if not _is_in_full(row):  # what a buyer did later is the buyer's
            links = [link for link in links if link.entry.pk in readable]
        short = restatements([row], viewer.organization) if viewer else []
        return {
            "lot": row,
            "restatement": short[0] if short else None,
            "title": f"{_('Lot')} {row.pk}",
            "links": links,
            "chain": summary_of(links),
            "readable": readable,
            "material": self.what(row),
            "gross": self.how_much(row),
            "custody": self.custody(row)[1],
            "holder": self.holder(row),
            "place": self.place(row),
        }


def _mark(lots: Sequence[Any], viewer: Viewer) -> None:
    """Write on lots whether the reader may know how they stand now."""
    seen = seeing.lots_seen_in_full(lots, viewer.organization)
    for lot in lots:
        lot.is_in_full = lot.pk in seen


def _is_in_full(lot: Any) -> bool:
    """Tell whether how a lot stands now may be shown; a former holder is not told."""
    return bool(getattr(lot, "is_in_full", False))


def _reader(viewer: Viewer) -> str | None:
    """Return for whom a bundle is made; the operator's staff get all there is."""
    return None if viewer.is_operator else viewer.organization
