"""The calendar of what runs out or falls due, and the reminders that were given of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from standards.models import Reminder
from standards.reminding import is_still_due
from standards.schedule import KINDS, Asked, DueLine, calendar_of
from standards.templatetags.verdicts import badge
from traceability import seeing
from traceability.admin.access import Viewer, viewer_of
from traceability.admin.base import ReadOnlyAdmin, column
from traceability.templatetags.ledger import day, words

KIND_NAMES: dict[str, Any] = {
    "expiry": gettext_lazy("validity ends"),
    "surveillance": gettext_lazy("surveillance due"),
    "next_action": gettext_lazy("next action announced"),
    "plan": gettext_lazy("corrective plan due"),
    "register": gettext_lazy("copy of a register too old after"),
    "declaration": gettext_lazy("declaration ends"),
}
SHOWN_LOTS = 5
AHEAD = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the calendar as the page shows it."""

    line: DueLine
    what: str
    link: str
    is_past: bool
    lots: tuple[str, ...]
    more_lots: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """The lines of one month; `first` is its first day."""

    first: date
    entries: tuple[Entry, ...]


@admin.register(Reminder)
class ReminderAdmin(ReadOnlyAdmin):
    """Reminders of the viewer's organization, each given once, by the day that is due."""

    list_display = ("due", "what", "about", "why", "given", "still")
    list_display_links = None
    list_filter = ("kind", "scheme")
    search_fields = ("about", "scheme")
    ordering = ("due_on", "id")
    list_before_template = "standards/admin/reminders_before.html"
    read_only_note = gettext_lazy(
        "Each reminder is given once. What was renewed since is due on another day, or no more."
    )

    def scoped(self, rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
        """Return the reminders of the viewer's own organization."""
        return rows.filter(organization=viewer.organization)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Compare the reminders of the page with the calendar of today."""
        changes = super().get_changelist_instance(request)
        viewer = viewer_of(request)
        lines = calendar_of(viewer.organization, on=seeing.today()) if viewer else []
        for one in changes.result_list:
            one.is_still_due = is_still_due(one, lines)
        return changes

    @column(description=gettext_lazy("due"), ordering="due_on")
    def due(self, row: Reminder) -> str:
        """Return the day that is due."""
        return day(row.due_on)

    @column(description=gettext_lazy("what"), ordering="kind")
    def what(self, row: Reminder) -> str:
        """Return what is due."""
        told = str(KIND_NAMES.get(row.kind, row.kind))
        return f"{told} ({row.detail})" if row.detail else told

    @column(description=gettext_lazy("because"))
    def why(self, row: Reminder) -> SafeString:
        """Return what the day follows from."""
        return format_html('<span class="l-why">{}</span>', row.because)

    @column(description=gettext_lazy("reminded"), ordering="reminded_at")
    def given(self, row: Reminder) -> str:
        """Return when the reminder was given, and how many days ahead."""
        told = _("%(day)s, %(n)s days ahead")
        return told % {"day": day(row.reminded_at.date()), "n": row.days_before}

    @column(description=gettext_lazy("today"))
    def still(self, row: Any) -> SafeString:
        """Return whether it still is due on that day."""
        if not row.is_still_due:
            return badge("l-good", "✓", _("no more due"))
        if row.due_on < timezone.localdate():
            return badge("l-bad", "!", _("past"))
        return badge("l-ask", "●", _("still due"))

    # ── the calendar ─────────────────────────────────────────────────────────────────────

    def get_urls(self) -> list[URLPattern]:
        """Add the address of the calendar."""
        wrap = self.admin_site.admin_view
        mine = path(
            "calendar/", wrap(require_safe(self.calendar)), name="standards_reminder_calendar"
        )
        return [mine, *super().get_urls()]

    def calendar(self, request: HttpRequest) -> HttpResponse:
        """Show what runs out or falls due, month by month."""
        viewer = viewer_of(request)
        if viewer is None or not self.has_view_permission(request):
            raise PermissionDenied
        today, given = seeing.today(), request.GET
        last, problem = _last_day(given.get("until", ""), today)
        every = calendar_of(viewer.organization, on=today)
        asked = Asked(
            last=last,
            kind=given.get("kind") or None,
            scheme=given.get("scheme") or None,
            club=given.get("club") or None,
        )
        lines = [line for line in every if asked.lets(line)]
        dated = [_entry(one, today) for one in lines if one.due.on is not None]
        context = {
            "title": _("Calendar"),
            "past": [one for one in dated if one.is_past],
            "months": _months(one for one in dated if not one.is_past),
            "undated": [_entry(one, today) for one in lines if one.due.on is None],
            "last": last.isoformat(),
            "problem": problem,
            "kinds": [(kind, KIND_NAMES[kind], kind == asked.kind) for kind in KINDS],
            "schemes": _choices((one.due.scheme for one in every), asked.scheme),
            "clubs": _choices((club for one in every for club in one.clubs), asked.club),
            "note": _("Derived anew from the record and the rule packs whenever you look."),
        }
        return self.rendered(request, "standards/admin/calendar.html", context)


def _last_day(text: str, today: date) -> tuple[date, str]:
    """Return until when days are shown, and what is wrong with what was asked."""
    if not text:
        return today + AHEAD, ""
    try:
        return date.fromisoformat(text), ""
    except ValueError:
        return today + AHEAD, _("%(text)s is no calendar day.") % {"text": text[:40]}


def _choices(names: Iterable[str], chosen: str | None) -> list[tuple[str, str, bool]]:
    return [(name, words(name), name == chosen) for name in sorted(set(names) - {""})]


def _entry(line: DueLine, today: date) -> Entry:
    due = line.due
    told = str(KIND_NAMES[due.kind])
    return Entry(
        line=line,
        what=f"{told} ({due.detail})" if due.detail else told,
        link=_link(line),
        is_past=due.on is not None and due.on < today,
        lots=line.lots[:SHOWN_LOTS],
        more_lots=max(0, len(line.lots) - SHOWN_LOTS),
    )


def _link(line: DueLine) -> str:
    """Return the list in which what runs out is found."""
    page = {"register": "registrysnapshot", "declaration": "declaration"}
    model = page.get(line.due.kind, "certificate")
    return f"{reverse(f'admin:standards_{model}_changelist')}?q={line.due.about}"


def _months(entries: Iterable[Entry]) -> list[Month]:
    by_month: dict[date, list[Entry]] = {}
    for one in entries:
        if one.line.due.on is not None:
            by_month.setdefault(one.line.due.on.replace(day=1), []).append(one)
    return [Month(first=first, entries=tuple(told)) for first, told in sorted(by_month.items())]
