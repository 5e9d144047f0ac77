"""What the companies of the made-up history do: most of it honestly, and not neatly.

Scales differ, papers come late, a laboratory samples several lots at once, a plant works at night.
Each statement carries what it is: the fraud it belongs to, or the honest oddity, or neither.
"""

from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

from tests.plausible.world import Lot, Mine, Said, dry, kg, owned, paper, percent

BESIDE_FRAUD = {
    "andes": "true lots of a mine that launders",
    "ozark": "true lots of a country that ore is laundered through",
}


class Companies:
    """Mines and those who carry from them; `rng` decides everything."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.said: list[Said] = []
        self.count = 0
        self.stock: dict[str, list[Lot]] = {"seto": [], "gulf": [], "kokkola": []}
        self.cathode: list[Lot] = []
        self.seals: list[str] = []
        self.certificates: list[dict[str, str]] = []

    # ── saying ────────────────────────────────────────────────────────────────────────────

    def number(self) -> int:
        self.count += 1
        return self.count

    def say(
        self,
        kind: str,
        author: str,
        at: datetime,
        body: dict[str, Any],
        *,
        known: datetime,
        zone: int = 0,
        late: float = 0,
        **more: Any,
    ) -> datetime:
        """Say something `late` days after it happened, and never before what it rests on."""
        papers = timedelta(hours=self.rng.uniform(0.3, 30), days=late)
        received = max(at + papers, known + timedelta(minutes=1))
        if "by_hand" in more:
            local = received.astimezone(timezone(timedelta(hours=zone)))
            hour, minute = more.pop("by_hand"), self.rng.randrange(60)
            local = (local + timedelta(days=1)).replace(hour=hour, minute=minute)
            received = local.astimezone(UTC)
            more.setdefault("members", {})["acting_person"] = f"clerk-{author}"
        offset = timezone(timedelta(hours=zone))
        told = Said(
            key=len(self.said),
            kind=f"custody.{kind}",
            author=author,
            effective=at.astimezone(offset).isoformat(timespec="seconds"),
            received_at=received.replace(microsecond=0),
            body=body,
            **more,
        )
        self.said.append(told)
        return told.received_at

    # ── from the pit to the works ─────────────────────────────────────────────────────────

    def dig(self, mine: Mine, at: datetime, week: int, **frauds: Any) -> Lot:
        """Mine a lot, have it assayed, ship it, and let the smelter weigh and assay it."""
        late, oddity = 0.0, frauds.pop("oddity", "")
        if mine.id == "sierra" and week in (4, 5, 6, 7, 8):
            late, oddity = self.rng.uniform(18, 46), oddity or "a site without a connection"
        if not frauds and week >= 9:
            oddity = BESIDE_FRAUD.get(mine.id, oddity)
        lot = self.extract(mine, at, late, oddity, week, frauds)
        if frauds.get("late", 0) > 0:
            oddity = "waited for what was stated late"
        self.assay(mine, lot, late, oddity, frauds)
        return self.carry(mine, lot, late, oddity, week, frauds)

    def extract(
        self, mine: Mine, at: datetime, late: float, oddity: str, week: int, frauds: dict[str, Any]
    ) -> Lot:
        name = f"{mine.id}:O{self.number()}"
        tonnes = mine.tonnes * self.rng.gauss(1, 0.035)
        kilograms = frauds.get("kilograms") or kg(tonnes)
        quality = {}
        if mine.id == "sierra" and week % 4 == 0 and not oddity:
            kilograms, oddity = "27000", "big bags of a set weight"
        grade = mine.grade * self.rng.gauss(1, 0.03)
        stated = frauds.get("stated_grade", 1) * grade
        extra: dict[str, Any] = {"members": {"evidence": [paper("weighbridge ticket", name)]}}
        if frauds.get("by_hand") is not None:
            extra["by_hand"] = frauds["by_hand"]
        elif mine.id == "baja" and week in (6, 7) and self.rng.random() < 0.3:
            extra["by_hand"] = self.rng.choice((1, 2, 3, 9, 14))
            oddity = oddity or "a night shift"
        known = self.say(
            "extraction",
            mine.id,
            at,
            {
                "facility": f"{mine.id}:pit",
                "licence": f"L-{mine.id}",
                "lot": {
                    "lot": name,
                    "material": frauds.get("material", mine.material),
                    "form": "concentrate",
                    "quantity": dry(kilograms, **quality),
                    "owners": owned(mine.id),
                    "assays": percent(mine.element, stated * self.rng.gauss(1, 0.012)),
                },
            },
            known=at,
            zone=mine.zone,
            late=frauds.get("late", late),
            fraud=frauds.get("extraction", ""),
            oddity=oddity,
            **extra,
        )
        return Lot(
            id=name, element=mine.element, kilograms=kilograms, grade=grade, at=at, known=known
        )

    def assay(self, mine: Mine, lot: Lot, late: float, oddity: str, frauds: dict[str, Any]) -> None:
        """Let the seller's laboratory say what is in it; sometimes one sample for several lots."""
        certificate = paper("assay certificate", lot.id)
        if frauds.get("certificate"):
            certificate = self.rng.choice(self.certificates[:-30])
        elif self.certificates and self.rng.random() < 0.03:
            certificate, oddity = self.certificates[-1], "one certificate for several lots"
        else:
            self.certificates.append(certificate)
        error = self.rng.gauss(1, 0.015)
        if not frauds and self.rng.random() < 0.03:
            error, oddity = self.rng.choice((0.87, 1.15)), "a provisional figure far off"
        at = lot.at + timedelta(days=1.5)
        lot.known = self.say(
            "assay",
            mine.id,
            at,
            {
                "lot": lot.id,
                "laboratory": {"name": "Assay house (illustrative)", "country": "CA"},
                "party": "seller",
                "method": "titration",
                "status": "provisional",
                "results": percent(mine.element, lot.grade * frauds.get("stated_grade", 1) * error),
            },
            known=lot.known,
            zone=mine.zone,
            late=late,
            members={"evidence": [certificate]},
            fraud=frauds.get("assay", ""),
            oddity=oddity,
        )

    def carry(
        self, mine: Mine, lot: Lot, late: float, oddity: str, week: int, frauds: dict[str, Any]
    ) -> Lot:
        """Ship a lot and let the smelter receive and assay it."""
        number, smelter = self.number(), mine.smelter
        seal = f"{mine.id[:2].upper()}{100_000 + number * 7}"
        ship_oddity = oddity
        if frauds.get("seal"):
            seal = self.rng.choice(self.seals[:-20] or self.seals)
        elif len(self.seals) > 20 and self.rng.random() < 0.012:
            seal, ship_oddity = self.rng.choice(self.seals), "a seal number typed wrongly"
        self.seals.append(seal)
        leaves = lot.at + timedelta(days=2.5)
        hours = mine.hours * self.rng.uniform(0.9, 1.2)
        if mine.id == "baja" and week == 10:
            hours, ship_oddity = self.rng.uniform(14, 30), "stated when the lorry was loaded again"
        hours = frauds.get("hours", hours)
        known = self.say(
            "shipment",
            mine.id,
            leaves,
            {
                "facility": f"{mine.id}:pit",
                "consignment": f"{mine.id}:C{number}",
                "consignee": {"organization": smelter},
                "lots": [{"lot": lot.id, "quantity": dry(lot.kilograms)}],
                "seals": [seal],
                "transport_mode": "sea" if mine.hours > 400 else "road",
                **({"containers": [frauds["container"]]} if frauds.get("container") else {}),
            },
            known=lot.known,
            zone=mine.zone,
            late=late,
            fraud=frauds.get("shipment", ""),
            oddity=ship_oddity,
        )
        gain = self.rng.gauss(-0.0015, 0.0018)
        if not frauds and self.rng.random() < 0.05:
            gain, ship_oddity = self.rng.uniform(0.004, 0.012), "rain on open wagons"
        gain = frauds.get("gain", gain)
        arrived = kg(float(lot.kilograms) / 1000 * (1 + gain))
        arrives = leaves + timedelta(hours=hours)
        lot.known = self.say(
            "receipt",
            smelter,
            arrives,
            {
                "facility": f"{smelter}:works",
                "consignment": f"{mine.id}:C{number}",
                "lots": [{"lot": lot.id, "accepted": dry(arrived)}],
            },
            known=known,
            members={"evidence": [paper("receiving ticket", lot.id)]},
            fraud=frauds.get("receipt", ""),
            oddity=ship_oddity,
        )
        lot.kilograms, lot.at = arrived, arrives
        stated = lot.grade * self.rng.gauss(1, 0.012)
        lot.known = self.say(
            "assay",
            smelter,
            arrives + timedelta(days=2),
            {
                "lot": lot.id,
                "laboratory": {"organization": smelter},
                "party": "buyer",
                "method": "icp",
                "status": "final",
                "results": percent(lot.element, stated),
            },
            known=lot.known,
            members={"evidence": [paper("assay certificate", "buyer", lot.id)]},
            fraud=frauds.get("final", ""),
            oddity=oddity,
        )
        lot.grade = stated
        if not frauds.get("aside"):
            self.stock[smelter].append(lot)
        return lot
