"""Histories for the tests of provenance: written by hand, and at random."""

from fractions import Fraction
from math import ceil

from hypothesis import strategies as st

from traceability.ledger.history import Made, Source, Step, Taken
from traceability.ledger.mass import Interval, exactly
from traceability.ledger.provenance import propagate

KG = 10**6
T = 10**9
ELEMENTS = ("Cu", "Ni")


def mined(lot, amount, source=None, **contained):
    """A lot out of a mine; contained metal in milligrams, or as an interval."""
    return Made(
        lot=lot,
        amount=amount,
        contained=intervals(contained),
        source=Source(id=source or f"mined:{lot}", kind="mined"),
    )


def made(lot, amount, **contained):
    return Made(lot=lot, amount=amount, contained=intervals(contained))


def intervals(contained):
    return {
        element: told if isinstance(told, Interval) else exactly(told)
        for element, told in contained.items()
    }


def taken(lot, amount, held=None, role="feed"):
    return Taken(lot=lot, amount=amount, held=amount if held is None else held, role=role)


def history(*rows):
    """Steps from (kind, takes, makes), numbered in order."""
    return [
        Step(entry=f"e{order}", order=order, kind=kind, takes=tuple(takes), makes=tuple(makes))
        for order, (kind, takes, makes) in enumerate(rows)
    ]


def content(steps, lot, element="Cu", **options):
    return propagate(steps, **options)[lot].contents[element]


# ── random histories ──────────────────────────────────────────────────────────────────────


class World:
    """A history under construction, and the truth that its documents were written about.

    `truth` holds what every lot really contains of copper when it is made, by source;
    `held` what is left of it, with its gross milligrams.
    """

    def __init__(self, draw, *, measured=False):
        self.draw = draw
        self.measured = measured
        self.steps = []
        self.truth = {}
        self.held = {}

    def add(self, kind, takes, makes):
        order = len(self.steps)
        self.steps.append(
            Step(entry=f"e{order}", order=order, kind=kind, takes=tuple(takes), makes=tuple(makes))
        )

    def new_lot(self, amount, truth):
        lot = f"lot{len(self.truth)}"
        self.truth[lot] = truth
        self.held[lot] = (amount, truth)
        return lot

    def told(self, true):
        """What documents say of an amount: it, a range or a bound around it, or nothing."""
        kinds = ["point"] if self.measured else ["point", "point", "range", "bound", "nothing"]
        kind = self.draw(st.sampled_from(kinds))
        if kind == "nothing":
            return {}
        if kind == "point":
            return {"Cu": exactly(round(true))}
        low = 0 if kind == "bound" else int(true * self.draw(st.integers(5, 10)) / 10)
        return {"Cu": Interval(low=low, high=ceil(true * self.draw(st.integers(10, 15)) / 10))}

    def take(self, count):
        takes, pool = [], {}
        lots = sorted(lot for lot, (amount, _) in self.held.items() if amount)
        chosen = self.draw(st.permutations(lots))[:count]
        for lot in chosen:
            held, truth = self.held[lot]
            amount = self.draw(st.one_of(st.just(held), st.integers(1, held)))
            part = Fraction(amount, held)
            takes.append(Taken(lot=lot, amount=amount, held=held))
            for source, mass in truth.items():
                pool[source] = pool.get(source, 0) + mass * part
            left = {source: mass * (1 - part) for source, mass in truth.items()}
            self.held[lot] = (held - amount, left)
        return takes, pool

    def enter(self):
        amount = self.draw(st.integers(T, 100 * T))
        true = Fraction(amount * self.draw(st.integers(0, 40)), 100)
        mine = f"mined:{self.draw(st.integers(0, 3))}"
        contained = self.told(true)
        lot = self.new_lot(amount, {mine: true})
        self.add(
            "extraction",
            [],
            [
                Made(
                    lot=lot,
                    amount=amount,
                    contained=contained,
                    source=Source(id=mine, kind="mined"),
                )
            ],
        )

    def move(self, kind):
        """Blend or split: what goes in comes out, in one to three parts."""
        takes, pool = self.take(self.draw(st.integers(1, 3)))
        gross = sum(take.amount for take in takes)
        if not gross:
            return
        makes, rest = [], gross
        for _ in range(self.draw(st.integers(0, 2))):
            if rest > 1:
                makes.append(self.draw(st.integers(1, rest - 1)))
                rest -= makes[-1]
        parts = [
            (amount, {name: mass * Fraction(amount, gross) for name, mass in pool.items()})
            for amount in (*makes, rest)
        ]
        self.add(kind, takes, [made(self.new_lot(*part), part[0]) for part in parts])

    def transform(self):
        """Pool and refine: every output holds some of the pool in its ratio, the rest is lost."""
        takes, pool = self.take(self.draw(st.integers(1, 3)))
        if not takes:
            return
        left, makes = 100, []
        for _ in range(self.draw(st.integers(1, 3))):
            percent = self.draw(st.integers(0, left))
            left -= percent
            truth = {name: mass * percent / 100 for name, mass in pool.items()}
            true = sum(truth.values())
            contained = self.told(true)
            amount = ceil(true) + self.draw(st.integers(1, T))
            lot = self.new_lot(amount, truth)
            makes.append(Made(lot=lot, amount=amount, contained=contained))
        self.add("transformation", takes, makes)

    def weigh_less(self):
        takes, pool = self.take(1)
        if not takes:
            return
        gross = takes[0].amount
        amount = self.draw(st.integers(max(1, gross // 2), gross))
        truth = {name: mass * Fraction(amount, gross) for name, mass in pool.items()}
        self.add("stocktake", takes, [made(self.new_lot(amount, truth), amount)])


@st.composite
def worlds(draw, *, measured=False, lossless=False):
    world = World(draw, measured=measured)
    world.enter()
    actions = [world.enter, lambda: world.move("blend"), lambda: world.move("split")]
    if not lossless:
        actions += [world.transform, world.transform, world.weigh_less]
    for _ in range(draw(st.integers(0, 10))):
        draw(st.sampled_from(actions))()
    return world


@st.composite
def histories(draw):
    """Any history a ledger can hold: two elements, shortfalls, pieces, gains, wild documents."""
    held, steps = {}, []
    told = st.one_of(
        st.integers(0, 10**4).map(exactly),
        st.tuples(st.integers(0, 99), st.integers(100, 9999)).map(
            lambda ends: Interval(low=ends[0], high=ends[1])
        ),
    )
    documents = st.dictionaries(st.sampled_from(ELEMENTS), told, max_size=2)
    kinds = ["extraction", "blend", "split", "transformation", "stocktake", "assembly", "loss"]
    for order in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from(kinds)) if held else "extraction"
        takes, makes = [], []
        if kind != "extraction":
            for lot in draw(st.lists(st.sampled_from(sorted(held)), max_size=3, unique=True)):
                amount = draw(st.one_of(st.just(max(held[lot], 1)), st.integers(1, 10**4)))
                role = draw(st.sampled_from(["feed", "feed", "reagent"]))
                takes.append(taken(lot, amount, held[lot], role))
                held[lot] = max(0, held[lot] - amount)
        for place in range(draw(st.integers(0 if takes else 1, 3))):
            lot, amount = f"l{order}.{place}", draw(st.integers(1, 10**4))
            kind_of = draw(st.sampled_from(["mined", "unknown", "introduced"]))
            source = Source(id=f"{kind_of}:{draw(st.integers(0, 4))}", kind=kind_of)
            makes.append(
                Made(
                    lot=lot,
                    amount=amount,
                    contained=draw(documents),
                    source=None if takes else source,
                    unit=draw(st.sampled_from(["mg", "mg", "piece"])),
                )
            )
            held[lot] = amount
        steps.append(
            Step(entry=f"e{order}", order=order, kind=kind, takes=tuple(takes), makes=tuple(makes))
        )
    return steps
