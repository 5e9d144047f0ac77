"""Errors at the edge: whatever a view raises becomes problem details (RFC 9457)."""

import logging
from collections.abc import Callable
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.views import defaults
from rest_framework import exceptions

from traceability.errors import (
    DatabaseNotAnswering,
    DocumentTooLarge,
    InternalFault,
    InvalidRequest,
    MethodNotAllowed,
    NoSuchAddress,
    NotAuthenticated,
    NotPermitted,
    TraceabilityError,
    UnsupportedContentType,
)
from traceability.problems import problem, status_of

PROBLEM = "application/problem+json"

logger = logging.getLogger(__name__)


def respond(error: TraceabilityError, **members: Any) -> HttpResponse:
    """Return the response that tells an error."""
    status = status_of(error)
    response = HttpResponse(
        orjson.dumps(problem(error, **members)), status=status, content_type=PROBLEM
    )
    response["Cache-Control"] = "no-store"
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="api"'
    if status == 503:
        response["Retry-After"] = "1"
    return response


def answer(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Answer an exception of a view: REST framework's `EXCEPTION_HANDLER`.

    Returns None for what nobody foresaw: it is logged, and `server_error` answers.
    """
    known = translated(error, context["request"])
    if known is None:
        return None
    response = respond(known)
    if isinstance(error, exceptions.MethodNotAllowed):
        response["Allow"] = ", ".join(context["view"].allowed_methods)
    return response


def translated(error: Exception, request: Any) -> TraceabilityError | None:
    """Return the deliberate error that an exception stands for, or None."""
    if isinstance(error, TraceabilityError):
        return error
    for kinds, make in _MEANINGS:
        if isinstance(error, kinds):
            return make(error, request)
    return None


def too_large(request: Any) -> DocumentTooLarge:
    """Return the error that tells how large a body is and may be."""
    size = int(request.META.get("CONTENT_LENGTH") or 0)
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
    return DocumentTooLarge(size_bytes=size, limit_bytes=limit)


def _no_database(error: Exception, _request: Any) -> DatabaseNotAnswering:
    """Tell the client to ask again, and the operator why."""
    logger.error("The database does not answer.", exc_info=error)
    return DatabaseNotAnswering()


# In order: a class before those it derives from.
_MEANINGS: tuple[tuple[Any, Callable[[Any, Any], TraceabilityError]], ...] = (
    (exceptions.MethodNotAllowed, lambda _, request: MethodNotAllowed(request.method)),
    (
        (exceptions.AuthenticationFailed, exceptions.NotAuthenticated),
        lambda error, _: NotAuthenticated(str(error.detail)),
    ),
    ((exceptions.PermissionDenied, PermissionDenied), lambda error, _: NotPermitted(str(error))),
    ((exceptions.NotFound, Http404), lambda _, request: NoSuchAddress(request.path)),
    (
        (exceptions.UnsupportedMediaType, exceptions.NotAcceptable),
        lambda error, _: UnsupportedContentType(str(error.detail)),
    ),
    (RequestDataTooBig, lambda _, request: too_large(request)),
    ((exceptions.APIException, SuspiciousOperation), lambda error, _: InvalidRequest(str(error))),
    ((OperationalError, InterfaceError), _no_database),
)


# ── addresses without a view, and views that fail ─────────────────────────────────────────


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer for an address that nothing serves: problem details below `/api/`, else a page."""
    if _is_for_machines(request):
        return respond(NoSuchAddress(request.path))
    return defaults.page_not_found(request, exception)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer for a request that Django refuses before any view."""
    known = translated(exception, request)
    if _is_for_machines(request) and known is not None:
        return respond(known)
    return defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer for a fault; Django has logged it."""
    if _is_for_machines(request):
        return respond(InternalFault())
    return defaults.server_error(request)


def _is_for_machines(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")
