"""Copies of registers as files: what is read, and what is refused at which place."""

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standards.rulebook import register_file
from standards.rulebook.errors import (
    BadRegister,
    RegisterMoved,
    SnapshotOutdated,
    UnknownDeclaration,
    UnknownSnapshot,
)
from standards.rulebook.register_changes import cell_text, difference
from standards.rulebook.register_file import COLUMNS, check_known, read_register

EXAMPLES = Path(__file__).resolve().parents[3] / "docs" / "examples"
HEAD = "name,facility,country,materials,level,status,from,to"
PIT = "Pit,mine:pit,CL,Cu,IRMA 50,completed,2026-01-01,2028-12-31"

names = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), min_size=1)
days = st.dates().map(str)
rows = st.fixed_dictionaries(
    {"name": names.map(str.strip).filter(bool)},
    optional={
        "country": st.sampled_from(["CL", "PE", "CA"]),
        "materials": st.lists(st.sampled_from(["Cu", "Li", "graphite"]), min_size=1, unique=True),
        "level": st.sampled_from(["IRMA 50", 'level "A"; b, c']),
        "status": st.sampled_from(["in process", "completed"]),
        "from": days,
        "identifiers": st.just([{"scheme": "own", "value": "7"}]),
    },
)
registers = st.lists(rows, min_size=1, max_size=8, unique_by=lambda row: row["name"])


def refused(raw):
    with pytest.raises(BadRegister) as caught:
        read_register(raw if isinstance(raw, bytes) else raw.encode())
    return caught.value


def places(error):
    return [(one["place"], one["problem"]) for one in error.facts["problems"]]


def as_csv(told, delimiter):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(COLUMNS)
    for row in told:
        writer.writerow(cell_text(row.get(name)) for name in COLUMNS)
    return out.getvalue().encode()


@pytest.mark.parametrize("blank", ["\n", " , \n\n", "\r\n;;\r\n"])
def test_lines_without_a_word_are_no_register(blank):
    with pytest.raises(BadRegister):
        read_register(blank.encode())


# ── reading ───────────────────────────────────────────────────────────────────────────────


@given(told=registers, delimiter=st.sampled_from(",;\t"))
def test_a_register_reads_the_same_from_csv_and_from_json(told, delimiter):
    from_csv = read_register(as_csv(told, delimiter))
    from_json = read_register(json.dumps(told).encode())

    assert from_csv.stated() == from_json.stated() == told
    assert (from_csv.media_type, from_json.media_type) == ("text/csv", "application/json")


@given(raw=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_whatever_the_bytes_are_they_are_read_or_refused_with_a_place(raw):
    told = None
    try:
        read_register(raw)
    except BadRegister as error:
        told = error
    if told is not None:
        assert told.facts["count"] >= len(told.facts["problems"]) >= 1
        assert all(place and problem for place, problem in places(told))


def test_the_examples_of_the_documents_say_the_same():
    from_csv = read_register((EXAMPLES / "register.csv").read_bytes())
    from_json = read_register((EXAMPLES / "register.json").read_bytes())

    assert from_csv.stated() == from_json.stated()
    assert len(from_csv.rows) == 4
    assert from_csv.left_out == from_json.left_out == 1
    assert from_json.header["complete"] is True
    assert from_csv.rows[3].row == {
        "name": "Sierra Alta, open pit",
        "country": "PE",
        "materials": ["Cu"],
        "status": "in process",
    }


def test_a_byte_order_mark_blank_lines_and_nulls_are_no_content():
    assert read_register(f"\ufeff{HEAD}\n\n{PIT}\n\n".encode()).rows[0].line == 3
    assert read_register(b'[{"name": "Pit", "status": null}]').stated() == [{"name": "Pit"}]


# ── refusing ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("", "the file", "it is empty"),
        (" \n", "the file", "it is empty"),
        (HEAD, "the file", "it has no row"),
        ("[]", "the file", "it has no row"),
        ("name,colour\nPit,red", "line 1, colour", "unknown column; there are "),
        ("name,\nPit,", "line 1, (no name)", "unknown column; there are "),
        ("name,level,level\nPit,a,b", "line 1, level", "the column is there twice"),
        ("facility\nmine:pit", "line 1, name", "the column is missing"),
        ("name,level\nPit,a\nPit", "line 3", "1 cells, where the header has 2"),
        ('name,level\n"Pit,a', "line 2", "it is no CSV: unexpected end of data"),
        ("name,from\nPit,01/02/2026", "line 2, from", "a day is written YYYY-MM-DD, not 01/02/20"),
        ("name,from\nPit,2026-02-30", "line 2, from", "there is no day 2026-02-30"),
        ("name,from,to\nPit,2026-02-02,2026-02-01", "line 2, to", "it ends before it begins"),
        ("name,country\nPit,cl", "line 2, country", "a country is written with two capital"),
        ("name,country\nPit,XX", "line 2, country", "ISO 3166 has no XX"),
        ("name,materials\nPit,copper", "line 2, materials", "a material is an element's symbol"),
        ("name,facility\nPit,pit", "line 2, facility", "a facility is written <organization>"),
        ("name,facility\n,mine:pit", "line 2, name", "it is missing"),
        ("name,identifiers\nPit,rmi_cid=7", "line 2, identifiers", "7 is no rmi_cid"),
        ("[{]", "line 1", "it is no JSON: "),
        ('[{"name": "a", "name": "b"}]', "the file", "it is no JSON: a member is there twice"),
        ("[" * 100_000, "the file", "it is no JSON: "),
        ("{}", "$.rows", "a list of rows is needed"),
        ('{"rows": [], "colour": 1}', "$.colour", "unknown member"),
        ('{"rows": [], "title": 1}', "$.title", "a text is needed"),
        ('{"rows": [], "complete": "yes"}', "$.complete", "true or false is needed"),
        ("[1]", "$[0]", "a row is an object"),
        ('[{"name": "Pit", "colour": "red"}]', "$[0], colour", "unknown column; there are "),
        ('{"rows": [{"name": 7}]}', "$.rows[0], name", "Expected `str`, got `int`"),
        ('[{"name": "Pit", "materials": "Cu"}]', "$[0], materials", "a material is an element's"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(text, place, problem):
    [(told_place, told)] = places(refused(text))

    assert told_place == place
    assert told.startswith(problem), told


def test_another_encoding_is_told_by_the_line_of_its_first_byte():
    told = refused(f"{HEAD}\n{PIT}\nMine d'été,,CA,,,,,\n".encode("latin-1"))
    byte = len(f"{HEAD}\n{PIT}\nMine d'")
    assert places(told) == [("line 3", f"it is not UTF-8 text (byte {byte}); save it as UTF-8")]
    assert places(refused(HEAD.encode("utf-16")))[0][0] == "line 1"
    assert "zero byte" in str(refused(HEAD.encode("utf-16-le")))


def test_lines_are_counted_as_an_editor_counts_them_across_quoted_breaks():
    text = f'{HEAD}\n"two\nlines",,CL,,,,,\nPit,,chile,,,,,\n'

    assert places(refused(text))[0][0] == "line 4, country"


def test_everything_that_is_wrong_is_told_at_once_up_to_a_hundred():
    told = refused(f"{HEAD}\n" + "Pit,mine:pit,chile,,,,,\n" * 150)

    assert told.facts["count"] == 299  # each country, and every repetition
    assert len(told.facts["problems"]) == 100
    assert "(298 more)" in str(told)


@pytest.mark.parametrize(
    ("second", "is_twice"),
    [
        (PIT, True),
        (PIT.replace("Pit,", "Same pit,").replace("IRMA 50", "IRMA 75"), True),
        (PIT.replace("mine:pit", "mine:other"), False),
        (PIT.replace("2026-01-01", "2025-01-01"), False),
        (PIT.replace("Cu", "Li"), False),
    ],
)
def test_one_party_stands_once_for_a_material_and_first_day(second, is_twice):
    text = f"{HEAD}\n{PIT}\n{second}\n"
    if not is_twice:
        assert len(read_register(text.encode()).rows) == 2
        return
    [(place, problem)] = places(refused(text))
    assert place == "line 3"
    assert problem.startswith("line 2 says it already")


def test_rows_that_nobody_matched_are_told_apart_by_name_and_country():
    assert len(read_register(b"name,country\nPit,CL\nPit,PE\nPot,CL").rows) == 3
    assert "says it already" in str(refused("name,country\nPit,CL\nPit,CL"))
    twice = refused('[{"name": "Pit"}, {"name": "Pit"}]')
    assert places(twice)[0][1].startswith("$[0] says it already")


def test_a_register_that_no_statement_holds_says_how_to_make_it_smaller(monkeypatch):
    many = HEAD + "".join(f"\nPit {n},,CL,,,,," for n in range(501))
    assert "501 rows may be somebody's here" in str(refused(many))
    assert read_register(many.replace("Pit 7,,", "Pit 7,-,").encode()).left_out == 1
    wide = "name\n" + "\n".join(f"{'x' * 490}{n:03}" for n in range(200))
    assert "write - as `facility`" in str(refused(wide))
    monkeypatch.setattr(register_file, "MOST_BYTES", 10)
    assert "more than 10 bytes" in str(refused(HEAD))


def test_whom_nobody_registered_and_words_the_register_has_not_are_refused():
    told = read_register(
        f"{HEAD},organization\n{PIT},\nCo,,,,,Suspended,,,acme-co\nFree,,,,,,,,".encode()
    )
    known = {"facilities": frozenset({"mine:pit"}), "organizations": frozenset({"acme-co"})}

    check_known(told, **known, words=None)
    check_known(told, **known, words=frozenset({"completed", "suspended"}))
    with pytest.raises(BadRegister) as caught:
        check_known(
            told, facilities=frozenset(), organizations=frozenset(), words=frozenset({"completed"})
        )
    assert places(caught.value) == [
        ("line 2, facility", "there is no facility mine:pit on this ledger"),
        ("line 3, organization", "there is no organization acme-co on this ledger"),
        ("line 3, status", "the register has no word 'Suspended'; it has completed"),
    ]


# ── comparing ─────────────────────────────────────────────────────────────────────────────


def row(facility="mine:pit", *, name="Pit", **cells):
    return {"name": name, **({"facility": facility} if facility else {}), **cells}


@given(told=registers)
def test_a_register_differs_in_nothing_from_itself(told):
    assert difference(told, told).is_none
    assert difference(told, told).same == len(told)


@given(before=registers, now=registers)
def test_what_came_and_went_and_stayed_accounts_for_every_row(before, now):
    told = difference(before, now)
    stayed = told.same + len(told.changed)

    assert stayed + len(told.added) == len(now)
    assert stayed + len(told.gone) == len(before)
    back = difference(now, before)
    assert (len(back.added), len(back.gone)) == (len(told.gone), len(told.added))


def test_a_change_is_told_cell_by_cell():
    before = [row(level="IRMA 50", materials=["Cu"], to="2026-05-31")]
    now = [row(level="IRMA 75", materials=["Cu", "Co"])]

    [changed] = difference(before, now).changed

    assert [(one.column, one.before, one.now) for one in changed.cells] == [
        ("materials", "Cu", "Cu Co"),
        ("level", "IRMA 50", "IRMA 75"),
        ("to", "2026-05-31", ""),
    ]


def test_rows_of_one_site_belong_together_by_their_materials():
    before = [row(materials=["Cu"], level="a"), row(materials=["Zn"], level="b")]
    now = [row(materials=["Zn"], level="b"), row(materials=["Cu"], level="c")]

    told = difference(before, now)

    assert (told.same, len(told.changed), told.added, told.gone) == (1, 1, (), ())
    assert told.changed[0].cells[0].before == "a"


def test_a_difference_names_whom_it_is_about():
    before = [row("mine:gone"), row(None, name="Co", organization="acme-co", level="x")]
    now = [row("mine:new"), row(None, name="Co", organization="acme-co", level="y")]

    told = difference(before, [*now, row(None, name="Nobody")])

    assert told.subjects() == (frozenset({"mine:gone", "mine:new"}), frozenset({"acme-co"}))


def test_what_is_refused_as_a_whole_says_so_with_its_facts():
    late = SnapshotOutdated("irma", retrieved_at="2026-01-01T00:00:00Z", on_file="2026-02-01")
    for error, told in (
        (late, "was retrieved at 2026-01-01T00:00:00Z; one of 2026-02-01 is on file."),
        (RegisterMoved("irma"), "Another copy of the register irma was recorded meanwhile."),
        (UnknownSnapshot("scheme:one"), "No copy scheme:one of a register is known."),
        (UnknownDeclaration("acme:d1"), "No declaration acme:d1 is known to you."),
    ):
        assert str(error).endswith(told)
        assert error.hint
        assert error.facts
