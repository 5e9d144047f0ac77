"""CM-02: the mark of the right metal, at the site, on the day."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from rulebook_builders import (
    credential,
    dossier,
    exactly,
    finding_of,
    snapshot,
    source,
    status,
    step,
)

from standards.rulebook.findings import Outcome
from standards.rulebook.rules.copper_mark import (
    smelters_and_refiners_held_the_mark_of_this_metal as cm_02,
)

PASS, FAIL, OPEN, NONE = (
    Outcome.CONFORMS,
    Outcome.NONCONFORMING,
    Outcome.INDETERMINATE,
    Outcome.NOT_APPLICABLE,
)


def award(**changes):
    return credential("copper_mark", **changes)


SMELTED, ORE = (step(10),), (source(10),)


def judged(*awards, steps=SMELTED, sources=ORE, mineral="Cu", **values):
    snapshots = values.pop("snapshots", ())
    about = dossier(*sources, mineral=mineral, steps=steps, credentials=awards, snapshots=snapshots)
    return finding_of(cm_02, about, **values)


@pytest.mark.parametrize(
    ("mineral", "materials", "outcome"),
    [
        ("Cu", ("Cu",), PASS),
        ("Ni", ("Ni",), PASS),
        ("Ni", ("Cu",), FAIL),
        ("Zn", ("Cu", "Zn"), PASS),
        ("Ni", None, OPEN),
        ("Co", ("Cu",), NONE),
        ("Li", ("Cu",), NONE),
        ("graphite", ("Cu",), NONE),
    ],
)
def test_each_metal_needs_its_own_mark(mineral, materials, outcome):
    assert judged(award(materials=materials), mineral=mineral).outcome is outcome


def test_another_metal_only_is_said_in_a_sentence():
    found = judged(award(materials=("Cu", "Zn")), mineral="Ni")
    assert found.because.endswith(
        "acme:plant: awarded for Cu and Zn only, the Nickel Mark is for Ni"
    )
    assert "awarded for nothing only" in judged(award(materials=())).because


@pytest.mark.parametrize(
    ("performed_on", "outcome"),
    [
        (date(2025, 1, 9), FAIL),
        (date(2025, 1, 10), PASS),
        (date(2028, 1, 9), PASS),
        (date(2028, 1, 10), FAIL),
        (None, OPEN),
    ],
)
def test_the_day_of_processing_counts(performed_on, outcome):
    assert judged(award(), steps=(step(10, performed_on=performed_on),)).outcome is outcome


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("awarded", PASS),
        ("awarded_with_improvement_plan", PASS),
        ("participant", FAIL),
        ("under_assessment", FAIL),
        ("suspended", FAIL),
    ],
)
def test_only_an_award_is_an_award(word, outcome):
    assert judged(award(statuses=(status(word),))).outcome is outcome


def test_one_award_that_holds_is_enough():
    expired = award(valid_until=date(2026, 1, 1))
    assert judged(expired, award()).outcome is PASS
    assert judged(award(materials=("Zn",)), award()).outcome is PASS


def test_a_site_that_nobody_lists_is_open_until_a_register_shows_it():
    assert judged().outcome is OPEN
    assert judged(snapshots=(snapshot("copper_mark"),)).outcome is FAIL
    assert (
        judged(award(facility_id="acme:other"), snapshots=(snapshot("copper_mark"),)).outcome
        is FAIL
    )
    assert judged(credential(facility_id="acme:plant")).outcome is OPEN


def test_a_step_at_an_unknown_site_is_open():
    found = judged(award(), steps=(step(10, facility_id=None),))
    assert found.outcome is OPEN
    assert found.missing[0].startswith("name of the site of smelting in entry bbb")


@pytest.mark.parametrize(
    "steps", [(), (step(10, "beneficiation"),), (step(0),)], ids=["none", "other", "no mass"]
)
def test_metal_not_smelted_yet_is_not_concerned(steps):
    assert judged(award(), steps=steps).outcome is NONE


@pytest.mark.parametrize("kind", ["unknown", "unexplained", "shortfall", "introduced"])
def test_metal_that_was_worked_nobody_knows_where_is_open(kind):
    found = judged(award(), steps=(), sources=(source(10, kind=kind),))
    assert (found.outcome, found.missing) == (
        OPEN,
        ("declaration of where lot acme:ore was worked",),
    )


def test_introduced_metal_with_declared_processing_is_judged_by_it():
    bought = source(10, kind="introduced", lot_id=None)
    declared = (step(10, entry=bought.entry),)
    assert judged(award(), steps=declared, sources=(bought,)).outcome is PASS
    assert judged(award(), steps=(), sources=(bought,)).missing == (
        "declaration of where lot s1 was worked",
    )
    nothing = (source(0, kind="introduced"), source(10))
    assert judged(award(), sources=nothing).outcome is PASS


def test_of_two_stages_only_bounds_are_known():
    good, bad = "acme:plant", "acme:other"
    steps = (
        step(6, facility_id=good),
        step(4, facility_id=bad),
        step(7, "refining", facility_id=good),
        step(3, "refining", facility_id=bad),
    )
    found = judged(
        award(), steps=steps, snapshots=(snapshot("copper_mark"),), copper_mark__minimum_share="0.5"
    )
    assert (found.measured.worst, found.measured.best) == (Fraction(3, 10), Fraction(6, 10))
    assert found.outcome is OPEN


def test_metal_that_no_source_explains_was_worked_nobody_knows_where():
    about = dossier(source(7), contained_mg=exactly(10), steps=(step(7),), credentials=(award(),))
    found = finding_of(cm_02, about)
    assert (found.measured.worst, found.measured.best) == (Fraction(7, 10), Fraction(1))
    assert found.missing == ("origin of 3 mg that no source explains",)


@pytest.mark.parametrize(("contained", "outcome"), [(None, OPEN), (exactly(0), NONE)])
def test_contained_metal_must_be_known_and_present(contained, outcome):
    assert finding_of(cm_02, dossier(contained_mg=contained)).outcome is outcome


def test_a_club_that_set_no_minimum_gets_no_answer():
    found = judged(award(), copper_mark__minimum_share=None)
    assert found.missing == ("a value of copper_mark.minimum_share",)


def test_before_awards_of_all_marks_are_reported_nothing_is_said():
    eve, first = date(2024, 1, 30), date(2024, 1, 31)
    about = dossier(source(10), steps=(step(10),), credentials=(award(),))
    assert finding_of(cm_02, replace(about, as_of=eve)).missing == ("a value of copper_mark.marks",)
    assert finding_of(cm_02, replace(about, as_of=first)).outcome is PASS
