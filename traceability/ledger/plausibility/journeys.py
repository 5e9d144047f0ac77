"""Checks of time and place: travel, statements made late, entries made at night."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from functools import partial
from typing import Any

from traceability.ledger.plausibility.check import Check
from traceability.ledger.plausibility.distance import straight_line_km
from traceability.ledger.plausibility.view import Act, Observation, Received, View
from traceability.ledger.plausibility.words import clock, days, number, span

UNSTATED_MODE = "unstated"
_INSTANT = timedelta(seconds=1)

# ── travel ────────────────────────────────────────────────────────────────────────────────


def _journeys(view: View) -> Iterator[Observation]:
    left = {
        f"{one.facts['consignment']}/{one.lot}": act
        for act in view.of("shipment")
        for one in act.happening.movements
        if one.role == "move" and "consignment" in one.facts
    }
    for receipt in view.receipts:
        act = left.get(f"{receipt.movement.facts['consignment']}/{receipt.movement.lot}")
        if act is not None and act.happening.facility != receipt.facility:
            yield _journey(view, act, receipt)


def _journey(view: View, act: Act, receipt: Received) -> Observation:
    lot, names = receipt.movement.lot, (act.happening.facility, receipt.facility)
    way = f"lot {lot} went from {view.called(names[0])} to {view.called(names[1])}"
    places = [view.sites.get(name or "") for name in names]
    ends = [site.coordinates for site in places if site and site.coordinates]
    mode = next(iter(act.told.named("mode")), UNSTATED_MODE)
    if len(ends) < 2:
        lacking = [
            f"coordinates of {view.called(name)}"
            for name, site in zip(names, places, strict=True)
            if site is None or site.coordinates is None
        ]
        because = f"{way}, and how far that is, is not known"
        return receipt.observed(
            because, against=mode, evidence=(act.entry,), missing=tuple(lacking)
        )
    # The longest time that the two statements leave: from the first moment to the last.
    took = receipt.told.end - act.told.start
    far = straight_line_km(*ends)
    speed = far * 3600 / Fraction(max(took, _INSTANT) // _INSTANT)
    return receipt.observed(
        partial(_travelled, way, far, mode, took, speed),
        worst=speed,
        best=speed,
        against=mode,
        evidence=(act.entry,),
    )


def _travelled(way: str, far: Fraction, mode: str, took: timedelta, speed: Fraction) -> str:
    how = "" if mode == UNSTATED_MODE else f" by {mode}"
    when = f"in {span(took)}" if took > timedelta(0) else "and arrived before it left"
    return f"{way}, at least {number(far, 0)} km{how}, {when}: {number(speed, 0)} km/h"


TRAVEL = Check(
    id="PL-05",
    title="No lot travelled faster than its means of transport",
    concerns="receipts: the straight line between two facilities against the time since shipment",
    explanations="a shipment stated when it was loaded late, coordinates of a head office",
    severity="critical",
    comparison="at_most",
    unit="km/h",
    measure=_journeys,
)


# ── backdating ────────────────────────────────────────────────────────────────────────────


CLOSED = "closed"
"""What is stated of a time whose books its author had closed is late, however few days it is."""


def _delays(view: View) -> Iterator[Observation]:
    for act in view.acts:
        told: dict[str, Any] = {}
        if act.told.is_closed:
            told = {"against": CLOSED, "evidence": (act.told.closed_by,)}
        taken = tuple(one.lot for one in act.happening.movements if one.role == "take")
        of_taken = _known_since(view, act, taken)
        for lot in act.lots:
            since = of_taken if lot in act.made else _known_since(view, act, (lot,))
            late = max(timedelta(0), act.told.received_at - since)
            because = partial(_delayed, act, late, has_waited=since > act.told.end)
            value = days(late)
            yield act.observed(lot, because, worst=value, best=value, **told)


def _known_since(view: View, act: Act, lots: Sequence[str]) -> datetime:
    """Return since when a statement could be made: it needs the lots that it is about.

    Only what begins a lot is waited for, if it was before the event; so whoever states a lot late
    is asked about that, and not once more about everything after it. A receipt waits for nothing:
    it may come ahead.
    """
    if act.happening.kind == "custody.receipt":
        return act.told.end
    begun = [view.history.beginnings[lot] for lot in lots if lot in view.history.beginnings]
    told = [view.noted.told.get(one.happening.entry) for one in begun]
    known = [one.received_at for one in told if one is not None and one.end <= act.told.end]
    return max([act.told.end, *known])


def _delayed(act: Act, late: timedelta, *, has_waited: bool) -> str:
    what, told = act.happening.kind.partition(".")[2], act.told
    since = " than its lots were on the ledger" if has_waited else ""
    words = f"the {what} of {told.end:%Y-%m-%d} was stated {span(late)} later{since}"
    if not told.is_closed:
        return words
    return f"{words}, after its author had closed its books up to {told.closed_until}"


BACKDATED = Check(
    id="PL-06",
    title="Everything was stated soon after it happened",
    concerns="every custody event: from its end, or since its lots were on the ledger, to the "
    "moment the ledger learnt of it, and whether its author had closed its books of that time by "
    "then",
    explanations="a site without a connection, opening stock entered once, a strike",
    severity="minor",
    comparison="at_most",
    unit="days",
    measure=_delays,
)


# ── night ─────────────────────────────────────────────────────────────────────────────────


def _entered(view: View) -> Iterator[Observation]:
    for act in view.acts:
        if not act.told.named("person"):
            continue
        local = act.told.received_at.astimezone(act.told.end.tzinfo)
        minute = Fraction(local.hour * 60 + local.minute)
        what = act.happening.kind.partition(".")[2]
        because = f"the {what} of {act.told.end:%Y-%m-%d} was entered by hand at {clock(local)}"
        for lot in act.lots:
            yield act.observed(lot, because, worst=minute, best=minute)


NIGHT = Check(
    id="PL-09",
    title="Nobody entered it by hand at night",
    concerns="events that a person entered: the local time of entry, by the offset of the event",
    explanations="night shifts, a clerk in another time zone, a late connection",
    severity="minor",
    comparison="outside_hours",
    unit="count",
    measure=_entered,
)
