"""Reads for the rulebook's pages: what every parameter says, since when, and what rests on it.

The rules are the same for everybody; assessments are not, so what rests on a parameter is
counted among those that the reader may see. Nothing is evaluated here: findings say themselves
which provisions they cite.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Func, QuerySet, Value

from standards.known import followed_size, pack_of, packs_at, policies_at
from standards.models import Assessment, PackActivation
from standards.reading import clubs_of
from standards.rulebook.assessment import PACKS_ALONE
from standards.rulebook.findings import Outcome
from standards.rulebook.law import Pack, Provision
from standards.rulebook.overview import Stated, overview
from standards.rulebook.pack_format import shipped_packs
from standards.rulebook.rules import RULES
from traceability import seeing
from traceability.models import Entry, Organization

NEWEST = 500
"""Findings are counted in so many of the newest assessments: a page must not read millions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """Somebody put a pack in force; `order` is set where the reader may open the statement."""

    row: PackActivation
    by: str
    effective_on: date
    recorded_at: datetime
    order: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedPack:
    """A pack with its parameters: in force, or one that was or may be.

    Args:
        activations: of any version of it, the newest first.
        active: the digest of the version in force, or empty.
        newer: the version that comes with this ledger, where another one is in force.
    """

    pack: Pack
    stated: tuple[Stated, ...]
    activations: tuple[Activation, ...]
    active: str
    newer: Pack | None

    @property
    def is_in_force(self) -> bool:
        """Tell whether this version is the one in force."""
        return self.pack.digest == self.active

    @property
    def last(self) -> Activation | None:
        """Return when these very bytes were put in force last."""
        return next((one for one in self.activations if one.row.digest == self.pack.digest), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClubValue:
    """What a club of the reader's lays over a parameter."""

    club: Organization
    provision: Provision | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """How many findings cite a provision of the packs, and how many of them cannot tell."""

    findings: int
    indeterminate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What findings cite, by key, in the newest of the assessments that a reader may see."""

    by_key: Mapping[str, Decided]
    read: int
    total: int


# ── packs ─────────────────────────────────────────────────────────────────────────────────


def book(organization: str, *, on: date, digest: str = "") -> list[BookedPack]:
    """Return every pack: those in force first, then those that merely come with the ledger.

    Args:
        digest: a version to show in place of the one in force; one that nobody ever put in
            force here, and that does not come with the ledger, is not shown.
    """
    active = {pack.id: pack for pack in packs_at(followed_size())}
    shipped = {pack.id: pack for pack in shipped_packs()}
    activations = _activations(organization)
    shown = shipped | active
    wanted = pack_of(digest) if digest else None
    known = {one.row.digest for found in activations.values() for one in found}
    if wanted is not None and (wanted.digest in known or wanted in shipped.values()):
        shown[wanted.id] = wanted
    told = []
    for name, pack in sorted(shown.items()):
        in_force = active.get(name)
        offered = shipped.get(name)
        is_newer = in_force is not None and offered is not None and offered != in_force
        told.append(
            BookedPack(
                pack=pack,
                stated=overview([pack], RULES, on=on),
                activations=activations.get(name, ()),
                active=in_force.digest if in_force else "",
                newer=offered if is_newer else None,
            )
        )
    return sorted(told, key=lambda one: (not one.active, one.pack.id))


def _activations(organization: str) -> dict[str, tuple[Activation, ...]]:
    rows = list(PackActivation.objects.order_by("-index"))
    entries = {one.hash: one for one in Entry.objects.filter(hash__in=[one.entry for one in rows])}
    orders = [one.recorded_order for one in entries.values()]
    readable = seeing.readable_orders(organization, orders)
    names = dict(
        Organization.objects.filter(pk__in={one.author for one in entries.values()}).values_list(
            "pk", "name"
        )
    )
    told: dict[str, list[Activation]] = {}
    for row in rows:
        entry = entries[row.entry]
        order = entry.recorded_order
        told.setdefault(row.pack, []).append(
            Activation(
                row=row,
                by=names[entry.author],
                effective_on=entry.effective_on,
                recorded_at=entry.received_at,
                order=order if order in readable else None,
            )
        )
    return {pack: tuple(found) for pack, found in told.items()}


def values_over_time(key: str, activations: Iterable[Activation]) -> list[tuple[Activation, Pack]]:
    """Return the activations that changed what is said of a parameter, the newest first."""
    told: list[tuple[Activation, Pack]] = []
    before: list[dict[str, object]] | None = None
    for one in reversed(list(activations)):
        pack = pack_of(one.row.digest)
        if pack is None:
            continue
        now = _plainly(pack, key)
        if now != before:
            told.append((one, pack))
        before = now
    return list(reversed(told))


def _plainly(pack: Pack, key: str) -> list[dict[str, object]]:
    """Return what a pack says of a parameter, without the name of the pack itself."""
    parameter = pack.parameters.get(key)
    versions = parameter.versions if parameter else ()
    return [
        {name: told for name, told in one.as_json().items() if name != "pack"} for one in versions
    ]


def club_values(organization: str, *, on: date) -> dict[str, list[ClubValue]]:
    """Return what the reader's clubs lay over parameters, by key."""
    clubs = {club.pk: club for club in clubs_of(organization)}
    told: dict[str, list[ClubValue]] = {}
    for name, adopted in sorted(policies_at(followed_size(), on=on).items()):
        if name not in clubs:
            continue
        for key, parameter in adopted.policy.parameters.items():
            value = ClubValue(club=clubs[name], provision=parameter.on(on))
            told.setdefault(key, []).append(value)
    return told


# ── what rests on them ────────────────────────────────────────────────────────────────────


def assessments_seen_by(organization: str) -> QuerySet[Assessment]:
    """Return current assessments of lots the reader may see: by the packs alone, by its clubs."""
    rows = Assessment.objects.filter(is_current=True)
    if seeing.is_operator(organization):
        return rows
    lots = seeing.lots_seen_by(organization).order_by().values("pk")
    clubs = [PACKS_ALONE, *clubs_of(organization).values_list("pk", flat=True)]
    return rows.filter(lot__in=lots, club__in=clubs)


_CITED = """
SELECT cite ->> 'key',
       count(DISTINCT (a.lot, a.mineral, finding ->> 'rule_id')),
       count(DISTINCT (a.lot, a.mineral, finding ->> 'rule_id'))
           FILTER (WHERE finding ->> 'outcome' = %s)
FROM standards_assessment a,
     jsonb_array_elements(a.findings) finding,
     jsonb_array_elements(finding -> 'cites') cite
WHERE a.id = ANY (%s) AND cite -> 'pack' ->> 'id' NOT LIKE 'club:%%'
GROUP BY 1
"""


def counted_findings(organization: str) -> Counted:
    """Return how many findings cite each parameter of the packs, once per lot, mineral and rule.

    What a club laid over a parameter is the club's, and is not counted here.
    """
    seen = assessments_seen_by(organization).order_by("-id")
    newest = list(seen.values_list("pk", flat=True)[:NEWEST])
    with connection.cursor() as cursor:
        cursor.execute(_CITED, [Outcome.INDETERMINATE.value, newest])
        by_key = {
            key: Decided(findings=findings, indeterminate=indeterminate)
            for key, findings, indeterminate in cursor.fetchall()
        }
    total = len(newest) if len(newest) < NEWEST else seen.count()
    return Counted(by_key=by_key, read=len(newest), total=total)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """An assessment, and how its findings that cite one parameter came out: rule ids by outcome."""

    assessment: Assessment
    by_outcome: Mapping[Outcome, Sequence[str]]


def resting_on(key: str, assessments: Iterable[Assessment]) -> list[Resting]:
    """Return for each assessment which of its findings cite a parameter of the packs."""
    told = []
    for one in assessments:
        by_outcome: dict[Outcome, list[str]] = {}
        for finding in one.findings:
            if any(_is_cited(cite, key) for cite in finding["cites"]):
                by_outcome.setdefault(Outcome(finding["outcome"]), []).append(finding["rule_id"])
        told.append(Resting(assessment=one, by_outcome=by_outcome))
    return told


def _is_cited(cite: Mapping[str, Any], key: str) -> bool:
    return cite["key"] == key and not cite["pack"]["id"].startswith("club:")


_CITES = '$[*].cites[*] ? (@.key == $key && !(@.pack.id starts with "club:"))'


def assessments_citing(key: str, organization: str) -> QuerySet[Assessment]:
    """Return which of the newest assessments that read a parameter rest on it, newest first."""
    reading = assessments_seen_by(organization).filter(keys_read__contains=[key])
    newest = list(reading.order_by("-id").values_list("pk", flat=True)[:NEWEST])
    named = Func(Value("key"), Value(key), function="jsonb_build_object")
    cites = Func("findings", Value(_CITES), named, function="jsonb_path_exists")
    cites.output_field = BooleanField()
    rows = Assessment.objects.filter(pk__in=newest).alias(cites=cites)
    return rows.filter(cites=True).order_by("-id")
