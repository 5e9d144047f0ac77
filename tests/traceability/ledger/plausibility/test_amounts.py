"""Amounts: recovery, nameplate, a country's production, weight on the way, blends."""

from dataclasses import replace
from fractions import Fraction

import pytest

from tests.traceability.ledger.plausibility.doubts import KG, PIT, Tale, make, quantity, weigh
from traceability.ledger.mass import Interval, exactly
from traceability.ledger.plausibility.registered import Nameplate, registered
from traceability.ledger.plausibility.view import Arrival, Flow, Mined, Told, Weighed


def smelted(given, came, *, sites=(), missing=(), kind="transformation", materials=("ore",)):
    tale = Tale(*sites)
    entry = tale.add("transformation", make("acme:K"), stage="smelting")
    tale.flows = (
        Flow(
            entry=entry,
            kind=kind,
            element="Cu",
            given=given,
            came=came,
            lots=("acme:K",),
            materials=frozenset(materials),
            missing=missing,
        ),
    )
    return tale


# ── recovery ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("came", "outside"),
    [(90, "0"), (95, "0"), (89, "1/100"), (97, "1/50"), (101, "6/100")],
)
def test_recovery_is_measured_by_how_far_it_lies_outside_the_registered_range(came, outside):
    [one] = smelted(exactly(100 * KG), exactly(came * KG)).observed("PL-01")

    assert (one.worst, one.best) == (Fraction(outside), Fraction(outside))
    assert f"Pit (acme:pit) recovered {came} % of the Cu" in one.sentence
    assert "registered are 90 % to 95 %" in one.sentence


def test_a_range_of_recovery_stays_a_range():
    [one] = smelted(
        Interval(low=100, high=110), Interval(low=90, high=100), missing=("assay",)
    ).observed("PL-01")

    assert one.best == 0
    assert one.worst == Fraction(9, 10) - Fraction(90, 110)
    assert one.missing == ("assay",)


def test_without_a_registered_range_or_without_masses_recovery_cannot_be_told():
    silent = replace(PIT, recoveries=None)
    [one] = smelted(exactly(100), exactly(90), sites=(silent,)).observed("PL-01")
    assert one.worst is None
    assert one.missing == ("registered recovery range of Pit (acme:pit) for Cu",)

    for given, came in ((None, exactly(9)), (exactly(9), None), (exactly(0), exactly(0))):
        [one] = smelted(given, came, missing=("assay of Cu",)).observed("PL-01")
        assert (one.worst, one.missing) == (None, ("assay of Cu",))


def test_steps_that_are_no_transformation_or_not_known_have_no_recovery():
    assert smelted(exactly(1), exactly(1), kind="blend").observed("PL-01") == []
    tale = smelted(exactly(1), exactly(1))
    tale.told.clear()
    assert tale.observed("PL-01") == tale.observed("PL-18") == []


def test_a_range_for_the_stage_and_the_material_comes_before_one_for_all():
    told = [
        {"element": "Cu", "low": "0.5", "high": "0.6"},
        {"element": "Cu", "low": "0.6", "high": "0.7", "material": "ore"},
        {"element": "Cu", "low": "0.7", "high": "0.8", "stage": "smelting"},
        {"element": "Ni", "low": "0.8", "high": "0.9", "stage": "smelting", "material": "ore"},
        {"element": "Cu", "low": "0.1", "high": "0.2", "stage": "refining", "material": "ore"},
    ]
    site = registered(
        {"facility": "acme:pit", "name": "", "types": [], "country": "CL", "recoveries": told}
    )

    def low(materials, stage):
        found = site.recovery_of("Cu", materials=frozenset(materials), stage=stage)
        return found and float(found.low)

    assert low({"ore"}, "smelting") == 0.7
    assert low({"ore"}, "separation") == 0.6
    assert low({"matte"}, None) == 0.5
    assert site.recovery_of("Co", materials=frozenset(), stage=None) is None


# ── nameplate ─────────────────────────────────────────────────────────────────────────────


def made_so_far(year=None, month=None, *, site=PIT, **changes):
    tale = Tale(site)
    entry = tale.mined()
    usual = Weighed(
        entry=entry,
        lot="acme:L1",
        facility="acme:pit",
        amount=100 * KG,
        unit="mg",
        basis="dry",
        material="copper_concentrate",
        year=2026,
        month=3,
        same=1,
        round=0,
        among=1,
        is_weighed=True,
        of_year={} if year is None else {"": exactly(year * KG)},
        of_month={} if month is None else {"": exactly(month * KG)},
    )
    tale.noted = {"weighed": (replace(usual, **changes),)}
    return tale


def test_a_year_is_measured_against_the_capacity_and_a_month_against_a_twelfth():
    tale = made_so_far(1320, 150)

    [year] = tale.observed("PL-02")
    [month] = tale.observed("PL-03")

    assert (year.worst, month.worst) == (Fraction(11, 10), Fraction(3, 2))
    assert "made 110 % of a year's capacity for copper_concentrate in 2026" in year.sentence
    assert "made 150 % of a month's capacity for copper_concentrate in 2026-03" in month.sentence


def test_what_is_no_product_of_the_place_has_no_capacity_to_exceed():
    assert made_so_far().observed("PL-02") == []
    tale = made_so_far(1)
    tale.told.clear()
    assert tale.observed("PL-02") == []


@pytest.mark.parametrize(
    ("site", "change"),
    [
        (replace(PIT, nameplates=None), {}),
        (PIT, {"material": "copper_cathode"}),
        (PIT, {"facility": "acme:elsewhere"}),
        (PIT, {"basis": "wet"}),
        (PIT, {"unit": "piece"}),
    ],
)
def test_without_a_capacity_that_fits_it_cannot_be_told(site, change):
    [one] = made_so_far(1320, site=site, **change).observed("PL-02")

    assert one.worst is None
    assert len(one.missing) == 1


def test_a_capacity_of_contained_metal_is_compared_with_contained_metal():
    nameplate = Nameplate(
        material="copper_concentrate", element="Cu", amount=100 * KG, unit="mg", basis="dry"
    )
    site = replace(PIT, nameplates=(nameplate,))
    so_far = {"": exactly(1000 * KG), "Cu": Interval(low=90 * KG, high=120 * KG)}

    [one] = made_so_far(site=site, of_year=so_far).observed("PL-02")
    assert (one.best, one.worst) == (Fraction(9, 10), Fraction(6, 5))
    assert "90 % to 120 % of a year's capacity for Cu in copper_concentrate" in one.sentence

    [unassayed] = made_so_far(1, site=site).observed("PL-02")
    assert unassayed.worst is None


# ── a country ─────────────────────────────────────────────────────────────────────────────


def test_metal_of_a_country_is_told_by_country_and_year():
    tale = Tale()
    entry = tale.mined()
    so_far = Interval(low=2, high=3)
    mined = Mined(entry=entry, lot="acme:L1", country="CL", element="Cu", year=2026, so_far=so_far)
    tale.noted = {"mined": (mined, replace(mined, entry="f" * 64))}

    [one] = tale.observed("PL-04")

    assert (one.best, one.worst, one.against, one.element) == (2, 3, "CL 2026", "Cu")
    assert one.missing == ("assays of extractions in CL in 2026",)
    assert "Cu mined in CL in 2026" in one.sentence
    assert "3" not in one.sentence.replace("2026", "")  # how much others mined stays theirs


# ── weight ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("arrived", "gain"), [(100, 0), (90, 0), (102, Fraction(1, 50))])
def test_weight_gained_is_a_share_of_what_was_sent(arrived, gain):
    tale = Tale()
    tale.mined()
    tale.sent()
    tale.received(kilograms=arrived)

    [one] = tale.observed("PL-13")

    assert one.worst == gain
    assert (one.author, one.facility) == ("bolt", "bolt:works")
    assert f"left with 100 kg and arrived with {arrived} kg" in one.sentence


def test_water_taken_up_on_the_way_is_no_weight_gained():
    tale = Tale()
    tale.add("extraction", make("acme:L1", quantity=quantity(100, "wet", moisture="0.1")))
    tale.sent()
    wetter = quantity(102, "wet", moisture="0.117647058824")
    tale.add("receipt", weigh("acme:L1", 102, quantity=wetter), facility="bolt:works")

    [one] = tale.observed("PL-13")

    assert one.worst == 0
    assert "arrived with 102 kg, as wet as it left 100 kg: 0 % gained" in one.sentence


def test_what_was_sent_as_nothing_gains_nothing_that_can_be_measured():
    tale = Tale()
    tale.mined()
    tale.add("receipt", weigh("acme:L1", 5, before=0), facility="bolt:works")
    tale.add("stocktake", weigh("acme:L1", 9, before=5, consignment=None))

    assert tale.observed("PL-13") == []


def test_a_receipt_that_came_ahead_is_the_receivers_word():
    tale = Tale()
    tale.mined()
    tale.add("shipment", weigh("acme:L1", 110))
    assert tale.observed("PL-13") == []

    told = Told(**dict.fromkeys(("start", "end", "received_at"), tale.told[f"{1:064x}"].start))
    ahead = Arrival(entry="a" * 64, author="bolt", facility="bolt:works", told=told)
    tale.noted = {"arrivals": {"acme:1/acme:L1": ahead}}
    [one] = tale.observed("PL-13")

    assert (one.entry, one.author, one.worst) == ("a" * 64, "bolt", Fraction(1, 10))


# ── blends ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("came", "gap"), [(100, "0"), (95, "1/20"), (106, "3/50")])
def test_a_blend_may_hold_neither_less_nor_more_than_its_inputs(came, gap):
    [one] = smelted(exactly(100 * KG), exactly(came * KG), kind="blend").observed("PL-18")

    assert one.worst == one.best == Fraction(gap)
    assert f"held 100 kg of Cu, by its own assay it holds {came} kg" in one.sentence


def test_a_blend_nobody_assayed_cannot_be_told_and_a_range_stays_one():
    [one] = smelted(exactly(9), None, kind="blend", missing=("assay",)).observed("PL-18")
    assert (one.worst, one.missing) == (None, ("assay",))

    [one] = smelted(
        Interval(low=100 * KG, high=110 * KG), Interval(low=90 * KG, high=100 * KG), kind="blend"
    ).observed("PL-18")
    assert (one.best, one.worst) == (0, Fraction(2, 11))
    assert "100 to 110 kg" in one.sentence
    assert smelted(exactly(1), exactly(1)).observed("PL-18") == []
