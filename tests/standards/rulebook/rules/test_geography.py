"""B1 and B4: where the metal was mined, and whether it touched a covered nation."""

from datetime import date
from fractions import Fraction

import pytest
from rulebook_builders import dossier, entry, exactly, finding_of, source, step

from standards.rulebook.dossier import MassRange
from standards.rulebook.findings import Outcome
from standards.rulebook.rules.geography import (
    enough_metal_was_mined_in_the_group as b1,
)
from standards.rulebook.rules.geography import (
    no_metal_touched_a_covered_nation as b4,
)

PASS, FAIL, OPEN, NONE = (
    Outcome.CONFORMS,
    Outcome.NONCONFORMING,
    Outcome.INDETERMINATE,
    Outcome.NOT_APPLICABLE,
)
HALF = Fraction(1, 2)


@pytest.mark.parametrize(
    ("sources", "outcome", "worst", "best"),
    [
        ((source(5, "US"), source(5, "CL")), PASS, HALF, HALF),
        ((source(5, "MX"), source(4, "CL")), PASS, Fraction(5, 9), Fraction(5, 9)),
        ((source(4, "CA"), source(5, "CL")), FAIL, Fraction(4, 9), Fraction(4, 9)),
        ((source(4, "CA"), source(6, None)), OPEN, Fraction(2, 5), Fraction(1)),
        ((source(4, "CA"), source(6, "CA", kind="unknown")), OPEN, Fraction(2, 5), Fraction(1)),
        ((source(4, "CA"), source(6, "CA", kind="unexplained")), OPEN, Fraction(2, 5), Fraction(1)),
        ((source(4, "CA"), source(6, "CA", kind="shortfall")), OPEN, Fraction(2, 5), Fraction(1)),
        ((source(3, "CL"), source(1, None)), FAIL, Fraction(0), Fraction(1, 4)),
        ((source(5, "CA", kind="introduced"), source(5, "CL")), PASS, HALF, HALF),
    ],
)
def test_the_mined_share_is_judged_three_valued(sources, outcome, worst, best):
    found = finding_of(b1, dossier(*sources))
    assert found.outcome is outcome
    assert (found.measured.worst, found.measured.best) == (worst, best)


@pytest.mark.parametrize(
    ("treatment", "country", "outcome"),
    [
        ("apart", "CA", FAIL),
        ("where_collected", "CA", PASS),
        ("where_collected", "CN", FAIL),
        ("where_collected", None, OPEN),
        ("outside", "CA", FAIL),
    ],
)
def test_recycled_metal_counts_as_the_policy_says(treatment, country, outcome):
    about = dossier(source(2, "CA"), source(3, "CL"), source(5, country, kind="recycled"))
    found = finding_of(b1, about, geography__recycled_treatment=treatment)
    assert found.outcome is outcome
    assert f"50 % is recycled: {treatment.replace('_', ' ')}" in found.notices


def test_recycled_metal_left_apart_is_in_no_share():
    about = dossier(source(2, "CA"), source(3, "CL"), source(5, "CA", kind="recycled"))
    assert finding_of(b1, about).measured.worst == Fraction(2, 5)


def test_an_unknown_treatment_matters_only_where_metal_is_recycled():
    recycled = dossier(source(2, "CA"), source(5, "CA", kind="recycled"))
    for value in (None, "somehow"):
        assert finding_of(b1, recycled, geography__recycled_treatment=value).outcome is OPEN
        assert (
            finding_of(b1, dossier(source(2, "CA")), geography__recycled_treatment=value).outcome
            is PASS
        )


def test_a_lot_of_recycled_metal_only_is_not_concerned_where_it_is_left_apart():
    assert finding_of(b1, dossier(source(5, "CA", kind="recycled"))).outcome is NONE


def test_what_entered_from_outside_is_shown_as_declared():
    found = finding_of(b1, dossier(source(3, "CA", kind="introduced"), source(1, "CA")))
    assert "75 % entered from outside the ledger: declared, not traced" in found.notices


@pytest.mark.parametrize("rule", [b1, b4])
@pytest.mark.parametrize(
    ("changes", "outcome", "missing"),
    [
        ({"contained_mg": None}, OPEN, "assay or quality of lot acme:L1 for Cu"),
        ({"contained_mg": exactly(0), "sources": ()}, NONE, None),
        (
            {"contained_mg": MassRange(low_mg=0, high_mg=4), "sources": ()},
            OPEN,
            "origin of lot acme:L1",
        ),
        (
            {"contained_mg": exactly(4), "sources": ()},
            OPEN,
            "origin of 4 mg that no source explains",
        ),
    ],
)
def test_contained_metal_that_is_unknown_or_untraced_is_open_and_none_is_not_applicable(
    rule, changes, outcome, missing
):
    found = finding_of(rule, dossier(**changes))
    assert found.outcome is outcome
    assert missing is None or missing in found.missing


def test_metal_that_no_source_explains_counts_as_unknown():
    found = finding_of(b1, dossier(source(4, "CA"), contained_mg=exactly(10)))
    assert (found.measured.worst, found.measured.best) == (Fraction(2, 5), Fraction(1))
    scaled = dossier(source(4, "CA"), contained_mg=MassRange(low_mg=3, high_mg=9))
    assert finding_of(b1, scaled).outcome is PASS


@pytest.mark.parametrize("key", ["geography__mined_group", "geography__minimum_mined_share"])
def test_a_policy_without_group_or_minimum_leaves_it_open(key):
    found = finding_of(b1, dossier(source(5, "CA")), **{key: None})
    assert (found.outcome, found.missing) == (OPEN, (f"a value of {key.replace('__', '.')}",))


def test_a_group_that_no_pack_defines_leaves_it_open():
    found = finding_of(b1, dossier(source(5, "CA")), geography__mined_group="geography.nowhere")
    assert found.missing == ("a value of geography.nowhere",)


@pytest.mark.parametrize(("day", "outcome"), [(date(2026, 6, 30), PASS), (date(2026, 7, 1), FAIL)])
def test_a_country_counts_until_its_last_day_in_the_group(day, outcome):
    members = [
        {"code": "CA", "from": "2020-07-01", "until": "2026-06-30", "source": "Demo"},
        {"code": "US", "from": "2020-07-01", "source": "Demo"},
    ]
    found = finding_of(b1, dossier(source(5, "CA"), as_of=day), geography__usmca_parties=members)
    assert found.outcome is outcome


def test_missing_origins_are_named_by_lot_or_parcel():
    about = dossier(source(1, None, lot_id="x:1"), source(1, None, lot_id=None, id="p9"))
    assert finding_of(b1, about).missing == ("origin of lot x:1", "origin of parcel p9")


def test_the_sentence_gives_share_countries_and_minimum():
    found = finding_of(b1, dossier(source(4, "CA"), source(6, "CL")))
    assert found.because == "40 % of the Cu was mined in CA, MX, US; at least 50 % is needed"
    assert found.evidence == (entry("a"),)


@pytest.mark.parametrize(
    ("changes", "outcome", "worst", "best"),
    [
        ({}, PASS, 0, 0),
        ({"steps": (step(10),)}, PASS, 0, 0),
        ({"steps": (step(10, country="CN"),)}, FAIL, 1, 1),
        ({"steps": (step(1, country="RU"),)}, FAIL, Fraction(1, 10), Fraction(1, 10)),
        ({"steps": (step(0, country="CN"),)}, PASS, 0, 0),
        ({"steps": (step(10, country="MO"),)}, FAIL, 1, 1),
        ({"steps": (step(10, country="TW"),)}, PASS, 0, 0),
        ({"steps": (step(4, country=None),)}, OPEN, Fraction(2, 5), 0),
        ({"steps": (step(4, country=None), step(1, country="IR"))}, FAIL, HALF, Fraction(1, 10)),
        (
            {"steps": (step(6, country="CN"), step(6, "refining", country="CN"))},
            FAIL,
            1,
            Fraction(3, 5),
        ),
    ],
)
def test_any_mass_worked_in_a_covered_nation_is_a_touch(changes, outcome, worst, best):
    found = finding_of(b4, dossier(source(10), **changes))
    assert found.outcome is outcome
    assert (found.measured.worst, found.measured.best) == (worst, best)


@pytest.mark.parametrize(
    ("mined", "outcome"),
    [
        (source(10, "KP"), FAIL),
        (source(10, None), OPEN),
        (source(10, "CA", kind="unknown"), OPEN),
        (source(10, "CN", kind="recycled"), FAIL),
    ],
)
def test_extraction_and_collection_are_touches_too(mined, outcome):
    assert finding_of(b4, dossier(mined)).outcome is outcome


def test_introduced_metal_is_open_until_its_processing_is_declared():
    bought = source(10, "CA", kind="introduced")
    found = finding_of(b4, dossier(bought))
    assert found.missing == (
        "declaration of where lot acme:ore was worked before it was introduced",
    )
    declared = dossier(bought, steps=(step(10, entry=bought.entry),))
    assert finding_of(b4, declared).outcome is PASS


@pytest.mark.parametrize(("day", "outcome"), [(date(2018, 8, 12), OPEN), (date(2018, 8, 13), FAIL)])
def test_the_list_of_covered_nations_is_known_from_its_day(day, outcome):
    assert finding_of(b4, dossier(source(10, "CN"), as_of=day)).outcome is outcome


def test_the_sentences_name_the_first_touch_or_what_is_not_known():
    plant = {"facility_name": "Plant", "facility_id": "acme:p"}
    touched = dossier(source(10), steps=(step(4, "active_material", country="CN", **plant),))
    assert finding_of(b4, touched).because == (
        "at least 40 % of the Cu was worked in CN, a covered nation: "
        "active material at Plant (acme:p)"
    )
    unknown = finding_of(b4, dossier(source(10), steps=(step(4, country=None, facility_id=None),)))
    assert unknown.because == "where 40 % of the Cu was extracted or worked is not known"
    assert unknown.missing == ("country of smelting at an unnamed site",)
    assert finding_of(b4, dossier(source(10))).because == (
        "no Cu was extracted or worked in CN, IR, KP, RU"
    )
