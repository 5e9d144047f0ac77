"""CRED-01 to CRED-10: ten questions to the document that speaks for a site on a day."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from rulebook_builders import (
    DISPATCH,
    NOVEMBER,
    PROCESSING,
    UNSET,
    credential,
    dossier,
    entry,
    exactly,
    finding_of,
    listed,
    snapshot,
    source,
    status,
    step,
)

from standards.rulebook.credential import Complaint
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
EVERY = tuple(f"CRED-{number:02}" for number in range(1, 11))
TRUSTED = [{"who": "scheme", "as": "issuer", "from": "2020-01-01", "source": "Register"}]
FULL = credential(
    standard_code="irma_mining",
    version="1.0",
    assessed_on=date(2024, 12, 1),
    author="scheme",
    stated_on=date(2025, 1, 11),
    assessor_level="third_party",
    complaints=(),
)
SET = {"irma__trusted_issuers": TRUSTED, "irma__register_max_age": 1000}


ORE = (source(10),)


def judged(rule, *credentials, sources=ORE, snapshots=(), mineral="Cu", **values):
    steps = values.pop("steps", ())
    about = dossier(
        *sources, mineral=mineral, credentials=credentials, snapshots=snapshots, steps=steps
    )
    return finding_of(RULE[rule], about, **(SET | values))


# ── what all ten have in common ───────────────────────────────────────────────────────────


@pytest.mark.parametrize("rule", EVERY)
def test_a_site_with_a_sound_credential_passes_every_question(rule):
    found = judged(rule, FULL)
    assert (found.outcome, found.measured.worst) == (PASS, Fraction(1))
    assert [(line.facility_id, line.outcome) for line in found.lines] == [("acme:mine", PASS)]


@pytest.mark.parametrize("rule", EVERY)
def test_without_a_credential_it_cannot_be_told_until_a_register_shows_that_there_is_none(rule):
    assert judged(rule).outcome is OPEN
    assert judged(rule, snapshots=(snapshot(on=DISPATCH - DAY),)).outcome is OPEN
    assert judged(rule, snapshots=(snapshot(on=DISPATCH),)).outcome is FAIL


@pytest.mark.parametrize("rule", EVERY)
def test_a_record_signed_with_a_distrusted_key_tells_nothing(rule):
    found = judged(rule, replace(FULL, is_disputed=True))
    assert found.outcome is OPEN
    assert "distrusted key" in found.because


@pytest.mark.parametrize("rule", EVERY)
def test_a_club_that_requires_no_scheme_or_sets_no_share_gets_no_answer(rule):
    found = judged(rule, FULL, credentials__required_schemes=None)
    assert (found.outcome, found.missing) == (OPEN, ("a value of credentials.required_schemes",))
    found = judged(rule, FULL, credentials__minimum_share=None)
    assert (found.outcome, found.missing) == (OPEN, ("a value of credentials.minimum_share",))
    assert found.because.startswith("100 % of the Cu")
    assert len(found.lines) == 1


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"sources": (source(10, kind="unknown", facility_id=None),)}, OPEN),
        ({"sources": (source(10, dispatched_on=None),)}, OPEN),
        ({"sources": (source(10, kind="recycled"),)}, NONE),
        ({"sources": (source(0),)}, NONE),
        ({"credentials__required_schemes": ["rmap"]}, OPEN),
        ({"credentials__required_schemes": ["copper_mark"]}, NONE),
        ({"credentials__required_schemes": ["copper_mark"], "mineral": "Li"}, NONE),
    ],
    ids=[
        "mine not known",
        "day not known",
        "all recycled",
        "no metal",
        "a scheme no rule knows",
        "no smelter on the path",
        "a metal without a mark",
    ],
)
@pytest.mark.parametrize("rule", EVERY)
def test_what_the_record_lacks_is_told_before_any_document(rule, change, outcome):
    assert judged(rule, FULL, **change).outcome is outcome


def test_two_schemes_are_asked_of_their_own_sites_and_the_worst_case_adds_up():
    award = credential("copper_mark", stated_on=NOVEMBER, author="scheme", complaints=())
    found = judged(
        "CRED-06",
        FULL,
        award,
        sources=(source(6), source(4, facility_id="acme:south", lot_id="acme:b")),
        steps=(step(10), step(10, "extraction", entry=entry("a"))),
        snapshots=(snapshot(),),
        credentials__required_schemes=["irma", "copper_mark"],
        credentials__minimum_share="0.5",
    )
    assert (found.measured.worst, found.outcome) == (Fraction(6, 10), PASS)
    assert {line.facility_id for line in found.lines} == {"acme:mine", "acme:south", "acme:plant"}


def test_recycled_metal_that_was_worked_stays_in_the_sum_of_what_is_looked_at():
    award = credential("copper_mark")
    found = judged(
        "CRED-06",
        FULL,
        award,
        sources=(source(6), source(4, kind="recycled", facility_id="acme:recycler")),
        steps=(step(10),),
        credentials__required_schemes=["irma", "copper_mark"],
    )
    assert (found.outcome, found.notices[0]) == (PASS, "40 % is recycled: apart")


def test_metal_nobody_accounts_for_is_open_and_what_was_only_declared_is_a_notice():
    about = dossier(source(7), contained_mg=exactly(10), credentials=(FULL,))
    found = finding_of(RULE["CRED-06"], about, **SET)
    assert (found.measured.worst, found.measured.best) == (Fraction(7, 10), Fraction(1))
    bought = source(10, kind="introduced")
    assert (
        "entered from outside the ledger" in judged("CRED-06", FULL, sources=(bought,)).notices[0]
    )


# ── CRED-01: who speaks ───────────────────────────────────────────────────────────────────

REGISTRAR = {"who": "registrar", "as": "registrar", "from": "2024-01-01", "source": "Operator"}
BODY = {
    "who": "Body Ltd",
    "as": "issuer",
    "from": "2024-06-01",
    "until": "2025-01-10",
    "source": "x",
}
RECORDED = replace(FULL, author="registrar", issuer_name="Body Ltd")
ON_REGISTER = replace(snapshot(), rows=(listed(),), complete=False)


def issued(one, *rows, snapshots=()):
    return judged("CRED-01", one, snapshots=snapshots, irma__trusted_issuers=[*TRUSTED, *rows])


@pytest.mark.parametrize(
    ("stated_on", "outcome"), [(date(2019, 12, 31), FAIL), (date(2020, 1, 1), PASS), (None, OPEN)]
)
def test_an_issuer_speaks_for_its_scheme_from_the_day_it_is_listed(stated_on, outcome):
    assert issued(replace(FULL, stated_on=stated_on)).outcome is outcome


@pytest.mark.parametrize(
    ("one", "rows", "snapshots", "outcome", "words"),
    [
        (replace(FULL, author=None), (), (), OPEN, "who signed the record"),
        (replace(FULL, author="stranger"), (), (), FAIL, "stranger may not speak for IRMA"),
        (replace(FULL, issuer_id="scheme"), (), (), PASS, "needed"),
        (replace(FULL, issuer_id="other"), (), (), FAIL, "other could not issue for IRMA"),
        (RECORDED, (REGISTRAR,), (), FAIL, "Body Ltd could not issue for IRMA on 2025-01-10"),
        (RECORDED, (REGISTRAR, BODY), (), OPEN, "no register of IRMA shows"),
        (RECORDED, (REGISTRAR, BODY), (ON_REGISTER,), PASS, "needed"),
        (RECORDED, (REGISTRAR, BODY), (snapshot(),), FAIL, "does not show what registrar"),
        (
            RECORDED,
            (REGISTRAR, BODY),
            (replace(snapshot(), unmatched=("",)),),
            OPEN,
            "no register of IRMA shows",
        ),
        (
            replace(RECORDED, published_on=date(2025, 1, 11)),
            (REGISTRAR, BODY),
            (ON_REGISTER,),
            FAIL,
            "could not issue for IRMA on 2025-01-11",
        ),
        (
            replace(RECORDED, published_on=None, valid_from=None),
            (REGISTRAR, BODY),
            (),
            OPEN,
            "the day its audit was published is not known",
        ),
        (replace(RECORDED, issuer_name=None), (REGISTRAR,), (), OPEN, "does not say who issued"),
    ],
    ids=[
        "nobody signed",
        "a stranger signed",
        "the issuer signed",
        "another issuer than the signer, not listed",
        "the issuer is not listed",
        "a registrar, and no register",
        "a registrar, and the register shows it",
        "a registrar, and a complete register does not",
        "a register with unmatched rows",
        "the issuer was listed until the day before",
        "published nobody knows when",
        "a registrar that names no issuer",
    ],
)
def test_what_a_registrar_records_needs_a_listed_issuer_and_the_register(
    one, rows, snapshots, outcome, words
):
    found = issued(one, *rows, snapshots=snapshots)
    assert (found.outcome, words in found.because) == (outcome, True), found.because


@pytest.mark.parametrize(
    ("states", "complete", "outcome"),
    [
        (["In process"], True, OPEN),
        (["self-assessment"], False, OPEN),
        (["Completed"], True, PASS),
        (["renewal in process"], True, PASS),
        (["IRMA 50, as the register has it"], True, PASS),  # no word of the pack: a listing
        ([None], True, PASS),
        (["in process", "completed"], True, PASS),
    ],
)
def test_a_row_in_a_state_without_a_level_bears_nothing_out(states, complete, outcome):
    rows = tuple(listed(status=state) for state in states)
    register = replace(snapshot(), rows=rows, complete=complete)

    found = issued(RECORDED, REGISTRAR, BODY, snapshots=(register,))

    assert found.outcome is outcome, found.because
    if outcome is OPEN:
        assert f"has it as '{states[0]}'" in found.because
        assert found.missing == (
            "register of IRMA of 2025-01-10 or later that bears out acme:mine",
        )


def test_a_later_copy_may_bear_out_what_an_earlier_one_did_not_yet():
    before = replace(snapshot(), rows=(listed(status="in process"),), retrieved_on=date(2026, 1, 1))
    after = replace(snapshot(), rows=(listed(status="completed"),))

    found = issued(RECORDED, REGISTRAR, BODY, snapshots=(before, after))

    assert found.outcome is PASS


def test_words_that_nobody_coded_say_nothing_against_a_row():
    register = replace(snapshot(), rows=(listed(status="in process"),))

    found = judged(
        "CRED-01",
        RECORDED,
        snapshots=(register,),
        irma__trusted_issuers=[*TRUSTED, REGISTRAR, BODY],
        irma__register_words=UNSET,
    )

    assert found.outcome is PASS
    assert "irma.register_words" in {one.key for one in found.cites}  # and it says so


def test_without_a_trust_list_nobody_is_trusted_or_refused():
    found = judged("CRED-01", FULL, irma__trusted_issuers=None)
    assert (found.outcome, found.missing) == (OPEN, ("a value of irma.trusted_issuers",))
    assert "irma.trusted_issuers" in {one.key for one in found.cites}


# ── CRED-02: about whom ───────────────────────────────────────────────────────────────────

COMPANY = replace(FULL, id="c9", facility_id=None, organization_id="acme")


@pytest.mark.parametrize(
    ("credentials", "outcome", "words"),
    [
        ((FULL,), PASS, ""),
        ((COMPANY,), FAIL, "is about the company, not this site"),
        ((replace(FULL, product="Cathode A"),), FAIL, "is about Cathode A only"),
        ((replace(FULL, facility_id="acme:other"),), OPEN, "no audit of IRMA is on file"),
        ((FULL, COMPANY), PASS, ""),
    ],
    ids=["the site", "its company", "one of its products", "another site", "site and company"],
)
def test_a_document_about_the_company_or_a_product_is_none_about_the_site(
    credentials, outcome, words
):
    found = judged("CRED-02", *credentials)
    assert (found.outcome, words in found.because) == (outcome, True), found.because


# ── CRED-03, CRED-04: scope ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("activities", "outcome", "words"),
    [
        (("extraction", "beneficiation"), PASS, ""),
        (
            ("beneficiation",),
            FAIL,
            "IRMA 50, published 2025-01-10, covers beneficiation at this site; extraction is not",
        ),
        (None, OPEN, "nobody has coded the activities that its audit covers"),
    ],
)
def test_the_scope_names_the_stage(activities, outcome, words):
    found = judged("CRED-03", replace(FULL, activities=activities))
    assert (found.outcome, words in found.because) == (outcome, True), found.because


@pytest.mark.parametrize(
    ("materials", "outcome"), [(("Cu", "Mo"), PASS), (("Mo",), FAIL), ((), FAIL), (None, OPEN)]
)
def test_the_scope_names_the_metal(materials, outcome):
    assert judged("CRED-04", replace(FULL, materials=materials)).outcome is outcome


# ── CRED-05, CRED-06: on the day ──────────────────────────────────────────────────────────

FIRST, LAST = date(2025, 1, 10), date(2028, 1, 9)


def dispatched(on):
    return (source(10, dispatched_on=on),)


@pytest.mark.parametrize(
    ("on", "outcome"),
    [(FIRST - DAY, FAIL), (FIRST, PASS), (LAST, PASS), (LAST + DAY, FAIL)],
)
def test_both_stated_end_days_of_validity_count(on, outcome):
    found = judged("CRED-05", FULL, sources=dispatched(on))
    assert found.outcome is outcome
    assert found.lapse_days is None


TERM = {"irma__validity_anchor": "published_on"}
UNSTATED = replace(FULL, valid_from=None, valid_until=None)


@pytest.mark.parametrize(
    ("one", "on", "values", "outcome"),
    [
        (UNSTATED, FIRST, {}, OPEN),
        (UNSTATED, FIRST - DAY, TERM, FAIL),
        (UNSTATED, FIRST, TERM, PASS),
        (UNSTATED, LAST, TERM, PASS),
        (UNSTATED, LAST + DAY, TERM, FAIL),
        (UNSTATED, LAST, {"irma__validity_anchor": "assessed_on"}, FAIL),
        (UNSTATED, FIRST, {"irma__validity_anchor": "decided_on"}, OPEN),
        (UNSTATED, FIRST, TERM | {"irma__validity_months": UNSET}, OPEN),
        (replace(UNSTATED, published_on=None), FIRST, TERM, OPEN),
        (replace(FULL, valid_from=None), LAST + DAY, {}, FAIL),
        (replace(FULL, valid_until=None), FIRST - DAY, {}, FAIL),
        (replace(FULL, valid_until=None), LAST, TERM, PASS),
        (replace(FULL, valid_from=None), FIRST, TERM, PASS),
    ],
    ids=[
        "no days and no anchor",
        "the day before publication",
        "the day of publication",
        "the last day of the term",
        "the day after it",
        "the term from the assessment is over",
        "an anchor no rule knows",
        "no term",
        "no day of publication",
        "after a stated end",
        "before a stated beginning",
        "a stated beginning, a derived end",
        "a stated end, a derived beginning",
    ],
)
def test_days_that_are_not_stated_follow_from_the_schemes_term(one, on, values, outcome):
    assert judged("CRED-05", one, sources=dispatched(on), **values).outcome is outcome


def test_derived_days_are_marked_as_such():
    found = judged("CRED-05", UNSTATED, **TERM)
    assert "derived from the scheme's own term" in found.notices[0]


def test_an_expiry_whose_renewal_was_under_way_says_its_lapse():
    renewing = status("renewal_stage_2_done", on=LAST)
    late = replace(FULL, statuses=(status(), renewing))
    found = judged("CRED-05", late, sources=dispatched(LAST + 12 * DAY))
    assert (found.outcome, found.lapse_days) == (FAIL, 12)


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        ((status(), status("suspended", on=DISPATCH + DAY)), PASS),
        ((status(), status("suspended", on=DISPATCH)), FAIL),
        ((status(), status("suspended", on=DISPATCH - DAY), status("reinstated", DISPATCH)), PASS),
        ((status(), status("void", on=NOVEMBER, retroactive=True)), FAIL),
        ((status(), status("void", on=NOVEMBER, retroactive=True, known_from=100)), PASS),
        ((status("disputed"),), OPEN),
        ((), OPEN),
    ],
    ids=[
        "suspended the day after",
        "suspended that day",
        "suspended before, reinstated that day",
        "void from the beginning, learnt later",
        "void, not known yet",
        "a status nobody can rely on",
        "no status",
    ],
)
def test_a_suspension_does_not_reach_back_and_a_voiding_does(statuses, outcome):
    assert judged("CRED-06", replace(FULL, statuses=statuses)).outcome is outcome


@pytest.mark.parametrize(
    ("rule", "outcome"),
    [
        ({"mine": "as_of", "processor": "processing"}, FAIL),
        ({"mine": "dispatch", "processor": "processing"}, PASS),
        ({"mine": "processing", "processor": "processing"}, PASS),
        ({"mine": "moon", "processor": "processing"}, OPEN),
        ({"mine": "dispatch"}, OPEN),
    ],
)
def test_the_pack_says_which_day_counts(rule, outcome):
    suspended = replace(FULL, statuses=(status(), status("suspended", on=NOVEMBER)))
    mined = step(10, "extraction", entry=entry("a"), performed_on=DISPATCH - DAY)
    found = judged("CRED-06", suspended, steps=(mined,), irma__time_rule=rule)
    assert found.outcome is outcome


def test_a_day_the_record_lacks_is_named_for_every_anchor():
    extracted = {"mine": "processing", "processor": "processing"}
    assert judged("CRED-06", FULL, irma__time_rule=extracted).missing == (
        "extraction date of lot acme:ore",
    )
    award = {"credentials__required_schemes": ["copper_mark"], "steps": (step(10),)}
    rule = {"mine": "dispatch", "processor": "dispatch"}
    found = judged("CRED-06", **award, copper_mark__time_rule=rule)
    assert found.missing == ("dispatch date of what acme:plant made on 2026-10-15",)
    asked_today = {"mine": "dispatch", "processor": "as_of"}
    held = credential("copper_mark", statuses=(status("awarded", on=NOVEMBER),))
    found = judged("CRED-06", held, **award, copper_mark__time_rule=asked_today)
    assert found.outcome is PASS


# ── CRED-07, CRED-08 ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({}, PASS),
        ({"standard_code": None}, OPEN),
        ({"version": None}, OPEN),
        ({"version": "2.0"}, FAIL),
        ({"version": "9"}, OPEN),
        ({"assessed_on": date(2018, 12, 30), "version": "1.0"}, OPEN),
        ({"assessed_on": date(2018, 12, 31)}, PASS),
        ({"standard_code": "irma_ready", "version": "1.0"}, FAIL),
        ({"version": "2.0", "assessed_on": date(2025, 11, 30)}, FAIL),
        ({"version": "2.0", "assessed_on": date(2025, 12, 1)}, OPEN),
        ({"assessed_on": None}, PASS),
        ({"assessed_on": None, "stage_2_on": date(2018, 1, 1)}, OPEN),
        ({"assessed_on": None, "published_on": None}, OPEN),
    ],
    ids=[
        "final",
        "no standard",
        "no version",
        "a draft",
        "a version nobody knows",
        "the day before it is known to be final",
        "the first day it is",
        "a draft for exploration",
        "the last day the draft is known to be one",
        "the day after it",
        "by the day of publication",
        "by the day of stage 2",
        "no day at all",
    ],
)
def test_a_draft_credits_nobody_and_an_unknown_version_cannot_be_told(change, outcome):
    assert judged("CRED-07", replace(FULL, **change)).outcome is outcome


def test_superseded_versions_and_those_a_policy_does_not_accept_fail():
    final = {"standard": "irma_mining", "version": "1.0", "status": "final", "source": "x"}
    rows = [
        final | {"from": "2018-12-31"},
        final | {"from": "2024-12-01", "status": "superseded"},
    ]
    found = judged("CRED-07", FULL, irma__standards=rows)
    assert "was superseded on 2024-12-01" in found.because
    day_before = replace(FULL, assessed_on=date(2024, 11, 30))
    assert judged("CRED-07", day_before, irma__standards=rows).outcome is PASS
    refused = judged("CRED-07", FULL, irma__accepted_standards=["irma_mining 3.0"])
    assert "is not among the standards that are accepted" in refused.because
    for unset in ("irma__standards", "irma__accepted_standards"):
        assert judged("CRED-07", FULL, **{unset: UNSET}).outcome is OPEN


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({}, PASS),
        ({"assessor_name": "Body Ltd"}, PASS),
        ({"assessor_level": "second_party"}, FAIL),
        ({"assessor_level": "first_party"}, FAIL),
        ({"assessor_level": None}, OPEN),
        ({"assessment_type": "self_assessment"}, FAIL),
    ],
)
def test_only_an_accepted_independence_counts(change, outcome):
    assert judged("CRED-08", replace(FULL, **change)).outcome is outcome


def test_a_policy_may_accept_second_parties_and_without_a_list_nothing_is_told():
    second = replace(FULL, assessor_level="second_party")
    both = ["second_party", "third_party"]
    assert judged("CRED-08", second, credentials__accepted_assurance=both).outcome is PASS
    assert judged("CRED-08", FULL, credentials__accepted_assurance=UNSET).outcome is OPEN


STATES = {"Withdrawn": "withdrawn", "Published": "published"}


def on_register(word, on, *, complete=True):
    rows = (listed(status=word),)
    return replace(snapshot(on=on, complete=complete), rows=rows, entry="5" * 64)


BEFORE = DISPATCH - DAY


@pytest.mark.parametrize(
    ("registers", "outcome", "words"),
    [
        ((on_register("Withdrawn", DISPATCH),), OPEN, "has it as 'Withdrawn', against"),
        ((on_register("Withdrawn", DISPATCH, complete=False),), OPEN, "against the record"),
        ((on_register("Withdrawn", DISPATCH + DAY),), PASS, ""),
        ((on_register("Paused", DISPATCH),), PASS, ""),
        ((on_register("Withdrawn", BEFORE), on_register("Published", DISPATCH)), PASS, ""),
        ((on_register("Withdrawn", DISPATCH), on_register("Published", NOVEMBER)), OPEN, ""),
        ((on_register("Withdrawn", FIRST),), PASS, ""),
        ((snapshot(on=DISPATCH),), OPEN, "not on the register of IRMA of 2026-10-01, against"),
        ((snapshot(on=DISPATCH + DAY),), PASS, ""),
        ((snapshot(on=DISPATCH, complete=False),), PASS, ""),
        ((replace(snapshot(on=DISPATCH), unmatched=("CL",)),), PASS, ""),
        ((replace(snapshot(on=DISPATCH), unmatched=("PE",)),), OPEN, "not on the register"),
        ((snapshot(on=DISPATCH), on_register("Published", NOVEMBER)), PASS, ""),
        ((snapshot(on=DISPATCH), on_register("Published", NOVEMBER + DAY)), OPEN, ""),
        ((snapshot(on=DISPATCH), on_register("Withdrawn", NOVEMBER)), OPEN, ""),
        ((on_register("Published", BEFORE), snapshot(on=DISPATCH)), OPEN, "not on the register"),
        ((snapshot("copper_mark", on=DISPATCH),), PASS, ""),
    ],
    ids=[
        "withdrawn on a copy of the day",
        "withdrawn on a part of the register",
        "withdrawn on a copy of the day after",
        "in a state nobody coded",
        "published again on the last copy",
        "published again on a copy after the day",
        "withdrawn on a copy not later than the status",
        "not on a complete copy of the day",
        "not on one of the day after",
        "not on a part of it",
        "not on one with a row of its country that nobody matched",
        "not on one with a row of another country",
        "on it only later, as registers follow late",
        "on it only tomorrow",
        "not on it, and then withdrawn",
        "no longer on it",
        "not on the register of another scheme",
    ],
)
def test_a_register_against_the_record_leaves_open_how_it_stood(registers, outcome, words):
    found = judged("CRED-06", FULL, snapshots=registers, irma__register_words=STATES)
    assert found.outcome is outcome, found.because
    assert words in found.because


# ── CRED-09, CRED-10 ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "snapshots", "age", "outcome"),
    [
        ({"stated_on": NOVEMBER - 30 * DAY}, (), 30, PASS),
        ({"stated_on": NOVEMBER - 31 * DAY}, (), 30, OPEN),
        ({"stated_on": None}, (), 30, OPEN),
        ({}, (on_register("Published", NOVEMBER - 30 * DAY),), 30, PASS),
        ({}, (on_register("Published", NOVEMBER - 31 * DAY),), 30, OPEN),
        ({}, (on_register("Published", NOVEMBER + DAY),), 30, OPEN),
        ({}, (on_register("Withdrawn", NOVEMBER),), 30, OPEN),
        ({}, (snapshot(),), 30, OPEN),
        ({"valid_until": NOVEMBER - DAY}, (snapshot(),), 30, PASS),
        ({"valid_until": NOVEMBER - DAY}, (on_register("Withdrawn", NOVEMBER),), 30, PASS),
        ({"valid_until": NOVEMBER}, (snapshot(),), 30, OPEN),
        ({}, (snapshot("copper_mark"),), 30, OPEN),
        ({}, (snapshot(complete=False),), 30, OPEN),
        ({}, (ON_REGISTER,), 30, PASS),
        ({"statuses": (status(stated_on=NOVEMBER),)}, (), 30, PASS),
        ({"statuses": (status(stated_on=NOVEMBER, known_from=100),)}, (), 30, OPEN),
        ({}, (), None, OPEN),
    ],
    ids=[
        "a statement of the last day allowed",
        "the day before it",
        "a statement without a day",
        "a register of the last day allowed",
        "the day before it",
        "a register of tomorrow",
        "a register that has it as withdrawn",
        "a complete register without it",
        "a complete register without it after it ran out",
        "a register that has it as withdrawn after it ran out",
        "a complete register without it on its last day",
        "the register of another scheme",
        "a part of the register without the site",
        "a part with the site",
        "a change of status",
        "one that is not known yet",
        "no age is set",
    ],
)
def test_the_last_word_of_the_scheme_may_not_be_too_old(change, snapshots, age, outcome):
    one = replace(FULL, stated_on=date(2025, 1, 11), **({} if "stated_on" in change else change))
    one = replace(one, **change)
    values = {"irma__register_max_age": age, "irma__register_words": STATES}
    found = judged("CRED-09", one, snapshots=snapshots, **values)
    assert found.outcome is outcome, found.because


def test_what_is_missing_is_a_register_later_than_the_last_word():
    found = judged("CRED-09", replace(FULL, stated_on=date(2025, 1, 11)), irma__register_max_age=30)
    assert found.missing == ("register of IRMA later than 2025-01-11",)
    silent = judged("CRED-09", replace(FULL, stated_on=None), irma__register_max_age=30)
    assert silent.missing == ("register of IRMA",)


OPENED = Complaint(reference="IRMA-2024-001", opened_on=DISPATCH)


@pytest.mark.parametrize(
    ("complaints", "outcome", "noted"),
    [
        ((), PASS, False),
        (None, OPEN, False),
        ((OPENED,), PASS, True),
        ((replace(OPENED, opened_on=DISPATCH + DAY),), PASS, False),
        ((replace(OPENED, opened_on=None),), PASS, True),
        ((replace(OPENED, closed_on=DISPATCH),), PASS, False),
        ((replace(OPENED, closed_on=DISPATCH + DAY),), PASS, True),
    ],
    ids=[
        "none",
        "nobody says",
        "opened that day",
        "opened the day after",
        "opened nobody knows when",
        "closed that day",
        "closed the day after",
    ],
)
def test_an_open_complaint_is_a_notice_and_never_a_failure(complaints, outcome, noted):
    found = judged("CRED-10", replace(FULL, complaints=complaints))
    assert found.outcome is outcome
    assert any("IRMA-2024-001" in one for one in found.notices) is noted


def test_visits_of_one_site_are_told_in_one_line():
    parcels = tuple(
        source(1, id=f"s{n}", lot_id=f"acme:{n}", dispatched_on=PROCESSING + n * DAY)
        for n in range(5)
    )
    [line] = judged("CRED-03", FULL, sources=parcels).lines
    assert line.share == 1
