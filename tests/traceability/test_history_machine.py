"""Random histories on PostgreSQL, held against the pure core after every step."""

import os
from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.builders import (
    ORIGIN,
    Company,
    assay,
    blend,
    correction,
    extraction,
    loss,
    new_lot,
    offer,
    owned_by,
    passing,
    quantity,
    receipt,
    received,
    shipment,
    signed,
    split,
    statement,
    stocktake,
    taken,
    transfer,
    transformation,
    void,
    withdrawal,
)
from tests.traceability.conftest import register
from tests.traceability.logbook import (
    entries_in_order,
    replayed_book,
    root_of_entries,
    verify_states,
    verify_withdrawals,
)
from traceability.errors import TraceabilityError
from traceability.ledger.decision import decide
from traceability.ledger.kinds import KINDS
from traceability.ledger.merkle import verify_inclusion
from traceability.ledger.statements import parse_statement
from traceability.ledger.tiles import inclusion_proof_from_tiles
from traceability.models import Entry, EntrySubject, Lot, Movement, Rejection, Subject
from traceability.publishing import latest_checkpoint, publish_checkpoint
from traceability.recording import Submission, record_statements
from traceability.registering import begin_ledger
from traceability.rows import lot_of
from traceability.tracing import log_state, tile_reader

NAMES = ("alice", "bob")
tonnes = st.integers(1, 9).map(str)
none = st.just("0")  # found in a silo, arrived of a cargo


class Histories(RuleBasedStateMachine):
    """Two companies say anything that looks like custody, alone and in batches."""

    def __init__(self):
        super().__init__()
        self.said = 0
        self.sums = Counter()

    @initialize()
    def begin(self):
        call_command("flush", interactive=False)
        Path(django_settings.GUARD_PATH).unlink(missing_ok=True)
        begin_ledger(operator="operator", name="O", country="CA", effective="2026-01-01")
        for name in NAMES:
            register(name)
        for name in NAMES:
            Company(name).records(extraction(f"{name}:0", "20"), extraction(f"{name}:1", "20"))
        publish_checkpoint()
        self.book = replayed_book()

    @rule(data=st.data(), count=st.integers(1, 3), atomic=st.booleans())
    def say(self, data, count, atomic):
        said = [self.a_claim(data) for _ in range(count)]
        sent = []
        for author, claim in said:
            self.said += 1
            document = statement(claim, author, id=str(UUID(int=self.said)))
            sent.append(Submission(jws=signed(document)))
        rejected = Rejection.objects.count()
        outcomes = record_statements(sent, atomic=atomic)

        is_whole = not (atomic and any(o.error for o in outcomes))
        for outcome in outcomes:
            if is_whole:
                self.agree(outcome)
        assert Rejection.objects.count() == rejected + sum(o.kind == "rejected" for o in outcomes)

    def agree(self, outcome):
        """Let the pure core decide on the same statement: it must say the same."""
        raw = outcome.submission.jws
        told = parse_statement(raw, kinds=KINDS, ledger=ORIGIN)
        effects, refusal = None, None
        try:
            effects = decide(told, self.book)
        except TraceabilityError as error:
            refusal = error.as_json()
        assert (outcome.error and outcome.error.as_json()) == refusal
        if effects is None:
            return
        if effects.replaces is None:
            verify_withdrawals(self.book, effects.movements)
        self.book.accept(told, effects, outcome.entry)

    @rule()
    def publish(self):
        assert publish_checkpoint() == Entry.objects.count()
        root, size = root_of_entries(), Entry.objects.count()
        assert log_state().root == latest_checkpoint().root == root.hex()
        read = tile_reader(log_state())
        for index, entry in enumerate(entries_in_order()):
            proof = inclusion_proof_from_tiles(index, size, read)
            leaf = bytes.fromhex(entry.hash)
            verify_inclusion(leaf, index=index, size=size, proof=proof, root=root)
        verify_states()

    @invariant()
    def lots_are_what_the_core_says(self):
        stored = {row["id"]: lot_of(row) for row in Lot.objects.values()}
        assert stored == self.book.lots

    @invariant()
    def amounts_are_the_sums_of_what_stands(self):
        replaced = Entry.objects.exclude(replaces=None).values("replaces")
        standing = Entry.objects.exclude(hash__in=replaced).values("recorded_order")
        sums = Counter()
        for lot, delta in Movement.objects.filter(recorded_order__in=standing).values_list(
            "lot", "delta"
        ):
            sums[lot] += delta
        assert {lot: sums[lot] for lot in self.book.lots} == {
            lot: state.amount for lot, state in self.book.lots.items()
        }

    @invariant()
    def chains_are_whole_and_heads_are_right(self):
        hashes = dict(Entry.objects.values_list("recorded_order", "hash"))
        heads = {}
        links = EntrySubject.objects.order_by("recorded_order", "subject")
        for subject, order, previous in links.values_list("subject", "recorded_order", "previous"):
            assert previous == heads.get(subject)
            heads[subject] = hashes[order]
        stored = {f"lot:{lot}": head for lot, head in Lot.objects.values_list("id", "head")}
        stored |= dict(Subject.objects.values_list("id", "head"))
        assert stored == heads

    # ── what they may say ─────────────────────────────────────────────────────────────────

    def a_claim(self, data):
        """Return an author and a claim that is often right and sometimes nonsense."""
        draw = data.draw
        lot = self.book.lots[draw(st.sampled_from(sorted(self.book.lots)))]
        author = draw(st.sampled_from([lot.custodian] * 4 + list(NAMES)))
        some, new = draw(tonnes), f"{author}:{draw(st.integers(2, 6))}"
        at = lot.facility or f"{author}:mine"
        other = NAMES[author == NAMES[0]]
        whole = taken(lot.id, quantity(str(max(lot.amount, 1)), "mg"))
        consignment = f"{draw(st.sampled_from(NAMES))}:C{draw(st.integers(0, 3))}"
        claims = {
            "extraction": lambda: extraction(new, some, owners=owned_by(*NAMES)),
            "loss": lambda: loss(lot.id, some, at=at),
            "split": lambda: split(lot.id, taken(new, some), at=at),
            "blend": lambda: blend([taken(lot.id, some)], new_lot(new, some), at=at),
            "transformation": lambda: transformation(
                [taken(lot.id, some)], [new_lot(new, draw(tonnes))], at=at
            ),
            "stocktake": lambda: stocktake(taken(lot.id, draw(none | tonnes)), at=at),
            "assay": lambda: assay(lot.id),
            "transfer": lambda: transfer(passing(lot.id, author, other, draw(st.none() | tonnes))),
            "shipment": lambda: shipment(
                f"{author}:C{draw(st.integers(0, 3))}", other, whole, at=at
            ),
            "part": lambda: shipment(
                f"{author}:C{draw(st.integers(0, 3))}",
                other,
                taken(new, some) | {"from": lot.id},
                at=at,
            ),
            "receipt": lambda: self.a_receipt(draw, lot, author, consignment),
            "offer": lambda: offer(lot.id, to=[other]),
            "amendment": lambda: self.an_amendment(draw, some),
        }
        kind = draw(st.sampled_from([*claims, "amendment", "amendment", "receipt"]))
        if kind == "receipt" and lot.consignee:
            author = lot.consignee
        claim = claims[kind]()
        return (claim[2], claim[:2]) if len(claim) == 3 else (author, claim)

    def a_receipt(self, draw, lot, author, consignment):
        number = lot.consignment or consignment
        split_off = draw(st.sampled_from([None, None, f"{author}:{draw(st.integers(7, 9))}"]))
        rejected = draw(tonnes) if split_off else None
        arrival = received(lot.id, draw(none | tonnes), rejected, split_off)
        if split_off is None and draw(st.integers(0, 4)) == 0:
            arrival = received(lot.id, None, draw(tonnes))
        return receipt(number, arrival, at=f"{author}:mine")

    def an_amendment(self, draw, some):
        """Amend something said before, mostly by its author and with the right lots."""
        entry = draw(st.sampled_from(sorted(self.book.statements, key=self.order_of)))
        known = self.book.statements[entry]
        author = draw(st.sampled_from([known.author] * 5 + list(NAMES)))
        lots = sorted({movement.lot for movement in known.movements})
        if draw(st.booleans()):
            return (*void(entry, *lots), author)
        if known.kind == "custody.offer":
            return (*withdrawal(entry, *lots), author)
        return (*correction(entry, self.changed(known, some), *lots), author)

    def order_of(self, entry):
        return list(self.book.statements).index(entry)

    def changed(self, known, some):
        """Return the same event with another amount, as far as its movements tell it."""
        makes = [m for m in known.movements if m.role == "make"]
        takes = [m for m in known.movements if m.role == "take"]
        adjusts = [m for m in known.movements if m.role == "adjust"]
        at = known.facility or "alice:mine"
        kind = known.kind.removeprefix("custody.")
        if kind == "extraction":
            return extraction(makes[0].lot, some, at=at, owners=owned_by(*NAMES))
        if kind == "split" and makes:
            return split(takes[0].lot, taken(makes[0].lot, some), at=at)
        if kind == "blend" and makes:
            return blend([taken(takes[0].lot, some)], new_lot(makes[0].lot, some), at=at)
        if kind == "receipt" and adjusts:
            first = adjusts[0]
            parts = [m.lot for m in makes] or [None]
            arrival = received(first.lot, some, some if makes else None, parts[0])
            return receipt(first.facts.get("consignment", "alice:C0"), arrival, at=at)
        if kind == "stocktake" and adjusts:
            return stocktake(taken(adjusts[0].lot, some), at=at)
        return loss(takes[0].lot if takes else "alice:0", some, at=at)


@pytest.mark.django_db(transaction=True)
def test_random_histories_keep_every_promise(transactional_db):
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=int(os.environ.get("HISTORY_EXAMPLES", "12")),
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
