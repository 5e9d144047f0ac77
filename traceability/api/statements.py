"""`/api/v1/statements`, `…/rejections`: record one statement, and read what was.

What was signed is what is parsed, stored and verified: no serializer touches the bytes.
"""

from datetime import UTC
from typing import Annotated, Any, Literal

import orjson
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from traceability import noting, reading, seeing
from traceability.api import examples
from traceability.api.errors import respond, translated
from traceability.api.lists import (
    LedgerView,
    Page,
    PageParameters,
    page_of,
    parameters,
    told,
)
from traceability.api.schema import described
from traceability.api.submitting import (
    JOSE,
    JOSE_JSON,
    JSON,
    Signed,
    named,
    sender,
    submission_of,
)
from traceability.errors import (
    UnknownStatement,
)
from traceability.http import Caller
from traceability.ledger.entries import utc_text
from traceability.ledger.shapes import Hash, LotId
from traceability.models import Entry, EntrySubject, Rejection, StatementText
from traceability.recording import record_statements

# ── what is answered ──────────────────────────────────────────────────────────────────────


class RecordedStatement(Struct, frozen=True, kw_only=True):
    """A statement was recorded, now or before: `receipt` is signed by the ledger."""

    outcome: Literal["recorded", "duplicate"]
    id: str
    entry: Hash
    receipt: str
    key_held_by: str
    state: str | None = None


class StatementLine(Struct, frozen=True, kw_only=True):
    """A statement in a list."""

    entry: Hash
    id: str
    kind: str
    author: str
    effective: str
    received_at: str
    key_held_by: str
    state: str
    index: int | None
    replaces: Hash | None


class StatementDetail(Struct, frozen=True, kw_only=True):
    """An entry. `body` is the exact text that was hashed: entry hash = SHA-256(0x00 ‖ body).

    `statement` is the JWS as it was sent; null where the caller may not read it, or where it
    was erased.
    """

    entry: Hash
    body: str
    kind: str
    received_at: str
    state: str
    index: int | None
    is_readable: bool
    is_erased: bool
    statement: str | None
    disclosures: list[dict[str, Any]]


class RejectionLine(Struct, frozen=True, kw_only=True):
    """A refused statement of the caller's: what was wrong, where, and what to do."""

    number: int
    id: str
    kind: str
    received_at: str
    problem: dict[str, Any]


class StatementParameters(PageParameters, frozen=True, kw_only=True):
    """Which statements."""

    kind: Annotated[str, Meta(pattern=r"\A[a-z]+\.[a-z_]{1,40}\Z")] | None = None
    lot: LotId | None = None


class RejectionParameters(PageParameters, frozen=True, kw_only=True):
    """Which rejections."""

    code: Annotated[str, Meta(pattern=r"\A[a-z_]{1,60}\Z")] | None = None


# ── one statement: the path that must be lean ─────────────────────────────────────────────


class StatementsView(LedgerView):
    """Record one statement, or list those that may be read."""

    @csrf_exempt  # `sender` asks a session for its token
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Pass a POST by everything that only a list needs."""
        if request.method == "POST":
            return _record_one(request)
        return super().dispatch(request, *args, **kwargs)

    @described(
        "List statements",
        "Newest first: the caller's own, those addressed to it, those opened by a grant.",
        parameters=StatementParameters,
        answers={200: Page[StatementLine]},
    )
    def get(self, request: Request) -> Response:
        """List the statements that the caller may read."""
        asked = parameters(request, StatementParameters)
        rows = seeing.entries_readable_by(self.caller.organization)
        if asked.kind is not None:
            rows = rows.filter(kind=asked.kind)
        if asked.lot is not None:
            lot = seeing.lot_seen_by(asked.lot, self.caller.organization)
            of_lot = EntrySubject.objects.filter(subject=f"lot:{lot.id}")
            rows = rows.filter(recorded_order__in=of_lot.values("recorded_order"))
        return page_of(rows, asked, key="recorded_order", show=_lines, newest_first=True)

    @described(
        "Record one statement",
        "A compact JWS (`application/jose`), the same with disclosures (`application/jose+json`), "
        "or a plain document (`application/json`) where the service holds the caller's key. "
        "The same bytes sent again are answered 200 with the first receipt.",
        body={JOSE: str, JOSE_JSON: Signed, JSON: dict[str, Any]},
        answers={200: RecordedStatement, 201: RecordedStatement},
        refused=(400, 403, 404, 409, 413, 415, 503),
        sent={JOSE_JSON: examples.SIGNED, JSON: examples.DOCUMENT},
        answered=examples.RECORDED,
    )
    def post(self, request: Request) -> HttpResponse:
        """Record a statement: answered by `dispatch`, described here."""
        return _record_one(request._request)


def _record_one(request: HttpRequest) -> HttpResponse:
    try:
        caller = sender(request)
        submission = submission_of(request, caller)
        [outcome] = record_statements([submission], submitted_by=caller.organization)
    except Exception as error:
        known = translated(error, request)
        if known is None:
            raise
        return respond(known)
    if outcome.error is not None:
        return respond(outcome.error, **named(outcome))
    status = 200 if outcome.is_duplicate else 201
    return HttpResponse(orjson.dumps(outcome.as_json()), status=status, content_type=JSON)


# ── reading ───────────────────────────────────────────────────────────────────────────────


class StatementView(LedgerView):
    """One entry by its hash."""

    @described(
        "One entry",
        "With the signed statement where the caller may read it. An entry on the chain of a lot "
        "that the caller sees is shown without. Reading another company's statement is recorded.",
        answers={200: StatementDetail},
        refused=(404,),
    )
    def get(self, request: Request, entry: str) -> Response:
        """Show one entry."""
        caller = self.caller
        found = Entry.objects.filter(hash=entry).first()
        if found is None:
            raise UnknownStatement(entry, at="")
        is_readable = bool(seeing.readable_orders(caller.organization, [found.recorded_order]))
        if not is_readable and not _is_on_a_seen_lot(found, caller):
            raise UnknownStatement(entry, at="")
        text = StatementText.objects.filter(recorded_order=found.recorded_order).first()
        if is_readable:
            noting.note_statement_read(found, reader=caller.organization, person=caller.person)
        return told(_detail(found, text, is_readable=is_readable))


def _is_on_a_seen_lot(entry: Entry, caller: Caller) -> bool:
    subjects = EntrySubject.objects.filter(
        recorded_order=entry.recorded_order, subject__startswith="lot:"
    )
    lots = [subject.removeprefix("lot:") for subject in subjects.values_list("subject", flat=True)]
    return seeing.lots_seen_by(caller.organization).filter(id__in=lots).exists()


def _detail(entry: Entry, text: StatementText | None, *, is_readable: bool) -> StatementDetail:
    stands = reading.standings([entry.recorded_order])[entry.recorded_order]
    shown = text if is_readable else None
    return StatementDetail(
        entry=entry.hash,
        body=entry.body,
        kind=entry.kind,
        received_at=utc_text(entry.received_at),
        state=stands.state,
        index=stands.index,
        is_readable=is_readable,
        is_erased=text is None,
        statement=shown.jws if shown else None,
        disclosures=shown.disclosures if shown else [],
    )


def _lines(entries: list[Entry]) -> list[StatementLine]:
    stands = reading.standings(entry.recorded_order for entry in entries)
    return [
        StatementLine(
            entry=entry.hash,
            id=str(entry.statement_id),
            kind=entry.kind,
            author=entry.author,
            effective=entry.effective,
            received_at=utc_text(entry.received_at),
            key_held_by=entry.held_by,
            state=stands[entry.recorded_order].state,
            index=stands[entry.recorded_order].index,
            replaces=entry.replaces,
        )
        for entry in entries
    ]


class RejectionsView(LedgerView):
    """What was refused."""

    @described(
        "List rejections",
        "The caller's own, newest first: nothing of them was recorded.",
        parameters=RejectionParameters,
        answers={200: Page[RejectionLine]},
    )
    def get(self, request: Request) -> Response:
        """List the caller's own refused statements."""
        asked = parameters(request, RejectionParameters)
        rows = Rejection.objects.filter(author=self.caller.organization)
        if asked.code is not None:
            rows = rows.filter(code=asked.code)
        return page_of(rows, asked, key="id", show=_rejections, newest_first=True)


def _rejections(rows: list[Rejection]) -> list[RejectionLine]:
    return [
        RejectionLine(
            number=row.pk,
            id=row.statement_id,
            kind=row.kind,
            received_at=utc_text(row.received_at.astimezone(UTC)),
            problem=row.problem,
        )
        for row in rows
    ]
