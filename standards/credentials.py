"""Reads of credentials, registers and agreements, as known below a log size.

What was signed with a key that is distrusted from before counts as unknown (DESIGN 3.1): such
a certificate is disputed, such a status says nothing, and such a copy of a register is none.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
from django.db import connection
from django.db.models import Q, QuerySet

from standards.models import (
    Certificate,
    CertificateStatus,
    RegistrySnapshot,
)
from standards.rulebook.credential import (
    DISPUTED_STATUS,
    Complaint,
    Credential,
    CredentialOutcome,
    CredentialStatus,
    Listing,
    Snapshot,
)
from standards.rulebook.dossier import Agreement
from traceability import seeing
from traceability.chronicling import recorded_statement
from traceability.ledger.registry import Relationship as Relation
from traceability.ledger.statements import Statement

CONTRACT_WORK = ("outsourcing", "toll")
"""Natures of relationships under which somebody works another's material."""


# ── certificates ──────────────────────────────────────────────────────────────────────────


def credentials_at(
    size: int, facilities: Collection[str], organizations: Collection[str] = ()
) -> dict[str, list[Credential]]:
    """Return the certificates about sites and organizations, by the id of either."""
    about = Q(facility__in=facilities) | Q(organization__in=organizations, facility="")
    rows = list(
        Certificate.objects.filter(about, index__lt=size)
        .order_by("certificate", "-index")
        .distinct("certificate")
    )
    names = [row.certificate for row in rows]
    timeline = list(
        CertificateStatus.objects.filter(index__lt=size, certificate__in=names).order_by("index")
    )
    disputed = disputed_entries(
        size, [*(row.index for row in rows), *(one.index for one in timeline)]
    )
    statuses: dict[str, list[CredentialStatus]] = {}
    for status in timeline:
        told = _status(status, is_disputed=status.index in disputed)
        statuses.setdefault(status.certificate, []).append(told)
    credentials: dict[str, list[Credential]] = {}
    for row in rows:
        credential = credential_of(
            row, statuses.get(row.certificate, ()), is_disputed=row.index in disputed
        )
        credentials.setdefault(row.facility or row.organization, []).append(credential)
    return credentials


def certificates_seen_by(reader: str) -> QuerySet[Certificate]:
    """Return the last statement of each certificate that a reader may see.

    Its own, and those about sites and organizations whose names are open to it.
    """
    last = (
        Certificate.objects.order_by("certificate", "-index")
        .distinct("certificate")
        .values("index")
    )
    rows = Certificate.objects.filter(index__in=last)
    names = seeing.names_open_to(reader)
    if names.all_of_them:
        return rows
    return rows.filter(
        Q(author=reader)
        | Q(facility__in=names.facilities)
        | Q(organization__in=names.organizations, facility="")
    )


def credential_of(
    row: Certificate, statuses: Iterable[CredentialStatus], *, is_disputed: bool = False
) -> Credential:
    """Return a certificate as rules see it."""
    told: Mapping[str, Any] = row.record
    issuer, assessor = told.get("issuer", {}), told.get("assessor", {})
    renewed = [told["renewal_of"]] if "renewal_of" in told else []
    return Credential(
        id=row.certificate,
        scheme=row.scheme,
        standard=row.standard or None,
        standard_code=told.get("standard_code"),
        version=row.version or None,
        level=row.level or None,
        facility_id=row.facility or None,
        organization_id=row.organization or None,
        product=told["product"]["name"] if "product" in told else None,
        activities=_texts(row.activities),
        materials=_texts(row.materials),
        operation=told.get("operation"),
        assessment_type=told.get("assessment_type"),
        assessed_on=row.assessed_on,
        stage_2_on=_day(told.get("stage_2_on")),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        published_on=row.published_on,
        next_action_on=row.next_action_on,
        author=row.author,
        issuer_id=issuer.get("organization"),
        issuer_name=issuer.get("name"),
        assessor_name=assessor.get("name"),
        assessor_level=assessor.get("level"),
        outcomes=_rows(told.get("outcomes"), _outcome),
        complaints=_rows(told.get("complaints"), _complaint),
        supersedes=tuple(dict.fromkeys([*told.get("supersedes", ()), *renewed])),
        stated_on=row.stated_on,
        is_disputed=is_disputed,
        entry=row.entry,
        statuses=tuple(statuses),
    )


def _status(row: CertificateStatus, *, is_disputed: bool) -> CredentialStatus:
    return CredentialStatus(
        status=DISPUTED_STATUS if is_disputed else row.status,
        effective_from=row.effective_from,
        known_from=row.index,
        retroactive=row.retroactive and not is_disputed,
        because=row.because,
        entry=row.entry,
        stated_on=row.stated_on,
    )


def _outcome(told: Mapping[str, Any]) -> CredentialOutcome:
    plan = told.get("plan", {})
    return CredentialOutcome(
        kind=told["kind"],
        code=told["code"],
        rating=told.get("rating"),
        score_percent=told.get("score_percent"),
        plan=True if "plan" in told else told.get("has_plan"),
        plan_due_on=_day(plan.get("due_on")),
        plan_closed_on=_day(plan.get("closed_on")),
    )


def _complaint(told: Mapping[str, Any]) -> Complaint:
    return Complaint(
        reference=told["reference"],
        opened_on=_day(told.get("opened_on")),
        closed_on=_day(told.get("closed_on")),
    )


_DISPUTED = """
SELECT i.index
FROM traceability_logindex i
JOIN traceability_entry e USING (recorded_order)
JOIN traceability_key k ON k.kid = e.kid AND k.distrusted_from <= i.index
JOIN traceability_logindex r ON r.recorded_order = k.revoked_order AND r.index < %s
WHERE i.index = ANY (%s)
"""


def disputed_entries(size: int, indices: Sequence[int]) -> set[int]:
    """Return those of the entries whose key was distrusted from before, as known by then."""
    if not indices:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_DISPUTED, [size, list(indices)])
        return {index for (index,) in cursor.fetchall()}


# ── registers ─────────────────────────────────────────────────────────────────────────────


_LISTED = """
WITH hit AS MATERIALIZED (
    SELECT snapshot_id, place, subject FROM standards_registryrow WHERE subject = ANY (%(subjects)s)
)
SELECT s.index, coalesce(hit.subject, ''), one.row
FROM standards_registrysnapshot s
CROSS JOIN jsonb_array_elements(s.rows) WITH ORDINALITY AS one(row, number)
LEFT JOIN hit ON hit.snapshot_id = s.index AND hit.place = one.number - 1
WHERE s.index < %(size)s
  AND (cardinality(%(numbers)s::text[]) > 0 OR s.index IN (SELECT snapshot_id FROM hit))
  AND (hit.subject IS NOT NULL OR EXISTS (
    SELECT FROM jsonb_array_elements(coalesce(one.row -> 'identifiers', '[]')) AS i(identifier)
    WHERE i.identifier ->> 'value' = ANY (%(numbers)s)
  ))
ORDER BY s.index, one.number
"""
"""Each register is opened once, and only where a row of it is asked for."""


def snapshots_at(
    size: int, subjects: Collection[str], numbers: Collection[str] = ()
) -> tuple[Snapshot, ...]:
    """Return the copies of registers, each with what it says of these sites and organizations.

    Args:
        numbers: identifiers, whose rows are told too, of whomever they are.
    """
    rows: dict[int, list[Listing]] = {}
    asked: dict[str, int | list[str]] = {
        "size": size,
        "subjects": list(subjects),
        "numbers": sorted(numbers),
    }
    with connection.cursor() as cursor:
        cursor.execute(_LISTED, asked)
        for index, subject, told in cursor.fetchall():
            row = msgspec.json.decode(told) if isinstance(told, str) else told
            rows.setdefault(index, []).append(_listing(subject, row))
    kept = list(RegistrySnapshot.objects.filter(index__lt=size).order_by("index").defer("rows"))
    disputed = disputed_entries(size, [one.index for one in kept])
    return tuple(
        Snapshot(
            scheme=one.scheme,
            retrieved_on=one.retrieved_on,
            complete=one.complete,
            entry=one.entry,
            author=one.snapshot.partition(":")[0],
            rows=tuple(rows.get(one.index, ())),
            unmatched=tuple(one.unmatched),
        )
        for one in kept
        if one.index not in disputed
    )


def _listing(subject: str, row: Mapping[str, Any]) -> Listing:
    return Listing(
        subject_id=subject,
        name=row["name"],
        numbers=tuple(one["value"] for one in row.get("identifiers", ())),
        country=row.get("country"),
        status=row.get("status"),
        level=row.get("level"),
        materials=_texts(row.get("materials")),
        listed_from=_day(row.get("from")),
        listed_until=_day(row.get("to")),
        assessed_on=_day(row.get("assessed_on")),
        next_action_on=_day(row.get("next_action_on")),
    )


# ── agreements ────────────────────────────────────────────────────────────────────────────

_RELATIONSHIPS = """
SELECT DISTINCT e.hash, i.index, t.jws, t.disclosures
FROM traceability_entrysubject s
JOIN traceability_logindex i ON i.recorded_order = s.recorded_order AND i.index < %s
JOIN traceability_entry e
  ON e.recorded_order = s.recorded_order AND e.kind = 'registry.relationship'
JOIN traceability_statementtext t ON t.recorded_order = s.recorded_order
WHERE s.subject = ANY (%s)
ORDER BY i.index
"""


def agreements_at(
    size: int, organizations: Collection[str], facilities: Collection[str] = ()
) -> dict[str, list[Agreement]]:
    """Return agreements about contract work that a party to them stated, by contractor."""
    targets = [f"organization:{name}" for name in organizations]
    targets += [f"facility:{name}" for name in facilities]
    if not targets:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_RELATIONSHIPS, [size, targets])
        rows = cursor.fetchall()
    disputed = disputed_entries(size, [index for _, index, _, _ in rows])
    last: dict[str, tuple[str, int, Statement]] = {}
    for entry, index, jws, disclosures in rows:
        statement = recorded_statement(jws, disclosures)
        last[statement.body.relationship] = (entry, index, statement)
    told: dict[str, list[Agreement]] = {}
    for entry, index, statement in last.values():
        agreement = _agreement(statement, entry)
        if agreement is not None and index not in disputed:
            told.setdefault(agreement.contractor, []).append(agreement)
    return told


def _agreement(statement: Statement, entry: str) -> Agreement | None:
    body: Relation = statement.body
    contractor = body.target_organization or (body.target_facility or "").partition(":")[0]
    principal = body.holder.organization
    if body.nature not in CONTRACT_WORK or principal is None:
        return None
    if statement.author not in (principal, contractor):
        return None  # what a third party says of an agreement binds neither
    return Agreement(
        principal=principal,
        contractor=contractor,
        facility_id=body.target_facility,
        agreed_from=statement.effective.day,
        agreed_until=_day(body.valid_until),
        entry=entry,
    )


def _texts(told: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if told is None else tuple(told)


def _rows(told: Iterable[Any] | None, read: Any) -> tuple[Any, ...] | None:
    return None if told is None else tuple(read(one) for one in told)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
