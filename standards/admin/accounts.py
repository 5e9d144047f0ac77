"""Mass-balance accounts: what a site is entitled to claim, what it claimed, and the excess."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from standards.admin.drawing import balance_drawn, newest_eventful
from standards.balances import accounts_seen_by, booked_accounts, standing_of
from standards.concluding import Closable, closable, conclude
from standards.known import followed_size
from standards.models import Account
from standards.templatetags.verdicts import badge
from traceability import noting, seeing
from traceability.admin.access import Viewer, known_facilities, viewer_of
from traceability.admin.base import ReadOnlyAdmin, column, statement_file
from traceability.errors import TraceabilityError
from traceability.keeping import signs_itself
from traceability.templatetags.ledger import amount, words


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    """Accounts by site, element, scheme and claim tier, with what is left and what is too much."""

    list_display = ("account", "sites", "what_for", "balance", "excess")
    list_filter = ("element", "scheme", "method")
    search_fields = ("account", "holder", "tier")
    ordering = ("account",)
    page_template = "standards/admin/account.html"
    read_only_note = gettext_lazy(
        "Booked anew from the record whenever you look. Claims, withdrawals and closes are "
        "statements; a claim beyond the entitlement is recorded and shown as what it is."
    )

    def scoped(self, rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
        """Return the viewer's accounts, and those it audits."""
        return rows.filter(pk__in=accounts_seen_by(viewer.organization).values("pk"))

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Book the accounts of the page, all at once."""
        changes = super().get_changelist_instance(request)
        booked = booked_accounts(changes.result_list, size=followed_size(), on=seeing.today())
        viewer = viewer_of(request)
        names = dict(known_facilities(viewer).values_list("pk", "name")) if viewer else {}
        for row in changes.result_list:
            row.booked = booked.get(row.account)
            row.site_names = [names.get(site, _("name not opened")) for site in row.facilities]
        return changes

    # ── columns ──────────────────────────────────────────────────────────────────────────

    @column(description=gettext_lazy("sites"))
    def sites(self, row: Any) -> str:
        """Return the names of the sites of the boundary."""
        return ", ".join(row.site_names)

    @column(description=gettext_lazy("element, scheme, tier"), ordering="element")
    def what_for(self, row: Account) -> SafeString:
        """Return element and claim tier, with scheme and method below."""
        return format_html(
            '<span class="l-stack"><span>{} · {}</span>'
            '<span class="l-soft l-small">{}, {}</span></span>',
            row.element,
            row.tier,
            words(row.scheme),
            words(row.method),
        )

    @column(description=gettext_lazy("balance"))
    def balance(self, row: Any) -> str:
        """Return what may still be claimed: a range where recovery is not measured."""
        if row.booked is None:
            return "—"
        return between(row.booked.worst_mg, row.booked.best_mg)

    @column(description=gettext_lazy("over-claimed"))
    def excess(self, row: Any) -> SafeString | str:
        """Return what is claimed beyond the entitlement, in red."""
        if row.booked is None or not row.booked.over_mg:
            return "—"
        return badge("l-bad", "✕", amount(row.booked.over_mg))

    # ── the page ─────────────────────────────────────────────────────────────────────────

    def page_context(self, request: HttpRequest, row: Account) -> dict[str, Any]:
        """Return the account as it stands today: periods, tranches, claims, closes."""
        viewer = viewer_of(request)
        if viewer is not None:
            noting.note_record_read(
                row.account, owner=row.holder, reader=viewer.organization, person=viewer.person
            )
        told = standing_of(row, size=followed_size(), on=seeing.today())
        names = dict(known_facilities(viewer).values_list("pk", "name")) if viewer else {}
        drawn = newest_eventful(told.periods)
        return {
            "account": row,
            "title": row.account,
            "standing": told,
            "balance": between(int(told.balance_worst_mg), int(told.balance_best_mg)),
            "over_mg": int(told.over_claimed_mg),
            "sites": [names.get(site, _("name not opened")) for site in row.facilities],
            "periods": list(reversed(told.periods)),
            "drawn": drawn,
            "picture": balance_drawn(drawn) if drawn else None,
            "claims": list(reversed(told.claims)),
            "unset": [name for name, value in told.terms.items() if value is None],
            "may_close": viewer is not None and self._may_close(request, viewer, row),
        }

    # ── closing a period ─────────────────────────────────────────────────────────────────

    def has_close_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may close periods of its organization's accounts."""
        return request.user.has_perm("standards.close_account")

    def get_urls(self) -> list[URLPattern]:
        """Add the two steps: what would be frozen, and the statement to sign oneself."""
        wrap, info = self.admin_site.admin_view, "standards_account"
        mine = [
            path("<int:pk>/close/", wrap(self.close_one), name=f"{info}_close"),
            path("<int:pk>/close/statement/", wrap(self.statement), name=f"{info}_statement"),
        ]
        return [*mine, *super().get_urls()]

    def close_one(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what a close would freeze; a POST closes it, if nothing was learnt since."""
        row, viewer = self._to_close(request, pk)
        if request.method == "POST":
            return self._conclude(request, row, viewer)
        found = self._closable(request, row)
        if found is None:
            return self._to_page(pk)
        period = found.closed.period
        context = {
            "title": _("Close a period"),
            "account": row,
            "closed": found.closed,
            "period": period,
            "balance": between(period.closing_worst_mg, period.closing_best_mg),
            "entitled": between(period.entitled_low_mg, period.entitled_high_mg),
            "opening": between(period.opening_worst_mg, period.opening_best_mg),
            "signs_itself": signs_itself(row.holder),
        }
        return self.rendered(request, "standards/admin/account_close.html", context)

    def statement(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send the statement, unsigned, for a holder that signs with a key of its own."""
        row, _viewer = self._to_close(request, pk)
        found = self._closable(request, row)
        if found is None:
            return self._to_page(pk)
        return statement_file(found.document(on=seeing.today()), "close")

    def _conclude(self, request: HttpRequest, row: Account, viewer: Viewer) -> HttpResponse:
        told = request.POST
        known_at = told.get("known_at", "")
        try:
            outcome = conclude(
                row,
                until=told.get("until", ""),
                known_at=int(known_at) if known_at.isdecimal() else 0,
                digest=told.get("digest", ""),
                person=viewer.person,
            )
        except TraceabilityError as error:
            self.message_user(request, f"{error} {error.hint}", messages.ERROR)
        else:
            words_told = _("The close is recorded as entry %(entry)s; it counts once published.")
            self.message_user(request, words_told % {"entry": f"{outcome.entry[:12]}…"})
        return self._to_page(row.pk)

    def _may_close(self, request: HttpRequest, viewer: Viewer, row: Account) -> bool:
        return viewer.organization == row.holder and self.has_close_permission(request)

    def _to_close(self, request: HttpRequest, pk: int) -> tuple[Account, Viewer]:
        viewer, row = viewer_of(request), self.get_queryset(request).filter(pk=pk).first()
        if viewer is None or row is None:
            raise Http404
        if not self._may_close(request, viewer, row):
            raise PermissionDenied
        return row, viewer

    def _closable(self, request: HttpRequest, row: Account) -> Closable | None:
        try:
            return closable(row, on=seeing.today())
        except TraceabilityError as error:
            self.message_user(request, f"{error} {error.hint}", messages.ERROR)
        return None

    def _to_page(self, pk: int) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:standards_account_change", args=[pk]))


def between(worst_mg: int, best_mg: int) -> str:
    """Return a balance as people read it: one amount, or from the worst to the best case."""
    if worst_mg == best_mg:
        return amount(worst_mg)
    return _("%(worst)s to %(best)s") % {"worst": amount(worst_mg), "best": amount(best_mg)}
