"""Dividing whole milligrams: largest remainder, ties by name, nothing lost and nothing made.

The two functions are the arithmetic of `provenance`. They run once for every withdrawal of
every ancestor of a lot, so they use plain integers and dictionaries and nothing else.
"""

from collections.abc import Mapping


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
    floors = [mass * part // whole for mass in parcels.values()]
    missing = half_even(sum(parcels.values()) * part, whole) - sum(floors)
    taken = dict(zip(parcels, floors, strict=True))
    if missing:
        for _, name in _by_remainder(parcels, floors, part, whole)[:missing]:
            taken[name] += 1
    left = {name: mass - taken[name] for name, mass in parcels.items() if mass != taken[name]}
    return _without_zeros(taken), left


def scaled(parcels: Mapping[str, int], total: int, whole: int) -> dict[str, int]:
    """Return parcels in the same ratio that add up to `total`, by largest remainder.

    Args:
        parcels: milligrams by source; they add up to `whole`, which is above 0.
        total: what the result adds up to; it may be larger than `whole`.
    """
    floors = [mass * total // whole for mass in parcels.values()]
    result = dict(zip(parcels, floors, strict=True))
    missing = total - sum(floors)
    if missing:
        for _, name in _by_remainder(parcels, floors, total, whole)[:missing]:
            result[name] += 1
    return _without_zeros(result)


def _by_remainder(
    parcels: Mapping[str, int], floors: list[int], part: int, whole: int
) -> list[tuple[int, str]]:
    """Return (minus the remainder, name) of each parcel, the largest remainder first."""
    return sorted(
        (floor * whole - mass * part, name)
        for (name, mass), floor in zip(parcels.items(), floors, strict=True)
    )


def _without_zeros(parcels: dict[str, int]) -> dict[str, int]:
    if all(parcels.values()):
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
