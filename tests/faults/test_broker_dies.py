"""The broker is killed mid-work: statements are accepted all the same, and work resumes.

The broker is a PostgreSQL of its own here, so that it can die alone; worker and clock are the
very command of `./run`.
"""

import os
import shutil
import tempfile
import time
from base64 import urlsafe_b64encode
from contextlib import contextmanager
from pathlib import Path
from signal import SIGKILL

import pytest
from django.conf import settings
from django.db import connections
from django.utils import timezone

from standards.known import followed_size
from standards.models import Assessment, DueAssessment, VerdictRun
from tests.builders import extraction
from tests.faults.client import one, post
from tests.faults.scene import kill
from tests.faults.soundness import verify_as_left, verify_caught_up, verify_logged_verdicts
from tests.standards.world import World
from tests.traceability.api.world import token
from tests.traceability.conftest import register
from traceability.models import LogState, Pending
from traceability.project import serving
from traceability.project.embedded_postgres import Cluster
from traceability.publishing import latest_checkpoint, publish_checkpoint

PATIENCE = 180  # seconds; it takes four where nothing else runs


def build():
    """A club that judges two lots of copper, and a company that goes on recording."""
    world = World()
    world.packs()
    world.policy()
    world.copper_chain()
    known = register("alice").records(extraction("alice:L", "100"))
    token("alice")
    publish_checkpoint()
    return known


@pytest.fixture
def broker():
    """Return a message broker that runs, on a directory of its own."""
    home = Path(tempfile.mkdtemp(prefix="ledger-broker-"))
    home.chmod(0o711)
    cluster = Cluster(home / "state", throwaway=True)
    with cluster.running(stop_with_parent=True):
        yield cluster
    shutil.rmtree(home)


@contextmanager
def worker(environment, place):
    """Run worker and clock as `./run` does."""
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        with serving._child(*serving.WORKER, "--schedule", str(place / "schedule")) as process:
            yield process
    finally:
        os.environ.clear()
        os.environ.update(before)


def all_is_done():
    """Tell whether everything recorded is published, followed, assessed and logged."""

    def is_followed():
        head = latest_checkpoint()
        is_signed = head is not None and head.size == LogState.objects.get().size
        return is_signed and not Pending.objects.exists() and followed_size() == head.size

    is_idle = is_followed() and not (
        DueAssessment.objects.filter(due_on__lte=timezone.now().date()).exists()
        or VerdictRun.objects.filter(entry="").exists()
        or Assessment.objects.filter(run=None).exists()
    )
    return is_idle and is_followed()  # also what was logged while we looked


def verdicts_on_copper():
    return list(Assessment.objects.exclude(lot="alice:L").order_by("pk").values_list("pk"))


def wait_for(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "the work was not resumed"
        time.sleep(0.1)


def end(works):
    """Kill a worker, its clock and its children."""
    os.killpg(works.pid, SIGKILL)
    works.wait()


@pytest.fixture
def environment(broker, database_environment):
    """Return what the worker finds in its environment."""
    return database_environment | {
        "PGMQ_CONNECTION": broker.install_broker(),
        "GUARD_PATH": settings.GUARD_PATH,
        "KEY_ENCRYPTION_KEY": urlsafe_b64encode(settings.KEY_ENCRYPTION_KEY).decode(),
    }


def recorded(port):
    """Send a statement that must be recorded; return its entry hash."""
    status, answer = post(port, one())
    assert status == 201
    return answer["entry"]


def test_work_waits_for_the_broker_and_statements_do_not(scene, broker, environment, tmp_path):
    receipts = list(scene.facts)
    with scene.serving() as (_, port):
        with worker(environment, tmp_path) as works:
            receipts.append(recorded(port))
            wait_for(all_is_done)  # broker, clock and worker do their part
            assessed = verdicts_on_copper()
            assert assessed

            receipts.append(recorded(port))
            kill(broker)
            receipts += [recorded(port) for _ in range(3)]  # at once, while nobody publishes
            verify_as_left()
            time.sleep(1.5)  # longer than the clock's interval
            assert Pending.objects.count() >= 3

            broker.start(stop_with_parent=True)
            wait_for(all_is_done)
            assert works.poll() is None

            receipts.append(recorded(port))
            end(works)  # now the worker, with whatever it had taken on
        receipts.append(recorded(port))
        verify_as_left()
        with worker(environment, tmp_path) as works:
            wait_for(all_is_done)
            end(works)
    connections.close_all()
    verify_caught_up(receipts)
    verify_logged_verdicts()
    assert verdicts_on_copper() == assessed  # nothing was judged twice
