"""A ledger per module, told once; every test finds it as it was."""

import pytest
from django.core.management import call_command
from django.test import override_settings

from tests.faults.scene import Scene


@pytest.fixture(scope="module")
def stage(request, cluster, django_db_setup, django_db_blocker, tmp_path_factory):
    """Let the module's `build` tell a ledger, and keep it."""
    place = tmp_path_factory.mktemp("stage")
    guard = place / "guard" / "checkpoint"
    with django_db_blocker.unblock(), override_settings(GUARD_PATH=str(guard)):
        call_command("flush", interactive=False, verbosity=0)
        scene = Scene(cluster=cluster, place=place)
        scene.facts = request.module.build()
        scene.keep()
        yield scene
        scene.forget()
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture
def scene(stage):
    """Return the ledger as it was told, whatever the test before did to it."""
    stage.cluster.start(stop_with_parent=True)  # it may have been killed
    stage.go_back()
    yield stage
    stage.end_all()
