"""The bundle's format: closed, canonical, read back as written."""

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.traceability.ledger.paper_ledger import mine_and_buyer
from traceability.errors import MalformedBundle
from traceability.ledger.bundle import format_bundle, parse_bundle, proven_entry, skim_bundle
from traceability.ledger.canonical import canonical

LEDGER = mine_and_buyer()
BUNDLE = LEDGER.bundle("bolt:C", is_open=lambda line: line.statement.author == "bolt", since=[4])
DATA = format_bundle(BUNDLE)
DOCUMENT = orjson.loads(DATA)


@given(readable=st.sets(st.integers(0, 10)), lot=st.sampled_from(["acme:L1", "acme:L2", "bolt:C"]))
def test_a_bundle_is_read_back_as_it_was_written(readable, lot):
    numbers = {line.hash: number for number, line in enumerate(LEDGER.written)}
    bundle = LEDGER.bundle(lot, is_open=lambda line: numbers[line.hash] in readable)

    assert parse_bundle(format_bundle(bundle)) == bundle
    assert format_bundle(parse_bundle(format_bundle(bundle))) == format_bundle(bundle)


def changed(path, value):
    document = orjson.loads(orjson.dumps(DOCUMENT))
    *parents, last = path
    place = document
    for step in parents:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return canonical(document)


BLINDED = next(n for n, item in enumerate(DOCUMENT["entries"]) if "statement" not in item)
OPEN = next(n for n, item in enumerate(DOCUMENT["entries"]) if "statement" in item)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["format"], 2),
        (["lot"], ...),
        (["lot"], "no lot"),
        (["chain"], "00"),
        (["more"], 1),
        (["entries"], []),
        (["entries"], DOCUMENT["entries"][::-1]),
        (["entries"], DOCUMENT["entries"] + DOCUMENT["entries"][-1:]),
        (["subjects"], []),
        (["subjects"], DOCUMENT["subjects"][::-1]),
        (["subjects", 0, "salt"], "aa"),
        (["subjects", 0, "more"], "aa"),
        (["earlier", 0, "proof"], ["xx"]),
        (["entries", 0, "index"], -1),
        (["entries", 0, "index"], True),
        (["entries", 0, "proof"], ["A" * 64]),
        (["entries", 0, "proof"], ["0" * 64] * 64),
        (["entries", 0, "more"], 1),
        (["entries", 0, "entry", "more"], 1),
        (["entries", 0, "entry", "salt"], ...),
        (["entries", 0, "entry", "received_at"], None),
        (["entries", OPEN, "statement"], None),
        (["entries", OPEN, "erased_at"], 5),
        (["entries", OPEN, "disclosures"], []),
        (["entries", BLINDED, "disclosures"], [{"salt": "", "value": ""}]),
        (["entries", BLINDED, "erased_at"], None),
        (["entries", BLINDED, "entry", "ledger"], "x" * 60_000),
    ],
)
def test_anything_but_the_one_form_is_refused(path, value):
    with pytest.raises(MalformedBundle):
        parse_bundle(changed(path, value))


def test_harmless_text_is_no_null_character():
    told = changed(["earlier", 0, "checkpoint"], "u0000")
    assert parse_bundle(told).earlier[0].note == "u0000"

    with pytest.raises(MalformedBundle, match=r"U\+0000"):
        parse_bundle(told.replace(b'"u0000"', b'"\\u0000"'))


def test_a_value_outside_the_profile_is_refused_in_disclosures_too():
    for value, at in ((1.5, "a number"), (2**60, "an integer"), ({"No": 1}, "a member name")):
        disclosures = [{"salt": "A" * 22, "value": value}]
        document = orjson.loads(orjson.dumps(DOCUMENT))
        document["entries"][OPEN]["disclosures"] = disclosures
        with pytest.raises(MalformedBundle, match=at):
            parse_bundle(orjson.dumps(document, option=orjson.OPT_SORT_KEYS))


def test_the_place_of_a_hash_that_is_none_is_told():
    for hashes, at in ((["0" * 64, "x" * 64], 1), (["0" * 63, "0" * 65], 0), (["0" * 64, " "], 1)):
        for name, parent in (("entries", OPEN), ("earlier", 0)):
            with pytest.raises(MalformedBundle) as refused:
                parse_bundle(changed([name, parent, "proof"], hashes))
            assert refused.value.at == f"$.{name}[{parent}].proof[{at}]"


@settings(max_examples=200)
@given(place=st.integers(0, len(DATA) - 1), new=st.binary(max_size=2))
def test_what_is_read_is_what_would_be_written(place, new):
    data = DATA[:place] + new + DATA[place + 1 :]
    try:
        told = parse_bundle(data)
    except MalformedBundle:
        return
    assert format_bundle(told) == data


def test_an_entry_names_each_chain_once():
    previous = DOCUMENT["entries"][BLINDED]["entry"]["previous"]
    doubled = changed(["entries", BLINDED, "entry", "previous"], [*previous, previous[0]])

    with pytest.raises(MalformedBundle, match="twice"):
        parse_bundle(doubled)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b'{"format":1}'])
def test_what_is_no_bundle_is_refused(data):
    for read in (parse_bundle, skim_bundle):
        with pytest.raises(MalformedBundle):
            read(data)


def test_another_layout_of_the_same_values_is_refused():
    with pytest.raises(MalformedBundle):
        parse_bundle(orjson.dumps(DOCUMENT, option=orjson.OPT_INDENT_2))


def test_disclosures_travel_beside_their_statement():
    item = replace(BUNDLE.entries[OPEN], disclosures=({"salt": "A" * 22, "value": "x"},))
    bundle = replace(BUNDLE, entries=(*BUNDLE.entries[:OPEN], item, *BUNDLE.entries[OPEN + 1 :]))

    assert parse_bundle(format_bundle(bundle)) == bundle


def test_an_erased_entry_says_where_the_erasure_stands():
    line = LEDGER.written[5]
    item = proven_entry(index=5, body=line.body, proof=[], erased_at=9)
    bundle = replace(BUNDLE, entries=(item,))

    assert parse_bundle(format_bundle(bundle)) == bundle
