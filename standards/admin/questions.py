"""What is doubted about the viewer's own statements, and its right of reply."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from standards.flagging import name_of
from standards.models import Question
from standards.questioning import described_for, open_questions, questions_to, reply
from standards.reading import sentence
from standards.rulebook.rules import title_of
from standards.veiling import veil_for
from traceability.admin.access import Viewer, viewer_of
from traceability.admin.base import ReadOnlyAdmin, column
from traceability.errors import TraceabilityError


class OpenFilter(admin.SimpleListFilter):
    """Questions somebody still asks, unless all are asked for."""

    title = gettext_lazy("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choice besides "all", which here means all that is open."""
        return [("every", gettext_lazy("open and settled"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Question]) -> QuerySet[Question]:
        """Return what was asked for; without a choice, what still is a question."""
        if self.value() == "every":
            return queryset
        return queryset.filter(pk__in=open_questions().order_by().values("pk"))


@admin.register(Question)
class QuestionAdmin(ReadOnlyAdmin):
    """Doubts about statements of the viewer's organization, newest first."""

    list_display = ("rule", "why", "asked_at")
    list_display_links = ("rule",)
    list_filter = (OpenFilter, "rule_id")
    search_fields = ("rule_id", "entry")
    ordering = ("-id",)
    page_template = "standards/admin/question.html"
    read_only_note = gettext_lazy(
        "A question is no accusation. What you reply is shown to those who ask, and kept for good."
    )

    def scoped(self, rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
        """Return the questions that were put to the viewer's organization."""
        return rows.filter(pk__in=questions_to(viewer.organization).order_by().values("pk"))

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Let only such names stand in the sentences as the reader may know."""
        changes = super().get_changelist_instance(request)
        viewer = viewer_of(request)
        if viewer is not None:
            veil = veil_for(viewer.organization, [one.because for one in changes.result_list])
            for one in changes.result_list:
                one.because = sentence(veil.text(one.because))
        return changes

    @column(description=gettext_lazy("what should be so"), ordering="rule_id")
    def rule(self, question: Question) -> str:
        """Return what the rule says."""
        return title_of(question.rule_id)

    @column(description=gettext_lazy("because"))
    def why(self, question: Question) -> str:
        """Return the sentence about the statement."""
        return question.because

    # ── replying ─────────────────────────────────────────────────────────────────────────

    def has_reply_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may reply for the organization."""
        return request.user.has_perm("standards.reply_question")

    def get_urls(self) -> list[URLPattern]:
        """Add the address that the form of a question's page posts to."""
        wrap = self.admin_site.admin_view
        mine = path(
            "<int:pk>/reply/", wrap(require_POST(self.reply_one)), name="standards_question_reply"
        )
        return [mine, *super().get_urls()]

    def reply_one(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Keep a reply, for the viewer's own organization only."""
        if not self.has_reply_permission(request):
            raise PermissionDenied
        viewer = viewer_of(request)
        question = self.get_queryset(request).filter(pk=pk).first()
        if viewer is None or question is None or question.organization != viewer.organization:
            raise Http404
        try:
            reply(
                question,
                by=name_of(request.user),
                text=request.POST.get("text", ""),
                evidence=request.POST.get("evidence", "").split(),
            )
        except TraceabilityError as error:
            self.message_user(request, f"{error} {error.hint}", messages.ERROR)
        else:
            self.message_user(request, _("Your reply is kept and shown to those who ask."))
        return HttpResponseRedirect(reverse("admin:standards_question_change", args=[pk]))

    def page_context(self, request: HttpRequest, row: Question) -> dict[str, Any]:
        """Return the question, the statement it is about, and the replies."""
        viewer = viewer_of(request)
        if viewer is None:  # the list of somebody without an organization is empty
            raise Http404
        [told] = described_for(viewer.organization, [row])
        return {
            "told": told,
            "because": sentence(told.because),
            "title": told.title,
            "may_reply": told.is_open
            and row.organization == viewer.organization
            and self.has_reply_permission(request),
        }
