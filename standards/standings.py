"""The form in which a mass-balance account is told: over HTTP, on pages, in scenarios.

Milligrams are texts; balances go from the worst to the best case.
"""

from datetime import date, datetime

from msgspec import Struct

from traceability.ledger.shapes import Hash


class TrancheLine(Struct, frozen=True, kw_only=True):
    """Entitlement that one lot brought. `doubt_left_mg` is possible, and not proven."""

    lot: str
    entry: Hash
    received_at: datetime
    input_mg: str
    low_mg: str
    high_mg: str
    adjusted_mg: str
    left_mg: str
    doubt_left_mg: str
    expired_mg: str
    came_with: list[str]
    missing: list[str]


class UseLine(Struct, frozen=True, kw_only=True):
    """What a claim draws on: `tranche:<lot>`, `doubt:<lot>` or `over_claimed`."""

    source: str
    mg: str


class ClaimLine(Struct, frozen=True, kw_only=True):
    """A claim, or a credit issued from the account; what covers it, may cover it, and lacks.

    `booked_at` is later than the claim where its period was closed by then. A withdrawn claim
    draws on nothing any more.
    """

    id: str
    kind: str
    entry: Hash
    made_at: datetime
    booked_at: datetime | None
    is_late: bool
    withdrawn_at: datetime | None
    recipient: str
    lot: str | None
    tier: str
    model: str
    code: str
    mg: str
    covered_mg: str
    doubt_mg: str
    over_mg: str
    uses: list[UseLine]


class OutsideLine(Struct, frozen=True, kw_only=True):
    """A lot with metal from outside the ledger: how much, what of it counts, and how it stands.

    `stated_mg` is what the opening statement says of it. `standing` is `counted`; or `unset`
    where the scheme's rule is not filled in, so that it may count; or else why it brings nothing:
    `no_origin` declared, `no_site` in what was declared, `no_certificate` of that site then,
    `no_document` with the opening statement, evidence `not_accepted` by the scheme, `not_entered`
    as the holder's own, or not assayed.
    """

    lot: str
    mg: str | None
    stated_mg: str | None
    low_mg: str
    high_mg: str
    standing: str


class PeriodLine(Struct, frozen=True, kw_only=True):
    """A period: `open`, `ended` and not closed, or `closed`. Balances are worst and best case.

    `input_share_…` is what was certified of all that physically came in; it stands beside what
    was claimed and is not the same number.
    """

    number: int
    first: date
    last: date
    state: str
    opening_worst_mg: str
    opening_best_mg: str
    entitled_low_mg: str
    entitled_high_mg: str
    claimed_mg: str
    withdrawn_mg: str
    adjusted_mg: str
    restated_mg: str
    expired_mg: str
    over_mg: str
    lowest_worst_mg: str
    lowest_best_mg: str
    lowest_on: date | None
    closing_worst_mg: str
    closing_best_mg: str
    input_share_worst: str
    input_share_best: str
    input_share_display: str


class CloseLine(Struct, frozen=True, kw_only=True):
    """A close. `agrees` tells whether the digest its holder signed is that of what was closed."""

    until: date
    entry: Hash
    index: int
    known_at: int
    digest: Hash
    stated_digest: str | None
    agrees: bool | None


class RestatementLine(Struct, frozen=True, kw_only=True):
    """What was learnt of a closed period, booked in the open one; `short_mg` claims then lack."""

    lot: str
    booked_at: datetime
    before_low_mg: str
    before_high_mg: str
    low_mg: str
    high_mg: str
    short_mg: str


class ToClose(Struct, frozen=True, kw_only=True):
    """The period that can be closed next: what a `standards.close` statement may say of it."""

    until: date
    known_at: int
    digest: Hash


class AccountLine(Struct, frozen=True, kw_only=True):
    """An account as it was opened."""

    account: str
    holder: str
    facilities: list[str]
    element: str
    scheme: str
    tier: str
    method: str
    begins: date
    months: int
    index: int
    entry: Hash


class Standing(Struct, frozen=True, kw_only=True):
    """An account as it stands at the end of a day, as known below a log size.

    `terms` are the scheme's parameters that the booking read; null is unset.
    """

    account: AccountLine
    log_size: int
    on: date
    terms: dict[str, str | None]
    balance_worst_mg: str
    balance_best_mg: str
    over_claimed_mg: str
    periods: list[PeriodLine]
    tranches: list[TrancheLine]
    outside: list[OutsideLine]
    claims: list[ClaimLine]
    closes: list[CloseLine]
    restatements: list[RestatementLine]
    to_close: ToClose | None
