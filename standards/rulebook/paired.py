"""Claims about products that rest on two things at one site: its performance and its custody."""

from collections.abc import Sequence

from msgspec.structs import replace

from standards.rulebook.appraisal import performance_credentials, performance_standards
from standards.rulebook.chain import claimant_status
from standards.rulebook.claims import LotClaim, about
from standards.rulebook.dossier import Dossier
from standards.rulebook.law import LawOnDate
from standards.rulebook.schemes import Scheme
from standards.rulebook.standing import (
    Standing,
    best,
    cannot_tell,
    disputed,
    holds,
    material_standing,
    status_standing,
    unlisted,
    validity_standing,
    worst,
)


def site_behind(dossier: Dossier, claim: LotClaim) -> str | None:
    """Return the site that a claim names, or else the one that made its lot."""
    made_at = [one.facility_id for one in dossier.lots if one.lot_id == claim.lot_id]
    return claim.site or next((one for one in made_at if one), None)


def award_and_custody(
    dossier: Dossier, law: LawOnDate, scheme: Scheme, claim: LotClaim
) -> Standing:
    """Tell whether the site behind a product claim holds both on the day of the claim.

    Raises:
        Unavailable: nobody has said under which standards.
    """
    custody = claimant_status(dossier, law, scheme, claim)
    site = site_behind(dossier, claim)
    if site is None:
        because = f"{about(claim)}: the site behind it is not known"
        open_one = cannot_tell(because, claim.entry, missing=f"site behind claim {claim.id}")
        return jointly([custody, open_one])
    award = performance_on(dossier, law, scheme, site, claim)
    return of_product(claim, jointly([award, custody]))


def performance_on(
    dossier: Dossier, law: LawOnDate, scheme: Scheme, site: str, claim: LotClaim
) -> Standing:
    """Tell whether a site's own audit, award or certificate held on the day of a claim."""
    day, size = claim.made_on, dossier.log_size
    awards = performance_credentials(dossier, scheme, site, performance_standards(law, scheme))
    if not awards:
        return unlisted(dossier.snapshots, scheme=scheme.id, site=site, day=day, subject_id=site)
    return best(
        disputed(one, site=site)
        or material_standing(one, site=site, mineral=dossier.mineral)
        or status_standing(one, site=site, day=day, log_size=size)
        or validity_standing(one, site=site, day=day, log_size=size)
        or holds(f"{site}: its {scheme.document} held on {day}", one.entry)
        for one in awards
    )


def jointly(told: Sequence[Standing]) -> Standing:
    """Return the least favorable of what must all hold, with all that is missing for it."""
    decisive = worst(told)
    alike = [one for one in told if one.outcome is decisive.outcome]
    missing = dict.fromkeys(name for one in alike for name in one.missing)
    return replace(decisive, missing=tuple(missing))


def of_product(claim: LotClaim, told: Standing) -> Standing:
    """Return a standing of the claimant as one of its claim about a product."""
    return Standing(
        outcome=told.outcome,
        because=f"{about(claim)} is about the product; {told.because}",
        missing=told.missing,
        evidence=(claim.entry, *told.evidence),
    )
