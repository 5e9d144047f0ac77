"""The Copper Mark: claims about sites and about products, and chain of custody between them.

The criteria lead to a claim about the site. Only the Chain of Custody Standard, an add-on for
copper-containing products, leads to one about the product; its body could not be read, so
models, input classes and thresholds are unset.
"""

from fractions import Fraction
from functools import partial

from standards.rulebook.appraisal import Appraisal, performance_standards
from standards.rulebook.asking import Asked, checked_sites
from standards.rulebook.chain import claimant_status
from standards.rulebook.claims import (
    MATERIAL_CODES,
    ON_THE_LOT,
    LotClaim,
    about,
    claims_on,
    judged_claims,
    nobody_claims,
)
from standards.rulebook.composition import unmeasurable
from standards.rulebook.credential import Credential
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import Finding, Outcome, at_least, interval_text, percent_text
from standards.rulebook.law import LawOnDate, Provision, Unavailable
from standards.rulebook.paired import award_and_custody, of_product
from standards.rulebook.path import mines_surveyed
from standards.rulebook.rule import rule
from standards.rulebook.schemes import COPPER_MARK
from standards.rulebook.sites import share_that_holds
from standards.rulebook.standing import (
    Standing,
    cannot_tell,
    fails,
    holds,
    listed,
    material_standing,
    status_standing,
    validity_standing,
)

SOURCE = "The Copper Mark Chain of Custody Standard"
_COC = ("copper_mark.custody_standard", "copper_mark.time_rule")
ELIGIBLE = "mines_with_the_mark"


@rule(
    id="CM-07",
    title="Claims about products rest on chain of custody, not on the site's award",
    source="The Copper Mark: criteria for site-level claims, chain of custody for product-level",
    governed_by="as_of",
    reads=_COC,
)
def product_claims_rest_on_chain_of_custody(dossier: Dossier, law: LawOnDate) -> Finding:
    """One about a site needs no more than CM-01; one about the product, the claimant's status."""
    claims = claims_on(dossier, COPPER_MARK)
    return judged_claims(claims, COPPER_MARK, partial(_level, dossier, law))


def _level(dossier: Dossier, law: LawOnDate, claim: LotClaim) -> Standing:
    speaks_of_product = claim.code in MATERIAL_CODES or "content" in (claim.says or ())
    if not speaks_of_product:
        if claim.says is None:
            because = f"{about(claim)}: nobody has coded whether it speaks of the product"
            missing = f"coding of the wording of claim {claim.id}"
            return cannot_tell(because, claim.entry, missing=missing)
        return holds(f"{about(claim)} is about the site", claim.entry)
    return of_product(claim, claimant_status(dossier, law, COPPER_MARK, claim))


# ── CM-COC-01 to -03 ──────────────────────────────────────────────────────────────────────


def _product_claims(dossier: Dossier) -> list[LotClaim]:
    return claims_on(dossier, COPPER_MARK, MATERIAL_CODES)


@rule(
    id="CM-COC-01",
    title="The site behind a product claim has both its award and chain of custody",
    source=f"{SOURCE}: an add-on to an assessment against the criteria",
    governed_by="as_of",
    reads=(*_COC, "copper_mark.performance_standards"),
)
def the_site_has_award_and_chain_of_custody(dossier: Dossier, law: LawOnDate) -> Finding:
    """Both hold, at the same site, on the day of the claim."""
    judge = partial(award_and_custody, dossier, law, COPPER_MARK)
    return judged_claims(_product_claims(dossier), COPPER_MARK, judge)


@rule(
    id="CM-COC-02",
    title="Product claims under the Copper Mark are about copper only",
    source=f"{SOURCE}: for copper-containing products",
    governed_by="as_of",
    reads=("copper_mark.coc_metals",),
)
def product_claims_are_about_copper_only(dossier: Dossier, law: LawOnDate) -> Finding:
    """No other mark has a standard for products: a nickel product claim has no basis."""
    metals = law["copper_mark.coc_metals"]
    judge = partial(_of_metal, dossier, metals)
    return judged_claims(_product_claims(dossier), COPPER_MARK, judge, metals)


def _of_metal(dossier: Dossier, metals: Provision, claim: LotClaim) -> Standing:
    if claim.mineral is None and dossier.mineral not in metals.value:
        because = f"{about(claim)} does not say for which metal it is made"
        return cannot_tell(because, claim.entry, missing=f"metal of claim {claim.id}")
    if dossier.mineral not in metals.value:
        because = f"{about(claim)} is about {dossier.mineral}; {listed(metals.value)} is covered"
        return fails(because, claim.entry)
    return holds(f"{about(claim)} is about {dossier.mineral}", claim.entry)


@rule(
    id="CM-COC-03",
    title="The model claimed is one that the standard allows",
    source=f"{SOURCE}: models",
    governed_by="as_of",
    reads=("copper_mark.coc_models",),
)
def the_model_is_one_the_standard_allows(dossier: Dossier, law: LawOnDate) -> Finding:
    """Which models it allows could not be read."""
    claims = _product_claims(dossier)
    if not claims:
        return nobody_claims(COPPER_MARK)
    models = law["copper_mark.coc_models"]
    return judged_claims(claims, COPPER_MARK, partial(_model, models), models)


def _model(models: Provision, claim: LotClaim) -> Standing:
    if claim.model is None:
        because = f"{about(claim)} names no chain-of-custody model"
        return cannot_tell(because, claim.entry, missing=f"model of claim {claim.id}")
    words = claim.model.replace("_", " ")
    if claim.model not in models.value:
        return fails(f"{about(claim)}: {words} is not allowed", claim.entry)
    return holds(f"{about(claim)}: {words} is allowed", claim.entry)


# ── CM-COC-05, CM-COC-06 ──────────────────────────────────────────────────────────────────

_INPUT = (
    "copper_mark.coc_eligible_input",
    "copper_mark.performance_standards",
    "copper_mark.time_rule",
)


@rule(
    id="CM-COC-05",
    title="Only eligible input is counted towards a product claim",
    source=f"{SOURCE}: eligible input and other input that passed due diligence",
    governed_by="as_of",
    reads=_INPUT,
)
def only_eligible_input_is_counted(dossier: Dossier, law: LawOnDate) -> Finding:
    """The claimed share is not above the share of eligible input; merely acceptable is not it."""
    claims = _product_claims(dossier)
    if not claims:
        return nobody_claims(COPPER_MARK)
    if (answer := unmeasurable(dossier)) is not None:
        return answer
    share = _eligible_share(dossier, law)
    return judged_claims(claims, COPPER_MARK, partial(_counted, share))


def _counted(share: tuple[Fraction, Fraction], claim: LotClaim) -> Standing:
    return _compared(share, claim.part, claim, "is claimed for")


@rule(
    id="CM-COC-06",
    title="The eligible share is enough for a product claim",
    source=f"{SOURCE}: least share for a claim",
    governed_by="as_of",
    reads=(*_INPUT, "copper_mark.coc_minimum_claim_share"),
)
def the_eligible_share_is_enough(dossier: Dossier, law: LawOnDate) -> Finding:
    """The share of eligible input reaches the standard's least share."""
    claims = _product_claims(dossier)
    if not claims:
        return nobody_claims(COPPER_MARK)
    if (answer := unmeasurable(dossier)) is not None:
        return answer
    least = law["copper_mark.coc_minimum_claim_share"]
    share = _eligible_share(dossier, law)
    return judged_claims(claims, COPPER_MARK, partial(_enough, share, least), least)


def _enough(share: tuple[Fraction, Fraction], least: Provision, claim: LotClaim) -> Standing:
    return _compared(share, least.share, claim, "needs")


def _compared(
    share: tuple[Fraction, Fraction], needed: Fraction, claim: LotClaim, words: str
) -> Standing:
    if claim.model not in ON_THE_LOT:
        under = (claim.model or "a model that is not named").replace("_", " ")
        because = f"{about(claim)}: under {under} the input stands in the account, not in the lot"
        return cannot_tell(because, claim.entry, missing=f"account behind claim {claim.id}")
    measured = at_least(*share, needed)
    because = f"{about(claim)} {words} {percent_text(needed)}; {interval_text(*share)} is eligible"
    missing = (f"input of lot {claim.lot_id} by class",)
    return Standing(
        outcome=measured.outcome,
        because=because,
        evidence=(claim.entry,),
        missing=missing if measured.outcome is Outcome.INDETERMINATE else (),
    )


def _eligible_share(dossier: Dossier, law: LawOnDate) -> tuple[Fraction, Fraction]:
    """Return worst and best share of the metal that counts as eligible input.

    Raises:
        Unavailable: nobody has said what counts, or something no rule knows.
    """
    kind = law["copper_mark.coc_eligible_input"]
    if kind.value != ELIGIBLE:
        because = f"{kind.key} is {kind.value}; rules know {ELIGIBLE}"
        raise Unavailable(kind.key, because, provision=kind)
    survey = mines_surveyed(dossier, law, COPPER_MARK)
    if survey.total_mg.low_mg == 0:
        return Fraction(0), Fraction(0)
    asked = Asked(
        dossier=dossier,
        law=law,
        scheme=COPPER_MARK,
        standards=performance_standards(law, COPPER_MARK),
        survey=survey,
    )
    checked = checked_sites(asked, _mark_held)
    return share_that_holds(checked, total_mg=survey.total_mg, untold_mg=survey.untold_mg)


def _mark_held(asked: Asked, told: Appraisal, award: Credential) -> Standing:
    site, day, size = told.visit.site, told.day, asked.dossier.log_size
    return (
        material_standing(award, site=site, mineral=asked.dossier.mineral)
        or status_standing(award, site=site, day=day, log_size=size)
        or validity_standing(award, site=site, day=day, log_size=size)
        or holds(f"{site}: held the mark on {day}", award.entry)
    )
