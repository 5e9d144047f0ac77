"""Days on which something about credentials and registers runs out or falls due.

What is stated goes before what is derived from a scheme's own terms; a term that nobody has
filled in stays unset, and the day is not known. Nothing here is a verdict: rules judge lots by
their own days.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from standards.rulebook.appraisal import live_on
from standards.rulebook.credential import (
    NEGATIVE_STATUSES,
    Credential,
    CredentialOutcome,
)
from standards.rulebook.law import LawOnDate, Provision, Unavailable, value_of
from standards.rulebook.months import after_days, after_months, last_day
from standards.rulebook.schemes import SCHEMES, scheme_name
from standards.rulebook.standing import document, status_on

Kind = Literal["expiry", "surveillance", "next_action", "plan", "register", "declaration"]
Basis = Literal["stated", "derived", "unset"]

ANCHORS = ("published_on", "assessed_on")
"""Days from which a scheme's terms may run."""
ASSESSED_AT_LEAST_PARTLY = frozenset({"partially"})
"""Ratings after which a scheme with a term for improvement plans expects one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDay:
    """Something runs out, or falls due, on a day: the last good day, that day included.

    Args:
        about: id of the certificate or declaration, or the register's scheme.
        facility, organization: whom it is about; empty where it is a register.
        detail: which of several of a kind, such as the criterion of a plan.
        on: None where it cannot be told; `missing` then names what would tell it.
        cites: what a derived day rests on, or the parameter that is unset.
        club: whose parameters it follows from; empty for the packs alone.
    """

    kind: Kind
    about: str
    scheme: str
    facility: str = ""
    organization: str = ""
    detail: str = ""
    on: date | None
    basis: Basis
    because: str
    missing: str = ""
    cites: tuple[Provision, ...] = ()
    entry: str = ""
    club: str = ""


def due_days_of(
    credentials: Sequence[Credential], law: LawOnDate, *, on: date, log_size: int
) -> list[DueDay]:
    """Return what falls due of the credentials of one site or organization.

    Credentials whose place another has taken are left out, and those that are withdrawn, void,
    expired by status, disputed, or were never awarded.
    """
    groups: dict[tuple[str, str | None, str | None], list[Credential]] = {}
    for one in credentials:
        groups.setdefault((one.scheme, one.standard_code, one.product), []).append(one)
    told: list[DueDay] = []
    for (scheme, _, _), alike in groups.items():
        latest_governs = scheme in SCHEMES and SCHEMES[scheme].latest_governs
        for one in live_on(alike, on, latest_governs=latest_governs):
            if not _is_over(one, on, log_size):
                told += _of_credential(one, alike, law, on=on)
    return told


def register_due(scheme: str, retrieved_on: date, entry: str, law: LawOnDate) -> DueDay:
    """Return the last day on which the newest copy of a register is recent enough."""
    name = scheme_name(scheme)
    age = _read(law, f"{scheme}.register_max_age")
    if isinstance(age, Unavailable):
        return _unset(
            "register",
            age,
            because=f"the copy of the register of {name} is of {retrieved_on}; {age.because}",
            about=scheme,
            scheme=scheme,
            entry=entry,
        )
    return DueDay(
        kind="register",
        about=scheme,
        scheme=scheme,
        on=after_days(retrieved_on, age.value),
        basis="derived",
        because=f"the copy of the register of {name} is of {retrieved_on} and may be "
        f"{age.value} days old",
        cites=(age,),
        entry=entry,
    )


def of_club(packs_alone: Iterable[DueDay], by_club: Mapping[str, Iterable[DueDay]]) -> list[DueDay]:
    """Return days under the packs alone with those that clubs' own parameters make another.

    A day that the packs leave unset is left out where a club sets it.
    """
    plain = {_key(one): one for one in packs_alone}
    told: list[DueDay] = []
    settled: set[tuple[str, str, str]] = set()
    for club, days in sorted(by_club.items()):
        for one in days:
            before = plain.get(_key(one))
            if before is None or (before.on, before.basis) != (one.on, one.basis):
                told.append(_with_club(one, club))
                settled |= {_key(one)} if one.basis != "unset" else set()
    kept = [one for key, one in plain.items() if one.basis != "unset" or key not in settled]
    return [*kept, *told]


def _key(one: DueDay) -> tuple[str, str, str]:
    return one.kind, one.about, one.detail


def _with_club(one: DueDay, club: str) -> DueDay:
    return DueDay(
        **{name: getattr(one, name) for name in DueDay.__slots__ if name != "club"}, club=club
    )


# ── of one credential ─────────────────────────────────────────────────────────────────────


def _is_over(credential: Credential, on: date, log_size: int) -> bool:
    if credential.is_disputed:
        return True
    known = [one for one in credential.statuses if one.known_from < log_size]
    status = status_on(known, on)
    return status is not None and status.status in NEGATIVE_STATUSES - {"suspended"}


def _of_credential(
    one: Credential, alike: Sequence[Credential], law: LawOnDate, *, on: date
) -> Iterable[DueDay]:
    yield _expiry(one, law)
    if f"{one.scheme}.surveillance_months" in law.parameters:
        due = _surveillance(one, alike, law, on=on)
        if due is not None:
            yield due
    elif one.next_action_on is not None:
        because = f"its scheme announced the next action for {one.next_action_on}"
        yield _due(one, "next_action", one.next_action_on, "stated", because)
    for outcome in one.outcomes or ():
        due = _plan(one, outcome, law)
        if due is not None:
            yield due


def _expiry(one: Credential, law: LawOnDate) -> DueDay:
    noun = document(one)
    if one.valid_until is not None:
        return _due(one, "expiry", one.valid_until, "stated", f"its {noun} states this last day")
    silent = f"its {noun} states no last day"
    return _by_term(one, "expiry", law, "validity", f"the {noun} holds", silent=silent)


def _surveillance(
    one: Credential, alike: Sequence[Credential], law: LawOnDate, *, on: date
) -> DueDay | None:
    """Return when surveillance is due; None where it was done after publication."""
    begun = one.published_on
    done = [
        day
        for other in alike
        if other.assessment_type == "surveillance"
        and (day := other.published_on or other.stage_2_on) is not None
        and (begun is None or begun <= day <= on)
    ]
    if done:
        return None
    if one.next_action_on is not None and on <= one.next_action_on:
        because = f"its scheme announced surveillance for {one.next_action_on}"
        return _due(one, "surveillance", one.next_action_on, "stated", because)
    months = _read(law, f"{one.scheme}.surveillance_months")
    if isinstance(months, Unavailable):
        announced = f"; it was announced for {one.next_action_on}" if one.next_action_on else ""
        because = f"no surveillance is on file{announced}, and {months.because}"
        return _undated(one, "surveillance", months, because)
    if begun is None:
        noun = document(one)
        missing = f"publication date of {noun} {one.id}"
        because = f"the day its {noun} was published is not known"
        return _due(one, "surveillance", None, "unset", because, missing=missing, cites=(months,))
    because = f"surveillance is due {months.value} months after {begun}"
    due_on = after_months(begun, months.value)
    return _due(one, "surveillance", due_on, "derived", because, cites=(months,))


def _plan(one: Credential, outcome: CredentialOutcome, law: LawOnDate) -> DueDay | None:
    """Return when a corrective action or improvement plan is due; None where nothing is open."""
    if outcome.plan_closed_on is not None:
        return None
    what = f"{outcome.kind} {outcome.code}".replace("_", " ")
    if outcome.plan_due_on is not None:
        because = f"the plan for {what} states this day"
        return _due(one, "plan", outcome.plan_due_on, "stated", because, detail=what)
    has_term = f"{one.scheme}.improvement_plan_months" in law.parameters
    if has_term and outcome.rating in ASSESSED_AT_LEAST_PARTLY:
        words, silent = f"the plan for {what} is due", f"the plan for {what} states no day"
        return _by_term(one, "plan", law, "improvement_plan", words, silent=silent, detail=what)
    if outcome.plan:
        missing = f"due day of the plan for {what} of {document(one)} {one.id}"
        because = f"the plan for {what} states no day"
        return _due(one, "plan", None, "unset", because, missing=missing, detail=what)
    return None


# ── days ──────────────────────────────────────────────────────────────────────────────────


def _read(law: LawOnDate, key: str) -> Provision | Unavailable:
    try:
        return law[key]
    except Unavailable as unset:
        return unset.with_traceback(None)


def _by_term(
    one: Credential,
    kind: Kind,
    law: LawOnDate,
    term: str,
    words: str,
    *,
    silent: str,
    detail: str = "",
) -> DueDay:
    """Return the last day of a scheme's term in months, from the day that it runs from.

    Args:
        term: its parameters are `<term>_months` and `<term>_anchor`.
        words: what holds, or is due, so many months.
        silent: what the credential itself does not say.
    """
    read: list[Provision] = []
    for name in ("months", "anchor"):
        found = _read(law, f"{one.scheme}.{term}_{name}")
        if isinstance(found, Unavailable):
            return _undated(one, kind, found, f"{silent}, and {found.because}", detail=detail)
        read.append(found)
    (months, anchor), cites = read, tuple(read)
    begun: date | None = getattr(one, anchor.value) if anchor.value in ANCHORS else None
    if begun is None:
        missing = f"day on which {document(one)} {one.id} was {anchor.value.removesuffix('_on')}"
        because = f"{words} {months.value} months from a day that is not known"
        return _due(one, kind, None, "unset", because, missing=missing, cites=cites, detail=detail)
    due_on = (last_day if kind == "expiry" else after_months)(begun, months.value)
    because = f"{words} {months.value} months from {begun}"
    return _due(one, kind, due_on, "derived", because, cites=cites, detail=detail)


def _undated(
    one: Credential, kind: Kind, unset: Unavailable, because: str, *, detail: str = ""
) -> DueDay:
    cites = () if unset.provision is None else (unset.provision,)
    missing = value_of(unset.key)
    return _due(one, kind, None, "unset", because, missing=missing, cites=cites, detail=detail)


def _due(
    one: Credential,
    kind: Kind,
    on: date | None,
    basis: Basis,
    because: str,
    *,
    missing: str = "",
    cites: tuple[Provision, ...] = (),
    detail: str = "",
) -> DueDay:
    return DueDay(
        kind=kind,
        about=one.id,
        scheme=one.scheme,
        facility=one.facility_id or "",
        organization=one.organization_id or "",
        detail=detail,
        on=on,
        basis=basis,
        because=because,
        missing=missing,
        cites=cites,
        entry=one.entry,
    )


def _unset(
    kind: Kind, unset: Unavailable, *, because: str, about: str, scheme: str, entry: str
) -> DueDay:
    return DueDay(
        kind=kind,
        about=about,
        scheme=scheme,
        on=None,
        basis="unset",
        because=because,
        missing=value_of(unset.key),
        cites=() if unset.provision is None else (unset.provision,),
        entry=entry,
    )
