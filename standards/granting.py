"""Granting waivers, stating their use, withdrawing them: statements that a club signs.

What a club grants is looked at first (`prepare`): whether it says what a statement has to say, and
whether it stays within what bounds waivers. Whoever then grants it names the statement that it was
seen to replace, so that two officers cannot grant the same waiver past each other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec
from django.conf import settings
from django.utils import timezone

from standards.known import Adopted, clubs_that_see, followed_size, law_at, policies_at
from standards.models import Club
from standards.rulebook.errors import UnknownWaiver, WaiverMoved, WaiverNotAllowed
from standards.rulebook.policy import may_be_waived
from standards.rulebook.waiver_shapes import (
    WaiverStatement,
    WaiverUse,
    check_terms,
    use_of,
    waiver_of,
)
from standards.rulebook.waiving import Granted, Reach, Waiver, standing
from standards.waiving import Stated, granted_at, stated_at
from traceability import seeing
from traceability.errors import IdReused, MalformedStatement, NoSuchPolicy, ReasonMissing
from traceability.ledger.statements import to_shape
from traceability.models import Facility
from traceability.recording import Outcome
from traceability.registering import record_as_service, statement_document

WAIVER, USE = "standards.waiver", "standards.waiver_use"
_NEW = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A waiver that can be granted, and what it would be among the club's others.

    Args:
        basis: the statement that it replaces; empty for the first under its id.
        waiver: as it would stand today; `granted` are all of the club, with this one.
    """

    club: str
    body: Mapping[str, Any]
    basis: str
    waiver: Waiver
    granted: Granted
    adopted: Adopted

    def document(self, *, person: str = "") -> dict[str, Any]:
        """Return the statement, unsigned: for a club that has a key of its own.

        Its id follows from what it replaces: two that replace the same statement cannot both be
        recorded, and the same one sent twice is recorded once.
        """
        names = [settings.LEDGER_ORIGIN, self.waiver.id, self.basis]
        return _document(WAIVER, self.club, self.body["decided_on"], self.body, names, person)


def prepare(club: str, body: Mapping[str, Any], *, now: datetime | None = None) -> Prepared:
    """Look at a waiver that a club would grant; change nothing.

    Args:
        body: of a `standards.waiver` statement.

    Raises:
        MalformedStatement: a member is missing or impossible.
        WaiverNotAllowed: it goes beyond what bounds waivers, or names what the club cannot.
        NoSuchPolicy: the club has no policy to waive anything of.
    """
    today = (now or timezone.now()).date()
    shape = to_shape(dict(body), WaiverStatement, at="$.body")
    check_terms(shape)
    if shape.decided_on > today.isoformat():
        raise MalformedStatement("It is not decided yet.", at="$.body.decided_on")
    adopted = adopted_by(club, today)
    granted = waivers_of(club, adopted, today)
    made = waiver_of(shape, club, _NEW)
    before = granted.waivers.get(made.id)
    named = replace(granted, waivers={**granted.waivers, made.id: made})
    prepared = Prepared(
        club=club,
        body=dict(body),
        basis="" if before is None or before.entry is None else before.entry,
        waiver=named.on(today).waivers[made.id],
        granted=named.on(today),
        adopted=adopted,
    )
    _check_rules(prepared)
    _check_scope(shape, club, today)
    _check_bounds(named, max(made.valid_from, today), made.id)
    return prepared


def grant(
    prepared: Prepared, *, basis: str, person: str = "", now: datetime | None = None
) -> Outcome:
    """State a waiver that was looked at, in the club's name.

    Args:
        basis: the statement that whoever grants it saw it replace.
        person: the pseudonym of whoever grants.

    Raises:
        WaiverMoved: it was stated anew meanwhile, or another one was granted under its id.
        NoServiceKey: the club signs with a key of its own.
    """
    if basis != prepared.basis:
        raise WaiverMoved(prepared.waiver.id)
    return record(prepared.document(person=person), now=now)


def withdrawal(
    stated: Stated, because: str, *, person: str = "", now: datetime | None = None
) -> dict[str, Any]:
    """Return the statement, unsigned, that voids a waiver: what it let through is judged anew.

    Raises:
        ReasonMissing: nobody says why.
    """
    if not because.strip():
        raise ReasonMissing
    on = (now or timezone.now()).date()
    body = told(stated.statement.body) | {"void_because": because.strip()}
    to_shape(body, WaiverStatement, at="$.body")
    names = [settings.LEDGER_ORIGIN, stated.waiver, stated.entry]
    return _document(WAIVER, stated.club, on.isoformat(), body, names, person)


def use_of_lot(
    stated: Stated, lot: str, kilograms: str, *, person: str = "", now: datetime | None = None
) -> dict[str, Any]:
    """Return the statement, unsigned, that a lot uses so much of a waiver's cap.

    Raises:
        WaiverNotAllowed: it has no cap, or the club does not see the lot.
        MalformedStatement: the amount is none.
    """
    on, waiver = (now or timezone.now()).date(), stated.statement.body
    if waiver.cap is None or waiver.minerals is None:
        raise WaiverNotAllowed("A waiver without a cap has no use to state", at="$.body.waiver")
    _need_lots([lot], stated.club, on, at="$.body.lot")
    body = {
        "waiver": stated.waiver,
        "lot": lot,
        "element": waiver.minerals[0],
        "quantity": {"value": kilograms.strip(), "unit": "kg"},
    }
    use_of(to_shape(body, WaiverUse, at="$.body"))
    every = stated_at(followed_size(), [stated.club])
    last = [one.entry for one in every if one.waiver == stated.waiver][-1]
    names = [settings.LEDGER_ORIGIN, stated.waiver, last, lot]
    return _document(USE, stated.club, on.isoformat(), body, names, person)


def record(document: Mapping[str, Any], *, now: datetime | None = None) -> Outcome:
    """Sign and record a statement about a waiver with the key that the service holds.

    Raises:
        WaiverMoved: something else was stated meanwhile about what it replaces.
        NoServiceKey: the club signs with a key of its own.
    """
    try:
        return record_as_service([document], now=now)[0]
    except IdReused:
        raise WaiverMoved(str(document["body"]["waiver"])) from None


def stated_last(club: str, waiver: str) -> Stated:
    """Return the statement by which a club's waiver stands.

    Raises:
        UnknownWaiver: there is none, or its key is distrusted.
    """
    found = [
        one
        for one in stated_at(followed_size(), [club])
        if one.waiver == waiver and not one.is_disputed and one.statement.kind == WAIVER
    ]
    if not found:
        raise UnknownWaiver(waiver)
    return found[-1]


def adopted_by(club: str, on: date) -> Adopted:
    """Return the policy of a club for a day.

    Raises:
        NoSuchPolicy: it has none.
    """
    size = followed_size()
    found = policies_at(size, on=on).get(club)
    if found is None or not Club.objects.filter(pk=club).exists():
        raise NoSuchPolicy(club=club, known_at=size)
    return found


def waivers_of(club: str, adopted: Adopted, on: date) -> Granted:
    """Return a club's waivers as they stand on a day."""
    size = followed_size()
    return granted_at(size, {club: adopted.policy}, law_at(size), on=on)[club]


def told(body: WaiverStatement) -> dict[str, Any]:
    """Return what a statement says, without what it leaves out."""
    found: dict[str, Any] = msgspec.to_builtins(body)
    return {name: value for name, value in found.items() if value is not None}


# ── what may not be ───────────────────────────────────────────────────────────────────────


def _check_rules(prepared: Prepared) -> None:
    rows = {one.rule_id: one for one in prepared.adopted.policy.requirements}
    for place, rule in enumerate(prepared.waiver.rule_ids):
        at = f"$.body.rules[{place}]"
        if rule not in rows:
            raise WaiverNotAllowed(f"The policy does not require {rule}", at=at)
        if not may_be_waived(rows[rule], prepared.waiver):
            raise WaiverNotAllowed(f"No waiver reaches {rule}", at=at)
        if rows[rule].second_approver and not prepared.waiver.seconded_by:
            problem = f"Two people have to approve a waiver of {rule}"
            raise WaiverNotAllowed(problem, at="$.body.seconded_by")


def _check_scope(shape: WaiverStatement, club: str, today: date) -> None:
    _need_lots(shape.lots or (), club, today, at="$.body.lots")
    names = seeing.names_open_to(club)
    known = set(Facility.objects.filter(pk__in=shape.facilities or ()).values_list("pk", flat=True))
    for place, facility in enumerate(shape.facilities or ()):
        if facility not in known or not names.has_facility(facility):
            problem = f"The club knows no facility {facility}"
            raise WaiverNotAllowed(problem, at=f"$.body.facilities[{place}]")


def _need_lots(lots: Iterable[str], club: str, today: date, *, at: str) -> None:
    asked = list(lots)
    seen = clubs_that_see(asked, [club], on=today) if asked else {}
    for lot in asked:
        if club not in seen.get(lot, ()):
            raise WaiverNotAllowed(f"The club sees no lot {lot}", at=at)


def _check_bounds(granted: Granted, first: date, name: str) -> None:
    """Refuse what would hold for nothing on its first day; what is unset refuses nothing."""
    waiver = granted.on(first).waivers[name]
    found, why = standing(waiver, first)
    if found is Reach.LAPSED:
        raise WaiverNotAllowed(why, at="$.body")


def _document(
    kind: str, club: str, effective: str, body: Mapping[str, Any], names: list[str], person: str
) -> dict[str, Any]:
    acting = {"acting_person": person} if person else {}
    return statement_document(
        kind=kind,
        author=club,
        effective=effective,
        body=body,
        id=str(uuid5(NAMESPACE_URL, "/".join(["waiver", *names]))),
        **acting,
    )
