"""Statements as recorded, and those that were refused."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from traceability.admin.access import (
    Viewer,
    known_organizations,
    note_statement_read,
    readable_entries,
    viewer_of,
)
from traceability.admin.base import ReadOnlyAdmin, column
from traceability.models import Checkpoint, Entry, LogIndex, Reading, Rejection
from traceability.reading import (
    STATES,
    standing,
    statement_lines,
    subjects_of,
)
from traceability.templatetags.ledger import words
from traceability.tracing import published_size


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    """Statements, in the order in which they were recorded."""

    list_display = ("says", "author_name", "effective_on", "received_at", "state", "index", "short")
    list_filter = ("kind", "effective_on")
    search_fields = ("hash", "author", "statement_id")
    page_template = "traceability/admin/statement.html"

    def scoped(self, rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
        """Return the statements this viewer may read, with index and name in the same query."""
        author = known_organizations(viewer).filter(pk=OuterRef("author"))
        index = LogIndex.objects.filter(recorded_order=OuterRef("pk"))
        newest = Checkpoint.objects.order_by("-size")
        told: QuerySet[Any] = readable_entries(rows, viewer).annotate(
            log_index=Subquery(index.values("index")[:1]),
            published=Subquery(newest.values("size")[:1]),
            name=Subquery(author.values("name")[:1]),
        )
        return told

    @column(description=_("statement"), ordering="kind")
    def says(self, entry: Entry) -> str:
        """Return the kind in words."""
        return words(entry.kind.partition(".")[2]).capitalize()

    @column(description=_("author"), ordering="author")
    def author_name(self, entry: Any) -> str:
        """Return the author's name, or its id where the reader knows no more."""
        return str(entry.name or entry.author)

    @column(
        description=_("state"),
        label={"recorded": "warning", "sequenced": "info", "published": "success"},
    )
    def state(self, entry: Any) -> tuple[str, Any]:
        """Return how far the entry is on its way to being provable."""
        found = standing(entry.log_index, entry.published or 0)
        return found.state, STATES[found.state]

    @column(description=_("log index"), ordering="log_index", empty_value="—")
    def index(self, entry: Any) -> int | None:
        """Return the place in the log."""
        index: int | None = entry.log_index
        return index

    @column(description=_("entry hash"))
    def short(self, entry: Entry) -> str:
        """Return the beginning of the hash."""
        return entry.hash[:12]

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Return the statement line by line, its entry and its links."""
        viewer = viewer_of(request)
        if viewer is not None:
            note_statement_read(row, viewer)
        found = standing(row.log_index, published_size())
        return {
            "entry": row,
            "title": self.says(row),
            "author": self.author_name(row),
            "standing": found,
            "lines": statement_lines(row),
            "subjects": subjects_of(row),
        }


@admin.register(Rejection)
class RejectionAdmin(ReadOnlyAdmin):
    """Statements of one's own that were refused: why, where, and what to do."""

    list_display = ("sentence", "code", "kind", "received_at", "statement_id")
    list_filter = ("code",)
    search_fields = ("statement_id", "code")
    page_template = "traceability/admin/rejection.html"
    read_only_note = _("Nothing was changed by this statement. Send it again once corrected.")

    def scoped(self, rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
        """Return the viewer's own refusals; the operator's staff see all, to help."""
        return rows if viewer.is_operator else rows.filter(author=viewer.organization)

    @column(description=_("why"))
    def sentence(self, rejection: Rejection) -> str:
        """Return the sentence that its author got."""
        return str(rejection.problem.get("detail", rejection.code))

    def page_context(self, request: HttpRequest, row: Rejection) -> dict[str, Any]:
        """Return the problem: sentence, place, hint and the facts."""
        shown = {"code", "detail", "hint", "at"}
        facts = {name: told for name, told in row.problem.items() if name not in shown}
        return {"rejection": row, "title": self.sentence(row), "facts": facts}


@admin.register(Reading)
class ReadingAdmin(ReadOnlyAdmin):
    """Who read what of this company's: recorded when it happened."""

    list_display = ("read_at", "reader", "what", "lot")
    list_filter = ("what",)
    search_fields = ("lot", "reader")
    fields = ("read_at", "reader", "person", "what", "lot")
    readonly_fields = fields
    read_only_note = _("Every reading of another company's lot is recorded and shown to its owner.")

    def scoped(self, rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
        """Return the readings of what belongs to the viewer."""
        return rows if viewer.is_operator else rows.filter(owner=viewer.organization)
