"""How far a site's evidence reaches in a club's own tiers, directly or by one equivalence.

Tiers and equivalences are a club's dated decisions, with no official basis. An equivalence is
directional, of one version and stage, ends, and reaches exactly one hop: what was accepted *as*
something is not that thing, so nothing may be accepted as it in turn.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from msgspec import Struct

from standards.rulebook.appraisal import (
    SELF_ASSESSMENT,
    live_on,
    performance_credentials,
    performance_standards,
)
from standards.rulebook.credential import (
    NEGATIVE_STATUSES,
    POSITIVE_STATUSES,
    Credential,
    Snapshot,
)
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import Outcome
from standards.rulebook.law import LawOnDate
from standards.rulebook.path import Visit
from standards.rulebook.registers import Entry, entries_of, name_of, word
from standards.rulebook.schemes import RMI, SCHEMES
from standards.rulebook.sites import told_or_open
from standards.rulebook.standing import (
    RANK,
    Standing,
    cannot_tell,
    document,
    fails,
    holds,
    standing,
    status_on,
    worst,
)
from standards.rulebook.versions import drafted

EQUIVALENT = Mapping[str, Any]
"""A row of `policy.equivalences`."""


class Evidence(Struct, frozen=True, kw_only=True):
    """Something on file about a site, by the name under which tiers know it, and how it stands.

    `kind` is scheme and level or status: `irma IRMA 50`, `copper_mark awarded`, `rmi conformant`.
    """

    kind: str
    version: str | None
    standing: Standing
    credential: Credential | None = None


class Reached(Struct, frozen=True, kw_only=True):
    """A tier that evidence reaches; `by` is the equivalence, where it needs one."""

    tier: int
    evidence: Evidence
    by: EQUIVALENT | None = None


def evidence_of(dossier: Dossier, law: LawOnDate, visit: Visit) -> list[Evidence]:
    """Return what is on file about the site of a visit, as of the day it is judged on.

    Of a scheme that rules know, what governs there on that day, under the standards that lead to
    levels or marks: no status of due diligence or of chain of custody, nothing about a product.
    """
    own: dict[str, list[Credential]] = {}
    for one in dossier.credentials:
        if one.facility_id == visit.facility_id and one.product is None:
            own.setdefault(one.scheme, []).append(one)
    told = [one for scheme, every in own.items() for one in _of(dossier, law, visit, scheme, every)]
    if any(one.scheme == RMI.id for one in dossier.snapshots):
        told += _of_list(dossier, law, visit, visit.judged_on)
    return told


def _of(
    dossier: Dossier, law: LawOnDate, visit: Visit, name: str, own: list[Credential]
) -> Iterable[Evidence]:
    """Yield what the credentials of one scheme about a site show."""
    scheme, day, versions = SCHEMES.get(name), visit.judged_on, None
    if scheme is not None:
        standards = performance_standards(law, scheme)
        own = performance_credentials(dossier, scheme, visit.facility_id or "", standards)
        versions = told_or_open(law, scheme.key("standards"))
    latest_governs = scheme is not None and scheme.latest_governs
    live = live_on(own, day, latest_governs=latest_governs)
    public = [one for one in live if one.published_on is not None and one.published_on <= day]
    twins = {one.level for one in public} if latest_governs else set()
    for one in live:
        rows = () if versions is None or isinstance(versions, Standing) else versions.value
        how = (
            _no_evidence(one, visit)
            or (_either(one, visit) if len(twins) > 1 else None)
            or drafted(one, rows, site=visit.site)
            or standing(
                one, site=visit.site, day=day, log_size=dossier.log_size,
                activity=visit.stage, mineral=dossier.mineral,
            )
        )  # fmt: skip
        for word_of in _names(one, day, dossier.log_size):
            kind = f"{name} {word_of}"
            yield Evidence(kind=kind, version=one.version, standing=how, credential=one)


def _no_evidence(credential: Credential, visit: Visit) -> Standing | None:
    """Tell that a credential is the site's own word, or was not public on the day, if so."""
    site, on = visit.site, credential.published_on
    if credential.assessment_type == SELF_ASSESSMENT or credential.assessor_level == "first_party":
        return fails(f"{site}: it assessed itself", credential.entry)
    if on is not None and on > visit.judged_on:
        because = f"{site}: its {document(credential)} was published on {on}"
        return fails(f"{because}, after {visit.judged_on}", credential.entry)
    return None


def _either(credential: Credential, visit: Visit) -> Standing:
    on, noun = credential.published_on, document(credential)
    because = f"{visit.site}: which {noun} of those published on {on} governs is not known"
    missing = f"order of what was published about {visit.site} on {on}"
    return cannot_tell(because, credential.entry, missing=missing)


def _names(credential: Credential, day: date, log_size: int) -> list[str]:
    """Return the words under which tiers know a credential: its level, its status.

    What it was awarded last stays a name of it: a suspension fails under that, and a reinstatement
    holds under it.
    """
    known = [one for one in credential.statuses if one.known_from < log_size]
    given = [one for one in known if one.status in POSITIVE_STATUSES - {"reinstated"}]
    begun = [
        (one.effective_from, one.known_from, one.status)
        for one in given
        if one.effective_from <= day
    ]
    status = status_on(known, day)
    words = [credential.level, status and status.status, max(begun)[2] if begun else None]
    return list(dict.fromkeys(one for one in words if one))


def _of_list(dossier: Dossier, law: LawOnDate, visit: Visit, day: date) -> Iterable[Evidence]:
    found = entries_of(dossier, law, RMI, visit.facility_id or "", day, site=visit.site)
    if isinstance(found, Standing):
        return
    words = [_words(one, dossier.mineral) for one in found]
    for state in dict.fromkeys(state for every in words for state in every):
        told = [
            _in_state(visit, one.register, state, is_so=state in every)
            for one, every in zip(found, words, strict=True)
        ]
        yield Evidence(kind=f"{RMI.id} {state}", version=None, standing=worst(told))


def _words(found: Entry, mineral: str) -> list[str]:
    """Return the states in which a list shows a site for a mineral."""
    rows = [row for row in found.rows if mineral in (row.materials or ())]
    return [word(row.status) for row in rows if row.status is not None]


def _in_state(visit: Visit, register: Snapshot, state: str, *, is_so: bool) -> Standing:
    if is_so:
        because = f"{visit.site}: {state} on the {RMI.document} on {visit.judged_on}"
        return holds(because, register.entry)
    because = f"{visit.site}: not {state} on the {name_of(RMI, register)}"
    return fails(because, register.entry)


def reached(
    told: Sequence[Evidence],
    tiers: Mapping[str, int],
    equivalences: Sequence[EQUIVALENT],
    visit: Visit,
) -> list[Reached]:
    """Return every tier that the evidence about a site reaches, directly or by one hop."""
    found = [Reached(tier=tiers[one.kind], evidence=one) for one in told if one.kind in tiers]
    for one in told:
        for row in equivalences:
            if row["as"] in tiers and refusal(row, one, visit) is None:
                found.append(Reached(tier=tiers[row["as"]], evidence=one, by=row))
    return found


def refusal(row: EQUIVALENT, one: Evidence, visit: Visit) -> str | None:
    """Tell why an equivalence does not carry evidence about a site; None: it does."""
    name, day = f"{row['accept']} as {row['as']}", visit.judged_on
    if one.kind == row["as"]:
        return f"{name} is accepted, not the other way round"
    if one.kind != row["accept"]:
        return f"{name} is accepted, and it is {one.kind}"
    if visit.stage != row["stage"]:
        return f"{name} is accepted for {row['stage']}, not for {visit.stage}"
    if not row["from"] <= day:
        return f"{name} is accepted from {row['from']}, not on {day}"
    if "until" not in row:
        return f"{name} is accepted without an end, which no equivalence may be"
    if day > row["until"]:
        return f"{name} was accepted until {row['until']}, not on {day}"
    if one.version != row["version"]:
        return f"{name} is accepted in version {row['version']}, not {one.version or 'unknown'}"
    return None


def tier_standing(visit: Visit, found: Sequence[Reached], minimum: int) -> Standing:
    """Tell whether the best evidence of a site reaches a tier on the day it is judged on."""
    site = visit.site
    enough = [one for one in found if one.tier >= minimum]
    if enough:
        chosen = min(enough, key=lambda one: (RANK[one.evidence.standing.outcome], -one.tier))
        how = chosen.evidence.standing
        if how.outcome is not Outcome.CONFORMS:
            return how
        by = "" if chosen.by is None else f", accepted as {chosen.by['as']}"
        return holds(f"{site}: tier {chosen.tier} by {chosen.evidence.kind}{by}", *how.evidence)
    sure = [one for one in found if one.evidence.standing.outcome is Outcome.CONFORMS]
    if sure:
        best = max(sure, key=lambda one: one.tier)
        because = f"{site}: tier {best.tier} by {best.evidence.kind}; tier {minimum} is needed"
        return fails(because, *best.evidence.standing.evidence)
    because = f"{site}: nothing on file shows the tier that is needed, {minimum}"
    missing = f"evidence of tier {minimum} for {site} on {visit.judged_on}"
    return cannot_tell(because, missing=missing)


def is_negative(credential: Credential, day: date, log_size: int) -> bool:
    """Tell whether a certificate was suspended, withdrawn or the like when it ran out, or since.

    That it has expired is no such status, and lifts none.
    """
    told = [one for one in credential.statuses if one.known_from < log_size]
    status = status_on([one for one in told if one.status != "expired"], day)
    return status is not None and status.status in NEGATIVE_STATUSES
