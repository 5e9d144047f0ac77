"""Registers of schemes: copies on file, their rows, and importing another copy in two steps."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from standards.importing import (
    Comparison,
    Said,
    accept_draft,
    compare,
    compare_draft,
    draft_of,
    keep_draft,
)
from standards.models import RegistryRow, RegistrySnapshot
from standards.registers import author_of, copy_before, retrieved_at, rows_for
from standards.rulebook.register_changes import difference
from standards.rulebook.register_file import MOST_BYTES
from standards.templatetags.verdicts import badge
from traceability import seeing
from traceability.admin.access import Viewer, viewer_of
from traceability.admin.base import ReadOnlyAdmin, column, statement_file
from traceability.errors import TraceabilityError
from traceability.keeping import signs_itself
from traceability.templatetags.ledger import words

_PERMISSION = "standards.import_registrysnapshot"
MOST_NAMED = 50
"""Lots and certificates that a comparison names on the page."""


@admin.register(RegistrySnapshot)
class RegistrySnapshotAdmin(ReadOnlyAdmin):
    """Copies of registers, newest first. Everybody may see them: registers are public."""

    list_display = ("register", "of", "retrieved", "extent", "by")
    list_display_links = ("register",)
    list_filter = ("scheme", "complete")
    search_fields = ("snapshot", "scheme", "title")
    ordering = ("-index",)
    page_template = "standards/admin/snapshot.html"
    list_before_template = "standards/admin/snapshots_before.html"
    read_only_note = gettext_lazy(
        "A copy is evidence of what a register said at a moment. It changes no certificate."
    )

    def scoped(self, rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
        """Return every copy, each as stated last."""
        later = RegistrySnapshot.objects.filter(
            snapshot=OuterRef("snapshot"), index__gt=OuterRef("index")
        )
        return rows.filter(~Exists(later))

    @column(description=gettext_lazy("register"), ordering="title")
    def register(self, snapshot: RegistrySnapshot) -> str:
        """Return the title of the register."""
        return snapshot.title

    @column(description=gettext_lazy("scheme"), ordering="scheme")
    def of(self, snapshot: RegistrySnapshot) -> str:
        """Return the scheme in words."""
        return words(snapshot.scheme)

    @column(description=gettext_lazy("retrieved"), ordering="retrieved_on")
    def retrieved(self, snapshot: RegistrySnapshot) -> Any:
        """Return the day of retrieval, as the place had it."""
        return snapshot.retrieved_on

    @column(description=gettext_lazy("extent"))
    def extent(self, snapshot: RegistrySnapshot) -> str:
        """Return how many rows there are, and whether absence means anything."""
        kind = _("complete") if snapshot.complete else _("partial")
        return _("%(n)s rows, %(kind)s") % {"n": len(snapshot.rows), "kind": kind}

    @column(description=gettext_lazy("stated by"))
    def by(self, snapshot: RegistrySnapshot) -> str:
        """Return who stated it."""
        return author_of(snapshot)

    def page_context(self, request: HttpRequest, row: RegistrySnapshot) -> dict[str, Any]:
        """Return the copy, its rows as the reader may know them, and what changed before it."""
        viewer = viewer_of(request)
        if viewer is None:  # the list of somebody without an organization is empty
            raise Http404
        before = copy_before(row)
        rows = rows_for(row, viewer.organization)
        earlier = [] if before is None else rows_for(before, viewer.organization)
        return {
            "snapshot": row,
            "title": row.title,
            "author": author_of(row),
            "retrieved_at": retrieved_at(row),
            "rows": rows,
            "before": before,
            "difference": difference(earlier, rows),
        }

    # ── importing ────────────────────────────────────────────────────────────────────────

    def has_import_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may import copies of registers."""
        return request.user.has_perm(_PERMISSION)

    def get_urls(self) -> list[URLPattern]:
        """Add the addresses of the two steps of an import."""
        wrap = self.admin_site.admin_view
        form = require_http_methods(["GET", "HEAD", "POST"])
        mine = [
            path("import/", wrap(form(self.upload)), name="standards_registrysnapshot_import"),
            path(
                "import/<int:key>/",
                wrap(form(self.comparison)),
                name="standards_registrysnapshot_compare",
            ),
            path(
                "import/<int:key>/statement.json",
                wrap(require_safe(self.statement)),
                name="standards_registrysnapshot_statement",
            ),
            path(
                "import/<int:key>/give-up/",
                wrap(require_POST(self.give_up)),
                name="standards_registrysnapshot_give_up",
            ),
        ]
        return mine + list(super().get_urls())

    def upload(self, request: HttpRequest) -> HttpResponse:
        """Take a file and compare it; what is wrong with it is told in place."""
        viewer = self._importer(request)
        told: dict[str, Any] = {"title": _("Import a copy of a register"), "said": request.POST}
        if request.method == "POST":
            try:
                key = self._keep(request, viewer)
            except TraceabilityError as error:
                told |= {"error": error, "problems": error.facts.get("problems", ())}
            else:
                address = reverse("admin:standards_registrysnapshot_compare", args=[key])
                return HttpResponseRedirect(address)
        return self.rendered(request, "standards/admin/snapshot_import.html", told)

    def comparison(self, request: HttpRequest, key: int) -> HttpResponse:
        """Show what would change; a POST accepts it, if nothing else changed since."""
        viewer = self._importer(request)
        draft = self._draft(viewer, key)
        if request.method == "POST":
            basis = request.POST.get("basis", "")
            try:
                outcome = accept_draft(draft, basis=basis, person=viewer.person)
            except TraceabilityError as error:
                self.message_user(request, f"{error} {error.hint}", messages.ERROR)
            else:
                told = _("The copy is recorded as entry %(entry)s; it counts once published.")
                self.message_user(request, told % {"entry": f"{outcome.entry[:12]}…"})
                return self._to_list()
        context: dict[str, Any] = {
            "draft": draft,
            "title": _("Compare with the copy on file"),
            "signs_itself": signs_itself(viewer.organization),
        }
        try:
            context |= _shown(compare_draft(draft))
        except TraceabilityError as error:  # since the upload another copy came, or a site went
            context |= {"error": error, "problems": error.facts.get("problems", ())}
        return self.rendered(request, "standards/admin/snapshot_compare.html", context)

    def statement(self, request: HttpRequest, key: int) -> HttpResponse:
        """Send the statement, unsigned, for an author that signs with a key of its own."""
        draft = self._draft(self._importer(request), key)
        try:
            document = compare_draft(draft).document()
        except TraceabilityError as error:
            self.message_user(request, f"{error} {error.hint}", messages.ERROR)
            address = reverse("admin:standards_registrysnapshot_compare", args=[key])
            return HttpResponseRedirect(address)
        return statement_file(document, "snapshot")

    def give_up(self, request: HttpRequest, key: int) -> HttpResponse:
        """Forget an uploaded file."""
        self._draft(self._importer(request), key).delete()
        self.message_user(request, _("The file is forgotten; nothing was recorded."))
        return self._to_list()

    def _importer(self, request: HttpRequest) -> Viewer:
        viewer = viewer_of(request)
        if viewer is None or not self.has_import_permission(request):
            raise PermissionDenied
        return viewer

    def _draft(self, viewer: Viewer, key: int) -> Any:
        try:
            return draft_of(viewer.organization, key)
        except TraceabilityError:
            raise Http404 from None

    def _keep(self, request: HttpRequest, viewer: Viewer) -> int:
        file = request.FILES.get("file")
        content = b"" if file is None else file.read(MOST_BYTES + 1)
        said = said_in(request.POST)
        compared = compare(
            content,
            said,
            author=viewer.organization,
            file_name="" if file is None else str(file.name),
            reader=viewer.organization,
        )
        return int(keep_draft(compared, said, person=viewer.person).pk)

    def _to_list(self) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:standards_registrysnapshot_changelist"))


def said_in(form: Any) -> Said:
    """Return what a form says of a copy; the moment is given in UTC, to the minute."""
    moment = form.get("retrieved_at", "").strip()
    complete = {"complete": True, "partial": False}.get(form.get("extent", ""))
    return Said(
        register=form.get("register", "").strip(),
        as_of=f"{moment}:00Z" if len(moment) == len("2026-11-20T10:00") else moment,
        title=form.get("title", "").strip() or None,
        url=form.get("url", "").strip() or None,
        published_on=form.get("published_on", "").strip() or None,
        complete=complete,
    )


def _shown(compared: Comparison) -> dict[str, Any]:
    touched = compared.touched
    return {
        "compared": compared,
        "difference": compared.difference,
        "before": compared.before,
        "certificates": touched.certificates[:MOST_NAMED],
        "more_certificates": max(0, len(touched.certificates) - MOST_NAMED),
        "lots": touched.lots[:MOST_NAMED],
        "more_lots": max(0, len(touched.lots) - MOST_NAMED),
        "contradicted": touched.contradicted,
    }


@admin.register(RegistryRow)
class RegistryRowAdmin(ReadOnlyAdmin):
    """What registers say of sites and companies on this ledger, in the registers' own words."""

    list_display = ("name", "about", "register", "level_told", "status_told", "from_to", "standing")
    list_filter = ("snapshot__scheme",)
    list_select_related = ("snapshot",)
    search_fields = ("name", "subject")
    ordering = ("-snapshot_id", "place")
    list_display_links = None
    read_only_note = gettext_lazy(
        "Rows that were matched with somebody on this ledger whose name is open to you."
    )

    def scoped(self, rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
        """Return the rows of whom the viewer may know by name, or that it stated itself."""
        later = RegistrySnapshot.objects.filter(
            scheme=OuterRef("snapshot__scheme"), retrieved_on__gt=OuterRef("snapshot__retrieved_on")
        )
        told: QuerySet[Any] = rows.annotate(is_replaced=Exists(later))
        names = seeing.names_open_to(viewer.organization)
        if names.all_of_them:
            return told
        own = told.filter(snapshot__snapshot__startswith=f"{viewer.organization}:")
        return told.filter(subject__in=names.facilities | names.organizations) | own

    @column(description=gettext_lazy("site or company"), ordering="subject")
    def about(self, row: RegistryRow) -> str:
        """Return the facility or organization."""
        return row.subject

    @column(description=gettext_lazy("register"), ordering="snapshot__scheme")
    def register(self, row: RegistryRow) -> str:
        """Return the scheme, and when the copy was retrieved."""
        return f"{words(row.snapshot.scheme)}, {row.snapshot.retrieved_on}"

    @column(description=gettext_lazy("level"), ordering="level")
    def level_told(self, row: RegistryRow) -> str:
        """Return the level, where the register has one."""
        return row.level or "—"

    @column(description=gettext_lazy("state"), ordering="status")
    def status_told(self, row: RegistryRow) -> str:
        """Return the state in the register's words."""
        return row.status or "—"

    @column(description=gettext_lazy("listed"), ordering="listed_until")
    def from_to(self, row: RegistryRow) -> str:
        """Return the first and the last day, where stated."""
        return f"{row.listed_from or '…'} \N{EN DASH} {row.listed_until or '…'}"

    @column(description=gettext_lazy("copy"))
    def standing(self, row: Any) -> str:
        """Return whether a later copy of the register is on file."""
        if row.is_replaced:
            return badge("", "·", _("a later copy is on file"))
        return badge("l-good", "✓", _("newest copy"))
