"""Public pages, without an account and without a script: what anybody may check about the log."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from traceability.keeping import log_verifier
from traceability.models import Checkpoint
from traceability.pictures.growth import growth_picture
from traceability.problems import explanations
from traceability.reading import log_growth

NEWEST = 12


@require_safe
@cache_control(public=True, max_age=5)
def log(request: HttpRequest) -> HttpResponse:
    """Show the newest checkpoint, the key to verify it with, and how the log has grown."""
    checkpoints = list(Checkpoint.objects.order_by("-size")[:NEWEST])
    context = {
        "origin": settings.LEDGER_ORIGIN,
        "site": settings.SITE_URL,
        "vkey": log_verifier().vkey,
        "newest": checkpoints[0] if checkpoints else None,
        "checkpoints": checkpoints,
        "growth": growth_picture(log_growth()),
    }
    return render(request, "traceability/log.html", context)


@require_safe
@cache_control(public=True, max_age=3600)
def errors(request: HttpRequest, code: str = "") -> HttpResponse:
    """Tell what an error means and what to do: where the `type` of every problem leads."""
    told = [one for one in explanations() if code in ("", one.code)]
    if not told:
        raise Http404
    return render(request, "traceability/errors.html", {"told": told, "code": code})
