"""Waivers of clubs: how they stand and what they let through; granting and withdrawing them.

Waivers have no table (ADR 0031): these pages hang on the policies of clubs, and what they show is
derived. Whoever may not know of a waiver gets the answer of one that is not there.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from hashlib import sha256
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from standards.admin.waiver_forms import body_in, field_of, offered, stated_anew
from standards.granting import (
    Prepared,
    grant,
    prepare,
    record,
    stated_last,
    use_of_lot,
    withdrawal,
)
from standards.models import ClubPolicy
from standards.rulebook.findings import canonical_json
from standards.rulebook.waiving import Reach
from standards.templatetags.verdicts import badge
from standards.waived import (
    WaiverSeen,
    touched_by,
    waiver_seen_by,
    waivers_seen_by,
    would_touch,
)
from traceability.admin.access import Viewer, viewer_of
from traceability.admin.base import ReadOnlyAdmin, statement_file
from traceability.errors import TraceabilityError
from traceability.keeping import signs_itself
from traceability.pictures.spans import Span, Spans, spans_picture


class WaiverPages(ReadOnlyAdmin):
    """The pages of waivers, beside those of the policies that they belong to."""

    def get_urls(self) -> list[URLPattern]:
        """Add the list of waivers, the page of one, and what is posted about it."""
        wrap = self.admin_site.admin_view
        form = require_http_methods(["GET", "HEAD", "POST"])
        mine = [
            path("waivers/", wrap(require_safe(self.waivers)), name="standards_waiver_list"),
            path("waivers/grant/", wrap(form(self.granting)), name="standards_waiver_grant"),
            path(
                "waivers/<str:name>/", wrap(require_safe(self.waiver)), name="standards_waiver_page"
            ),
            path(
                "waivers/<str:name>/withdraw/",
                wrap(require_POST(self.withdrawing)),
                name="standards_waiver_withdraw",
            ),
            path(
                "waivers/<str:name>/use/",
                wrap(require_POST(self.using)),
                name="standards_waiver_use",
            ),
        ]
        return [*mine, *super().get_urls()]

    # ── looking ──────────────────────────────────────────────────────────────────────────

    def waivers(self, request: HttpRequest) -> HttpResponse:
        """Show the waivers the reader may know of, club by club, with their days."""
        viewer, today = _reader(request), timezone.localdate()
        clubs: dict[str, list[WaiverSeen]] = {}
        for one in waivers_seen_by(viewer.organization, on=today):
            clubs.setdefault(one.name, []).append(one)
        context = {
            "title": _("Waivers"),
            "note": _("A waiver changes what a club makes of a finding, never the finding."),
            "clubs": [
                (name, [(one, state_badge(one, today)) for one in seen], _picture(seen, today))
                for name, seen in clubs.items()
            ],
            "may_grant": _may_grant(request, viewer),
            "today": today,
        }
        return self.rendered(request, "standards/admin/waivers.html", context)

    def waiver(self, request: HttpRequest, name: str) -> HttpResponse:
        """Show one waiver: what is waived for whom, by whom, and what it does."""
        viewer, today = _reader(request), timezone.localdate()
        seen = _found(viewer, name, today)
        may_change = _may_grant(request, viewer) and seen.waiver.club == viewer.organization
        context = {
            "title": seen.waiver.id,
            "note": _("A waiver changes what a club makes of a finding, never the finding."),
            "seen": seen,
            "state": state_badge(seen, today),
            "words": _words(seen),
            "picture": _picture([seen], today),
            "touched": touched_by(seen, reader=viewer.organization, on=today),
            "may_withdraw": may_change and not seen.waiver.void_because,
            "may_use": may_change and seen.waiver.cap_mg is not None and not seen.is_over(today),
            "signs_itself": signs_itself(viewer.organization),
        }
        return self.rendered(request, "standards/admin/waiver.html", context)

    # ── granting ─────────────────────────────────────────────────────────────────────────

    def granting(self, request: HttpRequest) -> HttpResponse:
        """Take the terms of a waiver, show what it would do, and sign it when asked to."""
        viewer, today = _granter(request), timezone.localdate()
        context: dict[str, Any] = {"title": _("Grant a waiver"), "note": ""}
        body: dict[str, Any] = {}
        if request.method == "POST":
            body = body_in(request.POST, viewer.organization)
            try:
                prepared = prepare(viewer.organization, body)
                done = self._granted(request, viewer, prepared)
            except TraceabilityError as error:
                context |= {"error": error, "field": field_of(error.at)}
            else:
                if done is not None:
                    return done
                context |= _preview(prepared, viewer, today)
        elif again := request.GET.get("again", ""):
            body = stated_anew(self._last(viewer, again).statement.body)
        context |= offered(viewer.organization, body, on=today)
        context["signs_itself"] = signs_itself(viewer.organization)
        return self.rendered(request, "standards/admin/waiver_grant.html", context)

    def _granted(
        self, request: HttpRequest, viewer: Viewer, prepared: Prepared
    ) -> HttpResponse | None:
        """Sign what was looked at, or hand it out; None: it is to be looked at first."""
        step, seen = request.POST.get("step", ""), request.POST.get("seen", "")
        if step not in ("sign", "take") or seen != _digest(prepared.body):
            return None
        if step == "take":
            return statement_file(prepared.document(person=viewer.person), "waiver")
        basis = request.POST.get("basis", "")
        outcome = grant(prepared, basis=basis, person=viewer.person)
        said = _("The waiver is recorded as entry %(entry)s; it counts once published.")
        self.message_user(request, said % {"entry": f"{outcome.entry[:12]}…"})
        return HttpResponseRedirect(reverse("admin:standards_waiver_list"))

    def withdrawing(self, request: HttpRequest, name: str) -> HttpResponse:
        """Void a waiver with the reason that was given."""
        because = request.POST.get("because", "")

        def made(viewer: Viewer) -> dict[str, Any]:
            stated = self._last(viewer, name)
            return withdrawal(stated, because, person=viewer.person)

        said = _("The withdrawal is recorded as entry %(entry)s; it counts once published.")
        return self._stated(request, name, made, said)

    def using(self, request: HttpRequest, name: str) -> HttpResponse:
        """State how much of a waiver a lot uses."""
        lot, kilograms = request.POST.get("lot", "").strip(), request.POST.get("kilograms", "")

        def made(viewer: Viewer) -> dict[str, Any]:
            stated = self._last(viewer, name)
            return use_of_lot(stated, lot, kilograms, person=viewer.person)

        said = _("The use is recorded as entry %(entry)s; it counts once published.")
        return self._stated(request, name, made, said)

    def _stated(
        self,
        request: HttpRequest,
        name: str,
        made: Callable[[Viewer], dict[str, Any]],
        said: str,
    ) -> HttpResponse:
        viewer = _granter(request)
        try:
            document = made(viewer)
            if request.POST.get("step") == "take":
                return statement_file(document, "waiver")
            entry = record(document).entry
        except TraceabilityError as error:
            self.message_user(request, f"{error} {error.hint}", messages.ERROR)
        else:
            self.message_user(request, said % {"entry": f"{entry[:12]}…"})
        return HttpResponseRedirect(reverse("admin:standards_waiver_page", args=[name]))

    def _last(self, viewer: Viewer, name: str) -> Any:
        """Return how a waiver of the viewer's own club was stated last; another is not found."""
        try:
            return stated_last(viewer.organization, name)
        except TraceabilityError:
            raise Http404 from None


# ── who ───────────────────────────────────────────────────────────────────────────────────


def _reader(request: HttpRequest) -> Viewer:
    viewer = viewer_of(request)
    if viewer is None or not request.user.has_perm("standards.view_waiver"):
        raise Http404
    return viewer


def _may_grant(request: HttpRequest, viewer: Viewer) -> bool:
    """Tell whether somebody acts for a club and may decide on its waivers."""
    may = request.user.has_perm("standards.grant_waiver")
    return may and ClubPolicy.objects.filter(club=viewer.organization).exists()


def _granter(request: HttpRequest) -> Viewer:
    viewer = _reader(request)
    if not _may_grant(request, viewer):
        raise Http404
    return viewer


def _found(viewer: Viewer, name: str, today: date) -> WaiverSeen:
    seen = waiver_seen_by(viewer.organization, name, on=today)
    if seen is None:
        raise Http404
    return seen


# ── what is shown ─────────────────────────────────────────────────────────────────────────


def _look(seen: WaiverSeen, today: date) -> tuple[str, str, Any]:
    waiver = seen.waiver
    if waiver.void_because:
        return "l-bad", "✕", _("withdrawn")
    if waiver.valid_until < today:
        return "", "·", _("ended")
    if waiver.valid_from > today:
        return "l-calm", "◔", _("not begun")
    if seen.reach is Reach.HOLDS:
        return "l-good", "✓", _("in force")
    if seen.reach is Reach.PENDING:
        return "l-ask", "?", _("open")
    return "l-bad", "!", _("holds for nothing")


def state_badge(seen: WaiverSeen, today: date) -> Any:
    """Return how a waiver stands, as a badge."""
    return badge(*_look(seen, today))


def _picture(every: Iterable[WaiverSeen], today: date) -> Spans | None:
    spans = [
        Span(
            name=one.waiver.id,
            look=_look(one, today)[0].removeprefix("l-") or "over",
            first=one.waiver.valid_from,
            last=one.waiver.valid_until,
            marks=tuple(
                ("open" if row.met_on is None else "met", row.due_on)
                for row in one.waiver.conditions
            ),
        )
        for one in every
    ]
    return spans_picture(spans, today=today)


def _words(seen: WaiverSeen) -> dict[str, Any]:
    """Return the free words of a waiver, as its reader may read them."""
    body, text = seen.body, seen.veil.text
    return {
        "because": text(body.because),
        "void_because": text(body.void_because or ""),
        "decided_by": text(body.decided_by),
        "seconded_by": text(body.seconded_by or ""),
        "dissent": text(body.dissent or ""),
        "why": text(seen.why),
        "conditions": [(text(one.what), one.due_on, one.met_on) for one in body.conditions or ()],
        "comments": [
            (one.by, text(one.said), text(one.disposition)) for one in body.comments or ()
        ],
    }


def _preview(prepared: Prepared, viewer: Viewer, today: date) -> dict[str, Any]:
    reader = viewer.organization
    touched = would_touch(
        prepared.waiver, prepared.granted, prepared.adopted, reader=reader, on=today
    )
    return {
        "prepared": prepared,
        "seen": _digest(prepared.body),
        "touched": touched,
        "open": prepared.waiver.bounds.open_about((prepared.waiver.minerals or (None,))[0]),
    }


def _digest(body: Mapping[str, Any]) -> str:
    return sha256(canonical_json(dict(body))).hexdigest()
