"""Reads that build core values: what was known of law, policies, sites and certificates.

Everything is asked for at a log size and answered from entries below it, so that an old
question gets its old answer.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
from django.db import connection

from standards.credentials import (
    agreements_at,
    credentials_at,
    disputed_entries,
    snapshots_at,
)
from standards.declarations import claims_at, forms_at
from standards.models import ClubPolicy, Cursor, PackActivation, PackFile
from standards.rulebook import policy
from standards.rulebook.assembly import Evidence
from standards.rulebook.law import Law, Pack
from standards.rulebook.months import day_after
from standards.rulebook.pack_format import parse_pack, shipped_packs
from standards.rulebook.passage import Site
from standards.rulebook.policy_format import parse_policy
from traceability.chronicling import recorded_statement
from traceability.ledger.plausibility.registered import registered
from traceability.ledger.vocabulary import OrganizationRole
from traceability.models import Audience, Facility, LogIndex, LotOpening, Organization

CURSOR = "assessing"
"""The reader of the log that fills this app's tables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """A policy and the row it was read from."""

    row: ClubPolicy
    policy: policy.ClubPolicy


def followed_size() -> int:
    """Return the log size up to which this app's tables are filled."""
    return Cursor.objects.filter(name=CURSOR).values_list("size", flat=True).first() or 0


def operator_id() -> str:
    """Return the organization that runs this ledger."""
    role = OrganizationRole.OPERATOR.value
    return Organization.objects.values_list("id", flat=True).get(roles__contains=[role])


# ── law ───────────────────────────────────────────────────────────────────────────────────


def packs_at(size: int) -> tuple[Pack, ...]:
    """Return the rule packs in force below a log size: the last activation of each.

    A pack whose bytes are not here is left out, and what reads it cannot be told.
    """
    active = (
        PackActivation.objects.filter(index__lt=size)
        .order_by("pack", "-index")
        .distinct("pack")
        .values_list("digest", flat=True)
    )
    packs = (pack_of(digest) for digest in sorted(active))
    return tuple(pack for pack in packs if pack is not None)


def pack_of(digest: str) -> Pack | None:
    """Return the pack with this digest, from the bytes kept of it or from those shipped."""
    found = _kept_pack(digest)
    if found is None:
        return next((pack for pack in shipped_packs() if pack.digest == digest), None)
    return found


def law_at(
    size: int, adopted: policy.ClubPolicy | None = None, *, instead: Iterable[Pack] = ()
) -> Law:
    """Return the law as known below a log size, with a policy's own parameters on top.

    Args:
        instead: packs to use in place of their namesakes, for questions of the kind *what if*.
    """
    packs = {pack.id: pack for pack in packs_at(size)} | {pack.id: pack for pack in instead}
    return Law(packs.values(), adopted.parameters if adopted else None)


_PACKS: dict[str, Pack] = {}
"""Packs by digest. The digest is that of their bytes, so this never goes stale."""


def _kept_pack(digest: str) -> Pack | None:
    if digest not in _PACKS:
        rows = PackFile.objects.filter(digest=digest).values_list("path", "content")
        files = {path: bytes(content) for path, content in rows}
        if not files or (pack := parse_pack(files)).digest != digest:
            return None
        _PACKS[digest] = pack
    return _PACKS[digest]


# ── policies ──────────────────────────────────────────────────────────────────────────────


def policies_at(size: int, *, on: date) -> dict[str, Adopted]:
    """Return each club's policy for a day, as known below a log size, by club.

    Of the versions that apply by that day it is the one that took effect last; a club whose
    first policy is yet to apply has that one, which cannot tell before its day. What was signed
    with a key that is distrusted from before is no policy.
    """
    return {club: adopted_in(row) for club, row in policy_rows_at(size, on=on).items()}


def adopted_in(row: ClubPolicy) -> Adopted:
    """Return the policy that a row holds."""
    return Adopted(row=row, policy=parse_policy(row.form))


def policy_rows_at(size: int, *, on: date) -> dict[str, ClubPolicy]:
    """Return the row of each club's policy for a day, as `policies_at` does, unread."""
    by_club: dict[str, list[ClubPolicy]] = {}
    for row in _policies_below(size):
        by_club.setdefault(row.club_id, []).append(row)
    chosen = {}
    for club, rows in by_club.items():
        begun = [row for row in rows if row.effective_from <= on]
        chosen[club] = begun[-1] if begun else rows[0]
    return chosen


def next_policy_day(size: int, *, after: date) -> date | None:
    """Return the next day on which a policy that is already adopted takes effect."""
    days = (row.effective_from for row in _policies_below(size))
    return min((day for day in days if day > after), default=None)


def _policies_below(size: int) -> list[ClubPolicy]:
    """Return policies by the day they take effect, but for those whose key is distrusted."""
    rows = list(ClubPolicy.objects.filter(index__lt=size).order_by("effective_from", "index"))
    disputed = disputed_entries(size, [row.index for row in rows])
    return [row for row in rows if row.index not in disputed]


def clubs_that_see(lots: Collection[str], clubs: Iterable[str], *, on: date) -> dict[str, set[str]]:
    """Return, by lot, those of the clubs that may judge it: theirs, a member's, or opened to one.

    A club sees what its members hold or held and what is opened to it or to one of them.
    """
    named = list(clubs)
    members = {club: {club} for club in named}
    for audience in Audience.objects.filter(organization_id__in=named):
        members[audience.organization_id] |= set(audience.members)
    known: dict[str, set[str]] = {lot: set() for lot in lots}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, known_to FROM traceability_lot WHERE id = ANY (%s)", [list(lots)]
        )
        for lot, organizations in cursor.fetchall():
            known[lot] |= set(organizations)
    for opening in LotOpening.objects.filter(lot__in=lots, closed_order=None):
        if opening.until is None or opening.until >= on:
            known[opening.lot].add(opening.organization)
    return {
        lot: {club for club in named if members[club] & organizations}
        for lot, organizations in known.items()
    }


def first_closing(lots: Collection[str], *, on: date) -> dict[str, date]:
    """Return, by lot, the next day on which an opening of it is over by the calendar."""
    rows = LotOpening.objects.filter(lot__in=lots, closed_order=None, until__gte=on)
    days: dict[str, date] = {}
    for row in rows:
        over = day_after(row.until or date.max)
        days[row.lot] = min(over, days.get(row.lot, date.max))
    return days


# ── evidence ──────────────────────────────────────────────────────────────────────────────


def evidence_at(
    size: int,
    facilities: Collection[str],
    *,
    organizations: Collection[str] = (),
    lots: Collection[str] = (),
) -> Evidence:
    """Return what is known below a log size of sites, those who held lots, and their claims."""
    forms = forms_at(size, organizations)
    numbers = {site.number for form in forms for site in form.sources if site.number}
    return Evidence(
        log_size=size,
        sites=_sites(size, facilities),
        credentials=credentials_at(size, facilities, organizations),
        snapshots=snapshots_at(size, [*facilities, *organizations], numbers),
        declared=claims_at(size, lots),
        agreements=agreements_at(size, organizations, facilities),
        forms=forms,
    )


def _sites(size: int, facilities: Collection[str]) -> dict[str, Site]:
    rows = Facility.objects.filter(id__in=facilities)
    stated = {row.recorded_order: row for row in rows}
    below = set(
        LogIndex.objects.filter(recorded_order__in=stated, index__lt=size).values_list(
            "recorded_order", flat=True
        )
    )
    sites = {}
    for order, row in stated.items():
        # The row is the last statement; a question about earlier reads the one of that time.
        record = row.record if order in below else _stated_before(row.id, size)
        if record is not None:
            sites[row.id] = Site(
                id=row.id,
                name=record["name"],
                country=record["country"],
                subdivision=record.get("subdivision"),
                organization=row.organization_id,
                has_operator="organization" in record["operator"],
                registered=registered(record),
            )
    return sites


_STATED = """
SELECT t.jws, t.disclosures
FROM traceability_entrysubject s
JOIN traceability_logindex i ON i.recorded_order = s.recorded_order AND i.index < %s
JOIN traceability_entry e ON e.recorded_order = s.recorded_order AND e.kind = 'registry.facility'
JOIN traceability_statementtext t ON t.recorded_order = s.recorded_order
WHERE s.subject = %s ORDER BY i.index DESC LIMIT 1
"""


def _stated_before(facility: str, size: int) -> Mapping[str, Any] | None:
    with connection.cursor() as cursor:
        cursor.execute(_STATED, [size, f"facility:{facility}"])
        row = cursor.fetchone()
    if row is None:
        return None
    told: Mapping[str, Any] = msgspec.to_builtins(recorded_statement(*row).body)
    return told
