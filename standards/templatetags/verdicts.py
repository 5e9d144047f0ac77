"""Verdicts as badges: a sign and a word, in a colour; never a colour alone."""

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from standards.looks import LOOKS
from standards.reading import provision_value
from standards.rulebook.catalogue import value_text
from standards.rulebook.law import Provision

register = template.Library()
register.filter("provision_value", provision_value)

_VERIFICATIONS: dict[str, tuple[str, str, Any]] = {
    "official": ("l-good", "✓", _("official text")),
    "secondary": ("l-calm", "◔", _("secondary source")),
    "unverified": ("l-ask", "?", _("not verified")),
    "unset": ("l-ask", "?", _("not filled in")),
}

_SEVERITIES: dict[str, tuple[str, str, Any]] = {
    "critical": ("l-bad", "▲", _("critical")),
    "major": ("l-ask", "▲", _("major")),
    "minor": ("l-calm", "△", _("minor")),
    "info": ("", "i", _("info")),
}


@register.filter
def verdict_class(verdict: str) -> str:
    """Return the class that gives a panel the colour of a verdict."""
    return LOOKS[verdict][0]


@register.simple_tag
def verdict_badge(verdict: str, before: str = "", size: str = "") -> SafeString:
    """Return a verdict or an outcome as a badge; `before` says whose, or of what."""
    look, sign, word = LOOKS[verdict]
    return badge(f"{look} {size}", sign, f"{before} {word}".strip())


@register.simple_tag
def severity_badge(severity: str) -> SafeString:
    """Return a severity as a badge."""
    return badge(*_SEVERITIES.get(severity, ("", "·", severity)))


@register.simple_tag
def verification_badge(verification: str) -> SafeString:
    """Return how sure a value is as a badge: who compared it with what."""
    return badge(*_VERIFICATIONS[verification])


@register.filter
def provision_text(provision: Provision | None) -> str:
    """Return the whole value of a provision, tables too; empty where it has none."""
    if provision is None or provision.value is None:
        return ""
    return provision_value(provision) or value_text(provision)


def badge(look: str, sign: str, text: Any) -> SafeString:
    """Return a badge: a colour, a sign for those who do not see it, and the word."""
    return format_html(
        '<span class="l-badge {}"><span aria-hidden="true">{}</span>{}</span>', look, sign, text
    )
