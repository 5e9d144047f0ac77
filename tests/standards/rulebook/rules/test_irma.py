"""IRMA-02: the level of each mine on the day its ore left."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from rulebook_builders import (
    DISPATCH,
    credential,
    dossier,
    entry,
    exactly,
    finding_of,
    snapshot,
    source,
    status,
)

from standards.rulebook.findings import Outcome
from standards.rulebook.rules.irma import (
    metal_comes_from_mines_with_the_required_level as irma_02,
)

PASS, FAIL, OPEN, NONE = (
    Outcome.CONFORMS,
    Outcome.NONCONFORMING,
    Outcome.INDETERMINATE,
    Outcome.NOT_APPLICABLE,
)
DAY = timedelta(days=1)


ORE = (source(10),)


def judged(*credentials, sources=ORE, snapshots=(), **values):
    about = dossier(*sources, credentials=credentials, snapshots=snapshots)
    return finding_of(irma_02, about, **values)


@pytest.mark.parametrize(
    ("level", "outcome"),
    [
        ("IRMA Transparency", FAIL),
        ("IRMA 50", PASS),
        ("IRMA 75", PASS),
        ("IRMA 100", PASS),
        ("IRMA 25", FAIL),
        (None, OPEN),
    ],
)
def test_the_published_level_must_reach_the_minimum(level, outcome):
    assert judged(credential(level=level)).outcome is outcome


@pytest.mark.parametrize(
    ("dispatched_on", "outcome"),
    [
        (date(2025, 1, 9), FAIL),
        (date(2025, 1, 10), PASS),
        (date(2028, 1, 9), PASS),
        (date(2028, 1, 10), FAIL),
        (None, OPEN),
    ],
)
def test_the_day_of_dispatch_counts(dispatched_on, outcome):
    assert (
        judged(credential(), sources=(source(10, dispatched_on=dispatched_on),)).outcome is outcome
    )


def test_a_suspension_after_dispatch_does_not_matter_and_fraud_does():
    later = status("suspended", on=DISPATCH + DAY)
    assert judged(credential(statuses=(status(), later))).outcome is PASS
    assert (
        judged(credential(statuses=(status(), replace(later, effective_from=DISPATCH)))).outcome
        is FAIL
    )
    assert judged(credential(statuses=(status(), replace(later, retroactive=True)))).outcome is FAIL


def test_a_mine_without_audit_is_open_until_a_complete_register_shows_it():
    assert judged().outcome is OPEN
    assert judged().missing == (
        "audit of IRMA for acme:mine, or its complete register of 2026-10-01 or later",
    )
    assert judged(snapshots=(snapshot(),)).outcome is FAIL
    assert judged(credential(scheme="tsm"), snapshots=(snapshot(),)).outcome is FAIL


@pytest.mark.parametrize(
    ("change", "outcome", "words"),
    [
        ({"assessment_type": "self_assessment"}, OPEN, "no audit of IRMA is on file"),
        ({"standard_code": "irma_mining", "version": "1.0"}, PASS, ""),
        ({"standard_code": "irma_mining", "version": None}, PASS, ""),
        ({"standard_code": "irma_mining", "version": "2.0"}, FAIL, "irma mining 2.0, a draft on"),
        ({"standard_code": "irma_ready", "version": "1.0"}, FAIL, "irma ready 1.0, a draft on"),
        ({"standard_code": "irma_ready", "version": "2.0"}, OPEN, "whether irma ready 2.0"),
    ],
)
def test_what_a_mine_says_of_itself_and_what_rests_on_a_draft_is_no_level(change, outcome, words):
    found = judged(credential(**change))
    assert found.outcome is outcome
    assert words in found.because


def test_a_self_assessment_takes_no_published_level_away():
    own = credential(id="c2", assessment_type="self_assessment", level="IRMA 100")
    later = replace(own, published_on=DISPATCH)
    assert judged(credential(level="IRMA 75"), later).outcome is PASS
    assert judged(credential(level="IRMA Transparency"), later).outcome is FAIL


OLD = credential(
    id="old", level="IRMA 75", published_on=date(2024, 1, 1), valid_from=date(2024, 1, 1)
)


@pytest.mark.parametrize(
    ("audits", "outcome"),
    [
        ((OLD, credential(level="IRMA Transparency")), FAIL),
        ((replace(OLD, level="IRMA Transparency"), credential()), PASS),
        ((OLD, credential(level="IRMA Transparency", published_on=DISPATCH + DAY)), PASS),
        ((credential(published_on=DISPATCH + DAY),), FAIL),
        ((credential(published_on=None),), OPEN),
        ((credential(published_on=None, statuses=(status("in_process"),)),), FAIL),
        ((credential(), credential(published_on=None, statuses=(status("in_process"),))), PASS),
        ((credential(), credential(published_on=None)), OPEN),
        ((credential(), credential(level="IRMA Transparency")), FAIL),
    ],
    ids=[
        "a lower renewal supersedes",
        "a higher renewal counts",
        "a later renewal does not yet",
        "published after dispatch",
        "publication day unknown",
        "in process has no level",
        "renewal in process takes nothing away",
        "an undated second audit leaves it open",
        "two audits of one day: the lower",
    ],
)
def test_the_latest_audit_published_by_dispatch_counts(audits, outcome):
    assert judged(*audits).outcome is outcome


@pytest.mark.parametrize(
    ("parcel", "outcome", "missing"),
    [
        (source(10, kind="unknown", facility_id=None), OPEN, "mine of origin of lot acme:ore"),
        (source(10, kind="shortfall"), OPEN, "mine of origin of lot acme:ore"),
        (source(10, facility_id=None, lot_id=None), OPEN, "mine of origin of lot s1"),
        (source(10, dispatched_on=None), OPEN, "dispatch date of lot acme:ore"),
    ],
)
def test_a_parcel_of_unknown_mine_or_day_is_open(parcel, outcome, missing):
    found = judged(credential(), sources=(parcel,))
    assert (found.outcome, found.missing) == (outcome, (missing,))


def test_there_is_one_line_per_mine_with_its_share_and_reason():
    mines = (
        source(3, facility_name="North"),
        source(4, facility_name="North"),
        source(3, facility_id="acme:south", facility_name="South"),
    )
    found = judged(credential(), sources=mines, snapshots=(snapshot(),))
    assert [(one.facility_id, one.share, one.outcome) for one in found.lines] == [
        ("acme:mine", Fraction(7, 10), PASS),
        ("acme:south", Fraction(3, 10), FAIL),
    ]
    assert found.lines[0].because == (
        "North (acme:mine): IRMA 50, published 2025-01-10, held on 2026-10-01"
    )
    assert found.because == (
        "70 % of the Cu comes from mines that held IRMA 50 or better at dispatch; at least "
        "75 % needed; South (acme:south): not on the register of IRMA of 2026-11-01"
    )
    assert found.evidence == (entry("c"), entry("d"))


@pytest.mark.parametrize(
    ("treatment", "outcome"), [("apart", PASS), ("outside", FAIL), (None, OPEN), ("odd", OPEN)]
)
def test_recycled_metal_is_never_added_to_the_irma_share(treatment, outcome):
    sources = (source(5), source(5, kind="recycled"))
    found = judged(credential(), sources=sources, irma__recycled_treatment=treatment)
    assert found.outcome is outcome


def test_recycled_metal_only_is_not_concerned():
    assert judged(credential(), sources=(source(5, kind="recycled"),)).outcome is NONE


def test_metal_that_no_source_explains_is_open():
    about = dossier(source(7), contained_mg=exactly(10), credentials=(credential(),))
    found = finding_of(irma_02, about)
    assert (found.measured.worst, found.missing) == (
        Fraction(7, 10),
        ("origin of 3 mg that no source explains",),
    )


@pytest.mark.parametrize(("contained", "outcome"), [(None, OPEN), (exactly(0), NONE)])
def test_contained_metal_must_be_known_and_present(contained, outcome):
    assert finding_of(irma_02, dossier(contained_mg=contained)).outcome is outcome


@pytest.mark.parametrize("key", ["irma__minimum_level", "irma__minimum_share"])
def test_a_club_that_set_no_minimum_gets_no_answer(key):
    found = judged(credential(), **{key: None})
    assert (found.outcome, found.missing) == (OPEN, (f"a value of {key.replace('__', '.')}",))


def test_a_minimum_that_is_no_irma_level_is_open():
    assert judged(credential(), irma__minimum_level="IRMA 60").outcome is OPEN


def test_an_expiry_with_renewal_under_way_says_its_lapse():
    renewing = status("renewal_stage_2_done", on=date(2026, 9, 1))
    audit = credential(valid_until=date(2026, 9, 11), statuses=(status(), renewing))
    found = judged(audit)
    assert (found.outcome, found.lapse_days) == (FAIL, 20)


@pytest.mark.parametrize(("word", "outcome"), [("suspended", FAIL), ("odd", OPEN)])
def test_a_renewal_under_way_lifts_no_suspension(word, outcome):
    rows = (status(), status(word, date(2026, 2, 1)))
    renewing = status("renewal_stage_2_done", on=date(2026, 6, 1))
    assert judged(credential(statuses=(*rows, renewing))).outcome is outcome
    assert judged(credential(statuses=(rows[0], renewing))).outcome is PASS


def test_before_any_source_shows_the_levels_nothing_is_said():
    eve, first = date(2023, 6, 19), date(2023, 6, 20)
    about = dossier(source(10), credentials=(credential(),))
    assert finding_of(irma_02, replace(about, as_of=eve)).missing == ("a value of irma.levels",)
    assert finding_of(irma_02, replace(about, as_of=first)).outcome is PASS
