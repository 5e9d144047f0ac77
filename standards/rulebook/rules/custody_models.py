"""Custody models (ISO 22095): what a claim of each rests on, and that none moves up the ladder.

Identity preserved, segregated and controlled blending are claims about the metal in the lot, and
are compared with its physical composition. Mass balance and book and claim are not, and the
physical composition is not asked.
"""

from fractions import Fraction
from functools import partial

from standards.rulebook.accounts import STRICTNESS, AccountRecord, Claim
from standards.rulebook.certified import source_level
from standards.rulebook.claimed import (
    BOOKING,
    Checked,
    about_claims,
    booked_for,
    keys,
    kg,
    physical_share,
    retired_mg,
    share_of_lot,
    unavailable,
)
from standards.rulebook.dossier import ORIGIN_UNKNOWN, Dossier, Source
from standards.rulebook.findings import Finding, Outcome, at_least, percent_text
from standards.rulebook.law import LawOnDate, Unavailable
from standards.rulebook.posted import OVER
from standards.rulebook.rule import rule
from standards.rulebook.terms import Terms, levels_of

MODELS = "ISO 22095:2020, 3.3.1 to 3.3.5: custody models, and what each lets one say"
ACCOUNTS = "ISO 22095-2:2026, boundary and ownership of mass-balance accounts"
BOOK_AND_CLAIM = "book_and_claim"


def _yes_or_no(
    claim: Claim, because: str, *, holds: bool, entries: tuple[str, ...] = ()
) -> Checked:
    return Checked(
        outcome=Outcome.CONFORMS if holds else Outcome.NONCONFORMING,
        because=because,
        evidence=(claim.entry, *entries),
    )


def _cannot_tell(claim: Claim, because: str, *missing: str) -> Checked:
    return Checked(
        outcome=Outcome.INDETERMINATE, because=because, missing=missing, evidence=(claim.entry,)
    )


def _account_of(dossier: Dossier, claim: Claim) -> AccountRecord:
    return next(one for one in dossier.accounts if one.id == claim.account)


# ── whose, where, of what ─────────────────────────────────────────────────────────────────


@rule(
    id="MB-07",
    title="The lot was at the boundary of the account that it is claimed from",
    source=ACCOUNTS,
    governed_by="as_of",
    reads=keys("account_boundary"),
)
def lot_was_at_the_boundary_of_the_account(dossier: Dossier, law: LawOnDate) -> Finding:
    """In and out are of one boundary: one site, or several where the scheme allows a group."""

    def check(claim: Claim) -> Checked:
        account = _account_of(dossier, claim)
        if not claim.is_inside:
            because = f"lot {claim.lot_id} never was at a site of {account.id}"
            return _yes_or_no(claim, because, holds=False)
        because = f"lot {claim.lot_id} was at a site of {account.id}"
        if len(account.facilities) == 1:
            return _yes_or_no(claim, because, holds=True)
        because = f"{because}, whose boundary has {len(account.facilities)} sites"
        try:
            allowed = law[f"{account.scheme}.account_boundary"]
        except Unavailable as signal:
            return unavailable(signal, because, (claim.entry,))
        return Checked(
            outcome=Outcome.CONFORMS if allowed.value == "group" else Outcome.NONCONFORMING,
            because=f"{because}; the scheme allows a {allowed.value}",
            cites=(allowed,),
            evidence=(claim.entry,),
        )

    return about_claims(dossier, check, of=lambda claim: claim.account is not None)


@rule(
    id="MB-09",
    title="Whoever claims owned the lot, and stands by the claim",
    source=ACCOUNTS,
    governed_by="as_of",
)
def claimant_owned_the_lot(dossier: Dossier, _law: LawOnDate) -> Finding:
    """Nobody claims for metal of another; a claim under a distrusted key is unknown."""

    def check(claim: Claim) -> Checked:
        if claim.is_disputed:
            because = f"claim {claim.id} was signed by a key that was later distrusted"
            return _cannot_tell(claim, because, f"claim {claim.id}, stated again under a good key")
        words = "owned" if claim.is_owner else "never owned"
        because = f"{claim.holder} {words} some of lot {claim.lot_id}"
        return _yes_or_no(claim, because, holds=claim.is_owner)

    return about_claims(dossier, check)


@rule(
    id="MB-10",
    title="One element never pays for another",
    source=ACCOUNTS,
    governed_by="as_of",
)
def one_element_never_pays_for_another(dossier: Dossier, _law: LawOnDate) -> Finding:
    """Claim, account and credits are of one element; a by-product has an account of its own."""

    def check(claim: Claim) -> Checked:
        others = {one.element for one in dossier.credits if one.serial in claim.credits} | {
            one.element for one in dossier.accounts if one.id == claim.account
        }
        wrong = sorted(others - {claim.element})
        words = f"claim {claim.id} is for {claim.element}"
        because = f"{words} and draws on {', '.join(wrong)}" if wrong else words
        return _yes_or_no(claim, because, holds=not wrong)

    return about_claims(dossier, check)


@rule(
    id="IRMA-COC-04",
    title="A claim is of no higher tier than what it draws on",
    source="IRMA Chain of Custody Standard v1.0: claims exceed neither quantity nor level booked",
    governed_by="as_of",
    reads=("irma.levels",),
)
def claim_is_of_no_higher_tier_than_its_source(dossier: Dossier, law: LawOnDate) -> Finding:
    """The tier of a claim is that of its account or credits, or a lower one of the same scheme."""
    return about_claims(dossier, partial(of_no_higher_tier, dossier, law))


def of_no_higher_tier(dossier: Dossier, law: LawOnDate, claim: Claim) -> Checked:
    """Tell whether a claim names the tier of what it draws on, or a lower one."""
    tiers = {one.tier for one in dossier.accounts if one.id == claim.account}
    tiers |= {one.tier for one in dossier.credits if one.serial in claim.credits}
    other = sorted(tiers - {claim.tier})
    because = f"claim {claim.id} names {claim.tier}, and draws on {', '.join(sorted(tiers))}"
    if not other:
        return _yes_or_no(claim, because, holds=True)
    try:
        levels = law[f"{claim.scheme}.levels"]
    except Unavailable as signal:
        return unavailable(signal, because, (claim.entry,))
    order = list(levels.value)
    known = all(tier in order for tier in (*other, claim.tier))
    holds = known and all(order.index(claim.tier) < order.index(tier) for tier in other)
    return Checked(
        outcome=Outcome.CONFORMS if holds else Outcome.NONCONFORMING,
        because=because,
        cites=(levels,),
        evidence=(claim.entry,),
    )


# ── the ladder ────────────────────────────────────────────────────────────────────────────


@rule(
    id="ISO-TR-01",
    title="No claim is of a stricter custody model than what it draws on",
    source=MODELS,
    governed_by="as_of",
    reads=BOOKING,
)
def models_never_move_up_the_ladder(dossier: Dossier, law: LawOnDate) -> Finding:
    """Metal that came by mass balance stays so, whatever is done with it on a segregated line."""
    booked = booked_for(dossier, law)
    models = {one.id: one.model for record in dossier.accounts for one in record.claims}

    def check(claim: Claim) -> Checked:
        account = booked[claim.account or ""]
        draw = account.draws[f"claim:{claim.id}"]
        used = {use.source.partition(":")[2] for use in draw.uses if use.source != OVER}
        came = {
            name
            for one in account.inputs
            if one.source.lot_id in used
            for name in one.source.came_with
        }
        weakest = min((models[name] for name in came), key=STRICTNESS.index, default=claim.model)
        holds = STRICTNESS.index(claim.model) <= STRICTNESS.index(weakest)
        words = claim.model.replace("_", " ")
        source = (
            f"it draws on {weakest.replace('_', ' ')}" if came else "no weaker claim is behind it"
        )
        return _yes_or_no(claim, f"claim {claim.id} is of {words}; {source}", holds=holds)

    return about_claims(dossier, check, of=lambda claim: claim.account is not None)


@rule(
    id="ISO-IP-01",
    title="Identity preserved is claimed of metal of one source only",
    source=MODELS,
    governed_by="as_of",
)
def identity_preserved_has_one_source(dossier: Dossier, _law: LawOnDate) -> Finding:
    """All metal of the lot is of one known source; two certified ones are segregated at best."""
    sources = [one for one in dossier.sources if one.mg > 0]

    def check(claim: Claim) -> Checked:
        unknown = [one for one in sources if one.kind in ORIGIN_UNKNOWN]
        known = {one.facility_id or one.id for one in sources if one not in unknown}
        if len(known) > 1:
            because = f"the {dossier.mineral} of the lot is of {len(known)} sources"
            return _yes_or_no(claim, because, holds=False)
        if unknown or not sources:
            because = f"not all {dossier.mineral} of the lot has a known source"
            return _cannot_tell(claim, because, f"origin of lot {dossier.lot_id}")
        because = f"all {dossier.mineral} of the lot is of one source"
        return _yes_or_no(claim, because, holds=True)

    return about_claims(
        dossier,
        check,
        of=lambda claim: claim.model == "identity_preserved",
        words="identity preserved is not claimed",
    )


@rule(
    id="ISO-SG-01",
    title="Segregated is claimed of certified metal only",
    source=MODELS,
    governed_by="as_of",
    reads=("irma.levels", "irma.account_tier_mixing"),
)
def segregated_metal_is_all_certified(dossier: Dossier, law: LawOnDate) -> Finding:
    """Every source held the tier claimed when the metal left it; not a kilogram did not."""

    def check(claim: Claim) -> Checked:
        told = [(one, _standing(dossier, one, claim, law)) for one in dossier.sources if one.mg > 0]
        failing = [one for one, held in told if held is False]
        if failing:
            mg = sum(one.mg for one in failing)
            because = f"{kg(mg)} in the lot is not certified as {claim.tier}"
            return _yes_or_no(claim, because, holds=False, entries=tuple(_entries(failing)))
        unclear = [one for one, held in told if held is None]
        if unclear or not told:
            names = [f"certificate for lot {one.lot_id or one.id}" for one in unclear]
            because = f"whether all metal of the lot is certified as {claim.tier} is not clear"
            return _cannot_tell(claim, because, *(names or [f"origin of lot {dossier.lot_id}"]))
        because = f"all metal of the lot is certified as {claim.tier}"
        return _yes_or_no(claim, because, holds=True)

    return about_claims(
        dossier,
        check,
        of=lambda claim: claim.model in ("segregated", "identity_preserved"),
        words="segregated metal is not claimed",
    )


def _entries(sources: list[Source]) -> list[str]:
    return [one.entry for one in sources]


def _standing(dossier: Dossier, source: Source, claim: Claim, law: LawOnDate) -> bool | None:
    """Tell whether a parcel is certified for what is claimed; None where it cannot be told."""
    found = source_level(dossier, source, claim.scheme)
    if found is None:
        is_unknown = source.kind in ORIGIN_UNKNOWN or source.dispatched_on is None
        return None if is_unknown else False
    level, held = found
    counts = _terms(claim, level, law).counts(level, claim.tier)
    return counts if held.outcome is Outcome.CONFORMS or counts is False else None


def _terms(claim: Claim, level: str | None, law: LawOnDate) -> Terms:
    return Terms() if level == claim.tier else levels_of(law, claim.scheme)


@rule(
    id="ISO-CB-01",
    title="Controlled blending claims no more than the certified share that is in the lot",
    source=MODELS,
    governed_by="as_of",
)
def controlled_blending_claims_the_measured_share(dossier: Dossier, _law: LawOnDate) -> Finding:
    """The claimed share is at most the physical share of certified metal in this very lot."""

    def check(claim: Claim) -> Checked:
        claimed = share_of_lot(dossier, claim.mg)
        physical = physical_share(dossier, claim.scheme, claim.tier)
        if claimed is None or physical is None:
            because = f"how much {dossier.mineral} the lot contains is not known"
            name = f"assay or quality of lot {dossier.lot_id} for {dossier.mineral}"
            return _cannot_tell(claim, because, name)
        measured = at_least(physical[0] - claimed[0], physical[1] - claimed[1], Fraction(0))
        words = f"{percent_text(claimed[0])} of the lot is claimed"
        return Checked(
            outcome=measured.outcome,
            because=f"{words}; {percent_text(physical[0])} in it is certified as {claim.tier}",
            measured=measured,
            missing=(f"certificates of the sources of lot {dossier.lot_id}",),
            evidence=(claim.entry,),
        )

    return about_claims(
        dossier,
        check,
        of=lambda claim: claim.model == "controlled_blending",
        words="controlled blending is not claimed",
    )


# ── book and claim ────────────────────────────────────────────────────────────────────────


@rule(
    id="ISO-BC-01",
    title="Book and claim retires credits for all that it claims",
    source="ISO 22095-3:2026, transferable instruments; a serial is retired once",
    governed_by="as_of",
)
def credits_retired_cover_the_claim(dossier: Dossier, _law: LawOnDate) -> Finding:
    """The credits that a claim retired amount to what it claims."""
    return about_claims(
        dossier,
        partial(covered_by_credits, dossier),
        of=lambda claim: claim.model == BOOK_AND_CLAIM,
        words="book and claim is not claimed",
    )


def covered_by_credits(dossier: Dossier, claim: Claim) -> Checked:
    """Tell whether the credits that a claim retired amount to what it claims."""
    known = {one.serial for one in dossier.credits}
    lost = [serial for serial in claim.credits if serial not in known]
    if lost:
        because = f"what credit {lost[0]} amounts to is not known"
        return _cannot_tell(claim, because, *(f"issue of credit {one}" for one in lost))
    retired = retired_mg(dossier, claim)
    measured = at_least(
        Fraction(retired - claim.mg), Fraction(retired - claim.mg), Fraction(0), "mg"
    )
    entries = [one.entry for one in dossier.credits if one.serial in claim.credits]
    return Checked(
        outcome=measured.outcome,
        because=f"claim {claim.id}: {kg(claim.mg)} claimed, credits for {kg(retired)} retired",
        measured=measured,
        evidence=(claim.entry, *entries),
    )
