"""Findings that no club has judged, in groups: what speaks against a lot, what is open, the rest.

Most requirements have a threshold that a club sets for itself. Where no club has judged, dozens
of findings say only that; they belong in one line, and what evidence says of the lot comes first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from standards.reading import Row
from standards.rulebook.findings import Outcome
from standards.rulebook.law import is_about_a_value
from standards.rulebook.policy import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Unjudged:
    """What is so of one mineral of a lot, whoever judges.

    `refuted` does not conform; `open` lacks evidence; `unset` lacks nothing but a value that a
    club, or the text of a scheme, has to give; `met` conforms; `silent` is not applicable.
    """

    mineral: str
    refuted: tuple[Row, ...]
    open: tuple[Row, ...]
    unset: tuple[Row, ...]
    met: tuple[Row, ...]
    silent: tuple[Row, ...]


def in_groups(findings: Mapping[str, Sequence[Row]]) -> list[Unjudged]:
    """Return findings by mineral, grouped by what they mean to who reads them."""
    return [
        Unjudged(
            mineral=mineral,
            refuted=_those(rows, Verdict.FAIL),
            open=tuple(one for one in rows if _is_open(one) and not _lacks_values_alone(one)),
            unset=tuple(one for one in rows if _is_open(one) and _lacks_values_alone(one)),
            met=tuple(one for one in _those(rows, Verdict.PASS) if not _is_silent(one)),
            silent=tuple(one for one in rows if _is_silent(one)),
        )
        for mineral, rows in findings.items()
    ]


def _those(rows: Iterable[Row], verdict: Verdict) -> tuple[Row, ...]:
    return tuple(one for one in rows if one.verdict is verdict)


def _is_open(row: Row) -> bool:
    return row.verdict is Verdict.INDETERMINATE


def _is_silent(row: Row) -> bool:
    return row.finding is not None and row.finding.outcome is Outcome.NOT_APPLICABLE


def _lacks_values_alone(row: Row) -> bool:
    return bool(row.missing) and all(is_about_a_value(one) for one in row.missing)
