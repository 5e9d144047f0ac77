"""Observing: what was measured once for a batch, and which of it lies on the path of a lot."""

from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from standards.rulebook.assembly import Evidence, assemble
from standards.rulebook.dossier_format import dossier_as_json, parse_dossier
from standards.rulebook.evaluation import evaluate
from standards.rulebook.law import Law
from standards.rulebook.observing import NOTHING_OBSERVED, observe
from standards.rulebook.pack_format import shipped_packs
from standards.rulebook.passage import Site
from standards.rulebook.rules import RULES
from standards.rulebook.traced import trace
from tests.traceability.ledger.plausibility.doubts import (
    PIT,
    WORKS,
    Tale,
    assayed,
    make,
    move,
    percent,
    take,
    weigh,
)
from tests.traceability.ledger.stories import SITES as PLACES
from tests.traceability.ledger.stories import stories
from traceability.ledger.chronicle import build_history, lot_of
from traceability.ledger.plausibility.view import Arrival, Noted, Titled, Told

SITES = {
    one.id: Site(
        id=one.id,
        name=one.name,
        country="CL",
        subdivision=None,
        organization="acme",
        registered=one,
    )
    for one in (PIT, WORKS)
}


class Path(Tale):
    """A tale told to the assembler."""

    def dossier(self, lot: str, mineral: str = "Cu"):
        history = build_history(self.happenings)
        traced = trace(history, list(history.last))
        observed = observe(traced, SITES, Noted(told=self.told, **self.noted))
        evidence = Evidence(
            log_size=9, sites=SITES, credentials={}, snapshots=(), observed=observed
        )
        return assemble(traced, lot, mineral, evidence=evidence, as_of=date(2026, 11, 1))

    def entries(self, lot: str, check: str = "PL-06", mineral: str = "Cu") -> set[int]:
        told = self.dossier(lot, mineral).observations.get(check, ())
        return {int(one.entry, 16) for one in told}

    def smelted(self, *inputs, lot="bolt:K", came=25, **more):
        return self.add(
            "transformation",
            *inputs,
            make(lot, came, material="copper_cathode", role="product", assays=percent("100")),
            facility="bolt:works",
            author="bolt",
            stage="smelting",
            **more,
        )


def chain() -> Path:
    """Ore 1 is mined, sent, received and smelted in part; then what is left of it is assayed."""
    tale = Path()
    tale.add("extraction", make("acme:L1", source="mined", assays=percent("30")))  # 1
    tale.add("shipment", move("acme:L1"))  # 2
    tale.add("receipt", weigh("acme:L1", 99), facility="bolt:works", author="bolt")  # 3
    tale.smelted(take("acme:L1", 90, role="feed"))  # 4
    tale.add("assay", assayed("acme:L1", "31"), author="bolt")  # 5
    tale.add("extraction", make("acme:L9", source="mined", assays=percent("30")))  # 6
    return tale


def test_a_lot_takes_what_happened_on_its_path_and_no_more():
    tale = chain()

    assert tale.entries("bolt:K") == {1, 2, 3, 4}
    assert tale.entries("acme:L1") == {1, 2, 3, 4, 5}
    assert tale.entries("acme:L9") == {6}


def test_a_lot_that_brought_none_of_the_mineral_is_not_on_its_path():
    tale = Path()
    tale.add("extraction", make("acme:L1", source="mined", assays=percent("30")))  # 1
    tale.add("extraction", make("acme:L2", source="mined", assays=percent("30", "Ni")))  # 2
    tale.add("extraction", make("acme:L3", source="mined", material="flux"))  # 3: nobody knows
    tale.smelted(*(take(f"acme:L{n}", 100, role="feed") for n in (1, 2, 3)))  # 4

    assert tale.entries("bolt:K") == {1, 3, 4}


def test_an_observation_about_another_element_is_not_about_this_one():
    tale = Path()
    both = percent("30") + percent("1", "Ni")
    tale.add("extraction", make("acme:L1", source="mined", assays=both))
    tale.add("assay", assayed("acme:L1", "2", element="Ni"))

    assert tale.entries("acme:L1", "PL-14", "Ni") == {2}
    assert tale.entries("acme:L1", "PL-14", "Cu") == set()


def test_recovery_is_measured_through_the_step_in_proportion_to_what_was_taken():
    tale = chain()

    [one] = tale.dossier("bolt:K").observations["PL-01"]

    # 90 kg at 31 %, as the final assay has it, are 27.9 kg; 25 kg came out, 90 % are registered.
    assert one.worst == Fraction(9, 10) - Fraction(25_000, 27_900)
    assert "Works (bolt:works) recovered" in one.sentence


def test_products_count_as_recovered_and_residues_do_not():
    tale = Path()
    tale.add("extraction", make("acme:L1", source="mined", assays=percent("30")))
    residue = make("bolt:S", 50, material="slag", role="residue", assays=percent("10"))
    tale.smelted(take("acme:L1", role="feed"), residue, came=27)

    [one] = tale.dossier("bolt:K").observations["PL-01"]

    assert one.worst == 0
    assert "recovered 90 % of the Cu" in one.sentence


def test_what_nobody_assayed_is_named():
    tale = Path()
    tale.add("extraction", make("acme:L1", source="mined"))
    tale.smelted(take("acme:L1", role="feed"))
    assert tale.dossier("bolt:K").observations.get("PL-01", ()) == ()  # nothing says it has any

    tale = Path()
    tale.add("extraction", make("acme:L1", source="mined", assays=percent("30")))
    tale.add(
        "transformation",
        take("acme:L1", role="feed"),
        make("bolt:K", 40, material="copper_matte", role="product"),
        facility="bolt:works",
        stage="smelting",
    )
    [one] = tale.dossier("bolt:K").observations["PL-01"]
    assert one.best == 0
    assert one.missing == ("assay of Cu for lot bolt:K",)


def test_a_product_for_which_nothing_is_left_may_still_hold_some():
    tale = Path()
    tale.add("extraction", make("acme:L1", source="mined", assays=percent("30")))
    matte = make("bolt:M", 40, material="copper_matte", role="product")
    tale.smelted(take("acme:L1", role="feed"), matte, came=30)
    tale.smelted(take("bolt:M", 40, role="feed"), lot="bolt:K2", came=5)

    told = {one.lot: one for one in tale.dossier("bolt:K2").observations["PL-01"]}

    for lot in ("bolt:M", "bolt:K2"):
        assert (told[lot].worst, told[lot].missing) == (None, ("assay of Cu for lot bolt:M",))


def test_a_blend_is_asked_for_an_assay_of_its_own():
    def blended(**facts):
        tale = Path()
        for name in ("acme:L1", "acme:L2"):
            tale.add("extraction", make(name, source="mined", assays=percent("30")))
        tale.add("blend", take("acme:L1"), take("acme:L2"), make("acme:B", 200, **facts))
        [one] = tale.dossier("acme:B").observations["PL-18"]
        return one

    assert float(blended(assays=percent("24")).worst) == 0.2
    assert blended(assays=percent("30")).worst == 0
    assert blended().missing == ("assay of Cu for lot acme:B",)


def test_a_step_whose_inputs_nobody_measured_or_made_cannot_be_told():
    tale = Path()
    tale.add("extraction", make("acme:L1", source="mined", assays=percent("30")))
    tale.add(
        "blend",
        take("acme:L1"),
        take("acme:ghost"),
        make("acme:B", 200, assays=percent("15")),
    )

    [one] = tale.dossier("acme:B").observations["PL-18"]

    assert one.worst == 0  # of what is known to hold copper, all of it came out


@given(
    weights=st.lists(st.integers(1, 500), min_size=2, max_size=4),
    grade=st.integers(1, 60),
    recovered=st.integers(90, 95),
)
def test_an_honest_history_with_exact_figures_raises_no_doubt_about_amounts(
    weights, grade, recovered
):
    """Mined, weighed on arrival to the milligram, blended, smelted within the registered range."""
    tale = Path()
    for place, weight in enumerate(weights):
        lot, kilograms = f"acme:L{place}", weight * 100
        tale.add("extraction", make(lot, kilograms, source="mined", assays=percent(str(grade))))
        tale.add("shipment", move(lot))
        tale.add(
            "receipt",
            weigh(lot, kilograms, before=kilograms),
            facility="bolt:works",
            author="bolt",
        )
    total = sum(weights) * 100
    takes = [take(f"acme:L{place}", weight * 100) for place, weight in enumerate(weights)]
    blend = make("bolt:B", total, assays=percent(str(grade)))
    tale.add("blend", *takes, blend, facility="bolt:works", author="bolt")
    metal = total * grade * 10**4 * recovered // 100  # milligrams of what went in
    product = structs.replace(
        make("bolt:K", 1, material="copper_cathode", role="product", assays=percent("100")),
        delta=metal,
    )
    tale.add(
        "transformation",
        take("bolt:B", total, role="feed"),
        product,
        facility="bolt:works",
        author="bolt",
        stage="smelting",
    )

    told = tale.dossier("bolt:K").observations

    for check in ("PL-01", "PL-13", "PL-14", "PL-18"):
        assert all(one.worst == 0 for one in told.get(check, ())), check
    assert len(told["PL-01"]) == len(told["PL-18"]) == 1
    law = Law([one for one in shipped_packs() if not one.overlays])
    findings = evaluate(tale.dossier("bolt:K"), law, RULES).findings
    outcomes = {one.rule_id: one.outcome.value for one in findings}
    assert {outcomes[name] for name in ("PL-01", "PL-13", "PL-18", "MB-13")} == {"conforms"}


def test_sites_that_registered_nothing_are_unknown_and_no_notes_are_no_observations():
    tale = chain()
    history = build_history(tale.happenings)
    traced = trace(history, list(history.last))
    bare = {name: replace(site, registered=None) for name, site in SITES.items()}

    [one] = observe(traced, bare, Noted(told=tale.told)).of("acme:L9", "Cu")["PL-12"]

    assert one.missing == ("registered materials of acme:pit",)
    assert observe(traced, SITES, Noted()).of("bolt:K", "Cu") == {}
    assert NOTHING_OBSERVED.of("bolt:K", "Cu") == {}


def test_a_dossier_with_observations_survives_being_written_and_read():
    written = dossier_as_json(chain().dossier("bolt:K"))

    assert dossier_as_json(parse_dossier(written)) == written
    assert written["observations"]["PL-06"][0]["worst"] == "1/24"


# ── what lots have in common ──────────────────────────────────────────────────────────────


def part(tale: Path, whole: str, lot: str, kilograms: int) -> None:
    """Divide a part off a lot, by a statement of its own."""
    tale.add("split", take(whole, kilograms, into=lot), make(lot, kilograms, **{"from": whole}))


def observed_of(tale: Path):
    history = build_history(tale.happenings)
    traced = trace(history, list(history.last))
    return observe(traced, SITES, Noted(told=tale.told, **tale.noted))


def test_what_lots_have_in_common_upstream_is_one_part_for_all():
    tale = chain()
    for number in range(3):
        part(tale, "bolt:K", f"bolt:P{number}", 2)
    observed = observed_of(tale)

    paths = [observed.of(f"bolt:P{number}", "Cu")["PL-06"].parts for number in range(3)]

    assert len({id(parts[-1]) for parts in paths}) == 1  # what led to the divided lot
    assert {one.lot for one in paths[0][-1]} == {"acme:L1"}
    assert len({id(parts[0]) for parts in paths}) == 3  # the lots themselves


def walked(observed, lot: str, mineral: str = "Cu") -> dict[str, int]:
    """Return every lot on the path and the last entry that matters, step by step."""
    carries, start = observed.traced.carries, observed.traced.history.last[lot]
    path, waiting = {start: 2**63}, [start]
    while waiting:
        name = waiting.pop()
        for source, order in observed.inputs.get(name, ()):
            if mineral in carries.get(source, ()) or not carries.get(source):
                limit = path[name] if lot_of(source) == lot_of(name) else order
                if path.get(source, -1) < limit:
                    path[source] = limit
                    waiting.append(source)
    until: dict[str, int] = {}
    for name, order in path.items():
        until[lot_of(name)] = max(until.get(lot_of(name), -1), order)
    return until


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["ore", "smelt", "split", "weigh", "assay"]),
        st.integers(0, 9),
        st.integers(0, 9),
    ),
    max_size=12,
)


def told(events) -> tuple[Path, list[str]]:
    """Tell what happened to lots, each made of earlier ones; return them too."""
    tale, lots = Path(), []
    for number, (what, first, second) in enumerate(events):
        lot, element = f"bolt:N{number}", "Ni" if first == 9 else "Cu"
        known = lots or [lot]
        one, other = known[first % len(known)], known[second % len(known)]
        if what == "ore" or not lots:
            tale.add("extraction", make(lot, source="mined", assays=percent("30", element)))
        elif what == "smelt":
            tale.smelted(*(take(name, 1, role="feed") for name in {one: 1, other: 1}), lot=lot)
        elif what == "split":
            part(tale, one, lot, 1)
        else:
            in_place = weigh(one, 90 + second) if what == "weigh" else assayed(one, "31")
            kind = "receipt" if what == "weigh" else "assay"
            tale.add(kind, in_place, facility="bolt:works", author="bolt")
            continue
        lots.append(lot)
    return tale, lots


@given(events=EVENTS)
def test_a_path_put_together_of_parts_is_the_path_walked_step_by_step(events):
    tale, lots = told(events)
    observed = observed_of(tale)

    for lot in lots:
        expected: dict[str, list] = {}
        for name, until in walked(observed, lot).items():
            for order, check, found in observed.by_lot.get(name, ()):
                if order <= until and found.element in (None, "Cu"):
                    expected.setdefault(check, []).append(found)
        assert {name: list(told) for name, told in observed.of(lot, "Cu").items()} == expected


def test_a_lot_that_came_back_into_its_own_path_counts_until_the_last_of_it_left():
    tale = chain()
    part(tale, "bolt:K", "bolt:P", 2)
    observed = observed_of(tale)
    twice = [*observed.inputs["bolt:K"], ("bolt:P", 9), ("acme:L9", 9)]
    odd = replace(observed, inputs={**observed.inputs, "bolt:K": twice})

    [whole] = odd.of("bolt:P", "Cu")["PL-06"].parts

    assert {one.lot for one in whole} == set(walked(odd, "bolt:P"))


def test_lots_that_passed_one_step_are_told_the_same_of_it_but_for_their_metal():
    tale = chain()
    part(tale, "bolt:K", "bolt:P0", 5)
    part(tale, "bolt:K", "bolt:P1", 10)
    observed = observed_of(tale)
    evidence = Evidence(log_size=9, sites=SITES, credentials={}, snapshots=(), observed=observed)

    one, other = (
        assemble(observed.traced, lot, "Cu", evidence=evidence, as_of=date(2026, 11, 1)).steps
        for lot in ("bolt:P0", "bolt:P1")
    )

    assert [step.stage for step in one] == ["extraction", "smelting"]
    assert [structs.replace(step, mg=2 * step.mg) for step in one] == list(other)


# ── whatever is recorded ──────────────────────────────────────────────────────────────────

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
KNOWN = {name: replace(SITES["acme:pit"], id=name) for name in PLACES}


def noted_of(story, history):
    """Return what entries say of themselves, with a sale of every lot."""
    told = {one: Told(start=MARCH, end=MARCH, received_at=MARCH) for one in history.happenings}
    at_once = Told(start=MARCH, end=MARCH, received_at=MARCH)
    return Noted(
        told=told,
        titles=tuple(
            Titled(entry=begun.happening.entry, order=0, lot=lot, author="alice", to=("bob",))
            for lot, begun in history.beginnings.items()
        ),
        arrivals={
            f"{consignment}/{lot}": Arrival(
                entry="0" * 64, author=receiver, facility=place, told=at_once
            )
            for receiver, place, consignment in story.ahead
            for lot in history.beginnings
        },
    )


@settings(max_examples=60, deadline=None)
@given(stories(amends_what_was_weighed=True), st.data())
def test_whatever_is_recorded_and_amended_its_lots_can_be_judged(story, data):
    history = story.history()
    traced = trace(history, list(history.last))
    observed = observe(traced, KNOWN, noted_of(story, history))
    evidence = Evidence(log_size=9, sites=KNOWN, credentials={}, snapshots=(), observed=observed)
    begun = {one.happening.entry for one in history.beginnings.values()}
    for check in ("PL-12", "PL-17"):  # of lots that begin, one word each
        told = [
            (one.entry, one.lot)
            for lot in observed.by_lot.values()
            for _, name, one in lot
            if name == check
        ]
        assert len(told) == len(set(told))
        assert {entry for entry, _ in told} <= begun
    if not history.last:
        return
    lot = data.draw(st.sampled_from(sorted(history.last)))
    for mineral in traced.minerals_of(lot):
        dossier = assemble(traced, lot, mineral, evidence=evidence, as_of=date(2026, 11, 1))
        evaluation = evaluate(dossier, Law(shipped_packs()), RULES)
        assert len(evaluation.findings) == len(RULES)
