"""Through whose hands lots went: who made each, out of what, whose it was, who passed it on.

Read from the same history as shares and steps, corrections carried out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from standards.rulebook.dossier import Hand, PathLot
from traceability.ledger import history as flow
from traceability.ledger.chronicle import Happening, History, lot_of

LEAF_EVENT: Mapping[str, str] = {
    "custody.extraction": "extraction",
    "custody.recovery": "recovery",
    "custody.introduction": "introduction",
}
"""What the events are called that begin a lot out of nothing that is on this ledger."""


def path_lots(history: History) -> dict[str, PathLot]:
    """Return every lot that a history makes, by name."""
    parents = _parents(history.steps)
    owners: dict[str, tuple[str, ...]] = {}
    hands: dict[str, list[Hand]] = {}
    made: dict[str, PathLot] = {}
    for one in history.happenings.values():
        for movement in one.movements:
            lot, facts = movement.lot, movement.facts
            if movement.role == "make":
                owners[lot] = _owners(facts, owners)
                made[lot] = PathLot(
                    lot_id=lot,
                    parents=tuple(sorted(parents.get(lot, ()))),
                    maker=one.author,
                    facility_id=one.facility,
                    stage=one.stage or LEAF_EVENT.get(one.kind),
                    made_on=one.on,
                    owners=owners[lot],
                )
            elif movement.role == "title":
                owners[lot] = _named(facts["owners"])
                hands.setdefault(lot, []).append(_hand(one, "title", facts))
            elif movement.role == "move" and one.kind == "custody.shipment":
                hands.setdefault(lot, []).append(_hand(one, "custody", facts))
    return {
        lot: replace(told, hands=tuple(hands[lot])) if lot in hands else told
        for lot, told in made.items()
    }


def upstream(lots: Mapping[str, PathLot], lot: str) -> list[PathLot]:
    """Return a lot and every lot it was made of, each once, itself first."""
    found, waiting = {lot}, [lot]
    path = []
    while waiting:
        told = lots.get(waiting.pop())
        if told is None:
            continue
        path.append(told)
        fresh = [one for one in told.parents if one not in found]
        found.update(fresh)
        waiting += fresh
    return path


def holders_of(lots: Iterable[PathLot]) -> set[str]:
    """Return the organizations that made, held or owned one of these lots."""
    found: set[str] = set()
    for lot in lots:
        found.update(lot.owners if lot.maker is None else (lot.maker, *lot.owners))
        found.update(name for hand in lot.hands for name in (hand.giver, hand.taker) if name)
    return found


def _parents(steps: Iterable[flow.Step]) -> dict[str, set[str]]:
    parents: dict[str, set[str]] = {}
    for step in steps:
        taken = {lot_of(take.lot) for take in step.takes}
        for one in step.makes:
            lot = lot_of(one.lot)
            parents.setdefault(lot, set()).update(taken - {lot})
    return parents


def _owners(facts: Mapping[str, Any], known: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the owners a new lot begins with: a part of a lot has those of the whole."""
    if "owners" in facts:
        return _named(facts["owners"])
    return known.get(facts.get("from", ""), ())


def _named(shares: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    owners = (share["owner"] for share in shares)
    names = (owner.get("organization") or owner.get("name", "") for owner in owners)
    return tuple(dict.fromkeys(names))


def _hand(one: Happening, kind: Any, facts: Mapping[str, Any]) -> Hand:
    return Hand(
        kind=kind, giver=one.author, taker=facts.get("to") or None, on=one.on, entry=one.entry
    )
