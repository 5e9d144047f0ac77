"""Credentials as facts: what third parties said of sites, organizations and products.

Everything here is as published. A level that somebody *claims* is no credential but a
declaration (`dossier.DeclaredClaim`). What nobody recorded is `None`; `()` says "known to be
none".
"""

from dataclasses import dataclass
from datetime import date

POSITIVE_STATUSES: frozenset[str] = frozenset(
    {
        "published",  # IRMA: an audit with its level
        "awarded",
        "awarded_with_improvement_plan",
        "reinstated",
    }
)
NEGATIVE_STATUSES: frozenset[str] = frozenset(
    {
        "participant",
        "self_assessed",
        "in_process",
        "under_assessment",
        "suspended",
        "withdrawn",
        "void",
        "expired",
        "left",
    }
)
"""Normalized words for the states of all schemes (ours; each certificate keeps its own)."""
RENEWAL_STATUS = "renewal_stage_2_done"
"""On-site re-assessment over: the ground for grace after expiry. An event, and no state: what was
suspended or never awarded before it is so after it."""
DISPUTED_STATUS = "disputed"
"""What a status counts as that was signed with a key distrusted from before: nothing known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialStatus:
    """One row of a certificate's timeline.

    Args:
        status: one of the normalized words above; any other word proves nothing.
        effective_from: first day of the status.
        known_from: log index of the entry that told us.
        retroactive: void from the beginning (fraud): holds on every day, also before.
        stated_on: the day the ledger received it.
    """

    status: str
    effective_from: date
    known_from: int
    retroactive: bool = False
    because: str = ""
    entry: str | None = None
    stated_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialOutcome:
    """What an assessment found about one area, requirement or criterion, as published.

    Args:
        kind: `area`, `critical_requirement`, `criterion`, `indicator`, …
        code: the scheme's own number or word for it.
        rating: the scheme's word in snake case (`fully`, `substantially`, `partially`,
            `does_not_meet`, `not_relevant`, …); None where only a score is published.
        score_percent: the published score, an exact decimal from 0 to 100.
        plan: whether a corrective action or improvement plan is on file; None: nobody says.
        plan_due_on, plan_closed_on: its due day, and the day it was closed.
    """

    kind: str
    code: str
    rating: str | None = None
    score_percent: str | None = None
    plan: bool | None = None
    plan_due_on: date | None = None
    plan_closed_on: date | None = None

    def is_overdue(self, day: date) -> bool:
        """Tell whether on a day the plan's due day has passed and it was not closed."""
        if self.plan_due_on is None or self.plan_due_on >= day:
            return False
        return self.plan_closed_on is None or self.plan_closed_on > day


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """A complaint that the scheme registered about a site; closed_on None: it is open."""

    reference: str
    opened_on: date | None = None
    closed_on: date | None = None

    def is_open(self, day: date) -> bool:
        """Tell whether it is open on a day; opened nobody knows when, it counts as opened."""
        begun = self.opened_on is None or self.opened_on <= day
        return begun and (self.closed_on is None or self.closed_on > day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A third party's statement about a site or an organization, as known at a log size.

    Args:
        scheme: pack id of the scheme (`irma`, `copper_mark`, …).
        standard_code: the standard by the word rule packs know it by (`irma_mining`,
            `joint_due_diligence`); `standard` is its title as stated. None: not coded.
        level: the published level; None where the scheme has none or none is published.
        facility_id: the assessed site; None where it is about the organization as a whole.
        organization_id: the assessed organization, where it is not about a site.
        product: named where it is about one product only.
        activities: words of the stage vocabulary the scope covers; None while nobody coded it.
        materials: minerals the scope covers, named as `Dossier.mineral`; None while not coded.
        operation: `industrial` or `artisanal_small_scale`.
        assessment_type: `self_assessment`, `initial`, `surveillance` or `renewal`.
        valid_from, valid_until: first and last day, both included; None where not stated.
        published_on: None while nothing is published.
        next_action_on: the next action that the scheme announced (surveillance, re-assessment).
        author: the organization that signed the statement; `issuer_id` and `issuer_name` whom
            it names as issuer.
        assessor_level: `first_party`, `second_party` or `third_party`.
        complaints: None while nobody said whether there are any.
        supersedes: ids of certificates that this one takes the place of.
        stated_on: the day the ledger received it.
        is_disputed: signed with a key that was distrusted from before: nothing in it is known.
        entry: hash of the entry that recorded it.
    """

    id: str
    scheme: str
    standard: str | None
    standard_code: str | None = None
    version: str | None
    level: str | None
    facility_id: str | None
    organization_id: str | None = None
    product: str | None = None
    activities: tuple[str, ...] | None
    materials: tuple[str, ...] | None
    operation: str | None = None
    assessment_type: str | None = None
    assessed_on: date | None = None
    stage_2_on: date | None = None
    valid_from: date | None
    valid_until: date | None
    published_on: date | None
    next_action_on: date | None = None
    author: str | None = None
    issuer_id: str | None = None
    issuer_name: str | None = None
    assessor_name: str | None = None
    assessor_level: str | None = None
    outcomes: tuple[CredentialOutcome, ...] | None = None
    complaints: tuple[Complaint, ...] | None = None
    supersedes: tuple[str, ...] = ()
    stated_on: date | None = None
    is_disputed: bool = False
    entry: str
    statuses: tuple[CredentialStatus, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One row of a register about a site on the path, or about an organization there.

    `subject_id` is the facility or organization, empty where nobody matched the row and a form
    on the path names its number; `status` is in the register's own words. `numbers` are its
    identifiers there. `assessed_on` and `next_action_on` are the days of the last and of the next
    planned assessment.
    """

    subject_id: str
    name: str | None = None
    numbers: tuple[str, ...] = ()
    country: str | None = None
    status: str | None = None
    level: str | None = None
    materials: tuple[str, ...] | None = None
    listed_from: date | None = None
    listed_until: date | None = None
    assessed_on: date | None = None
    next_action_on: date | None = None

    def covers(self, day: date) -> bool:
        """Tell whether the row holds on a day; an end that is not stated is open."""
        begun = self.listed_from is None or self.listed_from <= day
        return begun and (self.listed_until is None or day <= self.listed_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A copy of a scheme's public register; a complete one shows who is *not* on it.

    Args:
        author: the organization that recorded it.
        rows: what it says of sites and organizations on the path, and under the numbers that
            forms on the path name.
        unmatched: countries of rows that nobody matched with a site; empty text where the row
            names none. A site in such a country may be one of them.
    """

    scheme: str
    retrieved_on: date
    complete: bool
    entry: str
    author: str | None = None
    rows: tuple[Listing, ...] = ()
    unmatched: tuple[str, ...] = ()
