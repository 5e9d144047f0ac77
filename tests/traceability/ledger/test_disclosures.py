import copy
import hashlib
import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from traceability.errors import (
    DisclosureMalformed,
    DisclosureUnused,
    NothingToHide,
    OutsideProfile,
    UndisclosedValue,
)
from traceability.ledger.disclosures import (
    commit,
    hidden_values,
    hide,
    partially_reveal,
    reveal,
)
from traceability.ledger.keys import to_base64url

DOCUMENT = {
    "id": "1",
    "body": {"lots": [{"id": "acme:L1", "price": 12345}, {"id": "acme:L2"}], "buyer": "globex"},
    "evidence": [{"title": "ticket 12"}],
}
PATHS = ["$.body.lots[0].price", "body.lots[1]", "$.body.buyer", "evidence[0].title"]

names = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True).filter(lambda name: name != "sd")
values = st.recursive(
    st.text("aé", max_size=4) | st.integers(-99, 99) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
bodies = st.dictionaries(names, values, min_size=1, max_size=4)
salts = st.binary(min_size=16, max_size=16)


def fresh_salts():
    """A source of salts that never repeat."""
    numbers = itertools.count()
    return lambda: next(numbers).to_bytes(16)


def leaves_of(value, at):
    """Paths of all values without parts."""
    if isinstance(value, dict):
        return [path for name, item in value.items() for path in leaves_of(item, f"{at}.{name}")]
    if isinstance(value, list):
        return [path for i, item in enumerate(value) for path in leaves_of(item, f"{at}[{i}]")]
    return [at]


@given(body=bodies, data=st.data())
def test_what_is_hidden_is_revealed_as_it_was(body, data):
    document = {"id": "1", "body": body}
    leaves = leaves_of(body, "$.body")
    assume(leaves)
    paths = data.draw(st.lists(st.sampled_from(leaves), unique=True))
    before = copy.deepcopy(document)

    hidden, disclosures = hide(document, paths, fresh_salts())

    assert document == before
    assert sorted(hidden_values(hidden).values()) == sorted(paths)
    assert reveal(hidden, disclosures) == document
    assert reveal(hidden, disclosures[::-1]) == document


@given(value=values, other=values, salt=salts, other_salt=salts)
def test_a_digest_opens_to_one_value_and_salt(value, other, salt, other_salt):
    same = (repr(value), salt) == (repr(other), other_salt)
    assert (commit(value, salt) == commit(other, other_salt)) == same


@given(data=st.data())
def test_whoever_lacks_a_disclosure_sees_the_rest(data):
    hidden, disclosures = hide(DOCUMENT, PATHS, fresh_salts())
    shown = data.draw(st.sets(st.sampled_from(range(len(PATHS)))))
    seen = partially_reveal(hidden, [disclosures[index] for index in shown])
    missing = [PATHS[index] for index in range(len(PATHS)) if index not in shown]
    assert sorted(hidden_values(seen).values()) == sorted(
        path if path.startswith("$") else f"$.{path}" for path in missing
    )
    if missing:
        with pytest.raises(UndisclosedValue) as refused:
            reveal(hidden, [disclosures[index] for index in shown])
        assert refused.value.at in hidden_values(seen).values()
    else:
        assert seen == DOCUMENT


def test_the_digest_is_over_salt_and_canonical_value():
    salt = bytes(range(16))
    digest = hashlib.sha256(salt + b'{"a":[1,"\xc3\xa9"],"b":true}').digest()
    assert commit({"b": True, "a": [1, "é"]}, salt) == to_base64url(digest)


def test_the_border_between_salt_and_value_cannot_be_moved():
    salt = bytes(16)
    digest = commit(12345, salt)
    hidden = {"body": {"price": {"sd": digest}}}
    assert reveal(hidden, [{"salt": to_base64url(salt), "value": 12345}]) == {
        "body": {"price": 12345}
    }
    with pytest.raises(DisclosureMalformed):  # the same bytes, cut two characters later
        reveal(hidden, [{"salt": to_base64url(salt + b"12"), "value": 345}])


def test_a_document_without_hidden_values_is_returned_as_it_is():
    assert reveal(DOCUMENT, []) is DOCUMENT
    assert partially_reveal(DOCUMENT, []) is DOCUMENT
    assert reveal({"id": "1"}, []) == {"id": "1"}


def test_outside_body_and_evidence_nothing_is_hidden():
    document = {"id": {"sd": "anything"}, "body": {}}
    assert reveal(document, []) == document
    hidden, disclosures = hide(document | {"body": {"a": 1}}, ["body.a"], fresh_salts())
    assert reveal(hidden, disclosures) == document | {"body": {"a": 1}}


@pytest.mark.parametrize(
    ("mark", "at"),
    [
        ({"sd": 1}, "$.body.a[0].sd"),
        ({"sd": ""}, "$.body.a[0].sd"),
        ({"sd": "A" * 42}, "$.body.a[0].sd"),
        ({"sd": "A" * 44}, "$.body.a[0].sd"),
        ({"sd": "A" * 42 + "B"}, "$.body.a[0].sd"),
        ({"sd": "A" * 42 + "="}, "$.body.a[0].sd"),
        ({"sd": {"sd": "A" * 43}}, "$.body.a[0].sd"),
        ({"sd": "A" * 43, "more": 1}, "$.body.a[0]"),
    ],
)
def test_a_hidden_value_has_one_form(mark, at):
    with pytest.raises(DisclosureMalformed) as refused:
        reveal({"body": {"a": [mark]}}, [])
    assert refused.value.at == at


def test_two_hidden_values_never_share_a_digest():
    mark = {"sd": commit(1, bytes(16))}
    with pytest.raises(DisclosureMalformed, match=r"\$\.body\.a") as refused:
        hidden_values({"body": {"a": mark, "b": mark}})
    assert refused.value.at == "$.body.b"


SALT = to_base64url(bytes(16))


@pytest.mark.parametrize(
    ("disclosure", "at"),
    [
        ("text", "disclosures[0]"),
        ({"salt": SALT}, "disclosures[0]"),
        ({"salt": SALT, "value": 1, "more": 1}, "disclosures[0]"),
        ({"salt": 1, "value": 1}, "disclosures[0].salt"),
        ({"salt": "*", "value": 1}, "disclosures[0].salt"),
        ({"salt": to_base64url(bytes(15)), "value": 1}, "disclosures[0].salt"),
        ({"salt": to_base64url(bytes(32)), "value": 1}, "disclosures[0].salt"),
        ({"salt": SALT, "value": {"a": [{"sd": "x"}]}}, "disclosures[0].value"),
    ],
)
def test_a_disclosure_has_one_form(disclosure, at):
    with pytest.raises(DisclosureMalformed) as refused:
        reveal({"body": {"a": {"sd": commit(1, bytes(16))}}}, [disclosure])
    assert refused.value.at == at


@pytest.mark.parametrize("value", [None, 1.5, {"A": 1}])
def test_a_hidden_value_obeys_the_profile(value):
    with pytest.raises(OutsideProfile) as refused:
        reveal({"body": {}}, [{"salt": SALT, "value": [value]}])
    assert refused.value.at.startswith("disclosures[0].value[0]")


def test_a_revealed_document_obeys_the_depth_of_the_profile():
    value = 1
    for _ in range(15):
        value = [value]
    hidden = {"body": {"a": {"sd": commit(value, bytes(16))}}}
    with pytest.raises(OutsideProfile, match="16 levels"):
        reveal(hidden, [{"salt": SALT, "value": value}])


@pytest.mark.parametrize("show", [reveal, partially_reveal])
def test_a_disclosure_that_fits_nothing_is_refused(show):
    hidden, [disclosure] = hide(DOCUMENT, ["body.buyer"], fresh_salts())
    for extra in (disclosure, disclosure | {"value": "initech"}):
        with pytest.raises(DisclosureUnused) as refused:
            show(hidden, [disclosure, extra])
        assert refused.value.at == "disclosures[1]"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "$",
        "body",
        "id",
        "$.id",
        "body.missing",
        "body.lots[2]",
        "body.lots.id",
        "body.lots[0].id[0]",
        "body.buyer.name",
        "body.evidence[0].",
        "body.lots[0].price\n",
        "body[0]",
    ],
)
def test_a_path_that_names_no_value_is_refused(path):
    with pytest.raises(NothingToHide):
        hide(DOCUMENT, [path], fresh_salts())


def test_nothing_is_hidden_twice():
    with pytest.raises(DisclosureMalformed):
        hide(DOCUMENT, ["body.buyer", "body.buyer"], fresh_salts())
    with pytest.raises(DisclosureMalformed):
        hide(DOCUMENT, ["body.lots[0].price", "body.lots[0]"], fresh_salts())
    with pytest.raises(NothingToHide):
        hide(DOCUMENT, ["body.buyer", "body.buyer.sd"], fresh_salts())


def test_a_salt_of_another_length_is_refused():
    with pytest.raises(DisclosureMalformed, match="16 bytes"):
        hide(DOCUMENT, ["body.buyer"], lambda: bytes(8))
