"""check_packs and list_rules: what they print and how they exit."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from standards.rulebook.pack_format import PACKS_FOLDER, shipped_packs
from standards.rulebook.rules import RULES


def run(*arguments):
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def copy(pack, folder, **changes):
    for path in sorted((PACKS_FOLDER / pack).rglob("*")):
        if path.is_file():
            target = folder / path.relative_to(PACKS_FOLDER / pack)
            target.parent.mkdir(parents=True, exist_ok=True)
            content = path.read_text()
            for old, new in changes.items():
                content = content.replace(old, new)
            target.write_text(content)
    return str(folder)


def test_the_shipped_packs_are_in_order():
    told = run("check_packs")
    assert f"{len(list(shipped_packs()))} packs, {len(RULES)} rules, " in told
    assert told.rstrip().endswith(" vectors: in order.")


def test_what_is_not_verified_is_printed():
    assert "custody.output_excess_tolerance (2018-01-01) is unverified" in run("check_packs")


def test_a_pack_whose_vectors_fail_is_refused(tmp_path):
    folder = copy("custody", tmp_path, **{"0.02": "0.01"})
    with pytest.raises(CommandError, match="test vector") as refused:
        run("check_packs", folder)
    assert refused.value.returncode == 2


def test_an_incomplete_pack_is_refused_with_a_hint(tmp_path):
    folder = copy("custody", tmp_path, checked_on="looked_at")
    with pytest.raises(CommandError, match="checked_on") as refused:
        run("check_packs", folder)
    assert "docs/rule-packs.md" in str(refused.value)
    assert refused.value.returncode == 2


def test_the_page_of_rules_in_docs_is_current():
    assert "is current" in run("list_rules", "--check")


def test_a_page_is_written_and_a_stale_one_refused(tmp_path):
    page = tmp_path / "rules.md"
    with pytest.raises(CommandError, match="not current"):
        run("list_rules", "--check", "--output", page)
    run("list_rules", "--output", page)
    assert (
        page.read_text() == (Path(__file__).resolve().parents[3] / "docs" / "rules.md").read_text()
    )
    page.write_text("# Rules\n")
    with pytest.raises(CommandError, match="not current"):
        run("list_rules", "--check", "--output", page)
