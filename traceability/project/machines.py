"""Requests of machines pass by what only pages for people need, such as sessions and languages.

A machine is told by its bearer token below `/api/` or `/epcis/`: it has no cookie to protect, no
page to frame, no login to lock, and statements come faster than such middleware works. Whether the
token is good is for the view to say, as ever.
"""

from collections.abc import Callable
from typing import Any, ClassVar, cast

from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

Respond = Callable[[HttpRequest], HttpResponseBase]

PLACES = ("/api/", "/epcis/")
# What is answered is data: it may run nothing, load nothing and stand in no frame.
POLICY = "default-src 'none'; frame-ancestors 'none'"


class Straight(BaseHandler):
    """Finds and calls a view, with no middleware around it."""

    _view_middleware: ClassVar[list[Any]] = []
    _template_response_middleware: ClassVar[list[Any]] = []
    _exception_middleware: ClassVar[list[Any]] = []

    def answer(self, request: HttpRequest) -> HttpResponseBase:
        """Return the view's response; `convert_exception_to_response` goes around it."""
        response: HttpResponseBase = self._get_response(request)  # type: ignore[attr-defined]
        return response


def for_machines(get_response: Respond) -> Respond:
    """Answer machines at once, and pass everybody else on."""
    answer = cast("Respond", convert_exception_to_response(Straight().answer))

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if not is_machine(request):
            return get_response(request)
        response = answer(request)
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Frame-Options"] = settings.X_FRAME_OPTIONS
        if isinstance(response, HttpResponse):  # else it is streamed, its length not known
            response.headers["Content-Length"] = str(len(response.content))
        return response

    return middleware


def is_machine(request: HttpRequest) -> bool:
    """Tell whether a request comes with a bearer token to a place that takes one."""
    sent = request.META.get("HTTP_AUTHORIZATION", "")
    return sent[:7].lower() == "bearer " and request.path_info.startswith(PLACES)
