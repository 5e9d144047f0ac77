"""Closing a period on its page: in two steps, by whom it may be, refused with a clear sentence."""

import json
import re

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from standards.models import Account, AccountClose, ClosedPeriod
from tests.standards.world import World
from traceability.ledger.signing import STATEMENT_TYPE, parse_jws
from traceability.models import Entry, ServiceKey, StatementText

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    made = World()
    made.packs()
    made.register("auditor", "auditor")
    made.accounted()
    made.claimed("C1", "5000")
    made.catch_up()
    return made


@pytest.fixture
def as_person(as_staff_of, world):
    return as_staff_of


def address(name="close", account="smelter:cu"):
    pk = Account.objects.get(account=account).pk
    return reverse(f"admin:standards_account_{name}", args=[pk])


def form_on(client):
    told = client.get(address()).content.decode()
    return dict(re.findall(r'name="(until|known_at|digest)" value="([^"]*)"', told))


def told_after(response):
    return [str(one) for one in get_messages(response.wsgi_request)]


def test_the_first_step_shows_what_will_be_frozen_and_changes_nothing(world, as_person):
    client = as_person("smelter")
    page = client.get(address("change")).content.decode()
    entries = Entry.objects.count()
    told = client.get(address()).content.decode()

    assert address() in page
    assert "Close the period until March 31, 2026" in page
    assert "What will be frozen" in told
    assert "3.8 t" in told
    assert "closed for ever" in told
    assert Entry.objects.count() == entries


def test_the_second_step_states_the_close_as_its_holder_signed_it(world, as_person):
    client = as_person("smelter")
    shown = form_on(client)
    response = client.post(address(), shown)
    world.catch_up()

    assert "The close is recorded as entry" in told_after(response)[0]
    [close] = AccountClose.objects.all()
    [kept] = ClosedPeriod.objects.all()
    assert (close.until.isoformat(), close.digest) == (shown["until"], shown["digest"])
    assert kept.digest == shown["digest"]
    assert Entry.objects.get(hash=close.entry).author == "smelter"
    page = client.get(address("change")).content.decode()
    assert "as its holder signed" in page
    assert "Close the period until June 30, 2026" in page


def test_the_statement_names_the_acting_person_by_pseudonym(world, as_person):
    client = as_person("smelter")
    client.post(address(), form_on(client))
    text = StatementText.objects.order_by("-pk").first()
    told = json.loads(parse_jws(text.jws.encode(), typ=STATEMENT_TYPE).payload)
    assert (told["kind"], told["acting_person"]) == ("standards.close", "person-smelter")


def test_what_was_learnt_meanwhile_is_looked_at_again(world, as_person):
    client = as_person("smelter")
    shown = form_on(client)
    world.claimed("C2", "100")
    world.catch_up()
    response = client.post(address(), shown)

    assert "has changed meanwhile" in told_after(response)[0]
    assert not Entry.objects.filter(kind="standards.close").exists()


def test_what_changes_nothing_of_the_period_does_not_stop_it(world, as_person):
    client = as_person("smelter")
    shown = form_on(client)
    world.claimed("C2", "100", on="2026-05-02")
    world.catch_up()
    client.post(address(), shown)
    world.catch_up()

    [kept] = ClosedPeriod.objects.all()
    assert kept.digest == shown["digest"]


def test_a_period_is_closed_once_whoever_asks(world, as_person):
    client = as_person("smelter")
    shown = form_on(client)
    client.post(address(), shown)
    response = client.post(address(), shown)  # before the first is published
    world.catch_up()
    late = client.post(address(), shown)

    assert "is among what is closed" in told_after(response)[-1]
    assert "The next period of smelter:cu to close ends on 2026-06-30" in told_after(late)[-1]
    assert AccountClose.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"until": "2026-06-30"}, "The next period of smelter:cu to close ends on 2026-03-31"),
        ({"digest": "0" * 64}, "has changed meanwhile"),
        ({"known_at": "99999999"}, "has changed meanwhile"),
        ({"known_at": "no number"}, "has changed meanwhile"),
        ({"until": ""}, "The next period of smelter:cu to close ends on 2026-03-31"),
    ],
)
def test_a_close_of_anything_but_what_was_shown_is_refused(world, as_person, change, sentence):
    client = as_person("smelter")
    response = client.post(address(), form_on(client) | change)

    assert sentence in told_after(response)[0]
    assert not Entry.objects.filter(kind="standards.close").exists()


def test_a_period_that_is_not_over_cannot_be_closed(world, as_person):
    world.account(account="smelter:co", element="Co", begins="2098-01-01")
    world.catch_up()
    client = as_person("smelter")
    response = client.get(address(account="smelter:co"))
    statement = client.get(address("statement", "smelter:co"))

    sentence = "The period of smelter:co lasts until 2098-03-31."
    assert response.status_code == statement.status_code == 302
    assert all(told.startswith(sentence) for told in told_after(response))
    assert "Close the period" not in client.get(address("change", "smelter:co")).content.decode()


def test_who_signs_with_a_key_of_its_own_takes_the_statement(world, as_person):
    client = as_person("smelter")
    shown = form_on(client)
    ServiceKey.objects.filter(organization_id="smelter").delete()
    told = client.get(address()).content.decode()
    document = client.get(address("statement")).json()

    assert "Take the statement to sign" in told
    assert "<form" not in told[told.index("Take the statement") - 200 :][:200]
    assert document["body"]["digest"] == shown["digest"]
    response = client.post(address(), shown)
    assert "key" in told_after(response)[0]
    assert not Entry.objects.filter(kind="standards.close").exists()


def test_a_rivals_account_does_not_exist_and_an_auditor_closes_nothing(world, as_person):
    body = {
        "grant": "smelter:one",
        "auditor": "auditor",
        "until": "2099-12-31",
        "facilities": ["smelter:works"],
        "lots": [],
    }
    world.say("registry.grant", "smelter", body, on="2026-10-01")
    world.catch_up()
    for organization, role, status in (
        ("buyer", "metal accountant", 404),
        ("auditor", "auditor", 403),
        ("operator", "operator", 403),
    ):
        client = as_person(organization, role)
        for name in ("close", "statement"):
            assert client.get(address(name)).status_code == status, (organization, name)
        assert client.post(address(), {}).status_code == status
    assert not Entry.objects.filter(kind="standards.close").exists()


def test_a_person_of_the_holder_without_that_work_sees_no_button(world, as_person):
    client = as_person("smelter", "auditor")

    assert "Close the period" not in client.get(address("change")).content.decode()
    assert client.post(address(), {}).status_code == 403
