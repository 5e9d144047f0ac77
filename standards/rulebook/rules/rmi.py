"""The Responsible Minerals Initiative: what its list of assessed smelters and refiners says.

*Conformant* is a result about a refiner's due-diligence system and looks back; *active* is a
commitment. Neither says where a lot comes from, nor anything of environment or labour there.
"""

from collections.abc import Callable
from datetime import date

from standards.rulebook.claims import PHYSICAL_CODES, LotClaim, about, claims_on, judged_claims
from standards.rulebook.composition import unmeasurable
from standards.rulebook.credential import Listing
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import Finding, not_applicable
from standards.rulebook.law import LawOnDate
from standards.rulebook.months import after_months
from standards.rulebook.path import Visit, surveyed
from standards.rulebook.registers import (
    Entry,
    copies,
    entries_of,
    last_copy,
    may_be_unmatched,
    name_of,
    word,
)
from standards.rulebook.rule import rule
from standards.rulebook.schemes import RMI
from standards.rulebook.sites import CheckedSite, finding_about_sites, threshold, told_or_open
from standards.rulebook.standing import (
    Standing,
    best,
    cannot_tell,
    fails,
    holds,
    listed,
    worst,
)

USUAL = (
    "rmi.assessed_stages",
    "rmi.metals",
    "rmi.minimum_share",
    "rmi.register_max_age",
    "rmi.time_rule",
)
"""What every rule about smelters and refiners on the list reads."""
_AskEntry = Callable[[Visit, Entry], Standing]


def _about_sites(
    dossier: Dossier, law: LawOnDate, words: str, ask: Callable[[Visit], Standing]
) -> Finding:
    """Ask about each smelter or refiner of a metal for which the list has facilities."""
    metals = law["rmi.metals"]
    if dossier.mineral not in metals.value:
        because = f"the RMI has no list of facilities for {dossier.mineral}"
        return not_applicable(because, metals)
    if (answer := unmeasurable(dossier)) is not None:
        return answer
    survey = surveyed(dossier, law, RMI)
    if not survey.visits and survey.untold_mg == 0:
        stages = law["rmi.assessed_stages"]
        because = f"no {' or '.join(stages.value)} took place on the path"
        return not_applicable(because, metals, stages)
    return finding_about_sites(
        [
            CheckedSite(
                facility_id=visit.facility_id,
                stage=visit.stage,
                mg=visit.mg,
                standing=visit.decided or ask(visit),
            )
            for visit in survey.visits
        ],
        total_mg=survey.total_mg,
        untold_mg=survey.untold_mg,
        minimum=threshold(law, "rmi.minimum_share"),
        mineral=dossier.mineral,
        words=words,
        missing=survey.missing,
        notices=survey.notices,
    )


def _of_entries(dossier: Dossier, law: LawOnDate, ask: _AskEntry) -> Callable[[Visit], Standing]:
    """Return what to ask of a visit: its rows on the list, as of the day it is judged on."""

    def asked(visit: Visit) -> Standing:
        found = entries_of(
            dossier, law, RMI, visit.facility_id or "", visit.judged_on, site=visit.site
        )
        if isinstance(found, Standing):
            return found
        return worst(ask(visit, one) if one.rows else _absent(visit, one) for one in found)

    return asked


def _absent(visit: Visit, found: Entry) -> Standing:
    register = name_of(RMI, found.register)
    if may_be_unmatched(found.register, visit.country):
        because = f"{visit.site}: rows of the {register} are not matched with sites; one may be it"
        missing = f"match of the rows of the {register} with sites"
        return cannot_tell(because, found.register.entry, missing=missing)
    return fails(f"{visit.site}: not on the {register}", found.register.entry)


def _of_metal(rows: tuple[Listing, ...], mineral: str) -> tuple[Listing, ...]:
    """Return the rows for a metal, else those that may be for it, else all of them."""
    own = tuple(one for one in rows if mineral in (one.materials or ()))
    return own or tuple(one for one in rows if one.materials is None) or rows


# ── RMI-01, RMI-02 ────────────────────────────────────────────────────────────────────────


@rule(
    id="RMI-01",
    title="Smelters and refiners were conformant on the RMI facility list when they worked it",
    source="RMI facility lists: conformant, active, eligible, cross-recognized are apart",
    governed_by="as_of",
    reads=(*USUAL, "rmi.accepted_statuses", "rmi.statuses"),
)
def smelters_and_refiners_were_conformant(dossier: Dossier, law: LawOnDate) -> Finding:
    """The status that the list showed on the day the site worked the metal is accepted.

    *Active* is committed and scheduled, *eligible* says that a site can be assessed: neither is
    a result. Whether a recognized audit of another scheme counts is the club's to say.
    """

    def ask(visit: Visit, found: Entry) -> Standing:
        rows = _of_metal(found.rows, dossier.mineral)
        return best(_status(law, visit, found, row) for row in rows)

    words = "was worked by sites with an accepted status on the RMI facility list"
    return _about_sites(dossier, law, words, _of_entries(dossier, law, ask))


def _status(law: LawOnDate, visit: Visit, found: Entry, row: Listing) -> Standing:
    register, status = name_of(RMI, found.register), word(row.status)
    known = law["rmi.statuses"].value
    if status not in known:
        told = f'"{row.status}"' if row.status else "without a status"
        because = f"{visit.site}: it stands {told} on the {register}, which no rule can read"
        missing = f"status of {visit.site} on the {register}"
        return cannot_tell(because, found.register.entry, missing=missing)
    accepted = law["rmi.accepted_statuses"].value
    words = status.replace("_", "-")
    if status not in accepted:
        because = f"{visit.site}: {words} on the {register} ({known[status]})"
        because = f"{because}; {listed(accepted)} is accepted"
        return fails(because, found.register.entry)
    return holds(f"{visit.site}: {words} on the {register}", found.register.entry)


@rule(
    id="RMI-02",
    title="Smelters and refiners are on the RMI facility list for this very metal",
    source="RMI facility lists: one list per metal",
    governed_by="as_of",
    reads=USUAL,
)
def smelters_and_refiners_are_listed_for_this_metal(dossier: Dossier, law: LawOnDate) -> Finding:
    """A site that is on the list for another metal only says nothing of this one."""

    def ask(visit: Visit, found: Entry) -> Standing:
        return _metal(visit, found, dossier.mineral)

    words = "was worked by sites on the RMI facility list for this metal"
    return _about_sites(dossier, law, words, _of_entries(dossier, law, ask))


def _metal(visit: Visit, found: Entry, mineral: str) -> Standing:
    register = name_of(RMI, found.register)
    coded = [one.materials for one in found.rows if one.materials is not None]
    if any(mineral in metals for metals in coded):
        return holds(f"{visit.site}: on the {register} for {mineral}", found.register.entry)
    if len(coded) < len(found.rows):
        because = f"{visit.site}: for which metal it is on the {register} is not coded"
        missing = f"metal for which {visit.site} is on the {register}"
        return cannot_tell(because, found.register.entry, missing=missing)
    others = listed(sorted({metal for metals in coded for metal in metals}))
    because = f"{visit.site}: on the {register} for {others} only, not for {mineral}"
    return fails(because, found.register.entry)


# ── RMI-03 ────────────────────────────────────────────────────────────────────────────────


@rule(
    id="RMI-03",
    title="The next assessment of smelters and refiners is not overdue",
    source="RMI, FAQ on audit frequency: from the last assessment to the next planned one",
    governed_by="as_of",
    reads=(*USUAL, "rmi.cycle_months"),
)
def the_next_assessment_is_not_overdue(dossier: Dossier, law: LawOnDate) -> Finding:
    """The day planned for the next assessment is no expiry; removal from the list fails.

    While the list goes on showing a site after the planned day, it cannot be told.
    """

    def ask(visit: Visit) -> Standing:
        return _cycle(dossier, law, visit)

    words = "was worked by sites whose next assessment is not overdue"
    return _about_sites(dossier, law, words, ask)


def _cycle(dossier: Dossier, law: LawOnDate, visit: Visit) -> Standing:
    day, site = dossier.as_of, visit.site
    last = last_copy(dossier, law, RMI, day, about=site)
    if isinstance(last, Standing):
        return last
    subject, register = visit.facility_id, name_of(RMI, last)
    rows = tuple(row for row in last.rows if row.subject_id == subject and row.covers(day))
    if not rows:
        return _gone(dossier, visit, Entry(register=last, rows=()))
    planned = [_planned_on(law, row) for row in _of_metal(rows, dossier.mineral)]
    days = [one for one in planned if isinstance(one, date)]
    if not days:
        because = f"{site}: when it is to be assessed again is not told on the {register}"
        missing = f"day of the last or the next planned assessment of {site}"
        return cannot_tell(because, last.entry, missing=missing)
    due = max(days)
    if due < day:
        because = f"{site}: its next assessment was planned for {due}, and the {register} still"
        because = f"{because} shows it: the planned day is no expiry"
        missing = f"result of the assessment of {site} planned for {due}"
        return cannot_tell(because, last.entry, missing=missing)
    return holds(f"{site}: next assessment planned for {due}", last.entry)


def _gone(dossier: Dossier, visit: Visit, found: Entry) -> Standing:
    """Tell what it means that a site is not on the last copy of the list."""
    register = name_of(RMI, found.register)
    before = [
        one
        for one in copies(dossier, RMI, dossier.as_of)
        if any(row.subject_id == visit.facility_id for row in one.rows)
    ]
    if not found.register.complete:
        because = f"{visit.site}: the {register} is on file only in part, without it"
        missing = f"complete RMI facility list of {dossier.as_of}"
        return cannot_tell(because, found.register.entry, missing=missing)
    if not before:
        return _absent(visit, found)
    was = name_of(RMI, before[0])
    because = f"{visit.site}: on the {was}, and no longer on the {register}"
    return fails(because, before[0].entry, found.register.entry)


def _planned_on(law: LawOnDate, row: Listing) -> date | None:
    """Return the day planned for the next assessment: as told, or by the cycle of its programme."""
    if row.next_action_on is not None or row.assessed_on is None:
        return row.next_action_on
    cycles = told_or_open(law, "rmi.cycle_months")
    months = None if isinstance(cycles, Standing) else cycles.value.get(word(row.level))
    return None if months is None else after_months(row.assessed_on, months)


# ── RMI-09 ────────────────────────────────────────────────────────────────────────────────


@rule(
    id="RMI-09",
    title="Conformance is offered as evidence of due diligence, not of material or origin",
    source="RMI facility lists: not a material validation assessment",
    governed_by="as_of",
    reads=("rmi.claim_words",),
)
def conformance_is_offered_for_what_it_is(dossier: Dossier, law: LawOnDate) -> Finding:
    """A claim under the RMI says that a due-diligence system was assessed, and no more."""
    allowed = law["rmi.claim_words"]

    def judge(claim: LotClaim) -> Standing:
        if claim.code in PHYSICAL_CODES or claim.code == "recycled":
            because = f"{about(claim)} is about the material; conformance is about due diligence"
            return fails(because, claim.entry)
        if claim.says is None:
            because = f"{about(claim)}: nobody has coded what it says"
            return cannot_tell(
                because, claim.entry, missing=f"coding of the wording of claim {claim.id}"
            )
        more = [one for one in claim.says if one not in allowed.value]
        if more:
            because = f"{about(claim)} says {listed(more)}; conformance shows due diligence only"
            return fails(because, claim.entry)
        return holds(f"{about(claim)} speaks of due diligence", claim.entry)

    return judged_claims(claims_on(dossier, RMI), RMI, judge, allowed)
