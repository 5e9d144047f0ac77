"""Versions of standards and their status on a day: a draft credits nobody."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any


def status_of_standard(
    rows: Sequence[Mapping[str, Any]], standard: str, version: str, day: date
) -> str | None:
    """Return `draft`, `final` or `superseded`; None where no row covers the day.

    Args:
        rows: dated rows of `{standard, version, status, from, until}`; of several that cover
            the day the one that began last holds.
    """
    covering = [
        row
        for row in rows
        if (row["standard"], row["version"]) == (standard, version)
        and row["from"] <= day <= row.get("until", date.max)
    ]
    last = max(covering, key=lambda row: row["from"], default=None)
    return None if last is None else str(last["status"])
