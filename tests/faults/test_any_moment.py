"""Writers, a publisher and a worker at once, killed at whatever moment chance names."""

import random
import time
from contextlib import ExitStack
from functools import partial
from multiprocessing import Pipe

from tests.builders import extraction, loss, quantity, signed, split, statement, taken
from tests.faults.dying import publish_for_ever, record_each, turn
from tests.faults.soundness import verify_as_left, verify_caught_up
from tests.standards.world import NOW
from tests.traceability.conftest import register
from traceability.models import Checkpoint, Lot
from traceability.publishing import publish_checkpoint
from traceability.recording import Submission, record_statements
from traceability.registering import begin_ledger

ROUNDS, WRITERS, EACH = 5, 2, 250
T = 10**9
MG = quantity("1", "mg")


def build():
    begin_ledger(operator="operator", name="Operator", country="CA", effective="2026-01-01")
    known = register("alice").records(extraction("alice:L", "100"))
    publish_checkpoint()
    return known


def work_of(writer):
    """Return what one writer says: half of it makes new lots, all of it takes from one lot."""
    claims = [
        split("alice:L", taken(f"alice:{writer}-{n}", MG)) if n % 2 else loss("alice:L", MG)
        for n in range(EACH)
    ]
    return [signed(statement(claim, "alice")) for claim in claims]


def test_nothing_acknowledged_is_lost_and_nothing_is_done_twice(scene):
    chance = random.Random(20260301)  # noqa: S311 - the same moments in every run, nearly
    works = [work_of(writer) for writer in range(WRITERS)]
    acknowledged: list[set[str]] = [set() for _ in works]
    cut_short = 0
    for _ in range(ROUNDS):
        with ExitStack() as stack:
            channels = [Pipe(duplex=False) for _ in works]
            for work, (_, receipts) in zip(works, channels, strict=True):
                stack.enter_context(scene.process(partial(record_each, work, receipts=receipts)))
                receipts.close()
            stack.enter_context(scene.process(publish_for_ever))
            stack.enter_context(scene.process(partial(turn, NOW)))
            time.sleep(chance.uniform(0.15, 0.6))
            cut_short += sum(process.is_alive() for process in scene._running)
        for told, (channel, _) in zip(acknowledged, channels, strict=True):
            told |= {entry for _, entry in everything_from(channel)}
        verify_as_left()
    assert cut_short > ROUNDS
    assert all(acknowledged)

    entries = [
        {outcome.entry for outcome in record_statements([Submission(jws=jws) for jws in work])}
        for work in works
    ]
    for told, complete in zip(acknowledged, entries, strict=True):
        assert told <= complete  # the receipts of before, and those that nobody received
        assert len(complete) == EACH
    assert Lot.objects.get(id="alice:L").amount == 100 * T - WRITERS * EACH
    scene.does(publish_checkpoint)
    verify_caught_up([*scene.facts, *set.union(*acknowledged)])
    assert Checkpoint.objects.count() > 1


def test_processes_that_draw_on_one_lot_never_take_more_than_it_holds(scene):
    tonne = [signed(statement(loss("alice:L", "1"), "alice")) for _ in range(120)]
    with ExitStack() as stack:
        channels = [Pipe(duplex=False) for _ in range(4)]
        processes = []
        for n, (_, receipts) in enumerate(channels):
            work = partial(record_each, tonne[n::4], receipts=receipts)
            processes.append(stack.enter_context(scene.process(work))[0])
            receipts.close()
        for process in processes:
            process.join(60)
        kinds = [kind for channel, _ in channels for kind, _ in everything_from(channel)]
    assert (kinds.count("recorded"), kinds.count("rejected")) == (100, 20)
    assert Lot.objects.get(id="alice:L").amount == 0
    scene.does(publish_checkpoint)
    verify_caught_up(scene.facts)


def everything_from(channel):
    """Return the outcomes that arrived, also of a sender that died."""
    found = []
    try:
        while channel.poll():
            found.append(channel.recv())
    except EOFError:
        pass
    finally:
        channel.close()
    return found
