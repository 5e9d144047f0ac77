"""Reading rule packs: from a folder, from bytes kept by digest, from a scenario's overrides.

A pack is `pack.toml`, one TOML file per parameter and `vectors/`. Its digest is the SHA-256 of
the canonical listing of the folder: for each file, in order of its path, the hex SHA-256 of
its bytes, two spaces, the path and a newline (what `sha256sum` prints).
"""

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from standards.rulebook.errors import BadPack
from standards.rulebook.findings import canonical_json
from standards.rulebook.law import LEGAL_STATUSES, Pack, PackReference, Parameter
from standards.rulebook.parameters import parse_parameter

PACKS_FOLDER = Path(__file__).parent / "packs"

_OVERRIDES = "overrides.json"
_PARAMETER_PATH = re.compile(r"(?!vectors/)[a-z][a-z0-9_]*(/[a-z][a-z0-9_]*)?\.toml")
_VECTOR_PATH = re.compile(r"vectors/[a-z][a-z0-9_]*\.(toml|json)")


def pack_digest(files: Mapping[str, bytes]) -> str:
    """Return the digest of a pack's folder, 64 hex characters."""
    listing = "".join(f"{sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files))
    return sha256(listing.encode()).hexdigest()


def parse_pack(files: Mapping[str, bytes]) -> Pack:
    """Return the pack that these files make up.

    Args:
        files: bytes by path relative to the folder, with `/`.

    Raises:
        BadPack: a file, table or key is missing, unknown, or says something impossible.
    """
    if _OVERRIDES in files:
        plain = {path: content for path, content in files.items() if path != _OVERRIDES}
        return _with_overrides(parse_pack(plain), files)
    if "pack.toml" not in files:
        raise BadPack("the pack has no pack.toml", pack="?", file="pack.toml")
    head = _parse_head(_parse_toml(files["pack.toml"], pack="?", file="pack.toml"))
    reference = PackReference(id=head["id"], version=head["version"], digest=pack_digest(files))

    parameters: dict[str, Parameter] = {}
    vectors: dict[str, tuple[Mapping[str, Any], ...]] = {}
    for path in sorted(files.keys() - {"pack.toml"}):
        if _VECTOR_PATH.fullmatch(path):
            vectors[path] = _parse_vectors(files[path], pack=head["id"], file=path)
            continue
        key = _key_of(path, head)
        parameters[key] = _parse_file(key, path, files[path], reference)
    return Pack(
        id=head["id"],
        version=head["version"],
        title=head["title"],
        scheme=head["scheme"],
        jurisdiction=head["jurisdiction"],
        status=head["status"],
        overlays=head["overlays"],
        citations=tuple((one["title"], one["url"]) for one in head["citations"]),
        parameters=parameters,
        vectors=vectors,
        files=dict(files),
        digest=reference.digest,
    )


def load_pack(folder: Path) -> Pack:
    """Return the pack in a folder; every file in it is part of the pack."""
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    return parse_pack(files)


@cache
def shipped_packs() -> tuple[Pack, ...]:
    """Return the packs that come with the package, by id; read once."""
    folders = (path.parent for path in PACKS_FOLDER.glob("*/pack.toml"))
    return tuple(load_pack(folder) for folder in sorted(folders))


def overridden_pack(base: Pack, overrides: Mapping[str, Any]) -> Pack:
    """Return a pack with some parameters replaced: a scenario's *what if*.

    Args:
        overrides: by key (`irma.minimum_level`), either a whole parameter as in a pack's file
            (`title`, `unit`, `versions`; JSON), or a bare value, which then holds on all days.

    Returns:
        A pack of the same id whose status, and that of every replaced version, is
        hypothetical. The overrides are one of its files, so it can be kept by digest and
        read back with `parse_pack`; it has no test vectors.

    Raises:
        BadPack: an override is no parameter, or a bare value is for a key the base lacks.
    """
    plain = {path: content for path, content in base.files.items() if path != _OVERRIDES}
    earlier = json.loads(base.files.get(_OVERRIDES, b"{}"))
    files = plain | {_OVERRIDES: canonical_json(earlier | dict(overrides))}
    return _with_overrides(base if plain == base.files else parse_pack(plain), files)


def _with_overrides(base: Pack, files: Mapping[str, bytes]) -> Pack:
    digest = pack_digest(files)
    version = f"{base.version}+hypothetical.{digest[:8]}"
    reference = PackReference(id=base.id, version=version, digest=digest)
    overrides = json.loads(files[_OVERRIDES])
    replaced = {
        key: _overridden(base, key, override, reference) for key, override in overrides.items()
    }
    return replace(
        base,
        version=version,
        status="hypothetical",
        parameters={**base.parameters, **replaced},
        vectors={},
        files=dict(files),
        digest=digest,
    )


def _overridden(base: Pack, key: str, override: Any, reference: PackReference) -> Parameter:
    def refuse(problem: str, table: str, name: str) -> BadPack:
        table = ".".join(part for part in (key, table) if part)
        return BadPack(problem, pack=base.id, file=_OVERRIDES, table=table, key=name)

    if isinstance(override, Mapping) and "versions" in override:
        told = parse_parameter(key, _hypothetical(override), pack=reference, refuse=refuse)
        return replace(told, club=base.parameters[key].club) if key in base.parameters else told
    if key not in base.parameters:
        raise refuse("the pack has no such parameter; give title, unit and versions", "", "")
    was = base.parameters[key]
    version = {
        "value": override,
        "in_force_from": "0001-01-01",
        "published_on": "0001-01-01",
        "checked_on": "0001-01-01",
        "source": "Assumed for this scenario",
        "url": "",
        "status": "hypothetical",
        "verification": "unverified",
    }
    form = {"title": was.title, "unit": was.unit, "versions": [version]}
    return replace(parse_parameter(key, form, pack=reference, refuse=refuse), club=was.club)


def _hypothetical(override: Mapping[str, Any]) -> dict[str, Any]:
    """Mark the versions that state a value as assumed; the others keep what they say."""
    versions = override["versions"]
    if not isinstance(versions, list):
        return dict(override)
    marked = [
        {**version, "status": "hypothetical"}
        if isinstance(version, Mapping) and version.get("status") in ("in_force", "adopted_future")
        else version
        for version in versions
    ]
    return {**override, "versions": marked}


def _parse_head(told: dict[str, Any]) -> dict[str, Any]:
    pack = told["id"] if isinstance(told.get("id"), str) else "?"

    def refuse(problem: str, key: str) -> BadPack:
        return BadPack(problem, pack=pack, file="pack.toml", key=key)

    head = {"scheme": "", "jurisdiction": "", "overlays": False} | told
    for name in sorted(_HEAD.keys() ^ head.keys()):
        raise refuse("unknown key" if name in head else "missing", name)
    for name, form in _HEAD.items():
        if not form(head[name]):
            raise refuse("does not have the form that docs/rule-packs.md describes", name)
    if not head["scheme"] and not head["jurisdiction"]:
        raise refuse("a pack names its scheme or its jurisdiction", "scheme")
    if not head["citations"] and head["status"] != "hypothetical":
        raise refuse("a pack cites the texts it rests on", "citations")
    return head


def _has_form(pattern: str) -> Callable[[Any], bool]:
    form = re.compile(pattern)
    return lambda told: isinstance(told, str) and form.fullmatch(told) is not None


def _are_citations(told: Any) -> bool:
    return isinstance(told, list) and all(
        isinstance(one, dict)
        and one.keys() == {"title", "url"}
        and all(isinstance(text, str) and text for text in one.values())
        for one in told
    )


_HEAD: Mapping[str, Callable[[Any], bool]] = {
    "id": _has_form(r"[a-z][a-z0-9_]{0,39}"),
    "version": _has_form(r"[0-9A-Za-z][0-9A-Za-z.+-]{0,39}"),
    "title": _has_form(r".*\S.*"),
    "scheme": _has_form(r".*"),
    "jurisdiction": _has_form(r".*"),
    "status": lambda told: told in LEGAL_STATUSES,
    "overlays": lambda told: type(told) is bool,
    "citations": _are_citations,
}
"""Members of pack.toml and what each must look like."""


def _key_of(path: str, head: Mapping[str, Any]) -> str:
    """Return the parameter's key: the path of its file, below `packs/` or below an overlay."""
    parts = path.removesuffix(".toml").split("/")
    nested = len(parts) == 2  # an overlaying pack names the pack whose key it replaces
    if not _PARAMETER_PATH.fullmatch(path) or nested != head["overlays"]:
        raise BadPack("no file of a pack has this name", pack=head["id"], file=path)
    return ".".join(parts) if nested else f"{head['id']}.{parts[0]}"


def _parse_file(key: str, path: str, content: bytes, reference: PackReference) -> Parameter:
    def refuse(problem: str, table: str, name: str) -> BadPack:
        return BadPack(problem, pack=reference.id, file=path, table=table, key=name)

    told = _parse_toml(content, pack=reference.id, file=path)
    return parse_parameter(key, told, pack=reference, refuse=refuse)


def _parse_toml(content: bytes, *, pack: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode(), parse_float=Decimal)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadPack(f"not TOML: {error}", pack=pack, file=file) from error


def _parse_vectors(content: bytes, *, pack: str, file: str) -> tuple[Mapping[str, Any], ...]:
    if file.endswith(".toml"):
        told: Any = _parse_toml(content, pack=pack, file=file)
    else:
        try:
            told = json.loads(content.decode())
        except ValueError as error:
            raise BadPack(f"not JSON: {error}", pack=pack, file=file) from error
    if not isinstance(told, dict) or told.keys() != {"vectors"}:
        raise BadPack("a vector file holds the list `vectors`", pack=pack, file=file)
    if not isinstance(told["vectors"], list) or not told["vectors"]:
        raise BadPack("there must be at least one vector", pack=pack, file=file, key="vectors")
    for number, vector in enumerate(told["vectors"]):
        if not isinstance(vector, dict):
            table = f"vectors[{number}]"
            raise BadPack("a vector is a table", pack=pack, file=file, table=table)
    return tuple(told["vectors"])


def changed_keys(before: Pack | None, after: Pack | None) -> set[str]:
    """Return the parameters that a new version of a pack adds, drops or words differently."""
    old, new = _told(before), _told(after)
    return {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}


def _told(pack: Pack | None) -> dict[str, list[dict[str, Any]]]:
    """Return what a pack says of each parameter, without the name of the pack itself."""
    if pack is None:
        return {}
    return {
        key: [
            {"club": parameter.club},
            *(
                {name: value for name, value in version.as_json().items() if name != "pack"}
                for version in parameter.versions
            ),
        ]
        for key, parameter in pack.parameters.items()
    }
