"""TSM-01 to TSM-03: letters by indicator, who verified them, and no grade of all."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from rulebook_builders import (
    DISPATCH,
    claimed,
    credential,
    dossier,
    exactly,
    finding_of,
    rated,
    snapshot,
    source,
    status,
    step,
)

from standards.rulebook.findings import Outcome
from standards.rulebook.rules import RULES

PASS, FAIL, OPEN, NONE = (
    Outcome.CONFORMS,
    Outcome.NONCONFORMING,
    Outcome.INDETERMINATE,
    Outcome.NOT_APPLICABLE,
)
DAY = timedelta(days=1)
RULE = {one.id: one for one in RULES}
ORE = source(10)


def letters(**told):
    return tuple(rated(code, rating, "indicator") for code, rating in told.items())


VERIFIED = credential(
    "tsm",
    facility_id="acme:mine",
    activities=("extraction",),
    standard_code="towards_sustainable_mining",
    assessment_type="initial",
    assessed_on=date(2024, 6, 1),
    assessor_level="third_party",
    outcomes=letters(tailings_1="a", water_1="aa", forced_labour_1="yes"),
    statuses=(status("published"),),
)
OWN = replace(
    VERIFIED,
    id="own",
    assessment_type="self_assessment",
    assessor_level="first_party",
    published_on=date(2026, 1, 10),
    statuses=(status("self_assessed"),),
)
ASKS = {"tsm__minimum_share": "1", "tsm__minimum_ratings": {"tailings_1": "A", "water_1": "A"}}
EVERY = {"tsm__minimum_ratings": {"every": "A"}}
LIST = {"tsm__indicators": ["tailings_1", "water_1", "forced_labour_1"]}


def changed(**changes):
    return replace(VERIFIED, **changes)


def rules(rule, cases):
    return [(rule, *case) for case in cases]


SHARED = [
    ("lithium from a mine is concerned as well", {"mineral": "Li", "reports": ()}, {}, OPEN),
    ("there is no metal", {"sources": (source(0),)}, {}, NONE),
    ("all of it is recycled", {"sources": (source(10, kind="recycled"),)}, {}, NONE),
    ("nobody measured the metal", {"about": {"contained_mg": None}}, {}, OPEN),
    ("the mine is not known", {"sources": (source(10, facility_id=None),)}, {}, OPEN),
    ("the day of dispatch is not known", {"sources": (source(10, dispatched_on=None),)}, {}, OPEN),
    ("no report is on file", {"reports": ()}, {}, OPEN),
    ("a complete register shows that it has none", {"reports": (), "seen": True}, {}, FAIL),
    ("the club has set no share", {}, {"tsm__minimum_share": None}, OPEN),
    ("the record is disputed", {"reports": (changed(is_disputed=True),)}, {}, OPEN),
    (
        "a report about the company is none about the mine",
        {"reports": (changed(facility_id=None, organization_id="acme"),)},
        {},
        OPEN,
    ),
]
LETTERS = [
    ("every letter asked for is reached", {}, {}, PASS),
    ("a letter below what is asked", {"letters": letters(tailings_1="b", water_1="aaa")}, {}, FAIL),
    ("one letter is missing", {"letters": letters(tailings_1="aaa")}, {}, OPEN),
    (
        "what is rated otherwise is no indicator",
        {"letters": (rated("water_1", "a"), *letters(tailings_1="a"))},
        {},
        OPEN,
    ),
    ("no letter is on file", {"reports": (changed(outcomes=None),)}, {}, OPEN),
    ("the club asks for no letters", {}, {"tsm__minimum_ratings": None}, OPEN),
    (
        "a letter that is not asked about",
        {"letters": letters(tailings_1="a", water_1="a", climate_1="c")},
        {},
        PASS,
    ),
    (
        "the club asks for a letter that there is not",
        {},
        {"tsm__minimum_ratings": {"tailings_1": "B+"}},
        OPEN,
    ),
    ("a word that is no letter", {"letters": letters(tailings_1="good", water_1="a")}, {}, OPEN),
    (
        "a named indicator is declared not relevant",
        {"letters": letters(tailings_1="not_relevant", water_1="a")},
        {},
        OPEN,
    ),
    (
        "an answer where a letter is asked for",
        {"letters": letters(tailings_1="yes", water_1="a")},
        {},
        OPEN,
    ),
    (
        "yes is asked for and answered",
        {},
        {"tsm__minimum_ratings": {"forced_labour_1": "yes"}},
        PASS,
    ),
    (
        "yes is asked for and no is answered",
        {"letters": letters(forced_labour_1="no")},
        {"tsm__minimum_ratings": {"forced_labour_1": "yes"}},
        FAIL,
    ),
    ("every indicator, and nobody has listed them", {}, EVERY, OPEN),
    (
        "every indicator, one of them below, listed or not",
        {"letters": letters(tailings_1="b")},
        EVERY,
        FAIL,
    ),
    ("every indicator of the list", {}, EVERY | LIST, PASS),
    (
        "one of the list is not rated",
        {"letters": letters(tailings_1="a", water_1="a")},
        EVERY | LIST,
        OPEN,
    ),
    (
        "one of the list is answered no",
        {"letters": letters(tailings_1="a", water_1="a", forced_labour_1="no")},
        EVERY | LIST,
        FAIL,
    ),
    (
        "one of the list is declared not relevant",
        {"letters": letters(tailings_1="a", water_1="not_relevant", forced_labour_1="yes")},
        EVERY | LIST,
        PASS,
    ),
    (
        "one of the list has a word that is no letter",
        {"letters": letters(tailings_1="a", water_1="good", forced_labour_1="yes")},
        EVERY | LIST,
        OPEN,
    ),
    (
        "a later self-assessment lowers a letter",
        {"reports": (VERIFIED, replace(OWN, outcomes=letters(water_1="b")))},
        {},
        FAIL,
    ),
    (
        "a later self-assessment raises none",
        {
            "reports": (
                changed(outcomes=letters(tailings_1="b", water_1="a")),
                replace(OWN, outcomes=letters(tailings_1="aaa")),
            )
        },
        {},
        FAIL,
    ),
    (
        "a self-assessment published before is past",
        {
            "reports": (
                VERIFIED,
                replace(OWN, outcomes=letters(water_1="b"), published_on=date(2025, 1, 9)),
            )
        },
        {},
        PASS,
    ),
    (
        "a self-assessment published on the day of dispatch counts",
        {"reports": (VERIFIED, replace(OWN, outcomes=letters(water_1="b"), published_on=DISPATCH))},
        {},
        FAIL,
    ),
    (
        "one published the day after does not",
        {
            "reports": (
                VERIFIED,
                replace(OWN, outcomes=letters(water_1="b"), published_on=DISPATCH + DAY),
            )
        },
        {},
        PASS,
    ),
    (
        "a self-assessment without a day lowers nothing",
        {"reports": (VERIFIED, replace(OWN, outcomes=letters(water_1="b"), published_on=None))},
        {},
        PASS,
    ),
    (
        "a later one lowers a report without a day",
        {"reports": (changed(published_on=None), replace(OWN, outcomes=letters(water_1="b")))},
        {},
        FAIL,
    ),
    (
        "a disputed self-assessment lowers nothing",
        {"reports": (VERIFIED, replace(OWN, outcomes=letters(water_1="b"), is_disputed=True))},
        {},
        PASS,
    ),
    (
        "a later self-assessment in other words lowers nothing",
        {"reports": (VERIFIED, replace(OWN, outcomes=letters(water_1="weak", energy_1="c")))},
        {},
        PASS,
    ),
    (
        "half of the metal is enough where half is asked for",
        {"sources": (source(10), source(10, id="s2", facility_id="acme:other"))},
        {"tsm__minimum_share": "0.5"},
        PASS,
    ),
]
TIME = [
    ("verified two years before", {}, {}, PASS),
    ("verified three years before to the day", {"on": date(2023, 10, 1)}, {}, PASS),
    ("verified a day earlier: by day or by year is not said", {"on": date(2023, 9, 30)}, {}, OPEN),
    (
        "a day earlier, counted by day",
        {"on": date(2023, 9, 30)},
        {"tsm__verification_counting": "by_day"},
        FAIL,
    ),
    (
        "a day earlier, counted by year",
        {"on": date(2023, 9, 30)},
        {"tsm__verification_counting": "by_year"},
        PASS,
    ),
    (
        "the last day of the year, counted by year",
        {"on": date(2023, 9, 30), "sources": (source(10, dispatched_on=date(2026, 12, 31)),)},
        {"tsm__verification_counting": "by_year"},
        PASS,
    ),
    (
        "the first day of the next year, however counted",
        {"on": date(2023, 9, 30), "sources": (source(10, dispatched_on=date(2027, 1, 1)),)},
        {},
        FAIL,
    ),
    ("the year of the term is over", {"on": date(2022, 12, 31)}, {}, FAIL),
    ("verified on the very day", {"on": DISPATCH}, {}, PASS),
    ("verified the day after", {"on": DISPATCH + DAY}, {}, FAIL),
    ("the day of verification is not known", {"on": None}, {}, OPEN),
    ("nobody has set the term", {}, {"tsm__verification_months": "UNSET"}, OPEN),
    ("self-assessed only", {"reports": (OWN,)}, {}, FAIL),
    ("who verified it is not known", {"reports": (changed(assessor_level=None),)}, {}, OPEN),
    ("a customer verified it", {"reports": (changed(assessor_level="second_party"),)}, {}, FAIL),
    ("a later self-assessment does not take its place", {"reports": (VERIFIED, OWN)}, {}, PASS),
    (
        "an indicator asked about is rated by the facility only",
        {"reports": (changed(outcomes=letters(tailings_1="a")), OWN)},
        {},
        FAIL,
    ),
    (
        "an indicator that is not asked about is",
        {"reports": (VERIFIED, replace(OWN, outcomes=letters(climate_1="a")))},
        {},
        PASS,
    ),
    (
        "of every indicator one is",
        {"reports": (VERIFIED, replace(OWN, outcomes=letters(climate_1="a")))},
        EVERY,
        FAIL,
    ),
    (
        "nothing is asked yet, and one is",
        {"reports": (VERIFIED, replace(OWN, outcomes=letters(climate_1="a")))},
        {"tsm__minimum_ratings": None},
        FAIL,
    ),
]
GRADES = [
    ("letters stand by indicator", {}, {}, PASS),
    ("nothing is on file or claimed", {"reports": ()}, {}, NONE),
    ("an audit of another scheme is none of its reports", {"reports": (credential(),)}, {}, NONE),
    ("one grade is recorded for the facility", {"reports": (changed(level="AA"),)}, {}, FAIL),
    (
        "one grade is recorded for the company",
        {"reports": (changed(level="AA", facility_id=None, organization_id="acme"),)},
        {},
        FAIL,
    ),
    ("the record is disputed", {"reports": (changed(is_disputed=True),)}, {}, OPEN),
    ("a claim names a grade", {"claims": (claimed("tsm", level="AAA"),)}, {}, FAIL),
    ("nobody coded the claim", {"claims": (claimed("tsm"),)}, {}, OPEN),
    ("a claim is coded to name a grade", {"claims": (claimed("tsm", says=("level",)),)}, {}, FAIL),
    ("a claim names no grade", {"claims": (claimed("tsm", says=("site",)),)}, {}, PASS),
    (
        "a claim alone is enough to look at",
        {"reports": (), "claims": (claimed("tsm", says=("site",)),)},
        {},
        PASS,
    ),
]
CASES = [
    *rules("TSM-01", SHARED + LETTERS),
    *rules("TSM-02", SHARED + TIME),
    *rules("TSM-03", GRADES),
]


def lot(**told):
    """Return the dossier of a case: what it does not say is as in a lot that passes."""
    reports = told.pop("reports", (VERIFIED,))
    if "letters" in told:
        reports = (changed(outcomes=told.pop("letters")),)
    if "on" in told:
        reports = (changed(assessed_on=told.pop("on")),)
    return dossier(
        *told.pop("sources", (ORE,)),
        mineral=told.pop("mineral", "Cu"),
        credentials=reports,
        snapshots=(snapshot("tsm"),) if told.pop("seen", False) else (),
        declared=told.pop("claims", ()),
        **told.pop("about", {}),
    )


@pytest.mark.parametrize(
    ("rule", "told", "values", "outcome"),
    [(rule, *rest) for rule, _, *rest in CASES],
    ids=[f"{rule}: {title}" for rule, title, *_ in CASES],
)
def test_letters_of_towards_sustainable_mining(rule, told, values, outcome):
    unset = {key: "nobody has filled this in" for key, one in values.items() if one == "UNSET"}
    found = finding_of(RULE[rule], lot(**told), **(ASKS | values | unset))
    assert found.outcome is outcome, found.because
    assert bool(found.missing) is (outcome is OPEN)


def test_the_sentence_names_site_indicator_letter_and_what_is_asked():
    about = lot(letters=letters(tailings_1="b", water_1="aaa"))
    found = finding_of(RULE["TSM-01"], about, **ASKS)
    assert found.because.endswith("acme:mine: tailings_1 is rated B; A is asked for")
    assert "tsm.levels" in {one.key for one in found.cites}


def test_what_is_missing_is_named():
    about = lot(letters=letters(tailings_1="aaa"))
    found = finding_of(RULE["TSM-01"], about, **ASKS)
    assert found.missing == ("letters of Towards Sustainable Mining of acme:mine for water 1",)


def test_processing_is_asked_about_where_a_policy_names_it():
    stages = {"tsm__assessed_stages": ["smelting"]}
    plant = changed(facility_id="acme:plant", activities=("smelting",))
    about = replace(lot(reports=(plant,)), steps=(step(10),))
    assert finding_of(RULE["TSM-01"], about, **(ASKS | stages)).outcome is PASS
    assert finding_of(RULE["TSM-01"], lot(), **(ASKS | stages)).outcome is NONE


def test_a_parcel_of_which_more_is_contained_than_traced_stays_open():
    about = lot(about={"contained_mg": exactly(20)})
    assert finding_of(RULE["TSM-01"], about, **ASKS).outcome is OPEN
