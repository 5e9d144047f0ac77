"""PostgreSQL itself is killed while the product records, publishes and follows.

SIGKILL takes the server and leaves its files as they are; SIGQUIT is `pg_ctl stop -m immediate`.
Either way it comes back by replaying its write-ahead log. The processes of the product live on:
they tell an error, and go on when the database is there again.
"""

from functools import partial
from signal import SIGKILL, SIGQUIT

import pytest
from django.db import connections

from tests.builders import extraction, loss
from tests.faults.client import T, batch, one, post
from tests.faults.dying import AFTER, BEFORE, COMMIT, Step, turn
from tests.faults.scene import ProcessFailed
from tests.faults.soundness import verify_as_left, verify_caught_up
from tests.standards.world import NOW
from tests.traceability.api.world import token
from tests.traceability.conftest import register
from traceability.models import Entry, Lot
from traceability.publishing import publish_checkpoint
from traceability.registering import begin_ledger

TRANSACTION = "traceability.recording._record"
SEQUENCE, SIGN = "traceability.publishing.sequence", "traceability.publishing.sign"
SWAP = "traceability.publishing.swap_guard"
FOLLOW = "standards.following._follow_batch"


def build():
    begin_ledger(operator="operator", name="Operator", country="CA", effective="2026-01-01")
    alice = register("alice")
    known = alice.records(extraction("alice:L", "100"))
    token("alice")
    publish_checkpoint()
    return known + alice.records(*[loss("alice:L", "0.001") for _ in range(20)])


def back(scene):
    """Start the database again, on what the killed one left."""
    connections.close_all()
    scene.cluster.start(stop_with_parent=True)


def killed(scene, by, **place):
    return Step(server=scene.cluster.pid, by=by, **place)


WAYS = {
    "killed": (SIGKILL, one),
    "killed under a batch": (SIGKILL, batch),
    "stopped at once": (SIGQUIT, one),
}
RECORDING = {
    "before the transaction": {"when": BEFORE, "at": TRANSACTION},
    "with everything locked and read": {"when": AFTER, "at": "traceability.holding.hold"},
    "with everything written": {"when": AFTER, "at": "traceability.holding.Held.write"},
    "before the commit": {"when": BEFORE, "at": COMMIT, "within": TRANSACTION},
    "after the commit": {"when": AFTER, "at": COMMIT, "within": TRANSACTION},
}


@pytest.mark.parametrize(("by", "make"), WAYS.values(), ids=WAYS.keys())
@pytest.mark.parametrize("place", RECORDING.values(), ids=RECORDING.keys())
def test_the_database_dies_while_a_statement_is_recorded(scene, place, by, make):
    sent = make()
    with scene.serving(killed(scene, by, **place)) as (process, port):
        told = post(port, sent)
        meanwhile = post(port, sent)
        back(scene)
        verify_as_left()
        status, answer = post(port, sent)  # the same process, as soon as the database is back
        assert process.is_alive()

    acknowledged = told is not None and told[0] < 300
    assert acknowledged == (place is RECORDING["after the commit"])
    if not acknowledged:
        assert (told[0], told[1]["code"]) == (503, "database_not_answering")
    assert (meanwhile[0], meanwhile[1]["code"]) == (503, "database_not_answering")
    outcomes = sent.outcomes(answer)
    assert status < 300
    assert {one["outcome"] for one in outcomes} <= {"recorded", "duplicate"}
    if acknowledged:
        assert [one["receipt"] for one in sent.outcomes(told[1])] == [
            one["receipt"] for one in outcomes
        ]

    assert Entry.objects.filter(statement_id__in=sent.ids).count() == len(sent.ids)
    assert Lot.objects.get(id="alice:L").amount == 100 * T - 20 * 10**6 - sent.moved
    scene.does(publish_checkpoint)
    verify_caught_up([*scene.facts, *(one["entry"] for one in outcomes)])


WORKING = {
    "with the tree locked": {"when": AFTER, "at": "traceability.publishing._locked_state"},
    "with indices written": {"when": AFTER, "at": "traceability.publishing._insert_indices"},
    "before what was sequenced is committed": {"when": BEFORE, "at": COMMIT, "within": SEQUENCE},
    "after what was sequenced is committed": {"when": AFTER, "at": COMMIT, "within": SEQUENCE},
    "before the guard is moved": {"when": BEFORE, "at": SWAP},
    "with the guard moved and nothing served": {"when": AFTER, "at": SWAP},
    "before the checkpoint is committed": {"when": BEFORE, "at": COMMIT, "within": SIGN},
    "after the checkpoint is committed": {"when": AFTER, "at": COMMIT, "within": SIGN},
    "before what was followed is committed": {"when": BEFORE, "at": COMMIT, "within": FOLLOW},
    "after what was followed is committed": {"when": AFTER, "at": COMMIT, "within": FOLLOW},
    "with lots claimed from the queue": {"when": AFTER, "at": "standards.assessing._claim"},
    "with lots out of the queue": {"when": AFTER, "at": "standards.assessing._settle"},
}


@pytest.mark.parametrize("place", WORKING.values(), ids=WORKING.keys())
def test_the_database_dies_while_the_worker_works(scene, place):
    work = partial(turn, NOW)
    with pytest.raises(ProcessFailed, match=r"OperationalError|InterfaceError"):
        scene.does(work, killed(scene, SIGKILL, **place))
    back(scene)
    verify_as_left()

    scene.does(work)
    scene.does(work)
    verify_caught_up(scene.facts)
