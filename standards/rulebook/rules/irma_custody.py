"""IRMA Chain of Custody Standard v1.0: who passed claimed material on, and under which model.

Its body could not be read: five models and who must be assessed are public; how it treats
traders and contractors is not, and where an answer turns on that it cannot be told.
"""

from collections.abc import Sequence
from functools import partial

from msgspec.structs import replace

from standards.rulebook.accounts import STRICTNESS, Claim
from standards.rulebook.appraisal import performance_standards
from standards.rulebook.chain import Passing, carrying, custody_status, passings, unworked
from standards.rulebook.claimed import Checked, about_claims
from standards.rulebook.claims import (
    BOOK_AND_CLAIM,
    MATERIAL_CODES,
    PHYSICAL_CODES,
    LotClaim,
    about,
    claims_on,
    every_claim,
    judged_claims,
    least_favorable,
    nobody_claims,
)
from standards.rulebook.dossier import Agreement, Dossier, PathLot
from standards.rulebook.findings import Finding, Outcome, not_applicable
from standards.rulebook.law import LawOnDate
from standards.rulebook.rule import rule
from standards.rulebook.schemes import IRMA
from standards.rulebook.sites import told_or_open
from standards.rulebook.standing import Standing, cannot_tell, fails, holds, listed

SOURCE = "IRMA Chain of Custody Standard v1.0 (2024)"
NO_CHAIN = "no metal on the path comes from a mine with a published audit: no chain begins"
_COC = ("irma.custody_standard", "irma.performance_standards", "irma.time_rule")


def _status(dossier: Dossier, law: LawOnDate, who: str, passing: Passing) -> Standing:
    """Return the chain-of-custody status of somebody, or of the site where it worked."""
    subjects = [who, *([passing.facility_id] if passing.facility_id else [])]
    return custody_status(dossier, law, IRMA, subjects=subjects, who=who, day=passing.day)


# ── IRMA-COC-01: who passed it ────────────────────────────────────────────────────────────


@rule(
    id="IRMA-COC-01",
    title="Everybody who passed the claimed material on was assessed for chain of custody",
    source="IRMA, chain of custody: entities that process, buy or use material to claim it",
    governed_by="as_of",
    reads=(*_COC, "irma.coc_outsourcing", "irma.coc_trader_exemption"),
)
def everybody_who_passed_the_claim_was_assessed(dossier: Dossier, law: LawOnDate) -> Finding:
    """Seller and buyer on the day the lot passes, whoever works it, and who makes the claim.

    A mine needs no status to hand over what it mined. Traders without custody and contractors
    are asked about only where it matters how the standard treats them.
    """
    claims = claims_on(dossier, IRMA, PHYSICAL_CODES)
    if not claims:
        return nobody_claims(IRMA)
    lots = carrying(dossier, IRMA, performance_standards(law, IRMA))
    if not lots:
        return not_applicable(NO_CHAIN)
    told = [
        _passing(dossier, law, one)
        for claim in claims
        for one in passings(lots, claim.claimant, claim.made_on, claim.lot_id)
    ]
    told += [
        cannot_tell(
            f"who held lot {one.lot_id} before it entered the record is not known",
            missing=f"chain of custody of lot {one.lot_id} before it was introduced",
        )
        for one in lots
        if one.stage == "introduction"
    ]
    alone = "no one but the mine that mined it has had the lot"
    return least_favorable(told or [holds(alone)])


def _passing(dossier: Dossier, law: LawOnDate, one: Passing) -> Standing:
    if one.organization is None:
        because = f"whoever made lot {one.lot_id} has no key here; its status is not known"
        missing = f"chain-of-custody status of who made lot {one.lot_id} on {one.day}"
        return cannot_tell(because, missing=missing)
    told = _status(dossier, law, one.organization, one)
    if told.outcome is Outcome.CONFORMS:
        return told
    if one.title_only:
        return _exempted(law, one, told, "irma.coc_trader_exemption", "title_only_traders")
    if one.is_contractor:  # IRMA-COC-08 says whether an agreement covers it
        return _exempted(law, one, told, "irma.coc_outsourcing", "written_agreement")
    return told


def _exempted(law: LawOnDate, one: Passing, told: Standing, key: str, exempt: str) -> Standing:
    """Tell whether the standard lets somebody pass the claim without a status of its own."""
    treatment = told_or_open(law, key)
    if isinstance(treatment, Standing):
        return replace(treatment, because=f"{told.because}; {treatment.because}")
    if treatment.value == exempt:
        return holds(f"{one.organization}: {exempt.replace('_', ' ')} need no status of their own")
    return told


# ── IRMA-COC-02: models ───────────────────────────────────────────────────────────────────


@rule(
    id="IRMA-COC-02",
    title="The model claimed is one of the five, and none stricter than the path allows",
    source=f"{SOURCE}: five models on ISO 22095; a model never moves up",
    governed_by="as_of",
    reads=("irma.coc_models", "irma.performance_standards"),
)
def no_model_is_stricter_than_its_path(dossier: Dossier, law: LawOnDate) -> Finding:
    """The claim's model is not above the weakest under which the material was passed before."""
    models = law["irma.coc_models"]
    claims = claims_on(dossier, IRMA, MATERIAL_CODES)
    lots = carrying(dossier, IRMA, performance_standards(law, IRMA)) if claims else []
    judge = partial(_model, dossier, tuple(models.value), lots)
    return judged_claims(claims, IRMA, judge, models)


def _model(
    dossier: Dossier, models: Sequence[str], lots: Sequence[PathLot], claim: LotClaim
) -> Standing:
    if claim.model is None:
        because = f"{about(claim)} names no chain-of-custody model"
        return cannot_tell(because, claim.entry, missing=f"model of claim {claim.id}")
    words = claim.model.replace("_", " ")
    if claim.model not in models:
        return fails(f"{about(claim)}: {words} is none of the standard's models", claim.entry)
    if claim.model == BOOK_AND_CLAIM:  # nothing physical stands behind it
        return holds(f"{about(claim)}: {words} is the weakest model", claim.entry)
    upstream = [
        one
        for one in every_claim(dossier)
        if one.scheme == IRMA.id and one.lot_id != claim.lot_id and one.model in STRICTNESS
    ]
    weakest = min(upstream, key=lambda one: STRICTNESS.index(one.model or ""), default=None)
    if weakest is not None and _is_stricter(claim.model, weakest.model or ""):
        because = (
            f"{about(claim)} is stricter than its path: lot {weakest.lot_id} was passed as "
            f"{(weakest.model or '').replace('_', ' ')}"
        )
        return fails(because, claim.entry, weakest.entry)
    untold = _untold_handovers(lots, upstream, claim)
    if untold:
        because = f"{about(claim)}: under which model lot {untold[0]} was passed is not declared"
        missing = f"IRMA claim of the seller of lot {untold[0]}, with its model"
        return cannot_tell(because, claim.entry, missing=missing)
    return holds(f"{about(claim)}: {words} is not stricter than its path", claim.entry)


def _is_stricter(model: str, other: str) -> bool:
    return STRICTNESS.index(model) > STRICTNESS.index(other)


def _untold_handovers(
    lots: Sequence[PathLot], upstream: Sequence[LotClaim], claim: LotClaim
) -> list[str]:
    """Return lots that changed hands without a declared model, but for what a mine sent out."""
    told = {one.lot_id for one in upstream}
    as_mined = unworked(lots)
    return [
        lot.lot_id
        for lot in lots
        if lot.lot_id not in told | {claim.lot_id}
        and any(hand.kind == "custody" for hand in lot.hands)
        and lot.lot_id not in as_mined
    ]


# ── IRMA-COC-05: book and claim ───────────────────────────────────────────────────────────


@rule(
    id="IRMA-COC-05",
    title="Book and claim supports; it says nothing of what a lot contains or where it is from",
    source="ISO 22095:2020, 3.3.5: a record that is not connected to the physical flow",
    governed_by="as_of",
)
def book_and_claim_claims_no_content(dossier: Dossier, _law: LawOnDate) -> Finding:
    """A claim that is apart from material is coded as support, and its wording says no more.

    A declared claim that names no model leaves it open whether it is apart from material.
    """
    declared = [
        one
        for one in every_claim(dossier)
        if one.lot_id == dossier.lot_id
        and not one.is_booked
        and one.code in MATERIAL_CODES
        and one.model in (None, BOOK_AND_CLAIM)
    ]

    def check(claim: Claim) -> Checked:
        because = f"claim {claim.id} by book and claim is coded as: {claim.code}"
        is_support = claim.code == "supports"
        return Checked(
            outcome=Outcome.CONFORMS if is_support else Outcome.NONCONFORMING,
            because=because,
            evidence=(claim.entry,),
        )

    booked = about_claims(
        dossier,
        check,
        of=lambda claim: claim.model == BOOK_AND_CLAIM,
        words="book and claim is not claimed",
    )
    if not declared:
        return booked
    told = least_favorable([_supports_only(one) for one in declared])
    return max(booked, told, key=lambda one: _LEAST_LAST.index(one.outcome))


_LEAST_LAST = (
    Outcome.NOT_APPLICABLE,
    Outcome.CONFORMS,
    Outcome.INDETERMINATE,
    Outcome.NONCONFORMING,
)


def _supports_only(claim: LotClaim) -> Standing:
    if claim.model is None:
        because = f"{about(claim)} names no chain-of-custody model"
        return cannot_tell(because, claim.entry, missing=f"model of claim {claim.id}")
    if claim.code != "supports" or {"content", "origin"} & set(claim.says or ()):
        because = f"{about(claim)} speaks of more than support, which book and claim cannot show"
        return fails(because, claim.entry)
    return holds(f"{about(claim)} is coded as support", claim.entry)


# ── IRMA-COC-08: contractors ──────────────────────────────────────────────────────────────


@rule(
    id="IRMA-COC-08",
    title="Contractors that worked claimed material are covered",
    source=f"{SOURCE}: outsourcing; its terms could not be read",
    governed_by="as_of",
    reads=(*_COC, "irma.coc_outsourcing"),
)
def contractors_are_covered(dossier: Dossier, law: LawOnDate) -> Finding:
    """Whoever worked metal of another has a status of its own, or an agreement that is enough."""
    claims = claims_on(dossier, IRMA, PHYSICAL_CODES)
    if not claims:
        return nobody_claims(IRMA)
    lots = carrying(dossier, IRMA, performance_standards(law, IRMA))
    if not lots:
        return not_applicable(NO_CHAIN)
    worked = [
        (lot, one)
        for claim in claims
        for one in passings(lots, claim.claimant, claim.made_on, claim.lot_id)
        if one.is_contractor
        for lot in lots
        if lot.lot_id == one.lot_id
    ]
    told = [_covered(dossier, law, lot, one) for lot, one in worked]
    return least_favorable(told or [holds("no contractor worked the claimed metal")])


def _covered(dossier: Dossier, law: LawOnDate, lot: PathLot, one: Passing) -> Standing:
    who = one.organization or f"whoever made lot {lot.lot_id}"
    if one.organization is not None:
        own = _status(dossier, law, who, one)
        if own.outcome is Outcome.CONFORMS:
            return own
    agreement = next((told for told in dossier.agreements if _binds(told, lot, one)), None)
    for_whom = f"{who} worked lot {lot.lot_id} for {listed(lot.owners)}"
    terms = told_or_open(law, "irma.coc_outsourcing")
    if isinstance(terms, Standing):
        under = "under an agreement on file" if agreement else "and no agreement is on file"
        return replace(terms, because=f"{for_whom} {under}; {terms.because}")
    if terms.value != "written_agreement":
        return fails(f"{for_whom} without an assessment of its own")
    if agreement is None:
        return fails(f"{for_whom} and no agreement is on file")
    return holds(f"{for_whom} under an agreement of {agreement.agreed_from}", agreement.entry)


def _binds(agreement: Agreement, lot: PathLot, one: Passing) -> bool:
    until = agreement.agreed_until
    in_time = agreement.agreed_from <= one.day and (until is None or one.day <= until)
    at_site = agreement.facility_id in (None, lot.facility_id)
    parties = agreement.contractor == one.organization and agreement.principal in lot.owners
    return in_time and at_site and parties
