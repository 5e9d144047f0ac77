"""Books and stock: what stocktakes found at the sites of the accounts behind a claim."""

from fractions import Fraction

from standards.rulebook.accounts import Count, PeriodSummary
from standards.rulebook.booking import Booked
from standards.rulebook.claimed import (
    BOOKING,
    Checked,
    booked_for,
    concluded_of,
    interval_text,
    keys,
    kg,
    unavailable,
)
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import Finding, Outcome, at_least, percent_text
from standards.rulebook.law import LawOnDate, Unavailable
from standards.rulebook.rule import rule
from standards.rulebook.rules.balances import checked_periods, draws_of


@rule(
    id="MB-11",
    title="Stocktakes found what the books held, at each site of the account",
    source="ISO 22095-2:2026, mass balance; tolerance as the scheme's custody standard sets it",
    governed_by="as_of",
    reads=(*keys("account_stock_tolerance"), *BOOKING),
)
def stocktakes_found_what_the_books_held(dossier: Dossier, law: LawOnDate) -> Finding:
    """In the periods claimed in, every site was counted, and no count is off by more than allowed.

    Where a count agrees with the books to the milligram no tolerance is asked for.
    """

    def check(account: Booked, period: PeriodSummary, evidence: tuple[str, ...]) -> Checked:
        return _reconciled(dossier, law, account, period, evidence)

    draws = draws_of(dossier, booked_for(dossier, law))
    return concluded_of(
        checked_periods(draws, check),
        f"no account stands behind a claim of the {dossier.mineral} of the lot",
    )


def _reconciled(
    dossier: Dossier,
    law: LawOnDate,
    account: Booked,
    period: PeriodSummary,
    evidence: tuple[str, ...],
) -> Checked:
    record = account.record
    counts = [
        one
        for one in record.counts
        if period.first <= one.at.date() <= min(period.last, dossier.as_of)
    ]
    told = [_counted(law, record.scheme, one, evidence) for one in counts]
    counted = {one.facility for one in counts}
    told += [
        Checked(
            outcome=Outcome.INDETERMINATE,
            because=f"no stocktake at {site} is on file for the period to {period.last}",
            missing=(f"stocktake at {site} between {period.first} and {period.last}",),
            evidence=evidence,
        )
        for site in record.facilities
        if site not in counted
    ]
    return min(told, key=_order)


_WORST_FIRST = (
    Outcome.NONCONFORMING,
    Outcome.INDETERMINATE,
    Outcome.NOT_APPLICABLE,
    Outcome.CONFORMS,
)


def _order(told: Checked) -> tuple[int, Fraction]:
    margin = told.measured.margin if told.measured else Fraction(0)
    return _WORST_FIRST.index(told.outcome), margin


def _counted(law: LawOnDate, scheme: str, count: Count, evidence: tuple[str, ...]) -> Checked:
    """Tell whether a count is within the tolerance of its scheme."""
    name = f"the stocktake of {count.at.date()} at {count.facility}"
    lots = f"{count.lots} lot" if count.lots == 1 else f"{count.lots} lots"
    books = f"{interval_text(count.book_low_mg, count.book_high_mg)} of {lots} in the books"
    entries = (count.entry, *evidence)
    if count.off_low_mg == 0 == count.off_high_mg:
        because = f"{name} found the {books}"
        return Checked(outcome=Outcome.CONFORMS, because=because, evidence=entries)
    because = f"{name} found {_off(count)} than the {books}"
    try:
        tolerance = law[f"{scheme}.account_stock_tolerance"]
    except Unavailable as signal:
        return unavailable(signal, because, entries)
    ends = abs(count.off_low_mg), abs(count.off_high_mg)
    least = 0 if count.off_low_mg <= 0 <= count.off_high_mg else min(ends)
    measured = at_least(
        tolerance.share * count.book_low_mg - max(ends),
        tolerance.share * count.book_high_mg - least,
        Fraction(0),
        "mg",
    )
    return Checked(
        outcome=measured.outcome,
        because=f"{because}; {percent_text(tolerance.share)} is allowed",
        cites=(tolerance,),
        measured=measured,
        missing=(f"final assays of the lots in {name}",),
        evidence=entries,
    )


def _off(count: Count) -> str:
    """Return how far a count is off: `1 kg less`, `1 kg to 2 kg more`."""
    if count.off_high_mg <= 0:
        return f"{interval_text(-count.off_high_mg, -count.off_low_mg)} less"
    if count.off_low_mg >= 0:
        return f"{interval_text(count.off_low_mg, count.off_high_mg)} more"
    return f"from {kg(-count.off_low_mg)} less to {kg(count.off_high_mg)} more"
