"""Copies of registers as files: rows from CSV or JSON, or everything that is wrong with them.

A row is what a `standards.snapshot` statement takes; docs/registers.md describes both formats.
All problems of a file are told at once, each with its line and column, and nothing of a file
with a problem is taken.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from standards.rulebook.certificate_shapes import SnapshotRow
from standards.rulebook.errors import BadRegister
from standards.rulebook.parameters import read_day
from traceability.errors import TraceabilityError
from traceability.ledger.canonical import DOCUMENT_LIMIT, canonical
from traceability.ledger.codes import check_country, check_identifiers

MOST_BYTES = 2_000_000
MOST_STATED = 500
"""Rows that one statement holds."""
ROOM_FOR_THE_REST = 4_000
"""Bytes of a statement that are not its rows."""
MOST_TOLD = 100
"""How many problems of a file are told before it says how many more there are."""
NOBODY_HERE = "-"
"""As `facility`: the row is of nobody on this ledger, and is left out."""

COLUMNS = (
    "name",
    "facility",
    "organization",
    "country",
    "materials",
    "level",
    "status",
    "from",
    "to",
    "identifiers",
)
HEADER = ("register", "title", "url", "retrieved_at", "published_on", "complete")
"""What a JSON file may say beside its rows."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong, and where: a line and column of a CSV file, a path in a JSON file.

    Args:
        line: of a CSV file, counted from 1 with the header; 0: the file as a whole, or JSON.
        at: the JSON path; empty for CSV.
    """

    line: int = 0
    at: str = ""
    column: str = ""
    problem: str

    @property
    def place(self) -> str:
        """Return the place as people read it."""
        place = self.at or (f"line {self.line}" if self.line else "the file")
        return f"{place}, {self.column}" if self.column else place

    def as_json(self) -> dict[str, Any]:
        """Return the problem as JSON."""
        told = {"line": self.line, "at": self.at, "column": self.column, "problem": self.problem}
        return {name: value for name, value in told.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A row and where it stands in its file."""

    row: Row
    line: int = 0
    at: str = ""

    def wrong(self, column: str, problem: str) -> Problem:
        """Return a problem of this row."""
        return Problem(line=self.line, at=self.at, column=column, problem=problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterFile:
    """A file that can be read: rows that are, or may be, somebody's here.

    Args:
        left_out: how many rows are of nobody on this ledger.
        media_type: of the file.
        header: what a JSON file says beside its rows.
    """

    rows: tuple[Placed, ...]
    left_out: int
    media_type: str = "text/csv"
    header: Mapping[str, Any] = field(default_factory=dict)

    def stated(self) -> list[Row]:
        """Return the rows as a statement takes them."""
        return [one.row for one in self.rows]


def read_register(raw: bytes) -> RegisterFile:
    """Return the rows of a copy of a register.

    Raises:
        BadRegister: with everything that is wrong, and where.
    """
    if len(raw) > MOST_BYTES:
        raise _bad(f"it has more than {MOST_BYTES} bytes")
    text = _decoded(raw)
    if not text.strip():
        raise _bad("it is empty")
    if text.lstrip()[0] not in "[{":
        return _checked(_from_csv(text), media_type="text/csv", header={})
    header, rows = _from_json(text)
    return _checked(rows, media_type="application/json", header=header)


def check_known(
    told: RegisterFile,
    *,
    facilities: frozenset[str],
    organizations: frozenset[str],
    words: frozenset[str] | None,
) -> None:
    """Refuse rows about whom nobody registered, and words of state that the register has not.

    Args:
        facilities, organizations: those of the rows that are on this ledger.
        words: of the register for states; None while nobody coded them, and then any is taken.

    Raises:
        BadRegister: with every such row.
    """
    problems = [
        problem
        for placed in told.rows
        for problem in _unknown(placed, facilities, organizations, words)
    ]
    if problems:
        raise _refused(problems)


def _unknown(
    placed: Placed,
    facilities: frozenset[str],
    organizations: frozenset[str],
    words: frozenset[str] | None,
) -> Iterable[Problem]:
    row = placed.row
    if row.get("facility") is not None and row["facility"] not in facilities:
        yield placed.wrong("facility", f"there is no facility {row['facility']} on this ledger")
    if row.get("organization") is not None and row["organization"] not in organizations:
        problem = f"there is no organization {row['organization']} on this ledger"
        yield placed.wrong("organization", problem)
    status = row.get("status")
    if words is not None and status is not None and status.casefold() not in words:
        known = ", ".join(sorted(words))
        yield placed.wrong("status", f"the register has no word {status!r}; it has {known}")


# ── reading ───────────────────────────────────────────────────────────────────────────────


def _decoded(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problem = f"it is not UTF-8 text (byte {error.start}); save it as UTF-8"
        raise _refused([Problem(line=line, problem=problem)]) from None
    if "\0" in text:
        raise _bad("it is not UTF-8 text (it holds a zero byte)")
    return text


def _from_json(text: str) -> tuple[Mapping[str, Any], list[Placed]]:
    try:
        told = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        problem = f"it is no JSON: {error.msg.lower()} (column {error.colno})"
        raise _refused([Problem(line=error.lineno, problem=problem)]) from None
    except (ValueError, RecursionError) as error:
        raise _bad(f"it is no JSON: {error}") from None
    if isinstance(told, list):
        return {}, [_row_at(f"$[{place}]", row) for place, row in enumerate(told)]
    rows = told.pop("rows", None)
    if not isinstance(rows, list):
        raise _refused([Problem(at="$.rows", problem="a list of rows is needed")])
    unknown = [
        Problem(at=f"$.{name}", problem="unknown member") for name in told if name not in HEADER
    ]
    unknown += [
        Problem(at=f"$.{name}", problem=f"{what} is needed")
        for name in HEADER
        for kind, what in [(bool, "true or false") if name == "complete" else (str, "a text")]
        if name in told and not isinstance(told[name], kind)
    ]
    if unknown:
        raise _refused(unknown)
    return told, [_row_at(f"$.rows[{place}]", row) for place, row in enumerate(rows)]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) != len(pairs):
        raise ValueError("a member is there twice in one object")
    return told


def _row_at(at: str, row: Any) -> Placed:
    if not isinstance(row, dict):
        raise _refused([Problem(at=at, problem="a row is an object")])
    return Placed(row={name: told for name, told in row.items() if told is not None}, at=at)


def _from_csv(text: str) -> list[Placed]:
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines: list[tuple[int, list[str]]] = []
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append((begins, cells))
            begins = reader.line_num + 1
    except csv.Error as error:
        problem = f"it is no CSV: {error}"
        raise _refused([Problem(line=begins, problem=problem)]) from None
    if not lines:
        return []
    (number, head), *rest = lines
    names = [cell.strip().lower() for cell in head]
    problems = list(_wrong_columns(number, names)) + [
        Problem(line=line, problem=f"{len(cells)} cells, where the header has {len(names)}")
        for line, cells in rest
        if len(cells) != len(names)
    ]
    if problems:
        raise _refused(problems)
    return [
        Placed(row=_from_cells(dict(zip(names, cells, strict=True))), line=line)
        for line, cells in rest
    ]


def _wrong_columns(line: int, names: Sequence[str]) -> Iterable[Problem]:
    for name in dict.fromkeys(names):
        if name not in COLUMNS:
            problem = f"unknown column; there are {', '.join(COLUMNS)}"
            yield Problem(line=line, column=name or "(no name)", problem=problem)
        elif names.count(name) > 1:
            yield Problem(line=line, column=name, problem="the column is there twice")
    if "name" not in names:
        yield Problem(line=line, column="name", problem="the column is missing")


def _from_cells(cells: Mapping[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {name: cell.strip() for name, cell in cells.items() if cell.strip()}
    for name, read in _LISTS.items():
        if name in told:
            told[name] = [read(one) for one in re.split(r"[\s,]+", told[name]) if one]
    return told


def _identifier(text: str) -> dict[str, str]:
    scheme, _, value = text.partition("=")
    return {"scheme": scheme, "value": value}


_LISTS: Mapping[str, Callable[[str], Any]] = {"materials": str, "identifiers": _identifier}


# ── checking ──────────────────────────────────────────────────────────────────────────────


def _checked(told: Sequence[Placed], *, media_type: str, header: Mapping[str, Any]) -> RegisterFile:
    if not told:
        raise _bad("it has no row")
    here = [one for one in told if one.row.get("facility") != NOBODY_HERE]
    problems = [problem for one in here for problem in _problems(one)]
    problems += _twice(here)
    if problems:
        raise _refused(problems)
    read = RegisterFile(
        rows=tuple(here), left_out=len(told) - len(here), media_type=media_type, header=header
    )
    how = f"write {NOBODY_HERE} as `facility` of those of nobody on this ledger"
    if len(here) > MOST_STATED:
        raise _bad(f"{len(here)} rows may be somebody's here, a statement has {MOST_STATED}; {how}")
    size, room = len(canonical({"rows": read.stated()})), DOCUMENT_LIMIT - ROOM_FOR_THE_REST
    if size > room:
        raise _bad(f"its rows take {size} bytes, a statement has room for {room}; {how}")
    return read


def _problems(placed: Placed) -> Iterable[Problem]:
    try:
        row = msgspec.convert(placed.row, SnapshotRow)
    except msgspec.ValidationError as error:
        column, problem = _placed(str(error), placed.row)
        yield placed.wrong(column, problem)
        return
    try:
        check_country(row.country, None, "")
    except TraceabilityError as error:
        yield placed.wrong("country", error.message.rstrip("."))
    try:
        check_identifiers(row.identifiers, "")
    except TraceabilityError as error:
        yield placed.wrong("identifiers", error.message.rstrip("."))
    yield from _wrong_days(placed)


def _wrong_days(placed: Placed) -> Iterable[Problem]:
    days = {name: read_day(placed.row[name]) for name in ("from", "to") if name in placed.row}
    for name, day in days.items():
        if day is None:
            yield placed.wrong(name, f"there is no day {placed.row[name]}")
    first, last = days.get("from"), days.get("to")
    if first is not None and last is not None and last < first:
        yield placed.wrong("to", "it ends before it begins")


_PLACE = re.compile(r" - at `\$\.?([a-z_]*)[^`]*`")
_EXPECTED: Mapping[str, str] = {
    "from": "a day is written YYYY-MM-DD",
    "to": "a day is written YYYY-MM-DD",
    "country": "a country is written with two capital letters (ISO 3166-1)",
    "materials": "a material is an element's symbol, or graphite",
    "facility": "a facility is written <organization>:<local id>",
}


def _placed(text: str, row: Row) -> tuple[str, str]:
    """Return which column an error of the shape is about, and what it says without the place."""
    missing = re.match(r"Object missing required field `([a-z_]+)`$", text)
    if missing:
        return missing[1], "it is missing"
    unknown = re.match(r"Object contains unknown field `(.+)`$", text)
    if unknown:
        return unknown[1], f"unknown column; there are {', '.join(COLUMNS)}"
    found = _PLACE.search(text)
    column = found[1] if found else ""
    if column in _EXPECTED:
        return column, f"{_EXPECTED[column]}, not {_shown(row.get(column))}"
    return column, _PLACE.sub("", text)


def _shown(told: Any) -> str:
    return " ".join(str(one) for one in told) if isinstance(told, list) else str(told)[:80]


def _twice(told: Sequence[Placed]) -> Iterable[Problem]:
    """Yield rows that say of one party and material, from one day on, what another said before."""
    first: dict[tuple[str, ...], Placed] = {}
    for placed in told:
        row = placed.row
        materials = row.get("materials")
        key = (
            *(str(row.get(name)) for name in ("facility", "organization")),
            "" if row.get("facility") or row.get("organization") else str(row.get("name")),
            str(row.get("country")),
            " ".join(sorted(map(str, materials))) if isinstance(materials, list) else "",
            str(row.get("from")),
        )
        before = first.setdefault(key, placed)
        if before is not placed:
            place = before.at or f"line {before.line}"
            yield placed.wrong("", f"{place} says it already: one party, material and first day")


def _bad(problem: str) -> BadRegister:
    return _refused([Problem(problem=problem)])


def _refused(problems: Sequence[Problem]) -> BadRegister:
    first = problems[0]
    return BadRegister(
        first.problem,
        place=first.place,
        at=first.at,
        problems=[one.as_json() | {"place": one.place} for one in problems[:MOST_TOLD]],
        count=len(problems),
    )
