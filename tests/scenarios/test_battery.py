"""The North American chain: a story with everything that happens to material and paper."""

import json
from collections import Counter
from dataclasses import replace

import pytest
from django.core.management import call_command

from standards.demonstrating import MACHINE, PEOPLE, demonstrate, shipped_scenario
from standards.scenario import StatementStep

STORY = shipped_scenario("battery")


def statements(*kinds):
    return [one for one in STORY.steps if isinstance(one, StatementStep) and one.kind in kinds]


def test_the_story_holds_every_event_and_every_turn():
    kinds = Counter(one.kind for one in STORY.steps if isinstance(one, StatementStep))
    events = {
        "extraction", "recovery", "introduction", "transformation", "blend", "split", "shipment",
        "receipt", "transfer", "assay", "stocktake", "loss", "assembly", "offer", "correction",
        "void",
    }  # fmt: skip
    assert {f"custody.{event}" for event in events} <= kinds.keys()
    assert sum(kinds.values()) >= 100
    assert len(STORY.head.organizations) >= 12
    assert {one.key for one in STORY.head.organizations} == {"service", "scenario"}
    assert [one.refused for one in STORY.steps if isinstance(one, StatementStep) and one.refused]
    statuses = {one.body["status"] for one in statements("custody.assay")}
    assert statuses == {"provisional", "final", "umpire"}
    received = [lot for one in statements("custody.receipt") for lot in one.body["lots"]]
    assert any("rejected" in lot and "accepted" in lot for lot in received)


def test_no_mass_in_the_story_is_a_number():
    assert not any(isinstance(one, float) for one in json.loads(json.dumps(STORY.head.steps)))


@pytest.mark.django_db(transaction=True)
def test_the_demonstration_ends_as_it_says_and_a_second_run_changes_nothing(capsys, client):
    from django.contrib.auth.models import User
    from oauth2_provider.models import get_application_model

    from traceability.models import Entry, Rejection

    shown = demonstrate()

    told = [one for done in shown.replayed for one in done.answers]
    assert [(one.at, one.differences) for one in told if one.differences] == []
    verdicts = {one.value["verdict"] for one in told if one.question["ask"] == "verdict"}
    assert verdicts == {"pass", "fail", "indeterminate", "grace"}

    users = {user.username: user for user in User.objects.select_related("membership")}
    assert users.keys() == {MACHINE, *(person.login for person in PEOPLE)}
    for person in PEOPLE:
        assert users[person.login].check_password(shown.password)
        assert users[person.login].groups.get().name == person.role
        assert users[person.login].membership.organization_id in (person.organization, "operator")
    assert not users[MACHINE].has_usable_password()
    machine = get_application_model().objects.get(client_id=MACHINE)
    assert machine.user == users[MACHINE]
    assert shown.client_secret not in machine.client_secret

    the_pictures_agree_with_the_shares(client)
    what_is_kept_is_found_again_bit_for_bit()

    before = (Entry.objects.count(), Rejection.objects.count(), User.objects.count())
    capsys.readouterr()
    call_command("demo")
    printed = capsys.readouterr()
    assert (Entry.objects.count(), Rejection.objects.count(), User.objects.count()) == before
    assert shown.password in printed.out
    assert f"{MACHINE}:{shown.client_secret}" in printed.out
    assert printed.err == ""
    for verdict in verdicts:
        assert verdict.upper() in printed.out


def the_pictures_agree_with_the_shares(client):
    """Open lots the officer may see: no closed name, and what they are made of is all there."""
    from django.contrib.auth.models import User

    from traceability import seeing
    from traceability.models import Facility

    officer = User.objects.get(username="officer")
    client.force_login(officer, "django.contrib.auth.backends.ModelBackend")
    company = officer.membership.organization_id
    names = seeing.names_open_to(company)
    closed = [one for one in Facility.objects.all() if not names.has_facility(one.pk)]
    assert closed
    looks = set()
    shown = ("superior-motors:EV-70001", "ohio-cells:CELLS-02", "gulf-refining:CATH-26-09")
    for lot in seeing.lots_seen_by(company).filter(pk__in=shown):
        answer = client.get(f"/admin/traceability/lot/{lot.pk}/change/")
        told = answer.content.decode()
        for facility in closed:
            assert facility.name not in told, (lot.pk, facility.name)
            assert facility.pk not in told, (lot.pk, facility.pk)
        for origin in answer.context["origins"]:
            if origin.way is None:
                continue
            rows = origin.way.rows
            assert sum(row.mg for row in rows if row.stage == "origin") == origin.contained[1]
            looks |= {key.look for key in origin.way.keys}
    assert looks == {"known", "declared", "recycled", "worked", "closed"}


def what_is_kept_is_found_again_bit_for_bit():
    """Every verdict, judged among others, is that of its lot alone with nothing worked out before.

    The rules are applied one by one, to observations that know of no other lot.
    """
    from standards.dossiers import gathered
    from standards.known import law_at, policies_at
    from standards.models import Assessment
    from standards.rulebook.assembly import assemble
    from standards.rulebook.evaluation import evaluate, verdict_digest
    from standards.rulebook.law import Law
    from standards.rulebook.rules import RULES

    rows = Assessment.objects.filter(is_current=True).order_by("log_size", "lot", "mineral", "club")
    read: dict[tuple[str, int], tuple] = {}
    for row in rows:
        place = row.lot, row.log_size
        if place not in read:
            read[place] = gathered([row.lot], row.log_size)
        traced, evidence = read[place]
        dossier = assemble(traced, row.lot, row.mineral, evidence=evidence, as_of=row.as_of)
        alone = {check: tuple(told) for check, told in dossier.observations.items()}
        law, rules = law_at(row.log_size), RULES
        if row.club:
            policy = policies_at(row.log_size, on=row.as_of)[row.club].policy
            required = {one.rule_id for one in policy.requirements}
            law, rules = Law(law.packs, policy.parameters), [r for r in RULES if r.id in required]
        found = evaluate(replace(dossier, observations=alone), law, rules)
        assert verdict_digest(found) == row.verdict_digest, (row.lot, row.mineral, row.club)
        assert found.as_json() == row.findings
        assert (sorted(found.keys_read), sorted(found.inputs_read)) == (
            row.keys_read,
            row.inputs_read,
        )
    assert len(rows) > 200
