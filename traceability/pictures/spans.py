"""Spans of days under each other on one axis of months, in whole pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, ROW = 760, 44
_LEFT, _TOP, _BOTTOM, _LEAST = 8, 6, 22, 3
_MOST_TICKS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What lasts from one day to another, both included; `marks` are days that stand out."""

    name: str
    look: str
    first: date
    last: date
    marks: tuple[tuple[str, date], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkDrawn:
    """A day that stands out: a circle of this look at `x`."""

    look: str
    day: date
    x: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanDrawn:
    """One bar with its name above it, which ends at the right where it would run out of sight."""

    span: Span
    x: int
    y: int
    width: int
    text_x: int
    text_y: int
    anchor: str
    marks: tuple[MarkDrawn, ...]

    @property
    def middle(self) -> int:
        """Return the middle of the bar's height."""
        return self.y + 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """All bars, the firsts of months along the axis, and where today is."""

    bars: tuple[SpanDrawn, ...]
    ticks: tuple[tuple[int, date], ...]
    today: int
    floor: int
    height: int
    width: int = WIDTH


def spans_picture(spans: Sequence[Span], *, today: date) -> Spans | None:
    """Return the drawing of spans in the order given; None for none."""
    if not spans:
        return None
    days = [day for span in spans for day in (span.first, span.last, *(d for _, d in span.marks))]
    begin, end = min(today, *days), max(today, *days)
    total = (end - begin).days + 1

    def at(day: date) -> int:
        return _LEFT + (WIDTH - 2 * _LEFT) * (day - begin).days // total

    bars = []
    for number, span in enumerate(spans):
        x, top = at(span.first), _TOP + number * ROW
        until = _LEFT + (WIDTH - 2 * _LEFT) * ((span.last - begin).days + 1) // total
        is_late = x > WIDTH // 2
        bars.append(
            SpanDrawn(
                span=span,
                x=x,
                y=top + 18,
                width=max(_LEAST, until - x),
                text_x=until if is_late else x,
                text_y=top + 12,
                anchor="end" if is_late else "start",
                marks=tuple(MarkDrawn(look=look, day=day, x=at(day)) for look, day in span.marks),
            )
        )
    floor = _TOP + len(spans) * ROW
    return Spans(
        bars=tuple(bars),
        ticks=tuple((at(day), day) for day in _firsts(begin, end)),
        today=at(today),
        floor=floor,
        height=floor + _BOTTOM,
    )


def _firsts(begin: date, end: date) -> list[date]:
    """Return first days of months from one day to another, evenly apart and not too many."""
    months = range(begin.year * 12 + begin.month, end.year * 12 + end.month)
    step = 1 + len(months) // _MOST_TICKS
    return [date(month // 12, month % 12 + 1, 1) for month in months[::step]]
