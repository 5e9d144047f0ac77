"""The README and the documents tell the truth: commands, links, modules, decisions."""

import argparse
import os
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands, load_command_class
from django.urls import resolve

from tests.traceability.ledger.paper_ledger import mine_and_buyer
from tests.traceability.stored_ledger import StoredLedger
from traceability.keeping import log_verifier
from traceability.ledger.verification import verify_bundle
from traceability.project import serving
from traceability.publishing import publish_checkpoint

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
BLOCKS = [block.strip() for block in re.findall(r"^```\n(.*?)^```", README, re.M | re.S)]
LINES = [line.partition(" #")[0].strip() for block in BLOCKS for line in block.splitlines()]
QUOTED = re.findall(r"`([^`\n]+)`", README)


def name_of(path):
    return str(path.relative_to(ROOT))


# ── commands ──────────────────────────────────────────────────────────────────────────────


def commands(pattern):
    """Return the arguments of every command of the README that begins so."""
    found = [re.match(rf"{pattern}(?: (.*))?$", line) for line in [*LINES, *QUOTED]]
    return [(match[1] or "").split(" > ")[0].split() for match in found if match]


def test_the_two_commands_are_there_and_take_what_the_readme_gives_them(monkeypatch):
    asked = []
    monkeypatch.setattr(serving, "run", lambda *, serve: asked.append(serve))
    monkeypatch.setattr(serving, "listen_to_signals", lambda: None)
    monkeypatch.chdir(ROOT)
    given = commands(r"\./run")
    assert [] in given
    assert ["--no-serve"] in given
    for arguments in given:
        serving.main(arguments)
    assert asked == ["--no-serve" not in arguments for arguments in given]
    assert commands(r"\./test")
    for name in ("run", "test"):
        assert os.access(ROOT / name, os.X_OK), f"{name} cannot be executed"


def test_every_management_command_of_the_readme_exists_and_takes_its_arguments():
    given = commands(r"(?:\.venv/bin/python )?manage\.py")
    assert {name for name, *_ in given} >= {"log_vkey", "export_bundle", "replay"}
    for name, *arguments in given:
        command = load_command_class(get_commands()[name], name)
        parser = command.create_parser("manage.py", name)
        parser.exit_on_error = False
        try:
            parser.parse_args(arguments)
        except (argparse.ArgumentError, SystemExit) as error:
            pytest.fail(f"manage.py {name} {arguments}: {error}")


def test_the_tools_of_the_readme_are_installed():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    told = {Path(line.split()[0]).name for line in LINES if line.startswith(".venv/bin/")}
    assert told - {"python"} <= scripts.keys()
    for target in scripts.values():
        module, function = target.split(":")
        assert callable(getattr(import_module(module), function))


def test_the_services_of_the_readme_are_those_of_compose():
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    told = re.search(r"`docker-compose\.yml` runs ([^;]+);", README)[1]
    named = {word.strip().lower() for word in re.split(r",| and ", told) if word.strip()}
    assert {"postgres" if word == "postgresql" else word for word in named} <= services.keys()


def test_every_address_of_the_readme_is_served():
    addresses = [told for told in QUOTED if re.fullmatch(r"/[a-z/]+/", told)]
    assert {"/admin/", "/api/docs/", "/api/schema/", "/log/"} <= set(addresses)
    for address in addresses:
        resolve(address)


# ── verify a lot yourself ─────────────────────────────────────────────────────────────────


@pytest.fixture
def checkout(tmp_path, transactional_db, database_environment, settings):
    """A directory in which the README's commands work, and what they find in the environment."""
    settings.GUARD_PATH = str(tmp_path / "guard" / "checkpoint")
    mine_and_buyer(StoredLedger())
    publish_checkpoint()
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "manage.py").symlink_to(ROOT / "manage.py")
    return tmp_path, database_environment | {"GUARD_PATH": settings.GUARD_PATH}


def run(script, place, environment):
    return subprocess.run(  # noqa: S603 - the README's own words
        ["/bin/sh", "-euc", script],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_lot_is_verified_by_the_commands_of_the_readme_and_refused_when_a_byte_changes(checkout):
    place, environment = checkout
    [script] = [block for block in BLOCKS if "traceability-verify" in block]
    script = re.sub(r"\bLOT\b", "bolt:C", script)

    done = run(script, place, environment)
    assert done.returncode == 0, done.stderr
    assert "unbroken as of size 11" in done.stdout.splitlines()[-1]

    bundle = place / "lot.bundle"
    data = bundle.read_bytes()
    at = len(data) // 2
    bundle.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    verify = next(line for line in LINES if "traceability-verify" in line)
    refused = run(verify, place, {"PATH": environment["PATH"]})  # nothing but the file and the key
    assert refused.returncode == 2
    assert refused.stdout.splitlines()[-1].startswith("Not verified: step")

    step = 61  # every byte is for tests/traceability/ledger/test_verification.py
    for at in range(0, len(data), step):
        changed = data[:at] + bytes([data[at] ^ 0x01]) + data[at + 1 :]
        assert not verify_bundle(changed, verifiers=[log_verifier()]).is_verified, at


# ── links, paths, decisions ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_link_leads_to_a_file(document):
    text = document.read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?://|mailto:)([^)#\s]+)(?:#[^)]*)?\)", text)
    found = {target: (document.parent / target).resolve() for target in targets}
    lost = {name_of(path) for path in found.values() if not path.exists()}
    assert lost == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_path_that_is_quoted_exists(document):
    """A path is what has a directory of this repository in front."""
    places = "|".join(re.escape(path.name) for path in ROOT.iterdir() if path.is_dir())
    quoted = re.findall(
        rf"`((?:{places})/[\w./-]+?)/?`", document.read_text(encoding="utf-8"), re.ASCII
    )
    assert [path for path in quoted if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_decision_that_is_referred_to_is_written_down(document):
    numbers = set(re.findall(r"\bADR (\d{4})\b", document.read_text(encoding="utf-8")))
    written = {path.name[:4] for path in (ROOT / "docs" / "adr").glob("[0-9]*.md")}
    assert numbers <= written


def test_every_decision_that_code_refers_to_is_written_down():
    written = {path.name[:4] for path in (ROOT / "docs" / "adr").glob("[0-9]*.md")}
    for app in ("traceability", "standards"):
        for path in (ROOT / app).rglob("*.py"):
            told = set(re.findall(r"\bADR (\d{4})\b", path.read_text(encoding="utf-8")))
            assert told <= written, name_of(path)


# ── the page about the architecture ───────────────────────────────────────────────────────

ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (`.+?) \| (.+) \|$", ARCHITECTURE, re.M)


def modules_of(cell):
    """Return the paths that a cell names; a bare name is in the directory of the one before."""
    directory, paths = ROOT, []
    for told in re.findall(r"`([^`]+)`", cell):
        path = ROOT / told if "/" in told.rstrip("/") else directory / told
        paths.append(path)
        directory = path.parent
    return paths


@pytest.mark.parametrize("cell", [cell for cell, _ in ROWS])
def test_the_architecture_names_only_what_is_there(cell):
    for path in modules_of(cell):
        assert path.exists() or path.with_suffix(".py").exists(), name_of(path)


@pytest.mark.parametrize(("cell", "words"), ROWS, ids=[cell for cell, _ in ROWS])
def test_what_the_architecture_says_is_in_a_place_is_there(cell, words):
    [place, *_] = modules_of(cell)
    directory = place if place.is_dir() else place.parent
    for told in re.findall(r"`([a-z_]+)/?`", words):
        beside = directory / told
        assert beside.is_dir() or beside.with_suffix(".py").exists(), f"{told} in {name_of(place)}"


def test_the_functions_on_a_statements_way_exist():
    [block, *_] = re.findall(r"^```\n(.*?)^```", ARCHITECTURE, re.M | re.S)
    named = re.findall(r"→ ([\w.]+)", block)
    assert len(named) == 5
    for path in named:
        module, _, function = path.rpartition(".")
        home = module if module.startswith("standards.") else f"traceability.{module}"
        assert callable(getattr(import_module(home), function)), path
