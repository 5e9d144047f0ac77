"""IRMA: audits of mines in time, and the standard behind them."""

from collections.abc import Sequence
from datetime import date

from standards.rulebook.appraisal import Appraisal, absence, performance_credentials
from standards.rulebook.asking import Asked
from standards.rulebook.claims import every_claim
from standards.rulebook.credential import Credential
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import Finding, Outcome, nonconforming
from standards.rulebook.law import LawOnDate
from standards.rulebook.months import after_months
from standards.rulebook.path import Visit
from standards.rulebook.rule import rule
from standards.rulebook.rules.irma import USUAL, about_mines, about_visits, undated_audit
from standards.rulebook.schemes import IRMA
from standards.rulebook.standing import (
    Standing,
    cannot_tell,
    fails,
    holds,
    listed,
    published,
    status_on,
)
from standards.rulebook.versions import status_of_standard

# ── IRMA-04, IRMA-05, IRMA-06 ─────────────────────────────────────────────────────────────


@rule(
    id="IRMA-04",
    title="An audit of the mine was published, not merely begun",
    source="IRMA, assessment timeline: a level exists once a report is published",
    governed_by="as_of",
    reads=USUAL,
)
def an_audit_of_the_mine_was_published(dossier: Dossier, law: LawOnDate) -> Finding:
    """An initial, surveillance or renewal audit was public on the day; stages 1 and 2 are none."""
    words = "comes from mines with a published audit"
    return about_mines(dossier, law, words, _stage)


def _stage(asked: Asked, told: Appraisal, audit: Credential) -> Standing:
    site, day = told.visit.site, told.day
    if audit.assessment_type == "self_assessment":
        because = f"{site}: a self-assessment, which has no status of its own"
        return fails(because, audit.entry)
    if audit.published_on is None:
        return undated_audit(audit, site=site, day=day, log_size=asked.dossier.log_size)
    if audit.published_on > day:
        stage = f"; stage 2 was on {audit.stage_2_on}" if audit.stage_2_on else ""
        because = f"{site}: its audit was published on {audit.published_on}, after {day}{stage}"
        return fails(because, audit.entry)
    if audit.assessment_type is None and not _says_published(asked, audit, day):
        because = f"{site}: which assessment was published on {audit.published_on} is not known"
        missing = f"kind of assessment behind audit {audit.id} of {site}"
        return cannot_tell(because, audit.entry, missing=missing)
    kind = f"{audit.assessment_type} audit" if audit.assessment_type else "audit"
    return holds(f"{site}: its {kind} was published on {audit.published_on}", audit.entry)


def _says_published(asked: Asked, audit: Credential, day: date) -> bool:
    known = [one for one in audit.statuses if one.known_from < asked.dossier.log_size]
    status = status_on(known, day)
    return status is not None and status.status == "published"


@rule(
    id="IRMA-05",
    title="The surveillance audit of the mine is done or not yet due",
    source="IRMA, assessment timeline: initial audit, surveillance audit, reassessment",
    governed_by="as_of",
    reads=(*USUAL, "irma.surveillance_months"),
)
def surveillance_is_done_or_not_yet_due(dossier: Dossier, law: LawOnDate) -> Finding:
    """By the day that the scheme announced for the site, or by its term after publication."""
    words = "comes from mines whose surveillance is not overdue"
    return about_mines(dossier, law, words, _surveillance)


def _surveillance(asked: Asked, told: Appraisal, audit: Credential) -> Standing:
    site, day, begun = told.visit.site, told.day, audit.published_on
    if begun is None:
        because = f"{site}: the day its audit was published is not known"
        missing = f"publication date of audit {audit.id} of {site}"
        return cannot_tell(because, audit.entry, missing=missing)
    for one in performance_credentials(
        asked.dossier, IRMA, told.visit.facility_id or "", asked.standards
    ):
        done = one.published_on or one.stage_2_on
        if one.assessment_type == "surveillance" and done is not None and begun <= done <= day:
            return holds(f"{site}: surveillance was done by {done}", audit.entry, one.entry)
    announced = audit.next_action_on
    if announced is not None and day <= announced:
        return holds(f"{site}: surveillance is due by {announced}", audit.entry)
    term = asked.parameter("irma.surveillance_months")
    if isinstance(term, Standing):
        due = f", and was announced for {announced}" if announced else ""
        because = f"{site}: no surveillance is on file since {begun}{due}; {term.because}"
        return cannot_tell(because, audit.entry, missing=term.missing[0])
    due_on = after_months(begun, term.value)
    if day <= due_on:
        return holds(f"{site}: surveillance is due by {due_on}", audit.entry)
    return fails(f"{site}: surveillance was due by {due_on} and is not on file", audit.entry)


@rule(
    id="IRMA-06",
    title="The latest audit published by the day is the one that is relied on",
    source="IRMA: a published audit takes the place of the one before it",
    governed_by="as_of",
    reads=USUAL,
)
def the_latest_published_audit_is_relied_on(dossier: Dossier, law: LawOnDate) -> Finding:
    """The order of a mine's audits is known, and nobody claims the level of an older one."""
    words = "comes from mines whose latest audit is known and relied on"
    return about_visits(dossier, law, words, _latest)


def _latest(asked: Asked, visit: Visit) -> Standing:
    site, day = visit.site, visit.day
    own = performance_credentials(asked.dossier, IRMA, visit.facility_id or "", asked.standards)
    if day is None or not own:
        return absence(asked.dossier, IRMA, visit)
    undated = [
        undated_audit(one, site=site, day=day, log_size=asked.dossier.log_size)
        for one in own
        if one.published_on is None
    ]
    open_one = next((one for one in undated if one.outcome is Outcome.INDETERMINATE), None)
    by_then = sorted(
        (one for one in own if one.published_on and one.published_on <= day and one.level),
        key=lambda one: (one.published_on or day, one.id),
    )
    if open_one is not None:
        return open_one
    if not by_then:
        entries = [one.entry for one in own]
        return fails(f"{site}: no audit with a level was published by {day}", *entries)
    last = by_then[-1]
    twins = {one.level for one in by_then if one.published_on == last.published_on}
    if len(twins) > 1:
        because = f"{site}: audits of {last.published_on} tell {listed(sorted(map(str, twins)))}"
        missing = f"order of the audits of {site} published on {last.published_on}"
        return cannot_tell(because, last.entry, missing=missing)
    return _claimed_older(asked, visit, by_then)


def _claimed_older(asked: Asked, visit: Visit, by_then: Sequence[Credential]) -> Standing:
    """Tell whether somebody claims the level of an audit whose place another has taken."""
    last = by_then[-1]
    older = {one.level: one for one in by_then[:-1] if one.level != last.level}
    for claim in every_claim(asked.dossier):
        is_of_site = claim.scheme == IRMA.id and claim.site == visit.facility_id
        if is_of_site and claim.level in older:
            because = (
                f"{visit.site}: {claim.claimant} claims {claim.level}, "
                f"which {published(last)} has superseded"
            )
            return fails(because, claim.entry, last.entry)
    return holds(f"{visit.site}: {published(last)} is its latest audit", last.entry)


# ── IRMA-07, IRMA-08 ──────────────────────────────────────────────────────────────────────


@rule(
    id="IRMA-07",
    title="No level rests on a draft standard",
    source="IRMA: drafts 2.0, Mineral Processing and IRMA-Ready are not in force",
    governed_by="as_of",
    reads=(*USUAL, "irma.standards"),
)
def no_level_rests_on_a_draft(dossier: Dossier, law: LawOnDate) -> Finding:
    """The standard behind the published level was final on the day of the assessment."""
    words = "comes from mines whose level rests on a final standard"
    return about_mines(dossier, law, words, _final, on_any_day=True)


def _final(asked: Asked, told: Appraisal, audit: Credential) -> Standing:
    site = told.visit.site
    if audit.level is None:
        return holds(f"{site}: no level is published, and none rests on a draft", audit.entry)
    day = audit.assessed_on or audit.stage_2_on or audit.published_on
    if audit.standard_code is None or audit.version is None or day is None:
        because = f"{site}: under which version {published(audit)} was assessed is not known"
        missing = f"standard, version and day of the assessment behind audit {audit.id} of {site}"
        return cannot_tell(because, audit.entry, missing=missing)
    rows = asked.law["irma.standards"].value
    status = status_of_standard(rows, audit.standard_code, audit.version, day)
    name = f"{audit.standard_code.replace('_', ' ')} {audit.version}"
    if status is None:
        because = f"{site}: whether {name} was final on {day} is not known"
        return cannot_tell(because, audit.entry, missing=f"status of {name} on {day}")
    if status == "draft":
        because = f"{site}: {published(audit)} rests on {name}, a draft on {day}"
        return fails(because, audit.entry)
    return holds(f"{site}: {published(audit)} rests on {name}, {status} on {day}", audit.entry)


@rule(
    id="IRMA-08",
    title="The mine is an industrial operation and mines no energy fuel",
    source="IRMA Standard for Responsible Mining v1.0: what it is for",
    governed_by="as_of",
    reads=(*USUAL, "irma.excluded_minerals"),
)
def the_mine_is_what_irma_audits(dossier: Dossier, law: LawOnDate) -> Finding:
    """Artisanal and small-scale mining, and energy fuels, are outside the standard."""
    excluded = law["irma.excluded_minerals"]
    if dossier.mineral in excluded.value:
        return nonconforming(f"{dossier.mineral} is an energy fuel, outside IRMA's scope", excluded)
    return about_mines(dossier, law, "comes from industrial mines", _industrial, on_any_day=True)


def _industrial(_asked: Asked, told: Appraisal, audit: Credential) -> Standing:
    site = told.visit.site
    if audit.operation is None:
        because = f"{site}: whether it is an industrial operation is not recorded"
        missing = f"kind of operation in audit {audit.id} of {site}"
        return cannot_tell(because, audit.entry, missing=missing)
    if audit.operation != "industrial":
        because = f"{site}: artisanal or small-scale mining, outside IRMA's scope"
        return fails(because, audit.entry)
    return holds(f"{site}: an industrial operation", audit.entry)
