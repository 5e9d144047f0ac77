"""A lot under a policy's tiers: which stages are asked about, and what each site there reaches."""

from collections.abc import Sequence
from dataclasses import dataclass

from standards.rulebook.composition import unmeasurable
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import Finding, Outcome, not_applicable
from standards.rulebook.law import LawOnDate, Provision
from standards.rulebook.path import Survey, Visit, stages_surveyed
from standards.rulebook.schemes import POLICY
from standards.rulebook.sites import told_or_open
from standards.rulebook.standing import Standing
from standards.rulebook.tiers import (
    EQUIVALENT,
    Evidence,
    Reached,
    evidence_of,
    reached,
    tier_standing,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiered:
    """The tiers that a policy asks for of one lot, and what its sites' evidence reaches.

    Args:
        minimums: tiers by mineral and stage; `tiers` by kind of evidence.
        equivalences: rows of the club's decisions; none where it has made none.
        survey: the visits at the stages for which a tier is asked of this mineral.
    """

    dossier: Dossier
    law: LawOnDate
    minimums: Provision
    tiers: Provision
    equivalences: Sequence[EQUIVALENT]
    survey: Survey

    def minimum(self, visit: Visit) -> int:
        """Return the tier that is needed at the stage of a visit."""
        return int(self.minimums.value[f"{self.dossier.mineral} {visit.stage}"])

    def evidence(self, visit: Visit) -> list[Evidence]:
        """Return what is on file about the site of a visit."""
        return evidence_of(self.dossier, self.law, visit)

    def reached(self, visit: Visit, *, by_equivalence: bool = True) -> list[Reached]:
        """Return the tiers that the evidence about a site reaches."""
        rows = self.equivalences if by_equivalence else ()
        return reached(self.evidence(visit), self.tiers.value, rows, visit)

    def standing(self, visit: Visit) -> Standing:
        """Return how a site stands to the tier that is needed of it."""
        return visit.decided or tier_standing(visit, self.reached(visit), self.minimum(visit))

    def falls_short(self, visit: Visit) -> bool:
        """Tell whether a site reaches the tier that is needed by no evidence of its own kind."""
        own = self.reached(visit, by_equivalence=False)
        told = tier_standing(visit, own, self.minimum(visit))
        return visit.decided is None and told.outcome is not Outcome.CONFORMS


def tiered(dossier: Dossier, law: LawOnDate) -> Tiered | Finding:
    """Return a lot under the tiers of a policy; or the finding of one that they do not concern.

    Raises:
        Unavailable: the club has not set its tiers.
    """
    minimums, tiers = law["policy.minimum_tiers"], law["policy.tiers"]
    rows = told_or_open(law, "policy.equivalences")
    wanted = [name.partition(" ") for name in minimums.value]
    stages = tuple(stage for mineral, _, stage in wanted if mineral == dossier.mineral)
    if not stages:
        because = f"the policy asks for no tier of {dossier.mineral}"
        return not_applicable(because, minimums)
    if (answer := unmeasurable(dossier)) is not None:
        return answer
    survey = stages_surveyed(dossier, law, POLICY, stages)
    if survey.total_mg.low_mg == 0:
        because = f"no {' or '.join(stages)} took place on the path"
        return not_applicable(because, minimums)
    return Tiered(
        dossier=dossier,
        law=law,
        minimums=minimums,
        tiers=tiers,
        equivalences=() if isinstance(rows, Standing) else rows.value,
        survey=survey,
    )
