"""The curve of the log's size, in whole pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

WIDTH, HEIGHT = 640, 160
_LEFT, _BOTTOM = 4, 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """A curve of the log's size: `line` and `area` are SVG point lists."""

    line: str
    area: str
    first: datetime
    last: datetime
    size: int


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
