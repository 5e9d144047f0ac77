"""Whoever holds everything rewrites the history: database, guard and the log's own key.

Within itself such a ledger is sound. What betrays it is what others kept: one signed
checkpoint, two hundred bytes. A backup that was restored without the guard is not even used.
"""

import io
import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from tests.builders import extraction, loss
from tests.faults.client import one, post
from tests.faults.scene import ProcessFailed
from tests.faults.soundness import verify_caught_up
from tests.traceability.api.world import token
from tests.traceability.conftest import register
from traceability.bundling import build_bundle
from traceability.cli import verify_main
from traceability.errors import GuardConflict, LedgerRolledBack, LogDamaged
from traceability.guarding import restore_guard
from traceability.keeping import log_verifier
from traceability.models import Entry
from traceability.publishing import latest_checkpoint, publish_checkpoint
from traceability.registering import begin_ledger
from traceability.verifying import verify_stored_log


def build():
    begin_ledger(operator="operator", name="Operator", country="CA", effective="2026-01-01")
    alice = register("alice")
    alice.records(extraction("alice:L", "100"))
    token("alice")
    publish_checkpoint()
    return alice


@pytest.fixture
def held(scene):
    """Return the checkpoint that somebody kept of the true history: ten entries further on."""
    scene.facts.records(*[loss("alice:L", "1") for _ in range(10)])
    publish_checkpoint()
    return latest_checkpoint().note


def restore(scene, *, guard):
    """Put the old backup back; with `guard`, also the guard of that day."""
    kept = scene.place / "newest"
    shutil.copytree(Path(settings.GUARD_PATH).parent, kept, dirs_exist_ok=True)
    scene.go_back()
    if guard == "newest":
        shutil.copytree(kept, Path(settings.GUARD_PATH).parent, dirs_exist_ok=True)


def rewrite(scene, count):
    """Tell another history from the backup on, and sign it with the log's own key."""
    restore(scene, guard="old")
    scene.facts.records(*[loss("alice:L", "2") for _ in range(count)])
    publish_checkpoint()
    verify_caught_up([])  # nothing inside tells


def test_no_process_records_or_signs_on_an_old_backup(scene, held):
    restore(scene, guard="newest")
    before = Entry.objects.count()

    with scene.serving() as (_, port):
        status, answer = post(port, one())
    assert (status, answer["code"]) == (503, "ledger_rolled_back")
    with pytest.raises(ProcessFailed, match="LedgerRolledBack"):
        scene.does(publish_checkpoint)
    with pytest.raises(LedgerRolledBack):
        verify_stored_log()
    assert Entry.objects.count() == before


@pytest.mark.parametrize(
    ("count", "error"), [(3, LedgerRolledBack), (10, LedgerRolledBack), (15, LogDamaged)]
)
def test_a_kept_checkpoint_tells_a_shorter_an_equal_and_a_longer_rewrite(scene, held, count, error):
    rewrite(scene, count)

    with pytest.raises(error):
        verify_stored_log(earlier=[held])


def test_the_command_compares_with_checkpoints_that_were_kept(scene, held, tmp_path):
    (tmp_path / "true").write_text(held)
    (tmp_path / "none").write_bytes(b"\xff")

    def verify(*names):
        files = [part for name in names for part in ("--earlier", str(tmp_path / name))]
        call_command("verify_log", *files, stdout=io.StringIO())

    verify("true", "true")
    for name in ("none", "absent"):
        with pytest.raises(CommandError):
            verify(name)
    rewrite(scene, 15)
    verify()
    with pytest.raises(CommandError, match="size 15 was signed for another tree") as refused:
        verify("true")
    assert refused.value.returncode == 2


def test_a_bundle_of_the_rewritten_history_is_refused_by_who_kept_a_checkpoint(
    scene, held, tmp_path, capsys
):
    rewrite(scene, 15)
    (tmp_path / "bundle").write_bytes(build_bundle("alice:L", reader="alice"))
    (tmp_path / "held").write_text(held)
    verify = [str(tmp_path / "bundle"), "--key", log_verifier().vkey]

    assert verify_main(verify) == 0
    assert verify_main([*verify, "--earlier", str(tmp_path / "held")]) == 2
    assert "consistency" in capsys.readouterr().out.splitlines()[-1]


def test_the_guard_is_not_made_again_over_a_rewritten_history(scene, held):
    rewrite(scene, 15)
    with pytest.raises(GuardConflict):
        restore_guard(latest_checkpoint().note)
    Path(settings.GUARD_PATH).unlink()
    with pytest.raises(LedgerRolledBack):
        restore_guard(held)
