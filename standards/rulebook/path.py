"""Where a lot's metal passed sites that schemes look at: how much, and on which day that counts.

Rules about sites all ask for the same visits, so they are gathered once per dossier.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from msgspec import Struct
from msgspec.structs import replace

from standards.rulebook.composition import (
    introduced_by,
    site_name,
    untraced_mg,
    untraced_origin,
)
from standards.rulebook.dossier import ORIGIN_UNKNOWN, Dossier, MassRange, Source, Step
from standards.rulebook.findings import Finding, indeterminate, not_applicable, percent_text
from standards.rulebook.law import LawOnDate, Unavailable
from standards.rulebook.remembering import remembered
from standards.rulebook.schemes import Scheme
from standards.rulebook.standing import Standing, cannot_tell, fails

MINING = "extraction"
ANCHORS = ("dispatch", "processing", "as_of")
"""Days on which a site's credential may have to hold: when the metal left, when it was worked,
or the day the question is asked for."""


class Visit(Struct, frozen=True, kw_only=True):
    """Metal of the lot that passed a site at a stage, and the day on which the site is judged.

    Args:
        site: its name for people.
        organization_id: who says it worked there.
        decided: what the record settles before any credential is looked at: the site or the
            day is not known.
    """

    stage: str
    facility_id: str | None
    site: str
    country: str | None
    day: date | None
    mg: int
    organization_id: str | None = None
    decided: Standing | None = None

    @property
    def judged_on(self) -> date:
        """Return the day on which the site is judged; whoever is not decided has one."""
        return self.day or date.min


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """All visits at some stages, and what the record leaves out.

    Args:
        total_mg: the metal looked at; a range where stages may have worked the same metal.
        untold_mg: metal whose sites are not recorded.
        missing: documents that would tell.
        question: what was asked for, so that what rests on it can be remembered.
    """

    question: tuple[object, ...]
    visits: tuple[Visit, ...]
    total_mg: MassRange
    untold_mg: int
    missing: tuple[str, ...]
    notices: tuple[str, ...]


def surveyed(
    dossier: Dossier, law: LawOnDate, scheme: Scheme, *, recycled: str = "apart"
) -> Survey:
    """Return the visits to sites that a scheme's credentials must cover, judged by its time rule.

    Args:
        recycled: `apart` (recycled metal has no mine and is in no share) or `outside` (it
            counts, as metal from no mine).

    Raises:
        Unavailable: stages or time rule are not set, or name what no rule knows.
    """
    return _surveyed(
        dossier, law, scheme, tuple(law[scheme.key("assessed_stages")].value), recycled
    )


def mines_surveyed(dossier: Dossier, law: LawOnDate, scheme: Scheme) -> Survey:
    """Return the visits to mines alone; recycled metal counts, as metal from no mine.

    Raises:
        Unavailable: the time rule is not set, or names what no rule knows.
    """
    return _surveyed(dossier, law, scheme, (MINING,), "outside")


def stages_surveyed(
    dossier: Dossier, law: LawOnDate, scheme: Scheme, stages: tuple[str, ...]
) -> Survey:
    """Return the visits at some stages, judged by a scheme's time rule; recycled metal is apart.

    Raises:
        Unavailable: the time rule is not set, or names what no rule knows.
    """
    return _surveyed(dossier, law, scheme, stages, "apart")


def _surveyed(
    dossier: Dossier, law: LawOnDate, scheme: Scheme, stages: tuple[str, ...], recycled: str
) -> Survey:
    rule = law[scheme.key("time_rule")]
    days = (rule.value.get("mine", ""), rule.value.get("processor", ""))
    unknown = next((day for day in days if day not in ANCHORS), None)
    if unknown is not None:
        because = f"{rule.key} says {unknown or 'nothing'}; rules know {', '.join(ANCHORS)}"
        raise Unavailable(rule.key, because, provision=rule)
    question = ("survey", stages, days, recycled)
    return remembered(dossier, question, lambda one: _survey(one, stages, days, recycled))


def nothing_surveyed(dossier: Dossier, survey: Survey) -> Finding | None:
    """Return the finding of a lot of whose metal none is looked at, else None."""
    if survey.total_mg.low_mg > 0:
        return None
    if any(one.kind == "recycled" and one.mg > 0 for one in dossier.sources):
        return not_applicable(
            f"all {dossier.mineral} of the lot is recycled, which is left apart",
            notices=survey.notices,
        )
    return indeterminate(
        f"the record does not say where the {dossier.mineral} of the lot comes from",
        missing=(f"origin of lot {dossier.lot_id}",),
    )


def _survey(
    dossier: Dossier, stages: tuple[str, ...], days: tuple[str, str], recycled: str
) -> Survey:
    parcels = [one for one in dossier.sources if one.mg > 0]
    apart_mg = sum(one.mg for one in parcels if one.kind == "recycled" and recycled == "apart")
    without_source_mg = untraced_mg(dossier)
    worked = [one for one in stages if one != MINING]
    steps = [one for one in dossier.steps if one.stage in worked and one.mg > 0]
    visits = _merged([*_mines(dossier, parcels, days[0], recycled)] if MINING in stages else [])
    brought = introduced_by(dossier) if steps else {}
    visits += _merged(_plants(dossier, steps, days[1], brought))
    unrecorded = _unrecorded(dossier, parcels) if worked else []
    untold_mg = sum(one.mg for one in unrecorded) + without_source_mg
    missing = [f"declaration of where lot {one.lot_id or one.id} was worked" for one in unrecorded]
    if without_source_mg:
        missing.append(untraced_origin(without_source_mg))
    by_stage = [sum(step.mg for step in steps if step.stage == stage) for stage in worked] or [0]
    total = sum(one.mg for one in parcels) + without_source_mg
    # No more is worked than there is, also where some of it passed a stage more than once.
    low, high = (min(total, mg + untold_mg) for mg in (max(by_stage), sum(by_stage)))
    if MINING in stages:  # then all of the metal is looked at, but for what is recycled
        mined = total - apart_mg
        low = max(mined, min(total, max(by_stage)))
        high = total if steps else mined
    return Survey(
        question=(stages, days, recycled),
        visits=tuple(visits),
        total_mg=MassRange(low_mg=low, high_mg=high),
        untold_mg=untold_mg,
        missing=tuple(missing),
        notices=_notices(parcels, total, recycled, in_mines=MINING in stages),
    )


def _mines(
    dossier: Dossier, parcels: Iterable[Source], anchor: str, recycled: str
) -> Iterable[Visit]:
    """Yield the visits to mines; parcels that left one mine on one day are one."""
    extracted = {one.entry: one for one in dossier.steps if one.stage == MINING}
    alike: dict[object, tuple[Source, int]] = {}
    for place, parcel in enumerate(parcels):
        if parcel.kind == "recycled" and recycled == "apart":
            continue
        question: object = place
        if parcel.kind == "mined" and parcel.facility_id is not None:
            day = _mined_on(dossier, parcel, anchor, extracted)
            where = (parcel.facility_id, parcel.facility_name, parcel.country)
            question = place if day is None else (*where, day)
        first, mg = alike.get(question, (parcel, 0))
        alike[question] = first, mg + parcel.mg
    for first, mg in alike.values():
        yield _mine(dossier, replace(first, mg=mg), anchor, extracted)


def _mine(dossier: Dossier, parcel: Source, anchor: str, extracted: Mapping[str, Step]) -> Visit:
    lot = parcel.lot_id or parcel.id
    usual = Visit(
        stage=MINING,
        facility_id=parcel.facility_id,
        site=lot,
        country=parcel.country,
        day=None,
        mg=parcel.mg,
        organization_id=parcel.organization_id,
    )
    if parcel.kind == "recycled":
        because = f"lot {lot} is recycled, which no mine audit covers"
        return replace(usual, facility_id=None, decided=fails(because, parcel.entry))
    if parcel.kind in ORIGIN_UNKNOWN or parcel.facility_id is None:
        because = f"the mine of lot {lot} is not known"
        told = cannot_tell(because, parcel.entry, missing=f"mine of origin of lot {lot}")
        return replace(usual, facility_id=None, decided=told)
    site = site_name(parcel.facility_id, parcel.facility_name)
    day = _mined_on(dossier, parcel, anchor, extracted)
    if day is not None:
        return replace(usual, site=site, day=day)
    if anchor == "dispatch":
        because = f"{site}: the day lot {lot} left the mine is not known"
        told = cannot_tell(because, parcel.entry, missing=f"dispatch date of lot {lot}")
    else:
        because = f"{site}: the day lot {lot} was mined is not known"
        told = cannot_tell(because, parcel.entry, missing=f"extraction date of lot {lot}")
    return replace(usual, site=site, decided=told)


def _mined_on(
    dossier: Dossier, parcel: Source, anchor: str, extracted: Mapping[str, Step]
) -> date | None:
    """Return the day on which a mine is judged; None where it is not known."""
    if anchor == "dispatch":
        return parcel.dispatched_on
    if anchor == "as_of":
        return dossier.as_of
    step = extracted.get(parcel.entry)
    return step.performed_on if step else None


def _plants(
    dossier: Dossier, steps: Iterable[Step], anchor: str, brought: Mapping[str, str]
) -> Iterable[Visit]:
    """Yield the visits to plants; what one plant did at one stage on one day is one."""
    alike: dict[object, tuple[Step, int]] = {}
    for place, step in enumerate(steps):
        where = (step.stage, step.facility_id, step.facility_name, step.country)
        is_told = anchor != "dispatch" and step.facility_id is not None
        told_apart = step.performed_on is None or not is_told
        question: object = place if told_apart else (*where, step.performed_on)
        first, mg = alike.get(question, (step, 0))
        alike[question] = first, mg + step.mg
    for first, mg in alike.values():
        yield _plant(dossier, replace(first, mg=mg), anchor, brought)


def _plant(dossier: Dossier, step: Step, anchor: str, brought: Mapping[str, str]) -> Visit:
    stage = step.stage.replace("_", " ")
    usual = Visit(
        stage=step.stage,
        facility_id=step.facility_id,
        site=stage,
        country=step.country,
        day=None,
        mg=step.mg,
        organization_id=step.organization_id,
    )
    if step.facility_id is None:
        lot = brought.get(step.entry)
        of = f"of lot {lot}, before it entered the ledger," if lot else f"in entry {step.entry}"
        because = f"the site of {stage} {of} is not named"
        missing = f"name of the site of {stage} {of.rstrip(',')}"
        return replace(usual, decided=cannot_tell(because, step.entry, missing=missing))
    site = site_name(step.facility_id, step.facility_name)
    if anchor == "dispatch":
        because = f"{site}: the day the metal left it is not recorded by stage"
        made = f"on {step.performed_on}" if step.performed_on else f"(entry {step.entry})"
        missing = f"dispatch date of what {site} made {made}"
        return replace(usual, site=site, decided=cannot_tell(because, step.entry, missing=missing))
    day = dossier.as_of if anchor == "as_of" else step.performed_on
    if day is None:
        because = f"{site}: the day it worked the metal is not known"
        missing = f"day of {stage} at {site} (entry {step.entry})"
        return replace(usual, site=site, decided=cannot_tell(because, step.entry, missing=missing))
    return replace(usual, site=site, day=day)


def _merged(visits: Iterable[Visit]) -> list[Visit]:
    """Return visits with those alike, in everything but mass, added up; in order."""
    first: dict[tuple[object, ...], Visit] = {}
    mass: dict[tuple[object, ...], int] = {}
    for one in visits:
        alike = (one.stage, one.facility_id, one.site, one.country, one.day, one.decided)
        first.setdefault(alike, one)
        mass[alike] = mass.get(alike, 0) + one.mg
    return [
        one if one.mg == mass[alike] else replace(one, mg=mass[alike])
        for alike, one in first.items()
    ]


def _unrecorded(dossier: Dossier, parcels: Iterable[Source]) -> list[Source]:
    """Return the sources whose processing before they entered the record nobody declared."""
    declared = {step.entry for step in dossier.steps}
    return [
        one
        for one in parcels
        if one.kind in ORIGIN_UNKNOWN or (one.kind == "introduced" and one.entry not in declared)
    ]


def _notices(
    parcels: Iterable[Source], total: int, recycled: str, *, in_mines: bool
) -> tuple[str, ...]:
    """Say what share of the metal is recycled or only declared."""
    told = list(parcels)
    notices = []
    recycled_mg = sum(one.mg for one in told if one.kind == "recycled")
    declared_mg = sum(one.mg for one in told if one.kind == "introduced")
    if recycled_mg and in_mines:
        notices.append(f"{percent_text(Fraction(recycled_mg, total))} is recycled: {recycled}")
    if declared_mg and in_mines:
        share = percent_text(Fraction(declared_mg, total))
        notices.append(f"{share} entered from outside the ledger: declared, not traced")
    return tuple(notices)
