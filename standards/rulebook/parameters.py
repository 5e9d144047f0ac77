"""One parameter as data: the members of a version, and what a value of each unit looks like.

Read from a TOML file of a pack (days and exact decimals are TOML's own), or from the JSON of a
club's policy or a scenario, where days and decimals are strings.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from standards.rulebook.law import (
    CLUB_MAY,
    LEGAL_STATUSES,
    NEVER_LAW,
    NOT_APPLICABLE,
    VERIFICATIONS,
    PackReference,
    Parameter,
    Provision,
)
from traceability.errors import TraceabilityError

Refuse = Callable[[str, str, str], TraceabilityError]
"""Makes the error for (problem, table, key), so that packs and policies report their own."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DECIMAL = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)?")
_COUNTRY = re.compile(r"[A-Z]{2}")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_URL = re.compile(r"https?://[^\s]+")

_REQUIRED = ("in_force_from", "published_on", "source", "url", "status", "verification")
_REQUIRED_DAYS = ("in_force_from", "published_on", "checked_on")
_MEMBERS = frozenset({*_REQUIRED, "checked_on", "value", "in_force_until", "note"})


def read_day(told: Any) -> date | None:
    """Return the calendar day that a TOML date or a `YYYY-MM-DD` text is, else None."""
    if type(told) is date:  # a TOML date-time is a `date` too, but no day
        return told
    if isinstance(told, str) and _DAY.fullmatch(told):
        try:
            return date.fromisoformat(told)
        except ValueError:
            return None
    return None


def _share(told: Any) -> Decimal | None:
    if isinstance(told, str) and _DECIMAL.fullmatch(told):
        told = Decimal(told)
    if type(told) is int:
        told = Decimal(told)
    if isinstance(told, Decimal) and told.is_finite() and 0 <= told <= 1:
        return told
    return None


def _number(told: Any) -> Decimal | None:
    if isinstance(told, str) and _DECIMAL.fullmatch(told):
        told = Decimal(told)
    if type(told) is int:
        told = Decimal(told)
    if isinstance(told, Decimal) and told.is_finite() and told >= 0:
        return told
    return None


def _numbers(told: Any) -> dict[str, Decimal] | None:
    if not isinstance(told, dict) or not told:
        return None
    numbers = {name: _number(item) for name, item in told.items()}
    return None if None in numbers.values() else {n: v for n, v in numbers.items() if v is not None}


def _hours(told: Any) -> dict[str, str] | None:
    """Return a stretch of the day, which may pass midnight; both ends are in it."""
    if not isinstance(told, dict) or told.keys() != {"from", "until"}:
        return None
    times = all(isinstance(one, str) and _CLOCK.fullmatch(one) for one in told.values())
    return dict(told) if times and told["from"] != told["until"] else None


def _yearly_tonnes(told: Any) -> tuple[dict[str, Any], ...] | None:
    if not isinstance(told, list) or not told:
        return None
    rows = tuple(_tonnes_of_year(row) for row in told)
    given = {(row["country"], row["year"]) for row in rows if row}
    return tuple(row for row in rows if row) if len(given) == len(rows) else None


def _tonnes_of_year(told: Any) -> dict[str, Any] | None:
    """Return what a country produced in a year; `note` says `estimated`, `rounded` or the like."""
    if not isinstance(told, dict) or told.keys() - {"note"} != {"country", "year", "tonnes"}:
        return None
    country, year, tonnes = told["country"], told["year"], _number(told["tonnes"])
    if not isinstance(country, str) or not _COUNTRY.fullmatch(country) or tonnes is None:
        return None
    if type(year) is not int or not 1900 <= year <= 2999:
        return None
    if "note" in told and not _text(told["note"]):
        return None
    return {**told, "tonnes": tonnes}


def _count(told: Any) -> int | None:
    return told if type(told) is int and told >= 0 else None


def _term(most: int) -> Callable[[Any], int | None]:
    """Return the reader of a whole number that is no more than a hundred years of something."""

    def term(told: Any) -> int | None:
        number = _count(told)
        return None if number is None or number > most else number

    return term


def _text(told: Any) -> str | None:
    return told if isinstance(told, str) and told.strip() else None


def _list(told: Any) -> tuple[str, ...] | None:
    if not isinstance(told, list) or not told:
        return None
    items = tuple(_text(item) for item in told)
    if None in items or len(set(items)) != len(items):
        return None
    return tuple(told)


def _names(told: Any) -> tuple[str, ...] | None:
    """Return distinct texts; also none, where that is what the source says."""
    return () if told == [] else _list(told)


def _table(told: Any) -> dict[str, str] | None:
    if not isinstance(told, dict) or not told:
        return None
    return None if None in [_text(item) for item in told.values()] else dict(told)


def _country_group(told: Any) -> tuple[dict[str, Any], ...] | None:
    if not isinstance(told, list) or not told:
        return None
    members = tuple(_member(item) for item in told)
    return None if None in members else tuple(member for member in members if member)


def _member(told: Any) -> dict[str, Any] | None:
    """Return one country's membership, from and until included, with its own citation."""
    if not isinstance(told, dict) or not {"code", "from", "source"} <= told.keys():
        return None
    if told.keys() - {"code", "from", "until", "source"} or not _text(told["source"]):
        return None
    if not isinstance(told["code"], str) or not _COUNTRY.fullmatch(told["code"]):
        return None
    days = {name: read_day(told[name]) for name in ("from", "until") if name in told}
    if None in days.values():
        return None
    return {"code": told["code"], "source": told["source"]} | days


def _by_name(read: Callable[[Any], Any]) -> Callable[[Any], dict[str, Any] | None]:
    """Return the reader of a table whose values are of one form."""

    def table(told: Any) -> dict[str, Any] | None:
        if not isinstance(told, dict) or not told:
            return None
        values = {name: read(item) for name, item in told.items()}
        return None if None in values.values() else values

    return table


_SPAN = frozenset({"from", "until", "source"})


def _rows(
    words: Mapping[str, tuple[str, ...]],
) -> Callable[[Any], tuple[dict[str, Any], ...] | None]:
    """Return the reader of a list of dated rows, each with its own citation.

    Args:
        words: members and the words each may be; no words: any text.
    """

    def row(told: Any) -> dict[str, Any] | None:
        if not isinstance(told, dict) or told.keys() - words.keys() - _SPAN:
            return None
        if not {*words, "from", "source"} <= told.keys():
            return None
        texts = {name: _text(told[name]) for name in (*words, "source")}
        if None in texts.values():
            return None
        if any(allowed and texts[name] not in allowed for name, allowed in words.items()):
            return None
        days = {name: read_day(told[name]) for name in ("from", "until") if name in told}
        return None if None in days.values() else {**texts, **days}

    def rows(told: Any) -> tuple[dict[str, Any], ...] | None:
        if not isinstance(told, list) or not told:
            return None
        read = tuple(row(item) for item in told)
        return None if None in read else tuple(item for item in read if item)

    return rows


STANDARD_STATUSES = ("draft", "final", "superseded")
SPEAKS_AS = ("issuer", "registrar")

UNITS: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    "date": (read_day, "a calendar day"),
    "share": (_share, "an exact decimal from 0 to 1"),
    "mg": (_count, "a whole number of milligrams"),
    "days": (_term(36_525), "a whole number of days, no more than a hundred years"),
    "count": (_count, "a whole number"),
    "number": (_number, "an exact decimal, not negative"),
    "numbers": (_numbers, "a table of exact decimals, none negative"),
    "hours": (_hours, "{from, until}, two different times of day (HH:MM)"),
    "yearly_tonnes": (_yearly_tonnes, "a list of {country, year, tonnes, note?}, each year once"),
    "months": (_term(1_200), "a whole number of months, no more than a hundred years"),
    "text": (_text, "a text that is not empty"),
    "list": (_list, "a list of distinct texts"),
    "names": (_names, "a list of distinct texts, which may be empty"),
    "shares": (_by_name(_share), "a table of exact decimals from 0 to 1"),
    "counts": (_by_name(_count), "a table of whole numbers"),
    "standards": (
        _rows({"standard": (), "version": (), "status": STANDARD_STATUSES}),
        "a list of {standard, version, status, from, until?, source}",
    ),
    "equivalences": (
        _rows(
            {"accept": (), "as": (), "version": (), "stage": (), "approver": (), "dissent": ()},
        ),
        "a list of {accept, as, version, stage, approver, dissent, from, until?, source}",
    ),
    "recognitions": (
        _rows({"by": (), "of": (), "for": ()}),
        "a list of {by, of, for, from, until?, source}",
    ),
    "trust_list": (
        _rows({"who": (), "as": SPEAKS_AS}),
        "a list of {who, as, from, until?, source}",
    ),
    "table": (_table, "a table of texts"),
    "country_group": (_country_group, "a list of {code, from, until?, source}"),
}
"""What a value can be: the reader (None for anything else) and the words for it."""


ADDED_TO = ("list", "names", "table", "country_group")
"""Units of which a value can be added to."""


def parse_parameter(
    key: str, told: Any, *, pack: PackReference, refuse: Refuse, own_decision: bool = False
) -> Parameter:
    """Return the parameter that a file or a member of a policy describes.

    Args:
        told: `title`, `unit` and `versions`, as parsed from TOML or JSON.
        own_decision: a club speaks for itself, so a version needs no address.

    Raises:
        The error that `refuse` makes, for the first thing that is wrong.
    """
    if not isinstance(told, Mapping):
        raise refuse("a parameter is a table with title, unit and versions", "", key)
    usual = {"title", "unit", "versions"} | ({"club"} & told.keys() if not own_decision else set())
    for name in sorted(usual ^ told.keys()):
        problem = "unknown key" if name in told else "missing"
        raise refuse(problem, "", name)
    if not _text(told["title"]):
        raise refuse("a title is a text that is not empty", "", "title")
    if told["unit"] not in UNITS:
        raise refuse(f"unit is one of {', '.join(UNITS)}", "", "unit")
    _check_club(told, refuse)
    if not isinstance(told["versions"], list) or not told["versions"]:
        raise refuse("there must be at least one version", "", "versions")

    versions = tuple(
        _parse_version(key, told["unit"], version, f"versions[{number}]", pack, refuse)
        for number, version in enumerate(told["versions"])
    )
    for number, version in enumerate(versions):
        _check_citation(version, f"versions[{number}]", refuse, own_decision=own_decision)
    _check_order(versions, refuse)
    return Parameter(
        key=key,
        title=told["title"],
        unit=told["unit"],
        versions=versions,
        club=told.get("club", ""),
    )


def _check_club(told: Mapping[str, Any], refuse: Refuse) -> None:
    if told.get("club", "") not in CLUB_MAY:
        raise refuse("club is sets, adds, or left out", "", "club")
    if told.get("club") == "adds" and told["unit"] not in ADDED_TO:
        raise refuse(f"only these are added to: {', '.join(ADDED_TO)}", "", "club")


def _parse_version(
    key: str, unit: str, told: Any, table: str, pack: PackReference, refuse: Refuse
) -> Provision:
    if not isinstance(told, Mapping):
        raise refuse("a version is a table", table, "")
    for name in (*_REQUIRED, "checked_on"):
        if name not in told:
            raise refuse("missing", table, name)
    for name in sorted(told.keys() - _MEMBERS):
        raise refuse("unknown key", table, name)
    for name, words in (("status", LEGAL_STATUSES), ("verification", VERIFICATIONS)):
        if told[name] not in words:
            raise refuse(f"{name} is one of {', '.join(words)}", table, name)
    days = _parse_days(told, table, refuse)
    return Provision(
        key=key,
        unit=unit,
        value=_parse_value(unit, told, table, refuse),
        in_force_from=days["in_force_from"],
        in_force_until=days.get("in_force_until"),
        published_on=days["published_on"],
        source=_parse_text(told, "source", table, refuse),
        url=told["url"],
        status=told["status"],
        verification=told["verification"],
        checked_on=days["checked_on"],
        note=_parse_text(told, "note", table, refuse) if "note" in told else "",
        pack=pack,
    )


def _parse_days(told: Mapping[str, Any], table: str, refuse: Refuse) -> dict[str, date]:
    days: dict[str, date] = {}
    for name in (*_REQUIRED_DAYS, "in_force_until"):
        if name not in told:
            continue
        day = read_day(told[name])
        if day is None:
            raise refuse("not a calendar day (YYYY-MM-DD)", table, name)
        days[name] = day
    until = days.get("in_force_until")
    if until is not None and until < days["in_force_from"]:
        raise refuse("ends before it starts", table, "in_force_until")
    if told["status"] == "expired" and until is None:
        raise refuse("an expired version names its last day", table, "in_force_until")
    return days


def _parse_value(unit: str, told: Mapping[str, Any], table: str, refuse: Refuse) -> Any:
    if told["status"] in NOT_APPLICABLE or told["verification"] == "unset":
        if "value" in told:
            raise refuse("no value here: the version says there is none", table, "value")
        return None
    if "value" not in told:
        raise refuse("missing (or say verification = 'unset')", table, "value")
    read, words = UNITS[unit]
    value = read(told["value"])
    if value is None:
        raise refuse(f"a {unit} is {words}", table, "value")
    return value


def _parse_text(told: Mapping[str, Any], name: str, table: str, refuse: Refuse) -> str:
    text = _text(told[name])
    if text is None:
        raise refuse("a text that is not empty is needed", table, name)
    return text


def _check_citation(version: Provision, table: str, refuse: Refuse, *, own_decision: bool) -> None:
    """Refuse a version without an address; only an own or hypothetical value has none."""
    if version.url == "" and (own_decision or version.status == "hypothetical"):
        return
    if not isinstance(version.url, str) or not _URL.fullmatch(version.url):
        raise refuse("the address of the source is missing", table, "url")


def _check_order(versions: tuple[Provision, ...], refuse: Refuse) -> None:
    """Refuse versions that cover the same day, or stand in another order than they apply."""
    law = [(n, one) for n, one in enumerate(versions) if one.status not in NEVER_LAW]
    for (_, earlier), (number, later) in pairwise(law):
        ended = earlier.in_force_until
        starts_late = later.in_force_from > (ended or earlier.in_force_from)
        if not starts_late:
            problem = f"overlaps the version in force from {earlier.in_force_from}"
            raise refuse(problem, f"versions[{number}]", "in_force_from")
