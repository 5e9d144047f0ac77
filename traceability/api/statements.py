"""`/api/v1/statements`, `…/statement-batches`, `…/rejections`: record, and read what was.

What was signed is what is parsed, stored and verified: no serializer touches the bytes.
"""

from datetime import UTC
from typing import Annotated, Any, Literal, TypeVar

import msgspec
import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from msgspec import Meta, Struct
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from traceability import reading, seeing
from traceability.api import auth
from traceability.api.errors import respond, too_large, translated
from traceability.api.lists import (
    LedgerView,
    Page,
    PageParameters,
    page_of,
    parameters,
    told,
)
from traceability.api.schema import described
from traceability.errors import (
    BatchNotRecorded,
    BatchTooLarge,
    DocumentTooLarge,
    InvalidRequest,
    NotPermitted,
    NotSubmittedByAuthor,
    TraceabilityError,
    UnknownStatement,
    UnsupportedContentType,
)
from traceability.http import Caller
from traceability.keeping import service_key
from traceability.ledger.canonical import DOCUMENT_LIMIT, parse_json
from traceability.ledger.entries import utc_text
from traceability.ledger.shapes import Hash, LotId
from traceability.models import Entry, EntrySubject, Rejection, StatementText
from traceability.problems import problem
from traceability.recording import Outcome, Submission, record_statements
from traceability.registering import sign_as_service

T = TypeVar("T")

BATCH_LIMIT = 10_000  # statements
BODY_LIMIT = 4 * DOCUMENT_LIMIT  # bytes of one statement with its disclosures
JOSE, JOSE_JSON, JSON = "application/jose", "application/jose+json", "application/json"


# ── what is answered ──────────────────────────────────────────────────────────────────────


class RecordedStatement(Struct, frozen=True, kw_only=True):
    """A statement was recorded, now or before: `receipt` is signed by the ledger."""

    outcome: Literal["recorded", "duplicate"]
    id: str
    entry: Hash
    receipt: str
    key_held_by: str
    state: str | None = None


class BatchOutcomes(Struct, frozen=True, kw_only=True):
    """What became of each statement, in the order sent; refused ones bring a `problem`."""

    recorded: int
    duplicate: int
    rejected: int
    outcomes: list[dict[str, Any]]


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


# ── what is sent ──────────────────────────────────────────────────────────────────────────


class Signed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A statement as a compact JWS, and the disclosures of what it hides."""

    statement: Annotated[str, Meta(min_length=1)]
    disclosures: list[dict[str, Any]] = []


class Batch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Statements in order; each a compact JWS, a `Signed`, or a plain document.

    `atomic`: record all or none.
    """

    statements: Annotated[list[msgspec.Raw], Meta(min_length=1)]
    atomic: bool = False


# ── one statement: the path that must be lean ─────────────────────────────────────────────


class StatementsView(LedgerView):
    """Record one statement, or list those that may be read."""

    @csrf_exempt  # `_caller` asks a session for its token
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
    )
    def post(self, request: Request) -> HttpResponse:
        """Record a statement: answered by `dispatch`, described here."""
        return _record_one(request._request)


def _record_one(request: HttpRequest) -> HttpResponse:
    try:
        caller = _caller(request)
        submission = _submission(request, caller)
        [outcome] = record_statements([submission], submitted_by=caller.organization)
    except Exception as error:
        known = translated(error, request)
        if known is None:
            raise
        return respond(known)
    if outcome.error is not None:
        return respond(outcome.error, **_named(outcome))
    status = 200 if outcome.is_duplicate else 201
    return HttpResponse(orjson.dumps(outcome.as_json()), status=status, content_type=JSON)


def _caller(request: HttpRequest) -> Caller:
    """Return who sends a statement: the holder of a token, or somebody logged in."""
    caller = auth.bearer(request)
    if caller is None:
        caller = auth.of_user(request.user)
        SessionAuthentication().enforce_csrf(Request(request))
    auth.check_scope(caller, request.method)
    return caller


def _submission(request: HttpRequest, caller: Caller) -> Submission:
    """Return what was sent, signed by the service where it is a plain document."""
    body = request.body
    if len(body) > BODY_LIMIT:
        raise DocumentTooLarge(size_bytes=len(body), limit_bytes=BODY_LIMIT)
    match request.content_type:
        case "application/jose":
            return Submission(jws=body)
        case "application/jose+json":
            return _signed(body)
        case "application/json":
            return _read(body, caller, {})
    raise UnsupportedContentType(
        f"A statement cannot come as {(request.content_type or '')[:60]!r}."
    )


def _read(raw: bytes, caller: Caller, keys: dict[str, Any]) -> Submission:
    """Read one item: a JWS in quotes, a `Signed`, or a document the service signs."""
    if raw[:1] == b'"':
        return Submission(jws=_decoded(raw, str).encode())
    document = parse_json(raw, limit=BODY_LIMIT)
    if "statement" in document:
        return _signed(raw)
    return _sign(document, caller, keys)


def _signed(raw: bytes) -> Submission:
    sent = _decoded(raw, Signed)
    return Submission(jws=sent.statement.encode(), disclosures=tuple(sent.disclosures))


def _sign(document: dict[str, Any], caller: Caller, keys: dict[str, Any]) -> Submission:
    """Sign a document with the key that the service holds for the caller, and for no other.

    Raises:
        NotSubmittedByAuthor, NoServiceKey, NotPermitted: why not.
    """
    author = document.get("author")
    if author != caller.organization:
        raise NotSubmittedByAuthor(author=str(author)[:64])
    if caller.person:
        if document.get("acting_person", caller.person) != caller.person:
            raise NotPermitted("A person signs with the own pseudonym only.")
        document["acting_person"] = caller.person
    if author not in keys:
        keys[author] = service_key(author)
    return sign_as_service(document, key=keys[author])


def _decoded(raw: bytes, shape: type[T]) -> T:
    """Read JSON of a shape.

    Raises:
        InvalidRequest: it is something else.
    """
    try:
        return msgspec.json.decode(raw, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The body cannot be read: {error}.") from None


def _named(outcome: Outcome) -> dict[str, Any]:
    return {"id": str(outcome.statement.id)} if outcome.statement else {}


# ── many statements ───────────────────────────────────────────────────────────────────────


class StatementBatchesView(LedgerView):
    """Record many statements."""

    @described(
        "Record up to 10,000 statements",
        "Applied in order: later items see what earlier ones did. The answer has one outcome per "
        "item, in order. With `atomic` all are recorded or none (409).",
        body={JSON: Batch},
        answers={200: BatchOutcomes},
        refused=(400, 403, 409, 413, 415, 503),
    )
    def post(self, request: Request) -> HttpResponse:
        """Record a batch."""
        if request._request.content_type != JSON:
            raise UnsupportedContentType("A batch comes as application/json.")
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
        if int(request.META.get("CONTENT_LENGTH") or 0) > limit:
            raise too_large(request)
        batch = _batch(request._request.body)
        outcomes = _record_batch(batch, self.caller)
        answer = BatchOutcomes(
            recorded=sum(one["outcome"] == "recorded" for one in outcomes),
            duplicate=sum(one["outcome"] == "duplicate" for one in outcomes),
            rejected=sum(one["outcome"] == "rejected" for one in outcomes),
            outcomes=outcomes,
        )
        if batch.atomic and answer.rejected:
            return respond(BatchNotRecorded(), **msgspec.to_builtins(answer))
        return HttpResponse(msgspec.json.encode(answer), content_type=JSON)


def _batch(body: bytes) -> Batch:
    batch = _decoded(body, Batch)
    if len(batch.statements) > BATCH_LIMIT:
        raise BatchTooLarge(len(batch.statements), BATCH_LIMIT)
    return batch


def _record_batch(batch: Batch, caller: Caller) -> list[dict[str, Any]]:
    """Record what can be understood; what cannot has its own outcome, in its place."""
    keys: dict[str, Any] = {}
    prepared: list[Submission | TraceabilityError] = []
    for place, raw in enumerate(batch.statements):
        try:
            prepared.append(_read(bytes(raw), caller, keys))
        except TraceabilityError as error:
            error.at = f"$.statements[{place}]{error.at.removeprefix('$')}"
            prepared.append(error)

    good = [one for one in prepared if isinstance(one, Submission)]
    if batch.atomic and len(good) < len(prepared):
        return [
            _refused(one if isinstance(one, TraceabilityError) else BatchNotRecorded())
            for one in prepared
        ]
    recorded = iter(record_statements(good, submitted_by=caller.organization, atomic=batch.atomic))
    return [
        _refused(one) if isinstance(one, TraceabilityError) else _told(next(recorded))
        for one in prepared
    ]


def _refused(error: TraceabilityError) -> dict[str, Any]:
    return {"outcome": "rejected", "problem": problem(error)}


def _told(outcome: Outcome) -> dict[str, Any]:
    if outcome.error is None:
        return outcome.as_json()
    return _refused(outcome.error) | _named(outcome)


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
            seeing.note_statement_read(found, reader=caller.organization, person=caller.person)
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
