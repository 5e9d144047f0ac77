"""ICMM-01: an asset validated by a third party, expectation by expectation."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from rulebook_builders import (
    DISPATCH,
    UNSET,
    credential,
    dossier,
    finding_of,
    rated,
    snapshot,
    source,
    status,
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
[RULE] = [one for one in RULES if one.id == "ICMM-01"]
ORE = source(10)


def ratings(**told):
    return tuple(rated(code, word, "performance_expectation") for code, word in told.items())


VALIDATED = credential(
    "icmm",
    facility_id="acme:mine",
    activities=("extraction",),
    standard_code="mining_principles",
    assessment_type="initial",
    assessed_on=date(2025, 1, 5),
    assessor_level="third_party",
    outcomes=ratings(pe_1="meets", pe_2="partially_meets"),
    statuses=(status("published"),),
)
ASKS = {"icmm__minimum_share": "1", "icmm__performance_expectations": ["pe_1", "pe_2"]}
MEMBER = replace(VALIDATED, id="m", facility_id=None, organization_id="acme", outcomes=None)


def changed(**changes):
    return (replace(VALIDATED, **changes),)


CASES = [
    ("validated, and no expectation is unmet", {}, {}, PASS),
    (
        "an expectation is not relevant to it",
        {"validations": changed(outcomes=ratings(pe_1="meets", pe_2="not_relevant"))},
        {},
        PASS,
    ),
    (
        "an expectation is not met",
        {"validations": changed(outcomes=ratings(pe_1="meets", pe_2="does_not_meet"))},
        {},
        FAIL,
    ),
    (
        "one is not met, whoever says so",
        {"validations": changed(outcomes=ratings(pe_1="does_not_meet"), assessor_level=None)},
        {},
        FAIL,
    ),
    (
        "the rating of one is not disclosed",
        {"validations": changed(outcomes=ratings(pe_1="meets"))},
        {},
        OPEN,
    ),
    (
        "a rating in a word that ICMM has not",
        {"validations": changed(outcomes=ratings(pe_1="meets", pe_2="fully"))},
        {},
        OPEN,
    ),
    ("no rating is disclosed", {"validations": changed(outcomes=None)}, {}, OPEN),
    ("nobody has listed the expectations", {}, {"icmm__performance_expectations": UNSET}, OPEN),
    (
        "nobody has listed them, and one is not met",
        {"validations": changed(outcomes=ratings(pe_1="does_not_meet"))},
        {"icmm__performance_expectations": UNSET},
        FAIL,
    ),
    ("membership only", {"validations": (MEMBER,)}, {}, FAIL),
    ("it assessed itself", {"validations": changed(assessment_type="self_assessment")}, {}, FAIL),
    (
        "its own people assessed it",
        {"validations": changed(assessor_level="first_party")},
        {},
        FAIL,
    ),
    ("a customer assessed it", {"validations": changed(assessor_level="second_party")}, {}, FAIL),
    ("who validated it is not known", {"validations": changed(assessor_level=None)}, {}, OPEN),
    ("validated on the day of dispatch", {"validations": changed(assessed_on=DISPATCH)}, {}, PASS),
    ("validated the day after", {"validations": changed(assessed_on=DISPATCH + DAY)}, {}, FAIL),
    (
        "published on that day, validated nobody knows when",
        {"validations": changed(assessed_on=None, published_on=DISPATCH)},
        {},
        PASS,
    ),
    (
        "published the day after",
        {"validations": changed(assessed_on=None, published_on=DISPATCH + DAY)},
        {},
        FAIL,
    ),
    (
        "no day of it is known",
        {"validations": changed(assessed_on=None, published_on=None)},
        {},
        OPEN,
    ),
    (
        "withdrawn by that day",
        {"validations": changed(statuses=(status("published"), status("withdrawn", DISPATCH)))},
        {},
        FAIL,
    ),
    (
        "withdrawn the day after",
        {"validations": changed(statuses=(status(), status("withdrawn", DISPATCH + DAY)))},
        {},
        PASS,
    ),
    ("whose status nobody told", {"validations": changed(statuses=())}, {}, OPEN),
    ("on its last day", {"validations": changed(valid_until=DISPATCH)}, {}, PASS),
    ("the day after its last", {"validations": changed(valid_until=DISPATCH - DAY)}, {}, FAIL),
    ("without an end", {"validations": changed(valid_from=None, valid_until=None)}, {}, PASS),
    ("the record is disputed", {"validations": changed(is_disputed=True)}, {}, OPEN),
    ("nothing is on file", {"validations": ()}, {}, OPEN),
    ("a complete register shows that nothing is", {"validations": (), "seen": True}, {}, FAIL),
    ("the mine is not known", {"sources": (source(10, facility_id=None),)}, {}, OPEN),
    ("the day of dispatch is not known", {"sources": (source(10, dispatched_on=None),)}, {}, OPEN),
    ("the club has set no share", {}, {"icmm__minimum_share": None}, OPEN),
    ("nobody measured the metal", {"about": {"contained_mg": None}}, {}, OPEN),
    ("there is no metal", {"sources": (source(0),)}, {}, NONE),
    ("all of it is recycled", {"sources": (source(10, kind="recycled"),)}, {}, NONE),
    (
        "half of it from such an asset, half is asked for",
        {"sources": (ORE, source(10, id="s2", facility_id="acme:other"))},
        {"icmm__minimum_share": "0.5"},
        PASS,
    ),
]


def lot(**told):
    """Return the dossier of a case: what it does not say is as in a lot that passes."""
    return dossier(
        *told.get("sources", (ORE,)),
        credentials=told.get("validations", (VALIDATED,)),
        snapshots=(snapshot("icmm"),) if told.get("seen") else (),
        **told.get("about", {}),
    )


@pytest.mark.parametrize(
    ("told", "values", "outcome"), [one[1:] for one in CASES], ids=[one[0] for one in CASES]
)
def test_an_asset_of_icmm(told, values, outcome):
    found = finding_of(RULE, lot(**told), **(ASKS | values))
    assert found.outcome is outcome, found.because
    assert bool(found.missing) is (outcome is OPEN)


def test_the_sentence_says_that_membership_is_not_enough():
    found = finding_of(RULE, lot(validations=(MEMBER,)), **ASKS)
    assert "acme is on record with ICMM as a company, which says nothing" in found.because


def test_what_is_not_disclosed_is_named():
    about = lot(validations=changed(outcomes=ratings(pe_1="meets")))
    found = finding_of(RULE, about, **ASKS)
    assert "of performance expectation pe 2 no rating is disclosed" in found.because
    assert found.missing == ("ratings of every performance expectation of acme:mine",)
