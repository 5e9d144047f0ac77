"""Canonical JSON of the record: what may be written, and the one way to write it.

The profile is a subset of I-JSON (RFC 7493) on which sorting by code point, as `orjson` does,
is exactly the JSON Canonicalization Scheme (RFC 8785): member names are ASCII and there are no
floats, the two places where the scheme needs UTF-16 order and ECMAScript number text.
"""

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import orjson

from traceability.errors import (
    DocumentTooLarge,
    DuplicateMember,
    NotCanonical,
    NotJson,
    OutsideProfile,
)

DOCUMENT_LIMIT = 60_000
"""Bytes a statement or an entry may have."""

INTEGER_LIMIT = 2**53 - 1
"""Largest magnitude every JSON reader keeps exactly (RFC 7493, section 2.2)."""

DEPTH_LIMIT = 16
"""Objects and arrays that may be nested, the document itself included."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_BAD_NAME = (
    "a member name must be a lower-case letter, then at most 63 lower-case letters, "
    "digits or underscores"
)
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")

_TOO_DEEP = f"it is nested more than {DEPTH_LIMIT} levels deep"

_PLAIN = frozenset({str, bool, int})
_PLAIN_OR_NULL = _PLAIN | {type(None)}


def canonical(value: Any) -> bytes:
    """Return the canonical bytes of a value of the profile; null is allowed.

    Args:
        value: exactly dict, list, str, int, bool or None, nested; no tuples, no enumerations.

    Raises:
        OutsideProfile: the value holds something the profile has no form for.

    Source: RFC 8785.
    """
    check_profile(value, allow_null=True)
    try:
        raw = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:  # a lone surrogate
        raise OutsideProfile(str(error), at="$") from error
    if b"u0000" in raw:  # as an escape, or harmless text: only the search by value tells
        _refuse_null_characters(value, at="$")
    return raw


def check_profile(value: Any, *, allow_null: bool = False, at: str = "$") -> None:
    """Verify that a value read from JSON, or about to be written, is within the profile.

    Lone surrogates and U+0000 are left to the readers and `canonical`, which see them as bytes.

    Args:
        value: dict, list, str, int or bool, nested.
        allow_null: whether a value may be null. In statements what is unknown is left out.
        at: JSON path of `value` in the document it belongs to, for the error.

    Raises:
        OutsideProfile: names a culprit and its path.
    """
    plain = _PLAIN_OR_NULL if allow_null else _PLAIN
    try:
        _check_value(value, plain, DEPTH_LIMIT)
    except _Fault as fault:
        raise OutsideProfile(str(fault), at=path_of(at, *fault.keys)) from None


def parse_json(
    raw: bytes, *, limit: int = DOCUMENT_LIMIT, allow_null: bool = False
) -> dict[str, Any]:
    """Read a JSON object of the profile, in any layout.

    Args:
        raw: UTF-8 without byte order mark.
        limit: bytes it may have at most.
        allow_null: whether a value may be null.

    Raises:
        DocumentTooLarge: `raw` is longer than `limit`.
        NotJson: `raw` is not one JSON object in UTF-8, or holds a lone surrogate.
        OutsideProfile: a value or a member name the profile refuses.
        DuplicateMember: an object names a member twice.
    """
    document = _load(raw, limit=limit, allow_null=allow_null)
    # Text that comes back byte for byte cannot have held a member twice; other layouts are
    # read once more, with a reader that sees every pair.
    if orjson.dumps(document) != raw:
        _refuse_duplicates(raw)
    return document


def parse_canonical(
    raw: bytes, *, limit: int = DOCUMENT_LIMIT, allow_null: bool = False
) -> dict[str, Any]:
    """Read a JSON object that must be written in its canonical form.

    Raises:
        NotCanonical: the same values have another, canonical text.
        DocumentTooLarge, NotJson, OutsideProfile, DuplicateMember: as `parse_json`.

    Source: RFC 8785.
    """
    document = _load(raw, limit=limit, allow_null=allow_null)
    if orjson.dumps(document, option=orjson.OPT_SORT_KEYS) != raw:
        _refuse_duplicates(raw)
        raise NotCanonical
    return document


def path_of(parent: str, *keys: object) -> str:
    """Return the JSON path below `parent`: `path_of("$", "lots", 0)` is `$.lots[0]`.

    A name that is no identifier is quoted and cut, since it may be anything.

    Source: RFC 9535, in its dotted form.
    """
    for key in keys:
        if isinstance(key, int):
            parent += f"[{key}]"
        elif isinstance(key, str) and _IDENTIFIER.fullmatch(key):
            parent += f".{key}"
        else:
            parent += f"[{json.dumps(str(key)[:64])}]"
    return parent


@lru_cache(maxsize=4096)
def is_name(name: Any) -> bool:
    """Tell whether a member may be called so."""
    return type(name) is str and _NAME.fullmatch(name) is not None


def _load(raw: bytes, *, limit: int, allow_null: bool) -> dict[str, Any]:
    if len(raw) > limit:
        raise DocumentTooLarge(size_bytes=len(raw), limit_bytes=limit)
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise NotJson(str(error)) from error
    if type(document) is not dict:
        raise NotJson("a JSON object is expected, in braces")

    check_profile(document, allow_null=allow_null)
    if b"u0000" in raw:
        _refuse_null_characters(document, at="$")
    return document


class _Fault(Exception):
    """A value outside the profile; the keys that lead to it are gathered on the way out."""

    def __init__(self, reason: str, *keys: str | int) -> None:
        super().__init__(reason)
        self.keys = list(keys)


def _check_value(value: Any, plain: frozenset[type], levels: int) -> None:
    kind = type(value)
    if kind is dict:
        _check_object(value, plain, levels)
    elif kind is list:
        _check_array(value, plain, levels)
    elif kind not in plain:
        raise _Fault(_reason(value))
    elif kind is int and not -INTEGER_LIMIT <= value <= INTEGER_LIMIT:
        raise _Fault(f"an integer must be within ±{INTEGER_LIMIT}; write a larger one as a string")


def _check_object(members: dict[str, Any], plain: frozenset[type], levels: int) -> None:
    if not levels:
        raise _Fault(_TOO_DEEP)
    for name, value in members.items():
        if not is_name(name):
            raise _Fault(_BAD_NAME, name)
        if type(value) is not str:  # most are: not worth a call
            try:
                _check_value(value, plain, levels - 1)
            except _Fault as fault:
                fault.keys.insert(0, name)
                raise


def _check_array(items: list[Any], plain: frozenset[type], levels: int) -> None:
    if not levels:
        raise _Fault(_TOO_DEEP)
    for index, value in enumerate(items):
        if type(value) is not str:
            try:
                _check_value(value, plain, levels - 1)
            except _Fault as fault:
                fault.keys.insert(0, index)
                raise


def _reason(value: Any) -> str:
    if value is None:
        return "null says nothing; leave out what is unknown"
    if isinstance(value, float):
        return f"a number must be an integer within ±{INTEGER_LIMIT}; write decimals as strings"
    return f"{type(value).__name__} has no form in JSON"


def _refuse_null_characters(value: Any, *, at: str) -> None:
    """Refuse U+0000, which PostgreSQL has no text for."""
    if isinstance(value, str):
        if "\0" in value:
            raise OutsideProfile("the character U+0000 is not text", at=at)
        return

    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        _refuse_null_characters(item, at=path_of(at, key))


class _Twice(Exception):
    """Carries a repeated name out of the standard library's reader."""


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(name for name in names if names.count(name) > 1))
    return members


def _refuse_duplicates(raw: bytes) -> None:
    try:
        json.loads(raw, object_pairs_hook=_members, parse_int=str, parse_float=str)
    except _Twice as error:
        raise DuplicateMember(name=str(error)) from None
    except RecursionError:
        # The depth of the document was checked: this one hides behind a member of its name.
        raise OutsideProfile(_TOO_DEEP, at="$") from None
