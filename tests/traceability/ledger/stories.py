"""Stories: what two companies said to a ledger without a database, and what it made of that."""

from datetime import date

from hypothesis import strategies as st

from tests.builders import (
    Notebook,
    correction,
    extraction,
    introduction,
    loss,
    new_lot,
    notebook,
    quantity,
    receipt,
    received,
    recovery,
    shipment,
    split,
    stocktake,
    taken,
    transformation,
    understood,
    void,
)
from traceability.errors import TraceabilityError
from traceability.ledger.balances import stock_lines
from traceability.ledger.book import event_facility
from traceability.ledger.chronicle import Happening, build_history
from traceability.ledger.effective import parse_effective
from traceability.ledger.provenance import propagate

T = 10**9
NAMES = ("alice", "bob")
COPPER = [{"element": "Cu", "value": "30", "unit": "percent", "basis": "wet"}]
NICKEL = [
    {"element": "Ni", "value": "2", "unit": "percent", "basis": "wet", "low": "1", "high": "3"}
]


class Story:
    """A notebook that also keeps what happened, for the history of its lots."""

    def __repr__(self):
        """Return what happened, line by line: a failing example is then a story."""
        return "\n".join(
            f"{one.on} {one.kind} at {one.facility}: "
            + ", ".join(
                f"{m.role} {m.lot} {m.delta // T} {m.facts.get('to', '')}" for m in one.movements
            )
            for one in self.happenings
        )

    def __init__(self):
        self.notes: Notebook = notebook(*NAMES)
        self.happenings = []
        self.ahead = {}

    def says(self, author, claim, day=1):
        """Say something on a day of March; return its entry, None where it is refused."""
        when = f"2026-03-{day:02}T10:00:00-05:00"
        try:
            entry = self.notes.says(author, claim, effective=when)
        except TraceabilityError:
            return None
        told, effects = understood(claim, author, effective=when), self.notes.effects
        if effects.waits_on is not None:
            consignment = ":".join(effects.waits_on.split(":")[1:3])
            self.ahead[author, told.body.facility, consignment] = date(2026, 3, day)
        on = told.effective.day
        if claim[0] == "custody.correction":
            on = parse_effective(claim[1]["replacement"]["effective"]).day
        self.happenings.append(
            Happening(
                entry=entry,
                order=len(self.happenings),
                kind=effects.event or claim[0],
                author=author,
                facility=event_facility(told),
                stage=None,
                on=on,
                replaces=effects.replaces,
                movements=effects.movements,
            )
        )
        return entry

    def history(self):
        return build_history(self.happenings)

    def contents(self):
        history = self.history()
        steps = [step for step in history.steps if not history.is_dispatch(step)]
        elements = {name for step in steps for one in step.makes for name in one.contained}
        for lot in history.beginnings:
            elements |= history.elements_of(lot)
        return propagate(steps, elements=elements)

    def lines(self, site):
        author = site.partition(":")[0]
        ahead = {
            consignment: on
            for (receiver, place, consignment), on in self.ahead.items()
            if (receiver, place) == (author, site)
        }
        return stock_lines(
            self.history(),
            self.contents(),
            is_here=lambda one: (one.author, one.facility) == (author, site),
            ahead=ahead,
        )

    def stock(self, site):
        """Return the lots that the books have at a site, in its operator's hands."""
        author = site.partition(":")[0]
        return [
            lot
            for lot in self.notes.book.lots.values()
            if (lot.custodian, lot.facility, lot.state) == (author, site, "held")
        ]


SITES = [f"{name}:{place}" for name in NAMES for place in ("mine", "smelter")]


@st.composite
def stories(draw, *, amends_what_was_weighed=False):
    """Two companies mine, send, receive, work, count, lose, correct and take back.

    Args:
        amends_what_was_weighed: also what happened to a lot before it was weighed again, as a
            lot of Alice's was on its way to Bob.
    """
    story, entries, sent = Story(), [], []
    if amends_what_was_weighed:
        for author, claim in (
            ("alice", extraction("alice:ore", "20", assays=COPPER)),
            ("alice", shipment("alice:way", "bob", taken("alice:ore", "20"))),
            ("bob", receipt("alice:way", received("alice:ore", "19"), at="bob:smelter")),
        ):
            entries.append((story.says(author, claim), author, claim))
    for number in range(draw(st.integers(1, 14))):
        author, day = draw(st.sampled_from(NAMES)), draw(st.integers(1, 9))
        claim = _claim(draw, story, author, number, sent)
        if entries and draw(st.integers(0, 4)) == 0:
            entry, author, old = draw(st.sampled_from(entries))
            is_open = amends_what_was_weighed
            claim = _amendment(draw, story, entry, old, is_open=is_open) or claim
        entry = story.says(author, claim, day)
        if entry is not None:
            entries.append((entry, author, claim))
    return story


def _claim(draw, story, author, number, sent):
    name = f"{author}:{number}"
    site = f"{author}:{draw(st.sampled_from(['mine', 'smelter']))}"
    lots = sorted(lot.id for lot in story.stock(site) if lot.amount >= T and lot.unit == "mg")
    if sent and draw(st.integers(0, 2)) == 0:
        return _arrival(draw, number, sent)
    if not lots:
        return _beginning(draw, author, name)
    lot = draw(st.sampled_from(lots))
    return _handling(draw, story, lot, name, site, sent)


def _arrival(draw, number, sent):
    consignment, lot, to = draw(st.sampled_from(sent))
    rejected = draw(st.sampled_from([None, "1"]))
    amount, place = str(draw(st.integers(1, 20))), draw(st.sampled_from(["mine", "smelter"]))
    item = received(lot, amount, rejected, f"{to}:R{number}" if rejected else None)
    return receipt(consignment, item, at=f"{to}:{place}")


def _beginning(draw, author, name):
    amount = str(draw(st.integers(1, 20)))
    assays = draw(st.sampled_from([None, COPPER, NICKEL]))
    more = {"assays": assays} if assays else {}
    return draw(
        st.sampled_from(
            [
                extraction(name, amount, **more),
                introduction(name, amount),
                recovery(name, at=f"{author}:mine"),
            ]
        )
    )


def _handling(draw, story, lot, name, site, sent):
    whole, author = story.notes.book.lots[lot].amount // T, site.partition(":")[0]
    part, to = str(draw(st.integers(1, whole))), draw(st.sampled_from(NAMES))
    assays = draw(st.sampled_from([None, COPPER, NICKEL]))
    out = new_lot(name, part, material="copper_matte", **({"assays": assays} if assays else {}))
    consignment = f"{author}:C{name.partition(':')[2]}"
    sent += [(consignment, lot, to), (consignment, name, to)]  # or so somebody believes
    return draw(
        st.sampled_from(
            [
                split(lot, taken(name, part), at=site),
                loss(lot, part, at=site),
                stocktake(taken(lot, str(whole + 1)), at=site),
                transformation([taken(lot, part)], [out], at=site),
                shipment(consignment, to, taken(name, part, **{"from": lot}), at=site),
                shipment(consignment, to, taken(lot, str(whole)), at=site),
            ]
        )
    )


def _amendment(draw, story, entry, old, *, is_open):
    """Correct or void; unless it is open, not what happened to a lot that was weighed."""
    kind, body = old
    moved = story.notes.book.statements[entry].movements
    lots = sorted({movement.lot for movement in moved})
    weighed = {m.lot for one in story.happenings for m in one.movements if m.role == "adjust"}
    if weighed & set(lots) and not is_open:
        return None
    if draw(st.booleans()) or kind != "custody.extraction":
        return void(entry, *lots)
    lot = body["lot"] | {"quantity": quantity(str(draw(st.integers(1, 20))))}
    return correction(entry, (kind, body | {"lot": lot}), *lots)
