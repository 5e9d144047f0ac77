"""Registers of schemes as they are on file: reads for whoever imports, watches or asks.

A register is public; which of its rows is which site of this ledger is not: a match is told
where the name of the site or organization is open to the reader (`traceability.seeing`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from django.db.models import Q

from standards.credentials import certificates_seen_by
from standards.known import followed_size, law_at
from standards.models import Assessment, Certificate, RegistrySnapshot, SnapshotFile
from standards.rulebook.errors import UnknownSnapshot
from standards.rulebook.law import Law, Provision, Unavailable
from standards.rulebook.register_changes import Difference
from traceability import seeing
from traceability.models import Facility

WORDS = "register_words"
MAX_AGE = "register_max_age"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A certificate on record that a copy of its scheme's register contradicts, and how."""

    certificate: str
    facility: str
    level: str
    on_register: str  # the level there; empty where the register does not list the site


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """What a difference between two copies of a register is about.

    Args:
        lots: current lots whose metal passed one of the sites.
        contradicted: certificates on record that the new copy does not bear out.
    """

    certificates: tuple[str, ...]
    lots: tuple[str, ...]
    contradicted: tuple[Recorded, ...]


def on_file(register: str) -> RegistrySnapshot | None:
    """Return the copy of a register that was retrieved last; of one moment the last stated."""
    copies = RegistrySnapshot.objects.filter(scheme=register).defer("rows")
    return max(copies, key=lambda one: (retrieved_at(one), one.index), default=None)


def newest_copies() -> dict[str, RegistrySnapshot]:
    """Return the copy of each register that was retrieved last, by scheme."""
    newest: dict[str, RegistrySnapshot] = {}
    for one in RegistrySnapshot.objects.defer("rows").order_by("index"):
        before = newest.get(one.scheme)
        if before is None or retrieved_at(before) <= retrieved_at(one):
            newest[one.scheme] = one
    return newest


def copy_before(snapshot: RegistrySnapshot) -> RegistrySnapshot | None:
    """Return the copy of the same register that was retrieved last before this one."""
    moment = retrieved_at(snapshot)
    copies = RegistrySnapshot.objects.filter(scheme=snapshot.scheme).exclude(
        snapshot=snapshot.snapshot
    )
    before = [one for one in copies.defer("rows") if retrieved_at(one) < moment]
    return max(before, key=lambda one: (retrieved_at(one), one.index), default=None)


def snapshot_named(name: str) -> RegistrySnapshot:
    """Return a copy of a register by its id; stated again under it, the last.

    Raises:
        UnknownSnapshot: there is none.
    """
    found = RegistrySnapshot.objects.filter(snapshot=name).order_by("-index").first()
    if found is None:
        raise UnknownSnapshot(name)
    return found


def retrieved_at(snapshot: RegistrySnapshot) -> datetime:
    """Return the moment of retrieval; where only the day was kept, its first."""
    return snapshot.retrieved_at or datetime.combine(snapshot.retrieved_on, time.min, tzinfo=UTC)


def author_of(snapshot: RegistrySnapshot) -> str:
    """Return who stated a copy: its id lies in the author's name space."""
    return snapshot.snapshot.partition(":")[0]


def file_of(snapshot: RegistrySnapshot, reader: str) -> bytes:
    """Return the bytes of the file a copy was read from.

    Raises:
        UnknownSnapshot: no file is kept, or it is not the reader's to have: a register may not
            be ours to pass on.
    """
    may_have = reader == author_of(snapshot) or seeing.is_operator(reader)
    kept = SnapshotFile.objects.filter(digest=snapshot.sha256).first() if may_have else None
    if kept is None:
        raise UnknownSnapshot(snapshot.snapshot)
    return bytes(kept.content)


# ── words and age ─────────────────────────────────────────────────────────────────────────


def words_of(register: str, *, on: date, size: int | None = None) -> frozenset[str] | None:
    """Return the words a register has for states, in small letters; None: nobody coded them."""
    law = law_at(followed_size() if size is None else size).on(on)
    try:
        told: Mapping[str, str] = law[f"{register}.{WORDS}"].value
    except Unavailable:
        return None
    return frozenset(word.casefold() for word in told)


def max_age(register: str, law: Law, *, on: date) -> Provision | Unavailable:
    """Return how many days a copy may be old, or why that is not known."""
    try:
        return law.on(on)[f"{register}.{MAX_AGE}"]
    except Unavailable as unset:
        return unset.with_traceback(None)


# ── what a new copy touches ───────────────────────────────────────────────────────────────


def touched_by(
    difference: Difference,
    rows: Sequence[Mapping[str, Any]],
    *,
    register: str,
    complete: bool,
    reader: str | None = None,
) -> Touched:
    """Return the certificates and lots that a new copy of a register is about.

    Args:
        rows: those of the new copy.
        reader: whose lots and certificates are told; None: all of them, for the operator.
    """
    facilities, organizations = difference.subjects()
    sites = set(facilities)
    if organizations:
        run = Facility.objects.filter(operator__in=organizations)
        sites |= set(run.values_list("id", flat=True))
    certificates = certificates_seen_by(reader or seeing.operator()).filter(scheme=register)
    certificates = certificates.order_by("certificate")
    about = Q(facility__in=facilities) | Q(organization__in=organizations, facility="")
    return Touched(
        certificates=tuple(certificates.filter(about).values_list("certificate", flat=True)),
        lots=lots_through(sites, reader),
        contradicted=tuple(_contradicted(certificates, rows, complete=complete)),
    )


def lots_through(sites: Collection[str], reader: str | None) -> tuple[str, ...]:
    """Return the assessed lots whose metal passed one of these sites, as a reader may see them."""
    if not sites:
        return ()
    passed = Assessment.objects.filter(is_current=True, facilities__overlap=list(sites))
    if reader is not None:
        seen = seeing.lots_seen_by(reader).order_by().values("pk")
        passed = passed.filter(lot__in=seen)
    return tuple(passed.order_by("lot").values_list("lot", flat=True).distinct())


def _contradicted(
    certificates: Iterable[Certificate], rows: Iterable[Mapping[str, Any]], *, complete: bool
) -> Iterable[Recorded]:
    levels: dict[str, set[str]] = {}
    for row in rows:
        if row.get("facility"):
            levels.setdefault(row["facility"], set()).add(row.get("level", ""))
    for one in certificates:
        if not one.facility:
            continue
        told = {level for level in levels.get(one.facility, ()) if level}
        is_absent = complete and one.facility not in levels
        if is_absent or (one.level and told and one.level not in told):
            yield Recorded(
                certificate=one.certificate,
                facility=one.facility,
                level=one.level,
                on_register=", ".join(sorted(told)),
            )


# ── rows as a reader may know them ────────────────────────────────────────────────────────


def rows_for(snapshot: RegistrySnapshot, reader: str) -> list[dict[str, Any]]:
    """Return the rows of a copy, in their places; a match only where its name is open."""
    names = seeing.names_open_to(reader)
    is_own = author_of(snapshot) == reader
    told = []
    for place, row in enumerate(snapshot.rows):
        shown = {"place": place} | row
        if not (is_own or names.has_facility(row.get("facility"))):
            shown.pop("facility", None)
        if not (is_own or names.has_organization(row.get("organization"))):
            shown.pop("organization", None)
        told.append(shown)
    return told
