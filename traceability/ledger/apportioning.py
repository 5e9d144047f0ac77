"""Dividing whole milligrams: largest remainder, ties by name, nothing lost and nothing made.

The two functions are the arithmetic of `provenance`. They run once for every withdrawal of
every ancestor of a lot, so they use plain integers and dictionaries and nothing else.
"""

from collections.abc import Mapping


def withdraw(
    parcels: Mapping[str, int], part: int, whole: int
) -> tuple[dict[str, int], dict[str, int]]:
    """Take `part / whole` of every parcel; return what is taken and what is left.

    The sum taken is `part / whole` of the sum, rounded half to even. Each parcel gives its
    own part rounded down; what is missing comes from the largest remainders, ties by name.
    Parcel by parcel, taken and left add up to what there was. Parcels of zero are dropped.

    Args:
        parcels: milligrams by source, none negative.
        part: at least 0 and at most `whole`.
        whole: above 0.
    """
    if part == whole:
        return {name: mass for name, mass in parcels.items() if mass}, {}
    taken, remainders, wanted = {}, [], 0
    for name, mass in parcels.items():
        share = mass * part
        wanted += share
        floor = share // whole
        taken[name] = floor
        remainder = share - floor * whole
        if remainder:
            remainders.append((-remainder, name))

    missing = half_even(wanted, whole) - sum(taken.values())
    if missing:
        remainders.sort()
        for _, name in remainders[:missing]:
            taken[name] += 1
    left = {name: mass - taken[name] for name, mass in parcels.items() if mass > taken[name]}
    return {name: mass for name, mass in taken.items() if mass}, left


def scaled(parcels: Mapping[str, int], total: int, whole: int) -> dict[str, int]:
    """Return parcels in the same ratio that add up to `total`, by largest remainder.

    Args:
        parcels: milligrams by source; they add up to `whole`, which is above 0.
        total: what the result adds up to; it may be larger than `whole`.
    """
    result, remainders, missing = {}, [], total
    for name, mass in parcels.items():
        floor, remainder = divmod(mass * total, whole)
        result[name] = floor
        missing -= floor
        remainders.append((-remainder, name))
    remainders.sort()
    for _, name in remainders[:missing]:
        result[name] += 1
    return {name: mass for name, mass in result.items() if mass}


def half_even(numerator: int, denominator: int) -> int:
    """Return a ratio of integers, the lower above 0, rounded half to even."""
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    if twice > denominator or (twice == denominator and quotient & 1):
        return quotient + 1
    return quotient


def ceiling(numerator: int, denominator: int) -> int:
    """Return a ratio of integers, the lower above 0, rounded up."""
    return -(-numerator // denominator)
