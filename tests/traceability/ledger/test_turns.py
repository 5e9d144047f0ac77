"""What lots hold in the books is what their history says, whatever is corrected and when."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import (
    blend,
    correction,
    extraction,
    loss,
    new_lot,
    notebook,
    receipt,
    received,
    shipment,
    split,
    stocktake,
    taken,
    void,
)
from traceability.errors import TraceabilityError
from traceability.ledger.chronicle import Happening, build_history, lot_of
from traceability.ledger.provenance import propagate
from traceability.ledger.turns import Turn, amount_after, shortfall_of

MINE = "alice:mine"


class Told:
    """What Alice and Bob said, as the books took it, and as a history reads it."""

    def __init__(self, draw):
        self.draw = draw
        self.notes = notebook("alice", "bob")
        self.happenings = []
        self.said = []  # (author, entry, lots): heads of correction chains
        self.lots = []

    def amount(self):
        return str(self.draw(st.integers(1, 50)))

    def lot(self):
        return self.draw(st.sampled_from(self.lots))

    def new(self):
        return f"alice:L{len(self.lots)}"

    def events(self, lot):
        """An event that takes from a lot, or counts it, with the lots it touches."""
        made = self.new()
        yield loss(lot, self.amount()), [lot]
        yield stocktake(taken(lot, self.amount()), at=MINE), [lot]
        yield split(lot, new_lot(made, self.amount())), [lot, made]
        other, amount = self.lot(), self.amount()
        yield blend([taken(other, amount)], new_lot(made, amount), at=MINE), [other, made]

    def event(self):
        return self.draw(st.sampled_from(list(self.events(self.lot()))))

    def mined(self, lot, amount):
        return extraction(lot, amount)

    def extract(self):
        self.say("alice", self.mined(self.new(), self.amount()), [self.new()])

    def happen(self):
        claim, lots = self.event()
        self.say("alice", claim, lots)

    def hand_over(self):
        lot, name = self.lot(), f"alice:C{len(self.said)}"
        held = self.notes.book.lots[lot].amount // 10**9
        if self.say("alice", shipment(name, "bob", taken(lot, str(held))), [lot]):
            claim = receipt(name, received(lot, self.amount()), at="bob:mine")
            self.say("bob", claim, [lot])

    def correct(self):
        if not self.said:
            return
        author, entry, kind, lots = self.draw(st.sampled_from(self.said))
        amount = self.amount()
        again = {
            "custody.extraction": lambda: (self.mined(lots[0], amount), lots),
            "custody.loss": lambda: (loss(other := self.lot(), amount), {lots[0], other}),
            "custody.stocktake": lambda: (
                stocktake(taken(other := self.lot(), amount), at=MINE),
                {lots[0], other},
            ),
            "custody.split": lambda: (split(lots[0], new_lot(lots[-1], amount)), lots),
            "custody.blend": lambda: (
                blend([taken(other := self.lot(), amount)], new_lot(lots[-1], amount), at=MINE),
                {*lots, other},
            ),
        }.get(kind)
        if again is not None:
            claim, touched = again()
            self.say(author, correction(entry, claim, *sorted(touched)), touched, kind)

    def take_back(self):
        if not self.said:
            return
        author, entry, _kind, lots = self.draw(st.sampled_from(self.said))
        if self.say(author, void(entry, *lots), lots, "custody.void"):
            self.said.pop()

    def say(self, author, claim, lots, kind=None):
        """Say it where the ledger takes it; tell whether it did."""
        try:
            entry = self.notes.says(author, claim)
        except TraceabilityError:
            return False
        effects = self.notes.effects
        self.happenings.append(
            Happening(
                entry=entry,
                order=len(self.happenings),
                kind=effects.event or claim[0],
                author=author,
                facility=None,
                stage=None,
                on=date(2026, 1, 1),
                replaces=effects.replaces,
                movements=effects.movements,
            )
        )
        self.said = [one for one in self.said if one[1] != effects.replaces]
        self.said.append((author, entry, kind or claim[0], sorted(lots)))
        self.lots.extend(lot for lot in sorted(lots) if lot not in self.lots)
        return True


@given(st.data())
def test_the_books_hold_what_the_history_says(data):
    told = Told(data.draw)
    told.extract()
    told.extract()
    for _ in range(data.draw(st.integers(1, 14))):
        data.draw(
            st.sampled_from(
                (told.extract, told.happen, told.hand_over, told.correct, told.take_back)
            )
        )()
    history = build_history(told.happenings)
    held = {lot: told.notes.amount(lot) for lot in told.notes.book.lots}
    said = {lot: history.balances.get(lot, 0) for lot in held}

    assert held == said
    standing = {one.replaces for one in told.happenings}
    moved = dict.fromkeys(held, 0)
    for one in told.happenings:
        for movement in () if one.entry in standing else one.movements:
            moved[movement.lot] += movement.delta
    assert held == moved
    for lot in held:
        assert shortfall_of(told.notes.book.turns[lot]) == short_in(history, lot)


def short_in(history, lot):
    """Return how much the steps of a history take from a lot beyond what it held."""
    return sum(
        take.amount - min(take.amount, take.held)
        for step in history.steps
        for take in step.takes
        if lot_of(take.lot) == lot
    )


class Pure(Told):
    """Two mines' lots of nothing but copper, of which parts are taken that stay as they are."""

    mines = ("alice:L0", "alice:L1")
    assays = ({"element": "Cu", "value": "100", "unit": "percent", "basis": "wet"},)

    def mined(self, lot, amount):
        return extraction(lot, amount, assays=list(self.assays))

    def lot(self):
        return self.draw(st.sampled_from(self.mines))

    def events(self, lot):
        made, other, amount = self.new(), self.lot(), self.amount()
        yield stocktake(taken(lot, amount), at=MINE), [lot]
        yield split(lot, new_lot(made, amount)), [lot, made]
        yield blend([taken(other, amount)], new_lot(made, amount), at=MINE), [other, made]

    def take_back(self):
        """Void anything but an extraction: what was taken of a lot nobody mined has no amount."""
        kept = [one for one in self.said if one[2] == "custody.extraction"]
        self.said = [one for one in self.said if one[2] != "custody.extraction"]
        super().take_back()
        self.said += kept


@given(st.data())
def test_the_milligrams_a_lot_is_short_of_are_those_of_unknown_source(data):
    told = Pure(data.draw)
    told.extract()
    told.extract()
    for _ in range(data.draw(st.integers(1, 14))):
        data.draw(st.sampled_from((told.happen, told.happen, told.correct, told.take_back)))()

    contents = propagate(build_history(told.happenings).steps)
    for mine in told.mines:
        found = sum(
            mass
            for name, one in contents.items()
            if lot_of(name) not in told.mines
            for label, mass in one.contents["Cu"].sources.items()
            if label.startswith("shortfall:") and lot_of(label.removeprefix("shortfall:")) == mine
        )
        assert found == shortfall_of(told.notes.book.turns[mine])


def test_a_count_covers_nothing_of_what_a_lot_gave_before():
    turns = [
        Turn(order=1, delta=50, begins=True),
        Turn(order=2, delta=-80),
        Turn(order=3, delta=50, to=20),
        Turn(order=4, delta=-25),
    ]
    assert (shortfall_of(turns), amount_after(turns)) == (35, -5)
