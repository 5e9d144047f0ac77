"""The pictures in a real browser: looked into with the keyboard, on a desk and on a telephone."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.foils import FOIL, work_up_copper
from tests.screens import CATHODE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDTHS = (1280, 390)


def fits(page, width):
    return page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_group_is_opened_and_closed_with_the_keyboard_alone(page, site, log_in, complaints):
    work_up_copper([100, 100, 100])
    log_in("operator")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{site}/admin/traceability/lot/{FOIL}/change/")
        group = page.get_by_role("link", name=re.compile("^electrode, .*Show its members$"))
        assert "Lakeshore" in group.get_attribute("aria-label")
        group.focus()

        page.keyboard.press("Enter")

        page.wait_for_url("**/way/Cu/?open=electrode*")
        members = page.get_by_role("link", name=re.compile("^electrode, lakeshore-cells:OUT-"))
        expect(members).to_have_count(3)
        expect(page.locator(".l-waytable").get_by_text("33.33 %")).to_have_count(6)
        assert fits(page, width)

        page.get_by_role("link", name="Show groups again").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/way/Cu/")
        expect(members).to_have_count(0)
        page.get_by_role("link", name=re.compile("^origin, Peru, declared only")).focus()
        page.keyboard.press("Enter")
        assert "Peru" in page.locator("tr:target").inner_text()  # what does not open has a row
    assert complaints == []


def test_the_map_shows_land_places_and_the_way_between_them_on_paper_too(
    page, site, log_in, complaints
):
    log_in("operator")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{site}/admin/traceability/lot/{CATHODE}/change/")
        drawn = page.get_by_role("img", name="Map of the sites and shipments behind this lot")
        drawn.scroll_into_view_if_needed()

        expect(drawn).to_be_visible()
        land = drawn.locator("use.l-land").first
        page.wait_for_function("land => land.getBBox().width > 100", arg=land.element_handle())
        expect(drawn.locator(".l-marker")).to_have_count(2)
        expect(drawn.locator(".l-trip")).to_have_count(1)
        expect(page.locator("#journey").get_by_text("Beira, Mozambique")).to_be_visible()
        assert fits(page, width)

    page.emulate_media(media="print")
    expect(page.get_by_role("group", name="The way of the Cu into this lot")).to_be_visible()
    expect(page.locator(".l-waytable")).to_be_visible()
    expect(page.get_by_role("button", name="Verify this lot now")).to_be_hidden()
    paper = page.locator("#journey").bounding_box()["width"]
    for picture in (".l-wayflow", ".l-map"):
        assert page.locator(picture).bounding_box()["width"] <= paper
    assert complaints == []


def test_the_balance_of_a_site_is_asked_for_by_its_days(page, site, log_in, complaints):
    log_in("accountant")
    page.wait_for_load_state("networkidle")
    complaints.clear()  # flags, where people land, are not an accountant's work
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{site}/admin/traceability/facility/seto-bay:smelter/change/")
        page.get_by_role("link", name="Mass balance").click()
        page.get_by_label("From", exact=True).fill("2026-01-01")
        page.get_by_label("To", exact=True).fill("2026-12-31")
        page.get_by_role("button", name="Show").click()

        page.wait_for_url("**/balance/?from=2026-01-01&to=2026-12-31")
        expect(
            page.get_by_role("img", name="Cu from the opening to the closing stock")
        ).to_be_visible()
        expect(page.get_by_text("9.999 t came out")).to_be_visible()
        assert fits(page, width)
    assert complaints == []
