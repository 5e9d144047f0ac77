"""The balance of an account's period as a picture: what it took over, what came and went."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from standards.standings import PeriodLine
from traceability.pictures.waterfall import Step, Waterfall, waterfall
from traceability.templatetags.ledger import amount


def newest_eventful(periods: Sequence[PeriodLine]) -> PeriodLine | None:
    """Return the newest period in which anything was booked, or the newest."""
    eventful = [
        one for one in periods if any(change for _title, change, _is_range in _changes(one))
    ]
    return max(eventful or periods, key=lambda one: one.number, default=None)


def balance_drawn(one: PeriodLine) -> Waterfall | None:
    """Return a period's balance, drawn in the best case; None where all of it is nothing."""
    steps = [
        Step(title=title, text=amount(change), change=change, is_range=is_range)
        for title, change, is_range in _changes(one)
        if change
    ]
    opening = _stock(_("opening"), one.opening_worst_mg, one.opening_best_mg)
    return waterfall(
        [opening, *steps, _stock(_("closing"), one.closing_worst_mg, one.closing_best_mg)]
    )


def _changes(one: PeriodLine) -> list[tuple[str, int, bool]]:
    """Return what changed a balance, with its sign, and whether it is known as a range alone."""
    return [
        (_("entitlement"), int(one.entitled_high_mg), one.entitled_low_mg != one.entitled_high_mg),
        (_("claimed"), -int(one.claimed_mg), False),
        (_("withdrawn"), int(one.withdrawn_mg), False),
        (_("losses"), -int(one.adjusted_mg), False),
        (_("restated"), int(one.restated_mg), False),
        (_("expired"), -int(one.expired_mg), False),
    ]


def _stock(title: str, worst: str, best: str) -> Step:
    return Step(
        title=title, text=amount(int(best)), change=int(best), is_stock=True, is_range=worst != best
    )
