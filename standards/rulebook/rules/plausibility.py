"""Plausibility: what was measured of statements on the path, against thresholds that are data.

The checks are pure and belong to the ledger (`traceability.ledger.plausibility`): they measure,
and know no threshold. Here each is a rule, so that a club's policy can require it, with thresholds
of its own. A doubt falls on a statement, so a finding names the statements and their authors, who
may answer; it is no accusation, and says which honest reasons there may be.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction

from msgspec.structs import replace

from standards.rulebook.dossier import Dossier
from standards.rulebook.doubting import (
    Alike,
    Judged,
    Limit,
    Limits,
    Summed,
    doubts,
    merged,
    named_missing,
)
from standards.rulebook.findings import (
    Finding,
    Outcome,
    SiteLine,
    conforms,
    indeterminate,
    nonconforming,
    not_applicable,
    percent_text,
)
from standards.rulebook.law import LawOnDate, Unavailable, value_of
from standards.rulebook.parts import Parted, parted
from standards.rulebook.remembering import remembered
from standards.rulebook.rule import Rule
from traceability.ledger.plausibility import CHECKS
from traceability.ledger.plausibility.check import Check
from traceability.ledger.plausibility.journeys import BACKDATED, CLOSED
from traceability.ledger.plausibility.view import Observation

MOST_STATEMENTS = 50
"""How many statements a finding names; the sentence says how many more there are."""
PRODUCTION = {"Co": "co", "Cu": "cu", "graphite": "graphite", "Li": "li", "Mn": "mn", "Ni": "ni"}
"""Elements for which a parameter holds what countries produce."""

_SetLimits = Callable[[Dossier, LawOnDate], Limits]
_SOURCE = "Soft check of this ledger (docs/plausibility.md)"


# ── from observations to a finding ────────────────────────────────────────────────────────


def _finding(check: Check, limits: _SetLimits, dossier: Dossier, law: LawOnDate) -> Finding:
    told = dossier.observed(check.id)
    if not told:
        return not_applicable(f"no statement on the path is one of these: {check.concerns}")
    # What is said of statements is the same for every lot whose path they are on, and every club.
    finding, at_sites = _said(check, parted(told), dossier.mineral, limits(dossier, law))
    return replace(finding, lines=_lines(at_sites, dossier)) if at_sites else finding


def _said(
    check: Check, told: Parted[Observation], mineral: str, limit: Limits
) -> tuple[Finding, Sequence[Judged]]:
    """Return what is said of the statements on a path, and the worst doubt at each site."""
    question = (check.id, mineral, *map(id, limit.read))
    found = told.recalled(question, lambda one: (_concluded(check, one, mineral, limit), limit))
    return found[0]


def _concluded(
    check: Check, told: Parted[Observation], mineral: str, limit: Limits
) -> tuple[Finding, Sequence[Judged]]:
    found = [doubts(check, part, mineral, limit) for part in told.parts]
    worst_first = merged(one.doubted[:MOST_STATEMENTS] for one in found)[:MOST_STATEMENTS]
    if not worst_first:
        return _fine(check, found), ()
    decisive = worst_first[0]
    alike = [one.alike(decisive.outcome) for one in found]
    details = {
        "measured": decisive.measured,
        "evidence": [
            entry
            for one in worst_first
            if one.outcome is decisive.outcome
            for entry in (one.one.entry, *one.one.evidence)
        ],
        "statements": tuple(dict.fromkeys(one.line for one in worst_first)),
    }
    because = _sentence(decisive, alike)
    at_sites = merged(one.at_sites for one in found)
    if decisive.outcome is Outcome.INDETERMINATE:
        return indeterminate(because, missing=named_missing(alike), **details), at_sites
    notices = (f"honest reasons may be: {check.explanations}",)
    return nonconforming(because, notices=notices, **details), at_sites


def _fine(check: Check, found: Sequence[Summed]) -> Finding:
    """Conform, with the figure that went farthest, unless it counts what others did too."""
    many = len(frozenset[str]().union(*(one.entries for one in found)))
    because = f"none of {many} statements gives reason to doubt: {check.concerns}"
    figures = [one.farthest for one in found if one.farthest is not None]
    if not figures:
        return conforms(because)
    extreme = min if check.comparison == "at_least" else max
    farthest = extreme(figures, key=lambda one: one.one.worst or Fraction(0))
    return conforms(because, measured=farthest.measured)


def _sentence(decisive: Judged, alike: Sequence[Alike]) -> str:
    """Say the fact, the threshold, of which lot, and how many more statements are like it."""
    others = len(frozenset[str]().union(*(one.entries for one in alike))) - 1
    words = "statement" if others == 1 else "statements"
    more = f", and {others} more {words} on the path" if others else ""
    return f"{decisive.line.because} (lot {decisive.one.lot}){more}"


def _lines(worst_first: Sequence[Judged], dossier: Dossier) -> tuple[SiteLine, ...]:
    """Return a line per site that worked the metal, with the worst that is said of it."""
    total, worked = remembered(dossier, "metal worked by site", _worked)
    told: dict[str, Judged] = {}
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


def _never(_dossier: Dossier, _law: LawOnDate) -> Limits:
    return Limits(of=lambda _one: Limit())


def _one_value(key: str, words: str) -> _SetLimits:
    """Return a limit that is the value of one parameter."""

    def limits(_dossier: Dossier, law: LawOnDate) -> Limits:
        provision = law[f"plausibility.{key}"]
        value = provision.value
        limit = Limit(threshold=Fraction(value), told=words.format(value))
        return Limits(of=lambda _one: limit, read=(provision,))

    return limits


def _one_share(key: str, words: str) -> _SetLimits:
    """Return a limit that is the share of one parameter, said in percent."""

    def limits(_dossier: Dossier, law: LawOnDate) -> Limits:
        provision = law[f"plausibility.{key}"]
        share = Fraction(provision.value)
        limit = Limit(threshold=share, told=words.format(percent_text(share)))
        return Limits(of=lambda _one: limit, read=(provision,))

    return limits


def _share_of_cases(key: str) -> _SetLimits:
    """Return a limit on a share that speaks only from a number of cases on."""

    def limits(_dossier: Dossier, law: LawOnDate) -> Limits:
        read = law[f"plausibility.{key}_share"], law[f"plausibility.{key}_least"]
        share, least = read[0].share, int(read[1].value)
        told = f"at most {percent_text(share)} is plausible from {least} on"
        few, enough = Limit(threshold=share, spares=True), Limit(threshold=share, told=told)
        return Limits(of=lambda one: few if one.cases < least else enough, read=read)

    return limits


def _production(dossier: Dossier, law: LawOnDate) -> Limits:
    """Return the limit that a country's last known production sets."""
    name = PRODUCTION.get(dossier.mineral)
    if name is None:
        lacking = Limit(missing=f"annual production of {dossier.mineral} by country")
        return Limits(of=lambda _one: lacking)
    read = law[f"plausibility.production_{name}"], law["plausibility.production_share"]
    provision, share = read[0], Fraction(read[1].value)

    def limit(one: Observation) -> Limit:
        country, _, year = one.against.partition(" ")
        known = [row for row in provision.value if row["country"] == country]
        known = [row for row in known if row["year"] <= int(year)]
        if not known:
            missing = f"annual production of {dossier.mineral} in {country} up to {year}"
            return Limit(missing=missing)
        row = max(known, key=lambda told: int(told["year"]))
        told = f"the country produced {row['tonnes']} t in {row['year']}"
        if share != 1:
            told = f"{told}, of which {percent_text(share)} is plausible"
        return Limit(threshold=Fraction(row["tonnes"]) * share * 10**9, told=told)

    return Limits(of=limit, read=read)


def _speed(_dossier: Dossier, law: LawOnDate) -> Limits:
    """Return the limit of the mode of transport that was stated, else of any other."""
    provision = law["plausibility.fastest_kmh"]
    fastest = provision.value

    def limit(one: Observation) -> Limit:
        mode = one.against if one.against in fastest else "other"
        if mode not in fastest:
            return Limit(missing=f"fastest speed of transport by {one.against}")
        told = f"at most {fastest[mode]} km/h is plausible"
        return Limit(threshold=Fraction(fastest[mode]), told=told)

    return Limits(of=limit, read=(provision,))


def _stated(dossier: Dossier, law: LawOnDate) -> Limits:
    """Return the days within which things are stated; none where the books were closed."""
    try:
        open_books = _one_value("stated_within", "at most {} days are plausible")(dossier, law)
    except Unavailable:
        if all(one.against != CLOSED for one in dossier.observed(BACKDATED.id)):
            raise
        lacking = Limit(missing=value_of("plausibility.stated_within"))
        open_books = Limits(of=lambda _one: lacking)
    closed = Limit(told="nothing is plausible that comes after a close", is_gravest=True)

    def limit(one: Observation) -> Limit:
        return closed if one.against == CLOSED else open_books.of(one)

    return Limits(of=limit, read=open_books.read)


def _night(_dossier: Dossier, law: LawOnDate) -> Limits:
    """Return a limit that is above zero within the hours of night."""
    provision = law["plausibility.night"]
    hours = provision.value
    first, last = (_minutes(hours[end]) for end in ("from", "until"))
    told = f"night is from {hours['from']} to {hours['until']}"

    def limit(one: Observation) -> Limit:
        minute = one.worst if one.worst is not None else Fraction(-1)
        inside = first <= minute <= last if first <= last else minute >= first or minute <= last
        return Limit(threshold=Fraction(int(inside)), told=told)

    return Limits(of=limit, read=(provision,))


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


# ── the rules ─────────────────────────────────────────────────────────────────────────────

_LIMITS: dict[str, tuple[_SetLimits, tuple[str, ...]]] = {
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
    "PL-06": (_stated, ("stated_within",)),
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
