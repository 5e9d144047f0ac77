"""Random chronicles: what a ledger may have recorded, corrections, voids and disputes included."""

from datetime import date, timedelta

from hypothesis import strategies as st

from traceability.ledger.book import Movement
from traceability.ledger.chronicle import Happening

KG = 1_000_000
PLACES = ("a:mine", "a:works", "b:mine", "b:works")
_FIRST = date(2026, 1, 1)


class Scribe:
    """A ledger under construction: what each lot holds in its books, and what was written."""

    def __init__(self, draw, *, honest):
        self.draw = draw
        self.honest = honest  # nothing corrected, voided or disputed
        self.happenings = []
        self.held = {}
        self.made = 0

    # ── writing ───────────────────────────────────────────────────────────────────────────

    def write(self, kind, *movements, **members):
        order = len(self.happenings) + 1
        self.happenings.append(
            Happening(
                entry=f"{order:064x}",
                order=order,
                kind=f"custody.{kind}",
                author="a",
                facility=members.pop("facility", None) or self.draw(st.sampled_from(PLACES)),
                stage=None,
                on=_FIRST + timedelta(days=order),
                is_disputed=not self.honest and self.draw(st.integers(0, 15)) == 0,
                movements=movements,
                **members,
            )
        )

    def make(self, amount, *, unit="mg", **facts):
        self.made += 1
        lot = f"a:L{self.made}"
        self.held[lot] = amount
        return self.movement(lot, "make", amount, unit, self.described(unit) | facts)

    def described(self, unit):
        quantity = {"unit": "kg", "basis": "dry", "value": "1"} if unit == "mg" else {
            "unit": "piece", "basis": "count", "value": "1"
        }  # fmt: skip
        if unit == "mg" and self.draw(st.integers(0, 2)) == 0:
            quantity |= {"basis": "wet"} | self.water()
        facts = {"material": "copper_ore", "form": "bulk", "quantity": quantity}
        elements = self.draw(st.lists(st.sampled_from(["Cu", "Ni"]), unique=True, max_size=2))
        if elements and unit == "mg":
            facts["assays"] = [self.result(element) for element in elements]
        return facts

    def water(self):
        told = self.draw(st.sampled_from([None, "0.1", "0.12", "0.05"]))
        return {} if told is None else {"moisture": told}

    def result(self, element):
        percent = self.draw(st.integers(0, 40))
        basis = self.draw(st.sampled_from(["dry", "dry", "dry", "as_received"]))
        told = {"element": element, "value": str(percent), "unit": "percent", "basis": basis}
        if self.draw(st.integers(0, 3)) == 0:
            told |= {"low": str(percent * 0.5), "high": str(percent + 1)}
        return told

    def take(self, lot, amount, **facts):
        self.held[lot] -= amount
        return self.movement(lot, "take", -amount, "mg", facts)

    @staticmethod
    def movement(lot, role, delta, unit, facts):
        return Movement(lot=lot, role=role, delta=delta, unit=unit, facts=facts)

    # ── what may happen ───────────────────────────────────────────────────────────────────

    def some(self, most):
        """Lots with something left, and how much of each is taken."""
        lots = sorted(lot for lot, amount in self.held.items() if amount > 0)
        chosen = self.draw(st.permutations(lots))[: self.draw(st.integers(1, most))]
        amounts = [
            self.draw(st.one_of(st.just(self.held[lot]), st.integers(1, self.held[lot])))
            for lot in chosen
        ]
        return list(zip(chosen, amounts, strict=True))

    def extraction(self):
        source = self.draw(st.sampled_from(["mined", "mined", "recycled"]))
        self.write("extraction", self.make(self.draw(st.integers(1, 99)) * KG, source=source))

    def introduction(self):
        rows = self.draw(
            st.lists(
                st.fixed_dictionaries(
                    {
                        "stage": st.sampled_from(["extraction", "refining"]),
                        "parts": st.integers(1, 3),
                    },
                    optional={
                        "facility": st.sampled_from(PLACES),
                        "element": st.just("Cu"),
                    },
                ),
                max_size=3,
            )
        )
        amount = self.draw(st.integers(1, 99)) * KG
        self.write("introduction", self.make(amount, source="introduced", declared_origin=rows))

    def split(self, kind="split"):
        """One to three parts, one after the other, of one or several lots."""
        movements, fresh = [], {}
        for _ in range(self.draw(st.integers(1, 3))):
            if not any(amount > 0 for amount in self.held.values()):
                break
            lot, amount = self.some(1)[0]
            self.made += 1
            part = f"a:L{self.made}"
            facts = self.described("mg") | {"from": lot}
            facts.pop("assays", None)
            movements += [
                self.take(lot, amount, into=part),
                self.movement(part, "make", amount, "mg", facts),
            ]
            fresh[part] = amount
        self.held |= fresh
        self.write(kind, *movements)

    def shipment(self):
        if self.draw(st.booleans()):
            self.split("shipment")
            return
        lot = self.some(1)[0][0]
        self.write("shipment", self.movement(lot, "move", 0, "mg", {"to": "b", "gross": "1"}))

    def receipt(self, kind="receipt"):
        lot = self.some(1)[0][0]
        to = max(0, self.held[lot] + self.draw(st.integers(-3, 3)) * KG // 2)
        facts = {"why": "received" if kind == "receipt" else "count", "to": str(to)}
        if self.draw(st.booleans()):  # recorded since quantities are kept
            facts["quantity"] = {"unit": "kg", "basis": "wet", "value": "1"} | self.water()
        delta, self.held[lot] = to - self.held[lot], to
        self.write(kind, self.movement(lot, "adjust", delta, "mg", facts))

    def stocktake(self):
        self.receipt("stocktake")

    def blend(self):
        takes = self.some(3)
        moved = [self.take(*one) for one in takes]
        self.write("blend", *moved, self.make(sum(amount for _, amount in takes)))

    def transformation(self, kind="transformation", **facts):
        moved = [
            self.take(*one, role=self.draw(st.sampled_from(["feed", "feed", "reagent"])))
            for one in self.some(3)
        ]
        makes = [
            self.make(self.draw(st.integers(1, 60)) * KG, role="product", **facts)
            for _ in range(self.draw(st.integers(1, 2)))
        ]
        self.write(kind, *moved, *makes)

    def recovery(self):
        self.transformation("recovery", source="recycled")

    def assembly(self):
        moved = [self.take(*one) for one in self.some(2)]
        pack = self.make(1, unit="piece", product={"serial": str(self.made)})
        self.held[pack.lot] = 0
        self.write("assembly", *moved, pack)

    def loss(self):
        lot, amount = self.some(1)[0]
        self.write("loss", self.take(lot, amount, loss="spill"))

    def assay(self):
        lot = self.draw(st.sampled_from(sorted(self.held)))
        facts = {"status": self.draw(st.sampled_from(["provisional", "final"])), "party": "buyer"}
        facts["results"] = [self.result("Cu")]
        facts |= self.water()
        self.write("assay", self.movement(lot, "assay", 0, "mg", facts))

    def amend(self):
        """Void an earlier statement, or put other amounts in its place."""
        replaced = {one.replaces for one in self.happenings}
        standing = [one for one in self.happenings if one.entry not in replaced]
        old = self.draw(st.sampled_from(standing))
        if old.kind == "custody.void" or self.draw(st.integers(0, 3)) == 0:
            self.write("void", replaces=old.entry)
            return
        percent = self.draw(st.integers(50, 120))
        movements = [
            self.movement(m.lot, m.role, m.delta * percent // 100, m.unit, m.facts)
            if m.unit == "mg" and m.role in ("make", "take")
            else m
            for m in old.movements
        ]
        kind = old.kind.removeprefix("custody.")
        self.write(kind, *movements, replaces=old.entry, facility=old.facility)


@st.composite
def chronicles(draw, *, most=14, honest=False):
    """Happenings of a ledger in which lots of a few places are mixed, parted and sent on."""
    scribe = Scribe(draw, honest=honest)
    scribe.extraction()
    moving = [
        *(scribe.split, scribe.blend, scribe.transformation, scribe.transformation),
        *(scribe.shipment, scribe.receipt, scribe.stocktake, scribe.recovery),
        *(scribe.assembly, scribe.loss),
    ]
    always = [scribe.extraction, scribe.introduction, scribe.assay]
    for _ in range(draw(st.integers(0, most))):
        is_held = any(amount > 0 for amount in scribe.held.values())
        actions = [*always, *(moving if is_held else []), *([] if honest else [scribe.amend])]
        draw(st.sampled_from(actions))()
    return scribe.happenings
