"""No lot is made of what came of it, whoever corrects what, in whatever order, at once or not."""

import threading

import pytest

from tests.builders import Company, blend, correction, extraction, new_lot, taken
from tests.traceability.conftest import register
from tests.traceability.logbook import rows, verify_states
from tests.traceability.parallel import at_once
from traceability.publishing import publish_checkpoint
from traceability.registering import begin_ledger

pytestmark = pytest.mark.django_db(transaction=True)
MINE = "alice:mine"
RESTS = ("rest", "rest_of_y")


@pytest.fixture
def alice(settings, tmp_path):
    settings.GUARD_PATH = str(tmp_path / "checkpoint")
    begin_ledger(operator="operator", name="O", country="CA", effective="2026-01-01")
    register("alice")
    company = Company("alice")
    company.records(*(extraction(f"alice:{name}", "100") for name in ("a", "b")))
    company.records(*(extraction(f"alice:{name}", "1000") for name in RESTS))
    return company


def rest_of(into):
    """Return what a lot is filled up from: not the same lot for two corrected at once."""
    return RESTS["y" in into]


def mixed(into, *parts):
    """Blend a part of each lot; the rest of ten tonnes is taken from a lot of no interest."""
    inputs = [taken(f"alice:{name}", "1") for name in parts]
    inputs.append(taken(f"alice:{rest_of(into)}", str(10 - len(parts))))
    return blend(inputs, new_lot(f"alice:{into}", "10"), at=MINE)


def corrected(entry, into, *parts, before=()):
    """Say that other lots went into a blend; `before` are those named until now."""
    lots = {rest_of(into), into, *parts, *before}
    return correction(entry, mixed(into, *parts), *(f"alice:{name}" for name in sorted(lots)))


def test_a_lot_cannot_have_gone_into_what_it_came_of(alice):
    first, _, _ = alice.records(mixed("x", "a"), mixed("y", "x"), mixed("z", "y"))
    before = rows()
    [outcome] = alice.sends(corrected(first, "x", "a", "z"))

    assert outcome.error.code == "made_of_itself"
    assert outcome.error.message == "alice:z came of alice:x and cannot have gone into it."
    assert outcome.error.at == "$.body.replacement.body"
    assert rows() == before


def test_a_later_lot_of_other_origin_may_have_gone_in(alice):
    first, _ = alice.records(mixed("x", "a"), mixed("y", "b"))
    alice.records(corrected(first, "x", "a", "y"))
    publish_checkpoint()
    verify_states()


def test_a_way_that_a_correction_opened_closes_no_circle_either(alice):
    first, second = alice.records(mixed("x", "a"), mixed("y", "b"))
    alice.records(corrected(first, "x", "a", "y"))
    told = alice.is_refused(corrected(second, "y", "b", "x"))  # x began before y

    assert told.code == "made_of_itself"


def test_a_way_that_was_corrected_away_is_none(alice):
    first, second = alice.records(mixed("x", "a"), mixed("y", "x"))
    alice.records(corrected(second, "y", "b", before=["x"]))
    alice.records(corrected(first, "x", "a", "y"))
    publish_checkpoint()
    verify_states()


def test_what_is_said_earlier_in_a_batch_counts(alice):
    first, second = alice.records(mixed("x", "a"), mixed("y", "b"))
    one, other = alice.sends(corrected(first, "x", "a", "y"), corrected(second, "y", "b", "x"))
    assert (one.error, other.error.code) == (None, "made_of_itself")


@pytest.mark.parametrize("count", [0, 80])
def test_a_new_lot_of_the_same_batch_came_of_what_it_was_made_of(alice, count):
    [first] = alice.records(mixed("x", "a"))
    others = [extraction(f"alice:o{number}", "1") for number in range(count)]
    *_, last = alice.sends(*others, mixed("y", "x"), corrected(first, "x", "a", "y"))
    assert last.error.code == "made_of_itself"
    publish_checkpoint()
    verify_states()


def test_of_two_corrections_at_once_that_close_a_circle_together_one_is_refused(alice):
    rounds = range(12)
    made = [
        alice.records(
            mixed(f"x{n}", "a"), mixed(f"y{n}", "b"), mixed(f"of_x{n}", f"x{n}"),
            mixed(f"of_y{n}", f"y{n}"),
        )
        for n in rounds
    ]  # fmt: skip
    start = threading.Barrier(2)

    def corrects(which, into, part, other):
        codes = []
        for n in rounds:
            start.wait(20)
            claim = corrected(made[n][which], f"{into}{n}", part, f"{other}{n}")
            alone = extraction(f"alice:with_{into}{n}")  # of two, none shares a transaction
            outcome, _ = alice.sends(claim, alone)
            codes.append(outcome.error.code if outcome.error else "")
        return codes

    one, two = at_once(lambda: corrects(0, "x", "a", "of_y"), lambda: corrects(1, "y", "b", "of_x"))

    assert [sorted(codes) for codes in zip(one, two, strict=True)] == [
        ["", "made_of_itself"] for _ in rounds
    ]
    publish_checkpoint()
    verify_states()
