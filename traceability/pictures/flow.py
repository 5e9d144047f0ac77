"""Geometry of a way of metal: columns of bars and ribbons between them, in whole pixels.

Heights are proportional to milligrams, to the pixel: edges are rounded, not heights, so that
ribbons neither overlap nor leave a gap, and every column is as tall as the lot. A ribbon that
jumps columns runs through a slot in each of them. What would be thinner than a pixel is one.

A column is as wide as what is written in it. There ribbons run level; they rise and fall only in
the channels between columns, so that no text is crossed. What does not fit a page is wider than
it, and is scrolled.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from traceability.pictures.captions import HEAD_LINE, LINE, Caption, Line, Written, write
from traceability.pictures.grouping import SOURCES, Arrow, Group, Grouped, Turn

BAR = 16
TALL = 170  # the lot's bar
_CAPTION_GAP, _SLOT_GAP, _HEAD, _FOOT = 16, 8, 18, 6
_ROUNDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """How metal of one kind is drawn. Bands are stacked by `order`, from the top."""

    order: int
    colour: str
    look: str  # known, declared, recycled, unknown
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A group, drawn; `room` is the width of what is written in its column."""

    group: Group
    caption: Caption
    lines: tuple[Line, ...]
    x: int
    y: int
    height: int
    top: int  # of the caption
    room: int

    @property
    def strip(self) -> int:
        """Return where the strip begins that has the colour of the mark."""
        return self.x + BAR - 5

    @property
    def area(self) -> int:
        """Return the height of caption and bar together."""
        return self.y + self.height - self.top


@dataclass(frozen=True, slots=True, kw_only=True)
class Ribbon:
    """Metal of one band on its way between two groups, drawn."""

    path: str
    band: Band
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What a column is called, line by line, and where it begins."""

    lines: tuple[Line, ...]
    x: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowPicture:
    """A way of metal, drawn from left to right; bars column by column, from the top."""

    width: int
    height: int
    columns: tuple[Column, ...]
    bars: tuple[Bar, ...]
    ribbons: tuple[Ribbon, ...]
    bar_width: int = BAR


def flow_picture(
    told: Grouped,
    *,
    captions: Mapping[str, Caption],
    bands: Mapping[str, Band],
    titles: Mapping[Turn, str],
) -> FlowPicture | None:
    """Return the drawing of groups and what flows between them; None where nothing does.

    Args:
        captions: by key of the group.
        bands: by the names that arrows use.
        titles: by turn of a stage.
    """
    if not told.arrows:
        return None
    written = write(told, captions, titles, narrowest=BAR)
    work = _Drawing(told=told, captions=captions, bands=bands, written=written)
    work.place_slots()
    work.order()
    work.stack()
    return FlowPicture(
        width=written.width,
        height=work.height,
        columns=tuple(
            Column(lines=lines, x=x) for lines, x in zip(written.heads, written.lefts, strict=True)
        ),
        bars=tuple(sorted(map(work.bar, told.groups), key=lambda bar: (bar.x, bar.y))),
        ribbons=tuple(work.ribbons()),
    )


@dataclass(slots=True, eq=False)
class _Slot:
    """A place in a column: of a group, or of an arrow that only runs through it."""

    column: int
    mg: int
    group: Group | None = None
    rank: int = 0
    before: list["_Slot"] = field(default_factory=list)
    after: list["_Slot"] = field(default_factory=list)
    place: int = 0
    caption: int = 0  # the height of what is written above
    top: int = 0


@dataclass(slots=True, kw_only=True)
class _Drawing:
    """A picture on its way."""

    told: Grouped
    captions: Mapping[str, Caption]
    bands: Mapping[str, Band]
    written: Written
    columns: list[list[_Slot]] = field(default_factory=list)
    slots: dict[str, _Slot] = field(default_factory=dict)
    runs: dict[tuple[str, str], list[_Slot]] = field(default_factory=dict)
    height: int = 0

    @property
    def total(self) -> int:
        return sum(group.mg for group in self.told.groups if group.stage == SOURCES)

    def pixels(self, mg: int) -> int:
        """Return a mass as a length, rounded half up."""
        return (2 * mg * TALL + self.total) // (2 * self.total)

    # ── which slot in which column ────────────────────────────────────────────────────────

    def place_slots(self) -> None:
        """Give every group a slot, and every arrow one in each column that it only crosses."""
        number = {turn: place for place, turns in enumerate(self.told.columns) for turn in turns}
        self.columns = [[] for _column in self.told.columns]
        for group in sorted(self.told.groups, key=lambda one: (-one.mg, one.key)):
            slot = _Slot(column=number[group.turn], mg=group.mg, group=group)
            slot.rank = self.captions[group.key].rank
            slot.caption = LINE * len(self.written.texts[group.key])
            self.slots[group.key] = slot
            self.columns[slot.column].append(slot)
        for arrow in self.told.arrows:
            self._run(arrow)

    def _run(self, arrow: Arrow) -> None:
        first, last = self.slots[arrow.source], self.slots[arrow.target]
        run = [first]
        for column in range(first.column + 1, last.column):
            run.append(_Slot(column=column, mg=arrow.mg, rank=first.rank))
            self.columns[column].append(run[-1])
        run.append(last)
        for before, after in pairwise(run):
            before.after.append(after)
            after.before.append(before)
        self.runs[arrow.source, arrow.target] = run

    def order(self) -> None:
        """Bring slots near to what they are connected with, so that few ribbons cross."""
        self._number()
        for turn in range(_ROUNDS):
            is_forward = turn % 2 == 0
            for column in self.columns if is_forward else self.columns[::-1]:
                keys = {id(slot): _pull(slot, is_forward=is_forward) for slot in column}
                column.sort(key=lambda slot, keys=keys: keys[id(slot)])  # type: ignore[misc]
                self._number()

    def _number(self) -> None:
        for column in self.columns:
            column.sort(key=lambda slot: slot.rank)
            for place, slot in enumerate(column):
                # By centres of columns, so that a column of two and one of six compare.
                slot.place = 1000 * (2 * place + 1) // len(column)

    # ── where exactly ─────────────────────────────────────────────────────────────────────

    def stack(self) -> None:
        """Stack the slots of each column, and bring the middles of their metal to one height."""
        middles = []
        for column in self.columns:
            y = 0
            for slot in column:
                slot.top = y + slot.caption
                y += self._need(slot)
            weight = sum(slot.mg for slot in column)
            middle = sum((slot.top + self.pixels(slot.mg) // 2) * slot.mg for slot in column)
            middles.append(middle // weight)
        lowest = max(middles)
        begin = _HEAD + HEAD_LINE * max(map(len, self.written.heads))
        for column, middle in zip(self.columns, middles, strict=True):
            for slot in column:
                slot.top += begin + lowest - middle
                self.height = max(self.height, slot.top + self._need(slot) - slot.caption)
        self.height += _FOOT

    def _need(self, slot: _Slot) -> int:
        gap = _CAPTION_GAP if slot.group else _SLOT_GAP
        return slot.caption + max(1, self.pixels(slot.mg)) + gap

    def bar(self, group: Group) -> Bar:
        """Return a group as a bar with its caption above."""
        slot, caption = self.slots[group.key], self.captions[group.key]
        top = slot.top - slot.caption
        lines = [
            Line(text=text, look=look, y=top + LINE * number + LINE - 5)
            for number, (text, look) in enumerate(self.written.texts[group.key])
        ]
        return Bar(
            group=group,
            caption=caption,
            lines=tuple(lines),
            x=self.written.lefts[slot.column],
            y=slot.top,
            height=max(1, self.pixels(slot.mg)),
            top=top,
            room=self.written.rooms[slot.column],
        )

    def ribbons(self) -> Iterable[Ribbon]:
        """Return the ribbons, thick ones first: thin ones then lie on top."""
        edges: dict[tuple[str, str, str], list[tuple[int, int, int]]] = {}
        for arrow in self.told.arrows:
            run = self.runs[arrow.source, arrow.target]
            for slot in run[1:-1]:
                self._through(slot, arrow, edges)
        for key, slot in self.slots.items():
            leaving = [one for one in self.told.arrows if one.source == key]
            arriving = [one for one in self.told.arrows if one.target == key]
            leaving.sort(key=lambda one: self.runs[one.source, one.target][1].top)
            arriving.sort(key=lambda one: self.runs[one.source, one.target][-2].top)
            left = self.written.lefts[slot.column]
            self._stack_ends(slot, left, arriving, edges)
            self._stack_ends(slot, left + BAR, leaving, edges)
            self._stack_ends(slot, left + self.written.rooms[slot.column], leaving, edges)
        for arrow in sorted(self.told.arrows, key=lambda one: -one.mg):
            for name in self._in_bands(arrow):
                points = sorted(edges[arrow.source, arrow.target, name])
                yield Ribbon(
                    path=_outline(points),
                    band=self.bands[name],
                    title=self.bands[name].title,
                )

    def _through(
        self,
        slot: _Slot,
        arrow: Arrow,
        edges: dict[tuple[str, str, str], list[tuple[int, int, int]]],
    ) -> None:
        left = self.written.lefts[slot.column]
        self._stack_ends(slot, left, [arrow], edges)
        self._stack_ends(slot, left + self.written.rooms[slot.column], [arrow], edges)

    def _stack_ends(
        self,
        slot: _Slot,
        x: int,
        arrows: Sequence[Arrow],
        edges: dict[tuple[str, str, str], list[tuple[int, int, int]]],
    ) -> None:
        """Note the upper and lower edge of each band where it meets a slot."""
        done = 0
        for arrow in arrows:
            for name in self._in_bands(arrow):
                top = slot.top + self.pixels(done)
                done += arrow.bands[name]
                bottom = max(top + 1, slot.top + self.pixels(done))
                key = (arrow.source, arrow.target, name)
                edges.setdefault(key, []).append((x, top, bottom))

    def _in_bands(self, arrow: Arrow) -> list[str]:
        return sorted(arrow.bands, key=lambda name: (self.bands[name].order, name))


def _pull(slot: _Slot, *, is_forward: bool) -> tuple[int, int]:
    """Return where a slot would be, were it for its neighbours on one side."""
    beside = slot.before if is_forward else slot.after
    if not beside:
        return slot.rank, slot.place
    weight = sum(one.mg for one in beside)
    return slot.rank, sum(one.place * one.mg for one in beside) // weight


def _outline(points: Sequence[tuple[int, int, int]]) -> str:
    """Return the outline of a ribbon through (x, top, bottom), from left to right and back."""
    path = [f"M{points[0][0]} {points[0][1]}"]
    path += [_edge(one[0], one[1], two[0], two[1]) for one, two in pairwise(points)]
    path.append(f"V{points[-1][2]}")
    back = points[::-1]
    path += [_edge(one[0], one[2], two[0], two[2]) for one, two in pairwise(back)]
    return " ".join([*path, "Z"])


def _edge(x: int, y: int, to_x: int, to_y: int) -> str:
    if y == to_y:
        return f"H{to_x}"
    middle = (x + to_x) // 2
    return f"C{middle} {y} {middle} {to_y} {to_x} {to_y}"
