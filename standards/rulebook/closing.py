"""Closing a period: the account's state as it then is, and its digest."""

from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import Any

from standards.rulebook.accounts import Closed
from standards.rulebook.booking import Booked
from standards.rulebook.dossier_format import parse_row, row_as_json
from standards.rulebook.findings import canonical_json


def closing(
    booked: Booked,
    *,
    until: date,
    known_at: int,
    index: int = 0,
    entry: str = "",
    stated_digest: str | None = None,
) -> Closed:
    """Return the state of an account at the end of a period.

    Args:
        booked: the account booked up to `until`, from what was known below `known_at`.
        index, entry, stated_digest: of the statement that closes it.
    """
    [period] = [one for one in booked.periods if one.last == until]
    closed = Closed(
        index=index,
        entry=entry,
        until=until,
        known_at=known_at,
        digest="",
        stated_digest=stated_digest,
        carry_over_days=booked.terms.carry_over_days,
        carry_over_periods=booked.terms.carry_over_periods,
        period=period,
        tranches=booked.tranches,
        draws=tuple(booked.draws.values()),
    )
    return replace(closed, digest=digest_of(booked.record.id, closed))


def digest_of(account: str, closed: Closed) -> str:
    """Return the SHA-256 (hex) over the canonical JSON of what is closed.

    The statement that closes it is no part of it, so whoever is to sign it can know it before.
    """
    told = row_as_json(closed)
    for member in ("index", "entry", "digest", "stated_digest"):
        del told[member]
    if closed.carry_over_periods is None:  # periods closed before there was such a limit
        del told["carry_over_periods"]
    return sha256(canonical_json({"account": account, **_as_texts(told)})).hexdigest()


def closed_as_json(closed: Closed) -> dict[str, Any]:
    """Return a closed period as it is kept."""
    return row_as_json(closed)


def parse_closed(told: Any) -> Closed:
    """Return the closed period that `closed_as_json` wrote.

    Raises:
        ValueError: it is not of that form.
    """
    return parse_row(Closed, told, "closed")


def _as_texts(value: Any) -> Any:
    """Return JSON with milligrams as texts: as everywhere else, a number has at most 53 bits."""
    if isinstance(value, dict):
        return {
            name: str(item) if name.endswith("_mg") or name == "mg" else _as_texts(item)
            for name, item in value.items()
        }
    return [_as_texts(item) for item in value] if isinstance(value, list) else value
