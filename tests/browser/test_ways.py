"""The picture of a way in a real browser: read, walked through with the keyboard, and printed."""

import re
from urllib.parse import urldefrag

import pytest
from playwright.sync_api import expect

from standards.demonstrating import shipped_scenario
from standards.replaying import replay
from tests.browser.foils import FOIL, work_up_copper
from traceability.models import Membership

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
VEHICLE = "superior-motors:EV-70001"
MINERALS = 6
WIDTHS = (390, 1280)

TOUCHING = """() => {
  const told = [];
  for (const picture of document.querySelectorAll("svg.l-wayflow, svg.l-map")) {
    const [wide, tall] = ["width", "height"].map(one => Number(picture.getAttribute(one)));
    const lines = [...picture.querySelectorAll("text")];
    const texts = lines.map(one => [one.textContent, one.getBBox()]);
    const ribbons = [...picture.querySelectorAll(".l-ribbon")];
    texts.forEach(([text, box], place) => {
      const right = box.x + box.width, bottom = box.y + box.height;
      if (box.x < 0 || right > wide || box.y < 0 || bottom > tall) told.push(`${text}: outside`);
      for (const [other, its] of texts.slice(place + 1))
        if (box.x < its.x + its.width && its.x < right
            && box.y + 2 < its.y + its.height && its.y + 2 < bottom)
          told.push(`${text} on ${other}`);
      for (const part of [0, .25, .5, .75, 1]) {
        const point = new DOMPoint(box.x + part * box.width, box.y + box.height / 2);
        if (ribbons.some(one => one.isPointInFill(point))) told.push(`${text} on a ribbon`);
      }
    });
  }
  return told;
}"""
"""Texts of pictures that lie on each other (boxes of lines are two pixels taller than letters)."""


def touching(page):
    """Return the texts that touch something, with all panels open: what is closed has no size."""
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    page.evaluate("document.fonts.ready")
    assert page.evaluate("document.fonts.check('600 12px Inter')")
    assert page.locator("svg.l-wayflow text").count() > 5
    return page.evaluate(TOUCHING)


def pages_of(page):
    return len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4")))


def leads_nowhere(page, site):
    """Return the links of the pictures of a page behind which there is nothing."""
    found, asked = [], {}
    links = page.locator("svg a")
    for href in {links.nth(n).evaluate("one => one.href.baseVal") for n in range(links.count())}:
        address, fragment = urldefrag(href)
        if address and address not in asked:
            answer = page.request.get(f"{site}{address}")
            asked[address] = answer.text() if answer.ok else ""
        told = asked[address] if address else page.content()
        if not told or f'id="{fragment}"' not in told:
            found.append(href)
    assert links.count() > 0
    return found


def walk_with_the_keyboard(page):
    """Go through a picture whose panel is open; tell where each bar began."""
    frame = page.get_by_role("group", name="Picture: the way of the Co", exact=True)
    frame.focus()
    begun = []
    for _bar in range(page.locator("#way-Co a.l-stop").count()):
        page.keyboard.press("Tab")
        area = page.locator("a.l-stop:focus-visible .l-stoparea")
        assert area.evaluate("one => getComputedStyle(one).strokeWidth") == "2px"
        left, window = area.bounding_box()["x"], frame.bounding_box()
        assert window["x"] <= left <= window["x"] + window["width"] - 16  # scrolled to it
        begun.append(int(area.get_attribute("x")))
    page.keyboard.press("Tab")
    assert page.locator("svg :focus").count() == 0  # the lot's own bar leads nowhere
    return begun


@pytest.fixture
def vehicle(site, log_in):
    """Tell the story of the battery to its buyer, and return the address of one of its vehicles."""
    replay(shipped_scenario("battery"))
    Membership.objects.filter(user__username="officer").update(organization_id="superior-motors")
    log_in("officer")
    return f"{site}/admin/traceability/lot/{VEHICLE}/change/"


@pytest.fixture
def foil(site, log_in):
    """Work up five hundred lots, and return the address of what became of them."""
    work_up_copper([1 + number % 90 for number in range(500)])
    log_in("operator")
    return f"{site}/admin/traceability/lot/{FOIL}/change/"


def test_a_vehicles_ways_are_printed_walked_and_legible(page, site, vehicle, complaints, looked_at):
    page.goto(vehicle)
    looked_at("vehicle")
    assert leads_nowhere(page, site) == []
    assert page.locator("svg.l-wayflow").count() == MINERALS

    page.emulate_media(media="print")
    for number in range(MINERALS):
        expect(page.locator("svg.l-wayflow").nth(number)).to_be_visible()  # closed or not
        expect(page.locator(".l-words").nth(number)).to_be_hidden()
    assert page.locator(".l-finding:visible").count() == 0
    tops = [
        page.locator(part).first.bounding_box()["y"]
        for part in ("section.l-verdict", "svg.l-wayflow", "#journey", "details.l-verdict")
    ]
    assert tops == sorted(tops)
    page.evaluate("document.documentElement.classList.add('dark')")
    paper = page.locator("#journey").evaluate("one => getComputedStyle(one).backgroundColor")
    assert paper == "rgb(255, 255, 255)"
    closed = pages_of(page)
    assert closed <= 3 + MINERALS + 3
    page.locator("details.l-verdict").first.evaluate("one => one.open = true")
    expect(page.locator(".l-finding:visible").first).to_be_visible()
    assert closed < (opened := pages_of(page))
    page.goto(f"{vehicle}?panels=open")
    expect(page.locator(".l-words").last).to_be_visible()
    assert opened < pages_of(page)

    page.emulate_media(media="screen")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        begun = walk_with_the_keyboard(page)
        assert begun == sorted(begun)
        assert touching(page) == []
    assert page.get_by_text("name not opened", exact=True).count() > MINERALS
    assert complaints == []


def test_a_thousand_ancestors_are_legible_grouped_and_opened(
    page, site, foil, complaints, looked_at
):
    page.goto(foil)
    looked_at("foil")
    assert touching(page) == []
    assert leads_nowhere(page, site) == []

    page.get_by_role("link", name=re.compile("^electrode, .*Show its members$")).press("Enter")
    page.wait_for_url("**/way/Cu/?open=electrode*")
    looked_at("foil-opened")
    assert page.locator("a.l-stop").count() > 20
    assert touching(page) == []
    assert leads_nowhere(page, site) == []
    assert complaints == []
