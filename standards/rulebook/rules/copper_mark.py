"""The Copper Mark and its sister marks: separate awards for separate metals, site by site."""

from datetime import date

from standards.rulebook.composition import (
    site_name,
    unmeasurable,
    untraced_mg,
    untraced_origin,
)
from standards.rulebook.dossier import ORIGIN_UNKNOWN, Dossier, MassRange, Source, Step
from standards.rulebook.findings import Finding, Outcome, not_applicable
from standards.rulebook.law import LawOnDate
from standards.rulebook.rule import rule
from standards.rulebook.sites import CheckedSite, finding_about_sites
from standards.rulebook.standing import Standing, best, cannot_tell, fails, standing, unlisted

SCHEME = "copper_mark"


@rule(
    id="CM-02",
    title="Smelters and refiners held the mark of this metal when they worked it",
    source="The Copper Mark Assurance Process: one award per metal; minimum set by the club",
    governed_by="as_of",
    reads=("copper_mark.marks", "copper_mark.assessed_stages", "copper_mark.minimum_share"),
)
def smelters_and_refiners_held_the_mark_of_this_metal(dossier: Dossier, law: LawOnDate) -> Finding:
    """The minimum share passed only sites that held this metal's mark on the day they worked it.

    The mark belongs to a site and a metal: a site awarded for copper says nothing of its
    nickel. Minerals that have no mark, and metal not yet smelted, are not concerned.
    """
    marks = law["copper_mark.marks"]
    if dossier.mineral not in marks.value:
        return not_applicable(f"there is no mark for {dossier.mineral}", marks)
    if (answer := unmeasurable(dossier)) is not None:
        return answer
    stages, least = law["copper_mark.assessed_stages"], law["copper_mark.minimum_share"]
    mark = marks.value[dossier.mineral]

    steps = [step for step in dossier.steps if step.stage in stages.value and step.mg > 0]
    unrecorded = _unrecorded(dossier)
    without_source_mg = untraced_mg(dossier)
    untold_mg = sum(source.mg for source in unrecorded) + without_source_mg
    if not steps and untold_mg == 0:
        words = " or ".join(stages.value)
        return not_applicable(f"no {words} took place on the path", marks, stages)
    told: dict[tuple[str, str, date], Standing] = {}
    checked = [
        CheckedSite(
            facility_id=step.facility_id,
            stage=step.stage,
            mg=step.mg,
            standing=_step_standing(step, dossier, mark, told),
        )
        for step in steps
    ]
    missing = [
        f"declaration of where lot {source.lot_id or source.id} was worked" for source in unrecorded
    ]
    if without_source_mg:
        missing.append(untraced_origin(without_source_mg))
    by_stage = [sum(step.mg for step in steps if step.stage == stage) for stage in stages.value]
    return finding_about_sites(
        checked,
        total_mg=MassRange(
            low_mg=max(by_stage) + untold_mg,
            high_mg=sum(by_stage) + untold_mg,
        ),
        untold_mg=untold_mg,
        minimum=least,
        words=f"was worked by sites that held {mark} on the day",
        missing=missing,
    )


def _unrecorded(dossier: Dossier) -> list[Source]:
    """Return the sources whose processing before they entered the record nobody declared."""
    declared = {step.entry for step in dossier.steps}
    return [
        source
        for source in dossier.sources
        if source.mg > 0
        and (
            source.kind in ORIGIN_UNKNOWN
            or (source.kind == "introduced" and source.entry not in declared)
        )
    ]


def _step_standing(
    step: Step, dossier: Dossier, mark: str, told: dict[tuple[str, str, date], Standing]
) -> Standing:
    if step.facility_id is None:
        because = f"the site of {step.stage} in entry {step.entry} is not known"
        missing = f"name of the site of {step.stage} in entry {step.entry}"
        return cannot_tell(because, step.entry, missing=missing)
    site = site_name(step.facility_id, step.facility_name)
    if step.performed_on is None:
        because = f"{site}: the day it worked the metal is not known"
        missing = f"day of {step.stage} at {site} (entry {step.entry})"
        return cannot_tell(because, step.entry, missing=missing)
    key = (step.facility_id, step.stage, step.performed_on)
    if key not in told:
        told[key] = _site_standing(step, dossier, site, step.performed_on, mark)
    return told[key]


def _site_standing(step: Step, dossier: Dossier, site: str, day: date, mark: str) -> Standing:
    awards = [
        one
        for one in dossier.credentials
        if one.scheme == SCHEME and one.facility_id == step.facility_id
    ]
    if not awards:
        return unlisted(dossier.snapshots, scheme=SCHEME, site=site, day=day)
    covered = [one.materials for one in awards if one.materials is not None]
    if len(covered) == len(awards) and not any(dossier.mineral in one for one in covered):
        others = ", ".join(sorted({metal for one in covered for metal in one})) or "no metal"
        because = f"{site}: awarded for {others} only, {mark} is for {dossier.mineral}"
        return fails(because, *(one.entry for one in awards))
    standings = [
        standing(
            award, site=site, day=day, log_size=dossier.log_size,
            activity=step.stage, mineral=dossier.mineral,
        )
        for award in awards
    ]  # fmt: skip
    told = best(standings)
    if told.outcome is not Outcome.CONFORMS:
        return told
    because = f"{site}: held {mark} on {day}"
    return Standing(outcome=told.outcome, because=because, evidence=told.evidence)
