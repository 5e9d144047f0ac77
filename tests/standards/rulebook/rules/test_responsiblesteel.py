"""RS-01: claims about steel rest on progress levels, not on core certification alone."""

from dataclasses import replace
from datetime import timedelta

import pytest
from rulebook_builders import (
    PROCESSING,
    UNSET,
    claimed,
    credential,
    dossier,
    finding_of,
    path_lot,
    rated,
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
[RULE] = [one for one in RULES if one.id == "RS-01"]


def levels(ghg=None, sourcing=None):
    told = {"ghg_emissions": ghg, "responsible_sourcing": sourcing}
    return tuple(rated(code, word, "progress_level") for code, word in told.items() if word)


CORE = credential(
    "responsiblesteel",
    standard_code="responsiblesteel_production",
    version="2.1.1",
    materials=("Fe",),
    outcomes=(),
)
HIGHEST = replace(CORE, outcomes=levels("level_4", "level_4"))
SECOND = replace(CORE, outcomes=levels("level_2", "level_3"))
LEAST = {"responsiblesteel__product_level": "level_2"}


def held(certificate=HIGHEST, **changes):
    return {"credentials": (replace(certificate, **changes),)}


def says(**changes):
    return {"declared": (claimed("responsiblesteel", **changes),)}


CASES = [
    ("the highest levels of both subjects", {}, {}, PASS),
    ("core certification only", held(CORE), {}, FAIL),
    ("core certification only, whatever level is needed", held(CORE), LEAST, FAIL),
    ("a level for one subject only", held(outcomes=levels("level_4")), LEAST, FAIL),
    ("lower levels, and which is needed could not be read", held(SECOND), {}, OPEN),
    ("the level that is needed", held(SECOND), LEAST, PASS),
    ("a level below it", held(outcomes=levels("level_1", "level_4")), LEAST, FAIL),
    (
        "a level is needed that there is not",
        held(SECOND),
        {"responsiblesteel__product_level": "level_9"},
        FAIL,
    ),
    ("a level that there is not", held(outcomes=levels("gold", "level_4")), {}, OPEN),
    ("nobody has recorded the levels", held(outcomes=None), {}, OPEN),
    ("nobody has listed the levels", {}, {"responsiblesteel__progress_levels": UNSET}, OPEN),
    ("nobody has listed the subjects", {}, {"responsiblesteel__progress_subjects": UNSET}, OPEN),
    ("nobody has named the standard", {}, {"responsiblesteel__performance_standards": UNSET}, OPEN),
    ("no certificate is on file", {"credentials": ()}, {}, OPEN),
    ("a certificate of another standard", held(standard_code="something_else"), {}, OPEN),
    ("the site behind it is not known", {"lots": ()}, {}, OPEN),
    ("the claim names the site", {"lots": ()} | says(facility_id="acme:plant"), {}, PASS),
    ("the certificate is disputed", held(is_disputed=True), {}, OPEN),
    ("it is suspended", held(statuses=(status("suspended"),)), {}, FAIL),
    ("it ended the day before the claim", held(valid_until=PROCESSING - DAY), {}, FAIL),
    ("it ended on the day of the claim", held(valid_until=PROCESSING), {}, PASS),
    ("it began the day after the claim", held(valid_from=PROCESSING + DAY), {}, FAIL),
    (
        "of two certificates the better counts",
        {"credentials": (replace(CORE, id="c2"), HIGHEST)},
        {},
        PASS,
    ),
    ("a claim about the site needs none", says(code="site", says=("site",)), {}, NONE),
    (
        "one worded as about the product does",
        says(code="site", says=("content",)) | held(CORE),
        {},
        FAIL,
    ),
    ("nothing is claimed", {"declared": ()}, {}, NONE),
    ("copper is no steel", {"mineral": "Cu"}, {}, NONE),
]


def lot(**told):
    """Return the dossier of a case: what it does not say is as in a lot that passes."""
    usual = {"mineral": "Fe", "lots": (path_lot(),), "credentials": (HIGHEST,)} | says()
    return dossier(source(10), **(usual | told))


@pytest.mark.parametrize(
    ("told", "values", "outcome"), [one[1:] for one in CASES], ids=[one[0] for one in CASES]
)
def test_claims_about_steel(told, values, outcome):
    found = finding_of(RULE, lot(**told), **values)
    assert found.outcome is outcome, found.because
    assert bool(found.missing) is (outcome is OPEN)


def test_the_sentence_names_what_core_certification_lacks():
    found = finding_of(RULE, lot(**held(CORE)))
    assert found.because.startswith(
        "acme:plant: it holds core certification only, without a progress level for "
        "ghg emissions and responsible sourcing"
    )
