"""Shelving assessments: what a reader would see a difference in is kept, a batch in one go.

A row is a hundred kilobytes of findings, most of which stay as they are. So the digest decides
before anything is read or written, and what is new goes to the database as it was hashed.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from standards.models import Assessment
from standards.rulebook.dossier import Dossier
from standards.rulebook.evaluation import Evaluation, code_version
from standards.rulebook.writing import Writer
from traceability import wire

Place = tuple[str, str, str]
"""Lot, mineral, and the club under whose policy (empty: the packs alone)."""

MOST_WAITING = 32
"""How many rows wait to be written: each may be a hundred kilobytes, and is copied on its way."""
_COLUMNS = (
    "lot",
    "mineral",
    "club",
    "policy",
    "log_size",
    "as_of",
    "packs",
    "code_version",
    "keys_read",
    "inputs_read",
    "facilities",
    "findings",
    "verdict_digest",
    "lot_handle",
    "assessed_at",
    "is_current",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What is compared of the assessment that holds so far."""

    key: int
    digest: str
    policy: str


class Shelf:
    """Takes the assessments of some lots at one log size, and writes those that are news."""

    def __init__(
        self, lots: Collection[str], *, size: int, packs: Mapping[str, str], now: datetime
    ) -> None:
        self._size, self._now = str(size), now.isoformat()
        self._packs = msgspec.json.encode(packs).decode()
        self._writer = Writer()
        self._rows: list[tuple[str, ...]] = []
        self._replaced: list[int] = []
        self._kept: dict[Place, _Kept] = {}
        for key, lot, mineral, club, digest, policy in Assessment.objects.filter(
            lot__in=lots, is_current=True
        ).values_list("pk", "lot", "mineral", "club", "verdict_digest", "policy"):
            self._kept[lot, mineral, club] = _Kept(key=key, digest=digest, policy=policy)

    def minerals_of(self, lot: str) -> set[str]:
        """Return the minerals of which something is kept."""
        return {mineral for name, mineral, _ in self._kept if name == lot}

    def put(
        self,
        dossier: Dossier,
        handle: str,
        told: Mapping[str, Evaluation],
        policies: Mapping[str, str],
    ) -> None:
        """Take what was found of one lot and mineral, by club."""
        sites = {one.facility_id for one in dossier.sources}
        sites |= {one.facility_id for one in dossier.steps}
        facilities = wire.array(sorted(name for name in sites if name)).decode()
        for club, evaluation in told.items():
            policy = policies[club] if club else ""
            digest = self._writer.digest(evaluation)
            kept = self._kept.get((dossier.lot_id, dossier.mineral, club))
            if kept is not None:
                if (kept.digest, kept.policy) == (digest, policy):
                    continue
                self._replaced.append(kept.key)
            self._rows.append(
                (
                    dossier.lot_id,
                    dossier.mineral,
                    club,
                    policy,
                    self._size,
                    dossier.as_of.isoformat(),
                    self._packs,
                    code_version(),
                    wire.array(sorted(evaluation.keys_read)).decode(),
                    wire.array(sorted(evaluation.inputs_read)).decode(),
                    facilities,
                    self._writer.findings(evaluation).decode(),
                    digest,
                    handle,
                    self._now,
                    "t",
                )
            )
        if len(self._rows) >= MOST_WAITING:
            self._write()

    def close(self, lots: Collection[str]) -> dict[Place, int]:
        """Write what is left; return the keys of the rows that hold now."""
        self._write()
        current = Assessment.objects.filter(lot__in=lots, is_current=True)
        return {
            (lot, mineral, club): key
            for key, lot, mineral, club in current.values_list("pk", "lot", "mineral", "club")
        }

    def _write(self) -> None:
        """Write what is news so far, in place of what held before."""
        Assessment.objects.filter(pk__in=self._replaced).update(is_current=False)
        copy = wire.Copy()
        copy.add("standards_assessment", _COLUMNS, self._rows, null="\\N")
        copy.drain()
        self._rows.clear()
        self._replaced.clear()
