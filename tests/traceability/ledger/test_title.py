"""Title: passes from its owner, whole or by quantity, in exact shares."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import (
    assay,
    extraction,
    loss,
    notebook,
    owned_by,
    passing,
    quantity,
    receipt,
    received,
    shipment,
    split,
    taken,
    transfer,
    void,
)
from traceability.errors import (
    AlreadyActedOn,
    BasisMismatch,
    InsufficientTitle,
    NotOwner,
    TraceabilityError,
    UnknownLot,
    UnknownOrganization,
)
from traceability.ledger.canonical import INTEGER_LIMIT


@pytest.fixture
def notes():
    notes = notebook("alice", "bob", "carol")
    notes.says("alice", extraction("alice:L"))
    return notes


def owners(notes, lot="alice:L"):
    told = notes.book.lots[lot].owners
    return {
        (one["owner"].get("organization") or one["owner"]["name"]): one["parts"] for one in told
    }


def test_title_passes_without_custody(notes):
    notes.says("alice", transfer(passing("alice:L", "alice", "bob")))

    lot = notes.book.lots["alice:L"]
    assert owners(notes) == {"bob": 1}
    assert (lot.custodian, lot.known_to) == ("alice", {"alice", "bob"})
    assert notes.effects.movements[0].facts["before"] == owned_by("alice")


def test_title_to_a_quantity_makes_undivided_shares(notes):
    notes.says("alice", transfer(passing("alice:L", "alice", "bob", "25")))
    assert owners(notes) == {"alice": 3, "bob": 1}

    notes.says("bob", transfer(passing("alice:L", "bob", "alice", "25")))
    assert owners(notes) == {"alice": 1}


def test_title_may_pass_to_somebody_without_a_key(notes):
    notes.says("alice", transfer(passing("alice:L", "alice", {"name": "Fund"}, "50")))
    assert owners(notes) == {"alice": 1, "Fund": 1}
    assert notes.book.lots["alice:L"].known_to == {"alice"}


def test_whoever_sold_a_lot_knows_none_of_what_its_buyer_parts_it_into(notes):
    notes.says("alice", extraction("alice:N"))
    notes.says("alice", shipment("alice:c1", "bob", taken("alice:N", "100")))
    notes.says("bob", receipt("alice:c1", received("alice:N", "100"), at="bob:smelter"))
    notes.says("bob", split("alice:N", taken("bob:HERS", "1"), at="bob:smelter"))
    notes.says("alice", transfer(passing("alice:N", "alice", "bob")))
    notes.says("bob", split("alice:N", taken("bob:P", "9"), at="bob:smelter"))
    part = taken("bob:PART", "3", **{"from": "bob:P"})
    notes.says("bob", shipment("bob:c2", "carol", part, at="bob:smelter"))
    notes.says("carol", receipt("bob:c2", received("bob:PART", "3"), at="carol:smelter"))
    notes.says("carol", split("bob:PART", taken("carol:PART", "1"), at="carol:smelter"))
    known = {name: set(lot.known_to) for name, lot in notes.book.lots.items() if name[:3] != "ali"}
    assert known == {
        "bob:HERS": {"alice", "bob"},  # she owns it
        "bob:P": {"bob"},
        "bob:PART": {"bob", "carol"},
        "carol:PART": {"bob", "carol"},  # bob owns it still
    }


def test_the_record_of_before_verifies_whatever_is_known_to_whom_now(notes):
    """Once, whoever knew a lot knew its parts; whoever knew neither is refused, then and now."""
    notes.book.is_admitting = False
    notes.says("alice", extraction("alice:N"))
    notes.says("alice", shipment("alice:c1", "bob", taken("alice:N", "100")))
    notes.says("bob", receipt("alice:c1", received("alice:N", "100"), at="bob:smelter"))
    notes.says("alice", transfer(passing("alice:N", "alice", "bob")))
    notes.says("bob", split("alice:N", taken("bob:P", "9"), at="bob:smelter"))
    notes.says("bob", split("bob:P", taken("bob:Q", "9"), at="bob:smelter"))
    assert notes.book.lots["bob:Q"].known_to == {"bob"}

    notes.says("alice", assay("bob:Q"))
    with pytest.raises(UnknownLot):
        notes.says("carol", assay("bob:Q"))
    notes.book.is_admitting = True
    with pytest.raises(UnknownLot):
        notes.says("alice", assay("bob:P"))


def test_a_whole_transfer_passes_only_the_authors_share(notes):
    notes.says("alice", transfer(passing("alice:L", "alice", "bob", "25")))
    notes.says("bob", transfer(passing("alice:L", "bob", "carol")))
    assert owners(notes) == {"alice": 3, "carol": 1}


def test_a_swap_is_one_transfer_by_each_owner(notes):
    notes.says("bob", extraction("bob:L"))
    notes.says("alice", transfer(passing("alice:L", "alice", "bob")))
    notes.says("bob", transfer(passing("bob:L", "bob", "alice")))
    assert (owners(notes), owners(notes, "bob:L")) == ({"bob": 1}, {"alice": 1})


def test_title_passes_wherever_the_lot_is(notes):
    notes.says("alice", shipment("alice:C", "bob", taken("alice:L", "100")))
    notes.says("alice", transfer(passing("alice:L", "alice", "bob")))
    notes.says("bob", receipt("alice:C", received("alice:L", "100"), at="bob:mine"))
    assert owners(notes) == {"bob": 1}


@pytest.mark.parametrize(
    ("author", "item", "error", "at"),
    [
        ("alice", passing("alice:no", "alice", "bob"), UnknownLot, ""),
        ("bob", passing("alice:L", "bob", "carol"), UnknownLot, ""),
        ("alice", passing("alice:L", "bob", "alice"), NotOwner, ".from"),
        ("alice", passing("alice:L", "alice", "zoe"), UnknownOrganization, ".to"),
        ("alice", passing("alice:L", "alice", "bob", "101"), InsufficientTitle, ".quantity"),
        (
            "alice",
            passing("alice:L", "alice", "bob", quantity("1", basis="dry")),
            BasisMismatch,
            ".quantity",
        ),
    ],
)
def test_a_transfer_is_refused(notes, author, item, error, at):
    with pytest.raises(error) as refused:
        notes.says(author, transfer(item))
    assert refused.value.at == f"$.body.items[0]{at}"


def test_who_sold_all_owns_nothing(notes):
    sale = transfer(passing("alice:L", "alice", "bob"))
    notes.says("alice", sale)
    with pytest.raises(NotOwner):
        notes.says("alice", sale)


def test_no_quantity_passes_of_shares_by_element(notes):
    shares = [
        {"owner": {"organization": "alice"}, "parts": 1, "element": "Cu"},
        {"owner": {"organization": "bob"}, "parts": 1, "element": "Au"},
    ]
    notes.says("alice", extraction("alice:M", owners=shares))
    with pytest.raises(InsufficientTitle):
        notes.says("alice", transfer(passing("alice:M", "alice", "carol", "1")))
    notes.says("alice", transfer(passing("alice:M", "alice", "carol")))
    assert owners(notes, "alice:M") == {"carol": 1, "bob": 1}


def test_no_quantity_passes_of_an_empty_lot(notes):
    notes.says("alice", loss("alice:L", "100"))
    with pytest.raises(InsufficientTitle):
        notes.says("alice", transfer(passing("alice:L", "alice", "bob", "1")))


def test_two_sales_in_one_transfer_are_voided_together(notes):
    to_bob, to_carol = (passing("alice:L", "alice", name, "25") for name in ("bob", "carol"))
    entry = notes.says("alice", transfer(to_bob, to_carol))
    assert owners(notes) == {"alice": 2, "bob": 1, "carol": 1}

    notes.says("alice", void(entry, "alice:L"))
    assert owners(notes) == {"alice": 1}


def test_a_sale_is_not_voided_once_the_buyer_has_sold_on(notes):
    entry = notes.says("alice", transfer(passing("alice:L", "alice", "bob")))
    notes.says("bob", transfer(passing("alice:L", "bob", "carol")))
    with pytest.raises(AlreadyActedOn):
        notes.says("alice", void(entry, "alice:L"))


sales = st.tuples(
    st.sampled_from(["alice", "bob", "carol"]),
    st.sampled_from(["alice", "bob", "carol"]),
    st.integers(1, 10**11),
)


@given(sales=st.lists(sales, max_size=8), burnt=st.lists(st.integers(1, 10**9), max_size=8))
@settings(max_examples=40, deadline=None)
def test_shares_stay_whole_exact_and_small_whatever_is_sold(sales, burnt):
    notes = notebook("alice", "bob", "carol")
    notes.says("alice", extraction("alice:L", "200", owners=owned_by("alice", "bob", "carol")))
    burnt = [*burnt, *[1] * len(sales)]
    for (seller, buyer, amount), lost in zip(sales, burnt, strict=False):
        before = _held(notes)
        try:
            mass = quantity(str(amount), "mg")
            notes.says(seller, transfer(passing("alice:L", seller, buyer, mass)))
        except TraceabilityError as refused:
            assert refused.code in ("insufficient_title", "not_owner")  # noqa: PT017
            assert before.get(seller, 0) < amount
            continue
        after = _held(notes)
        if seller != buyer:  # to the milligram, give or take the limit of JSON integers
            assert abs(after.get(buyer, 0) - before.get(buyer, 0) - amount) < 1
        assert sum(owners(notes).values()) <= INTEGER_LIMIT
        assert all(parts >= 1 for parts in owners(notes).values())
        notes.says("alice", loss("alice:L", quantity(str(lost), "mg")))


def _held(notes):
    shares, amount = owners(notes), notes.amount("alice:L")
    total = sum(shares.values())
    return {name: Fraction(parts * amount, total) for name, parts in shares.items()}
