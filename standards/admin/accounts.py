"""Mass-balance accounts: what a site is entitled to claim, what it claimed, and the excess."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from standards.balances import accounts_seen_by, booked_accounts, standing_of
from standards.known import followed_size
from standards.models import Account
from standards.templatetags.verdicts import badge
from traceability import noting, seeing
from traceability.admin.access import Viewer, known_facilities, viewer_of
from traceability.admin.base import ReadOnlyAdmin, column
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
        return {
            "account": row,
            "title": row.account,
            "standing": told,
            "balance": between(int(told.balance_worst_mg), int(told.balance_best_mg)),
            "over_mg": int(told.over_claimed_mg),
            "sites": [names.get(site, _("name not opened")) for site in row.facilities],
            "periods": list(reversed(told.periods)),
            "claims": list(reversed(told.claims)),
            "unset": [name for name, value in told.terms.items() if value is None],
        }


def between(worst_mg: int, best_mg: int) -> str:
    """Return a balance as people read it: one amount, or from the worst to the best case."""
    if worst_mg == best_mg:
        return amount(worst_mg)
    return _("%(worst)s to %(best)s") % {"worst": amount(worst_mg), "best": amount(best_mg)}
