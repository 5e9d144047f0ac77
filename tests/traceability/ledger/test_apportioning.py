"""Dividing whole milligrams: nothing lost, nothing made, ties by name."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from traceability.ledger.apportioning import ceiling, half_even, part_of, scaled, withdraw, without

parcels_of_a_lot = st.dictionaries(
    st.sampled_from("abcdefgh"), st.integers(1, 10**18), min_size=1, max_size=8
)
few_grams = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 6), max_size=8)
parts = st.integers(1, 10**18).flatmap(
    lambda whole: st.tuples(st.integers(0, whole), st.just(whole))
)


@given(parcels=parcels_of_a_lot, part=parts)
def test_what_is_taken_and_what_is_left_add_up_for_every_source(parcels, part):
    taken, left = withdraw(parcels, *part)
    assert {name: taken.get(name, 0) + left.get(name, 0) for name in parcels} == parcels
    assert all(mass > 0 for mass in (*taken.values(), *left.values()))


@given(parcels=parcels_of_a_lot, part=parts)
def test_every_source_gives_its_part_to_the_milligram(parcels, part):
    taken, _ = withdraw(parcels, *part)
    for name, mass in parcels.items():
        assert abs(Fraction(mass * part[0], part[1]) - taken.get(name, 0)) < 1


@given(parcels=parcels_of_a_lot, part=parts)
def test_the_sum_taken_is_the_part_of_the_sum_rounded_half_to_even(parcels, part):
    taken, _ = withdraw(parcels, *part)
    assert sum(taken.values()) == round(Fraction(sum(parcels.values()) * part[0], part[1]))


@given(parcels=parcels_of_a_lot, part=parts, data=st.data())
def test_the_order_of_sources_in_a_lot_decides_nothing(parcels, part, data):
    shuffled = dict(data.draw(st.permutations(list(parcels.items()))))
    assert withdraw(shuffled, *part) == withdraw(parcels, *part)


@given(parcels=few_grams | parcels_of_a_lot, part=st.integers(0, 9), rest=st.integers(1, 9))
def test_odd_milligrams_go_to_the_largest_remainders_as_if_each_parcel_stood_in_line(
    parcels, part, rest
):
    """Written again as one would by hand: everybody in line by remainder, then by name."""
    whole = part + rest
    shares = {name: Fraction(mass * part, whole) for name, mass in parcels.items()}
    by_hand = {name: int(share) for name, share in shares.items()}
    line = sorted(parcels, key=lambda name: (by_hand[name] - shares[name], name))
    for name in line[: round(sum(shares.values())) - sum(by_hand.values())]:
        by_hand[name] += 1
    assert part_of(parcels, part, whole) == {name: mass for name, mass in by_hand.items() if mass}


@given(parcels=parcels_of_a_lot, part=parts)
def test_all_of_it_is_the_very_same_parcels_and_nothing_is_left(parcels, part):
    assert part_of(parcels, part[1], part[1]) is parcels
    assert without(parcels, parcels) == {}
    assert without(parcels, part_of(parcels, 0, part[1])) == parcels


def test_the_largest_remainder_gets_the_milligram_and_ties_go_by_name():
    assert withdraw({"b": 1, "a": 1}, 1, 2) == ({"a": 1}, {"b": 1})
    assert withdraw({"a": 10, "b": 15, "c": 10}, 1, 5) == (
        {"a": 2, "b": 3, "c": 2},
        {"a": 8, "b": 12, "c": 8},
    )
    assert withdraw({"a": 1, "b": 4}, 1, 3) == ({"a": 0 + 1, "b": 1}, {"b": 3})


def test_all_of_nothing_is_nothing():
    assert withdraw({}, 0, 0) == ({}, {})
    assert withdraw({}, 1, 2) == ({}, {})


@given(parcels=parcels_of_a_lot, total=st.integers(0, 10**20))
def test_scaled_parcels_add_up_and_keep_the_ratio(parcels, total):
    whole = sum(parcels.values())
    result = scaled(parcels, total, whole)
    assert sum(result.values()) == total
    for name, mass in parcels.items():
        assert abs(Fraction(mass * total, whole) - result.get(name, 0)) < 1


@given(numerator=st.integers(0, 10**30), denominator=st.integers(1, 10**18))
def test_ratios_round_as_exact_fractions_do(numerator, denominator):
    exact = Fraction(numerator, denominator)
    assert half_even(numerator, denominator) == round(exact)
    assert ceiling(numerator, denominator) == exact.__ceil__()


def test_halves_round_to_even():
    assert [half_even(n, 2) for n in (1, 3, 5, 7)] == [0, 2, 2, 4]
