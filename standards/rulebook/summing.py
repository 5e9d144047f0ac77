"""Adding up an account's lines by period."""

from collections.abc import Iterator, Sequence
from datetime import date

from standards.rulebook.accounts import AccountRecord, PeriodSummary
from standards.rulebook.months import day_after
from standards.rulebook.periods import Period, period_of
from standards.rulebook.posted import OVER, Line, Point


def summaries(
    record: AccountRecord,
    lines: Sequence[Line],
    points: Sequence[Point],
    first_open: date,
    on: date,
) -> Iterator[PeriodSummary]:
    """Yield the open periods up to that of a day, each with what it took over from the last.

    Args:
        lines, points: in order, of the open periods.
    """
    closed = record.closes[-1].period if record.closes else None
    worst, best = (closed.closing_worst_mg, closed.closing_best_mg) if closed else (0, 0)
    over = closed.over_mg if closed else 0
    first = first_open
    while first <= on:
        told = period_of(record.begins, record.months, first)
        summary = _summary(
            told,
            [one for one in lines if told.has(one.at.date())],
            [one for one in points if told.has(one.at.date())],
            opening=(worst, best),
            over=over,
        )
        yield summary
        worst, best = summary.closing_worst_mg, summary.closing_best_mg
        over = summary.over_mg
        if told.last >= on:  # also where there is no day after it
            return
        first = day_after(told.last)


def _summary(
    told: Period,
    lines: Sequence[Line],
    points: Sequence[Point],
    *,
    opening: tuple[int, int],
    over: int,
) -> PeriodSummary:
    worst, best = opening
    lowest = min(points, key=lambda one: one.worst_mg, default=None)
    in_points = lowest is not None and lowest.worst_mg < worst
    closing = (points[-1].worst_mg, points[-1].best_mg) if points else opening
    entitled = [one for one in lines if one.credit == "received"]
    proven = sum(one.mg for one in entitled if one.debit.startswith("tranche:"))
    return PeriodSummary(
        number=told.number,
        first=told.first,
        last=told.last,
        opening_worst_mg=worst,
        opening_best_mg=best,
        entitled_low_mg=proven,
        entitled_high_mg=sum(one.mg for one in entitled),
        claimed_mg=sum(one.mg for one in lines if _is_claim(one.debit)),
        withdrawn_mg=sum(one.mg for one in lines if _is_claim(one.credit)),
        adjusted_mg=_net(lines, "adjusted"),
        restated_mg=-_net(lines, "restated"),
        expired_mg=_net(lines, "expired"),
        over_mg=over - _net(lines, OVER),
        lowest_worst_mg=lowest.worst_mg if lowest and in_points else worst,
        lowest_best_mg=min([best, *(one.best_mg for one in points)]),
        lowest_on=lowest.at.date() if lowest and in_points else None,
        closing_worst_mg=closing[0],
        closing_best_mg=closing[1],
    )


def _is_claim(place: str) -> bool:
    return place.startswith(("claim:", "credit:"))


def _net(lines: Sequence[Line], place: str) -> int:
    """Return by how much more a place was debited than credited."""
    debited = sum(one.mg for one in lines if one.debit == place)
    return debited - sum(one.mg for one in lines if one.credit == place)
