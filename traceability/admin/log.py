"""The log: how large, signed how far, whether the guard agrees; and one button to verify it."""

import time
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from traceability.admin.base import ReadOnlyAdmin
from traceability.errors import TraceabilityError
from traceability.models import Checkpoint, LogState
from traceability.pictures.growth import growth_picture
from traceability.reading import log_growth, log_health
from traceability.verifying import verify_stored_log

NEWEST = 12


@admin.register(LogState)
class LogAdmin(ReadOnlyAdmin):
    """One page instead of a list of one row."""

    def get_urls(self) -> list[URLPattern]:
        """Add the address that the button posts to."""
        verify = self.admin_site.admin_view(require_POST(self.verify))
        mine = [path("verify/", verify, name="traceability_logstate_verify")]
        return mine + list(super().get_urls())

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the log; everybody with an account may: it is public, but for what waits."""
        self._check_may_view(request)
        context = {
            "title": _("The log"),
            "health": log_health(),
            "growth": growth_picture(log_growth()),
            "checkpoints": Checkpoint.objects.order_by("-size")[:NEWEST],
        }
        return self.rendered(
            request, "traceability/admin/log.html", context | (extra_context or {})
        )

    def verify(self, request: HttpRequest) -> HttpResponse:
        """Recompute every hash and signature of the log, and show what came of it."""
        self._check_may_view(request)
        began = time.monotonic()
        told: dict[str, Any] = {}
        try:
            told["verified"] = verify_stored_log()
        except TraceabilityError as error:
            told["broken"] = error
        told["milliseconds"] = round((time.monotonic() - began) * 1000)
        return self.changelist_view(request, told)

    def _check_may_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied
