"""The picture of a way in words and figures: totals that agree, and nothing that was not opened."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from standards.picturing import FEW, MOST_MEMBERS, MOST_RIBBONS, picture_of
from standards.rulebook.findings import Outcome
from standards.ways import Told, Way, worst_outcome
from tests.traceability.pictures.ways import END_STOP, arrow, ways
from traceability.pictures.grouping import END, MOST, SOURCES, Arrow, Stop

DAY = date(2026, 3, 1)


def address(key):
    return f"?open={key}"


def told(stop, **more):
    """What a reader who may know everything is told of a stop made by `ways`."""
    if stop.id == END:
        return Told(kind="lot", stage=END, country=None)
    kind = "mined" if stop.stage == SOURCES else "step"
    country, site = stop.path
    place = "" if stop.is_sealed else f"Site {site}"
    return Told(kind=kind, stage=stop.stage, country=country, place=place, on=DAY, **more)


def way_of(stops, arrows, **changed):
    """A way whose bands are its sources, as `ways` tells them."""
    known = {stop.id: told(stop) for stop in stops} | changed
    total = sum(one.mg for one in arrows if one.target == END)
    return Way(mineral="Cu", total_mg=total, told=known, stops=stops, arrows=arrows)


@st.composite
def told_ways(draw):
    """Any way, its bands renamed to the sources there are."""
    stops, arrows = draw(ways())
    sources = [stop.id for stop in stops if stop.stage == SOURCES]
    renamed = []
    for one in arrows:
        bands = {}
        for place, (_band, mg) in enumerate(sorted(one.bands.items())):
            name = sources[place % len(sources)]
            bands[name] = bands.get(name, 0) + mg
        renamed.append(Arrow(source=one.source, target=one.target, bands=bands))
    return way_of(stops, renamed)


@settings(max_examples=60)
@given(told_ways(), st.data())
def test_the_table_says_what_the_picture_shows_and_every_stop_is_in_it(way, data):
    view = picture_of(way, address=address)
    opened = [row.href for row in view.rows if row.href]
    if opened:
        key = data.draw(st.sampled_from(opened)).removeprefix("?open=")
        view = picture_of(way, address=address, opened=key)
        assert view.is_opened

    bars = {bar.caption.title: bar.group.mg for bar in view.picture.bars}
    assert sorted(row.mg for row in view.rows) == sorted(
        bar.group.mg for bar in view.picture.bars if bar.group.stage != END
    )
    assert len(bars) <= len(view.picture.bars)
    sources = [row for row in view.rows if row.stage == "origin"]
    assert sum(row.mg for row in sources) == way.total_mg
    listed = sum(len(row.members) + row.more or 1 for row in view.rows)
    assert listed == len(way.stops) - 1
    for row in view.rows:
        assert row.anchor in {
            bar.caption.href.removeprefix("#") for bar in view.picture.bars
        } or row.href in {bar.caption.href for bar in view.picture.bars}


def test_a_site_that_is_not_open_is_told_by_country_share_scheme_days_and_finding():
    stop = Stop(id="1", stage="smelting", path=("JP", "closed-"), is_sealed=True)
    hop = Told(
        kind="step",
        stage="smelting",
        country="JP",
        on=DAY,
        schemes=("Copper Mark (awarded)",),
        outcome=Outcome.NONCONFORMING,
    )
    mine = Stop(id="s0", stage=SOURCES, path=("ZM", "a:pit"))
    way = way_of(
        [mine, stop, END_STOP], [arrow("s0", "1", s0=9), arrow("1", END, s0=9)], **{"1": hop}
    )

    [_mine, row] = picture_of(way, address=address).rows

    assert (row.where, row.reason, row.share) == ("Japan", "name not opened", "100 %")
    assert (row.schemes, row.days) == (("Copper Mark (awarded)",), (DAY, DAY))
    assert row.mark == ("l-bad", "✕", "does not conform")
    assert row.href == ""


def hop_of(*places):
    """A way through one step: sites of a country, some with names the reader may know."""
    mine = Stop(id="s0", stage=SOURCES, path=("ZM", "a:pit"))
    pit = Told(kind="mined", stage="extraction", country="ZM", place="A pit")
    stops = [
        Stop(id=f"p{n}", stage="smelting", path=("JP", place or "closed-"), is_sealed=not place)
        for n, place in enumerate(places)
    ]
    hops = {
        stop.id: Told(kind="step", stage="smelting", country="JP", place=place)
        for stop, place in zip(stops, places, strict=True)
    }
    arrows = [arrow("s0", stop.id, s0=1) for stop in stops]
    arrows += [arrow(stop.id, END, s0=1) for stop in stops]
    view = picture_of(way_of([mine, *stops, END_STOP], arrows, s0=pit, **hops), address=address)
    bars = [bar for bar in view.picture.bars if bar.group.stage == "smelting"]
    return view, bars


def test_a_closed_name_is_written_and_drawn_and_explained_in_the_legend():
    view, [bar] = hop_of("")

    assert [line.text for line in bar.lines] == ["Japan", "100 % · name not opened"]
    assert bar.caption.is_closed
    assert ("closed", "site whose name is not opened") in [
        (key.look, key.text) for key in view.keys
    ]


def test_an_open_name_is_not_covered():
    view, [bar] = hop_of("The smelter")

    assert [line.text for line in bar.lines] == ["The smelter", "100 % · Japan"]
    assert not bar.caption.is_closed
    assert "closed" not in {key.look for key in view.keys}


CLOSED = [(True, "other names not opened"), (False, "name not opened")]


@pytest.mark.parametrize(("is_named", "words"), CLOSED)
def test_a_country_of_many_sites_says_that_some_names_are_closed(is_named, words):
    named = [f"Works {n}" for n in range(MOST + 1)] if is_named else []

    _view, [bar] = hop_of(*named, "")

    assert any(line.text.endswith(words) for line in bar.lines)
    assert bar.caption.is_closed is not is_named


def test_every_bar_but_the_lots_leads_somewhere():
    view, _bars = hop_of("The smelter", "")

    rows = {f"#{row.anchor}" for row in view.rows}
    assert {bar.caption.href for bar in view.picture.bars} == rows | {""}


KINDS = [
    (Told(kind="recycled", stage="recovery", country="US", place="A yard"), "recycled", "recycled"),
    (
        Told(kind="declared", stage="extraction", country="CD"),
        "declared",
        "DR Congo, declared only",
    ),
    (Told(kind="declared", stage="extraction", country=None), "declared", "several countries"),
    (Told(kind="unknown", stage="", country=None, reason="not measured"), "unknown", "not known"),
    (Told(kind="mined", stage="extraction", country="CL", place="A pit"), "known", "Chile"),
]


@pytest.mark.parametrize(("source", "look", "text"), KINDS)
def test_recycled_declared_and_unknown_metal_look_like_nothing_else(source, look, text):
    stop = Stop(id="s0", stage=SOURCES, path=("x", "y"))
    way = way_of([stop, END_STOP], [arrow("s0", END, s0=7)], s0=source)

    view = picture_of(way, address=address)

    [ribbon] = view.picture.ribbons
    assert ribbon.band.look == look
    assert text in ribbon.title
    assert [(key.look, key.text) for key in view.keys] == [(look, ribbon.title)]
    [bar, _end] = view.picture.bars
    assert bar.caption.look == look
    assert view.rows[0].reason == source.reason or view.rows[0].reason


def test_a_group_of_which_only_a_part_fails_says_how_much():
    stops = [
        Stop(id="s0", stage=SOURCES, path=("CL", "a:pit")),
        Stop(id="s1", stage=SOURCES, path=("CL", "a:pit")),
        END_STOP,
    ]
    bad = Told(
        kind="mined", stage="extraction", country="CL", place="A", outcome=Outcome.NONCONFORMING
    )
    good = Told(kind="mined", stage="extraction", country="CL", place="A", outcome=Outcome.CONFORMS)
    way = way_of(stops, [arrow("s0", END, s0=1), arrow("s1", END, s1=3)], s0=bad, s1=good)

    [row] = picture_of(way, address=address).rows

    assert row.mark == ("l-bad", "✕", "in part")
    assert row.part == "does not conform: 25 % of the lot"
    assert [(one.what, one.share) for one in row.members] == [("A", "75 %"), ("A", "25 %")]


def tangle(mines, steps):
    stops = [Stop(id=f"s{n}", stage=SOURCES, path=(f"C{n}", f"m:{n}")) for n in range(mines)]
    stops += [Stop(id=f"{n}", stage="smelting", path=(f"C{n}", f"w:{n}")) for n in range(steps)]
    arrows = [arrow(f"s{m}", f"{n}", **{f"s{m}": 1}) for m in range(mines) for n in range(steps)]
    arrows += [arrow(f"{n}", END, **{f"s{m}": 1 for m in range(mines)}) for n in range(steps)]
    return way_of([*stops, END_STOP], arrows)


def test_what_would_be_a_tangle_is_drawn_with_fewer_groups():
    small, large = (picture_of(tangle(n, n), address=address) for n in (5, 30))

    assert len(small.rows) == 10
    assert len(large.rows) == 2 * FEW
    assert len(large.picture.ribbons) <= MOST_RIBBONS
    assert {"26 more countries"} == {row.where for row in large.rows if "more" in row.where}


def test_a_row_tells_so_many_members_and_how_many_more_there_are():
    count = MOST_MEMBERS + 5
    stops = [Stop(id=f"s{n}", stage=SOURCES, path=("CL", "a:pit")) for n in range(count)]
    arrows = [arrow(one.id, END, **{one.id: 1}) for one in stops]

    [row] = picture_of(way_of([*stops, END_STOP], arrows), address=address).rows

    assert (len(row.members), row.more) == (MOST_MEMBERS, 5)


def test_a_way_that_holds_nothing_has_no_picture():
    assert picture_of(way_of([END_STOP], []), address=address) is None


def test_the_worst_outcome_is_the_one_that_needs_a_person_first():
    assert worst_outcome([None, Outcome.CONFORMS, Outcome.INDETERMINATE]) is Outcome.INDETERMINATE
    assert worst_outcome([None]) is None
