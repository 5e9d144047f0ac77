"""Checks of amounts: recovery, nameplate, a country's production, weight gained, blends."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import partial

from traceability.ledger.mass import Interval
from traceability.ledger.plausibility.check import Check
from traceability.ledger.plausibility.registered import Nameplate
from traceability.ledger.plausibility.view import (
    Act,
    Flow,
    Mined,
    Observation,
    View,
    Weighed,
)
from traceability.ledger.plausibility.words import amount, amounts, percent, percents

# ── recovery ──────────────────────────────────────────────────────────────────────────────


def _recoveries(view: View) -> Iterator[Observation]:
    for flow in view.flows:
        act = view.by_entry.get(flow.entry)
        if flow.kind == "transformation" and act is not None:
            for lot in flow.lots:
                yield _recovery(view, act, flow, lot)


def _recovery(view: View, act: Act, flow: Flow, lot: str) -> Observation:
    happening, site = act.happening, view.sites.get(act.happening.facility or "")
    place = view.called(happening.facility)
    known = site and site.recovery_of(flow.element, materials=flow.materials, stage=happening.stage)
    if not known:
        because = f"no recovery range for {flow.element} is registered for {place}"
        missing = (f"registered recovery range of {place} for {flow.element}",)
        return act.observed(lot, because, element=flow.element, missing=missing)
    if flow.given is None or flow.came is None or not flow.given.low:
        because = f"how much {flow.element} went into and came out of {place} is not known"
        return act.observed(lot, because, element=flow.element, missing=flow.missing)
    low = Fraction(flow.came.low, flow.given.high)
    high = Fraction(flow.came.high, flow.given.low)
    because = (
        f"{place} recovered {percents(low, high)} of the {flow.element} that went in; "
        f"registered are {percents(known.low, known.high)}"
    )
    return act.observed(
        lot,
        because,
        element=flow.element,
        worst=max(Fraction(0), known.low - low, high - known.high),
        best=max(Fraction(0), known.low - high, low - known.high),
        missing=flow.missing,
    )


RECOVERY = Check(
    id="PL-01",
    title="Every plant recovered as much as it registered",
    concerns="transformations: metal in the products against metal in the feed",
    explanations="a new circuit, stock in process, a trial campaign, a range that is out of date",
    severity="major",
    comparison="at_most",
    unit="share",
    measure=_recoveries,
)


# ── nameplate ─────────────────────────────────────────────────────────────────────────────


def _of_year(view: View) -> Iterator[Observation]:
    for weighed in view.noted.weighed:
        yield from _nameplates(view, weighed, weighed.of_year, months=12)


def _of_month(view: View) -> Iterator[Observation]:
    for weighed in view.noted.weighed:
        yield from _nameplates(view, weighed, weighed.of_month, months=1)


def _nameplates(
    view: View, weighed: Weighed, so_far: Mapping[str, Interval], *, months: int
) -> Iterator[Observation]:
    act = view.by_entry.get(weighed.entry)
    if act is None or not so_far:  # no product of this facility
        return
    site = view.sites.get(weighed.facility)
    known = [one for one in (site and site.nameplates) or () if one.material == weighed.material]
    for nameplate in known:
        yield _against(view, act, weighed, nameplate, so_far, months)
    if not known:
        place = view.called(weighed.facility)
        yield act.observed(
            weighed.lot,
            f"no nameplate capacity for {weighed.material} is registered for {place}",
            missing=(f"registered nameplate capacity of {place} for {weighed.material}",),
        )


def _against(
    view: View,
    act: Act,
    weighed: Weighed,
    nameplate: Nameplate,
    so_far: Mapping[str, Interval],
    months: int,
) -> Observation:
    place = view.called(weighed.facility)
    made = so_far.get(nameplate.element or "")
    fits = nameplate.element or nameplate.counts(unit=weighed.unit, basis=weighed.basis)
    what = f"{nameplate.element} in {weighed.material}" if nameplate.element else weighed.material
    if made is None or not fits:
        lacking = f"assays of {nameplate.element}" if nameplate.element else "a common basis"
        return act.observed(
            weighed.lot,
            f"how much {what} {place} made cannot be compared with its nameplate capacity",
            missing=(f"{lacking} of what {place} made and of its registered capacity",),
        )
    share = Fraction(12, nameplate.amount * months)
    when = f"{weighed.year}" if months == 12 else f"{weighed.year}-{weighed.month:02}"
    return act.observed(
        weighed.lot,
        partial(_made_so_far, place, what, when, made, share),
        worst=made.high * share,
        best=made.low * share,
        missing=(f"assays of what {place} made in {when}",),
    )


def _made_so_far(place: str, what: str, when: str, made: Interval, share: Fraction) -> str:
    """Say it in parts of the capacity: how much a plant makes is nobody else's business."""
    period = "year's" if len(when) == 4 else "month's"
    part = percents(made.low * share, made.high * share)
    return f"with this lot {place} made {part} of a {period} capacity for {what} in {when}"


NAMEPLATE_YEAR = Check(
    id="PL-02",
    title="No facility made more in a calendar year than its nameplate capacity",
    concerns="extractions, recoveries and products of transformations, with what the facility made "
    "of the same material in the calendar year before",
    explanations="an expansion that is not registered yet, a capacity stated on another basis",
    severity="critical",
    comparison="at_most",
    unit="ratio",
    measure=_of_year,
    counts_others=True,
)
NAMEPLATE_MONTH = Check(
    id="PL-03",
    title="No facility made far more in a month than a twelfth of its nameplate capacity",
    concerns="as PL-02, within a calendar month",
    explanations="seasonal work, one shipment of a campaign booked on its last day",
    severity="minor",
    comparison="at_most",
    unit="ratio",
    measure=_of_month,
    counts_others=True,
)


# ── a country's production ────────────────────────────────────────────────────────────────


def _of_country(view: View) -> Iterator[Observation]:
    for mined in view.noted.mined:
        act = view.by_entry.get(mined.entry)
        if act is not None:
            yield act.observed(
                mined.lot,
                partial(_mined_so_far, mined),
                element=mined.element,
                against=f"{mined.country} {mined.year}",
                worst=Fraction(mined.so_far.high),
                best=Fraction(mined.so_far.low),
                missing=(f"assays of extractions in {mined.country} in {mined.year}",),
            )


def _mined_so_far(mined: Mined) -> str:
    return (
        f"this lot adds to the {mined.element} mined in {mined.country} in {mined.year} that is on "
        f"this ledger"
    )


COUNTRY = Check(
    id="PL-04",
    title="No more metal was mined in a country than the country produces",
    concerns="extractions, with all of the element extracted in the country in the calendar year "
    "before, on this ledger",
    explanations="a new mine since the figures were published, figures rounded or withheld",
    severity="critical",
    comparison="at_most",
    unit="mg",
    measure=_of_country,
    counts_others=True,
)


# ── weight gained on the way ──────────────────────────────────────────────────────────────


def _gains(view: View) -> Iterator[Observation]:
    for receipt in view.receipts:
        one = receipt.movement
        arrived = int(one.facts["to"])
        sent = arrived - one.delta
        if sent <= 0:
            continue
        gain = max(Fraction(0), Fraction(receipt.weight - sent, sent))
        because = partial(_gained, one.lot, sent, arrived, one.unit, receipt.weight, gain)
        yield receipt.observed(because, worst=gain, best=gain)


def _gained(lot: str, sent: int, arrived: int, unit: str, weight: int, gain: Fraction) -> str:
    if weight != arrived:
        return (
            f"lot {lot} left with {amount(sent, unit)} and arrived with {amount(arrived, unit)}, "
            f"as wet as it left {amount(weight, unit)}: {percent(gain)} gained on the way"
        )
    return (
        f"lot {lot} left with {amount(sent, unit)} and arrived with {amount(arrived, unit)}: "
        f"{percent(gain)} gained on the way"
    )


GAINED = Check(
    id="PL-13",
    title="No lot gained weight on the way",
    concerns="receipts: the receiver's weight against the shipper's, both as wet as the lot left "
    "where moisture is known",
    explanations="another weighbridge, rain on open wagons, moisture counted on one side only",
    severity="major",
    comparison="at_most",
    unit="share",
    measure=_gains,
)


# ── blends ────────────────────────────────────────────────────────────────────────────────


def _blends(view: View) -> Iterator[Observation]:
    for flow in view.flows:
        act = view.by_entry.get(flow.entry)
        if flow.kind == "blend" and act is not None:
            for lot in flow.lots:
                yield _blend(act, flow, lot)


def _blend(act: Act, flow: Flow, lot: str) -> Observation:
    if flow.given is None or flow.came is None or not flow.given.low:
        because = f"how much {flow.element} blend {lot} holds beside its inputs is not measured"
        return act.observed(lot, because, element=flow.element, missing=flow.missing)
    low, high = flow.came.low, flow.came.high
    fell = 1 - Fraction(low, flow.given.high), 1 - Fraction(high, flow.given.low)
    rose = Fraction(high, flow.given.low) - 1, Fraction(low, flow.given.high) - 1
    because = (
        f"the inputs of blend {lot} held {amounts(flow.given)} of {flow.element}, "
        f"by its own assay it holds {amounts(flow.came)}"
    )
    return act.observed(
        lot,
        because,
        element=flow.element,
        worst=max(Fraction(0), fell[0], rose[0]),
        best=max(Fraction(0), fell[1], rose[1]),
        missing=flow.missing,
    )


BLEND = Check(
    id="PL-18",
    title="Every blend holds the metal that went into it",
    concerns="blends with an assay of their own, against their recorded inputs",
    explanations="sampling of a heterogeneous pile, a heel in the silo that nobody recorded",
    severity="major",
    comparison="at_most",
    unit="share",
    measure=_blends,
)
