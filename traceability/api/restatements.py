"""`/api/v1/restatements`: lots that, as now known, gave more than they held."""

from datetime import date

from msgspec import Struct
from rest_framework.request import Request
from rest_framework.response import Response

from traceability import seeing
from traceability.api.lists import LedgerView, Page, PageParameters, page_of, parameters
from traceability.api.schema import described
from traceability.ledger.shapes import Hash, LotId
from traceability.models import Lot
from traceability.restatements import Restatement, restated, restatements


class RestatementLine(Struct, frozen=True, kw_only=True):
    """A lot that gave more than it held, at any time, also where it was counted since.

    `shortfall` counts whole milligrams or pieces (`unit`), as text.
    `because` is the correction or void that last changed it, on the day it speaks of.
    `affected` are lots made of it that the caller may see, `elsewhere` counts the others:
    part of what they hold is of unknown source until the lot is covered.
    """

    lot: LotId
    shortfall: str
    unit: str
    because: Hash | None
    on: date | None
    affected: list[LotId]
    elsewhere: int


class RestatementsView(LedgerView):
    """Lots that are restated."""

    @described(
        "List restatements",
        "Lots that the caller has, owns or audits and that gave more than, as now known, they "
        "held: by how much, by which amendment, and the lots made of them.",
        parameters=PageParameters,
        answers={200: Page[RestatementLine]},
    )
    def get(self, request: Request) -> Response:
        """List restated lots."""
        asked, reader = parameters(request, PageParameters), self.caller.organization
        rows = restated(seeing.lots_seen_by(reader))

        def show(lots: list[Lot]) -> list[RestatementLine]:
            return [_line(one) for one in restatements(lots, reader)]

        return page_of(rows, asked, key="id", show=show)


def _line(one: Restatement) -> RestatementLine:
    because = one.because
    return RestatementLine(
        lot=one.lot.id,
        shortfall=str(one.shortfall),
        unit=one.lot.unit,
        because=because.hash if because else None,
        on=because.effective_on if because else None,
        affected=list(one.affected),
        elsewhere=one.elsewhere,
    )
