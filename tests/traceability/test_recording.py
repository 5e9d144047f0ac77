"""Recording on PostgreSQL: what is kept, what is refused, and that refusing changes nothing."""

from hashlib import sha256
from itertools import chain
from threading import Event
from uuid import uuid4

import psycopg
import pytest
from django.db import connection, transaction

from tests.builders import (
    OPERATOR,
    Company,
    assay,
    audience,
    blend,
    correction,
    enrolled,
    erasure,
    extraction,
    facility,
    genesis,
    grant,
    introduction,
    key,
    key_of,
    key_revocation,
    loss,
    new_lot,
    offer,
    opening,
    organization,
    owned_by,
    passing,
    pieces,
    quantity,
    receipt,
    received,
    relationship,
    shipment,
    signed,
    split,
    statement,
    taken,
    transfer,
    transformation,
    void,
    withdrawal,
)
from tests.traceability.logbook import rows
from tests.traceability.parallel import at_once
from traceability import recording
from traceability.errors import TraceabilityError
from traceability.keeping import log_key
from traceability.ledger.canonical import canonical
from traceability.ledger.disclosures import hide
from traceability.ledger.signing import RECEIPT_TYPE, parse_jws, sign_jws, verify_jws
from traceability.models import (
    Entry,
    EntrySubject,
    Grant,
    Lot,
    LotOpening,
    Movement,
    NameOpening,
    Rejection,
    Relationship,
    StatementText,
    Stream,
)
from traceability.publishing import publish_checkpoint
from traceability.recording import Submission, record_statements

pytestmark = pytest.mark.django_db(transaction=True)

T = 10**9
L = "alice:L"


def amount(lot):
    return Lot.objects.get(id=lot).amount


# ── the whole way ─────────────────────────────────────────────────────────────────────────


def test_a_statement_is_kept_as_sent_with_its_entry_links_and_movements(alice):
    sent = alice.submission(extraction(L))
    [outcome] = record_statements([sent])

    entry = Entry.objects.get(hash=outcome.entry)
    assert outcome.kind == "recorded"
    assert StatementText.objects.get(recorded_order=entry.recorded_order).jws == sent.jws.decode()
    assert (entry.kind, entry.author, entry.held_by) == (
        "custody.extraction",
        "alice",
        "organization",
    )
    [link] = EntrySubject.objects.filter(recorded_order=entry.recorded_order)
    assert (link.subject, link.previous) == (f"lot:{L}", None)
    [movement] = Movement.objects.filter(lot=L)
    assert (movement.role, movement.delta) == ("make", 100 * T)
    assert Lot.objects.get(id=L).head == outcome.entry


def test_the_receipt_is_signed_by_the_log(alice):
    [outcome] = alice.sends(extraction(L))
    jws = parse_jws(outcome.receipt.encode(), typ=RECEIPT_TYPE)
    verify_jws(jws, log_key().public.raw)
    told = outcome.as_json()
    assert told["outcome"] == "recorded"
    assert (told["entry"], told["key_held_by"]) == (outcome.entry, "organization")


def test_hidden_values_are_worked_with_and_kept_beside_the_statement(alice):
    document, disclosures = hide(
        statement(extraction(L), "alice"), ["body.lot.quantity.value"], lambda: b"s" * 16
    )
    sent = Submission(jws=signed(document), disclosures=tuple(disclosures))
    [outcome] = record_statements([sent])

    assert outcome.kind == "recorded"
    assert amount(L) == 100 * T
    text = StatementText.objects.order_by("-recorded_order").first()
    assert text.disclosures == disclosures
    bare = record_statements([Submission(jws=signed(document | {"id": str(uuid4())}))])
    assert bare[0].error.code == "undisclosed_value"


def test_what_passes_between_companies_is_seen_by_both(alice, bob):
    alice.records(extraction(L), shipment("alice:C", "bob", taken(L, "100")))
    bob.records(receipt("alice:C", received(L, "99"), at="bob:mine"))
    lot = Lot.objects.get(id=L)
    assert (lot.custodian, lot.amount, lot.known_to) == ("bob", 99 * T, ["alice", "bob"])


def test_a_receipt_ahead_waits_and_takes_effect_with_its_shipment(alice, bob):
    [early] = bob.sends(receipt("alice:C", received(L, "70", "29", "bob:R"), at="bob:mine"))
    assert early.as_json()["state"] == "unmatched"
    assert not Lot.objects.exists()

    alice.records(extraction(L), shipment("alice:C", "bob", taken(L, "100")))
    assert (amount(L), amount("bob:R")) == (70 * T, 29 * T)
    assert Lot.objects.get(id="bob:R").custodian == "alice"


def test_a_waiting_receipt_is_voided_on_its_consignment(alice, bob):
    [entry] = bob.records(receipt("alice:C", received(L, "98"), at="bob:mine"))
    bob.records(void(entry))
    alice.records(extraction(L), shipment("alice:C", "bob", taken(L, "100")))
    assert Lot.objects.get(id=L).state == "in_transit"
    assert bob.is_refused(void(entry)).code == "already_replaced"


def test_an_early_receipt_that_took_effect_is_not_voided(alice, bob):
    [entry] = bob.records(receipt("alice:C", received(L, "98"), at="bob:mine"))
    alice.records(extraction(L), shipment("alice:C", "bob", taken(L, "100")))
    assert bob.is_refused(void(entry)).code == "not_correctable"


def test_a_voided_shipment_frees_its_number(alice, bob):
    alice.records(extraction(L))
    sale = shipment("alice:C", "bob", taken(L, "100"))
    [entry] = alice.records(sale)
    alice.records(void(entry, L))
    alice.records(sale)
    assert Lot.objects.get(id=L).state == "in_transit"


def test_a_reported_event_is_superseded_by_the_operator(alice, bob):
    old, reported = {"name": "Old Mine"}, {"operator": {"name": "Old Mine"}, "basis": "papers"}
    bob.records(facility("bob:old", operator=old))
    [entry] = bob.records(extraction("bob:L", at="bob:old", reported=reported))
    assert alice.is_refused(void(entry, "bob:L")).code == "unknown_statement"
    hers = facility("bob:old", operator={"organization": "alice"})
    assert alice.is_refused(hers).code == "not_your_name_space"
    bob.records(hers)
    alice.records(correction(entry, extraction("bob:L", "80", at="bob:old"), "bob:L"))
    assert amount("bob:L") == 80 * T


def test_what_another_stated_since_is_not_undone_wherever_the_lot_is_again(alice, bob):
    alice.records(extraction(L))
    [sent] = alice.records(shipment("alice:C", "bob", taken(L, "100")))
    [arrived] = bob.records(receipt("alice:C", received(L, "100"), at="bob:mine"))
    [sold] = alice.records(transfer(passing(L, "alice", "bob")))
    bob.records(
        transfer(passing(L, "bob", "alice")),
        shipment("bob:C", "alice", taken(L, "100"), at="bob:mine"),
    )
    alice.records(
        receipt("bob:C", received(L, "100"), at="alice:mine"),
        transfer(passing(L, "alice", "bob")),
    )
    stored = Lot.objects.values().get(id=L)
    for company, entry in ((alice, sent), (bob, arrived), (alice, sold)):
        assert company.is_refused(void(entry, L)).code == "already_acted_on"
    assert Lot.objects.values().get(id=L) == stored


def test_whoever_only_knew_a_lot_once_does_not_say_what_it_contains(alice, bob):
    alice.records(extraction(L))
    [before] = alice.records(assay(L, status="provisional"))
    alice.records(transfer(passing(L, "alice", "bob")))
    alice.records(assay(L, status="final"))  # of who has it, though it is sold
    alice.records(shipment("alice:C", "bob", taken(L, "100")))
    bob.records(assay(L))  # of who it is sent to
    bob.records(receipt("alice:C", received(L, "100"), at="bob:mine"))

    told = alice.is_refused(assay(L, status="umpire", party="umpire"))
    assert (told.code, told.at) == ("not_yours_to_assay", "$.body.lot")
    risen = correction(before, assay(L, status="umpire"), L)
    assert alice.is_refused(risen).code == "not_yours_to_assay"
    alice.records(correction(before, assay(L, moisture="0.05"), L))
    alice.records(assay(consignment="alice:C", consignee="bob", status="final"))
    assert Movement.objects.filter(lot=L, role="assay").count() == 4


def test_offers_open_lots_until_they_are_withdrawn_or_voided(alice, bob):
    def opened():
        return set(LotOpening.objects.filter(closed_order=None).values_list("lot", flat=True))

    alice.records(extraction(L))
    [offered] = alice.records(offer(L, to=["bob"], until="2026-12-31"))
    assert opened() == {L}
    [closed] = alice.records(withdrawal(offered, L))
    assert opened() == set()
    alice.records(void(closed, L))
    assert opened() == {L}
    alice.records(void(offered, L))
    assert opened() == set()


def test_registrations_are_mirrored_as_last_stated(alice, bob):
    alice.records(
        relationship("alice:r", "bob", "alice"),
        grant("alice:g", "bob", facilities=["alice:mine"], lots=[L]),
        opening("alice:o", "bob", facilities=["alice:mine"]),
        audience("alice", "bob"),
        grant("alice:g", "bob", until="2026-02-01"),
    )
    assert str(Grant.objects.get(id="alice:g").until) == "2026-02-01"
    assert NameOpening.objects.get(id="alice:o").facilities == ["alice:mine"]
    assert Relationship.objects.get(id="alice:r").organization_id == "alice"


def test_a_correction_counts_under_the_law_of_the_day_of_the_event(alice):
    [entry] = alice.records(extraction(L))
    right = correction(entry, extraction(L, "90"), L, effective="2026-02-01T10:00:00Z")
    [head] = alice.records(right, effective="2026-03-05")
    told = Entry.objects.get(hash=head)
    assert (str(told.effective_on), told.event, told.replaces) == (
        "2026-02-01",
        "custody.extraction",
        entry,
    )


# ── the same statement again ──────────────────────────────────────────────────────────────


def test_the_same_statement_again_returns_the_first_receipt_byte_for_byte(alice):
    claim, name = extraction(L), str(uuid4())
    [first] = alice.sends(claim, id=name)
    before = rows()
    [again] = alice.sends(claim, id=name)

    assert (again.kind, again.entry, again.receipt) == ("duplicate", first.entry, first.receipt)
    assert rows() == before


def test_also_after_a_key_rotation(alice):
    claim, name = extraction(L), str(uuid4())
    [first] = alice.sends(claim, id=name)
    alice.records(key("alice", "second"))
    alice.records(key_revocation("alice", "alice"), key="second")

    [again] = alice.sends(claim, id=name, key="second")
    assert (again.kind, again.receipt) == ("duplicate", first.receipt)
    [stale] = alice.sends(claim, id=name)  # signed with the revoked key, as it was the first time
    assert stale.receipt == first.receipt


def test_another_statement_of_the_same_id_is_refused(alice):
    name = str(uuid4())
    [first] = alice.records(extraction(L), id=name)
    told = alice.is_refused(extraction("alice:M"), id=name)
    assert (told.code, told.facts["entry"]) == ("id_reused", first)


def test_ids_are_each_authors_own(alice, bob):
    name = str(uuid4())
    alice.records(extraction(L), id=name)
    bob.records(extraction("bob:L"), id=name)


def test_a_forger_learns_nothing_about_ids_and_gets_no_receipt(alice, mallory):
    claim, name = extraction(L), str(uuid4())
    alice.records(claim, id=name)
    for forged in (claim, extraction("alice:M")):
        [outcome] = alice.sends(forged, id=name, key="mallory")
        assert (outcome.error.code, outcome.receipt) == ("wrong_author", "")
    assert not Rejection.objects.exists()  # never kept under a name that somebody only claimed


def test_a_twin_in_the_same_batch_is_a_duplicate(alice):
    one = alice.submission(extraction(L))
    first, second = record_statements([one, one])
    assert (first.kind, second.kind) == ("recorded", "duplicate")
    assert first.receipt == second.receipt


# ── batches ───────────────────────────────────────────────────────────────────────────────


def test_items_of_a_batch_see_earlier_ones_and_depend_on_them(alice):
    outcomes = alice.sends(
        extraction(L),
        loss(L, "60"),
        loss(L, "60"),
        extraction("bob:stolen", at="alice:mine", owners=owned_by("alice")),
        loss("bob:stolen", "1", at="alice:mine"),
        loss(L, "40"),
    )
    assert [o.error.code if o.error else o.kind for o in outcomes] == [
        "recorded",
        "recorded",
        "insufficient_balance",
        "not_your_name_space",
        "unknown_lot",
        "recorded",
    ]
    assert amount(L) == 0


def test_an_organization_its_key_and_its_statements_come_in_one_batch(operator):
    carol = Company("carol")
    joining = Company(OPERATOR).submission(organization("dave"), key="service")
    assert record_statements([joining])[0].error.code == "unknown_key"
    operator(*organization("carol"))
    outcomes = carol.sends(key("carol", "second"), facility("carol:mine"))
    late = carol.submission(extraction("carol:L"), key="second")
    assert [o.kind for o in [*outcomes, *record_statements([late])]] == ["recorded"] * 3


def test_a_key_enrolled_in_a_batch_signs_later_items_of_it(alice):
    batch = [
        alice.submission(key("alice", "second")),
        alice.submission(extraction(L), key="second"),
        alice.submission(key_revocation("alice", "second")),
        alice.submission(extraction("alice:M"), key="second"),
    ]
    assert [o.kind for o in record_statements(batch)] == [*["recorded"] * 3, "rejected"]


@pytest.mark.parametrize(
    "bad", [loss(L, "101"), ("custody.loss", {"lot": L}), ("custody.teleport", {})]
)
def test_an_atomic_batch_is_recorded_as_a_whole_or_not_at_all(alice, bad):
    before = rows()
    outcomes = alice.sends(extraction(L), bad, loss(L, "1"), atomic=True)
    assert [o.error.code for o in outcomes if o is not outcomes[1]] == ["batch_not_recorded"] * 2
    assert not any(o.receipt for o in outcomes)
    assert rows() == before

    outcomes = alice.sends(extraction(L), loss(L, "1"), atomic=True)
    assert [o.kind for o in outcomes] == ["recorded"] * 2


def test_a_large_batch_is_recorded_like_many_small_ones(alice):
    parts = [split(L, taken(f"alice:P{n}", quantity("1", "kg"))) for n in range(100)]
    entries = alice.records(extraction(L), *parts)

    links = list(EntrySubject.objects.filter(subject=f"lot:{L}").order_by("recorded_order"))
    assert [link.previous for link in links] == [None, *entries[:-1]]
    assert amount(L) == 100 * T - 100 * 10**6
    assert publish_checkpoint() == Entry.objects.count()


def test_nothing_is_nothing():
    assert record_statements([]) == []


# ── streams ───────────────────────────────────────────────────────────────────────────────


def told_by(company, claim, seq, prev=None, stream="scale"):
    place = {"id": stream, "seq": seq} | ({"prev": prev} if prev else {})
    return company.submission(claim, stream=place)


def test_a_device_chains_its_statements_and_a_fork_is_kept_as_evidence(alice):
    first = told_by(alice, extraction(L), 7)
    head = sha256(first.jws).hexdigest()
    second = told_by(alice, loss(L, "1"), 8, head)
    fork = told_by(alice, loss(L, "2"), 8, head)
    gap = told_by(alice, loss(L, "3"), 10, head)
    outcomes = record_statements([first, second, fork, gap])

    assert [o.kind for o in outcomes] == ["recorded", "recorded", "rejected", "rejected"]
    told = outcomes[2].error
    assert told.code == "stream_out_of_step"
    assert told.facts == {
        "stream": "scale",
        "next_seq": 9,
        "head": sha256(second.jws).hexdigest(),
    }
    assert [r.jws for r in Rejection.objects.order_by("id")] == [
        fork.jws.decode(),
        gap.jws.decode(),
    ]
    assert record_statements([second])[0].kind == "duplicate"


def test_a_stream_does_not_begin_with_a_predecessor(alice):
    [outcome] = record_statements([told_by(alice, extraction(L), 0, "ab" * 32)])
    assert outcome.error.code == "stream_out_of_step"


def test_a_refused_statement_does_not_move_its_stream(alice):
    record_statements([told_by(alice, loss("alice:none", "1"), 0)])
    assert not Stream.objects.exists()
    assert record_statements([told_by(alice, extraction(L), 0)])[0].kind == "recorded"


def test_two_beginnings_of_one_stream_do_not_both_count(alice):
    twins = [told_by(alice, extraction(f"alice:{n}"), n) for n in range(2)]
    outcomes = at_once(*[lambda one=one: record_statements([one])[0] for one in twins])
    assert sorted(o.kind for o in outcomes) == ["recorded", "rejected"]
    assert Stream.objects.get().seq == next(
        n for n, o in enumerate(outcomes) if o.kind == "recorded"
    )


# ── every code that recording can answer with ─────────────────────────────────────────────

HASH = "ab" * 32
GAP = {"id": "scale", "seq": 1, "prev": HASH}
GOLD = [{"owner": {"organization": "alice"}, "parts": 1, "element": "Au"}]


def dry(value):
    return quantity(value, basis="dry")


def altered(claim, **changes):
    kind, body = claim
    return kind, body | changes


def result(element, percent):
    return {"element": element, "value": percent, "unit": "percent", "basis": "dry"}


def assayed(*results):
    return assay(L, results=list(results))


REFUSED = {
    # not understood
    "malformed_jws": (b"not a JWS", ""),
    "not_json": (sign_jws(b"[1]", key_of("alice"), typ="custody-statement+jws"), "$"),
    "duplicate_member": (
        sign_jws(b'{"id":"1","id":"2"}', key_of("alice"), typ="custody-statement+jws"),
        "$",
    ),
    "outside_profile": (
        sign_jws(b'{"id":1.5}', key_of("alice"), typ="custody-statement+jws"),
        "$.id",
    ),
    "document_too_large": (
        sign_jws(canonical({"id": "x" * 60_000}), key_of("alice"), typ="custody-statement+jws"),
        "$",
    ),
    "malformed_statement": (altered(extraction("alice:M"), colour="red"), "$.body"),
    "not_for_this_ledger": (extraction("alice:M"), "$.ledger", {"ledger": "other.example"}),
    "unknown_kind": (("custody.teleport", {}), "$.kind"),
    "too_many_subjects": (
        transformation(
            [taken(f"alice:I{n}", "1") for n in range(200)],
            [new_lot(f"alice:O{n}") for n in range(80)],
            at="alice:mine",
        ),
        "$.body",
    ),
    "impossible_time": (extraction("alice:M"), "$.effective", {"effective": "2026-02-30"}),
    "ambiguous_party": (transfer(passing(L, "alice", {})), "$.body.items[0].to"),
    "undisclosed_value": (
        altered(loss(L, "1"), reason={"sd": "A" * 43}),
        "$.body.reason",
    ),
    "disclosure_malformed": (altered(loss(L, "1"), reason={"sd": "A"}), "$.body.reason.sd"),
    "unknown_country": (facility("alice:new", country="UK"), "$.body.country"),
    "wrong_identifier": (
        facility("alice:new", identifiers=[{"scheme": "gln", "value": "1"}]),
        "$.body.identifiers[0]",
    ),
    # who says it
    "unknown_key": (extraction("alice:M"), "$", {"key": "nobody"}),
    "wrong_author": (extraction("alice:M"), "$.author", {"key": "bob"}),
    "may_not_sign": (erasure(HASH), "$.kind"),
    "key_exists": (key("alice", "alice"), "$.body.key"),
    "weak_key": (
        (
            "registry.key",
            {
                "organization": "alice",
                "key": enrolled("new", "alice")
                | {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43}},
            },
        ),
        "$.body.key.jwk",
    ),
    "malformed_key": (
        (
            "registry.key",
            {
                "organization": "alice",
                "key": enrolled("new", "alice")
                | {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "_" * 43}},
            },
        ),
        "$.body.key.jwk.x",
    ),
    "possession_not_proven": (
        ("registry.key", {"organization": "alice", "key": enrolled("new", "bob")}),
        "$.body.key.possession",
    ),
    "genesis_misplaced": (genesis("alice", key="alice"), "$.kind"),
    "unknown_organization": (audience("alice", "zoe"), "$.body.members"),
    "not_your_name_space": (extraction("bob:M", at="alice:mine"), "$.body.lot"),
    # when
    "time_in_the_future": (
        extraction("alice:M"),
        "$.effective",
        {"effective": "2999-01-01T00:00:00Z"},
    ),
    "stream_out_of_step": (extraction("alice:M"), "$.stream", {"stream": GAP}),
    # quantities
    "unknown_unit": (loss(L, quantity("1", "stone")), "$.body.quantity"),
    "unit_does_not_fit_basis": (loss(L, quantity("1", basis="count")), "$.body.quantity"),
    "density_missing": (loss(L, quantity("1", "m3", "volume")), "$.body.quantity"),
    "count_not_whole": (loss(L, quantity("1.5", "piece", "count")), "$.body.quantity"),
    "decimal_malformed": (loss(L, "1e3"), "$.body.quantity.value"),
    "equivalent_is_no_mass": (loss(L, quantity("1", "t LCE", "dry")), "$.body.quantity"),
    "mass_not_positive": (loss(L, "0"), "$.body.quantity"),
    "mass_out_of_range": (loss(L, "1" + "0" * 14), "$.body.quantity"),
    "unit_mismatch": (loss(L, pieces(1)), "$.body.quantity"),
    "basis_mismatch": (loss(L, dry("1")), "$.body.quantity"),
    "insufficient_balance": (loss(L, "101"), "$.body.quantity"),
    "gross_not_conserved": (
        blend([taken(L, "1")], new_lot("alice:M", "2"), at="alice:mine"),
        "$.body.output.quantity",
    ),
    "not_whole_lot": (shipment("alice:D", "bob", taken(L, "1")), "$.body.lots[0]"),
    # figures that nothing has
    "moisture_impossible": (loss(L, quantity("1", moisture="1.1")), "$.body.quantity.moisture"),
    "value_outside_range": (loss(L, quantity("1", low="2", high="3")), "$.body.quantity"),
    "assay_impossible": (assayed(result("Cu", "101")), "$.body.results[0]"),
    "assays_exceed_whole": (
        assayed(result("Cu", "60"), result("Fe", "50")),
        "$.body.results[1]",
    ),
    "unknown_element": (assayed(result("Xx", "1")), "$.body.results[0].element"),
    "expressed_without_element": (
        assayed(result("Cu", "1") | {"expressed_as": "Li2O"}),
        "$.body.results[0].expressed_as",
    ),
    "formula_malformed": (
        assayed(result("Cu", "1") | {"expressed_as": "Cu2("}),
        "$.body.results[0].expressed_as",
    ),
    "impossible_figure": (
        facility("alice:new", latitude="91", longitude="0"),
        "$.body.latitude",
    ),
    # lots and places
    "unknown_lot": (loss("bob:L", "1", at="alice:mine"), "$.body.quantity"),
    "lot_exists": (extraction(L), "$.body.lot"),
    "lot_into_itself": (blend([taken(L, "1")], new_lot(L, "1"), at="alice:mine"), "$.body.output"),
    "unknown_consignment": (
        assay(consignment="alice:never", consignee="bob"),
        "$.body.consignment",
    ),
    "not_in_custody": (loss("alice:gone", "1"), "$.body.quantity"),
    "not_at_this_facility": (loss(L, "1", at="alice:smelter"), "$.body.quantity"),
    "unknown_facility": (introduction("alice:M", at="alice:moon"), "$.body.facility"),
    "wrong_facility": (extraction("alice:M", at="alice:smelter"), "$.body.facility"),
    "not_in_transit": (
        receipt("bob:C", received("bob:S", "1"), at="alice:mine"),
        "$.body.lots[0]",
    ),
    "consignment_exists": (
        shipment("alice:C", "bob", taken(L, "100")),
        "$.body.consignment",
    ),
    "not_owner": (transfer(passing("bob:S", "alice", "bob")), "$.body.items[0]"),
    "insufficient_title": (transfer(passing(L, "alice", "bob", "101")), "$.body.items[0].quantity"),
    "title_not_backed": (transfer(passing("alice:mix", "alice", "bob")), "$.body.items[0]"),
    # earlier statements
    "unknown_statement": (void(HASH), "$.body.replaces"),
    "already_replaced": (void("{replaced}", "alice:R"), "$.body.replaces"),
    "not_correctable": (correction("{offer}", offer(L, to=["bob"]), L), "$.body"),
    "made_of_itself": (
        correction(
            "{mixed}",
            blend(
                [taken("alice:own", "50"), taken("alice:two", "50")],
                new_lot("alice:one"),
                at="alice:mine",
            ),
            *("alice:own", "alice:one", "alice:two"),
        ),
        "$.body.replacement.body",
    ),
    "already_acted_on": (void("{received}", "alice:gone"), "$.body.replaces"),
    "lots_incomplete": (void("{extraction}"), "$.body.lots"),
}


@pytest.fixture
def story(alice, bob):
    """Alice holds L; `gone` went to Bob and was received; S went to Alice, who received it."""
    [made, *_] = alice.records(extraction(L), extraction("alice:gone"), extraction("alice:R"))
    [sent] = alice.records(shipment("alice:C", "bob", taken("alice:gone", "100")))
    bob.records(receipt("alice:C", received("alice:gone", "99"), at="bob:mine"))
    bob.records(extraction("bob:L"), extraction("bob:S"))
    bob.records(shipment("bob:C", "alice", taken("bob:S", "100")))
    alice.records(receipt("bob:C", received("bob:S", "100"), at="alice:mine"))
    [lost] = alice.records(loss("alice:R", "1"))
    alice.records(void(lost, "alice:R"))
    [offered] = alice.records(offer(L, to=["bob"]))
    alice.records(
        extraction("alice:of-bob", owners=owned_by("bob")),
        blend([taken("alice:of-bob", "100")], new_lot("alice:mix"), at="alice:mine"),
    )
    _, mixed, _ = alice.records(
        extraction("alice:own"),
        blend([taken("alice:own", "100")], new_lot("alice:one"), at="alice:mine"),
        blend([taken("alice:one", "50")], new_lot("alice:two", "50"), at="alice:mine"),
    )
    told = {"extraction": made, "replaced": lost, "offer": offered}
    return told | {"received": sent, "mixed": mixed}


def test_every_refusal_has_a_code_a_sentence_a_hint_and_a_place_and_changes_nothing(alice, story):
    before, wrong = rows(), {}
    for code, (claim, at, *more) in REFUSED.items():
        [outcome] = record_statements(
            [_submission(alice, claim, story, *more)], submitted_by="alice"
        )
        error = outcome.error
        if error is None or (error.code, error.at) != (code, at):
            wrong[code] = error and (error.code, error.at)
            continue
        assert error.message.endswith(".")
        assert error.hint, code
        kept = Rejection.objects.order_by("-id").first()
        assert (kept.author, kept.code) == ("alice", code)
        assert kept.problem == error.as_json()
        assert outcome.as_json()["problem"] == error.as_json()
    assert wrong == {}
    assert rows() == before


def _submission(company, claim, story, members=None):
    if isinstance(claim, bytes):
        return Submission(jws=claim)
    kind, body = claim
    if "replaces" in body:
        body = body | {"replaces": body["replaces"].format(**story)}
    members = members or {}
    return company.submission((kind, body), **members)


def test_a_signature_over_other_bytes_is_refused(alice):
    header, payload, _ = alice.submission(extraction(L)).jws.split(b".")
    _, _, signature = alice.submission(extraction("alice:M")).jws.split(b".")
    forged = Submission(jws=b".".join([header, payload, signature]))
    [outcome] = record_statements([forged])
    assert outcome.error.code == "invalid_signature"
    assert not Lot.objects.exists()
    assert not Rejection.objects.exists()  # nobody proved to be its sender


def test_a_disclosure_too_many_is_refused(alice):
    sent = alice.submission(extraction(L))
    more = Submission(jws=sent.jws, disclosures=({"salt": "A" * 22, "value": "x"},))
    assert record_statements([more])[0].error.code == "disclosure_unused"


def test_an_organization_without_a_first_key_is_refused(operator):
    kind, body = organization("carol")
    body.pop("key")
    with pytest.raises(TraceabilityError) as refused:
        operator(kind, body)
    assert refused.value.code == "organization_needs_key"


def test_statements_come_with_their_authors_credentials(alice, bob):
    sent = alice.submission(extraction(L))
    [outcome] = record_statements([sent], submitted_by="bob")
    assert outcome.error.code == "not_submitted_by_author"
    assert Rejection.objects.get().author == "bob"
    assert not Lot.objects.exists()


def test_a_correction_of_a_day_to_come_is_refused(alice):
    [entry] = alice.records(extraction(L))
    for day, code in [("2999-01-01T00:00:00Z", "time_in_the_future"), ("soon", "impossible_time")]:
        told = alice.is_refused(correction(entry, extraction(L), L, effective=day))
        assert (told.code, told.at) == (code, "$.body.replacement.effective")


def test_a_correction_that_forgets_a_lot_is_told_which(alice):
    alice.records(extraction(L))
    [entry] = alice.records(split(L, taken("alice:P", "1")))
    for claim in (void(entry, L), correction(entry, split(L, taken("alice:P", "2")), "alice:P")):
        told = alice.is_refused(claim)
        assert (told.code, told.facts["lots"]) == ("lots_incomplete", [L, "alice:P"])


def test_a_rival_cannot_withdraw_an_offer_it_can_see(alice, bob):
    alice.records(extraction(L, owners=owned_by("bob")))
    [offered] = alice.records(offer(L, to=["bob"]))
    assert bob.is_refused(withdrawal(offered, L)).code == "unknown_statement"
    assert LotOpening.objects.get().closed_order is None


def test_a_registration_is_neither_corrected_nor_voided(alice):
    [entry] = alice.records(facility("alice:port", "port"))
    assert alice.is_refused(void(entry)).code == "not_correctable"


def test_a_second_genesis_is_refused_also_in_one_batch(alice):
    [late] = Company("mallory").sends(genesis("mallory"))
    assert late.error.code == "genesis_misplaced"


def test_two_geneses_in_one_batch_make_one_ledger(transactional_db):
    from traceability.keeping import log_verifier

    claims = [genesis(name, log_vkey=log_verifier().vkey) for name in ("one", "two")]
    batch = [Company(c[1]["operator"]["organization"]).submission(c) for c in claims]
    assert [o.kind for o in record_statements(batch)] == ["recorded", "rejected"]


def test_a_genesis_for_another_log_key_begins_nothing(transactional_db):
    [outcome] = Company(OPERATOR).sends(genesis(log_vkey="somebody else's"))
    assert outcome.error.code == "genesis_misplaced"
    assert not Entry.objects.exists()


def test_nothing_but_a_genesis_begins_a_ledger(transactional_db):
    [outcome] = Company("alice").sends(extraction(L))
    assert outcome.error.code == "unknown_key"


def test_whoever_brings_a_key_of_his_own_learns_nothing_by_anothers_name_and_id(alice):
    """He proves to be nobody: which ids alice used is not told, and nothing is kept as hers."""
    name = str(uuid4())
    alice.records(extraction(L), id=name)
    bringing = key("alice", "mallory")
    taken_id = alice.is_refused(bringing, id=name, key="mallory")
    free_id = alice.is_refused(bringing, id=str(uuid4()), key="mallory")
    assert taken_id.as_json() == free_id.as_json()
    assert taken_id.code == "unknown_key"
    again = alice.is_refused(genesis("alice", key="mallory"), id=name, key="mallory")
    assert (again.code, "entry" in again.facts) == ("genesis_misplaced", False)
    assert not Rejection.objects.filter(author="alice").exists()


# ── many at once ──────────────────────────────────────────────────────────────────────────


def test_concurrent_withdrawals_never_exceed_the_lot(alice):
    alice.records(extraction(L, "10"))

    def withdraw(writer):
        return [alice.sends(loss(L, "1"))[0] for _ in range(3)]

    outcomes = list(chain(*at_once(*[lambda n=n: withdraw(n) for n in range(6)])))

    assert [o.kind for o in outcomes].count("recorded") == 10
    refused = {o.error.code for o in outcomes if o.error}
    assert refused == {"insufficient_balance"}
    assert amount(L) == 0
    assert sum(Movement.objects.filter(lot=L).values_list("delta", flat=True)) == 0


def test_twins_that_begin_one_lot_are_told_apart(alice):
    outcomes = at_once(*[lambda n=n: alice.sends(extraction(L, str(n)))[0] for n in range(1, 5)])
    assert sorted(o.error.code if o.error else o.kind for o in outcomes) == [
        *["lot_exists"] * 3,
        "recorded",
    ]
    assert Movement.objects.filter(lot=L).count() == 1


def test_one_statement_sent_by_many_at_once_is_recorded_once(alice):
    sent = alice.submission(extraction(L))
    outcomes = at_once(*[lambda: record_statements([sent])[0] for _ in range(4)])
    assert sorted(o.kind for o in outcomes) == [*["duplicate"] * 3, "recorded"]
    assert len({o.receipt for o in outcomes}) == 1


def test_one_key_is_not_enrolled_for_two_organizations_at_once(alice, bob):
    outcomes = at_once(
        lambda: alice.sends(key("alice", "shared"))[0], lambda: bob.sends(key("bob", "shared"))[0]
    )
    assert sorted(o.error.code if o.error else o.kind for o in outcomes) == [
        "key_exists",
        "recorded",
    ]


def test_two_corrections_of_one_statement_are_not_both_heads(alice):
    [entry] = alice.records(extraction(L))
    outcomes = at_once(
        *[lambda n=n: alice.sends(correction(entry, extraction(L, n), L))[0] for n in "123"]
    )
    assert sorted(o.error.code if o.error else o.kind for o in outcomes) == [
        *["already_replaced"] * 2,
        "recorded",
    ]


def test_orders_that_deadlock_are_retried_and_never_shown(alice):
    alice.records(extraction("alice:A", "1000"), extraction("alice:B", "1000"))
    first = [loss("alice:A", "1"), loss("alice:B", "1")]

    def run(claims):
        return [o for _ in range(6) for claim in claims for o in alice.sends(claim)]

    def batches(claims):
        return [o for _ in range(6) for o in alice.sends(*claims)]

    works = (
        lambda: batches(first),
        lambda: batches(first[::-1]),
        lambda: run(first),
        lambda: run(first[::-1]),
    )
    outcomes = list(chain(*at_once(*works)))
    assert {o.kind for o in outcomes} == {"recorded"}
    assert amount("alice:A") == amount("alice:B") == (1000 - 24) * T


def test_a_collision_is_retried_and_in_the_end_told_as_busy(alice, monkeypatch):
    from psycopg.errors import DeadlockDetected

    calls = []

    def collide(*_args, **_more):
        calls.append(1)
        raise DeadlockDetected

    monkeypatch.setattr(recording, "_record", collide)
    monkeypatch.setattr(recording.time, "sleep", lambda _seconds: None)
    [outcome] = alice.sends(extraction(L))
    assert outcome.error.code == "too_busy"
    assert len(calls) == 1 + 12  # once together with whoever comes, then alone


def test_a_failure_of_the_database_is_not_taken_for_a_collision(alice, monkeypatch):
    from django.db import OperationalError

    def fail(*_args, **_more):
        raise OperationalError("the disk is full")

    monkeypatch.setattr(recording, "_record", fail)
    with pytest.raises(OperationalError, match="the disk is full"):
        alice.sends(extraction(L))


def test_a_connection_that_died_since_its_last_use_is_made_anew(alice):
    alice.records(extraction(L))
    kill_connection()
    assert alice.sends(loss(L, "1"))[0].kind == "recorded"
    kill_connection()
    assert alice.sends(*[loss(L, "1")] * 70)[0].kind == "recorded"


def kill_connection():
    info = connection.connection.info
    with psycopg.connect(info.dsn, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [info.backend_pid])


def test_nobody_waits_for_a_lot_of_somebody_else(alice, bob):
    """Statements that arrive together share a transaction only where no lock keeps one of them."""
    alice.records(extraction(L))
    bob.records(extraction("bob:L"))
    is_held, is_done = Event(), Event()

    def hold():
        with transaction.atomic():
            Lot.objects.select_for_update().get(id=L)
            is_held.set()
            assert is_done.wait(20)

    def wait():
        assert is_held.wait(20)
        return alice.sends(loss(L, "1"))

    def pass_by():
        assert is_held.wait(20)
        outcomes = [bob.sends(loss("bob:L", "1")) for _ in range(20)]
        is_done.set()
        return outcomes

    _, waited, passed = at_once(hold, wait, pass_by)
    assert {one.kind for [one] in [waited, *passed]} == {"recorded"}


def test_what_fails_together_is_tried_alone_and_fails_there_only_for_itself(alice, monkeypatch):
    """A fault in one statement's decision is no other's."""
    alice.records(extraction(L))
    decide = recording.decide

    def fail(statement, book):
        if statement.body.reason == "faulty":
            raise ZeroDivisionError
        return decide(statement, book)

    monkeypatch.setattr(recording, "decide", fail)

    def faulty():
        with pytest.raises(ZeroDivisionError):
            alice.sends(loss(L, "1", reason="faulty"))

    sound = [lambda: [alice.sends(loss(L, "1"))[0].kind for _ in range(5)]] * 3
    assert at_once(faulty, *sound)[1:] == [["recorded"] * 5] * 3
    assert amount(L) == 85 * T
