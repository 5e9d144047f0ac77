"""Ways of metal for the tests of pictures: written by hand, and at random."""

from hypothesis import strategies as st

from traceability.pictures.grouping import END, SOURCES, Arrow, Stop

STAGES = ("beneficiation", "smelting", "refining", "cell")
COUNTRIES = ("CA", "CL", "CN", "DE", "FI", "ID", "JP", "KR", "MX", "US", "ZM")
BANDS = ("CA", "CL", "recycled", "unknown")


def stop(name, stage="smelting", country="CA", site=None, **more):
    return Stop(id=name, stage=stage, path=(country, site or f"{country.lower()}:{name}"), **more)


def source(name, country="CL"):
    return stop(name, SOURCES, country)


END_STOP = Stop(id=END, stage=END, path=(END, END))


def arrow(source, target, **bands):
    return Arrow(source=source, target=target, bands=bands or {"CA": 1})


@st.composite
def ways(draw, *, most_steps=14):
    """Any way that conserves: sources and steps in order, each giving on all it got."""
    stops, arrows, holds = [], [], {}
    for number in range(draw(st.integers(1, 6))):
        stops.append(Stop(id=f"s{number}", stage=SOURCES, path=_path(draw)))
        holds[f"s{number}"] = {draw(st.sampled_from(BANDS)): draw(st.integers(1, 10**9))}
    for number in range(draw(st.integers(0, most_steps))):
        name, stage = f"p{number}", draw(st.sampled_from(STAGES))
        givers = draw(st.lists(st.sampled_from(sorted(holds)), min_size=1, max_size=3, unique=True))
        given = {giver: _taken(draw, holds[giver]) for giver in givers}
        arrows += [Arrow(source=one, target=name, bands=row) for one, row in given.items() if row]
        if any(given.values()):
            is_sealed = draw(st.booleans())
            stops.append(Stop(id=name, stage=stage, path=_path(draw), is_sealed=is_sealed))
            holds[name] = _added(given.values())
        holds = {giver: row for giver, row in holds.items() if row}
    arrows += [Arrow(source=giver, target=END, bands=dict(row)) for giver, row in holds.items()]
    return [*stops, END_STOP], arrows


def _taken(draw, row):
    """Take all or half of each band out of a row."""
    given = {band: draw(st.sampled_from([mg, mg // 2])) for band, mg in row.items()}
    given = {band: mg for band, mg in given.items() if mg}
    for band, mg in given.items():
        row[band] -= mg
        if not row[band]:
            del row[band]
    return given


def _added(rows):
    total = {}
    for row in rows:
        for band, mg in row.items():
            total[band] = total.get(band, 0) + mg
    return total


def _path(draw):
    country = draw(st.sampled_from(COUNTRIES))
    return (country, f"{country.lower()}:{draw(st.integers(0, 3))}")


def total_of(arrows):
    return sum(one.mg for one in arrows if one.target == END)
