"""Dossiers as JSON: for test vectors of packs, for filing, and for re-performing a finding.

`parse_dossier(dossier_as_json(d)) == d`. Members that may be None or have a default may be left
out: what is not written is unknown.
"""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from fractions import Fraction
from types import UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin

from msgspec import Struct, structs

from standards.rulebook.dossier import Dossier
from traceability.ledger.plausibility.view import Observation

Row = TypeVar("Row")


def dossier_as_json(dossier: Dossier) -> dict[str, Any]:
    """Return the dossier as JSON: days `YYYY-MM-DD`, masses `{low_mg, high_mg}`, ratios `n/d`."""
    return row_as_json(dossier)


def row_as_json(row: Any) -> dict[str, Any]:
    """Return a dossier, or any row of one, as JSON; instants have their offset."""
    told: dict[str, Any] = _written(row)
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
        value = structs.replace(value, because=value.sentence)
    return {name: _written(getattr(value, name)) for name in _members(type(value))}


def parse_dossier(told: Mapping[str, Any]) -> Dossier:
    """Return the dossier that JSON, or a TOML table, describes.

    Raises:
        ValueError: a member is missing, unknown or of the wrong kind; the message names it.
    """
    return parse_row(Dossier, told, "dossier")


def parse_row(kind: type[Row], told: Any, at: str) -> Row:
    """Return the row of a kind that `row_as_json` wrote.

    Args:
        at: what the row is called in errors.

    Raises:
        ValueError: a member is missing, unknown or of the wrong kind; the message names it.
    """
    return _read(kind, told, at)


def _read(kind: type[Row], told: Any, at: str) -> Row:
    if not isinstance(told, Mapping):
        raise ValueError(f"{at}: a table is needed")
    members = _members(kind)
    for name in sorted(told.keys() - members.keys()):
        raise ValueError(f"{at}.{name}: unknown member")
    values: dict[str, Any] = {}
    for name, (member, is_required) in members.items():
        if told.get(name) is not None:
            values[name] = _value(member, told[name], f"{at}.{name}")
        elif _may_be_none(member):
            values[name] = None
        elif is_required:
            raise ValueError(f"{at}.{name}: missing")
    return kind(**values)


def _members(kind: Any) -> dict[str, tuple[Any, bool]]:
    """Return the members of a row: of what kind each is, and whether it must be there."""
    if is_dataclass(kind):
        return {
            one.name: (one.type, one.default is MISSING and one.default_factory is MISSING)
            for one in fields(kind)
        }
    return {one.name: (one.type, one.required) for one in structs.fields(kind)}


def _may_be_none(kind: Any) -> bool:
    return isinstance(kind, UnionType) and type(None) in get_args(kind)


def _value(kind: Any, told: Any, at: str) -> Any:
    if isinstance(kind, UnionType):  # a sentence may also be what makes it: as JSON it is made
        kinds = [one for one in get_args(kind) if one is not type(None)]
        kind = str if str in kinds else kinds[0]
    if isinstance(kind, type) and (is_dataclass(kind) or issubclass(kind, Struct)):
        return _read(kind, told, at)
    if get_origin(kind) is tuple:
        items = enumerate(_need(list, told, at))
        return tuple(_value(get_args(kind)[0], one, f"{at}[{number}]") for number, one in items)
    if get_origin(kind) is Mapping:
        member = get_args(kind)[1]
        items = _need(dict, told, at).items()
        return {name: _value(member, one, f"{at}.{name}") for name, one in items}
    if kind is Fraction:
        return _ratio(told, at)
    if kind is datetime:
        return _instant(told, at)
    if kind is date:
        return _day(told, at)
    return _need(str if get_origin(kind) is Literal else kind, told, at)


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


def _instant(told: Any, at: str) -> datetime:
    instant = told if type(told) is datetime else datetime.fromisoformat(_need(str, told, at))
    if instant.tzinfo is None:
        raise ValueError(f"{at}: an instant has an offset")
    return instant
