"""The Consolidated Mining Standard: what is assessed under a draft earns nothing."""

from datetime import date

from standards.rulebook.claims import LotClaim, about, claims_on, least_favorable
from standards.rulebook.credential import Credential
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import Finding, not_applicable
from standards.rulebook.law import LawOnDate, Provision
from standards.rulebook.rule import rule
from standards.rulebook.schemes import CMSI
from standards.rulebook.standing import Standing, cannot_tell, disputed, fails, holds
from standards.rulebook.versions import status_of_standard


@rule(
    id="CMSI-01",
    title="Nothing rests on a draft of the Consolidated Mining Standard",
    source="Consolidated Mining Standard Initiative: consultations of 2024 and 2025, no final text",
    governed_by="as_of",
    reads=("cmsi.performance_standards", "cmsi.standards"),
)
def nothing_rests_on_a_draft(dossier: Dossier, law: LawOnDate) -> Finding:
    """Assessments on file were made, and claims about the lot rest, on a final version.

    A level of a consultation is none. For which days a version was final is dated; for a day
    that no row covers it cannot be told.
    """
    assessed = [one for one in dossier.credentials if one.scheme == CMSI.id]
    claims = claims_on(dossier, CMSI)
    if not assessed and not claims:
        return not_applicable(f"nothing under {CMSI.name} is on file or claimed")
    rows, codes = law["cmsi.standards"], law["cmsi.performance_standards"]
    told = [_final(one, rows) for one in assessed]
    told += [_claimed(claim, rows, codes.value) for claim in claims]
    return least_favorable(told, rows, codes)


def _final(assessment: Credential, rows: Provision) -> Standing:
    site = assessment.facility_id or assessment.organization_id or ""
    if (open_one := disputed(assessment, site=site)) is not None:
        return open_one
    code, version = assessment.standard_code, assessment.version
    day = assessment.assessed_on or assessment.stage_2_on or assessment.published_on
    if code is None or version is None or day is None:
        because = f"{site}: under which version its assessment was made, and when, is not known"
        missing = f"standard, version and day of assessment {assessment.id} of {site}"
        return cannot_tell(because, assessment.entry, missing=missing)
    name = f"{code.replace('_', ' ')} {version}"
    status = status_of_standard(rows.value, code, version, day)
    if status is None:
        because = f"{site}: whether {name} was final on {day} is not known"
        return cannot_tell(because, assessment.entry, missing=f"status of {name} on {day}")
    if status == "draft":
        because = f"{site}: its assessment rests on {name}, a draft on {day}, and earns nothing"
        return fails(because, assessment.entry)
    return holds(f"{site}: its assessment rests on {name}, {status} on {day}", assessment.entry)


def _claimed(claim: LotClaim, rows: Provision, codes: tuple[str, ...]) -> Standing:
    """Tell whether there was a final version on the day of a claim."""
    told = _states(rows, codes, claim.made_on)
    if "final" in told:
        because = f"{about(claim)}: a final version was in force on that day"
        return holds(because, claim.entry)
    if told:
        because = f"{about(claim)} rests on a draft: no version was final on that day"
        return fails(because, claim.entry)
    because = f"{about(claim)}: whether a version was final on that day is not known"
    missing = f"state of {CMSI.name} on {claim.made_on}"
    return cannot_tell(because, claim.entry, missing=missing)


def _states(rows: Provision, codes: tuple[str, ...], day: date) -> set[str]:
    """Return in which states versions were on a day."""
    return {
        status
        for code, version in {(row["standard"], row["version"]) for row in rows.value}
        if code in codes
        if (status := status_of_standard(rows.value, code, version, day)) is not None
    }
