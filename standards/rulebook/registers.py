"""What copies of public lists say: of a site or party on a day, or under a number.

A list is evidence of its own day. It speaks of a later day only where it is the last copy before
that day and not older than is allowed, of an earlier one only where a row states since when it
holds.
"""

from collections.abc import Iterable, Sequence
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
    """Return the copies of a list that were retrieved by a day, the last first.

    Of copies of one day the one recorded last is the last.
    """
    own = [one for one in dossier.snapshots if one.scheme == scheme.id and one.retrieved_on <= day]
    return sorted(own, key=lambda one: one.retrieved_on)[::-1]


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


def entries_of(
    dossier: Dossier, law: LawOnDate, scheme: Scheme, subject: str, day: date, *, site: str
) -> tuple[Entry, ...] | Standing:
    """Return what the list says of a site or party on a day; no row: it was not on it.

    The last copy by the day says it, with whatever later copies say to have begun since that one
    was retrieved. Where a later copy says it differently of a day that both speak of, that is one
    more answer: all must agree.

    Args:
        site: its name for people.
    """
    later = [
        Entry(register=copy, rows=rows)
        for copy in reversed(copies(dossier, scheme, dossier.as_of))
        if copy.retrieved_on > day
        and (rows := tuple(one for one in _of(copy, subject, day) if one.listed_from is not None))
    ]
    last = last_copy(dossier, law, scheme, day, about=site)
    if isinstance(last, Standing):
        return _all_of(later[-1], date.min, (), later) if later else last
    rows = _of(last, subject, day)
    if rows or last.complete:
        return _all_of(Entry(register=last, rows=rows), last.retrieved_on, rows, later)
    if later:
        return _all_of(later[-1], date.min, (), later)
    because = f"{site}: {name_of(scheme, last)} is on file only in part, without it"
    return cannot_tell(because, last.entry, missing=f"complete {scheme.document} of {day}")


def _all_of(
    first: Entry, since: date, rows: tuple[Listing, ...], later: Sequence[Entry]
) -> tuple[Entry, ...]:
    """Return one answer by all copies together, and one for each later copy as that has it."""
    register = first.register
    for one in later:
        begun = tuple(row for row in one.rows if row.listed_from and row.listed_from > since)
        if begun:
            register, rows = one.register, _in_place(rows, begun)
    told = [Entry(register=register, rows=rows)]
    told += [Entry(register=one.register, rows=_in_place(rows, one.rows)) for one in later]
    return tuple(told)


def _in_place(rows: Iterable[Listing], newer: tuple[Listing, ...]) -> tuple[Listing, ...]:
    """Return rows with those of the same metals and number, or name, put in their place."""
    same = {_which(row) for row in newer}
    return (*(row for row in rows if _which(row) not in same), *newer)


def _which(row: Listing) -> object:
    return row.materials, row.numbers or row.name


def _of(copy: Snapshot, subject: str, day: date) -> tuple[Listing, ...]:
    return tuple(row for row in copy.rows if row.subject_id == subject and row.covers(day))


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
