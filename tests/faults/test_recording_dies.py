"""The web process is killed at every step of recording; the client asks again."""

import pytest

from tests.builders import extraction, loss
from tests.faults.client import T, batch, one, post, registration, single
from tests.faults.dying import AFTER, BEFORE, COMMIT, Step
from tests.faults.soundness import verify_as_left, verify_caught_up
from tests.traceability.api.world import token
from tests.traceability.conftest import register
from traceability.models import Entry, Lot, Pending, Rejection, StatementText
from traceability.publishing import publish_checkpoint
from traceability.registering import begin_ledger

RECORDING = "traceability.recording."
TRANSACTION = RECORDING + "_record"
WRITE = "traceability.holding.Held.write"


def build():
    begin_ledger(operator="operator", name="Operator", country="CA", effective="2026-01-01")
    alice = register("alice")
    known = alice.records(extraction("alice:L", "100"))
    token("alice")
    publish_checkpoint()
    return known


def how_many(sent):
    return Entry.objects.filter(statement_id__in=sent.ids).count()


STEPS = {
    "before anything is looked at": (Step(when=BEFORE, at=RECORDING + "parse_statement"), False),
    "with the signatures verified": (Step(when=AFTER, at=RECORDING + "verify_many"), False),
    "before the transaction": (Step(when=BEFORE, at=TRANSACTION), False),
    "with the guard compared": (Step(when=AFTER, at=RECORDING + "_verify_guard_once"), False),
    "with everything locked and read": (
        Step(when=AFTER, at="traceability.holding.hold"),
        False,
    ),
    "with the statement sealed into its chains": (
        Step(when=AFTER, at="traceability.holding.Held.seal"),
        False,
    ),
    "with everything written but the mirrored tables": (Step(when=AFTER, at=WRITE), False),
    "with everything written": (Step(when=AFTER, at=RECORDING + "mirror"), False),
    "before the commit": (Step(when=BEFORE, at=COMMIT, within=TRANSACTION), False),
    "after the commit": (Step(when=AFTER, at=COMMIT, within=TRANSACTION), True),
    "before the answer is put together": (Step(when=AFTER, at=TRANSACTION), True),
    "with the receipts signed": (
        Step(when=AFTER, at="traceability.outcomes.sign_receipts"),
        True,
    ),
    "before the answer is sent": (
        Step(when=BEFORE, at="wsgiref.handlers.BaseHandler.finish_response"),
        True,
    ),
}


WITH_THE_WRITE = ("with everything written but the mirrored tables", "before the commit")
"""Where nothing is mirrored, one message writes and commits: these steps come after it."""
CASES = [
    pytest.param(
        step, lasts or (make is one and name in WITH_THE_WRITE), make, id=f"{name}-{make.__name__}"
    )
    for name, (step, lasts) in STEPS.items()
    for make in (one, registration, batch)
    if not (make is one and step.at == RECORDING + "mirror")  # a step that does not come
]


@pytest.mark.parametrize(("step", "lasts", "make"), CASES)
def test_a_web_process_killed(scene, step, lasts, make):
    sent = make()

    with scene.serving(step) as (process, port):
        assert post(port, sent) is None  # nothing was acknowledged
        process.join()
    verify_as_left()
    assert how_many(sent) == (len(sent.ids) if lasts else 0)
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
