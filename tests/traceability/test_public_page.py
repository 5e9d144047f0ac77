"""The public page: what anybody may check about the log, without login, script or a third party."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from django.conf import settings as site_settings

from tests.traceability.ledger.paper_ledger import mine_and_buyer
from tests.traceability.stored_ledger import StoredLedger
from traceability.keeping import log_verifier
from traceability.problems import every_error
from traceability.publishing import publish_checkpoint

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def published():
    ledger = StoredLedger()
    publish_checkpoint()
    mine_and_buyer(ledger)
    return publish_checkpoint()


class Sources(HTMLParser):
    """Gathers whatever a page would load, and whatever would run or style itself inline."""

    def __init__(self):
        super().__init__()
        self.loaded, self.inline = [], []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.loaded += [given[name] for name in ("src",) if name in given]
        self.loaded += [given["href"]] if tag == "link" else []
        self.inline += [name for name in given if name == "style" or name.startswith("on")]
        self.inline += [tag] if tag in ("script", "style", "iframe") else []


def test_the_page_shows_the_newest_checkpoint_and_how_to_verify_it(client, published):
    answer = client.get("/log/")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert site_settings.LEDGER_ORIGIN in page
    assert f"\n{published}\n" in page  # the note, as it is signed
    assert log_verifier().vkey.replace("+", "&#43;") in page or log_verifier().vkey in page
    assert f"curl {site_settings.SITE_URL}/api/v1/log/checkpoint" in page
    assert "traceability-verify BUNDLE.json --key" in page


def test_the_page_names_no_company_and_no_lot(client, published):
    page = client.get("/log/").content.decode().lower()
    assert "acme" not in page
    assert "bolt" not in page


def test_an_empty_log_has_a_page_too(client):
    assert client.get("/log/").status_code == 200


def test_the_page_runs_no_script_and_loads_nothing_from_elsewhere(client, published):
    answer = client.get("/log/")
    found = Sources()
    found.feed(answer.content.decode())
    assert found.inline == []
    assert found.loaded
    assert all(address.startswith("/static/") for address in found.loaded)
    policy = answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("language", ["en", "es", "fr"])
def test_the_page_is_served_in_each_language(client, published, language):
    page = client.get("/log/", HTTP_ACCEPT_LANGUAGE=language).content.decode()
    assert f'<html lang="{language}">' in page


def test_the_front_page_leads_to_the_log(client):
    assert client.get("/").headers["Location"] == "/log/"


def test_the_page_may_only_be_read(client):
    assert client.post("/log/").status_code == 405


def test_the_type_of_every_problem_leads_to_what_it_means(client):
    table = client.get("/errors/").content.decode()
    for error in every_error():
        address = f"/errors/{error.code}"
        page = unescape(client.get(address).content.decode())

        assert f"Error {error.code}, HTTP status" in page
        assert not error.hint or error.hint in page
        assert f'href="{address}"' in table


def test_an_error_that_does_not_exist_has_no_page(client):
    assert client.get("/errors/no_such_code").status_code == 404


@pytest.mark.browser
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (360, 740)])
def test_the_page_fits_a_desk_and_a_phone(live_server, published, page, width, height, tmp_path):
    complaints = []
    page.on("console", lambda told: complaints.append(told.text))
    page.on("requestfailed", lambda asked: complaints.append(asked.url))
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"{live_server.url}/log/")
    assert page.get_by_role("heading", name=re.compile("log", re.IGNORECASE)).first.is_visible()
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, "the page scrolls sideways"
    shot = page.screenshot(path=tmp_path / f"log-{width}.png", full_page=True)
    assert len(shot) > 10_000
    assert complaints == []


@pytest.mark.browser
def test_the_interface_explains_itself_offline_under_the_strict_policy(live_server, page, tmp_path):
    refused = []
    page.on("requestfailed", lambda asked: refused.append(asked.url))
    page.on(
        "request", lambda asked: asked.url.startswith(live_server.url) or refused.append(asked.url)
    )
    page.goto(f"{live_server.url}/api/docs/")
    page.wait_for_selector("#operations-statements-post_statements")
    assert page.locator(".opblock").count() > 20
    page.screenshot(path=tmp_path / "docs.png")
    assert [url for url in refused if not url.startswith("data:")] == []
