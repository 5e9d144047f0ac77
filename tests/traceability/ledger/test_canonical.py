import json
from pathlib import Path

import orjson
import pytest
import rfc8785
from hypothesis import assume, given
from hypothesis import strategies as st

from traceability.errors import (
    DocumentTooLarge,
    DuplicateMember,
    NotCanonical,
    NotJson,
    OutsideProfile,
    TraceabilityError,
)
from traceability.ledger.canonical import (
    DEPTH_LIMIT,
    DOCUMENT_LIMIT,
    INTEGER_LIMIT,
    canonical,
    check_profile,
    parse_canonical,
    parse_json,
    path_of,
)

VECTORS = Path(__file__).resolve().parents[3].parent / "shared" / "tlog" / "jcs"
needs_vectors = pytest.mark.skipif(
    not VECTORS.is_dir(), reason="the published vectors are not beside the checkout"
)

names = st.from_regex(r"[a-z][a-z0-9_]{0,63}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
integers = st.integers(-INTEGER_LIMIT, INTEGER_LIMIT)
plain_values = texts | integers | st.booleans()
values = st.recursive(
    plain_values,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
documents = st.dictionaries(names, values, max_size=6)
places = st.lists(names | st.integers(0, 3), max_size=6)


def nested(levels, innermost=0):
    """A document in which `levels` objects and arrays are nested, itself included."""
    value = innermost
    for _ in range(levels - 1):
        value = [value]
    return {"a": value}


def at_place(place, value):
    """A document with `value` at the given place below `$.x`."""
    for key in reversed(place):
        value = [0] * key + [value] if isinstance(key, int) else {"other": 1, key: value}
    return {"x": value}


@given(document=documents)
def test_canonical_bytes_are_those_of_rfc_8785(document):
    assert canonical(document) == rfc8785.dumps(document)


@given(document=documents, indent=st.sampled_from([None, 0, 2]), ascii_only=st.booleans())
def test_a_document_is_read_in_any_layout(document, indent, ascii_only):
    raw = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode()
    assert parse_json(raw) == document


@given(document=documents)
def test_a_canonical_document_is_read_back_as_it_was(document):
    assert parse_canonical(canonical(document)) == document


@given(document=documents)
def test_one_document_has_one_canonical_form(document):
    raw = json.dumps(document, indent=1).encode()
    assume(raw != canonical(document))
    with pytest.raises(NotCanonical):
        parse_canonical(raw)


@given(
    place=places,
    bad=st.floats() | st.none() | st.just(2**53) | st.just(-(2**53)) | st.binary() | st.tuples(),
)
def test_a_value_without_a_form_is_refused_with_its_path(place, bad):
    with pytest.raises(OutsideProfile) as refused:
        check_profile(at_place(place, bad))
    assert refused.value.at == path_of("$.x", *place)


@given(place=places, name=st.text(max_size=70) | st.integers())
def test_a_member_name_outside_the_grammar_is_refused_with_its_path(place, name):
    assume(not is_grammatical(name))
    with pytest.raises(OutsideProfile) as refused:
        check_profile(at_place(place, {name: 1}))
    assert refused.value.at == path_of("$.x", *place, name)


def is_grammatical(name):
    small = "abcdefghijklmnopqrstuvwxyz"
    return (
        isinstance(name, str)
        and 1 <= len(name) <= 64
        and name[0] in small
        and set(name) <= {*small, *"0123456789_"}
    )


@given(name=names, values=st.tuples(plain_values, plain_values))
def test_a_member_named_twice_is_refused_in_every_layout(name, values):
    first, second = (json.dumps({name: value})[1:-1] for value in values)
    inner = f"{{{first},{second}}}"
    for raw in (inner, f'{{"a":[{inner}]}}', f'{{"a": [ {inner} ] }}'):
        for read in (parse_json, parse_canonical):
            with pytest.raises(DuplicateMember) as refused:
                read(raw.encode())
            assert refused.value.facts == {"name": name}


@given(raw=st.binary(max_size=40) | st.text('{}[]":,0123456789.eE-+ \\uabtrfnls', max_size=40))
def test_whatever_is_sent_is_read_or_refused_by_a_named_error(raw):
    raw = raw.encode() if isinstance(raw, str) else raw
    try:
        document = parse_json(raw)
    except TraceabilityError:
        return
    assert parse_canonical(canonical(document)) == document


@needs_vectors
@pytest.mark.parametrize("name", ["french", "unicode", "values"])
def test_a_published_document_is_outside_the_profile_or_canonical_as_published(name):
    raw = (VECTORS / "input" / f"{name}.json").read_bytes()
    with pytest.raises(OutsideProfile):
        parse_json(raw)
    texts = [value for value in json.loads(raw).values() if isinstance(value, str)]
    published = (VECTORS / "output" / f"{name}.json").read_bytes()
    assert all(canonical(text) in published for text in texts)


@needs_vectors
def test_published_edge_cases_are_canonical_as_published_or_refused():
    for line in (VECTORS / "edge.jsonl").read_bytes().strip().split(b"\n"):
        case = json.loads(line)
        raw = bytes.fromhex(case["json_hex"]) if "json_hex" in case else case["json"].encode()
        if case.get("error") or isinstance(json.loads(raw), float):
            with pytest.raises(TraceabilityError):
                parse_json(b'{"a":' + raw + b"}")
        else:
            document = parse_json(b'{"a":' + raw + b"}")
            assert canonical(document["a"]).decode() == case["jcs"]


@needs_vectors
def test_published_numbers_within_the_profile_are_written_as_published():
    numbers = [line.split(",")[1] for line in (VECTORS / "es6_numbers.txt").read_text().split()]
    exact = [text for text in numbers if text.lstrip("-").isdecimal() and abs(int(text)) < 2**53]
    assert exact
    assert all(canonical(int(text)).decode() == text for text in exact)


def test_escapes_are_those_of_rfc_8785_section_3_2_2_2():
    text = '€$\x0f\nA\'B"\\\\"/\x7f\u2028'
    written = '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\x7f\u2028"'
    assert canonical(text) == written.encode()


@pytest.mark.parametrize(
    ("raw", "at"),
    [
        (b'{"a":1.0}', "$.a"),
        (b'{"a":[{"b":1e3}]}', "$.a[0].b"),
        (b'{"a":18446744073709551616}', "$.a"),
        (b'{"a":-9223372036854775809}', "$.a"),
        (b'{"a":9007199254740992}', "$.a"),
        (b'{"a":{"b":null}}', "$.a.b"),
        (b'{"a":{"B":1}}', "$.a.B"),
        (b'{"a":{"":1}}', '$.a[""]'),
        ('{"a":{"é\\n":1}}'.encode(), '$.a["\\u00e9\\n"]'),
        (b'{"a":[0,"\\u0000"]}', "$.a[1]"),
        (b'{"a":[true,{"b":"x\\u0000"}]}', "$.a[1].b"),
    ],
)
def test_a_culprit_is_named_by_its_path(raw, at):
    with pytest.raises(OutsideProfile) as refused:
        parse_json(raw)
    assert refused.value.at == at
    assert refused.value.as_json()["at"] == at


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b'"text"',
        b"null",
        b"{",
        b"{}{}",
        b'{"a":01}',
        b'{"a":NaN}',
        b'{"a":1,}',
        b"\xef\xbb\xbf{}",
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\\ude00\\ud83d"}',
        b"[" * 2000 + b"]" * 2000,
    ],
)
def test_what_is_no_json_object_in_utf_8_is_refused(raw):
    with pytest.raises(NotJson):
        parse_json(raw)


def test_null_is_a_value_only_where_it_is_allowed():
    assert parse_json(b'{"a":[null]}', allow_null=True) == {"a": [None]}
    assert parse_canonical(b'{"a":null}', allow_null=True) == {"a": None}
    with pytest.raises(OutsideProfile):
        parse_canonical(b'{"a":null}')


def test_text_that_looks_like_the_escape_of_u_0000_is_text():
    raw = rb'{"a":["\\u0000",1,true]}'
    assert parse_json(raw) == {"a": ["\\u0000", 1, True]}
    assert canonical(parse_canonical(raw)) == raw


@pytest.mark.parametrize("value", ["\0", {"a": ["\0"]}, {"a": "\ud800"}, 1.5, (1,), {"a": {1: 2}}])
def test_a_value_without_a_form_cannot_be_written(value):
    with pytest.raises(OutsideProfile):
        canonical(value)


def test_sixteen_levels_are_read_and_seventeen_refused():
    for innermost in (0, "text"):
        document = nested(DEPTH_LIMIT, innermost)
        assert parse_json(orjson.dumps(document)) == document
    for innermost in (0, {"b": 1}, []):
        with pytest.raises(OutsideProfile, match="16 levels"):
            parse_json(orjson.dumps(nested(DEPTH_LIMIT + 1, innermost)))
    with pytest.raises(OutsideProfile, match="16 levels"):
        parse_json(orjson.dumps(nested(DEPTH_LIMIT, {})))


@pytest.mark.parametrize("read", [parse_json, parse_canonical])
def test_depth_and_digits_hidden_behind_a_duplicate_name_are_refused_too(read):
    with pytest.raises(OutsideProfile, match="16 levels"):
        read(b'{"a":' + b"[" * 1000 + b"]" * 1000 + b',"a":1}')
    with pytest.raises(DuplicateMember):
        read(b'{"a":' + b"9" * 300 + b',"a":1}')


@pytest.mark.parametrize("read", [parse_json, parse_canonical])
def test_the_limit_counts_bytes(read):
    raw = canonical({"a": "é" * ((DOCUMENT_LIMIT - 8) // 2)})
    assert len(raw) == DOCUMENT_LIMIT
    read(raw)
    with pytest.raises(DocumentTooLarge) as refused:
        read(raw, limit=DOCUMENT_LIMIT - 1)
    assert refused.value.facts == {"size_bytes": 60_000, "limit_bytes": 59_999}


def test_a_member_name_has_64_characters_at_most():
    check_profile({"a" * 64: 1})
    for name in ("a" * 65, "a\n", "_a", "1a", "é"):
        with pytest.raises(OutsideProfile):
            check_profile({name: 1})


def test_the_path_starts_where_the_caller_says():
    with pytest.raises(OutsideProfile) as refused:
        check_profile([None], at="disclosures[2].value")
    assert refused.value.at == "disclosures[2].value[0]"
    assert path_of("$", "lots", 0, "not a name") == '$.lots[0]["not a name"]'
