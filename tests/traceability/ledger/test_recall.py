"""Where metal went: exact shares forward, the same that a look backward from each lot gives."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.traceability.ledger.chronicles import KG, PLACES, chronicles
from tests.traceability.ledger.test_chronicle import copper, happening, make, mined, take
from traceability.ledger.chronicle import (
    as_they_stand,
    build_history,
    lot_of,
)
from traceability.ledger.lineage import Descent, Ways, upstream
from traceability.ledger.provenance import propagate
from traceability.ledger.recall import (
    MAYBE,
    OUT,
    REST,
    OfFacility,
    OfLot,
    Part,
    Passage,
    Recall,
    recalled,
)
from traceability.ledger.weighings import documents_in

EPOCH = date(2026, 1, 1)
ELEMENTS = ("Cu", "Ni")
questions = st.tuples(
    st.sampled_from(PLACES), st.integers(0, 12).map(lambda n: EPOCH + timedelta(days=n))
)


def hit(history, question, elements=ELEMENTS):
    """What is hit in a history that is told in one passage."""
    stand = list(history.happenings.values())
    whole = Passage(happenings=stand, documents=documents_in(stand), ended=list(history.last))
    return {one.lot: one for one in recalled(question, [whole], elements=elements)}


# ── properties ────────────────────────────────────────────────────────────────────────────


@given(happenings=chronicles(), asked=questions)
def test_what_is_hit_is_between_nothing_and_the_whole(happenings, asked):
    history = build_history(happenings)
    for one in hit(history, OfFacility(facility=asked[0], since=asked[1])).values():
        for portion in one.portions.values():
            assert 0 <= portion.out_mg <= portion.at_most_mg <= portion.high_mg
            assert 0 <= portion.left_mg <= portion.left_at_most_mg <= portion.at_most_mg


@given(happenings=chronicles(), asked=questions)
def test_looking_back_from_a_lot_finds_the_same_milligrams(happenings, asked):
    """Forward over everything, backward over what led to one lot: the same answer for that lot."""
    facility, since = asked
    history = build_history(happenings)
    forward = hit(history, OfFacility(facility=facility, since=since))
    for lot in history.last:
        behind = {lot, *upstream(history.steps, lot)}
        part = build_history(led_to(happenings, behind))
        backward = hit(part, OfFacility(facility=facility, since=since)).get(lot)
        if lot not in forward:
            assert backward is None
            continue
        assert backward.portions == forward[lot].portions
        assert backward.reached.depth == forward[lot].reached.depth


def led_to(happenings, lots):
    """What the ledger reads to look back: all that happened to some lots, what was made beside
    them out of one pool with what was measured of it, and what amends any of that."""
    beside = {
        m.lot
        for one in happenings
        if any(is_pooled(m) and m.lot in lots for m in one.movements)
        for m in one.movements
        if is_pooled(m)
    }
    read = [
        structs.replace(
            one,
            movements=tuple(
                m
                for m in one.movements
                if m.lot in lots or (m.lot in beside and m.role in ("make", "move", "assay"))
            ),
        )
        for one in happenings
    ]
    kept = [one for one in read if one.movements]
    while True:
        named = {one.entry for one in kept} | {one.replaces for one in kept}
        more = [
            one for one in read if one not in kept and (one.entry in named or one.replaces in named)
        ]
        if not more:
            return kept
        kept += more


def is_pooled(movement):
    return movement.role == "make" and "from" not in movement.facts


@given(happenings=chronicles(), asked=questions)
def test_the_lots_hit_are_those_a_walk_over_the_movements_finds(happenings, asked):
    """Written again without steps and labels: lots made or shipped there, and what took of them."""
    facility, since = asked
    found = set()
    for one in as_they_stand(happenings):
        kind = one.kind.removeprefix("custody.")
        takes = {m.lot for m in one.movements if m.role == "take"}
        there = one.facility == facility and one.on >= since
        for m in one.movements:
            if m.role == "make":
                source = m.facts.get("from")
                came = takes & found if source is None else {source} & found
                rows = () if one.is_disputed else m.facts.get("declared_origin", ())
                declared = one.on >= since and facility in {row.get("facility") for row in rows}
                if came or there or declared:
                    found.add(m.lot)
            if m.role == "move" and kind == "shipment" and there and not one.is_disputed:
                found.add(m.lot)
    history = build_history(happenings)
    told = hit(history, OfFacility(facility=facility, since=since))
    assert told.keys() <= found
    # A lot that held nothing when it was shipped, as now known, left nothing behind by leaving.
    shipped = {m.lot for one in happenings for m in one.movements if m.role == "move"}
    missing = found - told.keys()
    assert all({lot, *upstream(history.steps, lot)} & shipped for lot in missing)


class Everything:
    """The question after all there is."""

    given = ()

    def parts(self, step, _one, _beginnings):
        return [Part(step, [lot_of(made.lot) for made in step.makes], is_out=True)]


@given(happenings=chronicles(honest=True))
def test_with_every_place_out_all_is_hit_and_with_none_nothing(happenings):
    history = build_history(happenings)
    for one in hit(history, Everything()).values():
        assert all(part.out_mg == part.high_mg for part in one.portions.values())
    assert not hit(history, OfFacility(facility="c:nowhere", since=EPOCH))


@given(happenings=chronicles(), data=st.data())
def test_what_came_of_a_lot_is_what_its_own_sources_became(happenings, data):
    """The finer labels of a trace and the coarse ones of a recall: as far as rounding goes."""
    history = build_history(happenings)
    leaves = [
        made.lot
        for step in history.steps
        if not step.takes
        for made in step.makes
        if made.source is not None and made.source.id == f"mined:{made.lot}"
    ]
    lot = data.draw(st.sampled_from(leaves)) if leaves else None
    if lot is None:
        return
    coarse = hit(history, OfLot(lot=lot))
    fine = propagate(history.steps, elements=ELEMENTS)
    withdrawals = sum(len(step.takes) + len(step.makes) for step in history.steps)
    for name, one in coarse.items():
        for element, portion in one.portions.items():
            mine = fine[history.last[name]].contents[element].sources.get(f"mined:{lot}", 0)
            assert portion.out_mg - withdrawals <= mine <= portion.at_most_mg + withdrawals


@given(happenings=chronicles(), asked=questions, data=st.data())
def test_a_history_told_in_passages_gives_the_same_hits_as_told_at_once(happenings, asked, data):
    """Lots are forgotten as soon as nothing more happens to them, and nobody misses them."""
    history = build_history(happenings)
    stand = list(history.happenings.values())
    size = data.draw(st.integers(1, 5))
    asking = data.draw(
        st.sampled_from(
            [lambda: OfFacility(facility=asked[0], since=asked[1])]
            + [lambda lot=lot: OfLot(lot=lot) for lot in sorted(history.last)]
        )
    )
    whole, parts = Ways(), Ways()
    once = Passage(happenings=stand, documents=documents_in(stand), ended=list(history.last))
    expected = list(recalled(asking(), [once], elements=ELEMENTS, ways=whole))
    told = list(recalled(asking(), passages(stand, size), elements=ELEMENTS, ways=parts))
    assert {one.lot: structs.replace(one, number=0) for one in told} == {
        one.lot: structs.replace(one, number=0) for one in expected
    }
    shown = data.draw(st.sets(st.sampled_from(sorted(history.last)))) if history.last else set()
    for found, ways in ((expected, whole), (told, parts)):
        for one in found:
            if one.lot in shown:
                ways.tell(one.number)
    assert whole.untold() == parts.untold() == untold(history, asking(), shown)


def passages(stand, size):
    """Cut a history after every so many happenings, and say at once which lots have ended.

    A lot need not have been made, where that was voided: what documents say of it is told when
    it is first spoken of.
    """
    last = {m.lot: place for place, one in enumerate(stand) for m in one.movements}
    begun: dict[str, int] = {}
    for place, one in enumerate(stand):
        for movement in one.movements:
            begun.setdefault(movement.lot, place)
    documents = list(documents_in(stand))
    for first in range(0, len(stand), size):
        part = stand[first : first + size]
        yield Passage(
            happenings=part,
            documents=[pair for pair in documents if first <= begun[pair[0]] < first + size],
            ended=[lot for lot, place in last.items() if first <= place < first + size],
        )


def untold(history, question, shown):
    """Written again by name: lots hit, not shown, from which a lot that is shown and hit came."""
    descent, ways = Descent(question.given), []
    for step in history.steps:
        one = history.happenings[step.entry]
        for part in question.parts(step, one, history.beginnings):
            junction = descent.add(step, part.begins)
            for made in junction.makes if junction else ():
                takes = {lot_of(take.lot) for take in junction.takes} & descent.found.keys()
                ways += [(lot, lot_of(made.lot)) for lot in takes]
    wanted, found = shown & descent.found.keys() & history.last.keys(), set()
    for parent, child in reversed(ways):
        if child in wanted and parent not in wanted:
            wanted.add(parent)
            found.add(parent)
    return len(found)


# ── by hand ───────────────────────────────────────────────────────────────────────────────


def split(order, lot, part, amount, **members):
    return happening(
        order,
        "split",
        take(lot, amount, into=part),
        make(part, amount, **{"from": lot}),
        **members,
    )


def blended(*, grade=30):
    """Two mines, blended three to one, and a tenth of the blend sold on."""
    return [
        mined(1, "mine:a", amount=75, grade=grade),
        mined(2, "mine:b", amount=25),
        happening(
            3, "blend", take("mine:a", 75), take("mine:b", 25), make("mine:mix", 100),
            facility="mine:works",
        ),
        split(4, "mine:mix", "mine:part", 10, facility="mine:works"),
    ]  # fmt: skip


def share(found, lot, element="Cu"):
    portion = found[lot].portions[element]
    return Fraction(portion.out_mg, portion.high_mg)


def test_a_share_follows_through_blend_and_split():
    history = build_history(blended())
    found = hit(history, OfLot(lot="mine:a"), elements=["Cu"])
    assert {lot: share(found, lot) for lot in found} == {
        "mine:a": 1,
        "mine:mix": Fraction(3, 4),
        "mine:part": Fraction(3, 4),
    }
    mix = found["mine:mix"].portions["Cu"]
    assert (mix.out_mg, mix.left_mg) == (75 * KG * 3 // 10, 90 * KG * 3 * 3 // 40)
    assert [found[lot].reached.depth for lot in ("mine:a", "mine:mix", "mine:part")] == [0, 1, 2]


@pytest.mark.parametrize(("day", "lots"), [(1, 4), (2, 3), (3, 0)])
def test_a_facility_is_out_from_its_day_on(day, lots):
    history = build_history(blended())
    found = hit(history, OfFacility(facility="mine:pit", since=date(2026, 3, day)))
    assert len(found) == lots


def test_what_a_lot_gave_away_before_the_facility_was_out_is_not_hit():
    early = [mined(1), split(2, "mine:ore", "mine:early", 40), split(3, "mine:ore", "mine:late", 9)]
    history = build_history(early)
    found = hit(history, OfFacility(facility="mine:pit", since=date(2026, 3, 3)))
    assert found.keys() == {"mine:late"}


def test_what_is_shipped_on_from_a_facility_is_of_it_and_what_only_arrives_is_not():
    moving = happening(2, "shipment", recall_move("mine:ore"), facility="mine:port")
    arriving = happening(3, "receipt", weighed("mine:ore", 99), facility="b:works")
    history = build_history([mined(1), moving, arriving, split(4, "mine:ore", "mine:part", 9)])
    assert hit(history, OfFacility(facility="mine:port", since=EPOCH)).keys() == {
        "mine:ore",
        "mine:part",
    }
    assert hit(history, OfFacility(facility="b:works", since=EPOCH)) == {}


def recall_move(lot):
    return recall_movement(lot, "move", 0, {"to": "b", "gross": "1", "consignment": "mine:1"})


def weighed(lot, to):
    return recall_movement(lot, "adjust", (to - 100) * KG, {"why": "received", "to": str(to * KG)})


def recall_movement(lot, role, delta, facts):
    from traceability.ledger.book import Movement

    return Movement(lot=lot, role=role, delta=delta, unit="mg", facts=facts)


def test_a_lot_nobody_assayed_may_hold_more_of_it_than_is_certain():
    """Where the amount is open, so is the share: from what is certain to what is possible."""
    silent = happening(1, "extraction", make("mine:a", 75, source="mined"))
    mix = happening(
        3, "blend", take("mine:a", 75), take("mine:b", 25), make("mine:mix", 100),
        facility="mine:works",
    )  # fmt: skip
    history = build_history([silent, mined(2, "mine:b", amount=25), mix])
    of_a = hit(history, OfLot(lot="mine:a"), elements=["Cu"])["mine:mix"].portions["Cu"]
    of_b = hit(history, OfLot(lot="mine:b"), elements=["Cu"])["mine:mix"].portions["Cu"]
    assert (of_a.out_mg, of_a.at_most_mg) == (0, 75 * KG)
    assert (of_b.out_mg, of_b.at_most_mg) == (7_500_000, 7_500_000)
    assert of_a.high_mg == 82_500_000


def test_metal_beyond_the_input_of_a_lot_that_is_hit_may_be_hit():
    smelting = happening(
        2, "transformation", take("mine:ore", 100, role="feed"),
        make("mine:metal", 50, role="product", assays=copper(80)), facility="mine:works",
    )  # fmt: skip
    history = build_history([mined(1), smelting])
    portion = hit(history, OfLot(lot="mine:ore"))["mine:metal"].portions["Cu"]
    assert (portion.out_mg, portion.at_most_mg) == (30 * KG, 40 * KG)
    own = hit(history, OfFacility(facility="mine:works", since=EPOCH))["mine:metal"]
    assert own.portions["Cu"].out_mg == 40 * KG  # whatever it was made of, it was made there


def test_a_lot_that_nobody_made_has_no_descendants():
    history = build_history(blended())
    assert hit(history, OfLot(lot="mine:nothing")) == {}


def test_what_others_took_of_a_lot_that_was_voided_may_be_of_it():
    void = happening(5, "void", replaces=f"{4:064x}")
    story = [*blended(), split(6, "mine:part", "mine:piece", 5), void]
    history = build_history(story)
    portion = hit(history, OfLot(lot="mine:part"), elements=["Cu"])["mine:piece"].portions
    assert portion["Cu"].out_mg == 0
    assert portion["Cu"].at_most_mg == portion["Cu"].high_mg > 0


# ── declared origin ───────────────────────────────────────────────────────────────────────


def introduced(*rows, day=1):
    facts = {"source": "introduced", "declared_origin": rows, "assays": copper(30)}
    return happening(day, "introduction", make("mine:bought", 100, **facts), facility="b:store")


def row(facility=None, parts=1, stage="extraction", **more):
    return {"stage": stage, "parts": parts} | ({"facility": facility} if facility else {}) | more


@pytest.mark.parametrize(
    ("rows", "certain", "most"),
    [
        ([row("a:mine")], 1, 1),
        ([row("a:mine", 2), row("b:mine", 3)], Fraction(2, 5), Fraction(2, 5)),
        ([row("a:mine", 1), row(parts=1), row("a:mine", stage="refining")], 1, 1),
        ([row("a:mine", element="Cu"), row("b:mine", element="Ni")], 0, 1),
    ],
)
def test_a_declared_origin_is_hit_for_the_declared_part(rows, certain, most):
    history = build_history([introduced(*rows)])
    portion = hit(history, OfFacility(facility="a:mine", since=date(2026, 3, 1)))[
        "mine:bought"
    ].portions["Cu"]
    assert Fraction(portion.out_mg, portion.high_mg) == certain
    assert Fraction(portion.at_most_mg, portion.high_mg) == most


def test_a_declared_origin_counts_from_the_day_the_material_entered():
    history = build_history([introduced(row("a:mine"))])
    assert not hit(history, OfFacility(facility="a:mine", since=date(2026, 3, 2)))
    assert not hit(history, OfFacility(facility="c:mine", since=date(2026, 3, 1)))


# ── ten thousand blends ───────────────────────────────────────────────────────────────────


def test_ten_thousand_successive_blends_stay_as_small_as_the_first(monkeypatch):
    """Every blend halves what was there and adds new ore: sources fade out milligram by milligram.

    Counted in parcels divided, not in seconds: a lot never has more sources than its mass has
    bits, and a recall never more labels than it has names for.
    """
    from traceability.ledger import provenance

    divided = []

    def counted(parcels, part, whole):
        divided.append(len(parcels))
        return counted.real(parcels, part, whole)

    counted.real = provenance.part_of
    monkeypatch.setattr(provenance, "part_of", counted)
    count, kilo = 10_000, 1_000_000
    steps, order = [], 0
    from tests.traceability.ledger.histories import made as making
    from tests.traceability.ledger.histories import mined as mining
    from tests.traceability.ledger.histories import taken as taking
    from traceability.ledger.history import Step

    before = "ore0"
    steps.append(
        Step(entry="e", order=0, kind="extraction", makes=(mining("ore0", kilo, Cu=kilo // 2),))
    )
    for n in range(1, count + 1):
        ore = Step(
            entry="e",
            order=2 * n - 1,
            kind="extraction",
            makes=(mining(f"ore{n}", kilo, Cu=kilo // 2),),
        )
        mix = Step(
            entry="e", order=2 * n, kind="blend",
            takes=(taking(before, kilo // 2, kilo), taking(f"ore{n}", kilo // 2, kilo)),
            makes=(making(f"mix{n}", kilo),),
        )  # fmt: skip
        steps += [ore, mix]
        before = f"mix{n}"

    told = propagate(steps, elements=["Cu"], lots=[before])[before].contents["Cu"]
    assert told.total_mg == kilo // 2
    assert max(divided) <= 2 * kilo.bit_length()
    assert len(divided) <= 4 * count
    assert sum(told.shares().values()) == 1
    assert order == 0


@settings(max_examples=20)
@given(happenings=chronicles(most=20), asked=questions)
def test_a_recall_keeps_three_labels_and_never_more(happenings, asked):
    history = build_history(happenings)
    question = OfFacility(facility=asked[0], since=asked[1])
    seen = []

    class Noting(Recall):
        def rename(self, step, element, parcels):
            told = super().rename(step, element, parcels)
            seen.extend(told)
            return told

    noting = Noting(question, ELEMENTS)
    for step in history.steps:
        noting.add(step, history.happenings[step.entry], history.beginnings)
    assert set(seen) <= {OUT, MAYBE, REST}
