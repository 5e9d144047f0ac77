"""What came to a lot in turn, and what it therefore holds, in the order in which it holds.

Whoever weighs or counts a lot says what it holds from then on. What somebody later corrects
of the time before makes that no other amount, as it does not in the lot's history
(`chronicle`): otherwise a supplier's correction would take from what its buyer has weighed.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from traceability.ledger.book import Movement

OFFSET = "offset"
"""The role of a movement by which an amendment leaves a lot at what was weighed since."""


class Turn(Struct, frozen=True, kw_only=True):
    """What one standing statement did to a lot's amount, gross.

    `order` is that of the statement, or of the first of its correction chain; `to` is what
    was weighed or counted. Turns of one order are in the order of its movements.
    """

    order: int
    delta: int
    to: int | None = None
    begins: bool = False


def turns_of(order: int, movements: Iterable["Movement"]) -> dict[str, list[Turn]]:
    """Return the turns that a statement's movements are, by lot."""
    turns: dict[str, list[Turn]] = {}
    for movement in movements:
        if movement.role in ("make", "take", "adjust"):
            weighed = int(movement.facts["to"]) if movement.role == "adjust" else None
            begins = movement.role == "make"
            turn = Turn(order=order, delta=movement.delta, to=weighed, begins=begins)
            turns.setdefault(movement.lot, []).append(turn)
    return turns


def with_turns(before: Sequence[Turn], order: int, new: Sequence[Turn]) -> list[Turn]:
    """Return a lot's turns with those of one order replaced."""
    return [turn for turn in before if turn.order != order] + list(new)


def in_order(turns: Iterable[Turn]) -> list[Turn]:
    """Return turns in the order in which they hold.

    Its beginning comes first: a correction may name a lot that began later than what it corrects.
    """
    return sorted(turns, key=lambda turn: (not turn.begins, turn.order))


def amount_after(turns: Iterable[Turn]) -> int:
    """Return what a lot holds after its turns; below zero where it gave more than it held."""
    amount = 0
    for turn in in_order(turns):
        amount = amount + turn.delta if turn.to is None else turn.to
    return amount


def shortfall_of(turns: Iterable[Turn]) -> int:
    """Return how much a lot gave beyond what it held, over all its turns.

    Taken is what was there at that turn; the rest is short, and stays so when the lot is counted
    afterwards: a count says what is there, not where the rest had come from. The same amounts are
    of unknown source in its history (`provenance`), and in the database (`ledger_shortfall`).
    """
    held = short = 0
    for turn in in_order(turns):
        if turn.delta < 0 and turn.to is None:
            short += max(0, -turn.delta - max(held, 0))
        held = held + turn.delta if turn.to is None else turn.to
    return short


def is_weighed_after(turns: Iterable[Turn], order: int) -> bool:
    """Tell whether a lot was weighed or counted after the statement of that order."""
    return any(turn.to is not None and turn.order > order for turn in turns)
