"""One recorded world per test module; each test rolls back what it adds."""

import pytest
from django.core.management import call_command
from django.test import override_settings

from tests.traceability.api import world as worlds
from traceability.api.auth import forget_tokens


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker, tmp_path_factory):
    guard = tmp_path_factory.mktemp("guard") / "checkpoint"
    with django_db_blocker.unblock(), override_settings(GUARD_PATH=str(guard)):
        call_command("flush", interactive=False, verbosity=0)
        yield worlds.build()
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture(autouse=True)
def fresh_tokens():
    forget_tokens()


@pytest.fixture(autouse=True)
def own_guard():
    """Leave the guard where the module's world has it."""
