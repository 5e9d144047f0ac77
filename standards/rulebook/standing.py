"""Whether a certificate held at a site on a day, as known at a log size.

Two time axes: a status applies from `effective_from`, and we learnt of it at `known_from`.
A suspension does not reach back; a voiding for fraud does (`retroactive`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from standards.rulebook.credential import (
    NEGATIVE_STATUSES,
    POSITIVE_STATUSES,
    RENEWAL_STATUS,
    Credential,
    CredentialStatus,
    Snapshot,
)
from standards.rulebook.findings import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What can be said of one site on one day: like a finding, in small."""

    outcome: Outcome
    because: str
    missing: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    lapse_days: int | None = None


def holds(because: str, *evidence: str) -> Standing:
    """Say that it held."""
    return Standing(outcome=Outcome.CONFORMS, because=because, evidence=evidence)


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
        _scope(credential, site=site, activity=activity, mineral=mineral)
        or _status(credential, site=site, day=day, log_size=log_size)
        or _validity(credential, site=site, day=day, log_size=log_size)
        or holds(f"{site}: {credential.scheme} certificate held on {day}", credential.entry)
    )


def _scope(credential: Credential, *, site: str, activity: str, mineral: str) -> Standing | None:
    scopes = (
        ("activities", credential.activities, activity),
        ("materials", credential.materials, mineral),
    )
    for words, covered, wanted in scopes:
        if covered is None:
            because = f"{site}: nobody has coded the {words} that its certificate covers"
            missing = f"{words} covered by certificate {credential.id} of {site}"
            return cannot_tell(because, credential.entry, missing=missing)
        if wanted not in covered:
            listed = ", ".join(covered) or "nothing"
            because = f"{site}: its certificate covers {listed}, not {wanted}"
            return fails(because, credential.entry)
    return None


def _status(credential: Credential, *, site: str, day: date, log_size: int) -> Standing | None:
    """Return why the status does not carry on that day, or None where it does."""
    known = [one for one in credential.statuses if one.known_from < log_size]
    status = status_on(known, day)
    if status is None and known:
        return fails(f"{site}: its certificate had no status yet on {day}", credential.entry)
    if status is None or status.status not in POSITIVE_STATUSES | NEGATIVE_STATUSES:
        because = f"{site}: the status of its certificate on {day} is not known"
        missing = f"status of certificate {credential.id} of {site} on {day}"
        return cannot_tell(because, credential.entry, missing=missing)
    if status.status in NEGATIVE_STATUSES:
        words = status.status.replace("_", " ")
        reason = f": {status.because}" if status.because else ""
        because = f"{site}: {words} since {status.effective_from}{reason}"
        return fails(because, credential.entry, *_entries(status))
    return None


def _validity(credential: Credential, *, site: str, day: date, log_size: int) -> Standing | None:
    first, last = credential.valid_from, credential.valid_until
    if first is None or last is None:
        because = f"{site}: the days of validity of its certificate are not known"
        missing = f"validity of certificate {credential.id} of {site}"
        return cannot_tell(because, credential.entry, missing=missing)
    if day < first:
        return fails(f"{site}: its certificate is valid only from {first}", credential.entry)
    if day > last:
        renewing = any(
            one.status == RENEWAL_STATUS
            and one.effective_from <= last
            and one.known_from < log_size
            for one in credential.statuses
        )
        lapse_days = (day - last).days if renewing else None
        because = f"{site}: its certificate was valid until {last}, not on {day}"
        return fails(because, credential.entry, lapse_days=lapse_days)
    return None


def status_on(known: Sequence[CredentialStatus], day: date) -> CredentialStatus | None:
    """Return the status on a day: the last retroactive one, else the last in effect by then."""
    in_order = sorted(known, key=lambda one: (one.effective_from, one.known_from))
    void = [one for one in known if one.retroactive]
    if void:
        return max(void, key=lambda one: one.known_from)
    return next((one for one in reversed(in_order) if one.effective_from <= day), None)


def _entries(status: CredentialStatus) -> tuple[str, ...]:
    return () if status.entry is None else (status.entry,)


def unlisted(snapshots: Iterable[Snapshot], *, scheme: str, site: str, day: date) -> Standing:
    """Tell what a site without any certificate means: known not awarded, or not known.

    Only a complete register retrieved on that day or later shows that it was not there.
    """
    for snapshot in snapshots:
        if snapshot.scheme == scheme and snapshot.complete and snapshot.retrieved_on >= day:
            because = f"{site}: not on the register of {scheme} of {snapshot.retrieved_on}"
            return fails(because, snapshot.entry)
    because = (
        f"{site}: no certificate of {scheme} is on file, and no register shows that it has none"
    )
    missing = f"certificate of {scheme} for {site}, or its complete register of {day} or later"
    return cannot_tell(because, missing=missing)


_BEST_FIRST = (Outcome.CONFORMS, Outcome.INDETERMINATE, Outcome.NONCONFORMING)


def best(standings: Iterable[Standing]) -> Standing:
    """Return the most favorable of several: one certificate that holds is enough."""
    return min(standings, key=lambda one: (_BEST_FIRST.index(one.outcome), one.lapse_days is None))


def worst(standings: Iterable[Standing]) -> Standing:
    """Return the least favorable of several."""
    return max(standings, key=lambda one: _BEST_FIRST.index(one.outcome))
