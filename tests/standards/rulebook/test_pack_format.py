"""Packs as folders of bytes: what is refused, and what a digest covers."""

import json
from hashlib import sha256

import pytest

from standards.rulebook.errors import BadPack
from standards.rulebook.pack_format import (
    PACKS_FOLDER,
    load_pack,
    overridden_pack,
    pack_digest,
    parse_pack,
    shipped_packs,
)

HEAD = b"""
id = "demo"
version = "1"
title = "Demo"
scheme = "Demo scheme"
status = "in_force"
citations = [{title = "Demo Act", url = "https://example.org/act"}]
"""
VALUE = b"""
title = "A value"
unit = "share"

[[versions]]
value = 0.1
in_force_from = 2026-01-01
source = "Demo Act, s. 1"
url = "https://example.org/act"
published_on = 2025-12-01
status = "in_force"
verification = "official"
checked_on = 2026-11-23
"""
VECTORS = b'{"vectors": [{"title": "t"}]}'


def files(**changes):
    usual = {"pack.toml": HEAD, "value.toml": VALUE, "vectors/all.json": VECTORS}
    return usual | {path.replace("__", "/") + ".toml": told for path, told in changes.items()}


def test_a_pack_is_read_with_exact_decimals_and_its_key_is_its_path():
    pack = parse_pack(files())
    told = pack.parameters["demo.value"].versions[0]
    assert str(told.value) == "0.1"
    assert told.pack.digest == pack.digest == pack_digest(pack.files)
    assert pack.vectors == {"vectors/all.json": ({"title": "t"},)}


def test_the_digest_is_that_of_the_listing_that_sha256sum_prints():
    listing = "".join(
        f"{sha256(content).hexdigest()}  {path}\n" for path, content in sorted(files().items())
    )
    assert parse_pack(files()).digest == sha256(listing.encode()).hexdigest()


@pytest.mark.parametrize("path", ["pack.toml", "value.toml", "vectors/all.json"])
def test_any_changed_byte_changes_the_digest(path):
    changed = files() | {path: files()[path] + b"\n"}
    assert parse_pack(changed).digest != parse_pack(files()).digest


def test_vectors_may_be_toml():
    told = files(vectors__more=b'[[vectors]]\ntitle = "t"')
    assert set(parse_pack(told).vectors) == {"vectors/all.json", "vectors/more.toml"}


def test_an_overlay_names_its_files_for_the_keys_they_replace():
    told = {"pack.toml": HEAD + b"overlays = true", "irma/minimum_share.toml": VALUE}
    assert set(parse_pack(told).parameters) == {"irma.minimum_share"}


REFUSED = [
    ({}, "the pack has no pack.toml"),
    (files(pack=b"id ="), "not TOML"),
    (files(pack=b"\xff"), "not TOML"),
    (files(pack=HEAD.replace(b'version = "1"', b"")), r"\(version\): missing"),
    (files(pack=HEAD + b"colour = 1"), r"\(colour\): unknown key"),
    (files(pack=HEAD.replace(b'"demo"', b"3")), r"\?/pack.toml \(id\): does not have the form"),
    (files(pack=HEAD.replace(b'"demo"', b'"De mo"')), r"\(id\): does not have the form"),
    (files(pack=HEAD.replace(b'"in_force"', b'"valid"')), r"\(status\): does not have"),
    (files(pack=HEAD.replace(b'"Demo scheme"', b'""')), "names its scheme or its jurisdiction"),
    (files(pack=HEAD.split(b"citations")[0] + b"citations = []"), "cites the texts"),
    (files(pack=HEAD.replace(b"url = ", b"uri = ")), r"\(citations\): does not have"),
    (files(pack=HEAD + b"overlays = 1"), r"\(overlays\): does not have"),
    (files(value=VALUE.replace(b"url = ", b"uri = ")), r"value.toml \(versions\[0\].url\): miss"),
    (files(value=b"title = nope"), "demo/value.toml: not TOML"),
    (files(Value=VALUE), "no file of a pack has this name"),
    (files(irma__value=VALUE), "no file of a pack has this name"),
    (files(pack=HEAD + b"overlays = true"), "no file of a pack has this name"),
    (files() | {"README.md": b""}, "no file of a pack has this name"),
    (files() | {"vectors/all.json": b"{"}, "not JSON"),
    (files() | {"vectors/all.json": b"\xff"}, "not JSON"),
    (files() | {"vectors/all.json": b"[]"}, "holds the list"),
    (files() | {"vectors/all.json": b'{"vectors": []}'}, "at least one vector"),
    (files() | {"vectors/all.json": b'{"vectors": [1]}'}, r"vectors\[0\]\): a vector is a table"),
]


@pytest.mark.parametrize(("told", "sentence"), REFUSED)
def test_a_bad_pack_is_refused_with_the_place(told, sentence):
    with pytest.raises(BadPack, match=sentence):
        parse_pack(told)


def test_a_bare_override_holds_on_all_days_and_is_hypothetical():
    pack = overridden_pack(parse_pack(files()), {"demo.value": "0.9"})
    [told] = pack.parameters["demo.value"].versions
    assert (str(told.value), told.status, pack.status) == ("0.9", "hypothetical", "hypothetical")
    assert pack.version.startswith("1+hypothetical.")


def test_an_override_can_be_a_whole_parameter_and_its_law_becomes_hypothetical():
    version = {
        "value": "0.9",
        "in_force_from": "2027-01-01",
        "source": "What if",
        "url": "",
        "published_on": "2026-11-23",
        "status": "in_force",
        "verification": "unverified",
        "checked_on": "2026-11-23",
    }
    ended = {**version, "in_force_from": "2028-01-01", "status": "repealed", "url": "https://x.org"}
    del ended["value"]
    told = {"title": "A value", "unit": "share", "versions": [version, ended]}
    pack = overridden_pack(parse_pack(files()), {"demo.new": told})
    assert [one.status for one in pack.parameters["demo.new"].versions] == [
        "hypothetical",
        "repealed",
    ]


def test_a_pack_with_overrides_can_be_kept_as_bytes_and_read_back():
    once = overridden_pack(parse_pack(files()), {"demo.value": "0.9"})
    assert parse_pack(once.files) == once
    twice = overridden_pack(once, {"demo.value": "0.8"})
    assert json.loads(twice.files["overrides.json"]) == {"demo.value": "0.8"}
    assert twice.digest != once.digest


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ({"demo.other": "0.9"}, "has no such parameter"),
        ({"demo.value": "9"}, "a share is an exact decimal"),
        ({"demo.value": {"title": "t", "unit": "share", "versions": 1}}, "at least one version"),
        ({"demo.value": {"title": "t", "unit": "share", "versions": [1]}}, "a version is a table"),
    ],
)
def test_a_bad_override_is_refused(overrides, sentence):
    with pytest.raises(BadPack, match=sentence):
        overridden_pack(parse_pack(files()), overrides)


def test_every_folder_beside_the_code_is_a_shipped_pack():
    folders = {path.name for path in PACKS_FOLDER.iterdir() if path.is_dir()}
    assert {pack.id for pack in shipped_packs()} == folders
    assert load_pack(PACKS_FOLDER / "irma") in shipped_packs()


def test_no_shipped_value_hides_that_nobody_read_the_official_text():
    for pack in shipped_packs():
        for parameter in pack.parameters.values():
            for version in parameter.versions:
                assert version.verification != "official" or version.url
