"""A bar cut into parts, in whole pixels: what there is of each kind, out of the whole."""

from collections.abc import Mapping
from dataclasses import dataclass

from traceability.ledger.apportioning import scaled

WIDTH, HEIGHT = 360, 18
_LEAST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One part of the bar: how many there are, from where, how wide."""

    look: str
    count: int
    x: int
    width: int


def stacked_bar(counts: Mapping[str, int], *, longest: int) -> list[Segment]:
    """Return the parts of a bar in the order given; what there is none of is left out.

    Args:
        longest: the count that fills the whole width, so that bars can be compared.
    """
    shown = {look: count for look, count in counts.items() if count}
    total = sum(shown.values())
    if not total:
        return []
    # Whatever there is gets so many pixels that it can be seen; the rest goes by count.
    room = max(0, WIDTH * total // max(total, longest) - _LEAST * len(shown))
    widths = scaled(shown, room, total)
    segments: list[Segment] = []
    for look, count in shown.items():
        x = segments[-1].x + segments[-1].width if segments else 0
        width = _LEAST + widths.get(look, 0)
        segments.append(Segment(look=look, count=count, x=x, width=width))
    return segments
