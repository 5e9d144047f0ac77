"""Taking in: what each kind of entry says goes into tables, and what it makes due.

Called by the follower, in its transaction, once for each entry whose text matters here.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import date

from django.db import connection

from standards.credentials import CONTRACT_WORK
from standards.filing import (
    Followed,
    entries_between,
    file_certificate,
    file_declaration,
    file_snapshot,
    file_status,
)
from standards.known import pack_of, packs_at
from standards.mirroring import ABOUT_ACCOUNTS, mirror
from standards.models import (
    Assessment,
    Certificate,
    Claim,
    Club,
    ClubPolicy,
    Declaration,
    DueAssessment,
    Judgement,
    PackActivation,
)
from standards.rulebook import statements as said
from standards.rulebook.bounds import BOUNDS
from standards.rulebook.pack_format import changed_keys
from traceability.models import Audience, Facility, LotOpening
from traceability.tracing import descendants

Because = DueAssessment.Because


@dataclass(slots=True, kw_only=True)
class Due:
    """What a batch makes due, by reason."""

    today: date
    known_at: int
    rows: dict[tuple[str, str], DueAssessment] = field(default_factory=dict)
    accounts: set[str] = field(default_factory=set)

    def take(self, other: "Due") -> None:
        """Take over what something else makes due."""
        self.rows |= other.rows
        self.accounts |= other.accounts

    def add(self, lots: Iterable[str], because: str) -> None:
        """Make lots due, each once for a reason."""
        for lot in lots:
            self.rows[lot, because] = DueAssessment(
                lot=lot,
                because=because,
                due_on=self.today,
                known_at=self.known_at,
                priority=0 if because == Because.NEW else 1,
            )


def _certificate(followed: Followed, due: Due) -> None:
    """Let a certificate, or a change of its status, make due what passed its sites."""
    due.add(_through(_sites_of(followed.statement.body.certificate)), Because.CERTIFICATE)


def _snapshot(_: Followed, due: Due) -> None:
    read = Assessment.objects.filter(is_current=True, inputs_read__contains=["snapshots"])
    due.add(read.values_list("lot", flat=True).distinct(), Because.CERTIFICATE)


def _declaration(followed: Followed, due: Due) -> None:
    """Let a declaration make due the lots it names, before or now, and what came of them.

    One that names no lots is about all that its author ever handed on.
    """
    name = followed.statement.body.declaration
    rows = list(Declaration.objects.filter(declaration=name).values_list("lots", flat=True))
    lots = {lot for row in rows for lot in row}
    if not all(rows):
        lots |= _held_by([followed.statement.author])
    due.add(descendants(lots) if lots else (), Because.ENTRY)


def _relationship(followed: Followed, due: Due) -> None:
    """Let an agreement about contract work make due what passed the contractor's sites."""
    body = followed.statement.body
    if body.nature not in CONTRACT_WORK:
        return
    sites = {body.target_facility} if body.target_facility else set[str]()
    if body.target_organization:
        run = Facility.objects.filter(operator=body.target_organization)
        sites |= set(run.values_list("id", flat=True))
    due.add(_through(sites), Because.FACILITY)


def _file_policy(followed: Followed) -> None:
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


def _policy(followed: Followed, due: Due) -> None:
    """Let a club's policy, or what it says of a waiver, make due the lots that it may judge."""
    due.add(_seen_by(followed.statement.author), Because.POLICY)


def _pack_activation(followed: Followed, due: Due) -> None:
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
    due.add(read.values_list("lot", flat=True).distinct(), Because.PACK)
    if changed & BOUNDS:  # read when clubs judge, by no rule
        for club in Club.objects.values_list("pk", flat=True):
            due.add(_seen_by(club), Because.PACK)


_HANDLED_AT = """
SELECT DISTINCT m.lot FROM traceability_entry e
JOIN traceability_movement m USING (recorded_order)
WHERE e.facility = %s
"""


def _facility(followed: Followed, due: Due) -> None:
    """Let be judged again what was worked there, and what only passed: it was measured there."""
    facility = followed.statement.body.facility
    with connection.cursor() as cursor:
        cursor.execute(_HANDLED_AT, [facility])
        handled = {row[0] for row in cursor.fetchall()}
    due.add(_through([facility]) | (descendants(handled) if handled else set()), Because.FACILITY)


def _audience(followed: Followed, due: Due) -> None:
    due.add(_seen_by(followed.statement.body.audience), Because.POLICY)


def _booked(followed: Followed, due: Due) -> None:
    touched = mirror(followed.index, followed.entry, followed.statement)
    due.accounts |= touched.accounts
    due.add(touched.lots, Because.ENTRY)


def _claimed_by(followed: Followed, due: Due) -> None:
    """Let a claim make due its lot, and those claimed from the same account."""
    for claim in Claim.objects.filter(index=followed.index):
        due.accounts |= {claim.account} - {""}
        due.add([claim.lot], Because.ENTRY)


_MOVED_BY_KEY = """
SELECT DISTINCT m.lot FROM traceability_entry e
JOIN traceability_logindex i USING (recorded_order)
JOIN traceability_movement m USING (recorded_order)
WHERE e.kid = %s AND i.index >= %s
"""


def _key_revocation(followed: Followed, due: Due) -> None:
    """Let a reach back into the past make due what the distrusted key had said."""
    body = followed.statement.body
    if body.distrusted_from is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(_MOVED_BY_KEY, [body.kid, body.distrusted_from])
        moved = {row[0] for row in cursor.fetchall()}
    due.add(descendants(moved), Because.ENTRY)
    told = entries_between(body.distrusted_from, followed.index, _DUE, kid=body.kid)
    for one in told:
        _DUE[one.statement.kind](one, due)


# ── by kind ───────────────────────────────────────────────────────────────────────────────

_DUE: dict[str, Callable[[Followed, Due], None]] = {
    "standards.certificate": _certificate,
    "standards.certificate_status": _certificate,
    "standards.snapshot": _snapshot,
    "standards.declaration": _declaration,
    "standards.policy": _policy,
    "standards.waiver": _policy,
    "standards.waiver_use": _policy,
    "standards.claim": _claimed_by,
    "registry.relationship": _relationship,
}
"""What becomes due when something is said, and when its key turns out to be distrusted."""


def _said(file: Callable[[Followed], None], kind: str) -> Callable[[Followed, Due], None]:
    """Return what files an entry, and then makes due what it is about."""

    def take_in(followed: Followed, due: Due) -> None:
        file(followed)
        _DUE[kind](followed, due)

    return take_in


TAKE_IN: dict[str, Callable[[Followed, Due], None]] = {
    **_DUE,
    "standards.certificate": _said(file_certificate, "standards.certificate"),
    "standards.certificate_status": _said(file_status, "standards.certificate_status"),
    "standards.snapshot": _said(file_snapshot, "standards.snapshot"),
    "standards.declaration": _said(file_declaration, "standards.declaration"),
    "standards.policy": _said(_file_policy, "standards.policy"),
    "standards.pack_activation": _pack_activation,
    **dict.fromkeys(ABOUT_ACCOUNTS, _booked),
    "registry.facility": _facility,
    "registry.audience": _audience,
    "registry.key_revocation": _key_revocation,
}
"""Kinds whose text the follower reads. `standards.verdicts` is not among them: it is our own."""


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


def assessed() -> set[str]:
    """Return the lots of which something is found."""
    return set(Assessment.objects.filter(is_current=True).values_list("lot", flat=True))


_HELD = "SELECT id FROM traceability_lot WHERE known_to && %s::varchar[]"


def _seen_by(club: str) -> set[str]:
    """Return the lots that a club judged, or may: held by a member, or opened to it or to one."""
    judged = Judgement.objects.filter(club=club, is_current=True)
    audience = Audience.objects.filter(organization_id=club).first()
    organizations = [club, *(audience.members if audience else ())]
    opened = LotOpening.objects.filter(organization__in=organizations, closed_order=None)
    told = {*opened.values_list("lot", flat=True), *judged.values_list("lot", flat=True)}
    return _held_by(organizations) | told


def _held_by(organizations: Collection[str]) -> set[str]:
    """Return the lots that one of these ever had in hand."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [list(organizations)])
        return {row[0] for row in cursor.fetchall()}
