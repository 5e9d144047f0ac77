"""ASI: performance and chain of custody together, and an input percentage by the year.

The Chain of Custody Standard counts over one year: what goes out as ASI material is at most the
share of what came in. The ledger keeps one account for the metal, whatever the form it is in.
"""

from datetime import date
from fractions import Fraction
from functools import partial

from standards.rulebook.accounts import Claim
from standards.rulebook.booking import Booked
from standards.rulebook.claimed import (
    BOOKING,
    Checked,
    booked_for,
    concluded_of,
    input_share,
    kg,
    missing_for,
    standing_claims,
)
from standards.rulebook.claimed import interval_text as mass_text
from standards.rulebook.claims import (
    MASS_BALANCE,
    MATERIAL_CODES,
    claims_on,
    every_claim,
    judged_claims,
    unbooked,
)
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import Finding, Outcome, at_least, interval_text, not_applicable
from standards.rulebook.law import LawOnDate, Provision
from standards.rulebook.paired import award_and_custody
from standards.rulebook.periods import Period, period_of
from standards.rulebook.rule import rule
from standards.rulebook.schemes import ASI


@rule(
    id="ASI-01",
    title="Each step behind a claim holds performance and chain-of-custody certification",
    source="ASI: Performance Standard certification is required at each step of the chain",
    governed_by="as_of",
    reads=("asi.custody_standard", "asi.metals", "asi.performance_standards", "asi.time_rule"),
)
def each_step_holds_both_certificates(dossier: Dossier, law: LawOnDate) -> Finding:
    """Both hold at the site of every claim on the path on its day: one without the other is none.

    A lot about which nothing is claimed is not concerned, whatever was claimed before it.
    """
    metals = law["asi.metals"]
    if dossier.mineral not in metals.value:
        return not_applicable(f"ASI is not about {dossier.mineral}", metals)
    own = claims_on(dossier, ASI, MATERIAL_CODES)
    path = [
        one
        for one in every_claim(dossier)
        if own and one.scheme == ASI.id and one.code in MATERIAL_CODES
    ]
    return judged_claims(path, ASI, partial(award_and_custody, dossier, law, ASI), metals)


@rule(
    id="ASI-02",
    title="Over the year no larger share goes out as ASI material than came in",
    source="ASI Chain of Custody: input percentage over one year, 50 % in is at most 50 % out",
    governed_by="as_of",
    reads=("asi.account_period_months", *BOOKING),
)
def no_larger_share_goes_out_than_came_in(dossier: Dossier, law: LawOnDate) -> Finding:
    """Claims of the year over the metal that came out of the year's input are at most its share.

    Until the year is over it cannot be told: more may come in, or be claimed. For which
    activities the site is certified is no part of it: CRED-03 asks that, and ASI-01 whether both
    certificates hold.
    """
    booked = booked_for(dossier, law)
    told = unbooked(dossier, ASI, MASS_BALANCE)
    for claim in standing_claims(dossier):
        if claim.scheme == ASI.id and claim.account is not None:
            months = law["asi.account_period_months"]
            told.append(_year(booked[claim.account], claim, months, dossier.as_of))
    return concluded_of(told, "nothing is claimed from an ASI account")


def _year(account: Booked, claim: Claim, months: Provision, as_of: date) -> Checked:
    record = account.record
    year = period_of(record.begins, months.value, claim.at.date())
    inputs = [one.source for one in account.inputs if year.has(one.source.at.date())]
    share = input_share(one for one in account.inputs if year.has(one.source.at.date()))
    came_out = [one.recovered(one.total_low_mg, one.total_high_mg) for one in inputs]
    allowed = (
        share[0] * sum(low for low, _ in came_out),
        share[1] * sum(high for _, high in came_out),
    )
    claimed_mg = sum(one.mg for one in record.claims if _counts(one, year, as_of))
    claimed_mg += sum(one.mg for one in record.issues if year.has(one.at.date()))
    measured = at_least(allowed[0] - claimed_mg, allowed[1] - claimed_mg, Fraction(0), "mg")
    because = (
        f"{record.id} in the year to {year.last}: {interval_text(*share)} of what came in is ASI "
        f"material, {mass_text(int(allowed[0]), int(allowed[1]))} of what came out; "
        f"{kg(claimed_mg)} went out as such"
    )
    if year.last >= as_of:
        return Checked(
            outcome=Outcome.INDETERMINATE,
            because=f"{because}; the year is not over",
            cites=(months,),
            missing=(f"the end of the year of {record.id} on {year.last}",),
            evidence=(claim.entry,),
        )
    return Checked(
        outcome=measured.outcome,
        because=because,
        cites=(months,),
        measured=measured,
        missing=missing_for(account),
        evidence=(claim.entry,),
    )


def _counts(claim: Claim, year: Period, as_of: date) -> bool:
    stands = claim.withdrawn_at is None or claim.withdrawn_at.date() > as_of
    return stands and year.has(claim.at.date())
