"""What was claimed of a lot, as rules look at it: the claims that stand, and their accounts booked.

Physical and claimed share stand side by side and are never added up.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import lru_cache

from standards.rulebook.accounting import book_all
from standards.rulebook.accounts import AccountRecord, Claim
from standards.rulebook.booking import Booked, Counted
from standards.rulebook.certified import source_level
from standards.rulebook.composition import abridged
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import (
    Finding,
    Measured,
    Outcome,
    decimal_text,
    not_applicable,
)
from standards.rulebook.law import LawOnDate, Provision, Unavailable, value_of
from standards.rulebook.months import day_after
from standards.rulebook.terms import Terms, outside_key, terms_of
from standards.rulebook.watching import Today, Watch, plain

SCHEMES = ("irma", "copper_mark", "asi")
"""Schemes with a pack of their own; an account of another is judged when there is one."""


def keys(*names: str) -> tuple[str, ...]:
    """Return the parameters of a name in the packs of all schemes."""
    return tuple(f"{scheme}.{name}" for scheme in SCHEMES for name in names)


BOOKING = (
    *keys("account_carry_over_days", "account_carry_over_periods", "account_outside_evidence"),
    "irma.levels",
    "irma.account_tier_mixing",
)
"""Parameters that drawing a balance may read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a rule found about one claim, or one account behind it."""

    outcome: Outcome
    because: str
    cites: tuple[Provision, ...] = ()
    measured: Measured | None = None
    missing: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


def standing_claims(dossier: Dossier) -> tuple[Claim, ...]:
    """Return the claims about the lot that were made and not withdrawn by the day in question."""
    return tuple(
        one
        for one in dossier.claims
        if one.at.date() <= dossier.as_of
        and (one.withdrawn_at is None or one.withdrawn_at.date() > dossier.as_of)
    )


def about_claims(
    dossier: Dossier,
    check: Callable[[Claim], Checked | None],
    *,
    of: Callable[[Claim], bool] = lambda _claim: True,
    words: str = "nothing is claimed",
) -> Finding:
    """Return one finding for all claims about the lot: the least favorable decides.

    Args:
        check: None where the requirement does not concern the claim.
        of: the claims to look at; words: what is so where there are none.
    """
    told = [one for claim in standing_claims(dossier) if of(claim) and (one := check(claim))]
    return concluded_of(told, f"{words} of the {dossier.mineral} of the lot")


_RANK = (
    Outcome.NOT_APPLICABLE,
    Outcome.CONFORMS,
    Outcome.INDETERMINATE,
    Outcome.NONCONFORMING,
)


def concluded_of(told: list[Checked], words: str) -> Finding:
    """Return the finding that the least favorable of several checks decides."""
    if not told:
        return not_applicable(words)
    decisive = max(
        told,
        key=lambda one: (
            _RANK.index(one.outcome),
            -one.measured.margin if one.measured else Fraction(0),
        ),
    )
    alike = [one for one in told if one.outcome is decisive.outcome]
    is_open = decisive.outcome is Outcome.INDETERMINATE
    return Finding(
        outcome=decisive.outcome,
        because=decisive.because,
        measured=decisive.measured,
        cites=decisive.cites,
        evidence=tuple(sorted({entry for one in alike for entry in one.evidence})),
        missing=abridged([name for one in alike for name in one.missing]) if is_open else (),
    )


def unavailable(signal: Unavailable, because: str, evidence: tuple[str, ...] = ()) -> Checked:
    """Say that the answer turns on what the law of the day does not say."""
    cites = () if signal.provision is None else (signal.provision,)
    if not signal.applicable:
        return Checked(outcome=Outcome.NOT_APPLICABLE, because=signal.because, cites=cites)
    return Checked(
        outcome=Outcome.INDETERMINATE,
        because=f"{because}; {signal.because}",
        cites=cites,
        missing=(value_of(signal.key),),
        evidence=evidence,
    )


# ── accounts behind the claims ────────────────────────────────────────────────────────────


def booked_for(dossier: Dossier, law: LawOnDate) -> Mapping[str, Booked]:
    """Return the accounts of the dossier as booked under the law, by id."""
    claims = {claim.id: claim for one in dossier.accounts for claim in one.claims}
    terms = tuple((one.id, terms_of(law, one, claims)) for one in dossier.accounts)
    as_of = dossier.as_of
    booked, first = _booked(tuple(dossier.accounts), terms, plain(as_of))
    if isinstance(as_of, Today) and first is not None:
        as_of.note(first)
    return booked


@lru_cache(maxsize=16)
def _booked(
    records: tuple[AccountRecord, ...], terms: tuple[tuple[str, Terms], ...], on: date
) -> tuple[Mapping[str, Booked], date | None]:
    """Book once for all rules that ask under the same terms; tell when it is another booking."""
    by_account, watch = dict(terms), Watch()
    today = Today.of(on, watch)
    told = book_all(records, lambda record, _claims: by_account[record.id], on=today)
    return told, watch.first


def next_day_of_accounts(dossier: Dossier, after: date) -> date | None:
    """Return the first later day on which a period of an account behind the lot has ended."""
    if not dossier.claims:
        return None
    ends = [one.period_of(after).last for one in dossier.accounts]
    return day_after(min(ends)) if ends else None


def kg(mg: int) -> str:
    """Return milligrams as people read them, in kilograms."""
    return f"{decimal_text(Fraction(mg, 10**6))} kg"


def missing_for(account: Booked) -> tuple[str, ...]:
    """Return the documents that would tell what is in doubt of an account's entitlement."""
    lots = [
        name
        for one in account.inputs
        if one.low_mg < one.high_mg
        for name in _missing(one, account.record.scheme)
    ]
    return tuple(dict.fromkeys(lots))


def _missing(one: Counted, scheme: str) -> tuple[str, ...]:
    law = (value_of(outside_key(scheme)),) if one.outside == "unset" else ()
    return (*one.source.missing, *law) or (f"what became of lot {one.source.lot_id}",)


def interval_text(worst: int, best: int) -> str:
    """Return a mass known between two values as people read it."""
    return kg(worst) if worst == best else f"{kg(worst)} to {kg(best)}"


def window_share(account: Booked, claim: Claim, days: int) -> tuple[Fraction, Fraction]:
    """Return the certified share of what came in during the days up to a claim, worst and best."""
    return input_share(
        one
        for one in account.inputs
        if one.source.at <= claim.at and (claim.at.date() - one.source.at.date()).days < days
    )


def input_share(inputs: Iterable[Counted]) -> tuple[Fraction, Fraction]:
    """Return the certified share of some inputs, worst and best; of nothing, none is."""
    told = list(inputs)
    total_low = sum(one.source.total_low_mg for one in told)
    total_high = sum(one.source.total_high_mg for one in told)
    if total_high == 0:
        return Fraction(0), Fraction(0)
    low = sum(one.certified_low_mg for one in told)
    high = sum(one.certified_high_mg for one in told)
    return Fraction(low, total_high), min(Fraction(1), Fraction(high, total_low or 1))


# ── physical and claimed, side by side ────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedShare:
    """A claim about a lot, its share of the contained metal, and what stands behind it.

    `physical_worst` and `physical_best` are the share of the lot's own metal from sites with
    the level claimed: another number, which the claim neither needs nor changes. The mass is
    split into what the account covers, perhaps covers, and does not.
    """

    claim: Claim
    share_worst: Fraction | None
    share_best: Fraction | None
    physical_worst: Fraction | None
    physical_best: Fraction | None
    covered_mg: int
    doubt_mg: int
    over_mg: int


def claimed_shares(dossier: Dossier, law: LawOnDate) -> tuple[ClaimedShare, ...]:
    """Return every standing claim about the lot beside the physical share."""
    booked = booked_for(dossier, law)
    return tuple(_claimed_share(dossier, one, booked) for one in standing_claims(dossier))


def _claimed_share(dossier: Dossier, claim: Claim, booked: Mapping[str, Booked]) -> ClaimedShare:
    share = share_of_lot(dossier, claim.mg)
    physical = physical_share(dossier, claim.scheme, claim.tier)
    if claim.account is None:
        backed = min(claim.mg, retired_mg(dossier, claim))
        covered, possible = backed, backed
    else:
        covered, possible = booked[claim.account].covered(claim.id)
    return ClaimedShare(
        claim=claim,
        share_worst=share[0] if share else None,
        share_best=share[1] if share else None,
        physical_worst=physical[0] if physical else None,
        physical_best=physical[1] if physical else None,
        covered_mg=covered,
        doubt_mg=possible - covered,
        over_mg=claim.mg - possible,
    )


def share_of_lot(dossier: Dossier, mg: int) -> tuple[Fraction, Fraction] | None:
    """Return a mass as a share of the lot's metal, the larger first; None where that is unknown."""
    contained = dossier.contained_mg
    if contained is None or contained.low_mg == 0:
        return None
    return Fraction(mg, contained.low_mg), Fraction(mg, contained.high_mg)


def physical_share(dossier: Dossier, scheme: str, tier: str) -> tuple[Fraction, Fraction] | None:
    """Return the share of the lot's metal from sites that held the tier, worst and best.

    Only the very tier counts; what a certificate or the record leaves open is in the second.
    """
    contained = dossier.contained_mg
    if contained is None or contained.high_mg == 0:
        return None
    held = sum(_held(dossier, scheme, tier, sure=True))
    maybe = sum(_held(dossier, scheme, tier, sure=False))
    return Fraction(held, contained.high_mg), min(
        Fraction(1), Fraction(held + maybe, contained.low_mg or 1)
    )


def _held(dossier: Dossier, scheme: str, tier: str, *, sure: bool) -> Iterable[int]:
    for source in dossier.sources:
        found = source_level(dossier, source, scheme)
        if found is None or found[0] not in (tier, None):
            continue
        is_sure = found[1].outcome is Outcome.CONFORMS
        if is_sure is sure:
            yield source.mg


def retired_mg(dossier: Dossier, claim: Claim) -> int:
    """Return what the credits amount to that a claim retired."""
    by_serial = {one.serial: one.mg for one in dossier.credits}
    return sum(by_serial.get(serial, 0) for serial in claim.credits)
