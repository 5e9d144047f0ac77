"""A club's own policy: tiers by mineral and stage, equivalences, grace, blends, how it was made.

None of this has an official basis: values are the club's dated decisions, and the findings cite
them. What other schemes officially recognize are facts apart, shown beside a club's equivalence.
"""

from collections.abc import Callable

from msgspec.structs import replace

from standards.rulebook.claims import least_favorable
from standards.rulebook.credential import Credential
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import (
    Finding,
    Outcome,
    conforms,
    nonconforming,
    not_applicable,
)
from standards.rulebook.law import LawOnDate
from standards.rulebook.path import Visit
from standards.rulebook.rule import rule
from standards.rulebook.rules.entity_lists import nobody_on_the_path_is_on_a_list
from standards.rulebook.rules.oecd import nobody_commits_the_gravest_abuses
from standards.rulebook.schemes import SCHEMES
from standards.rulebook.sites import CheckedSite, finding_about_sites, threshold, told_or_open
from standards.rulebook.standing import (
    RANK,
    Standing,
    cannot_tell,
    fails,
    holds,
    renews_in_time,
)
from standards.rulebook.tiered import Tiered, tiered
from standards.rulebook.tiers import EQUIVALENT, Evidence, Reached, is_negative, refusal

BEHIND_A_LEVEL = ("performance_standards", "standards")
TIERS = (
    "policy.equivalences",
    "policy.minimum_tiers",
    "policy.minimum_share",
    "policy.tiers",
    "policy.time_rule",
    "rmi.register_max_age",
    *sorted(one.key(name) for one in SCHEMES.values() for name in BEHIND_A_LEVEL),
)
"""What every rule about tiers reads."""
HARD_STOPS = (nobody_commits_the_gravest_abuses, nobody_on_the_path_is_on_a_list)
"""Rules that every part of a blended lot must pass, however small."""


def _of_sites(asked: Tiered, ask: Callable[[Visit], Standing | None], nothing: str) -> Finding:
    """Ask about each site once; None: it is not concerned, and where none is, nor is the lot."""
    told = [one for visit in asked.survey.visits if (one := ask(visit)) is not None]
    if not told:
        return not_applicable(nothing, asked.minimums)
    return least_favorable(told, asked.minimums, asked.tiers)


# ── POL-01, POL-07 ────────────────────────────────────────────────────────────────────────


def _about_tiers(dossier: Dossier, law: LawOnDate, minimum: str) -> Finding:
    asked = tiered(dossier, law)
    if isinstance(asked, Finding):
        return asked
    return finding_about_sites(
        [
            CheckedSite(
                facility_id=visit.facility_id,
                stage=visit.stage,
                mg=visit.mg,
                standing=asked.standing(visit),
            )
            for visit in asked.survey.visits
        ],
        total_mg=asked.survey.total_mg,
        untold_mg=asked.survey.untold_mg,
        minimum=threshold(law, minimum),
        mineral=dossier.mineral,
        words="comes from sites of the tiers that the policy asks for",
        missing=asked.survey.missing,
        notices=asked.survey.notices,
    )


@rule(
    id="POL-01",
    title="Sites reach the tier that the policy asks for of their mineral and stage",
    source="Club policy: a minimum tier by mineral and stage",
    governed_by="as_of",
    reads=TIERS,
)
def sites_reach_the_tier_of_their_stage(dossier: Dossier, law: LawOnDate) -> Finding:
    """By the best evidence about each site on the day it is judged on, or by one equivalence."""
    return _about_tiers(dossier, law, "policy.minimum_share")


@rule(
    id="POL-07",
    title="Enough of a blended lot is eligible, and no part of it meets a hard stop",
    source="Club policy: least eligible share of a blend",
    governed_by="as_of",
    reads=(
        *(key for key in TIERS if key != "policy.minimum_share"),
        "policy.minimum_eligible_share",
        *sorted({key for one in HARD_STOPS for key in one.reads}),
    ),
)
def enough_of_a_blend_is_eligible(dossier: Dossier, law: LawOnDate) -> Finding:
    """Shares add up by contained metal; the rest must still pass what nothing can waive."""
    share = _about_tiers(dossier, law, "policy.minimum_eligible_share")
    if share.outcome is Outcome.NOT_APPLICABLE:
        return share
    stops = [one(dossier, law) for one in HARD_STOPS]
    failed = [one for one in stops if one.outcome is Outcome.NONCONFORMING]
    if failed:
        because = f"part of the lot meets a hard stop: {failed[0].because}"
        return replace(share, outcome=Outcome.NONCONFORMING, because=because, missing=())
    unsure = [one for one in stops if one.outcome is Outcome.INDETERMINATE]
    if unsure and share.outcome is Outcome.CONFORMS:
        because = f"{share.because}; whether a hard stop is met is not known: {unsure[0].because}"
        return replace(
            share, outcome=Outcome.INDETERMINATE, because=because, missing=unsure[0].missing
        )
    return share


# ── POL-02, POL-03 ────────────────────────────────────────────────────────────────────────


@rule(
    id="POL-02",
    title="What is accepted as equivalent matches the club's decision in every respect",
    source="Club policy: equivalences, directional, of one version and stage, dated",
    governed_by="as_of",
    reads=(*(one for one in TIERS if one != "policy.minimum_share"), "recognitions.official"),
)
def equivalences_match_the_decision(dossier: Dossier, law: LawOnDate) -> Finding:
    """Sites that reach their tier by their own evidence need none and are not concerned."""
    asked = tiered(dossier, law)
    if isinstance(asked, Finding):
        return asked
    nothing = "no site on the path rests on an equivalence"
    return _of_sites(asked, lambda visit: _equivalent(asked, visit), nothing)


def _equivalent(asked: Tiered, visit: Visit) -> Standing | None:
    if not asked.falls_short(visit):
        return None
    told = asked.evidence(visit)
    matches = [
        one
        for one in asked.reached(visit)
        if one.by is not None and one.tier >= asked.minimum(visit)
    ]
    if matches:
        return _accepted(asked, visit, matches[0])
    refused = [
        (one, refusal(row, one, visit))
        for one in told
        for row in asked.equivalences
        if _would_help(asked, visit, row, one)
    ]
    if not refused:
        return None
    evidence, why = refused[0]
    if evidence.version is None and why is not None and why.endswith("not unknown"):
        missing = f"version of the standard behind {evidence.kind} of {visit.site}"
        return cannot_tell(f"{visit.site}: {why}", *evidence.standing.evidence, missing=missing)
    return fails(f"{visit.site}: {why}", *evidence.standing.evidence)


def _would_help(asked: Tiered, visit: Visit, row: EQUIVALENT, one: Evidence) -> bool:
    """Tell whether a row would carry a site to its tier, if it fitted, or were turned round."""
    sides = {row["accept"]: row["as"], row["as"]: row["accept"]}
    other = sides.get(one.kind, "")
    return int(asked.tiers.value.get(other, -1)) >= asked.minimum(visit)


def _accepted(asked: Tiered, visit: Visit, one: Reached) -> Standing:
    row = one.by or {}
    words = f"{row['accept']} accepted as {row['as']} until {row['until']}"
    because = f"{visit.site}: {words}, decided by {row['approver']}; dissent: {row['dissent']}"
    official = asked.law["recognitions.official"].value
    schemes = (row["as"].partition(" ")[0], row["accept"].partition(" ")[0])
    known = [fact for fact in official if (fact["by"], fact["of"]) == schemes]
    beside = f"no official recognition stands behind it: {words} is the club's own decision"
    if known:
        beside = f"{known[0]['by']} itself recognizes {known[0]['of']} for {known[0]['for']}"
    if one.evidence.standing.outcome is not Outcome.CONFORMS:
        return one.evidence.standing
    return holds(because, *one.evidence.standing.evidence, notices=(beside,))


@rule(
    id="POL-03",
    title="No equivalence rests on another",
    source="Club policy: equivalences are not transitive",
    governed_by="as_of",
    reads=tuple(one for one in TIERS if one != "policy.minimum_share"),
)
def no_equivalence_rests_on_another(dossier: Dossier, law: LawOnDate) -> Finding:
    """One hop from what is on file; what only a second would reach is not reached."""
    asked = tiered(dossier, law)
    if isinstance(asked, Finding):
        return asked
    nothing = "no site on the path rests on an equivalence"
    return _of_sites(asked, lambda visit: _hops(asked, visit), nothing)


def _hops(asked: Tiered, visit: Visit) -> Standing | None:
    if not asked.falls_short(visit):
        return None
    direct = [one for one in asked.reached(visit) if one.by is not None]
    if any(one.tier >= asked.minimum(visit) for one in direct):
        return holds(f"{visit.site}: accepted by one equivalence")
    for first in _first_hops(asked, visit):
        for second in asked.equivalences:
            stands_in = Evidence(kind=first["as"], version=second["version"], standing=holds(""))
            reaches = asked.tiers.value.get(second["as"], 0) >= asked.minimum(visit)
            if reaches and refusal(second, stands_in, visit) is None:
                chain = f"{first['accept']} as {first['as']}, and that as {second['as']}"
                return fails(f"{visit.site}: reached only by two equivalences: {chain}")
    return None


def _first_hops(asked: Tiered, visit: Visit) -> list[EQUIVALENT]:
    """Return the equivalences that carry what is on file about a site, whatever they reach."""
    return [
        row
        for one in asked.evidence(visit)
        for row in asked.equivalences
        if refusal(row, one, visit) is None
    ]


# ── POL-04 ────────────────────────────────────────────────────────────────────────────────


@rule(
    id="POL-04",
    title="Grace is given only to renewals whose on-site audit was over before the expiry",
    source="Club policy: grace for a renewal in process, never for a suspension",
    governed_by="as_of",
    reads=(*(one for one in TIERS if one != "policy.minimum_share"), "policy.grace_days"),
)
def grace_is_for_renewals_in_time(dossier: Dossier, law: LawOnDate) -> Finding:
    """Sites with a certificate in good standing are not concerned, nor are those without any.

    Within the days of grace this conforms, and the certificate itself still does not: the
    judgement is then GRACE.
    """
    asked = tiered(dossier, law)
    if isinstance(asked, Finding):
        return asked
    nothing = "no site on the path rests on a certificate that has run out"
    return _of_sites(asked, lambda visit: _grace(asked, visit), nothing)


def _grace(asked: Tiered, visit: Visit) -> Standing | None:
    found = [one for one in asked.reached(visit) if one.tier >= asked.minimum(visit)]
    if visit.decided or any(one.evidence.standing.outcome is Outcome.CONFORMS for one in found):
        return None
    told = [
        lapse
        for one in found
        if one.evidence.credential is not None
        and (lapse := _lapse(asked, visit, one.evidence.credential)) is not None
    ]
    return min(told, key=lambda one: RANK[one.outcome], default=None)


def _lapse(asked: Tiered, visit: Visit, own: Credential) -> Standing | None:
    """Tell whether a certificate that had run out by the day is within grace; None: it had not."""
    day, size, site = visit.judged_on, asked.dossier.log_size, visit.site
    if is_negative(own, day, size):
        return fails(f"{site}: no grace for a certificate that was not in good standing", own.entry)
    if own.valid_until is None or day <= own.valid_until:
        return None
    last, lapse = own.valid_until, f"{site}: its certificate ran out on {own.valid_until}"
    if not renews_in_time(own, last, size):
        renewals = [one for one in asked.dossier.credentials if own.id in one.supersedes]
        audited = [one.stage_2_on for one in renewals if one.stage_2_on is not None]
        if renewals and not audited:
            because = f"{lapse}; on which day the on-site audit of its renewal was is not known"
            missing = f"day of the on-site audit of the renewal of {own.id} of {site}"
            return cannot_tell(because, own.entry, missing=missing)
        if not audited or min(audited) > last:
            because = f"{lapse}, before the on-site audit of a renewal was over"
            return fails(because, own.entry)
    days = told_or_open(asked.law, "policy.grace_days")
    if isinstance(days, Standing):
        return days
    since = (day - last).days
    words = f"{lapse}, {since} days before {day}; renewal under way"
    if since > days.value:
        return fails(f"{words}; {days.value} days of grace are given", own.entry)
    return holds(f"{words}, within {days.value} days of grace", own.entry)


# ── POL-08 ────────────────────────────────────────────────────────────────────────────────


@rule(
    id="POL-08",
    title="Stakeholders had notice of the policy, and their comments were dealt with",
    source="Club policy: notice, comments with their disposition, decision by a panel",
    governed_by="as_of",
    reads=(
        "policy.comment_log",
        "policy.notice_days",
        "policy.noticed_on",
        "policy.panel",
    ),
)
def stakeholders_had_their_say(_dossier: Dossier, law: LawOnDate) -> Finding:
    """The day of notice lies enough days before the day from which the club's values apply.

    That day is the one from which `policy.noticed_on` itself is in force.
    """
    noticed, days = law["policy.noticed_on"], law["policy.notice_days"]
    log, panel = law["policy.comment_log"], law["policy.panel"]
    cites = (noticed, days, log, panel)
    given = (noticed.in_force_from - noticed.value).days
    effect = f"notice on {noticed.value}, in effect from {noticed.in_force_from}"
    if given < days.value:
        because = f"{effect}: {given} days, and {days.value} are needed"
        return nonconforming(because, *cites)
    because = f"{effect}: {given} days; comments in {log.value}; decided by {panel.value}"
    return conforms(because, *cites)
