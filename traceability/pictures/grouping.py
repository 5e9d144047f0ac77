"""What a picture of a way shows: many stops as few groups, and what is opened of them.

Stops have a stage and a path from coarse to fine (country, site). Where a stage has more
sites than can be read they are shown by country, and beyond the largest countries as one
*rest*. Opening a group shows its members instead. Metal that stays within a group is not
drawn, so what enters a group still leaves it, and every total stays what it was.

Pure: names, colours and pixels come later.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

MOST = 8
"""Groups of one stage that can be read at a glance."""
MOST_OPENED = 24
"""Members that an opened group shows; what is beyond is one rest again."""
REST = "rest"
SOURCES = "sources"
"""The stage of what enters: the leftmost column."""
END = "end"
"""The lot itself: the rightmost column, and the id of its only stop."""
DEEP = "deep-"
"""How the stage of a group begins that holds what comes back to itself too often to be drawn."""
_SITE = 2  # the length of a path down to the site
_DEEPEST = 3  # levels of stages that come back to each other; deeper ones are one group

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One place on the way at the finest: a source, a step, or the lot itself.

    `is_sealed`: the reader may not look into its site. `is_apart`: never part of a rest.
    """

    id: str
    stage: str
    path: Path
    is_sealed: bool = False
    is_apart: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """Metal from one stop or group to another, in milligrams by band (what it is drawn as)."""

    source: str
    target: str
    bands: Mapping[str, int]

    @property
    def mg(self) -> int:
        """Return the milligrams of all bands."""
        return sum(self.bands.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Stops that are shown as one. `level` is above 0 where a stage is passed again."""

    key: str
    stage: str
    level: int
    path: Path
    stops: tuple[str, ...]
    mg: int
    can_open: bool

    @property
    def turn(self) -> "Turn":
        """Return which turn of its stage it belongs to."""
        return self.stage, self.level


Turn = tuple[str, int]
"""A stage and its level: stages that metal comes back to have several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouped:
    """Groups and what flows between them.

    `columns` from the sources to the lot; those that nothing orders share one.
    """

    groups: tuple[Group, ...]
    arrows: tuple[Arrow, ...]
    columns: tuple[tuple[Turn, ...], ...]


def grouped(
    stops: Sequence[Stop], arrows: Sequence[Arrow], *, opened: str = "", most: int = MOST
) -> Grouped:
    """Return what a picture shows of a way.

    Args:
        stops: sources (stage `SOURCES`), steps, and the lot (stage and id `END`).
        arrows: between stops; they form no circle.
        opened: the key of a group whose members are shown instead; unknown ones do nothing.
        most: groups of a stage beyond which countries, then a rest, are shown.
    """
    work = _Grouping(
        stops={one.id: one for one in stops},
        arrows=arrows,
        opened=_opened(opened),
        most=most,
    )
    work.weigh()
    work.choose()
    work.separate()
    return work.result()


def _opened(key: str) -> Path:
    """Return stage and path of the group with this key; its level does not matter."""
    stage, *path = key.split("/")
    return stage.partition("~")[0], *path


@dataclass(slots=True, kw_only=True)
class _Grouping:
    """Stops on their way into groups."""

    stops: Mapping[str, Stop]
    arrows: Sequence[Arrow]
    opened: Path
    most: int
    mg: dict[str, int] = field(default_factory=dict)
    shown: dict[str, Path] = field(default_factory=dict)  # by stop: path of its group
    level: dict[str, int] = field(default_factory=dict)
    circle: Mapping[str, int] = field(default_factory=dict)

    def weigh(self) -> None:
        """Note how much passes each stop."""
        self.mg = dict.fromkeys(self.stops, 0)
        for arrow in self.arrows:
            self.mg[arrow.target] += arrow.mg
            if self.stops[arrow.source].stage == SOURCES:  # nothing flows into it
                self.mg[arrow.source] += arrow.mg

    # ── which stops are one group ─────────────────────────────────────────────────────────

    def choose(self) -> None:
        """Choose for every stage how coarse it is shown."""
        by_stage: dict[str, list[Stop]] = {}
        for stop in self.stops.values():
            by_stage.setdefault(stop.stage, []).append(stop)
        for stage, stops in by_stage.items():
            opened = self.opened[1:] if self.opened[:1] == (stage,) else ()
            sites = {stop.path[:_SITE] for stop in stops}
            self._choose(stops, opened, 1 if len(sites) > self.most else _SITE)

    def _choose(self, stops: Sequence[Stop], opened: Path, depth: int) -> None:
        is_rest = opened[-1:] == (REST,)
        at = opened[:-1] if is_rest else opened
        parents: dict[Path, list[str]] = {}
        for stop in stops:
            whole = (*stop.path, stop.id)
            common = next(n for n in range(len(at), -1, -1) if whole[:n] == at[:n])
            deepest = _SITE if stop.is_sealed else len(whole)
            shown = whole[: min(max(depth, common + bool(opened)), deepest)]
            self.shown[stop.id] = shown
            parents.setdefault(shown[:-1], []).append(stop.id)
        for parent, names in parents.items():
            limit = self.most
            if opened and parent == at:
                limit = MOST_OPENED + (self.most if is_rest else 0)
            self._cap(parent, names, at, limit)

    def _cap(self, parent: Path, names: Collection[str], first: Path, limit: int) -> None:
        """Leave the largest groups below a parent, and make one of the rest."""
        mg: dict[Path, int] = {}
        for name in names:
            path = self.shown[name]
            mg[path] = mg.get(path, 0) + self.mg[name]
        kept_apart = {self.shown[name] for name in names if self.stops[name].is_apart}
        kept_apart.add(first)
        ranked = sorted(mg, key=lambda path: (path not in kept_apart, -mg[path], path))
        kept = set(ranked if len(ranked) <= limit else ranked[: limit - 1])
        for name in names:
            if self.shown[name] not in kept:
                self.shown[name] = (*parent, REST)

    # ── stages that come back to each other ───────────────────────────────────────────────

    def separate(self) -> None:
        """Give stages that metal comes back to a level for each time, so that all flows forward."""
        edges: dict[str, set[str]] = {}
        for arrow in self.arrows:
            if self._base(arrow.source) != self._base(arrow.target):
                stage = self.stops[arrow.source].stage
                edges.setdefault(stage, set()).add(self.stops[arrow.target].stage)
        self.circle = _circles(edges)
        self.level = dict.fromkeys(self.stops, 0)
        outgoing: dict[str, list[str]] = {}
        for arrow in self.arrows:
            outgoing.setdefault(arrow.source, []).append(arrow.target)
        for stop in _in_order(self.stops, outgoing):
            for after in outgoing.get(stop, ()):
                if self._circle_of(stop) == self._circle_of(after) != -1:
                    moves = self._base(stop) != self._base(after)
                    level = min(self.level[stop] + moves, _DEEPEST)
                    self.level[after] = max(self.level[after], level)

    def _circle_of(self, stop: str) -> int:
        return self.circle.get(self.stops[stop].stage, -1)

    def _base(self, stop: str) -> tuple[str, Path]:
        return self.stops[stop].stage, self.shown[stop]

    # ── the result ────────────────────────────────────────────────────────────────────────

    def result(self) -> Grouped:
        """Return groups and arrows, and the columns from left to right."""
        named = {name: self._key(name) for name in self.stops}
        members: dict[str, list[str]] = {}
        for name, key in named.items():
            members.setdefault(key, []).append(name)
        bands: dict[tuple[str, str], dict[str, int]] = {}
        for arrow in self.arrows:
            ends = named[arrow.source], named[arrow.target]
            if ends[0] != ends[1]:
                row = bands.setdefault(ends, {})
                for band, mg in arrow.bands.items():
                    row[band] = row.get(band, 0) + mg
        arrows = tuple(
            Arrow(source=source, target=target, bands=row)
            for (source, target), row in bands.items()
        )
        groups = tuple(self._group(key, names, arrows) for key, names in members.items())
        turn = {group.key: group.turn for group in groups}
        edges = {(turn[arrow.source], turn[arrow.target]) for arrow in arrows}
        return Grouped(groups=groups, arrows=arrows, columns=_from_left_to_right(edges))

    def _base_of(self, name: str) -> tuple[str, Path]:
        """Return stage and path of the group that a stop is in."""
        if self.level[name] == _DEEPEST:
            return f"{DEEP}{self._circle_of(name)}", (REST,)
        return self._base(name)

    def _key(self, name: str) -> str:
        stage, path = self._base_of(name)
        level = self.level[name]
        return "/".join((f"{stage}~{level}" if level else stage, *path))

    def _group(self, key: str, names: Sequence[str], arrows: Iterable[Arrow]) -> Group:
        stage, path = self._base_of(names[0])
        into = sum(arrow.mg for arrow in arrows if arrow.target == key)
        return Group(
            key=key,
            stage=stage,
            level=self.level[names[0]],
            path=path,
            stops=tuple(names),
            mg=into or sum(arrow.mg for arrow in arrows if arrow.source == key),
            can_open=stage == self.stops[names[0]].stage and self._has_members(path, names),
        )

    def _has_members(self, path: Path, names: Sequence[str]) -> bool:
        """Tell whether there is more than one thing to see when a group is opened."""
        depth = len(path) + (path[-1:] != (REST,))
        open_stops = [
            stop
            for stop in map(self.stops.__getitem__, names)
            if not (stop.is_sealed and depth > _SITE)
        ]
        return len({(*stop.path, stop.id)[:depth] for stop in open_stops}) > 1


def _in_order(stops: Iterable[str], outgoing: Mapping[str, Sequence[str]]) -> list[str]:
    """Return stops so that every arrow leads onward."""
    waiting = dict.fromkeys(stops, 0)
    for targets in outgoing.values():
        for target in targets:
            waiting[target] += 1
    ready = [stop for stop, count in waiting.items() if not count]
    for stop in ready:  # it grows
        for after in outgoing.get(stop, ()):
            waiting[after] -= 1
            if not waiting[after]:
                ready.append(after)
    return ready


def _circles(edges: Mapping[str, Collection[str]]) -> dict[str, int]:
    """Return the nodes that lie on a circle, each with the number of its circle."""
    reach: dict[str, set[str]] = {}
    for node in edges:
        found: set[str] = set()
        todo = [node]
        while todo:
            fresh = set(edges.get(todo.pop(), ())) - found
            found |= fresh
            todo += fresh
        reach[node] = found
    circles: dict[str, int] = {}
    for number, node in enumerate(sorted(edges)):
        if node in reach[node] and node not in circles:
            alike = [other for other in reach[node] if node in reach.get(other, ())]
            circles.update(dict.fromkeys(alike, number))
    return circles


def _from_left_to_right(edges: Collection[tuple[Turn, Turn]]) -> tuple[tuple[Turn, ...], ...]:
    """Return the columns: each turn as far to the left as what flows into it allows."""
    place = {turn: 0 for edge in edges for turn in edge}
    for _round in place:
        for before, after in edges:
            place[after] = max(place[after], place[before] + 1)
    columns: list[list[Turn]] = [[] for _place in range(max(place.values(), default=-1) + 1)]
    for turn in sorted(place):
        columns[place[turn]].append(turn)
    return tuple(tuple(column) for column in columns)
