"""Replay: through the same use cases as the API, once, and with the same answers ever after."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from standards.replaying import replay
from standards.scenario import parse_scenario
from traceability.errors import (
    BadScenario,
    DemoLedgerNeeded,
    NameTaken,
    NothingToAnswer,
    ScenarioChanged,
    StepNotRefused,
    StepRefused,
    UnknownLot,
)
from traceability.models import Entry, Key, Organization, Rejection, StatementText

pytestmark = pytest.mark.django_db(transaction=True)

OWN = [{"owner": {"organization": "acme"}, "parts": 1}]


def kg(value):
    return {"value": value, "unit": "kg", "basis": "dry"}


def state(kind, body, day="02", author="acme", **more):
    effective = f"2026-01-{day}T10:00:00Z"
    return {"kind": kind, "author": author, "effective": effective, "body": body, **more}


MINED = state(
    "custody.extraction",
    {
        "facility": "acme:mine",
        "lot": {
            "lot": "acme:L1", "material": "copper_concentrate", "form": "concentrate",
            "quantity": kg("1000"), "owners": OWN,
            "assays": [{"element": "Cu", "value": "30", "unit": "percent", "basis": "dry"}],
        },
    },
    **{"as": "mined"},
)  # fmt: skip


def lost(value, day="03", **more):
    body = {"facility": "acme:mine", "lot": "acme:L1", "quantity": kg(value), "reason": "spilled"}
    return state("custody.loss", body, day, **more)


def story(*steps, **changes):
    document = {
        "scenario": "small", "title": "A small story", "note": "Invented.",
        "begins": "2026-01-01", "clock": "2026-02-01T00:00:00Z",
        "organizations": [
            {"organization": "acme", "name": "Acme", "country": "CA", "roles": ["company"]},
            {"organization": "club", "name": "Club", "country": "CA", "roles": ["club"],
             "key": "scenario"},
        ],
        "facilities": [
            {"facility": "acme:mine", "name": "Mine", "types": ["mine"], "country": "CA"},
        ],
        "steps": [MINED, *steps],
    } | changes  # fmt: skip
    return parse_scenario(json.dumps(document).encode())


def balance(**more):
    return {"ask": "balances", "subject": "acme:L1", **more}


def adopt(share):
    versions = [{"in_force_from": "2026-01-01", "value": share, "source": "clause 1"}]
    body = {
        "club": "club", "version": "1", "title": "Policy", "effective_from": "2026-01-01",
        "parameters": [
            {"key": "geography.minimum_mined_share", "title": "Least share", "unit": "share",
             "versions": versions}],
        "requirements": [{"rule_id": "B1", "severity": "major", "flag_due_days": 7}],
    }  # fmt: skip
    return {"kind": "standards.policy", "author": "club", "effective": "2026-01-02", "body": body}


VERDICT = {"ask": "verdict", "subject": "acme:L1", "policy": "club"}


# ── once ──────────────────────────────────────────────────────────────────────────────────


def test_a_scenario_begins_the_ledger_with_its_operator_and_the_keys_it_asks_for():
    operator = {"organization": "office", "name": "Office", "country": "MX"}
    done = replay(story(operator=operator))

    assert Organization.objects.get(id="office").roles == ["operator", "registrar"]
    held_by = dict(Key.objects.values_list("organization_id", "held_by"))
    assert held_by == {"office": "service", "acme": "service", "club": "organization"}
    assert (done.recorded, done.known, done.refused) == (4, 0, 0)
    assert done.size == Entry.objects.count()


def test_what_was_interrupted_continues_and_what_is_finished_is_left_alone():
    whole = story(lost("100"), lost("2000", refused="insufficient_balance"), lost("50"))
    begun = replay(story(lost("100")))
    rest = replay(whole)
    entries, rejections = Entry.objects.count(), Rejection.objects.count()
    again = replay(whole)

    assert (begun.recorded, rest.recorded, rest.known) == (5, 1, 5)
    assert (again.recorded, again.known, again.refused) == (0, 6, 1)
    assert (Entry.objects.count(), Rejection.objects.count()) == (entries, rejections)


def test_a_question_is_answered_as_at_its_step_however_late():
    asked = (balance(), lost("100"), {"mark": "later"}, lost("200"))
    first = replay(story(*asked, balance(known_at="later"), balance()))
    replay(story(balance(), scenario="another", organizations=[], facilities=[], steps=[balance()]))
    again = replay(story(*asked, balance(known_at="later"), balance()))

    grams = [one.value["gross"] for one in first.answers]
    assert grams == ["1000000000", "900000000", "700000000"]
    assert first.answers[2].value["contained_mg"] == {"Cu": "210000000"}
    assert [one.value for one in again.answers] == [one.value for one in first.answers]


def test_an_organization_of_others_is_not_taken_over():
    replay(story())
    with pytest.raises(NameTaken) as caught:
        replay(story(scenario="another"))

    assert caught.value.at == "$.organizations[acme]"
    assert Key.objects.filter(organization_id="acme").count() == 1


def test_a_scenario_that_was_changed_after_its_replay_is_refused():
    replay(story(lost("100")))
    with pytest.raises(ScenarioChanged) as caught:
        replay(story(lost("101")))

    assert caught.value.at == "$.steps[1]"


# ── on which ledger ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "place"),
    [({}, "$.clock"), ({"clock": None}, "$.organizations[1].key")],
)
def test_clocks_and_published_keys_are_only_for_demonstrations(settings, changes, place):
    settings.LEDGER_ORIGIN = "ledger.example.com"
    with pytest.raises(DemoLedgerNeeded) as caught:
        replay(story(**changes))

    assert caught.value.at == place
    assert not Entry.objects.exists()


def test_a_real_ledger_replays_what_asks_for_nothing_special(settings):
    settings.LEDGER_ORIGIN = "ledger.example.com"
    organizations = [
        {"organization": "acme", "name": "Acme", "country": "CA", "roles": ["company"]}
    ]
    done = replay(story(balance(), clock=None, organizations=organizations))

    assert done.answers[0].value["gross"] == "1000000000"


def test_the_clock_of_the_story_is_the_time_of_recording():
    replay(story({"clock": "2026-03-01T12:00:00Z"}, lost("1", day="04")))

    times = Entry.objects.order_by("recorded_order").values_list("received_at", flat=True)
    assert times[0].isoformat() == "2026-02-01T00:00:00+00:00"
    last = Entry.objects.get(kind="custody.loss")
    assert last.received_at.isoformat() == "2026-03-01T12:00:00+00:00"


# ── refusals ──────────────────────────────────────────────────────────────────────────────


def test_a_statement_refused_against_the_story_stops_it_with_its_place():
    with pytest.raises(StepRefused) as caught:
        replay(story(lost("2000")))

    assert caught.value.at == "$.steps[1]"
    assert "insufficient_balance" in caught.value.message
    assert "$.body.quantity" in caught.value.message
    with pytest.raises(StepRefused, match="refused as unknown_lot"):
        replay(story(lost("2000", refused="unknown_lot")))


def test_a_statement_recorded_against_the_story_stops_it_too():
    with pytest.raises(StepNotRefused) as caught:
        replay(story(lost("1", refused="insufficient_balance")))

    assert caught.value.at == "$.steps[1]"


def test_what_was_refused_can_be_asked_for():
    steps = (lost("2000", refused="insufficient_balance"), {"ask": "rejections", "subject": "acme"})
    done = replay(story(*steps))

    [refused] = done.answers[0].value
    assert (refused["kind"], refused["problem"]["asked"]) == ("custody.loss", "2000000000")


def test_corrections_name_the_entry_they_replace():
    body = {"replaces": "${mined}", "reason": "typo", "lots": ["acme:L1"]}
    lot = MINED["body"]["lot"] | {"quantity": kg("990")}
    body["replacement"] = {
        "effective": "2026-01-02T10:00:00Z",
        "body": MINED["body"] | {"lot": lot},
    }
    done = replay(story(balance(), state("custody.correction", body, "04"), balance()))

    assert [one.value["gross"] for one in done.answers] == ["1000000000", "990000000"]
    assert done.answers[1].value["contained_mg"] == {"Cu": "297000000"}


def test_a_hidden_value_is_kept_beside_what_was_signed():
    replay(story(lost("12.5", hide=["body.quantity.value"])))

    text = StatementText.objects.get(
        recorded_order=Entry.objects.get(kind="custody.loss").recorded_order
    )
    assert text.disclosures[0]["value"] == "12.5"
    assert (again := replay(story(lost("12.5", hide=["body.quantity.value"])))).recorded == 0
    assert again.known == 5


# ── packs, verdicts, expectations ─────────────────────────────────────────────────────────


def test_a_pack_with_other_values_answers_what_would_be():
    overrides = {
        "geography.mined_group": "geography.usmca_parties",
        "geography.minimum_mined_share": "0.9",
    }
    done = replay(
        story(
            {"pack": "geography"},
            {"ask": "findings", "subject": "acme:L1", "rule": "B1", "mineral": "Cu"},
            {"pack": "geography", "overrides": overrides},
            {"ask": "findings", "subject": "acme:L1", "rule": "B1"},
            adopt("1"),
            {**VERDICT, "expect": {"verdict": "pass"}},
            {"ask": "shares", "subject": "acme:L1", "mineral": "Cu"},
            {"ask": "flags", "subject": "club", "expect": {}},
            {"ask": "flags", "subject": "acme:L1", "policy": "club", "expect": {}},
        )
    )
    unset, changed, verdict, shares, *flags = (one.value for one in done.answers)

    assert unset["Cu"]["B1"]["outcome"] == "indeterminate"
    assert changed["Cu"]["B1"]["outcome"] == "conforms"
    assert any("hypothetical" in notice for notice in changed["Cu"]["B1"]["notices"])
    assert verdict["minerals"]["Cu"]["rules"]["B1"]["verdict"] == "pass"
    assert shares["Cu"]["countries"]["CA"]["mg"] == "300000000"
    assert flags == [{}, {}]
    assert done.is_as_expected


def test_flags_are_compared_by_the_replay_that_made_them_and_told_by_all():
    steps = (
        {"pack": "geography"},
        adopt("1"),
        state("custody.offer", {"lots": ["acme:L1"], "audience": ["club"]}, "05"),
        {"ask": "flags", "subject": "club", "expect": {"acme:L1": {}, "nobody:X": {}}},
    )
    first, again = replay(story(*steps)), replay(story(*steps))

    assert first.answers[0].value["acme:L1"]["Cu"]["B1"]["severity"] == "major"
    assert [len(done.answers[0].differences) for done in (first, again)] == [1, 0]


@pytest.mark.parametrize(
    ("question", "error"),
    [
        ({"ask": "verdict", "subject": "acme:L1"}, NothingToAnswer),
        ({"ask": "findings", "subject": "acme:L1", "mineral": "Ni"}, NothingToAnswer),
        ({"ask": "shares", "subject": "acme:L9"}, UnknownLot),
        ({"ask": "balances", "subject": "acme:L9"}, UnknownLot),
    ],
)
def test_a_question_about_nothing_is_an_error_and_no_answer(question, error):
    with pytest.raises(error):
        replay(story(question))


def test_a_pack_that_nobody_ships_is_refused_with_its_place():
    with pytest.raises(BadScenario) as caught:
        replay(story({"pack": "alchemy"}))

    assert caught.value.at == "$.steps[1].pack"


# ── the command ───────────────────────────────────────────────────────────────────────────


def written(tmp_path: Path, scenario) -> str:
    path = tmp_path / "story.json"
    path.write_text(json.dumps(scenario))
    return str(path)


def as_document(*steps):
    return {
        "scenario": "told", "title": "Told", "note": "Invented.", "begins": "2026-01-01",
        "clock": "2026-02-01T00:00:00Z",
        "organizations": [
            {"organization": "acme", "name": "Acme", "country": "CA", "roles": ["company"]}],
        "facilities": [
            {"facility": "acme:mine", "name": "Mine", "types": ["mine"], "country": "CA"}],
        "steps": [MINED, *steps],
    }  # fmt: skip


def test_the_command_prints_answers_and_tells_by_its_status_whether_they_are_expected(
    capsys, tmp_path
):
    right = as_document(balance(expect={"gross": "1000000000"}), balance(expect={"gross": "1"}))
    with pytest.raises(CommandError, match="Not every answer") as caught:
        call_command("replay", written(tmp_path, right), "--json")

    assert caught.value.returncode == 2
    told = json.loads(capsys.readouterr().out)
    assert told["recorded"] == 3
    assert [one["differences"] for one in told["answers"]] == [
        [],
        ['$.gross: expected "1", is "1000000000"'],
    ]

    right["steps"].pop()
    call_command("replay", written(tmp_path, right))
    printed = capsys.readouterr().out
    assert "0 statements recorded, 3 known before" in printed
    assert '"gross": "1000000000"' in printed


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Name a scenario file"),
        (["/nowhere/story.json"], "No such file"),
    ],
)
def test_the_command_says_what_is_missing(arguments, told):
    with pytest.raises(CommandError, match=told):
        call_command("replay", *arguments)


def test_the_command_shows_the_place_of_an_error(tmp_path):
    with pytest.raises(CommandError, match=r"\$\.steps\[1\]\.pack: There is no pack"):
        call_command("replay", written(tmp_path, as_document({"pack": "alchemy"})))


def test_the_command_prints_the_schema(capsys):
    call_command("replay", "--schema")

    assert json.loads(capsys.readouterr().out)["$ref"] == "#/$defs/Head"
