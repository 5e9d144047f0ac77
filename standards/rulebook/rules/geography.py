"""Where the metal comes from, and where it was worked: questions of place, not of customs origin.

*Mined in* and *processed in* are two of five answers to "where is it from" (DESIGN §3.4); none
of them says whether a good originates under a trade agreement, or who owns a mine.
"""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from msgspec import Struct

from standards.rulebook.composition import (
    abridged,
    composition,
    introduced_by,
    missing_origins,
    nothing_counts,
    site_name,
    unmeasurable,
    untraced_mg,
    untraced_origin,
    worked_at,
)
from standards.rulebook.dossier import ORIGIN_UNKNOWN, Dossier, Source, Step
from standards.rulebook.findings import (
    Finding,
    Measured,
    at_least,
    at_most,
    concluded,
    indeterminate,
    percent_text,
)
from standards.rulebook.law import LawOnDate, Provision
from standards.rulebook.rule import rule


def members_on(group: Provision, day: date) -> frozenset[str]:
    """Return the countries (ISO 3166-1 alpha-2) that belong to a group on a day."""
    return frozenset(
        member["code"]
        for member in group.value
        if member["from"] <= day <= member.get("until", date.max)
    )


@rule(
    id="B1",
    title="Enough of the metal was mined in the countries that the policy names",
    source="Club policy; arithmetic by contained metal, three-valued",
    governed_by="as_of",
    reads=(
        "geography.mined_group",
        "geography.minimum_mined_share",
        "geography.recycled_treatment",
        "geography.usmca_parties",
    ),
    aliases=("MINED_SHARE",),
)
def enough_metal_was_mined_in_the_group(dossier: Dossier, law: LawOnDate) -> Finding:
    """The share of contained metal extracted in a country group reaches the policy's minimum.

    Recycled metal counts as `geography.recycled_treatment` says: `apart` (in no share),
    `where_collected` (as if mined where it was collected) or `outside` (as not mined there).
    """
    if (answer := unmeasurable(dossier)) is not None:
        return answer
    minimum = law["geography.minimum_mined_share"]
    group = law[law["geography.mined_group"].value]
    treatments = ("apart", "where_collected", "outside")
    counted = composition(
        dossier, law, recycled_key="geography.recycled_treatment", treatments=treatments
    )
    if (answer := nothing_counts(dossier, counted)) is not None:
        return answer

    members = members_on(group, law.on)
    inside_mg, unknown_mg = 0, counted.untraced_mg
    for parcel in counted.parcels:
        if parcel.kind == "recycled" and counted.treatment == "outside":
            continue
        if parcel.country is None or parcel.kind in ORIGIN_UNKNOWN:
            unknown_mg += parcel.mg
        elif parcel.country in members:
            inside_mg += parcel.mg
    worst, best = counted.share(inside_mg), counted.share(inside_mg + unknown_mg)
    measured = at_least(worst, best, minimum.share)
    return concluded(
        measured,
        f"{measured.interval_text} of the {dossier.mineral} was mined in "
        f"{', '.join(sorted(members))}; {measured.threshold_text} is needed",
        minimum,
        group,
        missing=abridged(list(missing_origins(counted.parcels, counted.untraced_mg))),
        evidence=[parcel.entry for parcel in counted.parcels],
        notices=counted.notices(),
    )


@rule(
    id="B4",
    title="No metal was extracted or worked in a covered nation",
    source="10 U.S.C. 4872(f)(2) for the list of nations; the test is the policy's",
    governed_by="as_of",
    reads=("geography.covered_nations", "geography.treated_as"),
    aliases=("COVERED_NATION_TOUCH",),
)
def no_metal_touched_a_covered_nation(dossier: Dossier, law: LawOnDate) -> Finding:
    """No mass of the lot's metal was extracted, collected or processed in a covered nation.

    Any mass above zero is a touch; a place nobody recorded leaves it open. Material introduced
    from outside the ledger without a declaration of where it was worked leaves it open too.
    """
    if (answer := unmeasurable(dossier)) is not None:
        return answer
    group = law["geography.covered_nations"]
    treated_as = law["geography.treated_as"]
    covered = members_on(group, law.on)
    without_source_mg = untraced_mg(dossier)
    total_mg = sum(source.mg for source in dossier.sources) + without_source_mg
    if total_mg == 0:
        because = f"the record does not say where the {dossier.mineral} of the lot comes from"
        return indeterminate(because, group, missing=(f"origin of lot {dossier.lot_id}",))

    brought = introduced_by(dossier)
    places = _places(dossier)
    touches: list[_Place] = []
    open_mg, touched_mg = without_source_mg, dict[str, int]()
    for place in places:
        country = place.country and treated_as.value.get(place.country, place.country)
        if country is None:
            open_mg += place.mg
        elif country in covered:
            touches.append(place)
            touched_mg[place.stage] = touched_mg.get(place.stage, 0) + place.mg
    # Which metal passed two stages is not recorded: at least the largest, at most all of it.
    least = min(total_mg, max(touched_mg.values(), default=0))
    most = min(total_mg, sum(touched_mg.values()) + open_mg)
    measured = at_most(Fraction(most, total_mg), Fraction(least, total_mg), Fraction(0))
    missing = [_missing(place, brought) for place in places if place.country is None]
    if without_source_mg:
        missing.append(untraced_origin(without_source_mg))
    return concluded(
        measured,
        _touch_sentence(dossier, measured, touches, sorted(covered), brought),
        group,
        treated_as,
        missing=abridged(missing),
        evidence=[place.entry for place in touches or places],
    )


class _Place(Struct, frozen=True):
    """Metal at a place: where it was extracted, collected or worked; country None: not known.

    `of` is the parcel or step that is spoken of: few are ever put into words.
    """

    stage: str
    country: str | None
    mg: int
    entry: str
    of: Source | Step


def _places(dossier: Dossier) -> list[_Place]:
    declared = {step.entry for step in dossier.steps}
    places = []
    for source in dossier.sources:
        if source.mg == 0:
            continue
        country = None if source.kind in ORIGIN_UNKNOWN else source.country
        places.append(_Place("origin", country, source.mg, source.entry, source))
        if source.kind == "introduced" and source.entry not in declared:
            places.append(_Place("unknown", None, source.mg, source.entry, source))
    places += [
        _Place(step.stage, step.country, step.mg, step.entry, step)
        for step in dossier.steps
        if step.mg > 0
    ]
    return places


def _what(place: _Place, brought: Mapping[str, str]) -> str:
    one = place.of
    if isinstance(one, Step):
        return worked_at(one, brought)
    return site_name(one.facility_id or f"lot {one.lot_id or one.id}", one.facility_name)


def _missing(place: _Place, brought: Mapping[str, str]) -> str:
    one = place.of
    if isinstance(one, Step):
        return _country_of(one, worked_at(one, brought))
    lot = one.lot_id or one.id
    if place.stage == "origin":
        return f"origin of lot {lot}"
    return f"declaration of where lot {lot} was worked before it was introduced"


def _country_of(step: Step, what: str) -> str:
    if step.facility_id is None:
        return f"country of {what}"
    site = site_name(step.facility_id, step.facility_name)
    return f"country of {site}, where {step.stage.replace('_', ' ')} took place"


def _touch_sentence(
    dossier: Dossier,
    measured: Measured,
    touches: list[_Place],
    covered: list[str],
    brought: Mapping[str, str],
) -> str:
    if touches:
        first = touches[0]
        metal = f"at least {percent_text(measured.best)} of the {dossier.mineral}"
        nation = f"{first.country}, a covered nation"
        if first.stage == "origin":
            return f"{metal} is from {nation}: {_what(first, brought)}"
        return f"{metal} was worked in {nation}: {_what(first, brought)}"
    if measured.worst > 0:
        share = percent_text(measured.worst)
        return f"where {share} of the {dossier.mineral} was extracted or worked is not known"
    return f"no {dossier.mineral} was extracted or worked in {', '.join(covered)}"
