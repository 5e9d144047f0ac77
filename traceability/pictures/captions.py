"""What is written in the picture of a way, line by line, and how wide that makes its columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from traceability.pictures.grouping import Group, Grouped, Turn
from traceability.pictures.lettering import CUT, width_of, wrapped

LINE, HEAD_LINE = 15, 13
"""From a line to the next: of a caption, and of what a column is called."""
OPENS = "\N{NO-BREAK SPACE}▸"
"""What stands behind the name of a group that can be opened."""
_PAGE = 924
_CHANNEL, _WIDEST_CHANNEL = 40, 240  # between columns
_WIDTHS = (200, 160, 130)  # of captions: the first with which the picture fits a page, or the last
_NAME_LINES, _DETAIL_LINES, _HEAD_LINES = 4, 2, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """What is written over a bar, and where the bar leads when it is chosen.

    `detail` is on one line where there is room. `mark` is a sign with the class of its colour
    and its word. A caption without `href` leads nowhere. `is_closed`: its name is not opened to
    the reader. Bars of a higher `rank` stand below all others of their column.
    """

    name: str
    detail: tuple[str, ...]
    title: str
    href: str = ""
    colour: str = ""
    look: str = "known"
    mark: tuple[str, str, str] | None = None
    is_closed: bool = False
    rank: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a caption: text, how it looks, and its baseline."""

    text: str
    look: str
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Captions as lines of (text, look) by key of their group, and what columns are called.

    By column: `heads`, `rooms` (how wide it is) and `lefts` (where it begins).
    """

    texts: Mapping[str, Sequence[tuple[str, str]]]
    heads: Sequence[tuple[Line, ...]]
    rooms: Sequence[int]
    lefts: Sequence[int]

    @property
    def width(self) -> int:
        """Return the width of all columns and the channels between them."""
        return self.lefts[-1] + self.rooms[-1]


def write(
    told: Grouped,
    captions: Mapping[str, Caption],
    titles: Mapping[Turn, str],
    *,
    narrowest: int,
) -> Written:
    """Break all texts into lines, as wide as a page has room for, and place the columns."""
    between = len(told.columns) - 1
    for width in _WIDTHS:
        texts = {one.key: _lines(one, captions[one.key], width) for one in told.groups}
        heads = [_head([titles[turn] for turn in turns], width) for turns in told.columns]
        rooms = _rooms(told, texts, heads, narrowest)
        spare = _PAGE - sum(rooms) - _CHANNEL * between
        if spare >= 0:
            break
    channel = min(_CHANNEL + max(0, spare) // between, _WIDEST_CHANNEL)
    lefts = list(accumulate((room + channel for room in rooms[:-1]), initial=0))
    return Written(texts=texts, heads=heads, rooms=rooms, lefts=lefts)


def _rooms(
    told: Grouped,
    texts: Mapping[str, Sequence[tuple[str, str]]],
    heads: Sequence[Sequence[Line]],
    narrowest: int,
) -> list[int]:
    number = {turn: place for place, turns in enumerate(told.columns) for turn in turns}
    rooms = [max([narrowest, *(width_of(line.text) for line in head)]) for head in heads]
    for group in told.groups:
        widest = max(width_of(text) for text, _look in texts[group.key])
        rooms[number[group.turn]] = max(rooms[number[group.turn]], widest)
    return rooms


def _lines(group: Group, caption: Caption, width: int) -> list[tuple[str, str]]:
    name = caption.name + OPENS * group.can_open
    lines = [(text, "l-strong") for text in wrapped(name, width, most=_NAME_LINES)]
    details = [" · ".join(caption.detail)]
    if width_of(details[0]) > width:
        details = list(caption.detail)
    for one in filter(None, details):
        lines += [(text, "l-faint") for text in wrapped(one, width, most=_DETAIL_LINES)]
    if caption.mark is not None:
        look, sign, word = caption.mark
        marked = wrapped(f"{sign}\N{NO-BREAK SPACE}{word}", width, most=_DETAIL_LINES)
        lines += [(text, look) for text in marked]
    return lines


def _head(titles: Sequence[str], width: int) -> tuple[Line, ...]:
    """Return what a column is called, one title below the other."""
    texts = [text for one in titles if one for text in wrapped(one, width, most=_DETAIL_LINES)]
    if len(texts) > _HEAD_LINES:
        texts = [*texts[: _HEAD_LINES - 1], CUT]
    return tuple(
        Line(text=text, look="l-columnhead", y=12 + HEAD_LINE * number)
        for number, text in enumerate(texts)
    )
