"""Errors at the edge: whatever a view raises becomes problem details (RFC 9457)."""

from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.views import defaults
from rest_framework import exceptions

from traceability.errors import (
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
    match error:
        case TraceabilityError():
            return error
        case exceptions.MethodNotAllowed():
            return MethodNotAllowed(request.method)
        case exceptions.AuthenticationFailed() | exceptions.NotAuthenticated():
            return NotAuthenticated(str(error.detail))
        case exceptions.PermissionDenied() | PermissionDenied():
            return NotPermitted(str(error))
        case Http404() | exceptions.NotFound():
            return NoSuchAddress(request.path)
        case exceptions.UnsupportedMediaType() | exceptions.NotAcceptable():
            return UnsupportedContentType(str(error.detail))
        case RequestDataTooBig():
            return too_large(request)
        case exceptions.APIException() | SuspiciousOperation():
            return InvalidRequest(str(error))
    return None


def too_large(request: Any) -> DocumentTooLarge:
    """Return the error that tells how large a body is and may be."""
    size = int(request.META.get("CONTENT_LENGTH") or 0)
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
    return DocumentTooLarge(size_bytes=size, limit_bytes=limit)


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
