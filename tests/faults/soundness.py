"""What must hold of the ledger, whoever died and wherever."""

from collections.abc import Iterable
from pathlib import Path

from django.conf import settings

from standards.assessing import verdict_root
from standards.models import Assessment, VerdictRun
from tests.traceability.logbook import entries_in_order, root_of_entries, verify_states
from traceability.guarding import guarded_checkpoint, verify_guard
from traceability.models import Entry, Pending
from traceability.publishing import latest_checkpoint, publish_checkpoint
from traceability.verifying import verify_stored_log


def verify_as_left() -> None:
    """Verify what a death left behind: whatever stands there is sound, and continues the guard."""
    verify_guard()
    verify_stored_log()
    verify_once()


def verify_once() -> None:
    """Verify that nothing was recorded twice."""
    ids = list(Entry.objects.values_list("author", "statement_id"))
    assert len(ids) == len(set(ids))


def verify_caught_up(acknowledged: Iterable[str]) -> None:
    """Verify a ledger that has published everything; nothing acknowledged is missing.

    Args:
        acknowledged: entry hashes that somebody holds a receipt for.
    """
    log = verify_stored_log()
    verify_states()  # the indices have no gap, and all is decided again in their order
    verify_once()
    head = latest_checkpoint()
    hashes = [entry.hash for entry in entries_in_order()]
    assert (log.size, log.waiting, Pending.objects.count()) == (len(hashes), 0, 0)
    assert (head.size, head.root) == (len(hashes), root_of_entries().hex())
    assert Path(settings.GUARD_PATH).read_text() == head.note
    assert guarded_checkpoint().size == head.size
    assert set(acknowledged) <= set(hashes)
    assert publish_checkpoint() == head.size
    assert latest_checkpoint().note == head.note


def verify_logged_verdicts():
    """Verify that every verdict stands in exactly one run, and every run in the log, once."""
    runs = {str(run.pk): run for run in VerdictRun.objects.all()}
    entries = Entry.objects.filter(kind="standards.verdicts")
    assert {str(one.statement_id): one.hash for one in entries} == {
        name: run.entry for name, run in runs.items()
    }
    assert len(entries) == len(runs)
    assert not Assessment.objects.filter(run=None).exists()
    for run in runs.values():
        rows = list(run.assessments.all())
        assert (run.count, run.root) == (len(rows), verdict_root(rows).hex())
