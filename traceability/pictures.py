"""Geometry of the drawings on pages, in whole pixels: templates only write it down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

WIDTH, HEIGHT = 640, 160
_LEFT, _BOTTOM = 4, 24
FLOW_WIDTH = 640
_LABELS, _BAR, _GAP, _TALL = 250, 12, 10, 150
_LEAST = 26  # a label needs a line and a half


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """A curve of the log's size: `line` and `area` are SVG point lists."""

    line: str
    area: str
    first: datetime
    last: datetime
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One source of a lot: what to call it, its share, and whether it is known at all."""

    label: str
    detail: str
    share: Fraction
    share_text: str
    is_known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ribbon:
    """One part of a flow, drawn: its bar on the left and its ribbon to the lot on the right."""

    part: Part
    colour: str
    bar: tuple[int, int]  # top, height
    text_at: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Where a lot's metal comes from, drawn from left to right."""

    ribbons: tuple[Ribbon, ...]
    height: int
    lot_top: int
    lot_height: int
    width: int = FLOW_WIDTH
    labels: int = _LABELS
    bar: int = _BAR

    @property
    def lot_left(self) -> int:
        """Return where the lot's own bar begins."""
        return FLOW_WIDTH - 80


def growth_picture(points: Sequence[tuple[datetime, int]]) -> Growth | None:
    """Return the curve through (published at, size); None for fewer than two checkpoints."""
    if len(points) < 2 or points[0][0] == points[-1][0]:
        return None
    first, last = points[0][0], points[-1][0]
    span, tallest = last - first, max(size for _, size in points)
    drawn = []
    for moment, size in points:
        across = _LEFT + (WIDTH - 2 * _LEFT) * (moment - first) // span
        drawn.append((across, HEIGHT - _BOTTOM - (HEIGHT - _BOTTOM - 12) * size // tallest))
    line = " ".join(f"{x},{y}" for x, y in drawn)
    floor = HEIGHT - _BOTTOM
    area = f"{drawn[0][0]},{floor} {line} {drawn[-1][0]},{floor}"
    return Growth(line=line, area=area, first=first, last=last, size=points[-1][1])


def flow_picture(parts: Sequence[Part]) -> Flow | None:
    """Return the drawing of a lot's sources, largest first as given; None without any."""
    if not parts:
        return None
    heights = [max(1, round(part.share * _TALL)) for part in parts]
    rows = [max(height, _LEAST) + _GAP for height in heights]
    tall = max(sum(rows) - _GAP, _TALL)
    lot_top = (tall - sum(heights)) // 2
    ribbons, left_at, right_at = [], 0, lot_top
    for number, (part, height, row) in enumerate(zip(parts, heights, rows, strict=True)):
        top = left_at + (row - _GAP - height) // 2
        ribbons.append(
            Ribbon(
                part=part,
                colour=f"l-c{number % 6}" if part.is_known else "l-cu",
                bar=(top, height),
                text_at=left_at + (row - _GAP) // 2 - 2,
                path=_ribbon(top, right_at, height),
            )
        )
        left_at += row
        right_at += height
    return Flow(ribbons=tuple(ribbons), height=tall, lot_top=lot_top, lot_height=sum(heights))


def _ribbon(left_top: int, right_top: int, height: int) -> str:
    """Return the outline of a band from the bar on the left to the lot on the right."""
    left, right = _LABELS + _BAR, FLOW_WIDTH - 80
    middle = (left + right) // 2
    return (
        f"M{left} {left_top} C{middle} {left_top} {middle} {right_top} {right} {right_top} "
        f"V{right_top + height} C{middle} {right_top + height} {middle} {left_top + height} "
        f"{left} {left_top + height} Z"
    )
