"""Dividing whole milligrams: largest remainder, ties by name, nothing lost and nothing made.

The two functions are the arithmetic of `provenance`. They run once for every withdrawal of
every ancestor of a lot, so they use plain integers and dictionaries and nothing else.
"""

from collections.abc import Mapping
from math import gcd


def withdraw(
    parcels: dict[str, int], part: int, whole: int
) -> tuple[dict[str, int], dict[str, int]]:
    """Take `part / whole` of every parcel; return what is taken and what is left.

    The sum taken is `part / whole` of the sum, rounded half to even. Each parcel gives its
    own part rounded down; what is missing comes from the largest remainders, ties by name.
    Parcel by parcel, taken and left add up to what there was; neither has parcels of zero.

    Args:
        parcels: milligrams by source, above zero; returned itself where all is taken.
        part: at least 0 and at most `whole`.
        whole: 0 only together with `part`.
    """
    if part == whole:
        return parcels, {}
    if len(parcels) == 1:
        [(name, mass)] = parcels.items()
        amount = half_even(mass * part, whole)
        return ({name: amount} if amount else {}), ({name: mass - amount} if amount < mass else {})
    shared = gcd(part, whole)  # books count in kilograms mostly: smaller numbers are quicker
    part, whole = part // shared, whole // shared
    taken, left, remainders = {}, {}, []
    for name, mass in parcels.items():
        floor, remainder = divmod(mass * part, whole)
        taken[name] = floor
        left[name] = mass - floor
        remainders.append((-remainder, name))

    missing = half_even(sum(parcels.values()) * part, whole) - sum(taken.values())
    if missing:
        remainders.sort()
        for _, name in remainders[:missing]:
            taken[name] += 1
            left[name] -= 1
    return _without_zeros(taken), _without_zeros(left)


def scaled(parcels: Mapping[str, int], total: int, whole: int) -> dict[str, int]:
    """Return parcels in the same ratio that add up to `total`, by largest remainder.

    Args:
        parcels: milligrams by source; they add up to `whole`, which is above 0.
        total: what the result adds up to; it may be larger than `whole`.
    """
    result, remainders = {}, []
    for name, mass in parcels.items():
        result[name], remainder = divmod(mass * total, whole)
        remainders.append((-remainder, name))

    missing = total - sum(result.values())
    if missing:
        remainders.sort()
        for _, name in remainders[:missing]:
            result[name] += 1
    return _without_zeros(result)


def _without_zeros(parcels: dict[str, int]) -> dict[str, int]:
    if 0 not in parcels.values():
        return parcels
    return {name: mass for name, mass in parcels.items() if mass}


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
