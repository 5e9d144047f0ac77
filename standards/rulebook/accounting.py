"""Booking accounts that hang together: what one claims towards another is entitlement there.

A claim that its own account does not cover brings its recipient nothing; one that it covers only
perhaps leaves the recipient's entitlement in doubt. Where accounts supply each other in a circle
nothing proves what they claim of each other, so that, too, stays in doubt.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date

from standards.rulebook.accounts import AccountRecord, Claim
from standards.rulebook.booking import Booked, book
from standards.rulebook.terms import Terms


def book_all(
    records: Iterable[AccountRecord],
    terms: Callable[[AccountRecord, Mapping[str, Claim]], Terms],
    *,
    on: date,
) -> dict[str, Booked]:
    """Book accounts up to the end of a day, those first on which others rest.

    Args:
        records: the accounts, and all that claims towards their holders were made on.
        terms: what the law says about an account, given the claims that came with its inputs.

    Returns:
        By account. The order of `records` makes no difference.
    """
    work = _Booking({one.id: one for one in records}, terms, on)
    for name in sorted(work.records):
        work.book(name)
    return work.booked


def with_suppliers(names: Iterable[str], records: Mapping[str, AccountRecord]) -> set[str]:
    """Return accounts with all that supply them, step by step."""
    accounts = {claim.id: one.id for one in records.values() for claim in one.claims}
    found, fresh = set[str](), [name for name in names if name in records]
    while fresh:
        name = fresh.pop()
        found.add(name)
        came = {accounts[claim] for one in records[name].inputs for claim in one.came_with}
        fresh += sorted(came - found)
    return found


class _Booking:
    """Accounts on their way."""

    def __init__(
        self,
        records: Mapping[str, AccountRecord],
        terms: Callable[[AccountRecord, Mapping[str, Claim]], Terms],
        on: date,
    ) -> None:
        self.records = records
        self.terms = terms
        self.on = on
        self.claims = {claim.id: claim for one in records.values() for claim in one.claims}
        self.booked: dict[str, Booked] = {}

    def book(self, name: str) -> Booked:
        """Return an account as booked, after those that supply it."""
        if name in self.booked:
            return self.booked[name]
        record = self.records[name]
        upstream = {one.id: one for one in self._came_with(record)}
        covered = {}
        for claim in upstream.values():
            supplier = claim.account or ""
            if name not in with_suppliers([supplier], self.records):
                covered[claim.id] = self.book(supplier).covered(claim.id)
        self.booked[name] = book(
            record,
            self.terms(record, upstream),
            upstream=upstream,
            covered=covered,
            on=self.on,
        )
        return self.booked[name]

    def _came_with(self, record: AccountRecord) -> list[Claim]:
        return [self.claims[claim] for one in record.inputs for claim in one.came_with]
