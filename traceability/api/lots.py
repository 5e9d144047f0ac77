"""`/api/v1/lots`: the lots a caller sees, one lot with its history, its proof bundle."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from django.http import HttpResponse
from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from traceability import noting, reading, seeing
from traceability.api import examples
from traceability.api.lists import LedgerView, Page, PageParameters, page_of, parameters, told
from traceability.api.schema import described
from traceability.bundling import build_bundle
from traceability.http import Caller
from traceability.ledger.entries import utc_text
from traceability.ledger.shapes import Country, FacilityId, Hash, OrganizationId, Word
from traceability.models import Entry, EntrySubject, Facility, Lot, Movement

MOST_EVENTS = 500
PASSED_ON = "passed_on"


# ── what is answered ──────────────────────────────────────────────────────────────────────


class Owner(Struct, frozen=True, kw_only=True):
    """An owner's parts. `organization` is null where it may not be named, or has no key."""

    organization: str | None
    parts: int
    element: str | None


class LotLine(Struct, frozen=True, kw_only=True):
    """A lot as it stands. What a former holder may not know of it is null (`passed_on`).

    `amount` counts whole milligrams or pieces (`unit`), as text; below zero the lot is
    restated: it gave more than, as now known, it ever held.
    """

    id: str
    material: str
    form: str
    basis: str
    unit: str
    state: Annotated[str, Meta(description="held, in_transit, exited, passed_on")]
    amount: str | None
    custodian: str | None
    facility: str | None
    country: Country | None
    consignment: str | None
    consignee: str | None
    owners: list[Owner] | None


class LotEvent(Struct, frozen=True, kw_only=True):
    """Something that happened to the lot. Names are null where they are not open to the caller.

    `kind` is that of the event that an amendment stands for; `is_replaced` says that a later
    amendment took its place. `delta` is what it did to the lot's amount.
    """

    entry: Hash
    kind: str
    stage: str | None
    country: Country | None
    on: date
    received_at: str
    state: str
    index: int | None
    organization: str | None
    facility: str | None
    delta: str | None
    is_readable: bool
    replaces: Hash | None
    is_replaced: bool


class LotDetail(Struct, frozen=True, kw_only=True):
    """A lot and its newest events, oldest first. `is_complete`: there are no older ones."""

    lot: LotLine
    history: list[LotEvent]
    is_complete: bool


class LotParameters(PageParameters, frozen=True, kw_only=True):
    """Which lots.

    `custodian`, `state` and `facility` find lots that the caller has, owns in part or is to
    receive: how those of others stand is theirs to tell.
    """

    custodian: OrganizationId | None = None
    state: Literal["held", "in_transit", "exited"] | None = None
    facility: FacilityId | None = None
    material: Word | None = None
    creator: (
        Annotated[
            OrganizationId, Meta(description="the organization whose name space the lot is in")
        ]
        | None
    ) = None


# ── views ─────────────────────────────────────────────────────────────────────────────────


class LotsView(LedgerView):
    """Lots the caller sees."""

    @described(
        "List lots",
        "Held now or before, owned, on their way to the caller, opened or granted to it.",
        parameters=LotParameters,
        answers={200: Page[LotLine]},
    )
    def get(self, request: Request) -> Response:
        """List lots."""
        asked, caller = parameters(request, LotParameters), self.caller
        rows = seeing.lots_seen_by(caller.organization)
        if asked.material is not None:
            rows = rows.filter(material=asked.material)
        if asked.creator is not None:
            rows = rows.filter(id__startswith=f"{asked.creator}:")
        state = {
            name: value
            for name in ("custodian", "state", "facility")
            if (value := getattr(asked, name)) is not None
        }
        if state and not caller.is_operator:  # a filter tells no more than the list does
            rows = seeing.held_by(rows, caller.organization)
        rows = rows.filter(**state)
        return page_of(rows, asked, key="id", show=lambda found: _shown(found, caller))


class LotView(LedgerView):
    """One lot."""

    @described(
        "One lot with its history",
        "State, owners, and the events on its own chain. Of events by others it says stage, "
        "country and day; names only where they were opened. Reading another company's lot is "
        "recorded and shown to it.",
        answers={200: LotDetail},
        refused=(404,),
        answered=examples.LOT,
    )
    def get(self, request: Request, lot: str) -> Response:
        """Show one lot."""
        caller = self.caller
        found = seeing.lot_seen_by(lot, caller.organization)
        [line] = _shown([found], caller)
        events, is_complete = _history(found, caller, in_full=line.state != PASSED_ON)
        return told(LotDetail(lot=line, history=events, is_complete=is_complete))


class LotBundleView(LedgerView):
    """The proof of one lot's history."""

    @described(
        "Proof bundle of a lot",
        "One file that `traceability-verify` checks offline, made for the caller: hops that it "
        "may not read are blinded.",
        answers={200: dict[str, Any]},
        refused=(404,),
    )
    def get(self, request: Request, lot: str) -> HttpResponse:
        """Answer the bundle of one lot, byte for byte as it verifies."""
        caller = self.caller
        found = seeing.lot_seen_by(lot, caller.organization)
        reader = None if caller.is_operator else caller.organization
        bundle = build_bundle(lot, reader=reader)
        note(found, caller, "bundle")
        response = HttpResponse(bundle, content_type="application/json")
        name = lot.replace(":", "-")
        response["Content-Disposition"] = f'attachment; filename="{name}.bundle.json"'
        response["Cache-Control"] = "private, no-store"
        return response


def note(lot: Lot, caller: Caller, what: str) -> None:
    """Write down that the caller read a lot."""
    noting.note_reading([lot], reader=caller.organization, what=what, person=caller.person)


# ── rows to shapes ────────────────────────────────────────────────────────────────────────


def _shown(lots: list[Lot], caller: Caller) -> list[LotLine]:
    """Return lots as the caller may see them, and write down that they were read."""
    reader = caller.organization
    names = seeing.names_open_to(reader)
    in_full = seeing.lots_seen_in_full(lots, reader)
    places = {lot.facility for lot in lots if lot.id in in_full}
    countries = dict(Facility.objects.filter(id__in=places - {None}).values_list("id", "country"))
    noting.note_reading(lots, reader=reader, what="lot", person=caller.person)
    return [
        _line(lot, reader, names, countries) if lot.id in in_full else _passed_on(lot)
        for lot in lots
    ]


def _passed_on(lot: Lot) -> LotLine:
    return LotLine(
        id=lot.id,
        material=lot.material,
        form=lot.form,
        basis=lot.basis,
        unit=lot.unit,
        state=PASSED_ON,
        amount=None,
        custodian=None,
        facility=None,
        country=None,
        consignment=None,
        consignee=None,
        owners=None,
    )


def _line(lot: Lot, reader: str, names: seeing.OpenNames, countries: Mapping[str, str]) -> LotLine:
    has_custody = lot.custodian == reader
    return LotLine(
        id=lot.id,
        material=lot.material,
        form=lot.form,
        basis=lot.basis,
        unit=lot.unit,
        state=lot.state,
        amount=str(lot.amount),
        custodian=lot.custodian,
        facility=lot.facility if has_custody or names.has_facility(lot.facility) else None,
        country=countries.get(lot.facility or ""),
        consignment=lot.consignment,
        consignee=lot.consignee
        if has_custody or lot.consignee == reader or names.has_organization(lot.consignee)
        else None,
        owners=[_owner(share, has_custody, names) for share in lot.owners],
    )


def _owner(share: Mapping[str, Any], has_custody: bool, names: seeing.OpenNames) -> Owner:  # noqa: FBT001
    name = share["owner"].get("organization")
    return Owner(
        organization=name if has_custody or names.has_organization(name) else None,
        parts=share["parts"],
        element=share.get("element"),
    )


def _history(lot: Lot, caller: Caller, *, in_full: bool) -> tuple[list[LotEvent], bool]:
    """Return the newest events of a lot, oldest first, and whether these are all.

    A former holder sees those it may read: what a buyer did later is the buyer's.
    """
    chain = EntrySubject.objects.filter(subject=f"lot:{lot.id}").order_by("-recorded_order")
    orders = list(chain.values_list("recorded_order", flat=True)[: MOST_EVENTS + 1])
    is_complete, orders = len(orders) <= MOST_EVENTS, orders[:MOST_EVENTS]
    readable = seeing.readable_orders(caller.organization, orders)
    shown = orders if in_full else [order for order in orders if order in readable]
    entries = list(Entry.objects.filter(recorded_order__in=shown).order_by("recorded_order"))
    return _events(lot, entries, readable, caller), is_complete


def _events(lot: Lot, entries: list[Entry], readable: set[int], caller: Caller) -> list[LotEvent]:
    orders = [entry.recorded_order for entry in entries]
    names = seeing.names_open_to(caller.organization)
    stands = reading.standings(orders)
    places = {entry.facility for entry in entries} - {None}
    countries = dict(Facility.objects.filter(id__in=places).values_list("id", "country"))
    deltas: dict[int, int] = {}
    for order, delta in Movement.objects.filter(lot=lot.id, recorded_order__in=orders).values_list(
        "recorded_order", "delta"
    ):
        deltas[order] = deltas.get(order, 0) + delta
    replaced = {entry.replaces for entry in entries}
    return [
        LotEvent(
            entry=entry.hash,
            kind=entry.event or entry.kind,
            stage=entry.stage,
            country=countries.get(entry.facility or ""),
            on=entry.effective_on,
            received_at=utc_text(entry.received_at),
            state=stands[entry.recorded_order].state,
            index=stands[entry.recorded_order].index,
            organization=_if(may_read or names.has_organization(entry.author), entry.author),
            facility=_if(may_read or names.has_facility(entry.facility), entry.facility),
            delta=_if(may_read, str(deltas.get(entry.recorded_order, 0))),
            is_readable=may_read,
            replaces=entry.replaces,
            is_replaced=entry.hash in replaced,
        )
        for entry in entries
        for may_read in [entry.recorded_order in readable]
    ]


def _if(shown: bool, value: str | None) -> str | None:  # noqa: FBT001
    return value if shown else None
