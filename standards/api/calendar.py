"""`/api/v1/calendar`: what runs out or falls due, and what that touches."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct, field
from rest_framework.request import Request
from rest_framework.response import Response

from standards.schedule import Asked, DueLine, calendar_of
from traceability import seeing
from traceability.api.lists import LedgerView, Page, PageParameters, parameters, told
from traceability.api.schema import described
from traceability.errors import InvalidRequest
from traceability.ledger.shapes import FacilityId, Hash, LotId, OrganizationId, Word

Kind = Literal["expiry", "surveillance", "next_action", "plan", "register", "declaration"]


class CitedLine(Struct, frozen=True, kw_only=True):
    """A parameter that a day follows from, or that is unset; `status` is the legal one."""

    key: str
    source: str
    url: str
    status: str
    verification: str


class CalendarLine(Struct, frozen=True, kw_only=True):
    """A day on which something runs out or falls due; the last good day, that day included.

    `on` is null where it cannot be told; then `missing` names what would tell it. `about` is a
    certificate or declaration, or the scheme of a register. `club` is set where the day follows
    from a club's own parameters. `lots` and `clubs` are those the caller may see.
    """

    on: date | None
    kind: Kind
    about: str
    detail: str | None
    scheme: str | None
    facility: str | None
    organization: str | None
    basis: Literal["stated", "derived", "unset"]
    because: str
    missing: str | None
    club: str | None
    lots: list[str]
    clubs: list[str]
    cites: list[CitedLine]
    entry: Hash


class CalendarParameters(PageParameters, frozen=True, kw_only=True):
    """Which days; both ends are included, and what has no day is left out by neither."""

    first: Annotated[date | None, Meta(description="the first day")] = field(
        name="from", default=None
    )
    last: Annotated[date | None, Meta(description="the last day")] = field(
        name="until", default=None
    )
    kind: Kind | None = None
    scheme: Word | None = None
    facility: FacilityId | None = None
    club: OrganizationId | None = None
    lot: LotId | None = None
    dated: Annotated[
        bool | None, Meta(description="only what has a day, or only what has none")
    ] = None


class CalendarView(LedgerView):
    """What runs out or falls due."""

    @described(
        "What runs out or falls due",
        "By day; what has none comes last. Of certificates about sites whose names are open to "
        "the caller, of registers, and of declarations it may read. Days are as stated, else "
        "derived from the scheme's terms in the active packs and the caller's clubs' policies; "
        "a term that nobody has filled in is told as unset. Derived when asked: what was renewed "
        "has another day, or none.",
        parameters=CalendarParameters,
        answers={200: Page[CalendarLine]},
    )
    def get(self, request: Request) -> Response:
        """List what runs out or falls due."""
        asked = parameters(request, CalendarParameters)
        wanted = Asked(
            first=asked.first,
            last=asked.last,
            kind=asked.kind,
            scheme=asked.scheme,
            facility=asked.facility,
            club=asked.club,
            lot=asked.lot,
            is_dated=asked.dated,
        )
        lines = calendar_of(self.caller.organization, wanted, on=seeing.today())
        if asked.cursor is not None:
            after = _order_of(asked.cursor)
            lines = [line for line in lines if line.order > after]
        shown = lines[: asked.limit]
        following = shown[-1].key if len(lines) > asked.limit else None
        return told(Page(items=[_line(one) for one in shown], next=following))


def _order_of(cursor: str) -> tuple[bool, str]:
    day, _, digest = cursor.partition(":")
    if len(digest) != 16 or len(day) not in (len("unset"), len("2026-12-01")):
        raise InvalidRequest("The cursor is not of this list.", at="cursor")
    return day == "unset", cursor


def _line(line: DueLine) -> CalendarLine:
    due = line.due
    return CalendarLine(
        on=due.on,
        kind=due.kind,
        about=due.about,
        detail=due.detail or None,
        scheme=due.scheme or None,
        facility=due.facility or None,
        organization=due.organization or None,
        basis=due.basis,
        because=due.because,
        missing=due.missing or None,
        club=due.club or None,
        lots=list(line.lots),
        clubs=list(line.clubs),
        cites=[
            CitedLine(
                key=one.key,
                source=one.source,
                url=one.url,
                status=one.status,
                verification=one.verification,
            )
            for one in due.cites
        ],
        entry=due.entry,
    )
