"""The publisher is killed at every step from a waiting entry to a served checkpoint."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings

from tests.builders import extraction, loss
from tests.faults.dying import AFTER, BEFORE, COMMIT, Step
from tests.faults.soundness import verify_as_left, verify_caught_up
from tests.traceability.conftest import register
from traceability.guarding import guarded_checkpoint
from traceability.models import Checkpoint, LogIndex, Pending, Tile
from traceability.publishing import publish_checkpoint
from traceability.registering import begin_ledger

WAITING = 260  # one whole tile and a part of another
PUBLISHING, GUARDING = "traceability.publishing.", "traceability.guarding."
SEQUENCE, SIGN, SWAP = PUBLISHING + "sequence", PUBLISHING + "sign", PUBLISHING + "swap_guard"
FSYNC = "os.fsync"
RENAME = GUARDING + "Path.replace"
SERVE = PUBLISHING + "CheckpointRow.objects.bulk_create"


NOTHING, SEQUENCED, GUARDED, SERVED = range(4)


@dataclass(frozen=True, slots=True)
class Left:
    """How far a publisher that died there had come for good."""

    step: Step
    done: int
    beside: str | None  # the file beside the guard: `empty`, `whole`, or none


def dead(when, at, done=NOTHING, *, beside=None, **more):
    return Left(Step(when=when, at=at, **more), done, beside)


STEPS = {
    # giving entries their index
    "before anything is sequenced": dead(BEFORE, SEQUENCE),
    "with the tree locked": dead(AFTER, PUBLISHING + "_locked_state"),
    "with the waiting entries read": dead(AFTER, PUBLISHING + "_read_pending"),
    "with the guard compared": dead(AFTER, PUBLISHING + "verify_guard"),
    "with the tiles extended in memory": dead(AFTER, PUBLISHING + "extend_tiles"),
    "with indices written and no tile": dead(AFTER, PUBLISHING + "_insert_indices"),
    "with whole tiles written and the old edge": dead(BEFORE, "traceability.models.LogState.save"),
    "with the new edge written": dead(AFTER, "traceability.models.LogState.save"),
    "before what was sequenced is committed": dead(BEFORE, COMMIT, within=SEQUENCE),
    "after what was sequenced is committed": dead(AFTER, COMMIT, SEQUENCED, within=SEQUENCE),
    # signing the tree
    "before the tree is signed": dead(BEFORE, SIGN, SEQUENCED),
    "with the guard compared again": dead(
        AFTER, PUBLISHING + "verify_guard", SEQUENCED, within=SIGN
    ),
    "before the checkpoint is signed": dead(BEFORE, PUBLISHING + "sign_checkpoint", SEQUENCED),
    "with a signed checkpoint that nobody has seen": dead(
        AFTER, PUBLISHING + "sign_checkpoint", SEQUENCED
    ),
    # moving the guard: compare, write beside it, make durable, rename, make the name durable
    "before the guard is locked": dead(BEFORE, SWAP, SEQUENCED),
    "with the guard locked": dead(AFTER, GUARDING + "fcntl.flock", SEQUENCED, within=SWAP),
    "with the guard compared with what was known": dead(
        AFTER, GUARDING + "guarded_checkpoint", SEQUENCED, within=SWAP
    ),
    "with an empty file beside the guard": dead(
        AFTER, GUARDING + "Path.open", SEQUENCED, within=SWAP, turn=3, beside="empty"
    ),
    "with a file beside the guard that is not yet durable": dead(
        BEFORE, FSYNC, SEQUENCED, within=SWAP, beside="whole"
    ),
    "with a durable file beside the guard": dead(
        AFTER, FSYNC, SEQUENCED, within=SWAP, beside="whole"
    ),
    "before the new guard takes its name": dead(BEFORE, RENAME, SEQUENCED, beside="whole"),
    "with a guard whose name is not yet durable": dead(AFTER, RENAME, GUARDED),
    "with a durable guard that is still locked": dead(AFTER, FSYNC, GUARDED, within=SWAP, turn=2),
    "with the guard released": dead(AFTER, SWAP, GUARDED),
    # serving it
    "before the checkpoint is written": dead(BEFORE, SERVE, GUARDED),
    "with the checkpoint written": dead(AFTER, SERVE, GUARDED),
    "before the checkpoint is committed": dead(BEFORE, COMMIT, GUARDED, within=SIGN),
    "after the checkpoint is committed": dead(AFTER, COMMIT, SERVED, within=SIGN),
    "when everything is done": dead(AFTER, SIGN, SERVED),
}


def build():
    """Publish what there is, then let a tile and more of entries wait."""
    begin_ledger(operator="operator", name="Operator", country="CA", effective="2026-01-01")
    alice = register("alice")
    known = alice.records(extraction("alice:L"))
    published = publish_checkpoint()
    return published, known + alice.records(*[loss("alice:L", "0.001") for _ in range(WAITING)])


def how_far(published):
    """Return which of the three durable things are done; each is done after the one before."""
    done = [
        LogIndex.objects.count() > published,
        guarded_checkpoint().size > published,
        Checkpoint.objects.count() > 1,
    ]
    assert done == sorted(done, reverse=True)
    return sum(done)


def beside_the_guard():
    """Return what an unfinished new guard looks like, if there is one."""
    unfinished = Path(f"{settings.GUARD_PATH}.new")
    if not unfinished.exists():
        return None
    return "whole" if unfinished.read_text() else "empty"


@pytest.mark.parametrize("left", STEPS.values(), ids=STEPS.keys())
def test_a_publisher_killed(scene, left):
    published, acknowledged = scene.facts

    scene.dies(publish_checkpoint, left.step)

    verify_as_left()
    assert how_far(published) == left.done
    assert beside_the_guard() == left.beside
    assert Pending.objects.count() == (0 if left.done else WAITING)
    assert Tile.objects.count() == (1 if left.done else 0)

    assert scene.does(publish_checkpoint) == published + WAITING
    verify_caught_up(acknowledged)
    assert Checkpoint.objects.count() == 2
    assert beside_the_guard() is None


def test_a_publisher_killed_between_two_parts_of_a_backlog(scene):
    """What was sequenced stays; whoever comes next signs all of it at once."""
    published, acknowledged = scene.facts
    small = {PUBLISHING + "BATCH": 100}

    scene.dies(publish_checkpoint, Step(when=AFTER, at=SEQUENCE, turn=2), small)
    verify_as_left()
    assert Pending.objects.count() == WAITING - 200

    scene.dies(publish_checkpoint, Step(when=BEFORE, at=COMMIT, within=SEQUENCE), small)
    verify_as_left()
    assert scene.does(publish_checkpoint) == published + WAITING
    verify_caught_up(acknowledged)


def test_a_publisher_killed_at_every_turn_in_a_row(scene):
    """Five deaths, each further on, before one comes through."""
    published, acknowledged = scene.facts
    far = (
        Step(when=BEFORE, at=COMMIT, within=SEQUENCE),
        Step(when=AFTER, at=SEQUENCE),
        Step(when=AFTER, at=FSYNC, within=SWAP),
        Step(when=AFTER, at=RENAME),
        Step(when=BEFORE, at=COMMIT, within=SIGN),
    )
    for step in far:
        scene.dies(publish_checkpoint, step)
        verify_as_left()
    assert scene.does(publish_checkpoint) == published + WAITING
    verify_caught_up(acknowledged)


def test_of_two_publishers_one_is_killed_and_the_other_goes_on(scene):
    """The second waits for the first one's lock, and the kill gives it free."""
    published, acknowledged = scene.facts

    with scene.process(publish_checkpoint, Step(when=BEFORE, at=COMMIT, within=SIGN)) as (
        dying,
        _,
    ):
        assert scene.does(publish_checkpoint) == published + WAITING
        dying.join()
    verify_caught_up(acknowledged)
