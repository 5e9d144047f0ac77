"""`/api/v1/statement-batches`: many statements in one transaction, one outcome each."""

from typing import Annotated, Any

import msgspec
from django.conf import settings
from django.http import HttpResponse
from msgspec import Meta, Struct
from rest_framework.request import Request

from traceability.api import examples
from traceability.api.errors import respond, too_large
from traceability.api.lists import LedgerView
from traceability.api.schema import described
from traceability.api.submitting import JSON, decoded, named, read_item
from traceability.errors import (
    BatchNotRecorded,
    BatchTooLarge,
    TraceabilityError,
    UnsupportedContentType,
)
from traceability.http import Caller
from traceability.outcomes import Outcome, Submission, sign_receipts
from traceability.problems import problem
from traceability.recording import record_statements

BATCH_LIMIT = 10_000  # statements


class BatchOutcomes(Struct, frozen=True, kw_only=True):
    """What became of each statement, in the order sent; refused ones bring a `problem`."""

    recorded: int
    duplicate: int
    rejected: int
    outcomes: list[dict[str, Any]]


class Batch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Statements in order; each a compact JWS, a `Signed`, or a plain document.

    `atomic`: record all or none.
    """

    statements: Annotated[list[msgspec.Raw], Meta(min_length=1)]
    atomic: bool = False


class StatementBatchesView(LedgerView):
    """Record many statements."""

    @described(
        "Record up to 10,000 statements",
        "Applied in order: later items see what earlier ones did. The answer has one outcome per "
        "item, in order. With `atomic` all are recorded or none (409).",
        body={JSON: Batch},
        answers={200: BatchOutcomes},
        refused=(400, 403, 409, 413, 415, 503),
        sent={JSON: examples.BATCH},
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
    batch = decoded(body, Batch)
    if len(batch.statements) > BATCH_LIMIT:
        raise BatchTooLarge(len(batch.statements), BATCH_LIMIT)
    return batch


def _record_batch(batch: Batch, caller: Caller) -> list[dict[str, Any]]:
    """Record what can be understood; what cannot has its own outcome, in its place."""
    keys: dict[str, Any] = {}
    prepared: list[Submission | TraceabilityError] = []
    for place, raw in enumerate(batch.statements):
        try:
            prepared.append(read_item(bytes(raw), caller, keys))
        except TraceabilityError as error:
            error.at = f"$.statements[{place}]{error.at.removeprefix('$')}"
            prepared.append(error)

    good = [one for one in prepared if isinstance(one, Submission)]
    if batch.atomic and len(good) < len(prepared):
        return [
            _refused(one if isinstance(one, TraceabilityError) else BatchNotRecorded())
            for one in prepared
        ]
    outcomes = record_statements(
        good, submitted_by=caller.organization, atomic=batch.atomic, receipts=True
    )
    sign_receipts(outcomes)
    recorded = iter(outcomes)
    return [
        _refused(one) if isinstance(one, TraceabilityError) else _told(next(recorded))
        for one in prepared
    ]


def _refused(error: TraceabilityError) -> dict[str, Any]:
    return {"outcome": "rejected", "problem": problem(error)}


def _told(outcome: Outcome) -> dict[str, Any]:
    if outcome.error is None:
        return outcome.as_json()
    return _refused(outcome.error) | named(outcome)
