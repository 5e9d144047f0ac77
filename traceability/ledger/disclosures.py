"""Hidden values: a signed document can hold the digest of a value instead of the value.

Anywhere inside `body` or `evidence` a value may be `{"sd": digest}`; its disclosure
`{"salt": …, "value": …}` travels beside the document. The digest is
SHA-256(salt ‖ canonical value). The salt has exactly 16 bytes: with a choice of lengths the
border between salt and value could be moved, and one digest opened to two values (12345
under one salt, 345 under a longer one).
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from traceability.errors import (
    DisclosureMalformed,
    DisclosureUnused,
    NothingToHide,
    UndisclosedValue,
)
from traceability.ledger.canonical import canonical, check_profile, path_of
from traceability.ledger.keys import from_base64url, to_base64url

SALT_BYTES = 16
DIGEST_BYTES = 32
HIDING_MEMBERS = ("body", "evidence")

_MARK = "sd"
_PATH = re.compile(r"(?:\$\.)?((?:body|evidence)(?:\.[a-z][a-z0-9_]{0,63}|\[[0-9]{1,6}\])+)")
_STEP = re.compile(r"[a-z][a-z0-9_]*|[0-9]+")

Disclosures = Sequence[Mapping[str, Any]]


def commit(value: Any, salt: bytes) -> str:
    """Return the digest that stands for a hidden value: 43 characters of base64url.

    Raises:
        DisclosureMalformed: the salt is not 16 bytes, or the value holds a hidden value.
        OutsideProfile: the value is outside the JSON profile.
    """
    return _commit(value, salt, at="$")


def hide(
    document: Mapping[str, Any], paths: Sequence[str], new_salt: Callable[[], bytes]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Replace values of a document by their digests.

    Args:
        document: a document of the profile; it is not changed.
        paths: what to hide, as `$.body.lots[0].quantity`; the `$.` may be left out.
        new_salt: gives 16 fresh random bytes at each call.

    Returns:
        The document to sign, and one disclosure per path in the same order.

    Raises:
        NothingToHide: a path names no value inside `body` or `evidence`.
        DisclosureMalformed: a value is, or holds, a hidden value already.
    """
    hidden = _copy(document)
    disclosures = []
    for path in paths:
        container, key = _find(hidden, path)
        salt, value = new_salt(), container[key]
        container[key] = {_MARK: _commit(value, salt, at=path)}
        disclosures.append({"salt": to_base64url(salt), "value": value})
    return hidden, disclosures


def reveal(document: dict[str, Any], disclosures: Disclosures) -> dict[str, Any]:
    """Return the document with every hidden value in its place, as the ledger works with it.

    The document is not changed; one without hidden values is returned as it is.

    Raises:
        UndisclosedValue: a hidden value has no disclosure; names its path.
        DisclosureUnused: a disclosure fits no hidden value; names its place in `disclosures`.
        DisclosureMalformed: a hidden value or disclosure is not in its one form, or two hidden
            values share one digest.
        OutsideProfile: a disclosed value, or the document with it, is outside the JSON profile.
    """
    hidden = hidden_values(document)
    values = _open(disclosures, hidden)
    for digest, at in hidden.items():
        if digest not in values:
            raise UndisclosedValue(at=at)
    return _with_values(document, values) if values else document


def partially_reveal(document: dict[str, Any], disclosures: Disclosures) -> dict[str, Any]:
    """Return the document with the disclosed values in place; the others stay hidden.

    Raises:
        DisclosureUnused, DisclosureMalformed, OutsideProfile: as `reveal`.
    """
    values = _open(disclosures, hidden_values(document))
    return _with_values(document, values) if values else document


def hidden_values(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the JSON path of each hidden value by its digest, in document order.

    Raises:
        DisclosureMalformed: a member `sd` that is no digest or has others beside it, or two
            hidden values with one digest, which tells that they are equal.
    """
    found: dict[str, str] = {}
    for name in HIDING_MEMBERS:
        if name in document:
            _gather(document[name], path_of("$", name), found)
    return found


def _gather(value: Any, at: str, found: dict[str, str]) -> None:
    if isinstance(value, dict):
        if _MARK in value:
            digest = _digest_of(value, at)
            if digest in found:
                raise DisclosureMalformed(f"the digest stands at {found[digest]} too", at=at)
            found[digest] = at
            return
        for name, item in value.items():
            if type(item) is not str:  # most are: not worth a path
                _gather(item, f"{at}.{name}", found)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _gather(item, f"{at}[{index}]", found)


def _digest_of(mark: dict[str, Any], at: str) -> str:
    digest = mark[_MARK]
    if len(mark) != 1:
        raise DisclosureMalformed('a hidden value has no member beside "sd"', at=at)
    _bytes_of(digest, DIGEST_BYTES, at=path_of(at, _MARK))
    return str(digest)


def _open(disclosures: Disclosures, hidden: Mapping[str, str]) -> dict[str, Any]:
    """Return the disclosed values by their digests; each must fit a hidden value."""
    values: dict[str, Any] = {}
    for index, disclosure in enumerate(disclosures):
        at = path_of("disclosures", index)
        if not isinstance(disclosure, Mapping) or disclosure.keys() != {"salt", "value"}:
            raise DisclosureMalformed('its members must be exactly "salt" and "value"', at=at)
        salt = _bytes_of(disclosure["salt"], SALT_BYTES, at=path_of(at, "salt"))
        digest = _commit(disclosure["value"], salt, at=path_of(at, "value"))
        if digest not in hidden or digest in values:
            raise DisclosureUnused(at=at)
        values[digest] = disclosure["value"]
    return values


def _commit(value: Any, salt: bytes, *, at: str) -> str:
    if len(salt) != SALT_BYTES:
        raise DisclosureMalformed(f"a salt has {SALT_BYTES} bytes, not {len(salt)}", at=at)
    check_profile(value, at=at)
    if _holds_mark(value):
        raise DisclosureMalformed("a hidden value cannot hold another", at=at)
    return to_base64url(hashlib.sha256(salt + canonical(value)).digest())


def _holds_mark(value: Any) -> bool:
    if isinstance(value, dict):
        return _MARK in value or any(map(_holds_mark, value.values()))
    return isinstance(value, list) and any(map(_holds_mark, value))


def _with_values(document: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Put values in the place of their digests; the result obeys the profile's depth too."""
    revealed = {
        name: _replace(value, values) if name in HIDING_MEMBERS else value
        for name, value in document.items()
    }
    check_profile(revealed)
    return revealed


def _replace(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_replace(item, values) for item in value]
    if not isinstance(value, dict):
        return value
    if _MARK in value:
        return values.get(value[_MARK], value)
    return {name: _replace(item, values) for name, item in value.items()}


def _find(document: dict[str, Any], path: str) -> tuple[Any, str | int]:
    """Return the container and the key a path leads to."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise NothingToHide(path, "it is no path to a value inside body or evidence")
    container: Any = None
    value: Any = document
    key: str | int = ""
    for step in _STEP.findall(match[1]):
        container, key = value, int(step) if step.isdecimal() else step
        if isinstance(container, str) or (isinstance(container, dict) and _MARK in container):
            raise NothingToHide(path, "it leads into a value that is hidden or has no parts")
        try:
            value = container[key]
        except (KeyError, IndexError, TypeError) as error:
            raise NothingToHide(path, "the document has no such value") from error
    return container, key


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _copy(item) for name, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _bytes_of(text: Any, size: int, *, at: str) -> bytes:
    try:
        raw = from_base64url(text) if isinstance(text, str) else b""
    except ValueError as error:
        raise DisclosureMalformed("it is not base64url without padding", at=at) from error
    if len(raw) != size:
        raise DisclosureMalformed(f"it must be {size} bytes in base64url", at=at)
    return raw
