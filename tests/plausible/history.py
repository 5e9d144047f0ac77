"""The made-up history, from a seed, with frauds of every kind planted in it.

Pure and deterministic. Frauds are of all sizes, so that some stay below every threshold.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.plausible.works import Works
from tests.plausible.world import (
    BEGIN,
    MINES,
    WEEKS,
    Lot,
    Mine,
    Said,
    dry,
    kg,
    owned,
    paper,
    percent,
)

SEED = 20_260_105
ANDES, BAJA, SIERRA, OZARK = MINES
BAYOU = replace(OZARK, id="bayou", grade=0.12, tonnes=60)


def history(seed: int = SEED) -> list[Said]:
    """Return the statements of the history in the order in which the ledger learns of them."""
    teller = _Teller(Random(seed))  # noqa: S311 - the same history every time, not a secret
    teller.weeks()
    return sorted(teller.said, key=lambda one: one.received_at)


class _Teller(Works):
    """Tells what happens week by week, and plants the frauds."""

    # ── weeks ─────────────────────────────────────────────────────────────────────────────

    def weeks(self) -> None:
        for week in range(WEEKS):
            monday = BEGIN + timedelta(weeks=week)
            for mine in MINES:
                for place in range(mine.lots):
                    self.dig(mine, monday + timedelta(days=place + self.rng.random()), week)
            self.launder(monday, week)
            if week >= 3:
                for smelter in ("gulf", "seto", "kokkola"):
                    self.smelt(smelter, monday + timedelta(days=5), week)
                self.sell(monday + timedelta(days=6), week)
            self.plant(monday + timedelta(days=2), week)

    # ── frauds that need a story of their own ─────────────────────────────────────────────

    def launder(self, monday: datetime, week: int) -> None:
        """Pass foreign ore off as one's own: much of it, in a hurry, or through a country."""
        if week >= 9:
            for _ in range(9):
                weight = kg(self.rng.gauss(150, 12))
                self.one(ANDES, monday, week, extraction="laundered tonnes", kilograms=weight)
        if week in (6, 7):
            for _ in range(6):
                weight = kg(self.rng.gauss(85, 4))
                self.one(BAJA, monday, week, extraction="laundered in a hurry", kilograms=weight)
        if week >= 8:
            for _ in range(4):
                self.one(BAYOU, monday, week, extraction="laundered through a country")

    def plant(self, at: datetime, week: int) -> None:
        """Plant lots of every other kind of fraud, a few each week."""
        rng = self.rng
        if week >= 2:
            self.one(BAJA, at, week, receipt="a lorry that flies", hours=rng.uniform(4, 40))
            self.one(ANDES, at, week, shipment="a seal used again", seal=True)
            self.one(OZARK, at, week, assay="certificate used again", certificate=True)
            self.one(OZARK, at, week, receipt="weight added on the way", gain=rng.uniform(0, 0.03))
            self.one(ANDES, at, week, final="swapped assay", stated_grade=rng.uniform(1.04, 1.6))
        if week % 2:
            self.one(ANDES, at, week, extraction="backdating", late=rng.uniform(12, 120))
            hour = rng.choice((1, 2, 3, 5, 22))
            self.one(BAJA, at, week, extraction="entered at night", by_hand=hour)
        if week in (2, 7, 12):
            ore = {"extraction": "another mine's ore", "material": "cobalt_hydroxide"}
            self.one(ANDES, at, week, **ore)
        if week in (5, 10):
            oddity = "a by-product that is not registered yet"
            self.one(OZARK, at, week, material="nickel_concentrate", oddity=oddity)
        self.invent(at, week)
        self.on_paper(at, week)

    def one(self, mine: Mine, at: datetime, week: int, **fraud: Any) -> None:
        """Let a mine dig one lot that is not smelted, so that a fraud stays by itself."""
        self.dig(mine, at + timedelta(hours=self.rng.uniform(0, 60)), week, aside=True, **fraud)

    def invent(self, at: datetime, week: int) -> None:
        """Write weights down that no scale has shown."""
        if week in (9, 10, 11):
            for _ in range(7):
                weight = self.rng.choice(("38440", "38440", "38460"))
                self.one(BAJA, at, week, extraction="invented weights", kilograms=weight)
        if week in (13, 14):
            for _ in range(9):
                weight = f"{self.rng.choice((26, 27, 28))}000"
                self.one(SIERRA, at, week, extraction="round weights", kilograms=weight)

    def on_paper(self, at: datetime, week: int) -> None:
        """Book what is not there, beside honest metal with as few papers."""
        if week >= 3 and week % 2:
            self.twice(at)
        if week >= 3:
            self.ghost(at)
        if week in (4, 9):
            self.opening_stock(at)
        if week in (6, 11):
            self.sold_where_it_lies(at)

    def twice(self, at: datetime) -> None:
        """Book goods again that were received: under the same papers, or under new ones."""
        received = [
            one for one in self.said if one.kind == "custody.receipt" and "evidence" in one.members
        ]
        first = self.rng.choice(received[-60:-10])
        name, evidence = f"{first.author}:X{self.number()}", first.members["evidence"]
        if self.rng.random() < 0.25:
            evidence = [paper("receiving ticket", name)]
        booked = max(at, first.received_at)
        place = first.body["facility"]
        self.introduce(name, booked, "received twice", evidence=evidence, place=place)

    def ghost(self, at: datetime) -> None:
        """Introduce a lot that is nowhere, and sell it; sometimes with papers that look right."""
        name = f"port:G{self.number()}"
        papers = self.rng.randrange(4)
        evidence = [paper("warehouse warrant", name)] if papers == 3 else []
        known = self.introduce(
            name, at, "ghost lots", evidence=evidence, supplier=papers >= 2, assayed=papers >= 1
        )
        self.sell_on(name, at, known)

    def sold_where_it_lies(self, at: datetime) -> None:
        """Sell honest metal in the warehouse, as is usual."""
        name, oddity = f"port:W{self.number()}", "metal sold where it lies"
        evidence = [paper("warehouse warrant", name)]
        known = self.introduce(name, at, "", evidence=evidence, oddity=oddity)
        self.sell_on(name, at, known)

    def sell_on(self, name: str, at: datetime, known: datetime) -> None:
        lot = Lot(id=name, element="Cu", kilograms="0", grade=1, at=at, known=known)
        self.transfer(lot, "port", "trader", at + timedelta(days=1))

    def opening_stock(self, at: datetime) -> None:
        """Enter what lay in the yard when the company joined: with no paper at all."""
        name, oddity = f"gulf:S{self.number()}", "opening stock"
        self.introduce(
            name, at, "", evidence=[], supplier=False, assayed=False, place="gulf:works",
            oddity=oddity,
        )  # fmt: skip

    def introduce(
        self,
        name: str,
        at: datetime,
        fraud: str,
        *,
        evidence: list[dict[str, str]],
        supplier: bool = True,
        assayed: bool = True,
        place: str = "port:shed",
        oddity: str = "",
    ) -> datetime:
        """Let material enter from outside the ledger."""
        author = name.partition(":")[0]
        lot = {
            "lot": name,
            "material": "copper_cathode",
            "form": "cathode",
            "quantity": dry(kg(self.rng.gauss(25, 2))),
            "owners": owned(author),
        }
        body = {"facility": place, "reason": "other", "lot": lot}
        if supplier:
            body["supplier"] = {"name": "Somebody (illustrative)"}
        if assayed:
            lot["assays"] = percent("Cu", 0.9999)
        members = {"evidence": evidence}
        return self.say(
            "introduction", author, at, body, known=at, members=members, fraud=fraud, oddity=oddity
        )
