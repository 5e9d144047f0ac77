"""The Global Battery Alliance: scores of pilots are no measure of anything between companies."""

from standards.rulebook.claims import LotClaim, about, claims_on, least_favorable
from standards.rulebook.credential import Credential
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import Finding, nonconforming, not_applicable
from standards.rulebook.law import LawOnDate, Provision
from standards.rulebook.rule import rule
from standards.rulebook.schemes import GBA
from standards.rulebook.standing import Standing, cannot_tell, disputed, fails, holds
from standards.rulebook.terms import optional

NOT_COMPARABLE = "not_comparable"


@rule(
    id="GBA-01",
    title="No score of a battery passport pilot is used as a threshold",
    source="Global Battery Alliance, battery passport pilots: scores are not comparable",
    governed_by="as_of",
    reads=("credentials.required_schemes", "gba.minimum_score", "gba.pilots"),
)
def no_pilot_score_is_used_as_a_threshold(dossier: Dossier, law: LawOnDate) -> Finding:
    """Neither the policy nor a claim about the lot rests on a score; one on file is no harm."""
    pilots = law["gba.pilots"]
    least = optional(law, "gba.minimum_score")
    if least is not None:
        because = f"the policy asks for a score of {least.value}; scores of pilots are not compared"
        return nonconforming(because, least, pilots)
    required = optional(law, "credentials.required_schemes")
    if required is not None and GBA.id in required.value:
        because = f"the policy requires {GBA.name}, whose pilots only give scores"
        return nonconforming(because, required, pilots)
    told = [_on_file(one, pilots) for one in dossier.credentials if one.scheme == GBA.id]
    told += [_claimed(claim) for claim in claims_on(dossier, GBA)]
    if not told:
        return not_applicable(f"no score of {GBA.name} is on file or claimed", pilots)
    return least_favorable(told, pilots)


def _on_file(report: Credential, pilots: Provision) -> Standing:
    site = report.facility_id or report.organization_id or ""
    if (open_one := disputed(report, site=site)) is not None:
        return open_one
    if pilots.value.get(report.version or "") != NOT_COMPARABLE:
        of_which = f"of {report.version}" if report.version else "without a version"
        because = f"{site}: whether scores {of_which} can be compared is not known"
        missing = f"whether scores of report {report.id} of {site} can be compared"
        return cannot_tell(because, report.entry, missing=missing)
    because = f"{site}: a score of {report.version} is on file, and nothing rests on it"
    return holds(because, report.entry)


def _claimed(claim: LotClaim) -> Standing:
    if claim.level is not None:
        because = f"{about(claim)} names the score {claim.level}; scores of pilots are not compared"
        return fails(because, claim.entry)
    if claim.says is None:
        because = f"{about(claim)}: nobody has coded whether it rests on a score"
        missing = f"coding of the wording of claim {claim.id}"
        return cannot_tell(because, claim.entry, missing=missing)
    if "level" in claim.says:
        return fails(
            f"{about(claim)} names a score; scores of pilots are not compared", claim.entry
        )
    return holds(f"{about(claim)} names no score", claim.entry)
