"""What a copy of a register says that the one before it did not, and the other way round."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from standards.rulebook.register_file import COLUMNS, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedCell:
    """One column of a row that both copies have; empty text where a copy says nothing."""

    column: str
    before: str
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedRow:
    """A row that both copies have, and say differently."""

    row: Row
    cells: tuple[ChangedCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Rows that came, that went and that changed; `same` counts the others."""

    added: tuple[Row, ...] = ()
    gone: tuple[Row, ...] = ()
    changed: tuple[ChangedRow, ...] = ()
    same: int = 0

    @property
    def is_none(self) -> bool:
        """Tell whether both copies say the same."""
        return not (self.added or self.gone or self.changed)

    def subjects(self) -> tuple[frozenset[str], frozenset[str]]:
        """Return the facilities and the organizations that any of it is about."""
        rows = [*self.added, *self.gone, *(one.row for one in self.changed)]
        return (
            frozenset(row["facility"] for row in rows if row.get("facility")),
            frozenset(row["organization"] for row in rows if row.get("organization")),
        )


def difference(before: Sequence[Row], now: Sequence[Row]) -> Difference:
    """Compare two copies of a register row by row.

    Rows speak of the same where they are about the same facility or organization; where nobody
    matched them, where name and country agree. Of several about the same, those for the same
    materials belong together first, and the others in their order.
    """
    old, new = _by_subject(before), _by_subject(now)
    added: list[Row] = []
    gone: list[Row] = []
    pairs: list[tuple[Row, Row]] = []
    for name in dict.fromkeys([*new, *old]):
        matched, came, went = _matched(old.get(name, []), new.get(name, []))
        pairs += matched
        added += came
        gone += went
    changed = tuple(
        ChangedRow(row=row, cells=cells) for was, row in pairs if (cells := _cells(was, row))
    )
    return Difference(
        added=tuple(added), gone=tuple(gone), changed=changed, same=len(pairs) - len(changed)
    )


def cell_text(value: Any) -> str:
    """Return a cell as people read it; empty where there is nothing."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return f"{value['scheme']}={value['value']}"
    if isinstance(value, list):
        return " ".join(cell_text(one) for one in value)
    return str(value)


def _by_subject(rows: Iterable[Row]) -> dict[str, list[Row]]:
    told: dict[str, list[Row]] = {}
    for row in rows:
        about = row.get("facility") or row.get("organization")
        told.setdefault(about or f"{row['name']}|{row.get('country', '')}", []).append(row)
    return told


def _matched(
    old: Sequence[Row], new: Sequence[Row]
) -> tuple[list[tuple[Row, Row]], list[Row], list[Row]]:
    """Return the rows that belong together, those that came and those that went."""
    waiting, unmatched = list(old), []
    pairs: list[tuple[Row, Row]] = []
    for row in new:
        alike = next((one for one in waiting if _materials(one) == _materials(row)), None)
        if alike is None:
            unmatched.append(row)
            continue
        waiting.remove(alike)
        pairs.append((alike, row))
    both = min(len(waiting), len(unmatched))
    pairs += zip(waiting[:both], unmatched[:both], strict=True)
    return pairs, unmatched[both:], waiting[both:]


def _materials(row: Row) -> frozenset[str]:
    return frozenset(row.get("materials") or ())


def _cells(was: Row, now: Row) -> tuple[ChangedCell, ...]:
    return tuple(
        ChangedCell(column=name, before=cell_text(was.get(name)), now=cell_text(now.get(name)))
        for name in COLUMNS
        if was.get(name) != now.get(name)
    )
