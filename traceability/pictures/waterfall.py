"""Geometry of a balance: from the opening stock, step by step, to the closing one.

Bars stand where the one before them ended, in whole pixels; their tops are rounded, so that
nothing slips between two steps. Where an amount is known only within a range, the picture
follows its upper end, and the bar says that it does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 924, 220
_ABOVE, _BELOW = 34, 46


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDrawn:
    """One bar: a stock, or what came in or went out. `level` joins it to the `next`."""

    title: str
    text: str
    look: str  # stock, in, out
    is_range: bool
    x: int
    y: int
    width: int
    height: int
    level: int
    next: int

    @property
    def middle(self) -> int:
        """Return the middle of the bar."""
        return self.x + self.width // 2

    @property
    def right(self) -> int:
        """Return where the bar ends."""
        return self.x + self.width

    @property
    def text_at(self) -> int:
        """Return the baseline of the amount, above the bar."""
        return self.y - 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a bar stands for; `change` is signed, and for a stock the whole of it."""

    title: str
    text: str
    change: int
    is_stock: bool = False
    is_range: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """A balance, drawn. `floor` is where nothing is."""

    bars: tuple[StepDrawn, ...]
    floor: int
    labels: int
    width: int = WIDTH
    height: int = HEIGHT


def waterfall(steps: Sequence[Step]) -> Waterfall | None:
    """Return the drawing of stocks and steps; None where all of it is nothing."""
    levels, level = [], 0
    for step in steps:
        before = 0 if step.is_stock else level
        level = step.change if step.is_stock else level + step.change
        levels.append((before, level))
    top = max((one for pair in levels for one in pair), default=0)
    bottom = min((one for pair in levels for one in pair), default=0)
    top, bottom = max(top, 0), min(bottom, 0)
    if top == bottom:
        return None
    room, span = HEIGHT - _ABOVE - _BELOW, top - bottom

    def at(amount: int) -> int:
        return _ABOVE + (2 * (top - amount) * room + span) // (2 * span)

    pitch = WIDTH // len(steps)
    width = min(90, pitch * 7 // 10)
    bars = []
    for number, (step, (before, after)) in enumerate(zip(steps, levels, strict=True)):
        high, low = at(max(before, after)), at(min(before, after))
        look = "stock" if step.is_stock else "in" if step.change >= 0 else "out"
        bars.append(
            StepDrawn(
                title=step.title,
                text=step.text,
                look=look,
                is_range=step.is_range,
                x=number * pitch + (pitch - width) // 2,
                y=high,
                width=width,
                height=max(1, low - high),
                level=at(after),
                next=(number + 1) * pitch + (pitch - width) // 2,
            )
        )
    return Waterfall(bars=tuple(bars), floor=at(0), labels=HEIGHT - _BELOW + 18)
