"""A told story behind a live server, and a page that complains about what it should not do."""

import os
from pathlib import Path

import pytest

from tests.screens import PASSWORD, tell_story

WIDTHS = (390, 1280)


@pytest.fixture
def site(settings, tmp_path, live_server):
    """Return the address of a server that serves the story."""
    settings.GUARD_PATH = str(tmp_path / "checkpoint")
    tell_story()
    return live_server.url


@pytest.fixture
def complaints(page):
    """Collect what a browser tells developers: errors, refused content, failed requests."""
    found = []
    page.on("console", lambda told: found.append(told.text) if told.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("response", lambda one: found.append(one.url) if one.status >= 400 else None)
    return found


@pytest.fixture
def log_in(page, site):
    """Return what signs somebody in through the form."""

    def sign_in(name, to="/admin/standards/flag/"):
        page.goto(f"{site}/admin/login/?next={to}")
        page.fill("#id_username", name)
        page.fill("#id_password", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_url(f"**{to}**")

    return sign_in


@pytest.fixture
def looked_at(page):
    """Return what checks that a page fits both widths, and keeps pictures where asked to."""

    def look(name):
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            if folder := os.environ.get("SCREENSHOTS"):
                page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)

    return look
