"""What statements about waivers say: granted by a club, used for a lot."""

from datetime import date
from typing import Annotated

from msgspec import Meta

from standards.rulebook.account_shapes import Contained, milligrams
from standards.rulebook.certificate_shapes import check_days, check_once, check_own
from standards.rulebook.waiving import Condition, Use, Waiver
from traceability.errors import MalformedStatement
from traceability.ledger.shapes import (
    Day,
    Element,
    FacilityId,
    LongText,
    LotId,
    OwnId,
    Shape,
    Text,
)
from traceability.ledger.statements import Statement

RuleId = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,39}\Z")]


class WaiverCondition(Shape, frozen=True):
    """What has to be shown by a day for the waiver to go on; `met_on` once it was."""

    what: Text
    due_on: Day
    met_on: Day | None = None


class StakeholderComment(Shape, frozen=True):
    """What somebody said to the request, and what became of it."""

    by: Text
    said: LongText
    disposition: LongText


class WaiverStatement(Shape, frozen=True):
    """A club lets something pass for a while, within a scope; it changes no finding.

    Stated again under its id it replaces what it said before; with `void_because` nobody may
    rely on it any more. `cap` is of the contained metal of the one mineral it is for; each lot's
    use is then stated in `standards.waiver_use`.
    """

    waiver: OwnId
    rules: Annotated[list[RuleId], Meta(min_length=1, max_length=64)]
    because: LongText
    valid_from: Day
    valid_until: Day
    decided_by: Text
    decided_on: Day
    seconded_by: Text | None = None
    dissent: LongText | None = None
    noticed_on: Day | None = None
    comments: Annotated[list[StakeholderComment], Meta(max_length=64)] | None = None
    lots: Annotated[list[LotId], Meta(min_length=1, max_length=100)] | None = None
    facilities: Annotated[list[FacilityId], Meta(min_length=1, max_length=100)] | None = None
    minerals: Annotated[list[Element], Meta(min_length=1, max_length=64)] | None = None
    cap: Contained | None = None
    conditions: Annotated[list[WaiverCondition], Meta(max_length=32)] | None = None
    void_because: LongText | None = None


class WaiverUse(Shape, frozen=True):
    """So much of a waiver with a cap is used for one lot and mineral."""

    waiver: OwnId
    lot: LotId
    element: Element
    quantity: Contained


def check_waiver(body: WaiverStatement, statement: Statement) -> None:
    """Refuse a waiver of another club, one that ends before it begins, and a cap on two metals."""
    check_own(body.waiver, "waiver", statement)
    check_terms(body)


def check_terms(body: WaiverStatement) -> None:
    """Refuse terms that cannot be, whoever grants them."""
    days = ("valid_from", "valid_until", "decided_on", "noticed_on")
    check_days(body, "$.body", *days)
    if body.valid_until < body.valid_from:
        raise MalformedStatement("It ends before it begins.", at="$.body.valid_until")
    if body.seconded_by == body.decided_by:
        raise MalformedStatement("Nobody seconds themselves.", at="$.body.seconded_by")
    if body.noticed_on is not None and body.decided_on < body.noticed_on:
        raise MalformedStatement(
            "It was decided before anybody had notice.", at="$.body.decided_on"
        )
    check_once(body.rules, "$.body.rules")
    for place, one in enumerate(body.conditions or ()):
        check_days(one, f"$.body.conditions[{place}]", "due_on", "met_on")
    if body.cap is not None:
        if body.minerals is None or len(body.minerals) != 1:
            raise MalformedStatement("A cap is of one mineral: name it.", at="$.body.minerals")
        cap_mg(body)


def check_use(body: WaiverUse, statement: Statement) -> None:
    """Refuse the use of another club's waiver, and an amount that is none."""
    check_own(body.waiver, "waiver", statement)
    milligrams(body.quantity, body.element, "$.body.quantity")


def cap_mg(body: WaiverStatement) -> int | None:
    """Return the cap in milligrams of the one mineral it is of; None where there is none."""
    if body.cap is None or not body.minerals:
        return None
    return milligrams(body.cap, body.minerals[0], "$.body.cap")


def waiver_of(body: WaiverStatement, club: str, entry: str) -> Waiver:
    """Return a waiver as judgements see it."""
    return Waiver(
        id=body.waiver,
        club=club,
        rule_ids=tuple(body.rules),
        lot_ids=None if body.lots is None else tuple(body.lots),
        facility_ids=None if body.facilities is None else tuple(body.facilities),
        minerals=None if body.minerals is None else tuple(body.minerals),
        valid_from=_day(body.valid_from),
        valid_until=_day(body.valid_until),
        cap_mg=cap_mg(body),
        conditions=tuple(
            Condition(
                what=one.what,
                due_on=_day(one.due_on),
                met_on=None if one.met_on is None else _day(one.met_on),
            )
            for one in body.conditions or ()
        ),
        void_because=body.void_because or "",
        seconded_by=body.seconded_by or "",
        entry=entry,
    )


def use_of(body: WaiverUse) -> Use:
    """Return a use of a waiver as judgements see it."""
    return Use(
        waiver=body.waiver,
        lot=body.lot,
        mineral=body.element,
        mg=milligrams(body.quantity, body.element, "$.body.quantity"),
    )


def _day(text: str) -> date:
    return date.fromisoformat(text)
