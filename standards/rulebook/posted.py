"""What is posted when an account is booked: lines, balances, restatements."""

from dataclasses import dataclass
from datetime import datetime

OVER = "over_claimed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One posting: so many milligrams from `credit` to `debit`."""

    at: datetime
    debit: str
    credit: str
    mg: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The balance after something was booked, from the worst to the best case."""

    at: datetime
    what: str
    worst_mg: int
    best_mg: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Restatement:
    """What was learnt of a closed period: how entitlement changed, and what claims then lacked."""

    lot_id: str
    at: datetime
    before_low_mg: int
    before_high_mg: int
    low_mg: int
    high_mg: int
    short_mg: int
