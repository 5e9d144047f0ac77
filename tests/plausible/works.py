"""What smelters, a mill and a trader of the made-up history do with what they receive."""

from datetime import datetime, timedelta
from typing import Any

from tests.plausible.companies import Companies
from tests.plausible.world import PLACES, RECOVERIES, Lot, dry, kg, owned, paper, percent


class Works(Companies):
    """Smelting, selling and blending."""

    def smelt(self, smelter: str, at: datetime, week: int) -> None:
        """Smelt what has arrived by then into one lot of product."""
        ready = [lot for lot in self.stock[smelter] if lot.at < at - timedelta(days=3)][:6]
        if len(ready) < 3:
            return
        self.stock[smelter] = [lot for lot in self.stock[smelter] if lot not in ready]
        element, low, high = RECOVERIES[f"{smelter}:works"]
        metal = sum(float(lot.kilograms) * lot.grade for lot in ready)
        share = self.rng.uniform(float(low) + 0.006, float(high) - 0.006)
        fraud = oddity = ""
        if smelter == "seto" and week in (11, 12):
            share, oddity = self.rng.uniform(0.895, 0.925), "a furnace that is rebuilt"
        if smelter == "gulf" and week in (7, 9, 11, 13):
            fraud, share = "metal from nowhere", self.rng.uniform(1.005, 1.09)
        elif smelter == "seto" and week in (8, 10, 13, 14):
            fraud, share = "impossible recovery", self.rng.uniform(0.988, 1.018)
        purity = {"Cu": 0.9999, "Co": 0.2085}[element]
        output = kg(metal * share / purity / 1000)
        name = f"{smelter}:K{self.number()}"
        known = self.say(
            "transformation",
            smelter,
            at,
            {
                "facility": f"{smelter}:works",
                "stage": "smelting" if element == "Cu" else "refining",
                "inputs": [
                    {"lot": lot.id, "quantity": dry(lot.kilograms), "role": "feed"} for lot in ready
                ],
                "outputs": [
                    {
                        "lot": name,
                        "material": PLACES[f"{smelter}:works"]["product"],
                        "form": "cathode" if element == "Cu" else "crystals",
                        "quantity": dry(output),
                        "owners": owned(smelter),
                        "assays": percent(element, purity),
                        "role": "product",
                    }
                ],
            },
            known=max(lot.known for lot in ready),
            fraud=fraud,
            oddity=oddity,
        )
        made = Lot(id=name, element=element, kilograms=output, grade=purity, at=at, known=known)
        if element == "Cu":
            self.cathode.append(made)

    def sell(self, at: datetime, week: int) -> None:
        """Sell cathode to the mill; title passes, then the goods go there, or to a toller."""
        ready = [lot for lot in self.cathode if lot.at < at]
        self.cathode = [lot for lot in self.cathode if lot not in ready]
        for lot in ready:
            seller = lot.id.partition(":")[0]
            fraud = "double sale" if self.rng.random() < 0.3 else ""
            oddity = "tolling for the buyer" if not fraud and self.rng.random() < 0.2 else ""
            lot.known, entry = self.transfer(lot, seller, "trader" if oddity else "mill", at), ""
            if fraud and self.rng.random() < 0.5:
                entry = self.sold_again(lot, seller, at)
            went_elsewhere = bool(oddity) or (bool(fraud) and not entry)
            self.deliver(lot, seller, at, week, went_elsewhere, fraud, oddity)

    def transfer(self, lot: Lot, seller: str, buyer: str, at: datetime, fraud: str = "") -> Any:
        item = {
            "lot": lot.id,
            "from": {"organization": seller},
            "to": {"organization": buyer},
        }
        return self.say(
            "transfer", seller, at, {"items": [item]}, known=lot.known, zone=-6, fraud=fraud
        )

    def sold_again(self, lot: Lot, seller: str, at: datetime) -> str:
        """Withdraw a sale and sell the lot to somebody else."""
        sold = len(self.said) - 1
        lot.known = self.say(
            "void",
            seller,
            at + timedelta(days=1),
            {"replaces": sold, "reason": "cancelled", "lots": [lot.id]},
            known=lot.known,
            zone=-6,
        )
        lot.known = self.transfer(lot, seller, "hauler", at + timedelta(days=2), "double sale")
        return lot.id

    def deliver(
        self,
        lot: Lot,
        seller: str,
        at: datetime,
        week: int,
        elsewhere: bool,  # noqa: FBT001 - where it goes is what is told
        fraud: str,
        oddity: str,
    ) -> None:
        number = self.number()
        leaves = at + timedelta(days=3)
        to, place = ("port", "port:shed") if elsewhere else ("mill", "mill:plant")
        known = self.say(
            "shipment",
            seller,
            leaves,
            {
                "facility": f"{seller}:works",
                "consignment": f"{seller}:C{number}",
                "consignee": {"organization": to},
                "lots": [{"lot": lot.id, "quantity": dry(lot.kilograms)}],
                "seals": [],
                "transport_mode": "sea" if seller == "seto" else "road",
            },
            known=lot.known,
            fraud=fraud,
            oddity=oddity,
        )
        hours = 900 if seller == "seto" else 50
        lot.known = self.say(
            "receipt",
            to,
            leaves + timedelta(hours=hours),
            {
                "facility": place,
                "consignment": f"{seller}:C{number}",
                "lots": [{"lot": lot.id, "accepted": dry(lot.kilograms)}],
            },
            known=known,
            oddity=oddity,
        )
        if to == "mill":
            self.blend(lot, leaves + timedelta(hours=hours + 40), week)

    def blend(self, lot: Lot, at: datetime, week: int) -> None:
        """Commingle cathode with bought metal, and have the blend assayed."""
        number, own = self.number(), self.rng.uniform(0.93, 0.99)
        bought = f"mill:B{number}"
        weight = kg(20)
        evidence = [paper("bill of lading", bought)]
        known = self.say(
            "introduction",
            "mill",
            at - timedelta(days=1),
            {
                "facility": "mill:plant",
                "reason": "purchase",
                "supplier": {"name": "Scrap yard (illustrative)"},
                "lot": {
                    "lot": bought,
                    "material": "copper_scrap",
                    "form": "scrap",
                    "quantity": dry(weight),
                    "owners": owned("mill"),
                    "assays": percent("Cu", own),
                },
            },
            known=at,
            zone=-5,
            members={"evidence": evidence},
        )
        total = float(lot.kilograms) + float(weight)
        true = (float(lot.kilograms) * lot.grade + float(weight) * own) / total
        fraud = "dilution" if self.rng.random() < 0.45 else ""
        told = true * (self.rng.uniform(0.85, 0.99) if fraud else self.rng.gauss(1, 0.008))
        oddity = ""
        if week == 12:
            told, oddity = true * 0.93, "a sample from one corner of the pile"
        self.say(
            "blend",
            "mill",
            at + timedelta(days=1),
            {
                "facility": "mill:plant",
                "inputs": [
                    {"lot": lot.id, "quantity": dry(lot.kilograms)},
                    {"lot": bought, "quantity": dry(weight)},
                ],
                "output": {
                    "lot": f"mill:M{number}",
                    "material": "copper_scrap",
                    "form": "mixed",
                    "quantity": dry(str(int(total))),
                    "owners": owned("mill"),
                    "assays": percent("Cu", min(told, 0.9999)),
                },
            },
            known=max(known, lot.known),
            zone=-5,
            fraud=fraud,
            oddity=oddity,
        )
