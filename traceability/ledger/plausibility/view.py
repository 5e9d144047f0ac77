"""What happened, as the checks look at it: a small typed view of some lots and their ancestors.

Whoever builds it reads rows below one log size. An amount so far, or a use before, counts what
stands in the log *before* the statement in question and with it: so what is said about a statement
does not change when others state more later.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal

from msgspec import Struct

from traceability.ledger.book import Movement
from traceability.ledger.chronicle import Happening, History
from traceability.ledger.grades import Assayed
from traceability.ledger.mass import Interval
from traceability.ledger.plausibility.registered import Registered

Sentence = str | Callable[[], str]

ParticularKind = Literal[
    "seal",  # on a shipment
    "unsealed",  # a shipment without seals, as it says; empty
    "container",  # on a shipment
    "mode",  # of transport of a shipment
    "transit",  # country that a shipment states to pass, or to go to
    "document",  # SHA-256 of evidence of what brings goods into somebody's books
    "certificate",  # SHA-256 of evidence of an assay
    "received",  # `<consignment>:<consignee>/<lot>` of a receipt
    "licence",  # of an extraction
    "supplier",  # of an introduction; empty: one is named
    "person",  # a person entered it by hand; empty
]
"""What a statement names besides lots and amounts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an entry says of itself besides what it moves.

    Args:
        effective: the time of the event, as it stands after corrections.
        received_at: when the ledger first learnt of the event.
        names: particulars by kind and value; without `has_text` they were erased.
        closed_until: the last day up to which its author had closed its books of the facility
            by then, and `closed_by` the entry that says so.
    """

    start: datetime
    end: datetime
    received_at: datetime
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    has_text: bool = True
    closed_until: date | None = None
    closed_by: str = ""

    @property
    def is_closed(self) -> bool:
        """Tell whether it happened within what its author had closed."""
        return self.closed_until is not None and self.end.date() <= self.closed_until

    def named(self, kind: ParticularKind) -> tuple[str, ...]:
        """Return what it names of one kind."""
        return self.names.get(kind, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """An amount put on the books of a facility, with what was there so far.

    Args:
        same: amounts of this very size in the calendar month so far, this one included.
        round: entered with two significant digits at most, in whatever unit, as `same`.
        among: all amounts of the month so far.
        is_weighed: False for pieces, and where the statement says that it is declared or estimated.
        of_year, of_month: made so far of each (material, element), gross where the element is
            empty; a range where assays leave one. Empty for what is no product of the facility.
    """

    entry: str
    lot: str
    facility: str
    amount: int
    unit: str
    basis: str
    material: str
    year: int
    month: int
    same: int
    round: int
    among: int
    is_weighed: bool
    of_year: Mapping[str, Interval] = field(default_factory=dict)
    of_month: Mapping[str, Interval] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mined:
    """Metal mined in a country in a calendar year so far, with this extraction."""

    entry: str
    lot: str
    country: str
    element: str
    year: int
    so_far: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedBefore:
    """Something that an entry names and an earlier one, of another matter, named already.

    `arrived_at` is set for containers: when the earlier consignment was received, if it was.
    """

    entry: str
    kind: ParticularKind
    value: str
    before: str
    before_at: datetime
    arrived_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Titled:
    """A transfer of title, or an offer, of one lot: also one that was voided since."""

    entry: str
    order: int
    lot: str
    author: str
    to: tuple[str, ...]
    is_offer: bool = False
    owners: tuple[str, ...] = ()
    is_withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A receipt that came ahead of its shipment and took effect with it."""

    entry: str
    author: str
    facility: str
    told: Told


@dataclass(frozen=True, slots=True, kw_only=True)
class SisterAssay:
    """A document about another part of a lot on the path."""

    lot: str
    parent: str
    order: int
    author: str
    quantity: Mapping[str, Any]
    document: Assayed


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One element through one step: what went in, what came out, what nobody measured.

    Args:
        given, came: contained milligrams; None where nothing tells.
        lots: those made, which the statement is about.
        materials: of what went in.
    """

    entry: str
    kind: str
    element: str
    given: Interval | None
    came: Interval | None
    lots: tuple[str, ...]
    materials: frozenset[str]
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What was read beside a history: what entries name, and what stood before them."""

    told: Mapping[str, Told] = field(default_factory=dict)  # by entry
    weighed: Sequence[Weighed] = ()
    mined: Sequence[Mined] = ()
    before: Sequence[NamedBefore] = ()
    titles: Sequence[Titled] = ()  # in log order
    arrivals: Mapping[str, Arrival] = field(default_factory=dict)  # by `<consignment>/<lot>`
    sisters: Sequence[SisterAssay] = ()
    clubs: frozenset[str] = frozenset()

    def countries_passed(self) -> dict[str, tuple[str, ...]]:
        """Return the countries that shipments state to pass, by entry; without those of none."""
        passed = {entry: told.named("transit") for entry, told in self.told.items()}
        return {entry: countries for entry, countries in passed.items() if countries}


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A standing statement on a path, with what it says of itself."""

    happening: Happening
    told: Told

    @property
    def entry(self) -> str:
        """Return the hash of its entry."""
        return self.happening.entry

    @property
    def lots(self) -> tuple[str, ...]:
        """Return the lots it moved, each once."""
        return tuple(dict.fromkeys(one.lot for one in self.happening.movements))

    @property
    def made(self) -> tuple[str, ...]:
        """Return the lots that begin with it."""
        return tuple(one.lot for one in self.happening.movements if one.role == "make")

    def observed(self, lot: str, because: Sentence, **measured: Any) -> "Observation":
        """Return what was observed of this statement; `measured` are fields of `Observation`."""
        happening = self.happening
        return Observation(
            entry=happening.entry,
            author=happening.author,
            lot=lot,
            facility=happening.facility,
            because=because,
            **measured,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """The arrival of one lot, whichever entry brought it onto the books.

    `weight` is that on arrival, at the water with which the lot was sent where both are known.
    """

    movement: Movement
    entry: str
    author: str
    facility: str | None
    told: Told
    weight: int

    def observed(self, because: Sentence, **measured: Any) -> "Observation":
        """Return what was observed of this arrival."""
        return Observation(
            entry=self.entry,
            author=self.author,
            lot=self.movement.lot,
            facility=self.facility,
            because=because,
            **measured,
        )


@dataclass(frozen=True, kw_only=True)
class View:
    """Everything the checks look at, for the lots of one history."""

    history: History
    sites: Mapping[str, Registered]
    noted: Noted
    flows: Sequence[Flow] = ()

    @cached_property
    def acts(self) -> tuple[Act, ...]:
        """Return the statements of which both halves are known, in the order in which they hold."""
        told = self.noted.told
        return tuple(
            Act(happening=one, told=told[one.entry])
            for one in sorted(self.history.happenings.values(), key=lambda one: one.order)
            if one.entry in told
        )

    @cached_property
    def by_entry(self) -> Mapping[str, Act]:
        """Return the statements by entry."""
        return {act.entry: act for act in self.acts}

    @cached_property
    def receipts(self) -> tuple[Received, ...]:
        """Return the arrivals of lots; one that came ahead stands in the entry of its shipment."""
        return tuple(
            found
            for act in self.acts
            for one in act.happening.movements
            if one.role == "adjust" and "consignment" in one.facts
            if (found := self._received(act, one)) is not None
        )

    def _received(self, act: Act, one: Movement) -> Received | None:
        happening, told = act.happening, act.told
        entry, author, facility = happening.entry, happening.author, happening.facility
        if happening.kind != "custody.receipt":
            ahead = self.noted.arrivals.get(f"{one.facts['consignment']}/{one.lot}")
            if ahead is None:
                return None
            entry, author, facility, told = ahead.entry, ahead.author, ahead.facility, ahead.told
        weight = self.history.weight_alike(happening.entry, one.lot, int(one.facts["to"]))
        return Received(
            movement=one, entry=entry, author=author, facility=facility, told=told, weight=weight
        )

    def of(self, *kinds: str) -> Iterator[Act]:
        """Yield the statements of some kinds of event."""
        wanted = {f"custody.{kind}" for kind in kinds}
        return (act for act in self.acts if act.happening.kind in wanted)

    def called(self, facility: str | None) -> str:
        """Return what a facility is called in a sentence."""
        site = self.sites.get(facility or "")
        return site.called if site else facility or "an unnamed place"


class Observation(Struct, frozen=True, kw_only=True):
    """What one check measured of one statement and lot, or why it could not.

    Args:
        author: who made the statement, and may answer for it.
        worst, best: the value if what is unknown speaks against the statement, or for it; both
            None where there is nothing to measure, or, with `missing`, where it cannot be told.
        against: which of several thresholds it is compared with, where a check has several.
        cases: how many cases a share rests on.
        because: the fact as a sentence, without a threshold; or what makes the sentence, since
            most observations are of no interest and nobody ever reads theirs.
        evidence: other entries it rests on.
        missing: the facts that would tell, by name.
    """

    entry: str
    author: str
    lot: str
    facility: str | None
    because: Sentence
    element: str | None = None
    worst: Fraction | None = None
    best: Fraction | None = None
    against: str = ""
    cases: int = 0
    evidence: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Return the fact as a sentence."""
        return self.because if isinstance(self.because, str) else self.because()
