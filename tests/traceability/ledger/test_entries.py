"""Entries: canonical bytes, the leaf hash, links that name no subject."""

from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import ORIGIN, extraction, understood
from traceability.errors import (
    EntryTooLarge,
    MalformedStatement,
    NotCanonical,
    TooManySubjects,
    TraceabilityError,
)
from traceability.ledger import entries
from traceability.ledger.canonical import canonical, parse_json
from traceability.ledger.entries import (
    begin_subject,
    chain_handle,
    parse_entry,
    seal,
    statement_of,
    utc_text,
)

STATEMENT = understood(extraction("alice:L"), "alice")
AT = "2026-03-01T15:00:00.000001Z"
SALT = bytes(range(16))

salts = st.binary(min_size=16, max_size=16)
heads = st.none() | st.binary(min_size=32, max_size=32).map(bytes.hex)


def sealed(*subjects, salt=SALT):
    return seal(STATEMENT, subjects, salt=salt, received_at=AT)


@given(names=st.lists(st.text(min_size=1, max_size=20), unique=True, max_size=8), data=st.data())
def test_an_entry_is_canonical_and_its_hash_is_the_leaf_hash(names, data):
    subjects = [
        entries.Subject(id=name, salt=salt, chain=chain_handle(name, salt), head=data.draw(heads))
        for name in names
        for salt in [data.draw(salts)]
    ]
    entry = sealed(*subjects, salt=data.draw(salts))

    assert entry.body == canonical(parse_json(entry.body, allow_null=True))
    assert entry.hash == sha256(b"\0" + entry.body).hexdigest()
    assert entry.previous == {subject.id: subject.head for subject in subjects}
    told = parse_entry(entry.body)
    assert {(link.chain, link.entry) for link in told.previous} == {
        (subject.chain, subject.head) for subject in subjects
    }
    assert (told.statement, told.ledger, told.received_at) == (STATEMENT.digest.hex(), ORIGIN, AT)


def test_the_order_of_links_tells_nothing():
    a, b = (begin_subject(name, SALT) for name in ("lot:alice:L", "lot:alice:M"))
    assert sealed(a, b).body == sealed(b, a).body


def test_a_handle_tells_nothing_without_the_salt():
    name = "lot:alice:L"
    expected = sha256(b"\x02" + SALT + name.encode()).hexdigest()
    assert begin_subject(name, SALT).chain == expected == chain_handle(name, SALT)
    assert begin_subject(name, bytes(16)).chain != expected
    assert begin_subject(name, SALT).head is None


def test_the_salt_of_an_entry_hides_the_statement():
    assert sealed(salt=SALT).hash != sealed(salt=bytes(16)).hash


def test_an_entry_at_its_largest_fits_and_a_larger_one_is_refused(monkeypatch):
    many = [begin_subject(f"lot:alice:L{n}", SALT) for n in range(256)]
    full = [entries.Subject(id=s.id, salt=s.salt, chain=s.chain, head="ab" * 32) for s in many]
    assert len(sealed(*full).body) <= entries.MAX_ENTRY

    monkeypatch.setattr(entries, "MAX_ENTRY", 1_000)
    with pytest.raises(EntryTooLarge) as refused:
        sealed(*full)
    assert refused.value.facts["limit"] == 1_000


BODY = sealed(begin_subject("lot:alice:L", SALT)).body


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b" " + BODY, NotCanonical),
        (BODY.replace(b'"format":1', b'"format":2'), MalformedStatement),
        (BODY.replace(b'"format":1,', b""), MalformedStatement),
        (BODY.replace(b'"format":1', b'"extra":1,"format":1'), MalformedStatement),
        (BODY.replace(b"000001Z", b"1Z"), MalformedStatement),
    ],
)
def test_other_bytes_are_no_entry(body, error):
    with pytest.raises(error):
        parse_entry(body)


@given(place=st.integers(0, len(BODY) - 1), byte=st.integers(0, 255))
def test_no_byte_of_an_entry_changes_unnoticed(place, byte):
    changed = BODY[:place] + bytes([byte]) + BODY[place + 1 :]
    try:
        told = parse_entry(changed)
    except TraceabilityError:
        return
    assert (told == parse_entry(BODY)) is (changed == BODY)


LINKS = {link.chain: link.entry for link in parse_entry(BODY).previous}
TOLD = {"kind": STATEMENT.kind, "ledger": ORIGIN, "links": LINKS}


def test_an_entry_that_says_just_what_is_told_gives_its_statement():
    assert statement_of(BODY.decode(), **TOLD) == STATEMENT.digest.hex()


@given(place=st.integers(0, len(BODY) - 1), new=st.text(max_size=2))
def test_an_entry_that_says_anything_else_gives_none(place, new):
    changed = BODY[:place].decode() + new + BODY[place + 1 :].decode()
    committed = statement_of(changed, **TOLD)
    assert committed is None or parse_entry(changed.encode()).statement == committed


def test_an_entry_chains_at_most_256_subjects_and_one_with_more_is_read(monkeypatch):
    many = [begin_subject(f"lot:alice:L{n}", SALT) for n in range(300)]
    with pytest.raises(TooManySubjects) as refused:
        sealed(*many)
    assert refused.value.facts == {"count": 300, "limit": 256}

    monkeypatch.setattr(entries, "MAX_LINKS", 300)  # as they were sealed once
    recorded = sealed(*many).body
    assert len(parse_entry(recorded).previous) == 300
    told = TOLD | {"links": {subject.chain: None for subject in many}}
    assert statement_of(recorded.decode(), **told) == STATEMENT.digest.hex()


@pytest.mark.parametrize(
    "other",
    [
        {"kind": "custody.split"},
        {"kind": "no kind"},
        {"ledger": "other"},
        {"links": {}},
        {"links": dict.fromkeys(LINKS, "0" * 64)},
        {"links": LINKS | {"f" * 64: None}},
    ],
)
def test_an_entry_is_compared_with_all_that_is_told(other):
    assert statement_of(BODY.decode(), **TOLD | other) is None


def test_what_the_tables_say_cannot_reach_into_the_text():
    """A value with a quotation mark stays a value."""
    chain = next(iter(LINKS))
    longer = BODY.replace(b'"entry":null', b'"entry":"x","extra":"y"')
    assert statement_of(longer.decode(), **TOLD | {"links": {chain: 'x","extra":"y'}}) is None


def test_an_instant_is_written_in_utc_to_the_microsecond():
    there = datetime(2026, 3, 1, 10, 0, 0, 7, timezone(timedelta(hours=-5)))
    assert utc_text(there) == "2026-03-01T15:00:00.000007Z"
    assert utc_text(datetime(2026, 3, 1, tzinfo=UTC)) == "2026-03-01T00:00:00.000000Z"
