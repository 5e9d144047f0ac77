"""Mass-balance accounts: what the record says about one, before anything is booked.

An account belongs to a holder and is kept for one boundary, element, scheme, claim tier and
method, period by period. What comes in earns entitlement, by its measured recovery; what is
claimed of outputs draws on it. Facts only: which of them count, and for how long, is the law's
to say (`terms`), and `booking` draws the balance.

Physical and claimed share are two numbers: nothing here says where metal is from.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from standards.rulebook.outside import Basis, Opening, Outside
from standards.rulebook.periods import Period, period_of
from traceability.ledger.apportioning import ceiling

STRICTNESS: tuple[str, ...] = (
    "book_and_claim",
    "mass_balance",
    "controlled_blending",
    "segregated",
    "identity_preserved",
)
"""Custody models (ISO 22095:2020, 3.3.1 to 3.3.5), the weakest first; none ever moves up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """Metal of one published level in what came in: `doubt_mg` where a certificate is unclear.

    `level` is None where the scheme publishes none; `basis` tells how the level is known. What
    is declared of a lot and what is stated of it may be the same metal: they never add up.
    """

    level: str | None
    proven_mg: int
    doubt_mg: int
    basis: Basis = "traced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A lot that came into the boundary as the holder's: the source of one tranche, once.

    Args:
        lot_id, entry: the lot, and the entry with which it arrived, was made or was bought.
        total_low_mg, total_high_mg: the holder's part of the element in it.
        certified: of that, what is certified and no account had counted before.
        came_with: ids of claims towards the holder that came with the lot.
        arrived_mg: the element in the lot, whosever, on the scale of the two that follow.
        given_low_mg, given_high_mg: of it, what came out as product or left unworked: measured,
            and at most. What still waits to be worked is only in the second.
        siblings: claim tiers of the holder's other accounts for which the lot entered, too.
        missing: the documents that would tell the difference.
        outside: what of it came from outside the ledger, and what proves that it counts.
    """

    lot_id: str
    entry: str
    at: datetime
    total_low_mg: int
    total_high_mg: int
    certified: tuple[Certified, ...]
    came_with: tuple[str, ...]
    arrived_mg: int
    given_low_mg: int
    given_high_mg: int
    siblings: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    outside: Outside | None = None

    def recovered(self, low_mg: int, high_mg: int) -> tuple[int, int]:
        """Return what a part of the lot came to, in whole milligrams: proven, and at most."""
        if self.arrived_mg == 0:
            return 0, 0
        low = low_mg * self.given_low_mg // self.arrived_mg
        return low, ceiling(high_mg * self.given_high_mg, self.arrived_mg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """Product lost in stock, by a stocktake or a loss: it takes from the tranche it came from.

    `mg` is lost of the `arrived_mg` of the input `lot_id`, on the scale of that input.
    """

    entry: str
    lot_id: str
    at: datetime
    mg: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A stocktake at a site of the boundary: the element in the holder's lots that it counted.

    `book_low_mg` and `book_high_mg` are by the books before it; `off_low_mg` and `off_high_mg`
    what was found beyond them, below zero where it was less. `lots` says how many were counted.
    """

    entry: str
    facility: str
    at: datetime
    lots: int
    book_low_mg: int
    book_high_mg: int
    off_low_mg: int
    off_high_mg: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claim as it was made, and when it was withdrawn.

    Args:
        account: None for book and claim, which retires `credits`.
        tranches: the lots whose entitlement it names; empty for the oldest.
        is_owner: whether the holder owned some of the lot, ever; is_inside: whether the lot was
            at the account's boundary.
        is_disputed: its key was later distrusted from before it.
    """

    id: str
    entry: str
    index: int
    at: datetime
    account: str | None
    holder: str
    recipient: str
    lot_id: str
    element: str
    scheme: str
    tier: str
    model: str
    code: str
    mg: int
    tranches: tuple[str, ...] = ()
    credits: tuple[str, ...] = ()
    withdrawn_at: datetime | None = None
    withdrawn_index: int | None = None
    is_owner: bool = True
    is_inside: bool = True
    is_disputed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCredit:
    """A credit as issued; `account` is debited where a company issued it."""

    serial: str
    entry: str
    index: int
    at: datetime
    account: str | None
    issuer: str
    element: str
    scheme: str
    tier: str
    mg: int
    vintage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tranche:
    """Entitlement from one input: what it was, and what of it is left.

    `low_mg` is proven and `high_mg` possible; `adjusted_mg` is what losses in stock took of
    it. `left_mg` and `expired_mg` are of what is proven, the others of what is in doubt.
    """

    id: str
    at: datetime
    low_mg: int
    high_mg: int
    adjusted_mg: int = 0
    left_mg: int = 0
    doubt_left_mg: int = 0
    expired_mg: int = 0
    doubt_expired_mg: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What a claim takes from one place.

    `source` is `tranche:<lot>`, `doubt:<lot>` or `over_claimed`.
    """

    source: str
    mg: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """What stands debited for a claim (`claim:<id>`) or an issued credit (`credit:<serial>`).

    Args:
        at: when it was booked; later than the claim where its period was closed by then.
        over_mg: what nothing covered when it was booked.
        is_late: booked after its period was closed.
    """

    id: str
    at: datetime
    mg: int
    uses: tuple[Use, ...]
    over_mg: int
    is_late: bool = False

    def of(self, kind: str) -> int:
        """Return what stands debited to `tranche`, `doubt` or `over_claimed`."""
        return sum(use.mg for use in self.uses if use.source.partition(":")[0] == kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodSummary:
    """An account's period in whole milligrams; balances from the worst to the best case.

    `lowest_on` is the day of the lowest balance in the worst case.
    """

    number: int
    first: date
    last: date
    opening_worst_mg: int
    opening_best_mg: int
    entitled_low_mg: int
    entitled_high_mg: int
    claimed_mg: int
    withdrawn_mg: int
    adjusted_mg: int
    restated_mg: int
    expired_mg: int
    over_mg: int
    lowest_worst_mg: int
    lowest_best_mg: int
    lowest_on: date | None
    closing_worst_mg: int
    closing_best_mg: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A closed period: the account as it was then, for ever, and its digest.

    `index` is that of the entry that closed it; `known_at` the log size whose knowledge counts;
    `stated_digest` what the holder signed, where it did.
    """

    index: int
    entry: str
    until: date
    known_at: int
    digest: str
    stated_digest: str | None
    carry_over_days: int | None
    period: PeriodSummary
    tranches: tuple[Tranche, ...]
    draws: tuple[Draw, ...]
    carry_over_periods: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRecord:
    """Everything the record says about one account below a log size.

    Args:
        facilities: the boundary, one site or several of one group.
        tier: the claim tier, a level or mark as the scheme publishes it.
        claims, issues, adjustments: all that were ever stated; the booking passes by those
            that a closed period has taken in.
        counts: stocktakes of the holder's lots at the boundary.
        opening: what its opening statement says of stock from outside the ledger.
    """

    id: str
    entry: str
    holder: str
    facilities: tuple[str, ...]
    element: str
    scheme: str
    tier: str
    method: Literal["rolling_average", "credit"]
    begins: date
    months: int
    inputs: tuple[Input, ...]
    adjustments: tuple[Adjustment, ...]
    claims: tuple[Claim, ...]
    issues: tuple[IssuedCredit, ...]
    closes: tuple[Closed, ...]
    counts: tuple[Count, ...] = ()
    opening: tuple[Opening, ...] = ()

    def __hash__(self) -> int:
        """Return a hash that costs nothing: the same record is booked for many lots."""
        return hash((self.id, self.entry, len(self.claims), len(self.inputs), len(self.closes)))

    def period_of(self, day: date) -> Period:
        """Return the account's period in which a day lies."""
        return period_of(self.begins, self.months, day)
