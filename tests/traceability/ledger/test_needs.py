"""What a statement looks at is asked for before it is decided upon: no more, no less."""

import pytest

from tests.builders import (
    assay,
    audience,
    blend,
    correction,
    erasure,
    extraction,
    facility,
    grant,
    introduction,
    key,
    key_of,
    key_revocation,
    new_lot,
    notebook,
    offer,
    opening,
    organization,
    owned_by,
    passing,
    receipt,
    received,
    relationship,
    shipment,
    split,
    taken,
    transfer,
    understood,
    withdrawal,
)
from traceability.errors import TraceabilityError
from traceability.ledger.book import Book
from traceability.ledger.decision import decide
from traceability.ledger.needs import Needs, new_keys, new_lots

HASH = "ab" * 32


def needs(claim, author="alice", **members):
    gathered = Needs()
    gathered.add(understood(claim, author, **members))
    return gathered


def test_every_statement_needs_its_key_author_and_subjects():
    told = needs(extraction("alice:L"))
    assert told.kids == {key_of("alice").kid}
    assert told.organizations == {"alice"}
    assert (told.lots, told.facilities, told.subjects) == ({"alice:L"}, {"alice:mine"}, set())
    assert (told.streams, told.statements, told.revoked_kids) == (set(), set(), set())


def test_a_stream_is_needed_with_its_author():
    assert needs(extraction("alice:L"), stream={"id": "scale", "seq": 0}).streams == {
        ("alice", "scale")
    }


@pytest.mark.parametrize(
    ("claim", "organizations"),
    [
        (extraction("alice:L", owners=owned_by("bob", "carol")), {"bob", "carol"}),
        (extraction("alice:L", owners=[{"owner": {"name": "X"}, "parts": 1}]), set()),
        (
            blend([taken("alice:L", "1")], new_lot("alice:B", owners=owned_by("bob")), at="a1:b"),
            {"bob"},
        ),
        (shipment("alice:C", "bob", taken("alice:L", "1")), {"bob"}),
        (shipment("alice:C", {"name": "X"}, taken("alice:L", "1")), set()),
        (
            transfer(
                passing("alice:L", "alice", "bob"), passing("alice:M", "alice", {"name": "X"})
            ),
            {"bob"},
        ),
        (offer("alice:L", to=["bob", "carol"]), {"bob", "carol"}),
        (correction(HASH, extraction("alice:L", owners=owned_by("bob")), "alice:L"), {"bob"}),
        (correction(HASH, shipment("alice:C", "bob", taken("alice:L", "1")), "alice:L"), {"bob"}),
        (audience("alice", "bob"), {"bob"}),
        (grant("alice:g", "bob"), {"bob"}),
        (opening("alice:o", "bob"), {"bob"}),
        (organization("bob"), {"bob"}),
        (key("bob", "new"), {"bob"}),
        (key_revocation("bob", "bob"), {"bob"}),
        (relationship("alice:r", "bob", "carol"), set()),
    ],
)
def test_organizations_that_must_be_registered_are_needed(claim, organizations):
    assert needs(claim).organizations == organizations | {"alice"}


@pytest.mark.parametrize(
    ("claim", "facilities"),
    [
        (introduction("alice:L", at="bob:port"), {"bob:port"}),
        (transfer(passing("alice:L", "alice", "bob")), set()),
        (correction(HASH, extraction("alice:L", at="alice:pit"), "alice:L"), {"alice:pit"}),
        (facility("alice:new"), {"alice:new"}),
        (grant("alice:g", "bob", facilities=["alice:mine"]), {"alice:mine"}),
        (opening("alice:o", facilities=["alice:mine"]), {"alice:mine"}),
        (assay("alice:L"), set()),
    ],
)
def test_facilities_that_are_named_are_needed(claim, facilities):
    assert needs(claim).facilities == facilities


def test_statements_that_are_named_are_needed_with_their_chain():
    for claim in (withdrawal(HASH, "alice:L"), erasure(HASH)):
        told = needs(claim)
        assert told.statements == {HASH}
        assert told.subjects == {f"statement:{HASH}"}


def test_a_revoked_key_is_needed_to_be_locked():
    told = needs(key_revocation("alice", "old"))
    assert told.revoked_kids == {key_of("old").kid}
    assert told.kids == {key_of("old").kid, key_of("alice").kid}


def test_what_a_batch_needs_adds_up():
    gathered = needs(split("alice:L", taken("alice:P", "1")))
    gathered.add(understood(receipt("bob:C", received("bob:L", "1"), at="carol:port"), "carol"))
    assert gathered.lots == {"alice:L", "alice:P", "bob:L"}
    assert gathered.subjects == {"consignment:bob:C:carol"}
    assert gathered.facilities == {"alice:mine", "carol:port"}


def test_lots_and_keys_that_a_body_brings_are_found():
    assert [lot.lot for lot in new_lots(understood(extraction("alice:L"), "alice").body)] == [
        "alice:L"
    ]
    assert list(new_lots(understood(split("alice:L", taken("alice:P", "1")), "alice").body)) == []
    assert [one.kid for one in new_keys(understood(organization("bob"), "operator"))] == [
        key_of("bob").kid
    ]
    assert list(new_keys(understood(extraction("alice:L"), "alice"))) == []


def test_a_key_that_would_be_enrolled_is_looked_up_unless_it_is_unreadable():
    assert needs(key("alice", "second")).kids == {key_of("alice").kid, key_of("second").kid}
    kind, body = key("alice", "second")
    body["key"]["jwk"]["x"] = "_" * 43  # no canonical base64url
    assert needs((kind, body)).kids == {key_of("alice").kid}


@pytest.mark.parametrize(
    "claim",
    [
        extraction("alice:L2", owners=owned_by("bob")),
        shipment("alice:C", "bob", taken("alice:L", "100")),
        transfer(passing("alice:L", "alice", "bob")),
        offer("alice:L", to=["bob"]),
        opening("alice:o", "bob", facilities=["alice:mine"]),
        grant("alice:g", "bob", facilities=["alice:mine"]),
        facility("alice:mine", "port"),
    ],
)
def test_a_book_of_only_what_is_needed_decides_alike(claim):
    notes = notebook("alice", "bob")
    notes.says("alice", extraction("alice:L"))
    statement, asked = understood(claim, "alice"), needs(claim)
    whole = notes.book
    part = Book(
        organizations=_only(whole.organizations, asked.organizations),
        keys=_only(whole.keys, asked.kids),
        facilities=_only(whole.facilities, asked.facilities),
        lots=_only(whole.lots, asked.lots),
        consignments=_only(whole.consignments, asked.subjects),
        statements=_only(whole.statements, asked.statements),
    )
    assert decide(statement, part) == decide(statement, whole)
    with pytest.raises(TraceabilityError):
        decide(statement, Book())


def _only(table, names):
    return {name: row for name, row in table.items() if name in names}
