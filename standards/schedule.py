"""The calendar: what of credentials, registers and declarations runs out or falls due, for whom.

Everything is derived when asked: what was renewed since has another day, or none. A reader sees
what it may know: certificates about sites whose names are open to it, registers (they are
public), declarations it may read; and of what they touch, its lots and its clubs.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256

from standards.credentials import certificates_seen_by, credentials_at
from standards.declared import declarations_seen_by
from standards.known import followed_size, law_at, policies_at
from standards.models import Assessment, Declaration
from standards.reading import clubs_of
from standards.registers import author_of, newest_copies
from standards.rulebook.due_days import DueDay, due_days_of, of_club, register_due
from standards.rulebook.law import LawOnDate
from traceability import seeing
from traceability.models import Facility

KINDS = ("expiry", "surveillance", "next_action", "plan", "register", "declaration")


@dataclass(frozen=True, slots=True, kw_only=True)
class DueLine:
    """A day, and what it touches.

    Args:
        site: name of the site or company, as the reader may know it; empty for a register.
        lots: those the reader may see whose metal passed the site, or that were declared.
        clubs: the reader's clubs that judge one of these lots.
        is_own: the reader operates or registered the site, or signed what runs out.
    """

    due: DueDay
    site: str
    lots: tuple[str, ...]
    clubs: tuple[str, ...]
    is_own: bool

    @property
    def key(self) -> str:
        """Return what names the line in a list, and stays with it while its day does."""
        told = "|".join((self.due.kind, self.due.about, self.due.detail, self.due.club))
        day = "unset" if self.due.on is None else self.due.on.isoformat()
        return f"{day}:{sha256(told.encode()).hexdigest()[:16]}"

    @property
    def order(self) -> tuple[bool, str]:
        """Return the place in a list: by day, what has none last."""
        return self.due.on is None, self.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which lines; a filter that is None lets all through.

    Args:
        first, last: the days, both included; what has no day is left out by neither.
        is_dated: only what has a day, or only what has none.
    """

    first: date | None = None
    last: date | None = None
    kind: str | None = None
    scheme: str | None = None
    facility: str | None = None
    club: str | None = None
    lot: str | None = None
    is_dated: bool | None = None

    def lets(self, line: DueLine) -> bool:
        """Tell whether a line is asked for."""
        due = line.due
        if due.on is not None and not self._has(due.on):
            return False
        if self.is_dated is not None and self.is_dated != (due.on is not None):
            return False
        wanted = ((self.kind, due.kind), (self.scheme, due.scheme), (self.facility, due.facility))
        if any(asked is not None and asked != told for asked, told in wanted):
            return False
        if self.club is not None and self.club not in (*line.clubs, due.club):
            return False
        return self.lot is None or self.lot in line.lots

    def _has(self, day: date) -> bool:
        begun = self.first is None or self.first <= day
        return begun and (self.last is None or day <= self.last)


@dataclass(slots=True, kw_only=True)
class _Touched:
    """Lots and clubs by site, as one reader may see them."""

    lots: dict[str, set[str]] = field(default_factory=dict)
    clubs: dict[str, set[str]] = field(default_factory=dict)


def calendar_of(reader: str, asked: Asked | None = None, *, on: date) -> list[DueLine]:
    """Return what runs out or falls due, as one organization may know it, by day.

    Args:
        on: the day the question is asked on: terms and policies are those of this day.
    """
    size, wanted = followed_size(), asked or Asked()
    laws = _laws(reader, size, on)
    alone, clubs = laws.pop(""), laws
    certificates = list(
        certificates_seen_by(reader).only("certificate", "facility", "organization")
    )
    about = {one.certificate for one in certificates}
    sites = {one.facility for one in certificates} - {""}
    companies = {one.organization for one in certificates if not one.facility}
    told: list[DueDay] = []
    for credentials in credentials_at(size, sites, companies).values():
        told += [
            one
            for one in of_club(
                due_days_of(credentials, alone, on=on, log_size=size),
                {
                    club: due_days_of(credentials, law, on=on, log_size=size)
                    for club, law in clubs.items()
                },
            )
            if one.about in about
        ]
    told += _registers(alone, clubs)
    declarations = _ending(reader)
    told += [due for due, _ in declarations.values()]
    return _lines(reader, told, {name: row for name, (_, row) in declarations.items()}, wanted)


def _laws(reader: str, size: int, on: date) -> dict[str, LawOnDate]:
    """Return the law on a day by club of the reader; under the empty name, the packs alone."""
    own = set(clubs_of(reader).values_list("pk", flat=True))
    laws = {"": law_at(size).on(on)}
    for club, adopted in policies_at(size, on=on).items():
        if club in own:
            laws[club] = law_at(size, adopted.policy).on(on)
    return laws


def _registers(alone: LawOnDate, clubs: Mapping[str, LawOnDate]) -> Iterable[DueDay]:
    for scheme, copy in newest_copies().items():
        told = (scheme, copy.retrieved_on, copy.entry)
        by_club = {club: [register_due(*told, law)] for club, law in clubs.items()}
        yield from of_club([register_due(*told, alone)], by_club)


def _ending(reader: str) -> dict[str, tuple[DueDay, Declaration]]:
    """Return the declarations that end on a day, with that day."""
    rows = declarations_seen_by(reader).filter(withdrawn=False, record__has_key="valid_until")
    return {
        row.declaration: (
            DueDay(
                kind="declaration",
                about=row.declaration,
                scheme="",
                organization=row.author,
                on=date.fromisoformat(row.record["valid_until"]),
                basis="stated",
                because="the declaration states this last day",
                entry=row.entry,
            ),
            row,
        )
        for row in rows
    }


# ── what it touches ───────────────────────────────────────────────────────────────────────


def _lines(
    reader: str, days: Collection[DueDay], declarations: Mapping[str, Declaration], asked: Asked
) -> list[DueLine]:
    touched = _touched(reader, {one.facility for one in days} - {""})
    by_scheme: dict[str, set[str]] = {}
    for one in days:
        if one.facility:
            by_scheme.setdefault(one.scheme, set()).add(one.facility)
    names = dict(Facility.objects.filter(id__in=list(touched.lots)).values_list("id", "name"))
    own = _own_sites(reader)
    authors = {one.entry: author_of(one) for one in newest_copies().values()}
    seen = _seen({lot for row in declarations.values() for lot in row.lots}, reader)
    told = []
    for one in days:
        sites = by_scheme.get(one.scheme, set()) if one.kind == "register" else {one.facility}
        lots = {lot for site in sites for lot in touched.lots.get(site, ())}
        clubs = {club for site in sites for club in touched.clubs.get(site, ())}
        if one.kind == "declaration":
            lots |= set(declarations[one.about].lots) & seen
        signer = authors.get(one.entry) or one.about.partition(":")[0]
        line = DueLine(
            due=one,
            site=names.get(one.facility, one.facility) or one.organization,
            lots=tuple(sorted(lots)),
            clubs=tuple(sorted(clubs | ({one.club} - {""}))),
            is_own=reader == signer or one.facility in own or one.organization == reader,
        )
        if asked.lets(line):
            told.append(line)
    return sorted(told, key=lambda line: line.order)


def _touched(reader: str, sites: Collection[str]) -> _Touched:
    told = _Touched(lots={site: set() for site in sites}, clubs={site: set() for site in sites})
    if not sites:
        return told
    seen = seeing.lots_seen_by(reader).order_by().values("pk")
    own = set(clubs_of(reader).values_list("pk", flat=True))
    passed = Assessment.objects.filter(
        is_current=True, facilities__overlap=list(sites), lot__in=seen
    ).order_by()
    for lot, club, facilities in passed.values_list("lot", "club", "facilities"):
        for site in told.lots.keys() & set(facilities):
            told.lots[site].add(lot)
            if club in own:
                told.clubs[site].add(club)
    return told


def _own_sites(reader: str) -> set[str]:
    run = Facility.objects.filter(operator=reader) | Facility.objects.filter(organization=reader)
    return set(run.values_list("id", flat=True))


def _seen(lots: Collection[str], reader: str) -> set[str]:
    found = seeing.lots_seen_by(reader).filter(pk__in=lots)
    return set(found.order_by().values_list("pk", flat=True))
