"""What copies of public lists say: of a site or party on a day, or under a number.

A list is evidence of its own day. It speaks of another day only where a row states since when
it holds, or where the copy is the last before that day and not older than is allowed.
"""

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from standards.rulebook.credential import Listing, Snapshot
from standards.rulebook.dossier import Dossier
from standards.rulebook.law import LawOnDate, Provision
from standards.rulebook.schemes import Scheme
from standards.rulebook.sites import told_or_open
from standards.rulebook.standing import Standing, cannot_tell


class Entry(Struct, frozen=True, kw_only=True):
    """What one copy of a list says of somebody: a row for each metal or status; none: not on it."""

    register: Snapshot
    rows: tuple[Listing, ...]


def word(text: str | None) -> str:
    """Return a term of a list in snake case: `Cross-recognized` is `cross_recognized`."""
    return "_".join((text or "").replace("-", " ").split()).lower()


def name_of(scheme: Scheme, register: Snapshot) -> str:
    """Name a copy of a list: `the RMI facility list of 2026-10-01`."""
    return f"{scheme.document} of {register.retrieved_on}"


def copies(dossier: Dossier, scheme: Scheme, day: date) -> list[Snapshot]:
    """Return the copies of a list that were retrieved by a day, the last first."""
    own = [one for one in dossier.snapshots if one.scheme == scheme.id and one.retrieved_on <= day]
    return sorted(own, key=lambda one: one.retrieved_on, reverse=True)


def last_copy(
    dossier: Dossier, law: LawOnDate, scheme: Scheme, day: date, *, about: str
) -> Snapshot | Standing:
    """Return the last copy of a list by a day that is recent enough to speak of the day.

    Args:
        about: whom it is to speak of, for the sentence.
    """
    known = copies(dossier, scheme, day)
    if not known:
        because = f"{about}: no {scheme.document} of {day} or earlier is on file"
        return cannot_tell(because, missing=f"{scheme.document} of {day}")
    last = known[0]
    age = (day - last.retrieved_on).days
    if age == 0:
        return last
    longest = told_or_open(law, scheme.key("register_max_age"))
    if isinstance(longest, Standing):
        return longest
    if age > longest.value:
        because = f"{about}: {name_of(scheme, last)} is {age} days old on {day}"
        because = f"{because}; {longest.value} days are allowed"
        oldest = date.fromordinal(day.toordinal() - longest.value)
        missing = f"{scheme.document} of {oldest} or later, up to {day}"
        return cannot_tell(because, last.entry, missing=missing)
    return last


def entry_of(
    dossier: Dossier, law: LawOnDate, scheme: Scheme, subject: str, day: date, *, site: str
) -> Entry | Standing:
    """Return what the list says of a site or party on a day; no row: it was not on it.

    Args:
        site: its name for people.
    """
    for copy in copies(dossier, scheme, dossier.as_of):
        rows = tuple(row for row in copy.rows if row.subject_id == subject and _since(row, day))
        if rows:
            return Entry(register=copy, rows=rows)
    last = last_copy(dossier, law, scheme, day, about=site)
    if isinstance(last, Standing):
        return last
    rows = tuple(row for row in last.rows if row.subject_id == subject and row.covers(day))
    if not rows and not last.complete:
        because = f"{site}: {name_of(scheme, last)} is on file only in part, without it"
        return cannot_tell(because, last.entry, missing=f"complete {scheme.document} of {day}")
    return Entry(register=last, rows=rows)


def _since(row: Listing, day: date) -> bool:
    """Tell whether a row says itself that it held on a day."""
    return row.listed_from is not None and row.covers(day)


def may_be_unmatched(register: Snapshot, country: str | None) -> bool:
    """Tell whether a row that nobody matched may be somebody in a country."""
    return any(country is None or place in ("", country) for place in register.unmatched)


def numbered(register: Snapshot, number: str) -> Sequence[Listing]:
    """Return the rows of a copy under a number."""
    return [row for row in register.rows if number in row.numbers]


def recorded_by(dossier: Dossier, scheme: Scheme, trusted: Provision) -> list[Snapshot]:
    """Return the copies of a list that somebody on a trust list recorded, the last first.

    Args:
        trusted: dated rows of who may record it.
    """
    day = dossier.as_of
    listed = {
        row["who"] for row in trusted.value if row["from"] <= day <= row.get("until", date.max)
    }
    return [one for one in copies(dossier, scheme, day) if one.author in listed]
