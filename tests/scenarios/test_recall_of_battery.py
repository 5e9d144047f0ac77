"""Recall and trace over the North American chain, against the scenario's JSON read by hand."""

import json
from fractions import Fraction
from functools import partial
from importlib import import_module
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings

from standards.demonstrating import SCENARIOS
from standards.replaying import replay
from standards.scenario import parse_scenario
from tests.traceability.api.world import client, token
from traceability import descending, seeing, streaming
from traceability.downstream import descent_of, recall_of
from traceability.ledger import recall
from traceability.ledger.effective import parse_day, parse_effective
from traceability.ledger.lineage import upstream
from traceability.ledger.provenance import propagate
from traceability.ledger.recall import OfFacility, OfLot
from traceability.ledger.weighings import documents_in
from traceability.models import Audience, Entry, Facility, Grant, Lot, Movement, Organization
from traceability.publishing import publish_checkpoint
from traceability.redeciding import verify_decisions
from traceability.tracing import lot_histories, lot_history, published_size
from traceability.upstream import provenance_of

STORY = json.loads((SCENARIOS / "battery.json").read_bytes())
SHIPPED = [
    step
    for step in STORY["steps"]
    if step.get("kind", "").startswith(("custody.", "registry.")) or "clock" in step
]
SAID = [
    *SHIPPED,
    {  # whoever bought goods parts them, and whoever sold them does not hear of it
        "kind": "custody.split",
        "author": "st-maurice-conversion",
        "effective": "2026-09-01T08:00:00-04:00",
        "body": {
            "facility": "st-maurice-conversion:plant",
            "lot": "harricana-lithium:CARGO-D",
            "parts": [
                {
                    "lot": "st-maurice-conversion:HEAP-1",
                    "quantity": {"value": "2", "unit": "t", "basis": "wet"},
                }
            ],
        },
    },
]
MINES = sorted({one["body"]["facility"] for one in SAID if one.get("kind") == "custody.extraction"})
DAYS = ("2026-01-01", "2026-03-25", "2026-04-20", "2026-12-31")
KEPT = ("receipt", "stocktake", "loss")  # leave the material as it came
RECOMPUTED = import_module("traceability.migrations.0010_known_to_parts").RECOMPUTED
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def told(django_db_setup, django_db_blocker, tmp_path_factory):
    """The ledger with all that was said in the story, and nothing that was judged of it."""
    guard = str(tmp_path_factory.mktemp("guard") / "checkpoint")
    with django_db_blocker.unblock(), override_settings(GUARD_PATH=guard):
        replay(parse_scenario(json.dumps(STORY | {"steps": SAID}).encode()))
        publish_checkpoint()
    yield guard
    with django_db_blocker.unblock():
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture(autouse=True)
def own_guard(told, settings):
    settings.GUARD_PATH = told


# ── the scenario's JSON, read without any of the product's code but its calendar ──────────


def standing(said=SAID):
    """Kind, body and last day of every custody event, corrections and voids carried out."""
    amendments = {
        step["body"]["replaces"].strip("${}"): step
        for step in said
        if step.get("kind") in ("custody.correction", "custody.void")
    }
    for step in said:
        kind = step.get("kind", "").removeprefix("custody.")
        if "refused" in step or not step.get("kind", "").startswith("custody."):
            continue
        told, amended = step, amendments.get(step.get("as"))
        if kind in ("correction", "void") or (amended and amended["kind"] == "custody.void"):
            continue
        if amended:
            told = amended["body"]["replacement"]
        yield kind, told["body"], parse_effective(told["effective"]).last_day


def walked(facility, since):
    """Lots made or shipped at a facility from a day on, and all that took of them, in order."""
    found = set()
    for kind, body, day in standing():
        named = {body.get("facility")} - ({body.get("facility")} if kind in KEPT else set())
        named |= {row.get("facility") for row in body.get("declared_origin", ())}
        for made, takes in came(kind, body):
            if (day >= since and facility in named) or takes & found:
                found.add(made)
    return found


def came(kind, body):
    """Pairs of a lot and those it was taken from, as the body of an event says."""
    if kind in ("extraction", "introduction"):
        return [(body["lot"]["lot"], set())]
    if kind == "split":
        return [(part["lot"], {body["lot"]}) for part in body["parts"]]
    if kind == "shipment":
        return [(item["lot"], {item.get("from", item["lot"])}) for item in body["lots"]]
    if kind == "receipt":
        parts = [item for item in body["lots"] if item.get("rejected_lot")]
        return [(item["rejected_lot"], {item["lot"]}) for item in parts if "accepted" in item]
    if kind in ("transformation", "blend", "assembly", "recovery"):
        takes = {item["lot"] for item in body.get("inputs", ())}
        outputs = body.get("outputs") or [body["output"]]
        return [(one["lot"], takes) for one in outputs]
    return []


def recalled(facility, day, **more):
    reader = more.pop("reader", None) or seeing.operator()
    telling = recall_of(
        facility, since=parse_day(day), size=published_size(), reader=reader, **more
    )
    return list(telling.lines()), telling.totals()


# ── recall ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("day", DAYS)
def test_a_recall_lists_exactly_the_lots_that_a_walk_over_the_scenario_finds(day):
    hit = 0
    for facility in Facility.objects.values_list("id", flat=True):
        # A receipt wholly at its own weight makes no lot; one's rejected part is made there.
        lines, _totals = recalled(facility, day)
        expected = walked(facility, parse_day(day))
        assert {line.lot for line in lines} == expected, facility
        hit += len(expected)
    assert (hit == 0) == (day == DAYS[-1])


@pytest.mark.parametrize("mine", MINES)
def test_a_recall_of_a_mine_gives_every_lot_the_share_its_provenance_gives_it(mine):
    """Forward by three labels, backward by source: the same milligrams but for rounding."""
    lines, totals = recalled(mine, "2026-01-01")
    assert lines
    for line in lines:
        told = provenance_of(line.lot, size=published_size(), reader=seeing.operator())
        back = {one.element: one for one in told.elements}
        for one in line.elements:
            if one.share is None or one.element not in back:
                continue
            sources = back[one.element].sources
            mined = sum(int(s.mass_mg) for s in sources if (s.kind, s.facility) == ("mined", mine))
            assert abs(mined - int(one.hit_mg)) <= 2 * len(told.hops) + 2, (line.lot, one)
            assert (one.low_mg, one.high_mg) == (
                back[one.element].low_mg,
                back[one.element].high_mg,
            )
    assert totals.blinded_lots == 0
    assert totals.is_complete


def test_what_is_left_is_counted_once_and_by_holder():
    lines, totals = recalled(MINES[0], "2026-01-01")
    held = [line for line in lines if int(line.left) > 0]
    assert int(totals.left_mg) == sum(int(one.left) for one in held if one.unit == "mg")
    assert sum(one.lots for one in totals.holders) == len(held)
    assert {one.organization for one in totals.holders} == {line.holder for line in held}
    for element in totals.elements:
        by_holder = [
            int(one.hit_mg)
            for holder in totals.holders
            for one in holder.elements
            if one.element == element.element
        ]
        assert int(element.hit_mg) == sum(by_holder)


def test_products_are_told_with_their_serial():
    lines, totals = recalled("harricana-lithium:mine", "2026-01-01")
    products = {line.lot: line.product["serial"] for line in lines if line.product}
    assert totals.products == len(products) > 0
    assert len(set(products.values())) == len(products)


def test_club_members_among_the_holders_are_told():
    _lines, totals = recalled("harricana-lithium:mine", "2026-01-01")
    member_of = {one.organization: one.audiences for one in totals.holders}
    assert member_of["superior-motors"] == ["northern-club"]


# ── one history, however it is read ───────────────────────────────────────────────────────


def read_so_many(at_once, monkeypatch):
    monkeypatch.setattr(streaming, "_AT_ONCE", at_once)
    for name in ("_AT_FIRST", "_AT_ONCE", "_PART"):
        monkeypatch.setattr(descending, name, at_once)


@pytest.mark.parametrize("at_once", [1, 7])
def test_a_recall_read_in_small_passages_is_the_same(at_once, monkeypatch):
    whole = {mine: recalled(mine, "2026-01-01") for mine in MINES}
    read_so_many(at_once, monkeypatch)
    for mine, (lines, totals) in whole.items():
        told, added_up = recalled(mine, "2026-01-01")
        assert {line.lot: line for line in told} == {line.lot: line for line in lines}
        assert added_up == totals


@pytest.mark.parametrize("at_once", [1, 2, 1_000])
def test_what_passages_tell_is_what_the_whole_ledger_tells(at_once, monkeypatch):
    """Shipments that change nothing are left out of passages, and lots end as soon as they can."""
    read_so_many(at_once, monkeypatch)
    size, since = published_size(), parse_day("2026-03-01")
    every = list(Lot.objects.values_list("id", flat=True))
    history = lot_histories(every, size=size)
    asked = [(partial(OfLot, lot=lot), [lot]) for lot in every]
    for facility in Facility.objects.values_list("id", flat=True):
        question = partial(OfFacility, facility=facility, since=since)
        asked.append((question, descending.lots_of_facility(facility, since=since)))
    for question, lots in asked:
        elements = descending.elements_of(lots, size=size)
        whole = recall.Passage(
            happenings=list(history.happenings.values()),
            documents=documents_in(history.happenings.values()),
            ended=every,
        )
        expected = recall.recalled(question(), [whole], elements=elements)
        passages = descending.passages(lots, size=size, elements=elements)
        told = recall.recalled(question(), passages, elements=elements)
        assert {hit.lot: said(hit) for hit in told} == {hit.lot: said(hit) for hit in expected}


def said(hit):
    reached = hit.reached.depth, hit.reached.is_apart
    return hit.portions, hit.left, reached, hit.begun and hit.begun.happening.entry


def test_what_is_left_unread_above_assayed_lots_changes_no_amount():
    """Of what only goes into something hit, a plain assay tells how much; the rest is not asked."""
    size, since = published_size(), parse_day("2026-01-01")
    read = {True: 0, False: 0}
    for facility in Facility.objects.values_list("id", flat=True):
        lots = descending.lots_of_facility(facility, since=since)
        for element in descending.elements_of(lots, size=size):
            told = {}
            for is_cut in (True, False):
                asked = OfFacility(facility=facility, since=since)
                passages = list(
                    descending.passages(lots, size=size, elements=[element] if is_cut else ())
                )
                read[is_cut] += sum(len(one.happenings) for one in passages)
                hits = recall.recalled(asked, passages, elements=[element])
                told[is_cut] = {one.lot: (one.portions, one.left) for one in hits}
            assert told[True] == told[False], (facility, element)
    assert read[True] < read[False]


def test_the_shares_of_a_battery_pack_add_up_to_the_whole():
    """Per mineral over its sources; per stage over its places, where all of it passes there."""
    size, reader = published_size(), seeing.operator()
    for pack in Lot.objects.filter(material="battery_pack").values_list("id", flat=True):
        told = provenance_of(pack, size=size, reader=reader)
        assert {one.element for one in told.elements} >= {"Co", "Li", "Mn", "Ni", "graphite"}
        for one in told.elements:
            assert sum(map(exact, one.sources)) == 1
            assert sum(int(source.mass_mg) for source in one.sources) == int(one.high_mg)
        passed = {
            (line.stage, line.element): sum(map(exact, line.parts)) for line in told.processing
        }
        assert all(0 < share <= 1 for share in passed.values())
        for stage in ("active_material", "cell", "pack"):
            assert passed[stage, "Li"] == passed[stage, "Ni"] == passed[stage, "Co"] == 1
        assert passed["conversion", "Li"] == 1
        for element in ("Ni", "Co"):  # what no refinery made, the recycler did
            assert passed["refining", element] + passed["recycling_recovery", element] == 1
            assert 0 < passed["recycling_recovery", element] < 1


def exact(line):
    return Fraction(int(line.share.numerator), int(line.share.denominator))


def test_a_lot_is_made_of_the_same_whether_read_alone_or_with_the_whole_ledger():
    size = published_size()
    lots = list(Lot.objects.order_by("id").values_list("id", flat=True))
    whole = lot_histories(lots, size=size)
    elements = {name for step in whole.steps for made in step.makes for name in made.contained}
    everything = propagate(whole.steps, elements=elements)
    for lot in lots:
        alone = lot_history(lot, size=size)
        told = propagate(alone.steps, elements=elements)[alone.last[lot]]
        for element, content in told.contents.items():
            expected = everything[whole.last[lot]].contents[element]
            assert (content.sources, content.bounds) == (expected.sources, expected.bounds)


def test_forward_is_the_inverse_of_backward_for_every_pair_of_lots():
    size, reader = published_size(), seeing.operator()
    lots = list(Lot.objects.order_by("id").values_list("id", flat=True))
    forward = {
        (lot, line.lot, line.depth)
        for lot in lots
        for line in descent_of(lot, size=size, reader=reader).lines()
    }
    backward = {
        (line.lot, lot, line.depth)
        for lot in lots
        for line in provenance_of(lot, size=size, reader=reader).lots
    }
    assert forward == backward
    assert all(pair[0] != pair[1] for pair in forward)


def test_split_lots_carry_their_part_and_not_the_whole():
    size, reader = published_size(), seeing.operator()
    split, _ = [step["body"] for step in SAID if step.get("kind") == "custody.split"]
    parts = {part["lot"]: part["quantity"]["value"] for part in split["parts"]}
    lines = {line.lot: line for line in descent_of(split["lot"], size=size, reader=reader).lines()}
    for part, value in parts.items():
        assert Fraction(lines[part].made) == Fraction(value) * 10**9
    told = provenance_of(next(iter(parts)), size=size, reader=reader)
    [whole] = [line for line in told.lots if line.depth == 1]
    assert whole.lot == split["lot"]
    assert int(whole.taken) < int(whole.amount)


def test_a_depth_is_honoured_both_ways():
    size, reader = published_size(), seeing.operator()
    lot = "superior-motors:EV-70002"
    full = provenance_of(lot, size=size, reader=reader)
    assert full.is_complete
    for depth in (1, 2, 5):
        part = provenance_of(lot, size=size, reader=reader, depth=depth)
        assert part.lots == [line for line in full.lots if line.depth <= depth]
        assert part.elements == full.elements  # shares are of all there is
        assert not part.is_complete
    lines, totals = recalled("harricana-lithium:mine", "2026-01-01", depth=2)
    every, _all = recalled("harricana-lithium:mine", "2026-01-01")
    assert lines == [line for line in every if line.depth <= 2]
    assert (totals.is_complete, totals.lots) == (False, len(lines))


# ── commands ──────────────────────────────────────────────────────────────────────────────


def run(*arguments):
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_the_commands_print_one_document():
    told = json.loads(run("trace", "superior-motors:EV-70002", "--json"))
    assert told["upstream"]["lot"] == told["downstream"]["lot"] == "superior-motors:EV-70002"
    assert told["downstream"]["lots"] == []
    assert len(told["upstream"]["lots"]) == len(
        upstream(
            lot_history("superior-motors:EV-70002", size=published_size()).steps,
            "superior-motors:EV-70002",
        )
    )
    told = json.loads(run("recall", "harricana-lithium:mine", "--from", "2026-03-01", "--json"))
    assert (told["facility"], told["from"]) == ("harricana-lithium:mine", "2026-03-01")
    assert {line["lot"] for line in told["lots"]} == walked(
        "harricana-lithium:mine", parse_day("2026-03-01")
    )


def test_the_commands_tell_people_lot_by_lot():
    told = run("trace", "st-maurice-conversion:LIOH-26-04")
    assert "mined harricana-lithium:mine" in told
    assert "downstream" in told
    told = run("recall", "harricana-lithium:mine", "--from", "2026-03-01", "--element", "Li")
    assert "superior-motors" in told
    assert "Li 100.0000 %" in told


def test_the_commands_tell_a_reader_what_it_may_know():
    everything = json.loads(
        run("recall", "harricana-lithium:mine", "--from", "2026-03-01", "--json")
    )
    mine = json.loads(
        run("recall", "harricana-lithium:mine", "--from", "2026-03-01", "--json",
            "--reader", "harricana-lithium")
    )  # fmt: skip
    assert 0 < mine["totals"]["lots"] < everything["totals"]["lots"]
    with pytest.raises(CommandError, match="There is no facility"):
        run("recall", "ohio-cells:cells", "--from", "2026-03-01", "--reader", "sonora-copper")
    with pytest.raises(CommandError, match="There is no lot"):
        run("trace", "superior-motors:EV-70002", "--reader", "sonora-copper")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("trace", "nobody:L"), "There is no lot nobody:L"),
        (("trace", "superior-motors:EV-70002", "--depth", "0"), "steps deep, not 0"),
        (("trace", "superior-motors:EV-70002", "--depth=-1"), "steps deep, not -1"),
        (("trace", "superior-motors:EV-70002", "--depth", "999999999"), "steps deep"),
        (("trace", "superior-motors:EV-70002", "--depth", "two"), "two is no whole number"),
        (("trace", "superior-motors:EV-70002", "--element", "Xx"), "is not an element"),
        (("recall", "nobody:mine", "--from", "2026-01-01"), "There is no facility nobody:mine"),
        (("recall", "sonora-copper:mine", "--from", "2026-02-30"), "is no calendar day"),
        (("recall", "sonora-copper:mine", "--from", "tomorrow"), "is no calendar day"),
    ],
)
def test_the_commands_refuse_what_makes_no_sense(arguments, told):
    with pytest.raises(CommandError, match=told):
        run(*arguments)


def test_a_part_without_an_assay_of_its_own_is_followed_for_what_was_measured_above_it():
    size = published_size()

    assert descending.elements_of(["harricana-lithium:CARGO-D"], size=size) == {"Li"}


def test_all_that_is_kept_of_the_story_is_what_its_statements_make():
    told = verify_decisions()
    assert (told.lots, told.open) == (Lot.objects.count(), 0)


# ── what led to a lot ─────────────────────────────────────────────────────────────────────


def test_no_hop_tells_what_was_done_with_the_rest_of_what_a_lot_came_of():
    size, seen = published_size(), 0
    for lot in Lot.objects.values_list("id", flat=True):
        history = lot_history(lot, size=size)
        within = {lot, *upstream(history.steps, lot)}
        for hop in provenance_of(lot, size=size, reader=seeing.operator()).hops:
            if hop.kind == "custody.receipt":  # weighs a lot, and may reject a part of it
                continue
            movements = history.happenings[hop.entry].movements
            taken = {one.lot for one in movements if one.role == "take"}
            made = {one.lot for one in movements if one.role == "make"}
            assert not taken & within or made & within, (lot, hop)
            assert lot not in taken, (lot, hop)
            seen += bool(taken)
    assert seen > 400


def test_a_former_holder_is_told_nothing_of_what_happened_to_a_lot_since():
    size, hidden = published_size(), 0
    for lot in Lot.objects.all():
        happenings = lot_history(lot.id, size=size).happenings
        for reader in lot.known_to:
            if seeing.lots_seen_in_full([lot], reader):
                continue
            orders = {one.order: entry for entry, one in happenings.items()}
            readable = {orders[order] for order in seeing.readable_orders(reader, orders)}
            told = {one.entry for one in provenance_of(lot.id, size=size, reader=reader).hops}
            since = {
                entry
                for entry, one in happenings.items()
                if {part.role for part in one.movements if part.lot == lot.id} - {"make"}
            }
            assert told & since <= readable
            hidden += len(since - told)
    assert hidden > 5


# ── who may see what ──────────────────────────────────────────────────────────────────────

OF_A_LOT = ("", "/provenance", "/descendants", "/bundle", "/verdicts")


def had():
    """Pairs of an organization and a lot it began, held, owned, was sent or was let see.

    Told by the movements, each by itself: of a part nothing is taken over from what it is of.
    """
    told, entries = set(), {entry.recorded_order: entry for entry in Entry.objects.all()}
    for one in Movement.objects.order_by("recorded_order", "ordinal"):
        named = {one.facts.get("to")} if one.role in ("move", "title") else set()
        if one.role == "make":
            named |= {one.lot.partition(":")[0], entries[one.recorded_order].author}
        if one.role == "open":
            named |= set(one.facts["to"])
        shares = [*one.facts.get("owners", ()), *one.facts.get("before", ())]
        named |= {share["owner"].get("organization") for share in shares}
        told |= {(name, one.lot) for name in named if name}
    for lot in Lot.objects.all():
        told |= {(share["owner"].get("organization"), lot.id) for share in lot.owners}
    for audience in Audience.objects.all():
        club = audience.organization_id
        told |= {(name, lot) for who, lot in told if who == club for name in audience.members}
    return told


def test_nobody_sees_by_any_way_a_lot_that_was_never_theirs_or_opened_to_them():
    allowed, granted = had(), set(Grant.objects.values_list("auditor_id", flat=True))
    lots = set(Lot.objects.values_list("id", flat=True))
    hidden = set(Movement.objects.filter(role="make", facts__has_key="from").values_list("lot"))
    asked = 0
    for reader in Organization.objects.exclude(id__in=granted).values_list("id", flat=True):
        if reader == seeing.operator():
            continue
        mine = {lot for who, lot in allowed if who == reader}
        assert set(seeing.lots_seen_by(reader).values_list("id", flat=True)) <= mine
        token(reader, name=reader)
        caller = client(reader)
        told = caller.get("/api/v1/lots?limit=200").json()
        assert told["next"] is None
        assert {lot["id"] for lot in told["items"]} <= mine
        for lot in sorted({name for (name,) in hidden} & lots - mine):
            for path in OF_A_LOT:
                answer = caller.get(f"/api/v1/lots/{lot}{path}")
                assert (answer.status_code, answer.json()["code"]) == (404, "unknown_lot"), path
                asked += 1
        for lot in sorted(lots - mine):
            assert not list(seeing.lots_seen_by(reader).filter(id=lot))
    assert asked > 500


def test_who_may_know_a_lot_is_what_happened_to_it_and_rows_of_before_become_so():
    known = {lot.id: lot.known_to for lot in Lot.objects.all()}
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, ledger_known_to(id) FROM traceability_lot")
        assert dict(cursor.fetchall()) == known
        for one in Movement.objects.filter(role="make").order_by("recorded_order", "ordinal"):
            if "from" in one.facts:  # as was recorded before
                whole = Lot.objects.get(id=one.facts["from"])
                wider = sorted({*Lot.objects.get(id=one.lot).known_to, *whole.known_to})
                Lot.objects.filter(id=one.lot).update(known_to=wider)
        assert {lot.id: lot.known_to for lot in Lot.objects.all()} != known
        cursor.execute(RECOMPUTED)
    assert {lot.id: lot.known_to for lot in Lot.objects.all()} == known
