"""Read-only pages, scoped by who asks: the ledger is the truth, changes are statements."""

from collections import deque
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, NoReturn, TypeVar

from django.contrib.admin.utils import get_fields_from_path, unquote
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.views import ChangeList

from traceability.admin.access import Viewer, viewer_of
from traceability.downstream import Telling

MOST_LINES = 200
Column = TypeVar("Column", bound=Callable[..., Any])


def column(**told: Any) -> Callable[[Column], Column]:
    """Return unfold's `display` decorator, which has no types of its own."""
    decorator: Callable[[Column], Column] = display(**told)
    return decorator


def shown(telling: Telling) -> dict[str, Any]:
    """Return what a page shows of an answer: the first lines, and the totals of all."""
    lines = telling.lines()
    first = list(islice(lines, MOST_LINES))
    deque(lines, maxlen=0)  # the totals are of all lines
    return {"lines": first, "totals": telling.totals()}


def statement_file(document: Mapping[str, Any], name: str) -> HttpResponse:
    """Return a statement, unsigned, as a file: for an author that signs with a key of its own."""
    response = JsonResponse(document, json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = f'attachment; filename="{name}.statement.json"'
    return response


class OfferedOrder(ChangeList):  # type: ignore[misc]
    """A list that is sorted by the columns it offers to sort by, also by address."""

    def get_ordering_field(self, field_name: Any) -> Any:
        """Return what a column sorts by, or nothing."""
        return super().get_ordering_field(field_name) if field_name in self.sortable_by else None


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]
    """Rows that nobody adds, changes or deletes here. Actions call use cases.

    `page_template`, where set, replaces the form of a row; `page_context` fills it.
    """

    show_full_result_count = False
    list_per_page = 50
    list_filter_sheet = True
    page_template = ""
    actions: tuple[Any, ...] = ()
    list_before_template = "traceability/admin/read_only.html"
    change_form_before_template = "traceability/admin/read_only.html"
    read_only_note = _("Read-only: the ledger is the truth, and changes are statements.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds rows here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody changes rows here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes rows here."""
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Sort by what is offered, and by nothing else."""
        return OfferedOrder

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Let lists be filtered by what they offer to filter by, and by nothing else.

        Whoever may see a row need not see each of its values, and a filter tells them.
        """
        offered = self.list_filter if request is None else self.get_list_filter(request)
        return any(lookup in _lookups(self.model, one) for one in offered)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Leave Django's own bulk deletion out of every list."""
        chosen: dict[str, Any] = super().get_actions(request)
        chosen.pop("delete_selected", None)
        return chosen

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return what the person's organization may see, and nothing without one."""
        viewer = viewer_of(request)
        rows = super().get_queryset(request)
        return rows.none() if viewer is None else self.scoped(rows, viewer)

    def scoped(self, rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
        """Return the rows that this viewer may see."""
        return rows if viewer.is_operator else rows.none()

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """Return a row by its id; there is none with a character that no database keeps."""
        return None if "\0" in object_id else super().get_object(request, object_id, from_field)

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> NoReturn:
        """Answer 404 for what is not there, and for what one may not see (DESIGN 3.5)."""
        raise Http404

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the row on a page of its own, where there is one."""
        row = None
        if object_id and self.page_template:
            row = self.get_object(request, unquote(object_id))
        if row is None or not self.has_view_permission(request, row):
            response: HttpResponse = super().changeform_view(
                request, object_id, form_url, extra_context
            )
            return response
        context = self.page_context(request, row) | (extra_context or {})
        return self.rendered(request, self.page_template, {"original": row} | context)

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Return what the page of a row shows."""
        return {"row": row}

    def rendered(
        self, request: HttpRequest, template: str, context: dict[str, Any]
    ) -> TemplateResponse:
        """Return a page in the admin's frame."""
        frame = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": self.opts.verbose_name,
            "media": self.media,
            "note": self.read_only_note,
        }
        return TemplateResponse(request, template, frame | context)


def _lookups(model: type[Model], offered: Any) -> set[str]:
    """Return the parameters by which one filter of a list is used."""
    if isinstance(offered, type):
        return {str(getattr(offered, "parameter_name", ""))}
    name = str(offered[0] if isinstance(offered, list | tuple) else offered)
    target = getattr(get_fields_from_path(model, name)[-1], "target_field", None)
    ends = [*_ENDS, f"{target.name}__exact"] if target is not None else _ENDS
    return {name, *(f"{name}__{end}" for end in ends)}


_ENDS = ("exact", "in", "isnull", "gte", "lt")
"""What Django's filters put behind the name of a field."""
