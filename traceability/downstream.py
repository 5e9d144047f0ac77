"""Downstream of a lot or a facility: what came of it, who has it, at what share; for one reader.

The answer is made line by line, so that a recall of a hundred thousand lots needs no more
memory than one of ten. A line is told of a lot that the reader may see (DESIGN 3.5): its own
and those it held, those opened or granted to it; the operator's staff see all. Where a lot went
from there is told as far as the reader's own shipments go: its direct customers. Lots between
the beginning and those told that the reader may not see are counted, not named.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any

import msgspec
from msgspec import Struct

from traceability import noting, seeing
from traceability.descending import elements_of, lots_of_facility, passages
from traceability.errors import UnknownElement
from traceability.ledger.elements import is_element
from traceability.ledger.lineage import Ways, check_depth
from traceability.ledger.recall import Hit, OfFacility, OfLot, Portion, Question, recalled
from traceability.ledger.shapes import Country
from traceability.models import Entry, Facility, Movement
from traceability.shares import Share, share_of
from traceability.tallying import Tally, Totals

_AT_ONCE = 1_000  # lots; what one turn of look-ups is for
PASSED_ON = "passed_on"


# ── what is answered ──────────────────────────────────────────────────────────────────────


class ElementHit(Struct, frozen=True, kw_only=True):
    """How much of an element in a lot is hit: for certain, and at most, of what was made of it.

    `low_mg` and `high_mg` are the whole of it; `hit_mg` and `at_most_mg`, and the shares, are of
    `high_mg`. More than certain may be hit where an amount on the way was not measured, or came
    out larger than what went in.
    """

    element: str
    low_mg: str
    high_mg: str
    hit_mg: str
    at_most_mg: str
    share: Share | None
    share_at_most: Share | None


class HitLine(Struct, frozen=True, kw_only=True):
    """A lot that is hit. What the reader may not know of it is null (state `passed_on`).

    `depth` counts steps from where the question begins, the shortest way. `is_apart`: a
    recovery lies on every way, at which the metal began anew. `entry`, `kind` and so on are of
    the event that made it, null where that was voided since. `made` and `left` are gross, in
    `unit`. `sent_to` are the companies that the reader itself shipped it to.
    """

    lot: str
    depth: int
    is_apart: bool
    entry: str | None
    kind: str | None
    stage: str | None
    country: Country | None
    on: date | None
    material: str
    form: str
    unit: str
    state: str
    made: str | None
    left: str | None
    holder: str | None
    facility: str | None
    sent_to: list[str]
    product: dict[str, Any] | None
    elements: list[ElementHit]

    def as_text(self) -> str:
        """Return the line as a terminal shows it."""
        shares = " ".join(
            f"{one.element} {one.share.percent} %" for one in self.elements if one.share
        )
        return f"{self.depth:6} {self.lot}  {self.holder or self.state}  {shares}"


class RecallHead(Struct, frozen=True, kw_only=True):
    """The question after a facility."""

    facility: str
    from_: date = msgspec.field(name="from")
    log_size: int
    elements: list[str]


class DescentHead(Struct, frozen=True, kw_only=True):
    """The question after one lot."""

    lot: str
    log_size: int
    elements: list[str]


class Recall(RecallHead, frozen=True, kw_only=True):
    """What is hit if a facility is out from a day on, as known at a log size."""

    lots: list[HitLine]
    totals: Totals


class Descent(DescentHead, frozen=True, kw_only=True):
    """What came of one lot, as known at a log size."""

    lots: list[HitLine]
    totals: Totals


# ── questions ─────────────────────────────────────────────────────────────────────────────


def recall_of(
    facility: str,
    *,
    since: date,
    size: int,
    reader: str,
    person: str | None = None,
    elements: Sequence[str] = (),
    depth: int | None = None,
) -> "Telling":
    """Return what is hit if a facility is out from a day on, as known below a log size.

    Args:
        reader: an organization; the operator's own sees all.
        person: the pseudonym to note as reader, empty for a machine; None notes nothing.
        elements: those to follow; those the facility's lots are known for where none is named.
        depth: how many steps down lots are told; all where None.

    Raises:
        UnknownFacility: there is none, or the reader may not name it.
        UnknownElement, DepthOutOfRange: named for the fact.
    """
    _check(elements, depth)
    seeing.facility_named_to(facility, reader)
    lots = lots_of_facility(facility, since=since)
    followed = sorted(elements or elements_of(lots, size=size))
    return _telling(
        RecallHead(facility=facility, from_=since, log_size=size, elements=followed),
        OfFacility(facility=facility, since=since),
        lots,
        about=facility,
        reader=reader,
        person=person,
        depth=depth,
    )


def descent_of(
    lot: str,
    *,
    size: int,
    reader: str,
    person: str | None = None,
    elements: Sequence[str] = (),
    depth: int | None = None,
) -> "Telling":
    """Return what came of a lot, as known below a log size; arguments as for `recall_of`.

    Raises:
        UnknownLot: there is none, or the reader may not see it.
        UnknownElement, DepthOutOfRange: named for the fact.
    """
    _check(elements, depth)
    seeing.lot_seen_by(lot, reader)
    followed = sorted(elements or elements_of([lot], size=size))
    return _telling(
        DescentHead(lot=lot, log_size=size, elements=followed),
        OfLot(lot=lot),
        [lot],
        about=lot,
        reader=reader,
        person=person,
        depth=depth,
    )


def _check(elements: Sequence[str], depth: int | None) -> None:
    check_depth(depth)
    for name in elements:
        if not is_element(name):
            raise UnknownElement(symbol=name, at="element")


def _telling(
    head: RecallHead | DescentHead,
    question: Question,
    lots: Sequence[str],
    *,
    about: str,
    reader: str,
    person: str | None,
    depth: int | None,
) -> "Telling":
    ways = Ways()
    told = passages(lots, size=head.log_size, elements=head.elements)
    return Telling(
        head=head,
        about=about,
        found=recalled(question, told, elements=head.elements, ways=ways),
        ways=ways,
        reader=reader,
        person=person,
        depth=depth,
    )


# ── telling, line by line ─────────────────────────────────────────────────────────────────


@dataclass(slots=True, kw_only=True)
class Telling:
    """An answer on its way to one reader: `lines` first, `totals` once they are all told."""

    head: RecallHead | DescentHead
    about: str
    found: Iterator[Hit]  # read as lines are told, once
    ways: Ways
    reader: str
    person: str | None  # who is noted as having read; None at the console
    depth: int | None
    names: seeing.OpenNames = field(init=False)
    is_complete: bool = True
    _owners: set[str] = field(default_factory=set)
    _tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        """Look up once what the reader may name."""
        self.names = seeing.names_open_to(self.reader)

    def lines(self) -> Iterator[HitLine]:
        """Yield a line per lot that the reader may see, as soon as all of its story is read."""
        while chunk := list(islice(self.found, _AT_ONCE)):
            yield from self._lines(chunk)

    def totals(self) -> Totals:
        """Return all lines together."""
        return self._tally.totals(
            blinded=self.ways.untold(), is_complete=self.is_complete, reader=self.reader
        )

    def as_json(self) -> Iterator[bytes]:
        """Yield the answer as one JSON document, piece by piece."""
        yield msgspec.json.encode(self.head)[:-1] + b',"lots":['
        before = b"\n"
        for line in self.lines():
            yield before + msgspec.json.encode(line)
            before = b",\n"
        yield b'\n],"totals":' + msgspec.json.encode(self.totals()) + b"}\n"

    def as_lines(self) -> Iterator[bytes]:
        """Yield the answer as lines of JSON: the question, the lots, the totals."""
        yield msgspec.json.encode({"question": self.head}) + b"\n"
        for line in self.lines():
            yield msgspec.json.encode({"lot": line}) + b"\n"
        yield msgspec.json.encode({"totals": self.totals()}) + b"\n"

    def _lines(self, chunk: Sequence[Hit]) -> Iterator[HitLine]:
        visible = seeing.lots_seen_by(self.reader).filter(id__in=[hit.lot for hit in chunk])
        rows = visible.order_by().values_list(*_Lot.__struct_fields__)
        lots = {lot.id: lot for lot in (_Lot(*row) for row in rows)}
        chunk = [hit for hit in chunk if hit.lot in lots and self._is_told(hit)]
        self._note([lots[hit.lot] for hit in chunk])
        in_full = seeing.lots_seen_in_full(list(lots.values()), self.reader)
        sent = self._sent([hit.lot for hit in chunk if hit.lot not in in_full])
        countries = _countries(chunk)
        for hit in chunk:
            lot = lots[hit.lot]
            line = self._line(hit, lot, sent.get(lot.id, []), countries, lot.id in in_full)
            self._tally.add(
                hit,
                line.unit,
                holder=line.holder,
                sent_to=line.sent_to,
                is_product=line.product is not None,
            )
            yield line

    def _is_told(self, hit: Hit) -> bool:
        """Tell whether a lot that the reader may see is near enough, and take it down as told."""
        if isinstance(self.head, DescentHead) and hit.lot == self.head.lot:
            self.ways.tell(hit.number)  # it did not come of itself, and yet is not hidden
            return False
        if self.depth is not None and hit.reached.depth > self.depth:
            self.is_complete = False
            return False
        self.ways.tell(hit.number)
        return True

    def _line(
        self,
        hit: Hit,
        lot: "_Lot",
        sent: list[str],
        countries: Mapping[str, str],
        is_full: bool,  # noqa: FBT001
    ) -> HitLine:
        begun = hit.begun
        one = begun.happening if begun else None
        may_place = lot.custodian == self.reader or self.names.has_facility(lot.facility)
        return HitLine(
            lot=hit.lot,
            depth=hit.reached.depth,
            is_apart=hit.reached.is_apart,
            entry=one.entry if one else None,
            kind=one.kind if one else None,
            stage=one.stage if one else None,
            country=countries.get(one.facility or "") if one else None,
            on=one.on if one else None,
            material=lot.material,
            form=lot.form,
            unit=lot.unit,
            state=lot.state if is_full else PASSED_ON,
            made=str(begun.amount) if begun and is_full else None,
            left=str(hit.left) if is_full else None,
            holder=lot.custodian if is_full else None,
            facility=lot.facility if is_full and may_place else None,
            sent_to=sent,
            product=begun.facts.get("product") if begun else None,
            elements=[_element(*item) for item in sorted(hit.portions.items())],
        )

    def _note(self, lots: Sequence["_Lot"]) -> None:
        """Write down, before they are told, that other companies' lots are read."""
        others = {lot.custodian for lot in lots if not seeing.is_own(lot, self.reader)}
        if self.person is not None and others - self._owners:
            self._owners |= others
            what = "recall" if isinstance(self.head, RecallHead) else "descent"
            noting.note_answer(
                others, about=self.about, reader=self.reader, what=what, person=self.person
            )

    def _sent(self, lots: Sequence[str]) -> dict[str, list[str]]:
        """Return to whom the reader shipped lots whose present holder it does not know."""
        moves = Movement.objects.filter(lot__in=lots, role="move", facts__has_key="gross")
        rows = list(moves.values_list("lot", "recorded_order", "facts"))
        own = set(
            Entry.objects.filter(
                recorded_order__in=[order for _, order, _ in rows], author=self.reader
            ).values_list("recorded_order", flat=True)
        )
        sent: dict[str, list[str]] = {}
        for lot, order, facts in rows:
            if order in own and facts["to"] and facts["to"] not in sent.setdefault(lot, []):
                sent[lot].append(facts["to"])
        return sent


class _Lot(Struct, frozen=True):
    """What a line tells of a lot as it stands now: a model instance takes five times as long."""

    id: str
    custodian: str
    state: str
    facility: str | None
    unit: str
    material: str
    form: str
    owners: Any
    consignee: str | None


def _countries(chunk: Sequence[Hit]) -> dict[str, str]:
    begun = (hit.begun for hit in chunk)
    places = {one.happening.facility for one in begun if one and one.happening.facility}
    return dict(Facility.objects.filter(id__in=places).values_list("id", "country"))


def _element(element: str, portion: Portion) -> ElementHit:
    whole = portion.high_mg
    share = share_of(portion.out_mg, whole) if whole else None
    is_certain = portion.out_mg == portion.at_most_mg
    return ElementHit(
        element=element,
        low_mg=str(portion.low_mg),
        high_mg=str(whole),
        hit_mg=str(portion.out_mg),
        at_most_mg=str(portion.at_most_mg),
        share=share,
        share_at_most=share if is_certain or not whole else share_of(portion.at_most_mg, whole),
    )
