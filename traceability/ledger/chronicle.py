"""The chronicle of lots: from entries and their movements to the steps that `propagate` reads.

The ledger keeps what each entry did to each lot; this module puts it in the order in which
it holds. The head of a correction chain stands where the original stood, what is voided is
gone, and what a lot held before a withdrawal is counted anew, since a later correction may
have changed it. Where a lot is weighed again (receipt, stocktake) it begins anew, under a name
of its own (`acme:L1~1`), so that what it was before is not lost: `History.last` has the present.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast

from msgspec import Struct
from msgspec.structs import replace

from traceability.ledger.book import Movement
from traceability.ledger.effective import parse_effective
from traceability.ledger.grades import Assayed, measured, plainly_contained
from traceability.ledger.history import Made, Step, Taken
from traceability.ledger.mass import GrossUnit, Interval
from traceability.ledger.materials import elements_named
from traceability.ledger.sources import source_of, undeclared, unexplained
from traceability.ledger.weighings import Weighings, begins_anew, documents_in, is_weighing

_CONSERVING = {"shipment": "split", "receipt": "split"}


class Happening(Struct, frozen=True, kw_only=True, gc=False):
    """One entry as it was recorded, with its movements in order.

    `kind` is that of the event it stands for (`custody.void` for what withdraws one);
    `on` is the local calendar day on which the event began, `effective` its time as stated, of
    a correction that of the event which it puts right. `is_disputed`: its key was later
    distrusted from before this entry, so it moved mass, but what it says of the material is
    unknown.
    """

    entry: str
    order: int
    kind: str
    author: str
    facility: str | None
    stage: str | None
    on: date
    replaces: str | None = None
    movements: tuple[Movement, ...] = ()
    is_disputed: bool = False
    effective: str = ""

    @property
    def until(self) -> date:
        """Return the local calendar day on which the event ended."""
        return parse_effective(self.effective).last_day if "/" in self.effective else self.on


class Beginning(Struct, frozen=True, kw_only=True, gc=False):
    """How a lot entered the record or was made: by which event, with what facts."""

    lot: str
    happening: Happening
    facts: Mapping[str, Any]
    amount: int
    unit: str

    @property
    def declared(self) -> Sequence[Mapping[str, Any]]:
        """Return what an introduction declared about origin and processing, row by row."""
        return cast("Sequence[Mapping[str, Any]]", self.facts.get("declared_origin", ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What led to some lots, ready for `propagate`.

    Args:
        steps: in order, those of shipments included (they change nothing but the place).
        happenings: by entry hash, as they stand after corrections.
        beginnings: by lot.
        last: by lot, the name it has in the last step that made it.
        balances: by lot, what is left of it, gross; below zero it is restated.
        alike: by lot and entry that weighed it at other water than before, what that weight is
            at the water before, where both are known: the same dry mass, as it was compared.
    """

    steps: tuple[Step, ...]
    happenings: Mapping[str, Happening]
    beginnings: Mapping[str, Beginning]
    last: Mapping[str, str]
    balances: Mapping[str, int]
    alike: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def weight_alike(self, entry: str, lot: str, weight: int) -> int:
        """Return what an entry weighed of a lot, at the water that the lot had before."""
        return self.alike.get(lot, {}).get(entry, weight)

    def is_dispatch(self, step: Step) -> bool:
        """Tell whether a step is a shipment, which changes nothing but the place."""
        shipped = self.happenings[step.entry].kind == "custody.shipment"
        return shipped and step.kind == "adjustment"

    def elements_of(self, lot: str) -> frozenset[str]:
        """Return the elements that the lot's own material names, measured or not."""
        begun = self.beginnings.get(lot)
        return elements_named(str(begun.facts["material"])) if begun else frozenset()


def lot_of(name: str) -> str:
    """Return the lot that a name in a step stands for."""
    return name.partition("~")[0] if "~" in name else name


def as_they_stand(happenings: Iterable[Happening]) -> list[Happening]:
    """Return happenings in the order in which they hold, corrections and voids carried out.

    Of a correction chain only the head is left, at the place of the original; a chain whose
    head is a void is gone. A stage or facility that a correction does not state stays. What
    a correction says of a lot that began later comes after its beginning.
    """
    in_order = sorted(happenings, key=lambda one: one.order)
    if not any(one.replaces for one in in_order):
        return in_order
    root: dict[str, Happening] = {}
    head: dict[str, Happening] = {}
    for one in in_order:
        first = root.get(one.replaces or "", one)
        root[one.entry] = first
        before = head.get(first.entry, one)
        head[first.entry] = replace(
            one,
            order=first.order,
            facility=one.facility or before.facility,
            stage=one.stage or before.stage,
        )
    stand = [one for one in head.values() if one.kind != "custody.void"]
    stand.sort(key=lambda one: one.order)
    is_amended = any(one.replaces is not None for one in stand)
    return _beginnings_first(stand) if is_amended else stand


def _beginnings_first(stand: Sequence[Happening]) -> list[Happening]:
    """Return happenings so that lots begin before anything is said of them, as far as possible.

    A correction may name a lot that began after what it corrects. Where the lot was made of
    what the corrected event brought, no order is right, and what was taken stays unknown;
    recording refuses that now (`circling`).
    """
    begun_by = {m.lot: one for one in stand for m in one.movements if m.role == "make"}
    placed: dict[str, None] = {}
    by_entry = {one.entry: one for one in stand}
    ahead = [(one, False) for one in reversed(stand)]
    entered: set[str] = set()
    while ahead:
        one, is_ready = ahead.pop()
        if is_ready:
            placed[one.entry] = None
        elif one.entry not in entered:
            entered.add(one.entry)
            ahead.append((one, True))
            earlier = (begun_by[m.lot] for m in one.movements if m.lot in begun_by)
            ahead.extend((maker, False) for maker in earlier if maker.order > one.order)
    return [by_entry[entry] for entry in placed]


def build_history(happenings: Iterable[Happening]) -> History:
    """Return the history that these happenings make up.

    Args:
        happenings: all that moved, assayed or shipped the lots in question and their
            ancestors, with every correction and void of them; lots nobody asked about are
            simply not made.
    """
    stand = as_they_stand(happenings)
    teller = Chronicler()
    teller.hear(documents_in(stand))
    return History(
        steps=tuple(teller.tell_all(stand)),
        happenings={one.entry: one for one in stand},
        beginnings=teller.beginnings,
        last=teller.names,
        balances=teller.balances,
        alike=teller.water.alike,
    )


@dataclass(slots=True)
class Chronicler:
    """Turns happenings into steps, one by one; knows of each lot what later ones depend on."""

    beginnings: dict[str, Beginning] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    balances: dict[str, int] = field(default_factory=dict)
    moisture: dict[str, str] = field(default_factory=dict)
    assays: dict[str, list[Assayed]] = field(default_factory=dict)
    water: Weighings = field(default_factory=Weighings)
    _steps: list[Step] = field(default_factory=list)
    _order: int = 0

    def hear(self, documents: Iterable[tuple[str, Assayed]]) -> None:
        """Take in documents, each with the lot that it is about."""
        for lot, document in documents:
            self.assays.setdefault(lot, []).append(document)

    def tell(self, one: Happening) -> list[Step]:
        """Return the steps of the next happening, as it stands."""
        return self.tell_all((one,))

    def tell_all(self, happenings: Iterable[Happening]) -> list[Step]:
        """Return the steps of the next happenings, as they stand."""
        self._steps = []
        for one in happenings:
            self._add(one)
        return self._steps

    def forget(self, lot: str) -> None:
        """Drop what is known of a lot that nothing more will happen to."""
        for known in (self.beginnings, self.names, self.balances, self.moisture, self.assays):
            known.pop(lot, None)
        if lot in self.water.wet_since:
            self.water.forget(lot)

    def _add(self, one: Happening) -> None:
        """Add the steps of one happening: parts one by one as they leave, the rest together."""
        if one.is_disputed:
            self._add_disputed(one)
            return
        kind = one.kind.removeprefix("custody.")
        takes: list[Taken] = []
        makes: list[Made] = []
        parts: dict[str, Taken] = {}
        began: set[str] = set()
        for movement in one.movements:
            role = movement.role
            if role == "take":
                into = movement.facts.get("into")
                if into is None:
                    takes.append(self._take(movement))
                else:
                    began = began or {made.lot for made in one.movements if made.role == "make"}
                    self._part(one, kind, movement, parts if into in began else None)
            elif role == "make" and movement.lot in parts:
                part = (parts.pop(movement.lot),)
                self._step(one, _CONSERVING.get(kind, kind), part, (self._make(one, movement),))
            elif role == "make":
                makes.append(self._make(one, movement))
            else:
                self._keep(one, kind, movement)
        self._pooled(one, kind, tuple(takes), tuple(makes))

    def _part(
        self, one: Happening, kind: str, movement: Movement, parts: dict[str, Taken] | None
    ) -> None:
        """Take a part; one that nobody asked about leaves in its turn."""
        taken = self._take(movement)
        if parts is None:
            self._step(one, _CONSERVING.get(kind, kind), (taken,), ())
        else:
            parts[movement.facts["into"]] = taken

    def _add_disputed(self, one: Happening) -> None:
        """Let mass go in and come out, but let nothing be known of what came out."""
        pooled: list[Movement] = []
        for movement in one.movements:
            if movement.role == "adjust":
                self._disputed(one, pooled)
                pooled.clear()
                self._weigh_again(one, movement)
            elif movement.facts.keys() & {"into", "from"}:
                self._disputed(one, [movement])
            else:
                pooled.append(movement)
        self._disputed(one, pooled)

    def _disputed(self, one: Happening, movements: Sequence[Movement]) -> None:
        takes = tuple(self._take(m) for m in movements if m.role == "take")
        if takes:
            self._step(one, one.kind.removeprefix("custody."), takes, ())
        makes = tuple(
            self._make(one, replace(movement, facts=undeclared(movement.facts)))
            for movement in movements
            if movement.role == "make"
        )
        if makes:
            self._step(one, "introduction", (), makes)

    def _keep(self, one: Happening, kind: str, movement: Movement) -> None:
        """Add what happens to a lot that stays the same lot."""
        if movement.role == "adjust":
            self._weigh_again(one, movement)
        elif movement.role == "move" and kind == "shipment":
            self._ship(one, movement.lot)

    def _pooled(
        self, one: Happening, kind: str, takes: tuple[Taken, ...], makes: tuple[Made, ...]
    ) -> None:
        if kind == "recovery":  # what is recovered begins anew; the earlier origin stays apart
            if takes:
                self._step(one, kind, takes, ())
            takes = ()
        if takes or makes:
            self._step(one, kind, takes, makes)

    def _step(
        self, one: Happening, kind: str, takes: tuple[Taken, ...], makes: tuple[Made, ...]
    ) -> None:
        step = Step(entry=one.entry, order=self._order, kind=kind, takes=takes, makes=makes)
        self._steps.append(step)
        self._order += 1

    def _take(self, movement: Movement) -> Taken:
        lot, delta = movement.lot, movement.delta
        held = self.balances.get(lot, 0)
        self.balances[lot] = held + delta
        role: Any = movement.facts.get("role", "feed")
        name = self.names.get(lot, lot)
        return Taken(lot=name, amount=-delta, held=held if held > 0 else 0, role=role)

    def _make(self, one: Happening, movement: Movement) -> Made:
        lot, facts, amount, unit = movement.lot, movement.facts, movement.delta, movement.unit
        begun = Beginning(lot=lot, happening=one, facts=facts, amount=amount, unit=unit)
        self.beginnings[lot] = begun
        self.balances[lot] = self.balances.get(lot, 0) + amount
        self.names[lot] = lot
        quantity = facts["quantity"]
        water = quantity.get("moisture") or self.moisture.get(facts.get("from", ""))
        if water is not None:
            self.moisture[lot] = water
        role: Any = facts.get("role", "product")
        return Made(
            lot=lot,
            amount=amount,
            contained=self._contained(lot, amount, quantity),
            source=source_of(lot, facts),
            role=role,
            unit=cast("GrossUnit", unit),
        )

    def _contained(
        self, lot: str, amount: int, quantity: Mapping[str, Any], weighing: int = 0
    ) -> Mapping[str, Interval]:
        documents = self.assays.get(lot)
        if documents is None:
            return {}
        water = self.moisture.get(lot)
        plain = plainly_contained(amount, quantity, documents, water, weighing)
        if plain is None:
            return measured(amount, quantity, documents, water, weighing).contained
        return plain

    def _weigh_again(self, one: Happening, movement: Movement) -> None:
        """Let a lot begin anew at its new weight; what it was before keeps its name."""
        lot, amount = movement.lot, int(movement.facts["to"])
        held = max(0, self.balances.get(lot, 0))
        before = self.names.get(lot, lot)
        self.balances[lot] = amount
        if is_weighing(movement):
            self.water.weigh(one, movement, self.assays.get(lot, []), self.moisture)
        elif held == amount:  # most receipts: the shipper's weight was right
            return
        if amount == 0 and held:  # nothing was found, or arrived: what it held is gone
            self._step(one, "loss", (Taken(lot=before, amount=held, held=held),), ())
        if not begins_anew(movement, held):
            return
        count = int(before.partition("~")[2] or 0) + 1
        self.names[lot] = name = f"{lot}~{count}"
        begun = self.beginnings.get(lot)
        quantity = dict(begun.facts["quantity"]) if begun else {"basis": "as_received"}
        for told_since in ("low", "high", "moisture"):
            quantity.pop(told_since, None)
        made = Made(
            lot=name,
            amount=amount,
            contained=self._contained(lot, amount, quantity, self.water.water_of(lot)),
            source=None if held else unexplained(name),
            unit=cast("GrossUnit", movement.unit),
        )
        takes = (Taken(lot=before, amount=held, held=held),) if held else ()
        received = movement.facts["why"] in ("received", "rejected")
        self._step(one, "receipt" if received else "stocktake", takes, (made,))

    def _ship(self, one: Happening, lot: str) -> None:
        """Let a lot leave: taken whole and made the same, a step that can stamp the day."""
        amount, name = self.balances.get(lot, 0), self.names.get(lot)
        begun = self.beginnings.get(lot)
        if name is None or begun is None or amount <= 0:
            return
        whole = Taken(lot=name, amount=amount, held=amount)
        self._step(one, "adjustment", (whole,), (Made(lot=name, amount=amount),))
