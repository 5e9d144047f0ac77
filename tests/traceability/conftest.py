"""Every test here begins its own ledger, so it has its own guard."""

import pytest


@pytest.fixture(autouse=True)
def own_guard(request, tmp_path, settings):
    """Point the guard to a place of this test: the database starts over, so must the guard."""
    if request.node.get_closest_marker("django_db"):
        settings.GUARD_PATH = str(tmp_path / "checkpoint")
