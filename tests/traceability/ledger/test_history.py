"""What of a history a lot needs, and what came of it."""

from tests.traceability.ledger.histories import (
    history,
    made,
    mined,
    taken,
)
from traceability.ledger.history import restrict


def test_a_restricted_history_keeps_earlier_withdrawals_and_drops_later_ones():
    steps = history(
        ("extraction", [], [mined("ore", 9, Cu=3)]),
        ("split", [taken("ore", 3, 9)], [made("before", 3)]),
        ("split", [taken("ore", 3, 6)], [made("asked", 3)]),
        ("split", [taken("ore", 3, 3)], [made("after", 3)]),
    )
    kept = restrict(steps, {"asked"})
    assert [(step.entry, len(step.makes)) for step in kept] == [("e0", 1), ("e1", 0), ("e2", 1)]
