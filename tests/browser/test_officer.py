"""An officer's morning in a real browser: the list, the lot, the reason, the decision."""

import re

import pytest
from playwright.sync_api import expect

from standards.models import Flag
from tests.screens import CATHODE, CONCENTRATE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FIGURES = "0 % to 9.99 % of the Cu was mined in CA, MX, US; at least 50 % is needed."


def test_an_officer_reads_why_a_lot_failed_and_takes_the_flag_on(page, site, log_in, complaints):
    log_in("officer")
    assert page.locator("#result_list").get_by_text(FIGURES).count() > 0

    page.goto(f"{site}/admin/standards/flag/?q={CATHODE}&rule_id=B1")
    page.locator("#result_list tbody a").first.click()
    page.get_by_role("link", name="Open the lot").click()
    expect(page.get_by_role("heading", name=CATHODE, exact=True)).to_be_visible()
    expect(page.get_by_label("Verdict").get_by_text("and 2 more")).to_be_visible()
    expect(page.locator("summary .l-because", has_text=FIGURES)).to_be_visible()
    expect(page.get_by_role("group", name="The way of the Cu into this lot")).to_be_visible()

    page.get_by_role("link", name="B1").click()
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("Acknowledged 1 of 1 selected flag.")).to_be_visible()
    flag = Flag.objects.get(lot=CATHODE, rule_id="B1")
    assert (flag.status, flag.owner.username) == ("acknowledged", "officer")
    assert complaints == []


@pytest.mark.parametrize("width", [1280, 390])
def test_the_first_page_leads_to_what_is_due_first(page, site, log_in, complaints, width):
    page.set_viewport_size({"width": width, "height": 844})
    log_in("officer")
    page.goto(f"{site}/admin/")

    expect(page.locator("#content").get_by_role("heading", name="Today")).to_be_visible()
    assert page.get_by_role("img", name=re.compile("fail")).count() >= 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#urgent a").first.click()
    expect(page.get_by_role("button", name="Acknowledge")).to_be_visible()
    assert complaints == []


def test_an_officer_verifies_a_lot_and_sees_the_steps(page, site, log_in, complaints):
    log_in("officer")
    page.goto(f"{site}/admin/traceability/lot/{CATHODE}/change/")

    page.get_by_role("button", name="Verify this lot now").click()

    expect(page.get_by_role("heading", name="Verified just now")).to_be_visible()
    expect(page.locator(".l-steps li").nth(7)).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Proof bundle").click()
    assert download.value.suggested_filename == "seto-bay_CATH-014.bundle.json"
    assert complaints == []


def test_a_rivals_officer_finds_nothing_under_the_lots_address(page, site, log_in):
    log_in("rival")
    expect(page.locator("#result_list")).to_have_count(0)

    answer = page.goto(f"{site}/admin/traceability/lot/{CONCENTRATE}/change/")

    assert answer.status == 404
    assert "Kafue" not in page.content()


def test_the_log_is_verified_with_one_click(page, site, log_in, complaints):
    log_in("operator")
    page.goto(f"{site}/admin/traceability/logstate/")
    expect(page.get_by_text(re.compile("agrees up to"))).to_be_visible()

    page.get_by_role("button", name="Verify the log").click()

    told = page.get_by_role("status").inner_text()
    assert re.search(r"All \d+ entries and 0 waiting: every hash, signature and link", told)
    assert re.search(r"in \d+ ms", told)
    assert complaints == []


def test_every_page_of_the_sidebar_opens_without_a_complaint(page, site, log_in, complaints):
    log_in("operator")
    links = page.locator("#nav-sidebar a[href*='/admin/']")
    addresses = sorted({links.nth(n).get_attribute("href") for n in range(links.count())})
    assert len(addresses) >= 13

    for address in addresses:
        assert page.goto(f"{site}{address}").status == 200, address
    assert complaints == []


@pytest.mark.parametrize("width", [390, 1280])
def test_the_public_log_page_fits_and_breaks_no_rule(page, site, complaints, width):
    page.set_viewport_size({"width": width, "height": 800})

    page.goto(f"{site}/log/")

    expect(page.get_by_role("heading", name="Newest checkpoint")).to_be_visible()
    assert page.get_by_role("img", name="Growth of the log").count() <= 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []


def test_the_page_of_a_lot_fits_a_telephone(page, site, log_in, complaints):
    page.set_viewport_size({"width": 390, "height": 800})
    log_in("officer")

    page.goto(f"{site}/admin/traceability/lot/{CATHODE}/change/")

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert complaints == []
