"""A policy as its club signed it: what it may say and what is refused."""

from copy import deepcopy
from datetime import date

import pytest

from standards.rulebook.errors import BadPolicy
from standards.rulebook.law import Law
from standards.rulebook.pack_format import shipped_packs
from standards.rulebook.policy_format import parse_policy

BODY = {
    "club": "acme-club",
    "version": "2",
    "title": "Copper policy",
    "effective_from": "2026-01-01",
    "parameters": {
        "irma.minimum_level": {
            "title": "Lowest level",
            "unit": "text",
            "versions": [
                {"value": "IRMA 50", "in_force_from": "2026-01-01", "source": "Clause 4"},
                {"value": "IRMA 75", "in_force_from": "2028-01-01", "source": "Clause 4"},
            ],
        }
    },
    "requirements": [
        {
            "rule_id": "IRMA-02",
            "minerals": ["Cu", "Ni"],
            "severity": "major",
            "grace_days": 60,
            "flag_due_days": 14,
        },
        {
            "rule_id": "IRMA-02",
            "minerals": ["Li"],
            "severity": "minor",
            "flag_due_days": 30,
            "waivable": False,
            "second_approver": True,
        },
        {"rule_id": "MB-13", "severity": "critical", "flag_due_days": 3},
    ],
}


def test_a_policy_is_read_with_its_own_dated_law():
    policy = parse_policy(BODY)
    law = Law(shipped_packs(), policy.parameters)
    before, after = (law.on(day)["irma.minimum_level"] for day in DAYS)
    assert (before.value, after.value) == ("IRMA 50", "IRMA 75")
    assert (before.source, before.status, before.verification) == (
        "Clause 4",
        "in_force",
        "official",
    )
    assert (before.pack.id, before.pack.version) == ("club:acme-club", "2")
    assert before.pack.digest == policy.digest


DAYS = (date(2027, 12, 31), date(2028, 1, 1))


def test_rows_say_minerals_severity_grace_and_due_days():
    first, second, third = parse_policy(BODY).requirements
    assert (first.minerals, first.grace_days, first.flag_due_days) == (("Cu", "Ni"), 60, 14)
    assert (first.waivable, first.second_approver) == (True, False)
    assert (second.waivable, second.second_approver) == (False, True)
    assert third.minerals is None


def test_the_digest_does_not_depend_on_the_order_of_members():
    assert parse_policy(dict(reversed(BODY.items()))).digest == parse_policy(BODY).digest


def changed(path, value):
    body = deepcopy(BODY)
    *steps, last = path
    place = body
    for one in steps:
        place = place[one]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return body


VERSION = ("parameters", "irma.minimum_level", "versions", 0)
ROW = ("requirements", 0)


@pytest.mark.parametrize(
    ("path", "value", "sentence", "at"),
    [
        (["title"], ..., "Missing member", "$.title"),
        (["colour"], 1, "Unknown member", "$.colour"),
        (["club"], " ", "A text is needed", "$.club"),
        (["version"], 2, "A text is needed", "$.version"),
        (["effective_from"], "2026", "A calendar day", "$.effective_from"),
        (["parameters"], [], "A table is needed", "$.parameters"),
        (["requirements"], [], "requires something", "$.requirements"),
        (["requirements"], {}, "requires something", "$.requirements"),
        (["parameters", "Level"], {}, "A key is", "$.parameters['Level']"),
        (["parameters", "irma.x"], 3, "a parameter is a table", "$.parameters['irma.x'].irma.x"),
        (
            [*VERSION, "source"],
            ...,
            "missing",
            "$.parameters['irma.minimum_level'].versions[0].source",
        ),
        (
            [*VERSION[:3], 0],
            3,
            "a version is a table",
            "$.parameters['irma.minimum_level'].versions[0]",
        ),
        (["requirements", 0], 3, "A table is needed", "$.requirements[0]"),
        ([*ROW, "severity"], ..., "Missing member", "$.requirements[0].severity"),
        ([*ROW, "colour"], 1, "Unknown member", "$.requirements[0].colour"),
        ([*ROW, "rule_id"], "", "A rule id is needed", "$.requirements[0].rule_id"),
        ([*ROW, "severity"], "bad", "One of info", "$.requirements[0].severity"),
        ([*ROW, "grace_days"], -1, "whole number of days", "$.requirements[0].grace_days"),
        ([*ROW, "flag_due_days"], True, "whole number", "$.requirements[0].flag_due_days"),
        ([*ROW, "waivable"], 1, "True or false", "$.requirements[0].waivable"),
        ([*ROW, "minerals"], [], "A list of minerals", "$.requirements[0].minerals"),
        ([*ROW, "minerals"], [1], "A list of minerals", "$.requirements[0].minerals"),
        (["requirements", 1, "minerals"], ["Ni"], "required twice", "$.requirements[1]"),
        (["requirements", 1, "minerals"], ..., "required twice", "$.requirements[1]"),
    ],
)
def test_a_bad_policy_is_refused_with_the_place(path, value, sentence, at):
    with pytest.raises(BadPolicy, match=sentence) as refused:
        parse_policy(changed(path, value))
    assert refused.value.at == at
