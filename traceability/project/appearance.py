"""How the admin looks and what its sidebar offers; the apps are named by their addresses."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _


def _stylesheet(_request: HttpRequest) -> str:
    return static("traceability/ledger.css")


def _mark(_request: HttpRequest) -> str:
    return static("traceability/mark.svg")


def _link(title: Any, icon: str, app: str, model: str, page: str = "changelist") -> dict[str, Any]:
    """Return a line of the sidebar, shown to those who may view the model."""

    def is_shown(request: HttpRequest) -> bool:
        return request.user.has_perm(f"{app}.view_{model}")

    link = reverse_lazy(f"admin:{app}_{model}_{page}")
    return {"title": title, "icon": icon, "link": link, "permission": is_shown}


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _("Mineral traceability ledger"),
    "SITE_HEADER": _("Mineral ledger"),
    "SITE_URL": reverse_lazy("log"),
    "SITE_ICON": _mark,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _mark}],
    "SHOW_HISTORY": False,
    "DASHBOARD_CALLBACK": "standards.admin.home.home",
    "SHOW_VIEW_ON_SITE": False,
    "STYLES": [_stylesheet],
    "BORDER_RADIUS": "6px",
    "COLORS": {
        "primary": {
            "50": "#effafa",
            "100": "#d5f0f1",
            "200": "#afe0e3",
            "300": "#7bc9ce",
            "400": "#43abb3",
            "500": "#298f98",
            "600": "#1f737d",
            "700": "#1a5c65",
            "800": "#184a52",
            "900": "#173e45",
            "950": "#09272d",
        },
    },
    "SIDEBAR": {
        "show_search": False,
        "navigation": [
            {
                "title": _("Work"),
                "separator": True,
                "items": [
                    _link(_("Flags"), "flag", "standards", "flag"),
                    _link(_("Calendar"), "event", "standards", "reminder", "calendar"),
                    _link(_("Questions to us"), "contact_support", "standards", "question"),
                    _link(_("Lots"), "inventory_2", "traceability", "lot"),
                    _link(_("Accounts"), "balance", "standards", "account"),
                    _link(_("Declarations"), "assignment", "standards", "declaration"),
                ],
            },
            {
                "title": _("Record"),
                "separator": True,
                "items": [
                    _link(_("Statements"), "history_edu", "traceability", "entry"),
                    _link(_("Rejections"), "block", "traceability", "rejection"),
                    _link(_("Readings"), "visibility", "traceability", "reading"),
                    _link(_("The log"), "account_tree", "traceability", "logstate"),
                    _link(_("Setbacks"), "running_with_errors", "standards", "setback"),
                ],
            },
            {
                "title": _("Rules"),
                "separator": True,
                "items": [
                    _link(_("Certificates"), "verified", "standards", "certificate"),
                    _link(_("Registers"), "fact_check", "standards", "registrysnapshot"),
                    _link(_("Rows of registers"), "list_alt", "standards", "registryrow"),
                    _link(_("Policies"), "gavel", "standards", "clubpolicy"),
                    _link(_("Waivers"), "hourglass_top", "standards", "waiver", "list"),
                    _link(_("Rulebook"), "menu_book", "standards", "packactivation", "rulebook"),
                ],
            },
            {
                "title": _("Who and where"),
                "separator": True,
                "items": [
                    _link(_("Organizations"), "domain", "traceability", "organization"),
                    _link(_("Facilities"), "factory", "traceability", "facility"),
                    _link(_("Keys"), "key", "traceability", "key"),
                    _link(_("People"), "badge", "traceability", "membership"),
                ],
            },
        ],
    },
}
