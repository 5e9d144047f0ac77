"""Rules about sites: one line per site, and what share of the metal the check holds for."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from msgspec import Struct

from standards.rulebook.composition import abridged
from standards.rulebook.dossier import MassRange
from standards.rulebook.findings import (
    Finding,
    Measured,
    Outcome,
    SiteLine,
    at_least,
    concluded,
    indeterminate,
    interval_text,
)
from standards.rulebook.law import LawOnDate, Provision, Unavailable, value_of
from standards.rulebook.standing import Standing, cannot_tell


class CheckedSite(Struct, frozen=True, kw_only=True):
    """Metal of the lot that passed a site, in milligrams, and how the site stood.

    `stage` keeps apart metal that may pass several sites; empty where it passes but one.
    """

    facility_id: str | None
    stage: str = ""
    mg: int
    standing: Standing


def site_lines(checked: Iterable[CheckedSite], total_mg: int) -> tuple[SiteLine, ...]:
    """Return one line per site (and outcome, where parcels of one site differ), largest first.

    `because` is that of the site's first parcel with this outcome.
    """
    mass: dict[tuple[str | None, Outcome], int] = {}
    first: dict[tuple[str | None, Outcome], Standing] = {}
    lapses: dict[tuple[str | None, Outcome], int] = {}
    for one in checked:
        key = (one.facility_id, one.standing.outcome)
        mass[key] = mass.get(key, 0) + one.mg
        first.setdefault(key, one.standing)
        if one.standing.lapse_days is not None:
            lapses[key] = max(lapses.get(key, 0), one.standing.lapse_days)
    keys = sorted(mass, key=lambda key: (-mass[key], key[0] or "", key[1].value))
    return tuple(
        SiteLine(
            facility_id=key[0],
            share=Fraction(min(mass[key], total_mg), total_mg),
            outcome=key[1],
            because=first[key].because,
            lapse_days=lapses.get(key),
        )
        for key in keys
    )


def share_that_holds(
    checked: Iterable[CheckedSite],
    *,
    total_mg: MassRange,
    untold_mg: int,
    lapses_hold: bool = False,
) -> tuple[Fraction, Fraction]:
    """Return worst and best share of metal that passed only sites where the check holds.

    Within a stage metal passes one site. Of several stages only the masses are known, not
    which metal failed twice: the worst case adds their failures, the best lets them overlap.

    Args:
        total_mg: the metal looked at; a range where stages may have worked the same metal.
        untold_mg: metal whose sites are not recorded.
        lapses_hold: count expired certificates under renewal as held, for grace.
    """
    failed: dict[str, int] = {}
    unknown: dict[str, int] = {}
    for one in checked:
        if one.standing.outcome is Outcome.INDETERMINATE:
            unknown[one.stage] = unknown.get(one.stage, 0) + one.mg
        elif one.standing.outcome is Outcome.NONCONFORMING and not (
            lapses_hold and one.standing.lapse_days is not None
        ):
            failed[one.stage] = failed.get(one.stage, 0) + one.mg

    most = sum(failed.values()) + sum(unknown.values()) + untold_mg
    least = max(failed.values(), default=0)
    return (
        1 - Fraction(min(total_mg.low_mg, most), total_mg.low_mg),
        1 - Fraction(min(total_mg.high_mg, least), total_mg.high_mg),
    )


def threshold(law: LawOnDate, key: str) -> Provision | Unavailable:
    """Return a club's threshold; where nobody has set it, the signal that says so.

    A finding then shows the share all the same, and cannot tell whether it is enough.
    """
    try:
        return law[key]
    except Unavailable as signal:
        if not signal.applicable:
            raise
        return signal.with_traceback(None)  # kept with it, everything that led here stays in memory


def told_or_open(law: LawOnDate, key: str) -> Provision | Standing:
    """Return a parameter, or what is to be said of one thing where nobody has set it."""
    found = threshold(law, key)
    if isinstance(found, Unavailable):
        return cannot_tell(found.because, missing=value_of(key))
    return found


def finding_about_sites(
    checked: list[CheckedSite],
    *,
    total_mg: MassRange,
    untold_mg: int,
    minimum: Provision | Unavailable,
    mineral: str,
    words: str,
    **details: Any,
) -> Finding:
    """Return the finding of a rule that wants a minimum share of metal from sites that hold.

    Args:
        total_mg, untold_mg: as in `share_that_holds`.
        minimum: the policy's least share; see `threshold`.
        mineral, words: of what the share is, and what holds at the sites that pass.
        details: further fields of the finding.
    """
    worst, best = share_that_holds(checked, total_mg=total_mg, untold_mg=untold_mg)
    missing = [name for one in checked for name in one.standing.missing]
    told = {
        "lines": site_lines([*checked, *_untold(untold_mg)], total_mg.low_mg),
        "evidence": [entry for one in checked for entry in one.standing.evidence],
        "missing": abridged([*missing, *details.pop("missing", ())]),
        "notices": _notices(checked, details.pop("notices", ())),
        **details,
    }
    if isinstance(minimum, Unavailable):
        return _without_threshold(worst, best, minimum, mineral, words, told)
    measured = at_least(worst, best, minimum.share)
    lapse_days = None
    if measured.outcome is Outcome.NONCONFORMING:
        with_grace = at_least(
            *share_that_holds(checked, total_mg=total_mg, untold_mg=untold_mg, lapses_hold=True),
            minimum.share,
        )
        if with_grace.outcome is Outcome.CONFORMS:
            lapse_days = max(one.standing.lapse_days or 0 for one in checked)
    sentence = _sentence(measured, mineral, words, checked)
    return concluded(measured, sentence, minimum, lapse_days=lapse_days, **told)


def _untold(mg: int) -> list[CheckedSite]:
    """Return metal whose sites are not recorded as of a site that is not known: it has a line."""
    because = "the record does not say at which sites this metal was"
    told = cannot_tell(because, missing="the sites of metal without any")
    return [CheckedSite(facility_id=None, mg=mg, standing=told)] if mg else []


def _without_threshold(
    worst: Fraction,
    best: Fraction,
    signal: Unavailable,
    mineral: str,
    words: str,
    told: dict[str, Any],
) -> Finding:
    cites = () if signal.provision is None else (signal.provision,)
    share = f"{interval_text(worst, best)} of the {mineral} {words}"
    sentence = f"{share}; {signal.because}"
    # What would settle the sites themselves is on their lines: the threshold comes first.
    told["missing"] = (value_of(signal.key),)
    return indeterminate(sentence, *cites, **told)


def _notices(checked: Iterable[CheckedSite], others: Iterable[str]) -> tuple[str, ...]:
    told = [*others, *(notice for one in checked for notice in one.standing.notices)]
    return tuple(dict.fromkeys(told))


def _sentence(measured: Measured, mineral: str, words: str, checked: list[CheckedSite]) -> str:
    """Say share and threshold, and quote the first site that stands in the way."""
    share = f"{measured.interval_text} of the {mineral} {words}"
    threshold = measured.threshold_figure
    least = f"at least {threshold} needed"
    sentence = f"{share}; {least}"
    if measured.outcome is Outcome.CONFORMS:
        return sentence
    for one in checked:
        if one.standing.outcome is measured.outcome:
            return f"{sentence}; {one.standing.because}"
    return sentence
