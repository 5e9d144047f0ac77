"""Dossiers as JSON: for test vectors of packs, for filing, and for re-performing a finding.

`parse_dossier(dossier_as_json(d)) == d`. Members that may be None or have a default may be left
out: what is not written is unknown.
"""

from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from datetime import date
from fractions import Fraction
from types import UnionType
from typing import Any, TypeVar, get_args

from standards.rulebook.dossier import (
    Credential,
    CredentialStatus,
    Dossier,
    MassRange,
    Snapshot,
    Source,
    Step,
)
from traceability.ledger.plausibility.view import Observation

Row = TypeVar(
    "Row",
    Dossier,
    Source,
    Step,
    Credential,
    CredentialStatus,
    Snapshot,
    MassRange,
    Observation,
)

_ROWS: Mapping[str, type[Any]] = {
    "sources": Source,
    "steps": Step,
    "credentials": Credential,
    "snapshots": Snapshot,
    "statuses": CredentialStatus,
}
"""Members that are lists of rows, and what the rows are."""


def dossier_as_json(dossier: Dossier) -> dict[str, Any]:
    """Return the dossier as JSON: days `YYYY-MM-DD`, masses `{low_mg, high_mg}`, ratios `n/d`."""
    told: dict[str, Any] = _written(dossier)
    return told


def _written(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, Mapping):
        return {name: _written(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return [_written(item) for item in value]
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Observation):
        value = replace(value, because=value.sentence)
    return {one.name: _written(getattr(value, one.name)) for one in fields(value)}


def parse_dossier(told: Mapping[str, Any]) -> Dossier:
    """Return the dossier that JSON, or a TOML table, describes.

    Raises:
        ValueError: a member is missing, unknown or of the wrong kind; the message names it.
    """
    return _read(Dossier, told, "dossier")


def _read(kind: type[Row], told: Any, at: str) -> Row:
    if not isinstance(told, Mapping):
        raise ValueError(f"{at}: a table is needed")
    members = {one.name: one for one in fields(kind)}
    for name in sorted(told.keys() - members.keys()):
        raise ValueError(f"{at}.{name}: unknown member")
    values: dict[str, Any] = {}
    for name, member in members.items():
        if told.get(name) is not None:
            values[name] = _value(member.type, name, told[name], f"{at}.{name}")
        elif _may_be_none(member.type):
            values[name] = None
        elif member.default is MISSING and member.default_factory is MISSING:
            raise ValueError(f"{at}.{name}: missing")
    return kind(**values)


def _may_be_none(kind: Any) -> bool:
    return isinstance(kind, UnionType) and type(None) in get_args(kind)


def _value(kind: Any, name: str, told: Any, at: str) -> Any:
    if name in _ROWS:
        return tuple(
            _read(_ROWS[name], row, f"{at}[{number}]")
            for number, row in enumerate(_need(list, told, at))
        )
    if name == "dates":
        days = _need(dict, told, at)
        return {which: _day(day, f"{at}.{which}") for which, day in days.items()}
    if name == "observations":
        return _observations(told, at)
    parts = get_args(kind) if isinstance(kind, UnionType) else (kind,)
    return _plain_value(parts, name, told, at)


def _observations(told: Any, at: str) -> dict[str, tuple[Observation, ...]]:
    return {
        check: tuple(
            _read(Observation, row, f"{at}.{check}[{number}]")
            for number, row in enumerate(_need(list, rows, f"{at}.{check}"))
        )
        for check, rows in _need(dict, told, at).items()
    }


def _plain_value(parts: tuple[Any, ...], name: str, told: Any, at: str) -> Any:
    if Fraction in parts:
        return _ratio(told, at)
    if MassRange in parts:
        return _read(MassRange, told, at)
    if date in parts:
        return _day(told, at)
    for plain in (bool, int):
        if plain in parts:
            return _need(plain, told, at)
    if str in parts or name == "kind":
        return _need(str, told, at)
    return tuple(_need(str, one, at) for one in _need(list, told, at))


def _ratio(told: Any, at: str) -> Fraction:
    try:
        return Fraction(_need(str, told, at))
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError(f"{at}: a ratio such as 3/7 needed, not {told!r}") from error


def _need(kind: type[Any], told: Any, at: str) -> Any:
    if type(told) is not kind:
        raise ValueError(f"{at}: {kind.__name__} needed, not {type(told).__name__}")
    return told


def _day(told: Any, at: str) -> date:
    if type(told) is date:
        return told
    return date.fromisoformat(_need(str, told, at))
