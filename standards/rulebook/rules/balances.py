"""Balances of mass-balance accounts behind the claims about a lot.

The numbers come from booking alone; what a scheme allows is its dated parameters. No public text
of the schemes' custody standards could be read, so most are unset: where a balance turns on one,
it cannot be told. A balance that never was below zero turns on none of them.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from fractions import Fraction
from functools import partial

from standards.rulebook.accounts import Claim, Draw, PeriodSummary
from standards.rulebook.booking import Booked
from standards.rulebook.claimed import (
    BOOKING,
    Checked,
    about_claims,
    booked_for,
    concluded_of,
    interval_text,
    keys,
    kg,
    missing_for,
    standing_claims,
    unavailable,
)
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import Finding, Outcome, at_least, at_most
from standards.rulebook.law import LawOnDate, Provision, Unavailable
from standards.rulebook.posted import OVER
from standards.rulebook.rule import rule
from standards.rulebook.terms import carry_over_of, optional

CUSTODY = "ISO 22095-2:2026, mass balance; limits as the scheme's custody standard sets them"


PeriodCheck = Callable[[Booked, PeriodSummary, tuple[str, ...]], Checked | None]
"""What is asked of an account's period; the entries are those of the claims made in it."""


def draws_of(dossier: Dossier, booked: Mapping[str, Booked]) -> list[tuple[Claim, Booked, Draw]]:
    """Return the claims about the lot that draw on an account, with what stands debited."""
    return [
        (claim, booked[claim.account], booked[claim.account].draws[f"claim:{claim.id}"])
        for claim in standing_claims(dossier)
        if claim.account is not None
    ]


def checked_periods(
    draws: Iterable[tuple[Claim, Booked, Draw]], check: PeriodCheck
) -> list[Checked]:
    """Return what a check says of the periods in which claims were booked."""
    periods: dict[tuple[str, int], tuple[Booked, PeriodSummary, tuple[str, ...]]] = {}
    for claim, account, draw in draws:
        for one in account.periods:
            if one.first <= draw.at.date() <= one.last:
                key = (account.record.id, one.number)
                told = periods.get(key, (account, one, ()))
                periods[key] = (account, one, (*told[2], claim.entry))
    checked = [check(*told) for _, told in sorted(periods.items())]
    return [one for one in checked if one is not None]


def _of_periods(dossier: Dossier, law: LawOnDate, check: PeriodCheck) -> Finding:
    """Return one finding for the periods in which claims about the lot were booked."""
    draws = draws_of(dossier, booked_for(dossier, law))
    return concluded_of(
        checked_periods(draws, check),
        f"no account stands behind a claim of the {dossier.mineral} of the lot",
    )


@rule(
    id="MB-03",
    title="No account behind a claim was ever below zero, unless its scheme allows it",
    source=CUSTODY,
    governed_by="as_of",
    reads=(*keys("account_overdraft"), *BOOKING),
)
def account_was_never_below_zero(dossier: Dossier, law: LawOnDate) -> Finding:
    """At every event time of the periods claimed in, claims are at most what came in by then."""
    return _of_periods(dossier, law, partial(never_below_zero, law))


def never_below_zero(
    law: LawOnDate, account: Booked, period: PeriodSummary, evidence: tuple[str, ...]
) -> Checked:
    """Tell whether an account was below zero in a period, and whether its scheme allows that."""
    measured = at_least(
        Fraction(period.lowest_worst_mg), Fraction(period.lowest_best_mg), Fraction(0), "mg"
    )
    name = account.record.id
    balance = interval_text(period.lowest_worst_mg, period.lowest_best_mg)
    day = period.lowest_on or period.first
    because = f"the lowest balance of {name} in the period to {period.last} was {balance}"
    if measured.outcome is Outcome.CONFORMS:
        return Checked(
            outcome=Outcome.CONFORMS, because=because, measured=measured, evidence=evidence
        )
    because = f"{because}, on {day}"
    try:
        overdraft = law[f"{account.record.scheme}.account_overdraft"]
    except Unavailable as signal:
        return unavailable(signal, because, evidence)
    if overdraft.value == "within_period":
        allowed = f"{because}; the scheme allows it within a period"
        return Checked(
            outcome=Outcome.CONFORMS, because=allowed, cites=(overdraft,), evidence=evidence
        )
    return Checked(
        outcome=measured.outcome,
        because=f"{because}; the scheme allows no balance below zero",
        cites=(overdraft,),
        measured=measured,
        missing=missing_for(account),
        evidence=evidence,
    )


@rule(
    id="MB-04",
    title="No account behind a claim ended its period below zero, and none was claimed on late",
    source=CUSTODY,
    governed_by="as_of",
    reads=(*keys("account_period_months", "account_end_overdraft_share"), *BOOKING),
)
def account_ended_its_period_at_zero_or_above(dossier: Dossier, law: LawOnDate) -> Finding:
    """When a period ends nothing is over-claimed beyond what the scheme lets stand over.

    A claim made of a time that was closed already is booked in the open period, and is not in
    order whatever the balance. The longest period is asked for only where the account was below
    zero in between: with a shorter one that might have been its end.
    """
    booked = booked_for(dossier, law)
    late = too_late(draws_of(dossier, booked))
    if late is not None:
        return concluded_of([late], "")
    return _of_periods(dossier, law, partial(ended_at_zero, law, dossier.as_of))


def too_late(draws: Iterable[tuple[Claim, Booked, Draw]]) -> Checked | None:
    """Return what is to be said where a claim was made of a period that was closed already."""
    late = [claim for claim, _, draw in draws if draw.is_late]
    if not late:
        return None
    words = f"claim {late[0].id} is of {late[0].at.date()}, and that period of {late[0].account}"
    return Checked(
        outcome=Outcome.NONCONFORMING,
        because=f"{words} was closed before it was made",
        evidence=tuple(claim.entry for claim in late),
    )


def ended_at_zero(
    law: LawOnDate,
    as_of: date,
    account: Booked,
    period: PeriodSummary,
    evidence: tuple[str, ...],
) -> Checked:
    """Tell whether a period ended at zero or above, or below by no more than is allowed."""
    if period.lowest_worst_mg >= 0:
        because = f"{account.record.id} was never below zero in the period to {period.last}"
        return Checked(outcome=Outcome.CONFORMS, because=because, evidence=evidence)
    return _ended(account, period, evidence, as_of, law)


def _ended(
    account: Booked,
    period: PeriodSummary,
    evidence: tuple[str, ...],
    as_of: date,
    law: LawOnDate,
) -> Checked:
    """Judge the end of a period in which the account was, or may have been, below zero."""
    record, scheme = account.record, account.record.scheme
    balance = interval_text(period.closing_worst_mg, period.closing_best_mg)
    because = f"the period of {record.id} to {period.last} ends with {balance}"
    try:
        longest = law[f"{scheme}.account_period_months"]
        if record.months > longest.value:
            words = f"{record.id} has periods of {record.months} months"
            return Checked(
                outcome=Outcome.NONCONFORMING,
                because=f"{words}, the scheme at most {longest.value}",
                cites=(longest,),
                evidence=evidence,
            )
        allowed = Fraction(0)
        if period.closing_worst_mg < 0 and period.last < as_of:
            share = law[f"{scheme}.account_end_overdraft_share"]
            allowed = share.share * period.entitled_low_mg
    except Unavailable as signal:
        return unavailable(signal, because, evidence)
    if period.last >= as_of:
        return Checked(
            outcome=Outcome.INDETERMINATE,
            because=f"{record.id} was below zero in the period to {period.last}, which is not over",
            missing=(f"the end of the period of {record.id} on {period.last}",),
            evidence=evidence,
        )
    measured = at_least(
        Fraction(period.closing_worst_mg), Fraction(period.closing_best_mg), -allowed, "mg"
    )
    return Checked(
        outcome=measured.outcome,
        because=because,
        measured=measured,
        missing=missing_for(account),
        evidence=evidence,
    )


@rule(
    id="MB-05",
    title="No claim draws on entitlement that had expired",
    source=CUSTODY,
    governed_by="as_of",
    reads=BOOKING,
)
def claims_draw_on_entitlement_that_had_not_expired(dossier: Dossier, law: LawOnDate) -> Finding:
    """What is carried over into a later period is claimed within the days the scheme allows."""
    booked = booked_for(dossier, law)

    def check(claim: Claim) -> Checked:
        account = booked[claim.account or ""]
        used = received_of(account, claim)
        own = account.record.period_of(account.draws[f"claim:{claim.id}"].at.date())
        carried = {lot: day for lot, day in used.items() if not own.has(day)}
        if not carried:
            because = f"claim {claim.id} draws on what came in during its own period"
            return Checked(outcome=Outcome.CONFORMS, because=because, evidence=(claim.entry,))
        return not_expired(law, account, claim, carried)

    return about_claims(dossier, check, of=lambda claim: claim.account is not None)


def received_of(account: Booked, claim: Claim) -> dict[str, date]:
    """Return the lots whose entitlement a claim uses, or names in vain, and when they came."""
    draw = account.draws[f"claim:{claim.id}"]
    received = {one.id: one.at.date() for one in account.tranches}
    drawn = {use.source.partition(":")[2] for use in draw.uses if use.source != OVER}
    used = drawn | (set(claim.tranches) & received.keys() if draw.over_mg else set())
    return {lot: received[lot] for lot in sorted(used)}


def not_expired(law: LawOnDate, account: Booked, claim: Claim, used: Mapping[str, date]) -> Checked:
    """Tell whether the oldest of some lots could still be claimed on the day of a claim."""
    evidence, record = (claim.entry,), account.record
    oldest = min(used, key=lambda lot: used[lot])
    because = f"claim {claim.id} draws on lot {oldest}, received on {used[oldest]}"
    try:
        limits = carry_over_limits(law, record.scheme)
    except Unavailable as signal:
        return unavailable(signal, because, evidence)
    last = carry_over_of(law, record.scheme).last_day(record, used[oldest])
    is_expired = last is not None and account.draws[f"claim:{claim.id}"].at.date() > last
    return Checked(
        outcome=Outcome.NONCONFORMING if is_expired else Outcome.CONFORMS,
        because=f"{because}; it could be claimed until {last}",
        cites=limits,
        evidence=evidence,
    )


def carry_over_limits(law: LawOnDate, scheme: str) -> tuple[Provision, ...]:
    """Return what the law says of carrying over, in days or in periods.

    Raises:
        Unavailable: it says neither.
    """
    days = f"{scheme}.account_carry_over_days"
    told = optional(law, days), optional(law, f"{scheme}.account_carry_over_periods")
    return tuple(one for one in told if one is not None) or (law[days],)


@rule(
    id="MB-06",
    title="What stood over-claimed at the end of a period was made good by the end of the next",
    source=CUSTODY,
    governed_by="as_of",
    reads=(*keys("account_end_overdraft_share"), *BOOKING),
)
def overdraft_was_made_good_in_the_next_period(dossier: Dossier, law: LawOnDate) -> Finding:
    """An account may end a period below zero only by the scheme's share, and not twice running."""
    return _of_periods(dossier, law, partial(made_good, law, dossier.as_of))


def made_good(
    law: LawOnDate,
    as_of: date,
    account: Booked,
    period: PeriodSummary,
    evidence: tuple[str, ...],
) -> Checked | None:
    """Tell whether what stood over-claimed was made good; None where nothing did."""
    if period.closing_worst_mg >= 0 or period.last >= as_of:
        return None
    owed = interval_text(period.closing_worst_mg, period.closing_best_mg)
    because = f"{account.record.id} ended the period to {period.last} with {owed}"
    try:
        share = law[f"{account.record.scheme}.account_end_overdraft_share"]
    except Unavailable as signal:
        return unavailable(signal, because, evidence)
    following = [one for one in account.periods if one.number == period.number + 1]
    if not following or following[0].last >= as_of:
        return Checked(
            outcome=Outcome.INDETERMINATE,
            because=f"{because}, and the next is not over",
            cites=(share,),
            missing=(f"the end of the next period of {account.record.id}",),
            evidence=evidence,
        )
    after = following[0]
    measured = at_least(
        Fraction(after.closing_worst_mg), Fraction(after.closing_best_mg), Fraction(0), "mg"
    )
    rest = interval_text(after.closing_worst_mg, after.closing_best_mg)
    return Checked(
        outcome=measured.outcome,
        because=f"{because}, and the next with {rest}",
        cites=(share,),
        measured=measured,
        missing=missing_for(account),
        evidence=evidence,
    )


@rule(
    id="MB-12",
    title="What was learnt of closed periods left no claim without entitlement",
    source="Final assays and corrections restate an account; closed periods stay as they are",
    governed_by="as_of",
    reads=BOOKING,
)
def restatements_left_no_claim_uncovered(dossier: Dossier, law: LawOnDate) -> Finding:
    """A restatement in the open period is covered by what was left, or else outputs lack it."""
    booked = booked_for(dossier, law)
    checked = []
    for claim, account, _ in draws_of(dossier, booked):
        if not account.restatements:
            continue
        short = max(account.restatements, key=lambda one: one.short_mg)
        before = interval_text(short.before_low_mg, short.before_high_mg)
        after = interval_text(short.low_mg, short.high_mg)
        words = f"{short.lot_id} is restated from {before} to {after} on {account.record.id}"
        lacking = f", and claims lack {kg(short.short_mg)} of it" if short.short_mg else ""
        checked.append(
            Checked(
                outcome=Outcome.NONCONFORMING if short.short_mg else Outcome.CONFORMS,
                because=f"{words}{lacking}",
                measured=at_most(
                    Fraction(short.short_mg), Fraction(short.short_mg), Fraction(0), "mg"
                ),
                evidence=(claim.entry,),
            )
        )
    return concluded_of(checked, "no closed period of an account behind the lot is restated")
