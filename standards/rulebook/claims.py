"""Claims about a lot: what its holders say under a scheme, and how rules about it are told.

A claim is what somebody said. Rules compare it with credentials, path and share; they never
feed it into a question of origin.
"""

from collections.abc import Callable, Iterable, Sequence

from standards.rulebook.composition import abridged
from standards.rulebook.dossier import DeclaredClaim, Dossier
from standards.rulebook.findings import Finding, Outcome, not_applicable
from standards.rulebook.law import Provision
from standards.rulebook.schemes import Scheme
from standards.rulebook.standing import RANK, Standing

PHYSICAL_CODES = frozenset({"contains", "origin"})
"""Claims that such material is physically there."""
MATERIAL_CODES = PHYSICAL_CODES | {"supports", "recycled"}
"""Claims about the material, and not about a site."""
ON_THE_LOT = frozenset({"identity_preserved", "segregated", "controlled_blending"})
"""Models under which the claimed share is a property of the lot itself."""
BOOK_AND_CLAIM = "book_and_claim"
STRICTEST_FIRST = (
    "identity_preserved",
    "segregated",
    "controlled_blending",
    "mass_balance",
    BOOK_AND_CLAIM,
)
"""Chain-of-custody models of ISO 22095, the strictest first."""


def claims_on(
    dossier: Dossier, scheme: Scheme, codes: Iterable[str] | None = None
) -> list[DeclaredClaim]:
    """Return the claims about this very lot under a scheme; of some codes, where named."""
    wanted = None if codes is None else frozenset(codes)
    return [
        one
        for one in dossier.declared
        if one.lot_id == dossier.lot_id
        and one.scheme == scheme.id
        and (wanted is None or one.code in wanted)
    ]


def nobody_claims(scheme: Scheme, *cites: Provision) -> Finding:
    """Return the finding of a rule about claims where there is none of its kind."""
    because = f"nobody declared a claim of this kind under {scheme.name} for the lot"
    return not_applicable(because, *cites)


def judged_claims(
    claims: Sequence[DeclaredClaim],
    scheme: Scheme,
    judge: Callable[[DeclaredClaim], Standing],
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


def about(claim: DeclaredClaim) -> str:
    """Return who claims what, for sentences: `acme's claim "…" of 2026-11-01`."""
    words = claim.wording if len(claim.wording) <= 80 else f"{claim.wording[:79]}…"
    return f'{claim.claimant}\'s claim "{words}" of {claim.made_on}'
