"""Checkpoints: three lines, one way to write them, and only the log's own signature counts."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.errors import (
    InvalidNoteSignature,
    MalformedCheckpoint,
    NoteNotSigned,
    TraceabilityError,
    WrongOrigin,
)
from traceability.ledger.checkpoint import (
    Checkpoint,
    open_checkpoint,
    parse_checkpoint_text,
    parse_decimal,
    sign_checkpoint,
)
from traceability.ledger.keys import PrivateKey
from traceability.ledger.merkle import EMPTY_ROOT
from traceability.ledger.notes import SignerKey, parse_vkey, sign_note

ORIGIN = "ledger.example/minerals"
LOG = SignerKey(name=ORIGIN, private_key=PrivateKey(seed=bytes(32)))
NEXT = SignerKey(name=ORIGIN, private_key=PrivateKey(seed=b"\1" * 32))
CHECKPOINT = Checkpoint(origin=ORIGIN, size=70_000, root=sha256(b"a tree").digest())
NOTE = sign_checkpoint(CHECKPOINT, [LOG])

origins = st.text(st.characters(exclude_categories=["Cs"], min_codepoint=32), min_size=1)
checkpoints = st.builds(
    Checkpoint,
    origin=origins,
    size=st.integers(0, 2**63 - 1),
    root=st.binary(min_size=32, max_size=32),
)


@given(checkpoint=checkpoints)
def test_a_checkpoint_is_read_back_from_its_text(checkpoint):
    assert parse_checkpoint_text(checkpoint.text) == checkpoint


@given(checkpoint=checkpoints)
def test_a_signed_checkpoint_opens_for_whoever_knows_the_log(checkpoint):
    note = sign_checkpoint(checkpoint, [LOG])
    opened = open_checkpoint(note, origin=checkpoint.origin, verifiers=[LOG.verifier])
    assert opened == checkpoint


@given(place=st.integers(0, len(NOTE.encode()) - 1), byte=st.integers(0, 255))
def test_a_change_of_one_byte_is_noticed_or_changes_nothing(place, byte):
    changed = bytearray(NOTE.encode())
    changed[place] = byte
    try:
        opened = open_checkpoint(bytes(changed), origin=ORIGIN, verifiers=[LOG.verifier])
    except TraceabilityError:
        return
    assert opened == CHECKPOINT


def test_every_substring_of_a_checkpoint_note_but_the_whole_is_refused():
    encoded = NOTE.encode()
    for cut in range(1, len(encoded)):
        for part in (encoded[cut:], encoded[:-cut]):
            with pytest.raises(TraceabilityError):
                open_checkpoint(part, origin=ORIGIN, verifiers=[LOG.verifier])


# golang/go checksum database, FiloSottile/torchwood cmd/litewitness/testdata/sumdb.txt at
# 341dc2f (ISC); its origin has spaces and its key another name.
def test_a_checkpoint_of_a_public_log_opens():
    note = (
        "go.sum database tree\n35225469\nvt5T6GaLCXvyHFl9VUvvItR43XZxfLgftEcTyO3eJCQ=\n\n"
        "— sum.golang.org Az3grpukl5AXaVfYkLiDGORx/DN2nlcS5kZHR5uYOBV2KA2HgXpD+gu9HHONebHLAyaKbbT"
        "M75QTtPydhKCExixSfwQ=\n"
    )
    vkey = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    checkpoint = open_checkpoint(note, origin="go.sum database tree", verifiers=[parse_vkey(vkey)])
    assert checkpoint.size == 35_225_469


def test_the_checkpoint_of_another_log_is_not_taken_for_ours():
    with pytest.raises(WrongOrigin) as refused:
        open_checkpoint(NOTE, origin="demo.example", verifiers=[LOG.verifier])
    assert refused.value.facts == {"origin": ORIGIN, "expected": "demo.example"}


def test_a_checkpoint_needs_the_signature_of_its_log():
    with pytest.raises(NoteNotSigned):
        open_checkpoint(NOTE, origin=ORIGIN, verifiers=[NEXT.verifier])
    forged = NOTE.replace("\n70000\n", "\n70001\n")
    with pytest.raises(InvalidNoteSignature):
        open_checkpoint(forged, origin=ORIGIN, verifiers=[LOG.verifier])


def test_during_key_rotation_old_and_new_key_each_open_the_checkpoint():
    note = sign_checkpoint(CHECKPOINT, [LOG, NEXT])
    for verifiers in ([LOG.verifier], [NEXT.verifier], [LOG.verifier, NEXT.verifier]):
        assert open_checkpoint(note, origin=ORIGIN, verifiers=verifiers) == CHECKPOINT


def test_a_signed_text_that_is_no_checkpoint_is_refused():
    note = sign_note(CHECKPOINT.text + "extension\n", [LOG])
    with pytest.raises(MalformedCheckpoint):
        open_checkpoint(note, origin=ORIGIN, verifiers=[LOG.verifier])


def test_signing_twice_gives_the_same_bytes():
    assert sign_checkpoint(CHECKPOINT, [LOG]) == NOTE


ROOT = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"\n1\n{ROOT}\n",
        f"log\n1\n{ROOT}",
        f"log\n1\n{ROOT}\n\n",
        f"log\n1\n{ROOT}\nextension\n",
        f"log\r\n1\n{ROOT}\n",
        f"\ud800\n1\n{ROOT}\n",
        f"log\n1\u0085{ROOT}\n",
        "log\n1\n\n",
        "log\n1\nYmFuYW5hcw==\n",
        f"log\n1\n{ROOT[:-2]}V=\n",
        f"log\n1\n{ROOT[:-1]}\n",
        f"log\n1\n {ROOT}\n",
    ]
    + [
        f"log\n{size}\n{ROOT}\n"
        for size in ("", "-1", "+1", "01", "1_0", " 1", "1 ", "0x1", "1.0", "\u0661", str(2**63))
    ],
)
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(MalformedCheckpoint):
        parse_checkpoint_text(text)


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [
        ("", 0, EMPTY_ROOT),
        ("two\nlines", 0, EMPTY_ROOT),
        ("tab\t", 0, EMPTY_ROOT),
        ("log", -1, EMPTY_ROOT),
        ("log", True, EMPTY_ROOT),
        ("log", 2**63, EMPTY_ROOT),
        ("log", 0, EMPTY_ROOT[:31]),
    ],
)
def test_a_checkpoint_that_could_not_be_written_cannot_be_made(origin, size, root):
    with pytest.raises(MalformedCheckpoint):
        Checkpoint(origin=origin, size=size, root=root)


def test_the_empty_log_has_a_checkpoint():
    assert parse_checkpoint_text(f"log\n0\n{ROOT}\n").root == EMPTY_ROOT


@given(number=st.integers(0, 2**63 - 1))
def test_decimals_are_read_back(number):
    assert parse_decimal(str(number)) == number
