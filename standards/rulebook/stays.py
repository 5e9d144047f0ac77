"""Where lots were and whose they were: what entered the boundary of an account, and when.

Walked over a history in log order. Title is read where it is stated: with a lot's making, or in
a transfer; a part has the owners of the lot it left, and a blend none but those of what went in.
A lot enters an account's boundary when it
arrives there, begins there (mined, recovered) or is bought there, while the account's holder
owns some of it. So toll metal enters the account of its owner, where that has one for the site,
and never that of whoever works it: to declare oneself the owner of what comes out is no title.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from typing import Any

from standards.rulebook.outside import Opening
from traceability.ledger.book import Movement
from traceability.ledger.chronicle import Happening, History
from traceability.ledger.commingling import backed_of, commingled
from traceability.ledger.effective import parse_effective

Owners = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """An account, as far as what enters it: whose it is, which sites, from which day on.

    `opening` are the lots that its opening statement names; they may have been there before.
    """

    account: str
    holder: str
    facilities: frozenset[str]
    begins: date
    tier: str
    opening: Mapping[str, Opening] = field(default_factory=dict)

    def admits(self, lot: str, facility: str | None, on: date, *, is_introduced: bool) -> bool:
        """Tell whether a lot that comes to a site on a day enters."""
        is_opening = is_introduced and lot in self.opening
        return facility in self.facilities and (on >= self.begins or is_opening)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Where and when a lot arrived whose receipt had been recorded ahead of its shipment."""

    facility: str
    effective: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entering:
    """A lot enters boundaries; `parts` are the holders' undivided shares by account.

    `after` is the entry after which it is inside; `whole` what all parts add up to.
    """

    after: str
    lot: str
    facility: str
    at: datetime
    parts: Mapping[str, int]
    whole: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A lot leaves a site; `to` is where it arrived, None while it has not."""

    entry: str
    lot: str
    facility: str
    to: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stays:
    """What the walk found.

    Args:
        places: where each lot is now; None in transit, or gone.
        owned: who owned some of a lot at any time, by lot.
        seen_at: every site a lot was ever at.
    """

    entering: tuple[Entering, ...]
    departures: tuple[Departure, ...]
    places: Mapping[str, str | None]
    owned: Mapping[str, frozenset[str]]
    seen_at: Mapping[str, frozenset[str]]


def stays(
    history: History,
    boundaries: Iterable[Boundary],
    *,
    element: str,
    arrivals: Mapping[tuple[str, str], Arrival],
) -> Stays:
    """Walk a history.

    Args:
        boundaries: those of every account of one element and scheme.
        arrivals: by entry (of the shipment) and lot, for receipts that came ahead.
    """
    walk = _Walk(tuple(boundaries), element, arrivals)
    for happening in history.happenings.values():
        for movement in happening.movements:
            walk.take_in(happening, movement)
    return walk.found()


@dataclass(slots=True)
class _Walk:
    boundaries: tuple[Boundary, ...]
    element: str
    arrivals: Mapping[tuple[str, str], Arrival]
    places: dict[str, str | None] = field(default_factory=dict)
    owners: dict[str, Owners] = field(default_factory=dict)
    owned: dict[str, set[str]] = field(default_factory=dict)
    seen_at: dict[str, set[str]] = field(default_factory=dict)
    entering: list[Entering] = field(default_factory=list)
    departures: list[Departure] = field(default_factory=list)
    leaving: dict[str, int] = field(default_factory=dict)  # by lot, its last departure

    def found(self) -> Stays:
        return Stays(
            entering=tuple(self.entering),
            departures=tuple(self.departures),
            places=self.places,
            owned={lot: frozenset(names) for lot, names in self.owned.items()},
            seen_at={lot: frozenset(sites) for lot, sites in self.seen_at.items()},
        )

    def take_in(self, one: Happening, movement: Movement) -> None:
        """Follow one movement."""
        lot, facts = movement.lot, movement.facts
        if movement.role == "make":
            owners = facts.get("owners") or self.owners.get(facts.get("from", ""), ())
            self._own(lot, self._blended(one, owners) if one.kind == "custody.blend" else owners)
            self._be_at(lot, one.facility)
            if "source" in facts:  # what is made of other lots entered, or did not, with them
                is_introduced = facts["source"] == "introduced"
                self._enter(one, lot, one.facility, one.effective, is_introduced=is_introduced)
        elif movement.role == "adjust" and facts.get("why") in ("received", "rejected"):
            self._arrive(one, lot, is_accepted=facts["why"] == "received")
        elif movement.role == "move" and "why" not in facts:
            self._leave(one, lot)
        elif movement.role == "title":
            self._own(lot, _titled(facts["owners"]))
            self._enter(one, lot, self.places.get(lot), one.effective)

    def _blended(self, one: Happening, declared: Owners) -> Owners:
        """Return the owners of a blend: each as much as it put in (`ledger.commingling`).

        Mixing passes no title. Where what went in does not tell, the declared shares count of
        those who owned some of it; a share declared for anybody else is nobody's that is known.
        """
        taken = [
            (-movement.delta, self.owners.get(movement.lot, ()))
            for movement in one.movements
            if movement.role == "take"
        ]
        told = commingled(taken) if taken and all(owners for _, owners in taken) else None
        if told is not None:
            return _titled(told)
        before = [share["owner"] for _, owners in taken for share in owners]
        return _titled(
            [share if share["owner"] in before else {**share, "owner": {}} for share in declared]
        )

    def _own(self, lot: str, owners: Owners) -> None:
        self.owners[lot] = owners
        self.owned.setdefault(lot, set()).update(
            name for share in owners if (name := share["owner"].get("organization"))
        )

    def _be_at(self, lot: str, facility: str | None) -> None:
        self.places[lot] = facility
        if facility is not None:
            self.seen_at.setdefault(lot, set()).add(facility)

    def _leave(self, one: Happening, lot: str) -> None:
        facility = self.places.get(lot)
        self.places[lot] = None
        if facility is not None:
            self.leaving[lot] = len(self.departures)
            self.departures.append(Departure(entry=one.entry, lot=lot, facility=facility, to=None))

    def _arrive(self, one: Happening, lot: str, *, is_accepted: bool) -> None:
        ahead = self.arrivals.get((one.entry, lot))
        facility = ahead.facility if ahead else one.facility
        self._be_at(lot, facility)
        place = self.leaving.pop(lot, None)
        if place is not None:
            self.departures[place] = replace(self.departures[place], to=facility)
        if is_accepted:
            self._enter(one, lot, facility, ahead.effective if ahead else one.effective)

    def _enter(
        self,
        one: Happening,
        lot: str,
        facility: str | None,
        effective: str,
        *,
        is_introduced: bool = False,
    ) -> None:
        at = instant(effective, one.on)
        shares = [
            share
            for share in self.owners.get(lot, ())
            if share.get("element") in (None, self.element)
        ]
        parts = {
            boundary.account: sum(
                share["parts"]
                for share in shares
                if share["owner"].get("organization") == boundary.holder
            )
            for boundary in self.boundaries
            if boundary.admits(lot, facility, at.date(), is_introduced=is_introduced)
        }
        parts = {account: count for account, count in parts.items() if count}
        if facility is not None and parts:
            self.entering.append(
                Entering(
                    after=one.entry,
                    lot=lot,
                    facility=facility,
                    at=at,
                    parts=parts,
                    whole=sum(share["parts"] for share in shares),
                )
            )


def _titled(owners: Owners) -> Owners:
    """Return shares as far as title stands behind them; the rest is nobody's that is known."""
    told = [{**share, "parts": count} for share in owners if (count := backed_of(share))]
    rest = sum(share["parts"] for share in owners) - sum(share["parts"] for share in told)
    return [*told, {"owner": {}, "parts": rest}] if rest else told


def instant(effective: str, on: date) -> datetime:
    """Return the instant at which a stated time ends; a bare day counts from its first moment."""
    told = parse_effective(effective) if effective else None
    end = (told.end or told.start) if told else on
    return end if isinstance(end, datetime) else datetime.combine(end, time.min, UTC)
