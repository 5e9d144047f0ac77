"""What of a history a lot needs, and what came of it."""

from tests.traceability.ledger.histories import (
    T,
    history,
    made,
    mined,
    taken,
)
from traceability.ledger.history import ancestors, descendants, restrict


def test_ancestors_and_descendants_go_through_any_number_of_steps():
    steps = history(
        ("extraction", [], [mined("a", T), mined("b", T), mined("other", T)]),
        ("blend", [taken("a", T), taken("b", 9, T)], [made("mix", T + 9)]),
        ("split", [taken("mix", 5, T + 9)], [made("part", 5)]),
        ("split", [taken("other", 5, T)], [made("stranger", 5)]),
    )
    assert ancestors(steps, "part") == {"mix", "a", "b"}
    assert descendants(steps, {"a"}) == {"mix", "part"}
    assert ancestors(steps, "a") == set()


def test_a_restricted_history_keeps_earlier_withdrawals_and_drops_later_ones():
    steps = history(
        ("extraction", [], [mined("ore", 9, Cu=3)]),
        ("split", [taken("ore", 3, 9)], [made("before", 3)]),
        ("split", [taken("ore", 3, 6)], [made("asked", 3)]),
        ("split", [taken("ore", 3, 3)], [made("after", 3)]),
    )
    kept = restrict(steps, {"asked"})
    assert [(step.entry, len(step.makes)) for step in kept] == [("e0", 1), ("e1", 0), ("e2", 1)]
