"""The web process is killed at every step of recording; the client asks again."""

from signal import SIGKILL

import pytest

from tests.builders import extraction, loss
from tests.faults.client import (
    T,
    batch,
    mixed_batch,
    one,
    post,
    post_all,
    registration,
    single,
)
from tests.faults.dying import AFTER, BEFORE, COMMIT, THREADS, Step
from tests.faults.soundness import verify_as_left, verify_caught_up
from tests.traceability.api.world import token
from tests.traceability.conftest import register
from traceability.models import Entry, Lot, Pending, Rejection, StatementText
from traceability.publishing import publish_checkpoint
from traceability.registering import begin_ledger

RECORDING = "traceability.recording."
TRANSACTION = RECORDING + "_record"
WRITE, CALL = "traceability.holding.Held.write", "traceability.wire.call"


def build():
    begin_ledger(operator="operator", name="Operator", country="CA", effective="2026-01-01")
    alice = register("alice")
    known = alice.records(extraction("alice:L", "100"))
    token("alice")
    publish_checkpoint()
    return known


def how_many(sent):
    return Entry.objects.filter(statement_id__in=sent.ids).count()


NO, YES, EITHER = (False,), (True,), (False, True)  # whether the statement lasts

ALL = {
    "before anything is looked at": (NO, BEFORE, RECORDING + "parse_statement"),
    "with the signatures verified": (NO, AFTER, RECORDING + "verify_many"),
    "before the transaction": (NO, BEFORE, TRANSACTION),
    "with the guard compared": (NO, AFTER, RECORDING + "_verify_guard_once"),
    "with everything locked and read": (NO, AFTER, "traceability.holding.hold"),
    "with a statement sealed into its chains": (NO, AFTER, "traceability.holding.Held.seal"),
    "before the message that writes": (NO, BEFORE, CALL, WRITE),
    "before the outcome is told": (YES, AFTER, TRANSACTION),
    "with the receipts signed": (YES, AFTER, "traceability.outcomes.sign_receipts"),
    "before the answer is sent": (YES, BEFORE, "wsgiref.handlers.BaseHandler.finish_response"),
}
COPIED = {  # a large batch, whose receipts are signed while it is written
    "with a receipt signed ahead": (EITHER, AFTER, "traceability.outcomes._sign"),
    "with rows under way": (NO, AFTER, "traceability.wire.Copy._send", WRITE),
    "with all rows copied and the old states": (NO, AFTER, "traceability.wire.Copy.drain", WRITE),
}
AT_ONCE = {  # what is not mirrored is committed by the message that writes it
    "with the message sent and no answer read": (
        EITHER,
        BEFORE,
        "traceability.wire._answers",
        WRITE,
    ),
    "with the message answered": (YES, AFTER, CALL, WRITE),
}
IN_STEPS = {  # what is mirrored in tables of its own is committed after these are written
    "with everything written but the mirrored tables": (NO, AFTER, WRITE),
    "with everything written": (NO, AFTER, RECORDING + "mirror"),
    "before the commit": (NO, BEFORE, COMMIT, TRANSACTION),
    "after the commit": (YES, AFTER, COMMIT, TRANSACTION),
}
WAYS = {
    "a statement": (one, ALL | AT_ONCE),
    "a registration": (registration, IN_STEPS),
    "a batch": (batch, ALL | COPIED | AT_ONCE),
    "a batch with registrations": (mixed_batch, COPIED | IN_STEPS),
}
DEATHS = {
    f"{what} dies {where}": (make, place)
    for what, (make, places) in WAYS.items()
    for where, place in places.items()
}


@pytest.mark.parametrize(("make", "place"), DEATHS.values(), ids=DEATHS.keys())
def test_a_web_process_killed(scene, make, place):
    sent, (may_last, when, at, *within) = make(), place
    step = Step(when=when, at=at, within="".join(within))

    with scene.serving(step) as (process, port):
        assert post(port, sent) is None  # nothing was acknowledged
        process.join()
    verify_as_left()
    lasts = how_many(sent) > 0
    assert lasts in may_last
    assert how_many(sent) in (0, len(sent.ids))
    assert Pending.objects.count() == how_many(sent)

    with scene.serving() as (_, port):
        status, answer = post(port, sent)
        again = post(port, sent)
    told = sent.outcomes(answer)
    assert {one["outcome"] for one in told} == {"duplicate" if lasts else "recorded"}
    assert status == (200 if lasts or len(sent.ids) > 1 else 201)
    assert [one["receipt"] for one in sent.outcomes(again[1])] == [one["receipt"] for one in told]

    assert how_many(sent) == len(sent.ids)
    assert Lot.objects.get(id="alice:L").amount == 100 * T - sent.moved
    scene.does(publish_checkpoint)
    verify_caught_up([*scene.facts, *(one["entry"] for one in told)])


@pytest.mark.parametrize(("when", "turn"), [(BEFORE, 3), (AFTER, 3), (BEFORE, 4), (AFTER, 4)])
def test_a_web_process_killed_while_it_records_for_many_at_once(scene, when, turn):
    """Those who came while the first was recorded share a transaction, and its fate."""
    many = [one() for _ in range(THREADS)]
    with scene.serving(Step(when=when, at=CALL, within=TRANSACTION, turn=turn)) as (process, port):
        told = post_all(port, many)
        process.join(30)
        assert process.exitcode == -SIGKILL
    verify_as_left()

    with scene.serving() as (_, port):
        again = post_all(port, many)
    assert {status for status, _ in again} <= {200, 201}
    for before, (status, answer) in zip(told, again, strict=True):
        if before is not None:
            assert (status, answer["receipt"]) == (200, before[1]["receipt"])
    assert Lot.objects.get(id="alice:L").amount == (100 - len(many)) * T
    scene.does(publish_checkpoint)
    verify_caught_up([*scene.facts, *(answer["entry"] for _, answer in again)])


def test_a_client_that_lost_the_answer_gets_the_receipt_that_was_meant_for_it(scene):
    """The receipt is a function of the entry: the second process signs the same bytes."""
    sent = one()
    with scene.serving() as (_, port):
        first = post(port, sent)[1]
    with scene.serving() as (_, port):
        second = post(port, sent)[1]
    assert (first["receipt"], first["entry"]) == (second["receipt"], second["entry"])
    assert (first["outcome"], second["outcome"]) == ("recorded", "duplicate")


def test_a_process_killed_before_it_kept_a_rejection_has_recorded_nothing(scene):
    refused = single(loss("alice:L", "101"), moved=0)
    with scene.serving(Step(when=BEFORE, at=RECORDING + "_keep_rejections")) as (process, port):
        assert post(port, refused) is None
        process.join()
    assert not Rejection.objects.exists()
    verify_as_left()

    with scene.serving() as (_, port):
        status, answer = post(port, refused)
    assert (status, answer["code"]) == (409, "insufficient_balance")
    assert Rejection.objects.get().code == "insufficient_balance"
    assert not StatementText.objects.filter(jws=refused.body.decode()).exists()
