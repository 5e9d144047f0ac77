"""Which level of a scheme a site held on a day, whatever the scheme."""

from collections.abc import Iterable
from datetime import date

from standards.rulebook.credential import Credential
from standards.rulebook.dossier import Dossier, Source
from standards.rulebook.findings import Outcome
from standards.rulebook.standing import Standing, best, standing
from standards.rulebook.traced import LEAF_STAGE

Held = tuple[str | None, Standing]
"""A level, None where the scheme publishes none, and whether it is certain that it held."""


def level_held(
    credentials: Iterable[Credential],
    *,
    scheme: str,
    site: str,
    activity: str,
    mineral: str,
    day: date,
    log_size: int,
) -> Held | None:
    """Return the level a site held on a day; None where nothing on file says that it held one.

    Of what was published by then the latest counts, and what has no day of publication by its
    own validity. Of several the most favorable counts.
    """
    on_file = [
        one
        for one in credentials
        if one.facility_id == site
        and one.scheme == scheme
        and (one.published_on is None or one.published_on <= day)
    ]
    latest = max((one.published_on for one in on_file if one.published_on), default=None)
    judged = [
        (
            one.level,
            standing(
                one, site=site, day=day, log_size=log_size, activity=activity, mineral=mineral
            ),
        )
        for one in on_file
        if one.published_on in (None, latest)
    ]
    if not judged:
        return None
    chosen = best(told for _, told in judged)
    level = next(level for level, told in judged if told is chosen)
    return None if chosen.outcome is Outcome.NONCONFORMING else (level, chosen)


def source_level(dossier: Dossier, source: Source, scheme: str) -> Held | None:
    """Return the level that a parcel's mine or recycler held on the day the parcel left it."""
    if source.kind not in LEAF_STAGE or source.facility_id is None or source.dispatched_on is None:
        return None
    return level_held(
        dossier.credentials,
        scheme=scheme,
        site=source.facility_id,
        activity=LEAF_STAGE[source.kind],
        mineral=dossier.mineral,
        day=source.dispatched_on,
        log_size=dossier.log_size,
    )
