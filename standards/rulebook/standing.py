"""Whether a certificate held at a site on a day, as known at a log size.

Two time axes: a status applies from `effective_from`, and we learnt of it at `known_from`.
A suspension does not reach back; a voiding for fraud does (`retroactive`).

Sentences use the scheme's own words (an audit with a level, an award), since people forward
them to the site.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct

from standards.rulebook.credential import (
    NEGATIVE_STATUSES,
    POSITIVE_STATUSES,
    RENEWAL_STATUS,
    Credential,
    CredentialStatus,
    Snapshot,
)
from standards.rulebook.findings import Outcome
from standards.rulebook.schemes import SCHEMES, scheme_name


class Standing(Struct, frozen=True, kw_only=True):
    """What can be said of one site on one day: like a finding, in small.

    A struct and no dataclass: one is made for every site, day and rule.
    """

    outcome: Outcome
    because: str
    missing: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    lapse_days: int | None = None


def holds(because: str, *evidence: str, notices: tuple[str, ...] = ()) -> Standing:
    """Say that it held."""
    return Standing(outcome=Outcome.CONFORMS, because=because, evidence=evidence, notices=notices)


def fails(because: str, *evidence: str, lapse_days: int | None = None) -> Standing:
    """Say that it did not hold; see `Finding.lapse_days`."""
    return Standing(
        outcome=Outcome.NONCONFORMING, because=because, evidence=evidence, lapse_days=lapse_days
    )


def cannot_tell(because: str, *evidence: str, missing: str) -> Standing:
    """Say that it cannot be told without the document named."""
    return Standing(
        outcome=Outcome.INDETERMINATE, because=because, missing=(missing,), evidence=evidence
    )


def standing(
    credential: Credential,
    *,
    site: str,
    day: date,
    log_size: int,
    activity: str,
    mineral: str,
) -> Standing:
    """Tell whether a certificate's scope, validity and status cover an activity on a day.

    Args:
        site: the facility's name for people.
        log_size: statuses known from this index on are not known yet.
        activity, mineral: what the scope must cover.
    """
    return (
        disputed(credential, site=site)
        or activity_standing(credential, site=site, activity=activity)
        or material_standing(credential, site=site, mineral=mineral)
        or status_standing(credential, site=site, day=day, log_size=log_size)
        or validity_standing(credential, site=site, day=day, log_size=log_size)
        or holds(f"{site}: {published(credential)} held on {day}", credential.entry)
    )


# ── in words ──────────────────────────────────────────────────────────────────────────────


def document(credential: Credential) -> str:
    """Return what the scheme calls what it published: an audit, an award; else certificate."""
    known = SCHEMES.get(credential.scheme)
    return "certificate" if known is None else known.document


def published(credential: Credential) -> str:
    """Name a certificate as its scheme does: `IRMA 50, published 2023-06-20`."""
    name = credential.level or f"its {document(credential)}"
    day = credential.published_on
    return name if day is None else f"{name}, published {day},"


def listed(words: Iterable[str]) -> str:
    """Return words as people list them: `extraction, smelting and refining`."""
    told = [word.replace("_", " ") for word in words]
    if len(told) < 2:
        return "".join(told) or "nothing"
    return f"{', '.join(told[:-1])} and {told[-1]}"


# ── one question at a time: None says that nothing stands in the way ──────────────────────


def disputed(credential: Credential, *, site: str) -> Standing | None:
    """Tell that nothing is known, where the key that signed was distrusted from before."""
    if not credential.is_disputed:
        return None
    because = f"{site}: the record of its {document(credential)} was signed with a distrusted key"
    missing = f"{document(credential)} {credential.id} of {site}, stated again under a good key"
    return cannot_tell(because, credential.entry, missing=missing)


def activity_standing(credential: Credential, *, site: str, activity: str) -> Standing | None:
    """Tell whether what was done at the site is in the scope."""
    return _scope(credential, site, "activities", credential.activities, activity)


def material_standing(credential: Credential, *, site: str, mineral: str) -> Standing | None:
    """Tell whether the mineral is in the scope."""
    return _scope(credential, site, "materials", credential.materials, mineral)


def _scope(
    credential: Credential, site: str, words: str, covered: Sequence[str] | None, wanted: str
) -> Standing | None:
    if covered is None:
        because = f"{site}: nobody has coded the {words} that its {document(credential)} covers"
        missing = f"{words} covered by {document(credential)} {credential.id} of {site}"
        return cannot_tell(because, credential.entry, missing=missing)
    if wanted not in covered:
        told = f"{published(credential)} covers {listed(covered)} at this site"
        because = f"{site}: {told}; {wanted.replace('_', ' ')} is not in its scope"
        return fails(because, credential.entry)
    return None


def status_standing(
    credential: Credential, *, site: str, day: date, log_size: int
) -> Standing | None:
    """Tell why the status does not carry on that day, if so."""
    noun = document(credential)
    known = [one for one in credential.statuses if one.known_from < log_size]
    status = status_on(known, day)
    if status is None and any(one.status != RENEWAL_STATUS for one in known):
        return fails(f"{site}: its {noun} had no status yet on {day}", credential.entry)
    if status is None or status.status not in POSITIVE_STATUSES | NEGATIVE_STATUSES:
        because = f"{site}: the status of its {noun} on {day} is not known"
        missing = f"status of {noun} {credential.id} of {site} on {day}"
        return cannot_tell(because, credential.entry, missing=missing)
    if status.status in NEGATIVE_STATUSES:
        words = status.status.replace("_", " ")
        reason = f": {status.because}" if status.because else ""
        since = "from the beginning" if status.retroactive else f"since {status.effective_from}"
        because = f"{site}: {words} {since}{reason}"
        return fails(because, credential.entry, *_entries(status))
    return None


def validity_standing(
    credential: Credential,
    *,
    site: str,
    day: date,
    log_size: int,
    window: tuple[date, date] | None = None,
) -> Standing | None:
    """Tell whether the day lies outside the days of validity, both included.

    Args:
        window: first and last day by the scheme's own rule, where the certificate states none.
    """
    noun = document(credential)
    first, last = credential.valid_from, credential.valid_until
    if window is not None:
        first, last = first or window[0], last or window[1]
    if first is None or last is None:
        because = f"{site}: the days of validity of its {noun} are not known"
        missing = f"validity of {noun} {credential.id} of {site}"
        return cannot_tell(because, credential.entry, missing=missing)
    if day < first:
        because = f"{site}: its {noun} is valid only from {first}"
        return fails(because, credential.entry)
    if day > last:
        lapse_days = (day - last).days if renews_in_time(credential, last, log_size) else None
        because = f"{site}: its {noun} was valid until {last}, not on {day}"
        return fails(because, credential.entry, lapse_days=lapse_days)
    return None


def renews_in_time(credential: Credential, last: date, log_size: int) -> bool:
    """Tell whether the on-site re-assessment was over by the last day of validity."""
    return any(
        one.status == RENEWAL_STATUS and one.effective_from <= last and one.known_from < log_size
        for one in credential.statuses
    )


def status_on(known: Sequence[CredentialStatus], day: date) -> CredentialStatus | None:
    """Return the status on a day: the last retroactive one, else the last in effect by then.

    That a renewal has got so far is an event, and changes no status.
    """
    states = [one for one in known if one.status != RENEWAL_STATUS]
    void = [one for one in states if one.retroactive]
    if void:
        return max(void, key=lambda one: one.known_from)
    begun = [one for one in states if one.effective_from <= day]
    return max(begun, key=lambda one: (one.effective_from, one.known_from), default=None)


def _entries(status: CredentialStatus) -> tuple[str, ...]:
    return () if status.entry is None else (status.entry,)


# ── without a certificate ─────────────────────────────────────────────────────────────────


def unlisted(
    snapshots: Iterable[Snapshot],
    *,
    scheme: str,
    site: str,
    day: date,
    subject_id: str | None = None,
    country: str | None = None,
) -> Standing:
    """Tell what a site without any certificate means: known not awarded, or not known.

    Only a complete register retrieved on that day or later shows that it was not there; the
    one retrieved next after the day speaks of it best. Rows that nobody matched with a site
    leave it open for sites of their country.
    """
    name, own = scheme_name(scheme), [one for one in snapshots if one.scheme == scheme]
    for one in own:
        if any(row.subject_id == subject_id and row.covers(day) for row in one.rows):
            because = f"{site}: the register of {name} of {one.retrieved_on} lists it, unrecorded"
            missing = f"what {name} published about {site}, which its register lists"
            return cannot_tell(because, one.entry, missing=missing)
    later = [one for one in own if one.complete and one.retrieved_on >= day]
    if not later:
        noun = SCHEMES[scheme].document if scheme in SCHEMES else "certificate"
        because = f"{site}: no {noun} of {name} is on file, and no register shows that it has none"
        missing = f"{noun} of {name} for {site}, or its complete register of {day} or later"
        return cannot_tell(because, missing=missing)
    next_one = min(later, key=lambda one: one.retrieved_on)
    register = f"the register of {name} of {next_one.retrieved_on}"
    if any(country is None or place in ("", country) for place in next_one.unmatched):
        because = f"{site}: rows of {register} are not matched with sites, and one may be this"
        missing = f"match of the rows of {register} with sites"
        return cannot_tell(because, next_one.entry, missing=missing)
    return fails(f"{site}: not on {register}", next_one.entry)


_BEST_FIRST = (Outcome.CONFORMS, Outcome.INDETERMINATE, Outcome.NONCONFORMING)
RANK = {outcome: place for place, outcome in enumerate(_BEST_FIRST)}


def best(standings: Iterable[Standing]) -> Standing:
    """Return the most favorable of several: one certificate that holds is enough."""
    return min(standings, key=lambda one: (RANK[one.outcome], one.lapse_days is None))


def worst(standings: Iterable[Standing]) -> Standing:
    """Return the least favorable of several."""
    return max(standings, key=lambda one: RANK[one.outcome])
