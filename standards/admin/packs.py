"""Rule packs: which were put in force when, and the rulebook that they make together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from standards.lawbook import (
    BookedPack,
    ClubValue,
    Counted,
    Decided,
    assessments_citing,
    book,
    club_values,
    counted_findings,
    resting_on,
    values_over_time,
)
from standards.models import PackActivation
from standards.rulebook.overview import STATES, State, Stated, counted, next_to_check, stale
from traceability.admin.access import Viewer, viewer_of
from traceability.admin.base import ReadOnlyAdmin
from traceability.pictures.stacked import HEIGHT, WIDTH, Segment, stacked_bar

_STATE_WORDS: Mapping[str, Any] = {
    "unset": _("not filled in"),
    "unverified": _("not verified"),
    "secondary": _("secondary source"),
    "official": _("official text"),
    "stale": _("not checked for 180 days"),
}
_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A parameter on the page, with what rests on it."""

    stated: Stated
    clubs: tuple[ClubValue, ...]
    decided: Decided | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A pack on the page: its bar, how many of its parameters are how sure, and those asked for."""

    booked: BookedPack
    counts: Mapping[State, int]
    bar: tuple[Segment, ...]
    lines: tuple[Line, ...]

    @property
    def total(self) -> int:
        """Return how many parameters the pack has."""
        return sum(self.counts.values())


@admin.register(PackActivation)
class PackActivationAdmin(ReadOnlyAdmin):
    """Which rule packs were put in force when, by the digest of their exact bytes."""

    list_display = ("pack", "version", "index", "digest")
    list_filter = ("pack",)
    fields = ("pack", "version", "index", "digest", "entry")
    readonly_fields = fields
    ordering = ("-index",)

    def scoped(self, rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
        """Return all of them: the rules are the same for everybody."""
        return rows

    def get_urls(self) -> list[URLPattern]:
        """Add the rulebook, and the page of one parameter."""
        wrap = self.admin_site.admin_view
        name = "standards_packactivation"
        mine = [
            path("rulebook/", wrap(require_safe(self.rulebook)), name=f"{name}_rulebook"),
            path(
                "rulebook/<str:key>/", wrap(require_safe(self.parameter)), name=f"{name}_parameter"
            ),
        ]
        return [*mine, *super().get_urls()]

    # ── the rulebook ─────────────────────────────────────────────────────────────────────

    def rulebook(self, request: HttpRequest) -> HttpResponse:
        """Show every parameter of every pack; first, what nobody has filled in."""
        viewer = self._reader(request)
        asked = {name: request.GET.get(name, "") for name in ("pack", "scheme", "status", "digest")}
        today = timezone.localdate()
        packs = book(viewer.organization, on=today, digest=asked["digest"])
        counts = self._counted(request, viewer)
        every = [one for booked in packs if booked.is_in_force for one in booked.stated]
        old = stale(every, on=today)
        names = {one.version.key for one in old}
        clubs = club_values(viewer.organization, on=today)
        shown = [one for one in packs if _is_asked_for(one, asked)]
        parts = _parts(shown, packs, asked["status"], names, clubs, counts)
        unset = _unset(parts)
        asked_for = [one for one in unset if one.decided and one.decided.findings]
        context = {
            "title": _("Rulebook"),
            "note": _("A value changes by a new version of its pack, never here."),
            "asked": asked,
            "is_filtered": any(asked.values()),
            "packs": packs,
            "schemes": sorted({_scheme(one) for one in packs} - {""}),
            "states": _STATE_WORDS.items(),
            "parts": parts,
            "unset": unset,
            "unset_first": asked_for or unset,
            "unset_later": [one for one in unset if one not in asked_for] if asked_for else [],
            "totals": counted(every),
            "total": len(every),
            "stale": old,
            "next_check": next_to_check(every, on=today),
            "counts": counts,
            "width": WIDTH,
            "height": HEIGHT,
        }
        return self.rendered(request, "standards/admin/rulebook.html", context)

    def parameter(self, request: HttpRequest, key: str) -> HttpResponse:
        """Show one parameter: every version, who reads it, since when, and what rests on it."""
        viewer = self._reader(request)
        today = timezone.localdate()
        found = [
            (booked, one)
            for booked in book(viewer.organization, on=today)
            for one in booked.stated
            if one.parameter.key == key
        ]
        if not found:
            raise Http404
        page = None
        if request.user.has_perm("standards.view_assessment"):
            rows = assessments_citing(key, viewer.organization)
            page = Paginator(rows, _PAGE).get_page(request.GET.get("page"))
        context = {
            "title": found[0][1].parameter.title,
            "note": _("A value changes by a new version of its pack, never here."),
            "key": key,
            "found": [
                (booked, one, values_over_time(key, booked.activations)) for booked, one in found
            ],
            "clubs": club_values(viewer.organization, on=today).get(key, ()),
            "page": page,
            "resting": resting_on(key, page.object_list) if page else (),
        }
        return self.rendered(request, "standards/admin/parameter.html", context)

    def _reader(self, request: HttpRequest) -> Viewer:
        """Return who reads; whoever acts for no organization reads what everybody may."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return viewer_of(request) or Viewer(organization="", person="", is_operator=False)

    def _counted(self, request: HttpRequest, viewer: Viewer) -> Counted | None:
        if not request.user.has_perm("standards.view_assessment"):
            return None
        return counted_findings(viewer.organization)


def _parts(
    shown: Iterable[BookedPack],
    packs: Iterable[BookedPack],
    status: str,
    stale_keys: set[str],
    clubs: Mapping[str, list[ClubValue]],
    counts: Counted | None,
) -> list[Part]:
    longest = max((len(one.stated) for one in packs), default=0)
    parts = []
    for booked in shown:
        lines = tuple(
            Line(
                stated=one,
                clubs=tuple(clubs.get(one.parameter.key, ())),
                decided=counts.by_key.get(one.parameter.key) if counts else None,
            )
            for one in booked.stated
            if _has_status(one, status, stale_keys)
        )
        numbers = counted(booked.stated)
        order: dict[str, int] = {state: numbers[state] for state in reversed(STATES)}
        bar = tuple(stacked_bar(order, longest=longest))
        if lines or not status:
            parts.append(Part(booked=booked, counts=numbers, bar=bar, lines=lines))
    return parts


def _unset(parts: Iterable[Part]) -> list[Line]:
    """Return what is in force and not filled in; what keeps most findings from telling first."""
    lines = [
        line
        for part in parts
        if part.booked.is_in_force
        for line in part.lines
        if line.stated.state == "unset"
    ]
    return sorted(lines, key=lambda line: -(line.decided.findings if line.decided else 0))


def _has_status(stated: Stated, status: str, stale_keys: set[str]) -> bool:
    if status == "stale":
        return stated.parameter.key in stale_keys
    return status in ("", stated.state)


def _scheme(booked: BookedPack) -> str:
    return booked.pack.scheme or booked.pack.jurisdiction


def _is_asked_for(booked: BookedPack, asked: Mapping[str, str]) -> bool:
    if asked["digest"] and booked.pack.digest == asked["digest"]:
        return True
    return asked["pack"] in ("", booked.pack.id) and asked["scheme"] in ("", _scheme(booked))
