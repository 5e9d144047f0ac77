"""Masses of accounts, which travel as texts, and their signs."""

from typing import Any

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from standards.templatetags.verdicts import badge
from traceability.templatetags.ledger import amount

register = template.Library()

_STATES: dict[str, tuple[str, str, Any]] = {
    "open": ("l-calm", "◔", gettext_lazy("open")),
    "ended": ("l-ask", "!", gettext_lazy("to be closed")),
    "closed": ("l-good", "✓", gettext_lazy("closed")),
}
_OUTSIDE: dict[str, tuple[str, str, Any]] = {
    "counted": ("l-good", "✓", gettext_lazy("counts")),
    "unset": ("l-ask", "?", gettext_lazy("whether it counts is not filled in for this scheme")),
    "no_origin": ("l-calm", "○", gettext_lazy("nothing: no origin is declared")),
    "no_site": ("l-calm", "○", gettext_lazy("nothing: the declared origin names no site")),
    "no_certificate": (
        "l-calm",
        "○",
        gettext_lazy("nothing: no certificate of the scheme held at the declared site then"),
    ),
    "no_document": (
        "l-calm",
        "○",
        gettext_lazy("nothing: the opening statement names no document that shows it"),
    ),
    "not_accepted": (
        "l-calm",
        "○",
        gettext_lazy("nothing: the scheme does not accept this evidence"),
    ),
    "not_entered": (
        "l-calm",
        "○",
        gettext_lazy("nothing: it did not enter as metal of the holder, or nobody assayed it"),
    ),
}


@register.simple_tag
def mass(text: str) -> str:
    """Return milligrams as people read them; a dash for nothing."""
    return amount(int(text)) if int(text) else "—"


@register.simple_tag
def mass_range(worst: str, best: str) -> str:
    """Return one mass, or from the worst to the best case."""
    if worst == best:
        return amount(int(worst))
    return _("%(worst)s to %(best)s") % {"worst": amount(int(worst)), "best": amount(int(best))}


@register.simple_tag
def over_claimed(text: str) -> SafeString | str:
    """Return what is claimed beyond the entitlement, in red; a dash for nothing."""
    return badge("l-bad", "✕", amount(int(text))) if int(text) else "—"


@register.simple_tag
def outside_badge(standing: str) -> SafeString:
    """Return how metal from outside the ledger stands, and why where it brings nothing."""
    return badge(*_OUTSIDE[standing])


@register.simple_tag
def period_badge(state: str) -> SafeString:
    """Return the state of a period as a badge."""
    return badge(*_STATES[state])
