"""Test vectors of packs, the check of packs against rules, and the page of rules."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from standards.rulebook.catalogue import rules_page
from standards.rulebook.checking import check_packs
from standards.rulebook.dossier_format import parse_dossier
from standards.rulebook.errors import VectorsFailed
from standards.rulebook.evaluation import evaluate
from standards.rulebook.findings import Outcome
from standards.rulebook.pack_format import overridden_pack, parse_pack, shipped_packs
from standards.rulebook.rules import RULES
from standards.rulebook.vectors import check_vectors, law_of_vector

PACKS = {pack.id: pack for pack in shipped_packs()}
CHECKED = date(2026, 11, 23)


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
def test_the_vectors_of_every_shipped_pack_pass(pack):
    assert check_vectors(pack) >= 1


def changed(**changes):
    vector = PACKS["custody"].vectors["vectors/output_excess.json"][0]
    return replace(PACKS["custody"], vectors={"vectors/x.json": ({**vector, **changes},)})


@pytest.mark.parametrize(
    ("pack", "sentence"),
    [
        (replace(PACKS["custody"], vectors={}), "the pack has no vector"),
        (changed(colour="red"), r"unknown members \['colour'\]"),
        (changed(rule="X9"), "there is no rule X9"),
        (changed(dossier={}), "dossier.lot_id: missing"),
        (changed(parameters={"nowhere.value": "1"}), "no pack defines nowhere.value"),
        (changed(parameters={"custody.nothing": "1"}), "has no such parameter"),
        (changed(expect={"worst": "1/1"}), "`expect` has an outcome"),
        (changed(expect={"outcome": "conforms", "colour": "red"}), "`expect` has an outcome"),
        (changed(expect={"outcome": "nonconforming"}), "outcome is 'conforms'"),
        (changed(expect={"outcome": "conforms", "worst": "1/1"}), "worst is '-10/1', not '1/1'"),
    ],
)
def test_a_vector_that_does_not_come_out_stops_the_pack(pack, sentence):
    with pytest.raises(VectorsFailed, match=sentence):
        check_vectors(pack)


def test_a_changed_parameter_is_caught_by_the_vectors():
    files = dict(PACKS["custody"].files)
    path = "output_excess_tolerance.toml"
    files[path] = files[path].replace(b"0.02", b"0.01")
    with pytest.raises(VectorsFailed, match="outcome is 'nonconforming'"):
        check_vectors(parse_pack(files))


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
def test_what_has_not_changed_is_said_in_the_same_words_the_next_day(pack):
    """Or a flag that somebody resolved would open again for nothing."""
    for vector in (one for vectors in pack.vectors.values() for one in vectors):
        rules = [one for one in RULES if one.id == vector["rule"]]
        law, about = law_of_vector(pack, vector), parse_dossier(vector["dossier"])
        for days in (5, 500):
            told = [
                evaluate(replace(about, as_of=about.as_of + timedelta(days=later)), law, rules)
                for later in (days, days + 1)
            ]
            [before], [after] = (one.findings for one in told)
            if before.outcome is after.outcome is not Outcome.NOT_APPLICABLE:
                assert before.because == after.because, vector["title"]
                assert before.missing == after.missing, vector["title"]


def test_packs_and_rules_fit_together():
    report = check_packs(shipped_packs(), RULES, on=CHECKED)
    assert report.problems == ()
    assert report.vectors_passed == sum(check_vectors(pack) for pack in PACKS.values())


def test_a_parameter_no_rule_reads_and_a_key_no_pack_defines_are_problems():
    fewer = [one for one in RULES if one.id != "MB-13"]
    packs = [replace(pack, vectors=pack.vectors) for pack in shipped_packs()]
    problems = check_packs(packs, fewer, on=CHECKED).problems
    assert "custody: no rule reads custody.output_excess_tolerance" in problems
    assert any("there is no rule MB-13" in one for one in problems)

    without = [pack for pack in shipped_packs() if pack.id != "custody"]
    assert check_packs(without, RULES, on=CHECKED).problems == (
        "rule IRMA-COC-10 reads custody.shortest_period_months, which no pack defines",
        "rule CM-COC-04 reads custody.shortest_period_months, which no pack defines",
        "rule MB-13 reads custody.output_excess_tolerance, which no pack defines",
    )


def test_an_overlay_must_keep_the_unit_and_a_rule_its_id():
    demo = PACKS["club_demo"]
    path = "irma/minimum_level.toml"
    files = dict(demo.files)
    files[path] = files[path].replace(b'"text"', b'"list"').replace(b'"IRMA 50"', b'["IRMA 50"]')
    files[path] = files[path].replace(b'"IRMA 75"', b'["IRMA 75"]')
    packs = [*(one for one in shipped_packs() if one is not demo), parse_pack(files)]
    problems = check_packs(packs, [*RULES, RULES[0]], on=CHECKED).problems
    assert "club_demo: irma.minimum_level is a text, not a list" in problems
    assert "rule id B1 is used twice" in problems


def test_values_nobody_checked_for_half_a_year_are_reported_and_refuse_nothing():
    assert check_packs(shipped_packs(), RULES, on=date(2027, 5, 22)).stale == ()
    report = check_packs(shipped_packs(), RULES, on=date(2027, 5, 23))
    assert any(
        line.startswith("irma.levels (2023-06-20) was last checked") for line in report.stale
    )
    assert report.problems == ()


def test_what_is_not_official_is_listed():
    report = check_packs(shipped_packs(), RULES, on=CHECKED)
    assert "custody.output_excess_tolerance (2018-01-01) is unverified" in report.unsettled


def test_the_page_of_rules_names_every_rule_parameter_and_state():
    page = rules_page(RULES, shipped_packs())
    for one in RULES:
        assert f"| {one.id}" in page
    for key in (key for pack in PACKS.values() for key in pack.parameters):
        assert f"`{key}`" in page
    for value in ("CA, MX, US", "unset", "0.02", "Cu: the Copper Mark", "smelting, refining"):
        assert value in page


def test_a_repealed_version_is_listed_as_none_and_a_text_as_itself():
    files = dict(PACKS["irma"].files)
    told = files["minimum_level.toml"].decode()
    told = told.replace('"unset"', '"secondary"').replace('"hypothetical"', '"repealed"')
    files["minimum_level.toml"] = told.replace(
        'url           = ""', 'url = "https://x.org"'
    ).encode()
    page = rules_page(RULES, [parse_pack(files)])
    assert "| none | repealed | secondary |" in page


def test_a_trust_list_is_listed_by_who_speaks_as_what():
    rows = [{"who": "scheme", "as": "issuer", "from": "2020-01-01", "source": "x"}]
    pack = overridden_pack(PACKS["irma"], {"irma.trusted_issuers": rows})
    assert "| scheme as issuer |" in rules_page(RULES, [pack])


def test_vectors_are_json_that_people_can_read():
    for pack in PACKS.values():
        for path in pack.vectors:
            titles = [one["title"] for one in json.loads(pack.files[path])["vectors"]]
            assert len(set(titles)) == len(titles)
