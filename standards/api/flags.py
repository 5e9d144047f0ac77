"""`/api/v1/flags`: the work list of the caller's clubs, and the decisions on it."""

from datetime import date, datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from standards.api.questions import ReplyLine, reply_line
from standards.flagging import Decider, acknowledge_flags, resolve_flag
from standards.models import Flag, FlagDecision
from standards.questioning import Replied, replies_to
from standards.reading import flags_seen_by, veiled_reasons
from traceability.api.lists import LedgerView, Page, PageParameters, page_of, parameters, told
from traceability.api.schema import described
from traceability.errors import FlagNotOpen, InvalidRequest, NotPermitted, UnknownFlag
from traceability.ledger.shapes import Element, LotId, OrganizationId

_Status = Annotated[str, Meta(pattern=r"\A(open|acknowledged|resolved|closed)\Z")]


class DecisionLine(Struct, frozen=True, kw_only=True):
    """What happened to a flag; `by` is a pseudonym, empty where it was the ledger itself."""

    decision: str
    by: str
    because: str
    decided_at: datetime


class FlagLine(Struct, frozen=True, kw_only=True):
    """An open question to a person about (club, lot, mineral, rule)."""

    id: int
    club: str
    lot: str
    mineral: str
    rule_id: str
    status: str
    severity: str
    verdict: str
    because: str
    raised_on: date
    due_on: date
    closed_on: date | None
    decisions: list[DecisionLine]
    replies: list[ReplyLine]


class FlagParameters(PageParameters, frozen=True, kw_only=True):
    """Which flags."""

    status: _Status | None = None
    club: OrganizationId | None = None
    lot: LotId | None = None
    mineral: Element | None = None


class Resolution(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer to a flag."""

    because: Annotated[str, Meta(min_length=1, max_length=4000)]


class FlagsView(LedgerView):
    """The flags of the caller's clubs, about lots it may see."""

    @described(
        "List flags",
        "Newest first. A flag is opened, kept and closed by verdicts; people acknowledge it "
        "and resolve it with a reason.",
        parameters=FlagParameters,
        answers={200: Page[FlagLine]},
    )
    def get(self, request: Request) -> Response:
        """List flags."""
        asked = parameters(request, FlagParameters)
        wanted = {
            name: getattr(asked, name)
            for name in ("status", "club", "lot", "mineral")
            if getattr(asked, name) is not None
        }
        reader = self.caller.organization
        rows = flags_seen_by(reader).filter(**wanted)
        return page_of(
            rows, asked, key="id", show=lambda found: _lines(found, reader), newest_first=True
        )


class OneFlagView(LedgerView):
    """Base of the views of one flag."""

    def seen(self, flag: int) -> Flag:
        """Return a flag the caller may see.

        Raises:
            UnknownFlag: there is none, or it is not the caller's to see.
        """
        found = flags_seen_by(self.caller.organization).filter(pk=flag).first()
        if found is None:
            raise UnknownFlag(flag)
        return found

    def answer(self, flag: Flag) -> Response:
        """Answer with a flag as it stands."""
        return told(_lines([flag], self.caller.organization)[0])

    def decider(self, request: Request, permission: str) -> Decider:
        """Return who decides: the person logged in, or the organization's machine.

        Raises:
            NotPermitted: the person may read flags but not decide on them.
        """
        if not self.caller.person:
            return f"client of {self.caller.organization}"
        if not request.user.has_perm(f"standards.{permission}"):
            raise NotPermitted("You may read flags, not decide on them.")
        return request.user


class FlagView(OneFlagView):
    """One flag."""

    @described("One flag", "", answers={200: FlagLine}, refused=(404,))
    def get(self, request: Request, flag: int) -> Response:
        """Show one flag with its decisions."""
        return self.answer(self.seen(flag))


class FlagAcknowledgementView(OneFlagView):
    """Taking a flag on."""

    @described(
        "Acknowledge a flag",
        "The caller takes the question on.",
        answers={200: FlagLine},
        refused=(404, 409),
    )
    def post(self, request: Request, flag: int) -> Response:
        """Acknowledge an open flag."""
        found = self.seen(flag)
        by = self.decider(request, "acknowledge_flag")
        if not acknowledge_flags(Flag.objects.filter(pk=found.pk), by=by):
            raise FlagNotOpen(flag=found.pk, status=found.status)
        return self.answer(self.seen(flag))


class FlagResolutionView(OneFlagView):
    """Answering a flag."""

    @described(
        "Resolve a flag",
        "The answer stands while the reason of the flag does; the verdict is not changed.",
        body={"application/json": Resolution},
        answers={200: FlagLine},
        refused=(400, 404, 409),
    )
    def post(self, request: Request, flag: int) -> Response:
        """Resolve a flag with a reason."""
        found = self.seen(flag)
        by = self.decider(request, "resolve_flag")
        try:
            answer = msgspec.convert(request.data, Resolution)
        except msgspec.ValidationError as error:
            raise InvalidRequest(f"The body cannot be read: {error}.") from None
        return self.answer(resolve_flag(found, by=by, because=answer.because))


def _lines(rows: list[Flag], reader: str) -> list[FlagLine]:
    veiled_reasons(rows, reader)
    decisions: dict[int, list[DecisionLine]] = {}
    for decision in FlagDecision.objects.filter(flag__in=rows).order_by("id"):
        own = bool(decision.by)
        line = DecisionLine(
            decision=decision.decision,
            by=decision.by,
            because=decision.because if own else "",
            decided_at=decision.decided_at,
        )
        decisions.setdefault(decision.flag_id, []).append(line)
    replies = replies_to(rows, reader)
    return [_line(row, decisions.get(row.pk, []), replies[row.pk]) for row in rows]


def _line(row: Flag, decisions: list[DecisionLine], replies: list[Replied]) -> FlagLine:
    return FlagLine(
        id=row.pk,
        club=row.club_id,
        lot=row.lot,
        mineral=row.mineral,
        rule_id=row.rule_id,
        status=row.status,
        severity=row.severity,
        verdict=row.verdict,
        because=row.because,
        raised_on=row.raised_on,
        due_on=row.due_on,
        closed_on=row.closed_on,
        decisions=decisions,
        replies=[reply_line(one.reply, is_known=one.is_known) for one in replies],
    )
