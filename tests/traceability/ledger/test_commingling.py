"""Commingling: mixing passes no title, whatever a blend declares, and old records stand."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import (
    blend,
    correction,
    extraction,
    new_lot,
    notebook,
    owned_by,
    passing,
    receipt,
    received,
    shipment,
    taken,
    transfer,
    void,
)
from traceability.errors import NotCorrectable, NotOwner, TitleNotBacked
from traceability.ledger.canonical import INTEGER_LIMIT
from traceability.ledger.commingling import are_equal, backed_of, blended, commingled

KG = 10**6
NAMES = ("ann", "bob", "cat")


def shares(**parts):
    return [{"owner": {"organization": name}, "parts": count} for name, count in parts.items()]


def held(owners):
    """Return the share of each owner, and what of it is backed."""
    total = sum(share["parts"] for share in owners)
    return {
        share["owner"].get("organization", ""): (
            Fraction(share["parts"], total),
            Fraction(backed_of(share), total),
        )
        for share in owners
    }


# ── shares ────────────────────────────────────────────────────────────────────────────────

some = st.dictionaries(st.sampled_from(NAMES), st.integers(1, 10**6), min_size=1).map(
    lambda parts: shares(**parts)
)
inputs = st.lists(st.tuples(st.integers(1, 10**15), some), min_size=1, max_size=5)


def put_in(told):
    found = dict.fromkeys(NAMES, Fraction(0))
    for amount, owners in told:
        for name, (share, _) in held(owners).items():
            found[name] += amount * share
    return found


@given(inputs)
def test_each_owner_has_of_a_blend_what_it_put_in(told):
    whole = sum(amount for amount, _ in told)
    for name, (share, backed) in held(commingled(told)).items():
        assert share == backed
        assert abs(share * whole - put_in(told)[name]) < 1 + Fraction(whole, INTEGER_LIMIT)


@given(some, inputs)
def test_nobody_is_backed_beyond_what_it_put_in_and_the_declaration_stands(declared, told):
    whole = sum(amount for amount, _ in told)
    found = blended(declared, whole, told)
    assert sum(share["parts"] for share in found) <= max(
        INTEGER_LIMIT, sum(share["parts"] for share in declared)
    )
    rounding = 1 + Fraction(whole, INTEGER_LIMIT)
    for name, (share, backed) in held(found).items():
        assert abs(share - held(declared)[name][0]) * whole <= rounding
        assert backed * whole < put_in(told)[name] + rounding
        if share * whole <= put_in(told)[name]:
            assert backed == share


@given(inputs)
def test_what_is_declared_as_it_was_put_in_is_booked_as_declared(told):
    declared = commingled(told)
    assert blended(declared, sum(amount for amount, _ in told), told) == declared


def test_the_rest_of_what_is_not_backed_is_nobodys_and_passes_on_as_such():
    first = blended(shares(ann=1), 100, [(40, shares(ann=1)), (60, shares(bob=1))])
    assert first == [{"owner": {"organization": "ann"}, "parts": 5, "backed": 2}]
    assert held(commingled([(50, first), (50, shares(cat=1))])) == {
        "ann": (Fraction(1, 5),) * 2,
        "cat": (Fraction(1, 2),) * 2,
        "": (Fraction(3, 10),) * 2,
    }
    again = blended(shares(ann=1), 100, [(50, first), (50, shares(ann=1))])
    assert held(again) == {"ann": (Fraction(1), Fraction(7, 10))}


def test_shares_by_element_are_known_only_where_all_are_alike():
    of_copper = [{"owner": {"organization": "ann"}, "parts": 2, "element": "Cu"}, *shares(bob=2)]
    alike = [{**share, "parts": 1} for share in of_copper]
    assert commingled([(1, of_copper), (9, alike)]) == alike
    assert commingled([(1, of_copper), (9, shares(bob=1))]) is None
    assert blended(alike, 10, [(1, of_copper), (9, alike)]) == alike
    assert [one["backed"] for one in blended(alike, 10, [(10, shares(bob=1))])] == [0, 0]


def test_what_fits_to_the_milligram_is_booked_as_it_is_declared():
    told = [(60 * KG, shares(ann=1)), (40 * KG, shares(bob=1))]
    for declared in (
        shares(bob=2, ann=3),
        shares(ann=3, bob=1) + shares(bob=1),
        shares(ann=60 * KG + 1, bob=40 * KG),
    ):
        assert blended(declared, 100 * KG, told) == declared


def test_the_same_is_declared_in_any_order_and_any_terms():
    assert are_equal(shares(ann=2, bob=4), shares(bob=2, ann=1))
    assert not are_equal(shares(ann=1), [{**shares(ann=1)[0], "element": "Cu"}])


# ── on the ledger ─────────────────────────────────────────────────────────────────────────

WORKS = "bob:mine"


def tolled(*, is_admitting=True, owner="bob"):
    """Bob holds 60 t of Alice's, and 40 t of his own; he mixes them as all his."""
    notes = notebook("alice", "bob")
    notes.book.is_admitting = is_admitting
    notes.says("alice", extraction("alice:L", "60"))
    notes.says("alice", shipment("alice:C", "bob", taken("alice:L", "60")))
    notes.says("bob", receipt("alice:C", received("alice:L", "60"), at=WORKS))
    notes.says("bob", extraction("bob:L", "40", at=WORKS))
    inputs = [taken("alice:L", "60"), taken("bob:L", "40")]
    mix = new_lot("bob:M", "100", owners=owned_by(owner))
    return notes, notes.says("bob", blend(inputs, mix, at=WORKS)), (inputs, mix)


def refused(notes, author, claim, error):
    with pytest.raises(error) as told:
        notes.says(author, claim)
    return told.value


def test_nobody_transfers_title_by_declaring_itself_owner_of_a_blend():
    notes, _, _ = tolled()
    told = refused(notes, "bob", transfer(passing("bob:M", "bob", "alice")), TitleNotBacked)
    assert told.facts["holds"] == str(40_000 * KG)
    assert told.at == "$.body.items[0]"
    more = transfer(passing("bob:M", "bob", "alice", "41"))
    assert refused(notes, "bob", more, TitleNotBacked).at == "$.body.items[0].quantity"

    notes.says("bob", transfer(passing("bob:M", "bob", "alice", "30")))
    assert held(notes.book.lots["bob:M"].owners) == {
        "bob": (Fraction(7, 10), Fraction(1, 10)),
        "alice": (Fraction(3, 10),) * 2,
    }
    notes.says("alice", transfer(passing("bob:M", "alice", "bob")))
    refused(notes, "bob", transfer(passing("bob:M", "bob", "alice", "41")), TitleNotBacked)


def test_what_was_another_s_stays_unbacked_in_every_part():
    notes, _, _ = tolled()
    notes.says("bob", ("custody.split", {
        "facility": WORKS, "lot": "bob:M", "parts": [taken("bob:P", "10")],
    }))  # fmt: skip
    told = refused(notes, "bob", transfer(passing("bob:P", "bob", "alice")), TitleNotBacked)
    assert told.facts["holds"] == str(4_000 * KG)


def test_somebody_who_put_nothing_in_transfers_nothing():
    notes, _, _ = tolled(owner="alice")  # sixty of her own
    refused(notes, "bob", transfer(passing("bob:M", "bob", "alice")), NotOwner)
    told = refused(notes, "alice", transfer(passing("bob:M", "alice", "bob")), TitleNotBacked)
    assert told.facts["holds"] == str(60_000 * KG)


def test_a_blend_stated_anew_after_the_transfer_is_backed():
    notes, entry, (inputs, mix) = tolled()
    notes.says("bob", void(entry, "alice:L", "bob:L", "bob:M"))
    notes.says("alice", transfer(passing("alice:L", "alice", "bob")))
    again = {**mix, "lot": "bob:M2"}
    notes.says("bob", blend(inputs, again, at=WORKS))
    notes.says("bob", transfer(passing("bob:M2", "bob", "alice")))
    assert held(notes.book.lots["bob:M2"].owners) == {"alice": (Fraction(1),) * 2}


def test_a_correction_that_changes_nothing_of_the_mixture_keeps_what_is_backed():
    notes, entry, (inputs, mix) = tolled()
    lots = ["alice:L", "bob:L", "bob:M"]
    tidied = {**mix, "form": "anode"}
    body = blend(inputs, tidied, at=WORKS)
    notes.says("bob", correction(entry, body, *lots))
    refused(notes, "bob", transfer(passing("bob:M", "bob", "alice")), TitleNotBacked)


@pytest.mark.parametrize("change", ["what went in", "whose it is"])
def test_a_correction_does_not_make_the_mixture_another_s(change):
    notes, entry, (inputs, mix) = tolled()
    if change == "what went in":
        inputs, mix = (
            [taken("alice:L", "59"), taken("bob:L", "40")],
            {**mix, **new_lot("bob:M", "99")},
        )
    else:
        mix = {**mix, "owners": owned_by("alice")}
    claim = correction(entry, blend(inputs, mix, at=WORKS), "alice:L", "bob:L", "bob:M")
    assert "several owners" in str(refused(notes, "bob", claim, NotCorrectable))


def test_a_mixture_of_one_owner_is_corrected_as_before():
    notes = notebook("bob")
    notes.book.is_admitting = True
    notes.says("bob", extraction("bob:L", "40"))
    entry = notes.says("bob", blend([taken("bob:L", "40")], new_lot("bob:M", "40"), at="bob:mine"))
    less = blend([taken("bob:L", "39")], new_lot("bob:M", "39"), at="bob:mine")
    notes.says("bob", correction(entry, less, "bob:L", "bob:M"))
    notes.says("bob", transfer(passing("bob:M", "bob", {"name": "Fund"})))


def test_what_was_recorded_before_verifies_as_it_did():
    notes, entry, (_, mix) = tolled(is_admitting=False)
    assert notes.book.lots["bob:M"].owners == tuple(owned_by("bob"))
    notes.says("bob", transfer(passing("bob:M", "bob", "alice")))
    notes.says("alice", transfer(passing("bob:M", "alice", "bob")))
    less = [taken("alice:L", "59"), taken("bob:L", "40")]
    claim = blend(less, {**mix, **new_lot("bob:M", "99")}, at=WORKS)
    notes.says("bob", correction(entry, claim, "alice:L", "bob:L", "bob:M"))
