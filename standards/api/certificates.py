"""`/api/v1/certificates`: certificates and published audits, with their timelines."""

from datetime import date
from typing import Annotated, Any

from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from standards.credentials import certificates_seen_by
from standards.models import Certificate, CertificateStatus
from traceability.api.lists import LedgerView, Page, PageParameters, page_of, parameters, told
from traceability.api.schema import described
from traceability.errors import UnknownCertificate
from traceability.ledger.shapes import FacilityId, Word


class StatusLine(Struct, frozen=True, kw_only=True):
    """A status: true from a day, known from a log index; retroactive ones reach back."""

    status: str
    effective_from: date
    known_from: int
    retroactive: bool
    because: str
    entry: str


class CertificateLine(Struct, frozen=True, kw_only=True):
    """A certificate as stated last, and every status it had, in the order they were learnt."""

    certificate: str
    scheme: str
    author: str
    facility: str | None
    organization: str | None
    level: str | None
    activities: list[str] | None
    materials: list[str] | None
    published_on: date | None
    valid_from: date | None
    valid_until: date | None
    index: int
    entry: str
    record: dict[str, Any]
    statuses: list[StatusLine]


class CertificateParameters(PageParameters, frozen=True, kw_only=True):
    """Which certificates."""

    scheme: Word | None = None
    facility: Annotated[FacilityId | None, Meta(description="about this site")] = None


class CertificatesView(LedgerView):
    """Certificates about sites that may be named."""

    @described(
        "List certificates",
        "Those the caller stated, and those about its own sites or sites opened to it.",
        parameters=CertificateParameters,
        answers={200: Page[CertificateLine]},
    )
    def get(self, request: Request) -> Response:
        """List certificates."""
        asked = parameters(request, CertificateParameters)
        rows = certificates_seen_by(self.caller.organization)
        if asked.scheme is not None:
            rows = rows.filter(scheme=asked.scheme)
        if asked.facility is not None:
            rows = rows.filter(facility=asked.facility)
        return page_of(rows, asked, key="index", show=_lines, newest_first=True)


class CertificateView(LedgerView):
    """One certificate."""

    @described("One certificate", "", answers={200: CertificateLine}, refused=(404,))
    def get(self, request: Request, certificate: str) -> Response:
        """Show one certificate."""
        rows = certificates_seen_by(self.caller.organization).filter(certificate=certificate)
        found = _lines(list(rows))
        if not found:
            raise UnknownCertificate(certificate)
        return told(found[0])


def _lines(rows: list[Certificate]) -> list[CertificateLine]:
    named = [row.certificate for row in rows]
    statuses: dict[str, list[StatusLine]] = {}
    for status in CertificateStatus.objects.filter(certificate__in=named).order_by("index"):
        line = StatusLine(
            status=status.status,
            effective_from=status.effective_from,
            known_from=status.index,
            retroactive=status.retroactive,
            because=status.because,
            entry=status.entry,
        )
        statuses.setdefault(status.certificate, []).append(line)
    return [_line(row, statuses.get(row.certificate, [])) for row in rows]


def _line(row: Certificate, statuses: list[StatusLine]) -> CertificateLine:
    return CertificateLine(
        certificate=row.certificate,
        scheme=row.scheme,
        author=row.author,
        facility=row.facility or None,
        organization=row.organization or None,
        level=row.level or None,
        activities=row.activities,
        materials=row.materials,
        published_on=row.published_on,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        index=row.index,
        entry=row.entry,
        record=row.record,
        statuses=statuses,
    )
