"""Parameters as data: what a version must have, and what a value of each unit is."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from standards.rulebook.errors import BadPack
from standards.rulebook.law import PackReference
from standards.rulebook.parameters import parse_parameter, read_day

PACK = PackReference(id="demo", version="1", digest="0" * 64)


def version(**changes):
    usual = {
        "value": Decimal("0.5"),
        "in_force_from": date(2026, 1, 1),
        "source": "Demo Act, s. 1",
        "url": "https://example.org/act",
        "published_on": date(2025, 12, 1),
        "status": "in_force",
        "verification": "official",
        "checked_on": date(2026, 11, 23),
    }
    return {name: told for name, told in (usual | changes).items() if told is not None}


def table(*versions, **changes):
    return {"title": "A value", "unit": "share", "versions": list(versions)} | changes


def parse(told, **options):
    def refuse(problem, where, key):
        return BadPack(problem, pack="demo", file="value.toml", table=where, key=key)

    return parse_parameter("demo.value", told, pack=PACK, refuse=refuse, **options)


def test_a_complete_version_becomes_a_provision():
    [told] = parse(table(version(note="why", in_force_until=date(2027, 1, 1)))).versions
    assert (told.key, told.value, told.pack) == ("demo.value", Decimal("0.5"), PACK)
    assert (told.note, told.in_force_until) == ("why", date(2027, 1, 1))


def test_json_writes_days_and_decimals_as_text():
    told = version(value="0.5", in_force_from="2026-01-01", checked_on="2026-11-23")
    assert parse(table(told)) == parse(table(version()))


ROW = {"standard": "s", "version": "1", "status": "final", "from": "2020-01-01", "source": "x"}
TRUSTED = {"who": "scheme", "as": "issuer", "from": "2020-01-01", "source": "x"}
VALUES = {
    "shares": ([{"IRMA 50": "0.5"}], [{}, {"IRMA 50": "1.5"}, ["0.5"]]),
    "counts": ([{"3.0": 33}], [{}, {"3.0": -1}, 33]),
    "standards": (
        [[ROW], [ROW | {"until": "2021-01-01"}]],
        [
            [],
            ROW,
            ["final"],
            [ROW | {"status": "odd"}],
            [ROW | {"until": "2021-02-30"}],
            [ROW | {"colour": "red"}],
            [ROW | {"source": ""}],
            [{name: told for name, told in ROW.items() if name != "from"}],
        ],
    ),
    "trust_list": ([[TRUSTED]], [[TRUSTED | {"as": "friend"}], [TRUSTED | {"who": 3}]]),
    "date": ([date(2026, 1, 1), "2026-01-01"], [datetime(2026, 1, 1), "2026-1-1", "2026-02-30"]),  # noqa: DTZ001
    "share": (["0.25", 1, Decimal(0)], ["1.5", "-1", True, Decimal("NaN"), "1e0", 0.5, None]),
    "mg": ([0, 7], [-1, True, "7"]),
    "days": ([30], [1.0]),
    "count": ([0, 5], [-1, "5"]),
    "number": (["1.5", 2, Decimal("0.1")], ["-1", True, Decimal("NaN"), 0.5, None]),
    "numbers": ([{"road": "90", "sea": 45}], [{}, {"road": "fast"}, ["90"]]),
    "hours": (
        [{"from": "23:00", "until": "04:30"}],
        [
            {"from": "23:00"},
            {"from": "24:00", "until": "04:30"},
            {"from": 1, "until": "04:30"},
            {"from": "04:30", "until": "04:30"},
            "23:00",
        ],
    ),
    "yearly_tonnes": (
        [[{"country": "CA", "year": 2025, "tonnes": 3500, "note": "estimated"}]],
        [
            [],
            "CA",
            ["CA"],
            [{"country": "CA", "year": 2025}],
            [{"country": "ca", "year": 2025, "tonnes": 1}],
            [{"country": 1, "year": 2025, "tonnes": 1}],
            [{"country": "CA", "year": "2025", "tonnes": 1}],
            [{"country": "CA", "year": 25, "tonnes": 1}],
            [{"country": "CA", "year": 2025, "tonnes": -1}],
            [{"country": "CA", "year": 2025, "tonnes": 1, "note": ""}],
            [{"country": "CA", "year": 2025, "tonnes": 1, "why": "x"}],
            [{"country": "CA", "year": 2025, "tonnes": 1}] * 2,
        ],
    ),
    "text": (["x"], ["", " ", 3]),
    "list": ([["a", "b"]], [[], ["a", "a"], ["a", ""], "a"]),
    "table": ([{"a": "b"}], [{}, {"a": 1}, "a"]),
    "country_group": (
        [[{"code": "NO", "from": date(2026, 1, 1), "source": "s"}]],
        [
            [],
            "NO",
            ["NO"],
            [{"code": "NO", "source": "s"}],
            [{"code": "NO", "from": "2026-01-01", "source": "s", "why": "x"}],
            [{"code": "NO", "from": "2026-01-01", "source": ""}],
            [{"code": "no", "from": "2026-01-01", "source": "s"}],
            [{"code": 1, "from": "2026-01-01", "source": "s"}],
            [{"code": "NO", "from": "2026", "source": "s"}],
            [{"code": "NO", "from": "2026-01-01", "until": 3, "source": "s"}],
        ],
    ),
}


@pytest.mark.parametrize(
    ("unit", "value"), [(u, v) for u, (good, _) in VALUES.items() for v in good]
)
def test_a_value_of_its_unit_is_read(unit, value):
    assert parse(table(version(value=value), unit=unit)).versions[0].value is not None


@pytest.mark.parametrize(
    ("unit", "value"), [(u, v) for u, (_, bad) in VALUES.items() for v in bad if v is not None]
)
def test_anything_else_is_refused_by_name(unit, value):
    with pytest.raises(BadPack, match=f"a {unit} is ") as refused:
        parse(table(version(value=value), unit=unit))
    assert refused.value.at == "versions[0].value"


REFUSED = [
    ("not a table", "a parameter is a table", ""),
    ({"title": "t", "unit": "share"}, "missing", "versions"),
    (table(version(), colour="red"), "unknown key", "colour"),
    (table(version(), title=" "), "a title is a text", "title"),
    (table(version(), unit="percent"), "unit is one of", "unit"),
    (table(), "at least one version", "versions"),
    (table("2026"), "a version is a table", "versions[0]"),
    *[
        (table(version(**{name: None})), "missing", f"versions[0].{name}")
        for name in (
            "in_force_from",
            "source",
            "url",
            "published_on",
            "status",
            "verification",
            "checked_on",
            "value",
        )
    ],
    (table(version(article="1")), "unknown key", "versions[0].article"),
    (table(version(status="valid")), "status is one of", "versions[0].status"),
    (table(version(verification="yes")), "verification is one of", "versions[0].verification"),
    (table(version(in_force_from="2026-01")), "not a calendar day", "versions[0].in_force_from"),
    (table(version(source=" ")), "a text that is not empty", "versions[0].source"),
    (table(version(note="")), "a text that is not empty", "versions[0].note"),
    (table(version(url="")), "address of the source is missing", "versions[0].url"),
    (table(version(url=3)), "address of the source is missing", "versions[0].url"),
    (table(version(verification="unset")), "no value here", "versions[0].value"),
    (table(version(status="repealed")), "no value here", "versions[0].value"),
    (table(version(status="expired")), "names its last day", "versions[0].in_force_until"),
    (
        table(version(in_force_until=date(2025, 12, 31))),
        "ends before it starts",
        "versions[0].in_force_until",
    ),
    (table(version(), version()), "overlaps", "versions[1].in_force_from"),
    (
        table(version(in_force_until=date(2026, 6, 1)), version(in_force_from=date(2026, 6, 1))),
        "overlaps",
        "versions[1].in_force_from",
    ),
]


@pytest.mark.parametrize(("told", "sentence", "at"), REFUSED)
def test_an_incomplete_parameter_is_refused_with_file_table_and_key(told, sentence, at):
    with pytest.raises(BadPack, match=sentence) as refused:
        parse(told)
    assert refused.value.facts["file"] == "value.toml"
    if at:
        assert refused.value.at == at


def test_a_proposal_may_overlap_and_an_end_may_be_followed_the_next_day():
    proposal = version(in_force_from=date(2025, 1, 1), status="proposed")
    ended = version(in_force_until=date(2026, 6, 1))
    after = version(in_force_from=date(2026, 6, 2))
    assert len(parse(table(ended, proposal, after)).versions) == 3


def test_only_a_hypothetical_or_own_value_needs_no_address():
    assert parse(table(version(url="", status="hypothetical")))
    assert parse(table(version(url="")), own_decision=True)


def test_a_day_is_read_from_text_of_one_form_only():
    assert read_day("2026-11-23") == date(2026, 11, 23)
    assert read_day("20261123") is None


# ── what a club may do with it ────────────────────────────────────────────────────────────


def test_a_pack_says_what_a_club_may_do_with_a_parameter_and_a_policy_does_not():
    assert parse(table(version())).club == ""
    assert parse(table(version(), club="sets")).club == "sets"
    listed = table(version(value=["a"]), unit="list", club="adds")
    assert parse(listed).club == "adds"
    with pytest.raises(BadPack, match="unknown key"):
        parse(listed, own_decision=True)


@pytest.mark.parametrize(
    ("club", "sentence"),
    [
        ("rules", "club is sets, adds, or left out"),
        ("adds", "only these are added to: list, names, table, country_group"),
    ],
)
def test_nothing_else_is_a_clubs_to_do(club, sentence):
    with pytest.raises(BadPack, match=sentence):
        parse(table(version(), club=club))


@pytest.mark.parametrize(("unit", "most"), [("days", 36_525), ("months", 1_200)])
def test_no_term_is_longer_than_a_hundred_years(unit, most):
    [told] = parse(table(version(value=most), unit=unit)).versions
    assert told.value == most
    for value in (most + 1, -1):
        with pytest.raises(BadPack, match="no more than a hundred years"):
            parse(table(version(value=value), unit=unit))
