"""What is wrong with a pack, a policy or a stored finding: errors of the rulebook.

They report bad *data about the law*; what the law makes of a lot is a finding, never an error.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from traceability.errors import TraceabilityError


class BadPack(TraceabilityError):
    """A rule pack is incomplete, contradicts itself or holds what the format does not know."""

    code = "bad_pack"
    hint = "Correct the named file and key; the format is described in docs/rule-packs.md."

    def __init__(
        self, problem: str, *, pack: str, file: str, table: str = "", key: str = ""
    ) -> None:
        place = ".".join(part for part in (table, key) if part)
        where = f"{pack}/{file}" + (f" ({place})" if place else "")
        super().__init__(
            f"{where}: {problem}.", at=place, pack=pack, file=file, table=table, key=key
        )


class VectorsFailed(TraceabilityError):
    """The test vectors of a pack do not come out as it says; it may not be activated."""

    code = "vectors_failed"
    hint = "Run check_packs, then correct the vector, the parameter or the rule."

    def __init__(self, *, pack: str, failures: tuple[str, ...]) -> None:
        super().__init__(
            f"{len(failures)} test vector(s) of pack {pack} fail: {'; '.join(failures)}",
            pack=pack,
            failures=list(failures),
        )


class BadPolicy(TraceabilityError):
    """A club's policy or waiver has a missing, unknown or impossible member."""

    code = "bad_policy"
    hint = "Correct the member at the given place and send the statement again."

    def __init__(self, problem: str, *, at: str) -> None:
        super().__init__(f"{problem}.", at=at)


class NotAClubsToSet(TraceabilityError):
    """A club's policy would set what law or a scheme says, or in another unit than the packs."""

    code = "not_a_clubs_to_set"
    hint = (
        "Leave the parameter out, or state it in the unit of the rule pack; docs/rules.md shows "
        "what a club may set or add to."
    )

    def __init__(self, problem: str, *, key: str, at: str) -> None:
        super().__init__(f"{key}: {problem}.", at=at, key=key)


class BadFinding(TraceabilityError):
    """A stored finding cannot be read back as it was written."""

    code = "bad_finding"
    hint = "Assess the lot again; compare the stored row with a backup."

    def __init__(self, problem: str) -> None:
        super().__init__(f"The stored finding cannot be read: {problem}.")


# ── copies of registers ───────────────────────────────────────────────────────────────────


class BadRegister(TraceabilityError):
    """A file with a copy of a register has what cannot be; nothing of it is taken."""

    code = "bad_register"
    hint = "Correct every place named and bring the file again; docs/registers.md has the form."

    def __init__(
        self,
        problem: str,
        *,
        place: str,
        at: str,
        problems: Sequence[Mapping[str, Any]],
        count: int,
    ) -> None:
        more = f" ({count - 1} more)" if count > 1 else ""
        super().__init__(
            f"The copy of the register cannot be read: {place}: {problem}{more}.",
            at=at,
            problems=[dict(one) for one in problems],
            count=count,
        )


class RegisterHeadWrong(TraceabilityError):
    """What is said of a copy of a register as a whole is missing, or contradicts its file."""

    code = "register_head_wrong"
    hint = "Say title, address, moment of retrieval and whether it is complete, as the file does."


class SnapshotOutdated(TraceabilityError):
    """A copy of a register that was retrieved before the one on file."""

    code = "snapshot_outdated"
    hint = "Bring a copy retrieved later; the one on file says more about today."

    def __init__(self, register: str, *, retrieved_at: str, on_file: str) -> None:
        super().__init__(
            f"This copy of the register {register} was retrieved at {retrieved_at}; one of "
            f"{on_file} is on file.",
            register=register,
            retrieved_at=retrieved_at,
            on_file=on_file,
        )


class RegisterMoved(TraceabilityError):
    """Between looking at a comparison and accepting it another copy was recorded."""

    code = "register_moved"
    hint = "Compare again: the register on file is another one now."

    def __init__(self, register: str) -> None:
        super().__init__(
            f"Another copy of the register {register} was recorded meanwhile.", register=register
        )


class UnknownSnapshot(TraceabilityError):
    """A copy of a register that nobody recorded, or a comparison that is over."""

    code = "unknown_snapshot"
    hint = "Check the id; `GET /api/v1/snapshots` lists all copies."

    def __init__(self, snapshot: str) -> None:
        super().__init__(f"No copy {snapshot} of a register is known.", snapshot=snapshot)


class UnknownDeclaration(TraceabilityError):
    """A declaration that nobody made, or that is not yours to read."""

    code = "unknown_declaration"
    hint = "Check the id; `GET /api/v1/declarations` lists those you may read."

    def __init__(self, declaration: str) -> None:
        super().__init__(f"No declaration {declaration} is known to you.", declaration=declaration)


# ── waivers ───────────────────────────────────────────────────────────────────────────────


class WaiverNotAllowed(TraceabilityError):
    """A waiver goes beyond what bounds waivers, or names what its club does not know."""

    code = "waiver_not_allowed"
    hint = "Keep to what your policy and the pack `policy` allow; the rulebook page shows both."

    def __init__(self, problem: str, *, at: str) -> None:
        super().__init__(f"{problem}.", at=at)


class WaiverMoved(TraceabilityError):
    """Between looking at a waiver and signing, it was stated anew."""

    code = "waiver_moved"
    hint = "Look at it again: another statement holds now, or is about to."

    def __init__(self, waiver: str) -> None:
        super().__init__(f"The waiver {waiver} was stated anew meanwhile.", waiver=waiver)


class UnknownWaiver(TraceabilityError):
    """There is no such waiver, or the caller may not know of it."""

    code = "unknown_waiver"
    hint = "Look at the list of waivers; one that is just recorded counts once it is published."

    def __init__(self, waiver: str) -> None:
        super().__init__(f"There is no waiver {waiver} here for you.", waiver=waiver)


# ── accounts, claims, credits ─────────────────────────────────────────────────────────────


class NotYourAccount(TraceabilityError):
    """A claim, credit or close on an account in the name space of another organization."""

    code = "not_your_account"
    hint = "An account is its holder's alone: name one that begins with your organization."

    def __init__(self, account: str, *, author: str, at: str) -> None:
        super().__init__(
            f"The account {account} is not {author}'s.", at=at, account=account, author=author
        )


class UnknownAccount(TraceabilityError):
    """An account that nobody has opened, or that is not yours to see."""

    code = "unknown_account"
    hint = "Open it with a `standards.account` statement first, or check its id."

    def __init__(self, account: str, *, at: str = "") -> None:
        super().__init__(f"No account {account} is known to you.", at=at, account=account)


class AccountExists(TraceabilityError):
    """An account is opened once, and never changed."""

    code = "account_exists"
    hint = "Use it as it is, or open another one under an id of its own."

    def __init__(self, account: str, *, at: str) -> None:
        super().__init__(f"The account {account} is open already.", at=at, account=account)


class AccountsOverlap(TraceabilityError):
    """Two accounts of one holder would book the same metal of a site under the same claim."""

    code = "accounts_overlap"
    hint = "Use the account that covers the site, or leave the site out of the new boundary."

    def __init__(self, account: str, *, facility: str, at: str) -> None:
        super().__init__(
            f"The account {account} covers {facility} for this element, scheme and tier already.",
            at=at,
            account=account,
            facility=facility,
        )


class ClaimDoesNotFit(TraceabilityError):
    """A claim for another element or scheme than the account, or credit, it draws on."""

    code = "claim_does_not_fit"
    hint = "One element never pays for another, nor one scheme: name the account or credit of it."

    def __init__(self, source: str, *, member: str, holds: str, asked: str, at: str) -> None:
        super().__init__(
            f"{source} is for the {member} {holds}; the claim is for {asked}.",
            at=at,
            source=source,
            holds=holds,
            asked=asked,
        )


class ClaimExists(TraceabilityError):
    """A claim is made once under its id."""

    code = "claim_exists"
    hint = "Withdraw it and make another one under an id of its own."

    def __init__(self, claim: str, *, at: str) -> None:
        super().__init__(f"The claim {claim} has been made already.", at=at, claim=claim)


class UnknownClaim(TraceabilityError):
    """The withdrawal of a claim that was not made on that account."""

    code = "unknown_claim"
    hint = "Name a claim of your own, with the account it was made on."

    def __init__(self, claim: str, *, at: str) -> None:
        super().__init__(f"No such claim {claim} was made on this account.", at=at, claim=claim)


class ClaimWithdrawn(TraceabilityError):
    """A claim is withdrawn once."""

    code = "claim_withdrawn"
    hint = "Nothing is left to withdraw."

    def __init__(self, claim: str, *, at: str) -> None:
        super().__init__(f"The claim {claim} was withdrawn before.", at=at, claim=claim)


class UnknownTranche(TraceabilityError):
    """A claim names entitlement from a lot that its author does not know."""

    code = "unknown_tranche"
    hint = "A tranche is named by the lot that brought it; leave `tranches` out for the oldest."

    def __init__(self, lot: str, *, at: str) -> None:
        super().__init__(f"No lot {lot} brought you entitlement.", at=at, lot=lot)


class UnknownCredit(TraceabilityError):
    """A serial that nobody has issued, or that was never yours."""

    code = "unknown_credit"
    hint = "Check the serial with whoever issued it."

    def __init__(self, serial: str, *, at: str) -> None:
        super().__init__(f"No credit {serial} is known to you.", at=at, serial=serial)


class CreditExists(TraceabilityError):
    """A serial is issued once."""

    code = "credit_exists"
    hint = "Give every credit a serial of its own."

    def __init__(self, serial: str, *, at: str) -> None:
        super().__init__(f"The credit {serial} has been issued already.", at=at, serial=serial)


class NotCreditHolder(TraceabilityError):
    """A credit is passed on or retired by whoever does not hold it any more."""

    code = "not_credit_holder"
    hint = "Only the present holder can transfer or retire a credit."

    def __init__(self, serial: str, *, author: str, at: str) -> None:
        super().__init__(
            f"{author} does not hold the credit {serial}.", at=at, serial=serial, author=author
        )


class CreditRetired(TraceabilityError):
    """A credit is retired once, and after that nothing happens to it."""

    code = "credit_retired"
    hint = "Use another credit: this one has supported its claim."

    def __init__(self, serial: str, *, at: str) -> None:
        super().__init__(f"The credit {serial} has been retired.", at=at, serial=serial)


class CreditNotBacked(TraceabilityError):
    """A company issues a credit without the account that it is taken from."""

    code = "credit_not_backed"
    hint = "Name your account: the credit is debited there. Only registries issue without one."

    def __init__(self, serial: str, *, at: str) -> None:
        super().__init__(f"No account backs the credit {serial}.", at=at, serial=serial)


class PeriodClosed(TraceabilityError):
    """A period is closed once, and stays closed."""

    code = "period_closed"
    hint = "What comes late is booked in the open period, as a restatement."

    def __init__(self, account: str, *, until: str, closed_until: str, at: str) -> None:
        super().__init__(
            f"{account} is closed until {closed_until}; the period that ends on {until} is among "
            "what is closed.",
            at=at,
            account=account,
            closed_until=closed_until,
        )


class NotTheNextPeriod(TraceabilityError):
    """A close that is not at the end of the first open period."""

    code = "not_the_next_period"
    hint = "Periods follow from the account's first day and length, and are closed in order."

    def __init__(self, account: str, *, until: str, next_end: str, at: str) -> None:
        super().__init__(
            f"The next period of {account} to close ends on {next_end}, not on {until}.",
            at=at,
            account=account,
            next_end=next_end,
        )


class CloseMoved(TraceabilityError):
    """Between looking at a period and closing it something was learnt that changes it."""

    code = "close_moved"
    hint = "Look again: what would be closed is something else now."

    def __init__(self, account: str, *, until: str) -> None:
        super().__init__(
            f"What is known of the period of {account} until {until} has changed meanwhile.",
            account=account,
            until=until,
        )


class PeriodNotOver(TraceabilityError):
    """A period is closed before its last day has passed."""

    code = "period_not_over"
    hint = "Close it on a later day; statements of its last days may still come."

    def __init__(self, account: str, *, until: str, at: str) -> None:
        super().__init__(
            f"The period of {account} lasts until {until}.", at=at, account=account, until=until
        )
