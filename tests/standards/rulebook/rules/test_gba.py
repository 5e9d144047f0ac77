"""GBA-01: scores of pilots are no threshold."""

from dataclasses import replace

import pytest
from rulebook_builders import UNSET, claimed, credential, dossier, finding_of, source

from standards.rulebook.findings import Outcome
from standards.rulebook.rules import RULES

PASS, FAIL, OPEN, NONE = (
    Outcome.CONFORMS,
    Outcome.NONCONFORMING,
    Outcome.INDETERMINATE,
    Outcome.NOT_APPLICABLE,
)
[RULE] = [one for one in RULES if one.id == "GBA-01"]
REPORT = credential("gba", version="2024 pilots", level="72")


def claim(**changes):
    return {"declared": (claimed("gba", **changes),)}


def report(**changes):
    return {"credentials": (replace(REPORT, **changes),)}


CASES = [
    ("no score is on file or claimed", {}, {}, NONE),
    ("a score is on file and nothing rests on it", report(), {}, PASS),
    ("a score of the company is", report(facility_id=None, organization_id="acme"), {}, PASS),
    ("the policy asks for a score", report(), {"gba__minimum_score": "70"}, FAIL),
    ("it does so where none is on file", {}, {"gba__minimum_score": "70"}, FAIL),
    (
        "the policy requires the alliance",
        report(),
        {"credentials__required_schemes": ["irma", "gba"]},
        FAIL,
    ),
    ("the policy requires nothing yet", report(), {"credentials__required_schemes": None}, PASS),
    ("of which pilot it is is not stated", report(version=None), {}, OPEN),
    ("of a scoring that nobody knows", report(version="2027 rules"), {}, OPEN),
    ("the record is disputed", report(is_disputed=True), {}, OPEN),
    ("nobody knows whether scores compare", report(), {"gba__pilots": UNSET}, OPEN),
    ("a claim names a score", claim(level="72"), {}, FAIL),
    ("a claim is coded to name one", claim(says=("level",)), {}, FAIL),
    ("a claim that nobody coded", claim(), {}, OPEN),
    ("a claim that names none", claim(says=("membership",)), {}, PASS),
    ("a claim under another scheme", {"declared": (claimed(),)}, {}, NONE),
]


@pytest.mark.parametrize(
    ("told", "values", "outcome"), [one[1:] for one in CASES], ids=[one[0] for one in CASES]
)
def test_scores_of_battery_passport_pilots(told, values, outcome):
    found = finding_of(RULE, lot(**told), **values)
    assert found.outcome is outcome, found.because
    assert bool(found.missing) is (outcome is OPEN)


def lot(**told):
    return dossier(source(10), **told)


def test_the_sentence_names_the_score():
    found = finding_of(RULE, lot(**claim(level="72")))
    assert found.because.endswith("names the score 72; scores of pilots are not compared")
    assert {one.key for one in found.cites} >= {"gba.pilots"}
