"""`/api/v1/facilities/{id}/recall` and `/api/v1/lots/{id}/descendants`: what came of it.

Both answers are streamed as they are made: one JSON document, or lines of JSON.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from django.http import StreamingHttpResponse
from msgspec import Meta, field
from rest_framework.request import Request

from traceability.api import examples
from traceability.api.lists import LedgerView, Parameters, parameters
from traceability.api.schema import described
from traceability.downstream import Descent, Recall, Telling, descent_of, recall_of
from traceability.ledger.effective import parse_day
from traceability.tracing import size_known_at

_LINES = "application/x-ndjson"


class DescentParameters(Parameters, frozen=True, kw_only=True):
    """What was known when, how far down, of what, and in which form it is answered."""

    known_at: (
        Annotated[int, Meta(ge=0, le=2**53 - 1, description="a log size; the newest if left out")]
        | None
    ) = None
    depth: Annotated[int, Meta(description="how many steps down; all if left out")] | None = None
    element: (
        Annotated[
            str,
            Meta(
                max_length=20,
                description="one to follow; those the first lots are known for if left out",
            ),
        ]
        | None
    ) = None
    form: Annotated[
        Literal["document", "lines"],
        Meta(description="one JSON document, or a line of JSON for the question, each lot, totals"),
    ] = "document"


class RecallParameters(DescentParameters, frozen=True, kw_only=True):
    """The day, and what goes for every question downstream."""

    since: Annotated[
        str,
        Meta(
            description="the first calendar day, local to the facility, YYYY-MM-DD; an event that "
            "lasted into it counts whole",
            extra_json_schema={"format": "date"},
        ),
    ] = field(name="from")


class RecallView(LedgerView):
    """What is hit if a facility is out."""

    @described(
        "Recall a facility",
        "If this facility is out from a day on: every lot that holds something made at it, or "
        "shipped from it, from that day on; at what share of each element, where and with whom "
        "it is now. What was only received or weighed there is not of it. An event counts by the "
        "day on which it began. Holder and state are those of now. Lots on the way that the "
        "caller may not see are counted, not named; companies whose lots are told learn of it.",
        parameters=RecallParameters,
        answers={200: Recall, (200, _LINES): dict[str, Any]},
        refused=(404,),
        answered=examples.RECALL,
    )
    def get(self, request: Request, facility: str) -> StreamingHttpResponse:
        """Tell what is hit if a facility is out from a day on."""
        asked, caller = parameters(request, RecallParameters), self.caller
        telling = recall_of(
            facility,
            since=parse_day(asked.since, at="from"),
            size=size_known_at(asked.known_at),
            reader=caller.organization,
            person=caller.person,
            elements=[asked.element] if asked.element is not None else [],
            depth=asked.depth,
        )
        return _streamed(telling, asked.form)


class LotDescendantsView(LedgerView):
    """What came of a lot."""

    @described(
        "Descendants of a lot",
        "Every lot that holds something of this one, with its share of each element, as for a "
        "recall of a facility.",
        parameters=DescentParameters,
        answers={200: Descent, (200, _LINES): dict[str, Any]},
        refused=(404,),
    )
    def get(self, request: Request, lot: str) -> StreamingHttpResponse:
        """Tell what came of a lot."""
        asked, caller = parameters(request, DescentParameters), self.caller
        telling = descent_of(
            lot,
            size=size_known_at(asked.known_at),
            reader=caller.organization,
            person=caller.person,
            elements=[asked.element] if asked.element is not None else [],
            depth=asked.depth,
        )
        return _streamed(telling, asked.form)


def _streamed(telling: Telling, form: str) -> StreamingHttpResponse:
    pieces: Iterator[bytes] = telling.as_lines() if form == "lines" else telling.as_json()
    media = _LINES if form == "lines" else "application/json"
    response = StreamingHttpResponse(pieces, content_type=media)
    response["Cache-Control"] = "private, no-store"
    return response
