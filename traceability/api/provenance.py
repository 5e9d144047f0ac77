"""`/api/v1/lots/{id}/provenance`: whose metal is in a lot, as far as the caller may know."""

from typing import Annotated

from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from traceability import seeing
from traceability.api import examples
from traceability.api.lists import LedgerView, Parameters, parameters, told
from traceability.api.lots import note
from traceability.api.schema import described
from traceability.tracing import size_known_at
from traceability.upstream import Provenance, provenance_of


class ProvenanceParameters(Parameters, frozen=True, kw_only=True):
    """What was known when, and how far up to tell lots and hops."""

    known_at: (
        Annotated[int, Meta(ge=0, le=2**53 - 1, description="a log size; the newest if left out")]
        | None
    ) = None
    depth: Annotated[int, Meta(description="how many steps up; all if left out")] | None = None


class ProvenanceView(LedgerView):
    """Where a lot's metal is from."""

    @described(
        "Provenance of a lot",
        "Per element: sources with exact shares, and where it went through each stage; then the "
        "lots it came of and every event upstream. What is unknown is a source of its own and is "
        "never spread over the others. Lots that the caller may not see are counted, not named.",
        parameters=ProvenanceParameters,
        answers={200: Provenance},
        refused=(404,),
        answered=examples.PROVENANCE,
    )
    def get(self, request: Request, lot: str) -> Response:
        """Tell where a lot's metal is from."""
        asked, caller = parameters(request, ProvenanceParameters), self.caller
        found = seeing.lot_seen_by(lot, caller.organization)
        answer = provenance_of(
            lot,
            size=size_known_at(asked.known_at),
            reader=caller.organization,
            depth=asked.depth,
        )
        note(found, caller, "provenance")
        return told(answer)
