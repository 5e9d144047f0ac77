"""Shares as they are told: an exact ratio, and a percentage to read beside it (ADR 0018)."""

from math import gcd

from msgspec import Struct

from traceability.ledger.apportioning import half_even

_PERCENT_DIGITS = 4
_PERCENT = 10**_PERCENT_DIGITS


class Share(Struct, frozen=True, kw_only=True):
    """An exact ratio, and the same in percent, rounded half-even, for display."""

    numerator: str
    denominator: str
    percent: str


def share_of(part: int, whole: int) -> Share:
    """Return `part / whole`, in lowest terms and in percent, without a float on the way."""
    shared = gcd(part, whole)
    units, rest = divmod(half_even(part * 100 * _PERCENT, whole), _PERCENT)
    return Share(
        numerator=str(part // shared),
        denominator=str(whole // shared),
        percent=f"{units}.{rest:0{_PERCENT_DIGITS}d}",
    )
