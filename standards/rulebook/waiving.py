"""Waivers: what a club lets pass for a while, and when one does not reach what it names.

A waiver changes the judgement, never the finding, and earns no credit (ADR 0010, 0031). Whether
it holds for a lot depends on its days, scope, conditions, tonnage and on what voids it; each
reason why it does not is said, so that nobody relies on one that lapsed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from standards.rulebook.findings import Finding, Outcome

HARD_STOPS: frozenset[str] = frozenset({"CRED-01", "ISO-MB-02", "LAW-01", "MB-01", "OECD-02"})
"""Rules no waiver reaches under any policy: forged evidence, more claimed than there is, lists of
restricted parties, the gravest abuses."""
VOIDING: frozenset[str] = frozenset({"LAW-01", "OECD-02"})
"""Rules of which a failure voids every waiver for the lot, by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What has to be shown by a day for a waiver to go on; `met_on` None: it was not shown."""

    what: str
    due_on: date
    met_on: date | None = None

    def is_pending(self, on: date) -> bool:
        """Tell whether on a day it was due and had not been shown."""
        return self.due_on < on and (self.met_on is None or self.met_on > on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A club's dated decision to accept, for a while and within a scope, what does not conform.

    Args:
        lot_ids, facility_ids, minerals: what it is limited to; None for no limit. Where
            facilities are named, every site that does not conform must be among them.
        valid_from, valid_until: both days included.
        cap_mg, used_mg: contained metal it covers at most (None: no cap), and what has been
            used of it, the lot in question included.
        is_used: whether its use for the lot in question was stated, where it has a cap.
        conditions: what has to be shown, by when.
        void_because: what voided it (a new hard stop, fraud), or empty.
    """

    id: str
    club: str
    rule_ids: tuple[str, ...]
    lot_ids: tuple[str, ...] | None
    facility_ids: tuple[str, ...] | None
    minerals: tuple[str, ...] | None
    valid_from: date
    valid_until: date
    cap_mg: int | None
    used_mg: int = 0
    is_used: bool = True
    conditions: tuple[Condition, ...] = ()
    void_because: str = ""
    entry: str | None = None

    def covers(self, finding: Finding) -> bool:
        """Tell whether its scope holds everything that keeps this finding from conforming."""
        subject = finding.subject
        if finding.rule_id not in self.rule_ids:
            return False
        if self.lot_ids is not None and subject.id not in self.lot_ids:
            return False
        if self.minerals is not None and subject.mineral not in self.minerals:
            return False
        if self.facility_ids is None:
            return True
        sites = [line.facility_id for line in finding.lines if line.outcome is not Outcome.CONFORMS]
        return bool(sites) and all(site in self.facility_ids for site in sites)


class Reach(StrEnum):
    """Whether a waiver holds on a day for what it covers, the best first."""

    HOLDS = "holds"
    PENDING = "pending"  # a condition was due and is not shown
    LAPSED = "lapsed"  # ended, not begun, exceeded or void


def reach(waiver: Waiver, findings: Iterable[Finding], on: date) -> tuple[Reach, str]:
    """Tell whether a waiver holds on a day for a lot, and if not, why.

    Args:
        findings: all there are about the lot: a new hard stop voids the waiver.
    """
    stop = next(
        (
            one.rule_id
            for one in findings
            if one.rule_id in VOIDING and one.outcome is Outcome.NONCONFORMING
        ),
        None,
    )
    if waiver.void_because:
        return Reach.LAPSED, f"{waiver.id} is void: {waiver.void_because}"
    if stop is not None:
        return Reach.LAPSED, f"{waiver.id} is void for this lot: {stop} fails"
    if on > waiver.valid_until:
        return Reach.LAPSED, f"{waiver.id} ended on {waiver.valid_until}"
    if on < waiver.valid_from:
        return Reach.LAPSED, f"{waiver.id} begins on {waiver.valid_from}"
    if waiver.cap_mg is not None and waiver.used_mg > waiver.cap_mg:
        over = f"{waiver.used_mg} of {waiver.cap_mg} mg are used"
        return Reach.LAPSED, f"{waiver.id} is exceeded: {over}"
    if waiver.cap_mg is not None and not waiver.is_used:
        return Reach.PENDING, f"its use for this lot is not stated under {waiver.id}"
    pending = [one for one in waiver.conditions if one.is_pending(on)]
    if pending:
        what = f"evidence of “{pending[0].what}”, due on {pending[0].due_on}, is missing"
        return Reach.PENDING, f"{waiver.id}: {what}"
    return Reach.HOLDS, f"waived by {waiver.id} until {waiver.valid_until}"


def best_reach(
    waivers: Iterable[Waiver], findings: Sequence[Finding], on: date
) -> tuple[Reach, str, Waiver] | None:
    """Return the waiver that helps most of several that cover a finding; None: none covers it."""
    told = [(*reach(one, findings, on), one) for one in waivers]
    order = tuple(Reach)
    return min(told, key=lambda one: order.index(one[0]), default=None)


# ── what was granted, and used ────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """So much of a waiver was used for a lot, as the club stated it."""

    waiver: str
    lot: str
    mineral: str
    mg: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A club's waivers as stated last, and their uses in the order in which they were stated."""

    waivers: Mapping[str, Waiver] = field(default_factory=dict)
    uses: tuple[Use, ...] = ()

    def for_lot(self, lot: str, mineral: str) -> tuple[Waiver, ...]:
        """Return the waivers with what has been used of each, up to and with this lot's use.

        Whoever came later does not use up what was there for this lot.
        """
        told = []
        for name, waiver in sorted(self.waivers.items()):
            uses = [one for one in self.uses if one.waiver == name]
            own = [
                place for place, one in enumerate(uses) if (one.lot, one.mineral) == (lot, mineral)
            ]
            counted = uses[: own[-1] + 1] if own else uses
            used = sum(one.mg for one in counted)
            told.append(replace(waiver, used_mg=used, is_used=bool(own)))
        return tuple(told)

    def next_day(self, after: date) -> date | None:
        """Return the next day on which a waiver begins, has ended, or a condition is overdue."""
        days = [one.valid_from for one in self.waivers.values()]
        ends = [one.valid_until for one in self.waivers.values()]
        ends += [row.due_on for one in self.waivers.values() for row in one.conditions]
        days += [date.fromordinal(one.toordinal() + 1) for one in ends]
        return min((one for one in days if one > after), default=None)
