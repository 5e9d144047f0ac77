"""IRMA and the Copper Mark: accounts and credits as their chain-of-custody standards ask of them.

The figures are those of the rules about accounts; here they are put together as each scheme's
list of checks has them. Limits that could not be read matter only where a balance turns on them.
"""

from collections.abc import Iterator, Mapping

from standards.rulebook.accounts import Claim, Draw, IssuedCredit
from standards.rulebook.booking import Booked
from standards.rulebook.claimed import (
    BOOKING,
    Checked,
    booked_for,
    concluded_of,
    keys,
    standing_claims,
)
from standards.rulebook.claims import BOOK_AND_CLAIM, MASS_BALANCE, unbooked
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import Finding, Outcome
from standards.rulebook.law import LawOnDate
from standards.rulebook.months import after_months
from standards.rulebook.rule import rule
from standards.rulebook.rules.balances import (
    draws_of,
    ended_at_zero,
    made_good,
    never_below_zero,
    not_expired,
    received_of,
    too_late,
)
from standards.rulebook.rules.claims import covered_by_entitlement
from standards.rulebook.rules.custody_models import (
    covered_by_credits,
    of_no_higher_tier,
)
from standards.rulebook.schemes import COPPER_MARK, IRMA, Scheme
from standards.rulebook.terms import Terms, carry_over_of, optional

LIMITS = (
    *keys(
        "account_end_overdraft_share",
        "account_overdraft",
        "account_period_months",
    ),
    "custody.shortest_period_months",
    *BOOKING,
)
Drawn = tuple[Claim, Booked, Draw]


# ── IRMA-COC-06 ───────────────────────────────────────────────────────────────────────────


@rule(
    id="IRMA-COC-06",
    title="Claims exceed neither the quantity nor the level that is booked",
    source="IRMA Chain of Custody Standard v1.0: booked quantity and achievement level",
    governed_by="as_of",
    reads=("irma.levels", *BOOKING),
)
def claims_exceed_neither_quantity_nor_level(dossier: Dossier, law: LawOnDate) -> Finding:
    """Account or credits cover what is claimed, at the level that is claimed or a higher one."""
    booked = booked_for(dossier, law)
    told = unbooked(dossier, IRMA, MASS_BALANCE, BOOK_AND_CLAIM)
    for claim in standing_claims(dossier):
        if claim.scheme == IRMA.id:
            if claim.account is None:
                told.append(covered_by_credits(dossier, claim))
            else:
                told.append(covered_by_entitlement(booked[claim.account], claim))
            told.append(of_no_higher_tier(dossier, law, claim))
    return concluded_of(told, _nothing(dossier, IRMA))


def _nothing(dossier: Dossier, scheme: Scheme) -> str:
    return f"nothing is booked under {scheme.name} for the {dossier.mineral} of the lot"


# ── IRMA-COC-10, CM-COC-04 ────────────────────────────────────────────────────────────────


@rule(
    id="IRMA-COC-10",
    title="The account behind a claim keeps the limits of periods, overdraft and carry-over",
    source="IRMA Chain of Custody Standard v1.0: accounting period; its limits could not be read",
    governed_by="as_of",
    reads=LIMITS,
)
def the_account_keeps_its_limits(dossier: Dossier, law: LawOnDate) -> Finding:
    """Over its whole history up to the claim.

    While limits are unset this is an open question only where the balance was below zero, or
    entitlement is older than the shortest period that any comparable scheme has.
    """
    drawn = _drawn(dossier, law, IRMA)
    told = [*unbooked(dossier, IRMA, MASS_BALANCE), *_limits(dossier, law, drawn)]
    return concluded_of(told, _nothing(dossier, IRMA))


@rule(
    id="CM-COC-04",
    title="The balance of the account behind a claim is in order",
    source="The Copper Mark Chain of Custody Standard: balance; its limits could not be read",
    governed_by="as_of",
    reads=LIMITS,
)
def the_balance_is_in_order(dossier: Dossier, law: LawOnDate) -> Finding:
    """Nothing stands over-claimed, and the account keeps the limits of the standard."""
    drawn = _drawn(dossier, law, COPPER_MARK)
    told = unbooked(dossier, COPPER_MARK, MASS_BALANCE)
    told += [covered_by_entitlement(account, claim) for claim, account, _ in drawn]
    return concluded_of([*told, *_limits(dossier, law, drawn)], _nothing(dossier, COPPER_MARK))


def _drawn(dossier: Dossier, law: LawOnDate, scheme: Scheme) -> list[Drawn]:
    draws = draws_of(dossier, booked_for(dossier, law))
    return [one for one in draws if one[0].scheme == scheme.id]


def _limits(dossier: Dossier, law: LawOnDate, drawn: list[Drawn]) -> Iterator[Checked]:
    """Yield what is to be said of accounts under the limits of their scheme."""
    late = too_late(drawn)
    if late is not None:
        yield late
    for account, claims in _by_account(drawn).values():
        evidence = tuple(claim.entry for claim in claims)
        yield from _length(law, account, evidence)
        last = max(account.draws[f"claim:{claim.id}"].at.date() for claim in claims)
        for period in account.periods:
            if period.first <= last:
                yield never_below_zero(law, account, period, evidence)
                yield ended_at_zero(law, dossier.as_of, account, period, evidence)
                owed = made_good(law, dossier.as_of, account, period, evidence)
                yield from () if owed is None else (owed,)
    for claim, account, _ in drawn:
        yield from _age(law, account, claim)


def _by_account(drawn: list[Drawn]) -> Mapping[str, tuple[Booked, list[Claim]]]:
    told: dict[str, tuple[Booked, list[Claim]]] = {}
    for claim, account, _ in drawn:
        told.setdefault(account.record.id, (account, []))[1].append(claim)
    return told


def _length(law: LawOnDate, account: Booked, evidence: tuple[str, ...]) -> Iterator[Checked]:
    """Yield that the periods of an account are too long; unset, it matters with a balance only."""
    record = account.record
    longest = optional(law, f"{record.scheme}.account_period_months")
    if longest is not None and record.months > longest.value:
        yield Checked(
            outcome=Outcome.NONCONFORMING,
            because=(
                f"{record.id} has periods of {record.months} months, the scheme at most "
                f"{longest.value}"
            ),
            cites=(longest,),
            evidence=evidence,
        )


def _age(law: LawOnDate, account: Booked, claim: Claim) -> Iterator[Checked]:
    """Yield whether what a claim uses could still be claimed."""
    used = received_of(account, claim)
    day = account.draws[f"claim:{claim.id}"].at.date()
    own = account.record.period_of(day)
    if carry_over_of(law, account.record.scheme) != Terms():
        used = {lot: came for lot, came in used.items() if not own.has(came)}
    else:
        shortest = optional(law, "custody.shortest_period_months")
        if shortest is not None:
            used = {
                lot: came for lot, came in used.items() if day > after_months(came, shortest.value)
            }
    if used:
        yield not_expired(law, account, claim, used)


# ── IRMA-COC-11 ───────────────────────────────────────────────────────────────────────────


@rule(
    id="IRMA-COC-11",
    title="Credits behind a claim are of its element and level, and retired for it alone",
    source="IRMA Chain of Custody Standard v1.0, book and claim; ISO 22095-3:2026, serials",
    governed_by="as_of",
    reads=("irma.levels",),
)
def credits_are_retired_for_the_claim_alone(dossier: Dossier, law: LawOnDate) -> Finding:
    """Each serial is known, of the claim's element and level, and stands behind no other claim.

    That whoever claims held them is no question here: the ledger lets only the holder retire a
    credit, and only once.
    """
    told = unbooked(dossier, IRMA, BOOK_AND_CLAIM)
    told += [
        _retired_alone(dossier, law, claim)
        for claim in standing_claims(dossier)
        if claim.scheme == IRMA.id and claim.model == BOOK_AND_CLAIM
    ]
    return concluded_of(told, "book and claim is not claimed under IRMA")


def _retired_alone(dossier: Dossier, law: LawOnDate, claim: Claim) -> Checked:
    if claim.is_disputed:
        return _told(
            claim,
            Outcome.INDETERMINATE,
            "it was signed by a key that was later distrusted",
            missing=(f"claim {claim.id}, stated again under a good key",),
        )
    if not claim.credits:
        return _told(claim, Outcome.NONCONFORMING, "it retires no credit")
    known = {one.serial: one for one in dossier.credits}
    lost = [serial for serial in claim.credits if serial not in known]
    if lost:
        missing = tuple(f"issue of credit {serial}" for serial in lost)
        because = f"credit {lost[0]} is on no register that is known"
        return _told(claim, Outcome.INDETERMINATE, because, missing=missing)
    for serial in claim.credits:
        why = _unfit(dossier, claim, known[serial])
        if why:
            return _told(claim, Outcome.NONCONFORMING, f"credit {serial} {why}", known[serial])
    tier = of_no_higher_tier(dossier, law, claim)
    if tier.outcome is not Outcome.CONFORMS:
        return tier
    because = f"its credits are of {claim.element} and {claim.tier}, and retired for it alone"
    return _told(claim, Outcome.CONFORMS, because, *known.values())


def _unfit(dossier: Dossier, claim: Claim, credit: IssuedCredit) -> str:
    """Return why a credit cannot stand behind a claim; empty: it can."""
    others = [
        one.id
        for one in standing_claims(dossier)
        if one.id != claim.id and credit.serial in one.credits
    ]
    if others:
        return f"is retired for claim {others[0]} as well"
    if credit.element != claim.element:
        return f"is of {credit.element}, not of {claim.element}"
    if credit.scheme != claim.scheme:
        return f"is of {credit.scheme}, not of {claim.scheme}"
    if credit.at > claim.at:
        return f"was issued on {credit.at.date()}, after the claim"
    return ""


def _told(
    claim: Claim,
    outcome: Outcome,
    because: str,
    *credits: IssuedCredit,
    missing: tuple[str, ...] = (),
) -> Checked:
    return Checked(
        outcome=outcome,
        because=f"claim {claim.id}: {because}",
        missing=missing,
        evidence=(claim.entry, *(one.entry for one in credits)),
    )
