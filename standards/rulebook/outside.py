"""Metal that entered an account's boundary from outside the ledger, and what proves it.

Opening stock, and what was bought from a party without a key, begins with a statement of
whoever introduces it. No record leads from it to a mine. What may stand in for that record: an
origin that was declared, at a site whose certificate held when the metal left it, or what the
account's opening statement says of the lot, with documents. Whether a scheme takes either is
the scheme's to say (`terms`); without evidence such metal brings nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

Basis = Literal["traced", "declared_origin", "opening_statement"]
"""How a level is known: by the record, by a declared origin, by the opening statement."""

Why = Literal["", "no_origin", "no_site", "no_certificate", "no_document"]
"""Why nothing proves such metal; empty where something does."""

Standing = Literal[
    "", "counted", "no_origin", "no_site", "no_certificate", "no_document", "not_accepted", "unset"
]
"""How such metal stands under the law: `unset` where the scheme's rule is not filled in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What an account's opening statement says of a lot that came from outside the ledger.

    Args:
        level: the level or mark of the metal; None where the scheme publishes none.
        mg: the holder's metal of that level in the lot, when it entered or the account began.
        has_documents: whether the statement names documents that show it.
    """

    lot_id: str
    level: str | None
    mg: int
    has_documents: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """The holder's part of the metal in an input that came from outside, and why it lacks proof."""

    mg: int
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A part of a declared origin that can be certified: `parts` of `whole`, at one site.

    `left_on` is the day on which the metal left there, None where nobody says.
    """

    facility: str
    activity: str
    parts: int
    whole: int
    left_on: date | None


def declared_sites(rows: Sequence[Mapping[str, Any]], element: str) -> Iterator[Declared]:
    """Yield the sites at which metal of an element is declared to have been mined, or recovered.

    What was collected somewhere begins with its recovery; a country alone is no site.
    """
    told = [row for row in rows if row.get("element", element) == element]
    mined = [row for row in told if row["stage"] == "extraction"]
    collected = sum(row["parts"] for row in told if row["stage"] == "collection")
    recovered = [row for row in told if row["stage"] == "recovery"]
    whole = sum(row["parts"] for row in mined) + collected
    yield from _sites(mined, "extraction", 1, whole)
    if collected or not mined:
        share = collected if whole else 1
        yield from _sites(
            recovered, "recovery", share, max(1, whole) * sum(row["parts"] for row in recovered)
        )


def _sites(
    rows: Sequence[Mapping[str, Any]], activity: str, share: int, whole: int
) -> Iterator[Declared]:
    for row in rows:
        if "facility" in row:
            left_on = row.get("left_on")
            yield Declared(
                facility=row["facility"],
                activity=activity,
                parts=row["parts"] * share,
                whole=whole,
                left_on=date.fromisoformat(left_on) if left_on else None,
            )
