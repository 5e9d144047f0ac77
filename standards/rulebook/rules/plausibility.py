"""Plausibility: what was measured of statements on the path, against thresholds that are data.

The checks are pure and belong to the ledger (`traceability.ledger.plausibility`): they measure,
and know no threshold. Here each is a rule, so that a club's policy can require it, with thresholds
of its own. A doubt falls on a statement, so a finding names the statements and their authors, who
may answer; it is no accusation, and says which honest reasons there may be.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from standards.rulebook.composition import abridged
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import (
    Finding,
    Measured,
    Outcome,
    SiteLine,
    StatementLine,
    at_least,
    at_most,
    conforms,
    indeterminate,
    nonconforming,
    not_applicable,
    percent_text,
)
from standards.rulebook.law import LawOnDate, Provision
from standards.rulebook.parts import parts_of
from standards.rulebook.remembering import remembered
from standards.rulebook.rule import Rule
from traceability.ledger.plausibility import CHECKS
from traceability.ledger.plausibility.check import Check
from traceability.ledger.plausibility.view import Observation

MOST_STATEMENTS = 50
"""How many statements a finding names; the sentence says how many more there are."""
PRODUCTION = {"Co": "co", "Cu": "cu", "graphite": "graphite", "Li": "li", "Mn": "mn", "Ni": "ni"}
"""Elements for which a parameter holds what countries produce."""

_SOURCE = "Soft check of this ledger (docs/plausibility.md)"
_RANK = {Outcome.CONFORMS: 0, Outcome.INDETERMINATE: 1, Outcome.NONCONFORMING: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limit:
    """What an observation is compared with: a threshold, or why there is none.

    `told` ends the sentence; `spares` says that there are too few cases to say anything.
    """

    threshold: Fraction = Fraction(0)
    told: str = ""
    spares: bool = False
    missing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limits:
    """What observations are compared with, and the parameters that say so, which tell it apart."""

    of: Callable[[Observation], _Limit]
    read: tuple[Provision, ...] = ()


Limits = Callable[[Dossier, LawOnDate], _Limits]


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """An observation with what comes of comparing it.

    `weight` is by what the deciding statement is chosen: failed before open, then how far.
    """

    one: Observation
    outcome: Outcome
    weight: tuple[int, Fraction]
    measured: Measured | None
    told: str  # the threshold, in words
    missing: tuple[str, ...] = ()

    @cached_property
    def line(self) -> StatementLine:
        """Return the fact, and the threshold it was compared with: few are ever written out."""
        one = self.one
        return StatementLine(
            entry=one.entry,
            author=one.author,
            outcome=self.outcome,
            because=f"{one.sentence}; {self.told}" if self.told else one.sentence,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Summed:
    """What one check found on a part of a path: the doubts, worst first, and what is fine.

    Args:
        entries: of all statements it looked at.
        farthest: of the figures that were compared, the one that went farthest.
        at_sites: by facility, the worst doubt.
    """

    entries: frozenset[str]
    doubted: Sequence[_Judged]
    at_sites: Sequence[_Judged]
    farthest: _Judged | None


# ── from observations to a finding ────────────────────────────────────────────────────────


def _finding(check: Check, limits: Limits, dossier: Dossier, law: LawOnDate) -> Finding:
    told = dossier.observations.get(check.id, ())
    if not told:
        return not_applicable(f"no statement on the path is one of these: {check.concerns}")
    limit = limits(dossier, law)
    # What is said of a statement is the same for every lot whose path it is on, and every club.
    question = (check.id, dossier.mineral, *map(id, limit.read))
    found = [
        part.recalled(question, lambda one: (_summed(check, one, limit), limit))[0]
        for part in parts_of(told)
    ]
    worst_first = _merged([one.doubted for one in found])
    if not worst_first:
        return _fine(check, found)
    decisive = worst_first[0]
    others = len(worst_first)
    if decisive.outcome is not worst_first[-1].outcome:
        others = next(n for n, one in enumerate(worst_first) if one.outcome is not decisive.outcome)
    alike = worst_first[:others]
    because = _sentence(decisive, alike)
    details = {
        "measured": decisive.measured,
        "evidence": [
            entry for one in alike[:MOST_STATEMENTS] for entry in (one.one.entry, *one.one.evidence)
        ],
        "statements": tuple(dict.fromkeys(one.line for one in worst_first[:MOST_STATEMENTS])),
        "lines": _lines(_merged([one.at_sites for one in found]), dossier),
    }
    if decisive.outcome is Outcome.INDETERMINATE:
        missing = abridged([name for one in alike for name in one.missing])
        return indeterminate(because, missing=missing, **details)
    notices = (f"honest reasons may be: {check.explanations}",)
    return nonconforming(because, notices=notices, **details)


def _summed(check: Check, told: Sequence[Observation], limits: _Limits) -> _Summed:
    """Judge a part of a path. Nearly all of it is of no interest: what is fine is only counted."""
    doubted = []
    farthest: Observation | None = None
    counts = check.counts_others or check.comparison in ("never", "outside_hours")
    for one in told:
        limit = limits.of(one)
        if not _is_fine(check, one, limit):
            doubted.append(_judge(check, one, limit))
        elif not (doubted or counts or one.worst is None or limit.spares):
            farthest = _farther(check, one, farthest)
    doubted.sort(key=lambda one: one.weight, reverse=True)
    at_sites = {one.one.facility: one for one in reversed(doubted)}
    return _Summed(
        entries=frozenset(one.entry for one in told),
        doubted=doubted,
        at_sites=[one for one in doubted if at_sites[one.one.facility] is one],
        farthest=_judge(check, farthest, limits.of(farthest)) if farthest else None,
    )


def _farther(check: Check, one: Observation, than: Observation | None) -> Observation:
    """Return which of two figures went farther; the earlier one if neither did."""
    if than is None or one.worst is None or than.worst is None:
        return one
    is_farther = (
        one.worst < than.worst if check.comparison == "at_least" else one.worst > than.worst
    )
    return one if is_farther else than


def _merged(parts: Sequence[Sequence[_Judged]]) -> Sequence[_Judged]:
    """Merge doubts of parts, worst first; where they are alike, those of the earlier part."""
    told = [part for part in parts if part]
    if len(told) < 2:
        return told[0] if told else ()
    *shorter, merged = told
    merged = list(merged)
    for part in reversed(shorter):
        for one in reversed(part):
            place = bisect_left(merged, 1, key=lambda other: other.weight <= one.weight)
            merged.insert(place, one)
    return merged


def _is_fine(check: Check, one: Observation, limit: _Limit) -> bool:
    """Tell whether an observation gives no reason to doubt, at worst."""
    if one.worst is None:
        return not one.missing
    if check.comparison == "never":
        return not one.worst
    if limit.missing:
        return False
    if check.comparison == "outside_hours":
        return not limit.threshold
    if check.comparison == "at_least":
        return one.worst >= limit.threshold
    return limit.spares or one.worst <= limit.threshold


def _fine(check: Check, found: Sequence[_Summed]) -> Finding:
    """Conform, with the figure that went farthest, unless it counts what others did too."""
    many = len(frozenset[str]().union(*(one.entries for one in found)))
    because = f"none of {many} statements gives reason to doubt: {check.concerns}"
    figures = [one.farthest for one in found if one.farthest is not None]
    if not figures:
        return conforms(because)
    extreme = min if check.comparison == "at_least" else max
    farthest = extreme(figures, key=lambda one: one.one.worst or Fraction(0))
    return conforms(because, measured=farthest.measured)


def _judge(check: Check, one: Observation, limit: _Limit) -> _Judged:
    outcome, measured, told, missing = _compared(check, one, limit)
    return _Judged(
        one=one,
        outcome=outcome,
        weight=(_RANK[outcome], -measured.margin if measured else Fraction(0)),
        measured=measured,
        told=told,
        missing=missing,
    )


def _compared(
    check: Check, one: Observation, limit: _Limit
) -> tuple[Outcome, Measured | None, str, tuple[str, ...]]:
    """Return what comes of comparing: the figures, the threshold in words, and what is missing."""
    if limit.missing or one.worst is None or one.best is None:
        missing = (limit.missing,) if limit.missing else one.missing
        return Outcome.INDETERMINATE, None, "", missing
    if check.comparison in ("never", "outside_hours"):
        return Outcome.NONCONFORMING, None, limit.told, ()
    compare = at_least if check.comparison == "at_least" else at_most
    measured = compare(one.worst, one.best, limit.threshold, check.unit)
    missing = one.missing if measured.outcome is Outcome.INDETERMINATE else ()
    return measured.outcome, measured, limit.told, missing


def _sentence(decisive: _Judged, alike: Sequence[_Judged]) -> str:
    """Say the fact, the threshold, the entry, and how many more statements are like it."""
    others = len({one.one.entry for one in alike}) - 1
    more = f", and {others} more statements on the path" if others else ""
    return f"{decisive.line.because} (entry {decisive.one.entry}){more}"


def _lines(worst_first: Sequence[_Judged], dossier: Dossier) -> tuple[SiteLine, ...]:
    """Return a line per site that worked the metal, with the worst that is said of it."""
    total, worked = remembered(dossier, "metal worked by site", _worked)
    told: dict[str, _Judged] = {}
    for one in worst_first:
        if one.one.facility in worked:
            told.setdefault(one.one.facility or "", one)
    return tuple(
        SiteLine(
            facility_id=name,
            share=min(Fraction(1), Fraction(worked[name], total)),
            outcome=one.outcome,
            because=one.line.because,
        )
        for name, one in told.items()
    )


def _worked(dossier: Dossier) -> tuple[int, dict[str, int]]:
    """Return the metal of all sources, and by site how much of it passed there."""
    worked: dict[str, int] = {}
    passed = [(one.facility_id, one.mg) for one in dossier.sources]
    for name, mg in (*passed, *((one.facility_id, one.mg) for one in dossier.steps)):
        if name is not None:
            worked[name] = max(worked.get(name, 0), mg)
    return max(1, sum(source.mg for source in dossier.sources)), worked


# ── thresholds ────────────────────────────────────────────────────────────────────────────


def _never(_dossier: Dossier, _law: LawOnDate) -> _Limits:
    return _Limits(of=lambda _one: _Limit())


def _one_value(key: str, words: str) -> Limits:
    """Return a limit that is the value of one parameter."""

    def limits(_dossier: Dossier, law: LawOnDate) -> _Limits:
        provision = law[f"plausibility.{key}"]
        value = provision.value
        limit = _Limit(threshold=Fraction(value), told=words.format(value))
        return _Limits(of=lambda _one: limit, read=(provision,))

    return limits


def _one_share(key: str, words: str) -> Limits:
    """Return a limit that is the share of one parameter, said in percent."""

    def limits(_dossier: Dossier, law: LawOnDate) -> _Limits:
        provision = law[f"plausibility.{key}"]
        share = Fraction(provision.value)
        limit = _Limit(threshold=share, told=words.format(percent_text(share)))
        return _Limits(of=lambda _one: limit, read=(provision,))

    return limits


def _share_of_cases(key: str) -> Limits:
    """Return a limit on a share that speaks only from a number of cases on."""

    def limits(_dossier: Dossier, law: LawOnDate) -> _Limits:
        read = law[f"plausibility.{key}_share"], law[f"plausibility.{key}_least"]
        share, least = read[0].share, int(read[1].value)
        told = f"at most {percent_text(share)} is plausible from {least} on"
        few, enough = _Limit(threshold=share, spares=True), _Limit(threshold=share, told=told)
        return _Limits(of=lambda one: few if one.cases < least else enough, read=read)

    return limits


def _production(dossier: Dossier, law: LawOnDate) -> _Limits:
    """Return the limit that a country's last known production sets."""
    name = PRODUCTION.get(dossier.mineral)
    if name is None:
        lacking = _Limit(missing=f"annual production of {dossier.mineral} by country")
        return _Limits(of=lambda _one: lacking)
    read = law[f"plausibility.production_{name}"], law["plausibility.production_share"]
    provision, share = read[0], Fraction(read[1].value)

    def limit(one: Observation) -> _Limit:
        country, _, year = one.against.partition(" ")
        known = [row for row in provision.value if row["country"] == country]
        known = [row for row in known if row["year"] <= int(year)]
        if not known:
            missing = f"annual production of {dossier.mineral} in {country} up to {year}"
            return _Limit(missing=missing)
        row = max(known, key=lambda told: int(told["year"]))
        told = f"the country produced {row['tonnes']} t in {row['year']}"
        if share != 1:
            told = f"{told}, of which {percent_text(share)} is plausible"
        return _Limit(threshold=Fraction(row["tonnes"]) * share * 10**9, told=told)

    return _Limits(of=limit, read=read)


def _speed(_dossier: Dossier, law: LawOnDate) -> _Limits:
    """Return the limit of the mode of transport that was stated, else of any other."""
    provision = law["plausibility.fastest_kmh"]
    fastest = provision.value

    def limit(one: Observation) -> _Limit:
        mode = one.against if one.against in fastest else "other"
        if mode not in fastest:
            return _Limit(missing=f"fastest speed of transport by {one.against}")
        told = f"at most {fastest[mode]} km/h is plausible"
        return _Limit(threshold=Fraction(fastest[mode]), told=told)

    return _Limits(of=limit, read=(provision,))


def _night(_dossier: Dossier, law: LawOnDate) -> _Limits:
    """Return a limit that is above zero within the hours of night."""
    provision = law["plausibility.night"]
    hours = provision.value
    first, last = (_minutes(hours[end]) for end in ("from", "until"))
    told = f"night is from {hours['from']} to {hours['until']}"

    def limit(one: Observation) -> _Limit:
        minute = one.worst if one.worst is not None else Fraction(-1)
        inside = first <= minute <= last if first <= last else minute >= first or minute <= last
        return _Limit(threshold=Fraction(int(inside)), told=told)

    return _Limits(of=limit, read=(provision,))


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


# ── the rules ─────────────────────────────────────────────────────────────────────────────

_LIMITS: dict[str, tuple[Limits, tuple[str, ...]]] = {
    "PL-01": (
        _one_share("recovery_margin", "{} beyond the range is plausible"),
        ("recovery_margin",),
    ),
    "PL-02": (_one_share("nameplate_year", "at most {} is plausible"), ("nameplate_year",)),
    "PL-03": (_one_share("nameplate_month", "at most {} is plausible"), ("nameplate_month",)),
    "PL-04": (
        _production,
        ("production_share", *(f"production_{name}" for name in PRODUCTION.values())),
    ),
    "PL-05": (_speed, ("fastest_kmh",)),
    "PL-06": (_one_value("stated_within", "at most {} days are plausible"), ("stated_within",)),
    "PL-07": (_one_value("seal_rest", "at least {} days are plausible"), ("seal_rest",)),
    "PL-08": (
        _share_of_cases("repeated_weights"),
        ("repeated_weights_share", "repeated_weights_least"),
    ),
    "PL-09": (_night, ("night",)),
    "PL-10": (_share_of_cases("round_weights"), ("round_weights_share", "round_weights_least")),
    "PL-11": (_never, ()),
    "PL-12": (_never, ()),
    "PL-13": (_one_share("weight_gain", "at most {} is plausible"), ("weight_gain",)),
    "PL-14": (_one_share("assay_gap", "at most {} is plausible"), ("assay_gap",)),
    "PL-15": (_never, ()),
    "PL-16": (_never, ()),
    "PL-17": (_one_value("ghost_signs", "at most {} are plausible"), ("ghost_signs",)),
    "PL-18": (_one_share("blend_gap", "a gap of at most {} is plausible"), ("blend_gap",)),
}
"""By check: what it is compared with, and the parameters of this pack that say so."""


def _rule_of(check: Check) -> Rule:
    limits, keys = _LIMITS[check.id]

    def applied(dossier: Dossier, law: LawOnDate) -> Finding:
        """Compare what the check measured on the path with its thresholds."""
        return _finding(check, limits, dossier, law)

    return Rule(
        id=check.id,
        title=check.title,
        source=_SOURCE,
        governed_by="as_of",
        reads=tuple(f"plausibility.{key}" for key in keys),
        aliases=(),
        burden_on_claimant=False,
        check=applied,
    )


PLAUSIBILITY: tuple[Rule, ...] = tuple(_rule_of(check) for check in CHECKS)
"""One rule for each check, under the id of the check."""
