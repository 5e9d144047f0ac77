"""The picture of a way, its legend and its table, for one reader.

The table says all that the picture says, in words and figures; each group of the picture is a
row of it, with its members below. Colours stand for countries, patterns for what is recycled,
only declared, not known, or not opened to the reader; verdicts have a sign and a word besides.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import partial

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from standards.legends import (
    COLOURS,
    FEW_COLOURS,
    OTHERS,
    Key,
    Palette,
    bands_of,
    colour_of,
    colours_of,
    legend,
)
from standards.looks import LOOKS
from standards.rulebook.findings import percent_text
from standards.ways import Told, Way, worst_outcome
from traceability.pictures.captions import Caption
from traceability.pictures.flow import Band, FlowPicture, flow_picture
from traceability.pictures.grouping import (
    DEEP,
    END,
    MOST,
    REST,
    SOURCES,
    Arrow,
    Group,
    Grouped,
    grouped,
)
from traceability.templatetags.ledger import amount, country_name, day, words

FEW = 5
"""Groups of a stage where a picture with more would be a tangle."""
MOST_RIBBONS = 120
MOST_MEMBERS = 60
"""Members of a group that its row tells one by one."""
Mark = tuple[str, str, str]
"""The class of a colour, a sign, and a word."""
_SITE = 2  # the length of a group's path that names a site
_AT_SITES = ("mined", "recycled", "step")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A stop within a group."""

    what: str
    on: date | None
    share: str
    mg: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """A group in words; `href` opens it in the picture."""

    anchor: str
    stage: str
    where: str
    country: str
    share: str
    mg: int
    schemes: tuple[str, ...]
    mark: Mark | None
    part: str
    reason: str
    days: tuple[date, date] | None
    members: tuple[Member, ...]
    more: int
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WayView:
    """A way as it is shown: picture, legend, table, and where an opened group is closed."""

    mineral: str
    picture: FlowPicture
    keys: tuple[Key, ...]
    rows: tuple[TableRow, ...]
    is_opened: bool
    summary: str


def picture_of(
    way: Way,
    *,
    address: Callable[[str], str],
    opened: str = "",
    palette: Palette | None = None,
) -> WayView | None:
    """Return how a way is shown: as finely as can still be read.

    Args:
        address: of the page on which the group with a key is opened.
        opened: the key of a group whose members are shown in its place.
        palette: gives countries their colours; by this way alone where None.
    """
    palette = palette or partial(colours_of, [way])
    work = _Picturing(way=way, most=MOST, colours=palette(COLOURS), address=address)
    if sum(len(arrow.bands) for arrow in work.drawn("").arrows) > MOST_RIBBONS:
        work = _Picturing(way=way, most=FEW, colours=palette(FEW_COLOURS), address=address)
    return work.view(opened)


@dataclass(slots=True, kw_only=True)
class _Picturing:
    """A picture on its way."""

    way: Way
    most: int
    colours: Mapping[str, str]
    address: Callable[[str], str]
    told: Grouped = field(init=False)
    bands: Mapping[str, Band] = field(init=False)

    def __post_init__(self) -> None:
        """Decide once how the metal of each source is drawn."""
        self.bands = bands_of(self.way, self.colours)

    def view(self, opened: str) -> WayView | None:
        """Return picture, legend and table."""
        closed = self.drawn("")
        self.told = self.drawn(opened) if opened else closed
        captions = {group.key: self.caption(group) for group in self.told.groups}
        picture = flow_picture(
            self.told,
            captions=captions,
            bands={band.title: band for band in self.bands.values()},
            titles={group.turn: _turn_title(*group.turn) for group in self.told.groups},
        )
        if picture is None:
            return None
        rows = tuple(self.row(group, captions[group.key]) for group in self._in_order())
        shown = {group.key for group in self.told.groups}
        return WayView(
            mineral=self.way.mineral,
            picture=picture,
            keys=legend(
                self.way,
                self.bands,
                self.colours,
                has_closed=any(one.is_closed for one in captions.values()),
            ),
            rows=rows,
            is_opened=shown != {group.key for group in closed.groups},
            summary=self._summary(),
        )

    def drawn(self, opened: str) -> Grouped:
        """Return the groups, with arrows in the bands they are drawn in."""
        told = grouped(self.way.stops, self.way.arrows, opened=opened, most=self.most)
        arrows = tuple(self._in_bands(told.arrows))
        return Grouped(groups=told.groups, arrows=arrows, columns=told.columns)

    # ── how metal is drawn ────────────────────────────────────────────────────────────────

    def _in_bands(self, arrows: Iterable[Arrow]) -> Iterable[Arrow]:
        for arrow in arrows:
            row: dict[str, int] = {}
            for source, mg in arrow.bands.items():
                name = self.bands[source].title
                row[name] = row.get(name, 0) + mg
            yield Arrow(source=arrow.source, target=arrow.target, bands=row)

    # ── groups ────────────────────────────────────────────────────────────────────────────

    def caption(self, group: Group) -> Caption:
        """Return what is written over a group."""
        members = [self.way.told[name] for name in group.stops]
        look = _look_of(members)
        name, detail, note = self._named(group, members)
        closed = _closed(group, members)
        share = "" if group.stage == END else self.share(group.mg)
        mark, part = self._mark(group)
        stage = _turn_title(*group.turn)
        parts = [stage, name, detail, closed, note, share, amount(group.mg)]
        title = ", ".join(filter(None, parts))
        if mark is not None:
            title = f"{title}: {part or mark[2]}"
        countries = {one.country for one in members}
        colour = colour_of(countries.pop(), self.colours) if len(countries) == 1 else OTHERS
        return Caption(
            name=name,
            detail=tuple(filter(None, [share, detail, closed])),
            title=title,
            href=self._leads_to(group),
            colour="l-cl" if group.stage == END else colour,
            look=look,
            mark=mark,
            is_closed=bool(closed) and not any(one.place for one in members),
            rank=2 if look == "unknown" else int(REST in group.path),
        )

    def _named(self, group: Group, members: Sequence[Told]) -> tuple[str, str, str]:
        """Return what a group is called, what is written below, and what its row says besides."""
        first = members[0]
        if group.stage == END:
            return _("This lot"), amount(self.way.total_mg), ""
        if group.stage.startswith(DEEP):
            return _("Further steps"), "", _("worked again and again")
        if group.path[-1] == REST:
            return _rest_name(group, members), "", ""
        if first.kind == "unknown":
            reasons = {one.reason for one in members}
            return _("Not known"), "", reasons.pop() if len(reasons) == 1 else ""
        if first.kind == "declared" and len(group.path) <= _SITE:
            countries = {one.country for one in members}
            one_country = len(countries) == 1 and first.country
            name = country_name(first.country) if one_country else _("Several countries")
            return name, _("declared only"), ""
        if len(group.path) > _SITE:
            name = first.what or first.place or country_name(first.country)
            return name, day(first.on), first.place if first.what else ""
        return _place(group, members)

    def _mark(self, group: Group) -> tuple[Mark | None, str]:
        """Return the worst that was found, and of how much where not of all."""
        members = {name: self.way.told[name] for name in group.stops}
        outcome = worst_outcome(one.outcome for one in members.values())
        if outcome is None:
            return None, ""
        look, sign, word = LOOKS[outcome]
        if all(one.outcome is outcome for one in members.values()):
            return (look, sign, str(word)), ""
        masses = self._masses(group)
        mg = sum(masses.get(name, 0) for name, one in members.items() if one.outcome is outcome)
        part = _("%(word)s: %(share)s of the lot") % {"word": word, "share": self.share(mg)}
        return (look, sign, _("in part")), part

    def share(self, mg: int) -> str:
        """Return a mass as a share of the lot's, as people read it."""
        return percent_text(min(Fraction(1), Fraction(mg, self.way.total_mg)))

    def _leads_to(self, group: Group) -> str:
        """Return where a bar leads: to its members, or to its row; that of the lot nowhere."""
        if group.stage == END:
            return ""
        return self.address(group.key) if group.can_open else f"#{self._anchor(group)}"

    def _anchor(self, group: Group) -> str:
        return f"way-{self.way.mineral}-{self.told.groups.index(group)}"

    # ── the table ─────────────────────────────────────────────────────────────────────────

    def _in_order(self) -> list[Group]:
        columns = self.told.columns
        place = {turn: number for number, turns in enumerate(columns) for turn in turns}
        groups = [group for group in self.told.groups if group.stage != END]
        return sorted(groups, key=lambda one: (place[one.turn], -one.mg, one.key))

    def row(self, group: Group, caption: Caption) -> TableRow:
        """Return a group in words."""
        members = [self.way.told[name] for name in group.stops]
        _name, detail, note = self._named(group, members)
        mark, part = self._mark(group)
        countries = {one.country for one in members if one.country}
        days = sorted(one.on for one in members if one.on)
        masses = self._masses(group)
        listed = sorted(group.stops, key=lambda name: (-masses.get(name, 0), name))
        return TableRow(
            anchor=self._anchor(group),
            stage=_turn_title(*group.turn),
            where=caption.name,
            country=country_name(countries.pop()) if len(countries) == 1 else "",
            share=self.share(group.mg),
            mg=group.mg,
            schemes=tuple(dict.fromkeys(text for one in members for text in one.schemes)),
            mark=mark,
            part=part,
            reason=", ".join(filter(None, [note or detail, _closed(group, members)])),
            days=(days[0], days[-1]) if days else None,
            members=tuple(
                self._member(self.way.told[name], masses.get(name, 0))
                for name in listed[:MOST_MEMBERS]
                if len(listed) > 1
            ),
            more=max(0, len(listed) - MOST_MEMBERS),
            href=self.address(group.key) if group.can_open else "",
        )

    def _masses(self, group: Group) -> dict[str, int]:
        """Return how much passes each stop of a group, by stop."""
        side = "source" if group.stage == SOURCES else "target"
        masses: dict[str, int] = {}
        for arrow in self.way.arrows:
            name = getattr(arrow, side)
            masses[name] = masses.get(name, 0) + arrow.mg
        return masses

    def _member(self, told: Told, mg: int) -> Member:
        where = told.place or (
            country_name(told.country) if told.country else told.reason or _("not known")
        )
        parts = [told.what, where] if told.what else [where]
        return Member(what=", ".join(parts), on=told.on, share=self.share(mg), mg=mg)

    def _summary(self) -> str:
        """Say in a sentence what the leftmost column says."""
        sources = [group for group in self._in_order() if group.stage == SOURCES]
        told = [f"{self.share(one.mg)} {self.caption(one).name}" for one in sources]
        return "; ".join(told)


def _look_of(members: Iterable[Told]) -> str:
    kinds = {one.kind for one in members}
    if len(kinds) == 1:
        [kind] = kinds
        return {"recycled": "recycled", "declared": "declared", "unknown": "unknown"}.get(
            kind, "known"
        )
    return "known"


def _rest_name(group: Group, members: Sequence[Told]) -> str:
    if len(group.path) > 1:
        return _("More in %(country)s") % {"country": country_name(members[0].country)}
    below = len({one.country for one in members})
    return ngettext("%(n)s more country", "%(n)s more countries", below) % {"n": below}


def _place(group: Group, members: Sequence[Told]) -> tuple[str, str, str]:
    """Return the name of a site, or of the country of several or of one whose name is closed."""
    first = members[0]
    country = country_name(first.country)
    if first.kind == "recycled":
        known = len(group.path) >= _SITE and first.place
        several = len({one.country for one in members}) > 1
        where = _("several countries") if several else country
        return (known or _("Recycled")), where, _("recycled metal, by country of collection")
    if len(group.path) >= _SITE:
        return (first.place, country, "") if first.place else (country, "", "")
    named = len({one.place for one in members if one.place})
    if not named:
        return country, "", ""
    return country, ngettext("%(n)s named site", "%(n)s named sites", named) % {"n": named}, ""


def _closed(group: Group, members: Sequence[Told]) -> str:
    """Say that the names of sites in a group are not opened to the reader; empty where all are."""
    sites = [one for one in members if one.kind in _AT_SITES]
    if all(one.place for one in sites):
        return ""
    if any(one.place for one in sites):
        return _("other names not opened")
    is_site = len(group.path) >= _SITE and REST not in group.path
    return _("name not opened") if is_site else _("names not opened")


def _turn_title(stage: str, level: int) -> str:
    if stage == SOURCES:
        return _("origin")
    if stage == END:
        return ""
    if stage.startswith(DEEP):
        return _("again")
    return _("%(stage)s again") % {"stage": words(stage)} if level else words(stage)
