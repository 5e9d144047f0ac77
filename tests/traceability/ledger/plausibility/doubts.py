"""Views for the tests of plausibility: happenings in order, with what they say of themselves."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from traceability.ledger.book import Movement
from traceability.ledger.chronicle import Happening, build_history
from traceability.ledger.plausibility import CHECKS
from traceability.ledger.plausibility.registered import Registered, registered
from traceability.ledger.plausibility.view import Noted, Observation, Told, View

KG = 10**6
START = datetime(2026, 3, 1, 8, tzinfo=UTC)
CHECK = {check.id: check for check in CHECKS}
PIT = registered(
    {
        "facility": "acme:pit",
        "name": "Pit",
        "types": ["mine"],
        "country": "CL",
        "operator": {"organization": "acme"},
        "latitude": "-24",
        "longitude": "-69",
        "materials": ["copper_concentrate"],
        "capacities": [
            {
                "material": "copper_concentrate",
                "per_year": {"value": "1200", "unit": "kg", "basis": "dry"},
            }
        ],
        "recoveries": [{"element": "Cu", "low": "0.9", "high": "0.95", "stage": "smelting"}],
        "licences": ["L-1"],
    }
)
WORKS = replace(
    PIT,
    id="bolt:works",
    name="Works",
    types=frozenset({"smelter"}),
    coordinates=(Decimal("-23"), Decimal("-70")),
)


def percent(value: str, element: str = "Cu", basis: str = "dry") -> list[dict[str, str]]:
    return [{"element": element, "value": value, "unit": "percent", "basis": basis}]


def quantity(kilograms: int, basis: str = "dry", **more: str) -> dict[str, str]:
    return {"value": str(kilograms), "unit": "kg", "basis": basis} | more


def make(lot: str, kilograms: int = 100, basis: str = "dry", **facts: Any) -> Movement:
    told = {
        "material": "copper_concentrate",
        "form": "bulk",
        "quantity": quantity(kilograms, basis),
    }
    return Movement(lot=lot, role="make", delta=kilograms * KG, unit="mg", facts=told | facts)


def take(lot: str, kilograms: int = 100, **facts: Any) -> Movement:
    return Movement(lot=lot, role="take", delta=-kilograms * KG, unit="mg", facts=facts)


def move(lot: str, to: str = "bolt", consignment: str = "acme:1") -> Movement:
    facts = {"to": to, "gross": "1", "consignment": consignment}
    return Movement(lot=lot, role="move", delta=0, unit="mg", facts=facts)


def weigh(
    lot: str, kilograms: int, before: int = 100, consignment: str | None = "acme:1", **more: Any
) -> Movement:
    facts = {"why": "received", "to": str(kilograms * KG), "custodian": "acme"} | more
    if consignment:
        facts["consignment"] = consignment
    delta = (kilograms - before) * KG
    return Movement(lot=lot, role="adjust", delta=delta, unit="mg", facts=facts)


def assayed(lot: str, value: str, status: str = "final", **more: Any) -> Movement:
    facts = {"status": status, "results": percent(value, **more)}
    return Movement(lot=lot, role="assay", delta=0, unit="mg", facts=facts)


class Tale:
    """Happenings a day apart, each told an hour later; ask it what a check observes."""

    def __init__(self, *sites: Registered) -> None:
        self.sites = {one.id: one for one in sites or (PIT, WORKS)}
        self.happenings: list[Happening] = []
        self.told: dict[str, Told] = {}
        self.noted: dict[str, Any] = {}
        self.flows: tuple[Any, ...] = ()

    def add(
        self,
        kind: str,
        *movements: Movement,
        facility: str | None = "acme:pit",
        at: datetime | None = None,
        author: str = "acme",
        stage: str | None = None,
        **told: Any,
    ) -> str:
        order = len(self.happenings) + 1
        entry = f"{order:064x}"
        start = at or START + timedelta(days=order)
        self.happenings.append(
            Happening(
                entry=entry,
                order=order,
                kind=f"custody.{kind}",
                author=author,
                facility=facility,
                stage=stage,
                on=start.date(),
                movements=movements,
            )
        )
        usual = {"start": start, "end": start, "received_at": start + timedelta(hours=1)}
        self.told[entry] = Told(**usual | told)
        return entry

    def mined(self, lot: str = "acme:L1", **told: Any) -> str:
        return self.add("extraction", make(lot, source="mined"), **told)

    def sent(self, lot: str = "acme:L1", **told: Any) -> str:
        return self.add("shipment", move(lot), **told)

    def received(self, lot: str = "acme:L1", kilograms: int = 100, **told: Any) -> str:
        usual = {"facility": "bolt:works", "author": "bolt"}
        return self.add("receipt", weigh(lot, kilograms), **usual | told)

    def view(self) -> View:
        return View(
            history=build_history(self.happenings),
            sites=self.sites,
            noted=Noted(told=self.told, **self.noted),
            flows=self.flows,
        )

    def observed(self, check: str) -> list[Observation]:
        return list(CHECK[check].measure(self.view()))


def figures(observations: list[Observation]) -> list[Fraction | None]:
    return [one.worst for one in observations]
