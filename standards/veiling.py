"""Sentences for readers who may not know every name in them.

Findings are computed once, with names. Before one reaches a reader, every facility, lot and
certificate in it that was not opened to that reader becomes what the reader may know: that
there is one, and in which country (DESIGN 3.5).
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import pycountry
from django.utils.translation import gettext as _

from traceability import seeing
from traceability.models import Facility, Lot
from traceability.seeing import OpenNames

_NAME = re.compile(r"\b[a-z0-9][a-z0-9-]{1,31}:[A-Za-z0-9._-]*[A-Za-z0-9_-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Veil:
    """What one reader may not know of some sentences, and what to say instead."""

    names: OpenNames
    instead: Mapping[str, str] = field(default_factory=dict)

    def text(self, sentence: str) -> str:
        """Return the sentence as this reader may read it."""
        for hidden, told in self.instead.items():
            sentence = sentence.replace(hidden, told)
        return sentence

    def hides(self, name: str) -> bool:
        """Tell whether this facility, lot or certificate has another name for the reader."""
        return name in self.instead


def veil_for(organization: str, sentences: Iterable[str]) -> Veil:
    """Return the veil between some sentences and the people of an organization.

    Takes a handful of queries however many sentences there are.
    """
    names = seeing.names_open_to(organization)
    if names.all_of_them:
        return Veil(names=names)
    found = {name for sentence in sentences for name in _NAME.findall(sentence)}
    facilities = {one.pk: one for one in Facility.objects.filter(pk__in=found)}
    lots = set(Lot.objects.filter(pk__in=found).values_list("pk", flat=True))
    seen = _seen(organization, lots)
    instead: dict[str, str] = {}
    for name in sorted(found, key=len, reverse=True):  # a name may begin another
        facility = facilities.get(name)
        if facility is not None and not names.has_facility(name):
            told = site_in(facility.country)
            instead[f"{facility.name} ({name})"] = told
            instead[name] = told
            instead[facility.name] = told
        elif name in lots and name not in seen:
            instead[f"lot {name}"] = instead[name] = _("an upstream lot")
        elif facility is None and name not in lots and not _is_own(name, names):
            instead[name] = _("a record that is not open to you")
    return Veil(names=names, instead=instead)


def site_in(country: str | None) -> str:
    """Return what a site is called for those who may not know its name."""
    if not country:
        return _("a site whose name is not opened")
    known = pycountry.countries.get(alpha_2=country)
    told = getattr(known, "common_name", known.name) if known else country
    return _("a site in %(country)s (name not opened)") % {"country": told}


def _seen(organization: str, lots: Collection[str]) -> set[str]:
    rows = seeing.lots_seen_by(organization).filter(pk__in=lots)
    return set(rows.order_by().values_list("pk", flat=True))


def _is_own(name: str, names: OpenNames) -> bool:
    return names.has_organization(name.partition(":")[0])
