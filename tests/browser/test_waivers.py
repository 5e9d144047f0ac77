"""Waivers in a real browser, wide and narrow: granted in two steps, used, withdrawn."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from standards.assessing import assess_due
from standards.certifying import activate_pack, adopt_policy
from standards.following import follow_log
from standards.models import ClubPolicy
from standards.rulebook.pack_format import shipped_packs
from tests.screens import CATHODE
from traceability.models import Entry
from traceability.publishing import publish_checkpoint

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LIMITS = {
    "policy.waiver_days": ("days", 120),
    "policy.waiver_mass": ("counts", {"Cu": 50_000_000_000}),
    "policy.waivers_at_once": ("count", 3),
}


def catch_up():
    publish_checkpoint()
    follow_log()
    while assess_due():
        pass


def let_the_club_set_limits():
    """Adopt the club's policy anew, with limits on waivers."""
    row = ClubPolicy.objects.filter(club="copper-club").order_by("-index").first()
    since = {"in_force_from": row.form["effective_from"], "source": "Policy 2, clause 9"}
    limits = {
        key: {"title": key, "unit": unit, "versions": [{"value": value} | since]}
        for key, (unit, value) in LIMITS.items()
    }
    parameters = row.form["parameters"] | limits
    [bounds] = [one for one in shipped_packs() if one.id == "policy"]
    activate_pack(bounds, effective=timezone.localdate())
    adopt_policy(
        row.form | {"version": "2", "parameters": parameters},
        effective=timezone.localdate().isoformat(),
    )
    catch_up()


def fill(page, name, first, last):
    page.fill("#name", name)
    page.check("input[name=rules][value=B1]")
    page.fill("#because", "The recycler's declaration of countries is awaited.")
    page.fill("#valid_from", first.isoformat())
    page.fill("#valid_until", last.isoformat())
    page.fill("#minerals", "Cu")
    page.fill("#cap", "40000")
    page.fill("#decided_by", "Panel of the club, without the buyer")
    page.fill("#decided_on", first.isoformat())
    page.fill("#dissent", "One of five: the paper should come first.")
    page.locator("input[name=condition_what]").first.fill("The declaration is asked for")
    due = (first + timedelta(days=20)).isoformat()
    page.locator("input[name=condition_due_on]").first.fill(due)


def sign_one(page, site):
    """Let the secretary grant a waiver through the form."""
    today = timezone.localdate()
    page.goto(f"{site}/admin/standards/clubpolicy/waivers/grant/")
    fill(page, "W-1", today, today + timedelta(days=60))
    page.get_by_role("button", name="See what it would let through").click()
    page.get_by_role("button", name="Sign and record").click()
    page.get_by_text("The waiver is recorded as entry").wait_for()
    catch_up()


def test_a_secretary_sees_what_a_waiver_would_do_before_signing_it(
    page, site, log_in, complaints, looked_at
):
    let_the_club_set_limits()
    today = timezone.localdate()
    log_in("secretary")
    page.goto(f"{site}/admin/standards/clubpolicy/waivers/")
    expect(page.get_by_text("There is no waiver that concerns you.")).to_be_visible()
    page.get_by_role("link", name="Grant a waiver").click()
    page.wait_for_url("**/waivers/grant/")
    looked_at("waiver-form")
    fill(page, "W-1", today, today + timedelta(days=120))
    page.get_by_role("button", name="See what it would let through").click()
    expect(page.get_by_role("alert").get_by_text("lasts 121 days, and 120")).to_be_visible()
    looked_at("waiver-refused")

    page.fill("#valid_until", (today + timedelta(days=60)).isoformat())
    page.get_by_role("button", name="See what it would let through").click()
    expect(page.get_by_role("heading", name="What it would let through today")).to_be_visible()
    expect(page.get_by_role("link", name=CATHODE).first).to_be_visible()
    looked_at("waiver-looked-at")
    assert not Entry.objects.filter(kind="standards.waiver").exists()
    assert complaints == []


def test_a_secretary_grants_a_waiver_states_its_use_and_withdraws_it(
    page, site, log_in, complaints, looked_at
):
    let_the_club_set_limits()
    log_in("secretary")
    sign_one(page, site)
    page.goto(f"{site}/admin/standards/clubpolicy/waivers/")
    looked_at("waivers")
    page.get_by_role("link", name="copper-club:W-1").click()
    expect(page.get_by_text("One of five: the paper should come first.")).to_be_visible()
    page.fill("#lot", CATHODE)
    page.fill("#kilograms", "24000")
    page.get_by_role("button", name="Sign and record the use").click()
    page.get_by_text("The use is recorded as entry").wait_for()
    catch_up()
    page.reload()
    expect(page.get_by_text("24 t of 40 t are used")).to_be_visible()
    looked_at("waiver")

    page.fill("#because", "The declaration was forged.")
    page.get_by_role("button", name="Sign and record the withdrawal").click()
    page.get_by_text("The withdrawal is recorded as entry").wait_for()
    catch_up()
    page.reload()
    expect(page.get_by_text("Withdrawn: The declaration was forged.")).to_be_visible()
    looked_at("waiver-withdrawn")
    assert complaints == []


def test_a_rival_finds_nothing_and_grants_nothing(page, site, log_in, looked_at):
    log_in("rival")
    page.goto(f"{site}/admin/standards/clubpolicy/waivers/")
    looked_at("waivers-none")
    expect(page.get_by_role("link", name="Grant a waiver")).to_have_count(0)
    answer = page.goto(f"{site}/admin/standards/clubpolicy/waivers/grant/")
    assert answer.status == 404
