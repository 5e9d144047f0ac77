"""The bundle's format: closed, canonical, read back as written."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.traceability.ledger.paper_ledger import mine_and_buyer
from traceability.errors import MalformedBundle
from traceability.ledger.bundle import format_bundle, parse_bundle, proven_entry
from traceability.ledger.canonical import canonical

LEDGER = mine_and_buyer()
BUNDLE = LEDGER.bundle("bolt:C", is_open=lambda line: line.statement.author == "bolt", since=[4])
DOCUMENT = orjson.loads(format_bundle(BUNDLE))


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


def test_an_entry_names_each_chain_once():
    previous = DOCUMENT["entries"][BLINDED]["entry"]["previous"]
    doubled = changed(["entries", BLINDED, "entry", "previous"], [*previous, previous[0]])

    with pytest.raises(MalformedBundle, match="twice"):
        parse_bundle(doubled)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b'{"format":1}'])
def test_what_is_no_bundle_is_refused(data):
    with pytest.raises(MalformedBundle):
        parse_bundle(data)


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
