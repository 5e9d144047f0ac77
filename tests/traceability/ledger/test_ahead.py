"""Work done ahead: what other processes vouch for, and that nothing counts without them."""

import os
import sys
import threading
from hashlib import sha256
from mmap import mmap

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.traceability.ledger.paper_ledger import PaperLedger, company, extract, mine_and_buyer
from traceability.errors import MalformedBundle
from traceability.ledger import ahead, contents
from traceability.ledger.ahead import Ahead, digests_signed, leaves_proven
from traceability.ledger.bundle import format_bundle, parse_bundle, skim_bundle
from traceability.ledger.heads import open_exactly
from traceability.ledger.verification import verify_bundle

LEDGER = mine_and_buyer()
KEY = LEDGER.signer.verifier
BUNDLE = LEDGER.bundle("bolt:C", is_open=lambda line: line.statement.author != "acme", since=[4])
DATA = format_bundle(BUNDLE)
STATEMENTS = [item.statement for item in BUNDLE.entries if item.statement is not None]
LEAVES = [(place, item.leaf, item.index) for place, item in enumerate(BUNDLE.entries)]
CHECKPOINT = open_exactly(BUNDLE.checkpoint, [KEY])
TREE = {"size": CHECKPOINT.size, "root": CHECKPOINT.root}
FORGED = DATA.replace(b'"received_at":"2026-03-01T15', b'"received_at":"2026-03-01T14', 1)
DIGESTS = [
    (place, sha256(item.statement).digest())
    for place, item in enumerate(BUNDLE.entries)
    if item.statement is not None
]


@pytest.fixture(autouse=True)
def _every_file_is_worthwhile(monkeypatch):
    monkeypatch.setattr(ahead, "WORTHWHILE", 0)
    monkeypatch.setattr(threading, "active_count", lambda: 1)


# ── signatures ────────────────────────────────────────────────────────────────────────────


def test_every_statement_that_its_own_key_signed_is_vouched_for():
    assert list(digests_signed(DATA)) == DIGESTS


@pytest.mark.parametrize("shares", [1, 2, 3, 50])
def test_shares_are_all_there_is_and_none_twice(shares):
    found = [d for n in range(shares) for d in digests_signed(DATA, share=n, shares=shares)]
    assert sorted(found) == sorted(DIGESTS)


@pytest.mark.parametrize("number", range(len(STATEMENTS)))
def test_a_statement_with_another_signature_is_not_vouched_for(number):
    raw = STATEMENTS[number]
    head, _, signature = raw.rpartition(b".")
    forged = head + b"." + signature[:9] + (b"A" if signature[9:10] != b"A" else b"B")
    forged += signature[10:]
    found = list(digests_signed(DATA.replace(raw, forged)))
    assert sha256(forged).digest() not in dict(found).values()
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


# ── proofs of inclusion ───────────────────────────────────────────────────────────────────


def test_every_entry_is_proven_to_stand_in_the_tree():
    assert list(leaves_proven(DATA, **TREE)) == LEAVES


def test_in_another_tree_nothing_is_proven():
    assert list(leaves_proven(DATA, size=CHECKPOINT.size, root=b"0" * 32)) == []
    assert list(leaves_proven(DATA, size=1, root=CHECKPOINT.root)) == []


@given(place=st.integers(DATA.index(b'"entries"'), len(DATA) - 1), new=st.sampled_from([b"", b"0"]))
def test_whatever_is_changed_only_what_stands_in_the_tree_is_proven(place, new):
    found = leaves_proven(DATA[:place] + new + DATA[place + 1 :], **TREE)
    assert {found[1:] for found in found} <= {told[1:] for told in LEAVES}


@pytest.mark.parametrize("index", [b"", b"-1", b"1_0", b" 1", b"9" * 5000, b"\xb2"])
def test_what_is_no_index_is_passed_by(index):
    data = DATA.replace(b',"index":0,', b',"index":' + index + b",", 1)
    assert data != DATA
    assert list(leaves_proven(data, **TREE)) == LEAVES[1:]


@given(data=st.binary(max_size=200))
def test_anything_may_be_looked_through_for_proofs(data):
    assert list(leaves_proven(b'{"entry":' + data + b',"index":0,"proof":[]}', **TREE)) == []


# ── processes ─────────────────────────────────────────────────────────────────────────────


def patiently(begun):
    """Wait until everything is told that is going to be."""
    for process in begun._begun:
        os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)


@pytest.mark.parametrize("processes", [2, 3, 4])
def test_what_others_found_is_known_here(processes):
    with Ahead(DATA, processes=processes) as begun:
        assert begun.has_begun
        patiently(begun)
        for place, digest in DIGESTS:
            assert begun.has_vouched(place, digest)
            assert not begun.has_vouched(place + 1, digest)
            assert not begun.has_vouched(len(BUNDLE.entries) + 1, digest)


@pytest.mark.parametrize("processes", [2, 3])
def test_what_others_have_proven_is_known_here(processes):
    with Ahead(DATA, processes=processes) as begun:
        begun.tell_tree(**TREE)  # in time or not: then it is told once more, to the work itself
        patiently(begun)
        ahead.work(begun._told, DATA, share=0, shares=1)
        for place, leaf, index in LEAVES:
            assert begun.has_proven(place, leaf, index)
            assert not begun.has_proven(place, leaf, index + 1)
            assert not begun.has_proven(place, leaf[::-1], index)
            assert not begun.has_proven(place + 1, leaf, index)


def test_nothing_is_proven_before_the_tree_is_known():
    with Ahead(DATA, processes=2) as begun:
        patiently(begun)
        assert not any(begun.has_proven(*told) for told in LEAVES)


def test_nothing_is_vouched_for_that_nobody_has_come_to():
    with Ahead(DATA, processes=2) as begun:
        patiently(begun)
        blinded = {place for place, _ in DIGESTS} ^ set(range(len(BUNDLE.entries)))
        assert blinded
        assert not any(begun.has_vouched(place, DIGESTS[0][1]) for place in blinded)


def test_a_process_ends_with_its_work_whatever_comes_of_it(monkeypatch):
    ended = []
    monkeypatch.setattr(os, "_exit", ended.append)
    told = mmap(-1, 40 + len(BUNDLE.entries) * (32 + 40))
    ahead._work_and_end(told, DATA, 0, 1)
    assert [(p, told[40 + p * 32 : 40 + p * 32 + 32]) for p, _ in DIGESTS] == DIGESTS
    with pytest.raises(IndexError):
        ahead._work_and_end(mmap(-1, 1), DATA, 0, 1)
    assert ended == [0, 0]


def test_where_no_process_can_be_made_nothing_is_missed(monkeypatch):
    def fork():
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", fork)
    with Ahead(DATA, processes=2) as begun:
        assert not begun.has_begun
    assert verify_bundle(DATA, verifiers=[KEY], processes=2).is_verified


def test_no_process_is_left_behind():
    with Ahead(DATA * 200, processes=3) as begun:
        assert len(begun._begun) == 2
    for process in begun._begun:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


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
    with Ahead(DATA, processes=processes) as begun:
        assert not begun.has_begun


# ── the verifier ──────────────────────────────────────────────────────────────────────────


def test_a_bundle_is_skimmed_as_it_is_parsed_but_for_its_proofs():
    (skimmed, written), parsed = skim_bundle(DATA), parse_bundle(DATA)
    assert {item.proof for item in skimmed.entries} == {()}
    for name in parsed.__struct_fields__:
        if name != "entries":
            assert getattr(skimmed, name) == getattr(parsed, name)
    for one, other, proof in zip(skimmed.entries, parsed.entries, written, strict=True):
        assert orjson.loads(bytes(proof)) == [value.hex() for value in other.proof]
        for name in one.__struct_fields__:
            assert name == "proof" or getattr(one, name) == getattr(other, name)


def test_only_canonical_bytes_are_skimmed():
    spaced = DATA.replace(b'"index":', b'"index": ', 1)
    with pytest.raises(MalformedBundle):
        skim_bundle(spaced)


@pytest.mark.parametrize("is_slow", [True, False])
def test_what_nobody_has_vouched_for_is_verified_here(monkeypatch, is_slow):
    """Whether the others were slow or quick, what they have not seen signed is looked at."""
    verified = []

    def verify_some(items, *, threads):
        verified.extend(items)
        return [True] * len(items)

    def ask(self, place, digest):
        patiently(self)
        return not is_slow and had_vouched(self, place, digest)

    had_vouched = Ahead.has_vouched
    monkeypatch.setattr(Ahead, "has_vouched", ask)
    monkeypatch.setattr(contents, "verify_many", verify_some)
    assert verify_bundle(DATA, verifiers=[KEY], processes=2).is_verified
    assert len(verified) == (len(STATEMENTS) if is_slow else 0)


@pytest.mark.parametrize("is_slow", [True, False])
def test_what_nobody_has_proven_is_proven_here(monkeypatch, is_slow):
    proven = []

    def prove(self, leaf, *, index, proof):
        proven.append((leaf, index))

    monkeypatch.setattr(Ahead, "has_proven", lambda self, *told: not is_slow and told in LEAVES)
    monkeypatch.setattr(contents.Inclusions, "verify", prove)
    assert verify_bundle(DATA, verifiers=[KEY], processes=2).is_verified
    assert proven == [told[1:] for told in reversed(LEAVES) if is_slow]


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_an_honest_bundle_holds_whoever_does_the_work(processes):
    report = verify_bundle(DATA, verifiers=[KEY], processes=processes)
    assert report.is_verified
    assert report == verify_bundle(DATA, verifiers=[KEY])


def test_a_bundle_that_cannot_be_read_the_short_way_is_verified_all_the_same():
    """Its name looks like an escape that the short way does not go into."""
    other = mine_and_buyer(PaperLedger(origin="u0000.example"))
    data = format_bundle(other.bundle("bolt:C"))
    with pytest.raises(MalformedBundle):
        skim_bundle(data)
    report = verify_bundle(data, verifiers=[other.signer.verifier], processes=2)
    assert report.is_verified


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
