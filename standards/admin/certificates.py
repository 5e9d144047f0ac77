"""Certificates: what was said of a site by whom, and how its standing changed."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from standards.models import Certificate, CertificateStatus
from standards.reading import certificate_timeline
from standards.rulebook.credential import POSITIVE_STATUSES, RENEWAL_STATUS
from traceability.admin.access import Viewer, known_facilities, known_organizations
from traceability.admin.base import ReadOnlyAdmin, column
from traceability.templatetags.ledger import words


@admin.register(Certificate)
class CertificateAdmin(ReadOnlyAdmin):
    """Certificates and published audits, each as stated last."""

    list_display = ("certificate", "scheme_told", "level", "about", "valid", "next_one", "standing")
    list_filter = ("scheme",)
    search_fields = ("certificate", "facility", "organization", "scheme")
    ordering = ("certificate",)
    page_template = "standards/admin/certificate.html"

    def scoped(self, rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
        """Return the newest row of each certificate about what the viewer may know by name."""
        facilities, organizations = known_facilities(viewer), known_organizations(viewer)
        newer = Certificate.objects.filter(
            certificate=OuterRef("certificate"), index__gt=OuterRef("index")
        )
        told = CertificateStatus.objects.filter(
            certificate=OuterRef("certificate"), effective_from__lte=timezone.localdate()
        )
        status = told.exclude(status=RENEWAL_STATUS).order_by(
            "-retroactive", "-effective_from", "-index"
        )
        place = facilities.filter(pk=OuterRef("facility"))
        company = organizations.filter(pk=OuterRef("organization"))
        found: QuerySet[Any] = rows.filter(
            ~Exists(newer),
            Q(author=viewer.organization)
            | Q(facility__in=facilities.values("pk"))
            | Q(organization__in=organizations.values("pk")),
        ).annotate(
            status=Subquery(status.values("status")[:1]),
            place_name=Subquery(place.values("name")[:1]),
            company_name=Subquery(company.values("name")[:1]),
        )
        return found

    @column(description=_("scheme"), ordering="scheme")
    def scheme_told(self, certificate: Certificate) -> str:
        """Return scheme and standard in words."""
        return certificate.standard or words(certificate.scheme)

    @column(description=_("about"))
    def about(self, certificate: Any) -> str:
        """Return the site or organization it is about."""
        return str(certificate.place_name or certificate.company_name or "—")

    @column(description=_("valid until"), ordering=F("valid_until").asc(nulls_last=True))
    def valid(self, certificate: Certificate) -> Any:
        """Return the last day, where one is stated."""
        return certificate.valid_until or _("not stated")

    @column(description=_("next action"), ordering=F("next_action_on").asc(nulls_last=True))
    def next_one(self, certificate: Certificate) -> Any:
        """Return the day that the scheme announced for its next action."""
        return certificate.next_action_on or _("not stated")

    @column(
        description=_("status today"),
        label={"positive": "success", "other": "warning", "none": "default"},
    )
    def standing(self, certificate: Any) -> tuple[str, Any]:
        """Return the status in force today, as known now."""
        if certificate.status is None:
            return "none", _("no status")
        is_positive = certificate.status in POSITIVE_STATUSES
        return "positive" if is_positive else "other", words(certificate.status)

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Return the certificate as stated, and its timeline with when each was learnt."""
        return {
            "certificate": row,
            "title": row.certificate,
            "scheme": self.scheme_told(row),
            "about": self.about(row),
            "standing": self.standing(row),
            "timeline": certificate_timeline(row.certificate),
            "told": row.record,
            "evidence": row.evidence,
            "takes_the_place_of": _taken(row.record),
        }


def _taken(told: Mapping[str, Any]) -> list[str]:
    """Return the certificates whose place this one takes."""
    renewed = [told["renewal_of"]] if "renewal_of" in told else []
    return list(dict.fromkeys([*renewed, *told.get("supersedes", ())]))
