"""ISO 22095: chain of custody alone supports no claim; it carries what a site was assessed for."""

from standards.rulebook.accounts import Claim
from standards.rulebook.appraisal import Appraisal, performance_standards
from standards.rulebook.asking import Asked, checked_sites
from standards.rulebook.chain import claimant_status
from standards.rulebook.claimed import BOOKING, booked_for, missing_for, standing_claims
from standards.rulebook.claims import (
    MATERIAL_CODES,
    ON_THE_LOT,
    LotClaim,
    about,
    every_claim,
    least_favorable,
)
from standards.rulebook.credential import Credential
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import Finding, not_applicable
from standards.rulebook.law import LawOnDate
from standards.rulebook.paired import jointly, of_product, performance_on, site_behind
from standards.rulebook.path import surveyed
from standards.rulebook.rule import rule
from standards.rulebook.schemes import ASI, COPPER_MARK, IRMA, Scheme, scheme_name
from standards.rulebook.standing import (
    Standing,
    best,
    cannot_tell,
    fails,
    holds,
    material_standing,
    status_standing,
    validity_standing,
)

WITH_CUSTODY = {one.id: one for one in (ASI, COPPER_MARK, IRMA)}
"""Schemes whose chain of custody rules know."""


@rule(
    id="ISO-CL-01",
    title="Claims about material rest on chain of custody and on an assessed site together",
    source="ISO 22095:2020: chain of custody is not, on its own, able to support claims",
    governed_by="as_of",
    reads=(
        *(
            scheme.key(name)
            for scheme in WITH_CUSTODY.values()
            for name in (
                "assessed_stages",
                "custody_standard",
                "performance_standards",
                "time_rule",
            )
        ),
        *BOOKING,
    ),
)
def claims_rest_on_custody_and_performance(dossier: Dossier, law: LawOnDate) -> Finding:
    """Whoever claims was assessed for chain of custody, and a site behind it for its practice."""
    claims = [
        one
        for one in every_claim(dossier)
        if one.lot_id == dossier.lot_id and one.code in MATERIAL_CODES
    ]
    if not claims:
        return not_applicable("nobody claims anything about the material of the lot")
    return least_favorable([_linked(dossier, law, one) for one in claims])


def _linked(dossier: Dossier, law: LawOnDate, claim: LotClaim) -> Standing:
    scheme = WITH_CUSTODY.get(claim.scheme)
    if scheme is None:
        because = f"{about(claim)}: no rule knows a chain of custody of {scheme_name(claim.scheme)}"
        missing = f"chain of custody behind claim {claim.id}"
        return cannot_tell(because, claim.entry, missing=missing)
    custody = claimant_status(dossier, law, scheme, claim)
    own = {one.id: one for one in standing_claims(dossier)}
    if not claim.is_booked:
        performance = _at_sites(dossier, law, scheme, claim)
    elif own[claim.id].account is None:
        performance = _of_credits(dossier, own[claim.id])
    else:
        performance = _of_account(dossier, law, own[claim.id])
    return of_product(claim, jointly([performance, custody]))


def _of_account(dossier: Dossier, law: LawOnDate, claim: Claim) -> Standing:
    """Tell whether certified metal stands behind a claim; how much is asked by ISO-MB-02."""
    account = booked_for(dossier, law)[claim.account or ""]
    proven, possible = account.covered(claim.id)
    if proven:
        return holds(f"metal of assessed sites came in on {claim.account}", claim.entry)
    if possible:
        names = missing_for(account)
        because = f"whether metal of assessed sites came in on {claim.account} is not certain"
        missing = names[0] if names else f"certificates behind what came in on {claim.account}"
        return cannot_tell(because, claim.entry, missing=missing)
    return fails(f"no metal of assessed sites came in on {claim.account}", claim.entry)


def _of_credits(dossier: Dossier, claim: Claim) -> Standing:
    known = [
        one for one in dossier.credits if one.serial in claim.credits and one.scheme == claim.scheme
    ]
    if known:
        because = f"credits of {known[0].tier} stand behind it"
        return holds(because, *(one.entry for one in known))
    if not claim.credits:
        return fails("it retires no credit of an assessed site", claim.entry)
    because = "which sites the credits that it retires are of is not known"
    return cannot_tell(because, claim.entry, missing=f"issue of credit {claim.credits[0]}")


def _at_sites(dossier: Dossier, law: LawOnDate, scheme: Scheme, claim: LotClaim) -> Standing:
    """Tell whether a site behind a claim that stays with the lot was assessed."""
    if claim.model not in ON_THE_LOT:
        under = (claim.model or "a model that is not named").replace("_", " ")
        because = f"under {under} the assessed sites stand in an account, which is not on file"
        return cannot_tell(because, claim.entry, missing=f"account behind claim {claim.id}")
    asked = Asked(
        dossier=dossier,
        law=law,
        scheme=scheme,
        standards=performance_standards(law, scheme),
        survey=surveyed(dossier, law, scheme),
    )
    told = [one.standing for one in checked_sites(asked, _assessed)]
    site = site_behind(dossier, claim)
    if site is not None:
        told.append(performance_on(dossier, law, scheme, site, claim))
    nowhere = cannot_tell(
        "which sites worked the metal is not known",
        claim.entry,
        missing=f"site behind claim {claim.id}",
    )
    return best(told or [nowhere])


def _assessed(asked: Asked, told: Appraisal, credential: Credential) -> Standing:
    site, day, size = told.visit.site, told.day, asked.dossier.log_size
    return (
        material_standing(credential, site=site, mineral=asked.dossier.mineral)
        or status_standing(credential, site=site, day=day, log_size=size)
        or validity_standing(credential, site=site, day=day, log_size=size)
        or holds(f"{site}: assessed, as of {day}", credential.entry)
    )
