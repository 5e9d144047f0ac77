"""The lot list with verdicts, and the one page on which an officer decides."""

from typing import Any

from django.contrib import admin
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from standards.models import Judgement
from standards.origins import origins_on
from standards.reading import (
    MineralVerdict,
    clubs_of,
    decisions_on,
    findings_on,
    flags_seen_by,
    verdicts_on,
    worst,
)
from standards.rulebook.policy import Verdict
from standards.templatetags.verdicts import verdict_badge
from traceability import seeing
from traceability.admin.access import Viewer, viewer_of
from traceability.admin.base import column
from traceability.admin.custody import LotAdmin
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
        verdicts = verdicts_on(row.pk, viewer.organization)
        return context | {
            "verdicts": verdicts,
            "by_club": by_club(verdicts),
            "findings": {} if verdicts else findings_on(row.pk, viewer.organization),
            "origins": origins_on(
                row.pk, viewer.organization, size=published_size(), on=seeing.today()
            ),
            "flags": [(flag, decisions.get(flag.pk, [])) for flag in flags],
        }


def by_club(verdicts: list[MineralVerdict]) -> list[tuple[Any, list[MineralVerdict]]]:
    """Return verdicts, which come the worst first, by club."""
    clubs = {one.club.pk: one.club for one in verdicts}
    return [(club, [one for one in verdicts if one.club.pk == key]) for key, club in clubs.items()]


def _clubs(viewer: Viewer) -> QuerySet[Any]:
    return clubs_of(viewer.organization).values("pk")
