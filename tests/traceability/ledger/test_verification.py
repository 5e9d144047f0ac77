"""The offline verifier: what it accepts, what it names, what it counts."""

from hashlib import sha256

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.traceability.ledger.paper_ledger import (
    PaperLedger,
    company,
    extract,
    key_of,
    mine_and_buyer,
    new_lot,
    receive,
    ship,
    smelt,
    split,
    tonnes,
)
from traceability.ledger.bundle import EarlierCheckpoint, format_bundle, proven_entry
from traceability.ledger.checkpoint import Checkpoint, sign_checkpoint
from traceability.ledger.cosignature import CosignerKey, cosign
from traceability.ledger.disclosures import hide
from traceability.ledger.notes import add_signatures
from traceability.ledger.verification import verify_bundle

LEDGER = mine_and_buyer()
KEY = LEDGER.signer.verifier
STEPS = [
    "checkpoint",
    "entries",
    "statements",
    "chains",
    "balances",
    "disclosures",
    "documents",
    "consistency",
]


def by(*authors):
    return lambda line: line.statement.author in authors


def nobody(_line):
    return False


def verified(bundle, *, key=KEY, **options):
    return verify_bundle(format_bundle(bundle), verifiers=[key], **options)


def fails(bundle, step, code, **options):
    """Verify; expect failure at a step with a code; return the report."""
    report = verified(bundle, **options)
    assert report.error is not None, report
    assert (report.steps[-1].name, report.error.code) == (step, code), report.error
    assert report.steps[-1].outcome == "failed"
    assert [s.name for s in report.steps] == STEPS[: len(report.steps)]
    assert not report.is_verified
    assert step in report.sentence
    return report


def holds(bundle, **options):
    report = verified(bundle, **options)
    assert report.error is None, (report.steps[-1], report.error, report.error.at)
    return report


def edited(bundle, place, **changes):
    entries = [replace(item, **changes) if item.index == place else item for item in bundle.entries]
    return replace(bundle, entries=tuple(entries))


def without(bundle, *indices):
    entries = tuple(item for item in bundle.entries if item.index not in indices)
    return replace(bundle, entries=entries)


# ── what holds ────────────────────────────────────────────────────────────────────────────


def test_a_full_bundle_holds_in_eight_steps():
    report = holds(LEDGER.bundle("bolt:C"))

    assert [step.name for step in report.steps] == STEPS
    assert [step.number for step in report.steps] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert report.sentence == (
        "Verified: unbroken as of size 11. That no chain goes on after its last entry here, "
        "its exporter vouches for; later events are not covered."
    )
    assert (report.counts.open, report.counts.blinded) == (11, 0)
    assert (report.counts.judged_in_full, report.counts.judged_with_assumptions) == (6, 0)
    told = report.as_json()
    assert told["verified"] is True
    assert told["counts"]["entries"] == 11


def test_a_buyers_bundle_says_what_it_cannot_tell():
    report = holds(LEDGER.bundle("bolt:C", is_open=by("bolt")))

    assert (report.counts.open, report.counts.blinded) == (6, 3)
    assert report.counts.lots_begun_blinded == 1
    assert (report.counts.judged_in_full, report.counts.judged_with_assumptions) == (1, 2)


def test_a_bundle_of_blinded_hops_proves_the_chains_alone():
    report = holds(LEDGER.bundle("bolt:C", is_open=nobody))

    assert (report.counts.open, report.counts.entries) == (0, 6)


@settings(max_examples=60, deadline=None)
@given(
    readable=st.sets(st.integers(0, 10)),
    lot=st.sampled_from(["acme:L1", "acme:L2", "bolt:S", "bolt:C"]),
)
def test_whatever_a_reader_may_read_the_bundle_of_an_honest_ledger_holds(readable, lot):
    numbers = {line.hash: number for number, line in enumerate(LEDGER.written)}
    holds(LEDGER.bundle(lot, is_open=lambda line: numbers[line.hash] in readable))


# ── no byte changes unnoticed ─────────────────────────────────────────────────────────────

SMALL = format_bundle(LEDGER.bundle("acme:L1", is_open=nobody, since=[4]))
MIXED = format_bundle(LEDGER.bundle("bolt:C", is_open=by("bolt"), since=[4]))


def test_the_bundles_that_are_attacked_hold():
    for data in (SMALL, MIXED):
        assert verify_bundle(data, verifiers=[KEY]).is_verified


@pytest.mark.parametrize("flip", [0x01, 0x20, None])
def test_no_byte_of_a_small_bundle_can_be_changed_or_deleted(flip):
    for place, byte in enumerate(SMALL):
        new = b"" if flip is None else bytes([byte ^ flip])
        report = verify_bundle(SMALL[:place] + new + SMALL[place + 1 :], verifiers=[KEY])
        assert not report.is_verified, place


STRUCTURE = [place for place, byte in enumerate(MIXED) if byte in b'{}[]:,"']


@given(place=st.integers(0, len(MIXED) - 1), new=st.binary(max_size=2))
def test_no_byte_of_an_open_bundle_can_be_changed(place, new):
    data = MIXED[:place] + new + MIXED[place + 1 :]
    assert verify_bundle(data, verifiers=[KEY]).is_verified == (data == MIXED)


def test_no_structural_byte_can_be_deleted():
    for place in STRUCTURE:
        data = MIXED[:place] + MIXED[place + 1 :]
        assert not verify_bundle(data, verifiers=[KEY]).is_verified


@given(data=st.binary(max_size=200))
def test_anything_at_all_gets_an_answer(data):
    report = verify_bundle(data, verifiers=[KEY])
    assert (report.steps[-1].name, report.size) == ("checkpoint", 0)


# ── 1: keys and checkpoint ────────────────────────────────────────────────────────────────


def test_a_foreign_checkpoint_is_refused():
    other = mine_and_buyer(PaperLedger(seed="other log"))
    bundle = replace(LEDGER.bundle("bolt:C"), checkpoint=other.checkpoint())

    fails(bundle, "checkpoint", "note_not_signed")


def test_a_checkpoint_of_another_log_is_refused():
    head = Checkpoint(origin="other.example", size=11, root=b"r" * 32)
    note = sign_checkpoint(head, [LEDGER.signer])

    fails(replace(LEDGER.bundle("bolt:C"), checkpoint=note), "checkpoint", "wrong_origin")


def test_keys_of_two_logs_are_no_policy():
    other = PaperLedger(origin="other.example").signer.verifier
    data = format_bundle(LEDGER.bundle("bolt:C"))

    for keys in ([], [KEY, other]):
        report = verify_bundle(data, verifiers=keys)
        assert report.error.code == "invalid_verifier_key"


WITNESS = CosignerKey(name="witness.example", private_key=key_of("witness"))


def test_a_witness_counts_when_its_key_is_given_and_is_refused_when_not():
    bundle = LEDGER.bundle("bolt:C")
    line = cosign(bundle.checkpoint, WITNESS, timestamp=1_772_000_000)
    signed = replace(bundle, checkpoint=add_signatures(bundle.checkpoint, line))

    report = verify_bundle(format_bundle(signed), verifiers=[KEY, WITNESS.verifier])
    assert report.is_verified
    assert "cosigned by 1" in report.steps[0].sentence
    fails(signed, "checkpoint", "unverified_signature_line")


def test_a_signature_line_that_stands_twice_is_refused():
    bundle = LEDGER.bundle("bolt:C")
    twice = bundle.checkpoint + bundle.checkpoint.splitlines(keepends=True)[-1]

    fails(replace(bundle, checkpoint=twice), "checkpoint", "unverified_signature_line")


# ── 2: entries ────────────────────────────────────────────────────────────────────────────


def test_a_leaf_that_is_not_in_the_tree_is_refused():
    bundle = LEDGER.bundle("bolt:C")
    leaf = bundle.entries[5].body.replace(b"2026-03-01T15", b"2026-03-01T14")

    report = fails(edited(bundle, 5, body=leaf), "entries", "inclusion_not_proven")
    assert report.error.at == "$.entries[5]"


def test_a_truncated_proof_is_refused():
    bundle = LEDGER.bundle("bolt:C")
    cut = edited(bundle, 7, proof=bundle.entries[7].proof[:-1])

    fails(cut, "entries", "inclusion_not_proven")


def test_an_entry_under_another_index_is_refused():
    bundle = LEDGER.bundle("bolt:C")
    moved = edited(bundle, 10, index=11)

    fails(moved, "entries", "inclusion_not_proven")


def test_an_entry_of_another_ledger_is_refused_even_in_the_tree():
    ledger = PaperLedger()
    company(ledger, "acme", "acme:mine")
    extract(ledger, ledger="test.example", honest=False)

    fails(ledger.bundle("acme:L1"), "entries", "entry_of_another_ledger")


# ── 3: statements ─────────────────────────────────────────────────────────────────────────


def test_a_swapped_statement_is_refused():
    bundle = LEDGER.bundle("bolt:C")
    swapped = edited(bundle, 5, statement=bundle.entries[6].statement)

    fails(swapped, "statements", "statement_not_of_entry")


def dishonest(**options):
    """A ledger that writes what it should refuse, told by a mine."""
    ledger = PaperLedger()
    company(ledger, "acme", "acme:mine")
    company(ledger, "bolt", "bolt:plant")
    extract(ledger, honest=False, **options)
    return ledger


def test_a_statement_replayed_from_another_ledger_is_refused():
    ledger = dishonest()
    foreign = ledger.sign(
        "custody.extraction",
        "acme",
        {"facility": "acme:mine", "lot": new_lot("acme:L1", "100")},
        ledger="test.example",
    )
    bundle = recommitted(ledger, foreign)

    fails(bundle, "statements", "not_for_this_ledger")


def test_a_foreign_statement_that_hides_values_is_refused_too():
    ledger = dishonest()
    body = {"facility": "acme:mine", "lot": new_lot("acme:L1", "100"), "licence": "secret"}
    hidden, _ = hide({"body": body}, ["body.licence"], lambda: b"s" * 16)
    raw = ledger.sign("custody.extraction", "acme", hidden["body"], ledger="test.example")

    fails(recommitted(ledger, raw), "statements", "not_for_this_ledger")


def recommitted(ledger, raw):
    """Let the last entry commit to other bytes, and publish that."""
    line = ledger.written[-1]
    old = line.statement.digest.hex().encode()
    line.body = line.body.replace(old, sha256(raw).hexdigest().encode())
    bundle = ledger.bundle("acme:L1")
    last = bundle.entries[-1]
    again = proven_entry(index=last.index, body=line.body, proof=last.proof, statement=raw)
    return replace(bundle, entries=(*bundle.entries[:-1], again))


def test_a_statement_of_another_kind_than_its_entry_is_refused():
    ledger = dishonest()
    raw = ledger.sign(
        "custody.introduction",
        "acme",
        {"facility": "acme:mine", "lot": new_lot("acme:L1", "100"), "reason": "purchase"},
    )

    fails(recommitted(ledger, raw), "statements", "statement_not_of_entry")


def test_a_statement_signed_with_anothers_key_is_refused():
    ledger = dishonest(key="bolt")
    fails(ledger.bundle("acme:L1"), "statements", "unknown_key")  # of all keys of acme

    lot = new_lot("acme:L3", "1")
    lot["owners"] = [{"owner": {"organization": "bolt"}, "parts": 1}]
    body = {"facility": "acme:mine", "lot": lot}
    ledger.say("custody.extraction", "acme", body, honest=False, key="bolt")
    fails(ledger.bundle("acme:L3"), "statements", "wrong_author")


def test_a_statement_signed_with_a_key_nobody_enrolled_is_refused():
    fails(dishonest(key="stranger").bundle("acme:L1"), "statements", "unknown_key")


def test_a_forged_signature_is_refused():
    ledger = dishonest()
    raw = ledger.written[-1].statement.raw
    other = ledger.sign("custody.void", "acme", {"replaces": "0" * 64, "reason": "x", "lots": []})
    forged = raw[: raw.rindex(b".")] + other[other.rindex(b".") :]

    fails(recommitted(ledger, forged), "statements", "invalid_signature")


def revoke(ledger, *, distrusted_from=None, **more):
    body = {"organization": "acme", "kid": key_of("acme").kid, "reason": "stolen"}
    if distrusted_from is not None:
        body["distrusted_from"] = distrusted_from
    return ledger.say("registry.key_revocation", "operator", body, effective="2026-02-01", **more)


def test_a_statement_signed_with_a_revoked_key_is_refused():
    ledger = PaperLedger()
    company(ledger, "acme", "acme:mine")
    revoke(ledger)
    extract(ledger, honest=False)

    report = fails(ledger.bundle("acme:L1"), "statements", "unknown_key")
    assert "revoked" in report.error.message


def test_statements_of_a_distrusted_key_are_listed_not_refused():
    ledger = PaperLedger()
    company(ledger, "acme", "acme:mine")
    extract(ledger)
    split(ledger)
    revoke(ledger, distrusted_from=4)

    report = holds(ledger.bundle("acme:L2"))
    assert report.disputed == (4,)


def test_a_revocation_without_an_earlier_index_disputes_nothing():
    ledger = PaperLedger()
    company(ledger, "acme", "acme:mine")
    extract(ledger)
    revoke(ledger)

    assert holds(ledger.bundle("acme:L1")).disputed == ()


def test_a_withheld_revocation_is_noticed():
    ledger = PaperLedger()
    company(ledger, "acme", "acme:mine")
    extract(ledger)
    revoke(ledger)
    bundle = edited(ledger.bundle("acme:L1"), 4, statement=None)

    fails(bundle, "statements", "key_history_withheld")


def test_a_second_genesis_is_refused():
    ledger = dishonest()
    genesis = msgspec.to_builtins(ledger.written[0].statement.body)
    ledger.say("registry.genesis", "operator", genesis, effective="2026-01-01", honest=False)

    fails(ledger.bundle("acme:L1"), "statements", "genesis_misplaced")


def test_the_log_begins_with_the_genesis():
    ledger = PaperLedger()
    company(ledger, "acme", "acme:mine")
    ledger.written.pop(0)
    extract(ledger)

    assert fails(ledger.bundle("acme:L1"), "statements", "genesis_misplaced").error.at


# ── 4: chains ─────────────────────────────────────────────────────────────────────────────


def test_a_dropped_element_in_the_middle_of_a_chain_is_noticed():
    bundle = LEDGER.bundle("bolt:C")
    for index in (5, 6, 7, 8):  # extraction, split, shipment, receipt
        fails(without(bundle, index), "chains", "chain_broken")


def test_a_dropped_element_of_a_blinded_chain_is_noticed():
    bundle = LEDGER.bundle("bolt:C", is_open=nobody)
    for index in (5, 6, 7, 8):
        fails(without(bundle, index), "chains", "chain_broken")


def test_a_dropped_head_of_a_registry_chain_is_noticed():
    fails(without(LEDGER.bundle("bolt:C"), 0), "statements", "unknown_key")


def test_a_bundle_under_another_lots_name_is_refused():
    bundle = LEDGER.bundle("bolt:C")

    fails(replace(bundle, lot="bolt:S"), "chains", "entry_not_of_history")
    other = LEDGER.subjects["lot:bolt:S"].chain
    fails(replace(bundle, lot="bolt:S", chain=other), "chains", "entry_not_of_history")


def test_a_subject_that_no_entry_names_is_refused():
    bundle = LEDGER.bundle("bolt:C")
    named = {**bundle.subjects, "lot:acme:ghost": b"s" * 16}

    fails(replace(bundle, subjects=named), "chains", "entry_not_of_history")


def test_an_entry_that_is_no_part_of_the_history_is_refused():
    bundle = LEDGER.bundle("acme:L1", is_open=nobody)
    stray = replace(LEDGER.bundle("bolt:C").entries[3], statement=None)
    added = replace(bundle, entries=tuple(sorted([*bundle.entries, stray], key=lambda e: e.index)))

    fails(added, "chains", "entry_not_of_history")


def test_a_named_lot_whose_entries_are_all_left_out_is_noticed():
    bundle = LEDGER.bundle("bolt:C")
    fails(without(bundle, 9), "chains", "chain_broken")


def test_an_entry_that_chains_to_other_subjects_than_its_statement_is_refused():
    ledger = PaperLedger()
    company(ledger, "acme", "acme:mine")
    extract(ledger)
    split(ledger, honest=False, subjects=["lot:acme:L1", "lot:acme:L3"])

    fails(ledger.bundle("acme:L1"), "chains", "chain_broken")


def test_an_entry_that_chains_to_more_than_its_statement_is_refused():
    ledger = PaperLedger()
    company(ledger, "acme", "acme:mine")
    extract(ledger)
    split(ledger, honest=False, subjects=["lot:acme:L1", "lot:acme:L2", "lot:acme:L3"])

    fails(ledger.bundle("acme:L1"), "balances", "chain_broken")


def test_a_chain_that_forks_is_refused():
    ledger = PaperLedger()
    company(ledger, "acme", "acme:mine")
    extract(ledger)
    before = ledger.subjects["lot:acme:L1"]
    split(ledger)
    ledger.subjects["lot:acme:L1"] = before
    split(ledger, part="acme:L3")

    for readable in (lambda _line: True, nobody):
        fails(ledger.bundle("acme:L1", is_open=readable), "chains", "chain_broken")


def in_stream(ledger, part, seq, prev=None, **more):
    stream = {"id": "mill", "seq": seq} | ({"prev": prev} if prev else {})
    return split(ledger, part=part, value="1", stream=stream, **more)


def test_an_authors_own_chain_must_hold_where_it_is_open():
    ledger = PaperLedger()
    company(ledger, "acme", "acme:mine")
    extract(ledger)
    in_stream(ledger, "acme:A", 0)
    in_stream(ledger, "acme:B", 1, ledger.written[-1].statement.digest.hex())
    assert holds(ledger.bundle("acme:L1")).counts.open == 6

    in_stream(ledger, "acme:D", 2, "0" * 64)
    fails(ledger.bundle("acme:L1"), "chains", "stream_out_of_step")


def test_two_statements_with_one_place_in_a_stream_are_a_fork():
    ledger = PaperLedger()
    company(ledger, "acme", "acme:mine")
    extract(ledger)
    in_stream(ledger, "acme:A", 3, "0" * 64)
    in_stream(ledger, "acme:B", 3, "0" * 64)

    fails(ledger.bundle("acme:L1"), "chains", "stream_out_of_step")


# ── 5: balances and custody ───────────────────────────────────────────────────────────────


def test_an_overdrawn_lot_is_noticed():
    ledger = PaperLedger()
    company(ledger, "acme", "acme:mine")
    extract(ledger)
    split(ledger, part="acme:L2", value="70")
    split(ledger, part="acme:L3", value="31", honest=False)

    report = fails(ledger.bundle("acme:L1"), "balances", "insufficient_balance")
    assert report.error.at == "$.entries[5].statement $.body.parts[0]"


def test_a_lot_that_was_weighed_in_the_open_is_guarded_from_then_on():
    ledger = mine_and_buyer()
    smelt(ledger, [("acme:L2", "9.9")], output="bolt:D")
    holds(ledger.bundle("bolt:D", is_open=by("bolt")))
    smelt(ledger, [("acme:L2", "0.1")], output="bolt:E", honest=False)

    fails(ledger.bundle("bolt:E", is_open=by("bolt")), "balances", "insufficient_balance")


def test_what_a_blinded_hop_hides_is_assumed_and_what_follows_is_not_overlooked():
    ledger = mine_and_buyer()
    unseen = split(ledger, "acme:L2", "bolt:X", "1", author="bolt")
    split(ledger, "acme:L2", "bolt:Y", "5", author="bolt")

    report = holds(ledger.bundle("bolt:Y", is_open=lambda line: line.hash != unseen))
    # bolt:Y's split, after the unseen one; and the smelting, of whose other input nothing is told.
    assert report.counts.judged_with_assumptions == 2


def test_custody_is_judged_too():
    ledger = PaperLedger()
    company(ledger, "acme", "acme:mine")
    company(ledger, "bolt", "bolt:plant")
    extract(ledger)
    split(ledger, author="bolt", part="bolt:L2", honest=False)

    fails(ledger.bundle("acme:L1"), "balances", "unknown_lot")


def everything_that_happens(ledger):
    """A story with every kind of event between two companies; the last lot is bolt:P."""
    mine_and_buyer(ledger)
    at = {"facility": "bolt:plant"}
    extract(ledger, "acme:M", "50")
    extract(ledger, "acme:N", "50")
    ledger.say(
        "custody.blend",
        "acme",
        {
            "facility": "acme:mine",
            "inputs": [
                {"lot": "acme:M", "quantity": tonnes("10")},
                {"lot": "acme:N", "quantity": tonnes("20")},
            ],
            "output": new_lot("acme:B", "30"),
        },
    )
    receive(ledger, "acme:B1", "12", number=2)  # ahead of its shipment
    ledger.say(
        "custody.shipment",
        "acme",
        {
            "facility": "acme:mine",
            "consignment": "acme:2",
            "consignee": {"organization": "bolt"},
            "lots": [{"lot": "acme:B1", "from": "acme:B", "quantity": tonnes("12")}],
        },
    )
    ship(ledger, "acme:B", "18", number=3)
    refused = {
        "lot": "acme:B",
        "accepted": tonnes("17"),
        "rejected": tonnes("1"),
        "rejected_lot": "bolt:R",
        "rejection_reason": "wet",
    }
    ledger.say("custody.receipt", "bolt", at | {"consignment": "acme:3", "lots": [refused]})
    ledger.say(
        "custody.transfer",
        "acme",
        {
            "items": [
                {"lot": name, "from": {"organization": "acme"}, "to": {"organization": "bolt"}}
                for name in ("acme:B", "acme:B1")
            ]
        },
    )
    ledger.say(
        "custody.transfer",
        "bolt",
        {
            "items": [
                {
                    "lot": "acme:B",
                    "from": {"organization": "bolt"},
                    "to": {"organization": "acme"},
                    "quantity": tonnes("1"),
                }
            ]
        },
    )
    assay = {
        "laboratory": {"name": "Lab"},
        "party": "buyer",
        "method": "XRF",
        "status": "final",
        "results": [{"element": "Cu", "value": "30", "unit": "percent", "basis": "dry"}],
    }
    ledger.say("custody.assay", "bolt", {"lot": "acme:B", **assay})
    ledger.say("custody.assay", "bolt", {"consignment": "acme:3", "consignee": "bolt", **assay})
    count = {"lot": "acme:B", "quantity": tonnes("16.5"), "reason": "counted"}
    ledger.say("custody.stocktake", "bolt", at | {"counts": [count]})
    ledger.say(
        "custody.loss", "bolt", at | {"lot": "acme:B", "quantity": tonnes("0.5"), "reason": "dust"}
    )
    offer = ledger.say("custody.offer", "bolt", {"lots": ["acme:B"], "audience": ["acme"]})
    ledger.say("custody.withdrawal", "bolt", {"offer": offer, "lots": ["acme:B"]})
    wrong = smelt(ledger, [("acme:B", "10"), ("acme:B1", "5")], output="bolt:P", value="6")
    body = msgspec.to_builtins(ledger.written[-1].statement.body)
    body["inputs"] = [{"lot": "acme:B", "quantity": tonnes("9"), "role": "feed"}, body["inputs"][1]]
    ledger.say(
        "custody.correction",
        "bolt",
        {
            "replaces": wrong,
            "reason": "weighed again",
            "lots": ["acme:B", "acme:B1", "bolt:P"],
            "replacement": {"effective": "2026-03-01T10:00:00-05:00", "body": body},
        },
    )
    spilt = ledger.say(
        "custody.loss", "bolt", at | {"lot": "bolt:P", "quantity": tonnes("1"), "reason": "spilt"}
    )
    ledger.say("custody.void", "bolt", {"replaces": spilt, "reason": "no", "lots": ["bolt:P"]})
    return ledger


STORY = everything_that_happens(PaperLedger())


def test_every_kind_of_event_is_replayed_in_full():
    report = holds(STORY.bundle("bolt:P"))

    assert (report.counts.judged_with_assumptions, report.counts.unjudged) == (0, 0)
    assert report.counts.judged_in_full == report.counts.open - 5


@settings(max_examples=150, deadline=None)
@given(hidden=st.sets(st.integers(5, len(STORY.written) - 1)), lot=st.sampled_from(["bolt:P"]))
def test_an_honest_story_holds_for_every_reader(hidden, lot):
    closed = {STORY.written[number].hash for number in hidden}
    holds(STORY.bundle(lot, is_open=lambda line: line.hash not in closed))


@settings(max_examples=60, deadline=None)
@given(hidden=st.sets(st.integers(3, len(STORY.written) - 1)))
def test_facilities_may_be_hidden_too(hidden):
    closed = {STORY.written[number].hash for number in hidden} | {STORY.written[2].hash}
    holds(STORY.bundle("bolt:P", is_open=lambda line: line.hash not in closed))


def test_a_hidden_facility_may_be_stated_again_in_the_open():
    ledger = PaperLedger()
    company(ledger, "acme", "acme:mine")
    again = msgspec.to_builtins(ledger.written[2].statement.body)
    ledger.say("registry.facility", "acme", again, effective="2026-01-03")
    extract(ledger)

    hidden = ledger.written[2].hash
    report = holds(ledger.bundle("acme:L1", is_open=lambda line: line.hash != hidden))
    assert report.counts.judged_in_full == 1


@pytest.mark.parametrize("operator", [{"organization": "bolt"}, {"name": "Old", "country": "CL"}])
def test_a_facility_that_was_handed_over_may_be_stated_again_where_all_before_is_hidden(operator):
    ledger = mine_and_buyer()
    stated = ledger.written[2].statement.body
    again = msgspec.to_builtins(stated) | {"facility": "acme:far"}
    keyless = again | {"operator": {"name": "Old", "country": "CL"}}
    handed = again | {"operator": {"organization": "bolt"}}
    hidden = {
        ledger.say("registry.facility", "acme", keyless, effective="2026-01-03"),
        ledger.say("registry.facility", "acme", handed, effective="2026-01-04"),
    }
    last = again | {"operator": operator}
    ledger.say("registry.facility", "bolt", last, effective="2026-01-05")
    body = {"facility": "acme:far", "lot": new_lot("bolt:R", "5")}
    if "name" in operator:
        body["reported"] = {"operator": operator, "basis": "papers"}
    ledger.say("custody.extraction", "bolt", body)

    holds(ledger.bundle("bolt:R"))
    holds(ledger.bundle("bolt:R", is_open=lambda line: line.hash not in hidden))


def test_what_was_left_out_at_the_end_of_a_chain_nobody_sees_and_the_last_line_says_so():
    ledger = mine_and_buyer()
    spilt = ledger.say(
        "custody.loss",
        "bolt",
        {"facility": "bolt:plant", "lot": "bolt:C", "quantity": tonnes("1"), "reason": "spilt"},
    )
    ledger.say("custody.void", "bolt", {"replaces": spilt, "reason": "no", "lots": ["bolt:C"]})
    whole = ledger.bundle("bolt:C")
    names = {n: salt for n, salt in whole.subjects.items() if not n.startswith("statement:")}

    report = holds(replace(without(whole, len(ledger.written) - 1), subjects=names))
    assert "complete" not in report.sentence
    assert "That no chain goes on" in report.sentence


def test_a_receipt_that_waited_may_be_voided():
    ledger = mine_and_buyer()
    extract(ledger, "acme:Q", "10")
    waiting = receive(ledger, "acme:Q", "9", number=7)
    ledger.say("custody.void", "bolt", {"replaces": waiting, "reason": "typing", "lots": []})
    ship(ledger, "acme:Q", "10", number=7)
    receive(ledger, "acme:Q", "9.5", number=7)

    for readable in (lambda _line: True, by("acme"), by("bolt")):
        holds(ledger.bundle("acme:Q", is_open=readable))
    closed = lambda line: line.hash != waiting  # noqa: E731
    assert holds(ledger.bundle("acme:Q", is_open=closed)).counts.open


def test_a_void_is_not_judged_where_what_it_takes_back_is_hidden():
    ledger = mine_and_buyer()
    extract(ledger, "acme:Q", "10")
    waiting = receive(ledger, "acme:Q", "9", number=7)
    assay = {
        "consignment": "acme:7",
        "consignee": "bolt",
        "laboratory": {"name": "Lab"},
        "party": "seller",
        "method": "XRF",
        "status": "final",
        "results": [{"element": "Cu", "value": "30", "unit": "percent", "basis": "dry"}],
    }
    hidden = ledger.say("custody.assay", "acme", assay)
    ledger.say("custody.void", "bolt", {"replaces": waiting, "reason": "typing", "lots": []})
    ship(ledger, "acme:Q", "10", number=7)

    report = holds(ledger.bundle("acme:Q", is_open=lambda line: line.hash != hidden))
    assert report.counts.unjudged == 1


# ── 6: disclosures and erasures ───────────────────────────────────────────────────────────


def with_hidden_supplier():
    ledger = PaperLedger()
    company(ledger, "bolt", "bolt:plant")
    body = {
        "facility": "bolt:plant",
        "reason": "purchase",
        "lot": new_lot("bolt:S", "5"),
        "supplier": {"name": "Secret Ltd"},
    }
    hidden, disclosures = hide({"body": body}, ["body.supplier"], lambda: b"s" * 16)
    ledger.say("custody.introduction", "bolt", hidden["body"], disclosures=disclosures)
    return ledger


def test_disclosed_values_are_verified():
    report = holds(with_hidden_supplier().bundle("bolt:S"))

    assert report.steps[5].sentence.startswith("1 disclosed")
    assert report.counts.partly_hidden == 0


def test_values_that_stay_hidden_leave_a_statement_unjudged_but_signed():
    bundle = edited(with_hidden_supplier().bundle("bolt:S"), 3, disclosures=())

    report = holds(bundle)
    assert report.counts.partly_hidden == 1
    assert report.counts.judged_in_full == 0


@pytest.mark.parametrize(
    ("disclosure", "code"),
    [
        ({"value": "Other Ltd", "salt": "c3Nzc3Nzc3Nzc3Nzc3Nzcw"}, "disclosure_unused"),
        ({"value": "x"}, "disclosure_malformed"),
    ],
)
def test_a_value_that_was_not_the_hidden_one_is_refused(disclosure, code):
    bundle = edited(with_hidden_supplier().bundle("bolt:S"), 3, disclosures=(disclosure,))

    fails(bundle, "disclosures", code)


def test_a_false_value_beside_one_that_stays_hidden_is_refused():
    ledger = PaperLedger()
    company(ledger, "bolt", "bolt:plant")
    lot = new_lot("bolt:S", "5")
    body = {"facility": "bolt:plant", "reason": "purchase", "lot": lot, "explanation": "secret"}
    body["supplier"] = {"name": "Secret Ltd"}
    paths = ["body.supplier", "body.explanation"]
    hidden, disclosures = hide({"body": body}, paths, iter([b"s" * 16, b"t" * 16]).__next__)
    ledger.say("custody.introduction", "bolt", hidden["body"], disclosures=disclosures)
    bundle = ledger.bundle("bolt:S")

    assert holds(edited(bundle, 3, disclosures=(disclosures[0],))).counts.partly_hidden == 1
    false = {**disclosures[0], "value": {"name": "Other Ltd"}}
    fails(edited(bundle, 3, disclosures=(false,)), "disclosures", "disclosure_unused")


def test_a_disclosure_of_nothing_hidden_is_refused():
    added = edited(LEDGER.bundle("bolt:C"), 10, disclosures=({"value": "x", "salt": "A" * 22},))

    fails(added, "disclosures", "disclosure_unused")


def test_an_erased_text_is_listed_with_the_erasure_that_removed_it():
    ledger = mine_and_buyer()
    ledger.erase(ledger.written[6].hash)

    report = holds(ledger.bundle("bolt:C"))
    assert report.erased == ((6, 11),)
    assert report.counts.blinded == 0


def test_a_text_called_erased_without_an_erasure_is_refused():
    ledger = mine_and_buyer()
    ledger.erase(ledger.written[6].hash)
    bundle = ledger.bundle("bolt:C")

    fails(edited(bundle, 6, erased_at=10), "disclosures", "not_erased")
    fails(edited(bundle, 6, erased_at=99), "disclosures", "not_erased")
    fails(edited(bundle, 11, statement=None), "disclosures", "not_erased")


def test_an_erasure_names_an_entry_before_it_and_is_the_operators():
    ledger = mine_and_buyer()
    target = ledger.written[6].hash
    ledger.erase(target)
    ledger.written[6].erased_at = 11
    bundle = ledger.bundle("bolt:C")
    assert holds(bundle)

    by_acme = mine_and_buyer()
    by_acme.say(
        "registry.erasure",
        "acme",
        {"entry": by_acme.written[6].hash, "ground": "none", "fields": []},
        effective="2026-03-02",
        honest=False,
    )
    by_acme.written[6].erased_at = 11
    fails(by_acme.bundle("bolt:C"), "statements", "may_not_sign")


def test_an_erasure_cannot_stand_before_what_it_erases():
    ledger = mine_and_buyer()
    ledger.erase(ledger.written[10].hash)
    ledger.written[10:] = ledger.written[:9:-1]
    ledger.written[11].erased_at = 10

    fails(ledger.bundle("bolt:C"), "statements", "unknown_statement")


def test_the_erased_record_of_a_party_leaves_it_registered():
    ledger = PaperLedger()
    company(ledger, "acme", "acme:mine")
    company(ledger, "bolt")
    extract(ledger)
    ship(ledger, "acme:L1", "100")
    ledger.erase(ledger.written[3].hash)

    report = holds(ledger.bundle("acme:L1"))
    assert (report.erased, report.counts.judged_in_full) == (((3, 6),), 2)


# ── 7: documents ──────────────────────────────────────────────────────────────────────────


def with_evidence():
    ledger = PaperLedger()
    company(ledger, "acme", "acme:mine")
    names = [sha256(text).hexdigest() for text in (b"one", b"two")]
    evidence = [
        {"sha256": name, "title": "Weighing", "media_type": "application/pdf"} for name in names
    ]
    extract(ledger, evidence=evidence)
    return ledger, names


def test_documents_at_hand_are_compared_and_missing_ones_named():
    ledger, (one, two) = with_evidence()

    report = holds(ledger.bundle("acme:L1"), documents={one: one}.get)
    assert report.documents_missing == (two,)
    assert report.steps[6].outcome == "ok"
    assert verified(ledger.bundle("acme:L1", is_open=nobody), documents={}.get).is_verified


def test_a_document_with_another_content_is_refused():
    ledger, (one, two) = with_evidence()

    fails(ledger.bundle("acme:L1"), "documents", "document_differs", documents={one: two}.get)


# ── 8: consistency ────────────────────────────────────────────────────────────────────────


def test_the_checkpoint_continues_what_the_reader_holds():
    bundle = LEDGER.bundle("bolt:C", since=[3, 8])
    held = [LEDGER.checkpoint(3), LEDGER.checkpoint(11)]

    report = holds(bundle, earlier=held)
    assert report.steps[7].sentence == "The checkpoint continues the 2 given."


def test_a_checkpoint_that_nothing_connects_is_not_taken_on_trust():
    report = fails(
        LEDGER.bundle("bolt:C"),
        "consistency",
        "consistency_unproven",
        earlier=[LEDGER.checkpoint(5)],
    )
    assert report.misbehaviour["notes"] == [LEDGER.checkpoint(5), LEDGER.checkpoint()]


def forked():
    """The same log with the same key, and another history."""
    other = PaperLedger()
    company(other, "acme", "acme:mine")
    extract(other, value="99")
    while len(other.written) < 11:
        split(other, part=f"acme:S{len(other.written)}", value="1")
    return other


@pytest.mark.parametrize("size", [11, 8])
def test_heads_that_contradict_are_written_down_as_evidence(size):
    other = forked().checkpoint(size)

    report = fails(
        LEDGER.bundle("bolt:C", since=[8]), "consistency", "heads_contradict", earlier=[other]
    )
    assert report.misbehaviour == {
        "format": 1,
        "contradiction": "heads_contradict",
        "notes": [other, LEDGER.checkpoint(size)],
    }


def test_a_proof_that_does_not_connect_is_refused_and_both_notes_kept():
    bundle = LEDGER.bundle("bolt:C")
    known = EarlierCheckpoint(note=forked().checkpoint(8), proof=())
    report = fails(replace(bundle, earlier=(known,)), "consistency", "consistency_not_proven")

    assert report.misbehaviour["notes"] == [bundle.checkpoint, known.note]


def test_earlier_checkpoints_come_in_order_of_size():
    bundle = LEDGER.bundle("bolt:C", since=[3, 8])

    backwards = replace(bundle, earlier=bundle.earlier[::-1])
    fails(backwards, "consistency", "consistency_not_proven")


def test_a_note_that_the_log_did_not_sign_is_no_earlier_checkpoint():
    stranger = mine_and_buyer(PaperLedger(seed="other log"))

    fails(
        LEDGER.bundle("bolt:C"), "consistency", "note_not_signed", earlier=[stranger.checkpoint()]
    )
