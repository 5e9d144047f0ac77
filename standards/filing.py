"""Filing what published statements say of certificates, registers and declarations.

Called by the follower, in its transaction; a row carries the log index of its entry as its
key, so that taking an entry in twice fails instead of counting twice.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import msgspec
from django.db import connection

from standards.models import (
    Certificate,
    CertificateStatus,
    Declaration,
    RegistryRow,
    RegistrySnapshot,
)
from standards.rulebook import statements as said
from traceability.chronicling import recorded_statement
from traceability.ledger.effective import parse_effective
from traceability.ledger.statements import Statement
from traceability.recording import known_kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A published entry whose text matters here, and the day (UTC) the ledger received it."""

    index: int
    entry: str
    received_on: date
    statement: Statement


_TEXTS = """
SELECT i.index, e.hash, (e.received_at AT TIME ZONE 'UTC')::date, t.jws, t.disclosures
FROM traceability_logindex i
JOIN traceability_entry e USING (recorded_order)
JOIN traceability_statementtext t USING (recorded_order)
WHERE i.index >= %(first)s AND i.index < %(until)s AND e.kind = ANY (%(kinds)s)
  AND (%(kid)s::text IS NULL OR e.kid = %(kid)s)
ORDER BY i.index
"""


def entries_between(
    first: int, until: int, kinds: Collection[str], *, kid: str | None = None
) -> list[Followed]:
    """Return the published entries of some kinds from an index on and below another, in order.

    Args:
        kid: only those signed with this key.
    """
    asked: dict[str, int | str | list[str] | None] = {
        "first": first,
        "until": until,
        "kinds": list(kinds),
        "kid": kid,
    }
    with connection.cursor() as cursor:
        cursor.execute(_TEXTS, asked)
        rows = cursor.fetchall()
    known = known_kinds()
    return [
        Followed(
            index=index,
            entry=entry,
            received_on=on,
            statement=recorded_statement(jws, disclosures, kinds=known),
        )
        for index, entry, on, jws, disclosures in rows
    ]


def file_certificate(followed: Followed) -> None:
    """Keep a certificate as stated, with the status it begins with."""
    body: said.Certificate = followed.statement.body
    evidence = followed.statement.envelope.evidence
    Certificate.objects.create(
        index=followed.index,
        entry=followed.entry,
        certificate=body.certificate,
        author=followed.statement.author,
        scheme=body.scheme,
        standard=body.standard or "",
        version=body.version or "",
        facility=body.facility or "",
        organization=body.organization or "",
        activities=body.activities,
        materials=body.materials,
        level=body.level or "",
        assessed_on=day_of(body.assessed_on),
        published_on=day_of(body.published_on),
        valid_from=day_of(body.valid_from),
        valid_until=day_of(body.valid_until),
        next_action_on=day_of(body.next_action_on),
        stated_on=followed.received_on,
        evidence=None if evidence is None else msgspec.to_builtins(evidence),
        record=msgspec.to_builtins(body),
    )
    if body.status is not None:
        CertificateStatus.objects.create(
            index=followed.index,
            entry=followed.entry,
            certificate=body.certificate,
            status=body.status.value,
            effective_from=day_of(body.status_from) or followed.statement.effective.day,
            stated_on=followed.received_on,
        )


def file_status(followed: Followed) -> None:
    """Keep a change of a certificate's status."""
    body: said.CertificateStatus = followed.statement.body
    CertificateStatus.objects.create(
        index=followed.index,
        entry=followed.entry,
        certificate=body.certificate,
        status=body.status.value,
        effective_from=date.fromisoformat(body.effective_from),
        retroactive=body.retroactive,
        because=body.because,
        stated_on=followed.received_on,
    )


def file_snapshot(followed: Followed) -> None:
    """Keep a copy of a register; its rows about those on this ledger also where they are sought."""
    body: said.Snapshot = followed.statement.body
    retrieved = parse_effective(body.retrieved_at)
    snapshot = RegistrySnapshot.objects.create(
        index=followed.index,
        entry=followed.entry,
        snapshot=body.snapshot,
        scheme=body.scheme,
        title=body.title,
        url=body.url,
        published_on=day_of(body.published_on),
        retrieved_on=retrieved.day,
        retrieved_at=retrieved.moments[0],
        sha256=body.sha256,
        complete=body.complete,
        left_out=body.left_out,
        unmatched=sorted(
            {row.country or "" for row in body.rows if not (row.facility or row.organization)}
        ),
        rows=msgspec.to_builtins(body.rows),
    )
    RegistryRow.objects.bulk_create(
        RegistryRow(
            snapshot=snapshot,
            place=place,
            subject=row.facility or row.organization or "",
            name=row.name,
            status=row.status or "",
            level=row.level or "",
            materials=row.materials,
            listed_from=day_of(row.listed_from),
            listed_until=day_of(row.listed_until),
        )
        for place, row in enumerate(body.rows)
        if row.facility is not None or row.organization is not None
    )


def file_declaration(followed: Followed) -> None:
    """Keep what a company declared."""
    body: said.Declaration = followed.statement.body
    Declaration.objects.create(
        index=followed.index,
        entry=followed.entry,
        declaration=body.declaration,
        author=followed.statement.author,
        form=body.form,
        lots=body.lots or [],
        recipients=sorted(body.readers()),
        effective_on=followed.statement.effective.day,
        stated_on=followed.received_on,
        withdrawn=body.withdrawn,
        record=msgspec.to_builtins(body),
    )


def day_of(text: str | None) -> date | None:
    """Return the calendar day that a statement names, if it names one."""
    return None if text is None else date.fromisoformat(text)
