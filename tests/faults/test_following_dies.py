"""The worker is killed at every step from a published entry to a flag and a logged verdict.

Every story begins with the same bytes and ends as the undisturbed one does: the same findings,
judgements, flags and decisions on flags, nothing twice, nothing left in the queue.
"""

from functools import partial

import pytest

from standards.following import follow_log
from standards.known import followed_size
from standards.models import (
    Assessment,
    Certificate,
    CertificateStatus,
    ClubPolicy,
    DueAssessment,
    Flag,
    FlagDecision,
    Judgement,
    PackActivation,
)
from tests.faults.dying import AFTER, BEFORE, COMMIT, Step, turn
from tests.faults.soundness import verify_as_left, verify_caught_up, verify_logged_verdicts
from tests.standards.world import NOW, World
from traceability.tracing import published_size

FOLLOWING, ASSESSING = "standards.following.", "standards.assessing."
FOLLOW, ASSESS = FOLLOWING + "_follow_batch", ASSESSING + "_assess_batch"
LOG, GATHER = ASSESSING + "log_verdicts", ASSESSING + "_gather_run"
RECORD = "traceability.recording._record"
SMALL = {FOLLOWING + "BATCH": 10, ASSESSING + "BATCH": 1}  # several turns where one would do
TURN = partial(turn, NOW)
CATCH_UP = partial(turn, NOW, times=2)  # the second follows the verdicts that the first logged

STEPS = {
    # following
    "before anything is followed": Step(when=BEFORE, at=FOLLOW),
    "with new entries read": Step(when=AFTER, at=FOLLOWING + "_said"),
    "with a policy taken in and nothing due": Step(
        when=BEFORE, at=FOLLOWING + "_mark_touched", turn=2
    ),
    "with lots marked and the old cursor": Step(when=BEFORE, at="standards.models.Cursor.save"),
    "with the cursor moved": Step(when=AFTER, at="standards.models.Cursor.save", turn=2),
    "before what was followed is committed": Step(when=BEFORE, at=COMMIT, within=FOLLOW),
    "after some of the entries are followed": Step(when=AFTER, at=FOLLOW, turn=2),
    "after all entries are followed": Step(when=BEFORE, at=ASSESS),
    # assessing
    "with lots claimed from the queue": Step(when=AFTER, at=ASSESSING + "_claim"),
    "with the findings of a lot kept and not judged": Step(
        when=BEFORE, at=ASSESSING + "raise_flags"
    ),
    "with a judgement and no flag": Step(when=BEFORE, at="standards.flagging._open"),
    "with one flag of several": Step(when=AFTER, at="standards.flagging._open"),
    "with a lot judged that is still in the queue": Step(when=BEFORE, at=ASSESSING + "_settle"),
    "with a lot out of the queue": Step(when=AFTER, at=ASSESSING + "_settle"),
    "before the verdicts of a lot are committed": Step(when=BEFORE, at=COMMIT, within=ASSESS),
    "after the verdicts of the first lot are committed": Step(when=AFTER, at=ASSESS),
    "after the verdicts of all lots are committed": Step(when=BEFORE, at=LOG),
    # logging the verdicts
    "with a run put together": Step(when=AFTER, at=ASSESSING + "verdict_root"),
    "before the run is committed": Step(when=BEFORE, at=COMMIT, within=GATHER),
    "with a run that has no statement": Step(when=AFTER, at=GATHER),
    "before the statement of the run is committed": Step(when=BEFORE, at=COMMIT, within=RECORD),
    "with a statement recorded that its run does not know": Step(
        when=AFTER, at=ASSESSING + "record_as_service"
    ),
    "when everything is done": Step(when=AFTER, at=LOG),
}


def build():
    """Two lots of copper, one audited site, a club with a policy: all published, none followed."""
    world = World()
    world.packs()
    world.policy()
    world.audited()
    world.copper_chain()
    world.mined("mine:more")
    world.publish()
    return [], []


def told():
    """Return everything that a reader sees of what the worker does, without ids and sizes."""

    def rows(model, *names):
        return sorted(model.objects.values_list(*names), key=str)

    return {
        "certificates": rows(Certificate, "index", "certificate", "level"),
        "statuses": rows(CertificateStatus, "index", "certificate", "status"),
        "policies": rows(ClubPolicy, "index", "club_id", "digest"),
        "packs": rows(PackActivation, "index", "pack", "digest"),
        "assessments": rows(
            Assessment, "lot", "mineral", "club", "policy", "verdict_digest", "is_current"
        ),
        "judgements": rows(
            Judgement, "club_id", "lot", "mineral", "verdict", "because", "reasons", "is_current"
        ),
        "flags": rows(Flag, "club_id", "lot", "mineral", "rule_id", "status", "because", "due_on"),
        "decisions": rows(FlagDecision, "flag__lot", "flag__rule_id", "decision", "because"),
        "queue": rows(DueAssessment, "lot", "because", "due_on"),
    }


@pytest.fixture(scope="module")
def undisturbed(stage):
    """Return what comes of the story when nobody dies."""
    stage.go_back()
    stage.does(TURN)
    stage.does(TURN)
    outcome = told()
    for what in ("certificates", "policies", "packs", "assessments", "judgements", "flags"):
        assert outcome[what], f"the story has no {what}"
    assert len(outcome["decisions"]) > 2
    return outcome


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS.keys())
def test_a_worker_killed(scene, undisturbed, step):
    scene.dies(TURN, step, SMALL)
    verify_as_left()
    assert followed_size() <= published_size()

    scene.does(CATCH_UP)
    assert told() == undisturbed
    verify_logged_verdicts()
    assert followed_size() == published_size()
    verify_caught_up([])

    assert scene.does(TURN) == (0, 0)
    assert told() == undisturbed


def test_a_worker_killed_again_and_again_comes_through_in_the_end(scene, undisturbed):
    for step in STEPS.values():
        with scene.process(TURN, step, SMALL) as (process, _):
            process.join()
    scene.does(CATCH_UP)
    assert told() == undisturbed
    verify_logged_verdicts()
    verify_caught_up([])


def test_of_two_workers_one_is_killed_and_the_other_finishes_its_lots(scene, undisturbed):
    scene.does(partial(follow_log, now=NOW))
    with scene.process(TURN, Step(when=AFTER, at=ASSESSING + "_settle"), SMALL) as (dying, _):
        scene.does(TURN, None, SMALL)
        dying.join()
    scene.does(CATCH_UP)
    assert told() == undisturbed
    verify_logged_verdicts()
    verify_caught_up([])
