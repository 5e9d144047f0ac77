"""What bounds a club's waivers on a day: parameters of the pack `policy`, never code.

Which rules no waiver reaches, and which void one by failing, stands in the pack; a club may name
more of them in its policy, never fewer. How long a waiver lasts, how much it covers and how many
hold at once no source sets: the club says it, and until it does nobody can rely on a waiver.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from standards.rulebook.law import Law, LawOnDate, Parameter, Unavailable

HARD_STOPS, VOIDING = "policy.hard_stops", "policy.voiding_rules"
MOST_DAYS, MOST_MASS = "policy.waiver_days", "policy.waiver_mass"
MOST_AT_ONCE = "policy.waivers_at_once"
_LISTS = (HARD_STOPS, VOIDING)
_LIMITS = (MOST_DAYS, MOST_MASS, MOST_AT_ONCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverCheck:
    """A requirement on waivers: asked when a club judges, so no rule about one dossier."""

    id: str
    title: str
    source: str
    reads: tuple[str, ...]


CHECKS = (
    WaiverCheck(
        id="POL-05",
        title="What a waiver covers is waived by one that holds, within its bounds",
        source="Club policy: waivers by scope, days, conditions and tonnage",
        reads=(VOIDING, *_LIMITS),
    ),
    WaiverCheck(
        id="POL-06",
        title="No waiver names a rule that none may reach",
        source="Club policy: what may never be waived",
        reads=(HARD_STOPS,),
    ),
)
"""In the order of their ids; they stand beside the rules wherever people look rules up."""
BOUNDS: frozenset[str] = frozenset(key for check in CHECKS for key in check.reads)
"""Every parameter that bounds waivers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What waivers may reach, and how far, as a club's judgements of one day see it.

    Args:
        hard_stops: rules that no waiver reaches.
        voiding: rules of which a failure voids every waiver for the lot, by itself.
        most_days: days that a waiver may last, both ends counted; None: nobody has said.
        most_mg: contained metal that one may cover, by mineral.
        most_at_once: how many of the club may be in force on one day.
        untold: why nobody can tell, by parameter that has no value.
    """

    hard_stops: frozenset[str] = frozenset()
    voiding: frozenset[str] = frozenset()
    most_days: int | None = None
    most_mg: Mapping[str, int] = field(default_factory=dict)
    most_at_once: int | None = None
    untold: Mapping[str, str] = field(default_factory=dict)

    def open_about(self, mineral: str | None) -> str | None:
        """Return the first thing that nobody has said about waivers for a mineral; else None."""
        told = next((self.untold[key] for key in sorted(self.untold)), None)
        if told is None and mineral is not None and mineral not in self.most_mg:
            return f"{MOST_MASS} says nothing about {mineral}"
        return told


UNTOLD = Bounds(untold=dict.fromkeys(BOUNDS, "no rule pack says what bounds waivers"))
"""Where nobody has looked: a waiver without bounds holds for nothing."""


def bounds_of(law: Law, own: Mapping[str, Parameter], on: date) -> Bounds:
    """Return what bounds a club's waivers on a day.

    Args:
        law: the active packs, without any club's parameters.
        own: the club's parameters; they add to the lists of the packs, and set the limits.
    """
    alone, under = law.on(on), Law(law.packs, own).on(on)
    untold: dict[str, str] = {}
    lists: dict[str, frozenset[str]] = {}
    for key in _LISTS:
        added = _value(under, key, {}) if key in own else ()
        lists[key] = frozenset((*(_value(alone, key, untold) or ()), *(added or ())))
    limits = {key: _value(under, key, untold) for key in _LIMITS}
    return Bounds(
        hard_stops=lists[HARD_STOPS],
        voiding=lists[VOIDING],
        most_days=limits[MOST_DAYS],
        most_mg=limits[MOST_MASS] or {},
        most_at_once=limits[MOST_AT_ONCE],
        untold=untold,
    )


def next_change(law: Law, own: Mapping[str, Parameter], *, after: date) -> date | None:
    """Return the next day on which what bounds a club's waivers changes by itself."""
    under = Law(law.packs, own)
    days = (law.next_change(BOUNDS, after=after), under.next_change(BOUNDS, after=after))
    return min((day for day in days if day is not None), default=None)


def _value(law: LawOnDate, key: str, untold: dict[str, str]) -> Any:
    try:
        return law[key].value
    except Unavailable as gone:
        untold[key] = gone.because
        return None
