"""The lot list with verdicts, and the one page on which an officer decides."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from standards.dossiers import gathered
from standards.models import Judgement
from standards.origins import Asked, origins_of
from standards.reading import (
    MineralVerdict,
    Row,
    clubs_of,
    decisions_on,
    findings_on,
    flags_seen_by,
    verdicts_on,
    worst,
)
from standards.rulebook.policy import Verdict
from standards.templatetags.verdicts import verdict_badge
from standards.unjudged import in_groups
from standards.ways import rows_about
from standards.withstanding import set_back
from traceability import seeing
from traceability.admin.access import Viewer, note_lot_read, viewer_of
from traceability.admin.base import column
from traceability.admin.custody import LotAdmin
from traceability.journeys import journey_of
from traceability.models import Lot
from traceability.tracing import published_size

_WORDS = {
    Verdict.FAIL: _("fail"),
    Verdict.INDETERMINATE: _("cannot tell"),
    Verdict.WAIVED: _("waived"),
    Verdict.GRACE: _("grace"),
    Verdict.PASS: _("pass"),
}


class VerdictFilter(admin.SimpleListFilter):
    """Lots with at least one current verdict of this kind, by the reader's clubs."""

    title = _("verdict")
    parameter_name = "verdict"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the verdicts, worst first."""
        return [(verdict.value, word) for verdict, word in _WORDS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Lot]) -> QuerySet[Lot]:
        """Return the lots a chosen verdict was given on."""
        viewer = viewer_of(request)
        if self.value() is None or viewer is None:
            return queryset
        found = Judgement.objects.filter(
            is_current=True, verdict=self.value(), club__in=_clubs(viewer)
        )
        return queryset.filter(pk__in=found.order_by().values("lot"))


admin.site.unregister(Lot)


@admin.register(Lot)
class JudgedLotAdmin(LotAdmin):
    """Lots, with what the reader's clubs make of them."""

    list_display: tuple[Any, ...] = (
        "id",
        "verdicts",
        "what",
        "how_much",
        "custody",
        "holder",
        "place",
    )
    list_filter: tuple[Any, ...] = (VerdictFilter, *LotAdmin.list_filter)
    page_template = "standards/admin/lot.html"

    def scoped(self, rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
        """Return the lots this viewer may see, with the verdicts of its clubs."""
        told = Judgement.objects.filter(
            lot=OuterRef("pk"), is_current=True, club__in=_clubs(viewer)
        ).order_by("club", "mineral")
        pair = JSONObject(club="club_id", verdict="verdict")
        judged = ArraySubquery(told.values(told=pair))
        found: QuerySet[Any] = super().scoped(rows, viewer).annotate(judged=judged)
        return found

    @column(description=_("verdict"))
    def verdicts(self, lot: Any) -> SafeString | str:
        """Return the worst verdict of each club."""
        clubs = dict.fromkeys(one["club"] for one in lot.judged)
        badges = [
            (verdict_badge(found, before=f"{club}:"),)
            for club in clubs
            if (found := worst(one["verdict"] for one in lot.judged if one["club"] == club))
        ]
        return format_html_join(" ", "{}", badges) if badges else str(_("not judged"))

    def page_context(self, request: HttpRequest, row: Lot) -> dict[str, Any]:
        """Return the lot, its verdicts with reasons, its origin, its chain and its flags."""
        context = super().page_context(request, row)
        viewer = viewer_of(request)
        if viewer is None:
            return context
        flags = list(flags_seen_by(viewer.organization).filter(lot=row.pk))
        decisions = decisions_on(flags, viewer.organization)
        told = set_back(row.pk, clubs_of(viewer.organization).values_list("pk", flat=True))
        if told is not None and told.is_whole:
            return context | {
                "setback": told,
                "flags": [(flag, decisions.get(flag.pk, [])) for flag in flags],
            }
        verdicts = verdicts_on(row.pk, viewer.organization)
        findings = {} if verdicts else findings_on(row.pk, viewer.organization)
        traced, evidence = gathered([row.pk], published_size())
        asked = _asked(row.pk, viewer, verdicts, findings)
        return context | {
            "setback": told,
            "verdicts": verdicts,
            "by_club": by_club(verdicts),
            "unjudged": in_groups(findings),
            "origins": origins_of(traced, evidence, asked),
            "journey": journey_of(traced.history, row.pk, viewer.organization),
            "flags": [(flag, decisions.get(flag.pk, [])) for flag in flags],
        }

    def get_urls(self) -> list[URLPattern]:
        """Add the page on which the way of one mineral is looked into."""
        wrap = self.admin_site.admin_view
        mine = path(
            "<path:object_id>/way/<str:mineral>/",
            wrap(require_safe(self.way)),
            name="traceability_lot_way",
        )
        return [mine, *super().get_urls()]

    def way(self, request: HttpRequest, object_id: str, mineral: str) -> HttpResponse:
        """Show the way of one mineral into a lot, with the members of one group."""
        lot, viewer = self.lot_and_viewer(request, object_id)
        note_lot_read(lot, viewer, "way")
        verdicts = verdicts_on(lot.pk, viewer.organization)
        findings = {} if verdicts else findings_on(lot.pk, viewer.organization)
        traced, evidence = gathered([lot.pk], published_size())
        asked = _asked(lot.pk, viewer, verdicts, findings)
        opened = request.GET.get("open", "")
        origins = origins_of(traced, evidence, asked, only=mineral, opened=opened)
        if not origins:
            raise Http404
        title = _("%(mineral)s in lot %(lot)s") % {"mineral": mineral, "lot": lot.pk}
        context = {"original": lot, "lot": lot, "title": title, "origin": origins[0]}
        return self.rendered(request, "standards/admin/way_page.html", context)


def _asked(
    lot: str,
    viewer: Viewer,
    verdicts: list[MineralVerdict],
    findings: dict[str, tuple[Row, ...]],
) -> Asked:
    def address(mineral: str, key: str) -> str:
        page = reverse("admin:traceability_lot_way", args=[quote(lot), mineral])
        return f"{page}?{urlencode({'open': key})}#way-{mineral}"

    return Asked(
        lot=lot,
        organization=viewer.organization,
        on=seeing.today(),
        rows=lambda mineral: rows_about(mineral, verdicts, findings),
        address=address,
    )


def by_club(verdicts: list[MineralVerdict]) -> list[tuple[Any, list[MineralVerdict]]]:
    """Return verdicts, which come the worst first, by club."""
    clubs = {one.club.pk: one.club for one in verdicts}
    return [(club, [one for one in verdicts if one.club.pk == key]) for key, club in clubs.items()]


def _clubs(viewer: Viewer) -> QuerySet[Any]:
    return clubs_of(viewer.organization).values("pk")
