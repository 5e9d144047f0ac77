"""Dividing whole milligrams: largest remainder, ties by name, nothing lost and nothing made.

This is the arithmetic of `provenance`. It runs for every withdrawal of every ancestor of a lot,
over hundreds of sources each, so it uses plain integers, lists and dictionaries and nothing
else, and works out only what is asked: `part_of` what is taken, `without` what is left.
"""

from bisect import bisect_right
from collections.abc import Mapping
from math import gcd


def withdraw(
    parcels: dict[str, int], part: int, whole: int
) -> tuple[dict[str, int], dict[str, int]]:
    """Take `part / whole` of every parcel; return what is taken and what is left.

    Parcel by parcel, taken and left add up to what there was; neither has parcels of zero.
    """
    taken = part_of(parcels, part, whole)
    return taken, without(parcels, taken)


def part_of(parcels: dict[str, int], part: int, whole: int) -> dict[str, int]:
    """Return `part / whole` of every parcel, without parcels of zero.

    The sum is `part / whole` of the sum, rounded half to even. Each parcel gives its own
    part rounded down; what is missing comes from the largest remainders, ties by name.

    Args:
        parcels: milligrams by source, above zero; returned itself where all is taken.
        part: at least 0 and at most `whole`.
        whole: 0 only together with `part`.
    """
    if part == whole:
        return parcels
    if len(parcels) == 1:
        [(name, mass)] = parcels.items()
        amount = half_even(mass * part, whole)
        return {name: amount} if amount else {}
    shared = gcd(part, whole)  # books count in kilograms mostly: smaller numbers are quicker
    part, whole = part // shared, whole // shared
    taken, remainders = {}, {}
    for name, mass in parcels.items():
        taken[name], remainders[name] = divmod(mass * part, whole)
    missing, rest = divmod(sum(remainders.values()), whole)
    if 2 * rest > whole or (2 * rest == whole and (sum(taken.values()) + missing) & 1):
        missing += 1
    return _with_missing(taken, remainders, missing)


def without(parcels: dict[str, int], taken: dict[str, int]) -> dict[str, int]:
    """Return what is left of every parcel, without parcels of zero.

    Args:
        parcels: milligrams by source.
        taken: of some of these sources, as much as there is or less.
    """
    if taken is parcels:
        return {}
    left = {}
    for name, mass in parcels.items():
        rest = mass - taken.get(name, 0)
        if rest:
            left[name] = rest
    return left


def scaled(parcels: Mapping[str, int], total: int, whole: int) -> dict[str, int]:
    """Return parcels in the same ratio that add up to `total`, by largest remainder.

    Args:
        parcels: milligrams by source; they add up to `whole`, which is above 0.
        total: what the result adds up to; it may be larger than `whole`.
    """
    floors, remainders = {}, {}
    for name, mass in parcels.items():
        floors[name], remainders[name] = divmod(mass * total, whole)
    return _with_missing(floors, remainders, sum(remainders.values()) // whole)


def _with_missing(
    floors: dict[str, int], remainders: Mapping[str, int], missing: int
) -> dict[str, int]:
    """Return parcels, rounded down, with a milligram more for those of the largest remainders."""
    if missing:
        ranked = sorted(remainders.values())  # plain numbers: names matter in a tie alone
        least = ranked[-missing]
        if missing < len(ranked) and ranked[-missing - 1] == least:
            tied = sorted([name for name, one in remainders.items() if one == least])
            for name in tied[: missing - len(ranked) + bisect_right(ranked, least)]:
                floors[name] += 1
            least += 1
        for name, one in remainders.items():
            if one >= least:
                floors[name] += 1
    return _without_zeros(floors)


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
