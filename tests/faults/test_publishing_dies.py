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


@dataclass(frozen=True, slots=True)
class Left:
    """What a publisher that died there had done for good."""

    step: Step
    sequenced: bool = False
    guarded: bool = False
    served: bool = False
    beside: str | None = None  # the file beside the guard: `empty`, `whole`, or none


def dead(when, at, *done, beside=None, **more):
    return Left(Step(when=when, at=at, **more), *done, beside=beside)


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
    "after what was sequenced is committed": dead(AFTER, COMMIT, True, within=SEQUENCE),
    # signing the tree
    "before the tree is signed": dead(BEFORE, SIGN, True),
    "with the guard compared again": dead(AFTER, PUBLISHING + "verify_guard", True, within=SIGN),
    "before the checkpoint is signed": dead(BEFORE, PUBLISHING + "sign_checkpoint", True),
    "with a signed checkpoint that nobody has seen": dead(
        AFTER, PUBLISHING + "sign_checkpoint", True
    ),
    # moving the guard: compare, write beside it, make durable, rename, make the name durable
    "before the guard is locked": dead(BEFORE, SWAP, True),
    "with the guard locked": dead(AFTER, GUARDING + "fcntl.flock", True, within=SWAP),
    "with the guard compared with what was known": dead(
        AFTER, GUARDING + "guarded_checkpoint", True, within=SWAP
    ),
    "with an empty file beside the guard": dead(
        AFTER, GUARDING + "Path.open", True, within=SWAP, turn=3, beside="empty"
    ),
    "with a file beside the guard that is not yet durable": dead(
        BEFORE, FSYNC, True, within=SWAP, beside="whole"
    ),
    "with a durable file beside the guard": dead(AFTER, FSYNC, True, within=SWAP, beside="whole"),
    "before the new guard takes its name": dead(BEFORE, RENAME, True, beside="whole"),
    "with a guard whose name is not yet durable": dead(AFTER, RENAME, True, True),
    "with a durable guard that is still locked": dead(
        AFTER, FSYNC, True, True, within=SWAP, turn=2
    ),
    "with the guard released": dead(AFTER, SWAP, True, True),
    # serving it
    "before the checkpoint is written": dead(BEFORE, SERVE, True, True),
    "with the checkpoint written": dead(AFTER, SERVE, True, True),
    "before the checkpoint is committed": dead(BEFORE, COMMIT, True, True, within=SIGN),
    "after the checkpoint is committed": dead(AFTER, COMMIT, True, True, True, within=SIGN),
    "when everything is done": dead(AFTER, SIGN, True, True, True),
}


def build():
    """Publish what there is, then let a tile and more of entries wait."""
    begin_ledger(operator="operator", name="Operator", country="CA", effective="2026-01-01")
    alice = register("alice")
    known = alice.records(extraction("alice:L"))
    published = publish_checkpoint()
    return published, known + alice.records(*[loss("alice:L", "0.001") for _ in range(WAITING)])


def what_is_done(published):
    """Return which of the three durable things are done."""
    return (
        LogIndex.objects.count() > published,
        guarded_checkpoint().size > published,
        Checkpoint.objects.count() > 1,
    )


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
    assert what_is_done(published) == (left.sequenced, left.guarded, left.served)
    assert beside_the_guard() == left.beside
    assert Pending.objects.count() == (0 if left.sequenced else WAITING)
    assert Tile.objects.count() == (1 if left.sequenced else 0)

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
