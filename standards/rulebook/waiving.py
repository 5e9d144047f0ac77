"""Waivers: what a club lets pass for a while, and when one does not reach what it names.

A waiver changes the judgement, never the finding, and earns no credit (ADR 0010, 0031). Whether
it holds for a lot depends on its days, scope, conditions, tonnage and on what voids it; each
reason why it does not is said, so that nobody relies on one that lapsed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from standards.rulebook.bounds import UNTOLD, Bounds
from standards.rulebook.dossier import MassRange
from standards.rulebook.findings import Finding, Outcome
from standards.rulebook.months import day_after


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
        own_mg, whole_mg: how much was stated for that lot, and how much metal the lot may hold at
            most (None: nobody can tell): what is stated for less is not waived.
        failed: rules that the lot in question fails under the packs, whoever asks for them.
        conditions: what has to be shown, by when.
        void_because: what voided it (a new hard stop, fraud), or empty.
        seconded_by: a second approver besides whoever decided, or empty.
        place: how many of the club's waivers are in force that day, up to and with this one in
            the order in which they were granted; 0 where it is not in force itself.
        bounds: what bounds the club's waivers that day.
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
    own_mg: int = 0
    failed: frozenset[str] = frozenset()
    whole_mg: int | None = 0
    conditions: tuple[Condition, ...] = ()
    void_because: str = ""
    seconded_by: str = ""
    place: int = 0
    bounds: Bounds = UNTOLD
    entry: str | None = None

    @property
    def days(self) -> int:
        """Return how many days it lasts, both ends counted."""
        return (self.valid_until - self.valid_from).days + 1

    def is_in_force(self, on: date) -> bool:
        """Tell whether a day is one of its days, and nothing voided it."""
        return not self.void_because and self.valid_from <= on <= self.valid_until

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
    LAPSED = "lapsed"  # ended, not begun, beyond its bounds, exceeded or void


def reach(
    waiver: Waiver, findings: Sequence[Finding], on: date, *, needs_second: bool = False
) -> tuple[Reach, str]:
    """Tell whether a waiver holds on a day for a lot, and if not, why.

    Args:
        findings: all there are about the lot: a new hard stop voids the waiver.
        needs_second: whether two people have to approve what it lets pass.
    """
    mineral = findings[0].subject.mineral if findings else None
    for why in (_over(waiver, findings, on), _beyond(waiver, mineral)):
        if why is not None:
            return Reach.LAPSED, why
    pending = waiver.bounds.open_about(mineral) or _awaited(waiver, on)
    if needs_second and not waiver.seconded_by:
        pending = "no second approver is named"
    if pending is not None:
        return Reach.PENDING, f"{waiver.id}: {pending}"
    return Reach.HOLDS, f"waived by {waiver.id} until {waiver.valid_until}"


def _over(waiver: Waiver, findings: Sequence[Finding], on: date) -> str | None:
    """Say why a waiver does not hold that day by its own terms; None: it does."""
    stops = waiver.bounds.voiding
    failed = [one.rule_id for one in findings if one.outcome is Outcome.NONCONFORMING]
    stop = next((rule for rule in (*failed, *sorted(waiver.failed)) if rule in stops), None)
    if waiver.void_because:
        return f"{waiver.id} is void: {waiver.void_because}"
    if stop is not None:
        return f"{waiver.id} is void for this lot: {stop} fails"
    if on > waiver.valid_until:
        return f"{waiver.id} ended on {waiver.valid_until}"
    if on < waiver.valid_from:
        return f"{waiver.id} begins on {waiver.valid_from}"
    if waiver.cap_mg is not None and waiver.used_mg > waiver.cap_mg:
        over = f"{waiver.used_mg} of {waiver.cap_mg} mg are used"
        return f"{waiver.id} is exceeded: {over}"
    return None


def _beyond(waiver: Waiver, mineral: str | None) -> str | None:
    """Say which limit on waivers it goes beyond for a mineral; None: none that is set."""
    bounds = waiver.bounds
    if bounds.most_days is not None and waiver.days > bounds.most_days:
        return f"{waiver.id} lasts {waiver.days} days, and {bounds.most_days} are allowed"
    if bounds.most_at_once is not None and waiver.place > bounds.most_at_once:
        order = f"it is number {waiver.place} in force at once"
        return f"{waiver.id} is one too many: {order}, and {bounds.most_at_once} are allowed"
    most = bounds.most_mg.get(mineral or "")
    if most is None:
        return None
    if waiver.cap_mg is None:
        return f"{waiver.id} has no cap, and at most {most} mg of {mineral} may be waived"
    if waiver.cap_mg > most:
        return f"{waiver.id} covers {waiver.cap_mg} mg of {mineral}, and {most} are allowed"
    return None


def _awaited(waiver: Waiver, on: date) -> str | None:
    """Say what is still to be stated or shown for a waiver; None: nothing."""
    if waiver.cap_mg is None:
        return _shown(waiver, on)
    if not waiver.is_used:
        return "its use for this lot is not stated"
    if waiver.whole_mg is None:
        return "how much of the metal this lot holds is not known, so its use cannot be compared"
    if waiver.own_mg < waiver.whole_mg:
        return (
            f"{waiver.own_mg} mg of use are stated, and this lot holds up to {waiver.whole_mg} mg"
        )
    return _shown(waiver, on)


def _shown(waiver: Waiver, on: date) -> str | None:
    """Say which condition was due and is not shown; None: none."""
    for one in waiver.conditions:
        if one.is_pending(on):
            return f"evidence of “{one.what}”, due on {one.due_on}, is missing"
    return None


def standing(waiver: Waiver, on: date) -> tuple[Reach, str]:
    """Tell how a waiver stands on a day whatever lot is asked about, and if it is over, why.

    Of several minerals the one for which it holds least decides.
    """
    told: list[tuple[Reach, str]] = []
    for mineral in waiver.minerals or (None,):
        over = _over(waiver, (), on) or _beyond(waiver, mineral)
        pending = waiver.bounds.open_about(mineral) or _shown(waiver, on)
        if over is not None:
            told.append((Reach.LAPSED, over))
        elif pending is not None:
            told.append((Reach.PENDING, f"{waiver.id}: {pending}"))
    held = (Reach.HOLDS, f"{waiver.id} is in force until {waiver.valid_until}")
    return max(told, key=lambda one: tuple(Reach).index(one[0]), default=held)


def best_reach(
    waivers: Iterable[Waiver],
    findings: Sequence[Finding],
    on: date,
    *,
    needs_second: bool = False,
) -> tuple[Reach, str, Waiver] | None:
    """Return the waiver that helps most of several that cover a finding; None: none covers it."""
    told = [(*reach(one, findings, on, needs_second=needs_second), one) for one in waivers]
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
    """A club's waivers as stated last, and their uses in the order in which they were stated.

    Args:
        waivers: by id, in the order in which they were granted first.
        bounds: what bounds them that day; `bounds_change` is when that is next another thing.
    """

    waivers: Mapping[str, Waiver] = field(default_factory=dict)
    uses: tuple[Use, ...] = ()
    bounds: Bounds = UNTOLD
    bounds_change: date | None = None

    def on(self, day: date) -> "Granted":
        """Return them as they stand on a day, each in its place among those in force."""
        told: dict[str, Waiver] = {}
        place = 0
        for name, waiver in self.waivers.items():
            in_force = waiver.is_in_force(day)
            place += in_force
            told[name] = replace(waiver, place=place if in_force else 0, bounds=self.bounds)
        return replace(self, waivers=told)

    def for_lot(
        self,
        lot: str,
        mineral: str,
        contained: MassRange | None,
        *,
        failed: frozenset[str] = frozenset(),
    ) -> tuple[Waiver, ...]:
        """Return the waivers with what has been used of each, up to and with this lot's use.

        Whoever came later does not use up what was there for this lot.

        Args:
            contained: how much of the mineral the lot holds; None where nobody can tell.
            failed: rules that it fails under the packs alone: they void a waiver, too, where
                the club does not ask for them.
        """
        whole = None if contained is None else contained.high_mg
        told = []
        for name, waiver in sorted(self.waivers.items()):
            uses = [one for one in self.uses if one.waiver == name]
            own = [
                place for place, one in enumerate(uses) if (one.lot, one.mineral) == (lot, mineral)
            ]
            counted = uses[: own[-1] + 1] if own else uses
            told.append(
                replace(
                    waiver,
                    used_mg=sum(one.mg for one in counted),
                    is_used=bool(own),
                    own_mg=sum(uses[place].mg for place in own),
                    whole_mg=whole,
                    failed=failed,
                )
            )
        return tuple(told)

    def next_day(self, after: date) -> date | None:
        """Return the next day on which a waiver or what bounds it changes by the calendar.

        It begins, has ended, or a condition is overdue.
        """
        days = [one.valid_from for one in self.waivers.values()]
        days += [self.bounds_change] if self.waivers and self.bounds_change else []
        ends = [one.valid_until for one in self.waivers.values()]
        ends += [row.due_on for one in self.waivers.values() for row in one.conditions]
        days += [day_after(one) for one in ends]
        return min((one for one in days if one > after), default=None)
