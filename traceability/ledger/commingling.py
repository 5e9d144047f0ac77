"""Commingling: whose goods are mixed stays whose they are, by gross amount.

Mixing passes no title. Each owner of what went into a blend owns as much of it as it put in,
whatever the blend declares; who is to own more gets it by a transfer. A share in a lot therefore
says besides its `parts` how many of them are `backed`, where not all are: title passes only to
those.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import TYPE_CHECKING, Any

from traceability.ledger.apportioning import scaled
from traceability.ledger.canonical import INTEGER_LIMIT, canonical

if TYPE_CHECKING:
    from traceability.ledger.book import Movement

BACKED = "backed"
Share = Mapping[str, Any]
Owners = Sequence[Share]
Inputs = Sequence[tuple[int, Owners]]
"""Amounts taken, gross, each with the undivided shares in the lot it was taken from."""


def backed_of(share: Share) -> int:
    """Return the parts of a share that title stands behind."""
    count: int = share.get(BACKED, share["parts"])
    return count


def commingled(inputs: Inputs) -> list[dict[str, Any]] | None:
    """Return the undivided shares in what these inputs make together.

    None where shares that differ by element were mixed: how much of the element is in each input
    no gross amount tells. What nobody's title stands behind is nobody's: its owner is empty.
    """
    shares = [_plain(owners) for _, owners in inputs]
    if shares and all(one == shares[0] for one in shares[1:]):
        return shares[0]
    if _are_by_element(shares):
        return None
    amounts = _put_in(inputs)
    whole = lcm(*(amount.denominator for amount in amounts.values()))
    owner_of = {_key(share): share["owner"] for owners in shares for share in owners}
    parts = [(owner_of[key], int(mine * whole)) for key, mine in amounts.items()]
    rest = sum(amount for amount, _ in inputs) * whole - sum(count for _, count in parts)
    told = [(owner, count, count) for owner, count in [*parts, ({}, rest)] if count]
    return undivided(told)


def blended(declared: Owners, amount: int, inputs: Inputs) -> list[dict[str, Any]]:
    """Return the shares declared for a blend, with what is backed of them where not all is.

    Each owner is backed up to what it put in, to the milligram. Of shares that differ by element
    nothing is, once anything does not fit: no gross amount tells.

    Args:
        amount: what the blend holds, gross.
    """
    plain = [dict(share) for share in declared]
    shares = [plain, *(_plain(owners) for _, owners in inputs)]
    if commingled(inputs) == _plain(declared):
        return plain
    if _are_by_element(shares):
        return [share | {BACKED: 0} for share in plain]
    put_in, total = _put_in(inputs), sum(share["parts"] for share in plain)
    given: dict[str, int] = {}
    owner_of = {_key(share): share["owner"] for share in plain}
    for share in plain:
        given[_key(share)] = given.get(_key(share), 0) + share["parts"] * amount
    fits = {key: parts < (put_in.get(key, Fraction(0)) + 1) * total for key, parts in given.items()}
    if all(fits.values()):
        return plain
    return undivided(
        (owner_of[key], parts, parts if fits[key] else int(put_in.get(key, Fraction(0)) * total))
        for key, parts in given.items()
    )


def undivided(parts: Iterable[tuple[Any, int, int]]) -> list[dict[str, Any]]:
    """Return shares in lowest terms from owners, their parts and what is backed of those.

    Those of equal owners are added up. Where that leaves numbers JSON readers would not keep, it
    is the nearest shares that they do.
    """
    owners: list[Any] = []
    sums: list[int] = []
    backed: list[int] = []
    for owner, count, title in parts:
        if owner not in owners:
            owners.append(owner)
            sums.append(0)
            backed.append(0)
        sums[owners.index(owner)] += count
        backed[owners.index(owner)] += title
    common, total = gcd(*sums, *backed), sum(sums)
    if total // common > INTEGER_LIMIT:
        named = {str(place): count for place, count in enumerate(sums)}
        rounded = scaled(named, INTEGER_LIMIT, total)
        fewer = [rounded.get(name, 0) for name in named]
        backed = [
            few if title == count else min(few, title * INTEGER_LIMIT // total)
            for few, title, count in zip(fewer, backed, sums, strict=True)
        ]
        sums, common = fewer, 1
    return [
        {"owner": owner, "parts": count // common}
        | ({} if title == count else {BACKED: title // common})
        for owner, count, title in zip(owners, sums, backed, strict=True)
        if count
    ]


def mixed(movements: Iterable["Movement"]) -> tuple[list[tuple[str, int]], list[Any]]:
    """Return what the movements of a blend took, and the shares in what they made."""
    told = list(movements)
    taken = sorted((one.lot, one.delta) for one in told if one.role == "take")
    return taken, [share for one in told if one.role == "make" for share in one.facts["owners"]]


def are_equal(one: Owners, other: Owners) -> bool:
    """Tell whether two lists of shares declare the same, whatever is backed of it."""
    return _declared(one) == _declared(other)


def _declared(owners: Owners) -> dict[tuple[str, str | None], Fraction]:
    total = sum(share["parts"] for share in owners)
    told: dict[tuple[str, str | None], Fraction] = {}
    for share in owners:
        key = _key(share), share.get("element")
        told[key] = told.get(key, Fraction(0)) + Fraction(share["parts"], total)
    return told


def _put_in(inputs: Inputs) -> dict[str, Fraction]:
    """Return how much each owner put in, gross, as far as title stands behind it."""
    amounts: dict[str, Fraction] = {}
    for amount, owners in inputs:
        total = sum(share["parts"] for share in owners)
        for share in owners:
            mine = Fraction(amount * backed_of(share), total)
            amounts[_key(share)] = amounts.get(_key(share), Fraction(0)) + mine
    return amounts


def _are_by_element(shares: Iterable[Owners]) -> bool:
    return any(share.get("element") is not None for owners in shares for share in owners)


def _key(share: Share) -> str:
    return canonical(share["owner"]).decode()


def _plain(owners: Owners) -> list[dict[str, Any]]:
    """Return shares as they are compared: in lowest terms, with an element only where named."""
    common = gcd(*(share["parts"] for share in owners), *map(backed_of, owners))
    return [
        {name: told for name, told in share.items() if told is not None}
        | {name: share[name] // common for name in ("parts", BACKED) if name in share}
        for share in owners
    ]
