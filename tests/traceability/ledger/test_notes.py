"""Signed notes: what a trusted key signed is told from everything else, byte for byte."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.errors import (
    AmbiguousVerifierKey,
    InvalidNoteSignature,
    InvalidVerifierKey,
    MalformedNote,
    NoteNotSigned,
    TraceabilityError,
)
from traceability.ledger.keys import PrivateKey
from traceability.ledger.notes import (
    ED25519,
    ED25519_COSIGNATURE,
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    MLDSA44_COSIGNATURE,
    PUBLIC_KEY_SIZES,
    NoteSignature,
    SignerKey,
    VerifierKey,
    add_signatures,
    decode_base64,
    open_note,
    parse_note,
    parse_vkey,
    sign_note,
)


def signer(name, seed):
    return SignerKey(name=name, private_key=PrivateKey(seed=bytes([seed]) * 32))


MINE = signer("mine.example/log", 1)
SMELTER = signer("smelter.example", 2)
TEXT = "Ten tonnes of concentrate\n\nleft — the site.\n"
NOTE = sign_note(TEXT, [MINE, SMELTER])

names = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Z"], exclude_characters="+"), min_size=1
)
texts = st.text(st.characters(exclude_categories=["Cs"], min_codepoint=32) | st.just("\n")).map(
    lambda text: text + "\n"
)
verifiers = st.sampled_from(sorted(PUBLIC_KEY_SIZES)).flatmap(
    lambda key_type: st.builds(
        VerifierKey,
        name=names,
        key_type=st.just(key_type),
        public_key=st.binary(
            min_size=PUBLIC_KEY_SIZES[key_type], max_size=PUBLIC_KEY_SIZES[key_type]
        ),
    )
)


# ── properties ────────────────────────────────────────────────────────────────────────────


@given(verifier=verifiers)
def test_a_verifier_key_is_read_back_from_its_line(verifier):
    assert parse_vkey(verifier.vkey) == verifier


@given(text=texts, name=names)
def test_a_signed_text_is_read_back_by_whoever_knows_the_key(text, name):
    key = signer(name, 3)
    note = sign_note(text, [MINE, key])
    opened = open_note(note, [key.verifier])
    assert opened.text == text
    assert [signature.name for signature in opened.signatures] == [name]
    assert opened.unverified == (MINE.sign(text),)


def test_no_part_of_a_verifier_key_is_a_verifier_key():
    vkey = MINE.verifier.vkey
    for begin in range(len(vkey)):
        for end in range(begin, len(vkey) + 1):
            if (begin, end) != (0, len(vkey)):
                with pytest.raises(InvalidVerifierKey):
                    parse_vkey(vkey[begin:end])


def test_a_verifier_key_does_not_survive_a_change_of_one_byte():
    vkey = MINE.verifier.vkey
    for place in range(len(vkey)):
        for character in "\0 +-/0=AZaz~é":
            changed = vkey[:place] + character + vkey[place + 1 :]
            if changed != vkey:
                with pytest.raises(InvalidVerifierKey):
                    parse_vkey(changed)


def test_no_part_of_a_note_is_a_note_with_another_text():
    encoded = NOTE.encode()
    for begin in range(len(encoded)):
        for end in range(begin, len(encoded) + 1):
            assert_refused_or_unchanged(encoded[begin:end])


@given(place=st.integers(0, len(NOTE.encode()) - 1), byte=st.integers(0, 255))
def test_a_change_of_one_byte_is_noticed_or_leaves_what_was_verified(place, byte):
    changed = bytearray(NOTE.encode())
    changed[place] = byte
    assert_refused_or_unchanged(bytes(changed))


def assert_refused_or_unchanged(note):
    try:
        opened = open_note(note, [MINE.verifier])
    except TraceabilityError:
        return
    assert opened.text == TEXT
    assert opened.signatures == (MINE.sign(TEXT),)


def test_every_change_of_one_bit_in_the_text_is_noticed():
    encoded = NOTE.encode()
    for place in range(len(TEXT.encode())):
        for bit in range(8):
            changed = bytearray(encoded)
            changed[place] ^= 1 << bit
            with pytest.raises(TraceabilityError):
                open_note(bytes(changed), [MINE.verifier])


@given(data=st.binary(max_size=40))
def test_base64_is_read_in_one_way(data):
    text = base64.b64encode(data).decode()
    assert decode_base64(text) == data


@given(text=st.text("ABab09+/=- \n", max_size=12))
def test_other_base64_is_refused(text):
    decoded = decode_base64(text)
    assert decoded is None or base64.b64encode(decoded).decode() == text


# ── published vectors ─────────────────────────────────────────────────────────────────────

# golang/mod, sumdb/note/note_test.go at fe2ec04 (BSD-3-Clause).
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
QUOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
QUOTE_SIGNATURE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngot"
    "pRZb6KE6RyyBwJnAM=\n"
)


def test_the_published_note_opens():
    opened = open_note(f"{QUOTE}\n{QUOTE_SIGNATURE}", [parse_vkey(PETER)])
    assert opened.text == QUOTE
    assert opened.signatures[0].line + "\n" == QUOTE_SIGNATURE
    assert opened.unverified == ()


# ── verifier keys ─────────────────────────────────────────────────────────────────────────


def test_the_base64_of_a_verifier_key_may_hold_plus_signs():
    key = VerifierKey(name="a", key_type=ED25519, public_key=b"\0\0" + b"\xfb\xef\xbe" * 10)
    assert key.vkey.count("+") > 2
    assert parse_vkey(key.vkey) == key


@pytest.mark.parametrize(
    "name", ["", "two words", "a+b", "no\u00a0break", "line\n", "\ud800", "\x07"]
)
def test_a_key_name_that_no_note_can_carry_is_refused(name):
    with pytest.raises(InvalidVerifierKey):
        VerifierKey(name=name, key_type=ED25519, public_key=bytes(32))


@pytest.mark.parametrize(
    ("key_type", "size"),
    [(ED25519, 31), (ED25519_COSIGNATURE, 33), (MLDSA44_COSIGNATURE, 32), (0x02, 32), (0x19, 32)],
)
def test_an_unknown_key_type_or_a_cut_key_is_refused(key_type, size):
    with pytest.raises(InvalidVerifierKey):
        VerifierKey(name="a", key_type=key_type, public_key=bytes(size))


@pytest.mark.parametrize(
    "text", ["", "a", "a+00000000", "a+AF0CFE78+AQ==", "a+00000000+", "\ud800++"]
)
def test_what_is_no_verifier_key_is_refused(text):
    with pytest.raises(InvalidVerifierKey):
        parse_vkey(text)


def test_key_ids_are_written_in_lower_case_only():
    name, key_id, key = parse_vkey(PETER).vkey.split("+", 2)
    with pytest.raises(InvalidVerifierKey):
        parse_vkey(f"{name}+{key_id.upper()}+{key}")


# ── whose signature counts ────────────────────────────────────────────────────────────────


def test_a_note_without_a_trusted_signature_is_refused():
    with pytest.raises(NoteNotSigned):
        open_note(NOTE, [signer("mine.example/log", 9).verifier])
    with pytest.raises(NoteNotSigned):
        open_note(NOTE, [])


def test_a_bad_signature_by_a_known_key_spoils_the_note_whoever_else_signed():
    note = sign_note(TEXT, [MINE]) + SMELTER.sign("another text\n").line + "\n"
    assert open_note(note, [MINE.verifier]).text == TEXT
    with pytest.raises(InvalidNoteSignature) as refused:
        open_note(note, [MINE.verifier, SMELTER.verifier])
    assert refused.value.facts["name"] == "smelter.example"


def test_a_repeated_bad_signature_after_a_good_one_is_noticed():
    forged = NoteSignature(name=MINE.name, key_id=MINE.verifier.key_id, signature=bytes(64))
    with pytest.raises(InvalidNoteSignature):
        open_note(f"{NOTE}{forged.line}\n", [MINE.verifier])


def test_a_signature_of_the_wrong_length_does_not_verify():
    short = NoteSignature(name=MINE.name, key_id=MINE.verifier.key_id, signature=b"short")
    with pytest.raises(InvalidNoteSignature):
        open_note(f"{TEXT}\n{short.line}\n", [MINE.verifier])


def test_a_key_counts_once_however_often_it_signed():
    opened = open_note(sign_note(TEXT, [MINE, MINE, SMELTER, SMELTER]), [MINE.verifier])
    assert opened.signatures == (MINE.sign(TEXT),)
    assert opened.unverified == (SMELTER.sign(TEXT),)


def test_a_known_name_with_another_key_id_is_an_unknown_key():
    other = signer(MINE.name, 7)
    opened = open_note(sign_note(TEXT, [MINE, other]), [MINE.verifier])
    assert opened.unverified == (other.sign(TEXT),)


def test_a_key_given_twice_is_ambiguous_once_it_is_used():
    twice = [MINE.verifier, MINE.verifier, SMELTER.verifier]
    with pytest.raises(AmbiguousVerifierKey):
        open_note(NOTE, twice)
    assert open_note(sign_note(TEXT, [SMELTER]), twice).text == TEXT


def test_keys_of_cosigners_do_not_open_a_plain_note():
    public_key = MINE.verifier.public_key
    cosigner = VerifierKey(name=MINE.name, key_type=ED25519_COSIGNATURE, public_key=public_key)
    with pytest.raises(NoteNotSigned):
        open_note(NOTE, [cosigner])


def test_a_small_order_key_opens_nothing():
    # Identity point: to a lax verifier this signature fits every text.
    identity = b"\x01" + bytes(31)
    weak = VerifierKey(name="weak.example", key_type=ED25519, public_key=identity)
    forged = NoteSignature(name=weak.name, key_id=weak.key_id, signature=identity + bytes(32))
    with pytest.raises(InvalidNoteSignature):
        open_note(f"{NOTE}{forged.line}\n", [weak])


# ── the form of a note ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        TEXT,
        f"{TEXT}\n",
        NOTE[:-1],
        NOTE + "\n",
        NOTE + "x\n",
        NOTE.replace("— ", "- "),
        NOTE.replace("— mine", "—  mine"),
        NOTE.replace("\n", "\r\n"),
        NOTE.replace(" mine", " mi\u2003ne"),
        NOTE.replace(" mine", " mi+ne"),
        NOTE.replace("Ten", "\tTen"),
        NOTE + "— short AAAAAA==\n",
        NOTE + "— stray AAAAAAB=\n",
        "\ud800" + NOTE,
        b"\xff" + NOTE.encode(),
        NOTE.lstrip("T").replace("\n\n", "\n"),
    ],
)
def test_what_is_no_note_is_refused(note):
    with pytest.raises(MalformedNote):
        open_note(note, [MINE.verifier])


def test_lines_end_at_newlines_and_nowhere_else():
    text = "one\u2028still one\u0085still one\n"
    assert open_note(sign_note(text, [MINE]), [MINE.verifier]).text == text


def test_a_note_may_have_many_signatures_but_not_any_number():
    line = SMELTER.sign(TEXT).line + "\n"
    most = sign_note(TEXT, [MINE]) + line * (MAX_SIGNATURES - 1)
    assert open_note(most, [MINE.verifier]).text == TEXT
    with pytest.raises(MalformedNote):
        open_note(most + line, [MINE.verifier])


def test_a_note_may_be_large_but_not_of_any_size():
    with pytest.raises(MalformedNote):
        sign_note("x" * MAX_NOTE_BYTES + "\n", [MINE])


@pytest.mark.parametrize("text", ["", "no newline", "tab\t\n", "\ud800\n"])
def test_a_text_that_no_note_can_hold_is_not_signed(text):
    with pytest.raises(MalformedNote):
        sign_note(text, [MINE])


def test_a_text_that_nobody_signs_is_no_note():
    with pytest.raises(MalformedNote):
        sign_note(TEXT, [])


# ── adding signatures ─────────────────────────────────────────────────────────────────────


def test_further_signatures_are_added_at_the_end():
    grown = add_signatures(sign_note(TEXT, [MINE]), SMELTER.sign(TEXT).line + "\n")
    assert grown == NOTE


@pytest.mark.parametrize("lines", ["", "x\n", "\n— a AAAAAAA=\n", "— smelter.example AAAAAAA="])
def test_nothing_but_signature_lines_can_be_added(lines):
    with pytest.raises(MalformedNote):
        add_signatures(NOTE, lines)


def test_a_note_can_be_taken_apart_and_put_together():
    parsed = parse_note(NOTE)
    lines = "".join(f"{signature.line}\n" for signature in parsed.signatures)
    assert f"{parsed.text}\n{lines}" == NOTE
