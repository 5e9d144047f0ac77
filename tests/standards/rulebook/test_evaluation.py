"""Evaluation: exactly one finding per rule, whatever the law or the dossier lacks."""

from dataclasses import replace
from datetime import date
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rulebook_builders import dossier, entry, exactly, law_of, parameter, provision, source

from standards.rulebook.dossier import GoverningDate
from standards.rulebook.evaluation import code_version, evaluate, verdict_digest
from standards.rulebook.findings import Outcome, Subject, conforms, indeterminate
from standards.rulebook.law import Law
from standards.rulebook.pack_format import shipped_packs
from standards.rulebook.rule import rule
from standards.rulebook.rules import RULES

LOT = dossier(source(10), dates={"delivered_on": date(2026, 6, 1)})


@rule(id="T1", title="t", source="s", governed_by="delivered_on", reads=("demo.value",))
def asks_the_law(dossier, law):
    """Read one parameter."""
    law["demo.value"]
    return conforms(f"so says the law of {law.on}")


@rule(id="T2", title="t", source="s", governed_by="imported_on", burden_on_claimant=True)
def asks_another_day(dossier, law):
    """Read nothing."""
    return conforms("yes")


@rule(id="T3", title="t", source="s", governed_by="as_of", burden_on_claimant=True)
def cannot_tell(dossier, law):
    """Look at the lot and give up."""
    return indeterminate(f"{dossier.lot_id}?", provision(), missing=("assay",))


def only(rule_, law, about=LOT):
    [finding] = evaluate(about, law, [rule_]).findings
    return finding


def test_the_law_of_the_governing_day_applies():
    found = only(asks_the_law, law_of(parameter(provision())))
    assert found.because == "so says the law of 2026-06-01"
    assert (found.rule_id, found.subject) == (
        "T1",
        Subject(kind="lot", id="acme:L1", mineral="Cu"),
    )


def test_what_was_read_is_cited_even_if_the_rule_forgets():
    assert only(asks_the_law, law_of(parameter(provision()))).cites == (provision(),)


def test_a_missing_governing_date_is_indeterminate_and_named():
    found = only(asks_another_day, law_of())
    assert (found.outcome, found.missing) == (
        Outcome.INDETERMINATE,
        ("the date: imported on",),
    )


def test_where_the_claimant_must_prove_what_cannot_be_told_is_to_be_treated_as_not_met():
    assert only(asks_another_day, law_of()).treat_as is Outcome.NONCONFORMING
    assert only(cannot_tell, law_of()).treat_as is Outcome.NONCONFORMING
    told = replace(LOT, dates={"imported_on": date(2026, 6, 1)})
    assert only(asks_another_day, law_of(), told).treat_as is None


@pytest.mark.parametrize(
    "law",
    [
        law_of(),
        law_of(parameter(provision(in_force_from=date(2026, 6, 2)))),
        law_of(parameter(provision(value=None, verification="unset"))),
    ],
    ids=["no pack", "no version covers the day", "unset"],
)
def test_a_law_without_a_value_is_indeterminate_and_named(law):
    found = only(asks_the_law, law)
    assert (found.outcome, found.missing) == (
        Outcome.INDETERMINATE,
        ("a value of demo.value",),
    )


@pytest.mark.parametrize("status", ["repealed", "not_yet_in_force"])
def test_an_explicit_version_without_law_is_not_applicable_and_cited(status):
    version = provision(status=status, value=None)
    found = only(asks_the_law, law_of(parameter(version)))
    assert (found.outcome, found.cites) == (Outcome.NOT_APPLICABLE, (version,))


@pytest.mark.parametrize(
    ("change", "notice"),
    [
        ({"verification": "secondary"}, "demo.value is read from a secondary source"),
        ({"verification": "unverified"}, "demo.value has not been compared"),
        ({"status": "hypothetical"}, "demo.value is hypothetical"),
    ],
)
def test_uncertain_law_shows_on_the_finding(change, notice):
    [told] = only(asks_the_law, law_of(parameter(provision(**change)))).notices
    assert told.startswith(notice)


def test_keys_and_inputs_that_were_read_are_recorded():
    done = evaluate(LOT, law_of(), [asks_the_law, asks_another_day, cannot_tell])
    assert done.keys_read == {"demo.value"}
    assert done.inputs_read == {
        "lot_id",
        "mineral",
        "dates",
        "as_of",
        "dates.delivered_on",
        "dates.imported_on",
    }


@given(
    mg=st.integers(0, 10),
    kind=st.sampled_from(["mined", "recycled", "introduced", "unknown", "shortfall"]),
    country=st.none() | st.sampled_from(["CA", "CL", "CN"]),
    mineral=st.sampled_from(["Cu", "Li", "graphite"]),
    untraced=st.integers(0, 2),
)
def test_every_rule_gives_exactly_one_finding_and_indeterminate_names_what_is_missing(
    mg, kind, country, mineral, untraced
):
    about = dossier(source(mg, country, kind=kind), mineral=mineral)
    about = replace(about, contained_mg=exactly(mg + untraced))
    done = evaluate(about, Law(shipped_packs()), RULES)
    assert [one.rule_id for one in done.findings] == [one.id for one in RULES]
    for one in done.findings:
        assert (one.outcome is Outcome.INDETERMINATE) == bool(one.missing)
    unmet = {one.rule_id for one in done.findings if one.outcome is Outcome.NONCONFORMING}
    assert done.failed == unmet
    declared = {key for one in RULES for key in one.reads}
    assert done.keys_read <= declared


def test_the_verdict_digest_leaves_out_log_size_and_day_but_no_finding():
    rules = [asks_the_law]
    law = law_of(parameter(provision()))
    digest = verdict_digest(evaluate(LOT, law, rules))
    later = replace(LOT, log_size=999, as_of=date(2027, 1, 1))
    assert verdict_digest(evaluate(later, law, rules)) == digest
    assert verdict_digest(evaluate(replace(LOT, lot_id="acme:L2"), law, rules)) != digest


def test_the_verdict_digest_does_not_depend_on_the_order_of_rules():
    rules = [asks_the_law, cannot_tell]
    done = [evaluate(LOT, law_of(), order) for order in (rules, rules[::-1])]
    assert verdict_digest(done[0]) == verdict_digest(done[1])


def test_the_code_version_is_a_digest_and_stable():
    assert code_version() == code_version()
    assert len(bytes.fromhex(code_version())) == 32


def test_rule_ids_are_permanent_and_unique():
    assert [one.id for one in RULES] == [
        *("B1", "B4"),
        *(f"CRED-{number:02}" for number in range(1, 12)),
        *(f"IRMA-{number:02}" for number in range(1, 10)),
        *(f"IRMA-COC-{number:02}" for number in (1, 2, 3, 5, 6, 7, 8, 9, 10, 11)),
        *(f"CM-{number:02}" for number in range(1, 8)),
        *(f"CM-COC-{number:02}" for number in range(1, 7)),
        *("TSM-01", "TSM-02", "TSM-03", "ICMM-01", "CMSI-01", "ASI-01", "ASI-02", "RS-01"),
        "GBA-01",
        *(f"RMI-{number:02}" for number in range(1, 10)),
        *("OECD-01", "OECD-02", "OECD-03", "LME-01", "LAW-01", "EU-01", "EU-02", "EU-03"),
        *("POL-01", "POL-02", "POL-03", "POL-04", "POL-07", "POL-08"),
        *("MB-13", "MB-01", "ISO-MB-02", "MB-02", "MB-03", "MB-04"),
        *("MB-05", "MB-06", "MB-11", "MB-12", "MB-08", "ISO-MB-01", "MB-07", "MB-09", "MB-10"),
        *("IRMA-COC-04", "ISO-TR-01", "ISO-IP-01", "ISO-SG-01", "ISO-CB-01", "ISO-BC-01"),
        "ISO-CL-01",
        *(f"PL-{number:02}" for number in range(1, 19)),
    ]
    assert all(one.governed_by in get_args(GoverningDate) for one in RULES)
    assert all(one.check.__doc__ for one in RULES)
    assert entry("a") == "a" * 64
