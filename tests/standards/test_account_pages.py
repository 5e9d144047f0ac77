"""The metal accountant's pages: whose accounts they are, and the excess in red."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from standards.models import Account
from tests.standards.world import World, percent
from traceability.models import Reading

pytestmark = pytest.mark.django_db(transaction=True)
LIST = reverse("admin:standards_account_changelist")


@pytest.fixture
def world() -> World:
    made = World()
    made.packs()
    made.register("auditor", "auditor")
    made.accounted()
    made.claimed("C1", "5000")
    made.claimed("C2", "4000", on="2026-03-26")
    made.catch_up()
    return made


@pytest.fixture
def as_person(as_staff_of, world):
    return as_staff_of


def page(account="smelter:cu"):
    return reverse("admin:standards_account_change", args=[Account.objects.get(account=account).pk])


def text_of(response):
    assert response.status_code == 200
    return response.content.decode()


def in_red(text):
    return f'<span class="l-badge l-bad"><span aria-hidden="true">✕</span>{text}</span>'


def test_the_list_tells_what_is_left_and_the_excess_in_red(world, as_person):
    world.account(account="smelter:co", element="Co", scheme="rmi", tier="Conformant")
    world.catch_up()
    told = text_of(as_person("smelter").get(LIST))

    assert in_red("200 kg") in told
    assert "−200 kg" in told  # noqa: RUF001
    assert told.count("l-badge l-bad") == 1
    assert "Co · Conformant" in told
    assert told.count("Smelter:Works") == 2


def test_accounts_of_one_element_and_scheme_are_booked_at_once(world, as_person):
    client = as_person("smelter")

    def queries():
        with CaptureQueriesContext(
            connection,
        ) as asked:
            client.get(LIST)
        return len(asked)

    one = queries()
    for level in ("0", "25", "50", "100"):
        world.account(account=f"smelter:cu-{level}", tier=f"IRMA {level}")
    world.catch_up()

    assert Account.objects.count() == 5
    assert queries() == one


def test_the_page_tells_what_each_claim_rests_on(world, as_person):
    told = text_of(as_person("smelter").get(page()))

    assert "over-claimed by 200 kg" in told
    assert "How long entitlement may be carried over is not filled in" in told
    assert "smelter:C1" in told
    assert in_red("200 kg") in told
    assert "mine:ore" in told
    assert "Nothing certified has entered" not in told
    assert "can be closed. Its state as known below entry" in told


def test_the_page_shows_closes_lateness_and_restatements(world, as_person):
    world.withdrew("C2", on="2026-03-27")
    world.closed("2026-03-31", on="2026-04-02")
    world.claimed("C3", "100", on="2026-03-28")
    assay = {
        "laboratory": {"name": "Umpire Ltd"},
        "party": "umpire",
        "method": "fire assay",
        "status": "umpire",
        "results": [percent("Cu", "90")],
        "lot": "smelter:cathode",
    }
    world.say("custody.assay", "smelter", assay, on="2026-04-20")
    world.catch_up()
    told = text_of(as_person("smelter").get(page()))

    assert "nothing over-claimed" in told
    assert "late: its period was closed" in told
    assert "withdrawn March 27, 2026" in told
    assert "computed here" in told
    assert "mine:ore: from 8.8 t to 7.92 t" in told


def test_an_account_without_anything_says_so(world, as_person):
    world.account("buyer", facilities=["buyer:plant"])
    world.catch_up()
    told = text_of(as_person("buyer").get(page("buyer:cu")))

    assert "nothing over-claimed" in told
    assert "Nothing has been claimed." in told
    assert "Nothing certified has entered" in told
    assert "No period has been closed." in told


def test_stock_from_outside_says_what_it_brings_and_why_it_brings_nothing(world, as_person):
    outside = [("buyer:heel", ()), ("buyer:old", ())]
    outside.append(("buyer:bought", [{"stage": "extraction", "parts": 1, "facility": "mine:pit"}]))
    for lot, declared in outside:
        world.introduced(lot, declared=declared)
    opening = [
        {"lot": lot, "quantity": {"value": "7", "unit": "kg"}, "because": "Counted.", **level}
        for lot, level in (("buyer:old", {"level": "IRMA 75"}), ("mine:ore", {}))
    ]
    world.sold("mine:ore", "smelter", "buyer")
    world.account(
        "buyer",
        facilities=["buyer:plant"],
        opening=opening,
        evidence=[{"title": "Stock list of 2025", "media_type": "text/csv", "sha256": "ab" * 32}],
    )
    world.catch_up()
    told = text_of(as_person("buyer").get(page("buyer:cu")))
    stock = told[told.index("Stock from outside the ledger") :]

    assert "nothing: no origin is declared" in stock
    assert stock.count("whether it counts is not filled in for this scheme") == 2
    assert "0 kg to 7 kg" in stock
    assert "did not enter as metal of the holder" in stock
    assert "Stock list of 2025" in stock


@pytest.mark.parametrize("organization", ["mine", "buyer", "stranger", "club"])
def test_anothers_account_is_not_found(world, as_person, organization):
    client = as_person(organization)

    assert "smelter:cu" not in text_of(client.get(LIST))
    assert client.get(page()).status_code in (302, 404)
    assert not Reading.objects.filter(what="account").exists()


def test_who_does_no_accounts_has_no_such_page(world, as_person):
    client = as_person("smelter", role="clerk")

    assert client.get(LIST).status_code == 403
    assert client.get(page()).status_code == 403


def test_an_auditor_with_a_grant_reads_it_and_the_holder_knows(world, as_person):
    body = {
        "grant": "smelter:one",
        "auditor": "auditor",
        "until": "2099-12-31",
        "facilities": ["smelter:works"],
        "lots": [],
    }
    world.say("registry.grant", "smelter", body, on="2026-10-01")
    world.catch_up()
    client = as_person("auditor", role="auditor")

    assert "smelter:cu" in text_of(client.get(LIST))
    text_of(client.get(page()))
    [trace] = Reading.objects.filter(what="account")
    assert (trace.reader, trace.owner, trace.lot) == ("auditor", "smelter", "smelter:cu")


def test_nothing_on_the_pages_can_be_changed(world, as_person):
    client = as_person("smelter")

    client.post(page(), {"tier": "IRMA 100"})
    assert client.post(f"{LIST}add/").status_code == 403
    assert Account.objects.get().tier == "IRMA 75"
    assert "addlink" not in text_of(client.get(LIST))


def test_a_lot_shows_what_is_claimed_of_it_beside_what_it_is(world, as_person):
    client = as_person("smelter")
    told = text_of(client.get(reverse("admin:traceability_lot_change", args=["smelter:cathode"])))

    assert "<h3>Claimed</h3>" in told
    assert "smelter:C2" in told
    assert in_red("200 kg") in told
    assert "no answer about origin rests on the first" in told


def test_a_period_is_drawn_from_its_opening_to_its_closing_balance(world, as_person):
    answer = as_person("smelter").get(page())
    told, drawn = answer.context["picture"], answer.context["drawn"]

    assert [bar.look for bar in told.bars] == ["stock", "in", "out", "stock"]
    assert drawn.claimed_mg == "9000000000"
    for end, entitled in (("worst", drawn.entitled_low_mg), ("best", drawn.entitled_high_mg)):
        closing = int(getattr(drawn, f"opening_{end}_mg")) + int(entitled) - int(drawn.claimed_mg)
        assert closing == int(getattr(drawn, f"closing_{end}_mg"))
    assert 'id="balance-title"' in text_of(answer)


def test_an_account_in_which_nothing_happened_has_no_picture(world, as_person):
    world.account(account="smelter:ni", element="Ni", tier="IRMA 50")
    world.catch_up()

    assert "l-waterfall" not in text_of(as_person("smelter").get(page("smelter:ni")))
