"""The officer's work list. Rows are read-only; decisions call `standards.flagging`."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from standards.flagging import acknowledge_flags, resolve_flag
from standards.models import Flag
from standards.questioning import replies_to
from standards.reading import decisions_on, flags_seen_by, rows_behind, veiled_reasons
from standards.rulebook.rules import title_of
from standards.templatetags.verdicts import badge, severity_badge, verdict_badge
from traceability.admin.access import Viewer, viewer_of
from traceability.admin.base import ReadOnlyAdmin, column
from traceability.errors import TraceabilityError
from traceability.templatetags.ledger import day

_UNANSWERED = (Flag.Status.OPEN, Flag.Status.ACKNOWLEDGED)
_STATUS_LOOKS: dict[str, tuple[str, str]] = {
    Flag.Status.OPEN: ("l-ask", "●"),
    Flag.Status.ACKNOWLEDGED: ("l-calm", "◔"),
    Flag.Status.RESOLVED: ("l-good", "✓"),
    Flag.Status.CLOSED: ("", "·"),
}


class StatusFilter(admin.SimpleListFilter):
    """Open work first: closed flags are shown only when asked for."""

    title = gettext_lazy("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choices besides "all", which here means all that is open."""
        return [*Flag.Status.choices, ("every", gettext_lazy("open and closed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Flag]) -> QuerySet[Flag]:
        """Return what was asked for; without a choice, what still needs somebody."""
        if self.value() == "every":
            return queryset
        if self.value():
            return queryset.filter(status=self.value())
        return queryset.filter(status__in=_UNANSWERED)


@admin.register(Flag)
class FlagAdmin(ReadOnlyAdmin):
    """Open questions to a person, the most urgent first."""

    list_display = ("what", "how_bad", "why", "due", "state")
    list_display_links = ("what",)
    list_filter = (StatusFilter, "severity", "rule_id", "mineral")
    list_select_related = ("owner",)
    search_fields = ("lot", "rule_id")
    ordering = ("due_on", "id")
    actions = ("acknowledge",)
    page_template = "standards/admin/flag.html"
    read_only_note = gettext_lazy(
        "Flags are raised and closed by verdicts. You decide what is done about them."
    )

    def scoped(self, rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
        """Return the flags of the viewer's clubs, about lots it may see."""
        return rows.filter(pk__in=flags_seen_by(viewer.organization).order_by().values("pk"))

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Let only such names stand in the reasons as the reader may know."""
        changes = super().get_changelist_instance(request)
        viewer = viewer_of(request)
        if viewer is not None:
            veiled_reasons(changes.result_list, viewer.organization)
        return changes

    # ── columns ──────────────────────────────────────────────────────────────────────────

    @column(description=gettext_lazy("lot"), ordering="lot")
    def what(self, flag: Flag) -> SafeString:
        """Return lot and mineral, and the rule below."""
        return _stacked(flag.lot, f"{flag.mineral} · {flag.rule_id}")

    @column(description=gettext_lazy("severity"), ordering="severity")
    def how_bad(self, flag: Flag) -> SafeString:
        """Return severity and verdict as badges."""
        return _stacked(severity_badge(flag.severity), verdict_badge(flag.verdict))

    @column(description=gettext_lazy("because"))
    def why(self, flag: Flag) -> SafeString:
        """Return the reason, so that it is read before anything is clicked."""
        return format_html('<span class="l-why">{}</span>', flag.because)

    @column(description=gettext_lazy("due"), ordering="due_on")
    def due(self, flag: Flag) -> SafeString:
        """Return the day it is due, and say when that has passed."""
        is_late = flag.status in _UNANSWERED and flag.due_on < timezone.localdate()
        return _stacked(day(flag.due_on), badge("l-bad", "!", _("late")) if is_late else "")

    @column(description=gettext_lazy("status"), ordering="status")
    def state(self, flag: Flag) -> SafeString:
        """Return where the question stands, and who works on it."""
        look, sign = _STATUS_LOOKS[flag.status]
        owner = flag.owner.get_username() if flag.owner else _("nobody yet")
        return _stacked(badge(look, sign, flag.get_status_display()), owner)

    # ── decisions ────────────────────────────────────────────────────────────────────────

    def has_acknowledge_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may take flags on."""
        return request.user.has_perm("standards.acknowledge_flag")

    def has_resolve_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may resolve flags."""
        return request.user.has_perm("standards.resolve_flag")

    @admin.action(
        description=gettext_lazy("Acknowledge selected flags"), permissions=["acknowledge"]
    )
    def acknowledge(self, request: HttpRequest, queryset: QuerySet[Flag]) -> None:
        """Take flags on, and say what happened to how many."""
        keys = list(queryset.values_list("pk", flat=True))  # a list joins owners: no row to lock
        done = acknowledge_flags(Flag.objects.filter(pk__in=keys), by=request.user)
        self.message_user(
            request,
            ngettext(
                "Acknowledged %(done)s of %(chosen)s selected flag.",
                "Acknowledged %(done)s of %(chosen)s selected flags.",
                len(keys),
            )
            % {"done": done, "chosen": len(keys)},
            messages.SUCCESS if done else messages.WARNING,
        )

    def get_urls(self) -> list[URLPattern]:
        """Add the addresses that the buttons of a flag's page post to."""
        wrap = self.admin_site.admin_view
        mine = [
            path(
                "<int:pk>/acknowledge/",
                wrap(require_POST(self.acknowledge_one)),
                name="standards_flag_acknowledge",
            ),
            path(
                "<int:pk>/resolve/",
                wrap(require_POST(self.resolve_one)),
                name="standards_flag_resolve",
            ),
        ]
        return mine + list(super().get_urls())

    def acknowledge_one(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take one flag on, from its page."""
        self._require(allowed=self.has_acknowledge_permission(request))
        flag = self._flag(request, pk)
        self.acknowledge(request, Flag.objects.filter(pk=flag.pk))
        return self._back(flag)

    def resolve_one(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Close one flag with the reason that was given."""
        self._require(allowed=self.has_resolve_permission(request))
        flag = self._flag(request, pk)
        try:
            resolve_flag(flag, by=request.user, because=request.POST.get("because", ""))
        except TraceabilityError as error:
            self.message_user(request, f"{error} {error.hint}", messages.ERROR)
        else:
            self.message_user(request, _("The flag is resolved."), messages.SUCCESS)
        return self._back(flag)

    def page_context(self, request: HttpRequest, row: Flag) -> dict[str, Any]:
        """Return the flag, the finding behind it, and what was decided about it."""
        viewer = viewer_of(request)
        if viewer is not None:
            veiled_reasons([row], viewer.organization)
        return {
            "flag": row,
            "title": f"{row.rule_id} {row.lot}",
            "rule": title_of(row.rule_id),
            "rows": rows_behind(row, viewer.organization) if viewer else [],
            "decisions": decisions_on([row], viewer.organization).get(row.pk, []) if viewer else [],
            "replies": replies_to([row], viewer.organization)[row.pk] if viewer else [],
            "may_acknowledge": row.status == Flag.Status.OPEN
            and self.has_acknowledge_permission(request),
            "may_resolve": row.status in _UNANSWERED and self.has_resolve_permission(request),
        }

    def _flag(self, request: HttpRequest, pk: int) -> Flag:
        """Return a flag this person may see; anything else is not found."""
        flag: Flag | None = self.get_queryset(request).filter(pk=pk).first()
        if flag is None:
            raise Http404
        return flag

    def _require(self, *, allowed: bool) -> None:
        if not allowed:
            raise PermissionDenied

    def _back(self, flag: Flag) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:standards_flag_change", args=[flag.pk]))


def _stacked(above: Any, below: Any) -> SafeString:
    """Return two lines of one cell, neither of them broken."""
    return format_html(
        '<span class="l-stack"><span>{}</span><span class="l-soft l-small">{}</span></span>',
        above,
        below,
    )
