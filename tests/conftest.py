"""A throwaway PostgreSQL for every test process, with the three roles of production.

It starts when the first test asks for the database (half a second), never looks at a database
that the environment names, and goes away with the process. Tables belong to `ledger_owner`,
tests work as `ledger_app`: grants and triggers are as real as in production.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.core.management.commands import flush
from django.db import connections
from django.test import override_settings
from hypothesis import HealthCheck, settings
from pytest_django.plugin import DjangoDbBlocker

from traceability.project.database import database_urls, embedded_environment, prepare_state
from traceability.project.embedded_postgres import (
    APP,
    LEDGER_DATABASE,
    OWNER,
    VERIFIER,
    Cluster,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROLES = {"default": APP, "owner": OWNER, "verifier": VERIFIER}
TEMPLATE = "migrated"
FRESH_COPY = f"""
DROP DATABASE IF EXISTS {LEDGER_DATABASE} WITH (FORCE);
CREATE DATABASE {LEDGER_DATABASE} OWNER {OWNER} TEMPLATE {TEMPLATE};
"""

# How long an example takes says more of the machine than of the code: no test fails by the clock.
settings.register_profile("ledger", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ledger")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to run with the settings of a real ledger."""
    if os.environ.get("DATABASE_URL"):
        raise pytest.UsageError("Tests bring their own database: unset DATABASE_URL, or ./test")


@pytest.fixture(scope="session")
def state() -> Iterator[Path]:
    """Return a directory of this test process for data, keys and guard, in memory if possible."""
    memory = Path("/dev/shm")  # noqa: S108 - no file name is guessed: mkdtemp
    roomy = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2**30
    directory = Path(tempfile.mkdtemp(prefix="ledger-test-", dir=memory if roomy else None))
    directory.chmod(0o711)  # as root, the server runs as another account
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def throwaway_settings(state: Path) -> Iterator[None]:
    """Point keys and guard to this process's directory, so that no test touches `.data/`."""
    prepare_state(state)
    with override_settings(
        GUARD_PATH=str(state / "guard" / "checkpoint"),
        LOG_KEY_FILE=str(state / "log_key"),
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        SECURE_SSL_REDIRECT=False,
    ):
        yield


@pytest.fixture(scope="session")
def cluster(state: Path) -> Iterator[Cluster]:
    """Return the running PostgreSQL of this test process."""
    cluster = Cluster(state, throwaway=True)
    with cluster.running(stop_with_parent=True):
        yield cluster


@pytest.fixture(scope="session")
def database_environment(cluster: Cluster, state: Path) -> dict[str, str]:
    """Return the environment in which a child process works on the test database."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    urls = database_urls(cluster)
    return embedded_environment(kept | {"LEDGER_STATE": str(state)} | urls)


@pytest.fixture(scope="session")
def django_db_setup(
    cluster: Cluster, django_test_environment: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Migrate as the owner, keep the result as a template, and give tests a copy of it."""
    for alias, role in ROLES.items():
        connections[alias].settings_dict.update(
            HOST=cluster.socket_directory, USER=role, NAME=LEDGER_DATABASE, CONN_MAX_AGE=0
        )
    with django_db_blocker.unblock():
        call_command("migrate", database="owner", verbosity=0)
        connections.close_all()
    cluster.sql(f"ALTER DATABASE {LEDGER_DATABASE} RENAME TO {TEMPLATE}")
    cluster.sql(FRESH_COPY)

    def start_over(command: flush.Command, **options: object) -> None:
        """Stand in for `flush`: append-only tables refuse it, for the owner too (ADR 0002)."""
        connections.close_all()
        cluster.sql(FRESH_COPY)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush.Command, "handle", start_over)
        yield
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of an installed Chromium; tests that need one are skipped without."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    pytest.skip("No Chromium is installed, so what needs a browser is not tested.")


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator["Browser"]:
    """Return a headless browser, offline but for the loopback address."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=30_000)  # a page comes late on a machine with much to do
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # playwright keeps a loop in this thread
    quiet = ("gpu", "quic", "background-networking", "component-update", "sync", "dev-shm-usage")
    flags = ["--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in quiet)]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: "Browser") -> Iterator["Page"]:
    """Return a page of a fresh browser profile."""
    context = browser.new_context()
    yield context.new_page()
    context.close()
