"""Accounts from rows: what the record says about them below a log size, and closed periods.

Nothing of an account is stored but what was stated, and its closed periods. Everything else is
read from the history of lots below the size in question, and booked by the pure core.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date, datetime

from django.db import connection
from django.utils import timezone

from standards.claimed import claims_from, issues_from
from standards.credentials import credentials_at
from standards.known import followed_size, law_at
from standards.models import Account, AccountClose, Claim, ClosedPeriod, Setback
from standards.rulebook.accounting import book_all
from standards.rulebook.accounts import AccountRecord, Closed
from standards.rulebook.accounts import Claim as Claimed
from standards.rulebook.booking import Booked
from standards.rulebook.closing import closed_as_json, closing, parse_closed
from standards.rulebook.inputs import Entered, Market, entered
from standards.rulebook.law import Law
from standards.rulebook.outside import Opening
from standards.rulebook.stays import Arrival, Boundary, stays
from standards.rulebook.terms import terms_of
from standards.withstanding import alone, is_waiting, overcome
from traceability.tracing import lot_histories

_EMPTY = Entered(inputs=(), adjustments=())


# ── records ───────────────────────────────────────────────────────────────────────────────


def records_at(size: int, accounts: Collection[str]) -> dict[str, AccountRecord]:
    """Return what the record says about accounts below a log size, and about their suppliers.

    Accounts that nobody had opened by then are left out.
    """
    reading = _Reading(size)
    wanted = set(accounts)
    while fresh := wanted - reading.records.keys():
        wanted = reading.add(fresh)
    return reading.records


def accounts_of(holders: Iterable[str], size: int) -> dict[str, Account]:
    """Return the accounts of some holders that are open below a log size, by id."""
    rows = Account.objects.filter(holder__in=holders, index__lt=size)
    return {row.account: row for row in rows}


def book(records: Iterable[AccountRecord], *, on: date, law: Law) -> dict[str, Booked]:
    """Return accounts as booked up to the end of a day, under the law of that day."""
    on_day = law.on(on)
    return book_all(records, lambda record, claims: terms_of(on_day, record, claims), on=on)


class _Reading:
    """Accounts below one log size, read market by market."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.records: dict[str, AccountRecord] = {}
        self._missing: set[str] = set()

    def add(self, names: Collection[str]) -> set[str]:
        """Read some accounts; return those that supply them and are not read yet."""
        rows = list(Account.objects.filter(account__in=names, index__lt=self.size))
        self._missing |= set(names) - {row.account for row in rows}
        markets: dict[tuple[str, str], list[Account]] = {}
        for row in rows:
            markets.setdefault((row.element, row.scheme), []).append(row)
        for (element, scheme), wanted in sorted(markets.items()):
            self._add_market(element, scheme, wanted)
        return self._suppliers() - self._missing

    def _suppliers(self) -> set[str]:
        came = {
            name for one in self.records.values() for lot in one.inputs for name in lot.came_with
        }
        named = Claim.objects.filter(claim__in=came, is_withdrawal=False).exclude(account="")
        return self.records.keys() | set(named.values_list("account", flat=True))

    def _add_market(self, element: str, scheme: str, wanted: list[Account]) -> None:
        market = _market(element, scheme, wanted, self.size)
        found = entered(market, [row.account for row in wanted])
        names = [row.account for row in wanted]
        claims = claims_from(self.size, market.told, Claim.objects.filter(account__in=names))
        issues = issues_from(self.size, names)
        closes = _closes(self.size, names)
        for row in wanted:
            inside = frozenset(row.facilities)
            parts = found.get(row.account, _EMPTY)
            self.records[row.account] = AccountRecord(
                id=row.account,
                entry=row.entry,
                holder=row.holder,
                facilities=tuple(row.facilities),
                element=row.element,
                scheme=row.scheme,
                tier=row.tier,
                method=row.method,  # type: ignore[arg-type]
                begins=row.begins,
                months=row.months,
                inputs=parts.inputs,
                adjustments=parts.adjustments,
                claims=tuple(
                    replace(
                        one,
                        is_inside=bool(inside & market.told.seen_at.get(one.lot_id, frozenset())),
                    )
                    for one in claims
                    if one.account == row.account
                ),
                issues=tuple(one for one in issues if one.account == row.account),
                closes=tuple(closes.get(row.account, ())),
                counts=parts.counts,
                opening=_opening(row),
            )


def _opening(row: Account) -> tuple[Opening, ...]:
    """Return what an account's opening statement says of stock from outside the ledger."""
    return tuple(
        Opening(
            lot_id=told["lot"],
            level=told["level"],
            mg=int(told["mg"]),
            has_documents=bool(row.documents),
        )
        for told in row.opening
    )


def _market(element: str, scheme: str, wanted: list[Account], size: int) -> Market:
    boundaries = [
        Boundary(
            account=row.account,
            holder=row.holder,
            facilities=frozenset(row.facilities),
            begins=row.begins,
            tier=row.tier,
            opening={one.lot_id: one for one in _opening(row)},
        )
        for row in Account.objects.filter(element=element, scheme=scheme, index__lt=size)
    ]
    sites = sorted({site for row in wanted for site in row.facilities})
    lots = _lots_at(sites, size) | _claimed_from([row.account for row in wanted], size)
    history = lot_histories(lots, size=size)
    every = {movement.lot for one in history.happenings.values() for movement in one.movements}
    told = stays(history, boundaries, element=element, arrivals=_arrivals(every, size))
    of_market = Claim.objects.filter(lot__in=every, element=element, scheme=scheme)
    claims: dict[str, list[Claimed]] = {}
    for one in claims_from(size, told, of_market.exclude(account="")):
        claims.setdefault(one.lot_id, []).append(one)
    facilities = {one.facility for one in history.happenings.values() if one.facility}
    facilities |= {
        row["facility"]
        for begun in history.beginnings.values()
        for row in begun.declared
        if "facility" in row
    }
    return Market(
        element=element,
        scheme=scheme,
        history=history,
        boundaries=boundaries,
        told=told,
        claims=claims,
        credentials=credentials_at(size, facilities),
        log_size=size,
    )


_LOTS_AT = """
SELECT DISTINCT m.lot
FROM traceability_entry e
JOIN traceability_logindex i ON i.recorded_order = e.recorded_order AND i.index < %(size)s
JOIN traceability_movement m ON m.recorded_order = e.recorded_order
WHERE e.facility = ANY (%(sites)s)
UNION
SELECT DISTINCT m.lot
FROM traceability_entry w
JOIN traceability_entrysubject s ON s.subject = w.waits_on
JOIN traceability_logindex i ON i.recorded_order = s.recorded_order AND i.index < %(size)s
JOIN traceability_movement m ON m.recorded_order = s.recorded_order AND m.role = 'adjust'
WHERE w.facility = ANY (%(sites)s) AND w.waits_on IS NOT NULL
"""
_ARRIVALS = """
SELECT e.hash, m.lot, w.facility, w.effective
FROM traceability_movement m
JOIN traceability_entry e
  ON e.recorded_order = m.recorded_order AND coalesce(e.event, e.kind) = 'custody.shipment'
JOIN traceability_logindex i ON i.recorded_order = e.recorded_order AND i.index < %(size)s
JOIN traceability_entrysubject s
  ON s.recorded_order = e.recorded_order AND s.subject LIKE 'consignment:%%'
JOIN traceability_entry w ON w.waits_on = s.subject
WHERE m.lot = ANY (%(lots)s) AND m.role = 'adjust'
ORDER BY w.recorded_order
"""


def _lots_at(sites: list[str], size: int) -> set[str]:
    """Return every lot that something happened to at some sites, or that arrived there."""
    with connection.cursor() as cursor:
        cursor.execute(_LOTS_AT, {"sites": sites, "size": size})
        return {row[0] for row in cursor.fetchall()}


def _arrivals(lots: Collection[str], size: int) -> dict[tuple[str, str], Arrival]:
    """Return where lots arrived whose receipt took effect with their shipment."""
    with connection.cursor() as cursor:
        cursor.execute(_ARRIVALS, {"lots": list(lots), "size": size})
        return {
            (entry, lot): Arrival(facility=facility, effective=effective)
            for entry, lot, facility, effective in cursor.fetchall()
        }


def _claimed_from(accounts: list[str], size: int) -> set[str]:
    rows = Claim.objects.filter(account__in=accounts, index__lt=size, is_withdrawal=False)
    return set(rows.values_list("lot", flat=True))


# ── what an entry may change ──────────────────────────────────────────────────────────────

_SITES = """
SELECT e.facility
FROM traceability_movement m JOIN traceability_entry e USING (recorded_order)
WHERE m.lot = ANY (%(lots)s) AND e.facility IS NOT NULL
UNION
SELECT w.facility
FROM traceability_movement m
JOIN traceability_entrysubject s USING (recorded_order)
JOIN traceability_entry w ON w.waits_on = s.subject
WHERE m.lot = ANY (%(lots)s) AND m.role = 'adjust' AND s.subject LIKE 'consignment:%%'
"""


def accounts_moved_by(lots: Collection[str]) -> set[str]:
    """Return the accounts at whose sites something ever happened to one of these lots."""
    if not lots or not Account.objects.exists():
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_SITES, {"lots": list(lots)})
        sites = [row[0] for row in cursor.fetchall()]
    moved = Account.objects.filter(facilities__overlap=sites)
    return set(moved.values_list("account", flat=True))


def claimed_from(accounts: Collection[str]) -> set[str]:
    """Return the lots whose claims may be judged otherwise when these accounts change.

    Those claimed from them, from other accounts of their holders (one attribute is sold once,
    whatever the scheme), and from accounts that these, step by step, supply.
    """
    found, fresh, lots = set[str](), set(accounts), set[str]()
    while fresh:
        holders = Account.objects.filter(account__in=fresh).values("holder")
        fresh |= set(Account.objects.filter(holder__in=holders).values_list("account", flat=True))
        found |= fresh
        made = Claim.objects.filter(account__in=fresh, is_withdrawal=False)
        claimed = list(made.values_list("lot", "recipient"))
        lots |= {lot for lot, _ in claimed}
        supplied = Account.objects.filter(holder__in={recipient for _, recipient in claimed})
        fresh = set(supplied.values_list("account", flat=True)) - found
    return lots


# ── closed periods ────────────────────────────────────────────────────────────────────────


def _closes(size: int, accounts: list[str]) -> dict[str, list[Closed]]:
    """Return closed periods, in order; one that is not frozen yet is computed as it will be."""
    kept = {
        row.index: parse_closed(row.state)
        for row in ClosedPeriod.objects.filter(account__in=accounts, index__lt=size)
    }
    told: dict[str, list[Closed]] = {}
    for row in AccountClose.objects.filter(account__in=accounts, index__lt=size).order_by("index"):
        closed = kept[row.index] if row.index in kept else closed_period(row)
        told.setdefault(row.account, []).append(closed)
    return told


def closed_period(row: AccountClose) -> Closed:
    """Return the state that a close froze: a function of the entries below it alone.

    A log size from before the account was opened, or before its last close, tells of neither;
    then that of the first entry that does counts.
    """
    known_at = row.index if row.known_at is None else min(row.known_at, row.index)
    opened = Account.objects.filter(account=row.account).values_list("index", flat=True)
    before = AccountClose.objects.filter(account=row.account, index__lt=row.index)
    told = [*opened, *before.values_list("index", flat=True)]
    known_at = max([known_at, *(index + 1 for index in told)])
    records = records_at(known_at, [row.account])
    booked = book(records.values(), on=row.until, law=law_at(known_at))
    return closing(
        booked[row.account],
        until=row.until,
        known_at=known_at,
        index=row.index,
        entry=row.entry,
        stated_digest=row.digest or None,
    )


def freeze_closes(*, now: datetime | None = None) -> int:
    """Keep the state of every period that was closed since; return how many.

    In order, each by itself: one that cannot be told yet is set aside and tried again, and is
    computed by whoever reads it until then.
    """
    moment = now or timezone.now()
    frozen = ClosedPeriod.objects.values("index")
    rows = AccountClose.objects.filter(index__lt=followed_size()).exclude(index__in=frozen)
    set_back = {row.about: row for row in Setback.objects.filter(kind=Setback.Kind.CLOSE)}
    count = 0
    for row in rows.order_by("index"):
        before = set_back.get(str(row.index))
        if before is not None and is_waiting(before, moment):
            continue
        about = str(row.index)
        with alone(Setback.Kind.CLOSE, about, known_at=row.index, now=moment) as attempt:
            _freeze(row)
        if not attempt.has_failed:
            count += 1
            if before is not None:
                overcome(Setback.Kind.CLOSE, [about])
    return count


def _freeze(row: AccountClose) -> None:
    closed = closed_period(row)
    ClosedPeriod.objects.bulk_create(
        [
            ClosedPeriod(
                index=row.index,
                account=row.account,
                until=row.until,
                digest=closed.digest,
                state=closed_as_json(closed),
            )
        ],
        ignore_conflicts=True,
    )
