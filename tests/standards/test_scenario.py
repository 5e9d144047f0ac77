"""The form of scenarios: what is read, what is refused and where, how answers are compared."""

import copy
import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from standards.demonstrating import COURSES, SCENARIOS, SHIPPED, STORIES
from standards.management.commands.replay import schema_text
from standards.scenario import (
    MAX_BYTES,
    ClockStep,
    MarkStep,
    PackStep,
    PublishStep,
    QuestionStep,
    StatementStep,
    differences,
    filled,
    parse_scenario,
    placeholders,
    scenario_schema,
)
from traceability.errors import BadScenario

DOCS = Path(__file__).resolve().parents[2] / "docs"
SMALL = {
    "scenario": "small",
    "title": "A small story",
    "note": "Invented.",
    "begins": "2026-01-01",
    "organizations": [
        {"organization": "acme", "name": "Acme", "country": "CA", "roles": ["company"]}
    ],
    "facilities": [
        {"facility": "acme:mine", "name": "Mine", "types": ["mine"], "country": "CA"},
    ],
    "steps": [
        {"pack": "custody"},
        {"kind": "custody.extraction", "author": "acme", "effective": "2026-01-02T10:00:00Z",
         "body": {"lot": "x"}, "as": "first"},
        {"kind": "custody.void", "author": "acme", "effective": "2026-01-03",
         "body": {"replaces": "${first}", "lots": ["${first}"]}},
        {"publish": True},
        {"mark": "then"},
        {"ask": "balances", "subject": "acme:L1", "known_at": "then", "expect": {"gross": "1"}},
    ],
}  # fmt: skip

names = st.from_regex(r"\A[a-z][a-z0-9_]{0,8}\Z")
answers = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=12,
)


def small(**changes):
    """Return the small scenario as bytes, with other members."""
    return json.dumps({**SMALL, **changes}).encode()


def with_step(place, step):
    steps = copy.deepcopy(SMALL["steps"])
    steps[place] = step
    return small(steps=steps)


def refusal(raw):
    with pytest.raises(BadScenario) as caught:
        parse_scenario(raw)
    return caught.value


# ── properties ────────────────────────────────────────────────────────────────────────────


@given(answer=answers)
def test_what_is_as_expected_does_not_differ(answer):
    assert differences(answer, answer) == []


@given(
    answer=st.dictionaries(names, answers, min_size=1, max_size=4), other=answers, data=st.data()
)
def test_one_member_that_differs_is_found_and_others_may_be_left_out(answer, other, data):
    member = data.draw(st.sampled_from(sorted(answer)))
    found = differences({member: other}, answer)

    assert (found == []) == (differences(other, answer[member]) == [])
    assert all(line.startswith(f"$.{member}") for line in found)


@given(value=answers)
def test_a_value_without_placeholders_stays_what_it_is(value):
    assert filled(value, {}) == value
    assert list(placeholders(value)) == []


def test_a_number_is_not_the_truth_value_that_equals_it():
    assert differences({"a": True}, {"a": 1}) == ["$.a: expected true, is 1"]


def test_a_list_is_compared_in_full_and_a_missing_member_is_named():
    assert differences([1], [1, 2]) == ["$: expected [1], is [1, 2]"]
    assert differences([{"a": 1}, {"b": 2}], [{"a": 1, "z": 0}, {}]) == [
        "$[1].b: expected 2, is missing"
    ]


def test_a_long_answer_is_shown_shortened():
    [line] = differences("x", "y" * 500)
    assert len(line) < 200


# ── reading ───────────────────────────────────────────────────────────────────────────────


def test_steps_are_understood_as_what_they_are():
    scenario = parse_scenario(small())

    kinds = [PackStep, StatementStep, StatementStep, PublishStep, MarkStep, QuestionStep]
    assert [type(step) for step in scenario.steps] == kinds
    assert scenario.needs_demo == ""
    assert scenario.steps[-1].expect == {"gross": "1"}


def test_a_name_stands_for_an_entry_wherever_it_is_used_as_a_whole():
    body = parse_scenario(small()).steps[2].body

    assert list(placeholders(body)) == ["first", "first"]
    assert filled(body, {"first": "ab"}) == {"replaces": "ab", "lots": ["ab"]}
    assert filled({"a": "x ${first}"}, {"first": "ab"}) == {"a": "x ${first}"}


def test_ids_depend_on_scenario_and_place_alone():
    first, again = parse_scenario(small()), parse_scenario(small(title="Another title"))
    other = parse_scenario(small(scenario="other"))

    ids = [first.statement_id(place) for place in first.places()]
    assert len(set(ids)) == len(ids)
    assert ids == [again.statement_id(place) for place in again.places()]
    assert not set(ids) & {other.statement_id(place) for place in other.places()}


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (small(clock="2026-01-01T00:00:00Z"), "$.clock"),
        (with_step(3, {"clock": "2026-03-01T00:00:00Z"}), "$.steps[3]"),
        (with_step(0, {"pack": "custody", "overrides": {"a.b": "1"}}), "$.steps[0]"),
        (small(organizations=[{**SMALL["organizations"][0], "key": "scenario"}]),
         "$.organizations[0].key"),
    ],
)  # fmt: skip
def test_what_only_a_demonstration_may_do_is_found_before_anything_happens(raw, place):
    assert parse_scenario(raw).needs_demo == place


def test_a_clock_step_shows_an_instant():
    assert parse_scenario(with_step(3, {"clock": "2026-03-01T00:00:00+02:00"})).steps[3] == (
        ClockStep(clock="2026-03-01T00:00:00+02:00")
    )


# ── refusing ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("raw", "place", "told"),
    [
        (b"\xff", "$", "no JSON"),
        (b"{", "$", "no JSON"),
        (b"[]", "$", "object"),
        (b'{"a": 1, "a": 2}', "$", "'a' twice"),
        (b'{"a": 1.5}', "$", "1.5 as a string"),
        (b'{"a": NaN}', "$", "NaN"),
        (b"[" * 100_000, "$", "nested too deeply"),
        (b" " * (MAX_BYTES + 1), "$", "bytes"),
        (small(colour="red"), "$", "colour"),
        (small(begins="1 January"), "$.begins", "Expected `str`"),
        (small(organizations=[{"organization": "acme"}]), "$.organizations[0]", "missing"),
        (with_step(0, {"story": 1}), "$.steps[0]", "exactly one"),
        (with_step(0, {"publish": True, "mark": "x"}), "$.steps[0]", "exactly one"),
        (with_step(3, {"publish": False}), "$.steps[3].publish", "out"),
        (with_step(3, {"mark": "UPPER"}), "$.steps[3].mark", "Expected `str`"),
        (with_step(3, {"ask": "why", "subject": "x"}), "$.steps[3].ask", "Invalid enum"),
        (with_step(0, {"clock": "2026-02-30T00:00:00Z"}), "$.steps[0].clock", "2026-02-30"),
        (with_step(0, {"clock": "2026-02-03T99:99:99Z"}), "$.steps[0].clock", "99:99"),
        (small(clock="2026-02-30T00:00:00Z"), "$.clock", "2026-02-30"),
        (with_step(1, {"mark": "x"}), "$.steps[2].body", "'first'"),
        (with_step(4, {"publish": True}), "$.steps[5].known_at", "'then'"),
        (with_step(3, {"mark": "then"}), "$.steps[4].mark", "taken"),
        (with_step(2, SMALL["steps"][1]), "$.steps[2].as", "taken"),
        (with_step(1, {**SMALL["steps"][1], "as": "operator"}), "$.steps[1].as", "taken"),
        (with_step(1, {**SMALL["steps"][1], "refused": "x"}), "$.steps[1].as", "no entry"),
    ],
)  # fmt: skip
def test_a_bad_scenario_is_refused_with_its_place(raw, place, told):
    error = refusal(raw)

    assert error.at == place
    assert told in error.message


# ── the schema and the shipped scenarios ──────────────────────────────────────────────────


def test_the_published_schema_is_the_one_that_parses():
    assert (DOCS / "scenario.schema.json").read_bytes() == schema_text()


def test_every_scenario_that_is_shipped_is_on_one_of_the_lists():
    files = sorted(path.stem for path in SCENARIOS.glob("*.json"))
    assert files == sorted([*SHIPPED, *STORIES, *COURSES])


@pytest.mark.parametrize("name", [*SHIPPED, *STORIES, *COURSES])
def test_the_schema_accepts_the_shipped_scenarios_and_refuses_an_unknown_member(name):
    validator = jsonschema.Draft202012Validator(scenario_schema())
    document = json.loads((SCENARIOS / f"{name}.json").read_bytes())
    validator.validate(document)

    document["steps"][0]["colour"] = "red"
    assert not validator.is_valid(document)


@pytest.mark.parametrize("name", [*SHIPPED, *STORIES, *COURSES])
def test_a_shipped_scenario_says_that_everybody_in_it_is_invented(name):
    scenario = parse_scenario((SCENARIOS / f"{name}.json").read_bytes())

    assert scenario.head.note.startswith("Illustrative")
    assert all("(illustrative)" in one.name for one in scenario.head.organizations)
