"""How accounts stand: what their holder, its auditor and the operator may read of them.

An account is its holder's. An auditor reads it while the holder's grant covers every site of
the holder's in the boundary. To anybody else it does not exist.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from fractions import Fraction
from typing import TypedDict

from django.db.models import QuerySet

from standards.accounting import book, records_at
from standards.known import law_at
from standards.models import Account
from standards.rulebook.accounts import AccountRecord, Closed, Draw, PeriodSummary
from standards.rulebook.booking import Booked
from standards.rulebook.claimed import input_share
from standards.rulebook.closing import closing
from standards.rulebook.errors import UnknownAccount
from standards.rulebook.findings import decimal_text
from standards.rulebook.law import Law
from standards.rulebook.periods import Period, next_period
from standards.rulebook.posted import OVER
from standards.standings import (
    AccountLine,
    ClaimLine,
    CloseLine,
    OutsideLine,
    PeriodLine,
    RestatementLine,
    Standing,
    ToClose,
    TrancheLine,
    UseLine,
)
from traceability import seeing
from traceability.models import Facility

# ── who may see ───────────────────────────────────────────────────────────────────────────


def accounts_seen_by(organization: str, *, on: date | None = None) -> QuerySet[Account]:
    """Return the accounts an organization may read on a day (today's, UTC, where not given)."""
    if seeing.is_operator(organization):
        return Account.objects.all()
    day = on or seeing.today()
    seen = set(Account.objects.filter(holder=organization).values_list("account", flat=True))
    for grant in seeing.grants_of(organization, day):
        seen |= _granted(grant.organization_id, frozenset(grant.facilities))
    return Account.objects.filter(account__in=seen)


def _granted(holder: str, sites: frozenset[str]) -> set[str]:
    own = set(Facility.objects.filter(operator=holder).values_list("id", flat=True))
    rows = Account.objects.filter(holder=holder)
    return {row.account for row in rows if (mine := own & set(row.facilities)) and mine <= sites}


def account_seen_by(account: str, organization: str) -> Account:
    """Return an account that an organization may read.

    Raises:
        UnknownAccount: there is none, or it is not the organization's to read.
    """
    found = accounts_seen_by(organization).filter(account=account).first()
    if found is None:
        raise UnknownAccount(account)
    return found


# ── how it stands ─────────────────────────────────────────────────────────────────────────


def line_of(row: Account) -> AccountLine:
    """Return an account as it was opened."""
    names = AccountLine.__struct_fields__
    return AccountLine(**{name: getattr(row, name) for name in names})


def standing_of(row: Account, *, size: int, on: date) -> Standing:
    """Return how an account stands at the end of a day, as known below a log size.

    Raises:
        UnknownAccount: nobody had opened it by then.
    """
    records, law = records_at(size, [row.account]), law_at(size)
    if row.account not in records:
        raise UnknownAccount(row.account)
    booked = book(records.values(), on=on, law=law)[row.account]
    terms = booked.terms
    return Standing(
        account=line_of(row),
        log_size=size,
        on=on,
        terms={
            "carry_over_days": _text(terms.carry_over_days),
            "carry_over_periods": _text(terms.carry_over_periods),
            "tier_mixing": terms.tier_mixing,
            "outside_evidence": ", ".join(terms.outside_evidence or ()) or None,
        },
        balance_worst_mg=str(booked.worst_mg),
        balance_best_mg=str(booked.best_mg),
        over_claimed_mg=str(booked.over_mg),
        periods=[_period(one, booked, on) for one in booked.periods],
        tranches=_tranches(booked),
        outside=_outside(booked),
        claims=_claims(booked),
        closes=[_close(one) for one in booked.record.closes],
        restatements=[
            RestatementLine(
                lot=one.lot_id,
                booked_at=one.at,
                before_low_mg=str(one.before_low_mg),
                before_high_mg=str(one.before_high_mg),
                low_mg=str(one.low_mg),
                high_mg=str(one.high_mg),
                short_mg=str(one.short_mg),
            )
            for one in booked.restatements
        ],
        to_close=_to_close(booked.record, records, size=size, on=on, law=law),
    )


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def _period(one: PeriodSummary, booked: Booked, on: date) -> PeriodLine:
    closed = booked.record.closes[-1].until if booked.record.closes else date.min
    worst, best = input_share(
        source for source in booked.inputs if one.first <= source.source.at.date() <= one.last
    )
    figures = {
        name: str(getattr(one, name)) for name in PeriodLine.__struct_fields__ if _is_mass(name)
    }
    return PeriodLine(
        number=one.number,
        first=one.first,
        last=one.last,
        state="closed" if one.last <= closed else "ended" if one.last < on else "open",
        lowest_on=one.lowest_on,
        input_share_worst=_ratio(worst),
        input_share_best=_ratio(best),
        input_share_display=decimal_text(worst),
        **figures,
    )


def _is_mass(name: str) -> bool:
    return name.endswith("_mg")


def _ratio(share: Fraction) -> str:
    return f"{share.numerator}/{share.denominator}"


def _tranches(booked: Booked) -> list[TrancheLine]:
    sources = {one.source.lot_id: one for one in booked.inputs}
    return [
        TrancheLine(
            lot=one.id,
            entry=sources[one.id].source.entry if one.id in sources else "",
            received_at=one.at,
            input_mg=str(sources[one.id].certified_high_mg) if one.id in sources else "0",
            low_mg=str(one.low_mg),
            high_mg=str(one.high_mg),
            adjusted_mg=str(one.adjusted_mg),
            left_mg=str(one.left_mg),
            doubt_left_mg=str(one.doubt_left_mg),
            expired_mg=str(one.expired_mg + one.doubt_expired_mg),
            came_with=list(sources[one.id].source.came_with) if one.id in sources else [],
            missing=list(sources[one.id].source.missing) if one.id in sources else [],
        )
        for one in booked.tranches
    ]


def _outside(booked: Booked) -> list[OutsideLine]:
    """Return what came from outside the ledger, and what the opening statement says of the rest."""
    stated = {one.lot_id: str(one.mg) for one in booked.record.opening}
    came = [
        OutsideLine(
            lot=one.source.lot_id,
            mg=str(one.source.outside.mg),
            stated_mg=stated.get(one.source.lot_id),
            low_mg=str(one.low_mg),
            high_mg=str(one.high_mg),
            standing=one.outside,
        )
        for one in booked.inputs
        if one.source.outside is not None
    ]
    seen = {one.lot for one in came}
    return came + [
        OutsideLine(lot=lot, mg=None, stated_mg=mg, low_mg="0", high_mg="0", standing="not_entered")
        for lot, mg in stated.items()
        if lot not in seen
    ]


def _claims(booked: Booked) -> list[ClaimLine]:
    record = booked.record
    made = [
        ClaimLine(
            id=one.id,
            kind="claim",
            entry=one.entry,
            made_at=one.at,
            withdrawn_at=one.withdrawn_at,
            recipient=one.recipient,
            lot=one.lot_id,
            tier=one.tier,
            model=one.model,
            code=one.code,
            mg=str(one.mg),
            **_drawn(booked.draws.get(f"claim:{one.id}")),
        )
        for one in record.claims
    ]
    issued = [
        ClaimLine(
            id=one.serial,
            kind="credit",
            entry=one.entry,
            made_at=one.at,
            withdrawn_at=None,
            recipient="",
            lot=None,
            tier=one.tier,
            model="book_and_claim",
            code="supports",
            mg=str(one.mg),
            **_drawn(booked.draws.get(f"credit:{one.serial}")),
        )
        for one in record.issues
    ]
    return sorted([*made, *issued], key=lambda one: (one.made_at, one.id))


class _Drawn(TypedDict):
    """What stands debited for a claim, as its line tells."""

    booked_at: datetime | None
    is_late: bool
    covered_mg: str
    doubt_mg: str
    over_mg: str
    uses: list[UseLine]


def _drawn(draw: Draw | None) -> _Drawn:
    return _Drawn(
        booked_at=draw.at if draw else None,
        is_late=draw is not None and draw.is_late,
        covered_mg=str(draw.of("tranche") if draw else 0),
        doubt_mg=str(draw.of("doubt") if draw else 0),
        over_mg=str(draw.of(OVER) if draw else 0),
        uses=[UseLine(source=use.source, mg=str(use.mg)) for use in draw.uses] if draw else [],
    )


def _close(one: Closed) -> CloseLine:
    return CloseLine(
        until=one.until,
        entry=one.entry,
        index=one.index,
        known_at=one.known_at,
        digest=one.digest,
        stated_digest=one.stated_digest,
        agrees=None if one.stated_digest is None else one.stated_digest == one.digest,
    )


def _to_close(
    record: AccountRecord, records: Mapping[str, AccountRecord], *, size: int, on: date, law: Law
) -> ToClose | None:
    """Return what a close of the first open period may say, where that period is over."""
    if first_open(record).last >= on:
        return None
    closed = _closed_now(record, records, size=size, law=law)
    return ToClose(until=closed.until, known_at=size, digest=closed.digest)


def first_open(record: AccountRecord) -> Period:
    """Return the first period of an account that is not closed."""
    until = record.closes[-1].until if record.closes else None
    return next_period(record.begins, record.months, until)


def closed_at(account: str, *, size: int) -> tuple[AccountRecord, Closed]:
    """Return an account, and its first open period as a close would freeze it.

    Args:
        size: below which log size it is known.

    Raises:
        UnknownAccount: nobody had opened it by then.
    """
    records = records_at(size, [account])
    if account not in records:
        raise UnknownAccount(account)
    record = records[account]
    return record, _closed_now(record, records, size=size, law=law_at(size))


def _closed_now(
    record: AccountRecord, records: Mapping[str, AccountRecord], *, size: int, law: Law
) -> Closed:
    until = first_open(record).last
    told = book(records.values(), on=until, law=law)[record.id]
    return closing(told, until=until, known_at=size)


def booked_accounts(rows: Iterable[Account], *, size: int, on: date) -> dict[str, Booked]:
    """Return accounts as booked, by id, for lists that show their balances."""
    records = records_at(size, [row.account for row in rows])
    return book(records.values(), on=on, law=law_at(size))
