"""Who did what to which material: a seeded, endless story of nickel, cobalt and lithium.

Pure: bodies of statements out of a seed, nothing else. A *network* is a supply chain of eleven
companies, from three nickel mines and a lithium mine over concentrators, smelter, refinery,
converter, cathode, cells and packs to vehicles, with a recycler. It runs campaign after
campaign; in each, ores are concentrated, blended on stockpiles, shipped in parts, weighed on
arrival, smelted with the slag of the smelt before, refined, converted, mixed, cut and built in.
Slag, and what is recycled of scrap, ties a campaign to the one before, but not always: so lots
have from none to thousands of ancestors, diamonds included.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from random import Random
from typing import Any, NamedTuple

FIRST_DAY = date(2024, 1, 1)
NICKEL = ("nickel-a", "nickel-b", "nickel-c")
SITES = {
    **{name: ["mine", "concentrator"] for name in (*NICKEL, "lithium")},
    "smelter": ["smelter"],
    "refinery": ["refinery"],
    "converter": ["conversion"],
    "cathode": ["precursor", "active_material"],
    "cells": ["cell"],
    "packs": ["pack"],
    "motors": ["vehicle"],
    "recycler": ["recycler"],
}
ORES, PER_CONCENTRATE = 36, 3  # lots of a mine in a campaign, and of a run of its concentrator
_TIED, _RECYCLED = 0.7, 0.6  # how often a campaign takes slag, or recycled metal, of the last one

Item = dict[str, Any]


class Claim(NamedTuple):
    """What a company says, and which lots nobody will speak of again."""

    author: str
    kind: str
    effective: str
    body: dict[str, Any]
    ends: tuple[str, ...]


def networks_for(events: int) -> int:
    """Return how many networks share that many events: each runs on for about a hundred rounds."""
    return max(1, events // 80_000)


def claims(seed: int, networks: int) -> Iterator[Claim]:
    """Yield claims without end, campaign by campaign, the networks in turns."""
    running = [Network(number=number, seed=seed) for number in range(networks)]
    for campaign in count():
        for network in running:
            yield from network.campaign(campaign)


@dataclass
class Network:
    """One supply chain: what its lots have left, and what a campaign leaves to the next."""

    number: int
    seed: int
    left: dict[str, int] = field(default_factory=dict)  # kilograms or pieces
    grade: dict[str, dict[str, float]] = field(default_factory=dict)  # share of dry mass
    slag: str = ""
    recycled: str = ""
    made: int = 0
    day: str = ""
    random: Random = field(default_factory=Random)
    _ends: list[str] = field(default_factory=list)

    def organization(self, role: str) -> str:
        return f"n{self.number}-{role}"

    def organizations(self) -> dict[str, list[str]]:
        """Return the companies and the types of the one site that each has."""
        return {self.organization(role): types for role, types in SITES.items()}

    def campaign(self, number: int) -> Iterator[Claim]:
        """Yield one campaign, from the pits to the road."""
        self.random = Random(f"{self.seed}/{self.number}/{number}")  # noqa: S311 - a story
        self.day = (FIRST_DAY + timedelta(days=number)).isoformat()
        if self.random.random() > _TIED:
            self.slag = ""
        cargoes: list[str] = []
        for mine in NICKEL:
            cargoes += yield from self._mined(mine, ORES, {"Ni": 0.018, "Co": 0.001}, "smelter")
        self.random.shuffle(cargoes)
        mattes = yield from self._smelted(cargoes)
        sulfates = yield from self._refined(mattes)
        spodumene = yield from self._mined("lithium", 12, {"Li": 0.006}, "converter")
        hydroxides = yield from self._converted(spodumene)
        cathodes = yield from self._cathodes(sulfates, hydroxides)
        boxes = yield from self._cells(cathodes)
        yield from self._vehicles(boxes)

    # ── from the pit to the smelter ───────────────────────────────────────────────────────

    def _mined(self, mine: str, ores: int, grade: dict[str, float], buyer: str) -> Iterator[Claim]:
        """Extract, concentrate, blend two by two, ship the stockpile in three parts."""
        piles: list[str] = []
        for _ in range(ores // (2 * PER_CONCENTRATE)):
            pair = []
            for _ in range(2):
                dug = []
                for _ in range(PER_CONCENTRATE):
                    one = {name: share * self._about(0.2) for name, share in grade.items()}
                    lot = self._new(mine, "ore", int(40_000 * self._about(0.3)), one)
                    yield self._claim(mine, "extraction", {"lot": lot})
                    dug.append(lot["lot"])
                pair.append((yield from self._concentrated(mine, dug)))
            gross = sum(self.left[name] for name in pair)
            metal = self._metal(pair)
            pile = self._new(mine, "concentrate", gross, self._over(metal, gross), assayed=False)
            body = {"inputs": [self._whole(name) for name in pair], "output": pile}
            yield self._claim(mine, "blend", body)
            piles.append(pile["lot"])
        cargoes = []
        for pile in piles:
            cargoes += yield from self._shipped(mine, buyer, pile, parts=3)
        return cargoes

    def _concentrated(self, mine: str, ores: Sequence[str]) -> Iterator[Claim]:
        gross, metal = sum(self.left[name] for name in ores), self._metal(ores)
        kept = {name: mass * 0.88 for name, mass in metal.items()}
        mass = gross // 8
        rest = {name: metal[name] - kept[name] for name in metal}
        product = self._new(mine, "concentrate", mass, self._over(kept, mass))
        tailings = self._new(mine, "tailings", gross - mass, self._over(rest, gross - mass))
        inputs = [self._whole(name) for name in ores]
        yield self._step(mine, "beneficiation", inputs, product, residue=tailings)
        return product["lot"]

    def _smelted(self, cargoes: Sequence[str]) -> Iterator[Claim]:
        mattes = []
        for run in (cargoes[at : at + 6] for at in range(0, len(cargoes), 6)):
            metal = self._metal([*run, self.slag] if self.slag else run)
            feed = [self._whole(name) for name in run]
            if self.slag:
                feed.append(self._whole(self.slag) | {"role": "recirculated"})
            gross = sum(int(item["quantity"]["value"]) for item in feed)
            kept = {name: mass * 0.93 for name, mass in metal.items()}
            rest = {name: mass * 0.05 for name, mass in metal.items()}
            matte = self._new("smelter", "matte", gross // 3, self._over(kept, gross // 3))
            slag = self._new("smelter", "slag", gross // 2, self._over(rest, gross // 2))
            loss = {"reason": "offgas", "quantity": _kilograms(gross // 6)}
            yield self._step("smelter", "smelting", feed, matte, by_product=slag, losses=[loss])
            self.slag = slag["lot"]
            mattes.append(matte["lot"])
        if not self.random.randrange(3):
            yield self._weighed("smelter", self.slag)
        for matte in mattes:
            yield from self._shipped("smelter", "refinery", matte, parts=1)
        return mattes

    def _refined(self, mattes: Sequence[str]) -> Iterator[Claim]:
        sulfates = []
        for run in (mattes[at : at + 3] for at in range(0, len(mattes), 3)):
            metal = self._metal(run)
            inputs = [self._whole(name) for name in run]
            nickel = [self._sulfate("Ni", metal["Ni"] * 0.48) for _ in range(2)]
            cobalt = self._sulfate("Co", metal["Co"] * 0.94)
            yield self._step("refinery", "refining", inputs, *nickel, by_product=cobalt)
            sulfates += [one["lot"] for one in (*nickel, cobalt)]
        for lot in sulfates:
            yield from self._shipped("refinery", "cathode", lot, parts=1)
        return sulfates

    def _sulfate(self, element: str, metal: float, maker: str = "refinery") -> Item:
        formula, share = {
            "Ni": ("NiSO4.6H2O", 0.2233),
            "Co": ("CoSO4.7H2O", 0.2097),
            "Li": ("LiOH.H2O", 0.1654),
        }[element]
        mass = max(1, int(metal / share / 0.99))
        name = {"Ni": "nickel_sulfate", "Co": "cobalt_sulfate", "Li": "lithium_hydroxide"}[element]
        lot = self._new(maker, "sulfate", mass, {element: metal / mass}, assayed=False)
        lot |= {"material": name, "form": "crystals"}
        return lot | {"compound": {"formula": formula, "purity": "0.99", "basis": "dry"}}

    def _converted(self, cargoes: Sequence[str]) -> Iterator[Claim]:
        hydroxides = []
        for run in (cargoes[: len(cargoes) // 2], cargoes[len(cargoes) // 2 :]):
            lithium = self._metal(run)["Li"]
            inputs = [self._whole(name) for name in run]
            product = self._sulfate("Li", lithium * 0.87, "converter")
            yield self._step("converter", "conversion", inputs, product)
            hydroxides.append(product["lot"])
        for lot in hydroxides:
            yield from self._shipped("converter", "cathode", lot, parts=1)
        return hydroxides

    # ── from salts to vehicles ────────────────────────────────────────────────────────────

    def _cathodes(self, sulfates: Sequence[str], hydroxides: list[str]) -> Iterator[Claim]:
        cathodes, scraps = [], []
        runs = [list(sulfates[at : at + 3]) for at in range(0, len(sulfates), 3)]
        if self.recycled:
            yield from self._shipped("recycler", "cathode", self.recycled, parts=1)
            runs[0].append(self.recycled)
            self.recycled = ""
        for number, run in enumerate(runs):
            metal, gross = self._metal(run), sum(self.left[name] for name in run)
            inputs = [self._whole(name) for name in run]
            mass = gross // 2
            kept = {name: share * 0.985 for name, share in metal.items()}
            precursor = self._new("cathode", "precursor", mass, self._over(kept, mass))
            yield self._step("cathode", "precursor", inputs, precursor)
            salts = [self._some(lot, self.left[lot] // (len(runs) - number)) for lot in hydroxides]
            for item in salts:
                share = self.grade[item["lot"]]["Li"]
                kept["Li"] = kept.get("Li", 0.0) + share * int(item["quantity"]["value"])
            kept = {name: one * 0.97 for name, one in kept.items()}
            halves = {name: one / 2 for name, one in kept.items()}
            both = [
                self._new("cathode", "cathode", mass // 2, self._over(halves, mass // 2))
                for _ in range(2)
            ]
            rest = {name: one * 0.02 for name, one in kept.items()}
            scrap = self._new("cathode", "scrap", mass // 20 + 1, self._over(rest, mass // 20 + 1))
            inputs = [self._whole(precursor["lot"]), *salts]
            yield self._step("cathode", "active_material", inputs, *both, by_product=scrap)
            cathodes += [one["lot"] for one in both]
            scraps.append(scrap["lot"])
        for lot in cathodes:
            yield from self._shipped("cathode", "cells", lot, parts=1)
        yield from self._recycle(scraps)
        return cathodes

    def _recycle(self, scraps: Sequence[str]) -> Iterator[Claim]:
        for lot in scraps:
            yield from self._shipped("cathode", "recycler", lot, parts=1)
        metal, gross = self._metal(scraps), sum(self.left[name] for name in scraps)
        mass = gross
        powder = self._new("recycler", "black_mass", mass, self._over(metal, mass))
        body = {
            "feedstock": "manufacturing",
            "inputs": [self._whole(name) for name in scraps],
            "outputs": [powder | {"role": "product"}],
        }
        yield self._claim("recycler", "recovery", body)
        salt = self._sulfate("Ni", metal["Ni"] * 0.9, "recycler")
        is_used = self.random.random() < _RECYCLED
        inputs = [self._whole(powder["lot"])]
        yield self._step("recycler", "recycling_recovery", inputs, salt, final=not is_used)
        self.recycled = salt["lot"] if is_used else ""

    def _cells(self, cathodes: Sequence[str]) -> Iterator[Claim]:
        boxes: list[str] = []
        for lot in cathodes:
            inputs = [self._whole(lot)]
            batch = self._new("cells", "cells", 2_000, {}, unit="piece")
            yield self._step("cells", "cell", inputs, batch)
            parts = [self._part("cells", "box", batch["lot"], 500) for _ in range(4)]
            yield self._claim("cells", "split", {"lot": batch["lot"], "parts": parts})
            for part in parts:
                yield from self._shipped("cells", "packs", part["lot"], parts=1)
            boxes += [part["lot"] for part in parts]
        return boxes

    def _vehicles(self, boxes: Sequence[str]) -> Iterator[Claim]:
        for box in boxes:
            packs = []
            for _ in range(5):
                pack = self._new("packs", "pack", 1, {}, unit="piece")
                yield self._assembled("packs", "battery_pack", [self._some(box, 100)], pack)
                packs.append(pack["lot"])
            yield from self._moved("packs", "motors", [(lot, None, 1) for lot in packs])
            for lot in packs:
                car = self._new("motors", "vehicle", 1, {}, unit="piece", final=True)
                yield self._assembled("motors", "vehicle", [self._whole(lot)], car)

    def _assembled(self, role: str, category: str, inputs: list[Item], output: Item) -> Claim:
        product = {
            "serial": output["lot"].partition(":")[2],
            "model": "Illustrative",
            "category": category,
            "use_class": "traction",
        }
        body = {"inputs": inputs, "output": output, "product": product}
        return self._claim(role, "assembly", body)

    # ── between companies ─────────────────────────────────────────────────────────────────

    def _shipped(self, seller: str, buyer: str, lot: str, *, parts: int) -> Iterator[Claim]:
        """Ship a lot whole, or cut into parts; the receiver weighs it, a little less mostly."""
        if parts == 1:
            yield from self._moved(seller, buyer, [(lot, None, self.left[lot])])
            return [lot]
        each, cargo = self.left[lot] // parts, []
        for number in range(parts):
            mass = each if number < parts - 1 else self.left[lot]
            part = self._part(seller, "cargo", lot, mass)
            cargo.append((part["lot"], lot, mass))
        yield from self._moved(seller, buyer, cargo)
        return [name for name, _, _ in cargo]

    def _moved(
        self, seller: str, buyer: str, cargo: Sequence[tuple[str, str | None, int]]
    ) -> Iterator[Claim]:
        consignment = f"{self.organization(seller)}:C{self._number()}"
        lots, received = [], []
        for name, source, amount in cargo:
            unit = "piece" if name.partition(":")[2].startswith(("box", "pack")) else "kg"
            item = {"lot": name, "quantity": _quantity(amount, unit)}
            lots.append(item | ({"from": source} if source else {}))
            arrived = amount
            if unit == "kg":
                arrived = max(1, amount - int(amount * self.random.random() * 0.002))
                self.left[name] = arrived
            received.append({"lot": name, "accepted": _quantity(arrived, unit)})
        shipment = {
            "consignment": consignment,
            "consignee": {"organization": self.organization(buyer)},
            "lots": lots,
            "seals": [f"S{self._number()}"],
        }
        yield self._claim(seller, "shipment", shipment)
        receipt = {"consignment": consignment, "lots": received, "seals_intact": True}
        self._ends.append(f"consignment:{consignment}:{self.organization(buyer)}")
        yield self._claim(buyer, "receipt", receipt)
        first = cargo[0][0]
        if self.grade.get(first) and not self.random.randrange(5):
            yield self._assay(buyer, first)

    def _assay(self, role: str, lot: str) -> Claim:
        body = {
            "lot": lot,
            "laboratory": {"name": "Illustrative laboratory"},
            "party": "buyer",
            "method": "ICP-OES",
            "status": "final",
            "results": _results(self.grade[lot]),
        }
        return self._claim(role, "assay", body, at_site=False)

    def _weighed(self, role: str, lot: str) -> Claim:
        self.left[lot] -= self.left[lot] // 500
        count_of_it = {"lot": lot, "quantity": _kilograms(self.left[lot]), "reason": "month end"}
        return self._claim(role, "stocktake", {"counts": [count_of_it]})

    # ── words of statements ───────────────────────────────────────────────────────────────

    def _claim(self, role: str, kind: str, body: Item, *, at_site: bool = True) -> Claim:
        author = self.organization(role)
        if at_site:
            body = {"facility": f"{author}:site"} | body
        ends, self._ends = tuple(self._ends), []
        for name in ends:
            self.left.pop(name, None)
            self.grade.pop(name, None)
        return Claim(author, f"custody.{kind}", f"{self.day}T12:00:00Z", body, ends)

    def _step(
        self,
        role: str,
        stage: str,
        inputs: list[Item],
        *products: Item,
        by_product: Item | None = None,
        residue: Item | None = None,
        losses: list[Item] | None = None,
        final: bool = False,
    ) -> Claim:
        outputs = [one | {"role": "product"} for one in products]
        if by_product:
            outputs.append(by_product | {"role": "by_product"})
        if residue:
            outputs.append(residue | {"role": "residue"})
            self._ends.append(residue["lot"])
        if final:
            self._ends += [one["lot"] for one in products]
        body = {
            "stage": stage,
            "inputs": [{"role": "feed"} | item for item in inputs],
            "outputs": outputs,
        }
        return self._claim(role, "transformation", body | ({"losses": losses} if losses else {}))

    def _new(
        self,
        role: str,
        form: str,
        amount: int,
        grade: dict[str, float],
        *,
        assayed: bool = True,
        unit: str = "kg",
        final: bool = False,
    ) -> Item:
        """Begin a lot of this company, assayed for what it holds unless it is a mixture."""
        owner = self.organization(role)
        lot = f"{owner}:{form}-{self._number()}"
        self.left[lot], self.grade[lot] = amount, grade
        if final:
            self._ends.append(lot)
        told = {
            "lot": lot,
            "material": _MATERIAL.get(form, "nickel_matte"),
            "form": form,
            "quantity": _quantity(amount, unit),
            "owners": [{"owner": {"organization": owner}, "parts": 1}],
        }
        return told | ({"assays": _results(grade)} if assayed and grade else {})

    def _part(self, role: str, form: str, source: str, amount: int) -> Item:
        part = f"{self.organization(role)}:{form}-{self._number()}"
        unit = "piece" if form == "box" else "kg"
        self.grade[part] = dict(self.grade[source])
        self.left[part] = amount
        return {**self._some(source, amount, unit), "lot": part}

    def _whole(self, lot: str) -> Item:
        return self._some(lot, self.left[lot])

    def _some(self, lot: str, amount: int, unit: str = "") -> Item:
        unit = unit or ("piece" if ":box" in lot or ":pack" in lot or ":cells" in lot else "kg")
        self.left[lot] -= amount
        if not self.left[lot]:
            self._ends.append(lot)
        return {"lot": lot, "quantity": _quantity(amount, unit)}

    def _metal(self, lots: Sequence[str]) -> dict[str, float]:
        """Return what lots hold of each element, in kilograms."""
        found: dict[str, float] = {}
        for lot in lots:
            for name, share in self.grade[lot].items():
                found[name] = found.get(name, 0.0) + share * self.left[lot]
        return found

    @staticmethod
    def _over(metal: dict[str, float], mass: int) -> dict[str, float]:
        return {name: one / mass for name, one in metal.items()}

    def _about(self, spread: float) -> float:
        return 1 + spread * (2 * self.random.random() - 1)

    def _number(self) -> int:
        self.made += 1
        return self.made


_MATERIAL = {
    "ore": "nickel_ore",
    "concentrate": "nickel_concentrate",
    "tailings": "nickel_tailings",
    "slag": "nickel_slag",
    "precursor": "nickel_cobalt_precursor",
    "cathode": "nickel_cobalt_lithium_cathode",
    "scrap": "nickel_cobalt_lithium_scrap",
    "black_mass": "nickel_cobalt_black_mass",
    "cells": "battery_cells",
    "pack": "battery_pack",
    "vehicle": "vehicle",
}


def _quantity(amount: int, unit: str) -> dict[str, str]:
    basis = "count" if unit == "piece" else "dry"
    return {"value": str(amount), "unit": unit, "basis": basis}


def _kilograms(amount: int) -> dict[str, str]:
    return _quantity(amount, "kg")


def _results(grade: dict[str, float]) -> list[dict[str, str]]:
    """Write grades as a laboratory does: percent, four decimals, rounded down."""
    return [
        {
            "element": name,
            "value": f"{int(share * 1_000_000) / 10_000:.4f}",
            "unit": "percent",
            "basis": "dry",
        }
        for name, share in sorted(grade.items())
    ]
