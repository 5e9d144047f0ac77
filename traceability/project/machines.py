"""Requests of machines pass by what only people's pages need: sessions, languages, lockouts …

A machine is told by its bearer token below `/api/` or `/epcis/`: it has no cookie to protect, no
page to frame, no login to lock, and statements come faster than such middleware works. Whether the
token is good is for the view to say, as ever.
"""

from collections.abc import Callable

from django.core.handlers.base import BaseHandler
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest
from django.http.response import HttpResponseBase

Respond = Callable[[HttpRequest], HttpResponseBase]

PLACES = ("/api/", "/epcis/")
# What is answered is data: it may run nothing, load nothing and stand in no frame.
POLICY = "default-src 'none'; frame-ancestors 'none'"


def for_machines(get_response: Respond) -> Respond:
    """Answer machines at once, and pass everybody else on."""
    answer = _straight()

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if not is_machine(request):
            return get_response(request)
        response = answer(request)
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Frame-Options"] = "DENY"
        if not response.streaming and "Content-Length" not in response.headers:
            response.headers["Content-Length"] = str(len(response.content))
        return response

    return middleware


def is_machine(request: HttpRequest) -> bool:
    """Tell whether a request comes with a bearer token to a place that takes one."""
    sent = request.META.get("HTTP_AUTHORIZATION", "")
    return sent[:7].lower() == "bearer " and request.path_info.startswith(PLACES)


def _straight() -> Respond:
    """Return what finds and calls a view, with no middleware around it."""
    handler = BaseHandler()
    handler._view_middleware = []
    handler._template_response_middleware = []
    handler._exception_middleware = []
    return convert_exception_to_response(handler._get_response)
