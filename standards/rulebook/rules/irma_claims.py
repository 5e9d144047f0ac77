"""IRMA: what may be claimed of material and sites, in which words, on which model.

The claims procedure and the Chain of Custody Standard v1.0 could not be read but for what is
public: wording by level and site, five models. Where an answer turns on more it cannot be told.
What needs an account (quantities, periods, credits) is asked by the rules about accounts.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import partial

from msgspec.structs import replace

from standards.rulebook.appraisal import Appraisal, performance_standards
from standards.rulebook.asking import Asked, checked_sites
from standards.rulebook.chain import claimant_status
from standards.rulebook.claims import (
    MATERIAL_CODES,
    ON_THE_LOT,
    PHYSICAL_CODES,
    LotClaim,
    about,
    claims_on,
    judged_claims,
    nobody_claims,
)
from standards.rulebook.composition import unmeasurable, untraced_mg
from standards.rulebook.credential import Credential
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import (
    Finding,
    Outcome,
    at_least,
    interval_text,
    not_applicable,
    percent_text,
)
from standards.rulebook.law import LawOnDate
from standards.rulebook.path import surveyed
from standards.rulebook.rule import rule
from standards.rulebook.rules.irma import USUAL, undated_audit
from standards.rulebook.schemes import IRMA
from standards.rulebook.sites import share_that_holds, told_or_open
from standards.rulebook.standing import Standing, cannot_tell, fails, holds, listed, published

SOURCE = "IRMA Chain of Custody Standard v1.0 (2024)"


# ── IRMA-09: wording ──────────────────────────────────────────────────────────────────────


@rule(
    id="IRMA-09",
    title="Claims about IRMA say level and site, and nothing that IRMA does not",
    source="IRMA: audits do not yield certification; claims about content need chain of custody",
    governed_by="as_of",
    reads=("irma.certified_level", "irma.custody_standard", "irma.time_rule"),
)
def claims_use_the_words_of_irma(dossier: Dossier, law: LawOnDate) -> Finding:
    """Level and site are named; "certified" only for the highest level, content only with custody.

    A wording that nobody coded, or that says neither level nor site, cannot be told: the claims
    procedure could not be read.
    """
    return judged_claims(claims_on(dossier, IRMA), IRMA, partial(_wording, dossier, law))


def _wording(dossier: Dossier, law: LawOnDate, claim: LotClaim) -> Standing:
    if claim.says is None:
        because = f"{about(claim)}: nobody has coded what it says"
        missing = f"coding of the wording of claim {claim.id}"
        return cannot_tell(because, claim.entry, missing=missing)
    certified = law["irma.certified_level"].value
    if "certified" in claim.says and claim.level is not None and claim.level != certified:
        because = (
            f"{about(claim)} says certified, but {claim.level} is a published audit with a "
            f"level; only {certified} may be called so"
        )
        return fails(because, claim.entry)
    if "content" in claim.says or claim.code == "contains":
        status = claimant_status(dossier, law, IRMA, claim)
        if status.outcome is not Outcome.CONFORMS:
            because = f"{about(claim)} speaks of content; {status.because}"
            return Standing(
                outcome=status.outcome,
                because=because,
                missing=status.missing,
                evidence=(claim.entry, *status.evidence),
            )
    if {"level", "site"} <= set(claim.says) and claim.level is not None:
        return holds(f"{about(claim)} states level and site", claim.entry)
    because = f"{about(claim)} does not state both level and site, and no text read settles it"
    missing = f"IRMA's claims procedure for claim {claim.id}"
    return cannot_tell(because, claim.entry, missing=missing)


# ── IRMA-COC-03: the source ───────────────────────────────────────────────────────────────


@rule(
    id="IRMA-COC-03",
    title="The claimed share comes from mines with a published level at dispatch",
    source=f"{SOURCE}: material with an IRMA achievement level",
    governed_by="as_of",
    reads=(*USUAL, "irma.levels"),
)
def the_claimed_share_has_a_source(dossier: Dossier, law: LawOnDate) -> Finding:
    """On models that stay with the lot, at least the claimed share is of mines with a level.

    Under mass balance and book and claim the lot itself need hold none: the account does, and
    what is booked there is judged by the rules about accounts (ISO-MB-02, ISO-BC-01).
    """
    claims = [
        one
        for one in claims_on(dossier, IRMA, PHYSICAL_CODES)
        if one.model in ON_THE_LOT or not one.is_booked
    ]
    if not claims:
        return nobody_claims(IRMA)
    if (answer := unmeasurable(dossier)) is not None:
        return answer
    levels = tuple(law["irma.levels"].value)
    survey = surveyed(dossier, law, IRMA)
    asked = Asked(
        dossier=dossier,
        law=law,
        scheme=IRMA,
        standards=performance_standards(law, IRMA),
        survey=survey,
    )
    if survey.total_mg.low_mg == 0:
        share = (Fraction(0), Fraction(0))
    else:
        checked = checked_sites(asked, partial(_has_level, levels))
        share = share_that_holds(checked, total_mg=survey.total_mg, untold_mg=survey.untold_mg)
    return judged_claims(claims, IRMA, partial(_sourced, share))


def _has_level(levels: Sequence[str], asked: Asked, told: Appraisal, audit: Credential) -> Standing:
    site, day = told.visit.site, told.day
    if audit.published_on is None:
        return undated_audit(audit, site=site, day=day, log_size=asked.dossier.log_size)
    if audit.published_on > day:
        return fails(f"{site}: its audit was published on {audit.published_on}", audit.entry)
    if audit.level not in levels:
        because = f"{site}: no level is published"
        missing = f"achievement level of audit {audit.id} of {site}"
        return cannot_tell(because, audit.entry, missing=missing)
    return holds(f"{site}: {published(audit)} on {day}", audit.entry)


def _sourced(share: tuple[Fraction, Fraction], claim: LotClaim) -> Standing:
    if claim.model not in ON_THE_LOT:
        words = (claim.model or "a model that is not named").replace("_", " ")
        because = f"{about(claim)}: under {words} the source stands in the account, not in the lot"
        return cannot_tell(because, claim.entry, missing=f"account behind claim {claim.id}")
    measured = at_least(*share, claim.part)
    because = (
        f"{about(claim)} is for {percent_text(measured.threshold)} of the lot; "
        f"{interval_text(*share)} comes from mines with a published level"
    )
    missing = (f"levels of the mines of lot {claim.lot_id} at dispatch",)
    return Standing(
        outcome=measured.outcome,
        because=because,
        evidence=(claim.entry,),
        missing=missing if measured.outcome is Outcome.INDETERMINATE else (),
    )


# ── IRMA-COC-07, IRMA-COC-09 ──────────────────────────────────────────────────────────────


@rule(
    id="IRMA-COC-07",
    title="Recycled metal is not counted as metal of audited mines",
    source="IRMA, chain of custody: recycled material cannot be audited and is accounted apart",
    governed_by="as_of",
    reads=("irma.recycled_treatment",),
)
def recycled_metal_is_not_counted_as_mined(dossier: Dossier, law: LawOnDate) -> Finding:
    """The claimed share leaves room for all recycled metal of the lot."""
    claims = claims_on(dossier, IRMA, PHYSICAL_CODES)
    recycled_mg = sum(one.mg for one in dossier.sources if one.kind == "recycled")
    if claims and recycled_mg == 0:
        return not_applicable(f"no {dossier.mineral} of the lot is recycled")
    total_mg = sum(one.mg for one in dossier.sources) + untraced_mg(dossier)
    return judged_claims(
        claims, IRMA, partial(_apart, law, Fraction(recycled_mg, max(1, total_mg)))
    )


def _apart(law: LawOnDate, recycled: Fraction, claim: LotClaim) -> Standing:
    claimed = claim.part
    room = f"{percent_text(recycled)} of the metal is recycled, {percent_text(claimed)} is claimed"
    if claimed <= 1 - recycled:
        return holds(f"{about(claim)}: {room}", claim.entry)
    # Whether the claim is for all of the lot or for what of it is not recycled.
    treatment = told_or_open(law, "irma.recycled_treatment")
    if isinstance(treatment, Standing):
        return replace(treatment, because=f"{about(claim)}: {room}; {treatment.because}")
    if treatment.value == "apart":
        return holds(f"{about(claim)}: {room}, and recycled metal is apart", claim.entry)
    return fails(f"{about(claim)} counts recycled metal as mined: {room}", claim.entry)


@rule(
    id="IRMA-COC-09",
    title="The claim says what must stand on a document when material is passed on",
    source=f"{SOURCE}: transaction documents; the list could not be read",
    governed_by="as_of",
    reads=("irma.coc_document_fields",),
)
def the_claim_says_what_must_stand_on_it(dossier: Dossier, law: LawOnDate) -> Finding:
    """Every field that the standard asks for was stated with the claim."""
    claims = claims_on(dossier, IRMA, MATERIAL_CODES)
    if not claims:
        return nobody_claims(IRMA)
    fields = law["irma.coc_document_fields"]
    return judged_claims(claims, IRMA, partial(_complete, fields.value), fields)


def _complete(fields: Sequence[str], claim: LotClaim) -> Standing:
    lacking = [name for name in fields if name not in claim.fields]
    if lacking:
        return fails(f"{about(claim)} does not state {listed(lacking)}", claim.entry)
    return holds(f"{about(claim)} states everything asked for", claim.entry)
