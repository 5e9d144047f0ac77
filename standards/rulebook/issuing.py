"""Who may speak for a scheme: trust lists, and what a registrar's record needs besides.

A trust list is dated rows of `{who, as, from, until, source}`: an organization of this ledger, or
the name of one without a key, and whether it speaks as issuer or records as registrar.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from standards.rulebook.credential import NEGATIVE_STATUSES, Credential, Listing, Snapshot
from standards.rulebook.dossier import Dossier
from standards.rulebook.path import Visit
from standards.rulebook.registers import copies_of, may_be_unmatched
from standards.rulebook.schemes import Scheme
from standards.rulebook.standing import (
    Standing,
    cannot_tell,
    document,
    fails,
    holds,
    published,
)

TrustList = Sequence[Mapping[str, Any]]


def issuer_standing(
    credential: Credential,
    trusted: TrustList,
    snapshots: Iterable[Snapshot],
    visit: Visit,
    scheme: Scheme,
    words: Mapping[str, str] | None = None,
) -> Standing:
    """Tell whether those who issued and recorded a credential may speak for the scheme.

    The signer must be listed on the day its statement was received, the issuer on the day of
    publication. What a registrar recorded must stand on a register of the scheme as well.

    Args:
        words: of the register for states, in small letters, and what each amounts to; a word
            that is not among them says nothing against the row.
    """
    site, noun, author = visit.site, document(credential), credential.author
    if author is None or credential.stated_on is None:
        because = f"{site}: who signed the record of its {noun}, and when, is not known"
        missing = f"signer of the record of {noun} {credential.id} of {site}"
        return cannot_tell(because, credential.entry, missing=missing)
    issuer = credential.issuer_id or credential.issuer_name
    if speaks(trusted, author, "issuer", credential.stated_on) and issuer in (None, author):
        because = f"{site}: {published(credential)} is signed by {author}, which issues it"
        return holds(because, credential.entry)
    roles = ("issuer", "registrar")
    if not any(speaks(trusted, author, role, credential.stated_on) for role in roles):
        because = f"{site}: {author} may not speak for {scheme.name}"
        return fails(because, credential.entry)
    if issuer is None:
        because = f"{site}: {author} recorded its {noun} and does not say who issued it"
        missing = f"issuer of {noun} {credential.id} of {site}"
        return cannot_tell(because, credential.entry, missing=missing)
    day = credential.published_on or credential.valid_from
    if day is None:
        because = f"{site}: the day its {noun} was published is not known"
        missing = f"publication date of {noun} {credential.id} of {site}"
        return cannot_tell(because, credential.entry, missing=missing)
    if not speaks(trusted, issuer, "issuer", day):
        because = f"{site}: {issuer} could not issue for {scheme.name} on {day}"
        return fails(because, credential.entry)
    return _corroborated(credential, day, snapshots, visit, scheme, words or {})


def speaks(trusted: TrustList, who: str, role: str, day: date) -> bool:
    """Tell whether somebody is listed in a role on a day, both end days included."""
    return any(
        row["who"] == who and row["as"] == role and row["from"] <= day <= row.get("until", date.max)
        for row in trusted
    )


def _corroborated(
    credential: Credential,
    day: date,
    snapshots: Iterable[Snapshot],
    visit: Visit,
    scheme: Scheme,
    words: Mapping[str, str],
) -> Standing:
    """Tell whether the scheme's own register shows what a registrar recorded."""
    facility, site = visit.facility_id or "", visit.site
    own = [one for one in snapshots if one.scheme == scheme.id and one.retrieved_on >= day]
    own.sort(key=lambda one: one.retrieved_on)
    denied: tuple[Snapshot, Listing] | None = None
    for one in own:
        rows = [row for row in one.rows if row.subject_id == facility]
        if any(not _denies(row, words) for row in rows):
            because = (
                f"{site}: {published(credential)} stands on the register of {scheme.name} of "
                f"{one.retrieved_on}"
            )
            return holds(because, credential.entry, one.entry)
        if rows and denied is None:
            denied = one, rows[0]
    if denied is not None:
        register, row = denied
        because = (
            f"{site}: the register of {scheme.name} of {register.retrieved_on} has it as "
            f"{row.status!r}, which bears out nothing that {credential.author} recorded"
        )
        missing = f"register of {scheme.name} of {day} or later that bears out {site}"
        return cannot_tell(because, credential.entry, register.entry, missing=missing)
    complete = next((one for one in own if one.complete), None)
    if complete is not None and not complete.unmatched:
        because = (
            f"{site}: the register of {scheme.name} of {complete.retrieved_on} does not show "
            f"what {credential.author} recorded"
        )
        return fails(because, credential.entry, complete.entry)
    because = f"{site}: no register of {scheme.name} shows what {credential.author} recorded"
    missing = f"register of {scheme.name} of {day} or later that shows {site}"
    return cannot_tell(because, credential.entry, missing=missing)


def contradicted(
    credential: Credential,
    since: date,
    day: date,
    dossier: Dossier,
    visit: Visit,
    scheme: Scheme,
    words: Mapping[str, str],
) -> Standing | None:
    """Tell that the scheme's own register is against a status; None: it is not.

    The last copy between the two days speaks: where it has the site in a state that no level or
    mark has, or is complete and without it. That a register follows late, a later copy may show.

    Args:
        since: from which day the status holds; `day`: which day counts.
        words: as in `issuer_standing`.
    """
    facility, site, noun = visit.facility_id or "", visit.site, document(credential)
    copies = copies_of(dossier, scheme)
    own = [one for one in copies if since < one[0].retrieved_on <= dossier.as_of]
    by_then = [one for one in own if one[0].retrieved_on <= day and _speaks(*one, visit)]
    if not by_then:
        return None
    last, told = by_then[-1]
    rows = told.get(facility, ())
    register = f"the register of {scheme.name} of {last.retrieved_on}"
    missing = f"register of {scheme.name} later than {last.retrieved_on} that bears out {site}"
    if rows and all(_denies(row, words) for row in rows):
        because = (
            f"{site}: {register} has it as {rows[0].status!r}, against the record of its {noun}"
        )
        return cannot_tell(because, credential.entry, last.entry, missing=missing)
    later = [told for one, told in own if one.retrieved_on > last.retrieved_on]
    if rows or any(not _denies(row, words) for told in later for row in told.get(facility, ())):
        return None
    because = f"{site}: not on {register}, against the record of its {noun}"
    return cannot_tell(because, credential.entry, last.entry, missing=missing)


def confirms(
    register: Snapshot, rows: Sequence[Listing], credential: Credential, words: Mapping[str, str]
) -> bool:
    """Tell whether a copy of a register bears out a credential, or is later than it ran out.

    Args:
        rows: those about the site.
        words: as in `issuer_standing`.
    """
    if any(not _denies(row, words) for row in rows):
        return True
    last = credential.valid_until
    is_over = last is not None and register.retrieved_on > last
    return is_over and (register.complete or bool(rows))


def _speaks(register: Snapshot, told: Mapping[str, object], visit: Visit) -> bool:
    if visit.facility_id in told:
        return True
    return register.complete and not may_be_unmatched(register, visit.country)


def _denies(row: Listing, words: Mapping[str, str]) -> bool:
    """Tell whether a row lists the site in a state that no published level or mark has."""
    return row.status is not None and words.get(row.status.casefold()) in NEGATIVE_STATUSES
