"""The Copper Mark and its sister marks: separate awards for separate metals, site by site."""

from standards.rulebook.appraisal import (
    absence,
    live_on,
    performance_credentials,
    performance_standards,
)
from standards.rulebook.composition import unmeasurable
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import Finding, Outcome, not_applicable
from standards.rulebook.law import LawOnDate
from standards.rulebook.path import Visit, surveyed
from standards.rulebook.rule import rule
from standards.rulebook.schemes import COPPER_MARK
from standards.rulebook.sites import CheckedSite, finding_about_sites, threshold
from standards.rulebook.standing import Standing, best, fails, holds, listed, standing


@rule(
    id="CM-02",
    title="Smelters and refiners held the mark of this metal when they worked it",
    source="The Copper Mark Assurance Process: one award per metal; minimum set by the club",
    governed_by="as_of",
    reads=(
        "copper_mark.assessed_stages",
        "copper_mark.marks",
        "copper_mark.minimum_share",
        "copper_mark.performance_standards",
        "copper_mark.time_rule",
    ),
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
    told, mark = surveyed(dossier, law, COPPER_MARK), marks.value[dossier.mineral]
    if not told.visits and told.untold_mg == 0:
        stages = law["copper_mark.assessed_stages"]
        words = " or ".join(stages.value)
        return not_applicable(f"no {words} took place on the path", marks, stages)
    standards = performance_standards(law, COPPER_MARK)
    return finding_about_sites(
        [
            CheckedSite(
                facility_id=visit.facility_id,
                stage=visit.stage,
                mg=visit.mg,
                standing=_site_standing(dossier, visit, mark, standards),
            )
            for visit in told.visits
        ],
        total_mg=told.total_mg,
        untold_mg=told.untold_mg,
        minimum=threshold(law, "copper_mark.minimum_share"),
        mineral=dossier.mineral,
        words=f"was worked by sites that held {mark} on the day",
        missing=told.missing,
    )


def _site_standing(
    dossier: Dossier, visit: Visit, mark: str, standards: frozenset[str]
) -> Standing:
    if visit.decided is not None:
        return visit.decided
    site, day = visit.site, visit.judged_on
    own = performance_credentials(dossier, COPPER_MARK, visit.facility_id or "", standards)
    awards = live_on(own, day, latest_governs=COPPER_MARK.latest_governs)
    if not awards:
        return absence(dossier, COPPER_MARK, visit, day)
    covered = [one.materials for one in awards if one.materials is not None]
    if len(covered) == len(awards) and not any(dossier.mineral in one for one in covered):
        others = listed(sorted({metal for one in covered for metal in one}))
        because = f"{site}: awarded for {others} only, {mark} is for {dossier.mineral}"
        return fails(because, *(one.entry for one in awards))
    told = best(
        standing(
            award, site=site, day=day, log_size=dossier.log_size,
            activity=visit.stage, mineral=dossier.mineral,
        )
        for award in awards
    )  # fmt: skip
    if told.outcome is not Outcome.CONFORMS:
        return told
    return holds(f"{site}: held {mark} on {day}", *told.evidence)
