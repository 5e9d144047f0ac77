"""What all views share: parameters checked against a shape, lists in pages by key.

Shapes are `msgspec` structs: the same class checks what comes in, types what goes out and,
through `schema`, describes both in the OpenAPI document.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from msgspec import Meta, Struct, structs
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from traceability.errors import InvalidRequest
from traceability.http import AuthenticatedRequest, Caller

P = TypeVar("P", bound="Parameters")
M = TypeVar("M", bound=Model)
Row = TypeVar("Row")


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the parameters of a query: anything else in it is refused, so no typo is lost."""


class PageParameters(Parameters, frozen=True, kw_only=True):
    """Which page of a list: `cursor` is taken from the page before."""

    cursor: (
        Annotated[
            str,
            Meta(pattern=r"\A[A-Za-z0-9._:-]{1,160}\Z", description="`next` of the page before"),
        ]
        | None
    ) = None
    limit: Annotated[int, Meta(ge=1, le=200, description="rows in a page")] = 50


class Page(Struct, Generic[Row], frozen=True, kw_only=True):
    """One page of a list. `next` is the cursor of the following one; null on the last."""

    items: list[Row]
    next: str | None


class AlwaysJson(BaseContentNegotiation):
    """Answers in the one form there is, whatever the client would also accept."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """Return the first parser."""
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        """Return the first renderer."""
        return renderers[0], renderers[0].media_type


class LedgerView(APIView):
    """Base of the views: JSON only, errors as problem details, nothing to browse."""

    content_negotiation_class = AlwaysJson
    metadata_class = None
    request: AuthenticatedRequest

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse a name that no database keeps before anything is looked up."""
        super().initial(request, *args, **kwargs)
        _check_text(kwargs)

    @property
    def caller(self) -> Caller:
        """Return who asks; the permission has put it on the request."""
        return self.request.caller


def _check_text(given: Mapping[str, Any]) -> None:
    """Refuse U+0000, which no name here has and no database keeps."""
    for name, text in given.items():
        if "\0" in f"{name}{text}":
            raise InvalidRequest("No name here has the character U+0000 in it.", at=name[:60])


def parameters(request: HttpRequest | Request, shape: type[P]) -> P:
    """Return the parameters of a query.

    Raises:
        InvalidRequest: unknown, given twice, or of another form than the shape says.
    """
    given = request.GET
    _check_text(given.dict())
    twice = [name for name in given if len(given.getlist(name)) > 1]
    if twice:
        raise InvalidRequest(f"The parameter {twice[0][:60]!r} is given twice.", at=twice[0][:60])
    try:
        asked = msgspec.convert(given.dict(), shape, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"The query cannot be read: {error}.") from None
    attributes = {one.encode_name: one.name for one in structs.fields(shape)}
    for name, text in given.items():
        value = getattr(asked, attributes[name])
        if isinstance(value, bool):
            if text not in ("true", "false"):  # `1` and `TRUE` are so to some
                raise InvalidRequest(f"{text[:20]!r} is neither `true` nor `false`.", at=name)
        elif isinstance(value, int) and str(value) != text:  # `1e2` and `+7` are numbers to some
            raise InvalidRequest(f"{text[:20]!r} is not a whole number.", at=name)
    return asked


def page_of(
    rows: QuerySet[M],
    asked: PageParameters,
    *,
    key: str,
    show: Callable[[list[M]], list[Any]],
    newest_first: bool = False,
) -> Response:
    """Answer one page of a list, read by key, so that a page costs the same wherever it is.

    Args:
        rows: everything the caller may see.
        asked: cursor and limit.
        key: a unique column; the order of the list and its cursor.
        show: turns the rows of the page into shapes, all at once.
        newest_first: from the highest key downward.

    Raises:
        InvalidRequest: the cursor is not of this list.
    """
    if asked.cursor is not None:
        comparison = f"{key}__{'lt' if newest_first else 'gt'}"
        rows = rows.filter(**{comparison: _cursor(rows, key, asked.cursor)})
    ordered = rows.order_by(f"-{key}" if newest_first else key)
    found = list(ordered[: asked.limit + 1])
    shown, is_last = found[: asked.limit], len(found) <= asked.limit
    following = None if is_last else str(getattr(shown[-1], key))
    return told({"items": [msgspec.to_builtins(one) for one in show(shown)], "next": following})


def told(answer: Any) -> Response:
    """Answer with a shape or with plain values; nothing on the way may keep it."""
    response = Response(msgspec.to_builtins(answer))
    response["Cache-Control"] = "private, no-store"
    return response


def _cursor(rows: QuerySet[Any], key: str, text: str) -> str | int:
    if rows.model._meta.get_field(key).get_internal_type() == "CharField":
        return text
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise InvalidRequest("The cursor is not of this list.", at="cursor")
    return int(text)
