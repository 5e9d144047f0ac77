"""Work done ahead: what other processes vouch for, and that nothing counts without them."""

import os
import signal
import sys
import threading
from contextlib import nullcontext
from hashlib import sha256
from multiprocessing import Pipe

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.traceability.ledger.paper_ledger import PaperLedger, company, extract, mine_and_buyer
from traceability.errors import InclusionNotProven, MalformedBundle
from traceability.ledger import ahead
from traceability.ledger.ahead import Ahead, digests_signed
from traceability.ledger.bundle import format_bundle, parse_bundle, skim_bundle
from traceability.ledger.verification import _Given, verify_bundle

LEDGER = mine_and_buyer()
KEY = LEDGER.signer.verifier
BUNDLE = LEDGER.bundle("bolt:C", is_open=lambda line: line.statement.author != "acme", since=[4])
DATA = format_bundle(BUNDLE)
STATEMENTS = [item.statement for item in BUNDLE.entries if item.statement is not None]
FORGED = DATA.replace(b'"received_at":"2026-03-01T15', b'"received_at":"2026-03-01T14', 1)
DIGESTS = [sha256(raw).digest() for raw in STATEMENTS]


@pytest.fixture(autouse=True)
def _every_file_is_worthwhile(monkeypatch):
    monkeypatch.setattr(ahead, "WORTHWHILE", 0)
    monkeypatch.setattr(threading, "active_count", lambda: 1)


def holds():
    """Check what holds."""


def fails():
    raise InclusionNotProven("no")


# ── signatures ────────────────────────────────────────────────────────────────────────────


def test_every_statement_that_its_own_key_signed_is_vouched_for():
    assert list(digests_signed(DATA)) == DIGESTS


@pytest.mark.parametrize("shares", [1, 2, 3, 50])
def test_shares_are_all_there_is_and_none_twice(shares):
    found = [d for n in range(shares) for d in digests_signed(DATA, share=n, shares=shares)]
    assert sorted(found) == sorted(DIGESTS)


def test_a_share_of_none_is_empty():
    assert list(digests_signed(DATA, share=0, shares=0)) == []


@pytest.mark.parametrize("number", range(len(STATEMENTS)))
def test_a_statement_with_another_signature_is_not_vouched_for(number):
    raw = STATEMENTS[number]
    head, _, signature = raw.rpartition(b".")
    forged = head + b"." + signature[:9] + (b"A" if signature[9:10] != b"A" else b"B")
    forged += signature[10:]
    found = list(digests_signed(DATA.replace(raw, forged)))
    assert sha256(forged).digest() not in found
    assert set(found) <= set(DIGESTS)


def test_a_statement_whose_key_is_not_in_the_file_is_not_vouched_for():
    other = PaperLedger()
    company(other, "acme", "acme:mine")
    extract(other)
    lines = other.bundle("acme:L1")
    kept = [item for item in lines.entries if item.entry.kind.startswith("custody.")]
    assert list(digests_signed(format_bundle(lines))) != []
    data = b"".join(b'{"entry":{},"statement":"' + item.statement + b'"}' for item in kept)
    assert list(digests_signed(data)) == []


@given(data=st.binary(max_size=200))
def test_anything_may_be_looked_through(data):
    assert list(digests_signed(data)) == []
    assert list(digests_signed(b'{"entry":{"format":1,"kind":"registry.key' + data)) == []


# ── processes ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("processes", [2, 3, 4])
def test_what_others_found_comes_back(processes):
    with Ahead(DATA, holds, processes=processes) as begun:
        assert begun.has_begun
        assert begun.vouched() == frozenset(DIGESTS)


@pytest.mark.parametrize("processes", [2, 3])
def test_a_check_that_fails_vouches_for_nothing(processes):
    with Ahead(DATA, fails, processes=processes) as begun, pytest.raises(MalformedBundle):
        begun.vouched()


@pytest.mark.parametrize("processes", [2, 3])
def test_a_process_that_is_ended_vouches_for_nothing(processes):
    def end():
        os.kill(os.getpid(), signal.SIGKILL)

    with Ahead(DATA, end, processes=processes) as begun, pytest.raises(MalformedBundle):
        begun.vouched()


def test_one_message_tells_it_all():
    for check, told in ((holds, b"\x01" + b"".join(DIGESTS)), (fails, b"\x00")):
        ours, theirs = Pipe(duplex=False)
        ahead._work(theirs, DATA, check, 0, 1)
        assert ours.recv_bytes() == told
    ours, theirs = Pipe(duplex=False)
    ahead._work(theirs, DATA, None, 0, 1)
    assert ours.recv_bytes() == b"\x00" + b"".join(DIGESTS)


@pytest.mark.parametrize(
    ("platform", "threads", "processes", "worthwhile"),
    [("darwin", 1, 2, 0), ("linux", 2, 2, 0), ("linux", 1, 1, 0), ("linux", 1, 2, 10**9)],
)
def test_nothing_begins_where_it_is_unsafe_or_no_gain(
    monkeypatch, platform, threads, processes, worthwhile
):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(threading, "active_count", lambda: threads)
    monkeypatch.setattr(ahead, "WORTHWHILE", worthwhile)
    with Ahead(DATA, holds, processes=processes) as begun:
        assert not begun.has_begun


# ── the verifier ──────────────────────────────────────────────────────────────────────────


def test_a_bundle_is_skimmed_as_it_is_parsed_but_for_its_proofs():
    skimmed, parsed = skim_bundle(DATA), parse_bundle(DATA)
    assert {item.proof for item in skimmed.entries} == {()}
    for name in parsed.__struct_fields__:
        if name != "entries":
            assert getattr(skimmed, name) == getattr(parsed, name)
    for one, other in zip(skimmed.entries, parsed.entries, strict=True):
        for name in one.__struct_fields__:
            assert name == "proof" or getattr(one, name) == getattr(other, name)


def test_others_check_form_and_proofs():
    for data, error in ((DATA, None), (DATA + b" ", MalformedBundle), (FORGED, InclusionNotProven)):
        given_ = _Given(data=data, verifiers=[KEY], earlier=(), documents=None)
        with pytest.raises(error) if error else nullcontext():
            given_.check_form_and_proofs()


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_an_honest_bundle_holds_whoever_does_the_work(processes):
    report = verify_bundle(DATA, verifiers=[KEY], processes=processes)
    assert report.is_verified
    assert report == verify_bundle(DATA, verifiers=[KEY])


def changed(place, new):
    return DATA[:place] + new + DATA[place + 1 :]


IN_STRUCTURE = [place for place, byte in enumerate(DATA) if byte in b'{}[]:,"']
IN_PROOFS = [
    DATA.index(b'"proof":', at) + 20
    for at in range(DATA.index(b'"entries"'), len(DATA) - 2000, 400)
]
IN_SIGNATURES = [DATA.index(raw) + len(raw) - 9 for raw in STATEMENTS]


@settings(max_examples=80, deadline=None)
@given(
    place=st.sampled_from([*IN_STRUCTURE, *IN_PROOFS * 20, *IN_SIGNATURES * 20]),
    new=st.sampled_from([b"", b"0", b"A", b" ", b'"', b",", b"\\"]),
    processes=st.sampled_from([2, 3]),
)
def test_a_changed_bundle_is_told_the_same_whoever_does_the_work(place, new, processes):
    data = changed(place, new)
    alone = verify_bundle(data, verifiers=[KEY])
    together = verify_bundle(data, verifiers=[KEY], processes=processes)
    assert together.as_json() == alone.as_json()
    assert alone.is_verified == (data == DATA)


@pytest.mark.parametrize("places", [IN_PROOFS, IN_SIGNATURES])
def test_what_this_process_leaves_to_others_is_missed_by_nobody(places):
    for place in places:
        new = b"0" if DATA[place : place + 1] != b"0" else b"1"
        report = verify_bundle(changed(place, new), verifiers=[KEY], processes=2)
        assert report.steps[-1].name in ("entries", "statements")
