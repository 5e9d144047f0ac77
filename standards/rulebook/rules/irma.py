"""IRMA: the Standard for Responsible Mining, as the published audits of mines tell it.

IRMA publishes audits with an achievement level for a mine site; it issues no certificate and
its level is no average, so levels are taken as published and never computed.
"""

from collections.abc import Sequence
from datetime import date
from functools import partial

from standards.rulebook.composition import (
    composition,
    nothing_counts,
    site_name,
    unmeasurable,
    untraced_origin,
)
from standards.rulebook.credential import NEGATIVE_STATUSES, Credential
from standards.rulebook.dossier import ORIGIN_UNKNOWN, Dossier, MassRange, Source
from standards.rulebook.findings import Finding, Outcome, indeterminate
from standards.rulebook.law import LawOnDate
from standards.rulebook.rule import rule
from standards.rulebook.sites import CheckedSite, finding_about_sites
from standards.rulebook.standing import (
    Standing,
    best,
    cannot_tell,
    fails,
    standing,
    status_on,
    unlisted,
    worst,
)

SCHEME = "irma"
ACTIVITY = "extraction"


@rule(
    id="IRMA-02",
    title="Enough of the metal comes from mines with the required IRMA level",
    source="IRMA Standard for Responsible Mining v1.0, achievement levels; minimum set by the club",
    governed_by="as_of",
    reads=(
        "irma.levels",
        "irma.minimum_level",
        "irma.minimum_share",
        "irma.recycled_treatment",
    ),
)
def metal_comes_from_mines_with_the_required_level(dossier: Dossier, law: LawOnDate) -> Finding:
    """The minimum share comes from mines whose published level held on the day of dispatch.

    The mine is judged on the day each parcel left it (or was used on site), as known at the
    dossier's log size; the minimum is the policy's on the day the question is asked for.
    Recycled metal cannot be audited: `apart` (in no share) or `outside` (as without a level).
    """
    if (answer := unmeasurable(dossier)) is not None:
        return answer
    minimum, levels = law["irma.minimum_level"], law["irma.levels"]
    least = law["irma.minimum_share"]
    if minimum.value not in levels.value:
        because = f"{minimum.value} is none of IRMA's levels ({', '.join(levels.value)})"
        return indeterminate(because, minimum, levels, missing=("a minimum that is an IRMA level",))
    counted = composition(
        dossier, law, recycled_key="irma.recycled_treatment", treatments=("apart", "outside")
    )
    if (answer := nothing_counts(dossier, counted)) is not None:
        return answer

    enough = levels.value[levels.value.index(minimum.value) :]
    told: dict[tuple[str, date], Standing] = {}
    checked = [
        CheckedSite(
            facility_id=parcel.facility_id,
            mg=parcel.mg,
            standing=_parcel_standing(parcel, dossier, enough, told),
        )
        for parcel in counted.parcels
    ]
    return finding_about_sites(
        checked,
        total_mg=MassRange(low_mg=counted.total_mg, high_mg=counted.total_mg),
        untold_mg=counted.untraced_mg,
        minimum=least,
        words=f"comes from mines that held {minimum.value} or better at dispatch",
        missing=[untraced_origin(counted.untraced_mg)] if counted.untraced_mg else [],
        notices=counted.notices(),
    )


def _parcel_standing(
    parcel: Source,
    dossier: Dossier,
    enough: Sequence[str],
    told: dict[tuple[str, date], Standing],
) -> Standing:
    lot = parcel.lot_id or parcel.id
    if parcel.kind == "recycled":
        return fails(f"lot {lot} is recycled, which IRMA does not audit", parcel.entry)
    if parcel.kind in ORIGIN_UNKNOWN or parcel.facility_id is None:
        because = f"the mine of lot {lot} is not known"
        return cannot_tell(because, parcel.entry, missing=f"mine of origin of lot {lot}")
    site = site_name(parcel.facility_id, parcel.facility_name)
    day = parcel.dispatched_on
    if day is None:
        because = f"{site}: the day lot {lot} left the mine is not known"
        return cannot_tell(because, parcel.entry, missing=f"dispatch date of lot {lot}")
    key = (parcel.facility_id, day)
    if key not in told:
        told[key] = _mine_standing(dossier, parcel.facility_id, site, day, enough)
    return told[key]


def _mine_standing(
    dossier: Dossier, facility_id: str, site: str, day: date, enough: Sequence[str]
) -> Standing:
    """Tell the level on a day by the latest audit published by then; an older one is past."""
    audits = [
        one
        for one in dossier.credentials
        if one.scheme == SCHEME and one.facility_id == facility_id
    ]
    if not audits:
        return unlisted(dossier.snapshots, scheme=SCHEME, site=site, day=day)
    judged = partial(
        _audit_standing, site=site, day=day, log_size=dossier.log_size,
        mineral=dossier.mineral, enough=enough,
    )  # fmt: skip
    published = [one for one in audits if one.published_on and one.published_on <= day]
    undated = [one for one in audits if one.published_on is None]
    latest_on = max((one.published_on for one in published if one.published_on), default=None)
    latest = [judged(one) for one in published if one.published_on == latest_on]
    unsure = [_undated(one, site=site, day=day, log_size=dossier.log_size) for one in undated]
    if latest:  # an audit still under way does not take away the level published before it
        open_ones = [one for one in unsure if one.outcome is Outcome.INDETERMINATE]
        return worst([*latest, *open_ones])
    if not unsure:
        first = min(one.published_on for one in audits if one.published_on)
        entries = [one.entry for one in audits]
        return fails(f"{site}: no audit was published by {day}, the first on {first}", *entries)
    return best(unsure)


def _undated(audit: Credential, *, site: str, day: date, log_size: int) -> Standing:
    """Tell what an audit without a publication date means: none, if it says it is under way."""
    status = status_on([one for one in audit.statuses if one.known_from < log_size], day)
    if status is not None and status.status in NEGATIVE_STATUSES:
        words = status.status.replace("_", " ")
        return fails(f"{site}: {words}, no level is published", audit.entry)
    because = f"{site}: the day its audit was published is not known"
    missing = f"publication date of audit {audit.id} of {site}"
    return cannot_tell(because, audit.entry, missing=missing)


def _audit_standing(
    audit: Credential, *, site: str, day: date, log_size: int, mineral: str, enough: Sequence[str]
) -> Standing:
    held = standing(
        audit, site=site, day=day, log_size=log_size, activity=ACTIVITY, mineral=mineral
    )
    if audit.level is None:
        missing = f"achievement level of audit {audit.id} of {site}"
        return cannot_tell(f"{site}: no level is published", audit.entry, missing=missing)
    if audit.level not in enough:
        because = f"{site}: {audit.level} on {day} is below {enough[0]}"
        return fails(because, audit.entry)
    if held.outcome is not Outcome.CONFORMS:
        return held
    return Standing(
        outcome=held.outcome,
        because=f"{site}: {audit.level} held on {day}",
        evidence=held.evidence,
    )
