"""ICMM: the Mining Principles, validated asset by asset, expectation by expectation.

Membership says nothing of an asset, and an asset has no overall outcome: expectations are looked
at one by one.
"""

from datetime import date

from standards.rulebook.appraisal import Appraisal, credentials_of
from standards.rulebook.asking import Asked, asked_of, of_visits, told_of_sites
from standards.rulebook.credential import Credential, CredentialOutcome
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import Finding
from standards.rulebook.law import LawOnDate
from standards.rulebook.rule import rule
from standards.rulebook.schemes import ICMM
from standards.rulebook.standing import (
    Standing,
    cannot_tell,
    fails,
    holds,
    listed,
    status_standing,
    validity_standing,
)

MISSED = "does_not_meet"
RATINGS = ("meets", "partially_meets", MISSED, "not_relevant")


@rule(
    id="ICMM-01",
    title="The asset was validated by a third party, and does not fail an expectation",
    source="ICMM, validation procedure and guidance: meets, partially meets, does not meet",
    governed_by="as_of",
    reads=(
        "icmm.assessed_stages",
        "icmm.minimum_share",
        "icmm.performance_expectations",
        "icmm.performance_standards",
        "icmm.time_rule",
    ),
)
def the_asset_was_validated(dossier: Dossier, law: LawOnDate) -> Finding:
    """Every performance expectation was validated at this very asset, and none is unmet.

    Membership and self-assessment are not enough. What a company does not disclose stays open.
    """
    asked = asked_of(dossier, law, ICMM)
    if isinstance(asked, Finding):
        return asked
    words = "comes from assets that were validated and fail no expectation"
    return told_of_sites([asked], words, of_visits(_asset), minimum="icmm.minimum_share")


def _asset(asked: Asked, told: Appraisal) -> Standing:
    if told.credential is not None:
        return told.disputed or _validated(asked, told, told.credential)
    visit = told.visit
    company = credentials_of(asked.dossier, ICMM, visit.organization_id or "")
    if company:
        because = f"{visit.site}: {visit.organization_id} is on record with ICMM as a company"
        return fails(f"{because}, which says nothing of this asset", company[0].entry)
    return told.absent


def _validated(asked: Asked, told: Appraisal, validation: Credential) -> Standing:
    site, day = told.visit.site, told.day
    if validation.assessment_type == "self_assessment" or (
        validation.assessor_level == "first_party"
    ):
        return fails(f"{site}: it assessed itself and was not validated", validation.entry)
    rated = {one.code: one.rating for one in _expectations(validation)}
    missed = [code for code, rating in rated.items() if rating == MISSED]
    if missed:
        because = f"{site}: performance expectation {listed(missed)} is rated does not meet"
        return fails(because, validation.entry)
    if validation.assessor_level is None:
        because = f"{site}: who validated it is not known"
        missing = f"validator of validation {validation.id} of {site}"
        return cannot_tell(because, validation.entry, missing=missing)
    if validation.assessor_level != "third_party":
        words = validation.assessor_level.replace("_", " ")
        return fails(f"{site}: it was assessed by a {words}", validation.entry)
    begun = validation.assessed_on or validation.published_on
    if begun is None:
        because = f"{site}: the day of its validation is not known"
        missing = f"day of validation {validation.id} of {site}"
        return cannot_tell(because, validation.entry, missing=missing)
    if begun > day:
        return fails(f"{site}: validated on {begun}, after {day}", validation.entry)
    return _lapsed(asked, validation, site, day) or _disclosed(asked, validation, site, rated)


def _lapsed(asked: Asked, validation: Credential, site: str, day: date) -> Standing | None:
    """Tell that a validation was withdrawn or had run out; one that states no end has none here."""
    size, always = asked.dossier.log_size, (date.min, date.max)
    return status_standing(validation, site=site, day=day, log_size=size) or validity_standing(
        validation, site=site, day=day, log_size=size, window=always
    )


def _expectations(validation: Credential) -> list[CredentialOutcome]:
    return [
        one
        for one in validation.outcomes or ()
        if one.kind == "performance_expectation" and one.rating in RATINGS
    ]


def _disclosed(
    asked: Asked, validation: Credential, site: str, rated: dict[str, str | None]
) -> Standing:
    """Tell whether the rating of every performance expectation is on file."""
    known = asked.parameter("icmm.performance_expectations")
    if isinstance(known, Standing):
        because = f"{site}: {len(rated)} ratings are on file; {known.because}"
        return cannot_tell(because, validation.entry, missing=known.missing[0])
    lacking = [code for code in known.value if code not in rated]
    if lacking:
        because = f"{site}: of performance expectation {listed(lacking)} no rating is disclosed"
        missing = f"ratings of every performance expectation of {site}"
        return cannot_tell(because, validation.entry, missing=missing)
    return holds(f"{site}: validated, and no performance expectation is unmet", validation.entry)
