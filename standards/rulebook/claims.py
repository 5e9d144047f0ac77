"""Claims about a lot: what its holders say under a scheme, and how rules about it are told.

A claim is what somebody said. Rules compare it with credentials, path and share; they never
feed it into a question of origin.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from standards.rulebook.accounts import Claim
from standards.rulebook.claimed import Checked, standing_claims
from standards.rulebook.composition import abridged
from standards.rulebook.dossier import DeclaredClaim, Dossier
from standards.rulebook.findings import Finding, Outcome, not_applicable
from standards.rulebook.law import Provision
from standards.rulebook.remembering import remembered
from standards.rulebook.schemes import Scheme
from standards.rulebook.standing import RANK, Standing

PHYSICAL_CODES = frozenset({"contains", "origin"})
"""Claims that such material is physically there."""
MATERIAL_CODES = PHYSICAL_CODES | {"supports", "recycled"}
"""Claims about the material, and not about a site."""
ON_THE_LOT = frozenset({"identity_preserved", "segregated", "controlled_blending"})
"""Models under which the claimed share is a property of the lot itself."""
BOOK_AND_CLAIM = "book_and_claim"
MASS_BALANCE = "mass_balance"


@dataclass(frozen=True, slots=True, kw_only=True)
class LotClaim:
    """A claim about a lot, whether it was declared or drawn from an account.

    Args:
        level: the level, tier or mark claimed.
        share: part of the lot it is made for; None: all of it.
        site: the facility that it names.
        says: what its wording was coded to assert; None while nobody coded it.
        fields: what was stated with it.
        is_booked: it draws on an account or on credits, which rules about those judge.
    """

    id: str
    lot_id: str
    claimant: str
    scheme: str
    mineral: str | None
    level: str | None
    model: str | None
    code: str
    share: Fraction | None
    site: str | None
    says: tuple[str, ...] | None
    wording: str
    fields: tuple[str, ...]
    made_on: date
    entry: str
    is_booked: bool

    @property
    def part(self) -> Fraction:
        """Return the part of the lot it is made for."""
        return Fraction(1) if self.share is None else self.share


_BOOKED_FIELDS = ("code", "element", "level", "lot", "model", "quantity", "recipient", "scheme")


def every_claim(dossier: Dossier) -> list[LotClaim]:
    """Return the claims about lots on the path: declared ones, and those that stand in accounts."""
    return remembered(dossier, "every claim", _every_claim)


def _every_claim(dossier: Dossier) -> list[LotClaim]:
    declared = [_declared(one) for one in dossier.declared if one.made_on <= dossier.as_of]
    own = {one.id: one for one in standing_claims(dossier)}
    upstream = {
        one.id: one
        for record in dossier.accounts
        for one in record.claims
        if one.lot_id != dossier.lot_id and _stands(one, dossier.as_of)
    }
    contained = dossier.contained_mg
    least_mg = 0 if contained is None else contained.low_mg
    return [*declared, *(_booked(one, least_mg) for one in (own | upstream).values())]


def _stands(claim: Claim, day: date) -> bool:
    made = claim.at.date() <= day
    return made and (claim.withdrawn_at is None or claim.withdrawn_at.date() > day)


def _declared(one: DeclaredClaim) -> LotClaim:
    return LotClaim(
        id=one.id,
        lot_id=one.lot_id,
        claimant=one.claimant,
        scheme=one.scheme,
        mineral=one.mineral,
        level=one.level,
        model=one.model,
        code=one.code,
        share=None if one.share is None else Fraction(one.share),
        site=one.facility_id,
        says=one.says,
        wording=one.wording,
        fields=one.fields,
        made_on=one.made_on,
        entry=one.entry,
        is_booked=False,
    )


def _booked(one: Claim, contained_mg: int) -> LotClaim:
    return LotClaim(
        id=one.id,
        lot_id=one.lot_id,
        claimant=one.holder,
        scheme=one.scheme,
        mineral=one.element,
        level=one.tier,
        model=one.model,
        code=one.code,
        share=Fraction(min(one.mg, contained_mg), contained_mg) if contained_mg else None,
        site=None,
        says=None,
        wording=f"{one.code} {one.tier}",
        fields=_BOOKED_FIELDS,
        made_on=one.at.date(),
        entry=one.entry,
        is_booked=True,
    )


def claims_on(
    dossier: Dossier, scheme: Scheme, codes: Iterable[str] | None = None
) -> list[LotClaim]:
    """Return the claims about this very lot under a scheme; of some codes, where named."""
    wanted = None if codes is None else frozenset(codes)
    return [
        one
        for one in every_claim(dossier)
        if one.lot_id == dossier.lot_id
        and one.scheme == scheme.id
        and (wanted is None or one.code in wanted)
    ]


def unbooked(dossier: Dossier, scheme: Scheme, *models: str) -> list[Checked]:
    """Return what is open where claims of some models were declared and not booked here."""
    return [
        Checked(
            outcome=Outcome.INDETERMINATE,
            because=f"{about(one)}: what stands behind it is on no account of this ledger",
            missing=(f"account or credits behind claim {one.id}",),
            evidence=(one.entry,),
        )
        for one in claims_on(dossier, scheme, MATERIAL_CODES)
        if one.model in models and not one.is_booked
    ]


def nobody_claims(scheme: Scheme, *cites: Provision) -> Finding:
    """Return the finding of a rule about claims where there is none of its kind."""
    because = f"nobody declared a claim of this kind under {scheme.name} for the lot"
    return not_applicable(because, *cites)


def judged_claims(
    claims: Sequence[LotClaim],
    scheme: Scheme,
    judge: Callable[[LotClaim], Standing],
    *cites: Provision,
) -> Finding:
    """Return the finding of a rule that looks at every claim: the least favorable decides."""
    if not claims:
        return nobody_claims(scheme, *cites)
    return least_favorable([judge(claim) for claim in claims], *cites)


def least_favorable(standings: Sequence[Standing], *cites: Provision) -> Finding:
    """Return the finding of several standings that must all hold."""
    decisive = max(standings, key=lambda one: RANK[one.outcome])
    alike = [one for one in standings if one.outcome is decisive.outcome]
    others = len({one.because for one in alike}) - 1
    more = f" (and {others} more)" if others and decisive.outcome is not Outcome.CONFORMS else ""
    missing = [name for one in alike for name in one.missing]
    return Finding(
        outcome=decisive.outcome,
        because=f"{decisive.because}{more}",
        cites=cites,
        evidence=tuple(sorted({entry for one in standings for entry in one.evidence})),
        missing=abridged(missing),
        notices=tuple(dict.fromkeys(note for one in standings for note in one.notices)),
    )


def about(claim: LotClaim) -> str:
    """Return who claims what, for sentences: `acme's claim "…" of 2026-11-01`."""
    words = claim.wording if len(claim.wording) <= 80 else f"{claim.wording[:79]}…"
    return f'{claim.claimant}\'s claim "{words}" of {claim.made_on}'
