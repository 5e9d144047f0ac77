"""Versions of standards and their status on a day: a draft credits nobody."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from standards.rulebook.credential import Credential
from standards.rulebook.standing import Standing, cannot_tell, document, fails, published


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


def assessed_on(credential: Credential) -> date | None:
    """Return the day whose version of a standard a credential was given under."""
    return credential.assessed_on or credential.stage_2_on or credential.published_on


def drafted(
    credential: Credential, rows: Sequence[Mapping[str, Any]], *, site: str
) -> Standing | None:
    """Tell that a credential rests on a draft, or on what may be one; None: on neither.

    Where nobody coded its standard or lists the versions of any, CRED-07 says so.

    Args:
        rows: as of `status_of_standard`.
    """
    code, version, day = credential.standard_code, credential.version, assessed_on(credential)
    if code is None or version is None or day is None or not rows:
        return None
    status = status_of_standard(rows, code, version, day)
    name = f"{code.replace('_', ' ')} {version}"
    if status == "draft":
        because = f"{site}: {published(credential)} rests on {name}, a draft on {day}"
        return fails(because, credential.entry)
    if status is None:
        because = f"{site}: whether {name}, under which its {document(credential)} was given, was"
        because = f"{because} final on {day} is not known"
        return cannot_tell(because, credential.entry, missing=f"status of {name} on {day}")
    return None
