"""Builders for accounts and what is booked on them: plain functions, all defaults visible."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from standards.rulebook.accounting import book_all
from standards.rulebook.accounts import (
    AccountRecord,
    Adjustment,
    Certified,
    Claim,
    Input,
    IssuedCredit,
)
from standards.rulebook.booking import Booked
from standards.rulebook.closing import closing
from standards.rulebook.terms import Terms

BEGINS = date(2026, 1, 1)
END = date(2026, 12, 31)
NOTHING = Terms()


def at(day: int, hour: int = 12) -> datetime:
    """Return an hour of the so-manieth day of 2026, from 0."""
    return datetime(2026, 1, 1, hour, tzinfo=UTC) + timedelta(days=day)


def entry(name: str) -> str:
    return name.encode().hex().ljust(64, "0")[:64]


def received(lot: str, day: int, mg: int, **changes: Any) -> Input:
    """A lot of so much metal, all of it certified and recovered in full."""
    usual = Input(
        lot_id=f"mine:{lot}",
        entry=entry(lot),
        at=at(day),
        total_low_mg=mg,
        total_high_mg=mg,
        certified=(Certified(level="IRMA 75", proven_mg=mg, doubt_mg=0),),
        came_with=(),
        arrived_mg=mg,
        given_low_mg=mg,
        given_high_mg=mg,
    )
    return replace(usual, **changes)


def in_doubt(lot: str, day: int, low: int, high: int) -> Input:
    """A lot of which nobody measured how much came out: from `low` to `high`."""
    return received(lot, day, high, given_low_mg=low)


def claim(name: str, day: int, mg: int, **changes: Any) -> Claim:
    usual = Claim(
        id=f"smelter:{name}",
        entry=entry(name),
        index=day,
        at=at(day),
        account="smelter:cu",
        holder="smelter",
        recipient="buyer",
        lot_id="smelter:cathode",
        element="Cu",
        scheme="irma",
        tier="IRMA 75",
        model="mass_balance",
        code="contains",
        mg=mg,
    )
    return replace(usual, **changes)


def issue(serial: str, day: int, mg: int, **changes: Any) -> IssuedCredit:
    usual = IssuedCredit(
        serial=f"smelter:{serial}",
        entry=entry(serial),
        index=day,
        at=at(day),
        account="smelter:cu",
        issuer="smelter",
        element="Cu",
        scheme="irma",
        tier="IRMA 75",
        mg=mg,
        vintage="2026",
    )
    return replace(usual, **changes)


def loss(lot: str, day: int, mg: int, **changes: Any) -> Adjustment:
    usual = Adjustment(entry=entry(f"loss {lot} {day}"), lot_id=f"mine:{lot}", at=at(day), mg=mg)
    return replace(usual, **changes)


def account(*inputs: Input, **changes: Any) -> AccountRecord:
    usual = AccountRecord(
        id="smelter:cu",
        entry=entry("account"),
        holder="smelter",
        facilities=("smelter:works",),
        element="Cu",
        scheme="irma",
        tier="IRMA 75",
        method="credit",
        begins=BEGINS,
        months=3,
        inputs=inputs,
        adjustments=(),
        claims=(),
        issues=(),
        closes=(),
    )
    return replace(usual, **changes)


def booked(
    record: AccountRecord, *others: AccountRecord, terms: Terms = NOTHING, on: date = END
) -> Booked:
    def same(_record: AccountRecord, _claims: Mapping[str, Claim]) -> Terms:
        return terms

    return book_all([record, *others], same, on=on)[record.id]


FIRST_END = date(2026, 3, 31)
SECOND_END = date(2026, 6, 30)


def known_below(record: AccountRecord, size: int) -> AccountRecord:
    """Return the record as it was known below a log size."""
    return replace(
        record,
        claims=tuple(
            replace(
                one,
                withdrawn_at=None if (one.withdrawn_index or 0) >= size else one.withdrawn_at,
                withdrawn_index=None if (one.withdrawn_index or 0) >= size else one.withdrawn_index,
            )
            for one in record.claims
            if one.index < size
        ),
        issues=tuple(one for one in record.issues if one.index < size),
    )


def close(
    record: AccountRecord, terms: Terms, until: date, known_at: int, **changes: Any
) -> AccountRecord:
    """Close the next period with what was known below a log size; `changes` came later."""
    told = booked(known_below(record, known_at), terms=terms, on=until)
    closed = closing(told, until=until, known_at=known_at, index=known_at, entry=entry("close"))
    return replace(record, closes=(*record.closes, closed), **changes)
