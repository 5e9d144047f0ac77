"""Receipts: a signed promise, the same bytes for the same entry."""

from datetime import UTC, timedelta

import orjson
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import ORIGIN, extraction, key_of, understood
from traceability.ledger.canonical import canonical
from traceability.ledger.entries import Subject, begin_subject, seal, utc_text
from traceability.ledger.receipts import receipt
from traceability.ledger.signing import RECEIPT_TYPE, parse_jws, verify_jws

STATEMENT = understood(extraction("alice:L"), "alice")
ENTRY = seal(
    STATEMENT,
    [begin_subject("lot:alice:L", bytes(16))],
    salt=bytes(16),
    received_at="2026-03-01T15:00:01.500000Z",
)


def promised(**changes):
    told = {
        "entry_hash": ENTRY.hash,
        "body": ENTRY.body,
        "author": "alice",
        "statement_id": str(STATEMENT.id),
        "key_held_by": "organization",
        "publish_within": timedelta(seconds=60),
        "log_key": key_of("log"),
    }
    return receipt(**told | changes)


def test_a_receipt_says_what_was_recorded_and_until_when_it_is_published():
    jws = parse_jws(promised().encode(), typ=RECEIPT_TYPE)
    verify_jws(jws, key_of("log").public.raw)

    assert orjson.loads(jws.payload) == {
        "author": "alice",
        "entry": ENTRY.hash,
        "id": str(STATEMENT.id),
        "key_held_by": "organization",
        "ledger": ORIGIN,
        "previous": orjson.loads(ENTRY.body)["previous"],
        "publish_by": "2026-03-01T15:01:01.500000Z",
        "received_at": "2026-03-01T15:00:01.500000Z",
        "statement": STATEMENT.digest.hex(),
    }


@given(
    author=st.from_regex(r"\A[a-z0-9][a-z0-9-]{1,31}\Z"),
    heads=st.lists(st.none() | st.binary(min_size=32, max_size=32), min_size=1, max_size=3),
    moment=st.datetimes(timezones=st.just(UTC)).filter(lambda moment: moment.year >= 1970),
)
def test_what_is_promised_is_canonical(author, heads, moment):
    chains = [
        Subject(id=f"lot:{n}", salt=bytes(16), chain=f"{n:064}", head=head and head.hex())
        for n, head in enumerate(heads)
    ]
    entry = seal(STATEMENT, chains, salt=bytes(16), received_at=utc_text(moment))
    jws = parse_jws(
        promised(entry_hash=entry.hash, body=entry.body, author=author).encode(), typ=RECEIPT_TYPE
    )
    assert canonical(orjson.loads(jws.payload)) == jws.payload


def test_the_same_entry_has_the_same_receipt_byte_for_byte():
    assert promised() == promised()


def test_a_receipt_says_when_the_service_holds_the_key():
    jws = parse_jws(promised(key_held_by="service").encode(), typ=RECEIPT_TYPE)
    assert orjson.loads(jws.payload)["key_held_by"] == "service"
