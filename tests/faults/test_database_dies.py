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
from tests.faults.client import T, batch, get, is_acknowledged, one, post, post_all, registration
from tests.faults.dying import AFTER, BEFORE, COMMIT, THREADS, Step, turn
from tests.faults.scene import ProcessFailed, kill
from tests.faults.soundness import verify_as_left, verify_caught_up
from tests.standards.world import NOW
from tests.traceability.api.world import token
from tests.traceability.conftest import register
from traceability.models import Entry, Lot
from traceability.publishing import publish_checkpoint
from traceability.registering import begin_ledger

TRANSACTION = "traceability.recording._record"
WRITE, CALL = "traceability.holding.Held.write", "traceability.wire.call"
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


ALL = {
    "before the transaction": (BEFORE, TRANSACTION),
    "with everything locked and read": (AFTER, "traceability.holding.hold"),
    "before the message that writes": (BEFORE, CALL, WRITE),
}
AT_ONCE = {"with the message that writes and commits answered": (AFTER, CALL, WRITE)}
IN_STEPS = {
    "with everything written": (AFTER, WRITE),
    "before the commit": (BEFORE, COMMIT, TRANSACTION),
    "after the commit": (AFTER, COMMIT, TRANSACTION),
}
WAYS = {
    "killed under a statement": (SIGKILL, one, ALL | AT_ONCE),
    "killed under a registration": (SIGKILL, registration, IN_STEPS),
    "killed under a batch": (SIGKILL, batch, ALL | AT_ONCE),
    "stopped at once under a statement": (SIGQUIT, one, ALL | AT_ONCE),
}
DEATHS = {
    f"{how} {where}": (by, make, place)
    for how, (by, make, places) in WAYS.items()
    for where, place in places.items()
}
LAST = (AT_ONCE["with the message that writes and commits answered"], IN_STEPS["after the commit"])


@pytest.mark.parametrize(("by", "make", "place"), DEATHS.values(), ids=DEATHS.keys())
def test_the_database_dies_while_a_statement_is_recorded(scene, by, make, place):
    sent, (when, at, *within) = make(), place
    step = killed(scene, by, when=when, at=at, within="".join(within))
    with scene.serving(step) as (process, port):
        told = post(port, sent)
        meanwhile = post(port, sent)
        back(scene)
        verify_as_left()
        status, answer = post(port, sent)  # the same process, as soon as the database is back
        assert process.is_alive()

    assert is_acknowledged(told) == (place in LAST)
    for refused in (meanwhile,) if place in LAST else (told, meanwhile):
        assert (refused[0], refused[1]["code"]) == (503, "database_not_answering")
    outcomes = sent.outcomes(answer)
    assert status < 300
    assert {one["outcome"] for one in outcomes} <= {"recorded", "duplicate"}
    if place in LAST:
        receipts = [one["receipt"] for one in sent.outcomes(told[1])]
        assert receipts == [one["receipt"] for one in outcomes]

    assert Entry.objects.filter(statement_id__in=sent.ids).count() == len(sent.ids)
    assert Lot.objects.get(id="alice:L").amount == 100 * T - 20 * 10**6 - sent.moved
    scene.does(publish_checkpoint)
    verify_caught_up([*scene.facts, *(one["entry"] for one in outcomes)])


@pytest.mark.parametrize(("when", "turn"), [(AFTER, 3), (BEFORE, 4), (AFTER, 4)])
def test_the_database_dies_while_it_records_for_many_at_once(scene, when, turn):
    many = [one() for _ in range(THREADS)]
    step = killed(scene, SIGKILL, when=when, at=CALL, within=TRANSACTION, turn=turn)
    with scene.serving(step) as (_, port):
        told = post_all(port, many)
        back(scene)
        verify_as_left()
        again = post_all(port, many)

    for before, (status, answer) in zip(told, again, strict=True):
        assert status < 300
        if is_acknowledged(before):
            assert answer["receipt"] == before[1]["receipt"]
        else:
            assert (before[0], before[1]["code"]) == (503, "database_not_answering")
    assert Lot.objects.get(id="alice:L").amount == (100 - len(many)) * T - 20 * 10**6
    scene.does(publish_checkpoint)
    verify_caught_up([*scene.facts, *(answer["entry"] for _, answer in again)])


@pytest.mark.parametrize("before", ["statements", "lots", None])
def test_the_first_statement_after_a_restart_is_recorded(scene, before):
    """Whatever its thread's connection was used for before, or not at all."""
    with scene.serving() as (_, port):
        if before == "statements":
            assert post(port, one())[0] == 201
        elif before:
            assert get(port, before)[0] == 200
        kill(scene.cluster)
        back(scene)
        assert post(port, one())[0] == 201


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
