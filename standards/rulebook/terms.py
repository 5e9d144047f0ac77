"""What the law of a day says about mass-balance accounts: which metal counts, and for how long."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from standards.rulebook.accounts import AccountRecord, Claim
from standards.rulebook.law import LawOnDate, Provision, Unavailable
from standards.rulebook.months import after_days
from standards.rulebook.outside import Basis
from standards.rulebook.periods import period


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the law of a day says about the accounts of one scheme; None where it is unset.

    Args:
        levels: the scheme's levels, the lowest first; None where it has none, or none is known.
        tier_mixing: whether metal of a higher level counts for a lower tier (`minimum`) or for
            its own alone (`separate`).
        carry_over_days: how many days after its receipt entitlement may be claimed.
        carry_over_periods: in how many periods after that of its receipt it may be.
        outside_evidence: on which evidence metal from outside the ledger counts.
    """

    levels: tuple[str, ...] | None = None
    tier_mixing: str | None = None
    carry_over_days: int | None = None
    carry_over_periods: int | None = None
    outside_evidence: tuple[str, ...] | None = None

    def last_day(self, record: AccountRecord, received_on: date) -> date | None:
        """Return the last day on which entitlement may be claimed; None where it is not told."""
        told = []
        if self.carry_over_days is not None:
            told.append(after_days(received_on, self.carry_over_days))
        if self.carry_over_periods is not None:
            number = record.period_of(received_on).number + self.carry_over_periods
            told.append(period(record.begins, record.months, number).last)
        return min(told, default=None)

    def counts(self, level: str | None, tier: str, siblings: Sequence[str] = ()) -> bool | None:
        """Tell whether metal of a level counts for a tier; None where it cannot be told.

        Args:
            siblings: tiers of the holder's other accounts that the metal entered as well; it
                counts on one of them only, the highest that it is good for.
        """
        if level == tier:
            return True
        if level is None:
            return True if self.levels is None and not siblings else None
        if level in siblings:
            return False
        if self.levels is None:
            return None
        if level not in self.levels or tier not in self.levels:
            return False
        rank = self.levels.index
        rivals = [rank(one) for one in siblings if one in self.levels]
        if rank(tier) > rank(level) or any(rank(tier) < one < rank(level) for one in rivals):
            return False
        return None if self.tier_mixing is None else self.tier_mixing == "minimum"

    def accepts(self, basis: Basis) -> bool | None:
        """Tell whether a level known on such a basis counts; None where it cannot be told."""
        if basis == "traced":
            return True
        return None if self.outside_evidence is None else basis in self.outside_evidence


def optional(law: LawOnDate, key: str) -> Provision | None:
    """Return a provision, or None where the law of the day has no value for it."""
    try:
        return law[key]
    except Unavailable:
        return None


def terms_of(law: LawOnDate, record: AccountRecord, claims: Mapping[str, Claim]) -> Terms:
    """Return what the law says about an account; what does not matter for it is not asked.

    Args:
        claims: those that came with the account's inputs, by id.
    """
    terms = carry_over_of(law, record.scheme)
    if any(part.basis != "traced" for one in record.inputs for part in one.certified):
        told = optional(law, outside_key(record.scheme))
        terms = replace(terms, outside_evidence=tuple(told.value) if told else None)
    levels = {part.level for one in record.inputs for part in one.certified}
    levels |= {claims[name].tier for one in record.inputs for name in one.came_with}
    if levels <= {record.tier}:
        return terms
    mixed = levels_of(law, record.scheme)
    return replace(terms, levels=mixed.levels, tier_mixing=mixed.tier_mixing)


def outside_key(scheme: str) -> str:
    """Return the parameter that says on which evidence metal from outside the ledger counts."""
    return f"{scheme}.account_outside_evidence"


def carry_over_of(law: LawOnDate, scheme: str) -> Terms:
    """Return how long the law lets entitlement of a scheme be carried over: days or periods."""
    days = optional(law, f"{scheme}.account_carry_over_days")
    periods = optional(law, f"{scheme}.account_carry_over_periods")
    return Terms(
        carry_over_days=days.value if days else None,
        carry_over_periods=periods.value if periods else None,
    )


def levels_of(law: LawOnDate, scheme: str) -> Terms:
    """Return what the law says about the levels of a scheme, and whether they may be mixed."""
    order = optional(law, f"{scheme}.levels")
    mixing = optional(law, f"{scheme}.account_tier_mixing") if order else None
    return Terms(
        levels=tuple(order.value) if order else None,
        tier_mixing=mixing.value if mixing else None,
    )
