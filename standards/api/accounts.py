"""`/api/v1/accounts`: mass-balance accounts, how they stand, and the caller's credits."""

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from standards.balances import account_seen_by, accounts_seen_by, line_of, standing_of
from standards.claimed import credits_held_by, retired_by_claims
from standards.known import followed_size
from standards.models import Credit
from standards.standings import AccountLine, Standing
from traceability import noting, seeing
from traceability.api.lists import (
    LedgerView,
    Page,
    PageParameters,
    Parameters,
    page_of,
    parameters,
    told,
)
from traceability.api.schema import described
from traceability.errors import NotFollowedYet
from traceability.ledger.shapes import Element, FacilityId, Hash, Word


class AccountParameters(PageParameters, frozen=True, kw_only=True):
    """Which accounts."""

    element: Element | None = None
    scheme: Word | None = None
    facility: Annotated[FacilityId | None, Meta(description="with this site inside")] = None


class StandingParameters(Parameters, frozen=True, kw_only=True):
    """As of when: what was so at the end of a day, as known below a log size."""

    on: Annotated[date | None, Meta(description="the last day booked; today if left out")] = None
    known_at: (
        Annotated[int, Meta(ge=0, le=2**53 - 1, description="log size; the newest if left out")]
        | None
    ) = None


class AccountsView(LedgerView):
    """The accounts a caller may read."""

    @described(
        "List mass-balance accounts",
        "The caller's own, and those of whoever granted it, as an auditor, all sites inside.",
        parameters=AccountParameters,
        answers={200: Page[AccountLine]},
    )
    def get(self, request: Request) -> Response:
        """List accounts."""
        asked = parameters(request, AccountParameters)
        rows = accounts_seen_by(self.caller.organization)
        if asked.element is not None:
            rows = rows.filter(element=asked.element)
        if asked.scheme is not None:
            rows = rows.filter(scheme=asked.scheme)
        if asked.facility is not None:
            rows = rows.filter(facilities__contains=[asked.facility])
        return page_of(
            rows, asked, key="account", show=lambda found: [line_of(row) for row in found]
        )


class AccountView(LedgerView):
    """How one account stands."""

    @described(
        "How an account stands",
        "Balance, periods, tranches and claims, booked anew from the record. Claims beyond the "
        "entitlement stand in `over_claimed_mg`; what is not measured makes the balance a range. "
        "`to_close` is what a `standards.close` statement may say of the next period.",
        parameters=StandingParameters,
        answers={200: Standing},
        refused=(400, 404),
    )
    def get(self, request: Request, account: str) -> Response:
        """Show how an account stands."""
        asked, caller = parameters(request, StandingParameters), self.caller
        row = account_seen_by(account, caller.organization)
        followed = followed_size()
        if asked.known_at is not None and asked.known_at > followed:
            raise NotFollowedYet(known_at=asked.known_at, followed=followed)
        noting.note_record_read(
            row.account, owner=row.holder, reader=caller.organization, person=caller.person
        )
        size = followed if asked.known_at is None else asked.known_at
        return told(standing_of(row, size=size, on=asked.on or seeing.today()))


class CreditLine(Struct, frozen=True, kw_only=True):
    """A book-and-claim credit as it stands: `holder` has it, unless it is retired."""

    serial: str
    issuer: str
    holder: str
    is_retired: bool
    account: str | None
    registry: str
    element: str
    scheme: str
    tier: str
    vintage: str
    mg: str
    entry: Hash
    index: int


class CreditsView(LedgerView):
    """The credits a caller issued, holds or held."""

    @described(
        "List book-and-claim credits",
        "Those the caller issued, holds, or held. A claim or a retirement retires one for ever.",
        parameters=PageParameters,
        answers={200: Page[CreditLine]},
    )
    def get(self, request: Request) -> Response:
        """List credits."""
        asked = parameters(request, PageParameters)
        rows = credits_held_by(self.caller.organization)
        return page_of(rows, asked, key="serial", show=_lines)


def _lines(rows: list[Credit]) -> list[CreditLine]:
    later: dict[str, list[Credit]] = {}
    serials = [row.serial for row in rows]
    for one in Credit.objects.filter(serial__in=serials).order_by("index"):
        later.setdefault(one.serial, []).append(one)
    claimed = retired_by_claims(serials)
    return [_line(row, later[row.serial], is_claimed=row.serial in claimed) for row in rows]


def _line(row: Credit, told_of: list[Credit], *, is_claimed: bool) -> CreditLine:
    holders = [one.holder for one in told_of if one.holder]
    return CreditLine(
        serial=row.serial,
        issuer=row.author,
        holder=holders[-1],
        is_retired=is_claimed or any(one.action == Credit.Action.RETIRED for one in told_of),
        account=row.account or None,
        registry=row.registry,
        element=row.element,
        scheme=row.scheme,
        tier=row.tier,
        vintage=row.vintage,
        mg=str(row.mg),
        entry=row.entry,
        index=row.index,
    )
