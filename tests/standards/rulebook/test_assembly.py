"""Dossiers assembled from histories: sources, days of dispatch, steps, and what is declared."""

from dataclasses import replace
from datetime import date

from rulebook_builders import claimed, credential, path_lot

from standards.rulebook import passage
from standards.rulebook.assembly import Assembler, Evidence, assemble
from standards.rulebook.dossier import Agreement
from standards.rulebook.handing import upstream
from standards.rulebook.passage import Site
from standards.rulebook.traced import parcel_of, trace
from traceability.ledger.book import Movement
from traceability.ledger.chronicle import Happening, build_history

KG = 1_000_000
SITES = {
    name: Site(id=name, name=name.title(), country=country, subdivision=None, organization="acme")
    for name, country in {
        "acme:pit": "CL",
        "acme:pit-2": "PE",
        "acme:works": "CA",
        "acme:refinery": "US",
        "acme:recycler": "MX",
    }.items()
}
EVIDENCE = Evidence(log_size=99, sites=SITES, credentials={}, snapshots=())
DAY = date(2026, 11, 1)


def percent(value: str, element: str = "Cu") -> list[dict]:
    return [{"element": element, "value": value, "unit": "percent", "basis": "dry"}]


def make(lot: str, amount: int, *, assays=None, material="copper_concentrate", **facts) -> Movement:
    told = {
        "material": material,
        "form": "bulk",
        "quantity": {"value": str(amount), "unit": "kg", "basis": "dry"},
    } | facts
    if assays:
        told["assays"] = assays
    return Movement(lot=lot, role="make", delta=amount * KG, unit="mg", facts=told)


def take(lot: str, amount: int, **facts) -> Movement:
    return Movement(lot=lot, role="take", delta=-amount * KG, unit="mg", facts=facts)


def ship(lot: str) -> Movement:
    return Movement(lot=lot, role="move", delta=0, unit="mg", facts={"to": "x", "gross": "1"})


class Story:
    """Happenings in order; each on the next day of March."""

    def __init__(self):
        self.told: list[Happening] = []

    def add(self, kind: str, *movements: Movement, facility="acme:works", stage=None) -> "Story":
        order = len(self.told) + 1
        self.told.append(
            Happening(
                entry=f"{order:064x}",
                order=order,
                kind=f"custody.{kind}",
                author="acme",
                facility=facility,
                stage=stage,
                on=date(2026, 3, order),
                movements=movements,
            )
        )
        return self

    def mined(self, lot="acme:ore", amount=100, grade="30", facility="acme:pit") -> "Story":
        made = make(lot, amount, source="mined", assays=percent(grade))
        return self.add("extraction", made, facility=facility)

    def dossier(self, lot: str, mineral: str = "Cu", evidence: Evidence = EVIDENCE):
        traced = trace(build_history(self.told), [lot])
        return assemble(traced, lot, mineral, evidence=evidence, as_of=DAY)

    def minerals(self, lot: str):
        return trace(build_history(self.told), [lot]).minerals_of(lot)


def stages(dossier) -> dict[tuple[str, str | None], int]:
    return {(step.stage, step.facility_id): step.mg for step in dossier.steps}


# ── origins and dispatch ──────────────────────────────────────────────────────────────────


def test_a_parcel_is_dispatched_with_its_first_shipment():
    story = Story().mined().add("shipment", ship("acme:ore"), facility="acme:pit")
    story.add("shipment", ship("acme:ore"))

    [source] = story.dossier("acme:ore").sources

    assert (source.kind, source.country, source.mg) == ("mined", "CL", 30 * KG)
    assert source.dispatched_on == date(2026, 3, 2)


def test_used_on_site_a_parcel_is_dispatched_by_the_event_that_consumes_it():
    story = Story().mined()
    story.add(
        "transformation",
        take("acme:ore", 100, role="feed"),
        make("acme:matte", 50, assays=percent("50"), role="product"),
        facility="acme:pit",
        stage="smelting",
    )

    [source] = story.dossier("acme:matte").sources

    assert source.dispatched_on == date(2026, 3, 2)
    assert Story().mined().dossier("acme:ore").sources[0].dispatched_on is None


def test_parcels_that_left_on_different_days_stay_apart():
    story = Story().mined()
    for part in ("a", "b"):
        story.add(
            "shipment",
            take("acme:ore", 50, into=f"acme:{part}"),
            make(f"acme:{part}", 50, **{"from": "acme:ore"}),
            ship(f"acme:{part}"),
            facility="acme:pit",
        )
    story.add(
        "blend",
        take("acme:a", 50),
        take("acme:b", 50),
        make("acme:heap", 100),
    )

    dossier = story.dossier("acme:heap")

    assert [(one.dispatched_on, one.mg) for one in dossier.sources] == [
        (date(2026, 3, 2), 15 * KG),
        (date(2026, 3, 3), 15 * KG),
    ]
    assert stages(dossier) == {("extraction", "acme:pit"): 30 * KG}


def test_recycled_metal_comes_from_where_it_was_collected():
    story = Story().add(
        "recovery",
        make("acme:powder", 10, source="recycled", collected_in="US", assays=percent("90")),
        facility="acme:recycler",
    )

    dossier = story.dossier("acme:powder")

    assert [(one.kind, one.country, one.facility_id) for one in dossier.sources] == [
        ("recycled", "US", "acme:recycler")
    ]
    [recovery] = dossier.steps
    assert (recovery.stage, recovery.country) == ("recovery", "MX")


def test_what_nobody_explains_has_neither_place_nor_country():
    story = Story().mined()
    story.add(
        "transformation",
        take("acme:ore", 100, role="feed"),
        make("acme:matte", 50, assays=percent("80"), role="product"),
        stage="smelting",
    )

    dossier = story.dossier("acme:matte")

    unexplained = next(one for one in dossier.sources if one.kind == "unexplained")
    assert (unexplained.facility_id, unexplained.country, unexplained.mg) == (None, None, 10 * KG)
    assert unexplained.lot_id == "acme:matte"


# ── steps ─────────────────────────────────────────────────────────────────────────────────


def smelted() -> Story:
    story = Story().mined().mined("acme:ore-2", facility="acme:pit-2")
    for number, ore in (("1", "acme:ore"), ("2", "acme:ore-2")):
        story.add(
            "transformation",
            take(ore, 100, role="feed"),
            make(f"acme:matte-{number}", 50, assays=percent("60"), role="product"),
            stage="smelting",
        )
    return story.add(
        "transformation",
        take("acme:matte-1", 50, role="feed"),
        take("acme:matte-2", 25, role="feed"),
        make("acme:cathode", 40, assays=percent("100"), material="copper_cathode", role="product"),
        facility="acme:refinery",
        stage="refining",
    )


def test_steps_tell_how_much_of_the_lot_passed_them_and_what_they_took_and_gave():
    dossier = smelted().dossier("acme:cathode")

    smelting = sorted(one.mg for one in dossier.steps if one.stage == "smelting")
    [refining] = [one for one in dossier.steps if one.stage == "refining"]
    assert smelting == [13_333_333, 26_666_667]
    assert refining.mg == 40 * KG
    assert (refining.input_mg.low_mg, refining.input_mg.high_mg) == (45 * KG, 45 * KG)
    assert refining.output_mg.low_mg == 40 * KG
    assert refining.country == "US"
    assert stages(dossier)["extraction", "acme:pit-2"] == 13_333_333


def test_metal_that_passes_two_steps_of_one_stage_is_in_both():
    story = smelted().add(
        "transformation",
        take("acme:cathode", 40, role="feed"),
        make("acme:pure", 40, assays=percent("100"), material="copper_cathode", role="product"),
        facility="acme:works",
        stage="refining",
    )

    dossier = story.dossier("acme:pure")

    assert [one.mg for one in dossier.steps if one.stage == "refining"] == [40 * KG, 40 * KG]


def test_a_step_whose_feed_nobody_assayed_misses_the_assay():
    story = Story().add("extraction", make("acme:ore", 100, source="mined"), facility="acme:pit")
    story.add(
        "transformation",
        take("acme:ore", 100, role="feed"),
        make("acme:matte", 50, assays=percent("50"), role="product"),
        stage="smelting",
    )

    [smelting] = [one for one in story.dossier("acme:matte").steps if one.stage == "smelting"]

    assert smelting.input_mg is None
    assert smelting.missing == ("assay of Cu for lot acme:ore",)


def test_an_output_nobody_assayed_is_bounded_by_what_went_in():
    story = Story().mined()
    story.add(
        "transformation",
        take("acme:ore", 100, role="feed"),
        make("acme:matte", 50, role="product"),
        stage="smelting",
    )

    [smelting] = [one for one in story.dossier("acme:matte").steps if one.stage == "smelting"]

    assert (smelting.output_mg.low_mg, smelting.output_mg.high_mg) == (0, 30 * KG)
    assert smelting.missing == ("assay of Cu for lot acme:matte",)


def with_slag() -> Story:
    story = Story().mined()
    return story.add(
        "transformation",
        take("acme:ore", 100, role="feed"),
        make("acme:matte", 50, assays=percent("80"), role="product"),
        make("acme:slag", 20, material="slag", role="residue"),
        stage="smelting",
    )


def test_a_slag_nobody_assayed_does_not_hide_that_too_much_came_out():
    [smelting] = [one for one in with_slag().dossier("acme:matte").steps if one.stage == "smelting"]

    assert (smelting.output_mg.low_mg, smelting.output_mg.high_mg) == (40 * KG, 40 * KG)
    assert smelting.input_mg.high_mg == 30 * KG


def test_what_may_or_may_not_be_in_a_slag_is_not_known_where_it_is_fed():
    story = (
        with_slag()
        .mined("acme:ore-2")
        .add(
            "transformation",
            take("acme:slag", 20, role="feed"),
            take("acme:ore-2", 100, role="feed"),
            make("acme:metal", 50, assays=percent("50"), role="product"),
            facility="acme:refinery",
            stage="smelting",
        )
    )

    [fed] = [one for one in story.dossier("acme:metal").steps if one.stage == "smelting"]

    assert fed.input_mg is None
    assert fed.missing == ("assay of Cu for lot acme:slag",)
    assert story.dossier("acme:slag").contained_mg is None


# ── declared origins ──────────────────────────────────────────────────────────────────────


def bought(*rows: dict) -> Story:
    made = make(
        "acme:bought", 10, source="introduced", declared_origin=list(rows), assays=percent("100")
    )
    return Story().add("introduction", made, facility="acme:works")


def test_a_declaration_divides_a_parcel_to_the_milligram():
    dossier = bought(
        {"stage": "extraction", "parts": 2, "country": "CL"},
        {"stage": "extraction", "parts": 1, "facility": "acme:pit-2"},
        {"stage": "extraction", "parts": 9, "country": "CN", "element": "Ni"},
        {"stage": "refining", "parts": 1, "country": "KR", "subdivision": "KR-11"},
    ).dossier("acme:bought")

    assert [(one.kind, one.country, one.facility_id, one.mg) for one in dossier.sources] == [
        ("introduced", "CL", None, 6_666_667),
        ("introduced", "PE", "acme:pit-2", 3_333_333),
    ]
    [refining] = dossier.steps
    assert (refining.stage, refining.country, refining.mg) == ("refining", "KR", 10 * KG)
    assert (refining.subdivision, refining.performed_on) == ("KR-11", None)


def test_what_is_declared_as_collected_counts_as_recycled_somewhere():
    dossier = bought(
        {"stage": "extraction", "parts": 1, "country": "CL"},
        {"stage": "collection", "parts": 1, "country": "US"},
    ).dossier("acme:bought")

    assert [(one.kind, one.country) for one in dossier.sources] == [
        ("introduced", "CL"),
        ("recycled", "US"),
    ]
    [recovery] = dossier.steps
    assert (recovery.stage, recovery.country, recovery.mg) == ("recovery", None, 5 * KG)


def test_a_declared_recovery_does_not_say_where_the_scrap_was_collected():
    dossier = bought({"stage": "recovery", "parts": 1, "country": "MX"}).dossier("acme:bought")

    [source] = dossier.sources
    [recovery] = dossier.steps
    assert (source.kind, source.country) == ("recycled", None)
    assert (recovery.stage, recovery.country) == ("recovery", "MX")


def test_an_undeclared_purchase_is_of_unknown_origin():
    dossier = bought().dossier("acme:bought")

    [source] = dossier.sources
    assert (source.kind, source.country, source.mg) == ("introduced", None, 10 * KG)
    assert dossier.steps == ()


# ── which minerals ────────────────────────────────────────────────────────────────────────


def test_a_lot_is_asked_for_what_its_assay_or_its_name_speaks_of():
    story = Story().add(
        "extraction",
        make(
            "acme:ore",
            100,
            source="mined",
            assays=[*percent("30"), *percent("1", "Ni"), *percent("0", "Co")],
        ),
        facility="acme:pit",
    )
    story.add(
        "split",
        take("acme:ore", 10, into="acme:part"),
        make("acme:part", 10, **{"from": "acme:ore"}),
    )
    story.add(
        "transformation",
        take("acme:ore", 90, role="feed"),
        make("acme:cathode", 20, assays=percent("99"), material="copper_cathode", role="product"),
        stage="smelting",
    )

    assert story.minerals("acme:ore") == story.minerals("acme:part") == ("Cu", "Ni")
    assert story.minerals("acme:cathode") == ("Cu",)
    assert story.minerals("acme:nothing") == ()


def test_a_mineral_that_is_only_named_may_be_any_amount():
    story = Story().add("extraction", make("acme:ore", 100, source="mined"), facility="acme:pit")

    dossier = story.dossier("acme:ore")

    assert story.minerals("acme:ore") == ("Cu",)
    assert (dossier.contained_mg.low_mg, dossier.contained_mg.high_mg) == (0, 100 * KG)


def test_a_mineral_nobody_speaks_of_is_in_no_dossier():
    dossier = Story().mined().dossier("acme:ore", "Li")

    assert (dossier.contained_mg, dossier.sources, dossier.steps) == (None, (), ())


def test_a_lot_that_holds_none_says_so():
    story = Story().add(
        "extraction",
        make("acme:ore", 100, source="mined", assays=percent("0")),
        facility="acme:pit",
    )

    assert story.dossier("acme:ore").contained_mg.high_mg == 0


def test_the_facilities_of_a_history_include_declared_ones():
    story = bought({"stage": "extraction", "parts": 1, "facility": "acme:pit-2"})

    traced = trace(build_history(story.told), ["acme:bought"])

    assert traced.facilities() == {"acme:works", "acme:pit-2"}


def test_the_label_of_a_parcel_tells_what_it_is():
    assert parcel_of("mined:acme:ore|2026-03-01") == ("mined", "acme:ore", "2026-03-01")
    assert parcel_of("unknown:introduced:acme:b") == ("introduced", "acme:b", "")
    assert parcel_of("unknown:acme:b") == ("unknown", "acme:b", "")
    assert parcel_of("unmeasured:acme:b") == ("unmeasured", "acme:b", "")


# ── through whose hands ───────────────────────────────────────────────────────────────────


def owned(*names: str) -> list[dict]:
    return [{"owner": {"organization": name}, "parts": 1} for name in names]


def handed() -> Story:
    """A mine ships a part of its ore to x, which smelts it for y; y sells the cathode to z."""
    ore = make("acme:ore", 100, source="mined", assays=percent("30"), owners=owned("acme"))
    story = Story().add("extraction", ore, facility="acme:pit")
    story.add(
        "shipment",
        take("acme:ore", 40, into="acme:part"),
        make("acme:part", 40, **{"from": "acme:ore"}),
        ship("acme:part"),
        facility="acme:pit",
    )
    story.add(
        "transformation",
        take("acme:part", 40, role="feed"),
        make("acme:cathode", 12, assays=percent("99"), role="product", owners=owned("y")),
        stage="smelting",
    )
    sold = {"owners": [{"owner": {"name": "Z Ltd"}, "parts": 1}], "before": owned("y"), "to": ""}
    told = Movement(lot="acme:cathode", role="title", delta=0, unit="mg", facts=sold)
    return story.add("transfer", told)


def test_every_lot_on_the_path_tells_who_made_it_of_what_and_whose_it_was():
    lots = {one.lot_id: one for one in handed().dossier("acme:cathode").lots}

    assert {name: one.parents for name, one in lots.items()} == {
        "acme:cathode": ("acme:part",),
        "acme:part": ("acme:ore",),
        "acme:ore": (),
    }
    assert {name: (one.stage, one.owners) for name, one in lots.items()} == {
        "acme:cathode": ("smelting", ("y",)),
        "acme:part": (None, ("acme",)),
        "acme:ore": ("extraction", ("acme",)),
    }


def test_custody_and_title_pass_from_hand_to_hand():
    lots = {one.lot_id: one for one in handed().dossier("acme:cathode").lots}

    [shipped], [sold] = lots["acme:part"].hands, lots["acme:cathode"].hands
    assert (shipped.kind, shipped.giver, shipped.taker) == ("custody", "acme", "x")
    assert (sold.kind, sold.giver, sold.taker) == ("title", "acme", None)


def test_what_others_reported_has_no_maker():
    nobody = {name: replace(site, has_operator=False) for name, site in SITES.items()}
    evidence = replace(EVIDENCE, sites=nobody)

    lots = {one.lot_id: one for one in handed().dossier("acme:cathode", evidence=evidence).lots}

    assert [lots[name].maker for name in ("acme:cathode", "acme:part")] == [None, "acme"]


def test_only_who_had_a_lot_declares_anything_about_it():
    claims = [
        claimed(lot_id="acme:part", claimant=who, mineral=of)
        for who, of in (("x", None), ("stranger", None), ("acme", "Cu"), ("acme", "Ni"))
    ]
    evidence = replace(EVIDENCE, declared={"acme:part": claims, "acme:else": claims})

    declared = handed().dossier("acme:cathode", evidence=evidence).declared

    assert [(one.claimant, one.mineral) for one in declared] == [("x", None), ("acme", "Cu")]


def test_credentials_and_agreements_of_holders_come_along():
    company = credential(facility_id=None, organization_id="x")
    agreed = Agreement(
        principal="y",
        contractor="acme",
        facility_id=None,
        agreed_from=DAY,
        agreed_until=None,
        entry="e",
    )
    evidence = replace(
        EVIDENCE, credentials={"x": [company]}, agreements={"acme": [agreed], "other": [agreed]}
    )

    dossier = handed().dossier("acme:cathode", evidence=evidence)

    assert (dossier.credentials, dossier.agreements) == ((company,), (agreed,))
    traced = trace(build_history(handed().told), ["acme:cathode"])
    assert traced.organizations() == {"acme", "x", "y"}


# ── many lots of one history ──────────────────────────────────────────────────────────────


def many_parts() -> Story:
    """Two mines, smelted in turns, and the anodes divided into parts, some of them alike."""
    story = Story().mined("acme:ore").mined("acme:ore-2", 50, facility="acme:pit-2")
    for ore in ("acme:ore", "acme:ore-2"):
        anode = f"{ore}-anode"
        made = make(anode, 20, material="copper_anode", role="product", assays=percent("90"))
        story.add("transformation", take(ore, 40), made, stage="smelting")
        for number, kilograms in enumerate((4, 4, 7)):
            part = f"{anode}-{number}"
            story.add(
                "split", take(anode, kilograms, into=part), make(part, kilograms, **{"from": anode})
            )
    return story


def test_an_assembler_tells_of_every_lot_what_it_tells_of_it_alone(monkeypatch):
    """However many it told before, and whatever of them it still remembers."""
    monkeypatch.setattr(passage, "MOST_REMEMBERED", 2)
    traced = trace(build_history(many_parts().told), ["acme:ore-anode"])
    together = Assembler(traced, EVIDENCE, as_of=DAY)

    for lot in [*traced.history.last, *traced.history.last]:
        told = together.dossier(lot, "Cu")
        assert told == assemble(traced, lot, "Cu", evidence=EVIDENCE, as_of=DAY)
        assert [one.lot_id for one in told.lots] == [
            one.lot_id for one in upstream(traced.lots, lot)
        ]


def test_parts_that_hold_the_same_share_what_is_told_of_it():
    traced = trace(build_history(many_parts().told), ["acme:ore-anode"])
    together = Assembler(traced, EVIDENCE, as_of=DAY)

    one, other, larger = (together.dossier(f"acme:ore-anode-{n}", "Cu") for n in range(3))

    assert one.sources is other.sources
    assert one.steps is other.steps
    assert one.sources is not larger.sources


def test_a_lot_that_went_round_is_on_its_own_path_once():
    traced = trace(build_history(many_parts().told), ["acme:ore"])
    round_ = {"acme:ore": path_lot("acme:ore", "acme:x"), "acme:x": path_lot("acme:x", "acme:ore")}
    odd = replace(traced, lots=round_)

    told = Assembler(odd, EVIDENCE, as_of=DAY).dossier("acme:ore", "Cu")

    assert [one.lot_id for one in told.lots] == ["acme:ore", "acme:x"]
