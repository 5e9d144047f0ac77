"""Statements: from signed bytes to what they say, or why they are not understood."""

import json
from contextlib import suppress
from hashlib import sha256
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Meta

from tests.builders import (
    ORIGIN,
    assay,
    extraction,
    key_of,
    new_lot,
    organization,
    quantity,
    signed,
    split,
    statement,
    taken,
    transformation,
    understood,
)
from traceability.errors import (
    DecimalMalformed,
    DisclosureUnused,
    DocumentTooLarge,
    MalformedJws,
    MalformedStatement,
    NotForThisLedger,
    TooManySubjects,
    TraceabilityError,
    UndisclosedValue,
    UnknownKind,
)
from traceability.ledger.canonical import canonical
from traceability.ledger.disclosures import hide
from traceability.ledger.kinds import KINDS
from traceability.ledger.shapes import Quantity, Shape
from traceability.ledger.signing import RECEIPT_TYPE, STATEMENT_TYPE, sign_jws
from traceability.ledger.statements import (
    Head,
    _keeps_to_profile,
    _read,
    _read_plain,
    parse_statement,
    to_shape,
)

CLAIM = extraction("alice:L1")
ID = "00000000-0000-4000-8000-000000000001"


def parse(raw, **more):
    return parse_statement(raw, kinds=KINDS, ledger=ORIGIN, **more)


def test_a_statement_is_understood_from_the_bytes_as_sent():
    document = statement(CLAIM, "alice", id=ID)
    raw = signed(document)

    told = parse(raw)

    assert told.raw == raw
    assert told.digest == sha256(raw).digest()
    assert told.payload_digest == sha256(canonical(document)).digest()
    assert (told.id, told.author, told.kind) == (ID, "alice", "custody.extraction")
    assert told.kid == key_of("alice").kid
    assert told.body.lot.lot == "alice:L1"
    assert told.subjects == ("lot:alice:L1",)


def test_the_same_document_signed_anew_has_the_same_payload_digest():
    document = statement(CLAIM, "alice", id=ID)

    before, after = parse(signed(document)), parse(signed(document, key="alice's second key"))

    assert before.payload_digest == after.payload_digest
    assert before.digest != after.digest


def test_subjects_are_sorted_and_named_once():
    parts = [taken("alice:B", "1"), taken("alice:A", "1")]
    assert understood(split("alice:A", *parts), "alice").subjects == ("lot:alice:A", "lot:alice:B")


@pytest.mark.parametrize(
    ("change", "error", "at"),
    [
        ({"ledger": "ledger.example"}, NotForThisLedger, "$.ledger"),
        ({"kind": "custody.teleport"}, UnknownKind, "$.kind"),
        ({"kind": "custody"}, MalformedStatement, "$.kind"),
        ({"schema": 2}, MalformedStatement, "$.schema"),
        ({"id": ID.upper().replace("0", "A")}, MalformedStatement, "$.id"),
        ({"id": ID + "\n"}, MalformedStatement, "$.id"),
        ({"author": "Alice"}, MalformedStatement, "$.author"),
        ({"comment": "hello"}, MalformedStatement, "$"),
        ({"body": {"facility": "alice:mine"}}, MalformedStatement, "$.body"),
        ({"body": CLAIM[1] | {"colour": "red"}}, MalformedStatement, "$.body"),
        ({"stream": {"id": "s", "seq": -1}}, MalformedStatement, "$.stream.seq"),
        ({"evidence": [{"sha256": "ab"}]}, MalformedStatement, "$.evidence[0]"),
    ],
)
def test_a_document_of_another_shape_is_refused_with_the_place(change, error, at):
    with pytest.raises(error) as refused:
        parse(signed(statement(CLAIM, "alice") | change))

    assert refused.value.at.startswith(at)


@pytest.mark.parametrize("missing", sorted(statement(CLAIM, "alice")))
def test_no_member_of_the_envelope_may_be_missing(missing):
    document = {name: told for name, told in statement(CLAIM, "alice").items() if name != missing}
    with pytest.raises(MalformedStatement, match=missing):
        parse(signed(document, "alice"))


def test_another_ledgers_statement_is_refused_in_any_layout():
    document = statement(CLAIM, "alice") | {"ledger": "ledger.example"}
    spaced = json.dumps(document, indent=1).encode()
    with pytest.raises(NotForThisLedger):
        parse(sign_jws(spaced, key_of("alice"), typ=STATEMENT_TYPE))


def test_what_was_recorded_is_read_whatever_a_later_rule_of_admission_says():
    raw = signed(statement(assay(lot=None), "alice"))  # of nothing
    with pytest.raises(MalformedStatement):
        parse(raw)
    assert parse(raw, is_recorded=True).body.lot is None


def test_a_receipt_never_passes_for_a_statement():
    raw = sign_jws(canonical(statement(CLAIM, "alice")), key_of("alice"), typ=RECEIPT_TYPE)
    with pytest.raises(MalformedJws):
        parse(raw)


def test_a_statement_is_at_most_sixty_kilobytes():
    processes = [{"type": "mixing", "note": "x" * 500}] * 30
    outputs = [new_lot(f"alice:{n}") | {"processes": processes} for n in range(5)]
    big = transformation([taken("alice:L", "1")], outputs, at="alice:mine")
    with pytest.raises(DocumentTooLarge):
        understood(big, "alice")


def test_a_statement_touches_at_most_256_subjects():
    def claim(inputs):
        return transformation(
            [taken(f"alice:I{n}", "1") for n in range(inputs)],
            [new_lot(f"alice:O{n}") for n in range(100)],
            at="alice:mine",
        )

    assert len(understood(claim(156), "alice").subjects) == 256
    with pytest.raises(TooManySubjects) as refused:
        understood(claim(157), "alice")
    assert refused.value.facts == {"count": 257, "limit": 256}


def told_by(envelope):
    """Everything that an envelope says, whichever way it was read."""
    return {name: getattr(envelope, name) for name in Head.__struct_fields__}


def test_any_layout_is_read_the_same():
    document = statement(CLAIM, "alice", id=ID)
    payloads = [canonical(document), json.dumps(document, indent=1).encode()]
    one, other = (
        parse(sign_jws(payload, key_of("alice"), typ=STATEMENT_TYPE)) for payload in payloads
    )
    assert (told_by(one.envelope), one.body) == (told_by(other.envelope), other.body)
    assert [_read_plain(payload, KINDS) is None for payload in payloads] == [False, True]


PAYLOADS = [
    canonical(statement(claim, "alice", id=ID, **more))
    for claim, more in (
        (
            CLAIM,
            {
                "evidence": [
                    {"sha256": "ab" * 32, "title": "ticket \u00e9", "media_type": "text/plain"}
                ],
                "stream": {"id": "scale", "seq": 7, "prev": "cd" * 32},
            },
        ),
        (split("alice:L", taken("alice:P", "1")), {"asserted_by": {"name": "Bob"}}),
        (assay("alice:L"), {"acting_person": "p-12345678"}),
        (organization("bob", roles=["company"]), {}),
    )
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_is_canonical_is_read_the_shorter_way(payload):
    assert _read_plain(payload, KINDS) is not None


@settings(max_examples=500)
@given(
    data=st.data(),
    new=st.binary(max_size=2)
    | st.sampled_from(
        [
            b"null",
            b"1.0",
            b'"a":null,',
            b'"A":1,',
            b"1e3",
            b"[[]]",
            b"\\u0000",
            b"-0",
            b"07",
            b"9007199254740992",
            b'"parts":1,',
            b"true",
            b" ",
            b'"ledger":"x",',
            b'"sd":1,',
        ]
    ),
)
def test_the_shorter_way_accepts_nothing_that_the_longer_way_does_not(data, new):
    payload = data.draw(st.sampled_from(PAYLOADS))
    place = data.draw(st.integers(0, len(payload) - 1))
    payload = payload[:place] + new + payload[place + data.draw(st.integers(0, 2)) :]

    told = _read_plain(payload, KINDS)

    if told is not None:
        envelope, body = _read(payload, KINDS, told[0].ledger, ())
        assert (told_by(told[0]), told[1]) == (told_by(envelope), body)


def test_only_a_shape_that_keeps_to_the_profile_is_read_the_shorter_way():
    open_kinds = {name for name, kind in KINDS.items() if kind.decoder is None}
    assert open_kinds == {"custody.correction"}  # its replacement may be anything at first
    assert _keeps_to_profile(Head)


class Within(Shape, frozen=True):
    number: Annotated[int, Meta(ge=0, le=2**53 - 1)]
    words: list[list[str]] | None = None


class Unbounded(Shape, frozen=True):
    number: int


class TooLarge(Shape, frozen=True):
    number: Annotated[int, Meta(ge=0, le=2**53)]


class TooSmall(Shape, frozen=True):
    number: Annotated[int, Meta(ge=-(2**53), le=0)]


class Fraction(Shape, frozen=True):
    number: float


class Anything(Shape, frozen=True):
    parts: list[Any]


class Renamed(Shape, frozen=True, rename="camel"):
    first_name: str


class Endless(Shape, frozen=True):
    within: "Endless | None" = None


@pytest.mark.parametrize(
    ("shape", "keeps"),
    [
        (Within, True),
        (Unbounded, False),
        (TooLarge, False),
        (TooSmall, False),
        (Fraction, False),
        (Anything, False),
        (Renamed, False),
        (Endless, False),
    ],
)
def test_a_shape_keeps_to_the_profile_or_not(shape, keeps):
    assert _keeps_to_profile(shape) is keeps


# ── hidden values ─────────────────────────────────────────────────────────────────────────


def hidden(*paths):
    document, disclosures = hide(statement(CLAIM, "alice"), paths, lambda: b"s" * 16)
    return signed(document), tuple(disclosures)


def test_the_ledger_works_with_hidden_values_and_the_bytes_do_not_tell_them():
    raw, disclosures = hidden("body.lot.quantity.value", "body.lot.owners")

    told = parse(raw, disclosures=disclosures)

    assert told.body.lot.quantity.value == "100"
    assert told.disclosures == disclosures
    assert b'"owner"' not in told.jws.payload


def test_a_hidden_value_must_be_disclosed_to_the_ledger():
    raw, _ = hidden("body.lot.quantity.value")
    with pytest.raises(UndisclosedValue) as refused:
        parse(raw)
    assert refused.value.at == "$.body.lot.quantity.value"


def test_a_disclosure_of_another_value_is_refused():
    raw, [disclosure] = hidden("body.lot.quantity.value")
    with pytest.raises(DisclosureUnused):
        parse(raw, disclosures=({**disclosure, "value": "1"},))


def test_a_disclosure_without_a_hidden_value_is_refused():
    _, disclosures = hidden("body.lot.quantity.value")
    with pytest.raises(DisclosureUnused):
        parse(signed(statement(CLAIM, "alice")), disclosures=disclosures)


def test_a_hidden_value_must_fit_its_place():
    document, disclosures = hide(
        statement(assay("alice:L1", method=["not", "text"]), "alice"),
        ["body.method"],
        lambda: b"s" * 16,
    )
    with pytest.raises(MalformedStatement):
        parse(signed(document), disclosures=tuple(disclosures))


# ── whatever bytes come ───────────────────────────────────────────────────────────────────


@given(raw=st.binary(max_size=200))
def test_no_bytes_at_all_break_the_parser(raw):
    with pytest.raises(TraceabilityError):
        parse(raw)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["lot", "sd", "value", "owner", "a"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(data=st.data(), value=values)
def test_no_value_in_any_place_breaks_the_parser(data, value):
    document = statement(extraction("alice:L1"), "alice", id=ID)
    place = data.draw(st.sampled_from(sorted(document)))
    inner = data.draw(st.sampled_from([None, *CLAIM[1], *CLAIM[1]["lot"]]))
    if place == "body" and inner in CLAIM[1]:
        document["body"] = CLAIM[1] | {inner: value}
    elif place == "body" and inner is not None:
        document["body"] = CLAIM[1] | {"lot": CLAIM[1]["lot"] | {inner: value}}
    else:
        document[place] = value
    with suppress(TraceabilityError):  # any other exception is a failure
        parse(signed(document, "alice"))


def test_a_shape_names_the_place_of_what_does_not_fit():
    with pytest.raises(DecimalMalformed) as refused:
        to_shape(quantity("1e3"), Quantity, at="$.body.lots[0].quantity")
    assert refused.value.at == "$.body.lots[0].quantity.value"

    with pytest.raises(MalformedStatement) as refused:
        to_shape([], Quantity, at="$.here")
    assert refused.value.at == "$.here"
