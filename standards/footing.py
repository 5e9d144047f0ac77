"""Footing: what every lot is assessed under at one log size, club by club."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from standards.known import Adopted, adopted_in, law_at, next_policy_day, policy_rows_at
from standards.models import ClubPolicy, Setback
from standards.rulebook.assessment import Bench
from standards.rulebook.waiving import Granted
from standards.waiving import granted_at
from standards.withstanding import alone, overcome, together


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What every lot is assessed under at one log size."""

    size: int
    now: datetime
    packs: Mapping[str, str]
    bench: Bench
    adopted: Mapping[str, Adopted]
    next_policy: date | None
    granted: Mapping[str, Granted]
    left_out: frozenset[str] = frozenset()  # clubs whose policy cannot be read
    is_whole: bool = True  # these are the terms of all clubs

    def of(self, club: str) -> "Terms":
        """Return the terms of one club alone; those of the packs where it is none."""
        adopted = {name: one for name, one in self.adopted.items() if name == club}
        return replace(self, adopted=adopted, left_out=frozenset(), is_whole=False)


def terms_at(size: int, now: datetime) -> Terms:
    """Return the terms; a club whose policy cannot be read is left out, and tried again."""
    rows = policy_rows_at(size, on=now.date())
    with together("read the policies of all clubs") as attempt:
        terms = _terms_of(rows, size, now)
        overcome(Setback.Kind.CLUB, list(rows))
    if not attempt.has_failed:
        return terms
    fine = {}
    for club, row in rows.items():
        with alone(Setback.Kind.CLUB, club, known_at=size, now=now) as attempt:
            _terms_of({club: row}, size, now)
        if not attempt.has_failed:
            fine[club] = row
    overcome(Setback.Kind.CLUB, list(fine))
    return replace(_terms_of(fine, size, now), left_out=frozenset(rows) - frozenset(fine))


def _terms_of(rows: Mapping[str, ClubPolicy], size: int, now: datetime) -> Terms:
    law = law_at(size)
    adopted = {club: adopted_in(row) for club, row in rows.items()}
    policies = {club: one.policy for club, one in adopted.items()}
    return Terms(
        size=size,
        now=now,
        packs={pack.id: pack.digest for pack in law.packs},
        bench=Bench(law, policies),
        adopted=adopted,
        next_policy=next_policy_day(size, after=now.date()),
        granted=granted_at(size, policies, law, on=now.date()),
    )
