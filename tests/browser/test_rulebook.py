"""The rulebook in a real browser: what is missing first, filters, one parameter, on paper too."""

import pytest
from playwright.sync_api import expect

from tests.screens import CATHODE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDTHS = (1280, 390)
BOOK = "/admin/standards/packactivation/rulebook/"


def fits(page, width):
    return page.evaluate("document.documentElement.scrollWidth") <= width


def headings(page):
    return page.locator(".l-page h2").all_inner_texts()


def test_what_is_not_filled_in_comes_first_and_leads_to_the_findings(
    page, site, log_in, complaints
):
    log_in("officer")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{site}/admin/standards/flag/")
        page.goto(f"{site}{BOOK}")

        assert headings(page)[0].startswith("Still not filled in: ")
        rows = page.locator("#unset tbody tr")
        expect(rows.filter(has_text="copper_mark.coc_models")).to_have_count(1)
        bars = page.locator("#packs").get_by_role("img")
        assert bars.count() >= 7
        assert fits(page, width)

        resting = page.locator("#pack-geography a[href*='geography.covered_nations/#resting']")
        expect(resting).to_be_hidden()
        page.locator("#packs a[href='#pack-geography']").click()  # which opens the pack below
        resting.click()
        page.wait_for_url("**/rulebook/geography.covered_nations/#resting")
        expect(page.get_by_role("cell", name=CATHODE).first).to_be_visible()
        assert fits(page, width)
    assert complaints == []


def test_the_rulebook_is_filtered_with_the_keyboard_and_printed(page, site, log_in, complaints):
    log_in("operator")
    page.goto(f"{site}{BOOK}")

    page.get_by_label("Pack", exact=True).select_option("irma")
    page.get_by_label("Status", exact=True).select_option("unset")
    page.get_by_role("button", name="Show", exact=True).press("Enter")

    page.wait_for_url("**/rulebook/?pack=irma&scheme=&status=unset")
    sections = page.locator("[id^=pack-]")
    expect(sections).to_have_count(1)
    expect(page.locator("#pack-irma").get_by_text("irma.account_overdraft")).to_be_visible()
    expect(page.locator("#pack-irma").get_by_text("irma.level_thresholds")).to_have_count(0)

    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Show", exact=True)).to_be_hidden()
    expect(page.locator("#packs .l-setbar").first).to_be_visible()
    assert complaints == []
