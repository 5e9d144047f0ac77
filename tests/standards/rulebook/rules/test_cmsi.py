"""CMSI-01: what rests on a draft earns nothing."""

from dataclasses import replace
from datetime import date

import pytest
from rulebook_builders import (
    UNSET,
    claimed,
    credential,
    dossier,
    finding_of,
    source,
)

from standards.rulebook.findings import Outcome
from standards.rulebook.rules import RULES

PASS, FAIL, OPEN, NONE = (
    Outcome.CONFORMS,
    Outcome.NONCONFORMING,
    Outcome.INDETERMINATE,
    Outcome.NOT_APPLICABLE,
)
[RULE] = [one for one in RULES if one.id == "CMSI-01"]
DRAFT = credential(
    "cmsi",
    facility_id="acme:mine",
    activities=("extraction",),
    standard_code="consolidated_mining_standard",
    version="draft-2",
    level="Good",
    assessed_on=date(2025, 12, 1),
)
ROW = {"standard": "consolidated_mining_standard", "source": "An imagined final text"}
FINAL = {
    "cmsi__standards": [
        ROW | {"version": "draft-2", "status": "draft", "from": "2025-10-08"},
        ROW | {"version": "1.0", "status": "final", "from": "2026-10-01"},
    ]
}


def assessed(**changes):
    return {"credentials": (replace(DRAFT, **changes),)}


def claims(**changes):
    told = {"level": "Good", "made_on": date(2026, 4, 30)} | changes
    return {"credentials": (), "declared": (claimed("cmsi", **told),)}


CASES = [
    ("nothing under it is on file or claimed", {"credentials": ()}, {}, NONE),
    ("an audit of another scheme is none", {"credentials": (credential(),)}, {}, NONE),
    ("an assessment under the second draft", assessed(), {}, FAIL),
    ("an assessment under the first draft", assessed(version="draft-1"), {}, FAIL),
    (
        "on the first day of the second consultation",
        assessed(assessed_on=date(2025, 10, 8)),
        {},
        FAIL,
    ),
    ("the day before there was a second draft", assessed(assessed_on=date(2025, 10, 7)), {}, OPEN),
    (
        "on the last day for which the draft is known as one",
        assessed(assessed_on=date(2026, 4, 30)),
        {},
        FAIL,
    ),
    ("the day after, nobody knows what it is", assessed(assessed_on=date(2026, 5, 1)), {}, OPEN),
    ("a version that nobody knows", assessed(version="1.0"), {}, OPEN),
    ("the version is not stated", assessed(version=None), {}, OPEN),
    ("the standard is not coded", assessed(standard_code=None), {}, OPEN),
    ("no day of it is known", assessed(assessed_on=None, published_on=None), {}, OPEN),
    (
        "only the day of publication is known",
        assessed(assessed_on=None, published_on=date(2025, 12, 1)),
        {},
        FAIL,
    ),
    ("the record is disputed", assessed(is_disputed=True), {}, OPEN),
    (
        "about the company only, and still a draft",
        assessed(facility_id=None, organization_id="acme"),
        {},
        FAIL,
    ),
    ("nobody has listed the versions", assessed(), {"cmsi__standards": UNSET}, OPEN),
    (
        "on the first day of a final version",
        assessed(version="1.0", assessed_on=date(2026, 10, 1)),
        FINAL,
        PASS,
    ),
    ("the day before it", assessed(version="1.0", assessed_on=date(2026, 9, 30)), FINAL, OPEN),
    ("still under the draft on that day", assessed(assessed_on=date(2026, 10, 1)), FINAL, FAIL),
    ("a claim while there were drafts only", claims(), {}, FAIL),
    ("a claim when the state is not known", claims(made_on=date(2026, 5, 1)), {}, OPEN),
    ("a claim on the first day of a final version", claims(made_on=date(2026, 10, 1)), FINAL, PASS),
    ("a claim on the day before", claims(made_on=date(2026, 9, 30)), FINAL, FAIL),
    ("a claim under another scheme", {"credentials": (), "declared": (claimed(),)}, {}, NONE),
    (
        "the standards of the programme are not named",
        claims(),
        {"cmsi__performance_standards": UNSET},
        OPEN,
    ),
]


def lot(**told):
    return dossier(source(10), **told)


@pytest.mark.parametrize(
    ("told", "values", "outcome"), [one[1:] for one in CASES], ids=[one[0] for one in CASES]
)
def test_drafts_of_the_consolidated_mining_standard(told, values, outcome):
    found = finding_of(RULE, lot(**told), **values)
    assert found.outcome is outcome, found.because
    assert bool(found.missing) is (outcome is OPEN)


def test_the_sentence_names_the_draft_and_the_day():
    found = finding_of(RULE, lot(**assessed()))
    words = "acme:mine: its assessment rests on consolidated mining standard draft-2, a draft on "
    assert found.because == f"{words}2025-12-01, and earns nothing"
    assert found.evidence == (DRAFT.entry,)
