"""Following the log: what published entries say goes into tables, and lots become due.

A cursor over log indices is safe: an index is gapless and final, and whatever a statement
relied on has a lower one (ADR 0003, 0007). Rows carry the index as their key, so that taking
an entry in twice fails instead of counting twice.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from standards.accounting import accounts_moved_by, claimed_from, freeze_closes
from standards.credentials import CONTRACT_WORK
from standards.filing import (
    Followed,
    file_certificate,
    file_declaration,
    file_snapshot,
    file_status,
)
from standards.known import CURSOR, pack_of, packs_at
from standards.mirroring import ABOUT_ACCOUNTS, mirror
from standards.models import (
    Assessment,
    Certificate,
    Club,
    ClubPolicy,
    Cursor,
    Declaration,
    DueAssessment,
    PackActivation,
)
from standards.noting import note_statements
from standards.rulebook import statements as said
from standards.rulebook.bounds import BOUNDS
from standards.rulebook.evaluation import code_version
from standards.rulebook.law import changed_keys
from traceability.ledger.statements import Statement, parse_statement
from traceability.models import Audience, Facility, LotOpening
from traceability.recording import known_kinds
from traceability.tracing import descendants, published_size

BATCH = 2_000
_Because = DueAssessment.Because

_LOCAL = frozenset({"custody.offer", "custody.withdrawal", "custody.transfer"})
"""Kinds that change who may see or owns a lot, and nothing of what came of it."""
_READ = (
    "standards.certificate",
    "standards.certificate_status",
    "standards.snapshot",
    "standards.declaration",
    "standards.policy",
    "standards.waiver",
    "standards.waiver_use",
    "standards.pack_activation",
    *ABOUT_ACCOUNTS,
    "registry.facility",
    "registry.relationship",
    "registry.audience",
    "registry.key_revocation",
)
"""Kinds whose text the follower reads. `standards.verdicts` is not among them: it is our own."""


@dataclass(slots=True, kw_only=True)
class _Due:
    """What a batch makes due, by reason."""

    today: date
    known_at: int
    rows: dict[tuple[str, str], DueAssessment]
    accounts: set[str] = field(default_factory=set)

    def add(self, lots: Iterable[str], because: str) -> None:
        for lot in lots:
            self.rows[lot, because] = DueAssessment(
                lot=lot,
                because=because,
                due_on=self.today,
                known_at=self.known_at,
                priority=0 if because == _Because.NEW else 1,
            )


def follow_log(*, now: datetime | None = None) -> int:
    """Take in every published entry after the cursor; return how many.

    Marks due the lots they touch and what came of these. It may die anywhere and be run again.
    """
    followed = 0
    while batch := _follow_batch((now or timezone.now()).date()):
        followed += batch
    freeze_closes()
    return followed


@transaction.atomic(durable=True)
def _follow_batch(today: date) -> int:
    Cursor.objects.get_or_create(name=CURSOR, defaults={"code_version": code_version()})
    cursor = Cursor.objects.select_for_update().get(name=CURSOR)
    until = min(published_size(), cursor.size + BATCH)
    due = _Due(today=today, known_at=until, rows={})
    if cursor.code_version != code_version():
        due.add(_assessed(), _Because.PACK)
        cursor.code_version = code_version()
    if until == cursor.size and not due.rows:
        return 0

    for followed in _read(cursor.size, until):
        _TAKE_IN[followed.statement.kind](followed, due)
    _mark_touched(cursor.size, until, due)
    doubted = note_statements(cursor.size, until)
    due.add(descendants(doubted) if doubted else (), _Because.ENTRY)
    _mark_claimed(due)
    rows = sorted(due.rows.values(), key=lambda one: one.lot)  # parts of one lot: judged at once
    DueAssessment.objects.bulk_create(rows, ignore_conflicts=True, batch_size=5_000)
    taken, cursor.size = until - cursor.size, until
    cursor.save()
    # From here, once committed, what these entries say counts, and the lots are in the queue.
    return taken


_TEXTS = """
SELECT i.index, e.hash, (e.received_at AT TIME ZONE 'UTC')::date, t.jws, t.disclosures
FROM traceability_logindex i
JOIN traceability_entry e USING (recorded_order)
JOIN traceability_statementtext t USING (recorded_order)
WHERE i.index >= %s AND i.index < %s AND e.kind = ANY (%s)
ORDER BY i.index
"""


def _read(first: int, until: int) -> list[Followed]:
    """Return the entries that say something of certificates, clubs, packs or sites, in order."""
    with connection.cursor() as cursor:
        cursor.execute(_TEXTS, [first, until, list(_READ)])
        rows = cursor.fetchall()
    return [
        Followed(index=index, entry=entry, received_on=on, statement=_statement(jws, disclosures))
        for index, entry, on, jws, disclosures in rows
    ]


def _statement(jws: str, disclosures: Any) -> Statement:
    told = msgspec.json.decode(disclosures) if isinstance(disclosures, str) else disclosures
    return parse_statement(
        jws.encode(),
        kinds=known_kinds(),
        ledger=settings.LEDGER_ORIGIN,
        disclosures=tuple(told),
    )


# ── taking in ─────────────────────────────────────────────────────────────────────────────


def _certificate(followed: Followed, due: _Due) -> None:
    file_certificate(followed)
    due.add(_through(_sites_of(followed.statement.body.certificate)), _Because.CERTIFICATE)


def _certificate_status(followed: Followed, due: _Due) -> None:
    file_status(followed)
    due.add(_through(_sites_of(followed.statement.body.certificate)), _Because.CERTIFICATE)


def _snapshot(followed: Followed, due: _Due) -> None:
    file_snapshot(followed)
    read = Assessment.objects.filter(is_current=True, inputs_read__contains=["snapshots"])
    due.add(read.values_list("lot", flat=True).distinct(), _Because.CERTIFICATE)


def _declaration(followed: Followed, due: _Due) -> None:
    """Let a declaration make due the lots it names, before or now, and what came of them.

    One that names no lots is about all that its author ever handed on.
    """
    file_declaration(followed)
    name = followed.statement.body.declaration
    rows = list(Declaration.objects.filter(declaration=name).values_list("lots", flat=True))
    lots = {lot for row in rows for lot in row}
    if not all(rows):
        lots |= _held_by([followed.statement.author])
    due.add(descendants(lots) if lots else (), _Because.ENTRY)


def _relationship(followed: Followed, due: _Due) -> None:
    """Let an agreement about contract work make due what passed the contractor's sites."""
    body = followed.statement.body
    if body.nature not in CONTRACT_WORK:
        return
    sites = {body.target_facility} if body.target_facility else set[str]()
    if body.target_organization:
        run = Facility.objects.filter(operator=body.target_organization)
        sites |= set(run.values_list("id", flat=True))
    due.add(_through(sites), _Because.FACILITY)


def _policy(followed: Followed, due: _Due) -> None:
    body: said.Policy = followed.statement.body
    adopted = said.policy_of(body)
    Club.objects.get_or_create(organization_id=body.club, defaults={"index": followed.index})
    ClubPolicy.objects.create(
        index=followed.index,
        entry=followed.entry,
        club_id=body.club,
        version=body.version,
        title=body.title,
        effective_from=adopted.effective_from,
        digest=adopted.digest,
        form=said.policy_form(body),
    )
    due.add(_seen_by(body.club), _Because.POLICY)


def _waiver(followed: Followed, due: _Due) -> None:
    due.add(_seen_by(followed.statement.author), _Because.POLICY)


def _pack_activation(followed: Followed, due: _Due) -> None:
    body: said.PackActivation = followed.statement.body
    before = {pack.id: pack for pack in packs_at(followed.index)}.get(body.pack)
    PackActivation.objects.create(
        index=followed.index,
        entry=followed.entry,
        pack=body.pack,
        version=body.version,
        digest=body.digest,
    )
    changed = changed_keys(before, pack_of(body.digest))
    read = Assessment.objects.filter(is_current=True, keys_read__overlap=sorted(changed))
    due.add(read.values_list("lot", flat=True).distinct(), _Because.PACK)
    if changed & BOUNDS:  # read when clubs judge, by no rule
        for club in Club.objects.values_list("pk", flat=True):
            due.add(_seen_by(club), _Because.PACK)


_HANDLED_AT = """
SELECT DISTINCT m.lot FROM traceability_entry e
JOIN traceability_movement m USING (recorded_order)
WHERE e.facility = %s
"""


def _facility(followed: Followed, due: _Due) -> None:
    """Let be judged again what was worked there, and what only passed: it was measured there."""
    facility = followed.statement.body.facility
    with connection.cursor() as cursor:
        cursor.execute(_HANDLED_AT, [facility])
        handled = {row[0] for row in cursor.fetchall()}
    due.add(_through([facility]) | (descendants(handled) if handled else set()), _Because.FACILITY)


def _audience(followed: Followed, due: _Due) -> None:
    due.add(_seen_by(followed.statement.body.audience), _Because.POLICY)


def _booked(followed: Followed, due: _Due) -> None:
    touched = mirror(followed.index, followed.entry, followed.statement)
    due.accounts |= touched.accounts
    due.add(touched.lots, _Because.ENTRY)


_MOVED_BY_KEY = """
SELECT DISTINCT m.lot FROM traceability_entry e
JOIN traceability_logindex i USING (recorded_order)
JOIN traceability_movement m USING (recorded_order)
WHERE e.kid = %s AND i.index >= %s
"""

_SITES_BY_KEY = """
SELECT DISTINCT c.facility FROM traceability_entry e
JOIN traceability_logindex i USING (recorded_order)
JOIN traceability_entrysubject s
  ON s.recorded_order = e.recorded_order AND s.subject LIKE 'certificate:%%'
JOIN standards_certificate c ON c.certificate = substr(s.subject, 13)
WHERE e.kid = %s AND i.index >= %s AND c.facility <> ''
"""


def _key_revocation(followed: Followed, due: _Due) -> None:
    """Let a reach back into the past make due what the distrusted key had said."""
    body = followed.statement.body
    if body.distrusted_from is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(_MOVED_BY_KEY, [body.kid, body.distrusted_from])
        moved = {row[0] for row in cursor.fetchall()}
    due.add(descendants(moved), _Because.ENTRY)
    with connection.cursor() as cursor:
        cursor.execute(_SITES_BY_KEY, [body.kid, body.distrusted_from])
        sites = {row[0] for row in cursor.fetchall()}
    due.add(_through(sites), _Because.CERTIFICATE)


_TAKE_IN: dict[str, Callable[[Followed, _Due], None]] = {
    "standards.certificate": _certificate,
    "standards.certificate_status": _certificate_status,
    "standards.snapshot": _snapshot,
    "standards.declaration": _declaration,
    "standards.policy": _policy,
    "standards.waiver": _waiver,
    "standards.waiver_use": _waiver,
    "standards.pack_activation": _pack_activation,
    **dict.fromkeys(ABOUT_ACCOUNTS, _booked),
    "registry.facility": _facility,
    "registry.relationship": _relationship,
    "registry.audience": _audience,
    "registry.key_revocation": _key_revocation,
}


# ── what becomes due ──────────────────────────────────────────────────────────────────────

_TOUCHED = """
SELECT substr(s.subject, 5), coalesce(e.event, e.kind) = ANY (%(local)s),
       EXISTS (SELECT FROM traceability_movement m
               WHERE m.recorded_order = s.recorded_order AND m.role = 'make'
                 AND m.lot = substr(s.subject, 5) AND e.replaces IS NULL)
FROM traceability_logindex i
JOIN traceability_entry e USING (recorded_order)
JOIN traceability_entrysubject s USING (recorded_order)
WHERE i.index >= %(first)s AND i.index < %(until)s AND s.subject LIKE 'lot:%%'
UNION
SELECT m.lot, false, false
FROM traceability_logindex i
JOIN traceability_entry e USING (recorded_order)
JOIN traceability_entrysubject s USING (recorded_order)
JOIN traceability_entrysubject o ON o.subject = s.subject
JOIN traceability_movement m ON m.recorded_order = o.recorded_order AND m.role = 'move'
WHERE i.index >= %(first)s AND i.index < %(until)s
  AND s.subject LIKE 'consignment:%%' AND coalesce(e.event, e.kind) = 'custody.assay'
"""


def _mark_touched(first: int, until: int, due: _Due) -> None:
    """Mark the lots that entries touched, and whatever came of them, due."""
    with connection.cursor() as cursor:
        parameters: dict[str, int | list[str]] = {
            "first": first,
            "until": until,
            "local": sorted(_LOCAL),
        }
        cursor.execute(_TOUCHED, parameters)
        rows: Sequence[tuple[str, bool, bool]] = cursor.fetchall()
    new = {lot for lot, _, is_new in rows if is_new}
    changed = {lot for lot, is_local, _ in rows if not is_local}
    due.add(new, _Because.NEW)
    touched = {lot for lot, _, _ in rows} | (descendants(changed) if changed else set())
    due.add(touched - new, _Because.ENTRY)


def _mark_claimed(due: _Due) -> None:
    """Mark the lots due that were claimed from accounts which any of this may change."""
    moved = accounts_moved_by({lot for lot, _ in due.rows})
    due.add(claimed_from(due.accounts | moved), _Because.ENTRY)


def _sites_of(certificate: str) -> set[str]:
    """Return the facilities a certificate was ever about."""
    rows = Certificate.objects.filter(certificate=certificate).exclude(facility="")
    return set(rows.values_list("facility", flat=True))


def _through(facilities: Collection[str]) -> set[str]:
    """Return the assessed lots whose metal passed one of these sites: what was read tells.

    A lot that is not assessed yet is in the queue already, and will be read as it is then.
    """
    passed = Assessment.objects.filter(is_current=True, facilities__overlap=list(facilities))
    return set(passed.values_list("lot", flat=True)) if facilities else set()


def _assessed() -> set[str]:
    return set(Assessment.objects.filter(is_current=True).values_list("lot", flat=True))


_HELD = "SELECT id FROM traceability_lot WHERE known_to && %s::varchar[]"


def _seen_by(club: str) -> set[str]:
    """Return the lots that a club may judge: held by a member, or opened to it or to one."""
    audience = Audience.objects.filter(organization_id=club).first()
    organizations = [club, *(audience.members if audience else ())]
    opened = LotOpening.objects.filter(organization__in=organizations, closed_order=None)
    return _held_by(organizations) | set(opened.values_list("lot", flat=True))


def _held_by(organizations: Collection[str]) -> set[str]:
    """Return the lots that one of these ever had in hand."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [list(organizations)])
        return {row[0] for row in cursor.fetchall()}
